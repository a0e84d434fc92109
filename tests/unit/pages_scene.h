/* One dispatch with everything, and the pages that show it; for the tests of pages. */
#ifndef PAGES_SCENE_H
#define PAGES_SCENE_H

#include "html_check.h"
#include "pages/pages.h"

#define S(text) slice_text(text)
#define MARCH UINT64_C(1772546700) /* Tuesday 3 March 2026, 14:05 UTC */

/* One dispatch with everything, and a site around it. */
struct scene {
    struct pages_site site;
    struct document doc;
    struct doc_text words[2], names[4];
    struct doc_blob blobs[4];
    struct slice removed[3];
    struct pages_item item;
};

static inline void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->site.name = S("Лист з Одеси");
    scene->site.version = "9.8.7";
    channel_id_of_note(S("a note"), &scene->site.id);
    scene->words[0] = (struct doc_text){S("zh-Hans"), S("我刚买菜回来。\n街上很安静。")};
    scene->words[1] = (struct doc_text){S("en"), S("Back from shopping.")};
    scene->names[0] = (struct doc_text){S("en"), S("Odesa")};
    scene->names[1] = (struct doc_text){S("ru"), S("Одесса")};
    scene->names[2] = (struct doc_text){S("uk"), S("Одеса")};
    scene->names[3] = (struct doc_text){S("zh-Hans"), S("敖德萨")};
    scene->blobs[0] = (struct doc_blob){.role = S("video"),
                                        .mime = S("video/mp4"),
                                        .bytes = 2591827,
                                        .width = 720,
                                        .height = 1280,
                                        .duration_ms = 22464,
                                        .sha256 = {0xaa}};
    scene->blobs[1] = (struct doc_blob){.role = S("poster"),
                                        .mime = S("image/jpeg"),
                                        .bytes = 15500,
                                        .width = 360,
                                        .height = 640,
                                        .sha256 = {0xbb}};
    scene->removed[0] = S("dates");
    scene->removed[1] = S("user-data");
    scene->removed[2] = S("zebra");
    scene->doc = (struct document){.kind = DOC_DISPATCH,
                                   .published = MARCH,
                                   .status = S("well"),
                                   .words = scene->words,
                                   .word_count = 2,
                                   .blobs = scene->blobs,
                                   .blob_count = 2,
                                   .removed = scene->removed,
                                   .removed_count = 3,
                                   .of = ENTRY_NO_REF};
    scene->doc.place.present = true;
    scene->doc.place.level = S("city");
    scene->doc.place.names = scene->names;
    scene->doc.place.name_count = 4;
    scene->doc.claimed.present = true;
    scene->doc.claimed.time = MARCH - 3600;
    scene->doc.claimed.zone = S("Europe/Kyiv");
    scene->doc.claimed.source = S("phone");
    scene->item = (struct pages_item){.index = 4,
                                      .state = PAGES_SHOWN,
                                      .doc = &scene->doc,
                                      .hash = {0xcc},
                                      .previous = ENTRY_NO_REF};
}

/* Rules for every page, whatever is on it. */
static inline void check_page(struct slice raw, const struct html *html, enum lang lang)
{
    char want[60];
    const char *address;

    (void)snprintf(want, sizeof(want), "<!doctype html>\n<html lang=\"%s\">", lang_tag(lang));
    assert_true(slice_starts(raw, want));
    assert_int_equal(html_count(html, "h1"), 1);
    assert_int_equal(html_count(html, "main"), 1);
    assert_int_equal(html_count(html, "header"), 1);
    assert_int_equal(html_count(html, "footer"), 1);
    assert_int_equal(html_count(html, "title"), 1);
    assert_int_equal(html_count(html, "script"), 0);
    assert_int_equal(html_count(html, "iframe"), 0);
    assert_int_equal(html_count(html, "style"), 1);
    /* The policy stands before anything that it has to forbid. */
    assert_non_null(
        strstr(html->shape, " html head meta meta meta meta meta title link link link "));
    assert_non_null(strstr((char *)html->values.ptr, pages_csp()));
    address = (char *)html->addresses.ptr;
    while (*address) {
        size_t len = strcspn(address, "\n");

        if (strncmp(address, "data:,\n", 7) != 0) {
            assert_true(len > 0 && address[0] != '/');
            assert_null(memchr(address, ':', len));
            assert_null(memchr(address, '?', len));
        }
        address += len + 1;
    }
}

