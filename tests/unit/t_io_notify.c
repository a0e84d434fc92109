/* io_notify: the datagrams that a service manager gets, by path and by abstract name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/io.h"

static int manager(const char *name, size_t len)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_true(fd >= 0);
    memcpy(at.sun_path, name, len);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    return fd;
}

static void hears(int fd, const char *said)
{
    char got[100];
    ssize_t n;

    assert_true(io_notify(said));
    n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
    assert_int_equal(n, strlen(said));
    assert_memory_equal(got, said, strlen(said));
}

static void by_path_and_by_name(void **state)
{
    char folder[] = "/tmp/stillhere-notify.XXXXXX", path[80], name[80];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/socket", folder);
    fd = manager(path, strlen(path) + 1);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    hears(fd, "READY=1");
    hears(fd, "WATCHDOG=1");
    (void)close(fd);
    assert_false(io_notify("READY=1")); /* Nobody listens any more. */
    (void)unlink(path);
    (void)rmdir(folder);

    (void)snprintf(name, sizeof(name), "@stillhere-notify-%d", (int)getpid());
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    name[0] = '\0';
    fd = manager(name, strlen(name + 1) + 1);
    hears(fd, "STOPPING=1");
    (void)close(fd);
}

static void nobody_to_tell(void **state)
{
    static const char *const NAMES[] = {"", "/", "@", "relative", "vsock:2:1234"};
    char huge[300];

    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_false(io_notify("READY=1"));
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", NAMES[i], 1), 0);
        assert_false(io_notify("READY=1"));
    }
    memset(huge, 'a', sizeof(huge) - 1);
    huge[0] = '/';
    huge[sizeof(huge) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", huge, 1), 0);
    assert_false(io_notify("READY=1"));
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void every(const char *usec, const char *pid, uint64_t expected)
{
    assert_int_equal(usec ? setenv("WATCHDOG_USEC", usec, 1) : unsetenv("WATCHDOG_USEC"), 0);
    assert_int_equal(pid ? setenv("WATCHDOG_PID", pid, 1) : unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(io_watchdog_ms(), expected);
}

static void the_watchdog(void **state)
{
    char own[24], other[24];

    (void)state;
    (void)snprintf(own, sizeof(own), "%d", (int)getpid());
    (void)snprintf(other, sizeof(other), "%d", (int)getpid() + 1);
    every(NULL, NULL, 0);
    every("30000000", NULL, 15000);
    every("30000000", own, 15000);
    every("30000000", other, 0);
    every("30000000", "x", 0);
    every("0", own, 0);
    every("-1", own, 0);
    every("soon", own, 0);
    every("99999999999999999999999", own, 0);
    every(NULL, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_path_and_by_name),
        cmocka_unit_test(nobody_to_tell),
        cmocka_unit_test(the_watchdog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
