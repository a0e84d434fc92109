/* AV1 samples: open bitstream units (AV1 specification 5.3, 6.2, 6.7); VP9 frames. */
#include "bmff/bmff_int.h"

#define SEQUENCE_BYTES 1024 /* Not a cap: more than the longest sequence header has. */
#define FRAME_BYTES 64      /* Not a cap: the size of a picture stands in the first bytes. */

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
    uint8_t extension;
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
        obu->extension = rd_u8(&cur);
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

/* The header with these bits of its payload, in the form that the unit has. */
static void put_sequence(struct bmff_scan *scan, const struct obu *obu, struct slice seen,
                         size_t bits)
{
    struct bytes *out = &scan->built;
    size_t len = bits / 8 + 1;
    uint8_t last = (uint8_t)(0x80 >> bits % 8); /* trailing_one_bit */

    bytes_clear(out);
    bytes_u8(out, obu->head);
    if (obu->head & 4)
        bytes_u8(out, obu->extension);
    if (obu->head & 2 && len > 127)
        bytes_u8(out, (uint8_t)(len | 0x80));
    if (obu->head & 2)
        bytes_u8(out, (uint8_t)(len > 127 ? len >> 7 : len));
    bytes_append(out, seen.ptr, len - 1);
    if (bits % 8)
        last |= seen.ptr[len - 1] & (uint8_t)(0xff00u >> bits % 8);
    bytes_u8(out, last);
    bmff_scan_put(scan, obu->at, (uint32_t)(obu->body + obu->len - obu->at), bytes_view(out));
}

/* Its pictures are not too large, and nothing stands behind what it says (5.5, 5.3.4). */
static int scan_sequence(struct bmff_scan *scan, const struct obu *obu, struct why *why)
{
    uint64_t pixels = 0;
    size_t bits = 0;
    size_t len = obu->len < SEQUENCE_BYTES ? (size_t)obu->len : SEQUENCE_BYTES;
    struct slice seen;
    int rc = bmff_scan_see(scan, obu->body, len, &seen, why);

    if (rc < 0)
        return rc;
    if (!bmff_picture_av1(seen, &pixels, &bits) || bits / 8 >= len)
        return bmff_scan_bad(scan, "a sequence header cannot be read (AV1 5.5)", why);
    rc = bmff_scan_pixels(scan, pixels, why);
    if (rc < 0)
        return rc;
    if (obu->len != bits / 8 + 1 ||
        (seen.ptr[bits / 8] & 0xffu >> bits % 8) != 0x80u >> bits % 8)
        put_sequence(scan, obu, seen, bits);
    return bytes_check(&scan->built, why);
}

static int scan_unit(struct bmff_scan *scan, const struct obu *obu, bool *kept, struct why *why)
{
    *kept = false;
    if (obu->head & 0x80) /* obu_forbidden_bit */
        return SH_OK;
    switch (type_of(obu)) {
    case OBU_SEQUENCE:
        *kept = true;
        return scan_sequence(scan, obu, why);
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

int bmff_scan_vp9(struct bmff_scan *scan, struct why *why)
{
    uint64_t left = scan->end - scan->at;
    uint64_t pixels = 0;
    struct slice seen;
    int rc = bmff_scan_see(scan, scan->at, left < FRAME_BYTES ? (size_t)left : FRAME_BYTES,
                           &seen, why);

    if (rc < 0)
        return rc;
    if (!bmff_picture_vp9(seen, &pixels))
        return bmff_scan_bad(scan, "the head of a frame cannot be read (VP9 6.2)", why);
    return bmff_scan_pixels(scan, pixels, why);
}
