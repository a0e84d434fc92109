/*
 * channel -- one witness's public record on one machine: HOME/public, HOME/private, and the
 * order of writes between them.
 *
 * Spec:    FORMATS.md ("Log, entry", "Public tree", "Private tree", "Withdrawal", "Restored
 *          backups and clones"); ARCHITECTURE.md, "The walk of one dispatch".
 * Shapes:  index of an entry from 0; entry 0 is the identity.
 * Memory:  channel_open gives a handle that channel_close frees; results are the caller's.
 * Errors:  SH_ECONFLICT when public/ and private/ disagree or a mark of a restore stands: then
 *          nothing is signed; SH_ENOTFOUND when there is no channel; SH_EIO.
 * Threads: one handle per thread.
 *
 * Invariants, in the order of one publication:
 *  1. Files and document are fsynced in private/staging/<job>/ before the commit.
 *  2. The SQLite transaction that stores the entry, the new size and root, the signed
 *     checkpoint and the list of files to move is the commit point.
 *  3. After it, and again at every start until done: files are renamed into d/ and b/, entry
 *     tile and tiles are written, then the public checkpoint; a withdrawal moves document and
 *     blobs to private/quarantine before its checkpoint is public.
 *  4. Staging that no commit names is deleted at the start, unless its owner still lives
 *     (holds the lock on the job's folder).
 *  5. A file that changes gets a modification time above every earlier one: one counter,
 *     advanced inside the commit.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include <sys/types.h>

#include "base/base.h"
#include "dispatch/dispatch.h"
#include "tlog/tlog.h"

struct channel;

/* Signs a checkpoint's text with the log key: the signer role, a process of its own. */
struct channel_signer {
    int (*sign_checkpoint)(void *ctx, struct slice text,
                           uint8_t signature[CRYPT_SIGNATURE_BYTES], struct why *why);
    void *ctx;
    /* The same with channel_info()->log_before; NULL: that one does not sign. */
    int (*sign_before)(void *ctx, struct slice text, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                       struct why *why);
};

enum channel_use {
    CHANNEL_LOOK, /* read; finishes an interrupted publication when it may write */
    CHANNEL_WRITE /* append; refuses where signing would be wrong */
};
/*
 * Open HOME.  Takes the lock, finishes what an interrupted run had committed, then checks the
 * right edge of the tree against the stored root.  CHANNEL_WRITE keeps the lock until
 * channel_close; CHANNEL_LOOK gives it back, and works on a read-only disk too.
 * Restored or disagreeing trees: CHANNEL_WRITE fails with SH_ECONFLICT; CHANNEL_LOOK succeeds
 * and channel_info()->conflict says why.
 */
MUST_CHECK int channel_open(const char *home, enum channel_use use, struct channel **out,
                            struct why *why);
void channel_close(struct channel *channel);

struct channel_info {
    const char *home;
    struct channel_id id;
    char short_id[CHANNEL_SHORT_ID_BYTES];
    char name[LIMIT_NAME_BYTES + 1];
    char lang[3]; /* "en" "zh" "uk" "ru" */
    /* Of the newest identity note: its number, who signs now, and under which origin. */
    uint64_t identity_number;
    char origin[CHANNEL_ORIGIN_BYTES];
    struct tlog_key log_key;
    char log_id[KEY_ID_CHARS + 1];
    /* After an ordinary rotation the key before signs too, until the next note. */
    bool has_before;
    struct tlog_key log_before;
    char before_id[KEY_ID_CHARS + 1];
    uint8_t archive_key[CRYPT_KEY_BYTES];
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    uint64_t published;     /* time of the newest document, 0 when there is none */
    uint64_t dispatches;    /* entries of type dispatch, and sealed ones that were opened */
    uint64_t pages_size;    /* the pages show the log up to this size; < size: they are behind;
                          * 0 also when public/ was put back from an older day */
    char pages_version[32]; /* of the program that wrote the pages; empty: none did */
    char conflict[480];     /* empty, or why nothing may be signed */
    bool copied;            /* it wrote last in another folder or on another machine */
    int public_dir, private_dir, tmp_dir;
};
const struct channel_info *channel_info(const struct channel *channel);
/* The newest identity note; borrowed until the channel is closed or rotated. */
const struct identity *channel_identity(const struct channel *channel);
/* Note number of the chain as it lies in id/<n>.note.  SH_ENOTFOUND. */
MUST_CHECK int channel_identity_note(struct channel *channel, uint64_t number,
                                     struct bytes *raw, struct why *why);

