/* SubjectPublicKeyInfo: RFC 5480 2, RFC 4055 1.2, RFC 8410 4; what keys are good for. */
#include "x509/x509_int.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "certificate: %s", what);
}

/* namedCurve, and a point on it: 04 x y or 02/03 x. */
static int parse_ec(struct slice parameters, struct x509_cert *cert, struct why *why)
{
    static const struct {
        const char *oid;
        unsigned bits;
    } curves[] = {{"1.2.840.10045.3.1.7", 256}, {"1.3.132.0.34", 384}, {"1.3.132.0.35", 521}};
    struct slice oid = {0};
    size_t coordinate;
    uint8_t form;

    cert->key = X509_KEY_EC;
    if (der_oid(&parameters, &oid, NULL) < 0 || parameters.len)
        return SH_OK; /* explicit parameters: a curve without a name, key_bits 0 */
    for (size_t i = 0; i < COUNT_OF(curves); i++)
        if (der_oid_is(oid, curves[i].oid))
            cert->key_bits = curves[i].bits;
    if (!cert->key_bits)
        return SH_OK;
    coordinate = (cert->key_bits + 7) / 8;
    form = cert->key_bytes.len ? cert->key_bytes.ptr[0] : 0;
    if ((form == 4 && cert->key_bytes.len == 1 + 2 * coordinate) ||
        ((form == 2 || form == 3) && cert->key_bytes.len == 1 + coordinate))
        return SH_OK;
    return bad(why, "a key that is no point of its curve (RFC 5480 2.2)");
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1). */
static int parse_rsa(struct x509_cert *cert, struct why *why)
{
    struct der_item seq;
    struct slice rest, modulus, exponent;
    int rc = der_whole(cert->key_bytes, DER_SEQUENCE, &seq, why);
    size_t bits;

    if (rc < 0)
        return rc;
    rest = seq.value;
    rc = der_integer(&rest, &modulus, why);
    if (rc == SH_OK)
        rc = der_integer(&rest, &exponent, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    if ((modulus.ptr[0] & 0x80) || (exponent.ptr[0] & 0x80))
        return bad(why, "an RSA key with a negative number");
    if (modulus.len > 1 && !modulus.ptr[0])
        modulus = slice_sub(modulus, 1, modulus.len - 1);
    bits = modulus.len * 8;
    for (unsigned top = 0x80; top && !(modulus.ptr[0] & top); top >>= 1)
        bits--;
    cert->key = X509_KEY_RSA;
    cert->key_bits = (unsigned)bits; /* below LIMIT_X509_BYTES * 8 */
    return SH_OK;
}

int x509_key_parse(struct x509_cert *cert, struct why *why)
{
    struct der_item seq, algorithm;
    struct slice rest, oid, parameters;
    unsigned unused = 0;
    int rc = der_whole(cert->spki, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    rest = seq.value;
    rc = der_expect(&rest, DER_SEQUENCE, &algorithm, why);
    if (rc == SH_OK)
        rc = der_bits(&rest, &cert->key_bytes, &unused, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    parameters = algorithm.value;
    rc = der_oid(&parameters, &oid, why);
    if (rc == SH_OK && unused)
        rc = bad(why, "a key that is not whole bytes");
    if (rc < 0)
        return rc;
    if (der_oid_is(oid, "1.2.840.10045.2.1"))
        return parse_ec(parameters, cert, why);
    if (der_oid_is(oid, "1.2.840.113549.1.1.1"))
        return parse_rsa(cert, why);
    if (der_oid_is(oid, "1.2.840.113549.1.1.10")) {
        cert->key_pss = true;
        cert->key_pss_bound = parameters.len && crypt_alg_parse(algorithm.raw, &cert->pss);
        if (parameters.len && !cert->key_pss_bound)
            return SH_OK; /* parameters that we do not follow: X509_KEY_OTHER */
        return parse_rsa(cert, why);
    }
    if (der_oid_is(oid, "1.3.101.112")) {
        if (parameters.len || cert->key_bytes.len != CRYPT_KEY_BYTES)
            return bad(why, "an Ed25519 key that is not 32 bytes (RFC 8410 4)");
        cert->key = X509_KEY_ED25519;
        cert->key_bits = 256;
    }
    return SH_OK;
}

int x509_key_check(const struct x509_cert *cert, struct why *why)
{
    switch (cert->key) {
    case X509_KEY_EC:
        if (!cert->key_bits)
            return bad(why, "a key on another curve than P-256, P-384 and P-521 (C2PA 2.2 "
                            "14.5.1.1)");
        return SH_OK;
    case X509_KEY_RSA:
        if (cert->key_bits < LIMIT_RSA_LEAST_BITS)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "certificate: an RSA key of %u bits, at least 2048 are needed "
                           "(C2PA 2.2 14.5.1.1)",
                           cert->key_bits);
        if (cert->key_bits > LIMIT_RSA_BITS)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "certificate: an RSA key of %u bits, at most %d are followed",
                           cert->key_bits, LIMIT_RSA_BITS);
        return SH_OK;
    case X509_KEY_ED25519:
        return SH_OK;
    case X509_KEY_OTHER:
        break;
    }
    return bad(why, "a key that is neither ECDSA, RSA nor Ed25519 (C2PA 2.2 14.5.1.1)");
}

bool x509_key_fits(const struct x509_cert *cert, const struct crypt_alg *alg)
{
    switch (alg->scheme) {
    case CRYPT_ECDSA_RAW:
    case CRYPT_ECDSA_DER:
        return cert->key == X509_KEY_EC && cert->key_bits;
    case CRYPT_RSA_PKCS1:
        return cert->key == X509_KEY_RSA && !cert->key_pss;
    case CRYPT_RSA_PSS:
        if (cert->key != X509_KEY_RSA)
            return false;
        /* RFC 4055 3.3: the hash is the key's, the salt at least as long. */
        return !cert->key_pss_bound ||
               (cert->pss.hash == alg->hash && cert->pss.salt_len <= alg->salt_len);
    case CRYPT_EDDSA:
        return cert->key == X509_KEY_ED25519;
    }
    return false;
}

bool x509_signed_by(const struct x509_cert *cert, const struct x509_cert *issuer)
{
    return cert->sig_known && x509_key_check(issuer, NULL) == SH_OK &&
           x509_key_fits(issuer, &cert->sig) && crypto.signature_verify &&
           crypto.signature_verify(&cert->sig, issuer->spki, cert->tbs, cert->signature);
}

bool x509_names_issuer(const struct x509_cert *cert, const struct x509_cert *issuer)
{
    if (!slice_equal(cert->issuer, issuer->subject))
        return false;
    if (cert->aki.len && issuer->ski.len && !slice_equal(cert->aki, issuer->ski))
        return false;
    return !cert->aki_serial.len || slice_equal(cert->aki_serial, issuer->serial);
}
