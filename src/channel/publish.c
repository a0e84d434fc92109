/*
 * Publishing: from what was committed to public/.  Every step can be done again; the checkpoint
 * comes last, so a public tree whose checkpoint is ours needs nothing more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

struct publish {
    struct channel *channel;
    struct io_batch batch;
    enum channel_repair repair;
};

void channel_quarantine_path(const char *path, char out[CHANNEL_QUARANTINE_BYTES])
{
    (void)snprintf(out, CHANNEL_QUARANTINE_BYTES, "quarantine/%.*s", TREE_PATH_BYTES - 1, path);
}

static int put(struct publish *publish, const char *path, struct slice data, struct why *why)
{
    struct io_target target = {.dir = publish->channel->info.public_dir,
                               .path = path,
                               .mode = 0644,
                               .mtime_s = publish->channel->state.stamp};

    return io_batch_put(&publish->batch, &target, data, why);
}

enum there { THERE_NOT, THERE_EQUAL, THERE_OTHER };

static int compare(int dir, const char *path, struct slice data, enum there *out,
                   struct why *why)
{
    struct bytes found;
    int rc;

    bytes_init(&found, data.len ? data.len : 1);
    rc = io_read(dir, path, &found, NULL);
    if (rc == SH_ENOTFOUND)
        *out = THERE_NOT;
    else if (rc == SH_ELIMIT || rc == SH_EFORMAT)
        *out = THERE_OTHER;
    else if (rc == SH_OK)
        *out = slice_equal(bytes_view(&found), data) ? THERE_EQUAL : THERE_OTHER;
    else
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "public/%s: cannot be read", path);
    bytes_release(&found);
    return rc == SH_EIO || rc == SH_ENOMEM ? rc : SH_OK;
}

/* A file that never changes: nothing there, the same there, or set aside first. */
static int put_fixed(struct publish *publish, const char *path, struct slice data,
                     struct why *why)
{
    struct channel *channel = publish->channel;
    enum there there = THERE_NOT;
    char aside[CHANNEL_QUARANTINE_BYTES + 16];
    int rc = compare(channel->info.public_dir, path, data, &there, why);

    if (rc == SH_OK && there == THERE_OTHER) {
        if (publish->repair == CHANNEL_KEEP)
            return why_set(
                why, SH_ECONFLICT, WHY_NOWHERE,
                "public/%s: holds other bytes than the log; `stillhere rebuild` sets "
                "it aside and writes it anew",
                path);
        (void)snprintf(aside, sizeof(aside), "quarantine/changed/%.*s", TREE_PATH_BYTES - 1,
                       path);
        rc = io_move(channel->info.public_dir, path, channel->private_dir, aside, why);
    }
    /* Equal ones are written again: a run that was cut off may not have made them durable. */
    return rc == SH_OK ? put(publish, path, data, why) : rc;
}

/* emit->tile: a tile goes into the batch. */
static int put_tile(void *ctx, const struct tlog_tile *tile, struct slice data, struct why *why)
{
    struct publish *publish = ctx;
    char path[TLOG_PATH_BYTES];
    unsigned level = tile->level == TLOG_LEVEL_ENTRIES ? 0 : tile->level;
    uint64_t end = (tile->number + 1) << (8 * (level + 1));
    enum there there = THERE_NOT;
    int rc = tlog_tile_path(tile, path, why);

    if (rc == SH_OK && tile->width == TLOG_TILE_WIDTH &&
        end <= publish->channel->state.prev_size) {
        rc = compare(publish->channel->info.public_dir, path, data, &there, why);
        if (rc != SH_OK || there == THERE_EQUAL)
            return rc;
    }
    return rc == SH_OK ? put_fixed(publish, path, data, why) : rc;
}

/* ---- moves ---- */

