/*
 * A JPEG that holds a picture and nothing else (ITU-T T.81, annex B).  The picture comes from a
 * process that decoded hostile bytes: what it gave back is looked at before it is published.
 */
#include "role/role.h"

#include <string.h>

#define SOI 0xd8
#define EOI 0xd9
#define SOS 0xda
#define DQT 0xdb
#define DHT 0xc4
#define DRI 0xdd
#define SOF0 0xc0
#define SOF2 0xc2
#define APP0 0xe0

static int refuse(struct why *why, size_t at, const char *what)
{
    return why_set(why, SH_EFORMAT, at, "poster: at byte %zu: %s; nothing of it was used", at,
                   what);
}

/* JFIF 1.x without a thumbnail. */
static bool jfif_is_plain(struct slice body)
{
    return body.len == 14 && memcmp(body.ptr, "JFIF\0\1", 6) == 0 && body.ptr[12] == 0 &&
           body.ptr[13] == 0;
}

/* T.81 B.2.2; 8 bits, one or three components. */
static bool frame_take(struct slice body, struct role_picture *picture)
{
    struct cursor cur = cursor_of(body);
    uint8_t precision = rd_u8(&cur);
    uint16_t height = rd_u16(&cur);
    uint16_t width = rd_u16(&cur);
    uint8_t components = rd_u8(&cur);

    if (picture->width || precision != 8 || (components != 1 && components != 3) ||
        body.len != 6 + 3u * components || !width || !height || width > LIMIT_POSTER_EDGE ||
        height > LIMIT_POSTER_EDGE)
        return false;
    picture->width = width;
    picture->height = height;
    return true;
}

/* Skip coded data: 0xff is followed by 0x00, or by a restart marker.  Ends before a marker. */
static void scan_skip(struct cursor *cur)
{
    uint8_t next;

    while (rd_left(cur) >= 2) {
        if (cur->whole.ptr[cur->at] != 0xff) {
            cur->at++;
            continue;
        }
        next = cur->whole.ptr[cur->at + 1];
        if (next != 0x00 && (next < 0xd0 || next > 0xd7))
            return;
        cur->at += 2;
    }
    cur->failed = true;
}

/* One segment with a length; false when it must not be there. */
static bool segment_take(uint8_t marker, struct slice body, size_t nth,
                         struct role_picture *picture)
{
    switch (marker) {
    case APP0:
        return nth == 0 && jfif_is_plain(body);
    case SOF0:
    case SOF2:
        return frame_take(body, picture);
    case DQT:
        return body.len >= 65 && body.len <= 4 * 129;
    case DHT:
        return body.len >= 17 && body.len <= 8 * 273;
    case DRI:
        return body.len == 2;
    case SOS:
        return picture->width && body.len >= 6 && body.len <= 10;
    default:
        return false;
    }
}

int role_jpeg_check(struct slice raw, struct role_picture *picture, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct role_picture got = {.bytes = raw.len};
    struct slice body;
    bool scanned = false;
    uint16_t len;
    uint8_t marker;
    size_t at = 0;

    if (raw.len > LIMIT_POSTER_BYTES)
        return why_set(why, SH_ELIMIT, 0, "poster: %zu bytes, at most %u", raw.len,
                       LIMIT_POSTER_BYTES);
    if (rd_u8(&cur) != 0xff || rd_u8(&cur) != SOI)
        return refuse(why, 0, "not a JPEG");
    for (size_t nth = 0; !cur.failed; nth++) {
        at = cur.at;
        if (rd_u8(&cur) != 0xff)
            return refuse(why, at, "no marker");
        marker = rd_u8(&cur);
        if (marker == EOI)
            break;
        len = rd_u16(&cur);
        body = rd_bytes(&cur, len < 2 ? rd_left(&cur) + 1 : len - 2u);
        if (cur.failed || !segment_take(marker, body, nth, &got))
            return refuse(why, at, "a segment that is broken or must not be there");
        if (marker == SOS) {
            scan_skip(&cur);
            scanned = true;
        }
    }
    if (cur.failed || !scanned || rd_left(&cur) > 0)
        return refuse(why, at, "it does not end where it should");
    *picture = got;
    return SH_OK;
}
