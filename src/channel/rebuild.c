/*
 * Making private/stillhere.db anew from the files, after verifying them.  The signed checkpoint
 * decides: the newest one that our log key signed, in public/ or in the old database; entries
 * are taken from where they give its root.  Nothing in place changes before all of it held.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define NEW_DB "tmp/rebuild.db"

enum source { FROM_PUBLIC, FROM_DATABASE };

struct rebuild {
    struct channel *channel; /* its store is the new one, its state the new state */
    struct store *old;       /* NULL: none that can be read */
    struct channel_state old_state;
    struct bytes note; /* the identity note at hand */
    struct bytes tile; /* the entry tile at hand */
    struct identity_chain chain;
    struct channel_refill refill;
};

/* ---- what there is ---- */

static int open_old(struct rebuild *rebuild, struct why *why)
{
    char path[CHANNEL_PATH_BYTES];
    struct why cause = {0};
    int rc;

    channel_path(rebuild->channel->home, "private/" CHANNEL_DB, path);
    rc = store_open(path, STORE_WRITE, &channel_schema, &rebuild->old, &cause);
    if (rc == SH_OK)
        rc = channel_state_load(rebuild->old, &rebuild->old_state, &cause);
    if (rc == SH_OK || rc == SH_ENOTFOUND)
        return SH_OK;
    if (rc != SH_EFORMAT)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    store_close(rebuild->old);
    rebuild->old = NULL;
    return SH_OK;
}

/* Note number of public/, or the one kept when it is not there or does not hold. */
static int read_note(struct rebuild *rebuild, uint64_t number, struct why *why)
{
    struct identity_chain *chain = &rebuild->chain;
    char path[TREE_PATH_BYTES];
    struct why cause = {0};
    int rc;

    tree_identity_path(number, path);
    rc = io_read(rebuild->channel->info.public_dir, path, &rebuild->note, &cause);
    if (rc == SH_OK)
        rc = identity_chain_add(chain, bytes_view(&rebuild->note), &cause);
    if (rc != SH_OK && rebuild->old &&
        channel_kept_get(rebuild->old, path, &rebuild->note, NULL) == SH_OK)
        return identity_chain_add(chain, bytes_view(&rebuild->note), why);
    if (rc == SH_OK || (rc == SH_ENOTFOUND && number))
        return rc;
    return why_set(why, rc, cause.offset, "public/%s: %.300s", path, cause.text);
}

/* The secret log key must be the one that the newest note lists: else nothing can be signed. */
static int check_log_key(struct rebuild *rebuild, struct why *why)
{
    struct channel *channel = rebuild->channel;
    char path[CHANNEL_KEY_PATH_BYTES];
    struct secret secret;
    uint8_t key[CRYPT_KEY_BYTES];
    struct why cause = {0};
    int rc;

    channel_key_path(channel->private_dir, "log", channel->info.log_id, path);
    rc = channel_key_read(channel->private_dir, path, &secret, &cause);
    if (rc == SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE, "private/%s: not there; restore it from a backup",
                       path);
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    crypto.ed25519_public(&secret, key);
    secret_wipe(&secret);
    if (memcmp(key, channel->info.log_key.public_key, sizeof(key)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "private/%s is not the log key that the newest identity note in public/ "
                       "names: the two belong to different channels, or the keys were changed "
                       "on another machine",
                       path);
    return SH_OK;
}

/* ---- the new database ---- */

static int put_certificate(struct rebuild *rebuild, const char *id, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct bytes pem;
    int rc = SH_OK;

    (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", id);
    bytes_init(&pem, LIMIT_NOTE_BYTES);
    if ((rebuild->old && channel_kept_get(rebuild->old, path, &pem, NULL) == SH_OK) ||
        io_read(rebuild->channel->info.public_dir, path, &pem, NULL) == SH_OK)
        rc = channel_kept_put(rebuild->channel->store, path, bytes_view(&pem), why);
    bytes_release(&pem);
    return rc;
}

/* All notes of the chain, and the certificates that the newest names. */
static int put_kept(struct rebuild *rebuild, struct why *why)
{
    struct store *store = rebuild->channel->store;
    const struct identity *newest;
    char path[TREE_PATH_BYTES];
    int rc = SH_OK;

    for (uint64_t number = 0; number <= LIMIT_IDENTITY_NOTES && rc == SH_OK; number++) {
        rc = read_note(rebuild, number, why);
        tree_identity_path(number, path);
        if (rc == SH_OK)
            rc = channel_kept_put(store, path, bytes_view(&rebuild->note), why);
        if (rc == SH_OK)
            rc = channel_refill_note(&rebuild->refill, bytes_view(&rebuild->note), why);
    }
    newest = identity_chain_newest(&rebuild->chain);
    if (rc == SH_ENOTFOUND && newest)
        rc = channel_kept_put(store, "id/current", identity_chain_raw(&rebuild->chain), why);
    for (size_t i = 0; rc == SH_OK && newest && i < newest->key_count; i++)
        if (newest->keys[i].role == KEY_C2PA_CA)
            rc = put_certificate(rebuild, newest->keys[i].id, why);
    return rc;
}

static void remove_db(struct channel *channel, const char *name)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[64];

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        (void)snprintf(path, sizeof(path), "%.40s%s", name, ends[i]);
        (void)unlinkat(channel->private_dir, path, 0); /* Missing is fine. */
    }
}

