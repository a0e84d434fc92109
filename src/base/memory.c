/* Borrowed and owned bytes, the arena, secrets, checked sizes. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not a cap: how much the first append takes. */
#define BYTES_FIRST_CAP 256
#define ARENA_BLOCK_BYTES 16384

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){.ptr = ptr, .len = len};
}

struct slice slice_text(const char *text)
{
    return slice_of(text, strlen(text));
}

struct slice slice_sub(struct slice whole, size_t from, size_t len)
{
    if (from > whole.len || len > whole.len - from)
        bug("slice_sub outside of its slice");
    return len ? slice_of(whole.ptr + from, len) : slice_of(NULL, 0);
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    int order = both ? memcmp(a.ptr, b.ptr, both) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts(struct slice whole, const char *prefix)
{
    size_t len = strlen(prefix);

    return whole.len >= len && (!len || memcmp(whole.ptr, prefix, len) == 0);
}

size_t slice_find(struct slice whole, size_t from, uint8_t c)
{
    const uint8_t *hit;

    if (from >= whole.len)
        return whole.len;
    hit = memchr(whole.ptr + from, c, whole.len - from);
    return hit ? (size_t)(hit - whole.ptr) : whole.len;
}

void bytes_init(struct bytes *bytes, size_t max)
{
    *bytes = (struct bytes){.max = max};
}

void bytes_release(struct bytes *bytes)
{
    free(bytes->ptr);
    *bytes = (struct bytes){0};
}

void bytes_clear(struct bytes *bytes)
{
    bytes->len = 0;
    bytes->failed = SH_OK;
}

uint8_t *bytes_room(struct bytes *bytes, size_t len)
{
    size_t cap = bytes->cap ? bytes->cap : BYTES_FIRST_CAP;
    uint8_t *grown;

    if (bytes->failed != SH_OK)
        return NULL;
    if (len > bytes->max || bytes->len > bytes->max - len) {
        bytes->failed = SH_ELIMIT;
        return NULL;
    }
    if (bytes->ptr && bytes->len + len <= bytes->cap)
        return bytes->ptr + bytes->len;
    while (cap < bytes->len + len)
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
    if (cap > bytes->max)
        cap = bytes->max;
    grown = realloc(bytes->ptr, cap ? cap : 1);
    if (!grown) {
        bytes->failed = SH_ENOMEM;
        return NULL;
    }
    bytes->ptr = grown;
    bytes->cap = cap;
    return grown + bytes->len;
}

void bytes_append(struct bytes *bytes, const void *ptr, size_t len)
{
    uint8_t *room = bytes_room(bytes, len);

    if (!room || !len)
        return;
    memcpy(room, ptr, len);
    bytes->len += len;
}

void bytes_slice(struct bytes *bytes, struct slice part)
{
    bytes_append(bytes, part.ptr, part.len);
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_append(bytes, text, strlen(text));
}

void bytes_printf(struct bytes *bytes, const char *fmt, ...)
{
    va_list args;
    char small[512];
    int len;
    uint8_t *room;

    va_start(args, fmt);
    len = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (len < 0)
        bug("bytes_printf: impossible format");
    if ((size_t)len < sizeof(small)) {
        bytes_append(bytes, small, (size_t)len);
        return;
    }
    room = bytes_room(bytes, (size_t)len + 1);
    if (!room)
        return;
    va_start(args, fmt);
    (void)vsnprintf((char *)room, (size_t)len + 1, fmt, args); /* Measured above. */
    va_end(args);
    bytes->len += (size_t)len;
}

void bytes_u8(struct bytes *bytes, uint8_t value)
{
    bytes_append(bytes, &value, 1);
}

static void append_be(struct bytes *bytes, uint64_t value, size_t width)
{
    uint8_t be[8];

    for (size_t i = 0; i < width; i++)
        be[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    bytes_append(bytes, be, width);
}

void bytes_u16(struct bytes *bytes, uint16_t value)
{
    append_be(bytes, value, 2);
}

void bytes_u24(struct bytes *bytes, uint32_t value)
{
    append_be(bytes, value, 3);
}

void bytes_u32(struct bytes *bytes, uint32_t value)
{
    append_be(bytes, value, 4);
}

void bytes_u64(struct bytes *bytes, uint64_t value)
{
    append_be(bytes, value, 8);
}

struct slice bytes_view(const struct bytes *bytes)
{
    return slice_of(bytes->ptr, bytes->len);
}

int bytes_check(const struct bytes *bytes, struct why *why)
{
    if (bytes->failed == SH_ELIMIT)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %zu bytes", bytes->max);
    if (bytes->failed != SH_OK)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    return SH_OK;
}

void arena_init(struct arena *arena, size_t max)
{
    *arena = (struct arena){.max = max};
}

void arena_release(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->first; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){0};
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t unit = sizeof(max_align_t);
    struct arena_block *block = arena->first;
    size_t room;
    void *taken;

    if (size > arena->max || arena->used > arena->max - size)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (!block || block->size - block->used < size) {
        room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        block = calloc(1, sizeof(*block) + room);
        if (!block)
            return NULL;
        block->size = room;
        block->next = arena->first;
        arena->first = block;
    }
    taken = (uint8_t *)block->data + block->used;
    block->used += size;
    arena->used += size;
    return taken;
}

void wipe(void *ptr, size_t len)
{
    volatile uint8_t *at = ptr;

    while (len-- > 0)
        *at++ = 0;
}

void secret_wipe(struct secret *secret)
{
    wipe(secret->byte, sizeof(secret->byte));
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    uint8_t differ = 0;

    for (size_t i = 0; i < SECRET_BYTES; i++)
        differ |= a->byte[i] ^ b->byte[i];
    return differ == 0;
}

bool size_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool size_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}
