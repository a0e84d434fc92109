/* stillhere checkin: say how you are, without a clip. */
#include "cmd/seal_int.h"

static int checkin(struct cmd *cmd, const struct cmd_args *args, const char *words,
                   struct why *why)
{
    struct channel *channel = NULL;
    struct channel_append append = {.type = ENTRY_DISPATCH, .ref = ENTRY_NO_REF};
    struct cmd_dispatch dispatch;
    struct cmd_when when;
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, why);

    if (rc == SH_OK)
        rc = cmd_publish_when(cmd_value(args, "publish"), channel, &when, why);
    if (rc == SH_OK)
        rc = cmd_dispatch_fill(args, words, channel, &dispatch, why);
    if (rc == SH_OK)
        rc = cmd_log(cmd, channel, &(struct cmd_logging){&append, &dispatch.doc, &when}, why);
    channel_close(channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct why why = {0};
    struct bytes words;
    const char *text = NULL;
    int rc;

    if (args->word_count > 1)
        return cmd_usage(cmd, "one text of words, in quotes");
    if (cmd_status_usage(cmd, args) != CMD_DONE)
        return CMD_USAGE;
    bytes_init(&words, LIMIT_WORDS_BYTES + 2);
    rc = cmd_words(args->word_count ? args->words[0] : NULL, &words, &text, &why);
    if (rc == SH_OK)
        rc = checkin(cmd, args, text, &why);
    bytes_release(&words);
    return rc < 0 ? cmd_erred(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    CMD_DISPATCH_OPTIONS, CMD_PUBLISH_OPTION, {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_checkin = {
    .name = "checkin",
    .usage = "[--well | --hurt | --moving | --status TEXT] [--place NAME] "
             "[--next-due DURATION] [--lang TAG] [--publish WHEN] [WORDS]",
    .summary = "say how you are, without a clip",
    .about = "Publishes a dispatch with a status and, if you like, a place and a few words.\n"
             "What you write here is public and cannot be changed, only withdrawn.\n"
             "--next-due promises the next word: a length from now (24h, 1d12h) or a time\n"
             "(21:00, in the channel's zone); whoever watches counts you as late after it.\n"
             "WORDS may be - to read them from standard input.",
    .examples = "  stillhere checkin\n"
                "  stillhere checkin --well --place Odesa \"Back from shopping\"\n"
                "  stillhere checkin --well --next-due 24h\n"
                "  stillhere checkin --status \"cold, but well\" --lang en\n",
    .options = options,
    .run = run,
};
