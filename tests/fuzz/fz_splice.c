/*
 * A file that gets a box of credentials: a byte with the kind of splice and the size of the
 * room, a byte with GiB of hole, two bytes where in the file the hole lies, the file.  All of
 * the new file is read, in pieces of two sizes: as long as was said, and the same both times.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "c2pa/write.h"

#define PIECE_BYTES ((size_t)1 << 20)
#define HOLES 8 /* GiB */

struct holed {
    struct slice data;
    uint64_t hole_at, hole;
};

static int holed_read(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    const struct holed *file = ctx;
    const uint64_t end = file->hole_at + file->hole;
    uint8_t *out = buf;

    (void)why;
    if (offset + len > file->data.len + file->hole)
        abort();
    /* What is wholly in the hole is not written: only its length counts. */
    if (offset >= file->hole_at && offset + len <= end && len == PIECE_BYTES)
        return SH_OK;
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;

        out[i] = at < file->hole_at ? file->data.ptr[at]
                 : at < end         ? 0
                                    : file->data.ptr[at - file->hole];
    }
    return SH_OK;
}

/* A sum over what is not in the hole's middle, and how it ended. */
static int read_all(struct c2pa_splice *splice, size_t piece, uint64_t *sum)
{
    static uint8_t buf[PIECE_BYTES];
    uint64_t total = 0;
    size_t len = 1;
    int rc = SH_OK;

    for (*sum = 0; rc == SH_OK && len;) {
        rc = c2pa_splice_read(splice, buf, piece, &len, NULL);
        if (rc != SH_OK)
            break;
        if (len > piece)
            abort();
        for (size_t i = 0; i < len && len != PIECE_BYTES; i++)
            *sum = *sum * 31 + buf[i] + (total + i) * buf[i];
        total += len;
    }
    if (rc == SH_OK && (total != splice->size || splice->box_at + splice->box_size > total))
        abort();
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct holed file;
    const struct bmff_source source = {
        .read_at = holed_read,
        .ctx = &file,
        .size = size < 4 ? 0 : size - 4 + ((uint64_t)(data[1] % HOLES) << 30)};
    struct c2pa_splice splice;
    uint64_t sums[2];
    int codes[2];

    if (size < 4)
        return 0;
    file.data = slice_of(data + 4, size - 4);
    file.hole = source.size - file.data.len;
    file.hole_at = ((uint64_t)data[2] << 8 | data[3]) % (file.data.len + 1);
    if (c2pa_splice_plan(&source, (enum c2pa_splice_kind)(data[0] % 3), &splice, NULL) != SH_OK)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        if (c2pa_splice_room(&splice, 24 + 64u * (data[0] >> 2), NULL) != SH_OK)
            abort();
        codes[i] = read_all(&splice, i && !file.hole ? 4096 : PIECE_BYTES, &sums[i]);
        c2pa_splice_release(&splice);
        if (!i && c2pa_splice_plan(&source, (enum c2pa_splice_kind)(data[0] % 3), &splice,
                                   NULL) != SH_OK)
            abort();
    }
    if (codes[0] != codes[1] || (codes[0] == SH_OK && file.hole && sums[0] != sums[1]))
        abort();
    return 0;
}
