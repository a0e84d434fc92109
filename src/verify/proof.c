/* A .tlog-proof: is the entry in the log, who signed that, and is this file part of it? */
#include "verify/verify_int.h"

#include <string.h>

/* What a proof carries, taken apart. */
struct carried {
    const struct verify_proof *given;
    struct tlog_spicy spicy;
    struct tlog_note note;
    struct tlog_checkpoint checkpoint;
    uint64_t branch;    /* note number in the origin; 0 = none */
    struct bytes extra; /* entry line || document */
    struct entry entry;
    struct document doc;
    bool has_entry, has_doc;
    /* signatures */
    bool asked, good, bad;
    struct tlog_judgement judged;
    struct identity_chain chain; /* of the tree */
    bool has_chain;
};

/* ---- whose log ---- */

/* "stillhere/1/<id>" or "stillhere/1/<id>/<note number>" */
static bool origin_take(struct slice origin, struct channel_id *id, uint64_t *branch)
{
    static const char start[] = "stillhere/1/";
    size_t from = sizeof(start) - 1, id_end = from + CHANNEL_ID_CHARS;

    *branch = 0;
    if (origin.len < id_end || !slice_starts(origin, start) ||
        !channel_id_parse(slice_sub(origin, from, CHANNEL_ID_CHARS), id))
        return false;
    if (origin.len == id_end)
        return true;
    return origin.ptr[id_end] == '/' &&
           decimal_parse(slice_sub(origin, id_end + 1, origin.len - id_end - 1),
                         LIMIT_IDENTITY_NOTES, branch) &&
           *branch;
}

static bool open_proof(struct verify_walk *walk, struct carried *proof)
{
    struct verify_report *report = walk->report;
    struct channel_id id;
    struct why why = {0};
    char text[VERIFY_TEXT_BYTES];

    if (tlog_spicy_parse(proof->given->raw, &proof->spicy, &why) < 0 ||
        tlog_note_parse(proof->spicy.note, &proof->note, &why) < 0 ||
        tlog_checkpoint_parse(proof->note.text, &proof->checkpoint, &why) < 0) {
        verify_found(walk, VERIFY_PROOF_BROKEN, 0, 0, why.text);
        return false;
    }
    if (!origin_take(proof->checkpoint.origin, &id, &proof->branch)) {
        (void)snprintf(text, sizeof(text), "%.*s",
                       proof->checkpoint.origin.len > 120 ? 120
                                                          : (int)proof->checkpoint.origin.len,
                       (const char *)proof->checkpoint.origin.ptr);
        verify_found(walk, VERIFY_CHECKPOINT_ORIGIN, 0, 0, text);
        return false;
    }
    report->channel = id;
    report->branch = proof->branch;
    report->size = walk->size = proof->checkpoint.size;
    memcpy(report->root, proof->checkpoint.root, sizeof(report->root));
    if (!proof->given->expected ||
        memcmp(proof->given->expected->hash, id.hash, sizeof(id.hash)) == 0)
        return true;
    verify_found(walk, VERIFY_OTHER_CHANNEL, 0, 0, id.text);
    return false;
}

/* ---- the entry and its document ---- */

static void read_document(struct verify_walk *walk, struct carried *proof, struct slice raw,
                          struct arena *arena)
{
    uint64_t index = proof->spicy.index;
    uint8_t digest[32];
    struct why why = {0};

    crypto.sha256(raw, digest);
    if (!raw.len) {
        verify_found(walk, VERIFY_PROOF_NO_DOCUMENT, index, 0, NULL);
    } else if (memcmp(digest, proof->entry.hash, sizeof(digest)) != 0) {
        verify_found(walk, VERIFY_PROOF_DOCUMENT_OTHER, index, 0, NULL);
    } else if (document_parse(raw, arena, &proof->doc, &why) < 0) {
        verify_found(walk, VERIFY_DOCUMENT_BROKEN, index, 0, why.text);
    } else if (!slice_equal(proof->doc.channel, slice_text(walk->report->channel.text))) {
        verify_found(walk, VERIFY_DOCUMENT_CHANNEL, index, 0, NULL);
    } else {
        proof->has_doc = true;
        verify_found(walk, VERIFY_PROOF_DOCUMENT, index, 0, NULL);
    }
}

