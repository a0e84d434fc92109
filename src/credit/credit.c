/* From status codes and facts to findings. */
#include "credit/credit.h"

#include <string.h>

/* None is ever left out for those of other kinds: the verdict is made of them. */
#define FINDINGS_MAX (CREDIT_ID_COUNT * LIMIT_CREDIT_EACH)

struct look {
    const struct credit_question *question;
    const struct c2pa_report *report;
    const struct c2pa_manifest_report *active; /* NULL: none */
    struct credit_finding *finding;
    struct credit_finding spare; /* what is not shown is written here */
    size_t count;
    unsigned each[CREDIT_ID_COUNT]; /* also those that are not shown */
};

/* ---- putting findings down ------------------------------------------------------------ */

static struct credit_finding *put(struct look *look, enum credit_id id)
{
    struct credit_finding *finding = &look->spare;

    if (look->each[id]++ < LIMIT_CREDIT_EACH)
        finding = &look->finding[look->count++];
    *finding = (struct credit_finding){.id = id, .word = STR_COUNT, .code = C2PA_CODE_COUNT};
    return finding;
}

static void put_a(struct look *look, enum credit_id id, struct slice a)
{
    put(look, id)->a = a;
}

static bool has(const struct look *look, enum credit_id id)
{
    return look->each[id] > 0;
}

/* The same statement from another code is made once. */
static void put_code(struct look *look, enum credit_id id, const struct c2pa_status *status)
{
    struct slice cause = status->explanation;
    struct credit_finding *finding;

    if (!cause.len)
        cause = slice_text(c2pa_code_text(status->code));
    if (id == CREDIT_CREDENTIALS_CHANGED && status->url.len)
        cause = status->url;
    for (size_t i = 0; i < look->count; i++)
        if (look->finding[i].id == id && slice_equal(look->finding[i].a, cause))
            return;
    finding = put(look, id);
    finding->a = cause;
    finding->code = status->code;
    finding->detail = status->explanation;
}

/* ---- what a status code comes to ------------------------------------------------------ */

/* Of the active manifest; CREDIT_ID_COUNT: nothing is said. */
static enum credit_id id_of(enum c2pa_code code)
{
    switch (code) {
    case C2PA_SIGNATURE_VALIDATED:
        return CREDIT_SIGNATURE;
    case C2PA_BMFF_MATCH:
    case C2PA_MULTI_ASSET_MATCH:
        return CREDIT_CONTENT;
    case C2PA_OCSP_NOT_REVOKED:
        return CREDIT_NOT_REVOKED;
    case C2PA_ALGORITHM_DEPRECATED:
        return CREDIT_OLD_METHOD;
    case C2PA_BMFF_EXCLUSIONS:
        return CREDIT_EXCLUSIONS;
    case C2PA_INGREDIENT_UNKNOWN:
        return CREDIT_INGREDIENT_UNSIGNED;
    case C2PA_TIME_OUTSIDE:
        return CREDIT_TIME_OUTSIDE;
    case C2PA_STAMP_INVALID:
    case C2PA_STAMP_MALFORMED:
    case C2PA_STAMP_MISMATCH:
    case C2PA_STAMP_OUTSIDE:
        return CREDIT_STAMP_BROKEN;
    case C2PA_BOX_ODD:
        return CREDIT_BOX_ODD;
    case C2PA_UNCOVERED:
        return CREDIT_NOT_COVERED;
    case C2PA_ALGORITHM_UNSUPPORTED:
        return CREDIT_METHOD_UNKNOWN;
    case C2PA_BMFF_MISMATCH:
    case C2PA_BOXES_MISMATCH:
    case C2PA_DATA_MISMATCH:
    case C2PA_MULTI_ASSET_MISMATCH:
        return CREDIT_CONTENT_CHANGED;
    case C2PA_HASHED_URI_MISMATCH:
    case C2PA_ASSERTION_MISSING:
    case C2PA_REFERENCE_MISSING:
    case C2PA_REFERENCE_MISMATCH:
    case C2PA_INACCESSIBLE:
    case C2PA_UNDECLARED:
        return CREDIT_CREDENTIALS_CHANGED;
    case C2PA_BINDINGS_MISSING:
        return CREDIT_NOT_BOUND;
    case C2PA_SIGNATURE_MISSING:
        return CREDIT_SIGNATURE_MISSING;
    case C2PA_SIGNATURE_MISMATCH:
        return CREDIT_SIGNATURE_BROKEN;
    case C2PA_SIGNATURE_OUTSIDE:
        return CREDIT_CERTIFICATE_EXPIRED;
    case C2PA_CREDENTIAL_INVALID:
        return CREDIT_CERTIFICATE_UNFIT;
    case C2PA_OCSP_REVOKED:
        return CREDIT_CERTIFICATE_REVOKED;
    case C2PA_OCSP_UNKNOWN:
        return CREDIT_CERTIFICATE_DENIED;
    case C2PA_INGREDIENT_SIGNATURE_MISSING:
    case C2PA_INGREDIENT_SIGNATURE_MISMATCH:
    case C2PA_INGREDIENT_MANIFEST_MISSING:
    case C2PA_INGREDIENT_MANIFEST_MISMATCH:
        return CREDIT_INGREDIENT_BROKEN;
    case C2PA_CREDENTIAL_UNTRUSTED: /* said with the signer */
        return CREDIT_ID_COUNT;
    default:
        return c2pa_code_kind(code) == C2PA_FAILURE ? CREDIT_CREDENTIALS_BROKEN
                                                    : CREDIT_ID_COUNT;
    }
}

