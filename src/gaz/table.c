/* Reading the table; what it says of itself is checked once more at each access. */
#include "gaz/gaz_int.h"

#include <string.h>

#define HEAD_BYTES 40
#define PLACE_BYTES 24
#define KEY_BYTES 8
#define FOLD_BYTES 8
#define HINT_BYTES 6
#define LEVELS 3

static uint32_t u32_at(size_t at)
{
    struct slice whole = gaz_table_bytes();

    if (whole.len < 4 || at > whole.len - 4)
        bug("the gazetteer is shorter than it says");
    return (uint32_t)whole.ptr[at] << 24 | (uint32_t)whole.ptr[at + 1] << 16 |
           (uint32_t)whole.ptr[at + 2] << 8 | whole.ptr[at + 3];
}

static uint32_t u16_at(size_t at)
{
    return u32_at(at) >> 16;
}

/* A text with its length before it. */
static struct slice text_at(size_t at)
{
    struct slice whole = gaz_table_bytes();

    if (at >= whole.len || whole.ptr[at] > whole.len - at - 1)
        bug("the gazetteer is shorter than it says");
    return slice_sub(whole, at + 1, whole.ptr[at]);
}

enum count {
    COUNT_COUNTRIES,
    COUNT_REGIONS,
    COUNT_CITIES,
    COUNT_KEYS,
    COUNT_FOLDS,
    COUNT_NAMES,
    COUNT_TEXTS,
    COUNT_HINTS,
};

static size_t count_of(enum count which)
{
    struct slice whole = gaz_table_bytes();

    return whole.len < HEAD_BYTES ? 0 : u32_at(8 + 4 * (size_t)which);
}

size_t gaz_level_start(unsigned level)
{
    size_t start = 0;

    for (unsigned i = 0; i < level && i < LEVELS; i++)
        start += count_of((enum count)i);
    return start;
}

size_t gaz_place_count(void)
{
    return gaz_level_start(LEVELS);
}

size_t gaz_key_count(void)
{
    return count_of(COUNT_KEYS);
}

/* ---- where the parts begin ---- */

static size_t keys_at(void)
{
    return HEAD_BYTES + gaz_place_count() * PLACE_BYTES;
}

static size_t folds_at(void)
{
    return keys_at() + count_of(COUNT_KEYS) * KEY_BYTES;
}

static size_t names_at(void)
{
    return folds_at() + count_of(COUNT_FOLDS) * FOLD_BYTES;
}

static size_t texts_at(void)
{
    return names_at() + count_of(COUNT_NAMES);
}

static size_t hints_at(void)
{
    return texts_at() + count_of(COUNT_TEXTS);
}

/* ---- places ---- */

static uint32_t code_at(size_t number)
{
    return u32_at(HEAD_BYTES + number * PLACE_BYTES);
}

void gaz_place_at(size_t number, struct gaz_place *out)
{
    size_t at = HEAD_BYTES + number * PLACE_BYTES;
    uint32_t region = u16_at(at + 16), country = u16_at(at + 18);

    if (number >= gaz_place_count())
        bug("no such place in the gazetteer");
    *out = (struct gaz_place){
        .code = u32_at(at),
        .level = number < gaz_level_start(GAZ_REGION) ? GAZ_COUNTRY
                 : number < gaz_level_start(GAZ_CITY) ? GAZ_REGION
                                                      : GAZ_CITY,
        .population = u32_at(at + 4),
        .lat_e4 = (int32_t)u32_at(at + 8),
        .lon_e4 = (int32_t)u32_at(at + 12),
        .region = region ? code_at(region - 1) : 0,
        .country = country ? code_at(country - 1) : 0,
    };
}

int32_t gaz_place_lat(size_t number)
{
    return (int32_t)u32_at(HEAD_BYTES + number * PLACE_BYTES + 8);
}

struct slice gaz_own_name(size_t number, enum lang lang)
{
    size_t at = names_at() + u32_at(HEAD_BYTES + number * PLACE_BYTES + 20);
    struct slice text = text_at(at);

    for (unsigned i = 0; i < (unsigned)lang; i++) {
        at += 1 + text.len;
        text = text_at(at);
    }
    return text;
}

bool gaz_number_of(uint32_t code, size_t *number)
{
    size_t low, high, middle, end;

    for (unsigned level = 0; level < LEVELS; level++) {
        low = gaz_level_start(level);
        high = end = gaz_level_start(level + 1);
        while (low < high) {
            middle = low + (high - low) / 2;
            if (code_at(middle) < code)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < end && code_at(low) == code) {
            *number = low;
            return true;
        }
    }
    return false;
}

/* ---- keys and folds ---- */

struct slice gaz_key_text(size_t row)
{
    return text_at(texts_at() + u32_at(keys_at() + row * KEY_BYTES));
}

size_t gaz_key_place(size_t row)
{
    return u32_at(keys_at() + row * KEY_BYTES + 4);
}

size_t gaz_fold_char(uint32_t c, uint8_t out[4])
{
    struct slice whole = gaz_table_bytes();
    size_t low = 0, high = count_of(COUNT_FOLDS), end = high, start = folds_at(), middle,
           len = 0;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (u32_at(start + middle * FOLD_BYTES) < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == end || u32_at(start + low * FOLD_BYTES) != c)
        return SIZE_MAX;
    (void)u32_at(start + low * FOLD_BYTES + 4); /* It is there. */
    memcpy(out, whole.ptr + start + low * FOLD_BYTES + 4, 4);
    while (len < 4 && out[len])
        len++;
    return len;
}

/* ---- hints ---- */

size_t gaz_hint_count(void)
{
    return count_of(COUNT_HINTS);
}

int32_t gaz_hint_lat(size_t row)
{
    return (int32_t)u16_at(hints_at() + row * HINT_BYTES) * 100 - 900000;
}

void gaz_hint_at(size_t row, struct gaz_place *out)
{
    /* The last two bytes are read with the two before them: the table ends there. */
    size_t at = hints_at() + row * HINT_BYTES;
    uint32_t lat = u16_at(at), lon = u16_at(at + 2);
    struct gaz_place area;

    gaz_place_at(u32_at(at + 2) & 0xffff, &area);
    *out = (struct gaz_place){.code = area.code,
                              .level = area.level,
                              .lat_e4 = (int32_t)lat * 100 - 900000,
                              .lon_e4 = (int32_t)lon * 100 - 1800000,
                              .region = area.level == GAZ_REGION ? area.code : 0,
                              .country = area.level == GAZ_REGION ? area.country : area.code};
}
