/* A public tree in memory, made by the test and then harmed by it. */
#ifndef TESTS_VERIFY_WORLD_H
#define TESTS_VERIFY_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

#define WORLD_FILES 4096
struct world_file {
    char path[96];
    struct bytes data;
};
struct world {
    struct world_file file[WORLD_FILES];
    size_t files;
    struct identity note; /* the newest */
    struct identity_key keys[8];
    struct channel_id id;
    char origin[CHANNEL_ORIGIN_BYTES];
    char (*line)[LIMIT_ENTRY_BYTES + 1];
    uint64_t size;
    uint8_t log_seed;
    const char *unreadable; /* the path that gives SH_EIO */
    struct verify_report report;
};

static inline struct world_file *world_find(struct world *w, const char *path)
{
    for (size_t i = 0; i < w->files; i++)
        if (strcmp(w->file[i].path, path) == 0)
            return &w->file[i];
    return NULL;
}

static inline void world_put(struct world *w, const char *path, struct slice data)
{
    struct world_file *file = world_find(w, path);

    if (!file) {
        assert_true(w->files < WORLD_FILES);
        file = &w->file[w->files++];
        (void)snprintf(file->path, sizeof(file->path), "%s", path);
        bytes_init(&file->data, 1u << 20);
    }
    bytes_clear(&file->data);
    bytes_slice(&file->data, data);
    assert_int_equal(bytes_check(&file->data, NULL), SH_OK);
}

static inline void world_remove(struct world *w, const char *path)
{
    struct world_file *file = world_find(w, path);

    assert_non_null(file);
    bytes_release(&file->data);
    *file = w->file[--w->files];
}

static inline int world_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct world *w = ctx;
    struct world_file *file = world_find(w, path);

    bytes_clear(out);
    if (w->unreadable && strcmp(path, w->unreadable) == 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "Input/output error");
    if (!file)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    bytes_slice(out, bytes_view(&file->data));
    return bytes_check(out, why);
}

static inline int world_hash(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                             struct why *why)
{
    struct world_file *file = world_find(ctx, path);

    if (!file)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "%s: not there", path);
    *bytes = file->data.len;
    crypto.sha256(bytes_view(&file->data), sha256);
    return SH_OK;
}

static inline void world_seed(uint8_t number, struct secret *seed)
{
    memset(seed->byte, number, sizeof(seed->byte));
}

static inline struct identity_key world_key(enum key_role role, uint8_t number)
{
    struct identity_key key = {.role = role,
                               .alg = ALG_ED25519,
                               .bytes_len = 32,
                               .until = ENTRY_NO_REF,
                               .revoked = ENTRY_NO_REF};
    struct secret seed;

    world_seed(number, &seed);
    crypto.ed25519_public(&seed, key.bytes);
    return key;
}

static inline void world_sign(struct bytes *note, const char *name, uint8_t number)
{
    size_t text = 0;
    struct tlog_key key;
    uint8_t public_key[32], signature[64];
    struct secret seed;

    /* The text ends where the signatures begin: at the empty line, or here. */
    for (size_t i = 1; i < note->len && !text; i++)
        if (note->ptr[i] == '\n' && note->ptr[i - 1] == '\n')
            text = i;
    if (!text) {
        text = note->len;
        bytes_u8(note, '\n');
    }
    world_seed(number, &seed);
    crypto.ed25519_public(&seed, public_key);
    crypto.ed25519_sign(&seed, slice_of(note->ptr, text), signature);
    assert_int_equal(tlog_key_init(&key, name, TLOG_ED25519, public_key, NULL), SH_OK);
    tlog_signature_line(note, &key, slice_of(signature, sizeof(signature)));
}

static inline void world_add_line(struct world *w, const char *line)
{
    (void)snprintf(w->line[w->size++], LIMIT_ENTRY_BYTES + 1, "%s", line);
}

static inline uint64_t world_add(struct world *w, enum entry_type type, uint64_t ref,
                                 const uint8_t hash[32])
{
    struct entry entry = {.type = type, .ref = ref};

    memcpy(entry.hash, hash, 32);
    (void)entry_build(&entry, w->line[w->size]);
    return w->size++;
}

