/* What the new file of a clip says of itself, signed before anybody sees it. */
#include <fcntl.h>
#include <string.h>

#include "cmd/post_int.h"
#include "io/io.h"

int post_claim_make(struct post *post, struct why *why)
{
    const struct channel_info *info = channel_info(post->channel);
    int rc;

    bytes_init(&post->leaf, LIMIT_CERTIFICATE_BYTES);
    rc = role_claim_leaf(post->channel, post->job.dir, &post->leaf, why);
    if (rc != SH_OK)
        return rc;
    post->claim = (struct role_claim){.certificate = bytes_view(&post->leaf),
                                      .version = STILLHERE_VERSION};
    memcpy(post->claim.channel, info->id.text, sizeof(post->claim.channel));
    hex_build(slice_of(post->dispatch, sizeof(post->dispatch)), post->claim.dispatch);
    post->claim.recoded = post->recode;
    return SH_OK;
}

void post_claim_release(struct post *post)
{
    bytes_release(&post->leaf);
    post->claim = (struct role_claim){.version = NULL};
}

static void tell(void *ctx, uint64_t done, uint64_t total)
{
    const struct post_teller *teller = ctx;

    cmd_progress(teller->cmd, teller->clip, done, total);
}

int post_make(struct post *post, const struct post_clip *clip, const struct post_teller *teller,
              struct bmff_facts *facts, struct why *why)
{
    struct post_teller mine = *teller;
    struct role_progress progress = {.step = tell, .ctx = &mine};
    struct role_making making = {.clip = clip->clip,
                                 .draft = clip->stage->fd,
                                 .progress = &progress,
                                 .claim = &post->claim};
    struct role_draft made = {.cose_at = 0};
    int rc = role_make(&making, &made, why);

    if (rc == SH_OK)
        rc = role_make_sign(post->channel, clip->stage->fd, &made, why);
    if (rc == SH_OK) /* For those who only look at it. */
        rc = io_open_file(post->job.dir, clip->stage->file.staged, clip->look, why);
    if (rc == SH_OK)
        rc = role_check(*clip->look, &made.facts, why);
    if (rc == SH_OK)
        *facts = made.facts;
    bytes_release(&made.claim);
    return rc;
}
