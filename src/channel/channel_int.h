/* channel, private: the handle, the state in SQLite, the right edge of the tree. */
#ifndef CHANNEL_CHANNEL_INT_H
#define CHANNEL_CHANNEL_INT_H

#include "channel/channel.h"
#include "io/io.h"
#include "store/store.h"

#define CHANNEL_DB "stillhere.db"
#define CHANNEL_KEYS "keys"
#define CHANNEL_LOG_KEY "keys/log.key"
#define CHANNEL_CA_KEY "keys/c2pa-ca.key"
#define CHANNEL_LEAF_KEY "keys/c2pa-leaf.key" /* role/claim_leaf.c makes it */
#define CHANNEL_LOCK "lock"
#define CHANNEL_SETTINGS "settings"
#define CHANNEL_WAITING "waiting"
#define CHANNEL_BATCH "batch" /* there while several are put there together */
#define CHANNEL_MARK "restored"
#define CHANNEL_PLACE "place" /* machine and folder that wrote last */
#define CHANNEL_BIRTH ".init"
#define CHANNEL_PAGES_OLD "pages-old" /* the pages in public/ are not those we wrote last */
#define CHANNEL_BOOT_BYTES 40
#define CHANNEL_ENTRY_TILE_BYTES (TLOG_TILE_WIDTH * (2 + LIMIT_ENTRY_BYTES))

extern const struct store_schema channel_schema;

/* ---- the one row of table state ---- */

struct channel_state {
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    uint64_t prev_size; /* the last commit was from prev_size to size */
    uint8_t prev_root[TLOG_HASH_BYTES];
    uint64_t stamp;      /* the newest modification time of a public file that changes */
    uint64_t published;  /* the newest time in a document */
    uint64_t dispatches; /* entries of type dispatch */
    uint64_t pages_size;
    char pages_version[32];
    /* Pages are not fsynced.  What was written since pages_safe, in the run of the machine
     * named boot, counts as written only while that run lasts. */
    char boot[CHANNEL_BOOT_BYTES];
    uint64_t pages_safe;
    struct bytes note; /* the signed checkpoint */
};
void channel_state_init(struct channel_state *state);
void channel_state_release(struct channel_state *state);
MUST_CHECK int channel_state_load(struct store *store, struct channel_state *state,
                                  struct why *why);
/* Inside of a transaction. */
MUST_CHECK int channel_state_save(struct store *store, const struct channel_state *state,
                                  struct why *why);
/* A small public file that never changes, or only with the identity: data into table kept. */
MUST_CHECK int channel_kept_put(struct store *store, const char *path, struct slice data,
                                struct why *why);
MUST_CHECK int channel_kept_get(struct store *store, const char *path, struct bytes *out,
                                struct why *why);

/* ---- rows of table entries ---- */

#define CHANNEL_NONE UINT64_MAX
/* For SQL: the types that statements name. */
#define CHANNEL_TYPE_SEALED "4"
#define CHANNEL_TYPE_CORRECT "7"
/* Documents of dispatch, promise, open, withdraw and correct say when they were published. */
#define CHANNEL_TYPES_DATED "1,2,5,6,7"
_Static_assert(ENTRY_SEALED == 4 && ENTRY_CORRECT == 7, "the numbers above");
_Static_assert(ENTRY_DISPATCH == 1 && ENTRY_PROMISE == 2 && ENTRY_OPEN == 5 &&
                   ENTRY_WITHDRAW == 6,
               "the numbers above");
struct channel_row {
    uint64_t index;
    enum entry_type type;
    uint64_t ordinal; /* dispatches and opened entries before this one */
    uint64_t ref;     /* or CHANNEL_NONE, like all below */
    uint64_t withdrawn_by, opened_by, corrected_by, purged_by;
    char line[LIMIT_ENTRY_BYTES + 1];
    size_t line_len;
};
MUST_CHECK int channel_row_get(struct store *store, uint64_t index, struct channel_row *row,
                               struct why *why);
