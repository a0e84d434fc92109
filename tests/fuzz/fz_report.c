/*
 * A verification's report from the caged reader: what is taken has one spelling.
 */
#include <stdint.h>
#include <stdlib.h>

#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct verify_report report;
    struct bytes again;

    if (verify_report_parse(slice_of(data, size), &report, NULL) != SH_OK)
        return 0;
    bytes_init(&again, LIMIT_REPORT_BYTES);
    verify_report_build(&report, &again);
    if (!slice_equal(bytes_view(&again), slice_of(data, size)))
        abort();
    for (size_t i = 0; i < report.count; i++) {
        bytes_clear(&again);
        verify_finding_say(&report.finding[i], LANG_UK, &again);
        if (bytes_check(&again, NULL) != SH_OK || !text_is_utf8(bytes_view(&again)))
            abort();
    }
    bytes_release(&again);
    return 0;
}
