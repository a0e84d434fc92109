/* Private to the writer of c2pa: boxes, assertions, the signature. */
#ifndef C2PA_WRITE_INT_H
#define C2PA_WRITE_INT_H

#include "c2pa/write.h"

/* The number in width bytes, the highest first. */
static inline uint64_t c2pa_big_endian(const uint8_t *at, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

/* ---- boxes (write_jumbf.c) ---- */

/* A box: mark = c2pa_box_open(out, "jumb"); its content; c2pa_box_close(out, mark). */
size_t c2pa_box_open(struct bytes *out, const char type[4]);
void c2pa_box_close(struct bytes *out, size_t mark);
/* The same for a superbox: type is that of its description ("c2ma"), label may not be NULL. */
size_t c2pa_superbox_open(struct bytes *out, const char type[4], const char *label);
/* A superbox with one content box of CBOR. */
void c2pa_superbox_cbor(struct bytes *out, const char type[4], const char *label,
                        struct slice cbor);
/* SHA-256 of the superbox that lies at [mark, out->len), as a hashed URI has it. */
void c2pa_superbox_hash(struct slice superbox, uint8_t hash[CRYPT_DIGEST_BYTES]);

/* ---- the parent's store (write_parent.c) ---- */

struct c2pa_parent {
    struct slice manifests; /* superboxes of all manifests in its store, */
    struct slice updates;   /* and in its box `update` */
    struct slice label;     /* of the active one */
    struct slice signature_label;
    enum crypt_hash alg; /* of its claim; the two hashes are by it */
    uint8_t manifest_hash[CRYPT_DIGEST_MAX];
    uint8_t signature_hash[CRYPT_DIGEST_MAX];
};
/* updates: the store in the box `update`, or empty; then the active one lies there. */
MUST_CHECK int c2pa_parent_read(struct slice store, struct slice updates,
                                struct c2pa_parent *out, struct why *why);

/* ---- assertions (write_assert.c) ---- */

#define C2PA_WRITE_ASSERTIONS 5 /* at most, in one manifest */

struct c2pa_listed {
    const char *label;
    uint8_t hash[CRYPT_DIGEST_BYTES];
};

struct c2pa_making {
    const struct c2pa_write *write;
    const uint8_t *hash; /* of the file */
    bool measure;        /* no row is read */
    bool blank;          /* nothing is signed: zeros instead */
    struct c2pa_parent parent;
    bool has_parent; /* with a store */
    struct c2pa_listed listed[C2PA_WRITE_ASSERTIONS];
    size_t listed_count;
    struct bytes claim;
    size_t cose_at; /* where the COSE_Sign1 begins in what is appended to */
};
/* Append the assertion store and note each assertion in listed. */
void c2pa_put_assertions(struct c2pa_making *making, struct bytes *out);
/* {url, hash} of something in the same manifest, or anywhere. */
void c2pa_put_hashed_uri(struct bytes *out, struct slice url,
                         const uint8_t hash[CRYPT_DIGEST_BYTES]);

/* ---- the signature (write_cose.c) ---- */

/* Append the COSE_Sign1 over a claim; blank: with zeros in the place of signature and token. */
MUST_CHECK int c2pa_put_cose(const struct c2pa_write_signer *signer, struct slice claim,
                             bool blank, struct bytes *out, struct why *why);

#endif
