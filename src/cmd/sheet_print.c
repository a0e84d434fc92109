/* Where a new recovery sheet goes: to files, or to the terminal alone; and two groups back. */
#include "cmd/sheet_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/files_int.h"
#include "io/io.h"

#define TRIES 3

static int write_files(struct cmd_sheet_plan *plan, const struct cmd_sheet_page *page,
                       struct why *why)
{
    struct bytes text, svg;
    int rc;

    cmd_secret_buffer(&text);
    cmd_secret_buffer(&svg);
    rc = cmd_place_private(plan->file, why);
    if (rc == SH_OK)
        rc = cmd_sheet_text(page, SHEET_ON_PAPER, &text, why);
    if (rc == SH_OK)
        rc = cmd_sheet_svg(page, &svg, why);
    if (rc == SH_OK)
        rc = cmd_file_write(plan->file, bytes_view(&text), why);
    if (rc == SH_OK) {
        rc = cmd_file_write(plan->svg, bytes_view(&svg), why);
        plan->written = rc == SH_OK;
        if (rc < 0)
            (void)unlink(plan->file); /* Ours, made a moment ago. */
    }
    cmd_secret_release(&text);
    cmd_secret_release(&svg);
    return rc;
}

/* Standard error is the terminal here: nothing of the sheet can reach a pipe or a log. */
static int show(const struct cmd_sheet_page *page, struct why *why)
{
    const char *term = getenv("TERM");
    bool plain = !term || strcmp(term, "dumb") == 0;
    struct bytes text;
    int rc;

    cmd_secret_buffer(&text);
    rc = cmd_sheet_text(page, plain ? SHEET_ON_PAPER : SHEET_ON_SCREEN, &text, why);
    bytes_u8(&text, '\n');
    if (rc == SH_OK)
        rc = io_write_fd(STDERR_FILENO, bytes_view(&text), why);
    cmd_secret_release(&text);
    return rc;
}

/* Screen and, where the terminal knows how, what was scrolled away. */
static void clear_screen(void)
{
    const char *term = getenv("TERM");

    if (term && strcmp(term, "dumb") != 0)
        (void)fputs("\033[H\033[2J\033[3J", stderr);
}

static void say(enum lang lang, enum lang_string id, const char *a, const char *b)
{
    struct bytes line;

    bytes_init(&line, LIMIT_NOTE_BYTES);
    LANG_SAY(&line, lang, id, a, b);
    (void)fwrite(line.ptr, 1, line.len, stderr); /* A question that is not seen fails below. */
    bytes_release(&line);
}

/* Does what was typed equal the group, in any case, with any spaces? */
static bool group_equal(const char *typed, const char *group)
{
    size_t at = 0;

    for (; *typed; typed++) {
        char c = *typed >= 'A' && *typed <= 'Z' ? (char)(*typed + 32) : *typed;

        if (c == ' ' || c == '-' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (at == SHEET_GROUP_CHARS || c != group[at])
            return false;
        at++;
    }
    return at == SHEET_GROUP_CHARS;
}

static int ask_group(enum lang lang, const char *role, const struct secret *secret,
                     unsigned *tries, struct why *why)
{
    char text[SHEET_SECRET_BYTES], typed[256], number[8];
    const char *group;
    uint8_t which;
    bool right = false;

    do
        io_random(&which, 1);
    while (which >= 256 / SHEET_GROUPS * SHEET_GROUPS);
    which %= SHEET_GROUPS;
    sheet_secret_text(role, secret, text);
    group = text + (size_t)which * (SHEET_GROUP_CHARS + 1);
    while (!right && *tries > 0) {
        (void)snprintf(number, sizeof(number), "%d", which + 1);
        say(lang, STR_SHEET_ASK, role, number);
        if (!fgets(typed, sizeof(typed), stdin))
            break;
        right = group_equal(typed, group);
        if (right)
            break;
        (*tries)--;
        (void)snprintf(number, sizeof(number), "%u", *tries);
        say(lang, STR_SHEET_ASK_AGAIN, number, NULL);
        (void)fputc('\n', stderr);
    }
    wipe(text, sizeof(text));
    wipe(typed, sizeof(typed));
    if (!right)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "the recovery sheet was not copied: the groups typed are not its own; "
                       "no channel was made, begin again");
    return SH_OK;
}

