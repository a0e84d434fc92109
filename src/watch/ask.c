/*
 * Is there something new?  A local copy is looked at directly.  An address is asked twice, one
 * after the other so that one connection is enough: for the checkpoint, for the newest
 * identity note, each only if it changed.
 */
#include "watch/watch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "fetcher/fetcher.h"
#include "io/io.h"

static const char *const paths[] = {"checkpoint", "id/current"};

/* What was asked before does not count while the copy is in trouble: it may be mended now. */
static bool asks_plainly(const struct watch_source *source)
{
    return source->at_odds || source->failures || !source->size;
}

static void failed(struct watch *watch, struct watch_source *source, const char *text)
{
    source->phase = WATCH_SETTLED;
    source->failures++;
    watch_source_said(watch, source, text);
}

static void took(struct watch_source *source, int which, struct slice body)
{
    struct watch_seen *fresh = &source->fresh[which];
    const struct watch_seen *seen = &source->seen[which];

    crypto.sha256(body, fresh->hash);
    fresh->known = true;
    if (asks_plainly(source) || !seen->known ||
        memcmp(fresh->hash, seen->hash, sizeof(fresh->hash)) != 0)
        source->is_new = true;
}

/* Both are in: either nothing changed, or a reader has to look. */
static void complete(struct watch_source *source)
{
    if (source->is_new) {
        source->phase = WATCH_WANTS_READER;
        return;
    }
    source->phase = WATCH_SETTLED;
    source->heard = true;
    source->changed = true;
    memcpy(source->seen, source->fresh, sizeof(source->seen));
}

/* ---- a local copy ---- */

static int read_small(int dir, const char *path, struct bytes *out, struct why *why)
{
    struct stat st;
    int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc;

    bytes_clear(out);
    if (fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: not a regular file", path);
    else
        rc = io_read_fd(fd, out, why);
    io_close(&fd);
    return rc;
}

static void look_at_folder(struct watch *watch, struct watch_source *source)
{
    char path[LIMIT_HOME_BYTES];
    struct why why = {0};
    struct bytes body;
    int dir;

    bytes_init(&body, LIMIT_NOTE_BYTES);
    (void)snprintf(path, sizeof(path), "%s/public", source->what);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        dir = open(source->what, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        (void)snprintf(why.text, sizeof(why.text), "the folder: %s", strerror(errno));
    for (int i = 0; i < 2 && !why.text[0]; i++)
        if (read_small(dir, paths[i], &body, &why) == SH_OK)
            took(source, i, bytes_view(&body));
    if (why.text[0])
        failed(watch, source, why.text);
    else
        complete(source);
    bytes_release(&body);
    io_close(&dir);
}

/* ---- an address ---- */

static bool fetcher_ready(struct watch *watch, struct why *why)
{
    return watch->fetcher ||
           fetcher_open(&watch->options->fetch, &watch->fetcher, why) == SH_OK;
}

/* The fetcher is gone: what was under way fails, and the next question starts a new one. */
static void fetcher_lost(struct watch *watch)
{
    fetcher_close(watch->fetcher);
    watch->fetcher = NULL;
    watch->asked = 0;
    for (size_t i = 0; i < watch->sources; i++) {
        struct watch_source *source = &watch->source[i];

        if (source->phase == WATCH_ASKS_CHECKPOINT || source->phase == WATCH_ASKS_IDENTITY)
            failed(watch, source, "the program that fetches ended");
    }
}

static void ask(struct watch *watch, struct watch_source *source, int which)
{
    char url[LIMIT_URL_BYTES + 32];
    const struct watch_seen *seen = &source->seen[which];
    struct fetcher_request request = {.method = FETCHER_GET,
                                      .url = url,
                                      .most_bytes = LIMIT_NOTE_BYTES,
                                      .deadline_ms = LIMIT_WATCH_ASK_MS};
    struct why why = {0};

    request.id = (uint64_t)(source - watch->source) * 2 + (uint64_t)which;
    (void)snprintf(url, sizeof(url), "%s%s", source->what, paths[which]);
    if (!asks_plainly(source) && seen->known) {
        request.etag = seen->etag[0] ? seen->etag : NULL;
        request.modified = seen->modified[0] ? seen->modified : NULL;
    }
    if (!fetcher_ready(watch, &why)) {
        failed(watch, source, why.text);
        return;
    }
    source->phase = which == WATCH_CHECKPOINT ? WATCH_ASKS_CHECKPOINT : WATCH_ASKS_IDENTITY;
    if (fetcher_ask(watch->fetcher, &request, &why) == SH_OK)
        watch->asked++;
    else
        fetcher_lost(watch);
}

void watch_ask_start(struct watch *watch)
{
    for (size_t i = 0; i < watch->sources; i++) {
        struct watch_source *source = &watch->source[i];

        if (source->phase != WATCH_SETTLED)
            continue;
        memset(source->fresh, 0, sizeof(source->fresh));
        source->is_new = source->heard = false;
        source->asked_ms = watch_boot_ms();
        source->date = 0;
        if (source->is_url)
            source->phase = WATCH_WANTS_CHECKPOINT;
        else
            look_at_folder(watch, source);
    }
    watch_ask_more(watch);
}

/* Second questions first: their connections are warm. */
void watch_ask_more(struct watch *watch)
{
    for (int which = WATCH_IDENTITY; which >= WATCH_CHECKPOINT; which--) {
        enum watch_phase wanted =
            which == WATCH_IDENTITY ? WATCH_WANTS_IDENTITY : WATCH_WANTS_CHECKPOINT;

        for (size_t i = 0; i < watch->sources && watch->asked < LIMIT_FETCHES; i++)
            if (watch->source[i].phase == wanted)
                ask(watch, &watch->source[i], which);
    }
}

static void answered(struct watch *watch, const struct fetcher_answer *answer)
{
    struct watch_source *source = &watch->source[answer->id / 2];
    int which = (int)(answer->id % 2);
    struct watch_seen *fresh = &source->fresh[which];
    char text[80];

    if (answer->outcome != FETCHER_DONE) {
        failed(watch, source, answer->text);
        return;
    }
    if (answer->status == 304 && source->seen[which].known && !asks_plainly(source)) {
        *fresh = source->seen[which];
    } else if (answer->status == 200) {
        memcpy(fresh->etag, answer->etag, sizeof(fresh->etag));
        memcpy(fresh->modified, answer->modified, sizeof(fresh->modified));
        took(source, which, answer->body);
    } else {
        (void)snprintf(text, sizeof(text), "the server answers %u", answer->status);
        failed(watch, source, text);
        return;
    }
    if (answer->date)
        source->date = answer->date;
    if (which == WATCH_CHECKPOINT)
        source->phase = WATCH_WANTS_IDENTITY;
    else
        complete(source);
}

void watch_ask_answers(struct watch *watch, unsigned timeout_ms)
{
    struct fetcher_answer answer;
    int rc = SH_OK;

    while (rc == SH_OK && watch->fetcher && watch->asked) {
        rc = fetcher_next(watch->fetcher, timeout_ms, &answer, NULL);
        timeout_ms = 0;
        if (rc != SH_OK)
            break;
        watch->asked--;
        if (answer.id / 2 < watch->sources &&
            watch->source[answer.id / 2].phase ==
                (answer.id % 2 ? WATCH_ASKS_IDENTITY : WATCH_ASKS_CHECKPOINT))
            answered(watch, &answer);
        watch_ask_more(watch);
    }
    if (rc != SH_OK && rc != SH_ENOTFOUND)
        fetcher_lost(watch);
}
