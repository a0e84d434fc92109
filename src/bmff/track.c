/* One chosen track: its header, its media header, its edit list (14496-12 8.3 to 8.6). */
#include "bmff/bmff_int.h"

#include <string.h>

static int missing(const struct bmff_track *track, const char *what, struct why *why)
{
    return why_set(
        why, SH_EFORMAT, track->trak.at,
        "trak[%u]: no %s in it (14496-12 table 1); the clip is damaged" BMFF_REMEDY_REMUX,
        track->number, what);
}

/* Only quarter turns and mirrors are kept; a scale says nothing that tkhd's size does not. */
int bmff_read_turn(struct cursor *cur, int8_t turn[4])
{
    int64_t cell[9];
    bool straight;
    bool turned;

    for (unsigned i = 0; i < 9; i++)
        cell[i] = (int32_t)rd_u32(cur);
    straight = cell[0] && cell[4] && !cell[1] && !cell[3];
    turned = cell[1] && cell[3] && !cell[0] && !cell[4];
    memset(turn, 0, 4);
    if (turned) {
        turn[1] = cell[1] > 0 ? 1 : -1;
        turn[2] = cell[3] > 0 ? 1 : -1;
    } else if (straight) {
        turn[0] = cell[0] > 0 ? 1 : -1;
        turn[3] = cell[4] > 0 ? 1 : -1;
    } else if (cell[0] || cell[1] || cell[3] || cell[4]) {
        return SH_EUNSUPPORTED;
    } else {
        turn[0] = 1;
        turn[3] = 1;
    }
    return SH_OK;
}

/* The picture is turned by its own matrix, then by that of the movie (14496-12 6.2.2). */
static int read_matrix(const struct bmff_state *state, struct cursor *cur,
                       struct bmff_track *track, struct why *why)
{
    const int8_t *movie = state->turn;
    int8_t own[4];

    if (bmff_read_turn(cur, own) < 0)
        return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                       "trak[%u]: its picture is turned by no quarter turn (14496-12 "
                       "8.3.2)" BMFF_REMEDY_RECODE,
                       track->number);
    track->turn[0] = (int8_t)(own[0] * movie[0] + own[1] * movie[2]);
    track->turn[1] = (int8_t)(own[0] * movie[1] + own[1] * movie[3]);
    track->turn[2] = (int8_t)(own[2] * movie[0] + own[3] * movie[2]);
    track->turn[3] = (int8_t)(own[2] * movie[1] + own[3] * movie[3]);
    return SH_OK;
}

static int read_tkhd(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *tkhd, struct why *why)
{
    struct cursor cur = cursor_of(tkhd->body);
    uint8_t version = rd_u8(&cur);
    uint64_t dates;
    int rc;

    rd_skip(&cur, 3);
    dates = version ? rd_u64(&cur) | rd_u64(&cur) : (uint64_t)(rd_u32(&cur) | rd_u32(&cur));
    track->id = rd_u32(&cur);
    rd_skip(&cur, version ? 12 : 8); /* reserved, duration */
    rd_skip(&cur, 16);               /* reserved, layer, alternate_group, volume, reserved */
    rc = read_matrix(state, &cur, track, why);
    if (rc < 0)
        return rc;
    track->shown_width = rd_u32(&cur);
    track->shown_height = rd_u32(&cur);
    if (cur.failed || version > 1)
        return why_set(
            why, SH_EFORMAT, tkhd->at,
            "trak[%u]/tkhd: version %u, %zu bytes (14496-12 8.3.2)" BMFF_REMEDY_REMUX,
            track->number, version, tkhd->body.len);
    if (dates)
        bmff_census_mark(&state->census, BMFF_REMOVED_DATES);
    return SH_OK;
}

