/*
 * private/settings: what is read holds text that may be shown, and written again it is read as
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "channel/channel_int.h"

static void is_shown_safely(const char *value)
{
    if (*value && text_check(slice_text(value), TEXT_LINE, LIMIT_URL_BYTES, "value", NULL) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel_settings settings, again;
    struct bytes text;

    if (channel_settings_parse(slice_of(data, size), &settings, NULL) < 0)
        return 0;
    is_shown_safely(settings.base);
    is_shown_safely(settings.zone);
    is_shown_safely(settings.family_zone);
    is_shown_safely(settings.family_place);
    if (*settings.base && settings.base[strlen(settings.base) - 1] != '/')
        abort();
    bytes_init(&text, LIMIT_SETTINGS_BYTES);
    channel_settings_build(&settings, &text);
    if (bytes_check(&text, NULL) < 0 ||
        channel_settings_parse(bytes_view(&text), &again, NULL) < 0 ||
        strcmp(settings.base, again.base) != 0 || strcmp(settings.zone, again.zone) != 0 ||
        strcmp(settings.family_zone, again.family_zone) != 0 ||
        strcmp(settings.family_place, again.family_place) != 0)
        abort();
    bytes_release(&text);
    return 0;
}
