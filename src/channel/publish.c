/*
 * Publishing: from what was committed to public/.  Every step can be done again; the checkpoint
 * comes last, so a public tree whose checkpoint is ours needs nothing more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/channel_int.h"

struct publish {
    struct channel *channel;
    struct io_batch batch;
    enum channel_repair repair;
    bool all; /* what earlier withdrawals hid is hidden again, too */
};

void channel_quarantine_path(const char *path, char out[CHANNEL_QUARANTINE_BYTES])
{
    (void)snprintf(out, CHANNEL_QUARANTINE_BYTES, "quarantine/%.*s", TREE_PATH_BYTES - 1, path);
}

void channel_sealed_path(const char *path, char out[CHANNEL_QUARANTINE_BYTES])
{
    (void)snprintf(out, CHANNEL_QUARANTINE_BYTES, "sealed/%.*s", TREE_PATH_BYTES - 1, path);
}

enum channel_op channel_hide_op(const struct channel_row *row, bool purge)
{
    if (row->type == ENTRY_SEALED && row->opened_by == CHANNEL_NONE)
        return purge ? CHANNEL_OP_PURGE_SEALED : CHANNEL_OP_HIDE_SEALED;
    return purge ? CHANNEL_OP_PURGE : CHANNEL_OP_HIDE;
}

/* Nothing stands where path goes, or (when repairing) not any more. */
static int clear(const struct publish *publish, const char *path, struct why *why)
{
    struct channel *channel = publish->channel;

    return publish->repair == CHANNEL_SET_ASIDE
               ? channel_way_clear(channel, path, why)
               : channel_way_check(channel->info.public_dir, path, why);
}

static int put(struct publish *publish, const char *path, struct slice data, struct why *why)
{
    struct io_target target = {.dir = publish->channel->info.public_dir,
                               .path = path,
                               .mode = 0644,
                               .mtime_s = publish->channel->state.stamp};
    int rc = clear(publish, path, why);

    return rc == SH_OK ? io_batch_put(&publish->batch, &target, data, why) : rc;
}

enum there { THERE_NOT, THERE_EQUAL, THERE_OTHER };

static int compare(const struct publish *publish, const char *path, struct slice data,
                   enum there *out, struct why *why)
{
    struct bytes found;
    int rc = clear(publish, path, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&found, data.len ? data.len : 1);
    rc = io_read(publish->channel->info.public_dir, path, &found, NULL);
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
    enum there there = THERE_NOT;
    int rc = compare(publish, path, data, &there, why);

    if (rc == SH_OK && there == THERE_OTHER) {
        if (publish->repair == CHANNEL_KEEP)
            return why_set(
                why, SH_ECONFLICT, WHY_NOWHERE,
                "public/%s: holds other bytes than the log; `stillhere rebuild` sets "
                "it aside and writes it anew",
                path);
        rc = channel_set_aside(publish->channel, path, why);
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
    uint64_t end = (tile->number * TLOG_TILE_WIDTH + tile->width) << (8 * level);
    enum there there = THERE_NOT;
    int rc = tlog_tile_path(tile, path, why);

    /* No checkpoint that was public speaks of it: what is there a run left that was cut off. */
    if (rc == SH_OK && publish->repair == CHANNEL_KEEP && end > publish->channel->shown)
        return put(publish, path, data, why);
    if (rc == SH_OK && tile->width == TLOG_TILE_WIDTH) {
        rc = compare(publish, path, data, &there, why);
        if (rc != SH_OK || there == THERE_EQUAL)
            return rc;
    }
    return rc == SH_OK ? put_fixed(publish, path, data, why) : rc;
}

/* ---- moves ---- */

/* public/path or private/sealed/path goes to quarantine; what is missing already is fine. */
static int hide_file(struct publish *publish, enum channel_op op, const char *path,
                     struct why *why)
{
    struct channel *channel = publish->channel;
    char kept[CHANNEL_QUARANTINE_BYTES], sealed[CHANNEL_QUARANTINE_BYTES];
    struct io_move move = {channel->info.public_dir, path, channel->private_dir, kept, 0700};

    channel_quarantine_path(path, kept);
    channel_sealed_path(path, sealed);
    if (op == CHANNEL_OP_HIDE_SEALED) {
        move.dir_a = channel->private_dir;
        move.a = sealed;
    }
    if (!io_exists(move.dir_a, move.a) && !io_exists(channel->private_dir, kept))
        return SH_OK;
    return io_batch_move(&publish->batch, &move, why);
}

static int remove_file(int dir, const char *path, struct why *why)
{
    if (unlinkat(dir, path, 0) == 0)
        return io_sync_parent(dir, path, why);
    return errno == ENOENT ? SH_OK
                           : why_set(why, SH_EIO, WHY_NOWHERE, "%s: cannot be deleted: %s",
                                     path, strerror(errno));
}

/* Deleted for ever. */
static int purge_file(struct publish *publish, enum channel_op op, const char *path,
                      struct why *why)
{
    struct channel *channel = publish->channel;
    char kept[CHANNEL_QUARANTINE_BYTES], sealed[CHANNEL_QUARANTINE_BYTES];
    int rc;

