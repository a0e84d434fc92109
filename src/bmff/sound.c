/*
 * The decoder records of sound, rebuilt: esds of AAC (14496-14 5.6, 14496-1 7.2.6, 14496-3
 * 1.6.2), dOps of Opus (Encapsulation of Opus in ISOBMFF 4.3.2), alac (ALAC Magic Cookie
 * Description).
 */
#include "bmff/bmff_int.h"

#define TAG_ES 3
#define TAG_DECODER 4
#define TAG_SPECIFIC 5

/* ---- AudioSpecificConfig ---- */

static uint32_t rd_object_type(struct bmff_bits *bits)
{
    uint32_t type = bmff_bits_read(bits, 5);

    return type == 31 ? 32 + bmff_bits_read(bits, 6) : type;
}

static uint32_t rd_rate(struct bmff_bits *bits)
{
    static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                     22050, 16000, 12000, 11025, 8000,  7350};
    uint32_t index = bmff_bits_read(bits, 4);

    if (index == 15)
        return bmff_bits_read(bits, 24);
    return index < COUNT_OF(rates) ? rates[index] : 0;
}

/*
 * The optional end that says whether SBR and PS follow (14496-3 1.6.5.3).  Leaves the position
 * where the last field that is known ends.
 */
static void skip_sync_extension(struct bmff_bits *bits)
{
    size_t back = bits->at;

    if (bmff_bits_read(bits, 11) == 0x2b7 && rd_object_type(bits) == 5 && !bits->failed) {
        bool sbr = bmff_bits_read(bits, 1) == 1;

        if (sbr)
            (void)rd_rate(bits); /* Only the position matters. */
        if (!bits->failed) {
            back = bits->at;
            if (sbr && bmff_bits_read(bits, 11) == 0x548 && !bits->failed) {
                (void)bmff_bits_read(bits, 1); /* psPresentFlag */
                if (!bits->failed)
                    back = bits->at;
            }
        }
    }
    bits->at = back;
    bits->failed = false;
}

/* How many bits of an AudioSpecificConfig of AAC LC, SBR or PS have a meaning; 0 = not ours. */
static size_t config_bits(struct slice config, struct bmff_sound *sound)
{
    static const uint32_t channels[] = {0, 1, 2, 3, 4, 5, 6, 8};
    struct bmff_bits bits = {.whole = config};
    uint32_t type = rd_object_type(&bits);
    uint32_t layout;
    bool extended = type == 5 || type == 29;

    sound->rate_hz = rd_rate(&bits);
    layout = bmff_bits_read(&bits, 4);
    if (extended) {
        sound->rate_hz = rd_rate(&bits);
        type = rd_object_type(&bits);
    }
    /* Layout 0 brings a program_config_element, which can hold a comment. */
    if (bits.failed || type != 2 || !sound->rate_hz || !layout || layout >= COUNT_OF(channels))
        return 0;
    sound->channels = channels[layout];
    (void)bmff_bits_read(&bits, 1); /* frameLengthFlag */
    if (bmff_bits_read(&bits, 1))   /* dependsOnCoreCoder */
        (void)bmff_bits_read(&bits, 14);
    (void)bmff_bits_read(&bits, 1); /* extensionFlag: without a meaning for type 2 */
    if (bits.failed)
        return 0;
    if (!extended)
        skip_sync_extension(&bits);
    return bits.at;
}

/* ---- descriptors ---- */

/* The body of the next descriptor when it has this tag (14496-1 8.3.3). */
static bool rd_descriptor(struct cursor *cur, uint8_t tag, struct cursor *body)
{
    uint32_t len = 0;
    uint8_t byte = 0x80;

    if (rd_u8(cur) != tag)
        return false;
    for (unsigned i = 0; i < 4 && byte & 0x80; i++) {
        byte = rd_u8(cur);
        len = len << 7 | (byte & 0x7f);
    }
    if (cur->failed || byte & 0x80)
        return false;
    /* A length past the end is common in old QuickTime files; the box bounds it. */
    *body = cursor_of(rd_bytes(cur, len < rd_left(cur) ? len : rd_left(cur)));
    return true;
}

struct decoder {
    uint8_t object;
    struct slice config;
};

static bool read_esds(const struct bmff_box *box, struct decoder *decoder)
{
    struct cursor cur = cursor_of(box->body);
    struct cursor es;
    struct cursor dec;
    struct cursor spec;
    uint8_t flags;

    rd_skip(&cur, 4);
    if (!rd_descriptor(&cur, TAG_ES, &es))
        return false;
    rd_skip(&es, 2);
    flags = rd_u8(&es);
    if (flags & 0x80)
        rd_skip(&es, 2);
    if (flags & 0x40)
        rd_skip(&es, rd_u8(&es));
    if (flags & 0x20)
        rd_skip(&es, 2);
    if (!rd_descriptor(&es, TAG_DECODER, &dec))
        return false;
    decoder->object = rd_u8(&dec);
    rd_skip(&dec, 1 + 3 + 4 + 4); /* streamType, bufferSizeDB, maxBitrate, avgBitrate */
    if (dec.failed)
        return false;
    /* Sound that is not AAC may have none; without one it is not taken as AAC. */
    if (rd_descriptor(&dec, TAG_SPECIFIC, &spec))
        decoder->config = spec.whole;
    return true;
}

