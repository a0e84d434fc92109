/* role: the signer signs checkpoints and nothing else; the readers agree or refuse. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cage/cage.h"
#include "crypt/crypt.h"
#include "io/io.h"
#include "role/role.h"

#define MASK 0x5a

static char folder[64];
static char home[80];
static struct channel *channel;
static const char *source;

/* ---- the signer ---- */

static int keep_nothing(void *ctx, const struct sheet *sheet, struct why *why)
{
    (void)ctx;
    (void)sheet;
    (void)why;
    return SH_OK;
}

/* Sign text as the channel's signer would. */
static int sign(const char *text, uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why)
{
    struct channel_signer signer = role_signer(channel);

    *why = (struct why){0};
    return signer.sign_checkpoint(signer.ctx, slice_text(text), signature, why);
}

/* A checkpoint of some log, with something behind. */
static void checkpoint_text(char out[400], const char *origin, uint64_t size,
                            const char *behind)
{
    (void)snprintf(out, 400, "%s\n%llu\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n%s",
                   origin, (unsigned long long)size, behind);
}

static void a_checkpoint_is_signed(void **state)
{
    const struct channel_info *info = channel_info(channel);
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES], text[400];
    struct why why;

    (void)state;
    channel_origin(&info->id, origin);
    checkpoint_text(text, origin, info->size + 1, "");
    assert_int_equal(sign(text, signature, &why), SH_OK);
    assert_true(crypto.ed25519_verify(info->log_key.public_key, slice_text(text), signature));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void nothing_else_is_signed(void **state)
{
    const struct channel_info *info = channel_info(channel);
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES], other[CHANNEL_ORIGIN_BYTES], text[400];
    struct why why;

    (void)state;
    channel_origin(&info->id, origin);
    (void)snprintf(other, sizeof(other), "%s", origin);
    other[20] = other[20] == 'a' ? 'b' : 'a';
    checkpoint_text(text, other, info->size + 1, "");
    assert_int_equal(sign(text, signature, &why), SH_ECONFLICT);
    checkpoint_text(text, "example.org/log", info->size + 1, "");
    assert_int_equal(sign(text, signature, &why), SH_ECONFLICT);
    checkpoint_text(text, origin, info->size - 1, "");
    assert_int_equal(sign(text, signature, &why), SH_ECONFLICT);
    checkpoint_text(text, origin, info->size + 1, "x\n");
    assert_true(sign(text, signature, &why) < 0);
    checkpoint_text(text, origin, info->size + 1, "\n");
    assert_true(sign(text, signature, &why) < 0);
    checkpoint_text(text, origin, info->size + 1, "");
    text[strlen(text) - 1] = '\0';
    assert_true(sign(text, signature, &why) < 0);
    assert_true(sign("", signature, &why) < 0);
    assert_true(sign("stillhere-identity/1\nnumber 1\n", signature, &why) < 0);
    assert_true(sign("stillhere-purge/1\n", signature, &why) < 0);
    assert_true(*why.text);
}

static void key_path(char out[120])
{
    (void)snprintf(out, 120, "%s/private/keys/log.key", home);
}

