/* Tracks: their names, and what their first samples tell. */
#include "bmff/leaks_int.h"

#include <string.h>

#define CHUNKS_MOST 8   /* not a cap: the first chunks of a track that are looked at */
#define VISUAL_BYTES 78 /* of a visual sample entry before its boxes (14496-12 12.1.3) */

static uint32_t codec_of(const struct bmff_leaks_track *track)
{
    struct cursor cur = cursor_of(track->stsd.body);

    rd_skip(&cur, 12); /* version, flags, entry_count, size of the first */
    return rd_u32(&cur);
}

/* ---- where samples lie ---- */

/* How many samples the first chunks hold, by the first row of stsc. */
static uint32_t samples_a_chunk(const struct bmff_leaks_track *track)
{
    struct cursor cur = cursor_of(track->stsc.body);
    uint32_t samples;

    rd_skip(&cur, 12); /* version, flags, entry_count, first_chunk */
    samples = rd_u32(&cur);
    return cur.failed || !samples ? 1 : samples;
}

static uint64_t sample_bytes(const struct bmff_leaks_track *track, uint64_t sample)
{
    struct cursor cur = cursor_of(track->sizes.body);
    uint32_t all;
    uint64_t count;

    rd_skip(&cur, 4);
    all = rd_u32(&cur);
    count = rd_u32(&cur);
    if (cur.failed || sample >= count)
        return 0;
    if (track->sizes.type != FOURCC('s', 't', 's', 'z'))
        return 256; /* stz2 holds small ones: near enough for a look */
    if (all)
        return all;
    if (sample > rd_left(&cur) / 4)
        return 0;
    rd_skip(&cur, (size_t)sample * 4);
    return rd_u32(&cur);
}

/* The bytes of chunk `number`, no more than a window. */
static bool chunk_of(const struct bmff_leaks_track *track, uint32_t number,
                     struct bmff_run *run)
{
    bool wide = track->chunk.type == FOURCC('c', 'o', '6', '4');
    struct cursor cur = cursor_of(track->chunk.body);
    uint32_t each = samples_a_chunk(track);
    uint64_t first = (uint64_t)number * each;
    uint32_t count;

    rd_skip(&cur, 4);
    count = rd_u32(&cur);
    if (cur.failed || number >= count)
        return false;
    rd_skip(&cur, (size_t)number * (wide ? 8 : 4));
    run->offset = wide ? rd_u64(&cur) : rd_u32(&cur);
    if (cur.failed)
        return false;
    run->len = 0;
    for (uint32_t i = 0; i < each && run->len < LIMIT_LEAKS_WINDOW; i++) {
        uint64_t bytes = sample_bytes(track, first + i);

        if (!bytes)
            break;
        run->len += bytes;
    }
    return run->len > 0;
}

/* ---- GoPro: key, type, size, repeat, data (gpmf-parser's documentation) ---- */

struct gpmf {
    int64_t scale[2];
    bool fix;
};

static int64_t gpmf_int(struct slice data, size_t at)
{
    struct cursor cur = cursor_of(data);

    rd_skip(&cur, at);
    return (int32_t)rd_u32(&cur);
}

static void gpmf_item(struct bmff_finder *finder, struct gpmf *state, uint32_t key,
                      struct slice data)
{
    switch (key) {
    case FOURCC('S', 'C', 'A', 'L'):
        state->scale[0] = data.len >= 4 ? gpmf_int(data, 0) : 0;
        state->scale[1] = data.len >= 8 ? gpmf_int(data, 4) : state->scale[0];
        break;
    case FOURCC('G', 'P', 'S', 'F'):
        state->fix = data.len >= 4 && gpmf_int(data, 0) != 0;
        break;
    case FOURCC('G', 'P', 'S', 'U'):
        break; /* Its date has two digits of a year; mvhd tells the same. */
    case FOURCC('G', 'P', 'S', '5'):
    case FOURCC('G', 'P', 'S', '9'):
        if (data.len >= 8 && state->scale[0] > 0 && state->scale[1] > 0)
            bmff_leaks_place(finder, "gpmd", gpmf_int(data, 0) * 10000000 / state->scale[0],
                             gpmf_int(data, 4) * 10000000 / state->scale[1],
                             state->fix ? 5 : 1000);
        break;
    case FOURCC('C', 'A', 'S', 'N'):
        bmff_leaks_text(finder, BMFF_LEAK_IDENTIFIER, "CASN", data);
        break;
    case FOURCC('D', 'V', 'N', 'M'):
    case FOURCC('M', 'I', 'N', 'F'):
        bmff_leaks_text(finder, BMFF_LEAK_DEVICE, bmff_label_of(key).text, data);
        break;
    default:
        break;
    }
}

