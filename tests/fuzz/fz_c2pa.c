/*
 * Content credentials, all the way from the file to the report: a verdict; nobody trusted when
 * there are no anchors; texts that can do no harm; a report that comes through its pipe as it
 * was; a cause whenever something does not hold.
 */
#include <stdint.h>
#include <stdlib.h>

#include "c2pa/c2pa.h"

static void check_text(struct slice text)
{
    if (text.len && text_check(text, TEXT_LINE, LIMIT_C2PA_TEXT, "text", NULL) != 0)
        abort();
}

static void check_results(const struct c2pa_results *results)
{
    size_t count = 0;

    for (const struct c2pa_status *one = results->first; one; one = one->next, count++) {
        if ((unsigned)one->code >= C2PA_CODE_COUNT)
            abort();
        check_text(one->url);
        check_text(one->explanation);
    }
    if (count != results->count)
        abort();
}

static void check_report(const struct c2pa_report *report)
{
    bool wanting = report->state == C2PA_MALFORMED || report->state == C2PA_INVALID;

    if (report->state == C2PA_TRUSTED || (wanting && !report->cause.len))
        abort();
    check_text(report->cause);
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next) {
        check_results(&one->results);
        check_text(one->label);
        check_text(one->title);
        check_text(one->generator);
        check_text(one->signer.name);
        check_text(one->signer.issuer);
        check_text(one->stamper);
        for (const struct c2pa_action *action = one->actions; action; action = action->next) {
            check_text(action->action);
            check_text(action->agent);
            check_text(action->description);
        }
        for (const struct c2pa_ingredient *in = one->ingredients; in; in = in->next) {
            check_text(in->title);
            check_results(&in->deltas);
        }
    }
    for (size_t i = 0; i < report->range_count; i++)
        if (report->ranges[i].to < report->ranges[i].from)
            abort();
}

static void check_pipe(const struct c2pa_report *report)
{
    struct c2pa_report again = {0};
    struct bytes first = {0}, second = {0};
    struct arena arena;

    bytes_init(&first, LIMIT_C2PA_REPORT);
    bytes_init(&second, LIMIT_C2PA_REPORT);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    if (c2pa_report_build(report, &first, NULL) == 0 &&
        (c2pa_report_parse(bytes_view(&first), &arena, &again, NULL) != 0 ||
         c2pa_report_build(&again, &second, NULL) != 0 ||
         !slice_equal(bytes_view(&first), bytes_view(&second))))
        abort();
    bytes_release(&first);
    bytes_release(&second);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice whole = slice_of(data, size);
    struct bmff_source source = bmff_source_slice(&whole);
    struct bytes dump = {0};
    const struct c2pa_options options = {
        .now = 1795450000, .explain = true, .hash_file = true, .dump = &dump};
    struct c2pa_report report = {0};
    struct why why = {0};
    struct arena arena;
    int rc;

    bytes_init(&dump, 64u << 20);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = c2pa_verify(&source, &options, &arena, &report, &why);
    if (rc < 0 && ((int)why.code != rc || !why.text[0]))
        abort();
    if (rc == 0) {
        check_report(&report);
        check_pipe(&report);
    }
    arena_release(&arena);
    bytes_release(&dump);
    return 0;
}
