/*
 * age: sizes around the chunk's border, the CCTV vectors, and Debian's age both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "age/age.h"

#define TEST_MAX (24u << 20) /* the largest vector is 17 MB */

static char scratch[] = "/tmp/stillhere-t_age-XXXXXX";

/* ---- helpers ---- */

static int put_bytes(void *ctx, struct slice data, struct why *why)
{
    bytes_slice(ctx, data);
    return bytes_check(ctx, why);
}

static void fill(struct bytes *out, size_t len)
{
    uint32_t x = 2463534242u;

    bytes_init(out, TEST_MAX);
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        bytes_u8(out, (uint8_t)x);
    }
    assert_int_equal(bytes_check(out, NULL), SH_OK);
}

static struct secret secret_of(uint8_t seed)
{
    struct secret secret;

    memset(secret.byte, seed, sizeof(secret.byte));
    return secret;
}

static void seal(struct slice plain, size_t step, const struct secret *to, struct bytes *out)
{
    static struct age_writer writer;
    struct age_random random = {.ephemeral = secret_of(9)};
    uint8_t key[CRYPT_KEY_BYTES];
    size_t some;

    memset(random.file_key, 3, sizeof(random.file_key));
    memset(random.nonce, 4, sizeof(random.nonce));
    bytes_init(out, TEST_MAX);
    crypto.x25519_public(to, key);
    assert_int_equal(
        age_writer_start(&writer, key, &random, (struct age_sink){put_bytes, out}, NULL),
        SH_OK);
    assert_int_equal(random.file_key[0], 0);
    for (size_t at = 0; at < plain.len; at += some) {
        some = step < plain.len - at ? step : plain.len - at;
        assert_int_equal(age_writer_update(&writer, slice_sub(plain, at, some), NULL), SH_OK);
    }
    assert_int_equal(age_writer_final(&writer, NULL), SH_OK);
    age_writer_release(&writer);
}

/* Returns the verdict; *stage says how far the reader came. */
static int open_it(struct slice sealed, size_t step, const struct secret *with,
                   struct bytes *out, enum age_stage *stage)
{
    static struct age_reader reader;
    struct why why = {0};
    size_t some;
    int rc = SH_OK;

    bytes_init(out, TEST_MAX);
    age_reader_init(&reader, with, (struct age_sink){put_bytes, out});
    for (size_t at = 0; rc == SH_OK && at < sealed.len; at += some) {
        some = step < sealed.len - at ? step : sealed.len - at;
        rc = age_reader_update(&reader, slice_sub(sealed, at, some), &why);
    }
    if (rc == SH_OK)
        rc = age_reader_final(&reader, &why);
    assert_int_equal(rc, why.code);
    assert_true(rc == SH_OK || why.text[0]);
    *stage = reader.stage;
    age_reader_release(&reader);
    return rc;
}

static void read_path(const char *path, struct bytes *out)
{
    uint8_t block[65536];
    int fd = open(path, O_RDONLY);
    ssize_t got;

    assert_true(fd >= 0);
    bytes_init(out, TEST_MAX);
    while ((got = read(fd, block, sizeof(block))) > 0)
        bytes_append(out, block, (size_t)got);
    close(fd);
    assert_int_equal(bytes_check(out, NULL), SH_OK);
}

static void write_path(const char *path, struct slice data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.ptr, data.len), data.len);
    close(fd);
}

