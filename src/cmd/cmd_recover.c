/* stillhere recover --i-know: go on with a restored copy, knowing what that means. */
#include "cmd/cmd.h"

#include "json/json.h"

static int answer(const struct cmd *cmd, const struct channel_info *info)
{
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_slice(&json, "channel", slice_text(info->id.text));
        json_put_number(&json, "size", info->size);
        cmd_json_close(&json);
    } else {
        bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_RECOVER_DONE));
        cmd_log_line(&out, cmd->lang, info->size, info->root);
    }
    return cmd_answer(cmd, &out);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    const char *because = cmd_value(args, "because");
    struct why why = {0};
    int rc;

    if (args->word_count)
        return cmd_usage(cmd, "recover takes no words; name the channel with -C HOME");
    if (!cmd_is_set(args, "i-know"))
        return cmd_usage(cmd, "recover needs --i-know: you know that no newer copy of this "
                              "channel exists anywhere");
    if (because && text_check(slice_text(because), TEXT_NEWLINES, LIMIT_REASON_BYTES,
                              "--because", &why) < 0)
        return cmd_failed(cmd, &why);
    rc = channel_forgive(cmd->home, because ? because : "", &why);
    if (rc == SH_OK)
        rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, &why);
    if (rc == SH_OK) {
        (void)cmd_publish(cmd, channel); /* Said. */
        rc = answer(cmd, channel_info(channel));
    }
    channel_close(channel);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

static const struct cmd_option options[] = {
    {"i-know", NULL, "you know that no newer copy of this channel exists"},
    {"because", "TEXT", "why, for your own record in private/"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_recover = {
    .name = "recover",
    .usage = "--i-know [--because TEXT]",
    .summary = "go on with a restored copy",
    .about =
        "After a restore nothing is signed, since the backup may be older than what the world\n"
        "has seen: two different logs under one name would look like a forgery, and readers\n"
        "who hold both would see two branches.  Compare with every copy you can reach, then\n"
        "say that you know.  It is recorded in private/ with the time, and the pages are\n"
        "written anew.",
    .examples = "  stillhere recover --i-know --because \"the old machine burned\"\n",
    .options = options,
    .run = run,
};
