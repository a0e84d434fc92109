/* Rows of the database from the lines of a log: for a rebuild, and for a channel taken over. */
#include <stdio.h>
#include <string.h>

#include "channel/channel_int.h"

void channel_refill_init(struct channel_refill *refill, struct channel *channel)
{
    *refill = (struct channel_refill){.channel = channel};
    bytes_init(&refill->hashes, (LIMIT_IDENTITY_NOTES + 1) * CRYPT_DIGEST_BYTES);
}

void channel_refill_release(struct channel_refill *refill)
{
    bytes_release(&refill->hashes);
}

int channel_refill_note(struct channel_refill *refill, struct slice raw, struct why *why)
{
    struct tlog_note note;
    uint8_t hash[CRYPT_DIGEST_BYTES];
    int rc = tlog_note_parse(raw, &note, why);

    if (rc != SH_OK)
        return rc;
    crypto.sha256(note.text, hash);
    bytes_append(&refill->hashes, hash, sizeof(hash));
    return bytes_check(&refill->hashes, why);
}

/* What the last commit has still to put at path; false when it is nothing. */
static bool find_pending(const struct channel_refill *refill, const char *path,
                         struct bytes *raw)
{
    struct store_query *query;
    bool found = false;

    bytes_clear(raw);
    if (!refill->pending ||
        store_query(refill->pending,
                    "SELECT data FROM pending WHERE path=?1 AND data IS NOT NULL", &query,
                    NULL) != SH_OK)
        return false;
    store_bind_text(query, 1, path);
    found = store_step(query, NULL) == STORE_ROW;
    if (found)
        bytes_slice(raw, store_blob(query, 0));
    store_done(query);
    return found && bytes_check(raw, NULL) == SH_OK;
}

/* The document of an entry, wherever it lies; false when it is gone or changed. */
static bool find_document(const struct channel_refill *refill, const uint8_t wanted[32],
                          struct bytes *raw)
{
    const struct channel *channel = refill->channel;
    char path[TREE_PATH_BYTES], hidden[CHANNEL_QUARANTINE_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES];

    tree_document_path(wanted, path);
    channel_quarantine_path(path, hidden);
    if (io_read(channel->info.public_dir, path, raw, NULL) != SH_OK &&
        io_read(channel->private_dir, hidden, raw, NULL) != SH_OK &&
        !find_pending(refill, path, raw))
        return false;
    crypto.sha256(bytes_view(raw), hash);
    return memcmp(hash, wanted, sizeof(hash)) == 0;
}

/*
 * The document of a sealed entry, and when it opens.  Cut between its commit and its
 * publication, both lie in the database alone.
 */
static bool find_sealed(const struct channel_refill *refill, const struct entry *entry,
                        struct bytes *raw, uint64_t *publish_at)
{
    char path[TREE_PATH_BYTES], at[TREE_PATH_BYTES + 4];
    uint8_t hash[CRYPT_DIGEST_BYTES];

    if (channel_sealed_read(refill->channel, entry, raw, publish_at, NULL) == SH_OK)
        return true;
    tree_document_path(entry->hash, path);
    (void)snprintf(at, sizeof(at), "%s.at", path);
    if (!find_pending(refill, at, raw)) /* A time is pending with a sealed document alone. */
        return false;
    *publish_at = channel_at_parse(bytes_view(raw));
    if (!find_pending(refill, path, raw))
        return false;
    crypto.sha256(bytes_view(raw), hash);
    return memcmp(hash, entry->hash, sizeof(hash)) == 0;
}

/* What one line brings together. */
struct line {
    struct channel_refill *refill;
    struct channel_row row;
    struct entry entry;
    struct arena arena;
    struct bytes raw;
    struct document doc;
    bool has_doc;
};

/* The identity note that held when the entry was made; its keys may be closed by now. */
static bool note_then(const struct line *line, struct arena *arena, struct bytes *raw,
                      struct identity *out)
{
    const struct channel *channel = line->refill->channel;
    uint64_t notes = line->refill->identities;
    char path[TREE_PATH_BYTES];
    struct tlog_note note;

    tree_identity_path(notes ? notes - 1 : 0, path);
    if (channel_kept_get(channel->store, path, raw, NULL) != SH_OK ||
        tlog_note_parse(bytes_view(raw), &note, NULL) != SH_OK ||
        identity_parse(note.text, arena, out, NULL) != SH_OK)
        return false;
    out->channel = channel->info.id;
    return true;
}

/* Is it a purge that the identity keys ordered?  Without them it hides only. */
static bool is_purge(const struct line *line)
{
    struct identity identity;
    struct bytes text, raw;
    struct arena arena;
    bool good;

    if (!line->has_doc || line->doc.level != DOC_PURGE || !line->doc.order.len)
        return false;
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    bytes_init(&text, LIMIT_NOTE_BYTES);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    channel_order_text(line->refill->channel, line->entry.ref, &text);
    good = note_then(line, &arena, &raw, &identity) &&
           identity_order_check(line->doc.order, bytes_view(&text), &identity, NULL) == SH_OK;
    bytes_release(&raw);
    bytes_release(&text);
    arena_release(&arena);
    return good;
}

/* The document that was sealed: its files become known under the sealed entry's index. */
static int take_target(struct line *line, uint64_t index, const uint8_t hash[32],
                       struct why *why)
{
    struct document doc;
    struct arena arena;
    int rc = SH_OK;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (find_document(line->refill, hash, &line->raw) &&
        document_parse(bytes_view(&line->raw), &arena, &doc, NULL) == SH_OK)
        rc = channel_files_put(line->refill->channel->store, index, &doc, why);
    arena_release(&arena);
    return rc;
}

