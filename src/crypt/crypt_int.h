/* crypt, inside: foreign public keys and signatures; what the OpenSSL files share. */
#ifndef CRYPT_CRYPT_INT_H
#define CRYPT_CRYPT_INT_H

#include "crypt/crypt.h"

/* ---- crypt_public.c: pure, beside every table ---- */

/* Is it a hash that signatures may use? */
bool crypt_hash_signs(enum crypt_hash hash);

enum crypt_public_kind { CRYPT_PUBLIC_EC = 1, CRYPT_PUBLIC_RSA, CRYPT_PUBLIC_ED25519 };
enum crypt_curve { CRYPT_P256 = 1, CRYPT_P384, CRYPT_P521 };

/* A SubjectPublicKeyInfo, borrowed. */
struct crypt_public {
    enum crypt_public_kind kind;
    enum crypt_curve curve;
    size_t order_bytes;   /* of the curve's order; its field is as long */
    struct slice point;   /* EC: 04, or 02 and 03, with x (and y); Ed25519: the key */
    struct slice modulus; /* big-endian, without zeros in front */
    struct slice exponent;
    unsigned bits;  /* of the modulus */
    bool pss_only;  /* id-RSASSA-PSS */
    bool pss_bound; /* and with parameters: pss */
    struct crypt_alg pss;
};
/* False for what signature_verify takes no signature of; points are not looked at. */
MUST_CHECK bool crypt_public_parse(struct slice spki, struct crypt_public *out);
/* May the key make signatures by alg? */
bool crypt_public_fits(const struct crypt_public *key, const struct crypt_alg *alg);

/* Not a cap: the longest there is. */
#define CRYPT_ECDSA_MAX 132 /* bytes of r || s for P-521 */
/* Strict DER to r || s, 2 * order_bytes long. */
MUST_CHECK bool crypt_ecdsa_parse(struct slice der, size_t order_bytes, uint8_t *raw);
/*
 * em is s^e mod n, key->modulus.len bytes, changed here: is it the encoding of message?  alg
 * is one of RSA that fits.
 */
bool crypt_rsa_opens(const struct crypt_public *key, const struct crypt_alg *alg, uint8_t *em,
                     struct slice message);

/* ---- OpenSSL's files ---- */

/*
 * Called before the first call of each function that needs more of libcrypto than SHA-256.  The
 * library must not read openssl.cnf, so that nothing on the machine can swap the algorithms and
 * a caged process needs no files; nor list all ciphers, digests and error texts by name, which
 * is a third of the start-up time of a process that signs once (measured: 3.4 to 2.4 ms, with
 * the process itself).  Does its work once and is cheap and safe to call again.
 */
void crypt_library_ready(void);

/* For calls that fail only when the library itself does: that is our bug, and stops. */
void crypt_must(bool held);

/* crypt_ca.c: the EVP_PKEY of a P-256 scalar, or NULL when the scalar is none. */
struct evp_pkey_st *crypt_ca_pair(const struct secret *scalar);

/* crypt_verify.c, for the table in crypt_openssl.c. */
void crypt_verify_digest(enum crypt_hash hash, struct slice data, uint8_t *out);
void crypt_verify_digest_init(struct crypt_digest *ctx, enum crypt_hash hash);
void crypt_verify_digest_update(struct crypt_digest *ctx, struct slice data);
void crypt_verify_digest_final(struct crypt_digest *ctx, uint8_t *out);
bool crypt_verify_can(const struct crypt_alg *alg);
bool crypt_verify_signature(const struct crypt_alg *alg, struct slice spki,
                            struct slice message, struct slice signature);

/* The table's sha256_update_two (crypt_two.c). */
void crypt_sha256_update_two(struct crypt_sha256 *one, struct crypt_sha256 *other,
                             struct slice data);

#endif
