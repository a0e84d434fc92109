/*
 * The second reader: a draft holds what our writer writes, and nothing besides.
 *
 * It asks twice.  First by a grammar of its own, which knows only the new layout: every box in
 * its place, every field that can name, date or locate zero.  Then by the planner: a rebuilt
 * file is its own rebuild, byte for byte, and its samples tile mdat to the last byte.
 */
#include "bmff/bmff_int.h"

#include <string.h>

#define PIECE_BYTES 16384

struct draft {
    struct cursor cur;
    struct why *why;
    const char *path; /* what is being read, for the message */
    uint64_t base;    /* file offset of the first byte of cur */
    int rc;           /* the first failure sticks */
};

static void refuse(struct draft *draft, const char *what)
{
    if (draft->rc == SH_OK)
        draft->rc =
            why_set(draft->why, SH_EFORMAT, draft->base + draft->cur.at,
                    "draft: %s near byte %llu: %s; this is no file of our writer", draft->path,
                    (unsigned long long)(draft->base + draft->cur.at), what);
}

/* The next box must be of this type; its body, or an empty one after a failure. */
static struct draft enter(struct draft *outer, const char *path)
{
    struct draft inner = {.why = outer->why, .path = path, .rc = outer->rc};
    uint32_t size = rd_u32(&outer->cur);
    struct slice type = rd_bytes(&outer->cur, 4);

    if (outer->rc != SH_OK)
        return inner;
    inner.base = outer->base + outer->cur.at;
    if (outer->cur.failed || memcmp(type.ptr, path, 4) != 0 || size < 8) {
        outer->path = path;
        refuse(outer, "this box must come next");
    } else {
        inner.cur = cursor_of(rd_bytes(&outer->cur, size - 8));
        if (outer->cur.failed) {
            outer->path = path;
            refuse(outer, "it is longer than what holds it");
        }
    }
    inner.rc = outer->rc;
    return inner;
}

/* Everything in it must have been read. */
static void leave(struct draft *outer, struct draft *inner)
{
    if (inner->cur.failed)
        refuse(inner, "it is cut off");
    else if (rd_left(&inner->cur))
        refuse(inner, "it holds more than it may");
    if (outer->rc == SH_OK)
        outer->rc = inner->rc;
}

/* Is a box of this type next? */
static bool ahead(const struct draft *draft, const char *type)
{
    struct cursor cur = draft->cur;

    rd_skip(&cur, 4);
    return slice_equal(rd_bytes(&cur, 4), slice_text(type)) && draft->rc == SH_OK;
}

static void expect(struct draft *draft, const void *bytes, size_t len)
{
    struct slice part = rd_bytes(&draft->cur, len);

    if (!draft->cur.failed && memcmp(part.ptr, bytes, len) != 0)
        refuse(draft, "a field that has one value has another");
}

static void expect_zeros(struct draft *draft, size_t len)
{
    struct slice part = rd_bytes(&draft->cur, len);

    for (size_t i = 0; i < part.len; i++)
        if (part.ptr[i])
            refuse(draft, "a field that must be zero is not");
}

static void expect_u32(struct draft *draft, uint32_t value)
{
    if (rd_u32(&draft->cur) != value && !draft->cur.failed)
        refuse(draft, "a field that has one value has another");
}

static void expect_u16(struct draft *draft, uint16_t value)
{
    if (rd_u16(&draft->cur) != value && !draft->cur.failed)
        refuse(draft, "a field that has one value has another");
}

/* version 0 or 1, flags, and times of zero in that width; returns the version. */
static unsigned timed_header(struct draft *draft, uint32_t flags)
{
    uint32_t head = rd_u32(&draft->cur);
    unsigned version = head >> 24;

    if (version > 1 || (head & 0xffffff) != flags)
        refuse(draft, "version or flags are not ours");
    expect_zeros(draft, version ? 16 : 8);
    return version;
}

/* ---- headers ---- */

static void check_mvhd(struct draft *moov, uint32_t tracks)
{
    static const uint8_t tail[] = {0, 1, 0, 0, 1, 0};
    static const uint8_t upright[36] = {[1] = 1, [17] = 1, [32] = 0x40};
    struct draft box = enter(moov, "mvhd");
    unsigned version = timed_header(&box, 0);

    rd_skip(&box.cur, version ? 12 : 8); /* timescale, duration */
    expect(&box, tail, sizeof(tail));
    expect_zeros(&box, 10);
    expect(&box, upright, sizeof(upright));
    expect_zeros(&box, 24);
    expect_u32(&box, tracks + 1);
    leave(moov, &box);
}

