/* One coded sample through the scanner: what stays of it. */
#ifndef SCAN_SCENE_H
#define SCAN_SCENE_H

#include <stdint.h>
#include <string.h>

#include "bmff/bmff_int.h"

struct scene {
    uint8_t entry[160]; /* a sample entry: only what the scanner reads of it */
    size_t entry_len;
    struct bmff_state state;
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
    scene->state.video.video = !sound;
    scene->state.video.codec = codec;
    scene->state.video.entry_count = 1;
    scene->state.video.entry_map[0] = 1;
    scene->state.video.entries = (struct bytes){.ptr = scene->entry, .len = scene->entry_len};
    scene->state.video.samples = 1;
    scene->state.video.chunks = 1;
    scene->state.video.size_bits = 32;
    scene->state.video.chunk =
        (struct bmff_table){.rows = slice_of(scene->stco, 4), .count = 1};
    scene->state.video.stsc =
        (struct bmff_table){.rows = slice_of(scene->stsc, 12), .count = 1};
    scene_be32(scene->stsc, 1);
    scene_be32(scene->stsc + 4, 1);
    scene_be32(scene->stsc + 8, 1);
}

/* Scan samples of size bytes each, all in one chunk, and append to out what the file holds. */
static inline int scene_scan(struct scene *scene, struct slice whole, uint32_t size,
                             struct bytes *out, struct why *why)
{
    struct bmff_source source = bmff_source_slice(&whole);
    struct bmff_plan plan = {.state = &scene->state};
    struct bmff_run run;
    int rc;

    scene->state.census = (struct bmff_census){0};
    scene->state.video.samples = size ? (uint32_t)(whole.len / size) : 1;
    scene_be32(scene->stsc + 4, scene->state.video.samples);
    scene->state.video.size_all = size;
    scene->state.video.bytes = whole.len;
    rc = bmff_scan_clip(&source, &scene->state, why);
    if (rc < 0)
        return rc;
    bmff_plan_rewind(&plan);
    while (bmff_plan_next(&plan, &run))
        bytes_slice(out, run.bytes ? slice_of(run.bytes, (size_t)run.len)
                                   : slice_sub(whole, (size_t)run.offset, (size_t)run.len));
    return bytes_check(out, why);
}

static inline void scene_release(struct scene *scene)
{
    bmff_changes_release(&scene->state.video.changes);
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
    good = rc == SH_OK ? once.len + scene.state.video.changes.cut == sample.len
                       : (int)why.code == rc && why.text[0];
    scene_release(&scene);
    if (rc == SH_OK && good) {
        scene_init(&scene, codec, record);
        good =
            scene_scan(&scene, bytes_view(&once), (uint32_t)once.len, &twice, &why) == SH_OK &&
            !scene.state.video.changes.rows.len && !scene.state.census.removed &&
            slice_equal(bytes_view(&once), bytes_view(&twice));
        scene_release(&scene);
    }
    bytes_release(&once);
    bytes_release(&twice);
    return good;
}

#endif
