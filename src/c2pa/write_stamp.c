/* Which manifests of a store a later time stamp is worth, and of what (C2PA 18.17). */
#include "c2pa/write_int.h"

#include "c2pa/store.h"
#include "c2pa/validate_int.h"
#include "cbor/cbor.h"

/* Uses of this: the name of a manifest that the map of stamps can hold (18.17.2). */
#define NAME_BEGIN "urn:c2pa:"

/* The manifest that an update changes nothing of (11.2.3); NULL: it is not here. */
static const struct c2pa_manifest *updated_by(struct c2pa_store *store,
                                              const struct c2pa_manifest *update)
{
    for (size_t i = 0; i < update->assertion_count; i++) {
        const struct c2pa_assertion *assertion = &update->assertions[i];
        enum c2pa_relationship relationship;
        struct c2pa_hashed_uri uri;
        struct c2pa_target target;

        if (!c2pa_is_ingredient(assertion) || !assertion->listed || !assertion->cbor ||
            !c2pa_relationship_of(assertion, &relationship) || relationship != C2PA_PARENT_OF)
            continue;
        if (!c2pa_hashed_uri_parse(cbor_member(assertion->cbor, "activeManifest"), &uri) &&
            !c2pa_hashed_uri_parse(cbor_member(assertion->cbor, "c2pa_manifest"), &uri))
            continue;
        c2pa_uri_follow(store, update, uri.url, &target);
        return target.kind == C2PA_URI_OK ? target.manifest : NULL;
    }
    return NULL;
}

static int message_build(const struct c2pa_manifest *manifest, struct arena *arena,
                         struct c2pa_stampable *out, struct why *why)
{
    struct bytes message;
    uint8_t *kept;
    int rc;

    if (manifest->cose.fault.kind != C2PA_SOUND || !manifest->cose.signature_raw.len)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "its credentials have a signature that cannot be read, so that no time "
                       "stamp can be had of it (C2PA 13.2)");
    bytes_init(&message, LIMIT_C2PA_STORE_BYTES);
    c2pa_cose_stamped(&manifest->cose, manifest->cose.signature_raw, &message);
    rc = bytes_check(&message, why);
    if (rc == SH_OK) {
        kept = arena_take(arena, message.len);
        if (kept) {
            memcpy(kept, message.ptr, message.len);
            *out = (struct c2pa_stampable){manifest->label, slice_of(kept, message.len)};
        } else {
            rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for a signature");
        }
    }
    bytes_release(&message);
    return rc;
}

int c2pa_write_stampable(struct c2pa_store *store, struct arena *arena,
                         struct c2pa_stampable out[LIMIT_WRITE_STAMPED], size_t *count,
                         struct why *why)
{
    const struct c2pa_manifest *manifest = store->active;
    int rc = SH_OK;

    for (*count = 0; manifest && rc == SH_OK; ++*count) {
        if (*count == LIMIT_WRITE_STAMPED)
            return why_set(
                why, SH_ELIMIT, WHY_NOWHERE,
                "its credentials were updated more than %d times; with --tsa sign it "
                "without --update",
                LIMIT_WRITE_STAMPED - 1);
        if (!slice_starts(manifest->label, NAME_BEGIN))
            return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                           "its credentials are of an older kind, of which a later time stamp "
                           "cannot be kept (their name does not begin with \"" NAME_BEGIN
                           "\", C2PA 18.17.2); sign it without --update, or without --tsa");
        rc = message_build(manifest, arena, &out[*count], why);
        manifest = manifest->kind == C2PA_UPDATE ? updated_by(store, manifest) : NULL;
        /* A loop of updates ends at the limit. */
    }
    return rc;
}
