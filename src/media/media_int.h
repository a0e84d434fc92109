/*
 * What the files of media share: a clip behind a descriptor, its decoders, quarter turns; and
 * for coding anew, a track on its way from one to the other.
 */
#ifndef MEDIA_MEDIA_INT_H
#define MEDIA_MEDIA_INT_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "media/media.h"

/* SH_EFORMAT: what, and libav's own words for code. */
int media_give_up(struct why *why, const char *what, int code);

/* ---- a clip ---- */

struct media_input {
    int fd;
    int64_t at;
    int64_t size;
    AVFormatContext *format;
    AVIOContext *io;
};
/*
 * Open the clip by one demuxer, over its descriptor, with no protocol at all.  demuxer NULL: by
 * the first bytes, from a short list.  Close it also after a failure.
 */
MUST_CHECK int media_input_open(struct media_input *input, int fd, const char *demuxer,
                                struct why *why);
void media_input_close(struct media_input *input);

/* Is the stream within limits.h, as far as its headers say?  Before its decoder is opened. */
MUST_CHECK int media_stream_check(const AVStream *stream, const char *what, struct why *why);
/* A decoder of ours for stream, one thread; the caller's to free. */
MUST_CHECK int media_decoder_open(const AVStream *stream, AVCodecContext **out,
                                  struct why *why);
/* Names of those decoders, separated by commas, for libavformat's probing. */
extern const char media_decoder_names[];

/* ---- showing it upright ---- */

/* In this order: columns and rows change places, then left and right, top and bottom. */
struct media_turn {
    bool swap;
    bool mirror;
    bool flip;
};
/* From the stream's display matrix, in quarter turns; phones write no others. */
struct media_turn media_turn_of(const AVStream *stream);
/* Turn a picture in YUV 4:2:0 of 8 bits into another that has the turned size. */
void media_turn_apply(struct media_turn turn, const AVFrame *from, AVFrame *to);
/* Even, and at least 2; swscale's area filter takes the last column of colour of an odd width
 * from memory that nobody wrote. */
int media_even(double pixels, int most);

/* ---- the poster ---- */

/* A frame that is worth showing, and how to show it. */
struct media_shot {
    AVFrame *frame; /* owned */
    struct media_turn turn;
    int aspect_num; /* of one pixel; 1:1 when the clip does not say */
    int aspect_den;
};
MUST_CHECK int media_shot_take(int clip, struct media_shot *shot, struct why *why);
void media_shot_release(struct media_shot *shot);

/* Scale, turn and encode. */
MUST_CHECK int media_jpeg_make(const struct media_shot *shot, struct bytes *jpeg,
                               struct why *why);

/* ---- coding anew ---- */

struct media_output {
    int fd;
    int64_t at;
    bool full; /* beyond LIMIT_CLIP_BYTES */
    AVFormatContext *format;
    AVIOContext *io;
    AVPacket *packet;
};
MUST_CHECK int media_output_open(struct media_output *output, int fd, struct why *why);
/* After the encoders are there. */
MUST_CHECK int media_output_begin(struct media_output *output, struct why *why);
MUST_CHECK int media_output_end(struct media_output *output, struct why *why);
void media_output_close(struct media_output *output);

/* A track between its decoder and its encoder; stream NULL: there is none. */
struct media_track {
    AVStream *stream; /* of the input */
    AVCodecContext *decoder;
    AVCodecContext *encoder;
    AVStream *coded; /* of the output */
    struct media_output *output;
    int64_t origin_us; /* what becomes time 0 */
    int64_t next;      /* the earliest time that is still free, in the encoder's unit */
    int64_t step;      /* duration of the newest frame, likewise */
};
/* Open the encoder that is filled in and add its stream to the output. */
MUST_CHECK int media_track_open(struct media_track *track, const AVCodec *codec,
                                AVDictionary **options, struct why *why);
/* When a frame is to be shown, in the encoder's unit; INT64_MIN when it does not say. */
int64_t media_track_time(const struct media_track *track, const AVFrame *frame);
/* Encode frame (NULL: the end) and write what comes out. */
MUST_CHECK int media_track_encode(struct media_track *track, const AVFrame *frame,
                                  struct why *why);
void media_track_release(struct media_track *track);

struct media_picture {
    struct media_track track;
    struct media_turn turn;
    int width; /* before turning */
    int height;
    bool full_range;
    struct SwsContext *sws;
    AVFrame *scaled;
    AVFrame *turned;
};
MUST_CHECK int media_picture_open(struct media_picture *picture, struct why *why);
MUST_CHECK int media_picture_take(struct media_picture *picture, const AVFrame *frame,
                                  struct why *why);
void media_picture_release(struct media_picture *picture);

struct media_sound {
    struct media_track track;
    struct SwrContext *swr;
    struct AVAudioFifo *fifo;
    AVFrame *chunk; /* one frame of the encoder */
    int rate;       /* what swr is set up for */
    int format;
    int channels;
};
MUST_CHECK int media_sound_open(struct media_sound *sound, struct why *why);
/* frame NULL: the end. */
MUST_CHECK int media_sound_take(struct media_sound *sound, AVFrame *frame, struct why *why);
void media_sound_release(struct media_sound *sound);

#endif
