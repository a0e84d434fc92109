/* cbor: RFC 8949 appendix A and F, what is refused and where, the writer, prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cbor/cbor.h"
#include "json/json.h"

static struct slice unhex(const char *hex, uint8_t *room)
{
    size_t len = strlen(hex) / 2;

    assert_true(hex_parse(slice_text(hex), room, len));
    return slice_of(room, len);
}

static int parse(struct slice raw, unsigned depth, struct why *why)
{
    struct arena arena;
    struct cbor_value *root = NULL;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = cbor_parse(raw, depth, &arena, &root, why);
    assert_true((rc == SH_OK) == (root != NULL));
    arena_release(&arena);
    return rc;
}

/* The tree in the diagnostic notation of RFC 8949 8, without floats. */
static void say(const struct cbor_value *value, struct bytes *out)
{
    char hex[256];

    switch (value->type) {
    case CBOR_UNSIGNED:
        bytes_printf(out, "%llu", (unsigned long long)value->number);
        break;
    case CBOR_NEGATIVE:
        bytes_printf(out, "-%llu", (unsigned long long)value->number + 1);
        break;
    case CBOR_BYTES:
        hex_build(value->string, hex);
        bytes_printf(out, "h'%s'", hex);
        break;
    case CBOR_TEXT:
        bytes_u8(out, '"');
        bytes_slice(out, value->string);
        bytes_u8(out, '"');
        break;
    case CBOR_SIMPLE:
        bytes_printf(out, "simple(%llu)", (unsigned long long)value->number);
        break;
    case CBOR_FLOAT:
        bytes_printf(out, "float(%llx)", (unsigned long long)value->number);
        break;
    case CBOR_TAG:
        bytes_printf(out, "%llu(", (unsigned long long)value->number);
        break;
    default:
        bytes_text(out, value->type == CBOR_ARRAY   ? "["
                        : value->type == CBOR_MAP   ? "{"
                        : value->type == CBOR_FALSE ? "false"
                        : value->type == CBOR_TRUE  ? "true"
                        : value->type == CBOR_NULL  ? "null"
                                                    : "undefined");
    }
}

/* Children one after another; the closing sign when the last was told. */
static void say_tree(const struct cbor_value *root, struct bytes *out)
{
    const struct cbor_value *value = root;
    size_t at = 0;

    while (value) {
        say(value, out);
        if (value->first) {
            value = value->first;
            continue;
        }
        for (bool up = true; up && value;) {
            bool holds = value->type == CBOR_ARRAY || value->type == CBOR_MAP;

            if (holds || value->type == CBOR_TAG)
                bytes_u8(out, value->type == CBOR_TAG   ? ')'
                              : value->type == CBOR_MAP ? '}'
                                                        : ']');
            if (value == root) {
                value = NULL;
            } else if (value->next) {
                at = 0;
                for (const struct cbor_value *c = value->parent->first; c != value; c = c->next)
                    at++;
                bytes_text(out, value->parent->type == CBOR_MAP && at % 2 == 0 ? ": " : ", ");
                value = value->next;
                up = false;
            } else {
                value = value->parent;
            }
        }
    }
}

static void check_notation(const char *hex, const char *wanted, bool deterministic)
{
    uint8_t room[256];
    struct slice raw = unhex(hex, room);
    struct cbor_value *root = NULL;
    struct why why = {0};
    struct arena arena;
    struct bytes out;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, 4096);
    assert_int_equal(cbor_parse(raw, LIMIT_CBOR_DEPTH, &arena, &root, &why), SH_OK);
    assert_true(slice_equal(root->raw, raw));
    say_tree(root, &out);
    bytes_u8(&out, 0);
    assert_string_equal((const char *)out.ptr, wanted);
    assert_true(cbor_is_deterministic(root) == deterministic);
    bytes_release(&out);
    arena_release(&arena);
}

static void items_are_read(void **state)
{
    (void)state;
    check_notation("00", "0", true);
    check_notation("1818", "24", true);
    check_notation("1817", "23", false);
    check_notation("1903e8", "1000", true);
    check_notation("1900ff", "255", false);
    check_notation("1a000f4240", "1000000", true);
    check_notation("1a0000ffff", "65535", false);
    check_notation("1bffffffffffffffff", "18446744073709551615", true);
    check_notation("1b00000000ffffffff", "4294967295", false);
    check_notation("3903e7", "-1000", true);
    check_notation("26", "-7", true);
    check_notation("4401020304", "h'01020304'", true);
    check_notation("5f42010243030405ff", "h'0102030405'", false);
    check_notation("7f657374726561646d696e67ff", "\"streaming\"", false);
    check_notation("5fff", "h''", false);
    check_notation("6161", "\"a\"", true);
    check_notation("62c3bc", "\"\xc3\xbc\"", true);
    check_notation("80", "[]", true);
    check_notation("8301820203820405", "[1, [2, 3], [4, 5]]", true);
    check_notation("9f018202039f0405ffff", "[1, [2, 3], [4, 5]]", false);
    check_notation("a0", "{}", true);
    check_notation("a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}", true);
    check_notation("a26162820203616101", "{\"b\": [2, 3], \"a\": 1}", false);
    check_notation("bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}", false);
    check_notation("d28443a10126a0f640", "18([h'a10126', {}, null, h''])", true);
    check_notation("c074323031332d30332d32315432303a30343a30305a",
                   "0(\"2013-03-21T20:04:00Z\")", true);
    check_notation("f4", "false", true);
    check_notation("f7", "undefined", true);
    check_notation("f0", "simple(16)", true);
    check_notation("f8ff", "simple(255)", true);
    check_notation("f93c00", "float(3c00)", true);
}

