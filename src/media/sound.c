/* Sound: AAC-LC of 48 kHz, one channel or two, in step with the pictures. */
#include "media/media_int.h"

#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

#define RATE_HZ 48000
#define SLACK (RATE_HZ / 10) /* samples that a clock may be off before silence is put in */
#define CHANNELS_MOST 16
#define STEREO_BITS 128000 /* a second */
#define MONO_BITS 80000

int media_sound_open(struct media_sound *sound, struct why *why)
{
    struct media_track *track = &sound->track;
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    int channels = track->stream->codecpar->ch_layout.nb_channels == 1 ? 1 : 2;
    int rc = media_decoder_open(track->stream, &track->decoder, why);

    if (rc != SH_OK)
        return rc;
    track->encoder = codec ? avcodec_alloc_context3(codec) : NULL;
    sound->chunk = av_frame_alloc();
    sound->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, channels, RATE_HZ / 10);
    if (!track->encoder || !sound->chunk || !sound->fifo)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no AAC encoder");
    track->encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
    track->encoder->sample_rate = RATE_HZ;
    av_channel_layout_default(&track->encoder->ch_layout, channels);
    track->encoder->bit_rate = channels == 1 ? MONO_BITS : STEREO_BITS;
    track->encoder->time_base = av_make_q(1, RATE_HZ);
    return media_track_open(track, codec, NULL, why);
}

/* Give whole frames of the fifo to the encoder; at the end the rest, too. */
static int fifo_drain(struct media_sound *sound, int least, struct why *why)
{
    struct media_track *track = &sound->track;
    AVFrame *chunk = sound->chunk;
    int count, rc;

    while (av_audio_fifo_size(sound->fifo) >= least) {
        count = av_audio_fifo_size(sound->fifo);
        if (count > track->encoder->frame_size)
            count = track->encoder->frame_size;
        av_frame_unref(chunk);
        chunk->format = AV_SAMPLE_FMT_FLTP;
        chunk->sample_rate = RATE_HZ;
        chunk->nb_samples = count;
        chunk->pts = track->next;
        if (av_channel_layout_copy(&chunk->ch_layout, &track->encoder->ch_layout) < 0 ||
            av_frame_get_buffer(chunk, 0) < 0 ||
            av_audio_fifo_read(sound->fifo, (void **)chunk->data, count) != count)
            return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for sound");
        track->next += count;
        rc = media_track_encode(track, chunk, why);
        if (rc != SH_OK)
            return rc;
    }
    return SH_OK;
}

static int64_t time_reached(const struct media_sound *sound)
{
    return sound->track.next + av_audio_fifo_size(sound->fifo) +
           (sound->swr ? swr_get_delay(sound->swr, RATE_HZ) : 0);
}

static int silence_put(struct media_sound *sound, int64_t count, struct why *why)
{
    int frame = sound->track.encoder->frame_size;
    AVFrame *chunk = sound->chunk;
    int part, rc;

    while (count > 0) {
        part = count < frame ? (int)count : frame;
        av_frame_unref(chunk);
        chunk->format = AV_SAMPLE_FMT_FLTP;
        chunk->nb_samples = part;
        if (av_channel_layout_copy(&chunk->ch_layout, &sound->track.encoder->ch_layout) < 0 ||
            av_frame_get_buffer(chunk, 0) < 0 ||
            av_samples_set_silence(chunk->data, 0, part, chunk->ch_layout.nb_channels,
                                   AV_SAMPLE_FMT_FLTP) < 0 ||
            av_audio_fifo_write(sound->fifo, (void **)chunk->data, part) != part)
            return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for sound");
        count -= part;
        rc = fifo_drain(sound, frame, why);
        if (rc != SH_OK)
            return rc;
    }
    return SH_OK;
}

