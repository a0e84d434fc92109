/*
 * What post, checkin, correct and publish share: a dispatch that is logged now, or sealed.
 */
#ifndef CMD_SEAL_INT_H
#define CMD_SEAL_INT_H

#include "cmd/cmd.h"

/* --publish */
struct cmd_when {
    bool sealed; /* not public at once */
    uint64_t at; /* when it is to be; 0 = when its keeper says */
};
#define CMD_PUBLISH_OPTION                                                                     \
    {                                                                                          \
        "publish", "WHEN", "now (the default), 6h, 24h, a time, or when-i-say"                 \
    }
/* text may be NULL: now. */
MUST_CHECK int cmd_publish_when(const char *text, const struct channel *channel,
                                struct cmd_when *out, struct why *why);
/* A dispatch to be logged. */
struct cmd_logging {
    struct channel_append *append; /* its files and their job, or none */
    struct document *doc;
    const struct cmd_when *when;
};
/*
 * Log it and answer.  Sealed: without its time; with covers on it waits for the next slot.  The
 * channel is open for writing.
 */
MUST_CHECK int cmd_log(const struct cmd *cmd, struct channel *channel,
                       const struct cmd_logging *logging, struct why *why);
/* The document of an open entry: appends its bytes to raw. */
MUST_CHECK int cmd_open_document(struct channel *channel, struct bytes *raw, struct why *why);
/* For a server: whatever is due, without an answer; the lock is taken only if something is. */
MUST_CHECK int cmd_publish_due(const struct cmd *cmd, const char *home, struct why *why);
/* "will be published at ..." or "when you say so". */
void cmd_when_line(const struct cmd *cmd, const struct channel *channel, struct bytes *out,
                   uint64_t index, uint64_t at);

#endif
