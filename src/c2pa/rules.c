/* Assertions: are they those of the claim, and do they say what they may (C2PA 2.2 15.10)? */
#include "c2pa/validate_int.h"

/* Not a cap: labels of hard bindings, and kinds with rules of their own. */
static const char *const bindings[] = {"c2pa.hash.data", "c2pa.hash.boxes",
                                       "c2pa.hash.collection.data", "c2pa.hash.bmff"};

bool c2pa_named(const struct c2pa_assertion *assertion, const char *name)
{
    return slice_equal(assertion->name, slice_text(name));
}

bool c2pa_is_binding(const struct c2pa_assertion *assertion)
{
    for (size_t i = 0; i < COUNT_OF(bindings); i++)
        if (c2pa_named(assertion, bindings[i]))
            return i != COUNT_OF(bindings) - 1 || assertion->version <= 3; /* of bmff */
    return false;
}

bool c2pa_is_ingredient(const struct c2pa_assertion *assertion)
{
    return c2pa_named(assertion, "c2pa.ingredient");
}

bool c2pa_is_redacted(const struct c2pa_judge *judge, const struct c2pa_manifest *manifest,
                      struct slice uri)
{
    const struct c2pa_place place = {manifest, uri};

    for (const struct c2pa_redaction *one = judge->redactions;
         one && c2pa_store_spend(judge->store, 1); one = one->next)
        if (c2pa_uri_same(judge->store, (struct c2pa_place){one->by, one->uri}, place))
            return true;
    return false;
}

static const struct cbor_value *member(const struct c2pa_assertion *assertion, const char *name)
{
    return cbor_member(assertion->cbor, name);
}

/* The last label of a URI. */
static struct slice last_label(struct slice uri)
{
    size_t from = uri.len;

    while (from > 0 && uri.ptr[from - 1] != '/' && uri.ptr[from - 1] != '=')
        from--;
    return slice_sub(uri, from, uri.len - from);
}

static bool label_is_binding(struct slice label)
{
    for (size_t i = 0; i < COUNT_OF(bindings); i++)
        if (slice_starts(label, bindings[i]))
            return true;
    return false;
}

/* ---- redactions ------------------------------------------------------------------------- */

/* What this claim says is redacted must be somebody else's, and of a kind that may be. */
static void judge_redactions(const struct c2pa_subject *subject)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;

    for (size_t i = 0; i < claim->redacted_count && !c2pa_has_failed(subject->judge); i++) {
        struct slice uri = claim->redacted[i];
        struct c2pa_target target = {0};

        c2pa_uri_follow(subject->judge->store, subject->manifest, uri, &target);
        if (target.kind == C2PA_URI_MALFORMED) {
            c2pa_say_claim(subject, C2PA_CLAIM_MALFORMED, "a redaction that is no JUMBF URI");
            continue;
        }
        if (slice_equal(target.manifest_label, subject->manifest->label))
            c2pa_say_claim(subject, C2PA_SELF_REDACTED,
                           "the claim redacts an assertion of its own");
        if (slice_starts(last_label(uri), "c2pa.actions"))
            c2pa_say_claim(subject, C2PA_ACTION_REDACTED, "actions may not be redacted");
        if (label_is_binding(last_label(uri)))
            c2pa_say_claim(subject, C2PA_BINDING_REDACTED,
                           "a hard binding may not be redacted");
        if (target.assertion && (!target.assertion->redacted || target.assertion->not_zero))
            c2pa_say_claim(subject, C2PA_NOT_REDACTED,
                           "what the claim says is redacted is still there");
    }
}

/* ---- the list of the claim -------------------------------------------------------------- */

const struct c2pa_hashed_uri *c2pa_claim_entry(const struct c2pa_claim *claim, size_t index)
{
    return index < claim->created_count ? &claim->created[index]
                                        : &claim->gathered[index - claim->created_count];
}

static bool said_before(const struct c2pa_subject *subject, size_t index)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;
    const struct c2pa_place one = {subject->manifest, c2pa_claim_entry(claim, index)->url};
    struct c2pa_place other = one;

    for (size_t i = 0; i < index; i++) {
        other.url = c2pa_claim_entry(claim, i)->url;
        if (c2pa_uri_same(subject->judge->store, one, other))
            return true;
    }
    return false;
}

