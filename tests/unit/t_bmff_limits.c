/*
 * bmff: each limit of a clip at its edge: what is allowed is taken, one more is refused, before
 * any decoder is started.  The clips are made here, field by field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "bmff/bmff.h"

#define CLIP_BYTES (64u << 20)

struct shape {
    uint32_t width_blocks, height_blocks; /* of 16 pixels, in the sequence parameter set */
    uint32_t entry_width, entry_height;   /* in the sample entry; 0: the same */
    uint32_t samples, delta;              /* of the video, in thousandths of a second */
    uint32_t sound_samples;               /* of one tick each; 0: no sound */
    uint32_t tracks;                      /* all; the others are further videos */
    uint32_t depth;                       /* boxes inside of each other around a position */
    bool chunk_each;                      /* each picture in a chunk of its own, at one place */
    size_t bytes;                         /* of the whole file; 0: as it comes */
};
static const struct shape PLAIN = {
    .width_blocks = 4, .height_blocks = 4, .samples = 2, .delta = 40, .tracks = 1};

/* ---- bits of a parameter set ---- */

struct bits {
    uint8_t byte[32];
    size_t count;
};

static void put_bits(struct bits *bits, uint32_t value, unsigned width)
{
    while (width-- > 0) {
        if (value >> width & 1)
            bits->byte[bits->count / 8] |= (uint8_t)(0x80 >> bits->count % 8);
        bits->count++;
    }
}

static void put_ue(struct bits *bits, uint32_t value)
{
    unsigned width = 1;

    while ((value + 1) >> width)
        width++;
    put_bits(bits, 0, width - 1);
    put_bits(bits, value + 1, width);
}

/* ISO/IEC 14496-10 7.3.2.1.1, Baseline. */
static struct bits sps_of(const struct shape *shape)
{
    struct bits bits = {0};

    put_bits(&bits, 0x67420028, 32);
    put_ue(&bits, 0); /* seq_parameter_set_id */
    put_ue(&bits, 0); /* log2_max_frame_num_minus4 */
    put_ue(&bits, 2); /* pic_order_cnt_type */
    put_ue(&bits, 1); /* max_num_ref_frames */
    put_bits(&bits, 0, 1);
    put_ue(&bits, shape->width_blocks - 1);
    put_ue(&bits, shape->height_blocks - 1);
    put_bits(&bits, 0x19, 5); /* frame_mbs_only, direct_8x8; no cropping, no VUI; stop bit */
    bits.count = (bits.count + 7) / 8 * 8;
    return bits;
}

/* ---- boxes ---- */

static size_t begin(struct bytes *out, const char *type)
{
    bytes_u32(out, 0);
    bytes_append(out, type, 4);
    return out->len - 8;
}

