/* The scanner of coded samples: what it takes out, what it leaves, and leaves again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scan_scene.h"

#define AVC FOURCC('a', 'v', 'c', '1')
#define HEVC FOURCC('h', 'v', 'c', '1')
#define AV1 FOURCC('a', 'v', '0', '1')
#define AAC FOURCC('m', 'p', '4', 'a')
#define ALAC FOURCC('a', 'l', 'a', 'c')
#define OPUS FOURCC('O', 'p', 'u', 's')

/* Bytes from digits; blanks are passed over. */
static struct bytes hex(const char *text)
{
    struct bytes out;
    unsigned high = 16;

    bytes_init(&out, 1 << 16);
    for (; *text; text++) {
        unsigned digit = *text <= '9' ? (unsigned)(*text - '0') : (unsigned)(*text - 'a' + 10);

        if (*text == ' ')
            continue;
        if (high == 16) {
            high = digit;
        } else {
            bytes_u8(&out, (uint8_t)(high << 4 | digit));
            high = 16;
        }
    }
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    return out;
}

/* lengthSizeMinusOne in both places; one stream of Opus. */
static struct slice record_of(unsigned prefix)
{
    static uint8_t record[22];

    memset(record, 0, sizeof(record));
    record[4] = record[21] = (uint8_t)(prefix - 1);
    return slice_of(record, sizeof(record));
}

struct wanted {
    uint32_t codec;
    unsigned prefix;
    const char *sample;
    const char *left; /* NULL: refused */
};

static void check(const struct wanted *wanted)
{
    struct scene scene;
    struct bytes sample = hex(wanted->sample);
    struct bytes left = hex(wanted->left ? wanted->left : "");
    struct bytes got;
    struct why why = {0};
    int rc;

    print_message("  %s\n", wanted->sample);
    bytes_init(&got, 1 << 16);
    scene_init(&scene, wanted->codec, record_of(wanted->prefix));
    rc = scene_scan(&scene, bytes_view(&sample), (uint32_t)sample.len, &got, &why);
    if (!wanted->left) {
        assert_int_equal(rc, SH_EFORMAT);
        assert_non_null(strstr(why.text, "sample 1"));
    } else {
        bool same = slice_equal(bytes_view(&sample), bytes_view(&left));
        enum bmff_removed kind =
            scene.state.video.video ? BMFF_REMOVED_PICTURE_DATA : BMFF_REMOVED_SOUND_DATA;

        assert_int_equal(rc, SH_OK);
        assert_int_equal(got.len, left.len);
        assert_memory_equal(got.ptr, left.ptr, left.len);
        assert_int_equal(scene.state.census.removed, same ? 0 : 1u << kind);
        assert_int_equal(scene.state.video.changes.cut, sample.len - left.len);
        assert_int_equal(scene.state.video.changes.sizes.len, sample.len == left.len ? 0 : 4);
    }
    assert_true(scene_settles(wanted->codec, record_of(wanted->prefix), bytes_view(&sample)));
    /* Every prefix of it is taken or refused with a word, and settles too. */
    for (size_t len = 0; len < sample.len; len++)
        assert_true(
            scene_settles(wanted->codec, record_of(wanted->prefix), slice_of(sample.ptr, len)));
    scene_release(&scene);
    bytes_release(&sample);
    bytes_release(&left);
    bytes_release(&got);
}

static void check_all(const struct wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(&wanted[i]);
}

#define IDR "00000002 6588"
#define MASTERING "8918 000102030405060708090a0b0c0d0e0f1011121314151617"

/* Pictures of 64 x 48, without VUI. */
#define SEQUENCE_AVC "42001eda11e4"

