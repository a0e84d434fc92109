/*
 * noteone: our reader of notes and checkpoints behind a pipe, for a comparison with another.
 *
 * In:  frames "KIND LENGTH\n" and LENGTH bytes.  Out: one line a frame.
 *   K  "name hex(public key)"      a key to look for         "key NAME+ID+BASE64"
 *   N  a note                      "accept TEXT-BYTES SIGNATURES VERDICTS" or "refuse CODE"
 *   C  the text of a checkpoint    "accept SIZE ROOT ORIGIN-BYTES" or "refuse CODE"
 *   V  a verifier key              "accept NAME-BYTES ID TYPE" or "refuse CODE"
 *   S  hex(seed) " " name LF text  the signature line that we would write
 *   F  nothing                     what was answered is sent now
 * VERDICTS has a letter for each key in turn: a absent, g good, b bad.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/tlog.h"

#define KEYS_MAX 16
#define FRAME_MAX (1u << 20)

static struct tlog_key keys[KEYS_MAX];
static size_t key_count;

static void stop(const char *what)
{
    (void)fprintf(stderr, "noteone: %s\n", what);
    exit(1);
}

static void take_key(struct slice frame)
{
    size_t space = slice_find(frame, 0, ' ');
    char name[LIMIT_NOTE_NAME_BYTES + 1] = "";
    uint8_t public_key[CRYPT_KEY_BYTES];
    struct why why = {0};
    struct bytes text;

    if (key_count == KEYS_MAX || space == frame.len || space >= sizeof name ||
        !hex_parse(slice_sub(frame, space + 1, frame.len - space - 1), public_key,
                   sizeof public_key))
        stop("a key frame that is not \"name hex\"");
    memcpy(name, frame.ptr, space);
    if (tlog_key_init(&keys[key_count], name, TLOG_ED25519, public_key, &why))
        stop(why.text);
    bytes_init(&text, 1000);
    tlog_key_text(&keys[key_count++], &text);
    (void)printf("key %.*s\n", (int)text.len, (const char *)text.ptr);
    bytes_release(&text);
}

static void take_note(struct slice frame)
{
    static const char letter[] = {[TLOG_ABSENT] = 'a', [TLOG_GOOD] = 'g', [TLOG_BAD] = 'b'};
    struct tlog_note note;
    struct why why = {0};
    int rc = tlog_note_parse(frame, &note, &why);

    if (rc) {
        if (!why.text[0] || (int)why.code != rc)
            stop("a refusal without its reason");
        (void)printf("refuse %d\n", rc);
        return;
    }
    (void)printf("accept %zu %zu ", note.text.len, note.signatures);
    for (size_t i = 0; i < key_count; i++)
        (void)putchar(letter[tlog_note_verdict(&note, &keys[i])]);
    (void)putchar('\n');
}

static void take_checkpoint(struct slice frame)
{
    struct tlog_checkpoint checkpoint;
    struct bytes again;
    char root[2 * TLOG_HASH_BYTES + 1];
    int rc = tlog_checkpoint_parse(frame, &checkpoint, NULL);

    if (rc) {
        (void)printf("refuse %d\n", rc);
        return;
    }
    bytes_init(&again, FRAME_MAX);
    tlog_checkpoint_build(&again, &checkpoint);
    if (bytes_check(&again, NULL) || !slice_equal(bytes_view(&again), frame))
        stop("a checkpoint is written otherwise than it was read");
    bytes_release(&again);
    hex_build(slice_of(checkpoint.root, TLOG_HASH_BYTES), root);
    (void)printf("accept %llu %s %zu\n", (unsigned long long)checkpoint.size, root,
                 checkpoint.origin.len);
}

static void take_verifier(struct slice frame)
{
    struct tlog_key key;
    struct why why = {0};
    int rc = tlog_key_parse(frame, &key, &why);

    if (rc && (!why.text[0] || (int)why.code != rc))
        stop("a refusal without its reason");
    if (rc)
        (void)printf("refuse %d\n", rc);
    else
        (void)printf("accept %zu %08x %u\n", strlen(key.name), (unsigned)key.id, key.type);
}

static void take_text(struct slice frame)
{
    size_t space = slice_find(frame, 0, ' '), end = slice_find(frame, 0, '\n');
    uint8_t public_key[CRYPT_KEY_BYTES], signature[CRYPT_SIGNATURE_BYTES];
    char name[LIMIT_NOTE_NAME_BYTES + 1] = "";
    struct secret seed;
    struct tlog_key key;
    struct bytes line;

    if (space >= end || end == frame.len || end - space > sizeof name ||
        !hex_parse(slice_sub(frame, 0, space), seed.byte, sizeof seed.byte))
        stop("a text frame that is not \"hex name\", LF and text");
    memcpy(name, frame.ptr + space + 1, end - space - 1);
    crypto.ed25519_public(&seed, public_key);
    if (tlog_key_init(&key, name, TLOG_ED25519, public_key, NULL))
        stop("a name that no key can have");
    crypto.ed25519_sign(&seed, slice_sub(frame, end + 1, frame.len - end - 1), signature);
    bytes_init(&line, 1000);
    tlog_signature_line(&line, &key, slice_of(signature, sizeof signature));
    (void)fwrite(line.ptr, 1, line.len, stdout);
    bytes_release(&line);
}

int main(void)
{
    static uint8_t room[FRAME_MAX];
    static char out[1 << 16];
    char head[64], *end;

    (void)setvbuf(stdout, out, _IOFBF, sizeof out);
    while (fgets(head, sizeof head, stdin)) {
        unsigned long len = strtoul(head + 1, &end, 10);
        uint8_t *copy;

        if (*end != '\n' || len > sizeof room || fread(room, 1, len, stdin) != len)
            stop("a frame that is cut off");
        copy = malloc(len + 1); /* exactly: a sanitizer sees a read past its end */
        if (!copy)
            stop("no memory");
        memcpy(copy, room, len);
        if (head[0] == 'K')
            take_key(slice_of(copy, len));
        else if (head[0] == 'N')
            take_note(slice_of(copy, len));
        else if (head[0] == 'C')
            take_checkpoint(slice_of(copy, len));
        else if (head[0] == 'V')
            take_verifier(slice_of(copy, len));
        else if (head[0] == 'S')
            take_text(slice_of(copy, len));
        else if (head[0] == 'F')
            (void)fflush(stdout); /* A reader that is gone is seen by its own side. */
        else
            stop("a frame of no kind that we know");
        free(copy);
    }
    return fflush(stdout) ? 1 : 0;
}
