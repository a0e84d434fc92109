/* Private to bmff: what the parts of the search for leaks share. */
#ifndef BMFF_LEAKS_INT_H
#define BMFF_LEAKS_INT_H

#include "bmff/bmff_int.h"

/* What the search needs of a track; boxes lie in moov. */
struct bmff_leaks_track {
    uint32_t handler;
    bool has_meta_handler; /* hdlr of mdia was seen */
    struct bmff_box stsd, stsc, sizes, chunk;
};

struct bmff_finder {
    const struct bmff_source *source;
    struct bmff_leaks *out;
    struct bmff_census census;
    uint32_t each[BMFF_LEAK_KINDS]; /* values of each kind */
    uint32_t accuracy_m;            /* what the clip says of its own position; 0: nothing */
    uint64_t left;                  /* bytes that may still be read behind moov */
    struct bytes moov;
    struct bytes window; /* one box or sample from behind moov */
    char path[BMFF_WHERE_BYTES];
    struct bmff_leaks_track track[LIMIT_TRACKS];
    uint32_t track_count;
    bool has_moov;
    bool fragments; /* there are samples that no table in moov names */
};

/* ---- values (leaks_value.c) ---- */

/* A leak of this kind at path/name (name may be NULL). */
struct bmff_leak bmff_leaks_new(const struct bmff_finder *finder, enum bmff_leak_kind kind,
                                const char *name);
/* Add it unless the same value of this kind is there. */
void bmff_leaks_put(struct bmff_finder *finder, const struct bmff_leak *leak);
/* Bytes of the character that text begins with; 0 when it may not be shown. */
size_t bmff_leaks_char(struct slice text);
/* The text as it may be shown: no controls, no bidi, '?' for what is no character. */
void bmff_leaks_clean(struct slice text, char out[BMFF_LEAK_BYTES]);
/* Add text under kind; a position or time in it is read.  Nothing for blank text. */
void bmff_leaks_text(struct bmff_finder *finder, enum bmff_leak_kind kind, const char *name,
                     struct slice text);
/* Add seconds since 1904 or, as some cameras write, 1970; 0 says nothing. */
void bmff_leaks_date(struct bmff_finder *finder, const char *name, uint64_t seconds);
/* Add a position in degrees * 10^7; nothing for what is on no map, or exactly 0, 0. */
void bmff_leaks_place(struct bmff_finder *finder, const char *name, int64_t lat_e7,
                      int64_t lon_e7, uint32_t radius_m);
/* Search text for a position (ISO 6709, "GPS(lon, lat", NMEA, lat: lon:); true: added. */
bool bmff_leaks_search(struct bmff_finder *finder, const char *name, struct slice text);

/* ---- reading values out of text, pure (leaks_parse.c) ---- */

struct bmff_spot {
    int64_t lat_e7, lon_e7;
    uint32_t radius_m;
};
/* "+46.4825+030.7233/" (ISO 6709 annex H), anything behind. */
bool bmff_spot_iso(struct slice text, struct bmff_spot *spot);
/* The first position in free text. */
bool bmff_spot_find(struct slice text, struct bmff_spot *spot);
/* "2022-02-24T08:05:12+0200", "2022:02:24 08:05:12", "20220224T080512.000Z", "2022-02-24". */
bool bmff_moment_parse(struct slice text, uint64_t *unix_s);
/* "46.4825" or "-46" in units of 1/parts degree (1, 60), anything behind. */
struct bmff_angle {
    int64_t e7;        /* degrees */
    uint32_t radius_m; /* by its digits */
};
bool bmff_angle_parse(struct slice text, unsigned parts, struct bmff_angle *angle);
/* "14.24" up to 10^9, rounded up. */
bool bmff_metres_parse(struct slice text, uint32_t *metres);

/* ---- boxes ---- */

/* udta: every child by its name (leaks_udta.c). */
void bmff_leaks_udta(struct bmff_finder *finder, const struct bmff_box *udta);
/* meta with keys and ilst, at finder->path/meta (leaks_meta.c). */
void bmff_leaks_meta(struct bmff_finder *finder, const struct bmff_box *meta);
/* The kind of a key of mdta, or of a four-character code of udta and ilst. */
enum bmff_leak_kind bmff_leaks_key(struct slice key);
bool bmff_leaks_code(uint32_t code, enum bmff_leak_kind *kind);
/* One item's value under a key's name. */
void bmff_leaks_keyed(struct bmff_finder *finder, const char *name, struct slice key,
                      struct slice value);
/* XMP or another XML; C2PA's boxes; bytes of unknown kind (leaks_blob.c). */
void bmff_leaks_xml(struct bmff_finder *finder, const char *name, struct slice xml);
void bmff_leaks_uuid(struct bmff_finder *finder, struct slice body);
void bmff_leaks_blob(struct bmff_finder *finder, const char *name, struct slice bytes);
/* GoPro's list of values, as in its track and in udta. */
void bmff_leaks_gpmf(struct bmff_finder *finder, struct slice list);
/* Names and first samples of the tracks (leaks_track.c). */
MUST_CHECK int bmff_leaks_tracks(struct bmff_finder *finder, struct why *why);
/* Read at most LIMIT_LEAKS_WINDOW bytes of the clip into *out, which lies in the window. */
MUST_CHECK int bmff_leaks_read(struct bmff_finder *finder, struct bmff_run where,
                               struct slice *out, struct why *why);

/* Where a box stands, for leak.where: "(c)xyz". */
struct bmff_label {
    char text[16];
};
struct bmff_label bmff_label_of(uint32_t type);

#endif
