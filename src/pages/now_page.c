/* The family's page: is all well, since when, until when is the next word promised. */
#include "pages/pages_int.h"

#include <string.h>

/* Bytes of words that stand here; the rest is on the dispatch's own page. */
#define WORDS_BYTES 1500
#define FOLDER "now"

static const enum lang_string weekdays[7] = {
    STR_WEEKDAY_0, STR_WEEKDAY_1, STR_WEEKDAY_2, STR_WEEKDAY_3,
    STR_WEEKDAY_4, STR_WEEKDAY_5, STR_WEEKDAY_6,
};
static const enum lang_string months[12] = {
    STR_MONTH_1, STR_MONTH_2, STR_MONTH_3, STR_MONTH_4,  STR_MONTH_5,  STR_MONTH_6,
    STR_MONTH_7, STR_MONTH_8, STR_MONTH_9, STR_MONTH_10, STR_MONTH_11, STR_MONTH_12,
};

const char *pages_now_csp(void)
{
    return pages_policy_now;
}

const char *pages_now_script_hash(void)
{
    return pages_script_hash;
}

/* The page being written. */
struct face {
    struct pages_draft draft;
    const struct pages_now *now;
    const struct doc_text *place; /* of the newest word; NULL: not told */
};

/* ---- times ---- */

/* The moment on a clock that is east_s east of UTC; before 1970 nothing is shown anyway. */
static struct when local(uint64_t unix_s, int32_t east_s)
{
    if (east_s < 0 && unix_s < (uint64_t)-east_s)
        return when_of(0);
    return when_of(east_s < 0 ? unix_s - (uint64_t)-east_s : unix_s + (uint64_t)east_s);
}

/* "UTC", "UTC+2", "UTC+5:45" */
static void offset_text(int32_t east_s, char out[LANG_NUMBER_BYTES])
{
    unsigned minutes = (unsigned)(east_s < 0 ? -east_s : east_s) / 60;
    int len = snprintf(out, LANG_NUMBER_BYTES, "UTC");

    if (minutes)
        len += snprintf(out + len, LANG_NUMBER_BYTES - (size_t)len, "%c%u",
                        east_s < 0 ? '-' : '+', minutes / 60);
    if (minutes % 60)
        (void)snprintf(out + len, LANG_NUMBER_BYTES - (size_t)len, ":%02u", minutes % 60);
}

enum year { WITHOUT_YEAR, WITH_YEAR };

/* "Tuesday 3 March", into the open element. */
static void day(struct pages_draft *draft, const struct when *when, enum year year)
{
    struct slice part[4], literal;
    const char *text = lang_text(draft->lang, year ? STR_NOW_DAY_YEAR : STR_NOW_DAY);
    char number[LANG_NUMBER_BYTES], years[LANG_NUMBER_BYTES];
    unsigned at;

    pages_number(when->day, number);
    pages_number((uint64_t)when->year, years);
    part[0] = slice_text(lang_text(draft->lang, weekdays[when->weekday]));
    part[1] = slice_text(number);
    part[2] = slice_text(lang_text(draft->lang, months[when->month - 1]));
    part[3] = slice_text(years);
    while ((text = lang_next(text, &literal, &at))) {
        markup_text(&draft->m, literal);
        if (at >= 1 && at <= COUNT_OF(part))
            markup_text(&draft->m, part[at - 1]);
    }
}

/* "14:05 in Odesa"; "14:05 UTC+2" when the place has no name. */
static void clock_at(struct pages_draft *draft, const struct when *when, int32_t east_s,
                     const struct doc_text *place)
{
    const char *text = lang_text(draft->lang, STR_NOW_CLOCK_IN);
    char clock[LANG_NUMBER_BYTES], offset[LANG_NUMBER_BYTES];
    struct slice literal;
    unsigned at;

    (void)snprintf(clock, sizeof(clock), "%02u:%02u", when->hour % 100u, when->minute % 100u);
    if (!place) {
        offset_text(east_s, offset);
        markup_text(&draft->m, slice_text(clock));
        markup_text(&draft->m, slice_text(" "));
        markup_text(&draft->m, slice_text(offset));
        return;
    }
    while ((text = lang_next(text, &literal, &at))) {
        markup_text(&draft->m, literal);
        if (at == 1)
            markup_text(&draft->m, slice_text(clock));
        else if (at)
            markup_foreign(&draft->m, place->lang, place->text);
    }
}

static bool same_day(const struct when *a, const struct when *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day;
}

