/*
 * The filter of system calls: what a profile does not name ends the process.  That of what
 * fetches and of the web server refuses instead: an unusual resolver of names must not cost the
 * alarms, nor another build of nginx the pages.
 *
 * Pointers cannot be looked at from here, so a file is kept away by not allowing open at all,
 * or (profiles with paths) by Landlock.  Landlock does not know rights, owners and times: calls
 * that change them by a path are never allowed, by a descriptor they are.
 */
#include "cage/cage_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* Files below the paths that a profile is given. */
static const int calls_files[] = {
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
    SCMP_SYS(getcwd),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
};

static const int calls_front[] = {
    SCMP_SYS(accept4),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(shutdown),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
};

/*
 * nginx from its first instruction on: its libraries, becoming nobody, its workers and what
 * they serve.  Its listening socket it is given; one to front it asks for.
 * No kill: a worker that does not go is ended by us.  No chown: its folders are made for it.
 */
static const int calls_server[] = {
    SCMP_SYS(execve),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getppid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setitimer),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(umask),
    SCMP_SYS(mkdir),
    SCMP_SYS(getdents64),
    SCMP_SYS(dup2),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(wait4),
    SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(poll),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendfile),
    SCMP_SYS(pwritev),
    SCMP_SYS(preadv),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(shutdown),
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

/* The files of a program are mapped as code; what was written in memory never becomes code. */
static int allow_libraries(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp when[] = {
        {.arg = 2,
         .op = SCMP_CMP_MASKED_EQ,
         .datum_a = PROT_EXEC | PROT_WRITE,
         .datum_b = PROT_EXEC},
        {.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = 0}};

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), COUNT_OF(when), when);
}

/* Memory that can be run as code is refused; signals go only to this process itself. */
static int allow_shared(scmp_filter_ctx filter, enum cage_profile profile)
{
    int rc;

    rc = allow_if(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(tgkill), 0, UINT32_MAX, (uint64_t)getpid());
    if (rc == 0 && profile != CAGE_SERVER) /* isatty() of the C library's streams. */
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

/* Children by fork() only: no threads, no namespaces. */
static int allow_fork(scmp_filter_ctx filter)
{
    uint64_t of_fork = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CSIGNAL;

    return allow_if(filter, SCMP_SYS(clone), 0, UINT32_MAX & ~of_fork, 0);
}

/*
 * Files may change below the paths; futimens() names no path.  Who opens to read does not empty
 * the file: Landlock knows that only from ABI 3 on.
 */
static int allow_files(scmp_filter_ctx filter)
{
    int rc = allow(filter, calls_files, COUNT_OF(calls_files));

    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(utimensat), 1, UINT64_MAX, 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(openat), 2, O_TRUNC, 0);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(openat), 2, O_ACCMODE, O_WRONLY);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(openat), 2, O_ACCMODE, O_RDWR);
    return rc;
}

/*
 * A plain Unix stream socket is asked for and comes connected, so that connect() has nothing
 * left to do but to succeed.  (Who asks for names of users wants another sort, and is refused.)
 */
static int allow_questions(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp when[] = {{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX},
                                  {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SOCK_STREAM}};
    int rc =
        seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(socket), COUNT_OF(when), when);

    return rc == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(connect), 0) : rc;
}

static int allow_any_socket(scmp_filter_ctx filter)
{
    int rc = allow_if(filter, SCMP_SYS(socket), 0, UINT32_MAX, AF_UNIX);

    return rc == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0) : rc;
}

static int allow_server(scmp_filter_ctx filter)
{
    static const int questions[] = {PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_NAME,
                                    PR_CAPBSET_READ, PR_GET_DUMPABLE};
    static const unsigned long settings[] = {FIONBIO, FIOASYNC, FIOCLEX, FIONREAD};
    int rc = allow(filter, calls_server, COUNT_OF(calls_server));

    if (rc == 0)
        rc = allow_files(filter);
    if (rc == 0)
        rc = allow_libraries(filter);
    if (rc == 0)
        rc = allow_fork(filter);
    if (rc == 0)
        rc = allow_if(filter, SCMP_SYS(socketpair), 0, UINT32_MAX, AF_UNIX);
    if (rc == 0) /* Of itself alone. */
        rc = allow_if(filter, SCMP_SYS(prlimit64), 0, UINT32_MAX, 0);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(questions); i++)
        rc = allow_if(filter, SCMP_SYS(prctl), 0, UINT32_MAX, (uint64_t)questions[i]);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(settings); i++) /* None of a terminal. */
        rc = allow_if(filter, SCMP_SYS(ioctl), 1, UINT32_MAX, settings[i]);
    return rc;
}

