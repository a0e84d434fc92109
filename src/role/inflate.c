/* The one place that sees Brotli: compressed manifests (C2PA 11.2.4), read in a cage. */
#include <brotli/decode.h>

#include "role/role_int.h"

/* Not a cap: bytes taken from the decoder at once. */
#define PART_BYTES 16384

static int take_parts(BrotliDecoderState *state, struct slice packed, struct bytes *out,
                      struct why *why)
{
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    const uint8_t *next_in = packed.ptr;
    size_t left_in = packed.len;
    uint8_t part[PART_BYTES];

    while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        uint8_t *next_out = part;
        size_t left_out = sizeof(part);

        result = BrotliDecoderDecompressStream(state, &left_in, &next_in, &left_out, &next_out,
                                               NULL);
        if (sizeof(part) - left_out > out->max - out->len)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                           "Brotli: more than the %zu bytes that may come out of it", out->max);
        bytes_append(out, part, sizeof(part) - left_out);
    }
    if (result != BROTLI_DECODER_RESULT_SUCCESS || left_in)
        return why_set(why, SH_EFORMAT, packed.len - left_in,
                       "Brotli: damaged, cut off, or something behind it (RFC 7932)");
    return bytes_check(out, why);
}

int role_inflate(void *ctx, struct slice packed, struct bytes *out, struct why *why)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    int rc;

    (void)ctx;
    if (!state)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "Brotli: out of memory");
    rc = take_parts(state, packed, out, why);
    BrotliDecoderDestroyInstance(state);
    return rc;
}
