/*
 * rough -- small clips, broken in each place in turn, through planner, second reader and the
 * search for leaks; for tests only.
 *
 *     rough lengths STEP FILE...   each number at 0, 1, its most - 1, its most: each STEP-th
 *                                  byte outside of mdat and in the first 2 KiB of each mdat
 *                                  begins one, of one, two, four and eight bytes in turn
 *     rough prefixes STEP FILE...  the first n bytes of it, for each STEP-th n
 *
 * Prints how many it tried and the longest.  Exit: 0 all stood, 2 usage, 3 a plan whose result
 * the second reader refuses, or one look that took longer than a second of CPU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bmff/bmff.h"

#define FILE_BYTES (1u << 20)
#define LOOK_MS 1000
#define MDAT_BYTES 2048

struct clip {
    const char *path;
    uint8_t *bytes;
    size_t len;
};

struct tally {
    unsigned long tried;
    unsigned long planned;
    double worst_ms;
    size_t worst_at;
    int rc;
};

static double now_ms(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at); /* It is there on every Linux. */
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* The whole new file in memory; false when the plan points outside of the clip. */
static bool made_of(struct bmff_plan *plan, struct slice clip, struct bytes *out)
{
    struct bmff_run run;

    bytes_slice(out, bytes_view(&plan->head));
    while (bmff_plan_next(plan, &run)) {
        if (!run.bytes && (run.offset > clip.len || run.len > clip.len - run.offset))
            return false;
        bytes_append(out, run.bytes ? run.bytes : clip.ptr + run.offset, (size_t)run.len);
    }
    return bytes_check(out, NULL) == SH_OK;
}

/* 1 planned and taken by the second reader, 0 refused, 3 wrong. */
static int look(struct slice clip, struct bmff_leaks *leaks)
{
    struct bmff_source source = bmff_source_slice(&clip);
    struct bmff_plan plan = {0};
    struct bmff_facts facts;
    struct bmff_source again;
    struct bytes whole;
    struct slice view;
    struct why why = {0};
    int rc = 3;

    if (bmff_leaks_find(&source, leaks, &why) < 0)
        return 3;
    if (bmff_plan_make(&source, &plan, &why) < 0)
        return 0;
    bytes_init(&whole, 4 * FILE_BYTES);
    if (made_of(&plan, clip, &whole)) {
        view = bytes_view(&whole);
        again = bmff_source_slice(&view);
        why = (struct why){0};
        if (bmff_check(&again, &facts, &why) == SH_OK)
            rc = 1;
    }
    if (rc == 3)
        printf("WRONG %s\n", why.text);
    bytes_release(&whole);
    bmff_plan_release(&plan);
    return rc;
}

static void take(struct tally *tally, const struct clip *clip, size_t len, size_t at,
                 struct bmff_leaks *leaks)
{
    double before = now_ms();
    int rc = look(slice_of(clip->bytes, len), leaks);
    double took = now_ms() - before;

    tally->tried++;
    tally->planned += rc == 1;
    if (took > tally->worst_ms) {
        tally->worst_ms = took;
        tally->worst_at = at;
    }
    if (rc == 3 || took > LOOK_MS) {
        printf("%s at byte %zu: %s, %.0f ms\n", clip->path, at,
               rc == 3 ? "the second reader refuses the result" : "slow", took);
        tally->rc = 3;
    }
}

static void put(uint8_t *at, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

/* Is this byte in mdat, behind the first ones of it? */
static bool deep_in_mdat(const struct clip *clip, size_t at)
{
    static size_t from;
    static size_t to;
    size_t box = 0;

    if (at && at >= from && at < to)
        return true;
    while (box + 8 <= clip->len) {
        struct cursor cur = cursor_of(slice_of(clip->bytes + box, clip->len - box));
        size_t size = rd_u32(&cur);
        bool mdat = rd_u32(&cur) == 0x6d646174;

        if (size < 8 || size > clip->len - box)
            return false;
        if (mdat && at >= box + MDAT_BYTES && at < box + size) {
            from = at;
            to = box + size;
            return true;
        }
        box += size;
    }
    return false;
}

static void lengths(const struct clip *clip, size_t step, struct tally *tally,
                    struct bmff_leaks *leaks)
{
    static const unsigned widths[] = {4, 1, 2, 8};
    uint8_t kept[8];
    unsigned turn = 0;

    for (size_t at = 0; at + 8 <= clip->len; at += step) {
        unsigned width = widths[step == 1 ? 0 : turn++ % 4];
        uint64_t most = UINT64_MAX >> (64 - 8 * width);
        uint64_t values[] = {0, 1, most - 1, most};

        if (deep_in_mdat(clip, at))
            continue;
        memcpy(kept, clip->bytes + at, sizeof(kept));
        for (unsigned i = 0; i < 4; i++) {
            put(clip->bytes + at, width, values[i]);
            take(tally, clip, clip->len, at, leaks);
        }
        memcpy(clip->bytes + at, kept, sizeof(kept));
    }
}

static void prefixes(const struct clip *clip, size_t step, struct tally *tally,
                     struct bmff_leaks *leaks)
{
    for (size_t len = 0; len < clip->len; len += step)
        take(tally, clip, len, len, leaks);
}

static bool load(const char *path, struct clip *clip)
{
    FILE *file = fopen(path, "rb");

    clip->path = path;
    clip->len = file ? fread(clip->bytes, 1, FILE_BYTES, file) : 0;
    if (file && fclose(file) != 0)
        clip->len = 0;
    return clip->len > 0;
}

int main(int argc, char **argv)
{
    struct clip clip = {.bytes = malloc(FILE_BYTES)};
    struct bmff_leaks *leaks = malloc(sizeof(*leaks));
    struct tally tally = {0};
    long step = argc > 3 ? strtol(argv[2], NULL, 10) : 0;

    if (step < 1 || !clip.bytes || !leaks ||
        (strcmp(argv[1], "lengths") != 0 && strcmp(argv[1], "prefixes") != 0)) {
        fputs("Usage: rough lengths|prefixes STEP FILE...\n", stderr);
        tally.rc = 2;
        goto out;
    }
    for (int i = 3; i < argc; i++) {
        if (!load(argv[i], &clip)) {
            perror(argv[i]);
            tally.rc = 2;
        } else if (argv[1][0] == 'l') {
            lengths(&clip, (size_t)step, &tally, leaks);
        } else {
            prefixes(&clip, (size_t)step, &tally, leaks);
        }
    }
    printf("%lu tried, %lu planned, the longest %.1f ms at byte %zu\n", tally.tried,
           tally.planned, tally.worst_ms, tally.worst_at);
out:
    free(leaks);
    free(clip.bytes);
    return tally.rc;
}
