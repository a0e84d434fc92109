/* key recover: the machine is gone or taken; the channel goes on from a copy and the sheets. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "io/io.h"
#include "json/json.h"

struct recovery {
    struct key_change change;
    struct channel_copy copy;
    uint64_t at, since;
    uint8_t root[TLOG_HASH_BYTES];
    struct channel_adoption adoption;
};

static void say(struct recovery *recovery, enum lang_string id, const char *a, const char *b)
{
    LANG_SAY(&recovery->change.words, recovery->change.cmd->lang, id, a, b);
    bytes_u8(&recovery->change.words, '\n');
}

static void number_text(char out[24], uint64_t number)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)number);
}

/* --at SIZE: where the log goes on; --since INDEX or TIME: what is disputed. */
static int read_places(struct recovery *recovery, struct why *why)
{
    const struct cmd_args *args = recovery->change.args;
    const char *at = cmd_value(args, "at"), *since = cmd_value(args, "since");
    struct cmd_clock clock = {.now = io_now()};
    uint64_t moment;
    char number[24];

    recovery->at = recovery->copy.size;
    if (at &&
        (!decimal_parse(slice_text(at), recovery->copy.size, &recovery->at) || !recovery->at))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--at %s: expected a number of entries from 1 to %llu, as many as the "
                       "copy has",
                       at, (unsigned long long)recovery->copy.size);
    recovery->since = recovery->at;
    if (!since)
        return SH_OK;
    if (!decimal_parse(slice_text(since), LIMIT_LOG_SIZE, &recovery->since)) {
        if (cmd_moment_parse(since, &clock, &moment, why) < 0 ||
            channel_copy_since(&recovery->copy, moment, &recovery->since, why) < 0)
            return why->code;
        number_text(number, recovery->since);
        say(recovery, STR_KEY_SINCE, since, number);
    }
    if (recovery->since > recovery->at)
        recovery->since = recovery->at; /* What comes after is on the other branch. */
    if (!recovery->since)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--since 0: entry 0 is the channel itself; 1 disputes everything else");
    return SH_OK;
}

/* Every log key that spoke at or after since is revoked; the open one ends at the successor. */
static int revoke_log(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    const struct identity *before = change->before;
    const struct identity_key *key;
    char number[24];
    uint64_t from;
    int rc = SH_OK;

    for (size_t i = 0; i < before->key_count && rc == SH_OK; i++) {
        key = &before->keys[i];
        if (key->role != KEY_LOG || key->until <= recovery->since)
            continue;
        from = key->from > recovery->since ? key->from : recovery->since;
        if (key->until > recovery->at && key->from < recovery->at)
            rc = identity_draft_close(&change->draft, key->id, recovery->at, why);
        if (rc != SH_OK || key->revoked <= from)
            continue;
        rc = identity_draft_revoke(&change->draft, key->id, from, why);
        number_text(number, from);
        say(recovery, STR_KEY_REVOKED, key->id, number);
    }
    return rc;
}

static int close_open(struct recovery *recovery, enum key_role role, struct why *why)
{
    struct key_change *change = &recovery->change;
    const struct identity_key *key = identity_key_open(change->before, role);
    uint64_t until = recovery->at;

    if (!key)
        return SH_OK;
    if (until <= key->from)
        until = key->from + 1;
    return identity_draft_close(&change->draft, key->id, until, why);
}

static int draft(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    char number[24];
    int rc;

    change->before = identity_chain_newest(&recovery->copy.chain);
    identity_next(change->before, &change->draft);
    rc = read_places(recovery, why);
    if (rc == SH_OK)
        rc = channel_copy_root(&recovery->copy, recovery->at, recovery->root, why);
    if (rc != SH_OK)
        return rc;
    change->index = recovery->at;
    change->draft.note.has_successor = true;
    change->draft.note.successor_size = recovery->at;
    memcpy(change->draft.note.successor_root, recovery->root, TLOG_HASH_BYTES);
    rc = revoke_log(recovery, why);
    if (rc == SH_OK)
        rc = close_open(recovery, KEY_LOG, why);
    if (rc == SH_OK)
        rc = key_fresh_log(change, recovery->at, why);
    number_text(number, recovery->at);
    say(recovery, STR_KEY_LOG_SUCCESSOR, change->fresh[0].id, number);
    if (rc == SH_OK)
        rc = close_open(recovery, KEY_C2PA_CA, why);
    if (rc == SH_OK)
        rc = key_fresh_ca(change, recovery->at, why);
    return rc;
}