static void read_entry(struct verify_walk *walk, struct carried *proof, struct arena *arena)
{
    uint64_t index = proof->spicy.index;
    uint8_t leaf[TLOG_HASH_BYTES];
    struct slice whole, line;
    struct why why = {0};
    char type[VERIFY_TEXT_BYTES];
    size_t end;

    if (!proof->spicy.has_extra) {
        verify_found(walk, VERIFY_PROOF_NO_ENTRY, index, 0, NULL);
        return;
    }
    if (!base64_parse(&proof->extra, proof->spicy.extra, BASE64_PADDED))
        bug("base64 of a parsed proof does not parse");
    whole = bytes_view(&proof->extra);
    end = slice_find(whole, 0, '\n');
    line = slice_sub(whole, 0, end < whole.len ? end + 1 : end);
    if (entry_parse(line, index, &proof->entry, &why) < 0) {
        verify_found(walk, VERIFY_ENTRY_BROKEN, index, 0, why.text);
        return;
    }
    tlog_leaf_hash(line, leaf);
    if (tlog_inclusion_check(&proof->spicy.proof, leaf, index, proof->checkpoint.size,
                             proof->checkpoint.root, NULL) < 0) {
        verify_found(walk, VERIFY_PROOF_INCLUSION, index, proof->checkpoint.size, NULL);
        return;
    }
    (void)snprintf(type, sizeof(type), "%.*s", (int)proof->entry.type_text.len,
                   (const char *)proof->entry.type_text.ptr);
    verify_found(walk, VERIFY_PROOF_ENTRY, index, proof->checkpoint.size, type);
    proof->has_entry = true;
    read_document(walk, proof, slice_sub(whole, line.len, whole.len - line.len), arena);
}

static void compare_file(struct verify_walk *walk, const struct carried *proof)
{
    const uint8_t *sha256 = proof->given->file_sha256;
    uint64_t index = proof->spicy.index;
    char path[TREE_PATH_BYTES];

    if (!sha256) {
        verify_found(walk, VERIFY_PROOF_NO_FILE, 0, 0, NULL);
        return;
    }
    if (!proof->has_entry)
        return; /* It was said that there is nothing to compare with. */
    if (memcmp(sha256, proof->entry.hash, 32) == 0) {
        verify_found(walk, VERIFY_PROOF_FILE_DOCUMENT, index, 0, NULL);
        return;
    }
    for (size_t i = 0; proof->has_doc && i < proof->doc.blob_count; i++) {
        const struct doc_blob *blob = &proof->doc.blobs[i];

        if (memcmp(sha256, blob->sha256, 32) != 0 || blob->bytes != proof->given->file_bytes)
            continue;
        if (tree_blob_path(blob->sha256, blob->mime, path, NULL) < 0)
            path[0] = '\0';
        verify_found(walk, VERIFY_PROOF_FILE_BLOB, index, 0, path);
        return;
    }
    verify_found(walk, proof->has_doc ? VERIFY_PROOF_FILE_OTHER : VERIFY_PROOF_FILE_UNKNOWN,
                 index, 0, NULL);
}

/* ---- who signed ---- */

static void key_text(const struct tlog_key *key, char text[VERIFY_TEXT_BYTES])
{
    (void)snprintf(text, VERIFY_TEXT_BYTES, "%.140s+%08x", key->name, (unsigned)key->id);
}

static void judge_key(struct verify_walk *walk, struct carried *proof)
{
    const struct tlog_key *key = proof->given->key;
    char text[VERIFY_TEXT_BYTES];
    enum tlog_verdict verdict;

    if (!key)
        return;
    proof->asked = true;
    if (!slice_equal(slice_text(key->name), proof->checkpoint.origin))
        return;
    verdict = tlog_note_verdict(&proof->note, key);
    proof->bad = proof->bad || verdict == TLOG_BAD;
    if (verdict != TLOG_GOOD)
        return;
    proof->good = true;
    key_text(key, text);
    verify_found(walk, VERIFY_PROOF_SIGNED_KEY, proof->checkpoint.size, 0, text);
}

static void judge_policy(struct verify_walk *walk, struct carried *proof)
{
    const struct tlog_policy *policy = proof->given->policy;
    char text[VERIFY_TEXT_BYTES], when[WHEN_TEXT_BYTES];
    uint64_t count = 0;

    if (!policy)
        return;
    tlog_policy_judge(policy, &proof->note, proof->checkpoint.origin, &proof->judged);
    proof->asked = proof->asked || policy->logs;
    proof->good = proof->good || proof->judged.signed_by_log;
    proof->bad = proof->bad || proof->judged.bad;
    for (size_t i = 0; i < policy->logs; i++) {
        if (proof->judged.log[i] != TLOG_GOOD)
            continue;
        key_text(&policy->log[i].key, text);
        verify_found(walk, VERIFY_PROOF_SIGNED_POLICY, proof->checkpoint.size, 0, text);
    }
    for (size_t i = 0; i < policy->witnesses; i++) {
        if (proof->judged.witness[i] != TLOG_GOOD)
            continue;
        count++;
        when_text(proof->judged.time[i], when);
        (void)snprintf(text, sizeof(text), "%.120s, %s", policy->witness[i].key.name, when);
        verify_found(walk, VERIFY_PROOF_COSIGNED, proof->judged.time[i], 0, text);
    }
    if (!proof->judged.quorum)
        verify_found(walk, VERIFY_PROOF_QUORUM_SHORT, count, policy->witnesses, NULL);
    else if (policy->quorum != TLOG_QUORUM_NONE)
        verify_found(walk, VERIFY_PROOF_QUORUM, count, policy->witnesses, NULL);
}

