/* The signature of a claim: COSE_Sign1 (C2PA 13.2, RFC 9052 4.2), with a time stamp in it. */
#include "c2pa/write_int.h"

#include <string.h>

#include "cbor/cbor.h"

#define COSE_SIGN1 18
#define LABEL_ALG 1
#define LABEL_X5CHAIN 33
#define CBOR_HEAD_BYTES 9 /* the longest head */

static uint64_t head_bytes(uint64_t value)
{
    return value < 24 ? 1 : value < 256 ? 2 : value < 65536 ? 3 : value <= UINT32_MAX ? 5 : 9;
}

static void protected_put(struct bytes *out, const struct c2pa_write_signer *signer)
{
    cbor_put_map(out, 2);
    cbor_put_unsigned(out, LABEL_ALG);
    cbor_put_integer(out, signer->alg);
    cbor_put_unsigned(out, LABEL_X5CHAIN);
    if (signer->chain_count > 1)
        cbor_put_array(out, signer->chain_count);
    for (size_t i = 0; i < signer->chain_count; i++)
        cbor_put_bytes(out, signer->chain[i]);
}

/* RFC 9052 4.4; what is signed is the bytes of the claim, or what is stamped. */
static void structure_put(struct bytes *out, const char *context, struct slice protected,
                          struct slice payload)
{
    cbor_put_array(out, 4);
    cbor_put_text(out, context);
    cbor_put_bytes(out, protected);
    cbor_put_bytes(out, slice_of(NULL, 0));
    cbor_put_bytes(out, payload);
}

static int stamp_get(const struct c2pa_write_signer *signer, struct slice protected,
                     struct slice signature, struct bytes *token, struct why *why)
{
    struct bytes inner, message;
    int rc;

    bytes_init(&inner, signature.len + CBOR_HEAD_BYTES);
    bytes_init(&message, LIMIT_C2PA_STORE_BYTES);
    /* C2PA 10.3.2.5.2: the payload is the signature as the CBOR item that it is. */
    cbor_put_bytes(&inner, signature);
    structure_put(&message, "CounterSignature", protected, bytes_view(&inner));
    rc = inner.failed ? bytes_check(&inner, why) : bytes_check(&message, why);
    if (rc == SH_OK)
        rc = signer->stamp(signer->ctx, bytes_view(&message), token, why);
    if (rc == SH_OK)
        rc = bytes_check(token, why);
    if (rc == SH_OK && !token->len)
        rc = why_set(why, SH_EARG, WHY_NOWHERE, "credentials: an empty time stamp");
    bytes_release(&inner);
    bytes_release(&message);
    return rc;
}

/*
 * The unprotected map: the token, and zeros in pad, and where no length of pad would do, pad2,
 * so that all is as long as with a token of signer->stamp_bytes and an empty pad.
 */
static void unprotected_put(struct bytes *out, const struct c2pa_write_signer *signer,
                            struct slice token)
{
    static const uint8_t zeros[64];
    uint64_t spare, pad;
    bool second;

    if (!signer->stamp) {
        cbor_put_map(out, 0);
        return;
    }
    spare = signer->stamp_bytes + head_bytes(signer->stamp_bytes) - token.len -
            head_bytes(token.len);
    /* What a pad of `pad` bytes is longer than an empty one: pad + its head - 1. */
    pad = spare + 1 - head_bytes(spare);
    while (pad + head_bytes(pad) - 1 < spare)
        pad++;
    second = pad + head_bytes(pad) - 1 != spare;
    if (second) {
        /* "pad2" and an empty string are 6 bytes; what is left is a length that exists. */
        spare -= 6;
        pad = spare + 1 - head_bytes(spare);
        while (pad + head_bytes(pad) - 1 < spare)
            pad++;
    }
    cbor_put_map(out, 2u + second);
    cbor_put_text(out, "pad");
    cbor_put_bytes_head(out, pad);
    for (; pad; pad -= pad < sizeof(zeros) ? pad : sizeof(zeros))
        bytes_append(out, zeros, pad < sizeof(zeros) ? (size_t)pad : sizeof(zeros));
    if (second) {
        cbor_put_text(out, "pad2");
        cbor_put_bytes(out, slice_of(NULL, 0));
    }
    cbor_put_text(out, "sigTst2");
    cbor_put_map(out, 1);
    cbor_put_text(out, "tstTokens");
    cbor_put_array(out, 1);
    cbor_put_map(out, 1);
    cbor_put_text(out, "val");
    cbor_put_bytes(out, token);
}

/* The signature into signature[0 .. signature_bytes). */
static int sign(const struct c2pa_write_signer *signer, struct slice protected,
                struct slice claim, uint8_t *signature, struct why *why)
{
    struct bytes message;
    int rc;

    bytes_init(&message, LIMIT_C2PA_STORE_BYTES);
    structure_put(&message, "Signature1", protected, claim);
    rc = bytes_check(&message, why);
    if (rc == SH_OK)
        rc = signer->sign(signer->ctx, bytes_view(&message), signature, why);
    bytes_release(&message);
    return rc;
}

/* len zeros, already counted; NULL when there is no memory. */
static uint8_t *zeros_put(struct bytes *out, size_t len)
{
    uint8_t *room = bytes_room(out, len);

    if (room) {
        memset(room, 0, len);
        out->len += len;
    }
    return room;
}

static void cose_put(const struct c2pa_write_signer *signer, struct slice protected,
                     struct slice signature, struct slice token, struct bytes *out)
{
    cbor_put_tag(out, COSE_SIGN1);
    cbor_put_array(out, 4);
    cbor_put_bytes(out, protected);
    unprotected_put(out, signer, token);
    cbor_put_null(out);
    cbor_put_bytes(out, signature);
}

int c2pa_put_cose(const struct c2pa_write_signer *signer, struct slice claim, bool blank,
                  struct bytes *out, struct why *why)
{
    struct bytes protected, token, signature;
    uint8_t *room;
    int rc;

    bytes_init(&protected, LIMIT_C2PA_STORE_BYTES);
    bytes_init(&token, signer->stamp_bytes ? signer->stamp_bytes : 1);
    bytes_init(&signature, signer->signature_bytes);
    protected_put(&protected, signer);
    rc = bytes_check(&protected, why);
    room = zeros_put(&signature, signer->signature_bytes);
    if (rc == SH_OK && !room)
        rc = bytes_check(&signature, why);
    if (rc == SH_OK && !blank)
        rc = sign(signer, bytes_view(&protected), claim, room, why);
    if (rc == SH_OK && !blank && signer->stamp)
        rc = stamp_get(signer, bytes_view(&protected), bytes_view(&signature), &token, why);
    if (rc == SH_OK && blank && signer->stamp && !zeros_put(&token, signer->stamp_bytes))
        rc = bytes_check(&token, why);
    if (rc == SH_OK) {
        cose_put(signer, bytes_view(&protected), bytes_view(&signature), bytes_view(&token),
                 out);
        rc = bytes_check(out, why);
    }
    bytes_release(&protected);
    bytes_release(&token);
    bytes_release(&signature);
    return rc;
}

int c2pa_write_cose(const struct c2pa_write_signer *signer, struct slice claim,
                    struct bytes *cose, struct why *why)
{
    return c2pa_put_cose(signer, claim, false, cose, why);
}
