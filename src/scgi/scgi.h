/*
 * scgi -- what a web server hands to our process over a socket: reading a request, writing an
 * answer.
 *
 * Spec:    SCGI (python.ca/scgi/protocol.txt); netstrings (cr.yp.to/proto/netstrings.txt);
 *          answers as CGI, RFC 3875 6.2, 6.3; RFC 9110 for the meaning of the fields.
 * Shapes:  a request is a netstring of NAME NUL VALUE NUL pairs, then the body.  nginx sends
 *          it bit by bit and, with request buffering off, says in CONTENT_LENGTH only what it
 *          had read by then: the size of the body is HTTP_CONTENT_LENGTH.
 * Memory:  a request borrows the input; an answer is appended to the caller's bytes.
 * Errors:  SH_EFORMAT, SH_ELIMIT; see each function.
 * Threads: no state.
 *
 * Example: "59:CONTENT_LENGTH\0" "0\0SCGI\0" "1\0REQUEST_METHOD\0GET\0DOCUMENT_URI\0/a\0,"
 */
#ifndef SCGI_SCGI_H
#define SCGI_SCGI_H

#include "base/base.h"

enum { SCGI_MORE = 1 }; /* what is there is right so far, and not yet all */

struct scgi_request {
    struct slice pairs; /* NAME NUL VALUE NUL, each name once */
    size_t count;       /* of pairs */
    size_t head_bytes;  /* of the input: where the body begins */
    uint64_t said;      /* CONTENT_LENGTH */
};
/*
 * Read the head at the start of input.  SCGI_MORE: read on and ask again.  SH_ELIMIT: a head
 * above LIMIT_SCGI_BYTES or LIMIT_SCGI_PAIRS; SH_EFORMAT: not SCGI 1, CONTENT_LENGTH is not
 * the first, a name twice or none, a pair cut off.  *out is only written by SH_OK.
 */
MUST_CHECK int scgi_parse(struct slice input, struct scgi_request *out, struct why *why);
/* The value of a name; an empty one counts as not there (a server writes both so). */
MUST_CHECK bool scgi_get(const struct scgi_request *request, const char *name,
                         struct slice *out);
/*
 * How long is the body?  SH_ENOTFOUND: HTTP_CONTENT_LENGTH is missing, yet there is a body
 * (answer 411); without either it is 0.  SH_ELIMIT above max (413); SH_EFORMAT: no number, or
 * less than CONTENT_LENGTH (400).
 */
MUST_CHECK int scgi_body(const struct scgi_request *request, uint64_t max, uint64_t *out,
                         struct why *why);

struct scgi_field {
    const char *name; /* "Content-Type" */
    const char *value;
};
struct scgi_answer {
    unsigned
        status; /* 200, 303, 400, 403, 404, 405, 409, 411, 413, 422, 500; others are bugs */
    const struct scgi_field *fields;
    size_t count;
    struct slice body;
};
/* Append the answer, Content-Length included.  SH_EARG: a control character in a field. */
MUST_CHECK int scgi_answer_build(const struct scgi_answer *answer, struct bytes *out,
                                 struct why *why);

#endif
