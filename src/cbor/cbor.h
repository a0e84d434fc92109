/*
 * cbor -- a strict reader of CBOR that keeps the bytes, and a writer of the deterministic form.
 *
 * What:    claims and assertions of content credentials are CBOR.  They are hashed and signed
 *          as they stand, so each value knows its own bytes; nothing is encoded again.
 * Spec:    RFC 8949: well-formed (3, appendix C) and valid (5.3.1: UTF-8 in texts, no name
 *          twice in a map).  Deterministic encoding: 4.2.1.
 * Shapes:  struct cbor_value is a node; arrays have items, maps names and values in turn, a
 *          tag what it tags, as children in the order in which they stand.
 * Memory:  nodes live in the caller's arena; texts and byte strings borrow the input; those in
 *          chunks of no given length are joined in the arena.
 * Errors:  SH_EFORMAT with the offset and the clause; SH_ELIMIT for depth, values and names of
 *          a map; SH_EUNSUPPORTED for a name that is an array, map or tag; SH_ENOMEM when the
 *          arena is full.
 * Threads: no state.
 *
 * Longer heads than needed and containers of no given length are accepted, as others write
 * them; cbor_is_deterministic says which is which.
 */
#ifndef CBOR_CBOR_H
#define CBOR_CBOR_H

#include "base/base.h"

enum cbor_type {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE, /* -1 - number */
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_FALSE,
    CBOR_TRUE,
    CBOR_NULL,
    CBOR_UNDEFINED,
    CBOR_FLOAT,
    CBOR_SIMPLE
};

struct cbor_value {
    enum cbor_type type;
    bool open_ended;  /* of no given length (3.2) */
    uint64_t number;  /* unsigned, negative, tag, simple; a float: its bits, as wide as it is */
    struct slice raw; /* the whole item, head included */
    struct slice string; /* content of a byte string or text */
    size_t count;        /* children: a map has two for each name */
    struct cbor_value *parent;
    struct cbor_value *first; /* child */
    struct cbor_value *next;  /* sibling */
    struct cbor_value *last;  /* private to the reader */
    uint64_t left;            /* private to the reader */
};

/*
 * Read one item, which must fill raw.  depth_max counts arrays, maps and tags, the outermost
 * being 1 (1..LIMIT_CBOR_DEPTH).  *out is set on success only.
 */
MUST_CHECK int cbor_parse(struct slice raw, unsigned depth_max, struct arena *arena,
                          struct cbor_value **out, struct why *why);
/* The same where something else may follow: the item's length is that of (*out)->raw. */
MUST_CHECK int cbor_parse_first(struct slice raw, unsigned depth_max, struct arena *arena,
                                struct cbor_value **out, struct why *why);
/* The value of a text name, or of an integer name, in a map; NULL: not there, or no map.  A
 * value of null counts as absent: old writers put it where they have nothing. */
const struct cbor_value *cbor_member(const struct cbor_value *map, const char *name);
const struct cbor_value *cbor_member_of(const struct cbor_value *map, int64_t name);
/* The next value in reading order (parents first) of the tree below root; NULL at the end. */
const struct cbor_value *cbor_walk(const struct cbor_value *root,
                                   const struct cbor_value *value);
/* Is every head as short as can be, every length given, every map sorted (4.2.1)? */
bool cbor_is_deterministic(const struct cbor_value *root);

/* ---- writing --------------------------------------------------------------------------- */

/* Each appends one head, or one whole item; what belongs into a container follows it.  Whoever
 * writes a map writes its names in the order of their encoded bytes (4.2.1). */
void cbor_put_unsigned(struct bytes *out, uint64_t value);
void cbor_put_integer(struct bytes *out, int64_t value);
void cbor_put_bytes(struct bytes *out, struct slice value);
void cbor_put_slice(struct bytes *out, struct slice text);
void cbor_put_text(struct bytes *out, const char *text);
void cbor_put_array(struct bytes *out, uint64_t count);
void cbor_put_map(struct bytes *out, uint64_t pairs);
void cbor_put_tag(struct bytes *out, uint64_t tag);
void cbor_put_bool(struct bytes *out, bool value);
void cbor_put_null(struct bytes *out);
/* The head of a byte string whose len bytes the caller appends himself. */
void cbor_put_bytes_head(struct bytes *out, uint64_t len);

#endif
