/* The SCGI reader: what it takes whole, it waits for in every beginning; names are found. */
#include <stdint.h>
#include <stdlib.h>

#include "scgi/scgi.h"

static void check(struct slice input, const struct scgi_request *request)
{
    static const char *const NAMES[] = {"CONTENT_LENGTH", "SCGI", "DOCUMENT_URI", ""};
    struct scgi_request again;
    struct slice value;
    uint64_t len;

    if (request->head_bytes > input.len || request->count < 2 ||
        request->pairs.len >= request->head_bytes)
        abort();
    for (size_t i = 0; i < COUNT_OF(NAMES); i++)
        if (scgi_get(request, NAMES[i], &value) &&
            (value.ptr < request->pairs.ptr ||
             value.ptr + value.len >= request->pairs.ptr + request->pairs.len))
            abort();
    if (!scgi_get(request, "SCGI", &value) || !slice_equal(value, slice_text("1")))
        abort();
    if (scgi_body(request, 1000, &len, NULL) == SH_OK && len < request->said)
        abort();
    /* The head alone is enough, and one byte less is not. */
    if (scgi_parse(slice_sub(input, 0, request->head_bytes), &again, NULL) != SH_OK ||
        scgi_parse(slice_sub(input, 0, request->head_bytes - 1), &again, NULL) != SCGI_MORE)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct scgi_request request;

    if (scgi_parse(input, &request, NULL) == SH_OK)
        check(input, &request);
    return 0;
}
