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

#include "follow/follow.h"
#include "store/store.h"
#include "watch/watch.h"

/* ---- the book ---- */

#define WATCH_DB "watch.db"
#define WATCH_SECRET_BYTES 32
extern const struct store_schema watch_schema;

/* Make the state folder and its book where they are missing.  *dir: the folder's descriptor. */
MUST_CHECK int watch_book_make(const char *state_dir, int *dir, struct why *why);
MUST_CHECK int watch_book_open(const char *state_dir, enum store_mode mode, struct store **out,
                               struct why *why);
/* Is every page of it whole?  SH_EFORMAT: no. */
MUST_CHECK int watch_book_whole(struct store *store, struct why *why);
/*
 * A damaged book gets another name, kept, so that watch_book_make can make a new one.  From
 * then until watch_book_told, also over a cut of power, it is untold: contacts do not know yet.
 */
MUST_CHECK int watch_book_set_aside(int dir, struct why *why);
bool watch_book_untold(int dir);
MUST_CHECK int watch_book_told(int dir, struct why *why);
/* Keep free pages in the book, so that it can be written when the disk is full. */
MUST_CHECK int watch_book_reserve(struct store *store, struct why *why);
/* The same outside of it: a file that gives way when the book needs blocks.  False: there is
 * none left. */
void watch_book_room_keep(int dir);
bool watch_book_room_give(int dir);

/* lift.c: a copy of the book in memory, in a folder of its own; and away with it. */
#define WATCH_LIFTED_BYTES WATCH_SHELTER_BYTES
MUST_CHECK int watch_book_lift(struct store *from, const char *state_dir,
                               char folder[WATCH_LIFTED_BYTES], struct store **out,
                               struct why *why);
/* The one that a watch left or uses now; false: there is none. */
MUST_CHECK bool watch_book_lifted(const char *state_dir, enum store_mode mode,
                                  char folder[WATCH_LIFTED_BYTES], struct store **out);
/* That one, else the one on the disk. */
MUST_CHECK int watch_book_newest(const char *state_dir, enum store_mode mode,
                                 struct store **out, struct why *why);
/* Bring it back: *out is the book on the disk, with what was acknowledged there meanwhile. */
MUST_CHECK int watch_book_return(const char *state_dir, const char *folder, struct store **out,
                                 struct why *why);
enum watch_drop { WATCH_KEEP_FOLDER, WATCH_WITH_FOLDER };
/* WATCH_WITH_FOLDER: folder is empty afterwards, too. */
void watch_book_drop(char folder[WATCH_LIFTED_BYTES], enum watch_drop drop);
/* It is what the next watch goes on with; gone only where that one could not find it. */
void watch_book_leave(char folder[WATCH_LIFTED_BYTES]);
bool watch_path(char out[LIMIT_HOME_BYTES], const char *dir, const char *name);
MUST_CHECK int watch_book_secret(struct store *store, uint8_t out[WATCH_SECRET_BYTES],
                                 struct why *why);
/* The newest trouble of watching itself, for `status`; best effort. */
void watch_book_error(struct store *store, uint64_t now, const char *text);

