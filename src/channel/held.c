/* What waits for a slot: held by links while a backup is made, checked in a restored one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define COPY_BLOCK 65536

int channel_names(int dir, const char *path, const struct channel_names *each, struct why *why)
{
    struct dirent *item;
    int fd = -1;
    int rc = io_open_dir(dir, path, &fd, NULL);
    DIR *list;

    if (rc != SH_OK)
        return rc == SH_ENOTFOUND ? SH_OK : why_set(why, rc, WHY_NOWHERE, "%s: not read", path);
    list = fdopendir(fd);
    if (!list) {
        io_close(&fd);
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "%s: cannot be read", path);
    }
    while (rc == SH_OK && (item = readdir(list)) != NULL)
        if (item->d_name[0] != '.')
            rc = each->name(each->ctx, dirfd(list), item->d_name, why);
    (void)closedir(list); /* Only read from. */
    return rc;
}

/* ---- links ---- */

struct hold {
    struct channel *channel;
    struct channel_job *job;
    int to; /* folder of the one at hand */
};

/* The same by a copy, where the file system knows no links. */
static int copy_file(const struct hold *hold, int dir, const char *name, struct why *why)
{
    uint8_t block[COPY_BLOCK];
    ssize_t got = 1;
    int in = -1, out = -1;
    int rc = io_open_file(dir, name, &in, NULL);

    if (rc == SH_ENOTFOUND)
        return SH_OK;
    if (rc == SH_OK)
        out =
            openat(hold->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        rc = SH_EIO;
    while (rc == SH_OK && got > 0) {
        got = read(in, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got < 0)
            rc = SH_EIO;
        else if (got > 0)
            rc = io_write_fd(out, slice_of(block, (size_t)got), why);
    }
    io_close(&in);
    io_close(&out);
    return rc == SH_OK ? SH_OK
                       : why_set(why, rc, WHY_NOWHERE,
                                 "private/" CHANNEL_WAITING ": %s: not copied", name);
}

/* each->name: a file.  One that went is missed by who asks whether all are there. */
static int link_file(void *ctx, int dir, const char *name, struct why *why)
{
    const struct hold *hold = ctx;

    if (linkat(dir, name, hold->to, name, 0) == 0 || errno == ENOENT)
        return SH_OK;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK ||
        errno == EXDEV)
        return copy_file(hold, dir, name, why);
    return why_set(why, SH_EIO, WHY_NOWHERE, "private/" CHANNEL_WAITING ": %s",
                   strerror(errno));
}

/* each->name: a folder of private/waiting. */
static int link_folder(void *ctx, int dir, const char *name, struct why *why)
{
    struct hold *hold = ctx;
    struct channel_names each = {link_file, hold};
    int rc;

    if (strlen(name) >= CHANNEL_WAITING_BYTES)
        return SH_OK;
    if (mkdirat(hold->job->dir, name, 0700) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging: %s", strerror(errno));
    rc = io_open_dir(hold->job->dir, name, &hold->to, why);
    if (rc == SH_OK)
        rc = channel_names(dir, name, &each, why);
    io_close(&hold->to);
    return rc;
}

/* each->name: a folder of links.  One that is in the log already waits no more. */
static int check_held(void *ctx, int dir, const char *name, struct why *why)
{
    const struct hold *hold = ctx;
    bool logged = false;
    int rc = channel_waiting_whole(dir, name, hold->channel, &logged, why);

    return rc == SH_OK && logged ? io_remove_tree(dir, name, why) : rc;
}

/* Was a slot taken since our view of the database began? */
static int slot_taken(struct channel *channel, bool *out, struct why *why)
{
    char path[CHANNEL_PATH_BYTES];
    struct store *now = NULL;
    uint64_t before = 0, after = 0;
    int rc = channel_slot_last(channel->store, &before, why);

    channel_path(channel->home, "private/" CHANNEL_DB, path);
    if (rc == SH_OK)
        rc = store_open(path, STORE_READ, &channel_schema, &now, why);
    if (rc == SH_OK)
        rc = channel_slot_last(now, &after, why);
    store_close(now);
    *out = before != after;
    return rc;
}

int channel_hold_waiting(struct channel *channel, struct channel_job *job, struct why *why)
{
    struct hold hold = {channel, job, -1};
    struct channel_names link = {link_folder, &hold}, check = {check_held, &hold};
    bool taken = false;
    int rc = channel_job_new(channel->home, job, why);

    if (rc == SH_OK)
        rc = channel_names(channel->private_dir, CHANNEL_WAITING, &link, why);
    if (rc == SH_OK)
        rc = slot_taken(channel, &taken, why);
    if (rc == SH_OK && taken)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                     "slots of the covers are taken faster than a backup begins; try again");
    if (rc == SH_OK)
        rc = channel_names(job->dir, ".", &check, why);
    if (rc != SH_OK)
        channel_job_drop(job);
    return rc;
}

/* ---- in a restored backup ---- */

/* each->name */
static int check_restored(void *ctx, int dir, const char *name, struct why *why)
{
    bool logged;

    (void)ctx;
    return channel_waiting_whole(dir, name, NULL, &logged, why);
}

int channel_waiting_check(int private_dir, struct why *why)
{
    struct channel_names each = {check_restored, NULL};

    return channel_names(private_dir, CHANNEL_WAITING, &each, why);
}
