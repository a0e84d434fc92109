/* alarm: late, silent, at odds; who is told, once; and what time it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alarm/alarm.h"

#define HOUR 3600
#define DAY UINT64_C(86400)
#define YEAR (365 * DAY)
#define T0 UINT64_C(1800000000)

/* A watch of three copies for three people: at once, after 6 h, after 36 h. */
struct scene {
    struct alarm alarm;
    struct alarm_clock clock;
    struct alarm_rules rules;
    struct alarm_copy copy[3];
    size_t copies;
    bool by_clock; /* the rounds know the clock that says now */
    struct alarm_view view;
    char said[1024]; /* "+late0 -late0 good0": tell, over, good; with the contact's number */
};

static void scene_open(struct scene *s, size_t copies)
{
    *s = (struct scene){.copies = copies};
    s->rules = (struct alarm_rules){
        .silence_s = HOUR, .contacts = 3, .after_s = {0, 6 * HOUR, 36 * HOUR}};
    alarm_init(&s->alarm, T0);
}

/* Every copy holds this word, with its deadline. */
static void scene_word(struct scene *s, uint64_t index, uint64_t at, uint64_t next_due)
{
    const struct due_facts facts = {
        .has_word = true, .word_index = index, .word_at = at, .next_due = next_due};

    for (size_t i = 0; i < s->copies; i++) {
        s->copy[i].facts = facts;
        s->copy[i].size = index + 1;
    }
}

/* The state as bytes and back, as a restart would. */
static void scene_restart(struct scene *s)
{
    struct bytes raw;

    bytes_init(&raw, 4096);
    alarm_build(&s->alarm, &s->clock, &raw);
    assert_int_equal(bytes_check(&raw, NULL), SH_OK);
    memset(&s->alarm, 0xee, sizeof(s->alarm));
    memset(&s->clock, 0xee, sizeof(s->clock));
    assert_int_equal(alarm_parse(bytes_view(&raw), &s->alarm, &s->clock, NULL), SH_OK);
    bytes_release(&raw);
}

