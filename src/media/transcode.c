/* A clip of any sort that we decode becomes H.264 and AAC in a new MP4, upright. */
#include "media/media_int.h"

#include <unistd.h>

#define PACKETS_MOST (4 * (int64_t)LIMIT_SAMPLES) /* of all streams, those not used too */
#define TELL_PACKETS 32                           /* between two words of how far we are */
#define SHORT_US 500000                           /* headers round more coarsely than this */

struct job {
    struct media_input input;
    struct media_output output;
    struct media_picture picture;
    struct media_sound sound;
    AVPacket *packet;
    AVFrame *frame;
    int64_t packets;
    struct media_coded *coded;
};

static int duration_check(const AVFormatContext *format, struct why *why)
{
    if (format->duration > LIMIT_CLIP_SECONDS * (int64_t)AV_TIME_BASE)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "longer than %d hours",
                       LIMIT_CLIP_SECONDS / 3600);
    return SH_OK;
}

/* Everything that the headers say, before any decoder is opened. */
static int streams_check(const AVFormatContext *format, struct why *why)
{
    const AVStream *stream;
    int rc = duration_check(format, why);

    for (unsigned i = 0; rc == SH_OK && i < format->nb_streams; i++) {
        stream = format->streams[i];
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            (int64_t)stream->codecpar->width * stream->codecpar->height > LIMIT_PIXELS)
            rc = media_stream_check(stream, "video", why);
    }
    return rc;
}

/* What the headers leave open is found out with the decoders of the list, within limits. */
static int streams_probe(AVFormatContext *format, struct why *why)
{
    AVDictionary *options[LIMIT_TRACKS] = {NULL};
    unsigned count = format->nb_streams;
    int rc = 0;

    for (unsigned i = 0; rc >= 0 && i < count && i < COUNT_OF(options); i++) {
        rc = av_dict_set(&options[i], "threads", "1", 0);
        if (rc >= 0)
            rc = av_dict_set_int(&options[i], "max_pixels", LIMIT_PIXELS + 4096 * 16, 0);
    }
    if (rc >= 0 && count > 0 && count <= COUNT_OF(options))
        rc = avformat_find_stream_info(format, options);
    for (unsigned i = 0; i < COUNT_OF(options); i++)
        av_dict_free(&options[i]);
    return rc < 0 ? media_give_up(why, "the clip cannot be read", rc) : SH_OK;
}

static unsigned streams_count(const AVFormatContext *format, enum AVMediaType type)
{
    unsigned count = 0;

    for (unsigned i = 0; i < format->nb_streams; i++)
        count += format->streams[i]->codecpar->codec_type == type &&
                 !(format->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC);
    return count;
}

static int streams_choose(struct job *job, struct why *why)
{
    AVFormatContext *format = job->input.format;
    int video = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    int audio = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, video, NULL, 0);
    int rc;

    if (video < 0 || (format->streams[video]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "no video in it; a word without one is stillhere checkin");
    job->picture.track.stream = format->streams[video];
    if (audio >= 0)
        job->sound.track.stream = format->streams[audio];
    for (unsigned i = 0; i < format->nb_streams; i++)
        if ((int)i != video && (int)i != audio)
            format->streams[i]->discard = AVDISCARD_ALL;
    job->coded->second_video = streams_count(format, AVMEDIA_TYPE_VIDEO) > 1;
    job->coded->second_audio = streams_count(format, AVMEDIA_TYPE_AUDIO) > 1;
    rc = media_stream_check(job->picture.track.stream, "video", why);
    if (rc == SH_OK && audio >= 0)
        rc = media_stream_check(job->sound.track.stream, "sound", why);
    return rc == SH_OK ? duration_check(format, why) : rc;
}

/* The earlier start of both tracks becomes 0. */
static void origin_set(struct job *job)
{
    const AVStream *streams[] = {job->picture.track.stream, job->sound.track.stream};
    int64_t origin = INT64_MAX, start;

    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        if (!streams[i] || streams[i]->start_time == AV_NOPTS_VALUE)
            continue;
        start = av_rescale_q(streams[i]->start_time, streams[i]->time_base, AV_TIME_BASE_Q);
        origin = start < origin ? start : origin;
    }
    /* Far from anything that fits, it would overflow; then times are as if it were unknown. */
    if (origin == INT64_MAX || origin > INT64_MAX / 4 || origin < INT64_MIN / 4)
        origin = 0;
    job->picture.track.origin_us = origin;
    job->sound.track.origin_us = origin;
}

static int job_open(struct job *job, int clip, int out, struct why *why)
{
    int rc = media_input_open(&job->input, clip, NULL, why);

    if (rc == SH_OK)
        rc = streams_check(job->input.format, why);
    if (rc == SH_OK)
        rc = streams_probe(job->input.format, why);
    if (rc == SH_OK)
        rc = streams_choose(job, why);
    if (rc == SH_OK)
        rc = media_output_open(&job->output, out, why);
    if (rc != SH_OK)
        return rc;
    origin_set(job);
    job->packet = av_packet_alloc();
    job->frame = av_frame_alloc();
    if (!job->packet || !job->frame)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory");
    job->picture.track.output = &job->output;
    job->sound.track.output = &job->output;
    rc = media_picture_open(&job->picture, why);
    if (rc == SH_OK && job->sound.track.stream)
        rc = media_sound_open(&job->sound, why);
    return rc == SH_OK ? media_output_begin(&job->output, why) : rc;
}

