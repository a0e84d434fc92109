/* Who is late, silent or at odds; who is to be told. */
#include "alarm/alarm.h"

#include <string.h>

/* Not a cap: what was heard so long ago was heard now. */
#define SLACK_S 30

void alarm_init(struct alarm *alarm, uint64_t now)
{
    *alarm = (struct alarm){.started_at = now};
}

/* ---- looking ---- */

/* A sum beyond what fits is never. */
static uint64_t after(uint64_t from, uint64_t seconds)
{
    uint64_t sum;

    return size_add(from, seconds, &sum) ? sum : UINT64_MAX;
}

/* When the copy was heard; a time that is still to come was written by a wrong clock. */
static uint64_t heard_at(const struct alarm_copy *copy, uint64_t now)
{
    if (copy->heard_at > after(now, SLACK_S))
        return 0;
    return copy->heard_at < now ? copy->heard_at : now;
}

static bool is_heard(const struct alarm_copy *copy, const struct alarm_rules *rules,
                     uint64_t now)
{
    return heard_at(copy, now) && after(heard_at(copy, now), rules->silence_s) >= now;
}

/* Since when is listening in vain?  Not at the first look, nor at one that hears something. */
static uint64_t vain_from(const struct alarm_ear *ear, uint64_t heard, uint64_t now)
{
    if (heard > ear->heard || ear->heard > now || !ear->missed || ear->missed > now)
        return now;
    return ear->missed;
}

static void ear_step(struct alarm_ear *ear, uint64_t heard, uint64_t now)
{
    if (ear->heard > now)
        *ear = (struct alarm_ear){0};
    if (heard > ear->heard)
        *ear = (struct alarm_ear){.heard = heard};
    else if (now > after(heard, SLACK_S) && (!ear->missed || ear->missed > now))
        ear->missed = now;
}

static bool is_more(uint64_t branch, uint64_t size, uint64_t than_branch, uint64_t than_size)
{
    return branch > than_branch || (branch == than_branch && size > than_size);
}

/* The history that is judged by, into the view. */
static void choose_history(const struct alarm *alarm, const struct alarm_copy *copies,
                           size_t count, struct alarm_view *view)
{
    const struct alarm_copy *best = NULL, *any = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct alarm_copy *copy = &copies[i];

        if (!copy->size)
            continue;
        if (!any || is_more(copy->branch, copy->size, any->branch, any->size))
            any = copy;
        if (!copy->at_odds &&
            (!best || is_more(copy->branch, copy->size, best->branch, best->size)))
            best = copy;
    }
    if (best && !is_more(alarm->branch, alarm->size, best->branch, best->size)) {
        any = best;
    } else if (alarm->size) {
        view->branch = alarm->branch;
        view->size = alarm->size;
        view->facts = alarm->facts;
        return;
    }
    if (!any)
        return;
    view->branch = any->branch;
    view->size = any->size;
    view->facts = any->facts;
}

static bool holds_newest(const struct alarm_copy *copy, const struct alarm_view *view)
{
    return copy->size && !copy->at_odds &&
           !is_more(view->branch, view->size, copy->branch, copy->size);
}

/* Was a copy read after the promised second that would have shown the word? */
static bool is_late(const struct alarm *alarm, const struct alarm_rules *rules,
                    const struct alarm_copy *copies, const struct alarm_view *view)
{
    bool newest = false, behind = false;

    if (!view->due.promised || view->now <= view->due.by)
        return false;
    for (size_t i = 0; i < view->copies; i++) {
        if (copies[i].at_odds || !copies[i].size ||
            heard_at(&copies[i], view->now) <= view->due.by)
            continue;
        if (holds_newest(&copies[i], view))
            newest = true;
        else
            behind = true;
    }
    if (newest || !behind)
        return newest;
    return view->now >=
           after(vain_from(&alarm->newest, view->newest_at, view->now), rules->silence_s);
}

