/* bmff: what a file is, the rebuild of small real clips, and what becomes of broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bmff/bmff.h"

#define CLIP_MAX (1u << 20)
#define MOOV(file) find_box(file, "moov")

/* ---- helpers ---- */

static struct bytes load(const char *name)
{
    const char *source = getenv("STILLHERE_SOURCE");
    char path[1000];
    struct bytes out;
    uint8_t *room;
    FILE *file;

    bytes_init(&out, CLIP_MAX);
    (void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/bmff/%s", source ? source : ".",
                   name);
    file = fopen(path, "rb");
    assert_non_null(file);
    room = bytes_room(&out, CLIP_MAX);
    assert_non_null(room);
    out.len = fread(room, 1, CLIP_MAX, file);
    assert_true(out.len > 500);
    (void)fclose(file);
    return out;
}

/* The new file, as whoever copies by the plan makes it. */
static struct bytes build(struct bmff_plan *plan, struct slice clip)
{
    struct bytes out;
    struct bmff_run run;

    bytes_init(&out, 2 * CLIP_MAX);
    bytes_slice(&out, bytes_view(&plan->head));
    while (bmff_plan_next(plan, &run)) {
        assert_true(run.len > 0);
        bytes_slice(&out, run.bytes ? slice_of(run.bytes, (size_t)run.len)
                                    : slice_sub(clip, (size_t)run.offset, (size_t)run.len));
    }
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    return out;
}

/* Plan it; when there is a plan, its file must pass the second reader with the same facts. */
static int try_clip(struct slice clip, struct why *why)
{
    struct bmff_source source = bmff_source_slice(&clip);
    struct bmff_plan plan = {0};
    struct bmff_facts facts = {0};
    struct bytes made;
    struct slice view;
    int rc = bmff_plan_make(&source, &plan, why);

    if (rc < 0) {
        assert_true(why->text[0]);
        assert_int_equal(why->code, rc);
        return rc;
    }
    made = build(&plan, clip);
    view = bytes_view(&made);
    assert_int_equal(view.len, plan.facts.file_bytes);
    source = bmff_source_slice(&view);
    rc = bmff_check(&source, &facts, why);
    if (rc < 0)
        fail_msg("a planned file is refused: %s", why->text);
    assert_int_equal(facts.removed, 0);
    assert_int_equal(facts.width, plan.facts.width);
    assert_int_equal(facts.duration_ms, plan.facts.duration_ms);
    assert_int_equal(facts.video_samples, plan.facts.video_samples);
    assert_int_equal(facts.audio_samples, plan.facts.audio_samples);
    bytes_release(&made);
    bmff_plan_release(&plan);
    return SH_OK;
}

static struct bytes rebuild(const char *name, struct bmff_facts *facts)
{
    struct bytes clip = load(name);
    struct slice view = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct bytes made;

    assert_int_equal(bmff_plan_make(&source, &plan, NULL), SH_OK);
    if (facts)
        *facts = plan.facts;
    made = build(&plan, view);
    bmff_plan_release(&plan);
    bytes_release(&clip);
    return made;
}

static bool removed(const struct bmff_facts *facts, const char *name)
{
    for (unsigned i = 0; bmff_removed_name(i); i++)
        if (strcmp(bmff_removed_name(i), name) == 0)
            return facts->removed >> i & 1;
    fail_msg("no such kind: %s", name);
    return false;
}

static bool holds(struct slice whole, const char *text)
{
    return memmem(whole.ptr, whole.len, text, strlen(text)) != NULL;
}