/* Judge at now; hears says which copies answer, "110". */
static void scene_step(struct scene *s, uint64_t now, const char *hears, const char *expected,
                       int line)
{
    static const char *const kinds[] = {"late", "silent", "disagree"};
    static const char *const what[] = {"+", "-", "good"};
    struct alarm_event events[ALARM_EVENTS];
    struct alarm_round round = {s->copy, s->copies, now, s->by_clock ? &s->clock : NULL};
    size_t count, len = 0;

    for (size_t i = 0; i < s->copies; i++)
        if (hears[i] == '1')
            s->copy[i].heard_at = now;
    alarm_look(&s->alarm, &s->rules, &round, &s->view);
    count = alarm_step(&s->alarm, &s->rules, &s->view, events);
    s->said[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(s->said + len, sizeof(s->said) - len, "%s%s%s%zu",
                                len ? " " : "", what[events[i].what],
                                events[i].what == ALARM_GOOD ? "" : kinds[events[i].kind],
                                events[i].contact);
    if (strcmp(s->said, expected) != 0)
        fail_msg("line %d: said \"%s\", expected \"%s\"", line, s->said, expected);
    scene_restart(s);
    /* The same again says nothing. */
    alarm_look(&s->alarm, &s->rules, &round, &s->view);
    count = alarm_step(&s->alarm, &s->rules, &s->view, events);
    if (count)
        fail_msg("line %d: said something twice", line);
}
#define STEP(s, now, hears, expected) scene_step(s, now, hears, expected, __LINE__)

/* ---- late ---- */

static void late(void **state)
{
    const uint64_t due = T0 + DAY;
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    scene_word(&s, 1, T0 - 60, due);
    STEP(&s, T0, "1", "");
    STEP(&s, due, "1", "");
    assert_false(s.view.late);
    STEP(&s, due + 1, "1", "+late0");
    assert_true(s.view.late);
    assert_int_equal(s.alarm.episode[ALARM_LATE].since, due);
    assert_int_equal(s.alarm.episode[ALARM_LATE].number, 1);
    assert_int_equal(alarm_next(&s.alarm, &s.rules, &s.view), due + 1 + HOUR); /* silence */
    s.rules.silence_s = DAY;
    assert_int_equal(alarm_next(&s.alarm, &s.rules, &s.view), due + 6 * HOUR);
    s.rules.silence_s = HOUR;
    STEP(&s, due + 6 * HOUR - 1, "1", "");
    STEP(&s, due + 6 * HOUR, "1", "+late1");
    STEP(&s, due + 40 * HOUR, "1", "+late2");
    assert_int_equal(alarm_next(&s.alarm, &s.rules, &s.view), s.view.now + HOUR);
    scene_word(&s, 2, due + 41 * HOUR, due + 3 * DAY);
    STEP(&s, due + 41 * HOUR, "1", "-late0 -late1 -late2");
    assert_false(s.alarm.episode[ALARM_LATE].open);
    /* The next one is an episode of its own. */
    STEP(&s, due + 3 * DAY + 5, "1", "+late0");
    assert_int_equal(s.alarm.episode[ALARM_LATE].number, 2);
}

/* A copy that was not read since the promised second says nothing about it. */
static void late_needs_a_reading(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    scene_word(&s, 1, T0, due);
    STEP(&s, due - 30, "11", "");
    STEP(&s, due + 60, "00", "");
    STEP(&s, due + HOUR, "00", "");
    STEP(&s, due + 2 * HOUR, "10", "+late0"); /* ... and silence ended unsaid */
}

/* A mirror that lags behind is no witness while the newest history may have the word. */
static void late_by_a_mirror(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    scene_word(&s, 5, T0, due);
    s.copy[1].size = 4; /* older */
    s.copy[1].facts.word_index = 3;
    STEP(&s, due - 30, "11", "");
    STEP(&s, due + 60, "01", "");
    STEP(&s, due + HOUR, "01", "");
    STEP(&s, due + 60 + HOUR, "01", "+late0");
    assert_int_equal(s.view.facts.word_index, 5);
    STEP(&s, due + 2 * HOUR, "11", "");
    /* A word that only the mirror knows is a word. */
    s.copy[1].size = 7;
    s.copy[1].facts.word_index = 6;
    s.copy[1].facts.next_due = due + DAY;
    STEP(&s, due + 3 * HOUR, "01", "-late0");
}

/* A copy in good standing is gone: what it held stays known. */
static void facts_are_kept(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    scene_word(&s, 5, T0, due + DAY);
    s.copy[1].size = 4;
    s.copy[1].facts.word_index = 3;
    s.copy[1].facts.next_due = due;
    STEP(&s, T0 + 60, "11", "");
    s.copy[0].at_odds = true; /* seized: it forks */
    STEP(&s, due + 60, "01", "+disagree0");
    assert_false(s.view.late);
    assert_int_equal(s.view.due.by, due + DAY);
    assert_int_equal(s.view.agree, 1);
    STEP(&s, due + DAY - 60, "01", "+disagree1");
    STEP(&s, due + DAY + 60, "01", "+late0");
    /* That the fork goes away ends the disagreement, not lateness. */
    s.copy[0].at_odds = false;
    STEP(&s, due + DAY + 120, "11", "-disagree0 -disagree1");
    assert_true(s.alarm.episode[ALARM_LATE].open);
}

/* What looks like better news without being newer ends nothing. */
static void late_is_sticky(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    scene_word(&s, 5, T0, due);
    STEP(&s, due + 1, "11", "+late0");
    s.copy[0].at_odds = s.copy[1].at_odds = true;
    STEP(&s, due + 60, "00", "+disagree0");
    assert_true(s.alarm.episode[ALARM_LATE].open);
    s.copy[0].at_odds = s.copy[1].at_odds = false;
    /* The word is withdrawn; the one before had an earlier deadline. */
    scene_word(&s, 3, T0 - DAY, due - DAY);
    s.copy[0].size = s.copy[1].size = 7;
    STEP(&s, due + 120, "11", "-disagree0");
    assert_true(s.alarm.episode[ALARM_LATE].open);
    /* A new promise, without a word: he is not late any more. */
    scene_word(&s, 3, T0 - DAY, 0);
    for (size_t i = 0; i < 2; i++) {
        s.copy[i].size = 8;
        s.copy[i].facts.has_promise = true;
        s.copy[i].facts.promise_index = 7;
        s.copy[i].facts.silent_until = due + 5 * DAY;
    }
    STEP(&s, due + 180, "11", "-late0");
    STEP(&s, due + 5 * DAY, "11", "");
    STEP(&s, due + 5 * DAY + 1, "11", "+late0");
}

/* The watch was down over two deadlines. */
static void late_twice_at_once(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    scene_word(&s, 1, T0, due);
    STEP(&s, due + 1, "1", "+late0");
    scene_word(&s, 2, due + 60, due + 60 + HOUR);
    STEP(&s, due + 3 * HOUR, "1", "-late0 +late0");
}

static void nothing_promised(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    STEP(&s, T0, "1", ""); /* not even a word */
    scene_word(&s, 1, T0, 0);
    for (uint64_t at = T0; at < T0 + 30 * DAY; at += HOUR)
        STEP(&s, at, "1", "");
    scene_word(&s, 2, T0, UINT64_MAX); /* never: no sum may wrap */
    STEP(&s, T0 + 40 * DAY, "1", "");
    s.rules.after_s[0] = UINT64_MAX;
    scene_word(&s, 3, T0, T0 + 1);
    STEP(&s, T0 + 41 * DAY, "1", "+late1 +late2");
    assert_int_equal(alarm_next(&s.alarm, &s.rules, &s.view), T0 + 41 * DAY + HOUR + 6 * HOUR);
}

static void acknowledged(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    scene_word(&s, 1, T0, due);
    STEP(&s, due + 1, "1", "+late0");
    assert_false(alarm_ack(&s.alarm, 0));
    assert_false(alarm_ack(&s.alarm, 2));
    assert_true(alarm_ack(&s.alarm, 1));
    assert_true(alarm_ack(&s.alarm, 1));
    STEP(&s, due + 50 * HOUR, "1", "");
    scene_word(&s, 2, due + 51 * HOUR, 0);
    STEP(&s, due + 51 * HOUR, "1", "-late0");
    assert_false(alarm_ack(&s.alarm, 1));
}

/* ---- silent ---- */

static void silent(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    scene_word(&s, 1, T0, 0);
    STEP(&s, T0, "11", "");
    STEP(&s, T0 + 60, "00", ""); /* the first in vain */
    STEP(&s, T0 + 60 + HOUR - 1, "00", "");
    STEP(&s, T0 + 60 + HOUR, "00", "+silent0");
    assert_int_equal(s.alarm.episode[ALARM_SILENT].since, T0 + 60 + HOUR);
    STEP(&s, T0 + 60 + 7 * HOUR, "00", "+silent1");
    STEP(&s, T0 + 8 * HOUR, "01", "-silent0 -silent1");
    STEP(&s, T0 + 8 * HOUR + 60, "10", "");
    STEP(&s, T0 + 9 * HOUR, "00", "");
    STEP(&s, T0 + 10 * HOUR, "00", "+silent0");
}

/* It was never heard at all. */
static void silent_from_the_start(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    STEP(&s, T0, "0", "");
    STEP(&s, T0 + HOUR - 1, "0", "");
    STEP(&s, T0 + HOUR, "0", "+silent0");
    STEP(&s, T0 + 2 * HOUR, "1", "-silent0");
}

/* A watch that slept did not listen. */
static void asleep(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    scene_word(&s, 1, T0, 0);
    STEP(&s, T0, "1", "");
    STEP(&s, T0 + 8 * HOUR, "0", "");
    STEP(&s, T0 + 9 * HOUR - 1, "0", "");
    STEP(&s, T0 + 9 * HOUR, "0", "+silent0");
    STEP(&s, T0 + 10 * HOUR, "1", "-silent0");
    /* Once a day, by a timer: the second look in vain is a day after the first. */
    STEP(&s, T0 + 34 * HOUR, "0", "");
    STEP(&s, T0 + 58 * HOUR, "0", "+silent0 +silent1");
    /* A state of copies that is older than the alarm's own. */
    scene_open(&s, 1);
    s.copy[0].heard_at = T0 - DAY;
    STEP(&s, T0, "0", "");
    STEP(&s, T0 + HOUR, "0", "+silent0");
}

/* ---- good words ---- */

static void good_words(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    s.rules.wants_good[1] = true;
    scene_word(&s, 4, T0, 0); /* stood there when the watch began */
    STEP(&s, T0, "1", "");
    scene_word(&s, 5, T0 + 60, 0);
    STEP(&s, T0 + 60, "1", "good1");
    scene_word(&s, 4, T0, 0); /* withdrawn */
    s.copy[0].size = 7;
    STEP(&s, T0 + 120, "1", "");
    scene_word(&s, 9, T0 + 180, 0); /* three at once: the newest */
    s.rules.wants_good[0] = true;
    STEP(&s, T0 + 180, "1", "good0 good1");
    /* A channel without a word, and then its first. */
    scene_open(&s, 1);
    s.rules.wants_good[0] = true;
    STEP(&s, T0, "0", "");
    STEP(&s, T0 + 30, "1", "");
    scene_word(&s, 1, T0 + 60, 0);
    STEP(&s, T0 + 60, "1", "good0");
}

/* ---- the clock goes wrong under an episode ---- */

static void clock_was_wrong(void **state)
{
    const uint64_t due = T0 + DAY;
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    scene_word(&s, 1, T0, due);
    STEP(&s, T0, "1", "");
    STEP(&s, T0 + YEAR, "1", "+late0 +late1 +late2"); /* as if nobody had noticed */
    STEP(&s, T0 + 60, "1", "-late0 -late1 -late2");
    STEP(&s, T0 + 120, "0", "");
    STEP(&s, T0 + 120 + HOUR, "0", "+silent0");
    STEP(&s, due, "1", "-silent0");
    STEP(&s, due + 1, "1", "+late0");
    /* A heard_at that is still to come is none. */
    scene_open(&s, 1);
    scene_word(&s, 1, T0, T0 + 10);
    s.copy[0].heard_at = T0 + YEAR;
    STEP(&s, T0 + 60, "0", "");
    assert_int_equal(s.view.heard, 0);
    STEP(&s, T0 + 120, "1", "+late0");
}

/* ---- which time is it? ---- */

/* One look at the clocks: dates is a list of offsets from the true time that servers say. */
struct tick {
    uint64_t after; /* seconds since the tick before, by the true time */
    int64_t wall;   /* offset of the wall clock */
    const char *boot;
    size_t dates;
    int64_t date[3];
    int64_t expected; /* offset of what is believed; +-2 s */
    bool doubtful;
};
#define Y ((int64_t)YEAR)
#define MAX_TICKS 8
static const struct {
    const char *what;
    struct tick tick[MAX_TICKS];
} CLOCKS[] = {
    {"an ordinary day",
     {{0, 0, "a", 0, {0}, 0, false},
      {60, 0, "a", 2, {0, 1}, 0, false},
      {60, 20, "a", 2, {0, 1}, 20, false},
      {60, 0, "a", 1, {-5}, 0, false}}},
    {"a year ahead, at run time",
     {{0, 0, "a", 1, {0}, 0, false},
      {60, Y, "a", 0, {0}, 0, true},
      {60, Y, "a", 2, {0, 0}, 0, true},
      {7200, Y, "a", 0, {0}, 0, true},
      {60, 0, "a", 0, {0}, 0, false}}},
    {"a year back, at run time",
     {{0, 0, "a", 1, {0}, 0, false},
      {60, -Y, "a", 0, {0}, 0, true},
      {7200, -Y, "a", 0, {0}, 0, true},
      {7200, -Y, "a", 1, {0}, 0, true},
      {60, 0, "a", 1, {0}, 0, false}}},
    {"a server lies about the date, and all of them do",
     {{0, 0, "a", 2, {0, 0}, 0, false},
      {60, 0, "a", 2, {Y, 0}, 0, false},
      {60, 0, "a", 2, {Y, Y}, 0, true},
      {60, 0, "a", 2, {-Y, -Y}, 0, true},
      {60, 0, "a", 1, {0}, 0, false}}},
    {"a restart, a year ahead: the servers know",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, Y, "b", 2, {3, 5}, 3, true},
      {60, Y, "b", 0, {0}, 3, true},
      {7200, Y, "b", 0, {0}, 3, true}}},
    {"a restart, a year back: the servers know",
     {{0, 0, "a", 1, {0}, 0, false},
      {3 * 86400, -Y, "b", 2, {3, 5}, 3, true},
      {60, -Y, "b", 0, {0}, 3, true},
      {60, 0, "b", 1, {3}, 0, false}}},
    {"a restart, a year back, and nobody answers: not before what was believed",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, -Y, "b", 0, {0}, -600, true},
      {600, -Y, "b", 0, {0}, -600, true},
      {60, -Y, "b", 2, {5, 6}, 5, true}}},
    {"a restart, a year ahead, and nobody answers: not followed for an hour",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, Y, "b", 0, {0}, -600, true},
      {3000, Y, "b", 0, {0}, -600, true},
      {100, Y, "b", 2, {0, 0}, 0, true},
      {100, Y, "b", 0, {0}, 0, true},
      {7200, 0, "b", 0, {0}, 0, false}}},
    {"a restart after a week without power, and nobody answers: followed after an hour",
     {{0, 0, "a", 1, {0}, 0, false},
      {7 * 86400, 0, "b", 0, {0}, -7 * 86400, true},
      {3000, 0, "b", 0, {0}, -7 * 86400, true},
      {1000, 0, "b", 0, {0}, 0, false},
      {10, 0, "b", 0, {0}, 0, false}}},
    {"a restart after a week without power: the servers know at once",
     {{0, 0, "a", 1, {0}, 0, false}, {7 * 86400, 0, "b", 1, {-30}, 0, false}}},
    {"a clock without a battery: set after the start",
     {{0, 0, "a", 1, {0}, 0, false},
      {9000, -30000, "b", 0, {0}, -9000, true},
      {60, 0, "b", 1, {2}, 0, false}}},
    {"a first start with a wrong clock",
     {{0, -Y, "a", 0, {0}, -Y, false},
      {60, -Y, "a", 2, {0, 1}, 0, true},
      {60, 0, "a", 1, {0}, 0, false}}},
    {"a first start a year ahead",
     {{0, Y, "a", 0, {0}, Y, false}, {60, Y, "a", 2, {0, 1}, 0, true}}},
    {"memory was wrong: the wall clock and all servers agree",
     {{0, Y, "a", 0, {0}, Y, false},
      {7200, Y, "a", 0, {0}, Y, false},
      {600, 0, "b", 0, {0}, Y - 600, true},
      {60, 0, "b", 1, {1}, 0, false}}},
    {"a first start, and the only server lies: the wall clock",
     {{0, 0, "a", 1, {-300000}, 0, true},
      {60, 0, "a", 1, {-300000}, 0, true},
      {7200, 0, "a", 1, {-300000}, 0, true}}},
    {"a restart, and the only server is ten days ahead: the wall clock",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, 0, "b", 1, {864000}, 0, true},
      {60, 0, "b", 1, {864000}, 0, true}}},
    {"a restart after a week, and the only server says that no time went by",
     {{0, 0, "a", 1, {0}, 0, false}, {7 * 86400, 0, "b", 1, {-7 * 86400}, 0, true}}},
    {"a restart, a year back, and the only server is ten days ahead: what was believed runs on",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, -Y, "b", 1, {864000}, -600, true},
      {7200, -Y, "b", 1, {864000}, -600, true},
      {60, 0, "b", 0, {0}, 0, false}}},
    {"a restart, a year ahead, and the only server is ten days ahead",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, Y, "b", 1, {864000}, -600, true},
      {7200, Y, "b", 1, {864000}, -600, true}}},
    {"a first start, and the only server is ten days ahead: the wall clock",
     {{0, 0, "a", 1, {864000}, 0, true}, {7200, 0, "a", 1, {864000}, 0, true}}},
    {"two servers outvote a wall clock and the one that agrees with it",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, 7200, "b", 3, {7200, 3, 4}, 3, true},
      {60, 0, "b", 3, {7200, 3, 4}, 0, false}}},
    {"three servers that say three times are no pair",
     {{0, 0, "a", 1, {0}, 0, false}, {600, 0, "b", 3, {7200, 864000, -9000}, 0, true}}},
    {"a boot that cannot be told from another",
     {{0, 0, "", 0, {0}, 0, false}, {600, 3600, "", 0, {0}, 3600, false}}},
    {"a restart with the clock of the zone: two servers know better, one does not",
     {{0, 0, "a", 1, {0}, 0, false},
      {600, 7200, "b", 1, {0}, 7200, true},
      {60, 7200, "b", 2, {0, 3}, 0, true}}},
    {"one lying server after a restart does not outvote one that agrees",
     {{0, 0, "a", 2, {0, 0}, 0, false}, {600, 0, "b", 2, {Y, 0}, 0, false}}},
};

