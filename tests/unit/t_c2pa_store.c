/* c2pa/store: what stores say, right and wrong; references and their hashes; the dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/c2pa.h"
#include "c2pa/store.h"
#include "json/json.h"
#include "role/role_int.h"

#include "shows.h"
#include "store_build.h"
#include "store_scene.h"

struct scene {
    struct bytes raw;
    struct arena arena;
    struct c2pa_store *store;
    struct why why;
    int rc;
};

static void scene_parse(struct scene *scene, c2pa_inflate *inflate)
{
    struct slice part = bytes_view(&scene->raw);
    const struct c2pa_store_options options = {
        .parts = &part, .part_count = 1, .inflate = inflate};

    arena_init(&scene->arena, LIMIT_C2PA_ARENA);
    scene->store = NULL;
    scene->why = (struct why){0};
    scene->rc = c2pa_store_parse(&options, &scene->arena, &scene->store, &scene->why);
    assert_true((scene->rc == SH_OK) == (scene->store != NULL));
    assert_true(scene->rc == SH_OK || scene->why.text[0]);
}

static void scene_end(struct scene *scene)
{
    arena_release(&scene->arena);
    bytes_release(&scene->raw);
}

static void build_store(struct scene *scene, const struct build *builds, size_t count)
{
    size_t at;

    bytes_init(&scene->raw, 8u << 20);
    at = letters_open(&scene->raw, "c2pa", "c2pa");
    for (size_t i = 0; i < count; i++)
        put_manifest(&scene->raw, &builds[i]);
    box_close(&scene->raw, at);
}

static void build_one(struct scene *scene, const struct build *build)
{
    build_store(scene, build, 1);
    scene_parse(scene, NULL);
    assert_int_equal(scene->rc, SH_OK);
}

static bool is_text(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_text(text));
}

static enum c2pa_check check_of(struct scene *scene, const struct c2pa_manifest *manifest,
                                size_t at)
{
    struct c2pa_target target;

    assert_int_equal(c2pa_uri_check(scene->store, manifest, &manifest->claim.created[at],
                                    &target, &scene->why),
                     SH_OK);
    return target.check;
}

/* Does the verdict about the whole store have this code? */
static bool says(struct scene *scene, c2pa_inflate *inflate, enum c2pa_code code)
{
    const struct c2pa_options options = {.now = 1800000000, .inflate = inflate};
    struct c2pa_report report;
    struct arena arena;
    bool has;

    arena_init(&arena, LIMIT_C2PA_ARENA);
    assert_int_equal(
        c2pa_verify_store(bytes_view(&scene->raw), &options, &arena, &report, NULL), SH_OK);
    has = c2pa_report_has(&report, code);
    assert_true(!has || report.state == C2PA_INVALID || report.state == C2PA_MALFORMED);
    arena_release(&arena);
    return has;
}

/* ---- a good one ---- */

static void good(void **state)
{
    const struct build build = {.label = "urn:c2pa:1", .type = "c2ma"};
    struct c2pa_manifest *m;
    struct scene scene;

    (void)state;
    build_one(&scene, &build);
    m = scene.store->active;
    assert_int_equal(scene.store->manifest_count, 1);
    assert_true(is_text(m->label, "urn:c2pa:1"));
    assert_int_equal(m->kind, C2PA_STANDARD);
    assert_int_equal(m->fault.kind, C2PA_SOUND);
    assert_int_equal(m->claim.fault.kind, C2PA_SOUND);
    assert_int_equal(m->claim.version, 2);
    assert_false(m->claim.deterministic); /* its names are not in order */
    assert_true(is_text(m->claim.instance_id, "xmp:iid:1"));
    assert_true(is_text(m->claim.generator_name, "maker <b>\xe2\x80\xae"));
    assert_int_equal(m->claim.created_count, 2);
    assert_int_equal(m->cose.fault.kind, C2PA_SOUND);
    assert_true(m->cose.has_alg);
    assert_int_equal(m->cose.alg, -7);
    assert_int_equal(m->cose.chain_count, 1);
    assert_true(is_text(m->cose.chain[0], "c"));
    assert_int_equal(m->cose.signature.len, 64);
    assert_int_equal(m->cose.signature_raw.len, 66);
    assert_int_equal(m->assertion_count, 2);
    assert_int_equal(m->assertions[0].content, C2PA_CONTENT_CBOR);
    assert_non_null(m->assertions[0].cbor);
    assert_int_equal(m->assertions[1].content, C2PA_CONTENT_JSON);
    assert_true(is_text(m->assertions[1].name, "org.b"));
    assert_int_equal(m->assertions[1].instance, 2);
    assert_true(m->assertions[0].listed && m->assertions[1].listed);
    assert_int_equal(check_of(&scene, m, 0), C2PA_CHECK_MATCH);
    assert_int_equal(check_of(&scene, m, 1), C2PA_CHECK_MATCH);
    scene.store->hashed = LIMIT_C2PA_HASHED - 3;
    assert_int_equal(
        c2pa_uri_check(scene.store, m, &m->claim.created[0], &(struct c2pa_target){0}, NULL),
        SH_ELIMIT);
    scene_end(&scene);
}

/* ---- wrong in one place ---- */

