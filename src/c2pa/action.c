/* Actions: what was done to the content (C2PA 2.2 15.10.3.2.2, 2.4: digitalSourceType). */
#include "c2pa/validate_int.h"

struct acting {
    const struct c2pa_subject *subject;
    const struct c2pa_assertion *assertion;
    const struct cbor_value *map; /* of the action */
    const struct cbor_value *parameters;
    struct slice name;
    struct c2pa_action **link; /* of the report: where the next one goes */
    size_t told;               /* there so far, of all assertions: at most LIMIT_C2PA_ITEMS */
    bool first;                /* the first action of the first actions assertion */
    bool v2;
    bool asked; /* for digitalSourceType */
};

static bool is_any(struct slice text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(text, slice_text(names[i])))
            return true;
    return false;
}

static struct slice text_of(const struct cbor_value *map, const char *name)
{
    const struct cbor_value *value = cbor_member(map, name);

    if (value && value->type == CBOR_TAG)
        value = value->first;
    return value && value->type == CBOR_TEXT ? value->string : (struct slice){0};
}

static void say(const struct acting *acting, enum c2pa_code code, const char *text)
{
    c2pa_say_assertion(acting->subject, code, acting->assertion, text);
}

/* ---- ingredients that an action names --------------------------------------------------- */

/* Is value a reference to an ingredient of this relationship, with the hash that it says? */
static bool names_ingredient(const struct acting *acting, const struct cbor_value *value,
                             enum c2pa_relationship wanted, bool anywhere)
{
    const struct c2pa_subject *subject = acting->subject;
    struct c2pa_hashed_uri reference = {0};
    enum c2pa_relationship relationship = C2PA_INPUT_TO;
    struct c2pa_target target = {0};

    if (!c2pa_hashed_uri_parse(value, &reference))
        return false;
    if (!c2pa_reference_check(subject->judge, subject->manifest, &reference, &target) ||
        target.check != C2PA_CHECK_MATCH || !target.assertion ||
        (!anywhere && target.manifest != subject->manifest) ||
        !c2pa_is_ingredient(target.assertion) ||
        !c2pa_relationship_of(target.assertion, &relationship))
        return false;
    return relationship == wanted;
}

/*
 * The ingredients of an action: parameters.ingredients, or parameters.ingredient of version 1.
 * Counts how many there are, and how many are what they should be.
 */
static void count_ingredients(const struct acting *acting, enum c2pa_relationship wanted,
                              bool anywhere, size_t counted[2])
{
    const struct cbor_value *many = cbor_member(acting->parameters, "ingredients");
    const struct cbor_value *one = cbor_member(acting->parameters, "ingredient");

    counted[0] = counted[1] = 0;
    if (many && many->type == CBOR_ARRAY)
        for (const struct cbor_value *value = many->first; value; value = value->next) {
            counted[0]++;
            counted[1] += names_ingredient(acting, value, wanted, anywhere);
        }
    else if (many)
        counted[0]++;
    if (one && (!acting->v2 || !many)) {
        counted[0]++;
        counted[1] += names_ingredient(acting, one, wanted, anywhere);
    }
}

static void judge_ingredients(const struct acting *acting)
{
    static const char *const needs_parent[] = {"c2pa.transcoded", "c2pa.repackaged"};
    bool old = acting->subject->manifest->claim.version < 2;
    size_t counted[2];

    if (slice_equal(acting->name, slice_text("c2pa.opened"))) {
        count_ingredients(acting, C2PA_PARENT_OF, false, counted);
        /* Before version 2 nothing had to be named. */
        if ((counted[0] || !old) && (counted[0] != 1 || counted[1] != 1))
            say(acting, C2PA_ACTION_MISMATCH, "c2pa.opened: not one parentOf ingredient");
    } else if (slice_equal(acting->name, slice_text("c2pa.placed"))) {
        count_ingredients(acting, C2PA_COMPONENT_OF, false, counted);
        if ((counted[0] == 0 && !old) || counted[0] != counted[1])
            say(acting, C2PA_ACTION_MISMATCH, "c2pa.placed: no componentOf ingredient");
    } else if (slice_equal(acting->name, slice_text("c2pa.removed"))) {
        count_ingredients(acting, C2PA_COMPONENT_OF, true, counted);
        if ((counted[0] == 0 && !old) || counted[0] != counted[1])
            say(acting, C2PA_ACTION_MISMATCH, "c2pa.removed: no componentOf ingredient");
    } else if (is_any(acting->name, needs_parent, COUNT_OF(needs_parent))) {
        count_ingredients(acting, C2PA_PARENT_OF, false, counted);
        if (counted[0] != counted[1])
            say(acting, C2PA_ACTION_MISMATCH, "an ingredient that is not parentOf");
    }
}

static void judge_redaction(const struct acting *acting)
{
    const struct c2pa_judge *judge = acting->subject->judge;
    struct slice uri = text_of(acting->parameters, "redacted");
    struct c2pa_target target = {0};

    if (uri.len)
        c2pa_uri_follow(judge->store, acting->subject->manifest, uri, &target);
    if (uri.len == 0 || target.kind == C2PA_URI_MALFORMED ||
        (!target.assertion &&
         !c2pa_is_redacted(judge, target.manifest ? target.manifest : acting->subject->manifest,
                           uri)))
        say(acting, C2PA_ACTION_REDACTION, "c2pa.redacted names no assertion");
}

/* ---- one action ------------------------------------------------------------------------- */

