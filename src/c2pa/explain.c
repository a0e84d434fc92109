/* Which bytes are in the hash, which are not, and why: ranges for people. */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"

int c2pa_ranges_init(struct c2pa_ranges *ranges, struct arena *arena,
                     const struct c2pa_exclusions *exclusions, struct why *why)
{
    memset(ranges, 0, sizeof(*ranges));
    ranges->arena = arena;
    ranges->exclusions = exclusions;
    bytes_init(&ranges->list, LIMIT_C2PA_RANGES * sizeof(struct c2pa_range));
    ranges->label = arena_take(arena, exclusions->count * sizeof(*ranges->label));
    if (!ranges->label)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for ranges");
    return SH_OK;
}

void c2pa_ranges_release(struct c2pa_ranges *ranges)
{
    bytes_release(&ranges->list);
}

/* The text in the arena, with what is not printable ASCII as '?'. */
static const char *keep(struct c2pa_ranges *ranges, struct slice text, const char *more)
{
    size_t len = text.len < 200 ? text.len : 200;
    size_t extra = strlen(more);
    char *out = arena_take(ranges->arena, len + extra + 1);

    if (!out)
        return NULL;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(text.ptr[i] > 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
    memcpy(out + len, more, extra);
    return out;
}

static int put(struct c2pa_ranges *ranges, struct c2pa_range range, struct why *why)
{
    size_t count = ranges->list.len / sizeof(range);
    struct c2pa_range *last = NULL;

    if (!range.why.ptr)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for ranges");
    range.file = ranges->file;
    if (count)
        last = (struct c2pa_range *)(void *)ranges->list.ptr + count - 1;
    if (last && last->file == range.file && last->to == range.from &&
        last->hashed == range.hashed && last->empty == range.empty &&
        slice_equal(last->why, range.why)) {
        last->to = range.to;
        return SH_OK;
    }
    /* The last one that there is room for stands for all that follow. */
    if (last && count == LIMIT_C2PA_RANGES) {
        last->why = slice_text("more runs than are listed");
        last->hashed = last->hashed && range.hashed;
        last->empty = last->empty && range.empty;
        last->to = last->file == range.file ? range.to : last->to;
        return SH_OK;
    }
    bytes_append(&ranges->list, &range, sizeof(range));
    return bytes_check(&ranges->list, why);
}

int c2pa_ranges_hashed(struct c2pa_ranges *ranges, uint64_t from, uint64_t to, uint32_t type,
                       struct why *why)
{
    struct c2pa_name name = c2pa_name_of(type);
    char path[6] = {'/'};
    const char *text;

    memcpy(path + 1, name.text, sizeof(name.text));
    text = type ? keep(ranges, slice_text(path), "") : "no box";
    return put(ranges,
               (struct c2pa_range){.from = from,
                                   .to = to,
                                   .hashed = true,
                                   .why = slice_of(text, text ? strlen(text) : 0)},
               why);
}

int c2pa_ranges_left(struct c2pa_ranges *ranges, const struct c2pa_span *span, bool empty,
                     struct why *why)
{
    const struct c2pa_exclusion *entry = &ranges->exclusions->entry[span->entry];
    const char **label = &ranges->label[span->entry];

    if (!*label)
        *label =
            keep(ranges, entry->xpath, entry->subset_count ? " excluded in part" : " excluded");
    return put(ranges,
               (struct c2pa_range){.from = span->from,
                                   .to = span->to,
                                   .empty = empty,
                                   .why = slice_of(*label, *label ? strlen(*label) : 0)},
               why);
}

int c2pa_ranges_blocks(struct c2pa_ranges *ranges, uint64_t from, uint64_t to, struct why *why)
{
    return put(ranges,
               (struct c2pa_range){.from = from,
                                   .to = to,
                                   .hashed = true,
                                   .why = slice_text("Merkle blocks of /mdat")},
               why);
}

int c2pa_ranges_give(struct c2pa_ranges *ranges, struct c2pa_bound *bound, struct why *why)
{
    struct c2pa_range *kept;

    if (!ranges->list.len)
        return SH_OK;
    kept = arena_take(ranges->arena, ranges->list.len);
    if (!kept)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for ranges");
    memcpy(kept, ranges->list.ptr, ranges->list.len);
    bound->ranges = kept;
    bound->range_count = ranges->list.len / sizeof(*kept);
    return SH_OK;
}
