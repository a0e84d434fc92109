/* Help, from the same tables that the option parser reads. */
#include "cmd/cmd_int.h"

#include <stdio.h>

static void option_line(struct bytes *out, const struct cmd_option *option, const char *dashes)
{
    char left[64];

    if (!option->help)
        return;
    (void)snprintf(left, sizeof(left), "%s%s%s%s", dashes, option->name,
                   option->value ? " " : "", option->value ? option->value : "");
    bytes_printf(out, "  %-22s %s\n", left, option->help);
}

static void globals(struct bytes *out)
{
    bytes_text(out, "\nGlobal options:\n");
    for (size_t i = 0; i < COUNT_OF(CMD_GLOBALS); i++)
        option_line(out,
                    &(struct cmd_option){CMD_GLOBALS[i].name, CMD_GLOBALS[i].value,
                                         CMD_GLOBALS[i].help},
                    "");
}

static void help_of_program(struct bytes *out)
{
    bytes_text(out,
               "stillhere: say \"I am well\", be believed by strangers, and not be erased.\n\n"
               "Usage: stillhere [-C HOME] COMMAND [OPTIONS]\n\nCommands:\n");
    for (size_t i = 0; CMD_TABLE[i]; i++)
        bytes_printf(out, "  %-10s %s\n", CMD_TABLE[i]->name, CMD_TABLE[i]->summary);
    globals(out);
    bytes_text(out,
               "\nFirst steps:\n"
               "  stillhere init ~/channel --name \"Wang in Odesa\"\n"
               "  stillhere -C ~/channel checkin --well --place Odesa \"Back from shopping\"\n"
               "  stillhere -C ~/channel serve\n"
               "\nExit codes: 0 done, 1 failed, 2 usage, 3 found wanting, 4 could not be "
               "checked.\nMore: stillhere COMMAND --help, man stillhere\n");
}

static void help_of_command(struct bytes *out, const struct cmd_spec *spec)
{
    bytes_printf(out, "Usage: stillhere %s%s%s\n\n%s\n", spec->name, *spec->usage ? " " : "",
                 spec->usage, spec->about);
    if (spec->options && spec->options[0].name)
        bytes_text(out, "\nOptions:\n");
    for (size_t i = 0; spec->options && spec->options[i].name; i++)
        option_line(out, &spec->options[i], "--");
    globals(out);
    bytes_printf(out, "\nExamples:\n%s", spec->examples);
}

int cmd_help(const struct cmd *cmd)
{
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->spec)
        help_of_command(&out, cmd->spec);
    else
        help_of_program(&out);
    return cmd_answer(cmd, &out);
}
