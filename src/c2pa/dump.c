/* A store as JSON, for people and their tools: everything in it, and nothing that could act. */
#include <string.h>

#include "c2pa/c2pa_int.h"
#include "json/json.h"

/* Not a cap: how deep the data of an assertion lies in what is written here. */
#define AROUND 5

/* ---- strings ---- */

/* The code point at text[*at], which moves behind it; U+FFFD for a byte that is none. */
static uint32_t take_point(struct slice text, size_t *at)
{
    uint32_t point = 0xfffd;
    size_t len = text_next(text, *at, &point);

    *at += len ? len : 1;
    return point;
}

/* What ends a string or begins markup, and what acts on a terminal, turns or hides text. */
static bool must_escape(uint32_t point)
{
    return point == '"' || point == '\\' || point == '<' || point == '>' || point == '&' ||
           text_is_unseen(point);
}

static void put_escaped(struct bytes *out, uint32_t point)
{
    if (point >= 0x10000) {
        point -= 0x10000;
        bytes_printf(out, "\\u%04x\\u%04x", 0xd800u + (unsigned)(point >> 10),
                     0xdc00u + (unsigned)(point & 0x3ff));
    } else {
        bytes_printf(out, "\\u%04x", (unsigned)point);
    }
}

void c2pa_json_string(struct bytes *out, struct slice text)
{
    size_t at = 0;

    bytes_text(out, "\"");
    while (at < text.len) {
        size_t from = at;
        uint32_t point = take_point(text, &at);

        if (must_escape(point) || (point == 0xfffd && at - from == 1))
            put_escaped(out, point);
        else
            bytes_slice(out, slice_sub(text, from, at - from));
    }
    bytes_text(out, "\"");
}

static void put_base64(struct bytes *out, struct slice data)
{
    bytes_text(out, "\"");
    base64_build(out, data, BASE64_PADDED);
    bytes_text(out, "\"");
}

/* `"name":`, with a comma in front unless an object begins there. */
static void put_name(struct bytes *out, const char *name)
{
    if (out->len && out->ptr[out->len - 1] != '{')
        bytes_text(out, ",");
    c2pa_json_string(out, slice_text(name));
    bytes_text(out, ":");
}

static void put_text(struct bytes *out, const char *name, struct slice text)
{
    put_name(out, name);
    c2pa_json_string(out, text);
}

static void put_number(struct bytes *out, const char *name, uint64_t number)
{
    put_name(out, name);
    bytes_printf(out, "%llu", (unsigned long long)number);
}

static void put_flag(struct bytes *out, const char *name, bool flag)
{
    if (!flag)
        return;
    put_name(out, name);
    bytes_text(out, "true");
}

static void put_fault(struct bytes *out, const struct c2pa_fault *fault)
{
    if (fault->kind != C2PA_SOUND)
        put_text(out, "fault", slice_text(fault->text ? fault->text : "unreadable"));
}

/* ---- CBOR ---- */

/* RFC 8949 3.3 and appendix D: a float of 2, 4 or 8 bytes. */
static double float_of(const struct cbor_value *value)
{
    uint64_t number = value->number;
    uint64_t bits = number;
    uint32_t narrow = (uint32_t)number;
    float single;
    double result;

    if (value->raw.len == 5) {
        memcpy(&single, &narrow, sizeof(single));
        return (double)single;
    }
    if (value->raw.len == 3) {
        uint64_t exponent = number >> 10 & 0x1f;

        if (exponent == 0)
            return (number >> 15 ? -1.0 : 1.0) * (double)(number & 0x3ff) / 16777216.0;
        exponent = exponent == 0x1f ? 0x7ff : exponent - 15 + 1023;
        bits = (number >> 15) << 63 | exponent << 52 | (number & 0x3ff) << 42;
    }
    memcpy(&result, &bits, sizeof(result));
    return result;
}

static void put_float(struct bytes *out, const struct cbor_value *value)
{
    double number = float_of(value);

    if (number - number == 0.0)
        bytes_printf(out, "%.17g", number);
    else
        bytes_text(out, "null"); /* JSON has no infinity. */
}

