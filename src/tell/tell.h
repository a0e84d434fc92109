/*
 * tell -- whom to tell and how: the contacts file, the words of a message, and sending one.
 *
 * Spec:    contacts file: stillhere-contacts(5).  RFC 5322, 2045, 2047 (mail); ntfy, Telegram
 *          Bot API sendMessage, WeCom group robot; webhook signed with HMAC-SHA256.
 * Shapes:  a message is neutral unless the contact asked for place and words.
 * Memory:  struct tell_contacts lives in the caller's arena; nothing outlives a call.
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
struct tell_way {
    enum tell_kind kind;
    const char *target; /* address, URL, chat id, or the command's path */
    const char *secret; /* token or key, read from the file that the line names; or NULL */
};
struct tell_contact {
    const char *name;   /* of the section: [a-z0-9-]{1,32}, each once */
    const char *called; /* how the person is called, any UTF-8 line; or NULL */
    enum lang lang;
    uint64_t after_s;
    bool good;  /* wants to hear of every word */
    bool words; /* wants place and words */
    const struct tell_way *ways;
    size_t way_count; /* >= 1: tried in order until one is accepted */
};
/* Mail goes out through this. */
struct tell_mail {
    const char *server; /* smtp://HOST[:PORT] or smtps://HOST[:PORT]; NULL: no mail */
    const char *from, *user, *password;
};
struct tell_contacts {
    struct tell_mail mail;
    const struct tell_contact *contact; /* at most LIMIT_CONTACTS, as in the file */
    size_t count;
    uint64_t silence_s;
    const char *base; /* public URL of `front`, for the link to acknowledge; or NULL */
};
/* dir: where relative names of secret files start (the contacts file's folder). */
MUST_CHECK int tell_contacts_parse(struct slice text, int dir, struct arena *arena,
                                   struct tell_contacts *out, struct why *why);

enum tell_what {
    TELL_LATE,
    TELL_SILENT,
    TELL_DISAGREE, /* an episode */
    TELL_OVER,     /* the episode that this contact heard of is over */
    TELL_GOOD,     /* a word came */
    TELL_TEST,
    TELL_REHEARSAL
};
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
/* Subject (one line) and body in the contact's language. */
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
 * when the message was queued: a repeated attempt sends the same bytes.
 */
struct tell_message {
    const char *message_id;
    uint64_t date;
    struct slice subject, body;
};
void tell_send(struct fetcher *fetcher, const struct tell_contacts *contacts,
               const struct tell_contact *contact, const struct tell_way *way,
               const struct tell_message *message, struct tell_answer *answer);
const char *tell_kind_name(enum tell_kind kind);

#endif
