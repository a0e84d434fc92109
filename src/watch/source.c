/* The copies that are watched, and what the book knows of each. */
#include "watch/watch_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "io/io.h"
#include "url/url.h"

/* ---- naming them ---- */

static const char *keep_text(struct watch *watch, const char *text)
{
    char *copy = arena_take(&watch->arena, strlen(text) + 1);

    if (copy)
        memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* A page of a channel stands for the channel: "now/", "w/...", "p/...", "index.uk.html". */
static void cut_page(char *path)
{
    static const char *const folders[] = {"now/", "w/", "p/", "d/", "tile/", "id/", "verify/"};
    static const char *const files[] = {"index", "feed.", "rss.xml", "checkpoint", "now"};
    char *found, *last;

    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        char part[16];

        (void)snprintf(part, sizeof(part), "/%s", folders[i]);
        found = strstr(path, part);
        if (found)
            found[1] = '\0';
    }
    last = strrchr(path, '/');
    for (size_t i = 0; last && i < COUNT_OF(files); i++)
        if (strncmp(last + 1, files[i], strlen(files[i])) == 0 &&
            (i || strstr(last, ".html")) && (i < 4 || !strcmp(last, "/now")))
            last[1] = '\0';
}

/* One spelling for one address; what is below it is asked for by appending a path. */
static int name_url(struct watch *watch, const char *text, const char **what, struct why *why)
{
    struct bytes full;
    struct url url;
    struct why cause = {0};
    int rc = url_parse(slice_text(text), &url, &cause);
    size_t len = rc == SH_OK ? strlen(url.path) : 0;

    if (rc != SH_OK)
        return why_set(why, SH_EARG, WHY_NOWHERE, "source %.100s: %s", text, cause.text);
    if (url.scheme != URL_HTTP && url.scheme != URL_HTTPS)
        return why_set(why, SH_EARG, WHY_NOWHERE, "source %.200s: only http and https", text);
    if (strchr(url.path, '?'))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "source %.200s: give the address of the channel's first page, without ?",
                       text);
    cut_page(url.path);
    len = strlen(url.path);
    bytes_init(&full, LIMIT_URL_BYTES);
    url_build(&url, &full);
    if (!len || url.path[len - 1] != '/')
        bytes_u8(&full, '/');
    bytes_u8(&full, 0);
    rc = bytes_check(&full, why);
    if (rc == SH_OK) {
        *what = keep_text(watch, (const char *)full.ptr);
        if (!*what)
            rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    }
    bytes_release(&full);
    return rc;
}

/* "host:8080", "odesa.example/now/": nobody calls a folder so; "./host:8080" still is one. */
static bool is_host(const char *text)
{
    size_t host = strcspn(text, ":/");
    size_t digits = text[host] == ':' ? strspn(text + host + 1, "0123456789") : 0;

    if (!host || text[0] == '.' ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") < host)
        return false;
    if (digits)
        return !text[host + 1 + digits] || text[host + 1 + digits] == '/';
    return text[host] != ':' && memchr(text, '.', host) && text[host - 1] != '.' &&
           (text[host] == '/' || strncmp(text, "www.", 4) == 0);
}

/* An absolute path even when nothing is there: a stick that is not plugged in yet. */
static int name_folder(struct watch *watch, const char *text, const char **what,
                       struct why *why)
{
    char path[PATH_MAX + LIMIT_HOME_BYTES];
    char cwd[PATH_MAX];

    if (!realpath(text, path)) {
        if (is_host(text))
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "source %.100s: there is no such folder; for an address write "
                           "https:// (or http://) before it, for a folder ./",
                           text);
        if (text[0] == '/' || !getcwd(cwd, sizeof(cwd)))
            cwd[0] = '\0';
        (void)snprintf(path, sizeof(path), "%s%s%.2000s", cwd, cwd[0] ? "/" : "", text);
    }
    if (!*text || strlen(path) + sizeof("/public") > LIMIT_HOME_BYTES)
        return why_set(why, SH_EARG, WHY_NOWHERE, "source %.80s: not a path", text);
    *what = keep_text(watch, path);
    return *what ? SH_OK : why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
}

/* The folder that is read: of a home, its public one. */
static bool folder_of(const char *what, struct stat *out)
{
    char path[LIMIT_HOME_BYTES];

    (void)snprintf(path, sizeof(path), "%s/public", what); /* name_folder left room. */
    return (stat(path, out) == 0 && S_ISDIR(out->st_mode)) ||
           (stat(what, out) == 0 && S_ISDIR(out->st_mode));
}

static bool is_public_of(const char *what, const char *home)
{
    size_t len = strlen(home);

    return strncmp(what, home, len) == 0 && strcmp(what + len, "/public") == 0;
}