/* "20:05 in Beijing", with its day where that is another one. */
static void family_clock(struct face *page, const struct pages_moment *moment,
                         const struct when *here, enum year year)
{
    struct when there = local(moment->at, moment->family_east_s);
    struct doc_text place = {slice_of(NULL, 0), page->now->family_place};

    if (!same_day(here, &there)) {
        day(&page->draft, &there, year);
        markup_text(&page->draft.m, slice_text(page->draft.lang == LANG_ZH ? " " : ", "));
    }
    clock_at(&page->draft, &there, moment->family_east_s, place.text.len ? &place : NULL);
}

/*
 * "Tuesday 3 March, 14:05 in Odesa (20:05 in Beijing)".  The year stands there when it is not
 * the one in which this copy was made, which is said below with its year.
 */
static void moment_in(struct face *page, const struct pages_moment *moment, enum year year)
{
    const struct pages_now *now = page->now;
    struct pages_draft *draft = &page->draft;
    const char *text =
        lang_text(draft->lang, now->has_family ? STR_NOW_MOMENT_FAMILY : STR_NOW_MOMENT);
    struct when here = local(moment->at, moment->east_s);
    char machine[WHEN_TEXT_BYTES];
    struct slice literal;
    unsigned at;

    if (here.year != local(now->made.at, now->made.east_s).year)
        year = WITH_YEAR;
    when_text(moment->at, machine);
    markup_open(&draft->m, "time");
    markup_attr(&draft->m, "datetime", slice_text(machine));
    if (moment == &now->by)
        markup_attr(&draft->m, "class", slice_text("by"));
    while ((text = lang_next(text, &literal, &at))) {
        markup_text(&draft->m, literal);
        if (at == 1)
            day(draft, &here, year);
        else if (at == 2)
            clock_at(draft, &here, moment->east_s, now->has_zone ? page->place : NULL);
        else if (at == 3)
            family_clock(page, moment, &here, year);
    }
    markup_close(&draft->m);
}

/* A sentence with a moment for {1}, into the open element. */
static void fill_moment(struct face *page, enum lang_string id,
                        const struct pages_moment *moment, enum year year)
{
    const char *text = lang_text(page->draft.lang, id);
    struct slice literal;
    unsigned at;

    while ((text = lang_next(text, &literal, &at))) {
        markup_text(&page->draft.m, literal);
        if (at)
            moment_in(page, moment, year);
    }
}

/* ---- the answer ---- */

static void open_class(struct face *page, const char *name, const char *class)
{
    markup_open(&page->draft.m, name);
    markup_attr(&page->draft.m, "class", slice_text(class));
}

/*
 * An empty element with what the script may put into it: a reader without script, or without
 * style, must never meet words that only a running clock can say.
 */
static void waiting(struct face *page, const char *name, const char *class, enum lang_string id)
{
    open_class(page, name, class);
    markup_attr(&page->draft.m, "data-t", slice_text(lang_text(page->draft.lang, id)));
    markup_close(&page->draft.m);
}

/* For when the promised time is over on the reader's clock. */
static void overdue(struct face *page)
{
    open_class(page, "div", "alarm");
    markup_attr(&page->draft.m, "role", slice_text("status"));
    waiting(page, "p", "overdue", STR_NOW_LATE);
    waiting(page, "p", "more", STR_NOW_LATE_MORE);
    markup_close(&page->draft.m);
    markup_newline(&page->draft.m);
}

/* A promise that a missing word may have changed is nothing to judge by. */
static bool is_promised(const struct pages_now *now)
{
    return now->promised && !(now->newest && now->newest->state == PAGES_MISSING);
}

