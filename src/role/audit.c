/* The auditing role: one process walks the log, several read the files that it names. */
#include "role/role.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"
#include "role/audit_int.h"
#include "role/role_int.h"

#define STEP_BYTES (32u << 10)
#define NO_TICKET UINT64_MAX

/* ---- what is told: kind, state, index, by, bytes, hash, path, source ---- */

static void put_text(struct bytes *out, const char *text)
{
    bytes_u8(out, (uint8_t)strlen(text));
    bytes_text(out, text);
}

void role_audit_flush(struct role_auditor *auditor)
{
    if (bytes_check(&auditor->out, NULL) < 0 ||
        io_write_fd(auditor->told, bytes_view(&auditor->out), NULL) < 0)
        auditor->failed = true;
    bytes_clear(&auditor->out);
}

void role_audit_tell(struct role_auditor *auditor, const struct role_audit_item *item)
{
    struct bytes *out = &auditor->out;

    if (auditor->items == LIMIT_AUDIT_ITEMS) {
        auditor->more++;
        return;
    }
    auditor->items++;
    bytes_u8(out, (uint8_t)item->kind);
    bytes_u8(out, (uint8_t)item->state);
    bytes_u64(out, item->index);
    bytes_u64(out, item->by);
    bytes_u64(out, item->bytes);
    bytes_u8(out, item->has_sha256);
    bytes_append(out, item->sha256, sizeof(item->sha256));
    put_text(out, item->path);
    put_text(out, item->source);
    if (out->len > STEP_BYTES)
        role_audit_flush(auditor);
}

static bool take_path(struct cursor *cur, char *out, size_t size)
{
    struct slice text = rd_bytes(cur, rd_u8(cur));

    if (cur->failed || text.len >= size)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
            return false;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return text.len == 0 || (out[0] != '/' && !strstr(out, ".."));
}

/* In the parent: the child is not believed. */
static bool take_item(struct cursor *cur, struct role_audit_item *item)
{
    uint8_t kind = rd_u8(cur), state = rd_u8(cur), has;
    struct slice hash;

    *item = (struct role_audit_item){0};
    item->kind = (enum verify_event_kind)kind;
    item->state = (enum verify_state)state;
    item->index = rd_u64(cur);
    item->by = rd_u64(cur);
    item->bytes = rd_u64(cur);
    has = rd_u8(cur);
    hash = rd_bytes(cur, sizeof(item->sha256));
    if (cur->failed || kind > VERIFY_FILE_CHANGED || state > VERIFY_IN_DISPUTE || has > 1)
        return false;
    item->has_sha256 = has;
    memcpy(item->sha256, hash.ptr, hash.len);
    return take_path(cur, item->path, sizeof(item->path)) &&
           take_path(cur, item->source, sizeof(item->source)) &&
           (item->kind == VERIFY_ENTRY_IS) == (item->path[0] == '\0');
}

/* ---- the source ---- */

/* Where a path lies: private ones in folders of their own. */
static int place(const struct role_auditor *auditor, const char **path)
{
    static const char sealed[] = "private/sealed/", kept[] = "private/quarantine/";

    if (strncmp(*path, sealed, sizeof(sealed) - 1) == 0) {
        *path += sizeof(sealed) - 1;
        return auditor->audit->sealed;
    }
    if (strncmp(*path, kept, sizeof(kept) - 1) == 0) {
        *path += sizeof(kept) - 1;
        return auditor->audit->quarantine;
    }
    return auditor->audit->dir;
}

static bool from_other(const struct role_audit *audit, const char *path)
{
    if (audit->other < 0)
        return false;
    for (size_t i = 0; i < audit->replaced_count; i++)
        if (strcmp(audit->replaced[i], path) == 0)
            return true;
    return strncmp(path, "tile/entries/", 13) == 0;
}

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    const struct role_auditor *auditor = ctx;
    int dir = place(auditor, &path);

    bytes_clear(out);
    if (dir < 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    if (from_other(auditor->audit, path) &&
        role_file_read(auditor->audit->other, path, out, NULL) == SH_OK)
        return SH_OK;
    return role_file_read(dir, path, out, why);
}

/*
 * Blobs are taken by whoever is free: each child walks in the same order and counts them, and
 * takes the next number that nobody has.
 */
static bool is_mine(struct role_auditor *auditor)
{
    uint64_t number = auditor->seen++;

    if (auditor->ticket == NO_TICKET || auditor->ticket < number)
        auditor->ticket = atomic_fetch_add((_Atomic uint64_t *)auditor->tickets, 1);
    if (auditor->ticket != number)
        return false;
    auditor->ticket = NO_TICKET;
    return true;
}