MUST_CHECK int channel_row_put(struct store *store, const struct channel_row *row,
                               struct why *why);
/* What the entry `by` does to entry index.  Corrections of an entry go with it. */
MUST_CHECK int channel_row_withdraw(struct store *store, uint64_t index, uint64_t by,
                                    struct why *why);
MUST_CHECK int channel_row_purge(struct store *store, uint64_t index, uint64_t by,
                                 struct why *why);
MUST_CHECK int channel_row_open(struct store *store, uint64_t index, uint64_t by,
                                struct why *why);
MUST_CHECK int channel_row_correct(struct store *store, uint64_t index, uint64_t by,
                                   struct why *why);
/* A sealed entry whose document waits here; publish_at 0: until its keeper says. */
MUST_CHECK int channel_row_seal(struct store *store, uint64_t index, uint64_t publish_at,
                                struct why *why);
/* The blobs that a document names, and its sealed original, into table files. */
MUST_CHECK int channel_files_put(struct store *store, uint64_t index,
                                 const struct document *doc, struct why *why);

/* ---- the right edge: the partial tiles of a size ---- */

#define CHANNEL_LEVELS 6 /* 256^5 = LIMIT_LOG_SIZE */
struct channel_edge {
    uint64_t size;
    uint16_t width[CHANNEL_LEVELS];
    bool changed[CHANNEL_LEVELS];
    uint8_t hash[CHANNEL_LEVELS][TLOG_TILE_WIDTH][TLOG_HASH_BYTES];
    struct bytes entries; /* content of the last entry tile, width[0] entries */
};
void channel_edge_init(struct channel_edge *edge);
void channel_edge_release(struct channel_edge *edge);
/* Receives a tile that is full, or the last one of its level. */
struct channel_emit {
    int (*tile)(void *ctx, const struct tlog_tile *tile, struct slice data, struct why *why);
    void *ctx;
};
/* Append an entry; full tiles go to emit (NULL: nowhere). */
MUST_CHECK int channel_edge_push(struct channel_edge *edge, struct slice line,
                                 const struct channel_emit *emit, struct why *why);
/* The partial tiles that changed since the last call. */
MUST_CHECK int channel_edge_emit(struct channel_edge *edge, const struct channel_emit *emit,
                                 struct why *why);
void channel_edge_range(const struct channel_edge *edge, struct tlog_range *range);
/* Read the partial tiles of size from a public tree and compare their root; SH_ECONFLICT. */
MUST_CHECK int channel_edge_load(struct channel_edge *edge, int public_dir, uint64_t size,
                                 const uint8_t root[TLOG_HASH_BYTES], struct why *why);

/* ---- the handle ---- */

struct channel {
    char home[LIMIT_HOME_BYTES];
    int home_dir, private_dir, lock;
    enum channel_use use;
    struct store *store;
    struct channel_state state;
    struct channel_edge edge;    /* at state.size; at state.prev_size before publishing */
    struct identity_chain chain; /* empty until channel_info_fill */
    struct channel_info info;
    uint64_t shown; /* size of the log that public/ shows, as far as we know */
    /* Where a dispatch was found: the next one often stands right behind it. */
    struct {
        uint64_t ordinal, at;
    } found;
    bool broken;      /* a write failed: nothing more through this handle */
    bool stamp_fresh; /* state.stamp belongs to a commit whose pages are not written yet */
};

/* Home, directories and the lock (wait LIMIT_LOCK_WAIT_S); the rest of the handle is empty. */
MUST_CHECK int channel_home_open(const char *home, enum channel_use use,
                                 struct channel *channel, struct why *why);
void channel_home_close(struct channel *channel);
/* Behind channel_home_open: the database, the state and the info, without any judgement. */
MUST_CHECK int channel_store_write(struct channel *channel, struct why *why);
MUST_CHECK int channel_new(struct channel **out, struct why *why);
/* Fill info from state and the kept identity notes. */
MUST_CHECK int channel_info_fill(struct channel *channel, struct why *why);
/* The id of this run of the machine; "" where the system does not tell. */
void channel_boot_read(char out[CHANNEL_BOOT_BYTES]);
/*
 * The checkpoint of state's size and root into state->note, signed by the log key, and by the
 * one before it while that signs too; checked.
 */
