/* The sample tables of a track, read where they lie, never expanded (14496-12 8.6, 8.7). */
#include "bmff/bmff_int.h"

#include <string.h>

struct boxes {
    struct bmff_box stts, ctts, stss, stsc, stsz, stz2, stco, co64, stsd;
};

/* Read for every chunk and run of a clip, several times over: one check and four bytes, where a
 * cursor would cost a tenth of the whole rebuild. */
static uint32_t be32_at(struct slice rows, size_t at)
{
    const uint8_t *from;

    if (at > rows.len || rows.len - at < 4)
        return 0;
    from = rows.ptr + at;
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

uint32_t bmff_table_u32(const struct bmff_table *table, size_t width, uint32_t row, size_t at)
{
    return be32_at(table->rows, row * width + at);
}

/* ---- reading the tables ---- */

struct shape {
    const struct bmff_track *track;
    size_t width; /* bytes of a row */
    uint32_t most;
};

static int read_table(const struct bmff_box *box, const struct shape *shape,
                      struct bmff_table *table, struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    const struct bmff_name name = bmff_name_of(box->type);
    uint64_t need;

    table->version = rd_u8(&cur);
    rd_skip(&cur, 3);
    table->count = rd_u32(&cur);
    table->present = true;
    if (cur.failed || table->version > (box->type == FOURCC('c', 't', 't', 's') ? 1 : 0))
        return why_set(why, SH_EFORMAT, box->at,
                       "trak[%u]/%s at byte %llu"
                       ": version %u, %zu bytes (14496-12 8.6, 8.7)" BMFF_REMEDY_REMUX,
                       shape->track->number, name.text, (unsigned long long)box->at,
                       table->version, box->body.len);
    if (table->count > shape->most)
        return why_set(why, SH_ELIMIT, box->at,
                       "trak[%u]/%s at byte %llu: %u rows, %u are the most"
                       "; cut the clip into parts",
                       shape->track->number, name.text, (unsigned long long)box->at,
                       table->count, shape->most);
    need = (uint64_t)table->count * shape->width;
    if (need > rd_left(&cur))
        return why_set(why, SH_EFORMAT, box->at,
                       "trak[%u]/%s at byte %llu"
                       ": %u rows, room for %zu (14496-12 8.6, 8.7)"
                       "; the clip is damaged" BMFF_REMEDY_REMUX,
                       shape->track->number, name.text, (unsigned long long)box->at,
                       table->count, rd_left(&cur) / shape->width);
    table->rows = rd_bytes(&cur, (size_t)need);
    return SH_OK;
}

static int read_sizes(struct bmff_track *track, const struct bmff_box *box, struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    uint64_t need;

    rd_skip(&cur, 4);
    if (box->type == FOURCC('s', 't', 's', 'z')) {
        track->size_all = rd_u32(&cur);
        track->size_bits = 32;
    } else {
        track->size_bits = rd_u32(&cur) & 0xff;
    }
    track->samples = rd_u32(&cur);
    if (cur.failed || (track->size_bits != 4 && track->size_bits != 8 &&
                       track->size_bits != 16 && track->size_bits != 32))
        return why_set(
            why, SH_EFORMAT, box->at,
            "trak[%u]/%s: field_size %u, %zu bytes (14496-12 8.7.3)" BMFF_REMEDY_REMUX,
            track->number, bmff_name_of(box->type).text, track->size_bits, box->body.len);
    if (track->samples > LIMIT_SAMPLES)
        return why_set(why, SH_ELIMIT, box->at,
                       "trak[%u]: %u samples, %d are the most; cut the clip into parts",
                       track->number, track->samples, LIMIT_SAMPLES);
    need = track->size_all ? 0 : ((uint64_t)track->samples * track->size_bits + 7) / 8;
    if (need > rd_left(&cur))
        return why_set(why, SH_EFORMAT, box->at,
                       "trak[%u]/%s at byte %llu: %u samples, room for %llu"
                       " (14496-12 8.7.3); the clip is damaged" BMFF_REMEDY_REMUX,
                       track->number, bmff_name_of(box->type).text, (unsigned long long)box->at,
                       track->samples,
                       (unsigned long long)((uint64_t)rd_left(&cur) * 8 / track->size_bits));
    track->stsz.rows = rd_bytes(&cur, (size_t)need);
    return SH_OK;
}

uint32_t bmff_track_size(const struct bmff_track *track, uint32_t sample)
{
    const uint8_t *rows = track->stsz.rows.ptr;

    if (track->size_all)
        return track->size_all;
    switch (track->size_bits) {
    case 4:
        return rows[sample / 2] >> (sample % 2 ? 0 : 4) & 15u;
    case 8:
        return rows[sample];
    case 16:
        return (uint32_t)rows[2 * sample] << 8 | rows[2 * sample + 1];
    default:
        return be32_at(track->stsz.rows, 4 * (size_t)sample);
    }
}

static int collect_boxes(struct bmff_state *state, const struct bmff_box *stbl,
                         struct boxes *boxes, struct why *why)
{
    struct bmff_want wants[] = {
        {FOURCC('s', 't', 't', 's'), &boxes->stts}, {FOURCC('c', 't', 't', 's'), &boxes->ctts},
        {FOURCC('s', 't', 's', 's'), &boxes->stss}, {FOURCC('s', 't', 's', 'c'), &boxes->stsc},
        {FOURCC('s', 't', 's', 'z'), &boxes->stsz}, {FOURCC('s', 't', 'z', '2'), &boxes->stz2},
        {FOURCC('s', 't', 'c', 'o'), &boxes->stco}, {FOURCC('c', 'o', '6', '4'), &boxes->co64},
        {FOURCC('s', 't', 's', 'd'), &boxes->stsd},
    };

    return bmff_collect(stbl, wants, COUNT_OF(wants), &state->census, why);
}

static int read_boxes(struct bmff_track *track, const struct boxes *boxes,
                      const struct bmff_box *stbl, struct why *why)
{
    const struct bmff_box *chunk = boxes->co64.found ? &boxes->co64 : &boxes->stco;
    const struct bmff_box *sizes = boxes->stsz.found ? &boxes->stsz : &boxes->stz2;
    struct shape shape = {.track = track, .width = 8, .most = LIMIT_SAMPLES};
    int rc;

    if (!boxes->stts.found || !boxes->stsc.found || boxes->co64.found == boxes->stco.found ||
        boxes->stsz.found == boxes->stz2.found)
        return why_set(why, SH_EFORMAT, stbl->at,
                       "trak[%u]/stbl: one each of stts, stsc, stsz or stz2, stco or co64 is "
                       "needed (14496-12 8.5.1); the clip is damaged" BMFF_REMEDY_REMUX,
                       track->number);
    rc = read_sizes(track, sizes, why);
    if (rc == SH_OK)
        rc = read_table(&boxes->stts, &shape, &track->stts, why);
    if (rc == SH_OK && boxes->ctts.found)
        rc = read_table(&boxes->ctts, &shape, &track->ctts, why);
    shape.width = 4;
    if (rc == SH_OK && boxes->stss.found)
        rc = read_table(&boxes->stss, &shape, &track->stss, why);
    shape.width = 12;
    if (rc == SH_OK)
        rc = read_table(&boxes->stsc, &shape, &track->stsc, why);
    track->chunk_wide = boxes->co64.found;
    shape.width = boxes->co64.found ? 8 : 4;
    if (rc == SH_OK)
        rc = read_table(chunk, &shape, &track->chunk, why);
    return rc;
}

/* ---- chunks ---- */

struct bmff_chunks bmff_chunks_of(const struct bmff_track *track)
{
    return (struct bmff_chunks){.track = track};
}

bool bmff_chunks_next(struct bmff_chunks *chunks, struct bmff_chunk *chunk)
{
    const struct bmff_track *track = chunks->track;
    uint32_t left = track->samples - chunks->sample;
    uint32_t per_chunk;

    if (!left || chunks->next == track->chunk.count)
        return false;
    /* first_chunk counts from 1: a row holds up to the chunk before the next row's. */
    if (chunks->row + 1 < track->stsc.count &&
        bmff_table_u32(&track->stsc, 12, chunks->row + 1, 0) == chunks->next + 1)
        chunks->row++;
    per_chunk = bmff_table_u32(&track->stsc, 12, chunks->row, 4);
    chunk->entry = track->entry_map[bmff_table_u32(&track->stsc, 12, chunks->row, 8) - 1];
    chunk->samples = per_chunk < left ? per_chunk : left;
    chunk->bytes = 0;
    for (uint32_t i = 0; i < chunk->samples; i++)
        chunk->bytes += bmff_track_size(track, chunks->sample++);
    if (track->chunk_wide)
        chunk->offset = (uint64_t)bmff_table_u32(&track->chunk, 8, chunks->next, 0) << 32 |
                        bmff_table_u32(&track->chunk, 8, chunks->next, 4);
    else
        chunk->offset = bmff_table_u32(&track->chunk, 4, chunks->next, 0);
    chunks->next++;
    return true;
}

/* ---- times ---- */

struct bmff_times bmff_times_of(const struct bmff_track *track)
{
    return (struct bmff_times){.track = track};
}

/* The value of the row that holds the next sample; rows of no samples are passed over. */
static uint32_t next_of_runs(const struct bmff_table *table, uint32_t *row, uint32_t *used)
{
    while (*row < table->count && *used >= bmff_table_u32(table, 8, *row, 0)) {
        (*row)++;
        *used = 0;
    }
    (*used)++;
    return bmff_table_u32(table, 8, *row, 4);
}

bool bmff_times_next(struct bmff_times *times, struct bmff_time *time)
{
    const struct bmff_track *track = times->track;

    if (times->sample == track->samples)
        return false;
    times->sample++;
    time->dts = times->dts;
    time->duration = next_of_runs(&track->stts, &times->stts_row, &times->stts_used);
    time->offset = track->ctts.present
                       ? next_of_runs(&track->ctts, &times->ctts_row, &times->ctts_used)
                       : 0;
    time->sync = !track->stss.present;
    if (times->stss_row < track->stss.count &&
        bmff_table_u32(&track->stss, 4, times->stss_row, 0) == times->sample) {
        time->sync = true;
        times->stss_row++;
    }
    times->dts += time->duration;
    return true;
}

/* ---- do the tables agree? ---- */

static int disagree(const struct bmff_track *track, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, track->trak.at,
                   "trak[%u]/stbl: %s; the clip is damaged" BMFF_REMEDY_REMUX, track->number,
                   what);
}

