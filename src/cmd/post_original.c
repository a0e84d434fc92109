/*
 * The untouched clip, sealed in one pass: SHA-256 and age to the archive key, into the job's
 * folder.  In clear it is never written (docs/decisions/0018).
 */
#include "cmd/post_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "age/age.h"
#include "io/io.h"

#define STAGED "original"
#define STEP_BYTES ((size_t)256 << 10)

int post_original_wish(struct post *post, const struct cmd_args *args, size_t clips,
                       const struct channel *channel, struct why *why)
{
    bool keep = cmd_is_set(args, "keep-original") || cmd_is_set(args, "commit-place");
    bool none = cmd_is_set(args, "no-original");
    struct channel_settings settings;
    int rc = SH_OK;

    if (keep && none)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "either --no-original, or --keep-original and --commit-place");
    if (!keep && !none) {
        rc = channel_settings(channel, &settings, why);
        keep = rc == SH_OK && strcmp(settings.originals, "keep") == 0;
    }
    if (keep && clips > 1)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "%zu clips: an original is kept for one clip a dispatch; post them one "
                       "by one, or add --no-original",
                       clips);
    post->keep = keep;
    memcpy(post->archive, channel_info(channel)->archive_key, sizeof(post->archive));
    return rc;
}

/* One clip on its way into its sealed file. */
struct sealing {
    int from, to;
    struct age_writer *age;
    uint8_t *block; /* of STEP_BYTES */
    struct crypt_sha256 sha;
    struct original original;
    uint64_t expected; /* bytes of the clip, for the progress line */
};

/* sink->put */
static int put_sealed(void *ctx, struct slice data, struct why *why)
{
    const int *to = ctx;
    int rc = io_write_fd(*to, data, why);

    return rc < 0 ? why_name(why, rc, "private/staging/" STAGED) : rc;
}

static int seal_clip(struct sealing *sealing, const struct post_teller *teller, struct why *why)
{
    uint64_t at = 0;
    ssize_t got;
    int rc = SH_OK;

    while (rc == SH_OK) {
        got = pread(sealing->from, sealing->block, STEP_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = why_set(why, SH_EIO, at, "read: %s", strerror(errno));
        if (got <= 0)
            break;
        crypto.sha256_update(&sealing->sha, slice_of(sealing->block, (size_t)got));
        rc = age_writer_update(sealing->age, slice_of(sealing->block, (size_t)got), why);
        at += (uint64_t)got;
        cmd_progress(teller->cmd, teller->clip, at, sealing->expected);
    }
    crypto.sha256_final(&sealing->sha, sealing->original.sha256);
    sealing->original.bytes = at;
    return rc;
}

/* Zeros, so that the size tells less, and the tail that says what is what. */
static int seal_end(struct sealing *sealing, struct why *why)
{
    uint64_t held = sealing->original.bytes + ORIGINAL_TAIL_BYTES;
    uint64_t left = age_padded_bytes(held) - held;
    uint8_t tail[ORIGINAL_TAIL_BYTES];
    size_t some;
    int rc = SH_OK;

    memset(sealing->block, 0, STEP_BYTES);
    for (; rc == SH_OK && left; left -= some) {
        some = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
        rc = age_writer_update(sealing->age, slice_of(sealing->block, some), why);
    }
    original_tail_build(&sealing->original, tail);
    if (rc == SH_OK)
        rc = age_writer_update(sealing->age, slice_of(tail, sizeof(tail)), why);
    if (rc == SH_OK)
        rc = age_writer_final(sealing->age, why);
    wipe(tail, sizeof(tail));
    return rc;
}

static int seal_all(struct sealing *sealing, const struct post *post,
                    const struct post_teller *teller, struct why *why)
{
    struct age_random random;
    struct arena arena;
    int rc = SH_OK;

    arena_init(&arena, sizeof(*sealing->age) + STEP_BYTES + 64);
    sealing->age = arena_take(&arena, sizeof(*sealing->age));
    sealing->block = arena_take(&arena, STEP_BYTES);
    if (!sealing->age || !sealing->block)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    if (rc == SH_OK) {
        io_random(&random, sizeof(random));
        rc = age_writer_start(sealing->age, post->archive, &random,
                              (struct age_sink){put_sealed, &sealing->to}, why);
        if (rc == SH_OK)
            rc = seal_clip(sealing, teller, why);
        if (rc == SH_OK)
            rc = seal_end(sealing, why);
        age_writer_release(sealing->age);
        wipe(sealing->block, STEP_BYTES);
    }
    arena_release(&arena);
    return rc;
}

int post_original_seal(struct post *post, int clip, const struct post_teller *teller,
                       struct why *why)
{
    struct sealing sealing = {.from = clip, .to = -1};
    struct channel_file *file = &post->files[post->file_count];
    struct stat st;
    int rc = SH_OK;

    if (post->has_orig || post->file_count == COUNT_OF(post->files))
        bug("one original a dispatch");
    sealing.to = openat(post->job.dir, STAGED,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (sealing.to < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging/" STAGED ": %s",
                       strerror(errno));
    if (fstat(clip, &st) == 0)
        sealing.expected = (uint64_t)st.st_size;
    io_random(sealing.original.random, sizeof(sealing.original.random));
    crypto.sha256_init(&sealing.sha);
    rc = seal_all(&sealing, post, teller, why);
    if (rc == SH_OK)
        rc = io_sync_fd(sealing.to, "private/staging/" STAGED, why);
    io_close(&sealing.to);
    if (rc == SH_OK) {
        memcpy(file->staged, STAGED, sizeof(STAGED));
        original_path(post->dispatch, file->path);
        post->file_count++;
        original_commit(&sealing.original, post->orig);
        post->has_orig = true;
    }
    wipe(&sealing.original, sizeof(sealing.original));
    return rc;
}