/* When silence begins if nothing more is heard. */
static uint64_t silent_from(const struct alarm *alarm, const struct alarm_rules *rules,
                            const struct alarm_view *view)
{
    return after(vain_from(&alarm->any, view->heard_at, view->now), rules->silence_s);
}

/* By the clock of the round. */
static void see(const struct alarm *alarm, const struct alarm_round *round,
                struct alarm_view *view)
{
    const struct alarm_clock *clock = round->clock;
    const struct due_seen seen = {.now = round->now,
                                  .run = clock ? clock->starts : 1,
                                  .moved = clock ? clock->moved : 0,
                                  .unsure = clock && !clock->sure,
                                  .first = !alarm->size};

    due_see(&view->facts, &alarm->facts, &seen);
}

void alarm_look(const struct alarm *alarm, const struct alarm_rules *rules,
                const struct alarm_round *round, struct alarm_view *view)
{
    const struct alarm_copy *copies = round->copies;
    size_t count = round->count;
    uint64_t now = round->now;

    *view = (struct alarm_view){.now = now, .copies = count};
    choose_history(alarm, copies, count, view);
    see(alarm, round, view);
    due_of(&view->facts, &view->due);
    for (size_t i = 0; i < count; i++) {
        bool heard = is_heard(&copies[i], rules, now);
        uint64_t at = heard_at(&copies[i], now);

        view->heard += heard;
        view->agree += heard && !copies[i].at_odds && copies[i].branch == view->branch;
        view->disagree = view->disagree || copies[i].at_odds;
        if (at > view->heard_at)
            view->heard_at = at;
        if (at > view->newest_at && holds_newest(&copies[i], view))
            view->newest_at = at;
    }
    view->late = is_late(alarm, rules, copies, view);
    view->silent = now >= silent_from(alarm, rules, view);
}

/* ---- stepping ---- */

struct events {
    struct alarm_event *list;
    size_t count;
};

static void say(struct events *events, const struct alarm_event *event)
{
    if (events->count >= ALARM_EVENTS)
        bug("alarm: more events than there can be");
    events->list[events->count++] = *event;
}

static size_t contacts(const struct alarm_rules *rules)
{
    return rules->contacts < LIMIT_CONTACTS ? rules->contacts : LIMIT_CONTACTS;
}

static bool is_told(const struct alarm_episode *episode, size_t contact)
{
    return (episode->told >> contact & 1) != 0;
}

static void begin(struct alarm *alarm, enum alarm_kind kind, uint64_t since)
{
    alarm->episode[kind] =
        (struct alarm_episode){.open = true, .number = ++alarm->episodes, .since = since};
}

static void end(struct alarm *alarm, enum alarm_kind kind, const struct alarm_rules *rules,
                struct events *events)
{
    struct alarm_episode *episode = &alarm->episode[kind];

    for (size_t i = 0; i < contacts(rules); i++)
        if (is_told(episode, i))
            say(events, &(struct alarm_event){ALARM_OVER, kind, episode->number, i});
    episode->open = false;
    episode->told = 0;
}

/*
 * What ends an episode is evidence, never its absence: that a copy is gone or at odds now does
 * not end lateness, and a clock that is put back does so only before the episode's beginning,
 * because then there was no reason for it.
 */
static bool is_over(const struct alarm *alarm, enum alarm_kind kind,
                    const struct alarm_rules *rules, const struct alarm_view *view)
{
    const struct alarm_episode *episode = &alarm->episode[kind];

    if (view->now < episode->since)
        return true;
    switch (kind) {
    case ALARM_LATE:
        return (view->facts.has_word && view->facts.word_index > episode->word_index) ||
               !view->due.promised || view->due.by > episode->due_by;
    case ALARM_SILENT:
        return silent_from(alarm, rules, view) > episode->since;
    case ALARM_DISAGREE:
        break;
    }
    return !view->disagree;
}