static int check_stsc(const struct bmff_track *track, struct why *why)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < track->stsc.count; i++) {
        uint32_t first = bmff_table_u32(&track->stsc, 12, i, 0);
        uint32_t entry = bmff_table_u32(&track->stsc, 12, i, 8);

        if ((i == 0 && first != 1) || first <= before)
            return disagree(track, "stsc: first_chunk does not rise from 1 (14496-12 8.7.4)",
                            why);
        if (!bmff_table_u32(&track->stsc, 12, i, 4))
            return disagree(track, "stsc: a chunk of no samples (14496-12 8.7.4)", why);
        if (!entry || entry > track->stsd_count)
            return disagree(track, "stsc: a description that is not in stsd (14496-12 8.7.4)",
                            why);
        before = first;
    }
    if (!track->stsc.count)
        return disagree(track, "stsc: no row in it (14496-12 8.7.4)", why);
    return SH_OK;
}

static int check_times(struct bmff_track *track, struct why *why)
{
    uint64_t most = (uint64_t)LIMIT_CLIP_SECONDS * track->timescale;
    uint64_t sum = 0;
    uint64_t left = track->samples;

    for (uint32_t i = 0; i < track->stts.count && left; i++) {
        uint64_t count = bmff_table_u32(&track->stts, 8, i, 0);

        count = count < left ? count : left;
        left -= count;
        sum += count * bmff_table_u32(&track->stts, 8, i, 4);
        if (sum > most)
            return why_set(why, SH_ELIMIT, track->trak.at,
                           "trak[%u]/stts: longer than %d h; cut the clip into parts, as with "
                           "\"ffmpeg -i IN -t 3:00:00 -c copy OUT.mp4\"",
                           track->number, LIMIT_CLIP_SECONDS / 3600);
    }
    if (left)
        return disagree(track, "stts: fewer times than samples (14496-12 8.6.1.2)", why);
    track->media_duration = sum;
    return SH_OK;
}

