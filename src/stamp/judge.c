/* What a time stamp is worth: C2PA 2.2 15.8, RFC 5652 5.6, RFC 3161 2.3. */
#include "stamp/stamp_int.h"

static bool hash_is(enum crypt_hash hash, struct slice data, struct slice wanted)
{
    uint8_t digest[CRYPT_DIGEST_MAX];

    if (!hash || wanted.len != crypt_hash_bytes(hash))
        return false;
    crypto.digest(hash, data, digest);
    return memcmp(digest, wanted.ptr, wanted.len) == 0;
}

/* Is the certificate that sid names the one that is signed for (RFC 5035 3)? */
static bool is_the_one(const struct stamp *stamp)
{
    const struct x509_cert *cert = stamp->signer;

    return hash_is(stamp->cert_by, cert->raw, stamp->cert_said) &&
           (!stamp->issuer_said.ptr || (slice_equal(stamp->issuer_said, cert->issuer) &&
                                        slice_equal(stamp->serial_said, cert->serial)));
}

static int verdict(struct stamp_judgement *out, enum stamp_verdict verdict, const char *what)
{
    out->verdict = verdict;
    return why_set(&out->why, SH_EFORMAT, WHY_NOWHERE, "time stamp: %s", what);
}

/* The signature; SH_OK when it holds. */
static int signature_judge(const struct stamp *stamp, struct stamp_judgement *out)
{
    if (!stamp->alg.scheme)
        return verdict(out, STAMP_UNTRUSTED,
                       "signed by an algorithm that is not taken (C2PA 2.2 13.2)");
    if (!stamp->signer)
        return verdict(out, STAMP_UNTRUSTED,
                       "the certificate of who signed it is not in it (C2PA 2.2 15.8.2)");
    if (!crypto.can_verify(&stamp->alg))
        return verdict(out, STAMP_UNCHECKED, "its signature cannot be judged here");
    if (!hash_is(stamp->digest_by, stamp->info, stamp->digest_said))
        return verdict(out, STAMP_MISMATCH,
                       "messageDigest is not that of the TSTInfo (RFC 5652 5.6)");
    if (!crypto.signature_verify(&stamp->alg, stamp->signer->spki, stamp->signed_attrs,
                                 stamp->signature))
        return verdict(out, STAMP_MISMATCH,
                       "the signature does not hold with the certificate (RFC 5652 5.6)");
    if (!is_the_one(stamp))
        return verdict(out, STAMP_MISMATCH,
                       "signed for another certificate than the one named (RFC 5035 3)");
    out->signature = true;
    return SH_OK;
}

static int imprint_judge(const struct stamp *stamp, struct slice message,
                         struct stamp_judgement *out)
{
    if (!stamp->hash)
        return verdict(out, STAMP_UNTRUSTED,
                       "messageImprint by a hash that is not taken (C2PA 2.2 13.1)");
    if (!hash_is(stamp->hash, message, stamp->imprint))
        return verdict(out, STAMP_MISMATCH, "it is of something else (messageImprint)");
    out->imprint = true;
    return SH_OK;
}

/* Would the chain hold at another moment?  When the youngest of its certificates began. */
static bool held_once(const struct stamp *stamp, const struct x509_anchor *tsa)
{
    struct x509_question question = {.leaf = stamp->signer,
                                     .more = stamp->certs,
                                     .more_count = stamp->cert_count,
                                     .anchors = tsa};
    struct x509_answer answer;
    unsigned checks = 0; /* in all: a crowd of namesakes would be searched for each of them */
    bool held = false;

    for (size_t i = 0; tsa && i < stamp->cert_count && !held && checks < LIMIT_X509_CHECKS;
         i++) {
        question.at = stamp->certs[i].not_before;
        held = x509_chain(&question, &answer, NULL) == X509_TRUSTED;
        checks += answer.checks;
    }
    for (const struct x509_anchor *anchor = tsa; anchor && !held && checks < LIMIT_X509_CHECKS;
         anchor = anchor->next) {
        bool near = false;

        for (size_t i = 0; i < stamp->cert_count; i++)
            near = near || slice_equal(stamp->certs[i].issuer, anchor->cert.subject);
        if (!near)
            continue;
        question.at = anchor->not_before > anchor->cert.not_before ? anchor->not_before
                                                                   : anchor->cert.not_before;
        held = x509_chain(&question, &answer, NULL) == X509_TRUSTED;
        checks += answer.checks;
    }
    return held;
}

static void chain_judge(const struct stamp *stamp, const struct x509_anchor *tsa,
                        struct stamp_judgement *out)
{
    const struct x509_question question = {.leaf = stamp->signer,
                                           .more = stamp->certs,
                                           .more_count = stamp->cert_count,
                                           .anchors = tsa,
                                           .at = stamp->gen_time};

    if (x509_profile(stamp->signer, X509_FOR_STAMP, NULL, &out->why) < 0) {
        out->verdict = STAMP_UNTRUSTED;
        return;
    }
    if (x509_chain(&question, NULL, &out->why) == X509_TRUSTED)
        out->verdict = STAMP_TRUSTED;
    else
        out->verdict = held_once(stamp, tsa) ? STAMP_OUTSIDE : STAMP_UNTRUSTED;
}

void stamp_judge(const struct stamp *stamp, struct slice message, const struct x509_anchor *tsa,
                 struct stamp_judgement *out)
{
    struct stamp_judgement imprint = {0};
    int rc;

    *out = (struct stamp_judgement){0};
    rc = signature_judge(stamp, out);
    (void)imprint_judge(stamp, message, &imprint); /* Told in any case. */
    out->imprint = imprint.imprint;
    if (rc < 0)
        return;
    if (!imprint.imprint) {
        out->verdict = imprint.verdict;
        out->why = imprint.why;
        return;
    }
    chain_judge(stamp, tsa, out);
}