/* Only -1, 0 and 1 turn a picture; where it lies follows from its size. */
static void check_matrix(struct draft *box, bool video)
{
    unsigned set = 0;

    for (unsigned i = 0; i < 6; i++) {
        uint32_t cell = rd_u32(&box->cur);
        bool can = i % 3 != 2 && (cell == 0x00010000 || (video && cell == 0xffff0000));

        if (cell && !can)
            refuse(box, "the matrix is no quarter turn");
        set |= cell ? 1u << i : 0;
    }
    if (set != (1u << 0 | 1u << 4) && set != (1u << 1 | 1u << 3))
        refuse(box, "the matrix is no quarter turn");
    if (video)
        rd_skip(&box->cur, 8);
    else
        expect_zeros(box, 8);
    expect_u32(box, 0x40000000);
}

static void check_tkhd(struct draft *trak, bool video)
{
    struct draft box = enter(trak, "tkhd");
    unsigned version = timed_header(&box, 3);

    expect_u32(&box, video ? 1 : 2);
    expect_zeros(&box, 4);
    rd_skip(&box.cur, version ? 8 : 4);
    expect_zeros(&box, 12);
    expect_u16(&box, video ? 0 : 0x0100);
    expect_zeros(&box, 2);
    check_matrix(&box, video);
    if (video)
        rd_skip(&box.cur, 8);
    else
        expect_zeros(&box, 8);
    leave(trak, &box);
}

static void check_edts(struct draft *trak)
{
    struct draft edts = enter(trak, "edts");
    struct draft box = enter(&edts, "elst");
    uint32_t head = rd_u32(&box.cur);
    uint32_t count = rd_u32(&box.cur);

    if (head != 0 && head != 0x01000000)
        refuse(&box, "version or flags are not ours");
    for (uint32_t i = 0; i < count && box.rc == SH_OK && !box.cur.failed; i++) {
        rd_skip(&box.cur, head ? 16 : 8);
        expect_u32(&box, 0x00010000);
    }
    leave(&edts, &box);
    leave(trak, &edts);
}

static void check_mdia_head(struct draft *mdia, bool video)
{
    struct draft box = enter(mdia, "mdhd");
    unsigned version = timed_header(&box, 0);

    rd_skip(&box.cur, version ? 12 : 8);
    expect_u32(&box, 0x55c40000);
    leave(mdia, &box);
    box = enter(mdia, "hdlr");
    expect_zeros(&box, 8);
    expect(&box, video ? "vide" : "soun", 4);
    expect_zeros(&box, 13);
    leave(mdia, &box);
}

static void check_minf_head(struct draft *minf, bool video)
{
    static const uint8_t dinf[28] = {0, 0, 0, 28, 'd', 'r', 'e', 'f', 0,   0,   0, 0, 0, 0,
                                     0, 1, 0, 0,  0,   12,  'u', 'r', 'l', ' ', 0, 0, 0, 1};
    struct draft box = enter(minf, video ? "vmhd" : "smhd");

    expect_u32(&box, video ? 1 : 0);
    expect_zeros(&box, video ? 8 : 4);
    leave(minf, &box);
    box = enter(minf, "dinf");
    expect(&box, dinf, sizeof(dinf));
    leave(minf, &box);
}

/* ---- descriptions ---- */

/* Its content is held against the rebuild; here only its place and kind count. */
static void pass(struct draft *outer, const char *type)
{
    struct draft box = enter(outer, type);

    rd_skip(&box.cur, rd_left(&box.cur));
    leave(outer, &box);
}

/* The decoder record of a codec. */
static const char *record_of(const char *codec)
{
    static const char *const records[][2] = {
        {"avc1", "avcC"}, {"avc3", "avcC"}, {"hvc1", "hvcC"},
        {"hev1", "hvcC"}, {"av01", "av1C"}, {"vp09", "vpcC"},
        {"mp4a", "esds"}, {"Opus", "dOps"}, {"alac", "alac"}};
    unsigned i = 0;

    while (strcmp(records[i][0], codec) != 0)
        i++;
    return records[i][1];
}

static void check_picture(struct draft *stsd, const char *type)
{
    struct draft box = enter(stsd, type);

    expect_zeros(&box, 6);
    expect_u16(&box, 1);
    expect_zeros(&box, 16);
    rd_skip(&box.cur, 4);
    expect_u32(&box, 0x00480000);
    expect_u32(&box, 0x00480000);
    expect_zeros(&box, 4);
    expect_u16(&box, 1);
    expect_zeros(&box, 32);
    expect_u32(&box, 0x0018ffff);
    pass(&box, record_of(type));
    if (ahead(&box, "pasp"))
        pass(&box, "pasp");
    if (ahead(&box, "clap"))
        pass(&box, "clap");
    if (ahead(&box, "colr")) {
        struct draft colr = enter(&box, "colr");

        expect(&colr, "nclx", 4);
        rd_skip(&colr.cur, 7);
        leave(&box, &colr);
    }
    leave(stsd, &box);
}

