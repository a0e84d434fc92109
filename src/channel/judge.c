/*
 * Does public/ show what we signed?  Equal, behind (then publishing is finished), or in
 * conflict: then nothing is signed, and the person is told what differs and what to do.
 * Clause: FORMATS.md, "Restored backups and clones".
 */
#include <string.h>

#include "channel/channel_int.h"

int channel_root_at(struct store *store, uint64_t size, uint8_t root[TLOG_HASH_BYTES],
                    struct why *why)
{
    uint8_t leaf[TLOG_HASH_BYTES];
    struct tlog_range range;
    struct store_query *row;
    int step = STORE_END;
    int rc =
        store_query(store, "SELECT line FROM entries WHERE idx<?1 ORDER BY idx", &row, why);

    if (rc != SH_OK)
        return rc;
    tlog_range_init(&range);
    store_bind_int(row, 1, size);
    while ((step = store_step(row, why)) == STORE_ROW) {
        tlog_leaf_hash(store_blob(row, 0), leaf);
        tlog_range_append(&range, leaf);
    }
    store_done(row);
    if (step < 0)
        return step;
    if (range.size != size)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       CHANNEL_DB ": %ju entries, expected %ju; run `stillhere rebuild`",
                       (uintmax_t)range.size, (uintmax_t)size);
    tlog_range_root(&range, root);
    return SH_OK;
}

/* Identity files: missing ones are written again, other bytes are a conflict. */
static int judge_kept(struct channel *channel, struct channel_verdict *verdict, struct why *why)
{
    struct store_query *row;
    struct bytes found;
    char path[TREE_PATH_BYTES];
    struct slice name;
    int step, got;
    int rc = store_query(channel->store, "SELECT path,data FROM kept", &row, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&found, LIMIT_NOTE_BYTES);
    while ((step = store_step(row, why)) == STORE_ROW) {
        name = store_blob(row, 0);
        if (name.len >= sizeof(path))
            continue;
        memcpy(path, name.ptr, name.len);
        path[name.len] = '\0';
        if (channel_way_check(channel->info.public_dir, path, &verdict->conflict) != SH_OK)
            continue;
        got = io_read(channel->info.public_dir, path, &found, NULL);
        if (got == SH_EIO || got == SH_ENOMEM) {
            step = why_set(why, got, WHY_NOWHERE, "public/%s: cannot be read", path);
            break;
        }
        /* A note that was cut off on its way: id/current still shows one before it. */
        if (got == SH_ENOTFOUND ||
            (got == SH_OK && strcmp(path, "id/current") == 0 &&
             !slice_equal(bytes_view(&found), store_blob(row, 1)) &&
             channel_identity_is_kept(channel->store, bytes_view(&found))))
            verdict->kept_missing = true;
        else if (got != SH_OK || !slice_equal(bytes_view(&found), store_blob(row, 1)))
            (void)why_set(&verdict->conflict, SH_ECONFLICT, WHY_NOWHERE,
                          "public/%s is not the one of channel %s: public/ was changed, or "
                          "belongs to another channel; put the right public/ back",
                          path, channel->info.short_id);
    }
    store_done(row);
    bytes_release(&found);
    return step < 0 ? step : SH_OK;
}

/* Older by more than the last commit: was it ours, and are the documents since then there? */
static int judge_older(struct channel *channel, const struct tlog_checkpoint *shown,
                       struct channel_verdict *verdict, struct why *why)
{
    struct channel_state *state = &channel->state;
    uint8_t root[TLOG_HASH_BYTES];
    char path[TREE_PATH_BYTES];
    struct channel_row row;
    struct entry entry;
    int rc = SH_OK;

