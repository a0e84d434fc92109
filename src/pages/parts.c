/* The parts of a dispatch that more than one page shows: status, times, place, words, files. */
#include "pages/pages_int.h"

#include <string.h>

static void time_element(struct pages_draft *draft, uint64_t unix_s, const char *date)
{
    char machine[WHEN_TEXT_BYTES];

    when_text(unix_s, machine);
    markup_open(&draft->m, "time");
    markup_attr(&draft->m, "datetime", slice_text(machine));
    markup_text(&draft->m, slice_text(date));
    markup_close(&draft->m);
}

void pages_time(struct pages_draft *draft, uint64_t unix_s)
{
    char date[LANG_DATE_BYTES];

    lang_date(draft->lang, unix_s, date);
    time_element(draft, unix_s, date);
}

void pages_time_short(struct pages_draft *draft, uint64_t unix_s)
{
    char date[LANG_DATE_BYTES];

    lang_date_short(draft->lang, unix_s, date);
    time_element(draft, unix_s, date);
}

const struct doc_text *pages_choose(const struct pages_draft *draft,
                                    const struct doc_text *texts, size_t count)
{
    return pages_pick(draft->lang, texts, count);
}

void pages_lang_attr(struct pages_draft *draft, struct slice tag)
{
    if (tag.len && !slice_equal(tag, slice_text(lang_tag(draft->lang))))
        markup_attr(&draft->m, "lang", tag);
    markup_attr(&draft->m, "dir", slice_text("auto"));
}

/* STR_COUNT for a status in the witness's own words. */
static enum lang_string status_string(struct slice status)
{
    static const struct {
        const char *name;
        enum lang_string id;
    } known[] = {
        {"well", STR_STATUS_WELL}, {"hurt", STR_STATUS_HURT}, {"moving", STR_STATUS_MOVING}};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_equal(status, slice_text(known[i].name)))
            return known[i].id;
    return STR_COUNT;
}

void pages_status(struct pages_draft *draft, const struct document *doc)
{
    enum lang_string id = status_string(doc->status);

    if (id != STR_COUNT)
        markup_text(&draft->m, slice_text(lang_text(draft->lang, id)));
    else if (doc->status.len)
        markup_foreign(&draft->m, slice_of(NULL, 0), doc->status);
    else
        markup_foreign(&draft->m, doc->status_text.lang, doc->status_text.text);
}

void pages_item_status(struct pages_draft *draft, const struct pages_item *item)
{
    struct slice literal;
    unsigned number;

    if (!item->disputed) {
        pages_status(draft, item->doc);
        return;
    }
    for (const char *text = lang_text(draft->lang, STR_PAGE_DISPUTED);
         (text = lang_next(text, &literal, &number));) {
        markup_text(&draft->m, literal);
        if (number)
            pages_status(draft, item->doc);
    }
}

const struct doc_text *pages_place(const struct pages_draft *draft, const struct document *doc)
{
    if (!doc->place.present)
        return NULL;
    return pages_choose(draft, doc->place.names, doc->place.name_count);
}

void pages_headline(struct pages_draft *draft, const struct pages_item *item)
{
    struct markup *m = &draft->m;
    const struct document *doc = item->doc;
    const struct doc_text *place = pages_place(draft, doc);

    markup_open(m, "h1");
    /* The three known words are short, and large where they are the newest. */
    if (status_string(doc->status) == STR_COUNT || item->disputed || pages_is_old(item))
        markup_attr(m, "class", slice_text("long"));
    pages_item_status(draft, item);
    markup_close(m);
    markup_newline(m);
    if (doc->published) {
        markup_open(m, "p");
        markup_attr(m, "class", slice_text("when"));
        pages_time(draft, doc->published);
        markup_close(m);
    }
    if (place) {
        markup_open(m, "p");
        markup_attr(m, "class", slice_text("where"));
        markup_foreign(m, place->lang, place->text);
        markup_close(m);
    }
    markup_newline(m);
}

struct slice pages_excerpt(struct slice text, size_t max)
{
    size_t end = max;

    if (text.len <= max)
        return text;
    while (end && (text.ptr[end] & 0xc0) == 0x80)
        end--;
    for (size_t at = end; at && at + 24 > end; at--)
        if (text.ptr[at] == ' ' || text.ptr[at] == '\n')
            return slice_sub(text, 0, at);
    return slice_sub(text, 0, end);
}

bool pages_words_from(struct pages_draft *draft, const struct doc_text *words, size_t max)
{
    struct slice first = pages_excerpt(words->text, max);

    markup_open(&draft->m, "p");
    markup_attr(&draft->m, "class", slice_text("words"));
    pages_lang_attr(draft, words->lang);
    markup_text(&draft->m, first);
    if (first.len < words->text.len)
        markup_text(&draft->m, slice_text(" …"));
    markup_close(&draft->m);
    markup_newline(&draft->m);
    return first.len < words->text.len;
}

void pages_words(struct pages_draft *draft, const struct doc_text *words)
{
    (void)pages_words_from(draft, words, words->text.len);
}

bool pages_is_video(const struct doc_blob *blob)
{
    return slice_equal(blob->role, slice_text("video"));
}

static bool is_poster(const struct doc_blob *blob)
{
    return slice_equal(blob->role, slice_text("poster"));
}

size_t pages_videos(const struct document *doc)
{
    size_t videos = 0;

    for (size_t i = 0; i < doc->blob_count; i++)
        videos += pages_is_video(&doc->blobs[i]);
    return videos;
}

const struct doc_blob *pages_poster(const struct document *doc, size_t i)
{
    for (i++; i < doc->blob_count && !pages_is_video(&doc->blobs[i]); i++)
        if (is_poster(&doc->blobs[i]))
            return &doc->blobs[i];
    return NULL;
}

const struct doc_blob *pages_first_poster(const struct document *doc)
{
    for (size_t i = 0; i < doc->blob_count; i++)
        if (is_poster(&doc->blobs[i]))
            return &doc->blobs[i];
    return NULL;
}

bool pages_blob_path(const struct doc_blob *blob, char out[TREE_PATH_BYTES])
{
    return tree_blob_path(blob->sha256, blob->mime, out, NULL) == SH_OK;
}

void pages_length(struct pages_draft *draft, const struct document *doc)
{
    struct bytes text;

    bytes_init(&text, 1024);
    pages_what(draft->lang, doc, &text);
    markup_text(&draft->m, bytes_view(&text));
    pages_text_done(draft, &text);
}
