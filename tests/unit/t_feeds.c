/* feeds: what each form holds, with a base and without one, and how large it may become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/crypt.h"
#include "feeds/feeds.h"
#include "hostile.h"
#include "json/json.h"

#define S(text) slice_text(text)
#define MARCH UINT64_C(1772546700) /* Tuesday 3 March 2026, 14:05 UTC */
#define CHANNEL "6y7djibu6gnciq4pfv2leqv4szucvpmeh3ge5jr757wuabwymcrq"
#define GUID "79553115-142c-5fa4-b718-049c0f421ace"
#define BASE "https://example.org/odesa/"

struct scene {
    struct pages_site site;
    struct document docs[3];
    struct doc_text words[2], names[2];
    struct doc_blob blobs[3];
    struct pages_item items[3];
    struct feeds_channel channel;
};

/* Newest first: a check-in, a withdrawn dispatch, two clips with a poster. */
static void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    scene->site.name = S("Window & <door>");
    scene->site.version = "9.8.7";
    scene->site.base = S(BASE);
    channel_id_of_note(S("a note"), &scene->site.id);
    scene->words[0] = (struct doc_text){S("en"), S("Back from shopping.\nAll quiet & <b>.")};
    scene->words[1] = (struct doc_text){S("zh-Hans"), S("我刚买菜回来。")};
    scene->names[0] = (struct doc_text){S("en"), S("Odesa")};
    scene->names[1] = (struct doc_text){S("zh-Hans"), S("敖德萨")};
    scene->blobs[0] = (struct doc_blob){.role = S("video"),
                                        .mime = S("video/mp4;codecs=hvc1"),
                                        .bytes = 2591827,
                                        .width = 720,
                                        .height = 1280,
                                        .duration_ms = 22464,
                                        .sha256 = {0xaa}};
    scene->blobs[1] = (struct doc_blob){
        .role = S("poster"), .mime = S("image/jpeg"), .bytes = 15500, .sha256 = {0xbb}};
    scene->blobs[2] = (struct doc_blob){.role = S("video"),
                                        .mime = S("video/mp4"),
                                        .bytes = 1000,
                                        .duration_ms = 400,
                                        .sha256 = {0xcc}};
    for (size_t i = 0; i < 3; i++) {
        scene->docs[i] = (struct document){.kind = DOC_DISPATCH,
                                           .published = MARCH - i * 86400,
                                           .status = S("well"),
                                           .of = ENTRY_NO_REF};
        scene->items[i] =
            (struct pages_item){.index = 4 - i, .state = PAGES_SHOWN, .doc = &scene->docs[i]};
    }
    scene->docs[0].words = scene->words;
    scene->docs[0].word_count = 2;
    scene->docs[0].next_due = MARCH + 86400;
    scene->docs[0].place.present = true;
    scene->docs[0].place.names = scene->names;
    scene->docs[0].place.name_count = 2;
    scene->items[1].state = PAGES_WITHDRAWN;
    scene->items[1].doc = NULL;
    scene->items[1].reason = S("a neighbour");
    scene->docs[2].status = S("");
    scene->docs[2].status_text = (struct doc_text){S("uk"), S("Світла немає")};
    scene->docs[2].blobs = scene->blobs;
    scene->docs[2].blob_count = 3;
    scene->channel = (struct feeds_channel){
        .site = &scene->site, .lang = LANG_EN, .items = scene->items, .count = 3};
}

/* The feed as a C string. */
static const char *build(const struct scene *scene, enum feeds_form form, struct bytes *out)
{
    struct why why = {0};

    bytes_init(out, LIMIT_FEED_BYTES);
    if (feeds_build(form, &scene->channel, out, &why) != SH_OK)
        fail_msg("%s", why.text);
    assert_true(text_is_utf8(bytes_view(out)));
    bytes_u8(out, '\0');
    return (const char *)out->ptr;
}

static void need(const char *feed, const char *text)
{
    if (!strstr(feed, text))
        fail_msg("not in the feed: %s", text);
}

static void need_not(const char *feed, const char *text)
{
    if (strstr(feed, text))
        fail_msg("must not be in the feed: %s", text);
}

static size_t count(const char *feed, const char *text)
{
    size_t found = 0;

    for (const char *at = feed; (at = strstr(at, text)); at++)
        found++;
    return found;
}

