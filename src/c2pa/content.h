/*
 * c2pa/content -- where the credentials of a file lie, and does its content have the hash that
 * they say?
 *
 * Spec:    C2PA 2.2: A.5 (the uuid boxes), 18.6 (c2pa.hash.bmff), 15.12.2 (its validation).
 * Shapes:  file  the boxes at the root of a file and its C2PA boxes; binding  one assertion
 *          c2pa.hash.bmff; bound  what came of it.
 * Memory:  a file lives in the caller's arena (32 bytes for a box) and borrows its source; the
 *          content is read in windows of LIMIT_C2PA_WINDOW bytes, twice at most.
 * Errors:  SH_ENOMEM, SH_ELIMIT (more than LIMIT_BOXES boxes), and what read_at returned.  What
 *          is wrong with a file or an assertion is no error but said in the result.
 * Threads: no state.
 *
 *     struct c2pa_file file;
 *     rc = c2pa_file_open(&source, &arena, &file, why);
 *     if (file.store != C2PA_STORE_FOUND) ... nothing to judge, file.cause says why ...
 *     rc = c2pa_file_store(&file, &arena, parts, &count, why);     for c2pa_store_parse
 *     rc = c2pa_binding_check(&file, &binding, &arena, &bound, why);
 */
#ifndef C2PA_CONTENT_H
#define C2PA_CONTENT_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "cbor/cbor.h"
#include "crypt/crypt.h"

struct c2pa_leaves;
struct c2pa_range;

/* ---- the boxes of a file -------------------------------------------------------------- */

enum c2pa_purpose {
    C2PA_PURPOSE_NONE, /* not a C2PA box */
    C2PA_PURPOSE_MANIFEST,
    C2PA_PURPOSE_ORIGINAL,
    C2PA_PURPOSE_UPDATE,
    C2PA_PURPOSE_MERKLE,
    C2PA_PURPOSE_OTHER /* a C2PA box with another purpose, or too short to have one */
};

/* A box at the root; all of them in a row are the file, byte by byte. */
struct c2pa_root {
    uint64_t at, size; /* bytes; size includes the header; never past the end of the file */
    uint32_t type;     /* its four characters; 0 with head 0: bytes at the end, no box */
    uint8_t head;      /* bytes of the header: 8, 16; 0 */
    uint8_t purpose;   /* enum c2pa_purpose */
    uint8_t data;      /* of a C2PA box: where its data begins, behind the purpose */
    bool cut;          /* its header says more bytes than the file has */
};

/* What is odd about C2PA boxes; bits. */
enum c2pa_odd {
    C2PA_ODD_VERSION = 1,   /* version or flags of a C2PA box are not 0 (A.5.1.2) */
    C2PA_ODD_MERKLE_AT = 2, /* the manifest box names another place than the first merkle box */
    C2PA_ODD_PLACE = 4,    /* manifest not between ftyp and moov, mdat; update not at the end */
    C2PA_ODD_OTHER = 8,    /* a C2PA box with a purpose that A.5 does not know */
    C2PA_ODD_PADDING = 16, /* not zero behind the CBOR of a merkle box */
    C2PA_ODD_STRAY = 32,   /* merkle boxes that belong to no tree of the assertion (check) */
    C2PA_ODD_BARE = 64     /* ftyp or mfra, which no hash covers, where none belongs */
};

enum c2pa_store_state {
    C2PA_STORE_NONE, /* no C2PA box with a store */
    C2PA_STORE_FOUND,
    C2PA_STORE_BROKEN /* several, original without update, too short or large: see cause */
};

struct c2pa_file {
    const struct bmff_source *source;
    const struct c2pa_root *roots;
    size_t root_count;
    enum c2pa_store_state store;
    const struct c2pa_root *manifest; /* `manifest`, or `original`; NULL: none */
    const struct c2pa_root *update;   /* NULL: none */
    uint64_t merkle_at;               /* as the manifest box says */
    size_t merkle_count;              /* boxes with proofs */
    size_t fragments;                 /* moof boxes */
    unsigned odd;                     /* bits of enum c2pa_odd */
    uint64_t odd_at;                  /* where the first of them is */
    bool damaged;     /* a box other than mdat does not fit into the file: it cannot match */
    struct why cause; /* of store == C2PA_STORE_BROKEN, or of damaged; else empty */
};

