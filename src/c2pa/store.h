/*
 * c2pa/store -- what a manifest store says, as plain structs; nothing of it is believed here.
 *
 * Spec:    C2PA 2.2: 8.3 (hashed URIs), 10 (claim), 11.1 (JUMBF), 11.2 (types of manifests),
 *          13.2 (COSE_Sign1), 6.8 and 15.11 (redaction); RFC 9052, RFC 9360.
 * Shapes:  store  all manifests; manifest  its claim, signature and assertions; claim, cose
 *          their fields; uri and hashed_uri  references from one to the other.
 * Memory:  all structs live in the caller's arena and borrow the bytes of the store, or those
 *          in the arena that a compressed manifest was unpacked to.
 * Errors:  only what makes the whole unreadable is an error (SH_EFORMAT: no JUMBF, no store, no
 *          manifest; SH_ELIMIT; SH_ENOMEM).  What is wrong with one manifest is a c2pa_fault in
 *          it, with words that say what.
 * Threads: no state; a store is used by one thread at a time (it counts what it did).
 */
#ifndef C2PA_STORE_H
#define C2PA_STORE_H

#include "base/base.h"
#include "cbor/cbor.h"
#include "crypt/crypt.h"
#include "jumbf/jumbf.h"

/* What is wrong with a part; text is a constant for people, or NULL. */
enum c2pa_fault_kind {
    C2PA_SOUND = 0,
    C2PA_ABSENT,      /* claim.missing, claimSignature.missing */
    C2PA_SEVERAL,     /* claim.multiple */
    C2PA_BAD_CBOR,    /* claim.cbor.invalid, assertion.cbor.invalid */
    C2PA_BAD_SHAPE,   /* claim.malformed and the like */
    C2PA_CANNOT_READ, /* legal, but too much, or compressed and no inflate given */
};
struct c2pa_fault {
    enum c2pa_fault_kind kind;
    const char *text;
};

/* ---- references ------------------------------------------------------------------------ */

struct c2pa_hashed_uri {
    struct slice url;
    struct slice alg;    /* as written, or empty */
    struct slice around; /* alg of the structure around it: the caller's to set, or empty */
    struct slice hash;   /* empty: not there or no byte string */
    const struct cbor_value *value; /* the map, for what else is in it; NULL: there is none */
};

/* ---- assertions ------------------------------------------------------------------------ */

enum c2pa_content {
    C2PA_CONTENT_NONE, /* no content box */
    C2PA_CONTENT_CBOR,
    C2PA_CONTENT_JSON, /* text in data, not looked at */
    C2PA_CONTENT_FILE, /* embedded file */
    C2PA_CONTENT_UUID,
    C2PA_CONTENT_OTHER, /* XML, codestream, protected, ... */
};

struct c2pa_assertion {
    struct slice label; /* whole: "c2pa.ingredient.v3__1" */
    struct slice name;  /* "c2pa.ingredient" */
    unsigned version;   /* 3; 1 when the label says none */
    unsigned instance;  /* 1; 0 for the first */
    const struct jumbf_box *box;
    enum c2pa_content content;
    struct slice data;             /* of the content box: CBOR, JSON or the file's bytes */
    const struct cbor_value *cbor; /* C2PA_CONTENT_CBOR; NULL: fault */
    struct c2pa_fault fault;
    bool redacted;  /* its content is the redaction UUID and zeros, or only zeros (6.8) */
    bool not_zero;  /* the redaction UUID is there and something else than zeros too */
    bool ambiguous; /* another assertion has the same label (8.3.1) */
    bool listed;    /* in created or gathered assertions of the claim */
    struct slice media_type, file_name; /* C2PA_CONTENT_FILE; name may be empty */
    bool external;                      /* the file is not here but data is its address */
};

/* ---- claim ----------------------------------------------------------------------------- */

struct c2pa_claim {
    const struct jumbf_box *box;
    struct slice raw;             /* the signed bytes; empty: none */
    const struct cbor_value *map; /* NULL: no CBOR map */
    unsigned version;             /* 1 or 2, by its label */
    bool deterministic;           /* RFC 8949 4.2.1 */
    struct c2pa_fault fault;
    struct slice instance_id, title, format, alg, alg_soft, signature /* URI */;
    struct slice generator;                  /* v1: claim_generator */
    const struct cbor_value *generator_info; /* v2: the map; v1: the first of the array */
    struct slice generator_name, generator_version;
    struct c2pa_hashed_uri *created; /* v2: created_assertions; v1: assertions */
    size_t created_count;
    struct c2pa_hashed_uri *gathered;
    size_t gathered_count;
    struct slice *redacted; /* URIs */
    size_t redacted_count;
};

