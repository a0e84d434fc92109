/* The top level of a clip: which boxes, where the samples may lie, moov into memory. */
#include "bmff/bmff_int.h"

#include <string.h>

#define REMEDY_RESEND                                                                          \
    "; the copy is cut off: send or copy the clip again, whole, from where it was recorded"

/* Kinds that hold no clip we take: what to do instead. */
static const char *way_out(enum bmff_kind kind)
{
    switch (bmff_sort_of(kind)) {
    case BMFF_SORT_PHOTO:
        return "; photos are not taken, only clips (MP4 or MOV): film it, or say it in words "
               "with checkin";
    case BMFF_SORT_SOUND:
        return " without a picture; film a clip, even of a wall, or write the words with "
               "checkin";
    default:
        break;
    }
    switch (kind) {
    case BMFF_TEXT:
        return "; give the clip itself (MP4 or MOV)";
    case BMFF_PLAYLIST:
        return " that only names other files; download the video itself and give that";
    case BMFF_MPEG_TS:
    case BMFF_MPEG_PS:
    case BMFF_FLV:
    case BMFF_ASF:
        return "; \"ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac OUT.mp4\" makes a clip "
               "to post";
    case BMFF_ARCHIVE:
        return "; unpack it and give the clip itself (MP4 or MOV)";
    case BMFF_PDF:
    case BMFF_UNKNOWN:
        return ", not MP4 or MOV; give the clip as the phone made it";
    default:
        return BMFF_REMEDY_RECODE;
    }
}

static int refuse_kind(enum bmff_kind kind, struct why *why)
{
    if (kind == BMFF_EMPTY)
        return why_set(why, SH_EFORMAT, 0,
                       "an empty file, 0 bytes; copy the clip again from the phone");
    return why_set(why, SH_EUNSUPPORTED, 0, "this is %s%s", bmff_kind_name(kind),
                   way_out(kind));
}

struct top {
    uint64_t at;
    uint64_t size; /* whole box */
    uint32_t header;
    uint32_t type;
    uint8_t uuid[16]; /* extended type, zeros when there is none */
    bool sane;        /* the header can be that of a box */
};

static int read_top(const struct bmff_source *source, uint64_t at, struct top *top,
                    struct why *why)
{
    uint8_t buf[32] = {0};
    uint64_t left = source->size - at;
    struct cursor cur = cursor_of(slice_of(buf, sizeof(buf)));
    int rc = source->read_at(source->ctx, at, buf, left < 32 ? (size_t)left : 32, why);

    if (rc < 0)
        return rc;
    *top = (struct top){.at = at, .header = 8, .sane = left >= 8};
    top->size = rd_u32(&cur);
    top->type = rd_u32(&cur);
    if (top->size == 1) {
        top->size = rd_u64(&cur);
        top->header = 16;
    } else if (top->size == 0) {
        top->size = left;
        top->sane = top->sane && (top->type == FOURCC('m', 'd', 'a', 't') ||
                                  top->type == FOURCC('m', 'o', 'o', 'v'));
    }
    if (top->size < top->header)
        top->sane = false;
    for (unsigned i = 0; i < 32; i += 8)
        if ((top->type >> i & 0xff) < 0x20)
            top->sane = false;
    memcpy(top->uuid, buf + top->header, 16);
    return SH_OK;
}

static int cut_off(const struct bmff_source *source, const struct top *top, struct why *why)
{
    if (!top->sane)
        return why_set(
            why, SH_EFORMAT, top->at,
            "byte %llu of %llu"
            ": no box begins here and no moov was found (14496-12 4.2)" REMEDY_RESEND,
            (unsigned long long)top->at, (unsigned long long)source->size);
    return why_set(why, SH_EFORMAT, top->at,
                   "%s at byte %llu: %llu bytes long, %llu"
                   " of them are missing (14496-12 4.2)" REMEDY_RESEND,
                   bmff_name_of(top->type).text, (unsigned long long)top->at,
                   (unsigned long long)top->size,
                   (unsigned long long)(top->size - (source->size - top->at)));
}

static int take_moov(const struct bmff_source *source, const struct top *top,
                     struct bmff_state *state, struct why *why)
{
    size_t len;
    uint8_t *room;
    int rc;

    if (state->moov.found)
        return why_set(why, SH_EFORMAT, top->at,
                       "two moov boxes where one may be (14496-12 8.2.1)" BMFF_REMEDY_REMUX);
    if (top->size - top->header > LIMIT_MOOV_BYTES)
        return why_set(why, SH_ELIMIT, top->at,
                       "moov: %llu bytes, %u is the most" BMFF_REMEDY_REMUX,
                       (unsigned long long)(top->size - top->header), LIMIT_MOOV_BYTES);
    len = (size_t)(top->size - top->header);
    bytes_init(&state->moov_bytes, len ? len : 1);
    room = bytes_room(&state->moov_bytes, len);
    if (!room)
        return why_set(why, SH_ENOMEM, top->at, "moov: out of memory");
    rc = len ? source->read_at(source->ctx, top->at + top->header, room, len, why) : SH_OK;
    if (rc < 0)
        return rc;
    state->moov_bytes.len = len;
    state->moov = (struct bmff_box){.type = top->type,
                                    .found = true,
                                    .at = top->at,
                                    .body_at = top->at + top->header,
                                    .body = bytes_view(&state->moov_bytes)};
    return SH_OK;
}

