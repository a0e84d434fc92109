/*
 * A restored channel catches up with a newer copy of itself: files first, then the checkpoint,
 * then the index anew; the mark of the restore goes last, so a run that was cut off is begun
 * again.
 */
#include <stdio.h>
#include <string.h>

#include "channel/channel_int.h"

/* The texts of our notes must be those of the copy, which may have more. */
static int compare_chains(struct channel *channel, struct channel_copy *copy, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&copy->chain);
    char path[TREE_PATH_BYTES];
    struct bytes ours, theirs;
    struct tlog_note a, b;
    int rc = SH_OK;

    if (memcmp(newest->channel.hash, channel->info.id.hash, 32) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE, "the copy is of another channel: %s",
                       newest->channel.text);
    if (newest->number < channel->info.identity_number)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the copy is older: it knows %ju identity notes, this channel %ju",
                       (uintmax_t)newest->number + 1,
                       (uintmax_t)channel->info.identity_number + 1);
    bytes_init(&ours, LIMIT_NOTE_BYTES);
    bytes_init(&theirs, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number <= channel->info.identity_number && rc == SH_OK;
         number++) {
        tree_identity_path(number, path);
        rc = channel_identity_note(channel, number, &ours, why);
        if (rc == SH_OK)
            rc = io_read(copy->dir, path, &theirs, why);
        if (rc == SH_OK)
            rc = tlog_note_parse(bytes_view(&ours), &a, why);
        if (rc == SH_OK)
            rc = tlog_note_parse(bytes_view(&theirs), &b, why);
        if (rc == SH_OK && !slice_equal(a.text, b.text))
            rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                         "the copy has another %s: two histories of the keys; keep both, sign "
                         "nothing",
                         path);
    }
    bytes_release(&ours);
    bytes_release(&theirs);
    return rc;
}

/*
 * Without the secret that the newest note names nothing could be signed afterwards.  A backup
 * has the secrets of its own newest note, so the names are compared: this process reads the
 * copy, and must not read a secret.
 */
static int compare_keys(struct channel *channel, struct channel_copy *copy, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&copy->chain);
    const struct identity_key *log = identity_key_open(newest, KEY_LOG),
                              *ca = identity_key_open(newest, KEY_C2PA_CA),
                              *ours = identity_key_open(channel_identity(channel), KEY_C2PA_CA);
    bool same_ca = !ca || (ours && strcmp(ca->id, ours->id) == 0);

    if (log && strcmp(log->id, channel->info.log_id) == 0 && same_ca)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "the copy's newest %s key is not in this backup: the keys were changed "
                   "after it; go on from the copy with `stillhere key recover --from`, in a "
                   "new directory",
                   same_ca ? "log" : "c2pa-ca");
}

/* A copy that shows nothing new is no sign that nothing new exists. */
static int compare_sizes(struct channel_copy *copy, uint64_t restored, struct why *why)
{
    if (copy->size > restored)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "the copy is %s: it has %ju entries, the backup %ju; it cannot show that "
                   "nothing was published after the backup, so nothing is signed here yet. "
                   "Look for a newer copy; when you know that none exists anywhere, `stillhere "
                   "recover --i-know` goes on from here",
                   copy->size < restored ? "older than the backup" : "as old as the backup",
                   (uintmax_t)copy->size, (uintmax_t)restored);
}

static int compare_logs(struct channel *channel, struct channel_copy *copy, struct why *why)
{
    const struct channel_state *state = &channel->state;
    uint8_t root[TLOG_HASH_BYTES];
    int rc;

    if (copy->size < state->size) /* An earlier copy was taken over, and cut off in between. */
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the copy is older: it has %ju entries, this channel %ju; it cannot "
                       "show that nothing newer exists",
                       (uintmax_t)copy->size, (uintmax_t)state->size);
    rc = channel_copy_root(copy, state->size, root, why);
    if (rc == SH_OK && memcmp(root, state->root, sizeof(root)) != 0)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                     "the copy and this channel hold two histories that part before entry %ju: "
                     "keep both, sign nothing, and see which one mirrors and readers hold",
                     (uintmax_t)state->size);
    return rc;
}

/* ---- files ---- */

struct fetch {
    struct channel *channel;
    struct channel_copy *copy;
    struct tlog_range range;
    bool stamps; /* the copy has some */
};

static int take_blobs(struct fetch *fetch, const char *document, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct document doc;
    struct arena arena;
    struct bytes raw;
    int rc = SH_OK;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    if (io_read(fetch->channel->info.public_dir, document, &raw, NULL) == SH_OK &&
        document_parse(bytes_view(&raw), &arena, &doc, NULL) == SH_OK)
        for (size_t i = 0; i < doc.blob_count && rc == SH_OK; i++)
            if (tree_blob_path(doc.blobs[i].sha256, doc.blobs[i].mime, path, NULL) == SH_OK)
                rc = channel_copy_take(fetch->copy, fetch->channel, path, why);
    bytes_release(&raw);
    arena_release(&arena);
    return rc;
}

/* taker->line */
static int take_line(void *ctx, uint64_t index, struct slice line, struct why *why)
{
    struct fetch *fetch = ctx;
    uint8_t leaf[TLOG_HASH_BYTES], root[TLOG_HASH_BYTES];
    char path[TREE_PATH_BYTES];
    struct entry entry;
    int rc = entry_parse(line, index, &entry, why);

    tlog_leaf_hash(line, leaf);
    tlog_range_append(&fetch->range, leaf);
    tlog_range_root(&fetch->range, root);
    if (rc == SH_OK && fetch->stamps)
        rc = channel_copy_stamps(fetch->copy, fetch->channel, fetch->range.size, root, why);
    if (rc != SH_OK || entry.type == ENTRY_IDENTITY)
        return rc;
    tree_document_path(entry.hash, path);
    rc = channel_copy_take(fetch->copy, fetch->channel, path, why);
    return rc == SH_OK ? take_blobs(fetch, path, why) : rc;
}

