/* A frame becomes a small upright JPEG with nothing in it but the picture. */
#include "media/media_int.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define GOOD_BYTES                                                                             \
    20000 /* a poster of a timeline on a slow line: 20 of them in a few seconds */

/* Quantiser scales from fine to coarse; the first that fits GOOD_BYTES is taken. */
static const int scales[] = {4, 6, 8, 11, 15, 20};

/* Size before turning: as shown, pixels made square, longer edge <= LIMIT_POSTER_EDGE. */
static void size_of(const struct media_shot *shot, int *width, int *height)
{
    double w = (double)shot->frame->width * shot->aspect_num / shot->aspect_den;
    double h = shot->frame->height;
    double longer = w > h ? w : h;
    double by = longer > LIMIT_POSTER_EDGE ? LIMIT_POSTER_EDGE / longer : 1;

    *width = media_even(w * by, LIMIT_POSTER_EDGE);
    *height = media_even(h * by, LIMIT_POSTER_EDGE);
}

static AVFrame *picture_new(int width, int height)
{
    AVFrame *picture = av_frame_alloc();

    if (!picture)
        return NULL;
    picture->format = AV_PIX_FMT_YUVJ420P;
    picture->color_range = AVCOL_RANGE_JPEG;
    picture->colorspace = AVCOL_SPC_SMPTE170M; /* JFIF is BT.601. */
    picture->chroma_location = AVCHROMA_LOC_CENTER;
    picture->sample_aspect_ratio = (AVRational){1, 1};
    picture->width = width;
    picture->height = height;
    if (av_frame_get_buffer(picture, 0) < 0)
        av_frame_free(&picture);
    return picture;
}

/* Which matrix the clip's colours are in; one that does not say is HD from 720 lines on. */
static int matrix_of(const AVFrame *frame)
{
    if (frame->colorspace == AVCOL_SPC_UNSPECIFIED || frame->colorspace == AVCOL_SPC_RGB)
        return frame->height >= 720 && frame->width >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    return frame->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : (int)frame->colorspace;
}

static AVFrame *scaled_new(const struct media_shot *shot)
{
    const AVFrame *frame = shot->frame;
    struct SwsContext *sws;
    AVFrame *picture;
    int width, height;
    int done;

    size_of(shot, &width, &height);
    picture = picture_new(width, height);
    sws = sws_getContext(frame->width, frame->height, (enum AVPixelFormat)frame->format, width,
                         height, AV_PIX_FMT_YUVJ420P,
                         SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (picture && sws) {
        /* Returns -1 for formats without a matrix: then there is none to set. */
        (void)sws_setColorspaceDetails(
            sws, sws_getCoefficients(matrix_of(frame)), frame->color_range == AVCOL_RANGE_JPEG,
            sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
        done = sws_scale(sws, (const uint8_t *const *)frame->data, frame->linesize, 0,
                         frame->height, picture->data, picture->linesize);
        if (done != height)
            av_frame_free(&picture);
    } else {
        av_frame_free(&picture);
    }
    sws_freeContext(sws);
    return picture;
}

static AVFrame *upright_new(AVFrame *picture, struct media_turn turn)
{
    AVFrame *turned;

    if (!turn.swap && !turn.mirror && !turn.flip)
        return picture;
    turned = picture_new(turn.swap ? picture->height : picture->width,
                         turn.swap ? picture->width : picture->height);
    if (turned)
        media_turn_apply(turn, picture, turned);
    av_frame_free(&picture);
    return turned;
}

/* Encode once; *packet is the caller's to free. */
static int encode(const AVFrame *picture, int scale, AVPacket *packet)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    int rc;

    if (!context)
        return AVERROR(ENOMEM);
    context->width = picture->width;
    context->height = picture->height;
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->sample_aspect_ratio = (AVRational){1, 1};
    context->time_base = (AVRational){1, 25};
    context->thread_count = 1;
    /* Bit-exact: without the comment that names the encoder. */
    context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context->global_quality = scale * FF_QP2LAMBDA;
    rc = avcodec_open2(context, codec, NULL);
    if (rc >= 0)
        rc = avcodec_send_frame(context, picture);
    if (rc >= 0)
        rc = avcodec_receive_packet(context, packet);
    avcodec_free_context(&context);
    return rc;
}

int media_jpeg_make(const struct media_shot *shot, struct bytes *jpeg, struct why *why)
{
    AVFrame *picture = scaled_new(shot);
    AVPacket *packet = av_packet_alloc();
    int rc = SH_OK;

    if (picture)
        picture = upright_new(picture, shot->turn);
    if (!picture || !packet)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "the frame cannot be made smaller");
    for (size_t i = 0; rc == SH_OK && i < COUNT_OF(scales); i++) {
        picture->quality = scales[i] * FF_QP2LAMBDA;
        av_packet_unref(packet);
        if (encode(picture, scales[i], packet) < 0 || packet->size <= 0)
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the frame cannot be encoded");
        else if (packet->size <= GOOD_BYTES)
            break;
    }
    if (rc == SH_OK) {
        bytes_append(jpeg, packet->data, (size_t)packet->size);
        rc = bytes_check(jpeg, why);
    }
    av_packet_free(&packet);
    av_frame_free(&picture);
    return rc;
}
