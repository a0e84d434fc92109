/* Extensions: RFC 5280 4.2, RFC 6960 4.2.2.2.1. */
#include "x509/x509_int.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "certificate: %s", what);
}

/*
 * BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL
 * }. A FALSE that is written out is no DER, but common: taken.
 */
static int parse_basic(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct der_item seq;
    struct slice rest;
    uint64_t len = 0;
    int rc = der_whole(value, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    rest = seq.value;
    cert->has_basic = true;
    if (der_peek(rest, DER_BOOLEAN))
        rc = der_bool(&rest, &cert->ca, why);
    if (rc == SH_OK && rest.len) {
        rc = der_u64(&rest, &len, why);
        cert->path_len = len < 1000 ? (int)len : 1000;
    }
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK && cert->path_len >= 0 && !cert->ca)
        rc = bad(why, "a length of path without being an authority (RFC 5280 4.2.1.9)");
    return rc;
}

static int parse_key_usage(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct slice bits;
    unsigned unused = 0;
    int rc = der_bits(&value, &bits, &unused, why);

    if (rc == SH_OK)
        rc = der_end(value, why);
    if (rc < 0)
        return rc;
    cert->has_key_usage = true;
    for (unsigned i = 0; i < 9 && i / 8 < bits.len; i++)
        if (bits.ptr[i / 8] & (0x80u >> i % 8))
            cert->key_usage = (uint16_t)(cert->key_usage | 1u << i);
    return SH_OK;
}

static int parse_eku(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct der_item seq;
    struct slice rest, oid;
    int rc = der_whole(value, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    for (rest = seq.value; rc == SH_OK && rest.len;)
        rc = der_oid(&rest, &oid, why);
    cert->has_eku = true;
    cert->eku = seq.value;
    if (rc == SH_OK && !seq.value.len)
        rc = bad(why, "an extended key usage without a purpose (RFC 5280 4.2.1.12)");
    return rc;
}

static int parse_ski(struct slice value, struct x509_cert *cert, struct why *why)
{
    int rc = der_octets(&value, &cert->ski, why);

    return rc == SH_OK ? der_end(value, why) : rc;
}

/* keyIdentifier [0], authorityCertIssuer [1], authorityCertSerialNumber [2] (4.2.1.1). */
static int parse_aki(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct der_item seq, key, issuer, serial;
    struct slice rest;
    int rc = der_whole(value, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    rest = seq.value;
    rc = der_optional(&rest, DER_CONTEXT(0), &key, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(1), &issuer, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT(2), &serial, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc < 0)
        return rc;
    cert->has_aki = true;
    cert->aki = key.value;
    cert->aki_serial = serial.value;
    return SH_OK;
}

static int parse_constraints(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct der_item seq;

    cert->has_constraints = true;
    return der_whole(value, DER_SEQUENCE, &seq, why);
}

static int parse_no_check(struct slice value, struct x509_cert *cert, struct why *why)
{
    struct der_item null;

    cert->no_check = true;
    return der_whole(value, DER_NULL, &null, why);
}

/*
 * What a path depends on.  Those without a function say nothing that could make a path bad as
 * we ask for none of certain policies (RFC 5280 6.1.1: any-policy, no explicit policy
 * required), and may be critical.
 */
static const struct known {
    const char *oid;
    int (*parse)(struct slice value, struct x509_cert *cert, struct why *why);
} known[] = {
    {"2.5.29.19", parse_basic},       /* basicConstraints */
    {"2.5.29.15", parse_key_usage},   /* keyUsage */
    {"2.5.29.37", parse_eku},         /* extKeyUsage */
    {"2.5.29.14", parse_ski},         /* subjectKeyIdentifier */
    {"2.5.29.35", parse_aki},         /* authorityKeyIdentifier */
    {"2.5.29.30", parse_constraints}, /* nameConstraints */
    {"2.5.29.36", parse_constraints}, /* policyConstraints */
    {"1.3.6.1.5.5.7.48.1.5", parse_no_check},
    {"2.5.29.17", NULL}, /* subjectAltName */
    {"2.5.29.18", NULL}, /* issuerAltName */
    {"2.5.29.31", NULL}, /* cRLDistributionPoints */
    {"2.5.29.32", NULL}, /* certificatePolicies */
    {"2.5.29.33", NULL}, /* policyMappings */
    {"2.5.29.54", NULL}, /* inhibitAnyPolicy */
};

struct extension {
    struct slice oid;
    bool critical;
    struct slice value;
};

static int read_extension(struct slice *rest, struct extension *out, struct why *why)
{
    struct der_item seq;
    struct slice inside;
    int rc = der_expect(rest, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    inside = seq.value;
    out->critical = false;
    rc = der_oid(&inside, &out->oid, why);
    if (rc == SH_OK && der_peek(inside, DER_BOOLEAN))
        rc = der_bool(&inside, &out->critical, why);
    if (rc == SH_OK)
        rc = der_octets(&inside, &out->value, why);
    if (rc == SH_OK)
        rc = der_end(inside, why);
    return rc;
}

static int take_extension(const struct extension *extension, struct x509_cert *cert,
                          struct why *why)
{
    const struct known *found = NULL;

    for (size_t i = 0; i < COUNT_OF(known) && !found; i++)
        if (der_oid_is(extension->oid, known[i].oid))
            found = &known[i];
    if (!found && extension->critical)
        cert->unknown_critical = true;
    if (!found || !found->parse)
        return SH_OK;
    if (found->parse == parse_eku)
        cert->eku_critical = extension->critical;
    return found->parse(extension->value, cert, why);
}

int x509_extensions_parse(struct x509_cert *cert, struct why *why)
{
    struct slice seen[LIMIT_X509_EXTENSIONS];
    struct slice rest = cert->extensions;
    struct extension extension;
    size_t count = 0;
    int rc = SH_OK;

    while (rc == SH_OK && rest.len) {
        rc = read_extension(&rest, &extension, why);
        if (rc < 0)
            return rc;
        for (size_t i = 0; i < count; i++)
            if (slice_equal(seen[i], extension.oid))
                return bad(why, "an extension twice (RFC 5280 4.2)");
        if (count == LIMIT_X509_EXTENSIONS)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "certificate: more than %d extensions",
                           LIMIT_X509_EXTENSIONS);
        seen[count++] = extension.oid;
        rc = take_extension(&extension, cert, why);
    }
    return rc;
}