static void judge_reference(const struct c2pa_subject *subject,
                            const struct c2pa_hashed_uri *reference)
{
    struct c2pa_judge *judge = subject->judge;
    const struct c2pa_manifest *manifest = subject->manifest;
    struct c2pa_target target = {0};

    c2pa_uri_follow(judge->store, manifest, reference->url, &target);
    if (c2pa_is_redacted(judge, manifest, reference->url)) {
        /* Whoever redacted it is judged for that; it is not missed (15.10.3.1). */
        if (!target.assertion || target.assertion->redacted)
            return;
    }
    if (target.kind != C2PA_URI_MALFORMED && target.manifest_label.len &&
        !slice_equal(target.manifest_label, manifest->label)) {
        c2pa_say_claim(subject, C2PA_OUTSIDE_MANIFEST,
                       "the claim lists an assertion of another manifest");
        return;
    }
    if (!target.assertion) {
        c2pa_say(subject, C2PA_ASSERTION_MISSING, "c2pa.assertions", last_label(reference->url),
                 "the claim lists what is not there, or is there twice");
        return;
    }
    if (!c2pa_reference_check(judge, manifest, reference, &target))
        return;
    if (target.check == C2PA_CHECK_MATCH)
        c2pa_say_assertion(subject, C2PA_HASHED_URI_MATCH, target.assertion, NULL);
    else if (target.check == C2PA_CHECK_ALGORITHM)
        c2pa_say_assertion(subject, C2PA_ALGORITHM_UNSUPPORTED, target.assertion,
                           "no hash algorithm that C2PA 13.1 allows");
    else
        c2pa_say_assertion(subject, C2PA_HASHED_URI_MISMATCH, target.assertion,
                           "it was changed after the claim was made");
}

static void judge_list(const struct c2pa_subject *subject)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;
    size_t all = claim->created_count + claim->gathered_count;

    for (size_t i = 0; i < all && !c2pa_has_failed(subject->judge); i++) {
        const struct c2pa_hashed_uri *reference = c2pa_claim_entry(claim, i);

        if (said_before(subject, i))
            c2pa_say_claim(subject, C2PA_CLAIM_MALFORMED, "an assertion is listed twice");
        else
            judge_reference(subject, reference);
        if (i >= claim->created_count && label_is_binding(last_label(reference->url)))
            c2pa_say_claim(subject, C2PA_CLAIM_MALFORMED,
                           "a hard binding among the gathered assertions (C2PA 10.3.1)");
    }
}

/* ---- rules of single kinds -------------------------------------------------------------- */

static void judge_cloud(const struct c2pa_subject *subject,
                        const struct c2pa_assertion *assertion)
{
    struct slice label = c2pa_text_at(assertion->cbor, "label");
    const struct cbor_value *location = member(assertion, "location");

    if (label.len == 0 || !member(assertion, "size") || !location ||
        !member(assertion, "content_type"))
        c2pa_say_assertion(subject, C2PA_CLOUD_MALFORMED, assertion,
                           "label, size, location or content_type is missing");
    if (label_is_binding(label))
        c2pa_say_assertion(subject, C2PA_CLOUD_BINDING, assertion,
                           "a hard binding that is elsewhere");
    if (subject->manifest->kind == C2PA_UPDATE && slice_starts(label, "c2pa.actions"))
        c2pa_say_assertion(subject, C2PA_CLOUD_ACTIONS, assertion,
                           "actions of an update manifest that are elsewhere");
}

static void judge_external(const struct c2pa_subject *subject,
                           const struct c2pa_assertion *assertion)
{
    struct slice label = c2pa_text_at(assertion->cbor, "label");

    if (label.len == 0 || !member(assertion, "url") || member(assertion, "relationship"))
        return;
    if (slice_equal(label, slice_text("c2pa.actions")) ||
        slice_equal(label, slice_text("c2pa.external-reference")) ||
        slice_starts(label, "c2pa.hash") || slice_starts(label, "c2pa.ingredient"))
        c2pa_say_assertion(subject, C2PA_EXTERNAL_MALFORMED, assertion,
                           "a kind of assertion that may not be elsewhere (C2PA 2.4)");
}

