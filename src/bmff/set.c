/*
 * Parameter sets, read to their end: bytes behind the last field of one are a place to hide
 * things, which decoders pass over (14496-10 7.3.2 and E.1, 23008-2 7.3.2, 7.3.4, 7.3.7, E.2).
 */
#include "bmff/bmff_int.h"

#define SET_SCRATCH ((size_t)LIMIT_CODEC_CONFIG_BYTES) /* Not a cap: a set lies in a record. */
#define REF_SETS 64                                    /* 23008-2 7.4.3.2.1 */
#define REF_PICS 16

static bool flag(struct bmff_bits *bits)
{
    return bmff_bits_read(bits, 1);
}

static void skip_codes(struct bmff_bits *bits, uint64_t count)
{
    for (uint64_t i = 0; i < count && !bits->failed; i++)
        (void)bmff_bits_golomb(bits); /* Only the position matters; se(v) is as long. */
}

/* The start of video_usability_information, the same in both (aspect to chroma location). */
static void skip_usability(struct bmff_bits *bits)
{
    if (flag(bits) && bmff_bits_read(bits, 8) == 255)
        bmff_bits_skip(bits, 32);
    if (flag(bits)) /* overscan_info_present_flag */
        bmff_bits_skip(bits, 1);
    if (flag(bits)) { /* video_signal_type_present_flag */
        bmff_bits_skip(bits, 4);
        if (flag(bits))
            bmff_bits_skip(bits, 24);
    }
    if (flag(bits)) /* chroma_loc_info_present_flag */
        skip_codes(bits, 2);
}

/* ---- H.264 ---- */

static void skip_avc_hrd(struct bmff_bits *bits)
{
    uint64_t count = (uint64_t)bmff_bits_golomb(bits) + 1;

    bmff_bits_skip(bits, 8);
    for (uint64_t i = 0; i < count && !bits->failed; i++) {
        skip_codes(bits, 2);
        bmff_bits_skip(bits, 1);
    }
    bmff_bits_skip(bits, 20);
}

static void skip_avc_vui(struct bmff_bits *bits)
{
    bool nal;
    bool vcl;

    skip_usability(bits);
    if (flag(bits)) /* timing_info_present_flag */
        bmff_bits_skip(bits, 65);
    nal = flag(bits);
    if (nal)
        skip_avc_hrd(bits);
    vcl = flag(bits);
    if (vcl)
        skip_avc_hrd(bits);
    if (nal || vcl)
        bmff_bits_skip(bits, 1);
    bmff_bits_skip(bits, 1); /* pic_struct_present_flag */
    if (flag(bits)) {        /* bitstream_restriction_flag */
        bmff_bits_skip(bits, 1);
        skip_codes(bits, 6);
    }
}

static bool read_avc_sequence(struct bmff_bits *bits)
{
    uint64_t wide;
    uint64_t high;

    bmff_read_avc_size(bits, &wide, &high);
    bmff_bits_skip(bits, 1); /* direct_8x8_inference_flag */
    if (flag(bits))          /* frame_cropping_flag */
        skip_codes(bits, 4);
    if (flag(bits)) /* vui_parameters_present_flag */
        skip_avc_vui(bits);
    return !bits->failed;
}

/* Where the bit lies that ends the set when nothing hides behind it (14496-10 7.2). */
static size_t last_bit(struct slice plain)
{
    size_t end = plain.len * 8;

    while (end && !(plain.ptr[(end - 1) / 8] >> (7 - (end - 1) % 8) & 1))
        end--;
    return end ? end - 1 : 0;
}

/* lists: how many of 8x8 there are, which depends on the colours of the sequence. */
static bool read_avc_picture(struct bmff_bits *bits, unsigned lists)
{
    skip_codes(bits, 2);
    bmff_bits_skip(bits, 2);
    if (bmff_bits_golomb(bits)) /* num_slice_groups_minus1: no phone has them */
        return false;
    skip_codes(bits, 2);
    bmff_bits_skip(bits, 3);
    skip_codes(bits, 3);
    bmff_bits_skip(bits, 3);
    if (bits->failed || bits->at >= last_bit(bits->whole))
        return !bits->failed;
    lists = flag(bits) ? lists : 0; /* transform_8x8_mode_flag */
    if (flag(bits))                 /* pic_scaling_matrix_present_flag */
        for (unsigned i = 0; i < 6 + lists; i++)
            if (flag(bits))
                bmff_skip_scaling_list(bits, i < 6 ? 16 : 64);
    skip_codes(bits, 1);
    return !bits->failed;
}

/* ---- HEVC ---- */

