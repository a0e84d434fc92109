/* The planned file as a source: what would be written, read before it is. */
#include "bmff/bmff.h"

#include <string.h>

/* Bring preview->run to the run that holds offset, which lies behind the head. */
static bool find_run(struct bmff_preview *preview, uint64_t offset)
{
    if (offset < preview->from) {
        bmff_plan_rewind(preview->plan);
        preview->run = (struct bmff_run){.len = 0};
        preview->from = preview->plan->head.len;
    }
    while (offset - preview->from >= preview->run.len) {
        preview->from += preview->run.len;
        if (!bmff_plan_next(preview->plan, &preview->run)) {
            preview->from = UINT64_MAX; /* the next search begins anew */
            return false;
        }
    }
    return true;
}

static int read_preview(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    struct bmff_preview *preview = ctx;
    struct slice head = bytes_view(&preview->plan->head);
    uint8_t *at = buf;
    int rc = SH_OK;

    while (rc == SH_OK && len > 0) {
        uint64_t inside;
        size_t part;

        if (offset < head.len) {
            part = head.len - (size_t)offset < len ? head.len - (size_t)offset : len;
            memcpy(at, head.ptr + offset, part);
        } else if (!find_run(preview, offset)) {
            rc = why_set(why, SH_EIO, offset, "read past the end of the new file");
            break;
        } else {
            inside = offset - preview->from;
            part = preview->run.len - inside < len ? (size_t)(preview->run.len - inside) : len;
            if (preview->run.bytes)
                memcpy(at, preview->run.bytes + inside, part);
            else
                rc = preview->clip->read_at(preview->clip->ctx, preview->run.offset + inside,
                                            at, part, why);
        }
        at += part;
        offset += part;
        len -= part;
    }
    return rc;
}

struct bmff_source bmff_preview_source(struct bmff_preview *preview)
{
    preview->from = UINT64_MAX;
    preview->run = (struct bmff_run){.len = 0};
    return (struct bmff_source){
        .read_at = read_preview, .ctx = preview, .size = preview->plan->facts.file_bytes};
}
