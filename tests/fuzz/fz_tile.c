/*
 * Entry tiles: the entries of a tile that is read to its end make the same tile again.  The
 * first 11 bytes also choose a tile, whose path must be one of the grammar of tlog-tiles.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"

static void path_is_in_the_grammar(struct slice raw)
{
    struct cursor cur = cursor_of(raw);
    struct tlog_tile tile = {
        .level = rd_u8(&cur), .width = rd_u16(&cur), .number = rd_u64(&cur)};
    char path[TLOG_PATH_BYTES];

    if (tlog_tile_path(&tile, path, NULL)) {
        if (tile.width && tile.width <= TLOG_TILE_WIDTH && tile.level <= TLOG_LEVEL_MAX)
            abort();
        return;
    }
    if (strncmp(path, "tile/", 5) || strlen(path) >= LIMIT_PATH_BYTES)
        abort();
    for (const char *at = path; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789./-", *at))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw = slice_of(data, size), entry;
    struct cursor cur = cursor_of(raw);
    struct bytes again;
    uint8_t hash[TLOG_HASH_BYTES];

    path_is_in_the_grammar(raw);
    bytes_init(&again, size + 1);
    while (tlog_entry_tile_next(&cur, &entry)) {
        tlog_leaf_hash(entry, hash);
        tlog_entry_tile_add(&again, entry);
    }
    if (!cur.failed && !slice_equal(bytes_view(&again), raw))
        abort();
    bytes_release(&again);
    return 0;
}
