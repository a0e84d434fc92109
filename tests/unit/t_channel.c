/* channel: birth, appending, finishing what was cut off, conflicts, withdrawal, repair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/channel.h"
#include "crypt/crypt.h"
#include "io/io.h"

#define NOW "1790000000"

static char base[64], home[96];
static int home_dir = -1;

/* ---- helpers ---- */

static int sign_with_file(void *ctx, struct slice text, uint8_t signature[64], struct why *why)
{
    const char *of = ctx ? (const char *)ctx : home;
    char path[160];
    struct bytes raw;
    struct secret seed;
    int rc;

    bytes_init(&raw, 100);
    (void)snprintf(path, sizeof(path), "%s/private/keys/log.key", of);
    rc = io_read(AT_FDCWD, path, &raw, why);
    if (rc == SH_OK && !hex_parse(slice_sub(bytes_view(&raw), 0, 64), seed.byte, 32))
        rc = SH_EFORMAT;
    if (rc == SH_OK)
        crypto.ed25519_sign(&seed, text, signature);
    bytes_release(&raw);
    return rc;
}

static const struct channel_signer signer = {sign_with_file, NULL};

static void must(int rc, const struct why *why)
{
    if (rc != SH_OK)
        fail_msg("rc %d: %s", rc, why->text);
}

static void create(const char *where)
{
    struct channel_birth birth = {
        .home = where, .name = "Odesa \xe2\x80\x94 test", .lang = "uk"};
    struct why why = {0};

    must(channel_create(&birth, &why), &why);
}

static struct channel *opened(enum channel_use use)
{
    struct channel *channel = NULL;
    struct why why = {0};

    must(channel_open(home, use, &channel, &why), &why);
    return channel;
}

/* The text of the refusal to open for writing. */
static const char *refused(void)
{
    static struct why why;
    struct channel *channel = NULL;

    why = (struct why){0};
    if (channel_open(home, CHANNEL_WRITE, &channel, &why) == SH_OK)
        channel_close(channel);
    return why.text;
}

static void document(struct channel *channel, enum doc_kind kind, struct doc_blob *blobs,
                     size_t count, struct bytes *raw)
{
    struct document doc = {
        .kind = kind, .of = ENTRY_NO_REF, .blobs = blobs, .blob_count = count};
    struct why why = {0};

    io_random(doc.salt, sizeof(doc.salt));
    io_random(doc.dispatch, sizeof(doc.dispatch));
    doc.kind_text = slice_text(kind == DOC_DISPATCH ? "dispatch" : "withdraw");
    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.published = channel_published_now(channel);
    if (kind == DOC_DISPATCH)
        doc.status = slice_text("well");
    bytes_init(raw, LIMIT_DOCUMENT_BYTES);
    must(document_build(&doc, raw, &why), &why);
}

static struct channel_commit checkin(struct channel *channel)
{
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct channel_commit commit = {0};
    struct why why = {0};
    struct bytes raw;

    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    must(channel_append(channel, &append, &signer, &commit, &why), &why);
    if (!commit.published)
        fail_msg("not published: %s", why.text);
    bytes_release(&raw);
    return commit;
}

static void checkins(size_t count)
{
    struct channel *channel = opened(CHANNEL_WRITE);

    for (size_t i = 0; i < count; i++)
        (void)checkin(channel);
    channel_close(channel);
}

/* A blob of the text: staged under name, described in out. */
static struct channel_file stage(struct channel_job *job, const char *name, const char *text,
                                 struct doc_blob *out)
{
    struct channel_file file = {.staged = ""};
    struct io_target target = {job->dir, name, job->dir, 0600, 0, IO_SYNC};

    *out = (struct doc_blob){
        .role = slice_text("poster"), .bytes = strlen(text), .mime = slice_text("image/jpeg")};
    crypto.sha256(slice_text(text), out->sha256);
    assert_int_equal(io_replace(&target, slice_text(text), NULL), SH_OK);
    (void)snprintf(file.staged, sizeof(file.staged), "%s", name);
    assert_int_equal(tree_blob_path(out->sha256, out->mime, file.path, NULL), SH_OK);
    return file;
}

static uint64_t post(const char *const *texts, size_t count, struct channel_file *files)
{
    struct channel_append append = {
        .type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF, .files = files, .file_count = count};
    struct channel_commit commit = {0};
    struct doc_blob blobs[4];
    struct channel_job job;
    struct channel *channel;
    struct why why = {0};
    struct bytes raw;
    char name[24];

    must(channel_job_new(home, &job, &why), &why);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "f%zu", i);
        files[i] = stage(&job, name, texts[i], &blobs[i]);
    }
    channel = opened(CHANNEL_WRITE);
    document(channel, DOC_DISPATCH, blobs, count, &raw);
    append.document = bytes_view(&raw);
    append.job = &job;
    must(channel_append(channel, &append, &signer, &commit, &why), &why);
    assert_true(commit.published);
    channel_job_drop(&job);
    channel_job_drop(&job);
    channel_close(channel);
    bytes_release(&raw);
    return commit.index;
}

