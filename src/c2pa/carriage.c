/* The boxes at the root of a file, and among them those of C2PA (C2PA 2.2 A.5). */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"

#define UUID_BYTES 16
#define OFFSET_BYTES 8 /* in front of a store: where the first merkle box is */
#define FTYP C2PA_FOURCC('f', 't', 'y', 'p')
#define MFRA C2PA_FOURCC('m', 'f', 'r', 'a')
#define MDAT C2PA_FOURCC('m', 'd', 'a', 't')
#define MOOF C2PA_FOURCC('m', 'o', 'o', 'f')
#define MOOV C2PA_FOURCC('m', 'o', 'o', 'v')
#define UUID C2PA_FOURCC('u', 'u', 'i', 'd')

struct c2pa_name c2pa_name_of(uint32_t type)
{
    struct c2pa_name name = {{0}};

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(type >> (24 - 8 * i));

        name.text[i] = (char)(c > 0x20 && c < 0x7f ? c : '?');
    }
    return name;
}

static void odd(struct c2pa_file *file, enum c2pa_odd what, uint64_t at)
{
    if (!file->odd)
        file->odd_at = at;
    file->odd |= what;
}

/* The purpose of a uuid box whose first bytes are in head (A.5.1.2). */
static void read_purpose(struct slice head, struct c2pa_root *root, struct c2pa_file *file)
{
    static const struct {
        const char *text;
        enum c2pa_purpose purpose;
    } known[] = {{"manifest", C2PA_PURPOSE_MANIFEST},
                 {"original", C2PA_PURPOSE_ORIGINAL},
                 {"update", C2PA_PURPOSE_UPDATE},
                 {"merkle", C2PA_PURPOSE_MERKLE}};
    size_t at = (size_t)root->head + UUID_BYTES;
    size_t end;

    if (head.len < at || memcmp(head.ptr + root->head, bmff_c2pa_uuid, UUID_BYTES) != 0)
        return;
    root->purpose = C2PA_PURPOSE_OTHER;
    if (head.len >= at + 4) {
        end = slice_find(head, at + 4, 0);
        for (size_t i = 0; i < COUNT_OF(known) && end < head.len; i++)
            if (slice_equal(slice_sub(head, at + 4, end - at - 4), slice_text(known[i].text)))
                root->purpose = (uint8_t)known[i].purpose;
        root->data = (uint8_t)(end + 1);
        if (memcmp(head.ptr + at, "\0\0\0\0", 4) != 0)
            odd(file, C2PA_ODD_VERSION, root->at);
    }
    if (root->purpose == C2PA_PURPOSE_OTHER)
        odd(file, C2PA_ODD_OTHER, root->at);
}

/* A box that is none, or is longer than the file (14496-12 4.2). */
static void damaged(struct c2pa_file *file, uint64_t at, uint32_t type, const char *what)
{
    file->damaged = true;
    (void)why_set(&file->cause, SH_EFORMAT, at, "%s at byte %llu: %s (14496-12 4.2)",
                  c2pa_name_of(type).text, (unsigned long long)at, what);
}

static int read_root(struct c2pa_file *file, uint64_t at, struct c2pa_root *root,
                     struct why *why)
{
    uint8_t buf[64] = {0};
    uint64_t left = file->source->size - at;
    size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);
    struct cursor cur = cursor_of(slice_of(buf, len));
    uint64_t size;
    int rc = file->source->read_at(file->source->ctx, at, buf, len, why);

    if (rc < 0)
        return rc;
    *root = (struct c2pa_root){.at = at, .size = left};
    if (left < 8)
        return SH_OK;
    size = rd_u32(&cur);
    root->type = rd_u32(&cur);
    root->head = 8;
    if (size == 1) {
        size = rd_u64(&cur);
        root->head = 16;
    } else if (size == 0) {
        size = left;
    }
    if (cur.failed || size < root->head) {
        damaged(file, at, root->type, "its size is less than that of its header");
        root->type = 0;
        root->head = 0;
        return SH_OK;
    }
    root->cut = size > left;
    if (root->cut && root->type != MDAT)
        damaged(file, at, root->type, "it is longer than the file");
    root->size = root->cut ? left : size;
    if (root->type == UUID)
        read_purpose(slice_of(buf, root->size < len ? (size_t)root->size : len), root, file);
    return SH_OK;
}

/* Walk all roots; they are kept from the second walk on. */
static int walk(struct c2pa_file *file, struct c2pa_root *roots, size_t room, struct why *why)
{
    uint64_t at = 0;
    int rc;

    for (file->root_count = 0; at < file->source->size; file->root_count++) {
        struct c2pa_root root;

        if (file->root_count >= (roots ? room : LIMIT_BOXES))
            return why_set(why, SH_ELIMIT, at, "more than %zu boxes at the root",
                           roots ? room : (size_t)LIMIT_BOXES);
        rc = read_root(file, at, &root, why);
        if (rc < 0)
            return rc;
        if (roots)
            roots[file->root_count] = root;
        at += root.size;
    }
    return SH_OK;
}

static int broken(struct c2pa_file *file, uint64_t at, const char *what)
{
    file->store = C2PA_STORE_BROKEN;
    /* What makes the store unreadable counts more than a damaged box elsewhere. */
    file->cause = (struct why){0};
    (void)why_set(&file->cause, SH_EFORMAT, at, "C2PA box at byte %llu: %s",
                  (unsigned long long)at, what);
    return SH_OK;
}

