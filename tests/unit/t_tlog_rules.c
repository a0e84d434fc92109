/*
 * tlog: a refusing test for each rule of signed-note, tlog-checkpoint and tlog-tiles, each with
 * the words of its refusal; and that no one-byte change of a good example is read as the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tlog/tlog.h"

#define DASH "\xe2\x80\x94"
#define SIG " AAAAAAE="
#define LINE DASH " name" SIG "\n"
#define NOTE "text\n\n" LINE

/* One rule and bytes that break it and nothing else. */
struct rule {
    const char *rule;
    const char *raw;
    size_t len;
    enum sh_err code;
    const char *says; /* in the refusal */
};
#define BROKEN(rule, raw, says)                                                                \
    {                                                                                          \
        rule, raw, sizeof(raw) - 1, SH_EFORMAT, says                                           \
    }

static void holds(const struct rule *row, int rc, const struct why *why)
{
    if (rc != (int)row->code)
        fail_msg("%s: got %d (%s), wanted %d", row->rule, rc, why->text, row->code);
    if (!strstr(why->text, row->says))
        fail_msg("%s: the refusal is \"%s\", wanted \"%s\"", row->rule, why->text, row->says);
}

/* Nothing is read past its end: an exact copy on the heap, for the sanitizers. */
static int note_in(const void *raw, size_t len, struct why *why)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct tlog_note note;
    int rc;

    assert_non_null(copy);
    memcpy(copy, raw, len);
    rc = tlog_note_parse(slice_of(copy, len), &note, why);
    free(copy);
    return rc;
}

/* ---- signed-note "Format" ---- */

