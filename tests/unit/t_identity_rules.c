/*
 * dispatch: a refusing test for each rule of the identity note, its chain and the purge order,
 * each with the words of its refusal; and that no one-byte change of a good note is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/dispatch.h"
#include "golden.h"

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CHANNEL "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"
#define IDENTITY_3                                                                             \
    "key identity ed25519 10ff6fa2c6862173 7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E=\n"
#define IDENTITY_2                                                                             \
    "key identity ed25519 f123f878a06783b4 gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=\n"
#define LOG "key log ed25519 e4fd0c43b08e1e47 Q6cucUQBdi32a2jCbfvfJoKq7J8kdOykYT5CSg+6/Tw="

static struct bytes golden, later; /* note 0; the same as note 1 of a channel */

/* Replace the first `from` of text by `to`. */
static void replaced(struct bytes *out, const struct bytes *text, const char *from,
                     const char *to, size_t to_len)
{
    size_t len = strlen(from);

    bytes_clear(out);
    for (size_t at = 0; at + len <= text->len; at++)
        if (memcmp(text->ptr + at, from, len) == 0) {
            bytes_append(out, text->ptr, at);
            bytes_append(out, to, to_len);
            bytes_append(out, text->ptr + at + len, text->len - at - len);
            assert_int_equal(bytes_check(out, NULL), SH_OK);
            return;
        }
    fail_msg("no \"%s\" in the note", from);
}

static int read_all(void **state)
{
    (void)state;
    read_golden("identity-0.txt", &golden);
    bytes_init(&later, 1u << 16);
    replaced(&later, &golden, "number 0\n", "number 1\nchannel " CHANNEL "\n",
             sizeof("number 1\nchannel " CHANNEL "\n") - 1);
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    bytes_release(&golden);
    bytes_release(&later);
    return 0;
}

static int note_in(struct slice text, struct why *why)
{
    uint8_t *copy = malloc(text.len ? text.len : 1);
    struct identity identity;
    struct arena arena;
    int rc;

    assert_non_null(copy);
    memcpy(copy, text.ptr, text.len);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = identity_parse(slice_of(copy, text.len), &arena, &identity, why);
    arena_release(&arena);
    free(copy);
    return rc;
}

struct rule {
    const struct bytes *text;
    const char *rule, *from, *to;
    size_t to_len;
    enum sh_err code;
    const char *says;
};
#define BROKEN_AS(text, rule, from, to, code, says)                                            \
    {                                                                                          \
        text, rule, from, to, sizeof(to) - 1, code, says                                       \
    }
#define BROKEN(rule, from, to, says) BROKEN_AS(&golden, rule, from, to, SH_EFORMAT, says)
#define LATER(rule, from, to, says) BROKEN_AS(&later, rule, from, to, SH_EFORMAT, says)

static void is_refused(const struct rule *rule)
{
    struct bytes text;
    struct why why = {0};
    int rc;

    bytes_init(&text, 1u << 17);
    replaced(&text, rule->text, rule->from, rule->to, rule->to_len);
    rc = note_in(bytes_view(&text), &why);
    if (rc != (int)rule->code)
        fail_msg("%s: got %d (%s), wanted %d", rule->rule, rc, why.text, rule->code);
    if (!strstr(why.text, rule->says))
        fail_msg("%s: the refusal is \"%s\", wanted \"%s\"", rule->rule, why.text, rule->says);
    bytes_release(&text);
}

