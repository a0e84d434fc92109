/*
 * Signed notes: C2SP signed-note, read as strictly as Go's note.Open reads them, and more so in
 * one thing: base64 has one spelling (unused bits are zero).
 */
#include "tlog/tlog.h"

static const char line_start[] = "\xe2\x80\x94 "; /* em dash, space */
#define LINE_START_BYTES (sizeof line_start - 1)
#define KEY_ID_BYTES 4
/* Key id and the longest signature that is read. */
#define RAW_BYTES (KEY_ID_BYTES + sizeof((struct tlog_signature *)0)->data)

/* ---- keys ---- */

/* One of Unicode's White_Space characters, which a name must not have? */
static bool starts_with_space(struct slice text, size_t at)
{
    static const char *const spaces[] = {
        "\t",           "\n",           "\v",
        "\f",           "\r",           " ",
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
        "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
        "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
        "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
        "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
        "\xe3\x80\x80",
    };
    struct slice rest = slice_sub(text, at, text.len - at);

    if (text.ptr[at] > ' ' && text.ptr[at] < 0x80)
        return false; /* Nearly every byte of a name: a watch reads many. */
    for (size_t i = 0; i < COUNT_OF(spaces); i++)
        if (slice_starts(rest, spaces[i]))
            return true;
    return false;
}

static bool name_is_good(struct slice name)
{
    if (!name.len || !text_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '+' || name.ptr[i] < 0x20 || starts_with_space(name, i))
            return false;
    return true;
}

static uint32_t big_endian_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* First 4 bytes of SHA-256(name || 0x0A || type || public key) (signed-note, "Signatures"). */
static uint32_t key_id_of(const char *name, uint8_t type, struct slice material)
{
    const uint8_t middle[2] = {'\n', type};
    uint8_t digest[CRYPT_DIGEST_BYTES];
    struct crypt_sha256 ctx;

    crypto.sha256_init(&ctx);
    crypto.sha256_update(&ctx, slice_text(name));
    crypto.sha256_update(&ctx, slice_of(middle, sizeof middle));
    crypto.sha256_update(&ctx, material);
    crypto.sha256_final(&ctx, digest);
    return big_endian_32(digest);
}

int tlog_key_init(struct tlog_key *key, const char *name, uint8_t type,
                  const uint8_t public_key[CRYPT_KEY_BYTES], struct why *why)
{
    size_t len = strlen(name);

    if (len > LIMIT_NOTE_NAME_BYTES)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key: a name of %zu bytes, at most %d are allowed", len,
                       LIMIT_NOTE_NAME_BYTES);
    if (!name_is_good(slice_text(name)))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key: a name is not empty and has no spaces, '+' or control characters "
                       "(signed-note \"Format\")");
    if (type != TLOG_ED25519 && type != TLOG_COSIGNATURE)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key: signature type 0x%02x, only 0x01 and 0x04 (Ed25519) are handled",
                       type);
    memset(key, 0, sizeof *key);
    memcpy(key->name, name, len);
    key->type = type;
    memcpy(key->public_key, public_key, CRYPT_KEY_BYTES);
    key->id = key_id_of(name, type, slice_of(public_key, CRYPT_KEY_BYTES));
    return SH_OK;
}

void tlog_key_text(const struct tlog_key *key, struct bytes *out)
{
    uint8_t material[1 + CRYPT_KEY_BYTES];

    material[0] = key->type;
    memcpy(material + 1, key->public_key, CRYPT_KEY_BYTES);
    bytes_printf(out, "%s+%08x+", key->name, (unsigned)key->id);
    base64_build(out, slice_of(material, sizeof material), BASE64_PADDED);
}

/* Type and material of a verifier key whose name and id are read. */
static int material_take(struct slice material, struct tlog_key *key, struct why *why)
{
    struct slice rest = slice_sub(material, 1, material.len - 1);

    key->type = material.ptr[0];
    if (key_id_of(key->name, key->type, rest) != key->id)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "verifier key: its id %08x is not that of its name and key "
                       "(signed-note \"Verifier keys\")",
                       (unsigned)key->id);
    if (key->type == TLOG_ED25519 || key->type == TLOG_COSIGNATURE) {
        if (rest.len != CRYPT_KEY_BYTES)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "verifier key: %zu bytes of key, an Ed25519 key has 32", rest.len);
        memcpy(key->public_key, rest.ptr, CRYPT_KEY_BYTES);
        return SH_OK;
    }
    crypto.sha256(rest, key->public_key);
    if (key->type != TLOG_MLDSA44)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "verifier key: signature type 0x%02x is not handled", key->type);
    if (rest.len != TLOG_MLDSA44_KEY_BYTES)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "verifier key: %zu bytes of key, an ML-DSA-44 key has 1312", rest.len);
    return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                   "verifier key: signature type 0x06 (ML-DSA-44) is known, not supported");
}