MUST_CHECK int channel_sign(const struct channel *channel, struct channel_state *state,
                            const struct channel_signer *signer, struct why *why);
/* HOME/<below> in out[LIMIT_HOME_BYTES + 64]. */
#define CHANNEL_PATH_BYTES (LIMIT_HOME_BYTES + 64)
void channel_path(const char *home, const char *below, char out[CHANNEL_PATH_BYTES]);

/* ---- comparing public/ with what we signed ---- */

struct channel_verdict {
    bool behind;          /* public/ shows less than was committed */
    bool kept_missing;    /* an identity file or certificate is not there */
    uint64_t public_size; /* what it shows */
    struct why conflict;  /* code SH_OK: none */
};
MUST_CHECK int channel_judge(struct channel *channel, struct channel_verdict *verdict,
                             struct why *why);
/* Root of the first size entries by table entries. */
MUST_CHECK int channel_root_at(struct store *store, uint64_t size,
                               uint8_t root[TLOG_HASH_BYTES], struct why *why);

/* ---- publishing ---- */

/* From a handle whose edge is at prev_size and verified: the last commit. */
MUST_CHECK int channel_publish_last(struct channel *channel, struct why *why);
/*
 * Whatever is missing in public/ up to state.size; wrong tiles are an error.  With
 * CHANNEL_SET_ASIDE they move to private/quarantine/changed/ and are written anew.
 */
enum channel_repair { CHANNEL_KEEP, CHANNEL_SET_ASIDE };
MUST_CHECK int channel_publish_all(struct channel *channel, enum channel_repair repair,
                                   struct why *why);

/*
 * Is the way to public/path clear: folders above it, a file or nothing under its name?
 * SH_ECONFLICT names what stands there; a symbolic link does, wherever it leads.  Of a path
 * that ends in a slash only the folders are looked at.
 */
MUST_CHECK int channel_way_check(int public_dir, const char *path, struct why *why);
/* The same, but what stands there is set aside; a link to a folder stays: SH_ECONFLICT. */
MUST_CHECK int channel_way_clear(struct channel *channel, const char *path, struct why *why);
/* The same for each place where a next word will go, pages too. */
MUST_CHECK int channel_ways_check(int public_dir, struct why *why);
MUST_CHECK int channel_ways_clear(struct channel *channel, struct why *why);
/* public/path to private/quarantine/changed/path, beside what was set aside there before. */
MUST_CHECK int channel_set_aside(struct channel *channel, const char *path, struct why *why);

/* What a commit has still to do with a file: table pending, column op. */
enum channel_op {
    CHANNEL_OP_PUT = 0,  /* data to public/path */
    CHANNEL_OP_SHOW = 1, /* private/staged to public/path, with the time of its publication */
    CHANNEL_OP_HIDE = 2, /* public/path to private/quarantine/path */
    CHANNEL_OP_SEAL = 3, /* data, or private/staged, to private/sealed/path */
    CHANNEL_OP_HIDE_SEALED = 4,  /* private/sealed/path to private/quarantine/path */
    CHANNEL_OP_PURGE = 5,        /* delete public/path and private/quarantine/path */
    CHANNEL_OP_PURGE_SEALED = 6, /* delete private/sealed/path and private/quarantine/path */
    CHANNEL_OP_KEEP = 7,         /* private/staged to private/path: a sealed original */
};
/* What a withdrawal does with the files of row. */
enum channel_op channel_hide_op(const struct channel_row *row, bool purge);

/*
 * Every file that goes when the dispatch of row is withdrawn: its document, those of its
 * corrections, and the blobs that no other dispatch names which is not withdrawn.
 */
