/* What the files of the document share. */
#ifndef DISPATCH_DOCUMENT_INT_H
#define DISPATCH_DOCUMENT_INT_H

#include "dispatch/dispatch.h"
#include "json/json.h"

/* One document being read. */
struct document_reading {
    struct document *doc;
    struct arena *arena;
    struct why *why;
    size_t words_bytes; /* of all words so far */
};

/* The keys that an object may have; every other one is named as unknown. */
struct document_keys {
    const char *prefix; /* "" or "place.": for the name of an unknown key */
    const char *const *names;
    size_t count;
};
MUST_CHECK int document_unknown(struct document_reading *rd, const struct json_value *object,
                                const struct document_keys *keys);

/* Refuse: "document: FIELD WHAT at byte N (FORMATS "Document")". */
int document_refuse(struct document_reading *rd, const struct json_value *value,
                    const char *field, const char *what);
/* The member name of object, of the given type; SH_EFORMAT when it is not there. */
MUST_CHECK int document_need(struct document_reading *rd, const struct json_value *object,
                             const char *name, enum json_type type,
                             const struct json_value **out);
/* The same, *out NULL when there is none. */
MUST_CHECK int document_may(struct document_reading *rd, const struct json_value *object,
                            const char *name, enum json_type type,
                            const struct json_value **out);
/* Member name as 64 hex digits. */
MUST_CHECK int document_hash(struct document_reading *rd, const struct json_value *object,
                             const char *name, uint8_t out[32]);
/* Member name as an integer 1..max; 0 when there is none. */
MUST_CHECK int document_number(struct document_reading *rd, const struct json_value *object,
                               const char *name, uint64_t max, uint64_t *out);
/* Is text 1..LIMIT_TOKEN_BYTES of [a-z0-9-]? */
bool document_is_token(struct slice text);
/* {lang,text} */
MUST_CHECK int document_text(struct document_reading *rd, const struct json_value *object,
                             enum text_rule rule, size_t max, struct doc_text *out);
/* [{lang,text}...], at most LIMIT_WORDS_BYTES of text in all. */
MUST_CHECK int document_texts(struct document_reading *rd, const struct json_value *array,
                              enum text_rule rule, struct doc_text **out, size_t *count);

/* The keys of a dispatch or correction, beside the required ones. */
MUST_CHECK int document_read_dispatch(struct document_reading *rd,
                                      const struct json_value *root);

#endif