/* Parts that a manifest has once, under whatever label; boxes that are none of its parts. */
static void parts(void **state)
{
    static const struct {
        const char *part;
        enum c2pa_fault_kind fault;
        bool foreign;
        const char *stray;
    } cases[] = {{NULL, C2PA_BAD_SHAPE, false, "abcd"}, {NULL, C2PA_BAD_SHAPE, false, "free"},
                 {NULL, C2PA_SOUND, false, NULL},       {"c2as", C2PA_BAD_SHAPE, false, NULL},
                 {"c2cs", C2PA_BAD_SHAPE, false, NULL}, {"c2db", C2PA_SOUND, false, NULL},
                 {"json", C2PA_SOUND, true, NULL},      {"abcd", C2PA_SOUND, true, NULL}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct build build = {.label = "urn:c2pa:1",
                              .type = "c2ma",
                              .part = cases[i].part,
                              .stray = cases[i].stray};
        struct scene scene;

        build_one(&scene, &build);
        assert_int_equal(scene.store->active->fault.kind, cases[i].fault);
        assert_int_equal(scene.store->active->foreign, cases[i].foreign);
        assert_int_equal(says(&scene, NULL, C2PA_GENERAL), cases[i].fault != C2PA_SOUND);
        assert_int_equal(says(&scene, NULL, C2PA_BOX_ODD), cases[i].foreign);
        scene_end(&scene);
    }
}

static void claims(void **state)
{
#define RAW(text)                                                                              \
    {                                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                                              \
    }
    static const struct {
        struct build build;
        enum c2pa_fault_kind claim, cose;
    } cases[] = {
        {{.claims = 9}, C2PA_ABSENT, C2PA_ABSENT},
        {{.claims = 2}, C2PA_SEVERAL, C2PA_ABSENT},
        {{.claim = "c2pa.claim.v3"}, C2PA_ABSENT, C2PA_ABSENT},
        {{.claim = "c2pa.claim"}, C2PA_BAD_SHAPE, C2PA_SOUND}, /* v2 under the old name */
        {{.claim_raw = RAW("\xa1")}, C2PA_BAD_CBOR, C2PA_ABSENT},
        {{.claim_raw = RAW("\xa0\xa0")}, C2PA_BAD_CBOR, C2PA_ABSENT},
        {{.claim_raw = RAW("\xa2\x61"
                           "a\1\x61"
                           "a\2")},
         C2PA_BAD_CBOR,
         C2PA_ABSENT},
        {{.claim_raw = RAW("\x80")}, C2PA_BAD_SHAPE, C2PA_ABSENT},
        {{.claim_raw = RAW("\xa0")}, C2PA_BAD_SHAPE, C2PA_ABSENT},
        {{.extra_key = "x"}, C2PA_SOUND, C2PA_SOUND},
        {{.extra_key = "dc:format"}, C2PA_SOUND, C2PA_SOUND},
        {{.extra_key = "assertions"}, C2PA_BAD_SHAPE, C2PA_SOUND},
        {{.part = "c2cl"}, C2PA_SEVERAL, C2PA_ABSENT},
        {{.extra_key = "dc:title"}, C2PA_SOUND, C2PA_SOUND},
        {{.no_name = true}, C2PA_BAD_SHAPE, C2PA_SOUND},
        {{.cose_raw = RAW("\xa1")}, C2PA_SOUND, C2PA_BAD_CBOR},
        {{.cose_raw = RAW("\xa0")}, C2PA_SOUND, C2PA_BAD_SHAPE},
    };
    static const enum c2pa_code codes[] = {[C2PA_ABSENT] = C2PA_CLAIM_MISSING,
                                           [C2PA_SEVERAL] = C2PA_CLAIM_MULTIPLE,
                                           [C2PA_BAD_CBOR] = C2PA_CLAIM_CBOR,
                                           [C2PA_BAD_SHAPE] = C2PA_CLAIM_MALFORMED};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct build build = cases[i].build;
        struct scene scene;

        build.label = "urn:c2pa:1";
        build.type = "c2ma";
        build_one(&scene, &build);
        if (scene.store->active->claim.fault.kind != cases[i].claim ||
            scene.store->active->cose.fault.kind != cases[i].cose)
            fail_msg("claim %zu: %d %d", i, scene.store->active->claim.fault.kind,
                     scene.store->active->cose.fault.kind);
        assert_true((cases[i].claim == C2PA_SOUND) == !scene.store->active->claim.fault.text);
        for (size_t k = C2PA_ABSENT; k <= C2PA_BAD_SHAPE; k++)
            if (says(&scene, NULL, codes[k]) != (cases[i].claim == k))
                fail_msg("claim %zu: %s", i, c2pa_code_text(codes[k]));
        scene_end(&scene);
    }
}

