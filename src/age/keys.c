/* Keys of an age file, and the Bech32 form of a secret (BIP 173). */
#include "age/age_int.h"

#include <string.h>

#define BECH32_PREFIX "age-secret-key-"
#define BECH32_DATA_CHARS 52 /* 32 bytes in groups of five bits */
#define BECH32_CHECK_CHARS 6

void age_wrap_key(const struct secret *shared, const uint8_t share[CRYPT_KEY_BYTES],
                  const uint8_t recipient[CRYPT_KEY_BYTES], struct secret *key)
{
    uint8_t salt[2 * CRYPT_KEY_BYTES];

    memcpy(salt, share, CRYPT_KEY_BYTES);
    memcpy(salt + CRYPT_KEY_BYTES, recipient, CRYPT_KEY_BYTES);
    crypto.hkdf_sha256(slice_of(shared->byte, sizeof(shared->byte)),
                       slice_of(salt, sizeof(salt)), slice_text("age-encryption.org/v1/X25519"),
                       key);
}

void age_header_mac(const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice covered,
                    uint8_t mac[CRYPT_DIGEST_BYTES])
{
    struct secret key;

    crypto.hkdf_sha256(slice_of(file_key, AGE_FILE_KEY_BYTES), slice_of(NULL, 0),
                       slice_text("header"), &key);
    crypto.hmac_sha256(slice_of(key.byte, sizeof(key.byte)), covered, mac);
    secret_wipe(&key);
}

void age_payload_key(const uint8_t file_key[AGE_FILE_KEY_BYTES],
                     const uint8_t nonce[AGE_NONCE_BYTES], struct secret *key)
{
    crypto.hkdf_sha256(slice_of(file_key, AGE_FILE_KEY_BYTES), slice_of(nonce, AGE_NONCE_BYTES),
                       slice_text("payload"), key);
}

void age_chunk_nonce(uint64_t chunk, bool last, uint8_t nonce[CRYPT_NONCE_BYTES])
{
    memset(nonce, 0, CRYPT_NONCE_BYTES);
    for (size_t i = 0; i < sizeof(chunk); i++)
        nonce[CRYPT_NONCE_BYTES - 2 - i] = (uint8_t)(chunk >> (8 * i));
    nonce[CRYPT_NONCE_BYTES - 1] = last ? 1 : 0;
}

/* One step of the BCH code of BIP 173. */
static uint32_t checksum_step(uint32_t sum, uint8_t five)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = ((sum & 0x1ffffff) << 5) ^ five;
    for (size_t i = 0; i < COUNT_OF(generator); i++)
        if (top >> i & 1)
            sum ^= generator[i];
    return sum;
}

/* Five bits of the secret; the last group is filled up with a zero. */
static uint8_t five_bits(const struct secret *secret, size_t group)
{
    size_t bit = group * 5;
    unsigned pair = (unsigned)secret->byte[bit / 8] << 8;

    if (bit / 8 + 1 < sizeof(secret->byte))
        pair |= secret->byte[bit / 8 + 1];
    return (uint8_t)(pair >> (11 - bit % 8) & 31);
}

static const char digits[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

void age_identity_text(const struct secret *secret, char out[AGE_IDENTITY_BYTES])
{
    static const char prefix[] = BECH32_PREFIX;
    uint32_t sum = 1;
    size_t at = 0;
    uint8_t five;

    for (size_t i = 0; prefix[i]; i++)
        sum = checksum_step(sum, (uint8_t)prefix[i] >> 5);
    sum = checksum_step(sum, 0);
    for (size_t i = 0; prefix[i]; i++) {
        sum = checksum_step(sum, (uint8_t)prefix[i] & 31);
        out[at++] = prefix[i] == '-' ? '-' : (char)(prefix[i] - 'a' + 'A');
    }
    out[at++] = '1';
    for (size_t i = 0; i < BECH32_DATA_CHARS; i++) {
        five = five_bits(secret, i);
        sum = checksum_step(sum, five);
        out[at++] = digits[five];
    }
    for (size_t i = 0; i < BECH32_CHECK_CHARS; i++)
        sum = checksum_step(sum, 0);
    sum ^= 1;
    for (size_t i = 0; i < BECH32_CHECK_CHARS; i++)
        out[at++] = digits[sum >> (5 * (BECH32_CHECK_CHARS - 1 - i)) & 31];
    out[at] = '\0';
}

/* The 52 data characters of text into out; what they leave over must be zero. */
static bool data_parse(const uint8_t *text, struct secret *out)
{
    uint32_t held = 0;
    size_t bits = 0, at = 0;
    const char *hit;

    for (size_t i = 0; i < BECH32_DATA_CHARS; i++) {
        hit = memchr(digits, text[i], sizeof(digits) - 1);
        if (!hit)
            return false;
        held = (held << 5 | (uint32_t)(hit - digits)) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out->byte[at++] = (uint8_t)(held >> bits);
        }
    }
    return at == sizeof(out->byte) && !(held & ((1u << bits) - 1));
}

int age_identity_parse(struct slice text, struct secret *out, struct why *why)
{
    char again[AGE_IDENTITY_BYTES];
    struct secret secret = {0};
    bool good = text.len == AGE_IDENTITY_BYTES - 1 && slice_starts(text, "AGE-SECRET-KEY-1") &&
                data_parse(text.ptr + sizeof(BECH32_PREFIX), &secret);

    /* One text for one secret: the checksum is right when ours is the same. */
    if (good) {
        age_identity_text(&secret, again);
        good = memcmp(again, text.ptr, text.len) == 0;
        wipe(again, sizeof(again));
    }
    if (good)
        *out = secret;
    secret_wipe(&secret);
    if (good)
        return SH_OK;
    if (slice_starts(text, "AGE-SECRET-KEY-PQ-1"))
        return why_set(why, SH_EUNSUPPORTED, 0,
                       "age key: a hybrid (post-quantum) one, which this version cannot use");
    return why_set(why, SH_EFORMAT, 0,
                   "age key: not AGE-SECRET-KEY-1 and 58 characters with a right checksum");
}