static void check_sound(struct draft *stsd, const char *type)
{
    struct draft box = enter(stsd, type);

    expect_zeros(&box, 6);
    expect_u16(&box, 1);
    expect_zeros(&box, 8);
    rd_skip(&box.cur, 4);
    expect_zeros(&box, 4);
    rd_skip(&box.cur, 2);
    expect_zeros(&box, 2);
    pass(&box, record_of(type));
    leave(stsd, &box);
}

static void check_stsd(struct draft *stbl, bool video)
{
    static const char *const videos[] = {"avc1", "avc3", "hvc1", "hev1", "av01", "vp09"};
    static const char *const sounds[] = {"mp4a", "Opus", "alac"};
    const char *const *codecs = video ? videos : sounds;
    size_t most = video ? COUNT_OF(videos) : COUNT_OF(sounds);
    struct draft box = enter(stbl, "stsd");
    uint32_t count;

    expect_zeros(&box, 4);
    count = rd_u32(&box.cur);
    if (!count || count > LIMIT_SAMPLE_ENTRIES)
        refuse(&box, "its number of descriptions cannot be");
    for (uint32_t i = 0; i < count && box.rc == SH_OK; i++) {
        const char *codec = codecs[0];

        for (size_t k = 1; k < most; k++)
            if (ahead(&box, codecs[k]))
                codec = codecs[k];
        if (video)
            check_picture(&box, codec);
        else
            check_sound(&box, codec);
    }
    leave(stbl, &box);
}

/* ---- tables ---- */

/* version_most, then count rows of width bytes, and no byte more. */
static void check_table(struct draft *stbl, const char *type, uint32_t width)
{
    struct draft box = enter(stbl, type);
    uint32_t head = rd_u32(&box.cur);
    uint32_t count = rd_u32(&box.cur);

    if (head != 0 && (strcmp(type, "ctts") != 0 || head != 0x01000000))
        refuse(&box, "version or flags are not ours");
    if ((uint64_t)count * width != rd_left(&box.cur))
        refuse(&box, "its rows do not fill it");
    rd_skip(&box.cur, rd_left(&box.cur));
    leave(stbl, &box);
}

static void check_stsz(struct draft *stbl)
{
    struct draft box = enter(stbl, "stsz");
    uint32_t all;
    uint64_t count;

    expect_zeros(&box, 4);
    all = rd_u32(&box.cur);
    count = rd_u32(&box.cur);
    if (count * (all ? 0 : 4) != rd_left(&box.cur))
        refuse(&box, "its rows do not fill it");
    rd_skip(&box.cur, rd_left(&box.cur));
    leave(stbl, &box);
}

static void check_trak(struct draft *moov, bool video)
{
    struct draft trak = enter(moov, "trak");
    struct draft mdia;
    struct draft minf;
    struct draft stbl;

    check_tkhd(&trak, video);
    if (ahead(&trak, "edts"))
        check_edts(&trak);
    mdia = enter(&trak, "mdia");
    check_mdia_head(&mdia, video);
    minf = enter(&mdia, "minf");
    check_minf_head(&minf, video);
    stbl = enter(&minf, "stbl");
    check_stsd(&stbl, video);
    check_table(&stbl, "stts", 8);
    if (ahead(&stbl, "ctts"))
        check_table(&stbl, "ctts", 8);
    if (ahead(&stbl, "stss"))
        check_table(&stbl, "stss", 4);
    check_table(&stbl, "stsc", 12);
    check_stsz(&stbl);
    if (ahead(&stbl, "co64"))
        check_table(&stbl, "co64", 8);
    else
        check_table(&stbl, "stco", 4);
    leave(&minf, &stbl);
    leave(&mdia, &minf);
    leave(&trak, &mdia);
    leave(moov, &trak);
}

static int check_grammar(const struct bmff_plan *plan, struct why *why)
{
    const struct bmff_box *box = &plan->state->moov;
    struct draft moov = {
        .cur = cursor_of(box->body), .why = why, .path = "moov", .base = box->body_at};
    struct draft whole = {.why = why, .path = "moov"};
    uint32_t tracks = plan->facts.audio_codec ? 2 : 1;

    check_mvhd(&moov, tracks);
    check_trak(&moov, true);
    if (tracks == 2)
        check_trak(&moov, false);
    leave(&whole, &moov);
    return whole.rc;
}

