/* Giving a caged process the sockets that it asks for (seccomp_unotify(2)). */
#include "cage/cage.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define KERNEL_BYTES 1024 /* Not a cap: a newer kernel may write more than we know. */

void cage_answer(int questions, int (*give)(void *ctx), void *ctx)
{
    union {
        struct seccomp_notif notif;
        uint8_t room[KERNEL_BYTES];
    } asked = {.room = {0}};
    union {
        struct seccomp_notif_resp resp;
        uint8_t room[KERNEL_BYTES];
    } said = {.room = {0}};
    struct seccomp_notif_addfd given = {0};
    int fd, number;

    if (ioctl(questions, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
        return;
    said.resp.id = given.id = asked.notif.id;
    fd = give(ctx);
    said.resp.error = fd < 0 ? -errno : 0;
    if (fd >= 0) {
        given.srcfd = (uint32_t)fd;
        number = ioctl(questions, SECCOMP_IOCTL_NOTIF_ADDFD, &given);
        said.resp.error = number < 0 ? -errno : 0;
        said.resp.val = number < 0 ? 0 : number;
        (void)close(fd); /* Who asked has a copy. */
    }
    (void)ioctl(questions, SECCOMP_IOCTL_NOTIF_SEND, &said); /* Who asked may be gone. */
}
