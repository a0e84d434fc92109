/* io: files, directories, batches, the lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/io.h"

struct place {
    char name[64];
    int dir, tmp;
};

static int setup(void **state)
{
    static struct place place;

    memcpy(place.name, "/tmp/stillhere-io-XXXXXX", 25);
    if (!mkdtemp(place.name) || io_open_dir(AT_FDCWD, place.name, &place.dir, NULL) != SH_OK ||
        mkdirat(place.dir, "tmp", 0700) != 0 ||
        io_open_dir(place.dir, "tmp", &place.tmp, NULL) != SH_OK)
        return -1;
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    io_close(&place->tmp);
    io_close(&place->dir);
    return io_remove_tree(AT_FDCWD, place->name, NULL);
}

static mode_t mode_of(int dir, const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, 0), 0);
    return st.st_mode & 07777;
}

static void content_is(int dir, const char *path, const char *text)
{
    struct bytes got;

    bytes_init(&got, 1 << 20);
    assert_int_equal(io_read(dir, path, &got, NULL), SH_OK);
    assert_int_equal(got.len, strlen(text));
    assert_memory_equal(got.ptr, text, got.len);
    bytes_release(&got);
}

static void the_folder_above_is_found(void **state)
{
    struct place *place = *state;

    assert_int_equal(io_sync_parent(place->dir, "tmp", NULL), SH_OK);
    /* The parent of "/tmp" is "/". */
    assert_int_equal(io_sync_parent(AT_FDCWD, "/tmp", NULL), SH_OK);
    assert_int_equal(io_sync_above(place->tmp, "tmp", NULL), SH_OK);
}

static void replace_makes_folders_modes_and_times(void **state)
{
    struct place *place = *state;
    struct io_target target = {place->dir, "a/b/c.txt", place->tmp, 0644, 1000000007, IO_SYNC};
    uint64_t bytes = 0, mtime_s = 0;
    mode_t before = umask(077);

    assert_int_equal(io_replace(&target, slice_text("one"), NULL), SH_OK);
    target.mtime_s++;
    assert_int_equal(io_replace(&target, slice_text("two!"), NULL), SH_OK);
    (void)umask(before);
    content_is(place->dir, "a/b/c.txt", "two!");
    assert_int_equal(mode_of(place->dir, "a/b/c.txt"), 0644);
    assert_int_equal(mode_of(place->dir, "a/b"), 0755);
    assert_int_equal(io_stat(place->dir, "a/b/c.txt", &bytes, &mtime_s, NULL), SH_OK);
    assert_int_equal(bytes, 4);
    assert_int_equal(mtime_s, 1000000008);
    assert_int_equal(unlinkat(place->dir, "tmp", AT_REMOVEDIR),
                     0); /* Nothing was left in it. */
}

static void reading_has_limits(void **state)
{
    struct place *place = *state;
    struct io_target target = {place->dir, "f", place->tmp, 0600, 0, IO_NO_SYNC};
    struct bytes got;
    struct why why = {0};
    int fd = -1;

    assert_int_equal(io_replace(&target, slice_text("12345"), NULL), SH_OK);
    bytes_init(&got, 5);
    assert_int_equal(io_read(place->dir, "f", &got, &why), SH_OK);
    bytes_release(&got);
    bytes_init(&got, 4);
    assert_int_equal(io_read(place->dir, "f", &got, &why), SH_ELIMIT);
    assert_non_null(strstr(why.text, "f: "));
    bytes_clear(&got);
    why = (struct why){0};
    assert_int_equal(io_read(place->dir, "g", &got, &why), SH_ENOTFOUND);
    assert_string_equal(why.text, "g: not there");
    assert_int_equal(io_read(place->dir, "tmp", &got, NULL), SH_EFORMAT);
    assert_int_equal(mkfifoat(place->dir, "pipe", 0600), 0);
    assert_int_equal(io_open_file(place->dir, "pipe", &fd, NULL), SH_EFORMAT);
    bytes_release(&got);
}

static void a_tree_goes_away_but_not_what_links_point_to(void **state)
{
    struct place *place = *state;
    struct io_target keep = {place->dir, "keep/file", place->tmp, 0600, 0, IO_NO_SYNC};
    struct io_target deep = {place->dir, "x/1/2/3/4/5/f", place->tmp, 0600, 0, IO_NO_SYNC};

    assert_int_equal(io_replace(&keep, slice_text("k"), NULL), SH_OK);
    assert_int_equal(io_replace(&deep, slice_text("d"), NULL), SH_OK);
    deep.path = "x/1/2/g";
    assert_int_equal(io_replace(&deep, slice_text("d"), NULL), SH_OK);
    assert_int_equal(symlinkat("../keep", place->dir, "x/link"), 0);
    assert_int_equal(io_remove_tree(place->dir, "x", NULL), SH_OK);
    assert_false(io_exists(place->dir, "x"));
    content_is(place->dir, "keep/file", "k");
    assert_int_equal(io_remove_tree(place->dir, "x", NULL), SH_OK);
    assert_int_equal(io_mkdirs(place->dir, "x/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g", 0755, NULL),
                     SH_OK);
    assert_int_equal(io_remove_tree(place->dir, "x", NULL), SH_ELIMIT);
    assert_int_equal(io_remove_tree(place->dir, "x/1/2/3", NULL), SH_OK);
}

