/* What could betray: the boxes of a clip, walked for what they tell (14496-12 4.2, 8.2). */
#include "bmff/leaks_int.h"

#include <string.h>

#define EPOCH_1900 UINT64_C(2208988800) /* seconds from 1900 to 1970, as NTP counts */
#define TAIL_BYTES 4096                 /* of a trailer: what it is stands at its end */

int bmff_leaks_read(struct bmff_finder *finder, struct bmff_run where, struct slice *out,
                    struct why *why)
{
    uint64_t size = finder->source->size;
    uint8_t *room;
    size_t len;
    int rc;

    *out = slice_of(NULL, 0);
    if (where.offset > size)
        where.offset = size;
    if (where.len > size - where.offset)
        where.len = size - where.offset;
    if (where.len > LIMIT_LEAKS_WINDOW)
        where.len = LIMIT_LEAKS_WINDOW;
    if (where.len > finder->left) {
        finder->out->unseen |= BMFF_UNSEEN_MORE;
        where.len = finder->left;
    }
    len = (size_t)where.len;
    if (!len)
        return SH_OK;
    bytes_clear(&finder->window);
    room = bytes_room(&finder->window, len);
    if (!room)
        return why_set(why, SH_ENOMEM, where.offset, "out of memory");
    rc = finder->source->read_at(finder->source->ctx, where.offset, room, len, why);
    if (rc < 0)
        return rc;
    finder->left -= len;
    *out = slice_of(room, len);
    return SH_OK;
}

/* ---- moov ---- */

/* creation_time and modification_time of mvhd, tkhd and mdhd. */
static void take_dates(struct bmff_finder *finder, const struct bmff_box *box)
{
    struct cursor cur = cursor_of(box->body);
    bool wide = rd_u8(&cur) == 1;
    struct bmff_label label = bmff_label_of(box->type);
    uint64_t made, changed;

    rd_skip(&cur, 3);
    made = wide ? rd_u64(&cur) : rd_u32(&cur);
    changed = wide ? rd_u64(&cur) : rd_u32(&cur);
    bmff_leaks_date(finder, label.text, made);
    bmff_leaks_date(finder, label.text, changed);
}

/* Three letters of five bits each (14496-12 8.4.2). */
static void take_language(struct bmff_finder *finder, const struct bmff_box *mdhd)
{
    size_t at = mdhd->body.len && mdhd->body.ptr[0] == 1 ? 32 : 20;
    struct cursor cur = cursor_of(mdhd->body);
    char code[4] = {0};
    uint16_t packed;

    rd_skip(&cur, at);
    packed = rd_u16(&cur);
    if (cur.failed || packed < 0x400)
        return; /* QuickTime's own numbers: 0 is English, and what most write. */
    for (unsigned i = 0; i < 3; i++)
        code[i] = (char)((packed >> (10 - 5 * i) & 31) + 0x60);
    if (memcmp(code, "und", 3) != 0)
        bmff_leaks_text(finder, BMFF_LEAK_LANGUAGE, "mdhd", slice_text(code));
}

/* The name behind handler_type and what is reserved; QuickTime counts its bytes in front. */
static void take_handler(struct bmff_finder *finder, const struct bmff_box *hdlr)
{
    struct slice name;

    if (hdlr->body.len <= 24)
        return;
    name = slice_sub(hdlr->body, 24, hdlr->body.len - 24);
    if (name.ptr[0] < 0x20 && name.ptr[0] < name.len)
        name = slice_sub(name, 1, name.ptr[0]);
    name.len = slice_find(name, 0, 0);
    bmff_leaks_text(finder, BMFF_LEAK_NAME, "hdlr", name);
}

static void path_add(struct bmff_finder *finder, const char *name)
{
    size_t used = strlen(finder->path);

    if (used && used + 1 < sizeof(finder->path))
        finder->path[used++] = '/';
    for (; *name && used + 1 < sizeof(finder->path); name++)
        finder->path[used++] = *name;
    finder->path[used] = 0;
}

/* udta and meta: what lies in them is named with the box itself in its path. */
static void take_notes(struct bmff_finder *finder, const struct bmff_box *box)
{
    size_t used = strlen(finder->path);
    struct bmff_label label = bmff_label_of(box->type);

    path_add(finder, label.text);
    if (box->type == FOURCC('u', 'd', 't', 'a'))
        bmff_leaks_udta(finder, box);
    else
        bmff_leaks_meta(finder, box);
    finder->path[used] = 0;
}

static bool is_container(uint32_t type)
{
    return type == FOURCC('t', 'r', 'a', 'k') || type == FOURCC('m', 'd', 'i', 'a') ||
           type == FOURCC('m', 'i', 'n', 'f') || type == FOURCC('s', 't', 'b', 'l') ||
           type == FOURCC('m', 'e', 'c', 'o');
}

