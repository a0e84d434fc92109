/* Which network addresses are public: the special-purpose blocks, written out. */
#include "url/url_int.h"

#include <string.h>

struct block {
    uint8_t prefix[16];
    unsigned bits;
    const char *name;
};

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890), and class D and E (RFC 5771, 1112). */
static const struct block blocks_v4[] = {
    {{0}, 8, "this network (RFC 791)"},
    {{10}, 8, "private (RFC 1918)"},
    {{100, 64}, 10, "shared address space (RFC 6598)"},
    {{127}, 8, "loopback (RFC 1122)"},
    {{169, 254}, 16, "link-local (RFC 3927)"},
    {{172, 16}, 12, "private (RFC 1918)"},
    {{192, 0, 0}, 24, "protocol assignments (RFC 6890)"},
    {{192, 0, 2}, 24, "documentation (RFC 5737)"},
    {{192, 31, 196}, 24, "AS112 (RFC 7535)"},
    {{192, 52, 193}, 24, "AMT (RFC 7450)"},
    {{192, 88, 99}, 24, "6to4 relay (RFC 7526)"},
    {{192, 168}, 16, "private (RFC 1918)"},
    {{192, 175, 48}, 24, "AS112 (RFC 7534)"},
    {{198, 18}, 15, "benchmarking (RFC 2544)"},
    {{198, 51, 100}, 24, "documentation (RFC 5737)"},
    {{203, 0, 113}, 24, "documentation (RFC 5737)"},
    {{224}, 4, "multicast (RFC 5771)"},
    {{240}, 4, "reserved (RFC 1112)"},
};

/*
 * IANA IPv6 Special-Purpose Address Registry (RFC 6890).  What lies outside of 2000::/3 is not
 * global unicast at all (RFC 4291 2.4); those that have a name of their own are told by it.
 */
static const struct block blocks_v6[] = {
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation (RFC 3849)"},
    {{0x20, 0x01}, 23, "IETF protocol assignments (RFC 2928)"},
    {{0x20, 0x02}, 16, "6to4 (RFC 3056)"},
    {{0x26, 0x20, 0, 0x4f, 0x80, 0}, 48, "AS112 (RFC 7534)"},
    {{0x3f, 0xff}, 20, "documentation (RFC 9637)"},
    {{0x5f, 0}, 16, "segment routing (RFC 9602)"},
    {{0xfc}, 7, "unique local (RFC 4193)"},
    {{0xfe, 0x80}, 10, "link-local (RFC 4291)"},
    {{0xfe, 0xc0}, 10, "site-local (RFC 3879)"},
    {{0xff}, 8, "multicast (RFC 4291)"},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, "local translation (RFC 8215)"},
    {{1, 0, 0, 0, 0, 0, 0, 0}, 64, "discard-only (RFC 6666)"},
    {{0}, 128, "unspecified (RFC 4291)"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, "loopback (RFC 4291)"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-mapped (RFC 4291)"},
    {{0}, 96, "IPv4-compatible (RFC 4291)"},
};
static const struct block translated = {{0, 0x64, 0xff, 0x9b}, 96, "NAT64 (RFC 6052)"};
static const struct block global_v6 = {{0x20}, 3, "global unicast (RFC 4291)"};

static bool block_holds(const struct block *block, const uint8_t *address)
{
    size_t whole = block->bits / 8;
    unsigned rest = block->bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(block->prefix, address, whole) == 0 &&
           (!rest || ((block->prefix[whole] ^ address[whole]) & mask) == 0);
}

static const char *block_of(const struct block *blocks, size_t count, const uint8_t *address)
{
    for (size_t i = 0; i < count; i++)
        if (block_holds(&blocks[i], address))
            return blocks[i].name;
    return NULL;
}

