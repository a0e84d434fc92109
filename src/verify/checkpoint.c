/* The checkpoint: of this log, and signed by the key that speaks for it. */
#include "verify/verify_int.h"

#include <string.h>

/* The branch whose checkpoint this is: *next is the one that took its place, if any. */
static bool find_branch(struct verify_walk *walk, struct slice origin,
                        const struct verify_successor **next)
{
    const struct verify_successor *list =
        (const struct verify_successor *)(const void *)walk->successors.ptr;
    size_t count = walk->successors.len / sizeof(*list);
    char text[CHANNEL_ORIGIN_BYTES];
    uint64_t begin;

    for (size_t i = count + 1; i-- > 0;) {
        *next = i < count ? &list[i] : NULL;
        walk->report->branch = i ? list[i - 1].note : 0;
        begin = i ? list[i - 1].size : 0;
        channel_branch_origin(&walk->identity->channel, walk->report->branch, text);
        if (!slice_equal(origin, slice_text(text)))
            continue;
        if (i)
            verify_found(walk, VERIFY_CONTINUED, begin, walk->report->branch, NULL);
        return true;
    }
    return false;
}

const char *verify_signature_kind(size_t len)
{
    return len == 64     ? "of the length of ed25519, 0x01"
           : len == 72   ? "of the length of a cosignature, 0x04"
           : len == 2428 ? "of the length of an ML-DSA-44 cosignature, 0x06"
                         : "of another kind";
}

/* Lines of keys that the identity note does not list are named, never judged. */
static void name_others(struct verify_walk *walk, const struct tlog_note *note,
                        const char *origin)
{
    const struct identity *identity = walk->identity;
    struct tlog_signature signature;
    char text[VERIFY_TEXT_BYTES];
    struct tlog_key key;
    bool ours;

    for (size_t i = 0; i < note->signatures; i++) {
        tlog_note_signature(note, i, &signature);
        ours = false;
        for (size_t k = 0; k < identity->key_count && !ours; k++)
            ours = identity->keys[k].role == KEY_LOG &&
                   tlog_key_init(&key, origin, TLOG_ED25519, identity->keys[k].bytes, NULL) ==
                       SH_OK &&
                   key.id == signature.key_id &&
                   slice_equal(signature.name, slice_text(origin));
        if (ours)
            continue;
        (void)snprintf(text, sizeof(text), "%.*s, %zu bytes (%s)",
                       signature.name.len > 80 ? 80 : (int)signature.name.len,
                       (const char *)signature.name.ptr, signature.data_len,
                       verify_signature_kind(signature.data_len));
        verify_found(walk, VERIFY_SIGNATURE_OTHER, 0, 0, text);
    }
}

/*
 * One log key open at the last entry must have signed (in a branch that was left, any log key);
 * none of them wrongly.
 */
static void check_signature(struct verify_walk *walk, const struct tlog_note *note,
                            const char *origin, bool left)
{
    const struct identity_key *listed;
    enum tlog_verdict verdict;
    struct tlog_key key;
    bool good = false, bad = false, open;

    for (size_t i = 0; i < walk->identity->key_count; i++) {
        listed = &walk->identity->keys[i];
        if (listed->role != KEY_LOG ||
            tlog_key_init(&key, origin, TLOG_ED25519, listed->bytes, NULL) < 0)
            continue;
        open = left || (listed->from <= walk->size - 1 && walk->size - 1 < listed->until);
        verdict = tlog_note_verdict(note, &key);
        good = good || (open && verdict == TLOG_GOOD);
        bad = bad || verdict == TLOG_BAD;
        if (!open && verdict == TLOG_ABSENT && listed->until <= walk->size - 1 &&
            memcmp(listed->id, walk->rotated, sizeof(listed->id)) == 0)
            verify_found(walk, VERIFY_ROTATION_SIGNATURE, walk->identity->number, 0,
                         listed->id);
    }
    if (bad)
        verify_found(walk, VERIFY_SIGNATURE, 0, 0, NULL);
    else if (!good)
        verify_found(walk, VERIFY_UNSIGNED, 0, 0, NULL);
    else
        verify_found(walk, VERIFY_CHECKPOINT, walk->size, 0, NULL);
    name_others(walk, note, origin);
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
    const struct verify_successor *next_branch = NULL;
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
    if (!find_branch(walk, checkpoint.origin, &next_branch)) {
        char other[VERIFY_TEXT_BYTES];

        (void)snprintf(other, sizeof(other), "%.*s", (int)checkpoint.origin.len,
                       (const char *)checkpoint.origin.ptr);
        verify_found(walk, VERIFY_CHECKPOINT_ORIGIN, 0, 0, other);
        return SH_OK;
    }
    walk->size = walk->report->size = checkpoint.size;
    memcpy(walk->root, checkpoint.root, sizeof(walk->root));
    memcpy(walk->report->root, checkpoint.root, sizeof(walk->root));
    channel_branch_origin(&walk->identity->channel, walk->report->branch, origin);
    check_signature(walk, &note, origin, next_branch != NULL);
    if (next_branch && walk->size > next_branch->size)
        verify_found(walk, VERIFY_SUPERSEDED, next_branch->note, next_branch->size, NULL);
    find_disputed(walk);
    if (walk->size <= LIMIT_VERIFY_ENTRIES)
        *next = VERIFY_GO;
    else
        verify_found(walk, VERIFY_TOO_LARGE, walk->size, LIMIT_VERIFY_ENTRIES, NULL);
    return SH_OK;
}