static void avc_units(void **state)
{
    static const struct wanted wanted[] = {
        {AVC, 4, IDR, IDR},
        /* user data, alone and behind a kept message; the length is corrected */
        {AVC, 4, "00000008 06 05 04 61626364 80" IDR, IDR},
        {AVC, 4, "0000000b 06 0601c4 05 04 61626364 80" IDR, "00000005 06 0601c4 80" IDR},
        {AVC, 4, "0000000b 06 05 04 61626364 0601c4 80" IDR, "00000005 06 0601c4 80" IDR},
        /* pic_timing holds a clock; frame packing, closed captions */
        {AVC, 4, "00000006 06 01 02 1234 80" IDR, IDR},
        {AVC, 4, "00000006 06 2d 02 1234 80" IDR, IDR},
        {AVC, 4, "00000006 06 04 02 b500 80" IDR, IDR},
        /* colour and light of exact size, once each */
        {AVC, 4, "0000001c 06" MASTERING "80" IDR, "0000001c 06" MASTERING "80" IDR},
        {AVC, 4, "0000000b 06 9004 03e80190 930112 80" IDR,
         "0000000b 06 9004 03e80190 930112 80" IDR},
        {AVC, 4, "0000000c 06 9005 03e8019041 930112 80" IDR, "00000005 06 930112 80" IDR},
        {AVC, 4, "00000008 06 930112 930113 80" IDR, "00000005 06 930112 80" IDR},
        /* recovery_point with bits more than it has; bytes behind the end of the unit */
        {AVC, 4, "00000006 06 0602 c441 80" IDR, IDR},
        {AVC, 4, "00000005 06 0601c5 80" IDR, IDR},
        {AVC, 4, "00000009 06 0601c4 80 41424344" IDR, "00000005 06 0601c4 80" IDR},
        /* emulation prevention: kept, and written again when others go */
        {AVC, 4, "00000009 06 9004 000003 0190 80" IDR, "00000009 06 9004 000003 0190 80" IDR},
        {AVC, 4, "0000000d 06 0502 6162 9004 000003 0190 80" IDR,
         "00000009 06 9004 000003 0190 80" IDR},
        /* filler, prefix units, subset sets, depth, auxiliary, extensions, unspecified, zero */
        {AVC, 4, "00000004 0cffff80" IDR "00000002 0e41 00000002 0f41", IDR},
        {AVC, 4, "00000002 1041 00000002 1341 00000002 1441" IDR "00000002 1f41", IDR},
        {AVC, 4, "00000002 0041" IDR "00000002 1841 00000002 e541", IDR},
        /* a unit of nothing, and bytes that are no unit */
        {AVC, 4, "00000000" IDR "00000000 4142", IDR},
        /* delimiters in their one form, ends without a tail */
        {AVC, 4, "00000002 09f0" IDR "00000001 0a 00000001 0b",
         "00000002 09f0" IDR "00000001 0a 00000001 0b"},
        {AVC, 4, "00000003 09f041" IDR "00000003 0a4142", IDR "00000001 0a"},
        {AVC, 4, "00000002 09f1" IDR "00000002 0b41", IDR "00000001 0b"},
        /* lengths of two bytes and of one */
        {AVC, 2, "0005 06 05 01 61 80 0002 6588", "0002 6588"},
        {AVC, 1, "08 06 0601c4 05 01 61 80 02 4188", "05 06 0601c4 80 02 4188"},
        /* nothing left, and a unit longer than its sample */
        {AVC, 4, "00000008 06 05 04 61626364 80", NULL},
        {AVC, 4, "00000003 6588", NULL},
        {AVC, 4, "0000", NULL},
        /* sets: as they are, without what stands behind their end, extended, unreadable */
        {AVC, 4, "00000007 67" SEQUENCE_AVC "00000004 68ce3c80" IDR,
         "00000007 67" SEQUENCE_AVC "00000004 68ce3c80" IDR},
        {AVC, 4, "0000000b 67" SEQUENCE_AVC "41424344 00000006 68ce3c800000" IDR,
         "00000007 67" SEQUENCE_AVC "00000004 68ce3c80" IDR},
        {AVC, 4, "00000003 6d4142" IDR, IDR},
        {AVC, 4, "00000002 6800" IDR, NULL},
        {AVC, 4, "00000001 67" IDR, NULL},
    };

    (void)state;
    check_all(wanted, COUNT_OF(wanted));
}

#define TRAIL "00000003 0201d0" /* TRAIL_R of the base layer */

