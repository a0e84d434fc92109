/* Private to bmff: boxes, the tables of a track, and what the parts share. */
#ifndef BMFF_BMFF_INT_H
#define BMFF_BMFF_INT_H

#include "bmff/bmff.h"

/* A four-character code as the big-endian number that a box header holds. */
#define FOURCC(a, b, c, d)                                                                     \
    ((uint32_t)(uint8_t)(a) << 24 | (uint32_t)(uint8_t)(b) << 16 |                             \
     (uint32_t)(uint8_t)(c) << 8 | (uint32_t)(uint8_t)(d))

/* The ways out that messages name: our own one first, then what others can do. */
#define BMFF_REMEDY_REMUX                                                                      \
    "; post it with --transcode, or a copy made with \"ffmpeg -i IN -map 0:v:0 -map 0:a:0? "   \
    "-c copy OUT.mp4\" may do"
#define BMFF_REMEDY_RECODE                                                                     \
    "; post it with --transcode, or \"ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac "    \
    "OUT.mp4\" makes a clip to post"
#define BMFF_REMEDY_SMALLER                                                                    \
    "; post it with --transcode, or \"ffmpeg -i IN -vf scale=1920:-2 -c:a copy OUT.mp4\" "     \
    "makes it smaller"
#define BMFF_REMEDY_SOUND                                                                      \
    "; post it with --transcode, or \"ffmpeg -i IN -c:v copy -c:a aac OUT.mp4\" makes the "    \
    "sound anew, \"ffmpeg -i IN -c:v copy -an OUT.mp4\" leaves it out"

/* Printable form of a four-character code. */
struct bmff_name {
    char text[8];
};
struct bmff_name bmff_name_of(uint32_t type);

/* ---- boxes in memory ---- */

struct bmff_box {
    uint32_t type;
    bool found;        /* false: no such box */
    uint64_t at;       /* bytes from the start of the file to its header */
    uint64_t body_at;  /* the same to its body */
    struct slice body; /* behind the header */
};

/* What one reading shares: the budget of boxes and the kinds of things left out. */
struct bmff_census {
    uint32_t boxes;
    uint32_t removed; /* bits of enum bmff_removed */
};

struct bmff_walk {
    struct cursor cur;
    uint64_t base; /* file offset of the first byte */
    struct bmff_census *census;
};

/* Walk the boxes in the bytes of parent behind skip bytes of fields. */
struct bmff_walk bmff_walk_of(const struct bmff_box *parent, size_t skip,
                              struct bmff_census *census);
/* 1 and *box, 0 at the end, or SH_EFORMAT / SH_ELIMIT. */
MUST_CHECK int bmff_walk_next(struct bmff_walk *walk, struct bmff_box *box, struct why *why);

/* One box that collect looks for. */
struct bmff_want {
    uint32_t type;
    struct bmff_box *box; /* filled when there is one */
};
/*
 * Find each wanted box at most once among the children of parent; a second one is SH_EFORMAT
 * (two meanings).  Every other child is counted as left out.
 */
MUST_CHECK int bmff_collect(const struct bmff_box *parent, const struct bmff_want *wants,
                            size_t want_count, struct bmff_census *census, struct why *why);
/* Count a box of this type as left out. */
void bmff_census_drop(struct bmff_census *census, uint32_t type);
void bmff_census_mark(struct bmff_census *census, enum bmff_removed kind);
bool bmff_is_credentials(struct slice uuid);

/* ---- one track ---- */

/* A table of fixed rows in moov; rows are read by number, never expanded. */
struct bmff_table {
    struct slice rows;
    uint32_t count;
    bool present;
    uint8_t version;
};

struct bmff_edit {
    uint64_t duration;  /* movie timescale */
    int64_t media_time; /* media timescale; -1 = nothing is shown */
};

/*
 * One change to the coded samples: the clip's bytes [at, at + len) become own_len bytes of
 * ours, none when they are cut away.  A clip has at most 2^32 bytes, so its places fit.
 */
struct bmff_change {
    uint32_t at;
    uint32_t len;
    uint32_t chunk; /* of the track, from 0; changes rise by chunk, then by place */
    uint32_t own;   /* where ours stand in bmff_changes.own, or BMFF_OWN_ZEROS */
    uint32_t own_len;
};
#define BMFF_OWN_ZEROS UINT32_MAX

