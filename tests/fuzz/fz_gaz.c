/* gaz: any bytes as the name of a place; what is found has a name in each language. */
#include <stdint.h>
#include <stdlib.h>

#include "gaz/gaz.h"

#define MOST 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct gaz_place found[MOST];
    size_t count = gaz_find(slice_of(data, len), found, MOST);
    struct slice name;

    for (size_t i = 0; i < count && i < MOST; i++)
        for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++)
            if (!gaz_name(found[i].code, lang, &name) || !name.len)
                abort();
    return 0;
}