static void hevc_units(void **state)
{
    static const struct wanted wanted[] = {
        {HEVC, 4, TRAIL, TRAIL},
        {HEVC, 4, "00000009 4e01 05 04 61626364 80" TRAIL, TRAIL},
        {HEVC, 4, TRAIL "00000007 5001 84 02 1234 80", TRAIL},
        {HEVC, 4, "0000001d 4e01" MASTERING "80" TRAIL, "0000001d 4e01" MASTERING "80" TRAIL},
        {HEVC, 4, "0000000c 4e01 9004 03e80190 0102 1234" TRAIL,
         "00000009 4e01 9004 03e80190 80" TRAIL},
        {HEVC, 4, "00000006 4e01 0601d0 80" TRAIL, "00000006 4e01 0601d0 80" TRAIL},
        /* Dolby Vision, further layers, filler, reserved types, no temporal id */
        {HEVC, 4, TRAIL "00000003 7c0141 00000003 7e0141", TRAIL},
        {HEVC, 4, TRAIL "00000003 020941 00000003 030141", TRAIL},
        {HEVC, 4, TRAIL "00000003 4c01ff 00000003 1401ff 00000003 2c01ff", TRAIL},
        {HEVC, 4, TRAIL "00000003 0200d0 00000003 5201d0 00000001 02", TRAIL},
        {HEVC, 4, "00000003 460150" TRAIL "00000002 4801 00000002 4a01",
         "00000003 460150" TRAIL "00000002 4801 00000002 4a01"},
        {HEVC, 4, "00000004 46015041" TRAIL "00000004 48014142", TRAIL "00000002 4801"},
        {HEVC, 2, "0005 4e01 050080 0003 2601d0", "0003 2601d0"},
        {HEVC, 4, "00000003 7c0141", NULL},
        {HEVC, 4, "00000003 4201ff" TRAIL, NULL},
    };

    (void)state;
    check_all(wanted, COUNT_OF(wanted));
}

/* Of pictures of 160 x 96, as an encoder writes it: 79 bits and the trailing one. */
#define SEQUENCE "00000003b4fdf00be001"

static void av1_units(void **state)
{
    static const struct wanted wanted[] = {
        {AV1, 1, "1200 0a0a" SEQUENCE "32021020", "1200 0a0a" SEQUENCE "32021020"},
        /* a sequence header with bytes behind its end, or bits; one that cannot be read */
        {AV1, 1, "0a0c" SEQUENCE "4142 32021020", "0a0a" SEQUENCE "32021020"},
        {AV1, 1, "0a8c00" SEQUENCE "4142 32021020", "0a0a" SEQUENCE "32021020"},
        {AV1, 1, "0e200b" SEQUENCE "41 32021020", "0e200a" SEQUENCE "32021020"},
        {AV1, 1, "32021020 08" SEQUENCE "4142", "32021020 08" SEQUENCE},
        {AV1, 1, "32021020 0a0a00000003b4fdf00be000", "32021020 0a0a" SEQUENCE},
        {AV1, 1, "0a020a0b 32021020", NULL},
        /* metadata: T.35, timecode, scalability; light levels of exact size */
        {AV1, 1, "1200 2a0304b541 2a020541 32021020", "1200 32021020"},
        {AV1, 1, "2a060103e8019080 32021020", "2a060103e8019080 32021020"},
        {AV1, 1, "2a070103e801908041 32021020", "32021020"},
        {AV1, 1, "2a060103e8019081 32021020", "32021020"},
        {AV1, 1, "2a1a02 000102030405060708090a0b0c0d0e0f1011121314151617 80 32021020",
         "2a1a02 000102030405060708090a0b0c0d0e0f1011121314151617 80 32021020"},
        /* padding, tile list, reserved types, a delimiter that says something */
        {AV1, 1, "7a0241ff 42024142 4a024142 12024142 32021020", "32021020"},
        /* the last one without a size; kept and cut */
        {AV1, 1, "1200 30102030", "1200 30102030"},
        {AV1, 1, "32021020 2804b541", "32021020"},
        /* extension byte, a size in more bytes than needed, header and tiles apart */
        {AV1, 1, "3608021020 1a838000102030 22024142 3a0110",
         "3608021020 1a838000102030 22024142 3a0110"},
        {AV1, 1, "2a0304b541", NULL},
        {AV1, 1, "32051020", NULL},
        {AV1, 1, "32ffffffffffffffffff01", NULL},
        {AV1, 1, "b2024142 32021020", "32021020"},
    };

    (void)state;
    check_all(wanted, COUNT_OF(wanted));
}

