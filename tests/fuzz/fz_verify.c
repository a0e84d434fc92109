/*
 * A whole public tree with entries of every type: whatever they say of each other and whatever
 * their documents hold, one look ends and gives a report that fits its pipe.
 *
 * Input: records of u8 (type; 0x80: the document is not there), u8 ref, u16 length, document.
 * In a document @ stands for the channel's id and # for 64 hex digits.  Identity, tiles, root
 * and checkpoint are made here; the checkpoint is not signed, which is a finding.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

#define ENTRIES 200

struct tree {
    struct bytes note, checkpoint, entries, hashes, data;
    struct channel_id id;
    uint64_t size;
    size_t start[ENTRIES + 1]; /* of each document in data */
    uint8_t hash[ENTRIES + 1][32];
    bool there[ENTRIES + 1];
    struct tlog_range range;
};

static struct identity_key make_key(enum key_role role, uint8_t number, struct secret *seed)
{
    struct identity_key key = {
        .role = role, .bytes_len = 32, .until = ENTRY_NO_REF, .revoked = ENTRY_NO_REF};

    memset(seed->byte, number, sizeof(seed->byte));
    crypto.ed25519_public(seed, key.bytes);
    return key;
}

/* Identity note 0; the log key is revoked from entry 100 on. */
static void make_identity(struct tree *tree)
{
    struct secret log, owner;
    struct identity_key keys[2];
    struct identity note = {.name = slice_text("Fuzz"), .lang = slice_text("en")};
    char name[CHANNEL_ORIGIN_BYTES];
    uint8_t signature[64];
    struct tlog_key key;

    keys[0] = make_key(KEY_IDENTITY, 1, &owner);
    keys[1] = make_key(KEY_LOG, 10, &log);
    keys[1].revoked = 100;
    note.threshold = 1;
    note.keys = keys;
    note.key_count = 2;
    bytes_init(&tree->note, LIMIT_NOTE_BYTES);
    if (identity_build(&note, &tree->note, NULL) < 0)
        abort();
    channel_id_of_note(bytes_view(&tree->note), &tree->id);
    channel_identity_name(&tree->id, name);
    crypto.ed25519_sign(&owner, bytes_view(&tree->note), signature);
    crypto.ed25519_public(&owner, keys[0].bytes);
    if (tlog_key_init(&key, name, TLOG_ED25519, keys[0].bytes, NULL) < 0)
        abort();
    bytes_u8(&tree->note, '\n');
    tlog_signature_line(&tree->note, &key, slice_of(signature, sizeof(signature)));
}

static void add_entry(struct tree *tree, const struct entry *entry)
{
    char line[LIMIT_ENTRY_BYTES + 1];
    size_t len = entry_build(entry, line);
    uint8_t leaf[32];

    tlog_entry_tile_add(&tree->entries, slice_of(line, len));
    tlog_leaf_hash(slice_of(line, len), leaf);
    tlog_range_append(&tree->range, leaf);
    bytes_append(&tree->hashes, leaf, sizeof(leaf));
    memcpy(tree->hash[tree->size], entry->hash, 32);
    tree->start[++tree->size] = tree->data.len;
}

