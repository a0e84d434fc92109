/*
 * media -- stillhere-media, the only program that decodes: one frame of a clip as a JPEG, or
 * the whole clip coded anew.
 *
 * Spec:    for a poster, the clip is what bmff wrote (ISO/IEC 14496-12); the picture is
 *          baseline JPEG (ITU-T T.81) in JFIF.  To be coded anew, MP4, MOV, 3GP, Matroska,
 *          WebM or AVI; it becomes H.264 (ITU-T H.264) and AAC-LC (14496-3) in MP4.
 * Shapes:  stillhere-media poster | transcode.  Descriptor 0 is the clip, read by offset; its
 *          own offset is moved to tell the keeper how far transcode is.  1 the empty file for
 *          what is made; 3 a pipe that takes one line of cause, or after a success of transcode
 *          one byte of bits in the order of struct media_coded.  Exit status 0 or 1.
 * Memory:  LIMIT_MEDIA_MEMORY of addresses, or LIMIT_TRANSCODE_MEMORY.
 * Errors:  as text on descriptor 3; the caller says whose.
 * Threads: one.
 *
 * It enters its cage before the first byte of the clip is read: no files, no network, no other
 * processes, no code that was not there at the start.  Whatever it gives back is checked: a
 * poster as a JPEG, a clip by the readers that look at any other clip.
 */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include "base/base.h"

/* Read the clip from descriptor clip and make a picture of it, <= LIMIT_POSTER_EDGE wide and
 * high, upright; small enough for a slow line where that can be had. */
MUST_CHECK int media_poster(int clip, struct bytes *jpeg, struct why *why);

/* What a person should be told of a clip that was coded anew. */
struct media_coded {
    bool second_video; /* one of several was taken */
    bool second_audio;
    bool damaged; /* parts could not be read or decoded, and are missing */
};
/*
 * Decode the clip and write it to out as it is shown: turned upright, pixels square, longer
 * edge <= LIMIT_CODED_EDGE, the times of its pictures kept; sound of 48 kHz, two channels at
 * most.  No metadata; what libx264 writes about itself the keeper's reader takes out.
 */
MUST_CHECK int media_transcode(int clip, int out, struct media_coded *coded, struct why *why);

#endif
