/* pages: what becomes of a word and of keys, on every page that shows it. */
#include "pages_scene.h"

static void all_say(const struct scene *scene, const char *const texts[LANG_COUNT])
{
    struct bytes page;
    struct html html;

    for (int i = 0; i < LANG_COUNT; i++) {
        render(scene, (enum lang)i, &page, &html);
        need(&html, texts[i]);
        assert_true(page.len <= 25 * 1024);
        done(&page, &html);
    }
}

/* FORMATS "Withdrawal": entry N, withdrawn by entry M, reason; no word more. */
static void a_withdrawn_page_says_no_more(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.state = PAGES_WITHDRAWN;
    scene.item.withdrawn_by = 9;
    scene.item.withdrawn_at = MARCH;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 4, withdrawn by entry 9");
    need_not(&html, "2026");
    need_not(&html, "1970");
    done(&page, &html);
    scene.item.version = 6;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 6, withdrawn by entry 9");
    done(&page, &html);
}

static void versions_lead_to_each_other(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.after = (struct pages_version){.index = 6, .at = MARCH + 86400};
    scene.item.newest = (struct pages_version){.index = 8, .at = MARCH + 2 * 86400};
    all_say(&scene, (const char *const[]){"This was corrected on Wednesday 4 March",
                                          "此条已更正", "Це виправлено", "Это исправлено"});
    render(&scene, LANG_EN, &page, &html);
    need_value(&html, "../../w/006/index.en.html\n");
    need_value(&html, "../../w/008/index.en.html\n");
    /* Before the headline, which is no longer the largest thing there is. */
    assert_non_null(strstr(html.shape, " section div p p a p a h1"));
    done(&page, &html);
    scene.item.after.at = 0;
    scene.item.newest.index = 0;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 6 corrects this; its document is missing in this copy.");
    done(&page, &html);
    /* A stranger's correction takes nothing away. */
    scene.item.after = (struct pages_version){.index = 6, .at = MARCH, .disputed = true};
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Another version is disputed (entry 6)");
    need_not(&html, "corrected on");
    assert_null(strstr(html.shape, " section div p a h1"));
    done(&page, &html);
    scene.item.newest = (struct pages_version){.index = 8, .at = MARCH + 86400};
    render(&scene, LANG_EN, &page, &html);
    need(&html, "This was corrected on Wednesday 4 March 2026, 14:05 UTC.");
    need(&html, "Read the correction (entry 8)");
    need(&html, "Another version is disputed (entry 6)");
    done(&page, &html);
    /* The newest page leads back. */
    scene.item.after.index = scene.item.newest.index = 0;
    scene.item.version = 8;
    scene.item.before = (struct pages_version){.index = 6, .at = MARCH};
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 8, correction of entry 4");
    need(&html, "This is a correction.");
    need_value(&html, "../../w/006/index.en.html\n");
    done(&page, &html);
}

static void what_was_sealed_says_since_when(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.opened_by = 9;
    scene.item.known_by = 5;
    scene.item.known_at = MARCH - 86400;
    all_say(&scene, (const char *const[]){
                        "the log shows that it existed by 2 March 2026, 14:05 UTC. It was "
                        "opened, unchanged, on 3 March 2026, 14:05 UTC.",
                        "它已经存在", "воно вже існувало", "оно уже существовало"});
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Sealed, not later than");
    need(&html, "the time of entry 5, which stands behind it in the log");
    done(&page, &html);
    scene.item.known_at = 0;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Made earlier, kept sealed in the log, and opened, unchanged, on 3 March");
    need_not(&html, "not later than");
    done(&page, &html);
    scene.item.disputed = scene.item.opened_in_dispute = true;
    render(&scene, LANG_EN, &page, &html);
    need(&html, "Entry 9 opened it, and that entry is disputed");
    need_not(&html, "opened, unchanged");
    done(&page, &html);
}

