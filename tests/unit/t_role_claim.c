/* role: the signer of claims signs what our writer makes, and nothing that differs from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/write.h"
#include "cbor/cbor.h"
#include "role/claim_int.h"

#define ACTIONS "c2pa.actions.v2"
#define HASH "c2pa.hash.bmff.v3"
#define INGREDIENT "c2pa.ingredient.v3"

/* Every part of a claim; what is NULL is left out. */
struct parts {
    const char *alg, *alg_name, *signature, *instance, *list_name, *start, *labels[8],
        *url_name;
    const char *generator, *generator_name, *version, *more_name;
    size_t hash_bytes;
    bool hash_is_text, list_is_map, list_is_tagged, more, alg_is_bytes, long_head, info_is_text,
        reference_more;
};

static struct parts good_parts(void)
{
    return (struct parts){.alg = "sha256",
                          .alg_name = "alg",
                          .signature = "self#jumbf=c2pa.signature",
                          .instance = "xmp:iid:00112233-4455-4677-8899-aabbccddeeff",
                          .list_name = "created_assertions",
                          .start = "self#jumbf=c2pa.assertions/",
                          .labels = {ACTIONS, INGREDIENT, HASH},
                          .url_name = "url",
                          .generator = "stillhere",
                          .generator_name = "name",
                          .version = "0.5.0",
                          .hash_bytes = CRYPT_DIGEST_BYTES};
}

static void put_pair(struct bytes *out, const char *name, const char *value, bool as_bytes)
{
    if (!value)
        return;
    cbor_put_text(out, name);
    if (as_bytes)
        cbor_put_bytes(out, slice_text(value));
    else
        cbor_put_text(out, value);
}

static void put_reference(struct bytes *out, const struct parts *parts, const char *label)
{
    static const uint8_t hash[2 * CRYPT_DIGEST_BYTES] = {7};
    char url[160];

    (void)snprintf(url, sizeof(url), "%s%s", parts->start, label);
    cbor_put_map(out, 2 + parts->reference_more);
    put_pair(out, parts->url_name, url, false);
    if (parts->reference_more)
        put_pair(out, "alg", "sha256", false);
    cbor_put_text(out, "hash");
    if (parts->hash_is_text)
        cbor_put_text(out, "01234567890123456789012345678901");
    else
        cbor_put_bytes(out, slice_of(hash, parts->hash_bytes));
}

static void put_list(struct bytes *out, const struct parts *parts)
{
    size_t count = 0;

    while (count < COUNT_OF(parts->labels) && parts->labels[count])
        count++;
    cbor_put_text(out, parts->list_name);
    if (parts->list_is_tagged)
        cbor_put_tag(out, 24);
    if (parts->list_is_map) {
        cbor_put_map(out, 0);
        return;
    }
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++)
        put_reference(out, parts, parts->labels[i]);
}

static void put_info(struct bytes *out, const struct parts *parts)
{
    cbor_put_text(out, "claim_generator_info");
    if (parts->info_is_text) {
        cbor_put_text(out, "stillhere");
        return;
    }
    cbor_put_map(out, (uint64_t)(parts->generator != NULL) + (parts->version != NULL) +
                          (parts->more_name != NULL));
    put_pair(out, parts->generator_name, parts->generator, false);
    put_pair(out, "version", parts->version, false);
    if (parts->more_name)
        put_pair(out, parts->more_name, "x", false);
}

static void put_claim(struct bytes *out, const struct parts *parts)
{
    uint64_t pairs = 2u + (parts->alg != NULL) + (parts->signature != NULL) +
                     (parts->instance != NULL) + parts->more;

    bytes_clear(out);
    if (parts->long_head) { /* RFC 8949 4.2.1: as short as can be */
        bytes_u8(out, 0xb8);
        bytes_u8(out, (uint8_t)pairs);
    } else {
        cbor_put_map(out, pairs);
    }
    put_pair(out, parts->alg_name, parts->alg, parts->alg_is_bytes);
    put_pair(out, "signature", parts->signature, false);
    put_pair(out, "instanceID", parts->instance, false);
    put_list(out, parts);
    put_info(out, parts);
    if (parts->more) /* longer than all others: where the order wants it */
        put_pair(out, "redacted_assertions_of_it", "x", false);
}

static int check(struct slice claim)
{
    struct why why = {0};
    uint8_t *copy = malloc(claim.len + 1);
    int rc;

    assert_non_null(copy);
    if (claim.len)
        memcpy(copy, claim.ptr, claim.len);
    rc = role_claim_check(slice_of(copy, claim.len), &why);
    free(copy);
    assert_true(rc == SH_OK || ((int)why.code == rc && why.text[0]));
    return rc;
}

