/* The identity chain: who the channel is and which keys speak for it. */
#include "verify/verify_int.h"

#include <string.h>

#include "x509/x509.h"

/* Two notes at a time: the one before and the one looked at, each with its file's bytes. */
struct chain {
    struct identity identity[2];
    struct arena arena[2];
    struct bytes raw[2];
    uint64_t count; /* accepted notes */
};

/* Remember what the walk needs of a note when later ones have taken its place. */
static int keep_note(struct verify_walk *walk, const struct identity *identity,
                     struct slice raw, struct slice text)
{
    uint8_t hashes[64];

    crypto.sha256(text, hashes);
    crypto.sha256(raw, hashes + 32);
    bytes_append(&walk->note_hashes, hashes, sizeof(hashes));
    if (identity->has_successor) {
        struct verify_successor one = {identity->number, identity->successor_size, {0}};

        memcpy(one.root, identity->successor_root, sizeof(one.root));
        bytes_append(&walk->successors, &one, sizeof(one));
    }
    for (size_t i = 0; i < identity->unknown_count; i++) {
        char line[VERIFY_TEXT_BYTES];

        (void)snprintf(line, sizeof(line), "%.*s", (int)identity->unknown[i].len,
                       (const char *)identity->unknown[i].ptr);
        verify_found(walk, VERIFY_LINE_UNKNOWN, identity->number, 0, line);
    }
    return bytes_check(&walk->note_hashes, walk->why);
}

/*
 * An ordinary rotation: the log key that this note ends goes on signing beside the new one, for
 * readers who do not have the note yet (FORMATS "Identity note").
 */
static void find_rotated(struct verify_walk *walk, const struct identity *before,
                         const struct identity *identity)
{
    const struct identity_key *key;

    walk->rotated[0] = '\0';
    for (size_t i = 0; before && !identity->has_successor && i < before->key_count; i++) {
        if (before->keys[i].role != KEY_LOG || before->keys[i].until != ENTRY_NO_REF)
            continue;
        for (size_t k = 0; k < identity->key_count; k++) {
            key = &identity->keys[k];
            if (memcmp(key->id, before->keys[i].id, sizeof(key->id)) == 0 &&
                key->until != ENTRY_NO_REF && key->revoked == ENTRY_NO_REF)
                memcpy(walk->rotated, key->id, sizeof(walk->rotated));
        }
    }
}

/* Note number chain->count; *more says whether to go on to the next. */
static int take_note(struct verify_walk *walk, struct chain *chain, bool *more)
{
    size_t slot = chain->count % 2;
    const struct identity *before = chain->count ? &chain->identity[1 - slot] : NULL;
    char path[TREE_PATH_BYTES];
    struct tlog_note note;
    struct why why = {0};
    int rc;

    *more = false;
    tree_identity_path(chain->count, path);
    rc = walk->source->read(walk->source->ctx, path, &chain->raw[slot], &why);
    if (rc == SH_ENOTFOUND) {
        if (!chain->count)
            verify_found(walk, VERIFY_NOTHING_HERE, 0, 0, path);
        return SH_OK;
    }
    if (rc < 0 && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    arena_release(&chain->arena[slot]);
    arena_init(&chain->arena[slot], LIMIT_IDENTITY_ARENA);
    if (rc == SH_OK)
        rc = identity_accept(bytes_view(&chain->raw[slot]), before, &chain->arena[slot],
                             &chain->identity[slot], &why);
    if (rc == SH_ENOMEM)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&chain->raw[slot]), &note, &why);
    if (rc < 0) {
        verify_found(walk, VERIFY_IDENTITY_BROKEN, chain->count, 0, why.text);
        verify_tell_file(walk, VERIFY_FILE_CHANGED, ENTRY_NO_REF, path);
        return SH_OK;
    }
    *more = true;
    chain->count++;
    find_rotated(walk, before, &chain->identity[slot]);
    return keep_note(walk, &chain->identity[slot], bytes_view(&chain->raw[slot]), note.text);
}

static int read_current(struct verify_walk *walk)
{
    struct why why = {0};
    int rc = walk->source->read(walk->source->ctx, "id/current", &walk->file, &why);

    if (rc == SH_OK) {
        crypto.sha256(bytes_view(&walk->file), walk->current_hash);
        walk->has_current = true;
    } else if (rc != SH_ENOTFOUND && rc != SH_ELIMIT) {
        return verify_unreadable(walk, "id/current", &why);
    }
    return SH_OK;
}

