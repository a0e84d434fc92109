/* A change of keys, from the draft of a note to its place in the log. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "io/io.h"
#include "json/json.h"

int key_change_begin(struct key_change *change, struct why *why)
{
    int rc;

    (void)prctl(PR_SET_DUMPABLE, 0); /* Secrets are in this process; a hardening only. */
    bytes_init(&change->pem, LIMIT_NOTE_BYTES);
    bytes_init(&change->words, LIMIT_PAGE_BYTES);
    change->dry = cmd_is_set(change->args, "dry-run");
    rc = channel_open(change->cmd->home, change->dry ? CHANNEL_LOOK : CHANNEL_WRITE,
                      &change->channel, why);
    if (rc < 0)
        return rc;
    change->before = channel_identity(change->channel);
    change->index = channel_info(change->channel)->size;
    identity_next(change->before, &change->draft);
    if (change->draft.note.number > LIMIT_IDENTITY_NOTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "keys were changed %d times; no more",
                       LIMIT_IDENTITY_NOTES);
    /* What would be done can be asked without the sheets. */
    if (change->dry && !change->args->many_count)
        return SH_OK;
    rc = cmd_sheets_read(change->cmd, change->args, &change->sheets, why);
    return rc == SH_OK ? cmd_sheets_check(&change->sheets, change->before, why) : rc;
}

void key_change_end(struct key_change *change)
{
    channel_close(change->channel);
    cmd_sheets_wipe(&change->sheets);
    for (size_t i = 0; i < KEY_FRESH_KEYS; i++)
        secret_wipe(&change->fresh[i].secret);
    for (size_t i = 0; i < CMD_SHEETS_NEW; i++) {
        secret_wipe(&change->made[i].identity);
        secret_wipe(&change->made[i].archive);
    }
    bytes_release(&change->pem);
    bytes_release(&change->words);
}

static struct key_fresh *fresh(struct key_change *change, const char *stem)
{
    struct key_fresh *key = &change->fresh[change->fresh_count++];

    if (change->fresh_count > KEY_FRESH_KEYS)
        bug("key: more new keys than a change has");
    key->stem = stem;
    return key;
}

int key_fresh_log(struct key_change *change, uint64_t from, struct why *why)
{
    struct key_fresh *log = fresh(change, "log");
    uint8_t bytes[CRYPT_KEY_BYTES];
    struct identity_key key;

    io_random(log->secret.byte, SECRET_BYTES);
    crypto.ed25519_public(&log->secret, bytes);
    identity_key_make(KEY_LOG, slice_of(bytes, sizeof(bytes)), &key);
    key.from = from;
    memcpy(log->id, key.id, sizeof(log->id));
    return identity_draft_add(&change->draft, &key, why);
}

int key_fresh_ca(struct key_change *change, uint64_t from, struct why *why)
{
    struct key_fresh *ca = fresh(change, "c2pa-ca");
    char short_id[CHANNEL_SHORT_ID_BYTES];
    struct crypt_ca paper = {.scalar = &ca->secret, .short_id = short_id};
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct identity_key key;
    int rc;

    do {
        io_random(ca->secret.byte, SECRET_BYTES);
    } while (!crypt_es256_public(&ca->secret, spki));
    identity_key_make(KEY_C2PA_CA, slice_of(spki, sizeof(spki)), &key);
    key.from = from;
    memcpy(ca->id, key.id, sizeof(ca->id));
    (void)snprintf(change->pem_path, sizeof(change->pem_path), "id/c2pa-ca-%s.pem", key.id);
    channel_id_short(&change->before->channel, short_id);
    io_random(paper.serial, sizeof(paper.serial));
    paper.year = when_of(io_now()).year;
    rc = crypt_ca_build(&paper, &change->pem, why);
    return rc == SH_OK ? identity_draft_add(&change->draft, &key, why) : rc;
}

int key_note_build(struct key_change *change, struct bytes *note, struct why *why)
{
    struct identity_secrets secrets = {.count = 0};
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_IDENTITY_BYTES);
    rc = identity_build(&change->draft.note, &text, why);
    cmd_sheets_secrets(&change->sheets, &secrets);
    for (size_t i = 0; i < change->made_count; i++)
        secrets.secret[secrets.count++] = &change->made[i].identity;
    if (rc == SH_OK)
        rc = identity_sign(bytes_view(&text), &change->before->channel, &secrets, note, why);
    bytes_release(&text);
    return rc;
}

