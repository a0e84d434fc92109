/* The caged half of restore: age, tar, and the hashes in the files' names. */
#include "cmd/restore_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "age/age.h"
#include "cage/cage.h"
#include "io/io.h"
#include "tar/tar.h"

#define READ_BYTES 65536

struct unpack {
    const struct cmd_unpack *job;
    struct tar_reader tar;
    struct tar_member member;
    struct crypt_sha256 sha;
    bool hashed; /* the member's name says its SHA-256 */
    int fd;
};

/* What a backup of this version holds; everything else is refused, not guessed at. */
static bool is_known(const char *path)
{
    static const char *const folders[] = {"public/id/",
                                          "public/tile/",
                                          "public/d/",
                                          "public/b/",
                                          "public/cp/",
                                          "public/ts/",
                                          "private/keys/",
                                          "private/quarantine/",
                                          "private/sealed/",
                                          "private/waiting/",
                                          "private/" ORIGINAL_FOLDER "/"};

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return strcmp(path, "public/checkpoint") == 0 || strcmp(path, "private/settings") == 0 ||
           strcmp(path, "private/stillhere.db") == 0;
}

static bool names_its_hash(const char *path)
{
    static const char *const folders[] = {"public/d/",
                                          "public/b/",
                                          "private/quarantine/d/",
                                          "private/quarantine/b/",
                                          "private/sealed/d/",
                                          "private/sealed/b/"};
    size_t len = strlen(path);

    /* The time beside a sealed document is under the document's name. */
    if (len > 3 && strncmp(path, "private/sealed/", 15) == 0 &&
        strcmp(path + len - 3, ".at") == 0)
        return false;

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static int on_begin(void *ctx, const struct tar_member *member, struct why *why)
{
    struct unpack *unpack = ctx;
    const char *path = member->path;
    mode_t dirs = strncmp(path, "public/", 7) == 0 ? 0755 : 0700;

    unpack->member = *member;
    if (!is_known(path))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: no part of a backup that this version knows; restore it with the "
                       "version that made it",
                       path);
    if (io_mkdirs_for(unpack->job->stage, path, dirs, why) < 0)
        return why->code;
    unpack->fd = openat(unpack->job->stage, path,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (unpack->fd < 0)
        return why_set(why, errno == EEXIST ? SH_EFORMAT : SH_EIO, WHY_NOWHERE, "%s: %s", path,
                       errno == EEXIST ? "twice in the backup" : strerror(errno));
    unpack->hashed = names_its_hash(path);
    crypto.sha256_init(&unpack->sha);
    return SH_OK;
}

static int on_data(void *ctx, struct slice data, struct why *why)
{
    struct unpack *unpack = ctx;

    if (unpack->hashed)
        crypto.sha256_update(&unpack->sha, data);
    return why_name(why, io_write_fd(unpack->fd, data, why), unpack->member.path);
}

static int on_end(void *ctx, struct why *why)
{
    struct unpack *unpack = ctx;
    const char *path = unpack->member.path, *name = strrchr(path, '/');
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)unpack->member.mtime_s}};
    mode_t mode = strncmp(path, "public/", 7) == 0 ? 0644 : 0600;
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    int rc = SH_OK;

    if (fchmod(unpack->fd, mode) != 0 || futimens(unpack->fd, times) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    io_close(&unpack->fd);
    if (rc < 0 || !unpack->hashed)
        return rc;
    crypto.sha256_final(&unpack->sha, digest);
    hex_build(slice_of(digest, sizeof(digest)), hex);
    if (strncmp(name + 1, hex, strlen(hex)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: changed: its SHA-256 is not the one in its name", path);
    return SH_OK;
}

static int put_tar(void *ctx, struct slice data, struct why *why)
{
    return tar_reader_update(&((struct unpack *)ctx)->tar, data, why);
}

static int read_backup(struct unpack *unpack, struct age_reader *age, uint8_t *block,
                       const struct proc_side *side, struct why *why)
{
    uint64_t done = 0;
    ssize_t got;
    int rc = SH_OK;

    while (rc == SH_OK) {
        got = read(unpack->job->in, block, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(why, SH_EIO, done, "read: %s", strerror(errno));
        if (!got)
            break;
        rc = age_reader_update(age, slice_of(block, (size_t)got), why);
        done += (uint64_t)got;
        proc_progress(side, done);
    }
    if (rc == SH_OK)
        rc = age_reader_final(age, why);
    return rc == SH_OK ? tar_reader_final(&unpack->tar, why) : rc;
}

static int unpack_all(const struct cmd_unpack *job, const struct proc_side *side,
                      struct why *why)
{
    struct unpack unpack = {.job = job, .fd = -1};
    struct age_reader *age;
    struct arena arena;
    uint8_t *block;
    int rc;

    arena_init(&arena, sizeof(*age) + READ_BYTES + 64);
    age = arena_take(&arena, sizeof(*age));
    block = arena_take(&arena, READ_BYTES);
    if (age && block) {
        tar_reader_init(&unpack.tar, (struct tar_events){on_begin, on_data, on_end, &unpack});
        age_reader_init(age, &job->sheet->archive, (struct age_sink){put_tar, &unpack});
        rc = read_backup(&unpack, age, block, side, why);
        age_reader_release(age);
    } else {
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    }
    io_close(&unpack.fd);
    arena_release(&arena);
    return rc;
}

int cmd_unpack_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct cmd_unpack *job = ctx;
    const int keep[] = {job->in, job->stage, side->fd};
    const struct cage_path paths[] = {{job->stage, CAGE_CHANGE}};
    struct cage_rules rules = {.profile = CAGE_UNPACK,
                               .keep = keep,
                               .keep_count = COUNT_OF(keep),
                               .paths = paths,
                               .path_count = COUNT_OF(paths)};
    int rc = cage_enter(&rules, NULL, why);

    return rc == SH_OK ? unpack_all(job, side, why) : rc;
}
