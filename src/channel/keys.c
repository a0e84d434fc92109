/* The two secret keys that live on the channel's machine: hex and a newline, mode 0600. */
#include <string.h>

#include "channel/channel_int.h"

#define KEY_TEXT_BYTES (2 * SECRET_BYTES + 1)

int channel_key_read(int private_dir, const char *path, struct secret *secret, struct why *why)
{
    struct bytes text;
    int rc;

    bytes_init(&text, KEY_TEXT_BYTES);
    rc = io_read(private_dir, path, &text, why);
    if (rc == SH_OK &&
        (text.len != KEY_TEXT_BYTES || text.ptr[KEY_TEXT_BYTES - 1] != '\n' ||
         !hex_parse(slice_of(text.ptr, KEY_TEXT_BYTES - 1), secret->byte, SECRET_BYTES)))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "private/%s: not 64 hex digits; restore it from a backup", path);
    if (text.ptr)
        wipe(text.ptr, text.cap);
    bytes_release(&text);
    return rc;
}

int channel_key_write(int private_dir, int tmp_dir, const char *path,
                      const struct secret *secret, struct why *why)
{
    char text[KEY_TEXT_BYTES + 1];
    struct io_target target = {private_dir, path, tmp_dir, 0600, 0, IO_SYNC};
    int rc;

    hex_build(slice_of(secret->byte, SECRET_BYTES), text);
    text[KEY_TEXT_BYTES - 1] = '\n';
    rc = io_replace(&target, slice_of(text, KEY_TEXT_BYTES), why);
    wipe(text, sizeof(text));
    return rc;
}
