/*
 * The coded samples of a track: the head of every unit in them is looked at, and what decoding
 * does not need is noted as a change.  The new sizes follow from the changes, so the head that
 * is written next is exact.
 */
#include "bmff/bmff_int.h"

#include <string.h>

/* Not caps: how much is read at once, where units are far apart and where they are not. */
#define STEP_LEAST 512
#define STEP_MOST 65536
#define NEAR_BYTES 8192 /* Not a cap: reading these costs less than another call. */

int bmff_scan_bad(const struct bmff_scan *scan, const char *what, struct why *why)
{
    return why_set(
        why, SH_EFORMAT, scan->at,
        "trak[%u]: sample %u at byte %llu: %s; the clip is damaged" BMFF_REMEDY_RECODE,
        scan->track->number, scan->sample + 1, (unsigned long long)scan->at, what);
}

int bmff_scan_pixels(const struct bmff_scan *scan, uint64_t pixels, struct why *why)
{
    if (pixels <= LIMIT_PIXELS)
        return SH_OK;
    return why_set(why, SH_ELIMIT, scan->at,
                   "trak[%u]: sample %u at byte %llu: pictures of %llu pixels, %d are the most"
                   "; \"ffmpeg -i IN -vf scale=1920:-2 -c:a copy OUT.mp4\" makes it smaller",
                   scan->track->number, scan->sample + 1, (unsigned long long)scan->at,
                   (unsigned long long)pixels, LIMIT_PIXELS);
}

/* Fill the window from at on with len bytes at least. */
static int window_move(struct bmff_window *window, uint64_t at, size_t len, struct why *why)
{
    uint64_t end = window->at + window->bytes.len;
    uint64_t left = window->source->size - at;
    size_t want;
    uint8_t *room;
    int rc;

    if (at < window->at || at > end + NEAR_BYTES)
        window->step = STEP_LEAST;
    else if (window->step < STEP_MOST)
        window->step *= 2;
    want = len > window->step ? len : window->step;
    if (want > left)
        want = (size_t)left;
    bytes_clear(&window->bytes);
    room = bytes_room(&window->bytes, want);
    if (!room)
        return bytes_check(&window->bytes, why);
    rc = window->source->read_at(window->source->ctx, at, room, want, why);
    if (rc < 0)
        return rc;
    window->bytes.len = want;
    window->at = at;
    return SH_OK;
}

int bmff_scan_see(struct bmff_scan *scan, uint64_t at, size_t len, struct slice *seen,
                  struct why *why)
{
    struct bmff_window *window = scan->window;
    int rc;

    if (at < window->at || at - window->at > window->bytes.len ||
        window->bytes.len - (at - window->at) < len) {
        rc = window_move(window, at, len, why);
        if (rc < 0)
            return rc;
    }
    *seen = slice_sub(bytes_view(&window->bytes), (size_t)(at - window->at), len);
    return SH_OK;
}

/* ---- changes ---- */

static void mark(struct bmff_scan *scan)
{
    bmff_census_mark(scan->census,
                     scan->track->video ? BMFF_REMOVED_PICTURE_DATA : BMFF_REMOVED_SOUND_DATA);
}

static void add(struct bmff_scan *scan, const struct bmff_change *change)
{
    bytes_append(&scan->track->changes.rows, change, sizeof(*change));
    scan->less += change->len - change->own_len;
    mark(scan);
}

void bmff_scan_cut(struct bmff_scan *scan, uint64_t at, uint64_t len)
{
    struct bytes *rows = &scan->track->changes.rows;
    struct bmff_change change = {
        .at = (uint32_t)at, .len = (uint32_t)len, .chunk = scan->chunk};
    struct bmff_change last;

    if (!len)
        return;
    if (rows->len && rows->failed == SH_OK) {
        memcpy(&last, rows->ptr + rows->len - sizeof(last), sizeof(last));
        if (last.chunk == scan->chunk && !last.own_len && last.at + (uint64_t)last.len == at &&
            last.len + len <= UINT32_MAX) {
            last.len += (uint32_t)len;
            memcpy(rows->ptr + rows->len - sizeof(last), &last, sizeof(last));
            scan->less += len;
            return;
        }
    }
    add(scan, &change);
}