static void add_record(struct tree *tree, uint8_t head, uint8_t ref, struct slice text)
{
    struct entry entry = {.type = (enum entry_type)((head & 0x7f) % ENTRY_UNKNOWN)};
    size_t start = tree->data.len;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '@')
            bytes_text(&tree->data, tree->id.text);
        else if (text.ptr[i] == '#')
            for (int k = 0; k < 64; k++)
                bytes_u8(&tree->data, '7');
        else
            bytes_u8(&tree->data, text.ptr[i]);
    }
    entry.ref = entry.type == ENTRY_OPEN || entry.type == ENTRY_WITHDRAW ||
                        entry.type == ENTRY_CORRECT || entry.type == ENTRY_COPY
                    ? ref % tree->size
                    : ENTRY_NO_REF;
    crypto.sha256(slice_of(tree->data.ptr + start, tree->data.len - start), entry.hash);
    tree->there[tree->size] = !(head & 0x80);
    add_entry(tree, &entry);
}

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct tree *tree = ctx;
    char name[TREE_PATH_BYTES];

    bytes_clear(out);
    if (strcmp(path, "id/0.note") == 0 || strcmp(path, "id/current") == 0)
        bytes_slice(out, bytes_view(&tree->note));
    else if (strcmp(path, "checkpoint") == 0)
        bytes_slice(out, bytes_view(&tree->checkpoint));
    else if (strncmp(path, "tile/entries/", 13) == 0)
        bytes_slice(out, bytes_view(&tree->entries));
    else if (strncmp(path, "tile/", 5) == 0)
        bytes_slice(out, bytes_view(&tree->hashes));
    for (uint64_t i = 0; !out->len && i < tree->size; i++) {
        tree_document_path(tree->hash[i], name);
        if (tree->there[i] && strcmp(name, path) == 0)
            bytes_append(out, tree->data.ptr + tree->start[i],
                         tree->start[i + 1] - tree->start[i]);
    }
    return out->len ? bytes_check(out, why)
                    : why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
}

static int hash_file(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    (void)ctx;
    if (sha256)
        memset(sha256, 0x77, 32);
    if (path[strlen(path) - 1] == 'g')
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    *bytes += *bytes % 2;
    return SH_OK;
}

static void listen(void *ctx, const struct verify_event *event)
{
    const struct tree *tree = ctx;

    if (event->index != ENTRY_NO_REF && event->index >= tree->size)
        abort();
    if ((event->kind == VERIFY_ENTRY_IS) == (event->path != NULL))
        abort();
}

static void look(struct tree *tree)
{
    static struct verify_report report, again;
    struct verify_source source = {
        .ctx = tree, .read = read_file, .hash = hash_file, .event = listen};
    struct bytes raw;

    for (int home = 0; home < 2; home++) {
        source.home = home;
        source.sizes_only = home;
        if (verify_channel(&source, NULL, &report, NULL) < 0)
            abort();
        if (!report.total[VERIFY_LOG] || report.opened + report.sealed > report.size)
            abort();
        bytes_init(&raw, LIMIT_REPORT_BYTES);
        verify_report_build(&report, &raw);
        if (bytes_check(&raw, NULL) < 0 ||
            verify_report_parse(bytes_view(&raw), &again, NULL) < 0 ||
            again.purged != report.purged)
            abort();
        bytes_release(&raw);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cur = cursor_of(slice_of(data, size));
    struct tlog_checkpoint checkpoint = {0};
    static struct tree tree;
    struct entry first = {.type = ENTRY_IDENTITY, .ref = ENTRY_NO_REF};
    char origin[CHANNEL_ORIGIN_BYTES];
    uint8_t head, ref;
    struct slice text;

    memset(&tree, 0, sizeof(tree));
    make_identity(&tree);
    bytes_init(&tree.checkpoint, LIMIT_NOTE_BYTES);
    bytes_init(&tree.entries, 1u << 20);
    bytes_init(&tree.hashes, 1u << 20);
    bytes_init(&tree.data, 1u << 24);
    tlog_range_init(&tree.range);
    memcpy(first.hash, tree.id.hash, 32);
    add_entry(&tree, &first);
    while (rd_left(&cur) && tree.size < ENTRIES) {
        head = rd_u8(&cur);
        ref = rd_u8(&cur);
        text = rd_bytes(&cur, rd_u16(&cur));
        if (cur.failed)
            break;
        add_record(&tree, head, ref, text);
    }
    channel_origin(&tree.id, origin);
    checkpoint.origin = slice_text(origin);
    checkpoint.size = tree.size;
    tlog_range_root(&tree.range, checkpoint.root);
    tlog_checkpoint_build(&tree.checkpoint, &checkpoint);
    bytes_text(&tree.checkpoint, "\n\xe2\x80\x94 nobody AAAAAAAAAAA=\n");
    look(&tree);
    bytes_release(&tree.note);
    bytes_release(&tree.checkpoint);
    bytes_release(&tree.entries);
    bytes_release(&tree.hashes);
    bytes_release(&tree.data);
    return 0;
}