/* What became of a word that is newer than the one above. */
static void newer(struct face *page)
{
    const struct pages_now *now = page->now;
    struct pages_draft *draft = &page->draft;
    char index[LANG_NUMBER_BYTES], by[LANG_NUMBER_BYTES];
    struct slice reason;

    if (!now->newest)
        return;
    open_class(page, "p", "newer");
    if (now->newest->state != PAGES_WITHDRAWN) {
        markup_text(&draft->m,
                    slice_text(lang_text(draft->lang, now->newest->state == PAGES_MISSING
                                                          ? STR_NOW_MISSING
                                                          : STR_NOW_DISPUTED)));
    } else if (now->withdrawn.at) {
        fill_moment(page, now->word ? STR_NOW_WITHDRAWN : STR_NOW_WITHDRAWN_ONLY,
                    &now->withdrawn, WITHOUT_YEAR);
    } else {
        pages_number(now->newest->index, index);
        pages_number(now->newest->withdrawn_by, by);
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_WITHDRAWN), slice_text(index),
                   slice_text(by));
    }
    reason = now->newest->reason;
    if (now->newest->state == PAGES_WITHDRAWN && reason.len) {
        pages_gap(draft);
        pages_fill_foreign(draft, lang_text(draft->lang, STR_PAGE_REASON), reason);
    }
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void status(struct face *page)
{
    const struct pages_item *word = page->now->word;
    struct markup *m = &page->draft.m;

    markup_open(m, "h1");
    if (word && !word->doc->status.len)
        markup_attr(m, "class", slice_text("long"));
    if (word) {
        waiting(page, "span", "then", page->now->newest ? STR_NOW_THEN_SHOWN : STR_NOW_THEN);
        markup_text(m, slice_text(" "));
        pages_status(&page->draft, word->doc);
    } else {
        markup_text(
            m, slice_text(lang_text(page->draft.lang,
                                    page->now->newest ? STR_NOW_NO_WORD : STR_PAGE_NO_WORD)));
    }
    markup_text(m, slice_text(" "));
    open_class(page, "span", "ago");
    markup_close(m);
    markup_close(m);
    markup_newline(m);
    if (word && page->now->said.at) {
        open_class(page, "p", "when");
        moment_in(page, &page->now->said, WITHOUT_YEAR);
        markup_close(m);
    }
    /* Without a zone no clock is the place's own: it stands apart. */
    if (page->place && !page->now->has_zone) {
        open_class(page, "p", "where");
        markup_foreign(m, page->place->lang, page->place->text);
        markup_close(m);
    }
    markup_newline(m);
}

static void was_sealed(struct face *page)
{
    const struct pages_now *now = page->now;
    struct pages_draft *draft = &page->draft;

    open_class(page, "p", "newer");
    if (now->known.at)
        fill_moment(page, STR_NOW_SEALED_BY, &now->known, WITHOUT_YEAR);
    else
        markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_SEALED)));
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void corrects(struct face *page)
{
    struct pages_draft *draft = &page->draft;
    char folder[TREE_PATH_BYTES];

    pages_folder(page->now->word, folder);
    open_class(page, "p", "newer");
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_CORRECTION)));
    pages_gap(draft);
    pages_link(draft, folder);
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_VERSIONS)));
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

/* A word that was made before the time above, or that puts another one right. */
static void history(struct face *page)
{
    const struct pages_item *word = page->now->word;

    if (word && word->version)
        corrects(page);
    else if (word && word->opened_by)
        was_sealed(page);
}

static void because(struct face *page)
{
    struct pages_draft *draft = &page->draft;
    const struct doc_text *reason =
        pages_choose(draft, page->now->because, page->now->because_count);
    const char *text = lang_text(draft->lang, STR_NOW_BECAUSE);
    struct slice literal;
    unsigned at;

    if (!reason)
        return;
    pages_gap(draft);
    while ((text = lang_next(text, &literal, &at))) {
        markup_text(&draft->m, literal);
        if (at)
            markup_foreign(&draft->m, reason->lang,
                           pages_excerpt(reason->text, WORDS_BYTES / 2));
    }
}

static void due(struct face *page)
{
    const struct pages_now *now = page->now;
    struct pages_draft *draft = &page->draft;

    if (now->newest && now->newest->state == PAGES_MISSING)
        return;
    open_class(page, "p", "due");
    if (!now->promised) {
        markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_NO_PROMISE)));
        markup_close(&draft->m);
        markup_newline(&draft->m);
        return;
    }
    fill_moment(page, now->silent ? STR_NOW_SILENT : STR_PAGE_NEXT_DUE, &now->by, WITHOUT_YEAR);
    because(page);
    markup_close(&draft->m);
    pages_element(draft, "p", "if", STR_NOW_IF_LATER);
    markup_newline(&draft->m);
}

/* ---- words, and where the rest is ---- */

/* True when some were left out. */
static bool words(struct face *page)
{
    const struct document *doc = page->now->word->doc;
    const struct doc_text *text = pages_choose(&page->draft, doc->words, doc->word_count);

    return text && pages_words_from(&page->draft, text, WORDS_BYTES);
}

