/*
 * follow -- a reader that keeps up with one copy of a channel: checks each new checkpoint,
 * reads only the new entries, and knows the newest word and promise.
 *
 * Spec:    FORMATS.md "Log, entry", "Identity note", "Document"; C2SP tlog-checkpoint, tiles.
 *          Consistency is shown by extending the compact range that was checked before: no
 *          proof needs to be believed.
 * Shapes:  struct follow is plain data without pointers; it survives as bytes.
 * Memory:  caller's; large (see FOLLOW_TRAIL): not for the stack.
 * Errors:  follow_step fails only for memory; what the copy lacks is its outcome.
 * Threads: no state.
 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include "base/base.h"
#include "dispatch/dispatch.h"

#define FOLLOW_TRAIL LIMIT_FOLLOW_TRAIL
/* The roots of the newest sizes that were passed: root[i] belongs to size first + i. */
struct follow_trail {
    uint64_t first; /* size; 0: empty */
    size_t count;
    uint8_t root[FOLLOW_TRAIL][TLOG_HASH_BYTES];
};
/*
 * A word: a dispatch with what judges lateness.  One that was withdrawn while it was the newest
 * stays with the time of its withdrawal and without next_due.
 */
struct follow_word {
    uint64_t index, published, next_due;
    uint64_t ref; /* of an open entry: the sealed one; ENTRY_NO_REF else */
};
/* A sealed entry, for when it is opened. */
struct follow_sealed {
    uint64_t index;
    uint8_t hash[TLOG_HASH_BYTES];
};
/* A log key as the newest identity note lists it. */
struct follow_key {
    uint8_t key[CRYPT_KEY_BYTES];
    uint64_t from, until, revoked; /* ENTRY_NO_REF = never */
};
struct follow {
    struct channel_id channel; /* text[0] == 0: nothing was accepted yet */
    char name[LIMIT_NAME_BYTES + 1];
    char lang[3];
    uint64_t identity_notes;             /* accepted */
    uint64_t identity_entries;           /* in the log so far */
    uint64_t branch;                     /* number of the newest note with a successor, or 0 */
    uint8_t chain_hash[TLOG_HASH_BYTES]; /* of all texts of the accepted notes */
    uint8_t current_hash[TLOG_HASH_BYTES]; /* SHA-256 of id/current when they were read */
    struct follow_key key[LIMIT_IDENTITY_KEYS];
    size_t keys;
    uint8_t log_key[CRYPT_KEY_BYTES]; /* the one that signed what was accepted */
    struct tlog_range range;          /* of what was accepted */
    uint8_t root[TLOG_HASH_BYTES];
    struct follow_trail trail;
    struct follow_word word[LIMIT_FOLLOW_WORDS]; /* newest last */
    size_t words;
    struct follow_sealed sealed[LIMIT_FOLLOW_WORDS]; /* newest last */
    size_t sealed_count;
    struct due_facts facts;    /* of the newest word that stands, and the newest promise */
    uint64_t newest_published; /* of any document read */
};
void follow_init(struct follow *follow);

struct follow_source {
    /* The copy's files, as verify_source.read: SH_ENOTFOUND, SH_ELIMIT, SH_EIO. */
    int (*read)(void *ctx, const char *path, struct bytes *out, struct why *why);
    void *ctx;
    const struct channel_id *expected; /* or NULL: then the first channel seen is kept */
    uint64_t budget;                   /* at most so many bytes are read */
};
enum follow_outcome {
    FOLLOW_SAME,   /* nothing new */
    FOLLOW_NEWER,  /* it grew, consistently; also when only the identity chain did */
    FOLLOW_OLDER,  /* rollback: a smaller checkpoint that the log did sign, or fewer notes */
    FOLLOW_FORKED, /* the same key signed another history: evidence is in text and note */
    FOLLOW_WRONG,  /* not this channel, a signature or a hash does not hold, bad grammar */
    FOLLOW_UNREADABLE, /* a file is missing or cannot be had now: try again */
};
struct follow_result {
    enum follow_outcome outcome;
    uint64_t size; /* of the checkpoint that was looked at; 0 = none */
    uint8_t root[TLOG_HASH_BYTES];
    char text[240];    /* cause in plain words */
    struct bytes note; /* the checkpoint as served: evidence.  Zeroed or initialised at first;
                        * release it */
};
/*
 * Look once.  *follow changes only with FOLLOW_NEWER.
 *
 * A word whose document is missing, or cannot be read by this program, does not count; only
 * the newest word's and the newest promise's must be there (FOLLOW_UNREADABLE) and match
 * (FOLLOW_WRONG), or somebody would be called late who has written.  Entries of a revoked key
 * are no words, and their withdrawals take nothing away.
 */
MUST_CHECK int follow_step(struct follow *follow, const struct follow_source *source,
                           struct follow_result *result, struct why *why);

/* Do two copies' trails agree where they overlap?  False: *size is the first that differs. */
bool follow_agrees(const struct follow_trail *a, const struct follow_trail *b, uint64_t *size);

/* As bytes (LIMIT_FOLLOW_BYTES at most), and back, checked. */
void follow_build(const struct follow *follow, struct bytes *out);
MUST_CHECK int follow_parse(struct slice raw, struct follow *out, struct why *why);

#endif