/* LONG: a flat table. */
static void note_rules(void **state)
{
    static const struct rule rules[] = {
        BROKEN("UTF-8: a lone byte", "te\xffxt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: a continuation by itself", "te\x80xt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: two bytes for one of ASCII", "te\xc0\x80xt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: three bytes for two", "te\xe0\x80\xafxt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: a surrogate", "te\xed\xa0\x80xt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: beyond U+10FFFF", "te\xf4\x90\x80\x80xt\n\n" LINE, "UTF-8"),
        BROKEN("UTF-8: in a name", "text\n\n" DASH " na\xffme" SIG "\n", "UTF-8"),
        BROKEN("UTF-8: cut off at the end", "text\n\n" LINE "\xe2\x80", "UTF-8"),
        BROKEN("control: NUL in the text", "te\0xt\n\n" LINE, "0x00"),
        BROKEN("control: NUL in a name", "text\n\n" DASH " na\0me" SIG "\n", "0x00"),
        BROKEN("control: NUL after the end", NOTE "\0", "0x00"),
        BROKEN("control: tab in the text", "te\txt\n\n" LINE, "0x09"),
        BROKEN("control: tab for a space", "text\n\n" DASH "\tname" SIG "\n", "0x09"),
        BROKEN("control: escape", "te\x1bxt\n\n" LINE, "0x1b"),
        BROKEN("control: CRLF in the text", "text\r\n\n" LINE, "0x0d"),
        BROKEN("control: CRLF of the blank line", "text\n\r\n" LINE, "0x0d"),
        BROKEN("control: CRLF of a signature", "text\n\n" DASH " name" SIG "\r\n", "0x0d"),
        BROKEN("blank line: none", "text\n" LINE, "blank line"),
        BROKEN("blank line: nothing at all", "", "blank line"),
        BROKEN("blank line: one newline", "\n", "blank line"),
        BROKEN("blank line: a text alone", "text\n", "blank line"),
        BROKEN("blank line: holds a space", "text\n \n" LINE, "blank line"),
        BROKEN("signatures: none", "text\n\n", "signature line"),
        BROKEN("signatures: none after a text of blank lines", "\n\n\n", "signature line"),
        BROKEN("signatures: the last newline is missing", "text\n\n" DASH " name" SIG,
               "newline"),
        BROKEN("signatures: a byte behind them", NOTE "x", "newline"),
        BROKEN("signatures: a line behind them", NOTE "x\n", "em dash"),
        BROKEN("signatures: a blank line behind them", NOTE "\n", "signature line"),
        BROKEN("dash: a hyphen", "text\n\n- name" SIG "\n", "em dash"),
        BROKEN("dash: an en dash", "text\n\n\xe2\x80\x93 name" SIG "\n", "em dash"),
        BROKEN("dash: a space before it", "text\n\n " LINE, "em dash"),
        BROKEN("dash: no space after it", "text\n\n" DASH "name" SIG "\n", "em dash"),
        BROKEN("dash: a no-break space after it", "text\n\n" DASH "\xc2\xa0name" SIG "\n",
               "em dash"),
        BROKEN("name: empty", "text\n\n" DASH " " SIG "\n", "name"),
        BROKEN("name: a plus", "text\n\n" DASH " na+me" SIG "\n", "name"),
        BROKEN("line: a name alone", "text\n\n" DASH " name\n", "base64"),
        BROKEN("line: two spaces", "text\n\n" DASH " name " SIG "\n", "base64"),
        BROKEN("line: a space behind it", "text\n\n" DASH " name" SIG " \n", "base64"),
        BROKEN("line: a third word", "text\n\n" DASH " name" SIG " x\n", "base64"),
        BROKEN("base64: empty", "text\n\n" DASH " name \n", "key id"),
        BROKEN("base64: no padding", "text\n\n" DASH " name AAAAAAE\n", "base64"),
        BROKEN("base64: too much padding", "text\n\n" DASH " name AAAAAAE==\n", "base64"),
        BROKEN("base64: padding of a whole group", "text\n\n" DASH " name AAAAAAEA====\n",
               "base64"),
        BROKEN("base64: padding inside", "text\n\n" DASH " name AAA=AAAA\n", "base64"),
        BROKEN("base64: the other alphabet", "text\n\n" DASH " name AAAAAA-_\n", "base64"),
        BROKEN("base64: no letter", "text\n\n" DASH " name AAAAAA!=\n", "base64"),
        BROKEN("base64: unused bits of the last of 3 letters",
               "text\n\n" DASH " name AAAAAAF=\n", "base64"),
        BROKEN("base64: unused bits of the last of 2 letters",
               "text\n\n" DASH " name AAAAAAAAAB==\n", "base64"),
        BROKEN("key id: 3 bytes", "text\n\n" DASH " name AAAA\n", "key id"),
        BROKEN("key id: nothing behind it", "text\n\n" DASH " name AAAAAA==\n", "key id"),
    };

    (void)state;
    assert_int_equal(note_in(NOTE, sizeof NOTE - 1, NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct why why = {0};

        holds(&rules[i], note_in(rules[i].raw, rules[i].len, &why), &why);
    }
}

/* What looks strange and is allowed: a text of any words, DEL, a byte order mark, U+FFFD. */
static void note_freedoms(void **state)
{
    static const char *const good[] = {
        "\n\n" LINE,
        "\n\n\n" LINE,
        "te\x7fxt\n\n" LINE,
        "\xef\xbb\xbf\xef\xbf\xbd\n\n" LINE,
        LINE "\n" LINE, /* a text that looks like a signature is text */
        "text\n\n" DASH " \xd0\xb8\xd0\xbc\xd1\x8f" SIG "\n",
        "text\n\n" DASH " name\x7f" SIG "\n",
        NOTE LINE, /* the same line twice */
        NOTE DASH " name AAAAAAI=\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct why why = {0};

        if (note_in(good[i], strlen(good[i]), &why))
            fail_msg("%s: %s", good[i], why.text);
    }
}

/* Every one of Unicode's spaces, at the beginning, inside and at the end of a name. */
static void note_names_have_no_space(void **state)
{
    static const uint32_t spaces[] = {0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
                                      0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a,
                                      0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    static const char *const forms[] = {"text\n\n" DASH " %sname" SIG "\n",
                                        "text\n\n" DASH " na%sme" SIG "\n",
                                        "text\n\n" DASH " name%s" SIG "\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(spaces); i++) {
        uint32_t code = spaces[i];
        char space[4] = "";
        struct bytes raw;

        if (code < 0x800) {
            space[0] = (char)(0xc0 | code >> 6);
            space[1] = (char)(0x80 | (code & 63));
        } else {
            space[0] = (char)(0xe0 | code >> 12);
            space[1] = (char)(0x80 | (code >> 6 & 63));
            space[2] = (char)(0x80 | (code & 63));
        }
        bytes_init(&raw, 1000);
        for (size_t form = 0; form < COUNT_OF(forms); form++) {
            const char *at = strstr(forms[form], "%s");
            struct why why = {0};

            bytes_clear(&raw);
            bytes_append(&raw, forms[form], (size_t)(at - forms[form]));
            bytes_text(&raw, space);
            bytes_text(&raw, at + 2);
            assert_int_equal(note_in(raw.ptr, raw.len, &why), SH_EFORMAT);
            assert_non_null(strstr(why.text, "name"));
        }
        bytes_release(&raw);
    }
}

/*
 * How many signatures?  signed-note: verifiers MUST accept at least 16 and SHOULD have a
 * maximum.  Ours is Go's, 100: so 17 are read, and 101 are refused before one is judged.
 */
static void note_signature_counts(void **state)
{
    static const size_t counts[] = {1, 15, 16, 17, 18, 63, 99, 100, 101, 102, 1000};
    struct bytes raw;

    (void)state;
    bytes_init(&raw, 1u << 20);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct why why = {0};
        int rc;

        bytes_clear(&raw);
        bytes_text(&raw, "text\n\n");
        for (size_t line = 0; line < counts[i]; line++)
            bytes_printf(&raw, DASH " name%zu" SIG "\n", line);
        rc = note_in(raw.ptr, raw.len, &why);
        assert_int_equal(rc, counts[i] <= LIMIT_NOTE_SIGNATURES ? SH_OK : SH_ELIMIT);
        if (rc)
            assert_non_null(strstr(why.text, "more than 100 signature lines"));
    }
    bytes_release(&raw);
}

/* 64 KiB are read, a byte more is not. */
static void note_sizes(void **state)
{
    (void)state;
    for (size_t len = LIMIT_NOTE_BYTES - 1; len <= LIMIT_NOTE_BYTES + 1; len++) {
        struct why why = {0};
        struct bytes raw;

        bytes_init(&raw, 1u << 20);
        while (raw.len + sizeof("\n\n" LINE) - 1 < len)
            bytes_u8(&raw, 'x');
        bytes_text(&raw, "\n\n" LINE);
        assert_int_equal(raw.len, len);
        if (len <= LIMIT_NOTE_BYTES)
            assert_int_equal(note_in(raw.ptr, raw.len, &why), SH_OK);
        else
            assert_int_equal(note_in(raw.ptr, raw.len, &why), SH_ELIMIT);
        assert_int_equal(why.text[0] != '\0', len > LIMIT_NOTE_BYTES);
        bytes_release(&raw);
    }
}

/* ---- signed-note "Signatures": who signed ---- */

struct signers {
    struct tlog_key key[3]; /* of 0 and 1 the names are the same, as after a rotation */
    struct secret seed[3];
    struct bytes raw;
};

static void sign_by(struct signers *s, size_t i, struct slice text, uint8_t flip)
{
    uint8_t signature[64];

    crypto.ed25519_sign(&s->seed[i], text, signature);
    signature[40] ^= flip;
    tlog_signature_line(&s->raw, &s->key[i], slice_of(signature, sizeof signature));
}

static void begin(struct signers *s)
{
    static const char *const names[] = {"stillhere/1/x", "stillhere/1/x", "other.example"};

    bytes_init(&s->raw, 1u << 20);
    for (size_t i = 0; i < 3; i++) {
        uint8_t public_key[32];

        memset(s->seed[i].byte, (int)i + 1, 32);
        crypto.ed25519_public(&s->seed[i], public_key);
        assert_int_equal(tlog_key_init(&s->key[i], names[i], TLOG_ED25519, public_key, NULL),
                         0);
    }
    bytes_text(&s->raw, "x\n\n");
}

static void verdicts(struct signers *s, enum tlog_verdict first, enum tlog_verdict second,
                     enum tlog_verdict other)
{
    const enum tlog_verdict wanted[] = {first, second, other};
    struct tlog_note note;

    assert_int_equal(tlog_note_parse(bytes_view(&s->raw), &note, NULL), SH_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(tlog_note_verdict(&note, &s->key[i]), wanted[i]);
    bytes_clear(&s->raw);
    bytes_text(&s->raw, "x\n\n");
}

/*
 * Two keys of one name are two keys; of two lines by one key the first counts; those of others
 * go by.
 */
static void note_duplicate_names(void **state)
{
    static const char *const strangers[] = {
        DASH " stillhere/1/x AAAAAAE=\n",             /* the name is known, the key id is not */
        DASH " nobody.example AAAAAAE=\n",            /* an unknown name */
        DASH " future.example AAAAAAYAAAAAAAAAAA==\n" /* a signature of any length */
    };
    const struct slice text = slice_text("x\n");
    struct signers s;

    (void)state;
    begin(&s);
    sign_by(&s, 0, text, 0);
    sign_by(&s, 1, text, 0);
    verdicts(&s, TLOG_GOOD, TLOG_GOOD, TLOG_ABSENT);
    sign_by(&s, 1, text, 0);
    sign_by(&s, 0, text, 1);
    verdicts(&s, TLOG_BAD, TLOG_GOOD, TLOG_ABSENT);
    sign_by(&s, 0, text, 0);
    sign_by(&s, 0, text, 1);
    verdicts(&s, TLOG_GOOD, TLOG_ABSENT, TLOG_ABSENT);
    sign_by(&s, 0, text, 1);
    sign_by(&s, 0, text, 0);
    verdicts(&s, TLOG_BAD, TLOG_ABSENT, TLOG_ABSENT);
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        bytes_text(&s.raw, strangers[i]);
        sign_by(&s, 2, text, 0);
        bytes_text(&s.raw, strangers[i]);
        verdicts(&s, TLOG_ABSENT, TLOG_ABSENT, TLOG_GOOD);
        bytes_text(&s.raw, strangers[i]); /* strangers alone: nobody signed */
        verdicts(&s, TLOG_ABSENT, TLOG_ABSENT, TLOG_ABSENT);
    }
    /* A signature of another text. */
    sign_by(&s, 2, slice_text("y\n"), 0);
    verdicts(&s, TLOG_ABSENT, TLOG_ABSENT, TLOG_BAD);
    bytes_release(&s.raw);
}

/* Of a known key a signature of any other length than its own is bad, not unknown. */
static void note_signature_lengths(void **state)
{
    struct signers s;
    uint8_t signature[80] = {0};

    (void)state;
    begin(&s);
    crypto.ed25519_sign(&s.seed[2], slice_text("x\n"), signature);
    for (size_t len = 1; len <= sizeof signature; len++) {
        tlog_signature_line(&s.raw, &s.key[2], slice_of(signature, len));
        verdicts(&s, TLOG_ABSENT, TLOG_ABSENT, len == 64 ? TLOG_GOOD : TLOG_BAD);
    }
    bytes_release(&s.raw);
}

/*
 * Every change of one byte of a signed note: refused, or no longer well signed.  And every
 * beginning of it is refused.
 */
static void note_one_byte_changes(void **state)
{
    struct signers s;
    struct tlog_note note;
    size_t parsed = 0;

    (void)state;
    begin(&s);
    bytes_clear(&s.raw);
    bytes_text(&s.raw, "stillhere/1/x\n7\nAAAA\n\n");
    sign_by(&s, 0, slice_text("stillhere/1/x\n7\nAAAA\n"), 0);
    assert_int_equal(bytes_check(&s.raw, NULL), 0);
    for (size_t at = 0; at < s.raw.len; at++) {
        uint8_t kept = s.raw.ptr[at];

        assert_int_equal(note_in(s.raw.ptr, at, NULL), SH_EFORMAT);
        for (unsigned byte = 0; byte < 256; byte++) {
            s.raw.ptr[at] = (uint8_t)byte;
            if (byte == kept || tlog_note_parse(bytes_view(&s.raw), &note, NULL))
                continue;
            parsed++;
            if (tlog_note_verdict(&note, &s.key[0]) == TLOG_GOOD)
                fail_msg("byte %zu changed to 0x%02x: still signed", at, byte);
        }
        s.raw.ptr[at] = kept;
    }
    assert_true(parsed > 1000); /* letters of the text, of the name, of the base64 */
    bytes_release(&s.raw);
}

/* ---- tlog-checkpoint "Note text" ---- */

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define CHECKPOINT "o\n7\n" ROOT "\n"

static int checkpoint_in(const void *raw, size_t len, struct tlog_checkpoint *out,
                         struct why *why)
{
    uint8_t *copy = malloc(len ? len : 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, raw, len);
    rc = tlog_checkpoint_parse(slice_of(copy, len), out, why);
    free(copy); /* out->origin borrowed it: it is not looked at */
    return rc;
}

#define SIZE(rule, size) BROKEN("size: " rule, "o\n" size "\n" ROOT "\n", "line 2")
#define TOO_LARGE(rule, size)                                                                  \
    {                                                                                          \
        "size: " rule, "o\n" size "\n" ROOT "\n", sizeof("o\n" size "\n" ROOT "\n") - 1,       \
            SH_ELIMIT, "2^40"                                                                  \
    }
#define AT_ROOT(rule, root) BROKEN("root: " rule, "o\n7\n" root "\n", "line 3")
/* LONG: a flat table. */
static void checkpoint_rules(void **state)
{
    static const struct rule rules[] = {
        BROKEN("lines: none", "", "three lines"),
        BROKEN("lines: one", "o\n", "three lines"),
        BROKEN("lines: two", "o\n7\n", "three lines"),
        BROKEN("lines: the last newline is missing", "o\n7\n" ROOT, "three lines"),
        BROKEN("lines: an extension", CHECKPOINT "extension\n", "extension"),
        BROKEN("lines: an empty one", CHECKPOINT "\n", "extension"),
        BROKEN("lines: a byte behind them", CHECKPOINT "x", "extension"),
        BROKEN("lines: NUL behind them", CHECKPOINT "\0", "extension"),
        BROKEN("origin: empty", "\n7\n" ROOT "\n", "origin"),
        BROKEN("origin: CRLF", "o\r\n7\n" ROOT "\n", "0x0d"),
        BROKEN("origin: NUL", "o\0\n7\n" ROOT "\n", "0x00"),
        BROKEN("origin: not UTF-8", "o\xff\n7\n" ROOT "\n", "UTF-8"),
        SIZE("empty", ""),
        SIZE("a leading zero", "07"),
        SIZE("two zeros", "00"),
        SIZE("a plus", "+7"),
        SIZE("a minus", "-7"),
        SIZE("minus zero", "-0"),
        SIZE("a space before it", " 7"),
        SIZE("a space behind it", "7 "),
        SIZE("CRLF", "7\r"),
        SIZE("NUL", "7\0"),
        SIZE("hexadecimal", "0x7"),
        SIZE("an exponent", "7e0"),
        SIZE("a point", "7.0"),
        SIZE("another alphabet's digit", "\xd9\xa7"),
        SIZE("2^64", "18446744073709551616"),
        SIZE("twenty-one digits", "100000000000000000000"),
        TOO_LARGE("2^63-1", "9223372036854775807"),
        TOO_LARGE("2^63", "9223372036854775808"),
        TOO_LARGE("2^64-1", "18446744073709551615"),
        TOO_LARGE("2^40+1", "1099511627777"),
        AT_ROOT("empty", ""),
        AT_ROOT("no padding", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I"),
        AT_ROOT("too much padding", ROOT "="),
        AT_ROOT("31 bytes", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="),
        AT_ROOT("33 bytes", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA"),
        AT_ROOT("unused bits", "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="),
        AT_ROOT("the other alphabet", "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I="),
        AT_ROOT("CRLF", ROOT "\r"),
        AT_ROOT("a space behind it", ROOT " "),
        AT_ROOT("hexadecimal",
                "0000000000000000000000000000000000000000000000000000000000000000"),
        BROKEN("root: of no entries", "o\n0\n" ROOT "\n", "size 0"),
    };
    struct tlog_checkpoint found;

    (void)state;
    assert_int_equal(checkpoint_in(CHECKPOINT, sizeof CHECKPOINT - 1, &found, NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct why why = {0};

        holds(&rules[i], checkpoint_in(rules[i].raw, rules[i].len, &found, &why), &why);
    }
}

/* Every change of one byte of a checkpoint: refused, or another origin, size or root. */
static void checkpoint_one_byte_changes(void **state)
{
    char raw[sizeof CHECKPOINT - 1];
    struct tlog_checkpoint was, is;
    struct bytes again;
    size_t other = 0;

    (void)state;
    bytes_init(&again, 1000);
    assert_int_equal(checkpoint_in(CHECKPOINT, sizeof CHECKPOINT - 1, &was, NULL), SH_OK);
    for (size_t at = 0; at < sizeof raw; at++) {
        assert_int_equal(checkpoint_in(CHECKPOINT, at, &is, NULL), SH_EFORMAT);
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(raw, CHECKPOINT, sizeof raw);
            raw[at] = (char)byte;
            if (raw[at] == CHECKPOINT[at] ||
                tlog_checkpoint_parse(slice_of(raw, sizeof raw), &is, NULL))
                continue;
            other++;
            assert_true(raw[0] != 'o' || is.size != was.size || memcmp(is.root, was.root, 32));
            bytes_clear(&again);
            tlog_checkpoint_build(&again, &is);
            assert_true(slice_equal(bytes_view(&again), slice_of(raw, sizeof raw)));
        }
    }
    assert_true(other > 2000);
    bytes_release(&again);
}

/* ---- tlog-tiles "Log Entries" ---- */

/* Entries that are read of len bytes, and whether it ended where an entry ends. */
static size_t entries_of(const uint8_t *raw, size_t len, bool *whole)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct cursor cur;
    struct slice entry;
    size_t count = 0;

    assert_non_null(copy);
    memcpy(copy, raw, len);
    cur = cursor_of(slice_of(copy, len));
    while (tlog_entry_tile_next(&cur, &entry))
        count++;
    *whole = !cur.failed && !rd_left(&cur);
    free(copy);
    return count;
}

/*
 * An entry tile has no redundancy of its own: what a changed length does is seen as a cut entry
 * or as other entries, never as the same ones.
 */
static void entry_tile_rules(void **state)
{
    static const uint8_t tile[] = {0, 3, 'a', 'b', 'c', 0, 0, 0, 2, 'd', 'e'};
    static const size_t borders[] = {0, 5, 7, 11};
    uint8_t changed[sizeof tile];
    bool whole;

    (void)state;
    for (size_t len = 0; len <= sizeof tile; len++) {
        size_t before = 0;

        while (before + 1 < COUNT_OF(borders) && borders[before + 1] <= len)
            before++;
        assert_int_equal(entries_of(tile, len, &whole), before);
        assert_int_equal(whole, len == borders[before]);
    }
    for (size_t at = 0; at < sizeof tile; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            struct cursor cur;
            struct slice entry;
            struct bytes again;

            memcpy(changed, tile, sizeof tile);
            changed[at] = (uint8_t)byte;
            bytes_init(&again, 1000);
            cur = cursor_of(slice_of(changed, sizeof changed));
            while (tlog_entry_tile_next(&cur, &entry))
                tlog_entry_tile_add(&again, entry);
            /* What was read is what stands there: one tile, one list of entries. */
            assert_true(slice_equal(bytes_view(&again), slice_of(changed, again.len)));
            assert_true(cur.failed || again.len == sizeof changed);
            bytes_release(&again);
        }
}

/* A tile's path: the level, the width and each group of the number have one spelling. */
static void tile_path_rules(void **state)
{
    static const struct tlog_tile bad[] = {{64, 0, 256}, {200, 0, 1}, {254, 0, 1},
                                           {0, 0, 0},    {0, 0, 257}, {0, 0, 65535},
                                           {63, 0, 0},   {255, 0, 0}, {255, 0, 257}};
    char path[TLOG_PATH_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct why why = {0};

        assert_int_equal(tlog_tile_path(&bad[i], path, &why), SH_EARG);
        assert_non_null(strstr(why.text, "tlog-tiles"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note_rules),
        cmocka_unit_test(note_freedoms),
        cmocka_unit_test(note_names_have_no_space),
        cmocka_unit_test(note_signature_counts),
        cmocka_unit_test(note_sizes),
        cmocka_unit_test(note_duplicate_names),
        cmocka_unit_test(note_signature_lengths),
        cmocka_unit_test(note_one_byte_changes),
        cmocka_unit_test(checkpoint_rules),
        cmocka_unit_test(checkpoint_one_byte_changes),
        cmocka_unit_test(entry_tile_rules),
        cmocka_unit_test(tile_path_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
