/*
 * The decoder records of pictures, rebuilt field by field: H.264 and HEVC (14496-15 5.3.3,
 * 8.3.3), AV1 (AV1-ISOBMFF 2.3), VP9 (vp-codec-iso-media-file-format).
 */
#include "bmff/bmff_int.h"

static int bad(const struct bmff_box *box, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, box->at, "%s at byte %llu: %s (14496-15)" BMFF_REMEDY_REMUX,
                   bmff_name_of(box->type).text, (unsigned long long)box->at, what);
}

static int check_size(const struct bmff_box *box, struct why *why)
{
    if (box->body.len > LIMIT_CODEC_CONFIG_BYTES)
        return why_set(why, SH_ELIMIT, box->at,
                       "%s: %zu bytes, %d are the most" BMFF_REMEDY_RECODE,
                       bmff_name_of(box->type).text, box->body.len, LIMIT_CODEC_CONFIG_BYTES);
    return SH_OK;
}

static int too_large(const struct bmff_box *box, uint64_t pixels, struct why *why)
{
    return why_set(
        why, SH_ELIMIT, box->at,
        "%s at byte %llu: pictures of %llu pixels, %d are the most" BMFF_REMEDY_SMALLER,
        bmff_name_of(box->type).text, (unsigned long long)box->at, (unsigned long long)pixels,
        LIMIT_PIXELS);
}

typedef bool (*picture_size)(struct slice set, uint64_t *pixels);

/* A sequence parameter set asks for the memory of the decoder, so the limit holds there too. */
static int check_pixels(const struct bmff_box *box, picture_size size, struct slice set,
                        struct why *why)
{
    uint64_t pixels = 0;

    if (!size(set, &pixels))
        return bad(box, "a sequence parameter set cannot be read", why);
    return pixels > LIMIT_PIXELS ? too_large(box, pixels, why) : SH_OK;
}

/* ---- avcC ---- */

/* One set without what hides behind its last field, its length in front. */
static bool put_set(enum bmff_coding coding, struct slice set, struct bytes *out,
                    struct bmff_census *census)
{
    size_t at = out->len;
    size_t len;

    bytes_u16(out, 0);
    if (!bmff_set_rebuild(coding, set, out))
        return false;
    len = out->len - at - 2;
    if (out->failed != SH_OK || len > UINT16_MAX)
        return false;
    out->ptr[at] = (uint8_t)(len >> 8);
    out->ptr[at + 1] = (uint8_t)len;
    if (!slice_equal(set, slice_of(out->ptr + at + 2, len)))
        bmff_census_mark(census, BMFF_REMOVED_METADATA);
    return true;
}

/* count parameter sets, each of nal_unit_type type, rebuilt into out. */
static bool copy_sets(struct cursor *cur, unsigned count, unsigned type, struct bytes *out,
                      struct bmff_census *census)
{
    for (unsigned i = 0; i < count; i++) {
        struct slice set = rd_bytes(cur, rd_u16(cur));

        if (cur->failed || !set.len || (set.ptr[0] & 0x9f) != type ||
            !put_set(BMFF_CODING_AVC, set, out, census))
            return false;
    }
    return true;
}

/*
 * The fields that only high profiles have; some writers leave them out.  Extensions of sequence
 * sets describe a second, auxiliary picture: none is kept, so they go.
 */
static bool copy_high(struct cursor *cur, struct bytes *out, struct bmff_census *census)
{
    uint8_t chroma = rd_u8(cur);
    uint8_t luma_depth = rd_u8(cur);
    uint8_t chroma_depth = rd_u8(cur);
    uint8_t count = rd_u8(cur);

    bytes_u8(out, chroma | 0xfc);
    bytes_u8(out, luma_depth | 0xf8);
    bytes_u8(out, chroma_depth | 0xf8);
    bytes_u8(out, 0);
    for (unsigned i = 0; i < count; i++)
        rd_skip(cur, rd_u16(cur));
    if (count)
        bmff_census_mark(census, BMFF_REMOVED_METADATA);
    return !cur->failed;
}

/* The first sets of the rebuilt record: those of sequences. */
static int check_avc_pixels(const struct bmff_box *box, struct slice record, struct why *why)
{
    struct cursor cur = cursor_of(record);
    unsigned count;
    int rc = SH_OK;

    rd_skip(&cur, 5);
    count = rd_u8(&cur) & 0x1f;
    for (unsigned i = 0; i < count && rc == SH_OK; i++)
        rc = check_pixels(box, bmff_picture_avc, rd_bytes(&cur, rd_u16(&cur)), why);
    return rc;
}

