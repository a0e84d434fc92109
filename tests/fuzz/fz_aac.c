/* Samples of AAC, ALAC and Opus: what the scanner leaves, it leaves alone the next time. */
#include <stdlib.h>

#include "../unit/scan_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t codecs[] = {FOURCC('m', 'p', '4', 'a'), FOURCC('a', 'l', 'a', 'c'),
                                      FOURCC('O', 'p', 'u', 's'), FOURCC('O', 'p', 'u', 's')};
    uint8_t opus[12] = {0};

    /* The first byte says which codec, and how many streams Opus has. */
    if (size < 2)
        return 0;
    opus[10] = data[0] & 1;
    opus[11] = data[0] >> 2;
    if (!scene_settles(codecs[data[0] & 3], slice_of(opus, sizeof(opus)),
                       slice_of(data + 1, size - 1)))
        abort();
    return 0;
}
