/*
 * Traces of a newer state in a copy: files that only a later change of keys, or a later entry,
 * can have left.  Whoever signs the next identity note from a copy that is not the newest makes
 * a second one of the same number, and readers see two channels.
 */
#include <stdio.h>
#include <string.h>

#include "channel/channel_int.h"

struct trace {
    const struct channel_copy *copy;
    char *out; /* TREE_PATH_BYTES */
};

static void found(struct trace *trace, const char *path)
{
    if (!*trace->out)
        (void)snprintf(trace->out, TREE_PATH_BYTES, "%s", path);
}

static bool is_listed(const struct identity *identity, struct slice id)
{
    for (size_t i = 0; i < identity->key_count; i++)
        if (slice_equal(slice_text(identity->keys[i].id), id))
            return true;
    return false;
}

/* each->name: of id/ */
static int look_at_name(void *ctx, int dir, const char *name, struct why *why)
{
    static const char pem[] = "c2pa-ca-";
    struct trace *trace = ctx;
    struct slice text = slice_text(name);
    char path[TREE_PATH_BYTES];
    uint64_t number;

    (void)dir;
    (void)why;
    if (text.len > TREE_PATH_BYTES - 8)
        return SH_OK;
    (void)snprintf(path, sizeof(path), "id/%.60s", name);
    if (text.len > 5 && strcmp(name + text.len - 5, ".note") == 0 &&
        decimal_parse(slice_sub(text, 0, text.len - 5), LIMIT_IDENTITY_NOTES, &number) &&
        number >= trace->copy->chain.count)
        found(trace, path);
    if (slice_starts(text, pem) && text.len == sizeof(pem) - 1 + KEY_ID_CHARS + 4 &&
        !is_listed(identity_chain_newest(&trace->copy->chain),
                   slice_sub(text, sizeof(pem) - 1, KEY_ID_CHARS)))
        found(trace, path);
    return SH_OK;
}

/* id/current is written last: it may be behind the chain, never beyond it. */
static void look_at_current(struct trace *trace)
{
    struct identity identity;
    struct tlog_note note;
    struct arena arena;
    struct bytes raw;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    if (io_read(trace->copy->dir, "id/current", &raw, NULL) == SH_OK &&
        tlog_note_parse(bytes_view(&raw), &note, NULL) == SH_OK &&
        identity_parse(note.text, &arena, &identity, NULL) == SH_OK &&
        identity.number >= trace->copy->chain.count)
        found(trace, "id/current");
    arena_release(&arena);
    bytes_release(&raw);
}

/* Entry tiles beyond the checkpoint: they are written before it. */
static void look_at_tiles(struct trace *trace)
{
    uint64_t size = trace->copy->size;
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, size / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH};
    char path[TLOG_PATH_BYTES];

    for (uint64_t width = size % TLOG_TILE_WIDTH + 1; width <= TLOG_TILE_WIDTH; width++) {
        tile.width = (uint16_t)width;
        if (tlog_tile_path(&tile, path, NULL) == SH_OK && io_exists(trace->copy->dir, path))
            found(trace, path);
    }
}

int channel_copy_newer(const struct channel_copy *copy, char out[TREE_PATH_BYTES],
                       struct why *why)
{
    struct trace trace = {copy, out};
    struct channel_names each = {look_at_name, &trace};
    int rc;

    *out = '\0';
    look_at_current(&trace);
    rc = channel_names(copy->dir, "id", &each, why);
    look_at_tiles(&trace);
    return rc;
}