static void a_batch_lands_whole(void **state)
{
    struct place *place = *state;
    struct io_batch batch;
    struct io_target target = {.dir = place->dir, .mode = 0644, .mtime_s = 5};
    struct io_move move = {place->dir, "old", place->dir, "q/new", 0700};
    char path[32];
    struct io_target old = {place->dir, "old", place->tmp, 0600, 0, IO_NO_SYNC};

    assert_int_equal(io_replace(&old, slice_text("moved"), NULL), SH_OK);
    io_batch_init(&batch, place->tmp);
    target.path = path;
    for (int i = 0; i < 2 * LIMIT_BATCH_FILES + 3; i++) {
        (void)snprintf(path, sizeof(path), "t/%03d/%d", i / 10, i);
        assert_int_equal(io_batch_put(&batch, &target, slice_text(path), NULL), SH_OK);
    }
    assert_int_equal(io_batch_move(&batch, &move, NULL), SH_OK);
    assert_false(io_exists(place->dir, path));
    assert_int_equal(io_batch_done(&batch, NULL), SH_OK);
    content_is(place->dir, path, path);
    content_is(place->dir, "t/000/0", "t/000/0");
    content_is(place->dir, "q/new", "moved");
    assert_int_equal(mode_of(place->dir, "q"), 0700);
    assert_int_equal(mode_of(place->dir, "t/000/0"), 0644);
    /* Done before: the same move again is fine; of a thing that is nowhere it is not. */
    assert_int_equal(io_batch_move(&batch, &move, NULL), SH_OK);
    assert_int_equal(io_batch_done(&batch, NULL), SH_OK);
    move.b = "q/other";
    assert_int_equal(io_batch_move(&batch, &move, NULL), SH_OK);
    assert_int_equal(io_batch_done(&batch, NULL), SH_EIO);
    io_batch_release(&batch);
    /* Given up: nothing is left behind. */
    io_batch_init(&batch, place->tmp);
    assert_int_equal(io_batch_put(&batch, &target, slice_text("x"), NULL), SH_OK);
    io_batch_release(&batch);
    assert_int_equal(unlinkat(place->dir, "tmp", AT_REMOVEDIR), 0);
}

static void a_batch_that_waits_for_nobody_lands_whole_too(void **state)
{
    const struct place *place = *state;
    struct io_target target = {.dir = place->dir, .mode = 0600, .mtime_s = 1234567};
    struct io_move move = {place->dir, "from", place->dir, "moved/to", 0700};
    struct io_batch batch;
    char path[40];

    io_batch_init(&batch, place->tmp);
    batch.sync = IO_NO_SYNC;
    for (int i = 0; i < 3 * LIMIT_BATCH_FILES; i++) {
        (void)snprintf(path, sizeof(path), "sealed/%d/file", i);
        target.path = path;
        assert_int_equal(io_batch_put(&batch, &target, slice_text(path), NULL), SH_OK);
    }
    target.path = "from";
    target.tmp_dir = place->tmp;
    assert_int_equal(io_replace(&target, slice_text("moves"), NULL), SH_OK);
    assert_int_equal(io_batch_move(&batch, &move, NULL), SH_OK);
    assert_int_equal(io_batch_done(&batch, NULL), SH_OK);
    assert_int_equal(io_batch_count(&batch), 0);
    io_batch_release(&batch);
    for (int i = 0; i < 3 * LIMIT_BATCH_FILES; i++) {
        (void)snprintf(path, sizeof(path), "sealed/%d/file", i);
        content_is(place->dir, path, path);
    }
    /* Folders for files of their owner are for their owner. */
    assert_int_equal(mode_of(place->dir, "sealed/7"), 0700);
    assert_int_equal(mode_of(place->dir, "sealed/7/file"), 0600);
    content_is(place->dir, "moved/to", "moves");
    assert_int_equal(mode_of(place->dir, "moved"), 0700);
    assert_int_equal(unlinkat(place->dir, "tmp", AT_REMOVEDIR), 0); /* Nothing is left in it. */
    assert_int_equal(mkdirat(place->dir, "tmp", 0700), 0);
}

static ino_t file_of(int dir, const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, 0), 0);
    return st.st_ino;
}

