/* Deterministic CBOR: the shortest head for each number (RFC 8949 4.2.1). */
#include "cbor/cbor.h"

#include <string.h>

static void put_head(struct bytes *out, unsigned major, uint64_t number)
{
    uint8_t first = (uint8_t)(major << 5);

    if (number < 24) {
        bytes_u8(out, (uint8_t)(first | number));
    } else if (number <= UINT8_MAX) {
        bytes_u8(out, first | 24);
        bytes_u8(out, (uint8_t)number);
    } else if (number <= UINT16_MAX) {
        bytes_u8(out, first | 25);
        bytes_u16(out, (uint16_t)number);
    } else if (number <= UINT32_MAX) {
        bytes_u8(out, first | 26);
        bytes_u32(out, (uint32_t)number);
    } else {
        bytes_u8(out, first | 27);
        bytes_u64(out, number);
    }
}

void cbor_put_unsigned(struct bytes *out, uint64_t value)
{
    put_head(out, 0, value);
}

void cbor_put_integer(struct bytes *out, int64_t value)
{
    if (value >= 0)
        put_head(out, 0, (uint64_t)value);
    else
        put_head(out, 1, (uint64_t)(-1 - value));
}

void cbor_put_bytes_head(struct bytes *out, uint64_t len)
{
    put_head(out, 2, len);
}

void cbor_put_bytes(struct bytes *out, struct slice value)
{
    put_head(out, 2, value.len);
    bytes_slice(out, value);
}

void cbor_put_slice(struct bytes *out, struct slice text)
{
    put_head(out, 3, text.len);
    bytes_slice(out, text);
}

void cbor_put_text(struct bytes *out, const char *text)
{
    cbor_put_slice(out, slice_text(text));
}

void cbor_put_array(struct bytes *out, uint64_t count)
{
    put_head(out, 4, count);
}

void cbor_put_map(struct bytes *out, uint64_t pairs)
{
    put_head(out, 5, pairs);
}

void cbor_put_tag(struct bytes *out, uint64_t tag)
{
    put_head(out, 6, tag);
}

void cbor_put_bool(struct bytes *out, bool value)
{
    bytes_u8(out, value ? 0xf5 : 0xf4);
}

void cbor_put_null(struct bytes *out)
{
    bytes_u8(out, 0xf6);
}
