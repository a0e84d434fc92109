/*
 * dispatch: a refusing test for each rule of the document, each with the words of its refusal;
 * and that no one-byte change of a good document is read as the same one.
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

enum golden { CHECKIN, DISPATCH, CORRECT, PROMISE, WITHDRAW, PURGE, OPEN, GOLDEN_COUNT };
static const char *const names[GOLDEN_COUNT] = {
    "document-checkin.json", "document-dispatch.json", "document-correct.json",
    "document-promise.json", "document-withdraw.json", "document-purge.json",
    "document-open.json"};
static struct bytes golden[GOLDEN_COUNT];

static int read_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++)
        read_golden(names[i], &golden[i]);
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++)
        bytes_release(&golden[i]);
    return 0;
}

/* Nothing is read past its end: an exact copy on the heap, for the sanitizers. */
static int document_in(struct slice raw, struct why *why)
{
    uint8_t *copy = malloc(raw.len ? raw.len : 1);
    struct document doc;
    struct arena arena;
    int rc;

    assert_non_null(copy);
    memcpy(copy, raw.ptr, raw.len);
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(slice_of(copy, raw.len), &arena, &doc, why);
    arena_release(&arena);
    free(copy);
    return rc;
}

/* In a good document the last `from` is replaced by `to`: this breaks one rule. */
struct rule {
    enum golden golden;
    const char *rule, *from, *to;
    size_t to_len;
    enum sh_err code;
    const char *says; /* in the refusal */
};
#define BROKEN_AS(golden, rule, from, to, code, says)                                          \
    {                                                                                          \
        golden, rule, from, to, sizeof(to) - 1, code, says                                     \
    }
#define BROKEN(golden, rule, from, to, says) BROKEN_AS(golden, rule, from, to, SH_EFORMAT, says)

static void replaced(struct bytes *out, const struct rule *rule)
{
    struct slice text = bytes_view(&golden[rule->golden]);
    size_t len = strlen(rule->from);

    bytes_clear(out);
    for (size_t at = text.len - len + 1; at-- > 0;)
        if (memcmp(text.ptr + at, rule->from, len) == 0) {
            bytes_append(out, text.ptr, at);
            bytes_append(out, rule->to, rule->to_len);
            bytes_append(out, text.ptr + at + len, text.len - at - len);
            assert_int_equal(bytes_check(out, NULL), SH_OK);
            return;
        }
    fail_msg("%s: no \"%s\" in the document", rule->rule, rule->from);
}

