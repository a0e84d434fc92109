/* A piece of work in a forked child. */
#include "proc/proc_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void run_child(const struct proc_task *task, int fd)
{
    struct proc_side side = {.fd = fd};
    struct why why = {0};
    int rc;

    proc_hush();
    rc = task->run(task->ctx, &side, &why);
    proc_send_end(fd, rc, &why);
    _exit(0);
}

int proc_run(const struct proc_task *task, struct bytes *report, struct why *why)
{
    struct proc_ear ear = {.name = task->name,
                           .progress = task->progress,
                           .progress_ctx = task->progress_ctx,
                           .report = report,
                           .deadline_ms = proc_deadline(task->timeout_s)};
    struct why cause = {0};
    enum proc_heard heard;
    int ends[2];
    int status;
    pid_t pid;

    if (report)
        bytes_clear(report);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s cannot be started: pipe: %s", task->name,
                       strerror(errno));
    if (proc_fork(&pid, task->name, why) != SH_OK) {
        io_close(&ends[0]);
        io_close(&ends[1]);
        return SH_EIO;
    }
    if (pid == 0) {
        (void)close(ends[0]); /* The parent's end. */
        run_child(task, ends[1]);
    }
    io_close(&ends[1]);
    ear.fd = ends[0];
    heard = proc_hear(&ear, &cause);
    if (heard == PROC_HEARD_TIMEOUT || heard == PROC_HEARD_NONSENSE)
        proc_kill(pid);
    io_close(&ends[0]);
    if (!proc_reap(pid, ear.deadline_ms, &status))
        heard = PROC_HEARD_TIMEOUT;
    if (heard == PROC_HEARD_CAUSE)
        return why_set(why, cause.code, cause.offset, "%s", cause.text);
    if (heard != PROC_HEARD_DONE)
        return proc_blame(task->name, heard, status, why);
    /* Done, and then a death: what it did last is not known, so nothing of it counts. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return proc_blame(task->name, PROC_HEARD_END, status, why);
    return SH_OK;
}

int proc_begin(const char *name, int (*run)(void *ctx), void *ctx, int *pid, struct why *why)
{
    int rc = proc_fork(pid, name, why);

    if (rc != SH_OK || *pid != 0)
        return rc;
    proc_hush();
    _exit(run(ctx) & 0xff);
}
