/* The timeline: the newest word, then what came before it. */
#include "pages/pages_int.h"

#include <string.h>

/* Bytes of words in a list: about two lines on a phone; 20 of them fit the page's budget. */
#define EXCERPT_BYTES 180
/* Bytes of the newest words, as on the now page; the rest is on the dispatch's own page. */
#define NEWEST_BYTES 1500

static void excerpt(struct pages_draft *draft, const struct document *doc)
{
    const struct doc_text *words = pages_choose(draft, doc->words, doc->word_count);
    struct slice first;

    if (!words)
        return;
    first = pages_excerpt(words->text, EXCERPT_BYTES);
    markup_open(&draft->m, "p");
    pages_lang_attr(draft, words->lang);
    markup_text(&draft->m, first);
    if (first.len < words->text.len)
        markup_text(&draft->m, slice_text(" …"));
    markup_close(&draft->m);
}

enum loading { EAGER, LAZY };
static void picture(struct pages_draft *draft, const struct doc_blob *poster,
                    enum loading loading)
{
    struct markup *m = &draft->m;
    char path[TREE_PATH_BYTES];

    if (!poster || !pages_blob_path(poster, path))
        return;
    markup_void(m, "img");
    markup_attr_path(m, "src", draft->up, path);
    markup_attr(m, "alt", slice_of(NULL, 0)); /* The words beside it say what it is. */
    if (poster->width && poster->height) {
        markup_attr_number(m, "width", poster->width);
        markup_attr_number(m, "height", poster->height);
    }
    if (loading == LAZY)
        markup_attr(m, "loading", slice_text("lazy"));
}

/* The line below the status in the list: date, place, length, and what became of it. */
static void meta_line(struct pages_draft *draft, const struct pages_item *item)
{
    struct markup *m = &draft->m;
    const struct document *doc = item->doc;
    const struct doc_text *place = pages_place(draft, doc);
    char date[LANG_DATE_BYTES];

    markup_open(m, "p");
    markup_attr(m, "class", slice_text("meta"));
    if (doc->published) {
        pages_time_short(draft, doc->published);
        markup_text(m, slice_text(" · "));
    }
    if (place) {
        markup_foreign(m, place->lang, place->text);
        markup_text(m, slice_text(" · "));
    }
    pages_length(draft, doc);
    if (item->opened_by) {
        markup_text(m, slice_text(" · "));
        markup_text(m, slice_text(lang_text(draft->lang, STR_PAGE_SEALED_META)));
    }
    if (item->corrected_at) {
        lang_date_short(draft->lang, item->corrected_at, date);
        markup_text(m, slice_text(" · "));
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_CORRECTED_META), slice_text(date),
                   slice_of(NULL, 0));
    }
    markup_close(m);
}

static void absent(struct pages_draft *draft, const struct pages_item *item)
{
    char index[LANG_NUMBER_BYTES], by[LANG_NUMBER_BYTES];
    bool withdrawn = item->state == PAGES_WITHDRAWN;

    pages_number(item->index, index);
    pages_number(item->withdrawn_by, by);
    markup_attr(&draft->m, "class", slice_text("gone"));
    markup_open(&draft->m, "p");
    pages_fill(draft, lang_text(draft->lang, withdrawn ? STR_PAGE_WITHDRAWN : STR_PAGE_MISSING),
               slice_text(index), slice_text(by));
    markup_close(&draft->m);
}

/* heading: "h3" below a heading of the list, "h2" where the page itself is the list. */
static void row(struct pages_draft *draft, const struct pages_item *item, const char *heading)
{
    struct markup *m = &draft->m;
    const struct doc_blob *poster;
    char folder[TREE_PATH_BYTES];

    pages_folder(item, folder);
    markup_open(m, "li");
    pages_link(draft, folder);
    if (item->state != PAGES_SHOWN) {
        absent(draft, item);
    } else {
        poster = pages_first_poster(item->doc);
        if (poster)
            markup_attr(m, "class", slice_text("pic"));
        markup_open(m, heading);
        pages_item_status(draft, item);
        markup_close(m);
        meta_line(draft, item);
        excerpt(draft, item->doc);
        picture(draft, poster, LAZY);
    }
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}

/* The newest words; where they are long their beginning, and the way to the rest. */
static void newest_words(struct pages_draft *draft, const struct document *doc,
                         const char *folder)
{
    const struct doc_text *words = pages_choose(draft, doc->words, doc->word_count);

    if (!words || !pages_words_from(draft, words, NEWEST_BYTES))
        return;
    markup_open(&draft->m, "p");
    pages_link(draft, folder);
    markup_attr(&draft->m, "class", slice_text("go"));
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_READ_ON)));
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

/* The answer to "is he well?": the newest dispatch that counts. */
static void newest(struct pages_draft *draft, const struct pages_timeline *timeline)
{
    const struct pages_item *item = timeline->newest;
    bool first = timeline->count && timeline->items[0].index == item->index;
    struct markup *m = &draft->m;
    const struct document *doc = item->doc;
    const struct doc_blob *poster = pages_first_poster(doc);
    char folder[TREE_PATH_BYTES], date[LANG_DATE_BYTES];

    pages_folder(item, folder);
    markup_open(m, "section");
    markup_attr(m, "class", slice_text(poster ? "word pair" : "word"));
    markup_open(m, "div");
    pages_headline(draft, item);
    pages_notes(draft, item);
    newest_words(draft, doc, folder);
    if (doc->next_due) {
        lang_date(draft->lang, doc->next_due, date);
        markup_open(m, "p");
        markup_attr(m, "class", slice_text("due"));
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_NEXT_DUE), slice_text(date),
                   slice_of(NULL, 0));
        markup_close(m);
    }
    pages_element(draft, "p", "small", first ? STR_PAGE_NEWEST : STR_PAGE_NEWEST_COUNTS);
    markup_close(m);
    pages_link(draft, folder);
    markup_attr(m, "class", slice_text(poster ? "go shot" : "go"));
    picture(draft, poster, EAGER);
    markup_open(m, "span");
    pages_length(draft, doc);
    markup_close(m);
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}

