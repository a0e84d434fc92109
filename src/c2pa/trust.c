/* The signature of a claim: who made it, when, and is that somebody (C2PA 2.2 15.7 to 15.9). */
#include "c2pa/validate_int.h"

#include "stamp/stamp.h"

/* Not a cap: what is around headers and payload, which are parts of one store, is shorter. */
#define SIGNED_FRAME_BYTES 65536

/* The signature of one manifest under way. */
struct signing {
    const struct c2pa_subject *subject;
    const struct c2pa_cose *cose;
    struct crypt_alg alg;
    struct x509_cert *chain; /* the signer's own first */
    size_t count;
    uint64_t at;  /* the moment to judge for: of a trusted token, else now */
    bool stamped; /* at is that of a token */
    const struct x509_cert *issuer;
    const struct x509_anchor *anchor; /* of the last chain that held */
    struct x509_answer way;           /* that chain */
};

/* ---- the certificate -------------------------------------------------------------------- */

static struct slice kept_text(struct c2pa_judge *judge, struct bytes *text)
{
    struct slice kept = c2pa_text(judge, bytes_view(text));

    bytes_clear(text);
    return kept;
}

static void tell_signer(const struct signing *signing)
{
    const struct x509_cert *leaf = &signing->chain[0];
    struct c2pa_manifest_report *told = signing->subject->told;
    struct c2pa_judge *judge = signing->subject->judge;
    const char *alg = c2pa_cose_alg_text(signing->cose->alg);
    struct bytes text = {0};

    bytes_init(&text, 65536);
    x509_name_part(leaf->subject, X509_ORGANIZATION, &text);
    told->signer.organization = kept_text(judge, &text);
    x509_name_part(leaf->subject, X509_COMMON_NAME, &text);
    told->signer.name = kept_text(judge, &text);
    if (told->signer.name.len == 0)
        told->signer.name = told->signer.organization;
    x509_name_text(leaf->issuer, &text);
    told->signer.issuer = kept_text(judge, &text);
    x509_serial_text(leaf, &text);
    told->signer.serial = kept_text(judge, &text);
    bytes_release(&text);
    told->signer.algorithm = slice_text(alg ? alg : "");
    told->signer.not_before = leaf->not_before;
    told->signer.not_after = leaf->not_after;
    x509_sha256(leaf, told->signer.sha256);
    told->has_signer = true;
}

/* Certificates and algorithm; false: said, and nothing more can be judged. */
static bool signer_of(struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    const struct c2pa_cose *cose = signing->cose;
    struct c2pa_judge *judge = subject->judge;
    const struct x509_trust *trust = judge->options->trust;
    enum x509_purpose purpose = X509_FOR_CLAIM;
    struct why why = {0};

    if (cose->chain_count == 0) {
        c2pa_say_signature(subject, C2PA_CREDENTIAL_INVALID,
                           "no certificate in the signature (C2PA 14.6)");
        return false;
    }
    signing->chain = c2pa_take(judge, cose->chain_count * sizeof(*signing->chain));
    if (!signing->chain)
        return false;
    if (x509_parse(cose->chain[0], &signing->chain[0], &why) != 0) {
        c2pa_say_signature(subject, C2PA_CREDENTIAL_INVALID, why.text);
        return false;
    }
    signing->count = 1;
    for (size_t i = 1; i < cose->chain_count; i++)
        if (x509_parse(cose->chain[i], &signing->chain[signing->count], NULL) == 0)
            signing->count++;
    tell_signer(signing);
    if (!cose->has_alg || !c2pa_cose_alg(cose->alg, &signing->alg)) {
        c2pa_say_signature(subject, C2PA_ALGORITHM_UNSUPPORTED,
                           "the algorithm of the signature is none of C2PA 13.2.1");
        return false;
    }
    if (trust && x509_trust_allows(trust, &signing->chain[0]))
        purpose = X509_FOR_KNOWN; /* 14.5.1.2: the profile is not asked of those */
    if (x509_profile(&signing->chain[0], purpose, trust ? trust->ekus : NULL, &why) != 0)
        c2pa_say_signature(subject, C2PA_CREDENTIAL_INVALID, why.text);
    else if (!x509_key_fits(&signing->chain[0], &signing->alg))
        c2pa_say_signature(subject, C2PA_CREDENTIAL_INVALID,
                           "the key is of another kind than the algorithm (C2PA 13.2.1)");
    return true;
}

