/* Ingredients: what else went into the content, and what is known of it (C2PA 2.2 15.11). */
#include "c2pa/validate_int.h"

bool c2pa_relationship_of(const struct c2pa_assertion *assertion,
                          enum c2pa_relationship *relationship)
{
    static const char *const names[] = {"parentOf", "componentOf", "inputTo"};
    struct slice text = c2pa_text_at(assertion->cbor, "relationship");

    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (slice_equal(text, slice_text(names[i]))) {
            *relationship = i;
            return true;
        }
    return false;
}

/* ---- which manifests the active one leads to ------------------------------------------- */

static struct c2pa_reached *reach(struct c2pa_judge *judge,
                                  const struct c2pa_manifest *manifest)
{
    struct c2pa_reached *one;

    for (one = judge->reached; one; one = one->next)
        if (one->manifest == manifest)
            return one;
    one = c2pa_take(judge, sizeof(*one));
    if (!one)
        return NULL;
    one->told = c2pa_take(judge, sizeof(*one->told));
    if (!one->told)
        return NULL;
    one->manifest = manifest;
    if (judge->reached_last) {
        judge->reached_last->next = one;
        judge->reached_last->told->next = one->told;
    } else {
        judge->reached = one;
        judge->report->manifests = one->told;
    }
    judge->reached_last = one;
    return one;
}

static void redactions_of(struct c2pa_judge *judge, const struct c2pa_manifest *manifest)
{
    for (size_t i = 0; i < manifest->claim.redacted_count; i++) {
        struct c2pa_redaction *redaction = c2pa_take(judge, sizeof(*redaction));

        if (!redaction)
            return;
        redaction->by = manifest;
        redaction->uri = manifest->claim.redacted[i];
        redaction->next = judge->redactions;
        judge->redactions = redaction;
    }
}

static void edge_of(struct c2pa_judge *judge, const struct c2pa_reached *from,
                    const struct c2pa_assertion *assertion)
{
    const struct cbor_value *map = assertion->cbor;
    struct c2pa_edge *edge = c2pa_take(judge, sizeof(*edge));
    struct c2pa_target target = {0};
    const struct cbor_value *active = cbor_member(map, "activeManifest");

    if (!edge)
        return;
    edge->from = from->manifest;
    edge->assertion = assertion;
    edge->relationship = C2PA_COMPONENT_OF;
    (void)c2pa_relationship_of(assertion, &edge->relationship); /* judged apart */
    if (!active)
        active = cbor_member(map, "c2pa_manifest");
    if (active)
        (void)c2pa_hashed_uri_parse(active, &edge->active); /* empty: judged apart */
    (void)c2pa_hashed_uri_parse(cbor_member(map, "claimSignature"), &edge->signature);
    edge->active.value = active;
    if (edge->active.url.len) {
        c2pa_uri_follow(judge->store, from->manifest, edge->active.url, &target);
        if (target.kind == C2PA_URI_OK && target.manifest && target.box == target.manifest->box)
            edge->to = target.manifest;
    }
    if (judge->edges_last)
        judge->edges_last->next = edge;
    else
        judge->edges = edge;
    judge->edges_last = edge;
    if (edge->to)
        (void)reach(judge, edge->to); /* no memory: in judge->failed */
}

void c2pa_reach(struct c2pa_judge *judge)
{
    if (!reach(judge, judge->store->active))
        return;
    for (const struct c2pa_reached *one = judge->reached; one && judge->failed == 0;
         one = one->next) {
        redactions_of(judge, one->manifest);
        for (size_t i = 0; i < one->manifest->assertion_count; i++) {
            const struct c2pa_assertion *assertion = &one->manifest->assertions[i];

            if (assertion->listed && !assertion->ambiguous && !assertion->redacted &&
                c2pa_is_ingredient(assertion) && assertion->cbor &&
                assertion->cbor->type == CBOR_MAP)
                edge_of(judge, one, assertion);
        }
    }
}

/* ---- the ingredients of one manifest ---------------------------------------------------- */

static void edge_say(struct c2pa_judge *judge, struct c2pa_edge *edge, enum c2pa_code code,
                     const char *explanation)
{
    struct c2pa_status status = {.code = code};

    if (edge->told)
        status.url = edge->told->uri;
    if (explanation)
        status.explanation = slice_text(explanation);
    c2pa_status_add(judge, &edge->results, &status);
}

