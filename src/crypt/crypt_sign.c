/*
 * Signing with a P-256 scalar and with a key that somebody brings in a PEM text, on OpenSSL.
 * Clauses: FIPS 186-4 6 (ECDSA, its number k drawn by OpenSSL from the message, the key and the
 * system's randomness); RFC 8017 8 (RSA); RFC 5208, 5915, 8017 A.1.2 (private keys); RFC 9053
 * 2 (what COSE makes of them).
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypt/crypt.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypt/crypt_int.h"

bool crypt_es256_sign(const struct secret *scalar, struct slice message,
                      uint8_t signature[CRYPT_ES256_BYTES])
{
    EVP_PKEY *pkey = crypt_ca_pair(scalar);
    uint8_t digest[CRYPT_DIGEST_BYTES];
    ECDSA_SIG *sig;
    EC_KEY *ec;

    if (!pkey)
        return false;
    crypto.sha256(message, digest);
    ec = EVP_PKEY_get1_EC_KEY(pkey);
    crypt_must(ec != NULL);
    sig = ECDSA_do_sign(digest, sizeof digest, ec);
    crypt_must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32) == 32 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32) == 32);
    ECDSA_SIG_free(sig);
    EC_KEY_free(ec);
    EVP_PKEY_free(pkey);
    return true;
}

/* ---- a key that somebody brings ---- */

struct crypt_signer {
    EVP_PKEY *pkey;
    struct crypt_alg alg;
    size_t bytes; /* of a signature by alg */
};

static int ec_alg(struct crypt_signer *signer)
{
    static const struct {
        int nid;
        enum crypt_hash hash;
        size_t bytes;
    } known[] = {
        {NID_X9_62_prime256v1, CRYPT_SHA256, 64},
        {NID_secp384r1, CRYPT_SHA384, 96},
        {NID_secp521r1, CRYPT_SHA512, 132},
    };
    const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(signer->pkey);
    int nid = ec ? EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) : NID_undef;

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i].nid != nid)
            continue;
        signer->alg = (struct crypt_alg){.scheme = CRYPT_ECDSA_RAW, .hash = known[i].hash};
        signer->bytes = known[i].bytes;
        return SH_OK;
    }
    return SH_EUNSUPPORTED;
}

/* A key for RSASSA-PSS alone may be bound to one hash (RFC 4055 3.3). */
static int pss_alg(struct crypt_signer *signer, struct why *why)
{
    static const struct {
        const char *name;
        enum crypt_hash hash;
    } known[] = {
        {"SHA2-256", CRYPT_SHA256}, {"SHA2-384", CRYPT_SHA384}, {"SHA2-512", CRYPT_SHA512}};
    char name[32];

    signer->alg = (struct crypt_alg){
        .scheme = CRYPT_RSA_PSS, .hash = CRYPT_SHA256, .salt_len = CRYPT_DIGEST_BYTES};
    if (EVP_PKEY_get_base_id(signer->pkey) != EVP_PKEY_RSA_PSS ||
        EVP_PKEY_get_utf8_string_param(signer->pkey, OSSL_PKEY_PARAM_RSA_DIGEST, name,
                                       sizeof name, NULL) != 1)
        return SH_OK;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(name, known[i].name) == 0) {
            signer->alg.hash = known[i].hash;
            signer->alg.salt_len = (unsigned)crypt_hash_bytes(known[i].hash);
            return SH_OK;
        }
    return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                   "private key: RSASSA-PSS with a hash that is not SHA-2 of 256, 384 or 512 "
                   "bits (C2PA 13.2)");
}

static int alg_of(struct crypt_signer *signer, struct why *why)
{
    int bits = EVP_PKEY_get_bits(signer->pkey);

    switch (EVP_PKEY_get_base_id(signer->pkey)) {
    case EVP_PKEY_EC:
        if (ec_alg(signer) == SH_OK)
            return SH_OK;
        break;
    case EVP_PKEY_ED25519:
        signer->alg = (struct crypt_alg){.scheme = CRYPT_EDDSA, .hash = CRYPT_SHA512};
        signer->bytes = CRYPT_SIGNATURE_BYTES;
        return SH_OK;
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        if (bits < LIMIT_RSA_LEAST_BITS || bits > LIMIT_RSA_BITS)
            return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                           "private key: RSA of %d bits, and %d to %d can sign (C2PA 13.2)",
                           bits, LIMIT_RSA_LEAST_BITS, LIMIT_RSA_BITS);
        signer->bytes = ((size_t)bits + 7) / 8;
        return pss_alg(signer, why);
    default:
        break;
    }
    return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                   "private key: one of P-256, P-384, P-521, Ed25519 or RSA can sign, and this "
                   "is another kind (C2PA 13.2)");
}

/* There is nobody to ask for a password here. */
static int no_password(char *out, int room, int writing, void *ctx)
{
    (void)room;
    (void)writing;
    *out = 0;
    *(bool *)ctx = true;
    return -1;
}

static bool says(struct slice text, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at + len <= text.len; at++) {
        if (memcmp(text.ptr + at, word, len) == 0)
            return true;
    }
    return false;
}

