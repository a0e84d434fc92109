/*
 * AAC and ALAC samples: what stands in front of the first channel element (14496-3 4.4.2).
 * The elements are bits without an index, so nothing can be cut away: payloads become zeros.
 * Behind the first channel element only decoding would find the way.
 */
#include "bmff/bmff_int.h"

#include <string.h>

#define ELEMENT_BYTES 1024 /* Not a cap: more than the longest element in front has. */

enum { ID_DSE = 4, ID_PCE = 5, ID_FIL = 6, ID_END = 7 };

/* One element: where its payload stands, in bits of what is seen. */
struct element {
    struct bmff_bits bits;
    size_t from;
    size_t to;
};

static void byte_align(struct bmff_bits *bits)
{
    bits->at += (8 - bits->at % 8) % 8;
}

/* data_stream_element (14496-3 table 4.10) */
static void read_dse(struct element *element)
{
    struct bmff_bits *bits = &element->bits;
    uint32_t count;
    bool align;

    bmff_bits_skip(bits, 4); /* element_instance_tag */
    align = bmff_bits_read(bits, 1);
    count = bmff_bits_read(bits, 8);
    if (count == 255)
        count += bmff_bits_read(bits, 8);
    if (align)
        byte_align(bits);
    element->from = bits->at;
    element->to = bits->at + (size_t)count * 8;
}

/* fill_element (14496-3 table 4.11) */
static void read_fil(struct element *element)
{
    struct bmff_bits *bits = &element->bits;
    uint32_t count = bmff_bits_read(bits, 4);

    if (count == 15)
        count += bmff_bits_read(bits, 8) - 1;
    element->from = bits->at;
    element->to = bits->at + (size_t)count * 8;
}

/* program_config_element (14496-3 table 4.2): its comment. */
static void read_pce(struct element *element)
{
    struct bmff_bits *bits = &element->bits;
    uint32_t fives;
    uint32_t fours;
    uint32_t count;

    bmff_bits_skip(bits, 4 + 2 + 4);
    fives = bmff_bits_read(bits, 4);  /* front */
    fives += bmff_bits_read(bits, 4); /* side */
    fives += bmff_bits_read(bits, 4); /* back */
    fours = bmff_bits_read(bits, 2);  /* lfe */
    fours += bmff_bits_read(bits, 3); /* assoc_data */
    fives += bmff_bits_read(bits, 4); /* valid_cc */
    if (bmff_bits_read(bits, 1))
        bmff_bits_skip(bits, 4); /* mono_mixdown */
    if (bmff_bits_read(bits, 1))
        bmff_bits_skip(bits, 4); /* stereo_mixdown */
    if (bmff_bits_read(bits, 1))
        bmff_bits_skip(bits, 3); /* matrix_mixdown */
    bmff_bits_skip(bits, (size_t)fives * 5 + (size_t)fours * 4);
    byte_align(bits);
    count = bmff_bits_read(bits, 8);
    element->from = bits->at;
    element->to = bits->at + (size_t)count * 8;
}

/* ---- zeros ---- */

static bool is_blank(struct bmff_bits bits, size_t from, size_t to)
{
    bits.at = from;
    while (bits.at < to) {
        if (bits.at % 8 == 0 && to - bits.at >= 8) {
            if (bits.whole.ptr[bits.at / 8])
                return false;
            bits.at += 8;
        } else if (bmff_bits_read(&bits, 1)) {
            return false;
        }
    }
    return true;
}

/* Bits [from, to) of the seen bytes, which stand at this place of the clip. */
static void blank(struct bmff_scan *scan, uint64_t at, const struct bmff_bits *bits,
                  size_t from, size_t to)
{
    uint8_t own[ELEMENT_BYTES];
    size_t first;
    size_t len;
    uint8_t *shared;

    if (from >= to || is_blank(*bits, from, to))
        return;
    /* The element before may have ended in the same byte. */
    shared = from % 8 ? bmff_scan_last(scan, at + from / 8) : NULL;
    if (shared) {
        for (; from % 8 && from < to; from++)
            *shared &= (uint8_t) ~(0x80u >> from % 8);
        if (from == to)
            return;
    }
    first = from / 8;
    len = (to + 7) / 8 - first;
    memset(own, 0, len);
    own[0] = bits->whole.ptr[first] & (uint8_t) ~(0xffu >> from % 8);
    if (to % 8)
        own[len - 1] |= bits->whole.ptr[first + len - 1] & (uint8_t)(0xffu >> to % 8);
    bmff_scan_put(scan, at + first, (uint32_t)len, slice_of(own, len));
}

