/* OCSP replies: RFC 6960 4.2, C2PA 2.2 15.9.1. */
#include "x509/x509_int.h"

#include <string.h>

#define OCSP_DAY 86400

struct reply {
    struct slice data;         /* the ResponseData item: what is signed */
    struct slice by_name;      /* responderID: the Name item, or */
    struct slice by_key;       /* the SHA-1 of the key's bytes */
    struct slice singles;      /* row of SingleResponse */
    struct slice certificates; /* row of Certificate */
    struct slice signature;
    struct crypt_alg alg;
    bool alg_known;
    uint64_t produced_at;
};

struct single {
    enum crypt_hash hash; /* 0: one that we do not know */
    struct slice name_hash, key_hash, serial;
    enum x509_ocsp status;
    uint64_t this_update, next_update, revoked_at;
    int reason;
};

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "OCSP reply: %s", what);
}

/* The one item inside a built item [number] EXPLICIT. */
static int parse_inside(struct slice value, uint8_t tag, struct slice *out, struct why *why)
{
    struct der_item item;
    int rc = der_whole(value, tag, &item, why);

    if (rc == SH_OK)
        *out = item.value;
    return rc;
}

/* Extensions of a reply: none is needed, a critical one that is not known forbids its use. */
static int check_extensions(struct slice value, struct why *why)
{
    struct slice row;
    int rc = parse_inside(value, DER_SEQUENCE, &row, why);

    while (rc == SH_OK && row.len) {
        bool critical = false;
        struct der_item seq;
        struct slice oid;

        rc = der_expect(&row, DER_SEQUENCE, &seq, why);
        if (rc == SH_OK)
            rc = der_oid(&seq.value, &oid, why);
        if (rc == SH_OK && der_peek(seq.value, DER_BOOLEAN))
            rc = der_bool(&seq.value, &critical, why);
        if (rc == SH_OK && critical)
            rc = bad(why, "a critical extension that is not known (RFC 6960 4.4)");
    }
    return rc;
}

static int parse_optional_extensions(struct slice *rest, struct why *why)
{
    struct der_item tagged;
    int rc = der_optional(rest, DER_CONTEXT_BUILT(1), &tagged, why);

    if (rc == SH_OK && tagged.raw.ptr)
        rc = check_extensions(tagged.value, why);
    return rc == SH_OK ? der_end(*rest, why) : rc;
}

/* ---- the reply ---- */

static int parse_responder(struct slice *rest, struct reply *reply, struct why *why)
{
    struct der_item item;
    int rc;

    if (der_peek(*rest, DER_CONTEXT_BUILT(2))) {
        rc = der_next(rest, &item, why);
        return rc == SH_OK ? parse_inside(item.value, DER_OCTET_STRING, &reply->by_key, why)
                           : rc;
    }
    rc = der_expect(rest, DER_CONTEXT_BUILT(1), &item, why);
    if (rc < 0)
        return rc;
    reply->by_name = item.value;
    return x509_name_check(item.value, why);
}

/* ResponseData (4.2.1). */
static int parse_data(struct slice value, struct reply *reply, struct why *why)
{
    struct slice rest = value;
    struct der_item version, row;
    int rc = der_optional(&rest, DER_CONTEXT_BUILT(0), &version, why);

    if (rc == SH_OK && version.raw.ptr)
        rc = bad(why, "a version other than 1 (RFC 6960 4.2.1)");
    if (rc == SH_OK)
        rc = parse_responder(&rest, reply, why);
    if (rc == SH_OK)
        rc = der_moment(&rest, &reply->produced_at, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &row, why);
    if (rc < 0)
        return rc;
    reply->singles = row.value;
    return parse_optional_extensions(&rest, why);
}

