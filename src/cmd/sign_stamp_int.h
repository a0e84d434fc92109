/* sign_stamp_int -- `sign --tsa URL`: a time stamp of somebody else's server, over HTTP. */
#ifndef CMD_SIGN_STAMP_INT_H
#define CMD_SIGN_STAMP_INT_H

#include "base/base.h"
#include "fetcher/fetcher.h"

struct sign_stamp {
    const char *url; /* http or https */
    struct fetcher_options fetch;
};
/* Before anything is written: the address, and whether stillhere-fetch is there. */
MUST_CHECK int sign_stamp_check(const struct sign_stamp *stamp, struct why *why);
/*
 * For c2pa_write_signer.stamp, ctx is the struct sign_stamp: sends the SHA-256 of message to
 * the server, has the answer read in a cage, and appends the token.  Who the server is and
 * whether anybody trusts it is for those who verify.
 */
MUST_CHECK int sign_stamp_get(void *ctx, struct slice message, struct bytes *token,
                              struct why *why);

#endif
