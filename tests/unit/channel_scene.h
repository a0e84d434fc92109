/* Channels for tests: made in a scratch folder, posted to, read back. */
#ifndef TESTS_CHANNEL_SCENE_H
#define TESTS_CHANNEL_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/channel.h"
#include "crypt/crypt.h"
#include "io/io.h"

/* The clock of these tests. */
#define NOW "1790000000"

static char base[64], home[96];
static int home_dir = -1;

/* ---- helpers ---- */

static inline int sign_with_file(void *ctx, struct slice text, uint8_t signature[64],
                                 struct why *why)
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

static const struct channel_signer signer = {.sign_checkpoint = sign_with_file};

static inline void must(int rc, const struct why *why)
{
    if (rc != SH_OK)
        fail_msg("rc %d: %s", rc, why->text);
}

static inline void create(const char *where)
{
    struct channel_birth birth = {
        .home = where, .name = "Odesa \xe2\x80\x94 test", .lang = "uk"};
    struct why why = {0};

    must(channel_create(&birth, &why), &why);
}

static inline struct channel *opened(enum channel_use use)
{
    struct channel *channel = NULL;
    struct why why = {0};

    must(channel_open(home, use, &channel, &why), &why);
    return channel;
}

/* The text of the refusal to open for writing. */
static inline const char *refused(void)
{
    static struct why why;
    struct channel *channel = NULL;

    why = (struct why){0};
    if (channel_open(home, CHANNEL_WRITE, &channel, &why) == SH_OK)
        channel_close(channel);
    return why.text;
}

static inline void document(struct channel *channel, enum doc_kind kind, struct doc_blob *blobs,
                            size_t count, struct bytes *raw)
{
    struct document doc = {
        .kind = kind, .of = ENTRY_NO_REF, .blobs = blobs, .blob_count = count};
    struct why why = {0};

    io_random(doc.salt, sizeof(doc.salt));
    io_random(doc.dispatch, sizeof(doc.dispatch));
    doc.kind_text = slice_text(kind == DOC_DISPATCH ? "dispatch" : "withdraw");
    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.published = io_now();
    if (kind == DOC_DISPATCH)
        doc.status = slice_text("well");
    bytes_init(raw, LIMIT_DOCUMENT_BYTES);
    must(document_build(&doc, raw, &why), &why);
}

static inline struct channel_commit checkin(struct channel *channel)
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

static inline void checkins(size_t count)
{
    struct channel *channel = opened(CHANNEL_WRITE);

    for (size_t i = 0; i < count; i++)
        (void)checkin(channel);
    channel_close(channel);
}

/* A blob of the text: staged under name, described in out. */
static inline struct channel_file stage(struct channel_job *job, const char *name,
                                        const char *text, struct doc_blob *out)
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

static inline uint64_t post(const char *const *texts, size_t count, struct channel_file *files)
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

static inline int withdraw(struct channel *channel, uint64_t index, struct why *why)
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

static inline void shell(const char *format, ...) PRINTF_LIKE(1, 2);
static inline void shell(const char *format, ...)
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

/* One byte of path becomes another one, whatever it was. */
static inline void flip(const char *path, off_t at)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static inline void read_whole(const char *path, struct bytes *out)
{
    struct why why = {0};

    bytes_init(out, 1 << 20);
    must(io_read(home_dir, path, out, &why), &why);
}

/* Entry index of the log: its grammar, its row, its document unless it is withdrawn. */
static inline void verify_entry(struct channel *channel, uint64_t index, struct slice line)
{
    char doc[TREE_PATH_BYTES], shown[TREE_PATH_BYTES + 8];
    struct channel_entry row;
    struct entry entry;

    assert_int_equal(entry_parse(line, index, &entry, NULL), SH_OK);
    assert_int_equal(channel_entry_get(channel, index, &row, NULL), SH_OK);
    assert_memory_equal(row.line, line.ptr, line.len);
    tree_document_path(entry.hash, doc);
    (void)snprintf(shown, sizeof(shown), "public/%s", doc);
    if (index > 0)
        assert_int_equal(io_exists(home_dir, shown), row.state != STATE_WITHDRAWN);
}

static inline void read_tile(const struct tlog_tile *tile, struct bytes *out)
{
    char path[TLOG_PATH_BYTES + 8] = "public/";

    assert_int_equal(tlog_tile_path(tile, path + 7, NULL), SH_OK);
    read_whole(path, out);
}

/* One entry tile and the hash tile of its leaves, which go to range and leaves. */
static inline void verify_tile(struct channel *channel, struct tlog_tile tile,
                               struct tlog_range *range, uint8_t leaves[256 * 32])
{
    struct bytes entries, hashes;
    struct slice line;
    struct cursor cur;
    size_t count = 0;

    read_tile(&tile, &entries);
    tile.level = 0;
    read_tile(&tile, &hashes);
    cur = cursor_of(bytes_view(&entries));
    while (tlog_entry_tile_next(&cur, &line)) {
        assert_true(count < tile.width);
        verify_entry(channel, tile.number * 256 + count, line);
        tlog_leaf_hash(line, leaves + 32 * count);
        tlog_range_append(range, leaves + 32 * count);
        count++;
    }
    assert_false(cur.failed);
    assert_int_equal(count, tile.width);
    assert_int_equal(hashes.len, 32 * count);
    assert_memory_equal(hashes.ptr, leaves, hashes.len);
    bytes_release(&entries);
    bytes_release(&hashes);
}

/*
 * A reader of its own: the checkpoint's root from the entry tiles, each hash tile of level 0
 * and 1 compared with what the entries give, each document there unless withdrawn.
 */
static inline uint64_t verify(void)
{
    struct channel *channel = opened(CHANNEL_LOOK);
    struct bytes raw, hashes;
    struct tlog_note note;
    struct tlog_checkpoint checkpoint;
    struct tlog_range range;
    uint8_t root[32], leaves[256 * 32], parents[256 * 32];
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, 0, 256}, up = {1, 0, 0};

    read_whole("public/checkpoint", &raw);
    assert_int_equal(tlog_note_parse(bytes_view(&raw), &note, NULL), SH_OK);
    assert_int_equal(tlog_checkpoint_parse(note.text, &checkpoint, NULL), SH_OK);
    assert_int_equal(tlog_note_verdict(&note, &channel_info(channel)->log_key), TLOG_GOOD);
    assert_int_equal(checkpoint.size, channel_info(channel)->size);
    tlog_range_init(&range);
    for (; tile.number < checkpoint.size / 256; tile.number++) {
        verify_tile(channel, tile, &range, leaves);
        tlog_subtree_root(leaves, 256, parents + 32 * up.width++);
    }
    tile.width = checkpoint.size % 256;
    if (tile.width)
        verify_tile(channel, tile, &range, leaves);
    if (up.width) {
        read_tile(&up, &hashes);
        assert_int_equal(hashes.len, 32 * up.width);
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    (void)state;
    io_close(&home_dir);
    return io_remove_tree(AT_FDCWD, base, NULL);
}

static inline mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(home_dir, path, &st, 0), 0);
    return st.st_mode & 07777;
}

#endif
