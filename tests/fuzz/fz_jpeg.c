/* The check of a poster that comes out of the cage: what it takes is as it says. */
#include <stdint.h>
#include <stdlib.h>

#include "role/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct role_picture picture = {0};
    struct why why = {0};
    int rc = role_jpeg_check(slice_of(data, size), &picture, &why);

    if (rc < 0)
        return why.code == rc && why.text[0] ? 0 : (abort(), 0);
    /* What is taken begins and ends as a JPEG, and is within limits. */
    if (picture.bytes != size || size < 4 || data[0] != 0xff || data[1] != 0xd8 ||
        data[size - 2] != 0xff || data[size - 1] != 0xd9 || !picture.width ||
        picture.width > LIMIT_POSTER_EDGE || !picture.height ||
        picture.height > LIMIT_POSTER_EDGE)
        abort();
    return 0;
}
