/* From a name to places, from a place to its names. */
#include "gaz/gaz_int.h"

#include <string.h>

const char *gaz_level_name(enum gaz_level level)
{
    static const char *const names[] = {"country", "region", "city"};

    return names[level];
}

/* ---- folding ---- */

/* The character at ptr of a text that is UTF-8; *len is how long it is. */
static uint32_t char_at(const uint8_t *ptr, size_t *len)
{
    uint32_t c = *ptr;

    *len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (*len > 1)
        c &= 0x7fu >> *len;
    for (size_t i = 1; i < *len; i++)
        c = c << 6 | (ptr[i] & 0x3f);
    return c;
}

/* Spaces neither begin nor end a key, and never stand side by side. */
static bool put(struct gaz_key *key, const uint8_t *ptr, size_t len)
{
    if (len == 1 && *ptr == ' ' && (!key->len || key->text[key->len - 1] == ' '))
        return true;
    if (len > sizeof(key->text) - key->len)
        return false;
    memcpy(key->text + key->len, ptr, len);
    key->len += len;
    return true;
}

bool gaz_fold(struct slice name, struct gaz_key *out)
{
    uint8_t other[4];
    size_t len, folded;

    out->len = 0;
    if (!text_is_utf8(name))
        return false;
    for (size_t at = 0; at < name.len; at += len) {
        folded = gaz_fold_char(char_at(name.ptr + at, &len), other);
        if (!(folded == SIZE_MAX ? put(out, name.ptr + at, len) : put(out, other, folded)))
            return false;
    }
    if (out->len && out->text[out->len - 1] == ' ')
        out->len--;
    return true;
}

/* ---- looking up ---- */

/* The rows [from, to) of a folded name. */
struct rows {
    size_t from, to;
};

static struct rows rows_of(struct slice key)
{
    size_t low = 0, high = gaz_key_count(), end = high, middle;
    struct rows rows;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (slice_compare(gaz_key_text(middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (rows.from = rows.to = low; rows.to < end; rows.to++)
        if (!slice_equal(gaz_key_text(rows.to), key))
            break;
    return rows;
}

static struct slice trim(struct slice text)
{
    while (text.len && *text.ptr == ' ')
        text = slice_sub(text, 1, text.len - 1);
    while (text.len && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* Does the place lie in what the folded name means? */
static bool lies_in(const struct gaz_place *place, struct slice key)
{
    struct rows rows = rows_of(key);
    struct gaz_place outer;

    for (size_t row = rows.from; row < rows.to; row++) {
        gaz_place_at(gaz_key_place(row), &outer);
        if (outer.code == place->region || outer.code == place->country)
            return true;
    }
    return false;
}

/* Does it lie in each of the names after commas? */
static bool lies_in_all(const struct gaz_place *place, struct slice rest)
{
    size_t comma;

    while (rest.len) {
        comma = slice_find(rest, 0, ',');
        if (!lies_in(place, trim(slice_sub(rest, 0, comma))))
            return false;
        rest = comma < rest.len ? slice_sub(rest, comma + 1, rest.len - comma - 1)
                                : slice_of(NULL, 0);
    }
    return true;
}

static bool goes_before(const struct gaz_place *a, const struct gaz_place *b)
{
    if (a->level != b->level)
        return a->level < b->level;
    return a->population != b->population ? a->population > b->population : a->code < b->code;
}

/* Into its place in order; what is beyond `most` falls off. */
static void insert(struct gaz_place *out, size_t held, size_t most,
                   const struct gaz_place *place)
{
    size_t at = held < most ? held : most;

    while (at && goes_before(place, &out[at - 1])) {
        if (at < most)
            out[at] = out[at - 1];
        at--;
    }
    if (at < most)
        out[at] = *place;
}

static size_t collect(struct slice key, struct slice rest, struct gaz_place *out, size_t most)
{
    struct rows rows = rows_of(key);
    struct gaz_place place;
    size_t count = 0;

    for (size_t row = rows.from; row < rows.to; row++) {
        gaz_place_at(gaz_key_place(row), &place);
        if (!lies_in_all(&place, rest))
            continue;
        insert(out, count, most, &place);
        count++;
    }
    return count;
}

size_t gaz_find(struct slice name, struct gaz_place *out, size_t most)
{
    struct gaz_place place;
    struct gaz_key key;
    struct slice whole;
    uint64_t number;
    size_t count, comma;

    if (decimal_parse(name, UINT32_MAX, &number)) {
        if (!gaz_get((uint32_t)number, &place))
            return 0;
        if (most)
            *out = place;
        return 1;
    }
    if (!gaz_fold(name, &key) || !key.len)
        return 0;
    whole = slice_of(key.text, key.len);
    count = collect(whole, slice_of(NULL, 0), out, most);
    comma = slice_find(whole, 0, ',');
    if (count || comma == whole.len)
        return count;
    return collect(trim(slice_sub(whole, 0, comma)),
                   slice_sub(whole, comma + 1, whole.len - comma - 1), out, most);
}

bool gaz_get(uint32_t code, struct gaz_place *out)
{
    size_t number;

    if (!gaz_number_of(code, &number))
        return false;
    gaz_place_at(number, out);
    return true;
}

/* ---- names ---- */

bool gaz_has_name(uint32_t code, enum lang lang)
{
    size_t number;

    return gaz_number_of(code, &number) && gaz_own_name(number, lang).len != 0;
}

bool gaz_name(uint32_t code, enum lang lang, struct slice *name)
{
    struct gaz_place place;
    size_t number, region;

    if (!gaz_number_of(code, &number))
        return false;
    *name = gaz_own_name(number, lang);
    if (name->len)
        return true;
    gaz_place_at(number, &place);
    if (place.region && gaz_number_of(place.region, &region))
        *name = gaz_own_name(region, lang);
    if (!name->len)
        *name = gaz_own_name(number, LANG_EN);
    return true;
}
