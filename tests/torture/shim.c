/*
 * LD_PRELOAD shim of the torture test: every call of the program that changes files passes here
 * and is counted, and at a chosen one the machine "fails".
 *
 *   TORTURE_STATE   a file of at least a page, shared by all processes of a run: struct state
 *   TORTURE_MODE    count | kill | torn | eio | enospc | journal
 *   TORTURE_AT      the call at which it happens, from 0
 *   TORTURE_JOURNAL for mode journal: a file as large as the journal may grow
 *
 * kill    the whole process group dies in place of the call
 * torn    half of a write (or the whole of another call) is done, then it dies
 * eio     the call fails once with EIO and does nothing
 * enospc  this and every later call that needs room fails with ENOSPC
 * journal nothing fails; what was done is written down for replay (see struct record)
 *
 * State and journal are shared memory, mapped before the program starts: a process in a cage
 * needs neither files nor system calls for them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* First page of TORTURE_STATE. */
struct state {
    _Atomic uint64_t calls; /* made so far */
    _Atomic uint64_t fired; /* 1 once the failure happened */
    _Atomic uint64_t used;  /* bytes of the journal */
};

/* What was done, in a journal; followed by name, other name, data. */
struct record {
    uint32_t op;
    uint32_t name_len, other_len, data_len;
    uint64_t inode, parent, other_parent, offset, call;
};
enum {
    OP_CREATE = 1, /* parent/name is inode, a new file */
    OP_MKDIR,      /* parent/name is inode, a new folder */
    OP_WRITE,      /* data at offset of inode */
    OP_TRUNCATE,   /* inode has offset bytes now */
    OP_SYNC,       /* of inode */
    OP_RENAME,     /* parent/name to other_parent/other */
    OP_EXCHANGE,   /* both change places */
    OP_UNLINK,     /* parent/name, of a file or folder */
    OP_LINK,       /* parent/name also is other_parent/other */
    OP_TIMES,      /* inode has mtime offset (seconds) */
    OP_SYNC_ALL,   /* everything */
    OP_SAID,       /* something went to standard output */
};

enum mode { OFF, COUNT, KILL, TORN, EIO_ONCE, ENOSPC_ON, JOURNAL };

static struct state *state;
static uint8_t *journal;
static size_t journal_max;
static enum mode mode;
static uint64_t fail_at = UINT64_MAX;

/* ---- starting ---- */

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (!found)
        abort();
    return found;
}

static void *map(const char *variable, size_t *len)
{
    const char *path = getenv(variable);
    struct stat about;
    void *at;
    int fd;

    if (!path)
        return NULL;
    fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about))
        return NULL;
    *len = (size_t)about.st_size;
    at = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return at == MAP_FAILED ? NULL : at;
}

__attribute__((constructor)) static void start(void)
{
    static const char *const names[] = {"off", "count",  "kill",   "torn",
                                        "eio", "enospc", "journal"};
    const char *wanted = getenv("TORTURE_MODE"), *at = getenv("TORTURE_AT");
    size_t len = 0;

    if (!wanted)
        return;
    state = map("TORTURE_STATE", &len);
    if (!state || len < sizeof *state)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(wanted, names[i]) == 0)
            mode = (enum mode)i;
    if (mode == JOURNAL)
        journal = map("TORTURE_JOURNAL", &journal_max);
    if (at)
        fail_at = strtoull(at, NULL, 10);
}

/* ---- failing ---- */

enum need { ROOM, NO_ROOM }; /* does the call need room on the disk? */
enum verdict { DO_IT, DO_HALF_AND_DIE, FAIL };

static _Noreturn void die(void)
{
    atomic_store(&state->fired, 1);
    (void)kill(0, SIGKILL);
    for (;;)
        _exit(137);
}

static enum verdict next_call(enum need need)
{
    uint64_t call;

    if (mode == OFF)
        return DO_IT;
    call = atomic_fetch_add(&state->calls, 1);
    if (call < fail_at || mode == COUNT || mode == JOURNAL)
        return DO_IT;
    if (mode == ENOSPC_ON) {
        if (need == NO_ROOM)
            return DO_IT;
        atomic_store(&state->fired, 1);
        errno = ENOSPC;
        return FAIL;
    }
    if (call > fail_at)
        return DO_IT;
    if (mode == KILL)
        die();
    atomic_store(&state->fired, 1);
    if (mode == TORN)
        return DO_HALF_AND_DIE;
    errno = EIO;
    return FAIL;
}

