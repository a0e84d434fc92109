/* The plan: read the clip, write the new head, hand out what to copy behind it. */
#include "bmff/bmff_int.h"

#include <string.h>

static const char *const removed_names[BMFF_REMOVED_KINDS] = {
    [BMFF_REMOVED_CODING] = "coding",
    [BMFF_REMOVED_CREDENTIALS] = "credentials",
    [BMFF_REMOVED_CUT_PARTS] = "cut-parts",
    [BMFF_REMOVED_DATES] = "dates",
    [BMFF_REMOVED_EXTRA_TRACK] = "extra-track",
    [BMFF_REMOVED_LANGUAGE] = "language",
    [BMFF_REMOVED_METADATA] = "metadata",
    [BMFF_REMOVED_NAMES] = "names",
    [BMFF_REMOVED_OTHER_BOXES] = "other-boxes",
    [BMFF_REMOVED_PADDING] = "padding",
    [BMFF_REMOVED_PICTURE_DATA] = "picture-data",
    [BMFF_REMOVED_SECOND_AUDIO] = "second-audio",
    [BMFF_REMOVED_SECOND_VIDEO] = "second-video",
    [BMFF_REMOVED_SOUND_DATA] = "sound-data",
    [BMFF_REMOVED_TRAILER] = "trailer",
    [BMFF_REMOVED_UNREFERENCED] = "unreferenced",
    [BMFF_REMOVED_USER_DATA] = "user-data",
};

const char *bmff_removed_name(unsigned kind)
{
    return kind < BMFF_REMOVED_KINDS ? removed_names[kind] : NULL;
}

/* ---- runs ---- */

static const uint8_t zeros[1024];

void bmff_state_rewind(struct bmff_state *state)
{
    state->at[0] = bmff_chunks_of(&state->video);
    state->has_ahead[0] = bmff_chunks_next(&state->at[0], &state->ahead[0]);
    state->has_ahead[1] = false;
    state->change[0] = state->change[1] = 0;
    state->part = (struct bmff_part){0};
    state->waiting = (struct bmff_run){0};
    if (state->has_audio) {
        state->at[1] = bmff_chunks_of(&state->audio);
        state->has_ahead[1] = bmff_chunks_next(&state->at[1], &state->ahead[1]);
    }
}

/* The track whose next chunk stands first in the clip; an empty one goes before a full one. */
static bool first_ahead(const struct bmff_state *state, unsigned *which)
{
    const struct bmff_chunk *video = &state->ahead[0];
    const struct bmff_chunk *audio = &state->ahead[1];

    if (!state->has_ahead[0] && !state->has_ahead[1])
        return false;
    *which = !state->has_ahead[0];
    if (state->has_ahead[0] && state->has_ahead[1])
        *which = audio->offset < video->offset ||
                 (audio->offset == video->offset && !audio->bytes && video->bytes);
    return true;
}

static struct bmff_change change_of(const struct bmff_track *track, uint32_t index)
{
    struct bmff_change change;

    memcpy(&change, track->changes.rows.ptr + index * sizeof(change), sizeof(change));
    return change;
}

bool bmff_state_next(struct bmff_state *state, struct bmff_part *part)
{
    unsigned which;
    uint32_t chunk;
    struct bmff_track *track;
    size_t count;

    if (!first_ahead(state, &which))
        return false;
    track = which ? &state->audio : &state->video;
    count = track->changes.rows.len / sizeof(struct bmff_change);
    chunk = state->at[which].next - 1; /* next counts what was given */
    *part = (struct bmff_part){.track = track,
                               .at = state->ahead[which].offset,
                               .to = state->ahead[which].offset + state->ahead[which].bytes,
                               .kept = state->ahead[which].bytes,
                               .chunk = chunk,
                               .samples = state->ahead[which].samples,
                               .entry = state->ahead[which].entry,
                               .change = state->change[which]};
    while (state->change[which] < count) {
        struct bmff_change change = change_of(track, state->change[which]);

        if (change.chunk != chunk)
            break;
        part->kept = part->kept - change.len + change.own_len;
        state->change[which]++;
    }
    part->changes = state->change[which];
    state->has_ahead[which] = bmff_chunks_next(&state->at[which], &state->ahead[which]);
    return true;
}

static struct bmff_run run_of_zeros(struct bmff_part *part)
{
    uint32_t len = part->zeros < sizeof(zeros) ? part->zeros : sizeof(zeros);
    struct bmff_run run = {.offset = part->at - part->zeros, .len = len, .bytes = zeros};

    part->zeros -= len;
    return run;
}

/* The next piece of the part in hand; false at its end. */
static bool part_next(struct bmff_part *part, struct bmff_run *run)
{
    struct bmff_change change = {0};

    while (part->zeros || part->at < part->to) {
        uint64_t stop = part->to;

        if (part->zeros) {
            *run = run_of_zeros(part);
            return true;
        }
        if (part->change < part->changes) {
            change = change_of(part->track, part->change);
            stop = change.at;
        }
        if (part->at < stop) {
            *run = (struct bmff_run){.offset = part->at, .len = stop - part->at};
            part->at = stop;
            return true;
        }
        part->at += change.len;
        part->change++;
        if (change.own == BMFF_OWN_ZEROS) {
            part->zeros = change.own_len;
        } else if (change.own_len) {
            *run = (struct bmff_run){.offset = change.at,
                                     .len = change.own_len,
                                     .bytes = part->track->changes.own.ptr + change.own};
            return true;
        }
    }
    return false;
}

static bool piece_next(struct bmff_state *state, struct bmff_run *run)
{
    while (!part_next(&state->part, run))
        if (!bmff_state_next(state, &state->part))
            return false;
    return true;
}

