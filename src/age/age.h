/*
 * age -- a small writer and strict readers of age v1 files.
 *
 * What:    backups and sealed originals are age files, so that the archive key of a recovery
 *          sheet opens them with the plain `age` program too.
 * Spec:    C2SP age (age-encryption.org/v1); armor is RFC 7468 3, strict; Bech32 is BIP 173
 *          without its length limit.  We write for one X25519 key, and read with an X25519 key
 *          or a passphrase.  Hybrid and tagged recipients are not ours: their stanzas are
 *          ignored as the specification asks, their secrets are SH_EUNSUPPORTED.
 * Shapes:  header text; 16-byte nonce; chunks of 65536 bytes and a 16-byte tag, the last one
 *          shorter or full, empty only when the whole file is empty.
 * Memory:  writer, reader and view are plain structs of the caller (about 64 and 128 KiB: not
 *          for the stack); they hold secrets, so the caller ends with age_writer_release,
 *          age_reader_release or age_view_release, also after an error.
 * Errors:  the reader says SH_EFORMAT (not this format, or cut short), SH_ELIMIT (larger than
 *          limits.h allows), SH_ENOTFOUND (for other keys), SH_ECRYPT (changed bytes), or what
 *          the sink returned.  After an error the object takes no more input.
 * Threads: no state besides the structs.
 */
#ifndef AGE_AGE_H
#define AGE_AGE_H

#include "base/base.h"
#include "crypt/crypt.h"

#define AGE_FILE_KEY_BYTES 16
#define AGE_NONCE_BYTES 16
#define AGE_CHUNK_BYTES 65536
#define AGE_SEALED_BYTES (AGE_CHUNK_BYTES + CRYPT_TAG_BYTES)

/* Takes what comes out, in order; called with 1..AGE_SEALED_BYTES bytes.  Non-zero stops. */
struct age_sink {
    int (*put)(void *ctx, struct slice data, struct why *why);
    void *ctx;
};

/* ---- writing ---- */

/* Fresh random bytes for one file; never for two. */
struct age_random {
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    struct secret ephemeral;
    uint8_t nonce[AGE_NONCE_BYTES];
};

struct age_writer {
    struct age_sink sink;
    struct secret key; /* of the payload */
    uint64_t chunk;    /* number of the chunk in buf */
    size_t held;       /* plain bytes in buf */
    int failed;
    uint8_t buf[AGE_SEALED_BYTES];
};
/*
 * Begin a file that recipient (an X25519 public key) can open: the header and the nonce go to
 * the sink.  random is wiped.  SH_EARG when the key is a point of low order.
 */
MUST_CHECK int age_writer_start(struct age_writer *writer,
                                const uint8_t recipient[CRYPT_KEY_BYTES],
                                struct age_random *random, struct age_sink sink,
                                struct why *why);
/* Plain bytes, any number at a time. */
MUST_CHECK int age_writer_update(struct age_writer *writer, struct slice plain,
                                 struct why *why);
/* The last chunk; without it the file is not whole, and no reader takes it for whole. */
MUST_CHECK int age_writer_final(struct age_writer *writer, struct why *why);
void age_writer_release(struct age_writer *writer);

/* ---- reading ---- */

enum age_stage {
    AGE_HEADER,  /* up to and with the nonce */
    AGE_PAYLOAD, /* the header holds and a stanza was ours */
    AGE_ENDED    /* the last chunk was opened: only the end may follow */
};
struct age_reader {
    struct age_sink sink;
    enum age_stage stage;
    struct secret identity; /* the X25519 scalar; wiped after the header */
    struct slice passphrase;
    bool by_passphrase;
    struct secret key;
    uint64_t chunk;
    uint64_t at; /* bytes taken so far: offsets in messages */
    size_t held; /* bytes in buf */
    size_t line; /* where the unfinished line of the header starts in buf */
    size_t header_bytes;
    int failed;
    uint8_t buf[AGE_SEALED_BYTES]; /* the header, then one sealed chunk */
    uint8_t plain[AGE_CHUNK_BYTES];
};
/* Begin to read with the secret scalar of the archive key. */
void age_reader_init(struct age_reader *reader, const struct secret *identity,
                     struct age_sink sink);
