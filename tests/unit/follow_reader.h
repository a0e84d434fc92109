/* A reader that follows a tree in memory, and what a test expects of it. */
#ifndef TESTS_FOLLOW_READER_H
#define TESTS_FOLLOW_READER_H

#include "follow/follow.h"

#include "verify_world.h"

/* One reader of one copy, and what it asked for. */
struct reader {
    struct world *world;
    struct follow follow;
    struct follow_result result;
    struct channel_id *expected;
    uint64_t budget;
    size_t reads, bytes;
    int fails; /* SH_ENOMEM at this read, counted from 1; 0 = never */
};

static int reader_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct reader *r = ctx;
    int rc;

    r->reads++;
    if (r->fails && r->reads == (size_t)r->fails)
        return SH_ENOMEM;
    rc = world_read(r->world, path, out, why);
    if (rc == SH_OK)
        r->bytes += out->len;
    return rc;
}

static struct reader *reader_new(struct world *world)
{
    struct reader *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    r->world = world;
    r->budget = 16u << 20;
    follow_init(&r->follow);
    return r;
}

static void reader_free(struct reader *r)
{
    bytes_release(&r->result.note);
    free(r);
}

static const char *const OUTCOMES[] = {"same",   "newer", "older",
                                       "forked", "wrong", "unreadable"};

/* Look once; what changes without FOLLOW_NEWER is a defect. */
static void step(struct reader *r, enum follow_outcome outcome, int line)
{
    const struct follow_source source = {reader_read, r, r->expected, r->budget};
    struct follow *before = malloc(sizeof(*before));

    assert_non_null(before);
    *before = r->follow;
    r->reads = r->bytes = 0;
    assert_int_equal(follow_step(&r->follow, &source, &r->result, NULL), SH_OK);
    if (r->result.outcome != outcome)
        fail_msg("line %d: %s instead of %s: %s", line, OUTCOMES[r->result.outcome],
                 OUTCOMES[outcome], r->result.text);
    if (outcome != FOLLOW_NEWER)
        assert_memory_equal(before, &r->follow, sizeof(*before));
    assert_true(r->bytes <= r->budget);
    free(before);
}
#define STEP(reader, outcome) step(reader, outcome, __LINE__)
#define SAYS(reader, part) assert_non_null(strstr((reader)->result.text, part))

static uint64_t promise(struct world *w, struct document *doc)
{
    uint64_t index;
    struct bytes raw;

    doc->kind = DOC_PROMISE;
    doc->salt[0] = (uint8_t)w->size;
    doc->channel = slice_text(w->id.text);
    doc->published = 1700000000 + w->size;
    doc->of = ENTRY_NO_REF;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(document_build(doc, &raw, NULL), SH_OK);
    index = world_document(w, ENTRY_PROMISE, ENTRY_NO_REF, bytes_view(&raw));
    bytes_release(&raw);
    return index;
}

static void grow(struct world *w, uint64_t size)
{
    while (w->size < size)
        (void)world_checkin(w);
    world_publish(w);
}

/* Not every program needs all of the two headers. */
static inline void reader_unused(void)
{
    (void)world_add_line;
    (void)world_expect;
    (void)world_withdraw;
    (void)world_path;
    (void)promise;
}

#endif