static int hash_file(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    struct role_auditor *auditor = ctx;
    int dir = place(auditor, &path);

    if (dir < 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    if (sha256 && !is_mine(auditor))
        return 1;
    return role_file_hash(dir, path, sha256, bytes, why);
}

static bool is_blob(const char *path)
{
    return strncmp(path, "b/", 2) == 0 || strstr(path, "/b/");
}

static void listen(void *ctx, const struct verify_event *event)
{
    struct role_auditor *auditor = ctx;
    struct role_audit_item item = {.kind = event->kind,
                                   .index = event->index,
                                   .state = event->state,
                                   .by = event->by,
                                   .bytes = event->bytes};

    if (auditor->number && (!event->path || !is_blob(event->path)))
        return;
    if (event->path)
        (void)snprintf(item.path, sizeof(item.path), "%s", event->path);
    if (event->sha256) {
        item.has_sha256 = true;
        memcpy(item.sha256, event->sha256, sizeof(item.sha256));
    }
    role_audit_tell(auditor, &item);
}

/* ---- one child ---- */

static int enter(const struct role_auditor *auditor, int pipe, struct why *why)
{
    const struct role_audit *audit = auditor->audit;
    const int dirs[] = {audit->dir, audit->sealed, audit->quarantine, audit->other};
    int keep[COUNT_OF(dirs) + 2] = {auditor->told};
    struct cage_path paths[COUNT_OF(dirs)];
    struct cage_rules rules = {.profile = CAGE_LOOK, .keep = keep, .keep_count = 1};

    rules.paths = paths;
    if (pipe >= 0)
        keep[rules.keep_count++] = pipe;
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        if (dirs[i] < 0)
            continue;
        paths[rules.path_count++] = (struct cage_path){dirs[i], CAGE_READ};
        keep[rules.keep_count++] = dirs[i];
    }
    return cage_enter(&rules, NULL, why);
}

static int walk(struct role_auditor *auditor, struct verify_report *report, struct why *why)
{
    const struct role_audit *audit = auditor->audit;
    const struct verify_source source = {.ctx = auditor,
                                         .read = read_file,
                                         .hash = hash_file,
                                         .sizes_only = !audit->readers,
                                         .home = audit->sealed >= 0 || audit->quarantine >= 0,
                                         .event = listen};
    int rc;

    auditor->ticket = NO_TICKET;
    bytes_init(&auditor->out, 2 * STEP_BYTES);
    rc = verify_channel(&source, audit->expected, report, why);
    if (rc == SH_OK && !auditor->number && audit->other >= 0)
        rc = role_audit_other(auditor, report, why);
    role_audit_flush(auditor);
    bytes_release(&auditor->out);
    if (rc == SH_OK && auditor->failed)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the audit's list could not be written");
    return rc;
}

/* The first child: its report goes back whole. */
static int run_first(void *ctx, const struct proc_side *side, struct why *why)
{
    struct role_auditor *auditor = ctx;
    struct verify_report *report;
    struct bytes out;
    int rc = enter(auditor, side->fd, why);

    if (rc < 0)
        return rc;
    /* RAW: a report is too large for the stack of a small machine. */
    report = calloc(1, sizeof(*report));
    if (!report)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    bytes_init(&out, LIMIT_REPORT_BYTES);
    rc = walk(auditor, report, why);
    if (rc == SH_OK) {
        bytes_u64(&out, auditor->more);
        verify_report_build(report, &out);
        rc = bytes_check(&out, why);
    }
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    free(report);
    return rc;
}

/* The others: the count of what they found good is the last thing that they tell. */
static int run_helper(void *ctx)
{
    struct role_auditor *auditor = ctx;
    struct verify_report *report;
    struct bytes out;
    int rc = enter(auditor, -1, NULL);

    if (rc < 0)
        return 1;
    /* RAW: as above. */
    report = calloc(1, sizeof(*report));
    if (!report)
        return 1;
    rc = walk(auditor, report, NULL);
    bytes_init(&out, 64);
    bytes_u64(&out, report->blobs);
    bytes_u64(&out, report->blob_bytes);
    bytes_u64(&out, report->total[VERIFY_BLOB_MISSING]);
    bytes_u64(&out, report->total[VERIFY_BLOB_CHANGED]);
    bytes_u64(&out, report->total[VERIFY_UNREADABLE]);
    bytes_u64(&out, auditor->more);
    if (rc == SH_OK)
        rc = io_write_fd(auditor->told, bytes_view(&out), NULL);
    bytes_release(&out);
    free(report);
    return rc < 0;
}
#define HELPER_BYTES 48

/* ---- the parent ---- */

struct auditing {
    struct role_auditor auditor[LIMIT_AUDIT_READERS];
    int pid[LIMIT_AUDIT_READERS];
    unsigned count;
};

static int start(struct auditing *all, const struct role_audit *audit, uint64_t *tickets,
                 struct why *why)
{
    struct role_auditor *one;
    int rc = SH_OK;

    for (unsigned i = 0; i < all->count; i++)
        all->auditor[i].told = -1;
    for (unsigned i = 0; i < all->count && rc == SH_OK; i++) {
        one = &all->auditor[i];
        one->audit = audit;
        one->number = i;
        one->tickets = tickets;
        one->told = memfd_create("audit", MFD_CLOEXEC);
        if (one->told < 0)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "memory for the audit's list: %s",
                         strerror(errno));
        else if (i)
            rc = proc_begin("a reader of files", run_helper, one, &all->pid[i], why);
    }
    return rc;
}