static struct bmff_leaks_track *track_now(struct bmff_finder *finder)
{
    return finder->track_count ? &finder->track[finder->track_count - 1] : NULL;
}

/* LONG: a flat switch. */
static void take_leaf(struct bmff_finder *finder, const struct bmff_box *box)
{
    struct bmff_leaks_track *track = track_now(finder);
    struct cursor cur = cursor_of(box->body);
    struct bmff_label label = bmff_label_of(box->type);

    switch (box->type) {
    case FOURCC('m', 'v', 'h', 'd'):
    case FOURCC('t', 'k', 'h', 'd'):
        take_dates(finder, box);
        break;
    case FOURCC('m', 'd', 'h', 'd'):
        take_dates(finder, box);
        take_language(finder, box);
        break;
    case FOURCC('h', 'd', 'l', 'r'):
        rd_skip(&cur, 8);
        if (track && !track->has_meta_handler) {
            track->handler = rd_u32(&cur);
            track->has_meta_handler = true;
        }
        take_handler(finder, box);
        break;
    case FOURCC('s', 't', 's', 'd'):
        if (track)
            track->stsd = *box;
        break;
    case FOURCC('s', 't', 's', 'c'):
        if (track)
            track->stsc = *box;
        break;
    case FOURCC('s', 't', 's', 'z'):
    case FOURCC('s', 't', 'z', '2'):
        if (track)
            track->sizes = *box;
        break;
    case FOURCC('s', 't', 'c', 'o'):
    case FOURCC('c', 'o', '6', '4'):
        if (track)
            track->chunk = *box;
        break;
    case FOURCC('e', 'l', 'n', 'g'):
        if (box->body.len > 4)
            bmff_leaks_text(finder, BMFF_LEAK_LANGUAGE, "elng",
                            slice_sub(box->body, 4, box->body.len - 4));
        break;
    case FOURCC('g', 'p', 's', ' '): /* where a dashcam's positions lie among the samples */
        bmff_leaks_text(finder, BMFF_LEAK_POSITION, "gps", slice_text("gps"));
        break;
    case FOURCC('u', 'd', 't', 'a'):
    case FOURCC('m', 'e', 't', 'a'):
        take_notes(finder, box);
        break;
    case FOURCC('u', 'u', 'i', 'd'):
        bmff_leaks_uuid(finder, box->body);
        break;
    case FOURCC('s', 't', 't', 's'):
    case FOURCC('c', 't', 't', 's'):
    case FOURCC('s', 't', 's', 's'):
    case FOURCC('s', 'd', 't', 'p'):
    case FOURCC('s', 't', 'p', 's'):
    case FOURCC('s', 'g', 'p', 'd'):
    case FOURCC('s', 'b', 'g', 'p'):
    case FOURCC('c', 's', 'l', 'g'):
    case FOURCC('e', 'd', 't', 's'):
    case FOURCC('t', 'r', 'e', 'f'):
    case FOURCC('t', 'a', 'p', 't'):
    case FOURCC('d', 'i', 'n', 'f'):
    case FOURCC('v', 'm', 'h', 'd'):
    case FOURCC('s', 'm', 'h', 'd'):
    case FOURCC('n', 'm', 'h', 'd'):
    case FOURCC('g', 'm', 'h', 'd'):
    case FOURCC('m', 'v', 'e', 'x'):
    case FOURCC('i', 'o', 'd', 's'):
    case FOURCC('l', 'o', 'a', 'd'):
    case FOURCC('c', 'l', 'i', 'p'):
    case FOURCC('t', 'r', 'g', 'r'):
        break; /* Numbers for players. */
    default:
        bmff_leaks_blob(finder, label.text, box->body);
        break;
    }
}

struct level {
    struct bmff_walk walk;
    size_t path; /* length of the path without this box's name */
};

static bool enter(struct bmff_finder *finder, const struct bmff_box *box, struct level *level)
{
    struct bmff_label label = bmff_label_of(box->type);
    char number[8];

    level->path = strlen(finder->path);
    if (box->type == FOURCC('t', 'r', 'a', 'k')) {
        if (finder->track_count == LIMIT_TRACKS) {
            finder->out->unseen |= BMFF_UNSEEN_MORE;
            return false;
        }
        number[0] = '[';
        number[1] = (char)('0' + finder->track_count / 10);
        number[2] = (char)('0' + finder->track_count % 10);
        number[3] = ']';
        number[4] = 0;
        if (number[1] == '0')
            memmove(number + 1, number + 2, 3);
        memcpy(label.text + 4, number, sizeof(number));
        finder->track[finder->track_count++] = (struct bmff_leaks_track){0};
    }
    path_add(finder, label.text);
    level->walk = bmff_walk_of(box, 0, &finder->census);
    return true;
}

