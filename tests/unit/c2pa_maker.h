/*
 * Manifest stores as a test wants them, good or bad: assertions are written as JSON and become
 * CBOR.  In it, a text "@LABEL" becomes the hashed URI of that assertion of the same manifest,
 * "@/c2pa/M..." that of a part made before, "#6869" bytes, "0:TEXT" a date (tag 0), "!" in
 * front of "@" spoils the hash.
 */
#ifndef TESTS_UNIT_C2PA_MAKER_H
#define TESTS_UNIT_C2PA_MAKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/c2pa.h"
#include "c2pa/store.h"
#include "cbor/cbor.h"
#include "crypt/crypt.h"
#include "json/json.h"

#define MAKER_PARTS 200
#define MAKER_NOW 1795450000u /* 2026-11-23 */

struct maker_part {
    char uri[200];
    uint8_t hash[CRYPT_DIGEST_BYTES];
};

struct maker_key {
    struct crypt_signer *signer;
    int64_t alg;           /* COSE; of the key unless a test lies */
    struct crypt_alg sign; /* scheme 0: that of the key */
    struct slice chain[4];
    size_t count;
    bool old_chain;           /* as the text x5chain, unprotected */
    bool both_chains;         /* there and where it belongs */
    struct slice unprotected; /* pairs (name and value) for the unprotected map; or empty */
    unsigned more_pairs;      /* in it, beside the first */
    struct slice fixed;       /* a signature made before; empty: it is made */
    bool iat;
};

struct maker_assertion {
    const char *label;
    const char *json; /* NULL: none; "json:..." a JSON box; "raw:HEX" what is no CBOR */
    bool gathered;
    bool unlisted;
    bool zeros; /* redacted: the UUID and zeros */
};

struct maker_manifest {
    const char *label;
    const char *type;  /* "c2ma" when NULL */
    const char *claim; /* label; "c2pa.claim.v2" when NULL */
    const char *extra; /* JSON object: further members of the claim, or other values */
    const struct maker_assertion *assertions;
    size_t count;
    const struct maker_key *key;
    const char *listed; /* a further entry of created_assertions, as JSON; or NULL */
};

struct maker {
    struct bytes manifests;
    struct maker_part parts[MAKER_PARTS];
    size_t part_count;
    const char *manifest; /* label of the one at hand */
};

static inline struct slice maker_load(const char *name)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[2000];
    FILE *in;
    uint8_t *all;
    long size;

    if (name[0] == '/')
        (void)snprintf(path, sizeof path, "%s", name);
    else if (shared)
        (void)snprintf(path, sizeof path, "%s/vectors/%s", shared, name);
    else
        (void)snprintf(path, sizeof path, "%s/../shared/vectors/%s", source ? source : ".",
                       name);
    in = fopen(path, "rb");
    if (!in)
        return (struct slice){0};
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size = ftell(in);
    rewind(in);
    all = malloc((size_t)size + 1);
    assert_non_null(all);
    assert_int_equal(fread(all, 1, (size_t)size, in), (size_t)size);
    (void)fclose(in);
    return slice_of(all, (size_t)size);
}

static inline void maker_free(struct slice all)
{
    free((void *)(uintptr_t)all.ptr);
}

/* ---- boxes ------------------------------------------------------------------------------ */

static size_t box_open(struct bytes *out, const char *type)
{
    size_t mark = out->len;

    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return mark;
}

static void box_close(struct bytes *out, size_t mark)
{
    uint32_t len = (uint32_t)(out->len - mark);

    for (int i = 0; i < 4; i++)
        out->ptr[mark + (size_t)i] = (uint8_t)(len >> (24 - 8 * i));
}

