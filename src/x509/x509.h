/*
 * x509 -- certificates, the profile of claim signers, chains to anchors, stapled OCSP replies.
 *
 * What:    who signed a claim, and whether somebody whom the reader trusts vouches for that.
 *          Bytes and a moment in, verdicts out: no store of the system, no network, no clock.
 * Spec:    RFC 5280 (4: certificates, 6: paths), RFC 5758, 8410, 4055 (algorithms), RFC 6960
 *          (OCSP), RFC 7468 (PEM), C2PA 2.2 14.4 and 14.5 (trust lists, profile), 2.4 (times of
 *          an anchor), 15.9 (revocation).
 * Shapes:  struct x509_cert is one certificate, its parts borrowed from its DER; struct
 *          x509_trust is what the reader trusts.
 * Memory:  certificates borrow the DER they were read from; lists live in the caller's arena.
 * Errors:  SH_EFORMAT, SH_ELIMIT, SH_ENOMEM for what cannot be read.  That somebody is not
 *          trusted or that a certificate does not fit its use is no error: enum x509_verdict,
 *          enum x509_ocsp, with the first cause in why.
 * Threads: no state.
 */
#ifndef X509_X509_H
#define X509_X509_H

#include "base/base.h"
#include "crypt/crypt.h"

enum x509_key { X509_KEY_OTHER, X509_KEY_EC, X509_KEY_RSA, X509_KEY_ED25519 };

/* Bits of KeyUsage (RFC 5280 4.2.1.3). */
enum {
    X509_DIGITAL_SIGNATURE = 1u << 0,
    X509_NON_REPUDIATION = 1u << 1,
    X509_KEY_ENCIPHERMENT = 1u << 2,
    X509_DATA_ENCIPHERMENT = 1u << 3,
    X509_KEY_AGREEMENT = 1u << 4,
    X509_KEY_CERT_SIGN = 1u << 5,
    X509_CRL_SIGN = 1u << 6,
    X509_ENCIPHER_ONLY = 1u << 7,
    X509_DECIPHER_ONLY = 1u << 8
};

#define X509_OID_ANY_EKU "2.5.29.37.0"
#define X509_OID_EMAIL_PROTECTION "1.3.6.1.5.5.7.3.4"
#define X509_OID_TIME_STAMPING "1.3.6.1.5.5.7.3.8"
#define X509_OID_OCSP_SIGNING "1.3.6.1.5.5.7.3.9"
#define X509_OID_DOCUMENT_SIGNING "1.3.6.1.5.5.7.3.36"
#define X509_OID_C2PA_SIGNING "1.3.6.1.4.1.62558.2.1"
#define X509_OID_MS_C2PA_SIGNING "1.3.6.1.4.1.311.76.59.1.9"

struct x509_cert {
    struct slice raw;        /* the whole certificate */
    struct slice tbs;        /* what is signed: the TBSCertificate item */
    struct slice serial;     /* content of the INTEGER */
    struct slice issuer;     /* the Name item, tag included */
    struct slice subject;    /* the Name item */
    struct slice spki;       /* the SubjectPublicKeyInfo item */
    struct slice key_bytes;  /* bytes of its BIT STRING: what key identifiers are hashes of */
    struct slice sig_alg;    /* the AlgorithmIdentifier item */
    struct slice signature;  /* bytes of the BIT STRING */
    struct slice ski;        /* key identifier; empty when there is none */
    struct slice aki;        /* keyIdentifier of the authority; empty when there is none */
    struct slice aki_serial; /* its authorityCertSerialNumber; empty when there is none */
    struct slice eku;        /* items of the extended key usage: a row of OIDs, well-formed */
    struct slice extensions; /* row of Extension items; empty when there are none */
    uint64_t not_before;     /* unix seconds, UTC */
    uint64_t not_after;
    struct crypt_alg sig; /* set when sig_known */
    struct crypt_alg pss; /* of an RSASSA-PSS key with parameters (key_pss_bound) */
    enum x509_key key;
    unsigned key_bits;  /* 256, 384, 521; of an RSA modulus; 256 for Ed25519; else 0 */
    int path_len;       /* -1: none given */
    uint16_t key_usage; /* X509_DIGITAL_SIGNATURE...; 0 when there is none */
    uint8_t version;    /* 1, 2 or 3 */
    bool sig_known;     /* signed by an algorithm that we check: SHA-2 only */
    bool key_pss;       /* the key is for RSASSA-PSS only */
    bool key_pss_bound; /* and says with which parameters */
    bool has_basic, ca; /* basicConstraints; its cA */
    bool has_key_usage;
    bool has_eku, eku_critical;
    bool has_aki;          /* authorityKeyIdentifier, whatever is in it */
    bool unique_ids;       /* issuerUniqueID or subjectUniqueID */
    bool has_constraints;  /* nameConstraints or policyConstraints, marked critical or not */
    bool unknown_critical; /* a critical extension that this module does not know */
    bool no_check;         /* id-pkix-ocsp-nocheck */
};

