/* The second process: one half of the leaves of a large file. */
#include "role/credentials_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "x509/x509.h"

/* A question on the pipe; both ends are this program. */
struct request {
    uint64_t count;
    uint64_t digest_bytes;
    uint64_t from; /* leaves [from, count) */
};

static bool write_all(int fd, const void *data, size_t len)
{
    return io_write_fd(fd, slice_of(data, len), NULL) == SH_OK;
}

/* ---- the first process ---------------------------------------------------------------- */

/* The first question is preceded by one byte. */
static bool wake(struct role_work *work)
{
    work->asked = true;
    return write_all(work->second->ask[1], "", 1);
}

int role_second_share(void *ctx, const struct c2pa_leaves *leaves, struct why *why)
{
    struct role_work *work = ctx;
    const struct role_second *second = work->second;
    struct request request = {.count = leaves->count,
                              .digest_bytes = leaves->digest_bytes,
                              .from = leaves->count / 2};
    size_t from = (size_t)request.from;
    bool asked = request.from > 0 && second->pid > 0 && (work->asked || wake(work)) &&
                 write_all(second->ask[1], &request, sizeof(request));
    int rc = c2pa_leaves_hash(leaves, leaves->file, 0, from, why);

    if (rc < 0)
        return rc;
    if (asked &&
        io_read_exactly(second->answer[0], leaves->digests + from * leaves->digest_bytes,
                        (leaves->count - from) * leaves->digest_bytes))
        return SH_OK;
    return c2pa_leaves_hash(leaves, leaves->file, from, leaves->count, why);
}

/* ---- the second process --------------------------------------------------------------- */

struct helper {
    const struct role_second *second;
    const struct role_credentials *ask;
};

static int answer(void *ctx, const struct c2pa_leaves *leaves, struct why *why)
{
    struct role_work *work = ctx;
    struct request request;
    size_t from;
    int rc;

    if (!io_read_exactly(work->second->ask[0], &request, sizeof(request)) ||
        request.count != leaves->count || request.digest_bytes != leaves->digest_bytes ||
        request.from > request.count)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE, "the file was changed meanwhile");
    from = (size_t)request.from;
    rc = c2pa_leaves_hash(leaves, leaves->file, from, leaves->count, why);
    if (rc == SH_OK &&
        !write_all(work->second->answer[1], leaves->digests + from * leaves->digest_bytes,
                   (leaves->count - from) * leaves->digest_bytes))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "nobody listens");
    return rc;
}

static int helper_cage(const struct helper *helper, struct why *why)
{
    const int extra[] = {helper->second->ask[0], helper->second->answer[1], -1};
    int keep[LIMIT_CAGE_KEEP];
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = keep,
                               .keep_count = role_work_keep(helper->ask, extra, keep),
                               .memory_bytes = LIMIT_READER_MEMORY,
                               .cpu_s = LIMIT_CAGE_CPU_S};

    return cage_enter(&rules, NULL, why);
}

/* It waits for the first question before it looks at anything: most files ask none. */
static int helper_run(void *ctx)
{
    const struct helper *helper = ctx;
    struct role_work work = {.ask = helper->ask, .second = helper->second};
    struct c2pa_options options = {0};
    struct c2pa_report report;
    struct x509_trust trust;
    struct arena arena;
    char start;
    int rc;

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    rc = helper_cage(helper, NULL);
    if (rc != SH_OK || !io_read_exactly(helper->second->ask[0], &start, 1))
        return 1;
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = role_work_open(&work, &arena, NULL);
    if (rc == SH_OK)
        rc = role_work_options(&work, &trust, &arena, &options, NULL);
    options.share = answer;
    options.explain = false;
    options.dump = NULL;
    options.hash_file = false;
    if (rc == SH_OK)
        rc = c2pa_verify(&work.file[0], &options, &arena, &report, NULL);
    arena_release(&arena);
    return rc == SH_OK ? 0 : 1;
}

/* ---- in the keeper -------------------------------------------------------------------- */

void role_second_start(struct role_second *second, const struct role_credentials *ask)
{
    struct helper helper = {.second = second, .ask = ask};

    *second = (struct role_second){{-1, -1}, {-1, -1}, -1};
    if (pipe2(second->ask, O_CLOEXEC) != 0)
        return;
    if (pipe2(second->answer, O_CLOEXEC) != 0 ||
        proc_begin("the second reader", helper_run, &helper, &second->pid, NULL) != SH_OK)
        second->pid = -1;
    if (second->pid > 0) {
        io_close(&second->ask[0]);
        io_close(&second->answer[1]);
    }
}

void role_second_end(struct role_second *second)
{
    for (size_t i = 0; i < 2; i++) {
        io_close(&second->ask[i]);
        io_close(&second->answer[i]);
    }
    if (second->pid <= 0)
        return;
    (void)kill(second->pid, SIGKILL); /* It may still be at work for nobody. */
    while (waitpid(second->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