/* ---- signature ------------------------------------------------------------------------- */

struct c2pa_cose {
    const struct jumbf_box *box;
    struct c2pa_fault fault;    /* BAD_CBOR, BAD_SHAPE: then nothing below holds */
    struct slice protected_raw; /* content of the byte string, as it was signed */
    const struct cbor_value *protected_map, *unprotected_map;
    bool has_alg;
    int64_t alg;                          /* COSE number: -7 is ES256 */
    struct slice chain[LIMIT_C2PA_CHAIN]; /* DER, the signer's own first */
    size_t chain_count;                   /* 0: none (signingCredential.invalid) */
    bool chain_old;                       /* under the text x5chain or unprotected */
    bool chain_twice;                     /* in both buckets: refused */
    struct slice signature;
    struct slice signature_raw;   /* the byte string with its head: what sigTst2 stamps */
    bool has_stamp, has_stamp_v1; /* sigTst2; sigTst, which stamps the claim */
    struct slice tokens[LIMIT_C2PA_TOKENS]; /* DER of sigTst2: TimeStampToken */
    size_t token_count;                     /* as in the header, even above LIMIT_C2PA_TOKENS */
    struct slice tokens_v1[LIMIT_C2PA_TOKENS]; /* DER of sigTst: TimeStampResp */
    size_t token_v1_count;
    struct slice ocsp[LIMIT_C2PA_TOKENS]; /* DER of rVals/ocspVals: OCSPResponse */
    size_t ocsp_count;
    bool has_iat;
    int64_t iat;       /* seconds since 1970, what the signer says */
    bool pad_not_zero; /* pad or pad2 holds something */
};

/*
 * Read a COSE_Sign1_Tagged.  What is wrong with it is cose->fault; only SH_ENOMEM is an error.
 * cose: zeroed by the caller but for box.
 */
MUST_CHECK int c2pa_cose_parse(struct slice raw, struct arena *arena, struct c2pa_cose *cose,
                               struct why *why);
/* Append what was signed: ["Signature1", protected, h'', payload] (RFC 9052 4.4). */
void c2pa_cose_signed(const struct c2pa_cose *cose, struct slice payload, struct bytes *out);
/*
 * Append what a time stamp is over: ["CounterSignature", protected, h'', payload]; payload is
 * the claim for sigTst, and signature_raw for sigTst2 (C2PA 10.3.2.5).
 */
void c2pa_cose_stamped(const struct c2pa_cose *cose, struct slice payload, struct bytes *out);
/* The algorithm of a COSE number; false: none of C2PA 13.2.1. */
bool c2pa_cose_alg(int64_t number, struct crypt_alg *alg);
const char *c2pa_cose_alg_text(int64_t number); /* "ES256"; NULL: not known */

/* ---- manifests ------------------------------------------------------------------------- */

enum c2pa_manifest_kind { C2PA_STANDARD, C2PA_UPDATE };

struct c2pa_manifest {
    struct slice label;
    enum c2pa_manifest_kind kind; /* of a compressed one: of what is inside */
    bool compressed;
    bool ambiguous;                /* another manifest of the store has the same label */
    bool foreign;                  /* a box that is none of its parts, which nothing signs */
    size_t part;                   /* which of the given slices it is in */
    const struct jumbf_box *box;   /* as it stands in the store: for its hash */
    const struct jumbf_box *inner; /* with the parts; box, or what was unpacked; NULL: fault */
    struct c2pa_fault fault;       /* of the manifest as a whole */
    struct c2pa_claim claim;       /* claim.fault: ABSENT, SEVERAL, BAD_CBOR, BAD_SHAPE */
    struct c2pa_cose cose;         /* of c2pa.signature; fault ABSENT: none */
    const struct jumbf_box *assertion_store; /* NULL: none, or several */
    struct c2pa_assertion *assertions;
    size_t assertion_count;
};

struct c2pa_store {
    struct c2pa_manifest *manifests;
    size_t manifest_count;        /* >= 1 */
    struct c2pa_manifest *active; /* the last one */
    uint64_t hashed; /* bytes hashed for references so far: LIMIT_C2PA_HASHED in all */
    uint64_t steps;  /* taken to follow and compare references: LIMIT_C2PA_STEPS in all */
    size_t foreign;  /* boxes in the store that are no manifest */
};

/*
 * Unpack Brotli (RFC 7932) into out, which is empty and whose max holds; SH_ELIMIT when there
 * is more, SH_EFORMAT when it is none.
 */
typedef int c2pa_inflate(void *ctx, struct slice packed, struct bytes *out, struct why *why);

