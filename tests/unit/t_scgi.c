/* scgi: what nginx sends is read, every part of it waits for the rest, nothing else passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scgi/scgi.h"

/* As nginx 1.22 sends a form: CONTENT_LENGTH first, then what the configuration names. */
#define PAIRS                                                                                  \
    "CONTENT_LENGTH\0"                                                                         \
    "6\0"                                                                                      \
    "SCGI\0"                                                                                   \
    "1\0"                                                                                      \
    "REQUEST_METHOD\0"                                                                         \
    "POST\0"                                                                                   \
    "DOCUMENT_URI\0"                                                                           \
    "/ack/aaaaaaaaaaaaaaaaaaaaaaaaaa\0"                                                        \
    "HTTP_ORIGIN\0"                                                                            \
    "\0"                                                                                       \
    "HTTP_CONTENT_LENGTH\0"                                                                    \
    "6\0"

static struct slice wrap(struct bytes *out, const char *pairs, size_t len, const char *rest)
{
    bytes_init(out, 1 << 20);
    bytes_printf(out, "%zu:", len);
    bytes_append(out, pairs, len);
    bytes_text(out, rest);
    assert_int_equal(bytes_check(out, NULL), SH_OK);
    return bytes_view(out);
}

static void what_nginx_sends(void **state)
{
    struct scgi_request request;
    struct bytes text;
    struct slice input = wrap(&text, PAIRS, sizeof(PAIRS) - 1, ",seen=1"), value;
    uint64_t len;

    (void)state;
    assert_int_equal(scgi_parse(input, &request, NULL), SH_OK);
    assert_int_equal(request.count, 6);
    assert_int_equal(request.said, 6);
    assert_int_equal(request.head_bytes, input.len - 6);
    assert_true(scgi_get(&request, "REQUEST_METHOD", &value));
    assert_true(slice_equal(value, slice_text("POST")));
    assert_true(scgi_get(&request, "SCGI", &value));
    assert_false(scgi_get(&request, "HTTP_ORIGIN", &value)); /* Empty. */
    assert_false(scgi_get(&request, "POST", &value));        /* A value is no name. */
    assert_false(scgi_get(&request, "REQUEST_METHO", &value));
    assert_int_equal(scgi_body(&request, 6, &len, NULL), SH_OK);
    assert_int_equal(len, 6);
    assert_int_equal(scgi_body(&request, 5, &len, NULL), SH_ELIMIT);
    bytes_release(&text);
}

static void every_beginning_waits(void **state)
{
    struct scgi_request request = {.count = 77};
    struct bytes text;
    struct slice input = wrap(&text, PAIRS, sizeof(PAIRS) - 1, ",");

    (void)state;
    for (size_t len = 0; len < input.len; len++)
        assert_int_equal(scgi_parse(slice_sub(input, 0, len), &request, NULL), SCGI_MORE);
    assert_int_equal(request.count, 77);
    assert_int_equal(scgi_parse(input, &request, NULL), SH_OK);
    bytes_release(&text);
}

static void example(void **state)
{
    static const char TEXT[] = "59:CONTENT_LENGTH\0"
                               "0\0SCGI\0"
                               "1\0REQUEST_METHOD\0GET\0DOCUMENT_URI\0/a\0,";
    struct scgi_request request;
    uint64_t len = 9;

    (void)state;
    assert_int_equal(scgi_parse(slice_of(TEXT, sizeof(TEXT) - 1), &request, NULL), SH_OK);
    assert_int_equal(scgi_body(&request, 0, &len, NULL), SH_OK);
    assert_int_equal(len, 0);
}

static void refused(const char *text, size_t len, int expected)
{
    struct scgi_request request;
    struct why why = {0};
    int rc = scgi_parse(slice_of(text, len), &request, &why);

    if (rc != expected)
        fail_msg("\"%.40s\" gives %d, expected %d (%s)", text, rc, expected, why.text);
    assert_true(why.text[0] != '\0');
}

