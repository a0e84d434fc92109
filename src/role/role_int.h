/*
 * What the roles share: facts and reports on the pipe.
 */
#ifndef ROLE_ROLE_INT_H
#define ROLE_ROLE_INT_H

#include "proc/proc.h"
#include "role/role.h"

/* As verify_source.read and .hash, below the directory dir; sha256 NULL: only its size. */
MUST_CHECK int role_file_read(int dir, const char *path, struct bytes *out, struct why *why);
MUST_CHECK int role_file_hash(int dir, const char *path, uint8_t sha256[32], uint64_t *bytes,
                              struct why *why);

/*
 * Run check(ctx, report) in a cage in which nothing can be opened but below dir (-1: nothing at
 * all), and take its report over the pipe.  dir must be open where ctx reads from it.
 */
struct role_report_task {
    int dir;
    int (*check)(const void *ctx, struct verify_report *report, struct why *why);
    const void *ctx;
};
MUST_CHECK int role_report_caged(const struct role_report_task *task,
                                 struct verify_report *report, struct why *why);

/* A source over a regular file; *fd must outlive it.  SH_EFORMAT for anything else. */
MUST_CHECK int role_source(const int *fd, struct bmff_source *source, struct why *why);

/* Enter the cage of those who read clips: nothing but these descriptors. */
MUST_CHECK int role_reader_cage(const int *fds, size_t count, struct why *why);

/*
 * Unpack Brotli (RFC 7932) into out, up to its max: c2pa_options.inflate.  SH_ELIMIT: there is
 * more; SH_EFORMAT: it is none, or not all of packed.  ctx is not looked at.
 */
MUST_CHECK int role_inflate(void *ctx, struct slice packed, struct bytes *out, struct why *why);

/* In the child: a report of any length. */
void role_send(const struct proc_side *side, struct slice whole);

#define ROLE_FACTS_BYTES (4 * 8 + 11 * 4)
/* In the child. */
void role_facts_send(const struct proc_side *side, const struct bmff_facts *facts);
/* In the keeper: nothing outside of limits.h, the fixed codes and bits gets through. */
MUST_CHECK int role_facts_take(struct slice report, const char *name, struct bmff_facts *facts,
                               struct why *why);

/*
 * What other caged children answer, taken by the keeper in the same way: the whole frame, or
 * SH_EFORMAT and nothing of it is used.  role_inspect's; role_credentials'; role_known's, whose
 * out->pem is released by the caller also after a failure.
 */
MUST_CHECK int role_inspection_parse(struct slice report, struct role_inspection *out,
                                     struct why *why);
MUST_CHECK int role_seen_parse(struct slice raw, struct arena *arena, struct role_seen *out,
                               struct why *why);
MUST_CHECK int role_known_parse(struct slice raw, struct verify_report *report,
                                struct role_known *out, struct why *why);

#endif