/* The video and its still picture are links: neither is loaded before somebody asks. */
static void links(struct face *page, bool cut)
{
    const struct pages_item *word = page->now->word;
    const struct doc_blob *poster = pages_first_poster(word->doc);
    struct pages_draft *draft = &page->draft;
    bool video = pages_videos(word->doc) > 0;
    char path[TREE_PATH_BYTES], size[LANG_NUMBER_BYTES];

    if (!video && !cut && !poster)
        return;
    open_class(page, "p", "links");
    if (video || cut) {
        pages_folder(word, path);
        pages_link(draft, path);
        markup_text(&draft->m, slice_text(lang_text(draft->lang,
                                                    video ? STR_NOW_VIDEO : STR_NOW_READ_ON)));
        markup_close(&draft->m);
        markup_text(&draft->m, slice_text(" "));
    }
    if (poster && pages_blob_path(poster, path)) {
        lang_size(draft->lang, poster->bytes, size);
        markup_open(&draft->m, "a");
        markup_attr_path(&draft->m, "href", draft->up, path);
        pages_fill(draft, lang_text(draft->lang, STR_NOW_PICTURE), slice_text(size),
                   slice_of(NULL, 0));
        markup_close(&draft->m);
    }
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void what_if(struct face *page)
{
    static const enum lang_string lines[] = {STR_NOW_WHAT_1, STR_NOW_WHAT_2, STR_NOW_WHAT_3};
    struct pages_draft *draft = &page->draft;

    markup_open(&draft->m, "section");
    pages_element(draft, "h2", NULL, STR_NOW_WHAT_IF);
    open_class(page, "ul", "plain");
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        pages_element(draft, "li", NULL, lines[i]);
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void stale(struct face *page)
{
    const struct pages_now *now = page->now;
    struct markup *m = &page->draft.m;

    if (!now->made.at)
        return;
    open_class(page, "p", "small");
    fill_moment(page,
                now->newest                 ? STR_NOW_STALE_GONE
                : now->word && now->said.at ? STR_NOW_STALE
                                            : STR_NOW_COPY,
                &now->made, WITH_YEAR);
    pages_gap(&page->draft);
    waiting(page, "span", "alive", STR_NOW_UP);
    markup_close(m);
    markup_newline(m);
}

/* ---- the whole ---- */

static void foot(struct face *page)
{
    struct pages_draft *draft = &page->draft;
    struct markup *m = &draft->m;
    char short_id[CHANNEL_SHORT_ID_BYTES];

    channel_id_short(&draft->site->id, short_id);
    markup_open(m, "footer");
    pages_languages(draft);
    markup_open(m, "p");
    markup_foreign(m, slice_of(NULL, 0), draft->site->name);
    markup_text(m, slice_text(" · "));
    pages_fill(draft, lang_text(draft->lang, STR_PAGE_CHANNEL), slice_text(short_id),
               slice_of(NULL, 0));
    markup_text(m, slice_text(" · "));
    pages_link(draft, "");
    markup_text(m, slice_text(lang_text(draft->lang, STR_NOW_ALL)));
    markup_close(m);
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}

/* What the script reads: seconds, as in <time>. */
static void main_open(struct face *page)
{
    const struct pages_now *now = page->now;
    struct markup *m = &page->draft.m;
    uint64_t newest = now->made.at > now->said.at ? now->made.at : now->said.at;

    markup_open(m, "main");
    markup_attr_number(m, "data-made", newest);
    if (now->word && now->said.at)
        markup_attr_number(m, "data-at", now->said.at);
    if (is_promised(now))
        markup_attr_number(m, "data-by", now->by.at);
    markup_newline(m);
}

int pages_now(const struct pages_site *site, const struct pages_now *now, enum lang lang,
              struct bytes *out, struct why *why)
{
    struct face page = {.draft = {.site = site, .lang = lang}, .now = now};
    struct markup *m = &page.draft.m;

    if (now->word)
        page.place = pages_place(&page.draft, now->word->doc);
    markup_start(m, out);
    pages_begin_plain(&page.draft, FOLDER, STR_NOW_TITLE);
    main_open(&page);
    open_class(&page, "section", "now");
    if (is_promised(now))
        overdue(&page);
    status(&page);
    history(&page);
    newer(&page);
    due(&page);
    if (now->word)
        links(&page, words(&page));
    markup_close(m);
    markup_newline(m);
    pages_keys_notice(&page.draft, now->keys);
    what_if(&page);
    stale(&page);
    markup_close(m);
    markup_newline(m);
    foot(&page);
    markup_script(m, pages_script);
    markup_close(m); /* body */
    markup_close(m); /* html */
    markup_end(m);
    return bytes_check(out, why);
}
