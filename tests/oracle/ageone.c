/*
 * ageone: our age writer and readers behind a pipe, for round trips with other programs.
 *
 * In:  one line a job, words with one space between.  Out: "ok" or the cause, a line a job.
 *   seal HEX IN OUT         for the X25519 secret HEX
 *   open HEX IN OUT         as a stream, IN in pieces of odd sizes
 *   armor HEX IN OUT        the same of the text form
 *   phrase TEXT IN OUT      with a passphrase
 *   range HEX IN OUT AT LEN bytes [AT, AT + LEN), by looking only where they are
 *   key HEX                 answers with the secret as text
 *   pad BYTES               answers with the padded size
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "age/age.h"

#define WORDS 6
#define LINE_BYTES 8192
#define BLOCK_BYTES 200003 /* an odd size */

static struct age_writer writer;
static struct age_reader reader;
static struct age_view view;
static uint8_t block[BLOCK_BYTES];

static void stop(const char *what)
{
    (void)fprintf(stderr, "ageone: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int put(void *ctx, struct slice data, struct why *why)
{
    (void)why;
    if (write(*(const int *)ctx, data.ptr, data.len) != (ssize_t)data.len)
        stop("write");
    return SH_OK;
}

static int put_reader(void *ctx, struct slice data, struct why *why)
{
    return age_reader_update(ctx, data, why);
}

static int seal(const struct secret *key, int in, int out, struct why *why)
{
    struct age_random random;
    uint8_t recipient[CRYPT_KEY_BYTES];
    ssize_t got = 1;
    int rc;

    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        stop("getrandom");
    crypto.x25519_public(key, recipient);
    rc = age_writer_start(&writer, recipient, &random, (struct age_sink){put, &out}, why);
    while (rc == SH_OK && (got = read(in, block, sizeof(block))) > 0)
        rc = age_writer_update(&writer, slice_of(block, (size_t)got), why);
    if (got < 0)
        stop("read");
    if (rc == SH_OK)
        rc = age_writer_final(&writer, why);
    age_writer_release(&writer);
    return rc;
}

enum form { BINARY, ARMOR };

/* The reader is set up already. */
static int unseal(int in, enum form form, struct why *why)
{
    struct age_armor armor;
    struct slice part;
    ssize_t got = 1;
    int rc = SH_OK;

    age_armor_init(&armor, (struct age_sink){put_reader, &reader});
    while (rc == SH_OK && (got = read(in, block, sizeof(block))) > 0) {
        part = slice_of(block, (size_t)got);
        rc = form == ARMOR ? age_armor_update(&armor, part, why)
                           : age_reader_update(&reader, part, why);
    }
    if (got < 0)
        stop("read");
    if (rc == SH_OK && form == ARMOR)
        rc = age_armor_final(&armor, why);
    if (rc == SH_OK)
        rc = age_reader_final(&reader, why);
    age_reader_release(&reader);
    return rc;
}

static int look(void *ctx, uint64_t at, uint8_t *out, size_t len, struct why *why)
{
    (void)why;
    if (pread(*(const int *)ctx, out, len, (off_t)at) != (ssize_t)len)
        stop("pread");
    return SH_OK;
}

static int range(const struct secret *key, int in, int out, char *const word[WORDS],
                 struct why *why)
{
    uint64_t at = strtoull(word[4], NULL, 10), len = strtoull(word[5], NULL, 10);
    struct stat st;
    size_t some;
    int rc;

    if (fstat(in, &st) != 0)
        stop("fstat");
    rc = age_view_open(&view, key, (struct age_source){look, &in, (uint64_t)st.st_size}, why);
    for (; rc == SH_OK && len; at += some, len -= some) {
        some = len < sizeof(block) ? (size_t)len : sizeof(block);
        rc = age_view_read(&view, at, block, some, why);
        if (rc == SH_OK)
            rc = put(&out, slice_of(block, some), why);
    }
    age_view_release(&view);
    return rc;
}

static int on_files(char *const word[WORDS], struct why *why)
{
    int in = open(word[2], O_RDONLY), out = open(word[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct age_sink sink = {put, &out};
    struct secret key = {0};
    bool phrase = strcmp(word[0], "phrase") == 0;
    int rc;

    if (in < 0 || out < 0 ||
        (!phrase && !hex_parse(slice_text(word[1]), key.byte, SECRET_BYTES)))
        stop(word[0]);
    if (phrase)
        age_reader_init_passphrase(&reader, slice_text(word[1]), sink);
    else
        age_reader_init(&reader, &key, sink);
    if (strcmp(word[0], "seal") == 0)
        rc = seal(&key, in, out, why);
    else if (strcmp(word[0], "range") == 0)
        rc = range(&key, in, out, word, why);
    else
        rc = unseal(in, strcmp(word[0], "armor") == 0 ? ARMOR : BINARY, why);
    close(in);
    close(out);
    return rc;
}

static void answer(char *line)
{
    char *word[WORDS] = {0}, *rest = NULL, text[AGE_IDENTITY_BYTES];
    struct why why = {0};
    struct secret key;

    for (size_t i = 0; i < WORDS; i++) {
        word[i] = strtok_r(i ? NULL : line, " \n", &rest);
        if (!word[i])
            word[i] = line + strlen(line); /* "" */
    }
    if (strcmp(word[0], "key") == 0) {
        if (!hex_parse(slice_text(word[1]), key.byte, SECRET_BYTES))
            stop("key");
        age_identity_text(&key, text);
        (void)puts(text);
    } else if (strcmp(word[0], "pad") == 0) {
        (void)printf("%llu\n",
                     (unsigned long long)age_padded_bytes(strtoull(word[1], NULL, 10)));
    } else {
        (void)puts(on_files(word, &why) == SH_OK ? "ok" : why.text);
    }
    (void)fflush(stdout);
}

int main(void)
{
    static char line[LINE_BYTES];

    while (fgets(line, sizeof(line), stdin))
        answer(line);
    return 0;
}
