/* credentials_int -- two caged processes that hash the leaves of one file. */
#ifndef ROLE_CREDENTIALS_INT_H
#define ROLE_CREDENTIALS_INT_H

#include "role/role_int.h"
#include "x509/x509.h"

/*
 * The second process waits until it is asked, then reads the same file, comes to the same
 * leaves, and hashes those that it was asked for.  It is not needed: whoever asks and hears
 * nothing hashes them himself.
 */
struct role_second {
    int ask[2]; /* pipes: [0] is read, [1] written; -1: there is no second process */
    int answer[2];
    int pid;
};

/* One verification, in the process that does it. */
struct role_work {
    const struct role_credentials *ask;
    const struct role_second *second;
    struct bmff_source plain; /* the file, */
    struct bmff_source *file; /* telling how far it is; behind it the fragments */
    const struct proc_side *side;
    uint64_t told;
    bool asked; /* the second process was woken */
};

/* Descriptors that work needs, into keep (LIMIT_CAGE_KEEP); extra: more, ended by -1. */
size_t role_work_keep(const struct role_credentials *ask, const int extra[3], int *keep);
/* The options for c2pa_verify; trust lives in the arena. */
MUST_CHECK int role_work_options(struct role_work *work, struct x509_trust *trust,
                                 struct arena *arena, struct c2pa_options *options,
                                 struct why *why);
/* Sources over the descriptors; fds must outlive them. */
MUST_CHECK int role_work_open(struct role_work *work, struct arena *arena, struct why *why);

/* In the keeper: start and end the second process; without it all goes on. */
void role_second_start(struct role_second *second, const struct role_credentials *ask);
void role_second_end(struct role_second *second);
/* c2pa_options.share of the first process; ctx is struct role_work. */
int role_second_share(void *ctx, const struct c2pa_leaves *leaves, struct why *why);

#endif
