/*
 * Numbers of any width, those of Exp-Golomb, and the bytes that keep start codes out of them
 * (ISO/IEC 14496-10 7.2, 7.4.1, 9.1).
 */
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

void bmff_unescape(struct slice nal, struct bytes *out)
{
    unsigned zeros = 0;

    for (size_t i = 0; i < nal.len; i++) {
        if (zeros >= 2 && nal.ptr[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal.ptr[i] ? 0 : zeros + 1;
        bytes_u8(out, nal.ptr[i]);
    }
}

void bmff_escape(struct slice plain, struct bytes *out)
{
    unsigned zeros = 0;

    for (size_t i = 0; i < plain.len; i++) {
        if (zeros >= 2 && plain.ptr[i] <= 3) {
            bytes_u8(out, 3);
            zeros = 0;
        }
        zeros = plain.ptr[i] ? 0 : zeros + 1;
        bytes_u8(out, plain.ptr[i]);
    }
}
