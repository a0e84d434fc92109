/* A certificate: RFC 5280 4.1. */
#include "x509/x509.h"

#include "x509/x509_int.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "certificate: %s", what);
}

/* Version [0] EXPLICIT, v1 when it is not there (4.1.2.1). */
static int parse_version(struct slice *rest, struct x509_cert *cert, struct why *why)
{
    struct der_item item;
    uint64_t version = 0;
    int rc = der_optional(rest, DER_CONTEXT_BUILT(0), &item, why);

    if (rc == SH_OK && item.raw.ptr) {
        struct slice inside = item.value;

        rc = der_u64(&inside, &version, why);
        if (rc == SH_OK)
            rc = der_end(inside, why);
    }
    if (rc == SH_OK && version > 2)
        rc = bad(why, "a version other than 1 to 3 (RFC 5280 4.1.2.1)");
    cert->version = (uint8_t)(version + 1);
    return rc;
}

static int parse_name(struct slice *rest, struct slice *out, struct why *why)
{
    struct der_item item;
    int rc = der_expect(rest, DER_SEQUENCE, &item, why);

    if (rc < 0)
        return rc;
    *out = item.raw;
    return x509_name_check(item.raw, why);
}

static int parse_validity(struct slice *rest, struct x509_cert *cert, struct why *why)
{
    struct der_item item;
    struct slice inside;
    int rc = der_expect(rest, DER_SEQUENCE, &item, why);

    if (rc < 0)
        return rc;
    inside = item.value;
    rc = der_time(&inside, &cert->not_before, why);
    if (rc == SH_OK)
        rc = der_time(&inside, &cert->not_after, why);
    if (rc == SH_OK)
        rc = der_end(inside, why);
    return rc;
}

/* issuerUniqueID [1], subjectUniqueID [2], extensions [3] (4.1.2.8, 4.1.2.9). */
static int parse_tail(struct slice *rest, struct x509_cert *cert, struct why *why)
{
    struct der_item issuer_id, subject_id, tagged, row;
    int rc = der_optional(rest, DER_CONTEXT(1), &issuer_id, why);

    if (rc == SH_OK)
        rc = der_optional(rest, DER_CONTEXT(2), &subject_id, why);
    if (rc == SH_OK)
        rc = der_optional(rest, DER_CONTEXT_BUILT(3), &tagged, why);
    if (rc == SH_OK)
        rc = der_end(*rest, why);
    if (rc < 0)
        return rc;
    cert->unique_ids = issuer_id.raw.ptr || subject_id.raw.ptr;
    if (cert->unique_ids && cert->version == 1)
        return bad(why, "unique identifiers in version 1 (RFC 5280 4.1.2.8)");
    if (!tagged.raw.ptr)
        return SH_OK;
    if (cert->version != 3)
        return bad(why, "extensions in another version than 3 (RFC 5280 4.1.2.9)");
    rc = der_whole(tagged.value, DER_SEQUENCE, &row, why);
    if (rc < 0)
        return rc;
    if (!row.value.len)
        return bad(why, "a list of extensions without one (RFC 5280 4.1.2.9)");
    cert->extensions = row.value;
    return x509_extensions_parse(cert, why);
}

static int parse_tbs(struct slice tbs, struct x509_cert *cert, struct why *why)
{
    struct slice rest = tbs;
    struct der_item inner, spki;
    int rc = parse_version(&rest, cert, why);

    if (rc == SH_OK)
        rc = der_integer(&rest, &cert->serial, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &inner, why);
    if (rc == SH_OK && !slice_equal(inner.raw, cert->sig_alg))
        rc = bad(why, "two algorithms of its signature that differ (RFC 5280 4.1.1.2)");
    if (rc == SH_OK)
        rc = parse_name(&rest, &cert->issuer, why);
    if (rc == SH_OK)
        rc = parse_validity(&rest, cert, why);
    if (rc == SH_OK)
        rc = parse_name(&rest, &cert->subject, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &spki, why);
    if (rc < 0)
        return rc;
    cert->spki = spki.raw;
    rc = x509_key_parse(cert, why);
    if (rc == SH_OK)
        rc = parse_tail(&rest, cert, why);
    return rc;
}

int x509_parse(struct slice der, struct x509_cert *out, struct why *why)
{
    struct x509_cert cert = {.raw = der, .path_len = -1};
    struct der_item whole, tbs, algorithm;
    struct slice rest;
    unsigned unused = 0;
    int rc;

    if (der.len > LIMIT_X509_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "certificate: %zu bytes, at most %u are read", der.len,
                       LIMIT_X509_BYTES);
    rc = der_whole(der, DER_SEQUENCE, &whole, why);
    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_expect(&rest, DER_SEQUENCE, &tbs, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &algorithm, why);
    if (rc == SH_OK)
        rc = der_bits(&rest, &cert.signature, &unused, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    if (unused)
        return bad(why, "a signature that is not whole bytes");
    cert.tbs = tbs.raw;
    cert.sig_alg = algorithm.raw;
    cert.sig_known = crypt_alg_parse(algorithm.raw, &cert.sig);
    rc = parse_tbs(tbs.value, &cert, why);
    if (rc == SH_OK)
        *out = cert;
    return rc;
}

bool x509_same(const struct x509_cert *a, const struct x509_cert *b)
{
    return slice_equal(a->raw, b->raw);
}

void x509_sha256(const struct x509_cert *cert, uint8_t out[CRYPT_DIGEST_BYTES])
{
    crypto.sha256(cert->raw, out);
}

bool x509_has_eku(const struct x509_cert *cert, const char *dotted)
{
    struct slice rest = cert->eku;
    struct slice oid;

    while (rest.len && der_oid(&rest, &oid, NULL) == SH_OK)
        if (der_oid_is(oid, dotted))
            return true;
    return false;
}

void x509_serial_text(const struct x509_cert *cert, struct bytes *out)
{
    struct slice serial = cert->serial;

    if (serial.len > 1 && !serial.ptr[0])
        serial = slice_sub(serial, 1, serial.len - 1);
    for (size_t i = 0; i < serial.len; i++)
        bytes_printf(out, "%02x", serial.ptr[i]);
}
