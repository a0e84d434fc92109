/* Text that people wrote: is it UTF-8, and may it be shown? */
#include "base/base.h"

size_t text_next(struct slice text, size_t at, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.ptr[at];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t value = first;

    if (!len || first > 0xf4 || len > text.len - at)
        return 0;
    if (len > 1)
        value = first & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((text.ptr[at + i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (text.ptr[at + i] & 0x3f);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return len;
}

bool text_is_utf8(struct slice text)
{
    uint32_t code;
    size_t len;

    for (size_t at = 0; at < text.len; at += len) {
        len = text_next(text, at, &code);
        if (!len)
            return false;
    }
    return true;
}

bool text_is_unseen(uint32_t code)
{
    static const struct {
        uint32_t from, to;
    } unseen[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},      {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x061c, 0x061c},   {0x115f, 0x1160},      {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},      {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},      {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffc},      {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff}, {0xf0000, UINT32_MAX},
    };

    for (size_t i = 0; i < COUNT_OF(unseen); i++)
        if (code >= unseen[i].from && code <= unseen[i].to)
            return true;
    return (code & 0xfffe) == 0xfffe;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029;
}

static bool is_bidi_control(uint32_t code)
{
    return code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool is_noncharacter(uint32_t code)
{
    return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe || code == 0xfeff;
}

int text_check(struct slice text, enum text_rule rule, size_t max, const char *what,
               struct why *why)
{
    uint32_t code = 0;
    size_t len;

    if (!text.len)
        return why_set(why, SH_EFORMAT, 0, "%s: empty; leave it out instead", what);
    if (text.len > max)
        return why_set(why, SH_ELIMIT, max,
                       "%s: %zu bytes, at most %zu are allowed; shorten it", what, text.len,
                       max);
    for (size_t at = 0; at < text.len; at += len) {
        len = text_next(text, at, &code);
        if (!len)
            return why_set(why, SH_EFORMAT, at,
                           "%s: byte %zu is not valid UTF-8 (RFC 3629); save the text as UTF-8",
                           what, at);
        if (code == '\n' && rule == TEXT_NEWLINES)
            continue;
        if (is_control(code))
            return why_set(why, SH_EFORMAT, at,
                           "%s: control character U+%04X at byte %zu; take it out", what, code,
                           at);
        if (is_bidi_control(code))
            return why_set(
                why, SH_EFORMAT, at,
                "%s: U+%04X at byte %zu changes the direction of text, which can make "
                "words read otherwise than they are; take it out",
                what, code, at);
        if (is_noncharacter(code))
            return why_set(why, SH_EFORMAT, at,
                           "%s: U+%04X at byte %zu is not a character; take it out", what, code,
                           at);
    }
    return SH_OK;
}