static int withdraw(struct channel *channel, uint64_t index, struct why *why)
{
    struct channel_append append = {.type = ENTRY_WITHDRAW, .ref = index};
    struct channel_commit commit = {0};
    struct bytes raw;
    int rc;

    document(channel, DOC_WITHDRAW, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    rc = channel_append(channel, &append, &signer, &commit, why);
    bytes_release(&raw);
    return rc == SH_OK && !commit.published ? SH_EIO : rc;
}

static void shell(const char *format, ...) PRINTF_LIKE(1, 2);
static void shell(const char *format, ...)
{
    char command[1024];
    va_list args;
    pid_t child;
    int status = 1;

    va_start(args, format);
    (void)vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    child = fork();
    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0)
        fail_msg("shell: %s", command);
}

static void read_whole(const char *path, struct bytes *out)
{
    struct why why = {0};

    bytes_init(out, 1 << 20);
    must(io_read(home_dir, path, out, &why), &why);
}

/*
 * A reader of its own: the checkpoint's root from the entry tiles, each hash tile of level 0
 * and 1 compared with what the entries give, each document there unless withdrawn.
 */
static uint64_t verify(void)
{
    struct bytes raw, tile, hashes;
    struct tlog_note note;
    struct tlog_checkpoint checkpoint;
    struct tlog_range range;
    struct channel *channel = opened(CHANNEL_LOOK);
    uint8_t root[32], parents[256 * 32];
    char path[TLOG_PATH_BYTES + 8];
    uint64_t full = 0;

    read_whole("public/checkpoint", &raw);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    assert_int_equal(tlog_checkpoint_parse(note.text, &checkpoint, NULL), SH_OK);
    assert_int_equal(tlog_note_verdict(&note, &channel_info(channel)->log_key), TLOG_GOOD);
    assert_int_equal(checkpoint.size, channel_info(channel)->size);
    tlog_range_init(&range);
    memcpy(path, "public/", 7);
    for (uint64_t at = 0; at < checkpoint.size; at += 256) {
        uint64_t left = checkpoint.size - at;
        struct tlog_tile here = {TLOG_LEVEL_ENTRIES, at / 256,
                                 (uint16_t)(left < 256 ? left : 256)};
        uint8_t leaves[256 * 32];
        struct slice line;
        struct cursor cur;
        size_t count = 0;

        assert_int_equal(tlog_tile_path(&here, path + 7, NULL), SH_OK);
        read_whole(path, &tile);
        here.level = 0;
        assert_int_equal(tlog_tile_path(&here, path + 7, NULL), SH_OK);
        read_whole(path, &hashes);
        cur = cursor_of(bytes_view(&tile));
        while (tlog_entry_tile_next(&cur, &line)) {
            struct entry entry;
            struct channel_entry row;
            char doc[TREE_PATH_BYTES], shown[TREE_PATH_BYTES + 8];

            assert_true(count < here.width);
            assert_int_equal(entry_parse(line, at + count, &entry, NULL), SH_OK);
            assert_int_equal(channel_entry_get(channel, at + count, &row, NULL), SH_OK);
            assert_memory_equal(row.line, line.ptr, line.len);
            tree_document_path(entry.hash, doc);
            (void)snprintf(shown, sizeof(shown), "public/%s", doc);
            if (at + count > 0)
                assert_int_equal(io_exists(home_dir, shown), row.state != STATE_WITHDRAWN);
            tlog_leaf_hash(line, leaves + 32 * count);
            tlog_range_append(&range, leaves + 32 * count);
            count++;
        }
        assert_false(cur.failed);
        assert_int_equal(count, here.width);
        assert_int_equal(hashes.len, 32 * count);
        assert_memory_equal(hashes.ptr, leaves, hashes.len);
        if (count == 256)
            tlog_subtree_root(leaves, 256, parents + 32 * full++);
        bytes_release(&tile);
        bytes_release(&hashes);
    }
    if (full) {
        struct tlog_tile up = {1, 0, (uint16_t)full};

        assert_int_equal(tlog_tile_path(&up, path + 7, NULL), SH_OK);
        read_whole(path, &hashes);
        assert_int_equal(hashes.len, 32 * full);
        assert_memory_equal(hashes.ptr, parents, hashes.len);
        bytes_release(&hashes);
    }
    tlog_range_root(&range, root);
    assert_memory_equal(root, checkpoint.root, 32);
    assert_memory_equal(root, channel_info(channel)->root, 32);
    assert_string_equal(channel_info(channel)->conflict, "");
    bytes_release(&raw);
    channel_close(channel);
    return checkpoint.size;
}

static int setup(void **state)
{
    (void)state;
    /* In memory where that is: thousands of commits need no disk to be right. */
    (void)snprintf(base, sizeof(base), "%s/stillhere-ch-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(base) || setenv("STILLHERE_NOW", NOW, 1) != 0)
        return -1;
    (void)snprintf(home, sizeof(home), "%s/home", base);
    create(home);
    return io_open_dir(AT_FDCWD, home, &home_dir, NULL);
}

static int teardown(void **state)
{
    (void)state;
    io_close(&home_dir);
    return io_remove_tree(AT_FDCWD, base, NULL);
}

/* ---- birth ---- */

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(home_dir, path, &st, 0), 0);
    return st.st_mode & 07777;
}

