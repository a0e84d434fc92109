/* The new head: ftyp, room for credentials, moov, the header of mdat; nothing copied unseen. */
#include "bmff/bmff_int.h"

#include <string.h>

#define SHOWN_MOST ((uint32_t)LIMIT_SHOWN_EDGE << 16) /* 16.16 */

size_t bmff_box_open(struct bytes *out, uint32_t type)
{
    size_t start = out->len;

    bytes_u32(out, 0);
    bytes_u32(out, type);
    return start;
}

size_t bmff_box_open_full(struct bytes *out, uint32_t type, uint8_t version, uint32_t flags)
{
    size_t start = bmff_box_open(out, type);

    bytes_u8(out, version);
    bytes_u24(out, flags);
    return start;
}

static void put_be(uint8_t *at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

void bmff_box_close(struct bytes *out, size_t start)
{
    if (out->failed == SH_OK)
        put_be(out->ptr + start, out->len - start, 4);
}

void bmff_zeros(struct bytes *out, size_t count)
{
    static const uint8_t zeros[64] = {0};

    for (; count > sizeof(zeros); count -= sizeof(zeros))
        bytes_append(out, zeros, sizeof(zeros));
    bytes_append(out, zeros, count);
}

/* ---- headers ---- */

struct writer {
    struct bmff_state *state;
    struct bytes *out;
    uint64_t room;     /* for credentials */
    bool wide;         /* co64 */
    size_t offsets[2]; /* where the rows of stco or co64 stand: video, audio */
};

static void write_number(struct bytes *out, bool wide, uint64_t value)
{
    if (wide)
        bytes_u64(out, value);
    else
        bytes_u32(out, (uint32_t)value);
}

static void write_matrix(struct bytes *out, const int8_t turn[4], uint32_t width,
                         uint32_t height)
{
    /* The translation moves the turned picture back beside the origin (14496-12 6.2.2). */
    uint32_t x = (turn[0] < 0 ? width : 0) + (turn[2] < 0 ? height : 0);
    uint32_t y = (turn[1] < 0 ? width : 0) + (turn[3] < 0 ? height : 0);

    for (unsigned row = 0; row < 2; row++) {
        bytes_u32(out, (uint32_t)turn[2 * row] << 16);
        bytes_u32(out, (uint32_t)turn[2 * row + 1] << 16);
        bytes_u32(out, 0);
    }
    bytes_u32(out, x);
    bytes_u32(out, y);
    bytes_u32(out, 0x40000000);
}

static uint64_t movie_duration(const struct bmff_state *state)
{
    uint64_t video = state->video.shown_duration;
    uint64_t audio = state->has_audio ? state->audio.shown_duration : 0;

    return video > audio ? video : audio;
}

static void write_mvhd(struct writer *writer)
{
    static const int8_t upright[4] = {1, 0, 0, 1};
    struct bytes *out = writer->out;
    uint64_t duration = movie_duration(writer->state);
    bool wide = duration > UINT32_MAX;
    size_t start = bmff_box_open_full(out, FOURCC('m', 'v', 'h', 'd'), wide, 0);

    bmff_zeros(out, wide ? 16 : 8); /* creation_time, modification_time */
    bytes_u32(out, writer->state->timescale);
    write_number(out, wide, duration);
    bytes_u32(out, 0x00010000); /* rate */
    bytes_u16(out, 0x0100);     /* volume */
    bmff_zeros(out, 10);
    write_matrix(out, upright, 0, 0);
    bmff_zeros(out, 24);
    bytes_u32(out, writer->state->has_audio ? 3 : 2); /* next_track_ID */
    bmff_box_close(out, start);
}

static void write_tkhd(struct writer *writer, const struct bmff_track *track)
{
    static const int8_t upright[4] = {1, 0, 0, 1};
    struct bytes *out = writer->out;
    uint32_t width = track->video ? track->shown_width : 0;
    uint32_t height = track->video ? track->shown_height : 0;
    bool wide = track->shown_duration > UINT32_MAX;
    size_t start = bmff_box_open_full(out, FOURCC('t', 'k', 'h', 'd'), wide, 3);

    if (track->video &&
        (width < 0x10000 || height < 0x10000 || width > SHOWN_MOST || height > SHOWN_MOST)) {
        width = track->width << 16;
        height = track->height << 16;
    }
    bmff_zeros(out, wide ? 16 : 8);
    bytes_u32(out, track->video ? 1 : 2); /* track_ID */
    bmff_zeros(out, 4);
    write_number(out, wide, track->shown_duration);
    bmff_zeros(out, 12); /* reserved, layer, alternate_group */
    bytes_u16(out, track->video ? 0 : 0x0100);
    bmff_zeros(out, 2);
    write_matrix(out, track->video ? track->turn : upright, width, height);
    bytes_u32(out, width);
    bytes_u32(out, height);
    bmff_box_close(out, start);
}

static void write_edts(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    bool wide = false;
    size_t edts;
    size_t elst;

    if (!track->edit_count)
        return;
    for (uint32_t i = 0; i < track->edit_count; i++)
        wide = wide || track->edits[i].duration > UINT32_MAX ||
               track->edits[i].media_time > INT32_MAX;
    edts = bmff_box_open(out, FOURCC('e', 'd', 't', 's'));
    elst = bmff_box_open_full(out, FOURCC('e', 'l', 's', 't'), wide, 0);
    bytes_u32(out, track->edit_count);
    for (uint32_t i = 0; i < track->edit_count; i++) {
        write_number(out, wide, track->edits[i].duration);
        write_number(out, wide, (uint64_t)track->edits[i].media_time);
        bytes_u32(out, 0x00010000);
    }
    bmff_box_close(out, elst);
    bmff_box_close(out, edts);
}

static void write_mdhd(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    bool wide = track->media_duration > UINT32_MAX;
    size_t start = bmff_box_open_full(out, FOURCC('m', 'd', 'h', 'd'), wide, 0);

    bmff_zeros(out, wide ? 16 : 8);
    bytes_u32(out, track->timescale);
    write_number(out, wide, track->media_duration);
    bytes_u16(out, 0x55c4); /* und */
    bytes_u16(out, 0);
    bmff_box_close(out, start);
}

static void write_media_headers(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    size_t start;
    size_t inner;

    if (track->video) {
        start = bmff_box_open_full(out, FOURCC('v', 'm', 'h', 'd'), 0, 1);
        bmff_zeros(out, 8);
    } else {
        start = bmff_box_open_full(out, FOURCC('s', 'm', 'h', 'd'), 0, 0);
        bmff_zeros(out, 4);
    }
    bmff_box_close(out, start);
    start = bmff_box_open(out, FOURCC('d', 'i', 'n', 'f'));
    inner = bmff_box_open_full(out, FOURCC('d', 'r', 'e', 'f'), 0, 0);
    bytes_u32(out, 1);
    bmff_box_close(out, bmff_box_open_full(out, FOURCC('u', 'r', 'l', ' '), 0, 1));
    bmff_box_close(out, inner);
    bmff_box_close(out, start);
}

/* ---- tables ---- */

/* Rows of (count, value), equal neighbours joined, no row of nothing, samples in all. */
static void write_runs(struct bytes *out, uint32_t type, const struct bmff_table *table,
                       uint32_t samples)
{
    size_t start = bmff_box_open_full(out, type, table->version, 0);
    size_t count_at = out->len;
    uint32_t rows = 0;
    uint32_t run = 0;
    uint32_t value = 0;
    uint32_t left = samples;

    bytes_u32(out, 0);
    for (uint32_t i = 0; i < table->count && left; i++) {
        uint32_t count = bmff_table_u32(table, 8, i, 0);
        uint32_t next = bmff_table_u32(table, 8, i, 4);

        count = count < left ? count : left;
        left -= count;
        if (count && run && next != value) {
            bytes_u32(out, run);
            bytes_u32(out, value);
            rows++;
            run = 0;
        }
        if (count)
            value = next;
        run += count;
    }
    bytes_u32(out, run);
    bytes_u32(out, value);
    rows++;
    if (out->failed == SH_OK)
        put_be(out->ptr + count_at, rows, 4);
    bmff_box_close(out, start);
}

static void write_stss(struct bytes *out, const struct bmff_track *track)
{
    size_t start = bmff_box_open_full(out, FOURCC('s', 't', 's', 's'), 0, 0);

    bytes_u32(out, track->stss.count);
    bytes_slice(out, track->stss.rows);
    bmff_box_close(out, start);
}

static void write_stsc(struct bytes *out, const struct bmff_track *track)
{
    size_t start = bmff_box_open_full(out, FOURCC('s', 't', 's', 'c'), 0, 0);
    size_t count_at = out->len;
    struct bmff_chunks chunks = bmff_chunks_of(track);
    struct bmff_chunk chunk;
    uint32_t samples = 0;
    uint32_t entry = 0;
    uint32_t rows = 0;

    bytes_u32(out, 0);
    while (bmff_chunks_next(&chunks, &chunk)) {
        if (chunk.samples == samples && chunk.entry == entry)
            continue;
        samples = chunk.samples;
        entry = chunk.entry;
        bytes_u32(out, chunks.next); /* next counts from 1 what was just given */
        bytes_u32(out, samples);
        bytes_u32(out, entry);
        rows++;
    }
    if (out->failed == SH_OK)
        put_be(out->ptr + count_at, rows, 4);
    bmff_box_close(out, start);
}

static void write_stsz(struct bytes *out, const struct bmff_track *track)
{
    size_t start = bmff_box_open_full(out, FOURCC('s', 't', 's', 'z'), 0, 0);

    bytes_u32(out, track->changes.sizes.len ? 0 : track->size_all);
    bytes_u32(out, track->samples);
    if (track->changes.sizes.len)
        bytes_slice(out, bytes_view(&track->changes.sizes));
    else if (!track->size_all && track->size_bits == 32)
        bytes_slice(out, track->stsz.rows);
    else if (!track->size_all)
        for (uint32_t i = 0; i < track->samples; i++)
            bytes_u32(out, bmff_track_size(track, i));
    bmff_box_close(out, start);
}

static void write_offsets(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    size_t len = (size_t)track->chunks * (writer->wide ? 8 : 4);
    uint32_t type = writer->wide ? FOURCC('c', 'o', '6', '4') : FOURCC('s', 't', 'c', 'o');
    size_t start = bmff_box_open_full(out, type, 0, 0);
    uint8_t *room;

    bytes_u32(out, track->chunks);
    writer->offsets[track->video ? 0 : 1] = out->len;
    room = bytes_room(out, len);
    if (room) {
        memset(room, 0, len);
        out->len += len;
    }
    bmff_box_close(out, start);
}

static void write_stbl(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    size_t stbl = bmff_box_open(out, FOURCC('s', 't', 'b', 'l'));
    size_t stsd = bmff_box_open_full(out, FOURCC('s', 't', 's', 'd'), 0, 0);

    bytes_u32(out, track->entry_count);
    bytes_slice(out, bytes_view(&track->entries));
    bmff_box_close(out, stsd);
    write_runs(out, FOURCC('s', 't', 't', 's'), &track->stts, track->samples);
    if (track->ctts.present)
        write_runs(out, FOURCC('c', 't', 't', 's'), &track->ctts, track->samples);
    if (track->stss.present)
        write_stss(out, track);
    write_stsc(out, track);
    write_stsz(out, track);
    write_offsets(writer, track);
    bmff_box_close(out, stbl);
}

static void write_trak(struct writer *writer, const struct bmff_track *track)
{
    struct bytes *out = writer->out;
    size_t trak = bmff_box_open(out, FOURCC('t', 'r', 'a', 'k'));
    size_t mdia;
    size_t box;

    write_tkhd(writer, track);
    write_edts(writer, track);
    mdia = bmff_box_open(out, FOURCC('m', 'd', 'i', 'a'));
    write_mdhd(writer, track);
    box = bmff_box_open_full(out, FOURCC('h', 'd', 'l', 'r'), 0, 0);
    bytes_u32(out, 0);
    bytes_u32(out, track->video ? FOURCC('v', 'i', 'd', 'e') : FOURCC('s', 'o', 'u', 'n'));
    bmff_zeros(out, 13); /* reserved, and a name of no characters */
    bmff_box_close(out, box);
    box = bmff_box_open(out, FOURCC('m', 'i', 'n', 'f'));
    write_media_headers(writer, track);
    write_stbl(writer, track);
    bmff_box_close(out, box);
    bmff_box_close(out, mdia);
    bmff_box_close(out, trak);
}

/* ---- the whole ---- */

void bmff_write_room(struct bytes *out, uint64_t room)
{
    bytes_u32(out, (uint32_t)room);
    bytes_text(out, "uuid");
    bytes_append(out, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid));
    bytes_u32(out, 0); /* version, flags */
    bytes_append(out, "manifest", sizeof("manifest"));
    bytes_u64(out, 0);
}

