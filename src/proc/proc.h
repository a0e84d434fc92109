/*
 * proc -- start a child for one piece of work, hear from it over a pipe, and say in plain words
 * how it ended.
 *
 * Spec:    POSIX fork, pipe, waitpid.  The frames on the pipe are ours and private.
 * Shapes:  report  0..LIMIT_REPORT_BYTES bytes that the child hands back: not to be believed,
 *                  the caller checks them again.
 * Memory:  proc_run leaves nothing behind: no child, no descriptor.
 * Errors:  the child's own cause as it gave it (its text is checked); SH_EIO when it died, ran
 *          out of time, or broke off; SH_EFORMAT when what it sent makes no sense.
 * Threads: call from a process of one thread.
 *
 * The child dies with its parent, has /dev/null for descriptors 0, 1 and 2 (a build with
 * sanitizers keeps 2), and never returns into the caller's code: it ends with _exit.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "base/base.h"

/* The child's end of the pipe. */
struct proc_side {
    int fd; /* to be kept open in a cage */
};
/* Append to the report.  A dead parent ends the child. */
void proc_report(const struct proc_side *side, struct slice part);
/* Tell how much is done, in the unit that the parent expects (bytes). */
void proc_progress(const struct proc_side *side, uint64_t done);

struct proc_task {
    const char *name; /* "the reader": who it is in messages */
    /* Runs in the child: enter the cage first.  Its result and cause reach the parent. */
    int (*run)(void *ctx, const struct proc_side *side, struct why *why);
    void *ctx;
    unsigned timeout_s;                                  /* wall clock; 0: none */
    void (*progress)(void *progress_ctx, uint64_t done); /* in the parent; may be NULL */
    void *progress_ctx;
};
/* Run task in a forked child and wait for it.  report (may be NULL) is cleared first. */
MUST_CHECK int proc_run(const struct proc_task *task, struct bytes *report, struct why *why);

/*
 * Fork a child that works beside the caller, who waits for it (waitpid) and sets its deadline:
 * it runs run(ctx) and ends with what that returns (0..255) as its exit status.  It dies with
 * its parent; descriptors 0, 1 and 2 are as in proc_run, all others stay open.
 */
MUST_CHECK int proc_begin(const char *name, int (*run)(void *ctx), void *ctx, int *pid,
                          struct why *why);

/*
 * Run another program with an empty environment.  Its descriptor i is fds[i], and there are no
 * others; descriptor fd_count is a pipe for its report.  Exit status 0 is success; otherwise
 * the report is its cause, as text.
 */
struct proc_program {
    const char *name;        /* "the media program" */
    const char *path;        /* absolute */
    const char *const *argv; /* NULL-terminated, argv[0] included */
    const int *fds;
    size_t fd_count;
    unsigned timeout_s;
    void (*tick)(void *tick_ctx); /* in the parent, a few times a second; may be NULL */
    void *tick_ctx;
};
MUST_CHECK int proc_exec(const struct proc_program *program, struct bytes *report,
                         struct why *why);

/*
 * Make fds[i] the child's descriptor i for i < count and close all others; fds may overlap in
 * any way.  For programs that are started by their own means.  False: errno says why.
 */
MUST_CHECK bool proc_place_fds(const int *fds, size_t count);

/* How a child ended, in plain words: "was stopped by its cage (signal 31)"; for messages. */
void proc_death(int status, struct bytes *out);

#endif
