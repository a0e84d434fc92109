/*
 * fetcher -- asks stillhere-fetch, the only program with outgoing network, to fetch, to post
 * and to mail; one long-lived child, many requests at once.
 *
 * Spec:    safety.md 2.6 (the address gate); HTTP/1.1 and 2, SMTP submission by libcurl.
 * Shapes:  requests and answers are frames on a pair of sockets, private to one version of the
 *          program; fetcher_wire_* below are their only readers and writers.
 * Memory:  fetcher_open gives a handle for fetcher_close; an answer's slices live until the
 *          next fetcher_next on the handle.
 * Errors:  SH_EIO when the child is gone (open a new one); what happens to one request is its
 *          answer, never an error.
 * Threads: one handle per thread.
 */
#ifndef FETCHER_FETCHER_H
#define FETCHER_FETCHER_H

#include "base/base.h"
#include "url/url.h"

struct fetcher;

struct fetcher_options {
    const struct url_allowed *allowed; /* addresses that need not be public */
    size_t allowed_count;
    const char *trust_file; /* PEM of more roots of trust (--trust FILE), or NULL */
    const char *resolver;   /* tests: a file "host address address..." read at every lookup;
                             * NULL: the system's resolver */
};
/* Start the program; it reads its options and enters its cage before the first request. */
MUST_CHECK int fetcher_open(const struct fetcher_options *options, struct fetcher **out,
                            struct why *why);
void fetcher_close(struct fetcher *fetcher); /* NULL is fine */

enum fetcher_method { FETCHER_GET, FETCHER_POST, FETCHER_MAIL };
struct fetcher_request {
    uint64_t id; /* the caller's; comes back in the answer */
    enum fetcher_method method;
    const char *url;             /* mail: smtp://HOST[:PORT] (STARTTLS needed) or smtps:// */
    const char *etag;            /* If-None-Match, or NULL */
    const char *modified;        /* If-Modified-Since as it was received, or NULL */
    const char *headers;         /* further "Name: value\n" lines, or NULL; not sent on to
                                  * another host when a GET is redirected */
    struct slice body;           /* POST; mail: the whole message (RFC 5322, CRLF) */
    uint64_t most_bytes;         /* of the answer's body */
    unsigned deadline_ms;        /* for everything, redirects and lookups included; 1.. */
    const char *from;            /* mail: envelope, "a@b" */
    const char *const *to;       /* mail: envelope, NULL-terminated */
    const char *user, *password; /* mail: AUTH, or NULL */
};
/*
 * Hand a request over; it waits when 16 are under way already.  Its answer will come.  SH_EARG
 * when it breaks a rule (a line end in a header, no recipient); of a bad url, the answer tells.
 */
MUST_CHECK int fetcher_ask(struct fetcher *fetcher, const struct fetcher_request *request,
                           struct why *why);

enum fetcher_outcome {
    FETCHER_DONE,        /* the server answered: see status */
    FETCHER_REFUSED,     /* by the address gate: nothing was sent there */
    FETCHER_UNREACHABLE, /* no address, no connection, broken off */
    FETCHER_TIMEOUT,
    FETCHER_TLS,       /* certificate, handshake, or no STARTTLS */
    FETCHER_TOO_LARGE, /* more than most_bytes */
    FETCHER_BROKEN,    /* what came is not the protocol */
};
struct fetcher_answer {
    uint64_t id;
    enum fetcher_outcome outcome;
    unsigned status;                          /* HTTP, or the last SMTP reply; 0 = none */
    char etag[LIMIT_VALIDATOR_BYTES + 1];     /* empty = none */
    char modified[LIMIT_VALIDATOR_BYTES + 1]; /* the Last-Modified header as received */
    uint64_t date;          /* the Date header, unix seconds; 0 = none, or it lay in a cache */
    uint64_t retry_after_s; /* 0 = none */
    char text[240];         /* cause in plain words: no address, no path, no query in it */
    struct slice body;      /* of a status other than 2xx: its beginning, up to most_bytes */
};
/*
 * The next answer, waiting at most timeout_ms (0: do not wait).  SH_ENOTFOUND when none came
 * in that time.
 */
MUST_CHECK int fetcher_next(struct fetcher *fetcher, unsigned timeout_ms,
                            struct fetcher_answer *answer, struct why *why);
/*
 * For poll(): readable when fetcher_next will get on.  Answers that came while fetcher_ask was
 * waiting do not show here: call fetcher_next with 0 until SH_ENOTFOUND before you wait.
 */
int fetcher_fd(const struct fetcher *fetcher);
/* fetcher_ask and wait for its answer; nothing else may be under way. */
MUST_CHECK int fetcher_do(struct fetcher *fetcher, const struct fetcher_request *request,
                          struct fetcher_answer *answer, struct why *why);
/* Is stillhere-fetch where fetcher_open looks for it? */
bool fetcher_is_there(void);

/*
 * ---- the wire, for the two programs ---------------------------------------------------------
 * A frame is its kind (1 byte), the length of its payload (4 bytes) and the payload; integers
 * are big-endian.  One OPTIONS goes out and one READY (empty) or FAILED (a cause as text) comes
 * back; then REQUESTs and ANSWERs.  Readers check everything and borrow from the payload.
 */
#define FETCHER_HEAD_BYTES 5
enum fetcher_frame {
    FETCHER_OPTIONS = 'o',
    FETCHER_READY = 'r',
    FETCHER_FAILED = 'f',
    FETCHER_REQUEST = 'q',
    FETCHER_ANSWER = 'a',
};
/* The longest payload of each kind. */
size_t fetcher_wire_most(enum fetcher_frame kind);
/* Of another kind or longer than its kind may be: SH_EFORMAT. */
MUST_CHECK int fetcher_wire_head(const uint8_t head[FETCHER_HEAD_BYTES],
                                 enum fetcher_frame *kind, size_t *len, struct why *why);
/* A frame that is coming; zeroed at the start, its payload released by the owner. */
struct fetcher_reader {
    uint8_t head[FETCHER_HEAD_BYTES];
    size_t head_len;
    enum fetcher_frame kind;
    size_t payload_len;
    struct bytes payload;
};
/*
 * Take what is there of a frame from a socket, without waiting.  1: it is whole, and the next
 * call begins another (take or release the payload first); 0: not yet; SH_EIO: the other end is
 * closed (errno 0) or reading failed; SH_EFORMAT, SH_ENOMEM.
 */
MUST_CHECK int fetcher_wire_read(struct fetcher_reader *reader, int fd, struct why *why);
/* Append a whole frame; bytes_check() tells whether it fitted. */
void fetcher_wire_put(struct bytes *out, enum fetcher_frame kind, struct slice payload);
void fetcher_wire_put_options(struct bytes *out, const struct fetcher_options *options);
void fetcher_wire_put_request(struct bytes *out, const struct fetcher_request *request);
void fetcher_wire_put_answer(struct bytes *out, const struct fetcher_answer *answer);

struct fetcher_wire_options {
    struct fetcher_options options; /* allowed points to the next member */
    struct url_allowed allowed[LIMIT_ALLOWED_HOSTS];
};
MUST_CHECK int fetcher_wire_options(struct slice payload, struct fetcher_wire_options *out,
                                    struct why *why);
struct fetcher_wire_request {
    struct fetcher_request request; /* to points to the next member */
    const char *to[LIMIT_RECIPIENTS + 1];
};
MUST_CHECK int fetcher_wire_request(struct slice payload, struct fetcher_wire_request *out,
                                    struct why *why);
MUST_CHECK int fetcher_wire_answer(struct slice payload, struct fetcher_answer *out,
                                   struct why *why);

#endif
