/*
 * Fragments: the samples that moofs name become rows of plain tables (14496-12 8.8).
 *
 * Where the data of a traf begins may follow from the one before it, so every traf is walked,
 * also those of tracks that are left out.
 */
#include "bmff/bmff_int.h"

#include <string.h>

/* tfhd flags (14496-12 8.8.7) */
#define HAS_BASE 0x000001u
#define HAS_ENTRY 0x000002u
#define HAS_DURATION 0x000008u
#define HAS_SIZE 0x000010u
#define HAS_FLAGS 0x000020u
#define BASE_IS_MOOF 0x020000u
/* trun flags (14496-12 8.8.8) */
#define RUN_OFFSET 0x000001u
#define RUN_FIRST_FLAGS 0x000004u
#define RUN_DURATION 0x000100u
#define RUN_SIZE 0x000200u
#define RUN_FLAGS 0x000400u
#define RUN_SHIFT 0x000800u

#define NON_SYNC 0x00010000u /* sample_is_non_sync_sample (14496-12 8.8.3.1) */

/* What a sample has when its run does not say. */
struct defaults {
    uint32_t id;
    uint32_t entry;
    uint32_t duration;
    uint32_t size;
    uint32_t flags;
};

struct reading {
    struct bmff_state *state;
    struct bmff_track *track;
    struct bmff_census census;
    struct defaults extends[LIMIT_TRACKS]; /* trex */
    uint32_t extend_count;
    struct bmff_maker maker;
    bool begun; /* the first sample of the track is there */
};

struct traf {
    const struct bmff_fragment *moof;
    struct defaults of;
    uint64_t base;
    uint64_t at; /* where the data of the next run begins */
    bool ours;
};

static int bad(const struct bmff_box *box, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, box->at,
                   "%s at byte %llu: %s (14496-12 8.8)"
                   "; the clip is damaged" BMFF_REMEDY_REMUX,
                   bmff_name_of(box->type).text, (unsigned long long)box->at, what);
}

/* ---- mvex ---- */

static int read_mvex(struct reading *reading, struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(&reading->state->mvex, 0, &reading->census);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        struct cursor cur = cursor_of(box.body);
        struct defaults *to = &reading->extends[reading->extend_count];

        if (box.type != FOURCC('t', 'r', 'e', 'x'))
            continue; /* mehd and hints: what they tell is counted here. */
        if (reading->extend_count == LIMIT_TRACKS)
            return bad(&box, "more of them than tracks may be", why);
        rd_skip(&cur, 4);
        to->id = rd_u32(&cur);
        to->entry = rd_u32(&cur);
        to->duration = rd_u32(&cur);
        to->size = rd_u32(&cur);
        to->flags = rd_u32(&cur);
        if (cur.failed)
            return bad(&box, "it is cut off", why);
        reading->extend_count++;
    }
    return rc;
}

/* ---- one run ---- */

struct run {
    const struct bmff_box *box;
    struct cursor rows;
    uint32_t flags;
    uint32_t count;
    uint32_t first_flags;
    uint8_t version;
};

static int read_run(const struct bmff_box *box, struct traf *traf, struct run *run,
                    struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    unsigned width = 0;

    run->box = box;
    run->version = rd_u8(&cur);
    run->flags = rd_u24(&cur);
    run->count = rd_u32(&cur);
    if (run->flags & RUN_OFFSET) {
        int64_t offset = (int32_t)rd_u32(&cur);

        /* base lies in the file, so below 2^33. */
        if ((int64_t)traf->base + offset < 0)
            return bad(box, "its data would lie before the file", why);
        traf->at = (uint64_t)((int64_t)traf->base + offset);
    }
    if (run->flags & RUN_FIRST_FLAGS)
        run->first_flags = rd_u32(&cur);
    for (uint32_t bit = RUN_DURATION; bit <= RUN_SHIFT; bit <<= 1)
        width += run->flags & bit ? 4 : 0;
    if (cur.failed || run->version > 1 || (uint64_t)run->count * width > rd_left(&cur))
        return bad(box, "its rows do not fit", why);
    if (run->count > LIMIT_SAMPLES)
        return why_set(why, SH_ELIMIT, box->at,
                       "trun: %u samples, %d are the most; cut the clip into parts", run->count,
                       LIMIT_SAMPLES);
    run->rows = cur;
    return SH_OK;
}

