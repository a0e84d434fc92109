/*
 * crypt: digests and signatures by name, and signing with given keys.  Vectors of others, and
 * OpenSSL's own high-level verifier as the judge beside ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypt/crypt.h"
#include "vectors.h"

/* The browser's table beside the native one: its file's `crypto`, here by another name. */
#undef crypto
#define crypto crypt_small
extern const struct crypt_table crypt_small;
#include "crypt/crypt_wasm.c"
#undef crypto
#define crypto crypt_primitives

static uint64_t seed_now = 7;

static uint64_t number(void)
{
    seed_now ^= seed_now << 13;
    seed_now ^= seed_now >> 7;
    seed_now ^= seed_now << 17;
    return seed_now >> 8;
}

/* ---- digests ---- */

static void digest_is(enum crypt_hash hash, const char *text, const char *hex)
{
    const struct crypt_table *tables[] = {&crypto, &crypt_small};

    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[CRYPT_DIGEST_MAX];
        char shown[2 * CRYPT_DIGEST_MAX + 1];

        tables[i]->digest(hash, slice_text(text), digest);
        hex_build(slice_of(digest, crypt_hash_bytes(hash)), shown);
        assert_string_equal(shown, hex);
    }
}

/* Examples of FIPS 180-4's companion page. */
static void digests_known_answers(void **state)
{
    (void)state;
    digest_is(CRYPT_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_is(CRYPT_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    digest_is(CRYPT_SHA256, "abc",
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_is(CRYPT_SHA384, "abc",
              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
              "8086072ba1e7cc2358baeca134c825a7");
    digest_is(CRYPT_SHA512, "abc",
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_int_equal(crypt_hash_bytes((enum crypt_hash)5), 0);
}

/* Random lengths in random pieces: both implementations, streaming and at once. */
static void digests_both_agree(void **state)
{
    static uint8_t data[1000];

    (void)state;
    for (size_t round = 0; round < 8000; round++) {
        enum crypt_hash hash = (enum crypt_hash)(1 + round % 4);
        size_t len = round < 1200 ? round / 4 : number() % sizeof data, bytes;
        size_t cut = len ? number() % len : 0;
        uint8_t a[64], b[64], c[64];
        struct crypt_digest one, two;

        data[number() % sizeof data] ^= (uint8_t)number();
        bytes = crypt_hash_bytes(hash);
        crypto.digest(hash, slice_of(data, len), a);
        crypt_small.digest(hash, slice_of(data, len), b);
        assert_memory_equal(a, b, bytes);
        if (hash == CRYPT_SHA1)
            continue;
        crypto.digest_init(&one, hash);
        crypto.digest_update(&one, slice_of(data, cut));
        two = one; /* branching off by assignment */
        crypto.digest_update(&two, slice_of(data + cut, len - cut));
        crypto.digest_final(&two, c);
        assert_memory_equal(a, c, bytes);
        crypt_small.digest_init(&one, hash);
        crypt_small.digest_update(&one, slice_of(data, cut));
        crypt_small.digest_update(&one, slice_of(data + cut, len - cut));
        crypt_small.digest_final(&one, c);
        assert_memory_equal(a, c, bytes);
    }
}

/* ---- vectors of others ---- */

static size_t spki_vectors(const char *name, const struct crypt_alg *alg, size_t *held)
{
    size_t cases = 0;

    *held = 0;
    if (!vectors_open("spki", name))
        skip();
    while (vectors_next()) {
        static uint8_t spki[2000], message[5000], signature[5000];
        size_t spki_len = word_bytes(2, spki, sizeof spki);
        size_t message_len = word_bytes(3, message, sizeof message);
        size_t signature_len = word_bytes(4, signature, sizeof signature);
        bool good = crypto.signature_verify(alg, slice_of(spki, spki_len),
                                            slice_of(message, message_len),
                                            slice_of(signature, signature_len));

        expect(good);
        *held += good;
        cases++;
    }
    vectors_close();
    return cases;
}

static void wycheproof_p1363(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_ECDSA_RAW, .hash = CRYPT_SHA256};
    size_t held;

    (void)state;
    assert_int_equal(
        spki_vectors("safety/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", &alg, &held),
        262);
    assert_int_equal(held, 173);
}

static void wycheproof_ecdsa(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_ECDSA_DER, .hash = CRYPT_SHA256};
    size_t held;

    (void)state;
    assert_int_equal(
        spki_vectors("safety/wycheproof/ecdsa_secp256r1_sha256_test.json", &alg, &held), 484);
    assert_int_equal(held, 174);
}

static void wycheproof_pss(void **state)
{
    const struct crypt_alg alg = {
        .scheme = CRYPT_RSA_PSS, .hash = CRYPT_SHA256, .salt_len = 32};
    size_t held;

    (void)state;
    assert_int_equal(
        spki_vectors("safety/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", &alg, &held),
        108);
    assert_int_equal(held, 63);
}

/* The one case that is "acceptable" (an AlgorithmIdentifier without NULL) does not hold. */
static void wycheproof_pkcs1(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_RSA_PKCS1, .hash = CRYPT_SHA256};
    size_t held;

    (void)state;
    assert_int_equal(
        spki_vectors("safety/wycheproof/rsa_signature_2048_sha256_test.json", &alg, &held),
        259);
    assert_int_equal(held, 9);
}

static void wycheproof_ed25519(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_EDDSA};
    size_t held;

    (void)state;
    assert_int_equal(spki_vectors("safety/wycheproof/ed25519_test.json", &alg, &held), 151);
    assert_int_equal(held, 88);
}