static void is_refused(const struct rule *rule)
{
    struct bytes text;
    struct why why = {0};
    int rc;

    bytes_init(&text, 1u << 20);
    replaced(&text, rule);
    rc = document_in(bytes_view(&text), &why);
    if (rc != (int)rule->code)
        fail_msg("%s: got %d (%s), wanted %d", rule->rule, rc, why.text, rule->code);
    if (!strstr(why.text, rule->says))
        fail_msg("%s: the refusal is \"%s\", wanted \"%s\"", rule->rule, why.text, rule->says);
    bytes_release(&text);
}

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* LONG: a flat table. */
static void document_rules(void **state)
{
    static const struct rule rules[] = {
        /* JSON (RFC 8259, RFC 7493) */
        BROKEN(CHECKIN, "JSON: CRLF behind it", "}", "}\r\n", "canonical"),
        BROKEN(CHECKIN, "JSON: a newline behind it", "\"v\":1}", "\"v\":1}\n", "canonical"),
        BROKEN(CHECKIN, "JSON: NUL behind it", "\"v\":1}", "\"v\":1}\000", "after the value"),
        BROKEN(CHECKIN, "JSON: a second document", "\"v\":1}", "\"v\":1}{}", "after the value"),
        BROKEN(CHECKIN, "JSON: a byte order mark", "{", "\357\273\277{", "not a value"),
        BROKEN(CHECKIN, "JSON: a space inside", "\"v\":1", "\"v\": 1", "canonical"),
        BROKEN(CHECKIN, "JSON: a comma at the end", "\"v\":1}", "\"v\":1,}",
               "name in quotation marks"),
        BROKEN(CHECKIN, "JSON: cut off", "\"v\":1}", "\"v\":1", "comma"),
        BROKEN(CHECKIN, "JSON: an array", "{", "[", "comma"),
        BROKEN(CHECKIN, "JSON: not UTF-8", "\"well\"", "\"we\377ll\"", "UTF-8"),
        BROKEN(CHECKIN, "JSON: an overlong character", "\"well\"", "\"we\300\200ll\"", "UTF-8"),
        BROKEN(CHECKIN, "JSON: a surrogate in UTF-8", "\"well\"", "\"we\355\240\200ll\"",
               "UTF-8"),
        BROKEN(CHECKIN, "JSON: a surrogate in an escape", "\"well\"", "\"\\ud800\"",
               "surrogate"),
        BROKEN(CHECKIN, "JSON: surrogates the wrong way round", "\"well\"",
               "\"\\udc00\\ud800\"", "surrogate"),
        BROKEN(CHECKIN, "JSON: a raw control character", "\"well\"", "\"we\001ll\"",
               "control character"),
        BROKEN(CHECKIN, "JSON: a raw newline", "\"well\"", "\"we\nll\"", "control character"),
        BROKEN(CHECKIN, "JSON: NaN", "1700000000", "NaN", "not a value"),
        BROKEN(CHECKIN, "names: one twice", "\"v\":1", "\"v\":1,\"v\":1", "stands twice"),
        BROKEN(CHECKIN, "names: one twice, once as an escape", "\"v\":1",
               "\"v\":1,\"\\u0076\":2", "stands twice"),
        BROKEN(DISPATCH, "names: one twice further in", "\"en\":\"Odesa\"",
               "\"en\":\"Odesa\",\"en\":\"Odesa\"", "stands twice"),
        BROKEN(CHECKIN, "names: unsorted", "\"status\":\"well\",\"v\":1",
               "\"v\":1,\"status\":\"well\"", "canonical"),
        BROKEN(DISPATCH, "names: unsorted further in",
               "\"en\":\"Odesa\",\"ru\":\"\320\236\320\264\320\265\321\201\321\201\320\260\"",
               "\"ru\":\"\320\236\320\264\320\265\321\201\321\201\320\260\",\"en\":\"Odesa\"",
               "canonical"),
        BROKEN(CHECKIN, "names: sorted by bytes, not by UTF-16", "\"v\":1",
               "\"v\":1,\"\356\200\200\":1,\"\360\237\222\231\":1", "canonical"),
        BROKEN(CHECKIN, "names: empty", "{\"channel\"", "{\"\":1,\"channel\"", "empty"),
        BROKEN(CHECKIN, "names: a control character", "\"v\":1", "\"v\":1,\"z\\n\":1",
               "control character"),
        BROKEN_AS(
            CHECKIN, "names: too long", "\"v\":1",
            "\"v\":1,\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\":1",
            SH_ELIMIT, "at most 64"),
        /* RFC 8785, restricted */
        BROKEN(CHECKIN, "escape: of a letter", "\"well\"", "\"\\u0077ell\"", "canonical"),
        BROKEN(DISPATCH, "escape: of a slash", "shopping.", "shopping\\/.", "canonical"),
        BROKEN(DISPATCH, "escape: upper-case hex", "shopping.", "shopping\\u00E9.",
               "canonical"),
        BROKEN(DISPATCH, "escape: the long one of a newline", ".\\nThere", ".\\u000aThere",
               "canonical"),
        BROKEN(CHECKIN, "number: a float", "1700000000", "1700000000.0", "integer"),
        BROKEN(CHECKIN, "number: a fraction", "1700000000", "1700000000.5", "integer"),
        BROKEN(CHECKIN, "number: an exponent", "1700000000", "17e8", "integer"),
        BROKEN(CHECKIN, "number: a large exponent", "1700000000", "1e400", "integer"),
        BROKEN(CHECKIN, "number: minus zero", "1700000000", "-0", "integer"),
        BROKEN(CHECKIN, "number: below zero", "1700000000", "-1", "integer"),
        BROKEN(CHECKIN, "number: a leading zero", "1700000000", "01700000000", "comma"),
        BROKEN(CHECKIN, "number: a plus", "1700000000", "+1700000000", "not a value"),
        BROKEN(CHECKIN, "number: 2^53", "1700000000", "9007199254740992", "integer"),
        BROKEN(CHECKIN, "number: 2^63", "1700000000", "9223372036854775808", "integer"),
        BROKEN(CHECKIN, "number: 2^64", "1700000000", "18446744073709551616", "integer"),
        BROKEN(CHECKIN, "number: a float in a key that is not known", "\"v\":1",
               "\"v\":1,\"zz\":0.5", "integer"),
        /* absent, never null or empty */
        BROKEN(CHECKIN, "null", "\"well\"", "null", "null"),
        BROKEN(CHECKIN, "null in a key that is not known", "\"v\":1", "\"v\":1,\"zz\":null",
               "null"),
        BROKEN(CHECKIN, "an empty string", "\"well\"", "\"\"", "empty"),
        BROKEN(CHECKIN, "an empty array", "\"v\":1", "\"v\":1,\"words\":[]", "empty array"),
        BROKEN(CHECKIN, "an empty object", "\"v\":1", "\"v\":1,\"zz\":{}",
               "empty array or object"),
        BROKEN(CHECKIN, "an empty object inside of an array", "\"v\":1", "\"v\":1,\"zz\":[{}]",
               "empty array or object"),
        /* text */
        BROKEN(DISPATCH, "text: a tab", "Back from", "Back\\tfrom", "U+0009"),
        BROKEN(DISPATCH, "text: a carriage return", ".\\nThere", ".\\r\\nThere", "U+000D"),
        BROKEN(DISPATCH, "text: NUL", "Back from", "Back\\u0000from", "U+0000"),
        BROKEN(DISPATCH, "text: escape", "Back from", "Back\\u001bfrom", "U+001B"),
        BROKEN(DISPATCH, "text: DEL", "Back from", "Back\177from", "U+007F"),
        BROKEN(DISPATCH, "text: a C1 control", "Back from", "Back\302\205from", "U+0085"),
        BROKEN(DISPATCH, "text: a line separator", "Back from", "Back\342\200\250from",
               "U+2028"),
        BROKEN(DISPATCH, "text: a paragraph separator", "Back from", "Back\342\200\251from",
               "U+2029"),
        BROKEN(DISPATCH, "bidi: Arabic letter mark", "Back from", "Back\330\234from",
               "direction"),
        BROKEN(DISPATCH, "bidi: left-to-right mark", "Back from", "Back\342\200\216from",
               "direction"),
        BROKEN(DISPATCH, "bidi: right-to-left mark", "Back from", "Back\342\200\217from",
               "direction"),
        BROKEN(DISPATCH, "bidi: first embedding", "Back from", "Back\342\200\252from",
               "direction"),
        BROKEN(DISPATCH, "bidi: override", "Back from", "Back\342\200\256from", "direction"),
        BROKEN(DISPATCH, "bidi: first isolate", "Back from", "Back\342\201\246from",
               "direction"),
        BROKEN(DISPATCH, "bidi: last isolate", "Back from", "Back\342\201\251from",
               "direction"),
        BROKEN(DISPATCH, "noncharacter: U+FDD0", "Back from", "Back\357\267\220from",
               "not a character"),
        BROKEN(DISPATCH, "noncharacter: U+FDEF", "Back from", "Back\357\267\257from",
               "not a character"),
        BROKEN(DISPATCH, "noncharacter: U+FFFE", "Back from", "Back\357\277\276from",
               "not a character"),
        BROKEN(DISPATCH, "noncharacter: U+FFFF", "Back from", "Back\357\277\277rom",
               "not a character"),
        BROKEN(DISPATCH, "noncharacter: U+1FFFE", "Back from", "Back\360\237\277\276from",
               "not a character"),
        BROKEN(DISPATCH, "noncharacter: U+10FFFF", "Back from", "Back\364\217\277\277from",
               "not a character"),
        BROKEN(DISPATCH, "byte order mark in a text", "Back from", "Back\357\273\277from",
               "not a character"),
        BROKEN(CHECKIN, "bidi in a key that is not known", "\"v\":1",
               "\"v\":1,\"zz\":\"\342\200\256\"", "direction"),
        BROKEN(DISPATCH, "text: a newline in a place", "\"en\":\"Odesa\"",
               "\"en\":\"Ode\\nsa\"", "U+000A"),
        BROKEN(DISPATCH, "text: a newline in a status", "\"\345\276\210\345\245\275\"",
               "\"\345\276\210\\n\345\245\275\"", "U+000A"),
        BROKEN(WITHDRAW, "text: a newline in a reason", "\"faces\"", "\"fa\\nces\"", "U+000A"),
        BROKEN(PROMISE, "text: a newline in a because", "\"travel\"", "\"tra\\nvel\"",
               "U+000A"),
        /* required in each */
        BROKEN(CHECKIN, "v: missing", ",\"v\":1", "", "v is missing"),
        BROKEN(CHECKIN, "v: a string", "\"v\":1", "\"v\":\"1\"", "v is of another type"),
        BROKEN_AS(CHECKIN, "v: of a later program", "\"v\":1", "\"v\":2", SH_EUNSUPPORTED,
                  "version"),
        BROKEN_AS(CHECKIN, "v: 0", "\"v\":1", "\"v\":0", SH_EUNSUPPORTED, "version"),
        BROKEN(CHECKIN, "salt: missing", ",\"salt\":\"" H64 "\"", "", "salt is missing"),
        BROKEN(CHECKIN, "salt: upper-case hex", "\"salt\":\"000102030405060708090a0b",
               "\"salt\":\"000102030405060708090A0b", "salt is not 64"),
        BROKEN(CHECKIN, "salt: 31 bytes", "\"salt\":\"0001", "\"salt\":\"00", "salt is not 64"),
        BROKEN(CHECKIN, "salt: 33 bytes", "\"salt\":\"0001", "\"salt\":\"000001",
               "salt is not 64"),
        BROKEN(CHECKIN, "salt: base64", "\"salt\":\"0001", "\"salt\":\"00+/", "salt is not 64"),
        BROKEN(CHECKIN, "channel: missing",
               "\"channel\":\"aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq\",", "",
               "channel is missing"),
        BROKEN(CHECKIN, "channel: upper case", "\"channel\":\"aaaq", "\"channel\":\"AAAQ",
               "base32"),
        BROKEN(CHECKIN, "channel: 51 characters", "\"channel\":\"aaaq", "\"channel\":\"aaq",
               "base32"),
        BROKEN(CHECKIN, "channel: 53 characters", "\"channel\":\"aaaq", "\"channel\":\"aaaaq",
               "base32"),
        BROKEN(CHECKIN, "channel: a digit that base32 has not", "\"channel\":\"aaaq",
               "\"channel\":\"aa1q", "base32"),
        BROKEN(CHECKIN, "channel: unused bits", "dypq\"", "dypr\"", "base32"),
        BROKEN(CHECKIN, "kind: missing", "\"kind\":\"dispatch\",", "", "kind is missing"),
        BROKEN(CHECKIN, "kind: upper case", "\"kind\":\"dispatch\"", "\"kind\":\"Dispatch\"",
               "kind is not"),
        BROKEN(CHECKIN, "kind: an array", "\"kind\":\"dispatch\"", "\"kind\":[\"dispatch\"]",
               "kind is of another type"),
        BROKEN(CHECKIN, "published: 0", "1700000000", "0", "published is 0"),
        BROKEN(CHECKIN, "published: a string", "1700000000", "\"1700000000\"",
               "published is of another type"),
        BROKEN(WITHDRAW, "published: missing in a withdrawal", "\"published\":5,", "",
               "published is missing"),
        BROKEN(PROMISE, "published: missing in a promise", "\"published\":5,", "",
               "published is missing"),
        BROKEN(CORRECT, "published: missing in a correction", "\"published\":5,", "",
               "published is missing"),
        BROKEN(OPEN, "published: missing in an open", "\"published\":5,", "",
               "published is missing"),
        /* dispatch and correct */
        BROKEN(CHECKIN, "dispatch: missing", "\"dispatch\":\"" H64 "\",", "",
               "dispatch is missing"),
        BROKEN(CHECKIN, "dispatch: short", "\"dispatch\":\"0001", "\"dispatch\":\"00",
               "dispatch is not 64"),
        BROKEN(CORRECT, "dispatch: missing in a correction", "\"dispatch\":\"" H64 "\",", "",
               "dispatch is missing"),
        BROKEN(CHECKIN, "status: missing", "\"status\":\"well\",", "", "status is missing"),
        BROKEN(CORRECT, "status: missing in a correction", "\"status\":\"moving\",", "",
               "status is missing"),
        BROKEN(CHECKIN, "status: another word", "\"well\"", "\"fine\"", "status is not well"),
        BROKEN(CHECKIN, "status: upper case", "\"well\"", "\"Well\"", "status is not well"),
        BROKEN(CHECKIN, "status: a number", "\"well\"", "1", "object {lang,text}"),
        BROKEN(DISPATCH, "status: no language",
               "\"status\":{\"lang\":\"zh\",\"text\":\"\345\276\210\345\245\275\"}",
               "\"status\":{\"text\":\"\345\276\210\345\245\275\"}", "lang is missing"),
        BROKEN(DISPATCH, "status: no text",
               "\"status\":{\"lang\":\"zh\",\"text\":\"\345\276\210\345\245\275\"}",
               "\"status\":{\"lang\":\"zh\"}", "text is missing"),
        BROKEN(DISPATCH, "lang: one letter", "\"lang\":\"en\"", "\"lang\":\"e\"",
               "language tag"),
        BROKEN(DISPATCH, "lang: an underscore", "\"lang\":\"en\"", "\"lang\":\"en_US\"",
               "language tag"),
        BROKEN(DISPATCH, "lang: a hyphen at the end", "\"lang\":\"en\"", "\"lang\":\"en-\"",
               "language tag"),
        BROKEN(DISPATCH, "lang: nine letters", "\"lang\":\"en\"", "\"lang\":\"abcdefghi\"",
               "language tag"),
        BROKEN(DISPATCH, "lang: longer than a tag is", "\"lang\":\"en\"",
               "\"lang\":\"en-abcdefgh-abcdefgh-abcdefgh-abcdefgh\"", "language tag"),
        BROKEN(DISPATCH, "next_due: 0", "1700086400", "0", "next_due is 0"),
        BROKEN(DISPATCH, "next_due: a string", "1700086400", "\"1700086400\"",
               "next_due is of another type"),
        BROKEN(DISPATCH, "words: a string",
               "[{\"lang\":\"en\",\"text\":\"Back from shopping.\\nThere was \\\"bread\\\" "
               "\\\\o/\"}]",
               "\"Back\"", "words is of another type"),
        BROKEN(DISPATCH, "words: strings",
               "{\"lang\":\"en\",\"text\":\"Back from shopping.\\nThere was \\\"bread\\\" "
               "\\\\o/\"}",
               "\"Back\"", "object {lang,text}"),
        BROKEN(DISPATCH, "place: no level", "\"level\":\"city\",", "", "level is missing"),
        BROKEN(DISPATCH, "place: a street", "\"city\"", "\"street\"", "place.level"),
        BROKEN(DISPATCH, "place: typed with a code", "\"city\"", "\"typed\"", "place.code"),
        BROKEN(DISPATCH, "place: a city without a code", "\"code\":\"698740\",", "",
               "place.code"),
        BROKEN(DISPATCH, "place: a code with a leading zero", "\"698740\"", "\"0698740\"",
               "GeoNames"),
        BROKEN(DISPATCH, "place: code 0", "\"698740\"", "\"0\"", "GeoNames"),
        BROKEN(DISPATCH, "place: a code of 2^32", "\"698740\"", "\"4294967296\"", "GeoNames"),
        BROKEN(DISPATCH, "place: a code that is a number", "\"698740\"", "698740",
               "code is of another type"),
        BROKEN(DISPATCH, "place: no names",
               ",\"names\":{\"en\":\"Odesa\",\"ru\":"
               "\"\320\236\320\264\320\265\321\201\321\201\320\260\",\"uk\":"
               "\"\320\236\320\264\320\265\321\201\320\260\",\"zh-Hans\":"
               "\"\346\225\226\345\276\267\350\220\250\"}",
               "", "names is missing"),
        BROKEN(DISPATCH, "place: a name that is a number", "\"en\":\"Odesa\"", "\"en\":1",
               "place.names"),
        BROKEN(DISPATCH, "place: a name of no language", "\"en\":\"Odesa\"", "\"e\":\"Odesa\"",
               "place.names"),
        BROKEN(DISPATCH, "claimed: no time", "\"time\":1699999000,", "", "time is missing"),
        BROKEN(DISPATCH, "claimed: no zone", ",\"zone\":\"Europe/Kyiv\"", "",
               "zone is missing"),
        BROKEN(DISPATCH, "claimed: no source", "\"source\":\"file\",", "", "source is missing"),
        BROKEN(DISPATCH, "claimed: another source", "\"source\":\"file\"",
               "\"source\":\"guess\"", "claimed.source"),
        BROKEN(DISPATCH, "claimed: a zone with a space", "Europe/Kyiv", "Europe Kyiv",
               "claimed.zone"),
        BROKEN(DISPATCH, "claimed: a zone that is a path", "Europe/Kyiv", "/etc/passwd",
               "claimed.zone"),
        BROKEN(DISPATCH, "claimed: a zone with dots", "Europe/Kyiv", "../Kyiv", "claimed.zone"),
        BROKEN(DISPATCH, "blobs: an object", "\"blobs\":[", "\"blobs\":1,\"blobz\":[",
               "blobs is of another type"),
        BROKEN(DISPATCH, "blobs: a string in it",
               "{\"bytes\":9,\"mime\":\"image/jpeg\",\"role\":\"poster\",\"sha256\":\"" H64
               "\"}",
               "\"x\"", "not an object"),
        BROKEN(DISPATCH, "blobs: no bytes", "\"bytes\":9,", "", "blobs.bytes is missing"),
        BROKEN(DISPATCH, "blobs: 0 bytes", "\"bytes\":9,", "\"bytes\":0,", "bytes is 0"),
        BROKEN(DISPATCH, "blobs: more than 4 GiB", "\"bytes\":9,", "\"bytes\":4294967297,",
               "bytes is larger"),
        BROKEN(DISPATCH, "blobs: no mime", "\"mime\":\"image/jpeg\",", "", "mime is missing"),
        BROKEN(DISPATCH, "blobs: no type of media", "\"image/jpeg\"", "\"image\"",
               "blobs.mime"),
        BROKEN(DISPATCH, "blobs: a type in capitals", "\"image/jpeg\"", "\"image/JPEG\"",
               "blobs.mime"),
        BROKEN(DISPATCH, "blobs: a type with a path", "\"image/jpeg\"", "\"image/../jpeg\"",
               "blobs.mime"),
        BROKEN(DISPATCH, "blobs: another parameter", "\"image/jpeg\"", "\"image/jpeg;q=1\"",
               "blobs.mime"),
        BROKEN(DISPATCH, "blobs: no role", "\"role\":\"poster\",", "", "role is missing"),
        BROKEN(DISPATCH, "blobs: a role in capitals", "\"poster\"", "\"Poster\"", "blobs.role"),
        BROKEN(DISPATCH, "blobs: no hash", ",\"sha256\":\"" H64 "\"}]", "}]",
               "sha256 is missing"),
        BROKEN(DISPATCH, "blobs: width alone", "\"height\":1920,", "", "width and height"),
        BROKEN(DISPATCH, "blobs: height alone", ",\"width\":1080", "", "width and height"),
        BROKEN(DISPATCH, "blobs: a width of 2^32", "\"width\":1080", "\"width\":4294967296",
               "width is larger"),
        BROKEN(DISPATCH, "blobs: a duration of 0", "\"duration_ms\":21987", "\"duration_ms\":0",
               "duration_ms is 0"),
        BROKEN(DISPATCH, "removed: unsorted", "\"dates\",\"names\"", "\"names\",\"dates\"",
               "removed"),
        BROKEN(DISPATCH, "removed: twice", "\"dates\",\"names\"", "\"dates\",\"dates\"",
               "removed"),
        BROKEN(DISPATCH, "removed: a value", "\"dates\"", "\"Dates: 1970\"", "removed"),
        BROKEN(DISPATCH, "removed: a number", "\"dates\"", "1", "removed"),
        BROKEN(DISPATCH, "seen: not a note", "\342\200\224 a AAAAAAAA", "\342\200\224 a",
               "note:"),
        BROKEN(DISPATCH, "of: a string", "\"of\":0", "\"of\":\"0\"", "of is of another type"),
        BROKEN(DISPATCH, "of: beyond a log", "\"of\":0", "\"of\":1099511627777",
               "of is not an index"),
        BROKEN(DISPATCH, "orig: short", "\"orig\":\"0001", "\"orig\":\"00", "orig is not 64"),
        /* promise, withdraw */
        BROKEN(PROMISE, "rule: missing", "\"rule\":{\"every_s\":86400},", "",
               "rule is missing"),
        BROKEN(PROMISE, "rule: two of them", "{\"every_s\":86400}",
               "{\"every_s\":86400,\"until\":7}", "exactly one"),
        BROKEN(PROMISE, "rule: none that is known", "{\"every_s\":86400}", "{\"often\":86400}",
               "exactly one"),
        BROKEN(PROMISE, "rule: 0", "86400", "0", "every_s is 0"),
        BROKEN(PROMISE, "rule: a word", "{\"every_s\":86400}", "\"daily\"",
               "rule is of another type"),
        BROKEN(WITHDRAW, "level: missing", "\"level\":\"hide\",", "", "level is missing"),
        BROKEN(WITHDRAW, "level: another", "\"hide\"", "\"erase\"", "neither hide nor purge"),
        BROKEN(PURGE, "order: with a hide", "\"purge\"", "\"hide\"", "only hides"),
        BROKEN(PURGE, "order: not a note", "\342\200\224 a AAAAAAAA", "a AAAAAAAA", "note:"),
        BROKEN(PURGE, "order: a note in CRLF", "x\\n\\n\342\200\224",
               "x\\r\\n\\r\\n\342\200\224", "U+000D"),
    };

    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++)
        assert_int_equal(document_in(bytes_view(&golden[i]), NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        is_refused(&rules[i]);
}

/* A text one byte longer than it may be, and one as long as it may be. */
static void document_text_limits(void **state)
{
    static const struct {
        struct rule rule;
        size_t max;
    } limits[] = {
        {{DISPATCH, "a status", "\345\276\210\345\245\275", NULL, 0, SH_ELIMIT, "at most"},
         LIMIT_STATUS_BYTES},
        {{DISPATCH, "a place", "Odesa", NULL, 0, SH_ELIMIT, "at most"}, LIMIT_PLACE_BYTES},
        {{DISPATCH, "words", "Back from shopping.\\nThere was \\\"bread\\\" \\\\o/", NULL, 0,
          SH_ELIMIT, "bytes"},
         LIMIT_WORDS_BYTES},
        {{PROMISE, "because", "travel", NULL, 0, SH_ELIMIT, "bytes"}, LIMIT_WORDS_BYTES},
        {{WITHDRAW, "a reason", "faces", NULL, 0, SH_ELIMIT, "at most"}, LIMIT_REASON_BYTES},
        {{DISPATCH, "a zone", "Europe/Kyiv", NULL, 0, SH_EFORMAT, "claimed.zone"},
         LIMIT_TOKEN_BYTES},
        {{DISPATCH, "a role", "poster", NULL, 0, SH_EFORMAT, "blobs.role"}, LIMIT_TOKEN_BYTES},
    };
    static char letters[LIMIT_WORDS_BYTES + 2];
    struct bytes text;

    (void)state;
    memset(letters, 'x', sizeof letters - 1);
    bytes_init(&text, 1u << 20);
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct rule rule = limits[i].rule;
        struct why why = {0};

        rule.to = letters;
        rule.to_len = limits[i].max + 1;
        is_refused(&rule);
        rule.to_len = limits[i].max;
        replaced(&text, &rule);
        if (document_in(bytes_view(&text), &why))
            fail_msg("%s of %zu bytes: %s", rule.rule, rule.to_len, why.text);
    }
    bytes_release(&text);
}

