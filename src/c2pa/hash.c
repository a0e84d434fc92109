/* Hashing boxes at the root: each behind its offset, without what is left out (18.6.2). */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"

/* ---- reading ---- */

int c2pa_window_at(struct c2pa_window *window, uint64_t at, uint64_t len, struct slice *out,
                   struct why *why)
{
    uint64_t skip = at - window->from;

    if (at < window->from || skip >= window->len) {
        uint64_t left = window->source->size - at;
        size_t want = left < window->cap ? (size_t)left : window->cap;
        int rc = window->source->read_at(window->source->ctx, at, window->buf, want, why);

        window->len = rc < 0 ? 0 : want;
        window->from = at;
        skip = 0;
        if (rc < 0)
            return rc;
    }
    if (len > window->len - skip)
        len = window->len - skip;
    *out = slice_of(window->buf + skip, (size_t)len);
    return SH_OK;
}

int c2pa_window_all(struct c2pa_window *window, uint64_t at, size_t len, struct slice *out,
                    struct why *why)
{
    int rc = c2pa_window_at(window, at, len, out, why);

    if (rc == SH_OK && out->len < len) {
        window->len = 0; /* It ends within: read anew from here. */
        rc = c2pa_window_at(window, at, len, out, why);
    }
    return rc;
}

/* ---- digests ---- */

void c2pa_digest_init(struct c2pa_digest *digest, enum crypt_hash hash)
{
    digest->hash = hash;
    if (hash == CRYPT_SHA256)
        crypto.sha256_init(&digest->state.sha256);
    else
        crypto.digest_init(&digest->state.other, hash);
}

void c2pa_digest_add(struct c2pa_digest *digest, struct slice part)
{
    if (digest->hash == CRYPT_SHA256)
        crypto.sha256_update(&digest->state.sha256, part);
    else
        crypto.digest_update(&digest->state.other, part);
}

void c2pa_digest_done(struct c2pa_digest *digest, uint8_t out[CRYPT_DIGEST_MAX])
{
    memset(out, 0, CRYPT_DIGEST_MAX);
    if (digest->hash == CRYPT_SHA256)
        crypto.sha256_final(&digest->state.sha256, out);
    else
        crypto.digest_final(&digest->state.other, out);
}

/* ---- one run over a file ---- */

int c2pa_pass_init(struct c2pa_pass *pass, const struct c2pa_file *file,
                   const struct c2pa_exclusions *exclusions, enum c2pa_binding_version version,
                   struct why *why)
{
    memset(pass, 0, sizeof(*pass));
    pass->file = file;
    pass->version = version;
    c2pa_matcher_init(&pass->matcher, exclusions, file->source);
    bytes_init(&pass->room, LIMIT_C2PA_WINDOW);
    pass->window = (struct c2pa_window){.source = file->source,
                                        .buf = bytes_room(&pass->room, LIMIT_C2PA_WINDOW)};
    pass->window.cap = LIMIT_C2PA_WINDOW;
    return bytes_check(&pass->room, why);
}

void c2pa_pass_release(struct c2pa_pass *pass)
{
    c2pa_matcher_release(&pass->matcher);
    bytes_release(&pass->room);
}

static bool all_zero(struct slice part)
{
    return !part.len || (part.ptr[0] == 0 && memcmp(part.ptr, part.ptr + 1, part.len - 1) == 0);
}

/* What of the part at `at` lies behind `from`. */
static struct slice behind(struct slice part, uint64_t from, uint64_t at)
{
    uint64_t skip = from > at ? from - at : 0;

    return skip < part.len ? slice_sub(part, (size_t)skip, part.len - (size_t)skip)
                           : slice_of(NULL, 0);
}

/* What is done with a run of bytes. */
enum use { USE_HASH, USE_LOOK, USE_WHOLE_ONLY };

static int read_run(struct c2pa_pass *pass, const struct c2pa_span *run, enum use use,
                    bool *empty, struct why *why)
{
    *empty = true;
    for (uint64_t at = run->from; at < run->to;) {
        struct slice part;
        int rc = c2pa_window_at(&pass->window, at, run->to - at, &part, why);

        if (rc < 0)
            return rc;
        if (use == USE_HASH && pass->whole && pass->digest.hash == CRYPT_SHA256)
            crypto.sha256_update_two(&pass->digest.state.sha256, pass->whole, part);
        else if (use == USE_HASH)
            c2pa_digest_add(&pass->digest, part);
        else if (use == USE_LOOK && *empty)
            *empty = all_zero(behind(part, run->from + run->head, at));
        if (pass->whole && !(use == USE_HASH && pass->digest.hash == CRYPT_SHA256))
            crypto.sha256_update(pass->whole, part);
        at += part.len;
    }
    return SH_OK;
}

