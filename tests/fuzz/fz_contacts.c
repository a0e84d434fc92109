/*
 * The contacts file: what is taken names somebody to tell and how; every message to them is a
 * plain text, and a neutral one does not tell whom it is about.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tell/tell.h"

static void look_at_words(const struct tell_contacts *contacts,
                          const struct tell_contact *contact, enum tell_what what)
{
    struct tell_facts facts = {
        .what = what, .channel_name = "Женя", .copies = 3, .ack_code = "aaaa"};
    struct bytes subject, body;

    bytes_init(&subject, LIMIT_TELL_SUBJECT_BYTES);
    bytes_init(&body, LIMIT_TELL_BODY_BYTES);
    tell_words(contacts, contact, &facts, &subject, &body);
    if (text_check(bytes_view(&subject), TEXT_LINE, LIMIT_TELL_SUBJECT_BYTES, "s", NULL) < 0 ||
        text_check(bytes_view(&body), TEXT_NEWLINES, LIMIT_TELL_BODY_BYTES, "b", NULL) < 0)
        abort();
    if (!contact->words &&
        (memmem(subject.ptr, subject.len, "Женя", 8) || memmem(body.ptr, body.len, "Женя", 8)))
        abort();
    bytes_release(&subject);
    bytes_release(&body);
}

static void look_at(const struct tell_contacts *contacts)
{
    if (!contacts->count || contacts->count > LIMIT_CONTACTS || !contacts->silence_s)
        abort();
    for (size_t i = 0; i < contacts->count; i++) {
        const struct tell_contact *contact = &contacts->contact[i];

        if (!contact->way_count || contact->way_count > LIMIT_WAYS ||
            tell_contact_find(contacts, contact->name) != contact)
            abort();
        for (size_t j = 0; j < contact->way_count; j++)
            if (!contact->ways[j].target ||
                (contact->ways[j].kind == TELL_MAIL && !contact->ways[j].mail->server))
                abort();
        for (int what = 0; what < TELL_WHATS; what++)
            look_at_words(contacts, contact, (enum tell_what)what);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tell_contacts contacts;
    struct why why = {0};
    struct arena arena;
    int rc;

    arena_init(&arena, LIMIT_CONTACTS_ARENA);
    rc = tell_contacts_parse(slice_of(data, size), -1, &arena, &contacts, &why);
    if (rc == SH_OK)
        look_at(&contacts);
    else if ((int)why.code != rc || !why.text[0] || !text_is_utf8(slice_text(why.text)))
        abort();
    arena_release(&arena);
    return 0;
}
