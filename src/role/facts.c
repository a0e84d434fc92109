/* Facts about a clip, from a caged process to the keeper. */
#include "role/role_int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOURCC(a, b, c, d)                                                                     \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static int source_read(void *ctx, uint64_t offset, void *buf, size_t len, struct why *why)
{
    uint8_t *at = buf;
    ssize_t n;

    while (len > 0) {
        n = pread(*(const int *)ctx, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return why_set(why, SH_EIO, offset, "the clip cannot be read at %llu: %s",
                           (unsigned long long)offset, strerror(errno));
        if (n == 0)
            return why_set(why, SH_EIO, offset,
                           "the clip became shorter while it was read; copy it to this "
                           "machine first");
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return SH_OK;
}

int role_source(const int *fd, struct bmff_source *source, struct why *why)
{
    struct stat st;

    if (fstat(*fd, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the clip cannot be read: %s",
                       strerror(errno));
    if (!S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "this is no file that can be read twice");
    *source = (struct bmff_source){
        .read_at = source_read, .ctx = (void *)(uintptr_t)fd, .size = (uint64_t)st.st_size};
    return SH_OK;
}

void role_facts_send(const struct proc_side *side, const struct bmff_facts *facts)
{
    const uint32_t words[] = {facts->width,        facts->height,        facts->coded_width,
                              facts->coded_height, facts->rotation,      facts->video_codec,
                              facts->audio_codec,  facts->video_samples, facts->audio_samples,
                              facts->removed,      facts->notes};
    struct bytes out;

    bytes_init(&out, ROLE_FACTS_BYTES);
    bytes_u64(&out, facts->file_bytes);
    bytes_u64(&out, facts->head_bytes);
    bytes_u64(&out, facts->room_bytes);
    bytes_u64(&out, facts->duration_ms);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        bytes_u32(&out, words[i]);
    if (bytes_check(&out, NULL) == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
}

static bool video_is_known(uint32_t codec)
{
    return codec == FOURCC('a', 'v', 'c', '1') || codec == FOURCC('a', 'v', 'c', '3') ||
           codec == FOURCC('h', 'v', 'c', '1') || codec == FOURCC('h', 'e', 'v', '1') ||
           codec == FOURCC('a', 'v', '0', '1') || codec == FOURCC('v', 'p', '0', '9');
}

static bool sound_is_known(uint32_t codec)
{
    return codec == 0 || codec == FOURCC('m', 'p', '4', 'a') ||
           codec == FOURCC('O', 'p', 'u', 's') || codec == FOURCC('a', 'l', 'a', 'c');
}

static bool facts_are_sane(const struct bmff_facts *facts)
{
    const uint32_t all_notes = BMFF_NOTE_NO_AUDIO | BMFF_NOTE_SECOND_AUDIO |
                               BMFF_NOTE_SECOND_VIDEO | BMFF_NOTE_HEVC | BMFF_NOTE_CUT_STAYS |
                               BMFF_NOTE_AV1 | BMFF_NOTE_SOUND;

    return facts->file_bytes >= 1 && facts->file_bytes <= LIMIT_CLIP_BYTES &&
           facts->head_bytes >= 1 && facts->head_bytes <= facts->file_bytes &&
           facts->room_bytes <= LIMIT_ROOM_BYTES && facts->room_bytes < facts->head_bytes &&
           facts->duration_ms >= 1 &&
           facts->duration_ms <= (uint64_t)LIMIT_CLIP_SECONDS * 1000 && facts->width >= 1 &&
           facts->width <= LIMIT_PIXELS && facts->height >= 1 &&
           facts->height <= LIMIT_PIXELS && facts->coded_width >= 1 &&
           facts->coded_height >= 1 &&
           (uint64_t)facts->coded_width * facts->coded_height <= LIMIT_PIXELS &&
           facts->rotation % 90 == 0 && facts->rotation < 360 &&
           video_is_known(facts->video_codec) && sound_is_known(facts->audio_codec) &&
           facts->video_samples >= 1 && facts->video_samples <= LIMIT_SAMPLES &&
           facts->audio_samples <= LIMIT_SAMPLES &&
           (facts->audio_codec != 0) == (facts->audio_samples != 0) &&
           facts->removed < (1u << BMFF_REMOVED_KINDS) && (facts->notes & ~all_notes) == 0;
}

int role_facts_take(struct slice report, const char *name, struct bmff_facts *facts,
                    struct why *why)
{
    struct bmff_facts got = {0};
    uint32_t *const words[] = {&got.width,        &got.height,        &got.coded_width,
                               &got.coded_height, &got.rotation,      &got.video_codec,
                               &got.audio_codec,  &got.video_samples, &got.audio_samples,
                               &got.removed,      &got.notes};
    struct cursor cur = cursor_of(report);

    got.file_bytes = rd_u64(&cur);
    got.head_bytes = rd_u64(&cur);
    got.room_bytes = rd_u64(&cur);
    got.duration_ms = rd_u64(&cur);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        *words[i] = rd_u32(&cur);
    if (cur.failed || rd_left(&cur) > 0 || !facts_are_sane(&got))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s gave an answer that makes no sense; nothing of it was used", name);
    *facts = got;
    return SH_OK;
}
