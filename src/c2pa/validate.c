/* The order of validation (C2PA 2.2 chapter 15), and what comes of it (14.3). */
#include "c2pa/validate_int.h"

/* ---- one manifest ------------------------------------------------------------------------ */

static void tell_claim(const struct c2pa_subject *subject)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;
    struct c2pa_manifest_report *told = subject->told;
    struct c2pa_judge *judge = subject->judge;

    told->claim_version = claim->map ? claim->version : 0;
    told->generator =
        c2pa_text(judge, claim->generator_name.len ? claim->generator_name : claim->generator);
    told->generator_version = c2pa_text(judge, claim->generator_version);
    told->title = c2pa_text(judge, claim->title);
    told->format = c2pa_text(judge, claim->format);
}

/* Our own assertion, for who looks up the dispatch; that it says so proves nothing. */
static void tell_own(const struct c2pa_subject *subject)
{
    for (size_t i = 0; i < subject->manifest->assertion_count; i++) {
        const struct c2pa_assertion *one = &subject->manifest->assertions[i];

        if (!one->listed || !slice_equal(one->label, slice_text("org.stillhere.dispatch")))
            continue;
        subject->told->channel = c2pa_text(subject->judge, c2pa_text_at(one->cbor, "channel"));
        subject->told->dispatch =
            c2pa_text(subject->judge, c2pa_text_at(one->cbor, "dispatch"));
    }
}

/* Can the claim be judged at all? */
static bool claim_stands(const struct c2pa_subject *subject)
{
    const struct c2pa_manifest *manifest = subject->manifest;
    const struct c2pa_claim *claim = &manifest->claim;

    if (manifest->ambiguous)
        c2pa_say_claim(subject, C2PA_CLAIM_MALFORMED,
                       "two manifests with one label: references cannot be told apart");
    if (manifest->fault.kind != C2PA_SOUND) {
        c2pa_say_claim(subject, manifest->compressed ? C2PA_COMPRESSED_INVALID : C2PA_GENERAL,
                       manifest->fault.text);
        return false;
    }
    switch (claim->fault.kind) {
    case C2PA_SOUND:
        break;
    case C2PA_ABSENT:
        c2pa_say_claim(subject, C2PA_CLAIM_MISSING, claim->fault.text);
        return false;
    case C2PA_SEVERAL:
        c2pa_say_claim(subject, C2PA_CLAIM_MULTIPLE, claim->fault.text);
        return false;
    case C2PA_BAD_CBOR:
        c2pa_say_claim(subject, C2PA_CLAIM_CBOR, claim->fault.text);
        return false;
    default:
        c2pa_say_claim(subject, C2PA_CLAIM_MALFORMED, claim->fault.text);
        return claim->map != NULL;
    }
    return true;
}

static void judge_manifest(const struct c2pa_subject *subject)
{
    subject->told->label = c2pa_text(subject->judge, subject->manifest->label);
    subject->told->update = subject->manifest->kind == C2PA_UPDATE;
    tell_claim(subject);
    if (!claim_stands(subject))
        return;
    if (subject->manifest->foreign ||
        (subject->manifest == subject->judge->store->active && subject->judge->store->foreign))
        c2pa_say_claim(subject, C2PA_BOX_ODD,
                       "a box in the store that C2PA does not know, and that nothing signs");
    c2pa_judge_signature(subject);
    c2pa_judge_assertions(subject);
    c2pa_judge_actions(subject);
    c2pa_judge_ingredients(subject);
    tell_own(subject);
}

/* ---- the content ------------------------------------------------------------------------- */

/* The manifest whose hard binding counts: the first that is no update (15.12). */
static const struct c2pa_manifest *bound_manifest(const struct c2pa_judge *judge)
{
    const struct c2pa_manifest *manifest = judge->store->active;

    for (size_t i = 0; manifest && manifest->kind == C2PA_UPDATE; i++) {
        const struct c2pa_edge *edge = judge->edges;

        while (edge && (edge->from != manifest || edge->relationship != C2PA_PARENT_OF))
            edge = edge->next;
        manifest = edge && i < judge->store->manifest_count ? edge->to : NULL;
    }
    return manifest;
}

