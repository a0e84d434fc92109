/*
 * One who watches, as `watch` does it: reads each copy, asks the clocks, judges, stores state
 * and messages in one transaction, then sends what is in the queue.  Power may go at any point.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory and disk ---- */

static void disk_open(struct sim_disk *disk)
{
    for (size_t i = 0; i < SIM_COPIES; i++)
        bytes_init(&disk->follow[i], LIMIT_FOLLOW_BYTES);
}

static void disk_close(struct sim_disk *disk)
{
    for (size_t i = 0; i < SIM_COPIES; i++)
        bytes_release(&disk->follow[i]);
}

static void follow_copy(struct sim_disk *to, const struct sim_disk *from, size_t copy)
{
    bytes_clear(&to->follow[copy]);
    bytes_slice(&to->follow[copy], bytes_view(&from->follow[copy]));
}

/* What is new, and what was not done yet. */
static void queue_copy(struct sim_disk *to, const struct sim_disk *from)
{
    size_t first = to->undone < from->undone ? to->undone : from->undone;

    memcpy(to->queue + first, from->queue + first,
           (from->messages - first) * sizeof(to->queue[0]));
    to->messages = from->messages;
    to->undone = from->undone;
}

/* All but the large states of the copies. */
static void disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    to->alarm = from->alarm;
    to->clock = from->clock;
    to->is_written = from->is_written;
    for (size_t i = 0; i < SIM_COPIES; i++) {
        to->seen_len[i] = from->seen_len[i];
        memcpy(to->seen[i], from->seen[i], from->seen_len[i]);
    }
    memcpy(to->heard_at, from->heard_at, sizeof(to->heard_at));
    memcpy(to->at_odds, from->at_odds, sizeof(to->at_odds));
    queue_copy(to, from);
}

/* One transaction: all of it or nothing.  What is on the disk becomes bytes when it is read. */
static void commit(struct sim_watcher *w)
{
    w->ram.alarm = w->alarm;
    w->ram.clock = w->clock;
    w->ram.is_written = true;
    for (size_t i = 0; i < SIM_COPIES; i++) {
        if (!w->grown[i])
            continue;
        bytes_clear(&w->ram.follow[i]);
        follow_build(&w->follow[i], &w->ram.follow[i]);
        follow_copy(&w->disk, &w->ram, i);
        w->grown[i] = false;
    }
    disk_copy(&w->disk, &w->ram);
}

static void load_alarm(struct sim_watcher *w)
{
    struct bytes raw;

    bytes_init(&raw, 4096);
    alarm_build(&w->disk.alarm, &w->disk.clock, &raw);
    if (alarm_parse(bytes_view(&raw), &w->alarm, &w->clock, NULL) != SH_OK)
        sim_broken("watcher %zu: its alarm cannot be read again", w->number);
    bytes_release(&raw);
}

static void load(struct sim_watcher *w)
{
    disk_copy(&w->ram, &w->disk);
    if (w->disk.is_written) {
        load_alarm(w);
    } else {
        alarm_init(&w->alarm, 0);
        w->clock = (struct alarm_clock){0};
    }
    if (strcmp(sim_break, "forgets-its-alarm") == 0)
        alarm_init(&w->alarm, 0);
    for (size_t i = 0; i < SIM_COPIES; i++) {
        follow_copy(&w->ram, &w->disk, i);
        follow_init(&w->follow[i]);
        w->grown[i] = false;
        if (w->disk.follow[i].len &&
            follow_parse(bytes_view(&w->disk.follow[i]), &w->follow[i], NULL) != SH_OK)
            sim_broken("watcher %zu: copy %zu cannot be read again", w->number, i);
    }
}