static void skip_hevc_bounds(struct bmff_bits *bits, uint32_t count, bool sub)
{
    for (uint32_t i = 0; i < count && !bits->failed; i++) {
        skip_codes(bits, sub ? 4 : 2);
        bmff_bits_skip(bits, 1);
    }
}

/* hrd_parameters (23008-2 E.2.2) */
static void skip_hevc_hrd(struct bmff_bits *bits, bool common, unsigned sub_layers)
{
    bool nal = false;
    bool vcl = false;
    bool sub = false;

    if (common) {
        nal = flag(bits);
        vcl = flag(bits);
        if (nal || vcl) {
            sub = flag(bits);
            bmff_bits_skip(bits, (sub ? 19u : 0u) + 8 + (sub ? 4u : 0u) + 15);
        }
    }
    for (unsigned i = 0; i <= sub_layers && !bits->failed; i++) {
        bool general = flag(bits);
        bool within = general || flag(bits);
        bool low = false;
        uint32_t count = 0;

        if (within)
            skip_codes(bits, 1);
        else
            low = flag(bits);
        if (!low)
            count = bmff_bits_golomb(bits);
        if (count > 31) /* cpb_cnt_minus1 (23008-2 E.3.2) */
            bits->failed = true;
        if (nal)
            skip_hevc_bounds(bits, count + 1, sub);
        if (vcl)
            skip_hevc_bounds(bits, count + 1, sub);
    }
}

/* Up to vps_extension_flag: what it brings is of layers that are not kept. */
static bool read_hevc_video(struct bmff_bits *bits)
{
    unsigned sub_layers;
    uint32_t layer;
    uint64_t sets;

    bmff_bits_skip(bits, 12);
    sub_layers = bmff_bits_read(bits, 3);
    bmff_bits_skip(bits, 17);
    bmff_skip_levels(bits, sub_layers);
    skip_codes(bits, 3 * (flag(bits) ? (uint64_t)sub_layers + 1 : 1));
    layer = bmff_bits_read(bits, 6);
    sets = bmff_bits_golomb(bits);
    if (sets > 1023)
        return false;
    bmff_bits_skip(bits, (size_t)sets * (layer + 1));
    if (flag(bits)) { /* vps_timing_info_present_flag */
        uint32_t count;

        bmff_bits_skip(bits, 64);
        if (flag(bits))
            skip_codes(bits, 1);
        count = bmff_bits_golomb(bits);
        for (uint32_t i = 0; i < count && !bits->failed; i++) {
            skip_codes(bits, 1);
            skip_hevc_hrd(bits, i == 0 || flag(bits), sub_layers);
        }
    }
    return !bits->failed;
}

/* scaling_list_data (23008-2 7.3.4) */
static void skip_hevc_lists(struct bmff_bits *bits)
{
    for (unsigned size = 0; size < 4; size++)
        for (unsigned matrix = 0; matrix < 6 && !bits->failed; matrix += size == 3 ? 3 : 1) {
            if (!flag(bits))
                skip_codes(bits, 1);
            else
                skip_codes(bits, (size > 1 ? 1u : 0u) + (size == 0 ? 16u : 64u));
        }
}

/* One short-term reference picture set: differences of picture order, by sign. */
struct ref_set {
    int64_t before[REF_PICS + 1];
    int64_t after[REF_PICS + 1];
    unsigned befores, afters;
};

static void add_ref(struct bmff_bits *bits, struct ref_set *set, int64_t delta, bool before)
{
    unsigned *count = before ? &set->befores : &set->afters;

    if (*count == REF_PICS) {
        bits->failed = true;
        return;
    }
    (before ? set->before : set->after)[(*count)++] = delta;
}

/* Derived from the set before it (23008-2 7.4.8, equations 7-61 and 7-62). */
static void read_derived(struct bmff_bits *bits, const struct ref_set *from,
                         struct ref_set *set)
{
    bool minus = flag(bits);
    int64_t step = (int64_t)bmff_bits_golomb(bits) + 1;
    unsigned count = from->befores + from->afters;
    bool use[2 * REF_PICS + 1];

    step = minus ? -step : step;
    for (unsigned i = 0; i <= count; i++)
        use[i] = flag(bits) || flag(bits);
    for (unsigned i = from->afters; i-- > 0;)
        if (from->after[i] + step < 0 && use[from->befores + i])
            add_ref(bits, set, from->after[i] + step, true);
    if (step < 0 && use[count])
        add_ref(bits, set, step, true);
    for (unsigned i = 0; i < from->befores; i++)
        if (from->before[i] + step < 0 && use[i])
            add_ref(bits, set, from->before[i] + step, true);
    for (unsigned i = from->befores; i-- > 0;)
        if (from->before[i] + step > 0 && use[i])
            add_ref(bits, set, from->before[i] + step, false);
    if (step > 0 && use[count])
        add_ref(bits, set, step, false);
    for (unsigned i = 0; i < from->afters; i++)
        if (from->after[i] + step > 0 && use[from->befores + i])
            add_ref(bits, set, from->after[i] + step, false);
}

