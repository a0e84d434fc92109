/* Proofs of inclusion and consistency: RFC 6962 2.1.1, 2.1.2, checked as in RFC 9162 2.1. */
#include "tlog/tlog.h"

/* Base64 of 32 bytes, padded. */
#define HASH_CHARS 44

/* ---- checking ---- */

static int odd_length(uint64_t size, const struct tlog_proof *proof, struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "proof: %zu hashes do not fit a tree of %llu entries (RFC 6962 2.1)",
                   proof->count, (unsigned long long)size);
}

/* ABI: the five things that RFC 6962 2.1.1 names. */
int tlog_inclusion_check(const struct tlog_proof *proof, const uint8_t leaf[TLOG_HASH_BYTES],
                         uint64_t index, uint64_t size, const uint8_t root[TLOG_HASH_BYTES],
                         struct why *why)
{
    uint8_t at[TLOG_HASH_BYTES];
    uint64_t node = index, last;

    if (index >= size)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "proof: entry %llu is not among %llu entries (RFC 6962 2.1.1)",
                       (unsigned long long)index, (unsigned long long)size);
    last = size - 1;
    memcpy(at, leaf, sizeof at);
    for (size_t i = 0; i < proof->count; i++) {
        if (!last)
            return odd_length(size, proof, why);
        if (node & 1 || node == last) {
            tlog_node_hash(proof->hash[i], at, at);
            /* A node at the right edge without a neighbour moves up as it is. */
            for (; !(node & 1) && node; node >>= 1)
                last >>= 1;
        } else {
            tlog_node_hash(at, proof->hash[i], at);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last)
        return odd_length(size, proof, why);
    if (memcmp(at, root, sizeof at) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "proof: it leads from entry %llu to another root than the checkpoint's "
                       "(RFC 6962 2.1.1)",
                       (unsigned long long)index);
    return SH_OK;
}

/* The parts of a consistency check that need no hashing; *done when they settle it. */
static int consistency_edges(const struct tlog_proof *proof, const struct tlog_head *older,
                             const struct tlog_head *newer, bool *done, struct why *why)
{
    *done = true;
    if (older->size > newer->size)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "proof: the older tree has %llu entries, the newer %llu (RFC 6962 "
                       "2.1.2)",
                       (unsigned long long)older->size, (unsigned long long)newer->size);
    if (!older->size || older->size == newer->size) {
        if (proof->count)
            return odd_length(newer->size, proof, why);
        if (older->size == newer->size &&
            memcmp(older->root, newer->root, TLOG_HASH_BYTES) != 0)
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "proof: two roots for one size, %llu (RFC 6962 2.1.2)",
                           (unsigned long long)older->size);
        return SH_OK;
    }
    if (!proof->count)
        return odd_length(newer->size, proof, why);
    *done = false;
    return SH_OK;
}

