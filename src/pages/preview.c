/*
 * What other programs read of a page: addresses of the feeds, OpenGraph (ogp.me) for previews
 * in messengers, schema.org's VideoObject as microdata, which needs no script element.
 */
#include "pages/pages_int.h"

/* Bytes of words in a preview: as much as messengers show. */
#define EXCERPT_BYTES 180

static void property(struct pages_draft *draft, const char *name, struct slice content)
{
    markup_void(&draft->m, "meta");
    markup_attr(&draft->m, "property", slice_text(name));
    markup_attr(&draft->m, "content", content);
    markup_newline(&draft->m);
}

static void property_number(struct pages_draft *draft, const char *name, uint64_t number)
{
    char text[LANG_NUMBER_BYTES];

    pages_number(number, text);
    property(draft, name, slice_text(text));
}

/* An address with the host that OpenGraph wants. */
static void property_url(struct pages_draft *draft, const char *name, const char *path)
{
    struct bytes url;

    bytes_init(&url, LIMIT_URL_BYTES + LIMIT_PATH_BYTES + 1);
    bytes_slice(&url, draft->site->base);
    bytes_text(&url, path);
    property(draft, name, bytes_view(&url));
    pages_text_done(draft, &url);
}

static struct slice bare_type(const struct doc_blob *blob)
{
    return slice_sub(blob->mime, 0, slice_find(blob->mime, 0, ';'));
}

static const struct doc_blob *first_video(const struct document *doc)
{
    for (size_t i = 0; i < doc->blob_count; i++)
        if (pages_is_video(&doc->blobs[i]))
            return &doc->blobs[i];
    return NULL;
}

struct media {
    const char *url, *type, *width, *height;
};

static void media(struct pages_draft *draft, const struct doc_blob *blob,
                  const struct media *names)
{
    char path[TREE_PATH_BYTES];

    if (!blob || !pages_blob_path(blob, path))
        return;
    property_url(draft, names->url, path);
    property(draft, names->type, bare_type(blob));
    if (!blob->width || !blob->height)
        return;
    property_number(draft, names->width, blob->width);
    property_number(draft, names->height, blob->height);
}

/* What needs a host stands only where the channel has a base. */
static void with_host(struct pages_draft *draft, const struct pages_item *item)
{
    static const struct media image = {"og:image", "og:image:type", "og:image:width",
                                       "og:image:height"};
    static const struct media video = {"og:video", "og:video:type", "og:video:width",
                                       "og:video:height"};
    char folder[TREE_PATH_BYTES], page[TREE_PATH_BYTES + 16];

    if (!draft->site->base.len)
        return;
    pages_folder(item, folder);
    (void)snprintf(page, sizeof(page), "%s/%s", folder, pages_file_name(draft->lang));
    property_url(draft, "og:url", page);
    media(draft, pages_first_poster(item->doc), &image);
    media(draft, first_video(item->doc), &video);
}

/* The first words in the reader's language; without words the date. */
static void describe(struct pages_draft *draft, const struct document *doc, struct bytes *out)
{
    const struct doc_text *words = pages_choose(draft, doc->words, doc->word_count);
    char date[LANG_DATE_BYTES] = "";

    if (words) {
        bytes_slice(out, pages_excerpt(words->text, EXCERPT_BYTES));
        return;
    }
    if (doc->published)
        lang_date(draft->lang, doc->published, date);
    bytes_text(out, date);
}

void pages_preview(struct pages_draft *draft, const struct pages_item *item)
{
    static const char *const locales[LANG_COUNT] = {"en_US", "zh_CN", "uk_UA", "ru_RU"};
    const struct document *doc = item->doc;
    struct bytes text;

    bytes_init(&text, 4096);
    property(draft, "og:type", slice_text(first_video(doc) ? "video.other" : "article"));
    property(draft, "og:site_name", draft->site->name);
    property(draft, "og:locale", slice_text(locales[draft->lang]));
    pages_item_title(draft->lang, item, &text);
    property(draft, "og:title", bytes_view(&text));
    bytes_clear(&text);
    describe(draft, doc, &text);
    if (text.len)
        property(draft, "og:description", bytes_view(&text));
    pages_text_done(draft, &text);
    with_host(draft, item);
}

void pages_feed_links(struct pages_draft *draft)
{
    static const char *const feeds[][2] = {{"application/atom+xml", "feed.atom"},
                                           {"application/rss+xml", "rss.xml"},
                                           {"application/feed+json", "feed.json"}};
    struct markup *m = &draft->m;

    for (size_t i = 0; i < COUNT_OF(feeds); i++) {
        markup_void(m, "link");
        markup_attr(m, "rel", slice_text("alternate"));
        markup_attr(m, "type", slice_text(feeds[i][0]));
        markup_attr_path(m, "href", draft->up, feeds[i][1]);
        markup_newline(m);
    }
}

/* ---- microdata ---- */

static void itemprop(struct pages_draft *draft, const char *name, struct slice content)
{
    markup_void(&draft->m, "meta");
    markup_attr(&draft->m, "itemprop", slice_text(name));
    markup_attr(&draft->m, "content", content);
}

static void itemprop_path(struct pages_draft *draft, const char *name, const char *path)
{
    markup_void(&draft->m, "link");
    markup_attr(&draft->m, "itemprop", slice_text(name));
    markup_attr_path(&draft->m, "href", draft->up, path);
}

static void itemprop_number(struct pages_draft *draft, const char *name, uint64_t number)
{
    char text[LANG_NUMBER_BYTES];

    pages_number(number, text);
    itemprop(draft, name, slice_text(text));
}

static void itemprop_facts(struct pages_draft *draft, const struct doc_blob *blob)
{
    char text[LANG_NUMBER_BYTES], hex[65];

    if (blob->duration_ms) {
        uint64_t lasts_s = blob->duration_ms < 1000 ? 1 : (blob->duration_ms + 500) / 1000;

        (void)snprintf(text, sizeof(text), "PT%lluS", (unsigned long long)lasts_s);
        itemprop(draft, "duration", slice_text(text));
    }
    if (blob->width && blob->height) {
        itemprop_number(draft, "width", blob->width);
        itemprop_number(draft, "height", blob->height);
    }
    hex_build(slice_of(blob->sha256, sizeof(blob->sha256)), hex);
    itemprop(draft, "sha256", slice_text(hex));
}

void pages_video_object(struct pages_draft *draft, const struct pages_item *item, size_t i)
{
    const struct document *doc = item->doc;
    const struct doc_blob *blob = &doc->blobs[i], *poster = pages_poster(doc, i);
    char path[TREE_PATH_BYTES], when[WHEN_TEXT_BYTES];
    struct bytes text;

    markup_flag(&draft->m, "itemscope");
    markup_attr(&draft->m, "itemtype", slice_text("https://schema.org/VideoObject"));
    bytes_init(&text, 4096);
    pages_item_title(draft->lang, item, &text);
    itemprop(draft, "name", bytes_view(&text));
    bytes_clear(&text);
    describe(draft, doc, &text);
    if (text.len && blob == first_video(doc)) /* once: eight clips may share a page */
        itemprop(draft, "description", bytes_view(&text));
    pages_text_done(draft, &text);
    if (doc->published) {
        when_text(doc->published, when);
        itemprop(draft, "uploadDate", slice_text(when));
    }
    itemprop(draft, "encodingFormat", blob->mime);
    itemprop_facts(draft, blob);
    if (pages_blob_path(blob, path))
        itemprop_path(draft, "contentUrl", path);
    if (poster && pages_blob_path(poster, path))
        itemprop_path(draft, "thumbnailUrl", path);
}
