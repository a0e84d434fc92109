/*
 * restore_int -- a backup file becomes a directory that was checked, inside of a cage.
 *
 * What:    anybody can seal a file to the archive key, for it is public.  So a backup is not
 *          believed: its channel must be the sheet's, its public tree must hold, its keys must
 *          be those of the identity note, its files must have the hashes in their names.
 * Errors:  SH_EFORMAT, SH_ECRYPT, SH_ENOTFOUND (sealed for another sheet), SH_ECONFLICT
 *          (another channel, keys that do not belong), SH_EIO.
 */
#ifndef CMD_RESTORE_INT_H
#define CMD_RESTORE_INT_H

#include "cmd/cmd.h"
#include "proc/proc.h"

struct cmd_unpack {
    int in;    /* the backup */
    int stage; /* an empty directory */
    const struct sheet *sheet;
};
/* The work of the child: a proc_task's run, with a struct cmd_unpack for ctx. */
int cmd_unpack_run(void *ctx, const struct proc_side *side, struct why *why);
/*
 * Is what was unpacked the channel of this sheet, do its public tree and its keys hold?  The
 * sentence of what does not is in lang.
 */
MUST_CHECK int cmd_restore_check(int stage, const struct sheet *sheet, enum lang lang,
                                 struct why *why);

#endif