static int run(const char *const *argv, const char *in, const char *out)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child) {
        int from = open(in, O_RDONLY), to = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        if (from < 0 || to < 0 || dup2(from, 0) < 0 || dup2(to, 1) < 0)
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static const char *in_scratch(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *out = path[next++ % COUNT_OF(path)];

    (void)snprintf(out, sizeof(path[0]), "%s/%s", scratch, name);
    return out;
}

/* ---- tests ---- */

static const size_t SIZES[] = {
    0,      1,      65519,  65520,          65535,    65536,         65537,
    131071, 131072, 131073, (1u << 20) - 1, 1u << 20, (1u << 20) + 1};

static void round_trip_of_sizes(void **state)
{
    static const size_t steps[] = {1u << 20, 65536, 1000, 65552};
    struct secret key = secret_of(7);
    enum age_stage stage;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(SIZES); i++)
        for (size_t j = 0; j < COUNT_OF(steps); j++) {
            struct bytes plain, sealed, again;

            fill(&plain, SIZES[i]);
            seal(bytes_view(&plain), steps[j], &key, &sealed);
            assert_int_equal(open_it(bytes_view(&sealed), steps[COUNT_OF(steps) - 1 - j], &key,
                                     &again, &stage),
                             SH_OK);
            assert_true(slice_equal(bytes_view(&plain), bytes_view(&again)));
            bytes_release(&plain);
            bytes_release(&sealed);
            bytes_release(&again);
        }
}

/* Byte by byte: no prefix is a file, and no changed byte is overlooked. */
static void no_prefix_and_no_flip(void **state)
{
    struct secret key = secret_of(7), other = secret_of(8);
    struct bytes plain, sealed, again;
    enum age_stage stage;

    (void)state;
    fill(&plain, 300);
    seal(bytes_view(&plain), 300, &key, &sealed);
    for (size_t len = 0; len < sealed.len; len++) {
        assert_true(open_it(slice_of(sealed.ptr, len), 1, &key, &again, &stage) != SH_OK);
        assert_int_equal(again.len, 0);
        bytes_release(&again);
    }
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        sealed.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(open_it(bytes_view(&sealed), 4096, &key, &again, &stage) != SH_OK);
        assert_int_equal(again.len, 0);
        bytes_release(&again);
        sealed.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(open_it(bytes_view(&sealed), 4096, &other, &again, &stage), SH_ENOTFOUND);
    bytes_release(&again);
    bytes_u8(&sealed, 0);
    assert_true(open_it(bytes_view(&sealed), 4096, &key, &again, &stage) != SH_OK);
    bytes_release(&again);
    bytes_release(&plain);
    bytes_release(&sealed);
}

static void headers_have_limits(void **state)
{
    struct secret key = secret_of(7);
    struct bytes text, again;
    enum age_stage stage;

    (void)state;
    bytes_init(&text, TEST_MAX);
    bytes_text(&text, "age-encryption.org/v1\n");
    for (int i = 0; i <= LIMIT_AGE_STANZAS; i++)
        bytes_text(&text, "-> grease\n\n");
    bytes_text(&text, "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef");
    assert_int_equal(open_it(bytes_view(&text), 4096, &key, &again, &stage), SH_ELIMIT);
    bytes_release(&again);
    bytes_clear(&text);
    bytes_text(&text, "age-encryption.org/v1\n-> ");
    for (int i = 0; i < LIMIT_AGE_HEADER_BYTES; i++)
        bytes_u8(&text, 'a');
    assert_int_equal(open_it(bytes_view(&text), 1000, &key, &again, &stage), SH_ELIMIT);
    bytes_release(&again);
    bytes_release(&text);
}

/* The secret of the specification's own example ("The X25519 recipient type"). */
static void identity_as_text(void **state)
{
    struct secret secret = secret_of(0x42);
    char text[AGE_IDENTITY_BYTES];

    (void)state;
    age_identity_text(&secret, text);
    assert_string_equal(
        text, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
}

/* Every text but the right one is refused. */
static void identity_and_back(void **state)
{
    struct secret secret, again;
    char text[AGE_IDENTITY_BYTES];

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        for (size_t j = 0; j < SECRET_BYTES; j++)
            secret.byte[j] = (uint8_t)(i * 37 + j * j * 11 + (i >> 3));
        age_identity_text(&secret, text);
        assert_int_equal(age_identity_parse(slice_text(text), &again, NULL), SH_OK);
        assert_true(secret_equal(&secret, &again));
        text[i % (AGE_IDENTITY_BYTES - 1)] ^= 1;
        assert_int_equal(age_identity_parse(slice_text(text), &again, NULL), SH_EFORMAT);
    }
    age_identity_text(&secret, text);
    for (size_t len = 0; len + 1 < AGE_IDENTITY_BYTES; len++)
        assert_int_equal(age_identity_parse(slice_of(text, len), &again, NULL), SH_EFORMAT);
}