static bool has_redactions(const struct c2pa_judge *judge, const struct c2pa_manifest *manifest)
{
    for (const struct c2pa_redaction *one = judge->redactions;
         one && c2pa_store_spend(judge->store, 1); one = one->next) {
        struct c2pa_target target = {0};

        c2pa_uri_follow(judge->store, one->by, one->uri, &target);
        if (target.manifest_label.len && slice_equal(target.manifest_label, manifest->label))
            return true;
    }
    return false;
}

/* Does the hash of the whole of its manifest hold? */
static bool unchanged(const struct c2pa_edge *edge)
{
    return edge->to && c2pa_results_have(&edge->results, C2PA_INGREDIENT_MANIFEST_VALIDATED);
}

/* 15.11.3.3.1: the hash of the signature of the ingredient. */
static void check_signature(struct c2pa_judge *judge, struct c2pa_edge *edge, bool must)
{
    struct c2pa_target target = {.check = C2PA_CHECK_MISSING};

    if (edge->signature.url.len == 0 && !must)
        return;
    if (edge->signature.url.len &&
        !c2pa_reference_check(judge, edge->from, &edge->signature, &target))
        return;
    if (target.check == C2PA_CHECK_MATCH &&
        (!edge->to || target.manifest != edge->to || target.box != edge->to->cose.box))
        target.check = C2PA_CHECK_MISSING; /* a signature, but not that of this ingredient */
    if (target.check == C2PA_CHECK_MATCH)
        edge_say(judge, edge, C2PA_INGREDIENT_SIGNATURE_VALIDATED, NULL);
    else if (unchanged(edge))
        return; /* 15.11.3.3.2: the hash of all of it, the signature too, is enough */
    else if (target.check == C2PA_CHECK_MISSING)
        edge_say(judge, edge, C2PA_INGREDIENT_SIGNATURE_MISSING,
                 "claimSignature names no signature of this ingredient");
    else
        edge_say(judge, edge, C2PA_INGREDIENT_SIGNATURE_MISMATCH, NULL);
}

static void check_edge(struct c2pa_judge *judge, struct c2pa_edge *edge)
{
    struct c2pa_target target = {.check = C2PA_CHECK_MISSING};
    bool redacted = edge->to && has_redactions(judge, edge->to);

    if (edge->active.url.len && edge->to &&
        !c2pa_reference_check(judge, edge->from, &edge->active, &target))
        return;
    if (target.check == C2PA_CHECK_MATCH)
        edge_say(judge, edge, C2PA_INGREDIENT_MANIFEST_VALIDATED, NULL);
    else if (target.check == C2PA_CHECK_MISSING)
        edge_say(judge, edge, C2PA_INGREDIENT_MANIFEST_MISSING,
                 "its manifest is not in the store");
    else if (target.check == C2PA_CHECK_ALGORITHM)
        edge_say(judge, edge, C2PA_ALGORITHM_UNSUPPORTED, "hash of the ingredient's manifest");
    else if (!redacted)
        edge_say(judge, edge, C2PA_INGREDIENT_MANIFEST_MISMATCH, NULL);
    if (edge->to)
        check_signature(judge, edge, redacted && target.check != C2PA_CHECK_MATCH);
}

static void tell(struct c2pa_judge *judge, const struct c2pa_subject *subject,
                 struct c2pa_edge *edge, struct c2pa_ingredient ***link)
{
    struct c2pa_ingredient *told = c2pa_take(judge, sizeof(*told));
    struct bytes uri = {0};

    if (!told)
        return;
    bytes_init(&uri, 4096);
    c2pa_uri_build(subject->manifest, "c2pa.assertions", edge->assertion->label, &uri);
    told->uri = c2pa_text(judge, bytes_view(&uri));
    bytes_release(&uri);
    told->relationship = edge->relationship;
    told->title = c2pa_text(judge, c2pa_text_at(edge->assertion->cbor, "dc:title"));
    told->format = c2pa_text(judge, c2pa_text_at(edge->assertion->cbor, "dc:format"));
    if (edge->to)
        told->manifest = c2pa_text(judge, edge->to->label);
    edge->told = told;
    **link = told;
    *link = &told->next;
}

