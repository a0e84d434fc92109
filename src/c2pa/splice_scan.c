/*
 * Finds in a file what names places in it: 14496-12 8.7.5 (stco, co64), 8.7.9 (saio), 8.8.7
 * (tfhd), 8.8.10 (tfra), 8.11.3 (iloc), 8.16.3 (sidx); and the boxes of credentials (C2PA A.5).
 * Only heads of boxes and of tables are read.
 */
#include "c2pa/splice_int.h"

#include <string.h>

#define FOURCC(a, b, c, d)                                                                     \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define WINDOW_BYTES 65536 /* of the file, read at once */
#define HEAD_BYTES 64      /* looked at of each box */
#define FULL_BYTES 4       /* version and flags */

#define NO_FILE_OF_BOXES "it is no MP4, MOV, M4A, 3GP, HEIC or AVIF, and only these are signed"

struct box {
    uint32_t type;
    uint64_t at, body, end; /* offsets */
    uint8_t size_width;     /* of its size: 4, 8, or 0 when it goes to the end of the file */
};

/* The way down to the box at hand. */
struct level {
    uint32_t type;
    uint64_t at, end;
};

struct scan {
    struct c2pa_splice *splice;
    struct bytes window;
    uint64_t window_at;
    struct level level[LIMIT_BOX_DEPTH];
    unsigned depth;
    uint32_t boxes;
    uint64_t ftyp_end; /* 0: none yet */
    unsigned stores;
};

/* len (<= WINDOW_BYTES) bytes at an offset, which lie inside the file. */
static int window_at(struct scan *scan, uint64_t at, size_t len, const uint8_t **out,
                     struct why *why)
{
    const struct bmff_source *source = &scan->splice->source;
    uint64_t have = scan->window.len, take;
    uint8_t *room;
    int rc;

    if (at < scan->window_at || at - scan->window_at > have ||
        have - (at - scan->window_at) < len) {
        /* Small steps first: boxes far apart should not cost a window each. */
        take = len <= HEAD_BYTES &&
                       (at < scan->window_at || at - scan->window_at > 4 * WINDOW_BYTES)
                   ? 4096
                   : WINDOW_BYTES;
        if (take < len)
            take = len;
        if (take > source->size - at)
            take = source->size - at;
        bytes_clear(&scan->window);
        room = bytes_room(&scan->window, (size_t)take);
        if (!room)
            return bytes_check(&scan->window, why);
        rc = source->read_at(source->ctx, at, room, (size_t)take, why);
        if (rc != SH_OK)
            return rc;
        scan->window.len = (size_t)take;
        scan->window_at = at;
    }
    *out = scan->window.ptr + (at - scan->window_at);
    return SH_OK;
}

/* A cursor over the bytes from `at` on, up to `most` of them and not beyond `end`. */
struct part {
    uint64_t at, end;
    size_t most;
};

static int part_at(struct scan *scan, struct part part, struct cursor *out, struct why *why)
{
    uint64_t at = part.at, end = part.end;
    size_t len = part.most;
    const uint8_t *bytes = NULL;
    int rc = SH_OK;

    if (at > end)
        at = end;
    if (len > end - at)
        len = (size_t)(end - at);
    if (len)
        rc = window_at(scan, at, len, &bytes, why);
    *out = cursor_of(slice_of(bytes, len));
    return rc;
}

static int broken(uint64_t at, const char *what, struct why *why)
{
    return why_set(why, SH_EFORMAT, at, "the file is damaged: %s", what);
}

static int edit_add(struct scan *scan, uint64_t at, uint64_t remove, struct why *why)
{
    struct splice_edit edit = {.at = at, .remove = remove};

    bytes_append(&scan->splice->edits, &edit, sizeof(edit));
    return bytes_check(&scan->splice->edits, why);
}

static int room_add(struct scan *scan, uint64_t at, struct why *why)
{
    scan->splice->home = splice_edit_count(scan->splice);
    return edit_add(scan, at, 0, why);
}

/* Patches are found in the order of the file; rows must lie before end. */
static int patch_add(struct scan *scan, struct splice_patch patch, uint64_t end,
                     struct why *why)
{
    uint64_t bytes;

    if (!patch.count)
        return SH_OK;
    bytes = (uint64_t)(patch.count - 1) * patch.stride + patch.width;
    if (patch.at > end || bytes > end - patch.at)
        return broken(patch.at, "a table of places ends behind its box", why);
    bytes_append(&scan->splice->patches, &patch, sizeof(patch));
    return bytes_check(&scan->splice->patches, why);
}

