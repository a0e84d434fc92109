/* The page of one dispatch. */
#include "pages/pages_int.h"

#include <string.h>

#define NONE slice_of(NULL, 0)

/* The path of the first video that can be downloaded: the command line names its file. */
static bool first_file(const struct document *doc, char out[TREE_PATH_BYTES])
{
    for (size_t i = 0; i < doc->blob_count; i++)
        if (pages_is_video(&doc->blobs[i]) && pages_blob_path(&doc->blobs[i], out))
            return true;
    return false;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_coded(const struct doc_blob *blob, const char *codec)
{
    size_t tail = strlen(codec);

    return blob->mime.len > tail + 1 &&
           memcmp(blob->mime.ptr + blob->mime.len - tail, codec, tail) == 0 &&
           blob->mime.ptr[blob->mime.len - tail - 1] == '=';
}

static void download(struct pages_draft *draft, const struct doc_blob *blob, const char *path)
{
    struct markup *m = &draft->m;
    char size[LANG_NUMBER_BYTES], kind[8];
    const char *dot = strrchr(path, '.');

    (void)snprintf(kind, sizeof(kind), "%s", dot ? dot + 1 : "");
    for (char *c = kind; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    lang_size(draft->lang, blob->bytes, size);
    markup_open(m, "a");
    markup_attr_path(m, "href", draft->up, path);
    markup_flag(m, "download");
    pages_fill(draft, lang_text(draft->lang, STR_PAGE_DOWNLOAD_THIS), slice_text(kind),
               slice_text(size));
    markup_close(m);
}

static void video_tag(struct pages_draft *draft, const struct document *doc, size_t i,
                      const char *path)
{
    struct markup *m = &draft->m;
    const struct doc_blob *blob = &doc->blobs[i], *poster = pages_poster(doc, i);
    char poster_path[TREE_PATH_BYTES];

    markup_open(m, "video");
    if (blob->height > blob->width)
        markup_attr(m, "class", slice_text("tall"));
    markup_flag(m, "controls");
    markup_flag(m, "playsinline");
    markup_attr_path(m, "src", draft->up, path);
    if (poster && pages_blob_path(poster, poster_path)) {
        markup_attr(m, "preload", slice_text("none"));
        markup_attr_path(m, "poster", draft->up, poster_path);
    } else {
        markup_attr(m, "preload", slice_text("metadata"));
    }
    if (blob->width) {
        markup_attr_number(m, "width", blob->width);
        markup_attr_number(m, "height", blob->height);
    }
    pages_element(draft, "p", NULL, STR_PAGE_PLAYS_NOT);
    markup_close(m);
    /* Players print nothing: on paper their still picture stands there. */
    if (poster && pages_blob_path(poster, poster_path)) {
        markup_void(m, "img");
        markup_attr(m, "class", slice_text("paper"));
        markup_attr(m, "loading", slice_text("lazy"));
        markup_attr(m, "alt", slice_of(NULL, 0));
        markup_attr_path(m, "src", draft->up, poster_path);
    }
}

static void video(struct pages_draft *draft, const struct pages_item *item, size_t i)
{
    struct markup *m = &draft->m;
    const struct document *doc = item->doc;
    const struct doc_blob *blob = &doc->blobs[i];
    char path[TREE_PATH_BYTES], lasts[LANG_NUMBER_BYTES];

    if (!pages_blob_path(blob, path))
        return;
    markup_open(m, "figure");
    pages_video_object(draft, item, i);
    if (is_coded(blob, "hvc1"))
        pages_element(draft, "p", "note", STR_PAGE_HEVC);
    if (is_coded(blob, "av01") || is_coded(blob, "vp09"))
        pages_element(draft, "p", "note", STR_PAGE_AV1);
    if (is_coded(blob, "opus") || is_coded(blob, "alac"))
        pages_element(draft, "p", "note", STR_PAGE_SOUND);
    video_tag(draft, doc, i, path);
    markup_open(m, "figcaption");
    if (blob->duration_ms) {
        lang_duration(blob->duration_ms, lasts);
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_VIDEO_LASTS), slice_text(lasts),
                   NONE);
        markup_text(m, slice_text(" · "));
    }
    download(draft, blob, path);
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}

