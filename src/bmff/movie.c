/* moov: which tracks, and one track's own fields (14496-12 8.2 to 8.6). */
#include "bmff/bmff_int.h"

#include <string.h>

#define HANDLER_VIDEO FOURCC('v', 'i', 'd', 'e')
#define HANDLER_SOUND FOURCC('s', 'o', 'u', 'n')

static int missing(const struct bmff_box *parent, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, parent->at,
                   "%s at byte %llu: no %s in it (14496-12 table 1)"
                   "; the clip is damaged" BMFF_REMEDY_REMUX,
                   bmff_name_of(parent->type).text, (unsigned long long)parent->at, what);
}

/* ---- which tracks ---- */

/* The first kind of entry that we take, else the first; what is wrong there is said later. */
static uint32_t survey_entries(const struct bmff_box *stsd, uint32_t handler)
{
    struct bmff_census census = {0};
    struct bmff_walk walk = bmff_walk_of(stsd, 8, &census);
    struct bmff_box box;
    uint32_t codec = 0;

    while (bmff_walk_next(&walk, &box, NULL) > 0) {
        if (handler == HANDLER_VIDEO ? bmff_takes_video(box.type) : bmff_takes_sound(box.type))
            return box.type;
        codec = codec ? codec : box.type;
    }
    return codec;
}

/* What kind of track is it?  Looks at tkhd, hdlr and the first sample entry, no further. */
static int survey_track(const struct bmff_box *trak, struct bmff_track *track, struct why *why)
{
    struct bmff_census census = {0}; /* A track that is left out is named as such only. */
    struct bmff_box tkhd = {0};
    struct bmff_box mdia = {0};
    struct bmff_box hdlr = {0};
    struct bmff_box minf = {0};
    struct bmff_box stbl = {0};
    struct bmff_box stsd = {0};
    struct bmff_want in_trak[] = {{FOURCC('t', 'k', 'h', 'd'), &tkhd},
                                  {FOURCC('m', 'd', 'i', 'a'), &mdia}};
    struct bmff_want in_mdia[] = {{FOURCC('h', 'd', 'l', 'r'), &hdlr},
                                  {FOURCC('m', 'i', 'n', 'f'), &minf}};
    struct bmff_want in_minf[] = {{FOURCC('s', 't', 'b', 'l'), &stbl}};
    struct bmff_want in_stbl[] = {{FOURCC('s', 't', 's', 'd'), &stsd}};
    struct cursor cur;
    int rc = bmff_collect(trak, in_trak, COUNT_OF(in_trak), &census, why);

    if (rc == SH_OK && mdia.found)
        rc = bmff_collect(&mdia, in_mdia, COUNT_OF(in_mdia), &census, why);
    if (rc == SH_OK && minf.found)
        rc = bmff_collect(&minf, in_minf, COUNT_OF(in_minf), &census, why);
    if (rc == SH_OK && stbl.found)
        rc = bmff_collect(&stbl, in_stbl, COUNT_OF(in_stbl), &census, why);
    if (rc < 0)
        return rc;
    track->trak = *trak;
    track->enabled = tkhd.found && tkhd.body.len >= 4 && (tkhd.body.ptr[3] & 1);
    cur = cursor_of(hdlr.body);
    rd_skip(&cur, 8);
    track->handler = rd_u32(&cur);
    if (stsd.found)
        track->codec = survey_entries(&stsd, track->handler);
    return SH_OK;
}

/* The tracks of a clip, and the ones chosen of them: the first enabled one that we take. */
struct choice {
    struct bmff_track *track[LIMIT_TRACKS];
    uint32_t count;
    uint32_t videos;
    uint32_t sounds;
    const struct bmff_track *video;
    const struct bmff_track *audio;
};

static void choose(struct choice *choice)
{
    for (uint32_t i = 0; i < choice->count; i++) {
        const struct bmff_track *track = choice->track[i];
        bool ours = track->handler == HANDLER_VIDEO ? bmff_takes_video(track->codec)
                                                    : bmff_takes_sound(track->codec);
        const struct bmff_track **best =
            track->handler == HANDLER_VIDEO ? &choice->video : &choice->audio;

        if (track->handler != HANDLER_VIDEO && track->handler != HANDLER_SOUND)
            continue;
        if (track->handler == HANDLER_VIDEO)
            choice->videos++;
        else
            choice->sounds++;
        if (ours && (!*best || (track->enabled && !(*best)->enabled)))
            *best = track;
    }
}

static const struct bmff_track *first_of(const struct choice *choice, uint32_t handler)
{
    for (uint32_t i = 0; i < choice->count; i++)
        if (choice->track[i]->handler == handler)
            return choice->track[i];
    return NULL;
}

static bool is_dolby(uint32_t codec)
{
    return codec == FOURCC('d', 'v', 'h', '1') || codec == FOURCC('d', 'v', 'h', 'e') ||
           codec == FOURCC('d', 'v', 'a', '1') || codec == FOURCC('d', 'v', 'a', 'v') ||
           codec == FOURCC('d', 'a', 'v', '1');
}

