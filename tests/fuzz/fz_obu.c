/* Samples of AV1: what the scanner leaves, it leaves alone when it looks again. */
#include <stdlib.h>

#include "../unit/scan_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size &&
        !scene_settles(FOURCC('a', 'v', '0', '1'), slice_of(NULL, 0), slice_of(data, size)))
        abort();
    return 0;
}
