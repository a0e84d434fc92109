/*
 * dispatch: a refusing test for each rule of the entry and of the recovery sheet, each with the
 * words of its refusal; and that no one-byte change of a good one is read as the same.
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
#define INDEX 7

struct rule {
    const char *rule, *raw;
    size_t len;
    enum sh_err code;
    const char *says;
};
#define BROKEN_AS(rule, raw, code, says)                                                       \
    {                                                                                          \
        rule, raw, sizeof(raw) - 1, code, says                                                 \
    }
#define BROKEN(rule, raw, says) BROKEN_AS(rule, raw, SH_EFORMAT, says)
#define DISPATCH(hash) "stillhere-entry/1 dispatch - " hash "\n"
#define WITHDRAW(ref) "stillhere-entry/1 withdraw " ref " " H64 "\n"

static int entry_in(const void *raw, size_t len, uint64_t index, struct why *why)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct entry entry;
    int rc;

    assert_non_null(copy);
    memcpy(copy, raw, len);
    rc = entry_parse(slice_of(copy, len), index, &entry, why);
    free(copy);
    return rc;
}

/* LONG: a flat table. */
static void entry_rules(void **state)
{
    static const struct rule rules[] = {
        BROKEN("nothing", "", "four words"),
        BROKEN("a newline alone", "\n", "four words"),
        BROKEN("three words", "stillhere-entry/1 dispatch -\n", "four words"),
        BROKEN("five words", "stillhere-entry/1 dispatch - " H64 " x\n", "HASH"),
        BROKEN("the newline is missing", "stillhere-entry/1 dispatch - " H64, "one LF"),
        BROKEN("a second, short entry", "stillhere-entry/1 x - " H64 "\nstillhere-entry/1 x\n",
               "one LF"),
        BROKEN("a newline more", DISPATCH(H64) "\n", "one LF"),
        BROKEN("a byte behind it", DISPATCH(H64) "x", "one LF"),
        BROKEN("NUL behind it", DISPATCH(H64) "\0", "one LF"),
        BROKEN_AS("a second entry", DISPATCH(H64) DISPATCH(H64), SH_ELIMIT, "at most 160"),
        BROKEN("CRLF", "stillhere-entry/1 dispatch - " H64 "\r\n", "HASH"),
        BROKEN("a space at the end", "stillhere-entry/1 dispatch - " H64 " \n", "HASH"),
        BROKEN("a space at the beginning", " " DISPATCH(H64), "begin"),
        BROKEN("two spaces", "stillhere-entry/1  dispatch - " H64 "\n", "TYPE"),
        BROKEN("tabs", "stillhere-entry/1\tdispatch\t-\t" H64 "\n", "four words"),
        BROKEN("NUL for a space", "stillhere-entry/1\0dispatch - " H64 "\n", "begin"),
        BROKEN("a byte order mark", "\xef\xbb\xbf" DISPATCH(H64), "begin"),
        BROKEN("another name", "stillthere-entry/1 dispatch - " H64 "\n", "begin"),
        BROKEN("upper case", "Stillhere-entry/1 dispatch - " H64 "\n", "begin"),
        BROKEN("no version", "stillhere-entry dispatch - " H64 "\n", "begin"),
        BROKEN("a version with a leading zero", "stillhere-entry/01 dispatch - " H64 "\n",
               "begin"),
        BROKEN("a version of 2^64", "stillhere-entry/18446744073709551616 dispatch - " H64 "\n",
               "begin"),
        BROKEN_AS("a later version", "stillhere-entry/2 dispatch - " H64 "\n", SH_EUNSUPPORTED,
                  "version 2"),
        BROKEN("TYPE: upper case", "stillhere-entry/1 Dispatch - " H64 "\n", "TYPE"),
        BROKEN("TYPE: begins with a digit", "stillhere-entry/1 3d - " H64 "\n", "TYPE"),
        BROKEN("TYPE: begins with a hyphen", "stillhere-entry/1 -x - " H64 "\n", "TYPE"),
        BROKEN("TYPE: an underscore", "stillhere-entry/1 dis_patch - " H64 "\n", "TYPE"),
        BROKEN("TYPE: a letter that is not ASCII", "stillhere-entry/1 \xc3\xa9 - " H64 "\n",
               "TYPE"),
        BROKEN("TYPE: NUL", "stillhere-entry/1 dis\0patch - " H64 "\n", "TYPE"),
        BROKEN("REF: its own index", WITHDRAW("7"), "not smaller"),
        BROKEN("REF: a later index", WITHDRAW("8"), "not smaller"),
        BROKEN("REF: a leading zero", WITHDRAW("01"), "REF"),
        BROKEN("REF: two zeros", WITHDRAW("00"), "REF"),
        BROKEN("REF: a plus", WITHDRAW("+1"), "REF"),
        BROKEN("REF: minus zero", WITHDRAW("-0"), "REF"),
        BROKEN("REF: below zero", WITHDRAW("-1"), "REF"),
        BROKEN("REF: two dashes", WITHDRAW("--"), "REF"),
        BROKEN("REF: a point", WITHDRAW("1.0"), "REF"),
        BROKEN("REF: an exponent", WITHDRAW("1e0"), "REF"),
        BROKEN("REF: hexadecimal", WITHDRAW("0x1"), "REF"),
        BROKEN("REF: 2^63", WITHDRAW("9223372036854775808"), "REF"),
        BROKEN("REF: 2^64-1", WITHDRAW("18446744073709551615"), "REF"),
        BROKEN("REF: 2^64", WITHDRAW("18446744073709551616"), "REF"),
        BROKEN("REF: 2^64+1", WITHDRAW("18446744073709551617"), "REF"),
        BROKEN("REF: empty", "stillhere-entry/1 withdraw  " H64 "\n", "REF"),
        BROKEN("HASH: empty", DISPATCH(""), "HASH"),
        BROKEN("HASH: 63 digits",
               DISPATCH("00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
               "HASH"),
        BROKEN("HASH: 65 digits", DISPATCH("0" H64), "HASH"),
        BROKEN("HASH: upper case",
               DISPATCH("000102030405060708090A0B0C0D0E0F"
                        "101112131415161718191a1b1c1d1e1f"),
               "HASH"),
        BROKEN("HASH: no hex",
               DISPATCH("0g0102030405060708090a0b0c0d0e0f"
                        "101112131415161718191a1b1c1d1e1f"),
               "HASH"),
        BROKEN("HASH: base64", DISPATCH("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
               "HASH"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct why why = {0};
        int rc = entry_in(rules[i].raw, rules[i].len, INDEX, &why);

        if (rc != (int)rules[i].code || !strstr(why.text, rules[i].says))
            fail_msg("%s: %d, %s", rules[i].rule, rc, why.text);
    }
}

/* The table of FORMATS.md "Log, entry": which type has "-", which an index below its own. */
static void entry_references(void **state)
{
    static const struct {
        const char *type;
        bool none, index;
    } types[] = {{"identity", true, false}, {"dispatch", true, false}, {"promise", true, false},
                 {"mirrors", true, false},  {"sealed", true, false},   {"open", false, true},
                 {"withdraw", false, true}, {"correct", false, true},  {"copy", false, true},
                 {"later-type", true, true}};
    char line[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct why why = {0};
        int len =
            snprintf(line, sizeof line, "stillhere-entry/1 %s - %s\n", types[i].type, H64);

        assert_int_equal(entry_in(line, (size_t)len, INDEX, &why),
                         types[i].none ? SH_OK : SH_EFORMAT);
        assert_true(types[i].none || strstr(why.text, types[i].type));
        for (unsigned ref = 0; ref < INDEX + 3; ref++) {
            len = snprintf(line, sizeof line, "stillhere-entry/1 %s %u %s\n", types[i].type,
                           ref, H64);
            why = (struct why){0};
            assert_int_equal(entry_in(line, (size_t)len, INDEX, &why),
                             types[i].index && ref < INDEX ? SH_OK : SH_EFORMAT);
            assert_true(types[i].index || strstr(why.text, "refers to nothing"));
        }
        /* The first entry of a log has nothing before it. */
        len = snprintf(line, sizeof line, "stillhere-entry/1 %s 0 %s\n", types[i].type, H64);
        assert_int_equal(entry_in(line, (size_t)len, 0, NULL), SH_EFORMAT);
    }
}

/* 160 bytes with the newline are read, one more is not: a type that nobody knows fills it. */
static void entry_sizes(void **state)
{
    char line[400];

    (void)state;
    for (size_t size = LIMIT_ENTRY_BYTES - 1; size <= LIMIT_ENTRY_BYTES + 1; size++) {
        size_t type = size - strlen("stillhere-entry/1  - " H64 "\n");
        struct why why = {0};
        int len =
            snprintf(line, sizeof line, "stillhere-entry/1 %0*d - " H64 "\n", (int)type, 0);

        assert_int_equal(len, size);
        memset(line + strlen("stillhere-entry/1 "), 'x', type);
        assert_int_equal(entry_in(line, size, INDEX, &why),
                         size <= LIMIT_ENTRY_BYTES ? SH_OK : SH_ELIMIT);
        if (size > LIMIT_ENTRY_BYTES)
            assert_non_null(strstr(why.text, "at most 160"));
    }
}

/* Every beginning is refused; every change of one byte is refused, or another entry. */
static void entry_one_byte_changes(void **state)
{
    char line[] = WITHDRAW("6"), again[LIMIT_ENTRY_BYTES + 1];
    const size_t len = sizeof line - 1;
    struct entry was, is;
    size_t other = 0;

    (void)state;
    assert_int_equal(entry_parse(slice_text(WITHDRAW("6")), INDEX, &was, NULL), SH_OK);
    for (size_t at = 0; at < len; at++) {
        char kept = line[at];

        assert_int_equal(entry_in(line, at, INDEX, NULL), SH_EFORMAT);
        for (unsigned byte = 0; byte < 256; byte++) {
            line[at] = (char)byte;
            if (line[at] == kept || entry_parse(slice_of(line, len), INDEX, &is, NULL))
                continue;
            other++;
            if (is.type == was.type && is.ref == was.ref && !memcmp(is.hash, was.hash, 32))
                fail_msg("byte %zu changed to 0x%02x: the same entry", at, byte);
            if (is.type != ENTRY_UNKNOWN)
                assert_true(
                    slice_equal(slice_of(again, entry_build(&is, again)), slice_of(line, len)));
        }
        line[at] = kept;
    }
    assert_true(other >= 64 * 15 + 6); /* each digit of HASH, each smaller REF, and types */
}

/* ---- the recovery sheet (FORMATS.md "Recovery sheet") ---- */

struct sheet_rule {
    const char *rule, *from, *to, *says;
};

static void replaced(struct bytes *out, const struct bytes *text, const char *from,
                     const char *to)
{
    const char *all = (const char *)text->ptr, *at = strstr(all, from);

    assert_non_null(at);
    bytes_clear(out);
    bytes_append(out, all, (size_t)(at - all));
    bytes_text(out, to);
    bytes_text(out, at + strlen(from));
    assert_int_equal(bytes_check(out, NULL), SH_OK);
}

/* LONG: a flat table. */
static void sheet_rules(void **state)
{
    static const struct sheet_rule rules[] = {
        {"the first line is missing", "stillhere-sheet/1\n", "", "stillhere-sheet/1"},
        {"a later version", "sheet/1", "sheet/2", "stillhere-sheet/1"},
        {"no channel", "channel ", "chanel ", "channel"},
        {"a channel too short", "channel f", "channel ", "52 characters"},
        {"a channel too long", "channel f", "channel ff", "longer than 52"},
        {"a channel with a digit that never occurs", "channel fvyr", "channel fvy1",
         "52 characters"},
        {"unused bits of the channel", "caq\n", "car\n", "52 characters"},
        {"sheet 0", "sheet 2 of 3", "sheet 0 of 3", "I of N"},
        {"more sheets than there are", "sheet 2 of 3", "sheet 4 of 3", "I of N"},
        {"ten sheets", "sheet 2 of 3", "sheet 2 of 10", "I of N"},
        {"a leading zero", "sheet 2 of 3", "sheet 02 of 3", "I of N"},
        {"a sheet of none", "sheet 2 of 3", "sheet 2", "I of N"},
        {"no identity", "identity ", "idntity ", "identity"},
        {"no archive", "archive ", "archiv ", "archive"},
        {"one letter wrong", "eaye", "eaya", "group 2"},
        {"one letter wrong in the sum", "p22r", "p22s", "group 14"},
        {"two letters change places", "eaye", "aeye", "more than one place"},
        {"a group too few", "aaaq ", "", "ends in group 14"},
        {"a group too many", "aaaq ", "aaaq aaaq ", "more than 14"},
        {"a digit 0", "eaye", "ea0e", "group 2"},
        {"a digit 1", "eaye", "ea1e", "group 2"},
        {"a digit 8", "eaye", "ea8e", "group 2"},
        {"a letter of another alphabet", "eaye",
         "\xd0\xb0"
         "aye",
         "group 2"},
        {"the archive's secret for the identity's",
         "identity aaaq eaye auda ocaj bifq ydio b4ib ceqt cqkr mfyy denb wha5 dyp3 p22r",
         "identity 777p 37h3 7l47 r57w 6x2p h4xr 6dx6 53pm 5pvo t2hh 43s6 jy7c 4hqg 6bxc",
         "identity"},
    };
    struct bytes golden, changed;
    struct sheet sheet;

    (void)state;
    read_golden("sheet.txt", &golden);
    bytes_u8(&golden, 0);
    bytes_init(&changed, LIMIT_SHEET_BYTES);
    assert_int_equal(sheet_parse(slice_of(golden.ptr, golden.len - 1), &sheet, NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct why why = {0};
        int rc;

        replaced(&changed, &golden, rules[i].from, rules[i].to);
        rc = sheet_parse(bytes_view(&changed), &sheet, &why);
        if (rc != SH_EFORMAT || !strstr(why.text, rules[i].says))
            fail_msg("%s: %d, %s", rules[i].rule, rc, why.text);
    }
    bytes_release(&changed);
    bytes_release(&golden);
}

/* Each letter of both secrets and of the channel, written as each other one: never the same. */
static void sheet_one_letter_wrong(void **state)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    struct bytes golden;
    struct sheet was, is;
    size_t named = 0, tried = 0;
    const char *identity;

    (void)state;
    read_golden("sheet.txt", &golden);
    bytes_u8(&golden, 0);
    identity = strstr((const char *)golden.ptr, "identity ") + strlen("identity ");
    assert_int_equal(sheet_parse(slice_of(golden.ptr, golden.len - 1), &was, NULL), SH_OK);
    for (uint8_t *at = golden.ptr + (identity - (const char *)golden.ptr); *at != '\n'; at++) {
        uint8_t kept = *at;

        for (size_t i = 0; kept != ' ' && i < 32; i++) {
            struct why why = {0};

            *at = (uint8_t)letters[i];
            if (*at == kept)
                continue;
            tried++;
            assert_int_equal(sheet_parse(slice_of(golden.ptr, golden.len - 1), &is, &why),
                             SH_EFORMAT);
            named += strstr(why.text, "most likely in group") != NULL;
        }
        *at = kept;
    }
    /* Three bytes of sum find nearly every slip of the pen, and where it is. */
    assert_int_equal(tried, 56 * 31);
    assert_int_equal(named, tried);
    bytes_release(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_rules), cmocka_unit_test(entry_references),
        cmocka_unit_test(entry_sizes), cmocka_unit_test(entry_one_byte_changes),
        cmocka_unit_test(sheet_rules), cmocka_unit_test(sheet_one_letter_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
