/*
 * The filter of system calls: what a profile does not name ends the process.  That of what
 * fetches refuses instead: an unusual resolver of names must not cost the alarms.
 *
 * Pointers cannot be looked at from here, so a file is kept away by not allowing open at all,
 * or (CAGE_LOOK) by Landlock.
 */
#include "cage/cage_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reading and writing what is open, memory, the clock, the end. */
/* clang-format off */
static const int calls_copy[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#if CAGE_SANITIZED
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
#endif
};

static const int calls_look[] = {
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(getdents64),
};

static const int calls_front[] = {
    SCMP_SYS(accept4),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(shutdown),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(openat),
    SCMP_SYS(fcntl),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(fallocate),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchown),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(mkdirat),
    SCMP_SYS(fchmodat),
    SCMP_SYS(utimensat),
    SCMP_SYS(getcwd),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
};

/* Not bind, listen and accept; sockets and clone are allowed by their arguments, below. */
static const int calls_fetch[] = {
    SCMP_SYS(connect),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(fcntl),
    SCMP_SYS(close_range),
    SCMP_SYS(setitimer),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
};

static const int calls_media[] = {
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
};

#if CAGE_SANITIZED
/* A sanitizer that wants to report looks for files: it is told no, and reports without. */
static const int calls_refused[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(stat),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
};
#endif
/* clang-format on */

bool cage_filter_is_there(const struct cage_rules *rules)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;

    if (rules && rules->no_seccomp)
        return false;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++)
        if (calls[i] >= 0) /* Negative: this architecture has no such call. */
            rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

/* Allow call when its argument `arg`, masked, equals value. */
static int allow_if(scmp_filter_ctx filter, int call, unsigned arg, uint64_t mask,
                    uint64_t value)
{
    struct scmp_arg_cmp when = {
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &when);
}

/* Memory that can be run as code is refused; signals go only to this process itself. */
static int allow_shared(scmp_filter_ctx filter)
{
    int rc;

    rc = allow_if(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(tgkill), 0, UINT32_MAX, (uint64_t)getpid());
    if (rc == 0) /* isatty() of the C library's streams. */
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    return rc;
}

/* fstat() of the C library is newfstatat(fd, "", ..., AT_EMPTY_PATH). */
static int allow_fstat(scmp_filter_ctx filter)
{
    return allow_if(filter, SCMP_SYS(newfstatat), 3, UINT32_MAX, AT_EMPTY_PATH);
}

/* Opening to read; what may be opened is Landlock's part. */
static int allow_look(scmp_filter_ctx filter)
{
    static const int commands[] = {F_GETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC};
    uint64_t changing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
    int rc;

    rc = allow(filter, calls_look, COUNT_OF(calls_look));
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(openat), 2, changing, O_RDONLY);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(commands); i++)
        rc = allow_if(filter, SCMP_SYS(fcntl), 1, UINT32_MAX, (uint64_t)commands[i]);
    return rc;
}

/* Connections by IP only, and children by fork() only: no threads, no namespaces. */
static int allow_fetch(scmp_filter_ctx filter, bool has_paths)
{
    uint64_t of_fork = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CSIGNAL;
    int rc = allow(filter, calls_fetch, COUNT_OF(calls_fetch));

    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(socket), 0, UINT32_MAX, AF_INET);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(socket), 0, UINT32_MAX, AF_INET6);
    if (rc == 0) /* To its children. */
        rc = allow_if(filter, SCMP_SYS(socketpair), 0, UINT32_MAX, AF_UNIX);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(clone), 0, UINT32_MAX & ~of_fork, 0);
    if (rc == 0)
        rc = has_paths ? allow_look(filter) : allow_fstat(filter);
    return rc;
}

static int allow_more(scmp_filter_ctx filter, const struct cage_rules *rules)
{
    enum cage_profile profile = rules->profile;
    int rc;

    if (profile == CAGE_FETCH)
        return allow_fetch(filter, rules->path_count > 0);
    if (profile == CAGE_LOOK)
        return allow_look(filter);
    if (profile == CAGE_FRONT)
        return allow(filter, calls_front, COUNT_OF(calls_front));
    rc = allow_fstat(filter);
    if (rc == 0 && profile == CAGE_MEDIA)
        rc = allow(filter, calls_media, COUNT_OF(calls_media));
    return rc;
}

#if CAGE_SANITIZED
static bool is_allowed(int call, enum cage_profile profile)
{
    if (profile == CAGE_LOOK || profile == CAGE_FETCH)
        return call == SCMP_SYS(openat);
    for (size_t i = 0; profile == CAGE_FRONT && i < COUNT_OF(calls_front); i++)
        if (calls_front[i] == call)
            return true;
    return false;
}
#endif

static int filter_fill(scmp_filter_ctx filter, const struct cage_rules *rules)
{
    /* The only caller sets no_new_privs itself, before Landlock. */
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);

    if (rc == 0)
        rc = allow(filter, calls_copy, COUNT_OF(calls_copy));
    if (rc == 0)
        rc = allow_shared(filter);
    if (rc == 0)
        rc = allow_more(filter, rules);
#if CAGE_SANITIZED
    for (size_t i = 0; rc == 0 && i < COUNT_OF(calls_refused); i++)
        if (calls_refused[i] >= 0 && !is_allowed(calls_refused[i], rules->profile))
            rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls_refused[i], 0);
#endif
    return rc;
}

int cage_filter_enter(const struct cage_rules *rules, struct why *why)
{
    scmp_filter_ctx filter = seccomp_init(rules->profile == CAGE_FETCH ? SCMP_ACT_ERRNO(EPERM)
                                                                       : SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!filter)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "cage: no memory for the filter");
    rc = filter_fill(filter, rules);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: seccomp refused the filter: %s",
                       strerror(-rc));
    return SH_OK;
}
