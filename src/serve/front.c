/*
 * The process behind nginx: its socket, its start and its end.
 *
 * private/ is closed to everybody else, and nginx's workers may be somebody else.  So the
 * socket lies in a folder of its own that belongs to them, and nginx gets that folder as a
 * descriptor: /proc/self/fd/N/s leads to the socket past the folders above it, however long
 * their names are (a Unix socket's address holds 107 bytes).
 */
#include "serve/serve_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/io.h"

#define FOLDER "front"

static int fail(const char *what, struct why *why)
{
    return why_set(why, SH_EIO, WHY_NOWHERE, "front: %s: %s", what, strerror(errno));
}

static int socket_make(const char *path, int *out, struct why *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int rc = SH_OK;
    int fd;

    if (strlen(path) >= sizeof(at.sun_path))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "%.100s...: the path of a socket has at most %zu bytes", path,
                       sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail("socket", why);
    if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0)
        rc = fail(path, why);
    if (rc == SH_OK)
        *out = fd;
    else
        io_close(&fd);
    return rc;
}

int serve_front_listen(struct serve_front *front, const struct serve_person *person, int state,
                       struct why *why)
{
    char path[64];
    int rc = io_mkdirs(state, FOLDER, 0700, why);

    if (rc != SH_OK)
        return rc;
    front->dir_fd = openat(state, FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (front->dir_fd < 0)
        return fail(FOLDER, why);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" SERVE_FRONT_SOCKET, front->dir_fd);
    rc = socket_make(path, &front->listen_fd, why);
    if (rc == SH_OK && fchmodat(front->dir_fd, SERVE_FRONT_SOCKET, 0600, 0) != 0)
        rc = fail("chmod", why);
    if (rc == SH_OK && person->other &&
        (fchownat(front->dir_fd, SERVE_FRONT_SOCKET, person->uid, person->gid, 0) != 0 ||
         fchownat(front->dir_fd, "", person->uid, person->gid, AT_EMPTY_PATH) != 0))
        rc = fail("chown", why);
    return rc;
}

/* A socket that a front left which was killed; anything else of that name is not ours. */
static int make_room(const char *path, struct why *why)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? SH_OK : fail(path, why);
    if (!S_ISSOCK(st.st_mode))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%.200s is there and is no socket: name another one", path);
    return unlink(path) == 0 ? SH_OK : fail(path, why);
}

int serve_front_listen_at(struct serve_front *front, const char *path, struct why *why)
{
    int rc = make_room(path, why);

    if (rc == SH_OK)
        rc = socket_make(path, &front->listen_fd, why);
    /* nginx is somebody else; who may come here is for the folder to say. */
    if (rc == SH_OK && chmod(path, 0666) != 0)
        rc = fail(path, why);
    return rc;
}

static _Noreturn void child_run(const struct serve_front *front, pid_t parent)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct why why = {0};
    sigset_t none;

    (void)sigemptyset(&none);                    /* Cannot fail. */
    (void)setpgid(0, 0);                         /* Ctrl-C reaches the parent alone. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);      /* It ends with its parent. */
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* The parent had blocked some. */
    if (getppid() == parent && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
        dup2(null, STDOUT_FILENO) >= 0 &&
        front->run(front->listen_fd, front->watch_dir, front->cosign_home, &why) != SH_OK)
        io_say("error", "front", "failed", "cause=\"%s\"", why.text);
    _exit(1);
}

int serve_front_start(struct serve_front *front, struct why *why)
{
    pid_t parent = getpid();
    pid_t made = fork();

    if (made < 0)
        return fail("fork", why);
    if (made == 0)
        child_run(front, parent);
    front->pid = made;
    return SH_OK;
}

bool serve_front_gone(struct serve_front *front)
{
    if (front->pid <= 0 || waitpid(front->pid, NULL, WNOHANG) != front->pid)
        return false;
    front->pid = 0;
    return true;
}

void serve_front_stop(struct serve_front *front)
{
    if (front->pid > 0)
        serve_child_stop(front->pid);
    front->pid = 0;
    io_close(&front->listen_fd);
    io_close(&front->dir_fd);
}
