/* stillhere key: who speaks for the channel, and how that changes. */
#include "cmd/key_int.h"

#include <string.h>

static const struct {
    const char *verb;
    int (*run)(struct cmd *cmd, const struct cmd_args *args);
} verbs[] = {{"show", key_show},      {"ca", key_ca},   {"rotate", key_rotate},
             {"revoke", key_revoke},  {"add", key_add}, {"sheet", key_sheet},
             {"recover", key_recover}};

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    if (args->word_count && strcmp(args->words[0], "sheet") == 0 && cmd_is_set(args, "check"))
        return key_check(cmd, args);
    for (size_t i = 0; i < COUNT_OF(verbs) && args->word_count; i++)
        if (strcmp(args->words[0], verbs[i].verb) == 0)
            return verbs[i].run(cmd, args);
    return cmd_usage(cmd, "key needs a verb: show, ca, rotate, revoke, add, sheet or recover");
}

static const struct cmd_option options[] = {
    {"vkey", NULL, "show: print the log's signed-note verifier key line alone"},
    {"sheet", "FILE", "a recovery sheet that you have; - for standard input; again for more"},
    {"since", "WHEN", "revoke, recover: from this entry, or this time, on it was not you"},
    {"to", "FILE", "sheet, rotate archive: write new sheets to FILE, or FILE-1 to FILE-3"},
    {"two-of-three", NULL, "sheet: make three, any two of which change keys"},
    {"one", NULL, "sheet: make one, as init does"},
    {"check", NULL, "sheet: rehearse a recovery with the sheets named; nothing is changed"},
    {"from", "COPY", "recover: any copy of the channel's public folder"},
    {"i-know", NULL, "recover: go on though a newer copy must exist somewhere"},
    {"at", "SIZE", "recover: go on after this many entries (default: all of the copy's)"},
    {"dry-run", NULL, "say what would be done and change nothing"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_key = {
    .name = "key",
    .usage = "show|ca|rotate|revoke|add|sheet|recover [WHAT]... [--sheet FILE]... [OPTION]...",
    .summary = "show, renew and revoke the channel's keys",
    .about =
        "show prints the keys of the channel's newest identity note, and since when each\n"
        "speaks; ca prints the certificate of its video credentials.  rotate log|c2pa|archive\n"
        "makes a new key.  revoke ID --since WHEN says from which entry, or time, on a key "
        "was\n"
        "in other hands: what it signed from there on is shown as disputed.  add cosigner|\n"
        "mirror VKEY lists somebody's key.  sheet makes new recovery sheets, and the old ones\n"
        "change nothing any more; sheet --check FILE... rehearses a recovery and touches no\n"
        "file.  recover --from COPY... makes HOME (-C) anew when the machine is gone: new "
        "keys,\n"
        "the same channel; of several copies the newest is taken.  Every change needs the\n"
        "recovery sheet, or two of three; see stillhere-ceremony(7).",
    .examples =
        "  stillhere key show\n"
        "  stillhere key show --vkey > channel.vkey\n"
        "  stillhere key sheet --check sheet.txt\n"
        "  stillhere key rotate log --sheet sheet.txt --dry-run\n"
        "  stillhere key revoke 0123456789abcdef --since \"2026-11-20 08:00\" --sheet s.txt\n"
        "  stillhere key sheet --two-of-three --sheet old.txt --to /media/usb/sheet\n"
        "  stillhere -C ~/channel key recover --from ~/copy --sheet s.txt --since 41\n",
    .options = options,
    .many = "sheet",
    .run = run,
};
