/* What waits for the next slot of the covers: private/waiting/<name>/, one folder each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define DOCUMENT "document"
#define FILES "files"
#define FILES_BYTES (LIMIT_BLOBS * (40 + TREE_PATH_BYTES + 2) + 64)

/* ---- keeping ---- */

static int put_file(int dir, const char *name, struct slice data, struct why *why)
{
    struct io_target target = {dir, name, dir, 0600, 0, IO_SYNC};

    return io_replace(&target, data, why);
}

/* "<publish_at>\n", then "<staged> <path>\n" for each file. */
static int put_list(const struct channel_append *append, struct why *why)
{
    struct bytes text;
    int rc;

    bytes_init(&text, FILES_BYTES);
    bytes_printf(&text, "%ju\n", (uintmax_t)append->publish_at);
    for (size_t i = 0; i < append->file_count; i++)
        bytes_printf(&text, "%s %s\n", append->files[i].staged, append->files[i].path);
    rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = put_file(append->job->dir, FILES, bytes_view(&text), why);
    bytes_release(&text);
    return rc;
}

int channel_wait(struct channel *channel, struct channel_append *append,
                 char name[CHANNEL_WAITING_BYTES], struct why *why)
{
    char to[64], from[64];
    uint8_t random[6];
    uint64_t count = 0;
    int rc = channel_waiting_count(channel, &count, why);

    if (rc == SH_OK && count >= LIMIT_WAITING)
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "%d dispatches wait for a slot already",
                     LIMIT_WAITING);
    if (rc == SH_OK)
        rc = put_file(append->job->dir, DOCUMENT, append->document, why);
    if (rc == SH_OK)
        rc = put_list(append, why);
    if (rc == SH_OK)
        rc = io_mkdirs(channel->private_dir, CHANNEL_WAITING, 0700, why);
    if (rc == SH_OK)
        rc = io_sync_fd(append->job->dir, "private/staging", why);
    if (rc != SH_OK)
        return rc;
    io_random(random, sizeof(random));
    /* How many wait already keeps those of one second in order. */
    (void)snprintf(name, CHANNEL_WAITING_BYTES, "%010ju-%04x",
                   (uintmax_t)(io_now() % 10000000000u), (unsigned)count);
    hex_build(slice_of(random, sizeof(random)), name + 15);
    (void)snprintf(from, sizeof(from), "staging/%.40s", append->job->name);
    (void)snprintf(to, sizeof(to), CHANNEL_WAITING "/%.31s", name);
    rc = io_move(channel->private_dir, from, channel->private_dir, to, why);
    if (rc == SH_OK)
        append->job->kept = true;
    return rc;
}

/* ---- who waits ---- */

static void folder_of(const char *name, char path[64])
{
    (void)snprintf(path, 64, CHANNEL_WAITING "/%.31s", name);
}

/* It waits no more, in one step: half of it would be a damaged one. */
static int take_away(struct channel *channel, const char *name, struct why *why)
{
    char path[64], aside[64];
    int rc = io_mkdirs(channel->private_dir, "staging", 0700, why);

    folder_of(name, path);
    (void)snprintf(aside, sizeof(aside), "staging/%.31s", name);
    if (rc == SH_OK)
        rc = io_move(channel->private_dir, path, channel->private_dir, aside, why);
    return rc == SH_OK ? io_remove_tree(channel->private_dir, aside, why) : rc;
}

/* each->name */
static int add_name(void *ctx, int dir, const char *name, struct why *why)
{
    char fixed[CHANNEL_WAITING_BYTES] = "";

    (void)dir;
    if (strlen(name) >= sizeof(fixed))
        return SH_OK; /* None of ours. */
    memcpy(fixed, name, strlen(name));
    bytes_append(ctx, fixed, sizeof(fixed));
    return bytes_check(ctx, why);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int channel_waiting_list(struct channel *channel, struct bytes *names, struct why *why)
{
    struct channel_names each = {add_name, names};
    int rc;

    bytes_clear(names);
    rc = channel_names(channel->private_dir, CHANNEL_WAITING, &each, why);
    /* Names begin with the time: the smallest waits longest. */
    if (rc == SH_OK && names->len)
        qsort(names->ptr, names->len / CHANNEL_WAITING_BYTES, CHANNEL_WAITING_BYTES, by_name);
    return rc;
}

int channel_waiting_count(struct channel *channel, uint64_t *out, struct why *why)
{
    struct bytes names;
    int rc;

    bytes_init(&names, CHANNEL_WAITING_LIST_BYTES);
    rc = channel_waiting_list(channel, &names, why);
    *out = names.len / CHANNEL_WAITING_BYTES;
    bytes_release(&names);
    return rc;
}

int channel_waiting_cancel(struct channel *channel, const char *name, struct why *why)
{
    char path[64];

    folder_of(name, path);
    if (!*name || name[0] == '.' || strchr(name, '/') ||
        strlen(name) >= CHANNEL_WAITING_BYTES || !io_exists(channel->private_dir, path))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.40s: nothing waits for a slot under this name; `stillhere status` "
                       "says what does",
                       name);
    return take_away(channel, name, why);
}

