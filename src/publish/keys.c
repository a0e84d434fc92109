/* Who signs the channel's log, and what readers should know of it. */
#include "publish/publish_int.h"

#include <string.h>

/* The newest first; there are few. */
static void put_key(struct publish_keys *out, const struct identity_key *key)
{
    size_t at = out->keys.count++;

    for (; at && out->list[at - 1].from <= key->from; at--)
        out->list[at] = out->list[at - 1];
    out->list[at] =
        (struct pages_key){.from = key->from, .until = key->until, .revoked = key->revoked};
    memcpy(out->list[at].id, key->id, sizeof(out->list[at].id));
}

static void find_dispute(struct pages_keys *keys)
{
    for (size_t i = 0; i < keys->count && !keys->disputed; i++) {
        if (keys->list[i].revoked >= keys->list[i].until)
            continue;
        keys->disputed = true;
        keys->disputed_from = keys->list[i].revoked;
    }
}

int publish_load_keys(struct channel *channel, struct publish_keys *out, struct why *why)
{
    const struct identity *identity = channel_identity(channel);
    uint64_t dispatches = channel_info(channel)->dispatches, index = 0;
    struct pages_keys *keys = &out->keys;
    int rc = SH_OK;

    memset(out, 0, sizeof(*out));
    keys->list = out->list;
    for (size_t i = 0; i < identity->key_count && keys->count < COUNT_OF(out->list); i++)
        if (identity->keys[i].role == KEY_LOG)
            put_key(out, &identity->keys[i]);
    if (keys->count < 2)
        return SH_OK;
    keys->since = keys->list[0].from;
    find_dispute(keys);
    if (dispatches >= LIMIT_TIMELINE)
        rc = channel_dispatch_at(channel, dispatches - LIMIT_TIMELINE, &index, why);
    keys->recent = index < keys->since;
    if (rc == SH_OK)
        rc = publish_dated_before(channel, keys->since, &keys->since_at, why);
    if (rc == SH_OK && keys->disputed)
        rc = publish_dated_before(channel, keys->disputed_from, &keys->disputed_at, why);
    return rc;
}
