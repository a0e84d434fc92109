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

/* ---- clocks that are wrong ---- */

/* Not a cap: what two clocks may differ by, and what a word takes to arrive. */
#define TOLERANCE_S 600

/* One thing that was said, by its entry, and what it counts from; 0: from `published`. */
struct said {
    bool there;
    uint64_t index, at, from, seen, run;
};

/* What it is compared with. */
struct look {
    const struct due_seen *seen;
    uint64_t sure;  /* the newest time before it that holds */
    uint64_t moved; /* the reader's clock since the last look */
    bool anew;      /* out: something is off that was not */
    bool blind;     /* out */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool is_ahead(uint64_t at, uint64_t now)
{
    return at > after(now, TOLERANCE_S);
}

/* An entry before the known one may well be older than what came with that. */
static bool is_behind(const struct said *it, const struct said *known, uint64_t sure)
{
    return after(it->at, TOLERANCE_S) < sure && (!known->there || it->index >= known->index);
}

/* A time of the reader's own clock, as that says it now; never 0. */
static uint64_t corrected(uint64_t time, const struct look *look)
{
    uint64_t sum = time + look->moved;
    bool back = look->moved >> 63 != 0;

    if (back ? sum > time : sum < time)
        sum = back ? 0 : UINT64_MAX;
    sum = least(sum, look->seen->now);
    return sum ? sum : 1;
}

/* It was compared before, and the reader's clock may have been corrected since. */
static void compare_again(struct said *it, const struct said *known, struct look *look)
{
    bool was_ahead = is_ahead(it->at, known->seen), is_sure = !look->seen->unsure;
    bool same_run = known->run == look->seen->run;

    if (!known->run || !look->seen->run || (!same_run && !is_sure)) {
        it->from = known->from;
        it->seen = known->seen;
        it->run = known->run;
        return;
    }
    /* How long ago it was seen by a clock that has not run on since, nobody knows. */
    it->seen = same_run ? corrected(known->seen, look) : look->seen->now;
    if (is_ahead(it->at, it->seen)) {
        look->anew = look->anew || !known->from;
        it->from = same_run && known->from ? corrected(known->from, look) : it->seen;
    } else if (known->from && !was_ahead) {
        it->from = corrected(known->from, look);
    }
}

static void compare(struct said *it, const struct said *known, struct look *look)
{
    uint64_t now = look->seen->now;

    it->from = 0;
    it->seen = now;
    it->run = look->seen->unsure ? look->seen->run : 0;
    if (!it->there || !it->at)
        return;
    if (known->there && known->index == it->index && known->at == it->at && known->seen) {
        compare_again(it, known, look);
        return;
    }
    if (!is_ahead(it->at, now) && !is_behind(it, known, look->sure))
        return;
    look->anew = true;
    it->from = now;
    if (look->seen->first) {
        look->blind = look->blind || !look->sure;
        it->from = look->sure ? least(look->sure, now) : now;
    } else if (known->there && known->from && it->at >= known->at) {
        /* A clock that is wrong runs all the same: who holds words back gains nothing by it. */
        it->from = least(now, after(known->from, it->at - known->at));
    }
}

static struct said word_of(const struct due_facts *facts)
{
    return (struct said){facts->has_word,  facts->word_index, facts->word_at,
                         facts->word_from, facts->word_seen,  facts->word_run};
}

static struct said promise_of(const struct due_facts *facts)
{
    return (struct said){facts->has_promise,  facts->promise_index, facts->promise_at,
                         facts->promise_from, facts->promise_seen,  facts->promise_run};
}

/* The larger one of two times, unless it is still to come. */
static uint64_t surer(uint64_t sure, uint64_t at, uint64_t now)
{
    return at > sure && !is_ahead(at, now) ? at : sure;
}

/* The newest time before the newer one of word and promise, as far as a first look can know. */
static uint64_t first_sure(const struct due_facts *facts, bool word_is_newer, uint64_t now)
{
    uint64_t sure = surer(0, facts->newest_at, now);

    if (word_is_newer || !facts->has_promise)
        sure = surer(sure, facts->before_at, now);
    if (facts->has_word && facts->has_promise)
        sure = surer(sure, word_is_newer ? facts->promise_at : facts->word_at, now);
    return sure;
}

/* What holds for whoever comes later. */
static void keep(struct due_facts *facts, const struct said *word, const struct said *promise,
                 uint64_t sure)
{
    facts->word_from = word->from;
    facts->word_seen = word->seen;
    facts->word_run = word->run;
    facts->promise_from = promise->from;
    facts->promise_seen = promise->seen;
    facts->promise_run = promise->run;
    facts->sure_at = word->from ? sure : surer(sure, word->at, word->seen);
    if (!promise->from)
        facts->sure_at = surer(facts->sure_at, promise->at, promise->seen);
}

void due_see(struct due_facts *facts, const struct due_facts *known,
             const struct due_seen *seen)
{
    const struct due_facts none = {.moved = seen->moved};
    const struct due_facts *before = seen->first ? &none : known;
    const struct said old_word = word_of(before), old_promise = promise_of(before);
    struct said word = word_of(facts), promise = promise_of(facts);
    bool word_is_newer = word.there && (!promise.there || word.index > promise.index);
    uint64_t sure = surer(0, before->sure_at, seen->now);
    uint64_t newest = seen->first ? first_sure(facts, word_is_newer, seen->now) : sure;
    struct look look = {.seen = seen, .moved = seen->moved - before->moved};

    look.sure = word_is_newer ? newest : sure;
    compare(&word, &old_word, &look);
    look.sure = word_is_newer ? sure : newest;
    compare(&promise, &old_promise, &look);
    keep(facts, &word, &promise, newest);
    facts->moved = seen->moved;
    facts->blind = look.blind || (!look.anew && before->blind && (word.from || promise.from));
}

/* ---- the rules ---- */

static void due_by(struct due *out, uint64_t by)
{
    *out = (struct due){.promised = true, .by = by};
}

static uint64_t word_from(const struct due_facts *facts)
{
    return facts->word_from ? facts->word_from : facts->word_at;
}

static uint64_t promise_from(const struct due_facts *facts)
{
    return facts->promise_from ? facts->promise_from : facts->promise_at;
}

/*
 * A time that was named by a clock that said at when it was from.  Where that clock was behind,
 * the time as it was named comes sooner, and holds unless it was past already.
 */
static uint64_t named(uint64_t time, uint64_t at, uint64_t from)
{
    if (from == at || time <= at || (from > at && time > from))
        return time;
    return after(from, time - at);
}

/* "every": counted from the newest word, or from the promise while no word came after it. */
static void due_of_every(const struct due_facts *facts, bool word_after, struct due *out)
{
    uint64_t from = facts->has_word ? word_from(facts) : 0;

    /* A dispatch that was sealed says no time: then the promise's own is the best there is. */
    if ((!word_after || !from) && promise_from(facts) > from)
        from = promise_from(facts);
    due_by(out, after(from, facts->every_s));
}

/* Rule 1: does the deadline of the newest word hold, beside the newest promise? */
static bool is_own_deadline(const struct due_facts *facts, bool word_after, uint64_t deadline)
{
    if (!facts->has_word || !facts->next_due)
        return false;
    return word_after || (!facts->silent_until && promise_from(facts) <= deadline);
}

void due_of(const struct due_facts *facts, struct due *out)
{
    bool word_after =
        facts->has_word && (!facts->has_promise || facts->word_index > facts->promise_index);
    bool silent = facts->has_promise && facts->silent_until != 0;
    uint64_t until = named(silent ? facts->silent_until : facts->until, facts->promise_at,
                           promise_from(facts));
    uint64_t deadline = named(facts->next_due, facts->word_at, word_from(facts));

    *out = (struct due){.promised = false};
    if (is_own_deadline(facts, word_after, deadline)) {
        due_by(out, deadline);
        return;
    }
    if (!facts->has_promise)
        return;
    if (facts->every_s) {
        due_of_every(facts, word_after, out);
    } else if (facts->until) {
        if (!word_after)
            due_by(out, until);
    } else if (silent && !(word_after && word_from(facts) >= until)) {
        due_by(out, until);
        out->silent = true;
    }
}
