/* meta: its keys and items (14496-12 8.11; QTFF "Metadata"; iTunes' ilst). */
#include "bmff/leaks_int.h"

#include <string.h>

#define HANDLER_MDTA FOURCC('m', 'd', 't', 'a')
#define KEYS_MOST 256 /* not a cap: keys beyond are shown by their number only */

struct keys {
    struct bmff_box box;
    struct slice key[KEYS_MOST];
    uint32_t count;
};

/* keys: rows of size, namespace, text (QTFF "Metadata item keys atom"). */
static void read_keys(const struct bmff_box *box, struct keys *keys)
{
    struct cursor cur = cursor_of(box->body);
    uint32_t size;

    rd_skip(&cur, 8);
    while (keys->count < KEYS_MOST && rd_left(&cur) >= 8) {
        size = rd_u32(&cur);
        rd_skip(&cur, 4);
        if (size < 8 || size - 8 > rd_left(&cur))
            return;
        keys->key[keys->count++] = rd_bytes(&cur, size - 8);
    }
}

/* One data box of an item: type indicator, locale, value. */
static void take_data(struct bmff_finder *finder, const char *name, struct slice key,
                      struct slice data)
{
    struct cursor cur = cursor_of(data);
    uint32_t type = rd_u32(&cur);
    struct slice value;
    enum bmff_leak_kind kind;

    rd_skip(&cur, 4);
    value = rd_bytes(&cur, rd_left(&cur));
    if (cur.failed)
        return;
    if (type == 13 || type == 14 || type == 27 || slice_equal(key, slice_text("covr"))) {
        struct bmff_leak leak = bmff_leaks_new(finder, BMFF_LEAK_PICTURE, name);

        bmff_leaks_put(finder, &leak);
        return;
    }
    if (type == 21 || type == 22 || type == 23 || type == 24 || (type == 0 && value.len <= 8))
        return; /* Numbers: genre, track, flags. */
    cur = cursor_of(key);
    if (key.len == 4 && bmff_leaks_code(rd_u32(&cur), &kind))
        bmff_leaks_text(finder, kind, name, value);
    else
        bmff_leaks_keyed(finder, name, key, value);
}

/* The label of a key: its text, shown at its end where it is long. */
static void label_key(struct slice key, char out[BMFF_WHERE_BYTES])
{
    static const char apple[] = "com.apple.quicktime.";
    size_t most = BMFF_WHERE_BYTES / 2;
    size_t used = 0, from = slice_starts(key, apple) ? sizeof(apple) - 1 : 0;

    if (key.len - from > most)
        from = key.len - most;

    for (size_t i = from; i < key.len; i++) {
        uint8_t c = key.ptr[i];

        out[used++] = (char)(c > 0x20 && c < 0x7f ? c : '?');
    }
    out[used] = 0;
}

static void take_item(struct bmff_finder *finder, const struct bmff_box *item,
                      const struct keys *keys)
{
    struct bmff_walk walk = bmff_walk_of(item, 0, &finder->census);
    char name[BMFF_WHERE_BYTES];
    uint8_t code[4] = {(uint8_t)(item->type >> 24), (uint8_t)(item->type >> 16),
                       (uint8_t)(item->type >> 8), (uint8_t)item->type};
    struct slice key = slice_of(code, sizeof(code));
    struct bmff_box box;

    if (item->type >= 1 && item->type <= keys->count)
        key = keys->key[item->type - 1];
    if (key.len == 4 && key.ptr == code)
        memcpy(name, bmff_label_of(item->type).text, sizeof(struct bmff_label));
    else
        label_key(key, name);
    while (bmff_walk_next(&walk, &box, NULL) > 0) {
        if (box.type == FOURCC('n', 'a', 'm', 'e') && box.body.len > 4) {
            key = slice_sub(box.body, 4, box.body.len - 4); /* of a "----" item */
            label_key(key, name);
        } else if (box.type == FOURCC('d', 'a', 't', 'a')) {
            take_data(finder, name, key, box.body);
        }
    }
}

static void take_ilst(struct bmff_finder *finder, const struct bmff_box *ilst,
                      const struct keys *keys)
{
    struct bmff_walk walk = bmff_walk_of(ilst, 0, &finder->census);
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, NULL)) > 0)
        take_item(finder, &box, keys);
    if (rc < 0)
        finder->out->unseen |= BMFF_UNSEEN_DAMAGED;
}

/* QuickTime's meta has no version in front: its first child begins at once. */
static size_t version_bytes(struct slice body)
{
    struct cursor cur = cursor_of(body);

    rd_skip(&cur, 4);
    return rd_u32(&cur) == FOURCC('h', 'd', 'l', 'r') && !cur.failed ? 0 : 4;
}

void bmff_leaks_meta(struct bmff_finder *finder, const struct bmff_box *meta)
{
    struct bmff_walk walk = bmff_walk_of(meta, version_bytes(meta->body), &finder->census);
    struct keys keys = {.count = 0};
    struct bmff_box ilst = {0};
    struct bmff_box box;
    int rc;

    while ((rc = bmff_walk_next(&walk, &box, NULL)) > 0) {
        switch (box.type) {
        case FOURCC('k', 'e', 'y', 's'):
            read_keys(&box, &keys);
            break;
        case FOURCC('i', 'l', 's', 't'):
            ilst = box;
            break;
        case FOURCC('x', 'm', 'l', ' '):
        case FOURCC('b', 'x', 'm', 'l'):
            bmff_leaks_xml(finder, "xml", box.body);
            break;
        case FOURCC('h', 'd', 'l', 'r'):
        case FOURCC('f', 'r', 'e', 'e'):
            break;
        default:
            bmff_leaks_blob(finder, bmff_label_of(box.type).text, box.body);
            break;
        }
    }
    if (rc < 0)
        finder->out->unseen |= BMFF_UNSEEN_DAMAGED;
    if (ilst.found)
        take_ilst(finder, &ilst, &keys);
}
