/* What a name of a value says about the value: the codes of udta and ilst, the keys of mdta. */
#include "bmff/leaks_int.h"

#include <string.h>

#define C(b, c, d) FOURCC(0xa9, b, c, d)

struct code {
    uint32_t code;
    enum bmff_leak_kind kind;
};

/* QTFF "User Data Atoms"; 3GPP TS 26.244 8; codes of makers as exiftool's documentation lists
 * them. */
static const struct code codes[] = {
    {C('x', 'y', 'z'), BMFF_LEAK_POSITION},
    {C('d', 'a', 'y'), BMFF_LEAK_TIME},
    {C('T', 'I', 'M'), BMFF_LEAK_TIME},
    {C('d', 'a', 't'), BMFF_LEAK_TIME},
    {FOURCC('d', 'a', 't', 'e'), BMFF_LEAK_TIME},
    {FOURCC('y', 'r', 'r', 'c'), BMFF_LEAK_TIME},
    {C('a', 'u', 't'), BMFF_LEAK_PERSON},
    {C('A', 'R', 'T'), BMFF_LEAK_PERSON},
    {FOURCC('a', 'A', 'R', 'T'), BMFF_LEAK_PERSON},
    {C('w', 'r', 't'), BMFF_LEAK_PERSON},
    {C('d', 'i', 'r'), BMFF_LEAK_PERSON},
    {C('p', 'r', 'd'), BMFF_LEAK_PERSON},
    {C('p', 'r', 'f'), BMFF_LEAK_PERSON},
    {C('c', 'p', 'y'), BMFF_LEAK_PERSON},
    {C('o', 'w', 'n'), BMFF_LEAK_PERSON},
    {FOURCC('a', 'u', 't', 'h'), BMFF_LEAK_PERSON},
    {FOURCC('p', 'e', 'r', 'f'), BMFF_LEAK_PERSON},
    {FOURCC('c', 'p', 'r', 't'), BMFF_LEAK_PERSON},
    {FOURCC('o', 'w', 'n', 'r'), BMFF_LEAK_PERSON},
    {FOURCC('a', 'p', 'I', 'D'), BMFF_LEAK_PERSON}, /* the account of a shop */
    {C('m', 'a', 'k'), BMFF_LEAK_DEVICE},
    {C('m', 'o', 'd'), BMFF_LEAK_DEVICE},
    {C('m', 'd', 'l'), BMFF_LEAK_DEVICE},
    {FOURCC('m', 'a', 'n', 'u'), BMFF_LEAK_DEVICE},
    {FOURCC('m', 'o', 'd', 'l'), BMFF_LEAK_DEVICE},
    {FOURCC('v', 'n', 'd', 'r'), BMFF_LEAK_DEVICE},
    {FOURCC('C', 'N', 'M', 'N'), BMFF_LEAK_DEVICE},
    {C('s', 'w', 'r'), BMFF_LEAK_SOFTWARE},
    {C('t', 'o', 'o'), BMFF_LEAK_SOFTWARE},
    {C('e', 'n', 'c'), BMFF_LEAK_SOFTWARE},
    {C('r', 'e', 'q'), BMFF_LEAK_SOFTWARE},
    {FOURCC('C', 'N', 'F', 'V'), BMFF_LEAK_SOFTWARE},
    {FOURCC('F', 'I', 'R', 'M'), BMFF_LEAK_SOFTWARE},
    {FOURCC('n', 'a', 'm', 'e'), BMFF_LEAK_NAME},
    {FOURCC('C', 'A', 'M', 'E'), BMFF_LEAK_IDENTIFIER},
    {FOURCC('L', 'E', 'N', 'S'), BMFF_LEAK_IDENTIFIER},
    {FOURCC('M', 'U', 'I', 'D'), BMFF_LEAK_IDENTIFIER},
    {FOURCC('G', 'U', 'M', 'I'), BMFF_LEAK_IDENTIFIER},
    {C('n', 'a', 'm'), BMFF_LEAK_TEXT},
    {C('c', 'm', 't'), BMFF_LEAK_TEXT},
    {C('d', 'e', 's'), BMFF_LEAK_TEXT},
    {C('i', 'n', 'f'), BMFF_LEAK_TEXT},
    {FOURCC('t', 'i', 't', 'l'), BMFF_LEAK_TEXT},
    {FOURCC('d', 's', 'c', 'p'), BMFF_LEAK_TEXT},
    {FOURCC('k', 'y', 'w', 'd'), BMFF_LEAK_TEXT},
};

