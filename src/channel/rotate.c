/*
 * The identity chain of a channel: which keys speak, and the step from one note to the next.
 *
 * Order of a rotation: new secrets are durable in private/keys before this is called; the
 * commit names note, entry and checkpoint; then id/<n>.note, entry, tiles and checkpoint become
 * public, id/current last.  While id/current shows an older note, opening does the rest again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

int channel_identity_load(struct store *store, struct identity_chain *chain, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number <= LIMIT_IDENTITY_NOTES && rc == SH_OK; number++) {
        tree_identity_path(number, path);
        rc = channel_kept_get(store, path, &raw, number ? NULL : why);
        if (rc == SH_ENOTFOUND && number) {
            rc = SH_OK;
            break;
        }
        if (rc == SH_OK)
            rc = identity_chain_add(chain, bytes_view(&raw), why);
    }
    bytes_release(&raw);
    return rc;
}

static int take_log_keys(struct channel *channel, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&channel->chain);
    const struct identity *before = identity_chain_before(&channel->chain);
    const struct identity_key *key = identity_key_open(newest, KEY_LOG), *old;
    struct channel_info *info = &channel->info;
    int rc;

    if (!key)
        key = identity_key_at(newest, KEY_LOG, channel->state.size);
    if (!key || key->bytes_len != CRYPT_KEY_BYTES)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "identity note %ju: no log key is open",
                       (uintmax_t)newest->number);
    memcpy(info->log_id, key->id, sizeof(info->log_id));
    rc = tlog_key_init(&info->log_key, info->origin, TLOG_ED25519, key->bytes, why);
    info->has_before = false;
    old = before ? identity_key_open(before, KEY_LOG) : NULL;
    /* After a theft the old key must not speak; after a rotation it does, for one note. */
    if (rc != SH_OK || !old || newest->has_successor || strcmp(old->id, key->id) == 0)
        return rc;
    info->has_before = true;
    memcpy(info->before_id, old->id, sizeof(info->before_id));
    return tlog_key_init(&info->log_before, info->origin, TLOG_ED25519, old->bytes, why);
}

int channel_identity_info(struct channel *channel, struct why *why)
{
    const struct identity *newest = identity_chain_newest(&channel->chain);
    const struct identity_key *key;
    struct channel_info *info = &channel->info;

    info->id = newest->channel;
    info->identity_number = newest->number;
    channel_id_short(&info->id, info->short_id);
    (void)snprintf(info->name, sizeof(info->name), "%.*s", (int)newest->name.len,
                   (const char *)newest->name.ptr);
    (void)snprintf(info->lang, sizeof(info->lang), "%.*s", (int)newest->lang.len,
                   (const char *)newest->lang.ptr);
    channel_branch_origin(&info->id, channel->chain.branch, info->origin);
    key = identity_key_open(newest, KEY_ARCHIVE);
    if (key && key->bytes_len == sizeof(info->archive_key))
        memcpy(info->archive_key, key->bytes, sizeof(info->archive_key));
    return take_log_keys(channel, why);
}

const struct identity *channel_identity(const struct channel *channel)
{
    return identity_chain_newest(&channel->chain);
}

int channel_identity_note(struct channel *channel, uint64_t number, struct bytes *raw,
                          struct why *why)
{
    char path[TREE_PATH_BYTES];

    tree_identity_path(number, path);
    return channel_kept_get(channel->store, path, raw, why);
}

bool channel_identity_is_kept(struct store *store, struct slice raw)
{
    struct store_query *row;
    bool found = false;

    if (store_query(store, "SELECT data FROM kept WHERE path LIKE 'id/%.note'", &row, NULL) !=
        SH_OK)
        return false;
    while (!found && store_step(row, NULL) == STORE_ROW)
        found = slice_equal(store_blob(row, 0), raw);
    store_done(row);
    return found;
}

/* ---- withdrawals that turned out to be disputed ---- */

struct back {
    struct channel *channel;
    const struct channel_row *row;
};

