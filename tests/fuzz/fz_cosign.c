/* Requests for a cosignature and the list of logs: nothing is read beyond the input's end. */
#include <stdint.h>
#include <stdlib.h>

#include "cosign/cosign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cosign_config config;
    static struct cosign_request request;
    struct slice input = slice_of(data, size);

    if (cosign_request_parse(input, &request, NULL) == SH_OK &&
        (request.proof.count > TLOG_PROOF_HASHES || !request.checkpoint.origin.len ||
         request.note.text.ptr < data || request.note.text.ptr >= data + size))
        abort();
    if (cosign_config_parse(input, &config, NULL) == SH_OK && config.count > LIMIT_COSIGN_LOGS)
        abort();
    return 0;
}
