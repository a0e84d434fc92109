/*
 * The courier: brings the files of one copy to the reader in its cage, who has no other way to
 * anything.  It parses nothing of what it brings, and brings only what has the shape of a path
 * of the public tree.
 *
 * A request is max (4 bytes), length (2 bytes), path; an answer is code (1 byte: 0 or -enum
 * sh_err), length (4 bytes), content.
 */
#include "watch/watch_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "fetcher/fetcher.h"
#include "io/io.h"
#include "proc/proc.h"

/* Not a cap: nothing is kept where less is free. */
#define KEPT_LEFT_BYTES (UINT64_C(32) << 20)

struct trip {
    const struct watch_courier *courier;
    struct fetcher *fetcher;
    int dir;
};

static bool write_all(int fd, const void *data, size_t len)
{
    return io_write_fd(fd, slice_of(data, len), NULL) == SH_OK;
}

/* ---- in the cage ---- */

int watch_courier_read(void *ctx, const char *path, struct bytes *out, struct why *why)
{
    int fd = *(int *)ctx;
    size_t len = strlen(path);
    uint32_t most = out->max > UINT32_MAX ? UINT32_MAX : (uint32_t)out->max;
    uint8_t head[6] = {(uint8_t)(most >> 24), (uint8_t)(most >> 16), (uint8_t)(most >> 8),
                       (uint8_t)most,         (uint8_t)(len >> 8),   (uint8_t)len};
    uint8_t answer[5];
    uint8_t *room;
    uint32_t bytes;

    if (len > LIMIT_PATH_BYTES)
        return why_set(why, SH_EARG, WHY_NOWHERE, "a path that is too long");
    if (!write_all(fd, head, sizeof(head)) || !write_all(fd, path, len) ||
        !io_read_exactly(fd, answer, sizeof(answer)))
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: the copy cannot be read now", path);
    bytes = (uint32_t)answer[1] << 24 | (uint32_t)answer[2] << 16 | (uint32_t)answer[3] << 8 |
            answer[4];
    bytes_clear(out);
    if (bytes > out->max)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: the copy cannot be read now", path);
    room = bytes_room(out, bytes);
    if ((bytes && !room) || !io_read_exactly(fd, room, bytes))
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: the copy cannot be read now", path);
    if (answer[0]) { /* What came is the cause in words. */
        struct why cause = {0};

        watch_text(cause.text, sizeof(cause.text), slice_of(room, bytes));
        bytes_clear(out);
        return why_set(why,
                       answer[0] == -SH_ENOTFOUND ? SH_ENOTFOUND
                       : answer[0] == -SH_ELIMIT  ? SH_ELIMIT
                                                  : SH_EIO,
                       WHY_NOWHERE, "%s: %s", path, cause.text);
    }
    out->len = bytes;
    return SH_OK;
}

/* ---- what is kept of a long log on a slow line ---- */

/*
 * Full tiles of entries never change.  Those that came are kept until the whole was read, so
 * that the next look goes on where this one was ended.  They are believed as little as what
 * comes anew: only the root that was signed says whether they are right.
 */
static bool is_kept(const char *path)
{
    return strncmp(path, "tile/entries/", 13) == 0 && !strstr(path, ".p/");
}

static void kept_name(const struct trip *trip, const char *path, char out[LIMIT_PATH_BYTES * 2])
{
    size_t len = (size_t)snprintf(out, LIMIT_PATH_BYTES * 2, "%s/", trip->courier->kept);

    for (const char *c = path + 13; *c && len + 1 < LIMIT_PATH_BYTES * 2; c++)
        out[len++] = *c == '/' ? '-' : *c;
    out[len] = '\0';
}

static bool kept_read(const struct trip *trip, const char *path, struct bytes *out)
{
    char name[LIMIT_PATH_BYTES * 2];

    if (trip->courier->state < 0 || !is_kept(path))
        return false;
    kept_name(trip, path, name);
    return io_read(trip->courier->state, name, out, NULL) == SH_OK;
}

static void kept_write(const struct trip *trip, const char *path, struct slice content)
{
    char name[LIMIT_PATH_BYTES * 2];
    struct io_target target = {.dir = trip->courier->state,
                               .path = name,
                               .tmp_dir = trip->courier->state,
                               .mode = 0600,
                               .sync = IO_NO_SYNC};
    struct statvfs about;

    if (target.dir < 0 || !is_kept(path) || fstatvfs(target.dir, &about) != 0 ||
        (uint64_t)about.f_bavail * about.f_frsize < KEPT_LEFT_BYTES)
        return;
    kept_name(trip, path, name);
    if (io_mkdirs_for(target.dir, name, 0700, NULL) != SH_OK ||
        io_replace(&target, content, NULL) != SH_OK)
        return; /* It is asked for again. */
}

void watch_kept_path(const char *what, char out[WATCH_KEPT_BYTES])
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[17];

    crypto.sha256(slice_text(what), digest);
    hex_build(slice_of(digest, 8), hex);
    (void)snprintf(out, WATCH_KEPT_BYTES, "reading/%s", hex);
}

