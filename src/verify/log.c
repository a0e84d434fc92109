/* The log: entry tiles give leaves, leaves give tiles and the root. */
#include "verify/verify_int.h"

#include <string.h>

bool verify_has_document(enum entry_type type)
{
    return type != ENTRY_IDENTITY && type != ENTRY_SEALED && type != ENTRY_UNKNOWN;
}

/*
 * Read a tile into walk->file; a partial one may have given way to the full one, and *width
 * says which it is.  SH_ENOTFOUND when neither is there; path is the one that was asked for.
 */
static int read_tile(struct verify_walk *walk, const struct tlog_tile *tile,
                     char path[TLOG_PATH_BYTES], uint16_t *width, struct why *why)
{
    struct tlog_tile full = {tile->level, tile->number, TLOG_TILE_WIDTH};
    char other[TLOG_PATH_BYTES];
    int rc;

    if (tlog_tile_path(tile, path, NULL) < 0 || tlog_tile_path(&full, other, NULL) < 0)
        bug("verify: a tile that cannot be");
    *width = tile->width;
    rc = walk->source->read(walk->source->ctx, path, &walk->file, why);
    if (rc != SH_ENOTFOUND || tile->width == TLOG_TILE_WIDTH)
        return rc;
    *why = (struct why){0};
    *width = TLOG_TILE_WIDTH;
    return walk->source->read(walk->source->ctx, other, &walk->file, why);
}

/* A tile is missing or changed: what it should hold is known from the entries. */
static void tell_tile(const struct verify_walk *walk, enum verify_event_kind kind,
                      const char *path, struct slice content)
{
    struct verify_event event = {
        .kind = kind, .index = ENTRY_NO_REF, .path = path, .bytes = content.len};
    uint8_t hash[CRYPT_DIGEST_BYTES];

    if (!walk->source->event)
        return;
    crypto.sha256(content, hash);
    event.sha256 = hash;
    walk->source->event(walk->source->ctx, &event);
}

