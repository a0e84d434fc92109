/*
 * What the edit list hides at the head and the tail of a track leaves it (14496-12 8.6.6): a
 * player does not show it, but whoever opens the file can.
 *
 * What decoding needs stays: pictures from the last sync sample that is shown or decoded before
 * the first one, sound with its preroll.  The choice depends on nothing that leaving samples
 * out changes, so a file that was trimmed is trimmed no further: the second reader asks for
 * that.
 */
#include "bmff/bmff_int.h"

/* Frames of AAC before the first one heard: one overlaps, and encoders prime with two. */
#define AAC_PREROLL 3
/* With SBR: its header comes about each half second, here 12 frames of 2,048 samples. */
#define SBR_PREROLL 12
#define OPUS_PREROLL_MS 80 /* RFC 7845 4.6 */

/* value from units of one clock to another, rounded to the nearest; both are below 2^32. */
uint64_t bmff_rescale(uint64_t value, uint32_t from, uint32_t to)
{
    uint64_t whole = value / from;
    uint64_t rest = value % from;

    return whole * to + (rest * to + from / 2) / from;
}

/* What the edits show, in media time. */
struct window {
    int64_t from;
    int64_t to;
};

static int64_t shown_at(const struct bmff_time *time)
{
    return (int64_t)time->dts + (int32_t)time->offset;
}

/* Where the last picture or sound ends. */
static int64_t media_end(const struct bmff_track *track)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_time time;
    int64_t end = 0;

    while (bmff_times_next(&times, &time))
        if (shown_at(&time) + time.duration > end)
            end = shown_at(&time) + time.duration;
    return end;
}

/* A row of no duration means "to the end"; the sum is what is shown. */
static int fill_edits(struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    uint64_t most = (uint64_t)LIMIT_CLIP_SECONDS * state->timescale;
    uint64_t sum = 0;
    int64_t end = -1; /* asked once: it looks at every sample */

    for (uint32_t i = 0; i < track->edit_count; i++) {
        struct bmff_edit *edit = &track->edits[i];

        if (!edit->duration && edit->media_time >= 0) {
            int64_t left;

            end = end < 0 ? media_end(track) : end;
            left = end - edit->media_time;

            edit->duration =
                bmff_rescale(left > 0 ? (uint64_t)left : 0, track->timescale, state->timescale);
        }
        if (edit->duration > most - sum)
            return why_set(why, SH_ELIMIT, track->trak.at,
                           "trak[%u]/elst: longer than %d h; cut the clip into parts",
                           track->number, LIMIT_CLIP_SECONDS / 3600);
        sum += edit->duration;
    }
    track->shown_duration =
        track->edit_count
            ? sum
            : bmff_rescale(track->media_duration, track->timescale, state->timescale);
    return SH_OK;
}

/* False when nothing of the media is shown.  Two ticks of the movie's clock go to rounding. */
static bool window_of(const struct bmff_state *state, const struct bmff_track *track,
                      struct window *window)
{
    bool any = false;

    for (uint32_t i = 0; i < track->edit_count; i++) {
        const struct bmff_edit *edit = &track->edits[i];
        int64_t end;

        if (edit->media_time < 0)
            continue;
        end = edit->media_time +
              (int64_t)bmff_rescale(edit->duration + 2, state->timescale, track->timescale);
        if (!any || edit->media_time < window->from)
            window->from = edit->media_time;
        if (!any || end > window->to)
            window->to = end;
        any = true;
    }
    return any;
}

/* What stays: samples [from, to), and dts of the first. */
struct keep {
    uint32_t from;
    uint32_t to;
    uint64_t dts;
};

/* The sample on show at time from: the greatest time up to it, else the least of all. */
static struct bmff_time sample_at(const struct bmff_track *track, int64_t from)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_time found = {0};
    struct bmff_time time;
    bool any = false;

    while (bmff_times_next(&times, &time)) {
        bool late = shown_at(&time) > from;
        bool better = late ? shown_at(&found) > from && shown_at(&time) < shown_at(&found)
                           : shown_at(&found) > from || shown_at(&time) > shown_at(&found);

        if (!any || better)
            found = time;
        any = true;
    }
    return found;
}

