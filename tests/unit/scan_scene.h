/* One coded sample through the scanner: what stays of it. */
#ifndef SCAN_SCENE_H
#define SCAN_SCENE_H

#include <stdint.h>
#include <string.h>

#include "bmff/bmff_int.h"

struct scene {
    uint8_t entry[160]; /* a sample entry: only what the scanner reads of it */
    size_t entry_len;
    struct bmff_track track;
    struct bmff_census census;
    uint8_t stsc[24];
    uint8_t stco[8];
};

static inline void scene_be32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A sample entry of the codec with this decoder record. */
static inline void scene_init(struct scene *scene, uint32_t codec, struct slice record)
{
    bool sound = codec == FOURCC('m', 'p', '4', 'a') || codec == FOURCC('a', 'l', 'a', 'c') ||
                 codec == FOURCC('O', 'p', 'u', 's');
    size_t fields = 8 + (sound ? 28 : 78);

    memset(scene, 0, sizeof(*scene));
    scene->entry_len = fields + 8 + record.len;
    scene_be32(scene->entry, (uint32_t)scene->entry_len);
    scene_be32(scene->entry + fields, (uint32_t)(8 + record.len));
    if (record.len)
        memcpy(scene->entry + fields + 8, record.ptr, record.len);
    scene->track.video = !sound;
    scene->track.codec = codec;
    scene->track.entry_count = 1;
    scene->track.entry_map[0] = 1;
    scene->track.entries = (struct bytes){.ptr = scene->entry, .len = scene->entry_len};
    scene->track.samples = 1;
    scene->track.chunks = 1;
    scene->track.size_bits = 32;
    scene->track.chunk = (struct bmff_table){.rows = slice_of(scene->stco, 4), .count = 1};
    scene->track.stsc = (struct bmff_table){.rows = slice_of(scene->stsc, 12), .count = 1};
    scene_be32(scene->stsc, 1);
    scene_be32(scene->stsc + 4, 1);
    scene_be32(scene->stsc + 8, 1);
}

/* Scan samples of size bytes each, all in one chunk, and append to out what the file holds. */
static inline int scene_scan(struct scene *scene, struct slice whole, uint32_t size,
                             struct bytes *out, struct why *why)
{
    struct bmff_source source = bmff_source_slice(&whole);
    struct bmff_state state;
    struct bmff_plan plan = {.state = &state};
    struct bmff_run run;
    int rc;

    scene->census = (struct bmff_census){0};
    scene->track.samples = size ? (uint32_t)(whole.len / size) : 1;
    scene_be32(scene->stsc + 4, scene->track.samples);
    scene->track.size_all = size;
    scene->track.bytes = whole.len;
    rc = bmff_scan_track(&source, &scene->track, &scene->census, why);
    if (rc < 0)
        return rc;
    memset(&state, 0, sizeof(state));
    state.video = scene->track;
    bmff_state_rewind(&state);
    while (bmff_plan_next(&plan, &run))
        bytes_slice(out, run.bytes ? slice_of(run.bytes, (size_t)run.len)
                                   : slice_sub(whole, (size_t)run.offset, (size_t)run.len));
    return bytes_check(out, why);
}

static inline void scene_release(struct scene *scene)
{
    bmff_changes_release(&scene->track.changes);
}

/*
 * What every sample must hold to: what is left of it is left alone by a second scan, and is as
 * long as the first one said.  False when not.
 */
static inline bool scene_settles(uint32_t codec, struct slice record, struct slice sample)
{
    struct scene scene;
    struct why why = {0};
    struct bytes once;
    struct bytes twice;
    bool good;
    int rc;

    bytes_init(&once, sample.len + 1);
    bytes_init(&twice, sample.len + 1);
    scene_init(&scene, codec, record);
    rc = scene_scan(&scene, sample, (uint32_t)sample.len, &once, &why);
    good = rc == SH_OK ? once.len + scene.track.changes.cut == sample.len
                       : (int)why.code == rc && why.text[0];
    scene_release(&scene);
    if (rc == SH_OK && good) {
        scene_init(&scene, codec, record);
        good =
            scene_scan(&scene, bytes_view(&once), (uint32_t)once.len, &twice, &why) == SH_OK &&
            !scene.track.changes.rows.len && !scene.census.removed &&
            slice_equal(bytes_view(&once), bytes_view(&twice));
        scene_release(&scene);
    }
    bytes_release(&once);
    bytes_release(&twice);
    return good;
}

#endif
