/* The reader: collects the header, then opens the payload chunk by chunk. */
#include "age/age_int.h"

#include <string.h>

void age_reader_init(struct age_reader *reader, const struct secret *identity,
                     struct age_sink sink)
{
    memset(reader, 0, sizeof(*reader));
    reader->sink = sink;
    reader->identity = *identity;
}

void age_reader_init_passphrase(struct age_reader *reader, struct slice passphrase,
                                struct age_sink sink)
{
    memset(reader, 0, sizeof(*reader));
    reader->sink = sink;
    reader->passphrase = passphrase;
    reader->by_passphrase = true;
}

/* Header and nonce are in buf: find the key of the payload. */
static int header_done(struct age_reader *reader, struct why *why)
{
    const struct age_opener opener = {reader->by_passphrase ? NULL : &reader->identity,
                                      reader->passphrase};
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    int rc;

    rc = age_header_open(slice_of(reader->buf, reader->header_bytes), &opener, file_key, why);
    if (rc != SH_OK)
        return rc;
    age_payload_key(file_key, reader->buf + reader->header_bytes, &reader->key);
    wipe(file_key, sizeof(file_key));
    secret_wipe(&reader->identity);
    reader->stage = AGE_PAYLOAD;
    reader->held = 0;
    return SH_OK;
}

/* Take bytes of the header; *used says how many. */
static int header_take(struct age_reader *reader, struct slice sealed, size_t *used,
                       struct why *why)
{
    size_t want, at = *used;
    int rc = SH_OK;

    while (rc == SH_OK && at < sealed.len && !reader->header_bytes) {
        /* One line at a time, so that nothing of the payload is mistaken for header. */
        want = slice_find(sealed, at, '\n');
        want = (want < sealed.len ? want + 1 : want) - at;
        if (want > LIMIT_AGE_HEADER_BYTES - reader->held)
            want = LIMIT_AGE_HEADER_BYTES - reader->held;
        memcpy(reader->buf + reader->held, sealed.ptr + at, want);
        reader->held += want;
        at += want;
        rc = age_header_seek(slice_of(reader->buf, reader->held), &reader->line,
                             &reader->header_bytes, why);
    }
    while (rc == SH_OK && at < sealed.len && reader->header_bytes &&
           reader->held < reader->header_bytes + AGE_NONCE_BYTES)
        reader->buf[reader->held++] = sealed.ptr[at++];
    if (rc == SH_OK && reader->header_bytes &&
        reader->held == reader->header_bytes + AGE_NONCE_BYTES)
        rc = header_done(reader, why);
    *used = at;
    return rc;
}

static bool chunk_open(struct age_reader *reader, bool last)
{
    uint8_t nonce[CRYPT_NONCE_BYTES];

    age_chunk_nonce(reader->chunk, last, nonce);
    return crypto.chapoly_open(&reader->key, nonce, slice_of(reader->buf, reader->held),
                               reader->plain);
}

/* buf holds one sealed chunk.  A full one may be the last: its tag tells. */
static int chunk_take(struct age_reader *reader, struct why *why)
{
    uint64_t start = reader->at - reader->held;
    bool full = reader->held == AGE_SEALED_BYTES, opened = false;
    size_t plain;

    if (reader->held < CRYPT_TAG_BYTES)
        return why_set(why, SH_EFORMAT, start, "age file: is cut short (C2SP age, Payload)");
    plain = reader->held - CRYPT_TAG_BYTES;
    if (full)
        opened = chunk_open(reader, false);
    if (!opened) {
        opened = chunk_open(reader, true);
        reader->stage = AGE_ENDED;
    }
    if (!opened)
        return why_set(why, SH_ECRYPT, start,
                       "age file: chunk %llu was changed, or the file is cut short "
                       "(C2SP age, Payload)",
                       (unsigned long long)reader->chunk);
    if (!plain && reader->chunk > 0)
        return why_set(why, SH_EFORMAT, start,
                       "age file: an empty last chunk (C2SP age, Payload)");
    reader->chunk++;
    reader->held = 0;
    if (!plain)
        return SH_OK;
    return reader->sink.put(reader->sink.ctx, slice_of(reader->plain, plain), why);
}

static int payload_take(struct age_reader *reader, struct slice sealed, size_t *used,
                        struct why *why)
{
    size_t take = AGE_SEALED_BYTES - reader->held;

    if (reader->stage == AGE_ENDED)
        return why_set(why, SH_EFORMAT, reader->at,
                       "age file: bytes after its end (C2SP age, Payload)");
    take = take < sealed.len - *used ? take : sealed.len - *used;
    memcpy(reader->buf + reader->held, sealed.ptr + *used, take);
    reader->held += take;
    reader->at += take;
    *used += take;
    return reader->held == AGE_SEALED_BYTES ? chunk_take(reader, why) : SH_OK;
}

int age_reader_update(struct age_reader *reader, struct slice sealed, struct why *why)
{
    size_t used = 0, before;

    while (reader->failed == SH_OK && used < sealed.len) {
        before = used;
        if (reader->stage == AGE_HEADER) {
            reader->failed = header_take(reader, sealed, &used, why);
            reader->at += used - before;
        } else {
            reader->failed = payload_take(reader, sealed, &used, why);
        }
    }
    return reader->failed;
}

int age_reader_final(struct age_reader *reader, struct why *why)
{
    if (reader->failed != SH_OK)
        return reader->failed;
    if (reader->stage == AGE_HEADER && !reader->at)
        reader->failed = why_set(why, SH_EFORMAT, 0, "not an age file: it is empty");
    else if (reader->stage == AGE_HEADER)
        reader->failed =
            why_set(why, SH_EFORMAT, reader->at, "age header: is cut short (C2SP age)");
    else if (reader->stage == AGE_PAYLOAD)
        reader->failed = chunk_take(reader, why);
    return reader->failed;
}

void age_reader_release(struct age_reader *reader)
{
    wipe(reader, sizeof(*reader));
}