/* One copy by two names would count as two that agree. */
static bool is_same(const struct watch_source *a, const struct watch_source *b)
{
    struct stat of_a, of_b;

    if (strcmp(a->what, b->what) == 0)
        return true;
    if (a->is_url || b->is_url)
        return false;
    return is_public_of(a->what, b->what) || is_public_of(b->what, a->what) ||
           (folder_of(a->what, &of_a) && folder_of(b->what, &of_b) &&
            of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino);
}

static int name_all(struct watch *watch, struct why *why)
{
    const struct watch_options *options = watch->options;
    int rc = SH_OK;

    for (size_t i = 0; i < options->source_count && rc == SH_OK; i++) {
        struct watch_source *source = &watch->source[i];
        const char *text = options->sources[i];

        source->is_url = strstr(text, "://") != NULL;
        rc = source->is_url ? name_url(watch, text, &source->what, why)
                            : name_folder(watch, text, &source->what, why);
        for (size_t j = 0; j < i && rc == SH_OK; j++)
            if (is_same(&watch->source[j], source))
                rc = why_set(why, SH_EARG, WHY_NOWHERE, "source %.200s is given twice", text);
        if (rc == SH_OK)
            watch->sources++;
    }
    return rc;
}

/* ---- from the book ---- */

static void seen_load(struct store_query *query, int column, struct watch_seen *out)
{
    struct slice hash = store_blob(query, column + 2);

    watch_text(out->etag, sizeof(out->etag), store_blob(query, column));
    watch_text(out->modified, sizeof(out->modified), store_blob(query, column + 1));
    out->known = hash.len == sizeof(out->hash);
    if (out->known)
        memcpy(out->hash, hash.ptr, sizeof(out->hash));
}

static void summarize(struct watch_source *source, const struct follow *follow)
{
    source->channel = follow->channel;
    memcpy(source->name, follow->name, sizeof(source->name));
    memcpy(source->lang, follow->lang, sizeof(source->lang));
    source->branch = follow->branch;
    source->size = follow->range.size;
    memcpy(source->root, follow->root, sizeof(source->root));
    source->facts = follow->facts;
}

/* A state that cannot be read is as none: the copy is read anew. */
static void follow_summary(struct watch_source *source, struct slice raw)
{
    /* RAW: too large for the stack. */
    struct follow *follow = calloc(1, sizeof(*follow));

    if (follow && raw.len && follow_parse(raw, follow, NULL) == SH_OK)
        summarize(source, follow);
    else
        source->seen[0].known = source->seen[1].known = false;
    free(follow);
}

static void source_fill(struct watch_source *source, struct store_query *query)
{
    source->in_book = true;
    seen_load(query, 1, &source->seen[WATCH_CHECKPOINT]);
    seen_load(query, 4, &source->seen[WATCH_IDENTITY]);
    source->heard_at = store_int(query, 7);
    source->at_odds = store_int(query, 8) != 0;
    watch_text(source->text, sizeof(source->text), store_blob(query, 9));
    source->text_at = store_int(query, 10);
    follow_summary(source, store_blob(query, 0));
}

static int source_load(struct watch *watch, struct watch_source *source, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "SELECT follow, checkpoint_etag, checkpoint_modified, checkpoint_hash,"
                         " identity_etag, identity_modified, identity_hash, heard_at, odds,"
                         " text, text_at FROM sources WHERE what=?1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, source->what);
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        source_fill(source, query);
    store_done(query);
    if (rc != STORE_END || watch->looks_only)
        return rc < 0 ? rc : SH_OK;
    rc = store_query(watch->store, "INSERT INTO sources(what, channel) VALUES(?1, '')", &query,
                     why);
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, source->what);
    return store_run(query, why);
}

int watch_sources_load(struct watch *watch, struct why *why)
{
    int rc = name_all(watch, why);

    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++)
        rc = source_load(watch, &watch->source[i], why);
    /* Another channel is expected now than when the book was written. */
    for (size_t i = 0; i < watch->sources && rc == SH_OK && watch->options->expected; i++) {
        struct watch_source *source = &watch->source[i];

        if (source->channel.text[0] &&
            strcmp(source->channel.text, watch->options->expected->text) != 0)
            rc = why_set(why, SH_EARG, WHY_NOWHERE,
                         "source %.200s was seen with another channel than --channel says; "
                         "give another state folder, or the right channel",
                         source->what);
    }
    return rc;
}

int watch_follow_load(struct watch *watch, const char *what, struct bytes *raw, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store, "SELECT follow FROM sources WHERE what=?1", &query, why);

    bytes_clear(raw);
    if (rc != SH_OK)
        return rc;
    store_bind_text(query, 1, what);
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        bytes_slice(raw, store_blob(query, 0));
    store_done(query);
    return rc < 0 ? rc : bytes_check(raw, why);
}

/* ---- into the book ---- */

