/*
 * An assertion c2pa.hash.bmff, a segment and a small file: two bytes of length and the CBOR,
 * two bytes of length and the segment, the file.  Boxes that tile the file, a verdict with its
 * cause, ranges that tile what matches; the same when leaves are hashed apart from each other.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "c2pa/c2pa.h"
#include "c2pa/content.h"

#define SPENT_MAX (8u << 20) /* bytes of an arena: files here are small */

static int share(void *ctx, const struct c2pa_leaves *leaves, struct why *why)
{
    (void)ctx;
    for (size_t i = leaves->count; i-- > 0;) {
        int rc = c2pa_leaves_hash(leaves, leaves->file, i, i + 1, why);

        if (rc != SH_OK)
            return rc;
    }
    return SH_OK;
}

static void check_roots(const struct c2pa_file *file)
{
    uint64_t at = 0;

    for (size_t i = 0; i < file->root_count; i++) {
        if (file->roots[i].at != at || file->roots[i].size == 0)
            abort();
        at += file->roots[i].size;
    }
    if (at != file->source->size)
        abort();
    if ((file->store == C2PA_STORE_BROKEN || file->damaged) && !file->cause.text[0])
        abort();
}

static void check_bound(const struct c2pa_file *file, const struct c2pa_bound *bound)
{
    uint64_t at = 0;

    if ((bound->verdict == C2PA_BOUND_MATCH) != !bound->cause.text[0])
        abort();
    if (bound->range_count > LIMIT_C2PA_RANGES)
        abort();
    if (bound->verdict != C2PA_BOUND_MATCH)
        return;
    for (size_t i = 0; i < bound->range_count && bound->ranges[i].file == 0; i++) {
        if (bound->ranges[i].from != at || bound->ranges[i].to <= at)
            abort();
        at = bound->ranges[i].to;
    }
    if (at != file->source->size)
        abort();
}

struct input {
    struct slice said, file, segment;
};

static struct input cut(const uint8_t *data, size_t size)
{
    struct cursor cur = cursor_of(slice_of(data, size));
    struct input input = {.said = {0}};
    size_t said = rd_u16(&cur);
    size_t segment;

    input.said = rd_bytes(&cur, said < rd_left(&cur) ? said : rd_left(&cur));
    segment = rd_u16(&cur);
    input.segment = rd_bytes(&cur, segment < rd_left(&cur) ? segment : rd_left(&cur));
    input.file = rd_bytes(&cur, rd_left(&cur));
    return input;
}

static void ask(const struct input *input, struct arena *arena)
{
    struct bmff_source source = bmff_source_slice(&input->file);
    struct bmff_source segment = bmff_source_slice(&input->segment);
    struct c2pa_bound first = {0};
    struct c2pa_bound second = {0};
    struct c2pa_binding binding = {.alg = slice_text("sha256"),
                                   .fragments = &segment,
                                   .fragment_count = input->segment.len != 0,
                                   .explain = true,
                                   .hash_file = true};
    struct cbor_value *map = NULL;
    struct c2pa_file file;
    struct slice parts[2];
    size_t count = 0;
    int rc = c2pa_file_open(&source, arena, &file, NULL);

    if (rc != SH_OK)
        return;
    check_roots(&file);
    if ((c2pa_file_store(&file, arena, parts, &count, NULL) == SH_OK) && !count)
        abort();
    if (cbor_parse(input->said, LIMIT_CBOR_DEPTH, arena, &map, NULL) != SH_OK)
        return;
    binding.map = map;
    binding.version = input->said.ptr[0] & 1 ? C2PA_BMFF_V3 : C2PA_BMFF_V1;
    if (c2pa_binding_check(&file, &binding, arena, &first, NULL) != SH_OK)
        return;
    check_bound(&file, &first);
    binding.share = share;
    binding.explain = false;
    if (c2pa_binding_check(&file, &binding, arena, &second, NULL) != SH_OK ||
        second.verdict != first.verdict || second.has_hash != first.has_hash ||
        memcmp(second.hash, first.hash, sizeof(first.hash)) != 0 ||
        second.uncovered.bytes != first.uncovered.bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = cut(data, size);
    struct arena arena;

    arena_init(&arena, SPENT_MAX);
    ask(&input, &arena);
    arena_release(&arena);
    return 0;
}