static void clocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(CLOCKS); i++) {
        struct alarm_clock clock = {0};
        uint64_t now = T0, boot_at = T0 - 1000;

        for (size_t k = 0; k < MAX_TICKS && CLOCKS[i].tick[k].boot; k++) {
            const struct tick *tick = &CLOCKS[i].tick[k];
            uint64_t dates[3], believed;

            now += tick->after;
            if (k && strcmp(tick->boot, tick[-1].boot) != 0)
                boot_at = now - 30;
            for (size_t d = 0; d < tick->dates; d++)
                dates[d] = now + (uint64_t)tick->date[d];
            believed = alarm_clock_step(&clock,
                                        &(struct alarm_clocks){now + (uint64_t)tick->wall,
                                                               (now - boot_at) * 1000 + 400,
                                                               tick->boot, dates, tick->dates});
            if (llabs((long long)(believed - now) - (long long)tick->expected) > 2 ||
                clock.doubtful != tick->doubtful)
                fail_msg("%s, step %zu: off by %lld s instead of %lld, doubtful %d",
                         CLOCKS[i].what, k, (long long)(believed - now),
                         (long long)tick->expected, clock.doubtful);
        }
    }
}

/* Within one boot it never runs back and loses no parts of seconds. */
static void clock_runs(void **state)
{
    struct alarm_clock clock = {0};
    uint64_t before = 0, believed;

    (void)state;
    for (uint64_t ms = 0; ms < 3600000; ms += 1700) {
        uint64_t wall = ms < 100000 ? T0 + ms / 1000 : T0 - YEAR;

        believed = alarm_clock_step(&clock, &(struct alarm_clocks){wall, ms, "a", NULL, 0});
        assert_true(believed >= before);
        assert_true(believed == T0 + ms / 1000 || believed + 1 == T0 + ms / 1000);
        before = believed;
    }
}