bool bmff_leaks_code(uint32_t code, enum bmff_leak_kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].code == code) {
            *kind = codes[i].kind;
            return true;
        }
    if (code >> 24 != 0xa9)
        return false;
    *kind = BMFF_LEAK_TEXT;
    return true;
}

/* A part of a key, in lower case; the first that fits decides. */
static const struct {
    const char *part;
    enum bmff_leak_kind kind;
} parts[] = {
    {"location", BMFF_LEAK_POSITION},
    {"gps", BMFF_LEAK_POSITION},
    {"latitude", BMFF_LEAK_POSITION},
    {"longitude", BMFF_LEAK_POSITION},
    {"direction", BMFF_LEAK_POSITION},
    {"identifier", BMFF_LEAK_IDENTIFIER},
    {"serial", BMFF_LEAK_IDENTIFIER},
    {"uuid", BMFF_LEAK_IDENTIFIER},
    {"imei", BMFF_LEAK_IDENTIFIER},
    {"documentid", BMFF_LEAK_IDENTIFIER},
    {"instanceid", BMFF_LEAK_IDENTIFIER},
    {"encod", BMFF_LEAK_SOFTWARE},
    {"software", BMFF_LEAK_SOFTWARE},
    {"version", BMFF_LEAK_SOFTWARE},
    {"creatortool", BMFF_LEAK_SOFTWARE},
    {"generator", BMFF_LEAK_SOFTWARE},
    {"date", BMFF_LEAK_TIME},
    {"time", BMFF_LEAK_TIME},
    {"author", BMFF_LEAK_PERSON},
    {"artist", BMFF_LEAK_PERSON},
    {"creator", BMFF_LEAK_PERSON},
    {"owner", BMFF_LEAK_PERSON},
    {"director", BMFF_LEAK_PERSON},
    {"copyright", BMFF_LEAK_PERSON},
    {"rights", BMFF_LEAK_PERSON},
    {"make", BMFF_LEAK_DEVICE},
    {"model", BMFF_LEAK_DEVICE},
    {"manufacturer", BMFF_LEAK_DEVICE},
    {"camera", BMFF_LEAK_DEVICE},
    {"lens", BMFF_LEAK_DEVICE},
    {"marketname", BMFF_LEAK_DEVICE},
    {"device", BMFF_LEAK_DEVICE},
};

static bool has_part(struct slice key, const char *part)
{
    size_t len = strlen(part);

    for (size_t at = 0; at + len <= key.len; at++) {
        size_t same = 0;

        while (same < len) {
            uint8_t c = key.ptr[at + same];

            if (c >= 'A' && c <= 'Z')
                c = (uint8_t)(c - 'A' + 'a');
            if (c != (uint8_t)part[same])
                break;
            same++;
        }
        if (same == len)
            return true;
    }
    return false;
}

enum bmff_leak_kind bmff_leaks_key(struct slice key)
{
    static const char apple[] = "com.apple.quicktime."; /* no time of anything */

    if (slice_starts(key, apple))
        key = slice_sub(key, sizeof(apple) - 1, key.len - (sizeof(apple) - 1));
    if (key.len > LIMIT_NAME_CHARS)
        key.len = LIMIT_NAME_CHARS;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (has_part(key, parts[i].part))
            return parts[i].kind;
    return BMFF_LEAK_TEXT;
}

void bmff_leaks_keyed(struct bmff_finder *finder, const char *name, struct slice key,
                      struct slice value)
{
    enum bmff_leak_kind kind = bmff_leaks_key(key);

    if (kind == BMFF_LEAK_POSITION && has_part(key, "accuracy")) {
        if (!bmff_metres_parse(value, &finder->accuracy_m))
            finder->accuracy_m = 0;
        return;
    }
    bmff_leaks_text(finder, kind, name, value);
}