/* The size of a box that has places in it, which may need more room. */
static int grown_add(struct scan *scan, const struct box *box, struct why *why)
{
    return patch_add(scan,
                     (struct splice_patch){.at = box->size_width == 8 ? box->at + 8 : box->at,
                                           .base = box->end,
                                           .count = box->size_width != 0,
                                           .stride = box->size_width,
                                           .width = box->size_width,
                                           .kind = SPLICE_GROWN},
                     box->end, why);
}

/* Of a stco both its size and its name may change; a long size stands behind the name. */
static int head_add(struct scan *scan, const struct box *box, struct why *why)
{
    const struct splice_patch name = {
        .at = box->at + 4, .count = 1, .stride = 4, .width = 4, .kind = SPLICE_NAME};
    int rc = box->size_width == 8 ? SH_OK : grown_add(scan, box, why);

    if (rc == SH_OK)
        rc = patch_add(scan, name, box->end, why);
    return rc == SH_OK && box->size_width == 8 ? grown_add(scan, box, why) : rc;
}

/* ---- boxes that name places ---- */

static int table_take(struct scan *scan, const struct box *box, uint8_t width, struct why *why)
{
    struct cursor cur;
    uint32_t count;
    int rc = part_at(scan, (struct part){box->body, box->end, 8}, &cur, why);

    if (rc != SH_OK)
        return rc;
    rd_skip(&cur, FULL_BYTES);
    count = rd_u32(&cur);
    if (cur.failed)
        return broken(box->at, "a table of places without a count", why);
    if (width == 4)
        rc = head_add(scan, box, why);
    return rc != SH_OK ? rc
                       : patch_add(scan,
                                   (struct splice_patch){.at = box->body + 8,
                                                         .count = count,
                                                         .stride = width,
                                                         .width = width,
                                                         .kind = SPLICE_TABLE,
                                                         .what = SPLICE_OF_CHUNKS},
                                   box->end, why);
}

/* In a fragment it counts from the fragment, and moves with it. */
static int saio_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    uint32_t flags, count;
    uint8_t version, width;
    uint64_t at = box->body + 8;
    int rc = part_at(scan, (struct part){box->body, box->end, 16}, &cur, why);

    if (rc != SH_OK || scan->level[scan->depth - 1].type == FOURCC('t', 'r', 'a', 'f'))
        return rc;
    version = rd_u8(&cur);
    flags = rd_u24(&cur);
    if (flags & 1) {
        rd_skip(&cur, 8);
        at += 8;
    }
    count = rd_u32(&cur);
    if (cur.failed)
        return broken(box->at, "a table of places without a count", why);
    width = version ? 8 : 4;
    return patch_add(scan,
                     (struct splice_patch){.at = at,
                                           .count = count,
                                           .stride = width,
                                           .width = width,
                                           .kind = SPLICE_TABLE,
                                           .what = SPLICE_OF_AUX},
                     box->end, why);
}

static int tfhd_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    int rc = part_at(scan, (struct part){box->body, box->end, FULL_BYTES + 4}, &cur, why);
    uint32_t flags, track;

    if (rc != SH_OK)
        return rc;
    rd_skip(&cur, 1);
    flags = rd_u24(&cur);
    track = rd_u32(&cur);
    if (!scan->splice->track)
        scan->splice->track = track;
    if (!(flags & 1))
        return SH_OK;
    return patch_add(scan,
                     (struct splice_patch){.at = box->body + 8,
                                           .count = 1,
                                           .stride = 8,
                                           .width = 8,
                                           .kind = SPLICE_TABLE,
                                           .what = SPLICE_OF_FRAGMENTS},
                     box->end, why);
}

static int tfra_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    uint32_t lengths, count;
    uint8_t version, width;
    int rc = part_at(scan, (struct part){box->body, box->end, 16}, &cur, why);

    if (rc != SH_OK)
        return rc;
    version = rd_u8(&cur);
    rd_skip(&cur, 7);
    lengths = rd_u32(&cur);
    count = rd_u32(&cur);
    if (cur.failed)
        return broken(box->at, "an index of fragments without a count", why);
    width = version ? 8 : 4;
    return patch_add(
        scan,
        (struct splice_patch){.at = box->body + 16 + width,
                              .count = count,
                              .stride = (uint8_t)(2 * width + (lengths & 3) +
                                                  (lengths >> 2 & 3) + (lengths >> 4 & 3) + 3),
                              .width = width,
                              .kind = SPLICE_TABLE,
                              .what = SPLICE_OF_FRAGMENTS},
        box->end, why);
}

