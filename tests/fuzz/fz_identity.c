/*
 * Identity notes: a text has one spelling; judging it as a signed note is safe.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dispatch/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct identity identity, accepted;
    struct why why = {0};
    struct arena arena;
    struct bytes again;
    int rc;

    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    bytes_init(&again, LIMIT_IDENTITY_BYTES);
    rc = identity_parse(text, &arena, &identity, &why);
    if (rc == SH_ENOMEM || (rc < 0 && ((int)why.code != rc || !why.text[0])))
        abort();
    if (rc == SH_OK && (identity_build(&identity, &again, NULL) != SH_OK ||
                        !slice_equal(bytes_view(&again), text)))
        abort();
    arena_release(&arena);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    if (identity_accept(text, NULL, &arena, &accepted, NULL) == SH_OK && accepted.number != 0)
        abort();
    bytes_release(&again);
    arena_release(&arena);
    return 0;
}
