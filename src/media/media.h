/*
 * media -- stillhere-media, the only program that decodes: one frame of a clip as a JPEG.
 *
 * Spec:    the clip is what bmff wrote (ISO/IEC 14496-12); the picture is baseline JPEG (ITU-T
 *          T.81) in JFIF.
 * Shapes:  stillhere-media poster.  Descriptor 0 is the clip, read by offset; 1 the empty file
 *          for the picture; 3 a pipe that takes one line of cause.  Exit status 0 or 1.
 * Memory:  LIMIT_MEDIA_MEMORY of addresses.
 * Errors:  as text on descriptor 3; the caller says whose.
 * Threads: one.
 *
 * It enters its cage before the first byte of the clip is read: no files, no network, no other
 * processes, no code that was not there at the start.  Whatever it gives back is checked.
 */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include "base/base.h"

/* Read the clip from descriptor clip and make a picture of it, <= LIMIT_POSTER_EDGE wide and
 * high, upright; small enough for a slow line where that can be had. */
MUST_CHECK int media_poster(int clip, struct bytes *jpeg, struct why *why);

#endif
