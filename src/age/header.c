/* The header of an age file: strict grammar, X25519 and scrypt, MAC (C2SP age, "Header"). */
#include "age/age_int.h"

#include <string.h>

#define SCRYPT_SALT_BYTES 16
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"

/* What is read off one header. */
struct walk {
    struct slice whole;
    struct cursor cur;
    const struct age_opener *opener;
    uint8_t recipient[CRYPT_KEY_BYTES];
    bool has_recipient;
    size_t stanzas;
    bool found;
    uint8_t file_key[AGE_FILE_KEY_BYTES];
    /* Of a scrypt stanza: the key is only made when the whole header holds. */
    bool scrypt;
    uint8_t salt[SCRYPT_SALT_BYTES];
    uint64_t log_n;
    uint8_t wrapped[AGE_WRAPPED_BYTES];
};

/* One stanza: its first line's arguments (a view) and its body as written. */
struct stanza {
    struct slice type;  /* first argument */
    struct slice share; /* second argument, empty when there is none */
    struct slice third;
    size_t arguments;
    struct slice lines; /* the body as written, newlines included */
    size_t at;          /* offset in the header */
};

static bool is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '+' || c == '/';
}

/* "-> " argument *(SP argument), arguments of 1*VCHAR. */
static int arguments_parse(struct slice line, struct stanza *out, struct why *why)
{
    size_t from = 3, end;

    if (!slice_starts(line, "-> "))
        return why_set(why, SH_EFORMAT, out->at,
                       "age header: a stanza must start with \"-> \" (C2SP age)");
    for (size_t i = from; i < line.len; i++)
        if (line.ptr[i] < 0x20 || line.ptr[i] > 0x7e)
            return why_set(why, SH_EFORMAT, out->at + i,
                           "age header: byte 0x%02x in a stanza's arguments (C2SP age)",
                           line.ptr[i]);
    while (from <= line.len) {
        end = slice_find(line, from, ' ');
        if (end == from)
            return why_set(why, SH_EFORMAT, out->at + from,
                           "age header: an empty argument (C2SP age)");
        if (out->arguments == 0)
            out->type = slice_sub(line, from, end - from);
        if (out->arguments == 1)
            out->share = slice_sub(line, from, end - from);
        if (out->arguments == 2)
            out->third = slice_sub(line, from, end - from);
        out->arguments++;
        from = end + 1;
    }
    return SH_OK;
}

/*
 * *(64 base64 characters LF) 0..63 base64 characters LF, and the whole canonical: a last group
 * of one character cannot be, and bits that carry nothing must be zero (RFC 4648 3.5).
 */
static int body_parse(struct walk *walk, struct stanza *out, struct why *why)
{
    size_t from = walk->cur.at;
    struct slice line;
    struct bytes last;
    bool canonical;

    do {
        line = rd_line(&walk->cur);
        for (size_t i = 0; i < line.len; i++)
            if (line.len > AGE_STANZA_COLUMNS || !is_base64(line.ptr[i]))
                return why_set(why, SH_EFORMAT, walk->cur.at,
                               "age header: a stanza's body is not base64 in lines of 64 "
                               "(C2SP age)");
        if (walk->cur.failed)
            return why_set(why, SH_EFORMAT, walk->cur.at,
                           "age header: ends inside of a stanza (C2SP age)");
    } while (line.len == AGE_STANZA_COLUMNS);
    bytes_init(&last, AGE_STANZA_COLUMNS);
    canonical = base64_parse(&last, line, BASE64_BARE);
    bytes_release(&last);
    if (!canonical)
        return why_set(why, SH_EFORMAT, walk->cur.at,
                       "age header: a stanza's body is not canonical base64 (RFC 4648 3.5)");
    out->lines = slice_sub(walk->whole, from, walk->cur.at - from);
    return SH_OK;
}

/* Exactly len bytes of canonical base64 in one line of text. */
static bool exact_bytes(struct slice text, uint8_t *out, size_t len)
{
    struct bytes raw;
    bool good;

    bytes_init(&raw, len + 1);
    good = base64_parse(&raw, text, BASE64_BARE) && raw.len == len;
    if (good)
        memcpy(out, raw.ptr, len);
    bytes_release(&raw);
    return good;
}

/* The body of a native stanza: one line, a file key and its tag. */
static bool wrapped_parse(const struct stanza *stanza, uint8_t out[AGE_WRAPPED_BYTES])
{
    size_t end = slice_find(stanza->lines, 0, '\n');

    return end + 1 == stanza->lines.len &&
           exact_bytes(slice_sub(stanza->lines, 0, end), out, AGE_WRAPPED_BYTES);
}

