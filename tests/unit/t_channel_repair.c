/* channel: conflicts, the mark of a restore, withdrawal, rebuild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channel_scene.h"

/* ---- conflicts ---- */

static void disagreeing_trees_sign_nothing(void **state)
{
    struct channel *channel;

    (void)state;
    checkins(2);
    shell("cp -a %s %s/copy", home, base);
    checkins(1);
    /* private/ of an older day: public/ is newer. */
    shell("mv %s/private %s/newer; cp -a %s/copy/private %s/private", home, base, base, home);
    assert_non_null(strstr(refused(), "would fork the log"));
    channel = opened(CHANNEL_LOOK);
    assert_non_null(strstr(channel_info(channel)->conflict, "shows 4 entries"));
    channel_close(channel);
    shell("rm -r %s/private; mv %s/newer %s/private", home, base, home);
    assert_int_equal(verify(), 4);
    /* A clone that was written to: another log of the same size. */
    shell("mv %s %s/first; mv %s/copy %s", home, base, base, home);
    checkins(1);
    shell("mv %s/public %s/public2; cp -a %s/first/public %s/public", home, home, base, home);
    assert_non_null(strstr(refused(), "different logs of the same size 4"));
    /* And one behind another history. */
    shell("rm -r %s/public; mv %s/public2 %s/public", home, home, home);
    checkins(1);
    shell("mv %s/public %s/public2; cp -a %s/first/public %s/public", home, home, base, home);
    assert_non_null(strstr(refused(), "another log at size 4"));
}

/* One post ago: its document is in the database, its blobs are not; they must not be lost. */
static void blobs_of_the_newest_entry_are_missed(void **state)
{
    static const char *const texts[] = {"a picture"};
    struct channel_file files[1];
    struct channel *channel;
    struct why why = {0};

    (void)state;
    checkins(1);
    shell("cp -a %s/public %s/older", home, base);
    (void)post(texts, 1, files);
    shell("mv %s/public %s/newer; cp -a %s/older %s/public", home, base, base, home);
    assert_non_null(strstr(refused(), "public/ is from an older day"));
    assert_non_null(strstr(refused(), files[0].path));
    channel = opened(CHANNEL_LOOK);
    assert_non_null(strstr(channel_info(channel)->conflict, files[0].path));
    channel_close(channel);
    shell("rm -r %s/public; mv %s/newer %s/public", home, base, home);
    assert_int_equal(verify(), 3);
    /* Whoever knows that they are gone for good goes on with a rebuild. */
    shell("rm -r %s/public; mv %s/older %s/public", home, base, home);
    must(channel_rebuild(home, &why), &why);
    checkins(1);
}

static void foreign_and_broken_public_trees_are_refused(void **state)
{
    char other[96];

    (void)state;
    checkins(1);
    (void)snprintf(other, sizeof(other), "%s/other", base);
    create(other);
    shell("cp -a %s/public %s/good", home, base);
    shell("cp %s/public/checkpoint %s/public/checkpoint", other, home);
    assert_non_null(strstr(refused(), "another channel"));
    shell("rm -r %s/public; cp -a %s/public %s/public", home, other, home);
    assert_non_null(strstr(refused(), "is not the one of channel"));
    shell("rm -r %s/public; cp -a %s/good %s/public; sed -i 's/^2$/3/' %s/public/checkpoint",
          home, base, home, home);
    assert_non_null(strstr(refused(), "signature does not hold"));
    shell("echo hello > %s/public/checkpoint", home);
    assert_non_null(strstr(refused(), "damaged"));
    shell("sed -i 's|^\xe2\x80\x94 \\(.*\\) ....|\xe2\x80\x94 \\1 AAAA|' %s/good/checkpoint; "
          "cp %s/good/checkpoint %s/public/checkpoint",
          base, base, home);
    assert_non_null(strstr(refused(), "another key"));
}

static void tiles_changed_by_hand_are_noticed_and_rebuilt(void **state)
{
    char path[160];
    struct why why = {0};

    (void)state;
    checkins(3);
    (void)snprintf(path, sizeof(path), "%s/public/tile/0/000.p/4", home);
    flip(path, 5);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 4);
    assert_true(io_exists(home_dir, "private/quarantine/changed/tile/0/000.p/4"));
    shell("rm -r %s/public/tile/entries", home);
    assert_non_null(strstr(refused(), "not there"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 4);
    (void)snprintf(path, sizeof(path), "%s/public/tile/entries/000.p/4", home);
    flip(path, 60);
    assert_non_null(strstr(refused(), "its entries are not"));
    must(channel_rebuild(home, &why), &why);
    checkins(1);
    assert_int_equal(verify(), 5);
}

