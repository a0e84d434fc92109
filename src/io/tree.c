/* Directories: make them, open them, take a tree away. */
#include "io/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io_int.h"

int io_open_dir(int dir, const char *path, int *out, struct why *why)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return io_fail(why, path, "open directory");
    *out = fd;
    return SH_OK;
}

int io_sync_above(int dir, const char *what, struct why *why)
{
    int fd = -1;
    int rc = io_open_dir(dir, "..", &fd, why);

    if (rc == SH_OK)
        rc = io_sync_fd(fd, what, why);
    io_close(&fd);
    return rc;
}

/* One directory: mode whatever the umask, its name durable in its parent when sync says so. */
static int make_one(int dir, const char *path, mode_t mode, enum io_sync sync, struct why *why)
{
    int fd, rc;

    if (mkdirat(dir, path, mode) != 0)
        return errno == EEXIST ? SH_OK : io_fail(why, path, "mkdir");
    /* By its descriptor: a cage lets nobody change rights by a path. */
    fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    rc = fd < 0 || fchmod(fd, mode) != 0 ? io_fail(why, path, "chmod") : SH_OK;
    io_close(&fd);
    if (rc != SH_OK)
        return rc;
    return sync == IO_SYNC ? io_sync_parent(dir, path, why) : SH_OK;
}

int io_folders(int dir, const char *path, mode_t mode, enum io_sync sync, struct why *why)
{
    char part[IO_PATH_BYTES];
    size_t len = strlen(path);
    int rc = SH_OK;

    if (len >= sizeof(part))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", path);
    for (size_t i = 1; i <= len && rc == SH_OK; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        rc = make_one(dir, part, mode, sync, why);
    }
    return rc;
}

int io_mkdirs(int dir, const char *path, mode_t mode, struct why *why)
{
    return io_folders(dir, path, mode, IO_SYNC, why);
}

int io_mkdirs_for(int dir, const char *path, mode_t mode, struct why *why)
{
    char parent[IO_PATH_BYTES];
    int rc = io_parent(path, parent, why);

    if (rc != SH_OK || strcmp(parent, ".") == 0)
        return rc;
    return io_mkdirs(dir, parent, mode, why);
}

/* One level of the walk of io_remove_tree. */
struct level {
    DIR *dir;
    char name[LIMIT_NAME_CHARS]; /* of this directory in its parent */
};

/* Remove what lies directly in level; the name of a subdirectory into next, or "". */
static int sweep(struct level *level, char next[LIMIT_NAME_CHARS], struct why *why)
{
    struct dirent *item;
    size_t len;

    next[0] = '\0';
    rewinddir(level->dir);
    for (errno = 0; (item = readdir(level->dir)) != NULL; errno = 0) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(level->dir), item->d_name, 0) == 0)
            continue;
        if (errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM)
            return io_fail(why, item->d_name, "unlink");
        len = strlen(item->d_name);
        if (len >= LIMIT_NAME_CHARS)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: name too long",
                           item->d_name);
        memcpy(next, item->d_name, len + 1);
        return SH_OK;
    }
    return errno ? io_fail(why, level->name, "read directory") : SH_OK;
}

static int enter(int parent, const char *name, struct level *level, struct why *why)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return io_fail(why, name, "open directory");
    level->dir = fdopendir(fd);
    if (!level->dir) {
        io_close(&fd);
        return io_fail(why, name, "open directory");
    }
    memcpy(level->name, name, strlen(name) + 1);
    return SH_OK;
}

/* Walk down to a directory without directories, remove it, go on in its parent. */
static int remove_levels(int base, struct level *level, size_t *depth, struct why *why)
{
    char next[LIMIT_NAME_CHARS];
    int parent, rc;

    while (*depth > 0) {
        rc = sweep(&level[*depth - 1], next, why);
        if (rc != SH_OK)
            return rc;
        if (next[0]) {
            if (*depth == LIMIT_TREE_DEPTH)
                return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: more than %d folders deep",
                               level[0].name, LIMIT_TREE_DEPTH);
            rc = enter(dirfd(level[*depth - 1].dir), next, &level[*depth], why);
            if (rc != SH_OK)
                return rc;
            ++*depth;
            continue;
        }
        (void)closedir(level[*depth - 1].dir); /* Only read from. */
        --*depth;
        parent = *depth ? dirfd(level[*depth - 1].dir) : base;
        if (unlinkat(parent, level[*depth].name, AT_REMOVEDIR) != 0 && errno != ENOENT)
            return io_fail(why, level[*depth].name, "rmdir");
    }
    return SH_OK;
}

int io_remove_tree(int dir, const char *path, struct why *why)
{
    struct level level[LIMIT_TREE_DEPTH];
    char parent[IO_PATH_BYTES];
    const char *name = strrchr(path, '/');
    size_t depth = 0;
    int base = -1;
    int rc;

    if (unlinkat(dir, path, 0) == 0 || errno == ENOENT)
        return SH_OK;
    name = name ? name + 1 : path;
    if (strlen(name) >= LIMIT_NAME_CHARS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: name too long", name);
    rc = io_parent(path, parent, why);
    if (rc == SH_OK)
        rc = io_open_dir(dir, parent, &base, why);
    if (rc == SH_OK)
        rc = enter(base, name, &level[0], why);
    if (rc == SH_OK) {
        depth = 1;
        rc = remove_levels(base, level, &depth, why);
    }
    while (depth > 0)
        (void)closedir(level[--depth].dir); /* Only read from. */
    io_close(&base);
    return rc;
}

/* ---- a new folder with its files ---- */

static int put_file(int dir, const struct io_target *target, const struct io_file *file,
                    struct why *why)
{
    int fd = openat(dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return io_fail(why, target->path, "new file");
    rc = io_fill(fd, target, file->data, why);
    io_close(&fd);
    return rc;
}

/* The file before files[i] that holds the same bytes; i when there is none. */
static size_t same_file(const struct io_file *files, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (files[j].data.ptr == files[i].data.ptr && files[j].data.len == files[i].data.len)
            return j;
    return i;
}

static int put_files(int dir, const struct io_target *target, const struct io_file *files,
                     size_t count, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < count && rc == SH_OK; i++) {
        size_t same = same_file(files, i);

        /* Not every file system can link; then it is written twice. */
        if (same == i || linkat(dir, files[same].name, dir, files[i].name, 0) != 0)
            rc = put_file(dir, target, &files[i], why);
    }
    return rc;
}

int io_folder_put(const struct io_target *target, const struct io_file *files, size_t count,
                  struct why *why)
{
    char name[IO_TMP_NAME_BYTES];
    struct io_move move = {target->tmp_dir, name, target->dir, target->path, 0755};
    int dir = -1;
    int rc;

    io_tmp_name(name);
    rc = io_folders(target->tmp_dir, name, 0755, IO_NO_SYNC, why);
    if (rc == SH_OK)
        rc = io_open_dir(target->tmp_dir, name, &dir, why);
    if (rc == SH_OK)
        rc = put_files(dir, target, files, count, why);
    io_close(&dir);
    if (rc == SH_OK && io_exists(target->dir, target->path))
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s: is there already", target->path);
    if (rc == SH_OK)
        rc = io_rename(&move, IO_NO_SYNC, why);
    /* What stays behind then is swept at the next start. */
    if (rc != SH_OK && io_remove_tree(target->tmp_dir, name, NULL) != SH_OK)
        return SH_EIO;
    return rc == SH_ENOTFOUND ? SH_EIO : rc;
}
