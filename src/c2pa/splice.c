/* Copies a file with room for credentials in it, and sets right what names places in it. */
#include "c2pa/write.h"

#include <string.h>

#include "c2pa/splice_int.h"
#include "c2pa/write_int.h"

#define BOX_HEAD_BYTES 24 /* size, "uuid" and the UUID */

struct splice_edit *c2pa_splice_edit_at(const struct c2pa_splice *splice, uint32_t index)
{
    return (struct splice_edit *)(void *)splice->edits.ptr + index;
}

struct splice_patch *c2pa_splice_patch_at(const struct c2pa_splice *splice, uint32_t index)
{
    return (struct splice_patch *)(void *)splice->patches.ptr + index;
}

/* What is inserted at an offset lies before the byte there. */
uint64_t c2pa_splice_map(const struct c2pa_splice *splice, uint64_t offset)
{
    const struct splice_edit *edit;
    uint32_t from = 0, to = splice_edit_count(splice), middle;
    uint64_t inside;

    /* The last edit at or before it. */
    while (from < to) {
        middle = from + (to - from) / 2;
        if (c2pa_splice_edit_at(splice, middle)->at <= offset)
            from = middle + 1;
        else
            to = middle;
    }
    if (!from)
        return offset;
    edit = c2pa_splice_edit_at(splice, from - 1);
    inside = offset - edit->at < edit->remove ? offset - edit->at : edit->remove;
    return offset + edit->inserted + edit->insert - edit->removed - inside;
}

/* ---- numbers ---- */

static int number_put(uint8_t *at, const struct splice_patch *patch, uint64_t value,
                      struct why *why)
{
    static const char *const texts[] = {
        [SPLICE_OF_BOX] = "a box larger than 4 GiB, which its size cannot say (14496-12 4.2)",
        [SPLICE_OF_CHUNKS] = "samples behind 4 GiB that its tables cannot name (stco, 14496-12 "
                             "8.7.5)",
        [SPLICE_OF_AUX] = "parts behind 4 GiB that a table of 32 bits cannot name (saio, "
                          "14496-12 8.7.9)",
        [SPLICE_OF_ITEMS] = "items behind 4 GiB that their list of 32 bits cannot name (iloc, "
                            "14496-12 8.11.3)",
        [SPLICE_OF_FRAGMENTS] = "fragments behind 4 GiB that its index of 32 bits cannot name "
                                "(tfra, 14496-12 8.8.10)",
        [SPLICE_OF_PARTS] = "parts that are too large or too far for its index (sidx, 14496-12 "
                            "8.16.3)"};

    if (patch->width == 4 && value > UINT32_MAX)
        return why_set(why, SH_ELIMIT, patch->at,
                       "with credentials in it the file has %s; sign a smaller one%s",
                       texts[patch->what],
                       patch->what == SPLICE_OF_ITEMS
                           ? ""
                           : ", or have \"ffmpeg -i IN -c copy OUT\" write its tables anew");
    for (unsigned i = 0; i < patch->width; i++)
        at[i] = (uint8_t)(value >> (8 * (patch->width - 1u - i)));
    return SH_OK;
}

/* By how much what lies before an offset has grown (modulo 2^64). */
static uint64_t grown_before(const struct c2pa_splice *splice, uint64_t offset)
{
    const struct splice_edit *edit;
    uint32_t from = 0, to = splice_edit_count(splice), middle;

    while (from < to) {
        middle = from + (to - from) / 2;
        if (c2pa_splice_edit_at(splice, middle)->at < offset)
            from = middle + 1;
        else
            to = middle;
    }
    if (!from)
        return 0;
    edit = c2pa_splice_edit_at(splice, from - 1);
    return edit->inserted + edit->insert - edit->removed - edit->remove;
}

/* A distance beyond the file stays as it is: nothing is there either way. */
static uint64_t moved(const struct c2pa_splice *splice, uint64_t base, uint64_t distance)
{
    if (base > splice->old_size || distance > splice->old_size - base)
        return distance;
    /* It counts from behind the byte before base, whatever is put in front of base. */
    return c2pa_splice_map(splice, base + distance) - c2pa_splice_map(splice, base - 1) - 1;
}

static int row_set(const struct c2pa_splice *splice, struct splice_patch *patch, uint8_t *row,
                   struct why *why)
{
    uint64_t value = c2pa_big_endian(row, patch->width);
    uint32_t flag;

