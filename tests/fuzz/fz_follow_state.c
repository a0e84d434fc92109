/*
 * What a watch remembers of a copy: what is taken has one spelling.
 */
#include <stdint.h>
#include <stdlib.h>

#include "follow/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct follow follow;
    struct bytes again;
    uint64_t at;

    if (follow_parse(slice_of(data, size), &follow, NULL) != SH_OK)
        return 0;
    bytes_init(&again, LIMIT_FOLLOW_BYTES);
    follow_build(&follow, &again);
    if (bytes_check(&again, NULL) != SH_OK ||
        !slice_equal(bytes_view(&again), slice_of(data, size)) ||
        !follow_agrees(&follow.trail, &follow.trail, &at))
        abort();
    bytes_release(&again);
    return 0;
}
