/* What stands around every page: head, languages, foot; and strings on a page. */
#include "pages/pages_int.h"

#include <string.h>

const char *pages_csp(void)
{
    return pages_policy;
}

const char *pages_file_name(enum lang lang)
{
    static const char *const names[LANG_COUNT] = {"index.en.html", "index.zh.html",
                                                  "index.uk.html", "index.ru.html"};

    return names[lang];
}

void pages_element(struct pages_draft *draft, const char *name, const char *class,
                   enum lang_string id)
{
    markup_element(&draft->m, name, class, slice_text(lang_text(draft->lang, id)));
}

void pages_fill(struct pages_draft *draft, const char *text, struct slice one, struct slice two)
{
    struct slice literal;
    unsigned number;

    while ((text = lang_next(text, &literal, &number))) {
        markup_text(&draft->m, literal);
        if (number)
            markup_text(&draft->m, number == 1 ? one : two);
    }
}

void pages_gap(struct pages_draft *draft)
{
    if (draft->lang != LANG_ZH)
        markup_text(&draft->m, slice_text(" "));
}

void pages_text_done(struct pages_draft *draft, struct bytes *text)
{
    if (text->failed && !draft->m.out->failed)
        draft->m.out->failed = text->failed;
    bytes_release(text);
}

void pages_fill_foreign(struct pages_draft *draft, const char *text, struct slice value)
{
    struct slice literal;
    unsigned number;

    while ((text = lang_next(text, &literal, &number))) {
        markup_text(&draft->m, literal);
        if (number)
            markup_foreign(&draft->m, slice_of(NULL, 0), value);
    }
}

void pages_number(uint64_t number, char out[LANG_NUMBER_BYTES])
{
    (void)snprintf(out, LANG_NUMBER_BYTES, "%llu", (unsigned long long)number);
}

void pages_link(struct pages_draft *draft, const char *folder)
{
    char path[TREE_PATH_BYTES + 16];

    (void)snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "",
                   pages_file_name(draft->lang));
    markup_open(&draft->m, "a");
    markup_attr_path(&draft->m, "href", draft->up, path);
}

static void meta(struct markup *m, const char *kind, const char *name, const char *content)
{
    markup_void(m, "meta");
    markup_attr(m, kind, slice_text(name));
    markup_attr(m, "content", slice_text(content));
    markup_newline(m);
}

/* Everything before the title. */
static void head_open(struct pages_draft *draft, const char *policy)
{
    struct markup *m = &draft->m;

    markup_open(m, "html");
    markup_attr(m, "lang", slice_text(lang_tag(draft->lang)));
    markup_newline(m);
    markup_open(m, "head");
    markup_void(m, "meta");
    markup_attr(m, "charset", slice_text("utf-8"));
    markup_newline(m);
    meta(m, "http-equiv", "Content-Security-Policy", policy);
    meta(m, "name", "viewport", "width=device-width, initial-scale=1");
    meta(m, "name", "referrer", "no-referrer");
    meta(m, "name", "color-scheme", "light dark");
}

/* Everything after the title, and the start of <body>. */
static void head_close(struct pages_draft *draft)
{
    struct markup *m = &draft->m;

    markup_void(m, "link"); /* Else browsers ask for /favicon.ico. */
    markup_attr(m, "rel", slice_text("icon"));
    markup_attr(m, "href", slice_text("data:,"));
    markup_newline(m);
    markup_style(m, pages_style);
    markup_close(m);
    markup_newline(m);
    markup_open(m, "body");
    markup_newline(m);
}

static void head(struct pages_draft *draft, struct slice title)
{
    struct markup *m = &draft->m;

    head_open(draft, pages_policy);
    markup_open(m, "title");
    markup_text(m, title);
    if (title.len)
        markup_text(m, slice_text(" · "));
    markup_text(m, draft->site->name);
    markup_close(m);
    markup_newline(m);
    pages_feed_links(draft);
    if (draft->item)
        pages_preview(draft, draft->item);
    head_close(draft);
}

/* The same page in the four languages: they lie side by side. */
void pages_languages(struct pages_draft *draft)
{
    struct markup *m = &draft->m;

    markup_open(m, "nav");
    markup_attr(m, "class", slice_text("langs"));
    markup_attr(m, "aria-label", slice_text(lang_text(draft->lang, STR_PAGE_LANGUAGES)));
    markup_open(m, "ul");
    for (int i = 0; i < LANG_COUNT; i++) {
        enum lang lang = (enum lang)i;

        markup_open(m, "li");
        markup_open(m, "a");
        markup_attr_path(m, "href", 0, pages_file_name(lang));
        markup_attr(m, "lang", slice_text(lang_tag(lang)));
        markup_attr(m, "hreflang", slice_text(lang_tag(lang)));
        if (lang == draft->lang)
            markup_attr(m, "aria-current", slice_text("page"));
        markup_text(m, slice_text(lang_own_name(lang)));
        markup_close(m);
        markup_close(m);
    }
    markup_close(m);
    markup_close(m);
}