bool bmff_plan_next(struct bmff_plan *plan, struct bmff_run *run)
{
    struct bmff_state *state = plan->state;
    struct bmff_run all = state->waiting;
    struct bmff_run next;

    state->waiting = (struct bmff_run){0};
    if (!all.len && !piece_next(state, &all))
        return false;
    while (piece_next(state, &next)) {
        if (all.bytes || next.bytes || next.offset != all.offset + all.len) {
            state->waiting = next;
            break;
        }
        all.len += next.len;
    }
    *run = all;
    return true;
}

void bmff_plan_rewind(struct bmff_plan *plan)
{
    bmff_state_rewind(plan->state);
}

/* ---- facts ---- */

static uint32_t rotation_of(const int8_t turn[4])
{
    if (turn[1])
        return turn[1] > 0 ? 90 : 270;
    return turn[0] < 0 && turn[3] < 0 ? 180 : 0;
}

static void fill_shown(const struct bmff_track *video, struct bmff_facts *facts)
{
    /* Both parts of the aspect are at most 65536, the width at most 65535. */
    uint64_t wide =
        ((uint64_t)video->width * video->aspect[0] + video->aspect[1] / 2) / video->aspect[1];

    if (!wide || wide > UINT16_MAX)
        wide = video->width;
    facts->rotation = rotation_of(video->turn);
    facts->width = facts->rotation % 180 ? video->height : (uint32_t)wide;
    facts->height = facts->rotation % 180 ? (uint32_t)wide : video->height;
}

static bool is_other(uint32_t codec)
{
    return codec == FOURCC('a', 'v', '0', '1') || codec == FOURCC('v', 'p', '0', '9');
}

static void fill_facts(const struct bmff_state *state, const struct bytes *head,
                       struct bmff_facts *facts)
{
    uint64_t shown = state->video.shown_duration;

    if (state->has_audio && state->audio.shown_duration > shown)
        shown = state->audio.shown_duration;
    *facts = (struct bmff_facts){
        .head_bytes = head->len,
        .file_bytes = head->len + state->video.bytes - state->video.changes.cut,
        .duration_ms = (shown * 1000 + state->timescale / 2) / state->timescale,
        .coded_width = state->video.width,
        .coded_height = state->video.height,
        .video_codec = state->video.codec,
        .video_samples = state->video.samples,
        .removed = state->census.removed,
        .notes = state->notes,
    };
    if (!facts->duration_ms)
        facts->duration_ms = 1;
    if (state->has_audio) {
        facts->file_bytes += state->audio.bytes - state->audio.changes.cut;
        facts->audio_codec = state->audio.codec;
        facts->audio_samples = state->audio.samples;
    }
    if (state->video.codec >> 8 != FOURCC(0, 'a', 'v', 'c'))
        facts->notes |= is_other(state->video.codec) ? BMFF_NOTE_AV1 : BMFF_NOTE_HEVC;
    if (state->has_audio && state->audio.codec != FOURCC('m', 'p', '4', 'a'))
        facts->notes |= BMFF_NOTE_SOUND;
    fill_shown(&state->video, facts);
}

/* ---- life ---- */

static void state_free(struct bmff_state *state)
{
    struct arena arena;

    if (!state)
        return;
    bytes_release(&state->moov_bytes);
    bytes_release(&state->mdats);
    bytes_release(&state->moof_bytes);
    bytes_release(&state->moofs);
    bmff_track_release(&state->video);
    bmff_track_release(&state->audio);
    arena = state->arena; /* It holds the struct that it is part of. */
    arena_release(&arena);
}

static struct bmff_state *state_new(void)
{
    struct arena arena;
    struct bmff_state *state;

    arena_init(&arena, LIMIT_CLIP_ARENA);
    state = arena_take(&arena, sizeof(*state));
    if (state)
        state->arena = arena;
    else
        arena_release(&arena);
    return state;
}

int bmff_plan_make(const struct bmff_source *source, struct bmff_plan *plan, struct why *why)
{
    struct bmff_plan made = {.state = state_new()};
    int rc;

    if (!made.state)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = bmff_read_file(source, made.state, why);
    if (rc == SH_OK)
        rc = bmff_read_movie(made.state, why);
    if (rc == SH_OK)
        rc = bmff_scan_clip(source, made.state, why);
    if (rc == SH_OK)
        rc = bmff_write_head(made.state, 0, &made.head, why);
    if (rc < 0)
        goto out;
    fill_facts(made.state, &made.head, &made.facts);
    bmff_plan_rewind(&made);
    *plan = made;
    made = (struct bmff_plan){0};
out:
    bmff_plan_release(&made);
    return rc;
}

int bmff_plan_room(struct bmff_plan *plan, uint64_t bytes, struct why *why)
{
    struct bytes head = {0};
    int rc;

    if (bytes < BMFF_ROOM_HEAD_BYTES || bytes > LIMIT_ROOM_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "content credentials of %llu bytes, %u is the most",
                       (unsigned long long)bytes, LIMIT_ROOM_BYTES);
    rc = bmff_write_head(plan->state, bytes, &head, why);
    if (rc == SH_OK) {
        bytes_release(&plan->head);
        plan->head = head;
        head = (struct bytes){0};
        fill_facts(plan->state, &plan->head, &plan->facts);
        plan->facts.room_bytes = bytes;
    }
    bytes_release(&head);
    bmff_plan_rewind(plan);
    return rc;
}

void bmff_plan_release(struct bmff_plan *plan)
{
    bytes_release(&plan->head);
    state_free(plan->state);
    *plan = (struct bmff_plan){0};
}
