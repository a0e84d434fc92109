/* c2pa: where credentials lie in a file, and the hash of its content: fixtures, every field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c2pa/c2pa.h"
#include "c2pa/content.h"
#include "c2pa/store.h"

static const uint8_t uuid[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};

/* ---- made files and assertions ---- */

static void put_box(struct bytes *out, const char *type, const void *body, size_t len)
{
    bytes_u32(out, (uint32_t)len + 8);
    bytes_append(out, type, 4);
    bytes_append(out, body, len);
}

static void put_c2pa(struct bytes *out, const char *purpose, struct slice data)
{
    bytes_u32(out, (uint32_t)(8 + 16 + 4 + strlen(purpose) + 1 + data.len));
    bytes_text(out, "uuid");
    bytes_append(out, uuid, sizeof(uuid));
    bytes_u32(out, 0);
    bytes_append(out, purpose, strlen(purpose) + 1);
    bytes_slice(out, data);
}

/* ftyp, C2PA box, moov with a stco, mdat, free. */
static void put_file(struct bytes *out)
{
    static const uint8_t moov[] = {0, 0, 0, 20, 's', 't', 'c', 'o', 0, 0,
                                   0, 1, 0, 0,  0,   1,   0,   0,   1, 2};

    put_box(out, "ftyp", "isom\0\0\2\0", 8);
    put_c2pa(out, "manifest", slice_of("\0\0\0\0\0\0\0\0jumb", 12));
    put_box(out, "moov", moov, sizeof(moov));
    put_box(out, "mdat", "0123456789abcdefghij", 20);
    put_box(out, "free", "\0\0\0\0", 4);
}

static void put_mandatory(struct bytes *out, unsigned more)
{
    cbor_put_text(out, "exclusions");
    cbor_put_array(out, 3 + more);
    cbor_put_map(out, 2);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, "/uuid");
    cbor_put_text(out, "data");
    cbor_put_array(out, 1);
    cbor_put_map(out, 2);
    cbor_put_text(out, "value");
    cbor_put_bytes(out, slice_of(uuid, sizeof(uuid)));
    cbor_put_text(out, "offset");
    cbor_put_unsigned(out, 8);
    cbor_put_map(out, 1);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, "/ftyp");
    cbor_put_map(out, 1);
    cbor_put_text(out, "xpath");
    cbor_put_text(out, "/mfra");
}

struct asked {
    struct bytes file;
    struct bytes said;
    struct arena arena;
    struct c2pa_bound bound;
    struct c2pa_file boxes;
    struct slice content;
    struct bmff_source source;
    struct why why;
};

static void begin(struct asked *asked)
{
    memset(asked, 0, sizeof(*asked));
    bytes_init(&asked->file, SIZE_MAX);
    bytes_init(&asked->said, SIZE_MAX);
    arena_init(&asked->arena, LIMIT_C2PA_ARENA);
}

static void end(struct asked *asked)
{
    bytes_release(&asked->file);
    bytes_release(&asked->said);
    arena_release(&asked->arena);
}

static int open_file(struct asked *asked)
{
    asked->content = bytes_view(&asked->file);
    asked->source = bmff_source_slice(&asked->content);
    return c2pa_file_open(&asked->source, &asked->arena, &asked->boxes, &asked->why);
}

static enum c2pa_bound_verdict ask(struct asked *asked)
{
    struct c2pa_binding binding = {
        .version = C2PA_BMFF_V3, .alg = slice_text("sha256"), .explain = true};
    struct cbor_value *map = NULL;

    assert_int_equal(open_file(asked), SH_OK);
    if (cbor_parse(bytes_view(&asked->said), LIMIT_CBOR_DEPTH, &asked->arena, &map,
                   &asked->why) != SH_OK)
        fail_msg("%s", asked->why.text);
    binding.map = map;
    assert_int_equal(
        c2pa_binding_check(&asked->boxes, &binding, &asked->arena, &asked->bound, &asked->why),
        SH_OK);
    assert_true((asked->bound.verdict == C2PA_BOUND_MATCH) == !asked->bound.cause.text[0]);
    return asked->bound.verdict;
}

