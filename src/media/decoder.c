/* Which decoders are opened at all, and within which limits. */
#include "media/media_int.h"

/* What phones, cameras and messengers write; each by name, so that no other is chosen. */
#define VIDEO_NAMES "h264,hevc,libdav1d,vp9,vp8,mpeg4,h263,mjpeg,mpeg2video,prores"
#define AUDIO_NAMES                                                                            \
    "aac,alac,opus,vorbis,mp3float,mp2float,ac3,eac3,amrnb,amrwb,flac,pcm_s16le,pcm_s16be,"    \
    "pcm_s24le,pcm_s24be,pcm_u8,pcm_f32le,pcm_alaw,pcm_mulaw"

const char media_decoder_names[] = VIDEO_NAMES "," AUDIO_NAMES;

static const struct {
    enum AVCodecID id;
    const char *name;
} decoders[] = {
    {AV_CODEC_ID_H264, "h264"},
    {AV_CODEC_ID_HEVC, "hevc"},
    {AV_CODEC_ID_AV1, "libdav1d"},
    {AV_CODEC_ID_VP9, "vp9"},
    {AV_CODEC_ID_VP8, "vp8"},
    {AV_CODEC_ID_MPEG4, "mpeg4"},
    {AV_CODEC_ID_H263, "h263"},
    {AV_CODEC_ID_MJPEG, "mjpeg"},
    {AV_CODEC_ID_MPEG2VIDEO, "mpeg2video"},
    {AV_CODEC_ID_PRORES, "prores"},
    {AV_CODEC_ID_AAC, "aac"},
    {AV_CODEC_ID_ALAC, "alac"},
    {AV_CODEC_ID_OPUS, "opus"},
    {AV_CODEC_ID_VORBIS, "vorbis"},
    {AV_CODEC_ID_MP3, "mp3float"},
    {AV_CODEC_ID_MP2, "mp2float"},
    {AV_CODEC_ID_AC3, "ac3"},
    {AV_CODEC_ID_EAC3, "eac3"},
    {AV_CODEC_ID_AMR_NB, "amrnb"},
    {AV_CODEC_ID_AMR_WB, "amrwb"},
    {AV_CODEC_ID_FLAC, "flac"},
    {AV_CODEC_ID_PCM_S16LE, "pcm_s16le"},
    {AV_CODEC_ID_PCM_S16BE, "pcm_s16be"},
    {AV_CODEC_ID_PCM_S24LE, "pcm_s24le"},
    {AV_CODEC_ID_PCM_S24BE, "pcm_s24be"},
    {AV_CODEC_ID_PCM_U8, "pcm_u8"},
    {AV_CODEC_ID_PCM_F32LE, "pcm_f32le"},
    {AV_CODEC_ID_PCM_ALAW, "pcm_alaw"},
    {AV_CODEC_ID_PCM_MULAW, "pcm_mulaw"},
};

static const char *name_of(enum AVCodecID id)
{
    for (size_t i = 0; i < COUNT_OF(decoders); i++)
        if (decoders[i].id == id)
            return decoders[i].name;
    return NULL;
}

/* As the reader of the container counts: a second is given for free (bmff/movie.c). */
static bool too_fast(const AVStream *stream)
{
    AVRational most = av_make_q(LIMIT_FRAMES_PER_SECOND, 1);
    int64_t ms;

    if (stream->nb_frames <= 0 || stream->duration <= 0)
        return av_cmp_q(stream->avg_frame_rate, most) > 0;
    ms = av_rescale_q(stream->duration, stream->time_base, av_make_q(1, 1000));
    return ms < LIMIT_CLIP_SECONDS * INT64_C(1000) &&
           stream->nb_frames > (ms + 1000) * LIMIT_FRAMES_PER_SECOND / 1000;
}

static int picture_check(const AVStream *stream, struct why *why)
{
    const AVCodecParameters *pars = stream->codecpar;

    if (pars->width < 0 || pars->height < 0 ||
        (int64_t)pars->width * pars->height > LIMIT_PIXELS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%d x %d pixels, at most %d", pars->width,
                       pars->height, LIMIT_PIXELS);
    if (too_fast(stream))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %d pictures a second",
                       LIMIT_FRAMES_PER_SECOND);
    return SH_OK;
}

int media_stream_check(const AVStream *stream, const char *what, struct why *why)
{
    const AVCodecParameters *pars = stream->codecpar;

    if (!name_of(pars->codec_id))
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "its %s is coded as \"%s\", which is not read here", what,
                       avcodec_get_name(pars->codec_id));
    if (stream->nb_frames > LIMIT_SAMPLES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %d samples of %s", LIMIT_SAMPLES,
                       what);
    if (stream->duration > 0 && stream->time_base.num > 0 && stream->time_base.den > 0 &&
        av_compare_ts(stream->duration, stream->time_base, LIMIT_CLIP_SECONDS,
                      av_make_q(1, 1)) > 0)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "longer than %d hours",
                       LIMIT_CLIP_SECONDS / 3600);
    return pars->codec_type == AVMEDIA_TYPE_VIDEO ? picture_check(stream, why) : SH_OK;
}

int media_decoder_open(const AVStream *stream, AVCodecContext **out, struct why *why)
{
    const char *name = name_of(stream->codecpar->codec_id);
    const AVCodec *codec = name ? avcodec_find_decoder_by_name(name) : NULL;
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    int rc;

    if (!context)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no decoder for %s",
                       avcodec_get_name(stream->codecpar->codec_id));
    rc = avcodec_parameters_to_context(context, stream->codecpar);
    /* The parameter sets inside of the stream may name another size than the headers. */
    context->max_pixels = LIMIT_PIXELS + 4096 * 16;
    context->thread_count = 1;
    context->pkt_timebase = stream->time_base;
    if (rc >= 0)
        rc = avcodec_open2(context, codec, NULL);
    if (rc < 0) {
        avcodec_free_context(&context);
        return media_give_up(why, "the decoder does not start", rc);
    }
    *out = context;
    return SH_OK;
}
