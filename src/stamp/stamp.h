/*
 * stamp -- time stamps of others' servers: reading and judging tokens, asking for one.
 *
 * What:    a token says: these bytes existed at this moment, and names who vouches for it.
 *          Bytes in, a verdict out: no network, no clock; the token itself is the clock.
 * Spec:    RFC 3161 (time stamps), RFC 5816 (ESSCertIDv2), RFC 5652 (CMS: SignedData only),
 *          RFC 5035 and 2634 (ESS); C2PA 2.2 10.3.2.5 and 15.8.
 * Shapes:  struct stamp is a token that was read, its parts borrowed from the DER; struct
 *          stamp_judgement is what it is worth for one message and one list of authorities.
 * Memory:  a struct stamp lives in the caller's arena and borrows the DER.
 * Errors:  SH_EFORMAT, SH_ELIMIT, SH_ENOMEM for what cannot be read (timeStamp.malformed).
 *          What does not hold is no error but a verdict, with its cause in the judgement.
 * Threads: no state.
 */
#ifndef STAMP_STAMP_H
#define STAMP_STAMP_H

#include "base/base.h"
#include "crypt/crypt.h"

struct x509_cert;
struct x509_anchor;

struct stamp {
    struct slice token; /* the whole ContentInfo: what sigTst2 holds */
    struct slice info;  /* DER of the TSTInfo: what is signed */

    /* ---- TSTInfo ---- */
    enum crypt_hash hash; /* of the imprint; 0: a hash that we do not take (SHA-1 is none) */
    struct slice imprint;
    uint64_t gen_time;     /* unix seconds, a fraction cut off */
    struct slice serial;   /* content of the INTEGER */
    struct slice nonce;    /* content of the INTEGER; ptr is NULL when there is none */
    struct slice policy;   /* content of the OID */
    struct slice tsa_name; /* the Name item of tsa, when it is a directoryName; else empty */

    /* ---- the one SignerInfo ---- */
    struct slice signed_attrs; /* as a SET, which the signature is over (5.4): a copy */
    struct slice digest_said;  /* content of the attribute messageDigest */
    enum crypt_hash digest_by; /* digestAlgorithm; 0: one that we do not take */
    struct crypt_alg alg;      /* scheme 0: one that we do not take */
    struct slice signature;
    struct slice cert_said;   /* certHash of the first ESSCertID(V2) */
    enum crypt_hash cert_by;  /* its hash; 0: one that we do not know */
    struct slice issuer_said; /* issuerSerial of it: the Name item; empty when not given */
    struct slice serial_said;

    /* ---- certificates: those that can be read, in the order of the token ---- */
    const struct x509_cert *certs;
    size_t cert_count;
    const struct x509_cert *signer; /* the one whom the SignerInfo names; NULL: not here */
};

/* A TimeStampToken that fills der; at most LIMIT_STAMP_BYTES. */
MUST_CHECK int stamp_parse(struct slice der, struct arena *arena, struct stamp **out,
                           struct why *why);
/*
 * The token in a TimeStampResp (what sigTst holds, and what a server answers): status granted
 * or grantedWithMods.  SH_ENOTFOUND when the server refused, with its words in why.
 */
MUST_CHECK int stamp_response(struct slice der, struct slice *token, struct why *why);

enum stamp_verdict {
    STAMP_TRUSTED = 0, /* all holds: timeStamp.validated and timeStamp.trusted */
    STAMP_MISMATCH,    /* of another message, or the signature does not hold: .mismatch */
    STAMP_UNTRUSTED,   /* who signed it is nobody whom the reader trusts for that, or by a hash
                          or signature that is not taken: .untrusted */
    STAMP_OUTSIDE,  /* a certificate of its chain did not hold at genTime: .outsideValidity */
    STAMP_UNCHECKED /* this program cannot judge signatures of that kind (crypt.h) */
};

struct stamp_judgement {
    enum stamp_verdict verdict; /* the first that applies, in the order of C2PA 2.2 15.8.2 */
    bool imprint;               /* it is of this message */
    bool signature; /* the certificate that it names made it, and is the one meant */
    struct why why; /* the first cause, of every verdict but STAMP_TRUSTED */
};

/*
 * What is the token worth for this message?  tsa: the authorities that the reader trusts for
 * time (x509_trust.tsa, or its anchors where the reader wants that as well), NULL for none.
 */
void stamp_judge(const struct stamp *stamp, struct slice message, const struct x509_anchor *tsa,
                 struct stamp_judgement *out);

/* ---- asking ------------------------------------------------------------------------------ */

#define STAMP_NONCE_BYTES 8
/* What a TSA is asked: POST it as application/timestamp-query (RFC 3161 3.4). */
struct stamp_query {
    enum crypt_hash hash;             /* SHA-2 */
    struct slice message;             /* its hash is sent, nothing else */
    uint8_t nonce[STAMP_NONCE_BYTES]; /* random: ties the answer to this query */
};
/* Append the TimeStampReq, with certReq. */
MUST_CHECK int stamp_request(const struct stamp_query *query, struct bytes *out,
                             struct why *why);
/*
 * Is this TimeStampResp (application/timestamp-reply) an answer to the query, with a signature
 * that holds and certificates?  Whom the reader trusts is not asked.  Gives the token borrowed.
 */
MUST_CHECK int stamp_answer(const struct stamp_query *query, struct slice response,
                            struct arena *arena, struct slice *token, struct why *why);

#endif
