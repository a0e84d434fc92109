/* A consistent copy of one size, while others post: see channel.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

#define PART_PATH_BYTES 160

struct snapshot {
    struct channel *channel;
    const struct channel_sink *sink;
    struct channel *again;      /* opened anew when a slot was taken meanwhile, or NULL */
    struct channel_job waiting; /* links to what waits for a slot */
    const char *at;             /* the one of these at hand */
};

static int give(struct snapshot *snapshot, int fd, const char *path, struct why *why)
{
    struct channel_part part = {.path = path, .fd = fd};
    struct stat st;

    if (fstat(fd, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: cannot be read", path);
    part.mode = strncmp(path, "public/", 7) == 0 ? 0644 : 0600;
    part.mtime_s = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec : 0;
    part.bytes = (uint64_t)st.st_size;
    return snapshot->sink->part(snapshot->sink->ctx, &part, why);
}

/* HOME/<root>/<path>; SH_ENOTFOUND without a cause when it is not there. */
static int give_file(struct snapshot *snapshot, const char *root, const char *path,
                     struct why *why)
{
    struct channel *channel = snapshot->channel;
    int dir = strcmp(root, "public") == 0 ? channel->info.public_dir : channel->private_dir;
    char name[PART_PATH_BYTES];
    struct why cause = {0};
    int fd = -1;
    int rc = io_open_file(dir, path, &fd, &cause);

    if (rc == SH_ENOTFOUND)
        return rc;
    if (rc != SH_OK)
        return why_set(why, rc, WHY_NOWHERE, "%s/%.200s", root, cause.text);
    (void)snprintf(name, sizeof(name), "%s/%.120s", root, path);
    rc = give(snapshot, fd, name, why);
    io_close(&fd);
    return rc;
}

static int missing(int rc, const char *path, struct why *why)
{
    if (rc != SH_ENOTFOUND)
        return rc;
    return why_set(why, rc, WHY_NOWHERE,
                   "public/%s: not there; `stillhere verify` says what else is missing", path);
}

/* ---- the log ---- */

static int give_tile(struct snapshot *snapshot, const struct tlog_tile *tile, struct why *why)
{
    char path[TLOG_PATH_BYTES];
    int rc = tlog_tile_path(tile, path, why);

    return rc == SH_OK ? missing(give_file(snapshot, "public", path, why), path, why) : rc;
}

/* Full tiles of a level, and the partial ones of its last tile. */
static int give_level(struct snapshot *snapshot, uint8_t level, uint64_t size, struct why *why)
{
    uint8_t height = level == TLOG_LEVEL_ENTRIES ? 0 : level;
    struct tlog_tile tile = {.level = level, .width = TLOG_TILE_WIDTH};
    uint64_t full = (size >> (8 * height)) / TLOG_TILE_WIDTH;
    uint16_t width = tlog_partial_width(size, height);
    char path[TLOG_PATH_BYTES];
    int rc = SH_OK;

    for (; tile.number < full && rc == SH_OK; tile.number++)
        rc = give_tile(snapshot, &tile, why);
    for (tile.width = 1; tile.width < width && rc == SH_OK; tile.width++) {
        rc = tlog_tile_path(&tile, path, why);
        /* Of smaller sizes: not every size was published. */
        if (rc == SH_OK && io_exists(snapshot->channel->info.public_dir, path))
            rc = give_tile(snapshot, &tile, why);
    }
    if (rc == SH_OK && width)
        rc = give_tile(snapshot, &tile, why);
    return rc;
}

static int give_log(struct snapshot *snapshot, struct why *why)
{
    uint64_t size = snapshot->channel->state.size;
    int rc = give_level(snapshot, TLOG_LEVEL_ENTRIES, size, why);

    for (uint8_t level = 0; level < CHANNEL_LEVELS && rc == SH_OK; level++)
        rc = give_level(snapshot, level, size, why);
    return rc;
}

/* ---- documents and blobs ---- */

/*
 * A withdrawal moves from public/ to quarantine, never back.  A file that the snapshot shows as
 * public may have moved since: it is given under the place that it had.
 */
static int give_shown(struct snapshot *snapshot, const char *path, struct why *why)
{
    struct channel *channel = snapshot->channel;
    char hidden[CHANNEL_QUARANTINE_BYTES], name[PART_PATH_BYTES];
    int fd = -1;
    int rc = give_file(snapshot, "public", path, why);

    if (rc != SH_ENOTFOUND)
        return rc;
    channel_quarantine_path(path, hidden);
    rc = io_open_file(channel->private_dir, hidden, &fd, NULL);
    if (rc != SH_OK)
        return missing(SH_ENOTFOUND, path, why);
    (void)snprintf(name, sizeof(name), "public/%.120s", path);
    rc = give(snapshot, fd, name, why);
    io_close(&fd);
    return rc;
}

/* A sealed original; one that is gone was purged meanwhile, or never here. */
static int give_original(struct snapshot *snapshot, const char *path, struct why *why)
{
    int rc = give_file(snapshot, "private", path, why);

    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* hide->file for a dispatch withdrawn before the snapshot: it is in quarantine, or gone. */
static int give_hidden(void *ctx, const char *path, struct why *why)
{
    char hidden[CHANNEL_QUARANTINE_BYTES];
    int rc;

    if (original_is_path(path))
        return give_original(ctx, path, why);
    channel_quarantine_path(path, hidden);
    rc = give_file(ctx, "private", hidden, why);
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/*
 * hide->file for a sealed entry that was not opened: a cover has no files.  It may have been
 * opened or withdrawn since; then its files are given under the place that they had.
 */
static int give_sealed(void *ctx, const char *path, struct why *why)
{
    struct snapshot *snapshot = ctx;
    struct channel *channel = snapshot->channel;
    char sealed[CHANNEL_QUARANTINE_BYTES], hidden[CHANNEL_QUARANTINE_BYTES],
        name[PART_PATH_BYTES], at[TREE_PATH_BYTES + 4];
    int fd = -1;
    int rc;

    if (original_is_path(path))
        return give_original(snapshot, path, why);
    channel_sealed_path(path, sealed);
    rc = give_file(snapshot, "private", sealed, why);
    (void)snprintf(at, sizeof(at), "%s.at", path);
    if (rc == SH_OK && path[0] == 'd') {
        channel_sealed_path(at, sealed);
        rc = give_file(snapshot, "private", sealed, why);
    }
    if (rc != SH_ENOTFOUND)
        return rc;
    channel_quarantine_path(path, hidden);
    if (io_open_file(channel->info.public_dir, path, &fd, NULL) != SH_OK &&
        io_open_file(channel->private_dir, hidden, &fd, NULL) != SH_OK)
        return SH_OK;
    channel_sealed_path(path, sealed);
    (void)snprintf(name, sizeof(name), "private/%.120s", sealed);
    rc = give(snapshot, fd, name, why);
    io_close(&fd);
    return rc;
}

/* Is index the first entry, not withdrawn, that names path? */
static int is_first(struct store *store, uint64_t index, const char *path, bool *first,
                    struct why *why)
{
    struct store_query *query;
    int rc = store_query(store,
                         "SELECT 1 FROM files AS f JOIN entries AS e ON e.idx=f.idx WHERE"
                         " f.idx<?1 AND f.path=?2 AND e.withdrawn_by IS NULL AND NOT "
                         "(e.type=" CHANNEL_TYPE_SEALED " AND e.opened_by IS NULL) LIMIT 1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    store_bind_text(query, 2, path);
    rc = store_step(query, why);
    store_done(query);
    *first = rc == STORE_END;
    return rc < 0 ? rc : SH_OK;
}

static int give_blobs(struct snapshot *snapshot, uint64_t index, struct why *why)
{
    struct store *store = snapshot->channel->store;
    char path[TREE_PATH_BYTES];
    struct store_query *query;
    struct slice text;
    bool first = false;
    int step;
    int rc = store_query(store, "SELECT path FROM files WHERE idx=?1", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        text = store_blob(query, 0);
        if (text.len >= sizeof(path))
            continue;
        memcpy(path, text.ptr, text.len);
        path[text.len] = '\0';
        rc = is_first(store, index, path, &first, why);
        if (rc == SH_OK && first)
            rc = original_is_path(path) ? give_original(snapshot, path, why)
                                        : give_shown(snapshot, path, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

static int give_entry(struct snapshot *snapshot, const struct channel_row *row, struct why *why)
{
    struct channel_hide hidden = {give_hidden, snapshot}, waiting = {give_sealed, snapshot};
    char path[TREE_PATH_BYTES];
    struct entry entry;
    int rc;

    if (row->type == ENTRY_IDENTITY || row->type == ENTRY_UNKNOWN)
        return SH_OK;
    if (row->withdrawn_by != CHANNEL_NONE)
        return channel_hidden(snapshot->channel->store, row, &hidden, why);
    if (row->type == ENTRY_SEALED && row->opened_by == CHANNEL_NONE)
        return channel_files_of(snapshot->channel->store, row, &waiting, why);
    rc = entry_parse(slice_of(row->line, row->line_len), row->index, &entry, why);
    if (rc != SH_OK)
        return rc;
    tree_document_path(entry.hash, path);
    rc = give_shown(snapshot, path, why);
    return rc == SH_OK ? give_blobs(snapshot, row->index, why) : rc;
}

static int give_entries(struct snapshot *snapshot, struct why *why)
{
    struct channel *channel = snapshot->channel;
    struct channel_row row;
    int rc = SH_OK;

    for (uint64_t index = 0; index < channel->state.size && rc == SH_OK; index++) {
        rc = channel_row_get(channel->store, index, &row, why);
        if (rc == SH_OK)
            rc = give_entry(snapshot, &row, why);
    }
    return rc;
}

/* ---- the rest ---- */

static int give_kept(struct snapshot *snapshot, struct why *why)
{
    struct store_query *row;
    char name[PART_PATH_BYTES];
    struct channel_part part;
    int step;
    int rc = store_query(snapshot->channel->store, "SELECT path,data FROM kept ORDER BY path",
                         &row, why);

    if (rc != SH_OK)
        return rc;
    while ((step = store_step(row, why)) == STORE_ROW && rc == SH_OK) {
        struct slice path = store_blob(row, 0);

        (void)snprintf(name, sizeof(name), "public/%.*s",
                       (int)(path.len < 120 ? path.len : 120), (const char *)path.ptr);
        part = (struct channel_part){.path = name,
                                     .mode = 0644,
                                     .mtime_s = snapshot->channel->state.stamp,
                                     .fd = -1,
                                     .data = store_blob(row, 1)};
        part.bytes = part.data.len;
        rc = snapshot->sink->part(snapshot->sink->ctx, &part, why);
    }
    store_done(row);
    return rc == SH_OK && step < 0 ? step : rc;
}

static int give_key(struct snapshot *snapshot, const char *stem, const char *id,
                    struct why *why)
{
    char path[CHANNEL_KEY_PATH_BYTES];
    int rc;

    channel_key_path(snapshot->channel->private_dir, stem, id, path);
    rc = give_file(snapshot, "private", path, why);
    return rc == SH_ENOTFOUND ? why_set(why, rc, WHY_NOWHERE, "private/%s: not there", path)
                              : rc;
}

/* The keys that speak now, and the one before while it signs too. */
static int give_keys(struct snapshot *snapshot, struct why *why)
{
    const struct channel_info *info = &snapshot->channel->info;
    const struct identity_key *ca =
        identity_key_open(channel_identity(snapshot->channel), KEY_C2PA_CA);
    int rc = give_key(snapshot, "log", info->log_id, why);

    if (rc == SH_OK && ca)
        rc = give_key(snapshot, "c2pa-ca", ca->id, why);
    /* Without it the next checkpoint has one signature less. */
    if (rc == SH_OK && info->has_before &&
        give_key(snapshot, "log", info->before_id, NULL) == SH_EIO)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "private/keys: cannot be read");
    return rc;
}

/* Settings are the person's own: a channel may have none. */
static int give_settings(struct snapshot *snapshot, struct why *why)
{
    int rc = give_file(snapshot, "private", CHANNEL_SETTINGS, why);

    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* The copy is made in a job's folder: no other process sweeps that while we live. */
static int give_db(struct snapshot *snapshot, struct why *why)
{
    struct channel *channel = snapshot->channel;
    char below[96], path[LIMIT_HOME_BYTES + sizeof(below)];
    struct channel_job job;
    int fd = -1;
    int rc = channel_job_new(channel->home, &job, why);

    if (rc != SH_OK)
        return rc;
    (void)snprintf(path, sizeof(path), "%s/private/staging/%s/copy.db", channel->home,
                   job.name);
    rc = store_copy(channel->store, path, why);
    if (rc == SH_OK)
        rc = io_open_file(job.dir, "copy.db", &fd, why);
    if (rc == SH_OK)
        rc = give(snapshot, fd, "private/" CHANNEL_DB, why);
    io_close(&fd);
    channel_job_drop(&job);
    return rc;
}

/* ---- what waits for a slot ---- */

/* each->name: a file of it. */
static int give_held(void *ctx, int dir, const char *name, struct why *why)
{
    struct snapshot *snapshot = ctx;
    char path[PART_PATH_BYTES];
    int fd = -1;
    int rc = io_open_file(dir, name, &fd, why);

    (void)snprintf(path, sizeof(path), "private/" CHANNEL_WAITING "/%.31s/%.40s", snapshot->at,
                   name);
    if (rc == SH_OK)
        rc = give(snapshot, fd, path, why);
    io_close(&fd);
    return rc;
}

/* each->name: one that waits. */
static int give_folder(void *ctx, int dir, const char *name, struct why *why)
{
    struct snapshot *snapshot = ctx;
    struct channel_names each = {give_held, snapshot};

    snapshot->at = name;
    return channel_names(dir, name, &each, why);
}

static int give_waiting(struct snapshot *snapshot, struct why *why)
{
    struct channel_names each = {give_folder, snapshot};

    return channel_names(snapshot->waiting.dir, ".", &each, why);
}

/* In our view, what a slot took is in the log, or in the folder still: never in neither. */
static int hold_waiting(struct snapshot *snapshot, struct why *why)
{
    char home[LIMIT_HOME_BYTES];
    int rc = SH_ECONFLICT;

    memcpy(home, snapshot->channel->home, sizeof(home));
    for (unsigned tries = 0; tries < 5 && rc == SH_ECONFLICT; tries++) {
        if (tries) {
            channel_close(snapshot->again);
            snapshot->again = NULL;
            rc = channel_open(home, CHANNEL_LOOK, &snapshot->again, why);
            if (rc != SH_OK)
                return rc;
            snapshot->channel = snapshot->again;
        }
        *why = (struct why){0};
        rc = channel_hold_waiting(snapshot->channel, &snapshot->waiting, why);
    }
    return rc;
}

static int give_all(struct snapshot *snapshot, struct why *why)
{
    const struct channel_state *state = &snapshot->channel->state;
    struct channel_part checkpoint = {.path = "public/checkpoint",
                                      .mode = 0644,
                                      .mtime_s = state->stamp,
                                      .bytes = state->note.len,
                                      .fd = -1,
                                      .data = bytes_view(&state->note)};
    int rc = give_kept(snapshot, why);

    if (rc == SH_OK)
        rc = give_log(snapshot, why);
    if (rc == SH_OK)
        rc = give_entries(snapshot, why);
    if (rc == SH_OK)
        rc = give_waiting(snapshot, why);
    if (rc == SH_OK)
        rc = give_keys(snapshot, why);
    if (rc == SH_OK)
        rc = give_settings(snapshot, why);
    if (rc == SH_OK)
        rc = give_db(snapshot, why);
    return rc == SH_OK ? snapshot->sink->part(snapshot->sink->ctx, &checkpoint, why) : rc;
}

int channel_snapshot(struct channel *channel, const struct channel_sink *sink, struct why *why)
{
    struct snapshot snapshot = {
        .channel = channel, .sink = sink, .waiting = {.dir = -1, .staging = -1}};
    int rc = hold_waiting(&snapshot, why);

    if (rc == SH_OK)
        rc = give_all(&snapshot, why);
    channel_job_drop(&snapshot.waiting);
    channel_close(snapshot.again);
    return rc;
}
