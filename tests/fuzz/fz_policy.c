/* Trust policies: no input is read beyond its end, and what is read judges a note. */
#include <stdint.h>
#include <stdlib.h>

#include "tlog/tlog.h"

static const char text[] = "o\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n\n"
                           "\xe2\x80\x94 o AAAAAAAA\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tlog_policy policy;
    static struct tlog_judgement judged;
    struct tlog_note note;

    if (tlog_policy_parse(slice_of(data, size), &policy, NULL) != SH_OK)
        return 0;
    if (policy.logs > LIMIT_POLICY_LOGS || policy.witnesses > LIMIT_POLICY_WITNESSES ||
        policy.groups > LIMIT_POLICY_GROUPS ||
        tlog_note_parse(slice_text(text), &note, NULL) != SH_OK)
        abort();
    tlog_policy_judge(&policy, &note, slice_text("o"), &judged);
    /* Nobody cosigned: only `quorum none` is met. */
    if (judged.quorum != (policy.quorum == TLOG_QUORUM_NONE) || judged.signed_by_log)
        abort();
    return 0;
}
