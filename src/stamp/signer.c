/*
 * The one SignerInfo of a time stamp: RFC 5652 5.3 and 11, RFC 5035 3 and 4 (which certificate
 * is meant), RFC 5816.
 */
#include "stamp/stamp_int.h"

#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_CERTIFICATE "1.2.840.113549.1.9.16.2.12"
#define OID_CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "time stamp: %s", what);
}

/* ---- which certificate is meant ---- */

/* IssuerSerial: one directoryName and a number (RFC 5035 5). */
static int issuer_serial_parse(struct stamp *stamp, struct slice *rest, struct why *why)
{
    struct der_item seq, names, name, inner;
    struct slice at;
    int rc;

    rc = der_expect(rest, DER_SEQUENCE, &seq, why);
    if (rc < 0)
        return rc;
    at = seq.value;
    rc = der_expect(&at, DER_SEQUENCE, &names, why);
    if (rc == SH_OK)
        rc = der_integer(&at, &stamp->serial_said, why);
    if (rc == SH_OK)
        rc = der_end(at, why);
    if (rc == SH_OK)
        rc = der_whole(names.value, DER_CONTEXT_BUILT(4), &name, why);
    if (rc == SH_OK)
        rc = der_whole(name.value, DER_SEQUENCE, &inner, why);
    if (rc == SH_OK)
        stamp->issuer_said = inner.raw;
    return rc;
}

/* The first ESSCertID or ESSCertIDv2: that of the signer (RFC 5035 3). */
static int cert_id_parse(struct stamp *stamp, struct slice value, enum crypt_hash by,
                         struct why *why)
{
    struct der_item whole, list, id, alg;
    struct slice rest;
    int rc;

    rc = der_whole(value, DER_SEQUENCE, &whole, why);
    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_expect(&rest, DER_SEQUENCE, &list, why);
    if (rc == SH_OK && rest.len)
        rc = der_expect(&rest, DER_SEQUENCE, &alg, why); /* policies: nothing to us */
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    rest = list.value;
    rc = der_expect(&rest, DER_SEQUENCE, &id, why);
    if (rc < 0)
        return rc;
    rest = id.value;
    stamp->cert_by = by;
    if (by != CRYPT_SHA1 && der_peek(rest, DER_SEQUENCE)) {
        rc = der_expect(&rest, DER_SEQUENCE, &alg, why);
        if (rc == SH_OK)
            stamp->cert_by = crypt_hash_parse(alg.raw);
    }
    if (rc == SH_OK)
        rc = der_octets(&rest, &stamp->cert_said, why);
    if (rc == SH_OK && rest.len)
        rc = issuer_serial_parse(stamp, &rest, why);
    return rc == SH_OK ? der_end(rest, why) : rc;
}

/* ---- signed attributes ---- */

enum { SEEN_TYPE = 1, SEEN_DIGEST = 2, SEEN_CERT = 4, SEEN_CERT_V2 = 8 };

static int once(unsigned *seen, unsigned which, struct why *why)
{
    if (*seen & which)
        return bad(why, "a signed attribute twice (RFC 5652 11)");
    *seen |= which;
    return SH_OK;
}

static int attribute_parse(struct stamp *stamp, struct slice attribute, unsigned *seen,
                           struct why *why)
{
    struct der_item values, value;
    struct slice rest = attribute, oid, at;
    int rc;

    rc = der_oid(&rest, &oid, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SET, &values, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    at = values.value;
    if (der_oid_is(oid, OID_CONTENT_TYPE)) {
        rc = once(seen, SEEN_TYPE, why);
        if (rc == SH_OK)
            rc = der_oid(&at, &value.value, why);
        if (rc == SH_OK && !der_oid_is(value.value, STAMP_OID_INFO))
            rc = bad(why, "contentType: not that of a TSTInfo (RFC 5652 11.1)");
    } else if (der_oid_is(oid, OID_MESSAGE_DIGEST)) {
        rc = once(seen, SEEN_DIGEST, why);
        if (rc == SH_OK)
            rc = der_octets(&at, &stamp->digest_said, why);
    } else if (der_oid_is(oid, OID_CERTIFICATE) || der_oid_is(oid, OID_CERTIFICATE_V2)) {
        bool new = der_oid_is(oid, OID_CERTIFICATE_V2);

        rc = once(seen, new ? SEEN_CERT_V2 : SEEN_CERT, why);
        if (rc == SH_OK)
            rc = der_expect(&at, DER_SEQUENCE, &value, why);
        /* Both: the newer counts (RFC 5816 2.2.2). */
        if (rc == SH_OK && (new || !(*seen & SEEN_CERT_V2))) {
            stamp->issuer_said = stamp->serial_said = slice_of(NULL, 0);
            rc = cert_id_parse(stamp, value.raw, new ? CRYPT_SHA256 : CRYPT_SHA1, why);
        }
    } else {
        return SH_OK; /* Others say nothing that is asked here: signingTime, say. */
    }
    return rc == SH_OK ? der_end(at, why) : rc;
}

/* What is signed is the attributes as a SET, not as [0] (RFC 5652 5.4): a copy, its tag set. */
static int attributes_parse(struct stamp *stamp, const struct der_item *item,
                            struct arena *arena, struct why *why)
{
    uint8_t *copy = arena_take(arena, item->raw.len);
    unsigned seen = 0;

