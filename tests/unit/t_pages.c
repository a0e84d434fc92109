/* pages: structure, words, addresses, sizes and policy of what is shown, in four languages. */
#include "crypt/crypt.h"
#include "hostile.h"
#include "pages_scene.h"

static void a_dispatch_says_everything(void **state)
{
    static const char *const all[LANG_COUNT][8] = {
        {"Well.", "Tuesday 3 March 2026, 14:05 UTC", "Odesa", "city",
         "no date from anybody else yet", "the phone’s clock", "dates of recording and change",
         "2.6 MB"},
        {"平安。", "2026年3月3日星期二 14:05 UTC", "敖德萨", "城市", "还没有他人给出的时间",
         "手机时钟", "录制和修改日期", "2.6 MB"},
        {"Усе гаразд.", "вівторок, 3 березня 2026 року, 14:05 UTC", "Одеса", "місто",
         "дат від інших поки немає", "годинник телефона", "дати запису та змін", "2,6 МБ"},
        {"Всё в порядке.", "вторник, 3 марта 2026 года, 14:05 UTC", "Одесса", "город",
         "дат от других пока нет", "часы телефона", "даты записи и изменения", "2,6 МБ"},
    };
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    for (int i = 0; i < LANG_COUNT; i++) {
        render(&scene, (enum lang)i, &page, &html);
        for (size_t k = 0; k < COUNT_OF(all[i]); k++)
            need(&html, all[i][k]);
        need(&html, "Лист з Одеси");
        need(&html, "我刚买菜回来。\n街上很安静。");
        need(&html, "Back from shopping.");
        need(&html, "Europe/Kyiv");
        need(&html, "2591827");
        need(&html, "zebra");
        need(&html, "stillhere verify --channel ");
        need(&html, scene.site.id.text);
        need(&html, "cc00000000000000000000000000000000000000000000000000000000000000");
        need_value(&html, "../../b/aa/aa000000000000000000000000000000000000000000000000000000"
                          "00000000.mp4\n");
        need_value(&html, "2026-03-03T14:05:00Z");
        need_value(&html, "tall\n");
        need_not(&html, "HEVC");
        assert_int_equal(html_count(&html, "video"), 1);
        done(&page, &html);
    }
}

/* What messengers and search engines read: addresses with a host only where there is a base. */
static void previews_of_a_dispatch(void **state)
{
    static const char *const with_host[] = {
        "https://example.org/o/w/004/index.en.html\n",
        "https://example.org/o/b/aa/"
        "aa0000000000000000000000000000000000000000000000000000000000"
        "0000.mp4\n",
        "https://example.org/o/b/bb/"
        "bb0000000000000000000000000000000000000000000000000000000000"
        "0000.jpg\n",
        "og:video:height\n1280\n",
        "og:image:type\nimage/jpeg\n",
        "og:video:type\nvideo/mp4\n"};
    static const char *const always[] = {"og:type\nvideo.other\n",
                                         "og:title\nWell · Odesa\n",
                                         "og:locale\nen_US\n",
                                         "og:description\nBack from shopping.\n",
                                         "https://schema.org/VideoObject\n",
                                         "name\nWell · Odesa\n",
                                         "description\nBack from shopping.\n",
                                         "uploadDate\n2026-03-03T14:05:00Z\n",
                                         "duration\nPT22S\n",
                                         "encodingFormat\nvideo/mp4;codecs=hvc1\n",
                                         "width\n720\n",
                                         "contentUrl\n../../b/aa/aa",
                                         "thumbnailUrl\n../../b/bb/bb",
                                         "application/atom+xml\n../../feed.atom\n",
                                         "application/rss+xml\n../../rss.xml\n",
                                         "application/feed+json\n../../feed.json\n"};
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.blobs[0].mime = S("video/mp4;codecs=hvc1");
    render(&scene, LANG_EN, &page, &html);
    for (size_t i = 0; i < COUNT_OF(always); i++)
        need_value(&html, always[i]);
    need_not_value(&html, "og:url");
    need_not_value(&html, "og:video:");
    need_not_value(&html, "og:image");
    done(&page, &html);
    scene.site.base = S("https://example.org/o/");
    render(&scene, LANG_EN, &page, &html);
    for (size_t i = 0; i < COUNT_OF(with_host); i++)
        need_value(&html, with_host[i]);
    for (size_t i = 0; i < COUNT_OF(always); i++)
        need_value(&html, always[i]);
    done(&page, &html);
    scene.doc.blob_count = 0; /* A check-in is no video. */
    scene.doc.word_count = 0;
    render(&scene, LANG_EN, &page, &html);
    need_value(&html, "og:type\narticle\n");
    need_value(&html, "og:description\nTuesday 3 March 2026, 14:05 UTC\n");
    need_not_value(&html, "VideoObject");
    need_not_value(&html, "og:image");
    done(&page, &html);
    scene.item.state = PAGES_WITHDRAWN; /* And of what was withdrawn nothing is told. */
    scene.item.withdrawn_by = 9;
    render(&scene, LANG_EN, &page, &html);
    need_not_value(&html, "og:");
    done(&page, &html);
}