    if (shown->size == state->prev_size)
        memcpy(root, state->prev_root, sizeof(root));
    else
        rc = channel_root_at(channel->store, shown->size, root, why);
    if (rc != SH_OK)
        return rc;
    if (memcmp(root, shown->root, sizeof(root)) != 0) {
        (void)why_set(&verdict->conflict, SH_ECONFLICT, WHY_NOWHERE,
                      "public/checkpoint shows another log at size %ju than private/ has: two "
                      "histories were signed with one key; keep both, sign nothing, and see "
                      "which one mirrors and readers hold",
                      (uintmax_t)shown->size);
        return SH_OK;
    }
    for (uint64_t index = shown->size; index < state->prev_size; index++) {
        rc = channel_row_get(channel->store, index, &row, why);
        if (rc == SH_OK)
            rc = entry_parse(slice_of(row.line, row.line_len), index, &entry, why);
        if (rc != SH_OK)
            return rc;
        if (row.type == ENTRY_IDENTITY || row.type == ENTRY_UNKNOWN ||
            row.withdrawn_by != CHANNEL_NONE ||
            (row.type == ENTRY_SEALED && row.opened_by == CHANNEL_NONE))
            continue;
        tree_document_path(entry.hash, path);
        if (!io_exists(channel->info.public_dir, path)) {
            (void)why_set(&verdict->conflict, SH_ECONFLICT, WHY_NOWHERE,
                          "public/ is from an older day: it shows %ju entries, private/ knows "
                          "%ju, and %s of entry %ju is not there; put the newer public/ back, "
                          "or restore a backup",
                          (uintmax_t)shown->size, (uintmax_t)state->size, path,
                          (uintmax_t)index);
            return SH_OK;
        }
    }
    verdict->behind = true;
    return SH_OK;
}

/*
 * What public/ shows after a theft, until the first checkpoint of the new origin is there: the
 * old one, which must end where the successor begins, or before.
 */
static bool is_before_theft(const struct channel *channel, const struct tlog_note *note,
                            const struct tlog_checkpoint *shown)
{
    const struct identity_chain *chain = &channel->chain;
    const struct identity *newest = identity_chain_newest(chain);
    char origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_key key;

    if (!chain->branch || shown->size > chain->successor_size)
        return false;
    channel_branch_origin(&channel->info.id, chain->branch_before, origin);
    if (!slice_equal(shown->origin, slice_text(origin)))
        return false;
    for (size_t i = 0; i < newest->key_count; i++)
        if (newest->keys[i].role == KEY_LOG &&
            tlog_key_init(&key, origin, TLOG_ED25519, newest->keys[i].bytes, NULL) == SH_OK &&
            tlog_note_verdict(note, &key) == TLOG_GOOD)
            return true;
    return false;
}

/* A log of this channel, but not the one that its newest note with a successor names. */
static bool is_other_branch(const struct channel *channel, const struct tlog_checkpoint *shown)
{
    char origin[CHANNEL_ORIGIN_BYTES];

    channel_origin(&channel->info.id, origin);
    return channel->chain.branch && slice_starts(shown->origin, origin) &&
           (shown->origin.len == strlen(origin) || shown->origin.ptr[strlen(origin)] == '/') &&
           !slice_equal(shown->origin, slice_text(channel->info.origin));
}

/* SH_OK with shown filled, or the conflict is set and SH_ECONFLICT returned. */
static int checkpoint_read(struct channel *channel, struct slice raw,
                           struct tlog_checkpoint *shown, struct why *conflict)
{
    const struct channel_info *info = &channel->info;
    struct tlog_note note;
    struct why cause = {0};
    enum tlog_verdict signature;

