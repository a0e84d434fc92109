/*
 * bmff -- MP4 and MOV: what is this file, and the plan of a rebuilt one with nothing in it that
 * is not on the allow-list.
 *
 * A clip is never edited in place: its sample tables are read, and a new file is planned that
 * has one video track, at most one audio track, moov in front, and exactly the samples that
 * those tracks name.  Coded pictures and sound are copied as they are; messages and filler
 * among them are cut away or become zeros, and all else is written anew.
 *
 * Spec:    ISO/IEC 14496-12 (boxes), 14496-15 (avcC, hvcC), 14496-14 and 14496-1 (esds),
 *          14496-3 (AudioSpecificConfig, raw_data_block), 14496-10 and 23008-2 (NAL units), AV1
 *          and VP9 bitstreams, RFC 6716 (Opus), QuickTime File Format (sound descriptions 1
 *          and 2, wave, nclc, meta without a version).  Numbers in messages are clauses of
 *          these.
 * Shapes:  source  how to read the clip;  plan  the new head and the runs to copy behind it;
 *          facts  what the new file is;  run  one stretch of the clip.
 * Memory:  a plan owns its head and the clip's moov (each <= LIMIT_MOOV_BYTES) until
 *          bmff_plan_release; sample tables are not expanded, but made anew of fragments (whose
 *          moofs it owns too) and where an edit list hides the head or tail of a track.
 * Errors:  SH_EFORMAT the clip is broken, SH_EUNSUPPORTED it is whole but of a sort we do not
 *          take, SH_ELIMIT it is past limits.h, SH_ENOMEM, and whatever read_at returned.  The
 *          text says what a person can do.
 * Threads: no state; one plan belongs to one thread.
 *
 * What the new file holds, in this order:
 *     ftyp  isom 512 isom iso2 iso4 mp41
 *     uuid  only with bmff_plan_room: a box of content credentials (C2PA 2.2 A.5.1)
 *     moov  mvhd trak(video) [trak(audio)]
 *     trak  tkhd [edts/elst] mdia(mdhd hdlr minf(vmhd|smhd dinf/dref/url stbl))
 *     stbl  stsd stts [ctts] [stss] stsc stsz stco|co64
 *     stsd  avc1|avc3 (avcC [pasp] [clap] [colr nclx]), hvc1|hev1 (hvcC ...), mp4a (esds);
 *           av01 (av1C ...), vp09 (vpcC ...), Opus (dOps), alac (alac)
 *     mdat  the samples, in the order of the clip's chunks
 */
#ifndef BMFF_BMFF_H
#define BMFF_BMFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* ---- reading --------------------------------------------------------------------------- */

/*
 * Fill buf with exactly len bytes at offset (always inside [0, size)); 0, or a negative
 * enum sh_err with why filled, which is handed through.
 */
typedef int (*bmff_read_at)(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why);

struct bmff_source {
    bmff_read_at read_at;
    void *ctx;
    uint64_t size; /* bytes */
};

/* A source over bytes in memory: ctx must point to a struct slice that outlives it. */
struct bmff_source bmff_source_slice(const struct slice *whole);

/* ---- what is this file ------------------------------------------------------------------- */

enum bmff_kind {
    BMFF_UNKNOWN = 0,
    BMFF_MP4,
    BMFF_MOV,
    BMFF_3GP,
    BMFF_M4A,
    BMFF_EMPTY,
    BMFF_TEXT,
    BMFF_PLAYLIST, /* HLS: #EXTM3U */
    BMFF_JPEG,
    BMFF_PNG,
    BMFF_GIF,
    BMFF_WEBP,
    BMFF_HEIC, /* also AVIF */
    BMFF_MATROSKA,
    BMFF_AVI,
    BMFF_OGG,
    BMFF_AMR,
    BMFF_WAV,
    BMFF_MP3,
    BMFF_FLAC,
    BMFF_AAC, /* ADTS without a container */
    BMFF_MPEG_TS,
    BMFF_MPEG_PS,
    BMFF_FLV,
    BMFF_ASF,
    BMFF_ARCHIVE, /* zip, gzip, 7z, rar */
    BMFF_PDF,
    BMFF_KINDS,
};