static void a_folder_lands_whole_or_not_at_all(void **state)
{
    const struct place *place = *state;
    struct io_target target = {.dir = place->dir,
                               .path = "w/x001/234",
                               .tmp_dir = place->tmp,
                               .mode = 0644,
                               .mtime_s = 1234567,
                               .sync = IO_NO_SYNC};
    struct slice page = slice_text("one"), other = slice_text("two");
    const struct io_file files[] = {{"en", page}, {"uk", other}, {"index", page}};
    const struct io_file bad[] = {{"en", page}, {"no/such/folder", other}};
    uint64_t bytes = 0, mtime_s = 0;

    assert_int_equal(io_folder_put(&target, files, 3, NULL), SH_OK);
    content_is(place->dir, "w/x001/234/en", "one");
    content_is(place->dir, "w/x001/234/uk", "two");
    content_is(place->dir, "w/x001/234/index", "one");
    assert_int_equal(mode_of(place->dir, "w/x001/234"), 0755);
    assert_int_equal(mode_of(place->dir, "w/x001/234/uk"), 0644);
    assert_int_equal(io_stat(place->dir, "w/x001/234/index", &bytes, &mtime_s, NULL), SH_OK);
    assert_int_equal(mtime_s, 1234567);
    assert_int_equal(file_of(place->dir, "w/x001/234/en"),
                     file_of(place->dir, "w/x001/234/index"));
    /* One of the names is replaced: the other stays as it was. */
    target.path = "w/x001/234/index";
    assert_int_equal(io_replace(&target, slice_text("new"), NULL), SH_OK);
    content_is(place->dir, "w/x001/234/en", "one");
    /* What is there stays; what fails leaves nothing. */
    target.path = "w/x001/234";
    assert_int_equal(io_folder_put(&target, files, 3, NULL), SH_ECONFLICT);
    content_is(place->dir, "w/x001/234/index", "new");
    target.path = "w/x001/235";
    assert_int_equal(io_folder_put(&target, bad, 2, NULL), SH_EIO);
    assert_false(io_exists(place->dir, "w/x001/235"));
    assert_int_equal(unlinkat(place->dir, "tmp", AT_REMOVEDIR), 0); /* Nothing is left in it. */
    assert_int_equal(mkdirat(place->dir, "tmp", 0700), 0);
}

static void the_lock_excludes_and_waits(void **state)
{
    struct place *place = *state;
    struct why why = {0};
    int mine = -1, other = -1, status = 0;
    pid_t child;

    assert_int_equal(io_lock(place->dir, "lock", 0, &mine, NULL), SH_OK);
    assert_int_equal(io_lock(place->dir, "lock", 0, &other, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "another stillhere"));
    io_close(&mine);
    child = fork();
    if (child == 0) {
        int fd = -1;

        if (io_lock(place->dir, "lock", 0, &fd, NULL) != SH_OK)
            _exit(1);
        (void)usleep(200000);
        _exit(0);
    }
    (void)usleep(100000);
    assert_int_equal(io_lock(place->dir, "lock", 10, &mine, NULL), SH_OK);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    io_close(&mine);
}

static void the_clock_can_be_fixed_for_tests(void **state)
{
    (void)state;
    assert_int_equal(setenv("STILLHERE_NOW", "1700000000", 1), 0);
    assert_int_equal(io_now(), 1700000000);
    assert_int_equal(setenv("STILLHERE_NOW", "nonsense", 1), 0);
    assert_true(io_now() > 1700000000);
    assert_int_equal(unsetenv("STILLHERE_NOW"), 0);
}

/* One line, and no value ends the quotes that it stands in. */
static void a_line_of_the_log_is_one_line(void **state)
{
    char line[256] = "";
    int ends[2], before = dup(STDERR_FILENO);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    io_say("error", "t", "quoted", "n=%zu u=%u l=%llu d=%d cause=\"%s\" end=%s", (size_t)7, 8u,
           9ull, -1, "a\" level=\"b\\\n", "yes");
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
    assert_string_equal(line, "error t quoted n=7 u=8 l=9 d=-1 "
                              "cause=\"a\\\" level=\\\"b\\\\?\" end=yes\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(before);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(replace_makes_folders_modes_and_times),
        EACH(reading_has_limits),
        EACH(a_tree_goes_away_but_not_what_links_point_to),
        EACH(a_batch_lands_whole),
        EACH(a_batch_that_waits_for_nobody_lands_whole_too),
        EACH(a_folder_lands_whole_or_not_at_all),
        EACH(the_lock_excludes_and_waits),
        EACH(the_folder_above_is_found),
        cmocka_unit_test(the_clock_can_be_fixed_for_tests),
        cmocka_unit_test(a_line_of_the_log_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
