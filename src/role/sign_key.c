/* The signer of a key that somebody brings: holds it for the time of one signature. */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "cage/cage.h"
#include "cbor/cbor.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "proc/proc.h"

#define ALG_BYTES 8 /* scheme, hash and length of a signature, in a report */

struct key_task {
    const struct role_key *key;
    struct slice message; /* empty: only say what the key is */
};

/* Whatever way it goes, what was read of the file is wiped. */
static int key_open(const struct role_key *key, struct crypt_signer **out, struct why *why)
{
    struct bytes pem, spki;
    int rc;

    bytes_init(&pem, LIMIT_KEY_PEM_BYTES);
    bytes_init(&spki, LIMIT_KEY_PEM_BYTES);
    if (lseek(key->fd, 0, SEEK_SET) < 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE,
                     "the key cannot be read a second time: give a "
                     "file, not a pipe");
    else
        rc = io_read_fd(key->fd, &pem, why);
    if (rc == SH_OK)
        rc = crypt_signer_open(bytes_view(&pem), out, why);
    if (pem.ptr)
        wipe(pem.ptr, pem.cap);
    bytes_release(&pem);
    if (rc == SH_OK)
        rc = crypt_signer_public(*out, &spki, why);
    if (rc == SH_OK && !slice_equal(bytes_view(&spki), key->spki))
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "the key is not the one of the certificate, which must come first in its "
                     "file");
    bytes_release(&spki);
    return rc;
}

/*
 * The one purpose of a signature here: a claim that names this program (RFC 9052 4.4, C2PA
 * 10.3.2.4).
 */
static int purpose_check(struct slice message, struct why *why)
{
    const struct cbor_value *payload, *info, *name;
    struct cbor_value *root, *claim;
    struct arena arena;
    bool held = false;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = cbor_parse(message, LIMIT_CBOR_DEPTH, &arena, &root, why);
    if (rc == SH_OK && root->type == CBOR_ARRAY && root->count == 4 &&
        root->first->type == CBOR_TEXT &&
        slice_equal(root->first->string, slice_text("Signature1"))) {
        payload = root->first->next->next->next;
        if (payload->type == CBOR_BYTES)
            rc = cbor_parse(payload->string, LIMIT_CBOR_DEPTH, &arena, &claim, why);
        info = rc == SH_OK && payload->type == CBOR_BYTES
                   ? cbor_member(claim, "claim_generator_info")
                   : NULL;
        name = info ? cbor_member(info, "name") : NULL;
        held = name && name->type == CBOR_TEXT &&
               slice_equal(name->string, slice_text(ROLE_GENERATOR));
    }
    arena_release(&arena);
    if (rc == SH_OK && !held)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the signer: not a claim of this program");
    return rc;
}

static int key_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct key_task *task = ctx;
    int fds[] = {side->fd, STDERR_FILENO};
    struct cage_rules rules = {.profile = CAGE_COPY, .keep = fds, .keep_count = 2};
    struct crypt_signer *signer = NULL;
    struct crypt_alg alg;
    struct bytes out;
    int rc = key_open(task->key, &signer, why);

    bytes_init(&out, LIMIT_REPORT_BYTES);
    if (rc == SH_OK)
        crypt_signer_alg(signer, &alg);
    if (rc == SH_OK && task->message.len == 0) {
        bytes_u16(&out, (uint16_t)alg.scheme);
        bytes_u16(&out, (uint16_t)alg.hash);
        bytes_u32(&out, (uint32_t)crypt_signer_bytes(signer));
    }
    if (rc == SH_OK)
        rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK && task->message.len) {
        rc = purpose_check(task->message, why);
        if (rc == SH_OK)
            rc = crypt_signer_sign(signer, &alg, task->message, &out, why);
    }
    if (rc == SH_OK)
        rc = bytes_check(&out, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    crypt_signer_close(signer);
    return rc;
}

static int key_ask(struct key_task *task, struct bytes *report, struct why *why)
{
    struct proc_task proc = {
        .name = "the signer", .run = key_run, .ctx = task, .timeout_s = LIMIT_SIGNER_WAIT_S};

    bytes_init(report, LIMIT_REPORT_BYTES);
    return proc_run(&proc, report, why);
}

/* COSE's number for what the key can do (C2PA 13.2.1); 0: none. */
static int cose_alg(uint16_t scheme, uint16_t hash)
{
    if (scheme == CRYPT_EDDSA)
        return C2PA_WRITE_EDDSA;
    if (scheme == CRYPT_ECDSA_RAW)
        return hash == CRYPT_SHA256   ? C2PA_WRITE_ES256
               : hash == CRYPT_SHA384 ? C2PA_WRITE_ES384
               : hash == CRYPT_SHA512 ? C2PA_WRITE_ES512
                                      : 0;
    if (scheme != CRYPT_RSA_PSS)
        return 0;
    return hash == CRYPT_SHA256   ? C2PA_WRITE_PS256
           : hash == CRYPT_SHA384 ? C2PA_WRITE_PS384
           : hash == CRYPT_SHA512 ? C2PA_WRITE_PS512
                                  : 0;
}

int role_key_look(struct role_key *key, struct why *why)
{
    struct key_task task = {.key = key};
    struct bytes report;
    struct cursor cur;
    uint16_t scheme, hash;
    int rc = key_ask(&task, &report, why);

    cur = cursor_of(bytes_view(&report));
    scheme = rd_u16(&cur);
    hash = rd_u16(&cur);
    key->alg.scheme = (enum crypt_scheme)scheme;
    key->alg.hash = (enum crypt_hash)hash;
    key->alg.salt_len = scheme == CRYPT_RSA_PSS ? (unsigned)crypt_hash_bytes(key->alg.hash) : 0;
    key->signature_bytes = rd_u32(&cur);
    key->cose = cose_alg(scheme, hash);
    if (rc == SH_OK && (report.len != ALG_BYTES || !key->cose || key->signature_bytes == 0 ||
                        key->signature_bytes > LIMIT_RSA_BITS / 8))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "the signer gave an answer that makes no sense");
    bytes_release(&report);
    return rc;
}

int role_key_sign(const struct role_key *key, struct slice message, uint8_t *signature,
                  struct why *why)
{
    struct key_task task = {.key = key, .message = message};
    struct bytes report;
    int rc = key_ask(&task, &report, why);

    if (rc == SH_OK &&
        (report.len != key->signature_bytes ||
         !crypto.signature_verify(&key->alg, key->spki, message, bytes_view(&report))))
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "the signer gave a signature that does not hold");
    if (rc == SH_OK)
        memcpy(signature, report.ptr, report.len);
    bytes_release(&report);
    return rc;
}
