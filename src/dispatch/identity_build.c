/* The text of an identity note, written; and the question whether a note is the channel's. */
#include "dispatch/dispatch.h"

#include <string.h>

#include "dispatch/identity_int.h"

static void put_key(struct bytes *out, const struct identity_key *key)
{
    static const char *const names[] = {"from", "until", "revoked"};
    const uint64_t values[] = {key->from ? key->from : ENTRY_NO_REF, key->until, key->revoked};
    char id[KEY_ID_CHARS + 1];

    identity_key_id(key->alg_text, slice_of(key->bytes, key->bytes_len), id);
    bytes_text(out, "key ");
    bytes_slice(out, key->role_text);
    bytes_u8(out, ' ');
    bytes_slice(out, key->alg_text);
    bytes_printf(out, " %s ", id);
    base64_build(out, slice_of(key->bytes, key->bytes_len), BASE64_PADDED);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (values[i] != ENTRY_NO_REF)
            bytes_printf(out, " %s %llu", names[i], (unsigned long long)values[i]);
    bytes_u8(out, '\n');
}

/* The texts of role and algorithm from their numbers, where the caller left them out. */
static void name_key(struct identity_key *key)
{
    static const char *const roles[] = {"identity", "log", "c2pa-ca", "archive"};
    static const char *const algs[] = {"ed25519", "x25519", "es256"};

    if (!key->role_text.len && key->role != KEY_OTHER)
        key->role_text = slice_text(roles[key->role]);
    if (!key->alg_text.len && key->alg != ALG_OTHER)
        key->alg_text = slice_text(algs[key->alg]);
    if (key->bytes_len <= sizeof(key->bytes))
        identity_key_id(key->alg_text, slice_of(key->bytes, key->bytes_len), key->id);
}

/* At most 32 keys: insertion is enough. */
static void put_keys(struct bytes *out, const struct identity *identity)
{
    struct identity_key sorted[LIMIT_IDENTITY_KEYS];
    struct identity_key key;
    size_t at;

    for (size_t i = 0; i < identity->key_count; i++) {
        key = identity->keys[i];
        name_key(&key);
        for (at = i; at && identity_key_compare(&key, &sorted[at - 1]) < 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = key;
    }
    for (size_t i = 0; i < identity->key_count; i++)
        put_key(out, &sorted[i]);
}

static void put_text(struct bytes *out, const struct identity *identity)
{
    char hex[65];

    bytes_printf(out, "stillhere-identity/1\nnumber %llu\n",
                 (unsigned long long)identity->number);
    if (identity->number)
        bytes_printf(out, "channel %s\n", identity->channel.text);
    bytes_text(out, "name ");
    bytes_slice(out, identity->name);
    bytes_text(out, "\nlang ");
    bytes_slice(out, identity->lang);
    bytes_printf(out, "\nthreshold %llu\n", (unsigned long long)identity->threshold);
    if (identity->has_successor) {
        hex_build(slice_of(identity->successor_root, 32), hex);
        bytes_printf(out, "successor %llu %s\n", (unsigned long long)identity->successor_size,
                     hex);
    }
    put_keys(out, identity);
    for (size_t i = 0; i < identity->unknown_count; i++) {
        bytes_slice(out, identity->unknown[i]);
        bytes_u8(out, '\n');
    }
}

int identity_build(const struct identity *identity, struct bytes *out, struct why *why)
{
    struct identity again;
    struct arena arena;
    struct bytes text;
    int rc;

    if (identity->key_count > LIMIT_IDENTITY_KEYS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "identity note: more than %d keys",
                       LIMIT_IDENTITY_KEYS);
    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    put_text(&text, identity);
    rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = identity_parse(bytes_view(&text), &arena, &again, why);
    if (rc == SH_OK) {
        bytes_slice(out, bytes_view(&text));
        rc = bytes_check(out, why);
    }
    arena_release(&arena);
    bytes_release(&text);
    return rc;
}

/* ---- acceptance ---- */

static const struct identity_key *find_key(const struct identity *identity,
                                           const struct identity_key *wanted)
{
    for (size_t i = 0; i < identity->key_count; i++)
        if (identity_key_compare(&identity->keys[i], wanted) == 0)
            return &identity->keys[i];
    return NULL;
}

/* "A key once listed is only ever closed, never dropped": its ends may come nearer only. */
static int check_kept(const struct identity *before, const struct identity *after,
                      struct why *why)
{
    const struct identity_key *was, *is;

    for (size_t i = 0; i < before->key_count; i++) {
        was = &before->keys[i];
        is = find_key(after, was);
        if (!is)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "identity note %llu: key %s of the note before it is missing; keys "
                           "are closed, never dropped (FORMATS \"Identity note\")",
                           (unsigned long long)after->number, was->id);
        if (!slice_equal(is->alg_text, was->alg_text) || is->bytes_len != was->bytes_len ||
            memcmp(is->bytes, was->bytes, is->bytes_len) != 0 || is->from != was->from ||
            is->until > was->until || is->revoked > was->revoked)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "identity note %llu: key %s was changed other than by closing it "
                           "(FORMATS \"Identity note\")",
                           (unsigned long long)after->number, was->id);
    }
    return SH_OK;
}

