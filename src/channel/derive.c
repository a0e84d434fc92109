/* Derived files: times that only grow, writing what changed, remembering how far pages are. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

void channel_boot_read(char out[CHANNEL_BOOT_BYTES])
{
    struct bytes text;

    bytes_init(&text, CHANNEL_BOOT_BYTES - 1);
    out[0] = '\0';
    if (io_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text, NULL) == SH_OK &&
        text.len) {
        memcpy(out, text.ptr, text.len);
        out[text.len] = '\0';
    }
    bytes_release(&text);
}

/* One durable change of the state; the handle is of no more use when it fails. */
static int save(struct channel *channel, enum store_sync sync, struct why *why)
{
    int rc = store_begin(channel->store, sync, why);

    if (rc == SH_OK)
        rc = channel_state_save(channel->store, &channel->state, why);
    if (rc == SH_OK)
        rc = store_commit(channel->store, why);
    if (rc == SH_OK)
        return store_begin_read(channel->store, why);
    store_end(channel->store);
    channel->broken = true;
    return rc;
}

int channel_pages_behind(struct channel *channel, struct why *why)
{
    int rc;

    channel->state.pages_size = channel->state.pages_safe = 0;
    rc = save(channel, STORE_DURABLE, why);
    if (rc == SH_OK)
        channel->info.pages_size = 0;
    return rc;
}

int channel_stamp(struct channel *channel, uint64_t *mtime_s, struct why *why)
{
    struct channel_state *state = &channel->state;
    uint64_t now = io_now();
    int rc = SH_OK;

    if (channel->use != CHANNEL_WRITE)
        bug("channel_stamp: the channel is not open for writing");
    /* The commit just made advanced it already; no page has that time yet. */
    if (!channel->stamp_fresh) {
        state->stamp = now > state->stamp ? now : state->stamp + 1;
        rc = save(channel, STORE_DURABLE, why);
    }
    channel->stamp_fresh = false;
    if (rc == SH_OK)
        *mtime_s = state->stamp;
    return rc;
}

int channel_derive(struct channel *channel, const char *path, struct slice data,
                   uint64_t mtime_s, struct why *why)
{
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = path,
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .mtime_s = mtime_s,
                               .sync = IO_NO_SYNC};
    struct bytes found;
    bool same;
    int rc;

    if (channel->use != CHANNEL_WRITE)
        bug("channel_derive: the channel is not open for writing");
    rc = channel_way_clear(channel, path, why);
    if (rc != SH_OK)
        return rc;
    bytes_init(&found, data.len ? data.len : 1);
    same = io_read(channel->info.public_dir, path, &found, NULL) == SH_OK &&
           slice_equal(bytes_view(&found), data);
    bytes_release(&found);
    return same ? SH_OK : io_replace(&target, data, why);
}

/* A folder that is there gets its files one by one: each may be the same as before. */
static int derive_each(struct channel *channel, const struct channel_page *page,
                       uint64_t mtime_s, struct why *why)
{
    char path[TREE_PATH_BYTES];
    int rc = SH_OK;

    for (size_t i = 0; i < page->count && rc == SH_OK; i++) {
        int len = snprintf(path, sizeof(path), "%s%s%s", page->folder, *page->folder ? "/" : "",
                           page->files[i].name);

        if (len < 0 || (size_t)len >= sizeof(path))
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: the path is too long",
                           page->folder);
        rc = channel_derive(channel, path, page->files[i].data, mtime_s, why);
    }
    return rc;
}

int channel_derive_page(struct channel *channel, const struct channel_page *page,
                        uint64_t mtime_s, struct why *why)
{
    struct io_target target = {.dir = channel->info.public_dir,
                               .path = page->folder,
                               .tmp_dir = channel->info.tmp_dir,
                               .mode = 0644,
                               .mtime_s = mtime_s,
                               .sync = IO_NO_SYNC};

    if (channel->use != CHANNEL_WRITE)
        bug("channel_derive_page: the channel is not open for writing");
    if (!*page->folder || io_exists(target.dir, target.path))
        return derive_each(channel, page, mtime_s, why);
    return io_folder_put(&target, page->files, page->count, why);
}

/* Does a withdrawal lie beyond the pages' size?  Its words must be gone from the disk, too. */
static int takes_words(struct channel *channel, bool *out, struct why *why)
{
    struct store_query *query;
    int rc = store_query(channel->store, "SELECT 1 FROM entries WHERE idx>=?1 AND type=?2",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, channel->info.pages_size);
    store_bind_int(query, 2, ENTRY_WITHDRAW);
    rc = store_step(query, why);
    store_done(query);
    *out = rc == STORE_ROW;
    return rc < 0 ? rc : SH_OK;
}

int channel_pages_done(struct channel *channel, uint64_t size, const char *version,
                       struct why *why)
{
    struct channel_state *state = &channel->state;
    char boot[CHANNEL_BOOT_BYTES];
    bool withdrawn = false;
    int rc;

    if (strlen(version) >= sizeof(state->pages_version))
        bug("channel_pages_done: the version is too long");
    rc = takes_words(channel, &withdrawn, why);
    if (rc != SH_OK)
        return rc;
    channel_boot_read(boot);
    if (withdrawn || !boot[0] || strcmp(boot, state->boot) != 0 ||
        strcmp(version, state->pages_version) != 0 || channel->info.pages_size == 0) {
        /* Once in a run of the machine, when all pages are new, and when words go: wait for
         * the disk. */
        if (syncfs(channel->info.public_dir) != 0)
            return why_set(why, SH_EIO, WHY_NOWHERE,
                           "public/: the disk did not take the pages");
        memcpy(state->boot, boot, sizeof(state->boot));
        state->pages_safe = size;
    }
    (void)snprintf(state->pages_version, sizeof(state->pages_version), "%s", version);
    state->pages_size = size;
    rc = save(channel, STORE_LAZY, why);
    if (rc == SH_OK && channel->info.pages_size == 0)
        rc = io_remove_tree(channel->private_dir, CHANNEL_PAGES_OLD, why);
    if (rc == SH_OK) {
        channel->info.pages_size = size;
        rc = channel_info_fill(channel, why);
    }
    return rc;
}