static bool raw_file(const char *name, const char *end, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[2000];
    FILE *in;

    (void)snprintf(path, sizeof path,
                   "%s%s/vectors/c2pa/certs/sdk/tests/fixtures/crypto/raw_signature/%s.%s",
                   shared   ? shared
                   : source ? source
                            : ".",
                   shared ? "" : "/../shared", name, end);
    in = fopen(path, "rb");
    if (!in)
        return false;
    bytes_clear(out);
    out->len = fread(bytes_room(out, 2000), 1, 2000, in);
    (void)fclose(in);
    return true;
}

static const struct raw {
    const char *name;
    struct crypt_alg alg;
    bool holds;
} raws[] = {
    {"es256", {CRYPT_ECDSA_RAW, CRYPT_SHA256, 0}, true},
    {"es384", {CRYPT_ECDSA_RAW, CRYPT_SHA384, 0}, true},
    {"es512", {CRYPT_ECDSA_RAW, CRYPT_SHA512, 0}, true},
    {"ps256", {CRYPT_RSA_PSS, CRYPT_SHA256, 32}, true},
    {"ps384", {CRYPT_RSA_PSS, CRYPT_SHA384, 48}, true},
    {"ps512", {CRYPT_RSA_PSS, CRYPT_SHA512, 64}, true},
    {"ed25519", {CRYPT_EDDSA, CRYPT_SHA512, 0}, true},
    {"legacy/rs256", {CRYPT_RSA_PKCS1, CRYPT_SHA256, 0}, true},
    {"legacy/rs384", {CRYPT_RSA_PKCS1, CRYPT_SHA384, 0}, true},
    {"legacy/rs512", {CRYPT_RSA_PKCS1, CRYPT_SHA512, 0}, true},
    {"legacy/sha1", {CRYPT_RSA_PKCS1, CRYPT_SHA1, 0}, false},
};

/* What c2pa-rs signs and checks itself with. */
static void raw_signatures_of_c2pa_rs(void **state)
{
    struct slice message = slice_text("some sample content to sign");
    struct bytes spki, signature;

    (void)state;
    bytes_init(&spki, 4000);
    bytes_init(&signature, 4000);
    for (size_t i = 0; i < COUNT_OF(raws); i++) {
        if (!raw_file(raws[i].name, "pub_key", &spki)) {
            print_message("# skipped: no raw_signature here\n");
            bytes_release(&spki);
            bytes_release(&signature);
            skip();
        }
        assert_true(raw_file(raws[i].name, "raw_sig", &signature));
        for (size_t j = 0; j < COUNT_OF(raws); j++) {
            bool held = crypto.signature_verify(&raws[j].alg, bytes_view(&spki), message,
                                                bytes_view(&signature));

            /* With another algorithm than its own none holds. */
            if (held != (i == j && raws[i].holds))
                fail_msg("%s as %s: %d", raws[i].name, raws[j].name, held);
        }
        assert_false(crypto.signature_verify(&raws[i].alg, bytes_view(&spki), slice_text("x"),
                                             bytes_view(&signature)));
    }
    bytes_release(&spki);
    bytes_release(&signature);
}

/* ---- given keys, and OpenSSL as the judge ---- */

