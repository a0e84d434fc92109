/*
 * Recovery sheets: whatever a person typed, what is read is what the sheet would print.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sheet sheet = {0}, again = {0};
    struct why why = {0};
    struct bytes text;
    int rc = sheet_parse(slice_of(data, size), &sheet, &why);

    if (rc < 0) {
        if ((int)why.code != rc || !why.text[0])
            abort();
        return 0;
    }
    bytes_init(&text, LIMIT_SHEET_BYTES);
    sheet_build(&sheet, &text);
    if (sheet_parse(bytes_view(&text), &again, NULL) != SH_OK ||
        memcmp(&sheet, &again, sizeof(sheet)) != 0)
        abort();
    bytes_release(&text);
    return 0;
}
