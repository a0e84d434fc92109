/* Reading anywhere in a sealed file: the last chunk first, then the one that is asked for. */
#include "age/age_int.h"

#include <string.h>

#define HEADER_STEP_BYTES 1024

/* The header into view->buf, and the key of the payload. */
static int header_read(struct age_view *view, const struct secret *identity, struct why *why)
{
    const struct age_source *source = &view->source;
    const struct age_opener opener = {.identity = identity};
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    size_t held = 0, line = 0, end = 0, take;
    int rc = SH_OK;

    while (rc == SH_OK && !end) {
        take = LIMIT_AGE_HEADER_BYTES - held;
        take = take < HEADER_STEP_BYTES ? take : HEADER_STEP_BYTES;
        take = take < source->bytes - held ? take : (size_t)(source->bytes - held);
        if (!take)
            return why_set(why, SH_EFORMAT, held, "age header: is cut short (C2SP age)");
        rc = source->read(source->ctx, held, view->buf + held, take, why);
        held += take;
        if (rc == SH_OK)
            rc = age_header_seek(slice_of(view->buf, held), &line, &end, why);
    }
    if (rc == SH_OK && source->bytes - end < AGE_NONCE_BYTES + CRYPT_TAG_BYTES)
        rc = why_set(why, SH_EFORMAT, source->bytes,
                     "age file: is cut short (C2SP age, Payload)");
    if (rc == SH_OK)
        rc = age_header_open(slice_of(view->buf, end), &opener, file_key, why);
    if (rc == SH_OK)
        rc = source->read(source->ctx, end, view->buf, AGE_NONCE_BYTES, why);
    if (rc == SH_OK)
        age_payload_key(file_key, view->buf, &view->key);
    view->start = end + AGE_NONCE_BYTES;
    wipe(file_key, sizeof(file_key));
    return rc;
}

/* Chunk number into view->plain. */
static int chunk_load(struct age_view *view, uint64_t number, struct why *why)
{
    bool last = number + 1 == view->chunks;
    uint64_t at = view->start + number * AGE_SEALED_BYTES;
    size_t sealed = last ? (size_t)(view->source.bytes - at) : AGE_SEALED_BYTES;
    uint8_t nonce[CRYPT_NONCE_BYTES];
    int rc;

    if (number == view->chunk)
        return SH_OK;
    view->chunk = view->chunks;
    if (sealed < CRYPT_TAG_BYTES || (sealed == CRYPT_TAG_BYTES && number))
        return why_set(why, SH_EFORMAT, at,
                       "age file: is cut short, or has an empty last chunk (C2SP age, "
                       "Payload)");
    rc = view->source.read(view->source.ctx, at, view->buf, sealed, why);
    if (rc != SH_OK)
        return rc;
    age_chunk_nonce(number, last, nonce);
    if (!crypto.chapoly_open(&view->key, nonce, slice_of(view->buf, sealed), view->plain))
        return why_set(why, SH_ECRYPT, at,
                       "age file: chunk %ju was changed, or the file is cut short (C2SP age, "
                       "Payload)",
                       (uintmax_t)number);
    view->held = sealed - CRYPT_TAG_BYTES;
    view->chunk = number;
    return SH_OK;
}

int age_view_open(struct age_view *view, const struct secret *identity,
                  struct age_source source, struct why *why)
{
    uint64_t sealed;
    int rc;

    memset(view, 0, sizeof(*view));
    view->source = source;
    rc = header_read(view, identity, why);
    if (rc != SH_OK)
        return rc;
    sealed = source.bytes - view->start;
    view->chunks = (sealed + AGE_SEALED_BYTES - 1) / AGE_SEALED_BYTES;
    view->chunk = view->chunks;
    rc = chunk_load(view, view->chunks - 1, why);
    if (rc == SH_OK)
        view->plain_bytes = (view->chunks - 1) * AGE_CHUNK_BYTES + view->held;
    return rc;
}

int age_view_read(struct age_view *view, uint64_t at, uint8_t *out, size_t len, struct why *why)
{
    size_t from, take;
    int rc = SH_OK;

    if (at > view->plain_bytes || len > view->plain_bytes - at)
        return why_set(why, SH_EARG, at, "age file: has only %ju bytes",
                       (uintmax_t)view->plain_bytes);
    while (rc == SH_OK && len) {
        rc = chunk_load(view, at / AGE_CHUNK_BYTES, why);
        if (rc != SH_OK)
            break;
        from = (size_t)(at % AGE_CHUNK_BYTES);
        take = view->held - from;
        take = take < len ? take : len;
        memcpy(out, view->plain + from, take);
        out += take;
        at += take;
        len -= take;
    }
    return rc;
}

void age_view_release(struct age_view *view)
{
    wipe(view, sizeof(*view));
}