/* hide->file, the other way round: out of quarantine, where the dispatch belongs now. */
static int bring_back(void *ctx, const char *path, struct why *why)
{
    const struct back *back = ctx;
    struct channel *channel = back->channel;
    bool sealed = back->row->type == ENTRY_SEALED && back->row->opened_by == CHANNEL_NONE;
    char kept[CHANNEL_QUARANTINE_BYTES], waiting[CHANNEL_QUARANTINE_BYTES];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)channel->state.stamp}};

    if (original_is_path(path))
        return SH_OK; /* A hiding does not move it. */
    channel_quarantine_path(path, kept);
    if (!io_exists(channel->private_dir, kept))
        return SH_OK; /* Purged, or never here: `audit` says what is missing. */
    if (sealed) {
        channel_sealed_path(path, waiting);
        return io_move(channel->private_dir, kept, channel->private_dir, waiting, why);
    }
    if (io_exists(channel->info.public_dir, path))
        return SH_OK;
    if (fchmodat(channel->private_dir, kept, 0644, 0) != 0 ||
        utimensat(channel->private_dir, kept, times, 0) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/%s: cannot be shown again", kept);
    return io_move(channel->private_dir, kept, channel->info.public_dir, path, why);
}

static int bring_back_target(struct channel *channel, uint64_t withdrawal, struct why *why)
{
    struct channel_row row, target;
    struct back back = {channel, &target};
    struct channel_hide hide = {bring_back, &back};
    struct entry entry;
    int rc = channel_row_get(channel->store, withdrawal, &row, why);

    if (rc == SH_OK)
        rc = entry_parse(slice_of(row.line, row.line_len), withdrawal, &entry, why);
    if (rc == SH_OK)
        rc = channel_row_get(channel->store, entry.ref, &target, why);
    if (rc != SH_OK || target.withdrawn_by != CHANNEL_NONE)
        return rc;
    return channel_hidden(channel->store, &target, &hide, why);
}

int channel_show_again(struct channel *channel, struct why *why)
{
    const struct identity *identity = channel_identity(channel);
    const struct identity_key *key;
    struct channel_row row;
    uint64_t end;
    int rc = SH_OK;

    for (size_t i = 0; i < identity->key_count; i++) {
        key = &identity->keys[i];
        end = key->until < channel->state.size ? key->until : channel->state.size;
        if (key->role != KEY_LOG)
            continue;
        for (uint64_t index = key->revoked; index < end && rc == SH_OK; index++) {
            rc = channel_row_get(channel->store, index, &row, why);
            if (rc == SH_OK && row.type == ENTRY_WITHDRAW)
                rc = bring_back_target(channel, index, why);
        }
    }
    return rc;
}

static int undo_disputed(struct channel *channel, struct why *why)
{
    const struct identity *identity = channel_identity(channel);
    const struct identity_key *key;
    struct store_query *query;
    int rc = SH_OK;

    for (size_t i = 0; i < identity->key_count && rc == SH_OK; i++) {
        key = &identity->keys[i];
        if (key->role != KEY_LOG || key->revoked == ENTRY_NO_REF)
            continue;
        rc = store_query(channel->store,
                         "UPDATE entries SET withdrawn_by=NULL,purged_by=NULL"
                         " WHERE withdrawn_by>=?1 AND withdrawn_by<?2",
                         &query, why);
        if (rc != SH_OK)
            break;
        store_bind_int(query, 1, key->revoked);
        store_bind_int(query, 2, key->until < LIMIT_LOG_SIZE ? key->until : LIMIT_LOG_SIZE);
        rc = store_run(query, why);
    }
    return rc;
}

/* ---- the step to the next note ---- */

struct turn {
    struct channel *channel;
    const struct channel_rotation *rotation;
    struct channel_row row;
    struct channel_state next;
};

/* The log that goes on after a theft begins where this one ends. */
static int check_successor(const struct channel *channel, struct why *why)
{
    const struct identity *newest = channel_identity(channel);

    if (!newest->has_successor ||
        (newest->successor_size == channel->state.size &&
         memcmp(newest->successor_root, channel->state.root, TLOG_HASH_BYTES) == 0))
        return SH_OK;
    return why_set(why, SH_EARG, WHY_NOWHERE,
                   "identity note %ju: its successor is not this log at entry %ju",
                   (uintmax_t)newest->number, (uintmax_t)channel->state.size);
}

static void make_row(struct turn *turn)
{
    struct entry entry = {.type = ENTRY_IDENTITY, .ref = ENTRY_NO_REF};
    struct channel *channel = turn->channel;
    struct tlog_note note;

    if (tlog_note_parse(turn->rotation->note, &note, NULL) != SH_OK)
        bug("rotate: an accepted note that is none");
    crypto.sha256(note.text, entry.hash);
    turn->row = (struct channel_row){.index = channel->state.size,
                                     .type = ENTRY_IDENTITY,
                                     .ordinal = channel->state.dispatches,
                                     .ref = CHANNEL_NONE};
    turn->row.line_len = entry_build(&entry, turn->row.line);
}

