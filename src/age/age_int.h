/* age_int -- what the files of this folder share; see age.h. */
#ifndef AGE_AGE_INT_H
#define AGE_AGE_INT_H

#include "age/age.h"

#define AGE_VERSION_LINE "age-encryption.org/v1\n"
#define AGE_MAC_TEXT_BYTES 43 /* unpadded base64 of 32 bytes */
#define AGE_STANZA_COLUMNS 64 /* columns of a full line of a stanza's body */
#define AGE_WRAPPED_BYTES 32  /* file key and tag */

/* The key that wraps the file key in an X25519 stanza. */
void age_wrap_key(const struct secret *shared, const uint8_t share[CRYPT_KEY_BYTES],
                  const uint8_t recipient[CRYPT_KEY_BYTES], struct secret *key);
/* The MAC over the header up to and with "---". */
void age_header_mac(const uint8_t file_key[AGE_FILE_KEY_BYTES], struct slice covered,
                    uint8_t mac[CRYPT_DIGEST_BYTES]);
void age_payload_key(const uint8_t file_key[AGE_FILE_KEY_BYTES],
                     const uint8_t nonce[AGE_NONCE_BYTES], struct secret *key);
/* The nonce of chunk number chunk: 11 bytes big-endian, then 1 for the last one. */
void age_chunk_nonce(uint64_t chunk, bool last, uint8_t nonce[CRYPT_NONCE_BYTES]);
/* Who opens a header: an X25519 key, or a passphrase. */
struct age_opener {
    const struct secret *identity; /* NULL: the passphrase */
    struct slice passphrase;
};
/*
 * Check a whole header, its last newline included, and find the file key.  SH_EFORMAT for a
 * broken grammar, SH_ENOTFOUND when no stanza is ours, SH_ECRYPT for a wrong MAC.
 */
MUST_CHECK int age_header_open(struct slice header, const struct age_opener *opener,
                               uint8_t file_key[AGE_FILE_KEY_BYTES], struct why *why);
/*
 * Where the header ends in held, the beginning of a file: behind the first line that starts
 * with "---", which no base64 line and no stanza can.  *line is where to go on, 0 at first;
 * *end stays 0 as long as it is not there.  SH_EFORMAT: it is no age file; SH_ELIMIT.
 */
MUST_CHECK int age_header_seek(struct slice held, size_t *line, size_t *end, struct why *why);

#endif
