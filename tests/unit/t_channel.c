/* channel: birth, appending, finishing what was cut off, pages, snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/mount.h>

#include "channel_scene.h"

/* ---- birth ---- */

static void a_channel_is_born_whole(void **state)
{
    const struct channel_info *info;
    struct channel *channel;
    struct why why = {0};
    struct channel_birth again = {.home = home, .name = "x", .lang = "en"};
    mode_t before = umask(077);

    (void)state;
    assert_int_equal(verify(), 1);
    channel = opened(CHANNEL_LOOK);
    info = channel_info(channel);
    assert_string_equal(info->lang, "uk");
    assert_string_equal(info->name, "Odesa \xe2\x80\x94 test");
    assert_int_equal(info->size, 1);
    assert_int_equal(info->dispatches, 0);
    assert_int_equal(info->pages_size, 0);
    assert_int_equal(strlen(info->short_id), 19);
    channel_close(channel);
    assert_int_equal(mode_of("private"), 0700);
    assert_int_equal(mode_of("private/stillhere.db"), 0600);
    assert_int_equal(mode_of("private/keys/log.key"), 0600);
    assert_int_equal(mode_of("private/keys/c2pa-ca.key"), 0600);
    checkins(1);
    (void)umask(before);
    assert_int_equal(mode_of("public"), 0755);
    assert_int_equal(mode_of("public/checkpoint"), 0644);
    assert_int_equal(mode_of("public/tile/entries"), 0755);
    assert_int_equal(mode_of("public/d"), 0755);
    assert_int_equal(mode_of("public/tile/0/000.p/2"), 0644);
    assert_false(io_exists(home_dir, ".init"));
    assert_int_equal(channel_create(&again, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "already"));
    assert_int_equal(verify(), 2);
}

static int lose_sheet(void *ctx, const struct sheet *sheet, struct why *why)
{
    *(struct sheet *)ctx = *sheet;
    return why_set(why, SH_EIO, WHY_NOWHERE, "the printer burns");
}

static void without_its_sheet_nothing_is_born(void **state)
{
    struct sheet sheet = {0};
    char where[96];
    struct channel_birth birth = {
        .home = where, .name = "n", .lang = "en", .keep_sheet = lose_sheet, .ctx = &sheet};
    struct why why = {0};

    (void)state;
    (void)snprintf(where, sizeof(where), "%s/other/", base);
    assert_int_equal(channel_create(&birth, &why), SH_EIO);
    assert_string_equal(why.text, "the printer burns");
    assert_int_equal(access(where, F_OK), -1);
    assert_int_equal(sheet.parts, 1);
    /* Left-overs of a cut-off run go; public/ alone is somebody's. */
    shell("mkdir -p %s/.init/private/deep %s/.init/public", where, where);
    birth.keep_sheet = NULL;
    why = (struct why){0};
    must(channel_create(&birth, &why), &why);
    shell("rm -r %s/private", where);
    assert_int_equal(channel_create(&birth, &why), SH_ECONFLICT);
    shell("rm -r %s/public", where);
    birth.name = "two\nlines";
    assert_int_equal(channel_create(&birth, NULL), SH_EFORMAT);
    shell("rmdir %s", where);
}

static void a_birth_cut_between_its_renames_is_finished(void **state)
{
    (void)state;
    shell("mkdir %s/.init && mv %s/public %s/.init/public", home, home, home);
    checkins(1);
    assert_int_equal(verify(), 2);
    assert_false(io_exists(home_dir, ".init"));
}

static void what_is_no_channel_is_said(void **state)
{
    struct channel *channel = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(channel_open(base, CHANNEL_LOOK, &channel, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "stillhere init"));
    why = (struct why){0};
    assert_int_equal(channel_open("/nonexistent/x", CHANNEL_WRITE, &channel, &why),
                     SH_ENOTFOUND);
    shell("mv %s/private %s/p", home, home);
    why = (struct why){0};
    assert_int_equal(channel_open(home, CHANNEL_LOOK, &channel, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "copy for readers"));
    shell("mv %s/p %s/private; mv %s/public %s/q", home, home, home, home);
    why = (struct why){0};
    assert_int_equal(channel_open(home, CHANNEL_LOOK, &channel, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "public/ is not"));
}