static int put(struct channel *channel, const char *path, struct slice data, struct why *why)
{
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = path,
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .sync = IO_SYNC};

    return io_replace(&target, data, why);
}

static int take_identity(struct channel *channel, struct channel_copy *copy, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&copy->chain);
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = channel->info.identity_number + 1;
         number <= newest->number && rc == SH_OK; number++) {
        tree_identity_path(number, path);
        rc = io_read(copy->dir, path, &raw, why);
        if (rc == SH_OK)
            rc = put(channel, path, bytes_view(&raw), why);
    }
    for (size_t i = 0; i < newest->key_count && rc == SH_OK; i++) {
        if (newest->keys[i].role != KEY_C2PA_CA)
            continue;
        (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", newest->keys[i].id);
        if (!io_exists(channel->info.public_dir, path) &&
            io_read(copy->dir, path, &raw, NULL) == SH_OK)
            rc = put(channel, path, bytes_view(&raw), why);
    }
    bytes_release(&raw);
    return rc;
}

static int take_all(struct channel *channel, struct channel_copy *copy, struct why *why)
{
    struct fetch fetch = {
        .channel = channel, .copy = copy, .stamps = io_exists(copy->dir, "cp")};
    struct channel_taker taker = {take_line, &fetch};
    char path[TLOG_PATH_BYTES];
    int rc;

    tlog_range_init(&fetch.range);
    rc = channel_copy_walk(copy, copy->size, &taker, why);
    if (rc == SH_OK)
        rc = take_identity(channel, copy, why);
    for (uint64_t at = 0; at < copy->size && rc == SH_OK; at += TLOG_TILE_WIDTH) {
        rc = channel_copy_tile(copy, at / TLOG_TILE_WIDTH, path, why);
        if (rc == SH_OK && !io_exists(channel->info.public_dir, path))
            rc = put(channel, path, bytes_view(&copy->tile), why);
    }
    return rc == SH_OK ? put(channel, "checkpoint", bytes_view(&copy->note), why) : rc;
}

/*
 * The size of the log in the backup: it stays in the mark while a copy is taken over, so that a
 * run after one that was cut off still knows what was new.
 */
static int restored_size(struct channel *channel, uint64_t *size, struct why *why)
{
    static const char word[] = " size ";
    char text[64];
    struct io_target target = {
        channel->private_dir, CHANNEL_MARK, channel->info.tmp_dir, 0600, 0, IO_SYNC};
    struct slice line, number;
    struct bytes raw;
    size_t at = 0;
    int rc;

    *size = channel->state.size;
    bytes_init(&raw, 256);
    rc = io_read(channel->private_dir, CHANNEL_MARK, &raw, why);
    line = slice_sub(bytes_view(&raw), 0, slice_find(bytes_view(&raw), 0, '\n'));
    while (at < line.len && !slice_starts(slice_sub(line, at, line.len - at), word))
        at++;
    number = slice_sub(line, at, line.len - at);
    if (rc == SH_OK && number.len &&
        decimal_parse(slice_sub(number, sizeof(word) - 1, number.len - (sizeof(word) - 1)),
                      LIMIT_LOG_SIZE, size))
        goto out;
    (void)snprintf(text, sizeof(text), "restored %ju size %ju\n", (uintmax_t)io_now(),
                   (uintmax_t)*size);
    if (rc == SH_OK)
        rc = io_replace(&target, slice_text(text), why);
out:
    bytes_release(&raw);
    return rc;
}

static int catch_up(struct channel *channel, const char *home, struct channel_copy *copy,
                    uint64_t *restored, struct why *why)
{
    int rc = channel_home_open(home, CHANNEL_WRITE, channel, why);

    if (rc != SH_OK)
        return rc;
    if (!io_exists(channel->private_dir, CHANNEL_MARK))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.200s: no restore is marked here; there is nothing to recover from",
                       home);
    rc = channel_store_write(channel, why);
    if (rc == SH_OK)
        rc = compare_chains(channel, copy, why);
    if (rc == SH_OK)
        rc = compare_keys(channel, copy, why);
    if (rc == SH_OK)
        rc = restored_size(channel, restored, why);
    if (rc == SH_OK)
        rc = compare_sizes(copy, *restored, why);
    if (rc == SH_OK)
        rc = compare_logs(channel, copy, why);
    return rc == SH_OK ? take_all(channel, copy, why) : rc;
}

int channel_catch_up(const char *home, struct channel_copy *copy, uint64_t *newer,
                     struct why *why)
{
    struct channel *channel = NULL;
    char reason[64];
    uint64_t restored = 0;
    int rc = channel_new(&channel, why);

    if (rc == SH_OK)
        rc = catch_up(channel, home, copy, &restored, why);
    if (rc == SH_OK)
        *newer = copy->size - restored;
    channel_close(channel);
    if (rc == SH_OK)
        rc = channel_rebuild(home, why);
    (void)snprintf(reason, sizeof(reason), "caught up with a copy of %ju entries",
                   (uintmax_t)copy->size);
    return rc == SH_OK ? channel_forgive(home, reason, why) : rc;
}