    if (tlog_note_parse(raw, &note, &cause) != SH_OK ||
        tlog_checkpoint_parse(note.text, shown, &cause) != SH_OK)
        return why_set(conflict, SH_ECONFLICT, cause.offset,
                       "public/checkpoint is damaged (%.200s); `stillhere rebuild` writes it "
                       "anew",
                       cause.text);
    if (is_before_theft(channel, &note, shown))
        return SH_OK;
    if (is_other_branch(channel, shown))
        return why_set(
            conflict, SH_ECONFLICT, WHY_NOWHERE,
            "public/checkpoint is of this channel's log under the key that identity "
            "note %ju took away, and has %ju entries, where the log went on from "
            "entry %ju under a new key: whoever has the old key wrote it, or public/ "
            "is a copy of his; keep it as evidence, and put the right public/ back",
            (uintmax_t)channel->chain.branch, (uintmax_t)shown->size,
            (uintmax_t)channel->chain.successor_size);
    if (!slice_equal(shown->origin, slice_text(info->origin)))
        return why_set(
            conflict, SH_ECONFLICT, WHY_NOWHERE,
            "public/checkpoint is of \"%.*s\", expected \"%s\": it belongs to another "
            "channel; put the right public/ back",
            (int)shown->origin.len, (const char *)shown->origin.ptr, info->origin);
    signature = tlog_note_verdict(&note, &info->log_key);
    if (signature == TLOG_ABSENT && info->has_before)
        signature = tlog_note_verdict(&note, &info->log_before);
    if (signature == TLOG_GOOD)
        return SH_OK;
    return why_set(
        conflict, SH_ECONFLICT, WHY_NOWHERE,
        signature == TLOG_BAD
            ? "public/checkpoint: the signature does not hold; put the right public/ "
              "back, or run `stillhere rebuild`"
            : "public/checkpoint is signed by another key than this channel's log "
              "key; somebody else writes under this origin: put the right public/ "
              "back, or run `stillhere rebuild`");
}

static int judge_size(struct channel *channel, const struct tlog_checkpoint *shown,
                      struct channel_verdict *verdict, struct why *why)
{
    struct channel_state *state = &channel->state;

    if (shown->size < state->size)
        return judge_older(channel, shown, verdict, why);
    if (shown->size > state->size)
        (void)why_set(
            &verdict->conflict, SH_ECONFLICT, WHY_NOWHERE,
            "public/checkpoint shows %ju entries, private/ knows %ju: private/ is from "
            "an older day, a restored backup or a copy; signing now would fork the "
            "log. `stillhere rebuild` takes the newer log from public/",
            (uintmax_t)shown->size, (uintmax_t)state->size);
    else if (memcmp(shown->root, state->root, sizeof(state->root)) != 0)
        (void)why_set(
            &verdict->conflict, SH_ECONFLICT, WHY_NOWHERE,
            "public/checkpoint and private/ have different logs of the same size %ju: "
            "two copies of this channel were written to; keep both, sign nothing, and "
            "see which one mirrors and readers hold",
            (uintmax_t)state->size);
    return SH_OK;
}

int channel_judge(struct channel *channel, struct channel_verdict *verdict, struct why *why)
{
    struct tlog_checkpoint shown = {.size = 0};
    struct bytes raw;
    int rc;

    *verdict = (struct channel_verdict){.public_size = channel->state.size};
    if (channel_ways_check(channel->info.public_dir, &verdict->conflict) != SH_OK)
        return SH_OK; /* It is said in the verdict. */
    rc = judge_kept(channel, verdict, why);
    if (rc != SH_OK || verdict->conflict.code != SH_OK)
        return rc;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    rc = io_read(channel->info.public_dir, "checkpoint", &raw, NULL);
    if (rc == SH_OK && slice_equal(bytes_view(&raw), bytes_view(&channel->state.note)))
        goto out;
    if (rc == SH_ENOTFOUND) {
        tlog_range_root(&(struct tlog_range){.size = 0}, shown.root);
        rc = SH_OK;
    } else if (rc == SH_OK) {
        if (checkpoint_read(channel, bytes_view(&raw), &shown, &verdict->conflict) != SH_OK)
            goto out;
    } else {
        rc = why_set(why, rc, WHY_NOWHERE, "public/checkpoint: cannot be read");
        goto out;
    }
    verdict->public_size = shown.size;
    rc = judge_size(channel, &shown, verdict, why);
out:
    bytes_release(&raw);
    return rc;
}
