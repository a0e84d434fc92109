/* AV1 samples: open bitstream units (AV1 specification 5.3, 6.2, 6.7). */
#include "bmff/bmff_int.h"

enum {
    OBU_SEQUENCE = 1,
    OBU_DELIMITER = 2,
    OBU_FRAME_HEADER = 3,
    OBU_TILE_GROUP = 4,
    OBU_METADATA = 5,
    OBU_FRAME = 6,
    OBU_REDUNDANT = 7,
};

struct obu {
    uint64_t at;
    uint64_t body; /* place of its payload */
    uint64_t len;  /* bytes of that */
    uint8_t head;
};

static unsigned type_of(const struct obu *obu)
{
    return obu->head >> 3 & 15;
}

/* leb128: at most eight bytes, at most 32 bits (4.10.5). */
static uint64_t rd_leb(struct cursor *cur)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = rd_u8(cur);

        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return value;
    }
    cur->failed = true;
    return 0;
}

static int read_unit(struct bmff_scan *scan, struct obu *obu, struct why *why)
{
    uint64_t left = scan->end - obu->at;
    struct slice seen;
    struct cursor cur;
    int rc = bmff_scan_see(scan, obu->at, left < 10 ? (size_t)left : 10, &seen, why);

    if (rc < 0)
        return rc;
    cur = cursor_of(seen);
    obu->head = rd_u8(&cur);
    if (obu->head & 4)
        rd_skip(&cur, 1); /* extension */
    obu->len = obu->head & 2 ? rd_leb(&cur) : left - (obu->head & 4 ? 2 : 1);
    if (cur.failed || obu->len > left - cur.at)
        return bmff_scan_bad(scan, "a unit is longer than its sample (AV1 5.3)", why);
    obu->body = obu->at + cur.at;
    return SH_OK;
}

/* Light levels and the mastering display, of their one size (5.8.3, 5.8.4). */
static int keep_metadata(struct bmff_scan *scan, const struct obu *obu, bool *kept,
                         struct why *why)
{
    struct slice seen;
    int rc;

    *kept = false;
    if (obu->len != 1 + 4 + 1 && obu->len != 1 + 24 + 1)
        return SH_OK;
    rc = bmff_scan_see(scan, obu->body, (size_t)obu->len, &seen, why);
    if (rc < 0)
        return rc;
    *kept = seen.ptr[0] == (seen.len == 6 ? 1 : 2) && seen.ptr[seen.len - 1] == 0x80;
    return SH_OK;
}

static int scan_unit(struct bmff_scan *scan, const struct obu *obu, bool *kept, struct why *why)
{
    *kept = false;
    if (obu->head & 0x80) /* obu_forbidden_bit */
        return SH_OK;
    switch (type_of(obu)) {
    case OBU_SEQUENCE:
    case OBU_FRAME_HEADER:
    case OBU_TILE_GROUP:
    case OBU_FRAME:
    case OBU_REDUNDANT:
        *kept = true;
        return SH_OK;
    case OBU_DELIMITER:
        *kept = obu->len == 0;
        return SH_OK;
    case OBU_METADATA:
        return keep_metadata(scan, obu, kept, why);
    default: /* tile lists, padding, reserved types */
        return SH_OK;
    }
}

int bmff_scan_av1(struct bmff_scan *scan, struct why *why)
{
    struct obu obu = {0};
    bool any = false;
    bool kept;
    int rc;

    for (obu.at = scan->at; obu.at < scan->end; obu.at = obu.body + obu.len) {
        rc = read_unit(scan, &obu, why);
        if (rc == SH_OK)
            rc = scan_unit(scan, &obu, &kept, why);
        if (rc < 0)
            return rc;
        if (!kept)
            bmff_scan_cut(scan, obu.at, obu.body + obu.len - obu.at);
        any = any || kept;
    }
    return any ? SH_OK : bmff_scan_bad(scan, "no picture is in it", why);
}
