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
    {"every, made when it was over", {WORD_DUE(1300, 9000), EVERY(9001, 600)}, BY, 9601},
    {"until, made when it was over", {WORD_DUE(1300, 9000), UNTIL(9001, 9900)}, BY, 9900},
    {"every, made in its last second", {WORD_DUE(1300, 9000), EVERY(9000, 600)}, BY, 9000},
    {"it does not come back after silence",
     {WORD_DUE(1300, 2000), SILENT(1500, 9000), EVERY(5000, 600)},
     BY,
     5600},
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

/* ---- clocks that are wrong ---- */

#define HOUR UINT64_C(3600)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define T0 UINT64_C(1800000000)

/* One reader of a channel that promises a word every day, from T0 on. */
struct reader {
    struct due_facts facts, known;
    struct due due;
    bool looked;
    uint64_t moved, run;
};

static void reader_open(struct reader *reader, uint64_t promise_at)
{
    *reader = (struct reader){.known = {0}};
    reader->facts = (struct due_facts){.has_promise = true,
                                       .promise_index = 1,
                                       .promise_at = promise_at,
                                       .every_s = DAY,
                                       .newest_at = promise_at};
}

/* The next entry is a word that says this of its time, and of the next one's. */
static void reader_word(struct reader *reader, uint64_t at, uint64_t next_due)
{
    struct due_facts *facts = &reader->facts;

    facts->before_at = facts->has_word ? facts->word_at : 0;
    facts->word_index = (facts->has_word ? facts->word_index : facts->promise_index) + 1;
    facts->has_word = true;
    facts->word_at = at;
    facts->next_due = next_due;
    facts->newest_at = at > facts->newest_at ? at : facts->newest_at;
}

static uint64_t reader_look(struct reader *reader, uint64_t now, bool unsure)
{
    struct due_facts facts = reader->facts;

    due_see(&facts, &reader->known,
            &(struct due_seen){now, reader->run + 1, reader->moved, unsure, !reader->looked});
    reader->known = facts;
    reader->looked = true;
    due_of(&facts, &reader->due);
    assert_true(reader->due.promised);
    return reader->due.by;
}

static void clocks_that_agree(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    assert_int_equal(reader_look(&reader, T0 + 5, false), T0 + DAY);
    reader_word(&reader, T0 + 8 * HOUR, 0);
    assert_int_equal(reader_look(&reader, T0 + 9 * HOUR, false), T0 + 32 * HOUR);
    /* A word that was held back counts from when it was made. */
    reader_word(&reader, T0 + 20 * HOUR, 0);
    assert_int_equal(reader_look(&reader, T0 + 3 * DAY, false), T0 + 44 * HOUR);
    /* Minutes are nothing. */
    reader_word(&reader, T0 + 3 * DAY + 600, 0);
    assert_int_equal(reader_look(&reader, T0 + 3 * DAY, false), T0 + 4 * DAY + 600);
    reader_word(&reader, T0 + 3 * DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 3 * DAY + 60, false), T0 + 4 * DAY);
    assert_int_equal(reader.known.word_from, 0);
}

static void ahead(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    (void)reader_look(&reader, T0, false);
    reader_word(&reader, T0 + 4 * YEAR, 0);
    for (uint64_t at = T0 + 5 * HOUR; at < T0 + 8 * YEAR; at += 90 * DAY)
        assert_int_equal(reader_look(&reader, at, false), T0 + 29 * HOUR);
    assert_int_equal(reader.known.word_from, T0 + 5 * HOUR);
    assert_false(reader.known.blind);
    /* What such a clock names is as far away as it meant. */
    reader_word(&reader, T0 + 12 * YEAR, T0 + 12 * YEAR + 6 * HOUR);
    assert_int_equal(reader_look(&reader, T0 + 8 * YEAR, false), T0 + 8 * YEAR + 6 * HOUR);
    reader_word(&reader, T0 + 12 * YEAR + 1, T0 + 8 * YEAR + 7 * HOUR);
    assert_int_equal(reader_look(&reader, T0 + 8 * YEAR + 5, false), T0 + 8 * YEAR + 7 * HOUR);
    /* It is right again. */
    reader_word(&reader, T0 + 8 * YEAR + DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 8 * YEAR + DAY + 9, false),
                     T0 + 8 * YEAR + 2 * DAY);
    assert_int_equal(reader.known.word_from, 0);
}