static int hash_run(struct c2pa_pass *pass, const struct c2pa_root *root, uint64_t from,
                    uint64_t to, struct why *why)
{
    struct c2pa_span run = {.from = from, .to = to};
    bool empty;
    int rc = SH_OK;

    if (from >= to)
        return SH_OK;
    /* Its place is in the hash: nothing in front of it was put in since. */
    if (pass->bound && pass->bound->uncovered.file == pass->file_number)
        pass->bound->uncovered.behind = false;
    if (!pass->notes_only || pass->whole)
        rc = read_run(pass, &run, pass->notes_only ? USE_WHOLE_ONLY : USE_HASH, &empty, why);
    if (rc == SH_OK && pass->ranges)
        rc = c2pa_ranges_hashed(pass->ranges, from, to, root->head ? root->type : 0, why);
    return rc;
}

/* C2PA boxes, ftyp and mfra must be left out (A.5.6): nobody needs to be told. */
static bool must_be_out(const struct c2pa_root *root)
{
    return root->purpose != C2PA_PURPOSE_NONE ||
           root->type == C2PA_FOURCC('f', 't', 'y', 'p') ||
           root->type == C2PA_FOURCC('m', 'f', 'r', 'a');
}

/* Is it of what a player shows: samples, or a whole box of their tables? */
static bool is_media(const struct c2pa_pass *pass, const struct c2pa_root *root,
                     const struct c2pa_span *span)
{
    static const char of_moov[] = "moovtrakmdiaminfstblstsdmooftrafmdat";
    static const char of_meta[] = "metailociprpidat"; /* of HEIF; elsewhere it holds tags */
    const struct c2pa_exclusion *entry = &pass->matcher.exclusions->entry[span->entry];
    uint32_t type = entry->step[entry->depth - 1].type;
    bool heif = root->type == C2PA_FOURCC('m', 'e', 't', 'a');
    const char *const names = heif ? of_meta : of_moov;

    if (root->type == C2PA_FOURCC('m', 'd', 'a', 't'))
        return true;
    for (size_t i = 0; !entry->subset_count && i + 4 <= strlen(names); i += 4)
        if (type == C2PA_FOURCC((uint8_t)names[i], (uint8_t)names[i + 1], (uint8_t)names[i + 2],
                                (uint8_t)names[i + 3]))
            return true;
    return false;
}

static bool is_padding(uint32_t type)
{
    return type == C2PA_FOURCC('f', 'r', 'e', 'e') || type == C2PA_FOURCC('s', 'k', 'i', 'p');
}

/* GPAC (MP4Box) ends its files with a free box that says so, and nothing else. */
static int is_makers(struct c2pa_pass *pass, const struct c2pa_root *root, bool *makers,
                     struct why *why)
{
    uint64_t len = root->size - root->head;
    struct slice text;
    int rc;

    *makers = false;
    if (!is_padding(root->type) || len == 0 || len > 128) /* Not a cap: GPAC writes some 80. */
        return SH_OK;
    rc = c2pa_window_all(&pass->matcher.peek, root->at + root->head, (size_t)len, &text, why);
    if (rc < 0)
        return rc;
    *makers = slice_starts(text, "IsoMedia File Produced with GPAC ");
    for (size_t i = 0; i < text.len; i++)
        *makers = *makers && (i + 1 == text.len ? text.ptr[i] == 0
                                                : text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f);
    return SH_OK;
}

static void note_uncovered(struct c2pa_pass *pass, const struct c2pa_root *root,
                           const struct c2pa_span *span, bool empty, bool makers)
{
    struct c2pa_uncovered *note = &pass->bound->uncovered;

    note->bytes += span->to - span->from;
    note->media = note->media || is_media(pass, root, span);
    /* Padding that is none, behind all else, says more than a field that the list names. */
    if (empty || (note->to && (!is_padding(root->type) || note->behind)))
        return;
    note->behind = is_padding(root->type) && !makers;
    note->from = span->from;
    note->to = span->to;
    note->type = root->type;
    note->file = pass->file_number;
}

