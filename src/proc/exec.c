/* Another program as a child, with the descriptors it is given and nothing else. */
#include "proc/proc_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 250

bool proc_place_fds(const int *fds, size_t count)
{
    int moved[LIMIT_CAGE_KEEP];

    if (count > COUNT_OF(moved))
        bug("proc: more descriptors than LIMIT_CAGE_KEEP");
    /* First out of the way of each other, above every place that will be filled. */
    for (size_t i = 0; i < count; i++) {
        moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, (int)count);
        if (moved[i] < 0)
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(moved[i], (int)i) < 0)
            return false;
    return close_range((unsigned)count, ~0u, 0) == 0;
}

static _Noreturn void exec_child(const struct proc_program *program, int report_fd)
{
    static char *const nothing[] = {NULL};
    int fds[LIMIT_CAGE_KEEP];
    char **argv;
    struct why why = {0};

    for (size_t i = 0; i < program->fd_count; i++)
        fds[i] = program->fds[i];
    fds[program->fd_count] = report_fd;
    if (!proc_place_fds(fds, program->fd_count + 1) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(1);
    /* execve() wants its arguments writable; it does not write to them. */
    memcpy(&argv, &program->argv, sizeof(argv));
    (void)execve(program->path, argv, nothing); /* Returns only when it failed. */
    (void)why_set(&why, SH_EIO, WHY_NOWHERE, "%s: %s", program->path, strerror(errno));
    if (write((int)program->fd_count, why.text, strlen(why.text)) < 0)
        _exit(1);
    _exit(126);
}

/* As proc_wait_readable, with the program's ticks while it waits. */
static int exec_wait(int fd, uint64_t deadline_ms, const struct proc_program *program)
{
    uint64_t next_ms;
    int ready;

    if (!program->tick)
        return proc_wait_readable(fd, deadline_ms);
    for (;;) {
        next_ms = proc_now_ms() + TICK_MS;
        if (deadline_ms && deadline_ms <= next_ms)
            return proc_wait_readable(fd, deadline_ms);
        ready = proc_wait_readable(fd, next_ms);
        if (ready != 0)
            return ready;
        program->tick(program->tick_ctx);
    }
}

/* Everything until the end of the pipe. */
static enum proc_heard exec_listen(int fd, uint64_t deadline_ms,
                                   const struct proc_program *program, struct bytes *report)
{
    uint8_t data[4096];
    ssize_t n;
    int ready;

    for (;;) {
        ready = exec_wait(fd, deadline_ms, program);
        if (ready <= 0)
            return ready == 0 ? PROC_HEARD_TIMEOUT : PROC_HEARD_TROUBLE;
        n = read(fd, data, sizeof(data));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return PROC_HEARD_TROUBLE;
        if (n == 0)
            return PROC_HEARD_DONE;
        bytes_append(report, data, (size_t)n);
        if (bytes_check(report, NULL) != SH_OK)
            return PROC_HEARD_NONSENSE;
    }
}

/* The program ended with a status of its own: its report is its cause. */
static int exec_cause(const struct proc_program *program, const struct bytes *report,
                      int status, struct why *why)
{
    struct slice text = bytes_view(report);

    if (!WIFEXITED(status) || text.len == 0 ||
        text_check(text, TEXT_LINE, sizeof(why->text) / 2, "cause", NULL) != SH_OK)
        return proc_blame(program->name, PROC_HEARD_END, status, why);
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: %.*s", program->name, (int)text.len,
                   (const char *)text.ptr);
}

int proc_exec(const struct proc_program *program, struct bytes *report, struct why *why)
{
    uint64_t deadline_ms = proc_deadline(program->timeout_s);
    enum proc_heard heard;
    int ends[2];
    int status;
    pid_t pid;

    if (program->fd_count + 1 > LIMIT_CAGE_KEEP)
        bug("proc: more descriptors than LIMIT_CAGE_KEEP");
    bytes_clear(report);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s cannot be started: pipe: %s",
                       program->name, strerror(errno));
    if (proc_fork(&pid, program->name, why) != SH_OK) {
        io_close(&ends[0]);
        io_close(&ends[1]);
        return SH_EIO;
    }
    if (pid == 0)
        exec_child(program, ends[1]);
    io_close(&ends[1]);
    heard = exec_listen(ends[0], deadline_ms, program, report);
    if (heard != PROC_HEARD_DONE)
        proc_kill(pid);
    io_close(&ends[0]);
    if (!proc_reap(pid, deadline_ms, &status))
        heard = PROC_HEARD_TIMEOUT;
    if (heard != PROC_HEARD_DONE)
        return proc_blame(program->name, heard, status, why);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return exec_cause(program, report, status, why);
    return SH_OK;
}