/* What people call a file that we cannot read. */
enum bmff_sort { BMFF_SORT_OTHER, BMFF_SORT_PHOTO, BMFF_SORT_SOUND, BMFF_SORT_VIDEO };
/* BMFF_SORT_OTHER also for what bmff reads itself, but for pictures (HEIC). */
enum bmff_sort bmff_sort_of(enum bmff_kind kind);
/* Look at the first bytes.  0 and *kind, or what read_at returned. */
MUST_CHECK int bmff_sniff(const struct bmff_source *source, enum bmff_kind *kind,
                          struct why *why);
/* "MP4", "a photo (JPEG)", ...: English, for messages. */
const char *bmff_kind_name(enum bmff_kind kind);

/* ---- the plan --------------------------------------------------------------------------- */

/* Kinds of things left out; bit (1u << value) in bmff_facts.removed.  Sorted by name. */
enum bmff_removed {
    BMFF_REMOVED_CODING,       /* "coding": never by bmff; a clip that was coded anew */
    BMFF_REMOVED_CREDENTIALS,  /* "credentials": C2PA boxes */
    BMFF_REMOVED_CUT_PARTS,    /* "cut-parts": samples that an edit list hid */
    BMFF_REMOVED_DATES,        /* "dates": creation and modification times */
    BMFF_REMOVED_EXTRA_TRACK,  /* "extra-track": subtitles, telemetry, time code, ... */
    BMFF_REMOVED_LANGUAGE,     /* "language" of a kept track */
    BMFF_REMOVED_METADATA,     /* "metadata": meta and uuid boxes, SEI in the decoder record */
    BMFF_REMOVED_NAMES,        /* "names": of handlers and compressors, vendor codes */
    BMFF_REMOVED_OTHER_BOXES,  /* "other-boxes": hints for players and unknown ones */
    BMFF_REMOVED_PADDING,      /* "padding": free, skip, wide */
    BMFF_REMOVED_PICTURE_DATA, /* "picture-data": SEI, metadata and filler between pictures */
    BMFF_REMOVED_SECOND_AUDIO, /* "second-audio" */
    BMFF_REMOVED_SECOND_VIDEO, /* "second-video" */
    BMFF_REMOVED_SOUND_DATA,   /* "sound-data": texts and filler in front of sound */
    BMFF_REMOVED_TRAILER,      /* "trailer": bytes after the last box */
    BMFF_REMOVED_UNREFERENCED, /* "unreferenced": bytes of mdat that no kept track uses */
    BMFF_REMOVED_USER_DATA,    /* "user-data": udta, with place, maker, author */
    BMFF_REMOVED_KINDS,
};
/* The fixed token of a kind (documents, --json): never translated; NULL past the last. */
const char *bmff_removed_name(unsigned kind);

/* What a person should be told; bits in bmff_facts.notes. */
enum bmff_note {
    BMFF_NOTE_NO_AUDIO = 1,     /* fine, but said */
    BMFF_NOTE_SECOND_AUDIO = 2, /* the first audio track was kept, others left out */
    BMFF_NOTE_SECOND_VIDEO = 4, /* the first video track was kept, others left out */
    BMFF_NOTE_HEVC = 8,         /* some browsers cannot play it */
    BMFF_NOTE_CUT_STAYS = 16,   /* an edit list hides >= 1 s; those samples stay in the file */
    BMFF_NOTE_AV1 = 32,         /* AV1 or VP9: some browsers cannot play it */
    BMFF_NOTE_SOUND = 64,       /* Opus or ALAC: some browsers cannot play its sound */
};

/* The extended type of boxes of content credentials (C2PA 2.2 A.5.1). */
#define BMFF_UUID_BYTES 16
extern const uint8_t bmff_c2pa_uuid[BMFF_UUID_BYTES];

