/* How much a sealed file's size tells (Padme). */
#include "age/age_int.h"

/* Bits of value, which is not 0. */
static unsigned bit_length(uint64_t value)
{
    unsigned bits = 0;

    for (; value; value >>= 1)
        bits++;
    return bits;
}

uint64_t age_padded_bytes(uint64_t bytes)
{
    unsigned exponent, kept;
    uint64_t below;

    if (bytes < 2)
        return bytes;
    exponent = bit_length(bytes) - 1;
    kept = bit_length(exponent);
    /* Of the exponent's bits of the size only as many are told as the exponent itself has. */
    below = exponent > kept ? (UINT64_C(1) << (exponent - kept)) - 1 : 0;
    return bytes > UINT64_MAX - below ? bytes : (bytes + below) & ~below;
}