static void put_scalar(struct bytes *out, const struct cbor_value *value)
{
    switch (value->type) {
    case CBOR_UNSIGNED:
        bytes_printf(out, "%llu", (unsigned long long)value->number);
        break;
    case CBOR_NEGATIVE:
        if (value->number == UINT64_MAX)
            bytes_text(out, "-18446744073709551616");
        else
            bytes_printf(out, "-%llu", (unsigned long long)value->number + 1);
        break;
    case CBOR_BYTES:
        put_base64(out, value->string);
        break;
    case CBOR_TEXT:
        c2pa_json_string(out, value->string);
        break;
    case CBOR_FLOAT:
        put_float(out, value);
        break;
    case CBOR_SIMPLE:
        bytes_printf(out, "\"simple(%llu)\"", (unsigned long long)value->number);
        break;
    default:
        bytes_text(out, value->type == CBOR_TRUE    ? "true"
                        : value->type == CBOR_FALSE ? "false"
                                                    : "null");
    }
}

/* A map becomes an object when all its names are texts, else an array of pairs. */
static bool is_object(const struct cbor_value *map)
{
    for (const struct cbor_value *key = map->first; key; key = key->next->next)
        if (key->type != CBOR_TEXT)
            return false;
    return true;
}

/* Write what stands before value, a map's name too; returns what is to be written then. */
static const struct cbor_value *enter(struct bytes *out, const struct cbor_value *root,
                                      const struct cbor_value *value)
{
    const struct cbor_value *parent = value == root ? NULL : value->parent;
    bool object;

    if (!parent || parent->type == CBOR_TAG)
        return value;
    if (value != parent->first)
        bytes_text(out, ",");
    if (parent->type != CBOR_MAP)
        return value;
    object = is_object(parent);
    if (!object)
        bytes_text(out, "[");
    put_scalar(out, value);
    bytes_text(out, object ? ":" : ",");
    return value->next;
}

/* What closes a value that is done, and the pair that it ends. */
static void leave(struct bytes *out, const struct cbor_value *root,
                  const struct cbor_value *value)
{
    if (value->type == CBOR_ARRAY)
        bytes_text(out, "]");
    else if (value->type == CBOR_MAP)
        bytes_text(out, is_object(value) ? "}" : "]");
    if (value != root && value->parent->type == CBOR_MAP && !is_object(value->parent))
        bytes_text(out, "]");
}

static void put_cbor(struct bytes *out, const struct cbor_value *root)
{
    const struct cbor_value *value = root;

    while (value && out->failed == SH_OK) {
        value = enter(out, root, value);
        if (value->type == CBOR_ARRAY)
            bytes_text(out, "[");
        else if (value->type == CBOR_MAP)
            bytes_text(out, is_object(value) ? "{" : "[");
        else if (value->type != CBOR_TAG)
            put_scalar(out, value);
        if (value->first) {
            value = value->first;
            continue;
        }
        leave(out, root, value);
        while (value != root && !value->next) {
            value = value->parent;
            leave(out, root, value);
        }
        value = value == root ? NULL : value->next;
    }
}

/* ---- JSON ---- */

static void leave_json(struct bytes *out, const struct json_value *value)
{
    if (value->type == JSON_ARRAY)
        bytes_text(out, "]");
    else if (value->type == JSON_OBJECT)
        bytes_text(out, "}");
}

static void enter_json(struct bytes *out, const struct json_value *root,
                       const struct json_value *value)
{
    static const char *const plain[] = {[JSON_NULL] = "null",
                                        [JSON_FALSE] = "false",
                                        [JSON_TRUE] = "true",
                                        [JSON_ARRAY] = "[",
                                        [JSON_OBJECT] = "{"};

    if (value != root && value != value->parent->first)
        bytes_text(out, ",");
    if (value != root && value->parent->type == JSON_OBJECT) {
        c2pa_json_string(out, value->name);
        bytes_text(out, ":");
    }
    if (value->type == JSON_STRING)
        c2pa_json_string(out, value->text);
    else if (value->type == JSON_NUMBER)
        bytes_slice(out, value->text);
    else
        bytes_text(out, plain[value->type]);
}

/* JSON again, with our own escapes; what is none goes as a string. */
static void put_json(struct bytes *out, struct slice raw)
{
    struct json_value *root = NULL;
    struct arena arena;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (json_parse(raw, LIMIT_JSON_DEPTH - AROUND, &arena, &root, NULL) < 0)
        c2pa_json_string(out, raw);
    for (const struct json_value *value = root; value && out->failed == SH_OK;) {
        enter_json(out, root, value);
        if (value->first) {
            value = value->first;
            continue;
        }
        leave_json(out, value);
        while (value != root && !value->next) {
            value = value->parent;
            leave_json(out, value);
        }
        value = value == root ? NULL : value->next;
    }
    arena_release(&arena);
}

/* ---- parts ---- */

