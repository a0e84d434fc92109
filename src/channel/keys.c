/* The secret keys that live on the channel's machine: hex and a newline, mode 0600. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

#define KEY_TEXT_BYTES (2 * SECRET_BYTES + 1)

/*
 * A key's name says whose it is, so that a rotation has no moment in which the note names one
 * key and the file holds another.
 */
void channel_key_path(int private_dir, const char *stem, const char *id,
                      char out[CHANNEL_KEY_PATH_BYTES])
{
    (void)snprintf(out, CHANNEL_KEY_PATH_BYTES, CHANNEL_KEYS "/%.20s-%.16s.key", stem, id);
    if (!io_exists(private_dir, out))
        (void)snprintf(out, CHANNEL_KEY_PATH_BYTES, CHANNEL_KEYS "/%.20s.key", stem);
}

int channel_key_read(int private_dir, const char *path, struct secret *secret, struct why *why)
{
    struct bytes text;
    int rc;

    bytes_init(&text, KEY_TEXT_BYTES);
    rc = io_read(private_dir, path, &text, why);
    if (rc == SH_OK &&
        (text.len != KEY_TEXT_BYTES || text.ptr[KEY_TEXT_BYTES - 1] != '\n' ||
         !hex_parse(slice_of(text.ptr, KEY_TEXT_BYTES - 1), secret->byte, SECRET_BYTES)))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "private/%s: not 64 hex digits; restore it from a backup", path);
    if (text.ptr)
        wipe(text.ptr, text.cap);
    bytes_release(&text);
    return rc;
}

int channel_key_write(int private_dir, int tmp_dir, const char *path,
                      const struct secret *secret, struct why *why)
{
    char text[KEY_TEXT_BYTES + 1];
    struct io_target target = {private_dir, path, tmp_dir, 0600, 0, IO_SYNC};
    int rc;

    hex_build(slice_of(secret->byte, SECRET_BYTES), text);
    text[KEY_TEXT_BYTES - 1] = '\n';
    rc = io_replace(&target, slice_of(text, KEY_TEXT_BYTES), why);
    wipe(text, sizeof(text));
    return rc;
}

int channel_key_keep(struct channel *channel, const char *stem, const char *id,
                     const struct secret *secret, struct why *why)
{
    char path[CHANNEL_KEY_PATH_BYTES];
    int rc;

    (void)snprintf(path, sizeof(path), CHANNEL_KEYS "/%.20s-%.16s.key", stem, id);
    rc = channel_key_write(channel->private_dir, channel->info.tmp_dir, path, secret, why);
    return rc == SH_OK ? io_sync_parent(channel->private_dir, path, why) : rc;
}

/* Does the newest note need the key of this id here: open, or the log key before it? */
static bool is_needed(const struct channel *channel, const char *id)
{
    const struct identity *identity = channel_identity(channel);

    if (channel->info.has_before && strcmp(channel->info.before_id, id) == 0)
        return true;
    for (size_t i = 0; i < identity->key_count; i++)
        if (strcmp(identity->keys[i].id, id) == 0)
            return identity->keys[i].until == ENTRY_NO_REF;
    return false;
}

/* Has each key of the role that is needed a file of its own name?  False when none is. */
static bool all_named(const struct channel *channel, enum key_role role, const char *stem)
{
    const struct identity *identity = channel_identity(channel);
    char path[CHANNEL_KEY_PATH_BYTES];
    size_t named = 0;

    for (size_t i = 0; i < identity->key_count; i++) {
        if (identity->keys[i].role != role || !is_needed(channel, identity->keys[i].id))
            continue;
        (void)snprintf(path, sizeof(path), CHANNEL_KEYS "/%.20s-%.16s.key", stem,
                       identity->keys[i].id);
        if (!io_exists(channel->private_dir, path))
            return false;
        named++;
    }
    return named > 0;
}

static bool destroy(struct channel *channel, const char *path)
{
    return unlinkat(channel->private_dir, path, 0) == 0; /* Else the next sweep tries again. */
}

static bool sweep(struct channel *channel, enum key_role role, const char *stem)
{
    const struct identity *identity = channel_identity(channel);
    char path[CHANNEL_KEY_PATH_BYTES];
    bool gone = false;

    /* Names are made from the note: what somebody else put there is left alone. */
    for (size_t i = 0; i < identity->key_count; i++) {
        if (identity->keys[i].role != role || is_needed(channel, identity->keys[i].id))
            continue;
        (void)snprintf(path, sizeof(path), CHANNEL_KEYS "/%.20s-%.16s.key", stem,
                       identity->keys[i].id);
        gone = destroy(channel, path) || gone;
    }
    /* The key that the channel was born with has no id in its name: no other needs it. */
    (void)snprintf(path, sizeof(path), CHANNEL_KEYS "/%.20s.key", stem);
    if (identity->number && all_named(channel, role, stem))
        gone = destroy(channel, path) || gone;
    return gone;
}

/* Is the authority's key of before still here?  Then its leaf may be, too. */
static bool ca_is_new(const struct channel *channel)
{
    const struct identity *identity = channel_identity(channel);
    char path[CHANNEL_KEY_PATH_BYTES];

    for (size_t i = 0; i < identity->key_count; i++) {
        (void)snprintf(path, sizeof(path), CHANNEL_KEYS "/c2pa-ca-%.16s.key",
                       identity->keys[i].id);
        if (identity->keys[i].role == KEY_C2PA_CA &&
            !is_needed(channel, identity->keys[i].id) && io_exists(channel->private_dir, path))
            return true;
    }
    return identity->number && io_exists(channel->private_dir, CHANNEL_CA_KEY) &&
           all_named(channel, KEY_C2PA_CA, "c2pa-ca");
}

void channel_keys_sweep(struct channel *channel)
{
    bool log = sweep(channel, KEY_LOG, "log");
    bool ca;

    /* The leaf of an authority that is gone signs nothing more: the next one issues its own. */
    if (ca_is_new(channel))
        (void)destroy(channel, CHANNEL_LEAF_KEY);
    ca = sweep(channel, KEY_C2PA_CA, "c2pa-ca");

    /* A key that comes back after a power cut is swept again. */
    if ((log || ca) && io_sync_parent(channel->private_dir, CHANNEL_LOG_KEY, NULL) != SH_OK)
        return;
}
