/* COSE_Sign1 as C2PA uses it (13.2): RFC 9052 4.2, RFC 9360 2. */
#include <string.h>

#include "c2pa/c2pa_int.h"

#define COSE_SIGN1_TAG 18
#define LABEL_ALG 1
#define LABEL_CRITICAL 2
#define LABEL_CHAIN 33

static void wrong(struct c2pa_cose *cose, const char *text)
{
    c2pa_fault_set(&cose->fault, C2PA_BAD_SHAPE, text);
}

/* ---- headers ---- */

/* A header may stand in either bucket; the protected one is asked first. */
static const struct cbor_value *header(const struct c2pa_cose *cose, const char *name)
{
    const struct cbor_value *value = cbor_member(cose->protected_map, name);

    return value ? value : cbor_member(cose->unprotected_map, name);
}

/* RFC 9052 3.1: what is critical must be understood. */
static void check_critical(struct c2pa_cose *cose)
{
    const struct cbor_value *critical = cbor_member_of(cose->protected_map, LABEL_CRITICAL);

    if (!critical)
        return;
    if (critical->type != CBOR_ARRAY || !critical->count) {
        wrong(cose, "crit is no list (RFC 9052 3.1)");
        return;
    }
    for (const struct cbor_value *label = critical->first; label; label = label->next)
        if (label->type != CBOR_UNSIGNED ||
            (label->number != LABEL_ALG && label->number != LABEL_CHAIN))
            wrong(cose, "a critical header that is not known (RFC 9052 3.1)");
}

static void read_alg(struct c2pa_cose *cose)
{
    const struct cbor_value *alg = cbor_member_of(cose->protected_map, LABEL_ALG);

    if (!alg || (alg->type != CBOR_UNSIGNED && alg->type != CBOR_NEGATIVE) ||
        alg->number > INT64_MAX)
        return;
    cose->has_alg = true;
    cose->alg = alg->type == CBOR_NEGATIVE ? -1 - (int64_t)alg->number : (int64_t)alg->number;
}

static void keep_certificate(struct c2pa_cose *cose, const struct cbor_value *value)
{
    if (value->type != CBOR_BYTES || !value->string.len)
        wrong(cose, "x5chain: something that is no certificate (RFC 9360 2)");
    else if (cose->chain_count == LIMIT_C2PA_CHAIN)
        c2pa_fault_set(&cose->fault, C2PA_CANNOT_READ, "x5chain: too many certificates");
    else
        cose->chain[cose->chain_count++] = value->string;
}

/* C2PA 14.5: by number, or by the old name; with both, the name is not looked at. */
static const struct cbor_value *chain_in(const struct cbor_value *map, bool *old)
{
    const struct cbor_value *chain = cbor_member_of(map, LABEL_CHAIN);

    if (chain)
        return chain;
    chain = cbor_member(map, "x5chain");
    *old = *old || chain;
    return chain;
}

static void read_chain(struct c2pa_cose *cose)
{
    const struct cbor_value *chain = chain_in(cose->protected_map, &cose->chain_old);
    const struct cbor_value *open = chain_in(cose->unprotected_map, &cose->chain_old);

    cose->chain_twice = chain && open;
    if (cose->chain_twice)
        wrong(cose, "x5chain: both protected and not (RFC 9052 3)");
    if (!chain && open) {
        cose->chain_old = true;
        chain = open;
    }
    if (!chain)
        return;
    if (chain->type != CBOR_ARRAY) {
        keep_certificate(cose, chain);
        return;
    }
    for (const struct cbor_value *item = chain->first; item; item = item->next)
        keep_certificate(cose, item);
}

/* ---- what is not signed ---- */

/* {tstTokens: [{val: bstr}, ...]} (C2PA 10.3.2.5.3). */
static size_t read_tokens(const struct cbor_value *container, struct slice *tokens)
{
    const struct cbor_value *list = cbor_member(container, "tstTokens");
    size_t count = 0;

    if (!list || list->type != CBOR_ARRAY)
        return 0;
    for (const struct cbor_value *item = list->first; item; item = item->next, count++)
        if (count < LIMIT_C2PA_TOKENS)
            tokens[count] = c2pa_bytes_of(cbor_member(item, "val"));
    return count;
}

static void read_ocsp(struct c2pa_cose *cose)
{
    const struct cbor_value *list = cbor_member(header(cose, "rVals"), "ocspVals");

    if (!list || list->type != CBOR_ARRAY)
        return;
    for (const struct cbor_value *item = list->first; item; item = item->next)
        if (item->type == CBOR_BYTES && cose->ocsp_count < LIMIT_C2PA_TOKENS)
            cose->ocsp[cose->ocsp_count++] = item->string;
}

static void read_others(struct c2pa_cose *cose)
{
    const struct cbor_value *stamp = header(cose, "sigTst2");
    const struct cbor_value *stamp_v1 = header(cose, "sigTst");
    const struct cbor_value *iat = header(cose, "iat");

    cose->has_stamp = stamp;
    cose->has_stamp_v1 = stamp_v1;
    cose->token_count = read_tokens(stamp, cose->tokens);
    cose->token_v1_count = read_tokens(stamp_v1, cose->tokens_v1);
    read_ocsp(cose);
    if (iat && iat->type == CBOR_TAG && iat->number == 1) /* some write it as an epoch time */
        iat = iat->first;
    if (iat && iat->type == CBOR_UNSIGNED && iat->number <= INT64_MAX) {
        cose->has_iat = true;
        cose->iat = (int64_t)iat->number;
    }
    cose->pad_not_zero =
        !c2pa_is_zeros(c2pa_bytes_of(cbor_member(cose->unprotected_map, "pad"))) ||
        !c2pa_is_zeros(c2pa_bytes_of(cbor_member(cose->unprotected_map, "pad2")));
}