/* Is the store's box where and what it may be (A.5.3)? */
static int look_at_store(struct c2pa_file *file, const struct c2pa_root *root, struct why *why)
{
    uint8_t buf[OFFSET_BYTES] = {0};
    struct cursor cur = cursor_of(slice_of(buf, sizeof(buf)));
    int rc;

    if (root->cut)
        return broken(file, root->at, "it is longer than the file (14496-12 4.2)");
    if (root->size - root->data < OFFSET_BYTES)
        return broken(file, root->at, "too short for a manifest store (A.5.3)");
    if (root->size - root->data - OFFSET_BYTES > LIMIT_C2PA_STORE_BYTES)
        return broken(file, root->at, "the manifest store is larger than is read here");
    file->store = C2PA_STORE_FOUND;
    if (root != file->manifest)
        return SH_OK;
    rc = file->source->read_at(file->source->ctx, root->at + root->data, buf, sizeof(buf), why);
    file->merkle_at = rd_u64(&cur);
    return rc;
}

/* Which boxes hold stores: one manifest, or an original and an update. */
static void gather(struct c2pa_file *file, unsigned count[C2PA_PURPOSE_OTHER + 1])
{
    const struct c2pa_root *first_merkle = NULL;
    bool content = false;
    unsigned ftyps = 0, mdats = 0;

    for (size_t i = 0; i < file->root_count; i++) {
        const struct c2pa_root *root = &file->roots[i];

        count[root->purpose]++;
        if (root->purpose == C2PA_PURPOSE_MANIFEST || root->purpose == C2PA_PURPOSE_ORIGINAL) {
            file->manifest = root;
            if (content)
                odd(file, C2PA_ODD_PLACE, root->at);
        } else if (root->purpose == C2PA_PURPOSE_UPDATE) {
            file->update = root;
            if (i + 1 != file->root_count)
                odd(file, C2PA_ODD_PLACE, root->at);
        } else if (root->purpose == C2PA_PURPOSE_MERKLE && !first_merkle) {
            first_merkle = root;
        } else if (root->type == FTYP && file->manifest) {
            odd(file, C2PA_ODD_PLACE, file->manifest->at);
        }
        mdats += root->type == MDAT;
        if ((root->type == FTYP && ftyps++) ||
            (root->type == MFRA && mdats && !file->fragments))
            odd(file, C2PA_ODD_BARE, root->at);
        content = content || root->type == MDAT || root->type == MOOV || root->type == MOOF;
        file->fragments += root->type == MOOF;
    }
    file->merkle_count = count[C2PA_PURPOSE_MERKLE];
}

static int find_store(struct c2pa_file *file, struct why *why)
{
    unsigned count[C2PA_PURPOSE_OTHER + 1] = {0};
    unsigned first;
    int rc;

    gather(file, count);
    first = count[C2PA_PURPOSE_MANIFEST] + count[C2PA_PURPOSE_ORIGINAL];
    if (first > 1)
        return broken(file, file->manifest->at, "a second manifest store (A.5.3)");
    if (count[C2PA_PURPOSE_UPDATE] > 1)
        return broken(file, file->update->at, "a second update (A.5.3)");
    if (count[C2PA_PURPOSE_UPDATE] != count[C2PA_PURPOSE_ORIGINAL])
        return broken(file, (file->update ? file->update : file->manifest)->at,
                      "original and update must be both there (A.5.3)");
    if (!file->manifest)
        return SH_OK;
    rc = look_at_store(file, file->manifest, why);
    if (rc == SH_OK && file->update && file->store == C2PA_STORE_FOUND)
        rc = look_at_store(file, file->update, why);
    return rc;
}

static void check_merkle_at(struct c2pa_file *file)
{
    size_t i = 0;

    if (!file->merkle_at)
        return;
    while (i < file->root_count && file->roots[i].purpose != C2PA_PURPOSE_MERKLE)
        i++;
    if (i == file->root_count || file->roots[i].at != file->merkle_at)
        odd(file, C2PA_ODD_MERKLE_AT, file->manifest->at);
}

int c2pa_file_open(const struct bmff_source *source, struct arena *arena, struct c2pa_file *out,
                   struct why *why)
{
    struct c2pa_file file = {.source = source};
    struct c2pa_root *roots;
    size_t count;
    int rc = walk(&file, NULL, 0, why);

    if (rc < 0)
        return rc;
    count = file.root_count;
    roots = arena_take(arena, (count ? count : 1) * sizeof(*roots));
    if (!roots)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for %zu boxes", count);
    file = (struct c2pa_file){.source = source, .roots = roots};
    rc = walk(&file, roots, count, why);
    if (rc == SH_OK)
        rc = find_store(&file, why);
    if (rc < 0)
        return rc;
    check_merkle_at(&file);
    *out = file;
    return SH_OK;
}

int c2pa_file_store(const struct c2pa_file *file, struct arena *arena, struct slice parts[2],
                    size_t *count, struct why *why)
{
    const struct c2pa_root *roots[2] = {file->manifest, file->update};
    struct slice found[2] = {{0}};
    size_t n = 0;

    if (file->store != C2PA_STORE_FOUND)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "no manifest store in this file");
    for (size_t i = 0; i < COUNT_OF(roots) && roots[i]; i++) {
        uint64_t skip = (uint64_t)roots[i]->data + OFFSET_BYTES;
        size_t len = (size_t)(roots[i]->size - skip);
        uint8_t *buf = arena_take(arena, len ? len : 1);
        int rc;

        if (!buf)
            return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for a manifest store");
        rc = file->source->read_at(file->source->ctx, roots[i]->at + skip, buf, len, why);
        if (rc < 0)
            return rc;
        found[n++] = slice_of(buf, len);
    }
    memcpy(parts, found, sizeof(found));
    *count = n;
    return SH_OK;
}
