/* Documents and blobs: what the entries commit to is there, unchanged, and well formed. */
#include "verify/verify_int.h"

#include <string.h>

/* ---- one document ---- */

/* A document that an entry commits to, and what is known of the entry. */
struct subject {
    uint64_t index;       /* of the entry; of an opened document: the sealed one */
    enum entry_type type; /* what the document's kind must be */
    const uint8_t *hash;
    uint64_t ref;
    uint64_t by;   /* the entry that withdraws it, or ENTRY_NO_REF */
    bool disputed; /* a revoked key made it: what is missing of it is no fault */
    bool opened;   /* it was sealed: its open entry says when it was published */
};

/* Something of an entry is missing or changed. */
static void fault(struct verify_walk *walk, const struct subject *subject, enum verify_id id,
                  const char *path)
{
    bool missing = id == VERIFY_DOCUMENT_MISSING || id == VERIFY_BLOB_MISSING;

    if (missing && subject->disputed) {
        verify_found(walk, VERIFY_DISPUTED_MISSING, subject->index, 0, path);
        return;
    }
    verify_found(walk, id, subject->index, 0, path);
    verify_tell_file(walk, missing ? VERIFY_FILE_MISSING : VERIFY_FILE_CHANGED, subject->index,
                     path);
}

static int check_blob(struct verify_walk *walk, const struct subject *subject,
                      const struct doc_blob *blob)
{
    char path[TREE_PATH_BYTES], type[LIMIT_TOKEN_BYTES + 1];
    uint8_t hash[CRYPT_DIGEST_BYTES] = {0};
    bool sizes = walk->source->sizes_only;
    uint64_t bytes = blob->bytes;
    struct why why = {0};
    int rc;

    if (tree_blob_path(blob->sha256, blob->mime, path, NULL) < 0) {
        (void)snprintf(type, sizeof(type), "%.*s", (int)blob->mime.len,
                       (const char *)blob->mime.ptr);
        verify_found(walk, VERIFY_BLOB_TYPE, subject->index, 0, type);
        return SH_OK;
    }
    rc = walk->source->hash(walk->source->ctx, path, sizes ? NULL : hash, &bytes, &why);
    if (rc == SH_ENOTFOUND) {
        fault(walk, subject, VERIFY_BLOB_MISSING, path);
    } else if (rc < 0) {
        return verify_unreadable(walk, path, &why);
    } else if (rc == SH_OK && (bytes != blob->bytes ||
                               (!sizes && memcmp(hash, blob->sha256, sizeof(hash)) != 0))) {
        fault(walk, subject, VERIFY_BLOB_CHANGED, path);
    } else if (rc == SH_OK) {
        walk->report->blobs++;
        walk->report->blob_bytes += bytes;
    }
    return SH_OK;
}

/* Does a document of this kind belong to an entry of this type? */
static bool kind_fits(const struct subject *subject, const struct document *doc)
{
    return slice_equal(doc->kind_text, slice_text(entry_type_name(subject->type)));
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

/* Its channel, kind and time; false: it was found wanting. */
static bool check_frame(struct verify_walk *walk, const struct subject *subject,
                        const struct document *doc)
{
    char text[VERIFY_TEXT_BYTES];

    if (!slice_equal(doc->channel, slice_text(walk->identity->channel.text))) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)doc->channel.len,
                       (const char *)doc->channel.ptr);
        verify_found(walk, VERIFY_DOCUMENT_CHANNEL, subject->index, 0, text);
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)doc->kind_text.len,
                   (const char *)doc->kind_text.ptr);
    if (!kind_fits(subject, doc)) {
        verify_found(walk, VERIFY_DOCUMENT_KIND, subject->index, 0, text);
        return false;
    }
    if (!doc->published && !subject->opened) {
        verify_found(walk, VERIFY_DOCUMENT_BROKEN, subject->index, 0,
                     "\"published\" is missing, and the entry was not sealed");
        return false;
    }
    /* An open entry's own document has said the time of what it opens. */
    if (!subject->opened)
        check_published(walk, subject->index, doc->published);
    if (doc->kind == DOC_UNKNOWN)
        verify_found(walk, VERIFY_DOCUMENT_UNKNOWN, subject->index, 0, text);
    return true;
}

