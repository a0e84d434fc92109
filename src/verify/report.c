/* The report: findings as data, as sentences, and as bytes for a pipe. */
#include "verify/verify_int.h"

#include <string.h>

static const struct {
    const char *text;
    enum verify_severity severity;
    enum lang_string sentence;
} IDS[] = {
#define FINDING(name, id, severity, arguments) {id, VERIFY_##severity, STR_FINDING_##name},
#include "verify/findings.def"
#undef FINDING
};

const char *verify_id_text(enum verify_id id)
{
    return IDS[id].text;
}

enum verify_severity verify_id_severity(enum verify_id id)
{
    return IDS[id].severity;
}

const char *verify_severity_text(enum verify_severity severity)
{
    static const char *const names[] = {"ok", "note", "wanting", "unknown"};

    return names[severity];
}

/* Copy what comes from a hostile tree: one line of UTF-8 without controls, cut to fit. */
static void show_text(char out[VERIFY_TEXT_BYTES], const char *text)
{
    struct slice whole = slice_text(text ? text : "");

    if (whole.len >= VERIFY_TEXT_BYTES)
        whole.len = VERIFY_TEXT_BYTES - 1;
    /* A character must not be cut in two: drop at most its three first bytes. */
    for (size_t i = 0; i < 3 && whole.len && !text_is_utf8(whole); i++)
        whole.len--;
    if (whole.len && text_check(whole, TEXT_LINE, VERIFY_TEXT_BYTES, "", NULL) < 0) {
        whole.len = strlen(text) < VERIFY_TEXT_BYTES ? strlen(text) : VERIFY_TEXT_BYTES - 1;
        for (size_t i = 0; i < whole.len; i++)
            out[i] = whole.ptr[i] >= 0x20 && whole.ptr[i] < 0x7f ? text[i] : '?';
    } else if (whole.len) {
        memcpy(out, whole.ptr, whole.len);
    }
    out[whole.len] = '\0';
}

void verify_found(struct verify_walk *walk, enum verify_id id, uint64_t index, uint64_t other,
                  const char *text)
{
    struct verify_report *report = walk->report;
    struct verify_finding *finding;

    if (report->total[id]++ >= LIMIT_FINDINGS_EACH || report->count == LIMIT_FINDINGS)
        return;
    finding = &report->finding[report->count++];
    *finding = (struct verify_finding){.id = id, .index = index, .other = other};
    show_text(finding->text, text);
}

void verify_tell_file(const struct verify_walk *walk, enum verify_event_kind kind,
                      uint64_t index, const char *path)
{
    const struct verify_event event = {.kind = kind, .index = index, .path = path};

    if (walk->source->event)
        walk->source->event(walk->source->ctx, &event);
}

void verify_tell_state(const struct verify_walk *walk, uint64_t index, enum verify_state state,
                       uint64_t by)
{
    const struct verify_event event = {
        .kind = VERIFY_ENTRY_IS, .index = index, .state = state, .by = by};

    if (walk->source->event)
        walk->source->event(walk->source->ctx, &event);
}

int verify_unreadable(struct verify_walk *walk, const char *path, const struct why *why)
{
    char text[VERIFY_TEXT_BYTES];

    if (why->code == SH_ENOMEM)
        return why_set(walk->why, SH_ENOMEM, WHY_NOWHERE, "verify: out of memory");
    (void)snprintf(text, sizeof(text), "%s: %.70s", path, why->text);
    verify_found(walk, VERIFY_UNREADABLE, 0, 0, text);
    return SH_OK;
}

enum verify_severity verify_verdict(const struct verify_report *report)
{
    enum verify_severity verdict = VERIFY_OK;

    for (int id = 0; id < VERIFY_ID_COUNT; id++) {
        if (!report->total[id])
            continue;
        if (IDS[id].severity == VERIFY_WANTING)
            return VERIFY_WANTING;
        if (IDS[id].severity == VERIFY_UNKNOWN)
            verdict = VERIFY_UNKNOWN;
    }
    return verdict;
}

