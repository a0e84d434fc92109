/*
 * The table of primitives on OpenSSL 3.0's libcrypto.
 *
 * SHA-256 uses the low-level calls, which OpenSSL 3 marks as deprecated: they need neither a
 * provider nor a fetch.  Measured on a node of 65 bytes: low-level 0.08 us, EVP_Digest 0.36 us,
 * EVP with a fetched digest 0.15 us, and the first EVP call of a process costs a millisecond
 * that a command which only hashes never pays.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypt/crypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "crypt/crypt_int.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct crypt_sha256),
               "SHA256_CTX outgrew its room");
_Static_assert(_Alignof(SHA256_CTX) <= 16, "SHA256_CTX needs more alignment");

void crypt_library_ready(void)
{
    const uint64_t flags = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                           OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
                           OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;

    if (!OPENSSL_init_crypto(flags, NULL))
        bug("libcrypto does not start");
}

void crypt_must(bool held)
{
    if (!held)
        bug("libcrypto failed in a call that cannot fail");
}

/* ---- SHA-256 ---- */

static SHA256_CTX *state_of(struct crypt_sha256 *ctx)
{
    return (SHA256_CTX *)(void *)ctx->state;
}

static void sha256_init(struct crypt_sha256 *ctx)
{
    crypt_must(SHA256_Init(state_of(ctx)));
}

static void sha256_update(struct crypt_sha256 *ctx, struct slice data)
{
    if (data.len)
        crypt_must(SHA256_Update(state_of(ctx), data.ptr, data.len));
}

static void sha256_final(struct crypt_sha256 *ctx, uint8_t out[CRYPT_DIGEST_BYTES])
{
    crypt_must(SHA256_Final(out, state_of(ctx)));
}

static void sha256(struct slice data, uint8_t out[CRYPT_DIGEST_BYTES])
{
    struct crypt_sha256 ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, data);
    sha256_final(&ctx, out);
}

/* ---- Ed25519, X25519 ---- */

static bool ed25519_verify(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    static const uint8_t nothing[1];
    const uint8_t *data = message.len ? message.ptr : nothing;
    EVP_PKEY *pkey;
    EVP_MD_CTX *ctx;
    bool good;

    crypt_library_ready();
    pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, CRYPT_KEY_BYTES);
    ctx = EVP_MD_CTX_new();
    crypt_must(pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1);
    good = EVP_DigestVerify(ctx, signature, CRYPT_SIGNATURE_BYTES, data, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

static void raw_public(int type, const struct secret *secret, uint8_t key[CRYPT_KEY_BYTES])
{
    size_t len = CRYPT_KEY_BYTES;
    EVP_PKEY *pkey;

    crypt_library_ready();
    pkey = EVP_PKEY_new_raw_private_key(type, NULL, secret->byte, SECRET_BYTES);
    crypt_must(pkey && EVP_PKEY_get_raw_public_key(pkey, key, &len) == 1 &&
               len == CRYPT_KEY_BYTES);
    EVP_PKEY_free(pkey);
}

static void ed25519_public(const struct secret *seed, uint8_t key[CRYPT_KEY_BYTES])
{
    raw_public(EVP_PKEY_ED25519, seed, key);
}

static void ed25519_sign(const struct secret *seed, struct slice message,
                         uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    static const uint8_t nothing[1];
    const uint8_t *data = message.len ? message.ptr : nothing;
    size_t len = CRYPT_SIGNATURE_BYTES;
    EVP_PKEY *pkey;
    EVP_MD_CTX *ctx;

    crypt_library_ready();
    pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->byte, SECRET_BYTES);
    ctx = EVP_MD_CTX_new();
    crypt_must(pkey && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1);
    crypt_must(EVP_DigestSign(ctx, signature, &len, data, message.len) == 1);
    crypt_must(len == CRYPT_SIGNATURE_BYTES);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

static void x25519_public(const struct secret *scalar, uint8_t key[CRYPT_KEY_BYTES])
{
    raw_public(EVP_PKEY_X25519, scalar, key);
}

static bool x25519(const struct secret *scalar, const uint8_t point[CRYPT_KEY_BYTES],
                   struct secret *shared)
{
    size_t len = SECRET_BYTES;
    EVP_PKEY *mine, *theirs;
    EVP_PKEY_CTX *ctx;
    bool good;

    crypt_library_ready();
    mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar->byte, SECRET_BYTES);
    theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, CRYPT_KEY_BYTES);
    crypt_must(mine && theirs);
    ctx = EVP_PKEY_CTX_new(mine, NULL);
    crypt_must(ctx && EVP_PKEY_derive_init(ctx) == 1);
    /* OpenSSL refuses an all-zero result itself. */
    good = EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
           EVP_PKEY_derive(ctx, shared->byte, &len) == 1 && len == SECRET_BYTES;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return good;
}

/* ---- ChaCha20-Poly1305 ---- */

/*
 * One message after the other, in steps that an int can count.  out may be in: the library
 * works in place.
 */
static bool cipher_run(EVP_CIPHER_CTX *ctx, struct slice in, uint8_t *out)
{
    const size_t step = 1u << 30;
    int done;

    for (size_t at = 0; at < in.len;) {
        size_t len = in.len - at < step ? in.len - at : step;

        if (EVP_CipherUpdate(ctx, out + at, &done, in.ptr + at, (int)len) != 1)
            return false;
        at += len;
    }
    return true;
}