static void a_restore_asks_before_it_signs(void **state)
{
    struct channel *channel;
    struct why why = {0};
    int private_dir = -1;

    (void)state;
    assert_int_equal(io_open_dir(home_dir, "private", &private_dir, NULL), SH_OK);
    assert_int_equal(channel_forgive(home, "no mark", NULL), SH_ENOTFOUND);
    assert_int_equal(channel_mark_restored(private_dir, NULL), SH_OK);
    assert_non_null(strstr(refused(), "recover --i-know"));
    channel = opened(CHANNEL_LOOK);
    assert_non_null(strstr(channel_info(channel)->conflict, "restored"));
    channel_close(channel);
    must(channel_rebuild(home, &why), &why);
    assert_non_null(strstr(refused(), "recover --i-know"));
    must(channel_forgive(home, "the old phone is at the bottom of the sea", &why), &why);
    checkins(1);
    assert_int_equal(verify(), 2);
    io_close(&private_dir);
}

/* ---- withdrawal ---- */

static bool is_public(const char *path)
{
    char name[120];

    (void)snprintf(name, sizeof(name), "public/%s", path);
    return io_exists(home_dir, name);
}

static void withdrawal_hides_what_nobody_else_names(void **state)
{
    const char *first[] = {"shared", "only first"}, *second[] = {"shared", "only second"};
    struct channel_file a[2], b[2];
    struct channel_entry entry;
    struct channel *channel;
    struct why why = {0};
    struct bytes raw;
    char path[120];

    (void)state;
    assert_int_equal(post(first, 2, a), 1);
    assert_int_equal(post(second, 2, b), 2);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, &why), SH_OK);
    assert_true(is_public(a[0].path));
    assert_false(is_public(a[1].path));
    (void)snprintf(path, sizeof(path), "private/quarantine/%s", a[1].path);
    assert_true(io_exists(home_dir, path));
    assert_int_equal(mode_of("private/quarantine/b"), 0700);
    assert_int_equal(channel_entry_get(channel, 1, &entry, NULL), SH_OK);
    assert_int_equal(entry.state, STATE_WITHDRAWN);
    assert_int_equal(entry.withdrawn_by, 3);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(channel_document(channel, &entry, &raw, NULL), SH_ENOTFOUND);
    assert_int_equal(channel_entry_get(channel, 2, &entry, NULL), SH_OK);
    assert_int_equal(channel_document(channel, &entry, &raw, NULL), SH_OK);
    bytes_release(&raw);
    /* Not twice, not an identity, not a withdrawal, not what is not there. */
    assert_int_equal(withdraw(channel, 1, &why), SH_EARG);
    assert_non_null(strstr(why.text, "already, by entry 3"));
    assert_int_equal(withdraw(channel, 0, NULL), SH_EARG);
    assert_int_equal(withdraw(channel, 3, NULL), SH_EARG);
    assert_int_equal(withdraw(channel, 77, NULL), SH_ENOTFOUND);
    assert_int_equal(withdraw(channel, 2, NULL), SH_OK);
    assert_false(is_public(b[0].path));
    assert_false(is_public(b[1].path));
    channel_close(channel);
    assert_int_equal(verify(), 5);
    /* Posted again: public again, and the quarantine keeps its own. */
    assert_int_equal(post(first, 2, a), 5);
    assert_true(is_public(a[0].path) && is_public(a[1].path));
    assert_int_equal(verify(), 6);
}

static void a_withdrawal_cut_off_is_finished(void **state)
{
    const char *texts[] = {"a clip"};
    struct channel_file file[1];
    struct channel *channel;

    (void)state;
    assert_int_equal(post(texts, 1, file), 1);
    shell("cp -a %s/public %s/old", home, home);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    channel_close(channel);
    shell("rm -r %s/public; mv %s/old %s/public", home, home, home);
    assert_true(is_public(file[0].path));
    assert_int_equal(verify(), 3);
    assert_false(is_public(file[0].path));
    /* An older public/ put back brings withdrawn files back: they are hidden again. */
    shell("cp -a %s/public %s/old; cp -a %s/private/quarantine/. %s/old/", home, home, home,
          home);
    checkins(3);
    shell("cp -a %s/public/d %s/old/; rm -r %s/public; mv %s/old %s/public; "
          "cp -a %s/private/quarantine/. %s/public/",
          home, home, home, home, home, home, home);
    assert_true(is_public(file[0].path));
    assert_int_equal(verify(), 6);
    assert_false(is_public(file[0].path));
}

