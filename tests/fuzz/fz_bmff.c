/* The planner: what it plans is a file that the second reader takes, with the same facts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bmff/bmff.h"

#define MADE_MAX (64u << 20)

static void copy_all(struct bmff_plan *plan, struct slice clip, struct bytes *made)
{
    struct bmff_run run;

    bytes_slice(made, bytes_view(&plan->head));
    while (bmff_plan_next(plan, &run)) {
        if (!run.len || run.offset > clip.len || run.len > clip.len - run.offset)
            abort();
        bytes_slice(made, run.bytes ? slice_of(run.bytes, (size_t)run.len)
                                    : slice_sub(clip, (size_t)run.offset, (size_t)run.len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice clip = slice_of(data, size);
    struct bmff_source source = bmff_source_slice(&clip);
    struct bmff_plan plan = {0};
    struct bmff_facts facts = {0};
    struct why why = {0};
    struct bytes made;
    struct slice view;
    int rc = bmff_plan_make(&source, &plan, &why);

    if (rc < 0) {
        if (why.code != rc || !why.text[0] || plan.state)
            abort();
        return 0;
    }
    bytes_init(&made, MADE_MAX);
    copy_all(&plan, clip, &made);
    view = bytes_view(&made);
    source = bmff_source_slice(&view);
    if (bytes_check(&made, NULL) == SH_OK) {
        if (bmff_check(&source, &facts, NULL) != SH_OK || facts.removed)
            abort();
        /* What follows from the clip alone must not change by the rebuild. */
        facts.removed = plan.facts.removed;
        facts.notes |= plan.facts.notes & (BMFF_NOTE_SECOND_AUDIO | BMFF_NOTE_SECOND_VIDEO);
        if (memcmp(&facts, &plan.facts, sizeof(facts)) != 0)
            abort();
    }
    bytes_release(&made);
    bmff_plan_release(&plan);
    return 0;
}