/* Secret keys: "keys/<stem>-<ID>.key", or "keys/<stem>.key" for those that it is born with. */
#define CHANNEL_KEY_PATH_BYTES 64
void channel_key_path(int private_dir, const char *stem, const char *id,
                      char out[CHANNEL_KEY_PATH_BYTES]);

/* ---- settings: what pages and feeds need and the log does not say ---- */

/* private/settings, one "name value" a line; an absent file means all empty. */
struct channel_settings {
    char base[LIMIT_URL_BYTES + 1];           /* "https://host/path/", with the last slash */
    char zone[LIMIT_TOKEN_BYTES + 1];         /* IANA name: the witness's; empty = UTC */
    char family_zone[LIMIT_TOKEN_BYTES + 1];  /* IANA name; empty = none */
    char family_place[LIMIT_PLACE_BYTES + 1]; /* how the family's place is called */
    char covers[LIMIT_TOKEN_BYTES + 1];    /* seconds between slots, in decimal; empty = off */
    char originals[LIMIT_TOKEN_BYTES + 1]; /* "keep": sealed; "none" or empty: not at all */
};
MUST_CHECK int channel_settings(const struct channel *channel, struct channel_settings *out,
                                struct why *why);
/* Check every value, then replace the file (durable).  Pages are behind afterwards. */
MUST_CHECK int channel_settings_set(struct channel *channel,
                                    const struct channel_settings *settings, struct why *why);

/* ---- making one ---- */

struct channel_birth {
    const char *home;
    const char *name;
    const char *lang;       /* "en" "zh" "uk" "ru" */
    bool two_of_three;      /* three sheets, any two of which change keys; else one sheet */
    struct sheet sheet;     /* out: the secrets, for the recovery sheet; wipe it */
    struct sheet others[2]; /* out: sheets 2 and 3 of two_of_three; wipe them, too */
    /* Called for each sheet when everything is durable but not yet in place: keep it safe, or
     * fail and nothing was made. */
    int (*keep_sheet)(void *ctx, const struct sheet *sheet, struct why *why);
    void *ctx;
};
/*
 * Make HOME/public and HOME/private with keys, identity note 0, entry 0 and the first
 * checkpoint, all at once: built in HOME/.init, renamed last.  SH_ECONFLICT when a channel is
 * there already (untouched); leftovers of an interrupted run are removed first.
 */
MUST_CHECK int channel_create(struct channel_birth *birth, struct why *why);

/* ---- reading ---- */

enum entry_state {
    STATE_PRESENT,   /* a dispatch, or a sealed one that was opened (opened_by) */
    STATE_SEALED,    /* not opened: a dispatch that waits, or a cover */
    STATE_WITHDRAWN, /* by entry withdrawn_by; purged_by too when its bytes are gone for ever */
    STATE_OTHER      /* identity, promise, withdraw, ...: nothing to show as a dispatch */
};
struct channel_entry {
    uint64_t index;
    struct entry entry;
    char line[LIMIT_ENTRY_BYTES + 1];
    enum entry_state state;
    uint64_t withdrawn_by; /* the entry that did it, or ENTRY_NO_REF: so for each of these */
    uint64_t opened_by;
    uint64_t corrected_by; /* the newest correction that is not disputed */
    uint64_t purged_by;
    bool has_corrections; /* disputed ones, too */
    bool disputed;        /* a log key that was revoked later may have made it */
};
MUST_CHECK int channel_entry_get(struct channel *channel, uint64_t index,
                                 struct channel_entry *out, struct why *why);
/*
 * Index of dispatch number ordinal (0 = the first); SH_ENOTFOUND.  They stand in the order of
 * their publication: one that was sealed stands where its open entry does.
 */
MUST_CHECK int channel_dispatch_at(struct channel *channel, uint64_t ordinal, uint64_t *index,
                                   struct why *why);
/* Ordinal of the dispatch at index; SH_ENOTFOUND when the entry is none. */
MUST_CHECK int channel_dispatch_ordinal(struct channel *channel, uint64_t index,
                                        uint64_t *ordinal, struct why *why);
