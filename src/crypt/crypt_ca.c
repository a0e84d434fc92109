/*
 * P-256 keys, the self-signed certificate of a channel's C2PA authority, and those that it
 * issues, on OpenSSL.
 * Clauses: RFC 5280 4.1 and 4.2.1; FORMATS.md, "Credentials in files made by post".
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypt/crypt.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypt/crypt_int.h"

#define CA_YEARS 50

/* The key pair of scalar, or NULL when the scalar is out of 1..order-1 (FIPS 186-4 B.4.2). */
EVP_PKEY *crypt_ca_pair(const struct secret *scalar)
{
    EC_KEY *ec;
    EC_POINT *point;
    BIGNUM *number;
    const EC_GROUP *group;
    EVP_PKEY *pkey = NULL;

    crypt_library_ready();
    ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    crypt_must(ec != NULL);
    group = EC_KEY_get0_group(ec);
    point = EC_POINT_new(group);
    number = BN_secure_new();
    crypt_must(point && number && BN_bin2bn(scalar->byte, SECRET_BYTES, number));
    BN_set_flags(number, BN_FLG_CONSTTIME);
    if (!BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0) {
        crypt_must(EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1);
        crypt_must(EC_KEY_set_private_key(ec, number) == 1 &&
                   EC_KEY_set_public_key(ec, point) == 1);
        pkey = EVP_PKEY_new();
        crypt_must(pkey && EVP_PKEY_set1_EC_KEY(pkey, ec) == 1);
    }
    BN_clear_free(number);
    EC_POINT_free(point);
    EC_KEY_free(ec);
    return pkey;
}

bool crypt_es256_public(const struct secret *scalar, uint8_t spki[CRYPT_SPKI_BYTES])
{
    EVP_PKEY *pkey = crypt_ca_pair(scalar);
    uint8_t *end = spki;

    if (!pkey)
        return false;
    crypt_must(i2d_PUBKEY(pkey, NULL) == CRYPT_SPKI_BYTES);
    crypt_must(i2d_PUBKEY(pkey, &end) == CRYPT_SPKI_BYTES);
    EVP_PKEY_free(pkey);
    return true;
}

static void name_add(X509_NAME *name, const char *field, const char *value)
{
    crypt_must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *)value,
                                          -1, -1, 0) == 1);
}

static void serial_set(X509 *cert, const uint8_t serial[16])
{
    uint8_t positive[16];
    BIGNUM *number;

    /* Positive and of 16 bytes (RFC 5280 4.1.2.2): 127 random bits at most. */
    memcpy(positive, serial, sizeof positive);
    positive[0] &= 0x7f;
    if (!positive[0])
        positive[0] = 1;
    number = BN_bin2bn(positive, sizeof positive, NULL);
    crypt_must(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)));
    BN_free(number);
}

static void validity_set(X509 *cert, int32_t year, int32_t years)
{
    struct bytes text;

    /* UTCTime before 2050, GeneralizedTime after (RFC 5280 4.1.2.5): the call below chooses. */
    bytes_init(&text, 64);
    bytes_printf(&text, "%04d0101000000Z", (int)year);
    bytes_u8(&text, 0);
    bytes_printf(&text, "%04d0101000000Z", (int)(year + years));
    bytes_u8(&text, 0);
    crypt_must(bytes_check(&text, NULL) == 0);
    crypt_must(ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), (const char *)text.ptr) ==
               1);
    crypt_must(
        ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), (const char *)text.ptr + 16) == 1);
    bytes_release(&text);
}