/* ---- anywhere ---- */

/* A file in memory that counts what is read of it. */
struct shelf {
    struct slice data;
    uint64_t taken;
};

static int shelf_read(void *ctx, uint64_t at, uint8_t *out, size_t len, struct why *why)
{
    struct shelf *shelf = ctx;

    (void)why;
    assert_true(at <= shelf->data.len && len <= shelf->data.len - at);
    memcpy(out, shelf->data.ptr + at, len);
    shelf->taken += len;
    return SH_OK;
}

static struct age_view view;

static int view_of(struct slice sealed, const struct secret *with, struct shelf *shelf)
{
    *shelf = (struct shelf){.data = sealed};
    return age_view_open(&view, with, (struct age_source){shelf_read, shelf, sealed.len}, NULL);
}

static void views_of_sizes(void **state)
{
    struct secret key = secret_of(7), other = secret_of(8);
    uint8_t part[3000];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        struct bytes plain, sealed;
        struct shelf shelf;
        size_t step = SIZES[i] / 7 + 1, len;

        fill(&plain, SIZES[i]);
        seal(bytes_view(&plain), 65536, &key, &sealed);
        assert_int_equal(view_of(bytes_view(&sealed), &key, &shelf), SH_OK);
        assert_int_equal(view.plain_bytes, SIZES[i]);
        for (size_t at = SIZES[i]; at <= SIZES[i]; at -= step) {
            len = SIZES[i] - at < sizeof(part) ? SIZES[i] - at : sizeof(part);
            assert_int_equal(age_view_read(&view, at, part, len, NULL), SH_OK);
            assert_memory_equal(part, plain.ptr ? plain.ptr + at : part, len);
        }
        assert_int_equal(age_view_read(&view, SIZES[i], part, 1, NULL), SH_EARG);
        assert_int_equal(age_view_read(&view, UINT64_MAX, part, 1, NULL), SH_EARG);
        age_view_release(&view);
        assert_int_equal(view_of(bytes_view(&sealed), &other, &shelf), SH_ENOTFOUND);
        age_view_release(&view);
        bytes_release(&plain);
        bytes_release(&sealed);
    }
}

/* What is at the end is believed only when the last chunk is the last one. */
static void views_check_the_end(void **state)
{
    struct secret key = secret_of(7);
    struct bytes plain, sealed;
    struct shelf shelf;
    uint8_t part[16];

    (void)state;
    fill(&plain, 5 * AGE_CHUNK_BYTES);
    seal(bytes_view(&plain), 65536, &key, &sealed);
    for (size_t cut = 1; cut < 3 * AGE_SEALED_BYTES; cut = cut < 40 ? cut + 1 : cut + 12007) {
        assert_true(view_of(slice_of(sealed.ptr, sealed.len - cut), &key, &shelf) != SH_OK);
        age_view_release(&view);
    }
    for (size_t chunks = 1; chunks < 5; chunks++) {
        size_t len = sealed.len - chunks * AGE_SEALED_BYTES;

        assert_int_equal(view_of(slice_of(sealed.ptr, len), &key, &shelf), SH_ECRYPT);
        age_view_release(&view);
    }
    for (size_t len = 0; len < 400; len++) {
        assert_true(view_of(slice_of(sealed.ptr, len), &key, &shelf) != SH_OK);
        age_view_release(&view);
    }
    /* Header, last chunk, and one other: no more was read. */
    assert_int_equal(view_of(bytes_view(&sealed), &key, &shelf), SH_OK);
    assert_int_equal(age_view_read(&view, 2 * AGE_CHUNK_BYTES + 5, part, 16, NULL), SH_OK);
    assert_memory_equal(part, plain.ptr + 2 * AGE_CHUNK_BYTES + 5, 16);
    assert_true(shelf.taken < 2 * AGE_SEALED_BYTES + 2048);
    age_view_release(&view);
    /* A changed chunk is found when it is asked for, and the others stay readable. */
    sealed.ptr[sealed.len - 4 * AGE_SEALED_BYTES] ^= 1;
    assert_int_equal(view_of(bytes_view(&sealed), &key, &shelf), SH_OK);
    assert_int_equal(age_view_read(&view, AGE_CHUNK_BYTES, part, 16, NULL), SH_ECRYPT);
    assert_int_equal(age_view_read(&view, AGE_CHUNK_BYTES - 8, part, 16, NULL), SH_ECRYPT);
    assert_int_equal(age_view_read(&view, 0, part, 16, NULL), SH_OK);
    assert_memory_equal(part, plain.ptr, 16);
    age_view_release(&view);
    bytes_release(&plain);
    bytes_release(&sealed);
}

