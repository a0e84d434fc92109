/*
 * The doorkeeper: nginx asks it for each socket.
 *
 * nginx needs Unix sockets to reach front, and nothing in a cage tells one Unix socket from
 * another: a bus of the desktop, say, would start programs for whoever speaks to it.  So nginx
 * may make none.  Its socket() waits here (seccomp_unotify(2)), and is answered with a socket
 * that is connected to front already; its connect() does nothing.  What it asks for is not
 * looked at: there is one answer.
 */
#include "serve/serve_int.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"

/* Where proc_place_fds puts them. */
#define CHILD_AT 3
#define FOLDER_AT 4
#define KERNEL_BYTES                                                                           \
    1024 /* Not a cap: what a newer kernel writes may be longer than we know. */

struct door {
    int end;    /* of the socket to the child that becomes nginx */
    int folder; /* of front's socket */
    const struct serve_person *person;
};

bool serve_door_tell(int end, int questions)
{
    char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16))) = {0};
    struct iovec byte = {(char[]){"d"}, 1};
    struct msghdr message = {
        .msg_iov = &byte, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);

    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(part), &questions, sizeof(int));
    return sendmsg(end, &message, MSG_NOSIGNAL) == 1;
}

/* -1: the child has none, or ended. */
static int questions_take(int end)
{
    char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16))) = {0}, byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    struct cmsghdr *got;
    int fd = -1;

    if (recvmsg(end, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    got = CMSG_FIRSTHDR(&message);
    if (got && got->cmsg_type == SCM_RIGHTS && got->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(got), sizeof(int));
    return fd;
}

static int front_connect(void *ctx)
{
    static const struct sockaddr_un at = {.sun_family = AF_UNIX,
                                          .sun_path = SERVE_FRONT_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)ctx; /* All are given the same. */
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        int cause = errno;

        io_close(&fd);
        errno = cause;
    }
    return fd;
}

static bool become(const struct serve_person *person)
{
    return !person->other ||
           (setgroups(0, NULL) == 0 && setresgid(person->gid, person->gid, person->gid) == 0 &&
            setresuid(person->uid, person->uid, person->uid) == 0);
}

static int door_run(void *ctx)
{
    const struct door *door = ctx;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct pollfd wait = {.events = POLLIN};

    (void)prctl(PR_SET_NAME, "stillhere-door"); /* For whoever looks at processes. */
    if (null < 0 ||
        !proc_place_fds((const int[]){null, null, null, door->end, door->folder}, 5) ||
        fchdir(FOLDER_AT) != 0 || !become(door->person))
        return 1;
    wait.fd = questions_take(CHILD_AT);
    /* It ends with the last process of nginx. */
    while (wait.fd >= 0 && !(wait.revents & (POLLHUP | POLLERR | POLLNVAL))) {
        if (poll(&wait, 1, -1) < 0 && errno != EINTR)
            return 1;
        if (wait.revents & POLLIN)
            cage_answer(wait.fd, front_connect, NULL);
    }
    return 0;
}

int serve_door_start(const struct serve_front *front, const struct serve_person *person,
                     int *end, int *pid, struct why *why)
{
    struct door door = {.folder = front->dir_fd, .person = person};
    int pair[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the doorkeeper of nginx: %s",
                       strerror(errno));
    door.end = pair[0];
    rc = proc_begin("the doorkeeper of nginx", door_run, &door, pid, why);
    io_close(&pair[0]);
    if (rc == SH_OK)
        *end = pair[1];
    else
        io_close(&pair[1]);
    return rc;
}
