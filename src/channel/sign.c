/* The checkpoint's text, signed by the log key. */
#include <string.h>

#include "channel/channel_int.h"

int channel_sign(const struct channel *channel, struct channel_state *state,
                 const struct channel_signer *signer, struct why *why)
{
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_checkpoint checkpoint = {.size = state->size};
    struct bytes *note = &state->note;
    int rc;

    channel_origin(&channel->info.id, origin);
    checkpoint.origin = slice_text(origin);
    memcpy(checkpoint.root, state->root, sizeof(checkpoint.root));
    tlog_checkpoint_build(note, &checkpoint);
    rc = bytes_check(note, why);
    if (rc == SH_OK)
        rc = signer->sign_checkpoint(signer->ctx, bytes_view(note), signature, why);
    if (rc != SH_OK)
        return rc;
    /* Nothing is believed, not even our own signer: a broken note must not be committed. */
    if (!crypto.ed25519_verify(channel->info.log_key.public_key, bytes_view(note), signature))
        return why_set(why, SH_ECRYPT, WHY_NOWHERE,
                       "private/" CHANNEL_LOG_KEY
                       " is not the log key of this channel; restore "
                       "it from a backup");
    bytes_u8(note, '\n');
    tlog_signature_line(note, &channel->info.log_key, slice_of(signature, sizeof(signature)));
    return bytes_check(note, why);
}