/* ---- what was signed --------------------------------------------------------------------- */

/* One of the two structures over payload, in *out, which is the caller's to release. */
static bool structure_of(const struct signing *signing, struct slice payload,
                         void (*build)(const struct c2pa_cose *, struct slice, struct bytes *),
                         struct bytes *out)
{
    struct c2pa_judge *judge = signing->subject->judge;

    bytes_init(out, (size_t)LIMIT_C2PA_STORE_BYTES + SIGNED_FRAME_BYTES);
    build(signing->cose, payload, out);
    /* A message that is cut short would be told as one that somebody changed. */
    if (out->failed != SH_OK && judge->failed == 0)
        judge->failed = bytes_check(out, judge->why);
    return out->failed == SH_OK;
}

/* ---- time stamps ------------------------------------------------------------------------ */

static void tell_stamper(struct c2pa_judge *judge, const struct stamp *stamp,
                         struct c2pa_manifest_report *told)
{
    struct bytes text = {0};
    struct slice name = stamp->signer ? stamp->signer->subject : stamp->tsa_name;

    if (name.len == 0)
        return;
    bytes_init(&text, 65536);
    x509_name_part(name, X509_COMMON_NAME, &text);
    if (text.len == 0)
        x509_name_text(name, &text);
    told->stamper = kept_text(judge, &text);
    bytes_release(&text);
}

/* What one token says about message; true: it is trusted, and its time holds from now on. */
static bool token_holds(struct signing *signing, struct slice token, struct slice message)
{
    static const enum c2pa_code said[] = {[STAMP_MISMATCH] = C2PA_STAMP_MISMATCH,
                                          [STAMP_UNTRUSTED] = C2PA_STAMP_UNTRUSTED,
                                          [STAMP_OUTSIDE] = C2PA_STAMP_OUTSIDE,
                                          [STAMP_UNCHECKED] = C2PA_STAMP_UNTRUSTED};
    const struct c2pa_subject *subject = signing->subject;
    struct c2pa_judge *judge = subject->judge;
    const struct x509_trust *trust = judge->options->trust;
    struct stamp_judgement judgement = {0};
    struct stamp *stamp = NULL;
    struct slice inner;
    struct why why = {0};

    /* Some write the server's whole answer where only its token belongs (10.3.2.5.4). */
    if (stamp_response(token, &inner, NULL) == SH_OK)
        token = inner;
    if (stamp_parse(token, judge->arena, &stamp, &why) != 0) {
        c2pa_say_signature(subject, C2PA_STAMP_MALFORMED, why.text);
        return false;
    }
    stamp_judge(stamp, message, trust ? trust->tsa : NULL, &judgement);
    if (judgement.verdict != STAMP_TRUSTED) {
        if (judgement.imprint && judgement.signature && !subject->told->claimed_at) {
            subject->told->claimed_at = stamp->gen_time;
            tell_stamper(judge, stamp, subject->told);
        }
        c2pa_say_signature(subject, said[judgement.verdict], judgement.why.text);
        return false;
    }
    c2pa_say_signature(subject, C2PA_STAMP_VALIDATED, NULL);
    c2pa_say_signature(subject, C2PA_STAMP_TRUSTED, NULL);
    subject->told->stamped_at = stamp->gen_time;
    tell_stamper(judge, stamp, subject->told);
    signing->at = stamp->gen_time;
    signing->stamped = true;
    return true;
}

/* Tokens of c2pa.time-stamp assertions about this manifest (15.8.1.2). */
static void stamps_of_others(struct signing *signing, struct slice message)
{
    const struct c2pa_subject *subject = signing->subject;

    for (const struct c2pa_reached *one = subject->judge->reached; one; one = one->next)
        for (size_t i = 0; i < one->manifest->assertion_count; i++) {
            const struct c2pa_assertion *assertion = &one->manifest->assertions[i];
            const struct cbor_value *name;

            if (!assertion->listed || !assertion->cbor || assertion->cbor->type != CBOR_MAP ||
                !c2pa_named(assertion, "c2pa.time-stamp"))
                continue;
            for (name = assertion->cbor->first; name && name->next; name = name->next->next)
                if (name->type == CBOR_TEXT && name->next->type == CBOR_BYTES &&
                    slice_equal(name->string, subject->manifest->label) &&
                    token_holds(signing, name->next->string, message))
                    return;
        }
}

