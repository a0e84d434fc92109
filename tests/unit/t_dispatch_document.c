/* dispatch: the document; a refusing test for each rule. */
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
#include "tlog/tlog.h"

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CHANNEL "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"

static void assert_text(const struct bytes *bytes, const char *text)
{
    assert_int_equal(bytes_check(bytes, NULL), SH_OK);
    if (bytes->len != strlen(text) || memcmp(bytes->ptr, text, bytes->len) != 0)
        fail_msg("got \"%.*s\" for \"%s\"", (int)bytes->len, (const char *)bytes->ptr, text);
}

/* ---- document ---- */

static int parse_document(struct slice raw, struct why *why)
{
    struct document doc;
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(raw, &arena, &doc, why);
    arena_release(&arena);
    return rc;
}

#define SALT "\"salt\":\"" H64 "\""
#define HEAD "\"channel\":\"" CHANNEL "\","
#define SAYS HEAD "\"dispatch\":\"" H64 "\",\"kind\":\"dispatch\","
/* A dispatch with more keys before "published" and after "salt". */
#define DISPATCH(before, after)                                                                \
    "{" before SAYS "\"published\":1700000000," SALT ",\"status\":\"well\",\"v\":1" after "}"

#define NOTE "x\\n\\n\xe2\x80\x94 a AAAAAAAA\\n"
static const char FULL[] =
    "{\"blobs\":[{\"bytes\":1234567,\"duration_ms\":21987,\"height\":1920,\"mime\":\"video/"
    "mp4\","
    "\"role\":\"video\",\"sha256\":\"" H64 "\",\"width\":1080},{\"bytes\":9,\"mime\":"
    "\"image/jpeg\",\"role\":\"poster\",\"sha256\":\"" H64 "\"}]," HEAD
    "\"claimed\":{\"source\":\"file\",\"time\":1699999000,\"zone\":\"Europe/Kyiv\"},"
    "\"dispatch\":\"" H64 "\",\"kind\":\"dispatch\",\"next_due\":1700086400,\"of\":0,"
    "\"orig\":\"" H64 "\",\"place\":{\"code\":\"698740\",\"level\":\"city\",\"names\":{"
    "\"en\":\"Odesa\",\"ru\":\"\xd0\x9e\xd0\xb4\xd0\xb5\xd1\x81\xd1\x81\xd0\xb0\","
    "\"uk\":\"\xd0\x9e\xd0\xb4\xd0\xb5\xd1\x81\xd0\xb0\",\"zh-Hans\":"
    "\"\xe6\x95\x96\xe5\xbe\xb7\xe8\x90\xa8\"}},\"published\":1700000000,"
    "\"removed\":[\"dates\",\"names\"]," SALT ",\"seen\":[\"" NOTE "\"],"
    "\"status\":{\"lang\":\"zh\",\"text\":\"\xe5\xbe\x88\xe5\xa5\xbd\"},\"v\":1,"
    "\"words\":[{\"lang\":\"en\",\"text\":\"Back from shopping.\\nThere was \\\"bread\\\" "
    "\\\\o/\"}]}";

/* What is read can be written again, and gives the same bytes. */
static void check_round(const char *text, enum doc_kind kind)
{
    struct document doc;
    struct arena arena;
    struct bytes out;
    struct why why = {0};

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, LIMIT_DOCUMENT_BYTES);
    if (document_parse(slice_text(text), &arena, &doc, &why) != SH_OK)
        fail_msg("%s: %s", why.text, text);
    assert_int_equal(doc.kind, kind);
    if (document_build(&doc, &out, &why) != SH_OK)
        fail_msg("%s: %s", why.text, text);
    assert_text(&out, text);
    bytes_release(&out);
    arena_release(&arena);
}