/* Offset of the first occurrence of a four-character code, less 4: the box. */
static size_t find_box(struct slice whole, const char *type)
{
    const uint8_t *hit = memmem(whole.ptr, whole.len, type, 4);

    assert_non_null(hit);
    return (size_t)(hit - whole.ptr) - 4;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A clip made of bytes, refused with this code and with these words in the reason. */
static void refused(struct slice clip, int code, const char *words)
{
    struct why why = {0};
    int rc = try_clip(clip, &why);

    if (rc != code || !strstr(why.text, words))
        fail_msg("expected %d with \"%s\", got %d: %s", code, words, rc, why.text);
}

/* ---- what is this file ---- */

static void kinds_are_told_apart(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum bmff_kind kind;
    } cases[] = {
        {"", 0, BMFF_EMPTY},
        {"hello\n", 6, BMFF_TEXT},
        {"\xd0\xbf\xd1\x80", 4, BMFF_TEXT},
        {"\xd0\xbf\xd1", 3, BMFF_TEXT},
        {"#EXTM3U\n", 8, BMFF_PLAYLIST},
        {"\0\0\0\x14"
         "ftypisom\0\0\0\0",
         16, BMFF_MP4},
        {"\0\0\0\x14"
         "ftypqt  \0\0\0\0",
         16, BMFF_MOV},
        {"\0\0\0\x08moov", 8, BMFF_MOV},
        {"\0\0\0\x14"
         "ftyp3gp4\0\0\0\0",
         16, BMFF_3GP},
        {"\0\0\0\x14"
         "ftypM4A \0\0\0\0",
         16, BMFF_M4A},
        {"\0\0\0\x14"
         "ftypheic\0\0\0\0",
         16, BMFF_HEIC},
        {"\xff\xd8\xff\xe0", 4, BMFF_JPEG},
        {"\x89PNG\r\n\x1a\n", 8, BMFF_PNG},
        {"\x1a\x45\xdf\xa3", 4, BMFF_MATROSKA},
        {"RIFF\0\0\0\0AVI ", 12, BMFF_AVI},
        {"RIFF\0\0\0\0WEBP", 12, BMFF_WEBP},
        {"OggS", 4, BMFF_OGG},
        {"#!AMR\n", 6, BMFF_AMR},
        {"PK\x03\x04", 4, BMFF_ARCHIVE},
        {"\0\0\0", 3, BMFF_UNKNOWN},
        {"\x01\x02\x03\x04\x05\x06\x07\x08", 8, BMFF_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice view = slice_of(cases[i].bytes, cases[i].len);
        struct bmff_source source = bmff_source_slice(&view);
        enum bmff_kind kind = BMFF_KINDS;
        struct why why = {0};

        assert_int_equal(bmff_sniff(&source, &kind, NULL), SH_OK);
        if (kind != cases[i].kind)
            fail_msg("case %zu is %s", i, bmff_kind_name(kind));
        assert_true(try_clip(view, &why) < 0);
    }
}

static void names_are_sorted(void **state)
{
    (void)state;
    for (unsigned i = 1; i < BMFF_REMOVED_KINDS; i++)
        assert_true(strcmp(bmff_removed_name(i - 1), bmff_removed_name(i)) < 0);
    assert_null(bmff_removed_name(BMFF_REMOVED_KINDS));
}

/* ---- whole clips ---- */

static void clips_are_rebuilt(void **state)
{
    static const char *const names[] = {
        "h264.mp4",         "quicktime.mov",     "hevc_silent.mp4",
        "two_audio.mp4",    "edit.mp4",          "rot.mp4",
        "av1.mp4",          "vp9.mp4",           "opus.mp4",
        "alac.mov",         "cut_head.mp4",      "fragmented.mp4",
        "fragment_av1.mp4", "fragment_edit.mp4", "fragment_hybrid.mp4"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes clip = load(names[i]);
        struct why why = {0};

        if (try_clip(bytes_view(&clip), &why) < 0)
            fail_msg("%s: %s", names[i], why.text);
        bytes_release(&clip);
    }
}

static void facts_are_right(void **state)
{
    struct bmff_facts facts = {0};
    struct bytes made = rebuild("quicktime.mov", &facts);

    (void)state;
    assert_true(removed(&facts, "user-data") || removed(&facts, "metadata"));
    assert_true(removed(&facts, "names"));
    assert_false(removed(&facts, "second-audio"));
    assert_int_equal(facts.width, 64);
    assert_int_equal(facts.height, 48);
    assert_int_equal(facts.video_samples, 8);
    assert_int_equal(facts.duration_ms, 800);
    assert_false(holds(bytes_view(&made), "+46.4825"));
    assert_false(holds(bytes_view(&made), "Handler"));
    assert_false(holds(bytes_view(&made), "libx264"));
    bytes_release(&made);
    made = rebuild("hevc_silent.mp4", &facts);
    assert_int_equal(facts.notes, BMFF_NOTE_NO_AUDIO | BMFF_NOTE_HEVC);
    assert_true(removed(&facts, "metadata")); /* SEI in hvcC */
    assert_false(holds(bytes_view(&made), "x265"));
    assert_int_equal(facts.audio_codec, 0);
    bytes_release(&made);
    made = rebuild("two_audio.mp4", &facts);
    assert_int_equal(facts.notes, BMFF_NOTE_SECOND_AUDIO);
    assert_true(removed(&facts, "second-audio"));
    assert_true(removed(&facts, "unreferenced"));
    bytes_release(&made);
    made = rebuild("rot.mp4", &facts);
    assert_int_equal(facts.rotation, 270);
    assert_int_equal(facts.width, 48);
    assert_int_equal(facts.height, 64);
    bytes_release(&made);
}

static void runs_can_be_asked_again(void **state)
{
    struct bytes clip = load("two_audio.mp4");
    struct slice view = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct bytes first;
    struct bytes second;

    (void)state;
    assert_int_equal(bmff_plan_make(&source, &plan, NULL), SH_OK);
    first = build(&plan, view);
    bmff_plan_rewind(&plan);
    second = build(&plan, view);
    assert_true(slice_equal(bytes_view(&first), bytes_view(&second)));
    bytes_release(&first);
    bytes_release(&second);
    bmff_plan_release(&plan);
    bytes_release(&clip);
}

/* ---- broken clips ---- */

static void every_prefix_is_refused(void **state)
{
    static const char *const names[] = {"h264.mp4", "quicktime.mov"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes clip = load(names[i]);

        for (size_t len = 0; len < clip.len; len++) {
            struct why why = {0};
            /* Its own memory, so that the sanitizer sees a read past the end. */
            uint8_t *copy = malloc(len ? len : 1);

            assert_non_null(copy);
            memcpy(copy, clip.ptr, len);
            if (try_clip(slice_of(copy, len), &why) == SH_OK)
                fail_msg("%s: the first %zu bytes are taken", names[i], len);
            free(copy);
        }
        bytes_release(&clip);
    }
}

/* Fragments end anywhere: what is taken of them is a whole file (try_clip asks for that). */
static void prefixes_of_fragments(void **state)
{
    static const char *const names[] = {"fragment_edit.mp4", "fragment_hybrid.mp4",
                                        "fragment_av1.mp4"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes clip = load(names[i]);
        unsigned taken = 0;

        for (size_t len = 0; len < clip.len; len++) {
            struct why why = {0};
            uint8_t *copy = malloc(len ? len : 1);

            assert_non_null(copy);
            memcpy(copy, clip.ptr, len);
            taken += try_clip(slice_of(copy, len), &why) == SH_OK;
            free(copy);
        }
        /* Whole fragments and a piece of the box behind them, but none that is cut off. */
        assert_true(taken < clip.len / 4);
        bytes_release(&clip);
    }
}

static void fragments_are_plain(void **state)
{
    struct bmff_facts facts = {0};
    struct bytes made = rebuild("fragment_edit.mp4", &facts);

    (void)state;
    assert_int_equal(facts.video_samples, 4);
    assert_int_equal(facts.duration_ms, 800);
    assert_int_equal(facts.audio_codec, 0x4f707573);
    assert_false(holds(bytes_view(&made), "moof"));
    assert_false(holds(bytes_view(&made), "mvex"));
    bytes_release(&made);
    made = rebuild("cut_head.mp4", &facts);
    assert_true(removed(&facts, "cut-parts"));
    assert_int_equal(facts.video_samples, 2); /* of 4: from the sync sample before the cut */
    assert_int_equal(facts.audio_codec, 0);   /* The sound ended before it. */
    bytes_release(&made);
}

/* Every number of four bytes in moov, and so every length and count, at its ends. */
static void every_number_at_its_ends(void **state)
{
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX};
    static const char *const names[] = {"h264.mp4",     "quicktime.mov",     "hevc_silent.mp4",
                                        "opus.mp4",     "av1.mp4",           "alac.mov",
                                        "cut_head.mp4", "fragment_edit.mp4", "vp9.mp4"};
    unsigned taken = 0;
    unsigned left = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes clip = load(names[i]);
        size_t from = MOOV(bytes_view(&clip));
        size_t to = from + get_u32(clip.ptr + from);

        if (holds(bytes_view(&clip), "moof")) /* Those of moofs too. */
            to = clip.len;
        for (size_t at = from; at + 4 <= to; at++) {
            uint32_t good = get_u32(clip.ptr + at);

            for (size_t k = 0; k < COUNT_OF(values); k++) {
                struct why why = {0};

                put_u32(clip.ptr + at, values[k]);
                if (try_clip(bytes_view(&clip), &why) == SH_OK)
                    taken++;
                else
                    left++;
            }
            put_u32(clip.ptr + at, good);
        }
        bytes_release(&clip);
    }
    assert_true(taken > 1000 && left > 1000);
}