/* status-codes-map (15.2.1): three arrays, each of maps with a code. */
static bool are_codes(const struct cbor_value *map)
{
    static const char *const kinds[] = {"success", "informational", "failure"};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct cbor_value *list = cbor_member(map, kinds[i]);

        if (!list || list->type != CBOR_ARRAY)
            return false;
        for (const struct cbor_value *one = list->first; one; one = one->next) {
            const struct cbor_value *code = cbor_member(one, "code");
            const struct cbor_value *url = cbor_member(one, "url");

            if (!code || code->type != CBOR_TEXT || (url && url->type != CBOR_TEXT))
                return false;
        }
    }
    return true;
}

/* validation-results-map (15.2.1). */
static bool are_results(const struct cbor_value *map)
{
    const struct cbor_value *active = cbor_member(map, "activeManifest");
    const struct cbor_value *deltas = cbor_member(map, "ingredientDeltas");

    if (map->type != CBOR_MAP || (active && !are_codes(active)) ||
        (deltas && deltas->type != CBOR_ARRAY))
        return false;
    for (const struct cbor_value *one = deltas ? deltas->first : NULL; one; one = one->next)
        if (c2pa_text_of(cbor_member(one, "ingredientAssertionURI")).len == 0 ||
            !are_codes(cbor_member(one, "validationDeltas")))
            return false;
    return true;
}

/* What an ingredient assertion must and must not say (15.11.3.2, 18.15; 2.4). */
static void check_shape(const struct c2pa_subject *subject, const struct c2pa_edge *edge)
{
    const struct c2pa_assertion *assertion = edge->assertion;
    const struct cbor_value *map = assertion->cbor;
    const struct cbor_value *results = cbor_member(map, "validationResults");
    enum c2pa_relationship relationship;
    const char *wrong = NULL;

    if (!c2pa_relationship_of(assertion, &relationship))
        wrong = "no relationship that C2PA 15.11.3.2 knows";
    else if (edge->active.value && edge->active.url.len == 0)
        wrong = "its manifest is no hashed URI";
    else if (edge->active.value && cbor_member(map, "digitalSourceType"))
        wrong = "activeManifest together with digitalSourceType (C2PA 2.4)";
    else if (assertion->version >= 3 && edge->active.value && !results)
        wrong = "activeManifest without validationResults (C2PA 15.11.3.3)";
    else if (assertion->version >= 3 && !edge->active.value && results)
        wrong = "validationResults without activeManifest (C2PA 18.15.6)";
    else if (results && !are_results(results))
        wrong = "validationResults that are none (C2PA 15.2.1)";
    if (wrong)
        c2pa_say_assertion(subject, C2PA_INGREDIENT_MALFORMED, assertion, wrong);
}

void c2pa_judge_ingredients(const struct c2pa_subject *subject)
{
    struct c2pa_judge *judge = subject->judge;
    struct c2pa_ingredient **link = &subject->told->ingredients;
    size_t parents = 0;
    size_t count = 0;

    for (struct c2pa_edge *edge = judge->edges; edge && !c2pa_has_failed(judge);
         edge = edge->next) {
        if (edge->from != subject->manifest)
            continue;
        if (count++ >= LIMIT_C2PA_ITEMS) {
            judge->failed = why_set(judge->why, SH_ELIMIT, WHY_NOWHERE,
                                    "credentials: more than %d ingredients", LIMIT_C2PA_ITEMS);
            return;
        }
        parents += edge->relationship == C2PA_PARENT_OF;
        tell(judge, subject, edge, &link);
        check_shape(subject, edge);
        if (edge->active.url.len)
            check_edge(judge, edge);
        else if (edge->relationship != C2PA_INPUT_TO)
            c2pa_say_assertion(subject, C2PA_INGREDIENT_UNKNOWN, edge->assertion, NULL);
    }
    if (subject->manifest->kind == C2PA_UPDATE) {
        if (count != 1 || parents != 1)
            c2pa_say_claim(subject, C2PA_UPDATE_PARENTS,
                           "an update manifest needs one ingredient, a parentOf");
    } else if (parents > 1) {
        c2pa_say_claim(subject, C2PA_MULTIPLE_PARENTS, "more than one parentOf ingredient");
    }
}

/* ---- what is new ------------------------------------------------------------------------- */

/* Is label one of the steps of a URI, or all of it (some name a manifest by its label)? */
static bool has_label(struct slice uri, struct slice label)
{
    size_t at = 0;

    while (at + label.len <= uri.len) {
        size_t end = slice_find(uri, at, '/');

        if (slice_equal(slice_sub(uri, at, end - at), label))
            return true;
        at = end + 1;
    }
    return false;
}

