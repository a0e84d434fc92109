/*
 * tar -- the archive inside of a backup: a writer, and a reader of exactly what it writes.
 *
 * What:    any tar program unpacks our archives; our reader takes no others, so that there is
 *          one meaning for each archive and nothing to argue about.
 * Spec:    POSIX.1-2008 pax, "ustar Interchange Format".  Regular files only; no prefix field;
 *          uid, gid, names and devices empty or 0; mode 0600 or 0644; two zero blocks and
 *          nothing more at the end.
 * Shapes:  path   1..100 of [A-Za-z0-9._/-], no empty part, no part "." or ".."
 *          size   0..2^33 - 1 bytes (11 octal digits), padded with zeros to 512
 * Memory:  plain structs of the caller; nothing is allocated.
 * Errors:  SH_EFORMAT with the offset in the archive, SH_ELIMIT, SH_EARG, or what a callback
 *          returned.  After an error the reader takes no more input.
 * Threads: no state besides the structs.
 */
#ifndef TAR_TAR_H
#define TAR_TAR_H

#include "base/base.h"

#define TAR_BLOCK_BYTES 512
#define TAR_PATH_BYTES 101 /* with the NUL */

struct tar_member {
    char path[TAR_PATH_BYTES];
    uint64_t bytes;
    uint64_t mtime_s; /* 0..2^33 - 1 */
    uint32_t mode;    /* 0600 or 0644 */
};

/* The header block of a member.  SH_EARG / SH_ELIMIT when the format cannot hold it. */
MUST_CHECK int tar_header_build(const struct tar_member *member, uint8_t out[TAR_BLOCK_BYTES],
                                struct why *why);
/* How many zero bytes follow a member of so many bytes: 0..511. */
size_t tar_padding(uint64_t bytes);
/* The end of an archive: so many zero bytes. */
#define TAR_END_BYTES (2 * TAR_BLOCK_BYTES)

/* What the reader reports, in order: begin, data 0 or more times, end; for each member. */
struct tar_events {
    int (*begin)(void *ctx, const struct tar_member *member, struct why *why);
    int (*data)(void *ctx, struct slice data, struct why *why);
    int (*end)(void *ctx, struct why *why);
    void *ctx;
};

enum tar_state { TAR_HEADER, TAR_DATA, TAR_PADDING, TAR_LAST_BLOCK, TAR_ENDED };
struct tar_reader {
    struct tar_events events;
    enum tar_state state;
    uint64_t at;   /* bytes taken: offsets in messages */
    uint64_t left; /* bytes of data or padding still to come */
    size_t held;   /* bytes in block */
    uint64_t members;
    int failed;
    uint8_t block[TAR_BLOCK_BYTES];
};
void tar_reader_init(struct tar_reader *reader, struct tar_events events);
/* Bytes of the archive, any number at a time. */
MUST_CHECK int tar_reader_update(struct tar_reader *reader, struct slice data, struct why *why);
/* The input has ended: 0 only when the archive was whole. */
MUST_CHECK int tar_reader_final(struct tar_reader *reader, struct why *why);

#endif
