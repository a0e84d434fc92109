/* A copy of a public tree, wherever it came from: verified while read, taken file by file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define COPY_BLOCK 65536

static int load_chain(struct channel_copy *copy, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct why cause = {0};
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number <= LIMIT_IDENTITY_NOTES && rc == SH_OK; number++) {
        tree_identity_path(number, path);
        rc = io_read(copy->dir, path, &raw, &cause);
        if (rc == SH_ENOTFOUND && number) {
            rc = SH_OK;
            break;
        }
        if (rc == SH_OK)
            rc = identity_chain_add(&copy->chain, bytes_view(&raw), &cause);
        if (rc != SH_OK)
            (void)why_set(why, rc, cause.offset, "the copy's %s: %.300s", path, cause.text);
    }
    bytes_release(&raw);
    return rc;
}

/* Of the branch that its newest note names, signed by a log key that was open at its end. */
static int check_checkpoint(struct channel_copy *copy, const struct tlog_note *note,
                            const struct tlog_checkpoint *shown, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&copy->chain);
    const struct identity_key *listed;
    char origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_key key;

    channel_branch_origin(&newest->channel, copy->chain.branch, origin);
    if (!slice_equal(shown->origin, slice_text(origin)))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the copy's checkpoint is of \"%.*s\", expected \"%s\"",
                       (int)shown->origin.len, (const char *)shown->origin.ptr, origin);
    for (size_t i = 0; i < newest->key_count; i++) {
        listed = &newest->keys[i];
        if (listed->role == KEY_LOG && listed->from < shown->size &&
            shown->size <= listed->until &&
            tlog_key_init(&key, origin, TLOG_ED25519, listed->bytes, NULL) == SH_OK &&
            tlog_note_verdict(note, &key) == TLOG_GOOD)
            return SH_OK;
    }
    return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                   "the copy's checkpoint is not signed by the channel's log key");
}

static int load_checkpoint(struct channel_copy *copy, struct why *why)
{
    struct tlog_checkpoint shown = {.size = 0};
    struct why cause = {0};
    struct tlog_note note;
    int rc = io_read(copy->dir, "checkpoint", &copy->note, &cause);

    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&copy->note), &note, &cause);
    if (rc == SH_OK)
        rc = tlog_checkpoint_parse(note.text, &shown, &cause);
    if (rc == SH_OK && !shown.size)
        rc = why_set(&cause, SH_EFORMAT, WHY_NOWHERE, "no entries");
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "the copy's checkpoint: %.300s", cause.text);
    copy->size = shown.size;
    memcpy(copy->root, shown.root, sizeof(copy->root));
    return check_checkpoint(copy, &note, &shown, why);
}

int channel_copy_tile(struct channel_copy *copy, uint64_t number, char path[TLOG_PATH_BYTES],
                      struct why *why)
{
    uint64_t left = copy->size - number * TLOG_TILE_WIDTH;
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number,
                             (uint16_t)(left < TLOG_TILE_WIDTH ? left : TLOG_TILE_WIDTH)};
    int rc = tlog_tile_path(&tile, path, why);

    return rc == SH_OK ? why_name(why, io_read(copy->dir, path, &copy->tile, why), "the copy")
                       : rc;
}

int channel_copy_walk(struct channel_copy *copy, uint64_t size,
                      const struct channel_taker *taker, struct why *why)
{
    char path[TLOG_PATH_BYTES];
    struct cursor cur = {0};
    struct slice line;
    int rc = SH_OK;

    for (uint64_t index = 0; index < size && rc == SH_OK; index++) {
        if (index % TLOG_TILE_WIDTH == 0) {
            rc = channel_copy_tile(copy, index / TLOG_TILE_WIDTH, path, why);
            cur = cursor_of(bytes_view(&copy->tile));
        }
        if (rc == SH_OK && !tlog_entry_tile_next(&cur, &line))
            rc = why_set(why, SH_EFORMAT, cur.at, "the copy's entry %ju is cut",
                         (uintmax_t)index);
        if (rc == SH_OK)
            rc = taker->line(taker->ctx, index, line, why);
    }
    return rc;
}

struct roots {
    struct tlog_range range;
};