static bool has_code(const struct look *look, enum c2pa_code code)
{
    const struct c2pa_status *at = look->active->results.first;

    while (at && at->code != code)
        at = at->next;
    return at != NULL;
}

static bool ends_with(struct slice text, const char *end)
{
    size_t len = strlen(end);

    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static void look_at_codes(struct look *look)
{
    enum credit_id id;

    for (const struct c2pa_status *at = look->active->results.first; at; at = at->next) {
        id = id_of(at->code);
        /* The hash is as it was signed; the mismatch is of bytes that it leaves out. */
        if (id == CREDIT_CONTENT_CHANGED &&
            (slice_equal(at->explanation, slice_text(C2PA_MEDIA_LEFT_OUT)) ||
             ends_with(at->explanation, C2PA_BYTES_LEFT_OUT)))
            id = CREDIT_BYTES_ADDED;
        if (id == CREDIT_CONTENT_CHANGED &&
            slice_equal(at->explanation, slice_text(C2PA_INIT_ALONE)))
            id = CREDIT_PIECES_MISSING;
        if (id == CREDIT_INGREDIENT_BROKEN)
            put(look, id)->a = slice_text(c2pa_code_text(at->code));
        else if (id != CREDIT_ID_COUNT)
            put_code(look, id, at);
    }
}

/* ---- who ------------------------------------------------------------------------------ */

static struct slice name_of(const struct c2pa_signer *signer)
{
    return signer->name.len           ? signer->name
           : signer->organization.len ? signer->organization
                                      : signer->serial;
}

/* Did the chain lead to a certificate of the channel that was given? */
static bool is_channels(const struct look *look)
{
    const struct credit_channel *channel = look->question->channel;

    if (!channel || !look->active->has_anchor)
        return false;
    for (size_t i = 0; i < channel->authorities; i++)
        if (memcmp(channel->authority[i], look->active->anchor, CRYPT_DIGEST_BYTES) == 0)
            return true;
    return false;
}

static void look_at_trusted(struct look *look)
{
    const struct c2pa_signer *signer = &look->active->signer;
    struct credit_finding *finding;

    if (is_channels(look)) {
        finding = put(look, CREDIT_SIGNER_CHANNEL);
        finding->a = slice_text(look->question->channel->name);
        finding->b = slice_text(look->question->channel->id);
    } else if (look->active->has_anchor) {
        finding = put(look, CREDIT_SIGNER_KNOWN);
        finding->a = name_of(signer);
        finding->b = signer->issuer;
    } else {
        put_a(look, CREDIT_SIGNER_ALLOWED, name_of(signer));
    }
}

/* Nobody whom the reader named vouches for the signer: why, as far as a way was found. */
static void put_other(struct look *look)
{
    struct credit_finding *finding = put(look, CREDIT_SIGNER_OTHER);
    const struct c2pa_status *status = look->active->results.first;

    finding->a = name_of(&look->active->signer);
    while (status && status->code != C2PA_CREDENTIAL_UNTRUSTED)
        status = status->next;
    if (status) {
        finding->code = status->code;
        finding->detail = status->explanation;
    }
}

static void look_at_signer(struct look *look)
{
    const struct c2pa_manifest_report *active = look->active;

    if (!active->has_signer)
        return;
    if (!has(look, CREDIT_SIGNATURE))
        put_a(look, CREDIT_SIGNER_CLAIMED, name_of(&active->signer));
    else if (has_code(look, C2PA_CREDENTIAL_TRUSTED))
        look_at_trusted(look);
    else if (look->question->anchors)
        put_other(look);
    else
        put_a(look, CREDIT_SIGNER_UNKNOWN, name_of(&active->signer));
    if (has(look, CREDIT_SIGNATURE) && !has(look, CREDIT_NOT_REVOKED) &&
        !has(look, CREDIT_CERTIFICATE_REVOKED) && !has(look, CREDIT_CERTIFICATE_DENIED))
        put(look, CREDIT_REVOCATION_UNKNOWN);
}

static void look_at_time(struct look *look)
{
    const struct c2pa_manifest_report *active = look->active;
    bool trusted = active->stamped_at > 0;
    struct credit_finding *finding;

    if (!trusted && !active->claimed_at) {
        if (active->has_signer && !has(look, CREDIT_STAMP_BROKEN))
            put(look, CREDIT_NO_DATE);
        return;
    }
    finding = put(look, trusted ? CREDIT_STAMPED : CREDIT_STAMP_UNKNOWN);
    finding->a = active->stamper;
    finding->number = trusted ? active->stamped_at : active->claimed_at;
}

/* ---- what the signer says ------------------------------------------------------------- */

static void look_at_source(struct look *look, struct slice type)
{
    if (!type.len)
        return;
    if (ends_with(type, "/digitalCapture") || ends_with(type, "/computationalCapture"))
        put(look, CREDIT_SOURCE_CAMERA);
    else if (ends_with(type, "/trainedAlgorithmicMedia"))
        put(look, CREDIT_SOURCE_AI);
    else if (ends_with(type, "/compositeWithTrainedAlgorithmicMedia"))
        put(look, CREDIT_SOURCE_AI_PART);
    else if (ends_with(type, "/screenCapture"))
        put(look, CREDIT_SOURCE_SCREEN);
    else
        put_a(look, CREDIT_SOURCE_OTHER, type);
}

static bool is_said(const struct look *look, enum credit_id id, enum lang_string word,
                    struct slice a)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->finding[i].id == id && look->finding[i].word == word &&
            (word != STR_COUNT || slice_equal(look->finding[i].a, a)))
            return true;
    return false;
}