/* LONG: a flat table. */
static void identity_rules(void **state)
{
    static const struct rule rules[] = {
        /* lines */
        BROKEN("CRLF", "number 0\n", "number 0\r\n", "number N"),
        BROKEN("CRLF in the name", "daily\n", "daily\r\n", "U+000D"),
        BROKEN("CRLF of a key", "QPb1w=\n", "QPb1w=\r\n", "base64"),
        BROKEN("the last newline is missing", "+6/Tw=\n", "+6/Tw=", "without its LF"),
        BROKEN("an empty line", "lang uk\n", "lang uk\n\n", "empty line"),
        BROKEN("an empty line at the end", "+6/Tw=\n", "+6/Tw=\n\n", "empty line"),
        BROKEN("a space at the end of a line", "lang uk\n", "lang uk \n", "end of a line"),
        BROKEN("a space at its beginning", "lang uk\n", " lang uk\n", "lang LANG"),
        BROKEN("two spaces", "threshold 2", "threshold  2", "threshold K"),
        BROKEN("a tab for the space", "threshold 2", "threshold\t2", "threshold K"),
        BROKEN("NUL in a line", "number 0\n", "number 0\0\n", "number N"),
        BROKEN("NUL in the name", "daily", "dai\0ly", "U+0000"),
        BROKEN("NUL at the end", "+6/Tw=\n", "+6/Tw=\n\0", "without its LF"),
        BROKEN("a byte order mark", "stillhere-identity", "\xef\xbb\xbfstillhere-identity",
               "first line"),
        /* the first line */
        BROKEN("a later version", "identity/1", "identity/2", "first line"),
        BROKEN("a version with a zero", "identity/1", "identity/01", "first line"),
        BROKEN("upper case", "stillhere-identity", "Stillhere-identity", "first line"),
        BROKEN("something behind it", "identity/1", "identity/1 x", "first line"),
        /* number, channel */
        BROKEN("number: missing", "number 0\n", "", "number N"),
        BROKEN("number: a leading zero", "number 0", "number 00", "number N"),
        BROKEN("number: a minus", "number 0", "number -0", "number N"),
        BROKEN("number: a plus", "number 0", "number +0", "number N"),
        BROKEN("number: an exponent", "number 0", "number 0e0", "number N"),
        BROKEN("number: 2^63", "number 0", "number 9223372036854775808", "number N"),
        BROKEN("number: 2^64", "number 0", "number 18446744073709551616", "number N"),
        BROKEN("number: beyond what a channel may have", "number 0", "number 1001", "number N"),
        BROKEN("channel: in number 0", "number 0\n", "number 0\nchannel " CHANNEL "\n",
               "every note but 0"),
        BROKEN("channel: absent in number 1", "number 0", "number 1", "every note but 0"),
        LATER("channel: upper case", "channel aaaq", "channel AAAQ", "base32"),
        LATER("channel: short", "channel aaaq", "channel aaa", "base32"),
        LATER("channel: unused bits", "dypq\n", "dypr\n", "base32"),
        LATER("channel: twice", "name", "channel " CHANNEL "\nname", "name TEXT"),
        /* name, lang, threshold */
        BROKEN("name: missing", "name Odesa daily\n", "", "name TEXT"),
        BROKEN("name: empty", "name Odesa daily", "name ", "end of a line"),
        BROKEN("name: begins with a space", "name Odesa", "name  Odesa", "more than one space"),
        BROKEN("name: a control character", "Odesa daily", "Odesa\x1b[31m", "U+001B"),
        BROKEN("name: DEL", "Odesa daily", "Odesa\x7f", "U+007F"),
        BROKEN("name: a bidi character", "Odesa daily", "Odesa\xe2\x80\xae", "direction"),
        BROKEN("name: a noncharacter", "Odesa daily", "Odesa\xef\xbf\xbe", "not a character"),
        BROKEN("name: not UTF-8", "Odesa daily", "Odesa\xff", "UTF-8"),
        BROKEN("lang: missing", "lang uk\n", "", "lang LANG"),
        BROKEN("lang: another", "lang uk", "lang de", "en, zh, uk, ru"),
        BROKEN("lang: upper case", "lang uk", "lang UK", "en, zh, uk, ru"),
        BROKEN("lang: a region", "lang uk", "lang uk-UA", "en, zh, uk, ru"),
        BROKEN("threshold: missing", "threshold 2\n", "", "threshold K"),
        BROKEN("threshold: 0", "threshold 2", "threshold 0", "cannot reach"),
        BROKEN("threshold: more than there are keys", "threshold 2", "threshold 4",
               "cannot reach"),
        BROKEN("threshold: a leading zero", "threshold 2", "threshold 02", "threshold K"),
        BROKEN("threshold: 2^63", "threshold 2", "threshold 9223372036854775808",
               "threshold K"),
        LATER("threshold: more than there are open keys", "N9E=\n", "N9E= until 5\nx-1 y\n",
              "order"),
        /* successor */
        BROKEN("successor: in number 0", "threshold 2\n", "threshold 2\nsuccessor 1 " H64 "\n",
               "successor in number 0"),
        LATER("successor: size 0", "threshold 2\n", "threshold 2\nsuccessor 0 " H64 "\n",
              "size 0"),
        LATER("successor: a leading zero", "threshold 2\n",
              "threshold 2\nsuccessor 01 " H64 "\n", "successor SIZE HEX64"),
        LATER("successor: 2^63", "threshold 2\n",
              "threshold 2\nsuccessor 9223372036854775808 " H64 "\n", "successor SIZE HEX64"),
        LATER("successor: no root", "threshold 2\n", "threshold 2\nsuccessor 1\n",
              "successor SIZE HEX64"),
        LATER("successor: a short root", "threshold 2\n", "threshold 2\nsuccessor 1 00\n",
              "successor SIZE HEX64"),
        LATER("successor: upper-case hex", "threshold 2\n",
              "threshold 2\nsuccessor 1 "
              "000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
              "successor SIZE HEX64"),
        LATER("successor: something behind it", "threshold 2\n",
              "threshold 2\nsuccessor 1 " H64 " x\n", "successor SIZE HEX64"),
        LATER("successor: twice", "threshold 2\n",
              "threshold 2\nsuccessor 1 " H64 "\nsuccessor 1 " H64 "\n", "out of its order"),
        /* keys */
        BROKEN("key: no base64", "Q6cucUQBdi32a2jCbfvfJoKq7J8kdOykYT5CSg+6/Tw=\n", "\n",
               "end of a line"),
        BROKEN("key: no ID", "e4fd0c43b08e1e47 ", "", "key ROLE ALG ID BASE64"),
        BROKEN("key: a role in capitals", "key log", "key Log", "key ROLE ALG ID BASE64"),
        BROKEN("key: a role that begins with a digit", "key log", "key 1og",
               "key ROLE ALG ID BASE64"),
        BROKEN("key: two spaces", "key log ed25519", "key log  ed25519",
               "key ROLE ALG ID BASE64"),
        BROKEN("key: an algorithm that its role does not take", "key log ed25519",
               "key log x25519", "role does not take"),
        BROKEN("key: an unknown algorithm of a known role", "key log ed25519",
               "key log ml-dsa-44", "role does not take"),
        BROKEN("key: archive to sign with", "key archive x25519", "key archive ed25519",
               "role does not take"),
        BROKEN("key: base64 without padding", "+6/Tw=", "+6/Tw", "canonical base64"),
        BROKEN("key: base64 with too much padding", "+6/Tw=", "+6/Tw==", "canonical base64"),
        BROKEN("key: unused bits of base64", "+6/Tw=", "+6/Tx=", "canonical base64"),
        BROKEN("key: the other alphabet", "CSg+6/Tw=", "CSg-6_Tw=", "canonical base64"),
        BROKEN("key: 31 bytes", "CSg+6/Tw=", "CSg+6/Q==", "canonical base64"),
        BROKEN("key: 33 bytes", "CSg+6/Tw=", "CSg+6/TwA", "canonical base64"),
        BROKEN("key: P-256 as a bare point", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
               "BA==", "canonical base64"),
        BROKEN("key: P-256 with another curve's name", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD",
               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQgD", "canonical base64"),
        BROKEN("key: an ID that is not its hash", "e4fd0c43b08e1e47", "e4fd0c43b08e1e48",
               "not the hash"),
        BROKEN("key: an ID in capitals", "e4fd0c43b08e1e47", "E4FD0C43B08E1E47",
               "not the hash"),
        BROKEN("key: a short ID", "e4fd0c43b08e1e47", "e4fd0c43b08e1e4", "not the hash"),
        BROKEN("key: unsorted IDs", IDENTITY_3 IDENTITY_2, IDENTITY_2 IDENTITY_3, "not sorted"),
        BROKEN("key: unsorted roles", LOG "\n", LOG "\n" IDENTITY_3, "not sorted"),
        BROKEN("key: twice", IDENTITY_3, IDENTITY_3 IDENTITY_3, "not sorted"),
        BROKEN("key: no log key", LOG "\n", "", "no open log key"),
        BROKEN("key: before the threshold", "threshold 2\n", LOG "\nthreshold 2\n",
               "threshold K"),
        /* from, until, revoked */
        BROKEN("from: the default", LOG, LOG " from 0", "may not stand so"),
        BROKEN("from: no index", LOG, LOG " from", "may not stand so"),
        BROKEN("from: a leading zero", LOG, LOG " from 01", "may not stand so"),
        BROKEN("from: 2^63", LOG, LOG " from 9223372036854775808", "may not stand so"),
        BROKEN("from: a dash", LOG, LOG " from -", "may not stand so"),
        BROKEN("until: not after from", LOG, LOG " from 5 until 5", "may not stand so"),
        BROKEN("until: before from", LOG, LOG " from 5 until 4", "may not stand so"),
        BROKEN("until: 0", LOG, LOG " until 0", "may not stand so"),
        BROKEN("revoked: before from", LOG, LOG " from 5 revoked 4", "may not stand so"),
        BROKEN("order: until before from", LOG, LOG " until 9 from 5", "may not stand so"),
        BROKEN("order: revoked before until", LOG, LOG " revoked 5 until 9",
               "may not stand so"),
        BROKEN("from twice", LOG, LOG " from 5 from 6", "may not stand so"),
        BROKEN("a word that is none of them", LOG, LOG " since 5", "may not stand so"),
        BROKEN("something behind them", LOG, LOG " from 5 x", "may not stand so"),
        BROKEN("the only log key is closed", LOG, LOG " until 5", "no open log key"),
        BROKEN("number 0: an identity key that is closed", "N9E=", "N9E= until 9",
               "in number 0"),
        BROKEN("number 0: an identity key that is revoked", "N9E=", "N9E= revoked 9",
               "in number 0"),
        BROKEN("number 0: an identity key from later on", "N9E=", "N9E= from 9", "in number 0"),
        /* what is not known stands after the keys */
        BROKEN("unknown: before the keys", "threshold 2\n", "threshold 2\nduress on\n",
               "out of its order"),
        BROKEN("unknown: does not begin with a word", LOG "\n", LOG "\n1 x\n",
               "begin with a word"),
        BROKEN("unknown: a bidi character", LOG "\n", LOG "\nx \xe2\x80\xae\n", "direction"),
        BROKEN("a known line after the keys", LOG "\n", LOG "\nlang uk\n", "out of its order"),
    };

    (void)state;
    assert_int_equal(note_in(bytes_view(&golden), NULL), SH_OK);
    assert_int_equal(note_in(bytes_view(&later), NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        is_refused(&rules[i]);
}

/* A line of a key that nobody knows, made of n. */
static void key_line(uint8_t n, char out[200])
{
    uint8_t data[32] = {n};
    char id[KEY_ID_CHARS + 1];
    struct bytes base64;

    identity_key_id(slice_text("other"), slice_of(data, sizeof data), id);
    bytes_init(&base64, 100);
    base64_build(&base64, slice_of(data, sizeof data), BASE64_PADDED);
    (void)snprintf(out, 200, "key zz other %s %.*s\n", id, (int)base64.len,
                   (const char *)base64.ptr);
    bytes_release(&base64);
}

/* Append count of them, sorted. */
static void key_lines(struct bytes *out, size_t count)
{
    char line[200], best[200], last[200] = "";

    for (; count > 0; count--) {
        best[0] = '\0';
        for (unsigned n = 0; n < 64; n++) { /* the smallest that is larger than the last */
            key_line((uint8_t)n, line);
            if (strcmp(line, last) > 0 && (!best[0] || strcmp(line, best) < 0))
                memcpy(best, line, sizeof best);
        }
        bytes_text(out, best);
        memcpy(last, best, sizeof last);
    }
}

/* 32 keys, 32 lines that nobody knows: so many are read, one more is not. */
static void identity_counts(void **state)
{
    struct bytes text;
    struct why why;

    (void)state;
    bytes_init(&text, 1u << 17);
    for (size_t keys = 31; keys <= 33; keys++) {
        bytes_clear(&text);
        bytes_append(&text, golden.ptr, golden.len);
        key_lines(&text, keys - 6);
        why = (struct why){0};
        if (note_in(bytes_view(&text), &why) != (keys <= 32 ? SH_OK : SH_ELIMIT))
            fail_msg("%zu keys: %s", keys, why.text);
        assert_int_equal(keys > 32, strstr(why.text, "more than 32 keys") != NULL);
    }
    for (size_t lines = 31; lines <= 33; lines++) {
        bytes_clear(&text);
        bytes_append(&text, golden.ptr, golden.len);
        for (size_t i = 0; i < lines; i++)
            bytes_text(&text, "later thing\n");
        why = (struct why){0};
        assert_int_equal(note_in(bytes_view(&text), &why), lines <= 32 ? SH_OK : SH_ELIMIT);
        assert_int_equal(lines > 32, strstr(why.text, "more than 32 unknown") != NULL);
    }
    bytes_release(&text);
}

/* 16 KiB and 120 bytes of name: so many are read, one more is not. */
static void identity_sizes(void **state)
{
    static char letters[LIMIT_NAME_BYTES + 2];
    struct bytes text;

    (void)state;
    bytes_init(&text, 1u << 17);
    memset(letters, 'x', sizeof letters - 1);
    for (size_t len = LIMIT_NAME_BYTES; len <= LIMIT_NAME_BYTES + 1; len++) {
        replaced(&text, &golden, "Odesa daily", letters, len);
        assert_int_equal(note_in(bytes_view(&text), NULL),
                         len == LIMIT_NAME_BYTES ? SH_OK : SH_ELIMIT);
    }
    for (size_t size = LIMIT_IDENTITY_BYTES - 1; size <= LIMIT_IDENTITY_BYTES + 1; size++) {
        struct why why = {0};

        bytes_clear(&text);
        bytes_append(&text, golden.ptr, golden.len);
        bytes_text(&text, "later ");
        while (text.len + 1 < size)
            bytes_u8(&text, 'x');
        bytes_text(&text, "\n");
        assert_int_equal(note_in(bytes_view(&text), &why),
                         size <= LIMIT_IDENTITY_BYTES ? SH_OK : SH_ELIMIT);
        assert_int_equal(size > LIMIT_IDENTITY_BYTES,
                         strstr(why.text, "at most 16384") != NULL);
    }
    bytes_release(&text);
}

/*
 * Every beginning of a good note is refused; every change of one byte is refused or gives
 * another note, which is written again as it was changed.
 */
static void identity_one_byte_changes(void **state)
{
    size_t other = 0;

    (void)state;
    for (size_t at = 0; at < golden.len; at++) {
        uint8_t kept = golden.ptr[at];

        assert_int_not_equal(note_in(slice_of(golden.ptr, at), NULL), SH_OK);
        for (unsigned byte = 0; byte < 256; byte++) {
            struct identity identity;
            struct arena arena;
            struct bytes again;

            golden.ptr[at] = (uint8_t)byte;
            arena_init(&arena, LIMIT_IDENTITY_ARENA);
            bytes_init(&again, LIMIT_IDENTITY_BYTES);
            if (byte != kept &&
                identity_parse(bytes_view(&golden), &arena, &identity, NULL) == SH_OK) {
                other++;
                assert_int_equal(identity_build(&identity, &again, NULL), SH_OK);
                assert_true(slice_equal(bytes_view(&again), bytes_view(&golden)));
            }
            bytes_release(&again);
            arena_release(&arena);
        }
        golden.ptr[at] = kept;
    }
    assert_true(other > 500); /* letters of the name; the threshold */
}

/* ---- the chain ---- */

static struct secret seed_of(uint8_t number)
{
    struct secret seed;

    memset(seed.byte, number, sizeof(seed.byte));
    return seed;
}

/* Append one signature of text by the key of seed, under name. */
static void sign_by(struct bytes *out, struct slice text, uint8_t number, const char *name)
{
    struct secret seed = seed_of(number);
    uint8_t public_key[32], signature[64];
    struct tlog_key key;

    crypto.ed25519_public(&seed, public_key);
    crypto.ed25519_sign(&seed, text, signature);
    assert_int_equal(tlog_key_init(&key, name, TLOG_ED25519, public_key, NULL), SH_OK);
    tlog_signature_line(out, &key, slice_of(signature, sizeof(signature)));
}

/* Seeds 1, 2, 3 are the identity keys of the golden note, 10 is its log key. */
static int accepted(const struct bytes *text, const struct identity *before,
                    const struct channel_id *id, const char *signers, struct why *why)
{
    char name[CHANNEL_ORIGIN_BYTES];
    struct identity out;
    struct arena arena;
    struct bytes raw;
    int rc;

    channel_identity_name(id, name);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    bytes_slice(&raw, bytes_view(text));
    bytes_text(&raw, "\n");
    for (; *signers; signers++) {
        if (*signers == 'x') /* under another name than an identity's */
            sign_by(&raw, bytes_view(text), 3, "stillhere/1/x");
        else if (*signers == 'l')
            sign_by(&raw, bytes_view(text), 10, name);
        else
            sign_by(&raw, bytes_view(text), (uint8_t)(*signers - '0'), name);
    }
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = identity_accept(bytes_view(&raw), before, &arena, &out, why);
    arena_release(&arena);
    bytes_release(&raw);
    return rc;
}

/* LONG: a flat table and what judges it. */
static void chain_rules(void **state)
{
    static const struct {
        const char *rule, *from, *to, *signers;
        enum sh_err code;
        const char *says;
    } rules[] = {
        {"good", "name Odesa", "name Kyiv", "12", SH_OK, ""},
        {"good: a key is closed", "HN9E=", "HN9E= until 9", "12", SH_OK, ""},
        {"good: the log key is closed and another begins", LOG,
         "key log ed25519 10ff6fa2c6862173 7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E= from "
         "9\n" LOG " until 9",
         "12", SH_OK, ""},
        {"signed by fewer than the threshold", "name Odesa", "name Kyiv", "1", SH_ECRYPT,
         "1 of the 2"},
        {"signed twice by one key", "name Odesa", "name Kyiv", "11", SH_ECRYPT, "1 of the 2"},
        {"signed by a stranger", "name Odesa", "name Kyiv", "19", SH_ECRYPT, "1 of the 2"},
        {"signed by the log key", "name Odesa", "name Kyiv", "1l", SH_ECRYPT, "1 of the 2"},
        {"signed under another name", "name Odesa", "name Kyiv", "1x", SH_ECRYPT, "1 of the 2"},
        {"number: the same again", "number 1\nchannel ", "number 0\nchannel ", "12", SH_EFORMAT,
         "every note but 0"},
        {"number: one is left out", "number 1", "number 2", "12", SH_EFORMAT,
         "number 2 where 1 belongs"},
        {"another channel", "channel ", "channel a", "12", SH_EFORMAT, "base32"},
        {"a key is dropped", IDENTITY_3, "", "12", SH_EFORMAT, "closed, never dropped"},
        {"a key begins later than it did", LOG, LOG " from 3", "12", SH_EFORMAT,
         "other than by closing"},
        {"the threshold is raised, and not reached", "threshold 2", "threshold 3", "12",
         SH_ECRYPT, "2 of the 3"},
        {"the threshold is lowered by too few", "threshold 2", "threshold 1", "1", SH_ECRYPT,
         "1 of the 2"},
        {"a key is closed and does not count for the note that closes it",
         "HN9E=", "HN9E= until 9", "23", SH_ECRYPT, "1 of the 2"},
        {"a revoked key neither", "HN9E=", "HN9E= revoked 9", "23", SH_ECRYPT, "1 of the 2"},
    };
    struct identity zero;
    struct channel_id id;
    struct arena arena;
    struct bytes first, text;
    char channel[100];

    (void)state;
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    assert_int_equal(identity_parse(bytes_view(&golden), &arena, &zero, NULL), SH_OK);
    id = zero.channel;
    assert_int_equal(accepted(&golden, NULL, &id, "123", NULL), SH_OK);
    assert_int_equal(accepted(&golden, NULL, &id, "12", NULL), SH_ECRYPT); /* of 0: all */
    bytes_init(&first, 1u << 16);
    bytes_init(&text, 1u << 16);
    (void)snprintf(channel, sizeof channel, "number 1\nchannel %s\n", id.text);
    replaced(&first, &golden, "number 0\n", channel, strlen(channel));
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct why why = {0};
        int rc;

        replaced(&text, &first, rules[i].from, rules[i].to, strlen(rules[i].to));
        rc = accepted(&text, &zero, &id, rules[i].signers, &why);
        if (rc != (int)rules[i].code || !strstr(why.text, rules[i].says))
            fail_msg("%s: %d, %s", rules[i].rule, rc, why.text);
    }
    /* A channel of another first note is another channel, whoever signs. */
    replaced(&text, &first, id.text, CHANNEL, CHANNEL_ID_CHARS);
    assert_int_equal(accepted(&text, &zero, &id, "123", NULL), SH_EFORMAT);
    bytes_release(&text);
    bytes_release(&first);
    arena_release(&arena);
}

/* ---- the order of a purge ---- */

/* LONG: a flat table and what judges it. */
static void order_rules(void **state)
{
#define ORDER "stillhere-purge/1\nchannel %s\nindex 4\n"
    static const struct {
        const char *rule, *text, *signers;
        enum sh_err code;
        const char *says;
    } rules[] = {
        {"good", ORDER, "12", SH_OK, ""},
        {"good, by all", ORDER, "321", SH_OK, ""},
        {"one signature too few", ORDER, "2", SH_ECRYPT, "1 of the 2"},
        {"one key twice", ORDER, "22", SH_ECRYPT, "1 of the 2"},
        {"the log key", ORDER, "2l", SH_ECRYPT, "1 of the 2"},
        {"a stranger", ORDER, "29", SH_ECRYPT, "1 of the 2"},
        {"under another name", ORDER, "2x", SH_ECRYPT, "1 of the 2"},
        {"another version", "stillhere-purge/2\nchannel %s\nindex 4\n", "12", SH_EFORMAT,
         "belongs here"},
        {"another index", "stillhere-purge/1\nchannel %s\nindex 5\n", "12", SH_EFORMAT,
         "belongs here"},
        {"a leading zero", "stillhere-purge/1\nchannel %s\nindex 04\n", "12", SH_EFORMAT,
         "belongs here"},
        {"no index", "stillhere-purge/1\nchannel %s\n", "12", SH_EFORMAT, "belongs here"},
        {"a line more", ORDER "index 5\n", "12", SH_EFORMAT, "belongs here"},
        {"a blank line more", ORDER "\n", "12", SH_EFORMAT, "belongs here"},
        {"another channel", "stillhere-purge/1\nchannel " CHANNEL "\nindex 4\n", "12",
         SH_EFORMAT, "belongs here"},
        {"CRLF", "stillhere-purge/1\r\nchannel %s\r\nindex 4\r\n", "12", SH_EFORMAT, "0x0d"},
        {"no signature", ORDER, "", SH_EFORMAT, "signature line"},
    };
    struct identity zero;
    struct arena arena;
    char wanted[200], text[200], name[CHANNEL_ORIGIN_BYTES];
    struct bytes raw;

    (void)state;
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    assert_int_equal(identity_parse(bytes_view(&golden), &arena, &zero, NULL), SH_OK);
    channel_identity_name(&zero.channel, name);
    (void)snprintf(wanted, sizeof wanted, ORDER, zero.channel.text);
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        const char *at = strstr(rules[i].text, "%s");
        struct why why = {0};
        int rc;

        (void)snprintf(text, sizeof text, "%.*s%s%s",
                       (int)(at ? at - rules[i].text : (long)strlen(rules[i].text)),
                       rules[i].text, at ? zero.channel.text : "", at ? at + 2 : "");
        bytes_clear(&raw);
        bytes_printf(&raw, "%s\n", text);
        for (const char *by = rules[i].signers; *by; by++)
            sign_by(&raw, slice_text(text),
                    *by == 'l'   ? 10
                    : *by == 'x' ? 3
                                 : (uint8_t)(*by - '0'),
                    *by == 'x' ? "stillhere/1/x" : name);
        rc = identity_order_check(bytes_view(&raw), slice_text(wanted), &zero, &why);
        if (rc != (int)rules[i].code || !strstr(why.text, rules[i].says))
            fail_msg("%s: %d, %s", rules[i].rule, rc, why.text);
        for (size_t cut = 0; rc == SH_OK && cut < raw.len; cut++)
            if (identity_order_check(slice_of(raw.ptr, cut), slice_text(wanted), &zero, NULL) ==
                    SH_OK &&
                strlen(rules[i].signers) == 2)
                fail_msg("%s: taken when cut to %zu bytes", rules[i].rule, cut);
    }
    bytes_release(&raw);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_rules), cmocka_unit_test(identity_counts),
        cmocka_unit_test(identity_sizes), cmocka_unit_test(identity_one_byte_changes),
        cmocka_unit_test(chain_rules),    cmocka_unit_test(order_rules),
    };

    return cmocka_run_group_tests(tests, read_all, release_all);
}
