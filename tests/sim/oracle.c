/*
 * What must hold, judged by the true time and the true log.  Times have slack for what a clock
 * may be off: corrections of up to a minute are followed.
 */
#include "sim.h"

#include <string.h>

#define SLACK 75
#define NEVER UINT64_MAX

static const char *const KINDS[] = {"late", "silent", "disagree"};

/* The honest entries that this copy shows, if it shows nothing worse: else 0. */
static uint64_t honest_size(const struct sim_watcher *w, const struct sim_world *world,
                            size_t number)
{
    const struct sim_copy *copy = &world->copy[number];

    if (copy->mode == SIM_HONEST || copy->mode == SIM_STALE)
        return copy->size;
    /* Old, and newer than what he knew: to him it goes on. */
    if (copy->mode == SIM_ROLLBACK && copy->served >= w->follow[number].range.size)
        return copy->served;
    return 0;
}

/* Could this watcher know that what the copy shows is not the history? */
static bool can_tell(const struct sim_watcher *w, const struct sim_world *world, size_t copy)
{
    const struct sim_copy *served = &world->copy[copy];

    if (served->mode == SIM_ROLLBACK)
        return served->served < w->follow[copy].range.size;
    if (served->mode != SIM_FORK)
        return false;
    for (size_t i = 0; i < SIM_COPIES; i++)
        if ((w->copies >> i & 1) &&
            w->follow[i].range.size > world->branch[served->branch]->forked_at &&
            (i == copy || served->served > world->branch[served->branch]->forked_at))
            return true;
    return served->served < w->follow[copy].range.size;
}

/* What was read in this round, into memory. */
static void remember(struct sim_watcher *w, const struct sim_world *world)
{
    uint64_t best = w->seen.best;
    bool any = false, holder = false;

    for (size_t i = 0; i < SIM_COPIES; i++) {
        if (!w->whole[i] || !honest_size(w, world, i))
            continue;
        if (!w->heard[i])
            sim_broken("watcher %zu: honest copy %zu was not heard", w->number, i);
        if (w->ram.at_odds[i])
            sim_broken("watcher %zu: honest copy %zu is at odds", w->number, i);
        if (honest_size(w, world, i) > best)
            best = honest_size(w, world, i);
    }
    for (size_t i = 0; i < SIM_COPIES; i++) {
        any = any || w->heard[i];
        holder = holder || (best && w->whole[i] && honest_size(w, world, i) >= best);
    }
    for (uint64_t i = w->seen.best; i < best; i++)
        w->seen.first[i] = sim_now;
    w->seen.best = best;
    if (any)
        w->seen.any_at = sim_now;
    if (holder)
        w->seen.holder_at = sim_now;
    w->seen.vain_any = any ? 0 : (w->seen.vain_any ? w->seen.vain_any : sim_now);
    w->seen.vain_holder = holder ? 0 : (w->seen.vain_holder ? w->seen.vain_holder : sim_now);
}

/*
 * Who knows the time again is judged again, by what happens from now on.  Not where words were
 * compared with the wrong time.
 */
static void undeceive(struct sim_watcher *w, const struct sim_world *world)
{
    if (!w->seen.deceived || world->was_off || !w->clock.settled || ++w->seen.right_rounds < 2)
        return;
    w->seen.deceived = false;
    w->seen.right_rounds = 0;
    w->seen.late_by = 0;
    w->seen.right_from = sim_now;
    memset(w->seen.late_rounds, 0, sizeof(w->seen.late_rounds));
    sim_trace("watcher %zu: knows the time again", w->number);
}

/*
 * Without one honest clock since the start nobody can know the time, hardly with a liar beside
 * a wall clock that is wrong, and one server does not outvote a wall clock after a start:
 * then nothing is judged by it.
 */
