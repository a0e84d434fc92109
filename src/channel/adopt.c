/*
 * A channel goes on from a copy of its public tree, under a new identity note with new keys:
 * built whole in HOME/.init like a new one, and in place only when all of it is there.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel_int.h"

struct adopt {
    struct channel_nest nest;
    struct channel_adoption *adoption;
    struct channel_refill refill;
    struct tlog_range range;
    bool stamps; /* the copy has some */
};

static int put_note(struct adopt *adopt, const char *path, struct slice raw, struct why *why)
{
    int rc = channel_kept_put(adopt->nest.channel->store, path, raw, why);

    return rc == SH_OK ? channel_refill_note(&adopt->refill, raw, why) : rc;
}

static int put_certificate(struct adopt *adopt, const char *id, struct why *why)
{
    char path[TREE_PATH_BYTES];
    struct bytes pem;
    int rc = SH_OK;

    (void)snprintf(path, sizeof(path), "id/c2pa-ca-%s.pem", id);
    bytes_init(&pem, LIMIT_NOTE_BYTES);
    if (io_read(adopt->adoption->copy->dir, path, &pem, NULL) == SH_OK)
        rc = channel_kept_put(adopt->nest.channel->store, path, bytes_view(&pem), why);
    bytes_release(&pem);
    return rc;
}

/* Notes 0..n of the copy, the new one, and the certificates. */
static int put_kept(struct adopt *adopt, struct why *why)
{
    const struct channel_adoption *adoption = adopt->adoption;
    const struct identity *newest = identity_chain_newest(&adoption->copy->chain);
    struct store *store = adopt->nest.channel->store;
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (uint64_t number = 0; number <= newest->number && rc == SH_OK; number++) {
        tree_identity_path(number, path);
        rc = io_read(adoption->copy->dir, path, &raw, why);
        if (rc == SH_OK)
            rc = put_note(adopt, path, bytes_view(&raw), why);
    }
    bytes_release(&raw);
    tree_identity_path(newest->number + 1, path);
    if (rc == SH_OK)
        rc = put_note(adopt, path, adoption->note, why);
    if (rc == SH_OK)
        rc = channel_kept_put(store, "id/current", adoption->note, why);
    for (size_t i = 0; i < newest->key_count && rc == SH_OK; i++)
        if (newest->keys[i].role == KEY_C2PA_CA)
            rc = put_certificate(adopt, newest->keys[i].id, why);
    if (rc == SH_OK && adoption->certificate.len)
        rc = channel_kept_put(store, adoption->certificate_path, adoption->certificate, why);
    return rc;
}

/* taker->line: files first, since the rows are filled from the documents. */
static int take_line(void *ctx, uint64_t index, struct slice line, struct why *why)
{
    struct adopt *adopt = ctx;
    struct channel *channel = adopt->nest.channel;
    struct channel_copy *copy = adopt->adoption->copy;
    uint8_t leaf[TLOG_HASH_BYTES], root[TLOG_HASH_BYTES];
    char path[TREE_PATH_BYTES];
    struct entry entry;
    int rc = entry_parse(line, index, &entry, why);

    if (rc == SH_OK && entry.type != ENTRY_IDENTITY) {
        tree_document_path(entry.hash, path);
        rc = channel_copy_take(copy, channel, path, why);
    }
    if (rc == SH_OK)
        rc = channel_refill_line(&adopt->refill, index, line, why);
    if (rc == SH_OK)
        rc = channel_copy_take_blobs(copy, channel, index, why);
    tlog_leaf_hash(line, leaf);
    tlog_range_append(&adopt->range, leaf);
    tlog_range_root(&adopt->range, root);
    return rc == SH_OK && adopt->stamps
               ? channel_copy_stamps(copy, channel, adopt->range.size, root, why)
               : rc;
}

/* ---- the entry of the new note, and the first checkpoint of the new key ---- */

static int sign_here(void *ctx, struct slice text, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                     struct why *why)
{
    const struct adopt *adopt = ctx;

    (void)why;
    crypto.ed25519_sign(adopt->adoption->log.secret, text, signature);
    return SH_OK;
}

static int put_entry(struct adopt *adopt, struct why *why)
{
    struct channel *channel = adopt->nest.channel;
    struct channel_signer signer = {.sign_checkpoint = sign_here, .ctx = adopt};
    struct channel_state *state = &channel->state;
    struct entry entry = {.type = ENTRY_IDENTITY, .ref = ENTRY_NO_REF};
    char line[LIMIT_ENTRY_BYTES + 1];
    struct tlog_note note;
    size_t len;
    int rc = tlog_note_parse(adopt->adoption->note, &note, why);

    if (rc != SH_OK)
        return rc;
    state->prev_size = adopt->range.size;
    tlog_range_root(&adopt->range, state->prev_root);
    crypto.sha256(note.text, entry.hash);
    len = entry_build(&entry, line);
    rc = take_line(adopt, adopt->adoption->size, slice_of(line, len), why);
    state->size = adopt->range.size;
    tlog_range_root(&adopt->range, state->root);
    state->dispatches = adopt->refill.dispatches;
    /* Later than every time that the old machine gave to a public file, as far as we know. */
    state->stamp = io_now() > state->published ? io_now() : state->published + 1;
    if (rc == SH_OK)
        rc = channel_sign(channel, state, &signer, why);
    return rc == SH_OK ? channel_state_save(channel->store, state, why) : rc;
}

