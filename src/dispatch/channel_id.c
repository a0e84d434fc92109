/* The channel's id: the hash of its first identity note, as text for machines and people. */
#include "dispatch/dispatch.h"

#include <string.h>

static void set_text(struct channel_id *id)
{
    struct bytes text;

    bytes_init(&text, CHANNEL_ID_CHARS);
    base32_build(&text, slice_of(id->hash, sizeof(id->hash)));
    if (bytes_check(&text, NULL) != SH_OK || text.len != CHANNEL_ID_CHARS)
        bug("channel id: no memory for 52 characters");
    memcpy(id->text, text.ptr, text.len);
    id->text[text.len] = '\0';
    bytes_release(&text);
}

void channel_id_of_note(struct slice note_text, struct channel_id *id)
{
    crypto.sha256(note_text, id->hash);
    set_text(id);
}

bool channel_id_parse(struct slice text, struct channel_id *id)
{
    struct bytes hash;
    bool good;

    if (text.len != CHANNEL_ID_CHARS)
        return false;
    bytes_init(&hash, sizeof(id->hash));
    good = base32_parse(&hash, text) && bytes_check(&hash, NULL) == SH_OK &&
           hash.len == sizeof(id->hash);
    if (good) {
        memcpy(id->hash, hash.ptr, hash.len);
        memcpy(id->text, text.ptr, text.len);
        id->text[text.len] = '\0';
    }
    bytes_release(&hash);
    return good;
}

void channel_id_short(const struct channel_id *id, char out[CHANNEL_SHORT_ID_BYTES])
{
    for (size_t i = 0; i < 16; i++) {
        if (i && i % 4 == 0)
            *out++ = '-';
        *out++ = id->text[i];
    }
    *out = '\0';
}

void channel_origin(const struct channel_id *id, char out[CHANNEL_ORIGIN_BYTES])
{
    (void)snprintf(out, CHANNEL_ORIGIN_BYTES, "stillhere/1/%s", id->text);
}

void channel_identity_name(const struct channel_id *id, char out[CHANNEL_ORIGIN_BYTES])
{
    (void)snprintf(out, CHANNEL_ORIGIN_BYTES, "stillhere/1/%s/identity", id->text);
}