int bmff_refuse_codec(const struct bmff_track *track, struct why *why)
{
    struct bmff_name name = bmff_name_of(track->codec);

    if (track->codec == FOURCC('e', 'n', 'c', 'v') ||
        track->codec == FOURCC('e', 'n', 'c', 'a'))
        return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                       "trak[%u]: encrypted (%s; 14496-12 8.12); give a clip that you filmed, "
                       "without copy protection",
                       track->number, name.text);
    if (track->handler == HANDLER_SOUND)
        return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                       "trak[%u]: its sound is \"%s\", not AAC, Opus or ALAC, and is not left "
                       "out silently" BMFF_REMEDY_SOUND,
                       track->number, name.text);
    if (is_dolby(track->codec))
        return why_set(
            why, SH_EUNSUPPORTED, track->trak.at,
            "trak[%u]: Dolby Vision (%s) without a base layer, whose colours nothing "
            "else shows right; export the clip again as SDR or \"most "
            "compatible\", or post it with --transcode and look at its colours",
            track->number, name.text);
    return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                   "trak[%u]: its video is \"%s\"%s, not H.264, HEVC, AV1 or "
                   "VP9" BMFF_REMEDY_RECODE,
                   track->number, name.text,
                   track->codec == FOURCC('s', '2', '6', '3') ? " (H.263)" : "");
}

static int refuse_choice(const struct choice *choice, struct why *why)
{
    const struct bmff_track *video = first_of(choice, HANDLER_VIDEO);
    const struct bmff_track *sound = first_of(choice, HANDLER_SOUND);

    if (!choice->video && video)
        return bmff_refuse_codec(video, why);
    if (!choice->video)
        return why_set(
            why, SH_EUNSUPPORTED, WHY_NOWHERE,
            "moov: no video track%s; film a clip, even of a wall, or write the words "
            "with checkin",
            sound ? ", only sound, as in a voice message" : "");
    if (!choice->audio && sound)
        return bmff_refuse_codec(sound, why);
    return SH_OK;
}

/* ---- moov ---- */

static int read_mvhd(struct bmff_state *state, const struct bmff_box *mvhd, struct why *why)
{
    struct cursor cur = cursor_of(mvhd->body);
    uint8_t version = rd_u8(&cur);
    uint64_t dates;

    rd_skip(&cur, 3);
    dates = version ? rd_u64(&cur) | rd_u64(&cur) : (uint64_t)(rd_u32(&cur) | rd_u32(&cur));
    state->timescale = rd_u32(&cur);
    if (cur.failed || version > 1 || !state->timescale || state->timescale > INT32_MAX)
        return why_set(why, SH_EFORMAT, mvhd->at,
                       "mvhd: version %u, timescale %u (14496-12 8.2.2)" BMFF_REMEDY_REMUX,
                       version, state->timescale);
    if (dates)
        bmff_census_mark(&state->census, BMFF_REMOVED_DATES);
    rd_skip(&cur, (version ? 8 : 4) + 16); /* duration, rate, volume, reserved */
    if (bmff_read_turn(&cur, state->turn) < 0)
        return why_set(why, SH_EUNSUPPORTED, mvhd->at,
                       "mvhd: its picture is turned by no quarter turn (14496-12 "
                       "8.2.2)" BMFF_REMEDY_RECODE);
    return SH_OK;
}

static int add_track(struct bmff_state *state, struct choice *choice,
                     const struct bmff_box *trak, struct why *why)
{
    struct bmff_track *track = arena_take(&state->arena, sizeof(*track));

    if (!track)
        return why_set(why, SH_ENOMEM, trak->at, "moov: out of memory");
    track->number = choice->count;
    choice->track[choice->count++] = track;
    return survey_track(trak, track, why);
}

static int survey_moov(struct bmff_state *state, struct choice *choice, struct bmff_box *mvhd,
                       struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(&state->moov, 0, &state->census);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (box.type == FOURCC('t', 'r', 'a', 'k')) {
            if (choice->count == LIMIT_TRACKS)
                return why_set(why, SH_ELIMIT, box.at,
                               "moov: more than %d tracks" BMFF_REMEDY_REMUX, LIMIT_TRACKS);
            rc = add_track(state, choice, &box, why);
            if (rc < 0)
                return rc;
        } else if (box.type == FOURCC('m', 'v', 'h', 'd')) {
            if (mvhd->found)
                return why_set(why, SH_EFORMAT, box.at,
                               "moov: two mvhd (14496-12 8.2.2)" BMFF_REMEDY_REMUX);
            *mvhd = box;
        } else if (box.type == FOURCC('m', 'v', 'e', 'x')) {
            state->mvex = box;
        } else if (box.type == FOURCC('c', 'm', 'o', 'v')) {
            return why_set(why, SH_EUNSUPPORTED, box.at,
                           "a compressed moov (cmov)" BMFF_REMEDY_REMUX);
        } else if (box.type == FOURCC('m', 'o', 'o', 'v')) {
            return why_set(
                why, SH_EFORMAT, box.at,
                "moov inside moov (14496-12 8.2.1); this is no clip of a phone: give the "
                "clip as the phone made it");
        } else if (box.type == FOURCC('u', 'u', 'i', 'd') && bmff_is_credentials(box.body)) {
            bmff_census_mark(&state->census, BMFF_REMOVED_CREDENTIALS);
        } else {
            bmff_census_drop(&state->census, box.type);
        }
    }
    return rc;
}