/*
 * The identity chain of a tree, if it is this channel's.  *next_at, *next_size: the note that
 * took the place of the proof's branch, 0 when none did.
 */
static int chain_read(struct verify_walk *walk, struct carried *proof, uint64_t *next_at,
                      uint64_t *next_size)
{
    const struct verify_source *tree = proof->given->tree;
    char path[TREE_PATH_BYTES];
    bool ours = !proof->branch;
    struct why why = {0};
    int rc;

    *next_at = *next_size = 0;
    for (uint64_t number = 0; number < LIMIT_IDENTITY_NOTES; number++) {
        const struct identity *note;

        tree_identity_path(number, path);
        rc = tree->read(tree->ctx, path, &walk->file, &why);
        if (rc == SH_ENOTFOUND && number)
            break;
        if (rc == SH_ENOTFOUND) {
            verify_found(walk, VERIFY_NOTHING_HERE, 0, 0, path);
            return SH_OK;
        }
        if (rc < 0 && rc != SH_ELIMIT)
            return verify_unreadable(walk, path, &why);
        if (rc == SH_OK)
            rc = identity_chain_add(&proof->chain, bytes_view(&walk->file), &why);
        if (rc == SH_ENOMEM)
            return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
        if (rc < 0) {
            verify_found(walk, VERIFY_IDENTITY_BROKEN, number, 0, why.text);
            return SH_OK;
        }
        note = identity_chain_newest(&proof->chain);
        if (number == 0 && memcmp(note->channel.hash, walk->report->channel.hash,
                                  sizeof(note->channel.hash)) != 0) {
            verify_found(walk, VERIFY_OTHER_CHANNEL, 0, 0, note->channel.text);
            return SH_OK;
        }
        if (note->has_successor && ours && !*next_at) {
            *next_at = number;
            *next_size = note->successor_size;
        }
        ours = ours || (note->has_successor && number == proof->branch);
    }
    proof->has_chain = ours;
    if (!ours)
        verify_found(walk, VERIFY_CHECKPOINT_ORIGIN, 0, 0, NULL);
    return SH_OK;
}

/* A log key that was open at the last entry; in a branch that was left, any log key. */
static int judge_chain(struct verify_walk *walk, struct carried *proof)
{
    const struct identity *identity;
    char origin[CHANNEL_ORIGIN_BYTES];
    uint64_t next_at, next_size, last = proof->checkpoint.size - 1;
    bool good = false;
    int rc;

    if (!proof->given->tree)
        return SH_OK;
    proof->asked = true;
    rc = chain_read(walk, proof, &next_at, &next_size);
    if (rc < 0 || !proof->has_chain)
        return rc;
    identity = identity_chain_newest(&proof->chain);
    channel_branch_origin(&walk->report->channel, proof->branch, origin);
    for (size_t i = 0; i < identity->key_count; i++) {
        const struct identity_key *listed = &identity->keys[i];
        enum tlog_verdict verdict;
        struct tlog_key key;

        if (listed->role != KEY_LOG ||
            tlog_key_init(&key, origin, TLOG_ED25519, listed->bytes, NULL) < 0)
            continue;
        verdict = tlog_note_verdict(&proof->note, &key);
        proof->bad = proof->bad || verdict == TLOG_BAD;
        good = good || (verdict == TLOG_GOOD &&
                        (next_at || (listed->from <= last && last < listed->until)));
    }
    walk->report->identity_notes = proof->chain.count;
    if (identity->name.len <= LIMIT_NAME_BYTES)
        memcpy(walk->report->name, identity->name.ptr, identity->name.len);
    verify_found(walk, VERIFY_CHANNEL, proof->chain.count, 0, walk->report->channel.text);
    proof->good = proof->good || good;
    if (good)
        verify_found(walk, VERIFY_CHECKPOINT, proof->checkpoint.size, 0, NULL);
    if (next_at && proof->checkpoint.size > next_size)
        verify_found(walk, VERIFY_SUPERSEDED, next_at, next_size, NULL);
    if (identity_is_disputed(identity, proof->spicy.index))
        verify_found(walk, VERIFY_DISPUTED, proof->spicy.index, proof->spicy.index, NULL);
    return SH_OK;
}

