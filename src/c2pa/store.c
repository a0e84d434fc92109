/* The manifest store (C2PA 11.1.4.2): its manifests, packed or not (11.2), and their parts. */
#include "c2pa/store.h"

#include <string.h>

#include "c2pa/c2pa_int.h"

#define TYPE_STORE JUMBF_TYPE('c', '2', 'p', 'a')
#define TYPE_STANDARD JUMBF_TYPE('c', '2', 'm', 'a')
#define TYPE_UPDATE JUMBF_TYPE('c', '2', 'u', 'm')
#define TYPE_COMPRESSED JUMBF_TYPE('c', '2', 'c', 'm')
#define TYPE_OLD JUMBF_TYPE('c', '2', 'm', 'd')
#define TYPE_ASSERTIONS JUMBF_TYPE('c', '2', 'a', 's')
#define TYPE_CLAIM JUMBF_TYPE('c', '2', 'c', 'l')
#define TYPE_SIGNATURE JUMBF_TYPE('c', '2', 'c', 's')
#define TYPE_DATA JUMBF_TYPE('c', '2', 'd', 'b')
#define TYPE_CREDENTIALS JUMBF_TYPE('c', '2', 'v', 'c')
#define TYPE_PADDING JUMBF_TYPE('f', 'r', 'e', 'e')
#define TYPE_BROTLI JUMBF_TYPE('b', 'r', 'o', 'b')

struct reader {
    const struct c2pa_store_options *options;
    struct arena *arena;
    struct why *why;
    struct c2pa_store *store;
    uint64_t unpacked; /* bytes so far */
};

static int out_of_memory(const struct reader *reader)
{
    return why_set(reader->why, SH_ENOMEM, WHY_NOWHERE, "manifest store: out of memory");
}

/* ---- which boxes are manifests ---- */

static bool is_plain_manifest(const struct jumbf_box *box)
{
    return jumbf_is(box, TYPE_STANDARD) || jumbf_is(box, TYPE_UPDATE) ||
           jumbf_is(box, TYPE_OLD);
}

static bool is_manifest(const struct jumbf_box *box)
{
    return is_plain_manifest(box) || jumbf_is(box, TYPE_COMPRESSED);
}

static int check_root(const struct reader *reader, const struct jumbf_box *root)
{
    if (!jumbf_is(root, TYPE_STORE) || !slice_equal(root->label, slice_text("c2pa")))
        return why_set(reader->why, SH_EFORMAT, 0,
                       "manifest store: a box of another type or label (C2PA 11.1.4.2)");
    return SH_OK;
}

/* ---- compressed manifests (11.2.4) ---- */

static int parse_unpacked(struct reader *reader, struct c2pa_manifest *manifest,
                          struct slice unpacked)
{
    uint8_t *kept = arena_take(reader->arena, unpacked.len ? unpacked.len : 1);
    struct jumbf_box *inner = NULL;
    struct why said = {0};
    int rc;

    if (!kept)
        return out_of_memory(reader);
    if (unpacked.len)
        memcpy(kept, unpacked.ptr, unpacked.len);
    rc = jumbf_parse(slice_of(kept, unpacked.len), reader->arena, &inner, &said);
    if (rc == SH_ENOMEM)
        return out_of_memory(reader);
    if (rc < 0)
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE,
                       "what was compressed is no box (11.2.4)");
    else if (!is_plain_manifest(inner) || !slice_equal(inner->label, manifest->label))
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE,
                       "what was compressed is no manifest of the same label (11.2.4)");
    else
        manifest->inner = inner;
    return SH_OK;
}