bool url_address_is_public(enum url_family family, const uint8_t *address, const char **why_not)
{
    const char *name;

    if (family == URL_V4) {
        name = block_of(blocks_v4, COUNT_OF(blocks_v4), address);
    } else if (block_holds(&translated, address)) {
        /* Behind such a translator every IPv4 server of the world has an address like this. */
        name = block_of(blocks_v4, COUNT_OF(blocks_v4), address + 12);
    } else {
        name = block_of(blocks_v6, COUNT_OF(blocks_v6), address);
        if (!name && !block_holds(&global_v6, address))
            name = "not global unicast (RFC 4291 2.4)";
    }
    if (why_not)
        *why_not = name;
    return !name;
}

/* ---- addresses as text ---------------------------------------------------------------- */

bool url_v4_parse(struct slice text, uint8_t out[4])
{
    uint8_t found[4];
    size_t at = 0;
    size_t end;
    uint64_t value;

    for (size_t i = 0; i < 4; i++) {
        end = slice_find(text, at, '.');
        if ((i < 3) != (end < text.len) ||
            !decimal_parse(slice_sub(text, at, end - at), 255, &value))
            return false;
        found[i] = (uint8_t)value;
        at = end + 1;
    }
    memcpy(out, found, 4);
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One to four digits at *at. */
static bool piece_parse(struct slice text, size_t *at, uint8_t out[2])
{
    unsigned value = 0;
    size_t from = *at;

    while (*at < text.len && hex_value(text.ptr[*at]) >= 0 && *at - from < 4)
        value = value << 4 | (unsigned)hex_value(text.ptr[(*at)++]);
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return *at > from;
}

/* RFC 4291 2.2, without a zone. */
bool url_v6_parse(struct slice text, uint8_t out[16])
{
    uint8_t found[16] = {0};
    size_t count = 0;      /* bytes so far */
    size_t gap = SIZE_MAX; /* where "::" stands, in bytes */
    size_t at = 0;
    size_t end;

    if (slice_starts(text, "::")) {
        gap = 0;
        at = 2;
    }
    while (at < text.len) {
        end = slice_find(text, at, ':');
        if (end == text.len && slice_find(text, at, '.') < text.len) {
            if (count > 12 || !url_v4_parse(slice_sub(text, at, end - at), found + count))
                return false;
            count += 4;
            break;
        }
        if (count > 14 || !piece_parse(text, &at, found + count))
            return false;
        count += 2;
        if (at == text.len)
            break;
        if (text.ptr[at++] != ':' || at == text.len)
            return false;
        if (text.ptr[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = count;
            at++;
        }
    }
    if (gap == SIZE_MAX ? count != 16 : count > 14)
        return false;
    memset(out, 0, 16);
    if (gap == SIZE_MAX)
        gap = count;
    memcpy(out, found, gap);
    memcpy(out + 16 - (count - gap), found + gap, count - gap);
    return true;
}

/* RFC 5952: the first of the longest runs of two or more zero pieces becomes "::". */
static void longest_run(const uint8_t address[16], size_t *from, size_t *count)
{
    size_t length = 0;

    *from = *count = 0;
    for (size_t i = 0; i < 8; i++) {
        length = address[2 * i] || address[2 * i + 1] ? 0 : length + 1;
        if (length > *count && length > 1) {
            *count = length;
            *from = i + 1 - length;
        }
    }
}

void url_v6_build(const uint8_t address[16], char out[URL_V6_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t from, count;
    size_t len = 0;
    unsigned value;
    bool begun;

    longest_run(address, &from, &count);
    for (size_t i = 0; i < 8; i++) {
        if (count && i == from) {
            out[len++] = ':';
            if (i == 0)
                out[len++] = ':';
            i += count - 1;
            if (i == 7)
                break;
            continue;
        }
        value = (unsigned)(address[2 * i] << 8 | address[2 * i + 1]);
        begun = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            begun = begun || value >> shift || !shift;
            if (begun)
                out[len++] = digits[value >> shift & 15];
        }
        if (i < 7)
            out[len++] = ':';
    }
    out[len] = '\0';
}