    if (!copy)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "time stamp: no memory");
    memcpy(copy, item->raw.ptr, item->raw.len);
    copy[0] = DER_SET;
    stamp->signed_attrs = slice_of(copy, item->raw.len);
    for (struct slice rest = item->value; rest.len;) {
        struct der_item attribute;
        int rc = der_expect(&rest, DER_SEQUENCE, &attribute, why);

        if (rc == SH_OK)
            rc = attribute_parse(stamp, attribute.value, &seen, why);
        if (rc < 0)
            return rc;
    }
    if (!(seen & SEEN_TYPE) || !(seen & SEEN_DIGEST) || !(seen & (SEEN_CERT | SEEN_CERT_V2)))
        return bad(why, "no contentType, messageDigest or signingCertificate among what is "
                        "signed (RFC 5652 5.3, RFC 3161 2.4.2)");
    return SH_OK;
}

/* ---- SignerInfo ---- */

static void signer_find(struct stamp *stamp, struct slice issuer, struct slice serial,
                        struct slice ski)
{
    for (size_t i = 0; i < stamp->cert_count && !stamp->signer; i++) {
        const struct x509_cert *cert = &stamp->certs[i];

        if (ski.ptr ? cert->ski.len && slice_equal(cert->ski, ski)
                    : slice_equal(cert->issuer, issuer) && slice_equal(cert->serial, serial))
            stamp->signer = cert;
    }
}

/* sid: issuer and serial number, or the key's identifier. */
static int sid_parse(struct stamp *stamp, struct slice *rest, struct why *why)
{
    struct slice issuer = {0}, serial = {0}, ski = {0}, at;
    struct der_item item, name;
    int rc;

    rc = der_next(rest, &item, why);
    if (rc < 0)
        return rc;
    if (item.tag == DER_CONTEXT(0)) {
        ski = item.value;
        if (!ski.len)
            return bad(why, "sid: an empty key identifier (RFC 5652 5.3)");
    } else if (item.tag == DER_SEQUENCE) {
        at = item.value;
        rc = der_expect(&at, DER_SEQUENCE, &name, why);
        if (rc == SH_OK)
            rc = der_integer(&at, &serial, why);
        if (rc == SH_OK)
            rc = der_end(at, why);
        if (rc < 0)
            return rc;
        issuer = name.raw;
    } else {
        return bad(why, "sid: neither issuer and serial number nor a key identifier "
                        "(RFC 5652 5.3)");
    }
    signer_find(stamp, issuer, serial, ski);
    return SH_OK;
}

/* For RSA it often names only the key, and digestAlgorithm the hash (RFC 3370 3.2). */
static void alg_parse(struct stamp *stamp, struct slice item)
{
    struct crypt_alg alg = {0};
    struct der_item seq, null;
    struct slice rest, oid;

    if (crypt_alg_parse(item, &alg)) {
        /* One hash for both, as every signer has it (RFC 5754 2, RFC 8419 3.1). */
        if (alg.hash == stamp->digest_by)
            stamp->alg = alg;
        return;
    }
    if (der_whole(item, DER_SEQUENCE, &seq, NULL) < 0)
        return;
    rest = seq.value;
    if (der_oid(&rest, &oid, NULL) < 0 || !der_oid_is(oid, "1.2.840.113549.1.1.1") ||
        der_optional(&rest, DER_NULL, &null, NULL) < 0 || rest.len || !stamp->digest_by)
        return;
    stamp->alg = (struct crypt_alg){.scheme = CRYPT_RSA_PKCS1, .hash = stamp->digest_by};
}

int stamp_signer_parse(struct stamp *stamp, struct slice signers, struct arena *arena,
                       struct why *why)
{
    struct der_item whole, digest, attrs, alg, rest_attrs;
    struct slice rest;
    uint64_t version;
    int rc;

    /* Exactly one (RFC 3161 2.4.2). */
    rc = der_whole(signers, DER_SEQUENCE, &whole, why);
    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_u64(&rest, &version, why);
    if (rc == SH_OK)
        rc = sid_parse(stamp, &rest, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &digest, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_CONTEXT_BUILT(0), &attrs, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &alg, why);
    if (rc == SH_OK)
        rc = der_octets(&rest, &stamp->signature, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(1), &rest_attrs, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    stamp->digest_by = crypt_hash_parse(digest.raw);
    if (stamp->digest_by == CRYPT_SHA1)
        stamp->digest_by = 0;
    alg_parse(stamp, alg.raw);
    return attributes_parse(stamp, &attrs, arena, why);
}
