/*
 * tell -- whom to tell and how: the contacts file, the words of a message, and sending one.
 *
 * Spec:    contacts file: stillhere-contacts(5).  RFC 5322, 2045, 2047 (mail); ntfy, Telegram
 *          Bot API sendMessage, WeCom group robot; webhook signed with HMAC-SHA256.
 * Shapes:  a message is neutral unless the contact asked for place and words.
 * Memory:  struct tell_contacts lives in the caller's arena (LIMIT_CONTACTS_ARENA bytes are
 *          enough), its secrets too; nothing outlives a call.
 * Errors:  SH_EFORMAT with the line of the contacts file and what to write instead.
 * Threads: no state.
 */
#ifndef TELL_TELL_H
#define TELL_TELL_H

#include "alarm/alarm.h"
#include "base/base.h"
#include "dispatch/dispatch.h"
#include "fetcher/fetcher.h"
#include "lang/lang.h"

enum tell_kind { TELL_MAIL, TELL_NTFY, TELL_TELEGRAM, TELL_WECOM, TELL_WEBHOOK, TELL_COMMAND };
/* Mail goes out through this. */
struct tell_mail {
    const char *server; /* smtp://HOST[:PORT] or smtps://HOST[:PORT]; NULL: no mail */
    const char *from, *user, *password;
};
struct tell_way {
    enum tell_kind kind;
    const char *target; /* address, URL, chat id, or the command's path */
    const char *secret; /* token or key, read from the file that the line names; or NULL */
    const char *at;     /* telegram: where the bot API is, without a final slash */
    const struct tell_mail *mail; /* mail: of the file */
};
struct tell_contact {
    const char *name;   /* of the section: [a-z0-9-]{1,32}, each once */
    const char *called; /* how the person is called, any UTF-8 line; or NULL */
    enum lang lang;
    const char *zone; /* IANA name, that times are told in; NULL: that of all contacts */
    uint64_t after_s;
    bool good;  /* wants to hear of every word */
    bool words; /* wants place and words */
    const struct tell_way *ways;
    size_t way_count; /* >= 1: tried in order until one is accepted */
};
struct tell_contacts {
    struct tell_mail mail;
    const struct tell_contact *contact; /* at most LIMIT_CONTACTS, as in the file */
    size_t count;
    uint64_t silence_s;
    const char *zone; /* IANA name, or NULL: UTC */
    const char *base; /* public URL of `front`, for the link to acknowledge; or NULL */
};
/* dir: where relative names of secret files start (the contacts file's folder). */
MUST_CHECK int tell_contacts_parse(struct slice text, int dir, struct arena *arena,
                                   struct tell_contacts *out, struct why *why);
/*
 * The same from a file, which others than its owner must not be able to write (it may name a
 * command); path may be absolute.  The cause starts with path.  SH_ENOTFOUND.
 */
MUST_CHECK int tell_contacts_read(const char *path, struct arena *arena,
                                  struct tell_contacts *out, struct why *why);
/* The contact of that name, or NULL. */
const struct tell_contact *tell_contact_find(const struct tell_contacts *contacts,
                                             const char *name);

/* The one that holds for a contact, or NULL: UTC. */
const char *tell_zone(const struct tell_contacts *contacts, const struct tell_contact *contact);
/*
 * "Tuesday 3 March 2026, 20:05 (Asia/Shanghai)"; UTC where zone is NULL, empty, or not known
 * here.
 */
#define TELL_DATE_BYTES (LANG_DATE_BYTES + LIMIT_TOKEN_BYTES)
void tell_date(enum lang lang, const char *zone, uint64_t unix_s, char out[TELL_DATE_BYTES]);

enum tell_what {
    TELL_LATE,
    TELL_SILENT,
    TELL_DISAGREE, /* an episode */
    TELL_OVER,     /* the episode that this contact heard of is over */
    TELL_GOOD,     /* a word came */
    TELL_TEST,
    TELL_REHEARSAL,
    TELL_LOST /* the notes of the watch were damaged: it begins anew */
};
#define TELL_WHATS 8
/* "late" "silent" "disagree" "over" "good" "test" "rehearsal" "lost" */
const char *tell_what_name(enum tell_what what);
struct tell_facts {
    enum tell_what what;
    const char *channel_name;
    uint64_t now, due_by, word_at, heard_at; /* unix seconds; 0 = unknown */
    size_t copies, heard, agree;
    const struct document *word; /* the newest word, for those who want words; or NULL */
    const char *ack_code;        /* NULL: nothing to acknowledge */
    const char *message_id;      /* "<hex@stillhere>", the same at every attempt */
    bool doubtful_clock;
};
/* Append subject (one line) and body in the contact's language; see their bytes_check. */
void tell_words(const struct tell_contacts *contacts, const struct tell_contact *contact,
                const struct tell_facts *facts, struct bytes *subject, struct bytes *body);

enum tell_outcome { TELL_ACCEPTED, TELL_LATER /* try again */, TELL_REFUSED /* do not */ };
struct tell_answer {
    enum tell_outcome outcome;
    unsigned status; /* HTTP or SMTP; exit code of a command; 0 = none */
    uint64_t retry_after_s;
    char text[240]; /* for the ledger: never a token, a place, or words */
};
/*
 * One attempt by one way; blocks until an answer or deadline_ms.  subject and body as stored
 * when the message was queued: a repeated attempt sends the same bytes.  A mail's Message-ID
 * is what stands before the "@" of message_id, at the host of mail-from: the same every time,
 * and nothing in it says which program wrote it.
 */
struct tell_message {
    enum tell_what what;    /* how urgent; programs are told it as "alarm", "over", "good"... */
    const char *message_id; /* "<1 to 64 of [a-z0-9-]@...>" */
    uint64_t date;
    struct slice subject, body;
    unsigned deadline_ms; /* 0: LIMIT_TELL_WAIT_MS */
};
/* fetcher may be NULL for a command; for all else that gives TELL_LATER. */
void tell_send(struct fetcher *fetcher, const struct tell_contact *contact,
               const struct tell_way *way, const struct tell_message *message,
               struct tell_answer *answer);
/* "mail" "ntfy" "telegram" "wecom" "webhook" "command" */
const char *tell_kind_name(enum tell_kind kind);

/* Send a TELL_TEST or TELL_REHEARSAL to one contact by every way, not only the first. */
struct tell_trial {
    enum tell_what what;
    uint64_t now;
    const char *ack_code; /* NULL: nothing to acknowledge */
    void (*heard)(void *ctx, const struct tell_way *way, const struct tell_answer *answer);
    void *ctx;
};
/* Returns how many ways accepted it. */
size_t tell_trial_send(struct fetcher *fetcher, const struct tell_contacts *contacts,
                       const struct tell_contact *contact, const struct tell_trial *trial);

#endif
