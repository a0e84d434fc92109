/*
 * c2pa -- reads content credentials: who signed what about a file, and does it hold?
 *
 * What:    finds the manifest store of a file of boxes (MP4, MOV, M4A, 3GP, HEIC, AVIF, an init
 *          segment with its fragments), validates it, tells what was found.  Bytes and a moment
 *          in, a report out: no store of the system, no network, no clock.
 * Spec:    C2PA 2.2, chapter 15 (validation) and A.5 (boxes), with the rules that 2.4 added;
 *          claims and assertions of 1.x are read.  docs/credentials.md: which test shows which
 *          rule; docs/credentials-verdicts.md: where others say something else, and why.
 * Shapes:  struct c2pa_report is what was found: each manifest of the store that the active one
 *          leads to, and about each the status codes in the order in which they were found.
 * Memory:  the report lives in the caller's arena and borrows nothing else.  The store is held
 *          in the arena as well (LIMIT_STORE_BYTES); the file is read in windows.
 * Errors:  SH_ENOMEM, SH_ELIMIT of the arena, and what read_at returned.  Whatever is wrong
 *          with a file is no error but a report.
 * Threads: no state.
 *
 * Every text of the report is one line of well-formed UTF-8 of at most LIMIT_C2PA_TEXT bytes,
 * without control, bidi and invisible characters (they are shown as \u{hex}), whatever the file
 * held.  It is not escaped for HTML or XML: whoever puts it on a page escapes all of it.
 */
#ifndef C2PA_C2PA_H
#define C2PA_C2PA_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "crypt/crypt.h"
#include "json/json.h"
#include "x509/x509.h"

/* ---- what can be said -------------------------------------------------------------------- */

enum c2pa_kind { C2PA_SUCCESS, C2PA_INFORMATIONAL, C2PA_FAILURE };

enum c2pa_code {
#define STATUS(name, kind, code) C2PA_##name,
#include "c2pa/status.def"
#undef STATUS
    C2PA_CODE_COUNT
};

/* "claimSignature.validated"; never NULL. */
const char *c2pa_code_text(enum c2pa_code code);
enum c2pa_kind c2pa_code_kind(enum c2pa_code code);
/* C2PA_CODE_COUNT: no code of ours. */
enum c2pa_code c2pa_code_of(struct slice text);

struct c2pa_status {
    struct c2pa_status *next;
    enum c2pa_code code;
    struct slice url;         /* JUMBF URI of what it is about; may be empty */
    struct slice explanation; /* the first cause, English; may be empty */
};

/* The explanation of C2PA_BMFF_MISMATCH where options.fragments would be needed. */
#define C2PA_INIT_ALONE "an init segment alone: give its segments behind it (15.12.2)"
/* The same code where the hash is as it was signed, but leaves out what it should not. */
#define C2PA_MEDIA_LEFT_OUT "the hash leaves out pictures, sound or their tables (C2PA 9.2)"
#define C2PA_BYTES_LEFT_OUT " are in no hash, and not zero" /* its end */

/* In the order of finding; ends with NULL. */
struct c2pa_results {
    struct c2pa_status *first;
    struct c2pa_status *last; /* private */
    size_t count;
};

/* ---- what was found ---------------------------------------------------------------------- */

enum c2pa_state {
    C2PA_NONE,      /* no credentials in this file */
    C2PA_MALFORMED, /* something is there that cannot be read as credentials */
    C2PA_INVALID,   /* there are some, and they do not hold */
    C2PA_VALID,     /* they hold; who signed is not known to the reader */
    C2PA_TRUSTED    /* they hold, and lead to somebody whom the reader trusts (14.3) */
};
/* "none", "malformed", "invalid", "valid", "trusted". */
const char *c2pa_state_text(enum c2pa_state state);

struct c2pa_signer {
    struct slice name;         /* common name of the subject, else its organization */
    struct slice organization; /* of the subject */
    struct slice issuer;       /* the whole name */
    struct slice serial;       /* hex */
    struct slice algorithm;    /* "ES256" */
    uint64_t not_before, not_after;
    uint8_t sha256[CRYPT_DIGEST_BYTES]; /* of the certificate */
};

struct c2pa_action {
    struct c2pa_action *next;
    struct slice action;      /* "c2pa.opened" */
    struct slice source_type; /* IRI; may be empty, as all below */
    struct slice when;
    struct slice agent; /* software */
    struct slice reason;
    struct slice description;
};

enum c2pa_relationship { C2PA_PARENT_OF, C2PA_COMPONENT_OF, C2PA_INPUT_TO };

struct c2pa_ingredient {
    struct c2pa_ingredient *next;
    struct slice uri; /* of the assertion */
    enum c2pa_relationship relationship;
    struct slice title, format;
    struct slice manifest; /* label of its manifest; empty: it has none */
    /* What is said about its manifest now that its signer did not say when he took it in. */
    struct c2pa_results deltas;
};