static const struct c2pa_assertion *binding_of(const struct c2pa_manifest *manifest)
{
    for (size_t i = 0; manifest && i < manifest->assertion_count; i++) {
        const struct c2pa_assertion *one = &manifest->assertions[i];

        if (one->listed && !one->ambiguous && c2pa_named(one, "c2pa.hash.bmff") &&
            c2pa_is_binding(one))
            return one;
    }
    return NULL;
}

static void say_odd(const struct c2pa_subject *subject, unsigned odd)
{
    static const struct {
        unsigned bit;
        enum c2pa_code code;
        const char *text;
    } known[] = {
        {C2PA_ODD_VERSION, C2PA_GENERAL,
         "version or flags of a C2PA box are not 0: nothing says how to read it (C2PA A.5.1)"},
        {C2PA_ODD_MERKLE_AT, C2PA_BOX_ODD,
         "the C2PA box names another place than that of its Merkle boxes (C2PA A.5.1)"},
        {C2PA_ODD_PLACE, C2PA_BOX_ODD, "the C2PA box is not where it belongs (C2PA A.5.3)"},
        {C2PA_ODD_OTHER, C2PA_BOX_ODD, "a C2PA box of a purpose that C2PA A.5 does not know"},
        {C2PA_ODD_PADDING, C2PA_BOX_ODD, "not zero: padding of a Merkle box (C2PA A.5.4)"},
        {C2PA_ODD_STRAY, C2PA_BOX_ODD, "a Merkle box that belongs to no tree (C2PA A.5.4)"},
        {C2PA_ODD_BARE, C2PA_BOX_ODD,
         "a second ftyp, or mfra without fragments: no hash covers what is in it (A.5.6)"}};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (odd & known[i].bit)
            c2pa_say_claim(subject, known[i].code, known[i].text);
}

/*
 * Bytes that no hash covers and that are not zero: told, and where pictures or sound should
 * be, or in a box for padding behind all that is hashed (anybody can append one), no match
 * (C2PA 9.2; what 15.12.1.1 says of other hashes).  In front of what is hashed there was such
 * a box already, as the places of boxes are in the hash: editors leave there what was a moov.
 */
static bool hides(const struct c2pa_bound *bound)
{
    const struct c2pa_uncovered *un = &bound->uncovered;

    return bound->verdict == C2PA_BOUND_MATCH && (un->media || (un->to && un->behind));
}

static void uncovered_text(const struct c2pa_uncovered *un, struct bytes *out)
{
    if (un->media)
        bytes_text(out, C2PA_MEDIA_LEFT_OUT);
    else
        bytes_printf(out, "bytes %llu to %llu" C2PA_BYTES_LEFT_OUT,
                     (unsigned long long)un->from, (unsigned long long)un->to);
    bytes_u8(out, 0);
}

static void take_bound(const struct c2pa_subject *subject, const struct c2pa_subject *owner,
                       const struct c2pa_assertion *assertion, const struct c2pa_bound *bound)
{
    static const enum c2pa_code said[] = {[C2PA_BOUND_MATCH] = C2PA_BMFF_MATCH,
                                          [C2PA_BOUND_MISMATCH] = C2PA_BMFF_MISMATCH,
                                          [C2PA_BOUND_MALFORMED] = C2PA_BMFF_MALFORMED,
                                          [C2PA_BOUND_ALGORITHM] = C2PA_ALGORITHM_UNSUPPORTED};
    const struct c2pa_uncovered *un = &bound->uncovered;
    struct c2pa_report *report = subject->judge->report;
    struct bytes text = {0};

    bytes_init(&text, 200);
    uncovered_text(un, &text);
    if (hides(bound))
        c2pa_say_assertion(owner, C2PA_BMFF_MISMATCH, assertion, (const char *)text.ptr);
    else
        c2pa_say_assertion(owner, said[bound->verdict], assertion,
                           bound->cause.text[0] ? bound->cause.text : NULL);
    if (bound->additional)
        c2pa_say_assertion(owner, C2PA_BMFF_EXCLUSIONS, assertion, NULL);
    if (un->to && !hides(bound))
        c2pa_say_assertion(owner, C2PA_UNCOVERED, assertion, (const char *)text.ptr);
    bytes_release(&text);
    say_odd(subject, subject->judge->file->odd | bound->odd);
    report->has_file_sha256 = bound->has_file_sha256;
    memcpy(report->file_sha256, bound->file_sha256, sizeof(report->file_sha256));
    report->ranges = bound->ranges;
    report->range_count = bound->range_count;
}