    switch ((enum splice_kind)patch->kind) {
    case SPLICE_TABLE:
        if (value < splice->old_size)
            value = c2pa_splice_map(splice, value);
        break;
    case SPLICE_ITEM:
        if (patch->base <= splice->old_size && value <= splice->old_size - patch->base)
            value = c2pa_splice_map(splice, patch->base + value) - patch->base;
        break;
    case SPLICE_DISTANCE:
        value = moved(splice, patch->base, value);
        break;
    case SPLICE_SIZES:
        /* The first bit says whether it is an index again (14496-12 8.16.3). */
        flag = (uint32_t)value & 0x80000000u;
        value &= 0x7fffffffu;
        patch->base += value;
        if (value <= splice->old_size && patch->base <= splice->old_size)
            value = c2pa_splice_map(splice, patch->base) -
                    c2pa_splice_map(splice, patch->base - value);
        /* One bit less: the others must not be taken for it. */
        value = value > 0x7fffffffu ? UINT64_MAX : value | flag;
        break;
    case SPLICE_ORIGINAL:
        memcpy(row, "original", 8);
        return SH_OK;
    case SPLICE_GROWN:
        /* In a box with tables nothing else than these is put or left out. */
        value += grown_before(splice, patch->base) - grown_before(splice, patch->at + 1);
        break;
    case SPLICE_NAME:
        if (splice->wide)
            memcpy(row, "co64", 4);
        return SH_OK;
    }
    return number_put(row, patch, value, why);
}

/*
 * Set right what of the tables lies in the len bytes of the old file at `from`.  Gives how many
 * of them are whole: a row that is cut at the end is left for the next time.
 */
static int patch_apply(struct c2pa_splice *splice, uint8_t *buf, size_t *len, struct why *why)
{
    uint64_t from = splice->from, to = from + *len;

    while (splice->patch < splice_patch_count(splice)) {
        struct splice_patch *patch = c2pa_splice_patch_at(splice, splice->patch);

        while (patch->count && patch->at + patch->width <= to) {
            int rc = row_set(splice, patch, buf + (patch->at - from), why);

            if (rc != SH_OK)
                return rc;
            patch->count--;
            patch->at += patch->stride;
        }
        if (patch->count) {
            if (patch->at < to)
                *len = (size_t)(patch->at - from);
            break;
        }
        splice->patch++;
    }
    return SH_OK;
}

/* ---- tables that need 64 bits ---- */

/* The largest place in a table of 32-bit rows that is in the file. */
static int largest_row(const struct c2pa_splice *splice, const struct splice_patch *patch,
                       uint64_t *largest, struct why *why)
{
    uint8_t buf[4096];
    uint64_t at = patch->at, left = (uint64_t)patch->count * 4;
    int rc = SH_OK;

    for (*largest = 0; rc == SH_OK && left;) {
        size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);

        rc = splice->source.read_at(splice->source.ctx, at, buf, len, why);
        for (size_t i = 0; rc == SH_OK && i < len; i += 4) {
            uint64_t value = c2pa_big_endian(buf + i, 4);

            if (value > *largest && value < splice->old_size)
                *largest = value;
        }
        at += len;
        left -= len;
    }
    return rc;
}

static bool is_table(const struct splice_patch *patch)
{
    return patch->kind == SPLICE_TABLE && patch->what == SPLICE_OF_CHUNKS && patch->width == 4;
}

static int is_too_far(const struct c2pa_splice *splice, bool *far, struct why *why)
{
    uint64_t largest;
    int rc = SH_OK;

    *far = false;
    for (uint32_t i = 0; rc == SH_OK && !*far && i < splice_patch_count(splice); i++) {
        const struct splice_patch *patch = c2pa_splice_patch_at(splice, i);

        if (!is_table(patch))
            continue;
        rc = largest_row(splice, patch, &largest, why);
        *far = rc == SH_OK && c2pa_splice_map(splice, largest) > UINT32_MAX;
    }
    return rc;
}

/*
 * Every stco becomes a co64.  All of them at once: the room that they take moves places as
 * well, and one that stayed might have to follow.
 */
static int widen(struct c2pa_splice *splice, struct why *why)
{
    const uint32_t count = splice_edit_count(splice);
    struct bytes edits;
    uint32_t next = 0, home = splice->home;

    bytes_init(&edits, splice->edits.max);
    for (uint32_t i = 0; i < splice_patch_count(splice); i++) {
        struct splice_patch *patch = c2pa_splice_patch_at(splice, i);
        const struct splice_edit edit = {.at = patch->at,
                                         .remove = (uint64_t)patch->count * 4,
                                         .insert = (uint64_t)patch->count * 8,
                                         .rows = patch->count};

        if (!is_table(patch))
            continue;
        for (; next < count && c2pa_splice_edit_at(splice, next)->at <= patch->at; next++)
            bytes_append(&edits, c2pa_splice_edit_at(splice, next), sizeof(edit));
        bytes_append(&edits, &edit, sizeof(edit));
        home += splice->home >= next;
        patch->count = 0; /* the edit has them now */
    }
    for (; next < count; next++)
        bytes_append(&edits, c2pa_splice_edit_at(splice, next), sizeof(struct splice_edit));
    bytes_release(&splice->edits);
    splice->edits = edits;
    splice->home = home;
    splice->wide = true;
    return bytes_check(&edits, why);
}

/* ---- where all of it comes to lie ---- */