/* ---- appending ---- */

static void six_hundred_entries_hold(void **state)
{
    struct channel *channel;
    uint64_t index = 0, ordinal = 0;
    struct channel_commit last = {0};

    (void)state;
    channel = opened(CHANNEL_WRITE);
    for (size_t i = 1; i < 600; i++) {
        last = checkin(channel);
        assert_int_equal(last.index, i);
        if (i == 254 || i == 255 || i == 256 || i == 511 || i == 512) {
            channel_close(channel);
            assert_int_equal(verify(), i + 1);
            channel = opened(CHANNEL_WRITE);
        }
    }
    assert_int_equal(channel_info(channel)->dispatches, 599);
    assert_int_equal(channel_dispatch_at(channel, 0, &index, NULL), SH_OK);
    assert_int_equal(index, 1);
    assert_int_equal(channel_dispatch_at(channel, 598, &index, NULL), SH_OK);
    assert_int_equal(index, 599);
    assert_int_equal(channel_dispatch_at(channel, 599, &index, NULL), SH_ENOTFOUND);
    assert_int_equal(channel_dispatch_ordinal(channel, 300, &ordinal, NULL), SH_OK);
    assert_int_equal(ordinal, 299);
    assert_int_equal(channel_dispatch_ordinal(channel, 0, &ordinal, NULL), SH_ENOTFOUND);
    channel_close(channel);
    assert_int_equal(verify(), 600);
    /* Every published size keeps its partial tiles. */
    for (int width = 2; width < 256; width++)
        shell("test -s %s/public/tile/entries/000.p/%d", home, width);
}

static void ordinals_skip_what_is_no_dispatch(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);
    uint64_t index = 0, ordinal = 0;
    static const uint64_t where[] = {1, 2, 4, 5, 8, 9};

    (void)state;
    (void)checkin(channel);
    (void)checkin(channel);
    assert_int_equal(withdraw(channel, 2, NULL), SH_OK);
    (void)checkin(channel);
    (void)checkin(channel);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    assert_int_equal(withdraw(channel, 4, NULL), SH_OK);
    (void)checkin(channel);
    (void)checkin(channel);
    for (uint64_t i = 0; i < COUNT_OF(where); i++) {
        assert_int_equal(channel_dispatch_at(channel, i, &index, NULL), SH_OK);
        assert_int_equal(index, where[i]);
        assert_int_equal(channel_dispatch_ordinal(channel, where[i], &ordinal, NULL), SH_OK);
        assert_int_equal(ordinal, i);
    }
    channel_close(channel);
    assert_int_equal(verify(), 10);
}

static void blobs_are_published_with_the_time_of_publication(void **state)
{
    const char *texts[] = {"the clip", "the poster"};
    struct channel_file files[2];
    uint64_t bytes = 0, mtime_s = 0;
    char path[120];

    (void)state;
    assert_int_equal(post(texts, 2, files), 1);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "public/%s", files[i].path);
        assert_int_equal(mode_of(path), 0644);
        assert_int_equal(io_stat(home_dir, path, &bytes, &mtime_s, NULL), SH_OK);
        assert_int_equal(mtime_s, 1790000001);
    }
    shell("test -z \"$(ls %s/private/staging %s/private/tmp | grep -v :)\"", home, home);
    /* The same clip again: the blob is there, a new dispatch names it. */
    assert_int_equal(post(texts, 2, files), 2);
    assert_int_equal(verify(), 3);
}

/* The same document, with the name of another channel in it. */
static void make_foreign(const struct channel *channel, struct bytes *raw)
{
    const char *id = channel_info(channel)->id.text;
    size_t at = 0;

    while (memcmp(raw->ptr + at, id, strlen(id)) != 0)
        at++;
    raw->ptr[at] = raw->ptr[at] == 'a' ? 'b' : 'a';
}

