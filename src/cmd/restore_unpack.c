/* The caged half of restore: age, tar, and every check that the files alone allow. */
#include "cmd/restore_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "age/age.h"
#include "cage/cage.h"
#include "io/io.h"
#include "tar/tar.h"
#include "verify/verify.h"

#define READ_BYTES 65536
#define KEY_FILE_BYTES 65 /* 64 hex digits and LF */

struct unpack {
    const struct cmd_unpack *job;
    struct tar_reader tar;
    struct tar_member member;
    struct crypt_sha256 sha;
    bool hashed; /* the member's name says its SHA-256 */
    int fd;
};

/* What a backup of this version holds; everything else is refused, not guessed at. */
static bool is_known(const char *path)
{
    static const char *const folders[] = {"public/id/",    "public/tile/",       "public/d/",
                                          "public/b/",     "public/cp/",         "public/ts/",
                                          "private/keys/", "private/quarantine/"};

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return strcmp(path, "public/checkpoint") == 0 || strcmp(path, "private/stillhere.db") == 0;
}

static bool names_its_hash(const char *path)
{
    static const char *const folders[] = {"public/d/", "public/b/", "private/quarantine/d/",
                                          "private/quarantine/b/"};

    for (size_t i = 0; i < COUNT_OF(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static int on_begin(void *ctx, const struct tar_member *member, struct why *why)
{
    struct unpack *unpack = ctx;
    const char *path = member->path;
    mode_t dirs = strncmp(path, "public/", 7) == 0 ? 0755 : 0700;

    unpack->member = *member;
    if (!is_known(path))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: no part of a backup that this version knows; restore it with the "
                       "version that made it",
                       path);
    if (io_mkdirs_for(unpack->job->stage, path, dirs, why) < 0)
        return why->code;
    unpack->fd = openat(unpack->job->stage, path,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (unpack->fd < 0)
        return why_set(why, errno == EEXIST ? SH_EFORMAT : SH_EIO, WHY_NOWHERE, "%s: %s", path,
                       errno == EEXIST ? "twice in the backup" : strerror(errno));
    unpack->hashed = names_its_hash(path);
    crypto.sha256_init(&unpack->sha);
    return SH_OK;
}

static int on_data(void *ctx, struct slice data, struct why *why)
{
    struct unpack *unpack = ctx;

    if (unpack->hashed)
        crypto.sha256_update(&unpack->sha, data);
    return why_name(why, io_write_fd(unpack->fd, data, why), unpack->member.path);
}

static int on_end(void *ctx, struct why *why)
{
    struct unpack *unpack = ctx;
    const char *path = unpack->member.path, *name = strrchr(path, '/');
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)unpack->member.mtime_s}};
    mode_t mode = strncmp(path, "public/", 7) == 0 ? 0644 : 0600;
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    int rc = SH_OK;

    if (fchmod(unpack->fd, mode) != 0 || futimens(unpack->fd, times) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    io_close(&unpack->fd);
    if (rc < 0 || !unpack->hashed)
        return rc;
    crypto.sha256_final(&unpack->sha, digest);
    hex_build(slice_of(digest, sizeof(digest)), hex);
    if (strncmp(name + 1, hex, strlen(hex)) != 0)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: changed: its SHA-256 is not the one in its name", path);
    return SH_OK;
}

static int put_tar(void *ctx, struct slice data, struct why *why)
{
    return tar_reader_update(&((struct unpack *)ctx)->tar, data, why);
}

static int read_backup(struct unpack *unpack, struct age_reader *age, uint8_t *block,
                       const struct proc_side *side, struct why *why)
{
    uint64_t done = 0;
    ssize_t got;
    int rc = SH_OK;

    while (rc == SH_OK) {
        got = read(unpack->job->in, block, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(why, SH_EIO, done, "read: %s", strerror(errno));
        if (!got)
            break;
        rc = age_reader_update(age, slice_of(block, (size_t)got), why);
        done += (uint64_t)got;
        proc_progress(side, done);
    }
    if (rc == SH_OK)
        rc = age_reader_final(age, why);
    return rc == SH_OK ? tar_reader_final(&unpack->tar, why) : rc;
}

static int unpack_all(const struct cmd_unpack *job, const struct proc_side *side,
                      struct why *why)
{
    struct unpack unpack = {.job = job, .fd = -1};
    struct age_reader *age;
    struct arena arena;
    uint8_t *block;
    int rc;

    arena_init(&arena, sizeof(*age) + READ_BYTES + 64);
    age = arena_take(&arena, sizeof(*age));
    block = arena_take(&arena, READ_BYTES);
    if (age && block) {
        tar_reader_init(&unpack.tar, (struct tar_events){on_begin, on_data, on_end, &unpack});
        age_reader_init(age, &job->sheet->archive, (struct age_sink){put_tar, &unpack});
        rc = read_backup(&unpack, age, block, side, why);
        age_reader_release(age);
    } else {
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    }
    io_close(&unpack.fd);
    arena_release(&arena);
    return rc;
}

/* ---- the public tree ---- */

static int tree_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    return io_read(*(const int *)ctx, path, out, why);
}

static int tree_hash(void *ctx, const char *path, uint8_t sha256[32], uint64_t *bytes,
                     struct why *why)
{
    struct crypt_sha256 sha;
    uint8_t block[16384];
    uint64_t expected = *bytes;
    ssize_t got;
    int fd = -1;

    if (io_open_file(*(const int *)ctx, path, &fd, why) < 0)
        return why->code;
    crypto.sha256_init(&sha);
    for (*bytes = 0; *bytes <= expected; *bytes += (uint64_t)got) {
        got = read(fd, block, sizeof(block));
        if (got <= 0)
            break;
        crypto.sha256_update(&sha, slice_of(block, (size_t)got));
    }
    crypto.sha256_final(&sha, sha256);
    io_close(&fd);
    if (got < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    return SH_OK;
}

static int report_judge(const struct verify_report *report, enum lang lang, struct why *why)
{
    struct bytes text;

    if (verify_verdict(report) == VERIFY_OK)
        return SH_OK;
    bytes_init(&text, LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < report->count && !text.len; i++)
        if (verify_id_severity(report->finding[i].id) >= VERIFY_WANTING)
            verify_finding_say(&report->finding[i], lang, &text);
    (void)why_set(why, SH_ECONFLICT, WHY_NOWHERE, "what it holds is not whole: %.*s",
                  (int)text.len, text.len ? (const char *)text.ptr : "");
    bytes_release(&text);
    return SH_ECONFLICT;
}

static int check_tree(const struct cmd_unpack *job, int public_dir, struct why *why)
{
    struct verify_source source = {.ctx = &public_dir, .read = tree_read, .hash = tree_hash};
    struct verify_report *report;
    struct arena arena;
    int rc;

    arena_init(&arena, sizeof(*report) + 64);
    report = arena_take(&arena, sizeof(*report));
    if (!report)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = verify_channel(&source, &job->sheet->channel, report, why);
    if (rc == SH_OK)
        rc = report_judge(report, job->lang, why);
    arena_release(&arena);
    return rc;
}

/* ---- keys ---- */

static int key_file(int stage, const char *path, struct secret *out, struct why *why)
{
    struct bytes raw;
    int rc;

    bytes_init(&raw, KEY_FILE_BYTES);
    rc = io_read(stage, path, &raw, why);
    if (rc == SH_OK &&
        (raw.len != KEY_FILE_BYTES || raw.ptr[KEY_FILE_BYTES - 1] != '\n' ||
         !hex_parse(slice_of(raw.ptr, KEY_FILE_BYTES - 1), out->byte, sizeof(out->byte))))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: not 64 hex digits and a newline", path);
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    return rc;
}

/* Is a key of the note open, of this role and with these public bytes? */
static bool note_has(const struct identity *note, enum key_role role, struct slice key)
{
    for (size_t i = 0; i < note->key_count; i++)
        if (note->keys[i].role == role && note->keys[i].until == ENTRY_NO_REF &&
            slice_equal(slice_of(note->keys[i].bytes, note->keys[i].bytes_len), key))
            return true;
    return false;
}

static int compare_keys(const struct cmd_unpack *job, const struct identity *note,
                        struct why *why)
{
    uint8_t identity[CRYPT_KEY_BYTES], archive[CRYPT_KEY_BYTES], log[CRYPT_KEY_BYTES];
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct secret log_secret = {0}, ca_secret = {0};
    int rc;

    crypto.ed25519_public(&job->sheet->identity, identity);
    crypto.x25519_public(&job->sheet->archive, archive);
    if (!note_has(note, KEY_IDENTITY, slice_of(identity, sizeof(identity))) ||
        !note_has(note, KEY_ARCHIVE, slice_of(archive, sizeof(archive))))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the sheet's keys are not those of the channel in this backup");
    rc = key_file(job->stage, "private/keys/log.key", &log_secret, why);
    if (rc == SH_OK)
        rc = key_file(job->stage, "private/keys/c2pa-ca.key", &ca_secret, why);
    if (rc == SH_OK) {
        crypto.ed25519_public(&log_secret, log);
        if (!crypt_es256_public(&ca_secret, spki) ||
            !note_has(note, KEY_LOG, slice_of(log, sizeof(log))) ||
            !note_has(note, KEY_C2PA_CA, slice_of(spki, sizeof(spki))))
            rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                         "private/keys: not the keys that the channel's identity note names");
    }
    secret_wipe(&log_secret);
    secret_wipe(&ca_secret);
    return rc;
}

/* id/current was accepted by check_tree; here it is only read again. */
static int check_keys(const struct cmd_unpack *job, int public_dir, struct why *why)
{
    struct identity note = {0};
    struct tlog_note parts;
    struct arena arena;
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_NOTE_BYTES * 2);
    rc = io_read(public_dir, "id/current", &raw, why);
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&raw), &parts, why);
    if (rc == SH_OK)
        rc = identity_parse(parts.text, &arena, &note, why);
    if (rc == SH_OK)
        rc = compare_keys(job, &note, why);
    arena_release(&arena);
    bytes_release(&raw);
    return rc;
}

int cmd_unpack_run(void *ctx, const struct proc_side *side, struct why *why)
{
    const struct cmd_unpack *job = ctx;
    const int keep[] = {job->in, job->stage, side->fd};
    const struct cage_path paths[] = {{job->stage, CAGE_CHANGE}};
    struct cage_rules rules = {.profile = CAGE_SERVER,
                               .keep = keep,
                               .keep_count = COUNT_OF(keep),
                               .paths = paths,
                               .path_count = COUNT_OF(paths)};
    int public_dir = -1;
    int rc = cage_enter(&rules, NULL, why);

    if (rc == SH_OK)
        rc = unpack_all(job, side, why);
    if (rc == SH_OK)
        rc = io_open_dir(job->stage, "public", &public_dir, why);
    if (rc == SH_OK)
        rc = check_tree(job, public_dir, why);
    if (rc == SH_OK)
        rc = check_keys(job, public_dir, why);
    io_close(&public_dir);
    return rc;
}
