/* The checkpoint: of this log, and signed by the key that speaks for it. */
#include "verify/verify_int.h"

#include <string.h>

/* The origin of the branch that the newest identity note calls the channel's. */
static void log_origin(const struct verify_walk *walk, char out[CHANNEL_ORIGIN_BYTES])
{
    channel_origin(&walk->identity->channel, out);
    if (walk->successor_note)
        (void)snprintf(out, CHANNEL_ORIGIN_BYTES, "stillhere/1/%s/%u",
                       walk->identity->channel.text, (unsigned)walk->successor_note);
}

/* One log key open at the last entry must have signed; none of them wrongly. */
static void check_signature(struct verify_walk *walk, const struct tlog_note *note,
                            const char *origin)
{
    const struct identity_key *listed;
    enum tlog_verdict verdict;
    struct tlog_key key;
    bool good = false, bad = false;

    for (size_t i = 0; i < walk->identity->key_count; i++) {
        listed = &walk->identity->keys[i];
        if (listed->role != KEY_LOG || listed->from > walk->size - 1 ||
            walk->size - 1 >= listed->until ||
            tlog_key_init(&key, origin, TLOG_ED25519, listed->bytes, NULL) < 0)
            continue;
        verdict = tlog_note_verdict(note, &key);
        good = good || verdict == TLOG_GOOD;
        bad = bad || verdict == TLOG_BAD;
    }
    if (bad)
        verify_found(walk, VERIFY_SIGNATURE, 0, 0, NULL);
    else if (!good)
        verify_found(walk, VERIFY_UNSIGNED, 0, 0, NULL);
    else
        verify_found(walk, VERIFY_CHECKPOINT, walk->size, 0, NULL);
}

/* Where the entries end that a key made. */
static uint64_t key_end(const struct verify_walk *walk, const struct identity_key *key)
{
    return key->until < walk->size ? key->until : walk->size;
}

/* Entries that a revoked log key may have made (FORMATS "Identity note"). */
static void find_disputed(struct verify_walk *walk)
{
    const struct identity_key *key;

    for (size_t i = 0; i < walk->identity->key_count; i++) {
        key = &walk->identity->keys[i];
        if (key->role == KEY_LOG && key->revoked < key_end(walk, key))
            verify_found(walk, VERIFY_DISPUTED, key->revoked, key_end(walk, key) - 1, key->id);
    }
}

bool verify_is_disputed(const struct verify_walk *walk, uint64_t index)
{
    const struct identity_key *key;

    for (size_t i = 0; i < walk->identity->key_count; i++) {
        key = &walk->identity->keys[i];
        if (key->role == KEY_LOG && key->revoked <= index && index < key_end(walk, key))
            return true;
    }
    return false;
}

int verify_checkpoint(struct verify_walk *walk, enum verify_next *next)
{
    struct tlog_checkpoint checkpoint;
    char origin[CHANNEL_ORIGIN_BYTES];
    struct why why = {0};
    struct tlog_note note;
    int rc = walk->source->read(walk->source->ctx, "checkpoint", &walk->file, &why);

    *next = VERIFY_STOP;
    if (rc == SH_ENOTFOUND) {
        verify_found(walk, VERIFY_CHECKPOINT_MISSING, 0, 0, NULL);
        return SH_OK;
    }
    if (rc < 0 && rc != SH_ELIMIT)
        return verify_unreadable(walk, "checkpoint", &why);
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&walk->file), &note, &why);
    if (rc == SH_OK)
        rc = tlog_checkpoint_parse(note.text, &checkpoint, &why);
    if (rc == SH_OK && !checkpoint.size)
        rc = why_set(&why, SH_EFORMAT, WHY_NOWHERE, "no entries; entry 0 is the identity");
    if (rc < 0) {
        verify_found(walk, VERIFY_CHECKPOINT_BROKEN, 0, 0, why.text);
        return SH_OK;
    }
    log_origin(walk, origin);
    if (!slice_equal(checkpoint.origin, slice_text(origin))) {
        char other[VERIFY_TEXT_BYTES];

        (void)snprintf(other, sizeof(other), "%.*s", (int)checkpoint.origin.len,
                       (const char *)checkpoint.origin.ptr);
        verify_found(walk, VERIFY_CHECKPOINT_ORIGIN, 0, 0, other);
        return SH_OK;
    }
    walk->size = walk->report->size = checkpoint.size;
    memcpy(walk->root, checkpoint.root, sizeof(walk->root));
    memcpy(walk->report->root, checkpoint.root, sizeof(walk->root));
    check_signature(walk, &note, origin);
    find_disputed(walk);
    if (walk->size <= LIMIT_VERIFY_ENTRIES)
        *next = VERIFY_GO;
    else
        verify_found(walk, VERIFY_TOO_LARGE, walk->size, LIMIT_VERIFY_ENTRIES, NULL);
    return SH_OK;
}