/* Try to unwrap the file key; a stanza that is not for this key is no error. */
static int x25519_open(struct walk *walk, const uint8_t share[CRYPT_KEY_BYTES],
                       const uint8_t wrapped[AGE_WRAPPED_BYTES], size_t at, struct why *why)
{
    static const uint8_t zero[CRYPT_NONCE_BYTES];
    const struct secret *identity = walk->opener->identity;
    struct secret shared = {0}, key;

    if (!crypto.x25519(identity, share, &shared))
        return why_set(why, SH_EFORMAT, at,
                       "age header: an X25519 share of low order (C2SP age)");
    if (!walk->has_recipient)
        crypto.x25519_public(identity, walk->recipient);
    walk->has_recipient = true;
    if (!walk->found) {
        age_wrap_key(&shared, share, walk->recipient, &key);
        walk->found = crypto.chapoly_open(&key, zero, slice_of(wrapped, AGE_WRAPPED_BYTES),
                                          walk->file_key);
        secret_wipe(&key);
    }
    secret_wipe(&shared);
    return SH_OK;
}

static int x25519_take(struct walk *walk, const struct stanza *stanza, struct why *why)
{
    uint8_t share[CRYPT_KEY_BYTES], wrapped[AGE_WRAPPED_BYTES];

    if (stanza->arguments != 2 || !exact_bytes(stanza->share, share, sizeof(share)))
        return why_set(why, SH_EFORMAT, stanza->at,
                       "age header: an X25519 stanza needs one share of 32 bytes (C2SP age)");
    if (!wrapped_parse(stanza, wrapped))
        return why_set(why, SH_EFORMAT, stanza->at,
                       "age header: the body of an X25519 stanza must be 32 bytes (C2SP age)");
    return walk->opener->identity ? x25519_open(walk, share, wrapped, stanza->at, why) : SH_OK;
}

/* "-> scrypt SALT LOGN"; the grammar alone. */
static int scrypt_take(struct walk *walk, const struct stanza *stanza, struct why *why)
{
    walk->scrypt = true;
    if (stanza->arguments != 3 || !exact_bytes(stanza->share, walk->salt, sizeof(walk->salt)))
        return why_set(why, SH_EFORMAT, stanza->at,
                       "age header: a scrypt stanza needs a salt of 16 bytes and a work factor "
                       "(C2SP age)");
    if (!decimal_parse(stanza->third, UINT64_MAX, &walk->log_n) || !walk->log_n)
        return why_set(why, SH_EFORMAT, stanza->at,
                       "age header: the work factor of a scrypt stanza is no number above 0 "
                       "(C2SP age)");
    if (!wrapped_parse(stanza, walk->wrapped))
        return why_set(why, SH_EFORMAT, stanza->at,
                       "age header: the body of a scrypt stanza must be 32 bytes (C2SP age)");
    if (walk->log_n > LIMIT_AGE_WORK_FACTOR)
        return why_set(why, SH_ELIMIT, stanza->at,
                       "age header: a work factor of %ju, at most %d are followed",
                       (uintmax_t)walk->log_n, LIMIT_AGE_WORK_FACTOR);
    return SH_OK;
}

static int scrypt_open(struct walk *walk, struct why *why)
{
    static const uint8_t zero[CRYPT_NONCE_BYTES];
    uint8_t salt[sizeof(SCRYPT_LABEL) - 1 + SCRYPT_SALT_BYTES];
    struct secret key;

    memcpy(salt, SCRYPT_LABEL, sizeof(SCRYPT_LABEL) - 1);
    memcpy(salt + sizeof(SCRYPT_LABEL) - 1, walk->salt, sizeof(walk->salt));
    if (!crypto.scrypt(walk->opener->passphrase, slice_of(salt, sizeof(salt)),
                       (unsigned)walk->log_n, &key))
        return why_set(why, SH_ENOMEM, WHY_NOWHERE,
                       "age header: no memory for a work factor of %ju",
                       (uintmax_t)walk->log_n);
    walk->found = crypto.chapoly_open(&key, zero, slice_of(walk->wrapped, AGE_WRAPPED_BYTES),
                                      walk->file_key);
    secret_wipe(&key);
    return SH_OK;
}

