/*
 * The reader: walks a hostile clip and writes the rebuilt one, in a cage with two descriptors
 * and a pipe; and the second reader, which looks at what the first has written.
 */
#include "role/role_int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cage/cage.h"

/*
 * Writes of whole aligned buffers of this size cost least: the kernel keeps the new file in
 * few large folios.  copy_file_range copies page by page; copy, hash and fsync together cost
 * 0.85 of that this way.  Twice the size is slower again.
 */
#define COPY_BUFFER_BYTES ((size_t)1 << 20)
#define COPY_TELL_BYTES ((uint64_t)1 << 24) /* between two reports of progress */

struct reader {
    int clip;
    int draft; /* -1: plan only */
};

/* Where the new file grows. */
struct copy {
    const struct bmff_source *source;
    const struct proc_side *side;
    int draft;
    uint64_t at; /* bytes written to the draft */
    uint64_t told;
    uint8_t *buf;
    size_t used;
};

static int copy_flush(struct copy *copy, struct why *why)
{
    size_t done = 0;
    ssize_t n;

    while (done < copy->used) {
        n = pwrite(copy->draft, copy->buf + done, copy->used - done, (off_t)copy->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return why_set(why, SH_EIO, copy->at, "the new file cannot be written: %s",
                           n < 0 ? strerror(errno) : "no room");
        done += (size_t)n;
        copy->at += (uint64_t)n;
    }
    copy->used = 0;
    if (copy->at - copy->told >= COPY_TELL_BYTES) {
        proc_progress(copy->side, copy->at);
        copy->told = copy->at;
    }
    return SH_OK;
}

static int copy_run(struct copy *copy, struct bmff_run run, struct why *why)
{
    uint64_t done = 0;
    size_t part;
    int rc = SH_OK;

    while (rc == SH_OK && done < run.len) {
        part = COPY_BUFFER_BYTES - copy->used;
        if (part > run.len - done)
            part = (size_t)(run.len - done);
        if (run.bytes)
            memcpy(copy->buf + copy->used, run.bytes + (size_t)done, part);
        else
            rc = copy->source->read_at(copy->source->ctx, run.offset + done,
                                       copy->buf + copy->used, part, why);
        copy->used += rc == SH_OK ? part : 0;
        done += part;
        if (rc == SH_OK && copy->used == COPY_BUFFER_BYTES)
            rc = copy_flush(copy, why);
    }
    return rc;
}

static int copy_head(struct copy *copy, struct slice head, struct why *why)
{
    size_t part;
    int rc = SH_OK;

    for (size_t at = 0; rc == SH_OK && at < head.len; at += part) {
        part = COPY_BUFFER_BYTES - copy->used;
        if (part > head.len - at)
            part = head.len - at;
        memcpy(copy->buf + copy->used, head.ptr + at, part);
        copy->used += part;
        if (copy->used == COPY_BUFFER_BYTES)
            rc = copy_flush(copy, why);
    }
    return rc;
}

static int draft_write(const struct reader *reader, const struct bmff_source *source,
                       struct bmff_plan *plan, const struct proc_side *side, struct why *why)
{
    struct copy copy = {.source = source, .side = side, .draft = reader->draft};
    struct bmff_run run;
    struct bytes buffer;
    int rc = SH_OK;

    bytes_init(&buffer, COPY_BUFFER_BYTES);
    copy.buf = bytes_room(&buffer, COPY_BUFFER_BYTES);
    if (!copy.buf)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory to copy the clip");
    if (rc == SH_OK)
        rc = copy_head(&copy, bytes_view(&plan->head), why);
    while (rc == SH_OK && bmff_plan_next(plan, &run))
        rc = copy_run(&copy, run, why);
    if (rc == SH_OK)
        rc = copy_flush(&copy, why);
    bytes_release(&buffer);
    return rc;
}

int role_reader_cage(const int *fds, size_t count, struct why *why)
{
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = fds,
                               .keep_count = count,
                               .file_bytes = LIMIT_CLIP_BYTES,
                               .memory_bytes = LIMIT_READER_MEMORY,
                               .cpu_s = LIMIT_CAGE_CPU_S};

    return cage_enter(&rules, NULL, why);
}