static int unpack(struct reader *reader, struct c2pa_manifest *manifest, struct slice packed)
{
    struct why said = {0};
    struct bytes out;
    int rc;

    if (!reader->options->inflate) {
        c2pa_fault_set(&manifest->fault, C2PA_CANNOT_READ, "it is compressed");
        return SH_OK;
    }
    if (reader->unpacked >= LIMIT_C2PA_STORE_BYTES) {
        c2pa_fault_set(&manifest->fault, C2PA_CANNOT_READ, "too much is compressed");
        return SH_OK;
    }
    bytes_init(&out, (size_t)(LIMIT_C2PA_STORE_BYTES - reader->unpacked));
    rc = reader->options->inflate(reader->options->ctx, packed, &out, &said);
    reader->unpacked += out.len;
    if (rc == SH_OK)
        rc = bytes_check(&out, &said);
    if (rc == SH_OK) {
        rc = parse_unpacked(reader, manifest, bytes_view(&out));
    } else if (rc == SH_ENOMEM) {
        rc = out_of_memory(reader);
    } else {
        if (rc == SH_ELIMIT) {
            reader->unpacked = LIMIT_C2PA_STORE_BYTES; /* Its work is done once. */
            c2pa_fault_set(&manifest->fault, C2PA_CANNOT_READ, "too much is compressed");
        }
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE, "it cannot be decompressed (11.2.4)");
        rc = SH_OK;
    }
    bytes_release(&out);
    return rc;
}

static int open_compressed(struct reader *reader, struct c2pa_manifest *manifest)
{
    const struct jumbf_box *content = manifest->box->first;

    manifest->compressed = true;
    if (!content || content->next || content->type != TYPE_BROTLI) {
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE,
                       "a compressed manifest without its one brob box (11.1.3.2)");
        return SH_OK;
    }
    return unpack(reader, manifest, content->payload);
}

/* ---- the parts of a manifest ---- */

static bool is_claim(const struct jumbf_box *box, unsigned *version)
{
    if (!jumbf_is(box, TYPE_CLAIM))
        return false;
    *version = slice_equal(box->label, slice_text("c2pa.claim.v2")) ? 2
               : slice_equal(box->label, slice_text("c2pa.claim"))  ? 1
                                                                    : 0;
    return *version;
}

/* 15.6.1: there shall be one, of whichever version. */
static int read_claim(struct reader *reader, struct c2pa_manifest *manifest)
{
    struct c2pa_claim *claim = &manifest->claim;
    unsigned claims = 0;

    for (const struct jumbf_box *box = manifest->inner->first; box; box = box->next) {
        unsigned version;

        if (jumbf_is(box, TYPE_CLAIM) && ++claims > 1)
            c2pa_fault_set(&claim->fault, C2PA_SEVERAL, "more than one claim (15.6.1)");
        if (!is_claim(box, &version))
            continue;
        claim->box = box;
        claim->version = version;
    }
    if (!claim->box)
        c2pa_fault_set(&claim->fault, C2PA_ABSENT, "no claim (15.6.1)");
    if (claim->fault.kind != C2PA_SOUND)
        return SH_OK;
    return c2pa_claim_parse(claim, reader->arena, reader->why);
}

static bool is_padding(const struct jumbf_box *box)
{
    return box->type == TYPE_PADDING && c2pa_is_zeros(box->payload);
}

/*
 * 11.1.4.2: a manifest has one store of assertions and one signature, whatever their labels,
 * and beside the parts that C2PA defines only boxes that it does not: nothing signs those.
 */
static void count_parts(struct c2pa_manifest *manifest)
{
    unsigned stores = 0, signatures = 0;

    for (const struct jumbf_box *box = manifest->inner->first; box; box = box->next) {
        stores += jumbf_is(box, TYPE_ASSERTIONS);
        signatures += jumbf_is(box, TYPE_SIGNATURE);
        manifest->foreign = manifest->foreign ||
                            !(jumbf_is(box, TYPE_ASSERTIONS) || jumbf_is(box, TYPE_SIGNATURE) ||
                              jumbf_is(box, TYPE_CLAIM) || jumbf_is(box, TYPE_DATA) ||
                              jumbf_is(box, TYPE_CREDENTIALS) || is_padding(box));
    }
    if (stores > 1 || signatures > 1)
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE,
                       "more than one assertion store or signature (11.1.4.2)");
}

/* 11.1.4.3: superboxes, each an assertion, and nothing else that could say something. */
static void check_assertion_store(struct c2pa_manifest *manifest)
{
    for (const struct jumbf_box *box = manifest->assertion_store->first; box; box = box->next)
        if (box->type != JUMBF_SUPERBOX && !is_padding(box))
            c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE,
                           "a box in the assertion store that is no assertion (11.1.4.3)");
}