/* ---- the rebuild of a rebuild ---- */

/* The size of the box of credentials that lies where ours does; 0: there is none. */
static int find_room(const struct bmff_source *source, uint64_t *room, struct why *why)
{
    uint8_t found[BMFF_ROOM_HEAD_BYTES];
    struct cursor cur = cursor_of(slice_of(found, sizeof(found)));
    struct bytes ours;
    int rc;

    *room = 0;
    if (source->size < BMFF_ROOM_AT + sizeof(found))
        return SH_OK;
    rc = source->read_at(source->ctx, BMFF_ROOM_AT, found, sizeof(found), why);
    if (rc < 0)
        return rc;
    *room = rd_u32(&cur);
    bytes_init(&ours, sizeof(found));
    bmff_write_room(&ours, *room);
    rc = bytes_check(&ours, why);
    if (rc == SH_OK && (*room < sizeof(found) || *room > LIMIT_ROOM_BYTES ||
                        memcmp(ours.ptr, found, sizeof(found)) != 0))
        *room = 0;
    bytes_release(&ours);
    return rc;
}

/* What the room holds is not ours to say. */
static size_t head_part(const struct bmff_plan *plan, size_t at, size_t most)
{
    size_t end = plan->head.len;

    if (plan->facts.room_bytes && at < BMFF_ROOM_AT + BMFF_ROOM_HEAD_BYTES)
        end = BMFF_ROOM_AT + BMFF_ROOM_HEAD_BYTES;
    return end - at < most ? end - at : most;
}

static int check_head(const struct bmff_source *source, const struct bmff_plan *plan,
                      struct why *why)
{
    uint8_t piece[PIECE_BYTES];
    size_t at = 0;

    if (plan->facts.file_bytes != source->size)
        return why_set(
            why, SH_EFORMAT, WHY_NOWHERE, "draft: %llu bytes where its own rebuild has %llu",
            (unsigned long long)source->size, (unsigned long long)plan->facts.file_bytes);
    while (at < plan->head.len) {
        size_t len = head_part(plan, at, sizeof(piece));
        int rc = source->read_at(source->ctx, at, piece, len, why);

        if (rc < 0)
            return rc;
        for (size_t i = 0; memcmp(piece, plan->head.ptr + at, len) != 0 && i < len; i++)
            if (piece[i] != plan->head.ptr[at + i])
                return why_set(why, SH_EFORMAT, at + i,
                               "draft: byte %zu is 0x%02x where its own rebuild has 0x%02x",
                               at + i, piece[i], plan->head.ptr[at + i]);
        at += len;
        if (plan->facts.room_bytes && at == BMFF_ROOM_AT + BMFF_ROOM_HEAD_BYTES)
            at = BMFF_ROOM_AT + (size_t)plan->facts.room_bytes;
    }
    return SH_OK;
}

static int check_tiles(const struct bmff_source *source, struct bmff_plan *plan,
                       struct why *why)
{
    struct bmff_run run;

    if (!bmff_plan_next(plan, &run))
        return plan->head.len == source->size
                   ? SH_OK
                   : why_set(why, SH_EFORMAT, plan->head.len, "draft: mdat without samples");
    if (run.offset != plan->head.len || run.len != source->size - plan->head.len || run.bytes ||
        plan->facts.removed)
        return why_set(why, SH_EFORMAT, run.offset,
                       "draft: the samples do not fill mdat, or something is left to remove");
    return SH_OK;
}

int bmff_check(const struct bmff_source *source, struct bmff_facts *facts, struct why *why)
{
    struct bmff_plan plan = {0};
    uint64_t room = 0;
    int rc = bmff_plan_make(source, &plan, why);

    if (rc < 0)
        return rc;
    rc = find_room(source, &room, why);
    if (rc == SH_OK && room)
        rc = bmff_plan_room(&plan, room, why);
    if (room) /* That one stays; another would leave no room for itself in the head. */
        plan.facts.removed &= ~(1u << BMFF_REMOVED_CREDENTIALS);
    if (rc == SH_OK)
        rc = check_grammar(&plan, why);
    if (rc == SH_OK)
        rc = check_head(source, &plan, why);
    if (rc == SH_OK)
        rc = check_tiles(source, &plan, why);
    if (rc == SH_OK)
        *facts = plan.facts;
    bmff_plan_release(&plan);
    return rc;
}
