/*
 * Signed notes: what parses is made of its parts again, and judging it by any key is safe.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"

/* A note is its text, an empty line and its signature lines, each in its one spelling. */
static void put_together(struct slice raw, const struct tlog_note *note)
{
    static struct tlog_signature signature;
    struct bytes again;

    bytes_init(&again, LIMIT_NOTE_BYTES + 1);
    bytes_slice(&again, note->text);
    bytes_text(&again, "\n");
    for (size_t i = 0; i < note->signatures; i++) {
        struct tlog_key key = {.type = TLOG_ED25519};

        tlog_note_signature(note, i, &signature);
        memcpy(key.name, signature.name.ptr, signature.name.len);
        key.id = signature.key_id;
        if (tlog_note_verdict(note, &key) == TLOG_ABSENT)
            abort();
        tlog_signature_line(&again, &key, slice_of(signature.data, signature.data_len));
    }
    if (bytes_check(&again, NULL) || !slice_equal(bytes_view(&again), raw))
        abort();
    bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw = slice_of(data, size);
    struct tlog_note note;
    struct why why = {0};
    int rc = tlog_note_parse(raw, &note, &why);

    if (!rc)
        put_together(raw, &note);
    else if (!why.text[0] || (int)why.code != rc)
        abort();
    return 0;
}