static int judge_content(const struct c2pa_subject *subject)
{
    struct c2pa_judge *judge = subject->judge;
    const struct c2pa_options *options = judge->options;
    const struct c2pa_manifest *manifest = bound_manifest(judge);
    const struct c2pa_assertion *assertion = binding_of(manifest);
    /* Said about the active manifest, with the place of the assertion (15.12). */
    struct c2pa_subject owner = {.judge = judge, .manifest = manifest, .told = subject->told};
    struct c2pa_binding binding = {.fragments = options->fragments,
                                   .fragment_count = options->fragment_count,
                                   .hash_file = options->hash_file,
                                   .explain = options->explain,
                                   .ctx = options->ctx,
                                   .share = options->share};
    struct c2pa_bound bound = {0};
    int rc;

    if (!assertion) {
        if (!c2pa_results_have(&subject->told->results, C2PA_BINDINGS_MISSING))
            c2pa_say_claim(subject, C2PA_BINDINGS_MISSING,
                           "no hash of boxes (c2pa.hash.bmff), which a file of boxes needs");
        return 0;
    }
    subject->told->binding = c2pa_text(judge, assertion->label);
    if (!assertion->cbor || assertion->cbor->type != CBOR_MAP) {
        c2pa_say_assertion(&owner, C2PA_BMFF_MALFORMED, assertion, "it is no map");
        return 0;
    }
    binding.version = assertion->version >= 3 ? C2PA_BMFF_V3 : assertion->version;
    binding.map = assertion->cbor;
    binding.alg = manifest->claim.alg;
    rc = c2pa_binding_check(judge->file, &binding, judge->arena, &bound, judge->why);
    if (rc == 0)
        take_bound(subject, &owner, assertion, &bound);
    return rc;
}

/* ---- the states (14.3) ------------------------------------------------------------------ */

static enum c2pa_state state_of(const struct c2pa_results *results)
{
    if (c2pa_results_failure(results) ||
        !c2pa_results_have(results, C2PA_SIGNATURE_VALIDATED) ||
        !c2pa_results_have(results, C2PA_SIGNATURE_INSIDE))
        return C2PA_INVALID;
    return c2pa_results_have(results, C2PA_CREDENTIAL_TRUSTED) ? C2PA_TRUSTED : C2PA_VALID;
}

static struct slice cause_of(const struct c2pa_status *status)
{
    return status->explanation.len ? status->explanation
                                   : slice_text(c2pa_code_text(status->code));
}

/* What is new about an ingredient counts against the whole; what its user said already not. */
static void conclude(const struct c2pa_judge *judge)
{
    struct c2pa_report *report = judge->report;
    const struct c2pa_status *failure = c2pa_results_failure(&report->manifests->results);

    for (struct c2pa_reached *one = judge->reached; one; one = one->next)
        one->told->state = state_of(&one->told->results);
    report->state = report->manifests->state;
    if (report->state == C2PA_INVALID)
        report->cause = failure ? cause_of(failure) : slice_text("the signature does not hold");
    if (judge->file && report->state != C2PA_INVALID &&
        !c2pa_results_have(&report->manifests->results, C2PA_BMFF_MATCH)) {
        report->state = C2PA_INVALID;
        report->cause = slice_text("the content was not found to match");
    }
    for (const struct c2pa_edge *edge = judge->edges; edge; edge = edge->next) {
        if (!edge->told || report->state < C2PA_VALID)
            continue;
        failure = c2pa_results_failure(&edge->told->deltas);
        if (failure) {
            report->state = C2PA_INVALID;
            report->cause = cause_of(failure);
        } else if (c2pa_results_have(&edge->told->deltas, C2PA_CREDENTIAL_UNTRUSTED)) {
            report->state = C2PA_VALID;
        }
    }
}