static void a_disputed_word_is_never_a_good_one(void **state)
{
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    scene.item.disputed = true;
    scene.item.disputed_from = 3;
    scene.site.base = S("https://example.org/");
    all_say(&scene, (const char *const[]){"Disputed: Well.", "有争议：平安。",
                                          "Спірне: Усе гаразд.", "Спорное: Всё в порядке."});
    render(&scene, LANG_EN, &page, &html);
    need(&html, "from entry 3 on the old key was in other hands");
    need(&html, "Disputed: Entry 4 · 3 March");
    need_value(&html, "og:title\nDisputed: Well · Odesa\n");
    need_value(&html, "name\nDisputed: Well · Odesa\n");
    need_value(&html, "../../index.en.html#keys\n");
    assert_non_null(strstr(html.shape, " section div p p a h1"));
    done(&page, &html);
}

static const struct pages_key two_keys[] = {
    {.id = "0123456789abcdef", .from = 12, .until = ENTRY_NO_REF, .revoked = ENTRY_NO_REF},
    {.id = "fedcba9876543210", .from = 0, .until = 12, .revoked = 9}};

static void new_keys_are_said(void **state)
{
    struct pages_keys keys = {.list = two_keys,
                              .count = 2,
                              .since = 12,
                              .since_at = MARCH,
                              .recent = true,
                              .disputed = true,
                              .disputed_from = 9,
                              .disputed_at = MARCH - 86400};
    struct pages_item items[2];
    struct pages_timeline timeline = {
        .items = items, .count = 2, .dispatches = 2, .number = PAGES_FRONT, .keys = &keys};
    struct scene scene;
    struct bytes page;
    struct html html;

    (void)state;
    scene_init(&scene);
    items[0] = items[1] = scene.item;
    items[0].index = 10;
    items[0].disputed = true;
    items[1].corrected_at = MARCH + 3600;
    items[1].version = 7;
    items[1].opened_by = 6;
    timeline.newest = &items[1];
    for (int i = 0; i < LANG_COUNT; i++) {
        static const char *const texts[LANG_COUNT] = {
            "under a new key, from entry 12 on. The last entry before that which counts: 3 "
            "March",
            "自第 12 条记录起，本频道使用新密钥继续。在此之前最后一条有效记录：2026年3月3日",
            "Від запису 12 цей канал триває під новим ключем. Останній запис перед тим, який "
            "враховується: 3 березня",
            "С записи 12 этот канал продолжается под новым ключом. Последняя запись перед тем, "
            "которая учитывается: 3 марта"};

        bytes_init(&page, LIMIT_PAGE_BYTES);
        assert_int_equal(pages_timeline(&scene.site, &timeline, (enum lang)i, &page, NULL),
                         SH_OK);
        html_read(bytes_view(&page), &html);
        check_page(bytes_view(&page), &html, (enum lang)i);
        need(&html, texts[i]);
        need_value(&html, "keys\n");
        done(&page, &html);
    }
    bytes_init(&page, LIMIT_PAGE_BYTES);
    assert_int_equal(pages_timeline(&scene.site, &timeline, LANG_EN, &page, NULL), SH_OK);
    html_read(bytes_view(&page), &html);
    need(&html, "Key 0123456789abcdef: from entry 12 on");
    need(&html, "Key fedcba9876543210: entries 0 to 11, disputed from entry 9 on");
    need(&html, "that from entry 9 on the old key was in other hands");
    need(&html, "Corrected on 3 March 2026, 15:05 UTC; this is the newest version.");
    need(&html, "Disputed: Well.");
    need_value(&html, "w/007/index.en.html\n");
    done(&page, &html);
    /* One key is nothing to speak of; an old change stands below only. */
    keys.recent = false;
    bytes_init(&page, LIMIT_PAGE_BYTES);
    assert_int_equal(pages_timeline(&scene.site, &timeline, LANG_EN, &page, NULL), SH_OK);
    html_read(bytes_view(&page), &html);
    need_not(&html, "Which key speaks");
    need(&html, "Keys of this channel");
    done(&page, &html);
    keys.count = 1;
    bytes_init(&page, LIMIT_PAGE_BYTES);
    assert_int_equal(pages_timeline(&scene.site, &timeline, LANG_EN, &page, NULL), SH_OK);
    html_read(bytes_view(&page), &html);
    need_not(&html, "Keys of this channel");
    done(&page, &html);
}

