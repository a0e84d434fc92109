/* Inside of c2pa: what the files that hash content share. */
#ifndef C2PA_CONTENT_INT_H
#define C2PA_CONTENT_INT_H

#include "c2pa/c2pa.h"
#include "c2pa/content.h"

#define C2PA_FOURCC(a, b, c, d)                                                                \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* The content is judged, and not as a match: bound->verdict says what; nothing failed. */
#define C2PA_JUDGED 1
/* Say so; the first cause stays.  An expression of the value C2PA_JUDGED. */
#define c2pa_judge(bound, verdict, at, ...)                                                    \
    (c2pa_judge_first((bound), (verdict))                                                      \
         ? (void)why_set(&(bound)->cause, SH_EFORMAT, (at), __VA_ARGS__)                       \
         : (void)0,                                                                            \
     C2PA_JUDGED)
/* Set the verdict; false when there is one already, or no bound. */
bool c2pa_judge_first(struct c2pa_bound *bound, enum c2pa_bound_verdict verdict);
/* The number from 0 that a map has under this name; false: none. */
bool c2pa_number_in(const struct cbor_value *map, const char *name, uint64_t *out);
/* A text that names a box type in messages: printable ASCII. */
struct c2pa_name {
    char text[5];
};
struct c2pa_name c2pa_name_of(uint32_t type);

/* ---- reading (hash.c) ---- */

/* A window of the source, at most cap bytes of it. */
struct c2pa_window {
    const struct bmff_source *source;
    uint8_t *buf;
    size_t cap;
    uint64_t from;
    size_t len;
};
/* At least one and at most len bytes at `at`, which lie inside the source; borrowed. */
MUST_CHECK int c2pa_window_at(struct c2pa_window *window, uint64_t at, uint64_t len,
                              struct slice *out, struct why *why);
/* Exactly len <= cap bytes. */
MUST_CHECK int c2pa_window_all(struct c2pa_window *window, uint64_t at, size_t len,
                               struct slice *out, struct why *why);

/* ---- digests (hash.c) ---- */

struct c2pa_digest {
    enum crypt_hash hash;
    union {
        struct crypt_sha256 sha256;
        struct crypt_digest other;
    } state;
};
void c2pa_digest_init(struct c2pa_digest *digest, enum crypt_hash hash);
void c2pa_digest_add(struct c2pa_digest *digest, struct slice part);
void c2pa_digest_done(struct c2pa_digest *digest, uint8_t out[CRYPT_DIGEST_MAX]);

/* ---- exclusions (exclude.c) ---- */

struct c2pa_step {
    uint32_t type;
    uint32_t index; /* from 1; 0: all of them */
};
struct c2pa_datum {
    uint64_t offset;
    struct slice value;
};
/* Bytes of a box, from its start. */
struct c2pa_subset {
    uint64_t from, to; /* to: UINT64_MAX is its end */
};
struct c2pa_exclusion {
    struct slice xpath;
    struct c2pa_step step[LIMIT_BOX_DEPTH];
    unsigned depth; /* steps; 0: a path that names no box */
    bool has_length, has_version, has_flags, exact;
    uint64_t length;
    uint64_t version;
    uint32_t flags;
    const struct c2pa_datum *data;
    size_t data_count;
    const struct c2pa_subset *subset; /* subset_count == 0: the whole box */
    size_t subset_count;
};
struct c2pa_exclusions {
    const struct c2pa_exclusion *entry;
    size_t count; /* 1..LIMIT_C2PA_EXCLUSIONS */
    bool additional, additional_free;
};
/* Read the list of an assertion: 0, C2PA_JUDGED (malformed), or an error. */
MUST_CHECK int c2pa_exclusions_parse(const struct cbor_value *map, struct arena *arena,
                                     struct c2pa_exclusions *out, struct c2pa_bound *bound,
                                     struct why *why);

struct c2pa_span {
    uint64_t from, to; /* in the file */
    uint32_t entry;    /* that leaves it out */
    uint32_t head;     /* bytes of it that are the header of a box */
};
/* Finds what is left out, root by root in the order of the file. */
struct c2pa_matcher {
    const struct c2pa_exclusions *exclusions;
    struct c2pa_window peek;
    uint8_t peek_room[4096];
    uint64_t seen[LIMIT_C2PA_EXCLUSIONS]; /* siblings at the root, of the first step's type */
    size_t counted;                       /* roots that are in seen */
    size_t boxes;                         /* looked at */
    uint64_t matched;                     /* bytes compared */
    struct bytes list;                    /* of struct c2pa_span */
    const struct c2pa_span *spans;        /* of the root at hand, sorted and apart */
    size_t span_count;
};
void c2pa_matcher_init(struct c2pa_matcher *matcher, const struct c2pa_exclusions *exclusions,
                       const struct bmff_source *source);
void c2pa_matcher_release(struct c2pa_matcher *matcher);
/* Set spans to what is left out of roots[number]; numbers rise from call to call. */
MUST_CHECK int c2pa_matcher_root(struct c2pa_matcher *matcher, const struct c2pa_file *file,
                                 size_t number, struct why *why);

/* ---- ranges for people (explain.c) ---- */

struct c2pa_ranges {
    struct arena *arena;
    struct bytes list; /* of struct c2pa_range */
    uint32_t file;
    const char **label; /* of each exclusion, once made */
    const struct c2pa_exclusions *exclusions;
};
MUST_CHECK int c2pa_ranges_init(struct c2pa_ranges *ranges, struct arena *arena,
                                const struct c2pa_exclusions *exclusions, struct why *why);
