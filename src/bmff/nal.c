/*
 * H.264 and HEVC samples: units with their length in front (14496-15 5.3.2, 8.3.2).  Pictures
 * and parameter sets stay; of the supplemental messages only those few that say nothing but
 * numbers of a fixed size about colour and light.
 */
#include "bmff/bmff_int.h"

#include <string.h>

enum fate {
    NAL_CUT = 0,
    NAL_KEEP,
    NAL_SET,  /* a parameter set: kept up to its last field */
    NAL_AUD,  /* access unit delimiter: kept in its one form */
    NAL_BARE, /* kept without what stands behind its header */
    NAL_SEI,
};

/* 14496-10 table 7-1.  Not listed: filler, what extends sets and pictures, unspecified. */
static const uint8_t avc_fates[32] = {
    [1] = NAL_KEEP, [2] = NAL_KEEP,  [3] = NAL_KEEP,  [4] = NAL_KEEP,
    [5] = NAL_KEEP, [6] = NAL_SEI,   [7] = NAL_SET,   [8] = NAL_SET,
    [9] = NAL_AUD,  [10] = NAL_BARE, [11] = NAL_BARE,
};

/* 23008-2 table 7-1.  62 and 63 are what Dolby Vision adds to a base layer that stays. */
static const uint8_t hevc_fates[64] = {
    [0] = NAL_KEEP,  [1] = NAL_KEEP,  [2] = NAL_KEEP,  [3] = NAL_KEEP,  [4] = NAL_KEEP,
    [5] = NAL_KEEP,  [6] = NAL_KEEP,  [7] = NAL_KEEP,  [8] = NAL_KEEP,  [9] = NAL_KEEP,
    [16] = NAL_KEEP, [17] = NAL_KEEP, [18] = NAL_KEEP, [19] = NAL_KEEP, [20] = NAL_KEEP,
    [21] = NAL_KEEP, [32] = NAL_SET,  [33] = NAL_SET,  [34] = NAL_SET,  [35] = NAL_AUD,
    [36] = NAL_BARE, [37] = NAL_BARE, [39] = NAL_SEI,  [40] = NAL_SEI,
};

struct nal {
    uint64_t at;     /* of its length field */
    uint32_t len;    /* bytes behind that */
    unsigned prefix; /* bytes of it */
    bool hevc;
    uint8_t head[3]; /* its first bytes */
};

static unsigned header_bytes(const struct nal *nal)
{
    return nal->hevc ? 2 : 1;
}

static enum fate fate_of(const struct nal *nal)
{
    if (nal->head[0] & 0x80 || nal->len < header_bytes(nal))
        return NAL_CUT;
    if (!nal->hevc)
        return avc_fates[nal->head[0] & 0x1f];
    /* Further layers, and units without a temporal id, which decoders pass over. */
    if (nal->head[0] & 1 || nal->head[1] >> 3 || !(nal->head[1] & 7))
        return NAL_CUT;
    return hevc_fates[nal->head[0] >> 1];
}

/* ---- supplemental messages (14496-10 7.3.2.3, 23008-2 7.3.2.4, ITU-T H.274) ---- */

/* ue(v) or se(v), flags, and the bits that fill up the last byte. */
static bool is_recovery_point(struct slice message, unsigned flags)
{
    struct bmff_bits bits = {.whole = message};

    (void)bmff_bits_golomb(&bits);
    bmff_bits_skip(&bits, flags);
    if (bits.at % 8 && !bmff_bits_read(&bits, 1))
        return false;
    while (bits.at % 8)
        if (bmff_bits_read(&bits, 1))
            return false;
    return !bits.failed && bits.at == message.len * 8;
}

/* Where the message stands in the set of those that may stay, or -1. */
static int allowed(const struct nal *nal, uint32_t type, struct slice message)
{
    switch (type) {
    case 6:
        return is_recovery_point(message, nal->hevc ? 2 : 4) ? 0 : -1;
    case 137: /* mastering display colour volume */
        return message.len == 24 ? 1 : -1;
    case 144: /* content light level */
        return message.len == 4 ? 2 : -1;
    case 147: /* alternative transfer characteristics */
        return message.len == 1 ? 3 : -1;
    default:
        return -1;
    }
}