static void documents_there_and_back(void **state)
{
    static const struct {
        const char *text;
        enum doc_kind kind;
        const char *golden;
    } good[] = {
        {DISPATCH("", ""), DOC_DISPATCH, "document-checkin.json"},
        {FULL, DOC_DISPATCH, "document-dispatch.json"},
        {"{" SAYS SALT ",\"status\":\"hurt\",\"v\":1}", DOC_DISPATCH, NULL}, /* was sealed */
        {"{" HEAD
         "\"kind\":\"withdraw\",\"level\":\"hide\",\"published\":5,\"reason\":\"faces\"," SALT
         ",\"v\":1}",
         DOC_WITHDRAW, "document-withdraw.json"},
        {"{" HEAD "\"kind\":\"withdraw\",\"level\":\"purge\",\"order\":\"" NOTE
         "\",\"published\":5," SALT ",\"v\":1}",
         DOC_WITHDRAW, "document-purge.json"},
        {"{\"because\":[{\"lang\":\"en\",\"text\":\"travel\"}]," HEAD "\"kind\":\"promise\","
         "\"published\":5,\"rule\":{\"every_s\":86400}," SALT ",\"v\":1}",
         DOC_PROMISE, "document-promise.json"},
        {"{" HEAD "\"kind\":\"promise\",\"published\":5,\"rule\":{\"silent_until\":9}," SALT
         ",\"v\":1}",
         DOC_PROMISE, NULL},
        {"{" HEAD "\"kind\":\"promise\",\"published\":5,\"rule\":{\"until\":9}," SALT
         ",\"v\":1}",
         DOC_PROMISE, NULL},
        {"{" HEAD "\"kind\":\"open\",\"published\":5," SALT ",\"v\":1}", DOC_OPEN,
         "document-open.json"},
        {"{" HEAD "\"dispatch\":\"" H64 "\",\"kind\":\"correct\",\"published\":5," SALT
         ",\"status\":\"moving\",\"v\":1}",
         DOC_CORRECT, "document-correct.json"},
        {"{" SAYS
         "\"place\":{\"level\":\"typed\",\"names\":{\"und\":\"here\"}},\"published\":5," SALT
         ",\"status\":\"well\",\"v\":1}",
         DOC_DISPATCH, NULL}};
    struct bytes golden;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        check_round(good[i].text, good[i].kind);
        if (!good[i].golden)
            continue;
        read_golden(good[i].golden, &golden);
        assert_text(&golden, good[i].text);
        bytes_release(&golden);
    }
}

static void document_fields(void **state)
{
    struct document doc;
    struct arena arena;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    assert_int_equal(document_parse(slice_text(FULL), &arena, &doc, NULL), SH_OK);
    assert_int_equal(doc.published, 1700000000);
    assert_true(slice_equal(doc.channel, slice_text(CHANNEL)));
    assert_int_equal(doc.salt[31], 0x1f);
    assert_int_equal(doc.blob_count, 2);
    assert_int_equal(doc.blobs[0].width, 1080);
    assert_int_equal(doc.blobs[0].duration_ms, 21987);
    assert_int_equal(doc.blobs[1].width, 0);
    assert_int_equal(doc.place.name_count, 4);
    assert_int_equal(doc.of, 0);
    assert_int_equal(doc.status.len, 0);
    assert_true(slice_equal(doc.status_text.lang, slice_text("zh")));
    assert_int_equal(doc.seen_count, 1);
    assert_true(slice_equal(doc.words[0].text,
                            slice_text("Back from shopping.\nThere was \"bread\" \\o/")));
    assert_int_equal(doc.unknown_count, 0);
    arena_release(&arena);
}

static void documents_unknown(void **state)
{
    struct document doc;
    struct arena arena;

    (void)state;
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    assert_int_equal(
        document_parse(slice_text("{" SAYS "\"place\":{\"level\":\"typed\",\"names\":{\"en\":"
                                  "\"x\"},\"why\":\"y\"},\"published\":5," SALT
                                  ",\"status\":\"well\",\"v\":1,\"zz\":{\"a\":[1,true]}}"),
                       &arena, &doc, NULL),
        SH_OK);
    assert_int_equal(doc.unknown_count, 2);
    assert_true(slice_equal(doc.unknown[0], slice_text("zz")));
    assert_true(slice_equal(doc.unknown[1], slice_text("place.why")));
    assert_int_equal(
        document_parse(slice_text("{" HEAD
                                  "\"kind\":\"mirrors\",\"list\":[1],\"published\":5," SALT
                                  ",\"v\":1}"),
                       &arena, &doc, NULL),
        SH_OK);
    assert_int_equal(doc.kind, DOC_UNKNOWN);
    assert_true(slice_equal(doc.kind_text, slice_text("mirrors")));
    arena_release(&arena);
    assert_int_equal(
        parse_document(slice_text("{" SAYS SALT ",\"status\":\"well\",\"v\":2}"), NULL),
        SH_EUNSUPPORTED);
}

#define BLOB(what) DISPATCH("\"blobs\":[{" what "}],", "")
#define PLACE(what)                                                                            \
    "{" SAYS "\"place\":{" what "},\"published\":5," SALT ",\"status\":\"well\",\"v\":1}"