/* ---- one of them ---- */

static int damaged(const struct channel_waiting *waiting, struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "private/" CHANNEL_WAITING "/%s: damaged; `stillhere publish --cancel %s` "
                   "takes it away",
                   waiting->name, waiting->name);
}

static int read_list(struct channel_waiting *waiting, struct slice raw, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct slice line = rd_line(&cur);
    struct channel_file *file;
    size_t space;

    if (cur.failed || !decimal_parse(line, UINT64_MAX, &waiting->append.publish_at))
        return damaged(waiting, why);
    while (rd_left(&cur)) {
        line = rd_line(&cur);
        space = slice_find(line, 0, ' ');
        if (cur.failed || waiting->append.file_count == LIMIT_BLOBS || space == line.len)
            return damaged(waiting, why);
        file = &waiting->files[waiting->append.file_count++];
        if (space >= sizeof(file->staged) || line.len - space - 1 >= sizeof(file->path))
            return damaged(waiting, why);
        memcpy(file->staged, line.ptr, space);
        file->staged[space] = '\0';
        memcpy(file->path, line.ptr + space + 1, line.len - space - 1);
        file->path[line.len - space - 1] = '\0';
    }
    return SH_OK;
}

static int in_log(struct channel *channel, struct slice line, bool *out, struct why *why)
{
    struct store_query *query;
    int rc =
        store_query(channel->store, "SELECT 1 FROM entries WHERE line=?1 LIMIT 1", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_blob(query, 1, line);
    rc = store_step(query, why);
    store_done(query);
    *out = rc == STORE_ROW;
    return rc < 0 ? rc : SH_OK;
}

static size_t line_of(enum entry_type type, struct slice document,
                      char line[LIMIT_ENTRY_BYTES + 1])
{
    struct entry entry = {.type = type, .ref = ENTRY_NO_REF};

    crypto.sha256(document, entry.hash);
    return entry_build(&entry, line);
}

/* Was it logged by a run that was cut off before it cleared the folder? */
static int is_logged(struct channel *channel, struct slice document, bool *out, struct why *why)
{
    char line[LIMIT_ENTRY_BYTES + 1];

    return in_log(channel, slice_of(line, line_of(ENTRY_SEALED, document, line)), out, why);
}

/* The folder dir/path is out->name's, in private/waiting or a copy of it. */
static int waiting_read(int dir, const char *path, struct channel_waiting *out, struct why *why)
{
    struct why cause = {0};
    struct bytes list;
    int rc;

    bytes_init(&list, FILES_BYTES);
    bytes_init(&out->document, LIMIT_DOCUMENT_BYTES);
    rc = io_open_dir(dir, path, &out->job.dir, &cause);
    if (rc == SH_OK)
        rc = io_read(out->job.dir, FILES, &list, &cause);
    if (rc == SH_OK)
        rc = read_list(out, bytes_view(&list), &cause);
    if (rc == SH_OK)
        rc = io_read(out->job.dir, DOCUMENT, &out->document, &cause);
    bytes_release(&list);
    out->append.document = bytes_view(&out->document);
    if (rc == SH_ENOTFOUND)
        return damaged(out, why);
    return rc == SH_OK ? rc : why_set(why, rc, cause.offset, "%s", cause.text);
}

/* The rest of it: what the document says, and whether its files are there. */
static int check_whole(struct channel_waiting *waiting, struct why *why)
{
    struct document doc;
    struct arena arena;
    int rc = SH_OK;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (document_parse(waiting->append.document, &arena, &doc, NULL) != SH_OK)
        rc = damaged(waiting, why);
    for (size_t i = 0; i < waiting->append.file_count && rc == SH_OK; i++)
        if (strchr(waiting->files[i].staged, '/') || strstr(waiting->files[i].path, "..") ||
            !io_exists(waiting->job.dir, waiting->files[i].staged))
            rc = damaged(waiting, why);
    arena_release(&arena);
    return rc;
}

static void waiting_init(struct channel_waiting *waiting, const char *name)
{
    *waiting = (struct channel_waiting){.job = {.dir = -1, .staging = -1}};
    waiting->append = (struct channel_append){.type = ENTRY_SEALED, .ref = ENTRY_NO_REF};
    (void)snprintf(waiting->name, sizeof(waiting->name), "%.31s", name);
}

int channel_waiting_open(struct channel *channel, const char *name, struct channel_waiting *out,
                         struct why *why)
{
    char path[64];
    bool logged = false;
    int rc, closed;

    waiting_init(out, name);
    folder_of(name, path);
    rc = waiting_read(channel->private_dir, path, out, why);
    if (rc == SH_OK)
        rc = is_logged(channel, out->append.document, &logged, why);
    if (rc == SH_OK && !logged)
        rc = check_whole(out, why);
    if (rc != SH_OK || logged) {
        closed =
            channel_waiting_close(channel, out, logged && channel->use == CHANNEL_WRITE, why);
        if (rc == SH_OK)
            rc = closed == SH_OK ? why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                                           "%s is in the log already", out->name)
                                 : closed;
        return rc;
    }
    out->append.files = out->files;
    out->append.job = &out->job;
    out->append.waiting = out->name;
    return SH_OK;
}

