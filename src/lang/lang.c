/* Strings by id, placeholders, plural forms, tags of languages. */
#include "lang/lang.h"

#include <string.h>

#include "lang/lang_int.h"

const char *lang_text(enum lang lang, enum lang_string id)
{
    return lang_tables[lang].text[id];
}

/* CLDR 42, plural rules for whole numbers: uk and ru have one, few, many. */
static size_t form_of(enum lang lang, uint64_t n)
{
    uint64_t ten = n % 10, hundred = n % 100;

    switch (lang) {
    case LANG_EN:
        return n == 1 ? 0 : 1;
    case LANG_ZH:
        return 0;
    case LANG_UK:
    case LANG_RU:
        break;
    }
    if (ten == 1 && hundred != 11)
        return 0;
    return ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? 1 : 2;
}

const char *lang_plural(enum lang lang, enum lang_plural id, uint64_t n)
{
    return lang_tables[lang].plural[id][form_of(lang, n)];
}

/* Is text at "{1}" .. "{9}"?  Its number, else 0. */
static unsigned placeholder(const char *text)
{
    if (text[0] != '{' || text[1] < '1' || text[1] > '9' || text[2] != '}')
        return 0;
    return (unsigned)(text[1] - '0');
}

const char *lang_next(const char *text, struct slice *literal, unsigned *number)
{
    const char *at = text;

    if (!text)
        return NULL;
    while (*at && !placeholder(at))
        at++;
    *literal = slice_of(text, (size_t)(at - text));
    *number = *at ? placeholder(at) : 0;
    if (!*number && !literal->len)
        return NULL;
    return *at ? at + 3 : at;
}

void lang_fill(struct bytes *out, const char *text, const char *const *args)
{
    size_t count = 0;
    struct slice literal;
    unsigned number;

    while (args[count])
        count++;
    while ((text = lang_next(text, &literal, &number))) {
        bytes_slice(out, literal);
        if (number && number <= count)
            bytes_text(out, args[number - 1]);
        else if (number)
            bytes_printf(out, "{%u}", number);
    }
}

void lang_count(struct bytes *out, enum lang lang, enum lang_plural id, uint64_t n,
                const char *more)
{
    char number[LANG_NUMBER_BYTES];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)n);
    lang_fill(out, lang_plural(lang, id, n), (const char *const[]){number, more, NULL});
}

/* The languages of a tag are its letters before the first '-', '_', '.' or '@'. */
bool lang_from_tag(struct slice tag, enum lang *out)
{
    static const char codes[LANG_COUNT][3] = {"en", "zh", "uk", "ru"};

    if (tag.len < 2 || (tag.len > 2 && !memchr("-_.@", tag.ptr[2], 4)))
        return false;
    for (int i = 0; i < LANG_COUNT; i++) {
        if ((tag.ptr[0] | 0x20) == codes[i][0] && (tag.ptr[1] | 0x20) == codes[i][1]) {
            *out = (enum lang)i;
            return true;
        }
    }
    return false;
}

const char *lang_tag(enum lang lang)
{
    static const char *const tags[LANG_COUNT] = {"en", "zh-Hans", "uk", "ru"};

    return tags[lang];
}

const char *lang_code(enum lang lang)
{
    static const char *const codes[LANG_COUNT] = {"en", "zh", "uk", "ru"};

    return codes[lang];
}

const char *lang_own_name(enum lang lang)
{
    static const char *const names[LANG_COUNT] = {"English", "简体中文", "Українська",
                                                  "Русский"};

    return names[lang];
}
