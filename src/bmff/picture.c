/*
 * How large the pictures really are: the sequence parameter sets tell the decoder, whatever the
 * sample entry tells people (14496-10 7.3.2.1.1, 23008-2 7.3.2.2, AV1 5.5, VP9 6.2).
 */
#include "bmff/bmff_int.h"

#define SET_BYTES 512 /* Not a cap: the size stands in the first bytes of a set. */

/* The set without its emulation prevention bytes (14496-10 7.4.1). */
static struct slice unescape(struct slice set, uint8_t *out)
{
    size_t len = 0;
    unsigned zeros = 0;

    for (size_t i = 0; i < set.len && len < SET_BYTES; i++) {
        if (zeros >= 2 && set.ptr[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = set.ptr[i] ? 0 : zeros + 1;
        out[len++] = set.ptr[i];
    }
    return slice_of(out, len);
}

void bmff_skip_scaling_list(struct bmff_bits *bits, unsigned size)
{
    uint32_t last = 8;
    uint32_t next = 8;

    for (unsigned i = 0; i < size && !bits->failed; i++) {
        if (next) {
            /* se(v): odd codes are positive, even ones negative. */
            uint32_t code = bmff_bits_golomb(bits);
            uint32_t delta = code & 1 ? code / 2 + 1 : 0u - code / 2;

            next = (last + delta) & 0xff;
        }
        last = next ? next : last;
    }
}

static void skip_high_fields(struct bmff_bits *bits)
{
    uint32_t chroma = bmff_bits_golomb(bits);

    if (chroma == 3)
        bmff_bits_skip(bits, 1);  /* separate_colour_plane_flag */
    (void)bmff_bits_golomb(bits); /* bit_depth_luma_minus8: only the position matters */
    (void)bmff_bits_golomb(bits); /* bit_depth_chroma_minus8 */
    bmff_bits_skip(bits, 1);      /* qpprime_y_zero_transform_bypass_flag */
    if (!bmff_bits_read(bits, 1)) /* seq_scaling_matrix_present_flag */
        return;
    for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u); i++)
        if (bmff_bits_read(bits, 1))
            bmff_skip_scaling_list(bits, i < 6 ? 16 : 64);
}

static void skip_order_count(struct bmff_bits *bits)
{
    uint32_t type = bmff_bits_golomb(bits);
    uint32_t count;

    if (type == 0) {
        (void)bmff_bits_golomb(bits); /* log2_max_pic_order_cnt_lsb_minus4 */
    } else if (type == 1) {
        bmff_bits_skip(bits, 1);
        (void)bmff_bits_golomb(bits); /* offset_for_non_ref_pic */
        (void)bmff_bits_golomb(bits); /* offset_for_top_to_bottom_field */
        count = bmff_bits_golomb(bits);
        for (uint32_t i = 0; i < count && !bits->failed; i++)
            (void)bmff_bits_golomb(bits); /* offset_for_ref_frame */
    }
}

void bmff_read_avc_size(struct bmff_bits *bits, uint64_t *wide, uint64_t *high)
{
    uint32_t profile = bmff_bits_read(bits, 8);

    bmff_bits_skip(bits, 16);
    (void)bmff_bits_golomb(bits); /* seq_parameter_set_id */
    if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44)
        skip_high_fields(bits);
    (void)bmff_bits_golomb(bits); /* log2_max_frame_num_minus4 */
    skip_order_count(bits);
    (void)bmff_bits_golomb(bits); /* max_num_ref_frames */
    bmff_bits_skip(bits, 1);
    *wide = 16 * ((uint64_t)bmff_bits_golomb(bits) + 1);
    *high = 16 * ((uint64_t)bmff_bits_golomb(bits) + 1);
    if (!bmff_bits_read(bits, 1)) { /* frame_mbs_only_flag */
        *high *= 2;
        bmff_bits_skip(bits, 1);
    }
}

bool bmff_picture_avc(struct slice set, uint64_t *pixels)
{
    uint8_t buf[SET_BYTES];
    struct bmff_bits bits = {.whole = unescape(set, buf)};
    uint64_t wide;
    uint64_t high;

    bmff_bits_skip(&bits, 8);
    bmff_read_avc_size(&bits, &wide, &high);
    if (bits.failed || wide > UINT32_MAX || high > UINT32_MAX)
        return false;
    *pixels = wide * high;
    return true;
}

