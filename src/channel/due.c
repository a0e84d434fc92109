/*
 * The newest word and the newest promise.
 *
 * Promises are few among many dispatches.  Every row knows how many dispatches stand before it,
 * so stretches of nothing but dispatches are stepped over by halving, without an index that
 * every commit would have to write.
 */
#include "channel/channel_int.h"

/* The entry's document into doc; SH_ENOTFOUND when it cannot be read. */
static int read_one(struct channel *channel, const struct channel_entry *entry,
                    struct arena *arena, struct document *doc, struct why *why)
{
    struct why cause = {0};
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    rc = channel_document(channel, entry, &raw, &cause);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(&raw), arena, doc, &cause);
    bytes_release(&raw); /* Of doc, only numbers are used from here on. */
    if (rc == SH_EIO || rc == SH_ENOMEM)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    return rc == SH_OK ? SH_OK : SH_ENOTFOUND;
}

/* A dispatch that was sealed counts from its opening: there its time lies, and its place. */
static int read_open(struct channel *channel, uint64_t *index, struct arena *arena,
                     struct document *doc, struct why *why)
{
    struct channel_entry entry;
    struct document open;
    int rc = channel_entry_get(channel, *index, &entry, why);

    if (rc == SH_OK && entry.opened_by != ENTRY_NO_REF) {
        *index = entry.opened_by;
        rc = channel_entry_get(channel, *index, &entry, why);
        if (rc == SH_OK)
            rc = read_one(channel, &entry, arena, &open, why);
        if (rc == SH_OK)
            doc->published = open.published;
    }
    return rc;
}

/* Put the entry's document into the facts; *there is false when it cannot be read. */
static int take(struct channel *channel, const struct channel_entry *entry,
                struct due_facts *facts, bool *there, struct why *why)
{
    uint64_t index = entry->index;
    struct document doc;
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = read_one(channel, entry, &arena, &doc, why);
    if (rc == SH_OK)
        rc = read_open(channel, &index, &arena, &doc, why);
    *there = rc == SH_OK;
    if (rc == SH_OK)
        due_take(facts, index, &doc);
    arena_release(&arena);
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* The newest word was withdrawn: it counts as given when that was done (rule 7). */
static int take_withdrawn(struct channel *channel, const struct channel_entry *entry,
                          struct due_facts *facts, bool *there, struct why *why)
{
    struct document word = {.kind = DOC_DISPATCH}, doc;
    struct channel_entry by;
    struct arena arena;
    int rc = channel_entry_get(channel, entry->withdrawn_by, &by, why);

    if (rc != SH_OK)
        return rc;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = read_one(channel, &by, &arena, &doc, why);
    *there = rc == SH_OK;
    if (rc == SH_OK) {
        word.published = doc.published;
        due_take(facts, entry->opened_by == ENTRY_NO_REF ? entry->index : entry->opened_by,
                 &word);
    }
    arena_release(&arena);
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

static bool is_disputed(const struct channel *channel, const struct channel_entry *entry)
{
    return entry->disputed ||
           (entry->opened_by != ENTRY_NO_REF &&
            identity_is_disputed(channel_identity(channel), entry->opened_by));
}

static int take_word(struct channel *channel, struct due_facts *facts, struct why *why)
{
    struct channel_entry entry;
    uint64_t index = 0;
    bool there = false;
    int rc = SH_OK;

    for (uint64_t ordinal = channel->state.dispatches;
         ordinal-- > 0 && !there && rc == SH_OK;) {
        rc = channel_dispatch_at(channel, ordinal, &index, why);
        if (rc == SH_OK)
            rc = channel_entry_get(channel, index, &entry, why);
        /* As for every reader: what a stolen key said, or opened, is no word of his. */
        if (rc == SH_OK && is_disputed(channel, &entry))
            continue;
        if (rc == SH_OK && entry.state == STATE_PRESENT)
            rc = take(channel, &entry, facts, &there, why);
        else if (rc == SH_OK && entry.state == STATE_WITHDRAWN)
            rc = take_withdrawn(channel, &entry, facts, &there, why);
    }
    return rc;
}

/*
 * The last entry before `end` that is no dispatch; there is one, since entry 0 is none.  others
 * counts the entries before `end` that are no dispatches, 1 or more.
 */
static int last_other(struct channel *channel, uint64_t end, uint64_t others, uint64_t *out,
                      struct why *why)
{
    uint64_t low = 0, high = end - 1, middle;
    struct channel_row row;
    int rc;

    /* The largest index before which fewer than `others` of them stand. */
    while (low < high) {
        middle = high - (high - low) / 2;
        rc = channel_row_get(channel->store, middle, &row, why);
        if (rc != SH_OK)
            return rc;
        if (row.ordinal > middle)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           CHANNEL_DB ": entry %ju is damaged; `stillhere rebuild` mends it",
                           (uintmax_t)middle);
        if (middle - row.ordinal < others)
            low = middle;
        else
            high = middle - 1;
    }
    *out = low;
    return SH_OK;
}

/* Promises, and corrections newer than the newest dispatch: they are words, too. */
static int take_others(struct channel *channel, struct due_facts *facts, struct why *why)
{
    const struct channel_state *state = &channel->state;
    uint64_t others = state->size - state->dispatches, end = state->size;
    struct channel_entry entry;
    bool there;
    int rc = SH_OK;

    for (; others > 1 && rc == SH_OK; others--) {
        rc = last_other(channel, end, others, &end, why);
        if (rc != SH_OK || (facts->has_promise && end < facts->word_index))
            break;
        rc = channel_entry_get(channel, end, &entry, why);
        if (rc != SH_OK || entry.state == STATE_WITHDRAWN || entry.disputed)
            continue;
        if ((entry.entry.type == ENTRY_PROMISE && !facts->has_promise) ||
            (entry.entry.type == ENTRY_CORRECT &&
             (!facts->has_word || end > facts->word_index)))
            rc = take(channel, &entry, facts, &there, why);
    }
    return rc;
}

int channel_due(struct channel *channel, struct due_facts *out, struct why *why)
{
    struct due_facts facts = {.has_word = false};
    int rc = take_word(channel, &facts, why);

    if (rc == SH_OK)
        rc = take_others(channel, &facts, why);
    if (rc == SH_OK)
        *out = facts;
    return rc;
}