/* Compare a stored tile with what the entries give. */
static int compare_tile(struct verify_walk *walk, size_t level, uint64_t number, uint16_t width)
{
    const struct tlog_tile tile = {(uint8_t)level, number, width};
    size_t len = (size_t)width * TLOG_HASH_BYTES;
    char path[TLOG_PATH_BYTES];
    struct why why = {0};
    uint16_t found = 0;
    int rc = read_tile(walk, &tile, path, &found, &why);

    if (rc == SH_OK && walk->file.len == (size_t)found * TLOG_HASH_BYTES &&
        memcmp(walk->file.ptr, walk->level[level].hash, len) == 0) {
        walk->tiles_good++;
        return SH_OK;
    }
    walk->tiles_bad++;
    if (rc < 0 && rc != SH_ENOTFOUND && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    verify_found(walk, rc == SH_ENOTFOUND ? VERIFY_TILE_MISSING : VERIFY_TILE_CHANGED, 0, 0,
                 path);
    tell_tile(walk, rc == SH_ENOTFOUND ? VERIFY_FILE_MISSING : VERIFY_FILE_CHANGED, path,
              slice_of(walk->level[level].hash, len));
    return SH_OK;
}

/* Level 0 has just got its 256th hash: close it, and what it fills above. */
static int close_tiles(struct verify_walk *walk)
{
    struct verify_level *level;
    uint8_t root[TLOG_HASH_BYTES];
    int rc = SH_OK;

    for (size_t i = 0; i + 1 < VERIFY_LEVELS && rc == SH_OK; i++) {
        level = &walk->level[i];
        if (level->used < TLOG_TILE_WIDTH)
            break;
        rc = compare_tile(walk, i, level->tiles, TLOG_TILE_WIDTH);
        tlog_subtree_root(level->hash, TLOG_TILE_WIDTH, root);
        level->used = 0;
        level->tiles++;
        memcpy(walk->level[i + 1].hash + (size_t)walk->level[i + 1].used * TLOG_HASH_BYTES,
               root, TLOG_HASH_BYTES);
        walk->level[i + 1].used++;
    }
    return rc;
}

/* RFC 6962 2.1 from the right edge: perfect subtrees, smallest first, folded to the left. */
static void edge_root(const struct verify_walk *walk, uint8_t root[TLOG_HASH_BYTES])
{
    const struct verify_level *level;
    uint8_t part[TLOG_HASH_BYTES];
    bool started = false;
    size_t end;

    for (size_t i = 0; i < VERIFY_LEVELS; i++) {
        level = &walk->level[i];
        end = level->used;
        for (size_t width = 1; end; width *= 2) {
            if (!(end & width))
                continue;
            end -= width;
            tlog_subtree_root(level->hash + end * TLOG_HASH_BYTES, width, part);
            if (started)
                tlog_node_hash(part, root, root);
            else
                memcpy(root, part, TLOG_HASH_BYTES);
            started = true;
        }
    }
}

/* ---- entries ---- */

/* May entry `index` refer so?  (FORMATS, the table of "Log, entry") */
static bool check_reference(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    enum entry_type other;
    bool good;

    if (entry->ref >= walk->kinds.len || entry->type == ENTRY_UNKNOWN)
        return entry->type != ENTRY_WITHDRAW;
    other = verify_type(walk, entry->ref);
    good = other == ENTRY_SEALED || (entry->type != ENTRY_OPEN && other == ENTRY_DISPATCH);
    if (!good)
        verify_found(walk, VERIFY_ENTRY_REFERENCE, index, entry->ref, NULL);
    return good;
}

static void check_identity(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    const uint8_t *hashes = walk->note_hashes.ptr;
    uint64_t note = walk->identities++;
    char path[TREE_PATH_BYTES];

    walk->report->identities = walk->identities;
    bytes_append(&walk->identity_at, &index, sizeof(index));
    if (note * 64 < walk->note_hashes.len && memcmp(hashes + note * 64, entry->hash, 32) == 0)
        return;
    verify_found(walk, VERIFY_IDENTITY_ENTRY, index, 0, NULL);
    tree_identity_path(note, path);
    verify_tell_file(walk, VERIFY_FILE_MISSING, ENTRY_NO_REF, path);
}

static void note_withdrawal(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    struct verify_withdrawal one = {entry->ref, index};

    /* Disputed withdrawals bring files back (FORMATS "Identity note"). */
    if (!verify_is_disputed(walk, index))
        bytes_append(&walk->withdrawals, &one, sizeof(one));
}

/* The first open entry counts; one that a thief may have made leaves room for ours. */
static void note_opening(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    struct verify_opening one = {entry->ref, index, {0}};
    uint8_t *kind = &walk->kinds.ptr[entry->ref];
    uint64_t tile = entry->ref / TLOG_TILE_WIDTH;

    if (verify_is_disputed(walk, index)) {
        if (*kind & (VERIFY_KIND_OPENED | VERIFY_KIND_DISPUTED))
            return;
        *kind |= VERIFY_KIND_DISPUTED;
    } else {
        if (*kind & VERIFY_KIND_OPENED) {
            verify_found(walk, VERIFY_OPENED_TWICE, index, entry->ref, NULL);
            return;
        }
        *kind |= VERIFY_KIND_OPENED;
    }
    if (tile < walk->tile_marks.len) /* Else it is this one, which the opening marks. */
        walk->tile_marks.ptr[tile] = 1;
    bytes_append(&walk->openings, &one, sizeof(one));
}

/* What one entry says of another. */
static void note_relation(struct verify_walk *walk, uint64_t index, const struct entry *entry)
{
    if (entry->type == ENTRY_WITHDRAW) {
        note_withdrawal(walk, index, entry);
    } else if (entry->type == ENTRY_OPEN) {
        note_opening(walk, index, entry);
    } else if (entry->type == ENTRY_CORRECT) {
        walk->report->corrected++;
        verify_found(walk, VERIFY_CORRECTED, entry->ref, index, NULL);
    }
}

/* What one entry says; returns whether it has a document. */
static bool note_entry(struct verify_walk *walk, uint64_t index, struct slice line)
{
    struct entry entry = {0};
    struct why why = {0};
    char type[VERIFY_TEXT_BYTES];
    bool refers = true;
    int rc = entry_parse(line, index, &entry, &why);

    if (rc < 0)
        entry.type = ENTRY_UNKNOWN;
    bytes_u8(&walk->kinds, (uint8_t)entry.type);
    if (rc == SH_EUNSUPPORTED) {
        walk->report->unknown_entries++;
        verify_found(walk, VERIFY_ENTRY_UNKNOWN, index, 0, why.text);
    } else if (rc < 0) {
        verify_found(walk, VERIFY_ENTRY_BROKEN, index, 0, why.text);
    } else {
        refers = check_reference(walk, index, &entry);
    }
    if (entry.type == ENTRY_IDENTITY)
        check_identity(walk, index, &entry);
    else if (!index)
        verify_found(walk, VERIFY_IDENTITY_ENTRY, index, 0, NULL);
    if (rc == SH_OK && entry.type == ENTRY_UNKNOWN) {
        (void)snprintf(type, sizeof(type), "%.*s", (int)entry.type_text.len,
                       (const char *)entry.type_text.ptr);
        walk->report->unknown_entries++;
        verify_found(walk, VERIFY_ENTRY_UNKNOWN, index, 0, type);
    }
    walk->report->dispatches += entry.type == ENTRY_DISPATCH;
    if (rc == SH_OK && refers && bytes_check(&walk->kinds, NULL) == SH_OK)
        note_relation(walk, index, &entry);
    return verify_has_document(entry.type);
}

/* The bytes of the first count entries of a full tile that took a partial one's place. */
static void cut_tile(struct bytes *file, uint16_t count)
{
    struct cursor cur = cursor_of(bytes_view(file));
    struct slice entry;
    uint16_t taken = 0;

    while (taken < count && tlog_entry_tile_next(&cur, &entry))
        taken++;
    if (taken == count)
        file->len = cur.at;
}

int verify_entry_tile(struct verify_walk *walk, uint64_t number, uint16_t *width,
                      enum verify_next *next)
{
    uint64_t first = number * TLOG_TILE_WIDTH;
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, TLOG_TILE_WIDTH};
    char path[TLOG_PATH_BYTES];
    struct why why = {0};
    uint16_t found = 0;
    int rc;

    if (walk->size - first < TLOG_TILE_WIDTH)
        tile.width = (uint16_t)(walk->size - first);
    *width = tile.width;
    *next = VERIFY_STOP;
    rc = read_tile(walk, &tile, path, &found, &why);
    if (rc == SH_OK) {
        if (found != tile.width)
            cut_tile(&walk->file, tile.width);
        *next = VERIFY_GO;
        return SH_OK;
    }
    if (rc != SH_ENOTFOUND && rc != SH_ELIMIT)
        return verify_unreadable(walk, path, &why);
    verify_found(walk, rc == SH_ENOTFOUND ? VERIFY_ENTRIES_MISSING : VERIFY_ENTRIES_BROKEN,
                 first, 0, path);
    verify_tell_file(walk, rc == SH_ENOTFOUND ? VERIFY_FILE_MISSING : VERIFY_FILE_CHANGED,
                     ENTRY_NO_REF, path);
    return SH_OK;
}

