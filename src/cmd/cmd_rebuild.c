/* stillhere rebuild: make everything derived anew. */
#include "cmd/cmd.h"

#include "publish/publish.h"

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct why why = {0};
    struct bytes out;
    int rc;

    if (args->word_count)
        return cmd_usage(cmd, "rebuild takes no words; name the channel with -C HOME");
    rc = channel_rebuild(cmd->home, &why);
    if (rc == SH_OK)
        rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, &why);
    if (rc == SH_OK)
        rc = publish_all(channel, &why);
    if (rc == SH_OK) {
        bytes_init(&out, LIMIT_PAGE_BYTES);
        if (cmd->json) {
            struct json_writer json = cmd_json_open(&out);

            json_put_number(&json, "size", channel_info(channel)->size);
            cmd_json_close(&json);
        } else {
            bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_CMD_REBUILT));
            cmd_log_line(&out, cmd->lang, channel_info(channel)->size,
                         channel_info(channel)->root);
        }
        rc = cmd_answer(cmd, &out);
    }
    channel_close(channel);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

const struct cmd_spec cmd_spec_rebuild = {
    .name = "rebuild",
    .usage = "",
    .summary = "make pages and index anew from the files",
    .about = "Checks the public files, then makes the index in SQLite and every page anew.\n"
             "Log, documents and videos are not touched.  Files that were changed, and what "
             "stands in\n"
             "the place of one, are set aside in private/quarantine/changed.  Use it when "
             "doctor asks\n"
             "for it, after pages were changed or lost, or after moving the channel to another "
             "machine.",
    .examples = "  stillhere rebuild\n",
    .options = NULL,
    .run = run,
};
