/* The identity chain: notes 0..n, each accepted against the one before it. */
#include "dispatch/dispatch.h"

#include <string.h>

void channel_branch_origin(const struct channel_id *id, uint64_t branch,
                           char out[CHANNEL_ORIGIN_BYTES])
{
    channel_origin(id, out);
    if (branch)
        (void)snprintf(out, CHANNEL_ORIGIN_BYTES, "stillhere/1/%s/%u", id->text,
                       (unsigned)branch);
}

void identity_chain_init(struct identity_chain *chain)
{
    *chain = (struct identity_chain){.count = 0};
    for (size_t i = 0; i < COUNT_OF(chain->arena); i++) {
        arena_init(&chain->arena[i], LIMIT_IDENTITY_ARENA);
        bytes_init(&chain->raw[i], LIMIT_NOTE_BYTES);
    }
}

void identity_chain_release(struct identity_chain *chain)
{
    for (size_t i = 0; i < COUNT_OF(chain->arena); i++) {
        arena_release(&chain->arena[i]);
        bytes_release(&chain->raw[i]);
    }
    chain->count = 0;
}

const struct identity *identity_chain_newest(const struct identity_chain *chain)
{
    return chain->count ? &chain->note[(chain->count - 1) % 2] : NULL;
}

const struct identity *identity_chain_before(const struct identity_chain *chain)
{
    return chain->count > 1 ? &chain->note[chain->count % 2] : NULL;
}

int identity_chain_add(struct identity_chain *chain, struct slice raw, struct why *why)
{
    size_t slot = chain->count % 2;
    const struct identity *before = identity_chain_newest(chain);
    struct identity *note = &chain->note[slot];
    int rc;

    /* A note that is refused must leave the one before the newest as it was. */
    struct identity judged = {0};
    struct arena arena;
    struct bytes copy;

    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    bytes_init(&copy, LIMIT_NOTE_BYTES);
    bytes_slice(&copy, raw);
    rc = bytes_check(&copy, why);
    if (rc == SH_OK)
        rc = identity_accept(bytes_view(&copy), before, &arena, &judged, why);
    if (rc < 0) {
        arena_release(&arena);
        bytes_release(&copy);
        return rc;
    }
    arena_release(&chain->arena[slot]);
    bytes_release(&chain->raw[slot]);
    chain->arena[slot] = arena;
    chain->raw[slot] = copy;
    *note = judged;
    if (note->has_successor) {
        chain->branch_before = chain->branch;
        chain->branch = note->number;
        chain->successor_size = note->successor_size;
        memcpy(chain->successor_root, note->successor_root, sizeof(chain->successor_root));
    }
    chain->count++;
    return SH_OK;
}

struct slice identity_chain_raw(const struct identity_chain *chain)
{
    return chain->count ? bytes_view(&chain->raw[(chain->count - 1) % 2]) : slice_of(NULL, 0);
}

bool identity_is_disputed(const struct identity *identity, uint64_t index)
{
    const struct identity_key *key;

    for (size_t i = 0; i < identity->key_count; i++) {
        key = &identity->keys[i];
        if (key->role == KEY_LOG && key->revoked <= index && index < key->until)
            return true;
    }
    return false;
}