/* ---- sizes ---- */

static void padded_sizes(void **state)
{
    static const uint64_t known[][2] = {{0, 0},       {1, 1},         {2, 2},
                                        {9, 10},      {63, 64},       {1000, 1024},
                                        {1025, 1088}, {65537, 67584}, {70000000, 71303168}};
    uint64_t bytes = 1, padded;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        assert_int_equal(age_padded_bytes(known[i][0]), known[i][1]);
    for (; bytes < UINT64_C(1) << 50; bytes += bytes / 97 + 1) {
        padded = age_padded_bytes(bytes);
        assert_true(padded >= bytes && padded - bytes <= bytes * 12 / 100);
        assert_int_equal(age_padded_bytes(padded), padded);
    }
    assert_int_equal(age_padded_bytes(UINT64_MAX), UINT64_MAX);
}

/* ---- CCTV vectors ---- */

struct vector {
    char expect[32];
    char payload[65];
    char passphrase[64];
    struct secret identity;
    size_t identities;
    bool compressed, armored, by_passphrase, hybrid;
};

static void vector_line(struct vector *out, struct slice line)
{
    size_t colon = slice_find(line, 0, ':');
    struct slice key = slice_sub(line, 0, colon), value;
    struct secret other;
    int rc;

    assert_true(colon + 2 <= line.len);
    value = slice_sub(line, colon + 2, line.len - colon - 2);
    if (slice_equal(key, slice_text("expect")))
        (void)snprintf(out->expect, sizeof(out->expect), "%.*s", (int)value.len, value.ptr);
    else if (slice_equal(key, slice_text("payload")))
        (void)snprintf(out->payload, sizeof(out->payload), "%.*s", (int)value.len, value.ptr);
    else if (slice_equal(key, slice_text("identity"))) {
        rc = age_identity_parse(value, &other, NULL);
        assert_true(rc == SH_OK || rc == SH_EUNSUPPORTED);
        out->hybrid = out->hybrid || rc == SH_EUNSUPPORTED;
        /* Only the first of several keys is tried: a sheet holds one. */
        if (rc == SH_OK && out->identities++ == 0)
            out->identity = other;
    } else if (slice_equal(key, slice_text("compressed")))
        out->compressed = true;
    else if (slice_equal(key, slice_text("armored")))
        out->armored = true;
    else if (slice_equal(key, slice_text("passphrase"))) {
        out->by_passphrase = true;
        (void)snprintf(out->passphrase, sizeof(out->passphrase), "%.*s", (int)value.len,
                       value.ptr);
    }
}

static int put_reader(void *ctx, struct slice data, struct why *why)
{
    return age_reader_update(ctx, data, why);
}