void bmff_leaks_gpmf(struct bmff_finder *finder, struct slice list)
{
    struct cursor cur = cursor_of(list);
    struct gpmf state = {{0, 0}, true};
    uint32_t key;
    uint8_t type;
    size_t len, pad;

    while (rd_left(&cur) >= 8) {
        key = rd_u32(&cur);
        type = rd_u8(&cur);
        len = rd_u8(&cur);
        len *= rd_u16(&cur);
        if (type == 0)
            continue; /* A list: its items follow. */
        if (len > rd_left(&cur))
            return;
        gpmf_item(finder, &state, key, rd_bytes(&cur, len));
        pad = (4 - len % 4) % 4;
        rd_skip(&cur, pad < rd_left(&cur) ? pad : rd_left(&cur));
    }
}

/* ---- camm: Google's camera motion metadata ---- */

static double little_double(struct cursor *cur)
{
    struct slice raw = rd_bytes(cur, 8);
    uint64_t bits = 0;
    double value = 0;

    for (size_t i = raw.len; i > 0; i--)
        bits = bits << 8 | raw.ptr[i - 1];
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void take_degrees(struct bmff_finder *finder, const char *name, struct cursor *cur)
{
    double lat = little_double(cur);
    double lon = little_double(cur);

    if (!cur->failed && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)
        bmff_leaks_place(finder, name, (int64_t)(lat * 1e7), (int64_t)(lon * 1e7), 5);
}

static void take_camm(struct bmff_finder *finder, struct slice samples)
{
    static const uint8_t sizes[] = {12, 8, 12, 12, 12, 24, 56, 12};
    struct cursor cur = cursor_of(samples);
    struct cursor body;
    uint32_t type;

    while (rd_left(&cur) >= 4) {
        type = rd_u32(&cur); /* two bytes reserved, two of type, the low one first */
        type = (type >> 8 & 0xff) | (type & 0xff) << 8;
        if (type >= COUNT_OF(sizes))
            return;
        body = cursor_of(rd_bytes(&cur, sizes[type]));
        if (type == 6)
            rd_skip(&body, 12); /* time, kind of fix */
        if (type == 5 || type == 6)
            take_degrees(finder, "camm", &body);
    }
}

/* ---- pictures and sound: the encoder's own words ---- */

/* Supplemental messages of one NAL unit: unregistered user data is 16 bytes and a text. */
static void take_sei(struct bmff_finder *finder, struct slice nal, size_t header)
{
    struct cursor cur = cursor_of(nal);
    uint32_t type, size;
    uint8_t next;
    struct slice body;

    rd_skip(&cur, header);
    while (rd_left(&cur) > 2) {
        for (type = 0; (next = rd_u8(&cur)) == 0xff;)
            type += next;
        type += next;
        for (size = 0; (next = rd_u8(&cur)) == 0xff;)
            size += next;
        size += next;
        if (size > rd_left(&cur))
            return;
        body = rd_bytes(&cur, size);
        if (type == 5 && size > 16 && bmff_leaks_char(slice_sub(body, 16, size - 16)))
            bmff_leaks_text(finder, BMFF_LEAK_SOFTWARE, "SEI", slice_sub(body, 16, size - 16));
    }
}

static void take_nals(struct bmff_finder *finder, struct slice sample, unsigned length_bytes,
                      bool hevc)
{
    struct cursor cur = cursor_of(sample);
    uint64_t size;
    struct slice nal;
    unsigned type;

    while (rd_left(&cur) > length_bytes) {
        size = 0;
        for (unsigned i = 0; i < length_bytes; i++)
            size = size << 8 | rd_u8(&cur);
        if (!size || size > rd_left(&cur))
            return;
        nal = rd_bytes(&cur, (size_t)size);
        type = hevc ? nal.ptr[0] >> 1 & 63u : nal.ptr[0] & 31u;
        if (hevc ? type == 39 || type == 40 : type == 6)
            take_sei(finder, nal, hevc ? 2 : 1);
    }
}

/* Boxes of a sample entry that hold a decoder's numbers, and no text by any rule. */
static bool is_numbers(const struct bmff_box *box)
{
    uint32_t type = box->type;

    if (type == FOURCC('c', 'o', 'l', 'r')) /* codes, or the profile of some program */
        return slice_starts(box->body, "nclx") || slice_starts(box->body, "nclc");
    return type == FOURCC('a', 'v', 'c', 'C') || type == FOURCC('h', 'v', 'c', 'C') ||
           type == FOURCC('a', 'v', '1', 'C') || type == FOURCC('v', 'p', 'c', 'C') ||
           type == FOURCC('d', 'v', 'c', 'C') || type == FOURCC('d', 'v', 'v', 'C') ||
           type == FOURCC('e', 's', 'd', 's') || type == FOURCC('p', 'a', 's', 'p') ||
           type == FOURCC('c', 'l', 'a', 'p') || type == FOURCC('b', 't', 'r', 't') ||
           type == FOURCC('f', 'i', 'e', 'l') || type == FOURCC('c', 'h', 'r', 'm') ||
           type == FOURCC('m', 'd', 'c', 'v') || type == FOURCC('c', 'l', 'l', 'i') ||
           type == FOURCC('g', 'a', 'm', 'a') || type == FOURCC('d', '2', '6', '3');
}

/* The sample entry's compressor name and how long its NAL units' lengths are. */
static void take_visual(struct bmff_finder *finder, const struct bmff_leaks_track *track,
                        struct slice sample)
{
    struct bmff_walk walk = bmff_walk_of(&track->stsd, 8, &finder->census);
    struct bmff_box entry, box;
    uint8_t name;

    if (bmff_walk_next(&walk, &entry, NULL) <= 0 || entry.body.len < VISUAL_BYTES)
        return;
    name = entry.body.ptr[42];
    if (name && name < 32)
        bmff_leaks_text(finder, BMFF_LEAK_SOFTWARE, "compressorname",
                        slice_sub(entry.body, 43, name));
    walk = bmff_walk_of(&entry, VISUAL_BYTES, &finder->census);
    while (bmff_walk_next(&walk, &box, NULL) > 0) {
        if (box.type == FOURCC('a', 'v', 'c', 'C') && box.body.len > 4)
            take_nals(finder, sample, (box.body.ptr[4] & 3u) + 1, false);
        else if (box.type == FOURCC('h', 'v', 'c', 'C') && box.body.len > 21)
            take_nals(finder, sample, (box.body.ptr[21] & 3u) + 1, true);
        else if (box.type == FOURCC('u', 'u', 'i', 'd'))
            bmff_leaks_uuid(finder, box.body);
        else if (!is_numbers(&box))
            bmff_leaks_blob(finder, bmff_label_of(box.type).text, box.body);
    }
}

/* Encoders of sound write their names at any bit of the first frame. */
static void take_sound(struct bmff_finder *finder, struct slice sample)
{
    static const char *const words[] = {"Lavc", "libfaac", "LAME"};
    uint8_t shifted[160];
    size_t len = sample.len < sizeof(shifted) ? sample.len : sizeof(shifted);

    for (unsigned shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i + 1 < len; i++)
            shifted[i] =
                (uint8_t)((sample.ptr[i] << 8 | sample.ptr[i + 1]) >> (8 - shift) & 0xff);
        for (size_t at = 0; at + 9 < len; at++)
            for (size_t word = 0; word < COUNT_OF(words); word++)
                if (shifted[at] == (uint8_t)words[word][0] &&
                    memcmp(shifted + at, words[word], strlen(words[word])) == 0) {
                    size_t end = at;

                    while (end + 1 < len && shifted[end] > 0x20 && shifted[end] < 0x7f)
                        end++;
                    bmff_leaks_text(finder, BMFF_LEAK_SOFTWARE, "sound",
                                    slice_of(shifted + at, end - at));
                    return;
                }
    }
}

