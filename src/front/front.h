/*
 * front -- the process behind nginx that answers what a file cannot: the page behind the link
 * of an alarm, with its one button.
 *
 * Spec:    ARCHITECTURE.md 6, 8; SCGI as in scgi.h; Fetch Metadata (Sec-Fetch-Site); RFC 9110.
 * Shapes:  /ack/CODE.  GET shows and changes nothing, however often programs follow the link;
 *          POST with seen=1 acknowledges and leads back to the page (303).
 * Memory:  one process, LIMIT_FRONT_CONNECTIONS requests at once, each in its own bytes.
 * Errors:  what is wrong with a request is an answer; front_run fails when it cannot go on.
 * Threads: a process of one thread.
 *
 * It is not told who asks: the configuration of nginx hands on method, path, language and
 * origin, and no address.  The page names no person and no place, because programs that show
 * a preview of a link read it too.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "base/base.h"
#include "scgi/scgi.h"

/*
 * Answer one whole request by the state folder of a watch; appended to out.  A failure becomes
 * an answer 500 and a cause in why; the return value is that of bytes_check.
 */
MUST_CHECK int front_answer(const char *watch_dir, const struct scgi_request *request,
                            struct slice body, struct bytes *out, struct why *why);

struct front_options {
    const char
        *cosign_home;      /* absolute: answer add-checkpoint by its private/cosign; or NULL */
    int listen_fd;         /* a Unix socket that listens; stays the caller's */
    const char *watch_dir; /* absolute; must exist, its book may come later */
};
/* Enter the cage and answer until SIGTERM ends the process; returns only with a cause. */
MUST_CHECK int front_run(const struct front_options *options, struct why *why);

#endif
