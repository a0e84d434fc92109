/* The new clip: an MP4 behind a descriptor; the keeper's reader rebuilds it once more. */
#include "media/media_int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (256 << 10)

static int output_write(void *opaque, uint8_t *buf, int len)
{
    struct media_output *output = opaque;
    int done = 0;
    ssize_t n;

    if ((uint64_t)output->at + (uint64_t)len > LIMIT_CLIP_BYTES) {
        output->full = true;
        return AVERROR(EFBIG);
    }
    while (done < len) {
        n = pwrite(output->fd, buf + done, (size_t)(len - done), (off_t)output->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? AVERROR(errno) : AVERROR(ENOSPC);
        done += (int)n;
        output->at += n;
    }
    return len;
}

/* The muxer goes back to write the size of mdat. */
static int64_t output_seek(void *opaque, int64_t offset, int whence)
{
    struct media_output *output = opaque;

    if (whence == SEEK_CUR)
        offset += output->at;
    else if (whence != SEEK_SET)
        return AVERROR(EINVAL);
    if (offset < 0)
        return AVERROR(EINVAL);
    output->at = offset;
    return offset;
}

static int trouble(const struct media_output *output, int code, struct why *why)
{
    if (output->full)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the new clip would be beyond 4 GiB");
    return media_give_up(why, "the new clip cannot be written", code);
}

int media_output_open(struct media_output *output, int fd, struct why *why)
{
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    int rc;

    output->fd = fd;
    output->packet = av_packet_alloc();
    output->io = buffer ? avio_alloc_context(buffer, BUFFER_BYTES, 1, output, NULL,
                                             output_write, output_seek)
                        : NULL;
    if (!output->io)
        av_free(buffer);
    if (!output->io || !output->packet)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for the new clip");
    rc = avformat_alloc_output_context2(&output->format, NULL, "mp4", NULL);
    if (rc < 0)
        return trouble(output, rc, why);
    output->format->pb = output->io;
    /* Bit-exact: without names and versions of programs, and without dates. */
    output->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    return SH_OK;
}

int media_output_begin(struct media_output *output, struct why *why)
{
    int rc = avformat_write_header(output->format, NULL);

    return rc < 0 ? trouble(output, rc, why) : SH_OK;
}

int media_output_end(struct media_output *output, struct why *why)
{
    int rc = av_write_trailer(output->format);

    avio_flush(output->io);
    if (rc >= 0)
        rc = output->io->error;
    return rc < 0 ? trouble(output, rc, why) : SH_OK;
}

void media_output_close(struct media_output *output)
{
    avformat_free_context(output->format);
    output->format = NULL;
    if (output->io)
        av_freep(&output->io->buffer);
    avio_context_free(&output->io);
    av_packet_free(&output->packet);
}

/* ---- a track ---- */

int media_track_open(struct media_track *track, const AVCodec *codec, AVDictionary **options,
                     struct why *why)
{
    AVCodecContext *encoder = track->encoder;
    int rc;

    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    rc = avcodec_open2(encoder, codec, options);
    if (rc < 0)
        return media_give_up(why, "the encoder does not start", rc);
    track->coded = avformat_new_stream(track->output->format, NULL);
    if (!track->coded)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for the new clip");
    track->coded->time_base = encoder->time_base;
    rc = avcodec_parameters_from_context(track->coded->codecpar, encoder);
    return rc < 0 ? media_give_up(why, "the encoder does not start", rc) : SH_OK;
}

int64_t media_track_time(const struct media_track *track, const AVFrame *frame)
{
    AVRational unit = track->encoder->time_base;
    int64_t time = frame->best_effort_timestamp;

    if (time == AV_NOPTS_VALUE)
        return INT64_MIN;
    time = av_rescale_q(time, track->stream->time_base, unit);
    if (time > INT64_MAX / 2 || time < INT64_MIN / 2) /* Of no clip. */
        return INT64_MIN;
    return time - av_rescale_q(track->origin_us, AV_TIME_BASE_Q, unit);
}

int media_track_encode(struct media_track *track, const AVFrame *frame, struct why *why)
{
    AVPacket *packet = track->output->packet;
    int rc = avcodec_send_frame(track->encoder, frame);

    if (rc < 0)
        return media_give_up(why, "a frame cannot be coded", rc);
    while ((rc = avcodec_receive_packet(track->encoder, packet)) >= 0) {
        if (packet->duration <= 0)
            packet->duration = track->step;
        packet->stream_index = track->coded->index;
        av_packet_rescale_ts(packet, track->encoder->time_base, track->coded->time_base);
        rc = av_interleaved_write_frame(track->output->format, packet);
        if (rc < 0)
            return trouble(track->output, rc, why);
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF
               ? SH_OK
               : media_give_up(why, "a frame cannot be coded", rc);
}

void media_track_release(struct media_track *track)
{
    avcodec_free_context(&track->encoder);
    avcodec_free_context(&track->decoder);
}