/* The process ends now and begins again some time later; perhaps the machine, too. */
static void restart(struct sim_watcher *w)
{
    uint64_t down =
        sim_chance(50000) ? sim_between(26 * 3600, 30 * 3600) : sim_between(0, 7200);

    w->up = false;
    w->next_poll = sim_now + down;
    sim_count.restarts++;
    if (sim_chance(700000)) {
        w->boot++;
        w->boot_at = w->next_poll;
        w->seen.honest_date = w->seen.lying_date = w->seen.two_dates = false;
        if (sim_chance(200000))
            w->wall_off = sim_chance(500000) ? (int64_t)SIM_YEAR : -(int64_t)SIM_YEAR;
        w->seen.wrong_wall = w->wall_off != 0;
        w->seen.early_wall = false;
    }
    sim_trace("watcher %zu: down for %llu s", w->number, (unsigned long long)down);
}

/* ---- reading ---- */

struct reading {
    struct sim_world *world;
    size_t copy;
    unsigned reads, fails_at; /* 0 = never */
};

static int read_file(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    struct reading *reading = ctx;

    bytes_clear(out);
    if (reading->world->copy[reading->copy].mode == SIM_DOWN ||
        ++reading->reads == reading->fails_at)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the connection was lost");
    if (!sim_serve(reading->world, reading->copy, path, out))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "404");
    return bytes_check(out, why);
}

static bool agrees(const struct sim_watcher *w, size_t copy, const struct follow *follow)
{
    uint64_t size;

    for (size_t i = 0; i < SIM_COPIES; i++)
        if (i != copy && (w->copies >> i & 1) &&
            !follow_agrees(&follow->trail, &w->follow[i].trail, &size))
            return false;
    return true;
}

static enum follow_outcome step(struct sim_watcher *w, struct reading *reading)
{
    static struct follow next;
    const struct follow_source source = {
        .read = read_file, .ctx = reading, .budget = UINT64_C(1) << 20};
    struct follow_result result = {0};

    next = w->follow[reading->copy];
    sim_count.steps++;
    if (follow_step(&next, &source, &result, NULL) != SH_OK)
        abort();
    bytes_release(&result.note);
    if (result.outcome == FOLLOW_NEWER && !agrees(w, reading->copy, &next))
        result.outcome = FOLLOW_FORKED;
    if (result.outcome == FOLLOW_NEWER) {
        w->follow[reading->copy] = next;
        w->grown[reading->copy] = true;
    } else if (result.outcome > FOLLOW_NEWER) {
        sim_trace("watcher %zu: copy %zu: %s", w->number, reading->copy, result.text);
    }
    return result.outcome;
}

static void look_at(struct sim_watcher *w, struct sim_world *world, size_t copy)
{
    struct reading reading = {.world = world, .copy = copy};
    enum follow_outcome outcome = FOLLOW_UNREADABLE;
    struct bytes note;
    size_t len;

    if (sim_chance(world->copy[copy].drops))
        reading.fails_at = 1 + (unsigned)sim_random(4);
    bytes_init(&note, SIM_NOTE);
    w->answered[copy] = read_file(&reading, "checkpoint", &note, NULL) == SH_OK;
    len = note.len;
    if (w->answered[copy] && len == w->ram.seen_len[copy] &&
        memcmp(note.ptr, w->ram.seen[copy], len) == 0)
        outcome = FOLLOW_SAME;
    else if (w->answered[copy])
        outcome = step(w, &reading);
    w->outcome[copy] = outcome;
    w->whole[copy] =
        w->answered[copy] && (!reading.fails_at || reading.reads < reading.fails_at);
    w->heard[copy] = outcome == FOLLOW_SAME || outcome == FOLLOW_NEWER;
    if (strcmp(sim_break, "trusts-what-is-older") == 0 && outcome == FOLLOW_OLDER)
        w->heard[copy] = true;
    if (w->heard[copy]) {
        w->ram.at_odds[copy] = false;
        w->ram.seen_len[copy] = len;
        memcpy(w->ram.seen[copy], note.ptr, len);
    } else if (outcome != FOLLOW_UNREADABLE) {
        w->ram.at_odds[copy] = true;
    }
    bytes_release(&note);
}

/* ---- the clock ---- */