static void check_refused(const char *hex, int code, size_t offset, const char *clause)
{
    uint8_t room[256];
    struct why why = {0};

    assert_int_equal(parse(unhex(hex, room), 4, &why), code);
    assert_true(why.offset == offset);
    if (!strstr(why.text, clause))
        fail_msg("%s: \"%s\" does not name %s", hex, why.text, clause);
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    check_refused("", SH_EFORMAT, 0, "in the midst");
    check_refused("18", SH_EFORMAT, 1, "in the midst");
    check_refused("1c", SH_EFORMAT, 0, "reserved length");
    check_refused("fe", SH_EFORMAT, 0, "reserved length");
    check_refused("1f", SH_EFORMAT, 0, "3.2");
    check_refused("3f", SH_EFORMAT, 0, "3.2");
    check_refused("df00", SH_EFORMAT, 0, "3.2");
    check_refused("ff", SH_EFORMAT, 0, "3.2.1");
    check_refused("81ff", SH_EFORMAT, 1, "3.2.1");
    check_refused("bf6161ff", SH_EFORMAT, 3, "3.2.2");
    check_refused("f801", SH_EFORMAT, 0, "3.3");
    check_refused("f818", SH_EFORMAT, 0, "3.3");
    check_refused("5f4101615fff", SH_EFORMAT, 3, "3.2.3");
    check_refused("5f5f4101ffff", SH_EFORMAT, 1, "3.2.3");
    check_refused("5f01ff", SH_EFORMAT, 1, "3.2.3");
    check_refused("4401", SH_EFORMAT, 2, "in the midst");
    check_refused("5bffffffffffffffff01", SH_EFORMAT, 10, "in the midst");
    check_refused("9bffffffffffffffff", SH_EFORMAT, 9, "in the midst");
    check_refused("bbffffffffffffffff00", SH_EFORMAT, 10, "in the midst");
    check_refused("8201", SH_EFORMAT, 2, "in the midst");
    check_refused("61ff", SH_EFORMAT, 0, "UTF-8");
    check_refused("7f61c361bcff61", SH_EFORMAT, 6, "behind the item");
    check_refused("0000", SH_EFORMAT, 1, "behind the item");
    check_refused("a2616101616102", SH_EFORMAT, 4, "stands twice");
    check_refused("a261610178016102", SH_EFORMAT, 4, "stands twice");
    check_refused("a1820102f5", SH_EUNSUPPORTED, 1, "no number, text or bytes");
    check_refused("a1c100f5", SH_EUNSUPPORTED, 1, "no number, text or bytes");
    check_refused("818181818100", SH_ELIMIT, 4, "nested deeper than 4");
    check_refused("c1c1c1c1c100", SH_ELIMIT, 4, "nested deeper than 4");
}

static void members_are_found(void **state)
{
    uint8_t room[64];
    struct arena arena;
    struct cbor_value *root;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    /* {1: -7, 33: h'aa', -1: 5, "alg": "sha256", "pad": null} and three bytes of padding */
    assert_int_equal(cbor_parse_first(unhex("a501261821"
                                            "41aa"
                                            "2005"
                                            "63616c6766736861323536"
                                            "63706164f6000000",
                                            room),
                                      4, &arena, &root, NULL),
                     SH_OK);
    assert_int_equal(root->raw.len, 25);
    assert_int_equal(cbor_member_of(root, 1)->number, 6);
    assert_int_equal(cbor_member_of(root, 33)->string.len, 1);
    assert_int_equal(cbor_member_of(root, -1)->number, 5);
    assert_null(cbor_member_of(root, 0));
    assert_null(cbor_member_of(root, -7));
    assert_true(slice_equal(cbor_member(root, "alg")->string, slice_text("sha256")));
    assert_null(cbor_member(root, "pad"));
    assert_null(cbor_member(root, "al"));
    assert_null(cbor_member(root->first, "alg"));
    assert_null(cbor_member(NULL, "alg"));
    arena_release(&arena);
}