/* ---- the whole ---- */

/* The four members of the array, or a fault. */
static bool open_array(struct c2pa_cose *cose, const struct cbor_value *root,
                       const struct cbor_value *part[4])
{
    const struct cbor_value *array = root->first;

    if (root->type != CBOR_TAG || root->number != COSE_SIGN1_TAG) {
        wrong(cose, "no COSE_Sign1_Tagged (C2PA 13.2)");
        return false;
    }
    if (array->type != CBOR_ARRAY || array->count != 4) {
        wrong(cose, "no array of four (RFC 9052 4.2)");
        return false;
    }
    part[0] = array->first;
    for (size_t i = 1; i < 4; i++)
        part[i] = part[i - 1]->next;
    if (part[0]->type != CBOR_BYTES || part[1]->type != CBOR_MAP || part[3]->type != CBOR_BYTES)
        wrong(cose, "a member of another type than it must have (RFC 9052 4.2)");
    else if (part[2]->type != CBOR_NULL)
        wrong(cose, "its payload is not detached (C2PA 10.3.2.4)");
    return cose->fault.kind == C2PA_SOUND;
}

static int read_protected(struct c2pa_cose *cose, struct arena *arena, struct why *why)
{
    struct cbor_value *map = NULL;
    struct why said = {0};

    if (!cose->protected_raw.len)
        return SH_OK; /* an empty map (RFC 9052 3) */
    if (cbor_parse(cose->protected_raw, LIMIT_CBOR_DEPTH, arena, &map, &said) < 0)
        return c2pa_fault_cbor(&cose->fault, &said, arena, why);
    if (map->type != CBOR_MAP)
        wrong(cose, "its protected headers are no map (RFC 9052 3)");
    cose->protected_map = map;
    return SH_OK;
}

int c2pa_cose_parse(struct slice raw, struct arena *arena, struct c2pa_cose *cose,
                    struct why *why)
{
    const struct cbor_value *part[4];
    struct cbor_value *root = NULL;
    struct why said = {0};
    int rc;

    if (cbor_parse(raw, LIMIT_CBOR_DEPTH, arena, &root, &said) < 0)
        return c2pa_fault_cbor(&cose->fault, &said, arena, why);
    if (!open_array(cose, root, part))
        return SH_OK;
    cose->protected_raw = part[0]->string;
    cose->unprotected_map = part[1];
    cose->signature = part[3]->string;
    cose->signature_raw = part[3]->raw;
    rc = read_protected(cose, arena, why);
    if (rc < 0 || cose->fault.kind != C2PA_SOUND)
        return rc;
    check_critical(cose);
    read_alg(cose);
    read_chain(cose);
    read_others(cose);
    return SH_OK;
}

/* ---- what is signed ---- */

/* RFC 9052 4.4: an empty map is a byte string of no length there, however it stands. */
static struct slice signed_headers(const struct c2pa_cose *cose)
{
    const struct cbor_value *map = cose->protected_map;

    return map && !map->count ? slice_of(NULL, 0) : cose->protected_raw;
}

static void build_structure(const struct c2pa_cose *cose, const char *context,
                            struct slice payload, struct bytes *out)
{
    cbor_put_array(out, 4);
    cbor_put_text(out, context);
    cbor_put_bytes(out, signed_headers(cose));
    cbor_put_bytes(out, slice_of(NULL, 0));
    cbor_put_bytes(out, payload);
}

void c2pa_cose_signed(const struct c2pa_cose *cose, struct slice payload, struct bytes *out)
{
    build_structure(cose, "Signature1", payload, out);
}

void c2pa_cose_stamped(const struct c2pa_cose *cose, struct slice payload, struct bytes *out)
{
    build_structure(cose, "CounterSignature", payload, out);
}

/* ---- algorithms (C2PA 13.2.1; RFC 9053 2, RFC 8230 2) ---- */

static const struct {
    int64_t number;
    const char *text;
    struct crypt_alg alg;
} algorithms[] = {
    {-7, "ES256", {CRYPT_ECDSA_RAW, CRYPT_SHA256, 0}},
    {-35, "ES384", {CRYPT_ECDSA_RAW, CRYPT_SHA384, 0}},
    {-36, "ES512", {CRYPT_ECDSA_RAW, CRYPT_SHA512, 0}},
    {-37, "PS256", {CRYPT_RSA_PSS, CRYPT_SHA256, 32}},
    {-38, "PS384", {CRYPT_RSA_PSS, CRYPT_SHA384, 48}},
    {-39, "PS512", {CRYPT_RSA_PSS, CRYPT_SHA512, 64}},
    {-8, "EdDSA", {CRYPT_EDDSA, CRYPT_SHA512, 0}},
};

bool c2pa_cose_alg(int64_t number, struct crypt_alg *alg)
{
    for (size_t i = 0; i < COUNT_OF(algorithms); i++)
        if (algorithms[i].number == number) {
            *alg = algorithms[i].alg;
            return true;
        }
    return false;
}

const char *c2pa_cose_alg_text(int64_t number)
{
    for (size_t i = 0; i < COUNT_OF(algorithms); i++)
        if (algorithms[i].number == number)
            return algorithms[i].text;
    return NULL;
}
