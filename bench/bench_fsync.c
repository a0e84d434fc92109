/*
 * bench_fsync DIR ROUNDS BYTES... -- the floor under a check-in: ROUNDS times, for each size in
 * BYTES, write a file under a temporary name, fsync it, rename it into place, fsync its folder.
 * The last size is a file that is replaced each time, the others are new ones.  Nothing is
 * hashed, signed or checked.  Prints the seconds of wall time for all rounds.
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

static void put(int dir, int round, int index, size_t size)
{
    char name[64], temporary[64];
    int fd;

    (void)snprintf(temporary, sizeof temporary, "tmp-%d", index);
    (void)snprintf(name, sizeof name, index < 0 ? "checkpoint" : "f-%d-%d", round, index);
    fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    must(fd >= 0, "open");
    must(write(fd, data, size) == (ssize_t)size, "write");
    must(fsync(fd) == 0, "fsync");
    must(close(fd) == 0, "close");
    must(renameat(dir, temporary, dir, name) == 0, "rename");
    must(fsync(dir) == 0, "fsync of the folder");
}

int main(int argc, char **argv)
{
    struct timespec from, to;
    int dir, rounds;

    if (argc < 4) {
        (void)fputs("usage: bench_fsync DIR ROUNDS BYTES...\n", stderr);
        return 2;
    }
    memset(data, 'x', sizeof data);
    rounds = (int)strtol(argv[2], NULL, 10);
    (void)mkdir(argv[1], 0755);
    dir = open(argv[1], O_RDONLY | O_DIRECTORY);
    must(dir >= 0 && rounds > 0, "open");
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (int round = 0; round < rounds; round++)
        for (int i = 3; i < argc; i++)
            put(dir, round, i == argc - 1 ? -1 : i, (size_t)strtoul(argv[i], NULL, 10));
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)printf("%.6f\n",
                 (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    (void)close(dir);
    return 0;
}