static inline void render(const struct scene *scene, enum lang lang, struct bytes *page,
                          struct html *html)
{
    struct why why = {0};

    bytes_init(page, LIMIT_PAGE_BYTES);
    if (pages_dispatch(&scene->site, &scene->item, lang, page, &why) != SH_OK)
        fail_msg("%s", why.text);
    html_read(bytes_view(page), html);
    check_page(bytes_view(page), html, lang);
}

static inline void done(struct bytes *page, struct html *html)
{
    bytes_release(page);
    html_release(html);
}

static inline void need(const struct html *html, const char *text)
{
    if (!strstr(html_text(html), text))
        fail_msg("not on the page: %s", text);
}

static inline void need_not(const struct html *html, const char *text)
{
    if (strstr(html_text(html), text))
        fail_msg("must not be on the page: %s", text);
}

static inline void need_value(const struct html *html, const char *text)
{
    if (!strstr((const char *)html->values.ptr, text))
        fail_msg("no such attribute: %s", text);
}

static inline void need_not_value(const struct html *html, const char *text)
{
    if (strstr((const char *)html->values.ptr, text))
        fail_msg("must be no attribute: %s", text);
}

static inline struct pages_now now_of(const struct scene *scene)
{
    /* 14:05 in Odesa, 20:05 in Beijing; the next word a day later. */
    struct pages_moment said = {MARCH - 2 * 3600, 2 * 3600, 8 * 3600};

    return (struct pages_now){.word = &scene->item,
                              .said = said,
                              .promised = true,
                              .by = {said.at + 86400, said.east_s, said.family_east_s},
                              .made = said,
                              .has_zone = true,
                              .has_family = true,
                              .family_place = S("Beijing")};
}

static inline void render_now(const struct scene *scene, const struct pages_now *now,
                              enum lang lang, struct html *html)
{
    struct why why = {0};
    struct bytes page;
    const char *address;

    bytes_init(&page, LIMIT_PAGE_BYTES);
    if (pages_now(&scene->site, now, lang, &page, &why) != SH_OK)
        fail_msg("%s", why.text);
    html_read(bytes_view(&page), html);
    /* Even before a server packs it, but for words that are long. */
    assert_true(page.len <= 14000 || scene->words[1].text.len > 200 ||
                scene->doc.word_count == 1);
    assert_int_equal(html_count(html, "h1"), 1);
    assert_int_equal(html_count(html, "main"), 1);
    assert_int_equal(html_count(html, "script"), 1);
    assert_int_equal(html_count(html, "style"), 1);
    assert_int_equal(html_count(html, "img"), 0);
    assert_int_equal(html_count(html, "video"), 0);
    assert_non_null(
        strstr(html->shape, " html head meta meta meta meta meta title link style"));
    assert_non_null(strstr((char *)html->values.ptr, pages_now_csp()));
    address = (char *)html->addresses.ptr;
    for (size_t len; *address; address += len + 1) {
        len = strcspn(address, "\n");
        assert_true(strncmp(address, "data:,\n", 7) == 0 ||
                    (address[0] != '/' && !memchr(address, ':', len)));
    }
    bytes_release(&page);
}

static inline void now_says(const struct scene *scene, const struct pages_now *now,
                            enum lang lang, const char *text)
{
    struct html html;

    render_now(scene, now, lang, &html);
    need(&html, text);
    html_release(&html);
}

static inline void now_says_not(const struct scene *scene, const struct pages_now *now,
                                enum lang lang, const char *text)
{
    struct html html;

    render_now(scene, now, lang, &html);
    need_not(&html, text);
    html_release(&html);
}

#endif
