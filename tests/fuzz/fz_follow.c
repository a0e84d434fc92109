/*
 * A copy of a channel, file by file: whatever it holds, one look ends, stays within its budget,
 * and what was accepted can be written down and read again.
 *
 * Input: records of u8 kind, u16 length, bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "follow/follow.h"

enum { CHECKPOINT, CURRENT, NOTE, TILE, DOCUMENT };
#define BUDGET 100000
#define READS 2000

struct copy {
    struct slice raw;
    size_t reads, bytes;
};

/* The first record of this kind; of documents, the one with this path. */
static bool find(const struct copy *copy, uint8_t kind, const char *path, struct slice *out)
{
    struct cursor cur = cursor_of(copy->raw);

    while (rd_left(&cur)) {
        uint8_t is = rd_u8(&cur);
        uint16_t len = rd_u16(&cur);
        char name[TREE_PATH_BYTES];
        uint8_t hash[32];

        *out = rd_bytes(&cur, len);
        if (cur.failed)
            return false;
        if (is != kind)
            continue;
        crypto.sha256(*out, hash);
        tree_document_path(hash, name);
        if (kind != DOCUMENT || strcmp(name, path) == 0)
            return true;
    }
    return false;
}

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct copy *copy = ctx;
    uint8_t kind = DOCUMENT;
    struct slice found;

    if (++copy->reads > READS)
        abort();
    if (strcmp(path, "checkpoint") == 0)
        kind = CHECKPOINT;
    else if (strcmp(path, "id/current") == 0)
        kind = CURRENT;
    else if (strncmp(path, "id/", 3) == 0)
        kind = NOTE;
    else if (strncmp(path, "tile/", 5) == 0)
        kind = TILE;
    bytes_clear(out);
    if (!find(copy, kind, path, &found))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "it is not there");
    bytes_slice(out, found);
    copy->bytes += out->len;
    return bytes_check(out, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct follow follow, again;
    struct copy copy = {.raw = slice_of(data, size)};
    const struct follow_source source = {read_file, &copy, NULL, BUDGET};
    struct follow_result result = {0};
    struct bytes raw;

    follow_init(&follow);
    if (follow_step(&follow, &source, &result, NULL) != SH_OK)
        abort();
    if (copy.bytes > BUDGET || !memchr(result.text, '\0', sizeof(result.text)))
        abort();
    if (result.outcome == FOLLOW_NEWER) {
        bytes_init(&raw, LIMIT_FOLLOW_BYTES);
        follow_build(&follow, &raw);
        if (follow_parse(bytes_view(&raw), &again, NULL) != SH_OK)
            abort();
        bytes_release(&raw);
        if (follow_step(&again, &source, &result, NULL) != SH_OK ||
            result.outcome != FOLLOW_SAME)
            abort();
    }
    bytes_release(&result.note);
    return 0;
}
