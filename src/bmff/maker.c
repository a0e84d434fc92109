/*
 * Tables that are made here: of fragments, or without the samples that edits hide.  Rows look
 * as they do in a file, so that whoever reads a table need not know where it came from.
 */
#include "bmff/bmff_int.h"

void bmff_maker_init(struct bmff_maker *maker, const struct bmff_track *track)
{
    *maker = (struct bmff_maker){.track = track};
    bytes_init(&maker->made.stts, (size_t)LIMIT_SAMPLES * 8);
    bytes_init(&maker->made.ctts, (size_t)LIMIT_SAMPLES * 8);
    bytes_init(&maker->made.stss, (size_t)LIMIT_SAMPLES * 4);
    bytes_init(&maker->made.stsc, (size_t)LIMIT_SAMPLES * 12);
    bytes_init(&maker->made.stsz, (size_t)LIMIT_SAMPLES * 4);
    bytes_init(&maker->made.chunk, (size_t)LIMIT_SAMPLES * 8);
}

static void made_release(struct bmff_made *made)
{
    bytes_release(&made->stts);
    bytes_release(&made->ctts);
    bytes_release(&made->stss);
    bytes_release(&made->stsc);
    bytes_release(&made->stsz);
    bytes_release(&made->chunk);
}

void bmff_maker_release(struct bmff_maker *maker)
{
    made_release(&maker->made);
    *maker = (struct bmff_maker){0};
}

void bmff_track_release(struct bmff_track *track)
{
    made_release(&track->made);
    bytes_release(&track->entries);
    bmff_changes_release(&track->changes);
}

/* ---- rows ---- */

static void flush_run(struct bytes *rows, struct bmff_run_of_rows *run)
{
    if (run->count) {
        bytes_u32(rows, run->count);
        bytes_u32(rows, run->value);
    }
    run->count = 0;
}

static void add_run(struct bytes *rows, struct bmff_run_of_rows *run, uint32_t value)
{
    if (run->value != value)
        flush_run(rows, run);
    run->value = value;
    run->count++;
}

/* A row of stsc for the newest chunk, unless the row before it says the same. */
static void flush_chunk(struct bmff_maker *maker)
{
    struct bytes *rows = &maker->made.stsc;

    if (!maker->in_chunk)
        return;
    if (maker->row_samples != maker->in_chunk || maker->row_entry != maker->entry) {
        bytes_u32(rows, maker->chunks);
        bytes_u32(rows, maker->in_chunk);
        bytes_u32(rows, maker->entry);
        maker->row_samples = maker->in_chunk;
        maker->row_entry = maker->entry;
    }
    maker->in_chunk = 0;
}

void bmff_maker_chunk(struct bmff_maker *maker, uint64_t offset, uint32_t entry)
{
    flush_chunk(maker);
    maker->entry = entry;
    maker->chunks++;
    bytes_u64(&maker->made.chunk, offset);
}

int bmff_maker_sample(struct bmff_maker *maker, const struct bmff_time *time, uint32_t size,
                      struct why *why)
{
    if (maker->samples == LIMIT_SAMPLES)
        return why_set(why, SH_ELIMIT, maker->track->trak.at,
                       "trak[%u]: more than %d samples; cut the clip into parts",
                       maker->track->number, LIMIT_SAMPLES);
    if (maker->has_held)
        add_run(&maker->made.stts, &maker->times, maker->held);
    maker->has_held = true;
    maker->held = time->duration;
    maker->until += time->duration; /* 3,000,000 times 2^32 at most, beside seeks below 2^62 */
    add_run(&maker->made.ctts, &maker->offsets, time->offset);
    maker->shifted = maker->shifted || time->offset;
    maker->samples++;
    maker->in_chunk++;
    maker->bytes += size;
    if (time->sync)
        bytes_u32(&maker->made.stss, maker->samples);
    maker->dependent = maker->dependent || !time->sync;
    bytes_u32(&maker->made.stsz, size);
    return SH_OK;
}

int bmff_maker_seek(struct bmff_maker *maker, uint64_t dts, struct why *why)
{
    uint64_t before = maker->until - maker->held; /* decode time of the newest sample */

    if (!maker->has_held || dts == maker->until)
        return SH_OK;
    if (dts < before || dts - before > UINT32_MAX)
        return why_set(why, SH_EFORMAT, maker->track->trak.at,
                       "trak[%u]: a fragment begins at %llu where the one before it ends at "
                       "%llu (14496-12 8.8.12)" BMFF_REMEDY_REMUX,
                       maker->track->number, (unsigned long long)dts,
                       (unsigned long long)maker->until);
    maker->held = (uint32_t)(dts - before);
    maker->until = dts;
    return SH_OK;
}

/* ---- from a track ---- */

int bmff_maker_copy(struct bmff_maker *maker, const struct bmff_track *track, uint32_t from,
                    uint32_t to, struct why *why)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_chunks chunks = bmff_chunks_of(track);
    struct bmff_chunk chunk;
    struct bmff_time time;
    uint32_t sample = 0;
    int rc = SH_OK;

    maker->version = track->ctts.version;
    while (rc == SH_OK && sample < to && bmff_chunks_next(&chunks, &chunk)) {
        bool open = false;

        for (uint32_t i = 0; i < chunk.samples && rc == SH_OK && sample < to; i++, sample++) {
            uint32_t size = bmff_track_size(track, sample);

            if (!bmff_times_next(&times, &time))
                break;
            if (sample >= from && !open)
                bmff_maker_chunk(maker, chunk.offset, chunk.entry);
            open = open || sample >= from;
            chunk.offset += size;
            if (sample >= from)
                rc = bmff_maker_sample(maker, &time, size, why);
        }
    }
    return rc;
}

static struct bmff_table table_of(const struct bytes *rows, size_t width, uint8_t version)
{
    return (struct bmff_table){.rows = bytes_view(rows),
                               .count = (uint32_t)(rows->len / width),
                               .present = true,
                               .version = version};
}

static int made_check(const struct bmff_made *made, struct why *why)
{
    const struct bytes *all[] = {&made->stts, &made->ctts, &made->stss,
                                 &made->stsc, &made->stsz, &made->chunk};

    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (bytes_check(all[i], why) < 0)
            return all[i]->failed;
    return SH_OK;
}

int bmff_maker_done(struct bmff_maker *maker, struct bmff_track *track, struct why *why)
{
    int rc;

    if (maker->has_held)
        add_run(&maker->made.stts, &maker->times, maker->held);
    flush_run(&maker->made.stts, &maker->times);
    flush_run(&maker->made.ctts, &maker->offsets);
    flush_chunk(maker);
    rc = made_check(&maker->made, why);
    if (rc < 0)
        goto out;
    made_release(&track->made);
    track->made = maker->made;
    maker->made = (struct bmff_made){0};
    track->stts = table_of(&track->made.stts, 8, 0);
    if (track->ctts.present || maker->shifted)
        track->ctts = table_of(&track->made.ctts, 8, maker->version);
    if (track->stss.present || (track->video && maker->dependent))
        track->stss = table_of(&track->made.stss, 4, 0);
    track->stsc = table_of(&track->made.stsc, 12, 0);
    track->stsz = table_of(&track->made.stsz, 4, 0);
    track->chunk = table_of(&track->made.chunk, 8, 0);
    track->chunk_wide = true;
    track->size_bits = 32;
    track->size_all = 0;
    track->samples = maker->samples;
    track->chunks = maker->chunks;
    track->bytes = maker->bytes;
    track->media_duration = maker->until;
out:
    bmff_maker_release(maker);
    return rc;
}
