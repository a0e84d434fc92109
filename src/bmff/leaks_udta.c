/* udta: what phones and cameras write there, by the names of its boxes. */
#include "bmff/leaks_int.h"

#include <string.h>

static bool is_utf16(struct slice text)
{
    return text.len >= 2 && ((text.ptr[0] == 0xfe && text.ptr[1] == 0xff) ||
                             (text.ptr[0] == 0xff && text.ptr[1] == 0xfe));
}

/* UTF-16 behind its mark as UTF-8; characters beyond the first plane become '?'. */
static struct slice from_utf16(struct slice text, uint8_t out[BMFF_LEAK_BYTES])
{
    bool little = text.ptr[0] == 0xff;
    size_t used = 0;

    for (size_t at = 2; at + 1 < text.len && used + 3 <= BMFF_LEAK_BYTES; at += 2) {
        uint32_t c = (uint32_t)text.ptr[at + little] << 8 | text.ptr[at + !little];

        if (!c)
            break;
        if (c < 0x80) {
            out[used++] = (uint8_t)c;
        } else if (c < 0x800) {
            out[used++] = (uint8_t)(0xc0 | c >> 6);
            out[used++] = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c >= 0xd800 && c <= 0xdfff) {
            out[used++] = '?';
        } else {
            out[used++] = (uint8_t)(0xe0 | c >> 12);
            out[used++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            out[used++] = (uint8_t)(0x80 | (c & 0x3f));
        }
    }
    return slice_of(out, used);
}

/* Without the zeros that end it. */
static struct slice plain(struct slice text)
{
    size_t len = slice_find(text, 0, 0);

    return slice_sub(text, 0, len);
}

/*
 * The text of a box in whichever form: a data box as in ilst; 16 bits of size, 16 of language,
 * text (QuickTime); version, language, text (3GPP TS 26.244 8); text alone.
 */
static struct slice text_of(struct slice body, uint8_t hold[BMFF_LEAK_BYTES])
{
    struct cursor cur = cursor_of(body);
    uint32_t first = rd_u32(&cur);
    uint32_t second = rd_u32(&cur);

    if (body.len >= 16 && second == FOURCC('d', 'a', 't', 'a'))
        return slice_sub(body, 16, body.len - 16);
    if (body.len > 4 && first >> 16 && (first >> 16) + 4 <= body.len)
        return plain(slice_sub(body, 4, first >> 16));
    if (body.len > 6 && first == 0) {
        body = slice_sub(body, 6, body.len - 6);
        if (is_utf16(body))
            return from_utf16(body, hold);
    }
    return plain(body);
}

/* loci: name, role, longitude, latitude, altitude in 16.16 (3GPP TS 26.244 8.10). */
static void take_loci(struct bmff_finder *finder, struct slice body)
{
    struct cursor cur = cursor_of(body);
    uint8_t hold[BMFF_LEAK_BYTES];
    struct slice name;
    int32_t lon, lat;
    size_t end;

    rd_skip(&cur, 6);
    if (cur.failed)
        return;
    name = slice_sub(body, 6, body.len - 6);
    if (is_utf16(name)) {
        for (end = 2; end + 1 < name.len && (name.ptr[end] || name.ptr[end + 1]);)
            end += 2;
        rd_skip(&cur, end + 2);
        name = from_utf16(name, hold);
    } else {
        name = plain(name);
        rd_skip(&cur, name.len + 1);
    }
    rd_skip(&cur, 1); /* role */
    lon = (int32_t)rd_u32(&cur);
    lat = (int32_t)rd_u32(&cur);
    if (cur.failed)
        return;
    /* One step of 16.16 is 1.7 m. */
    bmff_leaks_place(finder, "loci", (int64_t)lat * 10000000 / 65536,
                     (int64_t)lon * 10000000 / 65536, 2);
    bmff_leaks_text(finder, BMFF_LEAK_POSITION, "loci", name);
}

static bool is_picture(uint32_t type)
{
    return type == FOURCC('t', 'h', 'm', 'b') || type == FOURCC('t', 'h', 'u', 'm') ||
           type == FOURCC('p', 'i', 'c', 't') || type == FOURCC('s', 'n', 'a', 'p') ||
           type == FOURCC('p', 'r', 'v', 'w') || type == FOURCC('T', 'H', 'M', '_');
}

/* An identifier in bytes is shown in hex. */
static void take_identifier(struct bmff_finder *finder, const char *name, struct slice body)
{
    char hex[65];
    bool zero = true;

    for (size_t i = 0; i < body.len; i++)
        zero = zero && body.ptr[i] == 0;
    if (zero)
        return;
    hex_build(slice_sub(body, 0, body.len < 32 ? body.len : 32), hex);
    bmff_leaks_text(finder, BMFF_LEAK_IDENTIFIER, name, slice_text(hex));
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
            return false;
    return text.len > 0;
}

static void take_child(struct bmff_finder *finder, const struct bmff_box *box)
{
    struct bmff_label label = bmff_label_of(box->type);
    uint8_t hold[BMFF_LEAK_BYTES];
    enum bmff_leak_kind kind;
    struct slice text = text_of(box->body, hold);
    struct bmff_leak leak;

    if (!box->body.len)
        return;
    if (box->type == FOURCC('l', 'o', 'c', 'i')) {
        take_loci(finder, box->body);
    } else if (box->type == FOURCC('X', 'M', 'P', '_')) {
        bmff_leaks_xml(finder, label.text, box->body);
    } else if (is_picture(box->type)) {
        leak = bmff_leaks_new(finder, BMFF_LEAK_PICTURE, label.text);
        bmff_leaks_put(finder, &leak);
    } else if (box->type == FOURCC('G', 'P', 'M', 'F')) {
        bmff_leaks_gpmf(finder, box->body);
    } else if (box->type == FOURCC('u', 'u', 'i', 'd')) {
        bmff_leaks_uuid(finder, box->body);
    } else if (bmff_leaks_code(box->type, &kind)) {
        if (kind == BMFF_LEAK_IDENTIFIER && !is_printable(plain(box->body)))
            take_identifier(finder, label.text, box->body);
        else
            bmff_leaks_text(finder, kind, label.text, text);
    } else {
        bmff_leaks_blob(finder, label.text, box->body);
    }
}

void bmff_leaks_udta(struct bmff_finder *finder, const struct bmff_box *udta)
{
    struct bmff_walk walk = bmff_walk_of(udta, 0, &finder->census);
    size_t len = strlen(finder->path);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, NULL)) > 0) {
        if (box.type == FOURCC('m', 'e', 't', 'a')) {
            if (len + 6 < sizeof(finder->path))
                memcpy(finder->path + len, "/meta", 6);
            bmff_leaks_meta(finder, &box);
            finder->path[len] = 0;
        } else {
            take_child(finder, &box);
        }
    }
    if (rc < 0)
        finder->out->unseen |= BMFF_UNSEEN_DAMAGED;
}