/* The words in the reader's language first, then all others as they stand. */
static void words(struct pages_draft *draft, const struct document *doc)
{
    const struct doc_text *first = pages_choose(draft, doc->words, doc->word_count);

    if (!first)
        return;
    pages_words(draft, first);
    for (size_t i = 0; i < doc->word_count; i++)
        if (&doc->words[i] != first)
            pages_words(draft, &doc->words[i]);
}

/* ---- names and values ---- */

static void term(struct pages_draft *draft, enum lang_string name)
{
    markup_open(&draft->m, "div");
    pages_element(draft, "dt", NULL, name);
    markup_open(&draft->m, "dd");
}

static void term_end(struct pages_draft *draft)
{
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

/* <span>the small line below a value</span> */
static void source(struct pages_draft *draft, const char *text, struct slice one)
{
    markup_newline(&draft->m); /* Without style, and for ears, too, they are two. */
    markup_open(&draft->m, "span");
    pages_fill(draft, text, one, NONE);
    markup_close(&draft->m);
}

static void claimed(struct pages_draft *draft, const struct document *doc)
{
    static const struct {
        const char *source;
        enum lang_string id;
    } sources[] = {
        {"file", STR_CLAIMED_FILE}, {"phone", STR_CLAIMED_PHONE}, {"typed", STR_CLAIMED_TYPED}};

    term(draft, STR_PAGE_CLAIMED);
    if (!doc->claimed.present) {
        markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_PAGE_NOT_CLAIMED)));
        term_end(draft);
        return;
    }
    pages_time(draft, doc->claimed.time);
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        if (slice_equal(doc->claimed.source, slice_text(sources[i].source)))
            source(draft, lang_text(draft->lang, STR_PAGE_SOURCE),
                   slice_text(lang_text(draft->lang, sources[i].id)));
    markup_newline(&draft->m);
    markup_open(&draft->m, "span");
    pages_fill_foreign(draft, lang_text(draft->lang, STR_PAGE_ZONE), doc->claimed.zone);
    markup_close(&draft->m);
    term_end(draft);
}

static void not_before(struct pages_draft *draft, const struct document *doc)
{
    char count[LANG_NUMBER_BYTES];

    term(draft, STR_PAGE_NOT_BEFORE);
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_PAGE_NO_DATE)));
    if (doc->seen_count) {
        pages_number(doc->seen_count, count);
        source(draft, lang_plural(draft->lang, PLURAL_PAGE_SEEN, doc->seen_count),
               slice_text(count));
    }
    term_end(draft);
}

/* The log itself dates what was sealed: by what stands behind it. */
static void sealed(struct pages_draft *draft, const struct pages_item *item)
{
    char number[LANG_NUMBER_BYTES];

    if (!item->known_at || item->version)
        return;
    pages_number(item->known_by, number);
    term(draft, STR_PAGE_SEALED_BY);
    pages_time(draft, item->known_at);
    source(draft, lang_text(draft->lang, STR_PAGE_SEALED_SOURCE), slice_text(number));
    term_end(draft);
}

/* Each time apart, each with its source (FORMATS "Times"). */
static void times(struct pages_draft *draft, const struct pages_item *item)
{
    const struct document *doc = item->doc;

    pages_element(draft, "h2", NULL, STR_PAGE_TIMES);
    markup_open(&draft->m, "dl");
    claimed(draft, doc);
    sealed(draft, item);
    if (doc->published) {
        term(draft, STR_PAGE_PUBLISHED);
        pages_time(draft, doc->published);
        source(draft, lang_text(draft->lang, STR_PAGE_SOURCE),
               slice_text(lang_text(draft->lang, STR_PAGE_PUBLISHED_BY)));
        term_end(draft);
    }
    not_before(draft, doc);
    term(draft, STR_PAGE_NOT_AFTER);
    markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_PAGE_NO_DATE)));
    term_end(draft);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void place(struct pages_draft *draft, const struct document *doc)
{
    static const struct {
        const char *level;
        enum lang_string id;
    } levels[] = {{"country", STR_PLACE_COUNTRY},
                  {"region", STR_PLACE_REGION},
                  {"city", STR_PLACE_CITY},
                  {"typed", STR_PLACE_TYPED}};
    const struct doc_text *name = pages_place(draft, doc);

    term(draft, STR_PAGE_PLACE);
    if (!name) {
        markup_text(&draft->m, slice_text(lang_text(draft->lang, STR_PAGE_NO_PLACE)));
        term_end(draft);
        return;
    }
    markup_foreign(&draft->m, name->lang, name->text);
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (slice_equal(doc->place.level, slice_text(levels[i].level)))
            source(draft, lang_text(draft->lang, levels[i].id), NONE);
    term_end(draft);
}

