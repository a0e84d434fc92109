/* Job folders in private/staging, and sweeping away what nobody needs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define JOB_RANDOM_BYTES 16

static int staging_open(const char *home, int *out, struct why *why)
{
    char path[CHANNEL_PATH_BYTES];
    int private_dir = -1;
    int rc;

    if (strlen(home) >= LIMIT_HOME_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", home);
    channel_path(home, "private", path);
    rc = io_open_dir(AT_FDCWD, path, &private_dir, why);
    if (rc == SH_OK)
        rc = io_mkdirs(private_dir, "staging", 0700, why);
    if (rc == SH_OK)
        rc = io_open_dir(private_dir, "staging", out, why);
    io_close(&private_dir);
    return rc;
}

/* Make and lock one; SH_ECONFLICT when a sweep took it between the two. */
static int job_make(struct channel_job *job, struct why *why)
{
    uint8_t random[JOB_RANDOM_BYTES];
    struct stat st;
    int rc;

    io_random(random, sizeof(random));
    hex_build(slice_of(random, sizeof(random)), job->name);
    if (mkdirat(job->staging, job->name, 0700) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging: %s", strerror(errno));
    rc = io_open_dir(job->staging, job->name, &job->dir, NULL);
    if (rc == SH_ENOTFOUND)
        return SH_ECONFLICT;
    if (rc == SH_OK && flock(job->dir, LOCK_EX | LOCK_NB) == 0 && fstat(job->dir, &st) == 0 &&
        st.st_nlink > 0) {
        rc = io_sync_fd(job->staging, "private/staging", why);
        if (rc != SH_OK)
            io_close(&job->dir);
        return rc;
    }
    io_close(&job->dir);
    return rc == SH_OK ? SH_ECONFLICT
                       : why_set(why, rc, WHY_NOWHERE, "private/staging: cannot be opened");
}

int channel_job_new(const char *home, struct channel_job *job, struct why *why)
{
    int rc;

    *job = (struct channel_job){.dir = -1, .staging = -1};
    rc = staging_open(home, &job->staging, why);
    if (rc == SH_OK) {
        do {
            rc = job_make(job, why);
        } while (rc == SH_ECONFLICT);
    }
    if (rc != SH_OK)
        io_close(&job->staging);
    return rc;
}

void channel_job_drop(struct channel_job *job)
{
    /* Left-overs cost room, not truth: the next poster sweeps them. */
    if (job->dir >= 0 && !job->kept && io_remove_tree(job->staging, job->name, NULL) != SH_OK)
        job->kept = false;
    if (job->dir >= 0)
        io_close(&job->dir);
    if (job->staging > 0)
        io_close(&job->staging);
    *job = (struct channel_job){.dir = -1, .staging = -1};
}

/* Take staging/<name> away unless its owner lives. */
static int sweep_job(int staging, const char *name, struct why *why)
{
    int dir = -1;
    int rc = io_open_dir(staging, name, &dir, NULL);

    if (rc == SH_OK && flock(dir, LOCK_EX | LOCK_NB) != 0) {
        io_close(&dir);
        return SH_OK;
    }
    rc = io_remove_tree(staging, name, why);
    io_close(&dir);
    return rc;
}

static int each_name(int dir, const char *path,
                     int (*act)(int dir, const char *name, struct why *why), struct why *why)
{
    struct dirent *item;
    int fd = -1;
    int rc = io_open_dir(dir, path, &fd, NULL);
    DIR *list;

    if (rc != SH_OK)
        return rc == SH_ENOTFOUND ? SH_OK : rc;
    list = fdopendir(fd);
    if (!list) {
        io_close(&fd);
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "private/%s: cannot be read", path);
    }
    while (rc == SH_OK && (item = readdir(list)) != NULL) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            rc = act(dirfd(list), item->d_name, why);
    }
    (void)closedir(list); /* Only read from. */
    return rc;
}

int channel_sweep(struct channel *channel, struct why *why)
{
    int rc = each_name(channel->private_dir, "staging", sweep_job, why);

    /* Files in tmp/ are made under the lock alone, which we hold. */
    return rc == SH_OK ? each_name(channel->private_dir, "tmp", io_remove_tree, why) : rc;
}
