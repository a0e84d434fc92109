/* Documents and blobs: what the entries commit to is there, unchanged, and well formed. */
#include "verify/verify_int.h"

#include <string.h>

static const struct verify_withdrawal *withdrawals(const struct verify_walk *walk)
{
    return (const struct verify_withdrawal *)(const void *)walk->withdrawals.ptr;
}

static bool withdrawal_before(const struct verify_withdrawal *a,
                              const struct verify_withdrawal *b)
{
    return a->index < b->index || (a->index == b->index && a->by < b->by);
}

static void sift_down(struct verify_withdrawal *list, size_t at, size_t count)
{
    struct verify_withdrawal moved = list[at];
    size_t child;

    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && withdrawal_before(&list[child], &list[child + 1]))
            child++;
        if (!withdrawal_before(&moved, &list[child]))
            break;
        list[at] = list[child];
        at = child;
    }
    list[at] = moved;
}

/* Heap sort: no memory, no bad case. */
static void sort_withdrawals(struct verify_walk *walk)
{
    struct verify_withdrawal *list = (struct verify_withdrawal *)(void *)walk->withdrawals.ptr;
    size_t count = walk->withdrawals.len / sizeof(*list);
    struct verify_withdrawal top;

    for (size_t i = count / 2; i-- > 0;)
        sift_down(list, i, count);
    for (size_t end = count; end-- > 1;) {
        top = list[0];
        list[0] = list[end];
        list[end] = top;
        sift_down(list, 0, end);
    }
}

/* The first entry that withdraws index; ENTRY_NO_REF when none does. */
static uint64_t withdrawn_by(const struct verify_walk *walk, uint64_t index)
{
    const struct verify_withdrawal *list = withdrawals(walk);
    size_t count = walk->withdrawals.len / sizeof(*list);
    size_t low = 0, high = count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (list[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && list[low].index == index ? list[low].by : ENTRY_NO_REF;
}

/* ---- one document ---- */

static int check_blob(struct verify_walk *walk, uint64_t index, const struct doc_blob *blob)
{
    char path[TREE_PATH_BYTES], type[LIMIT_TOKEN_BYTES + 1];
    uint8_t hash[CRYPT_DIGEST_BYTES] = {0};
    uint64_t bytes = blob->bytes;
    struct why why = {0};
    int rc;

    if (tree_blob_path(blob->sha256, blob->mime, path, NULL) < 0) {
        (void)snprintf(type, sizeof(type), "%.*s", (int)blob->mime.len,
                       (const char *)blob->mime.ptr);
        verify_found(walk, VERIFY_BLOB_TYPE, index, 0, type);
        return SH_OK;
    }
    rc = walk->source->hash(walk->source->ctx, path, hash, &bytes, &why);
    if (rc == SH_ENOTFOUND) {
        verify_found(walk, VERIFY_BLOB_MISSING, index, 0, path);
    } else if (rc < 0) {
        return verify_unreadable(walk, path, &why);
    } else if (bytes != blob->bytes || memcmp(hash, blob->sha256, sizeof(hash)) != 0) {
        verify_found(walk, VERIFY_BLOB_CHANGED, index, 0, path);
    } else {
        walk->report->blobs++;
        walk->report->blob_bytes += bytes;
    }
    return SH_OK;
}

/* Does a document of this kind belong to an entry of this type? */
static bool kind_fits(const struct entry *entry, const struct document *doc)
{
    return slice_equal(doc->kind_text, slice_text(entry_type_name(entry->type)));
}

static void check_published(struct verify_walk *walk, uint64_t index, uint64_t published)
{
    char text[2 * WHEN_TEXT_BYTES + 4];

    if (published < walk->report->newest) {
        when_text(published, text);
        verify_found(walk, VERIFY_CLOCK_DISAGREES, index, walk->report->newest, text);
    } else {
        walk->report->newest = published;
    }
}

/* Everything about a document whose bytes have the right hash. */
static int check_content(struct verify_walk *walk, uint64_t index, const struct entry *entry,
                         const struct document *doc)
{
    char text[VERIFY_TEXT_BYTES];
    int rc = SH_OK;

    if (!slice_equal(doc->channel, slice_text(walk->identity->channel.text))) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)doc->channel.len,
                       (const char *)doc->channel.ptr);
        verify_found(walk, VERIFY_DOCUMENT_CHANNEL, index, 0, text);
        return SH_OK;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)doc->kind_text.len,
                   (const char *)doc->kind_text.ptr);
    if (!kind_fits(entry, doc)) {
        verify_found(walk, VERIFY_DOCUMENT_KIND, index, 0, text);
        return SH_OK;
    }
    if (!doc->published) {
        verify_found(walk, VERIFY_DOCUMENT_BROKEN, index, 0,
                     "\"published\" is missing, and the entry was not sealed");
        return SH_OK;
    }
    check_published(walk, index, doc->published);
    if (doc->kind == DOC_UNKNOWN)
        verify_found(walk, VERIFY_DOCUMENT_UNKNOWN, index, 0, text);
    for (size_t i = 0; i < doc->unknown_count; i++) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)doc->unknown[i].len,
                       (const char *)doc->unknown[i].ptr);
        verify_found(walk, VERIFY_KEY_UNKNOWN, index, 0, text);
    }
    walk->report->documents++;
    for (size_t i = 0; i < doc->blob_count && rc == SH_OK; i++)
        rc = check_blob(walk, index, &doc->blobs[i]);
    return rc;
}

