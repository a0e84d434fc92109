/*
 * What a message says.  Without `words yes` it is neutral: the subject and the first lines are
 * those of any message, and nothing tells who it is about, what happened, where, or when.
 */
#include "tell/tell_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"

size_t tell_cut(struct slice text, size_t max)
{
    size_t len = text.len < max ? text.len : max;

    if (len == text.len)
        return len;
    while (len && (text.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

void tell_shortened(struct bytes *out, struct slice text, size_t max)
{
    static const char dots[] = "\xe2\x80\xa6";

    if (text.len <= max) {
        bytes_slice(out, text);
        return;
    }
    bytes_slice(out, slice_sub(text, 0, tell_cut(text, max - strlen(dots))));
    bytes_text(out, dots);
}

const char *tell_what_name(enum tell_what what)
{
    static const char *const NAMES[TELL_WHATS] = {"late", "silent", "disagree",  "over",
                                                  "good", "test",   "rehearsal", "lost"};

    return NAMES[what];
}

const char *tell_zone(const struct tell_contacts *contacts, const struct tell_contact *contact)
{
    return contact->zone ? contact->zone : contacts->zone;
}

void tell_date(enum lang lang, const char *zone, uint64_t unix_s, char out[TELL_DATE_BYTES])
{
    char date[LANG_DATE_BYTES];
    int32_t east_s = 0;
    const char *utc;
    int64_t local;

    if (zone && *zone && io_zone_offset(zone, unix_s, &east_s, NULL) != SH_OK)
        zone = NULL;
    local = (int64_t)unix_s + east_s;
    lang_date(lang, local > 0 ? (uint64_t)local : 0, date);
    utc = zone && *zone ? strstr(date, "UTC") : NULL;
    if (utc)
        (void)snprintf(out, TELL_DATE_BYTES, "%.*s(%s)%s", (int)(utc - date), date, zone,
                       utc + 3);
    else
        (void)snprintf(out, TELL_DATE_BYTES, "%s", date);
}

static bool is_trouble(enum tell_what what)
{
    return what == TELL_LATE || what == TELL_SILENT || what == TELL_DISAGREE;
}

const char *tell_what_coarse(const struct tell_contact *contact, enum tell_what what)
{
    return is_trouble(what) && !contact->words ? "alarm" : tell_what_name(what);
}

/* What writing one message needs at hand. */
struct draft {
    const struct tell_contacts *contacts;
    const struct tell_facts *facts;
    const char *name; /* of the channel */
    const char *zone;
    enum lang lang;
    struct bytes *out;
};

static void line(const struct draft *draft, enum lang_string id)
{
    bytes_text(draft->out, lang_text(draft->lang, id));
    bytes_u8(draft->out, '\n');
}

static void line_date(const struct draft *draft, enum lang_string id, uint64_t unix_s)
{
    char date[TELL_DATE_BYTES];

    if (!unix_s)
        return;
    tell_date(draft->lang, draft->zone, unix_s, date);
    LANG_SAY(draft->out, draft->lang, id, date);
    bytes_u8(draft->out, '\n');
}

/* The name of the channel and a date: {1} and {2}. */
static void line_name(const struct draft *draft, enum lang_string id, uint64_t unix_s)
{
    char date[TELL_DATE_BYTES];

    tell_date(draft->lang, draft->zone, unix_s, date);
    LANG_SAY(draft->out, draft->lang, id, draft->name, date);
    bytes_u8(draft->out, '\n');
}

static void line_copies(const struct draft *draft)
{
    const struct tell_facts *facts = draft->facts;
    char copies[24], heard[24], agree[24];

    if (!facts->copies)
        return;
    (void)snprintf(copies, sizeof(copies), "%zu", facts->copies);
    (void)snprintf(heard, sizeof(heard), "%zu", facts->heard);
    (void)snprintf(agree, sizeof(agree), "%zu", facts->agree);
    LANG_SAY(draft->out, draft->lang, STR_TELL_COPIES, copies, heard, agree);
    bytes_u8(draft->out, '\n');
}

static void line_ack(const struct draft *draft)
{
    const char *base = draft->contacts->base, *code = draft->facts->ack_code;
    bool trial = draft->facts->what == TELL_REHEARSAL || draft->facts->what == TELL_TEST;

    if (!code)
        return;
    bytes_u8(draft->out, '\n');
    if (trial)
        line(draft, base ? STR_TELL_ACK_TRY_LINK : STR_TELL_ACK_TRY_CODE);
    else
        line(draft, base ? STR_TELL_ACK_LINK : STR_TELL_ACK_CODE);
    if (base)
        bytes_printf(draft->out, "%sack/", base);
    bytes_text(draft->out, code);
    bytes_u8(draft->out, '\n');
}

/* ---- place and words, for whom asked for them ---- */

static const struct doc_text *choose(enum lang want, const struct doc_text *texts, size_t count)
{
    const struct doc_text *english = NULL;
    enum lang lang;

    for (size_t i = 0; i < count; i++) {
        if (!lang_from_tag(texts[i].lang, &lang))
            continue;
        if (lang == want)
            return &texts[i];
        if (lang == LANG_EN && !english)
            english = &texts[i];
    }
    return english ? english : count ? &texts[0] : NULL;
}

static void line_text(const struct draft *draft, const struct doc_text *text)
{
    if (!text)
        return;
    bytes_slice(draft->out, text->text);
    bytes_u8(draft->out, '\n');
}

static void line_status(const struct draft *draft, const struct document *word)
{
    static const struct {
        const char *name;
        enum lang_string id;
    } KNOWN[] = {
        {"well", STR_STATUS_WELL}, {"hurt", STR_STATUS_HURT}, {"moving", STR_STATUS_MOVING}};

    if (!word->status.len) {
        line_text(draft, &word->status_text);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(KNOWN); i++)
        if (slice_equal(word->status, slice_text(KNOWN[i].name)))
            line(draft, KNOWN[i].id);
}

static void lines_of_word(const struct draft *draft)
{
    const struct document *word = draft->facts->word;
    enum lang lang = draft->lang;

    bytes_u8(draft->out, '\n');
    line_date(draft, STR_TELL_NEWEST, draft->facts->word_at);
    if (!word)
        return;
    line_status(draft, word);
    if (word->place.present)
        line_text(draft, choose(lang, word->place.names, word->place.name_count));
    line_text(draft, choose(lang, word->words, word->word_count));
}

/* ---- the two ways to say it ---- */

static enum lang_string subject_with_words(enum tell_what what)
{
    static const enum lang_string SUBJECTS[TELL_WHATS] = {
        [TELL_LATE] = STR_TELL_LATE_SUBJECT,         [TELL_SILENT] = STR_TELL_SILENT_SUBJECT,
        [TELL_DISAGREE] = STR_TELL_DISAGREE_SUBJECT, [TELL_OVER] = STR_TELL_OVER_SUBJECT,
        [TELL_GOOD] = STR_TELL_GOOD_SUBJECT,         [TELL_TEST] = STR_TELL_TEST_SUBJECT,
        [TELL_REHEARSAL] = STR_TELL_TEST_SUBJECT,    [TELL_LOST] = STR_TELL_LOST_SUBJECT,
    };

    return SUBJECTS[what];
}

static void say_trial(const struct draft *draft)
{
    line(draft, STR_TELL_TEST);
    line(draft,
         draft->facts->what == TELL_TEST ? STR_TELL_TEST_MEANS : STR_TELL_REHEARSAL_MEANS);
    line_ack(draft);
}

static void say_neutral(const struct draft *draft)
{
    line(draft, STR_TELL_NEUTRAL);
    line(draft, draft->facts->what == TELL_OVER ? STR_TELL_OVER : STR_TELL_LOOK);
    if (is_trouble(draft->facts->what)) {
        line_copies(draft);
        line_ack(draft);
    }
    if (draft->facts->doubtful_clock && is_trouble(draft->facts->what)) {
        bytes_u8(draft->out, '\n');
        line(draft, STR_TELL_CLOCK);
    }
}

static void say_trouble(const struct draft *draft)
{
    const struct tell_facts *facts = draft->facts;

    switch (facts->what) {
    case TELL_LATE:
        line_name(draft, STR_TELL_LATE, facts->due_by);
        line(draft, STR_TELL_LATE_MEANS);
        break;
    case TELL_SILENT:
        line_name(draft, facts->heard_at ? STR_TELL_SILENT : STR_TELL_SILENT_NEVER,
                  facts->heard_at);
        line(draft, STR_TELL_SILENT_MEANS);
        break;
    default:
        line_name(draft, STR_TELL_DISAGREE, 0);
        line(draft, STR_TELL_DISAGREE_MEANS);
        break;
    }
    line_copies(draft);
    if (facts->doubtful_clock)
        line(draft, STR_TELL_CLOCK);
    line_ack(draft);
}

/* Of no channel: which ones it watched is what it forgot. */
static void say_lost(const struct draft *draft)
{
    line(draft, STR_TELL_NEUTRAL);
    line(draft, STR_TELL_LOST);
    line(draft, STR_TELL_LOST_MEANS);
}

static void say_with_words(const struct draft *draft)
{
    const struct tell_facts *facts = draft->facts;

    if (is_trouble(facts->what))
        say_trouble(draft);
    else
        line_name(draft, facts->what == TELL_OVER ? STR_TELL_OVER_WORDS : STR_TELL_GOOD, 0);
    lines_of_word(draft);
    if (facts->what != TELL_LATE)
        line_date(draft, STR_PAGE_NEXT_DUE, facts->due_by);
}

void tell_words(const struct tell_contacts *contacts, const struct tell_contact *contact,
                const struct tell_facts *facts, struct bytes *subject, struct bytes *body)
{
    bool trial = facts->what == TELL_TEST || facts->what == TELL_REHEARSAL;
    bool named = facts->channel_name && *facts->channel_name;
    struct bytes whole = {0};
    struct draft draft = {.contacts = contacts,
                          .facts = facts,
                          .name = named ? facts->channel_name : "stillhere",
                          .zone = tell_zone(contacts, contact),
                          .lang = contact->lang,
                          .out = &whole};

    bytes_init(&whole, LIMIT_TELL_BODY_BYTES * 2);
    if (trial || contact->words)
        LANG_SAY(&whole, draft.lang, subject_with_words(facts->what), draft.name);
    else
        bytes_text(&whole, lang_text(draft.lang, STR_TELL_SUBJECT));
    tell_shortened(subject, bytes_view(&whole), LIMIT_TELL_SUBJECT_BYTES);
    bytes_clear(&whole);
    if (trial)
        say_trial(&draft);
    else if (facts->what == TELL_LOST)
        say_lost(&draft);
    else if (contact->words)
        say_with_words(&draft);
    else
        say_neutral(&draft);
    tell_shortened(body, bytes_view(&whole), LIMIT_TELL_BODY_BYTES);
    if (bytes_check(&whole, NULL) != SH_OK)
        body->failed = whole.failed;
    bytes_release(&whole);
}