static void lengths(void **state)
{
    (void)state;
#define LENGTH(text, expected) refused(text, sizeof(text) - 1, expected)
    LENGTH(":", SH_EFORMAT);
    LENGTH("a", SH_EFORMAT);
    LENGTH("-1:", SH_EFORMAT);
    LENGTH("+1:", SH_EFORMAT);
    LENGTH(" 1:", SH_EFORMAT);
    LENGTH("01", SH_EFORMAT);
    LENGTH("00:,", SH_EFORMAT);
    LENGTH("12;", SH_EFORMAT);
    LENGTH("123456", SH_EFORMAT);
    LENGTH("99999999999999999999:", SH_EFORMAT);
    LENGTH("49153:", SH_ELIMIT);
    LENGTH("99999:", SH_ELIMIT);
    LENGTH("0:,", SH_EFORMAT); /* SCGI = 1 is missing. */
    LENGTH("1:a;", SH_EFORMAT);
#undef LENGTH
}

static void head(const char *pairs, size_t len, int expected)
{
    struct scgi_request request;
    struct why why = {0};
    struct bytes text;
    int rc = scgi_parse(wrap(&text, pairs, len, ","), &request, &why);

    if (rc != expected)
        fail_msg("\"%.40s\" gives %d, expected %d (%s)", pairs, rc, expected, why.text);
    bytes_release(&text);
}

#define CL "CONTENT_LENGTH\0"
#define ONE "SCGI\0001\0"
static void heads(void **state)
{
    (void)state;
#define HEAD(text, expected) head(text, sizeof(text) - 1, expected)
    HEAD(CL "0\0" ONE, SH_OK);
    HEAD(CL "0\0" ONE "A\0\0", SH_OK);
    HEAD(CL "18446744073709551615\0" ONE, SH_OK);
    HEAD(CL "18446744073709551616\0" ONE, SH_EFORMAT);
    HEAD(CL "\0" ONE, SH_EFORMAT);
    HEAD(CL "00\0" ONE, SH_EFORMAT);
    HEAD(CL "-1\0" ONE, SH_EFORMAT);
    HEAD(CL "0x1\0" ONE, SH_EFORMAT);
    HEAD(ONE CL "0\0", SH_EFORMAT); /* Not the first. */
    HEAD("content_length\0"
         "0\0" ONE,
         SH_EFORMAT);
    HEAD(CL "0\0", SH_EFORMAT); /* No SCGI. */
    HEAD(CL "0\0SCGI\0"
            "2\0",
         SH_EFORMAT);
    HEAD(CL "0\0SCGI\0"
            "\0",
         SH_EFORMAT);
    HEAD(CL "0\0" ONE ONE, SH_EFORMAT);      /* Twice. */
    HEAD(CL "0\0" ONE CL "1\0", SH_EFORMAT); /* Twice, the smuggler's way. */
    HEAD(CL "0\0" ONE "A\0b\0A\0c\0", SH_EFORMAT);
    HEAD(CL "0\0" ONE "\0b\0", SH_EFORMAT); /* No name. */
    HEAD(CL "0\0" ONE "A B\0c\0", SH_EFORMAT);
    HEAD(CL "0\0" ONE "A\n\0c\0", SH_EFORMAT);
    HEAD(CL "0\0" ONE "\xd0\x90\0c\0", SH_EFORMAT);
    HEAD(CL "0\0" ONE "A\0b", SH_EFORMAT); /* Cut off. */
    HEAD(CL "0\0" ONE "A\0", SH_EFORMAT);
    HEAD(CL "0\0" ONE "A", SH_EFORMAT);
    HEAD(CL "0\0" ONE "A\0b\0\0", SH_EFORMAT);
#undef HEAD
}

