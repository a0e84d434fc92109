/* One attempt by one way, and trying all ways of a contact. */
#include "tell/tell_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "io/io.h"

void tell_say(const struct tell_try *attempt, enum tell_outcome outcome, const char *fmt, ...)
{
    struct tell_answer *answer = attempt->answer;
    va_list args;

    answer->outcome = outcome;
    va_start(args, fmt);
    (void)vsnprintf(answer->text, sizeof(answer->text), fmt, args); /* Cut at worst. */
    va_end(args);
}

static void no_answer(const struct tell_try *attempt, const struct fetcher_answer *answer)
{
    static const char *const CAUSES[] = {
        [FETCHER_REFUSED] = "the address is not a public one: allow it with --allow-host",
        [FETCHER_UNREACHABLE] = "the server cannot be reached",
        [FETCHER_TIMEOUT] = "the server did not answer in time",
        [FETCHER_TLS] = "no protected connection (TLS) came about",
        [FETCHER_TOO_LARGE] = "the answer was too large",
        [FETCHER_BROKEN] = "what answered does not speak the protocol"};
    const char *said = answer->text[0] ? answer->text : NULL;

    tell_say(attempt, answer->outcome == FETCHER_REFUSED ? TELL_REFUSED : TELL_LATER, "%s%s%s",
             CAUSES[answer->outcome], said ? ": " : "", said ? said : "");
}

bool tell_ask(const struct tell_try *attempt, struct fetcher_request *request,
              struct fetcher_answer *answer)
{
    struct why why = {0};

    if (!attempt->fetcher) {
        tell_say(attempt, TELL_LATER, "stillhere-fetch is not there: nothing can be sent");
        return false;
    }
    request->deadline_ms = attempt->deadline_ms;
    if (fetcher_do(attempt->fetcher, request, answer, &why) != SH_OK) {
        tell_say(attempt, TELL_LATER, "stillhere-fetch did not do it: %s", why.text);
        return false;
    }
    attempt->answer->status = answer->status;
    attempt->answer->retry_after_s = answer->retry_after_s;
    if (answer->outcome == FETCHER_DONE)
        return true;
    no_answer(attempt, answer);
    return false;
}

void tell_send(struct fetcher *fetcher, const struct tell_contact *contact,
               const struct tell_way *way, const struct tell_message *message,
               struct tell_answer *answer)
{
    static void (*const BY[])(const struct tell_try *attempt) = {
        [TELL_MAIL] = tell_by_mail,         [TELL_NTFY] = tell_by_ntfy,
        [TELL_TELEGRAM] = tell_by_telegram, [TELL_WECOM] = tell_by_wecom,
        [TELL_WEBHOOK] = tell_by_webhook,   [TELL_COMMAND] = tell_by_command};
    struct tell_try attempt = {.fetcher = fetcher,
                               .contact = contact,
                               .way = way,
                               .message = message,
                               .deadline_ms = message->deadline_ms,
                               .answer = answer};

    if (!attempt.deadline_ms)
        attempt.deadline_ms = LIMIT_TELL_WAIT_MS;
    *answer = (struct tell_answer){.outcome = TELL_LATER};
    BY[way->kind](&attempt);
}

size_t tell_trial_send(struct fetcher *fetcher, const struct tell_contacts *contacts,
                       const struct tell_contact *contact, const struct tell_trial *trial)
{
    struct tell_facts facts = {
        .what = trial->what, .now = trial->now, .ack_code = trial->ack_code};
    struct tell_message message = {.what = trial->what, .date = trial->now};
    struct bytes subject = {0}, body = {0};
    struct tell_answer answer;
    uint8_t random[16];
    char hex[2 * sizeof(random) + 1], id[sizeof(hex) + 16];
    size_t accepted = 0;

    bytes_init(&subject, LIMIT_TELL_SUBJECT_BYTES);
    bytes_init(&body, LIMIT_TELL_BODY_BYTES);
    tell_words(contacts, contact, &facts, &subject, &body);
    message.subject = bytes_view(&subject);
    message.body = bytes_view(&body);
    for (size_t i = 0; i < contact->way_count; i++) {
        io_random(random, sizeof(random));
        hex_build(slice_of(random, sizeof(random)), hex);
        (void)snprintf(id, sizeof(id), "<%s@stillhere>", hex);
        message.message_id = id;
        tell_send(fetcher, contact, &contact->ways[i], &message, &answer);
        accepted += answer.outcome == TELL_ACCEPTED;
        if (trial->heard)
            trial->heard(trial->ctx, &contact->ways[i], &answer);
    }
    bytes_release(&subject);
    bytes_release(&body);
    return accepted;
}