/* TCP and UDP; raw sockets, which root may have, forge what others sent. */
static int allow_internet(scmp_filter_ctx filter, int family)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < COUNT_OF(types); i++) {
        struct scmp_arg_cmp when[] = {
            {.arg = 0,
             .op = SCMP_CMP_MASKED_EQ,
             .datum_a = UINT32_MAX,
             .datum_b = (uint64_t)family},
            {.arg = 1,
             .op = SCMP_CMP_MASKED_EQ,
             .datum_a = UINT32_MAX & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK),
             .datum_b = (uint64_t)types[i]}};

        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), COUNT_OF(when),
                                    when);
    }
    return rc;
}

/* Connections by IP only. */
static int allow_fetch(scmp_filter_ctx filter, bool has_paths)
{
    int rc = allow(filter, calls_fetch, COUNT_OF(calls_fetch));

    if (rc == 0)
        rc = allow_internet(filter, AF_INET);
    if (rc == 0)
        rc = allow_internet(filter, AF_INET6);
    if (rc == 0) /* To its children. */
        rc = allow_if(filter, SCMP_SYS(socketpair), 0, UINT32_MAX, AF_UNIX);
    if (rc == 0)
        rc = allow_fork(filter);
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
    if (profile == CAGE_SERVER) {
        rc = allow_server(filter);
        if (rc == 0 && rules->any_socket)
            return allow_any_socket(filter);
        return rc == 0 && rules->questions ? allow_questions(filter) : rc;
    }
    if (profile == CAGE_UNPACK)
        return allow_files(filter);
    if (profile == CAGE_FRONT) {
        rc = allow_files(filter);
        return rc == 0 ? allow(filter, calls_front, COUNT_OF(calls_front)) : rc;
    }
    rc = allow_fstat(filter);
    if (rc == 0 && profile == CAGE_MEDIA)
        rc = allow(filter, calls_media, COUNT_OF(calls_media));
    return rc;
}

#if CAGE_SANITIZED
static bool is_of_files(int call)
{
    for (size_t i = 0; i < COUNT_OF(calls_files); i++)
        if (calls_files[i] == call)
            return true;
    return false;
}

static bool is_allowed(int call, enum cage_profile profile)
{
    if (profile == CAGE_LOOK || profile == CAGE_FETCH)
        return call == SCMP_SYS(openat);
    if (profile == CAGE_SERVER)
        return true;
    if (profile == CAGE_FRONT || profile == CAGE_UNPACK)
        return call == SCMP_SYS(openat) || is_of_files(call);
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
        rc = allow_shared(filter, rules->profile);
    if (rc == 0)
        rc = allow_more(filter, rules);
#if CAGE_SANITIZED
    for (size_t i = 0; rc == 0 && i < COUNT_OF(calls_refused); i++)
        if (calls_refused[i] >= 0 && !is_allowed(calls_refused[i], rules->profile))
            rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls_refused[i], 0);
#endif
    return rc;
}

static int load(const struct cage_rules *rules, struct why *why)
{
    bool refuses = rules->profile == CAGE_FETCH || rules->profile == CAGE_SERVER;
    scmp_filter_ctx filter =
        seccomp_init(refuses ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    int rc;

    if (!filter)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "cage: no memory for the filter");
    rc = filter_fill(filter, rules);
    if (rc == 0)
        rc = seccomp_load(filter);
    /* A copy: the library may close its own. */
    if (rc == 0 && rules->questions && !rules->any_socket)
        *rules->questions = fcntl(seccomp_notify_fd(filter), F_DUPFD_CLOEXEC, 0);
    seccomp_release(filter);
    if (rc != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "cage: seccomp refused the filter: %s",
                       strerror(-rc));
    return SH_OK;
}

int cage_filter_enter(const struct cage_rules *rules, struct why *why)
{
    struct cage_rules without = *rules;

    if (!rules->questions || load(rules, NULL) == SH_OK)
        return rules->questions ? SH_OK : load(rules, why);
    /* Somebody outside is asked already, as in some containers, and there can be only one. */
    *rules->questions = -1;
    without.any_socket = true;
    return load(&without, why);
}