/* Write w->note as identity note, signed by identity key 1; log it. */
static inline void world_identity(struct world *w, bool logged)
{
    char path[TREE_PATH_BYTES], name[CHANNEL_ORIGIN_BYTES];
    struct bytes raw;
    uint8_t hash[32];

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    assert_int_equal(identity_build(&w->note, &raw, NULL), SH_OK);
    if (!w->note.number)
        channel_id_of_note(bytes_view(&raw), &w->id);
    w->note.channel = w->id;
    crypto.sha256(bytes_view(&raw), hash);
    channel_identity_name(&w->id, name);
    world_sign(&raw, name, 1);
    tree_identity_path(w->note.number, path);
    world_put(w, path, bytes_view(&raw));
    if (logged) {
        world_put(w, "id/current", bytes_view(&raw));
        (void)world_add(w, ENTRY_IDENTITY, ENTRY_NO_REF, hash);
    }
    bytes_release(&raw);
}

static inline struct world *world_new(uint64_t most)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->line = calloc(most + 1, sizeof(*w->line));
    assert_non_null(w->line);
    w->log_seed = 10;
    w->keys[0] = world_key(KEY_IDENTITY, 1);
    w->keys[1] = world_key(KEY_LOG, 10);
    w->note = (struct identity){.name = slice_text("Test"),
                                .lang = slice_text("en"),
                                .threshold = 1,
                                .keys = w->keys,
                                .key_count = 2};
    world_identity(w, true);
    channel_origin(&w->id, w->origin);
    return w;
}

static inline void world_free(struct world *w)
{
    for (size_t i = 0; i < w->files; i++)
        bytes_release(&w->file[i].data);
    free(w->line);
    free(w);
}

/* A document as raw bytes, logged. */
static inline uint64_t world_document(struct world *w, enum entry_type type, uint64_t ref,
                                      struct slice raw)
{
    char path[TREE_PATH_BYTES];
    uint8_t hash[32];

    crypto.sha256(raw, hash);
    tree_document_path(hash, path);
    world_put(w, path, raw);
    return world_add(w, type, ref, hash);
}

static inline uint64_t world_say(struct world *w, enum doc_kind kind, uint64_t ref,
                                 struct document *doc)
{
    uint64_t index;
    struct bytes raw;

    doc->kind = kind;
    doc->salt[0] = (uint8_t)w->size;
    doc->salt[1] = (uint8_t)(w->size >> 8);
    doc->channel = slice_text(w->id.text);
    if (!doc->status.len)
        doc->status = slice_text("well");
    if (!doc->published)
        doc->published = 1700000000 + w->size;
    doc->of = ENTRY_NO_REF;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(document_build(doc, &raw, NULL), SH_OK);
    index = world_document(w,
                           kind == DOC_WITHDRAW  ? ENTRY_WITHDRAW
                           : kind == DOC_CORRECT ? ENTRY_CORRECT
                           : kind == DOC_OPEN    ? ENTRY_OPEN
                                                 : ENTRY_DISPATCH,
                           ref, bytes_view(&raw));
    bytes_release(&raw);
    return index;
}

static inline uint64_t world_checkin(struct world *w)
{
    struct document doc = {0};

    return world_say(w, DOC_DISPATCH, ENTRY_NO_REF, &doc);
}

static inline uint64_t world_withdraw(struct world *w, uint64_t ref)
{
    struct document doc = {0};

    return world_say(w, DOC_WITHDRAW, ref, &doc);
}

static inline void world_sealed(struct world *w)
{
    uint8_t hash[32] = {(uint8_t)w->size, (uint8_t)(w->size >> 8), 7};

    (void)world_add(w, ENTRY_SEALED, ENTRY_NO_REF, hash);
}

