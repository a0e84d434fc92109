/* The order of a verification: who, what was signed, the log, what the log commits to. */
#include "verify/verify.h"

#include <string.h>

#include "verify/verify_int.h"

/* The longest file that is read whole: an entry tile. */
#define FILE_BYTES (TLOG_TILE_WIDTH * (size_t)(2 + LIMIT_ENTRY_BYTES))

/* A maximum in bytes, cut to what this machine can address: in a browser that is 32 bits. */
static size_t room_for(uint64_t bytes)
{
    return bytes > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)bytes;
}

static int walk_tree(struct verify_walk *walk, const struct channel_id *expected,
                     struct arena *arena)
{
    enum verify_next next = VERIFY_STOP;
    int rc = verify_chain(walk, arena, &next);

    if (rc < 0 || next == VERIFY_STOP)
        return rc;
    if (expected && memcmp(expected->hash, walk->identity->channel.hash, 32) != 0) {
        verify_found(walk, VERIFY_OTHER_CHANNEL, 0, 0, walk->identity->channel.text);
        return SH_OK;
    }
    verify_found(walk, VERIFY_CHANNEL, walk->report->identity_notes, 0,
                 walk->identity->channel.text);
    rc = verify_checkpoint(walk, &next);
    if (rc < 0 || next == VERIFY_STOP)
        return rc;
    bytes_init(&walk->kinds, room_for(walk->size));
    bytes_init(&walk->tile_roots,
               room_for((walk->size / TLOG_TILE_WIDTH + 1) * TLOG_HASH_BYTES));
    bytes_init(&walk->tile_marks, room_for(walk->size / TLOG_TILE_WIDTH + 1));
    rc = verify_log(walk, &next);
    if (rc < 0 || next == VERIFY_STOP)
        return rc;
    rc = verify_documents(walk);
    if (rc < 0)
        return rc;
    verify_found(walk, VERIFY_NO_OUTSIDE_DATE, 0, 0, NULL);
    verify_found(walk, VERIFY_PROVES_NOT, 0, 0, NULL);
    return SH_OK;
}

int verify_channel(const struct verify_source *source, const struct channel_id *expected,
                   struct verify_report *report, struct why *why)
{
    struct arena arena;
    struct verify_walk *walk;
    int rc;

    *report = (struct verify_report){0};
    arena_init(&arena, sizeof(*walk) + 2 * LIMIT_IDENTITY_ARENA);
    walk = arena_take(&arena, sizeof(*walk));
    if (!walk)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    walk->source = source;
    walk->report = report;
    walk->why = why;
    bytes_init(&walk->note_hashes, (LIMIT_IDENTITY_NOTES + 1) * (size_t)64);
    bytes_init(&walk->successors, (LIMIT_IDENTITY_NOTES + 1) * sizeof(struct verify_successor));
    bytes_init(&walk->identity_at, (LIMIT_IDENTITY_NOTES + 1) * sizeof(uint64_t));
    bytes_init(&walk->openings, LIMIT_VERIFY_OPENINGS * sizeof(struct verify_opening));
    bytes_init(&walk->aside, LIMIT_NOTE_BYTES);
    bytes_init(&walk->withdrawals, LIMIT_VERIFY_WITHDRAWALS * sizeof(struct verify_withdrawal));
    bytes_init(&walk->file, FILE_BYTES > LIMIT_NOTE_BYTES ? FILE_BYTES : LIMIT_NOTE_BYTES);
    rc = walk_tree(walk, expected, &arena);
    bytes_release(&walk->aside);
    bytes_release(&walk->openings);
    bytes_release(&walk->identity_at);
    bytes_release(&walk->successors);
    bytes_release(&walk->file);
    bytes_release(&walk->withdrawals);
    bytes_release(&walk->tile_marks);
    bytes_release(&walk->tile_roots);
    bytes_release(&walk->kinds);
    bytes_release(&walk->note_hashes);
    arena_release(&arena);
    return rc;
}
