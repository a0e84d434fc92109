/* What the three forms of a feed share: names, addresses, words. */
#include "feeds/feeds.h"

#include <string.h>

#include "feeds/feeds_int.h"

const char *feeds_path(enum feeds_form form)
{
    static const char *const paths[FEEDS_FORMS] = {"feed.atom", "feed.json", "rss.xml"};

    return paths[form];
}

bool feeds_is_told(const struct pages_item *item)
{
    return item->state == PAGES_SHOWN && item->doc->published;
}

uint64_t feeds_newest(const struct feeds_channel *channel)
{
    uint64_t newest = 0;

    for (size_t i = 0; i < channel->count; i++)
        if (feeds_is_told(&channel->items[i]) && feeds_updated(&channel->items[i]) > newest)
            newest = feeds_updated(&channel->items[i]);
    return newest;
}

uint64_t feeds_updated(const struct pages_item *item)
{
    return item->corrected_at > item->doc->published ? item->corrected_at
                                                     : item->doc->published;
}

bool feeds_has_base(const struct feeds_draft *draft)
{
    return draft->channel->site->base.len > 0;
}

struct slice feeds_urn(struct feeds_draft *draft)
{
    bytes_clear(&draft->piece);
    bytes_text(&draft->piece, "urn:stillhere:");
    bytes_text(&draft->piece, draft->channel->site->id.text);
    return bytes_view(&draft->piece);
}

struct slice feeds_item_urn(struct feeds_draft *draft, const struct pages_item *item)
{
    (void)feeds_urn(draft);
    bytes_printf(&draft->piece, ":%llu", (unsigned long long)item->index);
    return bytes_view(&draft->piece);
}

struct slice feeds_url(struct feeds_draft *draft, const char *path)
{
    bytes_clear(&draft->piece);
    bytes_slice(&draft->piece, draft->channel->site->base);
    bytes_text(&draft->piece, path);
    return bytes_view(&draft->piece);
}

struct slice feeds_page(struct feeds_draft *draft, const struct pages_item *item)
{
    char folder[TREE_PATH_BYTES];

    pages_folder(item, folder);
    (void)feeds_url(draft, folder);
    bytes_text(&draft->piece, "/index.html"); /* a file: right from every server */
    return bytes_view(&draft->piece);
}

struct slice feeds_title(struct feeds_draft *draft, const struct pages_item *item)
{
    bytes_clear(&draft->piece);
    pages_item_title(draft->channel->lang, item, &draft->piece);
    return bytes_view(&draft->piece);
}

struct slice feeds_note(struct feeds_draft *draft, const struct pages_item *item, unsigned n)
{
    bytes_clear(&draft->piece);
    if (!pages_note(draft->channel->lang, item, n, &draft->piece))
        return slice_of(NULL, 0);
    return bytes_view(&draft->piece);
}

struct slice feeds_about(struct feeds_draft *draft)
{
    char short_id[CHANNEL_SHORT_ID_BYTES];

    channel_id_short(&draft->channel->site->id, short_id);
    bytes_clear(&draft->piece);
    LANG_SAY(&draft->piece, draft->channel->lang, STR_PAGE_CHANNEL, short_id);
    return bytes_view(&draft->piece);
}

struct slice feeds_maker(struct feeds_draft *draft)
{
    bytes_clear(&draft->piece);
    bytes_printf(&draft->piece, "stillhere %s", draft->channel->site->version);
    return bytes_view(&draft->piece);
}

struct slice feeds_due(struct feeds_draft *draft, const struct document *doc)
{
    char date[LANG_DATE_BYTES];

    bytes_clear(&draft->piece);
    if (!doc->next_due)
        return slice_of(NULL, 0);
    lang_date(draft->channel->lang, doc->next_due, date);
    LANG_SAY(&draft->piece, draft->channel->lang, STR_PAGE_NEXT_DUE, date);
    return bytes_view(&draft->piece);
}

struct slice feeds_what(struct feeds_draft *draft, const struct document *doc)
{
    bytes_clear(&draft->piece);
    pages_what(draft->channel->lang, doc, &draft->piece);
    return bytes_view(&draft->piece);
}

const struct doc_text *feeds_words(const struct feeds_draft *draft, const struct document *doc,
                                   size_t n)
{
    const struct doc_text *first =
        pages_pick(draft->channel->lang, doc->words, doc->word_count);
    size_t chosen = first ? (size_t)(first - doc->words) : 0;

    if (!n)
        return first;
    return &doc->words[n <= chosen ? n - 1 : n];
}

/* A text with its line breaks. */
static void lines(struct markup *m, struct slice text)
{
    size_t from = 0, end;

    while ((end = slice_find(text, from, '\n')) < text.len) {
        markup_text(m, slice_sub(text, from, end - from));
        markup_void(m, "br");
        from = end + 1;
    }
    markup_text(m, slice_sub(text, from, text.len - from));
}

void feeds_content(struct feeds_draft *draft, struct markup *m, const struct pages_item *item)
{
    const struct document *doc = item->doc;
    const struct doc_text *words;
    struct slice due, note;

    for (unsigned i = 0; i < PAGES_NOTES; i++) {
        note = feeds_note(draft, item, i);
        if (note.len)
            markup_element(m, "p", NULL, note);
    }
    for (size_t i = 0; i < doc->word_count; i++) {
        words = feeds_words(draft, doc, i);
        markup_open(m, "p");
        markup_attr(m, "lang", words->lang);
        if (m->xml) /* Each kind of reader knows one of them. */
            markup_attr(m, "xml:lang", words->lang);
        markup_attr(m, "dir", slice_text("auto"));
        lines(m, words->text);
        markup_close(m);
    }
    due = feeds_due(draft, doc);
    if (due.len)
        markup_element(m, "p", NULL, due);
    markup_element(m, "p", NULL, feeds_what(draft, doc));
}

struct slice feeds_type(const struct doc_blob *blob, struct slice *codecs)
{
    size_t end = slice_find(blob->mime, 0, ';');
    struct slice rest = slice_sub(blob->mime, end, blob->mime.len - end);

    *codecs = slice_of(NULL, 0);
    if (slice_starts(rest, ";codecs="))
        *codecs = slice_sub(rest, 8, rest.len - 8);
    return slice_sub(blob->mime, 0, end);
}

int feeds_build(enum feeds_form form, const struct feeds_channel *channel, struct bytes *out,
                struct why *why)
{
    struct feeds_draft draft = {.channel = channel, .out = out};
    int rc;

    bytes_init(&draft.piece, LIMIT_FEED_BYTES);
    if (form == FEEDS_ATOM)
        feeds_atom(&draft);
    else if (form == FEEDS_JSON)
        feeds_json(&draft);
    else
        feeds_rss(&draft);
    rc = bytes_check(&draft.piece, why);
    bytes_release(&draft.piece);
    return rc < 0 ? rc : bytes_check(out, why);
}