static void refused(const char *name, const struct parts *parts)
{
    struct bytes claim;

    bytes_init(&claim, 1 << 16);
    put_claim(&claim, parts);
    assert_int_equal(bytes_check(&claim, NULL), SH_OK);
    if (check(bytes_view(&claim)) == SH_OK)
        fail_msg("signed: %s", name);
    bytes_release(&claim);
}

static void accepted(const char *name, const struct parts *parts)
{
    struct bytes claim;

    bytes_init(&claim, 1 << 16);
    put_claim(&claim, parts);
    if (check(bytes_view(&claim)) != SH_OK)
        fail_msg("not signed: %s", name);
    bytes_release(&claim);
}

/* ---- what is signed ---- */

static void claims_of_the_writer(void **state)
{
    static uint8_t certificate[700] = {0x30};
    static const uint8_t hash[CRYPT_DIGEST_BYTES] = {1}, row[3 * CRYPT_DIGEST_BYTES];
    const struct c2pa_write_action action = {.action = "c2pa.repackaged"};
    struct c2pa_write_signer signer = {.alg = C2PA_WRITE_ES256,
                                       .signature_bytes = CRYPT_ES256_BYTES,
                                       .chain = {{certificate, sizeof(certificate)}},
                                       .chain_count = 1};
    struct c2pa_write_tree tree = {.count = 3, .row_count = 3, .block = 1000, .row = row};
    struct c2pa_write write = {.signer = &signer, .generator = ROLE_GENERATOR};
    struct c2pa_unsigned made;

    (void)state;
    for (unsigned how = 0; how < 16; how++) {
        write.version = how & 1 ? "0.5.0" : NULL;
        write.channel = slice_text(how & 2 ? "channel" : "");
        write.dispatch = slice_text(how & 2 ? "dispatch" : "");
        write.trees = how & 4 ? &tree : NULL;
        write.tree_count = how & 4 ? 1 : 0;
        write.actions = how & 8 ? &action : NULL;
        write.action_count = how & 8 ? 1 : 0;
        assert_int_equal(c2pa_write_unsigned(&write, hash, &made, NULL), SH_OK);
        if (check(bytes_view(&made.claim)) != SH_OK)
            fail_msg("the writer's claim %u is not signed", how);
        c2pa_unsigned_release(&made);
    }
    /* The same writer for another program's name: not ours. */
    write.generator = "otherhere";
    assert_int_equal(c2pa_write_unsigned(&write, hash, &made, NULL), SH_OK);
    assert_int_equal(check(bytes_view(&made.claim)), SH_EFORMAT);
    c2pa_unsigned_release(&made);
}

static void ours_by_hand(void **state)
{
    struct parts parts = good_parts();

    (void)state;
    accepted("three assertions", &parts);
    parts.version = NULL;
    accepted("no version", &parts);
    parts = good_parts();
    parts.labels[3] = "c2pa.time-stamp";
    parts.labels[4] = "org.stillhere.dispatch";
    accepted("five", &parts);
}

/* ---- what is not ---- */