void bmff_scan_zero(struct bmff_scan *scan, uint64_t at, uint64_t len)
{
    struct bmff_change change = {.at = (uint32_t)at,
                                 .len = (uint32_t)len,
                                 .chunk = scan->chunk,
                                 .own = BMFF_OWN_ZEROS,
                                 .own_len = (uint32_t)len};

    if (len)
        add(scan, &change);
}

void bmff_scan_put(struct bmff_scan *scan, uint64_t at, uint32_t len, struct slice own)
{
    struct bmff_change change = {.at = (uint32_t)at,
                                 .len = len,
                                 .chunk = scan->chunk,
                                 .own = (uint32_t)scan->track->changes.own.len,
                                 .own_len = (uint32_t)own.len};

    bytes_slice(&scan->track->changes.own, own);
    add(scan, &change);
}

uint8_t *bmff_scan_last(struct bmff_scan *scan, uint64_t at)
{
    const struct bytes *rows = &scan->track->changes.rows;
    struct bytes *own = &scan->track->changes.own;
    struct bmff_change last;

    if (!rows->len || rows->failed != SH_OK || own->failed != SH_OK)
        return NULL;
    memcpy(&last, rows->ptr + rows->len - sizeof(last), sizeof(last));
    if (last.chunk != scan->chunk || !last.own_len || last.own == BMFF_OWN_ZEROS ||
        last.at + (uint64_t)last.len != at + 1)
        return NULL;
    return own->ptr + own->len - 1;
}

void bmff_changes_release(struct bmff_changes *changes)
{
    bytes_release(&changes->rows);
    bytes_release(&changes->own);
    bytes_release(&changes->sizes);
    *changes = (struct bmff_changes){0};
}

/* ---- decoder records ---- */

static bool is_video(uint32_t codec)
{
    return codec != FOURCC('m', 'p', '4', 'a') && codec != FOURCC('a', 'l', 'a', 'c') &&
           codec != FOURCC('O', 'p', 'u', 's');
}

/* The body of the first box of the entry with this number, from 1; we wrote them ourselves. */
static struct slice record_of(const struct bmff_track *track, uint32_t number)
{
    struct cursor cur = cursor_of(bytes_view(&track->entries));
    struct slice body = {0};
    uint32_t size;

    for (uint32_t i = 0; i < number; i++) {
        size = rd_u32(&cur);
        body = rd_bytes(&cur, size > 4 ? size - 4 : 0);
    }
    cur = cursor_of(body);
    rd_skip(&cur, 4 + (is_video(track->codec) ? 78 : 28)); /* type, 14496-12 12.1.3, 12.2.3 */
    size = rd_u32(&cur);
    rd_skip(&cur, 4);
    return rd_bytes(&cur, size > 8 ? size - 8 : 0);
}

/* ---- samples ---- */

static int scan_sample(struct bmff_scan *scan, struct why *why)
{
    if (scan->at == scan->end)
        return SH_OK;
    switch (scan->track->codec) {
    case FOURCC('a', 'v', 'c', '1'):
    case FOURCC('a', 'v', 'c', '3'):
        return bmff_scan_avc(scan, why);
    case FOURCC('h', 'v', 'c', '1'):
    case FOURCC('h', 'e', 'v', '1'):
        return bmff_scan_hevc(scan, why);
    case FOURCC('a', 'v', '0', '1'):
        return bmff_scan_av1(scan, why);
    case FOURCC('m', 'p', '4', 'a'):
        return bmff_scan_aac(scan, why);
    case FOURCC('a', 'l', 'a', 'c'):
        return bmff_scan_alac(scan, why);
    case FOURCC('O', 'p', 'u', 's'):
        return bmff_scan_opus(scan, why);
    case FOURCC('v', 'p', '0', '9'):
        return bmff_scan_vp9(scan, why);
    default:
        bug("scan: a codec that was not taken");
    }
}

