/* When is the next word due?  Each line of docs/decisions/0011 as a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/dispatch.h"

/* One entry of a story: a word or a promise, with its time and its rule. */
struct step {
    enum doc_kind kind;
    uint64_t published, next_due, every_s, until, silent_until;
};
#define WORD(at)                                                                               \
    {                                                                                          \
        DOC_DISPATCH, at, 0, 0, 0, 0                                                           \
    }
#define WORD_DUE(at, due)                                                                      \
    {                                                                                          \
        DOC_DISPATCH, at, due, 0, 0, 0                                                         \
    }
#define EVERY(at, s)                                                                           \
    {                                                                                          \
        DOC_PROMISE, at, 0, s, 0, 0                                                            \
    }
#define UNTIL(at, t)                                                                           \
    {                                                                                          \
        DOC_PROMISE, at, 0, 0, t, 0                                                            \
    }
#define SILENT(at, t)                                                                          \
    {                                                                                          \
        DOC_PROMISE, at, 0, 0, 0, t                                                            \
    }

enum { NOTHING, BY, SILENT_BY };
static const struct {
    const char *what;
    struct step steps[4];
    int says;
    uint64_t by;
} rows[] = {
    {"no entry at all", {{0}}, NOTHING, 0},
    {"a word that promises nothing", {WORD(1000)}, NOTHING, 0},
    {"a word with its next", {WORD_DUE(1000, 5000)}, BY, 5000},
    {"a newer word without one", {WORD_DUE(1000, 5000), WORD(1200)}, NOTHING, 0},
    {"every, before any word", {EVERY(1000, 600)}, BY, 1600},
    {"every, then a word", {EVERY(1000, 600), WORD(1300)}, BY, 1900},
    {"a word, then every", {WORD(1000), EVERY(1500, 600)}, BY, 2100},
    {"every by a clock that was ahead", {EVERY(9000, 600), WORD(1300)}, BY, 1900},
    {"every by a clock that was behind", {WORD(1300), EVERY(500, 600)}, BY, 1900},
    {"every, then a word without a time", {EVERY(1000, 600), WORD(0)}, BY, 1600},
    {"next_due outranks every", {EVERY(1000, 600), WORD_DUE(1300, 9000)}, BY, 9000},
    {"next_due outranks a later every", {WORD_DUE(1300, 9000), EVERY(1400, 600)}, BY, 9000},
    {"next_due outranks a later until", {WORD_DUE(1300, 9000), UNTIL(1400, 2000)}, BY, 9000},
    {"every counts on after it",
     {EVERY(1000, 600), WORD_DUE(1300, 9000), WORD(8000)},
     BY,
     8600},
    {"until", {UNTIL(1000, 5000)}, BY, 5000},
    {"until, after a word", {WORD(900), UNTIL(1000, 5000)}, BY, 5000},
    {"until is kept by any word", {UNTIL(1000, 5000), WORD(1001)}, NOTHING, 0},
    {"until is kept by a late word", {UNTIL(1000, 5000), WORD(7000)}, NOTHING, 0},
    {"silent", {SILENT(1000, 5000)}, SILENT_BY, 5000},
    {"silent replaces next_due", {WORD_DUE(900, 3000), SILENT(1000, 5000)}, SILENT_BY, 5000},
    {"a word amid silence ends nothing", {SILENT(1000, 5000), WORD(3000)}, SILENT_BY, 5000},
    {"a word amid silence with its next", {SILENT(1000, 5000), WORD_DUE(3000, 4000)}, BY, 4000},
    {"a word at its end keeps it", {SILENT(1000, 5000), WORD(5000)}, NOTHING, 0},
    {"a word just before its end", {SILENT(1000, 5000), WORD(4999)}, SILENT_BY, 5000},
    {"an older word of a clock ahead", {WORD(9000), SILENT(1000, 5000)}, SILENT_BY, 5000},
    {"the newest promise holds", {EVERY(1000, 600), UNTIL(1100, 8000)}, BY, 8000},
    {"... also when it is kept", {EVERY(1, 600), UNTIL(1100, 8000), WORD(1200)}, NOTHING, 0},
    {"every after silence", {SILENT(1000, 5000), EVERY(2000, 600)}, BY, 2600},
    {"beyond every number",
     {EVERY(UINT64_MAX - 5, UINT64_MAX), WORD(UINT64_MAX - 1)},
     BY,
     UINT64_MAX},
};

static void take(struct due_facts *facts, uint64_t index, const struct step *step)
{
    struct document doc = {.kind = step->kind,
                           .published = step->published,
                           .next_due = step->next_due,
                           .every_s = step->every_s,
                           .until = step->until,
                           .silent_until = step->silent_until};

    due_take(facts, index, &doc);
}

static size_t count_of(const struct step *steps)
{
    size_t count = 0;

    while (count < 4 && (steps[count].kind != DOC_DISPATCH || steps[count].published ||
                         steps[count].next_due))
        count++;
    return count;
}

static void rules(void **state)
{
    struct due_facts facts, backwards;
    struct due due;
    size_t count;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        memset(&facts, 0, sizeof(facts));
        memset(&backwards, 0, sizeof(backwards));
        /* A row that names a word without a time has it last. */
        count = count_of(rows[i].steps);
        if (strstr(rows[i].what, "without a time"))
            count = 2;
        for (size_t at = 0; at < count; at++) {
            take(&facts, at + 1, &rows[i].steps[at]);
            take(&backwards, count - at, &rows[i].steps[count - at - 1]);
        }
        due_of(&facts, &due);
        if (due.promised != (rows[i].says != NOTHING) || due.by != rows[i].by ||
            due.silent != (rows[i].says == SILENT_BY))
            fail_msg("%s: promised %d by %ju silent %d", rows[i].what, due.promised,
                     (uintmax_t)due.by, due.silent);
        /* A reader who walks from the newest entry down comes to the same facts. */
        assert_memory_equal(&facts, &backwards, sizeof(facts));
    }
}

static void other_kinds_say_nothing(void **state)
{
    static const enum doc_kind kinds[] = {DOC_WITHDRAW, DOC_OPEN, DOC_UNKNOWN};
    struct due_facts facts = {0}, none = {0};
    struct document doc = {.published = 77, .next_due = 99, .every_s = 5};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        doc.kind = kinds[i];
        due_take(&facts, i + 1, &doc);
    }
    assert_memory_equal(&facts, &none, sizeof(facts));
    doc.kind = DOC_CORRECT;
    due_take(&facts, 4, &doc);
    assert_true(facts.has_word);
    assert_int_equal(facts.next_due, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(other_kinds_say_nothing),
    };

    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
