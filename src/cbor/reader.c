/* The reader: one pass, no recursion; the open containers are the parents of the last value. */
#include "cbor/cbor.h"

#include <string.h>

#define ENDLESS UINT64_MAX /* in cbor_value.left: until a break */

/* How the first byte of an item is cut (RFC 8949 3). */
struct head {
    unsigned major;
    unsigned info;   /* the low five bits */
    uint64_t number; /* of info and what follows it */
    size_t at;
};

struct reader {
    struct cursor cur;
    struct arena *arena;
    struct why *why;
    unsigned depth, depth_max;
    unsigned values;
};

static int bad(struct reader *reader, size_t at, const char *what)
{
    return why_set(reader->why, SH_EFORMAT, at, "CBOR at byte %zu: %s", at, what);
}

static int cut_off(struct reader *reader)
{
    return bad(reader, reader->cur.whole.len, "it ends in the midst of an item (RFC 8949 3)");
}

static int read_head(struct reader *reader, struct head *head)
{
    struct cursor *cur = &reader->cur;
    uint8_t first;

    head->at = cur->at;
    first = rd_u8(cur);
    head->major = first >> 5;
    head->info = first & 0x1f;
    head->number = head->info;
    if (head->info == 24)
        head->number = rd_u8(cur);
    else if (head->info == 25)
        head->number = rd_u16(cur);
    else if (head->info == 26)
        head->number = rd_u32(cur);
    else if (head->info == 27)
        head->number = rd_u64(cur);
    if (cur->failed)
        return cut_off(reader);
    if (head->info >= 28 && head->info < 31)
        return bad(reader, head->at, "a head of a reserved length (RFC 8949 3)");
    return SH_OK;
}

/* ---- values without children ---- */

static int read_simple(struct reader *reader, const struct head *head, struct cbor_value *value)
{
    static const enum cbor_type named[] = {CBOR_FALSE, CBOR_TRUE, CBOR_NULL, CBOR_UNDEFINED};

    value->number = head->number;
    if (head->info >= 25)
        value->type = CBOR_FLOAT;
    else if (head->info == 24 && head->number < 32)
        return bad(reader, head->at, "a simple value below 32 in two bytes (RFC 8949 3.3)");
    else if (head->number >= 20 && head->number < 24)
        value->type = named[head->number - 20];
    else
        value->type = CBOR_SIMPLE;
    return SH_OK;
}

static int join_chunk(struct reader *reader, const struct head *head, struct bytes *joined)
{
    struct head chunk;
    int rc = read_head(reader, &chunk);

    if (rc < 0)
        return rc;
    if (chunk.major == 7 && chunk.info == 31)
        return 0;
    if (chunk.major != head->major || chunk.info == 31)
        return bad(reader, chunk.at,
                   "a string in chunks holds something else (RFC 8949 3.2.3)");
    if (chunk.number > rd_left(&reader->cur))
        return cut_off(reader);
    bytes_slice(joined, rd_bytes(&reader->cur, (size_t)chunk.number));
    return 1;
}

static int join_chunks(struct reader *reader, const struct head *head, struct cbor_value *value)
{
    struct bytes joined;
    uint8_t *kept;
    int rc;

    bytes_init(&joined, reader->cur.whole.len + 1);
    while ((rc = join_chunk(reader, head, &joined)) > 0)
        ;
    if (rc == SH_OK)
        rc = bytes_check(&joined, reader->why);
    if (rc == SH_OK && joined.len) {
        kept = arena_take(reader->arena, joined.len);
        if (kept) {
            memcpy(kept, joined.ptr, joined.len);
            value->string = slice_of(kept, joined.len);
        } else {
            rc = why_set(reader->why, SH_ENOMEM, head->at, "CBOR: out of memory");
        }
    }
    bytes_release(&joined);
    return rc;
}

static int read_string(struct reader *reader, const struct head *head, struct cbor_value *value)
{
    int rc = SH_OK;

    value->type = head->major == 2 ? CBOR_BYTES : CBOR_TEXT;
    if (head->info == 31) {
        value->open_ended = true;
        rc = join_chunks(reader, head, value);
    } else if (head->number > rd_left(&reader->cur)) {
        return cut_off(reader);
    } else {
        value->string = rd_bytes(&reader->cur, (size_t)head->number);
    }
    if (rc == SH_OK && value->type == CBOR_TEXT && !text_is_utf8(value->string))
        return bad(reader, head->at, "a text that is not UTF-8 (RFC 8949 5.3.1)");
    return rc;
}

/* ---- containers ---- */

static bool is_container(const struct cbor_value *value)
{
    return value->type == CBOR_ARRAY || value->type == CBOR_MAP || value->type == CBOR_TAG;
}

