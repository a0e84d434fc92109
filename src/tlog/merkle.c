/* Hashing of the Merkle tree: RFC 6962 section 2.1 with SHA-256. */
#include "tlog/tlog.h"

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

/* Entries are short lines: one call over a copy is a third faster than two updates. */
#define SHORT_ENTRY_BYTES 512

void tlog_leaf_hash(struct slice entry, uint8_t out[TLOG_HASH_BYTES])
{
    static const uint8_t prefix[1] = {LEAF_PREFIX};
    uint8_t block[1 + SHORT_ENTRY_BYTES];
    struct crypt_sha256 ctx;

    if (entry.len <= SHORT_ENTRY_BYTES) {
        block[0] = LEAF_PREFIX;
        if (entry.len)
            memcpy(block + 1, entry.ptr, entry.len);
        crypto.sha256(slice_of(block, 1 + entry.len), out);
        return;
    }
    crypto.sha256_init(&ctx);
    crypto.sha256_update(&ctx, slice_of(prefix, sizeof prefix));
    crypto.sha256_update(&ctx, entry);
    crypto.sha256_final(&ctx, out);
}

void tlog_node_hash(const uint8_t left[TLOG_HASH_BYTES], const uint8_t right[TLOG_HASH_BYTES],
                    uint8_t out[TLOG_HASH_BYTES])
{
    uint8_t block[1 + 2 * TLOG_HASH_BYTES];

    block[0] = NODE_PREFIX;
    memcpy(block + 1, left, TLOG_HASH_BYTES);
    memcpy(block + 1 + TLOG_HASH_BYTES, right, TLOG_HASH_BYTES);
    crypto.sha256(slice_of(block, sizeof block), out);
}

/* ---- the compact range ---- */

static size_t bits_set(uint64_t value)
{
    size_t count = 0;

    for (; value; value &= value - 1)
        count++;
    return count;
}

void tlog_range_init(struct tlog_range *range)
{
    memset(range, 0, sizeof *range);
}

void tlog_range_append(struct tlog_range *range, const uint8_t leaf[TLOG_HASH_BYTES])
{
    size_t count = bits_set(range->size);

    if (range->size >= LIMIT_LOG_SIZE)
        bug("a log grew past LIMIT_LOG_SIZE");
    memcpy(range->hash[count], leaf, TLOG_HASH_BYTES);
    /* Two subtrees of one size become one, as a carry runs through the ones of size. */
    for (uint64_t left = range->size; left & 1; left >>= 1, count--)
        tlog_node_hash(range->hash[count - 1], range->hash[count], range->hash[count - 1]);
    range->size++;
}

void tlog_range_root(const struct tlog_range *range, uint8_t root[TLOG_HASH_BYTES])
{
    size_t count = bits_set(range->size);

    if (!count) {
        crypto.sha256(slice_of(NULL, 0), root);
        return;
    }
    memcpy(root, range->hash[--count], TLOG_HASH_BYTES);
    while (count-- > 0)
        tlog_node_hash(range->hash[count], root, root);
}

void tlog_subtree_root(const uint8_t *hashes, size_t count, uint8_t root[TLOG_HASH_BYTES])
{
    uint8_t row[TLOG_TILE_WIDTH][TLOG_HASH_BYTES];

    if (!count || count > TLOG_TILE_WIDTH)
        bug("a subtree of a tile has 1 to 256 hashes");
    memcpy(row, hashes, count * TLOG_HASH_BYTES);
    /* Row by row; an odd one at the right moves up as it is, which is RFC 6962's shape. */
    for (; count > 1; count = (count + 1) / 2) {
        for (size_t i = 0; i + 1 < count; i += 2)
            tlog_node_hash(row[i], row[i + 1], row[i / 2]);
        if (count % 2)
            memcpy(row[count / 2], row[count - 1], TLOG_HASH_BYTES);
    }
    memcpy(root, row[0], TLOG_HASH_BYTES);
}