/* taker->line */
static int hash_line(void *ctx, uint64_t index, struct slice line, struct why *why)
{
    struct roots *roots = ctx;
    uint8_t leaf[TLOG_HASH_BYTES];

    (void)index;
    (void)why;
    tlog_leaf_hash(line, leaf);
    tlog_range_append(&roots->range, leaf);
    return SH_OK;
}

int channel_copy_root(struct channel_copy *copy, uint64_t size, uint8_t root[TLOG_HASH_BYTES],
                      struct why *why)
{
    struct roots roots;
    struct channel_taker taker = {hash_line, &roots};
    int rc;

    tlog_range_init(&roots.range);
    rc = channel_copy_walk(copy, size, &taker, why);
    tlog_range_root(&roots.range, root);
    return rc;
}

static int load(struct channel_copy *copy, struct why *why)
{
    uint8_t root[TLOG_HASH_BYTES];
    int rc = load_chain(copy, why);

    if (rc == SH_OK)
        rc = load_checkpoint(copy, why);
    if (rc == SH_OK)
        rc = channel_copy_root(copy, copy->size, root, why);
    if (rc == SH_OK && memcmp(root, copy->root, sizeof(root)) != 0)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                     "the copy's entries are not those that its checkpoint signs");
    return rc;
}

int channel_copy_dir(const char *path, int *dir, struct why *why)
{
    int home = -1;
    int rc = io_open_dir(AT_FDCWD, path, &home, why);

    if (rc == SH_OK && !io_exists(home, "checkpoint") && io_exists(home, "public"))
        rc = io_open_dir(home, "public", dir, why);
    else if (rc == SH_OK)
        rc = io_open_dir(home, ".", dir, why);
    if (rc == SH_OK && !io_exists(*dir, "checkpoint")) {
        io_close(dir);
        rc =
            why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                    "%.300s: there is no checkpoint in it: name a channel's home, or a copy of "
                    "its public folder",
                    path);
    }
    io_close(&home);
    return rc;
}

int channel_copy_open_at(int dir, struct channel_copy *copy, struct why *why)
{
    *copy = (struct channel_copy){.dir = dir};
    identity_chain_init(&copy->chain);
    bytes_init(&copy->note, LIMIT_NOTE_BYTES);
    bytes_init(&copy->tile, CHANNEL_ENTRY_TILE_BYTES);
    return load(copy, why);
}

int channel_copy_open(const char *path, struct channel_copy *copy, struct why *why)
{
    int dir = -1;
    int rc;

    *copy = (struct channel_copy){.dir = -1};
    rc = channel_copy_dir(path, &dir, why);
    return rc == SH_OK ? channel_copy_open_at(dir, copy, why) : rc;
}

void channel_copy_close(struct channel_copy *copy)
{
    io_close(&copy->dir);
    identity_chain_release(&copy->chain);
    bytes_release(&copy->note);
    bytes_release(&copy->tile);
}

/* ---- files ---- */

struct transfer {
    int in, out;
    struct crypt_sha256 sha;
    uint64_t bytes;
};

static int pump(struct transfer *transfer, const char *path, struct why *why)
{
    uint8_t block[COPY_BLOCK];
    ssize_t got;
    int rc = SH_OK;

    crypto.sha256_init(&transfer->sha);
    while (rc == SH_OK) {
        got = read(transfer->in, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, "the copy's %s: %s", path,
                           strerror(errno));
        if (!got)
            break;
        transfer->bytes += (uint64_t)got;
        if (transfer->bytes > LIMIT_CLIP_BYTES)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the copy's %s: too large", path);
        crypto.sha256_update(&transfer->sha, slice_of(block, (size_t)got));
        rc = io_write_fd(transfer->out, slice_of(block, (size_t)got), why);
    }
    return rc;
}