/* st_ref_pic_set of a sequence (23008-2 7.3.7) */
static void read_ref_set(struct bmff_bits *bits, const struct ref_set *from,
                         struct ref_set *set)
{
    uint32_t count[2];

    *set = (struct ref_set){0};
    if (from && flag(bits)) {
        read_derived(bits, from, set);
        return;
    }
    count[0] = bmff_bits_golomb(bits);
    count[1] = bmff_bits_golomb(bits);
    if (count[0] > REF_PICS || count[1] > REF_PICS)
        bits->failed = true;
    for (unsigned side = 0; side < 2; side++) {
        int64_t delta = 0;

        for (uint32_t i = 0; i < count[side] && !bits->failed; i++) {
            delta += (int64_t)bmff_bits_golomb(bits) + 1;
            bmff_bits_skip(bits, 1);
            add_ref(bits, set, side == 0 ? -delta : delta, side == 0);
        }
    }
}

static void skip_ref_sets(struct bmff_bits *bits)
{
    struct ref_set sets[2];
    uint32_t count = bmff_bits_golomb(bits);

    if (count > REF_SETS)
        bits->failed = true;
    for (uint32_t i = 0; i < count && !bits->failed; i++)
        read_ref_set(bits, i ? &sets[(i - 1) % 2] : NULL, &sets[i % 2]);
}

static void skip_hevc_vui(struct bmff_bits *bits, unsigned sub_layers)
{
    skip_usability(bits);
    bmff_bits_skip(bits, 3); /* neutral_chroma, field_seq, frame_field_info */
    if (flag(bits))          /* default_display_window_flag */
        skip_codes(bits, 4);
    if (flag(bits)) { /* vui_timing_info_present_flag */
        bmff_bits_skip(bits, 64);
        if (flag(bits))
            skip_codes(bits, 1);
        if (flag(bits))
            skip_hevc_hrd(bits, true, sub_layers);
    }
    if (flag(bits)) { /* bitstream_restriction_flag */
        bmff_bits_skip(bits, 3);
        skip_codes(bits, 5);
    }
}

static bool read_hevc_sequence(struct bmff_bits *bits)
{
    uint64_t wide;
    uint64_t high;
    unsigned sub_layers = bmff_read_hevc_size(bits, &wide, &high);
    uint32_t order_bits;

    if (flag(bits)) /* conformance_window_flag */
        skip_codes(bits, 4);
    skip_codes(bits, 2);
    order_bits = bmff_bits_golomb(bits) + 4;
    skip_codes(bits, 3 * (flag(bits) ? (uint64_t)sub_layers + 1 : 1));
    skip_codes(bits, 6);
    if (flag(bits) && flag(bits)) /* scaling_list_enabled_flag, _data_present_flag */
        skip_hevc_lists(bits);
    bmff_bits_skip(bits, 2);
    if (flag(bits)) { /* pcm_enabled_flag */
        bmff_bits_skip(bits, 8);
        skip_codes(bits, 2);
        bmff_bits_skip(bits, 1);
    }
    skip_ref_sets(bits);
    if (flag(bits)) { /* long_term_ref_pics_present_flag */
        uint32_t count = bmff_bits_golomb(bits);

        if (count > 32 || order_bits > 16)
            return false;
        bmff_bits_skip(bits, (size_t)count * (order_bits + 1));
    }
    bmff_bits_skip(bits, 2);
    if (flag(bits)) /* vui_parameters_present_flag */
        skip_hevc_vui(bits, sub_layers);
    if (flag(bits)) { /* sps_extension_present_flag */
        uint32_t kinds = bmff_bits_read(bits, 8);

        if (kinds & 0x3f) /* 3D, screen content, and what is not written yet */
            return false;
        bmff_bits_skip(bits, (kinds & 0x80 ? 9u : 0u) + (kinds & 0x40 ? 1u : 0u));
    }
    return !bits->failed;
}

static void skip_hevc_tiles(struct bmff_bits *bits)
{
    uint64_t columns = bmff_bits_golomb(bits);
    uint64_t rows = bmff_bits_golomb(bits);

    if (!flag(bits)) /* uniform_spacing_flag */
        skip_codes(bits, columns + rows);
    bmff_bits_skip(bits, 1);
}

