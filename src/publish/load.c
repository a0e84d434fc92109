/* From an entry of the log to what its page shows. */
#include "publish/publish_int.h"

#include <string.h>

/* Did the system fail (true), or is the document itself wanting (false)? */
static bool is_trouble(int rc)
{
    return rc == SH_EIO || rc == SH_ENOMEM;
}

int publish_document(struct publish_loader *loader, const struct channel_entry *entry,
                     struct publish_item *out, bool *there)
{
    struct why cause = {0};
    int rc = channel_document(loader->channel, entry, &out->raw, &cause);

    if (rc == SH_OK)
        rc = document_parse(bytes_view(&out->raw), loader->arena, &out->doc, &cause);
    *there = rc == SH_OK;
    if (!is_trouble(rc))
        return SH_OK;
    return why_set(loader->why, cause.code, cause.offset, "%s", cause.text);
}

int publish_time(struct channel *channel, uint64_t index, uint64_t *at, struct why *why)
{
    struct publish_item item = {.doc = {.kind = DOC_UNKNOWN}};
    struct publish_loader loader = {channel, NULL, why};
    struct channel_entry entry;
    struct arena arena;
    bool there = false;
    int rc = channel_entry_get(channel, index, &entry, why);

    /* A dispatch that was sealed says no time: what opened it does. */
    if (rc == SH_OK && entry.entry.type == ENTRY_SEALED && entry.opened_by != ENTRY_NO_REF)
        rc = channel_entry_get(channel, entry.opened_by, &entry, why);
    *at = 0;
    if (rc != SH_OK)
        return rc;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    loader.arena = &arena;
    bytes_init(&item.raw, LIMIT_DOCUMENT_BYTES);
    rc = publish_document(&loader, &entry, &item, &there);
    if (rc == SH_OK && there)
        *at = item.doc.published;
    bytes_release(&item.raw);
    arena_release(&arena);
    return rc;
}