static void what_is_rare_is_said(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.doc.status = S("");
    scene.doc.status_text = (struct doc_text){S("uk"), S("Світла немає")};
    scene.doc.place.level = S("typed");
    scene.doc.place.name_count = 1;
    scene.doc.claimed.present = false;
    scene.doc.next_due = MARCH + 86400;
    scene.doc.of = 2;
    scene.doc.seen_count = 1;
    scene.blobs[0].mime = S("video/mp4;codecs=hvc1");
    scene.blobs[0].width = 1280;
    scene.blobs[0].height = 720;
    scene.item.index = 1234067;
    scene.item.previous = 1234000;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Світла немає");
    need(&html, "in the witness’s own words");
    need(&html, "typed by the witness");
    need(&html, "no time was claimed");
    need(&html, "Next word promised by");
    need(&html, "Wednesday 4 March 2026, 14:05 UTC");
    need(&html, "HEVC");
    need(&html, "it quotes 1 checkpoint of another log");
    need_value(&html, "../../../../w/002/index.en.html\n");
    need_value(&html, "../../../../w/x001/x234/000/index.en.html\n");
    need_value(&html, "../../../../index.en.html\n");
    assert_null(strstr((char *)html.values.ptr, "tall\n"));
    done(&page, &html);
}

static void each_video_has_its_own_poster(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.blobs[2] = scene.blobs[0]; /* video, poster, video, video */
    scene.blobs[2].sha256[0] = 0xa2;
    scene.blobs[3] = scene.blobs[0];
    scene.blobs[3].sha256[0] = 0xa3;
    scene.doc.blob_count = 4;
    render(&scene, LANG_EN, &page, &html);
    assert_int_equal(html_count(&html, "video"), 3);
    bytes_u8(&page, '\0');
    /* Only the first has one; the others show their first frame. */
    assert_non_null(strstr((char *)page.ptr, "preload=\"none\" poster=\"../../b/bb/bb00"));
    assert_int_equal(html_count(&html, "figure"), 3);
    assert_non_null(strstr((char *)page.ptr, "a300000000000000000000000000000000000000000000"
                                             "000000000000000000.mp4\" preload=\"metadata\""));
    need(&html, "Video 1, SHA-256");
    need(&html, "Still picture 1, SHA-256");
    need(&html, "Video 3, SHA-256");
    done(&page, &html);
    /* One is not counted; a Chinese page has its own comma. */
    scene.doc.blob_count = 2;
    render(&scene, LANG_ZH, &page, &html);
    need(&html, "视频，SHA-256");
    need_not(&html, ", SHA-256");
    done(&page, &html);
    /* A check-in has no video and no file to check. */
    scene.doc.blob_count = 0;
    scene.doc.removed_count = 0;
    render(&scene, LANG_EN, &page, &html);
    assert_int_equal(html_count(&html, "video"), 0);
    need_not(&html, "sha256sum");
    need_not(&html, "Left out");
    done(&page, &html);
}

static void a_withdrawn_dispatch_says_only_that(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.state = PAGES_WITHDRAWN;
    scene.item.withdrawn_by = 9;
    scene.item.reason = S("It showed a neighbour’s window.");
    for (int i = 0; i < LANG_COUNT; i++) {
        render(&scene, (enum lang)i, &page, &html);
        need(&html, "It showed a neighbour’s window.");
        need_not(&html, "Back from shopping");
        need_not(&html, "cc0000");
        need_not(&html, "SHA-256");
        assert_int_equal(html_count(&html, "video"), 0);
        assert_int_equal(html_count(&html, "section"), 1);
        done(&page, &html);
    }
    scene.item.reason = S("");
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 4, withdrawn by entry 9");
    need(&html, "No reason was given.");
    done(&page, &html);
}