/* Take frame (NULL: what is left inside) through the resampler into the fifo. */
static int convert(struct media_sound *sound, AVFrame *frame, struct why *why)
{
    const uint8_t *planes[CHANNELS_MOST] = {NULL};
    AVFrame *made = sound->chunk;
    int most = swr_get_out_samples(sound->swr, frame ? frame->nb_samples : 0);
    int count;

    if (most <= 0)
        return SH_OK;
    for (int i = 0; frame && i < (av_sample_fmt_is_planar((enum AVSampleFormat)frame->format)
                                      ? frame->ch_layout.nb_channels
                                      : 1);
         i++)
        planes[i] = frame->extended_data[i];
    av_frame_unref(made);
    made->format = AV_SAMPLE_FMT_FLTP;
    made->nb_samples = most;
    if (av_channel_layout_copy(&made->ch_layout, &sound->track.encoder->ch_layout) < 0 ||
        av_frame_get_buffer(made, 0) < 0)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for sound");
    count = swr_convert(sound->swr, made->data, most, frame ? planes : NULL,
                        frame ? frame->nb_samples : 0);
    if (count < 0)
        return media_give_up(why, "its sound cannot be converted", count);
    if (av_audio_fifo_write(sound->fifo, (void **)made->data, count) != count)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for sound");
    return SH_OK;
}

static bool frame_is_odd(AVFrame *frame)
{
    return frame->nb_samples <= 0 || frame->sample_rate < 4000 || frame->sample_rate > 384000 ||
           frame->ch_layout.nb_channels < 1 || frame->ch_layout.nb_channels > CHANNELS_MOST;
}

/* Set up for the sort of this frame; what is left of another sort comes out first. */
static int resampler_fit(struct media_sound *sound, AVFrame *frame, struct why *why)
{
    int rc = SH_OK;

    if (sound->swr && sound->rate == frame->sample_rate && sound->format == frame->format &&
        sound->channels == frame->ch_layout.nb_channels)
        return SH_OK;
    if (sound->swr)
        rc = convert(sound, NULL, why);
    swr_free(&sound->swr);
    if (rc != SH_OK)
        return rc;
    rc = swr_alloc_set_opts2(&sound->swr, &sound->track.encoder->ch_layout, AV_SAMPLE_FMT_FLTP,
                             RATE_HZ, &frame->ch_layout, (enum AVSampleFormat)frame->format,
                             frame->sample_rate, 0, NULL);
    /* Six channels added up into two must not be louder than a sample can be. */
    if (rc >= 0)
        rc = av_opt_set_double(sound->swr, "rematrix_maxval", 1.0, 0);
    if (rc >= 0)
        rc = swr_init(sound->swr);
    if (rc < 0) {
        swr_free(&sound->swr);
        return media_give_up(why, "its sound cannot be converted", rc);
    }
    sound->rate = frame->sample_rate;
    sound->format = frame->format;
    sound->channels = frame->ch_layout.nb_channels;
    return SH_OK;
}

/* Compare the clip's clock with what is there: fill what is missing, drop what overlaps. */
static int keep_step(struct media_sound *sound, AVFrame *frame, bool *drop, struct why *why)
{
    int64_t time = media_track_time(&sound->track, frame);
    int64_t reached = time_reached(sound);
    int64_t slack = reached ? SLACK : 0;

    *drop = false;
    if (time == INT64_MIN)
        return SH_OK;
    if (time > (int64_t)LIMIT_CLIP_SECONDS * RATE_HZ)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "longer than %d hours",
                       LIMIT_CLIP_SECONDS / 3600);
    if (time < reached - SLACK) {
        *drop = true;
        return SH_OK;
    }
    return time > reached + slack ? silence_put(sound, time - reached, why) : SH_OK;
}

int media_sound_take(struct media_sound *sound, AVFrame *frame, struct why *why)
{
    bool drop;
    int rc;

    if (!frame) {
        rc = sound->swr ? convert(sound, NULL, why) : SH_OK;
        return rc == SH_OK ? fifo_drain(sound, 1, why) : rc;
    }
    if (frame_is_odd(frame))
        return SH_OK;
    rc = keep_step(sound, frame, &drop, why);
    if (rc != SH_OK || drop)
        return rc;
    if (time_reached(sound) > (int64_t)LIMIT_CLIP_SECONDS * RATE_HZ)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "longer than %d hours",
                       LIMIT_CLIP_SECONDS / 3600);
    rc = resampler_fit(sound, frame, why);
    if (rc == SH_OK)
        rc = convert(sound, frame, why);
    return rc == SH_OK ? fifo_drain(sound, sound->track.encoder->frame_size, why) : rc;
}

void media_sound_release(struct media_sound *sound)
{
    swr_free(&sound->swr);
    if (sound->fifo)
        av_audio_fifo_free(sound->fifo);
    sound->fifo = NULL;
    av_frame_free(&sound->chunk);
    media_track_release(&sound->track);
}
