/* The checking role: reads a public tree in a cage, and hands back a report. */
#include "role/role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cage/cage.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "proc/proc.h"
#include "role/role_int.h"

#define HASH_STEP_BYTES (256u << 10)

struct task {
    int dir;
    const struct channel_id *expected;
};

static int fail_open(const char *path, int cause, struct why *why)
{
    if (cause == ENOENT || cause == ENOTDIR)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    if (cause == ELOOP)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: a symbolic link, which is not followed",
                       path);
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(cause));
}

/* A regular file below dir; links are not followed, and pipes not waited for. */
static int open_file(int dir, const char *path, int *fd, uint64_t *bytes, struct why *why)
{
    struct stat st;

    *fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0)
        return fail_open(path, errno, why);
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *bytes = (uint64_t)st.st_size;
        return SH_OK;
    }
    io_close(fd);
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s: not a regular file", path);
}

int role_file_read(int dir, const char *path, struct bytes *out, struct why *why)
{
    uint64_t bytes;
    int fd;
    int rc = open_file(dir, path, &fd, &bytes, why);

    if (rc < 0)
        return rc;
    bytes_clear(out);
    rc = bytes > out->max ? why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: %llu bytes", path,
                                    (unsigned long long)bytes)
                          : io_read_fd(fd, out, why);
    io_close(&fd);
    return rc;
}

int role_file_hash(int dir, const char *path, uint8_t sha256[32], uint64_t *bytes,
                   struct why *why)
{
    static uint8_t step[HASH_STEP_BYTES];
    struct crypt_sha256 sha;
    uint64_t size, seen = 0;
    ssize_t got = 1;
    int fd;
    int rc = open_file(dir, path, &fd, &size, why);

    if (rc < 0)
        return rc;
    if (size != *bytes || !sha256) {
        *bytes = size;
        io_close(&fd);
        return SH_OK;
    }
    crypto.sha256_init(&sha);
    while (got > 0) {
        got = read(fd, step, sizeof(step));
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        if (got > 0) {
            crypto.sha256_update(&sha, slice_of(step, (size_t)got));
            seen += (uint64_t)got;
        }
    }
    if (got < 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: read: %s", path, strerror(errno));
    crypto.sha256_final(&sha, sha256);
    *bytes = seen;
    io_close(&fd);
    return rc;
}

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return role_file_read(((const struct task *)ctx)->dir, path, out, why);
}

static int hash_file(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    return role_file_hash(((const struct task *)ctx)->dir, path, sha256, bytes, why);
}

static int report_send(const struct proc_side *side, const struct verify_report *report,
                       struct why *why)
{
    struct bytes out;
    int rc;

    bytes_init(&out, LIMIT_REPORT_BYTES);
    verify_report_build(report, &out);
    rc = bytes_check(&out, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    return rc;
}

static int check_caged(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct role_report_task *task = ctx;
    bool any = task->dir >= 0;
    const int keep[] = {side->fd, task->dir};
    const struct cage_path paths[] = {{task->dir, CAGE_READ}};
    const struct cage_rules rules = {.profile = any ? CAGE_LOOK : CAGE_COPY,
                                     .keep = keep,
                                     .keep_count = any ? COUNT_OF(keep) : 1,
                                     .paths = paths,
                                     .path_count = any ? COUNT_OF(paths) : 0};
    struct verify_report *report;
    int rc = cage_enter(&rules, NULL, why);

    if (rc < 0)
        return rc;
    /* RAW: a report is too large for the stack of a small machine. */
    report = calloc(1, sizeof(*report));
    if (!report)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = task->check(task->ctx, report, why);
    if (rc == SH_OK)
        rc = report_send(side, report, why);
    free(report);
    return rc;
}

int role_report_caged(const struct role_report_task *check, struct verify_report *report,
                      struct why *why)
{
    struct role_report_task ctx = *check;
    const struct proc_task task = {.name = "the checker", .run = check_caged, .ctx = &ctx};
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK)
        rc = verify_report_parse(bytes_view(&raw), report, why);
    bytes_release(&raw);
    return rc;
}

static int check_tree(const void *ctx, struct verify_report *report, struct why *why)
{
    struct task task = *(const struct task *)ctx;
    const struct verify_source source = {.ctx = &task, .read = read_file, .hash = hash_file};

    return verify_channel(&source, task.expected, report, why);
}

int role_verify(int dir, const struct channel_id *expected, struct verify_report *report,
                struct why *why)
{
    const struct task task = {.dir = dir, .expected = expected};

    return role_report_caged(
        &(struct role_report_task){.dir = dir, .check = check_tree, .ctx = &task}, report, why);
}