static void step_kind(struct alarm *alarm, enum alarm_kind kind,
                      const struct alarm_rules *rules, const struct alarm_view *view,
                      struct events *events)
{
    struct alarm_episode *episode = &alarm->episode[kind];
    const bool is[ALARM_KINDS] = {view->late, view->silent, view->disagree};

    if (episode->open && is_over(alarm, kind, rules, view))
        end(alarm, kind, rules, events);
    if (!episode->open && is[kind]) {
        begin(alarm, kind,
              kind == ALARM_LATE
                  ? view->due.by
                  : (kind == ALARM_SILENT ? silent_from(alarm, rules, view) : view->now));
        if (kind == ALARM_LATE) {
            episode->word_index = view->facts.has_word ? view->facts.word_index : 0;
            episode->due_by = view->due.by;
        }
    }
    if (!episode->open || episode->acked)
        return;
    for (size_t i = 0; i < contacts(rules); i++) {
        if (is_told(episode, i) || view->now < after(episode->since, rules->after_s[i]))
            continue;
        episode->told |= UINT64_C(1) << i;
        say(events, &(struct alarm_event){ALARM_TELL, kind, episode->number, i});
    }
}

static void announce(struct alarm *alarm, const struct alarm_rules *rules,
                     const struct alarm_view *view, struct events *events)
{
    uint64_t word = view->facts.has_word ? view->facts.word_index + 1 : 0;
    bool first = !alarm->began;

    if (!view->heard_at)
        return;
    alarm->began = true;
    if (word <= alarm->announced_word)
        return;
    alarm->announced_word = word;
    for (size_t i = 0; i < contacts(rules) && !first; i++)
        if (rules->wants_good[i])
            say(events, &(struct alarm_event){ALARM_GOOD, ALARM_LATE, word - 1, i});
}

size_t alarm_step(struct alarm *alarm, const struct alarm_rules *rules,
                  const struct alarm_view *view, struct alarm_event *list)
{
    struct events events = {.list = list};

    alarm->branch = view->branch;
    alarm->size = view->size;
    alarm->facts = view->facts;
    for (int kind = 0; kind < ALARM_KINDS; kind++)
        step_kind(alarm, (enum alarm_kind)kind, rules, view, &events);
    announce(alarm, rules, view, &events);
    ear_step(&alarm->any, view->heard_at, view->now);
    ear_step(&alarm->newest, view->newest_at, view->now);
    return events.count;
}

bool alarm_ack(struct alarm *alarm, uint64_t episode)
{
    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        if (!alarm->episode[kind].open || alarm->episode[kind].number != episode)
            continue;
        alarm->episode[kind].acked = true;
        return true;
    }
    return false;
}

/* ---- when next ---- */

/* The first contact that was not told of an episode that begins at since. */
static uint64_t first_telling(const struct alarm_rules *rules, uint64_t told, uint64_t since)
{
    uint64_t first = UINT64_MAX, at;

    for (size_t i = 0; i < contacts(rules); i++) {
        at = after(since, rules->after_s[i]);
        if (!(told >> i & 1) && at < first)
            first = at;
    }
    return first;
}

uint64_t alarm_next(const struct alarm *alarm, const struct alarm_rules *rules,
                    const struct alarm_view *view)
{
    uint64_t next = UINT64_MAX, at;

    for (int kind = 0; kind < ALARM_KINDS; kind++) {
        const struct alarm_episode *episode = &alarm->episode[kind];

        at = UINT64_MAX;
        if (episode->open && !episode->acked)
            at = first_telling(rules, episode->told, episode->since);
        else if (!episode->open && kind == ALARM_LATE && view->due.promised)
            at = first_telling(rules, 0, view->due.by);
        else if (!episode->open && kind == ALARM_SILENT)
            at = first_telling(rules, 0, silent_from(alarm, rules, view));
        if (kind == ALARM_LATE && !episode->open && view->due.promised && at <= view->due.by &&
            at != UINT64_MAX)
            at = after(view->due.by, 1);
        next = at < next ? at : next;
    }
    return next > view->now ? next : view->now;
}