static void judge_clock(struct sim_watcher *w, const struct sim_world *world)
{
    int64_t off = (int64_t)(w->now - sim_now);

    if (off > -SLACK && off < SLACK) {
        undeceive(w, world);
        return;
    }
    w->seen.right_rounds = 0;
    if (w->seen.honest_date && !(w->seen.lying_date && w->seen.wrong_wall) &&
        !(w->seen.early_wall && !w->seen.two_dates) && !w->seen.deceived)
        sim_broken("watcher %zu: believes a time that is off by %lld s", w->number,
                   (long long)off);
    /* A leap of more than a day that nobody confirms is not followed for an hour. */
    if (!w->seen.lying_date && off > 86400 + SLACK && sim_now < w->boot_at + 3500 &&
        !w->seen.first_wall && !w->seen.deceived)
        sim_broken("watcher %zu: follows a clock that is off by %lld s", w->number,
                   (long long)off);
    if (!w->seen.deceived)
        sim_count.deceived++;
    w->seen.deceived = true;
    sim_trace("watcher %zu: cannot know the time: off by %lld s", w->number, (long long)off);
}

/*
 * A fork from what a watcher read last on looks to him like the history going on: he cannot
 * tell until he reads the other branch.  Then he must.
 */
static void judge_taken_in(struct sim_watcher *w, const struct sim_world *world)
{
    for (size_t i = 0; i < SIM_COPIES; i++) {
        const struct sim_copy *copy = &world->copy[i];
        uint64_t forked_at = world->branch[copy->branch]->forked_at;

        if (w->outcome[i] != FOLLOW_NEWER || copy->mode != SIM_FORK ||
            w->follow[i].range.size <= forked_at)
            continue;
        if (!w->seen.taken_in)
            sim_count.taken_in++;
        w->seen.taken_in = true;
        w->seen.forked_at = forked_at;
        sim_trace("watcher %zu: copy %zu: cannot tell the fork", w->number, i);
    }
    for (size_t i = 0; i < SIM_COPIES && w->seen.taken_in; i++) {
        if (!w->whole[i] || honest_size(w, world, i) <= w->seen.forked_at)
            continue;
        if (++w->seen.other_branch >= 2 && !w->alarm.episode[ALARM_DISAGREE].open)
            sim_broken("watcher %zu: read both branches, and does not notice", w->number);
    }
}

void sim_oracle_round(struct sim_watcher *w, const struct sim_world *world)
{
    judge_taken_in(w, world);
    judge_clock(w, world);
    sim_count.exempt += w->seen.deceived || w->seen.taken_in;
    if (w->seen.taken_in)
        return;
    remember(w, world);
    for (size_t i = 0; i < SIM_COPIES; i++) {
        const struct sim_copy *copy = &world->copy[i];

        if (w->seen.bad_number[i] != copy->mode_number) {
            w->seen.bad_number[i] = copy->mode_number;
            w->seen.bad_reads[i] = 0;
        }
        if (!w->whole[i] || !can_tell(w, world, i))
            continue;
        if (++w->seen.bad_reads[i] >= 2 && !w->alarm.episode[ALARM_DISAGREE].open)
            sim_broken("watcher %zu: copy %zu %s, and nobody notices", w->number, i,
                       copy->mode == SIM_FORK ? "forked" : "went back");
    }
}

/* ---- what was said ---- */

static void judge_late(struct sim_watcher *w, const struct sim_world *world, uint64_t after_s)
{
    struct due due;

    sim_truth_due(world, w->seen.best, SIM_NOT_BEFORE, w->seen.first, &due);
    if (!due.promised || sim_now + SLACK <= due.by + after_s)
        sim_broken("watcher %zu: late too early: due by %lld s from now", w->number,
                   due.promised ? (long long)(due.by + after_s - sim_now) : -1);
    if (w->seen.any_at + SLACK <= due.by && w->seen.any_at >= w->seen.right_from)
        sim_broken("watcher %zu: late, and nothing was read since the word was due", w->number);
}

