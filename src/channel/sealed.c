/* Sealed entries: what waits in private/sealed, and until when. */
#include <string.h>

#include "channel/channel_int.h"

#define AT_BYTES 24

void channel_at_build(uint64_t publish_at, struct bytes *out)
{
    bytes_printf(out, "%ju\n", (uintmax_t)publish_at);
}

uint64_t channel_at_parse(struct slice text)
{
    uint64_t at = 0;

    if (!text.len || text.ptr[text.len - 1] != '\n' ||
        !decimal_parse(slice_sub(text, 0, text.len - 1), UINT64_MAX, &at))
        return 0;
    return at;
}

/* The time beside a document; one that is lost or damaged is "when its keeper says". */
static uint64_t at_read(const struct channel *channel, const char *sealed_path)
{
    char path[CHANNEL_QUARANTINE_BYTES + 4];
    uint64_t at = 0;
    struct bytes text;

    (void)snprintf(path, sizeof(path), "%s.at", sealed_path);
    bytes_init(&text, AT_BYTES);
    if (io_read(channel->private_dir, path, &text, NULL) == SH_OK)
        at = channel_at_parse(bytes_view(&text));
    bytes_release(&text);
    return at;
}

int channel_sealed_read(const struct channel *channel, const struct entry *entry,
                        struct bytes *raw, uint64_t *publish_at, struct why *why)
{
    char path[TREE_PATH_BYTES], sealed[CHANNEL_QUARANTINE_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES];
    struct why cause = {0};
    int rc;

    tree_document_path(entry->hash, path);
    channel_sealed_path(path, sealed);
    rc = io_read(channel->private_dir, sealed, raw, &cause);
    if (rc == SH_ENOTFOUND)
        return why_set(why, rc, WHY_NOWHERE,
                       "nothing waits in private/sealed for this entry: it is a cover, or its "
                       "files are lost");
    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "private/%.300s", cause.text);
    crypto.sha256(bytes_view(raw), hash);
    if (memcmp(hash, entry->hash, sizeof(hash)) != 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "private/%s: changed; its hash is not the one in the log", sealed);
    *publish_at = at_read(channel, sealed);
    return SH_OK;
}

int channel_sealed_document(struct channel *channel, const struct channel_entry *entry,
                            struct bytes *raw, uint64_t *publish_at, struct why *why)
{
    if (entry->state != STATE_SEALED)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "entry %ju is not sealed",
                       (uintmax_t)entry->index);
    return channel_sealed_read(channel, &entry->entry, raw, publish_at, why);
}

static int one(struct store_query *query, struct channel_sealed *out, struct why *why)
{
    int rc = store_step(query, why);

    if (rc == STORE_ROW) {
        out->index = store_int(query, 0);
        out->publish_at = store_int(query, 1);
    }
    store_done(query);
    if (rc < 0)
        return rc;
    return rc == STORE_ROW ? SH_OK
                           : why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "no sealed entry waits");
}

int channel_sealed_next(struct channel *channel, uint64_t from, struct channel_sealed *out,
                        struct why *why)
{
    struct store_query *query;
    int rc = store_query(channel->store,
                         "SELECT idx,publish_at FROM sealed WHERE idx>=?1 ORDER BY idx LIMIT 1",
                         &query, why);

    if (rc != SH_OK)
        return rc;
    store_bind_int(query, 1, from);
    return one(query, out, why);
}
