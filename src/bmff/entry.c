/* stsd: each sample entry rebuilt field by field (14496-12 8.5.2, 12.1.3, 12.2.3). */
#include "bmff/bmff_int.h"

#include <string.h>

#define DPI_72 0x00480000 /* 16.16 */
/* Not a cap: room for what the caps let in. */
#define ENTRIES_MAX (LIMIT_SAMPLE_ENTRIES * (LIMIT_CODEC_CONFIG_BYTES + 512))

struct entry {
    struct bmff_track *track;
    const struct bmff_box *box;
    struct bmff_census *census;
    unsigned row;
};

static int bad(const struct entry *entry, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, entry->box->at,
                   "trak[%u]/stsd[%u] at byte %llu"
                   ": %s (14496-12 8.5.2)" BMFF_REMEDY_REMUX,
                   entry->track->number, entry->row, (unsigned long long)entry->box->at, what);
}

/* What a sample entry may bring that we keep. */
struct extras {
    struct bmff_box config; /* avcC, hvcC, esds */
    struct bmff_box pasp;
    struct bmff_box clap;
    uint8_t colour[7]; /* nclx: three codes of 16 bits, the range flag */
    bool has_colour;
};

/* nclx as it is, QuickTime's nclc with the narrow range that it means (14496-12 12.1.5). */
static void take_colour(const struct bmff_box *colr, struct extras *extras)
{
    struct cursor cur = cursor_of(colr->body);
    uint32_t kind = rd_u32(&cur);
    struct slice codes = rd_bytes(&cur, 6);
    uint8_t range = kind == FOURCC('n', 'c', 'l', 'x') ? rd_u8(&cur) & 0x80 : 0;

    if (cur.failed || extras->has_colour ||
        (kind != FOURCC('n', 'c', 'l', 'x') && kind != FOURCC('n', 'c', 'l', 'c')))
        return;
    memcpy(extras->colour, codes.ptr, 6);
    extras->colour[6] = range;
    extras->has_colour = true;
}

static int take_extra(struct entry *entry, const struct bmff_box *box, uint32_t config,
                      struct extras *extras, struct why *why)
{
    struct bmff_box *slot = NULL;

    if (box->type == config)
        slot = &extras->config;
    else if (box->type == FOURCC('p', 'a', 's', 'p'))
        slot = &extras->pasp;
    else if (box->type == FOURCC('c', 'l', 'a', 'p'))
        slot = &extras->clap;
    if (slot) {
        if (slot->found)
            return bad(entry, "two decoder records or picture shapes", why);
        *slot = *box;
    } else if (box->type == FOURCC('c', 'o', 'l', 'r')) {
        take_colour(box, extras);
    } else if (box->type == FOURCC('s', 'i', 'n', 'f')) {
        return why_set(
            why, SH_EUNSUPPORTED, box->at,
            "trak[%u]: encrypted (sinf; 14496-12 8.12); give a clip that you filmed, "
            "without copy protection",
            entry->track->number);
    } else {
        bmff_census_drop(entry->census, box->type);
    }
    return SH_OK;
}

static int take_extras(struct entry *entry, size_t skip, uint32_t config, struct extras *extras,
                       struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(entry->box, skip, entry->census);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        rc = take_extra(entry, &box, config, extras, why);
        if (rc < 0)
            return rc;
    }
    return rc;
}

/* ---- pictures ---- */

static void write_pasp(struct entry *entry, const struct bmff_box *pasp)
{
    struct cursor cur = cursor_of(pasp->body);
    uint32_t wide = rd_u32(&cur);
    uint32_t high = rd_u32(&cur);
    size_t start;

    if (cur.failed || !wide || !high || wide > LIMIT_PIXEL_ASPECT || high > LIMIT_PIXEL_ASPECT)
        return;
    if (entry->row == 0) {
        entry->track->aspect[0] = wide;
        entry->track->aspect[1] = high;
    }
    start = bmff_box_open(&entry->track->entries, FOURCC('p', 'a', 's', 'p'));
    bytes_u32(&entry->track->entries, wide);
    bytes_u32(&entry->track->entries, high);
    bmff_box_close(&entry->track->entries, start);
}

/* Eight numbers, numerator and denominator in turn (14496-12 12.1.4). */
static void write_clap(struct entry *entry, const struct bmff_box *clap)
{
    struct cursor cur = cursor_of(clap->body);
    uint32_t cell[8];
    size_t start;

    for (unsigned i = 0; i < 8; i++)
        cell[i] = rd_u32(&cur);
    if (cur.failed || !cell[0] || !cell[1] || !cell[2] || !cell[3] || !cell[5] || !cell[7])
        return;
    start = bmff_box_open(&entry->track->entries, FOURCC('c', 'l', 'a', 'p'));
    for (unsigned i = 0; i < 8; i++)
        bytes_u32(&entry->track->entries, cell[i]);
    bmff_box_close(&entry->track->entries, start);
}

