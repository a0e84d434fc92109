/* A TimeStampToken: RFC 5652 3 to 5 (ContentInfo, SignedData), RFC 3161 2.4.2 (TSTInfo). */
#include "stamp/stamp_int.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "time stamp: %s", what);
}

/* ---- TSTInfo ---- */

static int imprint_parse(struct stamp *stamp, struct slice *rest, struct why *why)
{
    struct der_item seq, alg;
    struct slice inner;
    int rc;

    rc = der_expect(rest, DER_SEQUENCE, &seq, why);
    if (rc < 0)
        return rc;
    inner = seq.value;
    rc = der_expect(&inner, DER_SEQUENCE, &alg, why);
    if (rc == SH_OK)
        rc = der_octets(&inner, &stamp->imprint, why);
    if (rc == SH_OK)
        rc = der_end(inner, why);
    if (rc < 0)
        return rc;
    stamp->hash = crypt_hash_parse(alg.raw);
    if (stamp->hash == CRYPT_SHA1)
        stamp->hash = 0;
    if (stamp->hash && stamp->imprint.len != crypt_hash_bytes(stamp->hash))
        return bad(why, "messageImprint: not as long as its hash (RFC 3161 2.4.2)");
    return SH_OK;
}

/* Accuracy ::= SEQUENCE of seconds, [0] millis, [1] micros: its shape only. */
static int accuracy_check(struct slice rest, struct why *why)
{
    struct der_item item;
    int rc;

    rc = der_optional(&rest, DER_INTEGER, &item, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT(0), &item, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT(1), &item, why);
    return rc == SH_OK ? der_end(rest, why) : rc;
}

/* tsa [0] GeneralName: a directoryName is the Name of who stamps, a hint only (2.4.2). */
static int tsa_parse(struct stamp *stamp, struct slice explicit, struct why *why)
{
    struct der_item name, inner;
    int rc;

    rc = der_next(&explicit, &name, why);
    if (rc == SH_OK)
        rc = der_end(explicit, why);
    if (rc < 0 || name.tag != DER_CONTEXT_BUILT(4))
        return rc;
    rc = der_whole(name.value, DER_SEQUENCE, &inner, why);
    if (rc == SH_OK)
        stamp->tsa_name = inner.raw;
    return rc;
}

/* Extensions: none is known here, so none may be critical (2.4.2). */
static int extensions_check(struct slice rest, struct why *why)
{
    while (rest.len) {
        struct der_item seq;
        struct slice inner, oid, value;
        bool critical = false;
        int rc;

        rc = der_expect(&rest, DER_SEQUENCE, &seq, why);
        if (rc < 0)
            return rc;
        inner = seq.value;
        rc = der_oid(&inner, &oid, why);
        if (rc == SH_OK && der_peek(inner, DER_BOOLEAN))
            rc = der_bool(&inner, &critical, why);
        if (rc == SH_OK)
            rc = der_octets(&inner, &value, why);
        if (rc == SH_OK)
            rc = der_end(inner, why);
        if (rc < 0)
            return rc;
        if (critical)
            return bad(why, "a critical extension that is not known (RFC 3161 2.4.2)");
    }
    return SH_OK;
}

/* What may stand behind genTime, each once and in this order. */
static int options_parse(struct stamp *stamp, struct slice rest, struct why *why)
{
    struct der_item item;
    bool ordering;
    int rc;

    rc = der_optional(&rest, DER_SEQUENCE, &item, why);
    if (rc == SH_OK && item.raw.ptr)
        rc = accuracy_check(item.value, why);
    if (rc == SH_OK && der_peek(rest, DER_BOOLEAN))
        rc = der_bool(&rest, &ordering, why);
    if (rc == SH_OK && der_peek(rest, DER_INTEGER))
        rc = der_integer(&rest, &stamp->nonce, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(0), &item, why);
    if (rc == SH_OK && item.raw.ptr)
        rc = tsa_parse(stamp, item.value, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(1), &item, why);
    if (rc == SH_OK && item.raw.ptr)
        rc = extensions_check(item.value, why);
    return rc == SH_OK ? der_end(rest, why) : rc;
}

int stamp_info_parse(struct stamp *stamp, struct why *why)
{
    struct der_item seq;
    struct slice rest;
    uint64_t version = 0;
    int rc;

    rc = der_whole(stamp->info, DER_SEQUENCE, &seq, why);
    if (rc < 0)
        return rc;
    rest = seq.value;
    rc = der_u64(&rest, &version, why);
    if (rc == SH_OK && version != 1)
        return bad(why, "TSTInfo: a version other than 1 (RFC 3161 2.4.2)");
    if (rc == SH_OK)
        rc = der_oid(&rest, &stamp->policy, why);
    if (rc == SH_OK)
        rc = imprint_parse(stamp, &rest, why);
    if (rc == SH_OK)
        rc = der_integer(&rest, &stamp->serial, why);
    if (rc == SH_OK)
        rc = der_moment(&rest, &stamp->gen_time, why);
    return rc == SH_OK ? options_parse(stamp, rest, why) : rc;
}

