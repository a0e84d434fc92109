/* What entries say of earlier ones: withdrawals and openings, sorted for lookups. */
#include "verify/verify_int.h"

#include <string.h>

/* Items of a list begin with two numbers, index and by, which give their order. */
struct pair {
    uint64_t index, by;
};

static struct pair pair_at(const uint8_t *list, size_t at, size_t size)
{
    struct pair pair;

    memcpy(&pair, list + at * size, sizeof(pair));
    return pair;
}

static bool pair_before(struct pair a, struct pair b)
{
    return a.index < b.index || (a.index == b.index && a.by < b.by);
}

static void swap_items(uint8_t *list, size_t a, size_t b, size_t size)
{
    uint8_t held[sizeof(struct verify_opening)];

    memcpy(held, list + a * size, size);
    memcpy(list + a * size, list + b * size, size);
    memcpy(list + b * size, held, size);
}

static void sift_down(uint8_t *list, size_t at, size_t count, size_t size)
{
    size_t child;

    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count &&
            pair_before(pair_at(list, child, size), pair_at(list, child + 1, size)))
            child++;
        if (!pair_before(pair_at(list, at, size), pair_at(list, child, size)))
            break;
        swap_items(list, at, child, size);
        at = child;
    }
}

/* Heap sort: no memory, no bad case. */
static void sort_list(struct bytes *list, size_t size)
{
    size_t count = list->len / size;

    for (size_t i = count / 2; i-- > 0;)
        sift_down(list->ptr, i, count, size);
    for (size_t end = count; end-- > 1;) {
        swap_items(list->ptr, 0, end, size);
        sift_down(list->ptr, 0, end, size);
    }
}

/* The place of the first item that is not before (index, by). */
static size_t lower_bound(const struct bytes *list, size_t size, uint64_t index, uint64_t by)
{
    const struct pair wanted = {index, by};
    size_t low = 0, high = list->len / size, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (pair_before(pair_at(list->ptr, middle, size), wanted))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void verify_refs_sort(struct verify_walk *walk)
{
    sort_list(&walk->withdrawals, sizeof(struct verify_withdrawal));
    sort_list(&walk->openings, sizeof(struct verify_opening));
}

uint64_t verify_withdrawn_by(const struct verify_walk *walk, uint64_t index)
{
    size_t size = sizeof(struct verify_withdrawal);
    size_t at = lower_bound(&walk->withdrawals, size, index, 0);
    struct pair found;

    if (at * size >= walk->withdrawals.len)
        return ENTRY_NO_REF;
    found = pair_at(walk->withdrawals.ptr, at, size);
    return found.index == index ? found.by : ENTRY_NO_REF;
}

void verify_opening_fill(struct verify_walk *walk, uint64_t index, const uint8_t hash[32])
{
    struct verify_opening *list = (struct verify_opening *)(void *)walk->openings.ptr;
    size_t count = walk->openings.len / sizeof(*list);

    for (size_t at = lower_bound(&walk->openings, sizeof(*list), index, 0);
         at < count && list[at].index == index; at++)
        memcpy(list[at].hash, hash, TLOG_HASH_BYTES);
}

const uint8_t *verify_opening_hash(const struct verify_walk *walk, uint64_t index, uint64_t by)
{
    const struct verify_opening *list =
        (const struct verify_opening *)(void *)walk->openings.ptr;
    size_t at = lower_bound(&walk->openings, sizeof(*list), index, by);

    if (at >= walk->openings.len / sizeof(*list) || list[at].index != index ||
        list[at].by != by)
        return NULL;
    return list[at].hash;
}

enum entry_type verify_type(const struct verify_walk *walk, uint64_t index)
{
    return (enum entry_type)(walk->kinds.ptr[index] & VERIFY_TYPE);
}