static int leave_out(struct c2pa_pass *pass, const struct c2pa_root *root,
                     const struct c2pa_span *span, struct why *why)
{
    bool told = pass->bound && !must_be_out(root);
    bool empty = true, makers = false;
    struct c2pa_span head = *span, rest = *span;
    int rc;

    /* The header of a box that is left out is not looked at: it is never zero. */
    if (span->from == root->at && span->to - span->from >= root->head) {
        rest.from = span->from + root->head;
        rest.head = 0;
    }
    head.to = rest.from;
    rc = read_run(pass, &head, USE_WHOLE_ONLY, &empty, why);
    if (rc == SH_OK)
        rc = read_run(pass, &rest, told || pass->ranges ? USE_LOOK : USE_WHOLE_ONLY, &empty,
                      why);
    if (rc == SH_OK && told && !empty)
        rc = is_makers(pass, root, &makers, why);
    if (rc == SH_OK && told)
        note_uncovered(pass, root, span, empty, makers);
    if (rc == SH_OK && pass->ranges)
        rc = c2pa_ranges_left(pass->ranges, span, empty, why);
    return rc;
}

/* A run of an mdat behind its first 16 bytes, where a tree has it. */
static int leave_to_tree(struct c2pa_pass *pass, const struct c2pa_span *span, struct why *why)
{
    bool empty;
    int rc = SH_OK;

    if (pass->whole)
        rc = read_run(pass, span, USE_WHOLE_ONLY, &empty, why);
    if (rc == SH_OK && pass->ranges)
        rc = c2pa_ranges_blocks(pass->ranges, span->from, span->to, why);
    return rc;
}

static int take_span(struct c2pa_pass *pass, const struct c2pa_root *root,
                     const struct c2pa_span *span, struct why *why)
{
    uint64_t leaves = root->at + (pass->version == C2PA_BMFF_V1 ? root->head : 16);
    struct c2pa_span head = *span;
    struct c2pa_span tail = *span;
    int rc = SH_OK;

    if (!pass->trees || root->type != C2PA_FOURCC('m', 'd', 'a', 't') || span->to <= leaves)
        return leave_out(pass, root, span, why);
    if (!c2pa_trees_cover(pass->trees, pass->mdats))
        return c2pa_judge(pass->bound, C2PA_BOUND_MISMATCH, root->at,
                          "mdat number %zu: left out of the hash, and in no Merkle tree "
                          "(18.6.2)",
                          pass->mdats);
    if (head.from < leaves) {
        head.to = leaves;
        tail.from = leaves;
        rc = leave_out(pass, root, &head, why);
    }
    return rc == SH_OK ? leave_to_tree(pass, &tail, why) : rc;
}

static int take_root(struct c2pa_pass *pass, const struct c2pa_root *root, struct why *why)
{
    const struct c2pa_span *spans = pass->matcher.spans;
    size_t count = pass->matcher.span_count;
    uint64_t at = root->at;
    uint64_t out = 0;
    uint8_t offset[8];

    for (size_t i = 0; i < count; i++)
        out += spans[i].to - spans[i].from;
    if (pass->version != C2PA_BMFF_V1 && root->head && out < root->size) {
        for (unsigned i = 0; i < 8; i++)
            offset[i] = (uint8_t)(root->at >> (56 - 8 * i));
        c2pa_digest_add(&pass->digest, slice_of(offset, sizeof(offset)));
    }
    for (size_t i = 0; i < count; i++) {
        int rc = hash_run(pass, root, at, spans[i].from, why);

        if (rc == SH_OK)
            rc = take_span(pass, root, &spans[i], why);
        if (rc != SH_OK)
            return rc;
        at = spans[i].to;
    }
    return hash_run(pass, root, at, root->at + root->size, why);
}

int c2pa_pass_roots(struct c2pa_pass *pass, size_t first, size_t last, struct why *why)
{
    for (size_t i = first; i < last; i++) {
        const struct c2pa_root *root = &pass->file->roots[i];
        int rc = c2pa_matcher_root(&pass->matcher, pass->file, i, why);

        if (rc == SH_OK)
            rc = take_root(pass, root, why);
        if (rc != SH_OK)
            return rc;
        pass->mdats += root->type == C2PA_FOURCC('m', 'd', 'a', 't');
    }
    return SH_OK;
}
