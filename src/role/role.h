/*
 * role -- the program's processes: each holds one power, and enters its cage in its first lines.
 *
 * Spec:    ARCHITECTURE.md, "Roles: one process, one power".
 * Shapes:  what comes back from a child is checked again before it is used.
 * Memory:  results are the caller's.
 * Errors:  the child's own cause, or in plain words how its process ended.
 * Threads: call from a process of one thread; each call forks.
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "base/base.h"
#include "channel/channel.h"
#include "verify/verify.h"

/* ---- signer (signer.c) ---- */

/*
 * Signs checkpoints of this channel: a child that reads the log key, enters its cage, and signs
 * its one message only when that is a checkpoint with this channel's origin.  The keeper never
 * holds the key.  Borrows channel.
 */
struct channel_signer role_signer(struct channel *channel);

/* ---- checker of trees (verify.c) ---- */

/* verify_channel on the public tree at dir, in a child that can only read below it. */
MUST_CHECK int role_verify(int dir, const struct channel_id *expected,
                           struct verify_report *report, struct why *why);

/* ---- reader, checker of drafts, poster: see below ---- */

#endif
