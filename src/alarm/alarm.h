/*
 * alarm -- is he late, is the server silent, do the copies disagree, and who is to be told now?
 *
 * Spec:    safety.md 2.3; FORMATS.md on promises.  The same code runs in `watch` and in its
 *          simulator: time is an argument, nothing is read or sent here.
 * Shapes:  times are unix seconds as believed by alarm_clock_step; struct alarm is plain data
 *          without pointers and survives as bytes.
 * Memory:  caller's.
 * Errors:  none; bad bytes in alarm_parse.
 * Threads: no state.
 *
 * Three troubles are judged side by side, each an episode of its own:
 *   late      the promised time is past; a copy read after it has no newer word;
 *             begins at the promised time;
 *   silent    no copy answered for rules.silence_s; begins when that time was over; it counts
 *             from the first look that heard nothing, since a watch that was down or asleep
 *             has not listened;
 *   disagree  a copy went back, forked, or does not hold; begins when it was seen.
 * A contact is told once in an episode, when it is `after_s` old; nobody is told before.
 * Whoever was told hears when it is over.  An acknowledged episode tells nobody further.
 */
#ifndef ALARM_ALARM_H
#define ALARM_ALARM_H

#include "base/base.h"
#include "dispatch/dispatch.h"

/* ---- which time is it? ---- */

/* What the clocks say; the caller persists the struct with the rest of its state. */
#define ALARM_BOOT_ID_BYTES 40
struct alarm_clock {
    uint64_t believed;                 /* the last answer of alarm_clock_step; 0 = none yet */
    uint64_t boot_ms;                  /* CLOCK_BOOTTIME at that moment */
    char boot_id[ALARM_BOOT_ID_BYTES]; /* /proc/sys/kernel/random/boot_id */
    bool doubtful;                     /* the wall clock jumped, or servers contradict it */
    bool settled; /* since the start two witnesses agreed, or the wall clock for an hour */
    uint64_t settle_ms; /* CLOCK_BOOTTIME at which that hour is over */
    uint64_t floor;     /* what was believed when it was last settled */
    uint64_t moved;     /* sum, modulo 2^64, of all corrections while it ran */
    uint64_t starts;    /* of a clock that has not run on */
    bool sure;          /* since the start two witnesses agreed */
};
struct alarm_clocks {
    uint64_t wall; /* unix seconds, CLOCK_REALTIME */
    uint64_t boot_ms;
    const char *boot_id;   /* empty: not known, and nothing has run on */
    const uint64_t *dates; /* Date headers just received, 0..n, at most one of each host */
    size_t date_count;
};
/*
 * The time to judge by.  Call it once a round, after the answers came: the first call after a
 * start with the dates of the first round, at most one of each host.
 *
 * One server never moves the time against the wall clock, and never against the time that ran:
 * it may lie.  Then the time is only doubtful, as whenever the wall clock is not followed or
 * most servers say another time (> 600 s).
 *
 * Within one boot it runs with CLOCK_BOOTTIME whatever the wall clock does; corrections of up
 * to a minute are followed, and a larger one only when every server contradicts the time that
 * ran and agrees with the wall clock.  After a start it is the wall clock, but not against two
 * servers that say one other time, and not back before what was believed, nor a month beyond
 * it, unless all servers say so, too; then the time runs on from what was believed.  So it does
 * for an hour when the wall clock leapt by more than a day and no server answers.
 */
uint64_t alarm_clock_step(struct alarm_clock *clock, const struct alarm_clocks *said);

/* ---- judging ---- */

