/* What a clip tells: every value is fit to be shown, and a rebuilt clip tells nothing of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bmff/bmff.h"

static void check(const struct bmff_leak *leak)
{
    struct slice where = slice_text(leak->where), text = slice_text(leak->text);

    if (leak->kind >= BMFF_LEAK_KINDS || where.len == 0)
        abort();
    for (size_t i = 0; i < where.len; i++)
        if (where.ptr[i] < 0x20 || where.ptr[i] > 0x7e)
            abort();
    if (text.len && text_check(text, TEXT_LINE, BMFF_LEAK_BYTES, "text", NULL) != SH_OK)
        abort();
    if (leak->has_position != (leak->radius_m > 0) || leak->lat_e7 < -900000000 ||
        leak->lat_e7 > 900000000 || leak->lon_e7 < -1800000000 || leak->lon_e7 > 1800000000)
        abort();
    if (leak->time > UINT64_C(253402300799))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice clip = slice_of(data, size);
    struct bmff_source source = bmff_source_slice(&clip);
    static struct bmff_leaks leaks;

    if (bmff_leaks_find(&source, &leaks, NULL) != SH_OK || leaks.count > LIMIT_LEAKS)
        abort(); /* memory and reading do not fail here */
    for (uint32_t i = 0; i < leaks.count; i++) {
        check(&leaks.leak[i]);
        if (i > 0 && leaks.leak[i].kind < leaks.leak[i - 1].kind)
            abort();
    }
    return 0;
}
