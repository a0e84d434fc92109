/* Posters, and clips coded anew: made by stillhere-media, the only program that decodes. */
#include "role/role.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* Start it with the clip and where to write.  Not there: SH_ENOTFOUND, way says what to do. */
static int media_run(struct proc_program *program, const int files[2], const char *way,
                     struct bytes *report, struct why *why)
{
    char path[PATH_MAX];
    int fds[3] = {files[0], files[1], -1};
    int rc;

    if (!io_find_beside(MEDIA_NAME, false, path))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       MEDIA_NAME " is not beside this program nor in ../libexec; install it, "
                                  "or %s",
                       way);
    fds[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fds[2] < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "/dev/null: %s", strerror(errno));
    program->name = "the media program";
    program->path = path;
    program->fds = fds;
    program->fd_count = COUNT_OF(fds);
    rc = proc_exec(program, report, why);
    io_close(&fds[2]);
    return rc;
}

int role_poster(int draft, int out, struct role_picture *picture, struct why *why)
{
    static const char *const argv[] = {MEDIA_NAME, "poster", NULL};
    struct proc_program program = {.argv = argv, .timeout_s = LIMIT_MEDIA_WAIT_S};
    struct bytes report;
    int rc;

    bytes_init(&report, sizeof(why->text));
    rc = media_run(&program, (int[]){draft, out}, "post with --no-poster", &report, why);
    if (rc == SH_OK)
        rc = picture_read(out, picture, why);
    bytes_release(&report);
    return rc;
}

/* ---- a clip coded anew ---- */

struct watcher {
    const struct role_progress *progress;
    int clip;
    uint64_t total;
};

/* The program moves the offset that its descriptor of the clip shares with ours. */
static void watch(void *tick_ctx)
{
    const struct watcher *watcher = tick_ctx;
    off_t at = lseek(watcher->clip, 0, SEEK_CUR);

    if (at > 0)
        watcher->progress->step(watcher->progress->ctx,
                                (uint64_t)at > watcher->total ? watcher->total : (uint64_t)at,
                                watcher->total);
}

/* One byte of bits; a program that says anything else is not believed. */
static int coded_take(struct slice report, struct role_coded *coded, struct why *why)
{
    if (report.len != 1 || report.ptr[0] > 7)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the media program gave an answer that makes no sense; nothing of it "
                       "was used");
    *coded = (struct role_coded){.second_video = report.ptr[0] & 1,
                                 .second_audio = report.ptr[0] & 2,
                                 .damaged = report.ptr[0] & 4};
    return SH_OK;
}

int role_transcode(int clip, int out, const struct role_progress *progress,
                   struct role_coded *coded, struct why *why)
{
    static const char *const argv[] = {MEDIA_NAME, "transcode", NULL};
    struct watcher watcher = {.progress = progress, .clip = clip};
    struct proc_program program = {.argv = argv,
                                   .timeout_s = LIMIT_TRANSCODE_WAIT_S,
                                   .tick = progress ? watch : NULL,
                                   .tick_ctx = &watcher};
    struct bytes report;
    struct stat st;
    int rc;

    if (fstat(clip, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is not a file");
    watcher.total = (uint64_t)st.st_size;
    if (lseek(clip, 0, SEEK_SET) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the clip: %s", strerror(errno));
    bytes_init(&report, sizeof(why->text));
    rc = media_run(&program, (int[]){clip, out}, "post without --transcode", &report, why);
    if (rc == SH_OK)
        rc = coded_take(bytes_view(&report), coded, why);
    bytes_release(&report);
    return rc;
}
