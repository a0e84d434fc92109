/* What an audit was told, summed up. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/audit_int.h"
#include "io/io.h"

#define LIST_MAX (LIMIT_AUDIT_READERS * (size_t)LIMIT_AUDIT_ITEMS)

/* ---- the tree ---- */

int audit_open(const char *what, struct audit_tree *out, struct why *why)
{
    int dir = -1;
    int rc = io_open_dir(AT_FDCWD, what, &dir, why);

    *out = (struct audit_tree){
        .what = what, .dir = -1, .home = -1, .sealed = -1, .quarantine = -1};
    if (rc < 0)
        return rc;
    if (io_exists(dir, "checkpoint") || !io_exists(dir, "public")) {
        out->dir = dir;
        return SH_OK;
    }
    out->home = dir;
    rc = io_open_dir(dir, "public", &out->dir, why);
    /* Either may be missing: nothing was sealed or withdrawn, or it is another's home. */
    if (rc == SH_OK && io_exists(dir, "private/sealed"))
        rc = io_open_dir(dir, "private/sealed", &out->sealed, why);
    if (rc == SH_OK && io_exists(dir, "private/quarantine"))
        rc = io_open_dir(dir, "private/quarantine", &out->quarantine, why);
    if (rc < 0)
        audit_close(out);
    return rc;
}

void audit_close(struct audit_tree *tree)
{
    io_close(&tree->sealed);
    io_close(&tree->quarantine);
    io_close(&tree->dir);
    io_close(&tree->home);
}

/* ---- the lists ---- */

void audit_init(struct audit *audit, struct verify_report *report)
{
    *audit = (struct audit){.report = report};
    bytes_init(&audit->states, LIST_MAX * sizeof(struct audit_state));
    bytes_init(&audit->files, LIST_MAX * sizeof(struct audit_file));
    bytes_init(&audit->text, LIST_MAX * 256);
}

void audit_release(struct audit *audit)
{
    bytes_release(&audit->text);
    bytes_release(&audit->files);
    bytes_release(&audit->states);
}

size_t audit_state_count(const struct audit *audit)
{
    return audit->states.len / sizeof(struct audit_state);
}

const struct audit_state *audit_state_at(const struct audit *audit, size_t i)
{
    return (const struct audit_state *)(const void *)audit->states.ptr + i;
}

size_t audit_file_count(const struct audit *audit)
{
    return audit->files.len / sizeof(struct audit_file);
}

const struct audit_file *audit_file_at(const struct audit *audit, size_t i)
{
    return (const struct audit_file *)(const void *)audit->files.ptr + i;
}

const char *audit_path(const struct audit *audit, size_t at)
{
    return (const char *)audit->text.ptr + at;
}

bool audit_is_private(const char *path)
{
    return strncmp(path, "private/", 8) == 0;
}

static size_t keep_text(struct audit *audit, const char *text)
{
    size_t at = audit->text.len;

    bytes_append(&audit->text, text, strlen(text) + 1);
    return at;
}

static void take_item(void *ctx, const struct role_audit_item *item)
{
    struct audit *audit = ctx;
    struct audit_file file = {.index = item->index, .bytes = item->bytes};

    if (item->kind == VERIFY_ENTRY_IS) {
        const struct audit_state state = {item->index, item->by, item->state, false};

        bytes_append(&audit->states, &state, sizeof(state));
        return;
    }
    file.missing = item->kind == VERIFY_FILE_MISSING;
    file.has_sha256 = item->has_sha256;
    memcpy(file.sha256, item->sha256, sizeof(file.sha256));
    file.path = keep_text(audit, item->path);
    file.source = item->source[0] ? keep_text(audit, item->source) : file.path;
    bytes_append(&audit->files, &file, sizeof(file));
}

/* Which state of one entry says more. */
static int rank(enum verify_state state)
{
    static const int ranks[] = {[VERIFY_PRESENT] = 0,
                                [VERIFY_SEALED_YET] = 1,
                                [VERIFY_IN_DISPUTE] = 2,
                                [VERIFY_HIDDEN] = 3,
                                [VERIFY_GONE] = 4};

    return ranks[state];
}

static int compare_states(const void *left, const void *right)
{
    const struct audit_state *a = left, *b = right;

    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return rank(a->state) - rank(b->state);
}

static int compare_files(const void *left, const void *right, void *ctx)
{
    const struct audit_file *a = left, *b = right;
    uint64_t first = a->index + 1, second = b->index + 1; /* those of the log first */
    int order;

    if (first != second)
        return first < second ? -1 : 1;
    order = strcmp(audit_path(ctx, a->path), audit_path(ctx, b->path));
    return order != 0 ? order : (int)a->has_sha256 - (int)b->has_sha256;
}