static void write_colour(struct bytes *out, const struct extras *extras)
{
    size_t start = bmff_box_open(out, FOURCC('c', 'o', 'l', 'r'));

    bytes_text(out, "nclx");
    bytes_append(out, extras->colour, sizeof(extras->colour));
    bmff_box_close(out, start);
}

static int write_picture(struct entry *entry, uint16_t width, uint16_t height,
                         const struct extras *extras, struct why *why)
{
    struct bytes *out = &entry->track->entries;
    uint32_t codec = entry->box->type;
    size_t start = bmff_box_open(out, codec);
    int rc;

    bmff_zeros(out, 6);
    bytes_u16(out, 1); /* data_reference_index */
    bmff_zeros(out, 16);
    bytes_u16(out, width);
    bytes_u16(out, height);
    bytes_u32(out, DPI_72);
    bytes_u32(out, DPI_72);
    bmff_zeros(out, 4);
    bytes_u16(out, 1);   /* frame_count */
    bmff_zeros(out, 32); /* compressorname */
    bytes_u16(out, 0x18);
    bytes_u16(out, 0xffff); /* pre_defined = -1 */
    if (codec >> 8 == FOURCC(0, 'a', 'v', 'c'))
        rc = bmff_rebuild_avcc(&extras->config, codec == FOURCC('a', 'v', 'c', '3'), out,
                               entry->census, why);
    else
        rc = bmff_rebuild_hvcc(&extras->config, out, entry->census, why);
    if (rc < 0)
        return rc;
    if (extras->pasp.found)
        write_pasp(entry, &extras->pasp);
    if (extras->clap.found)
        write_clap(entry, &extras->clap);
    if (extras->has_colour)
        write_colour(out, extras);
    bmff_box_close(out, start);
    return SH_OK;
}

static int read_picture(struct entry *entry, struct why *why)
{
    struct cursor cur = cursor_of(entry->box->body);
    struct extras extras = {0};
    uint32_t codec = entry->box->type;
    struct slice vendor;
    struct slice name;
    uint16_t width;
    uint16_t height;
    int rc;

    rd_skip(&cur, 8);
    vendor = rd_bytes(&cur, 16); /* version, revision, vendor, qualities in QuickTime */
    width = rd_u16(&cur);
    height = rd_u16(&cur);
    rd_skip(&cur, 14);
    name = rd_bytes(&cur, 32);
    rd_skip(&cur, 4);
    if (cur.failed || !width || !height)
        return bad(entry, "its picture has no size", why);
    if ((uint32_t)width * height > LIMIT_PIXELS)
        return why_set(
            why, SH_ELIMIT, entry->box->at,
            "trak[%u]/stsd[%u]: a picture of %ux%u, %d pixels are the most"
            "; \"ffmpeg -i IN -vf scale=1920:-2 -c:a copy OUT.mp4\" makes it smaller",
            entry->track->number, entry->row, width, height, LIMIT_PIXELS);
    for (unsigned i = 0; i < 32; i++)
        if (name.ptr[i] || vendor.ptr[i % 16])
            bmff_census_mark(entry->census, BMFF_REMOVED_NAMES);
    rc = take_extras(entry, cur.at,
                     codec >> 8 == FOURCC(0, 'a', 'v', 'c') ? FOURCC('a', 'v', 'c', 'C')
                                                            : FOURCC('h', 'v', 'c', 'C'),
                     &extras, why);
    if (rc < 0)
        return rc;
    if (!extras.config.found)
        return bad(entry, "no decoder record (avcC or hvcC)", why);
    if (entry->row == 0) {
        entry->track->width = width;
        entry->track->height = height;
    }
    return write_picture(entry, width, height, &extras, why);
}

/* ---- sound ---- */

/* QuickTime keeps esds in wave (QTFF "siDecompressionParam"). */
static int find_esds(struct entry *entry, size_t skip, struct bmff_box *esds, struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(entry->box, skip, entry->census);
    struct bmff_box wave = {0};
    struct bmff_want in_wave[] = {{FOURCC('e', 's', 'd', 's'), esds}};
    struct bmff_census quiet = {0};
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (box.type == FOURCC('e', 's', 'd', 's') && !esds->found)
            *esds = box;
        else if (box.type == FOURCC('w', 'a', 'v', 'e') && !wave.found)
            wave = box;
        else if (box.type == FOURCC('s', 'i', 'n', 'f'))
            return why_set(why, SH_EUNSUPPORTED, box.at,
                           "trak[%u]: encrypted (sinf; 14496-12 8.12); give a clip that you "
                           "filmed, without copy protection",
                           entry->track->number);
        else
            bmff_census_drop(entry->census, box.type);
    }
    if (rc == SH_OK && wave.found && !esds->found)
        rc = bmff_collect(&wave, in_wave, COUNT_OF(in_wave), &quiet, why);
    return rc;
}

