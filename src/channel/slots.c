/* Covers: the schedule of sealed entries, and what waits for its next slot. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "channel/channel_int.h"

#define DOCUMENT "document"
#define FILES "files"
#define FILES_BYTES (LIMIT_BLOBS * (40 + TREE_PATH_BYTES + 2) + 64)

/* ---- the schedule ---- */

int channel_slot_take(struct store *store, uint64_t slot, struct why *why)
{
    struct store_query *query;
    int rc =
        store_query(store, "INSERT OR REPLACE INTO slots(one,last) VALUES(1,?1)", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, slot);
    return store_run(query, why);
}

int channel_slot_last(struct store *store, uint64_t *last, struct why *why)
{
    struct store_query *query;
    int rc = store_query(store, "SELECT last FROM slots", &query, why);

    *last = 0;
    if (rc != SH_OK)
        return rc;
    rc = store_step(query, why);
    if (rc == STORE_ROW)
        *last = store_int(query, 0);
    store_done(query);
    return rc < 0 ? rc : SH_OK;
}

int channel_slot(struct channel *channel, uint64_t now, struct channel_slot *out,
                 struct why *why)
{
    struct channel_settings settings;
    uint64_t last = 0;
    int rc = channel_settings(channel, &settings, why);

    *out = (struct channel_slot){0};
    if (rc != SH_OK || !*settings.covers)
        return rc;
    if (!decimal_parse(slice_text(settings.covers), LIMIT_COVERS_MAX_S, &out->every_s) ||
        out->every_s < LIMIT_COVERS_MIN_S)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "private/" CHANNEL_SETTINGS ": covers is no number of seconds");
    rc = channel_slot_last(channel->store, &last, why);
    if (rc != SH_OK)
        return rc;
    out->at = now - now % out->every_s;
    out->next = out->at + out->every_s;
    /* A clock that was set far ahead, and back again, must not stop the covers for long. */
    if (last > now + 2 * out->every_s)
        last = 0;
    out->open = out->at > last && now - out->at <= LIMIT_SLOT_LATE_S;
    return SH_OK;
}

/* ---- what waits ---- */

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

int channel_wait(struct channel *channel, struct channel_append *append, struct why *why)
{
    char name[CHANNEL_WAITING_BYTES], to[64], from[64];
    uint8_t random[8];
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
    (void)snprintf(name, sizeof(name), "%010ju-", (uintmax_t)(io_now() % 10000000000u));
    hex_build(slice_of(random, sizeof(random)), name + 11);
    (void)snprintf(from, sizeof(from), "staging/%.40s", append->job->name);
    (void)snprintf(to, sizeof(to), CHANNEL_WAITING "/%.31s", name);
    rc = io_move(channel->private_dir, from, channel->private_dir, to, why);
    if (rc == SH_OK)
        append->job->kept = true;
    return rc;
}

/* The smallest name, which is the oldest; and how many there are. */
static int first_name(struct channel *channel, char name[CHANNEL_WAITING_BYTES],
                      uint64_t *count, struct why *why)
{
    struct dirent *item;
    int fd = -1;
    int rc = io_open_dir(channel->private_dir, CHANNEL_WAITING, &fd, why);
    DIR *list;

    *name = '\0';
    *count = 0;
    if (rc == SH_ENOTFOUND) {
        *why = (struct why){0};
        return SH_OK;
    }
    if (rc != SH_OK)
        return rc;
    list = fdopendir(fd);
    if (!list) {
        io_close(&fd);
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "private/waiting: cannot be read");
    }
    while ((item = readdir(list)) != NULL) {
        if (item->d_name[0] == '.' || strlen(item->d_name) >= CHANNEL_WAITING_BYTES)
            continue;
        ++*count;
        if (!*name || strcmp(item->d_name, name) < 0)
            memcpy(name, item->d_name, strlen(item->d_name) + 1);
    }
    (void)closedir(list); /* Only read from. */
    return SH_OK;
}

int channel_waiting_count(struct channel *channel, uint64_t *out, struct why *why)
{
    char name[CHANNEL_WAITING_BYTES];
    struct why cause = {0};
    int rc = first_name(channel, name, out, &cause);

    return rc == SH_OK ? rc : why_set(why, rc, cause.offset, "private/%.300s", cause.text);
}

