/*
 * CBOR: a verdict; values that tile their parents, within the limits; and what the tree says,
 * written again, is read as the same tree in its deterministic form where no map is unsorted.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cbor/cbor.h"

static void write_again(const struct cbor_value *root, struct bytes *out)
{
    for (const struct cbor_value *v = root; v; v = cbor_walk(root, v)) {
        switch (v->type) {
        case CBOR_UNSIGNED:
            cbor_put_unsigned(out, v->number);
            break;
        case CBOR_BYTES:
            cbor_put_bytes(out, v->string);
            break;
        case CBOR_TEXT:
            cbor_put_slice(out, v->string);
            break;
        case CBOR_ARRAY:
            cbor_put_array(out, v->count);
            break;
        case CBOR_MAP:
            cbor_put_map(out, v->count / 2);
            break;
        case CBOR_TAG:
            cbor_put_tag(out, v->number);
            break;
        default: /* negative beyond int64_t, simple, float: as they stand */
            bytes_slice(out, v->raw);
        }
    }
}

static void check_tree(const struct cbor_value *root)
{
    unsigned values = 0;

    for (const struct cbor_value *v = root; v; v = cbor_walk(root, v)) {
        size_t count = 0;
        const uint8_t *end = NULL;

        if (++values > LIMIT_CBOR_VALUES || !v->raw.len)
            abort();
        for (const struct cbor_value *c = v->first; c; c = c->next, count++) {
            if (c->parent != v || (end && c->raw.ptr != end))
                abort();
            end = c->raw.ptr + c->raw.len;
        }
        if (count != v->count || (v->type == CBOR_MAP && count % 2) ||
            (end && end + v->open_ended != v->raw.ptr + v->raw.len))
            abort();
    }
}

static void check_again(const struct cbor_value *root, struct arena *arena)
{
    struct cbor_value *again = NULL;
    const struct cbor_value *a = root;
    const struct cbor_value *b;
    struct bytes out;

    bytes_init(&out, SIZE_MAX);
    write_again(root, &out);
    if (cbor_parse(bytes_view(&out), LIMIT_CBOR_DEPTH, arena, &again, NULL) != SH_OK)
        abort();
    for (b = again; a && b; a = cbor_walk(root, a), b = cbor_walk(again, b))
        if (a->type != b->type || a->number != b->number || a->count != b->count ||
            !slice_equal(a->string, b->string))
            abort();
    if (a || b || (cbor_is_deterministic(root) && !slice_equal(root->raw, again->raw)))
        abort();
    bytes_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cbor_value *root = NULL;
    struct why why = {0};
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = cbor_parse_first(slice_of(data, size), LIMIT_CBOR_DEPTH, &arena, &root, &why);
    if ((rc == SH_OK) != (root != NULL) || (rc < 0 && ((int)why.code != rc || !why.text[0])))
        abort();
    if (root) {
        if (root->raw.ptr != data || root->raw.len > size)
            abort();
        check_tree(root);
        check_again(root, &arena);
    }
    arena_release(&arena);
    return 0;
}