#define MP4(start) BASE "b/" start "/" start ZEROS ".mp4"
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static void atom_holds_everything(void **state)
{
    struct scene scene;
    struct bytes raw;
    const char *feed;
    char urn[120];

    (void)state;
    scene_init(&scene);
    feed = build(&scene, FEEDS_ATOM, &raw);
    assert_int_equal(count(feed, "<entry>"), 2);
    (void)snprintf(urn, sizeof(urn), "<id>urn:stillhere:%s</id>", scene.site.id.text);
    need(feed, urn);
    (void)snprintf(urn, sizeof(urn), "<id>urn:stillhere:%s:4</id>", scene.site.id.text);
    need(feed, urn);
    need(feed, "<title>Window &amp; &lt;door&gt;</title>");
    need(feed, "<title>Well · Odesa</title>");
    need(feed, "<title>Світла немає</title>");
    assert_int_equal(count(feed, "<updated>2026-03-03T14:05:00Z</updated>"), 2);
    need(feed, "<published>2026-03-01T14:05:00Z</published>");
    need(feed, "rel=\"self\" type=\"application/atom+xml\" href=\"" BASE "feed.atom\"/>");
    need(feed, "href=\"" BASE "w/004/index.html\"/>");
    need(feed, "<p lang=\"en\" xml:lang=\"en\" dir=\"auto\">Back from shopping.<br/>"
               "All quiet &amp; &lt;b&gt;.</p><p lang=\"zh-Hans\"");
    need(feed, "<p>Next word promised by Wednesday 4 March 2026, 14:05 UTC.</p>");
    need(feed, "<link rel=\"enclosure\" type=\"video/mp4;codecs=hvc1\" length=\"2591827\" "
               "href=\"" MP4("aa") "\"/>");
    need(feed, MP4("cc"));
    need(feed, "2 videos");
    need_not(feed, "neighbour");
    bytes_release(&raw);
}

static void rss_is_for_podcasts(void **state)
{
    struct scene scene;
    struct bytes raw;
    const char *feed;

    (void)state;
    scene_init(&scene);
    feed = build(&scene, FEEDS_RSS, &raw);
    assert_int_equal(count(feed, "<item>"), 2);
    assert_int_equal(count(feed, "<guid isPermaLink=\"false\">urn:stillhere:"), 2);
    need(feed, "<pubDate>Tue, 03 Mar 2026 14:05:00 +0000</pubDate>");
    need(feed, "<pubDate>Sun, 01 Mar 2026 14:05:00 +0000</pubDate>");
    need(feed, "<lastBuildDate>Tue, 03 Mar 2026 14:05:00 +0000</lastBuildDate>");
    need(feed, "<link>" BASE "index.html</link>");
    need(feed,
         "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"" BASE "rss.xml\"/>");
    need(feed, "<podcast:medium>video</podcast:medium>");
    /* HTML inside of XML: words are escaped twice, our own elements once. */
    need(feed, "&lt;p lang=&quot;en&quot; dir=&quot;auto&quot;&gt;Back from shopping."
               "&lt;br&gt;All quiet &amp;amp; &amp;lt;b&amp;gt;.&lt;/p&gt;");
    /* One enclosure, and its hash beside it; the second video is no other form of the first. */
    assert_int_equal(count(feed, "<enclosure "), 1);
    need(feed, "<enclosure url=\"" MP4("aa") "\" length=\"2591827\" type=\"video/mp4\"/>");
    need(feed, "<podcast:alternateEnclosure type=\"video/mp4\" length=\"2591827\" "
               "height=\"1280\" codecs=\"hvc1\" default=\"true\"><podcast:source uri=\"" MP4(
                   "aa") "\"/><podcast:integrity type=\"sri\" value=\"sha256-"
                         "qgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"/>"
                         "</podcast:alternateEnclosure>");
    need(feed, "<podcast:alternateEnclosure type=\"video/mp4\" length=\"1000\" "
               "rel=\"video-2\"><podcast:source uri=\"" MP4("cc"));
    bytes_release(&raw);
}

/* podcast:guid is a UUIDv5 of the channel's name: the value is Python's uuid.uuid5. */
static void the_guid_is_of_the_channel(void **state)
{
    struct scene scene;
    struct bytes raw;

    (void)state;
    scene_init(&scene);
    assert_string_equal(scene.site.id.text, CHANNEL);
    need(build(&scene, FEEDS_RSS, &raw), "<podcast:guid>" GUID "</podcast:guid>");
    bytes_release(&raw);
    scene.site.base = S("http://other.example/");
    need(build(&scene, FEEDS_RSS, &raw), "<podcast:guid>" GUID "</podcast:guid>");
    bytes_release(&raw);
}

static const struct json_value *member(const struct json_value *object, const char *name)
{
    const struct json_value *value = json_member(object, name);

    if (!value)
        fail_msg("no member %s", name);
    return value;
}