int watch_source_grown(struct watch *watch, struct watch_source *source,
                       const struct follow *follow, const struct watch_grown *grown)
{
    struct why why = {0};
    struct store_query *query;
    int rc = SH_OK;

    if (!watch->looks_only) {
        rc = store_query(watch->store,
                         "UPDATE sources SET follow=?1, note=?2, channel=?3 WHERE what=?4",
                         &query, &why);
        if (rc == SH_OK) {
            store_bind_blob(query, 1, grown->follow);
            store_bind_blob(query, 2, grown->note);
            store_bind_text(query, 3, follow->channel.text);
            store_bind_text(query, 4, source->what);
            rc = store_run(query, &why);
        }
    }
    if (rc == SH_OK)
        summarize(source, follow);
    else
        watch_source_said(watch, source, why.text);
    return rc;
}

static void seen_bind(struct store_query *query, int at, const struct watch_seen *seen)
{
    store_bind_text(query, at, seen->etag);
    store_bind_text(query, at + 1, seen->modified);
    store_bind_blob(query, at + 2, slice_of(seen->hash, seen->known ? sizeof(seen->hash) : 0));
}

int watch_source_store(struct watch *watch, struct watch_source *source, struct why *why)
{
    struct store_query *query;
    int rc = store_query(watch->store,
                         "UPDATE sources SET checkpoint_etag=?1, checkpoint_modified=?2,"
                         " checkpoint_hash=?3, identity_etag=?4, identity_modified=?5,"
                         " identity_hash=?6, heard_at=?7, odds=?8, text=?9, text_at=?10"
                         " WHERE what=?11",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    seen_bind(query, 1, &source->seen[WATCH_CHECKPOINT]);
    seen_bind(query, 4, &source->seen[WATCH_IDENTITY]);
    store_bind_int(query, 7, source->heard_at);
    store_bind_int(query, 8, source->at_odds);
    store_bind_text(query, 9, source->text);
    store_bind_int(query, 10, source->text_at);
    store_bind_text(query, 11, source->what);
    return store_run(query, why);
}

void watch_source_said(struct watch *watch, struct watch_source *source, const char *text)
{
    if (strcmp(source->text, text) != 0) {
        watch_text(source->text, sizeof(source->text), slice_text(text));
        source->text_at = watch_time(watch);
        source->changed = true;
        io_say("warning", "watch", "source", "source=%zu failures=%u",
               (size_t)(source - watch->source) + 1, source->failures);
    }
}

/* Whoever asks how the watch stands hears of these, and not of those of another day. */
int watch_sources_mark(struct watch *watch, struct why *why)
{
    int rc = store_exec(watch->store, "UPDATE sources SET watched=0", why);

    if (rc == SH_OK)
        rc = store_exec(watch->store, "UPDATE channels SET watched=0", why);
    for (size_t i = 0; i < watch->sources && rc == SH_OK; i++) {
        struct store_query *query;

        rc = store_query(watch->store, "UPDATE sources SET watched=1 WHERE what=?1", &query,
                         why);
        if (rc != SH_OK)
            break;
        store_bind_text(query, 1, watch->source[i].what);
        rc = store_run(query, why);
    }
    return rc;
}

/* ---- evidence ---- */

static size_t evidence_count(const struct watch *watch)
{
    int fd = openat(watch->dir, "evidence", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    size_t count = 0;

    if (!dir) {
        io_close(&fd);
        return 0;
    }
    while (readdir(dir))
        count++;
    (void)closedir(dir); /* It was only read. */
    return count;
}

/* What copies served may be all that shows later what happened. */
void watch_evidence_keep(struct watch *watch, struct slice note)
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1], path[64];
    struct io_target target = {
        .dir = watch->dir, .path = path, .tmp_dir = watch->dir, .mode = 0600};

    if (watch->looks_only || !note.len)
        return;
    crypto.sha256(note, digest);
    hex_build(slice_of(digest, sizeof(digest)), hex);
    (void)snprintf(path, sizeof(path), "evidence/%.16s.note", hex);
    if (io_exists(watch->dir, path) || evidence_count(watch) >= LIMIT_WATCH_EVIDENCE)
        return;
    if (io_mkdirs_for(watch->dir, path, 0700, NULL) != SH_OK ||
        io_replace(&target, note, NULL) != SH_OK)
        io_say("error", "watch", "evidence", "kept=no");
}

void watch_evidence_others(struct watch *watch, const struct watch_source *source)
{
    struct store_query *query;
    struct bytes note;

    bytes_init(&note, LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < watch->sources; i++) {
        bytes_clear(&note);
        if (!source->channel.text[0] ||
            strcmp(watch->source[i].channel.text, source->channel.text) != 0 ||
            store_query(watch->store, "SELECT note FROM sources WHERE what=?1", &query, NULL) !=
                SH_OK)
            continue;
        store_bind_text(query, 1, watch->source[i].what);
        if (store_step(query, NULL) == STORE_ROW)
            bytes_slice(&note, store_blob(query, 0));
        store_done(query);
        watch_evidence_keep(watch, bytes_view(&note));
    }
    bytes_release(&note);
}
