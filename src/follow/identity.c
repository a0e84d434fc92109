/* Who the channel is: the chain of identity notes, and the log keys of the newest. */
#include "follow/follow_int.h"

#include <string.h>

/* Two notes at a time: the one before and the one looked at, each with its file's bytes. */
struct chain {
    struct identity identity[2];
    struct arena arena[2];
    struct bytes raw[2];
    uint64_t count;           /* accepted notes */
    uint64_t newest;          /* the number that id/current says */
    uint8_t current_hash[32]; /* SHA-256 of id/current */
    uint8_t hash[32];         /* of all texts so far */
    uint8_t known_hash[32];   /* the same, of as many notes as were known before */
};

/* chain hash = SHA-256(chain hash before || SHA-256(text)); 32 zero bytes at first. */
static void chain_hash(struct chain *chain, const uint8_t text_hash[32])
{
    uint8_t both[64];

    memcpy(both, chain->hash, 32);
    memcpy(both + 32, text_hash, 32);
    crypto.sha256(slice_of(both, sizeof(both)), chain->hash);
}

static bool keep_note(struct follow_job *job, struct chain *chain, size_t slot)
{
    const struct identity *identity = &chain->identity[slot];
    uint8_t hash[32];
    struct tlog_note note;

    if (tlog_note_parse(bytes_view(&chain->raw[slot]), &note, NULL) < 0)
        bug("follow: an accepted note that is none");
    crypto.sha256(note.text, hash);
    chain_hash(chain, hash);
    bytes_append(&job->notes, hash, sizeof(hash));
    if (bytes_check(&job->notes, NULL) != SH_OK)
        return follow_out_of_memory(job);
    if (identity->has_successor) {
        job->next->branch = identity->number;
        job->successor_size = identity->successor_size;
        memcpy(job->successor_root, identity->successor_root, TLOG_HASH_BYTES);
    }
    chain->count++;
    if (chain->count == job->old->identity_notes)
        memcpy(chain->known_hash, chain->hash, sizeof(chain->hash));
    return true;
}

/*
 * Note number chain->count.  *more says whether to go on.  The one behind id/current may be
 * there already, while a rotation is under way; what lies there and is no note is passed over.
 */
static bool take_note(struct follow_job *job, struct chain *chain, bool *more)
{
    size_t slot = chain->count % 2;
    const struct identity *before = chain->count ? &chain->identity[1 - slot] : NULL;
    char path[TREE_PATH_BYTES];
    enum follow_found found;
    struct why why = {0};
    uint8_t hash[32];
    int rc = SH_EFORMAT;

    *more = false;
    tree_identity_path(chain->count, path);
    found = follow_read(job, path, LIMIT_NOTE_BYTES);
    if (found == FOLLOW_STOP)
        return false;
    if (found == FOLLOW_MISSING)
        return chain->count > chain->newest ||
               follow_say(job, FOLLOW_UNREADABLE, "%s: it is not there", path);
    arena_release(&chain->arena[slot]);
    arena_init(&chain->arena[slot], LIMIT_IDENTITY_ARENA);
    bytes_clear(&chain->raw[slot]);
    bytes_slice(&chain->raw[slot], bytes_view(&job->file));
    if (bytes_check(&chain->raw[slot], NULL) != SH_OK)
        return follow_out_of_memory(job);
    if (found == FOLLOW_THERE)
        rc = identity_accept(bytes_view(&chain->raw[slot]), before, &chain->arena[slot],
                             &chain->identity[slot], &why);
    else
        (void)why_set(&why, SH_ELIMIT, WHY_NOWHERE, "longer than any note");
    if (rc == SH_ENOMEM)
        return follow_out_of_memory(job);
    if (rc < 0)
        return chain->count > chain->newest ||
               follow_say(job, FOLLOW_WRONG, "%s: %s", path, why.text);
    crypto.sha256(bytes_view(&chain->raw[slot]), hash);
    if (chain->count == chain->newest && memcmp(hash, chain->current_hash, 32) != 0)
        return follow_say(job, FOLLOW_WRONG, "id/current: not a copy of %s", path);
    *more = true;
    return keep_note(job, chain, slot);
}