/* Conditions that each box meets, and that compare nothing, are work as well. */
static void test_conditions_cost(void **state)
{
    enum { BOXES = 5000, DATA = 1000 };
    struct c2pa_binding binding = {.version = C2PA_BMFF_V3, .alg = slice_text("sha256")};
    struct cbor_value *map = NULL;
    struct asked asked;

    (void)state;
    begin(&asked);
    put_file(&asked.file);
    for (unsigned i = 0; i < BOXES; i++)
        put_box(&asked.file, "free", "", 0);
    cbor_put_map(&asked.said, 2);
    put_mandatory(&asked.said, 1);
    cbor_put_map(&asked.said, 2);
    cbor_put_text(&asked.said, "xpath");
    cbor_put_text(&asked.said, "/free");
    cbor_put_text(&asked.said, "data");
    cbor_put_array(&asked.said, DATA);
    for (unsigned i = 0; i < DATA; i++) {
        cbor_put_map(&asked.said, 2);
        cbor_put_text(&asked.said, "value");
        cbor_put_bytes(&asked.said, slice_of("", 0));
        cbor_put_text(&asked.said, "offset");
        cbor_put_unsigned(&asked.said, i % 8);
    }
    cbor_put_text(&asked.said, "hash");
    cbor_put_bytes(&asked.said, slice_of(uuid, sizeof(uuid)));
    assert_int_equal(open_file(&asked), SH_OK);
    assert_int_equal(
        cbor_parse(bytes_view(&asked.said), LIMIT_CBOR_DEPTH, &asked.arena, &map, &asked.why),
        SH_OK);
    binding.map = map;
    assert_int_equal(
        c2pa_binding_check(&asked.boxes, &binding, &asked.arena, &asked.bound, NULL),
        SH_ELIMIT);
    end(&asked);
}

/* ---- the fixtures of others ---- */

