/* Which time is it?  Three witnesses: the time that ran on, the wall clock, the servers. */
#include "alarm/alarm.h"

#include <string.h>

/* Not caps: what the comments of alarm.h promise. */
#define TOLERANCE_S 600 /* servers' clocks and the age of their answers */
#define SMALL_S 60      /* a correction that a clock daemon makes */
#define LEAP_S 86400    /* a machine that was off for a day is no surprise */
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

/* The earliest date that is not before what was once sure: the smallest step; 0 = none. */
static uint64_t plausible(const struct alarm_clocks *said, uint64_t least)
{
    uint64_t first = 0;

    for (size_t i = 0; i < said->date_count; i++)
        if (said->dates[i] >= least && (!first || said->dates[i] < first))
            first = said->dates[i];
    return first;
}

static uint64_t not_before(uint64_t time, uint64_t least)
{
    return time > least ? time : least;
}

/* After a start: nothing has run on. */
static uint64_t start(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    enum word word = ask(said, said->wall);
    uint64_t servers = plausible(said, clock->floor);
    uint64_t time = said->wall;

    if (word == CONTRADICT && servers)
        time = servers;
    else if (word != AGREE)
        time = not_before(time, clock->believed);
    if (word != AGREE && word != MIXED && time != servers && clock->believed &&
        time - clock->believed > LEAP_S)
        time = clock->believed;
    clock->boot_ms = said->boot_ms;
    clock->settled = false;
    clock->settle_ms = said->boot_ms + SETTLE_MS;
    return time;
}

/* Within one boot. */
static uint64_t run(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    uint64_t seconds = (said->boot_ms - clock->boot_ms) / 1000;
    uint64_t time = clock->believed + seconds;
    uint64_t servers = plausible(said, clock->floor);
    enum word of_wall = ask(said, said->wall), of_time = ask(said, time);

    clock->boot_ms += seconds * 1000;
    if (of_wall == AGREE && (of_time == CONTRADICT || !clock->settled))
        return said->wall;
    if (!clock->settled && of_wall == CONTRADICT && servers && of_time != MIXED)
        return servers;
    if (!clock->settled && of_wall == MIXED && of_time == CONTRADICT)
        return not_before(said->wall, clock->floor);
    if (apart(said->wall, time) <= SMALL_S)
        return not_before(said->wall, clock->believed);
    if (!clock->settled && said->boot_ms >= clock->settle_ms && of_wall != CONTRADICT)
        return not_before(said->wall, clock->floor);
    return time;
}

uint64_t alarm_clock_step(struct alarm_clock *clock, const struct alarm_clocks *said)
{
    bool same = clock->believed && said->boot_ms >= clock->boot_ms &&
                strcmp(clock->boot_id, said->boot_id) == 0;
    enum word word;

    clock->believed = same ? run(clock, said) : start(clock, said);
    (void)snprintf(clock->boot_id, sizeof(clock->boot_id), "%s", said->boot_id);
    word = ask(said, clock->believed);
    if (word == AGREE || said->boot_ms >= clock->settle_ms ||
        (word == MIXED && apart(clock->believed, said->wall) <= SMALL_S))
        clock->settled = true;
    if (clock->settled)
        clock->floor = clock->believed;
    clock->doubtful = apart(clock->believed, said->wall) > SMALL_S || word == CONTRADICT;
    return clock->believed;
}
