/* The next identity note: a copy of the one before, keys added and closed, and signatures. */
#include "dispatch/dispatch.h"

#include <string.h>

#include "dispatch/identity_int.h"

void identity_next(const struct identity *before, struct identity_draft *out)
{
    struct identity *note = &out->note;

    *note = *before;
    note->number = before->number + 1;
    note->has_channel = true;
    note->has_successor = false;
    for (size_t i = 0; i < before->key_count; i++)
        out->keys[i] = before->keys[i];
    note->keys = out->keys;
}

void identity_key_make(enum key_role role, struct slice bytes, struct identity_key *out)
{
    static const char *const roles[] = {"identity", "log", "c2pa-ca", "archive"};
    static const enum key_alg algs[] = {ALG_ED25519, ALG_ED25519, ALG_ES256, ALG_X25519};
    static const char *const names[] = {"ed25519", "x25519", "es256"};

    if (role == KEY_OTHER || bytes.len > sizeof(out->bytes))
        bug("identity: a key that has no form of its own");
    *out = (struct identity_key){.role = role,
                                 .alg = algs[role],
                                 .role_text = slice_text(roles[role]),
                                 .until = ENTRY_NO_REF,
                                 .revoked = ENTRY_NO_REF};
    out->alg_text = slice_text(names[out->alg]);
    memcpy(out->bytes, bytes.ptr, bytes.len);
    out->bytes_len = bytes.len;
    identity_key_id(out->alg_text, bytes, out->id);
}

static struct identity_key *find(struct identity_draft *draft, const char *id)
{
    for (size_t i = 0; i < draft->note.key_count; i++)
        if (strcmp(draft->keys[i].id, id) == 0)
            return &draft->keys[i];
    return NULL;
}

int identity_draft_add(struct identity_draft *draft, const struct identity_key *key,
                       struct why *why)
{
    const struct identity_key *same = find(draft, key->id);

    if (same && slice_equal(same->role_text, key->role_text))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "key %s: the channel's identity lists it already; a key that was closed "
                       "stays closed",
                       key->id);
    if (draft->note.key_count == LIMIT_IDENTITY_KEYS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "the channel's identity lists %d keys, closed ones among them, and has "
                       "room for no more (FORMATS \"Identity note\")",
                       LIMIT_IDENTITY_KEYS);
    draft->keys[draft->note.key_count++] = *key;
    return SH_OK;
}

static int missing(const char *id, struct why *why)
{
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                   "key %.40s: the channel's identity lists no such key; `stillhere key show` "
                   "prints them",
                   id);
}

int identity_draft_close(struct identity_draft *draft, const char *id, uint64_t until,
                         struct why *why)
{
    struct identity_key *key = find(draft, id);

    if (!key)
        return missing(id, why);
    if (key->until <= until)
        return SH_OK; /* It was closed before that. */
    if (until <= key->from)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key %s: it speaks from entry %llu on, so it cannot end at entry %llu",
                       id, (unsigned long long)key->from, (unsigned long long)until);
    key->until = until;
    return SH_OK;
}

int identity_draft_revoke(struct identity_draft *draft, const char *id, uint64_t since,
                          struct why *why)
{
    struct identity_key *key = find(draft, id);

    if (!key)
        return missing(id, why);
    if (since < key->from)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key %s: it speaks from entry %llu on; entries before that, as %llu, "
                       "are of a key before it, to be revoked too (`stillhere key show`)",
                       id, (unsigned long long)key->from, (unsigned long long)since);
    if (key->revoked <= since)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "key %s: revoked since entry %llu already; a revocation can only be "
                       "moved to an earlier entry",
                       id, (unsigned long long)key->revoked);
    key->revoked = since;
    return SH_OK;
}

const struct identity_key *identity_key_open(const struct identity *identity,
                                             enum key_role role)
{
    const struct identity_key *key;

    for (size_t i = 0; i < identity->key_count; i++) {
        key = &identity->keys[i];
        if (key->role == role && key->until == ENTRY_NO_REF && key->revoked == ENTRY_NO_REF)
            return key;
    }
    return NULL;
}

uint64_t identity_signers(const struct identity *identity)
{
    uint64_t count = 0;

    for (size_t i = 0; i < identity->key_count; i++)
        count += identity_key_signs(&identity->keys[i]);
    return count;
}

const struct identity_key *identity_key_of_sheet(const struct identity *identity,
                                                 const struct sheet *sheet)
{
    uint8_t key[CRYPT_KEY_BYTES];

    crypto.ed25519_public(&sheet->identity, key);
    for (size_t i = 0; i < identity->key_count; i++)
        if (identity->keys[i].role == KEY_IDENTITY &&
            slice_equal(slice_of(identity->keys[i].bytes, identity->keys[i].bytes_len),
                        slice_of(key, sizeof(key))))
            return &identity->keys[i];
    return NULL;
}

int identity_sign(struct slice text, const struct channel_id *id,
                  const struct identity_secrets *secrets, struct bytes *out, struct why *why)
{
    uint8_t public_key[CRYPT_KEY_BYTES], signature[CRYPT_SIGNATURE_BYTES];
    char name[CHANNEL_ORIGIN_BYTES];
    struct tlog_key key;
    int rc = SH_OK;

    if (!secrets->count || secrets->count > LIMIT_IDENTITY_KEYS)
        bug("identity_sign: nobody to sign");
    channel_identity_name(id, name);
    bytes_slice(out, text);
    bytes_u8(out, '\n');
    for (size_t i = 0; i < secrets->count && rc == SH_OK; i++) {
        crypto.ed25519_public(secrets->secret[i], public_key);
        crypto.ed25519_sign(secrets->secret[i], text, signature);
        rc = tlog_key_init(&key, name, TLOG_ED25519, public_key, why);
        if (rc == SH_OK)
            tlog_signature_line(out, &key, slice_of(signature, sizeof(signature)));
    }
    return rc == SH_OK ? bytes_check(out, why) : rc;
}

int identity_order_check(struct slice raw, struct slice text, const struct identity *identity,
                         struct why *why)
{
    char name[CHANNEL_ORIGIN_BYTES];
    struct tlog_note note;
    uint64_t count;
    int rc = tlog_note_parse(raw, &note, why);

    if (rc < 0)
        return rc;
    if (!slice_equal(note.text, text))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "order: it is not the order that belongs here");
    channel_identity_name(&identity->channel, name);
    rc = identity_count_signatures(&note, name, identity, &count, why);
    if (rc == SH_OK && count < identity->threshold)
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "order: signed by %llu of the %llu identity keys that it needs",
                     (unsigned long long)count, (unsigned long long)identity->threshold);
    return rc;
}
