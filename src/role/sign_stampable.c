/* What of a file's credentials a time-stamp server is asked about, read in a cage. */
#include "role/role.h"

#include <unistd.h>

#include "c2pa/content.h"
#include "c2pa/store.h"
#include "cage/cage.h"
#include "role/role_int.h"

static int store_open(const struct bmff_source *source, struct arena *arena,
                      struct c2pa_store **store, struct why *why)
{
    struct slice parts[2];
    struct c2pa_store_options options = {.parts = parts, .inflate = role_inflate};
    struct c2pa_file file;
    int rc = c2pa_file_open(source, arena, &file, why);

    if (rc == SH_OK && file.store != C2PA_STORE_FOUND)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "it has no credentials to update%s%s; sign it without --update",
                       file.cause.text[0] ? ": " : "", file.cause.text);
    if (rc == SH_OK)
        rc = c2pa_file_store(&file, arena, parts, &options.part_count, why);
    return rc == SH_OK ? c2pa_store_parse(&options, arena, store, why) : rc;
}

/* Label and message of each, with their lengths before them. */
static int tell(const struct c2pa_stampable *list, size_t count, const struct proc_side *side,
                struct why *why)
{
    struct bytes report;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    for (size_t i = 0; i < count; i++) {
        bytes_u32(&report, (uint32_t)list[i].label.len);
        bytes_slice(&report, list[i].label);
        bytes_u32(&report, (uint32_t)list[i].message.len);
        bytes_slice(&report, list[i].message);
    }
    rc = bytes_check(&report, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&report));
    bytes_release(&report);
    return rc;
}

static int stampable_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const int *in = ctx;
    const int fds[] = {side->fd, *in, STDERR_FILENO};
    const struct cage_rules rules = {.profile = CAGE_COPY,
                                     .keep = fds,
                                     .keep_count = COUNT_OF(fds),
                                     .memory_bytes = LIMIT_READER_MEMORY,
                                     .cpu_s = LIMIT_CAGE_CPU_S};
    struct c2pa_stampable list[LIMIT_WRITE_STAMPED];
    struct c2pa_store *store = NULL;
    struct bmff_source source;
    struct arena arena;
    size_t count = 0;
    int rc = cage_enter(&rules, NULL, why);

    arena_init(&arena, LIMIT_C2PA_ARENA);
    if (rc == SH_OK)
        rc = role_source(in, &source, why);
    if (rc == SH_OK)
        rc = store_open(&source, &arena, &store, why);
    if (rc == SH_OK)
        rc = c2pa_write_stampable(store, &arena, list, &count, why);
    if (rc == SH_OK)
        rc = tell(list, count, side, why);
    arena_release(&arena);
    return rc;
}

int role_sign_stampable(int in, struct role_stampable *out, struct why *why)
{
    struct proc_task task = {
        .name = "the reader", .run = stampable_run, .ctx = &in, .timeout_s = LIMIT_CAGE_WAIT_S};
    struct cursor cur;
    int rc;

    out->count = 0;
    bytes_init(&out->data, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &out->data, why);
    if (rc != SH_OK)
        return rc;
    cur = cursor_of(bytes_view(&out->data));
    while (rd_left(&cur) && out->count < LIMIT_WRITE_STAMPED) {
        struct c2pa_stampable *one = &out->list[out->count++];

        one->label = rd_bytes(&cur, rd_u32(&cur));
        one->message = rd_bytes(&cur, rd_u32(&cur));
        for (size_t i = 0; i + 1 < out->count; i++)
            if (slice_equal(out->list[i].label, one->label))
                cur.failed = true;
    }
    if (cur.failed || rd_left(&cur) || !out->count)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "the reader gave an answer that makes no sense; nothing of it was used");
    return SH_OK;
}