static int stanza_walk(struct walk *walk, struct why *why)
{
    struct stanza stanza = {.at = walk->cur.at};
    int rc;

    if (++walk->stanzas > LIMIT_AGE_STANZAS)
        return why_set(why, SH_ELIMIT, stanza.at, "age header: more than %d recipients",
                       LIMIT_AGE_STANZAS);
    rc = arguments_parse(rd_line(&walk->cur), &stanza, why);
    if (rc == SH_OK)
        rc = body_parse(walk, &stanza, why);
    if (rc != SH_OK)
        return rc;
    if (slice_equal(stanza.type, slice_text("scrypt")))
        rc = scrypt_take(walk, &stanza, why);
    if (rc == SH_OK && walk->scrypt && walk->stanzas > 1)
        return why_set(why, SH_EFORMAT, stanza.at,
                       "age header: a passphrase stanza must stand alone (C2SP age)");
    if (slice_equal(stanza.type, slice_text("X25519")))
        return x25519_take(walk, &stanza, why);
    return rc;
}

/* "--- " and 43 base64 characters; the MAC covers everything before that space. */
static int mac_parse(struct walk *walk, uint8_t mac[CRYPT_DIGEST_BYTES], struct why *why)
{
    size_t at = walk->cur.at;
    struct slice line = rd_line(&walk->cur);

    if (walk->cur.failed || rd_left(&walk->cur) || !slice_starts(line, "--- ") ||
        line.len != 4 + AGE_MAC_TEXT_BYTES ||
        !exact_bytes(slice_sub(line, 4, AGE_MAC_TEXT_BYTES), mac, CRYPT_DIGEST_BYTES))
        return why_set(why, SH_EFORMAT, at,
                       "age header: the last line must be \"--- \" and 43 base64 characters "
                       "(C2SP age)");
    return SH_OK;
}

static bool mac_equal(const uint8_t a[CRYPT_DIGEST_BYTES], const uint8_t b[CRYPT_DIGEST_BYTES])
{
    struct secret left, right;

    memcpy(left.byte, a, CRYPT_DIGEST_BYTES);
    memcpy(right.byte, b, CRYPT_DIGEST_BYTES);
    return secret_equal(&left, &right);
}

/* The last line starts with "---": no stanza does. */
static bool at_end(const struct walk *walk)
{
    return slice_starts(slice_sub(walk->whole, walk->cur.at, rd_left(&walk->cur)), "---");
}

static int header_walk(struct walk *walk, struct why *why)
{
    uint8_t said[CRYPT_DIGEST_BYTES], counted[CRYPT_DIGEST_BYTES];
    size_t end;
    int rc;

    rd_skip(&walk->cur, strlen(AGE_VERSION_LINE));
    do
        rc = stanza_walk(walk, why);
    while (rc == SH_OK && !at_end(walk));
    if (rc != SH_OK)
        return rc;
    end = walk->cur.at + 3;
    rc = mac_parse(walk, said, why);
    if (rc == SH_OK && walk->scrypt && !walk->opener->identity)
        rc = scrypt_open(walk, why);
    if (rc != SH_OK)
        return rc;
    if (!walk->found)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "age file: made for another key (none of its %zu recipients is ours)",
                       walk->stanzas);
    age_header_mac(walk->file_key, slice_sub(walk->whole, 0, end), counted);
    if (!mac_equal(said, counted))
        return why_set(why, SH_ECRYPT, 0, "age header: was changed (its MAC does not hold)");
    return SH_OK;
}

int age_header_open(struct slice header, const struct age_opener *opener,
                    uint8_t file_key[AGE_FILE_KEY_BYTES], struct why *why)
{
    struct walk walk = {.whole = header, .cur = cursor_of(header), .opener = opener};
    int rc;

    if (!slice_starts(header, AGE_VERSION_LINE))
        return why_set(why, SH_EFORMAT, 0,
                       "not an age file: the first line must be age-encryption.org/v1");
    rc = header_walk(&walk, why);
    if (rc == SH_OK)
        memcpy(file_key, walk.file_key, AGE_FILE_KEY_BYTES);
    wipe(&walk, sizeof(walk));
    return rc;
}

int age_header_seek(struct slice held, size_t *line, size_t *end, struct why *why)
{
    size_t known = strlen(AGE_VERSION_LINE), at;

    if (*line == 0) {
        known = held.len < known ? held.len : known;
        if (known && memcmp(held.ptr, AGE_VERSION_LINE, known) != 0)
            return why_set(why, SH_EFORMAT, 0,
                           "not an age file: the first line must be age-encryption.org/v1");
    }
    while (!*end) {
        at = slice_find(held, *line, '\n');
        if (at == held.len)
            break;
        if (at - *line >= 3 && memcmp(held.ptr + *line, "---", 3) == 0)
            *end = at + 1;
        *line = at + 1;
    }
    if (!*end && held.len >= LIMIT_AGE_HEADER_BYTES)
        return why_set(why, SH_ELIMIT, held.len, "age header: longer than %d bytes",
                       LIMIT_AGE_HEADER_BYTES);
    return SH_OK;
}