/* ---- rebuild ---- */

static void a_lost_database_is_made_anew(void **state)
{
    const char *texts[] = {"one", "two"};
    struct channel_file files[2];
    struct channel *channel;
    struct why why = {0};
    uint64_t index = 0, stamp = 0, before = 0;

    (void)state;
    (void)post(texts, 2, files);
    checkins(260);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    assert_int_equal(channel_stamp(channel, &before, NULL), SH_OK);
    assert_int_equal(channel_derive(channel, "index.html", slice_text("p"), before, NULL),
                     SH_OK);
    channel_close(channel);
    shell("rm %s/private/stillhere.db*", home);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 263);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(channel_info(channel)->dispatches, 261);
    assert_int_equal(channel_info(channel)->published, 1790000000);
    assert_int_equal(channel_dispatch_at(channel, 260, &index, NULL), SH_OK);
    assert_int_equal(index, 261);
    assert_int_equal(channel_stamp(channel, &stamp, NULL), SH_OK);
    assert_true(stamp > before);
    assert_int_equal(withdraw(channel, 1, NULL), SH_EARG);
    channel_close(channel);
    /* Damaged. */
    shell("rm -f %s/private/stillhere.db-*; echo garbage > %s/private/stillhere.db", home,
          home);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    checkins(1);
    assert_int_equal(verify(), 264);
    shell("rm %s/private/stillhere.db* %s/private/keys/log.key", home, home);
    assert_int_equal(channel_rebuild(home, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "restore it from a backup"));
}

static void an_older_private_tree_takes_the_newer_log(void **state)
{
    struct channel *channel;
    struct why why = {0};
    struct channel_entry entry;

    (void)state;
    checkins(2);
    shell("cp -a %s/private %s/old", home, base);
    checkins(2);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 3, NULL), SH_OK);
    channel_close(channel);
    shell("rm -r %s/private; cp -a %s/old %s/private", home, base, home);
    assert_non_null(strstr(refused(), "older day"));
    must(channel_rebuild(home, &why), &why);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(channel_info(channel)->size, 6);
    assert_int_equal(channel_entry_get(channel, 3, &entry, NULL), SH_OK);
    assert_int_equal(entry.state, STATE_WITHDRAWN);
    channel_close(channel);
    assert_int_equal(verify(), 6);
    /* Two histories: refused, nothing changed. */
    shell("rm -r %s/private; cp -a %s/old %s/private; cp -a %s/public %s/pub", home, base, home,
          home, base);
    shell("cd %s/public && rm -r checkpoint d tile && cp -a %s/pub/d . && :", home, base);
    checkins(1);
    shell("rm -r %s/public; cp -a %s/pub %s/public", home, base, home);
    assert_int_equal(channel_rebuild(home, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "two histories"));
    assert_non_null(strstr(refused(), "would fork"));
}

static void rebuild_changes_nothing_that_is_right(void **state)
{
    const char *texts[] = {"one", "two"};
    struct channel_file files[2];
    struct why why = {0};

    (void)state;
    (void)post(texts, 2, files);
    checkins(3);
    shell("cp -a %s/public %s/before", home, base);
    must(channel_rebuild(home, &why), &why);
    shell("diff -r %s/public %s/before", home, base);
    shell("test -z \"$(ls -A %s/private/tmp)\"", home);
    assert_int_equal(verify(), 5);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(disagreeing_trees_sign_nothing),
        EACH(blobs_of_the_newest_entry_are_missed),
        EACH(foreign_and_broken_public_trees_are_refused),
        EACH(tiles_changed_by_hand_are_noticed_and_rebuilt),
        EACH(a_restore_asks_before_it_signs),
        EACH(withdrawal_hides_what_nobody_else_names),
        EACH(a_withdrawal_cut_off_is_finished),
        EACH(a_lost_database_is_made_anew),
        EACH(an_older_private_tree_takes_the_newer_log),
        EACH(rebuild_changes_nothing_that_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