/* The same with a passphrase, borrowed until the header was read. */
void age_reader_init_passphrase(struct age_reader *reader, struct slice passphrase,
                                struct age_sink sink);
/*
 * Sealed bytes, any number at a time.  Plain bytes reach the sink only after their chunk's tag
 * was found right; they are still the beginning of a file that may turn out to be cut short.
 */
MUST_CHECK int age_reader_update(struct age_reader *reader, struct slice sealed,
                                 struct why *why);
/* The input has ended: 0 only when the file was whole. */
MUST_CHECK int age_reader_final(struct age_reader *reader, struct why *why);
void age_reader_release(struct age_reader *reader);

/* ---- reading anywhere ---- */

/* Where the sealed bytes are. */
struct age_source {
    /* Exactly len bytes from offset at, which lie inside of bytes. */
    int (*read)(void *ctx, uint64_t at, uint8_t *out, size_t len, struct why *why);
    void *ctx;
    uint64_t bytes;
};
struct age_view {
    struct age_source source;
    struct secret key;
    uint64_t start;       /* of the first chunk */
    uint64_t chunks;      /* 1 or more */
    uint64_t plain_bytes; /* of the whole file: known once the last chunk was opened */
    uint64_t chunk;       /* the one in plain; chunks: none */
    size_t held;          /* bytes in plain */
    uint8_t buf[AGE_SEALED_BYTES];
    uint8_t plain[AGE_CHUNK_BYTES];
};
/*
 * Read the header, and find the last chunk right before anything is believed about the size
 * (C2SP age, Payload).  Errors as the reader.
 */
MUST_CHECK int age_view_open(struct age_view *view, const struct secret *identity,
                             struct age_source source, struct why *why);
/* Plain bytes [at, at + len) into out; SH_EARG when they are not all there. */
MUST_CHECK int age_view_read(struct age_view *view, uint64_t at, uint8_t *out, size_t len,
                             struct why *why);
void age_view_release(struct age_view *view);

/* ---- armor ---- */

#define AGE_ARMOR_LINE_BYTES 72 /* the longest line, "-----BEGIN ...", 64 columns, CR */
/* From the text form to the binary one; the sink may be age_reader_update's. */
struct age_armor {
    struct age_sink sink;
    enum { AGE_ARMOR_BEFORE, AGE_ARMOR_BODY, AGE_ARMOR_LAST, AGE_ARMOR_AFTER } stage;
    uint64_t at; /* bytes taken so far */
    size_t held;
    int failed;
    bool broke; /* it was the armor that was wrong, not what the sink found inside */
    char line[AGE_ARMOR_LINE_BYTES];
};
void age_armor_init(struct age_armor *armor, struct age_sink sink);
MUST_CHECK int age_armor_update(struct age_armor *armor, struct slice text, struct why *why);
/* The text has ended: 0 only behind a whole end line. */
MUST_CHECK int age_armor_final(struct age_armor *armor, struct why *why);

/* ---- sizes ---- */

/*
 * How long a file of so many bytes is made, so that its size tells less (Padme: Nikitin and
 * others, "Reducing metadata leakage from encrypted files", 4): at most 12 % more.
 */
uint64_t age_padded_bytes(uint64_t bytes);

/* ---- keys as text ---- */

/* "AGE-SECRET-KEY-1..." and the NUL: the form that the `age` program reads with -i. */
#define AGE_IDENTITY_BYTES 75
void age_identity_text(const struct secret *secret, char out[AGE_IDENTITY_BYTES]);
/* And back.  SH_EUNSUPPORTED for a hybrid secret, SH_EFORMAT for anything else. */
MUST_CHECK int age_identity_parse(struct slice text, struct secret *out, struct why *why);

#endif