#define CLAIMED(what)                                                                          \
    "{" HEAD "\"claimed\":{" what "},\"dispatch\":\"" H64                                      \
    "\",\"kind\":\"dispatch\",\"published\":5," SALT ",\"status\":\"well\",\"v\":1}"
#define STATUS(what) "{" SAYS "\"published\":5," SALT ",\"status\":" what ",\"v\":1}"
#define WORDS(what) DISPATCH("", ",\"words\":" what)
#define REMOVED(what)                                                                          \
    "{" SAYS "\"published\":5,\"removed\":" what "," SALT ",\"status\":\"well\",\"v\":1}"
#define SEEN(what)                                                                             \
    "{" SAYS "\"published\":5," SALT ",\"seen\":" what ",\"status\":\"well\",\"v\":1}"
#define RULE(what)                                                                             \
    "{" HEAD "\"kind\":\"promise\",\"published\":5,\"rule\":" what "," SALT ",\"v\":1}"

/* LONG: a flat table. */
static void documents_refused(void **state)
{
    static const char *const bad[] = {
        "", "{}", "[]", "1", "\"x\"",
        /* not the one canonical form */
        DISPATCH("", "") "\n", " " DISPATCH("", ""),
        "{\"v\":1," SAYS "\"published\":5," SALT ",\"status\":\"well\"}",
        DISPATCH("", ",\"words\": [{\"lang\":\"en\",\"text\":\"x\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\\u0078\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\\/\"}]"),
        WORDS("[{\"text\":\"x\",\"lang\":\"en\"}]"),
        "{" SAYS "\"published\":5.0," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":5e0," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":-5," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":9007199254740992," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":0," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":\"5\"," SALT ",\"status\":\"well\",\"v\":1}",
        /* what is not there is left out */
        DISPATCH("", ",\"words\":[]"), DISPATCH("", ",\"words\":null"),
        DISPATCH("", ",\"z\":null"), DISPATCH("", ",\"z\":\"\""), DISPATCH("", ",\"z\":{}"),
        DISPATCH("", ",\"z\":[]"), DISPATCH("", ",\"z\":1.5"), DISPATCH("", ",\"\":1"),
        DISPATCH("", ",\"z\":\"\\u0007\""), DISPATCH("", ",\"z\":\"\xe2\x80\xae\""),
        DISPATCH("", ",\"z\":\"\xef\xbf\xbf\""),
        DISPATCH("", ",\"z\":[[[[[[1]]]]]]"), /* the limit is depth, below */
        /* required keys */
        "{" HEAD "\"dispatch\":\"" H64 "\",\"published\":5," SALT
        ",\"status\":\"well\",\"v\":1}",
        "{\"dispatch\":\"" H64 "\",\"kind\":\"dispatch\"," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":5,\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"published\":5," SALT ",\"status\":\"well\"}",
        "{" SAYS "\"published\":5," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"dispatch\",\"published\":5," SALT ",\"status\":\"well\",\"v\":1}",
        "{" HEAD "\"kind\":\"withdraw\",\"level\":\"hide\"," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"withdraw\",\"published\":5," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"mirrors\"," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"Dispatch\",\"published\":5," SALT ",\"v\":1}",
        "{\"channel\":\"short\",\"dispatch\":\"" H64 "\",\"kind\":\"dispatch\"," SALT
        ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"salt\":\"00\",\"status\":\"well\",\"v\":1}",
        /* status */
        STATUS("\"fine\""), STATUS("{\"lang\":\"en\"}"), STATUS("{\"text\":\"x\"}"),
        STATUS("1"), STATUS("[\"well\"]"), STATUS("{\"lang\":\"e\",\"text\":\"x\"}"),
        STATUS("{\"lang\":\"en-\",\"text\":\"x\"}"),
        STATUS("{\"lang\":\"en_US\",\"text\":\"x\"}"),
        STATUS("{\"lang\":\"en\",\"text\":\"two\\nlines\"}"),
        /* words */
        WORDS("\"x\""), WORDS("[\"x\"]"), WORDS("[{\"lang\":\"en\",\"text\":\"a\\tb\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"a\\rb\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\xe2\x81\xa6\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\xc2\x85\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\xef\xb7\x90\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\\ud800\"}]"),
        WORDS("[{\"lang\":\"en\",\"text\":\"\xff\"}]"),
        /* place */
        PLACE("\"level\":\"city\",\"names\":{\"en\":\"x\"}"),
        PLACE("\"code\":\"1\",\"level\":\"typed\",\"names\":{\"en\":\"x\"}"),
        PLACE("\"code\":\"01\",\"level\":\"city\",\"names\":{\"en\":\"x\"}"),
        PLACE("\"code\":1,\"level\":\"city\",\"names\":{\"en\":\"x\"}"),
        PLACE("\"level\":\"street\",\"names\":{\"en\":\"x\"}"), PLACE("\"level\":\"typed\""),
        PLACE("\"level\":\"typed\",\"names\":{\"en\":1}"),
        PLACE("\"level\":\"typed\",\"names\":{\"e\":\"x\"}"),
        PLACE("\"level\":\"typed\",\"names\":{\"en\":\"a\\nb\"}"),
        PLACE("\"names\":{\"en\":\"x\"}"),
        /* claimed */
        CLAIMED("\"source\":\"guess\",\"time\":1,\"zone\":\"UTC\""),
        CLAIMED("\"source\":\"file\",\"time\":1"),
        CLAIMED("\"source\":\"file\",\"zone\":\"UTC\""), CLAIMED("\"time\":1,\"zone\":\"UTC\""),
        CLAIMED("\"source\":\"file\",\"time\":1,\"zone\":\"a b\""),
        /* files */
        BLOB("\"bytes\":1,\"mime\":\"video/mp4\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":1,\"role\":\"video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":1,\"mime\":\"video/mp4\",\"role\":\"video\""),
        BLOB("\"mime\":\"video/mp4\",\"role\":\"video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":0,\"mime\":\"video/mp4\",\"role\":\"video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":4294967297,\"mime\":\"video/mp4\",\"role\":\"video\",\"sha256\":\"" H64
             "\""),
        BLOB("\"bytes\":1,\"height\":5,\"mime\":\"video/"
             "mp4\",\"role\":\"video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":1,\"mime\":\"video\",\"role\":\"video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":1,\"mime\":\"video/mp4\",\"role\":\"Video\",\"sha256\":\"" H64 "\""),
        BLOB("\"bytes\":1,\"mime\":\"../x/y\",\"role\":\"video\",\"sha256\":\"" H64 "\""),
        DISPATCH("\"blobs\":[1],", ""),
        /* lists and references */
        REMOVED("[\"names\",\"dates\"]"), REMOVED("[\"dates\",\"dates\"]"),
        REMOVED("[\"Dates\"]"), REMOVED("[1]"), REMOVED("\"dates\""), SEEN("[\"x\"]"),
        SEEN("[1]"), DISPATCH("", ",\"words\":1"),
        "{" SAYS "\"of\":\"1\",\"published\":5," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"orig\":\"00\",\"published\":5," SALT ",\"status\":\"well\",\"v\":1}",
        "{" SAYS "\"next_due\":0,\"published\":5," SALT ",\"status\":\"well\",\"v\":1}",
        /* promise, withdrawal */
        RULE("{\"every_s\":1,\"until\":2}"), RULE("{\"foo\":1}"), RULE("1"),
        RULE("{\"every_s\":0}"), RULE("{\"every_s\":\"1\"}"),
        "{" HEAD "\"kind\":\"promise\",\"published\":5," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"withdraw\",\"level\":\"erase\",\"published\":5," SALT ",\"v\":1}",
        "{" HEAD "\"kind\":\"withdraw\",\"level\":\"hide\",\"order\":\"" NOTE
        "\",\"published\":5," SALT ",\"v\":1}",
        "{" HEAD
        "\"kind\":\"withdraw\",\"level\":\"purge\",\"order\":\"x\",\"published\":5," SALT
        ",\"v\":1}",
        "{" HEAD
        "\"kind\":\"withdraw\",\"level\":\"hide\",\"published\":5,\"reason\":\"a\\nb\"," SALT
        ",\"v\":1}"};
    struct why why;
    int rc;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        why = (struct why){0};
        rc = parse_document(slice_text(bad[i]), &why);
        if (rc != SH_EFORMAT && !(rc == SH_ELIMIT && strstr(bad[i], "[[[[[[")))
            fail_msg("not refused (%d %s): %s", rc, why.text, bad[i]);
        assert_true(why.text[0] != '\0');
    }
}

