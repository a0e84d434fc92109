/*
 * What the files of proc share: frames on a pipe, deadlines, the start and end of a child.
 *
 * A frame is kind (1 byte), length (4 bytes, big-endian), payload.  The parent believes none of
 * it: kinds, lengths and codes are checked, texts must be one line of clean UTF-8.
 */
#ifndef PROC_PROC_INT_H
#define PROC_PROC_INT_H

#include <sys/types.h>

#include "io/io.h"
#include "proc/proc.h"

#define PROC_HEAD_BYTES 5

enum proc_frame {
    PROC_PROGRESS = 'p', /* uint64: how much is done */
    PROC_REPORT = 'r',   /* bytes of the report */
    PROC_CAUSE = 'c',    /* -enum sh_err (1 byte), offset (8 bytes), text */
    PROC_DONE = 'd'      /* nothing: the work is finished, the report whole */
};

enum proc_heard {
    PROC_HEARD_DONE,
    PROC_HEARD_CAUSE, /* why is set */
    PROC_HEARD_END,   /* the other end was closed before it was done */
    PROC_HEARD_NONSENSE,
    PROC_HEARD_TIMEOUT,
    PROC_HEARD_TROUBLE /* our own system call failed */
};

struct proc_ear {
    int fd;
    const char *name;
    uint64_t deadline_ms; /* of proc_now_ms(); 0: none */
    void (*progress)(void *progress_ctx, uint64_t done);
    void *progress_ctx;
    struct bytes *report; /* may be NULL: then a report is nonsense */
};
/* Take frames until DONE or CAUSE or trouble.  For a CAUSE, *cause gets code and text. */
enum proc_heard proc_hear(const struct proc_ear *ear, struct why *cause);

/* In the child: send one frame; a parent that is gone ends the child. */
void proc_send(int fd, enum proc_frame kind, struct slice payload);
/* In the child: DONE for 0, else CAUSE. */
void proc_send_end(int fd, int rc, const struct why *why);

uint64_t proc_now_ms(void);
uint64_t proc_deadline(unsigned timeout_s);
/* Wait until fd can be read.  1 yes, 0 the deadline passed, -1 errno. */
int proc_wait_readable(int fd, uint64_t deadline_ms);

/* fork(); in the child: dies with the parent, signals as at the start.  SH_EIO. */
MUST_CHECK int proc_fork(pid_t *pid, const char *name, struct why *why);
/* In the child: /dev/null for 0, 1 and 2. */
void proc_hush(void);
/* Wait for the end of pid until the deadline, then kill it.  False: it had to be killed. */
bool proc_reap(pid_t pid, uint64_t deadline_ms, int *status);
void proc_kill(pid_t pid);

/* The cause when a child ended without saying one. */
int proc_blame(const char *name, enum proc_heard heard, int status, struct why *why);

#endif