static int read_mdhd(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *mdhd, struct why *why)
{
    struct cursor cur = cursor_of(mdhd->body);
    uint8_t version = rd_u8(&cur);
    uint64_t dates;
    uint16_t language;

    rd_skip(&cur, 3);
    dates = version ? rd_u64(&cur) | rd_u64(&cur) : (uint64_t)(rd_u32(&cur) | rd_u32(&cur));
    track->timescale = rd_u32(&cur);
    rd_skip(&cur, version ? 8 : 4);
    language = rd_u16(&cur);
    if (cur.failed || version > 1 || !track->timescale || track->timescale > INT32_MAX)
        return why_set(
            why, SH_EFORMAT, mdhd->at,
            "trak[%u]/mdhd: version %u, timescale %u (14496-12 8.4.2)" BMFF_REMEDY_REMUX,
            track->number, version, track->timescale);
    if (dates)
        bmff_census_mark(&state->census, BMFF_REMOVED_DATES);
    if (language != 0x55c4 && language != 0x7fff) /* und; QuickTime "unspecified" */
        bmff_census_mark(&state->census, BMFF_REMOVED_LANGUAGE);
    return SH_OK;
}

/* A name is in hdlr when anything but zeros follows the type (14496-12 8.4.3). */
static void census_hdlr(struct bmff_state *state, const struct bmff_box *hdlr)
{
    for (size_t i = 12; i < hdlr->body.len; i++)
        if (hdlr->body.ptr[i])
            bmff_census_mark(&state->census, BMFF_REMOVED_NAMES);
}

/* ---- references ---- */

/* Bit n-1 of *self: data reference n points into this very file (flag 1; 14496-12 8.7.2). */
static int read_dref(struct bmff_track *track, const struct bmff_box *dref, uint32_t *self,
                     struct why *why)
{
    struct bmff_census census = {0};
    struct bmff_walk walk = bmff_walk_of(dref, 8, &census);
    struct bmff_box box;
    unsigned count = 0;
    int rc;

    *self = 0;
    while ((rc = bmff_walk_next(&walk, &box, why)) > 0 && count < 32) {
        if (box.body.len >= 4 && (box.body.ptr[3] & 1))
            *self |= UINT32_C(1) << count;
        count++;
    }
    if (rc < 0)
        return rc;
    if (!*self)
        return why_set(why, SH_EUNSUPPORTED, dref->at,
                       "trak[%u]/dref: its samples lie in another file (14496-12 8.7.2)"
                       "; export the clip as one file",
                       track->number);
    return SH_OK;
}

static int count_entries(struct bmff_track *track, struct why *why)
{
    struct bmff_census quiet = {0};
    struct bmff_walk walk = bmff_walk_of(&track->stsd, 8, &quiet);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (track->stsd_count == LIMIT_SAMPLE_ENTRIES)
            return why_set(why, SH_ELIMIT, box.at,
                           "trak[%u]/stsd: more than %d descriptions" BMFF_REMEDY_RECODE,
                           track->number, LIMIT_SAMPLE_ENTRIES);
        track->stsd_count++;
        track->entry_map[track->stsd_count - 1] = (uint8_t)track->stsd_count;
    }
    if (rc == SH_OK && !track->stsd_count)
        rc = why_set(why, SH_EFORMAT, track->stsd.at,
                     "trak[%u]/stsd: no description in it (14496-12 8.5.2)" BMFF_REMEDY_REMUX,
                     track->number);
    return rc;
}

