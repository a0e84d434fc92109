/* What the files of the verification share. */
#ifndef VERIFY_VERIFY_INT_H
#define VERIFY_VERIFY_INT_H

#include "verify/verify.h"

/* Hash tiles of 256^4 = 2^32 leaves: more than LIMIT_VERIFY_ENTRIES. */
#define VERIFY_LEVELS 4

/* The right edge of one level of tiles. */
struct verify_level {
    uint8_t hash[TLOG_TILE_WIDTH * TLOG_HASH_BYTES];
    uint16_t used;  /* hashes, 0..255 between entries */
    uint64_t tiles; /* full ones so far */
};

/* One verification under way. */
struct verify_walk {
    const struct verify_source *source;
    struct verify_report *report;
    struct why *why; /* of SH_ENOMEM only */

    /* the channel and its keys, as the newest identity note has them */
    const struct identity *identity; /* NULL: none holds */
    struct bytes note_hashes;        /* 64 bytes a note: SHA-256 of its text, of the file */
    uint8_t current_hash[32];        /* SHA-256 of id/current */
    bool has_current;
    uint64_t successor_note; /* the newest note with a successor; 0 = none */
    uint64_t successor_size;
    uint8_t successor_root[32];

    /* the log */
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    struct verify_level level[VERIFY_LEVELS];
    uint64_t tiles_good, tiles_bad, identities;
    struct bytes kinds;       /* 1 byte an entry: enum entry_type */
    struct bytes tile_roots;  /* 32 bytes an entry tile, for the second reading */
    struct bytes tile_marks;  /* 1 byte an entry tile: it has documents */
    struct bytes withdrawals; /* struct verify_withdrawal, in the order of the log */
    struct bytes file;        /* the file being looked at */
};

struct verify_withdrawal {
    uint64_t index, by;
};

/* Whether the walk goes on. */
enum verify_next { VERIFY_STOP, VERIFY_GO };

/* Record a finding; text may be NULL and is made fit to be shown. */
void verify_found(struct verify_walk *walk, enum verify_id id, uint64_t index, uint64_t other,
                  const char *text);
/*
 * A file could not be read: the finding "path: cause" and SH_OK, or SH_ENOMEM when that was the
 * cause.
 */
MUST_CHECK int verify_unreadable(struct verify_walk *walk, const char *path,
                                 const struct why *why);
/* Did a revoked log key make entry index? */
bool verify_is_disputed(const struct verify_walk *walk, uint64_t index);

/* The identity chain and certificates: fills the channel and its keys (chain.c). */
MUST_CHECK int verify_chain(struct verify_walk *walk, struct arena *arena,
                            enum verify_next *next);
/* The checkpoint: size, root, signature (checkpoint.c). */
MUST_CHECK int verify_checkpoint(struct verify_walk *walk, enum verify_next *next);
/* Entries, root, tiles (log.c). */
MUST_CHECK int verify_log(struct verify_walk *walk, enum verify_next *next);
/*
 * Entry tile number of the log into walk->file; *width its entries.  *next says whether it is
 * there; the finding is made (log.c).
 */
MUST_CHECK int verify_entry_tile(struct verify_walk *walk, uint64_t number, uint16_t *width,
                                 enum verify_next *next);
/* Documents and blobs of all entries (documents.c). */
MUST_CHECK int verify_documents(struct verify_walk *walk);
/* Has an entry of this type a document in d/? */
bool verify_has_document(enum entry_type type);

#endif
