/* Numbers of any width, and those of Exp-Golomb (ISO/IEC 14496-10 7.2, 9.1). */
#include "bmff/bmff_int.h"

uint32_t bmff_bits_read(struct bmff_bits *bits, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++, bits->at++) {
        if (bits->at / 8 >= bits->whole.len) {
            bits->failed = true;
            return 0;
        }
        value = value << 1 | (bits->whole.ptr[bits->at / 8] >> (7 - bits->at % 8) & 1u);
    }
    return value;
}

void bmff_bits_skip(struct bmff_bits *bits, size_t count)
{
    if (count > bits->whole.len * 8 - bits->at)
        bits->failed = true;
    else
        bits->at += count;
}

uint32_t bmff_bits_golomb(struct bmff_bits *bits)
{
    unsigned zeros = 0;

    while (!bmff_bits_read(bits, 1)) {
        if (bits->failed || ++zeros > 31) {
            bits->failed = true;
            return 0;
        }
    }
    return (UINT32_C(1) << zeros) - 1 + bmff_bits_read(bits, zeros);
}