/*
 * The next correction of the dispatch at index after entry `after`, or the last one before
 * `before`.  SH_ENOTFOUND (why stays as it was), as below.
 */
MUST_CHECK int channel_correction_after(struct channel *channel, uint64_t index, uint64_t after,
                                        uint64_t *out, struct why *why);
MUST_CHECK int channel_correction_before(struct channel *channel, uint64_t index,
                                         uint64_t before, uint64_t *out, struct why *why);
/* The nearest entry of a type whose document says a time; SH_ENOTFOUND. */
MUST_CHECK int channel_dated_after(struct channel *channel, uint64_t after, uint64_t *out,
                                   struct why *why);
MUST_CHECK int channel_dated_before(struct channel *channel, uint64_t before, uint64_t *out,
                                    struct why *why);
/* The document's bytes from public/d, checked against the entry's hash.  SH_ENOTFOUND for one
 * that is sealed.  A dispatch that was sealed says no time: its open entry's document does. */
MUST_CHECK int channel_document(struct channel *channel, const struct channel_entry *entry,
                                struct bytes *raw, struct why *why);

/*
 * The newest word that stands and the newest promise, for due_of.  An entry whose document is
 * missing or changed does not count.
 */
MUST_CHECK int channel_due(struct channel *channel, struct due_facts *out, struct why *why);

/* ---- appending (CHANNEL_WRITE, except staging which needs no lock) ---- */

/* A folder in private/staging that lives until commit or channel_job_drop. */
struct channel_job {
    int dir; /* its descriptor, locked; -1 when there is none */
    char name[40];
    int staging; /* descriptor of private/staging */
    bool kept;   /* a commit names it, or may: the channel deletes it, not channel_job_drop */
};
MUST_CHECK int channel_job_new(const char *home, struct channel_job *job, struct why *why);
void channel_job_drop(struct channel_job *job); /* deletes what was not committed; idempotent */

struct channel_file {
    char staged[40];            /* name inside of the job's folder; already fsynced */
    char path[TREE_PATH_BYTES]; /* where it goes in public/; original_path(): in private/ */
};
/* "<10 digits>-<16 hex>", NUL */
#define CHANNEL_WAITING_BYTES 32
struct channel_append {
    enum entry_type type; /* dispatch, promise, sealed, open, withdraw or correct */
    uint64_t ref;         /* of open, withdraw and correct */
    struct slice document;
    const struct channel_file *files;
    size_t file_count;
    struct channel_job *job; /* NULL without files */
    bool cover;              /* sealed, without a document: 32 random bytes for a hash */
    uint64_t publish_at;     /* sealed: unix seconds; 0 = when its keeper says */
    uint64_t slot;           /* sealed: the slot that it takes, or 0 */
    const char *waiting;     /* its files lie in private/waiting/<this>, or NULL */
};
struct channel_commit {
    uint64_t index; /* of the entry */
    uint64_t ref;   /* what it refers to, or ENTRY_NO_REF */
    uint64_t size;  /* of the tree that holds it */
    uint8_t root[TLOG_HASH_BYTES];
    bool published; /* false: committed, but publishing failed; the next start finishes it */
};
/*
 * Append one entry: sign, commit, publish.  SH_OK with published false when the commit stands
 * and a later step failed (why says which).  Any failure before the commit leaves no trace.
 */
MUST_CHECK int channel_append(struct channel *channel, const struct channel_append *append,
                              const struct channel_signer *signer, struct channel_commit *out,
                              struct why *why);
/*
 * Append 1..LIMIT_APPENDS entries with one commit and one checkpoint: all or none.  out has
 * room for count.  bad (may be NULL) is set to the one that was refused.
 */
struct channel_appends {
    const struct channel_append *list;
    size_t count;
    size_t *bad;
};
MUST_CHECK int channel_append_all(struct channel *channel,
                                  const struct channel_appends *appends,
                                  const struct channel_signer *signer,
                                  struct channel_commit *out, struct why *why);

/* ---- the next identity note ---- */

