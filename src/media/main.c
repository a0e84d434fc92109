/* stillhere-media: enters its cage, then looks at the clip. */
#include "media/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "cage/cage.h"
#include "media/media_int.h"

#define CLIP_FD 0
#define PICTURE_FD 1
#define CAUSE_FD 3

int media_poster(int clip, struct bytes *jpeg, struct why *why)
{
    struct media_shot shot = {0};
    int rc = media_shot_take(clip, &shot, why);

    if (rc == SH_OK)
        rc = media_jpeg_make(&shot, jpeg, why);
    media_shot_release(&shot);
    return rc;
}

static int write_all(int fd, struct slice data, struct why *why)
{
    ssize_t n;

    while (data.len > 0) {
        n = write(fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, "the picture cannot be written: %s",
                           n < 0 ? strerror(errno) : "no room");
        data = slice_sub(data, (size_t)n, data.len - (size_t)n);
    }
    return SH_OK;
}

static int cage_shut(struct why *why)
{
    static const int keep[] = {CLIP_FD, PICTURE_FD, STDERR_FILENO, CAUSE_FD};
    static const struct cage_rules rules = {.profile = CAGE_MEDIA,
                                            .keep = keep,
                                            .keep_count = COUNT_OF(keep),
                                            .file_bytes = LIMIT_POSTER_BYTES,
                                            .memory_bytes = LIMIT_MEDIA_MEMORY,
                                            .cpu_s = LIMIT_MEDIA_WAIT_S};

    av_log_set_level(AV_LOG_QUIET);
    /* A date in the clip makes the C library ask for the time zone: it must know by now. */
    if (unsetenv("TZ") != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the environment cannot be changed");
    tzset();
    return cage_enter(&rules, NULL, why);
}

int main(int argc, char **argv)
{
    struct why why = {0};
    struct bytes jpeg;
    int rc;

    if (argc != 2 || strcmp(argv[1], "poster") != 0) {
        static const char usage[] = "stillhere-media is started by stillhere post\n";

        return write(STDERR_FILENO, usage, sizeof(usage) - 1) < 0 ? 1 : 2;
    }
    bytes_init(&jpeg, LIMIT_POSTER_BYTES);
    rc = cage_shut(&why);
    if (rc == SH_OK)
        rc = media_poster(CLIP_FD, &jpeg, &why);
    if (rc == SH_OK)
        rc = write_all(PICTURE_FD, bytes_view(&jpeg), &why);
    bytes_release(&jpeg);
    if (rc != SH_OK) /* If even this fails, the exit status says enough. */
        (void)write_all(CAUSE_FD, slice_text(why.text), NULL);
    /* Not exit(): what libraries do at the end is not allowed here, and not needed. */
    _exit(rc == SH_OK ? 0 : 1);
}
