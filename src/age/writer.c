/* The writer: header for one recipient, then the payload chunk by chunk. */
#include "age/age_int.h"

#include <string.h>

#define HEADER_MAX_BYTES 256 /* what we write: four lines, 22 + 53 + 44 + 48 bytes */

static int sink_put(const struct age_sink *sink, struct slice data, struct why *why)
{
    return sink->put(sink->ctx, data, why);
}

/* The header's bytes and, behind them, the nonce. */
static int header_build(struct bytes *out, const uint8_t recipient[CRYPT_KEY_BYTES],
                        const struct age_random *random, struct why *why)
{
    static const uint8_t zero[CRYPT_NONCE_BYTES];
    uint8_t share[CRYPT_KEY_BYTES], wrapped[AGE_WRAPPED_BYTES], mac[CRYPT_DIGEST_BYTES];
    struct secret shared, key;
    bool agreed;

    crypto.x25519_public(&random->ephemeral, share);
    agreed = crypto.x25519(&random->ephemeral, recipient, &shared);
    if (!agreed)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "archive key: a point of low order (RFC 7748 6.1)");
    age_wrap_key(&shared, share, recipient, &key);
    crypto.chapoly_seal(&key, zero, slice_of(random->file_key, AGE_FILE_KEY_BYTES), wrapped);
    secret_wipe(&shared);
    secret_wipe(&key);
    bytes_text(out, AGE_VERSION_LINE "-> X25519 ");
    base64_build(out, slice_of(share, sizeof(share)), BASE64_BARE);
    bytes_u8(out, '\n');
    base64_build(out, slice_of(wrapped, sizeof(wrapped)), BASE64_BARE);
    bytes_text(out, "\n---");
    if (bytes_check(out, why) != SH_OK)
        return out->failed;
    age_header_mac(random->file_key, bytes_view(out), mac);
    bytes_u8(out, ' ');
    base64_build(out, slice_of(mac, sizeof(mac)), BASE64_BARE);
    bytes_u8(out, '\n');
    bytes_append(out, random->nonce, AGE_NONCE_BYTES);
    return bytes_check(out, why);
}

int age_writer_start(struct age_writer *writer, const uint8_t recipient[CRYPT_KEY_BYTES],
                     struct age_random *random, struct age_sink sink, struct why *why)
{
    struct bytes header;

    bytes_init(&header, HEADER_MAX_BYTES);
    writer->sink = sink;
    writer->chunk = 0;
    writer->held = 0;
    writer->failed = header_build(&header, recipient, random, why);
    if (writer->failed == SH_OK) {
        age_payload_key(random->file_key, random->nonce, &writer->key);
        writer->failed = sink_put(&sink, bytes_view(&header), why);
    }
    wipe(random, sizeof(*random));
    bytes_release(&header);
    return writer->failed;
}

static int chunk_seal(struct age_writer *writer, bool last, struct why *why)
{
    uint8_t nonce[CRYPT_NONCE_BYTES];
    size_t sealed = writer->held + CRYPT_TAG_BYTES;

    age_chunk_nonce(writer->chunk, last, nonce);
    crypto.chapoly_seal(&writer->key, nonce, slice_of(writer->buf, writer->held), writer->buf);
    writer->chunk++;
    writer->held = 0;
    return sink_put(&writer->sink, slice_of(writer->buf, sealed), why);
}

int age_writer_update(struct age_writer *writer, struct slice plain, struct why *why)
{
    size_t from = 0, take;

    while (writer->failed == SH_OK && from < plain.len) {
        /* A full chunk waits until more comes: only then it is known not to be the last. */
        if (writer->held == AGE_CHUNK_BYTES)
            writer->failed = chunk_seal(writer, false, why);
        take = AGE_CHUNK_BYTES - writer->held;
        take = take < plain.len - from ? take : plain.len - from;
        memcpy(writer->buf + writer->held, plain.ptr + from, take);
        writer->held += take;
        from += take;
    }
    return writer->failed;
}

int age_writer_final(struct age_writer *writer, struct why *why)
{
    if (writer->failed == SH_OK)
        writer->failed = chunk_seal(writer, true, why);
    secret_wipe(&writer->key);
    return writer->failed;
}

void age_writer_release(struct age_writer *writer)
{
    wipe(writer, sizeof(*writer));
}
