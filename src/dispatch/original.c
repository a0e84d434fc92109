/* The untouched clip behind a dispatch: what it commits to, and the tail of its sealed file. */
#include "dispatch/dispatch.h"

#include <string.h>

#include "crypt/crypt.h"

#define TAIL_FIRST_LINE "\nstillhere-original/1\n"
#define SIZE_DIGITS 20 /* of UINT64_MAX */

void original_path(const uint8_t dispatch[32], char out[TREE_PATH_BYTES])
{
    char hex[65];

    hex_build(slice_of(dispatch, 32), hex);
    (void)snprintf(out, TREE_PATH_BYTES, ORIGINAL_FOLDER "/%s.age", hex);
}

bool original_is_path(const char *path)
{
    return strncmp(path, ORIGINAL_FOLDER "/", sizeof(ORIGINAL_FOLDER)) == 0;
}

void original_commit(const struct original *original, uint8_t orig[32])
{
    uint8_t both[64];

    memcpy(both, original->random, 32);
    memcpy(both + 32, original->sha256, 32);
    crypto.sha256(slice_of(both, sizeof(both)), orig);
}

void original_tail_build(const struct original *original, uint8_t out[ORIGINAL_TAIL_BYTES])
{
    char text[ORIGINAL_TAIL_BYTES + 1], sha256[65], random[65];

    hex_build(slice_of(original->sha256, 32), sha256);
    hex_build(slice_of(original->random, 32), random);
    if (snprintf(text, sizeof(text), TAIL_FIRST_LINE "sha256 %s\nrandom %s\nbytes %020llu\n",
                 sha256, random, (unsigned long long)original->bytes) != ORIGINAL_TAIL_BYTES)
        bug("the tail of an original has one length");
    memcpy(out, text, ORIGINAL_TAIL_BYTES);
    wipe(text, sizeof(text));
    wipe(random, sizeof(random));
}

/* "NAME " and the value, and nothing else on the line. */
static struct slice value_of(struct cursor *cur, const char *name)
{
    struct slice line = rd_line(cur);
    size_t len = strlen(name);

    if (!slice_starts(line, name))
        return slice_of(NULL, 0);
    return slice_sub(line, len, line.len - len);
}

int original_tail_parse(struct slice tail, struct original *out, struct why *why)
{
    struct cursor cur = cursor_of(tail);
    struct original found = {.bytes = 0};
    struct slice first = rd_bytes(&cur, strlen(TAIL_FIRST_LINE)), digits;
    size_t zeros = 0;
    bool good = tail.len == ORIGINAL_TAIL_BYTES &&
                slice_equal(first, slice_text(TAIL_FIRST_LINE)) &&
                hex_parse(value_of(&cur, "sha256 "), found.sha256, 32) &&
                hex_parse(value_of(&cur, "random "), found.random, 32);

    digits = value_of(&cur, "bytes ");
    while (zeros + 1 < digits.len && digits.ptr[zeros] == '0')
        zeros++;
    good =
        good && digits.len == SIZE_DIGITS && !cur.failed && !rd_left(&cur) &&
        decimal_parse(slice_sub(digits, zeros, digits.len - zeros), UINT64_MAX, &found.bytes);
    if (good)
        *out = found;
    wipe(&found, sizeof(found));
    return good ? SH_OK
                : why_set(why, SH_EFORMAT, WHY_NOWHERE,
                          "sealed original: its last %d bytes are not \"stillhere-original/1\" "
                          "with hash, random bytes and size",
                          ORIGINAL_TAIL_BYTES);
}
