/* The recovery sheet: two secrets on paper, and back from what a person typed. */
#include "dispatch/dispatch.h"

#include <string.h>

#define SUM_BYTES 3
#define CODE_BYTES (SECRET_BYTES + SUM_BYTES)
#define CODE_CHARS (SHEET_GROUPS * SHEET_GROUP_CHARS)

static const char ALPHABET[] = "abcdefghijklmnopqrstuvwxyz234567";

/* out = the first 3 bytes of SHA-256(role || 0x20 || secret). */
static void checksum(const char *role, const uint8_t secret[SECRET_BYTES],
                     uint8_t out[SUM_BYTES])
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    struct crypt_sha256 ctx;

    crypto.sha256_init(&ctx);
    crypto.sha256_update(&ctx, slice_text(role));
    crypto.sha256_update(&ctx, slice_text(" "));
    crypto.sha256_update(&ctx, slice_of(secret, SECRET_BYTES));
    crypto.sha256_final(&ctx, digest);
    memcpy(out, digest, SUM_BYTES);
    wipe(&ctx, sizeof(ctx));
}

/* 35 bytes as 56 characters and back, without heap memory that would need wiping. */
static void encode(const uint8_t code[CODE_BYTES], char out[CODE_CHARS])
{
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < CODE_BYTES; i++) {
        held = (held << 8 | code[i]) & 0xffff;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            *out++ = ALPHABET[held >> bits & 31];
        }
    }
}

static void decode(const char text[CODE_CHARS], uint8_t code[CODE_BYTES])
{
    uint32_t held = 0;
    unsigned bits = 0;
    char c;

    for (size_t i = 0; i < CODE_CHARS; i++) {
        c = text[i];
        held = (held << 5 | (uint32_t)(c >= 'a' ? c - 'a' : c - '2' + 26)) & 0xffff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            *code++ = (uint8_t)(held >> bits);
        }
    }
}

void sheet_secret_text(const char *role, const struct secret *secret,
                       char out[SHEET_SECRET_BYTES])
{
    uint8_t code[CODE_BYTES];
    char text[CODE_CHARS];

    memcpy(code, secret->byte, SECRET_BYTES);
    checksum(role, secret->byte, code + SECRET_BYTES);
    encode(code, text);
    for (size_t i = 0; i < CODE_CHARS; i++) {
        if (i && i % SHEET_GROUP_CHARS == 0)
            *out++ = ' ';
        *out++ = text[i];
    }
    *out = '\0';
    wipe(code, sizeof(code));
    wipe(text, sizeof(text));
}

void sheet_build(const struct sheet *sheet, struct bytes *out)
{
    char text[SHEET_SECRET_BYTES];

    bytes_printf(out, SHEET_FIRST_LINE "\nchannel %s\nsheet %llu of %llu\n",
                 sheet->channel.text, (unsigned long long)sheet->part,
                 (unsigned long long)sheet->parts);
    sheet_secret_text("identity", &sheet->identity, text);
    bytes_text(out, "identity ");
    bytes_text(out, text);
    sheet_secret_text("archive", &sheet->archive, text);
    bytes_text(out, "\narchive ");
    bytes_text(out, text);
    bytes_u8(out, '\n');
    wipe(text, sizeof(text));
}

/* ---- reading ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* The next line, without spaces at its ends; false at the end of the text. */
static bool next_line(struct slice text, size_t *at, struct slice *line)
{
    size_t end;

    if (*at >= text.len)
        return false;
    end = slice_find(text, *at, '\n');
    *line = slice_sub(text, *at, end - *at);
    *at = end + 1;
    /* What editors put before a text (U+FEFF). */
    if (slice_starts(*line, "\xef\xbb\xbf"))
        *line = slice_sub(*line, 3, line->len - 3);
    while (line->len && is_space(line->ptr[0]))
        *line = slice_sub(*line, 1, line->len - 1);
    while (line->len && is_space(line->ptr[line->len - 1]))
        line->len--;
    return true;
}

/* Does line begin with word in any case?  Then *rest is what follows, without spaces. */
static bool line_says(struct slice line, const char *word, struct slice *rest)
{
    size_t len = strlen(word);

    if (line.len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(line.ptr[i]) != (uint8_t)word[i])
            return false;
    if (line.len > len && !is_space(line.ptr[len]) && line.ptr[len] != ':')
        return false;
    *rest = slice_sub(line, len, line.len - len);
    while (rest->len && (is_space(rest->ptr[0]) || rest->ptr[0] == ':'))
        *rest = slice_sub(*rest, 1, rest->len - 1);
    return true;
}

/* Go on until a line begins with word. */
static int find_line(struct slice text, size_t *at, const char *word, struct slice *rest,
                     struct why *why)
{
    struct slice line;

    while (next_line(text, at, &line))
        if (line_says(line, word, rest))
            return SH_OK;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "sheet: no line that begins with \"%s\"; copy all five lines of the sheet",
                   word);
}

static int collect(const char *role, struct slice part, char text[CODE_CHARS], size_t *len,
                   struct why *why)
{
    uint8_t c;