static void a_missing_document_is_not_called_removed(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.state = PAGES_MISSING;
    scene.item.doc = NULL;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 4, document missing in this copy");
    need(&html, "this page cannot know why");
    need(&html, "cc0000");
    need_not(&html, "withdrawn by");
    need_not(&html, "removed");
    assert_null(strstr((char *)html.addresses.ptr, "d/cc/"));
    done(&page, &html);
}

/* A timeline of count dispatches; those at 3 and 4 are withdrawn and missing. */
struct span {
    size_t count;
    uint64_t dispatches, number;
};
static void timeline(struct scene *scene, struct span span, enum lang lang, struct bytes *page)
{
    struct pages_item items[LIMIT_TIMELINE];
    struct pages_timeline timeline = {.items = items,
                                      .count = span.count,
                                      .dispatches = span.dispatches,
                                      .number = span.number};
    struct why why = {0};

    for (size_t i = 0; i < span.count; i++) {
        items[i] = scene->item;
        items[i].index = span.dispatches - i;
        if (i == 3 || i == 4)
            items[i].state = i == 3 ? PAGES_WITHDRAWN : PAGES_MISSING;
    }
    if (span.count)
        timeline.newest = &items[0];
    bytes_init(page, LIMIT_PAGE_BYTES);
    if (pages_timeline(&scene->site, &timeline, lang, page, &why) != SH_OK)
        fail_msg("%s", why.text);
}

static void the_timeline_answers_first(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;
    const char *h1;

    (void)state;
    scene_init(&scene);
    for (int i = 0; i < LANG_COUNT; i++) {
        timeline(&scene, (struct span){20, 83, PAGES_FRONT}, (enum lang)i, &page);
        html_read(bytes_view(&page), &html);
        check_page(bytes_view(&page), &html, (enum lang)i);
        /* The newest is the headline, the other nineteen the list. */
        assert_int_equal(html_count(&html, "h3"), 17);
        assert_int_equal(html_count(&html, "li"), 19 + LANG_COUNT);
        assert_int_equal(html_count(&html, "img"), 18);
        need(&html, "83");
        assert_non_null(strstr(html.shape, " main section div h1 p time p bdi"));
        assert_true(page.len <= 30 * 1024);
        done(&page, &html);
    }
    timeline(&scene, (struct span){20, 83, PAGES_FRONT}, LANG_EN, &page);
    bytes_u8(&page, '\0');
    h1 = strstr((char *)page.ptr, "<h1>");
    assert_non_null(h1);
    assert_int_equal(strncmp(h1, "<h1>Well.</h1>", 14), 0);
    assert_non_null(strstr((char *)page.ptr, "href=\"w/083/index.en.html\""));
    assert_non_null(strstr((char *)page.ptr, "Entry 80, withdrawn by entry 0"));
    assert_non_null(strstr((char *)page.ptr, "href=\"p/003/index.en.html\""));
    bytes_release(&page);
    /* 20 dispatches fill one page: nothing is older; 21: dispatch 0 is on page 0. */
    timeline(&scene, (struct span){20, 20, PAGES_FRONT}, LANG_EN, &page);
    bytes_u8(&page, '\0');
    assert_null(strstr((char *)page.ptr, "href=\"p/"));
    bytes_release(&page);
    timeline(&scene, (struct span){20, 21, PAGES_FRONT}, LANG_EN, &page);
    bytes_u8(&page, '\0');
    assert_non_null(strstr((char *)page.ptr, "href=\"p/000/index.en.html\""));
    bytes_release(&page);
}

