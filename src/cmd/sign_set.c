/* sign INIT SEGMENT... OUT: a set of segments, in a folder that is made whole in one step. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/sign_int.h"
#include "io/io.h"

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int segment_make(struct signing *signing, struct role_segment *segment, const char *path,
                        struct bytes *leaves, struct why *why)
{
    uint8_t leaf[CRYPT_DIGEST_BYTES];
    struct stat st;
    int rc = sign_create(signing, base_of(path), &segment->out, why);

    if (rc == SH_OK) {
        rc = role_sign_segment(segment, leaf, why);
        if (rc == SH_OK)
            rc = io_sync_fd(segment->out, path, why);
        else
            rc = why_name(why, rc, path);
    }
    if (rc == SH_OK) {
        if (fstat(segment->in, &st) == 0)
            (void)fchmod(segment->out, st.st_mode & 0666);
        bytes_append(leaves, leaf, sizeof(leaf));
    }
    io_close(&segment->out);
    return rc;
}

/* They stay open: what credentials of the init segment say of them is looked at, too. */
static int pieces_open(const struct cmd_args *args, int pieces[ROLE_SIGN_PIECES], size_t *count,
                       struct why *why)
{
    int rc = SH_OK;

    if (args->word_count - 2 > ROLE_SIGN_PIECES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %d segments in one command",
                       ROLE_SIGN_PIECES);
    for (*count = 0; rc == SH_OK && *count + 2 < args->word_count; ++*count) {
        pieces[*count] = -1;
        rc = io_open_file(AT_FDCWD, args->words[*count + 1], &pieces[*count], why);
    }
    return rc;
}

/* All of them, then the init segment, which says what their hashes are. */
static int files_make(struct signing *signing, const struct cmd_args *args, struct why *why)
{
    struct c2pa_write_tree tree = {.unique_id = ROLE_SEGMENTS_ID};
    struct role_segment segment = {.in = -1, .out = -1};
    struct bytes leaves;
    int pieces[ROLE_SIGN_PIECES], fd = -1;
    size_t count = 0;
    int rc = pieces_open(args, pieces, &count, why);

    bytes_init(&leaves, CMD_WORDS_MAX * CRYPT_DIGEST_BYTES);
    for (size_t i = 0; rc == SH_OK && i < count; i++) {
        segment.in = pieces[i];
        segment.location = i;
        rc = segment_make(signing, &segment, args->words[i + 1], &leaves, why);
    }
    if (rc == SH_OK)
        rc = bytes_check(&leaves, why);
    tree.local_id = segment.track;
    tree.count = tree.row_count = leaves.len / CRYPT_DIGEST_BYTES;
    tree.row = leaves.ptr;
    signing->segments = &tree;
    signing->pieces = pieces;
    signing->piece_count = count;
    if (rc == SH_OK)
        rc = sign_create(signing, base_of(signing->in_path), &fd, why);
    if (rc == SH_OK)
        rc = sign_write(signing, fd, why);
    signing->segments = NULL;
    signing->pieces = NULL;
    signing->piece_count = 0;
    while (count)
        io_close(&pieces[--count]);
    io_close(&fd);
    bytes_release(&leaves);
    return rc;
}

/* What a reader finds, in lots of as many files as he takes at once. */
static int set_look(const struct signing *signing, const struct cmd_args *args, struct why *why)
{
    int fds[SIGN_LOT + 1], rc = SH_OK;
    size_t count = 0;

    for (size_t i = 0; rc == SH_OK && i + 1 < args->word_count; i++) {
        fds[count] = -1;
        rc = io_open_file(signing->set_dir, base_of(args->words[i]), &fds[count], why);
        count += rc == SH_OK;
        if (rc == SH_OK && (count == COUNT_OF(fds) || i + 2 == args->word_count)) {
            const struct role_sign_look look = {.fd = fds[0],
                                                .fragments = fds + 1,
                                                .fragment_count = count - 1,
                                                .leaf_sha256 = signing->leaf_sha256,
                                                .now = io_now()};

            rc = role_sign_look(&look, why);
            while (count > 1)
                io_close(&fds[--count]);
        }
    }
    while (count)
        io_close(&fds[--count]);
    return rc;
}

static int names_check(const struct cmd_args *args, struct why *why)
{
    for (size_t i = 0; i + 1 < args->word_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(base_of(args->words[i]), base_of(args->words[k])) == 0)
                return why_set(why, SH_EARG, WHY_NOWHERE,
                               "%s: two files of a set cannot have one name", args->words[i]);
    return SH_OK;
}

int sign_set(struct signing *signing, const struct cmd_args *args, struct why *why)
{
    const struct cmd_place *place = &signing->place;
    int rc = names_check(args, why);

    if (rc != SH_OK)
        return rc;
    if (mkdirat(place->dir, signing->temporary, 0700) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    rc = io_open_dir(place->dir, signing->temporary, &signing->set_dir, why);
    if (rc == SH_OK)
        rc = files_make(signing, args, why);
    if (rc == SH_OK)
        rc = set_look(signing, args, why);
    if (rc == SH_OK && fchmod(signing->set_dir, 0755) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", place->path, strerror(errno));
    if (rc == SH_OK)
        rc = io_sync_fd(signing->set_dir, place->path, why);
    io_close(&signing->set_dir);
    return rc;
}