static void put_assertion(struct bytes *out, const struct c2pa_assertion *assertion)
{
    static const char *const content[] = {
        [C2PA_CONTENT_NONE] = "none", [C2PA_CONTENT_CBOR] = "cbor",
        [C2PA_CONTENT_JSON] = "json", [C2PA_CONTENT_FILE] = "file",
        [C2PA_CONTENT_UUID] = "uuid", [C2PA_CONTENT_OTHER] = "other"};

    bytes_text(out, "{");
    put_text(out, "label", assertion->label);
    put_text(out, "content", slice_text(content[assertion->content]));
    put_flag(out, "redacted", assertion->redacted);
    put_flag(out, "ambiguous", assertion->ambiguous);
    put_flag(out, "undeclared", !assertion->listed);
    put_fault(out, &assertion->fault);
    if (assertion->content == C2PA_CONTENT_FILE) {
        put_text(out, "media_type", assertion->media_type);
        if (assertion->file_name.len)
            put_text(out, "file_name", assertion->file_name);
        put_flag(out, "external", assertion->external);
    }
    put_number(out, "bytes", assertion->data.len);
    if (assertion->cbor) {
        put_name(out, "data");
        put_cbor(out, assertion->cbor);
    } else if (assertion->content == C2PA_CONTENT_JSON) {
        put_name(out, "data");
        put_json(out, assertion->data);
    }
    bytes_text(out, "}");
}

static void put_list(struct bytes *out, const char *name, const struct slice *items,
                     size_t count)
{
    if (!count)
        return;
    put_name(out, name);
    for (size_t i = 0; i < count; i++) {
        bytes_text(out, i ? "," : "[");
        put_base64(out, items[i]);
    }
    bytes_text(out, "]");
}

static size_t kept(size_t count)
{
    return count < LIMIT_C2PA_TOKENS ? count : LIMIT_C2PA_TOKENS;
}

static void put_signature(struct bytes *out, const struct c2pa_cose *cose)
{
    const char *alg = c2pa_cose_alg_text(cose->alg);

    put_name(out, "signature");
    bytes_text(out, "{");
    put_fault(out, &cose->fault);
    if (cose->fault.kind == C2PA_SOUND) {
        if (cose->has_alg && alg) {
            put_text(out, "alg", slice_text(alg));
        } else if (cose->has_alg) {
            put_name(out, "alg");
            bytes_printf(out, "%lld", (long long)cose->alg);
        }
        put_list(out, "x5chain", cose->chain, cose->chain_count);
        put_list(out, "sigTst2", cose->tokens, kept(cose->token_count));
        put_list(out, "sigTst", cose->tokens_v1, kept(cose->token_v1_count));
        put_list(out, "ocspVals", cose->ocsp, cose->ocsp_count);
        if (cose->has_iat)
            put_number(out, "iat", (uint64_t)cose->iat);
        put_flag(out, "pad_not_zero", cose->pad_not_zero);
        put_name(out, "signature");
        put_base64(out, cose->signature);
    }
    bytes_text(out, "}");
}

static void put_manifest(struct bytes *out, const struct c2pa_manifest *manifest)
{
    bytes_text(out, "{");
    put_text(out, "label", manifest->label);
    put_text(out, "kind", slice_text(manifest->kind == C2PA_UPDATE ? "update" : "standard"));
    put_flag(out, "compressed", manifest->compressed);
    put_flag(out, "ambiguous", manifest->ambiguous);
    put_fault(out, &manifest->fault);
    put_name(out, "claim");
    bytes_text(out, "{");
    put_fault(out, &manifest->claim.fault);
    if (manifest->claim.map) {
        put_number(out, "version", manifest->claim.version);
        put_name(out, "data");
        put_cbor(out, manifest->claim.map);
    }
    bytes_text(out, "}");
    put_signature(out, &manifest->cose);
    put_name(out, "assertions");
    bytes_text(out, "[");
    for (size_t i = 0; i < manifest->assertion_count && out->failed == SH_OK; i++) {
        if (i)
            bytes_text(out, ",");
        put_assertion(out, &manifest->assertions[i]);
    }
    bytes_text(out, "]}");
}

void c2pa_store_json(const struct c2pa_store *store, struct bytes *out)
{
    bytes_text(out, "{");
    put_text(out, "active_manifest", store->active->label);
    put_name(out, "manifests");
    bytes_text(out, "[");
    for (size_t i = 0; i < store->manifest_count && out->failed == SH_OK; i++) {
        if (i)
            bytes_text(out, ",");
        put_manifest(out, &store->manifests[i]);
    }
    bytes_text(out, "]}");
}