static void chapoly_seal(const struct secret *key, const uint8_t nonce[CRYPT_NONCE_BYTES],
                         struct slice plain, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx;
    uint8_t rest[CRYPT_TAG_BYTES];
    int len;

    crypt_library_ready();
    ctx = EVP_CIPHER_CTX_new();
    crypt_must(ctx &&
               EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key->byte, nonce, 1) == 1);
    crypt_must(cipher_run(ctx, plain, out) && EVP_CipherFinal_ex(ctx, rest, &len) == 1 && !len);
    crypt_must(
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG_BYTES, out + plain.len) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

static bool chapoly_open(const struct secret *key, const uint8_t nonce[CRYPT_NONCE_BYTES],
                         struct slice sealed, uint8_t *out)
{
    uint8_t tag[CRYPT_TAG_BYTES], rest[CRYPT_TAG_BYTES];
    EVP_CIPHER_CTX *ctx;
    struct slice body;
    bool good;
    int len;

    if (sealed.len < CRYPT_TAG_BYTES)
        return false;
    body = slice_sub(sealed, 0, sealed.len - CRYPT_TAG_BYTES);
    memcpy(tag, sealed.ptr + body.len, CRYPT_TAG_BYTES);
    crypt_library_ready();
    ctx = EVP_CIPHER_CTX_new();
    crypt_must(ctx &&
               EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key->byte, nonce, 0) == 1);
    crypt_must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG_BYTES, tag) == 1);
    good = cipher_run(ctx, body, out) && EVP_CipherFinal_ex(ctx, rest, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

/* ---- HMAC (RFC 2104) and HKDF (RFC 5869), on the SHA-256 above ---- */

#define BLOCK_BYTES 64

/* H((K xor pad) || first || second), K already at most a block long. */
static void keyed_hash(const uint8_t block[BLOCK_BYTES], uint8_t pad, struct slice first,
                       struct slice second, uint8_t out[CRYPT_DIGEST_BYTES])
{
    uint8_t mixed[BLOCK_BYTES];
    struct crypt_sha256 ctx;

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        mixed[i] = block[i] ^ pad;
    sha256_init(&ctx);
    sha256_update(&ctx, slice_of(mixed, sizeof mixed));
    sha256_update(&ctx, first);
    sha256_update(&ctx, second);
    sha256_final(&ctx, out);
    wipe(mixed, sizeof mixed);
    wipe(&ctx, sizeof ctx);
}

static void hmac_two(struct slice key, struct slice first, struct slice second,
                     uint8_t out[CRYPT_DIGEST_BYTES])
{
    uint8_t block[BLOCK_BYTES] = {0}, inner[CRYPT_DIGEST_BYTES];

    if (key.len > BLOCK_BYTES)
        sha256(key, block);
    else if (key.len)
        memcpy(block, key.ptr, key.len);
    keyed_hash(block, 0x36, first, second, inner);
    keyed_hash(block, 0x5c, slice_of(inner, sizeof inner), slice_of(NULL, 0), out);
    wipe(block, sizeof block);
    wipe(inner, sizeof inner);
}

static void hmac_sha256(struct slice key, struct slice message, uint8_t out[CRYPT_DIGEST_BYTES])
{
    hmac_two(key, message, slice_of(NULL, 0), out);
}

static void hkdf_sha256(struct slice ikm, struct slice salt, struct slice info,
                        struct secret *out)
{
    static const uint8_t first_block[1] = {1};
    struct secret prk;

    /* An empty salt is a key of zeros: the same block in HMAC (2.2). */
    hmac_two(salt, ikm, slice_of(NULL, 0), prk.byte);
    hmac_two(slice_of(prk.byte, sizeof prk.byte), info, slice_of(first_block, 1), out->byte);
    secret_wipe(&prk);
}

/* ---- scrypt ---- */

#define SCRYPT_R 8
#define SCRYPT_SLACK (UINT64_C(1) << 20) /* bytes beside the table: blocks and bookkeeping */

static bool scrypt(struct slice passphrase, struct slice salt, unsigned log_n,
                   struct secret *out)
{
    uint64_t rounds = UINT64_C(1) << log_n;
    uint64_t memory = rounds * 128 * SCRYPT_R + SCRYPT_SLACK;

    if (!log_n || log_n > LIMIT_AGE_WORK_FACTOR)
        bug("a work factor of scrypt that nobody checked");
    crypt_library_ready();
    return EVP_PBE_scrypt((const char *)passphrase.ptr, passphrase.len, salt.ptr, salt.len,
                          rounds, SCRYPT_R, 1, memory, out->byte, sizeof(out->byte)) == 1;
}

const struct crypt_table crypto = {
    .sha256 = sha256,
    .sha256_init = sha256_init,
    .sha256_update = sha256_update,
    .sha256_final = sha256_final,
    .sha256_update_two = crypt_sha256_update_two,
    .ed25519_verify = ed25519_verify,
    .digest = crypt_verify_digest,
    .digest_init = crypt_verify_digest_init,
    .digest_update = crypt_verify_digest_update,
    .digest_final = crypt_verify_digest_final,
    .can_verify = crypt_verify_can,
    .signature_verify = crypt_verify_signature,
    .ed25519_public = ed25519_public,
    .ed25519_sign = ed25519_sign,
    .x25519_public = x25519_public,
    .x25519 = x25519,
    .chapoly_seal = chapoly_seal,
    .chapoly_open = chapoly_open,
    .hkdf_sha256 = hkdf_sha256,
    .hmac_sha256 = hmac_sha256,
    .scrypt = scrypt,
};
