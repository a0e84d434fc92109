/* What the files of the auditing role share. */
#ifndef ROLE_AUDIT_INT_H
#define ROLE_AUDIT_INT_H

#include "role/role.h"

/* One child of an audit. */
struct role_auditor {
    const struct role_audit *audit;
    unsigned number;   /* 0: tells everything; others only of files that they read */
    int told;          /* descriptor for what is told */
    uint64_t *tickets; /* shared: the next blob that nobody has taken */
    uint64_t ticket;   /* of this child; the number of a blob in the order of the walk */
    uint64_t seen;     /* blobs passed */
    struct bytes out;  /* not yet written */
    uint64_t items, more;
    bool failed;
};

/* Add one item to what is told; a full pipe or disk sets failed. */
void role_audit_tell(struct role_auditor *auditor, const struct role_audit_item *item);
void role_audit_flush(struct role_auditor *auditor);
/* What the other copy has right and ours does not (audit_other.c). */
MUST_CHECK int role_audit_other(struct role_auditor *auditor,
                                const struct verify_report *report, struct why *why);

#endif
