/* A report as bytes, for a pipe between a caged reader and the process that asked it. */
#include "c2pa/c2pa.h"

#define PIPE_MAGIC 0x43325052u /* "C2PR" */

/* ---- building ---------------------------------------------------------------------------- */

static void put_text(struct bytes *out, struct slice text)
{
    bytes_u16(out, (uint16_t)text.len);
    bytes_slice(out, text);
}

static void put_results(struct bytes *out, const struct c2pa_results *results)
{
    bytes_u32(out, (uint32_t)results->count);
    for (const struct c2pa_status *one = results->first; one; one = one->next) {
        bytes_u8(out, (uint8_t)one->code);
        put_text(out, one->url);
        put_text(out, one->explanation);
    }
}

static void put_signer(struct bytes *out, const struct c2pa_manifest_report *from)
{
    bytes_u8(out, from->has_signer);
    put_text(out, from->signer.name);
    put_text(out, from->signer.organization);
    put_text(out, from->signer.issuer);
    put_text(out, from->signer.serial);
    put_text(out, from->signer.algorithm);
    bytes_u64(out, from->signer.not_before);
    bytes_u64(out, from->signer.not_after);
    bytes_append(out, from->signer.sha256, sizeof(from->signer.sha256));
    bytes_u8(out, from->has_anchor);
    bytes_append(out, from->anchor, sizeof(from->anchor));
}

static void put_lists(struct bytes *out, const struct c2pa_manifest_report *from)
{
    uint32_t count = 0;

    for (const struct c2pa_action *one = from->actions; one; one = one->next)
        count++;
    bytes_u32(out, count);
    for (const struct c2pa_action *one = from->actions; one; one = one->next) {
        put_text(out, one->action);
        put_text(out, one->source_type);
        put_text(out, one->when);
        put_text(out, one->agent);
        put_text(out, one->reason);
        put_text(out, one->description);
    }
    count = 0;
    for (const struct c2pa_ingredient *one = from->ingredients; one; one = one->next)
        count++;
    bytes_u32(out, count);
    for (const struct c2pa_ingredient *one = from->ingredients; one; one = one->next) {
        put_text(out, one->uri);
        bytes_u8(out, (uint8_t)one->relationship);
        put_text(out, one->title);
        put_text(out, one->format);
        put_text(out, one->manifest);
        put_results(out, &one->deltas);
    }
}

static void put_manifest(struct bytes *out, const struct c2pa_manifest_report *from)
{
    put_text(out, from->label);
    bytes_u8(out, from->update);
    bytes_u8(out, (uint8_t)from->claim_version);
    bytes_u8(out, (uint8_t)from->state);
    put_results(out, &from->results);
    put_signer(out, from);
    bytes_u64(out, from->stamped_at);
    bytes_u64(out, from->claimed_at);
    put_text(out, from->stamper);
    put_text(out, from->generator);
    put_text(out, from->generator_version);
    put_text(out, from->title);
    put_text(out, from->format);
    put_text(out, from->channel);
    put_text(out, from->dispatch);
    put_text(out, from->binding);
    put_lists(out, from);
}

int c2pa_report_build(const struct c2pa_report *report, struct bytes *out, struct why *why)
{
    uint32_t count = 0;

    bytes_u32(out, PIPE_MAGIC);
    bytes_u8(out, (uint8_t)report->state);
    put_text(out, report->cause);
    put_text(out, report->remote);
    bytes_u8(out, report->has_file_sha256);
    bytes_append(out, report->file_sha256, sizeof(report->file_sha256));
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next)
        count++;
    bytes_u32(out, count);
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next)
        put_manifest(out, one);
    bytes_u32(out, (uint32_t)report->range_count);
    for (size_t i = 0; i < report->range_count; i++) {
        bytes_u64(out, report->ranges[i].from);
        bytes_u64(out, report->ranges[i].to);
        bytes_u8(out, report->ranges[i].hashed);
        bytes_u8(out, report->ranges[i].empty);
        bytes_u32(out, report->ranges[i].file);
        put_text(out, report->ranges[i].why);
    }
    return bytes_check(out, why);
}

/* ---- parsing: the writer may be a reader that was taken over ---------------------------- */