static void write_all(struct writer *writer, uint64_t payload)
{
    struct bytes *out = writer->out;
    struct bmff_state *state = writer->state;
    size_t box = bmff_box_open(out, FOURCC('f', 't', 'y', 'p'));

    bytes_text(out, "isom");
    bytes_u32(out, 512);
    bytes_text(out, "isomiso2iso4mp41");
    bmff_box_close(out, box);
    if (writer->room) {
        bmff_write_room(out, writer->room);
        bmff_zeros(out, (size_t)writer->room - BMFF_ROOM_HEAD_BYTES);
    }
    box = bmff_box_open(out, FOURCC('m', 'o', 'o', 'v'));
    write_mvhd(writer);
    write_trak(writer, &state->video);
    if (state->has_audio)
        write_trak(writer, &state->audio);
    bmff_box_close(out, box);
    if (payload + 8 > UINT32_MAX) {
        bytes_u32(out, 1);
        bytes_text(out, "mdat");
        bytes_u64(out, payload + 16);
    } else {
        bytes_u32(out, (uint32_t)(payload + 8));
        bytes_text(out, "mdat");
    }
}

/* Each chunk's place in the new file, in the order in which the runs will be copied. */
static void fill_offsets(struct writer *writer)
{
    size_t width = writer->wide ? 8 : 4;
    uint64_t at = writer->out->len;
    struct bmff_part part;

    bmff_state_rewind(writer->state);
    while (bmff_state_next(writer->state, &part)) {
        unsigned which = part.track->video ? 0 : 1;

        put_be(writer->out->ptr + writer->offsets[which], at, width);
        writer->offsets[which] += width;
        at += part.kept;
    }
}

int bmff_write_head(struct bmff_state *state, uint64_t room, struct bytes *out, struct why *why)
{
    struct writer writer = {.state = state, .out = out, .room = room};
    uint64_t payload = state->video.bytes - state->video.changes.cut;

    if (state->has_audio)
        payload += state->audio.bytes - state->audio.changes.cut;
    bytes_init(out, LIMIT_MOOV_BYTES + (size_t)room);
    write_all(&writer, payload);
    if (out->len + payload > UINT32_MAX) {
        bytes_clear(out);
        writer.wide = true;
        write_all(&writer, payload);
    }
    if (bytes_check(out, NULL) == SH_OK)
        fill_offsets(&writer);
    return bytes_check(out, why);
}
