/* tar: what we write is read back by us and by the system's tar; nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tar/tar.h"

#define ARCHIVE_MAX (1u << 20)

static void archive_add(struct bytes *out, const struct tar_member *member, uint8_t fill)
{
    static const uint8_t zero[TAR_BLOCK_BYTES];
    uint8_t block[TAR_BLOCK_BYTES];

    assert_int_equal(tar_header_build(member, block, NULL), SH_OK);
    bytes_append(out, block, sizeof(block));
    for (uint64_t i = 0; i < member->bytes; i++)
        bytes_u8(out, (uint8_t)(fill + i));
    bytes_append(out, zero, tar_padding(member->bytes));
}

static const struct tar_member MEMBERS[] = {
    {.path = "private/keys/log.key", .bytes = 65, .mtime_s = 1700000000, .mode = 0600},
    {.path = "public/checkpoint", .bytes = 512, .mtime_s = 1700000001, .mode = 0644},
    {.path = "empty", .bytes = 0, .mtime_s = 0, .mode = 0644},
    {.path = "public/tile/entries/x001/x234/067.p/112", .bytes = 1300, .mode = 0644},
};

static void archive_build(struct bytes *out)
{
    static const uint8_t zero[TAR_END_BYTES];

    bytes_init(out, ARCHIVE_MAX);
    for (size_t i = 0; i < COUNT_OF(MEMBERS); i++)
        archive_add(out, &MEMBERS[i], (uint8_t)i);
    bytes_append(out, zero, sizeof(zero));
    assert_int_equal(bytes_check(out, NULL), SH_OK);
}

struct seen {
    size_t begun, ended;
    uint64_t bytes; /* of the member that is open */
    bool wrong;
    int refuse;
};

static int on_begin(void *ctx, const struct tar_member *member, struct why *why)
{
    struct seen *seen = ctx;

    if (seen->refuse)
        return why_set(why, SH_EIO, WHY_NOWHERE, "refused");
    if (seen->begun >= COUNT_OF(MEMBERS) || seen->begun != seen->ended ||
        memcmp(member, &MEMBERS[seen->begun], sizeof(*member)) != 0)
        seen->wrong = true;
    seen->begun++;
    seen->bytes = 0;
    return SH_OK;
}

static int on_data(void *ctx, struct slice data, struct why *why)
{
    struct seen *seen = ctx;

    (void)why;
    for (size_t i = 0; i < data.len; i++, seen->bytes++)
        if (data.ptr[i] != (uint8_t)(seen->begun - 1 + seen->bytes))
            seen->wrong = true;
    return SH_OK;
}

static int on_end(void *ctx, struct why *why)
{
    struct seen *seen = ctx;

    (void)why;
    if (seen->bytes != MEMBERS[seen->ended].bytes)
        seen->wrong = true;
    seen->ended++;
    return SH_OK;
}

static int read_all(struct slice archive, size_t step, struct seen *seen, struct why *why)
{
    struct tar_reader reader;
    size_t some;
    int rc = SH_OK;

    tar_reader_init(&reader, (struct tar_events){on_begin, on_data, on_end, seen});
    for (size_t at = 0; rc == SH_OK && at < archive.len; at += some) {
        some = step < archive.len - at ? step : archive.len - at;
        rc = tar_reader_update(&reader, slice_sub(archive, at, some), why);
    }
    return rc == SH_OK ? tar_reader_final(&reader, why) : rc;
}

static void round_trip_at_any_step(void **state)
{
    static const size_t steps[] = {1, 7, 511, 512, 513, 4096, ARCHIVE_MAX};
    struct bytes archive;

    (void)state;
    archive_build(&archive);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct seen seen = {0};

        assert_int_equal(read_all(bytes_view(&archive), steps[i], &seen, NULL), SH_OK);
        assert_false(seen.wrong);
        assert_int_equal(seen.ended, COUNT_OF(MEMBERS));
    }
    bytes_release(&archive);
}

