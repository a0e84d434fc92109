/* stillhere verify WHAT...: does a channel, or a copy of one, hold? */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/verify_int.h"
#include "io/io.h"
#include "role/role.h"
#include "verify/verify.h"

static void say_finding(struct bytes *out, const struct cmd *cmd,
                        const struct verify_finding *finding)
{
    static const enum lang_string words[] = {
        [VERIFY_OK] = STR_VERIFY_HOLDS,
        [VERIFY_NOTE] = STR_VERIFY_NOTE,
        [VERIFY_WANTING] = STR_VERIFY_WANTING,
        [VERIFY_UNKNOWN] = STR_VERIFY_UNKNOWN,
    };

    bytes_printf(out, "%s: ", lang_text(cmd->lang, words[verify_id_severity(finding->id)]));
    verify_finding_say(finding, cmd->lang, out);
    bytes_u8(out, '\n');
}

void cmd_report_text(struct bytes *out, const struct cmd *cmd,
                     const struct verify_report *report)
{
    static const enum lang_string verdicts[] = {
        [VERIFY_OK] = STR_VERIFY_VERDICT_HOLDS,
        [VERIFY_WANTING] = STR_VERIFY_VERDICT_WANTING,
        [VERIFY_UNKNOWN] = STR_VERIFY_VERDICT_UNKNOWN,
    };

    if (*report->channel.text) {
        LANG_SAY(out, cmd->lang, STR_CMD_ID, report->channel.text);
        bytes_u8(out, '\n');
    }
    if (*report->name) { /* A proof alone does not say it. */
        LANG_SAY(out, cmd->lang, STR_CMD_CHANNEL, report->name);
        bytes_u8(out, '\n');
    }
    for (size_t i = 0; i < report->count; i++)
        say_finding(out, cmd, &report->finding[i]);
    bytes_printf(out, "%s\n", lang_text(cmd->lang, verdicts[verify_verdict(report)]));
}

void cmd_report_json(struct json_writer *json, const struct cmd *cmd,
                     const struct verify_report *report)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    if (*report->channel.text) {
        json_put_text(json, "channel", report->channel.text);
        if (*report->name)
            json_put_text(json, "name", report->name);
        json_put_number(json, "size", report->size);
        json_put_number(json, "dispatches", report->dispatches);
    }
    json_put_text(json, "verdict", verify_severity_text(verify_verdict(report)));
    json_array_open(json, "findings");
    for (size_t i = 0; i < report->count; i++) {
        const struct verify_finding *finding = &report->finding[i];

        bytes_clear(&text);
        verify_finding_say(finding, cmd->lang, &text);
        json_object_open(json, NULL);
        json_put_text(json, "id", verify_id_text(finding->id));
        json_put_text(json, "severity", verify_severity_text(verify_id_severity(finding->id)));
        json_put_slice(json, "text", bytes_view(&text));
        json_object_close(json);
    }
    json_array_close(json);
    bytes_release(&text);
}

int cmd_tree_open(const char *what, int *dir, struct why *why)
{
    struct stat st;
    int home, rc;

    if (stat(what, &st) == 0 && !S_ISDIR(st.st_mode))
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "%s: a file; give the channel's directory", what);
    rc = io_open_dir(AT_FDCWD, what, &home, why);
    if (rc < 0)
        return rc;
    if (!io_exists(home, "checkpoint") && io_exists(home, "public")) {
        rc = io_open_dir(home, "public", dir, why);
        io_close(&home);
        return rc;
    }
    *dir = home;
    return SH_OK;
}

int cmd_nothing_there(const struct cmd *cmd, const struct why *why)
{
    struct bytes out;
    struct json_writer json;

    (void)cmd_failed(cmd, why); /* Its code is for commands that were to do something. */
    if (!cmd->json)
        return CMD_UNCHECKED;
    bytes_init(&out, LIMIT_NOTE_BYTES);
    json = cmd_json_open(&out);
    json_put_text(&json, "verdict", verify_severity_text(VERIFY_UNKNOWN));
    json_put_text(&json, "error", why->text);
    json_array_open(&json, "findings");
    json_array_close(&json);
    cmd_json_close(&json);
    return cmd_answer(cmd, &out) == CMD_DONE ? CMD_UNCHECKED : CMD_FAILED;
}

int cmd_report_answer(const struct cmd *cmd, const struct verify_report *report)
{
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_NOTE_BYTES * 16);
    if (cmd->json) {
        json = cmd_json_open(&out);
        cmd_report_json(&json, cmd, report);
        cmd_json_close(&json);
    } else {
        cmd_report_text(&out, cmd, report);
    }
    if (cmd_answer(cmd, &out) != CMD_DONE)
        return CMD_FAILED;
    return verify_verdict(report) == VERIFY_OK        ? CMD_DONE
           : verify_verdict(report) == VERIFY_WANTING ? CMD_WANTING
                                                      : CMD_UNCHECKED;
}

/* One WHAT; the exit code that it deserves. */
static int look_at(struct cmd *cmd, const char *what, const struct channel_id *expected,
                   struct verify_report *report)
{
    struct why why = {0};
    int dir = -1;

