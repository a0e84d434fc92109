/*
 * What the files of watch share: the book (watch.db), a source, the channels that are judged,
 * pieces of work in children, and the queue of messages.
 *
 * The book is written by one running watch, and by whoever acknowledges; each change is one
 * transaction.  State of an alarm and the messages that follow from it are always in the same.
 */
#ifndef WATCH_WATCH_INT_H
#define WATCH_WATCH_INT_H

#include <sys/types.h>

#include "watch/watch.h"

#include "follow/follow.h"
#include "store/store.h"

/* ---- the book ---- */

#define WATCH_DB "watch.db"
#define WATCH_SECRET_BYTES 32
extern const struct store_schema watch_schema;

/* Make the state folder and its book where they are missing.  *dir: the folder's descriptor. */
MUST_CHECK int watch_book_make(const char *state_dir, int *dir, struct why *why);
MUST_CHECK int watch_book_open(const char *state_dir, enum store_mode mode, struct store **out,
                               struct why *why);
/* Keep free pages in the book, so that it can be written when the disk is full. */
MUST_CHECK int watch_book_reserve(struct store *store, struct why *why);
MUST_CHECK int watch_book_secret(struct store *store, uint8_t out[WATCH_SECRET_BYTES],
                                 struct why *why);
/* The newest trouble of watching itself, for `status`; best effort. */
void watch_book_error(struct store *store, uint64_t now, const char *text);

/* State of a row of the queue. */
enum watch_queued {
    WATCH_WAITING = 0,
    WATCH_ACCEPTED = 1, /* a way took it */
    WATCH_STOPPED = 2,  /* acknowledged, over, or the contact is gone */
    WATCH_GIVEN_UP = 3  /* refused by every way, or too old to matter */
};

/* What is the same for a message however often it is made: its id, its code. */
struct watch_key {
    const uint8_t *secret;
    const char *channel, *contact;
    uint64_t number; /* of the episode, or index of the word */
    enum tell_what what;
};
#define WATCH_MESSAGE_ID_BYTES 48
void watch_message_id(const struct watch_key *key, char out[WATCH_MESSAGE_ID_BYTES]);
void watch_code(const struct watch_key *key, char out[WATCH_CODE_BYTES]);
void watch_code_hash(struct slice code, uint8_t out[CRYPT_DIGEST_BYTES]);

/* Copy at most size - 1 bytes of text, cut at a character. */
void watch_text(char *out, size_t size, struct slice text);

#endif
