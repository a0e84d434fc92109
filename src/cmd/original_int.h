/*
 * original_int -- a sealed original is opened: in a cage, from a descriptor to a descriptor.
 *
 * Errors:  SH_ENOTFOUND (sealed for another sheet), SH_ECRYPT (changed), SH_EFORMAT, SH_EIO.
 */
#ifndef CMD_ORIGINAL_INT_H
#define CMD_ORIGINAL_INT_H

#include "cmd/cmd.h"
#include "cmd/sheet_int.h"

struct cmd_unseal {
    const struct cmd *cmd;
    int in, out;
    uint64_t sealed_bytes;
    const struct cmd_sheets *sheets; /* whose archive secrets are tried */
};
/*
 * The clip's bytes to out, and what its tail says, which the caller must not believe: it is
 * made by whoever had the public archive key.
 */
MUST_CHECK int cmd_unseal(const struct cmd_unseal *job, struct original *said, struct why *why);

#endif