static void what_is_written_is_deterministic(void **state)
{
    static const uint64_t numbers[] = {0,     23,    24,         255,         256,
                                       65535, 65536, UINT32_MAX, 0x100000000, UINT64_MAX};
    struct cbor_value *root;
    struct arena arena;
    struct bytes out;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, 4096);
    cbor_put_array(&out, COUNT_OF(numbers) + 9);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        cbor_put_unsigned(&out, numbers[i]);
    cbor_put_integer(&out, -1);
    cbor_put_integer(&out, INT64_MIN);
    cbor_put_integer(&out, INT64_MAX);
    cbor_put_bool(&out, true);
    cbor_put_bool(&out, false);
    cbor_put_null(&out);
    cbor_put_tag(&out, 18);
    cbor_put_bytes(&out, slice_text("abc"));
    cbor_put_map(&out, 1);
    cbor_put_text(&out, "a");
    cbor_put_slice(&out, slice_text("b"));
    cbor_put_bytes_head(&out, 2);
    bytes_text(&out, "xy");
    assert_int_equal(cbor_parse(bytes_view(&out), 4, &arena, &root, NULL), SH_OK);
    assert_true(cbor_is_deterministic(root));
    root = root->first;
    for (size_t i = 0; i < COUNT_OF(numbers); i++, root = root->next)
        assert_true(root->type == CBOR_UNSIGNED && root->number == numbers[i]);
    assert_true(root->type == CBOR_NEGATIVE && root->number == 0);
    assert_true(root->next->type == CBOR_NEGATIVE && root->next->number == INT64_MAX);
    assert_true(root->next->next->number == INT64_MAX);
    bytes_release(&out);
    arena_release(&arena);
}

static void limits_hold(void **state)
{
    struct bytes out;

    (void)state;
    bytes_init(&out, 4 << 20);
    cbor_put_map(&out, LIMIT_CBOR_NAMES);
    for (unsigned i = 0; i < LIMIT_CBOR_NAMES; i++) {
        cbor_put_unsigned(&out, i);
        cbor_put_null(&out);
    }
    assert_int_equal(parse(bytes_view(&out), 1, NULL), SH_OK);
    bytes_clear(&out);
    cbor_put_map(&out, LIMIT_CBOR_NAMES + 1);
    for (unsigned i = 0; i <= LIMIT_CBOR_NAMES; i++) {
        cbor_put_unsigned(&out, i);
        cbor_put_null(&out);
    }
    assert_int_equal(parse(bytes_view(&out), 1, NULL), SH_ELIMIT);
    bytes_clear(&out);
    cbor_put_array(&out, LIMIT_CBOR_VALUES - 1);
    for (unsigned i = 0; i < LIMIT_CBOR_VALUES - 1; i++)
        cbor_put_null(&out);
    /* Values of that number need more than an arena of documents: ENOMEM there. */
    assert_int_equal(parse(bytes_view(&out), 1, NULL), SH_ENOMEM);
    bytes_release(&out);
}

static void every_prefix_is_refused(void **state)
{
    uint8_t room[64];
    struct slice raw = unhex("d28543a10126a1617861795f42010243030405ff9f01ff40", room);

    (void)state;
    for (size_t len = 0; len < raw.len; len++)
        assert_int_equal(parse(slice_sub(raw, 0, len), 8, NULL), SH_EFORMAT);
}

/* The test vectors of RFC 8949's authors: each "hex" is read; "roundtrip": shortest form. */
static void appendix_a(void **state)
{
    const char *shared = getenv("STILLHERE_SHARED");
    char path[4096];
    static uint8_t text[1 << 16], room[256];
    struct json_value *root;
    struct why why = {0};
    struct arena arena;
    FILE *file;
    size_t len, seen = 0;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/vectors/safety/cbor/appendix_a.json",
                   shared ? shared : ".");
    file = fopen(path, "rbe");
    if (!file)
        skip();
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    arena_init(&arena, 64 << 20);
    assert_int_equal(json_read(slice_of(text, len), 8, &arena, &root, NULL), SH_OK);
    for (const struct json_value *row = root->first; row; row = row->next) {
        struct slice hex = json_member(row, "hex")->text;
        struct slice raw = slice_of(room, hex.len / 2);
        struct cbor_value *value;
        enum json_type round = json_member(row, "roundtrip")->type;

        seen++;
        assert_true(hex_parse(hex, room, hex.len / 2));
        if (slice_equal(hex, slice_text("f818"))) /* of RFC 7049; RFC 8949 3.3 took it away */
            continue;
        if (cbor_parse(raw, LIMIT_CBOR_DEPTH, &arena, &value, &why) != SH_OK)
            fail_msg("%.*s: %s", (int)hex.len, (const char *)hex.ptr, why.text);
        if (round == JSON_TRUE && !cbor_is_deterministic(value))
            fail_msg("%.*s is the shortest form", (int)hex.len, (const char *)hex.ptr);
    }
    assert_int_equal(seen, 82);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_read),    cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(members_are_found), cmocka_unit_test(what_is_written_is_deterministic),
        cmocka_unit_test(limits_hold),       cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(appendix_a),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
