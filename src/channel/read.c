/* Reading entries and documents. */
#include <string.h>

#include "channel/channel_int.h"

/* The newest correction that its owner stands for, or CHANNEL_NONE. */
static int stands_corrected(struct channel *channel, uint64_t index, uint64_t *by,
                            struct why *why)
{
    int rc = SH_OK;

    while (rc == SH_OK && *by != CHANNEL_NONE &&
           identity_is_disputed(channel_identity(channel), *by))
        rc = channel_correction_before(channel, index, *by, by, why);
    if (rc == SH_ENOTFOUND)
        *by = CHANNEL_NONE;
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

int channel_entry_get(struct channel *channel, uint64_t index, struct channel_entry *out,
                      struct why *why)
{
    struct channel_row row;
    int rc = channel_row_get(channel->store, index, &row, why);

    if (rc != SH_OK)
        return rc;
    out->disputed = identity_is_disputed(channel_identity(channel), index);
    out->index = index;
    memcpy(out->line, row.line, row.line_len + 1);
    rc = entry_parse(slice_of(out->line, row.line_len), index, &out->entry, why);
    if (rc != SH_OK)
        return rc;
    out->withdrawn_by = row.withdrawn_by;
    out->opened_by = row.opened_by;
    out->corrected_by = row.corrected_by;
    out->purged_by = row.purged_by;
    if (row.withdrawn_by != CHANNEL_NONE)
        out->state = STATE_WITHDRAWN;
    else if (row.type == ENTRY_DISPATCH ||
             (row.type == ENTRY_SEALED && row.opened_by != CHANNEL_NONE))
        out->state = STATE_PRESENT;
    else
        out->state = row.type == ENTRY_SEALED ? STATE_SEALED : STATE_OTHER;
    out->has_corrections = row.corrected_by != CHANNEL_NONE;
    return stands_corrected(channel, index, &out->corrected_by, why);
}

/*
 * Entries know how many dispatches stand before them, and that number never falls: so the
 * dispatch is found by halving, without an index that every commit would have to write.
 */
static int search(struct channel *channel, uint64_t ordinal, struct channel_row *row,
                  struct why *why)
{
    const struct channel_state *state = &channel->state;
    uint64_t low = ordinal, high = state->size - state->dispatches + ordinal + 1;
    int rc;

    /* At least ordinal entries stand before it, and all later dispatches after it.  The last
     * entry with row.ordinal <= ordinal is the dispatch: after it the number
     * is one higher. */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;

        rc = channel_row_get(channel->store, middle, row, why);
        if (rc != SH_OK)
            return rc;
        if (row->ordinal <= ordinal)
            low = middle;
        else
            high = middle;
    }
    return channel_row_get(channel->store, low, row, why);
}

/* Is it as far behind the one that was found last as in a stretch of nothing but dispatches? */
static bool stands_near(struct channel *channel, uint64_t ordinal, struct channel_row *row)
{
    uint64_t at = channel->found.at + ordinal - channel->found.ordinal;

    return at < channel->state.size &&
           channel_row_get(channel->store, at, row, NULL) == SH_OK && row->ordinal == ordinal &&
           (row->type == ENTRY_DISPATCH || row->type == ENTRY_OPEN);
}

int channel_dispatch_at(struct channel *channel, uint64_t ordinal, uint64_t *index,
                        struct why *why)
{
    struct channel_row row;
    int rc = SH_OK;

    if (ordinal >= channel->state.dispatches)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "the channel has %ju dispatches",
                       (uintmax_t)channel->state.dispatches);
    if (!stands_near(channel, ordinal, &row))
        rc = search(channel, ordinal, &row, why);
    if (rc != SH_OK)
        return rc;
    channel->found.ordinal = ordinal;
    channel->found.at = row.index;
    /* A dispatch that was sealed is called by the number of its sealed entry. */
    *index = row.type == ENTRY_OPEN ? row.ref : row.index;
    return SH_OK;
}

int channel_dispatch_ordinal(struct channel *channel, uint64_t index, uint64_t *ordinal,
                             struct why *why)
{
    struct channel_row row;
    int rc = channel_row_get(channel->store, index, &row, why);

    if (rc != SH_OK)
        return rc;
    if (row.type == ENTRY_SEALED && row.opened_by != CHANNEL_NONE)
        rc = channel_row_get(channel->store, row.opened_by, &row, why);
    if (rc != SH_OK)
        return rc;
    if (row.type != ENTRY_DISPATCH && row.type != ENTRY_OPEN)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "entry %ju is no dispatch but %s",
                       (uintmax_t)index, entry_type_name(row.type));
    *ordinal = row.ordinal;
    return SH_OK;
}

int channel_document(struct channel *channel, const struct channel_entry *entry,
                     struct bytes *raw, struct why *why)
{
    char path[TREE_PATH_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES];
    int rc;

    if (entry->entry.type == ENTRY_IDENTITY || entry->state == STATE_SEALED)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "entry %ju has no document to show",
                       (uintmax_t)entry->index);
    tree_document_path(entry->entry.hash, path);
    rc = io_read(channel->info.public_dir, path, raw, why);
    if (rc != SH_OK)
        return rc;
    crypto.sha256(bytes_view(raw), hash);
    if (memcmp(hash, entry->entry.hash, sizeof(hash)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "public/%s: changed; its hash is not the one in entry %ju", path,
                       (uintmax_t)entry->index);
    return SH_OK;
}