void verify_finding_say(const struct verify_finding *finding, enum lang lang, struct bytes *out)
{
    char index[24], other[24];

    (void)snprintf(index, sizeof(index), "%llu", (unsigned long long)finding->index);
    (void)snprintf(other, sizeof(other), "%llu", (unsigned long long)finding->other);
    LANG_SAY(out, lang, IDS[finding->id].sentence, index, other, finding->text);
}

/* ---- over a pipe ---- */

/* The numbers of a report, in the order in which they travel. */
#define NUMBERS 15
static void list_numbers(struct verify_report *report, uint64_t *out[NUMBERS])
{
    out[0] = &report->identity_notes;
    out[1] = &report->size;
    out[2] = &report->dispatches;
    out[3] = &report->withdrawn;
    out[4] = &report->sealed;
    out[5] = &report->unknown_entries;
    out[6] = &report->documents;
    out[7] = &report->blobs;
    out[8] = &report->blob_bytes;
    out[9] = &report->newest;
    out[10] = &report->branch;
    out[11] = &report->identities;
    out[12] = &report->opened;
    out[13] = &report->corrected;
    out[14] = &report->purged;
}

static void put_text(struct bytes *out, const char *text)
{
    bytes_u8(out, (uint8_t)strlen(text));
    bytes_text(out, text);
}

void verify_report_build(const struct verify_report *report, struct bytes *out)
{
    struct verify_report numbers = *report;
    uint64_t *list[NUMBERS];

    put_text(out, report->channel.text);
    put_text(out, report->name);
    bytes_append(out, report->root, sizeof(report->root));
    list_numbers(&numbers, list);
    for (size_t i = 0; i < NUMBERS; i++)
        bytes_u64(out, *list[i]);
    for (size_t i = 0; i < VERIFY_ID_COUNT; i++)
        bytes_u64(out, report->total[i]);
    bytes_u16(out, (uint16_t)report->count);
    for (size_t i = 0; i < report->count; i++) {
        bytes_u8(out, (uint8_t)report->finding[i].id);
        bytes_u64(out, report->finding[i].index);
        bytes_u64(out, report->finding[i].other);
        put_text(out, report->finding[i].text);
    }
}

/* A text of less than size bytes; empty, or fit to be shown. */
static bool take_text(struct cursor *cur, char *out, size_t size)
{
    struct slice text = rd_bytes(cur, rd_u8(cur));

    if (cur->failed || text.len >= size ||
        (text.len && text_check(text, TEXT_LINE, size, "", NULL) < 0))
        return false;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool take_finding(struct cursor *cur, struct verify_finding *out)
{
    uint8_t id = rd_u8(cur);

    if (id >= VERIFY_ID_COUNT)
        return false;
    out->id = (enum verify_id)id;
    out->index = rd_u64(cur);
    out->other = rd_u64(cur);
    return take_text(cur, out->text, sizeof(out->text));
}

int verify_report_parse(struct slice raw, struct verify_report *report, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    char channel[CHANNEL_ID_CHARS + 1];
    uint64_t *list[NUMBERS];
    struct slice root;
    bool good;

    *report = (struct verify_report){0};
    good = take_text(&cur, channel, sizeof(channel)) &&
           (!channel[0] || channel_id_parse(slice_text(channel), &report->channel)) &&
           take_text(&cur, report->name, sizeof(report->name));
    root = rd_bytes(&cur, sizeof(report->root));
    if (root.len)
        memcpy(report->root, root.ptr, root.len);
    list_numbers(report, list);
    for (size_t i = 0; i < NUMBERS; i++)
        *list[i] = rd_u64(&cur);
    for (size_t i = 0; i < VERIFY_ID_COUNT; i++)
        report->total[i] = rd_u64(&cur);
    report->count = rd_u16(&cur);
    good = good && report->count <= LIMIT_FINDINGS;
    for (size_t i = 0; good && i < report->count; i++)
        good = take_finding(&cur, &report->finding[i]);
    if (good && !cur.failed && rd_left(&cur) == 0)
        return SH_OK;
    *report = (struct verify_report){0};
    return why_set(why, SH_EFORMAT, cur.at, "verify: the reader's report cannot be read");
}