static int read_minf(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *minf, struct why *why)
{
    struct bmff_box media = {0};
    struct bmff_box dinf = {0};
    struct bmff_box dref = {0};
    struct bmff_box stbl = {0};
    uint32_t header = track->video ? FOURCC('v', 'm', 'h', 'd') : FOURCC('s', 'm', 'h', 'd');
    struct bmff_want in_minf[] = {{header, &media},
                                  {FOURCC('d', 'i', 'n', 'f'), &dinf},
                                  {FOURCC('s', 't', 'b', 'l'), &stbl}};
    struct bmff_want in_dinf[] = {{FOURCC('d', 'r', 'e', 'f'), &dref}};
    struct bmff_want in_stbl[] = {{FOURCC('s', 't', 's', 'd'), &track->stsd}};
    struct bmff_census quiet = {0};
    int rc = bmff_collect(minf, in_minf, COUNT_OF(in_minf), &state->census, why);

    if (rc < 0)
        return rc;
    if (!stbl.found || !dinf.found)
        return missing(track, stbl.found ? "dinf" : "stbl", why);
    rc = bmff_collect(&dinf, in_dinf, COUNT_OF(in_dinf), &state->census, why);
    if (rc == SH_OK && !dref.found)
        rc = missing(track, "dref", why);
    if (rc == SH_OK)
        rc = read_dref(track, &dref, &track->self, why);
    if (rc == SH_OK)
        rc = bmff_collect(&stbl, in_stbl, COUNT_OF(in_stbl), &quiet, why);
    if (rc == SH_OK && !track->stsd.found)
        rc = missing(track, "stsd", why);
    if (rc == SH_OK)
        rc = count_entries(track, why);
    if (rc == SH_OK)
        rc = bmff_read_tables(state, track, &stbl, why);
    return rc;
}

/* ---- edits ---- */

static int outside(const struct bmff_track *track, uint32_t row, struct why *why)
{
    return why_set(why, SH_EFORMAT, track->trak.at,
                   "trak[%u]/elst: row %u begins outside of the track (14496-12 "
                   "8.6.6)" BMFF_REMEDY_REMUX,
                   track->number, row);
}

static int read_edit(struct cursor *cur, uint8_t version, struct bmff_track *track,
                     struct why *why)
{
    struct bmff_edit *edit = &track->edits[track->edit_count++];
    uint32_t rate;

    edit->duration = version ? rd_u64(cur) : rd_u32(cur);
    edit->media_time = version ? (int64_t)rd_u64(cur) : (int32_t)rd_u32(cur);
    rate = rd_u32(cur);
    if (rate != 0x00010000)
        return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                       "trak[%u]/elst: a part plays at another speed (14496-12 8.6.6)"
                       "; export the clip with its effects" BMFF_REMEDY_RECODE,
                       track->number);
    if (edit->media_time < -1)
        return outside(track, track->edit_count, why);
    return SH_OK;
}

static int read_elst(struct bmff_track *track, const struct bmff_box *elst, struct why *why)
{
    struct cursor cur = cursor_of(elst->body);
    uint8_t version = rd_u8(&cur);
    uint32_t count;
    int rc;

    rd_skip(&cur, 3);
    count = rd_u32(&cur);
    if (cur.failed || version > 1 || (uint64_t)count * (version ? 20 : 12) > rd_left(&cur))
        return why_set(why, SH_EFORMAT, elst->at,
                       "trak[%u]/elst: version %u, %u rows, room for %zu bytes of them "
                       "(14496-12 8.6.6)" BMFF_REMEDY_REMUX,
                       track->number, version, count, rd_left(&cur));
    if (count > LIMIT_EDITS)
        return why_set(why, SH_ELIMIT, elst->at,
                       "trak[%u]/elst: %u rows, %d are the most" BMFF_REMEDY_RECODE,
                       track->number, count, LIMIT_EDITS);
    for (uint32_t i = 0; i < count; i++) {
        rc = read_edit(&cur, version, track, why);
        if (rc < 0)
            return rc;
    }
    return SH_OK;
}

static int read_edts(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *edts, struct why *why)
{
    struct bmff_box elst = {0};
    struct bmff_want in_edts[] = {{FOURCC('e', 'l', 's', 't'), &elst}};
    int rc = SH_OK;

    if (edts->found)
        rc = bmff_collect(edts, in_edts, COUNT_OF(in_edts), &state->census, why);
    if (rc == SH_OK && elst.found)
        rc = read_elst(track, &elst, why);
    return rc;
}