static int ask(const struct cmd_sheet_plan *plan, const struct sheet *sheet, struct why *why)
{
    unsigned tries = TRIES;
    int rc;

    say(plan->cmd->lang, plan->file ? STR_SHEET_ASK_FILE : STR_SHEET_ASK_WHY, plan->file, NULL);
    (void)fputc('\n', stderr);
    rc = ask_group(plan->cmd->lang, "identity", &sheet->identity, &tries, why);
    if (rc == SH_OK)
        rc = ask_group(plan->cmd->lang, "archive", &sheet->archive, &tries, why);
    if (!plan->file)
        clear_screen();
    return rc;
}

/*
 * A file that nobody named bears the channel's short id: an interrupted init leaves the sheet
 * of a channel that never was, which must not be in the way of the next, nor be overwritten.
 */
static int name_own_file(struct cmd_sheet_plan *plan, const struct sheet *sheet,
                         struct why *why)
{
    char id[CHANNEL_SHORT_ID_BYTES], part[24] = "";

    channel_id_short(&sheet->channel, id);
    if (sheet->parts > 1)
        (void)snprintf(part, sizeof(part), "-%llu", (unsigned long long)sheet->part);
    if ((size_t)snprintf(plan->own, sizeof(plan->own), "%s/" CMD_SHEET_PREFIX "%s%s.txt",
                         plan->home, id, part) >= sizeof(plan->own))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: the name is too long", plan->home);
    plan->file = plan->own;
    return SH_OK;
}

int cmd_sheet_keep(void *ctx, const struct sheet *sheet, struct why *why)
{
    struct cmd_sheet_plan *plan = ctx;
    struct cmd_sheet_page page = {plan->lang, plan->name, sheet};
    int rc;

    if (plan->home && !plan->file && name_own_file(plan, sheet, why) < 0)
        return why->code;
    if (plan->file) {
        if ((size_t)snprintf(plan->svg, sizeof(plan->svg), "%s.svg", plan->file) >=
            sizeof(plan->svg))
            return why_set(why, SH_ELIMIT, WHY_NOWHERE, "--sheet: the name is too long");
        rc = write_files(plan, &page, why);
    } else {
        rc = show(&page, why);
    }
    if (rc == SH_OK && plan->ask)
        rc = ask(plan, sheet, why);
    if (rc < 0)
        cmd_sheet_undo(plan);
    return rc;
}

void cmd_sheet_undo(const struct cmd_sheet_plan *plan)
{
    if (!plan->written)
        return;
    (void)unlink(plan->file); /* Secrets of a channel that does not exist: gone is enough. */
    (void)unlink(plan->svg);
}

int cmd_sheet_set_keep(void *ctx, const struct sheet *sheet, struct why *why)
{
    struct cmd_sheet_set *set = ctx;
    int rc;

    if (!sheet->part || sheet->part > CMD_SHEETS_NEW)
        bug("sheet: more of them than there are plans");
    rc = cmd_sheet_keep(&set->plan[sheet->part - 1], sheet, why);
    if (rc < 0)
        cmd_sheet_set_undo(set);
    return rc;
}

void cmd_sheet_set_undo(const struct cmd_sheet_set *set)
{
    for (size_t i = 0; i < CMD_SHEETS_NEW; i++)
        cmd_sheet_undo(&set->plan[i]);
}

void cmd_sheet_say(const struct cmd *cmd, const struct cmd_sheet_plan *plan)
{
    struct cmd loud = *cmd;
    struct bytes line;

    if (!plan->file)
        return;
    /* A sheet that nobody asked for by name must not lie there unnoticed. */
    loud.quiet = cmd->quiet && plan->named;
    bytes_init(&line, LIMIT_PAGE_BYTES);
    LANG_SAY(&line, cmd->lang, STR_SHEET_WRITTEN, plan->file, plan->svg);
    cmd_say(&loud, "%.*s", (int)line.len, (const char *)line.ptr);
    bytes_release(&line);
}