/* Walk the boxes at the root.  *out is set on success only. */
MUST_CHECK int c2pa_file_open(const struct bmff_source *source, struct arena *arena,
                              struct c2pa_file *out, struct why *why);
/*
 * Read the store (C2PA_STORE_FOUND) into the arena: one part, or those of original and update.
 * Each is all bytes behind the 8 of the offset, zeros at its end included.
 */
MUST_CHECK int c2pa_file_store(const struct c2pa_file *file, struct arena *arena,
                               struct slice parts[2], size_t *count, struct why *why);

/* ---- does the content match? ---------------------------------------------------------- */

enum c2pa_binding_version { C2PA_BMFF_V1 = 1, C2PA_BMFF_V2 = 2, C2PA_BMFF_V3 = 3 };

struct c2pa_binding {
    enum c2pa_binding_version version;
    const struct cbor_value *map;        /* the assertion */
    struct slice alg;                    /* of the claim, where the assertion says none */
    const struct bmff_source *fragments; /* the segments of an init segment, in their order */
    size_t fragment_count;
    bool hash_file; /* the SHA-256 of the whole file, in the same pass where that can be */
    bool explain;   /* ranges */
    void *ctx;
    /* As in struct c2pa_options; NULL: all is hashed here. */
    int (*share)(void *ctx, const struct c2pa_leaves *leaves, struct why *why);
};

enum c2pa_bound_verdict {
    C2PA_BOUND_MATCH,
    C2PA_BOUND_MISMATCH,  /* assertion.bmffHash.mismatch */
    C2PA_BOUND_MALFORMED, /* assertion.bmffHash.malformed */
    C2PA_BOUND_ALGORITHM  /* algorithm.unsupported */
};

/* A run of bytes that no hash covers. */
struct c2pa_uncovered {
    uint64_t bytes; /* in all, C2PA boxes, ftyp and mfra not counted */
    uint64_t from,
        to;        /* one that is not all zero, free and skip first; to == 0: there is none */
    uint32_t type; /* of the root box that it lies in */
    uint32_t file; /* 0: the file, 1: the first fragment, ... */
    bool behind;   /* that run is a box for padding, and nothing behind it is hashed */
    bool media;    /* whole boxes mdat, moov, moof, meta are left out, or ends of mdat */
};

struct c2pa_bound {
    enum c2pa_bound_verdict verdict;
    struct why cause;     /* of another verdict than a match; offset in the file named there */
    bool additional;      /* exclusions beyond those of A.5.6 and /free, /skip */
    bool additional_free; /* /free or /skip among them */
    struct c2pa_uncovered uncovered;
    unsigned odd;         /* bits of enum c2pa_odd, found while hashing */
    size_t parts_seen;    /* of fragments: leaves that were there, */
    size_t parts_of;      /* and leaves of their trees in all */
    bool has_file_sha256; /* binding.hash_file, and the whole file was read */
    uint8_t file_sha256[CRYPT_DIGEST_BYTES];
    bool has_hash;                  /* the flat hash was computed: */
    uint8_t hash[CRYPT_DIGEST_MAX]; /* as found, crypt_hash_bytes(alg) of it */
    enum crypt_hash alg;
    const struct c2pa_range *ranges; /* binding.explain; in the arena */
    size_t range_count;              /* <= LIMIT_C2PA_RANGES */
};

/* Hash the content as the assertion says.  *out is set on success only. */
MUST_CHECK int c2pa_binding_check(const struct c2pa_file *file,
                                  const struct c2pa_binding *binding, struct arena *arena,
                                  struct c2pa_bound *out, struct why *why);

#endif