static void a_channel_is_born_whole(void **state)
{
    const struct channel_info *info;
    struct channel *channel;
    struct why why = {0};
    struct channel_birth again = {.home = home, .name = "x", .lang = "en"};
    mode_t before = umask(077);

    (void)state;
    assert_int_equal(verify(), 1);
    channel = opened(CHANNEL_LOOK);
    info = channel_info(channel);
    assert_string_equal(info->lang, "uk");
    assert_string_equal(info->name, "Odesa \xe2\x80\x94 test");
    assert_int_equal(info->size, 1);
    assert_int_equal(info->dispatches, 0);
    assert_int_equal(info->pages_size, 0);
    assert_int_equal(strlen(info->short_id), 19);
    channel_close(channel);
    assert_int_equal(mode_of("private"), 0700);
    assert_int_equal(mode_of("private/stillhere.db"), 0600);
    assert_int_equal(mode_of("private/keys/log.key"), 0600);
    assert_int_equal(mode_of("private/keys/c2pa-ca.key"), 0600);
    checkins(1);
    (void)umask(before);
    assert_int_equal(mode_of("public"), 0755);
    assert_int_equal(mode_of("public/checkpoint"), 0644);
    assert_int_equal(mode_of("public/tile/entries"), 0755);
    assert_int_equal(mode_of("public/d"), 0755);
    assert_int_equal(mode_of("public/tile/0/000.p/2"), 0644);
    assert_false(io_exists(home_dir, ".init"));
    assert_int_equal(channel_create(&again, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "already"));
    assert_int_equal(verify(), 2);
}

static int lose_sheet(void *ctx, const struct sheet *sheet, struct why *why)
{
    *(struct sheet *)ctx = *sheet;
    return why_set(why, SH_EIO, WHY_NOWHERE, "the printer burns");
}

static void without_its_sheet_nothing_is_born(void **state)
{
    struct sheet sheet = {0};
    char where[96];
    struct channel_birth birth = {
        .home = where, .name = "n", .lang = "en", .keep_sheet = lose_sheet, .ctx = &sheet};
    struct why why = {0};

    (void)state;
    (void)snprintf(where, sizeof(where), "%s/other/", base);
    assert_int_equal(channel_create(&birth, &why), SH_EIO);
    assert_string_equal(why.text, "the printer burns");
    assert_int_equal(access(where, F_OK), -1);
    assert_int_equal(sheet.parts, 1);
    /* Left-overs of a cut-off run go; public/ alone is somebody's. */
    shell("mkdir -p %s/.init/private/deep %s/.init/public", where, where);
    birth.keep_sheet = NULL;
    why = (struct why){0};
    must(channel_create(&birth, &why), &why);
    shell("rm -r %s/private", where);
    assert_int_equal(channel_create(&birth, &why), SH_ECONFLICT);
    shell("rm -r %s/public", where);
    birth.name = "two\nlines";
    assert_int_equal(channel_create(&birth, NULL), SH_EFORMAT);
    shell("rmdir %s", where);
}

static void a_birth_cut_between_its_renames_is_finished(void **state)
{
    (void)state;
    shell("mkdir %s/.init && mv %s/public %s/.init/public", home, home, home);
    checkins(1);
    assert_int_equal(verify(), 2);
    assert_false(io_exists(home_dir, ".init"));
}

static void what_is_no_channel_is_said(void **state)
{
    struct channel *channel = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(channel_open(base, CHANNEL_LOOK, &channel, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "stillhere init"));
    why = (struct why){0};
    assert_int_equal(channel_open("/nonexistent/x", CHANNEL_WRITE, &channel, &why),
                     SH_ENOTFOUND);
    shell("mv %s/private %s/p", home, home);
    why = (struct why){0};
    assert_int_equal(channel_open(home, CHANNEL_LOOK, &channel, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "copy for readers"));
    shell("mv %s/p %s/private; mv %s/public %s/q", home, home, home, home);
    why = (struct why){0};
    assert_int_equal(channel_open(home, CHANNEL_LOOK, &channel, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "public/ is not"));
}

/* ---- appending ---- */

static void six_hundred_entries_hold(void **state)
{
    struct channel *channel;
    uint64_t index = 0, ordinal = 0;
    struct channel_commit last = {0};

    (void)state;
    channel = opened(CHANNEL_WRITE);
    for (size_t i = 1; i < 600; i++) {
        last = checkin(channel);
        assert_int_equal(last.index, i);
        if (i == 254 || i == 255 || i == 256 || i == 511 || i == 512) {
            channel_close(channel);
            assert_int_equal(verify(), i + 1);
            channel = opened(CHANNEL_WRITE);
        }
    }
    assert_int_equal(channel_info(channel)->dispatches, 599);
    assert_int_equal(channel_dispatch_at(channel, 0, &index, NULL), SH_OK);
    assert_int_equal(index, 1);
    assert_int_equal(channel_dispatch_at(channel, 598, &index, NULL), SH_OK);
    assert_int_equal(index, 599);
    assert_int_equal(channel_dispatch_at(channel, 599, &index, NULL), SH_ENOTFOUND);
    assert_int_equal(channel_dispatch_ordinal(channel, 300, &ordinal, NULL), SH_OK);
    assert_int_equal(ordinal, 299);
    assert_int_equal(channel_dispatch_ordinal(channel, 0, &ordinal, NULL), SH_ENOTFOUND);
    channel_close(channel);
    assert_int_equal(verify(), 600);
    /* Every published size keeps its partial tiles. */
    for (int width = 2; width < 256; width++)
        shell("test -s %s/public/tile/entries/000.p/%d", home, width);
}