static void add_counts(struct cursor *cur, struct verify_report *report, uint64_t *more)
{
    report->blobs += rd_u64(cur);
    report->blob_bytes += rd_u64(cur);
    report->total[VERIFY_BLOB_MISSING] += rd_u64(cur);
    report->total[VERIFY_BLOB_CHANGED] += rd_u64(cur);
    report->total[VERIFY_UNREADABLE] += rd_u64(cur);
    *more += rd_u64(cur);
}

#define ITEM_BYTES 400 /* more than one item takes */

struct told {
    struct bytes buf; /* read and not yet taken */
    size_t at;
    bool ended;
};

/* At least one whole item in the buffer, or all that is left. */
static int fill(struct told *told, int fd, struct why *why)
{
    uint8_t *room;
    ssize_t got;

    if (told->ended || told->buf.len - told->at >= ITEM_BYTES)
        return SH_OK;
    memmove(told->buf.ptr, told->buf.ptr + told->at, told->buf.len - told->at);
    told->buf.len -= told->at;
    told->at = 0;
    room = bytes_room(&told->buf, STEP_BYTES);
    if (!room)
        return bytes_check(&told->buf, why);
    do
        got = read(fd, room, STEP_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the audit's list: %s", strerror(errno));
    told->buf.len += (size_t)got;
    told->ended = got < STEP_BYTES;
    return SH_OK;
}

static int take_told(const struct role_auditor *one, struct verify_report *report,
                     uint64_t *more, struct why *why)
{
    size_t tail = one->number ? HELPER_BYTES : 0;
    struct role_audit_item item;
    struct told told = {0};
    struct cursor cur;
    uint64_t count = 0;
    int rc = SH_OK;

    if (lseek(one->told, 0, SEEK_SET) < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the audit's list: %s", strerror(errno));
    bytes_init(&told.buf, 2 * STEP_BYTES);
    bytes_u8(&told.buf, 0);
    told.at = 1;
    while (rc == SH_OK) {
        rc = fill(&told, one->told, why);
        if (rc < 0 || (told.ended && told.buf.len - told.at <= tail))
            break;
        cur = cursor_of(slice_of(told.buf.ptr + told.at, told.buf.len - told.at));
        if (++count > LIMIT_AUDIT_ITEMS || !take_item(&cur, &item))
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the audit's list cannot be read");
        else
            one->audit->item(one->audit->ctx, &item);
        told.at += cur.at;
    }
    if (rc == SH_OK && one->number) {
        cur = cursor_of(slice_of(told.buf.ptr + told.at, told.buf.len - told.at));
        add_counts(&cur, report, more);
        if (cur.failed)
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the audit's list cannot be read");
    }
    bytes_release(&told.buf);
    return rc;
}

/* The first child's report, with the count of what it did not tell before it. */
static int take_report(struct slice raw, struct verify_report *report, uint64_t *more,
                       struct why *why)
{
    struct cursor cur = cursor_of(raw);

    *more = rd_u64(&cur);
    if (cur.failed)
        return why_set(why, SH_EFORMAT, 0, "the audit's report cannot be read");
    return verify_report_parse(slice_sub(raw, cur.at, rd_left(&cur)), report, why);
}

static int wait_for_helpers(struct auditing *all, int rc, struct why *why)
{
    int status = 0, got;

    for (unsigned i = 1; i < all->count; i++) {
        if (all->pid[i] <= 0)
            continue;
        do
            got = waitpid(all->pid[i], &status, 0);
        while (got < 0 && errno == EINTR);
        if (rc == SH_OK && (got < 0 || status != 0))
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "a reader of files did not finish");
    }
    return rc;
}

int role_audit(const struct role_audit *audit, struct verify_report *report, uint64_t *more,
               struct why *why)
{
    struct auditing all = {.count = audit->readers ? audit->readers : 1};
    const struct proc_task task = {
        .name = "the auditor", .run = run_first, .ctx = &all.auditor[0]};
    uint64_t *tickets;
    struct bytes raw;
    int rc;

    if (all.count > LIMIT_AUDIT_READERS)
        all.count = LIMIT_AUDIT_READERS;
    tickets =
        mmap(NULL, sizeof(*tickets), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tickets == MAP_FAILED)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    bytes_init(&raw, LIMIT_REPORT_BYTES);
    rc = start(&all, audit, tickets, why);
    if (rc == SH_OK)
        rc = proc_run(&task, &raw, why);
    rc = wait_for_helpers(&all, rc, why);
    if (rc == SH_OK)
        rc = take_report(bytes_view(&raw), report, more, why);
    for (unsigned i = 0; i < all.count && rc == SH_OK; i++)
        rc = take_told(&all.auditor[i], report, more, why);
    for (size_t i = 0; rc == SH_OK && i < report->count; i++)
        if (report->finding[i].id == VERIFY_DOCUMENTS)
            report->finding[i].other = report->blobs; /* of all readers */
    for (unsigned i = 0; i < all.count; i++)
        io_close(&all.auditor[i].told);
    (void)munmap(tickets, sizeof(*tickets)); /* Nothing hangs on it. */
    bytes_release(&raw);
    return rc;
}