static void look_at_actions(struct look *look)
{
    enum lang_string word;
    struct credit_finding *finding;

    for (const struct c2pa_action *at = look->active->actions; at; at = at->next) {
        look_at_source(look, at->source_type);
        word = credit_action_word(at->action);
        if (is_said(look, CREDIT_ACTION, word, at->action))
            continue;
        finding = put(look, CREDIT_ACTION);
        finding->a = at->action;
        finding->word = word;
    }
    if (look->active->generator.len)
        put_a(look, CREDIT_MADE_WITH, look->active->generator);
}

static const struct c2pa_manifest_report *find_manifest(const struct look *look,
                                                        struct slice label)
{
    const struct c2pa_manifest_report *at = look->report->manifests;

    while (at && !slice_equal(at->label, label))
        at = at->next;
    return at;
}

static void look_at_ingredient(struct look *look, const struct c2pa_ingredient *ingredient)
{
    static const enum credit_id ids[] = {[C2PA_PARENT_OF] = CREDIT_PARENT,
                                         [C2PA_COMPONENT_OF] = CREDIT_COMPONENT,
                                         [C2PA_INPUT_TO] = CREDIT_INPUT};
    const struct c2pa_manifest_report *made =
        ingredient->manifest.len ? find_manifest(look, ingredient->manifest) : NULL;
    bool invalid = look->report->state == C2PA_INVALID;
    struct credit_finding *finding = put(look, ids[ingredient->relationship]);

    finding->a = ingredient->title;
    if (made && made->has_signer && made->state != C2PA_INVALID && made != look->active) {
        put_a(look,
              made->state == C2PA_TRUSTED ? CREDIT_INGREDIENT_SIGNER_KNOWN
                                          : CREDIT_INGREDIENT_SIGNER,
              name_of(&made->signer));
        if (made->stamped_at) {
            finding = put(look, CREDIT_INGREDIENT_STAMPED);
            finding->a = made->stamper;
            finding->number = made->stamped_at;
        }
    }
    for (const struct c2pa_status *at = ingredient->deltas.first; at; at = at->next)
        if (c2pa_code_kind(at->code) == C2PA_FAILURE && at->code != C2PA_CREDENTIAL_UNTRUSTED) {
            finding = put(look, invalid ? CREDIT_INGREDIENT_BROKEN : CREDIT_INGREDIENT_NOTE);
            finding->a = slice_text(c2pa_code_text(at->code));
            finding->code = at->code;
            finding->detail = at->explanation;
        }
}

