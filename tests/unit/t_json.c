/* json: the strict reader against JSONTestSuite, canonical form, writer. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

static int parse_depth(struct slice raw, unsigned depth, struct why *why)
{
    struct arena arena;
    struct json_value *root = NULL;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = json_parse(raw, depth, &arena, &root, why);
    assert_true((rc == SH_OK) == (root != NULL));
    arena_release(&arena);
    return rc;
}

/* The canonical form of text, or "!" when it has none. */
static void check_canonical(const char *text, const char *wanted)
{
    struct arena arena;
    struct json_value *root = NULL;
    struct bytes out;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, 4096);
    assert_int_equal(json_parse(slice_text(text), LIMIT_JSON_DEPTH, &arena, &root, NULL),
                     SH_OK);
    rc = json_canonical(root, &out, NULL);
    if (wanted[0] == '!') {
        assert_int_equal(rc, SH_EFORMAT);
    } else {
        assert_int_equal(rc, SH_OK);
        assert_int_equal(out.len, strlen(wanted));
        assert_memory_equal(out.ptr, wanted, out.len);
    }
    bytes_release(&out);
    arena_release(&arena);
}

static void canonical_form(void **state)
{
    (void)state;
    check_canonical(" { \"b\" : 1 , \"a\" : [ true , false ] } ",
                    "{\"a\":[true,false],\"b\":1}");
    check_canonical("[]", "[]");
    check_canonical("[{},[],\"\"]", "[{},[],\"\"]");
    check_canonical("{\"a\":{\"z\":{},\"y\":[[1],[2]]},\"\":9007199254740991}",
                    "{\"\":9007199254740991,\"a\":{\"y\":[[1],[2]],\"z\":{}}}");
    check_canonical("\"\\u0000\\u0008\\u0009\\n\\u000b\\f\\r\\u001f\\u007f\\/\\\"\\\\\\u20ac\"",
                    "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f/\\\"\\\\\xe2\x82\xac\"");
    /* The example of RFC 8785 3.2.3: order by UTF-16 code units. */
    check_canonical("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
                    "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
                    "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
                    "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
                    "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                    "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
                    "\"\xe2\x82\xac\":\"Euro Sign\","
                    "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
                    "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    check_canonical("[null]", "!");
    check_canonical("[9007199254740992]", "!");
    check_canonical("[-1]", "!");
    check_canonical("[-0]", "!");
    check_canonical("[1.0]", "!");
    check_canonical("[1e2]", "!");
}

static void refusals(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "[",
                                      "\"",
                                      "\"\\",
                                      "\"\\u12\"",
                                      "{\"a\"}",
                                      "{\"a\":1,}",
                                      "[1,]",
                                      "[1 2]",
                                      "01",
                                      "-",
                                      "1.",
                                      "1e",
                                      "tru",
                                      "nul",
                                      "\"\x01\"",
                                      "[1]]",
                                      "{\"a\":1,\"b\":2,\"a\":3}",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "\"\\ud800\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\udc00\"",
                                      "\"\\ud800x\"",
                                      "\"\\ud800\\n\"",
                                      "\xef\xbb\xbf{}",
                                      "\"\xff\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xc0\x80\"",
                                      "{1:2}",
                                      "[1\f]"};
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        why = (struct why){0};
        if (parse_depth(slice_text(bad[i]), 8, &why) != SH_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(why.code, SH_EFORMAT);
        assert_true(why.text[0] != '\0');
    }
}

static void limits(void **state)
{
    struct bytes many;

    (void)state;
    assert_int_equal(parse_depth(slice_text("[[1]]"), 2, NULL), SH_OK);
    assert_int_equal(parse_depth(slice_text("[[[]]]"), 2, NULL), SH_ELIMIT);
    assert_int_equal(parse_depth(slice_text("1"), 1, NULL), SH_OK);
    bytes_init(&many, SIZE_MAX);
    bytes_text(&many, "[1");
    for (size_t i = 2; i < LIMIT_JSON_VALUES; i++)
        bytes_text(&many, ",1");
    bytes_text(&many, "]");
    assert_int_equal(parse_depth(bytes_view(&many), 2, NULL), SH_OK);
    many.len--;
    bytes_text(&many, ",1]");
    assert_int_equal(parse_depth(bytes_view(&many), 2, NULL), SH_ELIMIT);
    bytes_release(&many);
}

static void every_prefix(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5e+3,\"x\\u00e9\\ud83d\\ude00\\n\",true,false,"
                               "null,{}],\"b\":{\"c\":[]}}";
    uint8_t *copy;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, text, len);
        assert_int_equal(parse_depth(slice_of(copy, len), 8, NULL), SH_EFORMAT);
        free(copy);
    }
    assert_int_equal(parse_depth(slice_text(text), 8, NULL), SH_OK);
}