static void references(void **state)
{
    static const struct {
        struct build build;
        enum c2pa_check first;
    } cases[] = {
        {{.prefix = "self#jumbf=/c2pa/urn:c2pa:1/"}, C2PA_CHECK_MATCH},
        {{.prefix = "self#jumbf=c2pa/urn:c2pa:1/"}, C2PA_CHECK_MATCH},
        {{.prefix = "self#jumbf=/c2pa/urn:c2pa:2/"}, C2PA_CHECK_MISSING},
        {{.prefix = "self#jumbf=/urn:c2pa:1/"}, C2PA_CHECK_MISSING},
        {{.prefix = "self#jumbf=/c2pa//"}, C2PA_CHECK_MISSING},
        {{.prefix = "self#jumbf=//"}, C2PA_CHECK_MISSING},
        {{.prefix = "https://example.org/"}, C2PA_CHECK_MISSING},
        {{.prefix = ""}, C2PA_CHECK_MISSING},
        {{.prefix = "self#jumbf=../"}, C2PA_CHECK_MISSING},
        {{.no_alg = true}, C2PA_CHECK_ALGORITHM},
        {{.no_alg = true, .hash_alg = "sha384"}, C2PA_CHECK_MATCH},
        {{.hash_alg = "sha512"}, C2PA_CHECK_MATCH},
        {{.hash_alg = "sha256"}, C2PA_CHECK_MATCH},
        {{.hash_alg = "sha1"}, C2PA_CHECK_ALGORITHM},
        {{.hash_alg = "SHA256"}, C2PA_CHECK_ALGORITHM},
        {{.twice = true}, C2PA_CHECK_MISSING},
        {{.no_store = true}, C2PA_CHECK_MISSING},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct build build = cases[i].build;
        enum c2pa_check check;
        struct scene scene;

        build.label = "urn:c2pa:1";
        build.type = "c2ma";
        build_one(&scene, &build);
        check = check_of(&scene, scene.store->active, 0);
        if (check != cases[i].first)
            fail_msg("reference %zu: %d", i, check);
        if (check == C2PA_CHECK_MATCH)
            assert_true(scene.store->active->assertions[0].listed);
        assert_int_equal(scene.store->active->fault.kind,
                         build.no_store ? C2PA_BAD_SHAPE : C2PA_SOUND);
        if (build.twice)
            assert_true(scene.store->active->assertions[1].ambiguous);
        scene_end(&scene);
    }
}

/* Any byte of an assertion changed: its hash says so, or the store is none any more. */
static void changed(void **state)
{
    const struct build build = {.label = "urn:c2pa:1", .type = "c2ma"};
    struct slice box;
    struct scene scene;
    size_t from;

    (void)state;
    build_one(&scene, &build);
    box = scene.store->active->assertions[0].box->raw;
    from = (size_t)(box.ptr - scene.raw.ptr);
    arena_release(&scene.arena);
    for (size_t at = from; at < from + box.len; at++) {
        scene.raw.ptr[at] ^= 1;
        scene_parse(&scene, NULL);
        if (scene.store)
            assert_int_not_equal(check_of(&scene, scene.store->active, 0), C2PA_CHECK_MATCH);
        scene.raw.ptr[at] ^= 1;
        arena_release(&scene.arena);
    }
    scene_parse(&scene, NULL);
    assert_int_equal(check_of(&scene, scene.store->active, 0), C2PA_CHECK_MATCH);
    scene_end(&scene);
}

static void redacted(void **state)
{
#define MARK "\xca\xa9\x8e\xee\x9d\x4d\xf8\x0e\x86\xad\x4d\xff\xca\x26\x39\x73"
    static const struct {
        struct slice content;
        bool redacted, not_zero;
    } cases[] = {
        {RAW(MARK), true, false},
        {RAW(MARK "\0\0\0"), true, false},
        {RAW(MARK "\0\1\0"), false, true},
        {RAW("\0\0\0\0"), true, false},
        {RAW("\xca\xa9\x8e\xee\x9d\x4d\xf8\x0e\x86\xad\x4d\xff\xca\x26\x39\x74"), false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct build build = {
            .label = "urn:c2pa:1", .type = "c2ma", .redact = cases[i].content};
        const struct c2pa_assertion *a;
        struct scene scene;

        build_one(&scene, &build);
        assert_int_equal(scene.store->active->assertion_count, 3);
        a = &scene.store->active->assertions[2];
        assert_true(is_text(a->name, "org.c"));
        assert_int_equal(a->version, 4);
        assert_int_equal(a->content, C2PA_CONTENT_UUID);
        assert_int_equal(a->redacted, cases[i].redacted);
        assert_int_equal(a->not_zero, cases[i].not_zero);
        assert_false(a->listed);
        scene_end(&scene);
    }
}

static void labels(void **state)
{
    static const struct {
        const char *label, *name;
        unsigned version, instance;
    } cases[] = {
        {"c2pa.actions", "c2pa.actions", 1, 0},
        {"c2pa.actions.v2", "c2pa.actions", 2, 0},
        {"c2pa.ingredient.v3__12", "c2pa.ingredient", 3, 12},
        {"c2pa.ingredient__1", "c2pa.ingredient", 1, 1},
        {"a.v0", "a.v0", 1, 0},
        {"a.v02", "a.v02", 1, 0},
        {"a__0", "a__0", 1, 0},
        {"a__01", "a__01", 1, 0},
        {"a__1.v2", "a__1", 2, 0},
        {".v2", ".v2", 1, 0},
        {"__2", "__2", 1, 0},
        {"a.v99999", "a.v99999", 1, 0},
        {"a.v4294967298", "a.v4294967298", 1, 0},
        {"2", "2", 1, 0},
    };
    struct scene scene;
    size_t store;
    size_t at;
    size_t assertions;

    (void)state;
    bytes_init(&scene.raw, 1 << 20);
    store = letters_open(&scene.raw, "c2pa", "c2pa");
    at = letters_open(&scene.raw, "c2ma", "m");
    assertions = letters_open(&scene.raw, "c2as", "c2pa.assertions");
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        simple_put(&scene.raw, "cbor", cases[i].label, slice_text("\xf6"));
    box_close(&scene.raw, assertions);
    box_close(&scene.raw, at);
    box_close(&scene.raw, store);
    scene_parse(&scene, NULL);
    assert_int_equal(scene.store->active->assertion_count, COUNT_OF(cases));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct c2pa_assertion *a = &scene.store->active->assertions[i];

        if (!is_text(a->name, cases[i].name) || a->version != cases[i].version ||
            a->instance != cases[i].instance)
            fail_msg("%s: v%u %u", cases[i].label, a->version, a->instance);
    }
    scene_end(&scene);
}

