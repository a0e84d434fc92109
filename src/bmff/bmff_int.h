/* Private to bmff: boxes, the tables of a track, and what the parts share. */
#ifndef BMFF_BMFF_INT_H
#define BMFF_BMFF_INT_H

#include "bmff/bmff.h"

/* A four-character code as the big-endian number that a box header holds. */
#define FOURCC(a, b, c, d)                                                                     \
    ((uint32_t)(uint8_t)(a) << 24 | (uint32_t)(uint8_t)(b) << 16 |                             \
     (uint32_t)(uint8_t)(c) << 8 | (uint32_t)(uint8_t)(d))

#define BMFF_REMEDY_REMUX                                                                      \
    "; a copy made with \"ffmpeg -i IN -map 0:v:0 -map 0:a:0? -c copy OUT.mp4\" may do"
#define BMFF_REMEDY_RECODE                                                                     \
    "; \"ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac OUT.mp4\" makes a clip to post"

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

struct bmff_track {
    bool video;
    bool enabled;
    uint32_t number;  /* index among the traks of the clip */
    uint32_t handler; /* 'vide', 'soun', others */
    uint32_t codec;   /* type of the first sample entry; 0 = none */
    struct bmff_box trak;

    uint32_t timescale;
    uint32_t shown_width;  /* 16.16 */
    uint32_t shown_height; /* 16.16 */
    int8_t turn[4];        /* a b c d of the matrix: -1, 0 or 1 */
    struct bmff_edit edits[LIMIT_EDITS];
    uint32_t edit_count;

    struct bytes entries; /* rebuilt sample entries, ready for stsd */
    uint32_t entry_count;
    uint32_t width;     /* coded, of the first entry */
    uint32_t height;    /* the same */
    uint32_t aspect[2]; /* pasp of the first entry, 1:1 without */

    struct bmff_table stts;
    struct bmff_table ctts;
    struct bmff_table stss;
    struct bmff_table stsc;
    struct bmff_table stsz;  /* rows of size_bits; none when size_all is set */
    struct bmff_table chunk; /* stco or co64 */
    uint32_t size_bits;      /* 4, 8, 16 or 32 */
    uint32_t size_all;       /* the size of every sample, or 0 */
    bool chunk_wide;         /* co64 */

    uint32_t samples;
    uint32_t chunks;         /* chunks that hold samples; the first ones of the table */
    uint64_t bytes;          /* of all samples */
    uint64_t media_duration; /* sum of stts, media timescale */
    uint64_t shown_duration; /* movie timescale */
};

/* One chunk of the clip: samples without a gap. */
struct bmff_chunk {
    uint64_t offset;
    uint64_t bytes;
    uint32_t samples;
    uint32_t entry; /* 1..entry_count */
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

/* Bytes of a sample; sample < track->samples. */
uint32_t bmff_track_size(const struct bmff_track *track, uint32_t sample);
/* A field of a row of width bytes; it must lie inside the table. */
uint32_t bmff_table_u32(const struct bmff_table *table, size_t width, uint32_t row, size_t at);

/* ---- the clip ---- */

struct bmff_range {
    uint64_t from;
    uint64_t to;
};

struct bmff_state {
    struct arena arena; /* holds this struct itself */
    struct bytes moov_bytes;
    struct bytes mdats; /* struct bmff_range each, ascending */
    struct bmff_box moov;
    struct bmff_census census;
    uint64_t file_bytes;
    uint64_t mdat_bytes; /* payload of all mdats */
    uint32_t timescale;
    struct bmff_track video;
    struct bmff_track audio;
    bool has_audio;
    uint32_t notes;

    /* bmff_plan_next */
    struct bmff_chunks at[2];
    struct bmff_chunk ahead[2];
    bool has_ahead[2];
};

/* Top-level boxes: fills moov_bytes, moov, mdats, file_bytes, mdat_bytes. */
MUST_CHECK int bmff_read_file(const struct bmff_source *source, struct bmff_state *state,
                              struct why *why);
/* moov: chooses the tracks and reads them. */
MUST_CHECK int bmff_read_movie(struct bmff_state *state, struct why *why);
/* tkhd, mdia, edts of one chosen track. */
MUST_CHECK int bmff_read_track(struct bmff_state *state, struct bmff_track *track,
                               struct why *why);
/* stbl of one track: tables, then each chunk against the mdats. */
MUST_CHECK int bmff_read_tables(struct bmff_state *state, struct bmff_track *track,
                                const struct bmff_box *stbl, struct why *why);
/* stsd of one track: rebuilds its entries.  self: data references that stay in the file. */
MUST_CHECK int bmff_read_entries(struct bmff_track *track, const struct bmff_box *stsd,
                                 uint32_t self, struct bmff_census *census, struct why *why);
/* Decoder records: append the rebuilt box to out. */
MUST_CHECK int bmff_rebuild_avcc(const struct bmff_box *box, bool inband, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
MUST_CHECK int bmff_rebuild_hvcc(const struct bmff_box *box, struct bytes *out,
                                 struct bmff_census *census, struct why *why);
/* esds: append the rebuilt box; *rate_hz and *channels as the AudioSpecificConfig has them. */
struct bmff_sound {
    uint32_t rate_hz;
    uint32_t channels;
};
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
/* Pixels of a coded picture by its sequence parameter set; false when it cannot be read. */
bool bmff_picture_avc(struct slice set, uint64_t *pixels);
bool bmff_picture_hevc(struct slice set, uint64_t *pixels);

/* The next run before joining neighbours. */
bool bmff_state_next(struct bmff_state *state, struct bmff_run *run, unsigned *which);
void bmff_state_rewind(struct bmff_state *state);

/* ---- writing ---- */

/* Open a box and return where its size stands; close it with that. */
size_t bmff_box_open(struct bytes *out, uint32_t type);
size_t bmff_box_open_full(struct bytes *out, uint32_t type, uint8_t version, uint32_t flags);
void bmff_box_close(struct bytes *out, size_t start);
void bmff_zeros(struct bytes *out, size_t count);

/* ftyp, moov and the header of mdat. */
MUST_CHECK int bmff_write_head(struct bmff_state *state, struct bytes *out, struct why *why);

#endif
