/*
 * The assertions that we write (C2PA 18.6, 18.14, 18.15, 18.17), deterministic: names of maps
 * in the order of their encoded bytes (RFC 8949 4.2.1), shorter ones first.
 */
#include "c2pa/write_int.h"

#include <string.h>

#include "cbor/cbor.h"

#define INGREDIENT "c2pa.ingredient.v3"
#define ASSERTIONS_URI "self#jumbf=c2pa.assertions/"

void c2pa_put_hashed_uri(struct bytes *out, struct slice url,
                         const uint8_t hash[CRYPT_DIGEST_BYTES])
{
    cbor_put_map(out, 2);
    cbor_put_text(out, "url");
    cbor_put_slice(out, url);
    cbor_put_text(out, "hash");
    cbor_put_bytes(out, slice_of(hash, CRYPT_DIGEST_BYTES));
}

/* Put the CBOR that stands in `cbor` into the store as an assertion, and forget it. */
static void assertion_put(struct c2pa_making *making, const char *label, struct bytes *cbor,
                          struct bytes *out)
{
    struct c2pa_listed *listed = &making->listed[making->listed_count++];
    size_t mark = out->len;

    if (cbor->failed)
        out->failed = cbor->failed;
    c2pa_superbox_cbor(out, "cbor", label, bytes_view(cbor));
    listed->label = label;
    if (!out->failed)
        c2pa_superbox_hash(slice_of(out->ptr + mark, out->len - mark), listed->hash);
    bytes_clear(cbor);
}

/* ---- the hash of the file ---- */

static void exclusion_put(struct bytes *out, const char *xpath)
{
    cbor_put_map(out, 1);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, xpath);
}

/* Those that must be (A.5.6), and with a flat hash beside trees what these cover. */
static void exclusions_put(struct bytes *out, bool subset)
{
    cbor_put_text(out, "exclusions");
    cbor_put_array(out, subset ? 4 : 3);
    cbor_put_map(out, 2);
    cbor_put_text(out, "data");
    cbor_put_array(out, 1);
    cbor_put_map(out, 2);
    cbor_put_text(out, "value");
    cbor_put_bytes(out, slice_of(bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid)));
    cbor_put_text(out, "offset");
    cbor_put_unsigned(out, 8);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, "/uuid");
    exclusion_put(out, "/ftyp");
    exclusion_put(out, "/mfra");
    if (!subset)
        return;
    cbor_put_map(out, 2);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, "/mdat");
    cbor_put_text(out, "subset");
    cbor_put_array(out, 1);
    cbor_put_map(out, 2);
    cbor_put_text(out, "length");
    cbor_put_unsigned(out, 0);
    cbor_put_text(out, "offset");
    cbor_put_unsigned(out, 16);
}

static void tree_put(struct bytes *out, const struct c2pa_write_tree *tree, bool measure)
{
    static const uint8_t none[CRYPT_DIGEST_BYTES];

    cbor_put_map(out, 4u + (tree->init_hash != NULL) + (tree->block != 0));
    cbor_put_text(out, "count");
    cbor_put_unsigned(out, tree->count);
    cbor_put_text(out, "hashes");
    cbor_put_array(out, tree->row_count);
    for (uint64_t i = 0; i < tree->row_count && !out->failed; i++)
        cbor_put_bytes(out, slice_of(measure ? none : tree->row + i * CRYPT_DIGEST_BYTES,
                                     CRYPT_DIGEST_BYTES));
    cbor_put_text(out, "localId");
    cbor_put_unsigned(out, tree->local_id);
    if (tree->init_hash) {
        cbor_put_text(out, "initHash");
        cbor_put_bytes(out, slice_of(tree->init_hash, CRYPT_DIGEST_BYTES));
    }
    cbor_put_text(out, "uniqueId");
    cbor_put_unsigned(out, tree->unique_id);
    if (tree->block) {
        cbor_put_text(out, "fixedBlockSize");
        cbor_put_unsigned(out, tree->block);
    }
}

static void hash_put(const struct c2pa_making *making, struct bytes *out)
{
    static const uint8_t none[CRYPT_DIGEST_BYTES];
    const struct c2pa_write *write = making->write;
    bool flat = !write->fragmented;

    cbor_put_map(out, 2u + flat + (write->tree_count != 0));
    cbor_put_text(out, "alg");
    cbor_put_text(out, "sha256");
    if (flat) {
        cbor_put_text(out, "hash");
        cbor_put_bytes(out, slice_of(making->hash ? making->hash : none, CRYPT_DIGEST_BYTES));
    }
    if (write->tree_count) {
        cbor_put_text(out, "merkle");
        cbor_put_array(out, write->tree_count);
        for (size_t i = 0; i < write->tree_count; i++)
            tree_put(out, &write->trees[i], making->measure);
    }
    exclusions_put(out, flat && write->tree_count);
}