    if (cmd_tree_open(what, &dir, &why) < 0)
        return cmd_nothing_there(cmd, &why);
    if (role_verify(dir, expected, report, &why) < 0) {
        io_close(&dir);
        (void)why_name(&why, 0, what); /* Only the name is added. */
        return cmd_failed(cmd, &why);
    }
    io_close(&dir);
    return cmd_report_answer(cmd, report);
}

int cmd_gravest(int a, int b)
{
    static const int gravity[] = {[CMD_DONE] = 0,
                                  [CMD_UNCHECKED] = 1,
                                  [CMD_FAILED] = 2,
                                  [CMD_WANTING] = 3,
                                  [CMD_USAGE] = 4};

    return gravity[b] > gravity[a] ? b : a;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    static const char *const of_files[] = {"anchors",      "tsa-anchors",  "allowed",
                                           "trust-config", "explain-hash", "manifest"};
    const char *id = cmd_value(args, "channel");
    struct channel_id expected;
    struct verify_report *report;
    int rc;

    if (!args->word_count)
        return cmd_usage(cmd, "verify needs a file, a channel's home, or a copy of its public "
                              "tree");
    if (cmd_is_proof(args->words[0]) || cmd_is_set(args, "file") ||
        cmd_is_set(args, "policy") || cmd_is_set(args, "key"))
        return cmd_verify_proof(cmd, args);
    if (cmd_is_files(args))
        return cmd_verify_files(cmd, args);
    for (size_t i = 0; i < COUNT_OF(of_files); i++)
        if (cmd_is_set(args, of_files[i]))
            return cmd_usage(cmd, "--%s goes with a file", of_files[i]);
    if (id && !channel_id_parse(slice_text(id), &expected))
        return cmd_usage(cmd, "--channel %s: a channel's id has 52 characters of a-z and 2-7",
                         id);
    if (args->word_count > 1)
        return cmd_verify_several(cmd, args, id ? &expected : NULL);
    /* RAW: a report is too large for the stack of a small machine. */
    report = calloc(1, sizeof(*report));
    if (!report)
        bug("no memory for a report");
    rc = look_at(cmd, args->words[0], id ? &expected : NULL, report);
    free(report);
    return rc;
}

static const struct cmd_option options[] = {
    {"channel", "ID", "it must be this channel (52 characters)"},
    {"anchors", "FILE", "with a file: authorities whom you trust (PEM); may be given again"},
    {"tsa-anchors", "FILE", "with a file: authorities whose time stamps you trust (PEM)"},
    {"allowed", "FILE", "with a file: signers whom you trust (PEM, or SHA-256 lines)"},
    {"trust-config", "FILE", "with a file: further uses (EKU) that a signer may have"},
    {"explain-hash", NULL, "with a file: which of its bytes the signature covers"},
    {"manifest", NULL, "with a file: all of its credentials as JSON"},
    {"file", "FILE", "with a proof: the document, or a file that it names"},
    {"policy", "FILE", "with a proof: a tlog-policy; whose signatures are enough"},
    {"key", "VKEY", "with a proof: the log's verifier key, from a source that you trust"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_verify = {
    .name = "verify",
    .usage = "WHAT... [--channel ID] [--anchors FILE] [--tsa-anchors FILE] [--allowed FILE] "
             "[--trust-config FILE] [--explain-hash] [--manifest] [--file FILE] "
             "[--policy FILE] [--key VKEY]",
    .summary = "check a file, a channel, or a copy of it",
    .about =
        "A file (MP4, MOV, M4A, 3GP, HEIC, AVIF): what its content credentials (C2PA) say.  "
        "Who\n"
        "signed, is that somebody whom you know, was it changed since, when was it signed,\n"
        "from what was it made?  The file is read in a cage; nobody is asked over the "
        "network.\n"
        "Anyone can sign with any name: say whom you trust, with --anchors, or with the\n"
        "channel (verify HOME FILE), which also tells the dispatch that the file is of.  Of a\n"
        "recording in pieces give the first file and then the pieces.\n"
        "\n"
        "A channel's home or a copy of its public tree: keys, signature, every entry, every\n"
        "tile, every document and file.  It says which key published what and in which order;\n"
        "it does not say that a scene is true.  Compare the channel's id with one that you\n"
        "have from another source: --channel.  Of several it says whether they are the same,\n"
        "one older, or two histories of one channel, and which of these is the channel's: the\n"
        "other is evidence, keep it.\n"
        "\n"
        "WHAT may also be one proof (.tlog-proof), checked without the channel: is the entry "
        "in\n"
        "the log, and is --file its document or a file that the document names?  Who signed "
        "is\n"
        "checked against what you give: the channel's tree as a second WHAT, --policy, --key.",
    .examples = "  stillhere verify clip.mp4\n"
                "  stillhere verify clip.mp4 --anchors newsroom.pem --json\n"
                "  stillhere verify ~/his-channel clip.mp4\n"
                "  stillhere verify init.mp4 piece*.m4s --explain-hash\n"
                "  stillhere verify ~/channel\n"
                "  stillhere verify /media/usb/copy --channel $(cat id-from-his-card)\n"
                "  stillhere verify ~/my-copy /media/usb/copy\n"
                "  stillhere verify 12.tlog-proof ~/copy --file clip.mp4\n"
                "  stillhere verify 12.tlog-proof --file clip.mp4 --policy friends.policy\n"
                "  stillhere verify copy --json\n",
    .options = options,
    .many = "anchors",
    .run = run,
};