static void key_put(const char *text, size_t len)
{
    char path[120];
    int fd;

    key_path(path);
    fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static size_t key_get(char out[100])
{
    char path[120];
    ssize_t n;
    int fd;

    key_path(path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    n = read(fd, out, 100);
    assert_true(n > 0 && n < 100);
    (void)close(fd);
    return (size_t)n;
}

static void a_key_that_is_not_the_channels(void **state)
{
    uint8_t signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES], text[400], kept[100], bad[100], path[120];
    size_t len = key_get(kept);
    struct why why;

    (void)state;
    channel_origin(&channel_info(channel)->id, origin);
    checkpoint_text(text, origin, channel_info(channel)->size + 1, "");
    memcpy(bad, kept, len);
    bad[0] = bad[0] == '0' ? '1' : '0';
    key_put(bad, len);
    assert_int_equal(sign(text, signature, &why), SH_ECRYPT);
    key_put(kept, len - 1);
    assert_int_equal(sign(text, signature, &why), SH_EFORMAT);
    bad[0] = 'A';
    key_put(bad, len);
    assert_int_equal(sign(text, signature, &why), SH_EFORMAT);
    memset(bad, '0', sizeof(bad));
    key_put(bad, sizeof(bad));
    assert_true(sign(text, signature, &why) < 0);
    key_path(path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sign(text, signature, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "keys/log.key"));
    key_put(kept, len);
    wipe(kept, sizeof(kept));
    assert_int_equal(sign(text, signature, &why), SH_OK);
}

/* How often len masked bytes stand in the memory that this process can write. */
static unsigned memory_count(const uint8_t *masked, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    unsigned found = 0;
    char line[400], mode[8];
    unsigned long from, to;
    const uint8_t *at;
    char *rest;
    size_t i;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        from = strtoul(line, &rest, 16);
        to = strtoul(rest + 1, &rest, 16);
        (void)snprintf(mode, sizeof(mode), "%.4s", rest + 1);
        if (mode[0] != 'r' || mode[1] != 'w' || strstr(line, "[v"))
            continue;
        for (at = (const uint8_t *)from; at + len <= (const uint8_t *)to; at++) {
            for (i = 0; i < len && (at[i] ^ MASK) == masked[i];)
                i++;
            found += i == len;
        }
    }
    (void)fclose(maps);
    return found;
}

static void the_key_stays_with_the_signer(void **state)
{
    uint8_t masked[SECRET_BYTES], signature[CRYPT_SIGNATURE_BYTES];
    char origin[CHANNEL_ORIGIN_BYTES], text[400], hex[100];
    struct secret *control;
    struct why why;

    (void)state;
    if (CAGE_SANITIZED) {
        print_message("# not looked for under a sanitizer: its memory is terabytes\n");
        return;
    }
    assert_true(key_get(hex) > 64);
    control = malloc(sizeof(*control));
    assert_non_null(control);
    assert_true(hex_parse(slice_of(hex, 64), control->byte, SECRET_BYTES));
    for (size_t i = 0; i < SECRET_BYTES; i++)
        masked[i] = control->byte[i] ^ MASK;
    /* The search finds it when it is there. */
    assert_true(memory_count(masked, SECRET_BYTES) >= 1);
    secret_wipe(control);
    free(control);
    wipe(hex, sizeof(hex));
    channel_origin(&channel_info(channel)->id, origin);
    checkpoint_text(text, origin, channel_info(channel)->size + 1, "");
    assert_int_equal(sign(text, signature, &why), SH_OK);
    assert_int_equal(memory_count(masked, SECRET_BYTES), 0);
}

/* ---- the readers ---- */

