/* Which time is it?  Three witnesses: the time that ran on, the wall clock, the servers. */
#include "alarm/alarm.h"

#include <string.h>

/* Not caps: what the comments of alarm.h promise. */
#define TOLERANCE_S 600 /* servers' clocks and the age of their answers */
#define SMALL_S 60      /* a correction that a clock daemon makes */
#define LEAP_S 86400    /* a machine that was off for a day is no surprise */
#define MONTH_S (30 * 86400)
#define PAIR 2 /* servers that agree with each other */
#define SETTLE_MS (UINT64_C(3600) * 1000)

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* What the servers say of a time. */
enum word { SILENT, AGREE, MIXED, CONTRADICT };
static enum word ask(const struct alarm_clocks *said, uint64_t time)
{
    size_t against = 0;

    for (size_t i = 0; i < said->date_count; i++)
        against += apart(said->dates[i], time) > TOLERANCE_S;
    if (!said->date_count)
        return SILENT;
    if (!against)
        return AGREE;
    return against == said->date_count ? CONTRADICT : MIXED;
}

/*
 * What the servers say: the earliest date that is not before `least` and that `needed` of them
 * mean; 0 = none.
 */
static uint64_t servers_say(const struct alarm_clocks *said, uint64_t least, size_t needed)
{
    uint64_t first = 0;

    for (size_t i = 0; i < said->date_count; i++) {
        size_t same = 0;

        for (size_t k = 0; k < said->date_count; k++)
            same += apart(said->dates[i], said->dates[k]) <= TOLERANCE_S;
        if (same >= needed && said->dates[i] >= least && (!first || said->dates[i] < first))
            first = said->dates[i];
    }
    return first;
}

/* More servers say another time than this one. */
static bool is_contradicted(const struct alarm_clocks *said, uint64_t time)
{
    size_t against = 0;

    for (size_t i = 0; i < said->date_count; i++)
        against += apart(said->dates[i], time) > TOLERANCE_S;
    return against > said->date_count - against;
}

static uint64_t not_before(uint64_t time, uint64_t least)
{
    return time > least ? time : least;
}

/* A wall clock that went back, or leapt by more than a month, is not believed by itself. */
static bool could_be(uint64_t wall, uint64_t before)
{
    return !before || (wall + SMALL_S >= before && wall <= before + MONTH_S);
}

/* One server may lie, also beside a wall clock that is wrong. */
static uint64_t outvoted_by(const struct alarm_clock *clock, const struct alarm_clocks *said)
{
    return servers_say(said, clock->floor, PAIR);
}

/* After a start: nothing has run on. */
static uint64_t start(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    uint64_t before = clock->believed, wall = said->wall;
    uint64_t servers = outvoted_by(clock, said);
    enum word word = ask(said, wall);

    clock->boot_ms = said->boot_ms;
    clock->settled = false;
    clock->settle_ms = said->boot_ms + SETTLE_MS;
    if (word == AGREE)
        return wall;
    if (is_contradicted(said, wall) && servers)
        return servers;
    if (before && (word == SILENT ? wall > before + LEAP_S : !could_be(wall, before)))
        return before;
    return not_before(wall, before);
}

/* Within one boot, before anything settled the time. */
static uint64_t run_unsettled(const struct alarm_clock *clock, const struct alarm_clocks *said,
                              uint64_t time)
{
    enum word of_wall = ask(said, said->wall), of_time = ask(said, time);
    uint64_t servers = outvoted_by(clock, said);
    bool over = said->boot_ms >= clock->settle_ms;

    if (of_wall == AGREE)
        return said->wall;
    if (is_contradicted(said, said->wall) && servers && of_time != MIXED)
        return servers;
    if (of_wall == MIXED && of_time == CONTRADICT && said->wall >= clock->floor)
        return said->wall;
    if (of_wall == CONTRADICT ? of_time == CONTRADICT && could_be(said->wall, time) : over)
        return said->wall >= clock->floor ? said->wall : time;
    return time;
}

/* Within one boot. */
static uint64_t run(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    uint64_t seconds = (said->boot_ms - clock->boot_ms) / 1000;
    uint64_t time = clock->believed + seconds, wall = said->wall;

    clock->boot_ms += seconds * 1000;
    if (!clock->settled)
        time = run_unsettled(clock, said, time);
    else if (ask(said, wall) == AGREE && ask(said, time) == CONTRADICT)
        time = wall;
    if (time != wall && apart(wall, time) <= SMALL_S)
        time = not_before(wall, clock->believed);
    return time;
}

/*
 * Two of three witnesses settle it: the time, the wall clock, a server; or two servers.  One
 * server and what it said before are one witness.
 */
static bool is_sure(const struct alarm_clock *clock, const struct alarm_clocks *said)
{
    enum word word = ask(said, clock->believed);

    if (apart(clock->believed, said->wall) <= SMALL_S)
        return word != SILENT && !is_contradicted(said, clock->believed);
    return word == AGREE && said->date_count >= PAIR;
}

static bool is_settled(const struct alarm_clock *clock, const struct alarm_clocks *said)
{
    return clock->settled || clock->sure ||
           (apart(clock->believed, said->wall) <= SMALL_S && said->boot_ms >= clock->settle_ms);
}

uint64_t alarm_clock_step(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    bool same = clock->believed && said->boot_ms >= clock->boot_ms && said->boot_id[0] &&
                strcmp(clock->boot_id, said->boot_id) == 0;
    uint64_t ran = same ? clock->believed + (said->boot_ms - clock->boot_ms) / 1000 : 0;

    clock->believed = same ? run(clock, said) : start(clock, said);
    clock->moved += same ? clock->believed - ran : 0;
    clock->starts += !same;
    (void)snprintf(clock->boot_id, sizeof(clock->boot_id), "%s", said->boot_id);
    clock->sure = (same && clock->sure) || is_sure(clock, said);
    clock->settled = is_settled(clock, said);
    if (clock->settled)
        clock->floor = clock->believed;
    clock->doubtful =
        apart(clock->believed, said->wall) > SMALL_S || is_contradicted(said, clock->believed);
    return clock->believed;
}
