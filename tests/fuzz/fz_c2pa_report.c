/* A report of credentials in its pipe: a verdict, and what is taken is built as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "c2pa/c2pa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct c2pa_report report = {0};
    struct bytes again = {0};
    struct why why = {0};
    struct arena arena;
    int rc;

    bytes_init(&again, LIMIT_C2PA_REPORT);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = c2pa_report_parse(slice_of(data, size), &arena, &report, &why);
    if (rc < 0 && ((int)why.code != rc || !why.text[0]))
        abort();
    if (rc == 0 && (c2pa_report_build(&report, &again, NULL) != 0 ||
                    !slice_equal(bytes_view(&again), slice_of(data, size))))
        abort();
    arena_release(&arena);
    bytes_release(&again);
    return 0;
}
