/* Samples of H.264 and HEVC: what the scanner leaves, it leaves alone when it looks again. */
#include <stdlib.h>

#include "../unit/scan_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t record[22] = {1};

    /* The first byte says which codec, and how many bytes the lengths have. */
    if (size < 2 || (data[0] >> 1 & 3) == 2)
        return 0;
    record[4] = record[21] = data[0] >> 1 & 3;
    if (!scene_settles(data[0] & 1 ? FOURCC('h', 'v', 'c', '1') : FOURCC('a', 'v', 'c', '1'),
                       slice_of(record, sizeof(record)), slice_of(data + 1, size - 1)))
        abort();
    return 0;
}