struct channel_rotation {
    struct slice note; /* whole, signed: the chain's next */
    /* Of a new c2pa-ca key: "id/c2pa-ca-<ID>.pem" and its bytes; empty: none. */
    const char *certificate_path;
    struct slice certificate;
};
/*
 * Make note the channel's newest: its entry, the checkpoint signed by the keys that it names
 * (secrets must lie in private/keys already), one commit; withdrawals that it disputes are
 * undone and their files shown again.  As channel_append, SH_OK with published false when the
 * commit stands and a later step failed.  After a failure close the handle.
 */
MUST_CHECK int channel_rotate(struct channel *channel, const struct channel_rotation *rotation,
                              const struct channel_signer *signer, struct channel_commit *out,
                              struct why *why);
/* Write a secret key under its name, durable; an equal one there is fine. */
MUST_CHECK int channel_key_keep(struct channel *channel, const char *stem, const char *id,
                                const struct secret *secret, struct why *why);
/*
 * Secret keys that the newest identity note, once it is public, does not need any more are
 * deleted: closed ones, but the log key before the newest while both sign.  Opening a channel
 * to write does it too, after a cut.
 */
void channel_keys_sweep(struct channel *channel);

/* The text that a purge's order signs (identity_sign). */
void channel_order_text(const struct channel *channel, uint64_t index, struct bytes *out);
/* Receives the path of each file in turn. */
struct channel_hide {
    int (*file)(void *ctx, const char *path, struct why *why);
    void *ctx;
};
/* The files that a withdrawal of entry index takes away: paths as in public/. */
MUST_CHECK int channel_goes(struct channel *channel, uint64_t index,
                            const struct channel_hide *each, struct why *why);

/* ---- sealed entries ---- */

/* Documents of sealed entries that wait in private/sealed, in the order of the log. */
struct channel_sealed {
    uint64_t index;
    uint64_t publish_at; /* unix seconds; 0 = when its keeper says */
};
/* The first at or after `from`; SH_ENOTFOUND when there is none. */
MUST_CHECK int channel_sealed_next(struct channel *channel, uint64_t from,
                                   struct channel_sealed *out, struct why *why);
/* Its document, not yet public.  SH_ENOTFOUND: a cover, or its files are lost. */
MUST_CHECK int channel_sealed_document(struct channel *channel,
                                       const struct channel_entry *entry, struct bytes *raw,
                                       uint64_t *publish_at, struct why *why);

/*
 * Covers: with the setting on, sealed entries are made only at the slots of a schedule (every
 * whole multiple of its length since 1970).  What is to be sealed waits in private/waiting for
 * the next slot; a slot that nothing waits for takes a cover.  Slots that were missed are not
 * made up for.
 */
struct channel_slot {
    uint64_t every_s; /* 0: covers are off */
    bool open;        /* a slot is to be taken now: pass `at` with the append */
    uint64_t at;
    uint64_t next; /* the next one after it */
};
MUST_CHECK int channel_slot(struct channel *channel, uint64_t now, struct channel_slot *out,
                            struct why *why);
/*
 * Keep a sealed entry for the next slot, durably: document, publish_at and files of append.
 * Takes the job's folder (a job is needed also without files).  It waits under name.
 */
MUST_CHECK int channel_wait(struct channel *channel, struct channel_append *append,
                            char name[CHANNEL_WAITING_BYTES], struct why *why);
/*
 * Several that wait, and perhaps others that are logged with them: all or none, whenever it is
 * cut off.  Begin before the first channel_wait; end makes them wait for good where nothing is
 * logged.  settle takes away what was begun and neither ended nor logged; channel_open does it.
 * logged: the first of those that will be logged, or NULL; waiting: their documents are used.
 */
MUST_CHECK int channel_batch_begin(struct channel *channel, const struct channel_append *logged,
                                   const struct channel_appends *waiting, struct why *why);
MUST_CHECK int channel_batch_end(struct channel *channel, struct why *why);
MUST_CHECK int channel_batch_settle(struct channel *channel, struct why *why);
/* The names of all that wait, CHANNEL_WAITING_BYTES each, what waits longest first. */
#define CHANNEL_WAITING_LIST_BYTES ((size_t)2 * LIMIT_WAITING * CHANNEL_WAITING_BYTES)
MUST_CHECK int channel_waiting_list(struct channel *channel, struct bytes *names,
                                    struct why *why);
