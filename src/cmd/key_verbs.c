/* key rotate, revoke, add and sheet: what each puts into the next identity note. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"

static void number_text(char out[24], uint64_t number)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)number);
}

static void say(struct key_change *change, enum lang_string id, const char *a, const char *b)
{
    LANG_SAY(&change->words, change->cmd->lang, id, a, b);
    bytes_u8(&change->words, '\n');
}

static int run_change(struct cmd *cmd, const struct cmd_args *args,
                      int (*draft)(struct key_change *, struct why *))
{
    struct key_change change = {.cmd = cmd, .args = args};
    struct why why = {0};
    int rc = key_change_begin(&change, &why);

    if (rc == SH_OK)
        rc = draft(&change, &why);
    if (rc == SH_OK)
        rc = key_change_finish(&change, &why);
    key_change_end(&change);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

static int close_all(struct key_change *change, enum key_role role, struct why *why)
{
    const struct identity *before = change->before;
    int rc = SH_OK;

    for (size_t i = 0; i < before->key_count && rc == SH_OK; i++)
        if (before->keys[i].role == role && before->keys[i].until == ENTRY_NO_REF)
            rc = identity_draft_close(&change->draft, before->keys[i].id, change->index, why);
    return rc;
}

/* ---- rotate ---- */

static int renew_log(struct key_change *change, struct why *why)
{
    char index[24];
    int rc = close_all(change, KEY_LOG, why);

    if (rc == SH_OK)
        rc = key_fresh_log(change, change->index, why);
    number_text(index, change->index);
    say(change, STR_KEY_LOG_NEW, index, change->fresh[0].id);
    return rc;
}

static int renew_ca(struct key_change *change, struct why *why)
{
    char index[24];
    int rc = close_all(change, KEY_C2PA_CA, why);

    if (rc == SH_OK)
        rc = key_fresh_ca(change, change->index, why);
    number_text(index, change->index);
    say(change, STR_KEY_C2PA_NEW, index, change->fresh[change->fresh_count - 1].id);
    return rc;
}

/* ---- sheets ---- */

enum archive { ARCHIVE_SAME, ARCHIVE_NEW };

/* Where each new sheet goes: --to FILE (three: FILE-1, FILE-2, FILE-3), or the terminal. */
static int plan_sheets(struct key_change *change, size_t count, char names[][4096],
                       struct why *why)
{
    const char *to = cmd_value(change->args, "to");
    const struct channel_info *info = channel_info(change->channel);
    struct cmd_sheet_plan *plan;
    bool ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

    if (!to && !ask && !change->dry)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "new sheets need --to FILE, or a terminal to be shown on");
    for (size_t i = 0; i < count; i++) {
        plan = &change->set.plan[i];
        *plan = (struct cmd_sheet_plan){
            .cmd = change->cmd, .lang = change->cmd->lang, .name = info->name, .ask = ask};
        if (!lang_from_tag(slice_text(info->lang), &plan->lang))
            plan->lang = change->cmd->lang;
        if (!to)
            continue;
        if ((size_t)snprintf(names[i], sizeof(names[i]), count > 1 ? "%s-%zu" : "%s", to,
                             i + 1) >= sizeof(names[i]))
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "--to: the name is too long");
        plan->file = names[i];
        plan->named = true;
    }
    return SH_OK;
}

static int add_archive(struct key_change *change, const struct secret *secret, struct why *why)
{
    uint8_t bytes[CRYPT_KEY_BYTES];
    struct identity_key key;
    int rc = close_all(change, KEY_ARCHIVE, why);

    crypto.x25519_public(secret, bytes);
    identity_key_make(KEY_ARCHIVE, slice_of(bytes, sizeof(bytes)), &key);
    key.from = change->index;
    return rc == SH_OK ? identity_draft_add(&change->draft, &key, why) : rc;
}

static int add_identity(struct key_change *change, struct sheet *sheet, struct why *why)
{
    uint8_t bytes[CRYPT_KEY_BYTES];
    struct identity_key key;

    io_random(sheet->identity.byte, SECRET_BYTES);
    crypto.ed25519_public(&sheet->identity, bytes);
    identity_key_make(KEY_IDENTITY, slice_of(bytes, sizeof(bytes)), &key);
    key.from = change->index;
    return identity_draft_add(&change->draft, &key, why);
}