int bmff_read_track(struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    struct bmff_box tkhd = {0};
    struct bmff_box edts = {0};
    struct bmff_box mdia = {0};
    struct bmff_box mdhd = {0};
    struct bmff_box hdlr = {0};
    struct bmff_box minf = {0};
    struct bmff_want in_trak[] = {{FOURCC('t', 'k', 'h', 'd'), &tkhd},
                                  {FOURCC('e', 'd', 't', 's'), &edts},
                                  {FOURCC('m', 'd', 'i', 'a'), &mdia}};
    struct bmff_want in_mdia[] = {{FOURCC('m', 'd', 'h', 'd'), &mdhd},
                                  {FOURCC('h', 'd', 'l', 'r'), &hdlr},
                                  {FOURCC('m', 'i', 'n', 'f'), &minf}};
    int rc = bmff_collect(&track->trak, in_trak, COUNT_OF(in_trak), &state->census, why);

    if (rc == SH_OK && (!tkhd.found || !mdia.found))
        rc = missing(track, tkhd.found ? "mdia" : "tkhd", why);
    if (rc == SH_OK)
        rc = bmff_collect(&mdia, in_mdia, COUNT_OF(in_mdia), &state->census, why);
    if (rc == SH_OK && (!mdhd.found || !minf.found))
        rc = missing(track, mdhd.found ? "minf" : "mdhd", why);
    if (rc == SH_OK)
        rc = read_tkhd(state, track, &tkhd, why);
    if (rc == SH_OK)
        rc = read_mdhd(state, track, &mdhd, why);
    if (rc == SH_OK)
        rc = read_minf(state, track, &minf, why);
    if (rc == SH_OK)
        rc = read_edts(state, track, &edts, why);
    if (rc == SH_OK)
        census_hdlr(state, &hdlr);
    return rc;
}

/* ---- what stays of it ---- */

/*
 * In fragments the first sample may stand at any time; here it stands at 0, and edits count
 * from there.  What they do not take up of that time is waited for.
 */
uint64_t bmff_place_start(struct bmff_track *track)
{
    int64_t start = (int64_t)track->start; /* below 2^62 */
    int64_t wait = start;
    bool first = true;

    for (uint32_t i = 0; i < track->edit_count; i++) {
        int64_t time = track->edits[i].media_time;

        if (time < 0)
            continue;
        if (first)
            wait = time < start ? start - time : 0;
        first = false;
        track->edits[i].media_time = time < start ? 0 : time - start;
    }
    return (uint64_t)wait;
}

static int add_wait(struct bmff_track *track, uint64_t lead, struct why *why)
{
    if (track->edit_count + 2 > LIMIT_EDITS)
        return why_set(why, SH_ELIMIT, track->trak.at,
                       "trak[%u]/elst: %u rows, %d are the most" BMFF_REMEDY_RECODE,
                       track->number, track->edit_count + 2, LIMIT_EDITS);
    if (!track->edit_count)
        track->edits[track->edit_count++] = (struct bmff_edit){0};
    memmove(track->edits + 1, track->edits, track->edit_count * sizeof(track->edits[0]));
    track->edits[0] = (struct bmff_edit){.duration = lead, .media_time = -1};
    track->edit_count++;
    return SH_OK;
}

bool bmff_never_shown(const struct bmff_track *track)
{
    for (uint32_t i = 0; i < track->edit_count; i++)
        if (track->edits[i].media_time >= 0 &&
            (uint64_t)track->edits[i].media_time < track->media_duration)
            return false;
    return track->edit_count > 0;
}

int bmff_finish_track(struct bmff_state *state, struct bmff_track *track, uint64_t lead,
                      struct why *why)
{
    int rc = lead ? add_wait(track, lead, why) : SH_OK;

    if (rc < 0 || !track->samples)
        return rc; /* An empty sound track counts as none. */
    for (uint32_t i = 0; i < track->edit_count; i++)
        if (track->edits[i].media_time > 0 &&
            (uint64_t)track->edits[i].media_time > track->media_duration)
            return outside(track, i + 1, why);
    rc = bmff_check_offsets(track, why);
    if (rc == SH_OK)
        rc = bmff_trim(state, track, why);
    if (rc == SH_OK)
        rc = bmff_read_entries(track, &state->census, why);
    return rc;
}
