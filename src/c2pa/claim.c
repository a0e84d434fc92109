/* The claim (C2PA 10.2): v2, and v1 as old writers made it. */
#include <string.h>

#include "c2pa/c2pa_int.h"

static void wrong(struct c2pa_claim *claim, const char *text)
{
    c2pa_fault_set(&claim->fault, C2PA_BAD_SHAPE, text);
}

/* A text field: absent, or a text. */
static struct slice text_field(struct c2pa_claim *claim, const char *name, const char *what)
{
    const struct cbor_value *value = cbor_member(claim->map, name);

    if (value && (value->type != CBOR_TEXT || !value->string.len))
        wrong(claim, what);
    return c2pa_text_of(value);
}

struct list {
    const struct cbor_value *array; /* NULL: absent */
    size_t count;
};

static bool open_list(struct c2pa_claim *claim, const char *name, struct list *list)
{
    list->array = cbor_member(claim->map, name);
    list->count = 0;
    if (!list->array)
        return true;
    if (list->array->type != CBOR_ARRAY)
        return false;
    list->count = list->array->count;
    if (list->count <= LIMIT_C2PA_ASSERTIONS)
        return true;
    c2pa_fault_set(&claim->fault, C2PA_CANNOT_READ, "more references than are read");
    list->count = 0;
    return true;
}

static int out_of_memory(struct why *why)
{
    return why_set(why, SH_ENOMEM, WHY_NOWHERE, "manifest store: out of memory");
}

static int read_references(struct c2pa_claim *claim, const char *name, struct arena *arena,
                           struct c2pa_hashed_uri **out, size_t *count)
{
    struct list list;
    const struct cbor_value *item;

    if (!open_list(claim, name, &list))
        wrong(claim, "a list of assertions that is no array (10.2)");
    if (!list.array || !list.count)
        return SH_OK;
    *out = arena_take(arena, list.count * sizeof(**out));
    if (!*out)
        return SH_ENOMEM;
    item = list.array->first;
    for (size_t i = 0; i < list.count; i++, item = item->next)
        if (!c2pa_hashed_uri_parse(item, &(*out)[i]))
            wrong(claim, "a reference to an assertion without url or hash (8.3.2)");
    *count = list.count;
    return SH_OK;
}

static int read_redacted(struct c2pa_claim *claim, struct arena *arena)
{
    struct list list;
    const struct cbor_value *item;

    if (!open_list(claim, "redacted_assertions", &list))
        wrong(claim, "redacted_assertions: no array (10.2)");
    if (!list.array || !list.count)
        return SH_OK;
    claim->redacted = arena_take(arena, list.count * sizeof(*claim->redacted));
    if (!claim->redacted)
        return SH_ENOMEM;
    item = list.array->first;
    for (size_t i = 0; i < list.count; i++, item = item->next) {
        if (item->type != CBOR_TEXT)
            wrong(claim, "redacted_assertions: an entry that is no URI (10.2)");
        claim->redacted[i] = c2pa_text_of(item);
    }
    claim->redacted_count = list.count;
    return SH_OK;
}

/* claim_generator_info: one map in v2, an array of them in v1. */
static void read_generator(struct c2pa_claim *claim)
{
    const struct cbor_value *info = cbor_member(claim->map, "claim_generator_info");
    const struct cbor_value *name, *version;

    if (claim->version == 1) {
        claim->generator = text_field(claim, "claim_generator", "claim_generator: no text");
        if (info && info->type == CBOR_ARRAY)
            info = info->first;
        if (!claim->generator.len)
            wrong(claim, "claim_generator is missing (10.2)");
    } else if (!info) {
        wrong(claim, "claim_generator_info is missing (15.6.2)");
    }
    if (info && info->type != CBOR_MAP) {
        wrong(claim, "claim_generator_info is no map (10.2)");
        return;
    }
    name = cbor_member(info, "name");
    claim->generator_info = info;
    claim->generator_name = c2pa_text_of(name);
    version = cbor_member(info, "version");
    if (version && version->type != CBOR_TEXT)
        wrong(claim, "claim_generator_info: a version that is no text (10.2)");
    claim->generator_version = c2pa_text_of(version);
    if (claim->version == 2 && !claim->generator_name.len)
        wrong(claim, "claim_generator_info has no name (15.6.2)");
}

static int read_fields(struct c2pa_claim *claim, struct arena *arena, struct why *why)
{
    const char *assertions = claim->version == 1 ? "assertions" : "created_assertions";
    const struct cbor_value *value;

    value = cbor_member(claim->map, "instanceID");
    if (value && value->type != CBOR_TEXT)
        wrong(claim, "instanceID: no text (10.2)");
    claim->instance_id = c2pa_text_of(value);
    claim->signature = text_field(claim, "signature", "signature: no URI (10.2)");
    claim->title = c2pa_text_at(claim->map, "dc:title");
    claim->format = c2pa_text_at(claim->map, "dc:format");
    claim->alg = text_field(claim, "alg", "alg: no text (10.2)");
    claim->alg_soft = text_field(claim, "alg_soft", "alg_soft: no text (10.2)");
    read_generator(claim);
    if (read_references(claim, assertions, arena, &claim->created, &claim->created_count) < 0 ||
        read_redacted(claim, arena) < 0)
        return out_of_memory(why);
    if (claim->version == 2 && read_references(claim, "gathered_assertions", arena,
                                               &claim->gathered, &claim->gathered_count) < 0)
        return out_of_memory(why);
    if (!cbor_member(claim->map, "instanceID"))
        wrong(claim, "instanceID is missing (15.6.2)");
    /* Update manifests of others list none here, and all under gathered_assertions. */
    if (!cbor_member(claim->map, assertions))
        wrong(claim, "it lists no assertions (15.6.2)");
    if (claim->version == 2 && !claim->signature.len)
        wrong(claim, "signature is missing (15.6.2)");
    /* Of fields that are not known 15.6.2 says nothing: newer writers may have some. */
    if (claim->version == 2 && cbor_member(claim->map, "assertions"))
        wrong(claim, "a claim of version 2 with the list of version 1 (10.2.1)");
    return SH_OK;
}

int c2pa_claim_parse(struct c2pa_claim *claim, struct arena *arena, struct why *why)
{
    struct cbor_value *map = NULL;
    struct why said = {0};

    if (!c2pa_only_cbor(claim->box, &claim->raw)) {
        c2pa_fault_set(&claim->fault, C2PA_BAD_CBOR, "not one box with CBOR (11.1.4.4)");
        return SH_OK;
    }
    if (cbor_parse(claim->raw, LIMIT_CBOR_DEPTH, arena, &map, &said) < 0)
        return c2pa_fault_cbor(&claim->fault, &said, arena, why);
    if (map->type != CBOR_MAP) {
        wrong(claim, "no map (10.2)");
        return SH_OK;
    }
    claim->map = map;
    claim->deterministic = cbor_is_deterministic(map);
    return read_fields(claim, arena, why);
}