/* A sealed dispatch, whose bytes wait in *raw (initialised here). */
static inline uint64_t world_seal(struct world *w, struct document *doc, struct bytes *raw)
{
    uint8_t hash[32];

    doc->kind = DOC_DISPATCH;
    doc->salt[0] = (uint8_t)w->size;
    doc->channel = slice_text(w->id.text);
    doc->status = slice_text("well");
    doc->of = ENTRY_NO_REF;
    bytes_init(raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(document_build(doc, raw, NULL), SH_OK);
    crypto.sha256(bytes_view(raw), hash);
    return world_add(w, ENTRY_SEALED, ENTRY_NO_REF, hash);
}

/* Open entry ref: raw, its document, is put into the tree; NULL: it is not. */
static inline uint64_t world_open(struct world *w, uint64_t ref, const struct bytes *raw)
{
    struct document doc = {0};
    char path[TREE_PATH_BYTES];
    uint8_t hash[32];

    if (raw) {
        crypto.sha256(bytes_view(raw), hash);
        tree_document_path(hash, path);
        world_put(w, path, bytes_view(raw));
    }
    return world_say(w, DOC_OPEN, ref, &doc);
}

/* The file of the document of entry index. */
static inline const char *world_path(struct world *w, uint64_t index)
{
    static char path[TREE_PATH_BYTES];
    struct entry entry;

    assert_int_equal(entry_parse(slice_text(w->line[index]), index, &entry, NULL), SH_OK);
    tree_document_path(entry.hash, path);
    return path;
}

static inline void world_tile(struct world *w, uint8_t level, uint64_t number,
                              struct slice data)
{
    uint64_t width = level == TLOG_LEVEL_ENTRIES ? w->size - number * 256 : data.len / 32;
    struct tlog_tile tile = {level, number, (uint16_t)(width < 256 ? width : 256)};
    char path[TLOG_PATH_BYTES];

    assert_int_equal(tlog_tile_path(&tile, path, NULL), SH_OK);
    world_put(w, path, data);
}

static inline void world_entry_tiles(struct world *w)
{
    struct bytes tile;

    bytes_init(&tile, 1u << 20);
    for (uint64_t n = 0; n * 256 < w->size; n++) {
        bytes_clear(&tile);
        for (uint64_t i = n * 256; i < w->size && i < (n + 1) * 256; i++)
            tlog_entry_tile_add(&tile, slice_text(w->line[i]));
        world_tile(w, TLOG_LEVEL_ENTRIES, n, bytes_view(&tile));
    }
    bytes_release(&tile);
}

/* Entry tiles and tiles of all levels; returns the root. */
static inline void world_tiles(struct world *w, uint8_t root[32])
{
    uint8_t *hashes = calloc(w->size + 1, 32);
    uint64_t count = w->size, part;
    struct tlog_range range;

    assert_non_null(hashes);
    tlog_range_init(&range);
    for (uint64_t i = 0; i < w->size; i++) {
        tlog_leaf_hash(slice_text(w->line[i]), hashes + 32 * i);
        tlog_range_append(&range, hashes + 32 * i);
    }
    tlog_range_root(&range, root);
    world_entry_tiles(w);
    for (uint8_t level = 0; count; level++, count /= 256) {
        for (uint64_t n = 0; n * 256 < count; n++) {
            part = count - n * 256 < 256 ? count - n * 256 : 256;
            world_tile(w, level, n, slice_of(hashes + n * 256 * 32, part * 32));
        }
        for (uint64_t n = 0; n < count / 256; n++)
            tlog_subtree_root(hashes + n * 256 * 32, 256, hashes + n * 32);
    }
    free(hashes);
}

static inline void world_publish(struct world *w)
{
    struct tlog_checkpoint checkpoint = {.origin = slice_text(w->origin), .size = w->size};
    struct bytes note;

    world_tiles(w, checkpoint.root);
    bytes_init(&note, LIMIT_NOTE_BYTES);
    tlog_checkpoint_build(&note, &checkpoint);
    world_sign(&note, w->origin, w->log_seed);
    world_put(w, "checkpoint", bytes_view(&note));
    bytes_release(&note);
}

static inline enum verify_severity world_verify(struct world *w)
{
    struct verify_source source = {.ctx = w, .read = world_read, .hash = world_hash};

    assert_int_equal(verify_channel(&source, NULL, &w->report, NULL), SH_OK);
    return verify_verdict(&w->report);
}

static inline void world_expect(struct world *w, enum verify_severity verdict,
                                enum verify_id id)
{
    struct bytes text;

    if (world_verify(w) == verdict && w->report.total[id])
        return;
    bytes_init(&text, 1u << 16);
    for (size_t i = 0; i < w->report.count; i++) {
        bytes_text(&text, "\n  ");
        verify_finding_say(&w->report.finding[i], LANG_EN, &text);
    }
    fail_msg("verdict %s, %s found %llu times:%.*s",
             verify_severity_text(verify_verdict(&w->report)), verify_id_text(id),
             (unsigned long long)w->report.total[id], (int)text.len, (const char *)text.ptr);
}

#endif