/* ---- the parent ---- */

static void result_put(struct bytes *out, const struct c2pa_write_result *result)
{
    cbor_put_map(out, 1u + (result->url.len != 0) + (result->explanation.len != 0));
    if (result->url.len) {
        cbor_put_text(out, "url");
        cbor_put_slice(out, result->url);
    }
    cbor_put_text(out, "code");
    cbor_put_slice(out, result->code);
    if (result->explanation.len) {
        cbor_put_text(out, "explanation");
        cbor_put_slice(out, result->explanation);
    }
}

static void results_of_kind(struct bytes *out, const struct c2pa_write *write,
                            enum c2pa_write_kind kind, struct slice ingredient)
{
    size_t count = 0;

    for (size_t i = 0; i < write->result_count; i++)
        count += write->results[i].kind == kind &&
                 slice_equal(write->results[i].ingredient, ingredient);
    cbor_put_array(out, count);
    for (size_t i = 0; i < write->result_count; i++)
        if (write->results[i].kind == kind &&
            slice_equal(write->results[i].ingredient, ingredient))
            result_put(out, &write->results[i]);
}

static void results_put(struct bytes *out, const struct c2pa_write *write,
                        struct slice ingredient)
{
    cbor_put_map(out, 3);
    cbor_put_text(out, "failure");
    results_of_kind(out, write, C2PA_WRITE_FAILURE, ingredient);
    cbor_put_text(out, "success");
    results_of_kind(out, write, C2PA_WRITE_SUCCESS, ingredient);
    cbor_put_text(out, "informational");
    results_of_kind(out, write, C2PA_WRITE_INFORMATIONAL, ingredient);
}

/* Is result number `at` the first one about its ingredient? */
static bool is_first_delta(const struct c2pa_write *write, size_t at)
{
    if (!write->results[at].ingredient.len)
        return false;
    for (size_t i = 0; i < at; i++)
        if (slice_equal(write->results[i].ingredient, write->results[at].ingredient))
            return false;
    return true;
}

static void validation_put(struct bytes *out, const struct c2pa_write *write)
{
    uint64_t deltas = 0;

    for (size_t i = 0; i < write->result_count; i++)
        deltas += is_first_delta(write, i);
    cbor_put_text(out, "validationResults");
    cbor_put_map(out, 1u + (deltas != 0));
    cbor_put_text(out, "activeManifest");
    results_put(out, write, slice_of(NULL, 0));
    if (!deltas)
        return;
    cbor_put_text(out, "ingredientDeltas");
    cbor_put_array(out, deltas);
    for (size_t i = 0; i < write->result_count; i++) {
        if (!is_first_delta(write, i))
            continue;
        cbor_put_map(out, 2);
        cbor_put_text(out, "validationDeltas");
        results_put(out, write, write->results[i].ingredient);
        cbor_put_text(out, "ingredientAssertionURI");
        cbor_put_slice(out, write->results[i].ingredient);
    }
}

static void parent_uri(const struct c2pa_parent *parent, bool signature, struct bytes *url)
{
    bytes_clear(url);
    bytes_text(url, "self#jumbf=/c2pa/");
    bytes_slice(url, parent->label);
    if (signature) {
        bytes_u8(url, '/');
        bytes_slice(url, parent->signature_label);
    }
}

static void parent_put(struct bytes *out, struct slice url, enum crypt_hash alg,
                       const uint8_t *hash)
{
    if (alg == CRYPT_SHA256) {
        c2pa_put_hashed_uri(out, url, hash);
        return;
    }
    cbor_put_map(out, 3);
    cbor_put_text(out, "alg");
    cbor_put_text(out, alg == CRYPT_SHA384 ? "sha384" : "sha512");
    cbor_put_text(out, "url");
    cbor_put_slice(out, url);
    cbor_put_text(out, "hash");
    cbor_put_bytes(out, slice_of(hash, crypt_hash_bytes(alg)));
}