    for (size_t i = 0; i < part.len; i++) {
        c = lower(part.ptr[i]);
        if (is_space(c) || c == '-')
            continue;
        if (*len == CODE_CHARS)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "sheet: the %s secret has more than %d groups of four", role,
                           SHEET_GROUPS);
        if (!(c >= 'a' && c <= 'z') && !(c >= '2' && c <= '7'))
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "sheet: group %zu of the %s secret has a character that never "
                           "occurs there (only a-z and 2-7 do: 0 is the letter o, 1 the "
                           "letter l or i, 8 the letter b)",
                           *len / SHEET_GROUP_CHARS + 1, role);
        text[(*len)++] = (char)c;
    }
    return SH_OK;
}

/* The group in which one changed character makes the checksum fit; 0 when there is none. */
static size_t suspect_group(const char *role, char text[CODE_CHARS])
{
    uint8_t code[CODE_BYTES], sum[SUM_BYTES];
    size_t hit = 0;
    char kept;

    for (size_t i = 0; i < CODE_CHARS && !hit; i++) {
        kept = text[i];
        for (size_t k = 0; k < 32 && !hit; k++) {
            text[i] = ALPHABET[k];
            decode(text, code);
            checksum(role, code, sum);
            if (memcmp(sum, code + SECRET_BYTES, SUM_BYTES) == 0)
                hit = i / SHEET_GROUP_CHARS + 1;
        }
        text[i] = kept;
    }
    wipe(code, sizeof(code));
    return hit;
}

static int open_secret(const char *role, char text[CODE_CHARS], struct secret *out,
                       struct why *why)
{
    uint8_t code[CODE_BYTES], sum[SUM_BYTES];
    size_t group;
    int rc = SH_OK;

    decode(text, code);
    checksum(role, code, sum);
    if (memcmp(sum, code + SECRET_BYTES, SUM_BYTES) == 0) {
        memcpy(out->byte, code, SECRET_BYTES);
        goto out;
    }
    group = suspect_group(role, text);
    if (group)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "sheet: the %s secret is copied wrongly, most likely in group %zu; "
                     "compare it with the paper",
                     role, group);
    else
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "sheet: the %s secret is copied wrongly in more than one place; compare "
                     "all its groups with the paper",
                     role);
out:
    wipe(code, sizeof(code));
    return rc;
}

/* A secret may be broken over lines; it ends at the next known line or when it is whole. */
static int read_secret(struct slice whole, size_t *at, const char *role, struct secret *out,
                       struct why *why)
{
    char text[CODE_CHARS];
    struct slice line = {0};
    size_t len = 0, next;
    int rc = find_line(whole, at, role, &line, why);

    if (rc < 0)
        return rc;
    rc = collect(role, line, text, &len, why);
    next = *at;
    while (rc == SH_OK && len < CODE_CHARS && next_line(whole, &next, &line)) {
        if (line_says(line, "archive", &line))
            break;
        rc = collect(role, line, text, &len, why);
        *at = next;
    }
    if (rc == SH_OK && len < CODE_CHARS)
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "sheet: the %s secret ends in group %zu of %d", role,
                     len / SHEET_GROUP_CHARS + 1, SHEET_GROUPS);
    if (rc == SH_OK)
        rc = open_secret(role, text, out, why);
    wipe(text, sizeof(text));
    return rc;
}

/* "I of N" */
static bool read_part(struct slice text, struct sheet *out)
{
    return text.len == 6 && text.ptr[1] == ' ' && lower(text.ptr[2]) == 'o' &&
           lower(text.ptr[3]) == 'f' && text.ptr[4] == ' ' &&
           decimal_parse(slice_sub(text, 0, 1), 9, &out->part) &&
           decimal_parse(slice_sub(text, 5, 1), 9, &out->parts) && out->part >= 1 &&
           out->part <= out->parts;
}

static int read_channel(struct slice text, struct channel_id *id, struct why *why)
{
    uint8_t kept[CHANNEL_ID_CHARS];
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (is_space(text.ptr[i]) || text.ptr[i] == '-')
            continue;
        if (len == sizeof(kept))
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "sheet: the channel's id is longer than 52 characters");
        kept[len++] = lower(text.ptr[i]);
    }
    if (!channel_id_parse(slice_of(kept, len), id))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "sheet: the channel's id is not 52 characters of a-z and 2-7");
    return SH_OK;
}

int sheet_parse(struct slice text, struct sheet *out, struct why *why)
{
    struct slice rest = {0};
    size_t at = 0;
    int rc;

    if (text.len > LIMIT_SHEET_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_SHEET_BYTES, "sheet: more than %d bytes",
                       LIMIT_SHEET_BYTES);
    if (slice_starts(text, "\xff\xfe") || slice_starts(text, "\xfe\xff"))
        return why_set(why, SH_EFORMAT, 0,
                       "sheet: the file is saved as UTF-16; save it as plain text (UTF-8), or "
                       "type the five lines");
    rc = find_line(text, &at, SHEET_FIRST_LINE, &rest, why);
    if (rc == SH_OK)
        rc = find_line(text, &at, "channel", &rest, why);
    if (rc == SH_OK)
        rc = read_channel(rest, &out->channel, why);
    if (rc == SH_OK)
        rc = find_line(text, &at, "sheet", &rest, why);
    if (rc == SH_OK && !read_part(rest, out))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "sheet: not \"sheet I of N\"");
    if (rc == SH_OK)
        rc = read_secret(text, &at, "identity", &out->identity, why);
    if (rc == SH_OK)
        rc = read_secret(text, &at, "archive", &out->archive, why);
    if (rc < 0) {
        secret_wipe(&out->identity);
        secret_wipe(&out->archive);
    }
    return rc;
}