struct pull {
    struct cursor cur;
    struct arena *arena;
    size_t statuses;
    bool bad;
    bool full; /* the arena */
};

static void *take(struct pull *pull, size_t size)
{
    void *memory = arena_take(pull->arena, size);

    pull->full |= !memory;
    return memory;
}

static bool sound(const struct pull *pull)
{
    return !pull->bad && !pull->full && !pull->cur.failed;
}

static struct slice get_text(struct pull *pull)
{
    struct slice raw = rd_bytes(&pull->cur, rd_u16(&pull->cur));
    uint8_t *kept;

    if (pull->cur.failed || raw.len == 0)
        return (struct slice){0};
    if (text_check(raw, TEXT_LINE, LIMIT_C2PA_TEXT, "report", NULL) != 0)
        pull->bad = true;
    kept = take(pull, raw.len);
    if (!kept)
        return (struct slice){0};
    memcpy(kept, raw.ptr, raw.len);
    return slice_of(kept, raw.len);
}

static bool get_bool(struct pull *pull)
{
    uint8_t value = rd_u8(&pull->cur);

    pull->bad |= value > 1;
    return value == 1;
}

static unsigned get_enum(struct pull *pull, unsigned count)
{
    uint8_t value = rd_u8(&pull->cur);

    pull->bad |= value >= count;
    return value < count ? value : 0;
}

static size_t get_count(struct pull *pull, size_t most)
{
    uint32_t count = rd_u32(&pull->cur);

    pull->bad |= count > most;
    return sound(pull) ? count : 0;
}

static uint64_t get_time(struct pull *pull)
{
    uint64_t value = rd_u64(&pull->cur);

    pull->bad |= value > UINT64_C(253402300799);
    return pull->bad ? 0 : value;
}

static void get_results(struct pull *pull, struct c2pa_results *out)
{
    size_t count = get_count(pull, LIMIT_C2PA_STATUSES);

    for (size_t i = 0; i < count && sound(pull); i++) {
        struct c2pa_status *one = take(pull, sizeof(*one));

        if (!one || pull->statuses++ >= LIMIT_C2PA_STATUSES) {
            pull->bad = true;
            return;
        }
        one->code = get_enum(pull, C2PA_CODE_COUNT);
        one->url = get_text(pull);
        one->explanation = get_text(pull);
        if (out->last)
            out->last->next = one;
        else
            out->first = one;
        out->last = one;
        out->count++;
    }
}

static void get_signer(struct pull *pull, struct c2pa_manifest_report *out)
{
    struct slice digest;

    out->has_signer = get_bool(pull);
    out->signer.name = get_text(pull);
    out->signer.organization = get_text(pull);
    out->signer.issuer = get_text(pull);
    out->signer.serial = get_text(pull);
    out->signer.algorithm = get_text(pull);
    out->signer.not_before = get_time(pull);
    out->signer.not_after = get_time(pull);
    digest = rd_bytes(&pull->cur, sizeof(out->signer.sha256));
    if (sound(pull))
        memcpy(out->signer.sha256, digest.ptr, digest.len);
    out->has_anchor = get_bool(pull);
    digest = rd_bytes(&pull->cur, sizeof(out->anchor));
    if (sound(pull))
        memcpy(out->anchor, digest.ptr, digest.len);
}

static void get_actions(struct pull *pull, struct c2pa_manifest_report *out)
{
    struct c2pa_action **link = &out->actions;
    size_t count = get_count(pull, LIMIT_C2PA_ITEMS);

    for (size_t i = 0; i < count && sound(pull); i++) {
        struct c2pa_action *one = take(pull, sizeof(*one));

        if (!one)
            return;
        one->action = get_text(pull);
        one->source_type = get_text(pull);
        one->when = get_text(pull);
        one->agent = get_text(pull);
        one->reason = get_text(pull);
        one->description = get_text(pull);
        *link = one;
        link = &one->next;
    }
}

static void get_ingredients(struct pull *pull, struct c2pa_manifest_report *out)
{
    struct c2pa_ingredient **link = &out->ingredients;
    size_t count = get_count(pull, LIMIT_C2PA_ITEMS);

    for (size_t i = 0; i < count && sound(pull); i++) {
        struct c2pa_ingredient *one = take(pull, sizeof(*one));

        if (!one)
            return;
        one->uri = get_text(pull);
        one->relationship = get_enum(pull, C2PA_INPUT_TO + 1);
        one->title = get_text(pull);
        one->format = get_text(pull);
        one->manifest = get_text(pull);
        get_results(pull, &one->deltas);
        *link = one;
        link = &one->next;
    }
}

