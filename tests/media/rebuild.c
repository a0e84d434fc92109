/*
 * rebuild -- the container reader as a program, for tests only.
 *
 *     rebuild make IN OUT    plan IN, copy by the plan to OUT, print the facts
 *     rebuild check FILE     the second reader alone, print the facts
 *     rebuild try FILE...    each file: plan in memory, check the result, one line each
 *     rebuild prefixes STEP FILE  every prefix of a whole clip is refused, and what it tells is
 *                            found; behind the first 64 KiB each STEP-th, and the last 4 KiB
 *
 * Exit: 0 done, 1 refused (the reason on standard error), 2 usage, 3 try: a plan whose result
 * does not pass the second reader; prefixes: one that is taken.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bmff/bmff.h"

#define TRY_BYTES (64u << 20)

static int read_fd(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    const int *fd = ctx;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(*fd, (char *)buf + done, len - done, (off_t)(offset + done));

        if (n <= 0)
            return why_set(why, SH_EIO, offset, "read failed");
        done += (size_t)n;
    }
    return SH_OK;
}

static void print_facts(const struct bmff_facts *facts)
{
    printf(
        "{\"file_bytes\":%" PRIu64 ",\"head_bytes\":%" PRIu64 ",\"duration_ms\":%" PRIu64
        ",\"width\":%u,\"height\":%u,\"coded_width\":%u,\"coded_height\":%u,\"rotation\":%u,"
        "\"video_codec\":\"%c%c%c%c\",\"audio\":%s,\"video_samples\":%u,\"audio_samples\":%u,"
        "\"notes\":%u,\"removed\":[",
        facts->file_bytes, facts->head_bytes, facts->duration_ms, facts->width, facts->height,
        facts->coded_width, facts->coded_height, facts->rotation,
        (char)(facts->video_codec >> 24), (char)(facts->video_codec >> 16),
        (char)(facts->video_codec >> 8), (char)facts->video_codec,
        facts->audio_codec ? "true" : "false", facts->video_samples, facts->audio_samples,
        facts->notes);
    for (unsigned i = 0, n = 0; bmff_removed_name(i); i++)
        if (facts->removed >> i & 1)
            printf("%s\"%s\"", n++ ? "," : "", bmff_removed_name(i));
    printf("]}\n");
}

static int open_source(const char *path, int *fd, struct bmff_source *source)
{
    struct stat st;

    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) < 0) {
        perror(path);
        return -1;
    }
    *source = (struct bmff_source){.read_at = read_fd, .ctx = fd, .size = (uint64_t)st.st_size};
    return 0;
}

static int copy_run(int from, FILE *to, struct bmff_run run)
{
    static uint8_t buf[1 << 16];
    struct why why = {0};

    if (run.bytes)
        return fwrite(run.bytes, 1, (size_t)run.len, to) == run.len ? 0 : -1;
    while (run.len) {
        size_t len = run.len < sizeof(buf) ? (size_t)run.len : sizeof(buf);

        if (read_fd(&from, run.offset, buf, len, &why) < 0 || fwrite(buf, 1, len, to) != len)
            return -1;
        run.offset += len;
        run.len -= len;
    }
    return 0;
}

static int make(const char *in, const char *out)
{
    struct bmff_source source;
    struct bmff_plan plan = {0};
    struct bmff_run run;
    struct why why = {0};
    FILE *file;
    int fd;
    int rc = 1;

    if (open_source(in, &fd, &source) < 0)
        return 1;
    if (bmff_plan_make(&source, &plan, &why) < 0) {
        fprintf(stderr, "%d %s\n", why.code, why.text);
        return 1;
    }
    file = fopen(out, "wb");
    if (file && fwrite(plan.head.ptr, 1, plan.head.len, file) == plan.head.len)
        rc = 0;
    while (rc == 0 && bmff_plan_next(&plan, &run))
        rc = copy_run(fd, file, run) < 0;
    if (file && fclose(file) != 0)
        rc = 1;
    print_facts(&plan.facts);
    bmff_plan_release(&plan);
    close(fd);
    return rc;
}

static int check(const char *path)
{
    struct bmff_source source;
    struct bmff_facts facts = {0};
    struct why why = {0};
    int fd;

    if (open_source(path, &fd, &source) < 0)
        return 1;
    if (bmff_check(&source, &facts, &why) < 0) {
        fprintf(stderr, "%d %s\n", why.code, why.text);
        return 1;
    }
    print_facts(&facts);
    close(fd);
    return 0;
}

/* Plan, build in memory, check: every plan must give a file that the second reader takes. */
static int try_one(const char *path)
{
    struct bmff_source source;
    struct bmff_source again;
    struct bmff_plan plan = {0};
    struct bmff_facts facts = {0};
    struct bmff_run run;
    struct bytes whole;
    struct slice view;
    struct why why = {0};
    int fd;
    int rc;

    if (open_source(path, &fd, &source) < 0)
        return 1;
    rc = bmff_plan_make(&source, &plan, &why);
    if (rc < 0) {
        printf("refused %d %s: %s\n", rc, path, why.text);
        close(fd);
        return 0;
    }
    bytes_init(&whole, TRY_BYTES);
    bytes_slice(&whole, bytes_view(&plan.head));
    while (bmff_plan_next(&plan, &run)) {
        uint8_t *room = bytes_room(&whole, (size_t)run.len);

        if (!room)
            return 3;
        if (run.bytes)
            memcpy(room, run.bytes, (size_t)run.len);
        else if (read_fd(&fd, run.offset, room, (size_t)run.len, &why) < 0)
            return 3;
        whole.len += (size_t)run.len;
    }
    view = bytes_view(&whole);
    again = bmff_source_slice(&view);
    rc = bmff_check(&again, &facts, &why);
    printf("%s %s: %s\n", rc < 0 ? "WRONG" : "planned", path, rc < 0 ? why.text : "");
    bytes_release(&whole);
    bmff_plan_release(&plan);
    close(fd);
    return rc < 0 ? 3 : 0;
}

static int prefixes(const char *path, uint64_t step)
{
    static struct bmff_leaks leaks;
    struct bmff_source source;
    struct bmff_plan plan = {0};
    struct why why;
    uint64_t size;
    int fd;
    int rc = 0;

    if (!step || open_source(path, &fd, &source) < 0)
        return 1;
    size = source.size;
    for (uint64_t len = 0; len < size && rc == 0;
         len += len < (1 << 16) || len + 4096 > size ? 1 : step) {
        why = (struct why){0};
        source.size = len;
        if (bmff_plan_make(&source, &plan, &why) == SH_OK) {
            printf("the first %" PRIu64 " bytes are taken\n", len);
            bmff_plan_release(&plan);
            rc = 3;
        }
        if (bmff_leaks_find(&source, &leaks, &why) < 0) {
            printf("the first %" PRIu64 " bytes cannot be searched: %s\n", len, why.text);
            rc = 3;
        }
    }
    source.size = size;
    if (rc == 0 && bmff_plan_make(&source, &plan, NULL) < 0)
        rc = 1;
    bmff_plan_release(&plan);
    close(fd);
    return rc;
}

int main(int argc, char **argv)
{
    int worst = 0;

    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check(argv[2]);
    if (argc == 4 && strcmp(argv[1], "prefixes") == 0)
        return prefixes(argv[3], strtoul(argv[2], NULL, 10));
    if (argc < 3 || strcmp(argv[1], "try") != 0)
        return 2;
    for (int i = 2; i < argc; i++) {
        int rc = try_one(argv[i]);

        worst = rc > worst ? rc : worst;
    }
    return worst;
}