int tlog_consistency_check(const struct tlog_proof *proof, const struct tlog_head *older,
                           const struct tlog_head *newer, struct why *why)
{
    uint8_t from[TLOG_HASH_BYTES], to[TLOG_HASH_BYTES];
    uint64_t node, last;
    size_t i = 0;
    bool done;
    int rc = consistency_edges(proof, older, newer, &done, why);

    if (rc || done)
        return rc;
    node = older->size - 1;
    last = newer->size - 1;
    for (; node & 1; node >>= 1)
        last >>= 1;
    /* An older tree that is one perfect subtree is its own first hash. */
    memcpy(from, node ? proof->hash[i++] : older->root, sizeof from);
    memcpy(to, from, sizeof to);
    for (; i < proof->count; i++) {
        if (!last)
            return odd_length(newer->size, proof, why);
        if (node & 1 || node == last) {
            tlog_node_hash(proof->hash[i], from, from);
            tlog_node_hash(proof->hash[i], to, to);
            for (; !(node & 1) && node; node >>= 1)
                last >>= 1;
        } else {
            tlog_node_hash(to, proof->hash[i], to);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last)
        return odd_length(newer->size, proof, why);
    if (memcmp(from, older->root, sizeof from) != 0 || memcmp(to, newer->root, sizeof to) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "proof: the tree of %llu entries is not the beginning of that of %llu "
                       "(RFC 6962 2.1.2)",
                       (unsigned long long)older->size, (unsigned long long)newer->size);
    return SH_OK;
}

/* ---- lines ---- */

static bool hash_parse(struct slice line, uint8_t hash[TLOG_HASH_BYTES])
{
    /* Over local memory: cap and max are equal, so that it never grows. */
    uint8_t room[TLOG_HASH_BYTES + 1];
    struct bytes raw = {.ptr = room, .cap = sizeof room, .max = sizeof room};

    if (line.len != HASH_CHARS || !base64_parse(&raw, line, BASE64_PADDED) ||
        raw.len != TLOG_HASH_BYTES)
        return false;
    memcpy(hash, room, TLOG_HASH_BYTES);
    return true;
}

int tlog_proof_lines_parse(struct slice lines, struct tlog_proof *proof, struct why *why)
{
    struct cursor cur = cursor_of(lines);

    for (proof->count = 0; rd_left(&cur); proof->count++) {
        size_t at = cur.at;
        struct slice line = rd_line(&cur);

        if (proof->count == TLOG_PROOF_HASHES)
            return why_set(why, SH_ELIMIT, at, "proof: more than %d hashes (tlog-witness)",
                           TLOG_PROOF_HASHES);
        if (cur.failed || !hash_parse(line, proof->hash[proof->count]))
            return why_set(why, SH_EFORMAT, at,
                           "proof: line %zu of the hashes is no base64 of 32 bytes with a "
                           "newline",
                           proof->count + 1);
    }
    return SH_OK;
}

void tlog_proof_lines_build(struct bytes *out, const struct tlog_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        base64_build(out, slice_of(proof->hash[i], TLOG_HASH_BYTES), BASE64_PADDED);
        bytes_text(out, "\n");
    }
}

/* ---- reading tiles ---- */

void tlog_tree_init(struct tlog_tree *tree, uint64_t size,
                    int (*read)(void *, const struct tlog_tile *, uint8_t *, struct why *),
                    void *context)
{
    if (size > LIMIT_LOG_SIZE)
        bug("a tree is larger than LIMIT_LOG_SIZE");
    tree->size = size;
    tree->read = read;
    tree->context = context;
    tree->next = 0;
    for (size_t i = 0; i < COUNT_OF(tree->kept); i++)
        tree->kept[i].filled = false;
}

/* The tile of that level and number, read or kept. */
static int tile_get(struct tlog_tree *tree, uint8_t level, uint64_t number,
                    const struct tlog_kept **out, struct why *why)
{
    uint64_t have = tree->size >> 8 * level; /* hashes of that level; level <= 5 */
    uint64_t left = have - number * TLOG_TILE_WIDTH;
    struct tlog_kept *kept;
    int rc;

    for (size_t i = 0; i < COUNT_OF(tree->kept); i++) {
        kept = &tree->kept[i];
        if (kept->filled && kept->tile.level == level && kept->tile.number == number) {
            *out = kept;
            return SH_OK;
        }
    }
    kept = &tree->kept[tree->next];
    tree->next = (tree->next + 1) % COUNT_OF(tree->kept);
    kept->filled = false;
    kept->tile = (struct tlog_tile){
        .level = level,
        .number = number,
        .width = left < TLOG_TILE_WIDTH ? (uint16_t)left : TLOG_TILE_WIDTH,
    };
    rc = tree->read(tree->context, &kept->tile, kept->hash[0], why);
    if (rc)
        return rc;
    kept->filled = true;
    *out = kept;
    return SH_OK;
}

/* The perfect subtree of 2^height entries that begins at entry `first`, a multiple of that. */
static int perfect_hash(struct tlog_tree *tree, uint64_t first, unsigned height,
                        uint8_t hash[TLOG_HASH_BYTES], struct why *why)
{
    uint8_t level = (uint8_t)(height / 8);
    uint64_t slot = first >> 8 * level;
    const struct tlog_kept *kept;
    int rc = tile_get(tree, level, slot / TLOG_TILE_WIDTH, &kept, why);

    if (!rc)
        tlog_subtree_root(kept->hash[slot % TLOG_TILE_WIDTH], (size_t)1 << height % 8, hash);
    return rc;
}

/* Exponent of the largest power of two that is not above value, which is not 0. */
static unsigned top_bit(uint64_t value)
{
    unsigned bit = 0;

    while (value >>= 1)
        bit++;
    return bit;
}

