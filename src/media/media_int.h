/*
 * Between finding a frame and making a picture of it.
 */
#ifndef MEDIA_MEDIA_INT_H
#define MEDIA_MEDIA_INT_H

#include <libavutil/frame.h>

#include "media/media.h"

/* A frame that is worth showing, and how to show it. */
struct media_shot {
    AVFrame *frame; /* owned */
    int rotation;   /* degrees clockwise to show it upright: 0, 90, 180, 270 */
    int aspect_num; /* of one pixel; 1:1 when the clip does not say */
    int aspect_den;
};
MUST_CHECK int media_shot_take(int clip, struct media_shot *shot, struct why *why);
void media_shot_release(struct media_shot *shot);

/* Scale, turn and encode. */
MUST_CHECK int media_jpeg_make(const struct media_shot *shot, struct bytes *jpeg,
                               struct why *why);

#endif