/* The DER of the first certificate in pem, appended to out; false when there is none. */
static bool open_pem(struct slice pem, struct bytes *out)
{
    struct cursor cur = cursor_of(pem);
    struct bytes text;
    struct slice line;
    bool good = false;

    line = rd_line(&cur);
    if (!slice_equal(line, slice_text("-----BEGIN CERTIFICATE-----")))
        return false;
    bytes_init(&text, LIMIT_CERTIFICATE_BYTES);
    while (!cur.failed && rd_left(&cur)) {
        line = rd_line(&cur);
        if (slice_starts(line, "-----")) {
            good = slice_equal(line, slice_text("-----END CERTIFICATE-----"));
            break;
        }
        bytes_slice(&text, line);
    }
    good = good && base64_parse(out, bytes_view(&text), BASE64_PADDED) &&
           bytes_check(&text, NULL) == SH_OK && bytes_check(out, NULL) == SH_OK;
    bytes_release(&text);
    return good;
}

/* A certificate that says the key somewhere else than as its own would be anybody's. */
static bool is_of_key(struct slice der, const struct identity_key *key)
{
    struct x509_cert cert;

    return x509_parse(der, &cert, NULL) == SH_OK &&
           slice_equal(cert.spki, slice_of(key->bytes, key->bytes_len));
}

/* The certificate of the C2PA authority: there, and of the key that the note names. */
static int check_certificate(struct verify_walk *walk, const struct identity_key *key)
{
    char path[TREE_PATH_BYTES];
    struct why why = {0};
    struct bytes der;
    int rc;

    (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", key->id);
    rc = walk->source->read(walk->source->ctx, path, &walk->file, &why);
    if (rc == SH_ENOTFOUND) {
        verify_found(walk, VERIFY_CERTIFICATE_MISSING, 0, 0, path);
        verify_tell_file(walk, VERIFY_FILE_MISSING, ENTRY_NO_REF, path);
        return SH_OK;
    }
    if (rc < 0 && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    bytes_init(&der, LIMIT_CERTIFICATE_BYTES);
    if (rc == SH_ELIMIT || walk->file.len > LIMIT_CERTIFICATE_BYTES ||
        !open_pem(bytes_view(&walk->file), &der) || !is_of_key(bytes_view(&der), key)) {
        verify_found(walk, VERIFY_CERTIFICATE_OTHER, 0, 0, path);
        verify_tell_file(walk, VERIFY_FILE_CHANGED, ENTRY_NO_REF, path);
    } else if (walk->source->authority) {
        walk->source->authority(walk->source->ctx, key, bytes_view(&der));
    }
    bytes_release(&der);
    return SH_OK;
}

/* The newest note's keys outlive the chain in the caller's arena. */
static int keep_newest(struct verify_walk *walk, const struct identity *newest,
                       struct arena *arena)
{
    struct identity *kept = arena_take(arena, sizeof(*kept));
    size_t bytes = newest->key_count * sizeof(*kept->keys);

    if (!kept)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    *kept = (struct identity){.number = newest->number,
                              .channel = newest->channel,
                              .keys = arena_take(arena, bytes),
                              .key_count = newest->key_count};
    if (!kept->keys)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    memcpy(kept->keys, newest->keys, bytes);
    for (size_t i = 0; i < kept->key_count; i++)
        kept->keys[i].role_text = kept->keys[i].alg_text = slice_of(NULL, 0);
    walk->identity = kept;
    memcpy(walk->report->name, newest->name.ptr, newest->name.len);
    walk->report->name[newest->name.len] = '\0';
    walk->report->channel = newest->channel;
    return SH_OK;
}

int verify_chain(struct verify_walk *walk, struct arena *arena, enum verify_next *next)
{
    struct chain chain = {0};
    bool more = true;
    int rc = SH_OK;

    *next = VERIFY_STOP;
    for (size_t i = 0; i < 2; i++)
        bytes_init(&chain.raw[i], LIMIT_NOTE_BYTES);
    while (rc == SH_OK && more && chain.count <= LIMIT_IDENTITY_NOTES)
        rc = take_note(walk, &chain, &more);
    walk->report->identity_notes = chain.count;
    if (rc == SH_OK && chain.count) {
        rc = keep_newest(walk, &chain.identity[(chain.count - 1) % 2], arena);
        *next = VERIFY_GO;
    }
    for (size_t i = 0; i < 2; i++) {
        bytes_release(&chain.raw[i]);
        arena_release(&chain.arena[i]);
    }
    if (rc < 0 || !walk->identity)
        return rc;
    rc = read_current(walk);
    for (size_t i = 0; i < walk->identity->key_count && rc == SH_OK; i++)
        if (walk->identity->keys[i].role == KEY_C2PA_CA)
            rc = check_certificate(walk, &walk->identity->keys[i]);
    return rc;
}
