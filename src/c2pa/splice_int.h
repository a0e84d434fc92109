/* Private to the splice: what is cut and set right in a file that is copied. */
#ifndef C2PA_SPLICE_INT_H
#define C2PA_SPLICE_INT_H

#include "c2pa/write.h"

/* At offset `at` of the old file, `remove` bytes are left out and `insert` are put. */
struct splice_edit {
    uint64_t at, remove, insert;
    uint64_t inserted, removed; /* by those before it */
    uint32_t rows; /* of 32-bit places that are removed here and put again with 64 bits */
};

enum splice_kind {
    SPLICE_TABLE,    /* rows of numbers that are offsets in the file */
    SPLICE_ITEM,     /* one number, relative to `base`: an extent of iloc */
    SPLICE_DISTANCE, /* one number, a distance from `base` */
    SPLICE_SIZES,    /* rows of sidx: sizes of what follows each other from `base` on */
    SPLICE_ORIGINAL, /* the purpose of a box becomes "original" */
    SPLICE_GROWN,    /* the size of a box that ends at `base`, with what its tables grow */
    SPLICE_NAME      /* "stco", which becomes "co64" with 64 bits (14496-12 8.7.5) */
};

/* What the numbers are, for people. */
enum splice_what {
    SPLICE_OF_BOX,
    SPLICE_OF_CHUNKS,    /* stco, co64 */
    SPLICE_OF_AUX,       /* saio */
    SPLICE_OF_ITEMS,     /* iloc */
    SPLICE_OF_FRAGMENTS, /* tfra, tfhd */
    SPLICE_OF_PARTS      /* sidx */
};

/* Numbers in the old file, in ascending order of `at`. */
struct splice_patch {
    uint64_t at;
    uint64_t base; /* SPLICE_SIZES: moves on */
    uint32_t count;
    uint8_t stride; /* bytes from row to row */
    uint8_t width;  /* 4 or 8 */
    uint8_t kind;
    uint8_t what;
};

static inline uint32_t splice_edit_count(const struct c2pa_splice *splice)
{
    return (uint32_t)(splice->edits.len / sizeof(struct splice_edit));
}

static inline uint32_t splice_patch_count(const struct c2pa_splice *splice)
{
    return (uint32_t)(splice->patches.len / sizeof(struct splice_patch));
}

struct splice_edit *c2pa_splice_edit_at(const struct c2pa_splice *splice, uint32_t index);
struct splice_patch *c2pa_splice_patch_at(const struct c2pa_splice *splice, uint32_t index);
/* Where a byte of the old file lies in the new one. */
uint64_t c2pa_splice_map(const struct c2pa_splice *splice, uint64_t offset);

/* Fill edits, patches and what is known of the file (c2pa_splice_scan.c). */
MUST_CHECK int c2pa_splice_scan(struct c2pa_splice *splice, struct why *why);

#endif