/* The archive secret on the given sheet must be the one that backups are sealed to now. */
static bool archive_is_current(const struct key_change *change)
{
    uint8_t bytes[CRYPT_KEY_BYTES];

    crypto.x25519_public(&change->sheets.sheet[0].archive, bytes);
    return change->sheets.count &&
           memcmp(bytes, channel_info(change->channel)->archive_key, sizeof(bytes)) == 0;
}

static int make_sheets(struct key_change *change, size_t count, enum archive archive,
                       struct why *why)
{
    struct secret secret = change->sheets.sheet[0].archive;
    char needed[24], all[24];
    int rc = close_all(change, KEY_IDENTITY, why);

    if (archive == ARCHIVE_NEW || (!change->dry && !archive_is_current(change))) {
        archive = ARCHIVE_NEW;
        io_random(secret.byte, SECRET_BYTES);
        if (rc == SH_OK)
            rc = add_archive(change, &secret, why);
    }
    for (size_t i = 0; i < count && rc == SH_OK; i++) {
        change->made[i].channel = change->before->channel;
        change->made[i].part = i + 1;
        change->made[i].parts = count;
        change->made[i].archive = secret;
        rc = add_identity(change, &change->made[i], why);
    }
    secret_wipe(&secret);
    change->made_count = count;
    change->draft.note.threshold = count > 1 ? 2 : 1;
    number_text(needed, change->draft.note.threshold);
    number_text(all, count);
    say(change, STR_KEY_SHEETS, needed, all);
    say(change, archive == ARCHIVE_NEW ? STR_KEY_ARCHIVE_NEW : STR_KEY_ARCHIVE_SAME, NULL,
        NULL);
    return rc;
}

/* 1-of-1 or 2-of-3: as asked for, else as it is. */
static size_t sheet_count(const struct key_change *change)
{
    if (cmd_is_set(change->args, "two-of-three"))
        return 3;
    if (cmd_is_set(change->args, "one"))
        return 1;
    return change->before->threshold > 1 ? 3 : 1;
}