struct bmff_changes {
    struct bytes rows;  /* struct bmff_change each */
    struct bytes own;   /* replaced bytes, one after the other */
    struct bytes sizes; /* rows of stsz when the size of a sample changed, else empty */
    uint64_t cut;       /* bytes by which the samples shrink */
};

/* The rows of tables that were made here: from fragments, or without what edits hide. */
struct bmff_made {
    struct bytes stts, ctts, stss, stsc, stsz, chunk;
};

struct bmff_track {
    bool video;
    bool enabled;
    uint32_t number;  /* index among the traks of the clip */
    uint32_t id;      /* track_ID */
    uint32_t handler; /* 'vide', 'soun', others */
    uint32_t
        codec; /* type of the first sample entry that we take, else of the first; 0 = none */
    struct bmff_box trak;
    struct bmff_box stsd;
    uint32_t self; /* data references that stay in the file */

    uint32_t timescale;
    uint32_t shown_width;  /* 16.16 */
    uint32_t shown_height; /* 16.16 */
    int8_t turn[4];        /* a b c d of the matrix: -1, 0 or 1 */
    struct bmff_edit edits[LIMIT_EDITS];
    uint32_t edit_count;

    struct bytes entries; /* rebuilt sample entries, ready for stsd */
    uint32_t entry_count;
    uint32_t stsd_count; /* entries of the clip, used or not */
    uint8_t
        entry_map[LIMIT_SAMPLE_ENTRIES]; /* entry of the clip - 1 -> rebuilt entry, 0 = none */
    uint32_t width;                      /* coded, of the first entry */
    uint32_t height;                     /* the same */
    uint32_t aspect[2];                  /* pasp of the first entry, 1:1 without */

    struct bmff_table stts;
    struct bmff_table ctts;
    struct bmff_table stss;
    struct bmff_table stsc;
    struct bmff_table stsz;  /* rows of size_bits; none when size_all is set */
    struct bmff_table chunk; /* stco or co64 */
    uint32_t size_bits;      /* 4, 8, 16 or 32 */
    uint32_t size_all;       /* the size of every sample, or 0 */
    bool chunk_wide;         /* co64 */
    struct bmff_made made;   /* empty unless some of the tables above were made here */

    uint32_t samples;
    uint32_t chunks; /* chunks that hold samples; the first ones of the table */
    uint64_t bytes;  /* of all samples */
    uint64_t start;  /* media timescale: decode time of the first sample, in fragments */
    uint64_t media_duration; /* sum of stts, media timescale */
    uint64_t shown_duration; /* movie timescale */
    struct bmff_changes changes;
};

/* One chunk of the clip: samples without a gap. */
struct bmff_chunk {
    uint64_t offset;
    uint64_t bytes;
    uint32_t samples;
    uint32_t entry; /* 1..entry_count of the new file */
};

struct bmff_chunks {
    const struct bmff_track *track;
    uint32_t next; /* chunk */
    uint32_t row;  /* of stsc */
    uint32_t sample;
};

struct bmff_chunks bmff_chunks_of(const struct bmff_track *track);
/* The next chunk that holds samples; false when all samples are given or no chunk is left. */
bool bmff_chunks_next(struct bmff_chunks *chunks, struct bmff_chunk *chunk);

/* The next sample's times; dts counts from 0 whatever start is. */
struct bmff_times {
    const struct bmff_track *track;
    uint32_t sample; /* the next one */
    uint32_t stts_row, stts_used;
    uint32_t ctts_row, ctts_used;
    uint32_t stss_row;
    uint64_t dts;
};
struct bmff_time {
    uint64_t dts;      /* media timescale */
    uint32_t duration; /* the same */
    uint32_t offset;   /* of composition, as ctts has it */
    bool sync;
};
struct bmff_times bmff_times_of(const struct bmff_track *track);
/* False behind the last sample.  The tables must have been checked. */
bool bmff_times_next(struct bmff_times *times, struct bmff_time *time);

/* Bytes of a sample; sample < track->samples. */
uint32_t bmff_track_size(const struct bmff_track *track, uint32_t sample);
/* A field of a row of width bytes; it must lie inside the table. */
uint32_t bmff_table_u32(const struct bmff_table *table, size_t width, uint32_t row, size_t at);

/* ---- tables that are made ---- */

struct bmff_run_of_rows {
    uint32_t count;
    uint32_t value;
};