static void ordinals_skip_what_is_no_dispatch(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);
    uint64_t index = 0, ordinal = 0;
    static const uint64_t where[] = {1, 2, 4, 5, 8, 9};

    (void)state;
    (void)checkin(channel);
    (void)checkin(channel);
    assert_int_equal(withdraw(channel, 2, NULL), SH_OK);
    (void)checkin(channel);
    (void)checkin(channel);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    assert_int_equal(withdraw(channel, 4, NULL), SH_OK);
    (void)checkin(channel);
    (void)checkin(channel);
    for (uint64_t i = 0; i < COUNT_OF(where); i++) {
        assert_int_equal(channel_dispatch_at(channel, i, &index, NULL), SH_OK);
        assert_int_equal(index, where[i]);
        assert_int_equal(channel_dispatch_ordinal(channel, where[i], &ordinal, NULL), SH_OK);
        assert_int_equal(ordinal, i);
    }
    channel_close(channel);
    assert_int_equal(verify(), 10);
}

static void blobs_are_published_with_the_time_of_publication(void **state)
{
    const char *texts[] = {"the clip", "the poster"};
    struct channel_file files[2];
    uint64_t bytes = 0, mtime_s = 0;
    char path[120];

    (void)state;
    assert_int_equal(post(texts, 2, files), 1);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "public/%s", files[i].path);
        assert_int_equal(mode_of(path), 0644);
        assert_int_equal(io_stat(home_dir, path, &bytes, &mtime_s, NULL), SH_OK);
        assert_int_equal(mtime_s, 1790000001);
    }
    shell("test -z \"$(ls %s/private/staging %s/private/tmp | grep -v :)\"", home, home);
    /* The same clip again: the blob is there, a new dispatch names it. */
    assert_int_equal(post(texts, 2, files), 2);
    assert_int_equal(verify(), 3);
}

static void mistakes_of_the_caller_leave_no_trace(void **state)
{
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct channel_commit commit;
    struct channel_job job;
    struct channel_file file;
    struct doc_blob blob;
    struct channel *channel;
    struct bytes raw;
    struct why why = {0};

    (void)state;
    assert_int_equal(channel_job_new(home, &job, NULL), SH_OK);
    file = stage(&job, "f", "text", &blob);
    channel = opened(CHANNEL_WRITE);
    /* Named by the document but not staged. */
    document(channel, DOC_DISPATCH, &blob, 1, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_EARG);
    assert_non_null(strstr(why.text, "neither staged nor public"));
    /* Staged but not named; of another size. */
    append.files = &file;
    append.file_count = 1;
    append.job = &job;
    bytes_release(&raw);
    blob.bytes = 5;
    document(channel, DOC_DISPATCH, &blob, 1, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    bytes_release(&raw);
    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    append.files = NULL;
    append.file_count = 0;
    append.job = NULL;
    /* A document of another kind, a broken one, the same one twice. */
    append.type = ENTRY_WITHDRAW;
    append.ref = 0;
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    append.type = ENTRY_DISPATCH;
    append.document = slice_text("{}");
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EFORMAT);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_OK);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, NULL), SH_EARG);
    bytes_release(&raw);
    channel_job_drop(&job);
    channel_close(channel);
    assert_int_equal(verify(), 2);
    shell("test -z \"$(ls %s/private/staging)\"", home);
}

static void the_wrong_log_key_signs_nothing(void **state)
{
    struct channel *channel;
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct channel_commit commit;
    struct why why = {0};
    struct bytes raw;

    (void)state;
    shell("head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > %s/private/keys/log.key",
          home);
    channel = opened(CHANNEL_WRITE);
    document(channel, DOC_DISPATCH, NULL, 0, &raw);
    append.document = bytes_view(&raw);
    assert_int_equal(channel_append(channel, &append, &signer, &commit, &why), SH_ECRYPT);
    bytes_release(&raw);
    channel_close(channel);
    assert_int_equal(verify(), 1);
}

static void two_posters_take_turns(void **state)
{
    pid_t children[3];
    int status = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int j = 0; j < 10; j++)
                checkins(1);
            _exit(0);
        }
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(verify(), 31);
}

/* ---- cut off ---- */

/* HOME/private as it is after a commit, HOME/public as it was before. */
static void roll_public_back(void)
{
    shell("rm -rf %s/old; cp -a %s/public %s/old", home, home, home);
    checkins(1);
    shell("rm -rf %s/public; mv %s/old %s/public", home, home, home);
}

static void a_commit_that_was_not_published_is_finished(void **state)
{
    struct channel *channel;

    (void)state;
    checkins(3);
    roll_public_back();
    channel = opened(CHANNEL_LOOK); /* Looking repairs as well. */
    assert_int_equal(channel_info(channel)->size, 5);
    channel_close(channel);
    assert_int_equal(verify(), 5);
    checkins(251);
    assert_int_equal(verify(), 256);
    roll_public_back();
    checkins(1);
    assert_int_equal(verify(), 258);
    /* Half of the publication was done. */
    shell("cp -a %s/public %s/old", home, home);
    checkins(1);
    shell("cp -a %s/old/checkpoint %s/public/checkpoint; rm -r %s/old "
          "%s/public/tile/0/001.p/3",
          home, home, home, home);
    assert_int_equal(verify(), 259);
}

