/* The reader of content credentials: hostile files and what is trusted, in a cage. */
#include "role/credentials_int.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cage/cage.h"
#include "x509/x509.h"

#define TELL_BYTES ((uint64_t)1 << 24) /* between two reports of progress */
#define HASH_STEP_BYTES 65536
#define HEAD_BYTES (1 + 8 + 32 + 4)
#define ANSWER_MAX ((size_t)HEAD_BYTES + LIMIT_C2PA_REPORT + LIMIT_C2PA_DUMP)

/* ---- in the child --------------------------------------------------------------------- */

size_t role_work_keep(const struct role_credentials *ask, const int extra[3], int *keep)
{
    size_t count = 0;

    keep[count++] = ask->file;
    keep[count++] = STDERR_FILENO;
    for (size_t i = 0; i < ask->fragment_count; i++)
        keep[count++] = ask->fragments[i];
    for (size_t i = 0; i < 3 && extra[i] >= 0; i++)
        keep[count++] = extra[i];
    return count;
}

/* Reading of the file itself tells how far it is. */
static int read_told(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    struct role_work *work = ctx;

    if (work->side && offset >= work->told + TELL_BYTES) {
        work->told = offset;
        proc_progress(work->side, offset);
    }
    return work->plain.read_at(work->plain.ctx, offset, buf, len, why);
}

int role_work_open(struct role_work *work, struct arena *arena, struct why *why)
{
    const struct role_credentials *ask = work->ask;
    int rc;

    work->file = arena_take(arena, (ask->fragment_count + 1) * sizeof(*work->file));
    if (!work->file)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = role_source(&ask->file, &work->plain, why);
    work->file[0] = work->plain;
    work->file[0].read_at = read_told;
    work->file[0].ctx = work;
    for (size_t i = 0; rc == SH_OK && i < ask->fragment_count; i++)
        rc = role_source(&ask->fragments[i], &work->file[i + 1], why);
    return rc;
}

/* SH_EARG: it is the asker's, and says nothing about the file that is looked at. */
static int trust_text(const struct role_text *text, struct x509_trust *trust,
                      int (*add)(struct x509_trust *, struct slice, struct why *),
                      struct why *why)
{
    struct why said = {0};

    if (!text->name || add(trust, text->text, &said) == SH_OK)
        return SH_OK;
    return why_set(why, SH_EARG, WHY_NOWHERE, "%s: %s", text->name, said.text);
}

static int trust_take(const struct role_credentials *ask, struct x509_trust *trust,
                      struct arena *arena, struct why *why)
{
    const struct role_text channel = {ask->authorities.len ? "the channel" : NULL,
                                      ask->authorities};
    int rc = x509_trust_init(trust, arena, why);

    for (size_t i = 0; rc == SH_OK && i < ask->anchor_count; i++)
        rc = trust_text(&ask->anchors[i], trust, x509_trust_anchors, why);
    if (rc == SH_OK)
        rc = trust_text(&channel, trust, x509_trust_anchors, why);
    if (rc == SH_OK)
        rc = trust_text(&ask->tsa, trust, x509_trust_tsa, why);
    if (rc == SH_OK)
        rc = trust_text(&ask->allowed, trust, x509_trust_allowed, why);
    if (rc == SH_OK)
        rc = trust_text(&ask->ekus, trust, x509_trust_ekus, why);
    return rc;
}

int role_work_options(struct role_work *work, struct x509_trust *trust, struct arena *arena,
                      struct c2pa_options *options, struct why *why)
{
    *options = (struct c2pa_options){.trust = trust,
                                     .now = work->ask->now,
                                     .fragments = work->file + 1,
                                     .fragment_count = work->ask->fragment_count,
                                     .hash_file = work->ask->hash,
                                     .explain = work->ask->explain,
                                     .ctx = work,
                                     .inflate = role_inflate};
    if (work->second->pid > 0)
        options->share = role_second_share;
    return trust_take(work->ask, trust, arena, why);
}

/* Nobody who looked for credentials read the file to its end. */
static int hash_all(struct role_work *work, uint8_t sha256[32], struct why *why)
{
    static uint8_t step[HASH_STEP_BYTES];
    const struct bmff_source *file = &work->file[0];
    struct crypt_sha256 sha;
    int rc = SH_OK;
    size_t part;

    crypto.sha256_init(&sha);
    for (uint64_t at = 0; rc == SH_OK && at < file->size; at += part) {
        part = file->size - at < sizeof(step) ? (size_t)(file->size - at) : sizeof(step);
        rc = file->read_at(file->ctx, at, step, part, why);
        if (rc == SH_OK)
            crypto.sha256_update(&sha, slice_of(step, part));
    }
    crypto.sha256_final(&sha, sha256);
    return rc;
}

static int answer(struct role_work *work, struct c2pa_report *report, struct slice dump,
                  struct why *why)
{
    struct bytes raw, head;
    enum bmff_kind kind;
    int rc = bmff_sniff(&work->file[0], &kind, why);