/* Many texts, each short enough, that are too long together. */
static void document_words_together(void **state)
{
    static const char piece[] = "{\"lang\":\"en\",\"text\":\"123456789012345\\n\"}";
    struct rule rule = {DISPATCH,  "words",         "{\"lang\":\"en\",\"text\":\"Back", NULL, 0,
                        SH_ELIMIT, "bytes of words"};
    struct bytes texts;

    (void)state;
    bytes_init(&texts, 1u << 20);
    for (size_t i = 0; i < LIMIT_WORDS_BYTES / 16; i++)
        bytes_printf(&texts, "%s,", piece);
    bytes_text(&texts, rule.from);
    rule.to = (const char *)texts.ptr;
    rule.to_len = texts.len;
    is_refused(&rule);
    bytes_release(&texts);
}

/* 64 KiB are read, a byte more is not; the filling is a key that nobody knows. */
static void document_sizes(void **state)
{
    const struct bytes *checkin = &golden[CHECKIN];

    (void)state;
    for (size_t size = LIMIT_DOCUMENT_BYTES - 1; size <= LIMIT_DOCUMENT_BYTES + 1; size++) {
        struct why why = {0};
        struct bytes text;
        int rc;

        bytes_init(&text, 1u << 20);
        bytes_append(&text, checkin->ptr, checkin->len - 1);
        bytes_text(&text, ",\"zz\":\"");
        while (text.len + 2 < size)
            bytes_u8(&text, 'x');
        bytes_text(&text, "\"}");
        assert_int_equal(text.len, size);
        rc = document_in(bytes_view(&text), &why);
        assert_int_equal(rc, size <= LIMIT_DOCUMENT_BYTES ? SH_OK : SH_ELIMIT);
        if (rc)
            assert_non_null(strstr(why.text, "at most 65536"));
        bytes_release(&text);
    }
}

