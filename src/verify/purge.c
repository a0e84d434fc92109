/* A purge counts with an order of the identity keys that were valid then; else it hides. */
#include "verify/verify_int.h"

#include <string.h>

/* The number of the newest identity note that is in the log before entry by. */
static uint64_t note_then(const struct verify_walk *walk, uint64_t by)
{
    uint64_t at, note = 0;

    for (size_t i = 1; (i + 1) * sizeof(at) <= walk->identity_at.len; i++) {
        memcpy(&at, walk->identity_at.ptr + i * sizeof(at), sizeof(at));
        if (at < by)
            note = i;
    }
    return note;
}

/* Identity note number again, as it was accepted; SH_EFORMAT when it is no longer so. */
static int read_note(struct verify_walk *walk, uint64_t number, struct arena *arena,
                     struct identity *out, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct tlog_note note;
    uint8_t hash[CRYPT_DIGEST_BYTES];
    int rc;

    if ((number + 1) * 64 > walk->note_hashes.len)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "identity note %llu is not there",
                       (unsigned long long)number);
    tree_identity_path(number, path);
    rc = walk->source->read(walk->source->ctx, path, &walk->aside, why);
    if (rc < 0)
        return rc;
    crypto.sha256(bytes_view(&walk->aside), hash);
    if (memcmp(hash, walk->note_hashes.ptr + number * 64 + 32, sizeof(hash)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s changed meanwhile", path);
    rc = tlog_note_parse(bytes_view(&walk->aside), &note, why);
    if (rc == SH_OK)
        rc = identity_parse(note.text, arena, out, why);
    out->channel = walk->identity->channel;
    return rc;
}

int verify_purge(struct verify_walk *walk, uint64_t index, uint64_t by,
                 const struct document *doc)
{
    char wanted[LIMIT_ENTRY_BYTES];
    struct identity identity;
    struct arena arena;
    struct why why = {0};
    int rc;

    if (!doc->order.len) {
        verify_found(walk, VERIFY_PURGE_ORDER, index, by, "no order");
        return SH_OK;
    }
    (void)snprintf(wanted, sizeof(wanted), "stillhere-purge/1\nchannel %s\nindex %llu\n",
                   walk->identity->channel.text, (unsigned long long)index);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = read_note(walk, note_then(walk, by), &arena, &identity, &why);
    if (rc == SH_OK)
        rc = identity_order_check(doc->order, slice_text(wanted), &identity, &why);
    if (rc == SH_OK) {
        walk->report->purged++;
        verify_found(walk, VERIFY_PURGED, index, by, NULL);
        verify_tell_state(walk, index, VERIFY_GONE, by);
    } else if (rc != SH_ENOMEM) {
        verify_found(walk, VERIFY_PURGE_ORDER, index, by, why.text);
        rc = SH_OK;
    }
    arena_release(&arena);
    return rc == SH_ENOMEM ? why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory")
                           : SH_OK;
}
