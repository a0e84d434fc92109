/* feed.atom: RFC 4287. */
#include "feeds/feeds_int.h"

static void leaf(struct markup *m, const char *name, struct slice text)
{
    markup_element(m, name, NULL, text);
    markup_newline(m);
}

static void date(struct markup *m, const char *name, uint64_t unix_s)
{
    char text[WHEN_TEXT_BYTES];

    when_text(unix_s, text);
    leaf(m, name, slice_text(text));
}

static void link_to(struct markup *m, const char *rel, const char *type, struct slice href)
{
    markup_void(m, "link");
    markup_attr(m, "rel", slice_text(rel));
    markup_attr(m, "type", slice_text(type));
    markup_attr(m, "href", href);
}

/*
 * Every video: a program takes which it can.  Only with a host: readers resolve a relative link
 * to a page, yet not all of them one to a file (newsboat 2.21 does not).
 */
static void enclosures(struct feeds_draft *draft, struct markup *m, const struct document *doc)
{
    const struct doc_blob *blob;
    char path[TREE_PATH_BYTES];

    for (size_t i = 0; i < doc->blob_count; i++) {
        blob = &doc->blobs[i];
        if (!pages_is_video(blob) || !pages_blob_path(blob, path))
            continue;
        markup_void(m, "link");
        markup_attr(m, "rel", slice_text("enclosure"));
        markup_attr(m, "type", blob->mime);
        markup_attr_number(m, "length", blob->bytes);
        markup_attr(m, "href", feeds_url(draft, path));
        markup_newline(m);
    }
}

static void entry(struct feeds_draft *draft, struct markup *m, const struct pages_item *item)
{
    markup_open(m, "entry");
    markup_newline(m);
    leaf(m, "id", feeds_item_urn(draft, item));
    leaf(m, "title", feeds_title(draft, item));
    date(m, "published", item->doc->published);
    date(m, "updated", feeds_updated(item)); /* a correction is the only change */
    link_to(m, "alternate", "text/html", feeds_page(draft, item));
    markup_newline(m);
    if (feeds_has_base(draft))
        enclosures(draft, m, item->doc);
    markup_open(m, "content");
    markup_attr(m, "type", slice_text("xhtml"));
    markup_open(m, "div");
    markup_attr(m, "xmlns", slice_text("http://www.w3.org/1999/xhtml"));
    feeds_content(draft, m, item);
    markup_close(m);
    markup_close(m);
    markup_newline(m);
    markup_close(m);
    markup_newline(m);
}

void feeds_atom(struct feeds_draft *draft)
{
    const struct feeds_channel *channel = draft->channel;
    struct markup m;

    markup_start_xml(&m, draft->out);
    markup_open(&m, "feed");
    markup_attr(&m, "xmlns", slice_text("http://www.w3.org/2005/Atom"));
    markup_attr(&m, "xml:lang", slice_text(lang_tag(channel->lang)));
    markup_newline(&m);
    leaf(&m, "id", feeds_urn(draft));
    leaf(&m, "title", channel->site->name);
    leaf(&m, "subtitle", feeds_about(draft));
    date(&m, "updated", feeds_newest(channel));
    markup_open(&m, "author");
    markup_element(&m, "name", NULL, channel->site->name);
    markup_close(&m);
    markup_newline(&m);
    leaf(&m, "generator", feeds_maker(draft));
    if (feeds_has_base(draft)) { /* 4.2.7.2: self says where this file is, alone */
        link_to(&m, "self", "application/atom+xml", feeds_url(draft, feeds_path(FEEDS_ATOM)));
        markup_newline(&m);
    }
    link_to(&m, "alternate", "text/html", feeds_url(draft, "index.html"));
    markup_newline(&m);
    for (size_t i = 0; i < channel->count; i++)
        if (feeds_is_told(&channel->items[i]))
            entry(draft, &m, &channel->items[i]);
    markup_close(&m);
    markup_end(&m);
}
