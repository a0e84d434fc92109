/*
 * Vectors of others, JSON in the shared folder, as lines of words: tests/vectors/flatten.py.
 *
 *     if (!vectors_open("ed25519", "safety/wycheproof/ed25519_test.json"))
 *         skip();
 *     while (vectors_next())
 *         ... word_bytes(2, ...), expect(held) ...
 *     vectors_close();
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

#define WORDS_MAX 8
struct row {
    char line[200000];
    char *word[WORDS_MAX];
    size_t words;
};

struct vectors {
    FILE *in;
    pid_t child;
    struct row row;
};

static struct vectors vectors;

static bool vectors_open(const char *kind, const char *name)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[2000], tool[2000];
    int ends[2];

    source = source ? source : ".";
    (void)snprintf(tool, sizeof tool, "%s/tests/vectors/flatten.py", source);
    if (shared)
        (void)snprintf(path, sizeof path, "%s/vectors/%s", shared, name);
    else
        (void)snprintf(path, sizeof path, "%s/../shared/vectors/%s", source, name);
    if (access(path, R_OK)) {
        print_message("# skipped: no %s here\n", name);
        return false;
    }
    assert_int_equal(pipe(ends), 0);
    vectors.child = fork();
    assert_true(vectors.child >= 0);
    if (!vectors.child) {
        (void)dup2(ends[1], 1);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execlp("python3", "python3", tool, kind, path, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    vectors.in = fdopen(ends[0], "r");
    assert_non_null(vectors.in);
    return true;
}

static bool vectors_next(void)
{
    struct row *row = &vectors.row;
    char *at = row->line;

    if (!fgets(row->line, sizeof row->line, vectors.in))
        return false;
    assert_non_null(strchr(row->line, '\n'));
    for (row->words = 0; row->words < WORDS_MAX && *at; row->words++) {
        row->word[row->words] = at;
        at += strcspn(at, " \n");
        *at++ = 0;
    }
    return true;
}

static void vectors_close(void)
{
    int status;

    (void)fclose(vectors.in);
    assert_int_equal(waitpid(vectors.child, &status, 0), vectors.child);
    assert_int_equal(status, 0);
}

/* Word i as bytes into out; returns how many. */
static size_t word_bytes(size_t i, uint8_t *out, size_t max)
{
    const char *text = vectors.row.word[i];
    size_t len = strlen(text) / 2;

    assert_true(i < vectors.row.words && len <= max);
    if (strcmp(text, "-") == 0)
        return 0;
    assert_true(hex_parse(slice_text(text), out, len));
    return len;
}

/* Does `held` agree with the second word of the row? */
static void expect(bool held)
{
    if (vectors.row.word[1][0] != '?' && held != (vectors.row.word[1][0] == '1'))
        fail_msg("vector %s: %d", vectors.row.word[0], held);
}

#endif