int tlog_key_parse(struct slice text, struct tlog_key *key, struct why *why)
{
    size_t name_end = slice_find(text, 0, '+');
    uint8_t room[1 + TLOG_MLDSA44_KEY_BYTES + 3], id[KEY_ID_BYTES];
    struct bytes raw = {.ptr = room, .cap = sizeof room, .max = sizeof room};
    struct slice name = slice_sub(text, 0, name_end), rest;

    if (text.len - name_end < 1 + 2 * KEY_ID_BYTES + 2)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "verifier key: not name+8 hex digits+base64 (signed-note \"Verifier "
                       "keys\")");
    if (!name_is_good(name))
        return why_set(why, SH_EFORMAT, 0,
                       "verifier key: a name is not empty and has no spaces, '+' or control "
                       "characters (signed-note \"Format\")");
    if (name.len > LIMIT_NOTE_NAME_BYTES)
        return why_set(why, SH_ELIMIT, 0,
                       "verifier key: a name of %zu bytes, at most %d are read", name.len,
                       LIMIT_NOTE_NAME_BYTES);
    rest = slice_sub(text, name_end + 1, text.len - name_end - 1);
    if (!hex_parse(slice_sub(rest, 0, sizeof id * 2), id, sizeof id) || rest.ptr[8] != '+')
        return why_set(why, SH_EFORMAT, name_end + 1,
                       "verifier key: 8 lower-case hex digits and '+' were expected after the "
                       "name (signed-note \"Verifier keys\")");
    if (!base64_parse(&raw, slice_sub(rest, 9, rest.len - 9), BASE64_PADDED) || !raw.len)
        return why_set(why, SH_EFORMAT, name_end + 10,
                       "verifier key: no padded base64 after the id (signed-note \"Verifier "
                       "keys\")");
    if (raw.failed)
        return why_set(why, SH_ELIMIT, name_end + 10,
                       "verifier key: longer than any that is known");
    memset(key, 0, sizeof *key);
    memcpy(key->name, name.ptr, name.len);
    key->id = big_endian_32(id);
    return material_take(bytes_view(&raw), key, why);
}

/* ---- reading ---- */

/*
 * Take one line without its LF apart.  raw (empty, with room for any signature we read) gets
 * key id and signature.  SH_OK or the reason, in words.
 */
static int line_split(struct slice line, struct slice *name, struct bytes *raw,
                      const char **reason)
{
    struct slice rest;
    size_t space;

    *reason = "does not begin with an em dash and a space";
    if (!slice_starts(line, line_start))
        return SH_EFORMAT;
    rest = slice_sub(line, LINE_START_BYTES, line.len - LINE_START_BYTES);
    space = slice_find(rest, 0, ' ');
    *reason = "has no name and base64 with one space between";
    if (space == rest.len)
        return SH_EFORMAT;
    *name = slice_sub(rest, 0, space);
    *reason = "has a name that is empty, or holds a space, '+' or control character";
    if (!name_is_good(*name))
        return SH_EFORMAT;
    *reason = "has a longer signature or name than any that is read";
    if (name->len > LIMIT_NOTE_NAME_BYTES || rest.len - space - 1 > (raw->max + 2) / 3 * 4)
        return SH_ELIMIT;
    *reason = "has malformed base64";
    if (!base64_parse(raw, slice_sub(rest, space + 1, rest.len - space - 1), BASE64_PADDED))
        return SH_EFORMAT;
    *reason = "has a longer signature than any that is read";
    if (raw->failed)
        return SH_ELIMIT;
    *reason = "has no signature after its key id";
    return raw->len > KEY_ID_BYTES ? SH_OK : SH_EFORMAT;
}

/*
 * Bytes in the caller's RAW_BYTES of memory: cap and max are equal, so that they never grow and
 * are never released.  Reading a note then needs no heap and cannot fail for want of it.
 */
static struct bytes raw_over(uint8_t *room)
{
    return (struct bytes){.ptr = room, .cap = RAW_BYTES, .max = RAW_BYTES};
}