static size_t count_named(const struct c2pa_manifest *manifest, const char *name,
                          const struct c2pa_assertion **last)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->assertion_count; i++)
        if (c2pa_named(&manifest->assertions[i], name)) {
            count++;
            if (last)
                *last = &manifest->assertions[i];
        }
    return count;
}

/* 2.4: the embedded image is what it was, by the hash that the assertion has of it. */
static void judge_embedded(const struct c2pa_subject *subject,
                           const struct c2pa_assertion *assertion,
                           const struct cbor_value *embedded)
{
    struct c2pa_judge *judge = subject->judge;
    struct c2pa_hashed_uri reference = {0};
    struct c2pa_target target = {0};

    if (!c2pa_hashed_uri_parse(embedded, &reference)) {
        c2pa_say_assertion(subject, C2PA_ALTERNATIVE_MALFORMED, assertion,
                           "the embedded image has no hash");
        return;
    }
    if (c2pa_uri_check(judge->store, subject->manifest, &reference, &target, judge->why) != 0)
        judge->failed = SH_ELIMIT;
    else if (target.check == C2PA_CHECK_MATCH)
        c2pa_say_assertion(subject, C2PA_ALTERNATIVE_MATCH, assertion, NULL);
    else if (target.check == C2PA_CHECK_ALGORITHM)
        c2pa_say_assertion(subject, C2PA_ALGORITHM_UNSUPPORTED, assertion,
                           "no hash algorithm that C2PA 13.1 allows");
    else
        c2pa_say_assertion(subject, C2PA_HASHED_URI_MISMATCH, assertion,
                           target.check == C2PA_CHECK_MISSING
                               ? "the embedded image is not there"
                               : "the embedded image was changed");
}

/* 2.4: another representation of the content, by its place in a multi-asset file or whole. */
static void judge_alternative(const struct c2pa_subject *subject,
                              const struct c2pa_assertion *assertion)
{
    const struct cbor_value *from = member(assertion, "parameters");
    const struct cbor_value *index, *embedded, *parts;
    const struct c2pa_assertion *multi = NULL;
    const char *wrong = NULL;

    if (!from || from->type != CBOR_MAP)
        from = assertion->cbor;
    index = cbor_member(from, "multiAssetPartIndex");
    embedded = cbor_member(from, "embeddedOriginalPreservationImage");
    if (count_named(subject->manifest, "c2pa.alternative-content-representation", NULL) +
            count_named(subject->manifest, "c2pa.alternativeContentRepresentation", NULL) >
        1)
        wrong = "more than one of its kind";
    else if (!index == !embedded)
        wrong = "not one of a part and an embedded image";
    else if (count_named(subject->manifest, "c2pa.hash.multi-asset", &multi) == 0)
        wrong = "no c2pa.hash.multi-asset beside it";
    parts = multi ? cbor_member(multi->cbor, "parts") : NULL;
    if (!wrong && index &&
        (index->type != CBOR_UNSIGNED || !parts || parts->type != CBOR_ARRAY ||
         index->number >= parts->count))
        wrong = "there is no part of that index";
    if (wrong)
        c2pa_say_assertion(subject, C2PA_ALTERNATIVE_MALFORMED, assertion, wrong);
    else if (embedded)
        judge_embedded(subject, assertion, embedded);
}

static void judge_source(const struct c2pa_subject *subject,
                         const struct c2pa_assertion *assertion)
{
    const struct cbor_value *metadata = member(assertion, "metadata");
    const struct cbor_value *maps[] = {assertion->cbor, metadata};

    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        struct slice type = c2pa_text_at(cbor_member(maps[i], "dataSource"), "type");

        if (cbor_member(maps[i], "reviewRatings") &&
            (slice_equal(type, slice_text("humanEntry.anonymous")) ||
             slice_equal(type, slice_text("humanEntry.credentialed"))))
            c2pa_say_assertion(subject, C2PA_INGREDIENT_MALFORMED, assertion,
                               "ratings of what a person entered (C2PA 2.4)");
    }
}