static void a_public_tree_of_an_older_day_is_finished_or_refused(void **state)
{
    (void)state;
    checkins(2);
    shell("cp -a %s/public %s/old", home, home);
    checkins(5);
    /* Documents are there: only checkpoint and tiles are old. */
    shell("cp -a %s/public %s/new; rm -r %s/public/tile; cp -a %s/old/tile %s/old/checkpoint "
          "%s/public/",
          home, home, home, home, home, home);
    assert_int_equal(verify(), 8);
    /* They are not. */
    shell("rm -r %s/public; mv %s/old %s/public", home, home, home);
    assert_non_null(strstr(refused(), "older day"));
    shell("rm -r %s/public; mv %s/new %s/public", home, home, home);
    assert_int_equal(verify(), 8);
    shell("rm %s/public/checkpoint", home);
    assert_int_equal(verify(), 8);
    shell("rm -r %s/public/id", home);
    assert_int_equal(verify(), 8);
    checkins(1);
    assert_int_equal(verify(), 9);
}

static void staging_without_a_living_owner_is_swept(void **state)
{
    struct channel_job job;

    (void)state;
    assert_int_equal(channel_job_new(home, &job, NULL), SH_OK);
    shell("mkdir %s/private/staging/dead; echo x > %s/private/staging/dead/f; "
          "echo x > %s/private/tmp/t-1",
          home, home, home);
    checkins(1);
    assert_false(io_exists(home_dir, "private/staging/dead"));
    assert_false(io_exists(home_dir, "private/tmp/t-1"));
    assert_true(faccessat(job.staging, job.name, F_OK, 0) == 0);
    channel_job_drop(&job);
    shell("test -z \"$(ls %s/private/staging)\"", home);
}

/* ---- conflicts ---- */

static void disagreeing_trees_sign_nothing(void **state)
{
    struct channel *channel;

    (void)state;
    checkins(2);
    shell("cp -a %s %s/copy", home, base);
    checkins(1);
    /* private/ of an older day: public/ is newer. */
    shell("mv %s/private %s/newer; cp -a %s/copy/private %s/private", home, base, base, home);
    assert_non_null(strstr(refused(), "would fork the log"));
    channel = opened(CHANNEL_LOOK);
    assert_non_null(strstr(channel_info(channel)->conflict, "shows 4 entries"));
    channel_close(channel);
    shell("rm -r %s/private; mv %s/newer %s/private", home, base, home);
    assert_int_equal(verify(), 4);
    /* A clone that was written to: another log of the same size. */
    shell("mv %s %s/first; mv %s/copy %s", home, base, base, home);
    checkins(1);
    shell("mv %s/public %s/public2; cp -a %s/first/public %s/public", home, home, base, home);
    assert_non_null(strstr(refused(), "different logs of the same size 4"));
    /* And one behind another history. */
    shell("rm -r %s/public; mv %s/public2 %s/public", home, home, home);
    checkins(1);
    shell("mv %s/public %s/public2; cp -a %s/first/public %s/public", home, home, base, home);
    assert_non_null(strstr(refused(), "another log at size 4"));
}

static void foreign_and_broken_public_trees_are_refused(void **state)
{
    char other[96];

    (void)state;
    checkins(1);
    (void)snprintf(other, sizeof(other), "%s/other", base);
    create(other);
    shell("cp -a %s/public %s/good", home, base);
    shell("cp %s/public/checkpoint %s/public/checkpoint", other, home);
    assert_non_null(strstr(refused(), "another channel"));
    shell("rm -r %s/public; cp -a %s/public %s/public", home, other, home);
    assert_non_null(strstr(refused(), "is not the one of channel"));
    shell("rm -r %s/public; cp -a %s/good %s/public; sed -i 's/^2$/3/' %s/public/checkpoint",
          home, base, home, home);
    assert_non_null(strstr(refused(), "signature does not hold"));
    shell("echo hello > %s/public/checkpoint", home);
    assert_non_null(strstr(refused(), "damaged"));
    shell("sed -i 's|^\xe2\x80\x94 \\(.*\\) ....|\xe2\x80\x94 \\1 AAAA|' %s/good/checkpoint; "
          "cp %s/good/checkpoint %s/public/checkpoint",
          base, base, home);
    assert_non_null(strstr(refused(), "another key"));
}

static void tiles_changed_by_hand_are_noticed_and_rebuilt(void **state)
{
    struct why why = {0};

    (void)state;
    checkins(3);
    shell("printf X | dd of=%s/public/tile/0/000.p/4 bs=1 seek=5 conv=notrunc 2>/dev/null",
          home);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 4);
    assert_true(io_exists(home_dir, "private/quarantine/changed/tile/0/000.p/4"));
    shell("rm -r %s/public/tile/entries", home);
    assert_non_null(strstr(refused(), "not there"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 4);
    shell("printf X | dd of=%s/public/tile/entries/000.p/4 bs=1 seek=60 conv=notrunc "
          "2>/dev/null",
          home);
    assert_non_null(strstr(refused(), "its entries are not"));
    must(channel_rebuild(home, &why), &why);
    checkins(1);
    assert_int_equal(verify(), 5);
}

