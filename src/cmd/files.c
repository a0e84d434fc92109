/* Files that a person names: created, never overwritten by accident, and durable. */
#include "cmd/files_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

/* errno says why it could not be opened; 0: it is no regular file. */
static const char *clip_trouble(const char *name, int cause)
{
    struct stat st;

    switch (cause) {
    case ENOENT:
    case ENOTDIR:
        return "no such file; look at the name, and at the folder that you are in";
    case ELOOP:
        return "links that lead in a circle; name the clip itself";
    case ENAMETOOLONG:
        return "a name that is too long; give the clip a shorter one";
    case EACCES:
    case EPERM:
        return "you may not read it; give yourself the right to (chmod u+r), or copy it to "
               "where "
               "you may";
    default:
        break;
    }
    if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
        return "a folder; name the clip in it";
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
        return "a pipe, device or socket; save the clip as a file, and give that";
    return NULL;
}

int cmd_clip_open(const char *name, int *out, struct why *why)
{
    struct why cause = {0};
    const char *trouble;
    int fd;
    int rc = io_open_file(AT_FDCWD, name, out, &cause);

    if (rc == SH_OK)
        return rc;
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    trouble = clip_trouble(name, fd < 0 ? errno : 0);
    io_close(&fd);
    if (!trouble)
        return why_set(why, cause.code, cause.offset, "%s", cause.text);
    return why_set(why, cause.code, WHY_NOWHERE, "%.200s: %s", name, trouble);
}

static bool is_public_tree(int dir)
{
    struct stat note, checkpoint;

    return fstatat(dir, "id/0.note", &note, 0) == 0 && S_ISREG(note.st_mode) &&
           fstatat(dir, "checkpoint", &checkpoint, 0) == 0 && S_ISREG(checkpoint.st_mode);
}

/* The folder at path, or the nearest one above it that is there already. */
static int nearest(const char *path)
{
    char part[4096];
    size_t len = strlen(path);
    int dir = -1;

    if (len >= sizeof(part))
        return -1;
    memcpy(part, path, len + 1);
    while (len && (dir = open(part, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        while (len && part[len - 1] == '/')
            len--;
        while (len && part[len - 1] != '/')
            len--;
        part[len] = '\0';
    }
    return len ? dir : open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cmd_place_private(const char *path, struct why *why)
{
    struct stat here, above;
    int dir = nearest(path), up, rc = SH_OK;

    /* A folder that cannot be looked into ends the walk: what is to be made there says why. */
    while (dir >= 0 && rc == SH_OK && fstat(dir, &here) == 0) {
        if (is_public_tree(dir)) {
            rc = why_set(why, SH_EARG, WHY_NOWHERE,
                         "%s: lies in the public tree of a channel, which everybody can read; "
                         "choose a place outside of it",
                         path);
            break;
        }
        up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        io_close(&dir);
        dir = up;
        if (dir >= 0 && fstat(dir, &above) == 0 && above.st_ino == here.st_ino &&
            above.st_dev == here.st_dev)
            break; /* The root. */
    }
    io_close(&dir);
    return rc;
}

int cmd_place_open(const char *path, struct cmd_place *out, struct why *why)
{
    const char *slash = strrchr(path, '/');
    char parent[4096];
    size_t len = slash ? (size_t)(slash - path) : 0;

    *out = (struct cmd_place){.dir = -1, .base = slash ? slash + 1 : path, .path = path};
    if (len >= sizeof(parent) || !*out->base || strcmp(out->base, ".") == 0 ||
        strcmp(out->base, "..") == 0)
        return why_set(why, SH_EARG, WHY_NOWHERE, "%s: not the name of a file", path);
    memcpy(parent, path, len);
    parent[len] = '\0';
    if (slash && !len)
        out->dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    else
        out->dir = open(len ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir < 0)
        return why_set(why, errno == ENOENT ? SH_ENOTFOUND : SH_EIO, WHY_NOWHERE,
                       "%s: its folder cannot be opened: %s", path, strerror(errno));
    return SH_OK;
}

int cmd_place_outside(const struct cmd_place *place, const char *home, struct why *why)
{
    char path[4200], root[4096], inner[4096];
    const char *const trees[] = {"public", "private"};

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", place->dir);
    if (!realpath(path, inner) || !realpath(home, root))
        return SH_OK; /* Without /proc nothing is compared. */
    for (size_t i = 0; i < COUNT_OF(trees); i++) {
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", root, trees[i]) >= sizeof(path))
            continue;
        if (strncmp(inner, path, strlen(path)) == 0 &&
            (inner[strlen(path)] == '/' || !inner[strlen(path)]))
            return why_set(
                why, SH_EARG, WHY_NOWHERE,
                "%s: lies inside of the channel; choose a place outside of it, best on "
                "another disk",
                place->path);
    }
    return SH_OK;
}

int cmd_place_create(const struct cmd_place *place, const char *name, int *fd, struct why *why)
{
    *fd = openat(place->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0 && errno == EEXIST)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%s: there is such a file already; it is left as it is, choose another "
                       "name",
                       place->path);
    if (*fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    return SH_OK;
}

int cmd_file_write(const char *path, struct slice data, struct why *why)
{
    struct cmd_place place;
    int fd = -1, rc = cmd_place_open(path, &place, why);

    if (rc == SH_OK)
        rc = cmd_place_create(&place, place.base, &fd, why);
    if (rc < 0)
        goto out;
    rc = io_write_fd(fd, data, why);
    if (rc == SH_OK)
        rc = io_sync_fd(fd, path, why);
    if (rc == SH_OK)
        rc = io_sync_fd(place.dir, path, why);
    if (rc < 0)
        (void)unlinkat(place.dir, place.base, 0); /* The first cause is what counts. */
out:
    io_close(&fd);
    io_close(&place.dir);
    return rc;
}

void cmd_command_line(char *out, size_t size, const char *home, const char *verb)
{
    bool plain = *home && !strpbrk(home, " \t\n'\"$&;()<>|*?[]{}#~`\\!");
    struct bytes line;

    bytes_init(&line, size - 1);
    bytes_text(&line, "stillhere -C ");
    if (plain)
        bytes_text(&line, home);
    else
        bytes_u8(&line, '\'');
    for (const char *c = plain ? "" : home; *c; c++)
        if (*c == '\'')
            bytes_text(&line, "'\\''");
        else
            bytes_u8(&line, (uint8_t)*c);
    bytes_printf(&line, "%s %s", plain ? "" : "'", verb);
    if (line.len)
        memcpy(out, line.ptr, line.len);
    out[line.len] = '\0';
    bytes_release(&line);
}