struct c2pa_manifest_report {
    struct c2pa_manifest_report *next;
    struct slice label;     /* "urn:c2pa:..." */
    bool update;            /* one that changes nothing of the content (11.2.3) */
    unsigned claim_version; /* 1 or 2; 0: it could not be read */
    enum c2pa_state state;  /* of this manifest alone: INVALID, VALID or TRUSTED */
    struct c2pa_results results;
    bool has_signer; /* the certificate could be read; says nothing about the signature */
    struct c2pa_signer signer;
    bool has_anchor; /* trusted by this anchor, and not as a leaf that the reader allows */
    uint8_t anchor[CRYPT_DIGEST_BYTES]; /* SHA-256 of its certificate */
    uint64_t stamped_at;  /* unix seconds, of a token that holds and is trusted; 0: none */
    uint64_t claimed_at;  /* unix seconds, of a token that holds but is not trusted; 0: none */
    struct slice stamper; /* who made that token */
    struct slice generator, generator_version;
    struct slice title, format;
    struct c2pa_action *actions;
    struct c2pa_ingredient *ingredients;
    struct slice channel, dispatch; /* of our own assertion; both empty: none */
    struct slice binding; /* label of the hard binding in use; empty: none of its own */
};

/* A run of bytes of the file, and whether it is in the hash (options.explain). */
struct c2pa_range {
    uint64_t from, to; /* offsets, to not included */
    bool hashed;
    bool empty;       /* of a run that is not hashed: all zero */
    struct slice why; /* "/moov", "/free excluded", "Merkle block 17 of /mdat" */
    uint32_t file;    /* 0: the file, 1: the first fragment, ... */
};

struct c2pa_report {
    enum c2pa_state state;
    struct slice cause; /* the first failure for people, English; empty: none */
    struct c2pa_manifest_report
        *manifests;      /* the active one first, then those of its ingredients, each once */
    struct slice remote; /* address of credentials that are elsewhere; never asked */
    const struct c2pa_range *ranges; /* options.explain, in the order of the files */
    size_t range_count;
    bool has_file_sha256; /* options.hash_file, and the file was read to its end */
    uint8_t file_sha256[CRYPT_DIGEST_BYTES];
};

/* ---- asking ----------------------------------------------------------------------------- */

/*
 * Leaves of a Merkle tree, any of which can be hashed apart from the others.  Digest i goes to
 * digests + i * digest_bytes.
 */
struct c2pa_leaves {
    const struct bmff_source *file;
    size_t count;
    size_t digest_bytes;
    uint8_t *digests;
    const void *plan; /* private */
};
/* Hash leaves [from, to), reading file, which may be another source of the same bytes. */
MUST_CHECK int c2pa_leaves_hash(const struct c2pa_leaves *leaves,
                                const struct bmff_source *file, size_t from, size_t to,
                                struct why *why);

struct c2pa_options {
    const struct x509_trust *trust;      /* NULL: nobody is trusted */
    uint64_t now;                        /* unix seconds */
    const struct bmff_source *fragments; /* of an init segment, in their order */
    size_t fragment_count;
    bool hash_file;     /* the SHA-256 of the whole file as well, in the same pass */
    bool explain;       /* report.ranges */
    struct bytes *dump; /* the store as JSON is appended, with hostile texts neutral; or NULL */
    void *ctx;
    /*
     * Brotli: decompress in, append to out, which has its maximum; 0, or SH_EFORMAT.  NULL:
     * compressed manifests cannot be read (manifest.compressed.invalid).
     */
    int (*inflate)(void *ctx, struct slice in, struct bytes *out, struct why *why);
    /* Have all leaves hashed (c2pa_leaves_hash), by several processes; NULL: here and now. */
    int (*share)(void *ctx, const struct c2pa_leaves *leaves, struct why *why);
};

/* Look at a file.  *out is set on success only.  The arena: LIMIT_C2PA_ARENA. */
MUST_CHECK int c2pa_verify(const struct bmff_source *file, const struct c2pa_options *options,
                           struct arena *arena, struct c2pa_report *out, struct why *why);
/* Judge a store by itself: everything but the content of the file it came from. */
MUST_CHECK int c2pa_verify_store(struct slice store, const struct c2pa_options *options,
                                 struct arena *arena, struct c2pa_report *out, struct why *why);

/* Is this code among what was found about the active manifest, or the deltas? */
bool c2pa_report_has(const struct c2pa_report *report, enum c2pa_code code);

/* ---- handing the report on -------------------------------------------------------------- */

/*
 * The validation results as C2PA 2.2 15.2.1 shapes them: {"activeManifest": {"success": [...],
 * "informational": [...], "failure": [...]}, "ingredientDeltas": [...]}; name as in json.h.
 */
void c2pa_report_json(const struct c2pa_report *report, struct json_writer *writer,
                      const char *name);
/* For a pipe between processes of ours: at most LIMIT_C2PA_REPORT bytes. */
MUST_CHECK int c2pa_report_build(const struct c2pa_report *report, struct bytes *out,
                                 struct why *why);
/* Whoever wrote it may be hostile: every count, code and text is checked again. */
MUST_CHECK int c2pa_report_parse(struct slice raw, struct arena *arena, struct c2pa_report *out,
                                 struct why *why);

#endif