static void count_left_out(struct bmff_state *state, const struct choice *choice)
{
    if (choice->videos > 1) {
        bmff_census_mark(&state->census, BMFF_REMOVED_SECOND_VIDEO);
        state->notes |= BMFF_NOTE_SECOND_VIDEO;
    }
    if (choice->sounds > 1) {
        bmff_census_mark(&state->census, BMFF_REMOVED_SECOND_AUDIO);
        state->notes |= BMFF_NOTE_SECOND_AUDIO;
    }
    if (choice->count > choice->videos + choice->sounds)
        bmff_census_mark(&state->census, BMFF_REMOVED_EXTRA_TRACK);
}

static int check_video(const struct bmff_track *video, struct why *why)
{
    uint64_t most;

    if (!video->samples)
        return why_set(why, SH_EFORMAT, video->trak.at,
                       "trak[%u]: not one picture in the video track"
                       "; the recording was not finished: repair it on the phone, or film it "
                       "anew",
                       video->number);
    /* A second is given for free: very short clips have no meaningful rate. */
    if (!size_add(video->media_duration, video->timescale, &most) ||
        !size_mul(most, LIMIT_FRAMES_PER_SECOND, &most) ||
        (uint64_t)video->samples * video->timescale > most)
        return why_set(why, SH_ELIMIT, video->trak.at,
                       "trak[%u]: more than %d pictures a second" BMFF_REMEDY_RECODE
                       " (with -r 30)",
                       video->number, LIMIT_FRAMES_PER_SECOND);
    return SH_OK;
}

/* Fragments may begin at any time; the earlier track begins at 0, the other one waits. */
static int finish_tracks(struct bmff_state *state, struct why *why)
{
    struct bmff_track *video = &state->video;
    struct bmff_track *audio = &state->audio;
    uint64_t late[2] = {
        bmff_rescale(bmff_place_start(video), video->timescale, state->timescale), 0};
    uint64_t base = late[0];
    int rc;

    if (state->has_audio) {
        late[1] = bmff_rescale(bmff_place_start(audio), audio->timescale, state->timescale);
        if (bmff_never_shown(audio)) {
            state->has_audio = false; /* It ended before what was kept of the clip. */
            bmff_census_mark(&state->census, BMFF_REMOVED_CUT_PARTS);
        }
    }
    if (state->has_audio && late[1] < base)
        base = late[1];
    rc = bmff_finish_track(state, video, late[0] - base, why);
    if (rc == SH_OK && state->has_audio)
        rc = bmff_finish_track(state, audio, late[1] - base, why);
    return rc;
}

static int read_chosen(struct bmff_state *state, const struct choice *choice, struct why *why)
{
    uint64_t bytes;
    int rc;

    state->video = *choice->video;
    state->video.video = true;
    rc = bmff_read_track(state, &state->video, why);
    if (rc == SH_OK)
        rc = check_video(&state->video, why);
    if (rc == SH_OK && choice->audio) {
        state->audio = *choice->audio;
        rc = bmff_read_track(state, &state->audio, why);
        state->has_audio = state->audio.samples > 0;
    }
    if (rc == SH_OK)
        rc = finish_tracks(state, why);
    if (rc < 0)
        return rc;
    bytes = state->video.bytes + (state->has_audio ? state->audio.bytes : 0);
    if (bytes > state->file_bytes)
        return why_set(why, SH_EFORMAT, state->moov.at,
                       "moov: its samples are %llu bytes, the file has %llu"
                       " (14496-12 8.7.3)" BMFF_REMEDY_REMUX,
                       (unsigned long long)bytes, (unsigned long long)state->file_bytes);
    if (bytes < state->mdat_bytes)
        bmff_census_mark(&state->census, BMFF_REMOVED_UNREFERENCED);
    if (!state->has_audio)
        state->notes |= BMFF_NOTE_NO_AUDIO;
    return SH_OK;
}

int bmff_read_movie(struct bmff_state *state, struct why *why)
{
    struct choice *choice = arena_take(&state->arena, sizeof(*choice));
    struct bmff_box mvhd = {0};
    int rc;

    if (!choice)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "moov: out of memory");
    rc = survey_moov(state, choice, &mvhd, why);
    if (rc < 0)
        return rc;
    if (!mvhd.found)
        return missing(&state->moov, "mvhd", why);
    rc = read_mvhd(state, &mvhd, why);
    if (rc < 0)
        return rc;
    choose(choice);
    rc = refuse_choice(choice, why);
    if (rc < 0)
        return rc;
    if (!state->mdats.len)
        return why_set(why, SH_EFORMAT, state->file_bytes,
                       "no mdat box: there is no picture or sound in it (14496-12 8.1.1); the "
                       "copy is cut off: send or copy the clip again, whole");
    count_left_out(state, choice);
    return read_chosen(state, choice, why);
}