void c2pa_ranges_release(struct c2pa_ranges *ranges);
MUST_CHECK int c2pa_ranges_hashed(struct c2pa_ranges *ranges, uint64_t from, uint64_t to,
                                  uint32_t type, struct why *why);
MUST_CHECK int c2pa_ranges_left(struct c2pa_ranges *ranges, const struct c2pa_span *span,
                                bool empty, struct why *why);
/* A run of blocks of a Merkle tree. */
MUST_CHECK int c2pa_ranges_blocks(struct c2pa_ranges *ranges, uint64_t from, uint64_t to,
                                  struct why *why);
MUST_CHECK int c2pa_ranges_give(struct c2pa_ranges *ranges, struct c2pa_bound *bound,
                                struct why *why);

/* ---- hashing boxes at the root (hash.c) ---- */

struct c2pa_pass {
    const struct c2pa_file *file;
    enum c2pa_binding_version version;
    struct c2pa_matcher matcher;
    struct c2pa_window window;
    struct bytes room;
    struct c2pa_digest digest;
    struct crypt_sha256 *whole; /* of all bytes, or NULL */
    struct c2pa_bound *bound;   /* uncovered is counted there; or NULL */
    struct c2pa_ranges *ranges; /* or NULL */
    uint32_t file_number;
    const struct c2pa_trees *trees; /* which cover mdats, or NULL */
    size_t mdats;                   /* met so far */
    bool notes_only; /* the digest is made elsewhere: read only what is left out */
};
/* After a failure too: release. */
MUST_CHECK int c2pa_pass_init(struct c2pa_pass *pass, const struct c2pa_file *file,
                              const struct c2pa_exclusions *exclusions,
                              enum c2pa_binding_version version, struct why *why);
void c2pa_pass_release(struct c2pa_pass *pass);
/* Add roots [first, last) to digest: 0, C2PA_JUDGED or an error. */
MUST_CHECK int c2pa_pass_roots(struct c2pa_pass *pass, size_t first, size_t last,
                               struct why *why);

/* ---- trees (merkle.c) ---- */

struct c2pa_tree {
    uint64_t unique_id, local_id, count;
    enum crypt_hash alg;
    size_t digest_bytes;
    struct slice init_hash; /* empty: none */
    const struct slice *row;
    size_t row_count;
    uint64_t block;        /* fixedBlockSize; 0: none */
    const uint64_t *sizes; /* variableBlockSizes: count of them; NULL: none */
    struct bytes leaves;   /* digests, while they are needed */
    uint64_t next;         /* location that the next proof must have */
    uint64_t seen;         /* leaves that were there */
};
struct c2pa_trees {
    enum crypt_hash alg; /* where a tree names none; 0: none */
    struct c2pa_tree *tree;
    size_t count;
};
/* A merkle box: what it says. */
struct c2pa_proof {
    struct c2pa_bound *bound; /* given */
    uint64_t unique_id, local_id, location;
    const struct cbor_value *hashes; /* or NULL */
    bool padding_odd;
};

/* trees->alg is given. */
MUST_CHECK int c2pa_trees_parse(const struct cbor_value *list, struct arena *arena,
                                struct c2pa_trees *trees, struct c2pa_bound *bound,
                                struct why *why);
void c2pa_trees_release(struct c2pa_trees *trees);
struct c2pa_tree *c2pa_trees_find(const struct c2pa_trees *trees, uint64_t unique_id,
                                  uint64_t local_id);
bool c2pa_trees_cover(const struct c2pa_trees *trees, size_t mdat);
/* Read a merkle box into the scratch arena, which the caller releases after use. */
MUST_CHECK int c2pa_proof_read(const struct c2pa_file *file, const struct c2pa_root *root,
                               struct arena *scratch, struct c2pa_proof *proof,
                               struct why *why);
/* Does the digest of leaf number proof->location lead to the row?  0 or C2PA_JUDGED. */
int c2pa_proof_check(const struct c2pa_tree *tree, const struct c2pa_proof *proof,
                     const uint8_t *leaf, uint64_t at, struct c2pa_bound *bound);
/* Hash the mdats of a file with a flat hash as well; 0, C2PA_JUDGED or an error. */
MUST_CHECK int c2pa_trees_check(const struct c2pa_file *file,
                                const struct c2pa_binding *binding, struct c2pa_trees *trees,
                                struct c2pa_bound *bound, struct why *why);

/* How to hash the leaves of struct c2pa_leaves. */
struct c2pa_plan {
    enum crypt_hash alg;
    uint64_t from, to;           /* blocks: bytes of the file, */
    uint64_t block;              /* of this size, or of */
    const uint64_t *sizes;       /* these */
    const struct c2pa_file *map; /* fragments: NULL for blocks */
    const struct c2pa_exclusions *exclusions;
    enum c2pa_binding_version version;
    const size_t *moofs; /* where each leaf begins; one more for the end */
};

/* ---- fragments (fragment.c) ---- */

/* Hash what is fragmented with a pass over the file itself; 0, C2PA_JUDGED or an error. */
MUST_CHECK int c2pa_fragments_check(const struct c2pa_binding *binding,
                                    struct c2pa_trees *trees, struct c2pa_pass *pass,
                                    struct arena *arena, struct why *why);

#endif
