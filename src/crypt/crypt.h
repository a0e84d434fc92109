/*
 * crypt -- the one place that sees a crypto library.
 *
 * Spec:    FIPS 180-4 (SHA), RFC 8032 (Ed25519), RFC 7748 (X25519), RFC 8439
 *          (ChaCha20-Poly1305), RFC 5869 (HKDF), RFC 2104 (HMAC), RFC 7914 (scrypt), FIPS
 *          186-4 (ECDSA), RFC 8017 (RSA), RFC 5280, 5480, 4055 and 8410 (public keys).
 * Shapes:  digest 32 bytes; Ed25519 and X25519 keys 32 bytes, signature 64 bytes; digests and
 *          signatures by name: as their names say.
 * Memory:  allocates nothing that outlives a call.
 * Errors:  false where a thing does not hold; a failing library is our bug and stops.
 * Threads: no state.
 *
 * The table `crypto` is defined by exactly one file of each program: crypt_openssl.c natively,
 * crypt_wasm.c in the browser, where the entries that make secrets are NULL, and of signatures
 * by name only Ed25519 can be checked: ask can_verify before saying that one does not hold.
 */
#ifndef CRYPT_CRYPT_H
#define CRYPT_CRYPT_H

#include "base/base.h"

#define CRYPT_DIGEST_BYTES 32
#define CRYPT_KEY_BYTES 32
#define CRYPT_SIGNATURE_BYTES 64
#define CRYPT_TAG_BYTES 16
#define CRYPT_NONCE_BYTES 12

/* A running SHA-256.  Plain memory: copy it by assignment to branch off. */
struct crypt_sha256 {
    _Alignas(16) uint8_t state[128];
};

/* ---- hashes and signatures by name, as X.509, COSE and CMS choose them ---- */

enum crypt_hash {
    CRYPT_SHA256 = 1,
    CRYPT_SHA384 = 2,
    CRYPT_SHA512 = 3,
    CRYPT_SHA1 = 4, /* names of things only (OCSP's CertID, ESSCertID): never of a signature */
};
/* Not a cap: the longest digest there is, bytes. */
#define CRYPT_DIGEST_MAX 64
/* 32, 48, 64 or 20; 0 for another number: what no table knows. */
size_t crypt_hash_bytes(enum crypt_hash hash);

/* A running digest.  Plain memory: copy it by assignment to branch off. */
struct crypt_digest {
    enum crypt_hash hash;
    _Alignas(16) uint8_t state[224];
};

enum crypt_scheme {
    CRYPT_ECDSA_RAW = 1, /* r || s, each as long as the group's order (COSE, RFC 9053 2.1) */
    CRYPT_ECDSA_DER = 2, /* SEQUENCE of two INTEGERs, strict DER (X.509, CMS; RFC 3279) */
    CRYPT_RSA_PKCS1 = 3, /* RSASSA-PKCS1-v1_5 (RFC 8017 8.2) */
    CRYPT_RSA_PSS = 4,   /* RSASSA-PSS, MGF1 with the same hash, salt of salt_len bytes (8.1) */
    CRYPT_EDDSA = 5, /* Ed25519; its hash is no choice: that of the struct is not looked at */
};
struct crypt_alg {
    enum crypt_scheme scheme; /* 0: none that we know */
    enum crypt_hash hash;
    unsigned salt_len; /* bytes, CRYPT_RSA_PSS only */
};

struct crypt_table {
    void (*sha256)(struct slice data, uint8_t out[CRYPT_DIGEST_BYTES]);
    void (*sha256_init)(struct crypt_sha256 *ctx);
    void (*sha256_update)(struct crypt_sha256 *ctx, struct slice data);
    void (*sha256_final)(struct crypt_sha256 *ctx, uint8_t out[CRYPT_DIGEST_BYTES]);
    /* sha256_update of both with the same data, for little more than the price of one. */
    void (*sha256_update_two)(struct crypt_sha256 *one, struct crypt_sha256 *other,
                              struct slice data);

