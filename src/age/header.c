/* The header of an age file: strict grammar, X25519 stanzas, MAC (C2SP age, "Header"). */
#include "age/age_int.h"

#include <string.h>

/* What is read off one header. */
struct walk {
    struct slice whole;
    struct cursor cur;
    const struct secret *identity;
    uint8_t recipient[CRYPT_KEY_BYTES];
    size_t stanzas;
    bool scrypt;
    bool found;
    uint8_t file_key[AGE_FILE_KEY_BYTES];
};

/* One stanza: its first line's arguments (a view) and its body as written. */
struct stanza {
    struct slice type;  /* first argument */
    struct slice share; /* second argument, empty when there is none */
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

/* Try to unwrap the file key; a stanza that is not for this key is no error. */
static int stanza_open(struct walk *walk, const struct stanza *stanza, struct why *why)
{
    static const uint8_t zero[CRYPT_NONCE_BYTES];
    struct secret shared = {0}, key;
    struct bytes share, body;
    struct slice line;
    int rc = SH_OK;

    bytes_init(&share, CRYPT_KEY_BYTES + 1);
    bytes_init(&body, AGE_WRAPPED_BYTES + 1);
    line = slice_sub(stanza->lines, 0, slice_find(stanza->lines, 0, '\n'));
    if (stanza->arguments != 2 || !base64_parse(&share, stanza->share, BASE64_BARE) ||
        share.len != CRYPT_KEY_BYTES)
        rc = why_set(why, SH_EFORMAT, stanza->at,
                     "age header: an X25519 stanza needs one share of 32 bytes (C2SP age)");
    else if (line.len + 1 != stanza->lines.len || !base64_parse(&body, line, BASE64_BARE) ||
             body.len != AGE_WRAPPED_BYTES)
        rc = why_set(why, SH_EFORMAT, stanza->at,
                     "age header: the body of an X25519 stanza must be 32 bytes (C2SP age)");
    else if (!crypto.x25519(walk->identity, share.ptr, &shared))
        rc = why_set(why, SH_EFORMAT, stanza->at,
                     "age header: an X25519 share of low order (C2SP age)");
    if (rc == SH_OK && !walk->found) {
        age_wrap_key(&shared, share.ptr, walk->recipient, &key);
        walk->found = crypto.chapoly_open(&key, zero, bytes_view(&body), walk->file_key);
        secret_wipe(&key);
    }
    secret_wipe(&shared);
    bytes_release(&share);
    bytes_release(&body);
    return rc;
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
        walk->scrypt = true;
    if (walk->scrypt && walk->stanzas > 1)
        return why_set(why, SH_EFORMAT, stanza.at,
                       "age header: a passphrase stanza must stand alone (C2SP age)");
    if (slice_equal(stanza.type, slice_text("X25519")))
        return stanza_open(walk, &stanza, why);
    return SH_OK;
}

/* "--- " and 43 base64 characters; the MAC covers everything before that space. */
static int mac_parse(struct walk *walk, uint8_t mac[CRYPT_DIGEST_BYTES], struct why *why)
{
    size_t at = walk->cur.at;
    struct slice line = rd_line(&walk->cur);
    struct bytes raw;
    bool good;

    bytes_init(&raw, CRYPT_DIGEST_BYTES + 1);
    good = !walk->cur.failed && rd_left(&walk->cur) == 0 && slice_starts(line, "--- ") &&
           line.len == 4 + AGE_MAC_TEXT_BYTES &&
           base64_parse(&raw, slice_sub(line, 4, AGE_MAC_TEXT_BYTES), BASE64_BARE) &&
           raw.len == CRYPT_DIGEST_BYTES;
    if (good)
        memcpy(mac, raw.ptr, CRYPT_DIGEST_BYTES);
    bytes_release(&raw);
    if (!good)
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

int age_header_open(struct slice header, const struct secret *identity,
                    uint8_t file_key[AGE_FILE_KEY_BYTES], struct why *why)
{
    struct walk walk = {.whole = header, .cur = cursor_of(header), .identity = identity};
    int rc;

    if (!slice_starts(header, AGE_VERSION_LINE))
        return why_set(why, SH_EFORMAT, 0,
                       "not an age file: the first line must be age-encryption.org/v1");
    crypto.x25519_public(identity, walk.recipient);
    rc = header_walk(&walk, why);
    if (rc == SH_OK)
        memcpy(file_key, walk.file_key, AGE_FILE_KEY_BYTES);
    wipe(&walk, sizeof(walk));
    return rc;
}