void verify_tell_named(const struct verify_walk *walk, const struct verify_named *entry,
                       const struct document *doc)
{
    struct verify_named named = *entry;
    char path[TREE_PATH_BYTES];

    named.published = doc->published;
    for (size_t i = 0; walk->source->named && i < doc->blob_count; i++) {
        if (tree_blob_path(doc->blobs[i].sha256, doc->blobs[i].mime, path, NULL) < 0)
            continue;
        named.path = path;
        named.sha256 = doc->blobs[i].sha256;
        named.bytes = doc->blobs[i].bytes;
        walk->source->named(walk->source->ctx, &named);
    }
}

static struct verify_named named_of(const struct subject *subject)
{
    return (struct verify_named){
        .index = subject->index, .by = subject->by, .disputed = subject->disputed};
}

/* A withdrawn document that is still there: only whom it concerns is told what it names. */
static int tell_withdrawn(const struct verify_walk *walk, const struct subject *subject)
{
    const struct verify_named entry = named_of(subject);
    struct document doc;
    struct arena arena;
    int rc;

    if (!walk->source->named)
        return SH_OK;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(bytes_view(&walk->file), &arena, &doc, NULL);
    if (rc == SH_OK && slice_equal(doc.channel, slice_text(walk->identity->channel.text)))
        verify_tell_named(walk, &entry, &doc);
    arena_release(&arena);
    if (rc == SH_ENOMEM)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    return SH_OK;
}

/* The document of an entry that withdraws another one. */
static void tell_removal(const struct verify_walk *walk, const struct subject *subject,
                         const struct document *doc)
{
    const struct verify_removal removal = {
        .index = subject->ref, .by = subject->index, .published = doc->published};

    if (walk->source->withdrawal)
        walk->source->withdrawal(walk->source->ctx, &removal);
}

/* Everything about a document whose bytes have the right hash. */
static int check_content(struct verify_walk *walk, const struct subject *subject,
                         const struct document *doc)
{
    const struct verify_named entry = named_of(subject);
    char text[VERIFY_TEXT_BYTES];
    int rc = SH_OK;

    if (!check_frame(walk, subject, doc))
        return SH_OK;
    for (size_t i = 0; i < doc->unknown_count; i++) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)doc->unknown[i].len,
                       (const char *)doc->unknown[i].ptr);
        verify_found(walk, VERIFY_KEY_UNKNOWN, subject->index, 0, text);
    }
    walk->report->documents++;
    verify_tell_named(walk, &entry, doc);
    if (doc->kind == DOC_WITHDRAW && subject->ref != ENTRY_NO_REF)
        tell_removal(walk, subject, doc);
    for (size_t i = 0; i < doc->blob_count && rc == SH_OK; i++)
        rc = check_blob(walk, subject, &doc->blobs[i]);
    if (rc == SH_OK && doc->kind == DOC_WITHDRAW && doc->level == DOC_PURGE &&
        !subject->disputed && subject->ref != ENTRY_NO_REF &&
        verify_withdrawn_by(walk, subject->ref) != ENTRY_NO_REF)
        rc = verify_purge(walk, subject->ref, subject->index, doc);
    return rc;
}

static int check_grammar(struct verify_walk *walk, const struct subject *subject)
{
    struct document doc;
    struct why why = {0};
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(bytes_view(&walk->file), &arena, &doc, &why);
    if (rc == SH_OK) {
        rc = check_content(walk, subject, &doc);
    } else if (rc == SH_ENOMEM) {
        rc = why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    } else {
        verify_found(walk,
                     rc == SH_EUNSUPPORTED ? VERIFY_DOCUMENT_UNKNOWN : VERIFY_DOCUMENT_BROKEN,
                     subject->index, 0, why.text);
        rc = SH_OK;
    }
    arena_release(&arena);
    return rc;
}

