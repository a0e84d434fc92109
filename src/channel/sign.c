/* Signing a checkpoint: asked of the signer, checked here, by every key that speaks now. */
#include <string.h>

#include "channel/channel_int.h"

/* One signature line.  Nothing is believed, not even our own signer. */
static int add_line(const struct tlog_key *key, struct slice text, const uint8_t *signature,
                    struct bytes *lines)
{
    if (!crypto.ed25519_verify(key->public_key, text, signature))
        return SH_ECRYPT;
    tlog_signature_line(lines, key, slice_of(signature, CRYPT_SIGNATURE_BYTES));
    return SH_OK;
}

static int sign_all(const struct channel *channel, struct slice text,
                    const struct channel_signer *signer, struct bytes *lines, struct why *why)
{
    const struct channel_info *info = &channel->info;
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    int rc = signer->sign_checkpoint(signer->ctx, text, signature, why);

    if (rc == SH_OK && add_line(&info->log_key, text, signature, lines) != SH_OK)
        rc = why_set(why, SH_ECRYPT, WHY_NOWHERE,
                     "private/" CHANNEL_KEYS
                     ": no log key of this channel is there; restore it from a backup");
    /* A key that is on its way out and cannot sign any more is no reason to stop. */
    if (rc == SH_OK && info->has_before && signer->sign_before &&
        signer->sign_before(signer->ctx, text, signature, NULL) == SH_OK)
        (void)add_line(&info->log_before, text, signature, lines); /* Or it is left out. */
    return rc;
}

int channel_sign(const struct channel *channel, struct channel_state *state,
                 const struct channel_signer *signer, struct why *why)
{
    struct tlog_checkpoint checkpoint = {.size = state->size};
    struct bytes *note = &state->note, lines;
    int rc;

    checkpoint.origin = slice_text(channel->info.origin);
    memcpy(checkpoint.root, state->root, sizeof(checkpoint.root));
    tlog_checkpoint_build(note, &checkpoint);
    rc = bytes_check(note, why);
    bytes_init(&lines, LIMIT_NOTE_BYTES);
    if (rc == SH_OK)
        rc = sign_all(channel, bytes_view(note), signer, &lines, why);
    if (rc == SH_OK) {
        bytes_u8(note, '\n');
        bytes_slice(note, bytes_view(&lines));
        rc = bytes_check(note, why);
    }
    bytes_release(&lines);
    return rc;
}