static uint32_t preroll_frames(const struct bmff_track *track, const struct bmff_time *first)
{
    if (track->codec != FOURCC('m', 'p', '4', 'a'))
        return 0;
    return first->duration > 1024 || track->timescale <= 24000 ? SBR_PREROLL : AAC_PREROLL;
}

/* The first sample that is shown from first on, and the one behind the last before end. */
static void find_shown(const struct bmff_track *track, const struct bmff_time *first,
                       int64_t end, struct keep *keep)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_time time;

    keep->from = track->samples;
    keep->to = 0;
    while (bmff_times_next(&times, &time)) {
        uint32_t sample = times.sample - 1;

        if (shown_at(&time) >= shown_at(first) && sample < keep->from)
            keep->from = sample;
        if (shown_at(&time) < end)
            keep->to = sample + 1;
    }
    if (keep->to <= keep->from)
        keep->to = keep->from + 1;
}

/* Back to a sample at which decoding can begin. */
static void find_entry(const struct bmff_track *track, const struct bmff_time *first,
                       const struct window *window, struct keep *keep)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_time time;
    uint32_t most = keep->from;
    uint32_t back = track->video ? 0 : preroll_frames(track, first);

    most -= back < most ? back : most;
    keep->from = 0;
    keep->dts = 0;
    while (times.sample <= most && bmff_times_next(&times, &time)) {
        bool fits = !track->video ||
                    (track->stss.present && time.sync && shown_at(&time) <= shown_at(first));

        if (fits && (int64_t)time.dts <= window->from) {
            keep->from = times.sample - 1;
            keep->dts = time.dts;
        }
    }
}

static uint64_t dts_of(const struct bmff_track *track, uint32_t sample)
{
    struct bmff_times times = bmff_times_of(track);
    struct bmff_time time = {0};

    while (times.sample < sample && bmff_times_next(&times, &time))
        continue;
    return times.dts;
}

/* Edits may begin up to the end of the track, and no further. */
static void keep_edits_whole(const struct bmff_track *track, struct keep *keep)
{
    uint64_t end = dts_of(track, keep->to);

    for (uint32_t i = 0; i < track->edit_count; i++)
        if (track->edits[i].media_time > 0 && (uint64_t)track->edits[i].media_time > end)
            keep->to = track->samples;
}

static int cut(struct bmff_state *state, struct bmff_track *track, const struct keep *keep,
               struct why *why)
{
    struct bmff_maker maker;
    int rc;

    bmff_maker_init(&maker, track);
    rc = bmff_maker_copy(&maker, track, keep->from, keep->to, why);
    if (rc < 0) {
        bmff_maker_release(&maker);
        return rc;
    }
    for (uint32_t i = 0; i < track->edit_count; i++)
        if (track->edits[i].media_time >= 0)
            track->edits[i].media_time -= (int64_t)keep->dts;
    bmff_census_mark(&state->census, BMFF_REMOVED_CUT_PARTS);
    return bmff_maker_done(&maker, track, why);
}

/* Does a second or more stay in the file that is not shown? */
static void note_hidden(struct bmff_state *state, const struct bmff_track *track)
{
    uint64_t all = bmff_rescale(track->media_duration, track->timescale, state->timescale);
    uint64_t media = 0;

    for (uint32_t i = 0; i < track->edit_count; i++)
        if (track->edits[i].media_time >= 0)
            media += track->edits[i].duration;
    if (track->edit_count && media + state->timescale <= all)
        state->notes |= BMFF_NOTE_CUT_STAYS;
}

int bmff_trim(struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    struct window window = {0};
    struct bmff_time first;
    struct keep keep = {0};
    int64_t preroll = 0;
    int rc = fill_edits(state, track, why);

    if (rc == SH_OK && window_of(state, track, &window)) {
        if (track->codec == FOURCC('O', 'p', 'u', 's'))
            preroll = (int64_t)((uint64_t)OPUS_PREROLL_MS * track->timescale / 1000);
        first = sample_at(track, window.from - preroll);
        find_shown(track, &first, window.to, &keep);
        find_entry(track, &first, &window, &keep);
        keep_edits_whole(track, &keep);
        if (keep.from || keep.to < track->samples)
            rc = cut(state, track, &keep, why);
    }
    if (rc == SH_OK)
        note_hidden(state, track);
    return rc;
}
