/* What a home keeps beside its public tree: withdrawn files, and sealed ones that wait. */
#include "verify/verify_int.h"

#include <string.h>

#define PRIVATE_PATH_BYTES (TREE_PATH_BYTES + 24)

static int look_at_blob(struct verify_walk *walk, uint64_t index, const char *folder,
                        const struct doc_blob *blob)
{
    char path[TREE_PATH_BYTES], private_path[PRIVATE_PATH_BYTES];
    uint8_t hash[CRYPT_DIGEST_BYTES] = {0};
    bool sizes = walk->source->sizes_only;
    uint64_t bytes = blob->bytes;
    struct why why = {0};
    int rc;

    if (tree_blob_path(blob->sha256, blob->mime, path, NULL) < 0)
        return SH_OK;
    (void)snprintf(private_path, sizeof(private_path), "%s%s", folder, path);
    rc = walk->source->hash(walk->source->ctx, private_path, sizes ? NULL : hash, &bytes, &why);
    if (rc == SH_ENOTFOUND) {
        bytes = blob->bytes;
        /* Another dispatch that stands may name the same file: then it stayed. */
        rc = walk->source->hash(walk->source->ctx, path, sizes ? NULL : hash, &bytes, &why);
    }
    if (rc == SH_ENOMEM)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    if (rc == SH_ENOTFOUND)
        verify_tell_file(walk, VERIFY_FILE_MISSING, index, private_path);
    else if (rc < 0 ||
             (rc == SH_OK && (bytes != blob->bytes ||
                              (!sizes && memcmp(hash, blob->sha256, sizeof(hash)) != 0))))
        verify_tell_file(walk, VERIFY_FILE_CHANGED, index, private_path);
    return SH_OK;
}

/* What is kept of an entry, or waits. */
struct kept {
    const struct verify_named *entry;
    const char *folder;
    bool withdrawn; /* and was public once */
};

/* Of a withdrawn entry no more is known than that it was there. */
static void tell_gone(const struct verify_walk *walk, const struct verify_named *entry)
{
    const struct verify_removal removal = {.index = entry->index, .by = entry->by};

    if (walk->source->gone && verify_type(walk, entry->index) != ENTRY_CORRECT)
        walk->source->gone(walk->source->ctx, &removal);
}

/* The document in walk->file, which has its hash, and its files. */
static int look_at_files(struct verify_walk *walk, const struct kept *kept)
{
    struct document doc;
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(bytes_view(&walk->file), &arena, &doc, NULL);
    if (rc == SH_ENOMEM)
        rc = why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    else if (rc < 0)
        rc = SH_OK; /* Of another kind: its bytes are those that were logged. */
    else
        for (size_t i = 0; i < doc.blob_count && rc == SH_OK; i++)
            rc = look_at_blob(walk, kept->entry->index, kept->folder, &doc.blobs[i]);
    if (rc == SH_OK && kept->withdrawn &&
        slice_equal(doc.channel, slice_text(walk->identity->channel.text)))
        verify_tell_named(walk, kept->entry, &doc);
    arena_release(&arena);
    return rc;
}

static int look_at(struct verify_walk *walk, const struct kept *kept, const uint8_t hash[32])
{
    char path[TREE_PATH_BYTES], private_path[PRIVATE_PATH_BYTES];
    uint8_t found[CRYPT_DIGEST_BYTES];
    struct why why = {0};
    int rc;

    tree_document_path(hash, path);
    (void)snprintf(private_path, sizeof(private_path), "%s%s", kept->folder, path);
    rc = walk->source->read(walk->source->ctx, private_path, &walk->file, &why);
    if (rc == SH_ENOMEM)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    if (rc == SH_ENOTFOUND)
        return SH_ENOTFOUND;
    crypto.sha256(bytes_view(&walk->file), found);
    if (rc < 0 || memcmp(found, hash, sizeof(found)) != 0) {
        verify_tell_file(walk, VERIFY_FILE_CHANGED, kept->entry->index, private_path);
        if (kept->withdrawn)
            tell_gone(walk, kept->entry);
        return SH_OK;
    }
    return look_at_files(walk, kept);
}

int verify_kept(struct verify_walk *walk, const struct verify_named *withdrawn,
                const uint8_t hash[32])
{
    const struct kept kept = {withdrawn, "private/quarantine/", true};
    char path[TREE_PATH_BYTES], private_path[PRIVATE_PATH_BYTES];
    int rc = walk->source->home ? look_at(walk, &kept, hash) : SH_ENOTFOUND;

    if (rc != SH_ENOTFOUND)
        return rc;
    tell_gone(walk, withdrawn);
    if (!walk->source->home)
        return SH_OK;
    tree_document_path(hash, path);
    (void)snprintf(private_path, sizeof(private_path), "private/quarantine/%s", path);
    verify_tell_file(walk, VERIFY_FILE_MISSING, withdrawn->index, private_path);
    return SH_OK;
}

int verify_waiting(struct verify_walk *walk, uint64_t index, const uint8_t hash[32])
{
    const struct verify_named entry = {.index = index};
    const struct kept kept = {&entry, "private/sealed/", false};
    int rc = walk->source->home ? look_at(walk, &kept, hash) : SH_OK;

    return rc == SH_ENOTFOUND ? SH_OK : rc;
}