/* A status that may be new about an ingredient, and where its URLs stand. */
struct news {
    struct c2pa_judge *judge;
    const struct c2pa_edge *edge;
    const struct c2pa_manifest *from; /* the ingredient's manifest, or who misses it */
    const struct c2pa_status *status;
};

/*
 * Is there an entry of this code in a list, about the same place?  Of a manifest that is as it
 * was, about the same manifest: validators do not agree which of its boxes a code is about.
 */
static bool in_list(const struct news *news, const struct cbor_value *list)
{
    const struct c2pa_status *status = news->status;
    struct c2pa_store *store = news->judge->store;

    if (!list || list->type != CBOR_ARRAY)
        return false;
    for (const struct cbor_value *entry = list->first; entry && c2pa_store_spend(store, 1);
         entry = entry->next) {
        struct slice url = c2pa_text_at(entry, "url");

        if (!slice_equal(c2pa_text_at(entry, "code"), slice_text(c2pa_code_text(status->code))))
            continue;
        if (url.len == 0 || status->url.len == 0 ||
            c2pa_uri_same(store, (struct c2pa_place){news->from, url},
                          (struct c2pa_place){news->from, status->url}) ||
            (unchanged(news->edge) && c2pa_store_spend(store, url.len) &&
             has_label(url, news->from->label) && has_label(status->url, news->from->label)))
            return true;
    }
    return false;
}

static bool in_results(const struct news *news, const struct cbor_value *results)
{
    return in_list(news, cbor_member(results, "success")) ||
           in_list(news, cbor_member(results, "informational")) ||
           in_list(news, cbor_member(results, "failure"));
}

/* Does one of these deltas say it about the ingredient? */
static bool in_deltas(const struct news *news, const struct c2pa_edge *other,
                      const struct cbor_value *deltas)
{
    const struct c2pa_place here = {news->edge->from, news->edge->told->uri};

    for (const struct cbor_value *one = deltas->first; one; one = one->next) {
        struct c2pa_place told = {other->from, c2pa_text_at(one, "ingredientAssertionURI")};

        if (c2pa_uri_same(news->judge->store, told, here) &&
            in_results(news, cbor_member(one, "validationDeltas")))
            return true;
    }
    return false;
}

/* Did whoever took this ingredient in, or took in what it is part of, say so already? */
static bool known(const struct news *news)
{
    const struct c2pa_edge *edge = news->edge;
    const struct cbor_value *own = cbor_member(edge->assertion->cbor, "validationResults");

    if (in_results(news, cbor_member(own, "activeManifest")) ||
        in_list(news, cbor_member(edge->assertion->cbor, "validationStatus")))
        return true;
    for (const struct c2pa_edge *other = news->judge->edges;
         other && c2pa_store_spend(news->judge->store, 1); other = other->next) {
        const struct cbor_value *deltas = cbor_member(
            cbor_member(other->assertion->cbor, "validationResults"), "ingredientDeltas");

        if (deltas && deltas->type == CBOR_ARRAY && in_deltas(news, other, deltas))
            return true;
    }
    return false;
}

static void delta_of(struct c2pa_judge *judge, struct c2pa_edge *edge,
                     const struct c2pa_results *results)
{
    /*
     * Whose hash holds was judged when it was taken in, by whoever vouches for that hash
     * (15.11.3.3.2): that its certificate has run out since is no news.
     */
    bool vouched = unchanged(edge);
    struct news news = {.judge = judge, .edge = edge, .from = edge->to ? edge->to : edge->from};

    for (const struct c2pa_status *one = results->first; one && !c2pa_has_failed(judge);
         one = one->next) {
        news.status = one;
        if (!known(&news) && !(vouched && one->code == C2PA_SIGNATURE_OUTSIDE))
            c2pa_status_add(judge, &edge->told->deltas, one);
    }
}

void c2pa_deltas(struct c2pa_judge *judge)
{
    for (struct c2pa_edge *edge = judge->edges; edge && !c2pa_has_failed(judge);
         edge = edge->next) {
        if (!edge->told)
            continue;
        delta_of(judge, edge, &edge->results);
        for (const struct c2pa_reached *one = judge->reached; edge->to && one; one = one->next)
            if (one->manifest == edge->to)
                delta_of(judge, edge, &one->told->results);
    }
}
