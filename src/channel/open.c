/* Opening a channel: lock, finish what was committed, check, sweep. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

void channel_path(const char *home, const char *below, char out[CHANNEL_PATH_BYTES])
{
    (void)snprintf(out, CHANNEL_PATH_BYTES, "%s/%.60s", home, below);
}

int channel_new(struct channel **out, struct why *why)
{
    static const struct channel empty;
    struct bytes memory;
    struct channel *channel;
    int rc;

    bytes_init(&memory, sizeof(*channel));
    bytes_append(&memory, &empty, sizeof(empty));
    rc = bytes_check(&memory, why);
    if (rc != SH_OK)
        return rc;
    channel = (struct channel *)(void *)memory.ptr;
    channel->home_dir = channel->private_dir = channel->lock = -1;
    channel->info.public_dir = channel->info.private_dir = channel->info.tmp_dir = -1;
    channel_state_init(&channel->state);
    channel_edge_init(&channel->edge);
    identity_chain_init(&channel->chain);
    *out = channel;
    return SH_OK;
}

void channel_home_close(struct channel *channel)
{
    io_close(&channel->lock);
    io_close(&channel->info.tmp_dir);
    io_close(&channel->info.public_dir);
    io_close(&channel->private_dir);
    io_close(&channel->home_dir);
}

void channel_close(struct channel *channel)
{
    struct bytes memory = {.ptr = (uint8_t *)channel};

    if (!channel)
        return;
    store_close(channel->store);
    channel_state_release(&channel->state);
    channel_edge_release(&channel->edge);
    identity_chain_release(&channel->chain);
    channel_home_close(channel);
    bytes_release(&memory);
}

/* ---- home, directories, lock ---- */

static int open_private(struct channel *channel, struct why *why)
{
    struct why cause = {0};
    int rc = io_open_dir(AT_FDCWD, channel->home, &channel->home_dir, &cause);

    if (rc == SH_OK)
        rc = io_open_dir(channel->home_dir, "private", &channel->private_dir, &cause);
    if (rc == SH_OK)
        return SH_OK;
    if (rc != SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE, "%.200s: %.200s", channel->home, cause.text);
    if (channel->home_dir >= 0 && io_exists(channel->home_dir, "public"))
        return why_set(
            why, SH_ENOTFOUND, WHY_NOWHERE,
            "%.200s: public/ is here but private/ is not: this is a copy for readers "
            "(`stillhere verify` reads it), or private/ is lost: restore a backup",
            channel->home);
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                   "%.200s: no channel here; `stillhere init HOME --name NAME` makes one",
                   channel->home);
}

/* A birth that was cut off between its two renames is finished here. */
static int open_public(struct channel *channel, struct why *why)
{
    struct why cause = {0};
    int rc;

    if (!io_exists(channel->home_dir, "public") &&
        io_exists(channel->home_dir, CHANNEL_BIRTH "/public") && channel->lock >= 0) {
        rc = io_move(channel->home_dir, CHANNEL_BIRTH "/public", channel->home_dir, "public",
                     why);
        if (rc != SH_OK)
            return rc;
        (void)unlinkat(channel->home_dir, CHANNEL_BIRTH, AT_REMOVEDIR); /* Harmless. */
    }
    rc = io_open_dir(channel->home_dir, "public", &channel->info.public_dir, &cause);
    if (rc == SH_ENOTFOUND)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%.200s: private/ is here but public/ is not; put it back, or restore a "
                       "backup",
                       channel->home);
    return rc == SH_OK
               ? SH_OK
               : why_set(why, rc, WHY_NOWHERE, "%.200s: %.200s", channel->home, cause.text);
}

static int open_tmp(struct channel *channel, struct why *why)
{
    int rc = io_open_dir(channel->private_dir, "tmp", &channel->info.tmp_dir, NULL);

    if (rc == SH_OK || (channel->use == CHANNEL_LOOK && rc != SH_ENOTFOUND))
        return SH_OK;
    rc = io_mkdirs(channel->private_dir, "tmp", 0700, why);
    if (rc == SH_OK)
        rc = io_open_dir(channel->private_dir, "tmp", &channel->info.tmp_dir, why);
    return channel->use == CHANNEL_LOOK ? SH_OK : rc;
}

int channel_home_open(const char *home, enum channel_use use, struct channel *channel,
                      struct why *why)
{
    size_t len = strlen(home);
    int rc;