static int read_parts(struct reader *reader, struct c2pa_manifest *manifest)
{
    const struct jumbf_box *store;
    int rc;

    if (!manifest->inner) {
        c2pa_fault_set(&manifest->claim.fault, C2PA_ABSENT, "its manifest cannot be read");
        c2pa_fault_set(&manifest->cose.fault, C2PA_ABSENT, "its manifest cannot be read");
        return SH_OK;
    }
    if (jumbf_is(manifest->inner, TYPE_UPDATE))
        manifest->kind = C2PA_UPDATE;
    count_parts(manifest);
    store = jumbf_child(manifest->inner, slice_text("c2pa.assertions"), NULL);
    if (store && jumbf_is(store, TYPE_ASSERTIONS))
        manifest->assertion_store = store;
    if (manifest->assertion_store)
        check_assertion_store(manifest);
    else
        c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE, "not one assertion store (11.2.1)");
    rc = read_claim(reader, manifest);
    if (rc < 0)
        return rc;
    return c2pa_assertions_parse(manifest, reader->arena, reader->why);
}

/* 15.7: what the claim's signature field names, in the same manifest. */
static int read_signature(struct reader *reader, struct c2pa_manifest *manifest)
{
    struct c2pa_cose *cose = &manifest->cose;
    struct c2pa_target target;
    struct slice raw;

    if (!manifest->claim.signature.len) {
        c2pa_fault_set(&cose->fault, C2PA_ABSENT, "the claim names no signature (15.7)");
        return SH_OK;
    }
    c2pa_uri_follow(reader->store, manifest, manifest->claim.signature, &target);
    if (target.kind != C2PA_URI_OK || target.outside || target.manifest != manifest ||
        !jumbf_is(target.box, TYPE_SIGNATURE)) {
        c2pa_fault_set(&cose->fault, C2PA_ABSENT, "the claim's signature is not here (15.7)");
        return SH_OK;
    }
    cose->box = target.box;
    if (!c2pa_only_cbor(target.box, &raw)) {
        c2pa_fault_set(&cose->fault, C2PA_BAD_CBOR, "not one box with CBOR (11.1.4.5)");
        return SH_OK;
    }
    return c2pa_cose_parse(raw, reader->arena, cose, reader->why);
}

static void mark_listed(const struct reader *reader, struct c2pa_manifest *manifest,
                        const struct c2pa_hashed_uri *references, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct c2pa_target target;

        c2pa_uri_follow(reader->store, manifest, references[i].url, &target);
        if (target.assertion && target.manifest == manifest)
            manifest->assertions[target.assertion - manifest->assertions].listed = true;
    }
}

/* ---- the store ---- */

static int count_manifests(struct reader *reader, struct jumbf_box **roots, size_t count)
{
    struct c2pa_store *store = reader->store;

    for (size_t i = 0; i < count; i++)
        for (const struct jumbf_box *box = roots[i]->first; box; box = box->next) {
            if (is_manifest(box))
                store->manifest_count++;
            else if (!is_padding(box))
                store->foreign++;
        }
    if (!store->manifest_count)
        return why_set(reader->why, SH_EFORMAT, 0, "manifest store: no manifest in it");
    if (store->manifest_count > LIMIT_C2PA_MANIFESTS)
        return why_set(reader->why, SH_ELIMIT, 0, "manifest store: more than %d manifests",
                       LIMIT_C2PA_MANIFESTS);
    store->manifests =
        arena_take(reader->arena, store->manifest_count * sizeof(*store->manifests));
    if (!store->manifests)
        return out_of_memory(reader);
    store->active = &store->manifests[store->manifest_count - 1];
    return SH_OK;
}