/* Twenty rows of which everything can be said, below a headline of which it is. */
static void everything_said_still_fits(void **state)
{
    struct pages_key list[LIMIT_IDENTITY_KEYS];
    struct pages_keys keys = {.list = list,
                              .count = COUNT_OF(list),
                              .since = 900,
                              .since_at = MARCH,
                              .recent = true,
                              .disputed = true,
                              .disputed_from = 800,
                              .disputed_at = MARCH};
    static char words[LIMIT_WORDS_BYTES + 1];
    struct pages_item items[LIMIT_TIMELINE];
    struct pages_timeline timeline = {
        .items = items, .count = LIMIT_TIMELINE, .number = PAGES_FRONT, .keys = &keys};
    struct scene scene;
    struct bytes page;

    (void)state;
    scene_init(&scene);
    for (size_t i = 0; i + 2 <= 1000; i += 2)
        memcpy(words + i, "ж", 2);
    scene.words[0] = (struct doc_text){S("uk"), S(words)};
    scene.doc.word_count = 1;
    timeline.dispatches = 1000000;
    for (size_t i = 0; i < COUNT_OF(list); i++)
        list[i] = two_keys[1];
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        items[i] = scene.item;
        items[i].index = 1000000 - i;
        items[i].corrected_at = MARCH;
        items[i].version = 2000000 - i;
        items[i].opened_by = 1500000;
        items[i].known_at = MARCH;
        items[i].disputed = i != 5;
    }
    timeline.newest = &items[5];
    for (int i = 0; i < LANG_COUNT; i++) {
        bytes_init(&page, LIMIT_PAGE_BYTES);
        assert_int_equal(pages_timeline(&scene.site, &timeline, (enum lang)i, &page, NULL),
                         SH_OK);
        assert_in_range(page.len, 10000, 30 * 1024);
        bytes_release(&page);
    }
}

static void the_family_hears_of_it_calmly(void **state)
{
    struct pages_keys keys = {.list = two_keys, .count = 2, .since = 12, .recent = true};
    struct pages_item other;
    struct scene scene;
    struct pages_now now;
    struct html html;

    (void)state;
    scene_init(&scene);
    now = now_of(&scene);
    other = scene.item;
    other.disputed = true;
    now.newest = &other;
    now_says(&scene, &now, LANG_EN, "Something newer was posted, and it is disputed");
    now_says(&scene, &now, LANG_ZH, "有争议");
    now_says(&scene, &now, LANG_UK, "воно спірне");
    now_says(&scene, &now, LANG_RU, "оно спорное");
    /* What does not count changes nothing that was promised. */
    now_says(&scene, &now, LANG_EN, "Next word promised by Wednesday 4 March");
    now_says(&scene, &now, LANG_EN, "holds no newer word");
    now.newest = NULL;
    scene.item.opened_by = 6;
    now_says(&scene, &now, LANG_EN, "It was made earlier and kept sealed until then.");
    now.known = now.said;
    now.known.at -= 86400;
    now_says(
        &scene, &now, LANG_EN,
        "It was made earlier and kept sealed: it existed by Monday 2 March, 14:05 in Odesa");
    scene.item.version = 7;
    now.keys = &keys;
    now_says(&scene, &now, LANG_EN, "This word corrects an earlier one. Both versions");
    now_says_not(&scene, &now, LANG_EN, "kept sealed");
    now_says(&scene, &now, LANG_EN, "This channel goes on under a new key, from entry 12 on.");
    render_now(&scene, &now, LANG_EN, &html);
    need_value(&html, "../w/007/index.en.html\n");
    need_value(&html, "../index.en.html#keys\n");
    html_release(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withdrawn_page_says_no_more),
        cmocka_unit_test(versions_lead_to_each_other),
        cmocka_unit_test(what_was_sealed_says_since_when),
        cmocka_unit_test(a_disputed_word_is_never_a_good_one),
        cmocka_unit_test(new_keys_are_said),
        cmocka_unit_test(everything_said_still_fits),
        cmocka_unit_test(the_family_hears_of_it_calmly),
    };

    return cmocka_run_group_tests_name("pages_life", tests, NULL, NULL);
}
