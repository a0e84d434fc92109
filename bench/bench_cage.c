/*
 * bench_cage CLIP ROUNDS: what the cage costs when `inspect` looks at CLIP.
 *
 * Linked so that this file decides whether the reader's cage_enter does anything (-Wl,--wrap):
 * in turns with it and without, the same child does the same work.  Prints, in milliseconds of
 * wall time, the medians of both and of the differences of the pairs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cage/cage.h"
#include "role/role.h"

#define ROUNDS_MAX 10000 /* Not a cap: the width of our own tables. */

int __real_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why);
int __wrap_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why);

static bool caged;
static double with[ROUNDS_MAX], bare[ROUNDS_MAX], cost[ROUNDS_MAX];

int __wrap_cage_enter(const struct cage_rules *rules, struct cage_state *got, struct why *why)
{
    return caged ? __real_cage_enter(rules, got, why) : SH_OK;
}

static double now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        exit(1);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double look(int clip)
{
    static struct role_inspection found; /* Large. */
    struct why why = {0};
    double began = now_ms();

    if (role_inspect(clip, &found, &why) != SH_OK) {
        (void)fprintf(stderr, "bench_cage: %s\n", why.text);
        exit(1);
    }
    return now_ms() - began;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    size_t rounds = argc == 3 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    int clip = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

    if (clip < 0 || rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "bench_cage CLIP ROUNDS\n");
        return 2;
    }
    for (size_t i = 0; i < rounds; i++) {
        /* Whoever comes second finds caches warm: they take turns at it. */
        for (size_t j = 0; j < 2; j++) {
            caged = (i + j) % 2 == 0;
            (caged ? with : bare)[i] = look(clip);
        }
        cost[i] = with[i] - bare[i];
    }
    return printf("{\"cost_ms\": %.3f, \"caged_ms\": %.3f, \"bare_ms\": %.3f}\n",
                  median(cost, rounds), median(with, rounds), median(bare, rounds)) < 0;
}