enum alarm_kind { ALARM_LATE, ALARM_SILENT, ALARM_DISAGREE };
#define ALARM_KINDS 3
struct alarm_episode {
    bool open;
    uint64_t number; /* 1, 2, ...: of all episodes of this alarm, never reused */
    uint64_t since;
    uint64_t word_index, due_by; /* ALARM_LATE: which promise; 0 else */
    bool acked;
    uint64_t told; /* bit i: contact i */
};
/* When something was heard, and when listening was in vain. */
struct alarm_ear {
    uint64_t heard;  /* newest */
    uint64_t missed; /* the first look since then that heard nothing; 0 = none */
};
struct alarm {
    struct alarm_episode episode[ALARM_KINDS];
    uint64_t episodes;       /* numbers given so far */
    uint64_t announced_word; /* index + 1 of the newest word that was announced; 0 none */
    uint64_t started_at;     /* when watching began */
    bool began;              /* something was heard: what stood then is not announced */
    /* What a copy in good standing once held stays known, also when it is gone or at odds. */
    uint64_t branch, size;
    struct due_facts facts;
    struct alarm_ear any, newest; /* of all copies; of those that hold that history */
};
void alarm_init(struct alarm *alarm, uint64_t now);

struct alarm_rules {
    uint64_t silence_s; /* default 3600 */
    size_t contacts;    /* <= LIMIT_CONTACTS (<= 64) */
    uint64_t after_s[LIMIT_CONTACTS];
    bool wants_good[LIMIT_CONTACTS]; /* announce every word */
};
/* One copy, as it stands. */
struct alarm_copy {
    uint64_t heard_at; /* last time that it answered with something that holds; 0 never */
    uint64_t branch;   /* follow.branch */
    uint64_t size;     /* follow.range.size; 0: nothing was ever read */
    bool at_odds;      /* went back, forked or does not hold, and has not recovered */
    struct due_facts facts;
};
/* All the copies of the channel, judged together. */
struct alarm_view {
    uint64_t now;
    size_t copies;
    size_t heard; /* within silence_s */
    size_t agree; /* of those: not at odds, and on the branch that is judged by */
    bool late, silent, disagree;
    uint64_t heard_at;      /* newest of all copies; 0 never */
    uint64_t newest_at;     /* newest of those that hold the history below */
    uint64_t branch, size;  /* of the history that is judged by: */
    struct due_facts facts; /* of the largest copy that is not at odds, or of what is known from
                             * one that was; else of the largest.  due_see compared the clocks:
                             * word_from, promise_from are not 0 where they disagree */
    struct due due;
};
/* What one round of reading them gave. */
struct alarm_round {
    const struct alarm_copy *copies;
    size_t count;
    uint64_t now;
    const struct alarm_clock *clock; /* that said now; NULL: one that is sure */
};
/*
 * Late: a copy that is not at odds was read after the promised second.  One that lags behind
 * the newest history counts only when those that hold it were listened for in vain for
 * silence_s: the word may be there.  A heard_at in the future is as none.
 */
void alarm_look(const struct alarm *alarm, const struct alarm_rules *rules,
                const struct alarm_round *round, struct alarm_view *view);

enum alarm_event_kind { ALARM_TELL, ALARM_OVER, ALARM_GOOD };
struct alarm_event {
    enum alarm_event_kind what;
    enum alarm_kind kind; /* TELL, OVER */
    uint64_t episode;     /* number; GOOD: index of the word */
    size_t contact;
};
/* The most events of one step: an episode may end and the next one be old already. */
#define ALARM_EVENTS (LIMIT_CONTACTS * (2 * ALARM_KINDS + 1))
/*
 * Bring the state up to the view and say who is to be told: at most ALARM_EVENTS events.  The
 * caller stores state and events in one transaction, so that each is done once.
 */
size_t alarm_step(struct alarm *alarm, const struct alarm_rules *rules,
                  const struct alarm_view *view, struct alarm_event *events);
/* The episode stops telling.  False: there is no such open episode. */
bool alarm_ack(struct alarm *alarm, uint64_t episode);
/*
 * When alarm_step could next have something to say if the copies stay as they are;
 * UINT64_MAX = never.  view->now: it has something to say already.
 */
uint64_t alarm_next(const struct alarm *alarm, const struct alarm_rules *rules,
                    const struct alarm_view *view);

void alarm_build(const struct alarm *alarm, const struct alarm_clock *clock, struct bytes *out);
MUST_CHECK int alarm_parse(struct slice raw, struct alarm *alarm, struct alarm_clock *clock,
                           struct why *why);

#endif