/* As the vectors' README calls it. */
static const char *outcome(const struct vector *vector, struct slice sealed, size_t step,
                           struct bytes *plain)
{
    static struct age_reader reader;
    struct age_armor armor;
    struct slice part;
    struct why why = {0};
    size_t some;
    int rc = SH_OK;

    bytes_init(plain, TEST_MAX);
    if (vector->by_passphrase)
        age_reader_init_passphrase(&reader, slice_text(vector->passphrase),
                                   (struct age_sink){put_bytes, plain});
    else
        age_reader_init(&reader, &vector->identity, (struct age_sink){put_bytes, plain});
    age_armor_init(&armor, (struct age_sink){put_reader, &reader});
    for (size_t at = 0; rc == SH_OK && at < sealed.len; at += some) {
        some = step < sealed.len - at ? step : sealed.len - at;
        part = slice_sub(sealed, at, some);
        rc = vector->armored ? age_armor_update(&armor, part, &why)
                             : age_reader_update(&reader, part, &why);
    }
    if (rc == SH_OK && vector->armored)
        rc = age_armor_final(&armor, &why);
    if (rc == SH_OK)
        rc = age_reader_final(&reader, &why);
    assert_int_equal(rc, why.code);
    if (rc == SH_OK)
        return "success";
    if (vector->armored && armor.broke)
        return "armor failure";
    if (reader.stage != AGE_HEADER)
        return "payload failure";
    if (rc == SH_ENOTFOUND)
        return "no match";
    return rc == SH_ECRYPT ? "HMAC failure" : "header failure";
}

static void vector_judge(const char *name, const struct vector *vector, struct slice sealed)
{
    static const size_t steps[] = {30011, 1};
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    struct bytes plain;
    const char *got;

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (i && (sealed.len > 100000 || vector->by_passphrase))
            continue;
        got = outcome(vector, sealed, steps[i], &plain);
        if (strcmp(got, vector->expect) != 0)
            fail_msg("%s: expected %s, got %s", name, vector->expect, got);
        crypto.sha256(bytes_view(&plain), digest);
        hex_build(slice_of(digest, sizeof(digest)), hex);
        if (vector->payload[0] ? strcmp(hex, vector->payload) != 0
                               : plain.len && strcmp(got, "armor failure") != 0)
            fail_msg("%s: other plain bytes than expected", name);
        bytes_release(&plain);
    }
}

static void inflate_with_python(struct slice packed, struct bytes *out)
{
    static const char *const argv[] = {
        "/usr/bin/python3", "-c",
        "import sys,zlib;sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))",
        NULL};
    const char *in = in_scratch("packed"), *to = in_scratch("unpacked");

    write_path(in, packed);
    assert_int_equal(run(argv, in, to), 0);
    read_path(to, out);
}

/* False: it needs a hybrid key, and the program said that it cannot use one. */
static bool vector_try(const char *dir, const char *name)
{
    struct vector vector = {0};
    struct bytes raw, body = {0};
    struct cursor cur;
    struct slice line, sealed;
    char path[1400];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    read_path(path, &raw);
    cur = cursor_of(bytes_view(&raw));
    while ((line = rd_line(&cur)).len > 0)
        vector_line(&vector, line);
    assert_false(cur.failed);
    if (!vector.hybrid) {
        sealed = rd_bytes(&cur, rd_left(&cur));
        if (vector.compressed)
            inflate_with_python(sealed, &body);
        vector_judge(name, &vector, vector.compressed ? bytes_view(&body) : sealed);
    }
    bytes_release(&body);
    bytes_release(&raw);
    return !vector.hybrid;
}