MUST_CHECK int channel_waiting_count(struct channel *channel, uint64_t *out, struct why *why);
/*
 * One of them, ready for channel_append.  SH_ENOTFOUND: it is in the log already; SH_EFORMAT:
 * it is damaged.
 */
struct channel_waiting {
    char name[CHANNEL_WAITING_BYTES];
    struct channel_append append;
    struct channel_file files[LIMIT_BLOBS];
    struct channel_job job;
    struct bytes document;
};
MUST_CHECK int channel_waiting_open(struct channel *channel, const char *name,
                                    struct channel_waiting *out, struct why *why);
/* done: it is in the log now, and the folder goes. */
MUST_CHECK int channel_waiting_close(struct channel *channel, struct channel_waiting *waiting,
                                     bool done, struct why *why);
/* Take one away for ever, durably, before it was logged.  SH_ENOTFOUND. */
MUST_CHECK int channel_waiting_cancel(struct channel *channel, const char *name,
                                      struct why *why);
/* Is each that waits below this private/ whole?  Of a backup that is being restored. */
MUST_CHECK int channel_waiting_check(int private_dir, struct why *why);

/* ---- sealed originals: private/originals ---- */

/* How many there are and how large.  They stay when a dispatch is hidden, a purge deletes. */
MUST_CHECK int channel_originals(const struct channel *channel, uint64_t *count,
                                 uint64_t *bytes, struct why *why);
/* The document of entry index wherever it lies: public, sealed or in quarantine. */
MUST_CHECK int channel_document_kept(struct channel *channel, const struct channel_entry *entry,
                                     struct bytes *raw, struct why *why);

/* ---- derived files (pages) ---- */

/* A new modification time for derived files about to change (invariant 5). */
MUST_CHECK int channel_stamp(struct channel *channel, uint64_t *mtime_s, struct why *why);
/* Write public/path unless it already holds exactly data; not fsynced: it can be rebuilt. */
MUST_CHECK int channel_derive(struct channel *channel, const char *path, struct slice data,
                              uint64_t mtime_s, struct why *why);
/* The files of one page: its folder ("" = public/) is made whole when it is new. */
struct io_file;
struct channel_page {
    const char *folder;
    const struct io_file *files;
    size_t count;
};
/* As channel_derive, each of them. */
MUST_CHECK int channel_derive_page(struct channel *channel, const struct channel_page *page,
                                   uint64_t mtime_s, struct why *why);
/*
 * Record that the pages show the log up to size (and were made by this program version).  Waits
 * for the disk when a withdrawal is among what they show now.
 */
MUST_CHECK int channel_pages_done(struct channel *channel, uint64_t size, const char *version,
                                  struct why *why);

/* ---- a consistent copy, while posting goes on ---- */

/* One file of a snapshot. */
struct channel_part {
    const char *path; /* below HOME: "public/checkpoint", "private/keys/log.key", ... */
    mode_t mode;      /* 0644 below public/, 0600 below private/ */
    uint64_t mtime_s;
    uint64_t bytes;
    int fd;            /* at offset 0; -1: data holds the bytes.  The channel closes it. */
    struct slice data; /* used when fd is -1 */
};
struct channel_sink {
    int (*part)(void *ctx, const struct channel_part *part, struct why *why);
    void *ctx;
};
/*
 * Give sink every file of the channel as it was when the handle was opened (channel_info()
 * says which size): identity files, entry tiles and tiles of that size, documents and blobs,
 * quarantine, keys, settings, a copy of the database, and the public checkpoint last.  Other
 * processes may post and withdraw meanwhile.  Works with CHANNEL_LOOK and CHANNEL_WRITE.  Left
 * out: derived pages (rebuild makes them), staging, temporary files, and partial tiles whose
 * full tile is there.  A file that is missing or short is an error: SH_ENOTFOUND names it.
 * A negative return of sink ends the walk and is returned.
 */
MUST_CHECK int channel_snapshot(struct channel *channel, const struct channel_sink *sink,
                                struct why *why);

/* ---- going on from a copy of the public tree ---- */