/* RFC 6962's MTH of entries [first, first + count), which begin on a border of that size. */
static int subtree_hash(struct tlog_tree *tree, uint64_t first, uint64_t count,
                        uint8_t hash[TLOG_HASH_BYTES], struct why *why)
{
    uint8_t part[64][TLOG_HASH_BYTES];
    size_t parts = 0;

    for (uint64_t done = 0; done < count;) {
        unsigned height = top_bit(count - done);
        int rc = perfect_hash(tree, first + done, height, part[parts++], why);

        if (rc)
            return rc;
        done += UINT64_C(1) << height;
    }
    if (!parts)
        bug("a subtree has entries");
    memcpy(hash, part[--parts], TLOG_HASH_BYTES);
    while (parts-- > 0)
        tlog_node_hash(part[parts], hash, hash);
    return SH_OK;
}

/* ---- building ---- */

int tlog_tree_leaf(struct tlog_tree *tree, uint64_t index, uint8_t leaf[TLOG_HASH_BYTES],
                   struct why *why)
{
    if (index >= tree->size)
        return why_set(why, SH_EARG, WHY_NOWHERE, "proof: entry %llu is not among %llu entries",
                       (unsigned long long)index, (unsigned long long)tree->size);
    return perfect_hash(tree, index, 0, leaf, why);
}

int tlog_tree_root(struct tlog_tree *tree, uint64_t size, uint8_t root[TLOG_HASH_BYTES],
                   struct why *why)
{
    if (size > tree->size)
        return why_set(why, SH_EARG, WHY_NOWHERE, "proof: a root of %llu entries, of %llu",
                       (unsigned long long)size, (unsigned long long)tree->size);
    if (size)
        return subtree_hash(tree, 0, size, root, why);
    crypto.sha256(slice_of(NULL, 0), root);
    return SH_OK;
}

/* Hashes are gathered from the root down and stand in a proof from the leaf up. */
static void turn_round(struct tlog_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        uint8_t *low = proof->hash[i], *high = proof->hash[proof->count - 1 - i];
        uint8_t between[TLOG_HASH_BYTES];

        memcpy(between, low, sizeof between);
        memcpy(low, high, sizeof between);
        memcpy(high, between, sizeof between);
    }
}

int tlog_inclusion_build(struct tlog_tree *tree, uint64_t index, struct tlog_proof *proof,
                         struct why *why)
{
    uint64_t first = 0, count = tree->size;
    int rc = SH_OK;

    proof->count = 0;
    if (index >= tree->size)
        return why_set(why, SH_EARG, WHY_NOWHERE, "proof: entry %llu is not among %llu entries",
                       (unsigned long long)index, (unsigned long long)tree->size);
    while (!rc && count > 1) {
        uint64_t left = UINT64_C(1) << top_bit(count - 1);
        uint8_t *hash = proof->hash[proof->count++];

        if (index < first + left) {
            rc = subtree_hash(tree, first + left, count - left, hash, why);
            count = left;
        } else {
            rc = subtree_hash(tree, first, left, hash, why);
            first += left;
            count -= left;
        }
    }
    turn_round(proof);
    return rc;
}

int tlog_consistency_build(struct tlog_tree *tree, uint64_t older, struct tlog_proof *proof,
                           struct why *why)
{
    uint64_t first = 0, count = tree->size;
    int rc = SH_OK;

    proof->count = 0;
    if (older > tree->size)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "proof: from %llu entries to %llu, which are fewer",
                       (unsigned long long)older, (unsigned long long)tree->size);
    if (!older)
        return SH_OK;
    /* SUBPROOF of RFC 6962 2.1.2: older is counted from `first` on. */
    while (!rc && older < count) {
        uint64_t left = UINT64_C(1) << top_bit(count - 1);
        uint8_t *hash = proof->hash[proof->count++];

        if (older <= left) {
            rc = subtree_hash(tree, first + left, count - left, hash, why);
            count = left;
        } else {
            rc = subtree_hash(tree, first, left, hash, why);
            first += left;
            count -= left;
            older -= left;
        }
    }
    if (!rc && first)
        rc = subtree_hash(tree, first, count, proof->hash[proof->count++], why);
    turn_round(proof);
    return rc;
}
