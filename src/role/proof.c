/* The checking role for a proof: what strangers wrote is read in a cage. */
#include <stdlib.h>

#include "cage/cage.h"
#include "role/role_int.h"

struct task {
    const struct verify_proof *proof;
    int dir;
};

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return role_file_read(*(const int *)ctx, path, out, why);
}

static int check_proof(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct task *task = ctx;
    int dir = task->dir;
    const int keep[] = {side->fd, dir};
    const struct cage_path paths[] = {{dir, CAGE_READ}};
    const struct cage_rules rules = {.profile = dir < 0 ? CAGE_COPY : CAGE_LOOK,
                                     .keep = keep,
                                     .keep_count = dir < 0 ? 1 : COUNT_OF(keep),
                                     .paths = paths,
                                     .path_count = dir < 0 ? 0 : COUNT_OF(paths)};
    const struct verify_source tree = {.ctx = &dir, .read = read_file};
    struct verify_proof proof = *task->proof;
    struct verify_report *report;
    struct bytes out;
    int rc = cage_enter(&rules, NULL, why);

    if (rc < 0)
        return rc;
    /* RAW: a report is too large for the stack of a small machine. */
    report = calloc(1, sizeof(*report));
    if (!report)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    bytes_init(&out, LIMIT_REPORT_BYTES);
    proof.tree = dir < 0 ? NULL : &tree;
    rc = verify_proof(&proof, report, why);
    if (rc == SH_OK) {
        verify_report_build(report, &out);
        rc = bytes_check(&out, why);
    }
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    free(report);
    return rc;
}

int role_verify_proof(const struct verify_proof *proof, int dir, struct verify_report *report,
                      struct why *why)
{
    struct task ctx = {.proof = proof, .dir = dir};
    const struct proc_task task = {.name = "the checker", .run = check_proof, .ctx = &ctx};
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK)
        rc = verify_report_parse(bytes_view(&raw), report, why);
    bytes_release(&raw);
    return rc;
}
