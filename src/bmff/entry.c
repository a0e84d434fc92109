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

/* The decoder record that a picture of this codec needs; 0 = we do not take it. */
static uint32_t config_of(uint32_t codec)
{
    switch (codec) {
    case FOURCC('a', 'v', 'c', '1'):
    case FOURCC('a', 'v', 'c', '3'):
        return FOURCC('a', 'v', 'c', 'C');
    case FOURCC('h', 'v', 'c', '1'):
    case FOURCC('h', 'e', 'v', '1'):
        return FOURCC('h', 'v', 'c', 'C');
    case FOURCC('a', 'v', '0', '1'):
        return FOURCC('a', 'v', '1', 'C');
    case FOURCC('v', 'p', '0', '9'):
        return FOURCC('v', 'p', 'c', 'C');
    default:
        return 0;
    }
}

bool bmff_takes_video(uint32_t codec)
{
    return config_of(codec) != 0;
}

bool bmff_takes_sound(uint32_t codec)
{
    return codec == FOURCC('m', 'p', '4', 'a') || codec == FOURCC('O', 'p', 'u', 's') ||
           codec == FOURCC('a', 'l', 'a', 'c');
}

/* What a sample entry may bring that we keep. */
struct extras {
    struct bmff_box config; /* avcC, hvcC, av1C, vpcC */
    struct bmff_box pasp;
    struct bmff_box clap;
    uint8_t colour[7]; /* nclx: three codes of 16 bits, the range flag */
    bool has_colour;
};

/* nclx as it is, QuickTime's nclc with the narrow range that it means (14496-12 12.1.5). */
static void take_colour(const struct bmff_box *colr, struct extras *extras,
                        struct bmff_census *census)
{
    struct cursor cur = cursor_of(colr->body);
    uint32_t kind = rd_u32(&cur);
    struct slice codes = rd_bytes(&cur, 6);
    uint8_t range = kind == FOURCC('n', 'c', 'l', 'x') ? rd_u8(&cur) & 0x80 : 0;

    /* The codes are bytes (23091-2 8.1) in fields of two. */
    if (cur.failed || extras->has_colour || codes.ptr[0] || codes.ptr[2] || codes.ptr[4] ||
        (kind != FOURCC('n', 'c', 'l', 'x') && kind != FOURCC('n', 'c', 'l', 'c'))) {
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES); /* A profile names its maker. */
        return;
    }
    memcpy(extras->colour, codes.ptr, 6);
    extras->colour[6] = range;
    extras->has_colour = true;
}

/*
 * Dolby Vision: the box and what it describes go, the base layer stays, which others can show.
 * Profile 5, and any other without compatibility, has colours of its own (dvcC: profile of 7
 * bits, level of 6, rpu, el, bl, compatibility of 4).
 */
