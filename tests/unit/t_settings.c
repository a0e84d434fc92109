/* private/settings: strict to read, durable to write, pages behind afterwards. */
#include "channel_scene.h"

static void write_file(const char *text, size_t len)
{
    struct io_target target = {home_dir, "private/settings", home_dir, 0600, 0, IO_NO_SYNC};

    assert_int_equal(io_replace(&target, slice_of(text, len), NULL), SH_OK);
}

static void none_at_first(void **state)
{
    struct channel *channel = opened(CHANNEL_LOOK);
    struct channel_settings settings;
    struct why why = {0};

    (void)state;
    memset(&settings, 'x', sizeof(settings));
    must(channel_settings(channel, &settings, &why), &why);
    assert_string_equal(settings.base, "");
    assert_string_equal(settings.zone, "");
    assert_string_equal(settings.family_zone, "");
    assert_string_equal(settings.family_place, "");
    channel_close(channel);
}

static const struct channel_settings all = {
    "https://example.org/a/",        "Europe/Kyiv", "Asia/Shanghai",
    "\xe5\x8c\x97\xe4\xba\xac city", "3600",        "keep"};

static void set_and_read_again(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);
    struct channel_settings settings = {.base = ""};
    struct why why = {0};
    struct bytes raw;

    (void)state;
    must(channel_pages_done(channel, channel_info(channel)->size, "1", &why), &why);
    assert_int_equal(channel_info(channel)->pages_size, channel_info(channel)->size);
    must(channel_settings_set(channel, &all, &why), &why);
    assert_int_equal(channel_info(channel)->pages_size, 0);
    channel_close(channel);
    channel = opened(CHANNEL_LOOK);
    must(channel_settings(channel, &settings, &why), &why);
    assert_memory_equal(&settings, &all, sizeof(all));
    assert_int_equal(channel_info(channel)->pages_size, 0);
    channel_close(channel);
    assert_int_equal(mode_of("private/settings"), 0600);
    read_whole("private/settings", &raw);
    assert_true(slice_equal(bytes_view(&raw),
                            slice_text("base https://example.org/a/\nzone Europe/Kyiv\n"
                                       "family-zone Asia/Shanghai\n"
                                       "family-place \xe5\x8c\x97\xe4\xba\xac city\n"
                                       "covers 3600\noriginals keep\n")));
    bytes_release(&raw);
}

/* What is refused leaves the file as it was. */
static void bad_values(void **state)
{
    static const struct channel_settings bad[] = {
        {.base = "example.org/"},
        {.base = "ftp://example.org/"},
        {.base = "https://example.org/a"},
        {.base = "https:///x/"},
        {.base = "https://a b/"},
        {.base = "https://user@example.org/"},
        {.base = "https://example.org/?q=/"},
        {.base = "https://example.org/#/"},
        {.base = "https://example.org/\"><script>/"},
        {.base = "https://\xd0\xbe.org/"},
        {.base = "javascript:alert(1)/"},
        {.zone = "Kyiv"},
        {.zone = "../etc/passwd"},
        {.family_zone = "Beijing"},
        {.family_place = "two\nlines"},
        {.family_place = "\xe2\x80\xae"
                         "back"},
        {.family_place = "\xff"},
    };
    struct channel *channel = opened(CHANNEL_WRITE);
    struct channel_settings settings = {.base = ""};
    struct why why = {0};

    (void)state;
    must(channel_settings_set(channel, &all, &why), &why);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        why = (struct why){0};
        if (channel_settings_set(channel, &bad[i], &why) >= 0)
            fail_msg("row %zu was taken", i);
        assert_true(why.text[0]);
    }
    why = (struct why){0};
    must(channel_settings(channel, &settings, &why), &why);
    assert_memory_equal(&settings, &all, sizeof(all));
    channel_close(channel);
}