static void take_moov(struct bmff_finder *finder, const struct bmff_box *moov)
{
    struct level stack[LIMIT_BOX_DEPTH];
    unsigned depth = 0;
    struct bmff_box box;
    int rc;

    if (enter(finder, moov, &stack[0]))
        depth = 1;
    while (depth > 0) {
        rc = bmff_walk_next(&stack[depth - 1].walk, &box, NULL);
        if (rc < 0)
            finder->out->unseen |= BMFF_UNSEEN_DAMAGED;
        if (rc <= 0)
            finder->path[stack[--depth].path] = 0;
        else if (!is_container(box.type))
            take_leaf(finder, &box);
        else if (depth == LIMIT_BOX_DEPTH)
            finder->out->unseen |= BMFF_UNSEEN_MORE;
        else if (enter(finder, &box, &stack[depth]))
            depth++;
    }
}

static int read_moov(struct bmff_finder *finder, struct bmff_run body, struct why *why)
{
    struct bmff_box moov = {.type = FOURCC('m', 'o', 'o', 'v'),
                            .found = true,
                            .at = body.offset,
                            .body_at = body.offset};
    uint8_t *room;
    int rc;

    finder->has_moov = true;
    if (body.len > LIMIT_MOOV_BYTES || finder->track_count) {
        finder->out->unseen |= BMFF_UNSEEN_MORE;
        return SH_OK;
    }
    bytes_release(&finder->moov);
    bytes_init(&finder->moov, (size_t)body.len + 1);
    room = bytes_room(&finder->moov, (size_t)body.len + 1);
    if (!room)
        return why_set(why, SH_ENOMEM, body.offset, "moov: out of memory");
    rc = body.len ? finder->source->read_at(finder->source->ctx, body.offset, room,
                                            (size_t)body.len, why)
                  : SH_OK;
    if (rc < 0)
        return rc;
    moov.body = slice_of(room, (size_t)body.len);
    take_moov(finder, &moov);
    return SH_OK;
}

/* ---- the top level ---- */

struct head {
    uint32_t type;
    struct bmff_run body;
    uint64_t end;
    bool sane; /* can be a box, and lies inside the file */
};

static bool is_core(uint32_t type)
{
    return type == FOURCC('m', 'o', 'o', 'v') || type == FOURCC('m', 'd', 'a', 't') ||
           type == FOURCC('m', 'o', 'o', 'f');
}

static int read_head(const struct bmff_finder *finder, uint64_t at, struct head *head,
                     struct why *why)
{
    uint8_t buf[16] = {0};
    uint64_t left = finder->source->size - at;
    struct cursor cur = cursor_of(slice_of(buf, sizeof(buf)));
    uint64_t size, header = 8;
    int rc = finder->source->read_at(finder->source->ctx, at, buf,
                                     left < 16 ? (size_t)left : 16, why);

    if (rc < 0)
        return rc;
    size = rd_u32(&cur);
    *head = (struct head){.type = rd_u32(&cur), .sane = left >= 8};
    if (size == 1) {
        size = rd_u64(&cur);
        header = 16;
    } else if (size == 0) {
        size = left;
    }
    for (unsigned i = 0; i < 32; i += 8)
        head->sane = head->sane && (head->type >> i & 0xff) >= 0x20;
    head->sane = head->sane && size >= header;
    /* As bmff_read_file has it: behind a whole clip, what does not fit is no box. */
    if (size > left && finder->track_count && !is_core(head->type))
        head->sane = false;
    if (head->sane && size > left) {
        finder->out->unseen |= BMFF_UNSEEN_DAMAGED;
        size = left < header ? header : left;
    }
    head->body =
        (struct bmff_run){.offset = at + header, .len = head->sane ? size - header : 0};
    head->end = at + size;
    return SH_OK;
}

/* The clock of who made a fragment (14496-12 8.16.5): seconds since 1900 and their parts. */
static void take_prft(struct bmff_finder *finder, const struct bmff_box *prft)
{
    struct cursor cur = cursor_of(prft->body);
    uint64_t seconds;

    rd_skip(&cur, 8); /* version, flags, reference_track_ID */
    seconds = rd_u32(&cur);
    if (seconds > EPOCH_1900)
        bmff_leaks_date(finder, "prft", seconds - EPOCH_1900);
}

/* A box in memory as far as a window reaches. */
static int take_window(struct bmff_finder *finder, const struct head *head, struct why *why)
{
    struct bmff_box box = {.type = head->type, .found = true, .body_at = head->body.offset};
    struct bmff_label label = bmff_label_of(head->type);
    int rc = bmff_leaks_read(finder, head->body, &box.body, why);

    if (rc < 0 || !box.body.len)
        return rc;
    if (head->body.len > LIMIT_LEAKS_WINDOW)
        finder->out->unseen |= BMFF_UNSEEN_MORE;
    switch (head->type) {
    case FOURCC('u', 'u', 'i', 'd'):
        bmff_leaks_uuid(finder, box.body);
        break;
    case FOURCC('u', 'd', 't', 'a'):
    case FOURCC('m', 'e', 't', 'a'):
        take_notes(finder, &box);
        break;
    case FOURCC('p', 'r', 'f', 't'):
        take_prft(finder, &box);
        break;
    default:
        bmff_leaks_blob(finder, label.text, box.body);
        break;
    }
    return SH_OK;
}