static int keep_all(struct key_change *change, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < change->fresh_count && rc == SH_OK; i++)
        rc = channel_key_keep(change->channel, change->fresh[i].stem, change->fresh[i].id,
                              &change->fresh[i].secret, why);
    /* Last before the commit: a sheet that was not kept changes nothing. */
    for (size_t i = 0; i < change->made_count && rc == SH_OK; i++)
        rc = cmd_sheet_set_keep(&change->set, &change->made[i], why);
    return rc;
}

static int answer(const struct key_change *change, const struct channel_commit *commit)
{
    const struct cmd *cmd = change->cmd;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_slice(&json, "channel", slice_text(channel_info(change->channel)->id.text));
        json_put_bool(&json, "dry_run", change->dry);
        json_put_number(&json, "note", change->draft.note.number);
        json_put_number(&json, "index", change->index);
        json_array_open(&json, "new_keys");
        for (size_t i = 0; i < change->fresh_count && !change->dry; i++)
            json_put_text(&json, NULL, change->fresh[i].id);
        json_array_close(&json);
        if (change->since)
            key_since_json(&json, change->since, &change->moment);
        json_put_slice(&json, "text", bytes_view(&change->words));
        cmd_json_close(&json);
        return cmd_answer(cmd, &out);
    }
    if (change->dry)
        bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_KEY_DRY));
    bytes_slice(&out, bytes_view(&change->words));
    if (commit)
        cmd_log_line(&out, cmd->lang, commit->size, commit->root);
    return cmd_answer(cmd, &out);
}

static void add_note_line(struct key_change *change)
{
    char number[24], index[24];

    (void)snprintf(number, sizeof(number), "%llu",
                   (unsigned long long)change->draft.note.number);
    (void)snprintf(index, sizeof(index), "%llu", (unsigned long long)change->index);
    LANG_SAY(&change->words, change->cmd->lang, STR_KEY_NOTE, number, index);
    bytes_u8(&change->words, '\n');
}

static int commit_note(struct key_change *change, struct channel_commit *commit,
                       struct why *why)
{
    struct channel_signer signer = cmd_signer(change->channel);
    struct channel_rotation rotation = {.certificate_path = change->pem_path,
                                        .certificate = bytes_view(&change->pem)};
    struct bytes note;
    int rc;

    bytes_init(&note, LIMIT_NOTE_BYTES);
    rc = key_note_build(change, &note, why);
    if (rc == SH_OK)
        rc = keep_all(change, why);
    rotation.note = bytes_view(&note);
    if (rc == SH_OK)
        rc = channel_rotate(change->channel, &rotation, &signer, commit, why);
    bytes_release(&note);
    if (rc == SH_OK && commit->published)
        channel_keys_sweep(change->channel);
    return rc;
}

int key_change_finish(struct key_change *change, struct why *why)
{
    struct channel_commit commit = {0};
    struct bytes text;
    int rc;

    add_note_line(change);
    if (change->dry) {
        /* What cannot be written down must be refused now, too. */
        bytes_init(&text, LIMIT_IDENTITY_BYTES);
        rc = identity_build(&change->draft.note, &text, why);
        bytes_release(&text);
        return rc < 0 ? rc : answer(change, NULL);
    }
    rc = commit_note(change, &commit, why);
    for (size_t i = 0; rc == SH_OK && i < change->made_count; i++)
        cmd_sheet_say(change->cmd, &change->set.plan[i]);
    if (rc < 0)
        return rc;
    if (!commit.published)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "the keys are changed, but public/ does not show it yet; the next "
                       "command goes on with that");
    (void)cmd_publish(change->cmd, change->channel); /* Said. */
    return answer(change, &commit);
}

/* ---- since when ---- */

int key_since(struct key_change *change, const char *text, struct why *why)
{
    uint64_t size = channel_info(change->channel)->size;
    struct channel_moment *moment = &change->moment;
    struct cmd_clock clock;
    int rc;

    cmd_clock_tell(change->channel, &clock);
    rc = key_since_parse(text, &clock, moment, why);
    if (rc == SH_OK && moment->how == CHANNEL_SINCE_INDEX && moment->value > size)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--since %s: the log has %llu entries; the last is %llu", text,
                       (unsigned long long)size, (unsigned long long)size - 1);
    if (rc == SH_OK)
        rc = channel_moment_find(change->channel, moment, why);
    if (rc != SH_OK)
        return rc;
    change->since = text;
    key_since_say(&change->words, change->cmd->lang, text, moment);
    return SH_OK;
}