/* Six levels are read, seven are not: of arrays, of objects, and of both in turn. */
static void document_depths(void **state)
{
    static const char *const open[] = {"[", "{\"a\":", "[{\"a\":"};
    static const char *const close[] = {"]", "}", "}]"};
    static const unsigned each[] = {1, 1, 2};

    (void)state;
    for (size_t form = 0; form < COUNT_OF(open); form++)
        for (unsigned depth = 5; depth <= 9; depth++) {
            struct why why = {0};
            struct bytes text;
            unsigned rounds = (depth - 1) / each[form];
            int rc;

            bytes_init(&text, 1u << 16);
            bytes_append(&text, golden[CHECKIN].ptr, golden[CHECKIN].len - 1);
            bytes_text(&text, ",\"zz\":");
            for (unsigned i = 0; i < rounds; i++)
                bytes_text(&text, open[form]);
            bytes_text(&text, "1");
            for (unsigned i = 0; i < rounds; i++)
                bytes_text(&text, close[form]);
            bytes_text(&text, "}");
            rc = document_in(bytes_view(&text), &why);
            if (rc != (1 + rounds * each[form] <= LIMIT_DOCUMENT_DEPTH ? SH_OK : SH_ELIMIT))
                fail_msg("depth %u: %d %s", 1 + rounds * each[form], rc, why.text);
            if (rc)
                assert_non_null(strstr(why.text, "nested deeper than 6"));
            bytes_release(&text);
        }
}