/* ---- reading ---------------------------------------------------------------------------- */

/* One certificate that fills der; at most LIMIT_X509_BYTES.  Structure only. */
MUST_CHECK int x509_parse(struct slice der, struct x509_cert *out, struct why *why);
/*
 * Every CERTIFICATE block of a PEM text, in order (at most LIMIT_X509_LIST); text around the
 * blocks is passed over, blocks of another kind (a private key above all) are refused.  The
 * certificates and their DER live in the arena.
 */
MUST_CHECK int x509_pem(struct slice text, struct arena *arena, struct x509_cert **out,
                        size_t *count, struct why *why);
/* The content of the first block "-----BEGIN label-----": appended to out as DER. */
MUST_CHECK int x509_pem_block(struct slice text, const char *label, struct bytes *out,
                              struct why *why);

bool x509_has_eku(const struct x509_cert *cert, const char *dotted);
bool x509_same(const struct x509_cert *a, const struct x509_cert *b);
/* SHA-256 of the DER. */
void x509_sha256(const struct x509_cert *cert, uint8_t out[CRYPT_DIGEST_BYTES]);
/* Did the key of issuer sign cert?  Names, times and uses are not looked at. */
bool x509_signed_by(const struct x509_cert *cert, const struct x509_cert *issuer);

/* ---- names, for people ------------------------------------------------------------------- */

/*
 * Append a Name as "CN=..., O=..., C=...", in its own order, as one line of UTF-8 that cannot
 * do harm on a terminal or a page of text: control, bidi and invisible characters and what is
 * no text come as \u{hex}, the characters \ and , of a value with a \ in front; at most
 * LIMIT_X509_NAME_TEXT bytes, then "...".
 */
void x509_name_text(struct slice name, struct bytes *out);
/* The value of one attribute, likewise, without its type; nothing appended when absent. */
enum x509_attribute { X509_COMMON_NAME, X509_ORGANIZATION, X509_UNIT, X509_COUNTRY };
void x509_name_part(struct slice name, enum x509_attribute which, struct bytes *out);
/* The serial number in hex, lower case, as openssl writes it (no sign byte). */
void x509_serial_text(const struct x509_cert *cert, struct bytes *out);

/* ---- what the reader trusts -------------------------------------------------------------- */

struct x509_anchor {
    struct x509_anchor *next;
    struct x509_cert cert;
    uint64_t not_before; /* trust in it counts from here (2.4); 0: always */
    uint64_t not_after;  /* to here, included; UINT64_MAX: always */
};

struct x509_leaf {
    struct x509_leaf *next;
    uint8_t sha256[CRYPT_DIGEST_BYTES]; /* of the DER */
};

struct x509_eku {
    struct x509_eku *next;
    struct slice oid; /* content of the OID */
};

struct x509_trust {
    struct x509_anchor *anchors; /* of claim signers */
    struct x509_anchor *tsa;     /* of time stamp authorities: kept apart (C2PA 2.2 14.4.2) */
    struct x509_leaf *allowed;   /* signers whom the reader knows himself (14.4.3) */
    struct x509_eku *ekus;       /* what a claim signer may be for */
    struct arena *arena;         /* where the lists live */
    unsigned count;              /* of everything in them: at most LIMIT_X509_LIST */
};

/*
 * Nothing trusted, and the EKUs that C2PA 2.2 14.4.1 and today's signers use:
 * c2pa-kp-claimSigning, emailProtection, documentSigning, Microsoft's.  The arena must outlive
 * *out.
 */
MUST_CHECK int x509_trust_init(struct x509_trust *out, struct arena *arena, struct why *why);
/*
 * Add the certificates of a PEM text.  Lines "notBefore: 2025-01-01T00:00:00Z" and "notAfter:
 * ..." before a block (a "#" or ";" in front is passed over) bound the trust in that one
 * certificate.
 */
MUST_CHECK int x509_trust_anchors(struct x509_trust *trust, struct slice pem, struct why *why);
MUST_CHECK int x509_trust_tsa(struct x509_trust *trust, struct slice pem, struct why *why);
/*
 * Add signers: certificates in PEM, and lines that are the SHA-256 of a certificate in base64
 * (44 characters) or hex (64); empty lines and those with "#", ";" or "//" in front are passed
 * over.
 */
