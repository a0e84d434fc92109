/*
 * What the files of stillhere-fetch share.  One process with the network and without files runs
 * all requests over libcurl; names are looked up by a second process that may read the
 * configuration of the system's resolver and parses nothing else; each message (a POST, a mail)
 * is handed in by a child, so that a server which hangs holds up nobody else's.
 */
#ifndef FETCH_FETCH_INT_H
#define FETCH_FETCH_INT_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "fetcher/fetcher.h"
#include "url/url.h"

struct fetch_address {
    uint8_t family; /* enum url_family */
    uint8_t byte[16];
};
struct fetch_addresses {
    size_t count;
    struct fetch_address at[LIMIT_LOOKUP_ADDRESSES];
};

/* ---- names (lookup.c, names.c) ---- */

/* Start the process that looks up names; fd is our end.  Before any cage. */
MUST_CHECK int fetch_lookup_start(const char *resolver, int *fd, struct why *why);
/* Ask for a name; the ticket comes back with the answer.  False: the process is gone. */
MUST_CHECK bool fetch_lookup_ask(int fd, uint64_t ticket, unsigned timeout_ms,
                                 const char *name);
enum fetch_heard { FETCH_HEARD, FETCH_NOTHING, FETCH_GONE };
/* An answer, if one is there; no addresses: the name has none, or it could not be asked. */
enum fetch_heard fetch_lookup_hear(int fd, uint64_t *ticket, struct fetch_addresses *out);

struct fetch_names;
struct fetch_names *fetch_names_new(void);
void fetch_names_free(struct fetch_names *names);
/* What is remembered of a name, or NULL. */
const struct fetch_addresses *fetch_names_find(const struct fetch_names *names,
                                               const char *host, uint64_t now_ms);
void fetch_names_keep(struct fetch_names *names, const char *host,
                      const struct fetch_addresses *addresses, uint64_t now_ms);
void fetch_names_forget(struct fetch_names *names, const char *host);

/* ---- jobs ---- */

enum fetch_state {
    FETCH_FREE,
    FETCH_LOOKUP,
    FETCH_QUEUED, /* until nothing else is under way to its host and port */
    FETCH_TRANSFER,
    FETCH_CHILD
};
struct fetch_job {
    enum fetch_state state;
    uint64_t ticket; /* of the lookup that is under way, or the place in the queue */
    uint64_t deadline_ms;
    struct bytes frame; /* what asked borrows */
    struct fetcher_wire_request asked;
    struct url url; /* where we are, after redirects */
    unsigned redirects;
    bool elsewhere; /* a redirect led to another host: no headers of the caller's */
    struct fetch_addresses addresses; /* all passed the gate */
    /* of a transfer */
    CURL *easy;
    struct curl_slist *headers, *resolve;
    size_t header_bytes;
    uint64_t body_bytes; /* that came, kept or not */
    bool too_large;
    bool enough; /* the rest of the body is not wanted */
    struct bytes body;
    /* of a message: the child's answer */
    int child_fd;
    struct fetcher_reader child;
};
struct fetch {
    struct fetcher_wire_options options;
    X509_STORE *roots;
    bool has_roots; /* of the system */
    CURLM *multi;
    struct fetch_names *names;
    int lookup_fd;
    uint64_t tickets; /* given so far */
    struct fetch_job job[LIMIT_FETCHES];
    struct fetcher_reader reader;
    struct bytes out; /* frames on their way to the caller */
    size_t out_sent;
};

uint64_t fetch_now_ms(void);
/* Milliseconds until the deadline, 1 when it has passed. */
unsigned fetch_left_ms(const struct fetch_job *job);

/* Hand the answer in and free the job. */
void fetch_job_answer(struct fetch *fetch, struct fetch_job *job,
                      const struct fetcher_answer *answer);
/* The same, of an outcome with a cause in plain words. */
void fetch_job_fail(struct fetch *fetch, struct fetch_job *job, enum fetcher_outcome outcome,
                    const char *text);
/* A request came: job->asked is set. */
void fetch_job_begin(struct fetch *fetch, struct fetch_job *job);

/* ---- the address gate (gate.c) ---- */

/* job->url is where it wants to go: look the host up, check port and every address, go. */
void fetch_gate_enter(struct fetch *fetch, struct fetch_job *job);
/* The addresses of the job's host came. */
void fetch_gate_resolved(struct fetch *fetch, struct fetch_job *job,
                         const struct fetch_addresses *addresses);

/* ---- libcurl (curl.c, http.c, mail.c, child.c) ---- */

/* What every transfer has in common.  False: no memory. */
MUST_CHECK bool fetch_curl_set(struct fetch *fetch, struct fetch_job *job, CURL *easy);
/* The outcome and words of a code that is not a server's answer. */
enum fetcher_outcome fetch_curl_outcome(const struct fetch *fetch, CURLcode code,
                                        const char **text);
/* All roots of trust; the system's may be missing. */
MUST_CHECK int fetch_roots(const char *trust_file, X509_STORE **out, bool *has_system,
                           struct why *why);

/* Make job->easy for a GET or POST.  False: no memory. */
MUST_CHECK bool fetch_http_set(struct fetch *fetch, struct fetch_job *job);
/* What became of it; the answer borrows from the job. */
void fetch_http_result(const struct fetch *fetch, struct fetch_job *job, CURLcode code,
                       struct fetcher_answer *answer);
/* Queue a GET. */
void fetch_http_begin(struct fetch *fetch, struct fetch_job *job);
/* Hand to libcurl what is queued and may go. */
void fetch_http_go(struct fetch *fetch);
void fetch_http_end(struct fetch *fetch, struct fetch_job *job, CURLcode code);
/* Let go of what a transfer holds. */
void fetch_http_stop(struct fetch *fetch, struct fetch_job *job);

/* In a child: hand a mail in.  It may end the process when its answer has been given. */
void fetch_mail(struct fetch *fetch, struct fetch_job *job, struct fetcher_answer *answer);

void fetch_child_begin(struct fetch *fetch, struct fetch_job *job);
/* In the child: give the answer. */
void fetch_child_answer(const struct fetch_job *job, const struct fetcher_answer *answer);
/* Hear from the child, if it said something. */
void fetch_child_hear(struct fetch *fetch, struct fetch_job *job);
void fetch_child_stop(struct fetch_job *job);

#endif
