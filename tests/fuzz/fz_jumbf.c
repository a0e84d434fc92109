/*
 * A manifest store: boxes that tile their parents; then, as a whole, a verdict, references that
 * lead into the store or nowhere, and a dump that is JSON without a character that acts.
 * "Compressed" is here: as it stands.
 */
#include <stdint.h>
#include <stdlib.h>

#include "c2pa/store.h"
#include "json/json.h"
#include "jumbf/jumbf.h"

static void check_boxes(const struct jumbf_box *root)
{
    unsigned boxes = 0;

    for (const struct jumbf_box *box = root; box; box = jumbf_walk(root, box)) {
        const uint8_t *end = box->raw.ptr + box->raw.len;
        size_t count = 0;

        if (++boxes > LIMIT_JUMBF_BOXES || box->raw.len < 8 ||
            (box->payload.len && box->payload.ptr + box->payload.len != end) ||
            !text_is_utf8(box->label))
            abort();
        for (const struct jumbf_box *child = box->first; child; child = child->next, count++) {
            if (child->parent != box ||
                (child->next && child->next->raw.ptr != child->raw.ptr + child->raw.len) ||
                (!child->next && child->raw.ptr + child->raw.len != end))
                abort();
        }
        if (count != box->count || (count && box->type != JUMBF_SUPERBOX))
            abort();
    }
}

static void check_reference(struct c2pa_store *store, const struct c2pa_manifest *manifest,
                            const struct c2pa_hashed_uri *reference)
{
    struct c2pa_target target;
    int rc = c2pa_uri_check(store, manifest, reference, &target, NULL);

    if (rc != SH_OK && rc != SH_ELIMIT)
        abort();
    if ((target.kind == C2PA_URI_OK) != (target.box != NULL) ||
        (target.assertion && target.assertion->box != target.box) ||
        (rc == SH_OK && target.check == C2PA_CHECK_NOT_DONE))
        abort();
}

static void check_manifest(struct c2pa_store *store, const struct c2pa_manifest *manifest)
{
    for (size_t i = 0; i < manifest->claim.created_count; i++)
        check_reference(store, manifest, &manifest->claim.created[i]);
    for (size_t i = 0; i < manifest->claim.gathered_count; i++)
        check_reference(store, manifest, &manifest->claim.gathered[i]);
    for (size_t i = 0; i < manifest->claim.redacted_count; i++) {
        struct c2pa_target target;

        c2pa_uri_follow(store, manifest, manifest->claim.redacted[i], &target);
    }
    if (manifest->claim.fault.kind == C2PA_SOUND &&
        (!manifest->claim.map || !manifest->claim.created_count))
        abort();
    if (manifest->fault.kind == C2PA_SOUND && (!manifest->inner || !manifest->assertion_store))
        abort();
}

static void check_dump(const struct c2pa_store *store)
{
    struct json_value *root = NULL;
    struct arena arena;
    struct bytes out;
    int rc;

    bytes_init(&out, 1u << 20);
    arena_init(&arena, 64u << 20);
    c2pa_store_json(store, &out);
    if (out.failed == SH_OK) {
        rc = json_read(bytes_view(&out), LIMIT_JSON_DEPTH, &arena, &root, NULL);
        if (rc != SH_OK && rc != SH_ELIMIT)
            abort();
        for (size_t i = 0; i < out.len; i++)
            if (out.ptr[i] < 0x20 || out.ptr[i] == 0x7f || out.ptr[i] == '<')
                abort();
    }
    arena_release(&arena);
    bytes_release(&out);
}

static int as_it_stands(void *ctx, struct slice packed, struct bytes *out, struct why *why)
{
    (void)ctx;
    (void)why;
    bytes_slice(out, packed);
    return SH_OK;
}

static void check_store(struct slice part, struct arena *arena, bool dumped)
{
    const struct c2pa_store_options options = {
        .parts = &part, .part_count = 1, .inflate = as_it_stands};
    struct c2pa_store *store = NULL;
    struct why why = {0};
    int rc = c2pa_store_parse(&options, arena, &store, &why);

    if ((rc == SH_OK) != (store != NULL) || (rc < 0 && !why.text[0]))
        abort();
    if (!store)
        return;
    for (size_t i = 0; i < store->manifest_count; i++)
        check_manifest(store, &store->manifests[i]);
    if (dumped)
        check_dump(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jumbf_box *root = NULL;
    struct why why = {0};
    struct arena arena;
    unsigned sum = 0;
    int rc;

    /* The dump, read again as JSON, takes longer than all else: of some inputs only. */
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = jumbf_parse(slice_of(data, size), &arena, &root, &why);
    if ((rc == SH_OK) != (root != NULL) || (rc < 0 && ((int)why.code != rc || !why.text[0])))
        abort();
    if (root) {
        check_boxes(root);
        check_store(slice_of(data, size), &arena, sum % 4 == 0);
    }
    arena_release(&arena);
    return 0;
}