static void bad_files(void **state)
{
    static const char *const bad[] = {
        "zone",
        "zone Europe/Kyiv",
        "zone \n",
        "zone\n",
        "\n",
        "zones UTC\n",
        "Zone UTC\n",
        "zone UTC\nzone UTC\n",
        "zone UTC\n\n",
        "zone UTC\r\n",
        "base nowhere\n",
        "family UTC\n",
        "family-place a\tb\n",
        "zone an-impossibly-long-name-of-a-zone/that-does-not-fit-into-64-bytes-at-all\n",
    };
    struct channel *channel = opened(CHANNEL_LOOK);
    struct channel_settings settings = {.base = "kept"};
    struct bytes big;
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        write_file(bad[i], strlen(bad[i]));
        why = (struct why){0};
        if (channel_settings(channel, &settings, &why) != SH_EFORMAT)
            fail_msg("row %zu was taken", i);
        assert_non_null(strstr(why.text, "private/settings: line "));
    }
    write_file("zone U\0C\n", 9);
    assert_int_equal(channel_settings(channel, &settings, NULL), SH_EFORMAT);
    bytes_init(&big, 8192);
    while (big.len < 5000)
        bytes_text(&big, "zone UTC\n");
    write_file((const char *)big.ptr, big.len);
    bytes_release(&big);
    assert_int_equal(channel_settings(channel, &settings, NULL), SH_ELIMIT);
    assert_string_equal(settings.base, "kept");
    write_file("base HTTPS://Example.org\n", 25); /* Written by hand: read in its one form. */
    assert_int_equal(channel_settings(channel, &settings, NULL), SH_OK);
    assert_string_equal(settings.base, "https://example.org/");
    /* A zone that this machine does not know is no reason to stop: it was known where it was
     * set. */
    write_file("zone Mars/Base\n", 15);
    assert_int_equal(channel_settings(channel, &settings, NULL), SH_OK);
    assert_string_equal(settings.zone, "Mars/Base");
    channel_close(channel);
}

/* Every prefix of a good file is a good file of fewer lines, or refused. */
static void prefixes(void **state)
{
    static const char good[] = "base https://example.org/a/\nfamily-place Lviv\nzone UTC\n";
    struct channel *channel = opened(CHANNEL_LOOK);
    struct channel_settings settings;
    int rc;

    (void)state;
    for (size_t len = 0; len < sizeof(good); len++) {
        write_file(good, len);
        rc = channel_settings(channel, &settings, NULL);
        assert_int_equal(rc, !len || good[len - 1] == '\n' ? SH_OK : SH_EFORMAT);
        if (len == sizeof(good) - 1)
            break;
    }
    assert_string_equal(settings.zone, "UTC");
    channel_close(channel);
}

struct seen {
    bool settings;
};

static int look_at(void *ctx, const struct channel_part *part, struct why *why)
{
    struct seen *seen = ctx;

    (void)why;
    if (strcmp(part->path, "private/settings") == 0) {
        assert_int_equal(part->mode, 0600);
        seen->settings = true;
    }
    return SH_OK;
}

static void a_snapshot_has_them(void **state)
{
    struct channel *channel = opened(CHANNEL_LOOK);
    struct seen seen = {false};
    struct channel_sink sink = {look_at, &seen};
    struct why why = {0};

    (void)state;
    write_file("zone UTC\n", 9);
    must(channel_snapshot(channel, &sink, &why), &why);
    assert_true(seen.settings);
    assert_int_equal(unlinkat(home_dir, "private/settings", 0), 0);
    seen.settings = false;
    must(channel_snapshot(channel, &sink, &why), &why);
    assert_false(seen.settings);
    channel_close(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_at_first), cmocka_unit_test(set_and_read_again),
        cmocka_unit_test(bad_values),    cmocka_unit_test(bad_files),
        cmocka_unit_test(prefixes),      cmocka_unit_test(a_snapshot_has_them),
    };

    return cmocka_run_group_tests_name("settings", tests, setup, teardown);
}
