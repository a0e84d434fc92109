/*
 * A channel, three copies, five who watch them, four days in a moment.
 *
 *   sim [--seed N] [--count N] [--stop] [--trace] [--break RULE]
 *
 * Runs the seeds N, N + 1, ...; prints each that fails and how to see it again; 0: none does.
 * --stop: at the first that fails.  --break: without one rule of the watchers; then some fail.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

uint64_t sim_now;
const char *sim_break = "";
struct sim_count sim_count;

static uint64_t state, seed;
static bool tracing, broken;

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t sim_random(uint64_t below)
{
    return below ? next_random() % below : 0;
}

uint64_t sim_between(uint64_t low, uint64_t high)
{
    return low + sim_random(high - low + 1);
}

bool sim_chance(unsigned in_a_million)
{
    return sim_random(1000000) < in_a_million;
}

PRINTF_LIKE(2, 0)
static void print(const char *lead, const char *fmt, va_list args)
{
    uint64_t at = sim_now - SIM_T0;

    (void)printf("%s day %llu %02llu:%02llu:%02llu  ", lead, (unsigned long long)(at / 86400),
                 (unsigned long long)(at / 3600 % 24), (unsigned long long)(at / 60 % 60),
                 (unsigned long long)(at % 60));
    (void)vprintf(fmt, args);
    (void)printf("\n");
}

void sim_trace(const char *fmt, ...)
{
    va_list args;

    if (!tracing)
        return;
    va_start(args, fmt);
    print(" ", fmt, args);
    va_end(args);
}

void sim_broken(const char *fmt, ...)
{
    va_list args;

    if (!broken) {
        va_start(args, fmt);
        (void)printf("seed %llu fails; see it again: sim --seed %llu --trace%s%s\n",
                     (unsigned long long)seed, (unsigned long long)seed,
                     *sim_break ? " --break " : "", sim_break);
        print("!", fmt, args);
        va_end(args);
    }
    broken = true;
}

/* The tick at which something is to be done next. */
static uint64_t next(const struct sim_world *world, const struct sim_watcher *watcher)
{
    uint64_t at = sim_world_next(world);

    for (size_t i = 0; i < SIM_WATCHERS; i++)
        if (sim_watcher_next(&watcher[i]) < at)
            at = sim_watcher_next(&watcher[i]);
    if (at <= sim_now + SIM_TICK)
        return sim_now + SIM_TICK;
    return SIM_T0 + (at - SIM_T0 + SIM_TICK - 1) / SIM_TICK * SIM_TICK;
}

static bool run(void)
{
    static struct sim_world world;
    static struct sim_watcher watcher[SIM_WATCHERS];

    state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    broken = false;
    sim_now = SIM_T0;
    sim_world_open(&world);
    for (size_t i = 0; i < SIM_WATCHERS; i++)
        sim_watcher_open(&watcher[i], i, &world);
    for (; sim_now < SIM_T0 + SIM_DAYS * 86400 && !broken; sim_now = next(&world, watcher)) {
        sim_world_tick(&world);
        for (size_t i = 0; i < SIM_WATCHERS; i++)
            sim_watcher_tick(&watcher[i], &world);
    }
    for (size_t i = 0; i < SIM_WATCHERS && !broken; i++)
        sim_oracle_end(&watcher[i]);
    for (size_t i = 0; i < SIM_WATCHERS; i++)
        sim_watcher_close(&watcher[i]);
    sim_world_close(&world);
    return !broken;
}

static void say_counts(uint64_t seeds, uint64_t failed)
{
    const struct sim_count *c = &sim_count;

    (void)printf("%llu seeds, %llu failed: %llu rounds, %llu readings, %llu rollbacks, %llu "
                 "forks, %llu restarts, %llu clock jumps\n",
                 (unsigned long long)seeds, (unsigned long long)failed,
                 (unsigned long long)c->polls, (unsigned long long)c->steps,
                 (unsigned long long)c->rollbacks, (unsigned long long)c->forks,
                 (unsigned long long)c->restarts, (unsigned long long)c->jumps);
    (void)printf(
        "told %llu (late %llu, silent %llu, disagree %llu), over %llu, good %llu, twice "
        "after a power loss %llu\n",
        (unsigned long long)c->told, (unsigned long long)c->late, (unsigned long long)c->silent,
        (unsigned long long)c->disagree, (unsigned long long)c->over,
        (unsigned long long)c->good, (unsigned long long)c->twice);
    (void)printf(
        "his clock jumped %llu times; watchers that could not know the time %llu, could "
        "not tell a fork %llu: %llu rounds (%.1f %%) are not judged by time; %llu that "
        "only his clock could decide\n",
        (unsigned long long)c->clocks, (unsigned long long)c->deceived,
        (unsigned long long)c->taken_in, (unsigned long long)c->exempt,
        100.0 * (double)c->exempt / (double)(c->polls ? c->polls : 1),
        (unsigned long long)c->unsure);
}

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: sim [--seed N] [--count N] [--stop] [--trace] [--break RULE]\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = 1, failed = 0;
    bool stops = false;

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--trace") == 0)
            tracing = true;
        else if (strcmp(argv[i], "--stop") == 0)
            stops = true;
        else if (strcmp(argv[i], "--seed") == 0 && more)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--count") == 0 && more)
            count = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--break") == 0 && more)
            sim_break = argv[++i];
        else
            return usage();
    }
    for (seed = first; seed < first + count && !(stops && failed); seed++)
        failed += !run();
    say_counts(seed - first, failed);
    return failed ? 1 : 0;
}
