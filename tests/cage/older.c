/*
 * Runs a program as on a kernel with less:
 *   older [no-seccomp] [no-privs] [landlock=N] -- PROGRAM WORD...
 * Landlock then says that it has ABI N (0: there is none); seccomp, and the question for
 * no_new_privs, fail as they do where the kernel has none of it.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_CREATE_RULESET 444

static int add_if(scmp_filter_ctx filter, uint32_t action, int call, unsigned arg,
                  uint64_t value)
{
    struct scmp_arg_cmp when = {.arg = arg, .op = SCMP_CMP_EQ, .datum_a = value};

    return seccomp_rule_add_array(filter, action, call, 1, &when);
}

/* The filter; -1 or what tells of each question for Landlock's ABI. */
static int shut(int abi, bool no_seccomp, bool no_privs)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int rc = 0;

    if (abi == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), CALL_CREATE_RULESET, 0);
    else if (abi > 0)
        rc = add_if(filter, SCMP_ACT_NOTIFY, CALL_CREATE_RULESET, 2, 1);
    if (rc == 0 && no_seccomp)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);
    if (rc == 0 && no_privs)
        rc = add_if(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 0, PR_GET_NO_NEW_PRIVS);
    if (rc != 0 || seccomp_load(filter) != 0)
        exit(125);
    return abi > 0 ? seccomp_notify_fd(filter) : -1;
}

/* Answer each question, until the program has ended. */
static int answer(int fd, int abi, pid_t pid)
{
    struct seccomp_notif *asked = NULL;
    struct seccomp_notif_resp *told = NULL;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int status;

    if (fd >= 0 && seccomp_notify_alloc(&asked, &told) != 0)
        return 125;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (poll(&wait, 1, 20) <= 0 || !(wait.revents & POLLIN))
            continue;
        memset(asked, 0, sizeof(*asked));
        if (seccomp_notify_receive(fd, asked) != 0)
            continue;
        memset(told, 0, sizeof(*told));
        told->id = asked->id;
        told->val = abi;
        (void)seccomp_notify_respond(fd, told); /* Whoever asked may have ended. */
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    bool no_seccomp = false, no_privs = false;
    int abi = -1, at, fd;
    pid_t pid;

    for (at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        no_seccomp = no_seccomp || strcmp(argv[at], "no-seccomp") == 0;
        no_privs = no_privs || strcmp(argv[at], "no-privs") == 0;
        if (strncmp(argv[at], "landlock=", 9) == 0)
            abi = (int)strtol(argv[at] + 9, NULL, 10);
    }
    if (at + 1 >= argc)
        return 125;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 125;
    /* Both have the filter; who answers asks nothing of Landlock. */
    fd = shut(abi, no_seccomp, no_privs);
    pid = fork();
    if (pid == 0) {
        (void)execv(argv[at + 1], argv + at + 1);
        _exit(127);
    }
    return pid > 0 ? answer(fd, abi, pid) : 125;
}