static int sidx_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    uint64_t first;
    uint16_t count;
    uint8_t version, width;
    int rc = part_at(scan, (struct part){box->body, box->end, 40}, &cur, why);

    if (rc != SH_OK)
        return rc;
    version = rd_u8(&cur);
    width = version ? 8 : 4;
    rd_skip(&cur, 11 + width);
    first = version ? rd_u64(&cur) : rd_u32(&cur);
    rd_skip(&cur, 2);
    count = rd_u16(&cur);
    if (cur.failed || first > scan->splice->old_size)
        return broken(box->at, "an index of parts that ends before its rows", why);
    rc = patch_add(scan,
                   (struct splice_patch){.at = box->body + 12 + width,
                                         .base = box->end,
                                         .count = 1,
                                         .stride = width,
                                         .width = width,
                                         .kind = SPLICE_DISTANCE,
                                         .what = SPLICE_OF_PARTS},
                   box->end, why);
    if (rc != SH_OK)
        return rc;
    return patch_add(scan,
                     (struct splice_patch){.at = box->body + 16 + 2u * width,
                                           .base = box->end + first,
                                           .count = count,
                                           .stride = 12,
                                           .width = 4,
                                           .kind = SPLICE_SIZES,
                                           .what = SPLICE_OF_PARTS},
                     box->end, why);
}

/* ---- iloc ---- */

static uint64_t sized_get(struct cursor *cur, unsigned size)
{
    if (size == 4)
        return rd_u32(cur);
    if (size == 8)
        return rd_u64(cur);
    rd_skip(cur, size);
    return 0;
}

struct iloc {
    unsigned offset_size, length_size, base_size, index_size;
    uint8_t version;
};

/*
 * One item: its extents where they are whole places, else its base.  With a base and extents
 * the base moves by as much as the first of them does.
 */
static int iloc_item(struct scan *scan, const struct box *box, const struct iloc *iloc,
                     struct cursor *cur, struct why *why)
{
    unsigned method = 0;
    uint64_t base, base_at;
    uint16_t extents;
    int rc = SH_OK;

    rd_skip(cur, iloc->version < 2 ? 2 : 4);
    if (iloc->version)
        method = rd_u16(cur) & 15;
    rd_skip(cur, 2);
    base_at = box->body + cur->at;
    base = sized_get(cur, iloc->base_size);
    extents = rd_u16(cur);
    for (uint16_t i = 0; i < extents && !cur->failed && rc == SH_OK; i++) {
        uint64_t at, offset;

        rd_skip(cur, iloc->index_size);
        at = box->body + cur->at;
        offset = sized_get(cur, iloc->offset_size);
        rd_skip(cur, iloc->length_size);
        if (cur->failed || method != 0)
            continue;
        if (base && i == 0)
            rc = patch_add(scan,
                           (struct splice_patch){.at = base_at,
                                                 .base = offset,
                                                 .count = 1,
                                                 .stride = (uint8_t)iloc->base_size,
                                                 .width = (uint8_t)iloc->base_size,
                                                 .kind = SPLICE_ITEM,
                                                 .what = SPLICE_OF_ITEMS},
                           box->end, why);
        else if (!base && iloc->offset_size)
            rc = patch_add(scan,
                           (struct splice_patch){.at = at,
                                                 .count = 1,
                                                 .stride = (uint8_t)iloc->offset_size,
                                                 .width = (uint8_t)iloc->offset_size,
                                                 .kind = SPLICE_TABLE,
                                                 .what = SPLICE_OF_ITEMS},
                           box->end, why);
    }
    return rc;
}

