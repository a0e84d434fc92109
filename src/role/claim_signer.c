/* The signer of claims: the only process with the channel's leaf key, for one signature. */
#include "role/role.h"

#include <string.h>
#include <unistd.h>

#include "c2pa/write.h"
#include "cage/cage.h"
#include "cbor/cbor.h"
#include "proc/proc.h"
#include "role/claim_int.h"

#define CLAIM_DEPTH 6 /* nested values of our own claims */
#define VERSION_BYTES 32

struct signing {
    const struct channel_info *info;
    struct slice claim;
};

/* ---- the one purpose of this key ---- */

static bool says(const struct cbor_value *value, const char *text)
{
    return value && value->type == CBOR_TEXT && slice_equal(value->string, slice_text(text));
}

/* One of the assertions that our writer makes, by its hash; each once. */
static bool is_ours(const struct cbor_value *reference, unsigned *seen)
{
    static const char *const labels[] = {"c2pa.hash.bmff.v3", "c2pa.ingredient.v3",
                                         "c2pa.actions.v2", "c2pa.time-stamp",
                                         "org.stillhere.dispatch"};
    static const char start[] = "self#jumbf=c2pa.assertions/";
    const struct cbor_value *url = cbor_member(reference, "url");
    const struct cbor_value *hash = cbor_member(reference, "hash");

    if (!url || url->type != CBOR_TEXT || !slice_starts(url->string, start) || !hash ||
        hash->type != CBOR_BYTES || hash->string.len != CRYPT_DIGEST_BYTES ||
        reference->count != 4)
        return false;
    for (size_t i = 0; i < COUNT_OF(labels); i++)
        if (slice_equal(slice_sub(url->string, sizeof(start) - 1,
                                  url->string.len - (sizeof(start) - 1)),
                        slice_text(labels[i])) &&
            !(*seen & 1u << i)) {
            *seen |= 1u << i;
            return true;
        }
    return false;
}

/* "xmp:iid:" and a UUID. */
static bool is_instance(const struct cbor_value *value)
{
    static const char form[] = "xmp:iid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    struct slice text;

    if (!value || value->type != CBOR_TEXT || value->string.len != sizeof(form) - 1)
        return false;
    text = value->string;
    for (size_t i = 0; i < text.len; i++) {
        bool digit = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
                     (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');

        if (i >= 8 && form[i] == 'x' ? !digit : text.ptr[i] != (uint8_t)form[i])
            return false;
    }
    return true;
}

/* This program and its version; nothing else is said of what made the file. */
static bool is_generator(const struct cbor_value *info)
{
    const struct cbor_value *version = cbor_member(info, "version");

    if (!info || info->type != CBOR_MAP || info->count != (version ? 4 : 2) ||
        !says(cbor_member(info, "name"), "stillhere"))
        return false;
    if (!version)
        return true;
    if (version->type != CBOR_TEXT || !version->string.len ||
        version->string.len > VERSION_BYTES)
        return false;
    for (size_t i = 0; i < version->string.len; i++)
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz.+-", version->string.ptr[i]) ||
            !version->string.ptr[i])
            return false;
    return true;
}

static bool claim_is_ours(const struct cbor_value *claim)
{
    const struct cbor_value *list = cbor_member(claim, "created_assertions");
    unsigned seen = 0;

    if (claim->type != CBOR_MAP || claim->count != 10 ||
        !says(cbor_member(claim, "alg"), "sha256") ||
        !says(cbor_member(claim, "signature"), "self#jumbf=c2pa.signature") ||
        !is_instance(cbor_member(claim, "instanceID")) ||
        !is_generator(cbor_member(claim, "claim_generator_info")))
        return false;
    if (!list || list->type != CBOR_ARRAY || !list->count)
        return false;
    for (const struct cbor_value *each = list->first; each; each = each->next)
        if (!is_ours(each, &seen))
            return false;
    return cbor_is_deterministic(claim);
}

int role_claim_check(struct slice claim, struct why *why)
{
    struct cbor_value *root = NULL;
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_CLAIM_ARENA);
    rc = cbor_parse(claim, CLAIM_DEPTH, &arena, &root, why);
    if (rc == SH_OK && !claim_is_ours(root))
        rc =
            why_set(why, SH_EFORMAT, 0, "the signer of claims: this is no claim of our writer");
    arena_release(&arena);
    return rc;
}

/* ---- in the cage ---- */

static int sign(void *ctx, struct slice message, uint8_t *signature, struct why *why)
{
    const struct role_leaf *leaf = ctx;

    return crypt_es256_sign(&leaf->scalar, message, signature)
               ? SH_OK
               : why_set(why, SH_ECRYPT, WHY_NOWHERE, "private/" ROLE_LEAF_PATH ": no key");
}

static int signing_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct signing *signing = ctx;
    int fds[] = {side->fd, STDERR_FILENO};
    struct cage_rules rules = {.profile = CAGE_COPY,
                               .keep = fds,
                               .keep_count = COUNT_OF(fds),
                               .cpu_s = LIMIT_SIGNER_WAIT_S};
    struct c2pa_write_signer signer = {.alg = C2PA_WRITE_ES256,
                                       .signature_bytes = CRYPT_ES256_BYTES,
                                       .chain_count = 1,
                                       .sign = sign};
    struct role_leaf leaf;
    struct bytes cose;
    /* The key is read before the cage shuts; the claim is looked at only then. */
    int rc = role_leaf_read(signing->info->private_dir, &leaf, why);

    bytes_init(&cose, LIMIT_REPORT_BYTES);
    if (rc == SH_OK)
        rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK)
        rc = role_claim_check(signing->claim, why);
    signer.chain[0] = bytes_view(&leaf.der);
    signer.ctx = &leaf;
    if (rc == SH_OK)
        rc = c2pa_write_cose(&signer, signing->claim, &cose, why);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&cose));
    role_leaf_release(&leaf);
    bytes_release(&cose);
    return rc;
}

int role_claim_sign(const struct channel *channel, struct slice claim, struct bytes *cose,
                    struct why *why)
{
    struct signing signing = {channel_info(channel), claim};
    struct proc_task task = {.name = "the signer of claims",
                             .run = signing_run,
                             .ctx = &signing,
                             .timeout_s = LIMIT_SIGNER_WAIT_S};
    struct bytes report;
    int rc;

    if (claim.len > LIMIT_CLAIM_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "a claim of %zu bytes", claim.len);
    bytes_init(&report, LIMIT_REPORT_BYTES);
    rc = proc_run(&task, &report, why);
    if (rc == SH_OK) {
        bytes_slice(cose, bytes_view(&report));
        rc = bytes_check(cose, why);
    }
    bytes_release(&report);
    return rc;
}
