/* The right edge of the tree: what an append needs to know, and what changes by it. */
#include <string.h>

#include "channel/channel_int.h"

void channel_edge_init(struct channel_edge *edge)
{
    edge->size = 0;
    memset(edge->width, 0, sizeof(edge->width));
    memset(edge->changed, 0, sizeof(edge->changed));
    bytes_init(&edge->entries, CHANNEL_ENTRY_TILE_BYTES);
}

void channel_edge_release(struct channel_edge *edge)
{
    bytes_release(&edge->entries);
}

static int emit_level(const struct channel_edge *edge, uint8_t level,
                      const struct channel_emit *emit, struct why *why)
{
    uint16_t width = edge->width[level];
    struct tlog_tile tile = {level, (edge->size >> (8 * level)) / TLOG_TILE_WIDTH, width};
    int rc;

    /* A tile that is full now ends where the next one begins. */
    if (width == TLOG_TILE_WIDTH)
        tile.number--;
    if (level == 0) {
        tile.level = TLOG_LEVEL_ENTRIES;
        rc = emit->tile(emit->ctx, &tile, bytes_view(&edge->entries), why);
        if (rc != SH_OK)
            return rc;
        tile.level = 0;
    }
    return emit->tile(emit->ctx, &tile,
                      slice_of(edge->hash[level], (size_t)width * TLOG_HASH_BYTES), why);
}

int channel_edge_push(struct channel_edge *edge, struct slice line,
                      const struct channel_emit *emit, struct why *why)
{
    uint8_t hash[TLOG_HASH_BYTES];
    int rc = SH_OK;

    tlog_leaf_hash(line, hash);
    tlog_entry_tile_add(&edge->entries, line);
    rc = bytes_check(&edge->entries, why);
    edge->size++;
    for (uint8_t level = 0; level < CHANNEL_LEVELS && rc == SH_OK; level++) {
        memcpy(edge->hash[level][edge->width[level]], hash, sizeof(hash));
        edge->width[level]++;
        edge->changed[level] = true;
        if (edge->width[level] < TLOG_TILE_WIDTH)
            break;
        if (emit)
            rc = emit_level(edge, level, emit, why);
        tlog_subtree_root(edge->hash[level][0], TLOG_TILE_WIDTH, hash);
        edge->width[level] = 0;
        edge->changed[level] = false;
        if (level == 0)
            bytes_clear(&edge->entries);
    }
    return rc;
}

int channel_edge_emit(struct channel_edge *edge, const struct channel_emit *emit,
                      struct why *why)
{
    int rc = SH_OK;

    for (uint8_t level = 0; level < CHANNEL_LEVELS && rc == SH_OK; level++) {
        if (edge->changed[level] && edge->width[level])
            rc = emit_level(edge, level, emit, why);
        edge->changed[level] = false;
    }
    return rc;
}

void channel_edge_range(const struct channel_edge *edge, struct tlog_range *range)
{
    size_t count = 0, at;

    tlog_range_init(range);
    range->size = edge->size;
    for (size_t level = CHANNEL_LEVELS; level-- > 0;) {
        at = 0;
        for (size_t part = TLOG_TILE_WIDTH / 2; part > 0; part /= 2) {
            if (!(edge->width[level] & part))
                continue;
            tlog_subtree_root(edge->hash[level][at], part, range->hash[count++]);
            at += part;
        }
    }
}

static int load_level(struct channel_edge *edge, int public_dir, uint8_t level, struct why *why)
{
    struct tlog_tile tile = {level, edge->size >> (8 * level) >> 8, edge->width[level]};
    size_t want = (size_t)tile.width * TLOG_HASH_BYTES;
    char path[TLOG_PATH_BYTES];
    struct bytes data;
    int rc = tlog_tile_path(&tile, path, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&data, sizeof(edge->hash[level]));
    rc = io_read(public_dir, path, &data, why);
    if (rc == SH_OK && data.len != want)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "public/%s: %zu bytes, expected %zu", path,
                     data.len, want);
    if (rc == SH_OK)
        memcpy(edge->hash[level], data.ptr, want);
    bytes_release(&data);
    return rc;
}

/* The entries of the last tile must be what the hashes of level 0 say. */
static int load_entries(struct channel_edge *edge, int public_dir, struct why *why)
{
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, edge->size >> 8, edge->width[0]};
    char path[TLOG_PATH_BYTES];
    uint8_t hash[TLOG_HASH_BYTES];
    struct cursor cur;
    struct slice line;
    uint16_t count = 0;
    int rc = tlog_tile_path(&tile, path, why);

    if (rc == SH_OK)
        rc = io_read(public_dir, path, &edge->entries, why);
    if (rc != SH_OK)
        return rc;
    cur = cursor_of(bytes_view(&edge->entries));
    while (tlog_entry_tile_next(&cur, &line)) {
        tlog_leaf_hash(line, hash);
        if (count == tile.width || memcmp(hash, edge->hash[0][count], sizeof(hash)) != 0)
            break;
        count++;
    }
    if (count != tile.width || cur.failed || rd_left(&cur) > 0)
        return why_set(why, SH_ECONFLICT, cur.at,
                       "public/%s: its entries are not those that the tree holds", path);
    return SH_OK;
}

int channel_edge_load(struct channel_edge *edge, int public_dir, uint64_t size,
                      const uint8_t root[TLOG_HASH_BYTES], struct why *why)
{
    struct tlog_range range;
    uint8_t found[TLOG_HASH_BYTES];
    int rc = SH_OK;

    edge->size = size;
    memset(edge->changed, 0, sizeof(edge->changed));
    bytes_clear(&edge->entries);
    for (uint8_t level = 0; level < CHANNEL_LEVELS && rc == SH_OK; level++) {
        edge->width[level] = tlog_partial_width(size, level);
        if (edge->width[level])
            rc = load_level(edge, public_dir, level, why);
    }
    if (rc == SH_OK && edge->width[0])
        rc = load_entries(edge, public_dir, why);
    if (rc != SH_OK)
        return rc;
    channel_edge_range(edge, &range);
    tlog_range_root(&range, found);
    if (memcmp(found, root, sizeof(found)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "public/tile: the last tiles do not give the root of size %ju",
                       (uintmax_t)size);
    return SH_OK;
}
