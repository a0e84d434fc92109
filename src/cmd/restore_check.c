/* What an unpacked backup must be before it is put in place: the sheet's channel, and whole. */
#include "cmd/restore_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "role/role.h"

#define KEY_FILE_BYTES 65 /* 64 hex digits and LF */

static int report_judge(const struct verify_report *report, enum lang lang, struct why *why)
{
    struct bytes text;

    if (verify_verdict(report) == VERIFY_OK)
        return SH_OK;
    bytes_init(&text, LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < report->count && !text.len; i++)
        if (verify_id_severity(report->finding[i].id) >= VERIFY_WANTING)
            verify_finding_say(&report->finding[i], lang, &text);
    (void)why_set(why, SH_ECONFLICT, WHY_NOWHERE, "what it holds is not whole: %.*s",
                  (int)text.len, text.len ? (const char *)text.ptr : "");
    bytes_release(&text);
    return SH_ECONFLICT;
}

static int check_tree(int public_dir, const struct sheet *sheet, enum lang lang,
                      struct why *why)
{
    struct verify_report *report;
    struct arena arena;
    int rc;

    arena_init(&arena, sizeof(*report) + 64);
    report = arena_take(&arena, sizeof(*report));
    if (!report)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    rc = role_verify(public_dir, &sheet->channel, report, why);
    if (rc == SH_OK)
        rc = report_judge(report, lang, why);
    arena_release(&arena);
    return rc;
}

static int key_file(int stage, const char *path, struct secret *out, struct why *why)
{
    struct bytes raw;
    int rc;

    bytes_init(&raw, KEY_FILE_BYTES);
    rc = io_read(stage, path, &raw, why);
    if (rc == SH_OK &&
        (raw.len != KEY_FILE_BYTES || raw.ptr[KEY_FILE_BYTES - 1] != '\n' ||
         !hex_parse(slice_of(raw.ptr, KEY_FILE_BYTES - 1), out->byte, sizeof(out->byte))))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "%s: not 64 hex digits and a newline", path);
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    return rc;
}

/* Is a key of the note open, of this role and with these public bytes? */
static bool note_has(const struct identity *note, enum key_role role, struct slice key)
{
    for (size_t i = 0; i < note->key_count; i++)
        if (note->keys[i].role == role && note->keys[i].until == ENTRY_NO_REF &&
            slice_equal(slice_of(note->keys[i].bytes, note->keys[i].bytes_len), key))
            return true;
    return false;
}

/* The secret of the note's open key of this role, under the name that a rotation gave it. */
static int key_of_note(int stage, const struct identity *note, enum key_role role,
                       struct secret *out, struct why *why)
{
    const struct identity_key *key = identity_key_open(note, role);
    const char *stem = role == KEY_LOG ? "log" : "c2pa-ca";
    char name[CHANNEL_KEY_PATH_BYTES], path[CHANNEL_KEY_PATH_BYTES + 8];
    int private_dir = -1;
    int rc = io_open_dir(stage, "private", &private_dir, why);

    if (rc < 0)
        return rc;
    channel_key_path(private_dir, stem, key ? key->id : "", name);
    io_close(&private_dir);
    (void)snprintf(path, sizeof(path), "private/%s", name);
    return key_file(stage, path, out, why);
}

static int compare_keys(int stage, const struct sheet *sheet, const struct identity *note,
                        struct why *why)
{
    uint8_t identity[CRYPT_KEY_BYTES], archive[CRYPT_KEY_BYTES], log[CRYPT_KEY_BYTES];
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct secret log_secret = {0}, ca_secret = {0};
    int rc;

    crypto.ed25519_public(&sheet->identity, identity);
    crypto.x25519_public(&sheet->archive, archive);
    if (!note_has(note, KEY_IDENTITY, slice_of(identity, sizeof(identity))) ||
        !note_has(note, KEY_ARCHIVE, slice_of(archive, sizeof(archive))))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the sheet's keys are not those of the channel in this backup");
    rc = key_of_note(stage, note, KEY_LOG, &log_secret, why);
    if (rc == SH_OK)
        rc = key_of_note(stage, note, KEY_C2PA_CA, &ca_secret, why);
    if (rc == SH_OK) {
        crypto.ed25519_public(&log_secret, log);
        if (!crypt_es256_public(&ca_secret, spki) ||
            !note_has(note, KEY_LOG, slice_of(log, sizeof(log))) ||
            !note_has(note, KEY_C2PA_CA, slice_of(spki, sizeof(spki))))
            rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                         "private/keys: not the keys that the channel's identity note names");
    }
    secret_wipe(&log_secret);
    secret_wipe(&ca_secret);
    return rc;
}

/* id/current was accepted by the verifier; here it is only read again. */
static int check_keys(int stage, int public_dir, const struct sheet *sheet, struct why *why)
{
    struct identity note = {0};
    struct tlog_note parts;
    struct arena arena;
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_NOTE_BYTES * 2);
    rc = io_read(public_dir, "id/current", &raw, why);
    if (rc == SH_OK)
        rc = tlog_note_parse(bytes_view(&raw), &parts, why);
    if (rc == SH_OK)
        rc = identity_parse(parts.text, &arena, &note, why);
    if (rc == SH_OK)
        rc = compare_keys(stage, sheet, &note, why);
    arena_release(&arena);
    bytes_release(&raw);
    return rc;
}

int cmd_restore_check(int stage, const struct sheet *sheet, enum lang lang, struct why *why)
{
    int public_dir = -1, private_dir = -1;
    int rc = io_open_dir(stage, "public", &public_dir, why);

    if (rc == SH_OK)
        rc = check_tree(public_dir, sheet, lang, why);
    if (rc == SH_OK)
        rc = check_keys(stage, public_dir, sheet, why);
    if (rc == SH_OK)
        rc = io_open_dir(stage, "private", &private_dir, why);
    if (rc == SH_OK)
        rc = channel_waiting_check(private_dir, why);
    io_close(&private_dir);
    io_close(&public_dir);
    return rc;
}