/* A branch that goes on after a theft must contain what its note names. */
static void check_successors(struct verify_walk *walk, uint64_t size)
{
    const struct verify_successor *list =
        (const struct verify_successor *)(const void *)walk->successors.ptr;
    uint8_t root[TLOG_HASH_BYTES];

    for (size_t i = 0; i < walk->successors.len / sizeof(*list); i++) {
        if (list[i].size != size || list[i].note > walk->report->branch)
            continue;
        edge_root(walk, root);
        if (memcmp(root, list[i].root, sizeof(root)) != 0)
            verify_found(walk, VERIFY_SUCCESSOR, size, 0, NULL);
    }
}

/* The successor lines that this log is too short for. */
static void check_short(struct verify_walk *walk)
{
    const struct verify_successor *list =
        (const struct verify_successor *)(const void *)walk->successors.ptr;

    for (size_t i = 0; i < walk->successors.len / sizeof(*list); i++)
        if (list[i].size > walk->size && list[i].note <= walk->report->branch)
            verify_found(walk, VERIFY_SUCCESSOR, list[i].size, 0, NULL);
}

/* The next entries into level 0; false when the tile is not one of width entries. */
static bool take_entries(struct verify_walk *walk, uint64_t number, uint16_t width)
{
    struct cursor cur = cursor_of(bytes_view(&walk->file));
    struct verify_level *leaves = &walk->level[0];
    uint8_t root[TLOG_HASH_BYTES];
    bool documents = false;
    struct slice entry;

    for (uint16_t i = 0; i < width; i++) {
        if (!tlog_entry_tile_next(&cur, &entry))
            return false;
        tlog_leaf_hash(entry, leaves->hash + (size_t)i * TLOG_HASH_BYTES);
        if (note_entry(walk, number * TLOG_TILE_WIDTH + i, entry))
            documents = true;
        leaves->used = (uint16_t)(i + 1);
        if (walk->successors.len)
            check_successors(walk, number * TLOG_TILE_WIDTH + leaves->used);
    }
    if (rd_left(&cur))
        return false;
    tlog_subtree_root(leaves->hash, width, root);
    bytes_append(&walk->tile_roots, root, sizeof(root));
    bytes_u8(&walk->tile_marks, documents);
    return true;
}