static bool is_key(const struct tlog_signature *signature, const struct tlog_key *key)
{
    return key->id == signature->key_id && slice_equal(signature->name, slice_text(key->name));
}

/* Was the line looked at, with one of the keys that were given? */
static bool is_known(const struct carried *proof, const struct tlog_signature *signature)
{
    const struct tlog_policy *policy = proof->given->policy;
    const struct identity *identity =
        proof->has_chain ? identity_chain_newest(&proof->chain) : NULL;

    if (proof->given->key && is_key(signature, proof->given->key))
        return true;
    for (size_t i = 0; policy && i < policy->logs; i++)
        if (policy->log[i].supported && is_key(signature, &policy->log[i].key))
            return true;
    for (size_t i = 0; policy && i < policy->witnesses; i++)
        if (policy->witness[i].supported && is_key(signature, &policy->witness[i].key))
            return true;
    for (size_t i = 0; identity && i < identity->key_count; i++) {
        char origin[LIMIT_NOTE_NAME_BYTES + 1] = "";
        struct tlog_key key;

        memcpy(origin, proof->checkpoint.origin.ptr, proof->checkpoint.origin.len);
        if (identity->keys[i].role == KEY_LOG &&
            tlog_key_init(&key, origin, TLOG_ED25519, identity->keys[i].bytes, NULL) == SH_OK &&
            is_key(signature, &key))
            return true;
    }
    return false;
}

static void name_others(struct verify_walk *walk, const struct carried *proof)
{
    struct tlog_signature signature;
    char text[VERIFY_TEXT_BYTES];

    for (size_t i = 0; i < proof->note.signatures; i++) {
        tlog_note_signature(&proof->note, i, &signature);
        if (is_known(proof, &signature))
            continue;
        (void)snprintf(text, sizeof(text), "%.*s, %zu bytes (%s)",
                       signature.name.len > 80 ? 80 : (int)signature.name.len,
                       (const char *)signature.name.ptr, signature.data_len,
                       verify_signature_kind(signature.data_len));
        verify_found(walk, VERIFY_SIGNATURE_OTHER, 0, 0, text);
    }
}

static int judge_signatures(struct verify_walk *walk, struct carried *proof)
{
    int rc;

    judge_key(walk, proof);
    rc = judge_chain(walk, proof);
    if (rc < 0)
        return rc;
    judge_policy(walk, proof);
    if (proof->bad)
        verify_found(walk, VERIFY_SIGNATURE, 0, 0, NULL);
    else if (!proof->asked)
        verify_found(walk, VERIFY_PROOF_NO_KEY, 0, 0, NULL);
    else if (!proof->good)
        verify_found(walk, VERIFY_UNSIGNED, 0, 0, NULL);
    name_others(walk, proof);
    return SH_OK;
}

static int walk_proof(struct verify_walk *walk, struct carried *proof, struct arena *arena)
{
    int rc;

    if (!open_proof(walk, proof))
        return SH_OK;
    rc = judge_signatures(walk, proof);
    if (rc < 0)
        return rc;
    read_entry(walk, proof, arena);
    if (bytes_check(&proof->extra, NULL))
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    compare_file(walk, proof);
    if (!proof->given->policy || proof->given->policy->quorum == TLOG_QUORUM_NONE)
        verify_found(walk, VERIFY_PROOF_NO_QUORUM, 0, 0, NULL);
    verify_found(walk, VERIFY_PROOF_AS_OF, proof->spicy.index, proof->checkpoint.size, NULL);
    verify_found(walk, VERIFY_PROVES_NOT, 0, 0, NULL);
    return SH_OK;
}

int verify_proof(const struct verify_proof *given, struct verify_report *report,
                 struct why *why)
{
    struct arena arena;
    struct verify_walk *walk;
    struct carried *proof;
    int rc;

    *report = (struct verify_report){0};
    arena_init(&arena, sizeof(*walk) + sizeof(*proof) + LIMIT_DOCUMENT_ARENA);
    walk = arena_take(&arena, sizeof(*walk));
    proof = walk ? arena_take(&arena, sizeof(*proof)) : NULL;
    if (!proof) {
        arena_release(&arena);
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    }
    walk->report = report;
    walk->why = why;
    proof->given = given;
    bytes_init(&walk->file, LIMIT_NOTE_BYTES);
    bytes_init(&proof->extra, LIMIT_PROOF_BYTES);
    identity_chain_init(&proof->chain);
    rc = walk_proof(walk, proof, &arena);
    identity_chain_release(&proof->chain);
    bytes_release(&proof->extra);
    bytes_release(&walk->file);
    arena_release(&arena);
    return rc;
}
