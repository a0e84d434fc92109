/* channel: copies of a public tree, catching up with one, and going on from one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channel_scene.h"

/* Close what it opened; the refusal's text, or "". */
static const char *copy_refused(const char *path)
{
    static struct why why;
    struct channel_copy copy;

    why = (struct why){0};
    if (channel_copy_open(path, &copy, &why) == SH_OK)
        why.text[0] = '\0';
    channel_copy_close(&copy);
    return why.text;
}

static struct channel_copy copy_of(const char *path)
{
    struct channel_copy copy;
    struct why why = {0};

    must(channel_copy_open(path, &copy, &why), &why);
    return copy;
}

/* home as it is now goes on as base/newer; home is put back as it was in base/backup. */
static void restore(void)
{
    int private_dir = -1;

    shell("mv %s %s/newer; cp -a %s/backup %s", home, base, base, home);
    io_close(&home_dir);
    assert_int_equal(io_open_dir(AT_FDCWD, home, &home_dir, NULL), SH_OK);
    assert_int_equal(io_open_dir(home_dir, "private", &private_dir, NULL), SH_OK);
    assert_int_equal(channel_mark_restored(private_dir, NULL), SH_OK);
    io_close(&private_dir);
}

static int catch_up(const char *from, uint64_t *newer, struct why *why)
{
    char path[160];
    struct channel_copy copy;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/%s", base, from);
    *why = (struct why){0};
    rc = channel_copy_open(path, &copy, why);
    if (rc == SH_OK)
        rc = channel_catch_up(home, &copy, newer, why);
    channel_copy_close(&copy);
    return rc;
}

/* ---- copies ---- */

static void a_copy_is_a_home_or_its_public_tree(void **state)
{
    char path[120];
    struct channel_copy copy;
    uint8_t root[TLOG_HASH_BYTES], before[TLOG_HASH_BYTES];
    struct channel *channel;

    (void)state;
    checkins(2);
    channel = opened(CHANNEL_LOOK);
    memcpy(before, channel_info(channel)->root, sizeof(before));
    channel_close(channel);
    checkins(300);
    copy = copy_of(home);
    assert_int_equal(copy.size, 303);
    assert_int_equal(channel_copy_root(&copy, 3, root, NULL), SH_OK);
    assert_memory_equal(root, before, sizeof(root));
    channel_copy_close(&copy);
    (void)snprintf(path, sizeof(path), "%s/public", home);
    copy = copy_of(path);
    assert_int_equal(copy.size, 303);
    channel_copy_close(&copy);
}

static void what_is_no_copy_is_refused(void **state)
{
    char path[120], tile[160];

    (void)state;
    checkins(3);
    (void)snprintf(path, sizeof(path), "%s/copy", base);
    (void)snprintf(tile, sizeof(tile), "%s/tile/entries/000.p/4", path);
    assert_non_null(strstr(copy_refused(path), "copy"));
    shell("mkdir %s", path);
    assert_non_null(strstr(copy_refused(path), "no checkpoint"));
    shell("rmdir %s; cp -a %s/public %s", path, home, path);
    assert_string_equal(copy_refused(path), "");
    /* An entry, a note, a signature that was changed; a tile that is cut. */
    flip(tile, 60);
    assert_true(*copy_refused(path) != '\0');
    shell("truncate -s 50 %s", tile);
    assert_true(*copy_refused(path) != '\0');
    shell("cp %s/public/tile/entries/000.p/4 %s/tile/entries/000.p/4", home, path);
    assert_string_equal(copy_refused(path), "");
    shell("sed -i 's/^4$/3/' %s/checkpoint", path);
    assert_true(*copy_refused(path) != '\0');
    shell("cp %s/public/checkpoint %s/checkpoint; sed -i 's/Odesa/Odesb/' %s/id/0.note", home,
          path, path);
    assert_true(*copy_refused(path) != '\0');
}

/* ---- catching up ---- */

static void a_backup_catches_up_with_what_came_after_it(void **state)
{
    static const char *const texts[] = {"a picture"};
    struct channel_file files[1];
    char blob[160];
    struct channel *channel;
    struct why why = {0};
    uint64_t newer = 0;

    (void)state;
    checkins(2);
    shell("cp -a %s %s/backup", home, base);
    (void)post(texts, 1, files);
    channel = opened(CHANNEL_WRITE);
    must(withdraw(channel, 1, &why), &why);
    channel_close(channel);
    checkins(260);
    restore();
    must(catch_up("newer/public", &newer, &why), &why);
    assert_int_equal(newer, 262);
    assert_int_equal(verify(), 265);
    (void)snprintf(blob, sizeof(blob), "public/%s", files[0].path);
    assert_true(io_exists(home_dir, blob));
    checkins(1);
    assert_int_equal(verify(), 266);
    /* Once is enough. */
    assert_int_equal(catch_up("newer", &newer, &why), SH_ENOTFOUND);
}

/* A restored backup; the copy "newer" is ahead of it by a word with a picture, and one more. */
static void behind_by_a_picture(struct channel_file files[1])
{
    static const char *const texts[] = {"a picture"};

    checkins(1);
    shell("cp -a %s %s/backup", home, base);
    (void)post(texts, 1, files);
    checkins(1);
    restore();
}

static void a_copy_that_is_not_whole_helps_as_far_as_it_goes(void **state)
{
    struct channel_file files[1];
    struct why why = {0};
    uint64_t newer = 0;

    (void)state;
    behind_by_a_picture(files);
    shell("rm -r %s/newer/public/b; find %s/newer/public/d -name '*.json' -newer "
          "%s/backup/public/checkpoint -exec truncate -s 1 '{}' +",
          base, base, base);
    must(catch_up("newer", &newer, &why), &why);
    assert_int_equal(newer, 2);
    checkins(1);
    shell("test ! -e %s/public/b", home);
}