/* Bits: 100 DSE, tag 0, align, count; 110 FIL, count; 000 SCE. */
static void aac_elements(void **state)
{
    static const struct wanted wanted[] = {
        /* DSE aligned: 100 0000 1 00000011, then three bytes; 000 0 0000 behind */
        {AAC, 1, "81 03 414243 00 1234", "81 03 000000 00 1234"},
        /* not aligned: 100 0000 0 00000010, the same here */
        {AAC, 1, "80 02 4142 00 1234", "80 02 0000 00 1234"},
        /* FIL 110 0010, payload from bit 7: 0 0000 0000 1111 111 . 000 */
        {AAC, 1, "c4 01 fe 0010", "c4 00 00 0010"},
        /* SBR 1101, dynamic range 1011, surround 1100: sound */
        {AAC, 1, "c5 a7 c0 0010", "c5 a7 c0 0010"},
        {AAC, 1, "c5 67 c0 0010", "c5 67 c0 0010"},
        {AAC, 1, "c5 87 c0 0010", "c5 87 c0 0010"},
        /* fill as the standard writes it: 0001 0000 10100101 */
        {AAC, 1, "c4 21 4a 0010", "c4 21 4a 0010"},
        {AAC, 1, "c4 01 4a 0010", "c4 01 4a 0010"},
        {AAC, 1, "c4 21 4c 0010", "c4 00 00 0010"},
        /* reserved kinds, and two in a row: 110 0001 0111 1111 | 110 0001 0100 0001 . 000 */
        {AAC, 1, "c2 ff 85 04 00", "c2 01 84 00 00"},
        /* a comment in a program configuration */
        {AAC, 1, "a0 0800 0000 40 80 03 414243 0012", NULL},
        /* ID_END at once, and what stands behind it; also in the byte of a fill */
        {AAC, 1, "ff 4142", "e0 0000"},
        {AAC, 1, "c2 83 ff 41", "c2 01 c0 00"},
        {AAC, 1, "e0 00", "e0 00"},
        /* a channel element first: nothing is looked at behind it */
        {AAC, 1, "00 8103414243", "00 8103414243"},
        {AAC, 1, "21 8103414243", "21 8103414243"},
        /* longer than the sample */
        {AAC, 1, "81 05 4142", NULL},
        /* ALAC has no kinds of fill, and no other elements in front */
        {ALAC, 1, "c5 a7 c0 0010", "c4 00 00 0010"},
        {ALAC, 1, "81 03 414243 00 1234", "81 03 000000 00 1234"},
        {ALAC, 1, "20 1234", "20 1234"},
    };

    (void)state;
    check_all(wanted, COUNT_OF(wanted));
}

static void opus_packets(void **state)
{
    static const struct wanted wanted[] = {
        {OPUS, 1, "fc 112233", "fc 112233"},
        {OPUS, 1, "03 41 04 1122 41424344", "03 41 04 1122 00000000"},
        {OPUS, 1, "03 41 00 1122", "03 41 00 1122"},
        {OPUS, 1, "03 c2 03 01 11 2233 414243", "03 c2 03 01 11 2233 000000"},
        {OPUS, 1, "03 42 02 1122 0000", "03 42 02 1122 0000"},
        {OPUS, 1, "02 02 1122 33", "02 02 1122 33"},
        {OPUS, 1, "03 41 09 1122", NULL},
        {OPUS, 1, "02 09 1122", NULL},
        {OPUS, 1, "03", NULL},
    };

    (void)state;
    check_all(wanted, COUNT_OF(wanted));
}

/* Two streams: the first says its own length (RFC 6716 appendix B). */
static void opus_streams(void **state)
{
    uint8_t record[12] = {[10] = 1, [11] = 2};
    struct bytes sample = hex("03 41 02 03 112233 4142 fc 1122");
    struct bytes got;
    struct scene scene;
    struct why why = {0};

    (void)state;
    bytes_init(&got, 64);
    scene_init(&scene, OPUS, slice_of(record, sizeof(record)));
    assert_int_equal(scene_scan(&scene, bytes_view(&sample), (uint32_t)sample.len, &got, &why),
                     SH_OK);
    sample.ptr[7] = sample.ptr[8] = 0;
    assert_memory_equal(got.ptr, sample.ptr, sample.len);
    scene_release(&scene);
    bytes_release(&sample);
    bytes_release(&got);
}

