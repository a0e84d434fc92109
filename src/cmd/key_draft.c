/* The identity note of a recovery: from a copy, and in the rehearsal of one. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>

int key_identity_read(const struct role_survey *survey, struct arena *arena,
                      struct identity *out, struct why *why)
{
    struct tlog_note note;
    int rc = tlog_note_parse(bytes_view(&survey->note), &note, why);

    if (rc == SH_OK)
        rc = identity_parse(note.text, arena, out, why);
    if (rc != SH_OK)
        return rc;
    if (out->number + 1 != survey->notes)
        return why_set(why, SH_EFORMAT, 0, "the report about the copy does not hold");
    if (!out->has_channel)
        channel_id_of_note(note.text, &out->channel);
    return SH_OK;
}

static void say(struct key_change *change, enum lang_string id, const char *key, uint64_t index)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)index);
    LANG_SAY(&change->words, change->cmd->lang, id, key, number);
    bytes_u8(&change->words, '\n');
}

/* Every log key that spoke at or after since is revoked; the open one ends at the successor. */
static int revoke_log(struct key_change *change, uint64_t since, struct why *why)
{
    const struct identity *before = change->before;
    const struct identity_key *key;
    uint64_t from, at = change->index;
    int rc = SH_OK;

    for (size_t i = 0; i < before->key_count && rc == SH_OK; i++) {
        key = &before->keys[i];
        if (key->role != KEY_LOG || key->until <= since)
            continue;
        from = key->from > since ? key->from : since;
        if (key->until > at && key->from < at)
            rc = identity_draft_close(&change->draft, key->id, at, why);
        if (rc != SH_OK || key->revoked <= from)
            continue;
        rc = identity_draft_revoke(&change->draft, key->id, from, why);
        say(change, STR_KEY_REVOKED, key->id, from);
    }
    return rc;
}

static int close_open(struct key_change *change, enum key_role role, struct why *why)
{
    const struct identity_key *key = identity_key_open(change->before, role);
    uint64_t until = change->index;

    if (!key)
        return SH_OK;
    if (until <= key->from)
        until = key->from + 1;
    return identity_draft_close(&change->draft, key->id, until, why);
}

int key_recovery_draft(struct key_change *change, uint64_t at, uint64_t since,
                       const uint8_t root[TLOG_HASH_BYTES], struct why *why)
{
    int rc;

    identity_next(change->before, &change->draft);
    if (change->draft.note.number > LIMIT_IDENTITY_NOTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "keys were changed %d times; no more",
                       LIMIT_IDENTITY_NOTES);
    change->index = at;
    change->draft.note.has_successor = true;
    change->draft.note.successor_size = at;
    memcpy(change->draft.note.successor_root, root, TLOG_HASH_BYTES);
    rc = revoke_log(change, since, why);
    if (rc == SH_OK)
        rc = close_open(change, KEY_LOG, why);
    if (rc == SH_OK)
        rc = key_fresh_log(change, at, why);
    if (rc == SH_OK)
        say(change, STR_KEY_LOG_SUCCESSOR, change->fresh[0].id, at);
    if (rc == SH_OK)
        rc = close_open(change, KEY_C2PA_CA, why);
    return rc == SH_OK ? key_fresh_ca(change, at, why) : rc;
}