MUST_CHECK int channel_hidden(struct store *store, const struct channel_row *row,
                              const struct channel_hide *hide, struct why *why);
/* Every file of one entry: its document, and the blobs that it names. */
MUST_CHECK int channel_files_of(struct store *store, const struct channel_row *row,
                                const struct channel_hide *hide, struct why *why);

/* ---- where the home is (place.c) ---- */

/* It is here, from now on. */
MUST_CHECK int channel_place_write(struct channel *channel, struct why *why);
/* Did it write last elsewhere?  A home of an older version does not know. */
bool channel_place_is_other(const struct channel *channel);
/* info.copied; a writer notes the place of a home that knows none. */
void channel_place_check(struct channel *channel);

/* ---- keys ---- */

MUST_CHECK int channel_key_read(int private_dir, const char *path, struct secret *secret,
                                struct why *why);
MUST_CHECK int channel_key_write(int private_dir, int tmp_dir, const char *path,
                                 const struct secret *secret, struct why *why);

/* The content of private/settings, and back; *out is undefined after a refusal. */
MUST_CHECK int channel_settings_parse(struct slice raw, struct channel_settings *out,
                                      struct why *why);
void channel_settings_build(const struct channel_settings *settings, struct bytes *out);

/* All pages count as behind, durably, until channel_pages_done. */
MUST_CHECK int channel_pages_behind(struct channel *channel, struct why *why);

/* Delete staging folders without a living owner and left-over temporary files. */
MUST_CHECK int channel_sweep(struct channel *channel, struct why *why);

/* "quarantine/<path>" */
#define CHANNEL_QUARANTINE_BYTES (TREE_PATH_BYTES + 16)
void channel_quarantine_path(const char *path, char out[CHANNEL_QUARANTINE_BYTES]);
/* "sealed/<path>" */
void channel_sealed_path(const char *path, char out[CHANNEL_QUARANTINE_BYTES]);

/* Inside of a transaction: the slot is taken. */
MUST_CHECK int channel_slot_take(struct store *store, uint64_t slot, struct why *why);
MUST_CHECK int channel_slot_last(struct store *store, uint64_t *last, struct why *why);
/*
 * Is dir/name a whole dispatch that waits for a slot?  *logged: it is in the channel's log (no
 * channel: not asked), and its files may have moved.
 */
MUST_CHECK int channel_waiting_whole(int dir, const char *name, struct channel *channel,
                                     bool *logged, struct why *why);
/*
 * Links to all that waits for a slot, in a job's folder: they stay while slots are taken.
 * SH_ECONFLICT: one was taken since the channel was opened; open it again.
 */
MUST_CHECK int channel_hold_waiting(struct channel *channel, struct channel_job *job,
                                    struct why *why);
/* Each name of the folder dir/path, but "." and "..". */
struct channel_names {
    int (*name)(void *ctx, int dir, const char *name, struct why *why);
    void *ctx;
};
MUST_CHECK int channel_names(int dir, const char *path, const struct channel_names *each,
                             struct why *why);

/* ---- sealed entries: private/sealed/<path as in public/> ---- */

/*
 * Beside a sealed document lies <path>.at: when it opens, "0\n" for when its keeper says.  The
 * file is the truth, table sealed is made from it.
 */
void channel_at_build(uint64_t publish_at, struct bytes *out);
/* One that is damaged is 0. */
uint64_t channel_at_parse(struct slice text);
/* SH_ENOTFOUND: no document waits for the entry, or it is not its own. */
MUST_CHECK int channel_sealed_read(const struct channel *channel, const struct entry *entry,
                                   struct bytes *raw, uint64_t *publish_at, struct why *why);

/* ---- HOME/.init, where a channel is built before it is there (create.c) ---- */