/* profile_tier_level (23008-2 7.3.3). */
void bmff_skip_levels(struct bmff_bits *bits, unsigned layers)
{
    bool profile[8] = {false};
    bool level[8] = {false};

    bmff_bits_skip(bits, 96);
    for (unsigned i = 0; i < layers; i++) {
        profile[i] = bmff_bits_read(bits, 1);
        level[i] = bmff_bits_read(bits, 1);
    }
    if (layers)
        bmff_bits_skip(bits, 2 * (8 - (size_t)layers));
    for (unsigned i = 0; i < layers; i++)
        bmff_bits_skip(bits, (profile[i] ? 88u : 0u) + (level[i] ? 8u : 0u));
}

unsigned bmff_read_hevc_size(struct bmff_bits *bits, uint64_t *wide, uint64_t *high)
{
    unsigned layers;

    bmff_bits_skip(bits, 4);
    layers = bmff_bits_read(bits, 3); /* sps_max_sub_layers_minus1 */
    bmff_bits_skip(bits, 1);
    bmff_skip_levels(bits, layers);
    (void)bmff_bits_golomb(bits); /* sps_seq_parameter_set_id */
    if (bmff_bits_golomb(bits) == 3)
        bmff_bits_skip(bits, 1); /* separate_colour_plane_flag */
    *wide = bmff_bits_golomb(bits);
    *high = bmff_bits_golomb(bits);
    return layers;
}

bool bmff_picture_hevc(struct slice set, uint64_t *pixels)
{
    uint8_t buf[SET_BYTES];
    struct bmff_bits bits = {.whole = unescape(set, buf)};
    uint64_t wide;
    uint64_t high;

    bmff_bits_skip(&bits, 16);
    (void)bmff_read_hevc_size(&bits, &wide, &high); /* The layers have no meaning here. */
    if (bits.failed || !wide || !high || wide > UINT16_MAX || high > UINT16_MAX)
        return false;
    *pixels = wide * high;
    return true;
}

/* ---- AV1 ---- */

/* What the parts of a sequence header must know of each other. */
struct sequence {
    struct bmff_bits bits;
    uint32_t profile;
    bool reduced;
};

static uint32_t flag(struct sequence *seq)
{
    return bmff_bits_read(&seq->bits, 1);
}

/* timing_info, decoder_model_info and the operating points (AV1 5.5.3 to 5.5.5). */
static void skip_operating_points(struct sequence *seq)
{
    struct bmff_bits *bits = &seq->bits;
    uint32_t delay_bits = 0;
    bool model = false;
    bool initial;
    uint32_t count;

    if (flag(seq)) {
        bmff_bits_skip(bits, 64);
        if (flag(seq))
            (void)bmff_bits_golomb(bits); /* num_ticks_per_picture_minus_1: uvlc is ue(v) */
        model = flag(seq);
        if (model) {
            delay_bits = bmff_bits_read(bits, 5) + 1;
            bmff_bits_skip(bits, 32 + 5 + 5);
        }
    }
    initial = flag(seq);
    count = bmff_bits_read(bits, 5) + 1;
    for (uint32_t i = 0; i < count && !bits->failed; i++) {
        bmff_bits_skip(bits, 12);
        if (bmff_bits_read(bits, 5) > 7)
            bmff_bits_skip(bits, 1);
        if (model && flag(seq))
            bmff_bits_skip(bits, 2 * (size_t)delay_bits + 1);
        if (initial && flag(seq))
            bmff_bits_skip(bits, 4);
    }
}

/* The tools that only whole sequences have (AV1 5.5.1). */
static void skip_tools(struct sequence *seq)
{
    struct bmff_bits *bits = &seq->bits;
    bool ordered;
    bool forced = true;

    bmff_bits_skip(bits, 4); /* interintra, masked, warped, dual filter */
    ordered = flag(seq);
    if (ordered)
        bmff_bits_skip(bits, 2);
    if (!flag(seq)) /* seq_choose_screen_content_tools */
        forced = flag(seq);
    if (forced && !flag(seq)) /* seq_choose_integer_mv */
        bmff_bits_skip(bits, 1);
    if (ordered)
        bmff_bits_skip(bits, 3);
}

/* color_config (AV1 5.5.2). */
static void skip_colours(struct sequence *seq)
{
    struct bmff_bits *bits = &seq->bits;
    bool high = flag(seq);
    bool twelve = seq->profile == 2 && high && flag(seq);
    bool mono = seq->profile != 1 && flag(seq);
    uint32_t codes = 0x020202;
    bool wide = true;
    bool tall = true;

    if (flag(seq))
        codes = bmff_bits_read(bits, 24);
    if (mono) {
        bmff_bits_skip(bits, 1);
        return;
    }
    if (codes == 0x010d00) { /* sRGB */
        bmff_bits_skip(bits, 1);
        return;
    }
    bmff_bits_skip(bits, 1); /* color_range */
    if (seq->profile == 1) {
        wide = tall = false;
    } else if (seq->profile == 2) {
        wide = !twelve || flag(seq);
        tall = twelve && wide && flag(seq);
    }
    if (wide && tall)
        bmff_bits_skip(bits, 2);
    bmff_bits_skip(bits, 1); /* separate_uv_delta_q */
}