/* ---- embedded files ---- */

static const uint8_t file_uuid[16] = {0x40, 0xcb, 0x0c, 0x32, 0xbb, 0x8a, 0x48, 0x9d,
                                      0xa7, 0x0b, 0x2a, 0xd6, 0xf4, 0x7f, 0x43, 0x69};

static void files(void **state)
{
    static const struct {
        struct slice about;
        const char *type, *name;
        bool external;
        enum c2pa_fault_kind fault;
    } cases[] = {
        {RAW("\0image/png\0"), "image/png", "", false, C2PA_SOUND},
        {RAW("\0image/png"), "image/png", "", false, C2PA_SOUND},
        {RAW("\1image/png\0a.png\0"), "image/png", "a.png", false, C2PA_SOUND},
        {RAW("\2image/png\0"), "image/png", "", true, C2PA_SOUND},
        {RAW("\0\xff\0"), "\xff", "", false, C2PA_BAD_SHAPE},
        {RAW(""), "", "", false, C2PA_BAD_SHAPE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct c2pa_assertion *a;
        struct scene scene;
        size_t open[4];

        bytes_init(&scene.raw, 1 << 20);
        open[0] = letters_open(&scene.raw, "c2pa", "c2pa");
        open[1] = letters_open(&scene.raw, "c2ma", "m");
        open[2] = letters_open(&scene.raw, "c2as", "c2pa.assertions");
        open[3] = super_open(&scene.raw, slice_of(file_uuid, 16), "c2pa.thumbnail.claim");
        content_put(&scene.raw, "bfdb", cases[i].about);
        content_put(&scene.raw, "bidb", slice_text("PNG"));
        for (size_t j = 4; j-- > 0;)
            box_close(&scene.raw, open[j]);
        scene_parse(&scene, NULL);
        a = &scene.store->active->assertions[0];
        assert_int_equal(a->content, C2PA_CONTENT_FILE);
        assert_int_equal(a->fault.kind, cases[i].fault);
        assert_true(is_text(a->media_type, cases[i].type));
        assert_true(is_text(a->file_name, cases[i].name));
        assert_int_equal(a->external, cases[i].external);
        assert_true(is_text(a->data, "PNG"));
        scene_end(&scene);
    }
}

static struct c2pa_place place_of(const struct c2pa_manifest *from, const char *url)
{
    return (struct c2pa_place){from, slice_text(url)};
}

/* ---- several manifests ---- */

static void several(void **state)
{
    const struct build builds[] = {{.label = "urn:c2pa:1", .type = "c2ma"},
                                   {.label = "urn:c2pa:2", .type = "c2um"},
                                   {.label = "urn:c2pa:1", .type = "c2md"}};
    const struct c2pa_manifest *m;
    struct c2pa_target target;
    struct scene scene;

    (void)state;
    build_store(&scene, builds, 2);
    scene_parse(&scene, NULL);
    m = scene.store->manifests;
    assert_ptr_equal(scene.store->active, m + 1);
    assert_int_equal(m[1].kind, C2PA_UPDATE);
    c2pa_uri_follow(scene.store, m + 1, slice_text("self#jumbf=/c2pa/urn:c2pa:1"), &target);
    assert_int_equal(target.kind, C2PA_URI_OK);
    assert_true(target.outside);
    assert_ptr_equal(target.box, m[0].box);
    c2pa_uri_follow(scene.store, m + 1,
                    slice_text("self#jumbf=/c2pa/urn:c2pa:1/c2pa.assertions/org.a"), &target);
    assert_ptr_equal(target.assertion, &m[0].assertions[0]);
    c2pa_uri_follow(scene.store, m + 1, slice_text("self#jumbf=c2pa.assertions/org.a"),
                    &target);
    assert_ptr_equal(target.assertion, &m[1].assertions[0]);
    assert_false(target.outside);
    assert_true(
        c2pa_uri_same(scene.store, place_of(m, "self#jumbf=c2pa.assertions/org.a"),
                      place_of(m + 1, "self#jumbf=c2pa/urn:c2pa:1/c2pa.assertions/org.a")));
    assert_false(c2pa_uri_same(scene.store, place_of(m, "self#jumbf=c2pa.assertions/org.a"),
                               place_of(m + 1, "self#jumbf=c2pa.assertions/org.a")));
    assert_true(c2pa_uri_same(scene.store, place_of(m, "self#jumbf=c2pa.signature"),
                              place_of(m, "self#jumbf=/c2pa/urn:c2pa:1/c2pa.signature")));
    assert_false(c2pa_uri_same(scene.store, place_of(m, "self#jumbf=a.signature"),
                               place_of(m, "self#jumbf=b.signature")));
    assert_false(c2pa_uri_same(scene.store, place_of(m, "x"), place_of(m, "x")));
    scene_end(&scene);

    build_store(&scene, builds, 3); /* one label twice */
    scene_parse(&scene, NULL);
    m = scene.store->manifests;
    assert_true(m[0].ambiguous && m[2].ambiguous && !m[1].ambiguous);
    assert_null(c2pa_store_manifest(scene.store, slice_text("urn:c2pa:1")));
    c2pa_uri_follow(scene.store, m + 1, slice_text("self#jumbf=/c2pa/urn:c2pa:1"), &target);
    assert_int_equal(target.kind, C2PA_URI_MISSING);
    scene_end(&scene);
}

/* The store in two boxes: the manifests of `update` follow those of `original`. */
static void two_parts(void **state)
{
    const struct build first = {.label = "urn:c2pa:1", .type = "c2ma"};
    const struct build second = {.label = "urn:c2pa:2", .type = "c2um"};
    struct c2pa_store *store = NULL;
    struct c2pa_target target;
    struct slice parts[2];
    struct scene a, b;
    const struct c2pa_store_options options = {.parts = parts, .part_count = 2};

    (void)state;
    build_one(&a, &first);
    build_one(&b, &second);
    parts[0] = bytes_view(&a.raw);
    parts[1] = bytes_view(&b.raw);
    assert_int_equal(c2pa_store_parse(&options, &b.arena, &store, NULL), SH_OK);
    assert_int_equal(store->manifest_count, 2);
    assert_int_equal(store->active->part, 1);
    c2pa_uri_follow(store, store->active, slice_text("self#jumbf=/c2pa/urn:c2pa:1"), &target);
    assert_ptr_equal(target.manifest, store->manifests);
    parts[1].len--;
    assert_int_equal(c2pa_store_parse(&options, &b.arena, &store, NULL), SH_EFORMAT);
    scene_end(&a);
    scene_end(&b);
}

static void roots(void **state)
{
    static const struct {
        const char *type, *label;
        int rc;
    } cases[] = {{"c2px", "c2pa", SH_EFORMAT},
                 {"c2pa", "c2px", SH_EFORMAT},
                 {"c2pa", "c2pa", SH_EFORMAT}}; /* no manifest */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene;
        size_t at;

        bytes_init(&scene.raw, 65536);
        at = letters_open(&scene.raw, cases[i].type, cases[i].label);
        simple_put(&scene.raw, "zzzz", "foreign", slice_text("x"));
        box_close(&scene.raw, at);
        scene_parse(&scene, NULL);
        assert_int_equal(scene.rc, cases[i].rc);
        scene_end(&scene);
    }
}

