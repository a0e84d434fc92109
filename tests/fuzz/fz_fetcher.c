/* The wire of fetcher: what is taken is written again as the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetcher/fetcher.h"

static void same(const struct bytes *frame, struct slice payload)
{
    if (bytes_check(frame, NULL) != SH_OK ||
        !slice_equal(
            slice_sub(bytes_view(frame), FETCHER_HEAD_BYTES, frame->len - FETCHER_HEAD_BYTES),
            payload))
        abort();
}

/* The input is a frame: its head, then its payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fetcher_wire_options options;
    struct fetcher_wire_request request;
    struct fetcher_answer answer;
    enum fetcher_frame kind;
    struct slice payload;
    struct bytes again;
    size_t most;

    if (len < FETCHER_HEAD_BYTES || fetcher_wire_head(data, &kind, &most, NULL) != SH_OK)
        return 0;
    payload = slice_of(data + FETCHER_HEAD_BYTES, len - FETCHER_HEAD_BYTES);
    bytes_init(&again, 2 * len + 64);
    if (kind == FETCHER_OPTIONS && fetcher_wire_options(payload, &options, NULL) == SH_OK) {
        fetcher_wire_put_options(&again, &options.options);
        same(&again, payload);
    }
    if (kind == FETCHER_REQUEST && fetcher_wire_request(payload, &request, NULL) == SH_OK) {
        fetcher_wire_put_request(&again, &request.request);
        same(&again, payload);
    }
    if (kind == FETCHER_ANSWER && fetcher_wire_answer(payload, &answer, NULL) == SH_OK) {
        fetcher_wire_put_answer(&again, &answer);
        same(&again, payload);
    }
    bytes_release(&again);
    return 0;
}
