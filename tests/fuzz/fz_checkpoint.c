/* Checkpoint texts: what parses is built again, byte by byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw = slice_of(data, size);
    struct tlog_checkpoint checkpoint;
    struct why why = {0};
    struct bytes again;
    int rc = tlog_checkpoint_parse(raw, &checkpoint, &why);

    if (rc) {
        if (!why.text[0] || (int)why.code != rc)
            abort();
        return 0;
    }
    bytes_init(&again, LIMIT_NOTE_BYTES);
    tlog_checkpoint_build(&again, &checkpoint);
    if (bytes_check(&again, NULL) || !slice_equal(bytes_view(&again), raw))
        abort();
    bytes_release(&again);
    return 0;
}