static int parse_manifests(unsigned count, unsigned assertions)
{
    struct scene scene;
    size_t store;
    int rc;

    bytes_init(&scene.raw, 8u << 20);
    store = letters_open(&scene.raw, "c2pa", "c2pa");
    for (unsigned i = 0; i < count; i++) {
        size_t at = letters_open(&scene.raw, "c2ma", "m");
        size_t list = letters_open(&scene.raw, "c2as", "c2pa.assertions");

        for (unsigned j = 0; j < assertions; j++)
            simple_put(&scene.raw, "cbor", "a", slice_text("\xf6"));
        box_close(&scene.raw, list);
        box_close(&scene.raw, at);
    }
    box_close(&scene.raw, store);
    scene_parse(&scene, NULL);
    rc = scene.rc;
    scene_end(&scene);
    return rc;
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(parse_manifests(LIMIT_C2PA_MANIFESTS, 0), SH_OK);
    assert_int_equal(parse_manifests(LIMIT_C2PA_MANIFESTS + 1, 0), SH_ELIMIT);
    assert_int_equal(parse_manifests(1, LIMIT_C2PA_ASSERTIONS), SH_OK);
    assert_int_equal(parse_manifests(1, LIMIT_C2PA_ASSERTIONS + 1), SH_ELIMIT);
}

/* Values upon values, each assertion within the limits: too much in all, and that is said. */
static void too_much(void **state)
{
    struct scene scene;
    struct bytes cbor;
    size_t open[3];

    (void)state;
    bytes_init(&cbor, 1 << 20);
    bytes_init(&scene.raw, 8u << 20);
    cbor_put_array(&cbor, LIMIT_CBOR_VALUES - 1);
    for (unsigned i = 1; i < LIMIT_CBOR_VALUES; i++)
        bytes_u8(&cbor, 0);
    open[0] = letters_open(&scene.raw, "c2pa", "c2pa");
    open[1] = letters_open(&scene.raw, "c2ma", "m");
    open[2] = letters_open(&scene.raw, "c2as", "c2pa.assertions");
    for (unsigned i = 0; i < 6; i++)
        simple_put(&scene.raw, "cbor", "a", bytes_view(&cbor));
    for (size_t i = 3; i-- > 0;)
        box_close(&scene.raw, open[i]);
    scene_parse(&scene, NULL);
    assert_int_equal(scene.rc, SH_ELIMIT);
    scene_end(&scene);
    bytes_release(&cbor);
}

/* ---- compressed manifests ---- */

/* One block of RFC 7932 9.2 that is not compressed, and the last, empty one. */
static void put_brotli(struct bytes *out, struct slice data)
{
    uint32_t head = (uint32_t)(data.len - 1) << 4 | 1u << 20;

    for (unsigned i = 0; i < 3; i++)
        bytes_u8(out, (uint8_t)(head >> (8 * i)));
    bytes_slice(out, data);
    bytes_u8(out, 3);
}

static void build_compressed(struct scene *scene, const char *label, struct slice packed,
                             unsigned count)
{
    size_t at;

    bytes_init(&scene->raw, 1 << 20);
    at = letters_open(&scene->raw, "c2pa", "c2pa");
    for (unsigned i = 0; i < count; i++) {
        size_t box = letters_open(&scene->raw, "c2cm", label);

        content_put(&scene->raw, "brob", packed);
        box_close(&scene->raw, box);
    }
    box_close(&scene->raw, at);
}

