/* Files that a person names: created, never overwritten by accident, and durable. */
#include "cmd/files_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"

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
    const char *quote = "";

    for (const char *c = home; *c && !*quote; c++)
        if (*c == ' ' || strchr("'\"$&;()<>|*?[]#~`\\!", *c))
            quote = strchr(home, '\'') ? "\"" : "'";
    (void)snprintf(out, size, "stillhere -C %s%s%s %s", quote, home, quote, verb);
}
