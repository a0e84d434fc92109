/* jumbf: the tree of a good box, every length field at its edges, depth, labels, prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jumbf/jumbf.h"

#define CBOR JUMBF_TYPE('c', 'b', 'o', 'r')

/* ---- making boxes ---- */

static size_t begin(struct bytes *out, const char *type)
{
    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return out->len - 8;
}

static void end(struct bytes *out, size_t at)
{
    size_t len = out->len - at;

    for (size_t i = 0; i < 4; i++)
        out->ptr[at + i] = (uint8_t)(len >> (24 - 8 * i));
}

static void describe(struct bytes *out, const char *type, const char *label)
{
    static const uint8_t tail[] = {0, 0x11, 0, 0x10, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    size_t at = begin(out, "jumd");

    bytes_append(out, type, 4);
    bytes_append(out, tail, sizeof(tail));
    bytes_u8(out, 3);
    bytes_append(out, label, strlen(label) + 1);
    end(out, at);
}

static size_t open_super(struct bytes *out, const char *type, const char *label)
{
    size_t at = begin(out, "jumb");

    describe(out, type, label);
    return at;
}

static void put_content(struct bytes *out, const char *type, const char *content)
{
    size_t at = begin(out, type);

    bytes_text(out, content);
    end(out, at);
}

/* c2pa { a { cbor, free }, b { json }, a { } } */
static void build_good(struct bytes *out)
{
    size_t root = open_super(out, "c2pa", "c2pa");
    size_t inner = open_super(out, "c2ma", "a");

    put_content(out, "cbor", "\xf6");
    put_content(out, "free", "");
    end(out, inner);
    inner = open_super(out, "c2as", "b");
    put_content(out, "json", "{}");
    end(out, inner);
    inner = open_super(out, "c2ma", "a");
    end(out, inner);
    end(out, root);
}

static int parse(struct slice raw, struct why *why)
{
    struct jumbf_box *root = NULL;
    struct arena arena;
    int rc;

    arena_init(&arena, 16u << 20);
    rc = jumbf_parse(raw, &arena, &root, why);
    assert_true((rc == SH_OK) == (root != NULL));
    arena_release(&arena);
    return rc;
}

/* ---- tests ---- */

static void good(void **state)
{
    struct jumbf_box *root = NULL;
    struct bytes raw;
    struct arena arena;
    size_t found;
    size_t boxes = 0;

    (void)state;
    bytes_init(&raw, 4096);
    arena_init(&arena, 1 << 20);
    build_good(&raw);
    bytes_append(&raw, "\0\0\0", 3); /* padding */
    assert_int_equal(jumbf_parse(bytes_view(&raw), &arena, &root, NULL), SH_OK);
    assert_true(jumbf_is(root, JUMBF_TYPE('c', '2', 'p', 'a')));
    assert_false(jumbf_is(root, JUMBF_TYPE('c', '2', 'm', 'a')));
    assert_int_equal(root->raw.len, raw.len - 3);
    assert_ptr_equal(root->payload.ptr, raw.ptr + 8);
    assert_int_equal(root->payload.len, root->raw.len - 8);
    assert_int_equal(root->count, 3);
    assert_int_equal(root->toggles, 3);
    assert_null(jumbf_child(root, slice_text("a"), &found));
    assert_int_equal(found, 2);
    assert_null(jumbf_child(root, slice_text("c"), &found));
    assert_int_equal(found, 0);
    assert_non_null(jumbf_child(root, slice_text("b"), NULL));
    assert_int_equal(root->first->first->type, CBOR);
    assert_true(slice_equal(root->first->first->payload, slice_text("\xf6")));
    assert_int_equal(root->first->first->next->payload.len, 0);
    for (const struct jumbf_box *box = root; box; box = jumbf_walk(root, box))
        boxes++;
    assert_int_equal(boxes, 7);
    arena_release(&arena);
    bytes_release(&raw);
}

static void prefixes(void **state)
{
    struct bytes raw;

    (void)state;
    bytes_init(&raw, 4096);
    build_good(&raw);
    for (size_t len = 0; len < raw.len; len++) {
        uint8_t *copy = malloc(len + 1); /* so that the sanitizer sees a byte too far */
        struct why why = {0};

        assert_non_null(copy);
        memcpy(copy, raw.ptr, len);
        assert_int_equal(parse(slice_of(copy, len), &why), SH_EFORMAT);
        assert_true(why.text[0] && why.offset <= len);
        free(copy);
    }
    bytes_u8(&raw, 1);
    assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT); /* no zero behind it */
    bytes_release(&raw);
}