static int open_container(struct reader *reader, const struct head *head,
                          struct cbor_value *value)
{
    static const enum cbor_type types[] = {CBOR_ARRAY, CBOR_MAP, CBOR_TAG};
    uint64_t pairs = head->major == 5 ? 2 : 1;

    value->type = types[head->major - 4];
    value->number = value->type == CBOR_TAG ? head->number : 0;
    if (value->type == CBOR_TAG) {
        value->left = 1;
    } else if (head->info == 31) {
        value->open_ended = true;
        value->left = ENDLESS;
    } else if (head->number > rd_left(&reader->cur) / pairs) {
        return cut_off(reader); /* Each child takes a byte at least. */
    } else {
        value->left = head->number * pairs;
    }
    if (++reader->depth > reader->depth_max)
        return why_set(reader->why, SH_ELIMIT, head->at,
                       "CBOR at byte %zu: nested deeper than %u", head->at, reader->depth_max);
    return SH_OK;
}

static bool same_name(const struct cbor_value *a, const struct cbor_value *b)
{
    return a->type == b->type && a->number == b->number && slice_equal(a->string, b->string);
}

/* A map's names are few: each against each costs less than sorting them would in code. */
static int check_names(struct reader *reader, const struct cbor_value *map)
{
    if (map->count > 2 * LIMIT_CBOR_NAMES)
        return why_set(reader->why, SH_ELIMIT, WHY_NOWHERE, "CBOR: a map of more than %d names",
                       LIMIT_CBOR_NAMES);
    for (const struct cbor_value *a = map->first; a; a = a->next->next) {
        size_t at = (size_t)(a->raw.ptr - reader->cur.whole.ptr);

        if (is_container(a))
            return why_set(reader->why, SH_EUNSUPPORTED, at,
                           "CBOR at byte %zu: a name that is no number, text or bytes", at);
        for (const struct cbor_value *b = a->next->next; b; b = b->next->next)
            if (same_name(a, b))
                return bad(reader, (size_t)(b->raw.ptr - reader->cur.whole.ptr),
                           "a name that stands twice in its map (RFC 8949 5.3.1)");
    }
    return SH_OK;
}

/* The innermost container ends here. */
static int close_container(struct reader *reader, struct cbor_value *value)
{
    const uint8_t *end = reader->cur.whole.ptr + reader->cur.at;

    value->raw.len = (size_t)(end - value->raw.ptr);
    reader->depth--;
    return value->type == CBOR_MAP ? check_names(reader, value) : SH_OK;
}

static int read_break(struct reader *reader, const struct head *head,
                      const struct cbor_value *inside)
{
    if (!inside || inside->left != ENDLESS)
        return bad(reader, head->at, "a break where nothing is open (RFC 8949 3.2.1)");
    if (inside->type == CBOR_MAP && inside->count % 2)
        return bad(reader, head->at, "a map that ends behind a name (RFC 8949 3.2.2)");
    return SH_OK;
}

/* ---- the whole ---- */

static int new_value(struct reader *reader, const struct head *head, struct cbor_value *inside,
                     struct cbor_value **out)
{
    struct cbor_value *value;

    if (++reader->values > LIMIT_CBOR_VALUES)
        return why_set(reader->why, SH_ELIMIT, head->at, "CBOR: more than %d values",
                       LIMIT_CBOR_VALUES);
    value = arena_take(reader->arena, sizeof(*value));
    if (!value)
        return why_set(reader->why, SH_ENOMEM, head->at, "CBOR: out of memory");
    value->raw.ptr = reader->cur.whole.ptr + head->at;
    value->parent = inside;
    if (inside) {
        if (inside->last)
            inside->last->next = value;
        else
            inside->first = value;
        inside->last = value;
        inside->count++;
        if (inside->left != ENDLESS)
            inside->left--;
    }
    *out = value;
    return SH_OK;
}

static int fill_value(struct reader *reader, const struct head *head, struct cbor_value *value)
{
    if (head->info == 31 && (head->major < 2 || head->major == 6))
        return bad(reader, head->at, "a number without its length (RFC 8949 3.2)");
    switch (head->major) {
    case 0:
    case 1:
        value->type = head->major ? CBOR_NEGATIVE : CBOR_UNSIGNED;
        value->number = head->number;
        return SH_OK;
    case 2:
    case 3:
        return read_string(reader, head, value);
    case 7:
        return read_simple(reader, head, value);
    default:
        return open_container(reader, head, value);
    }
}

/* Close what is full; *inside is then the container that takes the next value, or NULL. */
static int close_full(struct reader *reader, struct cbor_value **inside)
{
    int rc = SH_OK;

    while (rc == SH_OK && *inside && (*inside)->left == 0) {
        rc = close_container(reader, *inside);
        *inside = (*inside)->parent;
    }
    return rc;
}

