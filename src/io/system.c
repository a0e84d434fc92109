/* Locks, randomness, the clock, programs that came with this one. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/io_int.h"

#define LOCK_POLL_FIRST_NS 1000000L
#define LOCK_POLL_LAST_NS 50000000L

static uint64_t ticks_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* flock cannot wait with a deadline, so it is asked again and again. */
static int lock_wait(int fd, const char *path, unsigned wait_s, struct why *why)
{
    struct timespec pause = {.tv_nsec = LOCK_POLL_FIRST_NS};
    uint64_t deadline = ticks_ms() + (uint64_t)wait_s * 1000;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return io_fail(why, path, "lock");
        if (ticks_ms() >= deadline)
            return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                           "%s: another stillhere has been at work here for %u s; wait for it "
                           "to end and try again",
                           path, wait_s);
        (void)nanosleep(&pause, NULL); /* Waking early only asks earlier. */
        if (pause.tv_nsec < LOCK_POLL_LAST_NS)
            pause.tv_nsec *= 2;
    }
    return SH_OK;
}

int io_lock(int dir, const char *path, unsigned wait_s, int *out, struct why *why)
{
    int fd = openat(dir, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0 && (errno == EROFS || errno == EACCES))
        fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_fail(why, path, "open lock");
    rc = lock_wait(fd, path, wait_s, why);
    if (rc != SH_OK) {
        io_close(&fd);
        return rc;
    }
    *out = fd;
    return SH_OK;
}

bool io_files_raise(uint64_t count)
{
    struct rlimit now;

    if (getrlimit(RLIMIT_NOFILE, &now) != 0)
        return false;
    if (now.rlim_cur >= count)
        return true;
    now.rlim_cur = now.rlim_max < count ? now.rlim_max : (rlim_t)count;
    return setrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur >= count;
}

void io_random(void *out, size_t len)
{
    uint8_t *at = out;
    ssize_t got;

    while (len > 0) {
        got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            bug("the system gives no randomness");
        at += got;
        len -= (size_t)got;
    }
}

uint64_t io_now(void)
{
    const char *fixed = getenv("STILLHERE_NOW");
    uint64_t value;
    time_t now;

    if (fixed && decimal_parse(slice_text(fixed), UINT64_C(253402300799), &value))
        return value;
    now = time(NULL);
    return now > 0 ? (uint64_t)now : 0;
}

bool io_find_beside(const char *name, bool or_above, char path[PATH_MAX])
{
    static const char *const folders[] = {"", "../libexec/", "../"};
    size_t count = or_above ? COUNT_OF(folders) : COUNT_OF(folders) - 1;
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int len;

    if (n <= 0)
        return false;
    self[n] = '\0';
    if (!strrchr(self, '/'))
        return false;
    n = strrchr(self, '/') + 1 - self;
    for (size_t i = 0; i < count; i++) {
        len = snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, self, folders[i], name);
        if (len > 0 && len < PATH_MAX && access(path, X_OK) == 0)
            return true;
    }
    return false;
}