int bmff_rebuild_avcc(const struct bmff_box *box, bool inband, struct bytes *out,
                      struct bmff_census *census, struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open(out, box->type);
    uint8_t head[5];
    uint8_t count;
    bool high;

    if (check_size(box, why) < 0)
        return SH_ELIMIT;
    for (unsigned i = 0; i < sizeof(head); i++)
        head[i] = rd_u8(&cur);
    count = rd_u8(&cur) & 0x1f;
    if (cur.failed || head[0] != 1)
        return bad(box, "it is no decoder record of version 1", why);
    if ((head[4] & 3) == 2)
        return bad(box, "lengthSizeMinusOne is 2", why);
    if (!count && !inband)
        return bad(box, "it has no sequence parameter set", why);
    head[4] |= 0xfc;
    bytes_append(out, head, sizeof(head));
    bytes_u8(out, count | 0xe0);
    if (!copy_sets(&cur, count, 7, out, census))
        return bad(box, "a sequence parameter set cannot be read", why);
    count = rd_u8(&cur);
    bytes_u8(out, count);
    if (!copy_sets(&cur, count, 8, out, census) || cur.failed)
        return bad(box, "a picture parameter set cannot be read", why);
    high = head[1] == 100 || head[1] == 110 || head[1] == 122 || head[1] == 144 ||
           head[1] == 244 || head[1] == 44;
    if (high && rd_left(&cur) >= 4 && !copy_high(&cur, out, census))
        return bad(box, "an extension of the sequence parameter set is cut off", why);
    if (rd_left(&cur))
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    bmff_box_close(out, start);
    if (bytes_check(out, why) < 0)
        return out->failed;
    return check_avc_pixels(box, slice_sub(bytes_view(out), start + 8, out->len - start - 8),
                            why);
}

/* ---- hvcC ---- */

/* One array of parameter sets, copied when it is one that decoding needs. */
static bool copy_array(struct cursor *cur, struct bytes *out, struct bmff_census *census,
                       bool *kept)
{
    uint8_t head = rd_u8(cur);
    unsigned type = head & 0x3f;
    unsigned count = rd_u16(cur);

    *kept = type >= 32 && type <= 34; /* VPS, SPS, PPS; SEI holds texts of the encoder */
    if (*kept) {
        bytes_u8(out, head & 0xbf);
        bytes_u16(out, (uint16_t)count);
    }
    for (unsigned i = 0; i < count && !cur->failed; i++) {
        struct slice set = rd_bytes(cur, rd_u16(cur));

        if (!*kept)
            continue;
        if (set.len < 2 || (set.ptr[0] >> 1 & 0x3f) != type || set.ptr[0] & 0x80 ||
            !put_set(BMFF_CODING_HEVC, set, out, census))
            return false;
    }
    return !cur->failed;
}

static int check_hevc_pixels(const struct bmff_box *box, struct slice record, struct why *why)
{
    struct cursor cur = cursor_of(record);
    unsigned arrays;
    int rc = SH_OK;

    rd_skip(&cur, 22);
    arrays = rd_u8(&cur);
    for (unsigned i = 0; i < arrays; i++) {
        bool sequences = (rd_u8(&cur) & 0x3f) == 33;
        unsigned count = rd_u16(&cur);

        for (unsigned k = 0; k < count && rc == SH_OK; k++) {
            struct slice set = rd_bytes(&cur, rd_u16(&cur));

            if (sequences)
                rc = check_pixels(box, bmff_picture_hevc, set, why);
        }
    }
    return rc;
}

int bmff_rebuild_hvcc(const struct bmff_box *box, struct bytes *out, struct bmff_census *census,
                      struct why *why)
{
    /* Reserved bits of the bytes 13 to 18 are ones (14496-15 8.3.3.1.2). */
    static const uint8_t ones[22] = {
        [13] = 0xf0, [15] = 0xfc, [16] = 0xfc, [17] = 0xf8, [18] = 0xf8};
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open(out, box->type);
    struct slice fixed = rd_bytes(&cur, sizeof(ones));
    unsigned arrays = rd_u8(&cur);
    unsigned kept_arrays = 0;
    size_t at;
    bool kept;