static void limits(void **state)
{
    struct bytes pairs;
    size_t first;

    (void)state;
    bytes_init(&pairs, 1 << 20);
    bytes_append(&pairs, CL "0\0" ONE, sizeof(CL "0\0" ONE) - 1);
    for (int i = 2; i < LIMIT_SCGI_PAIRS; i++) {
        bytes_printf(&pairs, "N%d", i);
        bytes_append(&pairs, "\0v", 3);
    }
    head((const char *)pairs.ptr, pairs.len, SH_OK);
    bytes_append(&pairs, "LAST\0v", 7);
    head((const char *)pairs.ptr, pairs.len, SH_ELIMIT);

    bytes_clear(&pairs);
    bytes_append(&pairs, CL "0\0" ONE "A", sizeof(CL "0\0" ONE "A"));
    first = pairs.len;
    while (pairs.len < LIMIT_SCGI_BYTES - 1)
        bytes_u8(&pairs, 'v');
    bytes_u8(&pairs, 0);
    assert_true(first < pairs.len);
    head((const char *)pairs.ptr, pairs.len, SH_OK);
    pairs.ptr[pairs.len - 1] = 'v';
    bytes_u8(&pairs, 0);
    head((const char *)pairs.ptr, pairs.len, SH_ELIMIT);
    bytes_release(&pairs);
}

static void body(const char *pairs, size_t len, uint64_t max, int expected)
{
    struct scgi_request request;
    struct bytes text;
    uint64_t got = 12345;
    int rc;

    assert_int_equal(scgi_parse(wrap(&text, pairs, len, ","), &request, NULL), SH_OK);
    rc = scgi_body(&request, max, &got, NULL);
    assert_int_equal(rc, expected);
    if (rc != SH_OK)
        assert_int_equal(got, 12345);
    bytes_release(&text);
}

static void bodies(void **state)
{
    (void)state;
#define BODY(text, max, expected) body(text, sizeof(text) - 1, max, expected)
    BODY(CL "0\0" ONE, 0, SH_OK);
    BODY(CL "4\0" ONE, 10, SH_ENOTFOUND); /* 411 */
    BODY(CL "0\0" ONE "HTTP_CONTENT_LENGTH\0"
            "10\0",
         10, SH_OK);
    BODY(CL "10\0" ONE "HTTP_CONTENT_LENGTH\0"
            "10\0",
         10, SH_OK);
    BODY(CL "0\0" ONE "HTTP_CONTENT_LENGTH\0"
            "11\0",
         10, SH_ELIMIT);
    BODY(CL "5\0" ONE "HTTP_CONTENT_LENGTH\0"
            "4\0",
         10, SH_EFORMAT);
    BODY(CL "0\0" ONE "HTTP_CONTENT_LENGTH\0"
            "4, 4\0",
         10, SH_EFORMAT);
    BODY(CL "0\0" ONE "HTTP_CONTENT_LENGTH\0"
            " 4\0",
         10, SH_EFORMAT);
    BODY(CL "0\0" ONE "HTTP_CONTENT_LENGTH\0"
            "99999999999999999999\0",
         10, SH_EFORMAT);
#undef BODY
}

static void answers(void **state)
{
    struct scgi_field fields[] = {{"Content-Type", "text/plain"}, {"Location", "abc"}};
    struct scgi_answer answer = {
        .status = 303, .fields = fields, .count = 2, .body = slice_text("hello")};
    struct bytes out;

    (void)state;
    bytes_init(&out, 1000);
    assert_int_equal(scgi_answer_build(&answer, &out, NULL), SH_OK);
    assert_true(slice_equal(bytes_view(&out),
                            slice_text("Status: 303 See Other\r\nContent-Type: text/plain\r\n"
                                       "Location: abc\r\nContent-Length: 5\r\n\r\nhello")));
    bytes_clear(&out);
    fields[1].value = "abc\r\nSet-Cookie: x=1";
    assert_int_equal(scgi_answer_build(&answer, &out, NULL), SH_EARG);
    assert_int_equal(out.len, 0);
    fields[1].value = "abc";
    bytes_release(&out);
    bytes_init(&out, 20);
    assert_int_equal(scgi_answer_build(&answer, &out, NULL), SH_ELIMIT);
    bytes_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nginx_sends),
        cmocka_unit_test(every_beginning_waits),
        cmocka_unit_test(example),
        cmocka_unit_test(lengths),
        cmocka_unit_test(heads),
        cmocka_unit_test(limits),
        cmocka_unit_test(bodies),
        cmocka_unit_test(answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