static void says(const struct json_value *object, const char *name, const char *text)
{
    const struct json_value *value = member(object, name);

    if (!slice_equal(value->text, S(text)))
        fail_msg("%s: %.*s", name, (int)value->text.len, (const char *)value->text.ptr);
}

static struct json_value *parse(const struct scene *scene, struct bytes *raw,
                                struct arena *arena)
{
    struct json_value *root = NULL;
    struct why why = {0};

    (void)build(scene, FEEDS_JSON, raw);
    arena_init(arena, 1u << 20);
    if (json_parse(slice_of(raw->ptr, raw->len - 1), 8, arena, &root, &why) != SH_OK)
        fail_msg("%s", why.text);
    return root;
}

static void json_field_by_field(void **state)
{
    const struct json_value *root, *item, *file;
    struct scene scene;
    struct arena arena;
    struct bytes raw;

    (void)state;
    scene_init(&scene);
    root = parse(&scene, &raw, &arena);
    says(root, "version", "https://jsonfeed.org/version/1.1");
    says(root, "title", "Window & <door>");
    says(root, "home_page_url", BASE "index.html");
    says(root, "feed_url", BASE "feed.json");
    says(root, "language", "en");
    says(member(root, "authors")->first, "name", "Window & <door>");
    assert_int_equal(member(root, "items")->count, 2);
    item = member(root, "items")->first;
    says(item, "url", BASE "w/004/index.html");
    says(item, "title", "Well · Odesa");
    says(item, "date_published", "2026-03-03T14:05:00Z");
    says(item, "content_text",
         "Back from shopping.\nAll quiet & <b>.\n\n我刚买菜回来。\n\n"
         "Next word promised by Wednesday 4 March 2026, 14:05 UTC.\n\n"
         "Check-in without video");
    assert_null(json_member(item, "attachments"));
    item = item->next;
    says(item, "image", BASE "b/bb/bb" ZEROS ".jpg");
    assert_int_equal(member(item, "attachments")->count, 2);
    file = member(item, "attachments")->first;
    says(file, "url", MP4("aa"));
    says(file, "size_in_bytes", "2591827");
    says(file, "duration_in_seconds", "22");
    says(member(file, "_stillhere"), "sha256", "aa" ZEROS);
    says(file->next, "duration_in_seconds", "1");
    arena_release(&arena);
    bytes_release(&raw);
}

/* Without a base no file names a host, and nothing that needs one is there. */
static void without_a_base(void **state)
{
    struct scene scene;
    struct bytes raw;
    const char *feed;

    (void)state;
    scene_init(&scene);
    scene.site.base = S("");
    feed = build(&scene, FEEDS_RSS, &raw);
    need_not(feed, "example.org");
    need_not(feed, "enclosure");
    need_not(feed, "Enclosure");
    need_not(feed, "rel=\"self\"");
    assert_int_equal(count(feed, "<link>"), 1);
    need(feed, "<link>urn:stillhere:");
    assert_int_equal(count(feed, "<guid "), 2);
    bytes_release(&raw);
    feed = build(&scene, FEEDS_JSON, &raw);
    need_not(feed, "_url");
    need_not(feed, "\"url\"");
    need_not(feed, "attachments");
    need_not(feed, "\"image\"");
    bytes_release(&raw);
    feed = build(&scene, FEEDS_ATOM, &raw);
    need_not(feed, "rel=\"self\"");
    need(feed, "href=\"w/004/index.html\"");
    need_not(feed, "enclosure");
    bytes_release(&raw);
}

static void an_empty_channel(void **state)
{
    struct scene scene;
    struct arena arena;
    struct bytes raw;

    (void)state;
    scene_init(&scene);
    scene.channel.count = 0;
    need(build(&scene, FEEDS_ATOM, &raw), "<updated>1970-01-01T00:00:00Z</updated>");
    bytes_release(&raw);
    need_not(build(&scene, FEEDS_RSS, &raw), "lastBuildDate");
    bytes_release(&raw);
    assert_int_equal(member(parse(&scene, &raw, &arena), "items")->count, 0);
    arena_release(&arena);
    bytes_release(&raw);
}

