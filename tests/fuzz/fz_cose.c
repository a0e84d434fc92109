/*
 * COSE_Sign1: a verdict; of a sound one fields that lie in it, and what was signed is an array
 * of four whose second member is the protected headers as they stand.
 */
#include <stdint.h>
#include <stdlib.h>

#include "c2pa/store.h"
#include "cbor/cbor.h"

static void check_signed(const struct c2pa_cose *cose, struct arena *arena)
{
    struct slice payload = slice_text("claim");
    bool empty = cose->protected_map && !cose->protected_map->count;
    struct slice headers = empty ? slice_of(NULL, 0) : cose->protected_raw;
    struct cbor_value *root = NULL;
    struct bytes out;

    bytes_init(&out, 1u << 20);
    c2pa_cose_signed(cose, payload, &out);
    if (bytes_check(&out, NULL) == SH_OK) {
        if (cbor_parse(bytes_view(&out), 2, arena, &root, NULL) < 0 ||
            root->type != CBOR_ARRAY || root->count != 4 || !cbor_is_deterministic(root) ||
            !slice_equal(root->first->next->string, headers) ||
            !slice_equal(root->first->next->next->next->string, payload))
            abort();
    }
    bytes_release(&out);
}

static void check_fields(const struct c2pa_cose *cose)
{
    struct crypt_alg alg;

    if (cose->chain_count > LIMIT_C2PA_CHAIN || cose->ocsp_count > LIMIT_C2PA_TOKENS)
        abort();
    if ((c2pa_cose_alg_text(cose->alg) != NULL) != c2pa_cose_alg(cose->alg, &alg))
        abort();
    for (size_t i = 0; i < cose->chain_count; i++)
        if (!cose->chain[i].len)
            abort();
    if ((cose->token_count && !cose->has_stamp) ||
        (cose->token_v1_count && !cose->has_stamp_v1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct c2pa_cose cose = {0};
    struct why why = {0};
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = c2pa_cose_parse(slice_of(data, size), &arena, &cose, &why);
    if (rc < 0 && (rc != SH_ENOMEM || !why.text[0]))
        abort();
    if (rc == SH_OK && (cose.fault.kind != C2PA_SOUND) != (cose.fault.text != NULL))
        abort();
    if (rc == SH_OK && cose.fault.kind == C2PA_SOUND) {
        check_fields(&cose);
        check_signed(&cose, &arena);
    }
    arena_release(&arena);
    return 0;
}
