/* Paths and content of tiles: tlog-tiles, "Merkle Tree", "Partial Tiles", "Log entries". */
#include "tlog/tlog.h"

/* Decimal digits of value, at least width of them, at out; returns the end. */
static char *digits(char *out, uint64_t value, int width)
{
    char reversed[20];
    int count = 0;

    for (; value || count < width; value /= 10)
        reversed[count++] = (char)('0' + value % 10);
    while (count > 0)
        *out++ = reversed[--count];
    return out;
}

static char *text(char *out, const char *part)
{
    size_t len = strlen(part);

    memcpy(out, part, len);
    return out + len;
}

/* "x001/x234/067": groups of three digits, all but the last with an x. */
static char *number_groups(char *out, uint64_t number)
{
    unsigned group[7];
    size_t count = 0;

    do {
        group[count++] = (unsigned)(number % 1000);
        number /= 1000;
    } while (number);
    while (count-- > 0) {
        if (count)
            *out++ = 'x';
        out = digits(out, group[count], 3);
        if (count)
            *out++ = '/';
    }
    return out;
}

void tlog_number_path(uint64_t number, char *out)
{
    *number_groups(out, number) = '\0';
}

int tlog_tile_path(const struct tlog_tile *tile, char *out, struct why *why)
{
    if (tile->level > TLOG_LEVEL_MAX && tile->level != TLOG_LEVEL_ENTRIES)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "tile: level %u, expected 0 to 63 (tlog-tiles \"Merkle Tree\")",
                       tile->level);
    if (!tile->width || tile->width > TLOG_TILE_WIDTH)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "tile: width %u, expected 1 to 256 (tlog-tiles \"Merkle Tree\")",
                       tile->width);
    out = text(out, "tile/");
    if (tile->level == TLOG_LEVEL_ENTRIES)
        out = text(out, "entries");
    else
        out = digits(out, tile->level, 1);
    *out++ = '/';
    out = number_groups(out, tile->number);
    if (tile->width < TLOG_TILE_WIDTH)
        out = digits(text(out, ".p/"), tile->width, 1);
    *out = '\0';
    return SH_OK;
}

uint16_t tlog_partial_width(uint64_t size, uint8_t level)
{
    /* floor(size / 256^level) mod 256; from level 8 on nothing is left of 64 bits. */
    if (level >= 8)
        return 0;
    return (uint16_t)(size >> 8 * level & 0xff);
}

void tlog_entry_tile_add(struct bytes *tile, struct slice entry)
{
    if (entry.len > UINT16_MAX)
        bug("an entry has at most 65535 bytes (tlog-tiles \"Log entries\")");
    bytes_u16(tile, (uint16_t)entry.len);
    bytes_slice(tile, entry);
}

bool tlog_entry_tile_next(struct cursor *cur, struct slice *entry)
{
    struct slice found;
    uint16_t len;

    if (!rd_left(cur))
        return false;
    len = rd_u16(cur);
    found = rd_bytes(cur, len);
    if (cur->failed)
        return false;
    *entry = found;
    return true;
}
