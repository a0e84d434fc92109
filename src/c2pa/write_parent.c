/*
 * What a manifest says about the one before it: where the active one lies in a store, and the
 * hashes of it and of its signature (C2PA 18.15).  The verifier has read the store before; here
 * only the frames are followed again.
 */
#include "c2pa/write_int.h"

#include <string.h>

#include "c2pa/c2pa_int.h"
#include "cbor/cbor.h"

#define TYPE_AT 8   /* of a description, in a superbox's payload: behind the head of jumd */
#define LABEL_AT 25 /* behind the type and the toggles */
#define TOGGLE_LABEL 0x02

struct frame {
    uint8_t type[4];
    struct slice raw, payload;
};

static int frame_next(struct cursor *cur, struct frame *out, struct why *why)
{
    size_t at = cur->at;
    uint32_t size = rd_u32(cur);
    struct slice type = rd_bytes(cur, 4);

    if (cur->failed || size < 8 || size - 8 > rd_left(cur))
        return why_set(why, SH_EFORMAT, at,
                       "credentials of the parent: a box that ends before it begins, or behind "
                       "the store (ISO 19566-5 4.2)");
    memcpy(out->type, type.ptr, 4);
    out->payload = rd_bytes(cur, size - 8);
    out->raw = slice_sub(cur->whole, at, size);
    return SH_OK;
}

/* The type and label of a superbox, and a cursor over its content. */
static int superbox_enter(const struct frame *frame, const uint8_t **type, struct slice *label,
                          struct cursor *content, struct why *why)
{
    struct frame description;
    struct slice body;
    size_t end;
    int rc;

    *content = cursor_of(frame->payload);
    rc = frame_next(content, &description, why);
    if (rc != SH_OK)
        return rc;
    body = description.raw;
    if (memcmp(frame->type, "jumb", 4) != 0 || memcmp(description.type, "jumd", 4) != 0 ||
        body.len <= LABEL_AT || !(body.ptr[LABEL_AT - 1] & TOGGLE_LABEL) ||
        (end = slice_find(body, LABEL_AT, 0)) == body.len || end == LABEL_AT ||
        end - LABEL_AT > LIMIT_STORE_LABEL)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "credentials of the parent: a superbox without a label (C2PA 11.1.4)");
    *type = body.ptr + TYPE_AT;
    *label = slice_sub(body, LABEL_AT, end - LABEL_AT);
    return SH_OK;
}

/* alg of the claim whose superbox's content cur stands in; sha256 where none is known. */
static int claim_alg(struct cursor cur, enum crypt_hash *alg, struct why *why)
{
    struct cbor_value *map = NULL;
    struct frame frame;
    struct arena arena;
    int rc = frame_next(&cur, &frame, why);

    *alg = CRYPT_SHA256;
    if (rc != SH_OK)
        return rc;
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = cbor_parse(frame.payload, LIMIT_CBOR_DEPTH, &arena, &map, why);
    if (rc == SH_OK && !c2pa_hash_alg(c2pa_text_at(map, "alg"), alg))
        *alg = CRYPT_SHA256;
    arena_release(&arena);
    return rc;
}

/* Claim and signature of the manifest whose content cur stands in. */
static int parts_find(struct cursor *cur, struct c2pa_parent *out, struct slice *signature,
                      struct why *why)
{
    unsigned found = 0;

    out->alg = CRYPT_SHA256;
    while (rd_left(cur)) {
        struct frame frame;
        struct cursor inner;
        struct slice label;
        const uint8_t *type;
        int rc = frame_next(cur, &frame, why);

        if (rc != SH_OK)
            return rc;
        if (memcmp(frame.type, "jumb", 4) != 0)
            continue;
        rc = superbox_enter(&frame, &type, &label, &inner, why);
        if (rc == SH_OK && memcmp(type, "c2cl", 4) == 0)
            rc = claim_alg(inner, &out->alg, why);
        if (rc != SH_OK)
            return rc;
        if (memcmp(type, "c2cs", 4) != 0)
            continue;
        found++;
        out->signature_label = label;
        *signature = frame.payload;
    }
    if (found != 1)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "credentials of the parent: expected one signature in its active "
                       "manifest, found %u (C2PA 11.1.4.5)",
                       found);
    return SH_OK;
}

/*
 * A reference says its algorithm, or has that of the claim around it (15.4.1); some readers
 * take that of the claim it leads to: by that one, and said, all of them find the same.
 */
static int manifest_read(const struct frame *frame, struct c2pa_parent *out, struct why *why)
{
    struct slice signature;
    struct cursor inner;
    const uint8_t *type;
    int rc = superbox_enter(frame, &type, &out->label, &inner, why);

    if (rc != SH_OK)
        return rc;
    if (memcmp(type, "c2cm", 4) == 0)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "credentials of the parent: its active manifest is compressed, which "
                       "cannot be referred to here (C2PA 11.2.4)");
    rc = parts_find(&inner, out, &signature, why);
    if (rc != SH_OK)
        return rc;
    crypto.digest(out->alg, frame->payload, out->manifest_hash);
    crypto.digest(out->alg, signature, out->signature_hash);
    return SH_OK;
}

/* Other boxes may stand in a store as well (11.1.4.2). */
static bool is_manifest(const struct frame *frame)
{
    static const char *const types[] = {"c2ma", "c2um", "c2cm", "c2md"};

    for (size_t i = 0; i < COUNT_OF(types) && frame->payload.len >= TYPE_AT + 4; i++)
        if (memcmp(frame->payload.ptr + TYPE_AT, types[i], 4) == 0)
            return memcmp(frame->type, "jumb", 4) == 0;
    return false;
}

/* All manifests of a store, and the last of them. */
static int store_read(struct slice store, struct slice *manifests, struct frame *last,
                      struct why *why)
{
    struct cursor cur = cursor_of(store), inner;
    struct frame root;
    struct slice label;
    const uint8_t *type;
    bool any = false;
    int rc = frame_next(&cur, &root, why);

    if (rc == SH_OK)
        rc = superbox_enter(&root, &type, &label, &inner, why);
    if (rc != SH_OK)
        return rc;
    *manifests = slice_sub(inner.whole, inner.at, rd_left(&inner));
    while (rd_left(&inner)) {
        struct frame frame;

        rc = frame_next(&inner, &frame, why);
        if (rc != SH_OK)
            return rc;
        if (!is_manifest(&frame))
            continue;
        *last = frame;
        any = true;
    }
    if (!any || memcmp(type, "c2pa", 4) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "credentials of the parent: no store with a manifest (C2PA 11.1.4)");
    return SH_OK;
}

int c2pa_parent_read(struct slice store, struct slice updates, struct c2pa_parent *out,
                     struct why *why)
{
    struct frame last;
    int rc = store_read(store, &out->manifests, &last, why);

    out->updates = slice_of(NULL, 0);
    if (rc == SH_OK && updates.len)
        rc = store_read(updates, &out->updates, &last, why);
    return rc == SH_OK ? manifest_read(&last, out, why) : rc;
}
