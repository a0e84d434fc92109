/* Media segments of a set that is signed: each gets a box that says which leaf it is. */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "role/role_int.h"
#include "role/sign_int.h"

#define SEGMENT_REPORT_BYTES (4 + CRYPT_DIGEST_BYTES)

static int track_check(const struct role_segment *segment, uint32_t track, struct why *why)
{
    if (!segment->track || segment->track == track)
        return SH_OK;
    return why_set(
        why, SH_EUNSUPPORTED, WHY_NOWHERE,
        "this segment is of track %u, the first one is of track %u; sign those of each "
        "track by themselves, with their own init segment",
        (unsigned)track, (unsigned)segment->track);
}

static int segment_copy(const struct role_segment *segment, struct c2pa_splice *splice,
                        const struct proc_side *side, struct why *why)
{
    const struct c2pa_write_tree tree = {.unique_id = ROLE_SEGMENTS_ID,
                                         .local_id = splice->track};
    uint8_t report[SEGMENT_REPORT_BYTES] = {
        (uint8_t)(splice->track >> 24), (uint8_t)(splice->track >> 16),
        (uint8_t)(splice->track >> 8), (uint8_t)splice->track};
    struct c2pa_write_hash hash;
    struct bytes box;
    int rc = track_check(segment, splice->track, why);

    bytes_init(&box, LIMIT_PAGE_BYTES);
    if (rc == SH_OK)
        rc = c2pa_write_merkle(&tree, segment->location, slice_of(NULL, 0), &box, why);
    if (rc == SH_OK)
        rc = c2pa_splice_room(splice, box.len, why);
    if (rc == SH_OK) {
        c2pa_write_hash_init(&hash, splice->size, 0, NULL);
        rc = role_sign_copy(splice, &hash, segment->out, side, why);
    }
    if (rc == SH_OK)
        rc = c2pa_write_hash_done(&hash, report + 4, why);
    if (rc == SH_OK)
        rc = io_write_at(segment->out, splice->box_at, bytes_view(&box), why);
    if (rc == SH_OK)
        proc_report(side, slice_of(report, sizeof(report)));
    bytes_release(&box);
    return rc;
}

static int segment_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct role_segment *segment = ctx;
    const int fds[] = {side->fd, segment->in, segment->out, STDERR_FILENO};
    const struct cage_rules rules = {.profile = CAGE_COPY,
                                     .keep = fds,
                                     .keep_count = COUNT_OF(fds),
                                     .file_bytes = LIMIT_SPLICE_BYTES,
                                     .memory_bytes = LIMIT_READER_MEMORY,
                                     .cpu_s = LIMIT_CAGE_CPU_S};
    struct c2pa_splice splice;
    struct bmff_source source;
    int rc = cage_enter(&rules, NULL, why);

    if (rc == SH_OK)
        rc = role_source(&segment->in, &source, why);
    if (rc == SH_OK)
        rc = c2pa_splice_plan(&source, C2PA_SPLICE_SEGMENT, &splice, why);
    if (rc != SH_OK)
        return rc;
    rc = segment_copy(segment, &splice, side, why);
    c2pa_splice_release(&splice);
    return rc;
}

int role_sign_segment(struct role_segment *segment, uint8_t leaf[CRYPT_DIGEST_BYTES],
                      struct why *why)
{
    struct proc_task task = {.name = "the writer",
                             .run = segment_run,
                             .ctx = segment,
                             .timeout_s = LIMIT_CAGE_WAIT_S};
    struct bytes report;
    struct cursor cur;
    uint32_t track;
    int rc;

    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    cur = cursor_of(bytes_view(&report));
    track = rd_u32(&cur);
    if (rc == SH_OK && (report.len != SEGMENT_REPORT_BYTES || !track ||
                        (segment->track && segment->track != track)))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "the writer gave an answer that makes no sense; nothing of it was used");
    if (rc == SH_OK) {
        segment->track = track;
        memcpy(leaf, report.ptr + 4, CRYPT_DIGEST_BYTES);
    }
    bytes_release(&report);
    return rc;
}