static void judge_silent(struct sim_watcher *w, uint64_t after_s)
{
    /* Began by a clock that was corrected since: how long ago, it cannot know. */
    if (w->seen.vain_any && w->seen.vain_any < w->seen.right_from)
        return;
    if (!w->seen.vain_any || sim_now + SLACK < w->seen.vain_any + w->rules.silence_s + after_s)
        sim_broken("watcher %zu: silent too early: the first in vain was %llu s ago", w->number,
                   (unsigned long long)(sim_now - w->seen.vain_any));
}

static void judge_disagree(struct sim_watcher *w, const struct sim_world *world)
{
    if (!world->troubles)
        sim_broken("watcher %zu: at odds with nobody", w->number);
}

static void told(struct sim_watcher *w, const struct sim_world *world,
                 const struct alarm_event *event)
{
    uint64_t after_s = w->rules.after_s[event->contact];

    sim_count.told++;
    sim_count.late += event->kind == ALARM_LATE;
    sim_count.silent += event->kind == ALARM_SILENT;
    sim_count.disagree += event->kind == ALARM_DISAGREE;
    if (w->seen.told[event->kind][event->contact])
        sim_broken("watcher %zu: %s twice to contact %zu", w->number, KINDS[event->kind],
                   event->contact);
    w->seen.told[event->kind][event->contact] = true;
    if (w->seen.deceived || w->seen.taken_in)
        return;
    if (event->kind == ALARM_LATE)
        judge_late(w, world, after_s);
    else if (event->kind == ALARM_SILENT)
        judge_silent(w, after_s);
    else
        judge_disagree(w, world);
}

void sim_oracle_event(struct sim_watcher *w, const struct sim_world *world,
                      const struct alarm_event *event)
{
    static const char *const what[] = {"tells", "says it is over to", "announces a word to"};

    sim_trace("watcher %zu: %s contact %zu (%s, %llu)", w->number, what[event->what],
              event->contact, event->what == ALARM_GOOD ? "good" : KINDS[event->kind],
              (unsigned long long)event->episode);
    switch (event->what) {
    case ALARM_TELL:
        told(w, world, event);
        return;
    case ALARM_OVER:
        sim_count.over++;
        if (!w->seen.told[event->kind][event->contact])
            sim_broken("watcher %zu: the end of %s to one who was not told", w->number,
                       KINDS[event->kind]);
        w->seen.told[event->kind][event->contact] = false;
        return;
    case ALARM_GOOD:
        break;
    }
    sim_count.good++;
    if (event->episode <= w->seen.good_word)
        sim_broken("watcher %zu: word %llu announced again", w->number,
                   (unsigned long long)event->episode);
    if (!w->seen.taken_in && event->episode != sim_truth_word(world, w->seen.best))
        sim_broken("watcher %zu: announces a word that is not the newest", w->number);
    w->seen.good_word = event->episode;
}

/* ---- what should have been said ---- */

/* Since when is he late, as far as this watcher read?  NEVER: he is not. */
static uint64_t late_since(struct sim_watcher *w, const struct sim_world *world)
{
    struct due due = {0};

    if (w->seen.best)
        sim_truth_due(world, w->seen.best, SIM_NOT_AFTER, w->seen.first, &due);
    if (!due.promised || sim_now + SLACK < due.by) {
        w->seen.late_by = 0;
        return NEVER;
    }
    /* A word that is withdrawn makes nobody late anew: he is since the later time. */
    if (due.by > w->seen.late_by)
        w->seen.late_by = due.by;
    /* Where his clock was wrong, lateness may have begun within what is not known. */
    if (world->was_off && w->alarm.episode[ALARM_LATE].open &&
        w->alarm.episode[ALARM_LATE].since > w->seen.late_by)
        w->seen.late_by = w->alarm.episode[ALARM_LATE].since;
    return w->seen.late_by;
}

/* What began before he knew the time began then, as far as he could know. */
static uint64_t right(const struct sim_watcher *w, uint64_t vain)
{
    return vain && vain < w->seen.right_from ? w->seen.right_from : vain;
}