static int iloc_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    struct iloc iloc;
    uint16_t sizes;
    uint32_t items;
    int rc;

    if (box->end - box->body > WINDOW_BYTES)
        return why_set(why, SH_ELIMIT, box->at,
                       "the list of items in this file is longer than 64 KiB");
    rc = part_at(scan, (struct part){box->body, box->end, WINDOW_BYTES}, &cur, why);
    if (rc != SH_OK)
        return rc;
    iloc.version = rd_u8(&cur);
    rd_skip(&cur, 3);
    sizes = rd_u16(&cur);
    iloc.offset_size = sizes >> 12;
    iloc.length_size = sizes >> 8 & 15;
    iloc.base_size = sizes >> 4 & 15;
    iloc.index_size = iloc.version ? sizes & 15 : 0;
    items = iloc.version < 2 ? rd_u16(&cur) : rd_u32(&cur);
    if (iloc.version > 2 ||
        (iloc.offset_size != 0 && iloc.offset_size != 4 && iloc.offset_size != 8) ||
        (iloc.base_size != 0 && iloc.base_size != 4 && iloc.base_size != 8))
        return broken(box->at, "a list of items in a form that does not exist", why);
    for (uint32_t i = 0; i < items && rc == SH_OK && !cur.failed; i++)
        rc = iloc_item(scan, box, &iloc, &cur, why);
    if (rc == SH_OK && cur.failed)
        rc = broken(box->at, "the list of items is cut off", why);
    return rc;
}

/* ---- boxes of credentials ---- */

/* Where the store in the box begins and how long it is; zeros behind it are padding. */
static int store_take(struct scan *scan, uint64_t at, uint64_t end, unsigned which,
                      struct why *why)
{
    struct cursor cur;
    uint32_t size;
    int rc = part_at(scan, (struct part){at, end, 8}, &cur, why);

    if (rc != SH_OK)
        return rc;
    size = rd_u32(&cur);
    if (cur.failed || size < 8 || size > end - at || scan->splice->store_len[which])
        return why_set(why, SH_EFORMAT, at,
                       "its credentials cannot be read, so that they cannot be carried on; "
                       "\"stillhere verify\" says more");
    scan->splice->store_at[which] = at;
    scan->splice->store_len[which] = size;
    return SH_OK;
}

static int credentials_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct c2pa_splice *splice = scan->splice;
    struct cursor cur;
    const char *purpose;
    uint64_t data = box->body + 20;
    struct slice text;
    bool update, merkle;
    int rc = part_at(scan, (struct part){data, box->end, 16}, &cur, why);

    if (rc != SH_OK)
        return rc;
    text = rd_bytes(&cur, rd_left(&cur));
    merkle = slice_starts(text, "merkle");
    update = slice_starts(text, "update");
    purpose = update ? "update" : merkle ? "merkle" : "manifest";
    if (!update && !merkle && !slice_starts(text, "manifest") &&
        !slice_starts(text, "original"))
        return why_set(why, SH_EUNSUPPORTED, box->at,
                       "it has a box of credentials of a kind that is not known");
    if (!merkle) {
        rc = store_take(scan, data + strlen(purpose) + 1 + 8, box->end, update, why);
        if (rc != SH_OK)
            return rc;
    }
    if (splice->kind != C2PA_SPLICE_UPDATE || update)
        return edit_add(scan, box->at, box->end - box->at, why);
    if (merkle)
        return SH_OK;
    return patch_add(
        scan,
        (struct splice_patch){
            .at = data, .count = 1, .stride = 8, .width = 8, .kind = SPLICE_ORIGINAL},
        box->end, why);
}

/* ---- the walk ---- */

static bool is_container(const struct scan *scan, uint32_t type)
{
    uint32_t parent = scan->depth ? scan->level[scan->depth - 1].type : 0;

    switch (type) {
    case FOURCC('m', 'o', 'o', 'v'):
    case FOURCC('m', 'o', 'o', 'f'):
    case FOURCC('m', 'f', 'r', 'a'):
        return parent == 0;
    case FOURCC('t', 'r', 'a', 'k'):
        return parent == FOURCC('m', 'o', 'o', 'v');
    case FOURCC('m', 'd', 'i', 'a'):
        return parent == FOURCC('t', 'r', 'a', 'k');
    case FOURCC('m', 'i', 'n', 'f'):
        return parent == FOURCC('m', 'd', 'i', 'a');
    case FOURCC('s', 't', 'b', 'l'):
        return parent == FOURCC('m', 'i', 'n', 'f');
    case FOURCC('t', 'r', 'a', 'f'):
        return parent == FOURCC('m', 'o', 'o', 'f');
    case FOURCC('m', 'e', 't', 'a'):
        return parent == 0 || parent == FOURCC('m', 'o', 'o', 'v') ||
               parent == FOURCC('t', 'r', 'a', 'k');
    default:
        return false;
    }
}