static void compressed(void **state)
{
    const struct build build = {.label = "urn:c2pa:1", .type = "c2um"};
    const struct c2pa_manifest *m;
    struct c2pa_target target;
    struct bytes plain, packed;
    struct scene scene;
    size_t whole;

    (void)state;
    bytes_init(&plain, 65536);
    bytes_init(&packed, 65536);
    put_manifest(&plain, &build);
    put_brotli(&packed, bytes_view(&plain));
    build_compressed(&scene, "urn:c2pa:1", bytes_view(&packed), 1);
    scene_parse(&scene, role_inflate);
    m = scene.store->active;
    assert_true(m->compressed);
    assert_int_equal(m->fault.kind, C2PA_SOUND);
    assert_int_equal(m->kind, C2PA_UPDATE);
    assert_int_equal(m->cose.fault.kind, C2PA_SOUND);
    assert_int_equal(check_of(&scene, m, 0), C2PA_CHECK_MATCH);
    c2pa_uri_follow(scene.store, m, slice_text("self#jumbf=/c2pa/urn:c2pa:1"), &target);
    assert_ptr_equal(target.box, m->box); /* its hash is over what stands in the store */
    assert_ptr_not_equal(m->box, m->inner);
    arena_release(&scene.arena);
    scene_parse(&scene, NULL);
    assert_int_equal(scene.store->active->fault.kind, C2PA_CANNOT_READ);
    assert_int_equal(scene.store->active->claim.fault.kind, C2PA_ABSENT);
    scene_end(&scene);

    build_compressed(&scene, "urn:c2pa:2", bytes_view(&packed), 1); /* another label */
    scene_parse(&scene, role_inflate);
    assert_int_equal(scene.store->active->fault.kind, C2PA_BAD_SHAPE);
    scene_end(&scene);
    whole = packed.len;
    bytes_u8(&packed, 0);
    for (size_t len = 0; len <= packed.len; len++) { /* each prefix; one byte behind it */
        if (len == whole)
            continue;
        build_compressed(&scene, "urn:c2pa:1", slice_of(packed.ptr, len), 1);
        scene_parse(&scene, role_inflate);
        assert_int_equal(scene.store->active->fault.kind, C2PA_BAD_SHAPE);
        assert_true(says(&scene, role_inflate, C2PA_COMPRESSED_INVALID));
        scene_end(&scene);
    }
    bytes_release(&plain);
    bytes_release(&packed);
}

/* 17 MiB of zeros in a few bytes, 20 times: it stops at the limit, once. */
static void bomb(void **state)
{
    static const char hex[] =
        "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd5ffdff3ffe0980382c00d0bd7f00";
    uint8_t packed[sizeof(hex) / 2];
    struct bytes out;
    struct scene scene;

    (void)state;
    assert_true(hex_parse(slice_text(hex), packed, sizeof(packed)));
    build_compressed(&scene, "urn:c2pa:1", slice_of(packed, sizeof(packed)), 20);
    scene_parse(&scene, role_inflate);
    assert_int_equal(scene.rc, SH_OK);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(scene.store->manifests[i].fault.kind, C2PA_CANNOT_READ);
    assert_true(says(&scene, role_inflate, C2PA_COMPRESSED_INVALID));
    scene_end(&scene);
    bytes_init(&out, LIMIT_C2PA_STORE_BYTES);
    assert_int_equal(role_inflate(NULL, slice_of(packed, sizeof(packed)), &out, NULL),
                     SH_ELIMIT);
    assert_true(out.len <= LIMIT_C2PA_STORE_BYTES);
    bytes_release(&out);
}

static void inflate(void **state)
{
    static const uint8_t hello[] = {0x1b, 0x16, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55,
                                    0x86, 0x96, 0x6c, 0x20, 0x6f, 0x21, 0x4f, 0x1c, 0xe0, 0x38};
    struct bytes out;

    (void)state;
    bytes_init(&out, 23);
    assert_int_equal(role_inflate(NULL, slice_of(hello, sizeof(hello)), &out, NULL), SH_OK);
    assert_true(is_text(bytes_view(&out), "hello hello hello hello"));
    bytes_release(&out);
    bytes_init(&out, 22);
    assert_int_equal(role_inflate(NULL, slice_of(hello, sizeof(hello)), &out, NULL), SH_ELIMIT);
    bytes_release(&out);
}

/* ---- stores of others ---- */