/* Members come out sorted and duplicates are found, whatever the number and order. */
static void many_members(void **state)
{
    struct arena arena;
    struct json_value *root = NULL;
    const struct json_value *m;
    struct bytes text;
    size_t seen;

    (void)state;
    for (unsigned n = 1; n <= 300; n += 13) {
        bytes_init(&text, SIZE_MAX);
        bytes_text(&text, "{");
        for (unsigned i = 0; i < n; i++)
            bytes_printf(&text, "%s\"k%03u\":%u", i ? "," : "", (i * 7919u + 5u) % 1009u, i);
        bytes_text(&text, "}");
        arena_init(&arena, LIMIT_DOCUMENT_ARENA);
        assert_int_equal(json_parse(bytes_view(&text), 1, &arena, &root, NULL), SH_OK);
        seen = 1;
        for (m = root->first_by_name; m->next_by_name; m = m->next_by_name, seen++)
            assert_true(json_name_compare(m->name, m->next_by_name->name) < 0);
        assert_int_equal(seen, n);
        arena_release(&arena);
        text.len--;
        bytes_text(&text, ",\"k005\":0}");
        assert_int_equal(parse_depth(bytes_view(&text), 1, NULL), SH_EFORMAT);
        bytes_release(&text);
    }
}

typedef int (*reading)(struct slice raw, unsigned depth_max, struct arena *arena,
                       struct json_value **out, struct why *why);

/* What a file gives; no reading may leave a tree behind when it refuses. */
static int read_with(reading read, struct slice raw, struct why *why)
{
    struct arena arena;
    struct json_value *root = NULL;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = read(raw, LIMIT_JSON_DEPTH, &arena, &root, why);
    assert_true((rc == SH_OK) == (root != NULL));
    arena_release(&arena);
    return rc;
}

/* The grammar alone keeps both members; nothing canonical comes of them. */
static void names_that_repeat(void **state)
{
    struct arena arena;
    struct json_value *root = NULL;
    struct why why = {0};
    struct bytes out;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, 4096);
    assert_int_equal(
        json_read(slice_text("[{\"b\":1,\"a\":2,\"\\u0062\":3}]"), 2, &arena, &root, NULL),
        SH_OK);
    assert_int_equal(root->first->count, 3);
    assert_int_equal(json_canonical(root, &out, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "stood before"));
    assert_int_equal(parse_depth(slice_text("[{\"b\":1,\"\\u0062\":3}]"), 2, NULL), SH_EFORMAT);
    bytes_release(&out);
    arena_release(&arena);
}

static uint64_t noise = 1;

static uint64_t number(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return noise;
}

/*
 * Every change of one byte of a canonical text: refused, not canonical, or another value, whose
 * own canonical text is the changed one.  So one text has one meaning and one meaning one text.
 */
static void every_one_byte_change(void **state)
{
    static const char text[] = "{\"a\":[1,25,\"x\\\"\xc3\xa9\xf0\x9f\x98\x80\\n\",true,false],"
                               "\"b\":{\"c\":[0,9007199254740991]}}";
    uint8_t changed[sizeof text - 1];
    struct arena arena;
    size_t other = 0;

    (void)state;
    for (size_t at = 0; at < sizeof changed; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            struct json_value *root = NULL;
            struct bytes out;

            memcpy(changed, text, sizeof changed);
            changed[at] = (uint8_t)byte;
            arena_init(&arena, LIMIT_DOCUMENT_ARENA);
            bytes_init(&out, 4096);
            if (!json_parse(slice_of(changed, sizeof changed), 8, &arena, &root, NULL) &&
                !json_canonical(root, &out, NULL) && byte != (uint8_t)text[at] &&
                slice_equal(bytes_view(&out), slice_of(changed, sizeof changed)))
                other++;
            else if (byte != (uint8_t)text[at] &&
                     slice_equal(bytes_view(&out), slice_of(text, sizeof text - 1)))
                fail_msg("byte %u at %zu: another text, the same meaning", byte, at);
            bytes_release(&out);
            arena_release(&arena);
        }
    }
    assert_true(other > 500); /* letters of the strings, digits */
}

/* Random texts of JSON's own characters: never a crash, and json_parse takes no more. */
static void grammar_takes_all_that_is_parsed(void **state)
{
    static const char letters[] = "{}[]:,\"\\ \n0123.eE+-truefalsn\x80u";
    uint8_t text[24];
    size_t taken = 0;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        size_t len = number() % sizeof text;
        int grammar, strict;

        for (size_t i = 0; i < len; i++)
            text[i] = (uint8_t)letters[number() % (sizeof letters - 1)];
        grammar = read_with(json_read, slice_of(text, len), NULL);
        strict = read_with(json_parse, slice_of(text, len), NULL);
        if (strict == SH_OK && grammar != SH_OK)
            fail_msg("taken, but not by the grammar: %.*s", (int)len, (const char *)text);
        taken += strict == SH_OK;
    }
    assert_true(taken > 100);
}