static int take_moof(const struct bmff_source *source, const struct top *top,
                     struct bmff_state *state, struct why *why)
{
    uint64_t len = top->size - top->header;
    struct bmff_fragment fragment = {.at = top->at,
                                     .body_at = top->at + top->header,
                                     .from = state->moof_bytes.len,
                                     .len = (size_t)len};
    uint8_t *room;
    int rc;

    if (state->moofs.len / sizeof(fragment) == LIMIT_FRAGMENTS ||
        len > LIMIT_MOOV_BYTES - state->moof_bytes.len)
        return why_set(why, SH_ELIMIT, top->at,
                       "more than %d fragments, or more than %u bytes of them (14496-12 "
                       "8.8.4)" BMFF_REMEDY_REMUX,
                       LIMIT_FRAGMENTS, LIMIT_MOOV_BYTES);
    bytes_append(&state->moofs, &fragment, sizeof(fragment));
    if (bytes_check(&state->moofs, why) < 0)
        return SH_ENOMEM;
    if (!len)
        return SH_OK;
    room = bytes_room(&state->moof_bytes, (size_t)len);
    if (!room)
        return why_set(why, SH_ENOMEM, top->at, "moof: out of memory");
    rc = source->read_at(source->ctx, top->at + top->header, room, (size_t)len, why);
    if (rc == SH_OK)
        state->moof_bytes.len += (size_t)len;
    return rc;
}

static int take_top(const struct bmff_source *source, const struct top *top,
                    struct bmff_state *state, struct why *why)
{
    struct bmff_range range = {top->at + top->header, top->at + top->size};

    switch (top->type) {
    case FOURCC('f', 't', 'y', 'p'):
        return SH_OK;
    case FOURCC('m', 'o', 'o', 'v'):
        return take_moov(source, top, state, why);
    case FOURCC('m', 'd', 'a', 't'):
        bytes_append(&state->mdats, &range, sizeof(range));
        state->mdat_bytes += range.to - range.from;
        return bytes_check(&state->mdats, why);
    case FOURCC('m', 'o', 'o', 'f'):
        return take_moof(source, top, state, why);
    case FOURCC('u', 'u', 'i', 'd'):
        if (bmff_is_credentials(slice_of(top->uuid, sizeof(top->uuid)))) {
            bmff_census_mark(&state->census, BMFF_REMOVED_CREDENTIALS);
            return SH_OK;
        }
        break;
    default:
        break;
    }
    bmff_census_drop(&state->census, top->type);
    return SH_OK;
}

static int walk_file(const struct bmff_source *source, struct bmff_state *state,
                     struct why *why)
{
    struct top top;
    uint64_t at = 0;
    int rc;

    while (at < source->size) {
        rc = read_top(source, at, &top, why);
        if (rc < 0)
            return rc;
        if (++state->census.boxes > LIMIT_BOXES)
            return why_set(why, SH_ELIMIT, at, "more than %d boxes" BMFF_REMEDY_REMUX,
                           LIMIT_BOXES);
        if (!top.sane || top.size > source->size - at) {
            bool core = top.sane && (top.type == FOURCC('m', 'd', 'a', 't') ||
                                     top.type == FOURCC('m', 'o', 'o', 'f') ||
                                     top.type == FOURCC('m', 'o', 'o', 'v'));

            /* What stands behind a whole clip and is no box was put there by a camera. */
            if (core || !state->moov.found || !state->mdats.len)
                return cut_off(source, &top, why);
            bmff_census_mark(&state->census, BMFF_REMOVED_TRAILER);
            return SH_OK;
        }
        rc = take_top(source, &top, state, why);
        if (rc < 0)
            return rc;
        at += top.size;
    }
    return SH_OK;
}

int bmff_read_file(const struct bmff_source *source, struct bmff_state *state, struct why *why)
{
    enum bmff_kind kind;
    int rc;

    if (source->size > LIMIT_CLIP_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "%llu bytes, 4 GiB (%llu"
                       ") is the most; cut it into parts, or film at a lower quality",
                       (unsigned long long)source->size, (unsigned long long)LIMIT_CLIP_BYTES);
    rc = bmff_sniff(source, &kind, why);
    if (rc < 0)
        return rc;
    if (kind != BMFF_MP4 && kind != BMFF_MOV && kind != BMFF_3GP && kind != BMFF_M4A)
        return refuse_kind(kind, why);
    state->file_bytes = source->size;
    bytes_init(&state->mdats, LIMIT_BOXES * sizeof(struct bmff_range));
    bytes_init(&state->moofs, LIMIT_FRAGMENTS * sizeof(struct bmff_fragment));
    bytes_init(&state->moof_bytes, LIMIT_MOOV_BYTES);
    rc = walk_file(source, state, why);
    if (rc < 0)
        return rc;
    if (!state->moov.found)
        return why_set(
            why, SH_EFORMAT, source->size,
            "no moov box: the recording was not finished, or the copy is cut off "
            "(14496-12 8.2.1); send the clip again, whole, or repair it on the phone");
    return SH_OK;
}