static bool load(const char *name, struct bytes *out)
{
    const char *shared = getenv("STILLHERE_SHARED");
    char path[1000];
    FILE *file;
    size_t n;

    if (!shared)
        return false;
    (void)snprintf(path, sizeof(path), "%s/vectors/c2pa/%s", shared, name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    do {
        uint8_t *room = bytes_room(out, 1 << 20);

        assert_non_null(room);
        n = fread(room, 1, 1 << 20, file);
        out->len += n;
    } while (n);
    (void)fclose(file); /* read only */
    return true;
}

/* The newest binding of the store in a file. */
static bool find_binding(struct asked *asked, struct c2pa_binding *binding)
{
    struct slice parts[2];
    struct c2pa_store_options options = {.parts = parts};
    struct c2pa_store *store = NULL;

    if (c2pa_file_store(&asked->boxes, &asked->arena, parts, &options.part_count,
                        &asked->why) != SH_OK ||
        c2pa_store_parse(&options, &asked->arena, &store, &asked->why) != SH_OK)
        return false;
    for (size_t i = store->manifest_count; i-- > 0;)
        for (size_t j = 0; j < store->manifests[i].assertion_count; j++) {
            const struct c2pa_assertion *one = &store->manifests[i].assertions[j];

            if (!slice_equal(one->name, slice_text("c2pa.hash.bmff")) || !one->cbor)
                continue;
            binding->version = one->version > 3 ? C2PA_BMFF_V3 : one->version;
            binding->alg = store->manifests[i].claim.alg;
            binding->map = one->cbor;
            return true;
        }
    return false;
}

enum { NO_STORE = 10, BROKEN, NO_BINDING };

static unsigned count_shared; /* calls of share */

static int share(void *ctx, const struct c2pa_leaves *leaves, struct why *why)
{
    size_t half = leaves->count / 2;
    int rc;

    (void)ctx;
    count_shared++;
    /* Out of order, each from its own reader: no leaf depends on another. */
    rc = c2pa_leaves_hash(leaves, leaves->file, half, leaves->count, why);
    return rc == SH_OK ? c2pa_leaves_hash(leaves, leaves->file, 0, half, why) : rc;
}

static int judge(struct asked *asked, const struct bmff_source *segments, size_t count)
{
    struct c2pa_binding binding = {.fragments = segments,
                                   .fragment_count = count,
                                   .explain = true,
                                   .hash_file = true,
                                   .share = share};
    uint8_t digest[CRYPT_DIGEST_BYTES];

    assert_int_equal(open_file(asked), SH_OK);
    if (asked->boxes.store != C2PA_STORE_FOUND)
        return asked->boxes.store == C2PA_STORE_NONE ? NO_STORE : BROKEN;
    if (!find_binding(asked, &binding))
        return NO_BINDING;
    assert_int_equal(
        c2pa_binding_check(&asked->boxes, &binding, &asked->arena, &asked->bound, &asked->why),
        SH_OK);
    crypto.sha256(asked->content, digest);
    if (asked->bound.has_file_sha256)
        assert_memory_equal(asked->bound.file_sha256, digest, sizeof(digest));
    else
        assert_int_not_equal(asked->bound.verdict, C2PA_BOUND_MATCH);
    return (int)asked->bound.verdict;
}

static void test_fixtures(void **state)
{
    static const struct {
        const char *name;
        int verdict;
        unsigned odd;
        bool junk; /* bytes of free or skip that are not zero */
        bool additional;
    } all[] = {
        {"c2pa-rs/video1.mp4", C2PA_BOUND_MATCH, 0, false, true},
        {"c2pa-rs/legacy.mp4", C2PA_BOUND_MATCH, 0, false, true},
        {"c2pa-rs/dashinit.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"c2pa-rs/c.mov", NO_STORE, 0, false, false},
        {"c2pa-rs/sample1.m4a", NO_STORE, 0, false, false},
        {"c2pa-rs/nested_moov_1000.mp4", NO_STORE, 0, false, false},
        {"c2pa-ts/trustnxt-icon-signed-v2-bmff.heic", C2PA_BOUND_MATCH, 0, false, false},
        {"made-good/tiny.mp4", NO_STORE, 0, false, false},
        {"made-good/tiny.signed.mp4", C2PA_BOUND_MATCH, 0, false, false},
        {"made-good/tiny.tst.mp4", C2PA_BOUND_MATCH, 0, false, false},
        {"made-good/tiny.edit.mp4", C2PA_BOUND_MATCH, 0, false, false},
        {"made-good/small.merkle256.mp4", C2PA_BOUND_MATCH, 0, false, false},
        {"made-broken/00-good.mp4", C2PA_BOUND_MATCH, 0, false, false},
        {"made-broken/01-mdat-bitflip-middle.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"made-broken/03-moov-mvhd-bitflip.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"made-broken/04-ftyp-minor-version-changed(excluded).mp4", C2PA_BOUND_MATCH, 0, false,
         false},
        {"made-broken/06-append-free-box-with-junk(excluded).mp4", C2PA_BOUND_MATCH, 0, true,
         false},
        {"made-broken/07-append-skip-box(excluded-by-c2pa-rs-list).mp4", C2PA_BOUND_MATCH, 0,
         false, false},
        {"made-broken/09-append-garbage-bytes.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"made-broken/10-append-udta-box.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"made-broken/11-truncate-last-100.mp4", C2PA_BOUND_MISMATCH, 0, false, false},
        {"made-broken/13-free-inserted-before-moov(offset-shift).mp4", C2PA_BOUND_MISMATCH, 0,
         false, false},
        {"made-broken/14-uuid-version-nonzero.mp4", C2PA_BOUND_MATCH, C2PA_ODD_VERSION, false,
         false},
        {"made-broken/16-two-manifest-uuid-boxes.mp4", BROKEN, 0, false, false},
        {"made-broken/17-uuid-purpose-unknown.mp4", NO_STORE, C2PA_ODD_OTHER, false, false},
        {"made-broken/32-jumbf-length-overflow.mp4", NO_BINDING, 0, false, false},
        {"made-broken/33-uuid-length-huge.mp4", BROKEN, 0, false, false},
        {"made-broken/35-manifest-stripped.mp4", NO_STORE, 0, false, false},
        {"made-broken/36-manifest-replaced-by-free.mp4", NO_STORE, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct asked asked;
        int verdict;

        begin(&asked);
        if (!load(all[i].name, &asked.file)) {
            end(&asked);
            print_message("SKIP %s is not here\n", all[i].name);
            continue;
        }
        verdict = judge(&asked, NULL, 0);
        if (verdict != all[i].verdict || asked.boxes.odd != all[i].odd ||
            (asked.bound.uncovered.to != 0) != (all[i].junk || all[i].additional) ||
            asked.bound.additional != all[i].additional || asked.bound.uncovered.media)
            fail_msg("%s: %d (%s), odd %u, junk to %llu", all[i].name, verdict,
                     asked.bound.cause.text, asked.boxes.odd,
                     (unsigned long long)asked.bound.uncovered.to);
        end(&asked);
    }
}

static void test_segments(void **state)
{
    struct asked asked;
    struct bytes segment;
    struct slice view;
    struct bmff_source sources[2];

    (void)state;
    begin(&asked);
    bytes_init(&segment, SIZE_MAX);
    if (!load("c2pa-rs/dashinit.mp4", &asked.file) || !load("c2pa-rs/dash1.m4s", &segment)) {
        print_message("SKIP no fixtures\n");
    } else {
        view = bytes_view(&segment);
        sources[0] = sources[1] = bmff_source_slice(&view);
        assert_int_equal(judge(&asked, sources, 1), C2PA_BOUND_MATCH);
        assert_int_equal(asked.bound.parts_seen, 1);
        assert_int_equal(asked.bound.parts_of, 11);
        /* Twice the same, one byte of its pictures, and one of the init segment. */
        assert_int_equal(judge(&asked, sources, 2), C2PA_BOUND_MISMATCH);
        segment.ptr[70000] ^= 1;
        assert_int_equal(judge(&asked, sources, 1), C2PA_BOUND_MISMATCH);
        segment.ptr[70000] ^= 1;
        asked.file.ptr[4700] ^= 1;
        assert_int_equal(judge(&asked, sources, 1), C2PA_BOUND_MISMATCH);
        assert_non_null(strstr(asked.bound.cause.text, "initHash"));
        asked.file.ptr[4700] ^= 1;
        /* The proof itself. */
        segment.ptr[68 + 28 + 7 + 60] ^= 1;
        assert_int_not_equal(judge(&asked, sources, 1), C2PA_BOUND_MATCH);
    }
    bytes_release(&segment);
    end(&asked);
}

/* Of a tree, the blocks that were changed are named. */
static void test_blocks(void **state)
{
    struct asked asked;

    (void)state;
    begin(&asked);
    if (load("made-good/small.merkle256.mp4", &asked.file)) {
        count_shared = 0;
        asked.file.ptr[17725 + 5 * 262144 + 77] ^= 1;
        assert_int_equal(judge(&asked, NULL, 0), C2PA_BOUND_MISMATCH);
        assert_non_null(strstr(asked.bound.cause.text, "blocks 0 to "));
        assert_int_equal(count_shared, 1);
        asked.file.ptr[17725 + 5 * 262144 + 77] ^= 1;
        /* In a proof, and in the padding behind one. */
        asked.file.ptr[9737052 + 150] ^= 1;
        assert_int_not_equal(judge(&asked, NULL, 0), C2PA_BOUND_MATCH);
        asked.file.ptr[9737052 + 150] ^= 1;
        assert_int_equal(judge(&asked, NULL, 0), C2PA_BOUND_MATCH);
        /* Without the boxes of proofs: 15.12.2.1. */
        asked.file.len = 9737052;
        assert_int_equal(judge(&asked, NULL, 0), C2PA_BOUND_MALFORMED);
    } else {
        print_message("SKIP no fixtures\n");
    }
    end(&asked);
}

/* ---- each field of an assertion ---- */

struct entry {
    const char *more; /* hex of a fourth entry */
    enum c2pa_bound_verdict verdict;
    const char *cause; /* part of it */
};

/* a1 65 xpath ...: maps written by hand. */
#define XP "657870617468"
#define SUBSET "66737562736574"
#define OFFSET "666f6666736574"
#define LENGTH "666c656e677468"
#define FREE "652f66726565"

/* A map with a hash of zeros and, behind the mandatory exclusions, one entry given in hex. */
static void say_with(struct bytes *said, const char *entry)
{
    uint8_t raw[256], zero[32] = {0};
    size_t len = strlen(entry) / 2;

    cbor_put_map(said, 2);
    cbor_put_text(said, "hash");
    cbor_put_bytes(said, slice_of(zero, sizeof(zero)));
    put_mandatory(said, 1);
    assert_true(hex_parse(slice_text(entry), raw, len));
    bytes_append(said, raw, len);
}

static void test_entries(void **state)
{
    static const struct entry all[] = {
        {"a1" XP FREE, C2PA_BOUND_MISMATCH, "hash"},
        {"a0", C2PA_BOUND_MALFORMED, "xpath"},
        {"01", C2PA_BOUND_MALFORMED, "xpath"},
        {"a1" XP "01", C2PA_BOUND_MALFORMED, "xpath"},
        {"a1" XP "f6", C2PA_BOUND_MALFORMED, "xpath"},
        {"a2" XP FREE LENGTH "20", C2PA_BOUND_MALFORMED, "length"},
        {"a2" XP FREE LENGTH "6161", C2PA_BOUND_MALFORMED, "length"},
        {"a2" XP FREE SUBSET "80", C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE SUBSET "01", C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE SUBSET "81a1" OFFSET "00", C2PA_BOUND_MALFORMED, "length"},
        {"a2" XP FREE SUBSET "81a1" LENGTH "00", C2PA_BOUND_MALFORMED, "offset"},
        {"a2" XP FREE SUBSET "81a2" OFFSET "20" LENGTH "00", C2PA_BOUND_MALFORMED, "offset"},
        {"a2" XP FREE SUBSET "81a2" OFFSET "00" LENGTH "3a00000000", C2PA_BOUND_MALFORMED,
         "length"},
        /* Not the last one with 0; one in front of the other; one over the other. */
        {"a2" XP FREE SUBSET "82a2" OFFSET "00" LENGTH "00a2" OFFSET "04" LENGTH "01",
         C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE SUBSET "82a2" OFFSET "04" LENGTH "01a2" OFFSET "01" LENGTH "01",
         C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE SUBSET "82a2" OFFSET "00" LENGTH "05a2" OFFSET "04" LENGTH "01",
         C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE SUBSET "82a2" OFFSET "01" LENGTH "1bffffffffffffffffa2" OFFSET
         "1bfffffffffffffffe" LENGTH "01",
         C2PA_BOUND_MALFORMED, "subset"},
        {"a2" XP FREE "646461746180", C2PA_BOUND_MISMATCH, "hash"}, /* no condition */
        {"a2" XP FREE "646461746101", C2PA_BOUND_MALFORMED, "data"},
        {"a2" XP FREE "646461746181a1" OFFSET "00", C2PA_BOUND_MALFORMED, "value"},
        {"a2" XP FREE "65666c616773420000", C2PA_BOUND_MALFORMED, "flags"},
        {"a2" XP FREE "65666c6167734400000000", C2PA_BOUND_MALFORMED, "flags"},
        {"a2" XP FREE "65657861637401", C2PA_BOUND_MALFORMED, "exact"},
        {"a2" XP FREE "6776657273696f6e20", C2PA_BOUND_MALFORMED, "version"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct asked asked;

        begin(&asked);
        put_file(&asked.file);
        say_with(&asked.said, all[i].more);
        if (ask(&asked) != all[i].verdict || !strstr(asked.bound.cause.text, all[i].cause))
            fail_msg("entry %zu: %d, %s", i, (int)asked.bound.verdict, asked.bound.cause.text);
        end(&asked);
    }
}

/*
 * What is left out and not zero: a free box in front of what is hashed was there when it was
 * signed, one behind all of it anybody can append.
 */
static void test_padding(void **state)
{
#define GPAC "IsoMedia File Produced with GPAC "
    static const struct {
        const char *boxes; /* behind ftyp and C2PA box: Moov, mDat, Free with junk, Zeros */
        const char *more;  /* hex of a fourth entry */
        bool found, behind, media;
    } all[] = {
        /* What GPAC writes is told and no more; with a word behind it, it is as any other. */
        {"MDG", "a1" XP FREE, true, false, false},
        {"MDH", "a1" XP FREE, true, true, false},
        {"MDGF", "a1" XP FREE, true, true, false},
        {"MDZ", "a1" XP FREE, false, false, false},
        {"FMD", "a1" XP FREE, true, false, false},
        {"MFD", "a1" XP FREE, true, false, false},
        {"MDF", "a1" XP FREE, true, true, false},
        {"FMDF", "a1" XP FREE, true, true, false},
        {"MDFF", "a1" XP FREE, true, true, false},
        {"MDZF", "a1" XP FREE, true, true, false},
        {"FFMDZ", "a1" XP FREE, true, false, false},
        /* Tags of a film are nothing that is shown; a whole moov is. */
        {"MD", "a1" XP "6f2f6d6f6f762f756474612f6d657461", true, false, false},
        {"MD", "a1" XP "652f6d6f6f76", true, false, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct asked asked;
        const struct c2pa_uncovered *un = &asked.bound.uncovered;

        begin(&asked);
        put_box(&asked.file, "ftyp", "isom\0\0\2\0", 8);
        put_c2pa(&asked.file, "manifest", slice_of("\0\0\0\0\0\0\0\0jumb", 12));
        for (const char *c = all[i].boxes; *c; c++)
            if (*c == 'M')
                put_box(&asked.file, "moov", "\0\0\0\30udta\0\0\0\20metatags!!!!", 24);
            else if (*c == 'D')
                put_box(&asked.file, "mdat", "0123", 4);
            else if (*c == 'G')
                put_box(&asked.file, "free", GPAC "0.5", sizeof(GPAC "0.5"));
            else if (*c == 'H')
                put_box(&asked.file, "free", GPAC "\1", sizeof(GPAC "\1"));
            else
                put_box(&asked.file, "free", *c == 'F' ? "junk" : "\0\0\0\0", 4);
        say_with(&asked.said, all[i].more);
        assert_int_equal(ask(&asked), C2PA_BOUND_MISMATCH); /* of no hash of ours */
        if ((un->to != 0) != all[i].found || un->behind != all[i].behind ||
            un->media != all[i].media)
            fail_msg("padding %zu: %d %d %d", i, un->to != 0, un->behind, un->media);
        end(&asked);
    }
}

/* A hash of the given hex members in front of the mandatory list. */
static void test_members(void **state)
{
    static const struct entry all[] = {
        {"a1", C2PA_BOUND_MALFORMED, "neither"},
        {"a26468617368f6", C2PA_BOUND_MALFORMED, "neither"},
        {"a2646861736800", C2PA_BOUND_MALFORMED, "hash"},
        {"a2646861736840", C2PA_BOUND_MALFORMED, "hash"},
        {"a264686173684100", C2PA_BOUND_MISMATCH, "hash"},
        {"a36468617368410063616c67646d643521", C2PA_BOUND_ALGORITHM, "alg"},
        {"a36468617368410063616c6701", C2PA_BOUND_ALGORITHM, "alg"},
        {"a2666d65726b6c6580", C2PA_BOUND_MALFORMED, "merkle"},
        {"a2666d65726b6c6581a0", C2PA_BOUND_MALFORMED, "uniqueId"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct asked asked;
        uint8_t more[256];

        begin(&asked);
        put_file(&asked.file);
        assert_true(hex_parse(slice_text(all[i].more), more, strlen(all[i].more) / 2));
        bytes_append(&asked.said, more, strlen(all[i].more) / 2);
        put_mandatory(&asked.said, 0);
        if (ask(&asked) != all[i].verdict || !strstr(asked.bound.cause.text, all[i].cause))
            fail_msg("member %zu: %d, %s", i, (int)asked.bound.verdict, asked.bound.cause.text);
        end(&asked);
    }
}

/* ---- a tree: each number at 0, 1, max - 1, max ---- */

struct tree {
    uint64_t unique_id, local_id, count, fixed;
    bool has_fixed;
    unsigned row;
};

static void put_tree(struct bytes *out, const struct tree *tree, const uint8_t *hash)
{
    cbor_put_text(out, "merkle");
    cbor_put_array(out, 1);
    cbor_put_map(out, tree->has_fixed ? 5 : 4);
    cbor_put_text(out, "count");
    cbor_put_unsigned(out, tree->count);
    cbor_put_text(out, "hashes");
    cbor_put_array(out, tree->row);
    for (unsigned i = 0; i < tree->row; i++)
        cbor_put_bytes(out, slice_of(hash, 32));
    cbor_put_text(out, "localId");
    cbor_put_unsigned(out, tree->local_id);
    cbor_put_text(out, "uniqueId");
    cbor_put_unsigned(out, tree->unique_id);
    if (tree->has_fixed) {
        cbor_put_text(out, "fixedBlockSize");
        cbor_put_unsigned(out, tree->fixed);
    }
}

static enum c2pa_bound_verdict ask_tree(struct asked *asked, const struct tree *tree)
{
    /* What the flat hash is comes out first, and then goes in. */
    uint8_t hash[32] = {0};
    uint8_t leaf[32];

    crypto.sha256(slice_text("89abcdefghij"), leaf);
    for (unsigned round = 0; round < 2; round++) {
        bytes_clear(&asked->said);
        cbor_put_map(&asked->said, 3);
        put_mandatory(&asked->said, 1);
        bytes_append(&asked->said, "\xa2\x65xpath\x65/mdat\x66subset\x81\xa2\x66offset\x10",
                     30);
        bytes_append(&asked->said, "\x66length\x00", 8);
        cbor_put_text(&asked->said, "hash");
        cbor_put_bytes(&asked->said, slice_of(hash, sizeof(hash)));
        put_tree(&asked->said, tree, leaf);
        (void)ask(asked);
        memcpy(hash, asked->bound.hash, sizeof(hash));
    }
    return asked->bound.verdict;
}

static void test_tree_numbers(void **state)
{
    static const uint64_t values[] = {0, 1, 2, 12, 13, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
    const struct tree good = {.count = 1, .row = 1};

    (void)state;
    for (unsigned field = 0; field < 4; field++)
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            struct tree tree = good;
            uint64_t *number[] = {&tree.unique_id, &tree.local_id, &tree.count, &tree.fixed};
            struct asked asked;
            bool holds;

            *number[field] = values[i];
            tree.has_fixed = field == 3;
            holds = field == 0 || (field == 1 && values[i] == 0) ||
                    (field == 2 && values[i] == 1) || (field == 3 && values[i] >= 12);
            begin(&asked);
            put_file(&asked.file);
            if ((ask_tree(&asked, &tree) == C2PA_BOUND_MATCH) != holds)
                fail_msg("field %u, %llu: %d %s", field, (unsigned long long)values[i],
                         (int)asked.bound.verdict, asked.bound.cause.text);
            end(&asked);
        }
    for (unsigned row = 0; row < 4; row++) {
        struct tree tree = good;
        struct asked asked;

        tree.row = row;
        begin(&asked);
        put_file(&asked.file);
        assert_true((ask_tree(&asked, &tree) == C2PA_BOUND_MATCH) == (row == 1));
        end(&asked);
    }
}

/* A second mdat, which the list leaves out and no tree has. */
static void test_mdat_in_no_tree(void **state)
{
    const struct tree tree = {.count = 1, .row = 1};
    struct asked asked;

    (void)state;
    begin(&asked);
    put_file(&asked.file);
    put_box(&asked.file, "mdat", "more than sixteen bytes", 23);
    assert_int_equal(ask_tree(&asked, &tree), C2PA_BOUND_MISMATCH);
    assert_non_null(strstr(asked.bound.cause.text, "in no Merkle tree"));
    end(&asked);
}

/* ---- boxes at the root ---- */

static void test_sizes(void **state)
{
    static const uint32_t sizes[] = {0, 1, 7, 8, 9, INT32_MAX, UINT32_MAX - 1, UINT32_MAX};
    struct asked asked;
    size_t at = 0;

    (void)state;
    begin(&asked);
    put_file(&asked.file);
    /* Each box in turn: whatever is said, the boxes tile the file. */
    while (at < asked.file.len) {
        uint32_t own = (uint32_t)asked.file.ptr[at + 2] << 8 | asked.file.ptr[at + 3];

        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            uint64_t next = 0;

            for (unsigned j = 0; j < 4; j++)
                asked.file.ptr[at + j] = (uint8_t)(sizes[i] >> (24 - 8 * j));
            assert_int_equal(open_file(&asked), SH_OK);
            for (size_t j = 0; j < asked.boxes.root_count; j++) {
                assert_int_equal(asked.boxes.roots[j].at, next);
                next += asked.boxes.roots[j].size;
            }
            assert_int_equal(next, asked.file.len);
            if (sizes[i] == 7 || (sizes[i] >= INT32_MAX && asked.file.ptr[at + 4] != 'm'))
                assert_true(asked.boxes.damaged || asked.boxes.store == C2PA_STORE_BROKEN);
        }
        for (unsigned j = 0; j < 4; j++)
            asked.file.ptr[at + j] = (uint8_t)(own >> (24 - 8 * j));
        at += own;
    }
    end(&asked);
}

static void test_prefixes(void **state)
{
    struct asked asked;
    size_t whole;

    (void)state;
    begin(&asked);
    put_file(&asked.file);
    cbor_put_map(&asked.said, 2);
    cbor_put_text(&asked.said, "hash");
    cbor_put_bytes(&asked.said, slice_of(uuid, sizeof(uuid)));
    put_mandatory(&asked.said, 0);
    whole = asked.file.len;
    for (size_t len = 0; len <= whole; len++) {
        asked.file.len = len;
        assert_int_equal(ask(&asked), C2PA_BOUND_MISMATCH);
    }
    end(&asked);
}

struct carriage {
    const char *boxes; /* m manifest, o original, u update, k merkle, x other, d mdat, f ftyp */
    enum c2pa_store_state store;
    unsigned odd;
};

static void test_carriage(void **state)
{
    static const struct carriage all[] = {
        {"", C2PA_STORE_NONE, 0},
        {"f", C2PA_STORE_NONE, 0},
        {"fmd", C2PA_STORE_FOUND, 0},
        {"md", C2PA_STORE_FOUND, 0},
        {"fdm", C2PA_STORE_FOUND, C2PA_ODD_PLACE},
        {"mfd", C2PA_STORE_FOUND, C2PA_ODD_PLACE},
        {"fmm", C2PA_STORE_BROKEN, 0},
        {"fmo", C2PA_STORE_BROKEN, 0},
        {"fo", C2PA_STORE_BROKEN, 0},
        {"fu", C2PA_STORE_BROKEN, 0},
        {"fmu", C2PA_STORE_BROKEN, 0},
        {"fodu", C2PA_STORE_FOUND, 0},
        {"foud", C2PA_STORE_FOUND, C2PA_ODD_PLACE},
        {"foduu", C2PA_STORE_BROKEN, C2PA_ODD_PLACE},
        {"foodu", C2PA_STORE_BROKEN, 0},
        {"fmdx", C2PA_STORE_FOUND, C2PA_ODD_OTHER},
        {"fx", C2PA_STORE_NONE, C2PA_ODD_OTHER},
        {"fdk", C2PA_STORE_NONE, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct asked asked;
        struct slice parts[2];
        size_t count = 0;

        begin(&asked);
        for (const char *c = all[i].boxes; *c; c++) {
            struct slice data = slice_of("\0\0\0\0\0\0\0\0jumb", 12);

            if (*c == 'f' || *c == 'd')
                put_box(&asked.file, *c == 'f' ? "ftyp" : "mdat", "12345678", 8);
            else
                put_c2pa(&asked.file,
                         *c == 'm'   ? "manifest"
                         : *c == 'o' ? "original"
                         : *c == 'u' ? "update"
                         : *c == 'k' ? "merkle"
                                     : "manifests",
                         data);
        }
        assert_int_equal(open_file(&asked), SH_OK);
        if (asked.boxes.store != all[i].store || asked.boxes.odd != all[i].odd)
            fail_msg("%s: %d, odd %u", all[i].boxes, (int)asked.boxes.store, asked.boxes.odd);
        if (all[i].store == C2PA_STORE_FOUND) {
            assert_int_equal(
                c2pa_file_store(&asked.boxes, &asked.arena, parts, &count, &asked.why), SH_OK);
            assert_int_equal(count, strchr(all[i].boxes, 'u') ? 2 : 1);
            assert_true(slice_equal(parts[count - 1], slice_text("jumb")));
        }
        end(&asked);
    }
}

static void test_merkle_at(void **state)
{
    struct asked asked;

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        begin(&asked);
        put_c2pa(&asked.file, "manifest", slice_of("\0\0\0\0\0\0\0\0jumb", 12));
        put_c2pa(&asked.file, "merkle", slice_text("\xa0"));
        asked.file.ptr[44] = (uint8_t)(round == 0 ? 0 : round == 1 ? 49 : 50);
        assert_int_equal(open_file(&asked), SH_OK);
        assert_int_equal(asked.boxes.odd, round == 2 ? C2PA_ODD_MERKLE_AT : 0);
        end(&asked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures),        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_blocks),          cmocka_unit_test(test_entries),
        cmocka_unit_test(test_padding),         cmocka_unit_test(test_members),
        cmocka_unit_test(test_tree_numbers),    cmocka_unit_test(test_mdat_in_no_tree),
        cmocka_unit_test(test_sizes),           cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_carriage),        cmocka_unit_test(test_merkle_at),
        cmocka_unit_test(test_conditions_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