/* ---- as bytes ---- */

static void bytes_and_back(void **state)
{
    struct alarm_clock clock = {0};
    struct alarm alarm;
    struct bytes raw;
    struct scene s;

    (void)state;
    bytes_init(&raw, 4096);
    scene_open(&s, 2);
    scene_word(&s, 1, T0, T0 + 10);
    (void)alarm_clock_step(&s.clock, &(struct alarm_clocks){T0, 1, "boot-id", NULL, 0});
    STEP(&s, T0 + 60, "11", "+late0");
    alarm_build(&s.alarm, &s.clock, &raw);
    assert_int_equal(alarm_parse(bytes_view(&raw), &alarm, &clock, NULL), SH_OK);
    assert_memory_equal(&alarm, &s.alarm, sizeof(alarm));
    assert_string_equal(clock.boot_id, "boot-id");
    for (size_t len = 0; len < raw.len; len++)
        assert_int_equal(alarm_parse(slice_of(raw.ptr, len), &alarm, &clock, NULL), SH_EFORMAT);
    assert_int_equal(alarm.episodes, 0);
    bytes_u8(&raw, 0);
    assert_int_equal(alarm_parse(bytes_view(&raw), &alarm, &clock, NULL), SH_EFORMAT);
    raw.len--;
    raw.ptr[18] = 2; /* a truth value that is none */
    assert_int_equal(alarm_parse(bytes_view(&raw), &alarm, &clock, NULL), SH_EFORMAT);
    bytes_release(&raw);
}