#define DIFFERS(member, value)                                                                 \
    do {                                                                                       \
        struct parts parts = good_parts();                                                     \
        parts.member = value;                                                                  \
        refused(#member " = " #value, &parts);                                                 \
    } while (0)

static void another_frame(void **state)
{
    (void)state;
    DIFFERS(alg, NULL);
    DIFFERS(alg, "sha384");
    DIFFERS(alg, "SHA256");
    DIFFERS(alg, "");
    DIFFERS(alg_name, "alh");
    DIFFERS(alg_is_bytes, true);
    DIFFERS(signature, NULL);
    DIFFERS(signature, "self#jumbf=c2pa.signature2");
    DIFFERS(signature, "self#jumbf=/c2pa/urn:c2pa:x/c2pa.signature");
    DIFFERS(more, true);
    DIFFERS(long_head, true);
}

static void another_instance(void **state)
{
    (void)state;
    DIFFERS(instance, NULL);
    DIFFERS(instance, "");
    DIFFERS(instance, "xmp:iid:");
    DIFFERS(instance, "I was in Odesa");
    DIFFERS(instance, "xmp:iid:00112233-4455-4677-8899-aabbccddeef");
    DIFFERS(instance, "xmp:iid:00112233-4455-4677-8899-aabbccddeeff0");
    DIFFERS(instance, "xmp:iid:00112233-4455-4677-8899-aabbccddeefF");
    DIFFERS(instance, "xmp:iid:00112233-4455-4677-8899aaabbccddeeff");
    DIFFERS(instance, "xmp:did:00112233-4455-4677-8899-aabbccddeeff");
}

static void other_assertions(void **state)
{
    (void)state;
    DIFFERS(labels[0], NULL);
    DIFFERS(labels[2], INGREDIENT);
    DIFFERS(labels[3], HASH);
    DIFFERS(labels[0], "c2pa.actions");
    DIFFERS(labels[0], "c2pa.hash.data");
    DIFFERS(labels[0], "c2pa.hash.bmff.v2");
    DIFFERS(labels[0], "c2pa.metadata");
    DIFFERS(labels[0], "stds.exif");
    DIFFERS(labels[0], "cawg.identity");
    DIFFERS(labels[0], "");
    DIFFERS(labels[0], ACTIONS "__1");
    DIFFERS(labels[3], "c2pa.thumbnail.claim.jpeg");
    DIFFERS(start, "self#jumbf=/c2pa/urn:c2pa:x/c2pa.assertions/");
    DIFFERS(start, "self#jumbf=c2pa.databoxes/");
    DIFFERS(start, "https://example.org/");
    DIFFERS(start, "");
    DIFFERS(url_name, "uri");
    DIFFERS(hash_bytes, 0);
    DIFFERS(hash_bytes, CRYPT_DIGEST_BYTES - 1);
    DIFFERS(hash_bytes, CRYPT_DIGEST_BYTES + 1);
    DIFFERS(hash_is_text, true);
    DIFFERS(reference_more, true);
    DIFFERS(list_name, "assertions_created");
    DIFFERS(list_name, "assertions");
    DIFFERS(list_is_map, true);
    DIFFERS(list_is_tagged, true);
}

static void another_generator(void **state)
{
    (void)state;
    DIFFERS(generator, NULL);
    DIFFERS(generator, "");
    DIFFERS(generator, "Stillhere");
    DIFFERS(generator, "stillhere ");
    DIFFERS(generator_name, "nome");
    DIFFERS(info_is_text, true);
    DIFFERS(more_name, "operating_system");
    DIFFERS(version, "");
    DIFFERS(version, "0.5.0 on the phone of Wang");
    DIFFERS(version, "0.5.0\n");
    DIFFERS(version, "0.5.0-0123456789-0123456789-01234567890");
}

/* ---- any byte, any length ---- */

/* Where a byte may be another one: in a hash, in the random UUID, in the version. */
static bool is_free(struct slice claim, size_t at)
{
    static const char *const marks[] = {"hashX ", "xmp:iid:", "version"};
    static const size_t lengths[] = {CRYPT_DIGEST_BYTES, 36, 1 + 5};
    size_t len;

    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        len = strlen(marks[i]);
        for (size_t from = 0; from + len + lengths[i] <= claim.len; from++)
            if (memcmp(claim.ptr + from, marks[i], len) == 0 && at >= from + len &&
                at < from + len + lengths[i])
                return true;
    }
    return false;
}

static void any_byte_and_any_length(void **state)
{
    struct parts parts = good_parts();
    struct bytes claim;
    struct slice whole;
    size_t kept;
    unsigned signed_free = 0;

    (void)state;
    bytes_init(&claim, 1 << 16);
    put_claim(&claim, &parts);
    whole = bytes_view(&claim);
    for (size_t len = 0; len < whole.len; len++)
        if (check(slice_sub(whole, 0, len)) == SH_OK)
            fail_msg("signed: the first %zu bytes", len);
    for (size_t at = 0; at < whole.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            claim.ptr[at] ^= (uint8_t)(1u << bit);
            if (check(whole) == SH_OK) {
                if (!is_free(whole, at))
                    fail_msg("signed: bit %u of byte %zu is another one", bit, at);
                signed_free++;
            }
            claim.ptr[at] ^= (uint8_t)(1u << bit);
        }
    /* Else nothing was tried. */
    assert_true(signed_free >= 3 * 8 * CRYPT_DIGEST_BYTES);
    kept = claim.len;
    bytes_u8(&claim, 0);
    assert_true(check(bytes_view(&claim)) < 0);
    claim.len = kept;
    assert_int_equal(check(bytes_view(&claim)), SH_OK);
    bytes_release(&claim);
}

/* Bytes that are no claim at all, and such as other keys of the channel sign. */
static void what_is_no_claim(void **state)
{
    static const char *const texts[] = {"",
                                        "\xa0",
                                        "\x80",
                                        "\xf6",
                                        "\xa1",
                                        "\xbf\xff",
                                        "stillhere-identity/1\nnumber 0\n",
                                        "stillhere/1/x\n1\nAAAA\n",
                                        "\x9f\x9f\x9f\x9f\x9f\x9f",
                                        "{\"alg\":\"sha256\"}"};
    struct bytes deep;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_true(check(slice_text(texts[i])) < 0);
    bytes_init(&deep, 1 << 16);
    for (unsigned i = 0; i < 60000; i++)
        bytes_u8(&deep, 0x81);
    assert_true(check(bytes_view(&deep)) < 0);
    bytes_release(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_of_the_writer),    cmocka_unit_test(ours_by_hand),
        cmocka_unit_test(another_frame),           cmocka_unit_test(another_instance),
        cmocka_unit_test(other_assertions),        cmocka_unit_test(another_generator),
        cmocka_unit_test(any_byte_and_any_length), cmocka_unit_test(what_is_no_claim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