static void list_manifests(struct reader *reader, struct jumbf_box **roots, size_t count)
{
    struct c2pa_manifest *manifest = reader->store->manifests;

    for (size_t i = 0; i < count; i++)
        for (const struct jumbf_box *box = roots[i]->first; box; box = box->next) {
            if (!is_manifest(box))
                continue;
            manifest->box = box;
            manifest->label = box->label;
            manifest->part = i;
            if (!box->label.len)
                c2pa_fault_set(&manifest->fault, C2PA_BAD_SHAPE, "no label (11.1.4.1)");
            for (struct c2pa_manifest *other = reader->store->manifests; other < manifest;
                 other++)
                if (slice_equal(other->label, manifest->label))
                    other->ambiguous = manifest->ambiguous = true;
            manifest++;
        }
}

static int read_manifests(struct reader *reader)
{
    struct c2pa_store *store = reader->store;
    int rc = SH_OK;

    for (size_t i = 0; i < store->manifest_count && rc == SH_OK; i++) {
        struct c2pa_manifest *manifest = &store->manifests[i];

        if (jumbf_is(manifest->box, TYPE_COMPRESSED))
            rc = open_compressed(reader, manifest);
        else
            manifest->inner = manifest->box;
        if (rc == SH_OK)
            rc = read_parts(reader, manifest);
    }
    for (size_t i = 0; i < store->manifest_count && rc == SH_OK; i++) {
        struct c2pa_manifest *manifest = &store->manifests[i];

        mark_listed(reader, manifest, manifest->claim.created, manifest->claim.created_count);
        mark_listed(reader, manifest, manifest->claim.gathered, manifest->claim.gathered_count);
        rc = read_signature(reader, manifest);
    }
    if (rc == SH_OK && !c2pa_store_spend(store, 0))
        rc = why_set(reader->why, SH_ELIMIT, WHY_NOWHERE,
                     "manifest store: its references ask for more work than is done");
    return rc;
}

static int parse_part(const struct reader *reader, struct slice part, struct jumbf_box **root)
{
    int rc;

    if (part.len > LIMIT_C2PA_STORE_BYTES)
        return why_set(reader->why, SH_ELIMIT, 0,
                       "manifest store: %zu bytes, at most %u are read", part.len,
                       LIMIT_C2PA_STORE_BYTES);
    rc = jumbf_parse(part, reader->arena, root, reader->why);
    return rc < 0 ? rc : check_root(reader, *root);
}

static int read_store(struct reader *reader)
{
    const struct c2pa_store_options *options = reader->options;
    struct jumbf_box *roots[2] = {NULL, NULL};
    int rc = SH_OK;

    if (options->part_count < 1 || options->part_count > COUNT_OF(roots))
        bug("c2pa_store_parse: one part or two");
    for (size_t i = 0; i < options->part_count && rc == SH_OK; i++)
        rc = parse_part(reader, options->parts[i], &roots[i]);
    if (rc < 0)
        return rc;
    reader->store = arena_take(reader->arena, sizeof(*reader->store));
    if (!reader->store)
        return out_of_memory(reader);
    rc = count_manifests(reader, roots, options->part_count);
    if (rc < 0)
        return rc;
    list_manifests(reader, roots, options->part_count);
    return read_manifests(reader);
}

int c2pa_store_parse(const struct c2pa_store_options *options, struct arena *arena,
                     struct c2pa_store **out, struct why *why)
{
    struct why said = {0};
    struct reader reader = {.options = options, .arena = arena, .why = &said};
    int rc = read_store(&reader);

    if (rc == SH_OK) {
        *out = reader.store;
        return SH_OK;
    }
    /* An arena that is full says that the store is too much, not that the machine is small. */
    if (rc == SH_ENOMEM && arena->max > LIMIT_C2PA_STORE_BYTES &&
        arena->used > arena->max - LIMIT_C2PA_STORE_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "manifest store: it says more than fits into %zu bytes", arena->max);
    return why_set(why, rc, said.offset, "%s", said.text);
}

struct c2pa_manifest *c2pa_store_manifest(const struct c2pa_store *store, struct slice label)
{
    for (size_t i = 0; i < store->manifest_count; i++)
        if (slice_equal(store->manifests[i].label, label))
            return store->manifests[i].ambiguous ? NULL : &store->manifests[i];
    return NULL;
}