/* ---- one track ---- */

static void take_samples(struct bmff_finder *finder, const struct bmff_leaks_track *track,
                         struct slice samples)
{
    uint32_t codec = codec_of(track);

    if (codec == FOURCC('g', 'p', 'm', 'd') && slice_starts(samples, "DEVC")) {
        bmff_leaks_gpmf(finder, samples);
        return;
    }
    if (codec == FOURCC('c', 'a', 'm', 'm') && samples.len >= 4 && samples.ptr[2] < 8 &&
        samples.ptr[3] == 0) {
        take_camm(finder, samples);
        return;
    }
    if ((codec == FOURCC('t', 'x', '3', 'g') || codec == FOURCC('t', 'e', 'x', 't')) &&
        samples.len > 2)
        samples = slice_sub(samples, 2, samples.len - 2); /* how long the text is */
    if (codec != FOURCC('t', 'm', 'c', 'd'))
        bmff_leaks_blob(finder, bmff_label_of(codec).text, samples);
}

/* Another picture or sound stands before it. */
static bool is_second(const struct bmff_finder *finder, const struct bmff_leaks_track *track)
{
    for (const struct bmff_leaks_track *other = finder->track; other < track; other++)
        if (other->handler == track->handler)
            return true;
    return false;
}

static int take_track(struct bmff_finder *finder, const struct bmff_leaks_track *track,
                      struct why *why)
{
    bool picture = track->handler == FOURCC('v', 'i', 'd', 'e');
    bool sound = track->handler == FOURCC('s', 'o', 'u', 'n');
    struct slice samples = {NULL, 0};
    struct bmff_run run;
    struct bmff_leak leak;
    int rc = SH_OK;

