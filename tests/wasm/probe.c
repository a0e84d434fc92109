/*
 * What the wasm test runs in the browser's engine: the pure bands' SHA-256, Ed25519 and reading
 * of a signed note, on a buffer that JavaScript fills.
 */
#include "tlog/tlog.h"

#define EXPORT(name) __attribute__((export_name(#name)))

static uint8_t room[1 << 16];

EXPORT(probe_room) uint8_t *probe_room(void);
uint8_t *probe_room(void)
{
    return room;
}

/* The digest of the first len bytes of the room, put at its start. */
EXPORT(probe_sha256) void probe_sha256(uint32_t len);
void probe_sha256(uint32_t len)
{
    uint8_t digest[CRYPT_DIGEST_BYTES];

    crypto.sha256(slice_of(room, len), digest);
    memcpy(room, digest, sizeof digest);
}

/* The room: key, signature, message of len bytes. */
EXPORT(probe_ed25519) int probe_ed25519(uint32_t len);
int probe_ed25519(uint32_t len)
{
    return crypto.ed25519_verify(room, slice_of(room + 96, len), room + 32);
}

/*
 * The room: a public key, then a signed note of len bytes by the name "example.com/foo".
 * Returns a verdict, or a negative error.
 */
EXPORT(probe_note) int probe_note(uint32_t len);
int probe_note(uint32_t len)
{
    static struct tlog_note note;
    static struct tlog_key key;
    int rc = tlog_key_init(&key, "example.com/foo", TLOG_ED25519, room, NULL);

    if (!rc)
        rc = tlog_note_parse(slice_of(room + 32, len), &note, NULL);
    return rc ? rc : (int)tlog_note_verdict(&note, &key);
}
