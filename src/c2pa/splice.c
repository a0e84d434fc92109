/* Copies a file with room for credentials in it, and sets right what names places in it. */
#include "c2pa/write.h"

#include <string.h>

#include "c2pa/splice_int.h"

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
    if (rc == SH_OK) {
        *out = splice;
        c2pa_splice_room(out, 0);
    } else {
        c2pa_splice_release(&splice);
    }
    return rc;
}

void c2pa_splice_room(struct c2pa_splice *splice, uint64_t box_size)
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

/* ---- numbers ---- */

static uint64_t number_get(const uint8_t *at, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static int number_put(uint8_t *at, unsigned width, uint64_t value, struct why *why)
{
    if (width == 4 && value > UINT32_MAX)
        return why_set(
            why, SH_ELIMIT, WHY_NOWHERE,
            "with credentials in it the file has samples behind 4 GiB that its 32-bit "
            "tables cannot name; \"ffmpeg -i IN -c copy OUT.mp4\" makes one with "
            "64-bit tables, or sign a smaller file");
    for (unsigned i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    return SH_OK;
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
    uint64_t value = number_get(row, patch->width);
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
        if (value > 0x7fffffffu)
            return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                           "with credentials in it a part of the file is too large for its "
                           "index (14496-12 8.16.3)");
        value |= flag;
        break;
    case SPLICE_ORIGINAL:
        memcpy(row, "original", 8);
        return SH_OK;
    }
    return number_put(row, patch->width, value, why);
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
            *len = room_give(splice, buf, room);
            splice->made += *len;
            return SH_OK;
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