/* A public tree, or the public/ of a home: chain, checkpoint and entries hold. */
struct channel_copy {
    int dir;
    struct identity_chain chain;
    uint64_t size;
    uint8_t root[TLOG_HASH_BYTES];
    struct bytes note; /* its checkpoint */
    struct bytes tile; /* the entry tile at hand */
};
/* Close it also after a failure. */
MUST_CHECK int channel_copy_open(const char *path, struct channel_copy *copy, struct why *why);
/* The same in two steps: dir, which belongs to copy from then on, is the public tree. */
MUST_CHECK int channel_copy_dir(const char *path, int *dir, struct why *why);
MUST_CHECK int channel_copy_open_at(int dir, struct channel_copy *copy, struct why *why);
void channel_copy_close(struct channel_copy *copy);
/* Root of its first size entries. */
MUST_CHECK int channel_copy_root(struct channel_copy *copy, uint64_t size,
                                 uint8_t root[TLOG_HASH_BYTES], struct why *why);
/*
 * A file that only a newer state than the copy's checkpoint can have left: another identity
 * note, another certificate, entries beyond.  out is empty when there is none.
 */
MUST_CHECK int channel_copy_newer(const struct channel_copy *copy, char out[TREE_PATH_BYTES],
                                  struct why *why);

/* What an entry says, for a person who is to tell his own from another's. */
#define CHANNEL_SAID_BYTES 120
struct channel_said {
    bool there;
    uint64_t index;
    uint64_t published; /* as its document says */
    char kind[LIMIT_TOKEN_BYTES + 1];
    char words[CHANNEL_SAID_BYTES]; /* the first words, or empty; one line */
};
enum channel_since { CHANNEL_SINCE_INDEX, CHANNEL_SINCE_TIME };
/*
 * Since when it was somebody else: an index, or a time, which stands for the first entry whose
 * document says that time or a later one.  Documents say what the keeper's clock said, and a
 * thief sets it: SH_EARG when the entries just before it go back in time.
 */
struct channel_moment {
    enum channel_since how;
    uint64_t value; /* the index, or unix seconds */
    uint64_t index; /* out: the first entry that was somebody else's; size: none */
    struct channel_said last, first; /* out: the one before and the one at or after index */
    struct channel_said newest;      /* private: the latest time so far ... */
    uint64_t back;                   /* ... and the entry where the clock was set back, or 0 */
};
void channel_moment_init(struct channel_moment *moment, enum channel_since how, uint64_t value);
/* The first size entries of a copy. */
MUST_CHECK int channel_copy_moment(struct channel_copy *copy, uint64_t size,
                                   struct channel_moment *moment, struct why *why);
/* All entries of a channel. */
MUST_CHECK int channel_moment_find(struct channel *channel, struct channel_moment *moment,
                                   struct why *why);

struct channel_secret {
    const char *id;
    const struct secret *secret;
};
struct channel_adoption {
    const char *home;
    struct channel_copy *copy;
    uint64_t size;     /* the log goes on from here: the successor of note */
    struct slice note; /* the chain's next, signed, with a successor */
    const char *certificate_path;
    struct slice certificate;
    struct channel_secret log, ca; /* the new keys that note names */
    uint64_t missing;              /* out: documents that the copy does not have */
};
/*
 * Make HOME from a copy of the public tree: everything that it has is taken over, hash by hash;
 * new keys, the new note, its entry and a checkpoint under the new origin.  All or nothing, as
 * channel_create.
 */
MUST_CHECK int channel_adopt(struct channel_adoption *adoption, struct why *why);
/*
 * A restored channel takes what a copy with the same keys has beyond the backup, and may be
 * written to again.  *newer = the entries that came.  SH_ECONFLICT: the copy is not newer than
 * the backup, of another history, or its keys are not here (then `key recover`).
 */
MUST_CHECK int channel_catch_up(const char *home, struct channel_copy *copy, uint64_t *newer,
                                struct why *why);

/* ---- repair ---- */

/* Make SQLite's rebuildable tables anew from the files, after verifying them. */
MUST_CHECK int channel_rebuild(const char *home, struct why *why);
/*
 * Note that the person knows this is a restored copy, or one that was moved here, and goes on
 * (recorded with the time).  SH_ENOTFOUND: it is neither.
 */
MUST_CHECK int channel_forgive(const char *home, const char *reason, struct why *why);
/* Leave the mark of a restore in a private tree. */
MUST_CHECK int channel_mark_restored(int private_dir, struct why *why);

#endif