/* BasicOCSPResponse. */
static int parse_basic(struct slice der, struct reply *reply, struct why *why)
{
    struct der_item whole, data, algorithm, tagged;
    struct slice rest;
    unsigned unused = 0;
    int rc = der_whole(der, DER_SEQUENCE, &whole, why);

    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_expect(&rest, DER_SEQUENCE, &data, why);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_SEQUENCE, &algorithm, why);
    if (rc == SH_OK)
        rc = der_bits(&rest, &reply->signature, &unused, why);
    if (rc == SH_OK)
        rc = der_optional(&rest, DER_CONTEXT_BUILT(0), &tagged, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK && unused)
        rc = bad(why, "a signature that is not whole bytes");
    if (rc == SH_OK && tagged.raw.ptr)
        rc = parse_inside(tagged.value, DER_SEQUENCE, &reply->certificates, why);
    if (rc < 0)
        return rc;
    reply->data = data.raw;
    reply->alg_known = crypt_alg_parse(algorithm.raw, &reply->alg);
    return parse_data(data.value, reply, why);
}

/* OCSPResponse: status successful (0), and of the one type that there is. */
static int parse_reply(struct slice der, struct reply *reply, struct why *why)
{
    struct der_item whole, tagged;
    struct slice rest, oid, inside, basic;
    unsigned status = 0;
    int rc;

    *reply = (struct reply){0};
    if (der.len > LIMIT_OCSP_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "OCSP reply: %zu bytes, at most %u are read", der.len, LIMIT_OCSP_BYTES);
    rc = der_whole(der, DER_SEQUENCE, &whole, why);
    if (rc < 0)
        return rc;
    rest = whole.value;
    rc = der_enumerated(&rest, &status, why);
    if (rc == SH_OK && status)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "OCSP reply: the server answered with error %u (RFC 6960 4.2.1)", status);
    if (rc == SH_OK)
        rc = der_expect(&rest, DER_CONTEXT_BUILT(0), &tagged, why);
    if (rc == SH_OK)
        rc = der_end(rest, why);
    if (rc == SH_OK)
        rc = parse_inside(tagged.value, DER_SEQUENCE, &inside, why);
    if (rc == SH_OK)
        rc = der_oid(&inside, &oid, why);
    if (rc == SH_OK && !der_oid_is(oid, "1.3.6.1.5.5.7.48.1.1"))
        rc = bad(why, "a type other than id-pkix-ocsp-basic");
    if (rc == SH_OK)
        rc = der_octets(&inside, &basic, why);
    if (rc == SH_OK)
        rc = der_end(inside, why);
    return rc == SH_OK ? parse_basic(basic, reply, why) : rc;
}

/* ---- one certificate's state ---- */

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }. */
static int parse_cert_id(struct slice *rest, struct single *out, struct why *why)
{
    struct der_item seq, algorithm;
    int rc = der_expect(rest, DER_SEQUENCE, &seq, why);

    if (rc == SH_OK)
        rc = der_expect(&seq.value, DER_SEQUENCE, &algorithm, why);
    if (rc == SH_OK)
        rc = der_octets(&seq.value, &out->name_hash, why);
    if (rc == SH_OK)
        rc = der_octets(&seq.value, &out->key_hash, why);
    if (rc == SH_OK)
        rc = der_integer(&seq.value, &out->serial, why);
    if (rc == SH_OK)
        rc = der_end(seq.value, why);
    if (rc == SH_OK)
        out->hash = crypt_hash_parse(algorithm.raw);
    return rc;
}

/* RevokedInfo [1] IMPLICIT ::= SEQUENCE { revocationTime, revocationReason [0] OPTIONAL }. */
static int parse_revoked(struct slice value, struct single *out, struct why *why)
{
    struct der_item tagged;
    unsigned reason = 0;
    int rc = der_moment(&value, &out->revoked_at, why);

    if (rc == SH_OK)
        rc = der_optional(&value, DER_CONTEXT_BUILT(0), &tagged, why);
    if (rc == SH_OK)
        rc = der_end(value, why);
    if (rc < 0)
        return rc;
    out->status = X509_OCSP_REVOKED;
    if (!tagged.raw.ptr)
        return SH_OK;
    rc = der_enumerated(&tagged.value, &reason, why);
    if (rc == SH_OK)
        rc = der_end(tagged.value, why);
    out->reason = (int)reason;
    if (reason == 8) /* removeFromCRL: as good (C2PA 2.2 15.9.1) */
        out->status = X509_OCSP_GOOD;
    return rc;
}