static void a_restore_asks_before_it_signs(void **state)
{
    struct channel *channel;
    struct why why = {0};
    int private_dir = -1;

    (void)state;
    assert_int_equal(io_open_dir(home_dir, "private", &private_dir, NULL), SH_OK);
    assert_int_equal(channel_forgive(home, "no mark", NULL), SH_ENOTFOUND);
    assert_int_equal(channel_mark_restored(private_dir, NULL), SH_OK);
    assert_non_null(strstr(refused(), "recover --i-know"));
    channel = opened(CHANNEL_LOOK);
    assert_non_null(strstr(channel_info(channel)->conflict, "restored"));
    channel_close(channel);
    must(channel_rebuild(home, &why), &why);
    assert_non_null(strstr(refused(), "recover --i-know"));
    must(channel_forgive(home, "the old phone is at the bottom of the sea", &why), &why);
    checkins(1);
    assert_int_equal(verify(), 2);
    io_close(&private_dir);
}

/* ---- withdrawal ---- */

static bool is_public(const char *path)
{
    char name[120];

    (void)snprintf(name, sizeof(name), "public/%s", path);
    return io_exists(home_dir, name);
}

static void withdrawal_hides_what_nobody_else_names(void **state)
{
    const char *first[] = {"shared", "only first"}, *second[] = {"shared", "only second"};
    struct channel_file a[2], b[2];
    struct channel_entry entry;
    struct channel *channel;
    struct why why = {0};
    struct bytes raw;
    char path[120];

    (void)state;
    assert_int_equal(post(first, 2, a), 1);
    assert_int_equal(post(second, 2, b), 2);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, &why), SH_OK);
    assert_true(is_public(a[0].path));
    assert_false(is_public(a[1].path));
    (void)snprintf(path, sizeof(path), "private/quarantine/%s", a[1].path);
    assert_true(io_exists(home_dir, path));
    assert_int_equal(mode_of("private/quarantine/b"), 0700);
    assert_int_equal(channel_entry_get(channel, 1, &entry, NULL), SH_OK);
    assert_int_equal(entry.state, STATE_WITHDRAWN);
    assert_int_equal(entry.withdrawn_by, 3);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    assert_int_equal(channel_document(channel, &entry, &raw, NULL), SH_ENOTFOUND);
    assert_int_equal(channel_entry_get(channel, 2, &entry, NULL), SH_OK);
    assert_int_equal(channel_document(channel, &entry, &raw, NULL), SH_OK);
    bytes_release(&raw);
    /* Not twice, not an identity, not a withdrawal, not what is not there. */
    assert_int_equal(withdraw(channel, 1, &why), SH_EARG);
    assert_non_null(strstr(why.text, "already, by entry 3"));
    assert_int_equal(withdraw(channel, 0, NULL), SH_EARG);
    assert_int_equal(withdraw(channel, 3, NULL), SH_EARG);
    assert_int_equal(withdraw(channel, 77, NULL), SH_ENOTFOUND);
    assert_int_equal(withdraw(channel, 2, NULL), SH_OK);
    assert_false(is_public(b[0].path));
    assert_false(is_public(b[1].path));
    channel_close(channel);
    assert_int_equal(verify(), 5);
    /* Posted again: public again, and the quarantine keeps its own. */
    assert_int_equal(post(first, 2, a), 5);
    assert_true(is_public(a[0].path) && is_public(a[1].path));
    assert_int_equal(verify(), 6);
}

static void a_withdrawal_cut_off_is_finished(void **state)
{
    const char *texts[] = {"a clip"};
    struct channel_file file[1];
    struct channel *channel;

    (void)state;
    assert_int_equal(post(texts, 1, file), 1);
    shell("cp -a %s/public %s/old", home, home);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    channel_close(channel);
    shell("rm -r %s/public; mv %s/old %s/public", home, home, home);
    assert_true(is_public(file[0].path));
    assert_int_equal(verify(), 3);
    assert_false(is_public(file[0].path));
    /* An older public/ put back brings withdrawn files back: they are hidden again. */
    shell("cp -a %s/public %s/old; cp -a %s/private/quarantine/. %s/old/", home, home, home,
          home);
    checkins(3);
    shell("cp -a %s/public/d %s/old/; rm -r %s/public; mv %s/old %s/public; "
          "cp -a %s/private/quarantine/. %s/public/",
          home, home, home, home, home, home, home);
    assert_true(is_public(file[0].path));
    assert_int_equal(verify(), 6);
    assert_false(is_public(file[0].path));
}

/* ---- rebuild ---- */

static void a_lost_database_is_made_anew(void **state)
{
    const char *texts[] = {"one", "two"};
    struct channel_file files[2];
    struct channel *channel;
    struct why why = {0};
    uint64_t index = 0, stamp = 0, before = 0;

    (void)state;
    (void)post(texts, 2, files);
    checkins(260);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    assert_int_equal(channel_stamp(channel, &before, NULL), SH_OK);
    assert_int_equal(channel_derive(channel, "index.html", slice_text("p"), before, NULL),
                     SH_OK);
    channel_close(channel);
    shell("rm %s/private/stillhere.db*", home);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    assert_int_equal(verify(), 263);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(channel_info(channel)->dispatches, 261);
    assert_int_equal(channel_info(channel)->published, 1790000000);
    assert_int_equal(channel_dispatch_at(channel, 260, &index, NULL), SH_OK);
    assert_int_equal(index, 261);
    assert_int_equal(channel_stamp(channel, &stamp, NULL), SH_OK);
    assert_true(stamp > before);
    assert_int_equal(withdraw(channel, 1, NULL), SH_EARG);
    channel_close(channel);
    /* Damaged. */
    shell("rm -f %s/private/stillhere.db-*; echo garbage > %s/private/stillhere.db", home,
          home);
    assert_non_null(strstr(refused(), "stillhere rebuild"));
    must(channel_rebuild(home, &why), &why);
    checkins(1);
    assert_int_equal(verify(), 264);
    shell("rm %s/private/stillhere.db* %s/private/keys/log.key", home, home);
    assert_int_equal(channel_rebuild(home, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "restore it from a backup"));
}