static int open_new(struct rebuild *rebuild, struct why *why)
{
    struct channel *channel = rebuild->channel;
    char path[CHANNEL_PATH_BYTES];
    int rc;

    remove_db(channel, NEW_DB);
    channel_path(channel->home, "private/" NEW_DB, path);
    rc = store_open(path, STORE_CREATE, &channel_schema, &channel->store, why);
    if (rc == SH_OK)
        rc = store_begin(channel->store, STORE_LAZY, why);
    if (rc == SH_OK)
        rc = put_kept(rebuild, why);
    return rc == SH_OK ? channel_info_fill(channel, why) : rc;
}

/* ---- which checkpoint ---- */

static bool signed_by_us(const struct channel *channel, struct slice raw,
                         struct tlog_checkpoint *out)
{
    const struct channel_info *info = &channel->info;
    struct tlog_note note;

    return tlog_note_parse(raw, &note, NULL) == SH_OK &&
           tlog_checkpoint_parse(note.text, out, NULL) == SH_OK &&
           slice_equal(out->origin, slice_text(info->origin)) &&
           (tlog_note_verdict(&note, &info->log_key) == TLOG_GOOD ||
            (info->has_before && tlog_note_verdict(&note, &info->log_before) == TLOG_GOOD));
}

/* The newest checkpoint becomes the state; older (size 0: none) must turn out a part of it. */
static int choose(struct rebuild *rebuild, struct tlog_checkpoint *older, struct why *why)
{
    struct channel *channel = rebuild->channel;
    struct channel_state *state = &channel->state;
    struct tlog_checkpoint shown = {.size = 0}, kept = {.size = 0};
    struct tlog_checkpoint *newest = &shown;
    bool ours, old;

    bytes_clear(&state->note);
    ours = io_read(channel->info.public_dir, "checkpoint", &state->note, NULL) == SH_OK &&
           signed_by_us(channel, bytes_view(&state->note), &shown);
    old = rebuild->old && signed_by_us(channel, bytes_view(&rebuild->old_state.note), &kept);
    if (!ours && !old)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "public/checkpoint: there is none that this channel's log key signed; "
                       "restore a backup");
    *older = (struct tlog_checkpoint){.size = 0};
    if (ours && old)
        *older = shown.size < kept.size ? shown : kept;
    if (!ours || (old && kept.size > shown.size)) {
        newest = &kept;
        bytes_clear(&state->note);
        bytes_slice(&state->note, bytes_view(&rebuild->old_state.note));
    }
    older->origin = slice_of(NULL, 0);
    state->size = state->prev_size = newest->size;
    memcpy(state->root, newest->root, sizeof(state->root));
    memcpy(state->prev_root, newest->root, sizeof(state->prev_root));
    return bytes_check(&state->note, why);
}

/* ---- entries ---- */