static void older_pages_stay_the_same(void **state)
{
    struct scene scene;
    struct bytes page, later;
    struct html html;

    (void)state;
    scene_init(&scene);
    timeline(&scene, (struct span){20, 60, 2}, LANG_EN, &page);
    html_read(bytes_view(&page), &html);
    check_page(bytes_view(&page), &html, LANG_EN);
    need(&html, "Dispatches 41 to 60");
    need_value(&html, "../../p/001/index.en.html\n");
    need_value(&html, "../../index.en.html\n");
    html_release(&html);
    bytes_init(&later, LIMIT_PAGE_BYTES);
    bytes_release(&later);
    timeline(&scene, (struct span){20, 60, 0}, LANG_UK, &later);
    html_read(bytes_view(&later), &html);
    check_page(bytes_view(&later), &html, LANG_UK);
    need(&html, "Повідомлення з 1 по 20");
    assert_null(strstr((char *)html.values.ptr, "/p/"));
    done(&later, &html);
    bytes_release(&page);
}

static void a_channel_without_words_says_so(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    timeline(&scene, (struct span){0, 0, PAGES_FRONT}, LANG_RU, &page);
    html_read(bytes_view(&page), &html);
    check_page(bytes_view(&page), &html, LANG_RU);
    need(&html, "Вестей пока нет.");
    done(&page, &html);
}

/* Long words everywhere: the budgets of safety.md 3 still hold. */
static void pages_stay_small(void **state)
{
    static char words[LIMIT_WORDS_BYTES + 1], place[LIMIT_PLACE_BYTES + 1];
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.site.base = S("https://an-ordinary-host.example.org/channel/");
    for (size_t i = 0; i + 2 <= LIMIT_WORDS_BYTES; i += 2)
        memcpy(words + i, "ж", 2);
    for (size_t i = 0; i + 2 <= LIMIT_PLACE_BYTES; i += 2)
        memcpy(place + i, "ж", 2);
    scene.words[0] = (struct doc_text){S("uk"), S(words)};
    scene.doc.word_count = 1;
    for (size_t i = 0; i < 4; i++)
        scene.names[i].text = S(place);
    for (int i = 0; i < LANG_COUNT; i++) {
        render(&scene, (enum lang)i, &page, &html);
        assert_true(page.len <= 25 * 1024);
        done(&page, &html);
        timeline(&scene, (struct span){20, 83, 3}, (enum lang)i, &page);
        assert_true(page.len <= 30 * 1024);
        bytes_release(&page);
        /* The front page has the beginning of the newest words, and the way to the rest. */
        timeline(&scene, (struct span){20, 83, PAGES_FRONT}, (enum lang)i, &page);
        assert_true(page.len <= 30 * 1024);
        html_read(bytes_view(&page), &html);
        check_page(bytes_view(&page), &html, (enum lang)i);
        need(&html, "жж …");
        need(&html, lang_text((enum lang)i, STR_NOW_READ_ON));
        done(&page, &html);
    }
}

/* Characters of three bytes, begun at each of three places: one stands where it is cut. */
static void an_excerpt_ends_at_a_whole_character(void **state)
{
    static const char *const starts[] = {"", "x", "xx"};
    char words[1000];
    struct scene scene;
    struct bytes page;
    size_t len;

    (void)state;
    scene_init(&scene);
    scene.site.base = S("https://an-ordinary-host.example.org/channel/");
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        len = strlen(starts[i]);
        memcpy(words, starts[i], len);
        for (; len + 4 <= sizeof(words); len += 3)
            memcpy(words + len, "字", 3);
        words[len] = '\0';
        scene.words[0] = (struct doc_text){S("zh"), S(words)};
        scene.doc.word_count = 1;
        timeline(&scene, (struct span){20, 83, 3}, LANG_ZH, &page);
        bytes_u8(&page, '\0');
        assert_non_null(strstr((char *)page.ptr, "字 …"));
        assert_null(strstr((char *)page.ptr, "\xef\xbf\xbd"));
        bytes_release(&page);
        bytes_init(&page, LIMIT_PAGE_BYTES);
        assert_int_equal(pages_dispatch(&scene.site, &scene.item, LANG_ZH, &page, NULL), SH_OK);
        bytes_u8(&page, '\0');
        assert_null(strstr((char *)page.ptr, "\xef\xbf\xbd"));
        bytes_release(&page);
    }
}

