/* Pictures: made smaller and upright, then H.264 that every browser plays. */
#include "media/media_int.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define TICKS 90000 /* a second; holds the times of every camera to 11 microseconds */
/*
 * Measured with x264 0.164 on clips of phones: at one quality (CRF 20, SSIM 0.9987) the files
 * of veryfast are as small as those of medium at 0.4 of the processor time; what is faster
 * needs twice the bytes.
 */
#define PRESET "veryfast"
#define QUALITY "20"

/* Full range is a property of the format's name in old decoders. */
static bool range_is_full(const AVCodecParameters *pars)
{
    const char *name = av_get_pix_fmt_name((enum AVPixelFormat)pars->format);

    return pars->color_range == AVCOL_RANGE_JPEG || (name && strncmp(name, "yuvj", 4) == 0);
}

/* As shown with square pixels; the longer edge is at most LIMIT_CODED_EDGE. */
static void size_choose(struct media_picture *picture, AVRational aspect)
{
    const AVCodecParameters *pars = picture->track.stream->codecpar;
    double w = pars->width, h = pars->height, longer, by;

    if (aspect.num > 0 && aspect.den > 0)
        w = w * aspect.num / aspect.den;
    longer = w > h ? w : h;
    by = longer > LIMIT_CODED_EDGE ? LIMIT_CODED_EDGE / longer : 1;
    picture->width = media_even(w * by, LIMIT_CODED_EDGE);
    picture->height = media_even(h * by, LIMIT_CODED_EDGE);
}

static AVFrame *canvas_new(int width, int height)
{
    AVFrame *canvas = av_frame_alloc();

    if (!canvas)
        return NULL;
    canvas->format = AV_PIX_FMT_YUV420P;
    canvas->width = width;
    canvas->height = height;
    if (av_frame_get_buffer(canvas, 0) < 0)
        av_frame_free(&canvas);
    return canvas;
}

/* The clip's own colours are kept and named: nothing is converted but RGB. */
static void colours_name(struct media_picture *picture)
{
    const AVCodecParameters *pars = picture->track.stream->codecpar;
    AVCodecContext *encoder = picture->track.encoder;

    picture->full_range = range_is_full(pars);
    encoder->color_range = picture->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    encoder->color_primaries = pars->color_primaries;
    encoder->color_trc = pars->color_trc;
    encoder->colorspace =
        pars->color_space == AVCOL_SPC_RGB ? AVCOL_SPC_BT709 : pars->color_space;
}

static int encoder_open(struct media_picture *picture, const AVCodec *codec, struct why *why)
{
    struct media_track *track = &picture->track;
    AVRational rate = av_guess_frame_rate(NULL, track->stream, NULL);
    AVDictionary *options = NULL;
    int rc;

    if (rate.num <= 0 || rate.den <= 0 ||
        av_cmp_q(rate, av_make_q(LIMIT_FRAMES_PER_SECOND, 1)) > 0)
        rate = av_make_q(30, 1);
    track->encoder->width = picture->turn.swap ? picture->height : picture->width;
    track->encoder->height = picture->turn.swap ? picture->width : picture->height;
    track->encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    track->encoder->sample_aspect_ratio = av_make_q(1, 1);
    track->encoder->time_base = av_make_q(1, TICKS);
    track->encoder->framerate = rate;
    track->step = av_rescale_q(1, av_inv_q(rate), track->encoder->time_base);
    colours_name(picture);
    if (av_dict_set(&options, "preset", PRESET, 0) < 0 ||
        av_dict_set(&options, "crf", QUALITY, 0) < 0)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for the encoder");
    else
        rc = media_track_open(track, codec, &options, why);
    av_dict_free(&options);
    return rc;
}