/* Each length field at 0, 1, one less, one more, the most: refused; as it is: taken. */
static void lengths(void **state)
{
    struct bytes raw;
    unsigned fields = 0;

    (void)state;
    bytes_init(&raw, 4096);
    build_good(&raw);
    for (size_t at = 0; at + 8 <= raw.len; at++) {
        static const char *const types[] = {"jumb", "jumd", "cbor", "json", "free"};
        uint32_t now = (uint32_t)raw.ptr[at + 2] << 8 | raw.ptr[at + 3];
        const uint32_t tries[] = {0,          1,          7,          now - 1,   now + 1,
                                  0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
        bool is_field = false;

        for (size_t i = 0; i < COUNT_OF(types); i++)
            is_field = is_field || memcmp(raw.ptr + at + 4, types[i], 4) == 0;
        if (!is_field)
            continue;
        fields++;
        for (size_t i = 0; i < COUNT_OF(tries); i++) {
            uint8_t was[4];

            memcpy(was, raw.ptr + at, 4);
            for (size_t b = 0; b < 4; b++)
                raw.ptr[at + b] = (uint8_t)(tries[i] >> (24 - 8 * b));
            assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
            memcpy(raw.ptr + at, was, 4);
        }
        assert_int_equal(parse(bytes_view(&raw), NULL), SH_OK);
    }
    assert_int_equal(fields, 11);
    bytes_release(&raw);
}

/* A length of 64 bits is taken when it fits. */
static void long_length(void **state)
{
    static const uint64_t bad[] = {
        0, 15, 16, 17, UINT64_MAX, UINT64_MAX - 15, UINT64_C(0x8000000000000000)};
    struct jumbf_box *root = NULL;
    struct bytes raw;
    struct arena arena;

    (void)state;
    bytes_init(&raw, 4096);
    arena_init(&arena, 1 << 20);
    bytes_u32(&raw, 1);
    bytes_text(&raw, "jumb");
    bytes_u64(&raw, 0);
    describe(&raw, "c2pa", "c2pa");
    raw.ptr[15] = (uint8_t)raw.len;
    assert_int_equal(jumbf_parse(bytes_view(&raw), &arena, &root, NULL), SH_OK);
    assert_int_equal(root->payload.len, raw.len - 16);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        for (size_t b = 0; b < 8; b++)
            raw.ptr[8 + b] = (uint8_t)(bad[i] >> (56 - 8 * b));
        assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
    }
    arena_release(&arena);
    bytes_release(&raw);
}

static int parse_nested(unsigned depth)
{
    size_t open[LIMIT_JUMBF_DEPTH + 2];
    struct bytes raw;
    int rc;

    bytes_init(&raw, 1 << 20);
    for (unsigned i = 0; i < depth; i++)
        open[i] = open_super(&raw, "c2pa", "c2pa");
    for (unsigned i = depth; i > 0; i--)
        end(&raw, open[i - 1]);
    rc = parse(bytes_view(&raw), NULL);
    bytes_release(&raw);
    return rc;
}

static int parse_many(unsigned count)
{
    struct bytes raw;
    size_t root;
    int rc;

    bytes_init(&raw, 8 << 20);
    root = open_super(&raw, "c2pa", "c2pa");
    for (unsigned i = 1; i < count; i++)
        put_content(&raw, "free", "");
    end(&raw, root);
    rc = parse(bytes_view(&raw), NULL);
    bytes_release(&raw);
    return rc;
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(parse_nested(LIMIT_JUMBF_DEPTH), SH_OK);
    assert_int_equal(parse_nested(LIMIT_JUMBF_DEPTH + 1), SH_ELIMIT);
    assert_int_equal(parse_many(LIMIT_JUMBF_BOXES), SH_OK);
    assert_int_equal(parse_many(LIMIT_JUMBF_BOXES + 1), SH_ELIMIT);
}

/* One superbox with this behind the type in its description. */
static int parse_description(const char *fields, size_t len, struct arena *arena,
                             struct jumbf_box **root)
{
    struct bytes raw;
    uint8_t *kept;
    size_t super;
    size_t about;
    int rc;

    bytes_init(&raw, 4096);
    super = begin(&raw, "jumb");
    about = begin(&raw, "jumd");
    bytes_append(&raw, "c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71", 16);
    bytes_append(&raw, fields, len);
    end(&raw, about);
    end(&raw, super);
    kept = arena_take(arena, raw.len);
    memcpy(kept, raw.ptr, raw.len);
    rc = jumbf_parse(slice_of(kept, raw.len), arena, root, NULL);
    bytes_release(&raw);
    return rc;
}