static void pem_of(EVP_PKEY *pkey, const char *how, struct bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    assert_non_null(pkey);
    if (strcmp(how, "encrypted") == 0)
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), "pass", 4, NULL, NULL),
            1);
    else if (strcmp(how, "old") == 0)
        assert_int_equal(
            PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    else
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL),
                         1);
    len = BIO_get_mem_data(bio, &text);
    bytes_clear(out);
    bytes_append(out, text, (size_t)len);
    BIO_free(bio);
}

static EVP_PKEY *key_of(const char *kind)
{
    if (strcmp(kind, "RSA") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(kind, "RSA1024") == 0)
        return EVP_RSA_gen(1024);
    if (kind[0] == 'P' || kind[0] == 's')
        return EVP_EC_gen(kind);
    return EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static bool openssl_verifies(struct slice spki, const struct crypt_alg *alg,
                             struct slice message, struct slice signature)
{
    const EVP_MD *md = alg->hash == CRYPT_SHA256   ? EVP_sha256()
                       : alg->hash == CRYPT_SHA384 ? EVP_sha384()
                                                   : EVP_sha512();
    const uint8_t *at = spki.ptr;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    bool good =
        pkey && EVP_DigestVerifyInit(ctx, &options, alg->scheme == CRYPT_EDDSA ? NULL : md,
                                     NULL, pkey) == 1;

    if (good && alg->scheme == CRYPT_RSA_PSS)
        good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(options, (int)alg->salt_len) == 1;
    good = good &&
           EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

/* One signature: holds with both; damaged anywhere or for another message, with neither. */
static void judge(struct slice spki, const struct crypt_alg *alg, struct bytes *signature)
{
    uint8_t message[] = "who is still here";
    struct slice whole = slice_of(message, sizeof message);
    bool known = alg->scheme != CRYPT_ECDSA_RAW;

    assert_true(crypto.signature_verify(alg, spki, whole, bytes_view(signature)));
    assert_true(!known || openssl_verifies(spki, alg, whole, bytes_view(signature)));
    for (size_t i = 0; i < 24; i++) {
        size_t at = number() % signature->len;
        bool held;

        signature->ptr[at] ^= (uint8_t)(1 << i % 8);
        held = crypto.signature_verify(alg, spki, whole, bytes_view(signature));
        assert_false(held);
        assert_true(!known || !openssl_verifies(spki, alg, whole, bytes_view(signature)));
        signature->ptr[at] ^= (uint8_t)(1 << i % 8);
    }
    message[3] ^= 1;
    assert_false(crypto.signature_verify(alg, spki, whole, bytes_view(signature)));
    message[3] ^= 1;
    assert_false(crypto.signature_verify(
        alg, spki, whole, slice_sub(bytes_view(signature), 0, signature->len - 1)));
    bytes_u8(signature, 0);
    assert_false(crypto.signature_verify(alg, spki, whole, bytes_view(signature)));
}

static const struct crypt_alg every_alg[] = {
    {CRYPT_ECDSA_RAW, CRYPT_SHA256, 0}, {CRYPT_ECDSA_RAW, CRYPT_SHA384, 0},
    {CRYPT_ECDSA_RAW, CRYPT_SHA512, 0}, {CRYPT_ECDSA_DER, CRYPT_SHA256, 0},
    {CRYPT_ECDSA_DER, CRYPT_SHA384, 0}, {CRYPT_ECDSA_DER, CRYPT_SHA512, 0},
    {CRYPT_RSA_PKCS1, CRYPT_SHA256, 0}, {CRYPT_RSA_PKCS1, CRYPT_SHA384, 0},
    {CRYPT_RSA_PKCS1, CRYPT_SHA512, 0}, {CRYPT_RSA_PSS, CRYPT_SHA256, 32},
    {CRYPT_RSA_PSS, CRYPT_SHA384, 48},  {CRYPT_RSA_PSS, CRYPT_SHA512, 64},
    {CRYPT_RSA_PSS, CRYPT_SHA256, 0},   {CRYPT_EDDSA, CRYPT_SHA512, 0},
};

/* Sign by each algorithm that the key has, and refuse each that it has not. */
static size_t sign_all(const struct crypt_signer *signer, struct slice spki)
{
    uint8_t message[] = "who is still here";
    struct crypt_alg own;
    size_t signed_by = 0;

    crypt_signer_alg(signer, &own);
    for (size_t i = 0; i < COUNT_OF(every_alg); i++) {
        const struct crypt_alg *alg = &every_alg[i];
        struct why why = {0};
        struct bytes signature;
        int rc;

        bytes_init(&signature, 4000);
        rc =
            crypt_signer_sign(signer, alg, slice_of(message, sizeof message), &signature, &why);
        if (rc == SH_OK) {
            if (memcmp(alg, &own, sizeof own) == 0)
                assert_int_equal(signature.len, crypt_signer_bytes(signer));
            judge(spki, alg, &signature);
            signed_by++;
        } else {
            assert_int_equal(rc, SH_EARG);
            assert_int_equal(signature.len, 0);
        }
        bytes_release(&signature);
    }
    return signed_by;
}

static void given_keys_sign(void **state)
{
    static const struct {
        const char *kind, *how;
        size_t algs, bytes;
    } rows[] = {
        {"P-256", "new", 6, 64},  {"P-256", "old", 6, 64},   {"P-384", "new", 6, 96},
        {"P-521", "new", 6, 132}, {"ED25519", "new", 1, 64}, {"RSA", "new", 7, 256},
        {"RSA", "old", 7, 256},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        EVP_PKEY *pkey = key_of(rows[i].kind);
        struct crypt_signer *signer = NULL;
        struct bytes pem, spki;
        struct why why = {0};

        bytes_init(&pem, 8000);
        bytes_init(&spki, 2000);
        pem_of(pkey, rows[i].how, &pem);
        if (crypt_signer_open(bytes_view(&pem), &signer, &why) != 0)
            fail_msg("%s %s: %s", rows[i].kind, rows[i].how, why.text);
        assert_int_equal(crypt_signer_public(signer, &spki, NULL), 0);
        assert_int_equal(crypt_signer_bytes(signer), rows[i].bytes);
        assert_int_equal(sign_all(signer, bytes_view(&spki)), rows[i].algs);
        crypt_signer_close(signer);
        EVP_PKEY_free(pkey);
        bytes_release(&pem);
        bytes_release(&spki);
    }
}

static void keys_of_other_kinds_are_refused(void **state)
{
    static const struct {
        const char *kind, *how;
        int rc;
    } rows[] = {
        {"secp256k1", "new", SH_EUNSUPPORTED},   {"ED448", "new", SH_EUNSUPPORTED},
        {"X25519", "new", SH_EUNSUPPORTED},      {"RSA1024", "new", SH_EUNSUPPORTED},
        {"P-256", "encrypted", SH_EUNSUPPORTED},
    };
    struct crypt_signer *signer = NULL;
    struct why why;
    struct bytes pem;
    EVP_PKEY *pkey;

    (void)state;
    bytes_init(&pem, 8000);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pkey = key_of(rows[i].kind);
        pem_of(pkey, rows[i].how, &pem);
        why = (struct why){0};
        assert_int_equal(crypt_signer_open(bytes_view(&pem), &signer, &why), rows[i].rc);
        assert_true(strlen(why.text) > 20);
        EVP_PKEY_free(pkey);
    }
    assert_int_equal(crypt_signer_open(slice_text("nothing"), &signer, NULL), SH_EFORMAT);
    assert_int_equal(crypt_signer_open(slice_text("-----BEGIN PRIVATE KEY-----\nAAAA\n"
                                                  "-----END PRIVATE KEY-----\n"),
                                       &signer, NULL),
                     SH_EFORMAT);
    /* Every beginning of a good one, up to the line behind its content. */
    pkey = key_of("P-256");
    pem_of(pkey, "new", &pem);
    for (size_t len = 0; len + 25 < pem.len; len++)
        assert_int_not_equal(
            crypt_signer_open(slice_sub(bytes_view(&pem), 0, len), &signer, NULL), 0);
    EVP_PKEY_free(pkey);
    bytes_release(&pem);
}

static void es256_scalar_signs(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_ECDSA_RAW, .hash = CRYPT_SHA256};
    uint8_t spki[CRYPT_SPKI_BYTES], message[] = "who is still here", made[CRYPT_ES256_BYTES];
    struct secret scalar = {{0}};
    struct bytes signature;

    (void)state;
    assert_false(crypt_es256_sign(&scalar, slice_text("x"), made));
    bytes_init(&signature, 100);
    for (size_t i = 0; i < 40; i++) {
        for (size_t j = 0; j < SECRET_BYTES; j++)
            scalar.byte[j] = (uint8_t)number();
        scalar.byte[0] &= 0x7f;
        assert_true(crypt_es256_public(&scalar, spki));
        assert_true(crypt_es256_sign(&scalar, slice_of(message, sizeof message), made));
        bytes_clear(&signature);
        bytes_append(&signature, made, sizeof made);
        judge(slice_of(spki, sizeof spki), &alg, &signature);
    }
    memset(scalar.byte, 0xff, SECRET_BYTES);
    assert_false(crypt_es256_sign(&scalar, slice_text("x"), made));
    bytes_release(&signature);
}

