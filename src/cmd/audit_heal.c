/* Bringing back what is missing or changed from a copy: by hash, never over a good file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/audit_int.h"
#include "crypt/crypt.h"
#include "io/io.h"

#define STEP_BYTES (256u << 10)
/* A tree without a home keeps what belongs to the healing in a folder of its own. */
#define OWN_FOLDER ".heal"

struct heal {
    const struct audit *audit;
    const struct audit_healing *healing;
    int tmp;   /* for what is being written */
    int aside; /* for what was changed */
    int lock;
};

static int open_folder(int dir, const char *path, int *out, struct why *why)
{
    int rc = io_mkdirs(dir, path, 0700, why);

    return rc == SH_OK ? io_open_dir(dir, path, out, why) : rc;
}

/* Two at once would take each other's files away. */
static int lock_tree(struct heal *heal, struct why *why)
{
    heal->lock = openat(heal->healing->tree->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (heal->lock >= 0 && flock(heal->lock, LOCK_EX | LOCK_NB) == 0)
        return SH_OK;
    return why_set(why, errno == EWOULDBLOCK ? SH_ECONFLICT : SH_EIO, WHY_NOWHERE,
                   errno == EWOULDBLOCK ? "another healing is at work here; wait for it to end"
                                        : "the copy cannot be locked");
}

static int prepare(struct heal *heal, struct why *why)
{
    const struct audit_tree *tree = heal->healing->tree;
    int private_dir = -1;
    int rc;

    if (tree->home < 0) {
        rc = lock_tree(heal, why);
        if (rc == SH_OK)
            rc = io_remove_tree(tree->dir, OWN_FOLDER "/tmp", why);
        if (rc == SH_OK)
            rc = open_folder(tree->dir, OWN_FOLDER "/tmp", &heal->tmp, why);
        return rc == SH_OK ? open_folder(tree->dir, OWN_FOLDER "/changed", &heal->aside, why)
                           : rc;
    }
    rc = open_folder(tree->home, "private", &private_dir, why);
    if (rc == SH_OK)
        rc = io_lock(private_dir, "lock", LIMIT_LOCK_WAIT_S, &heal->lock, why);
    if (rc == SH_OK)
        rc = open_folder(private_dir, "tmp", &heal->tmp, why);
    if (rc == SH_OK)
        rc = open_folder(private_dir, "quarantine/changed", &heal->aside, why);
    io_close(&private_dir);
    return rc;
}

static void finish(struct heal *heal)
{
    const struct audit_tree *tree = heal->healing->tree;
    bool ours = heal->tmp >= 0; /* else another may be at work */

    io_close(&heal->tmp);
    io_close(&heal->aside);
    /* What cannot be removed is by the next run. */
    if (tree->home < 0 && ours && io_remove_tree(tree->dir, OWN_FOLDER "/tmp", NULL) == SH_OK) {
        /* Both stay when something was set aside. */
        (void)unlinkat(tree->dir, OWN_FOLDER "/changed", AT_REMOVEDIR);
        (void)unlinkat(tree->dir, OWN_FOLDER, AT_REMOVEDIR);
    }
    io_close(&heal->lock);
}

/*
 * At most limit bytes of in (all of it: 0) to out (-1: nowhere), and their hash.  A file that
 * goes on behind limit is cut: a full tile holds the beginning of a partial one.
 */
static int copy_bytes(int in, int out, uint64_t limit, uint8_t sha256[32], struct why *why)
{
    static uint8_t step[STEP_BYTES];
    struct crypt_sha256 sha;
    uint64_t left = limit ? limit : UINT64_MAX;
    ssize_t got;
    int rc = SH_OK;

    crypto.sha256_init(&sha);
    while (rc == SH_OK && left) {
        got = read(in, step, left < sizeof(step) ? (size_t)left : sizeof(step));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "read: %s", strerror(errno));
        if (got <= 0)
            break;
        left -= (uint64_t)got;
        crypto.sha256_update(&sha, slice_of(step, (size_t)got));
        if (out >= 0)
            rc = io_write_fd(out, slice_of(step, (size_t)got), why);
    }
    crypto.sha256_final(&sha, sha256);
    return rc;
}

