/* c2pa/store: COSE_Sign1, right and wrong, its algorithms, the working group's examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/store.h"
#include "json/json.h"

#include "store_scene.h"

/* ---- signatures ---- */

/* LONG: a table. */
static void cose(void **state)
{
    static const struct {
        const char *hex;
        enum c2pa_fault_kind fault;
        size_t chain, tokens, tokens_v1, ocsp;
    } cases[] = {
        /* {1: -7, 33: h'63'} */
        {"d28447a20126182141 63a0f64101", C2PA_SOUND, 1, 0, 0, 0},
        /* untagged, another tag, three members, payload here, protected no map */
        {"8447a2012618214163a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d18447a2012618214163a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28347a2012618214163a0f6", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28447a2012618214163a041004101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d2844180a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28441a1a0f64101", C2PA_BAD_CBOR, 0, 0, 0, 0},
        {"d28447a2012618214163a0f6", C2PA_BAD_CBOR, 0, 0, 0, 0},
        {"d284a0a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        /* no protected headers at all: sound, with nothing in it */
        {"d28440a0f64101", C2PA_SOUND, 0, 0, 0, 0},
        /* a chain of two; one that is no byte string; an empty one */
        {"d2844aa2012618218241634164a0f64101", C2PA_SOUND, 2, 0, 0, 0},
        {"d28449a20126182182416301a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28446a20126182140a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        /* x5chain as a text, protected and not; both labels; both buckets */
        {"d2844da2012667783563686169 6e4163a0f64101", C2PA_SOUND, 1, 0, 0, 0},
        {"d28443a10126a167783563686169 6e4163f64101", C2PA_SOUND, 1, 0, 0, 0},
        {"d28451a301261821416367783563686169 6e4164a0f64101", C2PA_SOUND, 1, 0, 0, 0},
        {"d28447a2012618214163a118214164f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28447a2012618214163a167783563686169 6e4164f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        /* crit: [1, 33]; [4]; [] */
        {"d2844ca3012602820118211821 4163a0f64101", C2PA_SOUND, 1, 0, 0, 0},
        {"d28445a2012602810 4a0f64101", C2PA_BAD_CBOR, 0, 0, 0, 0},
        {"d28446a2012602 8104a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        {"d28445a201260280a0f64101", C2PA_BAD_SHAPE, 0, 0, 0, 0},
        /* sigTst2 {tstTokens: [{val: h'54'}]}, the same as sigTst, twice a token, none */
        {"d28443a10126a16773696754737432a169747374546f6b656e7381a16376616c4154f64101",
         C2PA_SOUND, 0, 1, 0, 0},
        {"d28443a10126a166736967547374a169747374546f6b656e7382a16376616c4154a16376616c4154"
         "f64101",
         C2PA_SOUND, 0, 0, 2, 0},
        {"d28443a10126a1677369675473743280f64101", C2PA_SOUND, 0, 0, 0, 0},
        /* rVals {ocspVals: [h'4f', h'50']} */
        {"d28443a10126a1657256616c73a1686f63737056616c7382414f4150f64101", C2PA_SOUND, 0, 0, 0,
         2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct c2pa_cose read = {0};
        uint8_t raw[256];
        char hex[512];
        size_t len = 0;
        struct arena arena;

        for (const char *at = cases[i].hex; *at; at++)
            if (*at != ' ')
                hex[len++] = *at;
        assert_true(hex_parse(slice_of(hex, len), raw, len / 2));
        arena_init(&arena, 1 << 20);
        assert_int_equal(c2pa_cose_parse(slice_of(raw, len / 2), &arena, &read, NULL), SH_OK);
        if (read.fault.kind != cases[i].fault)
            fail_msg("cose %zu: %d %s", i, read.fault.kind,
                     read.fault.text ? read.fault.text : "");
        if (read.fault.kind == C2PA_SOUND) {
            assert_int_equal(read.chain_count, cases[i].chain);
            assert_int_equal(read.token_count, cases[i].tokens);
            assert_int_equal(read.token_v1_count, cases[i].tokens_v1);
            assert_int_equal(read.ocsp_count, cases[i].ocsp);
        }
        arena_release(&arena);
    }
}

static void algorithms(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } known[] = {{-7, "ES256"},  {-35, "ES384"}, {-36, "ES512"}, {-37, "PS256"},
                 {-38, "PS384"}, {-39, "PS512"}, {-8, "EdDSA"}};
    size_t found = 0;

    (void)state;
    for (int64_t number = -70000; number < 1000; number++) {
        struct crypt_alg alg;
        bool is = c2pa_cose_alg(number, &alg);

        assert_int_equal(is, c2pa_cose_alg_text(number) != NULL);
        found += is;
    }
    assert_int_equal(found, COUNT_OF(known));
    for (size_t i = 0; i < COUNT_OF(known); i++)
        assert_string_equal(c2pa_cose_alg_text(known[i].number), known[i].text);
}

/* ---- the COSE working group's examples ---- */

/* Lower-case: their hex is in capitals. */
static struct slice example_hex(const struct json_value *text, struct arena *arena)
{
    size_t len = text->text.len / 2;
    char *low = arena_take(arena, text->text.len + 1);
    uint8_t *raw = arena_take(arena, len + 1);

    for (size_t i = 0; i < text->text.len; i++) {
        char c = (char)text->text.ptr[i];

        low[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    assert_true(hex_parse(slice_of(low, 2 * len), raw, len));
    return slice_of(raw, len);
}

static bool p256_holds(const struct json_value *key, const struct c2pa_cose *cose,
                       struct slice message)
{
    static const char head[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
    const struct crypt_alg alg = {CRYPT_ECDSA_RAW, CRYPT_SHA256, 0};
    static const char *const parts[] = {"x", "y"};
    uint8_t start[(sizeof(head) - 1) / 2];
    struct bytes spki;
    bool good;

    bytes_init(&spki, 1000);
    assert_true(hex_parse(slice_text(head), start, sizeof(start)));
    bytes_append(&spki, start, sizeof(start));
    for (size_t i = 0; i < 2; i++) {
        struct bytes standard;
        struct slice part = json_member(key, parts[i])->text;

        bytes_init(&standard, 100);
        for (size_t c = 0; c < part.len; c++)
            bytes_u8(&standard, part.ptr[c] == '-'   ? '+'
                                : part.ptr[c] == '_' ? '/'
                                                     : part.ptr[c]);
        assert_true(base64_parse(&spki, bytes_view(&standard), BASE64_BARE));
        bytes_release(&standard);
    }
    good = crypto.signature_verify(&alg, bytes_view(&spki), message, cose->signature);
    bytes_release(&spki);
    return good;
}

/* C2PA has the payload apart: it goes from the example, as do bytes given from outside. */
static void look_at_example(const char *name, bool must_hold)
{
    struct json_value *root = NULL;
    struct cbor_value *whole = NULL;
    struct c2pa_cose read = {0};
    const struct json_value *key;
    struct slice raw, payload, signed_bytes;
    struct bytes file, out;
    struct arena arena;
    bool good;

    arena_init(&arena, 8u << 20);
    bytes_init(&out, 65536);
    if (!scene_file(name, &file))
        fail_msg("%s is missing", name);
    assert_int_equal(json_read(bytes_view(&file), 20, &arena, &root, NULL), SH_OK);
    raw = example_hex(json_member(json_member(root, "output"), "cbor"), &arena);
    assert_int_equal(cbor_parse(raw, 32, &arena, &whole, NULL), SH_OK);
    payload = whole->first->first->next->next->string;
    if (whole->type == CBOR_TAG)
        cbor_put_tag(&out, whole->number);
    cbor_put_array(&out, 4);
    bytes_slice(&out, whole->first->first->raw);
    bytes_slice(&out, whole->first->first->next->raw);
    cbor_put_null(&out);
    bytes_slice(&out, whole->first->last->raw);
    assert_int_equal(c2pa_cose_parse(bytes_view(&out), &arena, &read, NULL), SH_OK);
    good = read.fault.kind == C2PA_SOUND;
    if (good) {
        struct bytes message;

        bytes_init(&message, 65536);
        c2pa_cose_signed(&read, payload, &message);
        signed_bytes = example_hex(
            json_member(json_member(root, "intermediates"), "ToBeSign_hex"), &arena);
        if (must_hold)
            assert_true(slice_equal(bytes_view(&message), signed_bytes));
        key = json_member(json_member(json_member(root, "input"), "sign0"), "key");
        good =
            p256_holds(key, &read, bytes_view(&message)) && (!read.has_alg || read.alg == -7);
        bytes_release(&message);
    }
    if (good != must_hold)
        fail_msg("%s: %d", name, good);
    bytes_release(&out);
    bytes_release(&file);
    arena_release(&arena);
}

static void examples(void **state)
{
    static const struct {
        const char *name;
        bool holds;
    } cases[] = {
        {"ecdsa-examples/ecdsa-sig-01.json", true}, {"sign1-tests/sign-pass-01.json", true},
        {"sign1-tests/sign-fail-01.json", false},   {"sign1-tests/sign-fail-02.json", false},
        {"sign1-tests/sign-fail-03.json", false},   {"sign1-tests/sign-fail-04.json", false},
        {"sign1-tests/sign-fail-06.json", false},   {"sign1-tests/sign-fail-07.json", false},
    };
    struct bytes readme;

    (void)state;
    if (!scene_file("safety/cose/README.md", &readme))
        skip();
    bytes_release(&readme);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[200];

        (void)snprintf(path, sizeof(path), "safety/cose/%s", cases[i].name);
        look_at_example(path, cases[i].holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cose),
        cmocka_unit_test(algorithms),
        cmocka_unit_test(examples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