static int make_state(struct turn *turn, const struct channel_signer *signer, struct why *why)
{
    const struct channel_state *state = &turn->channel->state;
    struct channel_state *next = &turn->next;
    uint8_t leaf[TLOG_HASH_BYTES];
    struct tlog_range range;
    uint64_t now = io_now();

    *next = *state;
    bytes_init(&next->note, LIMIT_NOTE_BYTES);
    channel_edge_range(&turn->channel->edge, &range);
    tlog_leaf_hash(slice_of(turn->row.line, turn->row.line_len), leaf);
    tlog_range_append(&range, leaf);
    tlog_range_root(&range, next->root);
    next->size = range.size;
    next->prev_size = state->size;
    memcpy(next->prev_root, state->root, sizeof(next->prev_root));
    next->stamp = now > state->stamp ? now : state->stamp + 1;
    next->pages_size = next->pages_safe = 0; /* Every page names the channel's keys. */
    return channel_sign(turn->channel, next, signer, why);
}

static int write_rows(struct turn *turn, struct why *why)
{
    const struct channel_rotation *rotation = turn->rotation;
    struct channel *channel = turn->channel;
    struct store *store = channel->store;
    char path[TREE_PATH_BYTES];
    int rc = store_exec(store, "DELETE FROM pending", why);

    tree_identity_path(channel_identity(channel)->number, path);
    if (rc == SH_OK)
        rc = channel_kept_put(store, path, rotation->note, why);
    if (rc == SH_OK)
        rc = channel_kept_put(store, "id/current", rotation->note, why);
    if (rc == SH_OK && rotation->certificate.len)
        rc = channel_kept_put(store, rotation->certificate_path, rotation->certificate, why);
    if (rc == SH_OK)
        rc = channel_row_put(store, &turn->row, why);
    if (rc == SH_OK)
        rc = undo_disputed(channel, why);
    return rc == SH_OK ? channel_state_save(store, &turn->next, why) : rc;
}

static int commit(struct turn *turn, struct why *why)
{
    struct channel *channel = turn->channel;
    int rc = store_begin(channel->store, STORE_DURABLE, why);

    if (rc != SH_OK)
        return rc;
    rc = write_rows(turn, why);
    if (rc != SH_OK) {
        store_end(channel->store);
        return rc;
    }
    return store_commit(channel->store, why);
}

static int publish(struct channel *channel, struct why *why)
{
    int rc = channel_info_fill(channel, why);

    channel->info.pages_size = 0;
    if (rc == SH_OK)
        rc = store_begin_read(channel->store, why);
    if (rc == SH_OK)
        rc = channel_show_again(channel, why);
    return rc == SH_OK ? channel_publish_all(channel, CHANNEL_KEEP, why) : rc;
}

/* The handle already speaks with the new keys when something fails: nothing more through it. */
static int rotate(struct turn *turn, const struct channel_signer *signer,
                  struct channel_commit *out, struct why *why)
{
    struct channel *channel = turn->channel;
    struct channel_state *state = &channel->state;
    int rc = identity_chain_add(&channel->chain, turn->rotation->note, why);

    if (rc == SH_OK)
        rc = channel_identity_info(channel, why);
    if (rc == SH_OK)
        rc = check_successor(channel, why);
    if (rc != SH_OK)
        return rc;
    make_row(turn);
    rc = make_state(turn, signer, why);
    if (rc == SH_OK)
        rc = commit(turn, why);
    if (rc != SH_OK)
        return rc;
    bytes_release(&state->note);
    *state = turn->next;
    bytes_init(&turn->next.note, 1);
    channel->stamp_fresh = true;
    *out = (struct channel_commit){
        .index = turn->row.index, .ref = ENTRY_NO_REF, .size = state->size};
    memcpy(out->root, state->root, sizeof(out->root));
    rc = publish(channel, why);
    out->published = rc == SH_OK;
    channel->broken = rc != SH_OK;
    return SH_OK;
}

int channel_rotate(struct channel *channel, const struct channel_rotation *rotation,
                   const struct channel_signer *signer, struct channel_commit *out,
                   struct why *why)
{
    struct turn turn = {.channel = channel, .rotation = rotation};
    int rc;

    if (channel->use != CHANNEL_WRITE || channel->info.conflict[0])
        bug("rotate of a channel that is not open for it");
    if (channel->broken)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "an earlier write failed; run the command again");
    if (channel->state.size >= LIMIT_LOG_SIZE)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the log is full");
    channel->broken = true;
    rc = rotate(&turn, signer, out, why);
    bytes_release(&turn.next.note);
    return rc;
}