/* Was there memory for what has to be kept?  More withdrawals than fit are a finding. */
static int check_room(struct verify_walk *walk, enum verify_next *next)
{
    int rc = bytes_check(&walk->kinds, walk->why);

    if (rc == SH_OK)
        rc = bytes_check(&walk->tile_roots, walk->why);
    if (rc == SH_OK)
        rc = bytes_check(&walk->tile_marks, walk->why);
    if (rc == SH_OK && walk->openings.failed == SH_ELIMIT) {
        verify_found(walk, VERIFY_TOO_LARGE, LIMIT_VERIFY_OPENINGS + 1, LIMIT_VERIFY_OPENINGS,
                     NULL);
        *next = VERIFY_STOP;
        return SH_OK;
    }
    if (rc == SH_OK)
        rc = bytes_check(&walk->openings, walk->why);
    if (rc == SH_OK && walk->withdrawals.failed == SH_ELIMIT) {
        verify_found(walk, VERIFY_TOO_LARGE, LIMIT_VERIFY_WITHDRAWALS + 1,
                     LIMIT_VERIFY_WITHDRAWALS, NULL);
        *next = VERIFY_STOP;
        return SH_OK;
    }
    return rc == SH_OK ? bytes_check(&walk->withdrawals, walk->why) : rc;
}

static int take_tile(struct verify_walk *walk, uint64_t number, enum verify_next *next)
{
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, 0};
    char path[TLOG_PATH_BYTES];
    int rc = verify_entry_tile(walk, number, &tile.width, next);

    if (rc < 0 || *next == VERIFY_STOP)
        return rc;
    if (!take_entries(walk, number, tile.width)) {
        if (tlog_tile_path(&tile, path, NULL) < 0)
            bug("verify: a tile that cannot be");
        verify_found(walk, VERIFY_ENTRIES_BROKEN, number * TLOG_TILE_WIDTH, 0, path);
        verify_tell_file(walk, VERIFY_FILE_CHANGED, ENTRY_NO_REF, path);
        *next = VERIFY_STOP;
        return SH_OK;
    }
    rc = check_room(walk, next);
    return rc == SH_OK ? close_tiles(walk) : rc;
}

/* id/current: the newest note, or the newest that the log has while a rotation is under way. */
static void check_current(struct verify_walk *walk)
{
    const uint8_t *hashes = walk->note_hashes.ptr;
    uint64_t notes = walk->report->identity_notes;
    bool good;

    if (walk->identities > notes || !walk->identities)
        return; /* Said already. */
    good = walk->has_current &&
           memcmp(walk->current_hash, hashes + (notes - 1) * 64 + 32, 32) == 0;
    if (walk->identities < notes) {
        verify_found(walk, VERIFY_IDENTITY_PENDING, walk->identities, 0, NULL);
        good = good ||
               (walk->has_current &&
                memcmp(walk->current_hash, hashes + (walk->identities - 1) * 64 + 32, 32) == 0);
    }
    if (!good) {
        verify_found(walk, VERIFY_IDENTITY_CURRENT, 0, 0, NULL);
        verify_tell_file(walk, walk->has_current ? VERIFY_FILE_CHANGED : VERIFY_FILE_MISSING,
                         ENTRY_NO_REF, "id/current");
    }
}

/* Sealed entries: opened since, or not. */
static void count_sealed(struct verify_walk *walk)
{
    struct verify_report *report = walk->report;

    for (size_t i = 0; i < walk->kinds.len; i++) {
        if (verify_type(walk, i) != ENTRY_SEALED)
            continue;
        if (walk->kinds.ptr[i] & (VERIFY_KIND_OPENED | VERIFY_KIND_DISPUTED))
            report->opened++;
        else
            report->sealed++;
    }
    if (report->sealed)
        verify_found(walk, VERIFY_SEALED, report->sealed, 0, NULL);
    if (report->opened)
        verify_found(walk, VERIFY_OPENED, report->opened, 0, NULL);
}

int verify_log(struct verify_walk *walk, enum verify_next *next)
{
    uint64_t tiles = (walk->size + TLOG_TILE_WIDTH - 1) / TLOG_TILE_WIDTH;
    uint8_t root[TLOG_HASH_BYTES];
    int rc = SH_OK;

    *next = VERIFY_GO;
    for (uint64_t number = 0; number < tiles && rc == SH_OK && *next == VERIFY_GO; number++)
        rc = take_tile(walk, number, next);
    if (rc < 0 || *next == VERIFY_STOP)
        return rc;
    for (size_t i = 0; i < VERIFY_LEVELS && rc == SH_OK; i++)
        if (walk->level[i].used)
            rc = compare_tile(walk, i, walk->level[i].tiles, walk->level[i].used);
    if (rc < 0)
        return rc;
    edge_root(walk, root);
    if (memcmp(root, walk->root, sizeof(root)) != 0) {
        verify_found(walk, VERIFY_ROOT_CHANGED, walk->size, 0, NULL);
        *next = VERIFY_STOP;
        return SH_OK;
    }
    check_short(walk);
    verify_found(walk, VERIFY_LOG, walk->size, 0, NULL);
    if (!walk->tiles_bad)
        verify_found(walk, VERIFY_TILES, walk->tiles_good, 0, NULL);
    count_sealed(walk);
    check_current(walk);
    return SH_OK;
}
