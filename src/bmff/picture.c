/*
 * How large the pictures really are: the sequence parameter sets tell the decoder, whatever the
 * sample entry tells people (14496-10 7.3.2.1.1, 23008-2 7.3.2.2).
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

static void skip_scaling_list(struct bmff_bits *bits, unsigned size)
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
            skip_scaling_list(bits, i < 6 ? 16 : 64);
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

bool bmff_picture_avc(struct slice set, uint64_t *pixels)
{
    uint8_t buf[SET_BYTES];
    struct bmff_bits bits = {.whole = unescape(set, buf)};
    uint32_t profile;
    uint64_t wide;
    uint64_t high;

    bmff_bits_skip(&bits, 8);
    profile = bmff_bits_read(&bits, 8);
    bmff_bits_skip(&bits, 16);
    (void)bmff_bits_golomb(&bits); /* seq_parameter_set_id */
    if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44)
        skip_high_fields(&bits);
    (void)bmff_bits_golomb(&bits); /* log2_max_frame_num_minus4 */
    skip_order_count(&bits);
    (void)bmff_bits_golomb(&bits); /* max_num_ref_frames */
    bmff_bits_skip(&bits, 1);
    wide = (uint64_t)bmff_bits_golomb(&bits) + 1;
    high = (uint64_t)bmff_bits_golomb(&bits) + 1;
    if (!bmff_bits_read(&bits, 1)) /* frame_mbs_only_flag */
        high *= 2;
    if (bits.failed || wide > UINT16_MAX || high > UINT16_MAX)
        return false;
    *pixels = wide * 16 * high * 16;
    return true;
}

/* profile_tier_level (23008-2 7.3.3). */
static void skip_levels(struct bmff_bits *bits, unsigned layers)
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

bool bmff_picture_hevc(struct slice set, uint64_t *pixels)
{
    uint8_t buf[SET_BYTES];
    struct bmff_bits bits = {.whole = unescape(set, buf)};
    unsigned layers;
    uint64_t wide;
    uint64_t high;

    bmff_bits_skip(&bits, 16 + 4);
    layers = bmff_bits_read(&bits, 3); /* sps_max_sub_layers_minus1 */
    bmff_bits_skip(&bits, 1);
    skip_levels(&bits, layers);
    (void)bmff_bits_golomb(&bits); /* sps_seq_parameter_set_id */
    if (bmff_bits_golomb(&bits) == 3)
        bmff_bits_skip(&bits, 1); /* separate_colour_plane_flag */
    wide = bmff_bits_golomb(&bits);
    high = bmff_bits_golomb(&bits);
    if (bits.failed || !wide || !high || wide > UINT16_MAX || high > UINT16_MAX)
        return false;
    *pixels = wide * high;
    return true;
}