static void mistakes_of_the_caller_leave_no_trace(void **state)
{
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct channel_commit commit;
    struct channel_job job;
    struct channel_file file;
    struct doc_blob blob;
    struct channel *channel;
    struct bytes raw;
    struct why why = {0};

    (void)state;
    assert_int_equal(channel_job_new(home, &job, NULL), SH_OK);
    file = stage(&job, "f", "text", &blob);
    channel = opened(CHANNEL_WRITE);
    /* Named by the document but not staged. */
    document(channel, DOC_DISPATCH, &blob, 1, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_EARG);
    assert_non_null(strstr(why.text, "neither staged nor public"));
    /* Staged but not named; of another size. */
    append.files = &file;
    append.file_count = 1;
    append.job = &job;
    bytes_release(&raw);
    blob.bytes = 5;
    document(channel, DOC_DISPATCH, &blob, 1, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    bytes_release(&raw);
    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    append.files = NULL;
    append.file_count = 0;
    append.job = NULL;
    /* A document of another kind, a broken one, the same one twice. */
    append.type = ENTRY_WITHDRAW;
    append.ref = 0;
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    append.type = ENTRY_DISPATCH;
    append.document = slice_text("{}");
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EFORMAT);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_OK);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    bytes_release(&raw);
    /* One that tells before its time when it was published; one of another channel. */
    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    append.type = ENTRY_SEALED;
    why = (struct why){0};
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_EARG);
    assert_non_null(strstr(why.text, "says no time of its publication"));
    append.type = ENTRY_DISPATCH;
    make_foreign(channel, &raw);
    append.document = bytes_view(&raw);
    why = (struct why){0};
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_EARG);
    assert_non_null(strstr(why.text, "of another channel"));
    bytes_release(&raw);
    channel_job_drop(&job);
    channel_close(channel);
    assert_int_equal(verify(), 2);
    shell("test -z \"$(ls %s/private/staging)\"", home);
}

static void the_wrong_log_key_signs_nothing(void **state)
{
    struct channel *channel;
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct channel_commit commit;
    struct why why = {0};
    struct bytes raw;

    (void)state;
    shell("head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > %s/private/keys/log.key",
          home);
    channel = opened(CHANNEL_WRITE);
    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_ECRYPT);
    bytes_release(&raw);
    channel_close(channel);
    assert_int_equal(verify(), 1);
}

static void two_posters_take_turns(void **state)
{
    pid_t children[3];
    int status = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int j = 0; j < 10; j++)
                checkins(1);
            _exit(0);
        }
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(verify(), 31);
}

/* ---- cut off ---- */

/* HOME/private as it is after a commit, HOME/public as it was before. */
static void roll_public_back(void)
{
    shell("rm -rf %s/old; cp -a %s/public %s/old", home, home, home);
    checkins(1);
    shell("rm -rf %s/public; mv %s/old %s/public", home, home, home);
}

static void a_commit_that_was_not_published_is_finished(void **state)
{
    struct channel *channel;

    (void)state;
    checkins(3);
    roll_public_back();
    channel = opened(CHANNEL_LOOK); /* Looking repairs as well. */
    assert_int_equal(channel_info(channel)->size, 5);
    channel_close(channel);
    assert_int_equal(verify(), 5);
    checkins(251);
    assert_int_equal(verify(), 256);
    roll_public_back();
    checkins(1);
    assert_int_equal(verify(), 258);
    /* Half of the publication was done. */
    shell("cp -a %s/public %s/old", home, home);
    checkins(1);
    shell("cp -a %s/old/checkpoint %s/public/checkpoint; rm -r %s/old "
          "%s/public/tile/0/001.p/3",
          home, home, home, home);
    assert_int_equal(verify(), 259);
}

static void a_public_tree_of_an_older_day_is_finished_or_refused(void **state)
{
    (void)state;
    checkins(2);
    shell("cp -a %s/public %s/old", home, home);
    checkins(5);
    /* Documents are there: only checkpoint and tiles are old. */
    shell("cp -a %s/public %s/new; rm -r %s/public/tile; cp -a %s/old/tile %s/old/checkpoint "
          "%s/public/",
          home, home, home, home, home, home);
    assert_int_equal(verify(), 8);
    /* They are not. */
    shell("rm -r %s/public; mv %s/old %s/public", home, home, home);
    assert_non_null(strstr(refused(), "older day"));
    shell("rm -r %s/public; mv %s/new %s/public", home, home, home);
    assert_int_equal(verify(), 8);
    shell("rm %s/public/checkpoint", home);
    assert_int_equal(verify(), 8);
    shell("rm -r %s/public/id", home);
    assert_int_equal(verify(), 8);
    checkins(1);
    assert_int_equal(verify(), 9);
}