/* ---- fill ---- */

/* Fill that says nothing: zeros, or the byte that the standard fills with (table 4.51). */
static bool is_plain_fill(const struct element *element)
{
    struct bmff_bits bits = element->bits;
    uint32_t head;

    bits.at = element->from;
    head = bmff_bits_read(&bits, 8);
    if (head != 0x00 && head != 0x10)
        return false;
    if (is_blank(bits, bits.at, element->to))
        return true;
    while (bits.at < element->to)
        if (bmff_bits_read(&bits, 8) != 0xa5)
            return false;
    return true;
}

/* Ranges, surround and the upper band are part of the sound: extension_type 11 to 14. */
static bool is_sound(const struct element *element)
{
    struct bmff_bits bits = element->bits;
    uint32_t type;

    bits.at = element->from;
    type = bmff_bits_read(&bits, 4);
    return type >= 11 && type <= 14;
}

/* ---- samples ---- */

/* Everything from this bit of the seen bytes to the end of the sample. */
static int blank_rest(struct bmff_scan *scan, uint64_t at, struct bmff_bits bits,
                      struct why *why)
{
    int rc = SH_OK;

    blank(scan, at, &bits, bits.at, bits.whole.len * 8);
    for (at += bits.whole.len; at < scan->end && rc == SH_OK; at += bits.whole.len) {
        uint64_t left = scan->end - at;

        rc = bmff_scan_see(scan, at, left < ELEMENT_BYTES ? (size_t)left : ELEMENT_BYTES,
                           &bits.whole, why);
        if (rc == SH_OK)
            blank(scan, at, &bits, 0, bits.whole.len * 8);
    }
    return rc;
}

static int scan_elements(struct bmff_scan *scan, bool aac, struct why *why)
{
    uint64_t at = 0; /* bits from the start of the sample */
    uint64_t bytes = scan->end - scan->at;

    while (at / 8 < bytes) {
        struct element element = {.bits = {.at = at % 8}};
        uint64_t left = bytes - at / 8;
        uint64_t place = scan->at + at / 8;
        int rc = bmff_scan_see(scan, place, left < ELEMENT_BYTES ? (size_t)left : ELEMENT_BYTES,
                               &element.bits.whole, why);
        uint32_t id;

        if (rc < 0)
            return rc;
        id = bmff_bits_read(&element.bits, 3);
        if (element.bits.failed)
            return SH_OK;
        if (id == ID_END)
            return blank_rest(scan, place, element.bits, why);
        if (id == ID_DSE)
            read_dse(&element);
        else if (id == ID_FIL)
            read_fil(&element);
        else if (id == ID_PCE && aac)
            read_pce(&element);
        else
            return SH_OK;
        if (element.bits.failed || element.to > element.bits.whole.len * 8)
            return bmff_scan_bad(scan, "an element is longer than it (14496-3 4.4.2)", why);
        if (id != ID_FIL || element.from == element.to || !aac ||
            (!is_sound(&element) && !is_plain_fill(&element)))
            blank(scan, place, &element.bits, element.from, element.to);
        at += element.to - at % 8;
    }
    return SH_OK;
}

int bmff_scan_aac(struct bmff_scan *scan, struct why *why)
{
    uint64_t bytes = scan->end - scan->at;
    struct slice head;
    int rc = bmff_scan_see(scan, scan->at, bytes < 2 ? (size_t)bytes : 2, &head, why);

    if (rc < 0)
        return rc;
    /* Read as elements it would be an end without any sound, and all behind it blanked. */
    if (head.len == 2 && head.ptr[0] == 0xff && (head.ptr[1] & 0xf6) == 0xf0)
        return bmff_scan_bad(scan, "it begins with a header of ADTS (14496-3 1.A.2)", why);
    return scan_elements(scan, true, why);
}

int bmff_scan_alac(struct bmff_scan *scan, struct why *why)
{
    return scan_elements(scan, false, why);
}