/* ---- the channel ---------------------------------------------------------------------- */

/* Entries of which no more is known than that they were withdrawn: it may be of one of them. */
static void look_at_gone(struct look *look, const struct credit_channel *channel)
{
    struct credit_finding *finding;

    for (size_t i = 0; i < channel->gone_count; i++) {
        finding = put(look, CREDIT_ENTRY_GONE);
        finding->a = slice_text(channel->gone[i].index);
        finding->b = slice_text(channel->gone[i].by);
        finding->number = channel->gone[i].until;
    }
    if (channel->gone_total > channel->gone_count)
        put(look, CREDIT_ENTRIES_GONE)->number = channel->gone_total - channel->gone_count;
}

/* No document that is there names the file. */
static void look_at_unnamed(struct look *look, const struct credit_channel *channel)
{
    bool own = look->active && is_channels(look) && look->report->state == C2PA_TRUSTED;
    /* Of the channel by its own word, and not by the channel's signature. */
    bool foreign = look->active && look->active->channel.len > 0;

    if (own)
        put(look,
            look->active->dispatch.len ? CREDIT_DISPATCH_NOT_HERE : CREDIT_OUTSIDE_DISPATCH);
    else if (channel->asked && (foreign || !channel->gone_total))
        put(look, CREDIT_NOT_IN_CHANNEL);
    else if (channel->asked)
        put(look, CREDIT_FILE_NOT_HERE);
    if (has(look, CREDIT_DISPATCH_NOT_HERE) || has(look, CREDIT_FILE_NOT_HERE))
        look_at_gone(look, channel);
}

static void look_at_dispatch(struct look *look, const struct credit_channel *channel)
{
    struct credit_finding *finding;

    if (!channel->found) {
        look_at_unnamed(look, channel);
        return;
    }
    if (channel->disputed) {
        put_a(look, CREDIT_DISPATCH_DISPUTED, slice_text(channel->index));
    } else {
        finding = put(look, CREDIT_DISPATCH);
        finding->a = slice_text(channel->index);
        finding->b = slice_text(channel->path);
    }
    if (channel->by) {
        finding = put(look, CREDIT_DISPATCH_WITHDRAWN);
        finding->a = slice_text(channel->index);
        finding->b = slice_text(channel->by);
        finding->number = channel->until;
    }
    if (channel->published)
        put(look, CREDIT_PUBLISHED)->number = channel->published;
}

static void look_at_channel(struct look *look)
{
    const struct credit_channel *channel = look->question->channel;
    const char *expected = look->question->expected;
    bool own = look->active && is_channels(look);

    if (channel && !channel->whole)
        put(look, CREDIT_CHANNEL_UNREAD);
    else if (channel && channel->is_other)
        put_a(look, CREDIT_OTHER_CHANNEL, slice_text(expected ? expected : channel->id));
    else if (channel && !channel->holds)
        put_a(look, CREDIT_CHANNEL_WANTING, slice_text(channel->id));
    else if (channel)
        look_at_dispatch(look, channel);
    else if (expected)
        put(look, CREDIT_CHANNEL_UNREAD);
    if (!look->active || !look->active->channel.len || own)
        return;
    /* Anyone can write a channel's id into credentials of his own. */
    put_a(look, CREDIT_SAYS_CHANNEL, look->active->channel);
    if (!channel && expected && !slice_equal(look->active->channel, slice_text(expected)))
        put_a(look, CREDIT_OTHER_CHANNEL, slice_text(expected));
}

/* ---- all of it ------------------------------------------------------------------------ */