/* Was a copy read in this round that would have the word? */
static bool must_know_late(const struct sim_watcher *w, const struct sim_world *world)
{
    bool behind = false;

    for (size_t i = 0; i < SIM_COPIES; i++)
        behind = behind || (w->whole[i] && honest_size(w, world, i));
    return !w->seen.vain_holder ||
           (behind && sim_now > right(w, w->seen.vain_holder) + w->rules.silence_s + SLACK);
}

static void judge_omissions(struct sim_watcher *w, const struct sim_world *world)
{
    uint64_t since = late_since(w, world), vain = right(w, w->seen.vain_any);
    bool late = since != NEVER && must_know_late(w, world);

    for (size_t i = 0; i < w->rules.contacts; i++) {
        uint64_t after_s = w->rules.after_s[i];
        bool due = late && sim_now > since + after_s + SLACK;

        w->seen.late_rounds[i] = due ? w->seen.late_rounds[i] + 1 : 0;
        if (w->seen.late_rounds[i] >= 2 && !w->seen.told[ALARM_LATE][i])
            sim_broken("watcher %zu: late for %llu s, and contact %zu was not told", w->number,
                       (unsigned long long)(sim_now - since), i);
        if (vain && sim_now > vain + w->rules.silence_s + after_s + 2 * w->poll_s + SLACK &&
            !w->seen.told[ALARM_SILENT][i])
            sim_broken("watcher %zu: nothing heard for %llu s, and contact %zu was not told",
                       w->number, (unsigned long long)(sim_now - vain), i);
    }
}

/* What is over by the truth is said to be over. */
static void judge_ends(struct sim_watcher *w, const struct sim_world *world)
{
    struct due due;
    bool clear = true;

    for (size_t i = 0; i < SIM_COPIES; i++)
        clear = clear && (!(w->copies >> i & 1) || (w->whole[i] && honest_size(w, world, i)));
    w->seen.clear_rounds = clear ? w->seen.clear_rounds + 1 : 0;
    if (w->seen.clear_rounds >= 2 && w->alarm.episode[ALARM_DISAGREE].open)
        sim_broken("watcher %zu: at odds, and every copy is honest", w->number);
    if (!w->seen.vain_any && w->alarm.episode[ALARM_SILENT].open)
        sim_broken("watcher %zu: silent, and it was heard", w->number);
    if (!w->seen.best)
        return;
    sim_truth_due(world, w->seen.best, SIM_NOT_BEFORE, w->seen.first, &due);
    if ((!due.promised || sim_now + SLACK < due.by) && w->alarm.episode[ALARM_LATE].open)
        sim_broken("watcher %zu: still late, and the next word is due in %lld s", w->number,
                   (long long)(due.by - sim_now));
}

void sim_oracle_after(struct sim_watcher *w, const struct sim_world *world)
{
    if (w->seen.deceived || w->seen.taken_in)
        return;
    judge_omissions(w, world);
    judge_ends(w, world);
}

/* ---- what arrived ---- */

void sim_oracle_delivered(struct sim_watcher *w, const struct sim_message *message)
{
    size_t at = message->id - 1;

    if (w->seen.delivered[at] && !w->seen.twice_allowed[at])
        sim_broken("watcher %zu: message %llu twice, and power had not gone", w->number,
                   (unsigned long long)message->id);
    sim_count.twice += w->seen.delivered[at] != 0;
    if (w->seen.delivered[at] < 200)
        w->seen.delivered[at]++;
}

/* All was calm for half a day: nothing is open, and everything arrived. */
void sim_oracle_end(struct sim_watcher *w)
{
    for (size_t i = 0; w->up && i < w->disk.messages; i++)
        if (!w->seen.delivered[i] &&
            (w->disk.queue[i].done || w->disk.queue[i].made_at + 10800 < sim_now))
            sim_broken("watcher %zu: message %zu never arrived", w->number, i + 1);
    for (int kind = ALARM_SILENT;
         kind < ALARM_KINDS && w->up && !w->seen.deceived && !w->seen.taken_in; kind++)
        if (w->alarm.episode[kind].open)
            sim_broken("watcher %zu: %s to the end", w->number, KINDS[kind]);
}