int channel_waiting_close(struct channel *channel, struct channel_waiting *waiting, bool done,
                          struct why *why)
{
    io_close(&waiting->job.dir);
    bytes_release(&waiting->document);
    return done ? take_away(channel, waiting->name, why) : SH_OK;
}

/* ---- several together ---- */

#define BATCH_BYTES ((size_t)(LIMIT_APPENDS + 1) * LIMIT_ENTRY_BYTES)

/* The line of the entry that says that they are logged, or an empty one; then theirs. */
int channel_batch_begin(struct channel *channel, const struct channel_append *logged,
                        const struct channel_appends *waiting, struct why *why)
{
    char line[LIMIT_ENTRY_BYTES + 1];
    struct bytes text;
    int rc;

    bytes_init(&text, BATCH_BYTES);
    if (logged)
        bytes_append(&text, line, line_of(logged->type, logged->document, line));
    else
        bytes_u8(&text, '\n');
    for (size_t i = 0; i < waiting->count; i++)
        bytes_append(&text, line, line_of(ENTRY_SEALED, waiting->list[i].document, line));
    rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = put_file(channel->private_dir, CHANNEL_BATCH, bytes_view(&text), why);
    bytes_release(&text);
    return rc;
}

int channel_batch_end(struct channel *channel, struct why *why)
{
    if (unlinkat(channel->private_dir, CHANNEL_BATCH, 0) != 0 && errno != ENOENT)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/" CHANNEL_BATCH ": %s",
                       strerror(errno));
    return io_sync_parent(channel->private_dir, CHANNEL_BATCH, why);
}

struct undoing {
    struct channel *channel;
    struct slice lines;
};

static bool is_named(const struct undoing *undoing, struct slice one)
{
    struct cursor cur = cursor_of(undoing->lines);
    struct slice line;

    while (rd_left(&cur) && !cur.failed) {
        line = rd_line(&cur);
        if (!cur.failed && slice_equal(slice_of(line.ptr, line.len + 1), one))
            return true;
    }
    return false;
}

static int undo_one(void *ctx, int dir, const char *name, struct why *why)
{
    const struct undoing *undoing = ctx;
    char path[128], line[LIMIT_ENTRY_BYTES + 1];
    struct bytes document;
    int rc;

    (void)dir;
    if (strlen(name) >= CHANNEL_WAITING_BYTES)
        return SH_OK; /* None of ours. */
    (void)snprintf(path, sizeof(path), CHANNEL_WAITING "/%.31s/" DOCUMENT, name);
    bytes_init(&document, LIMIT_DOCUMENT_BYTES);
    rc = io_read(undoing->channel->private_dir, path, &document, why);
    if (rc == SH_ENOTFOUND || rc == SH_ELIMIT) {
        *why = (struct why){0};
        rc = SH_OK; /* A damaged one: said where it is used. */
    } else if (rc == SH_OK) {
        if (is_named(undoing,
                     slice_of(line, line_of(ENTRY_SEALED, bytes_view(&document), line))))
            rc = take_away(undoing->channel, name, why);
    }
    bytes_release(&document);
    return rc;
}

int channel_batch_settle(struct channel *channel, struct why *why)
{
    struct undoing undoing = {.channel = channel};
    struct channel_names each = {undo_one, &undoing};
    struct bytes text;
    struct cursor cur;
    struct slice line;
    bool logged = false;
    int rc;

    if (!io_exists(channel->private_dir, CHANNEL_BATCH))
        return SH_OK;
    bytes_init(&text, BATCH_BYTES);
    rc = io_read(channel->private_dir, CHANNEL_BATCH, &text, why);
    cur = cursor_of(bytes_view(&text));
    line = rd_line(&cur);
    if (rc == SH_OK && line.len) /* An entry's line is kept with its end. */
        rc = in_log(channel, slice_of(line.ptr, line.len + 1), &logged, why);
    undoing.lines = bytes_view(&text);
    if (rc == SH_OK && !logged)
        rc = channel_names(channel->private_dir, CHANNEL_WAITING, &each, why);
    bytes_release(&text);
    return rc == SH_OK ? channel_batch_end(channel, why) : rc;
}

/* ---- copies of what waits ---- */

int channel_waiting_whole(int dir, const char *name, struct channel *channel, bool *logged,
                          struct why *why)
{
    struct channel_waiting waiting;
    int rc;

    *logged = false;
    waiting_init(&waiting, name);
    rc = waiting_read(dir, name, &waiting, why);
    if (rc == SH_OK && channel)
        rc = is_logged(channel, waiting.append.document, logged, why);
    if (rc == SH_OK && !*logged)
        rc = check_whole(&waiting, why);
    io_close(&waiting.job.dir);
    bytes_release(&waiting.document);
    return rc;
}
