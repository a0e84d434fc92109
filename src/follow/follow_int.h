/* What the files of a step share. */
#ifndef FOLLOW_FOLLOW_INT_H
#define FOLLOW_FOLLOW_INT_H

#include "follow/follow.h"

/* An entry that may be a word or a promise; its document was not looked at yet. */
struct follow_candidate {
    enum entry_type type;
    uint64_t index, ref;
    uint64_t word; /* of a withdrawal: index of the newest word, which it took back */
    uint8_t hash[32];
    bool has_opened;
    uint8_t opened[32]; /* of an open entry: the hash of the sealed one */
};

/* One step under way. */
struct follow_job {
    const struct follow *old;
    const struct follow_source *source;
    uint64_t budget; /* bytes that may still be read */
    struct follow_result *result;
    struct follow *next; /* what *old becomes */
    struct bytes file;   /* the one that was read last */
    int rc;              /* SH_ENOMEM; the outcome tells everything else */

    struct tlog_note note; /* borrows result->note */
    struct tlog_checkpoint checkpoint;

    bool has_chain;     /* the notes were read in this step: */
    struct bytes notes; /* SHA-256 of the text of each */
    uint64_t successor_size;
    uint8_t successor_root[TLOG_HASH_BYTES];

    bool wants_chain; /* the walk met an identity entry and has no notes */
    bool passed_old;  /* the walk had the root of *old at its size */
    struct follow_candidate word[LIMIT_FOLLOW_WORDS]; /* newest last */
    size_t words;
    struct follow_candidate promise;
    bool has_promise;
};

/* These return whether to go on; where not, the outcome (or job->rc) says why. */

/* Set outcome and text; always false. */
bool follow_say(struct follow_job *job, enum follow_outcome outcome, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* A remark for the text of FOLLOW_NEWER; the first one is kept. */
void follow_remark(struct follow_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* No memory: false. */
bool follow_out_of_memory(struct follow_job *job);

enum follow_found { FOLLOW_THERE, FOLLOW_MISSING, FOLLOW_TOO_LONG, FOLLOW_STOP };
/* A file of at most max bytes into job->file; FOLLOW_STOP has its outcome already. */
enum follow_found follow_read(struct follow_job *job, const char *path, uint64_t max);

/* identity.c: keys and channel into job->next.  Reads the chain when id/current changed. */
bool follow_identity(struct follow_job *job);
bool follow_chain(struct follow_job *job);
/* Did a revoked log key make entry index? */
bool follow_is_disputed(const struct follow *follow, uint64_t index);

/* entries.c: extend job->next->range to the size of the checkpoint. */
bool follow_walk(struct follow_job *job);
/* words.c: the documents of the candidates; facts. */
bool follow_words(struct follow_job *job);
/* The newest word of the list into the facts. */
void follow_set_word(struct follow *follow);

#endif
