/* Entry tiles: each new entry is a leaf, and may be a word, a promise or a withdrawal. */
#include "follow/follow_int.h"

#include <string.h>

/* ---- what one entry says ---- */

/* Room for one more at the end of a list that keeps its newest. */
static size_t make_room(void *list, size_t each, size_t *count)
{
    if (*count == LIMIT_FOLLOW_WORDS) {
        memmove(list, (uint8_t *)list + each, (LIMIT_FOLLOW_WORDS - 1) * each);
        *count -= 1;
    }
    return (*count)++;
}

static void note_candidate(struct follow_job *job, uint64_t index, const struct entry *entry)
{
    struct follow_candidate found = {.type = entry->type, .index = index, .ref = ENTRY_NO_REF};
    const struct follow *next = job->next;

    memcpy(found.hash, entry->hash, sizeof(found.hash));
    if (entry->type == ENTRY_PROMISE) {
        job->promise = found;
        job->has_promise = true;
        return;
    }
    if (entry->type == ENTRY_OPEN) {
        found.ref = entry->ref;
        for (size_t i = 0; i < next->sealed_count; i++) {
            if (next->sealed[i].index != entry->ref)
                continue;
            found.has_opened = true;
            memcpy(found.opened, next->sealed[i].hash, sizeof(found.opened));
        }
    }
    job->word[make_room(job->word, sizeof(found), &job->words)] = found;
}

static void note_sealed(struct follow *next, uint64_t index, const struct entry *entry)
{
    struct follow_sealed *sealed =
        &next->sealed[make_room(next->sealed, sizeof(*sealed), &next->sealed_count)];

    sealed->index = index;
    memcpy(sealed->hash, entry->hash, sizeof(sealed->hash));
}

/* Is this the word at ref, or the one that opened the sealed entry ref? */
static bool is_word(uint64_t index, uint64_t word_ref, uint64_t ref)
{
    return index == ref || word_ref == ref;
}

/*
 * The word that the entry withdraws is none any more.  Where it was the newest, the withdrawal
 * stands for it (docs/decisions/0011): else a deadline that is long past would count again.
 */
static void note_withdrawal(struct follow_job *job, uint64_t index, const struct entry *entry)
{
    struct follow_candidate found = {.type = ENTRY_WITHDRAW, .index = index, .ref = entry->ref};
    struct follow *next = job->next;
    uint64_t gone = 0, newest = 0;
    size_t kept = 0;

    for (size_t i = 0; i < next->words; i++) {
        uint64_t *latest =
            is_word(next->word[i].index, next->word[i].ref, entry->ref) ? &gone : &newest;

        *latest = next->word[i].index;
        if (latest == &newest)
            next->word[kept++] = next->word[i];
    }
    next->words = kept;
    kept = 0;
    for (size_t i = 0; i < job->words; i++) {
        struct follow_candidate *word = &job->word[i];
        uint64_t at = word->type == ENTRY_WITHDRAW ? word->word : word->index;
        uint64_t *latest = is_word(at, word->ref, entry->ref) ? &gone : &newest;

        *latest = at;
        if (latest == &newest)
            job->word[kept++] = *word;
    }
    job->words = kept;
    if (gone <= newest)
        return;
    found.word = gone;
    memcpy(found.hash, entry->hash, sizeof(found.hash));
    job->word[make_room(job->word, sizeof(found), &job->words)] = found;
}

static bool note_identity(struct follow_job *job, uint64_t index, const struct entry *entry)
{
    uint64_t note = job->next->identity_entries;

    if (!job->has_chain) {
        job->wants_chain = true;
        return true;
    }
    if (note >= job->next->identity_notes)
        return follow_say(job, FOLLOW_UNREADABLE,
                          "entry %llu: the identity note that it names is not there",
                          (unsigned long long)index);
    if (memcmp(job->notes.ptr + note * CRYPT_DIGEST_BYTES, entry->hash, CRYPT_DIGEST_BYTES) !=
        0)
        return follow_say(job, FOLLOW_WRONG, "entry %llu: it names another identity note",
                          (unsigned long long)index);
    job->next->identity_entries++;
    return true;
}

static bool note_entry(struct follow_job *job, uint64_t index, struct slice line)
{
    struct entry entry = {.type = ENTRY_UNKNOWN};
    bool known = entry_parse(line, index, &entry, NULL) == SH_OK;

    if (!index && (!known || entry.type != ENTRY_IDENTITY))
        return follow_say(job, FOLLOW_WRONG, "entry 0: it is not the identity");
    if (!known)
        return true; /* Of a newer program, or nonsense: it is in the log and says nothing. */
    if (entry.type == ENTRY_IDENTITY)
        return note_identity(job, index, &entry);
    if (follow_is_disputed(job->next, index))
        return true;
    if (entry.type == ENTRY_DISPATCH || entry.type == ENTRY_CORRECT ||
        entry.type == ENTRY_OPEN || entry.type == ENTRY_PROMISE)
        note_candidate(job, index, &entry);
    else if (entry.type == ENTRY_SEALED)
        note_sealed(job->next, index, &entry);
    else if (entry.type == ENTRY_WITHDRAW)
        note_withdrawal(job, index, &entry);
    return true;
}