/* A number in the form of many 255 and a rest. */
static uint32_t rd_long(struct cursor *cur)
{
    uint32_t value = 0;
    uint8_t byte;

    do {
        byte = rd_u8(cur);
        value += byte;
    } while (byte == 255);
    return value;
}

/* One of each sort that may stay, from the plain unit; 0 when there is none. */
static unsigned keep_messages(const struct nal *nal, struct slice plain, struct bytes *out)
{
    struct cursor cur = cursor_of(plain);
    unsigned kept = 0;

    rd_skip(&cur, header_bytes(nal));
    while (rd_left(&cur) >= 2) {
        uint32_t type = rd_long(&cur);
        uint32_t size = rd_long(&cur);
        struct slice message = rd_bytes(&cur, size);
        int slot;

        if (cur.failed)
            break;
        slot = allowed(nal, type, message);
        if (slot < 0 || kept >> slot & 1)
            continue;
        kept |= 1u << slot;
        bytes_u8(out, (uint8_t)type);
        bytes_u8(out, (uint8_t)size);
        bytes_slice(out, message);
    }
    return kept;
}

static void cut(struct bmff_scan *scan, const struct nal *nal)
{
    bmff_scan_cut(scan, nal->at, (uint64_t)nal->prefix + nal->len);
}

/* These bytes in the place of the unit; they are no more than it has. */
static void put(struct bmff_scan *scan, const struct nal *nal, struct slice unit)
{
    struct bytes *out = &scan->plain;

    bytes_clear(out);
    for (unsigned i = nal->prefix; i-- > 0;)
        bytes_u8(out, (uint8_t)(unit.len >> (8 * i)));
    bytes_slice(out, unit);
    bmff_scan_put(scan, nal->at, nal->prefix + nal->len, bytes_view(out));
}

/* The unit as it would be with nothing in it but what may stay, against what it is. */
static int scan_sei(struct bmff_scan *scan, const struct nal *nal, bool *kept, struct why *why)
{
    struct slice unit;
    int rc;

    *kept = false;
    if (nal->len > LIMIT_SEI_BYTES) {
        cut(scan, nal);
        return SH_OK;
    }
    rc = bmff_scan_see(scan, nal->at + nal->prefix, nal->len, &unit, why);
    if (rc < 0)
        return rc;
    bytes_clear(&scan->plain);
    bmff_unescape(unit, &scan->plain);
    bytes_clear(&scan->built);
    bytes_append(&scan->built, scan->plain.ptr, header_bytes(nal));
    *kept = keep_messages(nal, bytes_view(&scan->plain), &scan->built) != 0;
    bytes_u8(&scan->built, 0x80); /* rbsp_trailing_bits */
    bytes_clear(&scan->plain);
    bmff_escape(bytes_view(&scan->built), &scan->plain);
    rc = bytes_check(&scan->plain, why);
    if (rc < 0 || (*kept && slice_equal(bytes_view(&scan->plain), unit)))
        return rc;
    *kept = *kept && scan->plain.len <= unit.len;
    if (!*kept) {
        cut(scan, nal);
        return SH_OK;
    }
    bytes_clear(&scan->built);
    bytes_slice(&scan->built, bytes_view(&scan->plain));
    put(scan, nal, bytes_view(&scan->built));
    return bytes_check(&scan->built, why);
}

/* ---- units ---- */

static bool is_sequence(const struct nal *nal)
{
    return nal->hevc ? nal->head[0] >> 1 == 33 : (nal->head[0] & 0x1f) == 7;
}