static void every_byte_changed(void **state)
{
    struct bytes clip = load("h264.mp4");

    (void)state;
    for (size_t at = 0; at < clip.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct why why = {0};

            clip.ptr[at] ^= (uint8_t)(1u << bit);
            (void)try_clip(bytes_view(&clip), &why); /* It asserts that a plan is a good one. */
            clip.ptr[at] ^= (uint8_t)(1u << bit);
        }
    bytes_release(&clip);
}

static void not_clips_are_refused(void **state)
{
    struct bytes moov;

    (void)state;
    refused(slice_text(""), SH_EFORMAT, "empty");
    refused(slice_text("I am well\n"), SH_EUNSUPPORTED, "text");
    refused(slice_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), SH_EUNSUPPORTED,
            "playlist");
    refused(slice_text("\xff\xd8\xff\xe0 JFIF"), SH_EUNSUPPORTED, "photo");
    bytes_init(&moov, CLIP_MAX);
    for (unsigned i = 0; i < 1000; i++) {
        bytes_u32(&moov, 8 * (1000 - i));
        bytes_text(&moov, "moov");
    }
    refused(bytes_view(&moov), SH_EFORMAT, "moov inside moov");
    bytes_release(&moov);
}

static void cut_clips_say_what_is_missing(void **state)
{
    struct bytes clip = load("h264.mp4");

    (void)state;
    refused(slice_sub(bytes_view(&clip), 0, clip.len - 7), SH_EFORMAT, "7 of them are missing");
    refused(slice_sub(bytes_view(&clip), 0, MOOV(bytes_view(&clip)) + 500), SH_EFORMAT, "moov");
    bytes_release(&clip);
}

