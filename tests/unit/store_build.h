/* Makes small manifest stores, right and wrong in one place at a time. */
#ifndef STORE_BUILD_H
#define STORE_BUILD_H

#include <string.h>

#include "base/base.h"
#include "cbor/cbor.h"
#include "crypt/crypt.h"

static inline size_t box_open(struct bytes *out, const char *type)
{
    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return out->len - 8;
}

static inline void box_close(struct bytes *out, size_t at)
{
    size_t len = out->len - at;

    for (size_t i = 0; i < 4; i++)
        out->ptr[at + i] = (uint8_t)(len >> (24 - 8 * i));
}

/* A superbox with its description; type: four letters, or 16 bytes. */
static inline size_t super_open(struct bytes *out, struct slice type, const char *label)
{
    static const uint8_t tail[] = {0, 0x11, 0, 0x10, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    size_t at = box_open(out, "jumb");
    size_t about = box_open(out, "jumd");

    bytes_slice(out, type);
    if (type.len == 4)
        bytes_append(out, tail, sizeof(tail));
    bytes_u8(out, 3);
    bytes_append(out, label, strlen(label) + 1);
    box_close(out, about);
    return at;
}

static inline size_t letters_open(struct bytes *out, const char *type, const char *label)
{
    return super_open(out, slice_of(type, 4), label);
}

static inline void content_put(struct bytes *out, const char *type, struct slice content)
{
    size_t at = box_open(out, type);

    bytes_slice(out, content);
    box_close(out, at);
}

/* A superbox with one content box of the same type. */
static inline void simple_put(struct bytes *out, const char *type, const char *label,
                              struct slice content)
{
    size_t at = letters_open(out, type, label);

    content_put(out, type, content);
    box_close(out, at);
}

/* ---- a manifest ---- */

struct build {
    const char *label;      /* of the manifest */
    const char *type;       /* "c2ma" */
    const char *claim;      /* label of the claim; NULL: c2pa.claim.v2 */
    struct slice claim_raw; /* instead of the good one */
    struct slice cose_raw;  /* instead of the good one */
    const char *prefix;     /* of the claim's references; NULL: self#jumbf= */
    const char *stray;      /* letters of a box in the assertion store that is no superbox */
    const char *part;       /* letters of one more box, labelled x */
    const char *extra_key;  /* one more field of the claim: a text of one letter */
    unsigned claims;        /* 0 is one; 9 is none */
    bool twice;             /* the first assertion stands there twice */
    bool no_store;          /* no assertion store */
    bool no_alg;            /* no alg in the claim */
    bool no_name;           /* claim_generator_info without a name */
    const char *hash_alg;   /* alg in the reference, with that hash; NULL: none, sha256 */
    struct slice redact;    /* content of a third, unlisted assertion's uuid box */
};

static inline void put_reference(struct bytes *out, const struct build *build,
                                 const char *label, struct slice box)
{
    uint8_t digest[CRYPT_DIGEST_MAX];
    struct bytes url;
    enum crypt_hash hash = CRYPT_SHA256;

    if (build->hash_alg && strcmp(build->hash_alg, "sha512") == 0)
        hash = CRYPT_SHA512;
    if (build->hash_alg && strcmp(build->hash_alg, "sha384") == 0)
        hash = CRYPT_SHA384;
    bytes_init(&url, 1000);
    bytes_printf(&url, "%sc2pa.assertions/%s",
                 build->prefix ? build->prefix : "self#jumbf=", label);
    crypto.digest(hash, slice_sub(box, 8, box.len - 8), digest);
    cbor_put_map(out, build->hash_alg ? 3 : 2);
    cbor_put_text(out, "url");
    cbor_put_slice(out, bytes_view(&url));
    if (build->hash_alg) {
        cbor_put_text(out, "alg");
        cbor_put_text(out, build->hash_alg);
    }
    cbor_put_text(out, "hash");
    cbor_put_bytes(out, slice_of(digest, crypt_hash_bytes(hash)));
    bytes_release(&url);
}

static inline void put_claim(struct bytes *out, const struct build *build, struct slice a,
                             struct slice b)
{
    cbor_put_map(out, 4u + (build->no_alg ? 0 : 1) + (build->extra_key ? 1 : 0));
    cbor_put_text(out, "instanceID");
    cbor_put_text(out, "xmp:iid:1");
    cbor_put_text(out, "claim_generator_info");
    cbor_put_map(out, 1);
    cbor_put_text(out, build->no_name ? "version" : "name");
    cbor_put_text(out, "maker <b>\xe2\x80\xae");
    cbor_put_text(out, "signature");
    cbor_put_text(out, "self#jumbf=c2pa.signature");
    cbor_put_text(out, "created_assertions");
    cbor_put_array(out, 2);
    put_reference(out, build, "org.a", a);
    put_reference(out, build, "org.b__2", b);
    if (!build->no_alg) {
        cbor_put_text(out, "alg");
        cbor_put_text(out, "sha256");
    }
    if (build->extra_key) {
        cbor_put_text(out, build->extra_key);
        cbor_put_text(out, "x");
    }
}

static inline void put_cose(struct bytes *out)
{
    /* 18([h'a2 0126 1821 4163', {}, null, 64 bytes]) */
    static const uint8_t head[] = {0xd2, 0x84, 0x47, 0xa2, 0x01, 0x26, 0x18,
                                   0x21, 0x41, 0x63, 0xa0, 0xf6, 0x58, 0x40};

    bytes_append(out, head, sizeof(head));
    for (size_t i = 0; i < 64; i++)
        bytes_u8(out, (uint8_t)i);
}

static inline void put_assertions(struct bytes *out, const struct build *build, struct slice a,
                                  struct slice b)
{
    size_t store = letters_open(out, "c2as", "c2pa.assertions");

    bytes_slice(out, a);
    if (build->twice)
        bytes_slice(out, a);
    bytes_slice(out, b);
    if (build->stray)
        content_put(out, build->stray, slice_text("hidden"));
    if (build->redact.len)
        simple_put(out, "uuid", "org.c.v4", build->redact);
    box_close(out, store);
}

static inline void put_manifest(struct bytes *out, const struct build *build)
{
    struct bytes a, b, part;
    size_t at = letters_open(out, build->type, build->label);
    size_t signature;

    bytes_init(&a, 4096);
    bytes_init(&b, 4096);
    bytes_init(&part, 65536);
    simple_put(&a, "cbor", "org.a", slice_text("\xa1\x61k\x41\xff"));
    simple_put(&b, "json", "org.b__2", slice_text("{\"t\":\"\\u202e\xe2\x80\xae\"}"));
    if (!build->no_store)
        put_assertions(out, build, bytes_view(&a), bytes_view(&b));
    if (!build->claim_raw.len)
        put_claim(&part, build, bytes_view(&a), bytes_view(&b));
    for (unsigned i = 0; i < (build->claims == 9 ? 0
                              : build->claims    ? build->claims
                                                 : 1);
         i++) {
        size_t claim = letters_open(out, "c2cl", build->claim ? build->claim : "c2pa.claim.v2");

        content_put(out, "cbor", build->claim_raw.len ? build->claim_raw : bytes_view(&part));
        box_close(out, claim);
    }
    bytes_clear(&part);
    put_cose(&part);
    signature = letters_open(out, "c2cs", "c2pa.signature");
    content_put(out, "cbor", build->cose_raw.len ? build->cose_raw : bytes_view(&part));
    box_close(out, signature);
    if (build->part) {
        signature = letters_open(out, build->part, "x");
        content_put(out, "cbor", slice_text("\xa0"));
        box_close(out, signature);
    }
    box_close(out, at);
    bytes_release(&a);
    bytes_release(&b);
    bytes_release(&part);
}

#endif