/* sigTst holds the server's whole answer, and stamps the claim (10.3.2.5.3). */
static bool old_stamp_holds(struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    struct slice token = {0};
    struct bytes message;
    struct why why = {0};
    bool held = false;

    if (structure_of(signing, subject->manifest->claim.raw, c2pa_cose_stamped, &message)) {
        if (stamp_response(signing->cose->tokens_v1[0], &token, &why) != 0)
            c2pa_say_signature(subject, C2PA_STAMP_MALFORMED, why.text);
        else
            held = token_holds(signing, token, bytes_view(&message));
    }
    bytes_release(&message);
    return held;
}

static void find_time(struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    const struct c2pa_cose *cose = signing->cose;
    struct bytes message;
    bool held = false;

    if (cose->has_stamp && cose->token_count != 1)
        c2pa_say_signature(subject, C2PA_STAMP_MALFORMED,
                           "sigTst2 has not one token (C2PA 15.8.1.1)");
    if (cose->has_stamp_v1 && cose->token_v1_count != 1)
        c2pa_say_signature(subject, C2PA_STAMP_MALFORMED,
                           "sigTst has not one token (C2PA 15.8.1.1)");
    if (structure_of(signing, cose->signature_raw, c2pa_cose_stamped, &message)) {
        if (cose->has_stamp && cose->token_count == 1)
            held = token_holds(signing, cose->tokens[0], bytes_view(&message));
        if (!held && cose->has_stamp_v1 && cose->token_v1_count == 1)
            held = old_stamp_holds(signing);
        if (!held)
            stamps_of_others(signing, bytes_view(&message));
    }
    bytes_release(&message);
}

/* ---- revocation ------------------------------------------------------------------------- */

/* A certificate, and who issued it: what replies are asked about. */
struct pair {
    const struct signing *signing;
    const struct x509_cert *cert, *issuer;
};

static enum x509_ocsp reply_says(const struct pair *pair, struct slice reply)
{
    struct x509_ocsp_question question = {.reply = reply,
                                          .cert = pair->cert,
                                          .issuer = pair->issuer,
                                          .at = pair->signing->at,
                                          .now = pair->signing->subject->judge->options->now};

    return x509_ocsp_judge(&question, NULL, NULL);
}

/* The worst that usable replies say is kept: a revocation is never outvoted. */
static void hear(enum x509_ocsp said, enum x509_ocsp *kept)
{
    if (said == X509_OCSP_REVOKED || *kept == X509_OCSP_UNUSABLE ||
        (said == X509_OCSP_GOOD && *kept == X509_OCSP_UNKNOWN))
        *kept = said;
}

/* Each manifest may hear each reply of all others: what that costs in all is bounded. */
static bool may_hear(const struct pair *pair, struct slice reply)
{
    struct c2pa_judge *judge = pair->signing->subject->judge;

    judge->heard += reply.len + pair->issuer->raw.len;
    if (judge->heard > LIMIT_C2PA_HEARD && judge->failed == 0)
        judge->failed = why_set(judge->why, SH_ELIMIT, WHY_NOWHERE,
                                "credentials: they ask for more than %llu bytes of OCSP "
                                "replies to be read",
                                (unsigned long long)LIMIT_C2PA_HEARD);
    return judge->failed == 0;
}