/* DSE of 510 bytes, padding of Opus beyond one block of zeros: none is cut short. */
static void long_payloads(void **state)
{
    struct bytes sample;
    struct bytes got;
    struct scene scene;
    struct why why = {0};

    (void)state;
    bytes_init(&sample, 1 << 16);
    bytes_init(&got, 1 << 16);
    bytes_append(&sample, "\x81\xff\xff", 3);
    for (unsigned i = 0; i < 510; i++)
        bytes_u8(&sample, 'x');
    bytes_u16(&sample, 0x0012);
    scene_init(&scene, AAC, record_of(1));
    assert_int_equal(scene_scan(&scene, bytes_view(&sample), (uint32_t)sample.len, &got, &why),
                     SH_OK);
    assert_int_equal(got.len, sample.len);
    for (size_t i = 3; i < 513; i++)
        assert_int_equal(got.ptr[i], 0);
    assert_memory_equal(got.ptr + 513, "\x00\x12", 2);
    scene_release(&scene);
    bytes_clear(&sample);
    bytes_clear(&got);
    bytes_append(&sample, "\x03\x41", 2);
    for (unsigned i = 0; i < 20; i++)
        bytes_u8(&sample, 255);
    bytes_u8(&sample, 0);
    bytes_u8(&sample, 0x77);
    for (unsigned i = 0; i < 20 * 254; i++)
        bytes_u8(&sample, 'x');
    scene_init(&scene, OPUS, record_of(1));
    assert_int_equal(scene_scan(&scene, bytes_view(&sample), (uint32_t)sample.len, &got, &why),
                     SH_OK);
    assert_int_equal(got.len, sample.len);
    assert_int_equal(got.ptr[23], 0x77);
    for (size_t i = 24; i < got.len; i++)
        assert_int_equal(got.ptr[i], 0);
    scene_release(&scene);
    bytes_release(&sample);
    bytes_release(&got);
}

/* A bit less in one of many samples: the sizes of all are written anew, the others stay. */
static void sizes_of_many(void **state)
{
    struct bytes whole;
    struct bytes got;
    struct bytes shrunk = hex("00000005 06 05 01 61 80" IDR);
    struct bytes plain = hex("00000009 6588 01020304050607 00000000");
    struct scene scene;
    struct why why = {0};

    (void)state;
    plain.len = shrunk.len;
    plain.ptr[3] = (uint8_t)(plain.len - 4);
    bytes_init(&whole, 1 << 16);
    bytes_init(&got, 1 << 16);
    for (unsigned i = 0; i < 9; i++)
        bytes_slice(&whole, bytes_view(i % 4 == 2 ? &shrunk : &plain));
    scene_init(&scene, AVC, record_of(4));
    assert_int_equal(scene_scan(&scene, bytes_view(&whole), (uint32_t)plain.len, &got, &why),
                     SH_OK);
    assert_int_equal(scene.state.video.changes.cut, 2 * 9);
    assert_int_equal(got.len, whole.len - 2 * 9);
    assert_int_equal(scene.state.video.changes.sizes.len, 9 * 4);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(scene.state.video.changes.sizes.ptr[4 * i + 3],
                         i % 4 == 2 ? 6 : plain.len);
    scene_release(&scene);
    bytes_release(&whole);
    bytes_release(&got);
    bytes_release(&shrunk);
    bytes_release(&plain);
}

/* Chunks that lie over each other have their changes each. */
static void chunks_that_overlap(void **state)
{
    struct bytes whole = hex("00000005 06 05 01 61 80" IDR);
    struct slice view = bytes_view(&whole);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct bmff_run run;
    struct scene scene;
    struct why why = {0};
    unsigned runs = 0;

    (void)state;
    scene_init(&scene, AVC, record_of(4));
    scene.state.video.samples = 2;
    scene.state.video.size_all = (uint32_t)whole.len;
    scene.state.video.chunk = (struct bmff_table){.rows = slice_of(scene.stco, 8), .count = 2};
    assert_int_equal(bmff_scan_clip(&source, &scene.state, &why), SH_OK);
    assert_int_equal(scene.state.video.changes.rows.len, 2 * sizeof(struct bmff_change));
    plan.state = &scene.state;
    for (unsigned again = 0; again < 2; again++) {
        bmff_plan_rewind(&plan);
        for (runs = 0; bmff_plan_next(&plan, &run); runs++) {
            assert_int_equal(run.offset, 9);
            assert_int_equal(run.len, 6);
            assert_null(run.bytes);
        }
        assert_int_equal(runs, 2);
    }
    scene_release(&scene);
    bytes_release(&whole);
}