/* Where the box of credentials lies in a new file that has one: right behind ftyp. */
#define BMFF_ROOM_AT 32
/* Its header, purpose and the offset of a box of proofs, which is 0 (C2PA 2.2 A.5.1). */
#define BMFF_ROOM_HEAD_BYTES 45

/* What the new file is.  Plain values: may be copied, sent over a pipe, compared. */
struct bmff_facts {
    uint64_t file_bytes;    /* size of the new file: head_bytes + bytes of all runs */
    uint64_t head_bytes;    /* ftyp, room, moov and the header of mdat */
    uint64_t room_bytes;    /* the whole box of credentials at BMFF_ROOM_AT, or 0 */
    uint64_t duration_ms;   /* of what is shown, >= 1 */
    uint32_t width;         /* pixels as shown, after rotation and pixel aspect */
    uint32_t height;        /* the same */
    uint32_t coded_width;   /* pixels as in the sample entry */
    uint32_t coded_height;  /* the same */
    uint32_t rotation;      /* degrees clockwise to show it upright: 0, 90, 180, 270 */
    uint32_t video_codec;   /* 'avc1' 'avc3' 'hvc1' 'hev1' 'av01' 'vp09' */
    uint32_t audio_codec;   /* 'mp4a' 'Opus' 'alac', or 0 without audio */
    uint32_t video_samples; /* 1..LIMIT_SAMPLES */
    uint32_t audio_samples; /* 0 without audio */
    uint32_t removed;       /* bits of enum bmff_removed; 0 from bmff_check */
    uint32_t notes; /* bits of enum bmff_note; from bmff_check none about removed things */
};

/* One stretch of the new file; len > 0. */
struct bmff_run {
    uint64_t offset;      /* bytes from the start of the clip */
    uint64_t len;         /* bytes */
    const uint8_t *bytes; /* NULL: copy them from the clip; else these, until the release */
};

struct bmff_plan {
    struct bytes head;        /* first bytes of the new file */
    struct bmff_facts facts;  /* what it will be */
    struct bmff_state *state; /* private: the clip's tables and where bmff_plan_next is */
};

/*
 * Read the clip's boxes under limits.h and plan the new file.  On success *plan is the
 * caller's to release; on failure it is untouched.  Reads the box headers, moov, and of each
 * sample the heads of its units.
 */
MUST_CHECK int bmff_plan_make(const struct bmff_source *source, struct bmff_plan *plan,
                              struct why *why);

/*
 * Leave room for content credentials right behind ftyp: bytes in all, of which the first
 * BMFF_ROOM_HEAD_BYTES are written, the others zero.  Head and facts of the plan follow; the
 * plan begins again with its first run.  SH_ELIMIT: more than LIMIT_ROOM_BYTES.
 */
MUST_CHECK int bmff_plan_room(struct bmff_plan *plan, uint64_t bytes, struct why *why);

/*
 * The next run behind head, neighbours already joined; false after the last.  Every run of
 * the clip lies inside it, and inside one of its mdat boxes.
 *     while (bmff_plan_next(&plan, &run))
 *         run.bytes ? write(run.bytes, run.len) : copy(run.offset, run.len);
 */
MUST_CHECK bool bmff_plan_next(struct bmff_plan *plan, struct bmff_run *run);
/* Start again with the first run. */
void bmff_plan_rewind(struct bmff_plan *plan);
/* Safe on a zeroed plan; leaves it zeroed. */
void bmff_plan_release(struct bmff_plan *plan);

/*
 * The new file as a source, to look into it before it is written.  It moves the plan, which
 * the caller rewinds before he copies; reading forward costs least.
 */
struct bmff_preview {
    struct bmff_plan *plan;
    const struct bmff_source *clip; /* as in bmff_plan_make */
    struct bmff_run run;            /* private: the run at hand, */
    uint64_t from;                  /* and where it lies in the new file */
};
/* plan and clip are given; *preview must outlive the source. */
struct bmff_source bmff_preview_source(struct bmff_preview *preview);