static void document_limits(void **state)
{
    struct bytes text;
    struct why why = {0};

    (void)state;
    assert_int_equal(parse_document(slice_text(DISPATCH("", ",\"z\":[[[[[1]]]]]")), NULL),
                     SH_OK);
    for (size_t size = LIMIT_WORDS_BYTES; size <= LIMIT_WORDS_BYTES + 1; size++) {
        bytes_init(&text, 1u << 20);
        bytes_text(&text, "{" SAYS "\"published\":5," SALT ",\"status\":\"well\",\"v\":1,"
                          "\"words\":[{\"lang\":\"en\",\"text\":\"y\"},{\"lang\":\"en\","
                          "\"text\":\"");
        for (size_t i = 1; i < size; i++)
            bytes_u8(&text, 'x');
        bytes_text(&text, "\"}]}");
        assert_int_equal(parse_document(bytes_view(&text), NULL),
                         size == LIMIT_WORDS_BYTES ? SH_OK : SH_ELIMIT);
        bytes_release(&text);
    }
    bytes_init(&text, 1u << 20);
    for (size_t i = 0; i <= LIMIT_DOCUMENT_BYTES; i++)
        bytes_u8(&text, ' ');
    assert_int_equal(parse_document(bytes_view(&text), &why), SH_ELIMIT);
    bytes_clear(&text);
    bytes_text(&text, "{" SAYS "\"published\":5,\"removed\":[");
    for (unsigned i = 0; i <= LIMIT_REMOVED; i++)
        bytes_printf(&text, "%s\"r%02u\"", i ? "," : "", i);
    bytes_text(&text, "]," SALT ",\"status\":\"well\",\"v\":1}");
    assert_int_equal(parse_document(bytes_view(&text), NULL), SH_ELIMIT);
    bytes_clear(&text);
    bytes_text(&text, "{\"blobs\":[");
    for (unsigned i = 0; i <= LIMIT_BLOBS; i++)
        bytes_printf(
            &text,
            "%s{\"bytes\":1,\"mime\":\"video/mp4\",\"role\":\"video\",\"sha256\":\"" H64 "\"}",
            i ? "," : "");
    bytes_text(&text, "]," SAYS "\"published\":5," SALT ",\"status\":\"well\",\"v\":1}");
    assert_int_equal(parse_document(bytes_view(&text), NULL), SH_ELIMIT);
    bytes_release(&text);
}

