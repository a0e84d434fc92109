/* What became of a dispatch, and of the channel's keys: disputed, corrected, sealed before. */
#include "pages/pages_int.h"

#define NONE slice_of(NULL, 0)
#define KEYS_ANCHOR "keys"

uint64_t pages_entry(const struct pages_item *item)
{
    return item->version ? item->version : item->index;
}

void pages_folder(const struct pages_item *item, char out[TREE_PATH_BYTES])
{
    tree_dispatch_path(pages_entry(item), out);
}

void pages_item_title(enum lang lang, const struct pages_item *item, struct bytes *out)
{
    struct slice literal;
    unsigned number;

    if (!item->disputed) {
        pages_title(lang, item->doc, out);
        return;
    }
    for (const char *text = lang_text(lang, STR_PAGE_DISPUTED);
         (text = lang_next(text, &literal, &number));) {
        bytes_slice(out, literal);
        if (number)
            pages_title(lang, item->doc, out);
    }
}

/* ---- sentences ---- */

static void say_disputed(enum lang lang, const struct pages_item *item, struct bytes *out)
{
    char number[LANG_NUMBER_BYTES];

    pages_number(item->opened_in_dispute ? item->opened_by : item->disputed_from, number);
    LANG_SAY(out, lang,
             item->opened_in_dispute ? STR_PAGE_DISPUTED_OPENING : STR_PAGE_DISPUTED_WHY,
             number);
}

static void say_corrected(enum lang lang, const struct pages_item *item, struct bytes *out)
{
    char date[LANG_DATE_BYTES];

    lang_date_short(lang, item->corrected_at, date);
    LANG_SAY(out, lang, STR_PAGE_CORRECTED_SHOWN, date);
}

static void say_sealed(enum lang lang, const struct pages_item *item, struct bytes *out)
{
    char opened[LANG_DATE_BYTES], known[LANG_DATE_BYTES];

    lang_date_short(lang, item->doc->published, opened);
    lang_date_short(lang, item->known_at, known);
    if (item->known_at)
        LANG_SAY(out, lang, STR_PAGE_SEALED_KNOWN, known, opened);
    else
        LANG_SAY(out, lang, STR_PAGE_SEALED_OPENED, opened);
}

bool pages_note(enum lang lang, const struct pages_item *item, unsigned which,
                struct bytes *out)
{
    if (item->state != PAGES_SHOWN)
        return false;
    if (which == 0 && item->disputed)
        say_disputed(lang, item, out);
    else if (which == 1 && item->corrected_at)
        say_corrected(lang, item, out);
    else if (which == 2 && item->opened_by && !item->version && !item->opened_in_dispute &&
             item->doc->published)
        say_sealed(lang, item, out);
    else
        return false;
    return true;
}

void pages_notes(struct pages_draft *draft, const struct pages_item *item)
{
    struct bytes text;

    bytes_init(&text, 4096);
    for (unsigned i = 1; i < PAGES_NOTES; i++) {
        bytes_clear(&text);
        if (!pages_note(draft->lang, item, i, &text))
            continue;
        markup_element(&draft->m, "p", "note", bytes_view(&text));
        markup_newline(&draft->m);
    }
    pages_text_done(draft, &text);
}

/* ---- disputed ---- */

/* To the front page, where the keys are listed. */
static void keys_link(struct pages_draft *draft)
{
    struct bytes href;

    bytes_init(&href, TREE_PATH_BYTES);
    for (unsigned i = 0; i < draft->up; i++)
        bytes_text(&href, "../");
    bytes_text(&href, pages_file_name(draft->lang));
    bytes_text(&href, "#" KEYS_ANCHOR);
    markup_open(&draft->m, "a");
    markup_attr(&draft->m, "href", bytes_view(&href));
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_PAGE_TO_KEYS)));
    markup_close(&draft->m);
    pages_text_done(draft, &href);
}

void pages_disputed(struct pages_draft *draft, const struct pages_item *item)
{
    struct bytes text;

    if (!item->disputed)
        return;
    bytes_init(&text, 4096);
    say_disputed(draft->lang, item, &text);
    markup_open(&draft->m, "div");
    markup_attr(&draft->m, "class", slice_text("flag"));
    markup_element(&draft->m, "p", NULL, bytes_view(&text));
    markup_open(&draft->m, "p");
    keys_link(draft);
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
    pages_text_done(draft, &text);
}

/* ---- versions ---- */

static void version_link(struct pages_draft *draft, uint64_t index, enum lang_string words)
{
    char folder[TREE_PATH_BYTES], number[LANG_NUMBER_BYTES];

    tree_dispatch_path(index, folder);
    pages_number(index, number);
    markup_open(&draft->m, "p");
    pages_link(draft, folder);
    pages_fill(draft, lang_text(draft->lang, words), slice_text(number), NONE);
    markup_close(&draft->m);
    markup_close(&draft->m);
}

