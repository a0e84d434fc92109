/* base: memory, cursor, text, encodings, civil time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void bytes_stop_at_their_maximum(void **state)
{
    struct bytes bytes;
    struct why why = {0};

    (void)state;
    bytes_init(&bytes, 4);
    bytes_text(&bytes, "abcd");
    assert_int_equal(bytes_check(&bytes, &why), SH_OK);
    bytes_u8(&bytes, 'e');
    assert_int_equal(bytes_check(&bytes, &why), SH_ELIMIT);
    assert_int_equal(bytes.len, 4);
    bytes_clear(&bytes);
    bytes_printf(&bytes, "%d", 1234);
    assert_int_equal(bytes_check(&bytes, NULL), SH_OK);
    assert_memory_equal(bytes.ptr, "1234", 4);
    bytes_release(&bytes);
    assert_null(bytes.ptr);
}

static void first_cause_wins(void **state)
{
    struct why why = {0};

    (void)state;
    assert_int_equal(why_set(&why, SH_EFORMAT, 7, "first"), SH_EFORMAT);
    assert_int_equal(why_set(&why, SH_EIO, 8, "second"), SH_EIO);
    assert_int_equal(why.code, SH_EFORMAT);
    assert_string_equal(why.text, "first");
    (void)why_name(&why, 0, "clip.mp4");
    assert_string_equal(why.text, "clip.mp4: first");
}

static void cursor_never_leaves(void **state)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct cursor cur = cursor_of(slice_of(data, sizeof(data)));

    (void)state;
    assert_int_equal(rd_u8(&cur), 1);
    assert_int_equal(rd_u24(&cur), 0x020304);
    assert_int_equal(rd_left(&cur), 5);
    assert_int_equal(rd_u64(&cur), 0);
    assert_true(cur.failed);
    assert_int_equal(rd_u8(&cur), 0);
    assert_int_equal(rd_bytes(&cur, 1).len, 0);
    cur = cursor_of(slice_text("a\nb"));
    assert_int_equal(rd_line(&cur).len, 1);
    assert_int_equal(rd_line(&cur).len, 0);
    assert_true(cur.failed);
}

static void text_rules(void **state)
{
    static const char *const refused[] = {
        "",
        "a\x01",
        "a\x7f",
        "a\xc2\x85",
        "\xe2\x80\xae"
        "abc",
        "\xe2\x81\xa6x",
        "\xc0\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xef\xbf\xbe",
        "\xef\xbb\xbf"
        "bom",
        "\xe2\x80\xa8",
        "cut \xe4\xb8",
        "\xff",
        "a\nb",
        "tab\t",
        "\xef\xb7\x90",
        "\xf0\x9f\xbf\xbf",
    };
    static const char *const allowed[] = {"a", "\xe6\x95\x96\xe5\xbe\xb7\xe8\x90\xa8",
                                          "\xd0\x9e\xd0\xb4\xd0\xb5\xd1\x81\xd0\xb0",
                                          "\xf0\x9f\x8c\xbb"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_true(text_check(slice_text(refused[i]), TEXT_LINE, 100, "words", NULL) < 0);
    for (size_t i = 0; i < COUNT_OF(allowed); i++)
        assert_int_equal(text_check(slice_text(allowed[i]), TEXT_LINE, 100, "words", NULL), 0);
    assert_int_equal(text_check(slice_text("a\nb"), TEXT_NEWLINES, 3, "words", NULL), 0);
    assert_int_equal(text_check(slice_text("a\nb"), TEXT_NEWLINES, 2, "words", NULL),
                     SH_ELIMIT);
}

static void encodings_have_one_form(void **state)
{
    static const char *const bad64[] = {
        "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zm9v=", "Zm 9", "Zg==Zg=="};
    struct bytes out, text;
    uint8_t raw[64];
    char hex[129];

    (void)state;
    bytes_init(&out, 1000);
    bytes_init(&text, 1000);
    for (size_t len = 0; len <= sizeof(raw); len++) {
        for (size_t i = 0; i < len; i++)
            raw[i] = (uint8_t)(i * 37 + len);
        bytes_clear(&text);
        bytes_clear(&out);
        base64_build(&text, slice_of(raw, len), BASE64_PADDED);
        assert_true(base64_parse(&out, bytes_view(&text), BASE64_PADDED));
        assert_true(slice_equal(bytes_view(&out), slice_of(raw, len)));
        bytes_clear(&text);
        bytes_clear(&out);
        base32_build(&text, slice_of(raw, len));
        assert_true(base32_parse(&out, bytes_view(&text)));
        assert_true(slice_equal(bytes_view(&out), slice_of(raw, len)));
        hex_build(slice_of(raw, len), hex);
        assert_true(hex_parse(slice_text(hex), raw, len));
    }
    for (size_t i = 0; i < COUNT_OF(bad64); i++) {
        bytes_clear(&out);
        assert_false(base64_parse(&out, slice_text(bad64[i]), BASE64_PADDED));
    }
    assert_false(hex_parse(slice_text("AB"), raw, 1));
    bytes_release(&out);
    bytes_release(&text);
}

static void decimals_are_canonical(void **state)
{
    static const char *const bad[] = {
        "",   "01", "+1", "-1", " 1", "1 ", "18446744073709551616", "99999999999999999999",
        "1e3"};
    uint64_t value = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(decimal_parse(slice_text(bad[i]), UINT64_MAX, &value));
    assert_true(decimal_parse(slice_text("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_true(decimal_parse(slice_text("0"), 0, &value));
    assert_false(decimal_parse(slice_text("11"), 10, &value));
}

static void civil_time(void **state)
{
    char text[WHEN_TEXT_BYTES];
    struct when when;

    (void)state;
    when_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    when_text(951782400, text);
    assert_string_equal(text, "2000-02-29T00:00:00Z");
    when_text(1795529100, text);
    assert_string_equal(text, "2026-11-24T14:05:00Z");
    when = when_of(1795529100);
    assert_int_equal(when.weekday, 2);
    when_text(UINT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stop_at_their_maximum),
        cmocka_unit_test(first_cause_wins),
        cmocka_unit_test(cursor_never_leaves),
        cmocka_unit_test(text_rules),
        cmocka_unit_test(encodings_have_one_form),
        cmocka_unit_test(decimals_are_canonical),
        cmocka_unit_test(civil_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