static void about(struct pages_draft *draft, const struct document *doc)
{
    struct markup *m = &draft->m;
    char number[LANG_NUMBER_BYTES], folder[TREE_PATH_BYTES];

    pages_element(draft, "h2", NULL, STR_PAGE_DETAILS);
    markup_open(m, "dl");
    term(draft, STR_PAGE_STATUS);
    pages_status(draft, doc);
    if (!doc->status.len)
        source(draft, lang_text(draft->lang, STR_PAGE_STATUS_OWN), NONE);
    term_end(draft);
    place(draft, doc);
    if (doc->next_due) {
        term(draft, STR_PAGE_NEXT);
        pages_time(draft, doc->next_due);
        term_end(draft);
    }
    if (doc->of != ENTRY_NO_REF) {
        tree_dispatch_path(doc->of, folder);
        pages_number(doc->of, number);
        term(draft, STR_PAGE_ANNOUNCED);
        pages_link(draft, folder);
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_ENTRY), slice_text(number), NONE);
        markup_close(m);
        term_end(draft);
    }
    markup_close(m);
    markup_newline(m);
}

static struct slice removed_words(const struct pages_draft *draft, struct slice kind)
{
    static const struct {
        const char *kind;
        enum lang_string id;
    } known[] = {
        {"coding", STR_REMOVED_CODING},
        {"credentials", STR_REMOVED_CREDENTIALS},
        {"cut-parts", STR_REMOVED_CUT_PARTS},
        {"dates", STR_REMOVED_DATES},
        {"extra-track", STR_REMOVED_EXTRA_TRACK},
        {"language", STR_REMOVED_LANGUAGE},
        {"metadata", STR_REMOVED_METADATA},
        {"names", STR_REMOVED_NAMES},
        {"other-boxes", STR_REMOVED_OTHER_BOXES},
        {"padding", STR_REMOVED_PADDING},
        {"picture-data", STR_REMOVED_PICTURE_DATA},
        {"second-audio", STR_REMOVED_SECOND_AUDIO},
        {"second-video", STR_REMOVED_SECOND_VIDEO},
        {"sound-data", STR_REMOVED_SOUND_DATA},
        {"trailer", STR_REMOVED_TRAILER},
        {"unreferenced", STR_REMOVED_UNREFERENCED},
        {"user-data", STR_REMOVED_USER_DATA},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (slice_equal(kind, slice_text(known[i].kind)))
            return slice_text(lang_text(draft->lang, known[i].id));
    return NONE;
}

static void removed(struct pages_draft *draft, const struct document *doc)
{
    struct markup *m = &draft->m;
    struct slice text;

    if (!doc->removed_count)
        return;
    pages_element(draft, "h2", NULL, STR_PAGE_REMOVED);
    markup_open(m, "ul");
    markup_attr(m, "class", slice_text("plain"));
    for (size_t i = 0; i < doc->removed_count; i++) {
        text = removed_words(draft, doc->removed[i]);
        markup_open(m, "li");
        if (text.len)
            markup_text(m, text);
        else
            pages_fill_foreign(draft, lang_text(draft->lang, STR_REMOVED_OTHER),
                               doc->removed[i]);
        markup_close(m);
    }
    markup_close(m);
    markup_newline(m);
}

static void hash_link(struct pages_draft *draft, const char *path, const uint8_t sha256[32])
{
    char hex[65];

    hex_build(slice_of(sha256, 32), hex);
    if (path) {
        markup_open(&draft->m, "a");
        markup_attr_path(&draft->m, "href", draft->up, path);
    } else {
        markup_open(&draft->m, "span");
    }
    markup_attr(&draft->m, "class", slice_text("hash"));
    markup_text(&draft->m, slice_text(hex));
    markup_close(&draft->m);
}

/* "Video 2, SHA-256": clip is its number where there are several, else 0. */
static void file_name(struct pages_draft *draft, const struct doc_blob *blob, size_t clip)
{
    struct markup *m = &draft->m;
    char number[LANG_NUMBER_BYTES];

    markup_open(m, "dt");
    if (pages_is_video(blob))
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_FILE_VIDEO), NONE, NONE);
    else if (slice_equal(blob->role, slice_text("poster")))
        pages_fill(draft, lang_text(draft->lang, STR_PAGE_FILE_POSTER), NONE, NONE);
    else
        pages_fill_foreign(draft, lang_text(draft->lang, STR_PAGE_FILE_OTHER), blob->role);
    if (clip) {
        pages_number(clip, number);
        markup_text(m, slice_text(" "));
        markup_text(m, slice_text(number));
    }
    markup_text(m, slice_text(draft->lang == LANG_ZH ? "，SHA-256" : ", SHA-256"));
    markup_close(m);
}