static void lay_out(struct c2pa_splice *splice, uint64_t box_size)
{
    uint32_t home = splice->home;
    uint64_t added = 0, removed = 0;

    c2pa_splice_edit_at(splice, home)->insert = box_size;
    for (uint32_t i = 0; i < splice_edit_count(splice); i++) {
        struct splice_edit *edit = c2pa_splice_edit_at(splice, i);

        edit->inserted = added;
        edit->removed = removed;
        if (i == home)
            splice->box_at = edit->at + added - removed;
        added += edit->insert;
        removed += edit->remove;
    }
    splice->box_size = box_size;
    splice->size = splice->old_size + added - removed;
    splice->from = splice->made = 0;
    splice->edit = splice->patch = 0;
    splice->edit_left = 0;
    splice->edit_begun = false;
}

int c2pa_splice_room(struct c2pa_splice *splice, uint64_t box_size, struct why *why)
{
    bool far = false;
    int rc = SH_OK;

    lay_out(splice, box_size);
    if (!splice->wide && splice->size > UINT32_MAX)
        rc = is_too_far(splice, &far, why);
    if (rc == SH_OK && far) {
        rc = widen(splice, why);
        if (rc == SH_OK)
            lay_out(splice, box_size);
    }
    return rc;
}

int c2pa_splice_plan(const struct bmff_source *source, enum c2pa_splice_kind kind,
                     struct c2pa_splice *out, struct why *why)
{
    struct c2pa_splice splice;
    int rc;

    memset(&splice, 0, sizeof(splice));
    splice.source = *source;
    splice.kind = kind;
    splice.old_size = source->size;
    if (source->size > LIMIT_SPLICE_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "the file is larger than 64 GiB, which is the most that is signed");
    bytes_init(&splice.edits, LIMIT_BOXES * sizeof(struct splice_edit));
    bytes_init(&splice.patches, LIMIT_BOXES * sizeof(struct splice_patch));
    rc = c2pa_splice_scan(&splice, why);
    if (rc == SH_OK)
        rc = c2pa_splice_room(&splice, 0, why);
    if (rc == SH_OK)
        *out = splice;
    else
        c2pa_splice_release(&splice);
    return rc;
}

/* ---- reading ---- */

static size_t room_give(struct c2pa_splice *splice, uint8_t *buf, size_t room)
{
    uint64_t done = splice->box_size - splice->edit_left;
    size_t take = splice->edit_left < room ? (size_t)splice->edit_left : room;

    memset(buf, 0, take);
    /* The head comes whole: room is at least 4096 (c2pa_splice_read). */
    if (done == 0 && take >= BOX_HEAD_BYTES) {
        for (unsigned i = 0; i < 4; i++)
            buf[i] = (uint8_t)(splice->box_size >> (24 - 8 * i));
        memcpy(buf + 4, "uuid", 4);
        memcpy(buf + 8, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid));
    }
    splice->edit_left -= take;
    return take;
}

/*
 * Rows of 64 bits out of those of 32: these are read behind where the last of them will be, so
 * that none is written over before its turn.
 */
static int rows_give(struct c2pa_splice *splice, const struct splice_edit *edit, uint8_t *buf,
                     size_t *len, struct why *why)
{
    uint64_t done = edit->insert - splice->edit_left;
    size_t rows = (splice->edit_left < *len ? (size_t)splice->edit_left : *len) / 8;
    uint8_t *old = buf + rows * 4;
    int rc =
        splice->source.read_at(splice->source.ctx, edit->at + done / 2, old, rows * 4, why);

    for (size_t i = 0; rc == SH_OK && i < rows; i++) {
        uint64_t value = c2pa_big_endian(old + i * 4, 4);

        if (value < splice->old_size)
            value = c2pa_splice_map(splice, value);
        for (unsigned k = 0; k < 8; k++)
            buf[i * 8 + k] = (uint8_t)(value >> (56 - 8 * k));
    }
    *len = rows * 8;
    splice->edit_left -= *len;
    return rc;
}

int c2pa_splice_read(struct c2pa_splice *splice, uint8_t *buf, size_t room, size_t *len,
                     struct why *why)
{
    uint64_t until = splice->old_size;
    int rc;

    *len = 0;
    while (splice->edit < splice_edit_count(splice)) {
        struct splice_edit *edit = c2pa_splice_edit_at(splice, splice->edit);

        until = edit->at;
        if (splice->from < until)
            break;
        if (!splice->edit_begun) {
            splice->edit_begun = true;
            splice->edit_left = edit->insert;
        }
        if (splice->edit_left) {
            *len = room;
            rc = SH_OK;
            if (edit->rows)
                rc = rows_give(splice, edit, buf, len, why);
            else
                *len = room_give(splice, buf, room);
            splice->made += *len;
            return rc;
        }
        splice->from += edit->remove;
        splice->edit_begun = false;
        splice->edit++;
        until = splice->old_size;
    }
    if (splice->from == until)
        return SH_OK;
    *len = until - splice->from < room ? (size_t)(until - splice->from) : room;
    rc = splice->source.read_at(splice->source.ctx, splice->from, buf, *len, why);
    if (rc == SH_OK)
        rc = patch_apply(splice, buf, len, why);
    splice->from += *len;
    splice->made += *len;
    return rc;
}

void c2pa_splice_release(struct c2pa_splice *splice)
{
    bytes_release(&splice->edits);
    bytes_release(&splice->patches);
    memset(splice, 0, sizeof(*splice));
}
