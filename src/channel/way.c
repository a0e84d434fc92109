/*
 * What stands in the way of a public file: anything but folders above it, anything but a file
 * under its own name.  Readers, mirrors and web servers follow no symbolic links, so what is
 * written through one is published for nobody, and lies wherever it leads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel_int.h"

#define ASIDES 100 /* Not a cap: so often one path may have been set aside before. */

enum kind { KIND_NOTHING, KIND_FOLDER, KIND_FILE, KIND_LINKED_FOLDER, KIND_OTHER };

static enum kind kind_of(int dir, const char *path)
{
    struct stat st;

    /* Not there, or not to be seen: writing it says why. */
    if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return KIND_NOTHING;
    if (S_ISDIR(st.st_mode))
        return KIND_FOLDER;
    if (S_ISREG(st.st_mode))
        return KIND_FILE;
    if (S_ISLNK(st.st_mode) && fstatat(dir, path, &st, 0) == 0 && S_ISDIR(st.st_mode))
        return KIND_LINKED_FOLDER;
    return KIND_OTHER;
}

/* The first thing on the way to path that must not be there, or KIND_NOTHING. */
static enum kind obstacle(int dir, const char *path, char out[TREE_PATH_BYTES])
{
    size_t len = strlen(path);
    enum kind kind;
    bool last;

    if (len >= TREE_PATH_BYTES)
        bug("a public path beyond TREE_PATH_BYTES");
    for (size_t i = 1; i <= len; i++) {
        last = path[i] == '\0';
        if (last && path[i - 1] == '/')
            break;
        if (!last && path[i] != '/')
            continue;
        memcpy(out, path, i);
        out[i] = '\0';
        kind = kind_of(dir, out);
        if (kind == KIND_NOTHING)
            return kind;
        if (kind != (last ? KIND_FILE : KIND_FOLDER))
            return kind;
    }
    return KIND_NOTHING;
}

static int linked(const char *path, struct why *why)
{
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "public/%s is a symbolic link, which readers and web servers do not follow; "
                   "put the folder itself in its place",
                   path);
}

int channel_way_check(int public_dir, const char *path, struct why *why)
{
    char found[TREE_PATH_BYTES];
    enum kind kind = obstacle(public_dir, path, found);

    if (kind == KIND_NOTHING)
        return SH_OK;
    if (kind == KIND_LINKED_FOLDER)
        return linked(found, why);
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "public/%s: is no %s; `stillhere rebuild` sets it aside", found,
                   strcmp(found, path) == 0 ? "file" : "folder");
}

int channel_set_aside(struct channel *channel, const char *path, struct why *why)
{
    char aside[CHANNEL_QUARANTINE_BYTES + 16];

    for (unsigned i = 1; i < ASIDES; i++) {
        (void)snprintf(aside, sizeof(aside), "quarantine/changed/%.*s", TREE_PATH_BYTES - 1,
                       path);
        if (i > 1)
            (void)snprintf(aside + strlen(aside), sizeof(aside) - strlen(aside), ".%u", i);
        /* What was set aside before is evidence, too. */
        if (!io_exists(channel->private_dir, aside))
            return io_move(channel->info.public_dir, path, channel->private_dir, aside, why);
    }
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "private/quarantine/changed/%s: set aside %d times; look at what was, and "
                   "take it away",
                   path, ASIDES);
}

/* Where a next word will go. */
static const char *const ways[] = {"checkpoint", "id/", "tile/entries/", "tile/0/", "d/", "b/",
                                   "w/",         "p/",  "now/"};

int channel_ways_check(int public_dir, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < COUNT_OF(ways) && rc == SH_OK; i++)
        rc = channel_way_check(public_dir, ways[i], why);
    return rc;
}

int channel_ways_clear(struct channel *channel, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < COUNT_OF(ways) && rc == SH_OK; i++)
        rc = channel_way_clear(channel, ways[i], why);
    return rc;
}

int channel_way_clear(struct channel *channel, const char *path, struct why *why)
{
    char found[TREE_PATH_BYTES];
    enum kind kind = obstacle(channel->info.public_dir, path, found);

    if (kind == KIND_NOTHING)
        return SH_OK;
    /* What it leads to is not ours to leave behind: documents cannot be made anew. */
    return kind == KIND_LINKED_FOLDER ? linked(found, why)
                                      : channel_set_aside(channel, found, why);
}
