/*
 * json -- a strict reader of JSON, the canonical writer, and the writer of command answers.
 *
 * Spec:    RFC 8259 (grammar), RFC 7493 (I-JSON: unique names, no lone surrogates),
 *          RFC 8785 (JCS) restricted to integers 0..2^53-1, strings, booleans, arrays, objects.
 * Shapes:  struct json_value is a node: arrays and objects have children in the order in which
 *          they are written (first, next); objects also by name (first_by_name, next_by_name).
 * Memory:  nodes and decoded strings live in the caller's arena; strings without escapes and
 *          numbers borrow the input.
 * Errors:  SH_EFORMAT with the offset and the rule; SH_ELIMIT for depth and number of values;
 *          SH_ENOMEM when the arena is full.
 * Threads: no state.
 *
 * Where RFC 8259 leaves a choice: duplicate names, lone surrogates, invalid UTF-8, UTF-16, a
 * byte order mark and nesting beyond the given depth are refused; numbers of any size are
 * accepted and kept as text; noncharacters are accepted.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/base.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_type type;
    size_t offset;     /* of its first byte in the input */
    struct slice name; /* decoded; of a member of an object, else empty */
    struct slice text; /* JSON_STRING: decoded UTF-8; JSON_NUMBER: as written */
    size_t count;      /* children */
    struct json_value *parent;
    struct json_value *first;         /* children as written */
    struct json_value *next;          /* sibling as written */
    struct json_value *first_by_name; /* members by UTF-16 code units (RFC 8785 3.2.3) */
    struct json_value *next_by_name;
    struct json_value *last; /* private to the reader */
};

/*
 * Read one JSON text.  depth_max counts arrays and objects, the outermost being 1
 * (1..LIMIT_JSON_DEPTH); at most LIMIT_JSON_VALUES values.  *out is set on success only.
 *   json_parse(slice_text("{\"a\":[1]}"), 2, &arena, &root, &why) == SH_OK
 */
MUST_CHECK int json_parse(struct slice raw, unsigned depth_max, struct arena *arena,
                          struct json_value **out, struct why *why);
/*
 * The grammar of RFC 8259 alone: as json_parse, but a name may stand twice in an object (4: its
 * names SHOULD be unique).  For telling what is no JSON from what we do not take; whatever is
 * acted upon is read with json_parse.  json_canonical refuses such a tree.
 */
MUST_CHECK int json_read(struct slice raw, unsigned depth_max, struct arena *arena,
                         struct json_value **out, struct why *why);
/* The member of an object, or NULL. */
const struct json_value *json_member(const struct json_value *object, const char *name);
/* The next value in reading order (parents first) of the tree below root; NULL at the end. */
const struct json_value *json_walk(const struct json_value *root,
                                   const struct json_value *value);
/* Is value an integer 0..max (at most 2^53-1) in its one canonical form? */
MUST_CHECK bool json_integer(const struct json_value *value, uint64_t max, uint64_t *out);
/* Not a cap: what RFC 7493 2.2 can carry. */
#define JSON_INTEGER_MAX ((UINT64_C(1) << 53) - 1)
/* Order of two UTF-8 strings by UTF-16 code units: <0, 0, >0 (RFC 8785 3.2.3). */
int json_name_compare(struct slice a, struct slice b);

/*
 * Append the canonical form (RFC 8785).  SH_EFORMAT for what the restricted profile has not:
 * null, a name that stands twice, and numbers other than integers 0..2^53-1 written
 * canonically.
 */
MUST_CHECK int json_canonical(const struct json_value *root, struct bytes *out,
                              struct why *why);

/* ---- writing --------------------------------------------------------------------------- */

/*
 * Writes JSON in the order of the calls, without spaces; escapes as JCS does.  Text that is
 * not UTF-8 is written with U+FFFD in place of each bad byte, so that an answer is always
 * JSON.  name is the member's name, or NULL inside of an array and for the outermost value.
 *   struct json_writer w;
 *   json_writer_init(&w, &out);
 *   json_object_open(&w, NULL);
 *   json_put_number(&w, "version", 1);
 *   json_array_open(&w, "blobs");
 *   json_array_close(&w);
 *   json_object_close(&w);                  {"version":1,"blobs":[]}
 * Unbalanced calls are our bug and stop.
 */
struct json_writer {
    struct bytes *out;
    unsigned depth;
    uint64_t started; /* bit d: something stands at depth d already */
    uint64_t objects; /* bit d: depth d is an object */
};
void json_writer_init(struct json_writer *writer, struct bytes *out);
void json_object_open(struct json_writer *writer, const char *name);
void json_object_close(struct json_writer *writer);
void json_array_open(struct json_writer *writer, const char *name);
void json_array_close(struct json_writer *writer);
void json_put_text(struct json_writer *writer, const char *name, const char *text);
void json_put_slice(struct json_writer *writer, const char *name, struct slice text);
/* The same with a name that is not a C string. */
void json_put_member(struct json_writer *writer, struct slice name, struct slice text);
void json_put_number(struct json_writer *writer, const char *name, uint64_t value);
void json_put_bool(struct json_writer *writer, const char *name, bool value);
/* Lower-case hex as a string. */
void json_put_hex(struct json_writer *writer, const char *name, struct slice data);
/* A value that is JSON already, as it stands. */
void json_put_json(struct json_writer *writer, const char *name, struct slice json);
/* The string in quotation marks, escaped as JCS does. */
void json_string_build(struct bytes *out, struct slice text);

#endif
