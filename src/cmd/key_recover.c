/* key recover: the machine is gone or taken; the channel goes on from a copy and the sheets. */
#include "cmd/key_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "cmd/files_int.h"
#include "io/io.h"
#include "json/json.h"

struct recovery {
    struct key_change change;
    struct key_copies copies;
    struct identity before; /* the newest note of the best copy */
    struct arena arena;
    uint64_t at, since;
    uint8_t root[TLOG_HASH_BYTES];
    struct channel_copy copy;
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

static int read_at(struct recovery *recovery, struct why *why)
{
    const char *at = cmd_value(recovery->change.args, "at");
    uint64_t size = recovery->copies.best->survey.size;

    recovery->at = size;
    if (at && (!decimal_parse(slice_text(at), size, &recovery->at) || !recovery->at))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--at %s: expected a number of entries from 1 to %llu, as many as the "
                       "copy has",
                       at, (unsigned long long)size);
    return SH_OK;
}

/* --at SIZE: where the log goes on; --since INDEX or TIME: what is disputed. */
static int read_places(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    const char *since = cmd_value(change->args, "since");
    struct cmd_clock clock = {.now = io_now()};
    int rc = read_at(recovery, why);

    recovery->since = recovery->at;
    if (rc == SH_OK && !since)
        say(recovery, STR_KEY_SINCE_NOT, NULL, NULL);
    if (rc != SH_OK || !since)
        return rc;
    rc = key_since_parse(since, &clock, &change->moment, why);
    if (rc == SH_OK)
        rc = role_survey_moment(recovery->copies.best->dir, recovery->at, &change->moment, why);
    if (rc != SH_OK)
        return rc;
    change->since = since;
    if (change->moment.index < recovery->since)
        recovery->since = change->moment.index; /* What comes after is on the other branch. */
    key_since_say(&change->words, change->cmd->lang, since, &change->moment);
    return SH_OK;
}

static int draft(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    int rc;

    key_copies_say(&recovery->copies, &change->words, change->cmd->lang);
    rc = read_places(recovery, why);
    if (rc == SH_OK)
        rc = role_survey_root(recovery->copies.best->dir, recovery->at, recovery->root, why);
    return rc == SH_OK
               ? key_recovery_draft(change, recovery->at, recovery->since, recovery->root, why)
               : rc;
}

/* From here on the copy is read here; the sheets are not in this process any more. */
static int open_again(struct recovery *recovery, struct why *why)
{
    const struct role_survey *survey = &recovery->copies.best->survey;
    int rc = channel_copy_open(recovery->copies.best->path, &recovery->copy, why);

    if (rc == SH_OK &&
        (recovery->copy.size != survey->size ||
         memcmp(recovery->copy.root, survey->root, sizeof(survey->root)) != 0 ||
         !slice_equal(identity_chain_raw(&recovery->copy.chain), bytes_view(&survey->note))))
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                     "%.200s: the copy changed meanwhile; nothing was made, try again",
                     recovery->copies.best->path);
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
    cmd_sheets_wipe(&change->sheets);
    if (rc == SH_OK)
        rc = open_again(recovery, why);
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
    char id[CHANNEL_SHORT_ID_BYTES], number[24], folder[4200];

    (void)snprintf(folder, sizeof(folder), "%s/public", cmd->home);
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
    if (recovery->change.dry)
        return;
    LANG_SAY(out, cmd->lang, STR_RECOVERED_KEEP, folder);
    bytes_u8(out, '\n');
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
        json_put_text(&json, "from", recovery->copies.best->path);
        if (change->since)
            key_since_json(&json, change->since, &change->moment);
        json_put_slice(&json, "text", bytes_view(&change->words));
        cmd_json_close(&json);
    } else {
        answer_text(recovery, &out);
    }
    return cmd_answer(change->cmd, &out);
}

/* The danger that nothing here can see: a newer state that this copy knows nothing of. */
static void say_newest(struct recovery *recovery)
{
    char number[24];

    number_text(number, recovery->change.draft.note.number);
    say(recovery, STR_KEY_NEWEST, number, NULL);
}

/* Before anybody types a sheet. */
static int check_home(const struct cmd *cmd, struct why *why)
{
    int home = -1;
    bool taken;

    if (io_open_dir(AT_FDCWD, cmd->home, &home, NULL) != SH_OK)
        return SH_OK;
    taken = io_exists(home, "private") || io_exists(home, "public");
    io_close(&home);
    return taken ? why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                           "%s: there is a channel, or a part of one; name a new directory "
                           "with -C HOME",
                           cmd->home)
                 : SH_OK;
}

/* The copy is read in a cage until the sheets have signed and are gone from this process. */
static int recover(struct recovery *recovery, struct why *why)
{
    struct key_change *change = &recovery->change;
    int rc = cmd_place_private(change->cmd->home, why);

    if (rc == SH_OK)
        rc = check_home(change->cmd, why);
    if (rc == SH_OK)
        rc = key_copies_open(change->args, &recovery->copies, why);
    if (rc == SH_OK)
        rc = key_identity_read(&recovery->copies.best->survey, &recovery->arena,
                               &recovery->before, why);
    change->before = &recovery->before;
    if (rc == SH_OK)
        rc = draft(recovery, why);
    if (rc == SH_OK && !(change->dry && !change->args->many_count)) {
        rc = cmd_sheets_read(change->cmd, change->args, &change->sheets, why);
        if (rc == SH_OK)
            rc = cmd_sheets_check(&change->sheets, change->before, why);
    }
    if (rc == SH_OK && !change->dry)
        rc = adopt(recovery, why);
    if (rc < 0)
        return rc;
    say_newest(recovery);
    if (!change->dry)
        first_pages(change->cmd);
    return answer(recovery);
}

int key_recover(struct cmd *cmd, const struct cmd_args *args)
{
    struct recovery recovery = {.change = {.cmd = cmd, .args = args}};
    struct why why = {0};
    int rc;

    if (!cmd_value(args, "from"))
        return cmd_usage(cmd, "key recover needs --from COPY, a copy of the public folder");
    if (!cmd->home_given)
        return cmd_usage(cmd, "key recover needs -C HOME, a new directory for the channel");
    (void)prctl(PR_SET_DUMPABLE, 0); /* The sheets' secrets are in this process. */
    bytes_init(&recovery.change.pem, LIMIT_NOTE_BYTES);
    bytes_init(&recovery.change.words, LIMIT_PAGE_BYTES);
    recovery.change.dry = cmd_is_set(args, "dry-run");
    arena_init(&recovery.arena, LIMIT_IDENTITY_ARENA);
    recovery.copy.dir = -1;
    rc = recover(&recovery, &why);
    channel_copy_close(&recovery.copy);
    key_copies_close(&recovery.copies);
    arena_release(&recovery.arena);
    key_change_end(&recovery.change);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}
