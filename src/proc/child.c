/* The start and the end of a child. */
#include "proc/proc_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage/cage.h"

int proc_fork(pid_t *pid, const char *name, struct why *why)
{
    /* A sanitizer reports from the last four. */
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGPIPE, SIGCHLD,
                                  SIGSEGV, SIGBUS,  SIGILL, SIGFPE};
    size_t count = COUNT_OF(signals) - (CAGE_SANITIZED ? 4 : 0);
    pid_t parent = getpid();
    sigset_t none;

    *pid = fork();
    if (*pid < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s cannot be started: fork: %s", name,
                       strerror(errno));
    if (*pid > 0)
        return SH_OK;
    /* Its parent may have ended before the line below took effect. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < count; i++)
        if (signal(signals[i], SIG_DFL) == SIG_ERR)
            _exit(1);
    if (sigemptyset(&none) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        _exit(1);
    return SH_OK;
}

void proc_hush(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int last = CAGE_SANITIZED ? STDOUT_FILENO : STDERR_FILENO;

    if (fd < 0)
        _exit(1);
    for (int i = STDIN_FILENO; i <= last; i++)
        if (dup2(fd, i) < 0)
            _exit(1);
    if (fd > last)
        (void)close(fd); /* It was only the source of the copies. */
}

void proc_kill(pid_t pid)
{
    (void)kill(pid, SIGKILL); /* It has not been waited for, so the pid is still its own. */
}

bool proc_reap(pid_t pid, uint64_t deadline_ms, int *status)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0u);
    bool in_time = true;

    /* Without pidfd the child has closed its pipe, and ends or meets its limit of time. */
    if (fd >= 0) {
        if (proc_wait_readable(fd, deadline_ms) == 0) {
            proc_kill(pid);
            in_time = false;
        }
        (void)close(fd); /* Nothing was written to it. */
    }
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR) {
            *status = 0; /* Somebody else waited for it: how it ended is not known. */
            break;
        }
    return in_time;
}

static const char *signal_words(int number)
{
    switch (number) {
    case SIGSYS:
        return "was stopped by its cage: it asked the system for something that it may not "
               "have";
    case SIGXCPU:
        return "was stopped by its cage: it used more processor time than it may";
    case SIGXFSZ:
        return "was stopped by its cage: it wrote more than it may";
    case SIGKILL:
        return "was killed; perhaps memory ran out";
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
        return "crashed; what it was given may be made to attack it, or this is our fault";
    case SIGABRT:
        return "stopped itself because it found itself to be wrong; this is our fault";
    default:
        return "was ended";
    }
}

void proc_death(int status, struct bytes *out)
{
    if (WIFSIGNALED(status))
        bytes_printf(out, "%s (signal %d)", signal_words(WTERMSIG(status)), WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        bytes_printf(out, "broke off (exit status %d)", WEXITSTATUS(status));
    else
        bytes_text(out, "ended without finishing its work");
}

int proc_blame(const char *name, enum proc_heard heard, int status, struct why *why)
{
    char words[200];
    struct bytes out = {0};

    if (heard == PROC_HEARD_TIMEOUT)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s took too long and was ended", name);
    if (heard == PROC_HEARD_TROUBLE)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s could not be listened to: %s", name,
                       strerror(errno));
    if (heard == PROC_HEARD_NONSENSE)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s gave an answer that makes no sense; nothing of it was used", name);
    bytes_init(&out, sizeof(words) - 1);
    proc_death(status, &out);
    memcpy(words, out.ptr, out.len);
    words[out.len] = '\0';
    bytes_release(&out);
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s %s", name, words);
}