static int damaged(const struct channel_waiting *waiting, struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "private/" CHANNEL_WAITING "/%s/" FILES ": damaged", waiting->name);
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

/* Was it logged by a run that was cut off before it cleared the folder? */
static int is_logged(struct channel *channel, struct slice document, bool *out, struct why *why)
{
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct store_query *query;
    int rc = store_query(channel->store,
                         "SELECT 1 FROM entries WHERE type=" CHANNEL_TYPE_SEALED
                         " AND instr(line,CAST(?1 AS BLOB))>0 LIMIT 1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    crypto.sha256(document, hash);
    hex_build(slice_of(hash, sizeof(hash)), hex);
    store_bind_text(query, 1, hex);
    rc = store_step(query, why);
    store_done(query);
    *out = rc == STORE_ROW;
    return rc < 0 ? rc : SH_OK;
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

int channel_waiting_open(struct channel *channel, struct channel_waiting *out, struct why *why)
{
    struct why cause = {0};
    char path[64];
    bool logged = true;
    uint64_t count;
    int rc = SH_OK;

    while (logged && rc == SH_OK) {
        *out = (struct channel_waiting){.job = {.dir = -1, .staging = -1}};
        out->append = (struct channel_append){.type = ENTRY_SEALED, .ref = ENTRY_NO_REF};
        rc = first_name(channel, out->name, &count, &cause);
        if (rc != SH_OK)
            return why_set(why, rc, cause.offset, "private/%.300s", cause.text);
        if (!count)
            return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "nothing waits for a slot");
        (void)snprintf(path, sizeof(path), CHANNEL_WAITING "/%s", out->name);
        rc = waiting_read(channel->private_dir, path, out, why);
        if (rc == SH_OK)
            rc = is_logged(channel, bytes_view(&out->document), &logged, why);
        if (rc != SH_OK || logged) {
            int closed = channel_waiting_close(channel, out, rc == SH_OK, why);

            rc = rc == SH_OK ? closed : rc;
        }
    }
    out->append.files = out->files;
    out->append.job = &out->job;
    out->append.waiting = out->name;
    return rc;
}

int channel_waiting_close(struct channel *channel, struct channel_waiting *waiting, bool done,
                          struct why *why)
{
    char path[64], aside[64];
    int rc;

    io_close(&waiting->job.dir);
    bytes_release(&waiting->document);
    if (!done)
        return SH_OK;
    /* In one step: half of it would stand in the way of what waits behind it. */
    (void)snprintf(path, sizeof(path), CHANNEL_WAITING "/%s", waiting->name);
    (void)snprintf(aside, sizeof(aside), "staging/%s", waiting->name);
    rc = io_mkdirs(channel->private_dir, "staging", 0700, why);
    if (rc == SH_OK)
        rc = io_move(channel->private_dir, path, channel->private_dir, aside, why);
    return rc == SH_OK ? io_remove_tree(channel->private_dir, aside, why) : rc;
}

/* ---- copies of what waits ---- */

int channel_waiting_whole(int dir, const char *name, struct channel *channel, bool *logged,
                          struct why *why)
{
    struct channel_waiting waiting = {.job = {.dir = -1, .staging = -1}};
    struct document doc;
    struct arena arena;
    int rc;

    *logged = false;
    (void)snprintf(waiting.name, sizeof(waiting.name), "%.31s", name);
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = waiting_read(dir, name, &waiting, why);
    if (rc == SH_OK && document_parse(waiting.append.document, &arena, &doc, NULL) != SH_OK)
        rc = damaged(&waiting, why);
    if (rc == SH_OK && channel)
        rc = is_logged(channel, waiting.append.document, logged, why);
    for (size_t i = 0; i < waiting.append.file_count && rc == SH_OK && !*logged; i++)
        if (strchr(waiting.files[i].staged, '/') || strstr(waiting.files[i].path, "..") ||
            !io_exists(waiting.job.dir, waiting.files[i].staged))
            rc = damaged(&waiting, why);
    io_close(&waiting.job.dir);
    bytes_release(&waiting.document);
    arena_release(&arena);
    return rc;
}
