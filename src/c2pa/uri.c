/* JUMBF URIs and hashed URIs (C2PA 8.3, 8.4.2.3, 15.4). */
#include <string.h>

#include "c2pa/c2pa_int.h"

#define PREFIX "self#jumbf="
#define STORE_LABEL "c2pa"

/* A URI cut in two: the manifest that it names (empty: the one it stands in), and the rest. */
struct cut {
    struct slice manifest;
    struct slice path; /* labels with / between; empty: the manifest itself */
};

static bool has_dots(struct slice text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == '.' && text.ptr[i + 1] == '.')
            return true;
    return false;
}

/* The label up to the next /, which goes too. */
static struct slice take_label(struct slice *rest)
{
    size_t end = slice_find(*rest, 0, '/');
    struct slice label = slice_sub(*rest, 0, end);
    size_t next = end < rest->len ? end + 1 : end;

    *rest = slice_sub(*rest, next, rest->len - next);
    return label;
}

static bool has_empty_label(struct slice path)
{
    if (path.len && path.ptr[path.len - 1] == '/')
        return true;
    while (path.len)
        if (!take_label(&path).len)
            return true;
    return false;
}

/* 8.3.1: absolute with /c2pa/ in front; old writers left the first slash out. */
static bool cut_uri(struct slice url, struct cut *cut)
{
    struct slice rest;
    bool absolute;

    *cut = (struct cut){0};
    if (!slice_starts(url, PREFIX) || has_dots(url))
        return false;
    rest = slice_sub(url, strlen(PREFIX), url.len - strlen(PREFIX));
    absolute = rest.len && rest.ptr[0] == '/';
    if (absolute)
        rest = slice_sub(rest, 1, rest.len - 1);
    if (!rest.len || has_empty_label(rest))
        return false;
    if (absolute || slice_starts(rest, STORE_LABEL "/")) {
        if (!slice_equal(take_label(&rest), slice_text(STORE_LABEL)) || !rest.len)
            return false;
        cut->manifest = take_label(&rest);
    }
    cut->path = rest;
    return true;
}

bool c2pa_store_spend(struct c2pa_store *store, uint64_t steps)
{
    store->steps += steps;
    return store->steps <= LIMIT_C2PA_STEPS;
}

/* Labels that are compared with one: most differ in their length or soon. */
static uint64_t steps_of(uint64_t count, struct slice label)
{
    return count + count * label.len / 64;
}

static const struct c2pa_assertion *assertion_of(const struct c2pa_manifest *manifest,
                                                 const struct jumbf_box *box)
{
    if (box->parent != manifest->assertion_store)
        return NULL;
    for (size_t i = 0; i < manifest->assertion_count; i++)
        if (manifest->assertions[i].box == box)
            return &manifest->assertions[i];
    return NULL;
}

/* The box that labels lead to. */
static const struct jumbf_box *find_box(struct c2pa_store *store, const struct jumbf_box *box,
                                        struct slice path)
{
    while (box && path.len) {
        struct slice label = take_label(&path);

        if (!c2pa_store_spend(store, steps_of(box->count, label)))
            return NULL;
        box = jumbf_child(box, label, NULL);
    }
    return box;
}

void c2pa_uri_follow(struct c2pa_store *store, const struct c2pa_manifest *from,
                     struct slice url, struct c2pa_target *out)
{
    struct cut cut;
    const struct jumbf_box *box;

    *out = (struct c2pa_target){.kind = C2PA_URI_MALFORMED, .manifest_label = from->label};
    if (!c2pa_store_spend(store, url.len) || !cut_uri(url, &cut))
        return;
    out->kind = C2PA_URI_MISSING;
    out->manifest = from;
    if (cut.manifest.len) {
        if (!c2pa_store_spend(store, steps_of(store->manifest_count, cut.manifest)))
            return;
        out->manifest_label = cut.manifest;
        out->outside = !slice_equal(cut.manifest, from->label);
        out->manifest = c2pa_store_manifest(store, cut.manifest);
    }
    if (!out->manifest)
        return;
    box = find_box(store, cut.path.len ? out->manifest->inner : out->manifest->box, cut.path);
    if (!box)
        return;
    out->kind = C2PA_URI_OK;
    out->box = box;
    out->assertion = assertion_of(out->manifest, box);
}