static void limits_hold(void **state)
{
    struct bytes whole;
    struct bytes got;
    struct scene scene;
    struct why why = {0};

    (void)state;
    bytes_init(&whole, (size_t)LIMIT_SAMPLE_CHANGES * 4 + 64);
    bytes_init(&got, (size_t)LIMIT_SAMPLE_CHANGES * 4 + 64);
    for (unsigned i = 0; i < LIMIT_SAMPLE_CHANGES; i++)
        bytes_append(&whole, "\x01\x41\x01\x0c", 4);
    scene_init(&scene, AVC, record_of(1));
    assert_int_equal(scene_scan(&scene, bytes_view(&whole), (uint32_t)whole.len, &got, &why),
                     SH_OK);
    assert_int_equal(got.len, whole.len / 2);
    scene_release(&scene);
    bytes_append(&whole, "\x01\x41\x01\x0c", 4);
    scene_init(&scene, AVC, record_of(1));
    assert_int_equal(scene_scan(&scene, bytes_view(&whole), (uint32_t)whole.len, &got, &why),
                     SH_ELIMIT);
    assert_non_null(strstr(why.text, "pieces"));
    scene_release(&scene);
    /* An SEI unit that is looked into, and one that is too long for it, of kept messages. */
    for (unsigned more = 0; more < 2; more++) {
        bytes_clear(&whole);
        bytes_clear(&got);
        bytes_u32(&whole, LIMIT_SEI_BYTES + more);
        bytes_append(&whole, "\x06\x06\x01\xc4\x80", 5);
        while (whole.len < 4 + LIMIT_SEI_BYTES + more)
            bytes_u8(&whole, 0xff);
        bytes_append(&whole, "\0\0\0\2\x65\x88", 6);
        scene_init(&scene, AVC, record_of(4));
        assert_int_equal(
            scene_scan(&scene, bytes_view(&whole), (uint32_t)whole.len, &got, &why), SH_OK);
        assert_int_equal(got.len, more ? 6 : 15);
        scene_release(&scene);
    }
    bytes_release(&whole);
    bytes_release(&got);
}

/* A set between the pictures asks for the decoder's memory as the one in front does. */
static void large_pictures_in_between(void **state)
{
    /* 42 00 1e, then: set 0, frame numbers 4, order 2, 1 reference, 0, 601 x 501 macroblocks */
    struct bytes whole = hex("0000000b 6742001eda0025900fae40" IDR);
    struct bytes got;
    struct scene scene;
    struct why why = {0};
    uint64_t pixels = 0;

    (void)state;
    bytes_init(&got, 64);
    scene_init(&scene, AVC, record_of(4));
    assert_true(bmff_picture_avc(slice_of(whole.ptr + 4, 11), &pixels));
    assert_true(pixels > LIMIT_PIXELS);
    assert_int_equal(scene_scan(&scene, bytes_view(&whole), (uint32_t)whole.len, &got, &why),
                     SH_ELIMIT);
    assert_non_null(strstr(why.text, "pixels"));
    scene_release(&scene);
    bytes_release(&whole);
    bytes_release(&got);
}

static int read_never(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    (void)ctx;
    (void)offset;
    (void)buf;
    (void)len;
    return why_set(why, SH_EIO, offset, "the stick is gone");
}

static void a_source_that_fails(void **state)
{
    static const uint32_t codecs[] = {AVC, HEVC, AV1, AAC, ALAC, OPUS};
    struct bmff_source source = {.read_at = read_never, .size = 100};
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        struct why why = {0};

        scene_init(&scene, codecs[i], record_of(4));
        scene.state.video.size_all = 100;
        assert_int_equal(bmff_scan_clip(&source, &scene.state, &why), SH_EIO);
        assert_string_equal(why.text, "the stick is gone");
        scene_release(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avc_units),
        cmocka_unit_test(hevc_units),
        cmocka_unit_test(av1_units),
        cmocka_unit_test(aac_elements),
        cmocka_unit_test(opus_packets),
        cmocka_unit_test(opus_streams),
        cmocka_unit_test(long_payloads),
        cmocka_unit_test(sizes_of_many),
        cmocka_unit_test(chunks_that_overlap),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(large_pictures_in_between),
        cmocka_unit_test(a_source_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
