/* stillhere withdraw N: take a dispatch out of sight; that it was there stays on record. */
#include "cmd/cmd.h"

#include "io/io.h"

static int check_target(struct channel *channel, uint64_t index, int pages, struct why *why)
{
    struct channel_entry entry;
    int rc = channel_entry_get(channel, index, &entry, why);

    if (rc < 0)
        return rc;
    if (entry.state == STATE_WITHDRAWN && pages < 0)
        return why_set(why, pages, WHY_NOWHERE,
                       "entry %llu is withdrawn, but pages may still show its words; when the "
                       "cause is mended, `stillhere rebuild` takes them away",
                       (unsigned long long)index);
    if (entry.state == STATE_WITHDRAWN)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "entry %llu is withdrawn already, by entry %llu",
                       (unsigned long long)index, (unsigned long long)entry.withdrawn_by);
    if (entry.entry.type != ENTRY_DISPATCH && entry.entry.type != ENTRY_SEALED)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %llu is of type %s; only a dispatch can be withdrawn",
                       (unsigned long long)index, entry_type_name(entry.entry.type));
    return SH_OK;
}

static int withdraw(struct cmd *cmd, struct channel *channel, uint64_t index,
                    const char *reason, struct why *why)
{
    struct channel_append append = {.type = ENTRY_WITHDRAW, .ref = index};
    struct document doc = {.kind = DOC_WITHDRAW, .level = DOC_HIDE, .of = ENTRY_NO_REF};
    struct channel_signer signer = cmd_signer(channel);
    struct channel_commit commit;
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.published = io_now();
    io_random(doc.salt, sizeof(doc.salt));
    if (reason)
        doc.reason = slice_text(reason);
    rc = document_build(&doc, &raw, why);
    if (rc == SH_OK) {
        append.document = bytes_view(&raw);
        rc = channel_append(channel, &append, &signer, &commit, why);
    }
    if (rc == SH_OK)
        rc = cmd_finish(cmd, channel, &commit, &doc, why);
    bytes_release(&raw);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    const char *reason = cmd_value(args, "reason");
    struct why why = {0};
    uint64_t index;
    int rc, pages = SH_OK;

    if (args->word_count != 1 ||
        !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &index))
        return cmd_usage(cmd,
                         "withdraw needs the number of one entry (stillhere status shows it)");
    if (reason &&
        text_check(slice_text(reason), TEXT_NEWLINES, LIMIT_REASON_BYTES, "--reason", &why) < 0)
        return cmd_failed(cmd, &why);
    rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, &why);
    /* One that was cut off may have left words on pages; who repeats it means those. */
    if (rc == SH_OK)
        pages = cmd_publish(cmd, channel);
    if (rc == SH_OK)
        rc = check_target(channel, index, pages, &why);
    if (rc == SH_OK)
        rc = withdraw(cmd, channel, index, reason, &why);
    channel_close(channel);
    return rc < 0 ? cmd_failed(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    {"reason", "TEXT", "why, for the readers; public and lasting like all words"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_withdraw = {
    .name = "withdraw",
    .usage = "N [--reason TEXT]",
    .summary = "take a dispatch out of sight",
    .about =
        "Hides dispatch N, also one that is sealed: its words, place and files leave the public tree at once.  The log\n"
        "still shows that entry N was there and that a later entry withdrew it; copies that\n"
        "others made are not reached.  The files stay in private/quarantine.",
    .examples = "  stillhere withdraw 4\n"
                "  stillhere withdraw 4 --reason \"shows a neighbour's face\"\n",
    .options = options,
    .run = run,
};