/* hide->file: a public file goes to quarantine; what is missing already is fine. */
static int hide_file(void *ctx, const char *path, struct why *why)
{
    struct publish *publish = ctx;
    struct channel *channel = publish->channel;
    char kept[CHANNEL_QUARANTINE_BYTES];
    struct io_move move = {channel->info.public_dir, path, channel->private_dir, kept, 0700};

    channel_quarantine_path(path, kept);
    if (!io_exists(channel->info.public_dir, path) && !io_exists(channel->private_dir, kept))
        return SH_OK;
    return io_batch_move(&publish->batch, &move, why);
}

/* A blob enters public/ with the time of its publication, readable for all. */
static int show_file(struct publish *publish, const char *staged, const char *path,
                     struct why *why)
{
    struct channel *channel = publish->channel;
    char from[CHANNEL_QUARANTINE_BYTES];
    struct io_move move = {channel->private_dir, from, channel->info.public_dir, path, 0755};
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)channel->state.stamp}};

    (void)snprintf(from, sizeof(from), "staging/%.80s", staged);
    if (!io_exists(channel->private_dir, from)) {
        /* Moved by an earlier run, unless this is not the public/ that it was moved into. */
        if (!io_exists(channel->info.public_dir, path)) {
            if (publish->repair == CHANNEL_SET_ASIDE)
                return SH_OK; /* `verify` misses it. */
            return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                           "public/ is from an older day: %s of the newest entry is not there; "
                           "put the newer public/ back, or restore a backup",
                           path);
        }
    } else if ((fchmodat(channel->private_dir, from, 0644, 0) != 0 ||
                utimensat(channel->private_dir, from, times, 0) != 0)) {
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/%s: %s", from, strerror(errno));
    }
    return io_batch_move(&publish->batch, &move, why);
}

static int text_of(struct slice from, char *out, size_t size, struct why *why)
{
    if (from.len >= size)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, CHANNEL_DB ": a damaged row in pending");
    if (from.len)
        memcpy(out, from.ptr, from.len);
    out[from.len] = '\0';
    return SH_OK;
}

static int put_pending(struct publish *publish, struct why *why)
{
    struct store_query *row;
    char path[TREE_PATH_BYTES], staged[96];
    int step;
    int rc = store_query(publish->channel->store,
                         "SELECT path,staged,data FROM pending ORDER BY seq", &row, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(row, why)) == STORE_ROW && rc == SH_OK) {
        rc = text_of(store_blob(row, 0), path, sizeof(path), why);
        if (rc == SH_OK)
            rc = text_of(store_blob(row, 1), staged, sizeof(staged), why);
        if (rc != SH_OK)
            break;
        if (!store_is_null(row, 2))
            rc = put_fixed(publish, path, store_blob(row, 2), why);
        else if (!store_is_null(row, 1))
            rc = show_file(publish, staged, path, why);
        else
            rc = hide_file(publish, path, why);
    }
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* Identity notes and certificates that are not in public/. */
static int put_kept(struct publish *publish, struct why *why)
{
    struct store_query *row;
    char path[TREE_PATH_BYTES];
    int step;
    int rc = store_query(publish->channel->store, "SELECT path,data FROM kept", &row, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(row, why)) == STORE_ROW && rc == SH_OK) {
        rc = text_of(store_blob(row, 0), path, sizeof(path), why);
        if (rc == SH_OK && (publish->repair == CHANNEL_SET_ASIDE ||
                            !io_exists(publish->channel->info.public_dir, path)))
            rc = put_fixed(publish, path, store_blob(row, 1), why);
    }
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