/* One file: what it is, its hash, its exact size. */
static void file(struct pages_draft *draft, const struct doc_blob *blob, size_t clip)
{
    struct markup *m = &draft->m;
    char path[TREE_PATH_BYTES], number[LANG_NUMBER_BYTES];
    bool known = pages_blob_path(blob, path);

    markup_open(m, "div");
    file_name(draft, blob, clip);
    markup_open(m, "dd");
    hash_link(draft, known ? path : NULL, blob->sha256);
    pages_number(blob->bytes, number);
    markup_newline(m);
    markup_open(m, "span");
    pages_fill(draft, lang_plural(draft->lang, PLURAL_SIZE_BYTES, blob->bytes),
               slice_text(number), NONE);
    if (blob->width) {
        char pixels[LANG_NUMBER_BYTES];

        (void)snprintf(pixels, sizeof(pixels), " · %u × %u", blob->width, blob->height);
        markup_text(m, slice_text(pixels));
    }
    markup_close(m);
    term_end(draft);
}

static void files(struct pages_draft *draft, const struct document *doc)
{
    bool several = pages_videos(doc) > 1;
    size_t clip = 0;

    for (size_t i = 0; i < doc->blob_count; i++) {
        clip += pages_is_video(&doc->blobs[i]);
        file(draft, &doc->blobs[i], several ? clip : 0);
    }
}

