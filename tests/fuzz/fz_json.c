/*
 * JSON: what has a canonical form keeps it when it is read again; the reader ends in a verdict.
 */
#include <stdint.h>
#include <stdlib.h>

#include "json/json.h"

static void write_again(struct slice canonical)
{
    struct json_value *root = NULL;
    struct arena arena;
    struct bytes again;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&again, SIZE_MAX);
    if (json_parse(canonical, LIMIT_JSON_DEPTH, &arena, &root, NULL) != SH_OK ||
        json_canonical(root, &again, NULL) != SH_OK ||
        !slice_equal(bytes_view(&again), canonical))
        abort();
    bytes_release(&again);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_value *root = NULL;
    struct why why = {0};
    struct arena arena;
    struct bytes out;
    size_t values = 0;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&out, SIZE_MAX);
    rc = json_parse(slice_of(data, size), LIMIT_JSON_DEPTH, &arena, &root, &why);
    if ((rc == SH_OK) != (root != NULL) || (rc < 0 && ((int)why.code != rc || !why.text[0])))
        abort();
    if (root) {
        for (const struct json_value *v = root; v; v = json_walk(root, v))
            values++;
        if (values > LIMIT_JSON_VALUES)
            abort();
        if (json_canonical(root, &out, NULL) == SH_OK)
            write_again(bytes_view(&out));
    }
    bytes_release(&out);
    arena_release(&arena);
    return 0;
}
