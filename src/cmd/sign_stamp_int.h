/* sign_stamp_int -- `sign --tsa URL`: a time stamp of somebody else's server, over HTTP. */
#ifndef CMD_SIGN_STAMP_INT_H
#define CMD_SIGN_STAMP_INT_H

#include "c2pa/write.h"
#include "cmd/cmd.h"
#include "fetcher/fetcher.h"
#include "role/role.h"

struct sign_stamp {
    const char *url; /* http or https; NULL: no stamp is wanted */
    bool failed;     /* it was asked, and there is no stamp */
    struct fetcher_options fetch;
    struct url_allowed allowed[CMD_MANY_MAX];
};
/*
 * Before anything is written: --tsa, --allow-host and --trust into *out, which stays where it
 * is.  Another code than CMD_DONE: what was wrong has been said.
 */
int sign_stamp_options(const struct cmd *cmd, const struct cmd_args *args,
                       struct sign_stamp *out);
/*
 * For c2pa_write_signer.stamp, ctx is the struct sign_stamp: sends the SHA-256 of message to
 * the server, has the answer read in a cage, and appends the token.  Who the server is and
 * whether anybody trusts it is for those who verify.
 */
MUST_CHECK int sign_stamp_get(void *ctx, struct slice message, struct bytes *token,
                              struct why *why);

/*
 * With --update: tokens of that server for the signatures of earlier manifests in the file
 * (C2PA 18.17).  All is the caller's to release, always.
 */
struct sign_tokens {
    struct c2pa_write_token list[LIMIT_WRITE_STAMPED];
    size_t count;
    struct role_stampable of;
    struct bytes data[LIMIT_WRITE_STAMPED];
};
MUST_CHECK int sign_stamp_earlier(struct sign_stamp *stamp, int in, struct sign_tokens *out,
                                  struct why *why);
void sign_tokens_release(struct sign_tokens *tokens);

#endif