static void ingredient_put(const struct c2pa_making *making, struct bytes *out)
{
    const struct c2pa_parent *parent = &making->parent;
    struct bytes url;

    cbor_put_map(out, making->has_parent ? 4 : 1);
    cbor_put_text(out, "relationship");
    cbor_put_text(out, "parentOf");
    if (!making->has_parent)
        return;
    bytes_init(&url, LIMIT_STORE_LABEL + 64);
    parent_uri(parent, false, &url);
    cbor_put_text(out, "activeManifest");
    parent_put(out, bytes_view(&url), parent->alg, parent->manifest_hash);
    parent_uri(parent, true, &url);
    cbor_put_text(out, "claimSignature");
    parent_put(out, bytes_view(&url), parent->alg, parent->signature_hash);
    if (url.failed)
        out->failed = url.failed;
    bytes_release(&url);
    validation_put(out, making->write);
}

/* ---- actions and our own ---- */

static void action_put(struct bytes *out, const struct c2pa_write_action *action)
{
    cbor_put_map(out, 1u + (action->source_type != NULL));
    cbor_put_text(out, "action");
    cbor_put_text(out, action->action);
    if (action->source_type) {
        cbor_put_text(out, "digitalSourceType");
        cbor_put_text(out, action->source_type);
    }
}

/* The ingredient is the one that was listed last. */
static void actions_put(const struct c2pa_making *making, struct bytes *out)
{
    const struct c2pa_write *write = making->write;

    cbor_put_map(out, 1);
    cbor_put_text(out, "actions");
    cbor_put_array(out, 1 + write->action_count);
    cbor_put_map(out, 2);
    cbor_put_text(out, "action");
    cbor_put_text(out, "c2pa.opened");
    cbor_put_text(out, "parameters");
    cbor_put_map(out, 1);
    cbor_put_text(out, "ingredients");
    cbor_put_array(out, 1);
    c2pa_put_hashed_uri(out, slice_text(ASSERTIONS_URI INGREDIENT),
                        making->listed[making->listed_count - 1].hash);
    for (size_t i = 0; i < write->action_count; i++)
        action_put(out, &write->actions[i]);
}

/* ---- time stamps of earlier manifests ---- */

/* Shorter names first, as RFC 8949 4.2.1 has them. */
static bool is_before(struct slice a, struct slice b)
{
    return a.len != b.len ? a.len < b.len : memcmp(a.ptr, b.ptr, a.len) < 0;
}

static void stamps_put(struct bytes *out, const struct c2pa_write *write)
{
    const struct c2pa_write_token *last = NULL;

    cbor_put_map(out, write->token_count);
    for (size_t done = 0; done < write->token_count; done++) {
        const struct c2pa_write_token *next = NULL;

        for (size_t i = 0; i < write->token_count; i++) {
            const struct c2pa_write_token *one = &write->tokens[i];

            if ((!last || is_before(last->label, one->label)) &&
                (!next || is_before(one->label, next->label)))
                next = one;
        }
        if (!next)
            bug("credentials: two time stamps of one manifest");
        cbor_put_slice(out, next->label);
        cbor_put_bytes(out, next->token);
        last = next;
    }
}

void c2pa_put_assertions(struct c2pa_making *making, struct bytes *out)
{
    const struct c2pa_write *write = making->write;
    size_t mark = c2pa_superbox_open(out, "c2as", "c2pa.assertions");
    struct bytes cbor;

    bytes_init(&cbor, LIMIT_C2PA_STORE_BYTES);
    making->listed_count = 0;
    if (!write->update) {
        hash_put(making, &cbor);
        assertion_put(making, "c2pa.hash.bmff.v3", &cbor, out);
    }
    ingredient_put(making, &cbor);
    assertion_put(making, INGREDIENT, &cbor, out);
    if (!write->update) {
        actions_put(making, &cbor);
        assertion_put(making, "c2pa.actions.v2", &cbor, out);
    }
    if (write->token_count) {
        stamps_put(&cbor, write);
        assertion_put(making, "c2pa.time-stamp", &cbor, out);
    }
    if (write->channel.len) {
        cbor_put_map(&cbor, 2);
        cbor_put_text(&cbor, "channel");
        cbor_put_slice(&cbor, write->channel);
        cbor_put_text(&cbor, "dispatch");
        cbor_put_slice(&cbor, write->dispatch);
        assertion_put(making, "org.stillhere.dispatch", &cbor, out);
    }
    c2pa_box_close(out, mark);
    bytes_release(&cbor);
}
