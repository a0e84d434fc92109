/* key sheet --check: a rehearsal of recovery that changes nothing. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "io/io.h"
#include "json/json.h"

struct check {
    const struct cmd *cmd;
    const struct identity *identity;
    struct bytes *out;
    struct json_writer json;
    uint64_t good;
    bool wanting, archive;
};

static void say_sheet(struct check *check, const struct sheet *sheet, enum lang_string id,
                      const char *value)
{
    static const char *const states[] = {"open", "closed", "other-channel"};
    char part[24], parts[24];

    (void)snprintf(part, sizeof(part), "%llu", (unsigned long long)sheet->part);
    (void)snprintf(parts, sizeof(parts), "%llu", (unsigned long long)sheet->parts);
    if (!check->cmd->json) {
        LANG_SAY(check->out, check->cmd->lang, id, part, parts, value);
        bytes_u8(check->out, '\n');
        return;
    }
    json_object_open(&check->json, NULL);
    json_put_number(&check->json, "part", sheet->part);
    json_put_number(&check->json, "parts", sheet->parts);
    json_put_text(&check->json, "state",
                  states[id == STR_CHECK_SHEET    ? 0
                         : id == STR_CHECK_CLOSED ? 1
                                                  : 2]);
    if (id != STR_CHECK_OTHER)
        json_put_text(&check->json, "key", value);
    json_object_close(&check->json);
}

static void check_sheet(struct check *check, const struct sheet *sheet,
                        const uint8_t archive_key[CRYPT_KEY_BYTES])
{
    const struct identity_key *key = identity_key_of_sheet(check->identity, sheet);
    uint8_t archive[CRYPT_KEY_BYTES];

    if (memcmp(sheet->channel.hash, check->identity->channel.hash, 32) != 0 || !key) {
        check->wanting = true;
        say_sheet(check, sheet, STR_CHECK_OTHER, sheet->channel.text);
        return;
    }
    crypto.x25519_public(&sheet->archive, archive);
    check->archive = check->archive || memcmp(archive, archive_key, sizeof(archive)) == 0;
    if (key->until != ENTRY_NO_REF || key->revoked != ENTRY_NO_REF) {
        check->wanting = true;
        say_sheet(check, sheet, STR_CHECK_CLOSED, key->id);
        return;
    }
    check->good++;
    say_sheet(check, sheet, STR_CHECK_SHEET, key->id);
}

static void conclude(struct check *check)
{
    const struct identity *identity = check->identity;
    char a[24], b[24];

    if (check->good < identity->threshold)
        check->wanting = true;
    if (check->cmd->json) {
        json_array_close(&check->json);
        json_put_number(&check->json, "needed", identity->threshold);
        json_put_bool(&check->json, "enough", check->good >= identity->threshold);
        json_put_bool(&check->json, "opens_backups", check->archive);
        json_put_number(&check->json, "next_note", identity->number + 1);
        cmd_json_close(&check->json);
        return;
    }
    if (check->good < identity->threshold) {
        (void)snprintf(a, sizeof(a), "%llu", (unsigned long long)check->good);
        (void)snprintf(b, sizeof(b), "%llu", (unsigned long long)identity->threshold);
        LANG_SAY(check->out, check->cmd->lang, STR_CHECK_FEW, a, b);
        bytes_u8(check->out, '\n');
    }
    if (check->good || check->archive)
        bytes_printf(check->out, "%s\n",
                     lang_text(check->cmd->lang,
                               check->archive ? STR_CHECK_ARCHIVE : STR_CHECK_ARCHIVE_OLD));
    if (check->wanting)
        return;
    (void)snprintf(a, sizeof(a), "%llu", (unsigned long long)identity->number + 1);
    LANG_SAY(check->out, check->cmd->lang, STR_CHECK_STEPS, a);
    bytes_u8(check->out, '\n');
}

/*
 * Sign the note that a recovery would sign, for nobody to see, and judge it as a reader would.
 * Its new keys are forgotten at once.
 */