/* ---- the second reader ------------------------------------------------------------------ */

/*
 * Does the file hold exactly what our writer writes: these boxes, in this order, zero where it
 * writes zero, and mdat tiled by the samples without a byte between or behind?  A box of
 * credentials at BMFF_ROOM_AT may hold anything: who judges those comes after.  0 and *facts
 * (removed = 0), else SH_EFORMAT or SH_ELIMIT and *facts untouched.  For a draft, before
 * anything is published: the planner's word is not believed.
 */
MUST_CHECK int bmff_check(const struct bmff_source *source, struct bmff_facts *facts,
                          struct why *why);

/* ---- what could betray ------------------------------------------------------------------- */

/* Sorted as a person should read them. */
enum bmff_leak_kind {
    BMFF_LEAK_POSITION,    /* "position": where it was filmed */
    BMFF_LEAK_TIME,        /* "time": when */
    BMFF_LEAK_PERSON,      /* "person": author, owner, artist */
    BMFF_LEAK_DEVICE,      /* "device": maker and model */
    BMFF_LEAK_IDENTIFIER,  /* "identifier": serial numbers, ids of the clip */
    BMFF_LEAK_SOFTWARE,    /* "software": versions, encoders */
    BMFF_LEAK_LANGUAGE,    /* "language": of a track, as it is set on the device */
    BMFF_LEAK_NAME,        /* "name": of handlers, compressors, the file */
    BMFF_LEAK_TRACK,       /* "track": one that is neither the picture nor the sound */
    BMFF_LEAK_CREDENTIALS, /* "credentials": C2PA */
    BMFF_LEAK_PICTURE,     /* "picture": thumbnails, covers */
    BMFF_LEAK_TEXT,        /* "text": titles, comments, whatever else can be read */
    BMFF_LEAK_HIDDEN,      /* "hidden": bytes that no player uses */
    BMFF_LEAK_KINDS,
};
/* The fixed token of a kind (--json): never translated; NULL past the last. */
const char *bmff_leak_name(unsigned kind);

#define BMFF_WHERE_BYTES 64
#define BMFF_LEAK_BYTES 200

/* One value that the clip tells.  Plain values: may be copied and sent over a pipe. */
struct bmff_leak {
    enum bmff_leak_kind kind;
    bool has_position;
    bool has_time;
    char where[BMFF_WHERE_BYTES]; /* "moov/udta/(c)xyz": printable ASCII, never empty */
    char text[BMFF_LEAK_BYTES];   /* as it stands there: text_check's TEXT_LINE, or empty */
    int32_t lat_e7, lon_e7;       /* degrees * 10^7, of WGS 84 */
    uint32_t radius_m;            /* exact to so many metres, >= 1; from digits or accuracy */
    uint64_t time;                /* seconds since 1970, UTC as far as the clip says */
};

/* What was not looked at; bits in bmff_leaks.unseen. */
enum bmff_unseen {
    BMFF_UNSEEN_KIND = 1,    /* no MP4 or MOV: only its kind is known */
    BMFF_UNSEEN_DAMAGED = 2, /* boxes that cannot be read: what lies in them is unknown */
    BMFF_UNSEEN_MORE = 4,    /* there is more than LIMIT_LEAKS, or than is searched */
};

struct bmff_leaks {
    enum bmff_kind kind; /* of the file */
    uint32_t unseen;     /* bits of enum bmff_unseen */
    uint32_t count;
    struct bmff_leak leak[LIMIT_LEAKS]; /* sorted by kind; equal values once */
};

/*
 * Find what the clip tells about place, time, people and devices, as values: in its boxes, in
 * the first samples of its tracks, behind its end.  Never complete: coded pictures and sound
 * are searched for the encoder's own words only.  Also for clips that bmff_plan_make refuses:
 * damage is told in unseen, and is no error.  0, SH_ENOMEM, or what read_at returned.
 */
MUST_CHECK int bmff_leaks_find(const struct bmff_source *source, struct bmff_leaks *out,
                               struct why *why);

#endif