    if (check_size(box, why) < 0)
        return SH_ELIMIT;
    if (cur.failed || fixed.ptr[0] > 1)
        return bad(box, "it is no decoder record of version 1", why);
    if ((fixed.ptr[21] & 3) == 2)
        return bad(box, "lengthSizeMinusOne is 2", why);
    bytes_u8(out, 1);
    for (unsigned i = 1; i < sizeof(ones); i++)
        bytes_u8(out, fixed.ptr[i] | ones[i]);
    at = out->len;
    bytes_u8(out, 0);
    for (unsigned i = 0; i < arrays; i++) {
        if (!copy_array(&cur, out, census, &kept))
            return bad(box, "a parameter set cannot be read", why);
        kept_arrays += kept;
        if (!kept)
            bmff_census_mark(census, BMFF_REMOVED_METADATA);
    }
    if (rd_left(&cur))
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    if (out->failed == SH_OK)
        out->ptr[at] = (uint8_t)kept_arrays;
    bmff_box_close(out, start);
    if (bytes_check(out, why) < 0)
        return out->failed;
    return check_hevc_pixels(box, slice_sub(bytes_view(out), start + 8, out->len - start - 8),
                             why);
}

/* ---- av1C ---- */

#define OBU_SEQUENCE 1

/* The payload of the next OBU and its type (AV1 5.3). */
static bool rd_obu(struct cursor *cur, unsigned *type, struct slice *payload)
{
    uint8_t head = rd_u8(cur);
    uint64_t size = 0;
    uint8_t byte = 0x80;

    *type = head >> 3 & 15;
    if (head & 0x80)
        return false;
    if (head & 4)
        rd_skip(cur, 1);
    if (head & 2) {
        for (unsigned i = 0; i < 5 && byte & 0x80; i++) {
            byte = rd_u8(cur);
            size |= (uint64_t)(byte & 0x7f) << 7 * i;
        }
    } else {
        size = rd_left(cur);
        byte = 0;
    }
    if (cur->failed || byte & 0x80 || size > rd_left(cur))
        return false;
    *payload = rd_bytes(cur, (size_t)size);
    return true;
}

/* The bits that have a meaning, and the one that ends them (AV1 5.3.4). */
static void write_sequence(struct slice header, size_t bits, struct bytes *out)
{
    size_t len = bits / 8 + 1;

    bytes_u8(out, OBU_SEQUENCE << 3 | 2);
    if (len >= 0x80)
        bytes_u8(out, (uint8_t)(len & 0x7f) | 0x80);
    bytes_u8(out, (uint8_t)(len >= 0x80 ? len >> 7 : len));
    bytes_append(out, header.ptr, bits / 8);
    bytes_u8(out, (uint8_t)(((bits % 8 ? header.ptr[bits / 8] : 0) & 0xff00u >> bits % 8) |
                            0x80u >> bits % 8));
}

int bmff_rebuild_av1c(const struct bmff_box *box, struct bytes *out, struct bmff_census *census,
                      struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open(out, box->type);
    struct slice head = rd_bytes(&cur, 4);
    bool delay;

    if (check_size(box, why) < 0)
        return SH_ELIMIT;
    if (cur.failed || head.ptr[0] != 0x81)
        return bad(box, "it is no decoder record of version 1", why);
    delay = head.ptr[3] & 0x10;
    bytes_append(out, head.ptr, 3);
    bytes_u8(out, head.ptr[3] & (delay ? 0x1f : 0));
    while (rd_left(&cur)) {
        struct slice payload = {0};
        uint64_t pixels;
        unsigned type;
        size_t bits;

        if (!rd_obu(&cur, &type, &payload))
            return bad(box, "an OBU is cut off", why);
        if (type != OBU_SEQUENCE) { /* Metadata and padding. */
            bmff_census_mark(census, BMFF_REMOVED_METADATA);
            continue;
        }
        if (!bmff_picture_av1(payload, &pixels, &bits))
            return bad(box, "a sequence header cannot be read", why);
        if (pixels > LIMIT_PIXELS)
            return too_large(box, pixels, why);
        write_sequence(payload, bits, out);
    }
    bmff_box_close(out, start);
    return bytes_check(out, why);
}

/* ---- vpcC ---- */

int bmff_rebuild_vpcc(const struct bmff_box *box, struct bytes *out, struct bmff_census *census,
                      struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open_full(out, box->type, 1, 0);
    uint32_t version = rd_u32(&cur) >> 24;
    struct slice fields =
        rd_bytes(&cur, 6); /* profile, level, depth and chroma, three colours */
    uint16_t extra = rd_u16(&cur);

    if (cur.failed || version != 1 || fields.ptr[0] > 3)
        return bad(box, "it is no decoder record of version 1", why);
    bytes_slice(out, fields);
    bytes_u16(out, 0); /* codecInitializationDataSize */
    if (extra || rd_left(&cur))
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    bmff_box_close(out, start);
    return bytes_check(out, why);
}
