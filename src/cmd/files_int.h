/*
 * files_int -- files that a person names: sheets and backups, outside of the channel.
 *
 * Memory:  a place borrows the path and owns a descriptor: io_close(&place.dir).
 * Errors:  SH_ECONFLICT when a file is there already, SH_ENOTFOUND for the folder, SH_EIO.
 */
#ifndef CMD_FILES_INT_H
#define CMD_FILES_INT_H

#include "base/base.h"

struct cmd_place {
    int dir;
    const char *base; /* the last part of the path */
    const char *path; /* all of it, for messages */
};
/* Open a clip to read; when that cannot be, the message has its name and a way out. */
MUST_CHECK int cmd_clip_open(const char *name, int *out, struct why *why);
/*
 * SH_EARG when path, or where it would lie, is inside of a public tree of any channel, which
 * everybody can read: no place for keys and sheets.
 */
MUST_CHECK int cmd_place_private(const char *path, struct why *why);
/* Open the folder that path lies in. */
MUST_CHECK int cmd_place_open(const char *path, struct cmd_place *out, struct why *why);
/*
 * SH_EARG when it lies in home's public/ or private/: a file below public/ would be served, one
 * below private/ lost with the machine.
 */
MUST_CHECK int cmd_place_outside(const struct cmd_place *place, const char *home,
                                 struct why *why);
/* Make name beside place, mode 0600; what is there already, be it a link, is left alone. */
MUST_CHECK int cmd_place_create(const struct cmd_place *place, const char *name, int *fd,
                                struct why *why);
/* Make path, write data, and wait until both are on the disk.  Deleted again on failure. */
MUST_CHECK int cmd_file_write(const char *path, struct slice data, struct why *why);
/* "stillhere -C HOME verb" as a person would type it; a strange home is put in quotes. */
void cmd_command_line(char *out, size_t size, const char *home, const char *verb);

#endif
