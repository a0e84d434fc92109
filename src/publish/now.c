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

/* Where in the log it became public. */
static uint64_t position(const struct pages_item *item)
{
    if (item->version)
        return item->version;
    return item->opened_by ? item->opened_by : item->index;
}

/* Why a dispatch after entry `shown` does not count: withdrawn, missing here, or disputed. */
static int load_newest(struct publish_loader *loader, uint64_t shown, struct publish_now *out)
{
    uint64_t dispatches = channel_info(loader->channel)->dispatches;
    const struct pages_item *newest = &out->newest.item;
    int rc;

    if (!dispatches)
        return SH_OK;
    rc =
        publish_load(loader->channel, dispatches - 1, loader->arena, &out->newest, loader->why);
    if (rc == SH_OK && position(newest) > shown && !publish_counts(newest)) {
        out->now.newest = newest;
        moment(out, newest->withdrawn_at, &out->now.withdrawn);
    }
    return rc;
}

/* The newest word: a dispatch, one that was opened, or a correction. */
static int load_facts_word(struct publish_loader *loader, uint64_t index,
                           struct publish_now *out, bool *there)
{
    struct channel_entry entry;
    uint64_t ordinal = 0;
    int rc = channel_entry_get(loader->channel, index, &entry, loader->why);

    if (rc == SH_OK && entry.entry.type == ENTRY_OPEN)
        index = entry.entry.ref;
    if (rc == SH_OK)
        rc = publish_load_page(loader->channel, index, loader->arena, &out->word, loader->why);
    *there = rc == SH_OK && publish_counts(&out->word.item);
    if (rc != SH_OK || *there || out->word.item.version)
        return rc;
    rc = channel_dispatch_ordinal(loader->channel, index, &ordinal, loader->why);
    return rc == SH_OK ? publish_load_older(loader, ordinal, &out->word, there) : rc;
}

/* The newest word; one that was withdrawn still counts for the promise, but is not shown. */
static int load_word(struct publish_loader *loader, const struct due_facts *facts,
                     struct publish_now *out)
{
    struct pages_item *word = &out->word.item;
    bool there = false;
    int rc = facts->has_word ? load_facts_word(loader, facts->word_index, out, &there) : SH_OK;

    if (rc == SH_OK && there)
        rc = publish_seal(loader, word);
    if (rc == SH_OK)
        rc = load_newest(loader, there ? position(word) : 0, out);
    if (rc == SH_OK && there) {
        out->now.word = word;
        moment(out, word->corrected_at ? word->corrected_at : out->word.doc.published,
               &out->now.said);
        moment(out, word->known_at, &out->now.known);
    }
    return rc;
}

/* The document of the promise. */
static int load_because(struct publish_loader *loader, uint64_t index, struct publish_now *out)
{
    struct channel_entry entry;
    bool there = false;
    int rc = channel_entry_get(loader->channel, index, &entry, loader->why);

    if (rc == SH_OK)
        rc = publish_document(loader, &entry, &out->promise, &there);
    if (rc == SH_OK && there) {
        out->now.because = out->promise.doc.because;
        out->now.because_count = out->promise.doc.because_count;
    }
    return rc;
}

/* The reason belongs to the promise that says when the next word is due. */
static int load_promise(struct publish_loader *loader, const struct due_facts *facts,
                        struct publish_now *out)
{
    struct due due;

    due_of(facts, &due);
    if (!due.promised || due.by > LAST_SECOND)
        return SH_OK;
    out->now.promised = true;
    out->now.silent = due.silent;
    moment(out, due.by, &out->now.by);
    if (facts->has_promise && (due.silent || due.by != facts->next_due))
        return load_because(loader, facts->promise_index, out);
    return SH_OK;
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
        rc = publish_dated_before(channel, channel_info(channel)->size, &made, why);
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