/* A field of the first box of this type, set, and the clip refused with these words. */
static void refuse_field(const char *name, const char *type, size_t at, uint32_t value,
                         const char *words)
{
    struct bytes clip = load(name);
    struct why why = {0};
    int rc;

    put_u32(clip.ptr + find_box(bytes_view(&clip), type) + at, value);
    rc = try_clip(bytes_view(&clip), &why);
    if (rc >= 0 || !strstr(why.text, words))
        fail_msg("%s/%s: expected \"%s\", got %d: %s", name, type, words, rc, why.text);
    bytes_release(&clip);
}

static void limits_hold(void **state)
{
    (void)state;
    refuse_field("h264.mp4", "stsz", 16, UINT32_MAX, "samples, 3000000 are the most");
    refuse_field("h264.mp4", "stts", 12, UINT32_MAX, "rows, 3000000 are the most");
    refuse_field("h264.mp4", "stts", 16, 0, "fewer times than samples");
    refuse_field("h264.mp4", "stts", 20, 0x7fffffff, "longer than 3 h");
    refuse_field("h264.mp4", "elst", 12, 2, "room for");
    refuse_field("h264.mp4", "elst", 24, 0x00020000, "another speed");
    refuse_field("h264.mp4", "stsd", 48, 16384u << 16 | 8640, "16384x8640");
    refuse_field("h264.mp4", "stsd", 20, 0x6d703476, "\"mp4v\", not H.264, HEVC, AV1 or VP9");
    refuse_field("h264.mp4", "mp4a", 4, 0x73616d72, "\"samr\", not AAC, Opus or ALAC");
    refuse_field("h264.mp4", "stco", 16, 4, "not inside an mdat");
    refuse_field("h264.mp4", "stsc", 16, 2, "does not rise from 1");
    refuse_field("h264.mp4", "stsc", 24, 2, "not in stsd");
    refuse_field("h264.mp4", "tkhd", 52, 0x8000, "no quarter turn");
    refuse_field("h264.mp4", "mvhd", 20, 0, "timescale 0");
    refuse_field("h264.mp4", "url ", 8, 0, "in another file");
}