static void ask_clock(struct sim_watcher *w, const struct sim_world *world)
{
    uint64_t dates[SIM_COPIES], wall = sim_now + (uint64_t)w->wall_off;
    char boot_id[24];
    size_t count = 0, honest = 0;
    uint64_t moved;

    for (size_t i = 0; i < SIM_COPIES; i++) {
        if (!w->answered[i])
            continue;
        dates[count++] = sim_now + (uint64_t)world->copy[i].lie + sim_random(3);
        honest += !world->copy[i].lie;
        w->seen.honest_date = w->seen.honest_date || !world->copy[i].lie;
        w->seen.lying_date = w->seen.lying_date || world->copy[i].lie;
    }
    w->seen.wrong_wall = w->seen.wrong_wall || w->wall_off;
    if (!w->clock.believed && w->wall_off) /* He never knew another time. */
        w->seen.first_wall = true;
    (void)snprintf(boot_id, sizeof(boot_id), "boot-%llu", (unsigned long long)w->boot);
    /* Nothing has run on for him, also when the boot is older than what he stored. */
    if (w->wall_off && strcmp(w->clock.boot_id, boot_id) != 0)
        w->seen.early_wall = true;
    w->seen.early_wall =
        w->seen.early_wall || w->seen.first_wall ||
        (w->wall_off && (sim_now < w->boot_at + 3700 || llabs((long long)w->wall_off) < 86400));
    w->seen.two_dates = w->seen.two_dates || (honest > 1 && sim_now < w->boot_at + 3500);
    moved = w->clock.moved;
    w->now =
        alarm_clock_step(&w->clock, &(struct alarm_clocks){wall, (sim_now - w->boot_at) * 1000,
                                                           boot_id, dates, count});
    if (strcmp(sim_break, "believes-the-wall-clock") == 0)
        w->now = wall;
    for (size_t i = 0; i < SIM_COPIES; i++)
        if (w->ram.heard_at[i] && (w->clock.moved - moved) >> 63 != 0)
            w->ram.heard_at[i] += w->clock.moved - moved;
}

static void jump(struct sim_watcher *w)
{
    static const int64_t by[] = {(int64_t)SIM_YEAR, -(int64_t)SIM_YEAR, 10800, -10800, 0, 0};

    w->jump_next++;
    w->wall_off = by[sim_random(COUNT_OF(by))];
    sim_count.jumps++;
    sim_trace("watcher %zu: its clock is off by %lld s", w->number, (long long)w->wall_off);
}

/* ---- judging and telling ---- */

static void judge(struct sim_watcher *w)
{
    struct alarm_event events[ALARM_EVENTS];
    struct alarm_copy copies[SIM_COPIES];
    struct alarm_round round = {copies, 0, w->now, &w->clock};
    size_t count;

    for (size_t i = 0; i < SIM_COPIES; i++) {
        if (!(w->copies >> i & 1))
            continue;
        if (w->heard[i])
            w->ram.heard_at[i] = w->now;
        copies[round.count++] = (struct alarm_copy){.heard_at = w->ram.heard_at[i],
                                                    .branch = w->follow[i].branch,
                                                    .size = w->follow[i].range.size,
                                                    .at_odds = w->ram.at_odds[i],
                                                    .facts = w->follow[i].facts};
    }
    alarm_look(&w->alarm, &w->rules, &round, &w->view);
    count = alarm_step(&w->alarm, &w->rules, &w->view, events);
    for (size_t i = 0; i < count; i++) {
        struct sim_message *message = &w->ram.queue[w->ram.messages];

        if (w->ram.messages == SIM_MESSAGES) {
            sim_broken("watcher %zu: tells without end", w->number);
            return;
        }
        *message = (struct sim_message){events[i], w->ram.messages + 1, sim_now, false};
        w->ram.messages++;
    }
}

/* The events of a transaction count once it is on the disk. */
static void count_events(struct sim_watcher *w, const struct sim_world *world, size_t from)
{
    for (size_t i = from; i < w->disk.messages; i++)
        sim_oracle_event(w, world, &w->disk.queue[i].event);
}