/* Is it a document?  Then, where it is wholly known, it is written again as it stands. */
static bool is_written_again(struct slice text)
{
    struct document doc;
    struct arena arena;
    struct bytes again;
    struct why why = {0};
    bool good, known;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&again, LIMIT_DOCUMENT_BYTES);
    good = document_parse(text, &arena, &doc, NULL) == SH_OK;
    known = good && doc.kind != DOC_UNKNOWN && !doc.unknown_count;
    for (size_t i = 0; known && i < doc.blob_count; i++)
        known = tree_extension(doc.blobs[i].mime) != NULL;
    if (known && (document_build(&doc, &again, &why) || !slice_equal(bytes_view(&again), text)))
        fail_msg("written otherwise (%s): %.*s", why.text, (int)text.len,
                 (const char *)text.ptr);
    bytes_release(&again);
    arena_release(&arena);
    return good;
}

/*
 * Every beginning of each good document is refused.  Every change of one bit is refused or
 * gives another document: where it is wholly known it is written again as it was changed.
 */
static void document_one_byte_changes(void **state)
{
    size_t other = 0;

    (void)state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct bytes *text = &golden[i];

        for (size_t at = 0; at < text->len; at++) {
            uint8_t kept = text->ptr[at];

            assert_int_equal(document_in(slice_of(text->ptr, at), NULL), SH_EFORMAT);
            for (unsigned bit = 0; bit < 8; bit++) {
                text->ptr[at] = (uint8_t)(kept ^ 1u << bit);
                other += is_written_again(bytes_view(text));
            }
            text->ptr[at] = kept;
        }
    }
    assert_true(other > 3000); /* letters of words, digits of hashes and times */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_rules),          cmocka_unit_test(document_text_limits),
        cmocka_unit_test(document_words_together), cmocka_unit_test(document_sizes),
        cmocka_unit_test(document_depths),         cmocka_unit_test(document_one_byte_changes),
    };

    return cmocka_run_group_tests(tests, read_all, release_all);
}