int media_picture_open(struct media_picture *picture, struct why *why)
{
    struct media_track *track = &picture->track;
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    const AVCodecParameters *pars = track->stream->codecpar;
    AVRational aspect = track->stream->sample_aspect_ratio;
    int rc;

    if (pars->width <= 0 || pars->height <= 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "the size of its pictures is not found");
    if (aspect.num <= 0)
        aspect = pars->sample_aspect_ratio;
    rc = media_decoder_open(track->stream, &track->decoder, why);
    if (rc != SH_OK)
        return rc;
    picture->turn = media_turn_of(track->stream);
    size_choose(picture, aspect);
    track->encoder = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!track->encoder)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no H.264 encoder (libx264)");
    return encoder_open(picture, codec, why);
}

/* Pixels in the clip's own matrix and range. */
static int scale(struct media_picture *picture, const AVFrame *frame, struct why *why)
{
    int matrix =
        frame->colorspace == AVCOL_SPC_UNSPECIFIED || frame->colorspace == AVCOL_SPC_RGB
            ? SWS_CS_ITU709
            : (int)frame->colorspace;
    const int *table = sws_getCoefficients(matrix);
    int done;

    picture->scaled = canvas_new(picture->width, picture->height);
    picture->sws = sws_getCachedContext(
        picture->sws, frame->width, frame->height, (enum AVPixelFormat)frame->format,
        picture->width, picture->height, AV_PIX_FMT_YUV420P,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (!picture->scaled || !picture->sws)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "a picture of %d x %d cannot be scaled",
                       frame->width, frame->height);
    /* Returns -1 for formats without a matrix: then there is none to set. */
    (void)sws_setColorspaceDetails(picture->sws, table, picture->full_range, table,
                                   picture->full_range, 0, 1 << 16, 1 << 16);
    done = sws_scale(picture->sws, (const uint8_t *const *)frame->data, frame->linesize, 0,
                     frame->height, picture->scaled->data, picture->scaled->linesize);
    if (done != picture->height)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "a picture of %d x %d cannot be scaled",
                       frame->width, frame->height);
    return SH_OK;
}

static int upright(struct media_picture *picture, struct why *why)
{
    struct media_turn turn = picture->turn;

    if (!turn.swap && !turn.mirror && !turn.flip) {
        picture->turned = picture->scaled;
        picture->scaled = NULL;
        return SH_OK;
    }
    picture->turned = canvas_new(turn.swap ? picture->height : picture->width,
                                 turn.swap ? picture->width : picture->height);
    if (!picture->turned)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory to turn a picture");
    media_turn_apply(turn, picture->scaled, picture->turned);
    return SH_OK;
}

int media_picture_take(struct media_picture *picture, const AVFrame *frame, struct why *why)
{
    struct media_track *track = &picture->track;
    int64_t time = media_track_time(track, frame);
    bool first = track->next == 0;
    int rc;

    if (time == INT64_MIN)
        time = first ? 0 : track->next - 1 + track->step;
    if (first && time < 0)
        time = 0;
    /* Two pictures at one time, or more in a second than are shown: the first one stays. */
    if (!first && time < track->next - 1 + TICKS / LIMIT_FRAMES_PER_SECOND)
        return SH_OK;
    if (time > (int64_t)LIMIT_CLIP_SECONDS * TICKS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "longer than %d hours",
                       LIMIT_CLIP_SECONDS / 3600);
    rc = scale(picture, frame, why);
    if (rc == SH_OK)
        rc = upright(picture, why);
    if (rc == SH_OK) {
        if (!first)
            track->step = time - (track->next - 1);
        track->next = time + 1;
        picture->turned->pts = time;
        rc = media_track_encode(track, picture->turned, why);
    }
    av_frame_free(&picture->scaled);
    av_frame_free(&picture->turned);
    return rc;
}

void media_picture_release(struct media_picture *picture)
{
    av_frame_free(&picture->scaled);
    av_frame_free(&picture->turned);
    sws_freeContext(picture->sws);
    picture->sws = NULL;
    media_track_release(&picture->track);
}