/* Everybody at once: as many events as may be. */
/* What a watch of before stored; it knew nothing of clocks, and compares them now. */
static void bytes_of_version_1(void **state)
{
    const size_t more = 8 * 8 + 1 + 8 + 8 + 1;
    struct alarm_clock clock = {0};
    struct alarm alarm;
    struct bytes raw;
    struct scene s;

    (void)state;
    bytes_init(&raw, 4096);
    scene_open(&s, 1);
    scene_word(&s, 1, T0 + 4 * YEAR, 0);
    s.copy[0].facts.has_promise = true;
    s.copy[0].facts.promise_index = 0;
    s.copy[0].facts.promise_at = T0;
    s.copy[0].facts.every_s = DAY;
    STEP(&s, T0, "1", "");
    alarm_build(&s.alarm, &s.clock, &raw);
    raw.len -= more;
    raw.ptr[16] = '1';
    assert_memory_equal(raw.ptr, "stillhere-alarm/1\n", 18);
    assert_int_equal(alarm_parse(bytes_view(&raw), &alarm, &clock, NULL), SH_OK);
    assert_int_equal(alarm.facts.word_from, 0);
    assert_int_equal(alarm.facts.word_at, T0 + 4 * YEAR);
    s.alarm = alarm;
    STEP(&s, T0 + HOUR, "1", "");
    assert_int_equal(s.view.due.by, T0 + HOUR + DAY);
    STEP(&s, T0 + HOUR + DAY, "1", "");
    STEP(&s, T0 + HOUR + DAY + 1, "1", "+late0");
    bytes_release(&raw);
}

