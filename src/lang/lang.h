/*
 * lang -- what the program says to people, in its four languages, and how each writes dates,
 * sizes and plurals.
 *
 * Spec:    PRODUCT.md, "The words", "What it never says"; plural rules and date forms of
 *          CLDR 42; tags of BCP 47.
 * Shapes:  strings.def names every string once, in English; po/<lang>.po hold the others.
 *          tools/strings turns them into tables at build time and fails the build when one is
 *          missing, marked fuzzy, or has other placeholders than the English one.
 *          A placeholder is {1} .. {9}; a plural's number is {1}.
 * Memory:  every string is static; nothing is allocated but in a caller's struct bytes.
 * Errors:  none; an unknown tag is false.
 * Threads: no state.
 */
#ifndef LANG_LANG_H
#define LANG_LANG_H

#include "base/base.h"

enum lang { LANG_EN, LANG_ZH, LANG_UK, LANG_RU };
#define LANG_COUNT 4

/* STR_<ID> for each STRING(ID, ...) of strings.def. */
enum lang_string {
#define STRING(id, english) STR_##id,
#define PLURAL(id, one, other)
#include "lang/strings.def"
#undef STRING
#undef PLURAL
    STR_COUNT
};

/* PLURAL_<ID> for each PLURAL(ID, ...). */
enum lang_plural {
#define STRING(id, english)
#define PLURAL(id, one, other) PLURAL_##id,
#include "lang/strings.def"
#undef STRING
#undef PLURAL
    PLURAL_COUNT
};

/* The string, placeholders and all. */
const char *lang_text(enum lang lang, enum lang_string id);
/* The form that n takes; {1} still stands for the number. */
const char *lang_plural(enum lang lang, enum lang_plural id, uint64_t n);

/*
 * Walk a template: the literal text before the next placeholder into *literal, the
 * placeholder's number (1..9, 0 at the end) into *number.  Returns where to go on, NULL after
 * the last part.  A caller that must escape what it fills in (pages) uses this.
 */
const char *lang_next(const char *text, struct slice *literal, unsigned *number);
/*
 * Append text with {1} replaced by args[0], and so on; args ends with NULL.  A placeholder
 * without an argument is left as it stands.
 *   lang_fill(&out, lang_text(LANG_EN, STR_X), (const char *const[]){"4", "Odesa", NULL});
 */
void lang_fill(struct bytes *out, const char *text, const char *const *args);
/* The same from a string's id: LANG_SAY(&out, lang, STR_X, "4", "Odesa"). */
#define LANG_SAY(out, lang, id, ...)                                                           \
    lang_fill(out, lang_text(lang, id), (const char *const[]){__VA_ARGS__, NULL})
/* The plural form for n with {1} = n and {2} = more (which may be NULL). */
void lang_count(struct bytes *out, enum lang lang, enum lang_plural id, uint64_t n,
                const char *more);

/* ---- names of the languages ---- */

/*
 * From a BCP 47 tag or a POSIX locale: "uk", "zh-Hans", "zh_CN.UTF-8", "RU-ru" are known;
 * "C", "" and "de" are not (false, *out untouched).  Every Chinese is LANG_ZH.
 */
MUST_CHECK bool lang_from_tag(struct slice tag, enum lang *out);
/* "en" "zh-Hans" "uk" "ru": for lang attributes and --lang. */
const char *lang_tag(enum lang lang);
/* "en" "zh" "uk" "ru": for file names and identity notes. */
const char *lang_code(enum lang lang);
/* "English", ...: each in itself. */
const char *lang_own_name(enum lang lang);

/* ---- dates, lengths, sizes ---- */

#define LANG_DATE_BYTES 96
/* "Tuesday 3 March 2026, 14:05 UTC", each language in its own form, NUL-terminated. */
void lang_date(enum lang lang, uint64_t unix_s, char out[LANG_DATE_BYTES]);
/* "3 March 2026, 14:05 UTC" */
void lang_date_short(enum lang lang, uint64_t unix_s, char out[LANG_DATE_BYTES]);

#define LANG_NUMBER_BYTES 32
/* "0:22", "1:02:03": the same everywhere; rounded to the nearest second, at least 0:01. */
void lang_duration(uint64_t duration_ms, char out[LANG_NUMBER_BYTES]);
/* "512 bytes", "2.6 MB": decimal units, one decimal below 10. */
void lang_size(enum lang lang, uint64_t bytes, char out[LANG_NUMBER_BYTES]);

#endif