/* The next version that its owner stands for; NULL: this is the newest of those. */
static const struct pages_version *good_after(const struct pages_item *item)
{
    if (item->after.index && !item->after.disputed)
        return &item->after;
    return item->newest.index > pages_entry(item) ? &item->newest : NULL;
}

bool pages_is_old(const struct pages_item *item)
{
    return good_after(item) != NULL;
}

void pages_versions_after(struct pages_draft *draft, const struct pages_item *item)
{
    const struct pages_version *next = good_after(item);
    char text[LANG_DATE_BYTES];

    if (!next)
        return;
    if (next->at)
        lang_date(draft->lang, next->at, text);
    else
        pages_number(next->index, text);
    markup_open(&draft->m, "div");
    markup_attr(&draft->m, "class", slice_text("flag"));
    markup_open(&draft->m, "p");
    pages_fill(
        draft,
        lang_text(draft->lang, next->at ? STR_PAGE_CORRECTED_ON : STR_PAGE_CORRECTION_MISSING),
        slice_text(text), NONE);
    markup_close(&draft->m);
    version_link(draft, next->index, STR_PAGE_TO_CORRECTION);
    if (item->newest.index && next != &item->newest)
        version_link(draft, item->newest.index, STR_PAGE_TO_NEWEST_VERSION);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

void pages_versions_before(struct pages_draft *draft, const struct pages_item *item)
{
    bool disputed = item->after.index && item->after.disputed;

    if (!item->before.index && !disputed)
        return;
    markup_open(&draft->m, "div");
    markup_attr(&draft->m, "class", slice_text("note"));
    if (item->before.index) {
        pages_element(draft, "p", NULL, STR_PAGE_IS_CORRECTION);
        version_link(draft, item->before.index, STR_PAGE_TO_EARLIER);
    }
    if (disputed)
        version_link(draft, item->after.index, STR_PAGE_TO_DISPUTED);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

/* ---- keys ---- */

static void number_line(struct pages_draft *draft, enum lang_string id, uint64_t number,
                        uint64_t before)
{
    char text[LANG_NUMBER_BYTES], date[LANG_DATE_BYTES];

    pages_number(number, text);
    markup_open(&draft->m, "p");
    pages_fill(draft, lang_text(draft->lang, id), slice_text(text), NONE);
    if (before) {
        pages_gap(draft);
        lang_date_short(draft->lang, before, date);
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_KEY_BEFORE), slice_text(date), NONE);
    }
    markup_close(&draft->m);
}

void pages_keys_notice(struct pages_draft *draft, const struct pages_keys *keys)
{
    if (!keys || keys->count < 2 || !keys->recent)
        return;
    markup_open(&draft->m, "div");
    markup_attr(&draft->m, "class", slice_text(keys->disputed ? "flag" : "note"));
    number_line(draft, STR_PAGE_KEY_NEW, keys->since, 0);
    markup_open(&draft->m, "p");
    keys_link(draft);
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void key_row(struct pages_draft *draft, const struct pages_key *key)
{
    struct markup *m = &draft->m;
    char from[LANG_NUMBER_BYTES], until[LANG_NUMBER_BYTES];
    const char *text = lang_text(draft->lang, key->until == ENTRY_NO_REF ? STR_PAGE_KEY_FROM
                                                                         : STR_PAGE_KEY_SPAN);
    struct slice literal;
    unsigned at;

    pages_number(key->from, from);
    pages_number(key->until > key->from ? key->until - 1 : key->from, until);
    markup_open(m, "li");
    while ((text = lang_next(text, &literal, &at))) {
        markup_text(m, literal);
        if (at == 1)
            markup_element(m, "code", NULL, slice_text(key->id));
        else if (at)
            markup_text(m, slice_text(at == 2 ? from : until));
    }
    if (key->revoked != ENTRY_NO_REF) {
        pages_number(key->revoked, from);
        markup_text(m, slice_text(draft->lang == LANG_ZH ? "，" : ", "));
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_KEY_REVOKED), slice_text(from), NONE);
    }
    markup_close(m);
}

void pages_keys_section(struct pages_draft *draft, const struct pages_keys *keys)
{
    struct markup *m = &draft->m;

    if (!keys || keys->count < 2)
        return;
    markup_open(m, "section");
    markup_attr(m, "id", slice_text(KEYS_ANCHOR));
    markup_attr(m, "class", slice_text("check"));
    pages_element(draft, "h2", NULL, STR_PAGE_KEYS);
    /* After a theft both begin behind the same entry: its time stands there once. */
    number_line(draft, STR_PAGE_KEY_NEW, keys->since,
                keys->disputed && keys->disputed_at == keys->since_at ? 0 : keys->since_at);
    if (keys->disputed)
        number_line(draft, STR_PAGE_KEY_STOLEN, keys->disputed_from, keys->disputed_at);
    pages_element(draft, "p", NULL, STR_PAGE_KEY_SIGNED);
    markup_open(m, "ul");
    markup_attr(m, "class", slice_text("plain"));
    for (size_t i = 0; i < keys->count; i++)
        key_row(draft, &keys->list[i]);
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}
