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
static int read_matrix(struct cursor *cur, struct bmff_track *track, struct why *why)
{
    int64_t cell[9];
    bool straight;
    bool turned;

    for (unsigned i = 0; i < 9; i++)
        cell[i] = (int32_t)rd_u32(cur);
    straight = cell[0] && cell[4] && !cell[1] && !cell[3];
    turned = cell[1] && cell[3] && !cell[0] && !cell[4];
    memset(track->turn, 0, sizeof(track->turn));
    if (turned) {
        track->turn[1] = cell[1] > 0 ? 1 : -1;
        track->turn[2] = cell[3] > 0 ? 1 : -1;
    } else if (straight) {
        track->turn[0] = cell[0] > 0 ? 1 : -1;
        track->turn[3] = cell[4] > 0 ? 1 : -1;
    } else if (cell[0] || cell[1] || cell[3] || cell[4]) {
        return why_set(why, SH_EUNSUPPORTED, track->trak.at,
                       "trak[%u]: its picture is turned by no quarter turn (14496-12 "
                       "8.3.2)" BMFF_REMEDY_RECODE,
                       track->number);
    } else {
        track->turn[0] = 1;
        track->turn[3] = 1;
    }
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
    rd_skip(&cur, version ? 16 : 12); /* track_ID, reserved, duration */
    rd_skip(&cur, 16);                /* reserved, layer, alternate_group, volume, reserved */
    rc = read_matrix(&cur, track, why);
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
    if (cur.failed || version > 1 || !track->timescale)
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

static int read_minf(struct bmff_state *state, struct bmff_track *track,
                     const struct bmff_box *minf, struct why *why)
{
    struct bmff_box media = {0};
    struct bmff_box dinf = {0};
    struct bmff_box dref = {0};
    struct bmff_box stbl = {0};
    struct bmff_box stsd = {0};
    uint32_t header = track->video ? FOURCC('v', 'm', 'h', 'd') : FOURCC('s', 'm', 'h', 'd');
    struct bmff_want in_minf[] = {{header, &media},
                                  {FOURCC('d', 'i', 'n', 'f'), &dinf},
                                  {FOURCC('s', 't', 'b', 'l'), &stbl}};
    struct bmff_want in_dinf[] = {{FOURCC('d', 'r', 'e', 'f'), &dref}};
    struct bmff_want in_stbl[] = {{FOURCC('s', 't', 's', 'd'), &stsd}};
    struct bmff_census quiet = {0};
    uint32_t self = 0;
    int rc = bmff_collect(minf, in_minf, COUNT_OF(in_minf), &state->census, why);

    if (rc < 0)
        return rc;
    if (!stbl.found || !dinf.found)
        return missing(track, stbl.found ? "dinf" : "stbl", why);
    rc = bmff_collect(&dinf, in_dinf, COUNT_OF(in_dinf), &state->census, why);
    if (rc == SH_OK && !dref.found)
        rc = missing(track, "dref", why);
    if (rc == SH_OK)
        rc = read_dref(track, &dref, &self, why);
    if (rc == SH_OK)
        rc = bmff_collect(&stbl, in_stbl, COUNT_OF(in_stbl), &quiet, why);
    if (rc == SH_OK && !stsd.found)
        rc = missing(track, "stsd", why);
    if (rc == SH_OK)
        rc = bmff_read_entries(track, &stsd, self, &state->census, why);
    if (rc == SH_OK)
        rc = bmff_read_tables(state, track, &stbl, why);
    return rc;
}

/* ---- edits ---- */

/* from units of one clock to another, rounded to the nearest; both are below 2^32. */
static uint64_t rescale(uint64_t value, uint32_t from, uint32_t to)
{
    uint64_t whole = value / from;
    uint64_t rest = value % from;

    return whole * to + (rest * to + from / 2) / from;
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
                       "; export the clip with its effects, or" BMFF_REMEDY_RECODE,
                       track->number);
    if (edit->media_time < -1 ||
        (edit->media_time > 0 && (uint64_t)edit->media_time > track->media_duration))
        return why_set(why, SH_EFORMAT, track->trak.at,
                       "trak[%u]/elst: row %u begins outside of the track (14496-12 "
                       "8.6.6)" BMFF_REMEDY_REMUX,
                       track->number, track->edit_count);
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

/* Durations from the rows themselves; a row of no duration means "to the end". */
static int sum_edits(struct bmff_state *state, struct bmff_track *track, struct why *why)
{
    uint64_t most = (uint64_t)LIMIT_CLIP_SECONDS * state->timescale;
    uint64_t all = rescale(track->media_duration, track->timescale, state->timescale);
    uint64_t sum = 0;
    uint64_t media = 0;

    for (uint32_t i = 0; i < track->edit_count; i++) {
        struct bmff_edit *edit = &track->edits[i];

        if (!edit->duration && edit->media_time >= 0)
            edit->duration = rescale(track->media_duration - (uint64_t)edit->media_time,
                                     track->timescale, state->timescale);
        if (edit->duration > most - sum)
            return why_set(why, SH_ELIMIT, track->trak.at,
                           "trak[%u]/elst: longer than %d h; cut the clip into parts",
                           track->number, LIMIT_CLIP_SECONDS / 3600);
        sum += edit->duration;
        if (edit->media_time >= 0)
            media += edit->duration;
    }
    track->shown_duration = track->edit_count ? sum : all;
    if (track->edit_count && media + state->timescale <= all)
        state->notes |= BMFF_NOTE_CUT_STAYS;
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
    if (rc == SH_OK)
        rc = sum_edits(state, track, why);
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
