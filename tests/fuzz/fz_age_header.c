/*
 * The header of an age file, and the armor: the end of a header is where it is however the
 * file is cut, what opens is a whole header, and armor has one verdict.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "age/age_int.h"

/* Where the header ends when step bytes come at a time; the verdict in *rc. */
static size_t seek(struct slice text, size_t step, int *rc)
{
    size_t line = 0, end = 0, held = 0;

    *rc = SH_OK;
    while (*rc == SH_OK && !end && held < text.len) {
        held = text.len - held < step ? text.len : held + step;
        *rc = age_header_seek(slice_of(text.ptr, held), &line, &end, NULL);
    }
    return end;
}

static void header(struct slice text)
{
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    struct secret key;
    const struct age_opener opener = {.identity = &key};
    int whole, cut;
    size_t end = seek(text, text.len ? text.len : 1, &whole);

    if (seek(text, 7, &cut) != end || cut != whole)
        abort();
    if (whole != SH_OK || !end)
        return;
    memset(key.byte, 7, sizeof(key.byte));
    if (age_header_open(slice_of(text.ptr, end), &opener, file_key, NULL) != SH_OK)
        return;
    for (size_t less = 1; less < 4; less++)
        if (age_header_open(slice_of(text.ptr, end - less), &opener, file_key, NULL) == SH_OK)
            abort();
}

static int collect(void *ctx, struct slice data, struct why *why)
{
    bytes_slice(ctx, data);
    return bytes_check(ctx, why);
}

static int armor(struct slice text, size_t step, struct bytes *out)
{
    struct age_armor reader;
    size_t some;
    int rc = SH_OK;

    bytes_init(out, text.len + 1);
    age_armor_init(&reader, (struct age_sink){collect, out});
    for (size_t at = 0; rc == SH_OK && at < text.len; at += some) {
        some = step < text.len - at ? step : text.len - at;
        rc = age_armor_update(&reader, slice_sub(text, at, some), NULL);
    }
    return rc == SH_OK ? age_armor_final(&reader, NULL) : rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct bytes whole, cut;

    header(input);
    if (armor(input, size ? size : 1, &whole) != armor(input, 5, &cut) ||
        !slice_equal(bytes_view(&whole), bytes_view(&cut)))
        abort();
    bytes_release(&whole);
    bytes_release(&cut);
    return 0;
}