/* ---- references inside of assertions (15.10.3.3) ---------------------------------------- */

static bool judged_elsewhere(const struct c2pa_assertion *assertion,
                             const struct cbor_value *name)
{
    static const char *const names[] = {"activeManifest", "c2pa_manifest",
                                        "claimSignature", "location",
                                        "metadata",       "embeddedOriginalPreservationImage"};

    if (name->type == CBOR_TEXT && c2pa_named(assertion, "c2pa.actions") &&
        (slice_equal(name->string, slice_text("ingredients")) ||
         slice_equal(name->string, slice_text("ingredient"))))
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (name->type == CBOR_TEXT && slice_equal(name->string, slice_text(names[i])))
            return true;
    return false;
}

static void judge_inner(const struct c2pa_subject *subject,
                        const struct c2pa_assertion *assertion, const struct cbor_value *map)
{
    struct c2pa_judge *judge = subject->judge;
    struct c2pa_hashed_uri reference = {0};
    struct c2pa_target target = {0};

    if (!c2pa_hashed_uri_parse(map, &reference) ||
        !slice_starts(reference.url, "self#jumbf=") ||
        c2pa_is_redacted(judge, subject->manifest, reference.url))
        return;
    if (!c2pa_reference_check(judge, subject->manifest, &reference, &target))
        return;
    if (target.check == C2PA_CHECK_MISSING)
        c2pa_say_assertion(subject, C2PA_REFERENCE_MISSING, assertion,
                           "it refers to what is not there");
    else if (target.check == C2PA_CHECK_MISMATCH)
        c2pa_say_assertion(subject, C2PA_REFERENCE_MISMATCH, assertion,
                           "what it refers to was changed");
    else if (target.check == C2PA_CHECK_ALGORITHM)
        c2pa_say_assertion(subject, C2PA_ALGORITHM_UNSUPPORTED, assertion,
                           "no hash algorithm that C2PA 13.1 allows");
}

/* The name under which value stands in the map around it; NULL in an array. */
static const struct cbor_value *name_of(const struct cbor_value *value)
{
    const struct cbor_value *name =
        value->parent && value->parent->type == CBOR_MAP ? value->parent->first : NULL;

    for (; name && name->next; name = name->next->next)
        if (name->next == value)
            return name;
    return NULL;
}

/* Is value below a member whose references are judged by another rule? */
static bool skipped(const struct c2pa_assertion *assertion, const struct cbor_value *value)
{
    for (; value && value != assertion->cbor; value = value->parent) {
        const struct cbor_value *name = name_of(value);

        if (name && judged_elsewhere(assertion, name))
            return true;
    }
    return false;
}

static void judge_inside(const struct c2pa_subject *subject,
                         const struct c2pa_assertion *assertion)
{
    for (const struct cbor_value *value = assertion->cbor;
         value && !c2pa_has_failed(subject->judge); value = cbor_walk(assertion->cbor, value))
        if (value->type == CBOR_MAP && cbor_member(value, "url") && !skipped(assertion, value))
            judge_inner(subject, assertion, value);
}

/* ---- one assertion ---------------------------------------------------------------------- */

static void judge_json(const struct c2pa_subject *subject,
                       const struct c2pa_assertion *assertion)
{
    struct c2pa_judge *judge = subject->judge;
    struct arena arena;
    struct json_value *root = NULL;
    struct why why = {0};
    int rc;

    arena_init(&arena, LIMIT_C2PA_ARENA / 4);
    rc = json_read(assertion->data, LIMIT_JSON_DEPTH, &arena, &root, &why);
    /* That there is no memory says nothing about the assertion. */
    if (rc == SH_ENOMEM && judge->failed == 0)
        judge->failed = why_set(judge->why, rc, WHY_NOWHERE, "credentials: %s", why.text);
    else if (rc != SH_OK)
        c2pa_say_assertion(subject, C2PA_JSON_INVALID, assertion, why.text);
    arena_release(&arena);
}