/* The hash in the policy is the hash of the sheet that stands in the page. */
static void the_policy_allows_exactly_our_style(void **state)
{
    struct scene scene;
    struct bytes page, hash;
    char *from, *to, want[120];
    uint8_t digest[32];

    (void)state;
    scene_init(&scene);
    bytes_init(&page, LIMIT_PAGE_BYTES);
    bytes_init(&hash, 100);
    assert_int_equal(pages_dispatch(&scene.site, &scene.item, LANG_EN, &page, NULL), SH_OK);
    bytes_u8(&page, '\0');
    from = strstr((char *)page.ptr, "<style>");
    to = strstr((char *)page.ptr, "</style>");
    assert_true(from && to);
    from += strlen("<style>");
    crypto.sha256(slice_of(from, (size_t)(to - from)), digest);
    base64_build(&hash, slice_of(digest, 32), BASE64_PADDED);
    bytes_u8(&hash, '\0');
    (void)snprintf(want, sizeof(want), "style-src 'sha256-%s'", (char *)hash.ptr);
    assert_non_null(strstr(pages_csp(), want));
    assert_null(strstr(pages_csp(), "unsafe"));
    assert_null(strstr(pages_csp(), "script-src"));
    assert_true(slice_starts(slice_text(pages_csp()), "default-src 'none'; "));
    bytes_release(&hash);
    bytes_release(&page);
}

/* The same hostile string in every field: the page keeps its shape. */
static void strings_of_attackers_stay_text(void **state)
{
    struct hostile hostile;
    struct scene scene;
    struct bytes page;
    struct html html;
    static char shape[60000];

    (void)state;
    if (!hostile_open(&hostile)) {
        print_message("# SKIP ../shared/vectors/safety is absent\n");
        skip();
    }
    scene_init(&scene);
    scene.doc.status = S("");
    scene.doc.word_count = 1;
    for (size_t i = 0; i <= hostile.count; i++) {
        struct slice evil =
            i < hostile.count ? hostile.item[i] : S("<script>alert(1)</script>");

        scene.site.name = evil;
        scene.words[0] = (struct doc_text){S("x"), evil};
        scene.names[0] = scene.words[0];
        scene.doc.place.name_count = 1;
        scene.doc.status_text = scene.words[0];
        scene.doc.claimed.zone = evil;
        scene.removed[0] = evil;
        scene.blobs[1].role = evil;
        render(&scene, (enum lang)(i % LANG_COUNT), &page, &html);
        if (i == 0)
            (void)snprintf(shape, sizeof(shape), "%s", html.shape);
        assert_string_equal(html.shape, shape);
        done(&page, &html);
    }
    hostile_close(&hostile);
}

static void the_same_in_gives_the_same_out(void **state)
{
    struct scene scene;
    struct bytes one, two;

    (void)state;
    scene_init(&scene);
    for (int i = 0; i < LANG_COUNT; i++) {
        timeline(&scene, (struct span){20, 83, PAGES_FRONT}, (enum lang)i, &one);
        timeline(&scene, (struct span){20, 83, PAGES_FRONT}, (enum lang)i, &two);
        assert_true(slice_equal(bytes_view(&one), bytes_view(&two)));
        bytes_release(&one);
        bytes_release(&two);
    }
    /* A page that does not fit is refused, not cut. */
    bytes_init(&one, 5000);
    assert_int_equal(pages_dispatch(&scene.site, &scene.item, LANG_EN, &one, NULL), SH_ELIMIT);
    bytes_release(&one);
}

/* ---- the family's page ---- */

static void the_family_reads_one_answer(void **state)
{
    struct scene scene;
    struct pages_now now;
    struct html html;

    (void)state;
    scene_init(&scene);
    now = now_of(&scene);
    now_says(&scene, &now, LANG_EN, "Tuesday 3 March, 14:05 in Odesa (20:05 in Beijing)");
    now_says(&scene, &now, LANG_EN,
             "Next word promised by Wednesday 4 March, 14:05 in Odesa (20:05 in Beijing).If it "
             "is later than that where you read this, the word is late.");
    now_says(&scene, &now, LANG_EN,
             "No word since then; this copy was made on Tuesday 3 March 2026, 14:05 in Odesa "
             "(20:05 in Beijing).");
    now_says(&scene, &now, LANG_ZH, "3月3日星期二，敖德萨时间 14:05（Beijing时间 20:05）");
    now_says(&scene, &now, LANG_UK, "вівторок, 3 березня, 14:05, Одеса (20:05, Beijing)");
    now_says(&scene, &now, LANG_RU, "вторник, 3 марта, 14:05, Одесса (20:05, Beijing)");
    now_says(&scene, &now, LANG_ZH, "我刚买菜回来。");
    /* Nothing that only the reader's clock can say, and nobody's name in the title. */
    now_says_not(&scene, &now, LANG_EN, "Late since");
    now_says_not(&scene, &now, LANG_EN, "server is up");
    render_now(&scene, &now, LANG_EN, &html);
    assert_non_null(strstr(html_text(&html), "News\n"));
    assert_non_null(strstr((char *)html.values.ptr, "Late since {1}."));
    assert_non_null(strstr((char *)html.values.ptr, "\n1772539500\n1772539500\n1772625900\n"));
    assert_non_null(strstr((char *)html.addresses.ptr, "../w/004/index.en.html\n../b/bb/bb"));
    html_release(&html);
}

