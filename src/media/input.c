/* A clip behind a descriptor: one demuxer from a short list, and no protocol at all. */
#include "media/media_int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bmff/bmff.h"

#define BUFFER_BYTES 65536
#define PROBE_BYTES (8 << 20)   /* read for what the headers do not say */
#define PROBE_US (10 * 1000000) /* the same in time */

#define WAY_OUT                                                                                \
    "; \"ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a aac OUT.mp4\" on a computer makes a " \
    "clip to post"

int media_give_up(struct why *why, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = {0};

    if (code == AVERROR(ENOMEM))
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "%s: no memory", what);
    (void)av_strerror(code, text, sizeof(text)); /* An unknown code has a text too. */
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: %s", what, text);
}

static int input_read(void *opaque, uint8_t *buf, int len)
{
    struct media_input *input = opaque;
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
    struct media_input *input = opaque;
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

static int sniff_read(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    const struct media_input *input = ctx;
    ssize_t n = pread(input->fd, buf, len, (off_t)offset);

    if (n < 0 || (size_t)n != len)
        return why_set(why, SH_EIO, offset, "the clip cannot be read");
    return SH_OK;
}

/* Only what cameras, phones and messengers make; nothing that names other files. */
static const char *demuxer_of(enum bmff_kind kind)
{
    switch (kind) {
    case BMFF_MP4:
    case BMFF_MOV:
    case BMFF_3GP:
    case BMFF_M4A:
        return "mov";
    case BMFF_MATROSKA:
        return "matroska";
    case BMFF_AVI:
        return "avi";
    default:
        return NULL;
    }
}

static int demuxer_choose(const struct media_input *input, const char **demuxer,
                          struct why *why)
{
    struct bmff_source source = {
        .read_at = sniff_read, .ctx = (void *)(uintptr_t)input, .size = (uint64_t)input->size};
    enum bmff_kind kind;
    int rc = bmff_sniff(&source, &kind, why);

    if (rc != SH_OK)
        return rc;
    *demuxer = demuxer_of(kind);
    if (!*demuxer && kind != BMFF_MPEG_TS && kind != BMFF_MPEG_PS && kind != BMFF_FLV &&
        kind != BMFF_ASF)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is %s, no video clip",
                       bmff_kind_name(kind));
    if (!*demuxer)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "this is %s; MP4, MOV, 3GP, MKV, WebM and AVI are coded anew" WAY_OUT,
                       bmff_kind_name(kind));
    return SH_OK;
}

/* The short list once more, for whatever a demuxer may want to open by itself. */
static bool lists_set(AVFormatContext *format, const char *demuxer)
{
    format->format_whitelist = av_strdup(demuxer);
    format->protocol_whitelist = av_strdup("none");
    format->codec_whitelist = av_strdup(media_decoder_names);
    return format->format_whitelist && format->protocol_whitelist && format->codec_whitelist;
}

static int format_open(struct media_input *input, const char *demuxer, struct why *why)
{
    const AVInputFormat *found = av_find_input_format(demuxer);
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    AVFormatContext *format = avformat_alloc_context();
    int rc;

    input->format = format;
    input->io = buffer ? avio_alloc_context(buffer, BUFFER_BYTES, 0, input, input_read, NULL,
                                            input_seek)
                       : NULL;
    if (!input->io)
        av_free(buffer);
    if (!found || !format || !input->io || !lists_set(format, found->name))
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory, or no %s demuxer", demuxer);
    format->pb = input->io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = open_refused;
    format->max_streams = LIMIT_TRACKS;
    format->probesize = PROBE_BYTES;
    format->max_analyze_duration = PROBE_US;
    rc = avformat_open_input(&input->format, NULL, found, NULL);
    return rc < 0 ? media_give_up(why, "the clip cannot be opened", rc) : SH_OK;
}

int media_input_open(struct media_input *input, int fd, const char *demuxer, struct why *why)
{
    struct stat st;
    int rc = SH_OK;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return why_set(why, SH_EIO, WHY_NOWHERE, "the clip is no file");
    input->fd = fd;
    input->size = st.st_size;
    if (!demuxer)
        rc = demuxer_choose(input, &demuxer, why);
    return rc == SH_OK ? format_open(input, demuxer, why) : rc;
}

void media_input_close(struct media_input *input)
{
    avformat_close_input(&input->format);
    if (input->io)
        av_freep(&input->io->buffer);
    avio_context_free(&input->io);
}