static unsigned depth_of(const char *folder)
{
    unsigned up = *folder ? 1 : 0;

    for (; *folder; folder++)
        up += *folder == '/';
    return up;
}

void pages_begin(struct pages_draft *draft, const char *folder, struct slice title)
{
    struct markup *m = &draft->m;
    char short_id[CHANNEL_SHORT_ID_BYTES];

    draft->up = depth_of(folder);
    channel_id_short(&draft->site->id, short_id);
    head(draft, title);
    markup_open(m, "header");
    markup_attr(m, "class", slice_text("top"));
    markup_open(m, "p");
    markup_attr(m, "class", slice_text("who"));
    pages_link(draft, "");
    markup_foreign(m, slice_of(NULL, 0), draft->site->name);
    markup_close(m);
    markup_newline(m);
    markup_open(m, "span");
    markup_attr(m, "class", slice_text("id"));
    pages_fill(draft, lang_text(draft->lang, STR_PAGE_CHANNEL), slice_text(short_id),
               slice_of(NULL, 0));
    markup_close(m);
    markup_close(m);
    pages_languages(draft);
    markup_close(m);
    markup_newline(m);
    markup_open(m, "main");
    markup_newline(m);
}

void pages_begin_plain(struct pages_draft *draft, const char *folder, enum lang_string title)
{
    draft->up = depth_of(folder);
    head_open(draft, pages_policy_now);
    pages_element(draft, "title", NULL, title);
    markup_newline(&draft->m);
    head_close(draft);
}

void pages_turn(struct pages_draft *draft, const char *before, enum lang_string words)
{
    struct markup *m = &draft->m;

    if (!draft->up && !before)
        return;
    markup_open(m, "nav");
    markup_attr(m, "class", slice_text("turn"));
    markup_attr(m, "aria-label", slice_text(lang_text(draft->lang, STR_PAGE_OLDER_NAV)));
    if (before) {
        pages_link(draft, before);
        markup_text(m, slice_text(lang_text(draft->lang, words)));
        markup_close(m);
        markup_newline(m);
    }
    if (draft->up) {
        pages_link(draft, "");
        markup_text(m, slice_text(lang_text(draft->lang, STR_PAGE_TO_NEWEST)));
        markup_close(m);
    }
    markup_close(m);
    markup_newline(m);
}

static void command(struct pages_draft *draft, const char *words, const char *rest)
{
    markup_open(&draft->m, "pre");
    markup_open(&draft->m, "code");
    markup_text(&draft->m, slice_text(words));
    markup_text(&draft->m, slice_text(rest));
    markup_close(&draft->m);
    markup_close(&draft->m);
}

static void check(struct pages_draft *draft, const char *file_name)
{
    struct markup *m = &draft->m;
    char words[128];

    markup_open(m, "section");
    markup_attr(m, "class", slice_text("check"));
    pages_element(draft, "h2", NULL, STR_PAGE_CHECK);
    pages_element(draft, "p", NULL, STR_PAGE_CHECK_ID);
    command(draft, "", draft->site->id.text);
    pages_element(draft, "p", NULL, STR_PAGE_CHECK_COPY);
    (void)snprintf(words, sizeof(words), "stillhere verify --channel %s COPY",
                   draft->site->id.text);
    command(draft, words, "");
    if (file_name) {
        pages_element(draft, "p", NULL, STR_PAGE_CHECK_FILE);
        command(draft, "sha256sum ", file_name);
    }
    pages_element(draft, "p", NULL, STR_PAGE_PROVES_NOT);
    markup_close(m);
    markup_newline(m);
}

void pages_end_bare(struct pages_draft *draft)
{
    struct markup *m = &draft->m;

    markup_close(m); /* main */
    markup_newline(m);
    markup_open(m, "footer");
    markup_open(m, "p");
    pages_fill(draft, lang_text(draft->lang, STR_PAGE_MADE_BY),
               slice_text(draft->site->version), slice_of(NULL, 0));
    markup_close(m);
    markup_close(m);
    markup_newline(m);
    markup_close(m); /* body */
    markup_close(m); /* html */
    markup_end(m);
}

void pages_end(struct pages_draft *draft, const char *file_name)
{
    check(draft, file_name);
    pages_end_bare(draft);
}
