/* One pass, no recursion: the open superboxes are the parents of the box at hand. */
#include "jumbf/jumbf.h"

#include <string.h>

#define DESCRIPTION JUMBF_TYPE('j', 'u', 'm', 'd')
#define SALT JUMBF_TYPE('c', '2', 's', 'h')

/* Toggles of a description box (A.3). */
#define HAS_LABEL 0x02
#define HAS_ID 0x04
#define HAS_HASH 0x08
#define HAS_PRIVATE 0x10

struct head {
    size_t at;
    uint32_t type;
    size_t size;   /* of the whole box */
    size_t header; /* bytes of it */
};

struct reader {
    struct slice whole;
    struct arena *arena;
    struct why *why;
    unsigned boxes;
    unsigned depth;
};

static int bad(const struct reader *reader, size_t at, const char *what)
{
    return why_set(reader->why, SH_EFORMAT, at, "JUMBF at byte %zu: %s", at, what);
}

/* The head of the box at `at`, which must end at or before `end`. */
static int read_head(const struct reader *reader, size_t at, size_t end, struct head *head)
{
    struct cursor cur = cursor_of(slice_sub(reader->whole, at, end - at));
    uint64_t size = rd_u32(&cur);

    head->at = at;
    head->type = rd_u32(&cur);
    if (size == 1)
        size = rd_u64(&cur);
    if (cur.failed)
        return bad(reader, at, "it ends in the midst of a box's head");
    head->header = cur.at;
    if (size < head->header)
        return bad(reader, at, "a box shorter than its own head (14496-12 4.2)");
    if (size > end - at)
        return bad(reader, at, "a box that is longer than what it lies in (14496-12 4.2)");
    head->size = (size_t)size;
    return SH_OK;
}

static struct slice payload_of(const struct reader *reader, const struct head *head)
{
    return slice_sub(reader->whole, head->at + head->header, head->size - head->header);
}

/* ---- description boxes ---- */

/* C2PA 11.1.4.1: no U+0000 to U+001F and U+007F to U+009F. */
static bool has_controls(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ||
            (text.ptr[i] == 0xc2 && text.ptr[i + 1] < 0xa0)) /* UTF-8: c2 is never the last. */
            return true;
    return false;
}

static int read_label(struct reader *reader, size_t at, struct cursor *cur,
                      struct jumbf_box *box)
{
    size_t end = slice_find(cur->whole, cur->at, 0);

    if (end == cur->whole.len)
        return bad(reader, at, "a label without its end (C2PA 11.1.4.1)");
    box->has_label = true;
    box->label = rd_bytes(cur, end - cur->at);
    rd_skip(cur, 1);
    if (!text_is_utf8(box->label) || has_controls(box->label))
        return bad(reader, at, "a label that is no text (C2PA 11.1.4.1)");
    return SH_OK;
}

/* The private field is one box; of those that we do not know we say nothing (11.1.3). */
static int read_private(struct reader *reader, size_t from, size_t end, struct jumbf_box *box)
{
    struct head head;
    int rc = read_head(reader, from, end, &head);

    if (rc < 0)
        return rc;
    if (head.at + head.size != end)
        return bad(reader, from, "bytes behind the private box of a description (A.3)");
    if (head.type == SALT && (head.size - head.header == 16 || head.size - head.header == 32))
        box->salt = payload_of(reader, &head);
    return SH_OK;
}

/* The description box at `at` of the superbox; *next is set to what follows it. */
static int read_description(struct reader *reader, size_t at, size_t end, struct jumbf_box *box,
                            size_t *next)
{
    struct head head;
    struct cursor cur;
    struct slice uuid;
    int rc = read_head(reader, at, end, &head);

    if (rc < 0)
        return rc;
    if (head.type != DESCRIPTION)
        return bad(reader, at, "a superbox that does not begin with its description (A.3)");
    cur = cursor_of(payload_of(reader, &head));
    uuid = rd_bytes(&cur, JUMBF_UUID_BYTES);
    box->toggles = rd_u8(&cur);
    if (cur.failed)
        return bad(reader, at, "a description box that is cut off (A.3)");
    memcpy(box->uuid, uuid.ptr, uuid.len);
    if (box->toggles & HAS_LABEL)
        rc = read_label(reader, at, &cur, box);
    if (rc < 0)
        return rc;
    if (box->toggles & HAS_ID)
        rd_skip(&cur, 4);
    if (box->toggles & HAS_HASH)
        box->content_hash = rd_bytes(&cur, 32);
    if (cur.failed)
        return bad(reader, at, "a description box that is cut off (A.3)");
    *next = at + head.size;
    if (box->toggles & HAS_PRIVATE)
        return read_private(reader, *next - rd_left(&cur), *next, box);
    if (rd_left(&cur))
        return bad(reader, at, "bytes behind the fields of a description box (A.3)");
    return SH_OK;
}

