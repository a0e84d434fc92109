/*
 * Since when was it somebody else?  An index says it exactly.  A time is looked up in what the
 * documents say of their publication, which is the word of whoever kept the clock: so the
 * entries on both sides are handed out, and a clock that was set back is not believed.
 */
#include <string.h>

#include "channel/channel_int.h"

/* The words of one entry, cut at a whole character. */
static void said_fill(struct channel_said *said, uint64_t index, const struct document *doc)
{
    const struct doc_text *text = doc->word_count ? doc->words : doc->because;
    size_t count = doc->word_count ? doc->word_count : doc->because_count, len = 0;

    *said = (struct channel_said){.there = true, .index = index, .published = doc->published};
    (void)snprintf(said->kind, sizeof(said->kind), "%.*s",
                   (int)(doc->kind_text.len < sizeof(said->kind) - 1 ? doc->kind_text.len
                                                                     : sizeof(said->kind) - 1),
                   (const char *)doc->kind_text.ptr);
    if (!count)
        return;
    len =
        text[0].text.len < sizeof(said->words) - 1 ? text[0].text.len : sizeof(said->words) - 1;
    len = slice_find(slice_sub(text[0].text, 0, len), 0, '\n');
    while (len && len < text[0].text.len && (text[0].text.ptr[len] & 0xc0) == 0x80)
        len--;
    memcpy(said->words, text[0].text.ptr, len);
}

void channel_moment_init(struct channel_moment *moment, enum channel_since how, uint64_t value)
{
    *moment = (struct channel_moment){.how = how, .value = value, .index = ENTRY_NO_REF};
}

void channel_moment_look(struct channel_moment *moment, uint64_t index,
                         const struct document *doc)
{
    bool begins = moment->how == CHANNEL_SINCE_INDEX ? index >= moment->value
                                                     : doc->published >= moment->value;

    if (!doc->published || moment->first.there)
        return;
    if (begins) {
        said_fill(&moment->first, index, doc);
        moment->index = index;
        return;
    }
    if (doc->published < moment->newest.published) {
        if (!moment->back)
            moment->back = index;
    } else {
        said_fill(&moment->newest, index, doc);
        moment->back = 0; /* The clock went on past the place from which it was set back. */
    }
    said_fill(&moment->last, index, doc);
}

int channel_moment_done(struct channel_moment *moment, uint64_t size, struct why *why)
{
    char before[WHEN_TEXT_BYTES], after[WHEN_TEXT_BYTES];

    if (moment->how == CHANNEL_SINCE_INDEX) {
        moment->index = moment->value;
        return SH_OK;
    }
    if (moment->index == ENTRY_NO_REF)
        moment->index = size;
    if (!moment->back)
        return SH_OK;
    when_text(moment->newest.published, before);
    when_text(moment->last.published, after);
    return why_set(why, SH_EARG, WHY_NOWHERE,
                   "a time cannot say whose these entries are: entry %ju says %s, and from "
                   "entry %ju on they say earlier times (entry %ju: %s), so a clock was set "
                   "back there; look at entries %ju to %ju, and give the number of the first "
                   "that was not you: --since NUMBER",
                   (uintmax_t)moment->newest.index, before, (uintmax_t)moment->back,
                   (uintmax_t)moment->last.index, after, (uintmax_t)moment->newest.index,
                   (uintmax_t)(moment->index < size ? moment->index : size - 1));
}

/* ---- in a channel's own home ---- */

int channel_moment_find(struct channel *channel, struct channel_moment *moment, struct why *why)
{
    struct channel_entry entry;
    struct document doc;
    struct arena arena;
    struct bytes raw;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    for (uint64_t index = 1; index < channel->state.size && !moment->first.there; index++) {
        arena_init(&arena, LIMIT_DOCUMENT_ARENA);
        if (channel_entry_get(channel, index, &entry, NULL) == SH_OK &&
            channel_document(channel, &entry, &raw, NULL) == SH_OK &&
            document_parse(bytes_view(&raw), &arena, &doc, NULL) == SH_OK)
            channel_moment_look(moment, index, &doc);
        arena_release(&arena);
    }
    bytes_release(&raw);
    return channel_moment_done(moment, channel->state.size, why);
}