static int read_zeros(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    (void)ctx;
    (void)offset;
    (void)why;
    memset(buf, 0, len);
    return SH_OK;
}

static int read_fails(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    (void)ctx;
    (void)buf;
    (void)len;
    return why_set(why, SH_EIO, offset, "the card was pulled");
}

static void large_and_failing_sources(void **state)
{
    struct bmff_source source = {.read_at = read_zeros, .size = LIMIT_CLIP_BYTES + 1};
    struct bmff_plan plan = {0};
    struct why why = {0};

    (void)state;
    assert_int_equal(bmff_plan_make(&source, &plan, &why), SH_ELIMIT);
    source.size--;
    assert_int_equal(bmff_plan_make(&source, &plan, NULL), SH_EUNSUPPORTED);
    source.read_at = read_fails;
    why = (struct why){0};
    assert_int_equal(bmff_plan_make(&source, &plan, &why), SH_EIO);
    assert_string_equal(why.text, "the card was pulled");
    assert_null(plan.state);
}

/* ---- room for content credentials ---- */

#define ROOM 1000

static int check_facts(struct slice view, struct bmff_facts *facts)
{
    struct bmff_source source = bmff_source_slice(&view);

    return bmff_check(&source, facts, NULL);
}

/* The new file of h264.mp4 with ROOM bytes of room. */
static struct bytes with_room(struct bmff_facts *planned)
{
    struct bytes clip = load("h264.mp4");
    struct slice view = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct bmff_run run;
    struct bytes made;

    assert_int_equal(bmff_plan_make(&source, &plan, NULL), SH_OK);
    assert_true(bmff_plan_next(&plan, &run));
    assert_int_equal(bmff_plan_room(&plan, BMFF_ROOM_HEAD_BYTES - 1, NULL), SH_ELIMIT);
    assert_int_equal(bmff_plan_room(&plan, LIMIT_ROOM_BYTES + 1, NULL), SH_ELIMIT);
    assert_int_equal(bmff_plan_room(&plan, ROOM, NULL), SH_OK);
    *planned = plan.facts;
    made = build(&plan, view);
    bmff_plan_release(&plan);
    bytes_release(&clip);
    return made;
}