struct c2pa_store_options {
    const struct slice *parts; /* of the box `manifest`, or of `original` and `update` */
    size_t part_count;         /* 1 or 2 */
    c2pa_inflate *inflate;     /* NULL: a compressed manifest is C2PA_CANNOT_READ */
    void *ctx;
};

/*
 * Read the store from its parts (C2PA A.5.3), each a jumb box and zeros: the manifests of the
 * second follow those of the first.  *out is set on success only.
 */
MUST_CHECK int c2pa_store_parse(const struct c2pa_store_options *options, struct arena *arena,
                                struct c2pa_store **out, struct why *why);

/* The manifest with this label; NULL when there is none or when there are several. */
struct c2pa_manifest *c2pa_store_manifest(const struct c2pa_store *store, struct slice label);

/* ---- following references -------------------------------------------------------------- */

enum c2pa_uri_kind {
    C2PA_URI_OK,
    C2PA_URI_MALFORMED, /* no self#jumbf URI, or with an empty label or .. in it */
    C2PA_URI_MISSING,   /* nothing has these labels, or several have */
};
enum c2pa_check {
    C2PA_CHECK_NOT_DONE,
    C2PA_CHECK_MATCH,
    C2PA_CHECK_MISMATCH,  /* also: no hash there */
    C2PA_CHECK_MISSING,   /* kind says how */
    C2PA_CHECK_ALGORITHM, /* none given, or none that C2PA 13.1 allows */
};
/* What a JUMBF URI names. */
struct c2pa_target {
    enum c2pa_uri_kind kind;
    enum c2pa_check check;       /* set by c2pa_uri_check only */
    bool outside;                /* written for another manifest than the one it stands in */
    struct slice manifest_label; /* of an absolute URI; else that of from */
    const struct c2pa_manifest *manifest;   /* NULL: not in the store */
    const struct jumbf_box *box;            /* NULL: MISSING; a manifest: its outer box */
    const struct c2pa_assertion *assertion; /* when it is one */
};
/*
 * Follow url as it stands in manifest from: "self#jumbf=c2pa.assertions/L" (in from),
 * "self#jumbf=/c2pa/M[/...]", and the old "self#jumbf=c2pa/M[/...]".
 */
void c2pa_uri_follow(struct c2pa_store *store, const struct c2pa_manifest *from,
                     struct slice url, struct c2pa_target *out);
/* Append the absolute URI of a part: "self#jumbf=/c2pa/M/path"; path "" is the manifest. */
void c2pa_uri_build(const struct c2pa_manifest *manifest, const char *path, struct slice label,
                    struct bytes *out);
/* A URI and the manifest in which it stands. */
struct c2pa_place {
    const struct c2pa_manifest *from;
    struct slice url;
};
/* Do two URIs name the same place (there or not)? */
bool c2pa_uri_same(struct c2pa_store *store, struct c2pa_place a, struct c2pa_place b);
/*
 * Count steps before they are taken; false: the store has had all that one may have.  Then
 * nothing is followed or compared any more, and what was said last is worth nothing.  Without
 * it references that each ask for little would together ask for hours.
 */
bool c2pa_store_spend(struct c2pa_store *store, uint64_t steps);

/*
 * Does what reference names, as it stands in from, have the hash that it says (8.4.2.3)?  By
 * its alg, that around it, or that of from's claim.  0: target->check says; SH_ELIMIT when more
 * than LIMIT_C2PA_HASHED bytes would have been hashed for one store.
 */
MUST_CHECK int c2pa_uri_check(struct c2pa_store *store, const struct c2pa_manifest *from,
                              const struct c2pa_hashed_uri *reference,
                              struct c2pa_target *target, struct why *why);
/* The digest of C2PA 13.1.1: sha256, sha384, sha512; false: another. */
bool c2pa_hash_alg(struct slice text, enum crypt_hash *hash);
/* Read {url, ?alg, hash}; false (out zeroed but for value) when value is none. */
bool c2pa_hashed_uri_parse(const struct cbor_value *value, struct c2pa_hashed_uri *out);

/* ---- for people ------------------------------------------------------------------------ */

/*
 * Append the whole store as JSON: each manifest with claim, signature and assertions; CBOR byte
 * strings as base64, tags left out, a map with names that are no text as an array of pairs.
 * Characters that could move a terminal's text are written as \uXXXX.
 */
void c2pa_store_json(const struct c2pa_store *store, struct bytes *out);
/* Append text as a JSON string with such characters escaped, < > & too; bad UTF-8: U+FFFD. */
void c2pa_json_string(struct bytes *out, struct slice text);

#endif
