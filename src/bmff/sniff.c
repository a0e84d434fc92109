/* What is this file?  Its first bytes, and nothing else, are asked. */
#include "bmff/bmff_int.h"

#include <string.h>

#define SNIFF_BYTES 512

struct magic {
    enum bmff_kind kind;
    uint8_t at;
    uint8_t len;
    const char *bytes;
};

static const struct magic magics[] = {
    {BMFF_PLAYLIST, 0, 7, "#EXTM3U"},
    {BMFF_JPEG, 0, 3, "\xff\xd8\xff"},
    {BMFF_PNG, 0, 8, "\x89PNG\r\n\x1a\n"},
    {BMFF_GIF, 0, 4, "GIF8"},
    {BMFF_WEBP, 8, 4, "WEBP"},
    {BMFF_AVI, 8, 4, "AVI "},
    {BMFF_WAV, 8, 4, "WAVE"},
    {BMFF_MATROSKA, 0, 4, "\x1a\x45\xdf\xa3"},
    {BMFF_OGG, 0, 4, "OggS"},
    {BMFF_AMR, 0, 5, "#!AMR"},
    {BMFF_MP3, 0, 3, "ID3"},
    {BMFF_FLAC, 0, 4, "fLaC"},
    {BMFF_FLV, 0, 3, "FLV"},
    {BMFF_ASF, 0, 4, "\x30\x26\xb2\x75"},
    {BMFF_MPEG_PS, 0, 4, "\x00\x00\x01\xba"},
    {BMFF_ARCHIVE, 0, 4, "PK\x03\x04"},
    {BMFF_ARCHIVE, 0, 2, "\x1f\x8b"},
    {BMFF_ARCHIVE, 0, 6, "7z\xbc\xaf\x27\x1c"},
    {BMFF_ARCHIVE, 0, 4, "Rar!"},
    {BMFF_PDF, 0, 5, "%PDF-"},
};

static const char *const kind_names[BMFF_KINDS] = {
    [BMFF_UNKNOWN] = "a file of an unknown kind",
    [BMFF_MP4] = "MP4",
    [BMFF_MOV] = "QuickTime MOV",
    [BMFF_3GP] = "3GP",
    [BMFF_M4A] = "M4A sound",
    [BMFF_EMPTY] = "an empty file",
    [BMFF_TEXT] = "text",
    [BMFF_PLAYLIST] = "a playlist (HLS)",
    [BMFF_JPEG] = "a photo (JPEG)",
    [BMFF_PNG] = "a picture (PNG)",
    [BMFF_GIF] = "a picture (GIF)",
    [BMFF_WEBP] = "a picture (WebP)",
    [BMFF_HEIC] = "a photo (HEIC or AVIF)",
    [BMFF_MATROSKA] = "WebM or MKV",
    [BMFF_AVI] = "AVI",
    [BMFF_OGG] = "an Ogg sound, such as a voice message",
    [BMFF_AMR] = "an AMR sound, such as a voice message",
    [BMFF_WAV] = "a WAV sound",
    [BMFF_MP3] = "an MP3 sound",
    [BMFF_FLAC] = "a FLAC sound",
    [BMFF_AAC] = "an AAC sound, such as a voice message",
    [BMFF_MPEG_TS] = "an MPEG transport stream",
    [BMFF_MPEG_PS] = "an MPEG program stream",
    [BMFF_FLV] = "Flash video",
    [BMFF_ASF] = "Windows Media",
    [BMFF_ARCHIVE] = "an archive",
    [BMFF_PDF] = "a PDF document",
};

const char *bmff_kind_name(enum bmff_kind kind)
{
    return (unsigned)kind < BMFF_KINDS ? kind_names[kind] : kind_names[BMFF_UNKNOWN];
}

/* A brand of ftyp (14496-12 4.3; the registry at mp4ra.org). */
static enum bmff_kind kind_of_brand(uint32_t brand)
{
    switch (brand) {
    case FOURCC('q', 't', ' ', ' '):
        return BMFF_MOV;
    case FOURCC('M', '4', 'A', ' '):
    case FOURCC('M', '4', 'B', ' '):
        return BMFF_M4A;
    case FOURCC('h', 'e', 'i', 'c'):
    case FOURCC('h', 'e', 'i', 'x'):
    case FOURCC('h', 'e', 'i', 'm'):
    case FOURCC('m', 'i', 'f', '1'):
    case FOURCC('m', 's', 'f', '1'):
    case FOURCC('a', 'v', 'i', 'f'):
        return BMFF_HEIC;
    default:
        break;
    }
    if (brand >> 8 == FOURCC(0, '3', 'g', 'p') || brand >> 8 == FOURCC(0, '3', 'g', '2'))
        return BMFF_3GP;
    return BMFF_MP4;
}

