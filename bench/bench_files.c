/*
 * bench_files DIR COUNT DOCUMENT PAGE... -- the floor under a batch of check-ins: for each of
 * COUNT a document of DOCUMENT bytes in one of 256 folders, then, after one syncfs for all of
 * these, a folder with a page of each size in PAGE.  Nothing is rendered, hashed, signed, moved
 * or looked at.  Prints the seconds of wall time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char data[1 << 20];

static void must(int held, const char *what)
{
    if (!held) {
        perror(what);
        exit(1);
    }
}

static void put(int dir, const char *name, size_t size)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

    must(fd >= 0, name);
    must(size <= sizeof data && write(fd, data, size) == (ssize_t)size, "write");
    must(close(fd) == 0, "close");
}

static void put_documents(int dir, int count, size_t size)
{
    char name[64];

    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "d-%02x", i % 256);
        if (i < 256)
            must(mkdirat(dir, name, 0755) == 0, name);
        (void)snprintf(name, sizeof name, "d-%02x/%d", i % 256, i);
        put(dir, name, size);
    }
    must(syncfs(dir) == 0, "syncfs");
}

static void put_pages(int dir, int count, char **sizes)
{
    char name[64];

    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "w-%d", i);
        must(mkdirat(dir, name, 0755) == 0, name);
        for (int at = 0; sizes[at]; at++) {
            (void)snprintf(name, sizeof name, "w-%d/%d", i, at);
            put(dir, name, (size_t)strtoul(sizes[at], NULL, 10));
        }
    }
}

int main(int argc, char **argv)
{
    struct timespec from, to;
    int dir, count;

    if (argc < 5) {
        (void)fputs("usage: bench_files DIR COUNT DOCUMENT PAGE...\n", stderr);
        return 2;
    }
    memset(data, 'x', sizeof data);
    count = (int)strtol(argv[2], NULL, 10);
    (void)mkdir(argv[1], 0755);
    dir = open(argv[1], O_RDONLY | O_DIRECTORY);
    must(dir >= 0 && count > 0, "open");
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    put_documents(dir, count, (size_t)strtoul(argv[3], NULL, 10));
    put_pages(dir, count, argv + 4);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)printf("%.6f\n",
                 (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    (void)close(dir);
    return 0;
}
