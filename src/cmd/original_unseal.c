/* The caged half of original open: age, the tail, and the clip's bytes. */
#include "cmd/original_int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "age/age.h"
#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"

#define REPORT_BYTES (32 + 32 + 8)

struct unseal {
    const struct cmd_unseal *job;
    const struct proc_side *side;
    struct age_view *view;
    uint8_t *block; /* of AGE_CHUNK_BYTES */
    struct original original;
};

/* source->read */
static int read_sealed(void *ctx, uint64_t at, uint8_t *out, size_t len, struct why *why)
{
    const struct cmd_unseal *job = ctx;
    ssize_t got;

    for (size_t have = 0; have < len; have += (size_t)got) {
        got = pread(job->in, out + have, len - have, (off_t)(at + have));
        if (got < 0 && errno == EINTR)
            got = 0;
        else if (got <= 0)
            return why_set(why, SH_EIO, at + have, "read: %s",
                           got ? strerror(errno) : "it became shorter");
    }
    return SH_OK;
}

/* The archive secret is on each sheet of a set; after a new one, on sheets of older sets. */
static int open_with_any(struct unseal *unseal, struct why *why)
{
    const struct cmd_sheets *sheets = unseal->job->sheets;
    struct age_source source = {read_sealed, (void *)(uintptr_t)unseal->job,
                                unseal->job->sealed_bytes};
    struct why cause = {0};
    int rc = SH_ENOTFOUND;

    for (size_t i = 0; i < sheets->count && rc == SH_ENOTFOUND; i++) {
        cause = (struct why){0};
        rc = age_view_open(unseal->view, &sheets->sheet[i].archive, source, &cause);
    }
    return rc == SH_OK ? SH_OK : why_set(why, rc, cause.offset, "%s", cause.text);
}

/* The last bytes say how long the clip is: together they fill what is there. */
static int read_tail(struct unseal *unseal, struct why *why)
{
    uint8_t tail[ORIGINAL_TAIL_BYTES];
    uint64_t plain = unseal->view->plain_bytes;
    int rc;

    if (plain < ORIGINAL_TAIL_BYTES)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "sealed original: too short");
    rc = age_view_read(unseal->view, plain - ORIGINAL_TAIL_BYTES, tail, sizeof(tail), why);
    if (rc == SH_OK)
        rc = original_tail_parse(slice_of(tail, sizeof(tail)), &unseal->original, why);
    wipe(tail, sizeof(tail));
    if (rc == SH_OK &&
        (unseal->original.bytes > plain ||
         age_padded_bytes(unseal->original.bytes + ORIGINAL_TAIL_BYTES) != plain))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "sealed original: %ju bytes do not fit into %ju",
                     (uintmax_t)unseal->original.bytes, (uintmax_t)plain);
    return rc;
}

static int write_clip(struct unseal *unseal, struct why *why)
{
    uint64_t at = 0, clip = unseal->original.bytes;
    size_t some;
    int rc = SH_OK;

    while (rc == SH_OK && at < clip) {
        some = clip - at < AGE_CHUNK_BYTES ? (size_t)(clip - at) : AGE_CHUNK_BYTES;
        rc = age_view_read(unseal->view, at, unseal->block, some, why);
        if (rc == SH_OK)
            rc = io_write_at(unseal->job->out, at, slice_of(unseal->block, some), why);
        at += some;
        proc_progress(unseal->side, at);
    }
    return rc;
}

static int check_zeros(struct unseal *unseal, struct why *why)
{
    uint64_t at = unseal->original.bytes, end = unseal->view->plain_bytes - ORIGINAL_TAIL_BYTES;
    size_t some;
    int rc;

    for (; at < end; at += some) {
        some = end - at < AGE_CHUNK_BYTES ? (size_t)(end - at) : AGE_CHUNK_BYTES;
        rc = age_view_read(unseal->view, at, unseal->block, some, why);
        if (rc != SH_OK)
            return rc;
        for (size_t i = 0; i < some; i++)
            if (unseal->block[i])
                return why_set(why, SH_EFORMAT, at + i,
                               "sealed original: what fills it up is not all zero");
    }
    return SH_OK;
}

static void report(const struct unseal *unseal)
{
    uint8_t out[REPORT_BYTES];

    memcpy(out, unseal->original.random, 32);
    memcpy(out + 32, unseal->original.sha256, 32);
    for (size_t i = 0; i < 8; i++)
        out[64 + i] = (uint8_t)(unseal->original.bytes >> (56 - 8 * i));
    proc_report(unseal->side, slice_of(out, sizeof(out)));
}

/* The work of the child. */
static int run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct cmd_unseal *job = ctx;
    struct unseal unseal = {.job = job, .side = side};
    const int keep[] = {job->in, job->out, side->fd};
    const struct cage_rules rules = {
        .profile = CAGE_COPY, .keep = keep, .keep_count = COUNT_OF(keep)};
    struct arena arena;
    int rc = cage_enter(&rules, NULL, why);

    if (rc != SH_OK)
        return rc;
    arena_init(&arena, sizeof(*unseal.view) + AGE_CHUNK_BYTES + 64);
    unseal.view = arena_take(&arena, sizeof(*unseal.view));
    unseal.block = arena_take(&arena, AGE_CHUNK_BYTES);
    if (!unseal.view || !unseal.block)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (rc == SH_OK)
        rc = open_with_any(&unseal, why);
    if (rc == SH_OK)
        rc = read_tail(&unseal, why);
    if (rc == SH_OK)
        rc = write_clip(&unseal, why);
    if (rc == SH_OK)
        rc = check_zeros(&unseal, why);
    if (rc == SH_OK)
        report(&unseal);
    if (unseal.view)
        age_view_release(unseal.view);
    arena_release(&arena);
    return rc;
}

static void progress(void *ctx, uint64_t done)
{
    const struct cmd_unseal *job = ctx;

    cmd_progress(job->cmd, lang_text(job->cmd->lang, STR_ORIGINAL_PROGRESS), done,
                 job->sealed_bytes);
}

int cmd_unseal(const struct cmd_unseal *job, struct original *said, struct why *why)
{
    struct proc_task task = {.name = "the unsealer",
                             .run = run,
                             .ctx = (void *)(uintptr_t)job,
                             .progress = progress,
                             .progress_ctx = (void *)(uintptr_t)job};
    struct bytes raw;
    struct cursor cur;
    int rc;

    bytes_init(&raw, REPORT_BYTES);
    rc = proc_run(&task, &raw, why);
    cmd_progress_end(job->cmd);
    if (rc == SH_OK && raw.len != REPORT_BYTES)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the unsealer broke off");
    if (rc == SH_OK) {
        cur = cursor_of(bytes_view(&raw));
        memcpy(said->random, rd_bytes(&cur, 32).ptr, 32);
        memcpy(said->sha256, rd_bytes(&cur, 32).ptr, 32);
        said->bytes = rd_u64(&cur);
    }
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    return rc;
}