static void an_older_private_tree_takes_the_newer_log(void **state)
{
    struct channel *channel;
    struct why why = {0};
    struct channel_entry entry;

    (void)state;
    checkins(2);
    shell("cp -a %s/private %s/old", home, base);
    checkins(2);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 3, NULL), SH_OK);
    channel_close(channel);
    shell("rm -r %s/private; cp -a %s/old %s/private", home, base, home);
    assert_non_null(strstr(refused(), "older day"));
    must(channel_rebuild(home, &why), &why);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(channel_info(channel)->size, 6);
    assert_int_equal(channel_entry_get(channel, 3, &entry, NULL), SH_OK);
    assert_int_equal(entry.state, STATE_WITHDRAWN);
    channel_close(channel);
    assert_int_equal(verify(), 6);
    /* Two histories: refused, nothing changed. */
    shell("rm -r %s/private; cp -a %s/old %s/private; cp -a %s/public %s/pub", home, base, home,
          home, base);
    shell("cd %s/public && rm -r checkpoint d tile && cp -a %s/pub/d . && :", home, base);
    checkins(1);
    shell("rm -r %s/public; cp -a %s/pub %s/public", home, base, home);
    assert_int_equal(channel_rebuild(home, &why), SH_ECONFLICT);
    assert_non_null(strstr(why.text, "two histories"));
    assert_non_null(strstr(refused(), "would fork"));
}

static void rebuild_changes_nothing_that_is_right(void **state)
{
    const char *texts[] = {"one", "two"};
    struct channel_file files[2];
    struct why why = {0};

    (void)state;
    (void)post(texts, 2, files);
    checkins(3);
    shell("cp -a %s/public %s/before", home, base);
    must(channel_rebuild(home, &why), &why);
    shell("diff -r %s/public %s/before", home, base);
    shell("test -z \"$(ls -A %s/private/tmp)\"", home);
    assert_int_equal(verify(), 5);
}

/* ---- derived files ---- */

static void times_of_derived_files_only_grow(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);
    uint64_t first = 0, second = 0, third = 0, bytes, mtime_s = 0;

    (void)state;
    assert_int_equal(channel_stamp(channel, &first, NULL), SH_OK);
    (void)checkin(channel);
    assert_int_equal(channel_stamp(channel, &second, NULL), SH_OK);
    assert_true(second > first);
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("aaaa"), second, NULL), SH_OK);
    assert_int_equal(channel_stamp(channel, &third, NULL), SH_OK);
    assert_true(third > second);
    /* The same bytes: left alone.  Others of the same length: a new time. */
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("aaaa"), third, NULL), SH_OK);
    assert_int_equal(
        io_stat(channel_info(channel)->public_dir, "w/001/index.html", &bytes, &mtime_s, NULL),
        SH_OK);
    assert_int_equal(mtime_s, second);
    assert_int_equal(
        channel_derive(channel, "w/001/index.html", slice_text("bbbb"), third, NULL), SH_OK);
    assert_int_equal(
        io_stat(channel_info(channel)->public_dir, "w/001/index.html", &bytes, &mtime_s, NULL),
        SH_OK);
    assert_int_equal(mtime_s, third);
    channel_close(channel);
}

static void pages_are_remembered_while_the_machine_runs(void **state)
{
    struct channel *channel = opened(CHANNEL_WRITE);

    (void)state;
    (void)checkin(channel);
    assert_int_equal(channel_info(channel)->pages_size, 0);
    assert_int_equal(channel_derive(channel, "index.html", slice_text("p"), 0, NULL), SH_OK);
    assert_int_equal(channel_pages_done(channel, 2, "0.1.0", NULL), SH_OK);
    (void)checkin(channel);
    assert_int_equal(channel_pages_done(channel, 3, "0.1.0", NULL), SH_OK);
    channel_close(channel);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 3);
    assert_string_equal(channel_info(channel)->pages_version, "0.1.0");
    channel_close(channel);
    /* Another run of the machine: what was not waited for is looked at again. */
    shell("sqlite3 %s/private/stillhere.db \"UPDATE state SET boot=CAST('x' AS BLOB)\"", home);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 2);
    channel_close(channel);
    shell("rm %s/public/index.html", home);
    channel = opened(CHANNEL_LOOK);
    assert_int_equal(channel_info(channel)->pages_size, 0);
    channel_close(channel);
}

/* ---- snapshot ---- */

struct unpack {
    int dir;
    size_t parts;
    uint64_t withdraw; /* this entry is withdrawn by somebody else in the middle; 0 = none */
    bool checkpoint_last;
};