/* One sample of the run, for the tables when it is of our track. */
static int read_row(struct reading *reading, struct traf *traf, struct run *run, uint32_t row,
                    struct why *why)
{
    struct bmff_time time = {.duration = traf->of.duration};
    uint32_t size = traf->of.size;
    uint32_t flags = traf->of.flags;

    if (run->flags & RUN_DURATION)
        time.duration = rd_u32(&run->rows);
    if (run->flags & RUN_SIZE)
        size = rd_u32(&run->rows);
    if (run->flags & RUN_FLAGS)
        flags = rd_u32(&run->rows);
    else if (row == 0 && run->flags & RUN_FIRST_FLAGS)
        flags = run->first_flags;
    if (run->flags & RUN_SHIFT)
        time.offset = rd_u32(&run->rows);
    traf->at += size;
    if (!traf->ours)
        return SH_OK;
    if (time.offset > INT32_MAX) {
        if (run->version == 0)
            return bad(run->box, "a sample is shown years after it is decoded", why);
        reading->maker.version = 1;
    }
    time.sync = !reading->track->video || !(flags & NON_SYNC);
    return bmff_maker_sample(&reading->maker, &time, size, why);
}

/* A small file may not ask for millions of rows: samples are bytes of it, each once. */
static int check_run(const struct reading *reading, const struct traf *traf,
                     const struct run *run, struct why *why)
{
    uint64_t size = traf->of.size;
    uint64_t left = reading->state->file_bytes;

    left -= reading->maker.bytes < left ? reading->maker.bytes : left;
    if (run->flags & RUN_SIZE || !run->count)
        return SH_OK;
    if (!size || run->count > left / size)
        return bad(run->box, "it names more samples than the file has bytes", why);
    return SH_OK;
}

static int take_run(struct reading *reading, struct traf *traf, const struct bmff_box *box,
                    struct why *why)
{
    struct run run = {0};
    int rc = read_run(box, traf, &run, why);

    if (rc == SH_OK && traf->ours)
        rc = check_run(reading, traf, &run, why);
    if (rc < 0)
        return rc;
    if (traf->ours && run.count)
        bmff_maker_chunk(&reading->maker, traf->at, traf->of.entry);
    if (!traf->ours && !(run.flags & RUN_SIZE)) {
        traf->at += (uint64_t)run.count * traf->of.size; /* A row a sample would cost time. */
        return SH_OK;
    }
    for (uint32_t i = 0; i < run.count && rc == SH_OK; i++)
        rc = read_row(reading, traf, &run, i, why);
    if (rc == SH_OK && reading->maker.bytes > reading->state->file_bytes)
        rc = bad(box, "its samples are more bytes than the file has", why);
    reading->begun = reading->begun || (traf->ours && run.count);
    return rc;
}

/* ---- one traf ---- */

static int read_tfhd(struct reading *reading, const struct bmff_box *tfhd, uint64_t end_before,
                     struct traf *traf, struct why *why)
{
    struct cursor cur = cursor_of(tfhd->body);
    uint32_t flags = rd_u32(&cur) & 0xffffff;
    uint32_t id = rd_u32(&cur);
    uint32_t i = 0;

    while (i < reading->extend_count && reading->extends[i].id != id)
        i++;
    if (i == reading->extend_count)
        return bad(tfhd, "its track has no trex in moov", why);
    traf->of = reading->extends[i];
    traf->ours = id == reading->track->id;
    traf->base = flags & BASE_IS_MOOF ? traf->moof->at : end_before;
    if (flags & HAS_BASE)
        traf->base = rd_u64(&cur);
    if (flags & HAS_ENTRY)
        traf->of.entry = rd_u32(&cur);
    if (flags & HAS_DURATION)
        traf->of.duration = rd_u32(&cur);
    if (flags & HAS_SIZE)
        traf->of.size = rd_u32(&cur);
    if (flags & HAS_FLAGS)
        traf->of.flags = rd_u32(&cur);
    traf->at = traf->base;
    if (cur.failed || traf->base > reading->state->file_bytes)
        return bad(tfhd, "it is cut off, or points behind the file", why);
    if (traf->ours && (!traf->of.entry || traf->of.entry > reading->track->stsd_count))
        return bad(tfhd, "it names a description that is not in stsd", why);
    return SH_OK;
}