/* ---- public keys that are none ---- */

/* Each beginning, each flipped bit of the part before the point, and a point off the curve. */
static void damaged_public_keys(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_ECDSA_RAW, .hash = CRYPT_SHA256};
    uint8_t spki[CRYPT_SPKI_BYTES], made[CRYPT_ES256_BYTES], copy[CRYPT_SPKI_BYTES + 1];
    struct secret scalar = {{9, 9, 9}};
    struct slice message = slice_text("m"), signature = slice_of(made, sizeof made);

    (void)state;
    assert_true(crypt_es256_public(&scalar, spki));
    assert_true(crypt_es256_sign(&scalar, message, made));
    assert_true(crypto.signature_verify(&alg, slice_of(spki, sizeof spki), message, signature));
    for (size_t len = 0; len < sizeof spki; len++)
        assert_false(crypto.signature_verify(&alg, slice_of(spki, len), message, signature));
    memcpy(copy, spki, sizeof spki);
    copy[sizeof spki] = 0;
    assert_false(
        crypto.signature_verify(&alg, slice_of(copy, sizeof copy), message, signature));
    for (size_t bit = 0; bit < 8 * sizeof spki; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(
            crypto.signature_verify(&alg, slice_of(copy, sizeof spki), message, signature));
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* The same point compressed (RFC 5480 2.2 allows it), and in the hybrid form, which is none. */
static void forms_of_a_point(void **state)
{
    const struct crypt_alg alg = {.scheme = CRYPT_ECDSA_RAW, .hash = CRYPT_SHA256};
    uint8_t spki[CRYPT_SPKI_BYTES], made[CRYPT_ES256_BYTES];
    struct secret scalar = {{1, 2, 3}};
    struct slice message = slice_text("m"), signature = slice_of(made, sizeof made);
    uint8_t odd;

    (void)state;
    assert_true(crypt_es256_public(&scalar, spki));
    assert_true(crypt_es256_sign(&scalar, message, made));
    odd = spki[sizeof spki - 1] & 1;
    spki[26] = (uint8_t)(6 + odd);
    assert_false(
        crypto.signature_verify(&alg, slice_of(spki, sizeof spki), message, signature));
    spki[26] = (uint8_t)(2 + odd);
    spki[1] = (uint8_t)(spki[1] - 32);
    spki[24] = (uint8_t)(spki[24] - 32);
    assert_true(
        crypto.signature_verify(&alg, slice_of(spki, sizeof spki - 32), message, signature));
    spki[26] ^= 1;
    assert_false(
        crypto.signature_verify(&alg, slice_of(spki, sizeof spki - 32), message, signature));
}

/* A key for RSASSA-PSS alone, with a hash and a salt of its own (RFC 4055 3.3). */
static void pss_keys_hold_to_their_parameters(void **state)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    const struct crypt_alg wrong_hash = {CRYPT_RSA_PSS, CRYPT_SHA256, 48};
    const struct crypt_alg short_salt = {CRYPT_RSA_PSS, CRYPT_SHA384, 32};
    const struct crypt_alg other = {CRYPT_RSA_PKCS1, CRYPT_SHA384, 0};
    const struct crypt_alg alg = {CRYPT_RSA_PSS, CRYPT_SHA384, 48};
    struct crypt_signer *signer = NULL;
    struct bytes pem, spki, signature;
    struct crypt_alg own = {0};
    EVP_PKEY *pkey = NULL;

    (void)state;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha384()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_sha384()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 48), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    bytes_init(&pem, 8000);
    bytes_init(&spki, 2000);
    bytes_init(&signature, 2000);
    pem_of(pkey, "new", &pem);
    assert_int_equal(crypt_signer_open(bytes_view(&pem), &signer, NULL), 0);
    crypt_signer_alg(signer, &own);
    assert_true(own.scheme == alg.scheme && own.hash == alg.hash &&
                own.salt_len == alg.salt_len);
    assert_int_equal(crypt_signer_public(signer, &spki, NULL), 0);
    assert_int_equal(
        crypt_signer_sign(signer, &alg, slice_of("who is still here", 18), &signature, NULL),
        0);
    judge(bytes_view(&spki), &alg, &signature);
    signature.len = 256;
    assert_false(crypto.signature_verify(&wrong_hash, bytes_view(&spki),
                                         slice_of("who is still here", 18),
                                         bytes_view(&signature)));
    assert_int_equal(crypt_signer_sign(signer, &short_salt, slice_text("x"), &signature, NULL),
                     SH_EARG);
    assert_int_equal(crypt_signer_sign(signer, &other, slice_text("x"), &signature, NULL),
                     SH_EARG);
    crypt_signer_close(signer);
    bytes_release(&signature);
    bytes_release(&spki);
    bytes_release(&pem);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
}

