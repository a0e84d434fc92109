/* What a new file says of itself, and its signature. */
#include "role/role.h"

#include <string.h>

#include "io/io.h"
#include "role/claim_int.h"
#include "role/sign_int.h"

/* Kinds of things left out that are said about a clip, not shown by it. */
#define METADATA                                                                               \
    (1u << BMFF_REMOVED_DATES | 1u << BMFF_REMOVED_LANGUAGE | 1u << BMFF_REMOVED_METADATA |    \
     1u << BMFF_REMOVED_NAMES | 1u << BMFF_REMOVED_OTHER_BOXES |                               \
     1u << BMFF_REMOVED_PICTURE_DATA | 1u << BMFF_REMOVED_SOUND_DATA |                         \
     1u << BMFF_REMOVED_TRAILER | 1u << BMFF_REMOVED_USER_DATA)

void role_credits_fill(struct role_credits *credits, const struct role_claim *claim,
                       const struct bmff_facts *facts)
{
    struct c2pa_write *write = &credits->write;
    size_t count = 0;

    credits->signer = (struct c2pa_write_signer){.alg = C2PA_WRITE_ES256,
                                                 .signature_bytes = CRYPT_ES256_BYTES,
                                                 .chain = {claim->certificate},
                                                 .chain_count = 1};
    *write = (struct c2pa_write){.signer = &credits->signer,
                                 .generator = "stillhere",
                                 .version = claim->version,
                                 .actions = credits->actions,
                                 .channel = slice_text(claim->channel),
                                 .dispatch = slice_text(claim->dispatch)};
    memcpy(write->manifest_id, credits->ids[0], sizeof(write->manifest_id));
    memcpy(write->instance_id, credits->ids[1], sizeof(write->instance_id));
    /* Only what is so: none of these needs a digitalSourceType (C2PA 2.4). */
    if (claim->recoded)
        credits->actions[count++].action = "c2pa.transcoded";
    if (claim->recoded || (facts->removed & METADATA))
        credits->actions[count++].action = "c2pa.edited.metadata";
    credits->actions[count++].action = "c2pa.repackaged";
    write->action_count = count;
    write->parent = bytes_view(&credits->store[0]);
    write->updates = bytes_view(&credits->store[1]);
    write->results = (const struct c2pa_write_result *)(const void *)credits->results.ptr;
    write->result_count = credits->results.len / sizeof(struct c2pa_write_result);
}

/* ---- credentials that came with the clip ---- */

static int store_read(const struct bmff_source *clip, const struct c2pa_splice *splice,
                      unsigned which, struct bytes *out, struct why *why)
{
    uint64_t len = splice->store_len[which];
    uint8_t *room;
    int rc;

    if (!len)
        return SH_OK;
    if (len > LIMIT_C2PA_STORE_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "its credentials are larger than 16 MiB");
    bytes_init(out, (size_t)len);
    room = bytes_room(out, (size_t)len);
    if (!room)
        return bytes_check(out, why);
    rc = clip->read_at(clip->ctx, splice->store_at[which], room, (size_t)len, why);
    out->len = rc == SH_OK ? (size_t)len : 0;
    return rc;
}

int role_credits_keep(struct role_credits *credits, const struct bmff_source *clip,
                      const struct c2pa_report *report, struct why *why)
{
    struct c2pa_splice splice;
    int rc = c2pa_splice_plan(clip, C2PA_SPLICE_NEW, &splice, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&credits->results, LIMIT_C2PA_STORE_BYTES);
    for (unsigned i = 0; rc == SH_OK && i < COUNT_OF(credits->store); i++)
        rc = store_read(clip, &splice, i, &credits->store[i], why);
    if (rc == SH_OK && !credits->store[0].len)
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "no content credentials to carry over");
    if (rc == SH_OK)
        rc = role_results_take(report, &credits->results, why);
    c2pa_splice_release(&splice);
    return rc;
}

void role_credits_release(struct role_credits *credits)
{
    bytes_release(&credits->store[0]);
    bytes_release(&credits->store[1]);
    bytes_release(&credits->results);
}

/* ---- the signature ---- */

int role_make_sign(const struct channel *channel, int draft, const struct role_draft *made,
                   struct why *why)
{
    struct bytes cose;
    int rc;

    bytes_init(&cose, LIMIT_REPORT_BYTES);
    rc = role_claim_sign(channel, bytes_view(&made->claim), &cose, why);
    if (rc == SH_OK && cose.len != made->cose_bytes)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                     "the channel's key for content credentials was changed just now; post "
                     "the clip again");
    if (rc == SH_OK)
        rc = io_write_at(draft, made->cose_at, bytes_view(&cose), why);
    bytes_release(&cose);
    return rc;
}
