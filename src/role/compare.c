/* Two trees whose logs hold: how far are they the same? */
#include "role/role.h"

#include <stdlib.h>
#include <string.h>

#include "cage/cage.h"
#include "proc/proc.h"
#include "role/role_int.h"

#define TILE_BYTES (TLOG_TILE_WIDTH * (size_t)(2 + LIMIT_ENTRY_BYTES))

struct pair {
    const int *dirs;
    const struct verify_report *const *reports;
};

static int enter(const struct proc_side *side, const int dirs[2], struct why *why)
{
    const int keep[] = {side->fd, dirs[0], dirs[1]};
    const struct cage_path paths[] = {{dirs[0], CAGE_READ}, {dirs[1], CAGE_READ}};
    const struct cage_rules rules = {.profile = CAGE_LOOK,
                                     .keep = keep,
                                     .keep_count = COUNT_OF(keep),
                                     .paths = paths,
                                     .path_count = COUNT_OF(paths)};

    return cage_enter(&rules, NULL, why);
}

static int read_tile(int dir, uint64_t size, uint64_t number, struct bytes *out,
                     struct why *why)
{
    uint64_t first = number * TLOG_TILE_WIDTH;
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, TLOG_TILE_WIDTH};
    char path[TLOG_PATH_BYTES];
    int rc;

    if (size - first < TLOG_TILE_WIDTH)
        tile.width = (uint16_t)(size - first);
    rc = tlog_tile_path(&tile, path, why);
    if (rc == SH_OK)
        rc = role_file_read(dir, path, out, NULL);
    tile.width = TLOG_TILE_WIDTH;
    if (rc == SH_ENOTFOUND && tlog_tile_path(&tile, path, why) == SH_OK)
        rc = role_file_read(dir, path, out, NULL);
    return rc == SH_OK ? SH_OK
                       : why_set(why, (enum sh_err)rc, WHY_NOWHERE, "%s: cannot be read", path);
}

static int compare_entries(const struct pair *pair, struct bytes raw[2], uint64_t *same,
                           struct why *why)
{
    uint64_t a = pair->reports[0]->size, b = pair->reports[1]->size, most = a < b ? a : b;
    struct slice entry[2];
    struct cursor cur[2];
    int rc = SH_OK;

    for (*same = 0; *same < most; ++*same) {
        if (*same % TLOG_TILE_WIDTH == 0) {
            rc = read_tile(pair->dirs[0], a, *same / TLOG_TILE_WIDTH, &raw[0], why);
            if (rc == SH_OK)
                rc = read_tile(pair->dirs[1], b, *same / TLOG_TILE_WIDTH, &raw[1], why);
            if (rc < 0)
                return rc;
            cur[0] = cursor_of(bytes_view(&raw[0]));
            cur[1] = cursor_of(bytes_view(&raw[1]));
        }
        if (!tlog_entry_tile_next(&cur[0], &entry[0]) ||
            !tlog_entry_tile_next(&cur[1], &entry[1]))
            return why_set(why, SH_EFORMAT, WHY_NOWHERE, "an entry tile changed meanwhile");
        if (!slice_equal(entry[0], entry[1]))
            break;
    }
    return rc;
}

/* Notes are the same when their texts are: of k signatures another choice may stand there. */
static int compare_notes(const struct pair *pair, struct bytes raw[2], uint64_t *same,
                         struct why *why)
{
    uint64_t a = pair->reports[0]->identity_notes, b = pair->reports[1]->identity_notes;
    char path[TREE_PATH_BYTES];
    struct tlog_note note[2];
    int rc = SH_OK;

    for (*same = 0; *same < (a < b ? a : b); ++*same) {
        tree_identity_path(*same, path);
        for (size_t i = 0; i < 2 && rc == SH_OK; i++) {
            rc = role_file_read(pair->dirs[i], path, &raw[i], why);
            if (rc == SH_OK)
                rc = tlog_note_parse(bytes_view(&raw[i]), &note[i], why);
        }
        if (rc < 0 || !slice_equal(note[0].text, note[1].text))
            break;
    }
    return rc;
}

static int compare(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct pair *pair = ctx;
    struct role_likeness likeness = {0};
    struct bytes raw[2], out;
    int rc = enter(side, pair->dirs, why);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < 2; i++)
        bytes_init(&raw[i], TILE_BYTES > LIMIT_NOTE_BYTES ? TILE_BYTES : LIMIT_NOTE_BYTES);
    rc = compare_notes(pair, raw, &likeness.notes, why);
    if (rc == SH_OK)
        rc = compare_entries(pair, raw, &likeness.entries, why);
    bytes_init(&out, 16);
    bytes_u64(&out, likeness.entries);
    bytes_u64(&out, likeness.notes);
    if (rc == SH_OK)
        proc_report(side, bytes_view(&out));
    bytes_release(&out);
    for (size_t i = 0; i < 2; i++)
        bytes_release(&raw[i]);
    return rc;
}

int role_compare(const int dirs[2], const struct verify_report *const reports[2],
                 struct role_likeness *out, struct why *why)
{
    struct pair ctx = {dirs, reports};
    const struct proc_task task = {.name = "the comparer", .run = compare, .ctx = &ctx};
    struct cursor cur;
    struct bytes raw;
    int rc;

    bytes_init(&raw, 16);
    rc = proc_run(&task, &raw, why);
    cur = cursor_of(bytes_view(&raw));
    out->entries = rd_u64(&cur);
    out->notes = rd_u64(&cur);
    bytes_release(&raw);
    if (rc == SH_OK && cur.failed)
        rc = why_set(why, SH_EFORMAT, 0, "the comparer's report cannot be read");
    return rc;
}

/* ---- whose tree is it? ---- */

static int find_channel(void *ctx, const struct proc_side *side, struct why *why)
{
    const int *dir = ctx;
    const int same[2] = {*dir, *dir};
    struct identity identity;
    struct arena arena;
    struct bytes raw;
    int rc = enter(side, same, why);

    if (rc < 0)
        return rc;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = role_file_read(*dir, "id/0.note", &raw, why);
    if (rc == SH_OK)
        rc = identity_accept(bytes_view(&raw), NULL, &arena, &identity, why);
    if (rc == SH_OK)
        proc_report(side, slice_text(identity.channel.text));
    arena_release(&arena);
    bytes_release(&raw);
    return rc;
}

int role_channel_of(int dir, struct channel_id *id, struct why *why)
{
    const struct proc_task task = {.name = "the reader", .run = find_channel, .ctx = &dir};
    struct bytes raw;
    int rc;

    bytes_init(&raw, CHANNEL_ID_CHARS);
    rc = proc_run(&task, &raw, why);
    if (rc == SH_OK && !channel_id_parse(bytes_view(&raw), id))
        rc = why_set(why, SH_EFORMAT, 0, "the reader's report cannot be read");
    bytes_release(&raw);
    return rc;
}