static int lines_check(struct slice lines, size_t offset, size_t *count, struct why *why)
{
    struct cursor cur = cursor_of(lines);
    const char *reason = "";
    uint8_t room[RAW_BYTES];
    struct bytes raw = raw_over(room);
    struct slice name;
    int rc = SH_OK;

    for (*count = 0; !rc && rd_left(&cur); ++*count) {
        size_t at = offset + cur.at;

        bytes_clear(&raw);
        if (*count == LIMIT_NOTE_SIGNATURES)
            rc = why_set(why, SH_ELIMIT, at, "note: more than %d signature lines",
                         LIMIT_NOTE_SIGNATURES);
        else if ((rc = line_split(rd_line(&cur), &name, &raw, &reason)) != SH_OK)
            rc = why_set(why, (enum sh_err)rc, at,
                         "note: signature line %zu %s (signed-note "
                         "\"Format\")",
                         *count + 1, reason);
    }
    return rc;
}

static int characters_check(struct slice raw, struct why *why)
{
    if (raw.len > LIMIT_NOTE_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_NOTE_BYTES, "note: %zu bytes, at most %d are read",
                       raw.len, LIMIT_NOTE_BYTES);
    if (!text_is_utf8(raw))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "note: not valid UTF-8 (signed-note \"Format\")");
    for (size_t i = 0; i < raw.len; i++)
        if (raw.ptr[i] < 0x20 && raw.ptr[i] != '\n')
            return why_set(why, SH_EFORMAT, i,
                           "note: control character 0x%02x (signed-note \"Format\")",
                           raw.ptr[i]);
    return SH_OK;
}

int tlog_note_parse(struct slice raw, struct tlog_note *note, struct why *why)
{
    struct tlog_note found = {0};
    size_t split;
    int rc = characters_check(raw, why);

    if (rc)
        return rc;
    /* The last blank line: split is the index of the second of two newlines. */
    for (split = raw.len; split-- > 1;)
        if (raw.ptr[split] == '\n' && raw.ptr[split - 1] == '\n')
            break;
    if (!split || split == SIZE_MAX)
        return why_set(why, SH_EFORMAT, raw.len,
                       "note: no blank line before signatures (signed-note \"Format\")");
    found.text = slice_sub(raw, 0, split);
    found.signature_lines = slice_sub(raw, split + 1, raw.len - split - 1);
    if (!found.signature_lines.len || raw.ptr[raw.len - 1] != '\n')
        return why_set(why, SH_EFORMAT, raw.len,
                       "note: does not end in a signature line with its newline (signed-note "
                       "\"Format\")");
    rc = lines_check(found.signature_lines, split + 1, &found.signatures, why);
    if (rc)
        return rc;
    *note = found;
    return SH_OK;
}

void tlog_note_signature(const struct tlog_note *note, size_t i, struct tlog_signature *out)
{
    struct cursor cur = cursor_of(note->signature_lines);
    uint8_t room[RAW_BYTES];
    struct bytes raw = raw_over(room);
    const char *reason;
    struct slice line;

    if (i >= note->signatures)
        bug("a note has no such signature line");
    for (size_t skip = 0; skip < i; skip++)
        (void)rd_line(&cur);
    line = rd_line(&cur);
    /* The line was checked when the note was parsed. */
    if (line_split(line, &out->name, &raw, &reason))
        bug("a signature line of a parsed note does not parse");
    out->key_id = big_endian_32(raw.ptr);
    out->data_len = raw.len - KEY_ID_BYTES;
    memcpy(out->data, raw.ptr + KEY_ID_BYTES, out->data_len);
}

/* ---- verdicts ---- */

enum tlog_verdict tlog_note_verdict(const struct tlog_note *note, const struct tlog_key *key)
{
    struct tlog_signature signature;
    uint64_t time;

    if (key->type == TLOG_COSIGNATURE)
        return tlog_cosignature_verdict(note, key, &time);
    if (key->type != TLOG_ED25519)
        return TLOG_ABSENT;
    /* Of several lines by one key the first counts, as in Go's note.Open. */
    for (size_t i = 0; i < note->signatures; i++) {
        bool good;

        tlog_note_signature(note, i, &signature);
        if (signature.key_id != key->id || !slice_equal(signature.name, slice_text(key->name)))
            continue;
        good = signature.data_len == CRYPT_SIGNATURE_BYTES &&
               crypto.ed25519_verify(key->public_key, note->text, signature.data);
        return good ? TLOG_GOOD : TLOG_BAD;
    }
    return TLOG_ABSENT;
}

/* ---- writing ---- */

void tlog_signature_line(struct bytes *out, const struct tlog_key *key, struct slice signature)
{
    uint8_t room[RAW_BYTES];
    struct bytes raw = raw_over(room);

    bytes_u32(&raw, key->id);
    bytes_slice(&raw, signature);
    if (bytes_check(&raw, NULL))
        bug("a signature is longer than any that is read");
    bytes_printf(out, "%s%s ", line_start, key->name);
    base64_build(out, bytes_view(&raw), BASE64_PADDED);
    bytes_text(out, "\n");
}