/* What stands behind the last box, or instead of one. */
static int take_trailer(struct bmff_finder *finder, uint64_t at, struct why *why)
{
    uint64_t left = finder->source->size - at;
    struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_HIDDEN, "trailer");
    struct slice bytes;
    int rc = bmff_leaks_read(finder, (struct bmff_run){.offset = at, .len = left}, &bytes, why);

    if (rc < 0)
        return rc;
    bmff_leaks_put(finder, &leak);
    bmff_leaks_blob(finder, "trailer", bytes);
    if (left <= LIMIT_LEAKS_WINDOW)
        return SH_OK;
    finder->out->unseen |= BMFF_UNSEEN_MORE;
    rc = bmff_leaks_read(
        finder,
        (struct bmff_run){.offset = finder->source->size - TAIL_BYTES, .len = TAIL_BYTES},
        &bytes, why);
    if (rc == SH_OK)
        bmff_leaks_blob(finder, "trailer", bytes);
    return rc;
}

static int take_top(struct bmff_finder *finder, const struct head *head, struct why *why)
{
    struct bmff_leak leak;

    switch (head->type) {
    case FOURCC('m', 'o', 'o', 'v'):
        return read_moov(finder, head->body, why);
    case FOURCC('f', 't', 'y', 'p'):
    case FOURCC('s', 't', 'y', 'p'):
    case FOURCC('m', 'd', 'a', 't'):
    case FOURCC('m', 'f', 'r', 'a'):
    case FOURCC('s', 'i', 'd', 'x'):
    case FOURCC('s', 's', 'i', 'x'):
    case FOURCC('p', 'd', 'i', 'n'):
    case FOURCC('p', 'n', 'o', 't'):
        return SH_OK;
    case FOURCC('m', 'o', 'o', 'f'):
        finder->fragments = true;
        return SH_OK;
    case FOURCC('P', 'I', 'C', 'T'):
        leak = bmff_leaks_new(finder, BMFF_LEAK_PICTURE, "PICT");
        bmff_leaks_put(finder, &leak);
        return SH_OK;
    default:
        return take_window(finder, head, why);
    }
}

static int walk_file(struct bmff_finder *finder, struct why *why)
{
    struct head head;
    uint64_t at = 0;
    int rc = SH_OK;

    while (rc == SH_OK && at < finder->source->size) {
        rc = read_head(finder, at, &head, why);
        if (rc < 0)
            return rc;
        if (++finder->census.boxes > LIMIT_BOXES) {
            finder->out->unseen |= BMFF_UNSEEN_MORE;
            return SH_OK;
        }
        if (!head.sane)
            return take_trailer(finder, at, why);
        rc = take_top(finder, &head, why);
        at = head.end;
    }
    return rc;
}

/* The clip's word on how exact its position is, where it is coarser than its digits. */
static void weigh_positions(const struct bmff_finder *finder)
{
    for (uint32_t i = 0; i < finder->out->count; i++) {
        struct bmff_leak *leak = &finder->out->leak[i];

        if (leak->has_position && leak->radius_m < finder->accuracy_m)
            leak->radius_m = finder->accuracy_m;
    }
}

int bmff_leaks_find(const struct bmff_source *source, struct bmff_leaks *out, struct why *why)
{
    struct bmff_finder finder = {.source = source, .out = out, .left = LIMIT_LEAKS_READ};
    int rc;

    memset(out, 0, sizeof(*out));
    rc = bmff_sniff(source, &out->kind, why);
    if (rc < 0)
        return rc;
    if (out->kind != BMFF_MP4 && out->kind != BMFF_MOV && out->kind != BMFF_3GP &&
        out->kind != BMFF_M4A) {
        out->unseen = BMFF_UNSEEN_KIND;
        return SH_OK;
    }
    bytes_init(&finder.window, LIMIT_LEAKS_WINDOW);
    rc = walk_file(&finder, why);
    if (rc == SH_OK && !finder.has_moov) /* Nobody knows what lies in the rest. */
        out->unseen |= BMFF_UNSEEN_DAMAGED;
    if (rc == SH_OK)
        rc = bmff_leaks_tracks(&finder, why);
    weigh_positions(&finder);
    bytes_release(&finder.window);
    bytes_release(&finder.moov);
    return rc;
}
