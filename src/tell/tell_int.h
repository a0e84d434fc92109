/* What the files of tell share. */
#ifndef TELL_TELL_INT_H
#define TELL_TELL_INT_H

#include "tell/tell.h"

/* ---- the contacts file ---- */

struct tell_reader {
    int dir;
    struct arena *arena;
    struct tell_contacts *out;
    struct why *why;
    unsigned line; /* that is being read, from 1 */
    struct tell_contact *contacts;
    struct tell_contact *open; /* the section that is being read; NULL before the first */
    struct tell_way *ways;     /* of it */
    unsigned open_line;
    struct tell_mail *mail; /* a copy for the ways, made at the end */
    unsigned mail_line;     /* first that needs mail to be set up; 0: none */
    uint32_t seen;          /* bit i: key i of this section was read */
};
/* "line N: ..." as SH_EFORMAT. */
int tell_fail(struct tell_reader *reader, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What "%.*s" wants to show the start of a text, in whole characters. */
#define TELL_START(text, bytes) (int)tell_cut(slice_text(text), bytes), text
/* The next word of *rest, which is moved behind it; NULL at the end. */
char *tell_word(char **rest);
/* An address a@b that needs no quoting anywhere. */
bool tell_is_address(const char *text);
/* An https address, or http on this machine only, as url_build writes it. */
MUST_CHECK int tell_take_url(struct tell_reader *reader, const char *text, const char **out);
/* The one line of a file that nobody else may read. */
MUST_CHECK int tell_take_secret(struct tell_reader *reader, const char *path, const char **out);
/* The rest of a line "to ..." as the next way of the open section. */
MUST_CHECK int tell_take_way(struct tell_reader *reader, char *rest);
/* A copy in the arena; NULL when it is full. */
const char *tell_keep(struct arena *arena, struct slice text);

/* ---- words ---- */

/* The longest start of text of at most max bytes that ends between characters. */
size_t tell_cut(struct slice text, size_t max);
/* Append text; when it is longer than max bytes, its start and an ellipsis. */
void tell_shortened(struct bytes *out, struct slice text, size_t max);

/* ---- sending ---- */

struct tell_try {
    struct fetcher *fetcher;
    const struct tell_contact *contact;
    const struct tell_way *way;
    const struct tell_message *message;
    unsigned deadline_ms;
    struct tell_answer *answer;
};
/* The cause, at most as long as there is room. */
void tell_say(const struct tell_try *attempt, enum tell_outcome outcome, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* "alarm" for the three troubles, else tell_what_name: what a program is told. */
const char *tell_what_coarse(const struct tell_contact *contact, enum tell_what what);
/* Ask the fetcher; false when there was no answer: attempt->answer says so then. */
MUST_CHECK bool tell_ask(const struct tell_try *attempt, struct fetcher_request *request,
                         struct fetcher_answer *answer);
/* text as encoded words of RFC 2047, with sep between them; as it stands when it needs none. */
void tell_encoded(struct bytes *out, struct slice text, const char *sep);
/* The whole message of RFC 5322; false when its id or its address is not of a safe form. */
MUST_CHECK bool tell_mail_build(const struct tell_try *attempt, struct bytes *out);

void tell_by_mail(const struct tell_try *attempt);
void tell_by_ntfy(const struct tell_try *attempt);
void tell_by_telegram(const struct tell_try *attempt);
void tell_by_wecom(const struct tell_try *attempt);
void tell_by_webhook(const struct tell_try *attempt);
void tell_by_command(const struct tell_try *attempt);

#endif
