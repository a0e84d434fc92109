/*
 * .tlog-proof files: what is read is written again to the same bytes, whose hashes lead nowhere
 * by chance; and verify_proof says something about every input.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"
#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t sha256[32];
    static struct verify_report report;
    struct slice raw = slice_of(data, size);
    struct verify_proof proof = {.raw = raw, .file_sha256 = sha256, .file_bytes = 1};
    struct tlog_spicy spicy;
    struct bytes again;

    if (tlog_spicy_parse(raw, &spicy, NULL) == SH_OK) {
        bytes_init(&again, LIMIT_PROOF_BYTES);
        tlog_spicy_build(&again, &spicy);
        if (!slice_equal(bytes_view(&again), raw))
            abort();
        bytes_release(&again);
    }
    if (verify_proof(&proof, &report, NULL) != SH_OK || !report.count)
        abort();
    /* No key was given: it never holds. */
    if (verify_verdict(&report) == VERIFY_OK)
        abort();
    return 0;
}