struct bmff_maker {
    const struct bmff_track *track; /* for messages */
    struct bmff_made made;
    struct bmff_run_of_rows times, offsets;
    bool has_held;
    uint32_t held;   /* duration of the newest sample, which may still be corrected */
    uint8_t version; /* of ctts */
    bool shifted;    /* some offset is not 0 */
    bool dependent;  /* some sample is no sync sample */
    uint32_t samples;
    uint32_t chunks;
    uint32_t in_chunk;               /* samples of the newest chunk */
    uint32_t entry;                  /* of the newest chunk */
    uint32_t row_samples, row_entry; /* of the newest row of stsc */
    uint64_t until;                  /* decode time behind the newest sample */
    uint64_t bytes;
};

void bmff_maker_init(struct bmff_maker *maker, const struct bmff_track *track);
void bmff_maker_chunk(struct bmff_maker *maker, uint64_t offset, uint32_t entry);
MUST_CHECK int bmff_maker_sample(struct bmff_maker *maker, const struct bmff_time *time,
                                 uint32_t size, struct why *why);
/* The next sample is decoded at dts, whatever the durations before it said. */
MUST_CHECK int bmff_maker_seek(struct bmff_maker *maker, uint64_t dts, struct why *why);
/* Samples [from, to) of the track, in their chunks. */
MUST_CHECK int bmff_maker_copy(struct bmff_maker *maker, const struct bmff_track *track,
                               uint32_t from, uint32_t to, struct why *why);
/* Put the tables into the track in place of its own; maker is released, also on failure. */
MUST_CHECK int bmff_maker_done(struct bmff_maker *maker, struct bmff_track *track,
                               struct why *why);
void bmff_maker_release(struct bmff_maker *maker);
void bmff_track_release(struct bmff_track *track);

/* ---- the clip ---- */

/* One moof: its body lies in moof_bytes. */
struct bmff_fragment {
    uint64_t at;      /* of its header in the file */
    uint64_t body_at; /* the same, of its body */
    size_t from;      /* of its body in moof_bytes */
    size_t len;
};

struct bmff_range {
    uint64_t from;
    uint64_t to;
};

/* One chunk with its changes. */
struct bmff_part {
    struct bmff_track *track;
    uint64_t at;    /* bytes of the clip from here on are not given out yet */
    uint64_t to;    /* its end in the clip */
    uint64_t kept;  /* bytes in the new file */
    uint32_t chunk; /* of the track, from 0 */
    uint32_t samples;
    uint32_t entry;  /* 1..entry_count */
    uint32_t change; /* the next one, up to changes */
    uint32_t changes;
    uint32_t zeros; /* bytes of a run of zeros that are still to come */
};

struct bmff_state {
    struct arena arena; /* holds this struct itself */
    struct bytes moov_bytes;
    struct bytes mdats;      /* struct bmff_range each, ascending */
    struct bytes moof_bytes; /* bodies of all moofs */
    struct bytes moofs;      /* struct bmff_fragment each, ascending */
    struct bmff_box moov;
    struct bmff_box mvex;
    struct bmff_census census;
    uint64_t file_bytes;
    uint64_t mdat_bytes; /* payload of all mdats */
    uint32_t timescale;
    int8_t turn[4]; /* of the whole movie: a, b, c, d of the matrix in mvhd */
    struct bmff_track video;
    struct bmff_track audio;
    bool has_audio;
    uint32_t notes;

    /* bmff_plan_next */
    struct bmff_chunks at[2];
    struct bmff_chunk ahead[2];
    bool has_ahead[2];
    uint32_t change[2];      /* the next one of each track */
    struct bmff_part part;   /* what is given out now */
    struct bmff_run waiting; /* of it, for the next call: len 0 = none */
};

/* Top-level boxes: fills moov_bytes, moov, mdats, file_bytes, mdat_bytes. */
MUST_CHECK int bmff_read_file(const struct bmff_source *source, struct bmff_state *state,
                              struct why *why);
/* moov: chooses the tracks and reads them. */
MUST_CHECK int bmff_read_movie(struct bmff_state *state, struct why *why);
/* tkhd, mdia, edts of one chosen track: its header, tables and edits as they are. */
MUST_CHECK int bmff_read_track(struct bmff_state *state, struct bmff_track *track,
                               struct why *why);
/* A matrix: a, b, c, d as -1, 0 or 1; SH_EUNSUPPORTED when it is no quarter turn or mirror. */
MUST_CHECK int bmff_read_turn(struct cursor *cur, int8_t turn[4]);
/* Let the first sample stand at 0 and edits count from there; what must be waited for it. */
uint64_t bmff_place_start(struct bmff_track *track);
/* Do the edits show nothing of it?  (behind bmff_place_start) */
bool bmff_never_shown(const struct bmff_track *track);
/*
 * What the edits hide at the head and tail leaves the tables; the entries that are still used
 * are rebuilt.  lead: movie timescale, what is waited before the track begins.
 */
