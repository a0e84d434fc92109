/* stillhere init: make a channel, its keys, and the recovery sheet. */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd/files_int.h"
#include "cmd/sheet_int.h"
#include "io/io.h"
#include "json/json.h"

/* The sheet of a run without a terminal and without --sheet lies in HOME, and we say so. */
static void plan_sheets(const struct cmd *cmd, const struct cmd_args *args,
                        const struct channel_birth *birth, struct cmd_sheet_set *set)
{
    struct cmd_sheet_plan *plan;

    for (size_t i = 0; i < CMD_SHEETS_NEW; i++) {
        plan = &set->plan[i];
        plan->lang = set->plan[0].lang;
        plan->name = birth->name;
        plan->file = i < args->many_count ? args->many[i] : NULL;
        plan->named = plan->file != NULL;
        plan->ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
        plan->cmd = cmd;
        if (!plan->file && !plan->ask)
            plan->home = birth->home;
    }
}

static void say_sheets(const struct cmd *cmd, const struct cmd_sheet_set *set,
                       const struct channel_birth *birth)
{
    struct cmd loud = *cmd;

    for (size_t i = 0; i < birth->sheet.parts; i++)
        cmd_sheet_say(cmd, &set->plan[i]);
    loud.quiet = cmd->quiet && set->plan[0].named;
    if (set->plan[0].file)
        cmd_say(&loud, "%s", lang_text(cmd->lang, STR_SHEET_MOVE));
}

static void answer_text(struct bytes *out, const struct cmd *cmd, const char *home,
                        const struct channel_birth *birth)
{
    char line[4200];

    LANG_SAY(out, cmd->lang, STR_INIT_DONE, birth->name, home);
    bytes_u8(out, '\n');
    LANG_SAY(out, cmd->lang, STR_CMD_ID, birth->sheet.channel.text);
    bytes_u8(out, '\n');
    cmd_command_line(line, sizeof(line), home, "checkin --well");
    LANG_SAY(out, cmd->lang, STR_INIT_NEXT, line);
    bytes_u8(out, '\n');
    cmd_command_line(line, sizeof(line), home, "serve");
    LANG_SAY(out, cmd->lang, STR_INIT_SERVE, line);
    bytes_u8(out, '\n');
}

static void answer_json(struct bytes *out, const struct cmd_sheet_set *set, const char *home,
                        const struct channel_birth *birth)
{
    struct json_writer json = cmd_json_open(out);

    json_put_slice(&json, "channel", slice_text(birth->sheet.channel.text));
    json_put_slice(&json, "home", slice_text(home));
    if (set->plan[0].file)
        json_put_slice(&json, "sheet", slice_text(set->plan[0].file));
    json_array_open(&json, "sheets");
    for (size_t i = 0; i < birth->sheet.parts; i++)
        if (set->plan[i].file)
            json_put_text(&json, NULL, set->plan[i].file);
    json_array_close(&json);
    cmd_json_close(&json);
}

/* The first page; a channel without one is whole too, and the next command writes it. */
static void first_page(const struct cmd *cmd, const char *home)
{
    struct channel *channel = NULL;
    struct why why = {0};

    if (channel_open(home, CHANNEL_WRITE, &channel, &why) == SH_OK)
        (void)cmd_publish(cmd, channel); /* Said. */
    else
        cmd_say(cmd, "%s", why.text);
    channel_close(channel);
}

/* Once private/ has its name the channel exists, whatever failed after: its sheet must stay. */
static bool is_there(const char *home)
{
    int dir = -1;
    bool there;

    if (io_open_dir(AT_FDCWD, home, &dir, NULL) < 0)
        return access(home, F_OK) == 0; /* Rather keep a sheet too many. */
    there = io_exists(dir, "private");
    io_close(&dir);
    return there;
}

