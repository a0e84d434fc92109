/*
 * cosign -- the role that tlog calls a witness: says of logs which it is told of that it saw
 * them grow, and never signs two histories of one.
 *
 * Spec:    C2SP tlog-witness v1.0.0 (add-checkpoint), tlog-cosignature v1.0.1 (type 0x04);
 *          FORMATS.md, "Identity note" (which keys speak for a channel, a new origin after a
 *          theft); docs/decisions/0016.
 * Shapes:  HOME/private/cosign/ holds
 *              key     64 lower-case hex digits, LF: the seed of the cosigner's own key
 *              logs    what to cosign: lines "name NAME", "log VKEY", "channel ID SOURCE";
 *                      '#' begins a comment
 *              chain/ID/N.note   identity notes of the channels, as far as they were accepted
 *              state.db          size, root and checkpoint of each origin
 *          HOME/public/cs/<sha256hex(origin)>/checkpoint is what monitors read.
 * Memory:  cosign_open gives a handle for cosign_close.
 * Errors:  what is wrong with a request is an answer.  SH_EFORMAT names the line of `logs`.
 * Threads: a process of one thread.
 *
 * State is durable before a cosignature leaves (one transaction checks and stores).  The key is
 * held by a process that reads nothing but checkpoints from this one.
 */
#ifndef COSIGN_COSIGN_H
#define COSIGN_COSIGN_H

#include "base/base.h"
#include "scgi/scgi.h"
#include "tlog/tlog.h"
#include "url/url.h"

#define COSIGN_FOLDER "cosign" /* below private/ */
#define COSIGN_PATH "/add-checkpoint"
#define COSIGN_PUBLIC "cs" /* below public/ */

struct cosign;

/* ---- the request's body (pure) ---- */

struct cosign_request {
    uint64_t old; /* size that the sender takes for our newest */
    struct tlog_proof proof;
    struct tlog_note note;
    struct tlog_checkpoint checkpoint;
};
/* "old N", proof lines, an empty line, the checkpoint.  Borrows body.  SH_EFORMAT, ELIMIT. */
MUST_CHECK int cosign_request_parse(struct slice body, struct cosign_request *out,
                                    struct why *why);

/* ---- what to cosign ---- */

struct cosign_log {
    bool is_channel;
    struct tlog_key key;              /* of a foreign log: its name is the origin */
    char channel[LIMIT_TOKEN_BYTES];  /* 52 characters, or empty */
    char source[LIMIT_URL_BYTES + 1]; /* of a channel: a folder or an address */
};
struct cosign_config {
    char name[LIMIT_NOTE_NAME_BYTES + 1]; /* empty: made from the key */
    struct cosign_log log[LIMIT_COSIGN_LOGS];
    size_t count;
};
/* The content of `logs`. */
MUST_CHECK int cosign_config_parse(struct slice raw, struct cosign_config *out,
                                   struct why *why);

/* ---- the process ---- */

/*
 * Make HOME/private/cosign with a key of its own when it is not there, and check everything in
 * it.  verifier gets the cosigner's verifier key line, which others put into their policies.
 */
MUST_CHECK int cosign_prepare(const char *home, struct bytes *verifier,
                              struct cosign_config *config, struct why *why);
/* Start the process that holds the key; before the caller enters its cage. */
MUST_CHECK int cosign_open(const char *home, struct cosign **out, struct why *why);
/*
 * What a cage must keep: the folders private/cosign and public/cs, which it may change below,
 * and the socket to the key.
 */
#define COSIGN_FDS 3
void cosign_fds(const struct cosign *cosign, int fds[COSIGN_FDS]);
/* Open the state, and put the files of monitors right: in the cage. */
MUST_CHECK int cosign_begin(struct cosign *cosign, struct why *why);
void cosign_close(struct cosign *cosign); /* NULL is fine */
/* Answer a whole request; appended to out.  The cause of a 500 is in why. */
MUST_CHECK int cosign_answer(struct cosign *cosign, const struct scgi_request *request,
                             struct slice body, struct bytes *out, struct why *why);
/* Did the process with the key end?  Then this one should, to be started again. */
bool cosign_is_done(const struct cosign *cosign);

/*
 * Look once for newer identity notes of every channel in `logs`, and keep those that are
 * accepted.  A source that cannot be read is said on standard error and tried next time.
 */
MUST_CHECK int cosign_refresh(const char *home, const struct url_allowed *allowed,
                              size_t allowed_count, struct why *why);

#endif
