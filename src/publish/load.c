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

int publish_opened(struct publish_loader *loader, uint64_t opened_by, uint64_t *published)
{
    struct publish_item open = {.doc = {.kind = DOC_UNKNOWN}};
    struct channel_entry entry;
    bool there = false;
    int rc;

    if (opened_by == ENTRY_NO_REF)
        return SH_OK;
    bytes_init(&open.raw, LIMIT_DOCUMENT_BYTES);
    rc = channel_entry_get(loader->channel, opened_by, &entry, loader->why);
    if (rc == SH_OK)
        rc = publish_document(loader, &entry, &open, &there);
    if (rc == SH_OK && there)
        *published = open.doc.published;
    bytes_release(&open.raw);
    return rc;
}

/* The newest correction stands in the dispatch's place, with the time of the dispatch. */
static int load_correction(struct publish_loader *loader, const struct channel_entry *entry,
                           struct publish_item *out)
{
    uint64_t published = out->doc.published;
    struct channel_entry by;
    bool there = false;
    int rc;

    if (entry->corrected_by == ENTRY_NO_REF)
        return SH_OK;
    rc = channel_entry_get(loader->channel, entry->corrected_by, &by, loader->why);
    if (rc == SH_OK)
        rc = publish_document(loader, &by, out, &there);
    if (rc != SH_OK)
        return rc;
    if (there && out->doc.kind == DOC_CORRECT) {
        out->doc.published = published;
        memcpy(out->item.hash, by.entry.hash, sizeof(out->item.hash));
    } else {
        out->item.state = PAGES_MISSING;
    }
    return SH_OK;
}

static int load_shown(struct publish_loader *loader, const struct channel_entry *entry,
                      struct publish_item *out)
{
    bool there = false;
    int rc = publish_document(loader, entry, out, &there);

    if (rc == SH_OK && there)
        rc = publish_opened(loader, entry->opened_by, &out->doc.published);
    if (rc < 0)
        return rc;
    if (there && out->doc.kind == DOC_DISPATCH) {
        out->item.state = PAGES_SHOWN;
        out->item.doc = &out->doc;
        rc = load_correction(loader, entry, out);
    } else {
        out->item.state = PAGES_MISSING;
    }
    return rc;
}

/* The reason lies in the document of the withdrawal; without it there is none to show. */
static int load_withdrawn(struct publish_loader *loader, const struct channel_entry *entry,
                          struct publish_item *out)
{
    struct channel_entry by;
    bool there = false;
    int rc = channel_entry_get(loader->channel, entry->withdrawn_by, &by, loader->why);

    out->item.state = PAGES_WITHDRAWN;
    out->item.withdrawn_by = entry->withdrawn_by;
    if (rc == SH_OK)
        rc = publish_document(loader, &by, out, &there);
    if (rc == SH_OK && there && out->doc.kind == DOC_WITHDRAW)
        out->item.reason = out->doc.reason;
    return rc;
}

int publish_load(struct channel *channel, uint64_t ordinal, struct arena *arena,
                 struct publish_item *out, struct why *why)
{
    struct publish_loader loader = {channel, arena, why};
    struct channel_entry entry;
    uint64_t index = 0;
    int rc;

    memset(out, 0, sizeof(*out));
    bytes_init(&out->raw, LIMIT_DOCUMENT_BYTES);
    out->item.previous = ENTRY_NO_REF;
    rc = channel_dispatch_at(channel, ordinal, &index, why);
    if (rc == SH_OK)
        rc = channel_entry_get(channel, index, &entry, why);
    if (rc < 0)
        return rc;
    out->item.index = index;
    memcpy(out->item.hash, entry.entry.hash, sizeof(out->item.hash));
    if (entry.state == STATE_WITHDRAWN)
        return load_withdrawn(&loader, &entry, out);
    return load_shown(&loader, &entry, out);
}

void publish_unload(struct publish_item *item)
{
    bytes_release(&item->raw);
    memset(&item->item, 0, sizeof(item->item));
}