/* ---- boxes ---- */

static int new_box(struct reader *reader, const struct head *head, struct jumbf_box *inside,
                   struct jumbf_box **out)
{
    struct jumbf_box *box = NULL;

    if (++reader->boxes > LIMIT_JUMBF_BOXES)
        return why_set(reader->why, SH_ELIMIT, head->at, "JUMBF: more than %d boxes",
                       LIMIT_JUMBF_BOXES);
    box = arena_take(reader->arena, sizeof(*box));
    if (!box)
        return why_set(reader->why, SH_ENOMEM, head->at, "JUMBF: out of memory");
    box->type = head->type;
    box->raw = slice_sub(reader->whole, head->at, head->size);
    box->payload = payload_of(reader, head);
    box->parent = inside;
    if (inside) {
        if (inside->last)
            inside->last->next = box;
        else
            inside->first = box;
        inside->last = box;
        inside->count++;
    }
    *out = box;
    return SH_OK;
}

static size_t end_of(const struct reader *reader, const struct jumbf_box *box)
{
    return (size_t)(box->raw.ptr - reader->whole.ptr) + box->raw.len;
}

/* Read the box at *at, move behind it, or into it when it is a superbox: then it is *inside. */
static int read_box(struct reader *reader, size_t *at, struct jumbf_box **inside)
{
    size_t end = *inside ? end_of(reader, *inside) : reader->whole.len;
    struct jumbf_box *box = NULL;
    struct head head;
    int rc = read_head(reader, *at, end, &head);

    if (rc < 0)
        return rc;
    if (!*inside && head.type != JUMBF_SUPERBOX)
        return bad(reader, *at, "it does not begin with a superbox (jumb)");
    if (head.type == DESCRIPTION)
        return bad(reader, *at, "a second description in one superbox (A.3)");
    rc = new_box(reader, &head, *inside, &box);
    if (rc < 0)
        return rc;
    if (head.type != JUMBF_SUPERBOX) {
        *at += head.size;
        return SH_OK;
    }
    if (++reader->depth > LIMIT_JUMBF_DEPTH)
        return why_set(reader->why, SH_ELIMIT, *at, "JUMBF at byte %zu: nested deeper than %d",
                       *at, LIMIT_JUMBF_DEPTH);
    *inside = box;
    return read_description(reader, *at + head.header, *at + head.size, box, at);
}

static int read_all(struct reader *reader, struct jumbf_box **root)
{
    struct jumbf_box *inside = NULL;
    size_t at = 0;
    int rc;

    do {
        rc = read_box(reader, &at, &inside);
        if (rc < 0)
            return rc;
        if (!*root)
            *root = inside;
        while (inside && at == end_of(reader, inside)) {
            inside = inside->parent;
            reader->depth--;
        }
    } while (inside);
    for (; at < reader->whole.len; at++)
        if (reader->whole.ptr[at])
            return bad(reader, at, "something else than zeros behind the outermost box");
    return SH_OK;
}

int jumbf_parse(struct slice raw, struct arena *arena, struct jumbf_box **out, struct why *why)
{
    struct reader reader = {.whole = raw, .arena = arena, .why = why};
    struct jumbf_box *root = NULL;
    int rc = read_all(&reader, &root);

    if (rc == SH_OK)
        *out = root;
    return rc;
}

/* ---- looking things up ---- */

bool jumbf_is(const struct jumbf_box *box, uint32_t letters)
{
    static const uint8_t tail[12] = {0x00, 0x11, 0x00, 0x10, 0x80, 0x00,
                                     0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};
    const uint8_t *uuid = box->uuid;

    return box->type == JUMBF_SUPERBOX &&
           letters == JUMBF_TYPE(uuid[0], uuid[1], uuid[2], uuid[3]) &&
           memcmp(uuid + 4, tail, sizeof(tail)) == 0;
}

const struct jumbf_box *jumbf_child(const struct jumbf_box *box, struct slice label,
                                    size_t *found)
{
    const struct jumbf_box *only = NULL;
    size_t count = 0;

    for (const struct jumbf_box *child = box->first; child; child = child->next) {
        if (!child->has_label || !slice_equal(child->label, label))
            continue;
        only = child;
        count++;
    }
    if (found)
        *found = count;
    return count == 1 ? only : NULL;
}

const struct jumbf_box *jumbf_walk(const struct jumbf_box *root, const struct jumbf_box *box)
{
    if (box->first)
        return box->first;
    while (box != root && !box->next)
        box = box->parent;
    return box == root ? NULL : box->next;
}