static size_t super_open(struct bytes *out, const char *type, const char *label)
{
    static const uint8_t tail[] = {0, 0x11, 0, 0x10, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    size_t mark = box_open(out, "jumb"), jumd = box_open(out, "jumd");

    bytes_append(out, type, 4);
    bytes_append(out, tail, sizeof(tail));
    bytes_u8(out, 3);
    bytes_append(out, label, strlen(label) + 1);
    box_close(out, jumd);
    return mark;
}

static void maker_note(struct maker *maker, const char *path, struct slice box)
{
    struct maker_part *part = &maker->parts[maker->part_count++];

    assert_true(maker->part_count <= MAKER_PARTS);
    (void)snprintf(part->uri, sizeof part->uri, "/c2pa/%s%s", maker->manifest, path);
    crypto.sha256(slice_sub(box, 8, box.len - 8), part->hash);
}

/* ---- JSON to CBOR ----------------------------------------------------------------------- */

static void put_reference(struct maker *maker, struct slice text, bool spoil, struct bytes *out)
{
    char wanted[300], url[320];
    uint8_t hash[CRYPT_DIGEST_BYTES] = {0};

    if (text.ptr[0] == '/') {
        (void)snprintf(wanted, sizeof wanted, "%.*s", (int)text.len, (const char *)text.ptr);
        (void)snprintf(url, sizeof url, "self#jumbf=%s", wanted);
    } else {
        (void)snprintf(wanted, sizeof wanted, "/c2pa/%s/c2pa.assertions/%.*s", maker->manifest,
                       (int)text.len, (const char *)text.ptr);
        (void)snprintf(url, sizeof url, "self#jumbf=c2pa.assertions/%.*s", (int)text.len,
                       (const char *)text.ptr);
    }
    for (size_t i = 0; i < maker->part_count; i++)
        if (strcmp(maker->parts[i].uri, wanted) == 0)
            memcpy(hash, maker->parts[i].hash, sizeof(hash));
    hash[0] ^= spoil;
    cbor_put_map(out, 2);
    cbor_put_text(out, "url");
    cbor_put_text(out, url);
    cbor_put_text(out, "hash");
    cbor_put_bytes(out, slice_of(hash, sizeof(hash)));
}

static void put_string(struct maker *maker, struct slice text, struct bytes *out)
{
    uint8_t raw[10000];

    if (slice_starts(text, "@"))
        put_reference(maker, slice_sub(text, 1, text.len - 1), false, out);
    else if (slice_starts(text, "!@"))
        put_reference(maker, slice_sub(text, 2, text.len - 2), true, out);
    else if (slice_starts(text, "#")) {
        assert_true(text.len / 2 <= sizeof raw);
        assert_true(hex_parse(slice_sub(text, 1, text.len - 1), raw, text.len / 2));
        cbor_put_bytes(out, slice_of(raw, text.len / 2));
    } else if (slice_starts(text, "0:")) {
        cbor_put_tag(out, 0);
        cbor_put_slice(out, slice_sub(text, 2, text.len - 2));
    } else
        cbor_put_slice(out, text);
}

static void put_json(struct maker *maker, const struct json_value *root, struct bytes *out)
{
    uint64_t number = 0;

    for (const struct json_value *value = root; value; value = json_walk(root, value)) {
        if (value != root && value->parent && value->parent->type == JSON_OBJECT)
            cbor_put_slice(out, value->name);
        switch (value->type) {
        case JSON_OBJECT:
            cbor_put_map(out, value->count);
            break;
        case JSON_ARRAY:
            cbor_put_array(out, value->count);
            break;
        case JSON_STRING:
            put_string(maker, value->text, out);
            break;
        case JSON_NUMBER:
            assert_true(json_integer(value, JSON_INTEGER_MAX, &number));
            cbor_put_unsigned(out, number);
            break;
        case JSON_NULL:
            cbor_put_null(out);
            break;
        default:
            cbor_put_bool(out, value->type == JSON_TRUE);
        }
    }
}

static void put_text_json(struct maker *maker, const char *text, struct bytes *out)
{
    struct arena arena;
    struct json_value *root = NULL;
    struct why why = {0};

    arena_init(&arena, 4u << 20);
    if (json_parse(slice_text(text), 32, &arena, &root, &why) != 0)
        fail_msg("%s: %s", text, why.text);
    put_json(maker, root, out);
    arena_release(&arena);
}

/* ---- a manifest ------------------------------------------------------------------------- */

static void put_assertion(struct maker *maker, const struct maker_assertion *one,
                          struct bytes *out)
{
    static const uint8_t gone[] = {0xca, 0xa9, 0x8e, 0xee, 0x9d, 0x4d, 0xf8, 0x0e,
                                   0x86, 0xad, 0x4d, 0xff, 0xca, 0x26, 0x39, 0x73};
    bool json = one->json && strncmp(one->json, "json:", 5) == 0;
    bool raw = one->json && strncmp(one->json, "raw:", 4) == 0;
    size_t mark = super_open(out, json ? "json" : "cbor", one->label);
    size_t box = box_open(out, one->zeros ? "uuid" : json ? "json" : "cbor");
    uint8_t bytes[300];
    char path[200];

    if (one->zeros) {
        bytes_append(out, gone, sizeof(gone));
        bytes_u64(out, 0);
    } else if (json)
        bytes_text(out, one->json + 5);
    else if (raw) {
        assert_true(hex_parse(slice_text(one->json + 4), bytes, strlen(one->json + 4) / 2));
        bytes_append(out, bytes, strlen(one->json + 4) / 2);
    } else
        put_text_json(maker, one->json ? one->json : "{}", out);
    box_close(out, box);
    box_close(out, mark);
    (void)snprintf(path, sizeof path, "/c2pa.assertions/%s", one->label);
    maker_note(maker, path, slice_of(out->ptr + mark, out->len - mark));
}

static size_t count_list(const struct maker_manifest *what, bool gathered)
{
    size_t count = !gathered && what->listed;

    for (size_t i = 0; i < what->count; i++)
        count += !what->assertions[i].unlisted && what->assertions[i].gathered == gathered;
    return count;
}

static void put_list(struct maker *maker, const struct maker_manifest *what, bool gathered,
                     struct bytes *out)
{
    cbor_put_array(out, count_list(what, gathered));
    for (size_t i = 0; i < what->count; i++)
        if (!what->assertions[i].unlisted && what->assertions[i].gathered == gathered)
            put_reference(maker, slice_text(what->assertions[i].label), false, out);
    if (!gathered && what->listed)
        put_text_json(maker, what->listed, out);
}

/* Each member unless extra has it too: then extra's, or none when that is null. */
static void put_claim(struct maker *maker, const struct maker_manifest *what, struct bytes *out)
{
    static const char *const fixed[] = {"instanceID", "xmp:iid:1", "alg", "sha256"};
    bool old = what->claim && strcmp(what->claim, "c2pa.claim") == 0;
    struct arena arena;
    struct json_value *extra = NULL;
    struct bytes body = {0};
    size_t pairs = 0;
    char signature[300];

    arena_init(&arena, 1u << 20);
    bytes_init(&body, 1u << 20);
    if (what->extra)
        assert_int_equal(json_parse(slice_text(what->extra), 32, &arena, &extra, NULL), 0);
    for (size_t i = 0; i < 4; i += 2)
        if (!extra || !json_member(extra, fixed[i])) {
            cbor_put_text(&body, fixed[i]);
            cbor_put_text(&body, fixed[i + 1]);
            pairs++;
        }
    if (!extra || !json_member(extra, "signature")) {
        (void)snprintf(signature, sizeof signature, "self#jumbf=/c2pa/%s/c2pa.signature",
                       what->label);
        cbor_put_text(&body, "signature");
        cbor_put_text(&body, signature);
        pairs++;
    }
    if (old) {
        cbor_put_text(&body, "claim_generator");
        cbor_put_text(&body, "maker/1");
        pairs++;
    } else if (!extra || !json_member(extra, "claim_generator_info")) {
        cbor_put_text(&body, "claim_generator_info");
        cbor_put_map(&body, 1);
        cbor_put_text(&body, "name");
        cbor_put_text(&body, "maker");
        pairs++;
    }
    if (!extra || !json_member(extra, "created_assertions")) {
        cbor_put_text(&body, old ? "assertions" : "created_assertions");
        put_list(maker, what, false, &body);
        pairs++;
    }
    if (count_list(what, true)) {
        cbor_put_text(&body, "gathered_assertions");
        put_list(maker, what, true, &body);
        pairs++;
    }
    for (const struct json_value *one = extra ? extra->first : NULL; one; one = one->next) {
        if (one->type == JSON_NULL)
            continue;
        cbor_put_slice(&body, one->name);
        put_json(maker, one, &body);
        pairs++;
    }
    cbor_put_map(out, pairs);
    bytes_slice(out, bytes_view(&body));
    assert_int_equal(body.failed, 0);
    bytes_release(&body);
    arena_release(&arena);
}

static void put_chain(const struct maker_key *key, struct bytes *out)
{
    if (key->count == 1) {
        cbor_put_bytes(out, key->chain[0]);
        return;
    }
    cbor_put_array(out, key->count);
    for (size_t i = 0; i < key->count; i++)
        cbor_put_bytes(out, key->chain[i]);
}

static void put_cose(const struct maker_key *key, struct slice claim, struct bytes *out)
{
    struct bytes head = {0}, message = {0}, signature = {0};
    struct crypt_alg alg = key->sign;
    bool chained = !key->old_chain || key->both_chains;
    bool outside = key->old_chain || key->both_chains;

    bytes_init(&head, 1u << 20);
    bytes_init(&message, 1u << 20);
    bytes_init(&signature, 8192);
    cbor_put_map(&head, 1u + chained + key->iat);
    cbor_put_unsigned(&head, 1);
    cbor_put_integer(&head, key->alg);
    if (chained && key->count) {
        cbor_put_unsigned(&head, 33);
        put_chain(key, &head);
    } else if (chained) {
        cbor_put_unsigned(&head, 34);
        cbor_put_null(&head);
    }
    if (key->iat) {
        cbor_put_text(&head, "iat");
        cbor_put_tag(&head, 1);
        cbor_put_unsigned(&head, MAKER_NOW - 60);
    }
    cbor_put_array(&message, 4);
    cbor_put_text(&message, "Signature1");
    cbor_put_bytes(&message, bytes_view(&head));
    cbor_put_bytes(&message, (struct slice){0});
    cbor_put_bytes(&message, claim);
    if (alg.scheme == 0)
        crypt_signer_alg(key->signer, &alg);
    if (key->fixed.len)
        bytes_slice(&signature, key->fixed);
    else
        assert_int_equal(
            crypt_signer_sign(key->signer, &alg, bytes_view(&message), &signature, NULL), 0);
    cbor_put_tag(out, 18);
    cbor_put_array(out, 4);
    cbor_put_bytes(out, bytes_view(&head));
    cbor_put_map(out, (uint64_t)outside + (key->unprotected.len > 0) + key->more_pairs);
    if (outside) {
        cbor_put_text(out, "x5chain");
        put_chain(key, out);
    }
    bytes_slice(out, key->unprotected);
    cbor_put_null(out);
    cbor_put_bytes(out, bytes_view(&signature));
    bytes_release(&head);
    bytes_release(&message);
    bytes_release(&signature);
}

static void maker_init(struct maker *maker)
{
    memset(maker, 0, sizeof(*maker));
    bytes_init(&maker->manifests, 8u << 20);
}

static void maker_add(struct maker *maker, const struct maker_manifest *what)
{
    struct bytes *out = &maker->manifests;
    struct bytes claim = {0};
    size_t all, mark, box;

    maker->manifest = what->label;
    bytes_init(&claim, 1u << 20);
    all = super_open(out, what->type ? what->type : "c2ma", what->label);
    mark = super_open(out, "c2as", "c2pa.assertions");
    for (size_t i = 0; i < what->count; i++)
        put_assertion(maker, &what->assertions[i], out);
    box_close(out, mark);
    put_claim(maker, what, &claim);
    mark = super_open(out, "c2cl", what->claim ? what->claim : "c2pa.claim.v2");
    box = box_open(out, "cbor");
    bytes_slice(out, bytes_view(&claim));
    box_close(out, box);
    box_close(out, mark);
    mark = super_open(out, "c2cs", "c2pa.signature");
    box = box_open(out, "cbor");
    put_cose(what->key, bytes_view(&claim), out);
    box_close(out, box);
    box_close(out, mark);
    maker_note(maker, "/c2pa.signature", slice_of(out->ptr + mark, out->len - mark));
    box_close(out, all);
    maker_note(maker, "", slice_of(out->ptr + all, out->len - all));
    assert_int_equal(out->failed, 0);
    bytes_release(&claim);
}

static void maker_store(struct maker *maker, struct bytes *out)
{
    size_t mark;

    bytes_init(out, 8u << 20);
    mark = super_open(out, "c2pa", "c2pa");
    bytes_slice(out, bytes_view(&maker->manifests));
    box_close(out, mark);
    bytes_release(&maker->manifests);
}

#endif