static void staging_without_a_living_owner_is_swept(void **state)
{
    struct channel_job job;

    (void)state;
    assert_int_equal(channel_job_new(home, &job, NULL), SH_OK);
    shell("mkdir %s/private/staging/dead; echo x > %s/private/staging/dead/f; "
          "echo x > %s/private/tmp/t-1",
          home, home, home);
    checkins(1);
    assert_false(io_exists(home_dir, "private/staging/dead"));
    assert_false(io_exists(home_dir, "private/tmp/t-1"));
    assert_true(faccessat(job.staging, job.name, F_OK, 0) == 0);
    channel_job_drop(&job);
    shell("test -z \"$(ls %s/private/staging)\"", home);
}

/* ---- derived files ---- */

static void times_of_derived_files_only_grow(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);
    uint64_t first = 0, second = 0, third = 0, bytes, mtime_s = 0;

    (void)state;
    assert_int_equal(channel_stamp(channel, &first, NULL), SH_OK);
    (void)checkin(channel);
    assert_int_equal(channel_stamp(channel, &second, NULL), SH_OK);
    assert_true(second > first);
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("aaaa"), second, NULL), SH_OK);
    assert_int_equal(channel_stamp(channel, &third, NULL), SH_OK);
    assert_true(third > second);
    /* The same bytes: left alone.  Others of the same length: a new time. */
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("aaaa"), third, NULL), SH_OK);
    assert_int_equal(
        io_stat(channel_info(channel)->public_dir, "w/001/index.html", &bytes, &mtime_s, NULL),
        SH_OK);
    assert_int_equal(mtime_s, second);
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("bbbb"), third, NULL), SH_OK);
    assert_int_equal(
        io_stat(channel_info(channel)->public_dir, "w/001/index.html", &bytes, &mtime_s, NULL),
        SH_OK);
    assert_int_equal(mtime_s, third);
    channel_close(channel);
}

static void pages_are_remembered_while_the_machine_runs(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);

    (void)state;
    (void)checkin(channel);
    assert_int_equal(channel_info(channel)->pages_size, 0);
    assert_int_equal(channel_derive(channel, "index.html", slice_text("p"), 0, NULL), SH_OK);
    assert_int_equal(channel_pages_done(channel, 2, "0.1.0", NULL), SH_OK);
    (void)checkin(channel);
    assert_int_equal(channel_pages_done(channel, 3, "0.1.0", NULL), SH_OK);
    channel_close(channel);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 3);
    assert_string_equal(channel_info(channel)->pages_version, "0.1.0");
    channel_close(channel);
    /* Another run of the machine: what was not waited for is looked at again. */
    shell("sqlite3 %s/private/stillhere.db \"UPDATE state SET boot=CAST('x' AS BLOB)\"", home);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 2);
    channel_close(channel);
    shell("rm %s/public/index.html", home);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 0);
    channel_close(channel);
}

/* ---- snapshot ---- */

struct unpack {
    int dir;
    size_t parts;
    uint64_t withdraw; /* this entry is withdrawn by somebody else in the middle; 0 = none */
    bool checkpoint_last;
};

static int unpack_part(void *ctx, const struct channel_part *part, struct why *why)
{
    struct unpack *unpack = ctx;
    struct io_target target = {unpack->dir, part->path,    unpack->dir,
                               part->mode,  part->mtime_s, IO_NO_SYNC};
    struct bytes data;
    struct channel *channel;
    int rc;

    bytes_init(&data, 1 << 24);
    if (part->fd >= 0)
        assert_int_equal(io_read_fd(part->fd, &data, NULL), SH_OK);
    else
        bytes_slice(&data, part->data);
    assert_int_equal(data.len, part->bytes);
    /* Each file once, also where two dispatches name it: a backup with one twice is refused. */
    assert_false(io_exists(unpack->dir, part->path));
    rc = io_replace(&target, bytes_view(&data), why);
    bytes_release(&data);
    unpack->checkpoint_last = strcmp(part->path, "public/checkpoint") == 0;
    if (++unpack->parts == 4 && unpack->withdraw) {
        channel = opened(CHANNEL_WRITE);
        assert_int_equal(withdraw(channel, unpack->withdraw, NULL), SH_OK);
        (void)checkin(channel);
        channel_close(channel);
    }
    return rc;
}