static void cctv_vectors(void **state)
{
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char dir[1024];
    struct dirent *entry;
    size_t ours = 0, others = 0;
    DIR *list;

    (void)state;
    if (shared)
        (void)snprintf(dir, sizeof(dir), "%s/vectors/safety/age-cctv/testdata", shared);
    else
        (void)snprintf(dir, sizeof(dir), "%s/../shared/vectors/safety/age-cctv/testdata",
                       source ? source : ".");
    list = opendir(dir);
    if (!list) {
        print_message("skipped: the CCTV vectors are not here\n");
        skip();
    }
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (vector_try(dir, entry->d_name))
            ours++;
        else
            others++;
    }
    closedir(list);
    print_message("# CCTV: %zu of 143 with the exact outcome, %zu hybrid: unsupported\n", ours,
                  others);
    assert_int_equal(ours, 124);
    assert_int_equal(others, 19);
}

/* ---- passphrases ---- */

static void work_factors_end(void **state)
{
    struct vector vector = {.by_passphrase = true, .passphrase = "password"};
    struct bytes text, plain;

    (void)state;
    for (int log_n = LIMIT_AGE_WORK_FACTOR; log_n <= LIMIT_AGE_WORK_FACTOR + 1; log_n++) {
        bytes_init(&text, 1000);
        bytes_printf(&text,
                     "age-encryption.org/v1\n-> scrypt rF0/NwblUHHTpgQgRpe5CQ %d\n"
                     "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n"
                     "--- IOXiQYStkoT1mvWZ2tFOqZdhRVvj58egABx/sWfZQbc\n0123456789abcdef",
                     log_n);
        assert_string_equal(outcome(&vector, bytes_view(&text), 4096, &plain),
                            log_n > LIMIT_AGE_WORK_FACTOR ? "header failure" : "no match");
        bytes_release(&text);
        bytes_release(&plain);
    }
}

/* ---- Debian's age ---- */

static void interop(size_t len)
{
    struct secret key = secret_of(0x5a);
    char text[AGE_IDENTITY_BYTES];
    const char *keys = in_scratch("key"), *in = in_scratch("in"), *out = in_scratch("out");
    const char *const decrypt[] = {"age", "-d", "-i", keys, NULL};
    const char *const encrypt[] = {"age", "-e", "-i", keys, NULL};
    struct bytes plain, sealed, again;
    enum age_stage stage;

    fill(&plain, len);
    age_identity_text(&key, text);
    write_path(keys, slice_text(text));
    seal(bytes_view(&plain), 50000, &key, &sealed);
    write_path(in, bytes_view(&sealed));
    bytes_release(&sealed);
    assert_int_equal(run(decrypt, in, out), 0);
    read_path(out, &again);
    assert_true(slice_equal(bytes_view(&plain), bytes_view(&again)));
    bytes_release(&again);

    write_path(in, bytes_view(&plain));
    assert_int_equal(run(encrypt, in, out), 0);
    read_path(out, &sealed);
    assert_int_equal(open_it(bytes_view(&sealed), 50000, &key, &again, &stage), SH_OK);
    assert_true(slice_equal(bytes_view(&plain), bytes_view(&again)));
    bytes_release(&again);
    bytes_release(&sealed);
    bytes_release(&plain);
}

static void debian_age_both_ways(void **state)
{
    static const char *const argv[] = {"age", "--version", NULL};

    (void)state;
    if (run(argv, "/dev/null", "/dev/null") != 0) {
        print_message("skipped: the program age is not installed\n");
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(SIZES); i++)
        interop(SIZES[i]);
}

static int clean_up(void **state)
{
    static const char *const names[] = {"packed", "unpacked", "key", "in", "out"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unlink(in_scratch(names[i])); /* Not every test made every file. */
    return rmdir(scratch);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_of_sizes),  cmocka_unit_test(no_prefix_and_no_flip),
        cmocka_unit_test(headers_have_limits),  cmocka_unit_test(identity_as_text),
        cmocka_unit_test(identity_and_back),    cmocka_unit_test(views_of_sizes),
        cmocka_unit_test(views_check_the_end),  cmocka_unit_test(padded_sizes),
        cmocka_unit_test(work_factors_end),     cmocka_unit_test(cctv_vectors),
        cmocka_unit_test(debian_age_both_ways),
    };

    if (!mkdtemp(scratch))
        return 1;
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
