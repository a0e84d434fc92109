/* Timestamped Ed25519 cosignatures, type 0x04: C2SP tlog-cosignature. */
#include "tlog/tlog.h"

#define LAST_SECOND ((uint64_t)INT64_MAX) /* tlog-cosignature "Format": 2^63 - 1 */
#define HEADER_BYTES 64                   /* two lines before the checkpoint, rounded up */

void tlog_cosignature_message(struct bytes *out, struct slice text, uint64_t time)
{
    bytes_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    bytes_slice(out, text);
}

static bool is_good(struct slice text, const struct tlog_key *key,
                    const struct tlog_signature *signature, uint64_t *time)
{
    struct cursor cur = cursor_of(slice_of(signature->data, signature->data_len));
    uint64_t said = rd_u64(&cur);
    struct bytes message;
    bool good;

    if (signature->data_len != TLOG_COSIGNATURE_BYTES || said > LAST_SECOND)
        return false;
    bytes_init(&message, LIMIT_NOTE_BYTES + HEADER_BYTES);
    tlog_cosignature_message(&message, text, said);
    good = !bytes_check(&message, NULL) &&
           crypto.ed25519_verify(key->public_key, bytes_view(&message), signature->data + 8);
    bytes_release(&message);
    if (good)
        *time = said;
    return good;
}

enum tlog_verdict tlog_cosignature_verdict(const struct tlog_note *note,
                                           const struct tlog_key *key, uint64_t *time)
{
    struct tlog_signature signature;

    for (size_t i = 0; key->type == TLOG_COSIGNATURE && i < note->signatures; i++) {
        tlog_note_signature(note, i, &signature);
        if (signature.key_id == key->id && slice_equal(signature.name, slice_text(key->name)))
            return is_good(note->text, key, &signature, time) ? TLOG_GOOD : TLOG_BAD;
    }
    return TLOG_ABSENT;
}

void tlog_cosignature_line(struct bytes *out, const struct tlog_key *key, uint64_t time,
                           const uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    uint8_t room[TLOG_COSIGNATURE_BYTES];
    struct bytes raw = {.ptr = room, .cap = sizeof room, .max = sizeof room};

    if (key->type != TLOG_COSIGNATURE || !time || time > LAST_SECOND)
        bug("a cosignature has a key of its own type, and a time");
    bytes_u64(&raw, time);
    bytes_append(&raw, signature, CRYPT_SIGNATURE_BYTES);
    tlog_signature_line(out, key, bytes_view(&raw));
}

int tlog_cosignature_make(struct bytes *out, const struct tlog_key *key,
                          const struct secret *seed, struct slice text, uint64_t time)
{
    uint8_t public_key[CRYPT_KEY_BYTES], signature[CRYPT_SIGNATURE_BYTES];
    struct bytes message;
    int rc;

    crypto.ed25519_public(seed, public_key);
    if (memcmp(public_key, key->public_key, sizeof public_key) != 0)
        return SH_EARG;
    bytes_init(&message, LIMIT_NOTE_BYTES + HEADER_BYTES);
    tlog_cosignature_message(&message, text, time);
    rc = bytes_check(&message, NULL);
    if (!rc) {
        crypto.ed25519_sign(seed, bytes_view(&message), signature);
        tlog_cosignature_line(out, key, time, signature);
    }
    bytes_release(&message);
    return rc ? rc : bytes_check(out, NULL);
}
