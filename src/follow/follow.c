/* One look at a copy: its checkpoint, then only what is new. */
#include "follow/follow_int.h"

#include <string.h>

void follow_init(struct follow *follow)
{
    memset(follow, 0, sizeof(*follow));
    tlog_range_init(&follow->range);
}

/* ---- what is said ---- */

/* Texts quote causes that quote files: only what is fit to be shown. */
PRINTF_LIKE(2, 0)
static void set_text(struct follow_result *result, const char *fmt, va_list args)
{
    (void)vsnprintf(result->text, sizeof(result->text), fmt, args);
    for (char *c = result->text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = '?';
}

bool follow_say(struct follow_job *job, enum follow_outcome outcome, const char *fmt, ...)
{
    va_list args;

    job->result->outcome = outcome;
    va_start(args, fmt);
    set_text(job->result, fmt, args);
    va_end(args);
    return false;
}

void follow_remark(struct follow_job *job, const char *fmt, ...)
{
    va_list args;

    if (job->result->text[0])
        return;
    va_start(args, fmt);
    set_text(job->result, fmt, args);
    va_end(args);
}

bool follow_out_of_memory(struct follow_job *job)
{
    job->rc = SH_ENOMEM;
    return false;
}

enum follow_found follow_read(struct follow_job *job, const char *path, uint64_t max)
{
    uint64_t most = max < job->budget ? max : job->budget;
    struct why why = {0};
    int rc = SH_ELIMIT;

    bytes_clear(&job->file);
    if (most) {
        job->file.max = (size_t)most;
        rc = job->source->read(job->source->ctx, path, &job->file, &why);
    }
    if (rc == SH_OK && job->file.len <= most) {
        job->budget -= job->file.len;
        return FOLLOW_THERE;
    }
    if (rc == SH_ENOTFOUND)
        return FOLLOW_MISSING;
    if (rc == SH_ENOMEM) {
        (void)follow_out_of_memory(job);
    } else if (rc == SH_OK || rc == SH_ELIMIT) {
        job->budget -= most;
        if (most == max)
            return FOLLOW_TOO_LONG;
        (void)follow_say(job, FOLLOW_UNREADABLE,
                         "%s: it would take more bytes than may be read at once", path);
    } else {
        (void)follow_say(job, FOLLOW_UNREADABLE, "%s: %s", path, why.text);
    }
    return FOLLOW_STOP;
}

/* ---- the checkpoint ---- */

static bool read_checkpoint(struct follow_job *job)
{
    struct follow_result *result = job->result;
    struct why why = {0};
    int rc;

    switch (follow_read(job, "checkpoint", LIMIT_NOTE_BYTES)) {
    case FOLLOW_STOP:
        return false;
    case FOLLOW_MISSING:
        return follow_say(job, FOLLOW_UNREADABLE, "checkpoint: it is not there");
    case FOLLOW_TOO_LONG:
        return follow_say(job, FOLLOW_WRONG, "checkpoint: longer than any checkpoint");
    case FOLLOW_THERE:
        break;
    }
    bytes_slice(&result->note, bytes_view(&job->file));
    if (bytes_check(&result->note, NULL) != SH_OK)
        return follow_out_of_memory(job);
    rc = tlog_note_parse(bytes_view(&result->note), &job->note, &why);
    if (rc == SH_OK)
        rc = tlog_checkpoint_parse(job->note.text, &job->checkpoint, &why);
    if (rc == SH_OK && !job->checkpoint.size)
        rc = why_set(&why, SH_EFORMAT, WHY_NOWHERE, "no entries; entry 0 is the identity");
    if (rc < 0)
        return follow_say(job, FOLLOW_WRONG, "checkpoint: not one: %s", why.text);
    result->size = job->checkpoint.size;
    memcpy(result->root, job->checkpoint.root, sizeof(result->root));
    return true;
}

enum signature { SIGNED, UNSIGNED, BAD };
/* As `verify` judges: one log key open at the last entry has signed, none of them wrongly. */
static enum signature judge_signature(struct follow_job *job, const char *origin)
{
    uint64_t last = job->checkpoint.size - 1;
    struct follow *next = job->next;
    enum tlog_verdict verdict;
    struct tlog_key key;
    bool good = false;

    for (size_t i = 0; i < next->keys; i++) {
        const struct follow_key *listed = &next->key[i];

        if (listed->from > last || last >= listed->until ||
            tlog_key_init(&key, origin, TLOG_ED25519, listed->key, NULL) < 0)
            continue;
        verdict = tlog_note_verdict(&job->note, &key);
        if (verdict == TLOG_BAD)
            return BAD;
        if (verdict == TLOG_GOOD) {
            good = true;
            memcpy(next->log_key, listed->key, sizeof(next->log_key));
        }
    }
    return good ? SIGNED : UNSIGNED;
}

static void log_origin(const struct follow *follow, uint64_t branch,
                       char out[CHANNEL_ORIGIN_BYTES])
{
    channel_origin(&follow->channel, out);
    if (branch)
        (void)snprintf(out, CHANNEL_ORIGIN_BYTES, "stillhere/1/%s/%u", follow->channel.text,
                       (unsigned)branch);
}

enum standing { STANDS, NOT_YET, ELSEWHERE, NOT_SIGNED, SIGNED_BADLY };

static enum standing judge_checkpoint(struct follow_job *job)
{
    char origin[CHANNEL_ORIGIN_BYTES];

    log_origin(job->next, job->next->branch, origin);
    if (slice_equal(job->checkpoint.origin, slice_text(origin))) {
        enum signature signature = judge_signature(job, origin);

        return signature == SIGNED ? STANDS : (signature == BAD ? SIGNED_BADLY : NOT_SIGNED);
    }
    log_origin(job->next, job->old->branch, origin);
    if (job->next->branch != job->old->branch &&
        slice_equal(job->checkpoint.origin, slice_text(origin)))
        return NOT_YET;
    return ELSEWHERE;
}

static bool check_checkpoint(struct follow_job *job)
{
    enum standing standing = judge_checkpoint(job);

    if (standing != STANDS && !job->has_chain) {
        /* A new key or branch may be in a note that id/current does not show yet. */
        if (!follow_chain(job))
            return false;
        standing = judge_checkpoint(job);
    }
    switch (standing) {
    case STANDS:
        return true;
    case NOT_YET:
        return follow_say(job, FOLLOW_UNREADABLE,
                          "checkpoint: not yet of the branch that the newest identity note "
                          "names");
    case ELSEWHERE:
        return follow_say(job, FOLLOW_WRONG, "checkpoint: of another log or branch");
    case SIGNED_BADLY:
        return follow_say(job, FOLLOW_WRONG, "checkpoint: the signature does not hold");
    case NOT_SIGNED:
        break;
    }
    return follow_say(job, FOLLOW_WRONG, "checkpoint: no log key of this channel signed it");
}

/* ---- against what is known ---- */

static bool say_forked(struct follow_job *job)
{
    return follow_say(job, FOLLOW_FORKED,
                      "the same key signed another history: %llu entries there, %llu here",
                      (unsigned long long)job->checkpoint.size,
                      (unsigned long long)job->old->range.size);
}

static bool say_older(struct follow_job *job)
{
    const struct follow_trail *trail = &job->old->trail;
    uint64_t size = job->checkpoint.size;

    if (trail->first && size >= trail->first && size - trail->first < trail->count &&
        memcmp(trail->root[size - trail->first], job->checkpoint.root, TLOG_HASH_BYTES) != 0)
        return say_forked(job);
    return follow_say(job, FOLLOW_OLDER, "it went back: %llu entries now, %llu before",
                      (unsigned long long)size, (unsigned long long)job->old->range.size);
}

/* Begin with no entries; what identity and keys are stays. */
static bool start_over(struct follow_job *job)
{
    struct follow *next = job->next;

    /* Other notes may give the checkpoint other keys. */
    if (!job->has_chain && (!follow_chain(job) || !check_checkpoint(job)))
        return false;
    tlog_range_init(&next->range);
    next->identity_entries = 0;
    next->trail.first = 0;
    next->trail.count = 0;
    next->words = 0;
    next->sealed_count = 0;
    next->facts = (struct due_facts){0};
    next->newest_published = 0;
    job->wants_chain = false;
    job->passed_old = false;
    job->words = 0;
    job->has_promise = false;
    return true;
}

static bool has_root(const struct follow_job *job)
{
    return memcmp(job->next->root, job->checkpoint.root, TLOG_HASH_BYTES) == 0;
}

/* Must the new history contain the old one?  All of it but what a thief's key added. */
static bool must_pass_old(const struct follow_job *job)
{
    return job->old->range.size && (job->old->branch == job->next->branch ||
                                    job->old->range.size <= job->successor_size);
}

/* All entries, or the new ones; the wrong root of the new ones alone may have two reasons. */
static bool read_entries(struct follow_job *job)
{
    bool all = job->has_chain || !job->old->range.size;

    if (all && !start_over(job))
        return false;
    if (!follow_walk(job))
        return false;
    if (!all && (job->wants_chain || !has_root(job))) {
        all = true;
        if (!start_over(job) || !follow_walk(job))
            return false;
    }
    if (!has_root(job))
        return follow_say(job, FOLLOW_WRONG,
                          "the entries do not give the root that was signed at %llu",
                          (unsigned long long)job->checkpoint.size);
    if (all && must_pass_old(job) && !job->passed_old)
        return say_forked(job);
    return true;
}

static bool look(struct follow_job *job)
{
    const struct follow *old = job->old;
    bool same_branch;

    if (!read_checkpoint(job) || !follow_identity(job) || !check_checkpoint(job))
        return false;
    same_branch = old->range.size && old->branch == job->next->branch;
    if (same_branch && job->checkpoint.size < old->range.size)
        return say_older(job);
    if (same_branch && job->checkpoint.size == old->range.size) {
        if (memcmp(job->checkpoint.root, old->root, TLOG_HASH_BYTES) != 0)
            return say_forked(job);
        if (!job->has_chain)
            return follow_say(job, FOLLOW_SAME, "%s", "");
    }
    return read_entries(job) && follow_words(job);
}

int follow_step(struct follow *follow, const struct follow_source *source,
                struct follow_result *result, struct why *why)
{
    struct follow_job *job;
    struct arena arena;
    int rc;

    result->outcome = FOLLOW_UNREADABLE;
    result->size = 0;
    memset(result->root, 0, sizeof(result->root));
    result->text[0] = '\0';
    if (!result->note.max)
        bytes_init(&result->note, LIMIT_NOTE_BYTES);
    bytes_clear(&result->note);
    arena_init(&arena, sizeof(struct follow_job) + sizeof(struct follow) + 256);
    job = arena_take(&arena, sizeof(*job));
    if (!job)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "follow: out of memory");
    job->old = follow;
    job->source = source;
    job->budget = source->budget;
    job->result = result;
    bytes_init(&job->file, LIMIT_NOTE_BYTES);
    bytes_init(&job->notes, (LIMIT_IDENTITY_NOTES + 2) * (size_t)CRYPT_DIGEST_BYTES);
    job->next = arena_take(&arena, sizeof(*job->next));
    if (!job->next) {
        (void)follow_out_of_memory(job);
    } else {
        *job->next = *follow;
        if (look(job)) {
            result->outcome = FOLLOW_NEWER;
            *follow = *job->next;
        }
    }
    rc = job->rc;
    bytes_release(&job->file);
    bytes_release(&job->notes);
    arena_release(&arena);
    return rc < 0 ? why_set(why, SH_ENOMEM, WHY_NOWHERE, "follow: out of memory") : SH_OK;
}

bool follow_agrees(const struct follow_trail *a, const struct follow_trail *b, uint64_t *size)
{
    uint64_t from = a->first > b->first ? a->first : b->first;
    uint64_t a_end = a->first + a->count, b_end = b->first + b->count;
    uint64_t end = a_end < b_end ? a_end : b_end;

    if (!a->first || !b->first)
        return true;
    for (uint64_t at = from; at < end; at++) {
        if (memcmp(a->root[at - a->first], b->root[at - b->first], TLOG_HASH_BYTES) == 0)
            continue;
        *size = at;
        return false;
    }
    return true;
}
