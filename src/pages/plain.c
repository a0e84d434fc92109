/* What pages show, as plain text: for titles, previews and feeds. */
#include "pages/pages_int.h"

const struct doc_text *pages_pick(enum lang lang, const struct doc_text *texts, size_t count)
{
    const struct doc_text *english = NULL;
    enum lang one;

    for (size_t i = 0; i < count; i++) {
        if (!lang_from_tag(texts[i].lang, &one))
            continue;
        if (one == lang)
            return &texts[i];
        if (one == LANG_EN && !english)
            english = &texts[i];
    }
    return english ? english : count ? &texts[0] : NULL;
}

/* The status as it stands in a title: without the full stop of a sentence. */
static struct slice status_title(enum lang lang, const struct document *doc)
{
    static const struct {
        const char *name;
        enum lang_string id;
    } known[] = {{"well", STR_FEED_WELL}, {"hurt", STR_FEED_HURT}, {"moving", STR_FEED_MOVING}};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_equal(doc->status, slice_text(known[i].name)))
            return slice_text(lang_text(lang, known[i].id));
    return doc->status.len ? doc->status : doc->status_text.text;
}

void pages_title(enum lang lang, const struct document *doc, struct bytes *out)
{
    const struct doc_text *place = NULL;

    if (doc->place.present)
        place = pages_pick(lang, doc->place.names, doc->place.name_count);
    bytes_slice(out, status_title(lang, doc));
    if (place) {
        bytes_text(out, " · ");
        bytes_slice(out, place->text);
    }
}

void pages_what(enum lang lang, const struct document *doc, struct bytes *out)
{
    uint64_t videos = 0, lasts_ms = 0;
    char lasts[LANG_NUMBER_BYTES];

    for (size_t i = 0; i < doc->blob_count; i++) {
        if (!pages_is_video(&doc->blobs[i]))
            continue;
        videos++;
        lasts_ms = doc->blobs[i].duration_ms;
    }
    lang_duration(lasts_ms, lasts);
    if (videos > 1)
        lang_count(out, lang, PLURAL_PAGE_VIDEOS, videos, NULL);
    else if (videos && lasts_ms)
        LANG_SAY(out, lang, STR_PAGE_VIDEO_LASTS, lasts);
    else
        bytes_text(out, lang_text(lang, videos ? STR_PAGE_VIDEO : STR_PAGE_CHECKIN));
}