static int seed_open(const char *name)
{
    char path[600];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/bmff/%s", source, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int file_new(const char *name)
{
    char path[128];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static const char *const good_clips[] = {"edit.mp4",      "h264.mp4", "hevc_silent.mp4",
                                         "quicktime.mov", "rot.mp4",  "two_audio.mp4"};

static void clips_are_rebuilt_and_checked(void **state)
{
    struct bmff_facts facts, planned, wrong;
    struct why why;
    struct stat st;
    int clip, draft;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good_clips); i++) {
        why = (struct why){0};
        clip = seed_open(good_clips[i]);
        draft = file_new("draft");
        if (role_read(clip, draft, NULL, &facts, &why) != SH_OK)
            fail_msg("%s: %s", good_clips[i], why.text);
        assert_int_equal(fstat(draft, &st), 0);
        assert_int_equal(st.st_size, facts.file_bytes);
        assert_int_equal(role_read(clip, -1, NULL, &planned, &why), SH_OK);
        assert_memory_equal(&facts, &planned, sizeof(facts));
        if (role_check(draft, &facts, &why) != SH_OK)
            fail_msg("%s: %s", good_clips[i], why.text);
        wrong = facts;
        wrong.width++;
        assert_int_equal(role_check(draft, &wrong, &why), SH_EFORMAT);
        assert_non_null(strstr(why.text, "do not agree"));
        (void)close(draft);
        (void)close(clip);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_changed_draft_is_refused(void **state)
{
    struct bmff_facts facts;
    struct why why = {0};
    uint8_t byte;
    int clip = seed_open("h264.mp4"), draft = file_new("draft");
    unsigned refused = 0, tried = 0;

    (void)state;
    assert_int_equal(role_read(clip, draft, NULL, &facts, &why), SH_OK);
    /* Every 37th byte of the head: most are read, some (a duration) may be what they like. */
    for (off_t at = 0; at < (off_t)facts.head_bytes; at += 37, tried++) {
        assert_int_equal(pread(draft, &byte, 1, at), 1);
        byte ^= 0x41;
        assert_int_equal(pwrite(draft, &byte, 1, at), 1);
        why = (struct why){0};
        if (role_check(draft, &facts, &why) != SH_OK)
            refused++;
        assert_null(strstr(why.text, "cage"));
        byte ^= 0x41;
        assert_int_equal(pwrite(draft, &byte, 1, at), 1);
    }
    assert_true(refused * 10 >= tried * 8);
    assert_int_equal(role_check(draft, &facts, &why), SH_OK);
    assert_int_equal(ftruncate(draft, (off_t)facts.file_bytes - 1), 0);
    assert_true(role_check(draft, &facts, &why) < 0);
    assert_int_equal(ftruncate(draft, (off_t)facts.file_bytes + 1), 0);
    assert_true(role_check(draft, &facts, &why) < 0);
    (void)close(draft);
    (void)close(clip);
}

/* Every 7th prefix of a clip is refused with words, and no reader dies of it. */
static void prefixes_are_refused(void **state)
{
    uint8_t whole[8192];
    struct bmff_facts facts;
    struct why why;
    int clip = seed_open("h264.mp4"), cut, draft = file_new("draft");
    ssize_t len = pread(clip, whole, sizeof(whole), 0);

    (void)state;
    assert_true(len > 1000 && len < (ssize_t)sizeof(whole));
    for (ssize_t n = 0; n < len; n += 7) {
        cut = file_new("cut");
        assert_int_equal(write(cut, whole, (size_t)n), n);
        assert_int_equal(ftruncate(draft, 0), 0);
        why = (struct why){0};
        assert_true(role_read(cut, draft, NULL, &facts, &why) < 0);
        assert_true(why.code == SH_EFORMAT || why.code == SH_EUNSUPPORTED ||
                    why.code == SH_ELIMIT);
        assert_null(strstr(why.text, "signal"));
        assert_null(strstr(why.text, "makes no sense"));
        (void)close(cut);
    }
    (void)close(draft);
    (void)close(clip);
}

static void what_is_no_file_is_refused(void **state)
{
    struct bmff_facts facts;
    struct why why = {0};
    int ends[2], dir = open(folder, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(role_read(ends[0], -1, NULL, &facts, &why), SH_EFORMAT);
    assert_int_equal(role_read(dir, -1, NULL, &facts, &why), SH_EFORMAT);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(dir);
}

/* From one file system to another the kernel does not copy; the reader does. */
static void clips_come_from_other_disks(void **state)
{
    struct bmff_facts facts, there;
    struct why why = {0};
    char path[] = "/dev/shm/t_role.XXXXXX";
    uint8_t block[4096];
    struct stat a, b;
    ssize_t n;
    int clip = seed_open("h264.mp4"), far, draft = file_new("draft");

    (void)state;
    far = mkstemp(path);
    if (far < 0) {
        print_message("# there is no /dev/shm\n");
        return;
    }
    (void)unlink(path);
    while ((n = read(clip, block, sizeof(block))) > 0)
        assert_int_equal(write(far, block, (size_t)n), n);
    assert_int_equal(fstat(far, &a) + fstat(draft, &b), 0);
    if (a.st_dev == b.st_dev)
        print_message("# /dev/shm is the same file system here\n");
    assert_int_equal(role_read(clip, -1, NULL, &facts, &why), SH_OK);
    assert_int_equal(role_read(far, draft, NULL, &there, &why), SH_OK);
    assert_memory_equal(&facts, &there, sizeof(facts));
    assert_int_equal(role_check(draft, &there, &why), SH_OK);
    (void)close(far);
    (void)close(draft);
    (void)close(clip);
}

/* The media program is looked for beside this one and in ../libexec: it is not there. */
static void a_missing_media_program_is_said(void **state)
{
    struct role_picture picture;
    struct why why = {0};
    int clip = seed_open("h264.mp4"), out = file_new("poster");

    (void)state;
    assert_false(role_media_is_there());
    assert_int_equal(role_poster(clip, out, &picture, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "--no-poster"));
    (void)close(clip);
    (void)close(out);
}

/* ---- the poster's check ---- */

struct part {
    const char *ptr;
    size_t len;
};
#define PART(text)                                                                             \
    {                                                                                          \
        (text), sizeof(text) - 1                                                               \
    }
#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const struct part soi = PART("\xff\xd8");
static const struct part jfif =
    PART("\xff\xe0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00");
static const struct part dqt = PART("\xff\xdb\x00\x43\x00" SIXTY_FOUR);
static const struct part sof0 =
    PART("\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00");
static const struct part dht = PART("\xff\xc4\x00\x14\x00\x01"
                                    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05");
static const struct part sos = PART("\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
                                    "abc\xff\x00\xff\xd0zz");
static const struct part eoi = PART("\xff\xd9");

static size_t join(uint8_t out[1024], const struct part *const *parts)
{
    size_t at = 0;

    for (; *parts; parts++) {
        memcpy(out + at, (*parts)->ptr, (*parts)->len);
        at += (*parts)->len;
    }
    return at;
}

static int check(const uint8_t *raw, size_t len)
{
    struct role_picture picture;
    struct why why = {0};
    int rc = role_jpeg_check(slice_of(raw, len), &picture, &why);

    assert_true(rc == SH_OK || *why.text);
    return rc;
}

static void a_plain_jpeg_is_taken(void **state)
{
    const struct part *const whole[] = {&soi, &jfif, &dqt, &sof0, &dht, &sos, &eoi, NULL};
    const struct part *const bare[] = {&soi, &dqt, &sof0, &dht, &sos, &eoi, NULL};
    struct role_picture picture;
    uint8_t raw[1024], copy[1024];
    size_t len = join(raw, whole);

    (void)state;
    assert_int_equal(role_jpeg_check(slice_of(raw, len), &picture, NULL), SH_OK);
    assert_int_equal(picture.width, 32);
    assert_int_equal(picture.height, 16);
    assert_int_equal(picture.bytes, len);
    for (size_t n = 0; n < len; n++) {
        /* A copy of its own length, so that a sanitizer sees a step too far. */
        memcpy(copy, raw, n);
        assert_true(check(copy, n) < 0);
    }
    raw[len] = 0;
    assert_true(check(raw, len + 1) < 0);
    assert_int_equal(check(raw, join(raw, bare)), SH_OK);
}

static void a_jpeg_with_more_in_it_is_refused(void **state)
{
    static const struct part comment = PART("\xff\xfe\x00\x06Lavc");
    static const struct part exif = PART("\xff\xe1\x00\x08"
                                         "Exif\0\0");
    static const struct part icc = PART("\xff\xe2\x00\x06ICC_");
    static const struct part thumb =
        PART("\xff\xe0\x00\x13JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x01\x01rgb");
    static const struct part wide =
        PART("\xff\xc0\x00\x11\x08\x00\x10\x40\x20\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00");
    static const struct part flat =
        PART("\xff\xc0\x00\x11\x08\x00\x00\x00\x20\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00");
    static const struct part twelve =
        PART("\xff\xc1\x00\x11\x0c\x00\x10\x00\x20\x03\x01\x22\x00\x02\x11\x00\x03\x11\x00");
    static const struct part empty = PART("\xff\xdb\x00\x01");
    static const struct part far = PART("\xff\xdb\xff\xff");
    static const struct part png = PART("\x89PNG");
    const struct part *const bad[][10] = {
        {&soi, &jfif, &comment, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &exif, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &icc, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &jfif, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &thumb, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &dqt, &jfif, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &wide, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &flat, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &twelve, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &sof0, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &sof0, &dht, &eoi, NULL},
        {&soi, &jfif, &empty, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &sof0, &far, &sos, &eoi, NULL},
        {&soi, &jfif, &soi, &dqt, &sof0, &dht, &sos, &eoi, NULL},
        {&soi, &jfif, &dqt, &sof0, &dht, &sos, &eoi, &comment, NULL},
        {&soi, &jfif, &dqt, &sof0, &dht, &sos, &eoi, &eoi, NULL},
        {&soi, &eoi, NULL},
        {&png, &soi, &eoi, NULL},
    };
    uint8_t raw[1024];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (check(raw, join(raw, bad[i])) == SH_OK)
            fail_msg("case %zu is taken", i);
}

static void a_jpeg_that_is_too_big_is_refused(void **state)
{
    const struct part *const whole[] = {&soi, &jfif, &dqt, &sof0, &dht, &sos, NULL};
    struct bytes raw;
    uint8_t start[1024];
    struct why why = {0};
    struct role_picture picture;

    (void)state;
    bytes_init(&raw, 2 * LIMIT_POSTER_BYTES);
    bytes_append(&raw, start, join(start, whole));
    while (raw.len < LIMIT_POSTER_BYTES - 1)
        bytes_u8(&raw, 'x');
    bytes_append(&raw, eoi.ptr, eoi.len);
    assert_int_equal(role_jpeg_check(bytes_view(&raw), &picture, &why), SH_ELIMIT);
    bytes_release(&raw);
}

/* ---- */

/* One check-in, signed by the role: so the log has two entries. */
static int checkin(struct why *why)
{
    struct channel_signer signer = role_signer(channel);
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct document doc = {.kind = DOC_DISPATCH, .of = ENTRY_NO_REF};
    struct channel_commit commit;
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.status = slice_text("well");
    doc.published = io_now();
    rc = document_build(&doc, &raw, why);
    append.document = bytes_view(&raw);
    if (rc == SH_OK)
        rc = channel_append(channel, &append, &signer, &commit, why);
    bytes_release(&raw);
    return rc;
}

static int setup(void **state)
{
    struct channel_birth birth = {
        .home = home, .name = "Roles", .lang = "en", .keep_sheet = keep_nothing};
    struct why why = {0};

    (void)state;
    source = getenv("STILLHERE_SOURCE");
    if (!source)
        source = "..";
    (void)snprintf(folder, sizeof(folder), "/tmp/t_role.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(home, sizeof(home), "%s/home", folder);
    if (channel_create(&birth, &why) != SH_OK ||
        channel_open(home, CHANNEL_WRITE, &channel, &why) != SH_OK || checkin(&why) != SH_OK) {
        print_error("%s\n", why.text);
        return -1;
    }
    wipe(&birth.sheet, sizeof(birth.sheet));
    return 0;
}

static int teardown(void **state)
{
    int rc;

    (void)state;
    channel_close(channel);
    rc = io_remove_tree(AT_FDCWD, folder, NULL);
    return rc == SH_OK ? 0 : -1;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_signed),
        cmocka_unit_test(nothing_else_is_signed),
        cmocka_unit_test(a_key_that_is_not_the_channels),
        cmocka_unit_test(the_key_stays_with_the_signer),
        cmocka_unit_test(clips_are_rebuilt_and_checked),
        cmocka_unit_test(a_changed_draft_is_refused),
        cmocka_unit_test(prefixes_are_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(clips_come_from_other_disks),
        cmocka_unit_test(a_missing_media_program_is_said),
        cmocka_unit_test(a_plain_jpeg_is_taken),
        cmocka_unit_test(a_jpeg_with_more_in_it_is_refused),
        cmocka_unit_test(a_jpeg_that_is_too_big_is_refused),
    };

    return cmocka_run_group_tests_name("role", tests, setup, teardown);
}