/* Receives each entry line in order. */
struct taker {
    int (*line)(void *ctx, uint64_t index, struct slice line, struct why *why);
    void *ctx;
};

/* Entry tile number of the newest size into rebuild->tile. */
static int read_tile(struct rebuild *rebuild, uint64_t number, uint64_t count, struct why *why)
{
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, (uint16_t)count};
    char path[TLOG_PATH_BYTES];
    int rc = tlog_tile_path(&tile, path, why);

    return rc == SH_OK ? io_read(rebuild->channel->info.public_dir, path, &rebuild->tile, why)
                       : rc;
}

static int walk_public(struct rebuild *rebuild, const struct taker *taker, struct why *why)
{
    uint64_t size = rebuild->channel->state.size, count;
    struct cursor cur;
    struct slice line;
    int rc = SH_OK;

    for (uint64_t at = 0; at < size && rc == SH_OK; at += count) {
        count = size - at < TLOG_TILE_WIDTH ? size - at : TLOG_TILE_WIDTH;
        rc = read_tile(rebuild, at / TLOG_TILE_WIDTH, count, why);
        cur = cursor_of(bytes_view(&rebuild->tile));
        for (uint64_t i = 0; i < count && rc == SH_OK; i++) {
            if (!tlog_entry_tile_next(&cur, &line))
                return why_set(why, SH_EFORMAT, cur.at, "public/tile/entries: entry %ju is cut",
                               (uintmax_t)(at + i));
            rc = taker->line(taker->ctx, at + i, line, why);
        }
    }
    return rc;
}

static int walk_database(struct rebuild *rebuild, const struct taker *taker, struct why *why)
{
    struct channel_row row;
    int rc = SH_OK;

    for (uint64_t index = 0; index < rebuild->channel->state.size && rc == SH_OK; index++) {
        rc = channel_row_get(rebuild->old, index, &row, why);
        if (rc == SH_OK)
            rc = taker->line(taker->ctx, index, slice_of(row.line, row.line_len), why);
    }
    return rc;
}

static int walk(struct rebuild *rebuild, enum source source, const struct taker *taker,
                struct why *why)
{
    return source == FROM_PUBLIC ? walk_public(rebuild, taker, why)
                                 : walk_database(rebuild, taker, why);
}

struct roots {
    struct tlog_range range;
    uint64_t at; /* of the older checkpoint */
    uint8_t root[TLOG_HASH_BYTES];
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
    if (roots->range.size == roots->at)
        tlog_range_root(&roots->range, roots->root);
    return SH_OK;
}