static void judge_content(const struct c2pa_subject *subject,
                          const struct c2pa_assertion *assertion)
{
    bool standard =
        slice_starts(assertion->label, "c2pa.") || slice_starts(assertion->label, "stds.");

    if (assertion->content == C2PA_CONTENT_CBOR && !assertion->cbor) {
        if (standard)
            c2pa_say_assertion(subject, C2PA_CBOR_INVALID, assertion, assertion->fault.text);
        return;
    }
    if (assertion->content == C2PA_CONTENT_JSON && standard)
        judge_json(subject, assertion);
    if (c2pa_named(assertion, "c2pa.time-stamp") &&
        (!assertion->cbor || assertion->cbor->type != CBOR_MAP || assertion->cbor->count == 0))
        c2pa_say_assertion(subject, C2PA_STAMP_ASSERTION_MALFORMED, assertion,
                           "not a map of time stamps");
    if (!assertion->cbor)
        return;
    if (c2pa_named(assertion, "c2pa.cloud-data"))
        judge_cloud(subject, assertion);
    if (c2pa_named(assertion, "c2pa.external-reference"))
        judge_external(subject, assertion);
    if (c2pa_named(assertion, "c2pa.alternative-content-representation") ||
        c2pa_named(assertion, "c2pa.alternativeContentRepresentation"))
        judge_alternative(subject, assertion);
    judge_source(subject, assertion);
    if (standard)
        judge_inside(subject, assertion);
}

static void judge_kind(const struct c2pa_subject *subject)
{
    const struct c2pa_manifest *manifest = subject->manifest;
    size_t hard = 0;

    for (size_t i = 0; i < manifest->assertion_count; i++) {
        const struct c2pa_assertion *assertion = &manifest->assertions[i];

        if (!assertion->listed || assertion->redacted)
            continue;
        hard += c2pa_is_binding(assertion);
        if (manifest->kind == C2PA_UPDATE &&
            (c2pa_is_binding(assertion) || c2pa_named(assertion, "c2pa.hash.multi-asset") ||
             slice_starts(assertion->label, "c2pa.thumbnail")))
            c2pa_say_claim(subject, C2PA_UPDATE_INVALID,
                           "a hash or a thumbnail in an update manifest");
    }
    if (manifest->kind == C2PA_STANDARD && hard == 0)
        c2pa_say_claim(subject, C2PA_BINDINGS_MISSING, "nothing binds the claim to content");
    else if (hard > 1)
        c2pa_say(subject, C2PA_MULTIPLE_BINDINGS, "", slice_text("c2pa.assertions"),
                 "several hard bindings");
}

/* An icon of the generator is a reference like any other (15.6.2). */
static void judge_icon(const struct c2pa_subject *subject)
{
    const struct cbor_value *icon =
        cbor_member(subject->manifest->claim.generator_info, "icon");
    struct c2pa_hashed_uri reference = {0};
    struct c2pa_target target = {0};

    if (!icon || icon->type != CBOR_MAP || !c2pa_hashed_uri_parse(icon, &reference) ||
        !slice_starts(reference.url, "self#jumbf="))
        return;
    if (!c2pa_reference_check(subject->judge, subject->manifest, &reference, &target))
        return;
    if (target.check == C2PA_CHECK_MISSING)
        c2pa_say_claim(subject, C2PA_REFERENCE_MISSING, "the icon is not there");
    else if (target.check != C2PA_CHECK_MATCH)
        c2pa_say_claim(subject, C2PA_REFERENCE_MISMATCH, "the icon was changed");
}

void c2pa_judge_assertions(const struct c2pa_subject *subject)
{
    const struct c2pa_manifest *manifest = subject->manifest;

    judge_icon(subject);
    judge_redactions(subject);
    judge_list(subject);
    for (size_t i = 0; i < manifest->assertion_count && subject->judge->failed == 0; i++) {
        const struct c2pa_assertion *assertion = &manifest->assertions[i];

        if (!assertion->listed)
            c2pa_say_assertion(subject, C2PA_UNDECLARED, assertion,
                               "an assertion that the claim does not list");
        else if (assertion->redacted)
            continue;
        else
            judge_content(subject, assertion);
    }
    judge_kind(subject);
}
