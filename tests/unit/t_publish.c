/* publish: the pages follow the log, and are the same whichever way they came to be. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "channel/channel.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "publish/publish.h"

static char home[200];
static int home_dir = -1;
static struct channel *channel;

/* Signs in this process: the signer role has its own tests. */
static int sign(void *ctx, struct slice text, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                struct why *why)
{
    struct bytes hex;
    struct secret seed;
    int rc;

    (void)ctx;
    bytes_init(&hex, 100);
    rc = io_read(home_dir, "private/keys/log.key", &hex, why);
    if (rc == SH_OK && (hex.len < 64 || !hex_parse(slice_of(hex.ptr, 64), seed.byte, 32)))
        rc = why_set(why, SH_EFORMAT, 0, "log.key: not 64 hex digits");
    if (rc == SH_OK)
        crypto.ed25519_sign(&seed, text, signature);
    bytes_release(&hex);
    return rc;
}

static int keep_nothing(void *ctx, const struct sheet *sheet, struct why *why)
{
    (void)ctx;
    (void)sheet;
    (void)why;
    return SH_OK;
}

static void must(int rc, const struct why *why)
{
    if (rc != SH_OK)
        fail_msg("%d: %s", rc, why->text);
}

static int setup(void **state)
{
    struct channel_birth birth = {
        .home = home, .name = "Window", .lang = "uk", .keep_sheet = keep_nothing};
    struct why why = {0};
    char base[100] = "/tmp/stillhere-publish.XXXXXX";

    (void)state;
    if (!mkdtemp(base))
        return -1;
    (void)snprintf(home, sizeof(home), "%s/channel", base);
    must(channel_create(&birth, &why), &why);
    must(io_open_dir(AT_FDCWD, home, &home_dir, &why), &why);
    must(channel_open(home, CHANNEL_WRITE, &channel, &why), &why);
    return 0;
}

static int teardown(void **state)
{
    struct why why = {0};

    (void)state;
    channel_close(channel);
    io_close(&home_dir);
    *strrchr(home, '/') = '\0';
    return io_remove_tree(AT_FDCWD, home, &why) == SH_OK && rmdir(home) <= 0 ? 0 : -1;
}

static uint64_t append(struct document *doc, enum entry_type type, uint64_t ref)
{
    struct channel_signer signer = {.sign_checkpoint = sign};
    struct channel_commit commit;
    struct why why = {0};
    struct bytes raw;

    io_random(doc->salt, sizeof(doc->salt));
    doc->channel = slice_text(channel_info(channel)->id.text);
    doc->published = io_now();
    doc->of = ENTRY_NO_REF;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    must(document_build(doc, &raw, &why), &why);
    must(channel_append(
             channel,
             &(struct channel_append){.type = type, .ref = ref, .document = bytes_view(&raw)},
             &signer, &commit, &why),
         &why);
    assert_true(commit.published);
    bytes_release(&raw);
    return commit.index;
}

static uint64_t say(const char *words)
{
    struct doc_text text = {slice_text("en"), slice_text(words)};
    struct document doc = {
        .kind = DOC_DISPATCH, .status = slice_text("well"), .words = &text, .word_count = 1};

    io_random(doc.dispatch, sizeof(doc.dispatch));
    return append(&doc, ENTRY_DISPATCH, ENTRY_NO_REF);
}

static void withdraw(uint64_t index)
{
    struct document doc = {
        .kind = DOC_WITHDRAW, .level = DOC_HIDE, .reason = slice_text("wrong door")};

    (void)append(&doc, ENTRY_WITHDRAW, index);
}

static void publish(void)
{
    struct why why = {0};

    must(publish_pages(channel, &why), &why);
    assert_int_equal(channel_info(channel)->pages_size, channel_info(channel)->size);
}

/* ---- the tree of pages, as a list of lines "path hash mtime" ---- */

struct tree {
    char path[600][40];
    uint8_t hash[600][32];
    uint64_t mtime_s[600];
    size_t count;
};