static bool read_hevc_picture(struct bmff_bits *bits)
{
    bool skip;
    bool tiles;
    uint32_t kinds;

    skip_codes(bits, 2);
    bmff_bits_skip(bits, 7);
    skip_codes(bits, 3);
    bmff_bits_skip(bits, 1);
    skip = flag(bits); /* transform_skip_enabled_flag */
    if (flag(bits))    /* cu_qp_delta_enabled_flag */
        skip_codes(bits, 1);
    skip_codes(bits, 2);
    bmff_bits_skip(bits, 4);
    tiles = flag(bits);
    bmff_bits_skip(bits, 1);
    if (tiles)
        skip_hevc_tiles(bits);
    bmff_bits_skip(bits, 1);
    if (flag(bits)) { /* deblocking_filter_control_present_flag */
        bmff_bits_skip(bits, 1);
        if (!flag(bits))
            skip_codes(bits, 2);
    }
    if (flag(bits)) /* pps_scaling_list_data_present_flag */
        skip_hevc_lists(bits);
    bmff_bits_skip(bits, 1);
    skip_codes(bits, 1);
    bmff_bits_skip(bits, 1);
    if (!flag(bits)) /* pps_extension_present_flag */
        return !bits->failed;
    kinds = bmff_bits_read(bits, 8);
    if (kinds & 0x7f)
        return false;
    if (kinds & 0x80) {
        skip_codes(bits, skip ? 1 : 0);
        bmff_bits_skip(bits, 1);
        if (flag(bits)) { /* chroma_qp_offset_list_enabled_flag */
            skip_codes(bits, 1);
            skip_codes(bits, 2 * ((uint64_t)bmff_bits_golomb(bits) + 1));
        }
        skip_codes(bits, 2);
    }
    return !bits->failed;
}

/* ---- both ---- */

static bool is_video_set(enum bmff_coding coding, struct slice plain)
{
    return coding == BMFF_CODING_HEVC && (plain.ptr[0] >> 1 & 0x3f) == 32;
}

static bool read_set(enum bmff_coding coding, struct bmff_bits *bits)
{
    uint8_t head = bits->whole.ptr[0];
    struct bmff_bits again = *bits;
    size_t end = last_bit(bits->whole);

    if (coding == BMFF_CODING_HEVC) {
        switch (head >> 1 & 0x3f) {
        case 32:
            return read_hevc_video(bits);
        case 33:
            return read_hevc_sequence(bits);
        case 34:
            return read_hevc_picture(bits);
        default:
            return false;
        }
    }
    if ((head & 0x1f) == 7)
        return read_avc_sequence(bits);
    if ((head & 0x1f) != 8)
        return false;
    /* 4:4:4 has six lists of 8x8; when they end where the set does, they are there. */
    if (read_avc_picture(&again, 6) && again.at == end) {
        *bits = again;
        return true;
    }
    return read_avc_picture(bits, 2) && bits->at <= end;
}

/* The fields, the bit that ends them, and zeros up to the next byte (7.3.2.11). */
static void build_set(struct slice plain, size_t end, size_t stop, struct bytes *out)
{
    for (size_t i = 0; i <= stop / 8; i++) {
        uint8_t byte = i < plain.len ? plain.ptr[i] : 0;

        if (i == end / 8)
            byte &= (uint8_t)(0xff00u >> end % 8);
        else if (i > end / 8)
            byte = 0;
        if (i == stop / 8)
            byte |= (uint8_t)(0x80u >> stop % 8);
        bytes_u8(out, byte);
    }
}

bool bmff_set_rebuild(enum bmff_coding coding, struct slice nal, struct bytes *out)
{
    struct bytes plain;
    struct bytes made;
    struct bmff_bits bits = {.at = coding == BMFF_CODING_HEVC ? 16 : 8};
    bool whole = false;

    bytes_init(&plain, SET_SCRATCH);
    bytes_init(&made, SET_SCRATCH);
    if (nal.len >= 3 && nal.len <= SET_SCRATCH)
        bmff_unescape(nal, &plain);
    bits.whole = bytes_view(&plain);
    if (plain.len >= 3 && plain.failed == SH_OK && read_set(coding, &bits)) {
        build_set(bits.whole, bits.at, bits.at + (is_video_set(coding, bits.whole) ? 1 : 0),
                  &made);
        bmff_escape(bytes_view(&made), out);
        whole = made.failed == SH_OK;
    }
    bytes_release(&plain);
    bytes_release(&made);
    return whole;
}
