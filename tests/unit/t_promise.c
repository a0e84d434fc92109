/* Promises in a channel: appended, found among many words, kept by rebuild and snapshot. */
#include "channel_scene.h"

struct story {
    struct channel *channel;
    struct due_facts facts; /* what each step should make of them */
};

static uint64_t put(struct story *story, enum entry_type type, struct document *doc)
{
    struct channel_append append = {.type = type, .ref = ENTRY_NO_REF};
    struct channel_commit commit = {0};
    struct why why = {0};
    struct bytes raw;

    doc->of = ENTRY_NO_REF;
    doc->channel = slice_text(channel_info(story->channel)->id.text);
    io_random(doc->salt, sizeof(doc->salt));
    io_random(doc->dispatch, sizeof(doc->dispatch));
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    must(document_build(doc, &raw, &why), &why);
    append.document = bytes_view(&raw);
    must(channel_append(story->channel, &append, &signer, &commit, &why), &why);
    assert_true(commit.published);
    bytes_release(&raw);
    due_take(&story->facts, commit.index, doc);
    return commit.index;
}

static uint64_t word(struct story *story, uint64_t at, uint64_t next_due)
{
    struct document doc = {.kind = DOC_DISPATCH,
                           .status = slice_text("well"),
                           .published = at,
                           .next_due = next_due};

    return put(story, ENTRY_DISPATCH, &doc);
}

static uint64_t every(struct story *story, uint64_t at, uint64_t seconds)
{
    struct doc_text because = {slice_text("en"), slice_text("a journey")};
    struct document doc = {.kind = DOC_PROMISE,
                           .published = at,
                           .every_s = seconds,
                           .because = &because,
                           .because_count = 1};

    return put(story, ENTRY_PROMISE, &doc);
}

static void as_told(struct story *story)
{
    struct due_facts facts;
    struct why why = {0};

    memset(&facts, 'x', sizeof(facts));
    must(channel_due(story->channel, &facts, &why), &why);
    assert_int_equal(facts.has_word, story->facts.has_word);
    assert_int_equal(facts.word_index, story->facts.word_index);
    assert_int_equal(facts.word_at, story->facts.word_at);
    assert_int_equal(facts.next_due, story->facts.next_due);
    assert_int_equal(facts.has_promise, story->facts.has_promise);
    assert_int_equal(facts.promise_index, story->facts.promise_index);
    assert_int_equal(facts.every_s, story->facts.every_s);
}

static void found_among_words(void **state)
{
    static const unsigned runs[] = {1, 0, 2, 0, 0, 7, 33, 1};
    struct story story = {.channel = opened(CHANNEL_WRITE)};
    uint64_t at = 1000;

    (void)state;
    as_told(&story); /* Nothing but the identity. */
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        for (unsigned n = 0; n < runs[i]; n++, at += 10) {
            (void)word(&story, at, n % 3 ? 0 : at + 500);
            as_told(&story);
        }
        (void)every(&story, at, 3600 + i);
        as_told(&story);
    }
    for (unsigned n = 0; n < 40; n++)
        (void)word(&story, at++, 0);
    as_told(&story);
    channel_close(story.channel);
    assert_true(verify() > 80);
}

/* The newest word, at index, was just withdrawn. */
static void taken_back(struct story *story, uint64_t index)
{
    struct document doc = {.kind = DOC_DISPATCH, .published = 7100};

    due_take(&story->facts, index, &doc);
}

static void a_withdrawn_word_was_given_then(void **state)
{
    struct story story = {.channel = opened(CHANNEL_WRITE)};
    struct story before;
    uint64_t first, second, third;
    struct channel_entry entry;
    char path[TREE_PATH_BYTES];
    struct why why = {0};

    (void)state;
    assert_int_equal(setenv("STILLHERE_NOW", "7100", 1), 0); /* of the withdrawals */
    must(channel_due(story.channel, &story.facts, &why), &why);
    (void)every(&story, 5000, 7200);
    first = word(&story, 6000, 9000);
    second = word(&story, 7000, 0);
    as_told(&story);
    must(withdraw(story.channel, first, &why), &why);
    as_told(&story); /* An older word is none of its business. */
    must(withdraw(story.channel, second, &why), &why);
    taken_back(&story, second);
    as_told(&story);
    before = story;
    /* A promise is replaced, not withdrawn. */
    why = (struct why){0};
    assert_int_equal(withdraw(story.channel, before.facts.promise_index, &why), SH_EARG);
    why = (struct why){0};
    /* A document that is gone is no word. */
    third = word(&story, 7500, 0);
    must(channel_entry_get(story.channel, third, &entry, &why), &why);
    tree_document_path(entry.entry.hash, path);
    shell("mv %s/public/%s %s/kept", home, path, base);
    as_told(&before);
    shell("echo changed >%s/public/%s", home, path);
    as_told(&before);
    shell("mv %s/kept %s/public/%s", base, home, path);
    as_told(&story);
    must(withdraw(story.channel, third, &why), &why);
    taken_back(&story, third);
    as_told(&story);
    assert_int_equal(unsetenv("STILLHERE_NOW"), 0);
    channel_close(story.channel);
}

static void rebuilt(void **state)
{
    struct story story = {.channel = opened(CHANNEL_LOOK)};
    struct why why = {0};

    (void)state;
    must(channel_due(story.channel, &story.facts, &why), &why);
    assert_true(story.facts.has_promise);
    channel_close(story.channel);
    shell("mv %s/private/stillhere.db %s/old.db; rm -f %s/private/stillhere.db-*", home, base,
          home);
    must(channel_rebuild(home, &why), &why);
    story.channel = opened(CHANNEL_WRITE);
    as_told(&story);
    (void)every(&story, 8000, 4000);
    as_told(&story);
    channel_close(story.channel);
    (void)verify();
}

static int count_documents(void *ctx, const struct channel_part *part, struct why *why)
{
    (void)why;
    *(unsigned *)ctx += strncmp(part->path, "public/d/", 9) == 0;
    return SH_OK;
}

static void in_a_snapshot(void **state)
{
    struct channel *channel = opened(CHANNEL_LOOK);
    unsigned count = 0;
    struct channel_sink sink = {count_documents, &count};
    struct why why = {0};

    (void)state;
    must(channel_snapshot(channel, &sink, &why), &why);
    /* All but the identity and the three withdrawn words. */
    assert_int_equal(count, channel_info(channel)->size - 4);
    channel_close(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_among_words),
        cmocka_unit_test(a_withdrawn_word_was_given_then),
        cmocka_unit_test(rebuilt),
        cmocka_unit_test(in_a_snapshot),
    };

    return cmocka_run_group_tests_name("promise", tests, setup, teardown);
}