static int compare_numbers(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* One state an entry: the one that says most. */
static void fold_states(struct audit *audit)
{
    struct audit_state *list = (struct audit_state *)(void *)audit->states.ptr;
    size_t count = audit_state_count(audit), kept = 0;

    if (count)
        qsort(list, count, sizeof(*list), compare_states);
    for (size_t i = 0; i < count; i++) {
        if (kept && list[kept - 1].index == list[i].index) {
            /* The withdrawal that hid it stays known: what corrects it was hidden by it too. */
            if (list[i].state != VERIFY_GONE)
                list[kept - 1] = list[i];
            else
                list[kept - 1].gone = true;
        } else {
            list[kept++] = list[i];
        }
    }
    audit->states.len = kept * sizeof(*list);
}

/* A correction was purged with the dispatch that it corrects. */
static int spread_purges(struct audit *audit)
{
    struct audit_state *list = (struct audit_state *)(void *)audit->states.ptr;
    size_t count = audit_state_count(audit);
    struct bytes by;
    int rc;

    bytes_init(&by, count * sizeof(uint64_t) + 1);
    for (size_t i = 0; i < count; i++)
        if (list[i].gone)
            bytes_append(&by, &list[i].by, sizeof(list[i].by));
    rc = bytes_check(&by, NULL);
    if (rc == SH_OK && by.len) {
        qsort(by.ptr, by.len / sizeof(uint64_t), sizeof(uint64_t), compare_numbers);
        for (size_t i = 0; i < count; i++)
            list[i].gone =
                list[i].gone || (list[i].state == VERIFY_HIDDEN &&
                                 bsearch(&list[i].by, by.ptr, by.len / sizeof(uint64_t),
                                         sizeof(uint64_t), compare_numbers));
    }
    bytes_release(&by);
    return rc;
}

static const struct audit_state *state_of(const struct audit *audit, uint64_t index)
{
    const struct audit_state wanted = {.index = index};
    size_t low = 0, high = audit_state_count(audit), middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (audit_state_at(audit, middle)->index < wanted.index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < audit_state_count(audit) && audit_state_at(audit, low)->index == index
               ? audit_state_at(audit, low)
               : NULL;
}

/* Files once each; of what was purged nothing is missed. */
static void fold_files(struct audit *audit)
{
    struct audit_file *list = (struct audit_file *)(void *)audit->files.ptr;
    size_t count = audit_file_count(audit), kept = 0;
    const struct audit_state *state;
    const char *path;

    if (count)
        qsort_r(list, count, sizeof(*list), compare_files, audit);
    for (size_t i = 0; i < count; i++) {
        path = audit_path(audit, list[i].path);
        state = list[i].index == ENTRY_NO_REF ? NULL : state_of(audit, list[i].index);
        if (audit_is_private(path) && state && state->gone)
            continue;
        if (audit_is_private(path) && list[i].missing && strstr(path, "/d/")) {
            audit->not_kept++;
            continue;
        }
        /* The last of several says most: it has a hash. */
        if (kept && list[kept - 1].index == list[i].index &&
            strcmp(audit_path(audit, list[kept - 1].path), path) == 0)
            kept--;
        list[kept++] = list[i];
    }
    audit->files.len = kept * sizeof(*list);
}

static void count_all(struct audit *audit)
{
    const struct audit_file *file, *before = NULL;
    const struct audit_state *state;
    uint64_t others = 0;

    for (size_t i = 0; i < audit_state_count(audit); i++) {
        state = audit_state_at(audit, i);
        audit->sealed += state->state == VERIFY_SEALED_YET;
        audit->withdrawn += state->state == VERIFY_HIDDEN;
        audit->purged += state->gone;
        audit->disputed += state->state == VERIFY_IN_DISPUTE;
        others++;
    }
    for (size_t i = 0; i < audit_file_count(audit); i++) {
        file = audit_file_at(audit, i);
        if (file->index == ENTRY_NO_REF) {
            audit->log_files++;
        } else if (audit_is_private(audit_path(audit, file->path))) {
            audit->private_files++;
        } else if (!before || before->index != file->index) {
            audit->missing += file->missing;
            audit->changed += !file->missing;
            others += !state_of(audit, file->index);
            before = file;
        }
    }
    audit->present = audit->report->size > others ? audit->report->size - others : 0;
    if (!audit->report->total[VERIFY_LOG])
        audit->present = 0; /* The log was not walked to its end. */
}

int audit_look(struct audit *audit, const struct role_audit *task, struct why *why)
{
    struct verify_report *report = audit->report;
    struct role_audit with = *task;
    int rc;

    audit_release(audit);
    audit_init(audit, report);
    with.item = take_item;
    with.ctx = audit;
    rc = role_audit(&with, report, &audit->more, why);
    if (rc == SH_OK)
        rc = bytes_check(&audit->states, why);
    if (rc == SH_OK)
        rc = bytes_check(&audit->files, why);
    if (rc == SH_OK)
        rc = bytes_check(&audit->text, why);
    if (rc < 0)
        return rc;
    fold_states(audit);
    rc = spread_purges(audit);
    if (rc < 0)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    fold_files(audit);
    count_all(audit);
    return SH_OK;
}

enum verify_severity audit_verdict(const struct audit *audit)
{
    enum verify_severity verdict = verify_verdict(audit->report);

    return audit_file_count(audit) ? VERIFY_WANTING : verdict;
}
