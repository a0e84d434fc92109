/* When is the next word due?  The rules and their reasons: docs/decisions/0011. */
#include "dispatch/dispatch.h"

static void take_word(struct due_facts *facts, uint64_t index, const struct document *doc)
{
    if (facts->has_word && facts->word_index > index)
        return;
    facts->has_word = true;
    facts->word_index = index;
    facts->word_at = doc->published;
    facts->next_due = doc->next_due;
}

static void take_promise(struct due_facts *facts, uint64_t index, const struct document *doc)
{
    if (facts->has_promise && facts->promise_index > index)
        return;
    facts->has_promise = true;
    facts->promise_index = index;
    facts->promise_at = doc->published;
    facts->every_s = doc->every_s;
    facts->until = doc->until;
    facts->silent_until = doc->silent_until;
}

void due_take(struct due_facts *facts, uint64_t index, const struct document *doc)
{
    if (doc->kind == DOC_DISPATCH || doc->kind == DOC_CORRECT)
        take_word(facts, index, doc);
    else if (doc->kind == DOC_PROMISE)
        take_promise(facts, index, doc);
}

/* A sum beyond what fits is never, and never is not late. */
static uint64_t after(uint64_t from, uint64_t seconds)
{
    uint64_t sum;

    return size_add(from, seconds, &sum) ? sum : UINT64_MAX;
}

static void due_by(struct due *out, uint64_t by)
{
    *out = (struct due){.promised = true, .by = by};
}

/* "every": counted from the newest word, or from the promise while no word came after it. */
static void due_of_every(const struct due_facts *facts, bool word_after, struct due *out)
{
    uint64_t from = facts->has_word ? facts->word_at : 0;

    /* A dispatch that was sealed says no time: then the promise's own is the best there is. */
    if ((!word_after || !from) && facts->promise_at > from)
        from = facts->promise_at;
    due_by(out, after(from, facts->every_s));
}

void due_of(const struct due_facts *facts, struct due *out)
{
    bool word_after =
        facts->has_word && (!facts->has_promise || facts->word_index > facts->promise_index);
    bool silent = facts->has_promise && facts->silent_until != 0;

    *out = (struct due){.promised = false};
    if (facts->has_word && facts->next_due && !(silent && !word_after)) {
        due_by(out, facts->next_due);
        return;
    }
    if (!facts->has_promise)
        return;
    if (facts->every_s) {
        due_of_every(facts, word_after, out);
    } else if (facts->until) {
        if (!word_after)
            due_by(out, facts->until);
    } else if (silent && !(word_after && facts->word_at >= facts->silent_until)) {
        due_by(out, facts->silent_until);
        out->silent = true;
    }
}