/* 2.4: what changes or makes content says what it is made of; these do not. */
static bool needs_source_type(struct slice name)
{
    static const char *const exempt[] = {
        "c2pa.opened",     "c2pa.converted",         "c2pa.published",
        "c2pa.repackaged", "c2pa.transcoded",        "c2pa.resized.proportional",
        "c2pa.enhanced",   "c2pa.edited.metadata",   "c2pa.watermarked",
        "c2pa.redacted",   "c2pa.watermarked.bound", "c2pa.watermarked.unbound"};

    return !is_any(name, exempt, COUNT_OF(exempt));
}

static void judge_action(const struct acting *acting)
{
    static const char *const begins[] = {"c2pa.created", "c2pa.opened"};
    static const char *const may_update[] = {"c2pa.edited.metadata", "c2pa.opened",
                                             "c2pa.published", "c2pa.redacted"};

    if (acting->name.len == 0) {
        say(acting, C2PA_ACTION_MALFORMED, "an action without a name");
        return;
    }
    if (is_any(acting->name, begins, COUNT_OF(begins)) && !acting->first)
        say(acting, C2PA_ACTION_MALFORMED,
            "c2pa.created or c2pa.opened that is not the first action of all");
    if (acting->asked && needs_source_type(acting->name) &&
        text_of(acting->map, "digitalSourceType").len == 0)
        say(acting, C2PA_ACTION_MALFORMED, "an action without digitalSourceType (C2PA 2.4)");
    if (acting->subject->manifest->kind == C2PA_UPDATE &&
        !is_any(acting->name, may_update, COUNT_OF(may_update)))
        c2pa_say_claim(acting->subject, C2PA_UPDATE_INVALID,
                       "an update manifest with an action that changes content");
    judge_ingredients(acting);
    if (slice_equal(acting->name, slice_text("c2pa.redacted")))
        judge_redaction(acting);
}

static void tell(struct acting *acting)
{
    struct c2pa_judge *judge = acting->subject->judge;
    const struct cbor_value *agent = cbor_member(acting->map, "softwareAgent");
    struct c2pa_action *action;

    if (acting->told == LIMIT_C2PA_ITEMS)
        return;
    action = c2pa_take(judge, sizeof(*action));
    if (!action)
        return;
    action->action = c2pa_text(judge, acting->name);
    action->source_type = c2pa_text(judge, text_of(acting->map, "digitalSourceType"));
    action->when = c2pa_text(judge, text_of(acting->map, "when"));
    action->reason = c2pa_text(judge, text_of(acting->map, "reason"));
    action->description = c2pa_text(judge, text_of(acting->map, "description"));
    action->agent = c2pa_text(judge, agent && agent->type == CBOR_MAP
                                         ? text_of(agent, "name")
                                         : text_of(acting->map, "softwareAgent"));
    *acting->link = action;
    acting->link = &action->next;
    acting->told++;
}

/* ---- all of them ------------------------------------------------------------------------ */

/* The assertions in the order of the claim: created, then gathered. */
static const struct c2pa_assertion *referred(const struct c2pa_subject *subject, size_t index)
{
    const struct c2pa_hashed_uri *reference =
        c2pa_claim_entry(&subject->manifest->claim, index);
    struct c2pa_target target = {0};

    c2pa_uri_follow(subject->judge->store, subject->manifest, reference->url, &target);
    return target.manifest == subject->manifest ? target.assertion : NULL;
}

/* One actions assertion.  first: no other came before it.  Counts beginnings. */
static unsigned judge_list(struct acting *acting, bool first)
{
    const struct c2pa_subject *subject = acting->subject;
    const struct cbor_value *list = cbor_member(acting->assertion->cbor, "actions");
    unsigned begun = 0;

    acting->v2 = acting->assertion->version >= 2;
    /* Ingredients were judged, before 2.4, by whoever took them in (15.11.3.3.2). */
    acting->asked = acting->v2 && subject->manifest->claim.version >= 2 &&
                    subject->manifest == subject->judge->store->active;
    if (!list || list->type != CBOR_ARRAY || list->count == 0) {
        say(acting, C2PA_ACTION_MALFORMED, "no actions in it");
        return 0;
    }
    for (const struct cbor_value *map = list->first; map; map = map->next) {
        if (map->type != CBOR_MAP) {
            say(acting, C2PA_ACTION_MALFORMED, "an action that is no map");
            continue;
        }
        acting->map = map;
        acting->parameters = cbor_member(map, "parameters");
        acting->name = text_of(map, "action");
        acting->first = first && map == list->first;
        if (slice_equal(acting->name, slice_text("c2pa.created")) ||
            slice_equal(acting->name, slice_text("c2pa.opened")))
            begun++;
        judge_action(acting);
        tell(acting);
    }
    return begun;
}

void c2pa_judge_actions(const struct c2pa_subject *subject)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;
    struct acting acting = {.subject = subject, .link = &subject->told->actions};
    unsigned begun = 0;
    bool any = false;

    for (size_t i = 0; i < claim->created_count + claim->gathered_count; i++) {
        acting.assertion = referred(subject, i);
        /* What another version means is not known. */
        if (!acting.assertion || !c2pa_named(acting.assertion, "c2pa.actions") ||
            acting.assertion->version > 2 || acting.assertion->redacted)
            continue;
        begun += judge_list(&acting, !any);
        any = true;
    }
    /* 15.10.1.2; claims of version 1 come from before that rule. */
    if (claim->version >= 2 && subject->manifest->kind == C2PA_STANDARD && begun == 0)
        c2pa_say_claim(subject, C2PA_ACTION_MALFORMED,
                       "no action c2pa.created or c2pa.opened (C2PA 15.10.1.2)");
}