    if (original_is_path(path))
        return remove_file(channel->private_dir, path, why);
    channel_quarantine_path(path, kept);
    channel_sealed_path(path, sealed);
    rc = op == CHANNEL_OP_PURGE ? remove_file(channel->info.public_dir, path, why)
                                : remove_file(channel->private_dir, sealed, why);
    return rc == SH_OK ? remove_file(channel->private_dir, kept, why) : rc;
}

static int take_away(struct publish *publish, enum channel_op op, const char *path,
                     struct why *why)
{
    bool hide = op == CHANNEL_OP_HIDE || op == CHANNEL_OP_HIDE_SEALED;

    if (hide && original_is_path(path))
        return SH_OK; /* Out of sight already: it stays until a purge. */
    return hide ? hide_file(publish, op, path, why) : purge_file(publish, op, path, why);
}

/* Where a file waits that a commit names: private/waiting, or else private/staging. */
static void staged_path(const char *staged, char out[CHANNEL_QUARANTINE_BYTES])
{
    if (strncmp(staged, CHANNEL_WAITING "/", sizeof(CHANNEL_WAITING)) == 0)
        (void)snprintf(out, CHANNEL_QUARANTINE_BYTES, "%.90s", staged);
    else
        (void)snprintf(out, CHANNEL_QUARANTINE_BYTES, "staging/%.80s", staged);
}

/* A sealed original gets its name below private/. */
static int keep_file(struct publish *publish, const char *staged, const char *path,
                     struct why *why)
{
    int dir = publish->channel->private_dir;
    char from[CHANNEL_QUARANTINE_BYTES];
    struct io_move move = {dir, from, dir, path, 0700};

    staged_path(staged, from);
    /* Neither here nor there: deleted by hand since; the log needs it not. */
    if (!io_exists(dir, from) && !io_exists(dir, path))
        return SH_OK;
    return io_batch_move(&publish->batch, &move, why);
}

/* A document or blob that waits: below private/, for nobody else to read. */
static int seal_file(struct publish *publish, const char *staged, const char *path,
                     struct slice data, struct why *why)
{
    struct channel *channel = publish->channel;
    char from[CHANNEL_QUARANTINE_BYTES], to[CHANNEL_QUARANTINE_BYTES];
    struct io_move move = {channel->private_dir, from, channel->private_dir, to, 0700};
    struct io_target target = {.dir = channel->private_dir, .path = to, .mode = 0600};

    channel_sealed_path(path, to);
    if (data.len)
        return io_batch_put(&publish->batch, &target, data, why);
    staged_path(staged, from);
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
    int rc;

    if (strncmp(staged, "sealed/", 7) == 0)
        (void)snprintf(from, sizeof(from), "%.*s", CHANNEL_QUARANTINE_BYTES - 1, staged);
    else
        (void)snprintf(from, sizeof(from), "staging/%.80s", staged);
    /* Another dispatch may have had the same file, which was hidden since. */
    if (!io_exists(channel->private_dir, from) && !io_exists(channel->info.public_dir, path))
        channel_quarantine_path(path, from);
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
    rc = clear(publish, path, why);
    return rc == SH_OK ? io_batch_move(&publish->batch, &move, why) : rc;
}

/* A row of table pending. */
struct pending_row {
    enum channel_op op;
    char path[TREE_PATH_BYTES], staged[CHANNEL_QUARANTINE_BYTES];
    struct slice data;
};

static int text_of(struct slice from, char *out, size_t size, struct why *why)
{
    if (from.len >= size)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, CHANNEL_DB ": a damaged row in pending");
    if (from.len)
        memcpy(out, from.ptr, from.len);
    out[from.len] = '\0';
    return SH_OK;
}

/* A document of the newest commit: its name is its hash, so what is there is it, or torn. */
static int put_document(struct publish *publish, const char *path, struct slice data,
                        struct why *why)
{
    return publish->repair == CHANNEL_SET_ASIDE ? put_fixed(publish, path, data, why)
                                                : put(publish, path, data, why);
}