/* Under a name of its own until the hash in the file's name turned out right. */
static int take_one(struct channel_copy *copy, struct channel *channel, const char *path,
                    const char *temporary, struct why *why)
{
    struct transfer transfer = {.in = -1, .out = -1};
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    struct stat st;
    int rc = io_open_file(copy->dir, path, &transfer.in, why);

    if (rc != SH_OK)
        return rc;
    transfer.out = openat(channel->info.tmp_dir, temporary,
                          O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (transfer.out < 0 || fchmod(transfer.out, 0644) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "private/tmp: %s", strerror(errno));
    if (rc == SH_OK)
        rc = pump(&transfer, path, why);
    crypto.sha256_final(&transfer.sha, digest);
    hex_build(slice_of(digest, sizeof(digest)), hex);
    if (rc == SH_OK && strncmp(strrchr(path, '/') + 1, hex, strlen(hex)) != 0)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the copy's %s: changed", path);
    if (rc == SH_OK && fstat(transfer.in, &st) == 0)
        times[1] = st.st_mtim;
    if (rc == SH_OK && (futimens(transfer.out, times) != 0 || fsync(transfer.out) != 0))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "public/%s: %s", path, strerror(errno));
    io_close(&transfer.in);
    io_close(&transfer.out);
    return rc;
}

int channel_copy_take(struct channel_copy *copy, struct channel *channel, const char *path,
                      struct why *why)
{
    static const char temporary[] = "take-over";
    char kept[CHANNEL_QUARANTINE_BYTES];
    struct why cause = {0};
    int rc;

    channel_quarantine_path(path, kept);
    if (io_exists(channel->info.public_dir, path) || io_exists(channel->private_dir, kept))
        return SH_OK;
    rc = take_one(copy, channel, path, temporary, &cause);
    if (rc == SH_OK)
        return io_move(channel->info.tmp_dir, temporary, channel->info.public_dir, path, why);
    (void)unlinkat(channel->info.tmp_dir, temporary, 0); /* Swept at the next start, too. */
    /* What is missing or changed in the copy is missing here: `audit` names it. */
    if (rc == SH_ENOTFOUND || rc == SH_EFORMAT || rc == SH_ELIMIT)
        return SH_OK;
    return why_set(why, rc, cause.offset, "%s", cause.text);
}

/* The documents and blobs of the rows that the line at index filled. */
int channel_copy_take_blobs(struct channel_copy *copy, struct channel *channel, uint64_t index,
                            struct why *why)
{
    struct store_query *query;
    char path[TREE_PATH_BYTES];
    struct slice text;
    int step;
    int rc = store_query(channel->store, "SELECT path FROM files WHERE idx=?1", &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, index);
    while ((step = store_step(query, why)) == STORE_ROW && rc == SH_OK) {
        text = store_blob(query, 0);
        if (!text.len || text.len >= sizeof(path))
            continue;
        memcpy(path, text.ptr, text.len);
        path[text.len] = '\0';
        if (!original_is_path(path)) /* A public copy has none. */
            rc = channel_copy_take(copy, channel, path, why);
    }
    store_done(query);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* ---- since when ---- */

struct since {
    struct channel_copy *copy;
    struct channel_moment *moment;
};

/* taker->line */
static int look_at_time(void *ctx, uint64_t index, struct slice line, struct why *why)
{
    struct since *since = ctx;
    char path[TREE_PATH_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct document doc;
    struct entry entry;
    struct arena arena;
    struct bytes raw;

    (void)why;
    if (entry_parse(line, index, &entry, NULL) != SH_OK || entry.type == ENTRY_IDENTITY)
        return SH_OK;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    tree_document_path(entry.hash, path);
    if (io_read(since->copy->dir, path, &raw, NULL) == SH_OK) {
        crypto.sha256(bytes_view(&raw), hash);
        if (memcmp(hash, entry.hash, sizeof(hash)) == 0 &&
            document_parse(bytes_view(&raw), &arena, &doc, NULL) == SH_OK)
            channel_moment_look(since->moment, index, &doc);
    }
    bytes_release(&raw);
    arena_release(&arena);
    return SH_OK;
}

int channel_copy_moment(struct channel_copy *copy, uint64_t size, struct channel_moment *moment,
                        struct why *why)
{
    struct since since = {copy, moment};
    struct channel_taker taker = {look_at_time, &since};
    int rc = channel_copy_walk(copy, size, &taker, why);

    return rc == SH_OK ? channel_moment_done(moment, size, why) : rc;
}
