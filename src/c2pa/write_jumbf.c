/* Writing JUMBF (C2PA 11.1, ISO 19566-5). */
#include "c2pa/write_int.h"

#include <string.h>

/* Behind the four characters of each type (C2PA 11.1). */
static const uint8_t TYPE_TAIL[12] = {0x00, 0x11, 0x00, 0x10, 0x80, 0x00,
                                      0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};
#define TOGGLES 0x03 /* requestable, with a label */

size_t c2pa_box_open(struct bytes *out, const char type[4])
{
    size_t mark = out->len;

    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return mark;
}

void c2pa_box_close(struct bytes *out, size_t mark)
{
    size_t size = out->len - mark;

    if (out->failed)
        return;
    for (unsigned i = 0; i < 4; i++)
        out->ptr[mark + i] = (uint8_t)(size >> (24 - 8 * i));
}

size_t c2pa_superbox_open(struct bytes *out, const char type[4], const char *label)
{
    size_t mark = c2pa_box_open(out, "jumb");
    size_t description = c2pa_box_open(out, "jumd");

    bytes_append(out, type, 4);
    bytes_append(out, TYPE_TAIL, sizeof(TYPE_TAIL));
    bytes_u8(out, TOGGLES);
    bytes_append(out, label, strlen(label) + 1);
    c2pa_box_close(out, description);
    return mark;
}

void c2pa_superbox_cbor(struct bytes *out, const char type[4], const char *label,
                        struct slice cbor)
{
    size_t mark = c2pa_superbox_open(out, type, label);
    size_t content = c2pa_box_open(out, "cbor");

    bytes_slice(out, cbor);
    c2pa_box_close(out, content);
    c2pa_box_close(out, mark);
}

void c2pa_superbox_hash(struct slice superbox, uint8_t hash[CRYPT_DIGEST_BYTES])
{
    crypto.sha256(slice_sub(superbox, 8, superbox.len - 8), hash);
}
