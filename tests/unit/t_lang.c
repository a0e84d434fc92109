/* lang: strings, placeholders, plurals, tags, dates and sizes in four languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lang/lang.h"

static void every_string_stands_in_every_language(void **state)
{
    (void)state;
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        for (int id = 0; id < STR_COUNT; id++) {
            const char *text = lang_text((enum lang)lang, (enum lang_string)id);

            assert_non_null(text);
            assert_true(text[0]);
            assert_true(text_is_utf8(slice_text(text)));
        }
        for (int id = 0; id < PLURAL_COUNT; id++)
            for (uint64_t n = 0; n < 200; n++)
                assert_non_null(lang_plural((enum lang)lang, (enum lang_plural)id, n));
    }
    assert_string_equal(lang_text(LANG_EN, STR_STATUS_WELL), "Well.");
    assert_string_equal(lang_text(LANG_ZH, STR_STATUS_WELL), "平安。");
}

/* What a result must never be called (PRODUCT.md): no string may say it, in no language. */
static void no_string_says_what_it_must_not(void **state)
{
    static const char *const never[] = {
        " authentic",  "verified", "genuine", "✓",      "✔",       "属实无误",       "已验证",
        "справжність", "справжнє", "автент",  "аутент", "подлинн", "подтверждается", "справджу",
    };

    (void)state;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        for (int id = 0; id < STR_COUNT; id++)
            for (size_t i = 0; i < COUNT_OF(never); i++)
                assert_null(strstr(lang_text((enum lang)lang, (enum lang_string)id), never[i]));
}

/*
 * One word for one thing, as on the pages: entry, sealed, deleted for good, channel id, note of
 * keys, clip, to publish; one form of address; the apostrophe and the marks of each language.
 */
static void one_thing_has_one_word(void **state)
{
    static const char *const other[LANG_COUNT][14] = {
        [LANG_ZH] = {"条目", "密封", "彻底删除", "开启", "保管人", "你的", "留在你",
                     "补发给你"},
        [LANG_UK] = {"нотатк", "дентифікатор каналу", "код каналу", "тримається", "хранител",
                     "ролик", "кліп", "оприлюдн", "знищено запис", "'"},
        [LANG_RU] = {"аметка личности", "аметки личности", "дентификатор канала", "код канала",
                     "держится", "хранител", "ролик", "клип", "етронутая запись", "ничтожена",
                     "'"},
    };

    (void)state;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        for (int id = 0; id < STR_COUNT; id++)
            for (size_t i = 0; i < COUNT_OF(other[0]) && other[lang][i]; i++)
                assert_null(
                    strstr(lang_text((enum lang)lang, (enum lang_string)id), other[lang][i]));
}

static void placeholders_are_filled(void **state)
{
    struct bytes out;

    (void)state;
    bytes_init(&out, 1000);
    lang_fill(&out, "{2} and {1}, {3} {x} {0}", (const char *const[]){"a", "b{1}", NULL});
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    bytes_u8(&out, 0);
    assert_string_equal((char *)out.ptr, "b{1} and a, {3} {x} {0}");
    bytes_clear(&out);
    LANG_SAY(&out, LANG_ZH, STR_PAGE_WITHDRAWN, "4", "9");
    bytes_u8(&out, 0);
    assert_string_equal((char *)out.ptr, "第 4 条记录，已由第 9 条记录撤回");
    bytes_release(&out);
}