/* State of a row of the queue. */
enum watch_queued {
    WATCH_WAITING = 0,
    WATCH_ACCEPTED = 1, /* a way took it */
    WATCH_STOPPED = 2,  /* acknowledged, or over */
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

/* ---- a copy ---- */

enum watch_phase {
    WATCH_SETTLED,
    WATCH_WANTS_CHECKPOINT, /* waits for a place among the requests under way */
    WATCH_ASKS_CHECKPOINT,
    WATCH_WANTS_IDENTITY,
    WATCH_ASKS_IDENTITY,
    WATCH_WANTS_READER, /* something is new */
    WATCH_READS
};
/* A body that was judged: what to ask with, and what it was. */
struct watch_seen {
    char etag[LIMIT_VALIDATOR_BYTES + 1], modified[LIMIT_VALIDATOR_BYTES + 1];
    uint8_t hash[CRYPT_DIGEST_BYTES];
    bool known;
};
#define WATCH_CHECKPOINT 0
#define WATCH_IDENTITY 1
struct watch_source {
    const char *what; /* absolute path, or address that ends with "/"; the key in the book */
    bool is_url;
    bool in_book; /* it was watched before */
    enum watch_phase phase;
    bool changed;      /* the row in the book is behind */
    bool heard;        /* in the newest round, with something that holds */
    uint64_t asked_ms; /* CLOCK_BOOTTIME of its newest question */
    uint64_t date;     /* what its server said then that the time is; 0: nothing of use */
    unsigned failures;
    size_t judged_with; /* index + 1 of the channel that it counted to; 0: none */
    struct watch_seen seen[2], fresh[2]; /* fresh: of this round, not judged yet */
    bool is_new;                         /* something in fresh differs from seen */
    /* What is known of the copy; all of it from struct follow, which stays in the book. */
    struct channel_id channel;
    char name[LIMIT_NAME_BYTES + 1];
    char lang[3];
    uint64_t branch, size;
    uint8_t root[TLOG_HASH_BYTES];
    struct due_facts facts;
    uint64_t heard_at;
    bool at_odds;
    bool other; /* never the channel that is expected, but another one: it counts as nothing */
    char text[240]; /* what is wrong, or empty */
    uint64_t text_at;
};

/* ---- a channel ---- */

struct watch_channel {
    struct channel_id id; /* text[0] == 0: no copy was ever read */
    char name[LIMIT_NAME_BYTES + 1];
    struct alarm alarm;
    struct alarm_view view;
    bool judged;
    bool anew;         /* the book did not know it, or cannot say how it stood */
    bool empty;        /* the newest judgement found no copy of it */
    struct bytes word; /* the document of the newest word, or empty */
    uint64_t word_index;
};

/* ---- work in children ---- */

enum watch_work { WATCH_NO_WORK, WATCH_READING, WATCH_SENDING, WATCH_RECORDING };
struct watch_job {
    enum watch_work work;
    pid_t pid;
    int alive; /* pidfd */
    int out;   /* memory that the child writes its result into */
    uint64_t deadline_ms;
    size_t source;       /* READING */
    uint64_t row;        /* SENDING: of the queue */
    struct bytes result; /* RECORDING: what could not be written into the book yet */
};
struct watch_task {
    const char *name;
    int (*run)(void *ctx, int out); /* in the child */
    void *ctx;
    unsigned timeout_s;
};
MUST_CHECK int watch_job_start(struct watch_job *job, const struct watch_task *task,
                               struct why *why);
/* Has it ended, or run out of time?  Then it is gone, and result holds what it wrote. */
bool watch_job_ended(struct watch_job *job, struct bytes *result);
void watch_job_stop(struct watch_job *job);

/* ---- the watch ---- */

/* What tells that a file is another one now. */
struct watch_stamp {
    uint64_t inode, bytes;
    int64_t changed_s, changed_ns;
};
#define WATCH_REHEARSAL "rehearsal" /* stands for a channel in codes that are tried out */

struct watch {
    const struct watch_options *options;
    int dir, lock;
    struct store *store;
    char lifted[WATCH_LIFTED_BYTES]; /* folder of a book in memory; empty: it is on the disk */
    bool damaged;                    /* the book, while it was in use */
    bool looks_only; /* somebody else keeps the book: nothing is written, nobody told */
    uint8_t secret[WATCH_SECRET_BYTES];
    struct arena arena; /* names of sources */
    struct watch_source *source;
    size_t sources;
    struct watch_channel *channel; /* room for one more than sources */
    size_t channels;
    struct arena contacts_arena;
    struct tell_contacts contacts;
    struct watch_stamp contacts_stamp;
    int slot[LIMIT_CONTACTS]; /* bit of contact i in the masks of alarms */
    struct alarm_clock clock;
    struct fetcher *fetcher;
    unsigned asked; /* requests under way */
    struct watch_job job[LIMIT_WATCH_READERS + LIMIT_WATCH_SENDERS];
    char boot_id[ALARM_BOOT_ID_BYTES];         /* of this boot; empty: not asked yet */
    uint64_t round_at;                         /* when it was judged last */
    uint64_t round_ms, next_round_ms, send_ms; /* CLOCK_BOOTTIME */
    bool judged;                               /* this round was */
    bool marked;                               /* the book says what is watched */
    bool red;                                  /* nobody can be reached */
    bool no_reserve;                           /* it could not be kept, and that was said */
    unsigned trouble;                          /* times that the book could not be written */
};

uint64_t watch_boot_ms(void);
/* Unix seconds as believed, now. */
uint64_t watch_time(const struct watch *watch);

/* source.c */
MUST_CHECK int watch_sources_load(struct watch *watch, struct why *why);
MUST_CHECK int watch_source_store(struct watch *watch, struct watch_source *source,
                                  struct why *why);
MUST_CHECK int watch_sources_mark(struct watch *watch, struct why *why);
MUST_CHECK int watch_follow_load(struct watch *watch, const char *what, struct bytes *raw,
                                 struct why *why);
/* What is wrong with it now; a line in the log when that is news. */
void watch_source_said(struct watch *watch, struct watch_source *source, const char *text);
/* Its new state, into the book at once: it was read at some cost. */
struct watch_grown {
    struct slice follow, note; /* the state as bytes; the checkpoint as it was served */
};
MUST_CHECK int watch_source_grown(struct watch *watch, struct watch_source *source,
                                  const struct follow *follow, const struct watch_grown *grown);
/* Keep a note in evidence/; and the newest of each copy of the source's channel. */
void watch_evidence_keep(struct watch *watch, struct slice note);
void watch_evidence_others(struct watch *watch, const struct watch_source *source);
/* The document of the newest word of the source's channel. */
void watch_channel_word(struct watch *watch, const struct watch_source *source,
                        struct slice word);

/* ask.c: is there something new? */
void watch_ask_start(struct watch *watch);
void watch_ask_more(struct watch *watch);
void watch_ask_answers(struct watch *watch, unsigned timeout_ms);

/* reader.c, courier.c: read it in a cage */
void watch_read_start(struct watch *watch);
void watch_read_ended(struct watch *watch, struct watch_job *job, struct slice result);
struct watch_courier {
    const struct fetcher_options *fetch;
    const char *what;
    bool is_url, past_caches;
    int state;        /* the state folder; -1: nothing is kept */
    const char *kept; /* below it: full tiles of a reading that did not come to its end */
    int end;          /* of the pair of sockets */
};
MUST_CHECK int watch_courier_start(const struct watch_courier *courier, pid_t *pid,
                                   struct why *why);
/* Where the tiles of a copy are kept, how many there are, and away with them. */
#define WATCH_KEPT_BYTES 32
void watch_kept_path(const char *what, char out[WATCH_KEPT_BYTES]);
size_t watch_kept_count(int state, const char *kept);
void watch_kept_drop(int state, const char *kept);
/* In the cage: ask the courier for a file; a follow_source.read.  ctx: int *, the socket. */
int watch_courier_read(void *ctx, const char *path, struct bytes *out, struct why *why);

/* channels.c */
MUST_CHECK int watch_channels_load(struct watch *watch, struct why *why);
/* Every copy has its channel; inside of a transaction. */
MUST_CHECK int watch_channels_group(struct watch *watch, uint64_t now, struct why *why);
/* Only the first ones stay: the others came with a transaction that failed. */
void watch_channels_cut(struct watch *watch, size_t count);
/* The one without a name goes once it has no copies any more. */
void watch_channels_tidy(struct watch *watch);
/* NULL: it has none yet; not after watch_channels_group. */
struct watch_channel *watch_channel_of(struct watch *watch, const struct watch_source *source);
uint64_t watch_clock_step(struct watch *watch);
/* When, by a clock that says now, was the source asked what it answered? */
uint64_t watch_asked_at(const struct watch_source *source, uint64_t now);

/* judge.c */
MUST_CHECK int watch_judge(struct watch *watch, struct why *why);

/* queue.c */
MUST_CHECK int watch_contacts_load(struct watch *watch, struct why *why);
/* Read the file again if it changed, or if asked to; a broken one changes nothing. */
void watch_contacts_again(struct watch *watch, bool ask);
MUST_CHECK int watch_code_store(struct watch *watch, const struct watch_key *key,
                                const char *code, const struct tell_contact *contact,
                                struct why *why);
void watch_rules(const struct watch *watch, struct alarm_rules *rules);
MUST_CHECK int watch_queue_event(struct watch *watch, struct watch_channel *channel,
                                 const struct alarm_event *event, struct why *why);
/* Whoever was told and could not be reached in time hands on to the next one. */
MUST_CHECK int watch_queue_hand_on(struct watch *watch, struct watch_channel *channel,
                                   struct why *why);
/* Each contact is told that what the watch knew is gone. */
MUST_CHECK int watch_queue_lost(struct watch *watch, struct why *why);
/* An episode is over: what was not sent yet need not be. */
MUST_CHECK int watch_queue_stop(struct watch *watch, const struct watch_channel *channel,
                                uint64_t number, struct why *why);

/* send.c */
#define WATCH_PAUSE_S 3600 /* not a cap: the longest pause between two tries of a message */
void watch_send_start(struct watch *watch);
void watch_send_ended(struct watch *watch, struct watch_job *job, struct slice result);
/* When something can be sent, as far as is known; UINT64_MAX: nothing waits. */
uint64_t watch_send_next(struct watch *watch);
MUST_CHECK int watch_red_find(struct watch *watch, struct why *why);

#endif