static int parse_status(struct slice *rest, struct single *out, struct why *why)
{
    struct der_item item;
    int rc = der_next(rest, &item, why);

    if (rc < 0)
        return rc;
    if (item.tag == DER_CONTEXT_BUILT(1))
        return parse_revoked(item.value, out, why);
    if (item.tag == DER_CONTEXT(0))
        out->status = X509_OCSP_GOOD;
    else if (item.tag == DER_CONTEXT(2))
        out->status = X509_OCSP_UNKNOWN;
    else
        return bad(why, "a state that is neither good, revoked nor unknown (RFC 6960 4.2.1)");
    return item.value.len ? bad(why, "a NULL that is not empty") : SH_OK;
}

static int parse_single(struct slice *rest, struct single *out, struct why *why)
{
    struct der_item seq, tagged;
    int rc = der_expect(rest, DER_SEQUENCE, &seq, why);

    *out = (struct single){.reason = -1};
    if (rc == SH_OK)
        rc = parse_cert_id(&seq.value, out, why);
    if (rc == SH_OK)
        rc = parse_status(&seq.value, out, why);
    if (rc == SH_OK)
        rc = der_moment(&seq.value, &out->this_update, why);
    if (rc == SH_OK)
        rc = der_optional(&seq.value, DER_CONTEXT_BUILT(0), &tagged, why);
    if (rc == SH_OK && tagged.raw.ptr) {
        rc = der_moment(&tagged.value, &out->next_update, why);
        if (rc == SH_OK)
            rc = der_end(tagged.value, why);
    }
    return rc == SH_OK ? parse_optional_extensions(&seq.value, why) : rc;
}

static bool is_hash_of(enum crypt_hash hash, struct slice content, struct slice digest)
{
    uint8_t out[CRYPT_DIGEST_MAX];

    if (digest.len != crypt_hash_bytes(hash))
        return false;
    crypto.digest(hash, content, out);
    return slice_equal(slice_of(out, digest.len), digest);
}

/* Hashes of the issuer's name and key, each made once: a reply may have thousands of states. */
struct issuer_hashes {
    bool made[CRYPT_SHA1 + 1]; /* by enum crypt_hash */
    uint8_t name[CRYPT_SHA1 + 1][CRYPT_DIGEST_MAX];
    uint8_t key[CRYPT_SHA1 + 1][CRYPT_DIGEST_MAX];
};

static bool is_about(const struct single *single, const struct x509_ocsp_question *question,
                     struct issuer_hashes *made)
{
    enum crypt_hash hash = single->hash;
    size_t len = crypt_hash_bytes(hash);

    if (!hash || !slice_equal(single->serial, question->cert->serial))
        return false;
    if (!made->made[hash]) {
        crypto.digest(hash, question->issuer->subject, made->name[hash]);
        crypto.digest(hash, question->issuer->key_bytes, made->key[hash]);
        made->made[hash] = true;
    }
    return slice_equal(single->name_hash, slice_of(made->name[hash], len)) &&
           slice_equal(single->key_hash, slice_of(made->key[hash], len));
}

/* C2PA 2.2 15.9.1: when the reply counts for a signature made at that moment. */
static bool is_timely(const struct single *single, uint64_t produced_at,
                      const struct x509_ocsp_question *question)
{
    uint64_t until = single->next_update ? single->next_update : produced_at + OCSP_DAY;

    if (question->now < single->this_update)
        return false;
    return question->at < single->this_update || question->at <= until;
}

/* ---- who signed it (RFC 6960 4.2.2.2) ---- */

static bool is_responder(const struct reply *reply, const struct x509_cert *cert)
{
    if (reply->by_name.ptr)
        return slice_equal(reply->by_name, cert->subject);
    return is_hash_of(CRYPT_SHA1, cert->key_bytes, reply->by_key);
}