static void room_behind_ftyp(void **state)
{
    struct bmff_facts plain, planned, facts = {0};
    struct bytes bare = rebuild("h264.mp4", &plain);
    struct bytes made = with_room(&planned);
    size_t moov = find_box(bytes_view(&made), "moov"), len = bare.len - BMFF_ROOM_AT;

    (void)state;
    assert_int_equal(plain.room_bytes, 0);
    assert_int_equal(planned.room_bytes, ROOM);
    assert_int_equal(planned.head_bytes, plain.head_bytes + ROOM);
    assert_int_equal(planned.file_bytes, plain.file_bytes + ROOM);
    assert_int_equal(planned.removed, plain.removed);
    assert_int_equal(made.len, planned.file_bytes);
    assert_memory_equal(made.ptr, bare.ptr, BMFF_ROOM_AT);
    assert_int_equal(moov, BMFF_ROOM_AT + ROOM);
    assert_int_equal(get_u32(made.ptr + BMFF_ROOM_AT), ROOM);
    assert_memory_equal(made.ptr + BMFF_ROOM_AT + 4, "uuid", 4);
    assert_memory_equal(made.ptr + BMFF_ROOM_AT + 28, "manifest", 9);
    for (size_t i = BMFF_ROOM_HEAD_BYTES; i < ROOM; i++)
        assert_int_equal(made.ptr[BMFF_ROOM_AT + i], 0);
    /* Behind the room all is the same but the places of the chunks. */
    for (size_t i = 0; i < len; i++)
        if (made.ptr[moov + i] != bare.ptr[BMFF_ROOM_AT + i])
            assert_true(i + BMFF_ROOM_AT < plain.head_bytes);
    assert_memory_equal(made.ptr + planned.head_bytes, bare.ptr + plain.head_bytes,
                        bare.len - plain.head_bytes);
    assert_int_equal(check_facts(bytes_view(&made), &facts), SH_OK);
    assert_int_equal(facts.room_bytes, ROOM);
    assert_int_equal(facts.removed, 0);
    assert_int_equal(facts.head_bytes, planned.head_bytes);
    /* What it holds is for others to judge. */
    for (size_t i = BMFF_ROOM_HEAD_BYTES; i < ROOM; i++)
        made.ptr[BMFF_ROOM_AT + i] = (uint8_t)(i * 7 + 1);
    assert_int_equal(check_facts(bytes_view(&made), &facts), SH_OK);
    bytes_release(&bare);
    bytes_release(&made);
}

static void room_of_another_shape(void **state)
{
    struct bmff_facts planned, facts = {0};
    struct bytes made = with_room(&planned), twice;
    struct slice view = bytes_view(&made);

    (void)state;
    for (size_t i = 0; i < BMFF_ROOM_HEAD_BYTES; i++) {
        made.ptr[BMFF_ROOM_AT + i] ^= 1;
        if (check_facts(view, &facts) == SH_OK)
            fail_msg("byte %zu of the room may be another", i);
        made.ptr[BMFF_ROOM_AT + i] ^= 1;
    }
    for (size_t len = 0; len < planned.head_bytes; len += 13)
        assert_true(check_facts(slice_sub(view, 0, len), &facts) < 0);
    /* A second one, before, behind and at the end. */
    bytes_init(&twice, CLIP_MAX);
    bytes_slice(&twice, slice_sub(view, 0, BMFF_ROOM_AT + ROOM));
    bytes_slice(&twice, slice_sub(view, BMFF_ROOM_AT, view.len - BMFF_ROOM_AT));
    assert_true(check_facts(bytes_view(&twice), &facts) < 0);
    bytes_clear(&twice);
    bytes_slice(&twice, view);
    bytes_slice(&twice, slice_sub(view, BMFF_ROOM_AT, ROOM));
    assert_true(check_facts(bytes_view(&twice), &facts) < 0);
    bytes_release(&twice);
    bytes_release(&made);
}

/* ---- the second reader ---- */

static int check_bytes(struct slice view)
{
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_facts facts = {0};

    return bmff_check(&source, &facts, NULL);
}

static void clips_are_no_drafts(void **state)
{
    static const char *const names[] = {"h264.mp4", "quicktime.mov", "hevc_silent.mp4"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes clip = load(names[i]);

        assert_true(check_bytes(bytes_view(&clip)) < 0);
        bytes_release(&clip);
    }
}

/* No four-character code of the head may be another one. */
static void drafts_with_another_box(void **state)
{
    static const char *const types[] = {
        "ftyp", "isom", "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr",
        "vide", "minf", "vmhd", "dinf", "dref", "url ", "stbl", "stsd", "avc1", "avcC", "stts",
        "stss", "ctts", "stsc", "stsz", "stco", "smhd", "soun", "mp4a", "esds", "mdat"};
    struct bytes made = rebuild("h264.mp4", NULL);

    (void)state;
    assert_int_equal(check_bytes(bytes_view(&made)), SH_OK);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        size_t at = find_box(bytes_view(&made), types[i]) + 4;

        made.ptr[at + 2] ^= 0x01;
        if (check_bytes(bytes_view(&made)) == SH_OK)
            fail_msg("a draft with another %s is taken", types[i]);
        made.ptr[at + 2] ^= 0x01;
    }
    bytes_release(&made);
}

