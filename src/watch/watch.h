/*
 * watch -- keeps an eye on copies of channels, remembers across restarts, and tells contacts.
 *
 * Spec:    safety.md 2.3; watch.1.
 * Shapes:  its state is one folder: watch.db (SQLite) and the lock; no secret of any channel.
 * Memory:  watch_open gives a handle for watch_close.
 * Errors:  of store, follow, tell; what is wrong with a source is its state, never an error.
 * Threads: one handle per thread.  A running watch holds the folder's lock; the functions for
 *          acknowledging and looking work beside it.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "alarm/alarm.h"
#include "base/base.h"
#include "tell/tell.h"

/* ---- watching ---- */

struct watch_options {
    const char *state_dir;      /* made if missing, 0700 */
    const char *const *sources; /* a channel's home, a public tree, or an http(s) address */
    size_t source_count;        /* 1..LIMIT_SOURCES; 0 when the ways are only tried */
    const struct channel_id *expected; /* the channel that all of them are, or NULL */
    const char *contacts;              /* path of the contacts file, or NULL: nobody is told */
    const char *zone;                  /* where the contacts file names none, or NULL */
    struct fetcher_options fetch;
    uint64_t every_s; /* between two looks; 0: 60 */
    bool only_try;    /* for watch_try alone: works beside a running watch */
};
struct watch;
/*
 * Open the state, and take its lock; beside a running watch this one only looks: it keeps no
 * state and tells nobody.  SH_EARG: a source or an option that cannot be.
 */
MUST_CHECK int watch_open(const struct watch_options *options, struct watch **out,
                          struct why *why);
void watch_close(struct watch *watch); /* NULL is fine */
/* Look at each source, judge, tell whoever is to be told now, and wait for their answers. */
MUST_CHECK int watch_once(struct watch *watch, struct why *why);
/*
 * The same again and again, until SIGINT or SIGTERM.  SH_EARG: the first look found that each
 * source is another channel than `expected`.
 */
MUST_CHECK int watch_run(struct watch *watch, struct why *why);

/* ---- how it stands, after watch_once ---- */

struct watch_copy_view {
    const char *what;
    uint64_t heard_at, size;
    bool heard, at_odds; /* heard: it answered just now with something that holds */
    bool before;         /* under an older branch than the channel's newest: no word of its own
                          * counts */
    bool other;          /* it is another channel than `expected`, and never was that one */
    const char *text;    /* what is wrong, or "" */
};
struct watch_view {
    struct channel_id id; /* text[0] == 0: no copy was ever read */
    const char *name;
    const struct alarm_view *alarm;
    const struct alarm_episode *episode; /* ALARM_KINDS of them */
    size_t copies;                       /* of this channel: see watch_copy_at */
    bool doubtful_clock;                 /* the time that it was judged by */
    struct slice word;                   /* document of the newest word; empty: not kept */
};
size_t watch_view_count(const struct watch *watch);
void watch_view_at(const struct watch *watch, size_t index, struct watch_view *out);
/* Copy `at` of the channel with this index. */
void watch_copy_at(const struct watch *watch, size_t index, size_t at,
                   struct watch_copy_view *out);
/* A contact who was told of an open episode. */
struct watch_told {
    char contact[33];
    bool reached, waits; /* a way took it; none did so far */
    uint64_t at;         /* when it was taken, else when it was written */
};
void watch_told_each(const struct watch *watch, size_t index, enum alarm_kind kind,
                     void (*each)(void *ctx, const struct watch_told *told), void *ctx);
/* Who is told next if nothing changes, and when; NULL: nobody.  ALARM_LATE: also before it. */
const char *watch_next(const struct watch *watch, size_t index, enum alarm_kind kind,
                       uint64_t *at);
struct watch_people {
    size_t contacts; /* 0: nobody would be told */
    bool red;        /* nobody can be reached, as far as attempts showed */
    bool looks_only; /* another watch runs with this state */
    size_t waiting;  /* messages that no way has taken yet */
    bool doubtful_clock;
};
void watch_people(const struct watch *watch, struct watch_people *out);

/* ---- trying the ways ---- */

struct watch_tried {
    const char *contact;
    enum tell_kind kind;
    size_t way;
    struct tell_answer answer;
};
/*
 * Send a message that says it is a test by every way of every contact (name: of this one); each
 * attempt is given to done and entered in the ledger.  Changes no alarm.  SH_ENOTFOUND: no such
 * contact, or no contacts at all.
 */
struct watch_trial {
    enum tell_what what; /* TELL_TEST or TELL_REHEARSAL */
    const char *name;    /* or NULL */
    void (*done)(void *ctx, const struct watch_tried *tried);
    void *ctx;
};
MUST_CHECK int watch_try(struct watch *watch, const struct watch_trial *trial, struct why *why);

/* ---- looking from outside ---- */

struct watch_attempt {
    uint64_t at;
    char contact[33], message[48];
    enum tell_kind kind;
    enum tell_what what;
    enum tell_outcome outcome;
    unsigned status;
    char text[240];
    char how[9]; /* not empty: no attempt, but contact acknowledged by "link" or "command" */
};
/* The ledger, oldest first. */
MUST_CHECK int watch_log(const char *state_dir,
                         void (*each)(void *ctx, const struct watch_attempt *attempt),
                         void *ctx, struct why *why);
struct watch_status {
    bool running;
    uint64_t round_at;                         /* when it last looked */
    size_t sources, heard, odds, open, queued; /* heard: without trouble; open: episodes */
    bool red;
    uint64_t error_at;
    char error[240]; /* the newest trouble of watching itself */
};
/* SH_ENOTFOUND: no watch has run with this folder. */
MUST_CHECK int watch_status(const char *state_dir, struct watch_status *out, struct why *why);
/* "late", "silent", "disagree". */
const char *watch_kind_name(enum alarm_kind kind);

/* ---- acknowledging: for `watch --ack` and the page behind the link ---- */

#define WATCH_CODE_BYTES 27 /* 26 characters of base32 (128 bits) and the NUL */
struct watch_ack {
    char code[WATCH_CODE_BYTES];
    enum alarm_kind kind;
    uint64_t since;
    char channel_name[LIMIT_NAME_BYTES + 1];
    char contact[33];                 /* who got the code */
    enum lang lang;                   /* of that contact */
    char zone[LIMIT_TOKEN_BYTES + 1]; /* as well; empty: UTC */
    bool rehearsal;                   /* nothing happened */
    bool open;                        /* the episode still is */
    bool acked;
    uint64_t acked_at;
};
/*
 * The folder in memory where the book goes when its disk cannot be written, made here so that a
 * cage can be given it.  False: it cannot be used.
 */
#define WATCH_SHELTER_BYTES 96
MUST_CHECK bool watch_shelter_make(const char *state_dir, char folder[WATCH_SHELTER_BYTES]);
/* SH_ENOTFOUND: no such code (the same answer, in the same time, for every wrong one). */
MUST_CHECK int watch_ack_look(const char *state_dir, const char *code, struct watch_ack *out,
                              struct why *why);
/* Acknowledge; again is fine.  how: "link" or "command". */
MUST_CHECK int watch_ack_set(const char *state_dir, const char *code, const char *how,
                             struct watch_ack *out, struct why *why);

#endif