    /*
     * RFC 8032 5.1.7, as OpenSSL and Go judge it: false for a bad signature, key or point.  S
     * is below the group's order; R is compared byte by byte; nothing is multiplied by the
     * cofactor; points of low order and a key that is not canonical are taken as they are.
     */
    bool (*ed25519_verify)(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES]);

    /* By name; another number than those of enum crypt_hash is our bug. */
    void (*digest)(enum crypt_hash hash, struct slice data, uint8_t out[CRYPT_DIGEST_MAX]);
    /* Running: SHA-2 only; CRYPT_SHA1 is our bug. */
    void (*digest_init)(struct crypt_digest *ctx, enum crypt_hash hash);
    void (*digest_update)(struct crypt_digest *ctx, struct slice data);
    void (*digest_final)(struct crypt_digest *ctx, uint8_t out[CRYPT_DIGEST_MAX]);

    /* Can this program judge signatures of that kind at all?  Never with CRYPT_SHA1. */
    bool (*can_verify)(const struct crypt_alg *alg);
    /*
     * Is it the signature of message by the key in spki, a SubjectPublicKeyInfo in strict DER?
     * False as well for what can_verify denies, for a key of another kind than the scheme's
     * (also an id-RSASSA-PSS key whose parameters forbid it, RFC 4055 3.3), for groups other
     * than P-256, P-384 and P-521, for points that are not on them, and for RSA below
     * LIMIT_RSA_LEAST_BITS or above LIMIT_RSA_BITS bits.
     */
    bool (*signature_verify)(const struct crypt_alg *alg, struct slice spki,
                             struct slice message, struct slice signature);

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

/* ---- AlgorithmIdentifiers (items with their tag), for all who read DER ---- */

/* A hash with parameters absent or NULL; 0: none of enum crypt_hash. */
enum crypt_hash crypt_hash_parse(struct slice item);
/*
 * A signature algorithm: ecdsa-with-SHA-2 (CRYPT_ECDSA_DER), SHA-2 with RSA, RSASSA-PSS with
 * SHA-2 throughout, Ed25519; parameters as their RFCs ask.  False for all others, so for MD5
 * and SHA-1.
 */
MUST_CHECK bool crypt_alg_parse(struct slice item, struct crypt_alg *out);
/* RSASSA-PSS-params alone (RFC 4055 3.1). */
MUST_CHECK bool crypt_pss_parse(struct slice params, struct crypt_alg *out);

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

#define CRYPT_ES256_BYTES 64
/* r || s over SHA-256 of message; false when the scalar is none (see above). */
MUST_CHECK bool crypt_es256_sign(const struct secret *scalar, struct slice message,
                                 uint8_t signature[CRYPT_ES256_BYTES]);

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

struct crypt_leaf {
    const struct secret *ca;     /* the authority's scalar: a good one, */
    const struct secret *scalar; /* and so the leaf's own */
    const char *short_id;        /* as in struct crypt_ca, of subject and issuer */
    uint8_t serial[16];          /* the same */
    int32_t year; /* valid from 1 January 00:00 UTC of it, for CRYPT_LEAF_YEARS */
};
#define CRYPT_LEAF_YEARS 30
/*
 * Append a certificate of that authority for signing claims (FORMATS.md; C2PA 2.2 14.5.1) as
 * DER: no CA, digital signature (both critical), claim signing and e-mail protection, and the
 * identifiers of both keys.  SH_EARG as above.
 */
MUST_CHECK int crypt_leaf_build(const struct crypt_leaf *leaf, struct bytes *der,
                                struct why *why);

/* ---- signing with a key that somebody brings: natively only (crypt_sign.c) ---- */

struct crypt_signer; /* a private key */
/*
 * The first private key in a PEM text: PKCS#8 (not encrypted), SEC 1 or PKCS#1; P-256, P-384,
 * P-521, Ed25519, or RSA of LIMIT_RSA_LEAST_BITS to LIMIT_RSA_BITS bits.  SH_EFORMAT: no such
 * key or damaged; SH_EUNSUPPORTED: a kind that C2PA has not, or encrypted.
 */
MUST_CHECK int crypt_signer_open(struct slice pem, struct crypt_signer **out, struct why *why);
void crypt_signer_close(struct crypt_signer *signer); /* NULL is fine */
/* Its public half as SubjectPublicKeyInfo DER: what the certificate must hold byte by byte. */
MUST_CHECK int crypt_signer_public(const struct crypt_signer *signer, struct bytes *spki,
                                   struct why *why);
/*
 * The algorithm that COSE has for it: ES256, ES384, ES512 (raw) by the group, PS256 for RSA
 * (PS384, PS512 for a key that is bound to their hash), EdDSA.  sign takes this one; for RSA
 * also PS384, PS512 and PKCS#1; for ECDSA also DER.
 */
void crypt_signer_alg(const struct crypt_signer *signer, struct crypt_alg *alg);
/* Bytes of each signature that sign makes with crypt_signer_alg. */
size_t crypt_signer_bytes(const struct crypt_signer *signer);
/* Append the signature of message.  SH_EARG: the key cannot do that. */
MUST_CHECK int crypt_signer_sign(const struct crypt_signer *signer, const struct crypt_alg *alg,
                                 struct slice message, struct bytes *signature,
                                 struct why *why);

#endif
