/*
 * A main for a fuzz target without a fuzzer: feeds it each seed, each seed cut in half and each
 * seed with its middle byte changed, so that any compiler can replay the corpus.  TAP: one line
 * a seed; a target without seeds fails.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* An exact copy on the heap, so that a sanitizer sees a read past its end. */
static void feed(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len); /* Its result is for the fuzzer alone. */
    free(copy);
}

static int replay_seed(const char *folder, const char *name)
{
    static uint8_t data[1 << 22];
    char path[4096];
    size_t len;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file)
        return -1;
    len = fread(data, 1, sizeof(data), file);
    (void)fclose(file); /* Only read. */
    feed(data, len);
    feed(data, len / 2);
    if (len) {
        data[len / 2] ^= 0x20;
        feed(data, len);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent **list = NULL;
    int count = argc == 2 ? scandir(argv[1], &list, is_seed, by_name) : -1;
    int broken = 0, rc;

    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* A crash must not swallow the lines before it. */
    if (count <= 0) {
        printf("1..1\nnot ok 1 - there are seeds in %s\n", argc == 2 ? argv[1] : "(no folder)");
        return 1;
    }
    printf("1..%d\n", count);
    feed((const uint8_t *)"", 0);
    for (int i = 0; i < count; i++) {
        rc = replay_seed(argv[1], list[i]->d_name);
        printf("%s %d - %s\n", rc == 0 ? "ok" : "not ok", i + 1, list[i]->d_name);
        broken += rc != 0;
        free(list[i]);
    }
    free(list);
    return broken != 0;
}
