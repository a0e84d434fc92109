/* Finding a frame: the mov demuxer alone, over one descriptor, with no protocol at all. */
#include "media/media_int.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define SHOT_US INT64_C(1000000) /* where to look: by then a hand has steadied the phone */
#define SHOT_PART 10             /* but not later than a tenth of a short clip */
#define PACKETS_MOST 2000        /* without a picture so far: there will be none */

struct input {
    int fd;
    int64_t at;
    int64_t size;
};

struct search {
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; /* the newest one */
    AVFrame *best;  /* the one to keep */
    int stream;
    int64_t wanted; /* in the stream's own unit */
};

static int input_read(void *opaque, uint8_t *buf, int len)
{
    struct input *input = opaque;
    ssize_t n;

    do
        n = pread(input->fd, buf, (size_t)len, (off_t)input->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return AVERROR(EIO);
    if (n == 0)
        return AVERROR_EOF;
    input->at += n;
    return (int)n;
}

static int64_t input_seek(void *opaque, int64_t offset, int whence)
{
    struct input *input = opaque;
    int64_t base = 0;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return input->size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = input->at;
        break;
    case SEEK_END:
        base = input->size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (offset < -base || offset > INT64_MAX - base)
        return AVERROR(EINVAL);
    input->at = base + offset;
    return input->at;
}

/* A data reference to another file must never be followed. */
static int open_refused(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options)
{
    (void)format;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EPERM);
}

static int give_up(struct why *why, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = {0};

    (void)av_strerror(code, text, sizeof(text)); /* An unknown code has a text too. */
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: %s", what, text);
}

static int format_open(struct search *search, struct input *input, struct why *why)
{
    const AVInputFormat *mov = av_find_input_format("mov");
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    int rc;

    search->format = avformat_alloc_context();
    search->io = buffer ? avio_alloc_context(buffer, BUFFER_BYTES, 0, input, input_read, NULL,
                                             input_seek)
                        : NULL;
    if (!search->io)
        av_free(buffer);
    if (!mov || !search->format || !search->io)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no mov demuxer");
    search->format->pb = search->io;
    search->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    search->format->io_open = open_refused;
    search->format->max_streams = LIMIT_TRACKS;
    rc = avformat_open_input(&search->format, NULL, mov, NULL);
    if (rc < 0)
        return give_up(why, "the clip cannot be opened", rc);
    rc = av_find_best_stream(search->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (rc < 0)
        return give_up(why, "no video", rc);
    search->stream = rc;
    for (unsigned i = 0; i < search->format->nb_streams; i++)
        if ((int)i != search->stream)
            search->format->streams[i]->discard = AVDISCARD_ALL;
    return SH_OK;
}

static int codec_open(struct search *search, struct why *why)
{
    const AVCodecParameters *pars = search->format->streams[search->stream]->codecpar;
    const AVCodec *codec;
    int rc;

    if (pars->codec_id != AV_CODEC_ID_H264 && pars->codec_id != AV_CODEC_ID_HEVC)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE, "video that is not H.264 or HEVC");
    if (pars->width <= 0 || pars->height <= 0 ||
        (int64_t)pars->width * pars->height > LIMIT_PIXELS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%d x %d pixels, at most %d", pars->width,
                       pars->height, LIMIT_PIXELS);
    codec = avcodec_find_decoder(pars->codec_id);
    search->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    search->packet = av_packet_alloc();
    search->frame = av_frame_alloc();
    search->best = av_frame_alloc();
    if (!search->codec || !search->packet || !search->frame || !search->best)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no decoder");
    rc = avcodec_parameters_to_context(search->codec, pars);
    /* The parameter sets inside of the stream may name another size than the sample entry. */
    search->codec->max_pixels = LIMIT_PIXELS + 4096 * 16;
    search->codec->thread_count = 1;
    search->codec->pkt_timebase = search->format->streams[search->stream]->time_base;
    if (rc >= 0)
        rc = avcodec_open2(search->codec, codec, NULL);
    return rc < 0 ? give_up(why, "the decoder does not start", rc) : SH_OK;
}