/* Words of a clock that is ahead, made within an hour, and given out one a day by a thief. */
static void ahead_and_dripped(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    (void)reader_look(&reader, T0, false);
    for (uint64_t i = 0; i < 20; i++) {
        reader_word(&reader, T0 + YEAR + i * 180, 0);
        assert_int_equal(reader_look(&reader, T0 + HOUR + i * DAY, false),
                         T0 + HOUR + DAY + i * 180);
    }
    /* By itself, each of the same clock counts from where the one before does. */
    reader_word(&reader, T0 + YEAR + 20 * DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 20 * DAY + HOUR + 30, false),
                     T0 + 21 * DAY + HOUR);
}

static void behind(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    reader_word(&reader, T0 + HOUR, 0);
    (void)reader_look(&reader, T0 + HOUR, false);
    reader_word(&reader, T0 - 5 * DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 20 * HOUR, false), T0 + 44 * HOUR);
    assert_int_equal(reader_look(&reader, T0 + 9 * DAY, false), T0 + 44 * HOUR);
    /* The next one of that clock, a day later, also when it is held back. */
    reader_word(&reader, T0 - 4 * DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 10 * DAY, false), T0 + 68 * HOUR);
    /* In a day, by a clock that is behind: the named time was past. */
    reader_word(&reader, T0 - 5 * DAY, T0 - 4 * DAY);
    assert_int_equal(reader_look(&reader, T0 + 10 * DAY, false), T0 + 11 * DAY);
    /* It was not: the sooner of both. */
    reader_word(&reader, T0 - 5 * DAY, T0 + 10 * DAY + HOUR);
    assert_int_equal(reader_look(&reader, T0 + 10 * DAY, false), T0 + 10 * DAY + HOUR);
}

/* Who never looked before knows only what the log says: rather too soon than never. */
static void first_looks(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    reader_word(&reader, T0 + HOUR, 0);
    reader_word(&reader, T0 + 4 * YEAR, 0);
    assert_int_equal(reader_look(&reader, T0 + 9 * HOUR, false), T0 + 25 * HOUR);
    assert_false(reader.known.blind);
    reader_open(&reader, T0);
    reader_word(&reader, T0 + HOUR, 0);
    reader_word(&reader, T0 - 5 * DAY, 0);
    reader_word(&reader, T0 - 5 * DAY + 60, 0);
    assert_int_equal(reader_look(&reader, T0 + 9 * HOUR, false), T0 + 25 * HOUR);
    /* Nothing at all holds: a day from now on, and no word that this is known. */
    reader_open(&reader, T0 + 4 * YEAR);
    reader_word(&reader, T0 + 4 * YEAR + HOUR, 0);
    assert_int_equal(reader_look(&reader, T0, false), T0 + DAY);
    assert_true(reader.known.blind);
    assert_int_equal(reader_look(&reader, T0 + 9 * DAY, false), T0 + DAY);
    assert_true(reader.known.blind);
    reader_word(&reader, T0 + 10 * DAY, 0);
    assert_int_equal(reader_look(&reader, T0 + 10 * DAY, false), T0 + 11 * DAY);
    assert_false(reader.known.blind && reader.known.word_from);
}