static int run_sheets(struct cmd *cmd, const struct cmd_args *args, enum archive archive)
{
    struct key_change change = {.cmd = cmd, .args = args};
    char names[CMD_SHEETS_NEW][4096];
    struct why why = {0};
    int rc;

    if (cmd_is_set(args, "two-of-three") && cmd_is_set(args, "one"))
        return cmd_usage(cmd, "either --two-of-three or --one");
    rc = key_change_begin(&change, &why);
    if (rc == SH_OK)
        rc = plan_sheets(&change, sheet_count(&change), names, &why);
    if (rc == SH_OK)
        rc = make_sheets(&change, sheet_count(&change), archive, &why);
    if (rc == SH_OK)
        rc = key_change_finish(&change, &why);
    if (rc < 0 && change.made_count &&
        channel_info(change.channel)->identity_number == change.before->number &&
        change.before->number + 1 == change.draft.note.number)
        cmd_sheet_set_undo(&change.set);
    key_change_end(&change);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

int key_sheet(struct cmd *cmd, const struct cmd_args *args)
{
    if (args->word_count != 1)
        return cmd_usage(cmd, "key sheet takes no words; the sheets you have: --sheet FILE");
    return run_sheets(cmd, args, ARCHIVE_SAME);
}

int key_rotate(struct cmd *cmd, const struct cmd_args *args)
{
    const char *what = args->word_count == 2 ? args->words[1] : "";

    if (args->word_count > 2)
        return cmd_usage(cmd, "key rotate takes one word: log, c2pa or archive; a recovery "
                              "sheet is named with --sheet FILE, each with its own");
    if (strcmp(what, "log") == 0)
        return run_change(cmd, args, renew_log);
    if (strcmp(what, "c2pa") == 0)
        return run_change(cmd, args, renew_ca);
    if (strcmp(what, "archive") == 0)
        return run_sheets(cmd, args, ARCHIVE_NEW);
    return cmd_usage(cmd, "key rotate needs what: log, c2pa or archive");
}

/* ---- revoke ---- */

/* The log goes on from here under a new key and a new origin. */
static int succeed(struct key_change *change, struct why *why)
{
    const struct channel_info *info = channel_info(change->channel);
    char index[24];
    int rc = key_fresh_log(change, change->index, why);

    change->draft.note.has_successor = true;
    change->draft.note.successor_size = info->size;
    memcpy(change->draft.note.successor_root, info->root, TLOG_HASH_BYTES);
    number_text(index, change->index);
    say(change, STR_KEY_LOG_SUCCESSOR, change->fresh[0].id, index);
    return rc;
}

static const struct identity_key *find_key(const struct identity *identity, const char *id)
{
    for (size_t i = 0; i < identity->key_count; i++)
        if (strcmp(identity->keys[i].id, id) == 0)
            return &identity->keys[i];
    return NULL;
}

static int draft_revoke(struct key_change *change, struct why *why)
{
    const char *id = change->args->words[1];
    const struct identity_key *key = find_key(change->before, id);
    bool open;
    char index[24];
    int rc = key_since(change, cmd_value(change->args, "since"), why);

    if (rc == SH_OK)
        rc = identity_draft_revoke(&change->draft, id, change->moment.index, why);
    if (rc < 0)
        return rc;
    if (key->role == KEY_ARCHIVE)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key %s opens backups and signs nothing; `stillhere key rotate archive` "
                       "makes another",
                       id);
    open = key->until == ENTRY_NO_REF;
    if (open)
        rc = identity_draft_close(&change->draft, id, change->index, why);
    number_text(index, change->moment.index);
    say(change, STR_KEY_REVOKED, id, index);
    if (key->role == KEY_IDENTITY &&
        identity_signers(&change->draft.note) < change->draft.note.threshold)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "key %s is on a sheet that is still needed: `stillhere key sheet` makes "
                       "new sheets, and the old ones change nothing any more",
                       id);
    if (rc == SH_OK && open && key->role == KEY_LOG)
        rc = succeed(change, why);
    if (rc == SH_OK && open && key->role == KEY_C2PA_CA) {
        rc = key_fresh_ca(change, change->index, why);
        number_text(index, change->index);
        say(change, STR_KEY_C2PA_NEW, index, change->fresh[0].id);
    }
    return rc;
}

int key_revoke(struct cmd *cmd, const struct cmd_args *args)
{
    if (args->word_count != 2 || !cmd_value(args, "since"))
        return cmd_usage(cmd, "key revoke needs the key's ID and --since INDEX or TIME");
    return run_change(cmd, args, draft_revoke);
}

/* ---- add ---- */

static int draft_add(struct key_change *change, struct why *why)
{
    const char *role = change->args->words[1];
    struct identity_key key = {.role = KEY_OTHER,
                               .alg = ALG_ED25519,
                               .role_text = slice_text(role),
                               .alg_text = slice_text("ed25519"),
                               .from = change->index,
                               .until = ENTRY_NO_REF,
                               .revoked = ENTRY_NO_REF,
                               .bytes_len = CRYPT_KEY_BYTES};
    struct tlog_key vkey;
    int rc = tlog_key_parse(slice_text(change->args->words[2]), &vkey, why);

    if (rc < 0)
        return rc;
    memcpy(key.bytes, vkey.public_key, CRYPT_KEY_BYTES);
    identity_key_id(key.alg_text, slice_of(key.bytes, key.bytes_len), key.id);
    say(change, STR_KEY_ADDED, key.id, role);
    return identity_draft_add(&change->draft, &key, why);
}

int key_add(struct cmd *cmd, const struct cmd_args *args)
{
    if (args->word_count != 3 ||
        (strcmp(args->words[1], "cosigner") != 0 && strcmp(args->words[1], "mirror") != 0))
        return cmd_usage(cmd, "key add needs cosigner or mirror, and its verifier key line");
    return run_change(cmd, args, draft_add);
}