static int check_document(struct verify_walk *walk, const struct subject *subject)
{
    bool withdrawn = subject->by != ENTRY_NO_REF;
    const struct verify_named entry = named_of(subject);
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char path[TREE_PATH_BYTES];
    struct why why = {0};
    int rc;

    tree_document_path(subject->hash, path);
    rc = walk->source->read(walk->source->ctx, path, &walk->file, &why);
    if (rc == SH_ENOTFOUND) {
        if (withdrawn)
            return verify_kept(walk, &entry, subject->hash);
        fault(walk, subject, VERIFY_DOCUMENT_MISSING, path);
        return SH_OK;
    }
    if (rc < 0 && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    crypto.sha256(bytes_view(&walk->file), hash);
    if (rc == SH_ELIMIT || memcmp(hash, subject->hash, sizeof(hash)) != 0) {
        fault(walk, subject, VERIFY_DOCUMENT_CHANGED, path);
        return SH_OK;
    }
    if (withdrawn) {
        verify_found(walk, VERIFY_WITHDRAWN_PRESENT, subject->index, subject->by, NULL);
        return tell_withdrawn(walk, subject);
    }
    return check_grammar(walk, subject);
}

/* What an open entry opens: the document of the sealed one, at the time that it says. */
static int check_opened(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    struct subject subject = {.index = entry->ref,
                              .type = ENTRY_DISPATCH,
                              .hash = verify_opening_hash(walk, entry->ref, index),
                              .ref = ENTRY_NO_REF,
                              .by = verify_withdrawn_by(walk, entry->ref),
                              .disputed = verify_is_disputed(walk, index),
                              .opened = true};

    return subject.hash ? check_document(walk, &subject) : SH_OK;
}

/* ---- one entry ---- */

static void tell_state(struct verify_walk *walk, const struct subject *subject)
{
    if (subject->by != ENTRY_NO_REF)
        verify_tell_state(walk, subject->index, VERIFY_HIDDEN, subject->by);
    else if (subject->disputed)
        verify_tell_state(walk, subject->index, VERIFY_IN_DISPUTE, ENTRY_NO_REF);
}

/* An entry with a document of its own. */
static int check_entry(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    struct subject subject = {.index = index,
                              .type = entry->type,
                              .hash = entry->hash,
                              .ref = entry->ref,
                              .by = verify_withdrawn_by(walk, index),
                              .disputed = verify_is_disputed(walk, index)};
    int rc;

    if (subject.by != ENTRY_NO_REF) {
        walk->report->withdrawn++;
        verify_found(walk, VERIFY_WITHDRAWN, index, subject.by, NULL);
    }
    /* Who withdraws a dispatch withdraws what corrects it. */
    if (entry->type == ENTRY_CORRECT)
        subject.by = verify_withdrawn_by(walk, entry->ref);
    tell_state(walk, &subject);
    rc = check_document(walk, &subject);
    if (rc == SH_OK && entry->type == ENTRY_OPEN)
        rc = check_opened(walk, index, entry);
    return rc;
}

/* A sealed entry: its document is looked at where it is opened. */
static int check_sealed(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    uint8_t kind = walk->kinds.ptr[index];
    struct subject subject = {.index = index,
                              .by = verify_withdrawn_by(walk, index),
                              .disputed = verify_is_disputed(walk, index)};

    if (subject.by != ENTRY_NO_REF) {
        walk->report->withdrawn++;
        verify_found(walk, VERIFY_WITHDRAWN, index, subject.by, NULL);
    }
    tell_state(walk, &subject);
    if (kind & (VERIFY_KIND_OPENED | VERIFY_KIND_DISPUTED)) {
        verify_opening_fill(walk, index, entry->hash);
        return SH_OK;
    }
    if (subject.by != ENTRY_NO_REF)
        return SH_OK;
    if (!subject.disputed)
        verify_tell_state(walk, index, VERIFY_SEALED_YET, ENTRY_NO_REF);
    return verify_waiting(walk, index, entry->hash);
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
        if (tlog_entry_tile_next(&cur, &line) && entry_parse(line, i, &entry, NULL) == SH_OK)
            rc = entry.type == ENTRY_SEALED        ? check_sealed(walk, i, &entry)
                 : verify_has_document(entry.type) ? check_entry(walk, i, &entry)
                                                   : SH_OK;
    return rc;
}

/* A tile without documents is not read again: its entries are sealed, or have nothing. */
static int pass_tile(struct verify_walk *walk, uint64_t number)
{
    uint64_t end = (number + 1) * TLOG_TILE_WIDTH;
    static const struct entry none = {.type = ENTRY_SEALED};
    int rc = SH_OK;

    for (uint64_t i = number * TLOG_TILE_WIDTH; i < end && i < walk->kinds.len; i++)
        if (rc == SH_OK && verify_type(walk, i) == ENTRY_SEALED)
            rc = check_sealed(walk, i, &none);
    return rc;
}

int verify_documents(struct verify_walk *walk)
{
    struct bytes copy;
    int rc = SH_OK;

    verify_refs_sort(walk);
    bytes_init(&copy, walk->file.max);
    for (uint64_t number = 0; number < walk->tile_marks.len && rc == SH_OK; number++)
        rc = walk->tile_marks.ptr[number] || walk->source->home
                 ? check_tile(walk, number, &copy)
                 : pass_tile(walk, number);
    bytes_release(&copy);
    if (rc == SH_OK && walk->report->documents)
        verify_found(walk, VERIFY_DOCUMENTS, walk->report->documents, walk->report->blobs,
                     NULL);
    return rc;
}