static int read_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct reader *reader = ctx;
    int fds[] = {side->fd, reader->clip, STDERR_FILENO, reader->draft};
    int rc = role_reader_cage(fds, reader->draft < 0 ? 3 : 4, why);
    struct bmff_source source;
    struct bmff_plan plan = {0};

    if (rc == SH_OK)
        rc = role_source(&reader->clip, &source, why);
    if (rc == SH_OK)
        rc = bmff_plan_make(&source, &plan, why);
    if (rc == SH_OK && plan.facts.file_bytes > LIMIT_CLIP_BYTES)
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "the rebuilt clip would be beyond 4 GiB");
    if (rc == SH_OK) {
        role_facts_send(side, &plan.facts);
        if (reader->draft >= 0)
            rc = draft_write(reader, &source, &plan, side, why);
    }
    bmff_plan_release(&plan);
    return rc;
}

/* The reader reports its facts only at the end of its work, so totals come from the clip. */
struct watcher {
    const struct role_progress *progress;
    uint64_t total;
};

static void watch(void *progress_ctx, uint64_t done)
{
    const struct watcher *watcher = progress_ctx;

    if (watcher->progress)
        watcher->progress->step(watcher->progress->ctx,
                                done > watcher->total ? watcher->total : done, watcher->total);
}

static int draft_size_check(int draft, const struct bmff_facts *facts, struct why *why)
{
    struct stat st;

    if (fstat(draft, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the new file: %s", strerror(errno));
    if ((uint64_t)st.st_size != facts->file_bytes)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the reader wrote %llu bytes and reported %llu; nothing of it was used",
                       (unsigned long long)st.st_size, (unsigned long long)facts->file_bytes);
    return SH_OK;
}

int role_read(int clip, int draft, const struct role_progress *progress,
              struct bmff_facts *facts, struct why *why)
{
    struct reader reader = {.clip = clip, .draft = draft};
    struct watcher watcher = {.progress = progress};
    struct proc_task task = {.name = "the reader",
                             .run = read_run,
                             .ctx = &reader,
                             .timeout_s = LIMIT_CAGE_WAIT_S,
                             .progress = watch,
                             .progress_ctx = &watcher};
    struct bmff_facts got;
    struct bytes report;
    struct stat st;
    int rc;

    if (fstat(clip, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is not a file");
    watcher.total = (uint64_t)st.st_size;
    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK)
        rc = role_facts_take(bytes_view(&report), task.name, &got, why);
    if (rc == SH_OK && draft >= 0)
        rc = draft_size_check(draft, &got, why);
    if (rc == SH_OK)
        *facts = got;
    bytes_release(&report);
    return rc;
}

/* ---- the second reader ---- */

static int check_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const int *draft = ctx;
    int fds[] = {side->fd, *draft, STDERR_FILENO};
    int rc = role_reader_cage(fds, 3, why);
    struct bmff_source source;
    struct bmff_facts facts;

    if (rc == SH_OK)
        rc = role_source(draft, &source, why);
    if (rc == SH_OK)
        rc = bmff_check(&source, &facts, why);
    if (rc == SH_OK)
        role_facts_send(side, &facts);
    return rc;
}

/* What was left out cannot be seen in the draft. */
static struct bmff_facts facts_visible(const struct bmff_facts *facts)
{
    struct bmff_facts visible = *facts;

    visible.removed = 0;
    visible.notes &= ~(uint32_t)(BMFF_NOTE_SECOND_AUDIO | BMFF_NOTE_SECOND_VIDEO);
    return visible;
}

static bool facts_agree(const struct bmff_facts *a, const struct bmff_facts *b)
{
    return a->file_bytes == b->file_bytes && a->head_bytes == b->head_bytes &&
           a->duration_ms == b->duration_ms && a->width == b->width && a->height == b->height &&
           a->coded_width == b->coded_width && a->coded_height == b->coded_height &&
           a->rotation == b->rotation && a->video_codec == b->video_codec &&
           a->audio_codec == b->audio_codec && a->video_samples == b->video_samples &&
           a->audio_samples == b->audio_samples && a->removed == b->removed &&
           a->notes == b->notes;
}

int role_check(int draft, const struct bmff_facts *facts, struct why *why)
{
    struct proc_task task = {.name = "the second reader",
                             .run = check_run,
                             .ctx = &draft,
                             .timeout_s = LIMIT_CAGE_WAIT_S};
    struct bmff_facts expected = facts_visible(facts);
    struct bmff_facts got;
    struct bytes report;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK)
        rc = role_facts_take(bytes_view(&report), task.name, &got, why);
    if (rc == SH_OK && !facts_agree(&expected, &got))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "the two readers of this clip do not agree on what it holds; nothing was "
                     "published; please report this clip");
    bytes_release(&report);
    return rc;
}