/* Which note is id/current a copy of? */
static bool read_current(struct follow_job *job, struct chain *chain)
{
    struct identity identity;
    struct tlog_note note;
    struct why why = {0};
    struct arena arena;
    int rc;

    switch (follow_read(job, "id/current", LIMIT_NOTE_BYTES)) {
    case FOLLOW_STOP:
        return false;
    case FOLLOW_MISSING:
        return follow_say(job, FOLLOW_UNREADABLE, "id/current: it is not there");
    case FOLLOW_TOO_LONG:
        return follow_say(job, FOLLOW_WRONG, "id/current: longer than any note");
    case FOLLOW_THERE:
        break;
    }
    crypto.sha256(bytes_view(&job->file), chain->current_hash);
    if (job->old->channel.text[0] && !job->has_chain &&
        memcmp(chain->current_hash, job->old->current_hash, 32) == 0)
        return true;
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = tlog_note_parse(bytes_view(&job->file), &note, &why);
    if (rc == SH_OK)
        rc = identity_parse(note.text, &arena, &identity, &why);
    if (rc == SH_OK && identity.number >= LIMIT_IDENTITY_NOTES)
        rc = why_set(&why, SH_ELIMIT, WHY_NOWHERE, "more notes than are read");
    chain->newest = rc == SH_OK ? identity.number : 0;
    arena_release(&arena);
    if (rc == SH_ENOMEM)
        return follow_out_of_memory(job);
    return rc == SH_OK || follow_say(job, FOLLOW_WRONG, "id/current: %s", why.text);
}

static bool keep_newest(struct follow_job *job, const struct chain *chain)
{
    const struct identity *newest = &chain->identity[(chain->count - 1) % 2];
    const struct follow *old = job->old;
    struct follow *next = job->next;

    if ((job->source->expected &&
         strcmp(job->source->expected->text, newest->channel.text) != 0) ||
        (old->channel.text[0] && strcmp(old->channel.text, newest->channel.text) != 0))
        return follow_say(job, FOLLOW_WRONG, "this is the channel %s", newest->channel.text);
    if (chain->count < old->identity_notes)
        return follow_say(
            job, FOLLOW_OLDER, "it went back: %llu identity notes now, %llu before",
            (unsigned long long)chain->count, (unsigned long long)old->identity_notes);
    if (old->identity_notes && memcmp(chain->known_hash, old->chain_hash, 32) != 0)
        return follow_say(job, FOLLOW_FORKED, "another identity chain than before, signed too");
    next->channel = newest->channel;
    next->identity_notes = chain->count;
    memcpy(next->chain_hash, chain->hash, sizeof(next->chain_hash));
    memcpy(next->current_hash, chain->current_hash, sizeof(next->current_hash));
    memcpy(next->name, newest->name.ptr, newest->name.len);
    next->name[newest->name.len] = '\0';
    memcpy(next->lang, newest->lang.ptr, 2);
    next->lang[2] = '\0';
    next->keys = 0;
    for (size_t i = 0; i < newest->key_count; i++) {
        const struct identity_key *key = &newest->keys[i];

        if (key->role != KEY_LOG || key->alg != ALG_ED25519)
            continue;
        next->key[next->keys] = (struct follow_key){
            .from = key->from, .until = key->until, .revoked = key->revoked};
        memcpy(next->key[next->keys++].key, key->bytes, CRYPT_KEY_BYTES);
    }
    job->has_chain = true;
    return true;
}

static bool read_chain(struct follow_job *job, struct chain *chain)
{
    bool more = true, go = true;

    bytes_clear(&job->notes);
    job->next->branch = 0;
    for (size_t i = 0; i < 2; i++)
        bytes_init(&chain->raw[i], LIMIT_NOTE_BYTES);
    while (go && more && chain->count <= chain->newest + 1)
        go = take_note(job, chain, &more);
    go = go && keep_newest(job, chain);
    for (size_t i = 0; i < 2; i++) {
        bytes_release(&chain->raw[i]);
        arena_release(&chain->arena[i]);
    }
    return go;
}

bool follow_chain(struct follow_job *job)
{
    struct chain chain = {0};

    job->has_chain = true; /* So that id/current is looked at, known or not. */
    return read_current(job, &chain) && read_chain(job, &chain);
}

bool follow_identity(struct follow_job *job)
{
    struct chain chain = {0};

    if (job->source->expected && job->old->channel.text[0] &&
        strcmp(job->source->expected->text, job->old->channel.text) != 0)
        return follow_say(job, FOLLOW_WRONG, "this is the channel %s", job->old->channel.text);
    if (!read_current(job, &chain))
        return false;
    if (job->old->channel.text[0] &&
        memcmp(chain.current_hash, job->old->current_hash, 32) == 0)
        return true;
    return read_chain(job, &chain);
}

bool follow_is_disputed(const struct follow *follow, uint64_t index)
{
    for (size_t i = 0; i < follow->keys; i++)
        if (follow->key[i].revoked <= index && index < follow->key[i].until)
            return true;
    return false;
}