/* The plain system call: the C library's may use another, which a cage does not allow. */
static int stat_of(int fd, struct stat *about)
{
    return (int)syscall(SYS_fstat, fd, about);
}

/* Files and folders count; pipes, sockets and terminals do not. */
static bool counts(int fd)
{
    struct stat about;

    if (mode == OFF || stat_of(fd, &about))
        return false;
    return S_ISREG(about.st_mode) || S_ISDIR(about.st_mode);
}

/* ---- the journal ---- */

static uint64_t inode_of(int fd)
{
    struct stat about;

    return stat_of(fd, &about) ? 0 : (uint64_t)about.st_ino;
}

/* The inode of the folder that holds path; *base is path's last part. */
static uint64_t parent_of(int dir, const char *path, char base[NAME_MAX + 1])
{
    char copy[PATH_MAX], again[PATH_MAX];
    struct stat about;

    (void)snprintf(copy, sizeof copy, "%s", path);
    (void)snprintf(again, sizeof again, "%s", path);
    (void)snprintf(base, NAME_MAX + 1, "%s", basename(again));
    return fstatat(dir, dirname(copy), &about, 0) ? 0 : (uint64_t)about.st_ino;
}

static void note(struct record record, const char *name, const char *other, const void *data)
{
    size_t len, at;
    uint8_t *to;

    if (mode != JOURNAL || !journal)
        return;
    record.name_len = name ? (uint32_t)strlen(name) : 0;
    record.other_len = other ? (uint32_t)strlen(other) : 0;
    record.call = atomic_load(&state->calls);
    len = sizeof record + record.name_len + record.other_len + record.data_len;
    at = atomic_fetch_add(&state->used, len);
    if (at + len > journal_max)
        abort();
    to = journal + at;
    memcpy(to, &record, sizeof record);
    to += sizeof record;
    if (name)
        memcpy(to, name, record.name_len);
    to += record.name_len;
    if (other)
        memcpy(to, other, record.other_len);
    to += record.other_len;
    if (record.data_len)
        memcpy(to, data, record.data_len);
}

static void note_path(uint32_t op, int dir, const char *path, uint64_t inode)
{
    char base[NAME_MAX + 1];
    struct record record = {.op = op, .inode = inode};

    if (mode != JOURNAL)
        return;
    record.parent = parent_of(dir, path, base);
    note(record, base, NULL, NULL);
}

static void note_two(uint32_t op, int dir, const char *path, int to_dir, const char *to)
{
    char base[NAME_MAX + 1], other[NAME_MAX + 1];
    struct record record = {.op = op};

    if (mode != JOURNAL)
        return;
    record.parent = parent_of(dir, path, base);
    record.other_parent = parent_of(to_dir, to, other);
    note(record, base, other, NULL);
}

static void note_write(int fd, uint64_t offset, const void *data, ssize_t len)
{
    struct record record = {.op = OP_WRITE, .inode = inode_of(fd), .offset = offset};

    if (len <= 0)
        return;
    record.data_len = (uint32_t)len;
    note(record, NULL, NULL, data);
}

/* ---- open ---- */

static int open_counted(int dir, const char *path, int flags, mode_t bits)
{
    bool changes = flags & (O_CREAT | O_TRUNC) && strcmp(path, "/dev/null") != 0;
    enum verdict verdict = DO_IT;
    struct stat about;
    bool was_there;
    int fd;

    if (mode == OFF || !changes)
        return REAL(openat)(dir, path, flags, bits);
    was_there = fstatat(dir, path, &about, 0) == 0;
    if (!was_there || flags & O_TRUNC)
        verdict = next_call(ROOM);
    if (verdict == FAIL)
        return -1;
    fd = REAL(openat)(dir, path, flags, bits);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (fd < 0)
        return fd;
    if (!was_there)
        note_path(OP_CREATE, dir, path, inode_of(fd));
    else if (flags & O_TRUNC)
        note((struct record){.op = OP_TRUNCATE, .inode = inode_of(fd)}, NULL, NULL, NULL);
    return fd;
}

static mode_t bits_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, int) : 0;
}

