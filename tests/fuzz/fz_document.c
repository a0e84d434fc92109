/*
 * Documents: what is read and wholly known is written again, byte for byte.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dispatch/dispatch.h"

static bool wholly_known(const struct document *doc)
{
    if (doc->kind == DOC_UNKNOWN || doc->unknown_count)
        return false;
    for (size_t i = 0; i < doc->blob_count; i++)
        if (!tree_extension(doc->blobs[i].mime))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document doc;
    struct why why = {0};
    struct arena arena;
    struct bytes again;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&again, LIMIT_DOCUMENT_BYTES);
    rc = document_parse(slice_of(data, size), &arena, &doc, &why);
    /* An arena of this size is enough for every document. */
    if (rc == SH_ENOMEM || (rc < 0 && ((int)why.code != rc || !why.text[0])))
        abort();
    if (rc == SH_OK && wholly_known(&doc) &&
        (document_build(&doc, &again, NULL) != SH_OK ||
         !slice_equal(bytes_view(&again), slice_of(data, size))))
        abort();
    bytes_release(&again);
    arena_release(&arena);
    return 0;
}