static void add_file(struct tree *tree, const char *path)
{
    struct bytes raw;
    struct why why = {0};
    uint64_t size;

    assert_true(tree->count < 600 && strlen(path) < 40);
    bytes_init(&raw, LIMIT_PAGE_BYTES);
    must(io_read(channel_info(channel)->public_dir, path, &raw, &why), &why);
    (void)snprintf(tree->path[tree->count], sizeof(tree->path[0]), "%s", path);
    crypto.sha256(bytes_view(&raw), tree->hash[tree->count]);
    must(io_stat(channel_info(channel)->public_dir, path, &size, &tree->mtime_s[tree->count],
                 &why),
         &why);
    tree->count++;
    bytes_release(&raw);
}

/* The five files of a folder; nothing else may lie there. */
static void add_folder(struct tree *tree, const char *folder)
{
    static const char *const names[] = {"index.html", "index.en.html", "index.zh.html",
                                        "index.uk.html", "index.ru.html"};
    char path[TREE_PATH_BYTES + 16];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", names[i]);
        add_file(tree, path);
    }
}

/* Every folder below w/ or p/ (of a small channel: one level). */
static void add_folders(struct tree *tree, const char *top)
{
    char path[60];

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(path, sizeof(path), "%s/%03u", top, i);
        if (io_exists(channel_info(channel)->public_dir, path))
            add_folder(tree, path);
    }
}

static const char *const feeds[] = {"feed.atom", "feed.json", "rss.xml"};

static void read_tree(struct tree *tree)
{
    tree->count = 0;
    for (size_t i = 0; i < COUNT_OF(feeds); i++)
        add_file(tree, feeds[i]);
    add_folder(tree, "");
    add_folder(tree, "now");
    add_folders(tree, "w");
    add_folders(tree, "p");
}

static bool changed(const struct tree *a, const struct tree *b, size_t i)
{
    return memcmp(a->hash[i], b->hash[i], 32) != 0;
}

static bool page_has(const char *path, const char *text)
{
    struct bytes raw;
    struct why why = {0};
    bool found;

    bytes_init(&raw, LIMIT_PAGE_BYTES);
    must(io_read(channel_info(channel)->public_dir, path, &raw, &why), &why);
    bytes_u8(&raw, '\0');
    found = strstr((char *)raw.ptr, text) != NULL;
    bytes_release(&raw);
    return found;
}

static struct tree before, after;

static void a_new_channel_has_a_front_page(void **state)
{
    (void)state;
    publish();
    read_tree(&before);
    assert_int_equal(before.count, COUNT_OF(feeds) + 5 * 2);
    assert_true(page_has("index.uk.html", "Звісток ще немає."));
    /* index.html is the one in the channel's language. */
    assert_memory_equal(before.hash[COUNT_OF(feeds)], before.hash[COUNT_OF(feeds) + 3], 32);
}

static void pages_follow_the_log(void **state)
{
    char words[40];

    (void)state;
    for (unsigned i = 1; i <= 45; i++) {
        (void)snprintf(words, sizeof(words), "words of %u.", i);
        assert_int_equal(say(words), i);
        if (i % 3) /* Sometimes the pages are behind by one or two. */
            publish();
        assert_true(i % 3 == 0 || page_has("index.en.html", words));
    }
    publish();
    read_tree(&before);
    assert_int_equal(before.count, COUNT_OF(feeds) + 5 * (2 + 45 + 2));
    for (size_t i = 0; i < COUNT_OF(feeds); i++) { /* the newest 30 */
        assert_true(page_has(feeds[i], "words of 45."));
        assert_true(page_has(feeds[i], "words of 16."));
        assert_false(page_has(feeds[i], "words of 15."));
    }
    assert_true(page_has("w/045/index.en.html", "href=\"../../w/044/index.en.html\""));
    assert_false(page_has("w/001/index.en.html", "/w/"));
    assert_true(page_has("index.en.html", "href=\"p/001/index.en.html\""));
    assert_true(page_has("p/001/index.en.html", "words of 40."));
    assert_true(page_has("p/001/index.en.html", "words of 21."));
    assert_false(page_has("p/001/index.en.html", "words of 20."));
    assert_true(page_has("p/001/index.en.html", "href=\"../../p/000/index.en.html\""));
}

static void nothing_new_writes_nothing(void **state)
{
    struct why why = {0};

    (void)state;
    publish();
    must(publish_all(channel, &why), &why);
    read_tree(&after);
    assert_int_equal(after.count, before.count);
    for (size_t i = 0; i < after.count; i++) {
        assert_false(changed(&before, &after, i));
        assert_int_equal(before.mtime_s[i], after.mtime_s[i]);
    }
}

