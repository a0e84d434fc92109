/* io, private: what its files share. */
#ifndef IO_IO_INT_H
#define IO_IO_INT_H

#include "io/io.h"

/* "t-" and 16 hex digits, NUL. */
#define IO_TMP_NAME_BYTES 20
#define IO_PATH_BYTES 256

/* SH_ENOTFOUND for ENOENT, else SH_EIO: "<path>: <what>: <strerror>". */
int io_fail(struct why *why, const char *path, const char *what);
/* The directory part of path into out ("." when there is none). */
MUST_CHECK int io_parent(const char *path, char out[IO_PATH_BYTES], struct why *why);
/* A new file below target->tmp_dir holding data, with mode and mtime set, not fsynced. */
MUST_CHECK int io_temporary(const struct io_target *target, struct slice data,
                            char name[IO_TMP_NAME_BYTES], int *fd, struct why *why);
/* Fill an open new file; its descriptor stays open. */
MUST_CHECK int io_fill(int fd, const struct io_target *target, struct slice data,
                       struct why *why);
/* "t-" and 16 hex digits. */
void io_tmp_name(char name[IO_TMP_NAME_BYTES]);
/* rename; makes the directories of the new name when they are missing, durable if sync. */
MUST_CHECK int io_rename(const struct io_move *move, enum io_sync sync, struct why *why);
MUST_CHECK int io_folders(int dir, const char *path, mode_t mode, enum io_sync sync,
                          struct why *why);

#endif
