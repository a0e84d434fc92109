/* The writer: lengths are put in when an item is closed. */
#include "der/der.h"

#include <string.h>

/* The length octets; returns how many. */
static size_t build_length(size_t len, uint8_t out[9])
{
    size_t more = 0;

    if (len < 0x80) {
        out[0] = (uint8_t)len;
        return 1;
    }
    while (more < sizeof len && len >> (8 * more) != 0)
        more++;
    out[0] = (uint8_t)(0x80 | more);
    for (size_t i = 0; i < more; i++)
        out[1 + i] = (uint8_t)(len >> (8 * (more - 1 - i)));
    return 1 + more;
}

void der_put(struct bytes *out, uint8_t tag, struct slice content)
{
    uint8_t length[9];
    size_t len = build_length(content.len, length);

    bytes_u8(out, tag);
    bytes_append(out, length, len);
    bytes_slice(out, content);
}

size_t der_open(const struct bytes *out)
{
    return out->len;
}

void der_close(struct bytes *out, uint8_t tag, size_t mark)
{
    uint8_t head[10];
    size_t inside, len;

    if (out->failed)
        return;
    if (mark > out->len)
        bug("der_close: the mark is not of this item");
    inside = out->len - mark;
    head[0] = tag;
    len = 1 + build_length(inside, head + 1);
    bytes_append(out, head, len); /* makes the room */
    if (out->failed)
        return;
    memmove(out->ptr + mark + len, out->ptr + mark, inside);
    memcpy(out->ptr + mark, head, len);
}

void der_put_bool(struct bytes *out, bool value)
{
    uint8_t byte = value ? 0xff : 0;

    der_put(out, DER_BOOLEAN, slice_of(&byte, 1));
}

void der_put_unsigned(struct bytes *out, struct slice big_endian)
{
    struct slice number = big_endian;
    uint8_t length[9];
    bool sign;

    while (number.len && !number.ptr[0])
        number = slice_sub(number, 1, number.len - 1);
    sign = !number.len || (number.ptr[0] & 0x80);
    bytes_u8(out, DER_INTEGER);
    bytes_append(out, length, build_length(number.len + sign, length));
    if (sign)
        bytes_u8(out, 0);
    bytes_slice(out, number);
}

void der_put_u64(struct bytes *out, uint64_t value)
{
    uint8_t big_endian[8];

    for (unsigned i = 0; i < 8; i++)
        big_endian[i] = (uint8_t)(value >> (56 - 8 * i));
    der_put_unsigned(out, slice_of(big_endian, sizeof big_endian));
}

void der_put_null(struct bytes *out)
{
    der_put(out, DER_NULL, slice_of(NULL, 0));
}

void der_put_oid(struct bytes *out, const char *dotted)
{
    size_t mark = der_open(out);

    if (!der_oid_parse(slice_text(dotted), out))
        bug("der_put_oid: not an object identifier");
    der_close(out, DER_OID, mark);
}

void der_put_bits(struct bytes *out, struct slice content)
{
    size_t mark = der_open(out);

    bytes_u8(out, 0);
    bytes_slice(out, content);
    der_close(out, DER_BIT_STRING, mark);
}

void der_put_named_bits(struct bytes *out, uint16_t bits)
{
    uint8_t content[3] = {0};
    unsigned used = 0;

    for (unsigned i = 0; i < 16; i++) {
        if (!(bits >> i & 1u))
            continue;
        content[1 + i / 8] |= (uint8_t)(0x80u >> i % 8);
        used = i + 1;
    }
    content[0] = (uint8_t)((8 - used % 8) % 8);
    der_put(out, DER_BIT_STRING, slice_of(content, 1 + (used + 7) / 8));
}

void der_put_time(struct bytes *out, uint64_t unix_s)
{
    struct when w = when_of(unix_s);
    bool utc = w.year < 2050;
    size_t mark = der_open(out);

    if (!utc)
        bytes_printf(out, "%02d", w.year / 100);
    bytes_printf(out, "%02d%02u%02u%02u%02u%02uZ", w.year % 100, w.month, w.day, w.hour,
                 w.minute, w.second);
    der_close(out, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, mark);
}