static void plurals_follow_each_language(void **state)
{
    static const struct {
        enum lang lang;
        uint64_t n;
        const char *text;
    } cases[] = {
        {LANG_EN, 0, "0 bytes"},     {LANG_EN, 1, "1 byte"},   {LANG_EN, 21, "21 bytes"},
        {LANG_ZH, 1, "1 字节"},      {LANG_ZH, 5, "5 字节"},   {LANG_UK, 1, "1 байт"},
        {LANG_UK, 3, "3 байти"},     {LANG_UK, 5, "5 байтів"}, {LANG_UK, 11, "11 байтів"},
        {LANG_UK, 21, "21 байт"},    {LANG_UK, 0, "0 байтів"}, {LANG_UK, 112, "112 байтів"},
        {LANG_RU, 122, "122 байта"}, {LANG_RU, 14, "14 байт"}, {LANG_RU, 2, "2 байта"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bytes out;

        bytes_init(&out, 100);
        lang_count(&out, cases[i].lang, PLURAL_SIZE_BYTES, cases[i].n, NULL);
        bytes_u8(&out, 0);
        assert_string_equal((char *)out.ptr, cases[i].text);
        bytes_release(&out);
    }
}

static void tags_are_recognised(void **state)
{
    static const struct {
        const char *tag;
        int lang; /* -1: not known */
    } cases[] = {
        {"en", LANG_EN},
        {"en-GB", LANG_EN},
        {"en_US.UTF-8", LANG_EN},
        {"zh", LANG_ZH},
        {"zh-Hans", LANG_ZH},
        {"zh_CN.UTF-8", LANG_ZH},
        {"ZH-hant-TW", LANG_ZH},
        {"uk", LANG_UK},
        {"uk_UA", LANG_UK},
        {"ru@cyrillic", LANG_RU},
        {"RU", LANG_RU},
        {"C", -1},
        {"C.UTF-8", -1},
        {"", -1},
        {"de", -1},
        {"eng", -1},
        {"e", -1},
        {"rus-RU", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum lang lang = LANG_EN;
        bool known = lang_from_tag(slice_text(cases[i].tag), &lang);

        assert_int_equal(known, cases[i].lang >= 0);
        if (known)
            assert_int_equal(lang, cases[i].lang);
    }
    for (int i = 0; i < LANG_COUNT; i++) {
        enum lang lang = LANG_EN;

        assert_true(lang_from_tag(slice_text(lang_tag((enum lang)i)), &lang));
        assert_int_equal(lang, i);
        assert_true(lang_from_tag(slice_text(lang_code((enum lang)i)), &lang));
        assert_int_equal(lang, i);
    }
}

static void dates_in_each_form(void **state)
{
    static const struct {
        enum lang lang;
        const char *text, *brief;
    } cases[] = {
        {LANG_EN, "Tuesday 3 March 2026, 14:05 UTC", "3 March 2026, 14:05 UTC"},
        {LANG_ZH, "2026年3月3日星期二 14:05 UTC", "2026年3月3日 14:05 UTC"},
        {LANG_UK, "вівторок, 3 березня 2026 року, 14:05 UTC", "3 березня 2026 року, 14:05 UTC"},
        {LANG_RU, "вторник, 3 марта 2026 года, 14:05 UTC", "3 марта 2026 года, 14:05 UTC"},
    };
    char out[LANG_DATE_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        lang_date(cases[i].lang, 1772546700, out);
        assert_string_equal(out, cases[i].text);
        lang_date_short(cases[i].lang, 1772546700, out);
        assert_string_equal(out, cases[i].brief);
        for (uint64_t day = 0; day < 400; day++) {
            /* No date of a year is cut: the longest names fit. */
            lang_date(cases[i].lang, 1772546700 + day * 86400, out);
            assert_non_null(strstr(out, "UTC"));
        }
        lang_date(cases[i].lang, UINT64_MAX, out);
        assert_non_null(strstr(out, "9999"));
    }
}

static void sizes_and_lengths(void **state)
{
    static const struct {
        enum lang lang;
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {LANG_EN, 1, "1 byte"},
        {LANG_EN, 999, "999 bytes"},
        {LANG_EN, 1000, "1.0 kB"},
        {LANG_EN, 2591827, "2.6 MB"},
        {LANG_RU, 2591827, "2,6 МБ"},
        {LANG_UK, 15500, "16 кБ"},
        {LANG_EN, 999449, "999 kB"},
        {LANG_EN, 999450, "1.0 MB"},
        {LANG_EN, UINT64_C(4294967296), "4.3 GB"},
        {LANG_EN, UINT64_MAX, "18446744074 GB"},
    };
    static const struct {
        uint64_t ms;
        const char *text;
    } lengths[] = {{0, "0:01"},     {312, "0:01"},        {1499, "0:01"},      {22464, "0:22"},
                   {59600, "1:00"}, {3599500, "1:00:00"}, {3723000, "1:02:03"}};
    char out[LANG_NUMBER_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        lang_size(cases[i].lang, cases[i].bytes, out);
        assert_string_equal(out, cases[i].text);
    }
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        lang_duration(lengths[i].ms, out);
        assert_string_equal(out, lengths[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_string_stands_in_every_language),
        cmocka_unit_test(no_string_says_what_it_must_not),
        cmocka_unit_test(one_thing_has_one_word),
        cmocka_unit_test(placeholders_are_filled),
        cmocka_unit_test(plurals_follow_each_language),
        cmocka_unit_test(tags_are_recognised),
        cmocka_unit_test(dates_in_each_form),
        cmocka_unit_test(sizes_and_lengths),
    };

    return cmocka_run_group_tests_name("lang", tests, NULL, NULL);
}