static bool has_signed(const struct reply *reply, const struct x509_cert *cert)
{
    return x509_key_check(cert, NULL) == SH_OK && x509_key_fits(cert, &reply->alg) &&
           crypto.signature_verify &&
           crypto.signature_verify(&reply->alg, cert->spki, reply->data, reply->signature);
}

/* Issued by the issuer itself, for nothing but this, and valid when the reply was made. */
static bool is_delegate(const struct x509_cert *cert, const struct reply *reply,
                        const struct x509_cert *issuer, struct why *why)
{
    if (!x509_names_issuer(cert, issuer))
        return false;
    if (x509_profile(cert, X509_FOR_OCSP, NULL, why) < 0)
        return false;
    if (reply->produced_at < cert->not_before || reply->produced_at > cert->not_after) {
        (void)bad(why, "its signer's certificate was not valid when it was made");
        return false;
    }
    return x509_signed_by(cert, issuer);
}

static int check_signer(const struct reply *reply, const struct x509_cert *issuer,
                        struct why *why)
{
    struct slice rest = reply->certificates;

    if (!reply->alg_known)
        return bad(why, "signed by an algorithm that is not taken");
    if (is_responder(reply, issuer)) {
        if (has_signed(reply, issuer))
            return SH_OK;
        return bad(why, "its signature is not that of the issuer whom it names");
    }
    for (unsigned i = 0; i < LIMIT_OCSP_CERTS && rest.len; i++) {
        struct der_item item;
        struct x509_cert cert;

        if (der_next(&rest, &item, NULL) < 0)
            break;
        if (x509_parse(item.raw, &cert, NULL) < 0 || !is_responder(reply, &cert) ||
            !is_delegate(&cert, reply, issuer, why))
            continue;
        if (has_signed(reply, &cert))
            return SH_OK;
        (void)bad(why, "its signature is not that of the signer whom it names");
    }
    return bad(why, "who signed it is not authorized by the issuer (RFC 6960 4.2.2.2)");
}

/* ---- the verdict ---- */

static enum x509_ocsp judge_singles(const struct reply *reply,
                                    const struct x509_ocsp_question *question,
                                    struct single *found, struct why *why)
{
    enum x509_ocsp verdict = X509_OCSP_UNUSABLE;
    struct slice rest = reply->singles;
    struct issuer_hashes hashes = {.made = {false}};
    bool about = false;
    struct single single;

    while (rest.len) {
        if (parse_single(&rest, &single, why) < 0)
            return X509_OCSP_UNUSABLE;
        if (!is_about(&single, question, &hashes))
            continue;
        about = true;
        /* Two that differ: the worse one counts, and unknown is no proof of anything. */
        if (is_timely(&single, reply->produced_at, question) &&
            (verdict == X509_OCSP_UNUSABLE || single.status == X509_OCSP_REVOKED ||
             (verdict == X509_OCSP_UNKNOWN && single.status != X509_OCSP_UNKNOWN))) {
            verdict = single.status;
            *found = single;
        }
    }
    if (verdict == X509_OCSP_UNUSABLE)
        (void)bad(why, about
                           ? "it does not say how things stood at that moment (C2PA 2.2 15.9.1)"
                           : "it is about another certificate");
    return verdict;
}

enum x509_ocsp x509_ocsp_judge(const struct x509_ocsp_question *question,
                               struct x509_ocsp_answer *out, struct why *why)
{
    struct single found = {0};
    struct reply reply;
    enum x509_ocsp verdict;

    if (parse_reply(question->reply, &reply, why) < 0)
        return X509_OCSP_UNUSABLE;
    verdict = judge_singles(&reply, question, &found, why);
    if (verdict == X509_OCSP_UNUSABLE || check_signer(&reply, question->issuer, why) < 0)
        return X509_OCSP_UNUSABLE;
    if (out)
        *out = (struct x509_ocsp_answer){.produced_at = reply.produced_at,
                                         .this_update = found.this_update,
                                         .next_update = found.next_update,
                                         .revoked_at = found.revoked_at,
                                         .reason = found.reason};
    return verdict;
}