/* ---- all of it ---- */

static int fill(struct adopt *adopt, struct why *why)
{
    struct channel *channel = adopt->nest.channel;
    struct channel_taker taker = {take_line, adopt};
    int rc = store_begin(channel->store, STORE_DURABLE, why);

    if (rc == SH_OK)
        rc = put_kept(adopt, why);
    if (rc == SH_OK)
        rc = channel_info_fill(channel, why);
    if (rc == SH_OK)
        rc = channel_copy_walk(adopt->adoption->copy, adopt->adoption->size, &taker, why);
    if (rc == SH_OK)
        rc = put_entry(adopt, why);
    return rc == SH_OK ? store_commit(channel->store, why) : rc;
}

/* What should be public and is not: the copy did not have it. */
static int count_missing(struct adopt *adopt, struct why *why)
{
    struct channel *channel = adopt->nest.channel;
    char path[TREE_PATH_BYTES];
    struct channel_row row;
    struct entry entry;
    int rc = SH_OK;

    for (uint64_t index = 1; index < channel->state.size && rc == SH_OK; index++) {
        rc = channel_row_get(channel->store, index, &row, why);
        if (rc == SH_OK)
            rc = entry_parse(slice_of(row.line, row.line_len), index, &entry, why);
        if (rc != SH_OK || row.type == ENTRY_IDENTITY || row.type == ENTRY_UNKNOWN ||
            row.withdrawn_by != CHANNEL_NONE ||
            (row.type == ENTRY_SEALED && row.opened_by == CHANNEL_NONE))
            continue;
        tree_document_path(entry.hash, path);
        if (!io_exists(channel->info.public_dir, path))
            adopt->adoption->missing++;
    }
    return rc;
}

static int write_keys(struct adopt *adopt, struct why *why)
{
    const struct channel_adoption *adoption = adopt->adoption;
    struct channel *channel = adopt->nest.channel;
    int rc = channel_key_keep(channel, "log", adoption->log.id, adoption->log.secret, why);

    return rc == SH_OK
               ? channel_key_keep(channel, "c2pa-ca", adoption->ca.id, adoption->ca.secret, why)
               : rc;
}

/* What the other branch signed last: evidence, for whoever asks later. */
static int keep_evidence(struct adopt *adopt, struct why *why)
{
    struct channel *channel = adopt->nest.channel;
    char path[64];
    struct io_target target = {
        channel->private_dir, path, channel->info.tmp_dir, 0600, 0, IO_SYNC};

    (void)snprintf(path, sizeof(path), "evidence/checkpoint-%ju",
                   (uintmax_t)adopt->adoption->copy->size);
    return io_replace(&target, bytes_view(&adopt->adoption->copy->note), why);
}

static int build(struct adopt *adopt, struct why *why)
{
    struct channel *channel = adopt->nest.channel;
    char path[CHANNEL_PATH_BYTES];
    int rc = write_keys(adopt, why);

    channel_path(channel->home, CHANNEL_BIRTH "/private/" CHANNEL_DB, path);
    if (rc == SH_OK)
        rc = store_open(path, STORE_CREATE, &channel_schema, &channel->store, why);
    if (rc == SH_OK)
        rc = fill(adopt, why);
    if (rc == SH_OK)
        rc = channel_publish_all(channel, CHANNEL_KEEP, why);
    if (rc == SH_OK)
        rc = count_missing(adopt, why);
    if (rc == SH_OK)
        rc = keep_evidence(adopt, why);
    if (rc == SH_OK)
        rc = channel_place_write(channel, why);
    if (rc == SH_OK)
        rc = store_fold(channel->store, why);
    store_close(channel->store);
    channel->store = NULL;
    if (rc == SH_OK && syncfs(channel->home_dir) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: the disk did not take it",
                     channel->home);
    return rc;
}

int channel_adopt(struct channel_adoption *adoption, struct why *why)
{
    struct adopt adopt = {.adoption = adoption};
    int rc = channel_new(&adopt.nest.channel, why);

    if (rc != SH_OK)
        return rc;
    tlog_range_init(&adopt.range);
    adopt.stamps = io_exists(adoption->copy->dir, "cp");
    channel_refill_init(&adopt.refill, adopt.nest.channel);
    rc = channel_nest_open(&adopt.nest, adoption->home, why);
    if (rc == SH_OK)
        rc = channel_nest_make(&adopt.nest, why);
    if (rc == SH_OK)
        rc = build(&adopt, why);
    if (rc == SH_OK)
        rc = channel_nest_place(&adopt.nest, why);
    channel_nest_end(&adopt.nest, rc);
    channel_refill_release(&adopt.refill);
    return rc;
}