/* The overlay of sizes begins with the first sample that shrinks. */
static void note_size(struct bmff_scan *scan)
{
    struct bytes *sizes = &scan->track->changes.sizes;

    if (scan->less && !sizes->len)
        for (uint32_t i = 0; i < scan->sample; i++)
            bytes_u32(sizes, bmff_track_size(scan->track, i));
    if (scan->less || sizes->len)
        bytes_u32(sizes, (uint32_t)(scan->end - scan->at - scan->less));
    scan->track->changes.cut += scan->less;
}

static int scan_chunk(struct bmff_scan *scan, const struct bmff_part *part, struct why *why)
{
    uint64_t at = part->at;
    int rc = SH_OK;

    scan->chunk = part->chunk;
    scan->record = record_of(scan->track, part->entry);
    for (uint32_t i = 0; i < part->samples && rc == SH_OK; i++) {
        scan->at = at;
        scan->end = at + bmff_track_size(scan->track, scan->sample);
        scan->less = 0;
        rc = scan_sample(scan, why);
        note_size(scan);
        at = scan->end;
        scan->sample++;
    }
    return rc;
}

static int check_changes(const struct bmff_track *track, struct why *why)
{
    const struct bmff_changes *changes = &track->changes;

    if (changes->rows.failed == SH_ELIMIT || changes->own.failed == SH_ELIMIT)
        return why_set(why, SH_ELIMIT, track->trak.at,
                       "trak[%u]: more than %d pieces to take out of its samples"
                       "; cut the clip into parts" BMFF_REMEDY_RECODE,
                       track->number, LIMIT_SAMPLE_CHANGES);
    if (bytes_check(&changes->rows, why) < 0 || bytes_check(&changes->own, why) < 0 ||
        bytes_check(&changes->sizes, why) < 0)
        return SH_ENOMEM;
    return SH_OK;
}

static void scan_init(struct bmff_scan *scan, struct bmff_state *state,
                      struct bmff_track *track, struct bmff_window *window)
{
    *scan = (struct bmff_scan){.window = window, .track = track, .census = &state->census};
    bytes_init(&track->changes.rows, LIMIT_SAMPLE_CHANGES * sizeof(struct bmff_change));
    bytes_init(&track->changes.own, LIMIT_SAMPLE_OWN_BYTES);
    bytes_init(&track->changes.sizes, (size_t)LIMIT_SAMPLES * 4);
    bytes_init(&scan->plain, 2 * (size_t)LIMIT_SEI_BYTES);
    bytes_init(&scan->built, 2 * (size_t)LIMIT_SEI_BYTES);
}

static void scan_release(struct bmff_scan *scan)
{
    bytes_release(&scan->plain);
    bytes_release(&scan->built);
}

int bmff_scan_clip(const struct bmff_source *source, struct bmff_state *state, struct why *why)
{
    struct bmff_window window = {.source = source, .step = STEP_LEAST};
    struct bmff_scan scans[2];
    struct bmff_part part;
    int rc = SH_OK;

    bytes_init(&window.bytes, STEP_MOST);
    scan_init(&scans[0], state, &state->video, &window);
    scan_init(&scans[1], state, &state->audio, &window);
    bmff_state_rewind(state);
    while (rc == SH_OK && bmff_state_next(state, &part)) {
        struct bmff_scan *scan = &scans[part.track == &state->audio];

        rc = scan_chunk(scan, &part, why);
        if (rc == SH_OK)
            rc = check_changes(scan->track, why);
    }
    scan_release(&scans[0]);
    scan_release(&scans[1]);
    bytes_release(&window.bytes);
    return rc;
}