    if (rc == SH_OK && work->ask->hash && !report->has_file_sha256)
        rc = hash_all(work, report->file_sha256, why);
    if (rc < 0)
        return rc;
    bytes_init(&raw, LIMIT_C2PA_REPORT);
    bytes_init(&head, HEAD_BYTES);
    rc = c2pa_report_build(report, &raw, why);
    bytes_u8(&head, (uint8_t)kind);
    bytes_u64(&head, work->file[0].size);
    bytes_append(&head, report->file_sha256, sizeof(report->file_sha256));
    bytes_u32(&head, (uint32_t)raw.len);
    if (rc == SH_OK)
        rc = bytes_check(&head, why);
    if (rc == SH_OK) {
        role_send(work->side, bytes_view(&head));
        role_send(work->side, bytes_view(&raw));
        role_send(work->side, dump);
    }
    bytes_release(&raw);
    bytes_release(&head);
    return rc;
}

static int look(struct role_work *work, struct arena *arena, struct bytes *dump,
                struct why *why)
{
    struct c2pa_report report = {0};
    struct c2pa_options options;
    struct x509_trust trust;
    int rc = role_work_open(work, arena, why);

    if (rc == SH_OK)
        rc = role_work_options(work, &trust, arena, &options, why);
    if (rc < 0)
        return rc;
    if (work->ask->dump)
        options.dump = dump;
    if (work->file[0].size > 0)
        rc = c2pa_verify(&work->file[0], &options, arena, &report, why);
    if (rc == SH_OK)
        rc = answer(work, &report, bytes_view(dump), why);
    return rc;
}

static int credentials_run(void *ctx, const struct proc_side *side, struct why *why)
{
    struct role_work work = *(struct role_work *)ctx;
    const struct role_second *second = work.second;
    const int extra[] = {side->fd, second->pid > 0 ? second->ask[1] : -1,
                         second->pid > 0 ? second->answer[0] : -1};
    int keep[LIMIT_CAGE_KEEP];
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = keep,
                               .keep_count = role_work_keep(work.ask, extra, keep),
                               .memory_bytes = LIMIT_READER_MEMORY,
                               .cpu_s = LIMIT_CAGE_CPU_S};
    struct arena arena;
    struct bytes dump;
    int rc;

    work.side = side;
    if (second->pid > 0 && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return why_set(why, SH_EIO, WHY_NOWHERE, "signal: %s", strerror(errno));
    rc = cage_enter(&rules, NULL, why);
    if (rc < 0)
        return rc;
    arena_init(&arena, 2 * (size_t)LIMIT_C2PA_ARENA);
    bytes_init(&dump, LIMIT_C2PA_DUMP);
    rc = look(&work, &arena, &dump, why);
    bytes_release(&dump);
    arena_release(&arena);
    return rc;
}

/* ---- in the keeper -------------------------------------------------------------------- */

/* One JSON object in which nothing can do harm on a terminal. */
static bool is_dump(struct slice dump)
{
    return dump.ptr[0] == '{' &&
           text_check(dump, TEXT_NEWLINES, LIMIT_C2PA_DUMP, "", NULL) == SH_OK;
}

int role_seen_parse(struct slice raw, struct arena *arena, struct role_seen *out,
                    struct why *why)
{
    struct cursor cur = cursor_of(raw);
    uint8_t kind = rd_u8(&cur);
    struct slice hash, report, dump;
    uint8_t *copy;

    *out = (struct role_seen){.kind = (enum bmff_kind)kind, .bytes = rd_u64(&cur)};
    hash = rd_bytes(&cur, sizeof(out->sha256));
    report = rd_bytes(&cur, rd_u32(&cur));
    dump = rd_bytes(&cur, rd_left(&cur));
    if (cur.failed || kind >= BMFF_KINDS || (dump.len && !is_dump(dump)) ||
        c2pa_report_parse(report, arena, &out->report, NULL) != SH_OK)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the reader gave an answer that makes no sense; nothing of it was used");
    memcpy(out->sha256, hash.ptr, sizeof(out->sha256));
    if (!dump.len)
        return SH_OK;
    copy = arena_take(arena, dump.len);
    if (!copy)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    memcpy(copy, dump.ptr, dump.len);
    out->dump = slice_of(copy, dump.len);
    return SH_OK;
}

struct watcher {
    const struct role_progress *progress;
    uint64_t total;
};

static void watch(void *ctx, uint64_t done)
{
    const struct watcher *watcher = ctx;

    if (watcher->progress && done <= watcher->total)
        watcher->progress->step(watcher->progress->ctx, done, watcher->total);
}

int role_credentials(const struct role_credentials *ask, struct arena *arena,
                     struct role_seen *out, struct why *why)
{
    struct role_second second = {{-1, -1}, {-1, -1}, -1};
    struct role_work work = {.ask = ask, .second = &second};
    struct watcher watcher = {.progress = ask->progress};
    struct proc_task task = {.name = "the reader",
                             .run = credentials_run,
                             .ctx = &work,
                             .timeout_s = LIMIT_CAGE_WAIT_S,
                             .progress = watch,
                             .progress_ctx = &watcher};
    struct bytes raw;
    struct stat st;
    int rc;

    if (ask->fragment_count > LIMIT_CREDIT_PIECES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "at most %d pieces are looked at at once",
                       LIMIT_CREDIT_PIECES);
    if (fstat(ask->file, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "not a regular file");
    watcher.total = (uint64_t)st.st_size;
    if (watcher.total >= LIMIT_CREDIT_SHARE)
        role_second_start(&second, ask);
    bytes_init(&raw, ANSWER_MAX);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK)
        rc = role_seen_parse(bytes_view(&raw), arena, out, why);
    if (rc == SH_OK)
        out->has_sha256 = ask->hash;
    bytes_release(&raw);
    role_second_end(&second);
    return rc;
}