    if (!len || len >= sizeof(channel->home))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path empty or too long", home);
    memcpy(channel->home, home, len + 1);
    channel->use = use;
    rc = open_private(channel, why);
    if (rc != SH_OK)
        return rc;
    if (use == CHANNEL_WRITE)
        rc =
            io_lock(channel->private_dir, CHANNEL_LOCK, LIMIT_LOCK_WAIT_S, &channel->lock, why);
    else if (io_lock(channel->private_dir, CHANNEL_LOCK, LIMIT_LOOK_WAIT_S, &channel->lock,
                     NULL) != SH_OK)
        channel->lock = -1; /* Looking goes on without it, and repairs nothing. */
    if (rc == SH_OK)
        rc = open_public(channel, why);
    return rc == SH_OK ? open_tmp(channel, why) : rc;
}

/* ---- info ---- */

/* See channel_state.boot: pages of an earlier run of the machine may not be on the disk. */
static uint64_t pages_that_count(const struct channel *channel)
{
    const struct channel_state *state = &channel->state;
    char boot[CHANNEL_BOOT_BYTES];

    if (!io_exists(channel->info.public_dir, "index.html") ||
        io_exists(channel->private_dir, CHANNEL_PAGES_OLD))
        return 0;
    channel_boot_read(boot);
    if (boot[0] && strcmp(boot, state->boot) == 0)
        return state->pages_size;
    return state->pages_safe < state->pages_size ? state->pages_safe : state->pages_size;
}

int channel_info_fill(struct channel *channel, struct why *why)
{
    struct channel_info *info = &channel->info;
    struct channel_state *state = &channel->state;
    int rc = SH_OK;

    if (!info->home) {
        rc = channel_identity_load(channel->store, &channel->chain, why);
        if (rc == SH_OK)
            rc = channel_identity_info(channel, why);
        info->home = channel->home;
        info->private_dir = channel->private_dir;
        info->pages_size = pages_that_count(channel);
    }
    info->size = state->size;
    memcpy(info->root, state->root, sizeof(info->root));
    info->published = state->published;
    info->dispatches = state->dispatches;
    memcpy(info->pages_version, state->pages_version, sizeof(info->pages_version));
    return rc;
}

const struct channel_info *channel_info(const struct channel *channel)
{
    return &channel->info;
}

/* ---- what speaks against signing ---- */

static void conflict_set(struct channel *channel, const struct why *cause)
{
    if (!channel->info.conflict[0])
        memcpy(channel->info.conflict, cause->text, sizeof(channel->info.conflict));
}

static void look_for_mark(struct channel *channel)
{
    struct why mark = {0};

    if (!io_exists(channel->private_dir, CHANNEL_MARK))
        return;
    (void)why_set(&mark, SH_ECONFLICT, WHY_NOWHERE,
                  "this channel was restored from a backup: what was published after that "
                  "backup is not in it, and signing now would fork the log; when no newer copy "
                  "exists anywhere, `stillhere recover --i-know` goes on from here");
    conflict_set(channel, &mark);
}

/*
 * A public tree that shows less than its pages once did was put back from an older day, and its
 * pages with it: they may show words that were withdrawn since.  Noted until all are anew.
 */
static int note_old_pages(struct channel *channel, struct why *why)
{
    struct io_target target = {
        channel->private_dir, CHANNEL_PAGES_OLD, channel->private_dir, 0600, 0, IO_SYNC};

    channel->info.pages_size = 0;
    return io_replace(&target, slice_of(NULL, 0), why);
}

static int finish(struct channel *channel, const struct channel_verdict *verdict,
                  struct why *why)
{
    struct channel_state *state = &channel->state;
    int rc = SH_OK;

    if (verdict->public_size < state->pages_size)
        rc = note_old_pages(channel, why);
    if (rc != SH_OK)
        return rc;
    if (!verdict->kept_missing && verdict->public_size == state->prev_size &&
        state->prev_size < state->size &&
        channel_edge_load(&channel->edge, channel->info.public_dir, state->prev_size,
                          state->prev_root, NULL) == SH_OK)
        return channel_publish_last(channel, why);
    if (verdict->kept_missing)
        rc = channel_show_again(channel, why);
    return rc == SH_OK ? channel_publish_all(channel, CHANNEL_KEEP, why) : rc;
}

static int check_edge(struct channel *channel, struct why *conflict, struct why *why)
{
    struct why cause = {0};
    int rc = channel_edge_load(&channel->edge, channel->info.public_dir, channel->state.size,
                               channel->state.root, &cause);

    if (rc == SH_OK)
        return SH_OK;
    if (rc == SH_EIO || rc == SH_ENOMEM)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    (void)why_set(
        conflict, SH_ECONFLICT, cause.offset,
        "public/ was changed: %.300s; `stillhere rebuild` writes it anew from the log",
        cause.text);
    return SH_OK;
}