/* ---- what can be judged at all ---- */

static void what_can_be_judged(void **state)
{
    const struct crypt_alg none = {0}, sha1 = {CRYPT_ECDSA_DER, CRYPT_SHA1, 0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(every_alg); i++) {
        assert_true(crypto.can_verify(&every_alg[i]));
        assert_int_equal(crypt_small.can_verify(&every_alg[i]),
                         every_alg[i].scheme == CRYPT_EDDSA);
    }
    assert_false(crypto.can_verify(&none) || crypt_small.can_verify(&none));
    assert_false(crypto.can_verify(&sha1) || crypt_small.can_verify(&sha1));
}

static void algorithms_by_their_der(void **state)
{
    static const struct {
        const char *hex;
        bool known;
        struct crypt_alg alg;
    } rows[] = {
        {"300a06082a8648ce3d040302", true, {CRYPT_ECDSA_DER, CRYPT_SHA256, 0}},
        {"300c06082a8648ce3d0403020500", false, {0}},
        {"300d06092a864886f70d01010b0500", true, {CRYPT_RSA_PKCS1, CRYPT_SHA256, 0}},
        {"300b06092a864886f70d01010d", true, {CRYPT_RSA_PKCS1, CRYPT_SHA512, 0}},
        {"300d06092a864886f70d0101050500", false, {0}}, /* SHA-1 */
        {"300d06092a864886f70d0101040500", false, {0}}, /* MD5 */
        {"300906072a8648ce3d0401", false, {0}},         /* ECDSA with SHA-1 */
        {"300506032b6570", true, {CRYPT_EDDSA, CRYPT_SHA512, 0}},
        {"300b06092a864886f70d01010a", false, {0}}, /* PSS: parameters are needed */
        {"300d06092a864886f70d01010a3000", false, {0}},
        {"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886"
         "f70d010108300d06096086480165030402010500a203020120",
         true,
         {CRYPT_RSA_PSS, CRYPT_SHA256, 32}},
        /* MGF1 with another hash. */
        {"304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886"
         "f70d010108300d06096086480165030402020500a203020120",
         false,
         {0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = strlen(rows[i].hex) / 2;
        struct crypt_alg alg = {0};
        uint8_t der[100];

        assert_true(hex_parse(slice_text(rows[i].hex), der, len));
        if (crypt_alg_parse(slice_of(der, len), &alg) != rows[i].known)
            fail_msg("row %zu", i);
        assert_memory_equal(&alg, &rows[i].alg, sizeof alg);
        for (size_t cut = 0; cut < len; cut++)
            assert_false(crypt_alg_parse(slice_of(der, cut), &alg));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_known_answers),
        cmocka_unit_test(digests_both_agree),
        cmocka_unit_test(wycheproof_p1363),
        cmocka_unit_test(wycheproof_ecdsa),
        cmocka_unit_test(wycheproof_pss),
        cmocka_unit_test(wycheproof_pkcs1),
        cmocka_unit_test(wycheproof_ed25519),
        cmocka_unit_test(raw_signatures_of_c2pa_rs),
        cmocka_unit_test(given_keys_sign),
        cmocka_unit_test(keys_of_other_kinds_are_refused),
        cmocka_unit_test(es256_scalar_signs),
        cmocka_unit_test(damaged_public_keys),
        cmocka_unit_test(forms_of_a_point),
        cmocka_unit_test(pss_keys_hold_to_their_parameters),
        cmocka_unit_test(what_can_be_judged),
        cmocka_unit_test(algorithms_by_their_der),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