/* The watch's own clock is a year behind; then two servers put it right. */
static void own_clock_is_corrected(void **state)
{
    const uint64_t dates[] = {T0 + 5 * HOUR, T0 + 5 * HOUR + 1};
    struct scene s;

    (void)state;
    scene_open(&s, 1);
    s.by_clock = true;
    scene_word(&s, 1, T0, 0);
    s.copy[0].facts.has_promise = true;
    s.copy[0].facts.promise_at = T0 - HOUR;
    s.copy[0].facts.every_s = 6 * HOUR;
    (void)alarm_clock_step(&s.clock, &(struct alarm_clocks){T0 + HOUR - YEAR, 0, "b", NULL, 0});
    STEP(&s, s.clock.believed, "1", "");
    assert_int_equal(s.view.due.by, T0 + 7 * HOUR - YEAR);
    assert_true(s.view.facts.word_from);
    (void)alarm_clock_step(
        &s.clock,
        &(struct alarm_clocks){T0 + 5 * HOUR - YEAR, 4 * HOUR * UINT64_C(1000), "b", dates, 2});
    assert_int_equal(s.clock.believed, dates[0]);
    assert_int_equal(s.clock.moved, YEAR);
    assert_true(s.clock.sure);
    STEP(&s, s.clock.believed, "1", "");
    assert_int_equal(s.view.due.by, T0 + 6 * HOUR);
    assert_int_equal(s.view.facts.word_from, 0);
}