static enum lang_string kind_word(enum bmff_kind kind)
{
    static const enum lang_string words[] = {[BMFF_SORT_OTHER] = STR_INSPECT_IS_OTHER,
                                             [BMFF_SORT_PHOTO] = STR_INSPECT_IS_PHOTO,
                                             [BMFF_SORT_SOUND] = STR_CREDIT_IS_SOUND,
                                             [BMFF_SORT_VIDEO] = STR_INSPECT_IS_VIDEO};

    return words[bmff_sort_of(kind)];
}

static bool is_media(enum bmff_kind kind)
{
    return kind == BMFF_MP4 || kind == BMFF_MOV || kind == BMFF_3GP || kind == BMFF_M4A ||
           kind == BMFF_HEIC;
}

/* Without credentials: what is there instead. */
static void look_at_nothing(struct look *look)
{
    const struct credit_question *question = look->question;
    const struct credit_channel *channel = question->channel;

    if (look->report->remote.len)
        put_a(look, CREDIT_ELSEWHERE, look->report->remote);
    if (question->piece)
        put(look, CREDIT_PIECE_ALONE);
    else if (channel && channel->found)
        put(look, CREDIT_UNSIGNED);
    else if (question->kind == BMFF_EMPTY)
        put(look, CREDIT_EMPTY);
    else if (!is_media(question->kind))
        put(look, CREDIT_NOT_MEDIA)->word = kind_word(question->kind);
    else
        put(look, CREDIT_NO_CREDENTIALS);
}

static void look_at_credentials(struct look *look)
{
    const struct c2pa_report *report = look->report;

    look_at_codes(look);
    look_at_signer(look);
    look_at_time(look);
    look_at_actions(look);
    for (const struct c2pa_ingredient *at = look->active->ingredients; at; at = at->next)
        look_at_ingredient(look, at);
    if (look->question->pieces)
        put(look, CREDIT_PIECES)->number = look->question->pieces;
    if (report->remote.len)
        put_a(look, CREDIT_ELSEWHERE, report->remote);
    put(look, CREDIT_PROVES_NOT);
}

static enum verify_severity verdict_of(const struct look *look)
{
    enum verify_severity verdict = VERIFY_OK, severity;

    for (size_t i = 0; i < look->count; i++) {
        severity = credit_id_severity(look->finding[i].id);
        if (severity == VERIFY_WANTING)
            return VERIFY_WANTING;
        if (severity == VERIFY_UNKNOWN)
            verdict = VERIFY_UNKNOWN;
    }
    return verdict;
}

/* What the state says must be heard in the findings, whatever the codes were. */
static void agree_with_state(struct look *look)
{
    enum c2pa_state state = look->report->state;
    struct slice cause = look->report->cause;

    if (verdict_of(look) == VERIFY_WANTING)
        return;
    if (state == C2PA_MALFORMED)
        put_a(look, CREDIT_CREDENTIALS_UNREADABLE, cause);
    else if (state == C2PA_INVALID)
        put_a(look, CREDIT_CREDENTIALS_BROKEN,
              cause.len ? cause : slice_text(c2pa_state_text(state)));
}

/* In the order of their ids, those of one id as they were found. */
static void sort(struct credit_finding *finding, size_t count)
{
    struct credit_finding one;
    size_t at;

    for (size_t i = 1; i < count; i++) {
        one = finding[i];
        for (at = i; at > 0 && finding[at - 1].id > one.id; at--)
            finding[at] = finding[at - 1];
        finding[at] = one;
    }
}

int credit_look(const struct credit_question *question, struct arena *arena,
                struct credit_report *out, struct why *why)
{
    struct look look = {.question = question, .report = question->report};

    look.finding = arena_take(arena, FINDINGS_MAX * sizeof(*look.finding));
    if (!look.finding)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (look.report)
        look.active = look.report->manifests;
    if (!look.report)
        put_a(&look, CREDIT_UNREADABLE, slice_text(question->cause ? question->cause : ""));
    else if (look.active)
        look_at_credentials(&look);
    else if (look.report->state == C2PA_NONE)
        look_at_nothing(&look);
    if (look.report)
        look_at_channel(&look);
    if (look.report)
        agree_with_state(&look);
    sort(look.finding, look.count);
    *out = (struct credit_report){.finding = look.finding,
                                  .count = look.count,
                                  .verdict = verdict_of(&look),
                                  .signer_unknown = has(&look, CREDIT_SIGNER_UNKNOWN)};
    return SH_OK;
}