/* Its pictures are not too large, and nothing stands behind its last field. */
static int scan_set(struct bmff_scan *scan, const struct nal *nal, struct why *why)
{
    struct bytes *built = &scan->built;
    uint64_t pixels = 0;
    struct slice set = {0};
    int rc = SH_OK;

    if (nal->len > LIMIT_CODEC_CONFIG_BYTES)
        return bmff_scan_bad(scan, "a parameter set is too long", why);
    rc = bmff_scan_see(scan, nal->at + nal->prefix, nal->len, &set, why);
    if (rc == SH_OK && is_sequence(nal) &&
        !(nal->hevc ? bmff_picture_hevc(set, &pixels) : bmff_picture_avc(set, &pixels)))
        return bmff_scan_bad(scan, "a sequence parameter set cannot be read", why);
    if (rc == SH_OK)
        rc = bmff_scan_pixels(scan, pixels, why);
    if (rc < 0)
        return rc;
    bytes_clear(built);
    if (!bmff_set_rebuild(nal->hevc ? BMFF_CODING_HEVC : BMFF_CODING_AVC, set, built) ||
        built->len > nal->len)
        return bmff_scan_bad(scan, "a parameter set cannot be read", why);
    if (!slice_equal(bytes_view(built), set))
        put(scan, nal, bytes_view(built));
    return bytes_check(built, why);
}

static int scan_unit(struct bmff_scan *scan, const struct nal *nal, bool *kept, struct why *why)
{
    unsigned header = header_bytes(nal);

    *kept = true;
    switch (fate_of(nal)) {
    case NAL_KEEP:
        return SH_OK;
    case NAL_SET:
        return scan_set(scan, nal, why);
    case NAL_AUD: /* three bits of picture types, then rbsp_trailing_bits */
        if (nal->len == header + 1 && (nal->head[header] & 0x1f) == 0x10)
            return SH_OK;
        break;
    case NAL_BARE:
        if (nal->len > header)
            put(scan, nal, slice_of(nal->head, header));
        return SH_OK;
    case NAL_SEI:
        return scan_sei(scan, nal, kept, why);
    case NAL_CUT:
        break;
    }
    *kept = false;
    cut(scan, nal);
    return SH_OK;
}

/* The unit at this place; its bytes end inside of the sample. */
static int read_unit(struct bmff_scan *scan, struct nal *nal, struct why *why)
{
    uint64_t left = scan->end - nal->at;
    size_t len = nal->prefix + sizeof(nal->head);
    struct slice seen;
    int rc = bmff_scan_see(scan, nal->at, left < len ? (size_t)left : len, &seen, why);

    if (rc < 0)
        return rc;
    nal->len = 0;
    for (unsigned i = 0; i < nal->prefix; i++)
        nal->len = nal->len << 8 | seen.ptr[i];
    if (nal->len > left - nal->prefix)
        return bmff_scan_bad(scan, "a unit is longer than its sample (14496-15 5.3.2)", why);
    memset(nal->head, 0, sizeof(nal->head));
    memcpy(nal->head, seen.ptr + nal->prefix, seen.len - nal->prefix);
    return SH_OK;
}

static int scan_units(struct bmff_scan *scan, struct nal *nal, struct why *why)
{
    bool any = false;
    bool kept;
    int rc;

    for (nal->at = scan->at; nal->at < scan->end; nal->at += nal->prefix + (uint64_t)nal->len) {
        if (scan->end - nal->at < nal->prefix) {
            bmff_scan_cut(scan, nal->at, scan->end - nal->at);
            break;
        }
        rc = read_unit(scan, nal, why);
        if (rc == SH_OK)
            rc = scan_unit(scan, nal, &kept, why);
        if (rc < 0)
            return rc;
        any = any || kept;
    }
    return any ? SH_OK : bmff_scan_bad(scan, "no picture is in it", why);
}

int bmff_scan_avc(struct bmff_scan *scan, struct why *why)
{
    struct nal nal = {.prefix = 4};

    if (scan->record.len > 4)
        nal.prefix = (scan->record.ptr[4] & 3u) + 1; /* lengthSizeMinusOne */
    return scan_units(scan, &nal, why);
}

int bmff_scan_hevc(struct bmff_scan *scan, struct why *why)
{
    struct nal nal = {.prefix = 4, .hevc = true};

    if (scan->record.len > 21)
        nal.prefix = (scan->record.ptr[21] & 3u) + 1;
    return scan_units(scan, &nal, why);
}
