/*
 * io -- files, time and randomness: every system call on them outside of SQLite.
 *
 * Spec:    POSIX.1-2008; durability rules of ARCHITECTURE.md ("The walk of one dispatch").
 * Shapes:  path   relative to a directory descriptor, never absolute, never with "..".
 * Memory:  the caller owns descriptors and buffers.
 * Errors:  SH_EIO with the path and strerror; SH_ENOTFOUND for ENOENT; SH_ELIMIT.
 *          A failed fsync is final: the caller must stop, never retry on the same descriptor.
 * Threads: no state.
 */
#ifndef IO_IO_H
#define IO_IO_H

#include <limits.h>
#include <sys/types.h>

#include "base/base.h"

/* Whole file into out (cleared first).  SH_ENOTFOUND, SH_ELIMIT beyond out->max, SH_EIO. */
MUST_CHECK int io_read(int dir, const char *path, struct bytes *out, struct why *why);
/* Everything that is left in a descriptor. */
MUST_CHECK int io_read_fd(int fd, struct bytes *out, struct why *why);
MUST_CHECK int io_write_fd(int fd, struct slice data, struct why *why);
/* How its cause begins, where several files could be meant. */
#define IO_WRITE_AT_FAILED "the new file cannot be written"
/* All of data at an offset of a new file. */
MUST_CHECK int io_write_at(int fd, uint64_t at, struct slice data, struct why *why);
/* Exactly len bytes of a pipe between two of ours; false: it ended before, or failed. */
MUST_CHECK bool io_read_exactly(int fd, void *out, size_t len);
/* mkdir -p of a relative path, mode 0755 or 0700. */
MUST_CHECK int io_mkdirs(int dir, const char *path, mode_t mode, struct why *why);
/* mkdir -p of the directory part of path. */
MUST_CHECK int io_mkdirs_for(int dir, const char *path, mode_t mode, struct why *why);

enum io_sync { IO_SYNC, IO_NO_SYNC };
/*
 * Replace dir/path by data in one step: write tmp_dir/<random>, set its mtime (0 = now) and
 * mode, fsync, rename, fsync the directory of path (IO_NO_SYNC: neither fsync).  Missing
 * directories are made.  tmp_dir must be on the same file system and outside of public/.
 */
struct io_target {
    int dir;
    const char *path;
    int tmp_dir;
    mode_t mode;
    uint64_t mtime_s;
    enum io_sync sync;
};
MUST_CHECK int io_replace(const struct io_target *target, struct slice data, struct why *why);
/*
 * A folder that is not there yet, whole in one step: files of target->mode and mtime_s below
 * tmp_dir/<random>, then one rename to target->path; nothing is fsynced.  Files with the same
 * bytes (the same pointer) are one file under several names.  SH_ECONFLICT: the folder is there
 * already, or something else under its name.
 */
struct io_file {
    const char *name; /* without a slash */
    struct slice data;
};
MUST_CHECK int io_folder_put(const struct io_target *target, const struct io_file *files,
                             size_t count, struct why *why);
/* rename dir_a/a -> dir_b/b, making directories (0755); durable. */
MUST_CHECK int io_move(int dir_a, const char *a, int dir_b, const char *b, struct why *why);
MUST_CHECK int io_sync_fd(int fd, const char *what, struct why *why);
/* fsync the directory that holds dir/path. */
MUST_CHECK int io_sync_parent(int dir, const char *path, struct why *why);
/*
 * fsync the directory that holds the open directory dir, whatever it is called and however long
 * its path is: for a home that was just made.  what names it in the cause.
 */
MUST_CHECK int io_sync_above(int dir, const char *what, struct why *why);
/* Remove a tree below dir; missing is fine.  Never follows symbolic links. */
MUST_CHECK int io_remove_tree(int dir, const char *path, struct why *why);
bool io_exists(int dir, const char *path);
/*
 * The path of the program `name` that came with this one: beside it, or in ../libexec of where
 * it is installed; false when it is nowhere.  or_above: one folder up, too, as for the tests of
 * a build tree.  Not from the environment: whoever can set that is not asked.
 */