MUST_CHECK int x509_trust_allowed(struct x509_trust *trust, struct slice text, struct why *why);
/* Add EKUs: a store.cfg: OIDs with dots, one a line, and comments as above. */
MUST_CHECK int x509_trust_ekus(struct x509_trust *trust, struct slice text, struct why *why);
/* Never an authority's certificate: 14.5.1.2. */
bool x509_trust_allows(const struct x509_trust *trust, const struct x509_cert *leaf);

/* ---- does a certificate fit its use (C2PA 2.2 14.5.1)? ----------------------------------- */

enum x509_purpose {
    X509_FOR_CLAIM,
    X509_FOR_STAMP,
    X509_FOR_OCSP,
    X509_FOR_KNOWN /* a claim, by a signer whom x509_trust_allows: key and algorithm only */
};
/*
 * 0, or SH_EFORMAT with the first cause: signingCredential.invalid for a claim signer.  ekus:
 * of a trust (only for X509_FOR_CLAIM; NULL: those of x509_trust_init).
 */
MUST_CHECK int x509_profile(const struct x509_cert *leaf, enum x509_purpose purpose,
                            const struct x509_eku *ekus, struct why *why);
/* May the key of this certificate make signatures by alg at all (kind, curve, PSS)? */
bool x509_key_fits(const struct x509_cert *cert, const struct crypt_alg *alg);

/* ---- chains (RFC 5280 6.1) --------------------------------------------------------------- */

enum x509_verdict { X509_UNTRUSTED, X509_TRUSTED };

struct x509_question {
    const struct x509_cert *leaf;
    const struct x509_cert *more; /* certificates that came with it, in any order */
    size_t more_count;
    const struct x509_anchor *anchors; /* trust->anchors or trust->tsa */
    uint64_t at;                       /* unix seconds: the moment to judge for */
};

struct x509_answer {
    const struct x509_anchor *anchor; /* NULL unless trusted */
    const struct x509_cert *issuer;   /* of the leaf, its signature checked; may be an anchor's;
                                         NULL when none was found, trusted or not */
    unsigned certs;                   /* in the path, leaf and anchor counted; 0: none */
    unsigned checks;                  /* signatures that were tried */
    /* When trusted: the certs - 1 below the anchor, the leaf first. */
    const struct x509_cert *path[LIMIT_X509_PATH];
};

/*
 * Is there a path from the leaf to an anchor that is good at that moment: names, signatures,
 * validity of every certificate (of the anchor too, and of the trust in it), CA and path
 * length, keyCertSign, no critical extension or constraint that we do not handle?  The profile
 * of the leaf is asked apart (x509_profile).  The search is bounded (LIMIT_X509_PATH
 * certificates, LIMIT_X509_CHECKS signatures).  out may be NULL; why gets the first cause of
 * the way that came farthest.
 */
enum x509_verdict x509_chain(const struct x509_question *question, struct x509_answer *out,
                             struct why *why);

/* ---- OCSP replies (RFC 6960) ------------------------------------------------------------- */

enum x509_ocsp {
    X509_OCSP_UNUSABLE, /* not a reply about this certificate that holds at that moment */
    X509_OCSP_GOOD,     /* not revoked, or put on hold and given back (removeFromCRL) */
    X509_OCSP_REVOKED,  /* revoked, whenever that was (C2PA 2.2 15.9.1): see revoked_at */
    X509_OCSP_UNKNOWN   /* the responder does not know it */
};

struct x509_ocsp_question {
    struct slice reply;             /* DER of an OCSPResponse: an item of ocspVals */
    const struct x509_cert *cert;   /* whose state is asked */
    const struct x509_cert *issuer; /* who issued it: answer.issuer of x509_chain */
    uint64_t at;                    /* unix seconds: of the signature when known, else now */
    uint64_t now;                   /* unix seconds: the reply must not be of the future */
};

struct x509_ocsp_answer {
    uint64_t produced_at, this_update;
    uint64_t next_update; /* 0: not given */
    uint64_t revoked_at;  /* 0 unless revoked; may be after `at` */
    int reason;           /* CRLReason, -1: not given */
};

/* out may be NULL.  why gets the cause of X509_OCSP_UNUSABLE. */
enum x509_ocsp x509_ocsp_judge(const struct x509_ocsp_question *question,
                               struct x509_ocsp_answer *out, struct why *why);

#endif