static void put_u32(struct bytes *out, size_t at, size_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out->ptr[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

static void end(struct bytes *out, size_t at)
{
    put_u32(out, at, out->len - at);
}

static void zeros(struct bytes *out, size_t count)
{
    while (count-- > 0)
        bytes_u8(out, 0);
}

static void matrix(struct bytes *out)
{
    static const uint32_t values[] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

    for (size_t i = 0; i < COUNT_OF(values); i++)
        bytes_u32(out, values[i]);
}

static void put_mvhd(struct bytes *out, uint32_t duration)
{
    size_t at = begin(out, "mvhd");

    zeros(out, 12);
    bytes_u32(out, 1000);
    bytes_u32(out, duration);
    bytes_u32(out, 0x10000);
    bytes_u32(out, 0x01000000);
    zeros(out, 8);
    matrix(out);
    zeros(out, 24);
    bytes_u32(out, 99);
    end(out, at);
}

static void put_tkhd(struct bytes *out, uint32_t id, uint32_t duration)
{
    size_t at = begin(out, "tkhd");

    bytes_u32(out, 3);
    zeros(out, 8);
    bytes_u32(out, id);
    zeros(out, 4);
    bytes_u32(out, duration);
    zeros(out, 16);
    matrix(out);
    bytes_u32(out, 64u << 16);
    bytes_u32(out, 64u << 16);
    end(out, at);
}

static void put_avc1(struct bytes *out, const struct shape *shape)
{
    struct bits sps = sps_of(shape);
    size_t at = begin(out, "avc1"), inner;
    uint32_t width = shape->entry_width ? shape->entry_width : shape->width_blocks * 16;
    uint32_t height = shape->entry_height ? shape->entry_height : shape->height_blocks * 16;

    zeros(out, 6);
    bytes_u16(out, 1);
    zeros(out, 16);
    bytes_u32(out, width << 16 | height);
    bytes_u32(out, 0x480000);
    bytes_u32(out, 0x480000);
    zeros(out, 4);
    bytes_u16(out, 1);
    zeros(out, 32);
    bytes_u32(out, 0x0018ffff);
    inner = begin(out, "avcC");
    bytes_append(out, "\x01\x42\x00\x28\xff\xe1", 6);
    bytes_u16(out, (uint16_t)(sps.count / 8));
    bytes_append(out, sps.byte, sps.count / 8);
    bytes_append(out, "\x01\x00\x04\x68\xce\x38\x80", 7);
    end(out, inner);
    end(out, at);
}

static void put_mp4a(struct bytes *out)
{
    size_t at = begin(out, "mp4a"), inner;

    zeros(out, 6);
    bytes_u16(out, 1);
    zeros(out, 8);
    bytes_u32(out, 0x00010010);
    zeros(out, 4);
    bytes_u32(out, 48000u << 16);
    inner = begin(out, "esds");
    zeros(out, 4);
    bytes_append(out, "\x03\x19\x00\x01\x00\x04\x11\x40\x15", 9);
    zeros(out, 11);
    bytes_append(out, "\x05\x02\x11\x88\x06\x01\x02", 7);
    end(out, inner);
    end(out, at);
}

struct media {
    const char *handler;
    uint32_t timescale, samples, delta, sample_bytes;
    bool chunk_each;
    size_t *offsets; /* where the first chunk offset stands, and how many */
    uint32_t *chunks;
};

static void put_tables(struct bytes *out, const struct media *media)
{
    uint32_t chunks = media->chunk_each ? media->samples : 1;
    size_t at = begin(out, "stts");

    bytes_u32(out, 0);
    bytes_u32(out, 1);
    bytes_u32(out, media->samples);
    bytes_u32(out, media->delta);
    end(out, at);
    at = begin(out, "stsc");
    bytes_u32(out, 0);
    bytes_u32(out, 1);
    bytes_u32(out, 1);
    bytes_u32(out, media->samples / chunks);
    bytes_u32(out, 1);
    end(out, at);
    at = begin(out, "stsz");
    bytes_u32(out, 0);
    bytes_u32(out, media->sample_bytes);
    bytes_u32(out, media->samples);
    end(out, at);
    at = begin(out, "stco");
    bytes_u32(out, 0);
    bytes_u32(out, chunks);
    *media->offsets = out->len;
    *media->chunks = chunks;
    zeros(out, 4 * (size_t)chunks);
    end(out, at);
}

static void put_media(struct bytes *out, const struct shape *shape, const struct media *media)
{
    bool video = strcmp(media->handler, "vide") == 0;
    size_t mdia = begin(out, "mdia"), at, minf, stbl, inner;

    at = begin(out, "mdhd");
    zeros(out, 12);
    bytes_u32(out, media->timescale);
    bytes_u32(out, media->samples * media->delta);
    bytes_u32(out, 0x55c40000);
    end(out, at);
    at = begin(out, "hdlr");
    zeros(out, 8);
    bytes_append(out, media->handler, 4);
    zeros(out, 13);
    end(out, at);
    minf = begin(out, "minf");
    at = begin(out, video ? "vmhd" : "smhd");
    bytes_u32(out, video);
    zeros(out, video ? 8 : 4);
    end(out, at);
    at = begin(out, "dinf");
    inner = begin(out, "dref");
    bytes_append(out, "\0\0\0\0\0\0\0\1\0\0\0\x0curl \0\0\0\1", 20);
    end(out, inner);
    end(out, at);
    stbl = begin(out, "stbl");
    at = begin(out, "stsd");
    bytes_u32(out, 0);
    bytes_u32(out, 1);
    if (video)
        put_avc1(out, shape);
    else
        put_mp4a(out);
    end(out, at);
    put_tables(out, media);
    end(out, stbl);
    end(out, minf);
    end(out, mdia);
}

/* A position in udta, behind `depth` boxes inside of each other, moov counted. */
static void put_position(struct bytes *out, uint32_t depth)
{
    size_t open[64];
    uint32_t n = 0;

    for (; n + 1 < depth; n++)
        open[n] = begin(out, "minf");
    open[n++] = begin(out, "udta");
    open[n] = begin(out, "\xa9xyz");
    bytes_append(out, "\0\x12\x15\xc7+46.4825+030.7233/", 22);
    for (;; n--) {
        end(out, open[n]);
        if (!n)
            break;
    }
}

static struct bytes make(const struct shape *shape)
{
    size_t offsets[LIMIT_TRACKS + 2], moov, at, mdat, first;
    uint32_t chunks[LIMIT_TRACKS + 2], tracks = shape->tracks + (shape->sound_samples > 0);
    struct bytes out;

    bytes_init(&out, CLIP_BYTES);
    bytes_append(&out,
                 "\0\0\0\x10"
                 "ftypisom\0\0\2\0",
                 16);
    moov = begin(&out, "moov");
    put_mvhd(&out, shape->samples * shape->delta);
    for (uint32_t i = 0; i < tracks; i++) {
        bool sound = i == shape->tracks;
        struct media media = {.handler = sound ? "soun" : "vide",
                              .timescale = sound ? 48000 : 1000,
                              .samples = sound ? shape->sound_samples : shape->samples,
                              .delta = sound ? 1 : shape->delta,
                              .sample_bytes = sound ? 2 : 6,
                              .chunk_each = shape->chunk_each,
                              .offsets = &offsets[i],
                              .chunks = &chunks[i]};

        at = begin(&out, "trak");
        put_tkhd(&out, i + 1, sound ? 1 : shape->samples * shape->delta);
        put_media(&out, shape, &media);
        end(&out, at);
    }
    if (shape->depth)
        put_position(&out, shape->depth);
    end(&out, moov);
    mdat = begin(&out, "mdat");
    first = out.len;
    for (uint32_t i = 0; i < (shape->chunk_each ? 1 : shape->samples); i++)
        bytes_append(&out, "\0\0\0\2\x65\x88", 6);
    for (uint32_t i = 0; i < tracks; i++)
        for (uint32_t j = 0; j < chunks[i]; j++)
            put_u32(&out, offsets[i] + 4 * (size_t)j,
                    shape->sound_samples && i == shape->tracks ? out.len : first);
    for (uint32_t i = 0; i < shape->sound_samples; i++)
        bytes_append(&out, "\0\x07", 2); /* A single channel element that says nothing. */
    while (out.len < shape->bytes)
        bytes_u8(&out, 0);
    end(&out, mdat);
    assert_int_equal(bytes_check(&out, NULL), SH_OK);
    assert_true(!shape->bytes || out.len == shape->bytes);
    return out;
}

/* ---- what is said to it ---- */

static void taken(const struct shape *shape, const char *what)
{
    struct bytes clip = make(shape);
    struct slice view = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct why why = {0};

    if (bmff_plan_make(&source, &plan, &why) != SH_OK)
        fail_msg("%s: refused at its edge: %s", what, why.text);
    bmff_plan_release(&plan);
    bytes_release(&clip);
}

static void refused(const struct shape *shape, const char *what, const char *words)
{
    struct bytes clip = make(shape);
    struct slice view = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&view);
    struct bmff_plan plan = {0};
    struct why why = {0};
    int rc = bmff_plan_make(&source, &plan, &why);

    if (rc >= 0 || !strstr(why.text, words))
        fail_msg("%s: one more gives %d, expected \"%s\": %s", what, rc, words, why.text);
    bytes_release(&clip);
}

static void pixels(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.width_blocks = 4096 / 16;
    shape.height_blocks = LIMIT_PIXELS / 4096 / 16;
    taken(&shape, "pixels");
    shape.height_blocks++;
    refused(&shape, "pixels", "4096x2320");
    /* What the sample entry says is not what a decoder will see. */
    shape.entry_width = shape.entry_height = 64;
    refused(&shape, "pixels of the parameter set alone", "9502720 pixels");
    shape = PLAIN;
    shape.entry_width = 4096;
    shape.entry_height = LIMIT_PIXELS / 4096 + 1;
    refused(&shape, "pixels of the sample entry alone", "4096x2305");
}

/* One second is given for free: at 333 a second a thousand pictures are the most. */
static void frame_rate(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.delta = 4;
    shape.samples = 10000;
    taken(&shape, "250 pictures a second");
    shape.delta = 3;
    shape.samples = 1000;
    taken(&shape, "pictures a second");
    shape.samples++;
    refused(&shape, "pictures a second", "more than 250 pictures a second");
}

static void duration(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.samples = 1;
    shape.delta = LIMIT_CLIP_SECONDS * 1000;
    taken(&shape, "duration");
    shape.delta++;
    refused(&shape, "duration", "longer than 3 h");
}

static void tracks(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.tracks = LIMIT_TRACKS;
    taken(&shape, "tracks");
    shape.tracks++;
    refused(&shape, "tracks", "more than 16 tracks");
}

static void samples(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.sound_samples = LIMIT_SAMPLES + 1;
    refused(&shape, "samples", "3000001 samples, 3000000 are the most");
    shape.sound_samples--;
    taken(&shape, "samples");
}

/* Samples that lie on each other make a small file large; never larger than it is. */
static void sum_of_sizes(void **state)
{
    struct shape shape = PLAIN;

    (void)state;
    shape.samples = 600;
    shape.chunk_each = true;
    shape.bytes = 600 * 6;
    taken(&shape, "sum of sample sizes");
    shape.bytes--;
    refused(&shape, "sum of sample sizes", "3600");
}

/* What lies deeper is dropped unread by the rebuild; who looks for values says that it is. */
static void depth(void **state)
{
    static struct bmff_leaks leaks; /* Large. */
    struct shape shape = PLAIN;

    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        struct bytes clip;
        struct slice view;
        struct bmff_source source;

        shape.depth = LIMIT_BOX_DEPTH + over;
        taken(&shape, "depth");
        clip = make(&shape);
        view = bytes_view(&clip);
        source = bmff_source_slice(&view);
        assert_int_equal(bmff_leaks_find(&source, &leaks, NULL), SH_OK);
        assert_int_equal(leaks.count > 0 && leaks.leak[0].has_position, !over);
        assert_int_equal((leaks.unseen & BMFF_UNSEEN_MORE) != 0, over);
        bytes_release(&clip);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels), cmocka_unit_test(frame_rate), cmocka_unit_test(duration),
        cmocka_unit_test(tracks), cmocka_unit_test(samples),    cmocka_unit_test(sum_of_sizes),
        cmocka_unit_test(depth),
    };

    return cmocka_run_group_tests_name("bmff_limits", tests, NULL, NULL);
}
