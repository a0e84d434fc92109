/* The second reader: what it takes is its own rebuild, and nothing in it is left to remove. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bmff/bmff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice draft = slice_of(data, size);
    struct bmff_source source = bmff_source_slice(&draft);
    struct bmff_plan plan = {0};
    struct bmff_facts facts = {0};
    struct bmff_run run;

    if (bmff_check(&source, &facts, NULL) < 0)
        return 0;
    if (facts.removed || facts.file_bytes != size || !facts.video_samples || !facts.width)
        abort();
    if (bmff_plan_make(&source, &plan, NULL) != SH_OK)
        abort();
    if (facts.room_bytes) {
        if (facts.room_bytes > plan.head.len + size ||
            bmff_plan_room(&plan, facts.room_bytes, NULL) != SH_OK)
            abort();
        memcpy(plan.head.ptr + BMFF_ROOM_AT, data + BMFF_ROOM_AT, (size_t)facts.room_bytes);
    }
    if (plan.head.len != facts.head_bytes || memcmp(plan.head.ptr, data, plan.head.len) != 0)
        abort();
    if (bmff_plan_next(&plan, &run) &&
        (run.offset != plan.head.len || run.len != size - plan.head.len))
        abort();
    bmff_plan_release(&plan);
    return 0;
}
