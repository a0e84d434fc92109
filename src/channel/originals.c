/* Sealed originals: private/originals/<dispatch>.age, beside the log and never part of it. */
#include <string.h>

#include "channel/channel_int.h"

struct count {
    uint64_t files, bytes;
};

/* each->name */
static int count_one(void *ctx, int dir, const char *name, struct why *why)
{
    struct count *count = ctx;
    uint64_t bytes, mtime_s;
    int rc = io_stat(dir, name, &bytes, &mtime_s, why);

    if (rc == SH_ENOTFOUND)
        return SH_OK; /* Purged meanwhile. */
    if (rc == SH_OK) {
        count->files++;
        count->bytes += bytes;
    }
    return rc;
}

int channel_originals(const struct channel *channel, uint64_t *count, uint64_t *bytes,
                      struct why *why)
{
    struct count found = {0};
    struct channel_names each = {count_one, &found};
    int rc = channel_names(channel->private_dir, ORIGINAL_FOLDER, &each, why);

    *count = found.files;
    *bytes = found.bytes;
    return rc;
}

int channel_document_kept(struct channel *channel, const struct channel_entry *entry,
                          struct bytes *raw, struct why *why)
{
    char path[TREE_PATH_BYTES], kept[CHANNEL_QUARANTINE_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES];
    uint64_t at;
    int rc;

    if (entry->state == STATE_SEALED)
        return channel_sealed_document(channel, entry, raw, &at, why);
    if (entry->state != STATE_WITHDRAWN)
        return channel_document(channel, entry, raw, why);
    if (entry->purged_by != ENTRY_NO_REF)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "entry %ju is purged, by entry %ju",
                       (uintmax_t)entry->index, (uintmax_t)entry->purged_by);
    tree_document_path(entry->entry.hash, path);
    channel_quarantine_path(path, kept);
    rc = io_read(channel->private_dir, kept, raw, why);
    if (rc != SH_OK)
        return rc;
    crypto.sha256(bytes_view(raw), hash);
    if (memcmp(hash, entry->entry.hash, sizeof(hash)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "private/%s: changed; its hash is not the one in entry %ju", kept,
                       (uintmax_t)entry->index);
    return SH_OK;
}
