/* The child that becomes nginx: its cage first, then the program. */
#include "serve/serve_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/io.h"
#include "proc/proc.h"

/* Where proc_place_fds puts the socket; the environment tells nginx. */
#define LISTEN_AT 3
#define DOOR_AT 5

/*
 * What nginx needs of the system: itself, the loader and its libraries, OpenSSL's
 * configuration, zones of time.  What is not there is left out.  Libraries need only be read:
 * nothing but the loader and nginx can be started.
 */
static const struct {
    const char *path;
    enum cage_access access;
} SYSTEM[] = {
    {"/lib64/ld-linux-x86-64.so.2", CAGE_EXECUTE},
    {"/lib/ld-linux-aarch64.so.1", CAGE_EXECUTE},
    {"/lib/ld-linux-armhf.so.3", CAGE_EXECUTE},
    {"/lib/ld-linux.so.3", CAGE_EXECUTE},
    {"/lib/ld-linux.so.2", CAGE_EXECUTE},
    {"/lib/ld-linux-riscv64-lp64d.so.1", CAGE_EXECUTE},
    {"/lib64/ld64.so.2", CAGE_EXECUTE},
    {"/lib/ld64.so.1", CAGE_EXECUTE},
    {"/lib64/ld.so.1", CAGE_EXECUTE},
    {"/usr/lib", CAGE_READ},
    {"/lib", CAGE_READ},
    {"/lib64", CAGE_READ},
    {"/usr/lib64", CAGE_READ},
    {"/usr/local/lib", CAGE_READ},
    {"/etc/ld.so.cache", CAGE_READ},
    {"/etc/ssl/openssl.cnf", CAGE_READ},
    {"/etc/localtime", CAGE_READ},
    {"/usr/share/zoneinfo", CAGE_READ},
    {"/dev/null", CAGE_CHANGE},
    {"/dev/urandom", CAGE_READ},
    {"/sys/devices/system", CAGE_READ},
    {"/proc/sys/kernel/ngroups_max", CAGE_READ},
};

/* What root needs to become nobody. */
static const char *const USERS[] = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"};

static int path_open(struct cage_path *paths, size_t *count, const char *path,
                     enum cage_access access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? SH_ENOTFOUND : SH_EIO;
    paths[(*count)++] = (struct cage_path){fd, access};
    return SH_OK;
}

static int enter(const struct serve_child *child, struct why *why)
{
    static const int keep[] = {0, 1, 2, LISTEN_AT, SERVE_FRONT_AT, DOOR_AT};
    bool has_front = child->front_fd >= 0;
    int questions = -1, rc;
    struct cage_path paths[COUNT_OF(SYSTEM) + COUNT_OF(USERS) + 5];
    struct cage_rules rules = {.profile = CAGE_SERVER,
                               .keep = keep,
                               .keep_count = has_front ? COUNT_OF(keep) : COUNT_OF(keep) - 2,
                               .questions = has_front ? &questions : NULL,
                               .paths = paths};
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(SYSTEM); i++)
        (void)path_open(paths, &count, SYSTEM[i].path, SYSTEM[i].access); /* Or left out. */
    for (size_t i = 0; child->other && i < COUNT_OF(USERS); i++)
        (void)path_open(paths, &count, USERS[i], CAGE_READ);
    if (path_open(paths, &count, child->nginx, CAGE_EXECUTE) != SH_OK ||
        path_open(paths, &count, child->root, CAGE_READ) != SH_OK ||
        path_open(paths, &count, child->state, CAGE_CHANGE) != SH_OK ||
        (child->tls_cert && (path_open(paths, &count, child->tls_cert, CAGE_READ) != SH_OK ||
                             path_open(paths, &count, child->tls_key, CAGE_READ) != SH_OK)))
        return why_set(why, SH_EIO, WHY_NOWHERE, "the cage of nginx: %s", strerror(errno));
    rules.path_count = count;
    rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK && questions >= 0 && !serve_door_tell(DOOR_AT, questions))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the doorkeeper of nginx: %s", strerror(errno));
    if (rc == SH_OK && has_front && questions < 0 && child->require_cage)
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                     "--require-cage: nothing here can keep nginx from Unix sockets of other "
                     "programs, so nothing is served");
    else if (rc == SH_OK && has_front && questions < 0)
        io_say("warn", "serve", "nginx-has-sockets", "meaning=\"%s\"",
               "nothing here can keep nginx from Unix sockets of other programs");
    io_close(&questions);
    if (has_front)
        (void)close(DOOR_AT); /* Said what it is for. */
    return rc;
}

static int become_nginx(const struct serve_child *child, struct why *why)
{
    char config[4096];
    char *const argv[] = {(char[]){"nginx"}, (char[]){"-e"}, (char[]){"/dev/null"},
                          (char[]){"-c"},    config,         NULL};
    /* The way in which nginx hands its sockets to a successor. */
    char *const envp[] = {(char[]){"NGINX=3;"}, NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int rc;

    if (snprintf(config, sizeof(config), "%s/nginx.conf", child->state) >= (int)sizeof(config))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of private/ is too long");
    if (null < 0 || !proc_place_fds((const int[]){null, null, STDERR_FILENO, child->listen_fd,
                                                  child->front_fd, child->door_fd},
                                    child->front_fd < 0 ? 4 : 6))
        return why_set(why, SH_EIO, WHY_NOWHERE, "descriptors of nginx: %s", strerror(errno));
    (void)io_files_raise(LIMIT_SERVE_FILES); /* With fewer it serves fewer at once. */
    rc = enter(child, why);
    if (rc != SH_OK)
        return rc;
    (void)execve(child->nginx, argv, envp); /* Returns only when it failed. */
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", child->nginx, strerror(errno));
}

static _Noreturn void child_run(const struct serve_child *child, pid_t parent)
{
    struct why why = {0};
    sigset_t none;

    (void)sigemptyset(&none);                    /* Cannot fail. */
    (void)setpgid(0, 0);                         /* Ctrl-C reaches the parent alone. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);      /* The server ends with its parent. */
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* The parent had blocked some. */
    if (getppid() == parent) {
        (void)become_nginx(child, &why); /* Only comes back with a cause. */
        (void)fprintf(stderr, "stillhere: %s\n", why.text);
    }
    _exit(126);
}

int serve_child_start(const struct serve_child *child, pid_t *pid, struct why *why)
{
    pid_t parent = getpid();
    pid_t made = fork();

    if (made < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "nginx cannot be started: fork: %s",
                       strerror(errno));
    if (made == 0)
        child_run(child, parent);
    (void)setpgid(made, made); /* Both do it, so that it is done when either goes on. */
    *pid = made;
    return SH_OK;
}

void serve_child_stop(pid_t pid)
{
    const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
    int steps = LIMIT_SERVE_STOP_S * 50;

    (void)kill(pid, SIGTERM); /* It may be gone already. */
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (steps-- == 0) {
            (void)kill(-pid, SIGKILL); /* The workers too. */
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
            return;
        }
        (void)nanosleep(&step, NULL); /* A signal only shortens the step. */
    }
    (void)kill(-pid, SIGKILL); /* Whoever of its group is left; mostly nobody. */
}
