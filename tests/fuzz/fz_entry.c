/*
 * Entries: a line of a known type has one spelling.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dispatch/dispatch.h"

#define INDEX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LIMIT_ENTRY_BYTES + 1];
    struct entry entry;
    struct why why = {0};
    int rc = entry_parse(slice_of(data, size), INDEX, &entry, &why);

    if (rc < 0) {
        if ((int)why.code != rc || !why.text[0])
            abort();
        return 0;
    }
    if (entry.ref != ENTRY_NO_REF && entry.ref >= INDEX)
        abort();
    if (entry.type != ENTRY_UNKNOWN &&
        !slice_equal(slice_of(line, entry_build(&entry, line)), slice_of(data, size)))
        abort();
    return 0;
}
