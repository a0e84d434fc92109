/*
 * tellone -- one message to one contact by every way, as a program, for tests only.
 *
 *     tellone CONTACTS NAME WHAT [--allow HOST:PORT]... [--trust PEM] [--resolver FILE]
 *             [--deadline MS] [--id ID] [--subject TEXT] [--body TEXT] [--show]
 *
 * WHAT: late silent disagree over good test rehearsal.  The word that is told of is always the
 * same, from Odesa, of a channel whose name tries to be markup and a header.  One line on
 * standard output for each way: KIND OUTCOME STATUS RETRY_AFTER TEXT; --show prints subject and
 * body instead of sending them.  Exit: 0 done, 1 failed (reason on standard error), 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tell/tell.h"

struct wanted {
    const char *contacts, *name, *id, *subject, *body;
    enum tell_what what;
    struct url_allowed allowed[8];
    struct fetcher_options options;
    unsigned deadline_ms;
    bool show;
};

static bool take_option(struct wanted *wanted, const char *option, const char *value)
{
    if (strcmp(option, "--allow") == 0)
        return wanted->options.allowed_count < COUNT_OF(wanted->allowed) &&
               url_allowed_parse(slice_text(value),
                                 &wanted->allowed[wanted->options.allowed_count++],
                                 NULL) == SH_OK;
    if (strcmp(option, "--deadline") == 0)
        wanted->deadline_ms = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(option, "--trust") == 0)
        wanted->options.trust_file = value;
    else if (strcmp(option, "--resolver") == 0)
        wanted->options.resolver = value;
    else if (strcmp(option, "--id") == 0)
        wanted->id = value;
    else if (strcmp(option, "--subject") == 0)
        wanted->subject = value;
    else if (strcmp(option, "--body") == 0)
        wanted->body = value;
    else
        return false;
    return true;
}

static bool take_arguments(struct wanted *wanted, int argc, char **argv)
{
    if (argc < 4)
        return false;
    wanted->contacts = argv[1];
    wanted->name = argv[2];
    while (wanted->what < TELL_WHATS && strcmp(argv[3], tell_what_name(wanted->what)) != 0)
        wanted->what++;
    if (wanted->what == TELL_WHATS)
        return false;
    for (int i = 4; i < argc; i += 2) {
        if (strcmp(argv[i], "--show") == 0) {
            wanted->show = true;
            i--;
        } else if (i + 1 == argc || !take_option(wanted, argv[i], argv[i + 1])) {
            return false;
        }
    }
    return true;
}

static void write_it(const struct wanted *wanted, const struct tell_contacts *contacts,
                     const struct tell_contact *contact, struct bytes *subject,
                     struct bytes *body)
{
    struct doc_text words = {slice_text("en"), slice_text("Back from shopping <script>")};
    struct doc_text place = {slice_text("en"), slice_text("Odesa")};
    struct document word = {.kind = DOC_DISPATCH, .words = &words, .word_count = 1};
    struct tell_facts facts = {.what = wanted->what,
                               .channel_name = "Анна <b>&Bcc: x@evil.example",
                               .now = 1772640000,
                               .due_by = 1772633100,
                               .word_at = 1772546700,
                               .heard_at = 1772639000,
                               .copies = 4,
                               .heard = 4,
                               .agree = 3,
                               .word = &word};

    word.status = slice_text("well");
    word.place.present = true;
    word.place.names = &place;
    word.place.name_count = 1;
    facts.ack_code = wanted->what <= TELL_DISAGREE ? "abcdefghijklmnopqrstuvwxyz" : NULL;
    tell_words(contacts, contact, &facts, subject, body);
    if (wanted->subject) {
        bytes_clear(subject);
        bytes_text(subject, wanted->subject);
    }
    if (wanted->body) {
        bytes_clear(body);
        bytes_text(body, wanted->body);
    }
}

static int send_it(const struct wanted *wanted, const struct tell_contact *contact,
                   const struct tell_message *message)
{
    static const char *const OUTCOMES[] = {"accepted", "later", "refused"};
    struct fetcher *fetcher = NULL;
    struct why why = {0};

    if (fetcher_open(&wanted->options, &fetcher, &why) != SH_OK) {
        (void)fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (size_t i = 0; i < contact->way_count; i++) {
        struct tell_answer answer;

        tell_send(fetcher, contact, &contact->ways[i], message, &answer);
        (void)printf("%s %s %u %llu %s\n", tell_kind_name(contact->ways[i].kind),
                     OUTCOMES[answer.outcome], answer.status,
                     (unsigned long long)answer.retry_after_s, answer.text);
    }
    fetcher_close(fetcher);
    return 0;
}

int main(int argc, char **argv)
{
    struct wanted wanted = {.id = "<00112233445566778899aabbccddeeff@stillhere>"};
    struct tell_contacts contacts;
    const struct tell_contact *contact = NULL;
    struct tell_message message = {0};
    struct bytes subject, body;
    struct arena arena;
    struct why why = {0};
    int rc = 1;

    if (!take_arguments(&wanted, argc, argv))
        return 2;
    wanted.options.allowed = wanted.allowed;
    arena_init(&arena, LIMIT_CONTACTS_ARENA);
    bytes_init(&subject, LIMIT_TELL_BODY_BYTES);
    bytes_init(&body, LIMIT_TELL_BODY_BYTES);
    if (tell_contacts_read(wanted.contacts, &arena, &contacts, &why) == SH_OK)
        contact = tell_contact_find(&contacts, wanted.name);
    if (!contact) {
        (void)fprintf(stderr, "%s\n", why.text);
        goto out;
    }
    write_it(&wanted, &contacts, contact, &subject, &body);
    message = (struct tell_message){.what = wanted.what,
                                    .message_id = wanted.id,
                                    .date = 1772640000,
                                    .subject = bytes_view(&subject),
                                    .body = bytes_view(&body),
                                    .deadline_ms = wanted.deadline_ms};
    if (wanted.show)
        rc = printf("%.*s\n\n%.*s", (int)subject.len, (const char *)subject.ptr, (int)body.len,
                    (const char *)body.ptr) < 0;
    else
        rc = send_it(&wanted, contact, &message);
out:
    bytes_release(&subject);
    bytes_release(&body);
    arena_release(&arena);
    return rc;
}
