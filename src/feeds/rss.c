/* rss.xml: RSS 2.0 with the podcast namespace, for podcast programs. */
#include "feeds/feeds_int.h"

#include <stdio.h>

#define PODCAST "https://podcastindex.org/namespace/1.0"

static void leaf(struct markup *m, const char *name, struct slice text)
{
    markup_element(m, name, NULL, text);
    markup_newline(m);
}

/* RFC 822 section 5 with the year in four digits, as RSS wants it. */
static void date(struct markup *m, const char *name, uint64_t unix_s)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct when when = when_of(unix_s);
    char text[48];

    (void)snprintf(text, sizeof(text), "%s, %02u %s %04d %02u:%02u:%02u +0000",
                   days[when.weekday % 7], when.day, months[(when.month + 11u) % 12],
                   (int)when.year, when.hour, when.minute, when.second);
    leaf(m, name, slice_text(text));
}

/* The file of the enclosure once more, with its hash; or a further video of the dispatch. */
static void alternate(struct feeds_draft *draft, struct markup *m, const struct doc_blob *blob,
                      const char *path, size_t number)
{
    struct slice codecs, type = feeds_type(blob, &codecs);
    char group[32];

    markup_open(m, "podcast:alternateEnclosure");
    markup_attr(m, "type", type);
    markup_attr_number(m, "length", blob->bytes);
    if (blob->height)
        markup_attr_number(m, "height", blob->height);
    if (codecs.len)
        markup_attr(m, "codecs", codecs);
    if (number) {
        (void)snprintf(group, sizeof(group), "video-%zu", number + 1);
        markup_attr(m, "rel", slice_text(group));
    } else {
        markup_attr(m, "default", slice_text("true"));
    }
    markup_void(m, "podcast:source");
    markup_attr(m, "uri", feeds_url(draft, path));
    markup_void(m, "podcast:integrity");
    markup_attr(m, "type", slice_text("sri"));
    bytes_clear(&draft->piece);
    bytes_text(&draft->piece, "sha256-");
    base64_build(&draft->piece, slice_of(blob->sha256, sizeof(blob->sha256)), BASE64_PADDED);
    markup_attr(m, "value", bytes_view(&draft->piece));
    markup_close(m);
    markup_newline(m);
}

/* One enclosure, as RSS has it: the first video, a single file that plays while it loads. */
static void videos(struct feeds_draft *draft, struct markup *m, const struct document *doc)
{
    const struct doc_blob *blob;
    char path[TREE_PATH_BYTES];
    struct slice codecs;
    size_t number = 0;

    for (size_t i = 0; i < doc->blob_count; i++) {
        blob = &doc->blobs[i];
        if (!pages_is_video(blob) || !pages_blob_path(blob, path))
            continue;
        if (!number) {
            markup_void(m, "enclosure");
            markup_attr(m, "url", feeds_url(draft, path));
            markup_attr_number(m, "length", blob->bytes);
            markup_attr(m, "type", feeds_type(blob, &codecs));
            markup_newline(m);
        }
        alternate(draft, m, blob, path, number++);
    }
}

static void description(struct feeds_draft *draft, struct markup *m,
                        const struct pages_item *one)
{
    struct markup part;
    struct bytes html;

    bytes_init(&html, LIMIT_FEED_BYTES);
    markup_start_part(&part, &html);
    feeds_content(draft, &part, one);
    markup_end(&part);
    if (html.failed) /* Not shorter in silence: the whole feed fails. */
        draft->piece.failed = html.failed;
    leaf(m, "description", bytes_view(&html));
    bytes_release(&html);
}

static void item(struct feeds_draft *draft, struct markup *m, const struct pages_item *one)
{
    markup_open(m, "item");
    markup_newline(m);
    leaf(m, "title", feeds_title(draft, one));
    if (feeds_has_base(draft))
        leaf(m, "link", feeds_page(draft, one));
    markup_open(m, "guid");
    markup_attr(m, "isPermaLink", slice_text("false"));
    markup_text(m, feeds_item_urn(draft, one));
    markup_close(m);
    markup_newline(m);
    date(m, "pubDate", one->doc->published);
    description(draft, m, one);
    if (feeds_has_base(draft))
        videos(draft, m, one->doc);
    markup_close(m);
    markup_newline(m);
}

static void head(struct feeds_draft *draft, struct markup *m)
{
    const struct feeds_channel *channel = draft->channel;
    uint64_t newest = feeds_newest(channel);
    char guid[FEEDS_GUID_BYTES];

    leaf(m, "title", channel->site->name);
    /* RSS wants a link that begins with a registered scheme: without a host, the name. */
    leaf(m, "link", feeds_has_base(draft) ? feeds_url(draft, "index.html") : feeds_urn(draft));
    leaf(m, "description", feeds_about(draft));
    leaf(m, "language", slice_text(lang_tag(channel->lang)));
    if (newest)
        date(m, "lastBuildDate", newest);
    leaf(m, "generator", feeds_maker(draft));
    if (feeds_has_base(draft)) {
        markup_void(m, "atom:link");
        markup_attr(m, "rel", slice_text("self"));
        markup_attr(m, "type", slice_text("application/rss+xml"));
        markup_attr(m, "href", feeds_url(draft, feeds_path(FEEDS_RSS)));
        markup_newline(m);
    }
    feeds_guid(feeds_urn(draft), guid);
    leaf(m, "podcast:guid", slice_text(guid));
    leaf(m, "podcast:medium", slice_text("video"));
}

void feeds_rss(struct feeds_draft *draft)
{
    const struct feeds_channel *channel = draft->channel;
    struct markup m;

    markup_start_xml(&m, draft->out);
    markup_open(&m, "rss");
    markup_attr(&m, "version", slice_text("2.0"));
    markup_attr(&m, "xmlns:atom", slice_text("http://www.w3.org/2005/Atom"));
    markup_attr(&m, "xmlns:podcast", slice_text(PODCAST));
    markup_newline(&m);
    markup_open(&m, "channel");
    markup_newline(&m);
    head(draft, &m);
    for (size_t i = 0; i < channel->count; i++)
        if (feeds_is_told(&channel->items[i]))
            item(draft, &m, &channel->items[i]);
    markup_close(&m);
    markup_newline(&m);
    markup_close(&m);
    markup_end(&m);
}
