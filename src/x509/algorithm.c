/* AlgorithmIdentifier: RFC 5758 3.2, RFC 4055 2.1 and 3.1, RFC 8410 3. */
#include "x509/x509_int.h"

/* SEQUENCE { algorithm OID, parameters ANY OPTIONAL }; *parameters is empty without. */
static bool split(struct slice algorithm, struct slice *oid, struct slice *parameters)
{
    struct der_item seq, any;

    if (der_whole(algorithm, DER_SEQUENCE, &seq, NULL) < 0)
        return false;
    *parameters = seq.value;
    if (der_oid(parameters, oid, NULL) < 0)
        return false;
    if (parameters->len) {
        struct slice rest = *parameters;

        return der_next(&rest, &any, NULL) == SH_OK && !rest.len;
    }
    return true;
}

static bool is_null(struct slice parameters)
{
    return parameters.len == 2 && parameters.ptr[0] == DER_NULL && !parameters.ptr[1];
}

bool x509_digest(struct slice algorithm, enum crypt_hash *out)
{
    static const struct {
        const char *oid;
        enum crypt_hash hash;
    } hashes[] = {
        {"2.16.840.1.101.3.4.2.1", CRYPT_SHA256},
        {"2.16.840.1.101.3.4.2.2", CRYPT_SHA384},
        {"2.16.840.1.101.3.4.2.3", CRYPT_SHA512},
        {"1.3.14.3.2.26", CRYPT_SHA1},
    };
    struct slice oid, parameters;

    if (!split(algorithm, &oid, &parameters) || (parameters.len && !is_null(parameters)))
        return false;
    for (size_t i = 0; i < COUNT_OF(hashes); i++)
        if (der_oid_is(oid, hashes[i].oid)) {
            *out = hashes[i].hash;
            return true;
        }
    return false;
}

/* The item inside [number] EXPLICIT, which must be there. */
static bool inside(struct slice *rest, unsigned number, struct slice *out)
{
    struct der_item item;

    if (der_expect(rest, DER_CONTEXT_BUILT(number), &item, NULL) < 0)
        return false;
    *out = item.value;
    return true;
}

/*
 * RSASSA-PSS-params (RFC 4055 3.1) as C2PA 2.2 14.5.1.1 has them: hash and mask are named, the
 * mask is MGF1 by the same hash; trailer 1.
 */
static bool read_pss(struct slice parameters, struct crypt_alg *out)
{
    struct der_item seq;
    struct slice rest, hash, mask, oid, mask_hash, number;
    enum crypt_hash same;
    uint64_t salt = 20;
    uint64_t trailer = 1;

    if (der_whole(parameters, DER_SEQUENCE, &seq, NULL) < 0)
        return false;
    rest = seq.value;
    if (!inside(&rest, 0, &hash) || !x509_digest(hash, &out->hash) || out->hash == CRYPT_SHA1 ||
        !inside(&rest, 1, &mask) || !split(mask, &oid, &mask_hash) ||
        !der_oid_is(oid, "1.2.840.113549.1.1.8") || !x509_digest(mask_hash, &same) ||
        same != out->hash)
        return false;
    if (der_peek(rest, DER_CONTEXT_BUILT(2)) &&
        (!inside(&rest, 2, &number) || der_u64(&number, &salt, NULL) < 0 || number.len))
        return false;
    if (der_peek(rest, DER_CONTEXT_BUILT(3)) &&
        (!inside(&rest, 3, &number) || der_u64(&number, &trailer, NULL) < 0 || number.len))
        return false;
    if (rest.len || salt > LIMIT_RSA_BITS / 8 || trailer != 1)
        return false;
    out->scheme = CRYPT_RSA_PSS;
    out->salt_len = (unsigned)salt;
    return true;
}

bool x509_algorithm(struct slice algorithm, struct crypt_alg *out)
{
    static const struct {
        const char *oid;
        enum crypt_scheme scheme;
        enum crypt_hash hash;
    } known[] = {
        {"1.2.840.10045.4.3.2", CRYPT_ECDSA_DER, CRYPT_SHA256},
        {"1.2.840.10045.4.3.3", CRYPT_ECDSA_DER, CRYPT_SHA384},
        {"1.2.840.10045.4.3.4", CRYPT_ECDSA_DER, CRYPT_SHA512},
        {"1.2.840.113549.1.1.11", CRYPT_RSA_PKCS1, CRYPT_SHA256},
        {"1.2.840.113549.1.1.12", CRYPT_RSA_PKCS1, CRYPT_SHA384},
        {"1.2.840.113549.1.1.13", CRYPT_RSA_PKCS1, CRYPT_SHA512},
        {"1.3.101.112", CRYPT_EDDSA, CRYPT_SHA512},
    };
    struct slice oid, parameters;
    struct crypt_alg alg = {0};

    if (!split(algorithm, &oid, &parameters))
        return false;
    if (der_oid_is(oid, "1.2.840.113549.1.1.10")) {
        if (!read_pss(parameters, &alg))
            return false;
        *out = alg;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!der_oid_is(oid, known[i].oid))
            continue;
        if (parameters.len && (known[i].scheme != CRYPT_RSA_PKCS1 || !is_null(parameters)))
            return false;
        *out = (struct crypt_alg){known[i].scheme, known[i].hash, 0};
        return true;
    }
    return false;
}