static void most_events(void **state)
{
    const uint64_t due = T0 + HOUR;
    struct alarm_event events[ALARM_EVENTS];
    struct alarm_round round;
    struct scene s;

    (void)state;
    scene_open(&s, 2);
    s.rules.contacts = LIMIT_CONTACTS;
    for (size_t i = 0; i < LIMIT_CONTACTS; i++) {
        s.rules.after_s[i] = 0;
        s.rules.wants_good[i] = true;
    }
    scene_word(&s, 1, T0, due);
    s.copy[0].heard_at = s.copy[1].heard_at = due + 5;
    round = (struct alarm_round){s.copy, 2, due + 5, NULL};
    alarm_look(&s.alarm, &s.rules, &round, &s.view);
    assert_int_equal(alarm_step(&s.alarm, &s.rules, &s.view, events), LIMIT_CONTACTS);
    scene_word(&s, 2, due + 10, due + 20);
    s.copy[0].heard_at = due + DAY;
    s.copy[1].at_odds = true;
    round.now = due + DAY;
    alarm_look(&s.alarm, &s.rules, &round, &s.view);
    assert_int_equal(alarm_step(&s.alarm, &s.rules, &s.view, events), 4 * LIMIT_CONTACTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late),
        cmocka_unit_test(late_needs_a_reading),
        cmocka_unit_test(late_by_a_mirror),
        cmocka_unit_test(facts_are_kept),
        cmocka_unit_test(late_is_sticky),
        cmocka_unit_test(late_twice_at_once),
        cmocka_unit_test(nothing_promised),
        cmocka_unit_test(acknowledged),
        cmocka_unit_test(silent),
        cmocka_unit_test(silent_from_the_start),
        cmocka_unit_test(asleep),
        cmocka_unit_test(good_words),
        cmocka_unit_test(clock_was_wrong),
        cmocka_unit_test(clocks),
        cmocka_unit_test(clock_runs),
        cmocka_unit_test(bytes_and_back),
        cmocka_unit_test(bytes_of_version_1),
        cmocka_unit_test(own_clock_is_corrected),
        cmocka_unit_test(most_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