static int check_ctts(const struct bmff_track *track, struct why *why)
{
    uint64_t sum = 0;

    if (!track->ctts.present)
        return SH_OK;
    for (uint32_t i = 0; i < track->ctts.count; i++)
        sum += bmff_table_u32(&track->ctts, 8, i, 0);
    if (sum < track->samples)
        return disagree(track, "ctts: fewer offsets than samples (14496-12 8.6.1.3)", why);
    return SH_OK;
}

static int check_stss(const struct bmff_track *track, struct why *why)
{
    uint32_t before = 0;

    for (uint32_t i = 0; track->stss.present && i < track->stss.count; i++) {
        uint32_t sample = bmff_table_u32(&track->stss, 4, i, 0);

        if (sample <= before || sample > track->samples)
            return disagree(track,
                            "stss: sample numbers do not rise, or pass the last "
                            "(14496-12 8.6.2)",
                            why);
        before = sample;
    }
    return SH_OK;
}

/* Is [from, to) inside one mdat?  Otherwise a sample could be a piece of metadata. */
static bool in_mdat(const struct bmff_state *state, uint64_t from, uint64_t to)
{
    size_t low = 0;
    size_t high = state->mdats.len / sizeof(struct bmff_range);
    struct bmff_range range;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        memcpy(&range, state->mdats.ptr + middle * sizeof(range), sizeof(range));
        if (from >= range.from && from <= range.to)
            return to <= range.to;
        if (from < range.from)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static int check_chunks(const struct bmff_state *state, struct bmff_track *track,
                        struct why *why)
{
    struct bmff_chunks chunks = bmff_chunks_of(track);
    struct bmff_chunk chunk;
    uint64_t end;

    track->bytes = 0;
    while (bmff_chunks_next(&chunks, &chunk)) {
        if (!size_add(chunk.offset, chunk.bytes, &end) || !in_mdat(state, chunk.offset, end))
            return why_set(
                why, SH_EFORMAT, track->trak.at,
                "trak[%u]: chunk %u is %llu bytes at byte %llu"
                ", not inside an mdat of the %llu bytes that are there "
                "(14496-12 8.7.5); the copy is cut off or damaged: send it again, whole",
                track->number, chunks.next, (unsigned long long)chunk.bytes,
                (unsigned long long)chunk.offset, (unsigned long long)state->file_bytes);
        track->bytes += chunk.bytes;
    }
    if (chunks.sample < track->samples)
        return disagree(track, "stsc and stco: samples without a place (14496-12 8.7.4)", why);
    track->chunks = chunks.next;
    return SH_OK;
}

static int check_all(const struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    int rc;

    if (!track->samples)
        return SH_OK; /* An empty sound track counts as none. */
    rc = check_stsc(track, why);
    if (rc == SH_OK)
        rc = check_times(track, why);
    if (rc == SH_OK)
        rc = check_ctts(track, why);
    if (rc == SH_OK)
        rc = check_stss(track, why);
    if (rc == SH_OK)
        rc = check_chunks(state, track, why);
    return rc;
}

int bmff_check_offsets(const struct bmff_track *track, struct why *why)
{
    int64_t most = (int64_t)LIMIT_CLIP_SECONDS * track->timescale;
    uint64_t left = track->samples;

    for (uint32_t i = 0; track->ctts.present && i < track->ctts.count && left; i++) {
        uint32_t count = bmff_table_u32(&track->ctts, 8, i, 0);
        int64_t offset = (int32_t)bmff_table_u32(&track->ctts, 8, i, 4);

        left -= count < left ? count : left;
        if (count && (offset > most || offset < -most))
            return disagree(
                track, "ctts: a picture is shown hours from its place (14496-12 8.6.1.3)", why);
    }
    return SH_OK;
}

int bmff_read_tables(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *stbl, struct why *why)
{
    struct boxes boxes = {0};
    int rc = collect_boxes(state, stbl, &boxes, why);

    if (rc == SH_OK)
        rc = read_boxes(track, &boxes, stbl, why);
    if (rc == SH_OK)
        rc = check_all(state, track, why);
    if (rc == SH_OK && state->moofs.len) {
        rc = bmff_read_fragments(state, track, why);
        if (rc == SH_OK)
            rc = check_all(state, track, why);
    }
    return rc;
}