#define OPEN(name)                                                                             \
    EXPORT int name(const char *path, int flags, ...)                                          \
    {                                                                                          \
        va_list args;                                                                          \
        mode_t bits;                                                                           \
                                                                                               \
        va_start(args, flags);                                                                 \
        bits = bits_of(flags, args);                                                           \
        va_end(args);                                                                          \
        return open_counted(AT_FDCWD, path, flags, bits);                                      \
    }
#define OPENAT(name)                                                                           \
    EXPORT int name(int dir, const char *path, int flags, ...)                                 \
    {                                                                                          \
        va_list args;                                                                          \
        mode_t bits;                                                                           \
                                                                                               \
        va_start(args, flags);                                                                 \
        bits = bits_of(flags, args);                                                           \
        va_end(args);                                                                          \
        return open_counted(dir, path, flags, bits);                                           \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What a fortified program calls instead where it passes no bits. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
    return open_counted(AT_FDCWD, path, flags, 0);
}
EXPORT int __open64_2(const char *path, int flags)
{
    return open_counted(AT_FDCWD, path, flags, 0);
}
EXPORT int __openat_2(int dir, const char *path, int flags)
{
    return open_counted(dir, path, flags, 0);
}
EXPORT int __openat64_2(int dir, const char *path, int flags)
{
    return open_counted(dir, path, flags, 0);
}

/* ---- writing ---- */

static uint64_t place_of(int fd)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    struct stat about;

    if (fcntl(fd, F_GETFL) & O_APPEND && stat_of(fd, &about) == 0)
        return (uint64_t)about.st_size;
    return at < 0 ? 0 : (uint64_t)at;
}

EXPORT ssize_t write(int fd, const void *data, size_t len)
{
    enum verdict verdict;
    uint64_t at = 0;
    ssize_t done;

    if (!counts(fd)) {
        if (mode == JOURNAL && fd == STDOUT_FILENO)
            note((struct record){.op = OP_SAID}, NULL, NULL, NULL);
        return REAL(write)(fd, data, len);
    }
    verdict = next_call(ROOM);
    if (verdict == FAIL)
        return -1;
    if (mode == JOURNAL)
        at = place_of(fd);
    done = REAL(write)(fd, data, verdict == DO_HALF_AND_DIE ? len / 2 : len);
    if (verdict == DO_HALF_AND_DIE)
        die();
    note_write(fd, at, data, done);
    return done;
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t all = 0;

    if (!counts(fd))
        return REAL(writev)(fd, parts, count);
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);

        if (done < 0)
            return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return all;
}

static ssize_t pwrite_counted(int fd, const void *data, size_t len, off_t at)
{
    enum verdict verdict = counts(fd) ? next_call(ROOM) : DO_IT;
    ssize_t done;

    if (verdict == FAIL)
        return -1;
    done = REAL(pwrite)(fd, data, verdict == DO_HALF_AND_DIE ? len / 2 : len, at);
    if (verdict == DO_HALF_AND_DIE)
        die();
    note_write(fd, (uint64_t)at, data, done);
    return done;
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return pwrite_counted(fd, data, len, at);
}
EXPORT ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    return pwrite_counted(fd, data, len, at);
}

static int truncate_counted(int fd, off_t len)
{
    enum verdict verdict = counts(fd) ? next_call(ROOM) : DO_IT;
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(ftruncate)(fd, len);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note((struct record){.op = OP_TRUNCATE, .inode = inode_of(fd), .offset = (uint64_t)len},
             NULL, NULL, NULL);
    return rc;
}

EXPORT int ftruncate(int fd, off_t len)
{
    return truncate_counted(fd, len);
}
EXPORT int ftruncate64(int fd, off_t len)
{
    return truncate_counted(fd, len);
}

/* Room promised in advance changes no content that is read: it can only be refused. */
static int allocate_counted(int fd)
{
    return counts(fd) && next_call(ROOM) == FAIL ? errno : 0;
}
EXPORT int posix_fallocate(int fd, off_t at, off_t len)
{
    int rc = allocate_counted(fd);

    return rc ? rc : REAL(posix_fallocate)(fd, at, len);
}
EXPORT int posix_fallocate64(int fd, off_t at, off_t len)
{
    return posix_fallocate(fd, at, len);
}

/* ---- making it last ---- */