/* Only the front page, the page of the dispatch and the timeline page with it change. */
static void a_withdrawal_reaches_every_page_that_names_it(void **state)
{
    (void)state;
    assert_true(page_has("p/000/index.en.html", "words of 7."));
    withdraw(7);
    publish();
    read_tree(&after);
    assert_int_equal(after.count, before.count);
    for (size_t i = 0; i < after.count; i++) {
        bool named = strncmp(after.path[i], "w/007/", 6) == 0 ||
                     strncmp(after.path[i], "p/000/", 6) == 0;

        assert_string_equal(before.path[i], after.path[i]);
        if (strncmp(after.path[i], "now/", 4) == 0)
            continue; /* It says when this copy was made. */
        if (named) {
            assert_true(changed(&before, &after, i));
            /* FORMATS: a file that changes gets at least its previous time + 1 s. */
            assert_true(after.mtime_s[i] > before.mtime_s[i]);
            assert_false(page_has(after.path[i], "words of 7."));
        } else {
            assert_false(changed(&before, &after, i));
            assert_int_equal(before.mtime_s[i], after.mtime_s[i]);
        }
    }
    assert_true(page_has("w/007/index.en.html", "Entry 7, withdrawn by entry 46"));
    assert_true(page_has("w/007/index.en.html", "wrong door"));
    withdraw(44);
    publish();
    assert_false(page_has("index.en.html", "words of 44."));
    assert_true(page_has("index.en.html", "Entry 44, withdrawn by entry 47"));
    for (size_t i = 0; i < COUNT_OF(feeds); i++) {
        assert_false(page_has(feeds[i], "words of 44."));
        assert_false(page_has(feeds[i], "wrong door"));
        assert_true(page_has(feeds[i], "words of 45."));
    }
}

static void promise(struct document *doc)
{
    doc->kind = DOC_PROMISE;
    (void)append(doc, ENTRY_PROMISE, ENTRY_NO_REF);
    publish();
}

/* The newest word that stands, the newest promise, the clocks of the settings. */
static void the_family_page_follows(void **state)
{
    struct channel_settings settings = {
        .zone = "Europe/Kyiv", .family_zone = "Asia/Shanghai", .family_place = "Beijing"};
    struct doc_text because = {slice_text("en"), slice_text("the power goes")};
    struct why why = {0};
    static const char page[] = "now/index.en.html";
    uint64_t index;

    (void)state;
    assert_true(page_has(page, "words of 45."));
    assert_true(page_has(page, "No time was promised"));
    promise(&(struct document){.every_s = 86400});
    assert_true(page_has(page, "Next word promised by"));
    promise(&(struct document){
        .silent_until = io_now() + 3600, .because = &because, .because_count = 1});
    assert_true(page_has(page, "Silence was announced beforehand"));
    assert_true(page_has(page, "The reason given: <bdi lang=\"en\">the power goes</bdi>"));
    assert_true(page_has(page, " UTC</time>"));
    must(channel_settings_set(channel, &settings, &why), &why);
    must(publish_all(channel, &why), &why);
    assert_true(page_has(page, " in <bdi>Beijing</bdi>)</time>"));
    assert_true(page_has(page, " UTC+2 (") || page_has(page, " UTC+3 ("));
    index = say("not for long.");
    publish();
    assert_true(page_has(page, "not for long."));
    withdraw(index);
    publish();
    assert_false(page_has(page, "not for long."));
    assert_true(page_has(page, "words of 45."));
    /* `until` ends with a word. */
    promise(&(struct document){.until = io_now() + 7200});
    assert_true(page_has(page, "Next word promised by"));
    (void)say("here it is.");
    publish();
    assert_true(page_has(page, "No time was promised"));
    /* A promise for never is none. */
    promise(&(struct document){.until = UINT64_C(9007199254740991)});
    assert_true(page_has(page, "No time was promised"));
}

