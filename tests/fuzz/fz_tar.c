/* The tar reader: one verdict however it is cut; what it takes is what we would write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tar/tar.h"

#define ARCHIVE_MAX (1u << 22)

struct copy {
    struct bytes out;
    uint64_t left; /* of the open member */
    uint64_t bytes;
};

static int on_begin(void *ctx, const struct tar_member *member, struct why *why)
{
    struct copy *copy = ctx;
    uint8_t block[TAR_BLOCK_BYTES];

    if (tar_header_build(member, block, why) != SH_OK)
        abort();
    bytes_append(&copy->out, block, sizeof(block));
    copy->left = copy->bytes = member->bytes;
    return SH_OK;
}

static int on_data(void *ctx, struct slice data, struct why *why)
{
    struct copy *copy = ctx;

    (void)why;
    if (!data.len || data.len > copy->left)
        abort();
    copy->left -= data.len;
    bytes_slice(&copy->out, data);
    return SH_OK;
}

static int on_end(void *ctx, struct why *why)
{
    static const uint8_t zero[TAR_BLOCK_BYTES];
    struct copy *copy = ctx;

    (void)why;
    if (copy->left)
        abort();
    bytes_append(&copy->out, zero, tar_padding(copy->bytes));
    return SH_OK;
}

static int read_all(struct slice input, size_t step, struct copy *copy)
{
    static const uint8_t zero[TAR_END_BYTES];
    struct tar_reader reader;
    size_t some;
    int rc = SH_OK;

    *copy = (struct copy){0};
    bytes_init(&copy->out, ARCHIVE_MAX);
    tar_reader_init(&reader, (struct tar_events){on_begin, on_data, on_end, copy});
    for (size_t at = 0; rc == SH_OK && at < input.len; at += some) {
        some = step < input.len - at ? step : input.len - at;
        rc = tar_reader_update(&reader, slice_sub(input, at, some), NULL);
    }
    if (rc == SH_OK)
        rc = tar_reader_final(&reader, NULL);
    if (rc == SH_OK)
        bytes_append(&copy->out, zero, sizeof(zero));
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct copy whole, cut;
    int rc = read_all(input, size ? size : 1, &whole);

    if (rc != read_all(input, 5, &cut) ||
        !slice_equal(bytes_view(&whole.out), bytes_view(&cut.out)))
        abort();
    if (rc == SH_OK && !slice_equal(bytes_view(&whole.out), input))
        abort();
    bytes_release(&whole.out);
    bytes_release(&cut.out);
    return 0;
}