static void clocks_of_two_places(void **state)
{
    struct scene scene;
    struct pages_now now;

    (void)state;
    scene_init(&scene);
    now = now_of(&scene);
    /* Midnight lies between them. */
    now.said.at += 6 * 3600;
    now_says(&scene, &now, LANG_EN,
             "Tuesday 3 March, 20:05 in Odesa (Wednesday 4 March, 02:05 in Beijing)");
    now_says(&scene, &now, LANG_ZH, "（3月4日星期三 Beijing时间 02:05）");
    now.said.family_east_s = -(3 * 3600 + 1800);
    now.family_place = S("");
    now_says(&scene, &now, LANG_EN, "Tuesday 3 March, 20:05 in Odesa (14:35 UTC-3:30)");
    now.said.family_east_s = 0;
    now_says(&scene, &now, LANG_EN, "20:05 in Odesa (18:05 UTC)");
    now.has_family = false;
    now_says(&scene, &now, LANG_EN, "Tuesday 3 March, 20:05 in Odesa\nNext");
    /* Without a zone the clock is not the place's. */
    now.has_zone = false;
    now.said.east_s = now.by.east_s = 0;
    now_says(&scene, &now, LANG_EN, "Tuesday 3 March, 18:05 UTCOdesa");
    now_says_not(&scene, &now, LANG_EN, "in Odesa");
    now.has_zone = true;
    now.said.east_s = 5 * 3600 + 45 * 60;
    scene.doc.place.present = false;
    now_says(&scene, &now, LANG_EN, "Tuesday 3 March, 23:50 UTC+5:45");
    /* A word of another year than the copy says its year. */
    now = now_of(&scene);
    now.said.at -= 365 * 86400;
    now_says(&scene, &now, LANG_EN, "Monday 3 March 2025, 14:05");
    now.said = (struct pages_moment){3600, -2 * 3600, -3 * 3600};
    now_says(&scene, &now, LANG_EN, "Thursday 1 January 1970, 00:00");
}

static void every_state_is_said_calmly(void **state)
{
    struct doc_text because[] = {{S("en"), S("the power goes")}, {S("zh"), S("要停电")}};
    static char long_words[4000];
    struct scene scene;
    struct pages_now now;

    (void)state;
    scene_init(&scene);
    now = now_of(&scene);
    scene.doc.status = S("hurt");
    now_says(&scene, &now, LANG_EN, "Hurt.");
    scene.doc.status = S("moving");
    now_says(&scene, &now, LANG_UK, "У дорозі.");
    scene.doc.status = S("");
    scene.doc.status_text = (struct doc_text){S("en"), S("Tired, but safe")};
    now_says(&scene, &now, LANG_RU, "Tired, but safe");
    now.silent = true;
    now.because = because;
    now.because_count = 2;
    now_says(&scene, &now, LANG_EN,
             "Silence was announced beforehand, until Wednesday 4 March, 14:05 in Odesa (20:05 "
             "in Beijing). The reason given: the power goes");
    now_says(&scene, &now, LANG_ZH, "原因：要停电");
    now.silent = now.promised = false;
    now_says(&scene, &now, LANG_EN, "No time was promised for the next word.");
    now_says_not(&scene, &now, LANG_EN, "If it is later");
    memset(long_words, 'x', sizeof(long_words));
    scene.words[1].text = slice_of(long_words, sizeof(long_words));
    scene.doc.blob_count = 0;
    now_says(&scene, &now, LANG_EN, "xxx …\nRead on");
    now.word = NULL;
    now.said.at = 0;
    now_says(&scene, &now, LANG_EN, "No word yet.");
    now_says(&scene, &now, LANG_EN, "This copy was made on Tuesday 3 March 2026");
    now_says_not(&scene, &now, LANG_EN, "No word since");
    now.made.at = 0;
    now_says_not(&scene, &now, LANG_EN, "This copy");
}