/* Where the newest word stands among the items; count when it is older than all of them. */
static size_t find_newest(const struct pages_timeline *timeline)
{
    size_t i = 0;

    while (i < timeline->count &&
           !(timeline->newest && timeline->items[i].index == timeline->newest->index))
        i++;
    return i;
}

/* "Dispatches 21 to 40"; the front page has only the name of the channel. */
static void range_title(enum lang lang, const struct pages_timeline *timeline,
                        struct bytes *title)
{
    char first[LANG_NUMBER_BYTES], last[LANG_NUMBER_BYTES];
    uint64_t before = timeline->number * LIMIT_TIMELINE;

    if (timeline->number == PAGES_FRONT)
        return;
    pages_number(before + 1, first);
    pages_number(before + timeline->count, last);
    LANG_SAY(title, lang, STR_PAGE_RANGE, first, last);
}

static void range_heading(struct pages_draft *draft, struct slice title)
{
    markup_open(&draft->m, "section");
    markup_attr(&draft->m, "class", slice_text("word"));
    markup_element(&draft->m, "h1", "long", title);
    markup_close(&draft->m);
}

/* There was none yet, or there is none that can be shown. */
static void no_word(struct pages_draft *draft, enum lang_string heading)
{
    markup_open(&draft->m, "section");
    markup_attr(&draft->m, "class", slice_text("word"));
    pages_element(draft, "h1", NULL, heading);
    pages_element(draft, "p", "small", STR_PAGE_NO_WORD_MORE);
    markup_close(&draft->m);
}

/* The newest word, and the way to the page that says only whether all is well. */
static void front_heading(struct pages_draft *draft, const struct pages_timeline *timeline)
{
    pages_keys_notice(draft, timeline->keys);
    if (timeline->newest)
        newest(draft, timeline);
    else
        no_word(draft, timeline->dispatches ? STR_NOW_NO_WORD : STR_PAGE_NO_WORD);
    markup_open(&draft->m, "p");
    pages_link(draft, "now");
    markup_attr(&draft->m, "class", slice_text("go"));
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_NOW_LINK)));
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void list(struct pages_draft *draft, const struct pages_timeline *timeline)
{
    struct markup *m = &draft->m;
    bool front = timeline->number == PAGES_FRONT;
    size_t skip = front ? find_newest(timeline) : timeline->count;
    char count[LANG_NUMBER_BYTES];

    if (timeline->count > (skip < timeline->count ? 1u : 0u)) {
        markup_open(m, "section");
        if (front)
            pages_element(draft, "h2", NULL, STR_PAGE_OLDER_NAV);
        markup_open(m, "ol");
        markup_attr(m, "class", slice_text("list"));
        markup_newline(m);
        for (size_t i = 0; i < timeline->count; i++)
            if (i != skip)
                row(draft, &timeline->items[i], front ? "h3" : "h2");
        markup_close(m);
        markup_close(m);
    }
    if (!front)
        return;
    pages_number(timeline->dispatches, count);
    markup_open(m, "p");
    markup_attr(m, "class", slice_text("small"));
    pages_fill(draft, lang_plural(draft->lang, PLURAL_PAGE_COUNT, timeline->dispatches),
               slice_text(count), slice_of(NULL, 0));
    markup_close(m);
}

/* The number of the older page to link to, or PAGES_FRONT for none. */
static uint64_t older_page(const struct pages_timeline *timeline)
{
    if (timeline->number != PAGES_FRONT)
        return timeline->number ? timeline->number - 1 : PAGES_FRONT;
    if (timeline->dispatches <= LIMIT_TIMELINE)
        return PAGES_FRONT;
    return (timeline->dispatches - LIMIT_TIMELINE - 1) / LIMIT_TIMELINE;
}

int pages_timeline(const struct pages_site *site, const struct pages_timeline *timeline,
                   enum lang lang, struct bytes *out, struct why *why)
{
    struct pages_draft draft = {.site = site, .lang = lang};
    uint64_t older = older_page(timeline);
    char folder[TREE_PATH_BYTES] = "", before[TREE_PATH_BYTES];
    struct bytes title;
    int rc;

    if (timeline->number != PAGES_FRONT)
        tree_timeline_path(timeline->number, folder);
    bytes_init(&title, 1024);
    range_title(lang, timeline, &title);
    markup_start(&draft.m, out);
    pages_begin(&draft, folder, bytes_view(&title));
    if (timeline->number == PAGES_FRONT)
        front_heading(&draft, timeline);
    else
        range_heading(&draft, bytes_view(&title));
    list(&draft, timeline);
    if (timeline->number == PAGES_FRONT)
        pages_keys_section(&draft, timeline->keys);
    if (older != PAGES_FRONT)
        tree_timeline_path(older, before);
    pages_turn(&draft, older != PAGES_FRONT ? before : NULL, STR_PAGE_OLDER);
    pages_end(&draft, NULL);
    rc = bytes_check(&title, why);
    bytes_release(&title);
    return rc < 0 ? rc : bytes_check(out, why);
}