bool bmff_picture_av1(struct slice header, uint64_t *pixels, size_t *bits)
{
    struct sequence seq = {.bits = {.whole = header}};
    uint32_t wide_bits;
    uint32_t high_bits;
    uint64_t wide;
    uint64_t high;

    seq.profile = bmff_bits_read(&seq.bits, 3);
    bmff_bits_skip(&seq.bits, 1);
    seq.reduced = flag(&seq);
    if (seq.reduced)
        bmff_bits_skip(&seq.bits, 5);
    else
        skip_operating_points(&seq);
    wide_bits = bmff_bits_read(&seq.bits, 4) + 1;
    high_bits = bmff_bits_read(&seq.bits, 4) + 1;
    wide = (uint64_t)bmff_bits_read(&seq.bits, wide_bits) + 1;
    high = (uint64_t)bmff_bits_read(&seq.bits, high_bits) + 1;
    if (!seq.reduced && flag(&seq)) /* frame_id_numbers_present_flag */
        bmff_bits_skip(&seq.bits, 7);
    bmff_bits_skip(&seq.bits, 3);
    if (!seq.reduced)
        skip_tools(&seq);
    bmff_bits_skip(&seq.bits, 3);
    skip_colours(&seq);
    bmff_bits_skip(&seq.bits, 1); /* film_grain_params_present */
    if (seq.bits.failed || seq.profile > 2)
        return false;
    *pixels = wide * high;
    *bits = seq.bits.at;
    return true;
}

/* ---- VP9 ---- */

#define VP9_SYNC 0x498342u
#define VP9_SRGB 7u

/* frame_sync_code, then color_config unless profile 0 has none here (VP9 6.2.1, 6.2.2). */
static bool skip_vp9_colours(struct bmff_bits *bits, uint32_t profile, bool told)
{
    if (bmff_bits_read(bits, 24) != VP9_SYNC)
        return false;
    if (!told)
        return true;
    if (profile >= 2)
        bmff_bits_skip(bits, 1);
    if (bmff_bits_read(bits, 3) != VP9_SRGB)
        bmff_bits_skip(bits, profile & 1 ? 4 : 1);
    else if (profile & 1)
        bmff_bits_skip(bits, 1);
    return true;
}

/* Up to frame_size; *told: the size stands here and is not that of an earlier frame. */
static bool skip_vp9_inter(struct bmff_bits *bits, uint32_t profile, bool shown, bool *told)
{
    bool resilient = bmff_bits_read(bits, 1);
    bool intra = !shown && bmff_bits_read(bits, 1);

    if (!resilient)
        bmff_bits_skip(bits, 2);
    *told = true;
    if (intra && !skip_vp9_colours(bits, profile, profile > 0))
        return false;
    bmff_bits_skip(bits, 8);
    if (intra)
        return true;
    bmff_bits_skip(bits, 12);
    for (unsigned i = 0; i < 3 && *told; i++)
        *told = !bmff_bits_read(bits, 1);
    return true;
}

bool bmff_picture_vp9(struct slice frame, uint64_t *pixels)
{
    struct bmff_bits bits = {.whole = frame};
    uint32_t profile;
    bool key;
    bool shown;
    bool told = true;
    uint64_t wide;
    uint64_t high;

    *pixels = 0;
    if (bmff_bits_read(&bits, 2) != 2)
        return false;
    profile = bmff_bits_read(&bits, 1);
    profile |= bmff_bits_read(&bits, 1) << 1;
    if (profile == 3)
        bmff_bits_skip(&bits, 1);
    if (bmff_bits_read(&bits, 1)) /* show_existing_frame */
        return !bits.failed;
    key = !bmff_bits_read(&bits, 1);
    shown = bmff_bits_read(&bits, 1);
    if (key) {
        bmff_bits_skip(&bits, 1);
        if (!skip_vp9_colours(&bits, profile, true))
            return false;
    } else if (!skip_vp9_inter(&bits, profile, shown, &told)) {
        return false;
    }
    if (told) {
        wide = (uint64_t)bmff_bits_read(&bits, 16) + 1;
        high = (uint64_t)bmff_bits_read(&bits, 16) + 1;
        *pixels = wide * high;
    }
    return !bits.failed;
}
