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
#include "io/io.h"
#include "role/claim_int.h"

/*
 * Writes of whole aligned buffers of this size cost least: the kernel keeps the new file in
 * few large folios.  copy_file_range copies page by page; copy, hash and fsync together cost
 * 0.85 of that this way.  Twice the size is slower again.
 */
#define COPY_BUFFER_BYTES ((size_t)256 << 10) /* stays in a level-2 cache */
#define COPY_TELL_BYTES ((uint64_t)1 << 24)   /* between two reports of progress */

struct reader {
    int clip;
    int draft;                      /* -1: plan only */
    const struct role_claim *claim; /* NULL: no credentials */
    struct role_credits credits;
};

/* Where the new file grows. */
struct copy {
    const struct bmff_source *source;
    const struct proc_side *side;
    int draft;
    uint64_t at; /* bytes written to the draft */
    uint64_t told;
    struct c2pa_write_hash *hash; /* of what is written, or NULL */
    uint8_t *buf;
    size_t used;
};

static int copy_flush(struct copy *copy, struct why *why)
{
    struct slice data = slice_of(copy->buf, copy->used);
    int rc = SH_OK;

    if (copy->hash)
        rc = c2pa_write_hash_feed(copy->hash, data, why);
    if (rc == SH_OK)
        rc = io_write_at(copy->draft, copy->at, data, why);
    if (rc != SH_OK)
        return rc;
    copy->at += data.len;
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

struct writing {
    const struct proc_side *side;
    struct c2pa_write_hash *hash;
};

static int draft_write(const struct reader *reader, const struct bmff_source *source,
                       struct bmff_plan *plan, const struct writing *writing, struct why *why)
{
    struct copy copy = {
        .source = source, .side = writing->side, .draft = reader->draft, .hash = writing->hash};
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

/* ---- content credentials ---- */

/* Their size follows from what is said in them, and that from the plan. */
static int room_leave(struct reader *reader, struct bmff_plan *plan, struct why *why)
{
    uint64_t size = 0;
    int rc;

    role_credits_fill(&reader->credits, reader->claim, &plan->facts);
    rc = c2pa_write_size(&reader->credits.write, &size, why);
    return rc == SH_OK ? bmff_plan_room(plan, size, why) : rc;
}

/* Where the signature goes and over what, behind the facts. */
static int unsigned_send(const struct proc_side *side, const struct c2pa_unsigned *made,
                         struct why *why)
{
    struct bytes out;
    int rc;

    bytes_init(&out, LIMIT_CLAIM_BYTES + 16);
    bytes_u64(&out, BMFF_ROOM_AT + made->cose_at);
    bytes_u64(&out, made->box.len - made->cose_at); /* It is the last of them. */
    bytes_slice(&out, bytes_view(&made->claim));
    rc = bytes_check(&out, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    return rc;
}

static int room_fill(const struct reader *reader, const struct bmff_plan *plan,
                     const struct writing *writing, struct why *why)
{
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct c2pa_unsigned made = {0};
    struct copy copy = {.side = writing->side, .draft = reader->draft, .at = BMFF_ROOM_AT};
    int rc = c2pa_write_hash_done(writing->hash, hash, why);

    if (rc == SH_OK)
        rc = c2pa_write_unsigned(&reader->credits.write, hash, &made, why);
    if (rc != SH_OK)
        return rc;
    if (made.box.len != plan->facts.room_bytes)
        bug("credentials of another size than was said");
    copy.buf = made.box.ptr;
    copy.used = copy.told = made.box.len;
    rc = copy_flush(&copy, why);
    if (rc == SH_OK)
        rc = unsigned_send(writing->side, &made, why);
    c2pa_unsigned_release(&made);
    return rc;
}

static int read_run(void *ctx, const struct proc_side *side, struct why *why)
{
    struct reader *reader = ctx;
    int fds[] = {side->fd, reader->clip, STDERR_FILENO, reader->draft};
    int rc = role_reader_cage(fds, reader->draft < 0 ? 3 : 4, why);
    struct bmff_source source;
    struct c2pa_write_hash hash;
    struct writing writing = {side, reader->claim ? &hash : NULL};
    struct bmff_plan plan = {0};

    if (rc == SH_OK)
        rc = role_source(&reader->clip, &source, why);
    if (rc == SH_OK)
        rc = bmff_plan_make(&source, &plan, why);
    if (rc == SH_OK && reader->claim && reader->claim->kept)
        rc = role_credits_keep(&reader->credits, &source, reader->claim->kept, why);
    if (rc == SH_OK && reader->claim)
        rc = room_leave(reader, &plan, why);
    if (rc == SH_OK && plan.facts.file_bytes > LIMIT_CLIP_BYTES)
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "the rebuilt clip would be beyond 4 GiB");
    if (rc == SH_OK) {
        role_facts_send(side, &plan.facts);
        c2pa_write_hash_init(&hash, plan.facts.file_bytes, 0, NULL);
        if (reader->draft >= 0)
            rc = draft_write(reader, &source, &plan, &writing, why);
    }
    if (rc == SH_OK && reader->claim)
        rc = room_fill(reader, &plan, &writing, why);
    role_credits_release(&reader->credits);
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

/* The reader's whole report, and the facts in front of it. */
static int reader_ask(struct reader *reader, const struct role_progress *progress,
                      struct bytes *report, struct bmff_facts *facts, struct why *why)
{
    struct watcher watcher = {.progress = progress};
    struct proc_task task = {.name = "the reader",
                             .run = read_run,
                             .ctx = reader,
                             .timeout_s = LIMIT_CAGE_WAIT_S,
                             .progress = watch,
                             .progress_ctx = &watcher};
    struct slice whole;
    struct stat st;
    int rc;

    if (fstat(reader->clip, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is not a file");
    watcher.total = (uint64_t)st.st_size;
    rc = proc_run(&task, report, why);
    whole = bytes_view(report);
    if (reader->claim && whole.len > ROLE_FACTS_BYTES)
        whole.len = ROLE_FACTS_BYTES;
    if (rc == SH_OK)
        rc = role_facts_take(whole, task.name, facts, why);
    if (rc == SH_OK && reader->draft >= 0)
        rc = draft_size_check(reader->draft, facts, why);
    return rc;
}

int role_read(int clip, int draft, const struct role_progress *progress,
              struct bmff_facts *facts, struct why *why)
{
    struct reader reader = {.clip = clip, .draft = draft};
    struct bmff_facts got;
    struct bytes report;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = reader_ask(&reader, progress, &report, &got, why);
    if (rc == SH_OK)
        *facts = got;
    bytes_release(&report);
    return rc;
}

/* The place of the signature lies in the room, and there is room for it. */
static int unsigned_take(struct slice report, struct role_draft *made, struct why *why)
{
    struct cursor cur = cursor_of(report);
    uint64_t end = BMFF_ROOM_AT + made->facts.room_bytes, bytes;

    rd_skip(&cur, ROLE_FACTS_BYTES);
    made->cose_at = rd_u64(&cur);
    bytes = rd_u64(&cur);
    if (cur.failed || !made->facts.room_bytes ||
        made->cose_at < BMFF_ROOM_AT + BMFF_ROOM_HEAD_BYTES || made->cose_at > end ||
        bytes > end - made->cose_at || bytes > LIMIT_REPORT_BYTES || !rd_left(&cur))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the reader gave an answer that makes no sense; nothing of it was used");
    made->cose_bytes = (size_t)bytes;
    bytes_slice(&made->claim, rd_bytes(&cur, rd_left(&cur)));
    return bytes_check(&made->claim, why);
}

int role_make(const struct role_making *making, struct role_draft *out, struct why *why)
{
    struct reader reader = {
        .clip = making->clip, .draft = making->draft, .claim = making->claim};
    struct role_draft made = {.cose_at = 0};
    struct bytes report;
    int rc;

    io_random(reader.credits.ids, sizeof(reader.credits.ids));
    bytes_init(&made.claim, LIMIT_CLAIM_BYTES);
    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = reader_ask(&reader, making->progress, &report, &made.facts, why);
    if (rc == SH_OK)
        rc = unsigned_take(bytes_view(&report), &made, why);
    if (rc == SH_OK) {
        *out = made;
        made = (struct role_draft){0};
    }
    bytes_release(&made.claim);
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
           a->room_bytes == b->room_bytes && a->duration_ms == b->duration_ms &&
           a->width == b->width && a->height == b->height && a->coded_width == b->coded_width &&
           a->coded_height == b->coded_height && a->rotation == b->rotation &&
           a->video_codec == b->video_codec && a->audio_codec == b->audio_codec &&
           a->video_samples == b->video_samples && a->audio_samples == b->audio_samples &&
           a->removed == b->removed && a->notes == b->notes;
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
