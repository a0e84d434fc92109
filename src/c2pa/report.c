/* Statuses and texts of a report: what comes from a file is made harmless here. */
#include "c2pa/c2pa_int.h"
#include "c2pa/validate_int.h"

void *c2pa_take(struct c2pa_judge *judge, size_t size)
{
    void *memory = arena_take(judge->arena, size);

    if (!memory && judge->failed == 0)
        judge->failed =
            why_set(judge->why, SH_ENOMEM, WHY_NOWHERE,
                    "credentials: what they say needs more than %zu bytes of memory",
                    judge->arena->max);
    return memory;
}

bool c2pa_has_failed(struct c2pa_judge *judge)
{
    if (judge->failed == 0 && !c2pa_store_spend(judge->store, 0))
        judge->failed = why_set(judge->why, SH_ELIMIT, WHY_NOWHERE,
                                "credentials: their references ask for more work than is done");
    return judge->failed != 0;
}

bool c2pa_reference_check(struct c2pa_judge *judge, const struct c2pa_manifest *from,
                          const struct c2pa_hashed_uri *reference, struct c2pa_target *target)
{
    int rc = c2pa_uri_check(judge->store, from, reference, target, judge->why);

    if (rc != SH_OK && judge->failed == 0)
        judge->failed = rc;
    return rc == SH_OK;
}

/* ---- texts ------------------------------------------------------------------------------- */

