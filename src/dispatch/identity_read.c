/* The text of an identity note, read strictly (FORMATS "Identity note"). */
#include "dispatch/dispatch.h"

#include <string.h>

#include "dispatch/identity_int.h"

static const char *const LANGS[] = {"en", "zh", "uk", "ru"};
static const struct {
    const char *text;
    enum key_role role;
    enum key_alg alg; /* the one that the role takes; ALG_OTHER: any */
} ROLES[] = {
    {"identity", KEY_IDENTITY, ALG_ED25519},
    {"log", KEY_LOG, ALG_ED25519},
    {"c2pa-ca", KEY_C2PA_CA, ALG_ES256},
    {"archive", KEY_ARCHIVE, ALG_X25519},
};
static const struct {
    const char *text;
    enum key_alg alg;
} ALGS[] = {{"ed25519", ALG_ED25519}, {"x25519", ALG_X25519}, {"es256", ALG_ES256}};

/* SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480 2.1.1), up to the point. */
static const uint8_t P256_SPKI[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
#define P256_SPKI_BYTES (sizeof(P256_SPKI) + 64)

static int refuse(struct why *why, size_t offset, const char *what)
{
    return why_set(why, SH_EFORMAT, offset,
                   "identity note: %s at byte %zu (FORMATS \"Identity note\")", what, offset);
}

/* The words of a line: what stands between single spaces. */
struct words {
    struct slice line;
    size_t at;
};

static struct slice next_word(struct words *words)
{
    size_t end;
    struct slice word;

    if (words->at > words->line.len)
        return slice_of(NULL, 0);
    end = slice_find(words->line, words->at, ' ');
    word = slice_sub(words->line, words->at, end - words->at);
    words->at = end + 1;
    return word;
}

static bool words_end(const struct words *words)
{
    return words->at == words->line.len + 1;
}

static bool is_token(struct slice text)
{
    uint8_t c;

    for (size_t i = 0; i < text.len; i++) {
        c = text.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(i && ((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return text.len != 0 && text.len <= LIMIT_TOKEN_BYTES;
}

/* Does line begin with "word "?  Then *rest is what follows. */
static bool line_says(struct slice line, const char *word, struct slice *rest)
{
    size_t len = strlen(word);

    if (!slice_starts(line, word) || line.len <= len + 1 || line.ptr[len] != ' ')
        return false;
    *rest = slice_sub(line, len + 1, line.len - len - 1);
    return true;
}

void identity_key_id(struct slice alg, struct slice key_bytes, char out[KEY_ID_CHARS + 1])
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    struct crypt_sha256 ctx;

    crypto.sha256_init(&ctx);
    crypto.sha256_update(&ctx, alg);
    crypto.sha256_update(&ctx, slice_text(" "));
    crypto.sha256_update(&ctx, key_bytes);
    crypto.sha256_final(&ctx, digest);
    hex_build(slice_of(digest, KEY_ID_CHARS / 2), out);
}

int identity_key_compare(const struct identity_key *a, const struct identity_key *b)
{
    int order = slice_compare(a->role_text, b->role_text);

    return order != 0 ? order : memcmp(a->id, b->id, KEY_ID_CHARS);
}

static bool key_bytes_fit(const struct identity_key *key)
{
    switch (key->alg) {
    case ALG_ED25519:
    case ALG_X25519:
        return key->bytes_len == CRYPT_KEY_BYTES;
    case ALG_ES256:
        return key->bytes_len == P256_SPKI_BYTES &&
               memcmp(key->bytes, P256_SPKI, sizeof(P256_SPKI)) == 0;
    case ALG_OTHER:
        return key->bytes_len != 0;
    }
    return false;
}

/* Fill role and alg from their texts; false when the role does not take the algorithm. */
static bool name_key(struct identity_key *key)
{
    enum key_alg wanted = ALG_OTHER;

    key->role = KEY_OTHER;
    key->alg = ALG_OTHER;
    for (size_t i = 0; i < COUNT_OF(ALGS); i++)
        if (slice_equal(key->alg_text, slice_text(ALGS[i].text)))
            key->alg = ALGS[i].alg;
    for (size_t i = 0; i < COUNT_OF(ROLES); i++) {
        if (slice_equal(key->role_text, slice_text(ROLES[i].text))) {
            key->role = ROLES[i].role;
            wanted = ROLES[i].alg;
        }
    }
    return key->role == KEY_OTHER || key->alg == wanted;
}

static bool read_key_bytes(struct slice text, struct identity_key *key)
{
    struct bytes data;
    bool good;

    bytes_init(&data, sizeof(key->bytes));
    good = base64_parse(&data, text, BASE64_PADDED) && bytes_check(&data, NULL) == SH_OK;
    if (good && data.len) {
        memcpy(key->bytes, data.ptr, data.len);
        key->bytes_len = data.len;
    }
    bytes_release(&data);
    return good && key_bytes_fit(key);
}

/* "[from INDEX] [until INDEX] [revoked INDEX]", in this order. */
static bool read_span(struct words *words, struct identity_key *key)
{
    static const char *const names[] = {"from", "until", "revoked"};
    uint64_t *const fields[] = {&key->from, &key->until, &key->revoked};
    struct slice word;
    size_t field = 0;

    key->from = 0;
    key->until = key->revoked = ENTRY_NO_REF;
    while (!words_end(words)) {
        word = next_word(words);
        while (field < COUNT_OF(names) && !slice_equal(word, slice_text(names[field])))
            field++;
        if (field == COUNT_OF(names) || words_end(words) ||
            !decimal_parse(next_word(words), LIMIT_LOG_SIZE, fields[field]))
            return false;
        if (field == 0 && key->from == 0)
            return false; /* The default is not written. */
        field++;
    }
    return key->until > key->from && key->revoked >= key->from;
}

static int read_key(struct slice rest, size_t offset, struct identity_key *key, struct why *why)
{
    struct words words = {.line = rest};
    char wanted[KEY_ID_CHARS + 1];
    struct slice id;

    key->role_text = next_word(&words);
    key->alg_text = next_word(&words);
    id = next_word(&words);
    if (!is_token(key->role_text) || !is_token(key->alg_text) || words_end(&words))
        return refuse(why, offset, "a key line that is not \"key ROLE ALG ID BASE64\"");
    if (!name_key(key))
        return refuse(why, offset, "a key whose algorithm its role does not take");
    if (!read_key_bytes(next_word(&words), key))
        return refuse(why, offset,
                      "a key that is not canonical base64 of its algorithm's form");
    identity_key_id(key->alg_text, slice_of(key->bytes, key->bytes_len), wanted);
    if (!slice_equal(id, slice_text(wanted)))
        return refuse(why, offset, "a key whose ID is not the hash of its bytes");
    memcpy(key->id, wanted, sizeof(key->id));
    if (!read_span(&words, key))
        return refuse(why, offset, "a key's from, until or revoked that may not stand so");
    return SH_OK;
}

/* ---- the lines, in their order ---- */

struct reading {
    struct cursor cur;
    struct slice line; /* the line looked at; empty at the end */
    size_t offset;     /* of that line */
    struct arena *arena;
    struct identity *out;
    struct why *why;
};

static int advance(struct reading *rd)
{
    rd->offset = rd->cur.at;
    rd->line = slice_of(NULL, 0);
    if (!rd_left(&rd->cur))
        return SH_OK;
    rd->line = rd_line(&rd->cur);
    if (rd->cur.failed)
        return refuse(rd->why, rd->offset, "a last line without its LF");
    if (!rd->line.len)
        return refuse(rd->why, rd->offset, "an empty line");
    if (rd->line.ptr[rd->line.len - 1] == ' ')
        return refuse(rd->why, rd->offset, "a space at the end of a line");
    return SH_OK;
}

static int read_name(struct reading *rd, struct slice rest)
{
    if (rest.ptr[0] == ' ')
        return refuse(rd->why, rd->offset, "more than one space");
    rd->out->name = rest;
    return text_check(rest, TEXT_LINE, LIMIT_NAME_BYTES, "the channel's name", rd->why);
}

static int read_number_and_channel(struct reading *rd)
{
    struct slice rest = {0};
    int rc;

    if (!line_says(rd->line, "number", &rest) ||
        !decimal_parse(rest, LIMIT_IDENTITY_NOTES, &rd->out->number))
        return refuse(rd->why, rd->offset, "no line \"number N\"");
    rc = advance(rd);
    if (rc < 0)
        return rc;
    rd->out->has_channel = line_says(rd->line, "channel", &rest);
    if (rd->out->has_channel != (rd->out->number != 0))
        return refuse(rd->why, rd->offset, "the channel's id must stand in every note but 0");
    if (!rd->out->has_channel)
        return SH_OK;
    if (!channel_id_parse(rest, &rd->out->channel))
        return refuse(rd->why, rd->offset, "a channel id that is not 52 characters of base32");
    return advance(rd);
}

static int read_lang_and_threshold(struct reading *rd)
{
    struct slice rest = {0};
    bool known = false;
    int rc;

    if (!line_says(rd->line, "lang", &rest))
        return refuse(rd->why, rd->offset, "no line \"lang LANG\"");
    for (size_t i = 0; i < COUNT_OF(LANGS); i++)
        known = known || slice_equal(rest, slice_text(LANGS[i]));
    if (!known)
        return refuse(rd->why, rd->offset, "a language other than en, zh, uk, ru");
    rd->out->lang = rest;
    rc = advance(rd);
    if (rc < 0)
        return rc;
    if (!line_says(rd->line, "threshold", &rest) ||
        !decimal_parse(rest, LIMIT_IDENTITY_KEYS, &rd->out->threshold))
        return refuse(rd->why, rd->offset, "no line \"threshold K\"");
    return advance(rd);
}

static int read_successor(struct reading *rd)
{
    struct slice rest = {0};
    struct words words;

    rd->out->has_successor = line_says(rd->line, "successor", &rest);
    if (!rd->out->has_successor)
        return SH_OK;
    words = (struct words){.line = rest};
    if (!decimal_parse(next_word(&words), LIMIT_LOG_SIZE, &rd->out->successor_size) ||
        !hex_parse(next_word(&words), rd->out->successor_root, 32) || !words_end(&words))
        return refuse(rd->why, rd->offset, "a line that is not \"successor SIZE HEX64\"");
    return advance(rd);
}

static int read_keys(struct reading *rd)
{
    struct identity *out = rd->out;
    struct slice rest = {0};
    int rc;

    out->keys = arena_take(rd->arena, LIMIT_IDENTITY_KEYS * sizeof(*out->keys));
    if (!out->keys)
        return why_set(rd->why, SH_ENOMEM, WHY_NOWHERE, "identity note: out of memory");
    while (line_says(rd->line, "key", &rest)) {
        if (out->key_count == LIMIT_IDENTITY_KEYS)
            return why_set(rd->why, SH_ELIMIT, rd->offset, "identity note: more than %d keys",
                           LIMIT_IDENTITY_KEYS);
        rc = read_key(rest, rd->offset, &out->keys[out->key_count], rd->why);
        if (rc < 0)
            return rc;
        if (out->key_count && identity_key_compare(&out->keys[out->key_count - 1],
                                                   &out->keys[out->key_count]) >= 0)
            return refuse(rd->why, rd->offset, "a key that is not sorted by role and ID");
        out->key_count++;
        rc = advance(rd);
        if (rc < 0)
            return rc;
    }
    return SH_OK;
}

/* Lines of a later version stand after the keys; a known word there is out of its order. */
static int read_unknown(struct reading *rd)
{
    static const char *const known[] = {"stillhere-identity/1",
                                        "number",
                                        "channel",
                                        "name",
                                        "lang",
                                        "threshold",
                                        "successor",
                                        "key"};
    struct words words;
    struct slice word;
    int rc;

    rd->out->unknown = arena_take(rd->arena, LIMIT_IDENTITY_KEYS * sizeof(struct slice));
    if (!rd->out->unknown)
        return why_set(rd->why, SH_ENOMEM, WHY_NOWHERE, "identity note: out of memory");
    while (rd->line.len) {
        words = (struct words){.line = rd->line};
        word = next_word(&words);
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (slice_equal(word, slice_text(known[i])))
                return refuse(rd->why, rd->offset, "a line out of its order");
        if (!is_token(word))
            return refuse(rd->why, rd->offset, "a line that does not begin with a word");
        rc = text_check(rd->line, TEXT_LINE, LIMIT_IDENTITY_BYTES, "identity note", rd->why);
        if (rc < 0)
            return rc;
        if (rd->out->unknown_count == LIMIT_IDENTITY_KEYS)
            return why_set(rd->why, SH_ELIMIT, rd->offset,
                           "identity note: more than %d unknown lines", LIMIT_IDENTITY_KEYS);
        rd->out->unknown[rd->out->unknown_count++] = rd->line;
        rc = advance(rd);
        if (rc < 0)
            return rc;
    }
    return SH_OK;
}

bool identity_key_signs(const struct identity_key *key)
{
    return key->role == KEY_IDENTITY && key->until == ENTRY_NO_REF &&
           key->revoked == ENTRY_NO_REF;
}

int identity_check(const struct identity *identity, struct why *why)
{
    uint64_t signers = 0, logs = 0;

    for (size_t i = 0; i < identity->key_count; i++) {
        signers += identity_key_signs(&identity->keys[i]);
        logs += identity->keys[i].role == KEY_LOG && identity->keys[i].until == ENTRY_NO_REF;
        if (!identity->number && identity->keys[i].role == KEY_IDENTITY &&
            (!identity_key_signs(&identity->keys[i]) || identity->keys[i].from))
            return refuse(why, 0, "a closed or later identity key in number 0");
    }
    if (!identity->threshold || identity->threshold > signers)
        return refuse(why, 0, "a threshold that the open identity keys cannot reach");
    if (!logs)
        return refuse(why, 0, "no open log key");
    if (identity->has_successor && (!identity->number || !identity->successor_size))
        return refuse(why, 0, "a successor in number 0 or of size 0");
    return SH_OK;
}

int identity_parse(struct slice text, struct arena *arena, struct identity *out,
                   struct why *why)
{
    struct reading rd = {.cur = cursor_of(text), .arena = arena, .out = out, .why = why};
    struct slice rest = {0};
    int rc;

    *out = (struct identity){0};
    if (text.len > LIMIT_IDENTITY_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_IDENTITY_BYTES,
                       "identity note: %zu bytes, at most %d", text.len, LIMIT_IDENTITY_BYTES);
    rc = advance(&rd);
    if (rc < 0)
        return rc;
    if (!slice_equal(rd.line, slice_text("stillhere-identity/1")))
        return refuse(why, 0, "the first line is not stillhere-identity/1");
    rc = advance(&rd);
    if (rc == SH_OK)
        rc = read_number_and_channel(&rd);
    if (rc == SH_OK && !line_says(rd.line, "name", &rest))
        rc = refuse(why, rd.offset, "no line \"name TEXT\"");
    if (rc == SH_OK)
        rc = read_name(&rd, rest);
    if (rc == SH_OK)
        rc = advance(&rd);
    if (rc == SH_OK)
        rc = read_lang_and_threshold(&rd);
    if (rc == SH_OK)
        rc = read_successor(&rd);
    if (rc == SH_OK)
        rc = read_keys(&rd);
    if (rc == SH_OK)
        rc = read_unknown(&rd);
    if (rc == SH_OK)
        rc = identity_check(out, why);
    if (rc == SH_OK && !out->number)
        channel_id_of_note(text, &out->channel);
    return rc;
}

const struct identity_key *identity_key_at(const struct identity *identity, enum key_role role,
                                           uint64_t index)
{
    const struct identity_key *key;

    for (size_t i = 0; i < identity->key_count; i++) {
        key = &identity->keys[i];
        if (key->role == role && key->from <= index && index < key->until)
            return key;
    }
    return NULL;
}
