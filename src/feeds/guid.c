/*
 * podcast:guid: UUIDv5 (RFC 9562 5.5), whose rule is SHA-1 (FIPS 180-4 6.1).  Here SHA-1 makes
 * a name, it proves nothing: what proves is in the log.
 */
#include "feeds/feeds_int.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

/* Round t: the function and the constant of FIPS 180-4 4.1.1, 4.2.1. */
static uint32_t round_value(unsigned t, const uint32_t v[5])
{
    if (t < 20)
        return ((v[1] & v[2]) ^ (~v[1] & v[3])) + 0x5a827999u;
    if (t < 40)
        return (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1u;
    if (t < 60)
        return ((v[1] & v[2]) ^ (v[1] & v[3]) ^ (v[2] & v[3])) + 0x8f1bbcdcu;
    return (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6u;
}

static void take_block(uint32_t hash[5], const uint8_t block[BLOCK])
{
    struct cursor cur = cursor_of(slice_of(block, BLOCK));
    uint32_t schedule[80], v[5], next;

    for (unsigned t = 0; t < 80; t++)
        schedule[t] = t < 16 ? rd_u32(&cur)
                             : rotate(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^
                                          schedule[t - 16],
                                      1);
    memcpy(v, hash, sizeof(v));
    for (unsigned t = 0; t < 80; t++) {
        next = rotate(v[0], 5) + round_value(t, v) + v[4] + schedule[t];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++)
        hash[i] += v[i];
}

/* The name is short: namespace, urn, padding and length fit two blocks. */
void feeds_guid(struct slice urn, char out[FEEDS_GUID_BYTES])
{
    /* The namespace of podcasts: ead4c236-bf58-58c6-a2c6-a6b28d128cb6. */
    static const uint8_t space[16] = {0xea, 0xd4, 0xc2, 0x36, 0xbf, 0x58, 0x58, 0xc6,
                                      0xa2, 0xc6, 0xa6, 0xb2, 0x8d, 0x12, 0x8c, 0xb6};
    uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t input[2 * BLOCK] = {0}, uuid[16];
    size_t len = sizeof(space) + urn.len, whole = len + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    char hex[33];

    if (len + 9 > sizeof(input))
        bug("feeds_guid: a name that is too long");
    memcpy(input, space, sizeof(space));
    memcpy(input + sizeof(space), urn.ptr, urn.len);
    input[len] = 0x80;
    input[whole - 2] = (uint8_t)(len * 8 >> 8);
    input[whole - 1] = (uint8_t)(len * 8);
    for (size_t at = 0; at < whole; at += BLOCK)
        take_block(hash, input + at);
    for (size_t i = 0; i < sizeof(uuid); i++)
        uuid[i] = (uint8_t)(hash[i / 4] >> (24 - i % 4 * 8));
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x50);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    hex_build(slice_of(uuid, sizeof(uuid)), hex);
    (void)snprintf(out, FEEDS_GUID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                   hex + 16, hex + 20);
}