struct channel_nest {
    struct channel *channel;
    bool made_home, ours;
};
/* Lock HOME, which must hold no channel; made when it is not there. */
MUST_CHECK int channel_nest_open(struct channel_nest *nest, const char *home, struct why *why);
/* HOME/.init with its folders; the handle's descriptors show there. */
MUST_CHECK int channel_nest_make(struct channel_nest *nest, struct why *why);
/* private/ gets its name: from here on the channel exists; then public/. */
MUST_CHECK int channel_nest_place(struct channel_nest *nest, struct why *why);
/* Close; rc not SH_OK: leave nothing behind, unless the channel exists already. */
void channel_nest_end(struct channel_nest *nest, int rc);

/* ---- copies of a public tree (copy.c) ---- */

struct channel_taker {
    int (*line)(void *ctx, uint64_t index, struct slice line, struct why *why);
    void *ctx;
};
MUST_CHECK int channel_copy_walk(struct channel_copy *copy, uint64_t size,
                                 const struct channel_taker *taker, struct why *why);
/* Entry tile number of the copy's size into copy->tile, and its path. */
MUST_CHECK int channel_copy_tile(struct channel_copy *copy, uint64_t number,
                                 char path[TLOG_PATH_BYTES], struct why *why);
/*
 * path, a document or blob whose name says its hash, into public/ unless it is here.  One that
 * the copy lacks, or has changed, is passed over.
 */
MUST_CHECK int channel_copy_take(struct channel_copy *copy, struct channel *channel,
                                 const char *path, struct why *why);
MUST_CHECK int channel_copy_take_blobs(struct channel_copy *copy, struct channel *channel,
                                       uint64_t index, struct why *why);

/*
 * What others said of the checkpoint of this size and root, cp/ and ts/, into public/; for each
 * size in turn, once the copy's chain is known.
 */
MUST_CHECK int channel_copy_stamps(struct channel_copy *copy, struct channel *channel,
                                   uint64_t size, const uint8_t root[TLOG_HASH_BYTES],
                                   struct why *why);

/* ---- since when (moment.c) ---- */

/* Each entry's document in turn, and then done: moment->index, or SH_EARG. */
void channel_moment_look(struct channel_moment *moment, uint64_t index,
                         const struct document *doc);
MUST_CHECK int channel_moment_done(struct channel_moment *moment, uint64_t size,
                                   struct why *why);

/* ---- rows from the lines of a log (refill.c) ---- */

struct channel_refill {
    struct channel *channel; /* its store, chain and state.published are filled */
    struct store *pending;   /* where the last commit may still hold documents; or NULL */
    struct bytes hashes;     /* of the texts of notes 0..n */
    uint64_t identities;     /* identity entries so far */
    uint64_t dispatches;
};
void channel_refill_init(struct channel_refill *refill, struct channel *channel);
void channel_refill_release(struct channel_refill *refill);
/* The next note of the chain, before any line. */
MUST_CHECK int channel_refill_note(struct channel_refill *refill, struct slice raw,
                                   struct why *why);
MUST_CHECK int channel_refill_line(struct channel_refill *refill, uint64_t index,
                                   struct slice text, struct why *why);

/* ---- the identity chain (identity.c) ---- */

/* Who signs and under which origin, from the chain's newest note. */
MUST_CHECK int channel_identity_info(struct channel *channel, struct why *why);
/* Load the kept notes 0..n into an empty chain. */
MUST_CHECK int channel_identity_load(struct store *store, struct identity_chain *chain,
                                     struct why *why);
/* Is raw the bytes of one of the kept notes?  What id/current may show while it is behind. */
bool channel_identity_is_kept(struct store *store, struct slice raw);
/* Files of dispatches that stand, which a disputed withdrawal had hidden, become public. */
MUST_CHECK int channel_show_again(struct channel *channel, struct why *why);

/* Is note the channel's next identity note?  Gives the hash of its text. */
MUST_CHECK int channel_identity_check(struct channel *channel, struct slice note,
                                      uint8_t hash[CRYPT_DIGEST_BYTES], struct why *why);
/* Inside of the transaction: the note into table kept. */
MUST_CHECK int channel_identity_rows(struct channel *channel, struct slice note,
                                     struct why *why);

#endif
