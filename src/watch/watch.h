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

/* ---- acknowledging: for `watch --ack` and the page behind the link ---- */

#define WATCH_CODE_BYTES 27 /* 26 characters of base32 (128 bits) and the NUL */
struct watch_ack {
    char code[WATCH_CODE_BYTES];
    enum alarm_kind kind;
    uint64_t since;
    char channel_name[LIMIT_NAME_BYTES + 1];
    char contact[33]; /* who got the code */
    enum lang lang;   /* of that contact */
    bool open;        /* the episode still is */
    bool acked;
    uint64_t acked_at;
};
/* SH_ENOTFOUND: no such code (the same answer, in the same time, for every wrong one). */
MUST_CHECK int watch_ack_look(const char *state_dir, const char *code, struct watch_ack *out,
                              struct why *why);
/* Acknowledge; again is fine.  how: "link" or "command". */
MUST_CHECK int watch_ack_set(const char *state_dir, const char *code, const char *how,
                             struct watch_ack *out, struct why *why);

#endif