static void write_sound(struct bytes *out, uint16_t channels, uint32_t rate, struct slice esds)
{
    size_t start = bmff_box_open(out, FOURCC('m', 'p', '4', 'a'));

    bmff_zeros(out, 6);
    bytes_u16(out, 1); /* data_reference_index */
    bmff_zeros(out, 8);
    bytes_u16(out, channels);
    bytes_u16(out, 16); /* samplesize */
    bmff_zeros(out, 4);
    bytes_u32(out, rate); /* 16.16 */
    bytes_slice(out, esds);
    bmff_box_close(out, start);
}

/* In an ISO file an entry of version 1 has no further fields when stsd has version 1 too. */
static int read_sound(struct entry *entry, uint8_t stsd_version, struct why *why)
{
    struct cursor cur = cursor_of(entry->box->body);
    struct bmff_box esds = {0};
    struct bytes rebuilt;
    struct bmff_sound sound = {0};
    uint16_t version;
    uint16_t channels;
    uint32_t rate;
    int rc;

    rd_skip(&cur, 8);
    version = rd_u16(&cur);
    if (rd_u16(&cur) | rd_u32(&cur)) /* revision, vendor */
        bmff_census_mark(entry->census, BMFF_REMOVED_NAMES);
    channels = rd_u16(&cur);
    rd_skip(&cur, 6);
    rate = rd_u32(&cur) & 0xffff0000;
    if (version == 1 && stsd_version == 0)
        rd_skip(&cur, 16);
    if (version == 2)
        rd_skip(&cur, 36);
    if (cur.failed || version > 2)
        return bad(entry, "its sound description is cut off or of a later version", why);
    rc = find_esds(entry, cur.at, &esds, why);
    if (rc == SH_OK && !esds.found)
        rc = bad(entry, "no decoder record (esds)", why);
    if (rc < 0)
        return rc;
    bytes_init(&rebuilt, LIMIT_AUDIO_CONFIG_BYTES + 128);
    rc = bmff_rebuild_esds(&esds, &rebuilt, &sound, entry->census, why);
    if (rc == SH_OK) {
        if (version == 2 || !channels || channels > 8)
            channels = (uint16_t)sound.channels;
        if (version == 2 || !rate)
            rate = sound.rate_hz <= UINT16_MAX ? sound.rate_hz << 16 : 0;
        write_sound(&entry->track->entries, channels, rate, bytes_view(&rebuilt));
        rc = bytes_check(&rebuilt, why);
    }
    bytes_release(&rebuilt);
    return rc;
}

/* ---- stsd ---- */

static int check_reference(const struct entry *entry, uint32_t self, struct why *why)
{
    struct cursor cur = cursor_of(entry->box->body);
    uint16_t reference;

    rd_skip(&cur, 6);
    reference = rd_u16(&cur);
    if (!reference || reference > 32 || !(self >> (reference - 1) & 1))
        return why_set(why, SH_EUNSUPPORTED, entry->box->at,
                       "trak[%u]/stsd[%u]: its samples lie in another file (14496-12 8.7.2)"
                       "; export the clip as one file",
                       entry->track->number, entry->row);
    return SH_OK;
}

int bmff_read_entries(struct bmff_track *track, const struct bmff_box *stsd, uint32_t self,
                      struct bmff_census *census, struct why *why)
{
    struct cursor cur = cursor_of(stsd->body);
    uint8_t version = rd_u8(&cur);
    struct bmff_walk walk = bmff_walk_of(stsd, 8, census);
    struct bmff_box box;
    struct entry entry = {.track = track, .box = &box, .census = census};
    int rc;

    bytes_init(&track->entries, ENTRIES_MAX);
    track->aspect[0] = track->aspect[1] = 1;
    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (track->entry_count == LIMIT_SAMPLE_ENTRIES)
            return why_set(why, SH_ELIMIT, box.at,
                           "trak[%u]/stsd: more than %d descriptions" BMFF_REMEDY_RECODE,
                           track->number, LIMIT_SAMPLE_ENTRIES);
        entry.row = track->entry_count++;
        if (box.type != track->codec)
            return why_set(why, SH_EUNSUPPORTED, box.at,
                           "trak[%u]/stsd: it changes from \"%s\" to \"%s\"" BMFF_REMEDY_RECODE,
                           track->number, bmff_name_of(track->codec).text,
                           bmff_name_of(box.type).text);
        rc = check_reference(&entry, self, why);
        if (rc == SH_OK)
            rc = track->video ? read_picture(&entry, why) : read_sound(&entry, version, why);
        if (rc < 0)
            return rc;
    }
    if (rc == SH_OK && !track->entry_count)
        rc = why_set(why, SH_EFORMAT, stsd->at,
                     "trak[%u]/stsd: no description in it (14496-12 8.5.2)" BMFF_REMEDY_REMUX,
                     track->number);
    return rc < 0 ? rc : bytes_check(&track->entries, why);
}