static void record(struct pages_draft *draft, const struct pages_item *item)
{
    char number[LANG_NUMBER_BYTES], path[TREE_PATH_BYTES];

    markup_open(&draft->m, "section");
    pages_element(draft, "h2", NULL, STR_PAGE_RECORD);
    markup_open(&draft->m, "dl");
    term(draft, STR_PAGE_ENTRY_NAME);
    pages_number(pages_entry(item), number);
    markup_text(&draft->m, slice_text(number));
    term_end(draft);
    term(draft, STR_PAGE_DOCUMENT);
    tree_document_path(item->hash, path);
    hash_link(draft, item->state == PAGES_SHOWN ? path : NULL, item->hash);
    term_end(draft);
    if (item->state == PAGES_SHOWN)
        files(draft, item->doc);
    markup_close(&draft->m);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

/* ---- the three kinds of page ---- */

static void name_of_page(struct pages_draft *draft, const struct pages_item *item,
                         struct bytes *title)
{
    char index[LANG_NUMBER_BYTES], by[LANG_NUMBER_BYTES], date[LANG_DATE_BYTES];
    enum lang_string id = item->state == PAGES_WITHDRAWN ? STR_PAGE_WITHDRAWN
                          : item->state == PAGES_MISSING ? STR_PAGE_MISSING
                          : item->version                ? STR_PAGE_VERSION_ENTRY
                                                         : STR_PAGE_ENTRY;

    pages_number(pages_entry(item), index);
    pages_number(item->state == PAGES_SHOWN ? item->index : item->withdrawn_by, by);
    lang_fill(title, lang_text(draft->lang, id), (const char *const[]){index, by, NULL});
    if (item->state != PAGES_SHOWN || !item->doc->published)
        return;
    lang_date_short(draft->lang, item->doc->published, date);
    bytes_text(title, " · ");
    bytes_text(title, date);
}

static void title_of(struct pages_draft *draft, const struct pages_item *item,
                     struct bytes *title)
{
    struct slice literal;
    unsigned number;

    if (item->state != PAGES_SHOWN || !item->disputed) {
        name_of_page(draft, item, title);
        return;
    }
    for (const char *text = lang_text(draft->lang, STR_PAGE_DISPUTED);
         (text = lang_next(text, &literal, &number));) {
        bytes_slice(title, literal);
        if (number)
            name_of_page(draft, item, title);
    }
}

/* Entry N, withdrawn by entry M, reason, and nothing else (FORMATS "Withdrawal"). */
static void withdrawn(struct pages_draft *draft, const struct pages_item *item)
{
    struct markup *m = &draft->m;

    if (item->reason.len) {
        markup_open(m, "p");
        markup_attr(m, "class", slice_text("words"));
        markup_attr(m, "dir", slice_text("auto"));
        pages_fill_foreign(draft, lang_text(draft->lang, STR_PAGE_REASON), item->reason);
        markup_close(m);
    } else {
        pages_element(draft, "p", "when", STR_PAGE_NO_REASON);
    }
}

static void absent(struct pages_draft *draft, const struct pages_item *item,
                   struct slice heading)
{
    markup_open(&draft->m, "section");
    markup_attr(&draft->m, "class", slice_text("word"));
    if (item->state == PAGES_MISSING)
        pages_versions_after(draft, item);
    markup_element(&draft->m, "h1", "long", heading);
    if (item->state == PAGES_WITHDRAWN) {
        withdrawn(draft, item);
    } else {
        pages_versions_before(draft, item);
        pages_element(draft, "p", "words", STR_PAGE_MISSING_MORE);
    }
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

static void shown(struct pages_draft *draft, const struct pages_item *item)
{
    const struct document *doc = item->doc;

    markup_open(&draft->m, "section");
    markup_attr(&draft->m, "class", slice_text("word"));
    /* Whoever reads only the first line must not take an older or a stranger's word for it. */
    pages_disputed(draft, item);
    pages_versions_after(draft, item);
    pages_headline(draft, item);
    pages_versions_before(draft, item);
    pages_notes(draft, item);
    words(draft, doc);
    for (size_t i = 0; i < doc->blob_count; i++)
        if (pages_is_video(&doc->blobs[i]))
            video(draft, item, i);
    markup_close(&draft->m);
    markup_newline(&draft->m);
    markup_open(&draft->m, "section");
    about(draft, doc);
    times(draft, item);
    removed(draft, doc);
    markup_close(&draft->m);
    markup_newline(&draft->m);
}

int pages_dispatch(const struct pages_site *site, const struct pages_item *item, enum lang lang,
                   struct bytes *out, struct why *why)
{
    struct pages_draft draft = {.site = site, .lang = lang};
    char folder[TREE_PATH_BYTES], before[TREE_PATH_BYTES], path[TREE_PATH_BYTES];
    bool has_before = item->previous != ENTRY_NO_REF, has_file = false;
    struct bytes title;
    int rc;

    bytes_init(&title, 1024);
    title_of(&draft, item, &title);
    pages_folder(item, folder);
    if (has_before)
        tree_dispatch_path(item->previous, before);
    if (item->state == PAGES_SHOWN)
        draft.item = item;
    markup_start(&draft.m, out);
    pages_begin(&draft, folder, bytes_view(&title));
    if (item->state == PAGES_SHOWN) {
        shown(&draft, item);
        has_file = first_file(item->doc, path);
    } else {
        absent(&draft, item, bytes_view(&title));
    }
    if (item->state != PAGES_WITHDRAWN)
        record(&draft, item);
    pages_turn(&draft, has_before ? before : NULL, STR_PAGE_PREVIOUS);
    if (item->state == PAGES_WITHDRAWN)
        pages_end_bare(&draft);
    else
        pages_end(&draft, has_file ? name_of(path) : NULL);
    rc = bytes_check(&title, why);
    bytes_release(&title);
    return rc < 0 ? rc : bytes_check(out, why);
}