/* Under the lock: finish, check, and note what speaks against signing. */
static int settle(struct channel *channel, struct why *why)
{
    struct channel_verdict verdict;
    struct why cause = {0};
    int rc = channel_judge(channel, &verdict, why);

    if (rc != SH_OK)
        return rc;
    channel->shown = verdict.public_size;
    if (verdict.conflict.code == SH_OK && (verdict.behind || verdict.kept_missing)) {
        rc = finish(channel, &verdict, &cause);
        if (rc == SH_ECONFLICT)
            verdict.conflict = cause;
        else if (rc != SH_OK && channel->use == CHANNEL_WRITE)
            return why_set(why, rc, cause.offset, "%s", cause.text);
        /* A reading command on a read-only disk shows what was committed. */
    } else if (verdict.conflict.code == SH_OK) {
        rc = check_edge(channel, &verdict.conflict, why);
        if (rc != SH_OK)
            return rc;
    }
    if (verdict.conflict.code != SH_OK)
        conflict_set(channel, &verdict.conflict);
    look_for_mark(channel);
    return SH_OK;
}

/*
 * What was purged must leave the database's log, too.  A run that was cut off after the commit,
 * or power that failed before the disk had cut the log short, left that to the next writer.
 */
static int fold_purge(struct channel *channel, struct why *why)
{
    struct store_query *query;
    bool purged;
    int rc = store_query(channel->store,
                         "SELECT 1 FROM pending WHERE op IN (?1,?2) AND path NOT LIKE '%.at'"
                         " LIMIT 1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, CHANNEL_OP_PURGE);
    store_bind_int(query, 2, CHANNEL_OP_PURGE_SEALED);
    rc = store_step(query, why);
    purged = rc == STORE_ROW;
    store_done(query);
    if (rc < 0 || !purged)
        return rc < 0 ? rc : SH_OK;
    store_end(channel->store);
    /* While somebody reads, it stays; the next writer tries again. */
    rc = store_fold(channel->store, NULL);
    if (rc != SH_OK && rc != SH_ECONFLICT)
        return why_set(why, rc, WHY_NOWHERE,
                       CHANNEL_DB ": what was purged could not be taken out of its log");
    return store_begin_read(channel->store, why);
}

int channel_store_write(struct channel *channel, struct why *why)
{
    char path[CHANNEL_PATH_BYTES];
    int rc;

    channel_path(channel->home, "private/" CHANNEL_DB, path);
    rc = store_open(path, STORE_WRITE, &channel_schema, &channel->store, why);
    if (rc == SH_OK)
        rc = channel_state_load(channel->store, &channel->state, why);
    return rc == SH_OK ? channel_info_fill(channel, why) : rc;
}

static int open_store(struct channel *channel, struct why *why)
{
    char path[CHANNEL_PATH_BYTES];
    struct why cause = {0};
    int rc;

    channel_path(channel->home, "private/" CHANNEL_DB, path);
    rc = store_open(path, channel->use == CHANNEL_WRITE ? STORE_WRITE : STORE_READ,
                    &channel_schema, &channel->store, &cause);
    if (rc == SH_ENOTFOUND)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%s: not there; `stillhere rebuild` makes it anew from public/", path);
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    /* One view for all that is read until the next commit: locks cost more than reads. */
    rc = store_begin_read(channel->store, why);
    return rc == SH_OK ? channel_state_load(channel->store, &channel->state, why) : rc;
}

static int open_all(const char *home, enum channel_use use, struct channel *channel,
                    struct why *why)
{
    struct why unsaid = {0};
    int rc = channel_home_open(home, use, channel, why);

    if (rc == SH_OK)
        rc = open_store(channel, why);
    if (rc == SH_OK)
        rc = channel_info_fill(channel, why);
    if (rc == SH_OK && channel->lock >= 0)
        rc = settle(channel, why);
    if (rc == SH_OK && channel->lock >= 0 && !channel->info.conflict[0])
        rc = channel_batch_settle(channel, use == CHANNEL_WRITE ? why : &unsaid);
    if (rc != SH_OK && unsaid.code != SH_OK)
        rc = SH_OK; /* A disk that is read-only: the next writer does it. */
    if (rc != SH_OK)
        return rc;
    channel_place_check(channel);
    if (use == CHANNEL_LOOK) {
        io_close(&channel->lock);
        return SH_OK;
    }
    if (channel->info.conflict[0])
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s", channel->info.conflict);
    if (channel->info.identity_number) /* The newest note is public by now. */
        channel_keys_sweep(channel);
    rc = fold_purge(channel, why);
    return rc == SH_OK ? channel_sweep(channel, why) : rc;
}

int channel_open(const char *home, enum channel_use use, struct channel **out, struct why *why)
{
    struct channel *channel = NULL;
    int rc = channel_new(&channel, why);

    if (rc == SH_OK)
        rc = open_all(home, use, channel, why);
    if (rc != SH_OK) {
        channel_close(channel);
        return rc;
    }
    *out = channel;
    return SH_OK;
}