/* Go to the key frame before the wanted moment; a clip that cannot be sought starts at 0. */
static void aim(struct search *search)
{
    const AVStream *stream = search->format->streams[search->stream];
    int64_t start = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
    int64_t wanted_us = SHOT_US;
    int64_t offset;

    if (search->format->duration > 0 && search->format->duration / SHOT_PART < wanted_us)
        wanted_us = search->format->duration / SHOT_PART;
    offset = av_rescale_q(wanted_us, AV_TIME_BASE_Q, stream->time_base);
    search->wanted = start > INT64_MAX - offset ? start : start + offset;
    if (av_seek_frame(search->format, search->stream, search->wanted, AVSEEK_FLAG_BACKWARD) < 0)
        search->wanted = INT64_MIN;
}

/* Take what the decoder has.  True when a frame at or after the wanted moment is kept. */
static bool frames_take(struct search *search)
{
    while (avcodec_receive_frame(search->codec, search->frame) >= 0) {
        av_frame_unref(search->best);
        av_frame_move_ref(search->best, search->frame);
        if (search->best->best_effort_timestamp == AV_NOPTS_VALUE ||
            search->best->best_effort_timestamp >= search->wanted)
            return true;
    }
    return false;
}

static void decode(struct search *search)
{
    for (int packets = 0; packets < PACKETS_MOST;) {
        if (av_read_frame(search->format, search->packet) < 0)
            break;
        if (search->packet->stream_index == search->stream) {
            packets++;
            /* A packet that cannot be decoded is passed over; the next ones may be fine. */
            (void)avcodec_send_packet(search->codec, search->packet);
        }
        av_packet_unref(search->packet);
        if (frames_take(search))
            return;
    }
    (void)avcodec_send_packet(search->codec, NULL); /* What is still inside. */
    (void)frames_take(search);                      /* Whatever came is in best. */
}

/* Degrees clockwise, in quarter turns; phones write no others. */
static int rotation_of(const AVStream *stream)
{
    const int32_t *matrix =
        (const void *)av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    double degrees = matrix ? -av_display_rotation_get(matrix) : 0;

    if (isnan(degrees))
        return 0;
    return (((int)(degrees / 90 + (degrees < 0 ? -0.5 : 0.5)) % 4 + 4) % 4) * 90;
}

static void search_release(struct search *search)
{
    av_frame_free(&search->best);
    av_frame_free(&search->frame);
    av_packet_free(&search->packet);
    avcodec_free_context(&search->codec);
    avformat_close_input(&search->format);
    if (search->io)
        av_freep(&search->io->buffer);
    avio_context_free(&search->io);
}

int media_shot_take(int clip, struct media_shot *shot, struct why *why)
{
    struct input input = {.fd = clip};
    struct search search = {0};
    const AVStream *stream;
    struct stat st;
    int rc;

    if (fstat(clip, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EIO, WHY_NOWHERE, "the clip is no file");
    input.size = st.st_size;
    rc = format_open(&search, &input, why);
    if (rc == SH_OK)
        rc = codec_open(&search, why);
    if (rc == SH_OK) {
        aim(&search);
        decode(&search);
        if (!search.best->data[0])
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "no frame can be decoded");
    }
    if (rc == SH_OK) {
        stream = search.format->streams[search.stream];
        shot->frame = search.best;
        search.best = NULL;
        shot->rotation = rotation_of(stream);
        shot->aspect_num = shot->frame->sample_aspect_ratio.num;
        shot->aspect_den = shot->frame->sample_aspect_ratio.den;
        if (shot->aspect_num <= 0 || shot->aspect_den <= 0)
            shot->aspect_num = shot->aspect_den = 1;
    }
    search_release(&search);
    return rc;
}

void media_shot_release(struct media_shot *shot)
{
    av_frame_free(&shot->frame);
}
