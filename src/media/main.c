/* stillhere-media: enters its cage, then looks at the clip. */
#include "media/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "cage/cage.h"
#include "media/media_int.h"

#define CLIP_FD 0
#define OUT_FD 1
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
            return why_set(why, SH_EIO, WHY_NOWHERE, "what was made cannot be written: %s",
                           n < 0 ? strerror(errno) : "no room");
        data = slice_sub(data, (size_t)n, data.len - (size_t)n);
    }
    return SH_OK;
}

/* A clip has as long as its size lets expect; whoever attacks has it too, and no longer. */
static unsigned transcode_cpu_s(void)
{
    struct stat st;
    uint64_t bytes = 0;

    if (fstat(CLIP_FD, &st) == 0 && st.st_size > 0)
        bytes = (uint64_t)st.st_size;
    if (bytes > LIMIT_CLIP_BYTES)
        bytes = LIMIT_CLIP_BYTES;
    return LIMIT_TRANSCODE_CPU_S + (unsigned)(bytes / LIMIT_TRANSCODE_CPU_BYTES);
}

static int cage_shut(bool transcode, struct why *why)
{
    static const int keep[] = {CLIP_FD, OUT_FD, STDERR_FILENO, CAUSE_FD};
    struct cage_rules rules = {.profile = CAGE_MEDIA,
                               .keep = keep,
                               .keep_count = COUNT_OF(keep),
                               .file_bytes = LIMIT_POSTER_BYTES,
                               .memory_bytes = LIMIT_MEDIA_MEMORY,
                               .cpu_s = LIMIT_MEDIA_WAIT_S};

    if (transcode) {
        rules.file_bytes = LIMIT_CLIP_BYTES;
        rules.memory_bytes = LIMIT_TRANSCODE_MEMORY;
        rules.cpu_s = transcode_cpu_s();
    }
    av_log_set_level(AV_LOG_QUIET);
    /* A date in the clip makes the C library ask for the time zone: it must know by now. */
    if (unsetenv("TZ") != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the environment cannot be changed");
    tzset();
    return cage_enter(&rules, NULL, why);
}

static int poster_make(struct why *why)
{
    struct bytes jpeg;
    int rc;

    bytes_init(&jpeg, LIMIT_POSTER_BYTES);
    rc = cage_shut(false, why);
    if (rc == SH_OK)
        rc = media_poster(CLIP_FD, &jpeg, why);
    if (rc == SH_OK)
        rc = write_all(OUT_FD, bytes_view(&jpeg), why);
    bytes_release(&jpeg);
    return rc;
}

static int clip_make(struct why *why)
{
    struct media_coded coded;
    uint8_t said;
    int rc = cage_shut(true, why);

    if (rc == SH_OK)
        rc = media_transcode(CLIP_FD, OUT_FD, &coded, why);
    if (rc != SH_OK)
        return rc;
    said = (uint8_t)(coded.second_video | coded.second_audio << 1 | coded.damaged << 2);
    return write_all(CAUSE_FD, slice_of(&said, 1), why);
}

int main(int argc, char **argv)
{
    struct why why = {0};
    int rc;

    if (argc == 2 && strcmp(argv[1], "poster") == 0) {
        rc = poster_make(&why);
    } else if (argc == 2 && strcmp(argv[1], "transcode") == 0) {
        rc = clip_make(&why);
    } else {
        static const char usage[] = "stillhere-media is started by stillhere post\n";

        return write(STDERR_FILENO, usage, sizeof(usage) - 1) < 0 ? 1 : 2;
    }
    if (rc != SH_OK) /* If even this fails, the exit status says enough. */
        (void)write_all(CAUSE_FD, slice_text(why.text), NULL);
    /* Not exit(): what libraries do at the end is not allowed here, and not needed. */
    _exit(rc == SH_OK ? 0 : 1);
}