static int put_one(struct publish *publish, const struct pending_row *pending, struct why *why)
{
    switch (pending->op) {
    case CHANNEL_OP_PUT:
        return put_document(publish, pending->path, pending->data, why);
    case CHANNEL_OP_SHOW:
        return show_file(publish, pending->staged, pending->path, why);
    case CHANNEL_OP_SEAL:
        return seal_file(publish, pending->staged, pending->path, pending->data, why);
    case CHANNEL_OP_KEEP:
        return keep_file(publish, pending->staged, pending->path, why);
    case CHANNEL_OP_HIDE:
    case CHANNEL_OP_HIDE_SEALED:
    case CHANNEL_OP_PURGE:
    case CHANNEL_OP_PURGE_SEALED:
        return take_away(publish, pending->op, pending->path, why);
    }
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, CHANNEL_DB ": a damaged row in pending");
}

static int put_pending(struct publish *publish, struct why *why)
{
    struct store_query *row;
    struct pending_row pending;
    int step;
    int rc = store_query(publish->channel->store,
                         "SELECT path,staged,data,op FROM pending ORDER BY seq", &row, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(row, why)) == STORE_ROW && rc == SH_OK) {
        rc = text_of(store_blob(row, 0), pending.path, sizeof(pending.path), why);
        if (rc == SH_OK)
            rc = text_of(store_blob(row, 1), pending.staged, sizeof(pending.staged), why);
        if (rc != SH_OK)
            break;
        pending.data = store_blob(row, 2);
        pending.op = (enum channel_op)store_int(row, 3);
        rc = put_one(publish, &pending, why);
    }
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

/*
 * Many files are not waited for one by one but all at once, by syncfs before the checkpoint.
 * A power cut until then may leave some of them empty under their names: the checkpoint is the
 * old one then, so the next start writes each of them again.
 */
static int begin(struct publish *publish, struct why *why)
{
    uint64_t count = 0;
    int rc = store_number(publish->channel->store, "SELECT count(*) FROM pending", &count, why);

    io_batch_init(&publish->batch, publish->channel->info.tmp_dir);
    if (count > LIMIT_BATCH_FILES)
        publish->batch.sync = IO_NO_SYNC;
    return rc;
}

/* Identity notes and certificates that are not in public/; id/current comes last. */
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
        if (rc == SH_OK && strcmp(path, "id/current") != 0 &&
            (publish->repair == CHANNEL_SET_ASIDE ||
             !io_exists(publish->channel->info.public_dir, path)))
            rc = put_fixed(publish, path, store_blob(row, 1), why);
    }
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

struct again {
    struct publish *publish;
    enum channel_op op;
};

/* hide->file */
static int again(void *ctx, const char *path, struct why *why)
{
    const struct again *what = ctx;

    return take_away(what->publish, what->op, path, why);
}