static int take_open(struct line *line, struct why *why)
{
    struct store *store = line->refill->channel->store;
    struct channel_row target;
    struct entry sealed;
    int rc = channel_row_get(store, line->entry.ref, &target, why);

    if (rc == SH_OK)
        rc = entry_parse(slice_of(target.line, target.line_len), target.index, &sealed, why);
    if (rc == SH_OK)
        rc = take_target(line, target.index, sealed.hash, why);
    return rc == SH_OK ? channel_row_open(store, line->entry.ref, line->row.index, why) : rc;
}

static int take_sealed(struct line *line, struct why *why)
{
    struct channel *channel = line->refill->channel;
    uint64_t publish_at = 0;
    int rc = SH_OK;

    if (!find_sealed(line->refill, &line->entry, &line->raw, &publish_at))
        /* Opened later, hidden, a cover, or lost. */
        return take_target(line, line->row.index, line->entry.hash, why);
    if (document_parse(bytes_view(&line->raw), &line->arena, &line->doc, NULL) == SH_OK)
        rc = channel_files_put(channel->store, line->row.index, &line->doc, why);
    return rc == SH_OK ? channel_row_seal(channel->store, line->row.index, publish_at, why)
                       : rc;
}

/* What the entry does to others.  A disputed withdrawal hides nothing. */
static int take_effect(struct line *line, struct why *why)
{
    struct channel *channel = line->refill->channel;
    uint64_t index = line->row.index, ref = line->entry.ref;

    switch (line->entry.type) {
    case ENTRY_SEALED:
        return take_sealed(line, why);
    case ENTRY_OPEN:
        return take_open(line, why);
    case ENTRY_CORRECT:
        return channel_row_correct(channel->store, ref, index, why);
    case ENTRY_WITHDRAW:
        if (identity_is_disputed(channel_identity(channel), index))
            return SH_OK;
        return is_purge(line) ? channel_row_purge(channel->store, ref, index, why)
                              : channel_row_withdraw(channel->store, ref, index, why);
    default:
        return SH_OK;
    }
}

static int take_document(struct line *line, struct why *why)
{
    struct channel *channel = line->refill->channel;

    if (line->entry.type == ENTRY_IDENTITY || line->entry.type == ENTRY_SEALED)
        return SH_OK;
    line->has_doc =
        find_document(line->refill, line->entry.hash, &line->raw) &&
        document_parse(bytes_view(&line->raw), &line->arena, &line->doc, NULL) == SH_OK;
    if (!line->has_doc)
        return SH_OK;
    if (line->doc.published)
        channel->state.published = line->doc.published;
    return channel_files_put(channel->store, line->row.index, &line->doc, why);
}

/* Entry n of type identity names note n. */
static int check_identity(struct channel_refill *refill, const struct line *line,
                          struct why *why)
{
    uint64_t note = refill->identities;
    const uint8_t *wanted = refill->channel->info.id.hash;

    if (line->entry.type != ENTRY_IDENTITY && line->row.index)
        return SH_OK;
    if (line->entry.type == ENTRY_IDENTITY) {
        refill->identities++;
        if (note && note * CRYPT_DIGEST_BYTES >= refill->hashes.len)
            return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                           "entry %ju: public/id/%ju.note, which it names, is not there",
                           (uintmax_t)line->row.index, (uintmax_t)note);
        if (note)
            wanted = refill->hashes.ptr + note * CRYPT_DIGEST_BYTES;
        if (memcmp(line->entry.hash, wanted, CRYPT_DIGEST_BYTES) == 0)
            return SH_OK;
    }
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "entry %ju is not the identity of this channel", (uintmax_t)line->row.index);
}

static int take(struct line *line, struct slice text, struct why *why)
{
    struct channel_refill *refill = line->refill;
    int rc = entry_parse(text, line->row.index, &line->entry, why);

    if (rc == SH_OK)
        rc = check_identity(refill, line, why);
    if (rc != SH_OK)
        return rc;
    line->row.type = line->entry.type;
    line->row.ref = line->entry.type == ENTRY_UNKNOWN || line->entry.ref == ENTRY_NO_REF
                        ? CHANNEL_NONE
                        : line->entry.ref;
    line->row.ordinal = refill->dispatches;
    line->row.line_len = text.len;
    memcpy(line->row.line, text.ptr, text.len);
    line->row.line[text.len] = '\0';
    rc = channel_row_put(refill->channel->store, &line->row, why);
    refill->dispatches += line->entry.type == ENTRY_DISPATCH || line->entry.type == ENTRY_OPEN;
    if (rc == SH_OK)
        rc = take_document(line, why);
    return rc == SH_OK ? take_effect(line, why) : rc;
}

int channel_refill_line(struct channel_refill *refill, uint64_t index, struct slice text,
                        struct why *why)
{
    struct line line = {.refill = refill, .row = {.index = index}};
    int rc;

    if (text.len > LIMIT_ENTRY_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "entry %ju: too long", (uintmax_t)index);
    arena_init(&line.arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&line.raw, LIMIT_DOCUMENT_BYTES);
    rc = take(&line, text, why);
    bytes_release(&line.raw);
    arena_release(&line.arena);
    return rc;
}