/* ---- certificates ---- */

int stamp_certs_parse(struct stamp *stamp, struct slice certs, struct arena *arena,
                      struct why *why)
{
    struct x509_cert *list = arena_take(arena, LIMIT_STAMP_CERTS * sizeof *list);
    size_t count = 0;

    if (!list)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "time stamp: no memory for certificates");
    for (struct slice rest = certs; rest.len;) {
        struct der_item item;
        int rc = der_next(&rest, &item, why);

        if (rc < 0)
            return rc;
        /* Others than X.509 ([0] to [3]) and those that are none sign nothing here. */
        if (item.tag != DER_SEQUENCE)
            continue;
        if (count == LIMIT_STAMP_CERTS)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "time stamp: more than %d certificates",
                           LIMIT_STAMP_CERTS);
        if (x509_parse(item.raw, &list[count], NULL) == SH_OK)
            count++;
    }
    stamp->certs = list;
    stamp->cert_count = count;
    return SH_OK;
}

/* ---- SignedData ---- */

static int content_parse(struct stamp *stamp, struct slice *rest, struct why *why)
{
    struct der_item seq, wrapped, octets;
    struct slice inner, oid;
    int rc;

    rc = der_expect(rest, DER_SEQUENCE, &seq, why);
    if (rc < 0)
        return rc;
    inner = seq.value;
    rc = der_oid(&inner, &oid, why);
    if (rc < 0)
        return rc;
    if (!der_oid_is(oid, STAMP_OID_INFO))
        return bad(why, "it holds something else than a TSTInfo (RFC 3161 2.4.2)");
    rc = der_expect(&inner, DER_CONTEXT_BUILT(0), &wrapped, why);
    if (rc == SH_OK)
        rc = der_end(inner, why);
    if (rc == SH_OK)
        rc = der_whole(wrapped.value, DER_OCTET_STRING, &octets, why);
    if (rc == SH_OK)
        stamp->info = octets.value;
    return rc;
}

/* A SET of AlgorithmIdentifiers, which nothing is read from: the signer names his own. */
static int algs_parse(struct slice rest, struct why *why)
{
    struct der_item alg, oid, parameters;
    int rc = SH_OK;

    while (rc == SH_OK && rest.len) {
        rc = der_expect(&rest, DER_SEQUENCE, &alg, why);
        if (rc == SH_OK)
            rc = der_expect(&alg.value, DER_OID, &oid, why);
        if (rc == SH_OK && alg.value.len)
            rc = der_next(&alg.value, &parameters, why);
        if (rc == SH_OK)
            rc = der_end(alg.value, why);
    }
    return rc;
}

static int data_parse(struct stamp *stamp, struct slice rest, struct arena *arena,
                      struct why *why)
{
    struct der_item algs, certs, crls, signers;
    uint64_t version;
    int rc;

    rc = der_u64(&rest, &version, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SET, &algs, why);
    if (rc == SH_OK)
        rc = algs_parse(algs.value, why);
    if (rc == SH_OK)
        rc = content_parse(stamp, &rest, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(0), &certs, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(1), &crls, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SET, &signers, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK)
        rc = stamp_info_parse(stamp, why);
    if (rc == SH_OK)
        rc = stamp_certs_parse(stamp, certs.value, arena, why);
    return rc == SH_OK ? stamp_signer_parse(stamp, signers.value, arena, why) : rc;
}

int stamp_parse(struct slice der, struct arena *arena, struct stamp **out, struct why *why)
{
    struct der_item info, wrapped, data;
    struct stamp *stamp;
    struct slice rest, oid;
    int rc;

    if (der.len > LIMIT_STAMP_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_STAMP_BYTES, "time stamp: more than %u bytes",
                       LIMIT_STAMP_BYTES);
    rc = der_whole(der, DER_SEQUENCE, &info, why);
    if (rc < 0)
        return rc;
    rest = info.value;
    rc = der_oid(&rest, &oid, why);
    if (rc == SH_OK && !der_oid_is(oid, STAMP_OID_SIGNED_DATA))
        return bad(why, "no SignedData (RFC 5652 3)");
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_CONTEXT_BUILT(0), &wrapped, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK)
        rc = der_whole(wrapped.value, DER_SEQUENCE, &data, why);
    if (rc < 0)
        return rc;
    stamp = arena_take(arena, sizeof *stamp);
    if (!stamp)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "time stamp: no memory");
    stamp->token = der;
    rc = data_parse(stamp, data.value, arena, why);
    if (rc == SH_OK)
        *out = stamp;
    return rc;
}
