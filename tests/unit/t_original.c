/* original: the tail of a sealed original, its one form, and the commitment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/crypt.h"
#include "dispatch/dispatch.h"

static struct original some(uint64_t bytes)
{
    struct original original = {.bytes = bytes};

    memset(original.random, 0x5a, sizeof(original.random));
    memset(original.sha256, 0xc3, sizeof(original.sha256));
    return original;
}

static void there_and_back(void **state)
{
    static const uint64_t sizes[] = {0, 1, 10, 2494339, UINT64_C(1) << 40, UINT64_MAX};
    uint8_t tail[ORIGINAL_TAIL_BYTES];
    struct original again;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        const struct original original = some(sizes[i]);

        original_tail_build(&original, tail);
        assert_int_equal(original_tail_parse(slice_of(tail, sizeof(tail)), &again, NULL),
                         SH_OK);
        assert_int_equal(again.bytes, sizes[i]);
        assert_memory_equal(again.random, original.random, 32);
        assert_memory_equal(again.sha256, original.sha256, 32);
    }
}

/* The text that the man page promises to people without this program. */
static void the_text(void **state)
{
    const struct original original = some(2494339);
    uint8_t tail[ORIGINAL_TAIL_BYTES + 1] = {0};

    (void)state;
    original_tail_build(&original, tail);
    assert_string_equal(
        tail, "\nstillhere-original/1\n"
              "sha256 c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3\n"
              "random 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n"
              "bytes 00000000000002494339\n");
}

static void nothing_else(void **state)
{
    struct original original = some(77), again = some(5);
    uint8_t tail[ORIGINAL_TAIL_BYTES + 1] = {0}, changed[ORIGINAL_TAIL_BYTES];

    (void)state;
    original_tail_build(&original, tail);
    for (size_t len = 0; len < ORIGINAL_TAIL_BYTES; len++)
        assert_int_equal(original_tail_parse(slice_of(tail, len), &again, NULL), SH_EFORMAT);
    assert_int_equal(original_tail_parse(slice_of(tail, sizeof(tail)), &again, NULL),
                     SH_EFORMAT);
    for (size_t i = 0; i < ORIGINAL_TAIL_BYTES; i++) {
        memcpy(changed, tail, sizeof(changed));
        changed[i] = 'G';
        assert_int_equal(original_tail_parse(slice_of(changed, sizeof(changed)), &again, NULL),
                         SH_EFORMAT);
    }
    assert_int_equal(again.bytes, 5);                 /* Untouched after a refusal. */
    memset(tail + ORIGINAL_TAIL_BYTES - 21, '9', 20); /* Beyond 64 bits. */
    assert_int_equal(original_tail_parse(slice_of(tail, ORIGINAL_TAIL_BYTES), &again, NULL),
                     SH_EFORMAT);
}

/* FORMATS.md: SHA-256 of 32 private random bytes and the SHA-256 of the clip. */
static void the_commitment(void **state)
{
    const struct original original = some(1);
    uint8_t both[64], wanted[32], got[32];

    (void)state;
    memset(both, 0x5a, 32);
    memset(both + 32, 0xc3, 32);
    crypto.sha256(slice_of(both, sizeof(both)), wanted);
    original_commit(&original, got);
    assert_memory_equal(got, wanted, sizeof(got));
}

static void the_path(void **state)
{
    char path[TREE_PATH_BYTES];
    uint8_t dispatch[32];

    (void)state;
    memset(dispatch, 0xab, sizeof(dispatch));
    original_path(dispatch, path);
    assert_string_equal(
        path, "originals/abababababababababababababababababababababababababababababababab.age");
    assert_true(original_is_path(path));
    assert_false(original_is_path("originals"));
    assert_false(original_is_path("b/ab/abab.mp4"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(the_text),
        cmocka_unit_test(nothing_else),   cmocka_unit_test(the_commitment),
        cmocka_unit_test(the_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