/* ---- the tree ---- */

static void trail_add(struct follow_trail *trail, uint64_t size,
                      const uint8_t root[TLOG_HASH_BYTES])
{
    if (!trail->first || trail->first + trail->count != size) {
        trail->first = size;
        trail->count = 0;
    }
    if (trail->count == FOLLOW_TRAIL) {
        memmove(trail->root[0], trail->root[1], sizeof(trail->root) - TLOG_HASH_BYTES);
        trail->first++;
        trail->count--;
    }
    memcpy(trail->root[trail->count++], root, TLOG_HASH_BYTES);
}

/* The next leaf.  Roots are computed only where somebody asks for them. */
static bool take_leaf(struct follow_job *job, struct slice line)
{
    uint64_t target = job->checkpoint.size;
    struct follow *next = job->next;
    uint8_t leaf[TLOG_HASH_BYTES];

    tlog_leaf_hash(line, leaf);
    tlog_range_append(&next->range, leaf);
    if (target - next->range.size < FOLLOW_TRAIL || next->range.size == job->old->range.size ||
        (job->has_chain && next->range.size == job->successor_size)) {
        tlog_range_root(&next->range, next->root);
        if (target - next->range.size < FOLLOW_TRAIL)
            trail_add(&next->trail, next->range.size, next->root);
        if (next->range.size == job->old->range.size &&
            memcmp(next->root, job->old->root, TLOG_HASH_BYTES) == 0)
            job->passed_old = true;
    }
    if (job->has_chain && next->branch && next->range.size == job->successor_size &&
        memcmp(next->root, job->successor_root, TLOG_HASH_BYTES) != 0)
        return follow_say(job, FOLLOW_WRONG,
                          "the log does not contain what its identity note names");
    return note_entry(job, next->range.size - 1, line);
}

/* A partial tile may have given way to the full one: *width says which it is. */
static enum follow_found read_tile(struct follow_job *job, uint64_t number, uint16_t *width,
                                   char path[TLOG_PATH_BYTES])
{
    const uint64_t most = TLOG_TILE_WIDTH * (uint64_t)(2 + LIMIT_ENTRY_BYTES);
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, number, *width};
    char full[TLOG_PATH_BYTES];
    enum follow_found found;

    if (tlog_tile_path(&tile, path, NULL) < 0)
        bug("follow: a tile that cannot be");
    found = follow_read(job, path, most);
    if (found != FOLLOW_MISSING || tile.width == TLOG_TILE_WIDTH)
        return found;
    tile.width = *width = TLOG_TILE_WIDTH;
    if (tlog_tile_path(&tile, full, NULL) < 0)
        bug("follow: a tile that cannot be");
    return follow_read(job, full, most);
}

/* The entries of a tile that are not in the tree yet. */
static bool take_tile(struct follow_job *job)
{
    uint64_t number = job->next->range.size / TLOG_TILE_WIDTH, first = number * TLOG_TILE_WIDTH;
    uint64_t left = job->checkpoint.size - first;
    uint16_t width = (uint16_t)(left < TLOG_TILE_WIDTH ? left : TLOG_TILE_WIDTH);
    uint16_t asked = width;
    char path[TLOG_PATH_BYTES];
    enum follow_found found = read_tile(job, number, &width, path);
    struct slice line;
    struct cursor cur;

    if (found == FOLLOW_STOP)
        return false;
    if (found == FOLLOW_MISSING)
        return follow_say(job, FOLLOW_UNREADABLE, "%s: it is not there", path);
    cur = cursor_of(bytes_view(&job->file));
    for (uint16_t i = 0; i < asked && found == FOLLOW_THERE; i++) {
        if (!tlog_entry_tile_next(&cur, &line))
            found = FOLLOW_TOO_LONG;
        else if (first + i >= job->next->range.size && !take_leaf(job, line))
            return false;
        if (job->wants_chain)
            return true;
    }
    if (found != FOLLOW_THERE || (width == asked && rd_left(&cur)))
        return follow_say(job, FOLLOW_WRONG, "%s: not a tile of %u entries", path,
                          (unsigned)asked);
    return true;
}

bool follow_walk(struct follow_job *job)
{
    uint64_t target = job->checkpoint.size;

    if (job->has_chain && job->next->branch && job->successor_size > target)
        return follow_say(job, FOLLOW_WRONG,
                          "the log does not contain what its identity note names");
    while (job->next->range.size < target && !job->wants_chain)
        if (!take_tile(job))
            return false;
    return true;
}
