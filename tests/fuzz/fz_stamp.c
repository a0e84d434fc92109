/*
 * Time stamps: a token or a server's whole answer.  What is read borrows from the input; nobody
 * is trusted without an anchor; a signature is said to hold only over the bytes that were read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/crypt.h"
#include "stamp/stamp.h"
#include "x509/x509.h"

static void inside(struct slice part, struct slice whole)
{
    if (part.len && (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len))
        abort();
}

static void judge(const struct stamp *stamp)
{
    struct stamp_judgement judgement;
    struct x509_anchor anchor = {.not_after = UINT64_MAX};
    uint8_t digest[CRYPT_DIGEST_MAX];

    stamp_judge(stamp, slice_text("who is still here"), NULL, &judgement);
    if (judgement.verdict == STAMP_TRUSTED || !judgement.why.text[0])
        abort();
    if (judgement.signature) {
        crypto.digest(stamp->digest_by, stamp->info, digest);
        if (!stamp->signer ||
            memcmp(digest, stamp->digest_said.ptr, stamp->digest_said.len) != 0)
            abort();
    }
    if (!stamp->cert_count)
        return;
    anchor.cert = stamp->certs[0];
    stamp_judge(stamp, slice_text("who is still here"), &anchor, &judgement);
    if (judgement.verdict == STAMP_TRUSTED && !(judgement.signature && judgement.imprint))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice whole = slice_of(data, size), token = whole;
    struct stamp_query query = {.hash = CRYPT_SHA256, .message = slice_text("m")};
    struct stamp *stamp;
    struct arena arena;

    arena_init(&arena, 2u << 20);
    if (stamp_response(whole, &token, NULL) == SH_OK) {
        inside(token, whole);
        if (stamp_answer(&query, whole, &arena, &token, NULL) == SH_OK)
            abort(); /* Nobody asked with a nonce of zero. */
    }
    if (stamp_parse(token, &arena, &stamp, NULL) == SH_OK) {
        inside(stamp->info, whole);
        inside(stamp->imprint, whole);
        inside(stamp->nonce, whole);
        inside(stamp->tsa_name, whole);
        inside(stamp->signature, whole);
        inside(stamp->cert_said, whole);
        inside(stamp->serial_said, whole);
        for (size_t i = 0; i < stamp->cert_count; i++)
            inside(stamp->certs[i].raw, whole);
        judge(stamp);
    }
    arena_release(&arena);
    return 0;
}
