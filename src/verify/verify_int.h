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
    struct bytes successors;         /* struct verify_successor, in the order of their notes */
    char rotated[KEY_ID_CHARS + 1];  /* the log key that the newest note ended; empty = none */
    struct bytes note_hashes;        /* 64 bytes a note: SHA-256 of its text, of the file */
    uint8_t current_hash[32];        /* SHA-256 of id/current */
    bool has_current;

    /* the log */
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    struct verify_level level[VERIFY_LEVELS];
    uint64_t tiles_good, tiles_bad, identities;
    struct bytes identity_at; /* 8 bytes an identity entry: its index */
    struct bytes kinds;       /* 1 byte an entry: enum entry_type and VERIFY_KIND_OPENED... */
    struct bytes tile_roots;  /* 32 bytes an entry tile, for the second reading */
    struct bytes tile_marks;  /* 1 byte an entry tile: it has documents */
    struct bytes withdrawals; /* struct verify_withdrawal, in the order of the log */
    struct bytes openings;    /* struct verify_opening, in the order of the log */
    struct bytes file;        /* the file being looked at */
    struct bytes aside;       /* an identity note, for the order of a purge */
};

/* What a byte of walk->kinds holds beside the type. */
#define VERIFY_TYPE 0x0f
#define VERIFY_KIND_OPENED 0x80   /* an open entry that counts opens it */
#define VERIFY_KIND_DISPUTED 0x40 /* a disputed one does */

/* Sorted by (index, by) after the first reading. */
struct verify_withdrawal {
    uint64_t index, by;
};
struct verify_opening {
    uint64_t index, by;
    uint8_t hash[TLOG_HASH_BYTES]; /* of the sealed entry; the second reading fills it */
};
struct verify_successor {
    uint64_t note, size;
    uint8_t root[TLOG_HASH_BYTES];
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
/* A file is missing or changed: told to the source's listener; ENTRY_NO_REF: the log's. */
void verify_tell_file(const struct verify_walk *walk, enum verify_event_kind kind,
                      uint64_t index, const char *path);
/* What an entry is: told to the source's listener. */
void verify_tell_state(const struct verify_walk *walk, uint64_t index, enum verify_state state,
                       uint64_t by);
/* Sort what was noted in the first reading, for the lookups below (refs.c). */
void verify_refs_sort(struct verify_walk *walk);
/* The first entry that withdraws index; ENTRY_NO_REF when none does. */
uint64_t verify_withdrawn_by(const struct verify_walk *walk, uint64_t index);
/* The sealed entry at index has this hash. */
void verify_opening_fill(struct verify_walk *walk, uint64_t index, const uint8_t hash[32]);
/* The hash of the sealed entry at index that entry by opens; NULL when it does not count. */
const uint8_t *verify_opening_hash(const struct verify_walk *walk, uint64_t index, uint64_t by);
/*
 * In a home: is what was withdrawn kept whole in private/quarantine?  Is what waits sealed in
 * private/sealed whole, if it is there (a cover is not)?  Only told as events (kept.c); of what
 * is kept, the files are told as named.  The document of `withdrawn` has that hash.
 */
MUST_CHECK int verify_kept(struct verify_walk *walk, const struct verify_named *withdrawn,
                           const uint8_t hash[32]);
/* Whoever looks for a file is told which ones the document names (documents.c). */
void verify_tell_named(const struct verify_walk *walk, const struct verify_named *entry,
                       const struct document *doc);
MUST_CHECK int verify_waiting(struct verify_walk *walk, uint64_t index, const uint8_t hash[32]);
/* The type of an entry that was read before. */
enum entry_type verify_type(const struct verify_walk *walk, uint64_t index);
/* Entry `by` asks to purge entry index; the document is its own (purge.c). */
MUST_CHECK int verify_purge(struct verify_walk *walk, uint64_t index, uint64_t by,
                            const struct document *doc);
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
/* Which kind a signature by an unknown key may be: its length says what it cannot be. */
const char *verify_signature_kind(size_t len);
/* Has an entry of this type a document in d/? */
bool verify_has_document(enum entry_type type);

#endif