/* The reader's own clock was a year behind, and knows it. */
static void unsettled_reader(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    reader_word(&reader, T0 + HOUR, 0);
    assert_int_equal(reader_look(&reader, T0 + 2 * HOUR - YEAR, true), T0 + 26 * HOUR - YEAR);
    assert_int_equal(reader_look(&reader, T0 + 3 * HOUR - YEAR, true), T0 + 26 * HOUR - YEAR);
    reader.moved = YEAR;
    assert_int_equal(reader_look(&reader, T0 + 4 * HOUR, false), T0 + 25 * HOUR);
    assert_int_equal(reader.known.word_from, 0);
    assert_int_equal(reader.known.word_run, 0);
    /* His clock is ahead, too: from when it was seen, by the time that it was. */
    reader.moved = 0;
    reader_open(&reader, T0);
    (void)reader_look(&reader, T0, false);
    reader.run = 1;
    reader_word(&reader, T0 + 4 * YEAR, 0);
    assert_int_equal(reader_look(&reader, T0 + HOUR - YEAR, true), T0 + 25 * HOUR - YEAR);
    reader.moved = YEAR;
    assert_int_equal(reader_look(&reader, T0 + 5 * HOUR, true), T0 + 25 * HOUR);
    /* What was sure stays as it is when the reader starts again and its clock is wrong. */
    assert_int_equal(reader_look(&reader, T0 + 6 * HOUR, false), T0 + 25 * HOUR);
    reader.run = 2;
    assert_int_equal(reader_look(&reader, T0 + 7 * HOUR + YEAR, true), T0 + 25 * HOUR);
    reader.moved = 0;
    assert_int_equal(reader_look(&reader, T0 + 8 * HOUR, false), T0 + 25 * HOUR);
    /* What was not sure, and is from another start, is compared anew. */
    reader_word(&reader, T0 + 9 * HOUR, 0);
    assert_int_equal(reader_look(&reader, T0 + 10 * HOUR - YEAR, true), T0 + 34 * HOUR - YEAR);
    reader.run = 3;
    assert_int_equal(reader_look(&reader, T0 + 11 * HOUR, true), T0 + 34 * HOUR - YEAR);
    assert_int_equal(reader_look(&reader, T0 + 12 * HOUR, false), T0 + 33 * HOUR);
}

/* Promises are said by the same clocks. */
static void promises(void **state)
{
    struct reader reader;

    (void)state;
    reader_open(&reader, T0);
    reader_word(&reader, T0 + HOUR, 0);
    (void)reader_look(&reader, T0 + HOUR, false);
    reader.facts.promise_index = 7;
    reader.facts.promise_at = T0 + 2 * YEAR;
    reader.facts.every_s = 0;
    reader.facts.silent_until = T0 + 2 * YEAR + 3 * DAY;
    assert_int_equal(reader_look(&reader, T0 + DAY, false), T0 + 4 * DAY);
    assert_true(reader.due.silent);
    /* A word once it is over keeps it. */
    reader.facts.word_index = 8;
    reader.facts.word_at = T0 + 5 * DAY;
    due_see(&reader.facts, &reader.known, &(struct due_seen){.now = T0 + 5 * DAY});
    due_of(&reader.facts, &reader.due);
    assert_false(reader.due.promised);
}

/* No numbers make it stumble. */
static void any_numbers(void **state)
{
    static const uint64_t numbers[] = {0, 1, T0, T0 + YEAR, UINT64_MAX - 1, UINT64_MAX};
    const size_t n = COUNT_OF(numbers);
    struct due_facts facts, known;
    struct due due;

    (void)state;
    for (size_t i = 0; i < n * n * n * n * n; i++) {
        size_t pick = i;
        uint64_t value[5];

        for (size_t k = 0; k < 5; k++, pick /= n)
            value[k] = numbers[pick % n];
        facts = (struct due_facts){.has_word = true,
                                   .word_index = 3,
                                   .word_at = value[0],
                                   .next_due = value[1],
                                   .newest_at = value[2]};
        known = (struct due_facts){.has_word = true,
                                   .word_index = 2,
                                   .word_at = value[2],
                                   .word_from = value[3],
                                   .word_seen = value[3],
                                   .word_run = i % 3,
                                   .sure_at = value[3]};
        due_see(&facts, &known,
                &(struct due_seen){value[4], 1 + i % 2, value[i % 5], i % 2, i % 3 == 0});
        due_of(&facts, &due);
        assert_true(facts.word_from <= value[4]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(other_kinds_say_nothing),
        cmocka_unit_test(clocks_that_agree),
        cmocka_unit_test(ahead),
        cmocka_unit_test(ahead_and_dripped),
        cmocka_unit_test(behind),
        cmocka_unit_test(first_looks),
        cmocka_unit_test(unsettled_reader),
        cmocka_unit_test(promises),
        cmocka_unit_test(any_numbers),
    };

    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