MUST_CHECK bool io_find_beside(const char *name, bool or_above, char path[PATH_MAX]);
/* Open a regular file for reading; SH_ENOTFOUND, SH_EFORMAT when it is something else. */
MUST_CHECK int io_open_file(int dir, const char *path, int *out, struct why *why);
/* Size and mtime in seconds; SH_ENOTFOUND. */
MUST_CHECK int io_stat(int dir, const char *path, uint64_t *bytes, uint64_t *mtime_s,
                       struct why *why);
/* Open a directory; SH_ENOTFOUND. */
MUST_CHECK int io_open_dir(int dir, const char *path, int *out, struct why *why);
/* Close a descriptor if it is >= 0 and set it to -1. */
void io_close(int *fd);

/*
 * Several files that become durable together with few waits: contents are written to temporary
 * files at once, io_batch_done then fsyncs each, renames all in the order they were added, and
 * fsyncs every directory that changed once.  Example: document, entry tile and tile of one
 * commit.  Temporary files that were not renamed are deleted by io_batch_release.
 */
struct io_batch {
    int tmp_dir;
    enum io_sync sync;  /* IO_NO_SYNC: nothing is waited for, the caller calls syncfs */
    struct bytes items; /* of struct io_batch_item */
};
void io_batch_init(struct io_batch *batch, int tmp_dir);
size_t io_batch_count(const struct io_batch *batch);
/* target->tmp_dir and sync are not looked at; path is copied. */
MUST_CHECK int io_batch_put(struct io_batch *batch, const struct io_target *target,
                            struct slice data, struct why *why);
/* Move a file that is already durable; gone is fine when dir_b/b is there. */
struct io_move {
    int dir_a;
    const char *a;
    int dir_b;
    const char *b;
    mode_t dir_mode; /* of directories made on the way */
};
MUST_CHECK int io_batch_move(struct io_batch *batch, const struct io_move *move,
                             struct why *why);
/* Make it all durable; the batch is empty and usable again afterwards. */
MUST_CHECK int io_batch_done(struct io_batch *batch, struct why *why);
void io_batch_release(struct io_batch *batch);

/*
 * Take the exclusive lock on dir/path (made if missing), waiting up to wait_s seconds; the
 * lock lives as long as *fd and its copies in children.  SH_ECONFLICT when somebody else
 * keeps it.  On a read-only disk the file must be there, and the lock still works.
 */
MUST_CHECK int io_lock(int dir, const char *path, unsigned wait_s, int *fd, struct why *why);

/*
 * May this process hold count descriptors at once?  Its own limit is raised for that, as far as
 * the system lets it; with fewer it goes on, and meets the limit where it opens one too many.
 */
bool io_files_raise(uint64_t count);

/* Fill with random bytes from the system; a system without randomness stops the program. */
void io_random(void *out, size_t len);
/* Seconds since the epoch by the system's clock (STILLHERE_NOW overrides: for tests only). */
uint64_t io_now(void);
/*
 * Seconds east of UTC in an IANA zone at a time, by the system's tzdata.  SH_ENOTFOUND: no such
 * zone.  Example: io_zone_offset("Europe/Kyiv", 1700000000, &east, why) gives 7200.
 */
MUST_CHECK int io_zone_offset(const char *zone, uint64_t unix_s, int32_t *east_s,
                              struct why *why);

/*
 * Tell the service manager that started this program, by sd_notify(3)'s protocol: "READY=1",
 * "WATCHDOG=1", "STOPPING=1", "STATUS=...".  False when none listens ($NOTIFY_SOCKET): that is
 * no error.  Never waits.
 */
bool io_notify(const char *state);
/* How often (ms) it wants "WATCHDOG=1": half of $WATCHDOG_USEC; 0 when it does not. */
uint64_t io_watchdog_ms(void);

/*
 * One line on standard error: "level process event key=value ...", in one write.  For what
 * runs for long: serve, front, watch.  Never a key, a code, a place, or who reads.
 *   io_say("info", "serve", "ready", "port=%u caged=%s", port, "yes");
 */
void io_say(const char *level, const char *process, const char *event, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