static void get_manifest(struct pull *pull, struct c2pa_manifest_report *out)
{
    out->label = get_text(pull);
    out->update = get_bool(pull);
    out->claim_version = get_enum(pull, 3);
    out->state = get_enum(pull, C2PA_TRUSTED + 1);
    get_results(pull, &out->results);
    get_signer(pull, out);
    out->stamped_at = get_time(pull);
    out->claimed_at = get_time(pull);
    out->stamper = get_text(pull);
    out->generator = get_text(pull);
    out->generator_version = get_text(pull);
    out->title = get_text(pull);
    out->format = get_text(pull);
    out->channel = get_text(pull);
    out->dispatch = get_text(pull);
    out->binding = get_text(pull);
    get_actions(pull, out);
    get_ingredients(pull, out);
}

static void get_ranges(struct pull *pull, struct c2pa_report *out)
{
    size_t count = get_count(pull, LIMIT_C2PA_RANGES);
    struct c2pa_range *ranges = count ? take(pull, count * sizeof(*ranges)) : NULL;

    for (size_t i = 0; ranges && i < count; i++) {
        ranges[i].from = rd_u64(&pull->cur);
        ranges[i].to = rd_u64(&pull->cur);
        ranges[i].hashed = get_bool(pull);
        ranges[i].empty = get_bool(pull);
        ranges[i].file = rd_u32(&pull->cur);
        ranges[i].why = get_text(pull);
        pull->bad |= ranges[i].to < ranges[i].from;
    }
    out->ranges = ranges;
    out->range_count = ranges ? count : 0;
}

/* State and codes must agree: a reader that was taken over must not make up one of them. */
static bool agrees(const struct c2pa_report *report)
{
    bool active = report->manifests != NULL;

    if (report->state == C2PA_NONE || report->state == C2PA_MALFORMED)
        return !active;
    if (!active)
        return false;
    if (report->state < C2PA_VALID)
        return true;
    for (const struct c2pa_status *one = report->manifests->results.first; one; one = one->next)
        if (c2pa_code_kind(one->code) == C2PA_FAILURE && one->code != C2PA_CREDENTIAL_UNTRUSTED)
            return false;
    return c2pa_report_has(report, C2PA_SIGNATURE_VALIDATED) &&
           (report->state != C2PA_TRUSTED || c2pa_report_has(report, C2PA_CREDENTIAL_TRUSTED));
}

int c2pa_report_parse(struct slice raw, struct arena *arena, struct c2pa_report *out,
                      struct why *why)
{
    struct pull pull = {.cur = cursor_of(raw), .arena = arena};
    struct c2pa_report report = {0};
    struct c2pa_manifest_report **link = &report.manifests;
    struct slice digest;
    size_t count;

    if (raw.len > LIMIT_C2PA_REPORT || rd_u32(&pull.cur) != PIPE_MAGIC)
        return why_set(why, SH_EFORMAT, 0, "report: not one of ours");
    report.state = get_enum(&pull, C2PA_TRUSTED + 1);
    report.cause = get_text(&pull);
    report.remote = get_text(&pull);
    report.has_file_sha256 = get_bool(&pull);
    digest = rd_bytes(&pull.cur, sizeof(report.file_sha256));
    if (sound(&pull))
        memcpy(report.file_sha256, digest.ptr, digest.len);
    count = get_count(&pull, LIMIT_C2PA_MANIFESTS);
    for (size_t i = 0; i < count && sound(&pull); i++) {
        struct c2pa_manifest_report *one = take(&pull, sizeof(*one));

        if (!one)
            break;
        get_manifest(&pull, one);
        *link = one;
        link = &one->next;
    }
    get_ranges(&pull, &report);
    if (pull.full)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "report: no memory for it");
    if (!sound(&pull) || rd_left(&pull.cur) != 0 || !agrees(&report))
        return why_set(why, SH_EFORMAT, pull.cur.at, "report: damaged on its way");
    *out = report;
    return 0;
}
