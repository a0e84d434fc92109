/* The plan: read the clip, write the new head, hand out what to copy behind it. */
#include "bmff/bmff_int.h"

static const char *const removed_names[BMFF_REMOVED_KINDS] = {
    [BMFF_REMOVED_CODING] = "coding",
    [BMFF_REMOVED_CREDENTIALS] = "credentials",
    [BMFF_REMOVED_DATES] = "dates",
    [BMFF_REMOVED_EXTRA_TRACK] = "extra-track",
    [BMFF_REMOVED_LANGUAGE] = "language",
    [BMFF_REMOVED_METADATA] = "metadata",
    [BMFF_REMOVED_NAMES] = "names",
    [BMFF_REMOVED_OTHER_BOXES] = "other-boxes",
    [BMFF_REMOVED_PADDING] = "padding",
    [BMFF_REMOVED_SECOND_AUDIO] = "second-audio",
    [BMFF_REMOVED_SECOND_VIDEO] = "second-video",
    [BMFF_REMOVED_TRAILER] = "trailer",
    [BMFF_REMOVED_UNREFERENCED] = "unreferenced",
    [BMFF_REMOVED_USER_DATA] = "user-data",
};

const char *bmff_removed_name(unsigned kind)
{
    return kind < BMFF_REMOVED_KINDS ? removed_names[kind] : NULL;
}

/* ---- runs ---- */

void bmff_state_rewind(struct bmff_state *state)
{
    state->at[0] = bmff_chunks_of(&state->video);
    state->has_ahead[0] = bmff_chunks_next(&state->at[0], &state->ahead[0]);
    state->has_ahead[1] = false;
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

bool bmff_state_next(struct bmff_state *state, struct bmff_run *run, unsigned *which)
{
    if (!first_ahead(state, which))
        return false;
    *run = (struct bmff_run){.offset = state->ahead[*which].offset,
                             .len = state->ahead[*which].bytes};
    state->has_ahead[*which] = bmff_chunks_next(&state->at[*which], &state->ahead[*which]);
    return true;
}

bool bmff_plan_next(struct bmff_plan *plan, struct bmff_run *run)
{
    struct bmff_run all = {0};
    struct bmff_run next = {0};
    unsigned which;

    while (first_ahead(plan->state, &which)) {
        if (all.len && plan->state->ahead[which].bytes &&
            plan->state->ahead[which].offset != all.offset + all.len)
            break;
        (void)bmff_state_next(plan->state, &next,
                              &which); /* first_ahead saw that it is there. */
        if (!all.len)
            all.offset = next.offset;
        all.len += next.len;
    }
    if (!all.len)
        return false;
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

static void fill_facts(const struct bmff_state *state, const struct bytes *head,
                       struct bmff_facts *facts)
{
    uint64_t shown = state->video.shown_duration;

    if (state->has_audio && state->audio.shown_duration > shown)
        shown = state->audio.shown_duration;
    *facts = (struct bmff_facts){
        .head_bytes = head->len,
        .file_bytes = head->len + state->video.bytes,
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
        facts->file_bytes += state->audio.bytes;
        facts->audio_codec = state->audio.codec;
        facts->audio_samples = state->audio.samples;
    }
    if (state->video.codec >> 8 != FOURCC(0, 'a', 'v', 'c'))
        facts->notes |= BMFF_NOTE_HEVC;
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
    bytes_release(&state->video.entries);
    bytes_release(&state->audio.entries);
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
        rc = bmff_write_head(made.state, &made.head, why);
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

void bmff_plan_release(struct bmff_plan *plan)
{
    bytes_release(&plan->head);
    state_free(plan->state);
    *plan = (struct bmff_plan){0};
}
