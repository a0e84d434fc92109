/* key recover: which of the copies is the one to go on from. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"

static const uint8_t *hash_of(const struct key_copy *copy, uint64_t number)
{
    return copy->survey.hashes.ptr + number * CRYPT_DIGEST_BYTES;
}

/* The one under the highest note, then the longest. */
static bool is_better(const struct role_survey *a, const struct role_survey *b)
{
    return a->notes != b->notes ? a->notes > b->notes : a->size > b->size;
}

static int compare_notes(const struct key_copy *a, const struct key_copy *b, struct why *why)
{
    uint64_t most = a->survey.notes < b->survey.notes ? a->survey.notes : b->survey.notes;

    for (uint64_t number = 0; number < most; number++) {
        if (memcmp(hash_of(a, number), hash_of(b, number), CRYPT_DIGEST_BYTES) == 0)
            continue;
        if (!number)
            return why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%.120s and %.120s: two channels",
                           a->path, b->path);
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%.100s and %.100s have different identity notes %llu, both signed with "
                       "recovery sheets: the channel was recovered twice, or somebody else "
                       "holds sheets; go on from the one that readers follow, with --from it "
                       "alone, and keep the other",
                       a->path, b->path, (unsigned long long)number);
    }
    return SH_OK;
}

/* Does the best begin with the other?  One that is longer lies under fewer notes. */
static int compare_logs(struct key_copies *copies, struct key_copy *other, struct why *why)
{
    const struct key_copy *best = copies->best;
    uint8_t root[TLOG_HASH_BYTES];
    int rc;

    if (other->survey.size <= best->survey.size) {
        rc = role_survey_root(best->dir, other->survey.size, root, why);
        if (rc != SH_OK || memcmp(root, other->survey.root, sizeof(root)) == 0)
            return rc;
    }
    if (other->survey.notes < best->survey.notes) {
        other->evidence = true;
        return SH_OK;
    }
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%.100s and %.100s are two histories under the same keys, so one of them is "
                   "of whoever else had the log key; `stillhere verify` with both says where "
                   "they part: name the one that you trust, --from it alone, and --at SIZE to "
                   "end it before the first entry that was not you",
                   best->path, other->path);
}

/* A newer state must have been: from here a second note of the same number would be signed. */
static int refuse_old(const struct key_copies *copies, bool known, struct why *why)
{
    const struct key_copy *best = copies->best;

    if (!*best->survey.newer || known)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%.120s: it has %s, which only a newer state can have left: entries, a "
                   "change of keys or a recovery came after this copy's checkpoint. Going on "
                   "from here could make a second identity note %llu, and readers would see "
                   "two channels. Find the newest copy, or name several (--from A B C, the "
                   "newest is taken); --i-know goes on from this one",
                   best->path, best->survey.newer, (unsigned long long)best->survey.notes);
}

static int look(struct key_copies *copies, const char *path, struct why *why)
{
    struct key_copy *copy = &copies->list[copies->count];
    int rc;

    if (copies->count == KEY_COPIES)
        return why_set(why, SH_EARG, WHY_NOWHERE, "more than %d copies", KEY_COPIES);
    *copy = (struct key_copy){.path = path, .dir = -1};
    copies->count++;
    rc = channel_copy_dir(path, &copy->dir, why);
    if (rc == SH_OK)
        rc = why_name(why, role_survey(copy->dir, &copy->survey, why), path);
    if (rc == SH_OK && (!copies->best || is_better(&copy->survey, &copies->best->survey)))
        copies->best = copy;
    return rc;
}

int key_copies_open(const struct cmd_args *args, struct key_copies *copies, struct why *why)
{
    int rc = look(copies, cmd_value(args, "from"), why);

    for (size_t i = 1; i < args->word_count && rc == SH_OK; i++)
        rc = look(copies, args->words[i], why);
    for (size_t i = 0; i < copies->count && rc == SH_OK; i++) {
        if (&copies->list[i] == copies->best)
            continue;
        rc = compare_notes(copies->best, &copies->list[i], why);
        if (rc == SH_OK)
            rc = compare_logs(copies, &copies->list[i], why);
    }
    return rc == SH_OK ? refuse_old(copies, cmd_is_set(args, "i-know"), why) : rc;
}

void key_copies_close(struct key_copies *copies)
{
    for (size_t i = 0; i < copies->count; i++) {
        io_close(&copies->list[i].dir);
        role_survey_release(&copies->list[i].survey);
    }
    copies->count = 0;
}

void key_copies_say(const struct key_copies *copies, struct bytes *out, enum lang lang)
{
    const struct role_survey *best = &copies->best->survey;
    char size[24], note[24];

    (void)snprintf(size, sizeof(size), "%llu", (unsigned long long)best->size);
    (void)snprintf(note, sizeof(note), "%llu", (unsigned long long)best->notes - 1);
    LANG_SAY(out, lang, STR_KEY_COPY, copies->best->path, size, note);
    bytes_u8(out, '\n');
    for (size_t i = 0; i < copies->count; i++) {
        if (!copies->list[i].evidence)
            continue;
        LANG_SAY(out, lang, STR_KEY_COPY_EVIDENCE, copies->list[i].path);
        bytes_u8(out, '\n');
    }
}