static void neutral(struct bytes *out, struct slice raw, size_t most)
{
    static const char bad[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t len;

    for (size_t at = 0; at < raw.len; at += len) {
        uint32_t code = 0;
        bool broken;

        if (out->len + 12 > most - 3) {
            bytes_text(out, "...");
            return;
        }
        len = text_next(raw, at, &code);
        broken = !len;
        if (broken)
            len = 1;
        if (broken)
            bytes_text(out, bad);
        else if (text_is_unseen(code))
            bytes_printf(out, "\\u{%x}", (unsigned)code);
        else
            bytes_slice(out, slice_sub(raw, at, len));
    }
}

struct slice c2pa_text(struct c2pa_judge *judge, struct slice raw)
{
    struct bytes out = {0};
    struct slice kept = {0};
    uint8_t *memory;

    if (raw.len == 0)
        return kept;
    bytes_init(&out, LIMIT_C2PA_TEXT);
    neutral(&out, raw, LIMIT_C2PA_TEXT);
    if (bytes_check(&out, judge->why) != SH_OK && judge->failed == 0)
        judge->failed = (int)out.failed;
    memory = c2pa_take(judge, out.len ? out.len : 1);
    if (memory && out.len) {
        memcpy(memory, out.ptr, out.len);
        kept = slice_of(memory, out.len);
    }
    bytes_release(&out);
    return kept;
}

/* ---- statuses ---------------------------------------------------------------------------- */

void c2pa_status_add(struct c2pa_judge *judge, struct c2pa_results *results,
                     const struct c2pa_status *status)
{
    struct c2pa_status *kept;

    if (judge->statuses >= LIMIT_C2PA_STATUSES) {
        if (judge->failed == 0)
            judge->failed = why_set(judge->why, SH_ELIMIT, WHY_NOWHERE,
                                    "credentials: more than %d things to say about them",
                                    LIMIT_C2PA_STATUSES);
        return;
    }
    kept = c2pa_take(judge, sizeof(*kept));
    if (!kept)
        return;
    *kept = *status;
    kept->next = NULL;
    if (results->last)
        results->last->next = kept;
    else
        results->first = kept;
    results->last = kept;
    results->count++;
    judge->statuses++;
}

void c2pa_say(const struct c2pa_subject *subject, enum c2pa_code code, const char *path,
              struct slice label, const char *explanation)
{
    struct c2pa_judge *judge = subject->judge;
    struct c2pa_status status = {.code = code};
    struct bytes uri = {0};

    bytes_init(&uri, 4096);
    c2pa_uri_build(subject->manifest, path, label, &uri);
    status.url = c2pa_text(judge, bytes_view(&uri));
    if (explanation)
        status.explanation = c2pa_text(judge, slice_text(explanation));
    c2pa_status_add(judge, &subject->told->results, &status);
    bytes_release(&uri);
}

void c2pa_say_claim(const struct c2pa_subject *subject, enum c2pa_code code,
                    const char *explanation)
{
    const struct c2pa_claim *claim = &subject->manifest->claim;

    c2pa_say(subject, code, "", claim->box ? claim->box->label : (struct slice){0},
             explanation);
}

void c2pa_say_signature(const struct c2pa_subject *subject, enum c2pa_code code,
                        const char *explanation)
{
    c2pa_say(subject, code, "", slice_text("c2pa.signature"), explanation);
}

void c2pa_say_assertion(const struct c2pa_subject *subject, enum c2pa_code code,
                        const struct c2pa_assertion *assertion, const char *explanation)
{
    c2pa_say(subject, code, "c2pa.assertions", assertion->label, explanation);
}

bool c2pa_results_have(const struct c2pa_results *results, enum c2pa_code code)
{
    for (const struct c2pa_status *status = results->first; status; status = status->next)
        if (status->code == code)
            return true;
    return false;
}

const struct c2pa_status *c2pa_results_failure(const struct c2pa_results *results)
{
    for (const struct c2pa_status *status = results->first; status; status = status->next)
        if (c2pa_code_kind(status->code) == C2PA_FAILURE &&
            status->code != C2PA_CREDENTIAL_UNTRUSTED)
            return status;
    return NULL;
}

bool c2pa_report_has(const struct c2pa_report *report, enum c2pa_code code)
{
    const struct c2pa_manifest_report *active = report->manifests;

    if (active && c2pa_results_have(&active->results, code))
        return true;
    for (const struct c2pa_manifest_report *one = active; one; one = one->next)
        for (const struct c2pa_ingredient *in = one->ingredients; in; in = in->next)
            if (c2pa_results_have(&in->deltas, code))
                return true;
    return false;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void put_kind(const struct c2pa_results *results, enum c2pa_kind kind, const char *name,
                     struct json_writer *writer)
{
    json_array_open(writer, name);
    for (const struct c2pa_status *status = results->first; status; status = status->next) {
        if (c2pa_code_kind(status->code) != kind)
            continue;
        json_object_open(writer, NULL);
        json_put_text(writer, "code", c2pa_code_text(status->code));
        if (status->url.len)
            json_put_slice(writer, "url", status->url);
        if (status->explanation.len)
            json_put_slice(writer, "explanation", status->explanation);
        json_object_close(writer);
    }
    json_array_close(writer);
}

static void put_results(const struct c2pa_results *results, const char *name,
                        struct json_writer *writer)
{
    json_object_open(writer, name);
    put_kind(results, C2PA_SUCCESS, "success", writer);
    put_kind(results, C2PA_INFORMATIONAL, "informational", writer);
    put_kind(results, C2PA_FAILURE, "failure", writer);
    json_object_close(writer);
}

void c2pa_report_json(const struct c2pa_report *report, struct json_writer *writer,
                      const char *name)
{
    bool any = false;

    json_object_open(writer, name);
    if (report->manifests)
        put_results(&report->manifests->results, "activeManifest", writer);
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next)
        for (const struct c2pa_ingredient *in = one->ingredients; in; in = in->next) {
            if (in->deltas.count == 0)
                continue;
            if (!any)
                json_array_open(writer, "ingredientDeltas");
            any = true;
            json_object_open(writer, NULL);
            json_put_slice(writer, "ingredientAssertionURI", in->uri);
            put_results(&in->deltas, "validationDeltas", writer);
            json_object_close(writer);
        }
    if (any)
        json_array_close(writer);
    json_object_close(writer);
}
