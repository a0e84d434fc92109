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
    bytes_init(&post->anchors, LIMIT_TRUST_BYTES);
    rc = role_claim_leaf(post->channel, post->job.dir, &post->leaf, why);
    if (rc == SH_OK)
        rc = role_claim_anchors(post->channel, &post->anchors, why);
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
    bytes_release(&post->anchors);
    post->claim = (struct role_claim){.version = NULL};
}

static void tell(void *ctx, uint64_t done, uint64_t total)
{
    const struct post_teller *teller = ctx;

    cmd_progress(teller->cmd, teller->clip, done, total);
}

/* ---- is it as we meant it? ---- */

static int refuse(const struct c2pa_report *report, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "the content credentials of the new file do not hold for our own verifier: "
                   "%s%s%.*s; nothing was published; please report this clip",
                   what, report->cause.len ? ": " : "", (int)report->cause.len,
                   (const char *)report->cause.ptr);
}

/* One manifest, by our key, about this dispatch, and about all of this file. */
static int judge(const struct post *post, const struct c2pa_report *report, struct why *why)
{
    const struct c2pa_manifest_report *active = report->manifests;
    uint8_t leaf[CRYPT_DIGEST_BYTES];

    crypto.sha256(post->claim.certificate, leaf);
    if (report->state != C2PA_TRUSTED || !active || active->results.count == 0)
        return refuse(report, c2pa_state_text(report->state), why);
    if (active->update || (active->next && !post->claim.kept) || active->claim_version != 2 ||
        !slice_equal(active->binding, slice_text("c2pa.hash.bmff.v3")))
        return refuse(report, "another manifest than ours", why);
    if (!active->has_signer || memcmp(active->signer.sha256, leaf, sizeof(leaf)) != 0 ||
        active->stamped_at || active->claimed_at)
        return refuse(report, "another signer than ours", why);
    if (!slice_equal(active->channel, slice_text(post->claim.channel)) ||
        !slice_equal(active->dispatch, slice_text(post->claim.dispatch)))
        return refuse(report, "another dispatch than this", why);
    /* What was carried over is not ours: how it was found stands in the file. */
    if (post->claim.kept)
        return SH_OK;
    /* Nobody is asked over the network, and of the clip nothing is carried. */
    for (const struct c2pa_status *each = active->results.first; each; each = each->next)
        if (c2pa_code_kind(each->code) != C2PA_SUCCESS && each->code != C2PA_OCSP_SKIPPED &&
            each->code != C2PA_INGREDIENT_UNKNOWN)
            return refuse(report, c2pa_code_text(each->code), why);
    return SH_OK;
}

/* The verifier that readers have, in a cage; the blob's hash comes with the same pass. */
static int read_back(struct post *post, const struct post_clip *clip,
                     const struct role_progress *progress, struct why *why)
{
    struct role_credentials ask = {.file = *clip->look,
                                   .authorities = bytes_view(&post->anchors),
                                   .now = role_claim_time(post->claim.certificate),
                                   .hash = true,
                                   .progress = progress};
    struct role_seen seen;
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_C2PA_ARENA);
    rc = role_credentials(&ask, &arena, &seen, why);
    if (rc == SH_OK)
        rc = judge(post, &seen.report, why);
    if (rc == SH_OK) {
        memcpy(clip->stage->sha256, seen.sha256, sizeof(seen.sha256));
        clip->stage->hashed = true;
    }
    arena_release(&arena);
    return rc;
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
        rc = read_back(post, clip, &progress, why);
    if (rc == SH_OK)
        *facts = made.facts;
    bytes_release(&made.claim);
    return rc;
}
