/* Finding a frame: of what bmff wrote, so by the mov demuxer alone. */
#include "media/media_int.h"

#define SHOT_US INT64_C(1000000) /* where to look: by then a hand has steadied the phone */
#define SHOT_PART 10             /* but not later than a tenth of a short clip */
#define PACKETS_MOST 2000        /* without a picture so far: there will be none */

struct search {
    struct media_input input;
    AVStream *stream;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame; /* the newest one */
    AVFrame *best;  /* the one to keep */
    int64_t wanted; /* in the stream's own unit */
};

static int stream_choose(struct search *search, struct why *why)
{
    AVFormatContext *format = search->input.format;
    int rc = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

    if (rc < 0)
        return media_give_up(why, "no video", rc);
    search->stream = format->streams[rc];
    for (unsigned i = 0; i < format->nb_streams; i++)
        if ((int)i != rc)
            format->streams[i]->discard = AVDISCARD_ALL;
    return media_stream_check(search->stream, "video", why);
}

static int codec_open(struct search *search, struct why *why)
{
    search->packet = av_packet_alloc();
    search->frame = av_frame_alloc();
    search->best = av_frame_alloc();
    if (!search->packet || !search->frame || !search->best)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory");
    return media_decoder_open(search->stream, &search->codec, why);
}

/* Go to the key frame before the wanted moment; a clip that cannot be sought starts at 0. */
static void aim(struct search *search)
{
    const AVStream *stream = search->stream;
    int64_t start = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
    int64_t wanted_us = SHOT_US;
    int64_t offset;

    if (search->input.format->duration > 0 &&
        search->input.format->duration / SHOT_PART < wanted_us)
        wanted_us = search->input.format->duration / SHOT_PART;
    offset = av_rescale_q(wanted_us, AV_TIME_BASE_Q, stream->time_base);
    search->wanted = start > INT64_MAX - offset ? start : start + offset;
    if (av_seek_frame(search->input.format, stream->index, search->wanted,
                      AVSEEK_FLAG_BACKWARD) < 0)
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
        if (av_read_frame(search->input.format, search->packet) < 0)
            break;
        if (search->packet->stream_index == search->stream->index) {
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

static void search_release(struct search *search)
{
    av_frame_free(&search->best);
    av_frame_free(&search->frame);
    av_packet_free(&search->packet);
    avcodec_free_context(&search->codec);
    media_input_close(&search->input);
}

int media_shot_take(int clip, struct media_shot *shot, struct why *why)
{
    struct search search = {0};
    int rc = media_input_open(&search.input, clip, "mov", why);

    if (rc == SH_OK)
        rc = stream_choose(&search, why);
    if (rc == SH_OK)
        rc = codec_open(&search, why);
    if (rc == SH_OK) {
        aim(&search);
        decode(&search);
        if (!search.best->data[0])
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "no frame can be decoded");
    }
    if (rc == SH_OK) {
        shot->frame = search.best;
        search.best = NULL;
        shot->turn = media_turn_of(search.stream);
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