/* Is the box moov, or one in it that can lead to a stco? */
static bool has_chunks(const struct scan *scan, const struct box *box)
{
    return box->type != FOURCC('m', 'e', 't', 'a') &&
           (scan->depth ? scan->level[0].type : box->type) == FOURCC('m', 'o', 'o', 'v');
}

static int root_take(struct scan *scan, const struct box *box, struct why *why)
{
    struct c2pa_splice *splice = scan->splice;
    struct cursor cur;
    int rc;

    if (!scan->ftyp_end && box->type != FOURCC('f', 't', 'y', 'p') &&
        splice->kind != C2PA_SPLICE_SEGMENT)
        return why_set(why, SH_EUNSUPPORTED, box->at,
                       "it does not begin with a box ftyp, behind which credentials go; "
                       "\"ffmpeg -i IN -c copy OUT.mp4\" makes one that does");
    switch (box->type) {
    case FOURCC('f', 't', 'y', 'p'):
        if (scan->ftyp_end)
            return broken(box->at, "it has two boxes ftyp", why);
        scan->ftyp_end = box->end;
        /* The room for the box of credentials (A.5.3). */
        return splice->kind == C2PA_SPLICE_NEW ? room_add(scan, box->end, why) : SH_OK;
    case FOURCC('m', 'd', 'a', 't'):
        if (splice->mdats < LIMIT_WRITE_TREES)
            splice->mdat[splice->mdats] = box->end - box->at;
        splice->mdats++;
        break;
    case FOURCC('m', 'o', 'o', 'f'):
        if (splice->kind == C2PA_SPLICE_SEGMENT && splice->fragmented)
            return why_set(why, SH_EUNSUPPORTED, box->at,
                           "a segment with several fragments, which C2PA does not know "
                           "(A.5.4.1.2)");
        splice->fragmented = true;
        return splice->kind == C2PA_SPLICE_SEGMENT ? room_add(scan, box->at, why) : SH_OK;
    case FOURCC('u', 'u', 'i', 'd'):
        rc = part_at(scan, (struct part){box->body, box->end, sizeof(bmff_c2pa_uuid)}, &cur,
                     why);
        if (rc == SH_OK && rd_left(&cur) == sizeof(bmff_c2pa_uuid) &&
            memcmp(cur.whole.ptr, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid)) == 0)
            rc = credentials_take(scan, box, why);
        return rc;
    case FOURCC('s', 'i', 'd', 'x'):
        return sidx_take(scan, box, why);
    default:
        break;
    }
    return SH_OK;
}

static int box_take(struct scan *scan, const struct box *box, struct why *why)
{
    uint32_t parent;

    if (!scan->depth)
        return root_take(scan, box, why);
    parent = scan->level[scan->depth - 1].type;
    switch (box->type) {
    case FOURCC('s', 't', 'c', 'o'):
        return parent == FOURCC('s', 't', 'b', 'l') ? table_take(scan, box, 4, why) : SH_OK;
    case FOURCC('c', 'o', '6', '4'):
        return parent == FOURCC('s', 't', 'b', 'l') ? table_take(scan, box, 8, why) : SH_OK;
    case FOURCC('s', 'a', 'i', 'o'):
        return saio_take(scan, box, why);
    case FOURCC('i', 'l', 'o', 'c'):
        return parent == FOURCC('m', 'e', 't', 'a') ? iloc_take(scan, box, why) : SH_OK;
    case FOURCC('t', 'f', 'h', 'd'):
        return tfhd_take(scan, box, why);
    case FOURCC('t', 'f', 'r', 'a'):
        return tfra_take(scan, box, why);
    case FOURCC('c', 'm', 'o', 'v'):
        return why_set(
            why, SH_EUNSUPPORTED, box->at,
            "its tables are compressed (cmov); \"ffmpeg -i IN -c copy OUT.mp4\" makes "
            "one that can be signed");
    default:
        return SH_OK;
    }
}

static int head_read(struct scan *scan, uint64_t at, uint64_t end, struct box *box,
                     struct why *why)
{
    struct cursor cur;
    uint64_t size;
    int rc = part_at(scan, (struct part){at, end, 16}, &cur, why);

