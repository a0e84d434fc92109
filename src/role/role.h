/*
 * role -- the processes that have one power each: who signs, who reads hostile clips, who
 * decodes.  The caller is the keeper: it holds the channel, and believes none of them.
 *
 * Spec:    ARCHITECTURE.md 8 and "The walk of one dispatch"; safety.md 2.6.
 * Shapes:  a clip and a draft are descriptors of regular files, read by offset.
 * Memory:  nothing outlives a call; descriptors stay the caller's.
 * Errors:  SH_EFORMAT, SH_EUNSUPPORTED, SH_ELIMIT: the clip is refused, the text says what to
 *          do.  SH_EIO: a process failed or was stopped.  SH_ECRYPT: the key does not fit.
 * Threads: call from a process of one thread.
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "base/base.h"
#include "bmff/bmff.h"
#include "channel/channel.h"
#include "verify/verify.h"

/*
 * The signer of channel's log.  Each signature is made by a child that reads
 * private/keys/log.key, enters a cage with nothing but its pipe, and signs only what is exactly
 * the text of a checkpoint of this channel, no smaller than the log is.  The caller never holds
 * the key.
 */
struct channel_signer role_signer(struct channel *channel);

/* verify_channel on the public tree at dir, in a child that can only read below it. */
MUST_CHECK int role_verify(int dir, const struct channel_id *expected,
                           struct verify_report *report, struct why *why);

/* Called now and then with the bytes of the new file that are written. */
struct role_progress {
    void (*step)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/*
 * Read a clip in a cage and write the rebuilt one to draft, an empty file open for reading and
 * writing; draft -1: only say what it would be.  facts have passed range checks, and draft has
 * the size that they name.  progress may be NULL.
 */
MUST_CHECK int role_read(int clip, int draft, const struct role_progress *progress,
                         struct bmff_facts *facts, struct why *why);
/*
 * Read the draft in a second cage: does it hold what facts say and nothing that our writer does
 * not write?
 */
MUST_CHECK int role_check(int draft, const struct bmff_facts *facts, struct why *why);

struct role_picture {
    uint64_t bytes;
    uint32_t width; /* pixels */
    uint32_t height;
};
/*
 * Make a poster of the draft by stillhere-media and write it to out, an empty file open for
 * reading and writing; what comes back is checked here.
 */
MUST_CHECK int role_poster(int draft, int out, struct role_picture *picture, struct why *why);
/* Is stillhere-media where role_poster looks for it? */
bool role_media_is_there(void);

/*
 * Is it a JPEG with nothing in it but a picture: SOI, APP0 (JFIF without a thumbnail), DQT,
 * SOF0 or SOF2, DHT, DRI, SOS, EOI, and not a byte behind?  Pure.
 */
MUST_CHECK int role_jpeg_check(struct slice raw, struct role_picture *picture, struct why *why);

#endif
