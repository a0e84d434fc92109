/*
 * crypt -- the one place that sees a crypto library.
 *
 * Spec:    FIPS 180-4 (SHA-2), RFC 8032 (Ed25519), RFC 7748 (X25519), RFC 8439
 *          (ChaCha20-Poly1305), RFC 5869 (HKDF), RFC 2104 (HMAC), RFC 7914 (scrypt), FIPS
 *          186-4 (P-256).
 * Shapes:  digest 32 bytes; Ed25519 and X25519 keys 32 bytes, signature 64 bytes.
 * Memory:  allocates nothing that outlives a call.
 * Errors:  false where a thing does not hold; a failing library is our bug and stops.
 * Threads: no state.
 *
 * The table `crypto` is defined by exactly one file of each program: crypt_openssl.c natively,
 * crypt_wasm.c in the browser, where the entries that make secrets are NULL.
 */
#ifndef CRYPT_CRYPT_H
#define CRYPT_CRYPT_H

#include "base/base.h"

#define CRYPT_DIGEST_BYTES 32
#define CRYPT_KEY_BYTES 32
#define CRYPT_SIGNATURE_BYTES 64
#define CRYPT_TAG_BYTES 16
#define CRYPT_NONCE_BYTES 12

/* Hash functions of others' files.  CRYPT_SHA1 only where OCSP and old time stamps name a
 * certificate by it; never in a signature. */
enum crypt_hash { CRYPT_SHA256 = 1, CRYPT_SHA384, CRYPT_SHA512, CRYPT_SHA1 };
/* Not a cap: the longest digest there is, bytes. */
#define CRYPT_DIGEST_MAX 64

/* How others sign. */
enum crypt_scheme {
    CRYPT_ECDSA_RAW, /* r and s side by side, as COSE has them */
    CRYPT_ECDSA_DER, /* as certificates have them */
    CRYPT_RSA_PKCS1,
    CRYPT_RSA_PSS, /* mask by the same hash; salt_len bytes of salt */
    CRYPT_EDDSA    /* Ed25519; hash is of no meaning */
};
struct crypt_alg {
    enum crypt_scheme scheme;
    enum crypt_hash hash;
    unsigned salt_len; /* bytes; CRYPT_RSA_PSS only */
};

/* A running SHA-256.  Plain memory: copy it by assignment to branch off. */
struct crypt_sha256 {
    _Alignas(16) uint8_t state[128];
};

struct crypt_table {
    void (*sha256)(struct slice data, uint8_t out[CRYPT_DIGEST_BYTES]);
    void (*sha256_init)(struct crypt_sha256 *ctx);
    void (*sha256_update)(struct crypt_sha256 *ctx, struct slice data);
    void (*sha256_final)(struct crypt_sha256 *ctx, uint8_t out[CRYPT_DIGEST_BYTES]);

    /*
     * RFC 8032 5.1.7, as OpenSSL and Go judge it: false for a bad signature, key or point.  S
     * is below the group's order; R is compared byte by byte; nothing is multiplied by the
     * cofactor; points of low order and a key that is not canonical are taken as they are.
     */
    bool (*ed25519_verify)(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES]);

    /* Below: NULL in the browser. */
    void (*ed25519_public)(const struct secret *seed, uint8_t key[CRYPT_KEY_BYTES]);
    void (*ed25519_sign)(const struct secret *seed, struct slice message,
                         uint8_t signature[CRYPT_SIGNATURE_BYTES]);
    void (*x25519_public)(const struct secret *scalar, uint8_t key[CRYPT_KEY_BYTES]);
    /* False when the shared secret is all zero (RFC 7748 6.1). */
    bool (*x25519)(const struct secret *scalar, const uint8_t point[CRYPT_KEY_BYTES],
                   struct secret *shared);
    /* out holds plain.len + CRYPT_TAG_BYTES bytes; may start at plain.ptr. */
    void (*chapoly_seal)(const struct secret *key, const uint8_t nonce[CRYPT_NONCE_BYTES],
                         struct slice plain, uint8_t *out);
    /* out holds sealed.len - CRYPT_TAG_BYTES bytes; false (out undefined) for a wrong tag. */
    bool (*chapoly_open)(const struct secret *key, const uint8_t nonce[CRYPT_NONCE_BYTES],
                         struct slice sealed, uint8_t *out);
    /* 32 bytes of HKDF-SHA-256. */
    void (*hkdf_sha256)(struct slice ikm, struct slice salt, struct slice info,
                        struct secret *out);
    void (*hmac_sha256)(struct slice key, struct slice message,
                        uint8_t out[CRYPT_DIGEST_BYTES]);
    /*
     * RFC 7914 with N = 2^log_n (1..LIMIT_AGE_WORK_FACTOR), r = 8, p = 1: takes 2^log_n KiB of
     * memory; false when there is none.
     */
    bool (*scrypt)(struct slice passphrase, struct slice salt, unsigned log_n,
                   struct secret *out);
};

/* Not `crypt`, which <unistd.h> declares; the linker's name has the module's in front. */
#define crypto crypt_primitives
extern const struct crypt_table crypto;

/* ---- ES256 keys and the channel's C2PA authority: natively only (crypt_ca.c) ---- */

#define CRYPT_SPKI_BYTES 91 /* DER of a P-256 SubjectPublicKeyInfo, uncompressed point */

/*
 * The public half of the P-256 scalar (big-endian) as SubjectPublicKeyInfo DER.  False when
 * the scalar is 0 or not below the group's order: draw 32 new random bytes then.
 */
MUST_CHECK bool crypt_es256_public(const struct secret *scalar, uint8_t spki[CRYPT_SPKI_BYTES]);

struct crypt_ca {
    const struct secret *scalar; /* a good one: see crypt_es256_public */
    const char *short_id;        /* the subject's CN; its O is "stillhere" */
    uint8_t serial[16]; /* random; its top bit is cleared, a zero first byte is made 1 */
    int32_t year;       /* valid from 1 January 00:00 UTC of it, for 50 years */
};
/*
 * Append the self-signed certificate of the channel's C2PA authority as PEM (FORMATS.md,
 * "Credentials in files made by post"): CA:TRUE with path length 0 and certificate and CRL
 * signing, both critical, and a subject key identifier.  SH_EARG: bad scalar, year or name.
 */
MUST_CHECK int crypt_ca_build(const struct crypt_ca *ca, struct bytes *pem, struct why *why);

#endif