size_t watch_kept_count(int state, const char *kept)
{
    int fd = openat(state, kept, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t count = 0;

    if (!dir) {
        io_close(&fd);
        return 0;
    }
    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    (void)closedir(dir); /* It was only read. */
    return count;
}

void watch_kept_drop(int state, const char *kept)
{
    if (io_exists(state, kept) && io_remove_tree(state, kept, NULL) != SH_OK)
        io_say("warning", "watch", "leftover", "where=reading");
}

/* ---- the courier ---- */

static bool path_is_good(const char *path, size_t len)
{
    if (!len || path[0] == '/' || path[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = path[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '/' && c != '-' &&
            c != '.')
            return false;
        if (c == '.' && path[i + 1] == '.')
            return false;
    }
    return true;
}

static int bring_file(struct trip *trip, const char *path, struct bytes *out, struct why *why)
{
    struct stat st;
    int fd = openat(trip->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return why_set(why, errno == ENOENT || errno == ENOTDIR ? SH_ENOTFOUND : SH_EIO,
                       WHY_NOWHERE, "%s", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "not a regular file");
    else if ((uint64_t)st.st_size > out->max)
        rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "%llu bytes", (unsigned long long)st.st_size);
    else
        rc = io_read_fd(fd, out, why);
    io_close(&fd);
    return rc;
}

static int bring_url(struct trip *trip, const char *path, struct bytes *out, struct why *why)
{
    char url[LIMIT_URL_BYTES + 1];
    struct fetcher_request request = {.id = 1,
                                      .method = FETCHER_GET,
                                      .url = url,
                                      .most_bytes = out->max,
                                      .deadline_ms = LIMIT_WATCH_ASK_MS};
    struct fetcher_answer answer;
    int rc;

    if (kept_read(trip, path, out))
        return SH_OK;
    bytes_clear(out);
    if (is_kept(path)) /* A tile may take nearly all the time that there is. */
        request.deadline_ms = LIMIT_WATCH_READ_S * 1000 - 10000;

    if (trip->courier->past_caches)
        request.headers = "Cache-Control: no-cache\n";
    if (snprintf(url, sizeof(url), "%s%s", trip->courier->what, path) >= (int)sizeof(url))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the address is too long");
    rc = fetcher_do(trip->fetcher, &request, &answer, why);
    if (rc != SH_OK)
        return rc;
    if (answer.outcome == FETCHER_TOO_LARGE)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %llu bytes",
                       (unsigned long long)out->max);
    if (answer.outcome != FETCHER_DONE)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s", answer.text);
    if (answer.status == 404 || answer.status == 410)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "not there (%u)", answer.status);
    if (answer.status != 200)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the server answers %u", answer.status);
    bytes_slice(out, answer.body);
    kept_write(trip, path, answer.body);
    return bytes_check(out, why);
}

static bool serve_one(struct trip *trip, struct bytes *content)
{
    int end = trip->courier->end;
    char path[LIMIT_PATH_BYTES + 2] = {0};
    uint8_t head[6];
    struct why why = {0};
    struct slice answer;
    uint32_t most, len;
    int rc;

    if (!io_read_exactly(end, head, sizeof(head)))
        return false;
    most = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    len = (uint32_t)head[4] << 8 | head[5];
    if (len > LIMIT_PATH_BYTES || !io_read_exactly(end, path, len) || !path_is_good(path, len))
        return false;
    bytes_release(content);
    bytes_init(content, most ? most : 1);
    rc = trip->courier->is_url ? bring_url(trip, path, content, &why)
                               : bring_file(trip, path, content, &why);
    answer = rc == SH_OK ? bytes_view(content) : slice_text(why.text);
    if (rc != SH_OK && answer.len > most)
        answer.len = most;
    head[0] = (uint8_t)-rc;
    head[1] = (uint8_t)(answer.len >> 24);
    head[2] = (uint8_t)(answer.len >> 16);
    head[3] = (uint8_t)(answer.len >> 8);
    head[4] = (uint8_t)answer.len;
    return write_all(end, head, 5) && write_all(end, answer.ptr, answer.len);
}

static int carry(void *ctx)
{
    struct trip trip = {.courier = ctx, .dir = -1};
    char public_dir[LIMIT_HOME_BYTES];
    const char *what = trip.courier->what;
    struct bytes content = {0};

    if (trip.courier->is_url) {
        if (fetcher_open(trip.courier->fetch, &trip.fetcher, NULL) != SH_OK)
            return 1;
    } else {
        if (snprintf(public_dir, sizeof(public_dir), "%s/public", what) <
            (int)sizeof(public_dir))
            trip.dir = open(public_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (trip.dir < 0)
            trip.dir = open(what, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (trip.dir < 0)
            return 1;
    }
    while (serve_one(&trip, &content))
        continue;
    bytes_release(&content);
    fetcher_close(trip.fetcher);
    io_close(&trip.dir);
    return 0;
}

int watch_courier_start(const struct watch_courier *courier, pid_t *pid, struct why *why)
{
    struct watch_courier copy = *courier;

    return proc_begin("the courier", carry, &copy, pid, why);
}
