/* The answer of the caged reader of credentials: a verdict, and what is taken may be shown. */
#include <stdint.h>
#include <stdlib.h>

#include "role/role_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct role_seen seen = {.bytes = 0};
    struct bytes again;
    struct why why = {0};
    struct arena arena;
    int rc;

    bytes_init(&again, LIMIT_C2PA_REPORT);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = role_seen_parse(slice_of(data, size), &arena, &seen, &why);
    if (rc < 0 && ((int)why.code != rc || !why.text[0]))
        abort();
    if (rc == 0 && (seen.kind >= BMFF_KINDS || seen.has_sha256))
        abort();
    if (rc == 0 && seen.dump.len &&
        (seen.dump.ptr[0] != '{' ||
         text_check(seen.dump, TEXT_NEWLINES, LIMIT_C2PA_DUMP, "dump", NULL) != SH_OK))
        abort();
    /* What is between head and dump is the report, byte for byte. */
    if (rc == 0 &&
        (c2pa_report_build(&seen.report, &again, NULL) != 0 ||
         1 + 8 + 32 + 4 + again.len + seen.dump.len != size ||
         !slice_equal(bytes_view(&again), slice_of(data + 1 + 8 + 32 + 4, again.len))))
        abort();
    arena_release(&arena);
    bytes_release(&again);
    return 0;
}