int identity_count_signatures(const struct tlog_note *note, const char *name,
                              const struct identity *keys, uint64_t *count, struct why *why)
{
    struct tlog_key key;
    enum tlog_verdict verdict;
    int rc;

    *count = 0;
    for (size_t i = 0; i < keys->key_count; i++) {
        if (!identity_key_signs(&keys->keys[i]))
            continue;
        rc = tlog_key_init(&key, name, TLOG_ED25519, keys->keys[i].bytes, why);
        if (rc < 0)
            return rc;
        verdict = tlog_note_verdict(note, &key);
        if (verdict == TLOG_BAD)
            return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                           "identity note: the signature of key %s does not hold",
                           keys->keys[i].id);
        *count += verdict == TLOG_GOOD;
    }
    return SH_OK;
}

static int check_signatures(const struct tlog_note *note, const struct identity *before,
                            const struct identity *now, struct why *why)
{
    const struct identity *const lists[] = {now, before};
    char name[CHANNEL_ORIGIN_BYTES];
    uint64_t count, wanted;
    int rc;

    channel_identity_name(&now->channel, name);
    for (size_t i = 0; i < COUNT_OF(lists) && lists[i]; i++) {
        rc = identity_count_signatures(note, name, lists[i], &count, why);
        if (rc < 0)
            return rc;
        wanted = lists[i]->threshold;
        if (!before) {
            wanted = 0;
            for (size_t k = 0; k < now->key_count; k++)
                wanted += now->keys[k].role == KEY_IDENTITY;
        }
        if (count < wanted)
            return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                           "identity note %llu: signed by %llu of the %llu identity keys that "
                           "note %llu asks for",
                           (unsigned long long)now->number, (unsigned long long)count,
                           (unsigned long long)wanted, (unsigned long long)lists[i]->number);
    }
    return SH_OK;
}

int identity_accept(struct slice raw, const struct identity *before, struct arena *arena,
                    struct identity *out, struct why *why)
{
    uint64_t wanted = before ? before->number + 1 : 0;
    struct tlog_note note;
    int rc = tlog_note_parse(raw, &note, why);

    if (rc == SH_OK)
        rc = identity_parse(note.text, arena, out, why);
    if (rc < 0)
        return rc;
    if (out->number != wanted)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "identity note: number %llu where %llu belongs",
                       (unsigned long long)out->number, (unsigned long long)wanted);
    if (before && memcmp(out->channel.hash, before->channel.hash, 32) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "identity note %llu: it is another channel's",
                       (unsigned long long)wanted);
    if (before) {
        rc = check_kept(before, out, why);
        if (rc < 0)
            return rc;
    }
    return check_signatures(&note, before, out, why);
}