static void extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    crypt_must(extension && X509_add_ext(cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Both names are the channel's, whoever the certificate is of. */
static X509 *blank(const char *short_id, const uint8_t serial[16], EVP_PKEY *pkey)
{
    X509 *cert = X509_new();
    X509_NAME *name;

    crypt_must(cert && X509_set_version(cert, X509_VERSION_3) == 1);
    serial_set(cert, serial);
    name = X509_get_subject_name(cert);
    name_add(name, "O", "stillhere");
    name_add(name, "CN", short_id);
    crypt_must(X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, pkey) == 1);
    return cert;
}

static X509 *certificate_of(const struct crypt_ca *ca, EVP_PKEY *pkey)
{
    X509 *cert = blank(ca->short_id, ca->serial, pkey);

    validity_set(cert, ca->year, CA_YEARS);
    extension_add(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extension_add(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    extension_add(cert, cert, NID_subject_key_identifier, "hash");
    crypt_must(X509_sign(cert, pkey, EVP_sha256()) > 0);
    return cert;
}

static int subject_check(const char *short_id, int32_t year, int32_t years, struct why *why)
{
    size_t name_len = strlen(short_id);

    /* 64: ub-common-name (RFC 5280 appendix A.1). */
    if (!name_len || name_len > 64)
        return why_set(
            why, SH_EARG, WHY_NOWHERE,
            "certificate: a common name of 1 to 64 characters, not %zu (RFC 5280 A.1)",
            name_len);
    if (year < 1970 || year > 9999 - years)
        return why_set(why, SH_EARG, WHY_NOWHERE, "certificate: the year %d is out of range",
                       (int)year);
    return SH_OK;
}

static int no_scalar(struct why *why)
{
    return why_set(why, SH_EARG, WHY_NOWHERE,
                   "certificate: the secret is no P-256 scalar (FIPS 186-4 B.4.2)");
}

static void leaf_sign(X509 *cert, X509 *issuer, EVP_PKEY *authority)
{
    extension_add(cert, issuer, NID_basic_constraints, "critical,CA:FALSE");
    extension_add(cert, issuer, NID_key_usage, "critical,digitalSignature");
    /* c2pa-kp-claimSigning, and what validators knew before it. */
    extension_add(cert, issuer, NID_ext_key_usage, "1.3.6.1.4.1.62558.2.1,emailProtection");
    extension_add(cert, issuer, NID_subject_key_identifier, "hash");
    extension_add(cert, issuer, NID_authority_key_identifier, "keyid:always");
    crypt_must(X509_sign(cert, authority, EVP_sha256()) > 0);
}

int crypt_leaf_build(const struct crypt_leaf *leaf, struct bytes *der, struct why *why)
{
    const struct crypt_ca paper = {
        .scalar = leaf->ca, .short_id = leaf->short_id, .serial = {1}, .year = leaf->year};
    int rc = subject_check(leaf->short_id, leaf->year, CA_YEARS, why);
    EVP_PKEY *authority, *pkey;
    X509 *issuer, *cert;
    uint8_t *encoded = NULL;
    int len;

    if (rc != SH_OK)
        return rc;
    authority = crypt_ca_pair(leaf->ca);
    pkey = crypt_ca_pair(leaf->scalar);
    if (authority && pkey) {
        issuer = certificate_of(&paper, authority); /* For its key's identifier. */
        cert = blank(leaf->short_id, leaf->serial, pkey);
        validity_set(cert, leaf->year, CRYPT_LEAF_YEARS);
        leaf_sign(cert, issuer, authority);
        len = i2d_X509(cert, &encoded);
        crypt_must(len > 0);
        bytes_append(der, encoded, (size_t)len);
        OPENSSL_free(encoded);
        X509_free(cert);
        X509_free(issuer);
        rc = bytes_check(der, why);
    } else {
        rc = no_scalar(why);
    }
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(authority);
    return rc;
}

int crypt_ca_build(const struct crypt_ca *ca, struct bytes *pem, struct why *why)
{
    int rc = subject_check(ca->short_id, ca->year, CA_YEARS, why);
    EVP_PKEY *pkey;
    X509 *cert;
    BIO *bio;
    char *text;
    long len;

    if (rc != SH_OK)
        return rc;
    pkey = crypt_ca_pair(ca->scalar);
    if (!pkey)
        return no_scalar(why);
    cert = certificate_of(ca, pkey);
    bio = BIO_new(BIO_s_mem());
    crypt_must(bio && PEM_write_bio_X509(bio, cert) == 1);
    len = BIO_get_mem_data(bio, &text);
    crypt_must(len > 0);
    bytes_append(pem, text, (size_t)len);
    BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(pkey);
    return bytes_check(pem, why);
}
