/* The checking role for a proof: what strangers wrote is read in a cage. */
#include "role/role_int.h"

struct task {
    const struct verify_proof *proof;
    int dir;
};

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return role_file_read(*(const int *)ctx, path, out, why);
}

static int check_proof(const void *ctx, struct verify_report *report, struct why *why)
{
    const struct task *task = ctx;
    int dir = task->dir;
    const struct verify_source tree = {.ctx = &dir, .read = read_file};
    struct verify_proof proof = *task->proof;

    proof.tree = dir < 0 ? NULL : &tree;
    return verify_proof(&proof, report, why);
}

int role_verify_proof(const struct verify_proof *proof, int dir, struct verify_report *report,
                      struct why *why)
{
    const struct task task = {.proof = proof, .dir = dir};

    return role_report_caged(
        &(struct role_report_task){.dir = dir, .check = check_proof, .ctx = &task}, report,
        why);
}
