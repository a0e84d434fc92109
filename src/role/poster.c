/* The poster: made by stillhere-media, the only program that decodes. */
#include "role/role.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"
#include "proc/proc.h"

#define MEDIA_NAME "stillhere-media"

bool role_media_is_there(void)
{
    char path[PATH_MAX];

    return io_find_beside(MEDIA_NAME, false, path);
}

static int picture_read(int out, struct role_picture *picture, struct why *why)
{
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_POSTER_BYTES);
    if (lseek(out, 0, SEEK_SET) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "poster: %s", strerror(errno));
    if (rc == SH_OK)
        rc = io_read_fd(out, &raw, why);
    if (rc == SH_OK)
        rc = role_jpeg_check(bytes_view(&raw), picture, why);
    bytes_release(&raw);
    return rc;
}

int role_poster(int draft, int out, struct role_picture *picture, struct why *why)
{
    static const char *const argv[] = {MEDIA_NAME, "poster", NULL};
    char path[PATH_MAX];
    int fds[3] = {draft, out, -1};
    struct proc_program program = {.name = "the media program",
                                   .path = path,
                                   .argv = argv,
                                   .fds = fds,
                                   .fd_count = 3,
                                   .timeout_s = LIMIT_MEDIA_WAIT_S};
    struct bytes report;
    int rc;

    if (!io_find_beside(MEDIA_NAME, false, path))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       MEDIA_NAME " is not beside this program nor in ../libexec; install it, "
                                  "or post with --no-poster");
    fds[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fds[2] < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "/dev/null: %s", strerror(errno));
    bytes_init(&report, sizeof(why->text));
    rc = proc_exec(&program, &report, why);
    if (rc == SH_OK)
        rc = picture_read(out, picture, why);
    bytes_release(&report);
    io_close(&fds[2]);
    return rc;
}