static int hide_again(struct publish *publish, struct why *why)
{
    struct again what = {.publish = publish};
    struct channel_hide hide = {again, &what};
    struct store *store = publish->channel->store;
    struct channel_row row;
    struct store_query *query;
    int step;
    int rc = store_query(store,
                         "SELECT idx FROM entries WHERE withdrawn_by IS NOT NULL AND"
                         " type<>" CHANNEL_TYPE_CORRECT,
                         &query, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        rc = channel_row_get(store, store_int(query, 0), &row, why);
        what.op = channel_hide_op(&row, row.purged_by != CHANNEL_NONE);
        if (rc == SH_OK)
            rc = channel_hidden(store, &row, &hide, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

static int document_of(const struct channel_row *row, const struct channel_hide *hide,
                       struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct entry entry;
    int rc = entry_parse(slice_of(row->line, row->line_len), row->index, &entry, why);

    if (rc != SH_OK)
        return rc;
    tree_document_path(entry.hash, path);
    return hide->file(hide->ctx, path, why);
}

static int corrections_of(struct store *store, uint64_t index, const struct channel_hide *hide,
                          struct why *why)
{
    struct channel_row row;
    struct store_query *query;
    int step;
    int rc = store_query(store,
                         "SELECT idx FROM entries WHERE ref=?1 AND type=" CHANNEL_TYPE_CORRECT,
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        rc = channel_row_get(store, store_int(query, 0), &row, why);
        if (rc == SH_OK)
            rc = document_of(&row, hide, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* Paths that a query gives. */
static int each_path(struct store_query *query, const struct channel_hide *hide,
                     struct why *why)
{
    char path[TREE_PATH_BYTES];
    int step, rc = SH_OK;

    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        rc = text_of(store_blob(query, 0), path, sizeof(path), why);
        if (rc == SH_OK)
            rc = hide->file(hide->ctx, path, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

int channel_files_of(struct store *store, const struct channel_row *row,
                     const struct channel_hide *hide, struct why *why)
{
    struct store_query *query;
    int rc = document_of(row, hide, why);

    if (rc == SH_OK)
        rc = store_query(store, "SELECT path FROM files WHERE idx=?1 ORDER BY path", &query,
                         why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, row->index);
    return each_path(query, hide, why);
}

int channel_hidden(struct store *store, const struct channel_row *row,
                   const struct channel_hide *hide, struct why *why)
{
    /* A file stays where another dispatch needs it in the same place: public, or waiting. */
    static const char blobs[] =
        "SELECT DISTINCT path FROM files AS f WHERE (f.idx=?1 OR f.idx IN (SELECT idx FROM"
        " entries WHERE ref=?1 AND type=" CHANNEL_TYPE_CORRECT ")) AND NOT EXISTS (SELECT 1"
        " FROM files AS o JOIN entries AS e ON e.idx=o.idx WHERE o.path=f.path AND o.idx<>?1"
        " AND e.withdrawn_by IS NULL AND NOT (e.ref IS ?1 AND e.type=" CHANNEL_TYPE_CORRECT
        ") AND (e.type=" CHANNEL_TYPE_SEALED " AND e.opened_by IS NULL)=?2)";
    struct store_query *query;
    int rc = document_of(row, hide, why);

    if (rc == SH_OK)
        rc = corrections_of(store, row->index, hide, why);
    if (rc == SH_OK)
        rc = store_query(store, blobs, &query, why);
    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, row->index);
    store_bind_int(query, 2, row->type == ENTRY_SEALED && row->opened_by == CHANNEL_NONE);
    return each_path(query, hide, why);
}

int channel_goes(struct channel *channel, uint64_t index, const struct channel_hide *each,
                 struct why *why)
{
    struct channel_row row;
    int rc = channel_row_get(channel->store, index, &row, why);

    return rc == SH_OK ? channel_hidden(channel->store, &row, each, why) : rc;
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

static int put_checkpoint(const struct publish *publish, struct why *why)
{
    const struct channel *channel = publish->channel;
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = "checkpoint",
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .mtime_s = channel->state.stamp,
                               .sync = IO_SYNC};
    int rc = clear(publish, target.path, why);

    return rc == SH_OK ? io_replace(&target, bytes_view(&channel->state.note), why) : rc;
}

/* The highest identity note under its second name, after the checkpoint with its entry. */
static int put_current(const struct publish *publish, struct why *why)
{
    const struct channel *channel = publish->channel;
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = "id/current",
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .mtime_s = channel->state.stamp,
                               .sync = IO_SYNC};
    enum there there = THERE_NOT;
    struct bytes note;
    int rc;

    bytes_init(&note, LIMIT_NOTE_BYTES);
    rc = channel_kept_get(channel->store, target.path, &note, why);
    if (rc == SH_OK)
        rc = compare(publish, target.path, bytes_view(&note), &there, why);
    if (rc == SH_OK && there != THERE_EQUAL)
        rc = io_replace(&target, bytes_view(&note), why);
    bytes_release(&note);
    return rc;
}

/* All that the checkpoint speaks of is durable before it is there; gives rc or worse. */
static int finish(struct publish *publish, int rc, struct why *why)
{
    if (rc == SH_OK)
        rc = io_batch_done(&publish->batch, why);
    if (rc == SH_OK && publish->batch.sync == IO_NO_SYNC &&
        syncfs(publish->channel->info.public_dir) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "public/: the disk did not take the documents");
    if (rc == SH_OK)
        rc = put_checkpoint(publish, why);
    if (rc == SH_OK)
        rc = put_current(publish, why);
    if (rc == SH_OK)
        publish->channel->shown = publish->channel->state.size;
    io_batch_release(&publish->batch);
    return rc;
}

static int run(struct publish *publish, struct why *why)
{
    int rc = begin(publish, why);

    if (rc == SH_OK && publish->repair == CHANNEL_SET_ASIDE)
        rc = channel_ways_clear(publish->channel, why);
    if (rc == SH_OK)
        rc = put_kept(publish, why);
    if (rc == SH_OK)
        rc = put_log(publish, why);
    if (rc == SH_OK)
        rc = put_pending(publish, why);
    if (rc == SH_OK && publish->all)
        rc = hide_again(publish, why);
    return finish(publish, rc, why);
}

int channel_publish_last(struct channel *channel, struct why *why)
{
    struct publish publish = {.channel = channel, .repair = CHANNEL_KEEP};

    return run(&publish, why);
}

int channel_publish_all(struct channel *channel, enum channel_repair repair, struct why *why)
{
    struct publish publish = {.channel = channel, .repair = repair, .all = true};
    uint8_t root[TLOG_HASH_BYTES];
    int rc = channel_root_at(channel->store, channel->state.size, root, why);

    if (rc != SH_OK)
        return rc;
    if (memcmp(root, channel->state.root, sizeof(root)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       CHANNEL_DB ": its entries do not give the root that was signed");
    channel_edge_release(&channel->edge);
    channel_edge_init(&channel->edge);
    return run(&publish, why);
}
