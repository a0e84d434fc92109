/*
 * crypt: known answers, other people's vectors, and the browser's implementation against
 * OpenSSL's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypt/crypt.h"
#include "vectors.h"

/* The browser's table beside the native one: its file's `crypto`, here by another name. */
#undef crypto
#define crypto crypt_small
extern const struct crypt_table crypt_small;
#include "crypt/crypt_wasm.c"
#undef crypto
#define crypto crypt_primitives

/* ---- a stream of numbers that is the same in every run ---- */

static uint64_t seed_now = 1;

static uint64_t number(void)
{
    seed_now ^= seed_now << 13;
    seed_now ^= seed_now >> 7;
    seed_now ^= seed_now << 17;
    return seed_now;
}

static void fill(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(number() >> 20);
}

/* ---- SHA-256 ---- */

static void digest_is(const struct crypt_table *table, struct slice data, const char *hex)
{
    uint8_t digest[32];
    char text[65];

    table->sha256(data, digest);
    hex_build(slice_of(digest, 32), text);
    assert_string_equal(text, hex);
}

/* Examples of FIPS 180-4's companion page, and the empty message. */
static void sha256_known_answers(void **state)
{
    const struct crypt_table *tables[] = {&crypto, &crypt_small};
    static uint8_t million[1000000];

    (void)state;
    memset(million, 'a', sizeof million);
    for (size_t i = 0; i < 2; i++) {
        digest_is(tables[i], slice_of(NULL, 0),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        digest_is(tables[i], slice_text("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        digest_is(tables[i],
                  slice_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        digest_is(tables[i], slice_of(million, sizeof million),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* 10^5 messages in random pieces: both implementations, streaming and at once. */
static void sha256_both_agree(void **state)
{
    static uint8_t data[1000];

    (void)state;
    for (size_t round = 0; round < 100000; round++) {
        size_t len = round < 300 ? round : number() % sizeof data, cut;
        uint8_t a[32], b[32], c[32];
        struct crypt_sha256 one, two;

        fill(data + number() % (sizeof data - 8), 8);
        cut = len ? number() % len : 0;
        crypto.sha256(slice_of(data, len), a);
        crypt_small.sha256(slice_of(data, len), b);
        assert_memory_equal(a, b, 32);
        crypt_small.sha256_init(&one);
        crypt_small.sha256_update(&one, slice_of(data, cut));
        two = one; /* branching off by assignment */
        crypt_small.sha256_update(&two, slice_of(data + cut, len - cut));
        crypt_small.sha256_final(&two, c);
        assert_memory_equal(a, c, 32);
        crypto.sha256_init(&one);
        crypto.sha256_update(&one, slice_of(data, cut));
        two = one;
        crypto.sha256_update(&two, slice_of(data + cut, len - cut));
        crypto.sha256_final(&two, c);
        assert_memory_equal(a, c, 32);
    }
}

/* Two running hashes that were begun differently, and the same data in pieces into both. */
static void sha256_of_two_agree(void **state)
{
    static uint8_t data[4000];

    (void)state;
    fill(data, sizeof data);
    for (size_t round = 0; round < 20000; round++) {
        struct crypt_sha256 one, other, alone[2];
        struct crypt_sha256 *both[2] = {&one, &other};
        uint8_t a[32], b[32];

        for (size_t i = 0; i < 2; i++) {
            crypto.sha256_init(both[i]);
            crypto.sha256_update(both[i], slice_of(data, number() % 200));
            alone[i] = *both[i];
        }
        for (size_t piece = 0; piece < 3; piece++) {
            size_t from = number() % 2000, len = number() % (piece ? 2000 : 140);
            struct slice part = slice_of(data + from, len);

            crypto.sha256_update_two(&one, &other, part);
            crypto.sha256_update(&alone[0], part);
            crypto.sha256_update(&alone[1], part);
        }
        for (size_t i = 0; i < 2; i++) {
            crypto.sha256_final(both[i], a);
            crypto.sha256_final(&alone[i], b);
            assert_memory_equal(a, b, 32);
        }
    }
}

/* ---- Ed25519 ---- */

static bool both_verify(const uint8_t *key, struct slice message, const uint8_t *signature)
{
    bool held = crypto.ed25519_verify(key, message, signature);

    if (crypt_small.ed25519_verify(key, message, signature) != held)
        fail_msg("OpenSSL says %d, the browser's verifier does not", held);
    return held;
}

/* RFC 8032 7.1, TEST 2. */
static void ed25519_known_answer(void **state)
{
    struct secret seed;
    uint8_t key[32], wanted_key[32], signature[64], wanted[64];

    (void)state;
    assert_true(hex_parse(
        slice_text("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
        seed.byte, 32));
    assert_true(hex_parse(
        slice_text("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        wanted_key, 32));
    assert_true(hex_parse(
        slice_text("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        wanted, 64));
    crypto.ed25519_public(&seed, key);
    assert_memory_equal(key, wanted_key, 32);
    crypto.ed25519_sign(&seed, slice_text("\x72"), signature);
    assert_memory_equal(signature, wanted, 64);
    assert_true(both_verify(key, slice_text("\x72"), signature));
    assert_false(both_verify(key, slice_text("\x73"), signature));
}

struct counted {
    size_t cases, held, strange; /* strange: held with a key that is not canonical */
};

static struct counted ed25519_vectors(const char *name)
{
    struct counted count = {0};

    while (vectors_next()) {
        uint8_t key[32], message[4096], signature[256];
        size_t len, signature_len;

        assert_int_equal(word_bytes(2, key, 32), 32);
        len = word_bytes(3, message, sizeof message);
        signature_len = word_bytes(4, signature, sizeof signature);
        count.cases++;
        if (vectors.row.word[1][0] == '?')
            fail_msg("%s, case %s: no decision", name, vectors.row.word[0]);
        /* Our shape cannot even hold a signature of another length. */
        if (signature_len == 64 && both_verify(key, slice_of(message, len), signature)) {
            count.held++;
            count.strange += vectors.row.words > 5 && vectors.row.word[5][0] == '4';
            expect(true);
        } else {
            expect(false);
        }
    }
    vectors_close();
    print_message("# %s: %zu cases, %zu hold\n", name, count.cases, count.held);
    return count;
}

static void ed25519_wycheproof(void **state)
{
    struct counted count;

    (void)state;
    if (!vectors_open("ed25519", "safety/wycheproof/ed25519_test.json"))
        skip();
    count = ed25519_vectors("wycheproof");
    assert_int_equal(count.cases, 151);
    assert_int_equal(count.held, 88);
}

/*
 * Edge cases where implementations differ, each decided (crypt.h, tests/vectors/flatten.py).
 * RFC 8032 refuses keys that are not canonical; of these 36 hold with us, as with OpenSSL and
 * Go: a key is taken from an identity note that its owner signed, and its bytes are hashed.
 */
static void ed25519_cctv(void **state)
{
    struct counted count;

    (void)state;
    if (!vectors_open("cctv", "safety/cctv-ed25519/ed25519/ed25519vectors.json"))
        skip();
    count = ed25519_vectors("cctv");
    assert_int_equal(count.cases, 914);
    assert_int_equal(count.held, 208);
    assert_int_equal(count.strange, 36);
}

/* Random keys, messages and damage; more with STILLHERE_FULL. */
static void ed25519_both_agree(void **state)
{
    const char *full = getenv("STILLHERE_FULL"); /* ./test sets it to nothing. */
    size_t rounds = full && *full ? 10000 : 500, held = 0;

    (void)state;
    for (size_t round = 0; round < rounds; round++) {
        struct secret seed;
        uint8_t key[32], message[200], signature[64];
        size_t len = number() % sizeof message, damage = number() % 5;

        fill(seed.byte, 32);
        fill(message, sizeof message);
        crypto.ed25519_public(&seed, key);
        crypto.ed25519_sign(&seed, slice_of(message, len), signature);
        if (damage == 1)
            signature[number() % 64] ^= (uint8_t)(1 << number() % 8);
        if (damage == 2)
            key[number() % 32] ^= (uint8_t)(1 << number() % 8);
        if (damage == 3)
            fill(signature, 64);
        if (damage == 4) {
            fill(key, 32);
            signature[63] &= 0x1f;
        }
        held += both_verify(key, slice_of(message, len), signature);
    }
    assert_true(held > rounds / 8 && held < rounds / 3);
}

/* ---- the rest, natively ---- */

static void x25519_wycheproof(void **state)
{
    size_t cases = 0;

    (void)state;
    if (!vectors_open("x25519", "safety/wycheproof/x25519_test.json"))
        skip();
    while (vectors_next()) {
        struct secret scalar, shared;
        uint8_t point[32], wanted[32];
        static const uint8_t nothing[32];
        bool zero_result;

        assert_int_equal(word_bytes(2, scalar.byte, 32), 32);
        assert_int_equal(word_bytes(3, point, 32), 32);
        assert_int_equal(word_bytes(4, wanted, 32), 32);
        zero_result = memcmp(wanted, nothing, 32) == 0;
        assert_int_equal(crypto.x25519(&scalar, point, &shared), !zero_result);
        if (!zero_result)
            assert_memory_equal(shared.byte, wanted, 32);
        cases++;
    }
    vectors_close();
    assert_true(cases > 400);
}

static void x25519_agrees_with_itself(void **state)
{
    struct secret a, b, left, right;
    uint8_t point_a[32], point_b[32];

    (void)state;
    fill(a.byte, 32);
    fill(b.byte, 32);
    crypto.x25519_public(&a, point_a);
    crypto.x25519_public(&b, point_b);
    assert_true(crypto.x25519(&a, point_b, &left));
    assert_true(crypto.x25519(&b, point_a, &right));
    assert_true(secret_equal(&left, &right));
}

static void chapoly_wycheproof(void **state)
{
    size_t cases = 0;

    (void)state;
    if (!vectors_open("chapoly", "safety/wycheproof/chacha20_poly1305_test.json"))
        skip();
    while (vectors_next()) {
        static uint8_t message[4096], sealed[4200], out[4200];
        struct secret key;
        uint8_t nonce[12];
        size_t len, sealed_len;
        bool held;

        assert_int_equal(word_bytes(2, key.byte, 32), 32);
        assert_int_equal(word_bytes(3, nonce, 12), 12);
        len = word_bytes(4, message, sizeof message);
        sealed_len = word_bytes(5, sealed, sizeof sealed);
        held = crypto.chapoly_open(&key, nonce, slice_of(sealed, sealed_len), out);
        expect(held);
        if (held) {
            assert_memory_equal(out, message, len);
            crypto.chapoly_seal(&key, nonce, slice_of(message, len), out);
            assert_memory_equal(out, sealed, sealed_len);
        }
        cases++;
    }
    vectors_close();
    assert_true(cases > 20);
}

static void chapoly_notices_each_flip(void **state)
{
    struct secret key;
    uint8_t nonce[12], sealed[40 + 16], out[56];

    (void)state;
    fill(key.byte, 32);
    fill(nonce, 12);
    memset(sealed, 'x', 40);
    crypto.chapoly_seal(&key, nonce, slice_of(sealed, 40), sealed); /* in place */
    assert_true(crypto.chapoly_open(&key, nonce, slice_of(sealed, sizeof sealed), out));
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(out[i], 'x');
    for (size_t i = 0; i < sizeof sealed * 8; i++) {
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(crypto.chapoly_open(&key, nonce, slice_of(sealed, sizeof sealed), out));
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        assert_false(crypto.chapoly_open(&key, nonce, slice_of(sealed, len), out));
    crypto.chapoly_seal(&key, nonce, slice_of(NULL, 0), sealed);
    assert_true(crypto.chapoly_open(&key, nonce, slice_of(sealed, 16), out));
}

static void hkdf_wycheproof(void **state)
{
    size_t cases = 0;

    (void)state;
    if (!vectors_open("hkdf", "safety/wycheproof/hkdf_sha256_test.json"))
        skip();
    while (vectors_next()) {
        static uint8_t ikm[4096], salt[4096], info[4096], wanted[32];
        struct secret out;
        size_t ikm_len = word_bytes(2, ikm, sizeof ikm);
        size_t salt_len = word_bytes(3, salt, sizeof salt);
        size_t info_len = word_bytes(4, info, sizeof info);

        assert_int_equal(word_bytes(5, wanted, 32), 32);
        crypto.hkdf_sha256(slice_of(ikm, ikm_len), slice_of(salt, salt_len),
                           slice_of(info, info_len), &out);
        assert_memory_equal(out.byte, wanted, 32);
        cases++;
    }
    vectors_close();
    assert_true(cases > 5);
}

static void hmac_wycheproof(void **state)
{
    size_t cases = 0;

    (void)state;
    if (!vectors_open("hmac", "safety/wycheproof/hmac_sha256_test.json"))
        skip();
    while (vectors_next()) {
        static uint8_t key[4096], message[4096], tag[32], out[32];
        size_t key_len = word_bytes(2, key, sizeof key);
        size_t len = word_bytes(3, message, sizeof message);

        assert_int_equal(word_bytes(4, tag, 32), 32);
        crypto.hmac_sha256(slice_of(key, key_len), slice_of(message, len), out);
        expect(memcmp(tag, out, 32) == 0);
        cases++;
    }
    vectors_close();
    assert_true(cases > 50);
}

/* ---- the C2PA authority ---- */

static void es256_scalars_out_of_range(void **state)
{
    struct secret scalar = {{0}};
    uint8_t spki[CRYPT_SPKI_BYTES];

    (void)state;
    assert_false(crypt_es256_public(&scalar, spki));
    memset(scalar.byte, 0xff, 32);
    assert_false(crypt_es256_public(&scalar, spki));
    /* The order itself, then one less (FIPS 186-4 D.1.2.3). */
    assert_true(hex_parse(
        slice_text("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        scalar.byte, 32));
    assert_false(crypt_es256_public(&scalar, spki));
    scalar.byte[31]--;
    assert_true(crypt_es256_public(&scalar, spki));
    /* Scalar 1: the base point itself, after the fixed 26 bytes of the header and 0x04. */
    memset(scalar.byte, 0, 32);
    scalar.byte[31] = 1;
    assert_true(crypt_es256_public(&scalar, spki));
    {
        uint8_t x[32];

        assert_true(hex_parse(
            slice_text("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"), x,
            32));
        assert_int_equal(spki[26], 0x04);
        assert_memory_equal(spki + 27, x, 32);
    }
}

/* Ask the openssl program what it sees in the certificate. */
static void openssl_reads(struct slice pem, const char *args[], struct bytes *out)
{
    int in[2], answer[2], status;
    uint8_t part[4096];
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(answer), 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        (void)dup2(in[0], 0);
        (void)dup2(answer[1], 1);
        (void)close(in[1]);
        (void)close(answer[0]);
        (void)execvp("openssl", (char *const *)(uintptr_t)args);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(answer[1]);
    assert_int_equal(write(in[1], pem.ptr, pem.len), (ssize_t)pem.len);
    (void)close(in[1]);
    while ((got = read(answer[0], part, sizeof part)) > 0)
        bytes_append(out, part, (size_t)got);
    (void)close(answer[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    bytes_u8(out, 0);
    assert_int_equal(bytes_check(out, NULL), 0);
}

static void has(const struct bytes *text, const char *part)
{
    if (!strstr((const char *)text->ptr, part))
        fail_msg("no \"%s\" in: %s", part, (const char *)text->ptr);
}

static void ca_certificate_as_openssl_sees_it(void **state)
{
    const char *args[] = {"openssl", "x509", "-noout", "-text", NULL};
    struct secret scalar;
    struct crypt_ca ca = {.scalar = &scalar, .short_id = "abcd-efgh-ijkl-mnop", .year = 2026};
    struct bytes pem, text;
    struct why why = {0};

    (void)state;
    memset(scalar.byte, 7, 32);
    memset(ca.serial, 0xff, 16);
    bytes_init(&pem, 8192);
    bytes_init(&text, 65536);
    assert_int_equal(crypt_ca_build(&ca, &pem, &why), 0);
    openssl_reads(bytes_view(&pem), args, &text);
    has(&text, "Version: 3 (0x2)");
    has(&text, "7f:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff");
    has(&text, "Issuer: O = stillhere, CN = abcd-efgh-ijkl-mnop");
    has(&text, "Subject: O = stillhere, CN = abcd-efgh-ijkl-mnop");
    has(&text, "Not Before: Jan  1 00:00:00 2026 GMT");
    has(&text, "Not After : Jan  1 00:00:00 2076 GMT");
    has(&text, "Basic Constraints: critical\n                CA:TRUE, pathlen:0");
    has(&text, "Key Usage: critical\n                Certificate Sign, CRL Sign");
    has(&text, "Subject Key Identifier");
    has(&text, "ecdsa-with-SHA256");
    has(&text, "NIST CURVE: P-256");
    bytes_release(&pem);
    bytes_release(&text);
}

/* The self-signature holds, by another path through the library: openssl verify. */
static void ca_certificate_is_self_signed(void **state)
{
    char path[] = "/tmp/t_crypt.XXXXXX";
    const char *args[] = {"openssl", "verify", "-x509_strict", "-check_ss_sig",
                          "-CAfile", path,     path,           NULL};
    struct secret scalar;
    struct crypt_ca ca = {.scalar = &scalar, .short_id = "abcd-efgh-ijkl-mnop", .year = 2026};
    struct bytes pem, text;
    int fd = mkstemp(path);

    (void)state;
    memset(scalar.byte, 9, 32);
    bytes_init(&pem, 8192);
    bytes_init(&text, 65536);
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem.ptr, pem.len), (ssize_t)pem.len);
    (void)close(fd);
    openssl_reads(slice_text(""), args, &text);
    (void)unlink(path);
    has(&text, ": OK");
    bytes_release(&pem);
    bytes_release(&text);
}

/* A leaf, as the openssl program sees it, and under its authority. */
static void leaf_under_its_authority(void **state)
{
    const char *print[] = {"openssl", "x509", "-inform", "DER", "-noout", "-text", NULL};
    char path[] = "/tmp/t_crypt.XXXXXX", leaf_path[] = "/tmp/t_crypt.XXXXXX";
    const char *verify[] = {"openssl", "verify", "-x509_strict", "-purpose", "smimesign",
                            "-CAfile", path,     leaf_path,      NULL};
    struct secret authority, scalar, other;
    struct crypt_ca ca = {
        .scalar = &authority, .short_id = "abcd-efgh-ijkl-mnop", .year = 2026};
    struct crypt_leaf leaf = {
        .ca = &authority, .scalar = &scalar, .short_id = "abcd-efgh-ijkl-mnop", .year = 2026};
    struct bytes pem, der, text;
    int fd = mkstemp(path), leaf_fd = mkstemp(leaf_path);

    (void)state;
    memset(authority.byte, 9, 32);
    memset(scalar.byte, 8, 32);
    memset(other.byte, 0, 32);
    bytes_init(&pem, 8192);
    bytes_init(&der, 8192);
    bytes_init(&text, 65536);
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), 0);
    assert_int_equal(crypt_leaf_build(&leaf, &der, NULL), 0);
    openssl_reads(bytes_view(&der), print, &text);
    has(&text, "Version: 3 (0x2)");
    has(&text, "Issuer: O = stillhere, CN = abcd-efgh-ijkl-mnop");
    has(&text, "Subject: O = stillhere, CN = abcd-efgh-ijkl-mnop");
    has(&text, "Not Before: Jan  1 00:00:00 2026 GMT");
    has(&text, "Not After : Jan  1 00:00:00 2056 GMT");
    has(&text, "Basic Constraints: critical\n                CA:FALSE");
    has(&text, "Key Usage: critical\n                Digital Signature\n");
    has(&text, "1.3.6.1.4.1.62558.2.1, E-mail Protection");
    has(&text, "Authority Key Identifier");
    assert_int_equal(write(fd, pem.ptr, pem.len), (ssize_t)pem.len);
    bytes_clear(&text);
    bytes_text(&text, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < der.len; at += 48) {
        base64_build(&text,
                     slice_sub(bytes_view(&der), at, der.len - at < 48 ? der.len - at : 48),
                     BASE64_PADDED);
        bytes_u8(&text, '\n');
    }
    bytes_text(&text, "-----END CERTIFICATE-----\n");
    assert_int_equal(write(leaf_fd, text.ptr, text.len), (ssize_t)text.len);
    bytes_clear(&text);
    openssl_reads(slice_text(""), verify, &text);
    has(&text, ": OK");
    (void)close(fd);
    (void)close(leaf_fd);
    (void)unlink(path);
    (void)unlink(leaf_path);
    bytes_clear(&der);
    leaf.scalar = &other;
    assert_int_equal(crypt_leaf_build(&leaf, &der, NULL), SH_EARG);
    leaf.scalar = &scalar;
    leaf.ca = &other;
    assert_int_equal(crypt_leaf_build(&leaf, &der, NULL), SH_EARG);
    leaf.ca = &authority;
    leaf.short_id = "";
    assert_int_equal(crypt_leaf_build(&leaf, &der, NULL), SH_EARG);
    assert_int_equal(der.len, 0);
    bytes_release(&pem);
    bytes_release(&der);
    bytes_release(&text);
}

static void ca_refuses(void **state)
{
    struct secret scalar = {{0}};
    struct crypt_ca ca = {.scalar = &scalar, .short_id = "abcd", .year = 2026};
    struct bytes pem;

    (void)state;
    bytes_init(&pem, 8192);
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), SH_EARG);
    scalar.byte[5] = 1;
    ca.short_id = "";
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), SH_EARG);
    ca.short_id = "abcd";
    ca.year = 9999;
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), SH_EARG);
    ca.year = 2026;
    assert_int_equal(pem.len, 0);
    assert_int_equal(crypt_ca_build(&ca, &pem, NULL), 0);
    bytes_release(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(sha256_both_agree),
        cmocka_unit_test(sha256_of_two_agree),
        cmocka_unit_test(ed25519_known_answer),
        cmocka_unit_test(ed25519_wycheproof),
        cmocka_unit_test(ed25519_cctv),
        cmocka_unit_test(ed25519_both_agree),
        cmocka_unit_test(x25519_wycheproof),
        cmocka_unit_test(x25519_agrees_with_itself),
        cmocka_unit_test(chapoly_wycheproof),
        cmocka_unit_test(chapoly_notices_each_flip),
        cmocka_unit_test(hkdf_wycheproof),
        cmocka_unit_test(hmac_wycheproof),
        cmocka_unit_test(es256_scalars_out_of_range),
        cmocka_unit_test(ca_certificate_as_openssl_sees_it),
        cmocka_unit_test(ca_certificate_is_self_signed),
        cmocka_unit_test(leaf_under_its_authority),
        cmocka_unit_test(ca_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