static int sync_counted(int fd, int (*really)(int))
{
    enum verdict verdict = counts(fd) ? next_call(NO_ROOM) : DO_IT;
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = really(fd);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note((struct record){.op = OP_SYNC, .inode = inode_of(fd)}, NULL, NULL, NULL);
    return rc;
}

EXPORT int fsync(int fd)
{
    return sync_counted(fd, REAL(fsync));
}
EXPORT int fdatasync(int fd)
{
    return sync_counted(fd, REAL(fdatasync));
}

EXPORT int syncfs(int fd)
{
    enum verdict verdict = counts(fd) ? next_call(NO_ROOM) : DO_IT;
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(syncfs)(fd);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note((struct record){.op = OP_SYNC_ALL}, NULL, NULL, NULL);
    return rc;
}

/* ---- names ---- */

EXPORT int renameat2(int dir, const char *path, int to_dir, const char *to, unsigned flags)
{
    enum verdict verdict = next_call(NO_ROOM);
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(renameat2)(dir, path, to_dir, to, flags);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note_two(flags & RENAME_EXCHANGE ? OP_EXCHANGE : OP_RENAME, dir, path, to_dir, to);
    return rc;
}
EXPORT int renameat(int dir, const char *path, int to_dir, const char *to)
{
    return renameat2(dir, path, to_dir, to, 0);
}
EXPORT int rename(const char *path, const char *to)
{
    return renameat2(AT_FDCWD, path, AT_FDCWD, to, 0);
}

EXPORT int mkdirat(int dir, const char *path, mode_t bits)
{
    struct stat about;
    enum verdict verdict;
    int rc;

    /* mkdir -p asks for what is there already: nothing changes, nothing is counted. */
    if (mode != OFF && fstatat(dir, path, &about, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    verdict = next_call(ROOM);
    if (verdict == FAIL)
        return -1;
    rc = REAL(mkdirat)(dir, path, bits);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc && mode == JOURNAL && fstatat(dir, path, &about, 0) == 0)
        note_path(OP_MKDIR, dir, path, (uint64_t)about.st_ino);
    return rc;
}
EXPORT int mkdir(const char *path, mode_t bits)
{
    return mkdirat(AT_FDCWD, path, bits);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
    char base[NAME_MAX + 1];
    struct record record = {.op = OP_UNLINK};
    enum verdict verdict;
    struct stat about;
    int rc;

    if (mode != OFF && fstatat(dir, path, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return -1; /* nothing there: nothing changes, nothing is counted */
    verdict = next_call(NO_ROOM);
    if (verdict == FAIL)
        return -1;
    record.parent = mode == JOURNAL ? parent_of(dir, path, base) : 0;
    rc = REAL(unlinkat)(dir, path, flags);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note(record, base, NULL, NULL);
    return rc;
}
EXPORT int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
EXPORT int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int linkat(int dir, const char *path, int to_dir, const char *to, int flags)
{
    enum verdict verdict = next_call(ROOM);
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(linkat)(dir, path, to_dir, to, flags);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note_two(OP_LINK, dir, path, to_dir, to);
    return rc;
}
EXPORT int link(const char *path, const char *to)
{
    return linkat(AT_FDCWD, path, AT_FDCWD, to, 0);
}

/* ---- times ---- */

static void note_times(uint64_t inode, const struct timespec times[2])
{
    note((struct record){.op = OP_TIMES,
                         .inode = inode,
                         .offset = times ? (uint64_t)times[1].tv_sec : (uint64_t)time(NULL)},
         NULL, NULL, NULL);
}

EXPORT int futimens(int fd, const struct timespec times[2])
{
    enum verdict verdict = counts(fd) ? next_call(NO_ROOM) : DO_IT;
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(futimens)(fd, times);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc)
        note_times(inode_of(fd), times);
    return rc;
}
EXPORT int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
    enum verdict verdict = next_call(NO_ROOM);
    struct stat about;
    int rc;

    if (verdict == FAIL)
        return -1;
    rc = REAL(utimensat)(dir, path, times, flags);
    if (verdict == DO_HALF_AND_DIE)
        die();
    if (!rc && mode == JOURNAL && fstatat(dir, path, &about, 0) == 0)
        note_times((uint64_t)about.st_ino, times);
    return rc;
}