static int read_all(struct reader *reader, struct cbor_value **root)
{
    struct cbor_value *inside = NULL;
    struct cbor_value *value = NULL;
    struct head head;
    int rc;

    do {
        rc = read_head(reader, &head);
        if (rc == SH_OK && head.major == 7 && head.info == 31) {
            rc = read_break(reader, &head, inside);
            if (rc == SH_OK)
                inside->left = 0;
        } else if (rc == SH_OK) {
            rc = new_value(reader, &head, inside, &value);
            if (rc == SH_OK)
                rc = fill_value(reader, &head, value);
            if (rc < 0)
                return rc;
            if (!*root)
                *root = value;
            if (is_container(value))
                inside = value;
            else
                value->raw.len =
                    (size_t)(reader->cur.whole.ptr + reader->cur.at - value->raw.ptr);
        }
        if (rc == SH_OK)
            rc = close_full(reader, &inside);
    } while (rc == SH_OK && inside);
    return rc;
}

int cbor_parse_first(struct slice raw, unsigned depth_max, struct arena *arena,
                     struct cbor_value **out, struct why *why)
{
    struct reader reader = {
        .cur = cursor_of(raw), .arena = arena, .why = why, .depth_max = depth_max};
    struct cbor_value *root = NULL;
    int rc = read_all(&reader, &root);

    if (rc == SH_OK)
        *out = root;
    return rc;
}

int cbor_parse(struct slice raw, unsigned depth_max, struct arena *arena,
               struct cbor_value **out, struct why *why)
{
    struct cbor_value *root = NULL;
    int rc = cbor_parse_first(raw, depth_max, arena, &root, why);

    if (rc == SH_OK && root->raw.len != raw.len)
        return why_set(why, SH_EFORMAT, root->raw.len,
                       "CBOR at byte %zu: bytes behind the item", root->raw.len);
    if (rc == SH_OK)
        *out = root;
    return rc;
}

/* ---- looking things up ---- */

static const struct cbor_value *present(const struct cbor_value *value)
{
    return value->type == CBOR_NULL ? NULL : value;
}

const struct cbor_value *cbor_member(const struct cbor_value *map, const char *name)
{
    if (!map || map->type != CBOR_MAP)
        return NULL;
    for (const struct cbor_value *key = map->first; key; key = key->next->next)
        if (key->type == CBOR_TEXT && slice_equal(key->string, slice_text(name)))
            return present(key->next);
    return NULL;
}

const struct cbor_value *cbor_member_of(const struct cbor_value *map, int64_t name)
{
    enum cbor_type type = name < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED;
    uint64_t number = name < 0 ? (uint64_t)(-1 - name) : (uint64_t)name;

    if (!map || map->type != CBOR_MAP)
        return NULL;
    for (const struct cbor_value *key = map->first; key; key = key->next->next)
        if (key->type == type && key->number == number)
            return present(key->next);
    return NULL;
}

const struct cbor_value *cbor_walk(const struct cbor_value *root,
                                   const struct cbor_value *value)
{
    if (value->first)
        return value->first;
    while (value != root && !value->next)
        value = value->parent;
    return value == root ? NULL : value->next;
}

/* ---- 4.2.1 ---- */

static bool head_is_shortest(const struct cbor_value *value)
{
    unsigned info = value->raw.ptr[0] & 0x1f;
    uint64_t number = value->number;

    if (value->open_ended)
        return false;
    if (value->type == CBOR_BYTES || value->type == CBOR_TEXT)
        number = value->string.len;
    else if (value->type == CBOR_ARRAY)
        number = value->count;
    else if (value->type == CBOR_MAP)
        number = value->count / 2;
    else if (value->type >= CBOR_FALSE)
        return true; /* floats are not ours to shorten; simple values have one form */
    if (info < 24)
        return true;
    if (info == 24)
        return number >= 24;
    if (info == 25)
        return number > UINT8_MAX;
    return info == 26 ? number > UINT16_MAX : number > UINT32_MAX;
}

static bool names_rise(const struct cbor_value *map)
{
    for (const struct cbor_value *key = map->first; key && key->next->next;
         key = key->next->next)
        if (slice_compare(key->raw, key->next->next->raw) >= 0)
            return false;
    return true;
}

bool cbor_is_deterministic(const struct cbor_value *root)
{
    for (const struct cbor_value *value = root; value; value = cbor_walk(root, value))
        if (!head_is_shortest(value) || (value->type == CBOR_MAP && !names_rise(value)))
            return false;
    return true;
}