/* SH_OK: the entries of source give the signed root, and the older one on the way. */
static int prove(struct rebuild *rebuild, enum source source,
                 const struct tlog_checkpoint *older, struct why *why)
{
    struct roots roots = {.at = older->size};
    struct taker taker = {hash_line, &roots};
    uint8_t root[TLOG_HASH_BYTES];
    int rc;

    tlog_range_init(&roots.range);
    rc = walk(rebuild, source, &taker, why);
    if (rc != SH_OK)
        return rc;
    tlog_range_root(&roots.range, root);
    if (memcmp(root, rebuild->channel->state.root, sizeof(root)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the entries do not give the root of the signed checkpoint");
    if (older->size && memcmp(roots.root, older->root, sizeof(roots.root)) != 0)
        return why_set(
            why, SH_ECONFLICT, WHY_NOWHERE,
            "public/ and private/ hold two histories that part before entry %ju, both "
            "signed with this log key: keep both, sign nothing, and see which one "
            "mirrors and readers hold",
            (uintmax_t)older->size);
    return SH_OK;
}

/* ---- rows ---- */

/* taker->line */
static int add_line(void *ctx, uint64_t index, struct slice line, struct why *why)
{
    struct rebuild *rebuild = ctx;

    return channel_refill_line(&rebuild->refill, index, line, why);
}

/* Times of public files only grow, also where the counter was lost. */
static uint64_t next_stamp(const struct rebuild *rebuild)
{
    static const char *const changing[] = {"checkpoint", "id/current", "index.html",
                                           "index.en.html"};
    uint64_t stamp = io_now(), bytes, mtime_s;

    if (rebuild->old_state.stamp >= stamp)
        stamp = rebuild->old_state.stamp + 1;
    for (size_t i = 0; i < COUNT_OF(changing); i++) {
        if (io_stat(rebuild->channel->info.public_dir, changing[i], &bytes, &mtime_s, NULL) ==
                SH_OK &&
            mtime_s >= stamp)
            stamp = mtime_s + 1;
    }
    return stamp;
}

static int copy_marks(struct rebuild *rebuild, struct why *why)
{
    struct store_query *from, *to;
    int step;
    int rc;

    if (!rebuild->old)
        return SH_OK;
    rc = store_query(rebuild->old, "SELECT seq,time,CAST(what AS BLOB) FROM marks", &from, why);
    if (rc != SH_OK)
        return rc;
    while ((step = store_step(from, why)) == STORE_ROW && rc == SH_OK) {
        rc = store_query(rebuild->channel->store,
                         "INSERT INTO marks VALUES(?1,?2,CAST(?3 AS TEXT))", &to, why);
        if (rc != SH_OK)
            break;
        store_bind_int(to, 1, store_int(from, 0));
        store_bind_int(to, 2, store_int(from, 1));
        store_bind_blob(to, 3, store_blob(from, 2));
        rc = store_run(to, why);
    }
    store_done(from);
    return rc == SH_OK && step < 0 ? step : rc;
}

/* No slot of the covers is taken twice. */
static int copy_slot(struct rebuild *rebuild, struct why *why)
{
    uint64_t last = 0;
    int rc = rebuild->old ? channel_slot_last(rebuild->old, &last, why) : SH_OK;

    return rc == SH_OK && last ? channel_slot_take(rebuild->channel->store, last, why) : rc;
}

/* Is the old database's last commit the newest of the log? */
static bool old_is_newest(const struct rebuild *rebuild)
{
    return rebuild->old && rebuild->old_state.size == rebuild->channel->state.size;
}

/* What a commit had still to move is still to be moved. */
static int copy_pending(struct rebuild *rebuild, struct why *why)
{
    struct store_query *from, *to;
    int step;
    int rc;

    if (!old_is_newest(rebuild))
        return SH_OK;
    rc = store_query(rebuild->old,
                     "SELECT seq,CAST(staged AS BLOB),CAST(path AS BLOB),data,op FROM pending",
                     &from, why);
    if (rc != SH_OK)
        return rc;
    while ((step = store_step(from, why)) == STORE_ROW && rc == SH_OK) {
        rc = store_query(rebuild->channel->store,
                         "INSERT INTO pending(seq,staged,path,data,op) VALUES(?1,CAST(?2 AS"
                         " TEXT),CAST(?3 AS TEXT),?4,?5)",
                         &to, why);
        if (rc != SH_OK)
            break;
        store_bind_int(to, 1, store_int(from, 0));
        if (!store_is_null(from, 1))
            store_bind_blob(to, 2, store_blob(from, 1));
        store_bind_blob(to, 3, store_blob(from, 2));
        if (!store_is_null(from, 3))
            store_bind_blob(to, 4, store_blob(from, 3));
        store_bind_int(to, 5, store_int(from, 4));
        rc = store_run(to, why);
    }
    store_done(from);
    return rc == SH_OK && step < 0 ? step : rc;
}

static int fill(struct rebuild *rebuild, enum source source, struct why *why)
{
    struct channel_state *state = &rebuild->channel->state;
    struct taker taker = {add_line, rebuild};
    int rc;

    if (old_is_newest(rebuild))
        rebuild->refill.pending = rebuild->old;
    rc = walk(rebuild, source, &taker, why);
    if (rc == SH_OK)
        rc = copy_marks(rebuild, why);
    if (rc == SH_OK)
        rc = copy_slot(rebuild, why);
    if (rc == SH_OK)
        rc = copy_pending(rebuild, why);
    state->dispatches = rebuild->refill.dispatches;
    state->stamp = next_stamp(rebuild);
    if (rc == SH_OK)
        rc = channel_state_save(rebuild->channel->store, state, why);
    if (rc == SH_OK)
        rc = store_commit(rebuild->channel->store, why);
    return rc == SH_OK ? store_fold(rebuild->channel->store, why) : rc;
}

/* ---- putting it in place ---- */

/*
 * The old database's log must not outlive it: SQLite would read it into the new one.  So the
 * old one is folded to a single whole file first; a cut between the steps leaves it usable.
 */
static int exchange(struct rebuild *rebuild, struct why *why)
{
    struct channel *channel = rebuild->channel;
    int fd = -1;
    int rc = SH_OK;

    if (rebuild->old)
        rc = store_fold(rebuild->old, why);
    if (rc != SH_OK)
        return rc;
    store_close(rebuild->old);
    rebuild->old = NULL;
    store_close(channel->store);
    channel->store = NULL;
    rc = io_open_file(channel->private_dir, NEW_DB, &fd, why);
    if (rc == SH_OK)
        rc = io_sync_fd(fd, NEW_DB, why);
    io_close(&fd);
    if (rc != SH_OK)
        return rc;
    remove_db(channel, CHANNEL_DB "-wal");
    remove_db(channel, CHANNEL_DB "-shm");
    rc = io_sync_fd(channel->private_dir, "private", why);
    if (rc == SH_OK)
        rc = io_move(channel->private_dir, NEW_DB, channel->private_dir, CHANNEL_DB, why);
    remove_db(channel, NEW_DB);
    return rc;
}

static int publish(struct rebuild *rebuild, struct why *why)
{
    struct channel *channel = rebuild->channel;
    char path[CHANNEL_PATH_BYTES];
    int rc;

    channel_path(channel->home, "private/" CHANNEL_DB, path);
    rc = store_open(path, STORE_WRITE, &channel_schema, &channel->store, why);
    return rc == SH_OK ? channel_publish_all(channel, CHANNEL_SET_ASIDE, why) : rc;
}

static int run(struct rebuild *rebuild, const char *home, struct why *why)
{
    struct tlog_checkpoint older;
    struct why cause = {0};
    enum source source = FROM_PUBLIC;
    int rc = channel_home_open(home, CHANNEL_WRITE, rebuild->channel, why);

    if (rc == SH_OK)
        rc = open_old(rebuild, why);
    if (rc == SH_OK)
        rc = open_new(rebuild, why);
    if (rc == SH_OK)
        rc = check_log_key(rebuild, why);
    if (rc == SH_OK)
        rc = choose(rebuild, &older, why);
    if (rc != SH_OK)
        return rc;
    rc = prove(rebuild, FROM_PUBLIC, &older, &cause);
    if (rc != SH_OK && rc != SH_ECONFLICT && rebuild->old &&
        rebuild->old_state.size >= rebuild->channel->state.size) {
        source = FROM_DATABASE;
        cause = (struct why){0};
        rc = prove(rebuild, FROM_DATABASE, &older, &cause);
    }
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    rc = fill(rebuild, source, why);
    if (rc == SH_OK)
        rc = exchange(rebuild, why);
    return rc == SH_OK ? publish(rebuild, why) : rc;
}

int channel_rebuild(const char *home, struct why *why)
{
    struct rebuild rebuild = {.channel = NULL};
    int rc = channel_new(&rebuild.channel, why);

    if (rc != SH_OK)
        return rc;
    channel_state_init(&rebuild.old_state);
    bytes_init(&rebuild.note, LIMIT_NOTE_BYTES);
    bytes_init(&rebuild.tile, CHANNEL_ENTRY_TILE_BYTES);
    identity_chain_init(&rebuild.chain);
    channel_refill_init(&rebuild.refill, rebuild.channel);
    rc = run(&rebuild, home, why);
    if (rc != SH_OK && rebuild.channel->store && rebuild.channel->private_dir >= 0 &&
        io_exists(rebuild.channel->private_dir, NEW_DB))
        remove_db(rebuild.channel, NEW_DB);
    store_close(rebuild.old);
    channel_state_release(&rebuild.old_state);
    bytes_release(&rebuild.note);
    bytes_release(&rebuild.tile);
    identity_chain_release(&rebuild.chain);
    channel_refill_release(&rebuild.refill);
    channel_close(rebuild.channel);
    return rc;
}