static void no_prefix_is_whole(void **state)
{
    struct bytes archive;

    (void)state;
    archive_build(&archive);
    for (size_t len = 0; len < archive.len; len++) {
        struct seen seen = {0};

        assert_int_equal(read_all(slice_of(archive.ptr, len), 4096, &seen, NULL), SH_EFORMAT);
    }
    bytes_release(&archive);
}

/* Every byte of headers, padding and end has one legal value; data may be anything. */
static void every_changed_byte_is_refused(void **state)
{
    struct bytes archive;
    struct seen plain = {0};
    size_t refused = 0, data = 0;

    (void)state;
    archive_build(&archive);
    for (size_t i = 0; i < COUNT_OF(MEMBERS); i++)
        data += (size_t)MEMBERS[i].bytes;
    assert_int_equal(read_all(bytes_view(&archive), 4096, &plain, NULL), SH_OK);
    for (size_t at = 0; at < archive.len; at++) {
        struct seen seen = {0};

        archive.ptr[at] ^= 0x01;
        if (read_all(bytes_view(&archive), 4096, &seen, NULL) != SH_OK)
            refused++;
        archive.ptr[at] ^= 0x01;
    }
    /* A bit of size, mode or time alone breaks the checksum. */
    assert_int_equal(refused, archive.len - data);
    bytes_u8(&archive, 0);
    plain = (struct seen){0};
    assert_int_equal(read_all(bytes_view(&archive), 4096, &plain, NULL), SH_EFORMAT);
    bytes_release(&archive);
}

static void what_cannot_be_written(void **state)
{
    static const char *const paths[] = {"",     "/a",       "a/",   "a//b", "../a",
                                        "a/..", "a/./b",    ".",    "..",   "a b",
                                        "a\nb", "\xc3\xa9", "a\\b", "a:b",  "./a/b"};
    struct tar_member member = {.path = "a/..b/.c", .mode = 0600};
    uint8_t block[TAR_BLOCK_BYTES];
    struct why why = {0};

    (void)state;
    assert_int_equal(tar_header_build(&member, block, NULL), SH_OK);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        memset(member.path, 0, sizeof(member.path));
        memcpy(member.path, paths[i], strlen(paths[i]));
        assert_int_equal(tar_header_build(&member, block, NULL), SH_EARG);
    }
    memset(member.path, 'a', TAR_PATH_BYTES - 1);
    assert_int_equal(tar_header_build(&member, block, NULL), SH_OK);
    member.path[TAR_PATH_BYTES - 1] = 'a';
    assert_int_equal(tar_header_build(&member, block, NULL), SH_EARG);
    member = (struct tar_member){.path = "a", .mode = 0755};
    assert_int_equal(tar_header_build(&member, block, NULL), SH_EARG);
    member.mode = 0644;
    member.bytes = LIMIT_TAR_BYTES;
    assert_int_equal(tar_header_build(&member, block, NULL), SH_OK);
    member.bytes++;
    assert_int_equal(tar_header_build(&member, block, &why), SH_ELIMIT);
    assert_non_null(strstr(why.text, "ustar"));
}

static void a_callback_stops_it(void **state)
{
    struct bytes archive;
    struct seen seen = {.refuse = 1};

    (void)state;
    archive_build(&archive);
    assert_int_equal(read_all(bytes_view(&archive), 4096, &seen, NULL), SH_EIO);
    bytes_release(&archive);
}

/* The system's tar lists the same names. */
static void other_tar_reads_it(void **state)
{
    char listed[1024] = "";
    struct bytes archive;
    int in[2], out[2], status;
    ssize_t got;
    size_t len = 0;
    pid_t child;

    (void)state;
    archive_build(&archive);
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp("tar", "tar", "-tf", "-", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(write(in[1], archive.ptr, archive.len), archive.len);
    close(in[1]);
    while ((got = read(out[0], listed + len, sizeof(listed) - 1 - len)) > 0)
        len += (size_t)got;
    close(out[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(listed, "private/keys/log.key\npublic/checkpoint\nempty\n"
                                "public/tile/entries/x001/x234/067.p/112\n");
    bytes_release(&archive);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_at_any_step),
        cmocka_unit_test(no_prefix_is_whole),
        cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(a_callback_stops_it),
        cmocka_unit_test(other_tar_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