static int check_dolby(const struct entry *entry, const struct bmff_box *box, struct why *why)
{
    struct bmff_bits bits = {.whole = box->body};
    uint32_t profile;
    uint32_t base;
    uint32_t like;

    bmff_bits_skip(&bits, 16);
    profile = bmff_bits_read(&bits, 7);
    (void)bmff_bits_read(&bits, 8); /* level, rpu_present_flag, el_present_flag */
    base = bmff_bits_read(&bits, 1);
    like = bmff_bits_read(&bits, 4);
    if (bits.failed || !base || profile == 5 || (profile >= 8 && !like))
        return why_set(
            why, SH_EUNSUPPORTED, box->at,
            "trak[%u]: Dolby Vision of profile %u, whose colours nothing else shows "
            "right; export the clip again as SDR or \"most compatible\", or post it with "
            "--transcode and look at its colours",
            entry->track->number, profile);
    return SH_OK;
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
        take_colour(box, extras, entry->census);
    } else if (box->type == FOURCC('d', 'v', 'c', 'C') ||
               box->type == FOURCC('d', 'v', 'v', 'C') ||
               box->type == FOURCC('d', 'v', 'w', 'C')) {
        bmff_census_mark(entry->census, BMFF_REMOVED_OTHER_BOXES);
        return check_dolby(entry, box, why);
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

/*
 * Eight numbers, numerator and denominator in turn: width, height, and two offsets with a sign
 * (14496-12 12.1.4).  Only an aperture that lies inside of the picture, in fractions that a
 * camera would write: in other numbers anything could be told.
 */
static bool aperture_of(const struct bmff_box *clap, const uint32_t size[2], uint32_t cell[8])
{
    struct cursor cur = cursor_of(clap->body);
    bool sane = true;

    for (unsigned i = 0; i < 8; i++)
        cell[i] = rd_u32(&cur);
    for (unsigned i = 0; i < 8 && !cur.failed; i += 2) {
        uint64_t most = (uint64_t)size[i / 2 % 2] * cell[i + 1];
        bool below = i >= 4 && cell[i] > INT32_MAX;
        uint64_t value = below ? (uint32_t)-cell[i] : cell[i];

        sane = sane && cell[i + 1] && cell[i + 1] <= LIMIT_APERTURE_PARTS && value <= most &&
               (value || i >= 4);
    }
    return sane && !cur.failed;
}

static void write_clap(struct entry *entry, const struct bmff_box *clap, const uint32_t size[2])
{
    uint32_t cell[8];
    size_t start;

    if (!aperture_of(clap, size, cell)) {
        bmff_census_mark(entry->census, BMFF_REMOVED_OTHER_BOXES);
        return;
    }
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
    switch (config_of(codec)) {
    case FOURCC('a', 'v', 'c', 'C'):
        rc = bmff_rebuild_avcc(&extras->config, codec == FOURCC('a', 'v', 'c', '3'), out,
                               entry->census, why);
        break;
    case FOURCC('h', 'v', 'c', 'C'):
        rc = bmff_rebuild_hvcc(&extras->config, out, entry->census, why);
        break;
    case FOURCC('a', 'v', '1', 'C'):
        rc = bmff_rebuild_av1c(&extras->config, out, entry->census, why);
        break;
    default:
        rc = bmff_rebuild_vpcc(&extras->config, out, entry->census, why);
        break;
    }
    if (rc < 0)
        return rc;
    if (extras->pasp.found)
        write_pasp(entry, &extras->pasp);
    if (extras->clap.found)
        write_clap(entry, &extras->clap, (uint32_t[2]){width, height});
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
            "trak[%u]/stsd[%u]: a picture of %ux%u, %d pixels are the most" BMFF_REMEDY_SMALLER,
            entry->track->number, entry->row, width, height, LIMIT_PIXELS);
    for (unsigned i = 0; i < 32; i++)
        if (name.ptr[i] || vendor.ptr[i % 16])
            bmff_census_mark(entry->census, BMFF_REMOVED_NAMES);
    rc = take_extras(entry, cur.at, config_of(codec), &extras, why);
    if (rc < 0)
        return rc;
    if (!extras.config.found)
        return bad(entry, "no decoder record (avcC, hvcC, av1C or vpcC)", why);
    if (entry->row == 0) {
        entry->track->width = width;
        entry->track->height = height;
    }
    return write_picture(entry, width, height, &extras, why);
}

/* ---- sound ---- */

/* The decoder record that sound of this codec needs. */
static uint32_t sound_config_of(uint32_t codec)
{
    if (codec == FOURCC('m', 'p', '4', 'a'))
        return FOURCC('e', 's', 'd', 's');
    return codec == FOURCC('O', 'p', 'u', 's') ? FOURCC('d', 'O', 'p', 's') : codec;
}

/* QuickTime keeps the record in wave (QTFF "siDecompressionParam"). */
static int find_record(struct entry *entry, size_t skip, struct bmff_box *record,
                       struct why *why)
{
    struct bmff_walk walk = bmff_walk_of(entry->box, skip, entry->census);
    struct bmff_box wave = {0};
    uint32_t type = sound_config_of(entry->box->type);
    struct bmff_want in_wave[] = {{type, record}};
    struct bmff_census quiet = {0};
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, why)) > 0) {
        if (box.type == type && !record->found)
            *record = box;
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
    if (rc == SH_OK && wave.found && !record->found)
        rc = bmff_collect(&wave, in_wave, COUNT_OF(in_wave), &quiet, why);
    return rc;
}

static void write_sound(struct bytes *out, uint32_t codec, const struct bmff_sound *sound,
                        struct slice record)
{
    size_t start = bmff_box_open(out, codec);

    bmff_zeros(out, 6);
    bytes_u16(out, 1); /* data_reference_index */
    bmff_zeros(out, 8);
    bytes_u16(out, (uint16_t)sound->channels);
    bytes_u16(out, (uint16_t)sound->bits);
    bmff_zeros(out, 4);
    /* 16.16, as far as it goes; the record has the rate itself. */
    bytes_u32(out, sound->rate_hz <= UINT16_MAX ? sound->rate_hz << 16 : 0);
    bytes_slice(out, record);
    bmff_box_close(out, start);
}