/* LONG: a table. */
static void descriptions(void **state)
{
#define FIELDS(text) text, sizeof(text) - 1
#define S16 "0123456789abcdef"
    static const struct {
        const char *fields;
        size_t len;
        int rc;
    } cases[] = {
        {FIELDS("\3a\0"), SH_OK},
        {FIELDS("\0"), SH_OK},            /* no label */
        {FIELDS(""), SH_EFORMAT},         /* no toggles */
        {FIELDS("\3a"), SH_EFORMAT},      /* no end of the label */
        {FIELDS("\3"), SH_EFORMAT},       /* no label at all */
        {FIELDS("\3a\0b"), SH_EFORMAT},   /* something behind the fields */
        {FIELDS("\3\xff\0"), SH_EFORMAT}, /* no UTF-8 */
        {FIELDS("\3a\x1b[2J\0"), SH_EFORMAT},
        {FIELDS("\3a\x7f\0"), SH_EFORMAT},
        {FIELDS("\3a\xc2\x9b\0"), SH_EFORMAT},
        {FIELDS("\3a\xc2\xa0\0"), SH_OK},
        {FIELDS("\7a\0\0\0\0\1"), SH_OK},
        {FIELDS("\7a\0\0\0\1"), SH_EFORMAT},
        {FIELDS("\x0b"
                "a\0" S16 S16),
         SH_OK},
        {FIELDS("\x0b"
                "a\0" S16 "0123456789abcde"),
         SH_EFORMAT},
        {FIELDS("\x13"
                "a\0\0\0\0\x18"
                "c2sh" S16),
         SH_OK},
        {FIELDS("\x13"
                "a\0\0\0\0\x28"
                "c2sh" S16 S16),
         SH_OK},
        {FIELDS("\x13"
                "a\0\0\0\0\x0a"
                "c2shab"),
         SH_OK}, /* no salt of ours */
        {FIELDS("\x13"
                "a\0\0\0\0\x18"
                "c2sx" S16),
         SH_OK}, /* a box that we do not know */
        {FIELDS("\x13"
                "a\0\0\0\0\x17"
                "c2sh" S16),
         SH_EFORMAT},
        {FIELDS("\x13"
                "a\0\0\0\0\x19"
                "c2sh" S16),
         SH_EFORMAT},
        {FIELDS("\x13"
                "a\0"),
         SH_EFORMAT},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct jumbf_box *root = NULL;
        int rc = parse_description(cases[i].fields, cases[i].len, &arena, &root);

        if (rc != cases[i].rc)
            fail_msg("description %zu: %d", i, rc);
        if (rc < 0)
            continue;
        assert_int_equal(root->has_label, (root->toggles & 2) != 0);
        assert_int_equal(root->salt.len, i == 15 ? 16 : i == 16 ? 32 : 0);
        assert_int_equal(root->content_hash.len, root->toggles & 8 ? 32 : 0);
    }
    arena_release(&arena);
}

static void shapes(void **state)
{
    struct bytes raw;
    size_t root;

    (void)state;
    bytes_init(&raw, 4096);
    put_content(&raw, "cbor", "\xf6"); /* no superbox */
    assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
    bytes_clear(&raw);
    root = begin(&raw, "jumb"); /* nothing in it */
    end(&raw, root);
    assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
    bytes_clear(&raw);
    root = begin(&raw, "jumb"); /* no description */
    put_content(&raw, "cbor", "\xf6");
    end(&raw, root);
    assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
    bytes_clear(&raw);
    root = open_super(&raw, "c2pa", "c2pa"); /* two */
    describe(&raw, "c2pa", "c2pa");
    end(&raw, root);
    assert_int_equal(parse(bytes_view(&raw), NULL), SH_EFORMAT);
    bytes_release(&raw);
}

/* Wherever memory ends: no result, no leak. */
static void no_memory(void **state)
{
    struct bytes raw;
    int rc = SH_ENOMEM;

    (void)state;
    bytes_init(&raw, 4096);
    build_good(&raw);
    for (size_t max = 1; rc == SH_ENOMEM; max += 64) {
        struct jumbf_box *root = NULL;
        struct arena arena;

        assert_true(max < 4096);
        arena_init(&arena, max);
        rc = jumbf_parse(bytes_view(&raw), &arena, &root, NULL);
        assert_true((rc == SH_OK) == (root != NULL));
        arena_release(&arena);
    }
    assert_int_equal(rc, SH_OK);
    bytes_release(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),         cmocka_unit_test(prefixes),
        cmocka_unit_test(lengths),      cmocka_unit_test(limits),
        cmocka_unit_test(long_length),  cmocka_unit_test(shapes),
        cmocka_unit_test(descriptions), cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