MUST_CHECK int bmff_finish_track(struct bmff_state *state, struct bmff_track *track,
                                 uint64_t lead, struct why *why);
/* stbl of one track: tables, then each chunk against the mdats. */
MUST_CHECK int bmff_read_tables(struct bmff_state *state, struct bmff_track *track,
                                const struct bmff_box *stbl, struct why *why);
/* Is each sample shown near to where it stands? */
MUST_CHECK int bmff_check_offsets(const struct bmff_track *track, struct why *why);
/* The samples of the track in the moofs behind those that it has (14496-12 8.8). */
MUST_CHECK int bmff_read_fragments(struct bmff_state *state, struct bmff_track *track,
                                   struct why *why);
/* Fill durations of edits that are not told, and drop the samples outside of all edits. */
MUST_CHECK int bmff_trim(struct bmff_state *state, struct bmff_track *track, struct why *why);
/* stsd of one track: rebuilds the entries that its chunks name. */
MUST_CHECK int bmff_read_entries(struct bmff_track *track, struct bmff_census *census,
                                 struct why *why);
/* A track of a codec that we do not take: why, and the way out. */
MUST_CHECK int bmff_refuse_codec(const struct bmff_track *track, struct why *why);
/* Is this an entry that we can rebuild? */
bool bmff_takes_video(uint32_t codec);
bool bmff_takes_sound(uint32_t codec);
/* value from units of one clock to another, rounded to the nearest; both below 2^32. */
uint64_t bmff_rescale(uint64_t value, uint32_t from, uint32_t to);
/* Decoder records: append the rebuilt box to out. */
MUST_CHECK int bmff_rebuild_avcc(const struct bmff_box *box, bool inband, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
MUST_CHECK int bmff_rebuild_hvcc(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
MUST_CHECK int bmff_rebuild_av1c(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
MUST_CHECK int bmff_rebuild_vpcc(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
/* The same of sound; *sound as the record itself has it. */
struct bmff_sound {
    uint32_t rate_hz;
    uint32_t channels;
    uint32_t bits;
};
MUST_CHECK int bmff_rebuild_dops(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_sound *sound, struct bmff_census *census,
                                 struct why *why);
MUST_CHECK int bmff_rebuild_alac(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_sound *sound, struct bmff_census *census,
                                 struct why *why);
MUST_CHECK int bmff_rebuild_esds(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_sound *sound, struct bmff_census *census,
                                 struct why *why);

/* Bits of one text of the codec; the first read past the end sets failed. */
struct bmff_bits {
    struct slice whole;
    size_t at; /* bits */
    bool failed;
};
uint32_t bmff_bits_read(struct bmff_bits *bits, unsigned count);
void bmff_bits_skip(struct bmff_bits *bits, size_t count);
/* ue(v) */
uint32_t bmff_bits_golomb(struct bmff_bits *bits);
/* Append a unit without, or with, its emulation prevention bytes (14496-10 7.4.1). */
void bmff_unescape(struct slice nal, struct bytes *out);
void bmff_escape(struct slice plain, struct bytes *out);
/* Pixels of a coded picture by its sequence parameter set; false when it cannot be read. */
bool bmff_picture_avc(struct slice set, uint64_t *pixels);
bool bmff_picture_hevc(struct slice set, uint64_t *pixels);
/* A sequence set of H.264 from behind its NAL header to behind its size, in pixels. */
void bmff_read_avc_size(struct bmff_bits *bits, uint64_t *wide, uint64_t *high);
/* The same of HEVC; returns sps_max_sub_layers_minus1. */
unsigned bmff_read_hevc_size(struct bmff_bits *bits, uint64_t *wide, uint64_t *high);
void bmff_skip_scaling_list(struct bmff_bits *bits, unsigned size);
/* profile_tier_level behind its first field (23008-2 7.3.3) */
void bmff_skip_levels(struct bmff_bits *bits, unsigned layers);
/*
 * A parameter set with nothing behind its last field (extensions of other layers go), appended
 * to out; false when it cannot be read to its end, with out as it was.  nal begins with its
 * header and keeps its emulation prevention bytes.
 */
enum bmff_coding { BMFF_CODING_AVC, BMFF_CODING_HEVC };
MUST_CHECK bool bmff_set_rebuild(enum bmff_coding coding, struct slice nal, struct bytes *out);
/* The same by the payload of an AV1 sequence header OBU; bits: how many count (AV1 5.5). */
bool bmff_picture_av1(struct slice header, uint64_t *pixels, size_t *bits);
/* The same by the head of a VP9 frame; 0 pixels when that frame does not tell (VP9 6.2). */
bool bmff_picture_vp9(struct slice frame, uint64_t *pixels);

/* The next chunk with its changes, in the order of the new file; false after the last. */
bool bmff_state_next(struct bmff_state *state, struct bmff_part *part);
void bmff_state_rewind(struct bmff_state *state);

/* ---- the coded samples ---- */

/* What was read of the clip; both tracks share it, since their chunks lie side by side. */
struct bmff_window {
    const struct bmff_source *source;
    struct bytes bytes; /* of the clip, from at on */
    uint64_t at;
    size_t step; /* bytes to read at once: more where everything is looked at */
};

/* What the scan of one track holds; the sample in hand is [at, end) of the clip. */
struct bmff_scan {
    struct bmff_window *window;
    struct bmff_track *track;
    struct bmff_census *census;
    struct slice record; /* the decoder record of the sample's entry, as rebuilt */
    uint32_t chunk;
    uint32_t sample;
    uint64_t at;
    uint64_t end;
    uint64_t less;      /* bytes by which the sample in hand shrinks */
    struct bytes plain; /* scratch of a scanner */
    struct bytes built; /* the same */
};

/* The len bytes at offset at, inside of the sample; borrowed until the next call. */
MUST_CHECK int bmff_scan_see(struct bmff_scan *scan, uint64_t at, size_t len,
                             struct slice *seen, struct why *why);
/* Note a change; they must come in the order of the clip. */
void bmff_scan_cut(struct bmff_scan *scan, uint64_t at, uint64_t len);
void bmff_scan_zero(struct bmff_scan *scan, uint64_t at, uint64_t len);
void bmff_scan_put(struct bmff_scan *scan, uint64_t at, uint32_t len, struct slice own);
/* Our byte in the place of this one of the clip when the last change ended with it, or NULL. */
uint8_t *bmff_scan_last(struct bmff_scan *scan, uint64_t at);
/* SH_EFORMAT that names the sample. */
int bmff_scan_bad(const struct bmff_scan *scan, const char *what, struct why *why);
/* The same for a picture of so many pixels when they are too many; else SH_OK. */
MUST_CHECK int bmff_scan_pixels(const struct bmff_scan *scan, uint64_t pixels, struct why *why);

/* One sample each: everything that decoding does not need becomes a change. */
MUST_CHECK int bmff_scan_avc(struct bmff_scan *scan, struct why *why);
MUST_CHECK int bmff_scan_hevc(struct bmff_scan *scan, struct why *why);
MUST_CHECK int bmff_scan_av1(struct bmff_scan *scan, struct why *why);
/* A frame of VP9 holds nothing but the picture: only its size is looked at. */
MUST_CHECK int bmff_scan_vp9(struct bmff_scan *scan, struct why *why);
MUST_CHECK int bmff_scan_aac(struct bmff_scan *scan, struct why *why);
MUST_CHECK int bmff_scan_alac(struct bmff_scan *scan, struct why *why);
MUST_CHECK int bmff_scan_opus(struct bmff_scan *scan, struct why *why);

/* All samples of both tracks: fills their changes. */
MUST_CHECK int bmff_scan_clip(const struct bmff_source *source, struct bmff_state *state,
                              struct why *why);
void bmff_changes_release(struct bmff_changes *changes);

/* ---- writing ---- */

/* Open a box and return where its size stands; close it with that. */
size_t bmff_box_open(struct bytes *out, uint32_t type);
size_t bmff_box_open_full(struct bytes *out, uint32_t type, uint8_t version, uint32_t flags);
void bmff_box_close(struct bytes *out, size_t start);
void bmff_zeros(struct bytes *out, size_t count);

/* ftyp, moov and the header of mdat. */
MUST_CHECK int bmff_write_head(struct bmff_state *state, uint64_t room, struct bytes *out,
                               struct why *why);
/* The first BMFF_ROOM_HEAD_BYTES of a box of credentials of that size. */
void bmff_write_room(struct bytes *out, uint64_t room);

#endif
