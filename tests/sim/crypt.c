/*
 * The primitives, each signature judged once: five watchers read what one key signed, over and
 * over, and half of all time went into it.  What the world signed just now with a key of its
 * own holds.  Everything else is the program's own.
 */
#define crypt_primitives sim_primitives
#include "crypt/crypt_openssl.c"
#undef crypt_primitives

#include <string.h>

#include "sim.h"

#define JUDGED 8192

extern const struct crypt_table crypt_primitives;

static struct {
    uint8_t of[CRYPT_DIGEST_BYTES];
    bool known, holds;
} judged[JUDGED];

static size_t place_of(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                       const uint8_t signature[CRYPT_SIGNATURE_BYTES],
                       uint8_t of[CRYPT_DIGEST_BYTES])
{
    struct crypt_sha256 ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, slice_of(key, CRYPT_KEY_BYTES));
    sha256_update(&ctx, slice_of(signature, CRYPT_SIGNATURE_BYTES));
    sha256_update(&ctx, message);
    sha256_final(&ctx, of);
    return (of[0] | (size_t)of[1] << 8) % JUDGED;
}

void sim_signed(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                const uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    uint8_t of[CRYPT_DIGEST_BYTES];
    size_t at = place_of(key, message, signature, of);

    judged[at].known = judged[at].holds = true;
    memcpy(judged[at].of, of, sizeof(of));
}

static bool verify_once(const uint8_t key[CRYPT_KEY_BYTES], struct slice message,
                        const uint8_t signature[CRYPT_SIGNATURE_BYTES])
{
    uint8_t of[CRYPT_DIGEST_BYTES];
    size_t at = place_of(key, message, signature, of);

    if (judged[at].known && memcmp(judged[at].of, of, sizeof(of)) == 0)
        return judged[at].holds;
    judged[at].known = true;
    memcpy(judged[at].of, of, sizeof(of));
    judged[at].holds = ed25519_verify(key, message, signature);
    return judged[at].holds;
}

const struct crypt_table crypt_primitives = {
    .sha256 = sha256,
    .sha256_init = sha256_init,
    .sha256_update = sha256_update,
    .sha256_final = sha256_final,
    .ed25519_verify = verify_once,
    .ed25519_public = ed25519_public,
    .ed25519_sign = ed25519_sign,
    .x25519_public = x25519_public,
    .x25519 = x25519,
    .chapoly_seal = chapoly_seal,
    .chapoly_open = chapoly_open,
    .hkdf_sha256 = hkdf_sha256,
    .hmac_sha256 = hmac_sha256,
    .scrypt = scrypt,
};
