/* Files of a dispatch in the job's folder: made, hashed, made durable. */
#include "cmd/post_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "io/io.h"

#define HASH_STEP_BYTES ((size_t)256 << 10)
#define WINDOW_BYTES ((size_t)2 << 20) /* a multiple of every page size */
#define TELL_BYTES ((uint64_t)16 << 20)
#define POPULATE_READ 22 /* MADV_POPULATE_READ of Linux 5.14; refused by older ones */

int post_stage_open(struct post *post, const char *kind, struct post_stage *stage,
                    struct why *why)
{
    char *name = stage->file.staged;

    (void)snprintf(name, sizeof(stage->file.staged), "%s-%zu", kind, post->blob_count);
    stage->fd = openat(post->job.dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    /* What becomes public can be read by the web server, whatever the umask. */
    if (stage->fd < 0 || fchmod(stage->fd, 0644) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging: %s: %s", name,
                       strerror(errno));
    return SH_OK;
}

/* How far the hash of a file is. */
struct hash {
    struct crypt_sha256 ctx;
    int fd;
    uint64_t at;
    uint64_t told;
    uint64_t bytes; /* as many as there should be */
};

static void hash_take(struct hash *hash, struct slice part, const struct post_teller *teller)
{
    crypto.sha256_update(&hash->ctx, part);
    hash->at += part.len;
    if (hash->at - hash->told < TELL_BYTES)
        return;
    cmd_progress(teller->cmd, teller->clip, hash->at, hash->bytes);
    hash->told = hash->at;
}

/*
 * Hash through windows of the file in memory: saves copying every byte once more.  A window is
 * filled before it is touched, so that a bad disk is an error and no signal; whatever cannot be
 * had this way is left to hash_read.
 */
static void hash_map(struct hash *hash, const struct post_teller *teller)
{
    struct stat st;
    size_t len;
    void *window;
    bool filled = true;

    if (fstat(hash->fd, &st) != 0 || (uint64_t)st.st_size != hash->bytes)
        return;
    while (filled && hash->at < hash->bytes) {
        len = hash->bytes - hash->at < WINDOW_BYTES ? (size_t)(hash->bytes - hash->at)
                                                    : WINDOW_BYTES;
        window = mmap(NULL, len, PROT_READ, MAP_SHARED, hash->fd, (off_t)hash->at);
        if (window == MAP_FAILED)
            return;
        filled = madvise(window, len, POPULATE_READ) == 0;
        if (filled)
            hash_take(hash, slice_of(window, len), teller);
        (void)munmap(window, len); /* Nothing was written through it. */
    }
}

static int hash_read(struct hash *hash, const struct post_teller *teller, struct why *why)
{
    struct bytes hold;
    uint8_t *buf;
    ssize_t n = 0;
    int rc = SH_OK;

    bytes_init(&hold, HASH_STEP_BYTES);
    buf = bytes_room(&hold, HASH_STEP_BYTES);
    if (!buf)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory to hash");
    while ((n = pread(hash->fd, buf, HASH_STEP_BYTES, (off_t)hash->at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        hash_take(hash, slice_of(buf, (size_t)n), teller);
    }
    if (n < 0 || hash->at != hash->bytes)
        rc = why_set(why, SH_EIO, hash->at, "the new file cannot be read back: %s",
                     n < 0 ? strerror(errno) : "its size changed");
    bytes_release(&hold);
    return rc;
}

static int hash_file(int fd, const struct post_teller *teller, uint64_t bytes,
                     uint8_t sha256[CRYPT_DIGEST_BYTES], struct why *why)
{
    struct hash hash = {.fd = fd, .bytes = bytes};
    int rc;

    crypto.sha256_init(&hash.ctx);
    hash_map(&hash, teller);
    rc = hash_read(&hash, teller, why);
    crypto.sha256_final(&hash.ctx, sha256);
    return rc;
}

/* Hash, make durable, and name a staged file.  The same bytes are staged only once. */
int post_stage_done(struct post *post, struct post_stage *stage, const struct doc_blob *blob,
                    const struct post_teller *teller, struct why *why)
{
    const struct channel_file *file = &stage->file;
    struct doc_blob *kept = &post->blobs[post->blob_count];
    int rc;

    *kept = *blob;
    memcpy(kept->sha256, stage->sha256, sizeof(kept->sha256));
    rc = stage->hashed ? SH_OK : hash_file(stage->fd, teller, blob->bytes, kept->sha256, why);
    if (rc == SH_OK)
        rc = io_sync_fd(stage->fd, file->staged, why);
    if (rc == SH_OK)
        rc = tree_blob_path(kept->sha256, kept->mime, stage->file.path, why);
    if (rc != SH_OK)
        return rc;
    post->blob_count++;
    for (size_t i = 0; i < post->file_count; i++)
        if (strcmp(post->files[i].path, file->path) == 0)
            return SH_OK; /* Its copy goes with the job's folder. */
    post->files[post->file_count++] = *file;
    return SH_OK;
}