/* FORMATS, "The same pages". */
static void all_pages_anew_are_the_same(void **state)
{
    static const char *const names[] = {"index.html", "index.en.html", "index.zh.html",
                                        "index.uk.html", "index.ru.html"};
    int dir = channel_info(channel)->public_dir;
    struct why why = {0};

    (void)state;
    read_tree(&before);
    must(io_remove_tree(dir, "w", &why), &why);
    must(io_remove_tree(dir, "p", &why), &why);
    must(io_remove_tree(dir, "now", &why), &why);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(unlinkat(dir, names[i], 0), 0);
    for (size_t i = 0; i < COUNT_OF(feeds); i++)
        assert_int_equal(unlinkat(dir, feeds[i], 0), 0);
    must(publish_all(channel, &why), &why);
    read_tree(&after);
    assert_int_equal(after.count, before.count);
    for (size_t i = 0; i < after.count; i++) {
        assert_string_equal(before.path[i], after.path[i]);
        if (changed(&before, &after, i))
            fail_msg("%s differs", after.path[i]);
    }
}

static void a_page_changed_by_hand_comes_back(void **state)
{
    int dir = channel_info(channel)->public_dir, fd;
    struct why why = {0};

    (void)state;
    fd = openat(dir, "w/003/index.en.html", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "<p>true</p>", 11), 11);
    assert_int_equal(close(fd), 0);
    must(publish_all(channel, &why), &why);
    read_tree(&after);
    for (size_t i = 0; i < after.count; i++)
        assert_false(changed(&before, &after, i));
}

/* The base is a setting: what needs a host appears with it and goes with it. */
static void feeds_and_previews_follow_the_base(void **state)
{
    struct channel_settings settings, changed_to;
    struct why why = {0};

    (void)state;
    must(channel_settings(channel, &settings, &why), &why);
    changed_to = settings;
    (void)snprintf(changed_to.base, sizeof(changed_to.base), "https://example.org/o/");
    must(channel_settings_set(channel, &changed_to, &why), &why);
    publish();
    for (size_t i = 0; i < COUNT_OF(feeds); i++)
        assert_true(page_has(feeds[i], "https://example.org/o/w/045/index.html"));
    assert_true(page_has("w/045/index.ru.html", "https://example.org/o/w/045/index.ru.html"));
    must(channel_settings_set(channel, &settings, &why), &why);
    publish();
    read_tree(&after);
    for (size_t i = 0; i < after.count; i++) {
        assert_false(page_has(after.path[i], "example.org"));
        assert_false(changed(&before, &after, i));
    }
}

/* A document that is gone is said to be missing, and the other pages are made all the same. */
static void a_missing_document_is_said(void **state)
{
    int dir = channel_info(channel)->public_dir;
    struct channel_entry entry;
    char path[TREE_PATH_BYTES];
    struct why why = {0};

    (void)state;
    must(channel_entry_get(channel, 5, &entry, &why), &why);
    tree_document_path(entry.entry.hash, path);
    assert_int_equal(unlinkat(dir, path, 0), 0);
    must(publish_all(channel, &why), &why);
    assert_true(page_has("w/005/index.en.html", "Entry 5, document missing in this copy"));
    assert_true(page_has("w/006/index.en.html", "words of 6."));
}

/* After another version of the program, all pages are made anew. */
static void another_version_makes_all_anew(void **state)
{
    int dir = channel_info(channel)->public_dir;
    struct why why = {0};

    (void)state;
    must(channel_pages_done(channel, channel_info(channel)->size, "0.0.0-other", &why), &why);
    assert_int_equal(unlinkat(dir, "w/009/index.ru.html", 0), 0);
    publish();
    assert_true(io_exists(dir, "w/009/index.ru.html"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_channel_has_a_front_page),
        cmocka_unit_test(pages_follow_the_log),
        cmocka_unit_test(nothing_new_writes_nothing),
        cmocka_unit_test(a_withdrawal_reaches_every_page_that_names_it),
        cmocka_unit_test(the_family_page_follows),
        cmocka_unit_test(all_pages_anew_are_the_same),
        cmocka_unit_test(a_page_changed_by_hand_comes_back),
        cmocka_unit_test(feeds_and_previews_follow_the_base),
        cmocka_unit_test(a_missing_document_is_said),
        cmocka_unit_test(another_version_makes_all_anew),
    };

    return cmocka_run_group_tests_name("publish", tests, setup, teardown);
}