    if (finder->fragments && !picture && !sound)
        finder->out->unseen |= BMFF_UNSEEN_MORE;
    if ((!picture && !sound) || is_second(finder, track)) {
        uint32_t codec = codec_of(track);

        leak = bmff_leaks_new(finder, BMFF_LEAK_TRACK, NULL);
        memcpy(leak.text, bmff_label_of(codec ? codec : track->handler).text,
               sizeof(struct bmff_label));
        bmff_leaks_put(finder, &leak);
    }
    for (uint32_t i = 0; rc == SH_OK && i < (picture || sound ? 1 : CHUNKS_MOST); i++) {
        if (!chunk_of(track, i, &run))
            break;
        rc = bmff_leaks_read(finder, run, &samples, why);
        if (rc == SH_OK && !picture && !sound)
            take_samples(finder, track, samples);
    }
    if (rc == SH_OK && picture)
        take_visual(finder, track, samples);
    if (rc == SH_OK && sound)
        take_sound(finder, samples);
    return rc;
}

/* "moov/trak[12]" */
static void path_of(struct bmff_finder *finder, uint32_t number)
{
    struct bmff_name digits = {{0}};
    size_t used = 0;

    if (number >= 10)
        digits.text[used++] = (char)('0' + number / 10 % 10);
    digits.text[used] = (char)('0' + number % 10);
    memcpy(finder->path, "moov/trak[", 11);
    memcpy(finder->path + 10, digits.text, used + 2);
    memcpy(finder->path + 11 + used, "]", 2);
}

int bmff_leaks_tracks(struct bmff_finder *finder, struct why *why)
{
    int rc = SH_OK;

    for (uint32_t i = 0; rc == SH_OK && i < finder->track_count; i++) {
        path_of(finder, i);
        rc = take_track(finder, &finder->track[i], why);
    }
    finder->path[0] = 0;
    return rc;
}