/* The policy names the hash of exactly the script on the page, and the script is small. */
static void the_now_policy_allows_exactly_its_script(void **state)
{
    struct scene scene;
    struct pages_now now;
    struct bytes page, hash;
    char *from, *to;
    uint8_t digest[32];

    (void)state;
    scene_init(&scene);
    now = now_of(&scene);
    bytes_init(&page, LIMIT_PAGE_BYTES);
    bytes_init(&hash, 100);
    assert_int_equal(pages_now(&scene.site, &now, LANG_ZH, &page, NULL), SH_OK);
    bytes_u8(&page, '\0');
    from = strstr((char *)page.ptr, "<script>");
    to = strstr((char *)page.ptr, "</script>");
    assert_true(from && to);
    from += strlen("<script>");
    assert_in_range(to - from, 100, 1000);
    crypto.sha256(slice_of(from, (size_t)(to - from)), digest);
    bytes_text(&hash, "'sha256-");
    base64_build(&hash, slice_of(digest, 32), BASE64_PADDED);
    bytes_text(&hash, "'");
    bytes_u8(&hash, '\0');
    assert_string_equal((char *)hash.ptr, pages_now_script_hash());
    assert_non_null(strstr(pages_now_csp(), (char *)hash.ptr));
    assert_null(strstr(pages_now_csp(), "unsafe"));
    assert_true(slice_starts(slice_text(pages_now_csp()), "default-src 'none'; script-src "));
    bytes_release(&hash);
    bytes_release(&page);
}

static void attackers_do_not_move_the_now_page(void **state)
{
    struct hostile hostile;
    struct scene scene;
    struct pages_now now;
    struct doc_text because;
    struct html html;
    static char shape[60000];

    (void)state;
    if (!hostile_open(&hostile)) {
        print_message("# SKIP ../shared/vectors/safety is absent\n");
        skip();
    }
    scene_init(&scene);
    now = now_of(&scene);
    now.because = &because;
    now.because_count = 1;
    scene.doc.status = S("");
    scene.doc.word_count = scene.doc.place.name_count = 1;
    for (size_t i = 0; i <= hostile.count; i++) {
        struct slice evil =
            i < hostile.count ? hostile.item[i] : S("</script><script>alert(1)</script>");

        if (evil.len > 700)
            continue; /* What is cut has a link more. */
        scene.site.name = now.family_place = evil.len ? evil : S("x");
        scene.words[0] = (struct doc_text){S("x"), evil};
        scene.names[0] = scene.doc.status_text = because = scene.words[0];
        render_now(&scene, &now, (enum lang)(i % LANG_COUNT), &html);
        if (i == 0)
            (void)snprintf(shape, sizeof(shape), "%s", html.shape);
        assert_string_equal(html.shape, shape);
        html_release(&html);
    }
    hostile_close(&hostile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dispatch_says_everything),
        cmocka_unit_test(previews_of_a_dispatch),
        cmocka_unit_test(what_is_rare_is_said),
        cmocka_unit_test(each_video_has_its_own_poster),
        cmocka_unit_test(a_withdrawn_dispatch_says_only_that),
        cmocka_unit_test(a_missing_document_is_not_called_removed),
        cmocka_unit_test(the_timeline_answers_first),
        cmocka_unit_test(older_pages_stay_the_same),
        cmocka_unit_test(a_channel_without_words_says_so),
        cmocka_unit_test(pages_stay_small),
        cmocka_unit_test(an_excerpt_ends_at_a_whole_character),
        cmocka_unit_test(the_policy_allows_exactly_our_style),
        cmocka_unit_test(strings_of_attackers_stay_text),
        cmocka_unit_test(the_same_in_gives_the_same_out),
        cmocka_unit_test(the_family_reads_one_answer),
        cmocka_unit_test(clocks_of_two_places),
        cmocka_unit_test(every_state_is_said_calmly),
        cmocka_unit_test(the_now_policy_allows_exactly_its_script),
        cmocka_unit_test(attackers_do_not_move_the_now_page),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