/* False: power went between sending and recording. */
static bool send_all(struct sim_watcher *w, bool power_goes)
{
    while (w->ram.undone < w->ram.messages && w->ram.queue[w->ram.undone].done)
        w->ram.undone++;
    for (size_t i = w->ram.undone; i < w->ram.messages; i++) {
        struct sim_message *message = &w->ram.queue[i];

        if (message->done || sim_chance(100000))
            continue;
        if (strcmp(sim_break, "marks-before-it-sends") == 0) {
            message->done = true;
            disk_copy(&w->disk, &w->ram);
            if (power_goes)
                return false;
        }
        sim_oracle_delivered(w, message);
        if (power_goes) {
            w->seen.twice_allowed[message->id - 1] = true;
            return false;
        }
        message->done = true;
        w->disk.queue[i].done = true;
    }
    return true;
}

static void poll(struct sim_watcher *w, struct sim_world *world)
{
    enum { NOT, BEFORE, AFTER, BETWEEN } power = NOT;
    size_t messages = w->disk.messages;

    sim_count.polls++;
    if (sim_now < world->calm_from && sim_chance(w->crashes))
        power = sim_chance(333333) ? BEFORE : (sim_chance(500000) ? AFTER : BETWEEN);
    for (size_t i = 0; i < SIM_COPIES; i++) {
        w->answered[i] = w->whole[i] = w->heard[i] = false;
        if (w->copies >> i & 1)
            look_at(w, world, i);
    }
    ask_clock(w, world);
    judge(w);
    if (power == BEFORE) {
        restart(w);
        return;
    }
    commit(w);
    sim_oracle_round(w, world);
    count_events(w, world, messages);
    sim_oracle_after(w, world);
    if (power == AFTER || !send_all(w, power == BETWEEN))
        restart(w);
}

uint64_t sim_watcher_next(const struct sim_watcher *w)
{
    uint64_t jump_at = w->jump_next < w->jumps ? w->jump_at[w->jump_next] : UINT64_MAX;

    return jump_at < w->next_poll ? jump_at : w->next_poll;
}

void sim_watcher_tick(struct sim_watcher *w, struct sim_world *world)
{
    if (w->jump_next < w->jumps && sim_now >= w->jump_at[w->jump_next])
        jump(w);
    if (sim_now < w->next_poll)
        return;
    if (!w->up) {
        load(w);
        w->up = true;
    }
    w->next_poll = sim_now + w->poll_s * 9 / 10 + sim_random(w->poll_s / 5 + 1);
    poll(w, world);
}

/* ---- the beginning and the end ---- */

void sim_watcher_open(struct sim_watcher *w, size_t number, const struct sim_world *world)
{
    static const unsigned copies[SIM_WATCHERS] = {1, 2, 3, 6, 7};

    *w = (struct sim_watcher){.number = number,
                              .copies = copies[number],
                              .poll_s = sim_between(6, 90) * SIM_TICK,
                              .boot_at = sim_now - 5000,
                              .crashes = sim_chance(500000) ? 0 : 5000};
    w->rules = (struct alarm_rules){.silence_s = 3600, .contacts = 3};
    w->rules.after_s[1] = 3600;
    w->rules.after_s[2] = 6 * 3600;
    w->rules.wants_good[1] = true;
    w->next_poll = sim_now + sim_random(w->poll_s);
    w->jumps = sim_random(COUNT_OF(w->jump_at) + 1);
    for (size_t i = 0; i < w->jumps; i++)
        w->jump_at[i] = (i ? w->jump_at[i - 1] : sim_now) +
                        sim_random((world->calm_from - sim_now) / COUNT_OF(w->jump_at));
    disk_open(&w->ram);
    disk_open(&w->disk);
}

void sim_watcher_close(struct sim_watcher *w)
{
    disk_close(&w->ram);
    disk_close(&w->disk);
}
