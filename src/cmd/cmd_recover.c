/* stillhere recover --i-know: go on with a restored copy, knowing what that means. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "io/io.h"
#include "json/json.h"
#include "role/role.h"

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

static int caught_up(const struct cmd *cmd, const char *from, uint64_t newer,
                     const struct channel_info *info)
{
    char number[24];
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_slice(&json, "channel", slice_text(info->id.text));
        json_put_number(&json, "size", info->size);
        json_put_number(&json, "newer", newer);
        cmd_json_close(&json);
    } else {
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)newer);
        LANG_SAY(&out, cmd->lang, STR_CAUGHT_UP, from, number);
        bytes_u8(&out, '\n');
        cmd_log_line(&out, cmd->lang, info->size, info->root);
    }
    return cmd_answer(cmd, &out);
}

/* In a cage first: this process writes to the channel. */
static int look(const char *from, struct why *why)
{
    struct role_survey survey = {.size = 0};
    int dir = -1;
    int rc = channel_copy_dir(from, &dir, why);

    if (rc == SH_OK)
        rc = why_name(why, role_survey(dir, &survey, why), from);
    io_close(&dir);
    role_survey_release(&survey);
    return rc;
}

/* From a copy, or on a person's word. */
static int recover(const struct cmd *cmd, const struct cmd_args *args, uint64_t *newer,
                   struct why *why)
{
    const char *because = cmd_value(args, "because");
    struct channel_copy copy;
    int rc;

    if (!cmd_value(args, "from"))
        return channel_forgive(cmd->home, because ? because : "", why);
    rc = look(cmd_value(args, "from"), why);
    if (rc < 0)
        return rc;
    rc = channel_copy_open(cmd_value(args, "from"), &copy, why);
    if (rc == SH_OK)
        rc = channel_catch_up(cmd->home, &copy, newer, why);
    channel_copy_close(&copy);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    const char *because = cmd_value(args, "because"), *from = cmd_value(args, "from");
    struct why why = {0};
    uint64_t newer = 0;
    int rc;

    if (args->word_count)
        return cmd_usage(cmd, "recover takes no words; name the channel with -C HOME");
    if (!cmd_is_set(args, "i-know") == !from)
        return cmd_usage(cmd, "recover needs --from COPY, a newer copy of this channel, or "
                              "--i-know: you know that no newer copy exists anywhere, and "
                              "that no other one is written to");
    if (because && text_check(slice_text(because), TEXT_NEWLINES, LIMIT_REASON_BYTES,
                              "--because", &why) < 0)
        return cmd_failed(cmd, &why);
    rc = recover(cmd, args, &newer, &why);
    if (rc == SH_OK)
        rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, &why);
    if (rc == SH_OK) {
        (void)cmd_publish(cmd, channel); /* Said. */
        rc = from ? caught_up(cmd, from, newer, channel_info(channel))
                  : answer(cmd, channel_info(channel));
    }
    channel_close(channel);
    return rc < 0 ? cmd_failed(cmd, &why) : rc;
}

static const struct cmd_option options[] = {
    {"from", "COPY", "take what a newer copy has: a home, or a copy of its public folder"},
    {"i-know", NULL, "you know that no newer copy exists, and no other is written to"},
    {"because", "TEXT", "why, for your own record in private/"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_recover = {
    .name = "recover",
    .usage = "--from COPY|--i-know [--because TEXT]",
    .summary = "go on with a restored or moved copy",
    .about =
        "After a restore nothing is signed, since the backup may be older than what the world\n"
        "has seen: two different logs under one name would look like a forgery, and readers\n"
        "who hold both would see two branches.  --from takes over what a newer copy has, "
        "every\n"
        "entry and file checked.  Without one, compare with every copy you can reach, then "
        "say\n"
        "that you know (--i-know).  It is recorded in private/ with the time, and the pages "
        "are\n"
        "written anew.",
    .examples = "  stillhere recover --from /media/usb/public\n"
                "  stillhere recover --i-know --because \"the old machine burned\"\n",
    .options = options,
    .run = run,
};
