/* Boxes in memory: one walk for every container (14496-12 4.2). */
#include "bmff/bmff_int.h"

#include <string.h>

struct bmff_name bmff_name_of(uint32_t type)
{
    struct bmff_name name = {{0}};

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(type >> (24 - 8 * i));
        name.text[i] = (char)(c >= 0x21 && c <= 0x7e ? c : c == ' ' ? '_' : '?');
    }
    return name;
}

void bmff_census_mark(struct bmff_census *census, enum bmff_removed kind)
{
    census->removed |= 1u << kind;
}

/* LONG: a flat table. */
void bmff_census_drop(struct bmff_census *census, uint32_t type)
{
    switch (type) {
    case FOURCC('u', 'd', 't', 'a'):
        bmff_census_mark(census, BMFF_REMOVED_USER_DATA);
        break;
    case FOURCC('m', 'e', 't', 'a'):
    case FOURCC('u', 'u', 'i', 'd'):
        bmff_census_mark(census, BMFF_REMOVED_METADATA);
        break;
    case FOURCC('f', 'r', 'e', 'e'):
    case FOURCC('s', 'k', 'i', 'p'):
    case FOURCC('w', 'i', 'd', 'e'):
        bmff_census_mark(census, BMFF_REMOVED_PADDING);
        break;
    case FOURCC('h', 'd', 'l', 'r'):
        bmff_census_mark(census, BMFF_REMOVED_NAMES);
        break;
    default:
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
        break;
    }
}

const uint8_t bmff_c2pa_uuid[BMFF_UUID_BYTES] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e,
                                                 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28,
                                                 0x87, 0x7e, 0xc4, 0x81};

bool bmff_is_credentials(struct slice uuid)
{
    return uuid.len >= sizeof(bmff_c2pa_uuid) &&
           memcmp(uuid.ptr, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid)) == 0;
}

struct bmff_walk bmff_walk_of(const struct bmff_box *parent, size_t skip,
                              struct bmff_census *census)
{
    struct bmff_walk walk = {.cur = cursor_of(parent->body), .census = census};

    walk.base = parent->body_at;
    rd_skip(&walk.cur, skip < parent->body.len ? skip : parent->body.len);
    return walk;
}

int bmff_walk_next(struct bmff_walk *walk, struct bmff_box *box, struct why *why)
{
    uint64_t at = walk->base + walk->cur.at;
    size_t left = rd_left(&walk->cur);
    uint64_t size;
    uint64_t header = 8;
    uint32_t type;

    /* QuickTime ends some lists with a zero word (QTFF "User Data Atoms"). */
    if (left < 8)
        return 0;
    if (++walk->census->boxes > LIMIT_BOXES)
        return why_set(why, SH_ELIMIT, at, "moov: more than %d boxes" BMFF_REMEDY_REMUX,
                       LIMIT_BOXES);
    size = rd_u32(&walk->cur);
    type = rd_u32(&walk->cur);
    if (size == 0)
        size = left; /* To the end of what encloses it. */
    if (size == 1) {
        size = rd_u64(&walk->cur);
        header = 16;
    }
    if (walk->cur.failed || size < header || size > left)
        return why_set(why, SH_EFORMAT, at,
                       "%s near byte %llu: its size is %llu, room for %zu (14496-12 4.2)"
                       "; the clip is damaged" BMFF_REMEDY_REMUX,
                       bmff_name_of(type).text, (unsigned long long)at,
                       (unsigned long long)size, left);
    box->type = type;
    box->found = true;
    box->at = at;
    box->body_at = at + header;
    box->body = rd_bytes(&walk->cur, (size_t)(size - header));
    if (box->body.len == 0)
        box->body = slice_of(walk->cur.whole.ptr + walk->cur.at, 0);
    return 1;
}

static const struct bmff_want *wanted(const struct bmff_want *wants, size_t count,
                                      uint32_t type)
{
    for (size_t i = 0; i < count; i++)
        if (wants[i].type == type)
            return &wants[i];
    return NULL;
}

int bmff_collect(const struct bmff_box *parent, const struct bmff_want *wants,
                 size_t want_count, struct bmff_census *census, struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(parent, 0, census);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        const struct bmff_want *want = wanted(wants, want_count, box.type);

        if (!want) {
            bool c2pa = box.type == FOURCC('u', 'u', 'i', 'd') && bmff_is_credentials(box.body);

            if (c2pa)
                bmff_census_mark(census, BMFF_REMOVED_CREDENTIALS);
            else
                bmff_census_drop(census, box.type);
            continue;
        }
        if (want->box->found)
            return why_set(why, SH_EFORMAT, box.at,
                           "%s near byte %llu: a second one where one may be (14496-12 table 1)"
                           "; the clip is damaged" BMFF_REMEDY_REMUX,
                           bmff_name_of(box.type).text, (unsigned long long)box.at);
        *want->box = box;
    }
    return rc;
}