static int rebuild_record(struct entry *entry, const struct bmff_box *record, struct bytes *out,
                          struct bmff_sound *sound, struct why *why)
{
    sound->bits = 16;
    if (record->type == FOURCC('e', 's', 'd', 's'))
        return bmff_rebuild_esds(record, out, sound, entry->census, why);
    if (record->type == FOURCC('d', 'O', 'p', 's'))
        return bmff_rebuild_dops(record, out, sound, entry->census, why);
    return bmff_rebuild_alac(record, out, sound, entry->census, why);
}

/* In an ISO file an entry of version 1 has no further fields when stsd has version 1 too. */
static int read_sound(struct entry *entry, uint8_t stsd_version, struct why *why)
{
    struct cursor cur = cursor_of(entry->box->body);
    struct bmff_box record = {0};
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
    rate = rd_u32(&cur) >> 16;
    if (version == 1 && stsd_version == 0)
        rd_skip(&cur, 16);
    if (version == 2)
        rd_skip(&cur, 36);
    if (cur.failed || version > 2)
        return bad(entry, "its sound description is cut off or of a later version", why);
    rc = find_record(entry, cur.at, &record, why);
    if (rc == SH_OK && !record.found)
        rc = bad(entry, "no decoder record (esds, dOps or alac)", why);
    if (rc < 0)
        return rc;
    bytes_init(&rebuilt, LIMIT_AUDIO_CONFIG_BYTES + 128);
    rc = rebuild_record(entry, &record, &rebuilt, &sound, why);
    if (rc == SH_OK) {
        /* In AAC the entry may know of SBR and PS what the record does not. */
        if (version < 2 && channels && channels <= 8 &&
            record.type == FOURCC('e', 's', 'd', 's'))
            sound.channels = channels;
        if (version < 2 && rate && record.type == FOURCC('e', 's', 'd', 's'))
            sound.rate_hz = rate;
        write_sound(&entry->track->entries, entry->box->type, &sound, bytes_view(&rebuilt));
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

/* Bit n: a chunk with samples names entry n + 1. */
static unsigned used_entries(const struct bmff_track *track)
{
    unsigned used = 0;

    for (uint32_t i = 0; i < track->stsc.count; i++)
        if (bmff_table_u32(&track->stsc, 12, i, 0) <= track->chunks)
            used |= 1u << (bmff_table_u32(&track->stsc, 12, i, 8) - 1);
    return used;
}

/* The codec of a track is that of its first entry in use; it does not change. */
static int check_codec(const struct entry *entry, struct why *why)
{
    struct bmff_track *track = entry->track;

    if (track->entry_count == 0)
        track->codec = entry->box->type;
    if (entry->box->type != track->codec)
        return why_set(why, SH_EUNSUPPORTED, entry->box->at,
                       "trak[%u]/stsd: it changes from \"%s\" to \"%s\"" BMFF_REMEDY_RECODE,
                       track->number, bmff_name_of(track->codec).text,
                       bmff_name_of(entry->box->type).text);
    if (!(track->video ? bmff_takes_video(track->codec) : bmff_takes_sound(track->codec)))
        return bmff_refuse_codec(track, why);
    return SH_OK;
}

int bmff_read_entries(struct bmff_track *track, struct bmff_census *census, struct why *why)
{
    struct cursor cur = cursor_of(track->stsd.body);
    uint8_t version = rd_u8(&cur);
    struct bmff_walk walk = bmff_walk_of(&track->stsd, 8, census);
    unsigned used = used_entries(track);
    struct bmff_box box;
    struct entry entry = {.track = track, .box = &box, .census = census};
    uint32_t number = 0;
    int rc;

    bytes_init(&track->entries, ENTRIES_MAX);
    track->aspect[0] = track->aspect[1] = 1;
    while ((rc = bmff_walk_next(&walk, &box, why)) > 0 && number < track->stsd_count) {
        track->entry_map[number] = 0;
        if (!(used >> number++ & 1)) {
            bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
            continue;
        }
        rc = check_codec(&entry, why);
        entry.row = track->entry_count++;
        track->entry_map[number - 1] = (uint8_t)track->entry_count;
        if (rc == SH_OK)
            rc = check_reference(&entry, track->self, why);
        if (rc == SH_OK)
            rc = track->video ? read_picture(&entry, why) : read_sound(&entry, version, why);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? rc : bytes_check(&track->entries, why);
}