static int make(struct cmd *cmd, struct channel_birth *birth, struct cmd_sheet_set *set)
{
    struct why why = {0};
    struct bytes out;
    int rc;

    /* No core file, no debugger of the same user: the sheet's secrets are in this process. */
    (void)prctl(PR_SET_DUMPABLE, 0); /* Cannot fail; a hardening only. */
    rc = cmd_place_private(birth->home, &why);
    if (rc == SH_OK)
        rc = channel_create(birth, &why);
    if (rc < 0) {
        if (set->plan[0].written && is_there(birth->home))
            say_sheets(cmd, set, birth);
        else
            cmd_sheet_set_undo(set);
        rc = cmd_failed(cmd, &why);
        goto out;
    }
    first_page(cmd, birth->home);
    say_sheets(cmd, set, birth);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json)
        answer_json(&out, set, birth->home, birth);
    else
        answer_text(&out, cmd, birth->home, birth);
    rc = cmd_answer(cmd, &out);
out:
    secret_wipe(&birth->sheet.identity);
    secret_wipe(&birth->sheet.archive);
    for (size_t i = 0; i < COUNT_OF(birth->others); i++) {
        secret_wipe(&birth->others[i].identity);
        secret_wipe(&birth->others[i].archive);
    }
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel_birth birth = {.home = cmd->home, .name = cmd_value(args, "name")};
    const char *tag = cmd_value(args, "lang");
    struct cmd_sheet_set set = {.plan = {{.lang = cmd->lang}}};
    struct why why = {0};

    if (args->word_count == 1)
        birth.home = args->words[0];
    if (args->word_count > 1 || (!args->word_count && !cmd->home_given) || !*birth.home)
        return cmd_usage(cmd, "init needs one directory for the channel");
    if (!birth.name || !*birth.name)
        return cmd_usage(cmd, "init needs --name NAME, the name that readers see");
    if (tag && !lang_from_tag(slice_text(tag), &set.plan[0].lang))
        return cmd_usage(cmd, "--lang %s: expected en, zh, uk or ru", tag);
    if (text_check(slice_text(birth.name), TEXT_LINE, LIMIT_NAME_BYTES, "--name", &why) < 0)
        return cmd_failed(cmd, &why);
    birth.two_of_three = cmd_is_set(args, "two-of-three");
    if (args->many_count && args->many_count != (birth.two_of_three ? 3 : 1))
        return cmd_usage(cmd,
                         birth.two_of_three
                             ? "--two-of-three makes three sheets: give --sheet three times"
                             : "init makes one sheet: give --sheet once");
    plan_sheets(cmd, args, &birth, &set);
    birth.lang = lang_code(set.plan[0].lang);
    birth.keep_sheet = cmd_sheet_set_keep;
    birth.ctx = &set;
    return make(cmd, &birth, &set);
}

static const struct cmd_option options[] = {
    {"name", "NAME", "the channel's name, as readers see it"},
    {"lang", "LANG", "its language: en, zh, uk or ru (default: that of your terminal)"},
    {"sheet", "FILE", "write the recovery sheet to FILE and FILE.svg (three: once for each)"},
    {"two-of-three", NULL, "three sheets for three people, any two of which change keys"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_init = {
    .name = "init",
    .usage = "HOME --name NAME [--lang LANG] [--two-of-three] [--sheet FILE]...",
    .summary = "make a channel, its keys and the recovery sheet",
    .about =
        "Makes HOME/public, what the world sees, and HOME/private, what stays on the machine.\n"
        "The two secrets that open backups and replace keys are put on the recovery sheet and\n"
        "nowhere else.  On a terminal the sheet is shown and two of its groups are asked "
        "back;\n"
        "with --sheet it is written to FILE (text) and FILE.svg (a page to print); without a\n"
        "terminal it is written to HOME/recovery-sheet-ID.txt, to be moved away.\n"
        "--two-of-three makes three sheets for three people: any two of them together change\n"
        "keys or recover the channel, one alone opens backups only.  Default: one sheet.\n"
        "HOME must not hold a channel yet; one that is there is not touched.",
    .examples =
        "  stillhere init ~/channel --name \"Word from Odesa\"\n"
        "  stillhere init ~/channel --name \"Звістки\" --lang uk --sheet /media/usb/sheet\n"
        "  stillhere init ~/channel --name Odesa --two-of-three --sheet a --sheet b --sheet "
        "c\n",
    .options = options,
    .many = "sheet",
    .run = run,
};