static void document_prefixes(void **state)
{
    uint8_t *copy;

    (void)state;
    for (size_t len = 0; len < sizeof(FULL) - 1; len++) {
        copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, FULL, len);
        assert_int_equal(parse_document(slice_of(copy, len), NULL), SH_EFORMAT);
        free(copy);
    }
}

static void build_refuses(void **state)
{
    struct doc_text two[] = {{slice_text("uk"), slice_text("b")},
                             {slice_text("en"), slice_text("a")}};
    struct doc_blob blob = {
        .role = slice_text("video"), .bytes = 1, .mime = slice_text("video/x")};
    struct document doc = {.kind = DOC_DISPATCH,
                           .channel = slice_text(CHANNEL),
                           .published = 5,
                           .status = slice_text("well"),
                           .of = ENTRY_NO_REF};
    struct why why = {0};
    struct bytes out;

    (void)state;
    bytes_init(&out, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(document_build(&doc, &out, NULL), SH_OK);
    bytes_clear(&out);
    doc.status = slice_text("w\xff");
    assert_int_equal(document_build(&doc, &out, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "status"));
    doc.status = slice_text("well");
    doc.blobs = &blob;
    doc.blob_count = 1;
    assert_int_equal(document_build(&doc, &out, NULL), SH_EFORMAT);
    doc.blob_count = 0;
    doc.place.present = true;
    doc.place.level = slice_text("typed");
    doc.place.names = two;
    doc.place.name_count = 2;
    assert_int_equal(document_build(&doc, &out, NULL), SH_OK); /* sorts */
    bytes_clear(&out);
    two[1].lang = slice_text("uk");
    assert_int_equal(document_build(&doc, &out, NULL), SH_EFORMAT);
    assert_int_equal(out.len, 0);
    bytes_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(documents_there_and_back),
                                       cmocka_unit_test(document_fields),
                                       cmocka_unit_test(documents_unknown),
                                       cmocka_unit_test(documents_refused),
                                       cmocka_unit_test(document_limits),
                                       cmocka_unit_test(document_prefixes),
                                       cmocka_unit_test(build_refuses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