/* Where the descriptor of the clip stands tells the keeper how far we are. */
static void tell(const struct job *job)
{
    const AVStream *stream = job->picture.track.stream;
    int64_t whole = job->input.format->duration, done;

    if (job->packets % TELL_PACKETS != 0 || job->packet->stream_index != stream->index ||
        job->packet->dts == AV_NOPTS_VALUE || whole <= 0)
        return;
    done = av_rescale_q(job->packet->dts, stream->time_base, AV_TIME_BASE_Q);
    if (done < 0 || done > INT64_MAX / 2)
        return;
    done -= job->picture.track.origin_us;
    if (done > 0 && done <= whole) /* It is only for a progress line. */
        (void)lseek(job->input.fd, av_rescale(job->input.size, done, whole), SEEK_SET);
}

/* Decode packet (NULL: the end) of a track, and encode what comes out. */
static int decode(struct job *job, struct media_track *track, const AVPacket *packet,
                  struct why *why)
{
    int rc = SH_OK;

    /* What cannot be decoded is passed over, and said at the end. */
    if (avcodec_send_packet(track->decoder, packet) < 0 && packet)
        job->coded->damaged = true;
    while (rc == SH_OK) {
        int got = avcodec_receive_frame(track->decoder, job->frame);

        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
            break;
        if (got < 0) {
            job->coded->damaged = true;
            if (packet)
                break;
            continue;
        }
        if (job->frame->decode_error_flags)
            job->coded->damaged = true;
        rc = track == &job->picture.track ? media_picture_take(&job->picture, job->frame, why)
                                          : media_sound_take(&job->sound, job->frame, why);
    }
    return rc;
}

static struct media_track *track_of(struct job *job, const AVPacket *packet)
{
    struct media_track *tracks[] = {&job->picture.track, &job->sound.track};

    for (size_t i = 0; i < COUNT_OF(tracks); i++)
        if (tracks[i]->stream && tracks[i]->stream->index == packet->stream_index)
            return tracks[i];
    return NULL;
}

static int packets_take(struct job *job, struct why *why)
{
    struct media_track *track;
    int got, rc = SH_OK;

    while (rc == SH_OK &&
           (got = av_read_frame(job->input.format, job->packet)) != AVERROR_EOF) {
        if (job->packets++ == PACKETS_MOST)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %lld samples",
                           (long long)PACKETS_MOST);
        if (got < 0) {
            job->coded->damaged = true;
            if (got != AVERROR_INVALIDDATA && got != AVERROR(EAGAIN))
                break;
            continue;
        }
        if (job->packet->flags & AV_PKT_FLAG_CORRUPT)
            job->coded->damaged = true;
        track = track_of(job, job->packet);
        if (track && av_packet_get_side_data(job->packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL))
            return why_set(
                why, SH_EUNSUPPORTED, WHY_NOWHERE,
                "it is encrypted, as films that are sold; nothing of it can be seen");
        if (track)
            rc = decode(job, track, job->packet, why);
        tell(job);
        av_packet_unref(job->packet);
    }
    return rc;
}

/* What the decoders, the resampler and the encoders still hold. */
static int finish(struct job *job, struct why *why)
{
    int rc = decode(job, &job->picture.track, NULL, why);

    if (rc == SH_OK && job->picture.track.next == 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "no picture of it can be decoded");
    if (rc == SH_OK)
        rc = media_track_encode(&job->picture.track, NULL, why);
    if (rc == SH_OK && job->sound.track.stream)
        rc = decode(job, &job->sound.track, NULL, why);
    if (rc == SH_OK && job->sound.track.stream)
        rc = media_sound_take(&job->sound, NULL, why);
    if (rc == SH_OK && job->sound.track.stream)
        rc = media_track_encode(&job->sound.track, NULL, why);
    return rc == SH_OK ? media_output_end(&job->output, why) : rc;
}

/* Did it end long before the headers said that it would?  Then something of it is missing. */
static void shortness_note(struct job *job)
{
    const struct media_track *tracks[] = {&job->picture.track, &job->sound.track};
    int64_t said = 0, reached = 0, time;

    for (size_t i = 0; i < COUNT_OF(tracks); i++) {
        if (!tracks[i]->stream)
            continue;
        time = tracks[i]->stream->duration;
        if (time > 0) /* AV_NOPTS_VALUE is below. */
            time = av_rescale_q(time, tracks[i]->stream->time_base, AV_TIME_BASE_Q);
        said = time > said ? time : said;
        time = av_rescale_q(tracks[i]->next + tracks[i]->step, tracks[i]->encoder->time_base,
                            AV_TIME_BASE_Q);
        reached = time > reached ? time : reached;
    }
    if (job->input.format->duration <= 0)
        return;
    /* The file may be longer than both: by subtitles, or by what an edit list hides. */
    if (said == 0 || said > job->input.format->duration)
        said = job->input.format->duration;
    if (said - reached > SHORT_US)
        job->coded->damaged = true;
}

int media_transcode(int clip, int out, struct media_coded *coded, struct why *why)
{
    struct job job = {.coded = coded};
    int rc;

    *coded = (struct media_coded){0};
    rc = job_open(&job, clip, out, why);
    if (rc == SH_OK)
        rc = packets_take(&job, why);
    if (rc == SH_OK)
        rc = finish(&job, why);
    if (rc == SH_OK)
        shortness_note(&job);
    av_packet_free(&job.packet);
    av_frame_free(&job.frame);
    media_sound_release(&job.sound);
    media_picture_release(&job.picture);
    media_output_close(&job.output);
    media_input_close(&job.input);
    return rc;
}
