/* What a new file says of itself, and its signature. */
#include "role/role.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "role/claim_int.h"

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
}

int role_claim_put(int fd, struct slice data, uint64_t at, struct why *why)
{
    size_t done = 0;
    ssize_t n;

    while (done < data.len) {
        n = pwrite(fd, data.ptr + done, data.len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return why_set(why, SH_EIO, at, "what is signed cannot be written: %s",
                           n < 0 ? strerror(errno) : "no room");
        done += (size_t)n;
    }
    return SH_OK;
}

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
        rc = role_claim_put(draft, bytes_view(&cose), made->cose_at, why);
    bytes_release(&cose);
    return rc;
}