static int check_grammar(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    struct document doc;
    struct why why = {0};
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(bytes_view(&walk->file), &arena, &doc, &why);
    if (rc == SH_OK) {
        rc = check_content(walk, index, entry, &doc);
    } else if (rc == SH_ENOMEM) {
        rc = why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    } else {
        verify_found(walk,
                     rc == SH_EUNSUPPORTED ? VERIFY_DOCUMENT_UNKNOWN : VERIFY_DOCUMENT_BROKEN,
                     index, 0, why.text);
        rc = SH_OK;
    }
    arena_release(&arena);
    return rc;
}

static int check_document(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    uint64_t by = withdrawn_by(walk, index);
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char path[TREE_PATH_BYTES];
    struct why why = {0};
    int rc;

    if (by != ENTRY_NO_REF) {
        walk->report->withdrawn++;
        verify_found(walk, VERIFY_WITHDRAWN, index, by, NULL);
    }
    tree_document_path(entry->hash, path);
    rc = walk->source->read(walk->source->ctx, path, &walk->file, &why);
    if (rc == SH_ENOTFOUND) {
        if (by == ENTRY_NO_REF)
            verify_found(walk, VERIFY_DOCUMENT_MISSING, index, 0, path);
        return SH_OK;
    }
    if (rc < 0 && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    crypto.sha256(bytes_view(&walk->file), hash);
    if (rc == SH_ELIMIT || memcmp(hash, entry->hash, sizeof(hash)) != 0) {
        verify_found(walk, VERIFY_DOCUMENT_CHANGED, index, 0, path);
        return SH_OK;
    }
    if (by != ENTRY_NO_REF) {
        verify_found(walk, VERIFY_WITHDRAWN_PRESENT, index, by, NULL);
        return SH_OK;
    }
    return check_grammar(walk, index, entry);
}

/* ---- all documents ---- */

/* Is the tile that was read again the one that was hashed? */
static bool same_tile(struct verify_walk *walk, uint64_t number, uint16_t width)
{
    uint8_t *leaves = walk->level[0].hash; /* No longer needed: the root is known. */
    struct cursor cur = cursor_of(bytes_view(&walk->file));
    uint8_t root[TLOG_HASH_BYTES];
    struct slice entry;

    for (size_t i = 0; i < width; i++) {
        if (!tlog_entry_tile_next(&cur, &entry))
            return false;
        tlog_leaf_hash(entry, leaves + i * TLOG_HASH_BYTES);
    }
    tlog_subtree_root(leaves, width, root);
    return memcmp(root, walk->tile_roots.ptr + number * TLOG_HASH_BYTES, sizeof(root)) == 0;
}

static int check_tile(struct verify_walk *walk, uint64_t number, struct bytes *copy)
{
    uint64_t first = number * TLOG_TILE_WIDTH;
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, 0};
    enum verify_next next = VERIFY_STOP;
    char path[TLOG_PATH_BYTES];
    struct entry entry;
    struct cursor cur;
    struct slice line;
    int rc = verify_entry_tile(walk, number, &tile.width, &next);

    if (rc < 0 || next == VERIFY_STOP)
        return rc;
    if (!same_tile(walk, number, tile.width)) {
        if (tlog_tile_path(&tile, path, NULL) == SH_OK)
            verify_found(walk, VERIFY_MOVING, 0, 0, path);
        return SH_OK;
    }
    bytes_clear(copy);
    bytes_slice(copy, bytes_view(&walk->file));
    rc = bytes_check(copy, walk->why);
    cur = cursor_of(bytes_view(copy));
    for (uint64_t i = first; i < first + tile.width && rc == SH_OK; i++)
        if (tlog_entry_tile_next(&cur, &line) && entry_parse(line, i, &entry, NULL) == SH_OK &&
            verify_has_document(entry.type))
            rc = check_document(walk, i, &entry);
    return rc;
}

/* Withdrawn sealed entries have no document of their own to be looked at. */
static void count_withdrawn_sealed(struct verify_walk *walk)
{
    const struct verify_withdrawal *list = withdrawals(walk);
    size_t count = walk->withdrawals.len / sizeof(*list);

    for (size_t i = 0; i < count; i++) {
        if (walk->kinds.ptr[list[i].index] != ENTRY_SEALED ||
            (i && list[i - 1].index == list[i].index))
            continue;
        walk->report->withdrawn++;
        verify_found(walk, VERIFY_WITHDRAWN, list[i].index, list[i].by, NULL);
    }
}

int verify_documents(struct verify_walk *walk)
{
    struct bytes copy;
    int rc = SH_OK;

    sort_withdrawals(walk);
    count_withdrawn_sealed(walk);
    bytes_init(&copy, walk->file.max);
    for (uint64_t number = 0; number < walk->tile_marks.len && rc == SH_OK; number++)
        if (walk->tile_marks.ptr[number])
            rc = check_tile(walk, number, &copy);
    bytes_release(&copy);
    if (rc == SH_OK && walk->report->documents)
        verify_found(walk, VERIFY_DOCUMENTS, walk->report->documents, walk->report->blobs,
                     NULL);
    return rc;
}
