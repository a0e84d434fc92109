/* feed.json: JSON Feed 1.1. */
#include "feeds/feeds_int.h"
#include "json/json.h"

static void put_date(struct json_writer *w, const char *name, uint64_t unix_s)
{
    char text[WHEN_TEXT_BYTES];

    when_text(unix_s, text);
    json_put_text(w, name, text);
}

/* All words, line breaks and all, then the promise and what there is to see. */
static void content(struct feeds_draft *draft, struct json_writer *w,
                    const struct pages_item *one)
{
    const struct document *doc = one->doc;
    struct slice due, note;
    struct bytes text;

    bytes_init(&text, LIMIT_FEED_BYTES);
    for (unsigned i = 0; i < PAGES_NOTES; i++) {
        note = feeds_note(draft, one, i);
        bytes_slice(&text, note);
        if (note.len)
            bytes_text(&text, "\n\n");
    }
    for (size_t i = 0; i < doc->word_count; i++) {
        bytes_slice(&text, feeds_words(draft, doc, i)->text);
        bytes_text(&text, "\n\n");
    }
    due = feeds_due(draft, doc);
    bytes_slice(&text, due);
    if (due.len)
        bytes_text(&text, "\n\n");
    bytes_slice(&text, feeds_what(draft, doc));
    if (text.failed) /* Not shorter in silence: the whole feed fails. */
        draft->piece.failed = text.failed;
    json_put_slice(w, "content_text", bytes_view(&text));
    bytes_release(&text);
}

/* The SHA-256 stands where others may add to the format: below a name with "_". */
static void attachment(struct feeds_draft *draft, struct json_writer *w,
                       const struct doc_blob *blob, const char *path)
{
    json_object_open(w, NULL);
    json_put_slice(w, "url", feeds_url(draft, path));
    json_put_slice(w, "mime_type", blob->mime);
    json_put_number(w, "size_in_bytes", blob->bytes);
    if (blob->duration_ms)
        json_put_number(w, "duration_in_seconds",
                        blob->duration_ms < 1000 ? 1 : (blob->duration_ms + 500) / 1000);
    json_object_open(w, "_stillhere");
    json_put_hex(w, "sha256", slice_of(blob->sha256, sizeof(blob->sha256)));
    json_object_close(w);
    json_object_close(w);
}

static void attachments(struct feeds_draft *draft, struct json_writer *w,
                        const struct document *doc)
{
    const struct doc_blob *blob;
    char path[TREE_PATH_BYTES];
    bool open = false;

    for (size_t i = 0; i < doc->blob_count; i++) {
        blob = &doc->blobs[i];
        if (!pages_is_video(blob) || !pages_blob_path(blob, path))
            continue;
        if (!open)
            json_array_open(w, "attachments");
        open = true;
        attachment(draft, w, blob, path);
    }
    if (open)
        json_array_close(w);
}

static void image(struct feeds_draft *draft, struct json_writer *w, const struct document *doc)
{
    const struct doc_blob *poster = NULL;
    char path[TREE_PATH_BYTES];

    for (size_t i = 0; i < doc->blob_count && !poster; i++)
        if (pages_is_video(&doc->blobs[i]))
            poster = pages_poster(doc, i);
    if (poster && pages_blob_path(poster, path))
        json_put_slice(w, "image", feeds_url(draft, path));
}

static void item(struct feeds_draft *draft, struct json_writer *w, const struct pages_item *one)
{
    json_object_open(w, NULL);
    json_put_slice(w, "id", feeds_item_urn(draft, one));
    if (feeds_has_base(draft))
        json_put_slice(w, "url", feeds_page(draft, one));
    json_put_slice(w, "title", feeds_title(draft, one));
    content(draft, w, one);
    put_date(w, "date_published", one->doc->published);
    if (one->corrected_at)
        put_date(w, "date_modified", feeds_updated(one));
    if (feeds_has_base(draft)) {
        image(draft, w, one->doc);
        attachments(draft, w, one->doc);
    }
    json_object_close(w);
}

void feeds_json(struct feeds_draft *draft)
{
    const struct feeds_channel *channel = draft->channel;
    struct json_writer w;

    json_writer_init(&w, draft->out);
    json_object_open(&w, NULL);
    json_put_text(&w, "version", "https://jsonfeed.org/version/1.1");
    json_put_slice(&w, "title", channel->site->name);
    if (feeds_has_base(draft)) {
        json_put_slice(&w, "home_page_url", feeds_url(draft, "index.html"));
        json_put_slice(&w, "feed_url", feeds_url(draft, feeds_path(FEEDS_JSON)));
    }
    json_put_slice(&w, "description", feeds_about(draft));
    json_put_text(&w, "language", lang_tag(channel->lang));
    json_array_open(&w, "authors");
    json_object_open(&w, NULL);
    json_put_slice(&w, "name", channel->site->name);
    json_object_close(&w);
    json_array_close(&w);
    json_object_open(&w, "_stillhere");
    json_put_slice(&w, "id", feeds_urn(draft));
    json_object_close(&w);
    json_array_open(&w, "items");
    for (size_t i = 0; i < channel->count; i++)
        if (feeds_is_told(&channel->items[i]))
            item(draft, &w, &channel->items[i]);
    json_array_close(&w);
    json_object_close(&w);
    bytes_text(draft->out, "\n");
}