    if (rc != SH_OK)
        return rc;
    size = rd_u32(&cur);
    box->type = rd_u32(&cur);
    if (cur.failed && at == 0)
        return why_set(why, SH_EUNSUPPORTED, 0, NO_FILE_OF_BOXES);
    if (cur.failed)
        return broken(at, "bytes behind the last box that are none (14496-12 4.2)", why);
    box->size_width = size == 1 ? 8 : size == 0 ? 0 : 4;
    if (size == 1)
        size = rd_u64(&cur);
    else if (size == 0 && !scan->depth && scan->splice->kind != C2PA_SPLICE_UPDATE)
        size = end - at;
    else if (size == 0 && !scan->depth)
        return why_set(
            why, SH_EUNSUPPORTED, at,
            "its last box has no size, so that nothing can be put behind it; sign it "
            "without --update");
    if (at == 0 && (cur.failed || size < cur.at || size > end))
        return why_set(why, SH_EUNSUPPORTED, 0, NO_FILE_OF_BOXES);
    if (cur.failed || size < cur.at || size > end - at)
        return broken(at,
                      "a box that ends behind what it is in, or inside of its own head "
                      "(14496-12 4.2); if it was cut off, copy it again",
                      why);
    box->at = at;
    box->body = at + cur.at;
    box->end = at + size;
    return SH_OK;
}

/* Go down into a container; of meta behind its version, which QuickTime leaves out. */
static int enter(struct scan *scan, const struct box *box, struct why *why)
{
    struct cursor cur;
    uint64_t at = box->body;
    int rc;

    if (scan->depth == LIMIT_BOX_DEPTH)
        return why_set(why, SH_ELIMIT, box->at, "boxes nested deeper than %d", LIMIT_BOX_DEPTH);
    if (box->type == FOURCC('m', 'e', 't', 'a')) {
        rc = part_at(scan, (struct part){box->body, box->end, 8}, &cur, why);
        if (rc != SH_OK)
            return rc;
        rd_skip(&cur, 4);
        if (rd_u32(&cur) != FOURCC('h', 'd', 'l', 'r') || cur.failed)
            at = box->end - box->body < FULL_BYTES ? box->end : at + FULL_BYTES;
    }
    scan->level[scan->depth++] = (struct level){box->type, at, box->end};
    return SH_OK;
}

static int walk(struct scan *scan, struct why *why)
{
    uint64_t root = 0;
    struct box box;
    int rc = SH_OK;

    while (rc == SH_OK) {
        struct level *level = scan->depth ? &scan->level[scan->depth - 1] : NULL;
        uint64_t *at = level ? &level->at : &root;
        uint64_t end = level ? level->end : scan->splice->old_size;

        /* udta and meta of QuickTime end with four zero bytes (QTFF, "User Data Atoms"). */
        if (level && end - *at < 8)
            *at = end;
        if (*at == end) {
            if (!level)
                break;
            scan->depth--;
            continue;
        }
        if (++scan->boxes > LIMIT_BOXES)
            return why_set(why, SH_ELIMIT, *at, "it has more than %d boxes", LIMIT_BOXES);
        rc = head_read(scan, *at, end, &box, why);
        if (rc == SH_OK)
            rc = box_take(scan, &box, why);
        if (rc != SH_OK)
            return rc;
        *at = box.end;
        if (!is_container(scan, box.type))
            continue;
        if (has_chunks(scan, &box))
            rc = grown_add(scan, &box, why);
        if (rc == SH_OK)
            rc = enter(scan, &box, why);
    }
    return rc;
}

int c2pa_splice_scan(struct c2pa_splice *splice, struct why *why)
{
    struct scan scan = {.splice = splice};
    int rc;

    bytes_init(&scan.window, WINDOW_BYTES);
    rc = walk(&scan, why);
    bytes_release(&scan.window);
    if (rc == SH_OK && !scan.ftyp_end && splice->kind != C2PA_SPLICE_SEGMENT)
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE, NO_FILE_OF_BOXES);
    if (rc == SH_OK && splice->kind == C2PA_SPLICE_UPDATE && !splice->store_len[0])
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                     "it has no credentials to update; sign it without --update");
    /* The room of an update is the end of the file. */
    if (rc == SH_OK && splice->kind == C2PA_SPLICE_UPDATE)
        rc = room_add(&scan, splice->old_size, why);
    if (rc == SH_OK && splice->kind == C2PA_SPLICE_SEGMENT && !splice->track)
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                     "a segment without a fragment in it (moof)");
    return rc;
}