static void write_esds(const struct decoder *decoder, size_t bits, struct bytes *out)
{
    size_t len = (bits + 7) / 8;
    size_t start = bmff_box_open_full(out, FOURCC('e', 's', 'd', 's'), 0, 0);

    /* LIMIT_AUDIO_CONFIG_BYTES keeps every length in one byte. */
    bytes_u8(out, TAG_ES);
    bytes_u8(out, (uint8_t)(3 + 2 + 13 + 2 + len + 3));
    bytes_u16(out, 0); /* ES_ID */
    bytes_u8(out, 0);
    bytes_u8(out, TAG_DECODER);
    bytes_u8(out, (uint8_t)(13 + 2 + len));
    bytes_u8(out, decoder->object);
    bytes_u8(out, 0x15);        /* audio stream, upstream 0, reserved 1 */
    bmff_zeros(out, 3 + 4 + 4); /* bufferSizeDB, maxBitrate, avgBitrate: not told */
    bytes_u8(out, TAG_SPECIFIC);
    bytes_u8(out, (uint8_t)len);
    for (size_t i = 0; i < len; i++) {
        unsigned used = bits - 8 * i < 8 ? (unsigned)(bits - 8 * i) : 8;

        bytes_u8(out, (uint8_t)(decoder->config.ptr[i] & 0xff00u >> used));
    }
    bytes_u8(out, 6); /* SLConfigDescriptor, predefined 2 */
    bytes_u8(out, 1);
    bytes_u8(out, 2);
    bmff_box_close(out, start);
}

int bmff_rebuild_esds(const struct bmff_box *box, struct bytes *out, struct bmff_sound *sound,
                      struct bmff_census *census, struct why *why)
{
    struct decoder decoder = {0};
    size_t bits;

    if (!read_esds(box, &decoder))
        return why_set(why, SH_EFORMAT, box->at,
                       "esds at byte %llu: no whole decoder description (14496-1 "
                       "7.2.6)" BMFF_REMEDY_SOUND,
                       (unsigned long long)box->at);
    if (decoder.config.len > LIMIT_AUDIO_CONFIG_BYTES)
        return why_set(why, SH_ELIMIT, box->at,
                       "esds: AudioSpecificConfig of %zu bytes, %d are "
                       "the most" BMFF_REMEDY_SOUND,
                       decoder.config.len, LIMIT_AUDIO_CONFIG_BYTES);
    bits = config_bits(decoder.config, sound);
    if ((decoder.object != 0x40 && decoder.object != 0x67) || !bits)
        return why_set(why, SH_EUNSUPPORTED, box->at,
                       "esds at byte %llu"
                       ": its sound (object type 0x%02x) is not AAC in a "
                       "usual layout (14496-3 1.6.2)" BMFF_REMEDY_SOUND,
                       (unsigned long long)box->at, decoder.object);
    if ((bits + 7) / 8 < decoder.config.len)
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    write_esds(&decoder, bits, out);
    return SH_OK;
}

/* ---- dOps ---- */

int bmff_rebuild_dops(const struct bmff_box *box, struct bytes *out, struct bmff_sound *sound,
                      struct bmff_census *census, struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open(out, box->type);
    struct slice fixed = rd_bytes(&cur, 11);
    unsigned family;

    if (cur.failed || fixed.ptr[0] || !fixed.ptr[1] || fixed.ptr[1] > 8)
        return why_set(why, SH_EFORMAT, box->at,
                       "dOps at byte %llu: version %u, %u channels (Opus in ISOBMFF "
                       "4.3.2)" BMFF_REMEDY_SOUND,
                       (unsigned long long)box->at, fixed.len ? fixed.ptr[0] : 0,
                       fixed.len > 1 ? fixed.ptr[1] : 0);
    sound->channels = fixed.ptr[1];
    sound->rate_hz = 48000;
    family = fixed.ptr[10];
    bytes_slice(out, fixed);
    if (family)
        bytes_slice(out, rd_bytes(&cur, 2 + (size_t)sound->channels));
    if (cur.failed || family > 1 || (!family && sound->channels > 2))
        return why_set(
            why, SH_EUNSUPPORTED, box->at,
            "dOps at byte %llu: channels in family %u (RFC 7845 5.1.1)" BMFF_REMEDY_SOUND,
            (unsigned long long)box->at, family);
    if (rd_left(&cur))
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    bmff_box_close(out, start);
    return SH_OK;
}

/* ---- alac ---- */

#define ALAC_FRAME 16384 /* samples; encoders write 4096 */

int bmff_rebuild_alac(const struct bmff_box *box, struct bytes *out, struct bmff_sound *sound,
                      struct bmff_census *census, struct why *why)
{
    struct cursor cur = cursor_of(box->body);
    size_t start = bmff_box_open_full(out, box->type, 0, 0);
    uint32_t version = rd_u32(&cur);
    struct slice config = rd_bytes(&cur, 24);
    struct cursor fields = cursor_of(config);
    uint32_t frame = rd_u32(&fields);
    uint8_t compatible = rd_u8(&fields);

    sound->bits = rd_u8(&fields);
    rd_skip(&fields, 3); /* pb, mb, kb */
    sound->channels = rd_u8(&fields);
    rd_skip(&fields, 2 + 4 + 4); /* maxRun, maxFrameBytes, avgBitRate */
    sound->rate_hz = rd_u32(&fields);
    if (fields.failed || version || !frame || frame > ALAC_FRAME || compatible ||
        !sound->channels || sound->channels > 8 || sound->bits < 16 || sound->bits > 32 ||
        !sound->rate_hz)
        return why_set(why, SH_EFORMAT, box->at,
                       "alac at byte %llu: %u channels of %u bits, frames of %u samples are "
                       "none that it has" BMFF_REMEDY_SOUND,
                       (unsigned long long)box->at, sound->channels, sound->bits, frame);
    bytes_slice(out, config);
    if (rd_left(&cur)) /* A channel layout: each number of channels has one of its own. */
        bmff_census_mark(census, BMFF_REMOVED_OTHER_BOXES);
    bmff_box_close(out, start);
    return SH_OK;
}