/* Replies in c2pa.certificate-status assertions of all manifests (15.9). */
static void hear_others(const struct pair *pair, enum x509_ocsp *kept)
{
    for (const struct c2pa_reached *one = pair->signing->subject->judge->reached; one;
         one = one->next)
        for (size_t i = 0; i < one->manifest->assertion_count; i++) {
            const struct c2pa_assertion *assertion = &one->manifest->assertions[i];
            const struct cbor_value *replies;

            if (!assertion->listed || !c2pa_named(assertion, "c2pa.certificate-status"))
                continue;
            replies = cbor_member(assertion->cbor, "ocspVals");
            if (!replies || replies->type != CBOR_ARRAY ||
                replies->count > LIMIT_C2PA_TOKENS * 8)
                continue;
            for (const struct cbor_value *reply = replies->first; reply; reply = reply->next)
                if (reply->type == CBOR_BYTES && *kept != X509_OCSP_REVOKED &&
                    may_hear(pair, reply->string))
                    hear(reply_says(pair, reply->string), kept);
        }
}

/* What all replies in the file say about one certificate. */
static enum x509_ocsp all_say(const struct pair *pair)
{
    const struct c2pa_cose *cose = pair->signing->cose;
    enum x509_ocsp said = X509_OCSP_UNUSABLE;

    for (size_t i = 0; i < cose->ocsp_count && i < LIMIT_C2PA_TOKENS; i++)
        hear(reply_says(pair, cose->ocsp[i]), &said);
    hear_others(pair, &said);
    return said;
}

/* ---- trust ------------------------------------------------------------------------------ */

/* Does a chain hold at a moment?  *why: the first cause against it. */
static bool chain_at(struct signing *signing, uint64_t at, struct why *why)
{
    const struct x509_trust *trust = signing->subject->judge->options->trust;
    struct x509_question question = {.leaf = &signing->chain[0],
                                     .more = signing->chain + 1,
                                     .more_count = signing->count - 1,
                                     .anchors = trust ? trust->anchors : NULL,
                                     .at = at};
    enum x509_verdict verdict = x509_chain(&question, &signing->way, why);

    if (signing->way.issuer)
        signing->issuer = signing->way.issuer;
    signing->anchor = verdict == X509_TRUSTED ? signing->way.anchor : NULL;
    return verdict == X509_TRUSTED;
}

/* Is the time of signing within the certificate, and every other above it that is known? */
static bool inside(const struct signing *signing, uint64_t at)
{
    for (size_t i = 0; i < signing->count; i++) {
        if (i > 0 && !x509_signed_by(&signing->chain[i - 1], &signing->chain[i]))
            break; /* not of the path */
        if (at < signing->chain[i].not_before || at > signing->chain[i].not_after)
            return false;
    }
    return true;
}

/* Was an authority between the signer and the anchor revoked (15.9)?  The anchor never is. */
static bool way_revoked(const struct signing *signing)
{
    const struct x509_answer *way = &signing->way;

    for (unsigned i = 1; way->anchor && i + 1 < way->certs; i++) {
        struct pair pair = {signing, way->path[i],
                            i + 2 < way->certs ? way->path[i + 1] : &way->anchor->cert};

        if (all_say(&pair) == X509_OCSP_REVOKED)
            return true;
    }
    return false;
}

static void judge_trust(struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    const struct x509_trust *trust = subject->judge->options->trust;
    const struct x509_cert *leaf = &signing->chain[0];
    struct why why = {0};
    bool trusted = chain_at(signing, signing->at, &why);

    if (trusted && way_revoked(signing)) {
        trusted = false;
        (void)why_set(&why, SH_EFORMAT, WHY_NOWHERE,
                      "an authority of the signer was revoked by its issuer (C2PA 15.9)");
    }
    if (trusted && signing->anchor) {
        subject->told->has_anchor = true;
        x509_sha256(&signing->anchor->cert, subject->told->anchor);
    }
    if (!trusted && trust && x509_trust_allows(trust, leaf))
        trusted = true; /* 14.4.3: the reader knows this signer himself */
    if (trusted)
        c2pa_say_signature(subject, C2PA_CREDENTIAL_TRUSTED, NULL);
    else if (inside(signing, signing->at) || !chain_at(signing, leaf->not_after, NULL))
        c2pa_say_signature(subject, C2PA_CREDENTIAL_UNTRUSTED,
                           why.text[0] ? why.text : "no anchor is given");
}