static int adopt(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    struct channel_adoption *adoption = &recovery->adoption;
    struct bytes note;
    int rc;

    bytes_init(&note, LIMIT_NOTE_BYTES);
    rc = key_note_build(change, &note, why);
    *adoption =
        (struct channel_adoption){.home = change->cmd->home,
                                  .copy = &recovery->copy,
                                  .size = recovery->at,
                                  .note = bytes_view(&note),
                                  .certificate_path = change->pem_path,
                                  .certificate = bytes_view(&change->pem),
                                  .log = {change->fresh[0].id, &change->fresh[0].secret},
                                  .ca = {change->fresh[1].id, &change->fresh[1].secret}};
    if (rc == SH_OK)
        rc = channel_adopt(adoption, why);
    bytes_release(&note);
    return rc;
}

/* The first pages; a channel without them is whole too, and the next command writes them. */
static void first_pages(const struct cmd *cmd)
{
    struct channel *channel = NULL;
    struct why why = {0};

    if (channel_open(cmd->home, CHANNEL_WRITE, &channel, &why) == SH_OK)
        (void)cmd_publish(cmd, channel); /* Said. */
    else
        cmd_say(cmd, "%s", why.text);
    channel_close(channel);
}

static void answer_text(struct recovery *recovery, struct bytes *out)
{
    const struct cmd *cmd = recovery->change.cmd;
    char id[CHANNEL_SHORT_ID_BYTES], number[24];

    channel_id_short(&recovery->change.before->channel, id);
    if (recovery->change.dry) {
        bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_KEY_DRY));
    } else {
        LANG_SAY(out, cmd->lang, STR_RECOVERED, id, cmd->home);
        bytes_u8(out, '\n');
    }
    bytes_slice(out, bytes_view(&recovery->change.words));
    if (recovery->adoption.missing) {
        number_text(number, recovery->adoption.missing);
        LANG_SAY(out, cmd->lang, STR_RECOVERED_MISSING, number);
        bytes_u8(out, '\n');
    }
    bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_RECOVERED_GONE));
}

static int answer(struct recovery *recovery)
{
    const struct key_change *change = &recovery->change;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (change->cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_text(&json, "channel", change->before->channel.text);
        json_put_text(&json, "home", change->cmd->home);
        json_put_bool(&json, "dry_run", change->dry);
        json_put_number(&json, "note", change->draft.note.number);
        json_put_number(&json, "successor", recovery->at);
        json_put_number(&json, "revoked", recovery->since);
        json_put_number(&json, "missing", recovery->adoption.missing);
        json_put_slice(&json, "text", bytes_view(&change->words));
        cmd_json_close(&json);
    } else {
        answer_text(recovery, &out);
    }
    return cmd_answer(change->cmd, &out);
}

static int recover(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    int rc = channel_copy_open(cmd_value(change->args, "from"), &recovery->copy, why);

    if (rc == SH_OK && !(change->dry && !change->args->many_count)) {
        rc = cmd_sheets_read(change->cmd, change->args, &change->sheets, why);
        if (rc == SH_OK)
            rc = cmd_sheets_check(&change->sheets, identity_chain_newest(&recovery->copy.chain),
                                  why);
    }
    if (rc == SH_OK)
        rc = draft(recovery, why);
    if (rc == SH_OK && !change->dry)
        rc = adopt(recovery, why);
    if (rc < 0)
        return rc;
    if (!change->dry)
        first_pages(change->cmd);
    return answer(recovery);
}

int key_recover(struct cmd *cmd, const struct cmd_args *args)
{
    struct recovery recovery = {.change = {.cmd = cmd, .args = args}};
    struct why why = {0};
    int rc;

    if (args->word_count != 1 || !cmd_value(args, "from"))
        return cmd_usage(cmd, "key recover needs --from COPY, a copy of the public folder");
    if (!cmd->home_given)
        return cmd_usage(cmd, "key recover needs -C HOME, a new directory for the channel");
    (void)prctl(PR_SET_DUMPABLE, 0); /* The sheets' secrets are in this process. */
    bytes_init(&recovery.change.pem, LIMIT_NOTE_BYTES);
    bytes_init(&recovery.change.words, LIMIT_PAGE_BYTES);
    recovery.change.dry = cmd_is_set(args, "dry-run");
    rc = recover(&recovery, &why);
    channel_copy_close(&recovery.copy);
    key_change_end(&recovery.change);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}