static enum bmff_kind kind_of_box(struct slice head)
{
    struct cursor cur = cursor_of(head);
    uint32_t type;
    uint32_t brand;

    rd_skip(&cur, 4);
    type = rd_u32(&cur);
    brand = rd_u32(&cur);
    if (type == FOURCC('f', 't', 'y', 'p') && !cur.failed)
        return kind_of_brand(brand);
    switch (type) {
    case FOURCC('m', 'o', 'o', 'v'):
    case FOURCC('m', 'd', 'a', 't'):
    case FOURCC('w', 'i', 'd', 'e'):
    case FOURCC('f', 'r', 'e', 'e'):
    case FOURCC('s', 'k', 'i', 'p'):
    case FOURCC('p', 'n', 'o', 't'):
    case FOURCC('u', 'd', 't', 'a'):
    case FOURCC('u', 'u', 'i', 'd'):
        return BMFF_MOV;
    default:
        return BMFF_UNKNOWN;
    }
}

/* Text in UTF-8 or with a UTF-16 mark; the last character may be cut. */
static bool looks_like_text(struct slice head)
{
    size_t len = head.len;

    if (len >= 2 &&
        (memcmp(head.ptr, "\xff\xfe", 2) == 0 || memcmp(head.ptr, "\xfe\xff", 2) == 0))
        return true;
    for (size_t i = 0; i < len; i++)
        if (!head.ptr[i] || (head.ptr[i] < 0x20 && !strchr("\t\n\r\f", head.ptr[i])))
            return false;
    for (size_t cut = 0; cut < 4 && cut < len; cut++)
        if (text_is_utf8(slice_sub(head, 0, len - cut)))
            return true;
    return false;
}

static enum bmff_kind kind_of(struct slice head)
{
    enum bmff_kind kind;

    for (size_t i = 0; i < COUNT_OF(magics); i++) {
        const struct magic *magic = &magics[i];
        size_t end = (size_t)magic->at + magic->len;

        if (head.len >= end && memcmp(head.ptr + magic->at, magic->bytes, magic->len) == 0)
            return magic->kind;
    }
    kind = kind_of_box(head);
    if (kind != BMFF_UNKNOWN)
        return kind;
    if (head.len > 188 && head.ptr[0] == 0x47 && head.ptr[188] == 0x47)
        return BMFF_MPEG_TS;
    if (head.len >= 7 && head.ptr[0] == 0xff && (head.ptr[1] & 0xf6) == 0xf0)
        return BMFF_AAC;
    if (head.len >= 4 && head.ptr[0] == 0xff && (head.ptr[1] & 0xe6) == 0xe2)
        return BMFF_MP3;
    return looks_like_text(head) ? BMFF_TEXT : BMFF_UNKNOWN;
}

int bmff_sniff(const struct bmff_source *source, enum bmff_kind *kind, struct why *why)
{
    uint8_t head[SNIFF_BYTES];
    size_t len = source->size < sizeof(head) ? (size_t)source->size : sizeof(head);
    int rc;

    if (len == 0) {
        *kind = BMFF_EMPTY;
        return SH_OK;
    }
    rc = source->read_at(source->ctx, 0, head, len, why);
    if (rc < 0)
        return rc;
    *kind = kind_of(slice_of(head, len));
    return SH_OK;
}

static int read_slice(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    const struct slice *whole = ctx;

    if (offset > whole->len || len > whole->len - offset)
        return why_set(why, SH_EIO, offset, "read past the end");
    memcpy(buf, whole->ptr + offset, len);
    return SH_OK;
}

struct bmff_source bmff_source_slice(const struct slice *whole)
{
    /* The table takes a plain pointer; read_slice only reads through it. */
    union {
        const struct slice *in;
        void *out;
    } pass = {.in = whole};

    return (struct bmff_source){.read_at = read_slice, .ctx = pass.out, .size = whole->len};
}

enum bmff_sort bmff_sort_of(enum bmff_kind kind)
{
    switch (kind) {
    case BMFF_JPEG:
    case BMFF_PNG:
    case BMFF_GIF:
    case BMFF_WEBP:
    case BMFF_HEIC:
        return BMFF_SORT_PHOTO;
    case BMFF_OGG:
    case BMFF_AMR:
    case BMFF_WAV:
    case BMFF_MP3:
    case BMFF_FLAC:
    case BMFF_AAC:
        return BMFF_SORT_SOUND;
    case BMFF_MATROSKA:
    case BMFF_AVI:
    case BMFF_MPEG_TS:
    case BMFF_MPEG_PS:
    case BMFF_FLV:
    case BMFF_ASF:
        return BMFF_SORT_VIDEO;
    default:
        return BMFF_SORT_OTHER;
    }
}