/* A file's name says its hash: other bytes under it are not taken over. */
static void what_was_changed_in_a_copy_is_not_taken(void **state)
{
    struct channel_file files[1];
    char blob[160];
    struct why why = {0};
    uint64_t newer = 0;

    (void)state;
    behind_by_a_picture(files);
    shell("printf 'A PICTURE' > %s/newer/public/%s", base, files[0].path);
    must(catch_up("newer", &newer, &why), &why);
    assert_int_equal(newer, 2);
    (void)snprintf(blob, sizeof(blob), "public/%s", files[0].path);
    assert_false(io_exists(home_dir, blob));
    shell("test -z \"$(ls %s/private/tmp)\"", home);
    checkins(1);
    assert_int_equal(verify(), 5);
}

static void another_history_is_no_copy_to_catch_up_with(void **state)
{
    char other[96];
    struct why why = {0};
    uint64_t newer = 0;

    (void)state;
    checkins(2);
    shell("cp -a %s %s/backup", home, base);
    shell("cp -a %s %s/older", home, base);
    checkins(2);
    shell("cp -a %s %s/fork", home, base);
    restore();
    /* Nothing newer: it cannot show that there is nothing. */
    assert_int_equal(catch_up("older", &newer, &why), SH_ECONFLICT);
    /* Two that were written to from the same backup. */
    shell("rm %s/private/restored", home);
    checkins(1);
    shell("echo 'restored 1' > %s/private/restored", home);
    assert_int_equal(catch_up("fork", &newer, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "two histories"));
    (void)snprintf(other, sizeof(other), "%s/other", base);
    create(other);
    assert_int_equal(catch_up("other", &newer, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "another channel"));
    /* None of it changed anything. */
    shell("rm %s/private/restored", home);
    assert_int_equal(verify(), 4);
}

/* ---- going on from a copy ---- */

static void key_random(enum key_role role, struct secret *secret, struct identity_key *out)
{
    uint8_t bytes[CRYPT_KEY_BYTES];

    io_random(secret->byte, sizeof(secret->byte));
    crypto.ed25519_public(secret, bytes);
    identity_key_make(role, slice_of(bytes, sizeof(bytes)), out);
}

/* The next note of the copy: the old log key is revoked, a new one signs from its size on. */
static struct bytes successor(struct channel_copy *copy, const struct sheet *sheet,
                              const struct identity_key *key)
{
    const struct identity *before = identity_chain_newest(&copy->chain);
    struct identity_secrets secrets = {.secret = {&sheet->identity}, .count = 1};
    static struct identity_draft draft;
    struct bytes text, note;
    struct why why = {0};

    identity_next(before, &draft);
    draft.note.has_successor = true;
    draft.note.successor_size = copy->size;
    memcpy(draft.note.successor_root, copy->root, sizeof(draft.note.successor_root));
    must(
        identity_draft_revoke(&draft, identity_key_open(before, KEY_LOG)->id, copy->size, &why),
        &why);
    must(identity_draft_add(&draft, key, &why), &why);
    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    bytes_init(&note, LIMIT_NOTE_BYTES);
    must(identity_build(&draft.note, &text, &why), &why);
    must(identity_sign(bytes_view(&text), &before->channel, &secrets, &note, &why), &why);
    bytes_release(&text);
    return note;
}

static void a_channel_goes_on_from_a_copy_and_its_sheet(void **state)
{
    struct channel_birth birth = {.name = "Odesa", .lang = "uk"};
    char stolen[96], path[120];
    struct channel_adoption adoption = {.home = home};
    struct secret log, ca;
    struct identity_key key, unused;
    struct channel_copy copy;
    struct channel *channel;
    struct bytes note;
    struct why why = {0};

    (void)state;
    (void)snprintf(stolen, sizeof(stolen), "%s/stolen", base);
    birth.home = stolen;
    must(channel_create(&birth, &why), &why);
    shell("rm -r %s; mv %s %s", home, stolen, home);
    checkins(3);
    shell("mv %s %s; rm %s/public/d/*/*.json", home, stolen, stolen);
    (void)snprintf(path, sizeof(path), "%s/public", stolen);
    copy = copy_of(path);
    key_random(KEY_LOG, &log, &key);
    key_random(KEY_LOG, &ca, &unused);
    note = successor(&copy, &birth.sheet, &key);
    adoption.copy = &copy;
    adoption.size = copy.size;
    adoption.note = bytes_view(&note);
    adoption.log = (struct channel_secret){key.id, &log};
    adoption.ca = (struct channel_secret){unused.id, &ca};
    must(channel_adopt(&adoption, &why), &why);
    assert_int_equal(adoption.missing, 3);
    /* All or nothing: where there is a channel it stays as it is. */
    assert_int_equal(channel_adopt(&adoption, &why), SH_ECONFLICT);
    channel_copy_close(&copy);
    bytes_release(&note);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->size, 5);
    assert_int_equal(channel_info(channel)->identity_number, 1);
    assert_string_equal(channel_info(channel)->log_id, key.id);
    assert_string_equal(channel_info(channel)->conflict, "");
    channel_close(channel);
    shell("test ! -e %s/.init; test -e %s/private/evidence/checkpoint-4", home, home);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_copy_is_a_home_or_its_public_tree),
        EACH(what_is_no_copy_is_refused),
        EACH(a_backup_catches_up_with_what_came_after_it),
        EACH(a_copy_that_is_not_whole_helps_as_far_as_it_goes),
        EACH(what_was_changed_in_a_copy_is_not_taken),
        EACH(another_history_is_no_copy_to_catch_up_with),
        EACH(a_channel_goes_on_from_a_copy_and_its_sheet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