static void judge_validity(const struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    const struct c2pa_cose *cose = signing->cose;

    if (inside(signing, signing->at))
        c2pa_say_signature(subject, C2PA_SIGNATURE_INSIDE, NULL);
    else
        c2pa_say_signature(subject, C2PA_SIGNATURE_OUTSIDE,
                           signing->stamped ? "the time stamp is not within the certificates"
                                            : "the certificates do not hold now");
    if (cose->has_iat) {
        bool fits = cose->iat >= 0 && inside(signing, (uint64_t)cose->iat) &&
                    (!signing->stamped || (uint64_t)cose->iat <= signing->at);

        c2pa_say_signature(subject, fits ? C2PA_TIME_INSIDE : C2PA_TIME_OUTSIDE, NULL);
    }
}

static void judge_revocation(const struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    struct pair pair = {signing, &signing->chain[0], signing->issuer};
    enum x509_ocsp said = signing->issuer ? all_say(&pair) : X509_OCSP_UNUSABLE;

    if (said == X509_OCSP_GOOD)
        c2pa_say_signature(subject, C2PA_OCSP_NOT_REVOKED, NULL);
    else if (said == X509_OCSP_REVOKED)
        c2pa_say_signature(subject, C2PA_OCSP_REVOKED, "the issuer revoked the certificate");
    else if (said == X509_OCSP_UNKNOWN)
        c2pa_say_signature(subject, C2PA_OCSP_UNKNOWN, "the issuer does not know it");
    else
        c2pa_say_signature(subject, C2PA_OCSP_SKIPPED, NULL);
}

/* ---- all of it ------------------------------------------------------------------------ */

static void judge_bytes(const struct signing *signing)
{
    const struct c2pa_subject *subject = signing->subject;
    struct bytes message;

    if (!structure_of(signing, subject->manifest->claim.raw, c2pa_cose_signed, &message)) {
        bytes_release(&message);
        return;
    }
    if (!crypto.can_verify(&signing->alg))
        c2pa_say_signature(subject, C2PA_ALGORITHM_UNSUPPORTED,
                           "this program cannot check signatures of that kind");
    else if (crypto.signature_verify(&signing->alg, signing->chain[0].spki,
                                     bytes_view(&message), signing->cose->signature))
        c2pa_say_signature(subject, C2PA_SIGNATURE_VALIDATED, NULL);
    else
        c2pa_say_signature(subject, C2PA_SIGNATURE_MISMATCH,
                           "the signature was not made over this claim by this key");
    bytes_release(&message);
}

/* The signature box that the claim names must be the one of its own manifest (15.7). */
static bool signature_here(const struct c2pa_subject *subject)
{
    const struct c2pa_manifest *manifest = subject->manifest;
    struct c2pa_target target = {0};

    if (manifest->claim.signature.len == 0 || manifest->cose.fault.kind == C2PA_ABSENT ||
        manifest->cose.fault.kind == C2PA_SEVERAL)
        return false;
    c2pa_uri_follow(subject->judge->store, manifest, manifest->claim.signature, &target);
    return target.kind == C2PA_URI_OK && target.manifest == manifest && target.box &&
           target.box == manifest->cose.box;
}

void c2pa_judge_signature(const struct c2pa_subject *subject)
{
    struct signing signing = {.subject = subject,
                              .cose = &subject->manifest->cose,
                              .at = subject->judge->options->now};

    if (!signature_here(subject)) {
        c2pa_say_claim(subject, C2PA_SIGNATURE_MISSING,
                       "the claim names no signature in its own manifest (C2PA 15.7)");
        return;
    }
    if (signing.cose->chain_twice) {
        c2pa_say_signature(subject, C2PA_CREDENTIAL_INVALID,
                           "x5chain stands in both headers (C2PA 14.6)");
        return;
    }
    if (signing.cose->fault.kind != C2PA_SOUND) {
        c2pa_say_signature(subject, C2PA_SIGNATURE_MISMATCH, signing.cose->fault.text);
        return;
    }
    if (!signer_of(&signing))
        return;
    if (signing.cose->pad_not_zero)
        c2pa_say_signature(subject, C2PA_BOX_ODD,
                           "not zero: padding of the signature, which nothing protects");
    find_time(&signing);
    judge_trust(&signing);
    judge_validity(&signing);
    judge_bytes(&signing);
    judge_revocation(&signing);
}