static int unpack_part(void *ctx, const struct channel_part *part, struct why *why)
{
    struct unpack *unpack = ctx;
    struct io_target target = {unpack->dir, part->path,    unpack->dir,
                               part->mode,  part->mtime_s, IO_NO_SYNC};
    struct bytes data;
    struct channel *channel;
    int rc;

    bytes_init(&data, 1 << 24);
    if (part->fd >= 0)
        assert_int_equal(io_read_fd(part->fd, &data, NULL), SH_OK);
    else
        bytes_slice(&data, part->data);
    assert_int_equal(data.len, part->bytes);
    rc = io_replace(&target, bytes_view(&data), why);
    bytes_release(&data);
    unpack->checkpoint_last = strcmp(part->path, "public/checkpoint") == 0;
    if (++unpack->parts == 4 && unpack->withdraw) {
        channel = opened(CHANNEL_WRITE);
        assert_int_equal(withdraw(channel, unpack->withdraw, NULL), SH_OK);
        (void)checkin(channel);
        channel_close(channel);
    }
    return rc;
}

static void a_snapshot_is_of_one_size_while_others_post(void **state)
{
    const char *first[] = {"one", "two"}, *second[] = {"two", "three"};
    struct channel_file files[2];
    struct unpack unpack = {.dir = -1, .withdraw = 2};
    struct channel_sink sink = {unpack_part, &unpack};
    struct channel *channel;
    struct why why = {0};
    char copy[96];

    (void)state;
    (void)post(first, 2, files);
    (void)post(second, 2, files);
    checkins(256);
    channel = opened(CHANNEL_WRITE);
    assert_int_equal(withdraw(channel, 1, NULL), SH_OK);
    channel_close(channel);
    (void)snprintf(copy, sizeof(copy), "%s/snapshot", base);
    assert_int_equal(mkdir(copy, 0755), 0);
    assert_int_equal(io_open_dir(AT_FDCWD, copy, &unpack.dir, NULL), SH_OK);
    channel = opened(CHANNEL_LOOK);
    must(channel_snapshot(channel, &sink, &why), &why);
    assert_int_equal(channel_info(channel)->size, 260);
    channel_close(channel);
    assert_true(unpack.checkpoint_last);
    assert_int_equal(verify(), 262);
    /* The copy is a channel by itself, of the size at which it was taken. */
    shell("mv %s %s/original; mv %s %s", home, base, copy, home);
    io_close(&home_dir);
    home_dir = unpack.dir;
    assert_int_equal(verify(), 260);
    checkins(1);
    assert_int_equal(verify(), 261);
}

/* ---- read-only ---- */

/* In a child with its own mounts HOME is read-only; 0 when looking shows size, 77: cannot. */
static int look_read_only(uint64_t size)
{
    struct channel *channel = NULL;
    struct why why = {0};
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount(home, home, NULL, MS_BIND, NULL) != 0 ||
            mount(NULL, home, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
            _exit(77);
        if (channel_open(home, CHANNEL_WRITE, &channel, NULL) == SH_OK)
            _exit(3);
        if (channel_open(home, CHANNEL_LOOK, &channel, &why) != SH_OK) {
            (void)fprintf(stderr, "# %s\n", why.text);
            _exit(1);
        }
        _exit(channel_info(channel)->size == size && !channel_info(channel)->conflict[0] ? 0
                                                                                         : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_read_only_disk_can_be_looked_at(void **state)
{
    int first;

    (void)state;
    checkins(2);
    first = look_read_only(3);
    if (first == 77)
        skip();
    assert_int_equal(first, 0);
    /* The same without SQLite's companions. */
    shell("sqlite3 %s/private/stillhere.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null; "
          "rm -f %s/private/stillhere.db-*",
          home, home);
    assert_int_equal(look_read_only(3), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(a_channel_is_born_whole),
        EACH(without_its_sheet_nothing_is_born),
        EACH(a_birth_cut_between_its_renames_is_finished),
        EACH(what_is_no_channel_is_said),
        EACH(six_hundred_entries_hold),
        EACH(ordinals_skip_what_is_no_dispatch),
        EACH(blobs_are_published_with_the_time_of_publication),
        EACH(mistakes_of_the_caller_leave_no_trace),
        EACH(the_wrong_log_key_signs_nothing),
        EACH(two_posters_take_turns),
        EACH(a_commit_that_was_not_published_is_finished),
        EACH(a_public_tree_of_an_older_day_is_finished_or_refused),
        EACH(staging_without_a_living_owner_is_swept),
        EACH(disagreeing_trees_sign_nothing),
        EACH(foreign_and_broken_public_trees_are_refused),
        EACH(tiles_changed_by_hand_are_noticed_and_rebuilt),
        EACH(a_restore_asks_before_it_signs),
        EACH(withdrawal_hides_what_nobody_else_names),
        EACH(a_withdrawal_cut_off_is_finished),
        EACH(a_lost_database_is_made_anew),
        EACH(an_older_private_tree_takes_the_newer_log),
        EACH(rebuild_changes_nothing_that_is_right),
        EACH(times_of_derived_files_only_grow),
        EACH(pages_are_remembered_while_the_machine_runs),
        EACH(a_snapshot_is_of_one_size_while_others_post),
        EACH(a_read_only_disk_can_be_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