/* Insert a box before offset at, growing every box that encloses it; offsets grow too. */
static struct bytes with_box(struct slice whole, size_t at, const char *type)
{
    static const char *const holders[] = {"moov", "trak", "mdia", "minf", "stbl",
                                          "stsd", "avc1", "mp4a", "edts", "dinf"};
    struct bytes out;

    bytes_init(&out, CLIP_MAX);
    bytes_slice(&out, slice_sub(whole, 0, at));
    bytes_u32(&out, 8);
    bytes_text(&out, type);
    bytes_slice(&out, slice_sub(whole, at, whole.len - at));
    for (size_t pos = 4; pos + 4 <= at; pos++)
        for (size_t k = 0; k < COUNT_OF(holders); k++) {
            uint32_t size = get_u32(whole.ptr + pos - 4);

            if (memcmp(whole.ptr + pos, holders[k], 4) == 0 && pos - 4 + size >= at)
                put_u32(out.ptr + pos - 4, size + 8);
        }
    for (size_t pos = 0; pos + 4 <= out.len; pos++)
        if (memcmp(out.ptr + pos, "stco", 4) == 0)
            for (uint32_t i = 0; i < get_u32(out.ptr + pos + 8); i++)
                put_u32(out.ptr + pos + 12 + 4 * i, get_u32(out.ptr + pos + 12 + 4 * i) + 8);
    return out;
}

static void drafts_with_one_box_more(void **state)
{
    static const char *const before[] = {
        "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "vmhd",
        "dinf", "stbl", "stsd", "avcC", "stts", "stsc", "stsz", "stco", "esds", "mdat"};
    static const char *const types[] = {"free", "udta", "meta", "uuid", "sgpd"};
    struct bytes made = rebuild("h264.mp4", NULL);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(before); i++)
        for (size_t k = 0; k < COUNT_OF(types); k++) {
            struct slice view = bytes_view(&made);
            struct bytes more = with_box(view, find_box(view, before[i]), types[k]);
            struct why why = {0};

            if (check_bytes(bytes_view(&more)) == SH_OK)
                fail_msg("a draft with %s before %s is taken", types[k], before[i]);
            /* As a clip it is fine: only the strictness of the second reader refuses it. */
            if (strcmp(before[i], "elst") != 0 && try_clip(bytes_view(&more), &why) < 0)
                fail_msg("a clip with %s before %s: %s", types[k], before[i], why.text);
            bytes_release(&more);
        }
    bytes_release(&made);
}

static void drafts_with_bytes_more_or_less(void **state)
{
    struct bytes made = rebuild("h264.mp4", NULL);
    size_t mdat = find_box(bytes_view(&made), "mdat");
    uint32_t size = get_u32(made.ptr + mdat);

    (void)state;
    for (size_t len = 0; len < made.len; len++)
        assert_true(check_bytes(slice_sub(bytes_view(&made), 0, len)) < 0);
    bytes_u8(&made, 'x');
    assert_true(check_bytes(bytes_view(&made)) < 0); /* a trailer */
    put_u32(made.ptr + mdat, size + 1);
    assert_true(check_bytes(bytes_view(&made)) < 0); /* a byte of mdat that nobody uses */
    bytes_release(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(names_are_sorted),
        cmocka_unit_test(clips_are_rebuilt),
        cmocka_unit_test(facts_are_right),
        cmocka_unit_test(runs_can_be_asked_again),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(prefixes_of_fragments),
        cmocka_unit_test(fragments_are_plain),
        cmocka_unit_test(every_number_at_its_ends),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(not_clips_are_refused),
        cmocka_unit_test(cut_clips_say_what_is_missing),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(large_and_failing_sources),
        cmocka_unit_test(room_behind_ftyp),
        cmocka_unit_test(room_of_another_shape),
        cmocka_unit_test(clips_are_no_drafts),
        cmocka_unit_test(drafts_with_another_box),
        cmocka_unit_test(drafts_with_one_box_more),
        cmocka_unit_test(drafts_with_bytes_more_or_less),
    };

    return cmocka_run_group_tests_name("bmff", tests, NULL, NULL);
}