static void walk_and_integers(void **state)
{
    struct arena arena;
    struct json_value *root = NULL;
    const struct json_value *value;
    uint64_t number = 0;
    size_t seen = 0;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    assert_int_equal(
        json_parse(slice_text("{\"a\":[1,[2,{}],3],\"b\":4}"), 5, &arena, &root, NULL), SH_OK);
    for (value = root; value; value = json_walk(root, value))
        seen++;
    assert_int_equal(seen, 8);
    assert_null(json_member(root, "c"));
    value = json_member(root, "b");
    assert_non_null(value);
    assert_true(json_integer(value, 4, &number));
    assert_int_equal(number, 4);
    assert_false(json_integer(value, 3, &number));
    assert_false(json_integer(root, 3, &number));
    arena_release(&arena);
}

static void writer_escapes_and_nests(void **state)
{
    struct bytes out;
    struct json_writer w;
    static const char wanted[] =
        "{\"version\":1,\"a\":[\"x\\\"\\\\\\n\xef\xbf\xbd\",[],{\"k\":true}],\"h\":\"00ff\"}";

    (void)state;
    bytes_init(&out, 4096);
    json_writer_init(&w, &out);
    json_object_open(&w, NULL);
    json_put_number(&w, "version", 1);
    json_array_open(&w, "a");
    json_put_text(&w, NULL, "x\"\\\n\xff");
    json_array_open(&w, NULL);
    json_array_close(&w);
    json_object_open(&w, NULL);
    json_put_bool(&w, "k", true);
    json_object_close(&w);
    json_array_close(&w);
    json_put_hex(&w, "h", slice_of("\x00\xff", 2));
    json_object_close(&w);
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    assert_int_equal(out.len, strlen(wanted));
    assert_memory_equal(out.ptr, wanted, out.len);
    bytes_release(&out);
}

struct suite_count {
    unsigned yes, no, either, repeated;
};

/*
 * One file of JSONTestSuite.  The grammar (json_read) takes every y_ file and no n_ file.
 * json_parse takes the same but the two y_ files in which a name stands twice: RFC 8259 4 says
 * SHOULD, RFC 7493 2.3 MUST, and the refusal names it.  What is left open (i_) is decided in
 * json.h: of these only numbers of any size are taken.
 */
static void check_suite_file(const char *folder, const char *name, struct suite_count *count)
{
    struct why why = {0};
    struct bytes raw;
    char path[2048];
    uint8_t *room;
    FILE *file;
    bool good = name[0] == 'y', repeated = strncmp(name, "y_object_duplicated_key", 23) == 0;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    bytes_init(&raw, 1u << 20);
    room = bytes_room(&raw, 1u << 18);
    assert_non_null(room);
    raw.len += fread(room, 1, 1u << 18, file);
    (void)fclose(file);
    if (name[0] == 'i')
        good = strncmp(name, "i_number_", 9) == 0;
    if ((read_with(json_read, bytes_view(&raw), NULL) == SH_OK) != good)
        fail_msg("%s: the grammar %s it", name, good ? "refuses" : "takes");
    rc = read_with(json_parse, bytes_view(&raw), &why);
    if ((rc == SH_OK) != (good && !repeated))
        fail_msg("%s: %s", name, rc == SH_OK ? "accepted" : why.text);
    assert_true(rc == SH_OK || why.text[0] != '\0');
    if (repeated)
        assert_non_null(strstr(why.text, "RFC 7493 2.3"));
    count->yes += name[0] == 'y';
    count->no += name[0] == 'n';
    count->either += name[0] == 'i';
    count->repeated += repeated;
    bytes_release(&raw);
}

static void json_test_suite(void **state)
{
    const char *shared = getenv("STILLHERE_SHARED");
    const char *source = getenv("STILLHERE_SOURCE");
    char folder[900];
    struct suite_count count = {0};
    struct dirent *item;
    DIR *dir;

    (void)state;
    (void)snprintf(folder, sizeof(folder), "%s%s/vectors/safety/JSONTestSuite/test_parsing",
                   shared   ? shared
                   : source ? source
                            : ".",
                   shared ? "" : "/../shared");
    dir = opendir(folder);
    if (!dir) {
        print_message("JSONTestSuite is not here\n");
        skip();
    }
    while ((item = readdir(dir)) != NULL) {
        if (item->d_name[0] != '.')
            check_suite_file(folder, item->d_name, &count);
    }
    (void)closedir(dir);
    print_message("# JSONTestSuite: %u y_ taken, %u n_ refused, %u i_ decided\n", count.yes,
                  count.no, count.either);
    assert_int_equal(count.yes, 95);
    assert_int_equal(count.no, 188);
    assert_int_equal(count.either, 35);
    assert_int_equal(count.repeated, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(canonical_form),
                                       cmocka_unit_test(refusals),
                                       cmocka_unit_test(limits),
                                       cmocka_unit_test(every_prefix),
                                       cmocka_unit_test(many_members),
                                       cmocka_unit_test(names_that_repeat),
                                       cmocka_unit_test(every_one_byte_change),
                                       cmocka_unit_test(grammar_takes_all_that_is_parsed),
                                       cmocka_unit_test(walk_and_integers),
                                       cmocka_unit_test(writer_escapes_and_nests),
                                       cmocka_unit_test(json_test_suite)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
