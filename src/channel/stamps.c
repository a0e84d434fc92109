/*
 * What others said of a checkpoint, cp/ and ts/: cosignatures and stamps that say when entries
 * were there at the latest.  Taken over from a copy, so that readers keep them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

struct stamps {
    struct channel_copy *copy;
    struct channel *channel;
    char folder[TREE_PATH_BYTES]; /* "ts/x001" */
    char stem[32];                /* "234.<8 hex>." */
};

static int put(struct stamps *stamps, const char *path, struct slice data, struct why *why)
{
    const struct channel_info *info = &stamps->channel->info;
    struct io_target target = {.dir = info->public_dir,
                               .path = path,
                               .tmp_dir = info->tmp_dir,
                               .mode = 0644,
                               .sync = IO_SYNC};

    return io_exists(info->public_dir, path) ? SH_OK : io_replace(&target, data, why);
}

/* Is it a checkpoint of this size and root, signed by a log key of the channel? */
static bool is_ours(const struct stamps *stamps, struct slice raw, uint64_t size,
                    const uint8_t root[TLOG_HASH_BYTES])
{
    const struct identity *newest = identity_chain_newest(&stamps->copy->chain);
    char first[CHANNEL_ORIGIN_BYTES], origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_checkpoint shown;
    struct tlog_note note;
    struct tlog_key key;

    channel_origin(&newest->channel, first);
    if (tlog_note_parse(raw, &note, NULL) != SH_OK ||
        tlog_checkpoint_parse(note.text, &shown, NULL) != SH_OK || shown.size != size ||
        memcmp(shown.root, root, TLOG_HASH_BYTES) != 0 || shown.origin.len >= sizeof(origin) ||
        !slice_starts(shown.origin, first))
        return false;
    memcpy(origin, shown.origin.ptr, shown.origin.len);
    origin[shown.origin.len] = '\0';
    for (size_t i = 0; i < newest->key_count; i++)
        if (newest->keys[i].role == KEY_LOG &&
            tlog_key_init(&key, origin, TLOG_ED25519, newest->keys[i].bytes, NULL) == SH_OK &&
            tlog_note_verdict(&note, &key) == TLOG_GOOD)
            return true;
    return false;
}

/* "<tsa>.tsr" or "<tsa>.ots" */
static bool is_stamp(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len && len <= 32 &&
           (strcmp(text + len, ".tsr") == 0 || strcmp(text + len, ".ots") == 0);
}

/* each->name: of stamps->folder */
static int take_stamp(void *ctx, int dir, const char *name, struct why *why)
{
    struct stamps *stamps = ctx;
    size_t len = strlen(stamps->stem);
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    if (strncmp(name, stamps->stem, len) != 0 || !is_stamp(name + len) ||
        (size_t)snprintf(path, sizeof(path), "%s/%s", stamps->folder, name) >= sizeof(path))
        return SH_OK;
    bytes_init(&raw, LIMIT_STAMP_BYTES);
    if (io_read(dir, name, &raw, NULL) == SH_OK)
        rc = put(stamps, path, bytes_view(&raw), why);
    bytes_release(&raw);
    return rc;
}

int channel_copy_stamps(struct channel_copy *copy, struct channel *channel, uint64_t size,
                        const uint8_t root[TLOG_HASH_BYTES], struct why *why)
{
    struct stamps stamps = {.copy = copy, .channel = channel};
    struct channel_names each = {take_stamp, &stamps};
    char path[TREE_PATH_BYTES], number[TLOG_NUMBER_BYTES], hex[2 * 4 + 1];
    struct bytes raw;
    char *last;
    int rc = SH_OK;

    tlog_number_path(size, number);
    hex_build(slice_of(root, 4), hex);
    (void)snprintf(path, sizeof(path), "cp/%s.%s", number, hex);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    if (io_read(copy->dir, path, &raw, NULL) != SH_OK ||
        !is_ours(&stamps, bytes_view(&raw), size, root))
        goto out;
    rc = put(&stamps, path, bytes_view(&raw), why);
    (void)snprintf(stamps.folder, sizeof(stamps.folder), "ts/%s", number);
    last = strrchr(stamps.folder, '/');
    (void)snprintf(stamps.stem, sizeof(stamps.stem), "%.3s.%s.", last + 1, hex);
    *last = '\0';
    if (rc == SH_OK)
        rc = channel_names(copy->dir, stamps.folder, &each, why);
out:
    bytes_release(&raw);
    return rc;
}