/* tfdt: when the first sample of the fragment is decoded (14496-12 8.8.12). */
static int read_tfdt(struct reading *reading, const struct bmff_box *tfdt, struct why *why)
{
    struct cursor cur = cursor_of(tfdt->body);
    uint8_t version = rd_u8(&cur);
    struct bmff_track *track = reading->track;
    uint64_t dts;

    rd_skip(&cur, 3);
    dts = version ? rd_u64(&cur) : rd_u32(&cur);
    if (cur.failed || version > 1 || dts >> 62 || dts / track->timescale > INT32_MAX)
        return bad(tfdt, "its time cannot be", why);
    if (!reading->begun) {
        track->start = dts;
        return SH_OK;
    }
    if (dts < track->start)
        return bad(tfdt, "it begins before the first fragment", why);
    return bmff_maker_seek(&reading->maker, dts - track->start, why);
}

/* end: where the data of the traf before it ended, and then of this one. */
static int take_traf(struct reading *reading, struct traf *traf, const struct bmff_box *box,
                     uint64_t *end, struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(box, 0, &reading->census);
    struct bmff_box tfhd = {0};
    struct bmff_box child;
    int rc = bmff_walk_next(&walk, &tfhd, why);

    if (rc < 0)
        return rc;
    if (rc == 0 || tfhd.type != FOURCC('t', 'f', 'h', 'd'))
        return bad(box, "it does not begin with tfhd", why);
    rc = read_tfhd(reading, &tfhd, *end, traf, why);
    while (rc == SH_OK && (rc = bmff_walk_next(&walk, &child, why)) > 0) {
        rc = SH_OK;
        if (child.type == FOURCC('t', 'f', 'd', 't')) {
            if (traf->ours)
                rc = read_tfdt(reading, &child, why);
        } else if (child.type == FOURCC('t', 'r', 'u', 'n')) {
            rc = take_run(reading, traf, &child, why);
        } else if (traf->ours) {
            bmff_census_drop(&reading->census, child.type);
        }
    }
    *end = traf->at;
    return rc;
}

/* ---- all of them ---- */

static int take_moof(struct reading *reading, const struct bmff_fragment *moof, struct why *why)
{
    struct bmff_box whole = {
        .type = FOURCC('m', 'o', 'o', 'f'),
        .at = moof->at,
        .body_at = moof->body_at,
        .body = slice_sub(bytes_view(&reading->state->moof_bytes), moof->from, moof->len)};
    struct bmff_walk walk = bmff_walk_of(&whole, 0, &reading->census);
    struct bmff_box box;
    uint64_t end = moof->at;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (box.type == FOURCC('t', 'r', 'a', 'f')) {
            struct traf traf = {.moof = moof};

            rc = take_traf(reading, &traf, &box, &end, why);
            if (rc < 0)
                return rc;
        } else if (box.type != FOURCC('m', 'f', 'h', 'd')) {
            bmff_census_drop(&reading->census, box.type);
        }
    }
    return rc;
}

int bmff_read_fragments(struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    struct reading reading = {.state = state, .track = track, .begun = track->samples > 0};
    struct bmff_fragment moof;
    int rc = SH_OK;

    if (!state->mvex.found)
        return why_set(why, SH_EFORMAT, state->moov.at,
                       "moov: no mvex in it, but fragments behind it (14496-12 8.8.1)"
                       "; the clip is damaged" BMFF_REMEDY_REMUX);
    bmff_maker_init(&reading.maker, track);
    rc = read_mvex(&reading, why);
    if (rc == SH_OK)
        rc = bmff_maker_copy(&reading.maker, track, 0, track->samples, why);
    for (size_t at = 0; rc == SH_OK && at < state->moofs.len; at += sizeof(moof)) {
        memcpy(&moof, state->moofs.ptr + at, sizeof(moof));
        rc = take_moof(&reading, &moof, why);
    }
    state->census.removed |= reading.census.removed;
    if (rc == SH_OK)
        return bmff_maker_done(&reading.maker, track, why);
    bmff_maker_release(&reading.maker);
    return rc;
}