static int hide_again(struct publish *publish, struct why *why)
{
    struct channel_hide hide = {hide_file, publish};
    struct store *store = publish->channel->store;
    struct channel_row row;
    struct store_query *query;
    int step;
    int rc = store_query(store, "SELECT idx FROM entries WHERE withdrawn_by IS NOT NULL",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        rc = channel_row_get(store, store_int(query, 0), &row, why);
        if (rc == SH_OK)
            rc = channel_hidden(store, &row, &hide, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

int channel_hidden(struct store *store, const struct channel_row *row,
                   const struct channel_hide *hide, struct why *why)
{
    struct store_query *query;
    struct entry entry;
    char path[TREE_PATH_BYTES];
    int step;
    int rc = entry_parse(slice_of(row->line, row->line_len), row->index, &entry, why);

    if (rc != SH_OK)
        return rc;
    tree_document_path(entry.hash, path);
    rc = hide->file(hide->ctx, path, why);
    if (rc == SH_OK)
        rc =
            store_query(store,
                        "SELECT path FROM files AS f WHERE idx=?1 AND NOT EXISTS (SELECT 1 FROM"
                        " files AS o JOIN entries AS e ON e.idx=o.idx WHERE o.path=f.path AND"
                        " o.idx<>?1 AND e.withdrawn_by IS NULL)",
                        &query, why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, row->index);
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        rc = text_of(store_blob(query, 0), path, sizeof(path), why);
        if (rc == SH_OK)
            rc = hide->file(hide->ctx, path, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* ---- the order of it all ---- */

/* Entries from the edge's size to the state's; then the root must be the signed one. */
static int put_log(struct publish *publish, struct why *why)
{
    struct channel *channel = publish->channel;
    struct channel_emit emit = {put_tile, publish};
    struct tlog_range range;
    uint8_t root[TLOG_HASH_BYTES];
    struct store_query *row;
    int step;
    int rc = store_query(channel->store, "SELECT line FROM entries WHERE idx>=?1 ORDER BY idx",
                         &row, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(row, 1, channel->edge.size);
    while ((step = store_step(row, why)) == STORE_ROW && rc == SH_OK)
        rc = channel_edge_push(&channel->edge, store_blob(row, 0), &emit, why);
    store_done(row);
    if (rc == SH_OK && step < 0)
        rc = step;
    if (rc == SH_OK)
        rc = channel_edge_emit(&channel->edge, &emit, why);
    if (rc != SH_OK)
        return rc;
    channel_edge_range(&channel->edge, &range);
    tlog_range_root(&range, root);
    if (channel->edge.size != channel->state.size ||
        memcmp(root, channel->state.root, sizeof(root)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       CHANNEL_DB ": its entries do not give the root that was signed");
    return SH_OK;
}

static int put_checkpoint(struct channel *channel, struct why *why)
{
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = "checkpoint",
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .mtime_s = channel->state.stamp,
                               .sync = IO_SYNC};

    return io_replace(&target, bytes_view(&channel->state.note), why);
}

/* Everything that the checkpoint speaks of is durable before it is there; gives rc or worse. */
static int publish_end(struct publish *publish, int rc, struct why *why)
{
    if (rc == SH_OK)
        rc = io_batch_done(&publish->batch, why);
    if (rc == SH_OK)
        rc = put_checkpoint(publish->channel, why);
    io_batch_release(&publish->batch);
    return rc;
}

int channel_publish_last(struct channel *channel, struct why *why)
{
    struct publish publish = {.channel = channel, .repair = CHANNEL_KEEP};
    int rc;

    io_batch_init(&publish.batch, channel->info.tmp_dir);
    rc = put_log(&publish, why);
    if (rc == SH_OK)
        rc = put_pending(&publish, why);
    return publish_end(&publish, rc, why);
}

int channel_publish_all(struct channel *channel, enum channel_repair repair, struct why *why)
{
    struct publish publish = {.channel = channel, .repair = repair};
    uint8_t root[TLOG_HASH_BYTES];
    int rc = channel_root_at(channel->store, channel->state.size, root, why);

    if (rc != SH_OK)
        return rc;
    if (memcmp(root, channel->state.root, sizeof(root)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       CHANNEL_DB ": its entries do not give the root that was signed");
    channel_edge_release(&channel->edge);
    channel_edge_init(&channel->edge);
    io_batch_init(&publish.batch, channel->info.tmp_dir);
    rc = put_kept(&publish, why);
    if (rc == SH_OK)
        rc = put_log(&publish, why);
    if (rc == SH_OK)
        rc = put_pending(&publish, why);
    if (rc == SH_OK)
        rc = hide_again(&publish, why);
    return publish_end(&publish, rc, why);
}
