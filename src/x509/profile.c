/* Does a certificate fit its use: C2PA 2.2 14.5.1.1, RFC 3161 2.3, RFC 6960 4.2.2.2. */
#include "x509/x509_int.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "certificate: %s (C2PA 2.2 14.5.1)", what);
}

static bool is_default_use(struct slice oid)
{
    static const char *const uses[] = {X509_OID_C2PA_SIGNING, X509_OID_EMAIL_PROTECTION,
                                       X509_OID_DOCUMENT_SIGNING, X509_OID_MS_C2PA_SIGNING};

    for (size_t i = 0; i < COUNT_OF(uses); i++)
        if (der_oid_is(oid, uses[i]))
            return true;
    return false;
}

static bool has_accepted_use(const struct x509_cert *leaf, const struct x509_eku *ekus)
{
    struct slice rest = leaf->eku;
    struct slice oid;

    while (rest.len && der_oid(&rest, &oid, NULL) == SH_OK) {
        /* A list of uses may name those two, as c2pa-rs's does: they sign no claims. */
        if (der_oid_is(oid, X509_OID_TIME_STAMPING) || der_oid_is(oid, X509_OID_OCSP_SIGNING))
            continue;
        if (!ekus && is_default_use(oid))
            return true;
        for (const struct x509_eku *e = ekus; e; e = e->next)
            if (slice_equal(e->oid, oid))
                return true;
    }
    return false;
}

static bool has_one_use(const struct x509_cert *leaf)
{
    struct slice rest = leaf->eku;
    struct slice oid;

    return der_oid(&rest, &oid, NULL) == SH_OK && !rest.len;
}

static int check_uses(const struct x509_cert *leaf, enum x509_purpose purpose,
                      const struct x509_eku *ekus, struct why *why)
{
    bool stamps = x509_has_eku(leaf, X509_OID_TIME_STAMPING);
    bool ocsp = x509_has_eku(leaf, X509_OID_OCSP_SIGNING);

    if (!leaf->has_eku)
        return bad(why, "no extended key usage");
    if (x509_has_eku(leaf, X509_OID_ANY_EKU))
        return bad(why, "it is for any use: anyExtendedKeyUsage");
    if ((stamps || ocsp) && !has_one_use(leaf))
        return bad(why, "it is for time stamps or OCSP replies and for something else too");
    if (purpose == X509_FOR_STAMP && !stamps)
        return bad(why, "it is not for time stamps");
    if (purpose == X509_FOR_STAMP && !leaf->eku_critical)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "certificate: its extended key usage is not critical (RFC 3161 2.3)");
    if (purpose == X509_FOR_OCSP && !ocsp)
        return bad(why, "it is not for OCSP replies");
    if (purpose == X509_FOR_CLAIM && !has_accepted_use(leaf, ekus))
        return bad(why, "none of its uses is one for signing claims");
    return SH_OK;
}

static int check_key_usage(const struct x509_cert *leaf, enum x509_purpose purpose,
                           struct why *why)
{
    unsigned signs = X509_DIGITAL_SIGNATURE;

    if (purpose != X509_FOR_CLAIM)
        signs |= X509_NON_REPUDIATION;
    if (!leaf->has_key_usage && purpose != X509_FOR_CLAIM)
        return SH_OK;
    if (!leaf->has_key_usage)
        return bad(why, "no key usage");
    if (leaf->key_usage & X509_KEY_CERT_SIGN)
        return bad(why, "its key may sign certificates: keyCertSign");
    if (!(leaf->key_usage & signs))
        return bad(why, "its key may not sign: digitalSignature is missing");
    return SH_OK;
}

int x509_profile(const struct x509_cert *leaf, enum x509_purpose purpose,
                 const struct x509_eku *ekus, struct why *why)
{
    int rc;

    if (leaf->version != 3 && purpose != X509_FOR_KNOWN)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "certificate: version %u, 3 is needed (C2PA 2.2 14.5.1)", leaf->version);
    if (!leaf->sig_known)
        return bad(why, "signed by an algorithm other than SHA-2 with ECDSA, RSA or RSA-PSS, "
                        "and Ed25519");
    rc = x509_key_check(leaf, why);
    if (rc < 0 || purpose == X509_FOR_KNOWN)
        return rc;
    if (leaf->unique_ids)
        return bad(why, "it has unique identifiers");
    if (leaf->unknown_critical)
        return bad(why, "a critical extension that is not known (RFC 5280 4.2)");
    if (leaf->has_constraints)
        return bad(why, "constraints of names or policies, which only an authority may have");
    if (leaf->ca)
        return bad(why, "it is an authority's: CA:TRUE");
    /* Names alone say nothing: an authority may give its own name to whom it certifies. */
    if (slice_equal(leaf->issuer, leaf->subject) && x509_signed_by(leaf, leaf))
        return bad(why, "it names itself as its issuer");
    /* Of a claim's signer; RFC 3161 and 6960 ask for none, and small authorities write none. */
    if (!leaf->has_aki && purpose == X509_FOR_CLAIM)
        return bad(why, "no authority key identifier");
    rc = check_key_usage(leaf, purpose, why);
    if (rc == SH_OK)
        rc = check_uses(leaf, purpose, ekus, why);
    return rc;
}
