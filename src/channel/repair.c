/* The marks of a restore and of a copied home, taken away by a person who answers for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

int channel_mark_restored(int private_dir, struct why *why)
{
    char text[64];
    struct io_target target = {private_dir, CHANNEL_MARK, private_dir, 0600, 0, IO_SYNC};

    (void)snprintf(text, sizeof(text), "restored %ju\n", (uintmax_t)io_now());
    return io_replace(&target, slice_text(text), why);
}

static int record(struct channel *channel, const char *reason, struct why *why)
{
    struct store_query *query;
    struct channel_state *state = &channel->state;
    int rc = store_begin(channel->store, STORE_DURABLE, why);

    if (rc == SH_OK)
        rc = store_query(channel->store, "INSERT INTO marks(time,what) VALUES(?1,?2)", &query,
                         why);
    if (rc == SH_OK) {
        store_bind_int(query, 1, io_now());
        store_bind_text(query, 2, reason);
        rc = store_run(query, why);
    }
    /* Pages are not in a backup. */
    state->pages_size = state->pages_safe = 0;
    if (rc == SH_OK)
        rc = channel_state_save(channel->store, state, why);
    if (rc == SH_OK)
        rc = store_commit(channel->store, why);
    if (rc != SH_OK)
        store_end(channel->store);
    return rc;
}

static int forgive(struct channel *channel, const char *home, const char *reason,
                   struct why *why)
{
    bool marked;
    int rc = channel_home_open(home, CHANNEL_WRITE, channel, why);

    if (rc != SH_OK)
        return rc;
    rc = channel_store_write(channel, why);
    if (rc != SH_OK)
        return rc;
    marked = io_exists(channel->private_dir, CHANNEL_MARK);
    if (!marked && !channel_place_is_other(channel))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%.200s: no restore is marked here; there is nothing to recover from",
                       home);
    rc = record(channel, reason, why);
    if (rc == SH_OK)
        rc = channel_place_write(channel, why);
    if (rc != SH_OK || !marked)
        return rc;
    if (unlinkat(channel->private_dir, CHANNEL_MARK, 0) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/" CHANNEL_MARK ": %s",
                       strerror(errno));
    return io_sync_fd(channel->private_dir, "private", why);
}

int channel_forgive(const char *home, const char *reason, struct why *why)
{
    struct channel *channel = NULL;
    int rc = channel_new(&channel, why);

    if (rc == SH_OK)
        rc = forgive(channel, home, reason, why);
    channel_close(channel);
    return rc;
}
