/* Several files made durable together: see io.h. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/io_int.h"

struct io_batch_item {
    struct io_move move;   /* a and b are filled from the buffers below when used */
    char a[IO_PATH_BYTES]; /* temporary name, or where it comes from */
    char b[IO_PATH_BYTES]; /* where it goes */
    int fd;                /* of a temporary file not yet fsynced, else -1 */
    bool temporary, renamed;
};

static struct io_batch_item *item_at(const struct io_batch *batch, size_t i)
{
    return (struct io_batch_item *)(void *)batch->items.ptr + i;
}

void io_batch_init(struct io_batch *batch, int tmp_dir)
{
    batch->tmp_dir = tmp_dir;
    batch->sync = IO_SYNC;
    bytes_init(&batch->items, LIMIT_BATCH_FILES * sizeof(struct io_batch_item));
}

size_t io_batch_count(const struct io_batch *batch)
{
    return batch->items.len / sizeof(struct io_batch_item);
}

static int item_add(struct io_batch *batch, const struct io_batch_item *item, struct why *why)
{
    bytes_append(&batch->items, item, sizeof(*item));
    return bytes_check(&batch->items, why);
}

/* A full batch is made durable first: what is added later lands later. */
static int item_room(struct io_batch *batch, struct why *why)
{
    if (io_batch_count(batch) < LIMIT_BATCH_FILES)
        return SH_OK;
    return io_batch_done(batch, why);
}

static int path_copy(char out[IO_PATH_BYTES], const char *path, struct why *why)
{
    size_t len = strlen(path);

    if (len >= IO_PATH_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path too long", path);
    memcpy(out, path, len + 1);
    return SH_OK;
}

int io_batch_put(struct io_batch *batch, const struct io_target *target, struct slice data,
                 struct why *why)
{
    struct io_batch_item item = {.fd = -1, .temporary = true};
    struct io_target temporary = *target;
    int rc = item_room(batch, why);

    temporary.tmp_dir = batch->tmp_dir;
    item.move = (struct io_move){.dir_a = batch->tmp_dir,
                                 .dir_b = target->dir,
                                 .dir_mode = target->mode & 077 ? 0755 : 0700};
    if (rc == SH_OK)
        rc = path_copy(item.b, target->path, why);
    if (rc == SH_OK)
        rc = io_temporary(&temporary, data, item.a, &item.fd, why);
    if (rc != SH_OK)
        return rc;
    if (batch->sync == IO_NO_SYNC)
        io_close(&item.fd);
    rc = item_add(batch, &item, why);
    if (rc != SH_OK) {
        io_close(&item.fd);
        (void)unlinkat(batch->tmp_dir, item.a, 0); /* Nobody else knows its name. */
    }
    return rc;
}

int io_batch_move(struct io_batch *batch, const struct io_move *move, struct why *why)
{
    struct io_batch_item item = {.move = *move, .fd = -1};
    int rc = item_room(batch, why);

    if (rc == SH_OK)
        rc = path_copy(item.a, move->a, why);
    if (rc == SH_OK)
        rc = path_copy(item.b, move->b, why);
    return rc == SH_OK ? item_add(batch, &item, why) : rc;
}

static int sync_files(struct io_batch *batch, struct why *why)
{
    struct io_batch_item *item;
    int rc = SH_OK;

    for (size_t i = 0; i < io_batch_count(batch) && rc == SH_OK; i++) {
        item = item_at(batch, i);
        if (item->fd < 0)
            continue;
        rc = io_sync_fd(item->fd, item->b, why);
        io_close(&item->fd);
    }
    return rc;
}

static int rename_files(struct io_batch *batch, struct why *why)
{
    struct io_batch_item *item;
    int rc;

    for (size_t i = 0; i < io_batch_count(batch); i++) {
        item = item_at(batch, i);
        item->move.a = item->a;
        item->move.b = item->b;
        if (!item->temporary && !io_exists(item->move.dir_a, item->a) &&
            io_exists(item->move.dir_b, item->b)) {
            item->renamed = true;
            continue;
        }
        rc = io_rename(&item->move, batch->sync, why);
        if (rc != SH_OK)
            return rc;
        item->renamed = true;
    }
    return SH_OK;
}

/* Directories that were fsynced in this round. */
struct synced {
    struct {
        int dir;
        char parent[IO_PATH_BYTES];
    } at[2 * LIMIT_BATCH_FILES];
    size_t count;
};

static int sync_once(struct synced *synced, int dir, const char *path, struct why *why)
{
    char parent[IO_PATH_BYTES];
    int rc = io_parent(path, parent, why);

    if (rc != SH_OK)
        return rc;
    for (size_t i = 0; i < synced->count; i++) {
        if (synced->at[i].dir == dir && strcmp(synced->at[i].parent, parent) == 0)
            return SH_OK;
    }
    rc = io_sync_parent(dir, path, why);
    if (rc == SH_OK) {
        synced->at[synced->count].dir = dir;
        memcpy(synced->at[synced->count++].parent, parent, sizeof(parent));
    }
    return rc;
}

/*
 * First where files go, then where they come from: several that leave one folder would be gone
 * from it for good while the second's new place is not durable yet.
 */
static int sync_dirs(struct io_batch *batch, struct why *why)
{
    struct synced synced;
    struct io_batch_item *item;
    char parent[IO_PATH_BYTES];
    int rc = SH_OK;

    synced.count = 0;
    for (size_t i = 0; i < io_batch_count(batch) && rc == SH_OK; i++) {
        item = item_at(batch, i);
        rc = sync_once(&synced, item->move.dir_b, item->b, why);
    }
    for (size_t i = 0; i < io_batch_count(batch) && rc == SH_OK; i++) {
        item = item_at(batch, i);
        rc = io_parent(item->a, parent, why);
        /* A move is durable when both sides are; a temporary name may come back. */
        if (rc == SH_OK && !item->temporary && io_exists(item->move.dir_a, parent))
            rc = sync_once(&synced, item->move.dir_a, item->a, why);
    }
    return rc;
}

int io_batch_done(struct io_batch *batch, struct why *why)
{
    int rc = sync_files(batch, why);

    if (rc == SH_OK)
        rc = rename_files(batch, why);
    if (rc == SH_OK && batch->sync == IO_SYNC)
        rc = sync_dirs(batch, why);
    if (rc == SH_OK)
        bytes_clear(&batch->items);
    return rc == SH_ENOTFOUND ? SH_EIO : rc;
}

void io_batch_release(struct io_batch *batch)
{
    struct io_batch_item *item;

    for (size_t i = 0; i < io_batch_count(batch); i++) {
        item = item_at(batch, i);
        io_close(&item->fd);
        if (item->temporary && !item->renamed)
            (void)unlinkat(batch->tmp_dir, item->a, 0); /* The next start sweeps tmp/ too. */
    }
    bytes_release(&batch->items);
}