void c2pa_uri_build(const struct c2pa_manifest *manifest, const char *path, struct slice label,
                    struct bytes *out)
{
    bytes_text(out, PREFIX "/" STORE_LABEL "/");
    bytes_slice(out, manifest->label);
    if (path[0]) {
        bytes_text(out, "/");
        bytes_text(out, path);
    }
    if (label.len) {
        bytes_text(out, "/");
        bytes_slice(out, label);
    }
}

static bool ends_label(uint8_t c)
{
    return c == '/' || c == '=';
}

/* Have two URIs the same last label?  Told from their ends: that most differ costs little. */
static bool ends_alike(struct c2pa_store *store, struct slice a, struct slice b)
{
    size_t most = a.len < b.len ? a.len : b.len;
    size_t same = 0;
    bool alike = true;

    for (; same < most && alike; same++) {
        uint8_t in_a = a.ptr[a.len - 1 - same], in_b = b.ptr[b.len - 1 - same];

        if (ends_label(in_a) && ends_label(in_b))
            break;
        alike = in_a == in_b;
    }
    return c2pa_store_spend(store, 1 + same) && alike;
}

bool c2pa_uri_same(struct c2pa_store *store, struct c2pa_place a, struct c2pa_place b)
{
    struct cut cut_a;
    struct cut cut_b;

    if (!ends_alike(store, a.url, b.url) || !c2pa_store_spend(store, a.url.len + b.url.len) ||
        !cut_uri(a.url, &cut_a) || !cut_uri(b.url, &cut_b))
        return false;
    if (!cut_a.manifest.len)
        cut_a.manifest = a.from->label;
    if (!cut_b.manifest.len)
        cut_b.manifest = b.from->label;
    return slice_equal(cut_a.manifest, cut_b.manifest) && slice_equal(cut_a.path, cut_b.path);
}

/* ---- hashes ---- */

bool c2pa_hash_alg(struct slice text, enum crypt_hash *hash)
{
    if (slice_equal(text, slice_text("sha256")))
        *hash = CRYPT_SHA256;
    else if (slice_equal(text, slice_text("sha384")))
        *hash = CRYPT_SHA384;
    else if (slice_equal(text, slice_text("sha512")))
        *hash = CRYPT_SHA512;
    else
        return false;
    return true;
}

bool c2pa_hashed_uri_parse(const struct cbor_value *value, struct c2pa_hashed_uri *out)
{
    const struct cbor_value *url = cbor_member(value, "url");
    const struct cbor_value *alg = cbor_member(value, "alg");
    const struct cbor_value *hash = cbor_member(value, "hash");

    *out = (struct c2pa_hashed_uri){.value = value};
    if (!url || url->type != CBOR_TEXT || !hash || hash->type != CBOR_BYTES ||
        (alg && alg->type != CBOR_TEXT))
        return false;
    out->url = url->string;
    out->hash = hash->string;
    out->alg = c2pa_text_of(alg);
    return true;
}

/* 15.4.1: its own, that of what is around it, that of the claim. */
static struct slice alg_for(const struct c2pa_manifest *from,
                            const struct c2pa_hashed_uri *reference)
{
    if (reference->alg.len)
        return reference->alg;
    return reference->around.len ? reference->around : from->claim.alg;
}

int c2pa_uri_check(struct c2pa_store *store, const struct c2pa_manifest *from,
                   const struct c2pa_hashed_uri *reference, struct c2pa_target *target,
                   struct why *why)
{
    uint8_t digest[CRYPT_DIGEST_MAX];
    enum crypt_hash hash;
    size_t len;

    c2pa_uri_follow(store, from, reference->url, target);
    target->check = C2PA_CHECK_MISSING;
    if (target->kind != C2PA_URI_OK)
        return SH_OK;
    target->check = C2PA_CHECK_ALGORITHM;
    if (!c2pa_hash_alg(alg_for(from, reference), &hash))
        return SH_OK;
    len = target->box->payload.len;
    if (len > LIMIT_C2PA_HASHED - store->hashed)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "manifest store: its references ask for more than %llu bytes of hashing",
                       (unsigned long long)LIMIT_C2PA_HASHED);
    store->hashed += len;
    crypto.digest(hash, target->box->payload, digest);
    target->check = slice_equal(reference->hash, slice_of(digest, crypt_hash_bytes(hash)))
                        ? C2PA_CHECK_MATCH
                        : C2PA_CHECK_MISMATCH;
    return SH_OK;
}