static int rehearse(struct check *check, const struct role_survey *survey,
                    const struct cmd_args *args, const struct cmd_sheets *sheets,
                    struct why *why)
{
    struct key_change change = {.args = args, .before = check->identity, .sheets = *sheets};
    struct cmd quiet = *check->cmd;
    struct identity judged;
    struct arena arena;
    struct bytes note;
    int rc;

    change.cmd = &quiet;
    bytes_init(&change.pem, LIMIT_NOTE_BYTES);
    bytes_init(&change.words, LIMIT_PAGE_BYTES);
    bytes_init(&note, LIMIT_NOTE_BYTES);
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = key_recovery_draft(&change, survey->size, survey->size, survey->root, why);
    if (rc == SH_OK)
        rc = key_note_build(&change, &note, why);
    if (rc == SH_OK)
        rc = identity_accept(bytes_view(&note), check->identity, &arena, &judged, why);
    arena_release(&arena);
    bytes_release(&note);
    key_change_end(&change);
    return rc;
}

static void archive_key(const struct identity *identity, uint8_t out[CRYPT_KEY_BYTES])
{
    const struct identity_key *key = identity_key_open(identity, KEY_ARCHIVE);

    memset(out, 0, CRYPT_KEY_BYTES);
    if (key && key->bytes_len == CRYPT_KEY_BYTES)
        memcpy(out, key->bytes, CRYPT_KEY_BYTES);
}

static int run(struct check *check, const struct role_survey *survey,
               const struct cmd_args *args, const struct cmd_sheets *sheets, struct why *why)
{
    uint8_t archive[CRYPT_KEY_BYTES];
    struct bytes out;
    int rc = SH_OK;

    archive_key(check->identity, archive);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    check->out = &out;
    if (check->cmd->json) {
        check->json = cmd_json_open(&out);
        json_put_text(&check->json, "channel", check->identity->channel.text);
        json_array_open(&check->json, "sheets");
    }
    for (size_t i = 0; i < sheets->count; i++)
        check_sheet(check, &sheets->sheet[i], archive);
    if (!check->wanting && check->good >= check->identity->threshold)
        rc = rehearse(check, survey, args, sheets, why);
    if (rc < 0) {
        bytes_release(&out);
        return rc;
    }
    conclude(check);
    rc = cmd_answer(check->cmd, &out);
    return rc == CMD_DONE && check->wanting ? CMD_WANTING : rc;
}

/* As a recovery does it: from the public folder alone, read in a cage before the sheets are. */
int key_check(struct cmd *cmd, const struct cmd_args *args)
{
    struct cmd_args given = *args;
    struct cmd_sheets sheets = {.count = 0};
    struct role_survey survey = {.size = 0};
    struct identity identity = {.number = 0};
    struct check check = {.cmd = cmd, .identity = &identity};
    struct arena arena;
    struct why why = {0};
    int dir = -1, rc;

    for (size_t i = 1; i < args->word_count && given.many_count < CMD_MANY_MAX; i++)
        given.many[given.many_count++] = args->words[i];
    (void)prctl(PR_SET_DUMPABLE, 0); /* The sheets' secrets are in this process. */
    arena_init(&arena, LIMIT_IDENTITY_ARENA);
    rc = channel_copy_dir(cmd->home, &dir, &why);
    if (rc == SH_OK)
        rc = why_name(&why, role_survey(dir, &survey, &why), cmd->home);
    if (rc == SH_OK)
        rc = key_identity_read(&survey, &arena, &identity, &why);
    if (rc == SH_OK)
        rc = cmd_sheets_read(cmd, &given, &sheets, &why);
    if (rc == SH_OK)
        rc = run(&check, &survey, args, &sheets, &why);
    cmd_sheets_wipe(&sheets);
    io_close(&dir);
    role_survey_release(&survey);
    arena_release(&arena);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}