static void a_snapshot_is_of_one_size_while_others_post(void **state)
{
    const char *first[] = {"one", "two"}, *second[] = {"two", "three"};
    struct channel_file files[2];
    struct unpack unpack = {.dir = -1, .withdraw = 2};
    struct channel_sink sink = {unpack_part, &unpack};
    struct channel *channel;
    struct why why = {0};
    char copy[96];

    (void)state;
    (void)post(first, 2, files);
    (void)post(second, 2, files);
    (void)post(second, 2, files);
    checkins(256);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    channel_close(channel);
    (void)snprintf(copy, sizeof(copy), "%s/snapshot", base);
    assert_int_equal(mkdir(copy, 0755), 0);
    assert_int_equal(io_open_dir(AT_FDCWD, copy, &unpack.dir, NULL), SH_OK);
    channel = opened(CHANNEL_LOOK);
    must(channel_snapshot(channel, &sink, &why), &why);
    assert_int_equal(channel_info(channel)->size, 261);
    channel_close(channel);
    assert_true(unpack.checkpoint_last);
    assert_int_equal(verify(), 263);
    /* The copy is a channel by itself, of the size at which it was taken. */
    shell("mv %s %s/original; mv %s %s", home, base, copy, home);
    io_close(&home_dir);
    home_dir = unpack.dir;
    assert_int_equal(verify(), 261);
    checkins(1);
    assert_int_equal(verify(), 262);
}

/* ---- read-only ---- */

/* In a child with its own mounts HOME is read-only; 0 when looking shows size, 77: cannot. */
static int look_read_only(uint64_t size)
{
    struct channel *channel = NULL;
    struct why why = {0};
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount(home, home, NULL, MS_BIND, NULL) != 0 ||
            mount(NULL, home, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
            _exit(77);
        if (channel_open(home, CHANNEL_WRITE, &channel, NULL) == SH_OK)
            _exit(3);
        if (channel_open(home, CHANNEL_LOOK, &channel, &why) != SH_OK) {
            (void)fprintf(stderr, "# %s\n", why.text);
            _exit(1);
        }
        _exit(channel_info(channel)->size == size && !channel_info(channel)->conflict[0] ? 0
                                                                                         : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_read_only_disk_can_be_looked_at(void **state)
{
    int first;

    (void)state;
    checkins(2);
    first = look_read_only(3);
    if (first == 77)
        skip();
    assert_int_equal(first, 0);
    /* The same without SQLite's companions. */
    shell("sqlite3 %s/private/stillhere.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null; "
          "rm -f %s/private/stillhere.db-*",
          home, home);
    assert_int_equal(look_read_only(3), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_channel_is_born_whole),
        EACH(without_its_sheet_nothing_is_born),
        EACH(a_birth_cut_between_its_renames_is_finished),
        EACH(what_is_no_channel_is_said),
        EACH(six_hundred_entries_hold),
        EACH(ordinals_skip_what_is_no_dispatch),
        EACH(blobs_are_published_with_the_time_of_publication),
        EACH(mistakes_of_the_caller_leave_no_trace),
        EACH(the_wrong_log_key_signs_nothing),
        EACH(two_posters_take_turns),
        EACH(a_commit_that_was_not_published_is_finished),
        EACH(a_public_tree_of_an_older_day_is_finished_or_refused),
        EACH(staging_without_a_living_owner_is_swept),
        EACH(times_of_derived_files_only_grow),
        EACH(pages_are_remembered_while_the_machine_runs),
        EACH(a_snapshot_is_of_one_size_while_others_post),
        EACH(a_read_only_disk_can_be_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
