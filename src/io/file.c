/* Single files: read whole, replace in one step, move, compare. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io_int.h"

int io_fail(struct why *why, const char *path, const char *what)
{
    int cause = errno;

    if (cause == ENOENT)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    if (cause == ENOSPC || cause == EDQUOT)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "%s: %s: the disk is full; make room and try again", path, what);
    if (cause == EXDEV)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "%s: public/ and private/ must be on one file system", path);
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s: %s", path, what, strerror(cause));
}

void io_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* What had to be durable was fsynced before. */
    *fd = -1;
}

int io_open_file(int dir, const char *path, int *out, struct why *why)
{
    struct stat st;
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    /* Below something that is no folder, or behind links that run in a circle, is nothing. */
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        errno = ENOENT;
    if (fd < 0)
        return io_fail(why, path, "open");
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        io_close(&fd);
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: not a regular file", path);
    }
    *out = fd;
    return SH_OK;
}

int io_read_fd(int fd, struct bytes *out, struct why *why)
{
    struct stat st;
    size_t want = 4096;
    ssize_t got;
    uint8_t *room;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uint64_t)st.st_size > out->max)
            return why_set(why, SH_ELIMIT, out->max, "%jd bytes, at most %zu are read",
                           (intmax_t)st.st_size, out->max);
        want = (size_t)st.st_size + 1;
    }
    for (;;) {
        if (out->len + want > out->max)
            want = out->max - out->len;
        if (!want)
            break;
        room = bytes_room(out, want);
        if (!room)
            return bytes_check(out, why);
        got = read(fd, room, want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(why, SH_EIO, out->len, "read: %s", strerror(errno));
        if (!got)
            return SH_OK;
        out->len += (size_t)got;
        /* A file of the size it said ends in what is left of its room. */
        want = out->cap > out->len ? out->cap - out->len : 65536;
    }
    /* Full: is there anything more? */
    do {
        uint8_t more;

        got = read(fd, &more, 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return why_set(why, SH_EIO, out->len, "read: %s", strerror(errno));
    return got ? why_set(why, SH_ELIMIT, out->max, "more than %zu bytes", out->max) : SH_OK;
}

int io_read(int dir, const char *path, struct bytes *out, struct why *why)
{
    bool first = why && why->code == SH_OK;
    int fd = -1;
    int rc;

    bytes_clear(out);
    rc = io_open_file(dir, path, &fd, why);
    if (rc != SH_OK)
        return rc;
    rc = io_read_fd(fd, out, why);
    if (rc != SH_OK && first)
        (void)why_name(why, rc, path); /* Gives rc back. */
    io_close(&fd);
    return rc;
}

int io_write_fd(int fd, struct slice data, struct why *why)
{
    size_t done = 0;
    ssize_t put;

    while (done < data.len) {
        put = write(fd, data.ptr + done, data.len - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return io_fail(why, "output", "write");
        done += (size_t)put;
    }
    return SH_OK;
}

int io_write_at(int fd, uint64_t at, struct slice data, struct why *why)
{
    size_t done = 0;
    ssize_t put;

    while (done < data.len) {
        put = pwrite(fd, data.ptr + done, data.len - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, IO_WRITE_AT_FAILED ": %s",
                           put < 0 ? strerror(errno) : "no room");
        done += (size_t)put;
    }
    return SH_OK;
}

bool io_read_exactly(int fd, void *out, size_t len)
{
    uint8_t *at = out;
    ssize_t got;

    while (len > 0) {
        got = read(fd, at, len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

int io_sync_fd(int fd, const char *what, struct why *why)
{
    if (fsync(fd) == 0)
        return SH_OK;
    return why_set(why, SH_EIO, WHY_NOWHERE,
                   "%s: fsync: %s; the disk may have lost what was written", what,
                   strerror(errno));
}

int io_parent(const char *path, char out[IO_PATH_BYTES], struct why *why)
{
    const char *slash = strrchr(path, '/');
    /* Of "/name" it is the slash itself. */
    size_t len = slash && slash != path ? (size_t)(slash - path) : 1;

    if (len >= IO_PATH_BYTES || strlen(path) >= IO_PATH_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", path);
    memcpy(out, slash ? path : ".", len);
    out[len] = '\0';
    return SH_OK;
}

int io_sync_parent(int dir, const char *path, struct why *why)
{
    char parent[IO_PATH_BYTES];
    int fd = -1;
    int rc = io_parent(path, parent, why);

    if (rc == SH_OK)
        rc = io_open_dir(dir, parent, &fd, why);
    if (rc == SH_OK)
        rc = io_sync_fd(fd, parent, why);
    io_close(&fd);
    return rc;
}

void io_tmp_name(char name[IO_TMP_NAME_BYTES])
{
    uint8_t random[8];

    io_random(random, sizeof(random));
    memcpy(name, "t-", 2);
    hex_build(slice_of(random, sizeof(random)), name + 2);
}

int io_fill(int fd, const struct io_target *target, struct slice data, struct why *why)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)target->mtime_s}};
    int rc = io_write_fd(fd, data, why);

    if (rc != SH_OK)
        return why_name(why, rc, target->path);
    if (fchmod(fd, target->mode) != 0 || (target->mtime_s && futimens(fd, times) != 0))
        return io_fail(why, target->path, "mode and time");
    return SH_OK;
}

int io_temporary(const struct io_target *target, struct slice data,
                 char name[IO_TMP_NAME_BYTES], int *out, struct why *why)
{
    int fd, rc;

    io_tmp_name(name);
    fd = openat(target->tmp_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = io_fail(why, target->path, "temporary file");
        return rc == SH_ENOTFOUND ? SH_EIO : rc;
    }
    rc = io_fill(fd, target, data, why);
    if (rc == SH_OK) {
        *out = fd;
        return SH_OK;
    }
    io_close(&fd);
    (void)unlinkat(target->tmp_dir, name, 0); /* It was ours alone and is of no use now. */
    return rc;
}

int io_rename(const struct io_move *move, enum io_sync sync, struct why *why)
{
    char parent[IO_PATH_BYTES];
    int rc;

    if (renameat(move->dir_a, move->a, move->dir_b, move->b) == 0)
        return SH_OK;
    if (errno != ENOENT)
        return io_fail(why, move->b, "rename");
    rc = io_parent(move->b, parent, why);
    if (rc == SH_OK && strcmp(parent, ".") != 0)
        rc = io_folders(move->dir_b, parent, move->dir_mode, sync, why);
    if (rc != SH_OK)
        return rc;
    if (renameat(move->dir_a, move->a, move->dir_b, move->b) == 0)
        return SH_OK;
    return io_fail(why, move->a, "rename");
}

int io_replace(const struct io_target *target, struct slice data, struct why *why)
{
    char name[IO_TMP_NAME_BYTES];
    struct io_move move = {target->tmp_dir, name, target->dir, target->path, 0755};
    int fd = -1;
    int rc = io_temporary(target, data, name, &fd, why);

    if (rc != SH_OK)
        return rc;
    if (target->sync == IO_SYNC)
        rc = io_sync_fd(fd, target->path, why);
    io_close(&fd);
    if (rc == SH_OK)
        rc = io_rename(&move, target->sync, why);
    if (rc != SH_OK) {
        (void)unlinkat(target->tmp_dir, name, 0); /* Nobody else knows its name. */
        return rc == SH_ENOTFOUND ? SH_EIO : rc;
    }
    return target->sync == IO_SYNC ? io_sync_parent(target->dir, target->path, why) : SH_OK;
}

int io_move(int dir_a, const char *a, int dir_b, const char *b, struct why *why)
{
    struct io_move move = {dir_a, a, dir_b, b, 0755};
    int rc = io_rename(&move, IO_SYNC, why);

    if (rc == SH_OK)
        rc = io_sync_parent(dir_b, b, why);
    return rc == SH_OK ? io_sync_parent(dir_a, a, why) : rc;
}

bool io_exists(int dir, const char *path)
{
    struct stat st;

    return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int io_stat(int dir, const char *path, uint64_t *bytes, uint64_t *mtime_s, struct why *why)
{
    struct stat st;

    if (fstatat(dir, path, &st, 0) != 0)
        return io_fail(why, path, "stat");
    *bytes = (uint64_t)st.st_size;
    *mtime_s = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec : 0;
    return SH_OK;
}