int crypt_signer_open(struct slice pem, struct crypt_signer **out, struct why *why)
{
    struct crypt_signer *signer;
    bool asked = false;
    BIO *bio;
    int rc;

    if (pem.len > LIMIT_KEY_PEM_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_KEY_PEM_BYTES,
                       "private key: more than %d bytes of PEM", LIMIT_KEY_PEM_BYTES);
    if (!says(pem, "PRIVATE KEY-----"))
        return why_set(
            why, SH_EFORMAT, WHY_NOWHERE,
            "private key: no PEM block of one (-----BEGIN PRIVATE KEY-----); out of another "
            "form \"openssl pkey -inform DER -in FILE -out NEW.pem\" makes it");
    crypt_library_ready();
    /* A PSS key names them in its parameters, and crypt_library_ready adds no names. */
    crypt_must(EVP_add_digest(EVP_sha256()) && EVP_add_digest(EVP_sha384()) &&
               EVP_add_digest(EVP_sha512()));
    signer = OPENSSL_zalloc(sizeof *signer);
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    crypt_must(signer && bio);
    signer->pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
    BIO_free(bio);
    if (signer->pkey)
        rc = alg_of(signer, why);
    else if (asked || says(pem, "ENCRYPTED"))
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                     "private key: it is encrypted; take the password off with openssl pkey, "
                     "into a file that only you can read");
    else
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "private key: the PEM block holds none that can be read (RFC 5208, 5915)");
    if (rc != SH_OK) {
        crypt_signer_close(signer);
        return rc;
    }
    *out = signer;
    return SH_OK;
}

void crypt_signer_close(struct crypt_signer *signer)
{
    if (!signer)
        return;
    EVP_PKEY_free(signer->pkey); /* Overwrites the private parts. */
    OPENSSL_free(signer);
}

int crypt_signer_public(const struct crypt_signer *signer, struct bytes *spki, struct why *why)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(signer->pkey, &der);

    crypt_must(len > 0);
    bytes_append(spki, der, (size_t)len);
    OPENSSL_free(der);
    return bytes_check(spki, why);
}

void crypt_signer_alg(const struct crypt_signer *signer, struct crypt_alg *alg)
{
    *alg = signer->alg;
}

size_t crypt_signer_bytes(const struct crypt_signer *signer)
{
    return signer->bytes;
}

static const EVP_MD *md_of(const struct crypt_alg *alg)
{
    if (alg->scheme == CRYPT_EDDSA)
        return NULL;
    return alg->hash == CRYPT_SHA256   ? EVP_sha256()
           : alg->hash == CRYPT_SHA384 ? EVP_sha384()
                                       : EVP_sha512();
}

static bool can_sign(const struct crypt_signer *signer, const struct crypt_alg *alg)
{
    if (signer->alg.scheme == CRYPT_EDDSA)
        return alg->scheme == CRYPT_EDDSA;
    if (!crypt_hash_signs(alg->hash))
        return false;
    if (signer->alg.scheme == CRYPT_ECDSA_RAW)
        return alg->scheme == CRYPT_ECDSA_RAW || alg->scheme == CRYPT_ECDSA_DER;
    return (alg->scheme == CRYPT_RSA_PKCS1 || alg->scheme == CRYPT_RSA_PSS) &&
           alg->salt_len <= CRYPT_DIGEST_MAX;
}

/* What comes out for DER is DER; the caller turns it into r || s. */
static bool sign_into(const struct crypt_signer *signer, const struct crypt_alg *alg,
                      struct slice message, struct bytes *out)
{
    static const uint8_t nothing[1];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    uint8_t *room;
    size_t len;
    bool good;

    crypt_must(ctx != NULL);
    good = EVP_DigestSignInit(ctx, &options, md_of(alg), NULL, signer->pkey) == 1;
    if (good && alg->scheme == CRYPT_RSA_PKCS1)
        good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1;
    if (good && alg->scheme == CRYPT_RSA_PSS)
        good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(options, md_of(alg)) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(options, (int)alg->salt_len) == 1;
    len = (size_t)EVP_PKEY_get_size(signer->pkey);
    room = bytes_room(out, len);
    good =
        good && room &&
        EVP_DigestSign(ctx, room, &len, message.len ? message.ptr : nothing, message.len) == 1;
    if (good)
        out->len += len;
    EVP_MD_CTX_free(ctx);
    return good;
}

int crypt_signer_sign(const struct crypt_signer *signer, const struct crypt_alg *alg,
                      struct slice message, struct bytes *signature, struct why *why)
{
    uint8_t raw[CRYPT_ECDSA_MAX];
    struct bytes made;
    int rc = SH_OK;

    if (!can_sign(signer, alg))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "private key: its kind does not sign by the algorithm asked for");
    bytes_init(&made, LIMIT_RSA_BITS / 8);
    if (!sign_into(signer, alg, message, &made)) {
        rc = why_set(why, SH_EARG, WHY_NOWHERE,
                     "private key: it refuses to sign by the algorithm asked for");
    } else if (alg->scheme == CRYPT_ECDSA_RAW) {
        crypt_must(crypt_ecdsa_parse(bytes_view(&made), signer->bytes / 2, raw));
        bytes_append(signature, raw, signer->bytes);
    } else {
        bytes_slice(signature, bytes_view(&made));
    }
    bytes_release(&made);
    return rc == SH_OK ? bytes_check(signature, why) : rc;
}
