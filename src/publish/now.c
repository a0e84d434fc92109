/* What the family's page says: the newest word, the promise, and the clocks of two places. */
#include <string.h>

#include "io/io.h"
#include "publish/publish_int.h"

#define LAST_SECOND UINT64_C(253402300799) /* of the year 9999: a promise beyond it is none */

static void item_init(struct publish_item *item)
{
    *item = (struct publish_item){.doc = {.kind = DOC_UNKNOWN}};
    bytes_init(&item->raw, LIMIT_DOCUMENT_BYTES);
}

/* The entry's document; *there says whether it can be shown. */
static int load(struct publish_loader *loader, uint64_t index, struct publish_item *out,
                bool *there)
{
    struct channel_entry entry;
    int rc = channel_entry_get(loader->channel, index, &entry, loader->why);

    /* What was sealed is the word of the time when it was opened. */
    if (rc == SH_OK && entry.entry.type == ENTRY_OPEN) {
        index = entry.entry.ref;
        rc = channel_entry_get(loader->channel, index, &entry, loader->why);
    }
    if (rc != SH_OK)
        return rc;
    /* A correction has no page of its own: its dispatch has. */
    out->item.index = entry.entry.type == ENTRY_CORRECT ? entry.entry.ref : index;
    memcpy(out->item.hash, entry.entry.hash, sizeof(out->item.hash));
    out->item.state = PAGES_SHOWN;
    out->item.previous = ENTRY_NO_REF;
    out->item.doc = &out->doc;
    *there = false;
    if (entry.state == STATE_WITHDRAWN)
        return SH_OK;
    rc = publish_document(loader, &entry, out, there);
    return rc == SH_OK && *there ? publish_opened(loader, entry.opened_by, &out->doc.published)
                                 : rc;
}

/* When this copy was made: the time of its last entry whose document is there. */
static int made_at(const struct publish_loader *from, uint64_t *at)
{
    bool there = false;
    int rc = SH_OK;

    for (uint64_t i = channel_info(from->channel)->size; i-- > 1 && !there && rc == SH_OK;) {
        struct publish_item item;
        struct arena arena;
        struct publish_loader loader = {from->channel, &arena, from->why};

        arena_init(&arena, LIMIT_DOCUMENT_ARENA);
        item_init(&item);
        rc = load(&loader, i, &item, &there);
        there = there && item.doc.published;
        if (rc == SH_OK && there)
            *at = item.doc.published;
        publish_unload(&item);
        arena_release(&arena);
    }
    return rc;
}

/* A zone that this machine does not know, or none, is UTC. */
static bool zone_at(const char *zone, uint64_t at, int32_t *east_s)
{
    *east_s = 0;
    return *zone && io_zone_offset(zone, at, east_s, NULL) == SH_OK;
}

static void moment(struct publish_now *out, uint64_t at, struct pages_moment *moment)
{
    moment->at = at;
    out->now.has_zone = zone_at(out->settings.zone, at, &moment->east_s);
    out->now.has_family = zone_at(out->settings.family_zone, at, &moment->family_east_s);
}

/* The newest dispatch before entry `end` that can be shown. */
static int load_older(struct publish_loader *loader, uint64_t end, struct publish_item *out,
                      bool *there)
{
    uint64_t ordinal = 0, index = 0;
    int rc = channel_dispatch_ordinal(loader->channel, end, &ordinal, loader->why);

    while (rc == SH_OK && !*there && ordinal-- > 0) {
        rc = channel_dispatch_at(loader->channel, ordinal, &index, loader->why);
        if (rc == SH_OK)
            rc = load(loader, index, out, there);
    }
    return rc;
}

/* Why a dispatch newer than entry `shown` is not what is shown: withdrawn, or missing here. */
static int load_newest(struct publish_loader *loader, uint64_t shown, struct publish_now *out)
{
    uint64_t dispatches = channel_info(loader->channel)->dispatches, index = 0;
    int rc = SH_OK;

    if (dispatches)
        rc = channel_dispatch_at(loader->channel, dispatches - 1, &index, loader->why);
    if (rc != SH_OK || index <= shown)
        return rc;
    rc =
        publish_load(loader->channel, dispatches - 1, loader->arena, &out->newest, loader->why);
    if (rc == SH_OK && out->newest.item.state != PAGES_SHOWN) {
        out->now.newest = &out->newest.item;
        moment(out, out->newest.doc.published, &out->now.withdrawn);
    }
    return rc;
}

/* The newest word; one that was withdrawn still counts for the promise, but is not shown. */
static int load_word(struct publish_loader *loader, const struct due_facts *facts,
                     struct publish_now *out)
{
    bool there = false;
    int rc = facts->has_word ? load(loader, facts->word_index, &out->word, &there) : SH_OK;

    if (rc == SH_OK)
        rc = load_newest(loader, there ? facts->word_index : 0, out);
    if (rc == SH_OK && facts->has_word && !there)
        rc = load_older(loader, facts->word_index, &out->word, &there);
    if (rc == SH_OK && there) {
        out->now.word = &out->word.item;
        moment(out, out->word.doc.published, &out->now.said);
    }
    return rc;
}

/* The reason belongs to the promise that says when the next word is due. */
static int load_promise(struct publish_loader *loader, const struct due_facts *facts,
                        struct publish_now *out)
{
    struct due due;
    bool there = false;
    int rc = SH_OK;

    due_of(facts, &due);
    if (!due.promised || due.by > LAST_SECOND)
        return SH_OK;
    out->now.promised = true;
    out->now.silent = due.silent;
    moment(out, due.by, &out->now.by);
    if (facts->has_promise && (due.silent || due.by != facts->next_due))
        rc = load(loader, facts->promise_index, &out->promise, &there);
    if (rc == SH_OK && there) {
        out->now.because = out->promise.doc.because;
        out->now.because_count = out->promise.doc.because_count;
    }
    return rc;
}

int publish_load_now(struct channel *channel, struct arena *arena, struct publish_now *out,
                     struct why *why)
{
    struct publish_loader loader = {channel, arena, why};
    struct due_facts facts;
    uint64_t made = 0;
    int rc;

    memset(out, 0, sizeof(*out));
    item_init(&out->word);
    item_init(&out->promise);
    item_init(&out->newest);
    rc = channel_settings(channel, &out->settings, why);
    if (rc == SH_OK)
        rc = channel_due(channel, &facts, why);
    if (rc == SH_OK)
        rc = made_at(&loader, &made);
    if (rc != SH_OK)
        return rc;
    moment(out, made, &out->now.made);
    out->now.family_place = slice_text(out->settings.family_place);
    rc = load_word(&loader, &facts, out);
    return rc == SH_OK ? load_promise(&loader, &facts, out) : rc;
}

void publish_unload_now(struct publish_now *now)
{
    publish_unload(&now->word);
    publish_unload(&now->promise);
    publish_unload(&now->newest);
}
