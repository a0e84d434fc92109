/* The reader of a time stamp: what a server on the net sent is taken apart in a cage. */
#include "cage/cage.h"
#include "role/role_int.h"
#include "stamp/stamp.h"

#define ARENA_BYTES                                                                            \
    (1u << 20) /* Not a cap: LIMIT_STAMP_CERTS certificates, LIMIT_STAMP_BYTES once more */

struct task {
    const struct stamp_query *query;
    struct slice response;
};

static int read_answer(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct task *task = ctx;
    struct slice token;
    struct arena arena;
    struct bytes place;
    int rc = role_reader_cage(&side->fd, 1, why);

    if (rc != SH_OK)
        return rc;
    arena_init(&arena, ARENA_BYTES);
    rc = stamp_answer(task->query, task->response, &arena, &token, why);
    if (rc == SH_OK) {
        bytes_init(&place, 8);
        bytes_u32(&place, (uint32_t)(token.ptr - task->response.ptr));
        bytes_u32(&place, (uint32_t)token.len);
        proc_report(side, bytes_view(&place));
        bytes_release(&place);
    }
    arena_release(&arena);
    return rc;
}

int role_stamp_answer(const struct stamp_query *query, struct slice response,
                      struct bytes *token, struct why *why)
{
    struct task task = {.query = query, .response = response};
    const struct proc_task child = {.name = "the reader of the time stamp",
                                    .run = read_answer,
                                    .ctx = &task,
                                    .timeout_s = LIMIT_STAMP_READ_S};
    struct bytes report;
    struct cursor cur;
    uint32_t from, len;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&child, &report, why);
    cur = cursor_of(bytes_view(&report));
    from = rd_u32(&cur);
    len = rd_u32(&cur);
    if (rc == SH_OK && (cur.failed || rd_left(&cur) || from > response.len ||
                        len > response.len - from || !len))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "the reader of the time stamp gave an answer that makes no sense");
    if (rc == SH_OK) {
        bytes_slice(token, slice_sub(response, from, len));
        rc = bytes_check(token, why);
    }
    bytes_release(&report);
    return rc;
}
