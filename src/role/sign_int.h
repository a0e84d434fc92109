/* Private to the parts of role_sign. */
#ifndef ROLE_SIGN_INT_H
#define ROLE_SIGN_INT_H

#include "bmff/bmff.h"
#include "c2pa/c2pa.h"
#include "c2pa/write.h"
#include "proc/proc.h"
#include "role/role.h"

/*
 * What the reader found about the credentials that a file brings, as those of the next file
 * have it (C2PA 18.15.6): of the active manifest, and what is new about the ingredients of
 * each.  Appends struct c2pa_write_result, which borrow from the report.  SH_EFORMAT: nobody
 * could read on from there.
 */
MUST_CHECK int role_results_take(const struct c2pa_report *report, struct bytes *list,
                                 struct why *why);

/* What was found about the credentials that a file brings. */
struct sign_parent {
    const int *pieces; /* segments that an init segment has, descriptors */
    size_t piece_count;
    struct arena arena;   /* what the results borrow from */
    struct bytes results; /* of struct c2pa_write_result */
    enum c2pa_state state;
    struct slice cause; /* of C2PA_INVALID, for people */
};
/* In the child.  out is zeroed but for pieces, arena and bytes, which the caller releases. */
MUST_CHECK int role_sign_look_parent(const struct bmff_source *source, uint64_t now,
                                     struct sign_parent *out, struct why *why);

/* One pass: read, set right, hash (NULL: not), write. */
MUST_CHECK int role_sign_copy(struct c2pa_splice *splice, struct c2pa_write_hash *hash, int out,
                              const struct proc_side *side, struct why *why);

#endif
