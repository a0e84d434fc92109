/* Findings as sentences. */
#include "credit/credit.h"

static const struct {
    const char *text;
    enum verify_severity severity;
    enum lang_string sentence;
} IDS[] = {
#define FINDING(name, id, severity, arguments) {id, VERIFY_##severity, STR_CREDIT_##name},
#include "credit/findings.def"
#undef FINDING
};

const char *credit_id_text(enum credit_id id)
{
    return IDS[id].text;
}

enum verify_severity credit_id_severity(enum credit_id id)
{
    return IDS[id].severity;
}

/* ---- actions -------------------------------------------------------------------------- */

enum lang_string credit_action_word(struct slice action)
{
    static const struct {
        const char *action;
        enum lang_string word;
    } known[] = {
        {"c2pa.addedText", STR_CREDIT_ACT_TEXT},
        {"c2pa.adjustedColor", STR_CREDIT_ACT_COLOR},
        {"c2pa.changedSpeed", STR_CREDIT_ACT_SPEED},
        {"c2pa.color_adjustments", STR_CREDIT_ACT_COLOR},
        {"c2pa.converted", STR_CREDIT_ACT_CONVERTED},
        {"c2pa.created", STR_CREDIT_ACT_CREATED},
        {"c2pa.cropped", STR_CREDIT_ACT_CROPPED},
        {"c2pa.deleted", STR_CREDIT_ACT_REMOVED},
        {"c2pa.drawing", STR_CREDIT_ACT_DRAWING},
        {"c2pa.dubbed", STR_CREDIT_ACT_DUBBED},
        {"c2pa.edited", STR_CREDIT_ACT_EDITED},
        {"c2pa.edited.metadata", STR_CREDIT_ACT_METADATA},
        {"c2pa.enhanced", STR_CREDIT_ACT_ENHANCED},
        {"c2pa.filtered", STR_CREDIT_ACT_FILTERED},
        {"c2pa.opened", STR_CREDIT_ACT_OPENED},
        {"c2pa.placed", STR_CREDIT_ACT_PLACED},
        {"c2pa.published", STR_CREDIT_ACT_PUBLISHED},
        {"c2pa.redacted", STR_CREDIT_ACT_REDACTED},
        {"c2pa.removed", STR_CREDIT_ACT_REMOVED},
        {"c2pa.repackaged", STR_CREDIT_ACT_REPACKAGED},
        {"c2pa.resized", STR_CREDIT_ACT_RESIZED},
        {"c2pa.resized.proportional", STR_CREDIT_ACT_RESIZED},
        {"c2pa.transcoded", STR_CREDIT_ACT_TRANSCODED},
        {"c2pa.translated", STR_CREDIT_ACT_TRANSLATED},
        {"c2pa.trimmed", STR_CREDIT_ACT_TRIMMED},
        {"c2pa.unknown", STR_CREDIT_ACT_UNKNOWN},
        {"c2pa.watermarked", STR_CREDIT_ACT_WATERMARKED},
        {"c2pa.watermarked.bound", STR_CREDIT_ACT_WATERMARKED},
        {"c2pa.watermarked.unbound", STR_CREDIT_ACT_WATERMARKED},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_equal(action, slice_text(known[i].action)))
            return known[i].word;
    return STR_COUNT;
}

/* ---- sentences ------------------------------------------------------------------------ */

/* Quotation marks of a text that is quoted: as they are written, U+0027 instead. */
static size_t quote_length(struct slice rest)
{
    static const char *const marks[] = {"\"",           "\xc2\xab",     "\xc2\xbb",
                                        "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
                                        "\xe2\x80\x9f", "\xe3\x80\x8c", "\xe3\x80\x8d"};

    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (slice_starts(rest, marks[i]))
            return slice_text(marks[i]).len;
    return 0;
}

/* A text of the file; NUL-terminated. */
static void put_quoted(struct bytes *out, struct slice text)
{
    size_t mark;

    for (size_t at = 0; at < text.len;) {
        mark = quote_length(slice_sub(text, at, text.len - at));
        bytes_u8(out, mark ? '\'' : text.ptr[at]);
        at += mark ? mark : 1;
    }
    bytes_u8(out, 0);
}

static bool is_date(enum credit_id id)
{
    return id == CREDIT_PUBLISHED || id == CREDIT_STAMPED || id == CREDIT_STAMP_UNKNOWN ||
           id == CREDIT_INGREDIENT_STAMPED || id == CREDIT_DISPATCH_WITHDRAWN ||
           id == CREDIT_ENTRY_GONE;
}

/* A file without a title is told of in a sentence without a name; what has no date, without. */
static enum lang_string sentence_of(const struct credit_finding *finding)
{
    if (!finding->a.len && finding->id == CREDIT_PARENT)
        return STR_CREDIT_PARENT_PLAIN;
    if (!finding->a.len && finding->id == CREDIT_COMPONENT)
        return STR_CREDIT_COMPONENT_PLAIN;
    if (!finding->a.len && finding->id == CREDIT_INPUT)
        return STR_CREDIT_INPUT_PLAIN;
    if (!finding->number && finding->id == CREDIT_DISPATCH_WITHDRAWN)
        return STR_CREDIT_DISPATCH_WITHDRAWN_ONCE;
    if (!finding->number && finding->id == CREDIT_ENTRY_GONE)
        return STR_CREDIT_ENTRY_GONE_ONCE;
    return IDS[finding->id].sentence;
}

void credit_finding_say(const struct credit_finding *finding, enum lang lang, struct bytes *out)
{
    char number[LANG_DATE_BYTES];
    struct bytes texts;
    size_t second;

    bytes_init(&texts, (size_t)4 * LIMIT_C2PA_TEXT + LANG_DATE_BYTES);
    put_quoted(&texts, finding->word == STR_COUNT ? finding->a
                                                  : slice_text(lang_text(lang, finding->word)));
    second = texts.len;
    put_quoted(&texts, finding->b);
    if (bytes_check(&texts, NULL) == SH_OK) {
        if (is_date(finding->id)) {
            lang_date_short(lang, finding->number, number);
        } else {
            (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)finding->number);
        }
        LANG_SAY(out, lang, sentence_of(finding), (const char *)texts.ptr,
                 (const char *)texts.ptr + second, number);
    }
    bytes_release(&texts);
}

enum lang_string credit_verdict_word(const struct credit_report *report)
{
    if (report->verdict == VERIFY_WANTING)
        return STR_VERIFY_VERDICT_WANTING;
    if (report->verdict == VERIFY_UNKNOWN)
        return STR_VERIFY_VERDICT_UNKNOWN;
    return report->signer_unknown ? STR_CREDIT_VERDICT_UNNAMED : STR_VERIFY_VERDICT_HOLDS;
}
