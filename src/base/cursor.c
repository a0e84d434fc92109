/* The bounds-checked cursor: every read of bytes from outside goes through here. */
#include "base/base.h"

struct cursor cursor_of(struct slice whole)
{
    return (struct cursor){.whole = whole};
}

size_t rd_left(const struct cursor *cur)
{
    return cur->failed ? 0 : cur->whole.len - cur->at;
}

struct slice rd_bytes(struct cursor *cur, size_t len)
{
    struct slice part;

    if (cur->failed || len > cur->whole.len - cur->at) {
        cur->failed = true;
        return slice_of(NULL, 0);
    }
    part = slice_sub(cur->whole, cur->at, len);
    cur->at += len;
    return part;
}

void rd_skip(struct cursor *cur, size_t len)
{
    (void)rd_bytes(cur, len); /* Only the position matters. */
}

/* One check, then the bytes themselves: tables of a million numbers are read this way. */
static inline uint64_t rd_be(struct cursor *cur, size_t width)
{
    const uint8_t *ptr = cur->whole.ptr;
    uint64_t value = 0;

    if (cur->failed || width > cur->whole.len - cur->at) {
        cur->failed = true;
        return 0;
    }
    ptr += cur->at;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | ptr[i];
    cur->at += width;
    return value;
}

uint8_t rd_u8(struct cursor *cur)
{
    return (uint8_t)rd_be(cur, 1);
}

uint16_t rd_u16(struct cursor *cur)
{
    return (uint16_t)rd_be(cur, 2);
}

uint32_t rd_u24(struct cursor *cur)
{
    return (uint32_t)rd_be(cur, 3);
}

uint32_t rd_u32(struct cursor *cur)
{
    return (uint32_t)rd_be(cur, 4);
}

uint64_t rd_u64(struct cursor *cur)
{
    return rd_be(cur, 8);
}

struct slice rd_line(struct cursor *cur)
{
    size_t end = cur->failed ? cur->whole.len : slice_find(cur->whole, cur->at, '\n');
    struct slice line;

    if (end == cur->whole.len) {
        cur->failed = true;
        return slice_of(NULL, 0);
    }
    line = slice_sub(cur->whole, cur->at, end - cur->at);
    cur->at = end + 1;
    return line;
}
