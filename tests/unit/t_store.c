/* store: transactions, views, versions, damage, read-only places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "store/store.h"

static const struct store_schema schema = {
    .version = 3, .sql = "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB) STRICT;"};
static const struct store_schema older = {.version = 2,
                                          .sql = "CREATE TABLE t(k INTEGER PRIMARY KEY);"};
static char home[64], path[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(home, sizeof(home), "%s/stillhere-st-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(home))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/some #%%? name.db", home);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return io_remove_tree(AT_FDCWD, home, NULL);
}

static void put(struct store *store, uint64_t key, const char *value)
{
    struct store_query *query = NULL;

    assert_int_equal(store_query(store, "INSERT INTO t VALUES(?1,?2)", &query, NULL), SH_OK);
    store_bind_int(query, 1, key);
    store_bind_blob(query, 2, slice_text(value));
    assert_int_equal(store_run(query, NULL), SH_OK);
}

static uint64_t count(struct store *store)
{
    struct store_query *query = NULL;
    uint64_t n;

    assert_int_equal(store_query(store, "SELECT count(*) FROM t", &query, NULL), SH_OK);
    assert_int_equal(store_step(query, NULL), STORE_ROW);
    n = store_int(query, 0);
    assert_int_equal(store_step(query, NULL), STORE_END);
    store_done(query);
    return n;
}

static struct store *opened(enum store_mode mode)
{
    struct store *store = NULL;
    struct why why = {0};

    if (store_open(path, mode, &schema, &store, &why) != SH_OK)
        fail_msg("%s", why.text);
    return store;
}

static void what_is_committed_stays(void **state)
{
    struct store *store = opened(STORE_CREATE);
    struct store_query *query = NULL;
    struct stat st;

    (void)state;
    assert_int_equal(store_begin(store, STORE_DURABLE, NULL), SH_OK);
    put(store, 1, "one");
    assert_int_equal(store_commit(store, NULL), SH_OK);
    assert_int_equal(store_begin(store, STORE_LAZY, NULL), SH_OK);
    put(store, 2, "");
    assert_int_equal(store_commit(store, NULL), SH_OK);
    assert_int_equal(store_begin(store, STORE_DURABLE, NULL), SH_OK);
    put(store, 3, "undone");
    store_end(store);
    store_close(store);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store = opened(STORE_WRITE);
    assert_int_equal(count(store), 2);
    assert_int_equal(store_query(store, "SELECT v FROM t WHERE k=?1", &query, NULL), SH_OK);
    store_bind_int(query, 1, 1);
    assert_int_equal(store_step(query, NULL), STORE_ROW);
    assert_true(slice_equal(store_blob(query, 0), slice_text("one")));
    store_done(query);
    store_close(store);
    assert_int_equal(store_open(path, STORE_CREATE, &schema, &store, NULL), SH_EIO);
}

static void a_view_stays_and_a_copy_is_of_the_view(void **state)
{
    struct store *writer = opened(STORE_CREATE), *reader = opened(STORE_READ);
    char copy[160];

    (void)state;
    put(writer, 1, "a");
    assert_int_equal(store_begin_read(reader, NULL), SH_OK);
    put(writer, 2, "b");
    assert_int_equal(count(reader), 1);
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", home);
    assert_int_equal(store_copy(reader, copy, NULL), SH_OK);
    store_end(reader);
    assert_int_equal(count(reader), 2);
    store_close(reader);
    store_close(writer);
    memcpy(path, copy, sizeof(path));
    reader = opened(STORE_WRITE);
    assert_int_equal(count(reader), 1);
    put(reader, 9, "written");
    store_close(reader);
}

static void a_copy_is_one_file(void **state)
{
    struct store *store = opened(STORE_CREATE);
    char copy[160], log[176];

    (void)state;
    put(store, 1, "a");
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", home);
    (void)snprintf(log, sizeof(log), "%s-wal", copy);
    assert_int_equal(store_copy(store, copy, NULL), SH_OK);
    assert_int_not_equal(access(log, F_OK), 0);
    store_close(store);
}

static void newer_and_damaged_files_are_refused(void **state)
{
    struct store *store = opened(STORE_CREATE);
    struct why why = {0};
    int fd;

    (void)state;
    assert_int_equal(store_fold(store, NULL), SH_OK);
    store_close(store);
    assert_int_equal(store_open(path, STORE_WRITE, &older, &store, &why), SH_EUNSUPPORTED);
    assert_non_null(strstr(why.text, "newer"));
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "not a database at all", 21, 0), 21);
    (void)close(fd);
    why = (struct why){0};
    assert_int_equal(store_open(path, STORE_WRITE, &schema, &store, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "rebuild"));
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(store_open(path, STORE_READ, &schema, &store, NULL), SH_EFORMAT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(path, STORE_READ, &schema, &store, NULL), SH_ENOTFOUND);
    assert_int_equal(store_open(path, STORE_WRITE, &schema, &store, NULL), SH_ENOTFOUND);
}

static void the_log_is_folded_in_when_it_grows(void **state)
{
    struct store *store = opened(STORE_CREATE);
    char log[160], big[3001];
    struct stat st;

    (void)state;
    memset(big, 'x', 3000);
    big[3000] = '\0';
    for (uint64_t i = 0; i < 300; i++)
        put(store, i, big);
    (void)snprintf(log, sizeof(log), "%s-wal", path);
    assert_int_equal(stat(log, &st), 0);
    assert_true(st.st_size < 3 * LIMIT_WAL_PAGES * 4096);
    store_close(store);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(what_is_committed_stays),
        EACH(a_view_stays_and_a_copy_is_of_the_view),
        EACH(a_copy_is_one_file),
        EACH(newer_and_damaged_files_are_refused),
        EACH(the_log_is_folded_in_when_it_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
