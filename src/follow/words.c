/* Documents: when the words and the promise were published, and what they promise. */
#include "follow/follow_int.h"

#include <string.h>

enum taken { TAKEN, SKIPPED, STOPPED };

/* What lateness needs of a document. */
struct facts_of {
    enum doc_kind kind;
    uint64_t published, next_due, every_s, until, silent_until;
};

static enum taken skip(struct follow_job *job, uint64_t index, const char *what)
{
    follow_remark(job, "the document of entry %llu %s; it does not count",
                  (unsigned long long)index, what);
    return SKIPPED;
}

/* What it lacks matters when the entry is needed to judge; else it does not count. */
static enum taken lacking(struct follow_job *job, const struct follow_candidate *entry,
                          bool needed, enum follow_outcome outcome, const char *what)
{
    if (!needed)
        return skip(job, entry->index, what);
    (void)follow_say(job, outcome, "the document of entry %llu %s",
                     (unsigned long long)entry->index, what);
    return STOPPED;
}

static enum taken take_content(struct follow_job *job, const struct follow_candidate *entry,
                               const char *kind, bool needed, struct facts_of *out)
{
    struct document doc;
    struct arena arena;
    enum taken taken;
    int rc;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    rc = document_parse(bytes_view(&job->file), &arena, &doc, NULL);
    if (rc == SH_ENOMEM) {
        (void)follow_out_of_memory(job);
        taken = STOPPED;
    } else if (rc == SH_EUNSUPPORTED) {
        taken = lacking(job, entry, needed, FOLLOW_UNREADABLE, "needs a newer program");
    } else if (rc < 0) {
        taken = skip(job, entry->index, "breaks the rules for documents");
    } else if (!slice_equal(doc.channel, slice_text(job->next->channel.text))) {
        taken = skip(job, entry->index, "belongs to another channel");
    } else if (!slice_equal(doc.kind_text, slice_text(kind))) {
        taken = skip(job, entry->index, "is of another kind");
    } else {
        *out = (struct facts_of){doc.kind,    doc.published, doc.next_due,
                                 doc.every_s, doc.until,     doc.silent_until};
        taken = TAKEN;
    }
    arena_release(&arena);
    return taken;
}

/* The document of the entry, or with the kind of a dispatch the one that it opened. */
static enum taken take_document(struct follow_job *job, const struct follow_candidate *entry,
                                const char *kind, bool needed, struct facts_of *out)
{
    bool is_own = strcmp(kind, entry_type_name(entry->type)) == 0;
    const uint8_t *sha256 = is_own ? entry->hash : entry->opened;
    uint8_t hash[CRYPT_DIGEST_BYTES];
    char path[TREE_PATH_BYTES];
    enum follow_found found;

    tree_document_path(sha256, path);
    found = follow_read(job, path, LIMIT_DOCUMENT_BYTES);
    if (found == FOLLOW_STOP)
        return STOPPED;
    if (found == FOLLOW_MISSING)
        return lacking(job, entry, needed, FOLLOW_UNREADABLE, "is not there");
    crypto.sha256(bytes_view(&job->file), hash);
    if (found == FOLLOW_TOO_LONG || memcmp(hash, sha256, sizeof(hash)) != 0)
        return lacking(job, entry, needed, FOLLOW_WRONG, "was changed");
    return take_content(job, entry, kind, needed, out);
}

static enum taken take_candidate(struct follow_job *job, const struct follow_candidate *entry,
                                 bool needed, struct facts_of *out)
{
    struct facts_of opened = {0};
    enum taken taken = take_document(job, entry, entry_type_name(entry->type), needed, out);

    if (taken != TAKEN)
        return taken;
    if (!out->published)
        return skip(job, entry->index, "does not say when it was published");
    if (entry->type == ENTRY_OPEN && entry->has_opened) {
        /* What was sealed has its own promise; the time is that of its opening. */
        taken = take_document(job, entry, "dispatch", needed, &opened);
        if (taken == STOPPED)
            return STOPPED;
        out->next_due = taken == TAKEN ? opened.next_due : 0;
    }
    if (out->published > job->next->newest_published)
        job->next->newest_published = out->published;
    return TAKEN;
}

static bool take_promise(struct follow_job *job)
{
    struct document doc = {.kind = DOC_PROMISE};
    struct facts_of facts = {0};

    if (!job->has_promise)
        return true;
    switch (take_candidate(job, &job->promise, true, &facts)) {
    case STOPPED:
        return false;
    case SKIPPED:
        return true;
    case TAKEN:
        break;
    }
    doc.published = facts.published;
    doc.every_s = facts.every_s;
    doc.until = facts.until;
    doc.silent_until = facts.silent_until;
    due_take(&job->next->facts, job->promise.index, &doc);
    return true;
}

/* The newest word that stands, as due_take puts it beside the promise. */
void follow_set_word(struct follow *next)
{
    struct document doc = {.kind = DOC_DISPATCH};
    const struct follow_word *word;

    next->facts.has_word = false;
    next->facts.word_index = 0;
    next->facts.word_at = 0;
    next->facts.next_due = 0;
    next->facts.before_at = 0;
    next->facts.newest_at = next->newest_published;
    if (!next->words)
        return;
    word = &next->word[next->words - 1];
    if (next->words > 1)
        next->facts.before_at = word[-1].published;
    doc.published = word->published;
    doc.next_due = word->next_due;
    due_take(&next->facts, word->index, &doc);
}

/* New words behind the old ones; the newest of all stay. */
static void add_words(struct follow *next, const struct follow_word *word, size_t count)
{
    size_t keep = LIMIT_FOLLOW_WORDS - count;

    if (next->words > keep) {
        memmove(next->word, next->word + (next->words - keep), keep * sizeof(*word));
        next->words = keep;
    }
    memcpy(next->word + next->words, word, count * sizeof(*word));
    next->words += count;
}

/* A withdrawal stands for the word that it took back. */
static struct follow_word word_of(const struct follow_candidate *entry,
                                  const struct facts_of *facts)
{
    bool is_gone = entry->type == ENTRY_WITHDRAW;

    return (struct follow_word){
        .index = is_gone ? entry->word : entry->index,
        .published = facts->published,
        .next_due = facts->next_due,
        .ref = is_gone && entry->word == entry->ref ? ENTRY_NO_REF : entry->ref,
    };
}

bool follow_words(struct follow_job *job)
{
    struct follow_word found[LIMIT_FOLLOW_WORDS];
    size_t at = LIMIT_FOLLOW_WORDS;
    struct facts_of facts = {0};

    if (!take_promise(job))
        return false;
    for (size_t i = job->words; i-- > 0;) {
        const struct follow_candidate *entry = &job->word[i];
        enum taken taken = take_candidate(job, entry, at == LIMIT_FOLLOW_WORDS, &facts);

        if (taken == STOPPED)
            return false;
        if (taken == TAKEN)
            found[--at] = word_of(entry, &facts);
    }
    add_words(job->next, found + at, LIMIT_FOLLOW_WORDS - at);
    follow_set_word(job->next);
    return true;
}