/* The channel's language speaks first, whatever the order in the document. */
static void each_language(void **state)
{
    static const char *const titles[LANG_COUNT] = {
        "<title>Hurt · Odesa</title>", "<title>受伤 · 敖德萨</title>",
        "<title>Є поранення чи травма · Odesa</title>",
        "<title>Есть ранение или травма · Odesa</title>"};
    static const char *const tags[LANG_COUNT] = {"en", "zh-Hans", "uk", "ru"};
    struct scene scene;
    struct bytes raw;
    const char *feed, *english, *chinese;
    char lang[60];

    (void)state;
    scene_init(&scene);
    scene.docs[0].status = S("hurt");
    for (int i = 0; i < LANG_COUNT; i++) {
        scene.channel.lang = (enum lang)i;
        feed = build(&scene, FEEDS_ATOM, &raw);
        need(feed, titles[i]);
        (void)snprintf(lang, sizeof(lang), "xml:lang=\"%s\"", tags[i]);
        need(feed, lang);
        english = strstr(feed, "Back from shopping");
        chinese = strstr(feed, "我刚买菜回来");
        assert_true(english && chinese && (chinese < english) == (i == LANG_ZH));
        bytes_release(&raw);
        feed = build(&scene, FEEDS_RSS, &raw);
        need(feed, titles[i]);
        (void)snprintf(lang, sizeof(lang), "<language>%s</language>", tags[i]);
        need(feed, lang);
        bytes_release(&raw);
    }
}

/* The largest words there can be, of the byte that grows most, in every item: it fits. */
static void the_largest_feed_fits(void **state)
{
    static uint8_t quotes[LIMIT_WORDS_BYTES];
    struct pages_item items[LIMIT_FEED];
    struct scene scene;
    struct bytes raw;

    (void)state;
    scene_init(&scene);
    memset(quotes, '"', sizeof(quotes));
    scene.words[0].text = slice_of(quotes, sizeof(quotes));
    scene.docs[0].word_count = 1;
    for (size_t i = 0; i < LIMIT_FEED; i++)
        items[i] = scene.items[0];
    scene.channel.items = items;
    scene.channel.count = LIMIT_FEED;
    for (int form = 0; form < FEEDS_FORMS; form++) {
        (void)build(&scene, (enum feeds_form)form, &raw);
        assert_true(raw.len > (size_t)LIMIT_FEED * LIMIT_WORDS_BYTES);
        bytes_release(&raw);
    }
}

/* A feed that does not fit is no feed: never one cut short. */
static void too_large_is_an_error(void **state)
{
    struct scene scene;
    struct bytes raw;

    (void)state;
    scene_init(&scene);
    for (int form = 0; form < FEEDS_FORMS; form++) {
        struct why why = {0};

        bytes_init(&raw, 900);
        assert_int_equal(feeds_build((enum feeds_form)form, &scene.channel, &raw, &why),
                         SH_ELIMIT);
        bytes_release(&raw);
    }
}

/* Strings of attackers as words, place, status and name: the elements stay the same ones. */
static void hostile_words_stay_words(void **state)
{
    struct hostile hostile;
    struct scene scene;
    struct arena arena;
    struct bytes raw;
    size_t elements;

    (void)state;
    if (!hostile_open(&hostile)) {
        skip();
        return;
    }
    scene_init(&scene);
    elements = count(build(&scene, FEEDS_ATOM, &raw), "<");
    bytes_release(&raw);
    for (size_t i = 0; i < hostile.count; i++) {
        struct slice item = hostile.item[i];

        if (text_check(item, TEXT_LINE, LIMIT_NAME_BYTES, "item", NULL) != SH_OK)
            continue;
        scene.site.name = item;
        scene.words[1].text = item;
        scene.names[0].text = item;
        scene.docs[2].status_text.text = item;
        assert_int_equal(count(build(&scene, FEEDS_ATOM, &raw), "<"), elements);
        bytes_release(&raw);
        assert_true(slice_equal(member(parse(&scene, &raw, &arena), "title")->text, item));
        arena_release(&arena);
        bytes_release(&raw);
        need(build(&scene, FEEDS_RSS, &raw), "</rss>\n");
        assert_null(strstr((char *)raw.ptr, "<script"));
        bytes_release(&raw);
    }
    hostile_close(&hostile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atom_holds_everything),
        cmocka_unit_test(rss_is_for_podcasts),
        cmocka_unit_test(the_guid_is_of_the_channel),
        cmocka_unit_test(json_field_by_field),
        cmocka_unit_test(without_a_base),
        cmocka_unit_test(an_empty_channel),
        cmocka_unit_test(each_language),
        cmocka_unit_test(the_largest_feed_fits),
        cmocka_unit_test(too_large_is_an_error),
        cmocka_unit_test(hostile_words_stay_words),
    };

    return cmocka_run_group_tests_name("feeds", tests, NULL, NULL);
}