/* ---- all of it ------------------------------------------------------------------------ */

static int judge_all(struct c2pa_judge *judge)
{
    int rc = 0;

    c2pa_reach(judge);
    for (struct c2pa_reached *one = judge->reached; one && !c2pa_has_failed(judge);
         one = one->next) {
        struct c2pa_subject subject = {
            .judge = judge, .manifest = one->manifest, .told = one->told};

        judge_manifest(&subject);
        if (one == judge->reached && judge->file && one->told->claim_version &&
            judge->failed == 0)
            rc = judge_content(&subject);
        if (rc)
            return rc;
    }
    if (!c2pa_has_failed(judge))
        c2pa_deltas(judge);
    if (!c2pa_has_failed(judge))
        conclude(judge);
    return judge->failed;
}

/* Something is there that is no manifest store. */
static void malformed(struct c2pa_judge *judge, const char *text)
{
    judge->report->state = C2PA_MALFORMED;
    judge->report->cause = c2pa_text(judge, slice_text(text));
}

static int judge_parts(struct c2pa_judge *judge, const struct slice *parts, size_t count)
{
    const struct c2pa_options *options = judge->options;
    struct c2pa_store_options reading = {
        .parts = parts, .part_count = count, .inflate = options->inflate, .ctx = options->ctx};
    struct why why = {0};
    int rc = c2pa_store_parse(&reading, judge->arena, &judge->store, &why);

    if (rc == SH_EFORMAT || rc == SH_ELIMIT || rc == SH_EUNSUPPORTED) {
        malformed(judge, why.text);
        return 0;
    }
    if (rc)
        return why_set(judge->why, rc, why.offset, "%s", why.text);
    if (options->dump)
        c2pa_store_json(judge->store, options->dump);
    return judge_all(judge);
}

int c2pa_verify_store(struct slice store, const struct c2pa_options *options,
                      struct arena *arena, struct c2pa_report *out, struct why *why)
{
    struct c2pa_report report = {0};
    struct c2pa_judge judge = {
        .options = options, .arena = arena, .report = &report, .why = why};
    int rc = judge_parts(&judge, &store, 1);

    if (rc == 0)
        rc = judge.failed;
    if (rc == 0)
        *out = report;
    return rc;
}

int c2pa_verify(const struct bmff_source *file, const struct c2pa_options *options,
                struct arena *arena, struct c2pa_report *out, struct why *why)
{
    struct c2pa_report report = {0};
    struct c2pa_file boxes = {0};
    struct c2pa_judge judge = {
        .options = options, .arena = arena, .report = &report, .file = &boxes, .why = why};
    struct slice parts[2] = {{0}};
    size_t count = 0;
    int rc = c2pa_file_open(file, arena, &boxes, why);

    if (rc)
        return rc;
    if (boxes.store == C2PA_STORE_BROKEN) {
        malformed(&judge, boxes.cause.text);
    } else if (boxes.store == C2PA_STORE_FOUND) {
        rc = c2pa_file_store(&boxes, arena, parts, &count, why);
        if (rc == 0)
            rc = judge_parts(&judge, parts, count);
    } else if (boxes.odd & C2PA_ODD_OTHER) {
        malformed(&judge, "a C2PA box without a manifest store that can be read (C2PA A.5)");
    }
    if (rc == 0)
        rc = judge.failed;
    if (rc == 0)
        *out = report;
    return rc;
}