int publish_dated_before(struct channel *channel, uint64_t index, uint64_t *at, struct why *why)
{
    int rc = SH_OK;

    for (*at = 0; rc == SH_OK && !*at;) {
        rc = channel_dated_before(channel, index, &index, why);
        if (rc == SH_OK && !identity_is_disputed(channel_identity(channel), index))
            rc = publish_time(channel, index, at, why);
    }
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* ---- what became of it ---- */

static void take_dispute(struct publish_loader *loader, const struct channel_entry *entry,
                         struct pages_item *item)
{
    const struct identity *identity = channel_identity(loader->channel);
    const struct identity_key *key;

    item->opened_in_dispute =
        !item->version && item->opened_by && identity_is_disputed(identity, item->opened_by);
    item->disputed = entry->disputed || item->opened_in_dispute;
    for (size_t i = 0; entry->disputed && i < identity->key_count; i++) {
        key = &identity->keys[i];
        if (key->role == KEY_LOG && key->revoked <= entry->index && entry->index < key->until)
            item->disputed_from = key->revoked;
    }
    /* Its own key had lost its word already: who opened it makes no difference. */
    item->opened_in_dispute = item->opened_in_dispute && !entry->disputed;
}

int publish_seal(struct publish_loader *loader, struct pages_item *item)
{
    uint64_t index = item->index;
    int rc = SH_OK;

    item->known_at = 0;
    while (item->state == PAGES_SHOWN && item->opened_by && !item->known_at) {
        rc = channel_dated_after(loader->channel, index, &index, loader->why);
        if (rc != SH_OK || index >= item->opened_by)
            break;
        if (!identity_is_disputed(channel_identity(loader->channel), index))
            rc = publish_time(loader->channel, index, &item->known_at, loader->why);
        if (rc != SH_OK)
            break;
        item->known_by = index;
    }
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* The reason lies in the document of the withdrawal; without it there is none to show. */
static int load_withdrawn(struct publish_loader *loader, const struct channel_entry *entry,
                          struct publish_item *out)
{
    struct pages_item *item = &out->item;
    struct channel_entry by;
    bool there = false;
    int rc = channel_entry_get(loader->channel, entry->withdrawn_by, &by, loader->why);

    item->state = PAGES_WITHDRAWN;
    item->withdrawn_by = entry->withdrawn_by;
    if (rc == SH_OK)
        rc = publish_document(loader, &by, out, &there);
    if (rc == SH_OK && there && out->doc.kind == DOC_WITHDRAW) {
        item->reason = out->doc.reason;
        item->withdrawn_at = out->doc.published;
    }
    return rc;
}

/* The document of one entry, a dispatch's or a correction's, into the item. */
static int load_document(struct publish_loader *loader, const struct channel_entry *entry,
                         struct publish_item *out)
{
    enum doc_kind kind = entry->entry.type == ENTRY_CORRECT ? DOC_CORRECT : DOC_DISPATCH;
    bool there = false;
    int rc = publish_document(loader, entry, out, &there);

    memcpy(out->item.hash, entry->entry.hash, sizeof(out->item.hash));
    out->item.state = PAGES_MISSING;
    if (rc != SH_OK || !there || out->doc.kind != kind)
        return rc;
    out->item.state = PAGES_SHOWN;
    out->item.doc = &out->doc;
    if (entry->opened_by != ENTRY_NO_REF)
        rc = publish_time(loader->channel, entry->opened_by, &out->doc.published, loader->why);
    return rc;
}

static void item_begin(struct publish_item *out, const struct channel_entry *dispatch)
{
    memset(out, 0, sizeof(*out));
    bytes_init(&out->raw, LIMIT_DOCUMENT_BYTES);
    out->item.previous = ENTRY_NO_REF;
    out->item.index = dispatch->index;
    memcpy(out->item.hash, dispatch->entry.hash, sizeof(out->item.hash));
    if (dispatch->opened_by != ENTRY_NO_REF)
        out->item.opened_by = dispatch->opened_by;
}

/* ---- the newest version, for lists ---- */

/*
 * The newest correction that is not disputed and whose document is here stands in the place of
 * the dispatch, with the dispatch's time; out->item.version stays 0 when there is none.
 */
static int load_correction(struct publish_loader *loader, const struct channel_entry *dispatch,
                           struct publish_item *out)
{
    uint64_t index = dispatch->corrected_by, published = 0;
    struct channel_entry entry = *dispatch;
    int rc = SH_OK;

    for (; rc == SH_OK && index != ENTRY_NO_REF && out->item.state != PAGES_SHOWN;) {
        rc = channel_entry_get(loader->channel, index, &entry, loader->why);
        if (rc == SH_OK && !entry.disputed)
            rc = load_document(loader, &entry, out);
        if (rc == SH_OK && out->item.state != PAGES_SHOWN)
            rc = channel_correction_before(loader->channel, dispatch->index, index, &index,
                                           loader->why);
    }
    if (rc != SH_OK || out->item.state != PAGES_SHOWN)
        return rc == SH_ENOTFOUND ? SH_OK : rc;
    out->item.version = entry.index;
    out->item.corrected_at = out->doc.published;
    take_dispute(loader, &entry, &out->item);
    rc = publish_time(loader->channel, dispatch->index, &published, loader->why);
    if (published)
        out->doc.published = published;
    return rc;
}

int publish_load(struct channel *channel, uint64_t ordinal, struct arena *arena,
                 struct publish_item *out, struct why *why)
{
    struct publish_loader loader = {channel, arena, why};
    struct channel_entry entry;
    uint64_t index = 0;
    int rc;

    memset(out, 0, sizeof(*out)); /* To be unloaded also after a failure. */
    rc = channel_dispatch_at(channel, ordinal, &index, why);
    if (rc == SH_OK)
        rc = channel_entry_get(channel, index, &entry, why);
    if (rc < 0)
        return rc;
    item_begin(out, &entry);
    if (entry.state == STATE_WITHDRAWN)
        return load_withdrawn(&loader, &entry, out);
    out->item.state = PAGES_MISSING;
    rc = load_correction(&loader, &entry, out);
    if (rc != SH_OK || out->item.version)
        return rc;
    rc = load_document(&loader, &entry, out);
    take_dispute(&loader, &entry, &out->item);
    return rc;
}

int publish_load_older(struct publish_loader *loader, uint64_t end, struct publish_item *out,
                       bool *there)
{
    struct channel_entry entry;
    uint64_t index = 0;
    int rc = SH_OK;

    *there = false;
    while (rc == SH_OK && !*there && end-- > 0) {
        rc = channel_dispatch_at(loader->channel, end, &index, loader->why);
        if (rc == SH_OK)
            rc = channel_entry_get(loader->channel, index, &entry, loader->why);
        if (rc != SH_OK || entry.state == STATE_WITHDRAWN ||
            (entry.disputed && entry.corrected_by == ENTRY_NO_REF))
            continue;
        publish_unload(out);
        rc = publish_load(loader->channel, end, loader->arena, out, loader->why);
        *there = rc == SH_OK && publish_counts(&out->item);
    }
    return rc;
}

bool publish_counts(const struct pages_item *item)
{
    return item->state == PAGES_SHOWN && !item->disputed;
}

/* ---- one version, for its own page ---- */

static int take_version(struct publish_loader *loader, uint64_t index,
                        struct pages_version *out)
{
    *out = (struct pages_version){
        .index = index,
        .disputed = identity_is_disputed(channel_identity(loader->channel), index)};
    return publish_time(loader->channel, index, &out->at, loader->why);
}

/* The newest that its owner stands for and that is here; the dispatch itself when none is. */
static int find_newest(struct publish_loader *loader, const struct channel_entry *dispatch,
                       uint64_t *out)
{
    uint64_t index = dispatch->corrected_by;
    struct pages_version version = {0};
    int rc = SH_OK;

    *out = dispatch->index;
    while (rc == SH_OK && index != ENTRY_NO_REF) {
        rc = take_version(loader, index, &version);
        if (rc == SH_OK && version.at && !version.disputed) {
            *out = index;
            break;
        }
        if (rc == SH_OK)
            rc = channel_correction_before(loader->channel, dispatch->index, index, &index,
                                           loader->why);
    }
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

/* Its neighbours among the versions, and the newest. */
static int take_versions(struct publish_loader *loader, const struct channel_entry *dispatch,
                         struct pages_item *item)
{
    struct channel *channel = loader->channel;
    uint64_t first = dispatch->index, self = item->version ? item->version : first;
    uint64_t index = 0, newest = first;
    int rc = SH_OK;

    if (!dispatch->has_corrections)
        return SH_OK;
    if (item->version) {
        rc = channel_correction_before(channel, first, self, &index, loader->why);
        if (rc == SH_OK || rc == SH_ENOTFOUND)
            rc = take_version(loader, rc == SH_OK ? index : first, &item->before);
    }
    if (rc == SH_OK)
        rc = channel_correction_after(channel, first, self, &index, loader->why);
    if (rc == SH_ENOTFOUND)
        return SH_OK;
    if (rc == SH_OK)
        rc = take_version(loader, index, &item->after);
    if (rc == SH_OK)
        rc = find_newest(loader, dispatch, &newest);
    if (rc == SH_OK && newest != self && newest != item->after.index)
        rc = take_version(loader, newest, &item->newest);
    return rc;
}

int publish_load_page(struct channel *channel, uint64_t index, struct arena *arena,
                      struct publish_item *out, struct why *why)
{
    struct publish_loader loader = {channel, arena, why};
    struct channel_entry entry, dispatch;
    int rc;

    memset(out, 0, sizeof(*out));
    rc = channel_entry_get(channel, index, &entry, why);
    dispatch = entry;
    if (rc == SH_OK && entry.entry.type == ENTRY_CORRECT)
        rc = channel_entry_get(channel, entry.entry.ref, &dispatch, why);
    if (rc < 0)
        return rc;
    item_begin(out, &dispatch);
    out->item.version = entry.entry.type == ENTRY_CORRECT ? index : 0;
    if (dispatch.state == STATE_WITHDRAWN)
        return load_withdrawn(&loader, &dispatch, out);
    rc = load_document(&loader, &entry, out);
    if (rc != SH_OK)
        return rc;
    take_dispute(&loader, &entry, &out->item);
    rc = take_versions(&loader, &dispatch, &out->item);
    return rc == SH_OK ? publish_seal(&loader, &out->item) : rc;
}

void publish_unload(struct publish_item *item)
{
    bytes_release(&item->raw);
    memset(&item->item, 0, sizeof(item->item));
}