/* The hash that a file must have: told, or its name. */
static bool wanted_hash(const struct audit *audit, const struct audit_file *file,
                        uint8_t out[32])
{
    const char *path = audit_path(audit, file->path);
    const char *name = strrchr(path, '/');

    if (file->has_sha256) {
        memcpy(out, file->sha256, 32);
        return true;
    }
    if (!name || (!strstr(path, "d/") && !strstr(path, "b/")) || strlen(name) < 65)
        return false;
    return hex_parse(slice_of(name + 1, 64), out, 32);
}

/* A regular file; links are not followed, pipes not waited for. */
static int open_plain(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
        io_close(&fd);
    return fd;
}

static bool has_hash(int dir, const char *path, const uint8_t wanted[32])
{
    uint8_t found[32];
    bool good = false;
    int fd = open_plain(dir, path);

    if (fd >= 0)
        good = copy_bytes(fd, -1, 0, found, NULL) == SH_OK && memcmp(found, wanted, 32) == 0;
    io_close(&fd);
    return good;
}

/* The other copy's file into tmp, durable; *deed is AUDIT_HEALED when it has the right hash. */
static int fetch(struct heal *heal, const struct audit_file *file, const uint8_t wanted[32],
                 enum audit_deed *deed, struct why *why)
{
    const struct audit_tree *from = heal->healing->from;
    const char *source = audit_path(heal->audit, file->source);
    int dir = audit_is_private(source) ? from->home : from->dir;
    int in = dir < 0 ? -1 : open_plain(dir, source), out = -1;
    uint8_t found[32];
    int rc;

    *deed = AUDIT_NOT_THERE;
    if (in < 0)
        return SH_OK;
    out = openat(heal->tmp, "heal", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                 audit_is_private(source) ? 0600 : 0644);
    if (out < 0) {
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", source, strerror(errno));
        goto out;
    }
    rc = copy_bytes(in, out, file->bytes, found, why);
    if (rc == SH_OK)
        rc = io_sync_fd(out, source, why);
    if (rc == SH_OK)
        *deed = memcmp(found, wanted, sizeof(found)) == 0 ? AUDIT_HEALED : AUDIT_NOT_SAME;
out:
    io_close(&in);
    io_close(&out);
    return rc;
}

static int put_back(struct heal *heal, const char *path, struct why *why)
{
    const struct audit_tree *tree = heal->healing->tree;
    int dir = audit_is_private(path) ? tree->home : tree->dir;
    int rc = SH_OK;

    /* What was changed may be evidence: it is kept. */
    if (io_exists(dir, path))
        rc = io_move(dir, path, heal->aside, path, why);
    return rc == SH_OK ? io_move(heal->tmp, "heal", dir, path, why) : rc;
}

static int heal_file(struct heal *heal, const struct audit_file *file, struct why *why)
{
    const struct audit_tree *tree = heal->healing->tree;
    const char *path = audit_path(heal->audit, file->path);
    int dir = audit_is_private(path) ? tree->home : tree->dir;
    enum audit_deed deed = AUDIT_GOOD_ALREADY;
    uint8_t wanted[32];
    int rc = SH_OK;

    /* Without a hash nothing can be judged; what stays bad is in the list at the end. */
    if (!wanted_hash(heal->audit, file, wanted))
        return SH_OK;
    if (dir < 0 || !has_hash(dir, path, wanted))
        rc = fetch(heal, file, wanted, &deed, why);
    if (rc == SH_OK && deed == AUDIT_HEALED)
        rc = put_back(heal, path, why);
    if (rc == SH_OK)
        heal->healing->done(heal->healing->ctx, path, deed);
    return rc;
}

int audit_heal(const struct audit *audit, const struct audit_healing *healing, struct why *why)
{
    struct heal heal = {.audit = audit, .healing = healing, .tmp = -1, .aside = -1, .lock = -1};
    int rc = prepare(&heal, why);

    for (size_t i = 0; i < audit_file_count(audit) && rc == SH_OK; i++)
        rc = heal_file(&heal, audit_file_at(audit, i), why);
    finish(&heal);
    return rc;
}