static void foreign(void **state)
{
    static const struct {
        const char *name;
        size_t manifests;
        unsigned version; /* of the active claim */
        size_t assertions;
        int64_t alg;
        size_t chain;
        bool old;
    } cases[] = {
        {"c2pa/c2pa-rs/video1.mp4", 2, 1, 5, -7, 2, true},
        {"c2pa/c2pa-rs/legacy.mp4", 2, 1, 5, -37, 2, true},
        {"c2pa/c2pa-rs/dashinit.mp4", 1, 1, 1, -7, 4, true},
        {"c2pa/c2pa-ts/trustnxt-icon-signed-v2-bmff.heic", 1, 1, 6, -37, 3, false},
        {"c2pa/made-good/tiny.signed.mp4", 1, 2, 2, -7, 2, false},
        {"c2pa/made-good/tiny.tst.mp4", 1, 2, 2, -7, 2, false},
        {"c2pa/made-good/tiny.edit.mp4", 2, 2, 3, -7, 2, false},
        {"c2pa/made-good/small.merkle256.mp4", 1, 2, 2, -7, 2, false},
        {"safety/c2pa-hostile/sdk/tests/fixtures/CIE-sig-CA.jpg", 2, 1, 6, -37, 2, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct c2pa_manifest *m;
        struct scene scene;

        bytes_init(&scene.raw, 8u << 20);
        if (!scene_store(cases[i].name, &scene.raw))
            skip();
        scene_parse(&scene, NULL);
        if (scene.rc < 0)
            fail_msg("%s: %s", cases[i].name, scene.why.text);
        m = scene.store->active;
        assert_int_equal(scene.store->manifest_count, cases[i].manifests);
        assert_int_equal(m->claim.fault.kind, C2PA_SOUND);
        assert_int_equal(m->claim.version, cases[i].version);
        assert_int_equal(m->assertion_count, cases[i].assertions);
        assert_int_equal(m->claim.created_count + m->claim.gathered_count, cases[i].assertions);
        assert_int_equal(m->cose.fault.kind, C2PA_SOUND);
        assert_int_equal(m->cose.alg, cases[i].alg);
        assert_int_equal(m->cose.chain_count, cases[i].chain);
        assert_int_equal(m->cose.chain_old, cases[i].old);
        for (size_t j = 0; j < m->claim.created_count; j++)
            assert_int_equal(check_of(&scene, m, j), C2PA_CHECK_MATCH);
        for (size_t j = 0; j < m->assertion_count; j++)
            assert_true(m->assertions[j].listed && m->assertions[j].fault.kind == C2PA_SOUND);
        scene_end(&scene);
    }
}

/* Broken by others and by us: what this part has to say about it. */
static void foreign_broken(void **state)
{
    static const struct {
        const char *name;
        int rc;
        enum c2pa_fault_kind claim;
        int mismatch; /* which of the claim's references does not hold; -1: none */
    } cases[] = {
        {"00-good", SH_OK, C2PA_SOUND, -1},
        {"20-actions-assertion-changed", SH_OK, C2PA_SOUND, 1},
        {"21-bmffhash-assertion-label-in-store-changed", SH_OK, C2PA_SOUND, 0},
        {"23-claim-instanceID-changed", SH_OK, C2PA_SOUND, -1},
        {"24-claim-label-v3", SH_OK, C2PA_ABSENT, -1},
        {"26-unprotected-pad-nonzero(allowed?)", SH_OK, C2PA_SOUND, -1},
        {"29-store-type-uuid-broken", SH_EFORMAT, C2PA_SOUND, -1},
        {"30-manifest-type-uuid-broken", SH_EFORMAT, C2PA_SOUND, -1},
        {"32-jumbf-length-overflow", SH_EFORMAT, C2PA_SOUND, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene;
        char name[200];

        bytes_init(&scene.raw, 8u << 20);
        (void)snprintf(name, sizeof(name), "c2pa/made-broken/%s.mp4", cases[i].name);
        if (!scene_store(name, &scene.raw))
            skip();
        scene_parse(&scene, NULL);
        if (scene.rc != cases[i].rc)
            fail_msg("%s: %d %s", name, scene.rc, scene.why.text);
        if (scene.rc == SH_OK) {
            const struct c2pa_manifest *m = scene.store->active;

            assert_int_equal(m->claim.fault.kind, cases[i].claim);
            assert_int_equal(m->cose.pad_not_zero, i == 5);
            for (size_t j = 0; j < m->claim.created_count; j++)
                if ((check_of(&scene, m, j) == C2PA_CHECK_MATCH) ==
                    ((int)j == cases[i].mismatch))
                    fail_msg("%s: reference %zu", name, j);
        }
        scene_end(&scene);
    }
}

/* ---- the dump ---- */

static void check_dump(const struct c2pa_store *store, struct bytes *out)
{
    struct json_value *root = NULL;
    struct arena arena;
    struct why why = {0};

    arena_init(&arena, 64u << 20);
    c2pa_store_json(store, out);
    if (json_parse(bytes_view(out), LIMIT_JSON_DEPTH, &arena, &root, &why) < 0)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < out->len; i++)
        assert_true(out->ptr[i] >= 0x20 && out->ptr[i] != 0x7f && out->ptr[i] != '<');
    arena_release(&arena);
}

static void dump(void **state)
{
    static const char *const expected =
        "{\"active_manifest\":\"urn:c2pa:1\",\"manifests\":[{\"label\":\"urn:c2pa:1\","
        "\"kind\":\"standard\",\"claim\":{\"version\":2,\"data\":{\"instanceID\":\"xmp:iid:1\","
        "\"claim_generator_info\":{\"name\":\"maker \\u003cb\\u003e\\u202e\"},";
    const struct build build = {.label = "urn:c2pa:1", .type = "c2ma"};
    struct scene scene;
    struct bytes out;

    (void)state;
    bytes_init(&out, 1 << 20);
    build_one(&scene, &build);
    check_dump(scene.store, &out);
    assert_true(slice_starts(bytes_view(&out), expected));
    bytes_u8(&out, 0);
    assert_non_null(strstr((const char *)out.ptr, "\"data\":{\"k\":\"/w==\"}"));
    assert_non_null(strstr((const char *)out.ptr, "\"data\":{\"t\":\"\\u202e\\u202e\"}"));
    assert_non_null(strstr((const char *)out.ptr, "\"signature\":{\"alg\":\"ES256\","
                                                  "\"x5chain\":[\"Yw==\"],"));
    scene_end(&scene);
    bytes_release(&out);
}

static void dump_cbor(void **state)
{
    static const struct {
        struct slice cbor;
        const char *json;
    } cases[] = {
        {RAW("\x18\x64"), "100"},
        {RAW("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
        {RAW("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), "-18446744073709551616"},
        {RAW("\x20"), "-1"},
        {RAW("\x80"), "[]"},
        {RAW("\xa0"), "{}"},
        {RAW("\x83\1\x82\2\3\xa1\x61k\xf5"), "[1,[2,3],{\"k\":true}]"},
        {RAW("\xa2\1\2\x61k\xf4"), "[[1,2],[\"k\",false]]"},
        {RAW("\xa1\1\xa1\2\x80"), "[[1,[[2,[]]]]]"},
        {RAW("\xc0\x61t"), "\"t\""},
        {RAW("\x82\xc1\1\xd8\x25\x41\0"), "[1,\"AA==\"]"},
        {RAW("\xf9\x3e\x00"), "1.5"},
        {RAW("\xf9\xc0\x00"), "-2"},
        {RAW("\xf9\x00\x01"), "5.9604644775390625e-08"},
        {RAW("\xf9\x7c\x00"), "null"},
        {RAW("\xf9\x7e\x00"), "null"},
        {RAW("\xfa\x47\xc3\x50\x00"), "100000"},
        {RAW("\xfb\x3f\xf8\0\0\0\0\0\0"), "1.5"},
        {RAW("\xf6"), "null"},
        {RAW("\xf7"), "null"},
        {RAW("\xf0"), "\"simple(16)\""},
        {RAW("\x65\"\\\n\x1b\x7f"), "\"\\u0022\\u005c\\u000a\\u001b\\u007f\""},
        {RAW("\x64\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[200];
        struct scene scene;
        struct bytes out;
        size_t open[3];

        bytes_init(&scene.raw, 1 << 20);
        bytes_init(&out, 1 << 20);
        open[0] = letters_open(&scene.raw, "c2pa", "c2pa");
        open[1] = letters_open(&scene.raw, "c2ma", "m");
        open[2] = letters_open(&scene.raw, "c2as", "c2pa.assertions");
        simple_put(&scene.raw, "cbor", "a", cases[i].cbor);
        for (size_t j = 3; j-- > 0;)
            box_close(&scene.raw, open[j]);
        scene_parse(&scene, NULL);
        check_dump(scene.store, &out);
        bytes_u8(&out, 0);
        (void)snprintf(expected, sizeof(expected), "\"data\":%s}]}]}", cases[i].json);
        if (!strstr((const char *)out.ptr, expected))
            fail_msg("%zu: %s", i, (const char *)out.ptr);
        bytes_release(&out);
        scene_end(&scene);
    }
}

/* ---- damaged ---- */

/* Each byte of a good store at 0, 255 and one off: a verdict, and a dump that is JSON. */
static void every_byte(void **state)
{
    const struct build build = {.label = "urn:c2pa:1", .type = "c2ma"};
    struct scene scene;
    struct bytes out;

    (void)state;
    build_store(&scene, &build, 1);
    bytes_init(&out, 1 << 20);
    for (size_t at = 0; at < scene.raw.len; at++) {
        uint8_t was = scene.raw.ptr[at];
        const uint8_t tries[] = {0, 0xff, (uint8_t)(was - 1), (uint8_t)(was + 1)};

        for (size_t i = 0; i < COUNT_OF(tries); i++) {
            scene.raw.ptr[at] = tries[i];
            scene_parse(&scene, NULL);
            bytes_clear(&out);
            if (scene.store && i == 3)
                check_dump(scene.store, &out);
            arena_release(&scene.arena);
        }
        scene.raw.ptr[at] = was;
    }
    bytes_release(&out);
    bytes_release(&scene.raw);
}

/* Wherever the arena ends: SH_ENOMEM, then at last a store. */
static void no_memory(void **state)
{
    const struct build build = {.label = "urn:c2pa:1", .type = "c2ma"};
    struct scene scene;
    struct slice part;
    const struct c2pa_store_options options = {.parts = &part, .part_count = 1};
    int rc = SH_ENOMEM;

    (void)state;
    build_store(&scene, &build, 1);
    part = bytes_view(&scene.raw);
    for (size_t max = 1; rc == SH_ENOMEM; max += 96) {
        assert_true(max < 100000);
        arena_init(&scene.arena, max);
        scene.store = NULL;
        rc = c2pa_store_parse(&options, &scene.arena, &scene.store, NULL);
        assert_true((rc == SH_OK) == (scene.store != NULL));
        if (rc == SH_OK)
            assert_int_equal(scene.store->active->cose.fault.kind, C2PA_SOUND);
        arena_release(&scene.arena);
    }
    assert_int_equal(rc, SH_OK);
    bytes_release(&scene.raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),        SHOWS("PRED-STRU-008", claims),
        cmocka_unit_test(parts),       cmocka_unit_test(references),
        cmocka_unit_test(changed),     cmocka_unit_test(redacted),
        cmocka_unit_test(labels),      cmocka_unit_test(files),
        cmocka_unit_test(several),     cmocka_unit_test(two_parts),
        cmocka_unit_test(roots),       cmocka_unit_test(limits),
        cmocka_unit_test(too_much),    SHOWS("PRED-CROSS-005", compressed),
        SHOWS("PRED-CROSS-005", bomb), cmocka_unit_test(inflate),
        cmocka_unit_test(foreign),     cmocka_unit_test(foreign_broken),
        cmocka_unit_test(dump),        cmocka_unit_test(dump_cbor),
        cmocka_unit_test(every_byte),  cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
