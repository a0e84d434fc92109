/* stillhere withdraw N: take a dispatch out of sight; that it was there stays on record. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "cmd/sheet_int.h"
#include "io/io.h"

/* What the command line asks for. */
struct wish {
    uint64_t index;
    const char *reason;
    bool purge, dry;
    const struct cmd_args *args;
};

static int check_target(struct channel *channel, const struct wish *wish, int pages,
                        struct why *why)
{
    uint64_t index = wish->index;
    struct channel_entry entry;
    int rc = channel_entry_get(channel, index, &entry, why);

    if (rc < 0)
        return rc;
    if (wish->purge && entry.purged_by != ENTRY_NO_REF)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "entry %llu is purged already, by entry %llu", (unsigned long long)index,
                       (unsigned long long)entry.purged_by);
    if (entry.state == STATE_WITHDRAWN && wish->purge)
        return SH_OK;
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

/* The order of the identity keys, by the recovery sheets. */
static int make_order(const struct cmd *cmd, struct channel *channel, const struct wish *wish,
                      struct bytes *order, struct why *why)
{
    struct identity_secrets secrets = {.count = 0};
    struct cmd_sheets sheets = {.count = 0};
    struct bytes text;
    int rc = cmd_sheets_read(cmd, wish->args, &sheets, why);

    bytes_init(&text, LIMIT_NOTE_BYTES);
    if (rc == SH_OK)
        rc = cmd_sheets_check(&sheets, channel_identity(channel), why);
    if (rc == SH_OK) {
        channel_order_text(channel, wish->index, &text);
        rc = bytes_check(&text, why);
    }
    if (rc == SH_OK) {
        cmd_sheets_secrets(&sheets, &secrets);
        rc = identity_sign(bytes_view(&text), &channel_info(channel)->id, &secrets, order, why);
    }
    cmd_sheets_wipe(&sheets);
    bytes_release(&text);
    return rc;
}

static int withdraw(struct cmd *cmd, struct channel *channel, const struct wish *wish,
                    struct why *why)
{
    struct channel_append append = {.type = ENTRY_WITHDRAW, .ref = wish->index};
    struct document doc = {.kind = DOC_WITHDRAW, .level = DOC_HIDE, .of = ENTRY_NO_REF};
    struct channel_signer signer = cmd_signer(channel);
    struct channel_commit commit;
    struct bytes raw, order;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    bytes_init(&order, LIMIT_NOTE_BYTES);
    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.published = io_now();
    io_random(doc.salt, sizeof(doc.salt));
    if (wish->reason)
        doc.reason = slice_text(wish->reason);
    if (wish->purge) {
        rc = make_order(cmd, channel, wish, &order, why);
        doc.level = DOC_PURGE;
        doc.order = bytes_view(&order);
    }
    if (rc == SH_OK)
        rc = document_build(&doc, &raw, why);
    if (rc == SH_OK) {
        append.document = bytes_view(&raw);
        rc = channel_append(channel, &append, &signer, &commit, why);
    }
    if (rc == SH_OK)
        rc = cmd_finish(cmd, channel, &commit, &doc, why);
    bytes_release(&raw);
    bytes_release(&order);
    return rc;
}

/* Where the names of what would go are put. */
struct going {
    bool purge;
    struct json_writer *json; /* or NULL: */
    struct bytes *text;
};

/* each->file */
static int add_path(void *ctx, const char *path, struct why *why)
{
    const struct going *going = ctx;
    char name[TREE_PATH_BYTES + 16];
    bool original = original_is_path(path);

    if (original && !going->purge)
        return SH_OK; /* A hiding leaves it where it is. */
    (void)snprintf(name, sizeof(name), "%s%s", original ? "private/" : "", path);
    if (going->json)
        json_put_text(going->json, NULL, name);
    else
        bytes_printf(going->text, "%s\n", name);
    return bytes_check(going->text, why);
}

/* What would go; nothing is changed. */
static int dry_run(const struct cmd *cmd, struct channel *channel, const struct wish *wish,
                   struct why *why)
{
    struct json_writer json;
    struct bytes out;
    struct going going = {.purge = wish->purge, .text = &out};
    struct channel_hide each = {add_path, &going};
    int rc;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_bool(&json, "dry_run", true);
        json_put_text(&json, "level", wish->purge ? "purge" : "hide");
        json_array_open(&json, "files");
        going.json = &json;
    }
    rc = channel_goes(channel, wish->index, &each, why);
    if (cmd->json) {
        json_array_close(&json);
        cmd_json_close(&json);
    }
    if (rc != SH_OK)
        bytes_release(&out);
    else if (cmd_answer(cmd, &out) != CMD_DONE)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the answer could not be written");
    return rc;
}

static int run_on(struct cmd *cmd, const struct wish *wish, struct why *why)
{
    struct channel *channel = NULL;
    int pages = SH_OK;
    int rc = channel_open(cmd->home, wish->dry ? CHANNEL_LOOK : CHANNEL_WRITE, &channel, why);

    /* One that was cut off may have left words on pages; who repeats it means those. */
    if (rc == SH_OK && !wish->dry)
        pages = cmd_publish(cmd, channel);
    if (rc == SH_OK)
        rc = check_target(channel, wish, pages, why);
    if (rc == SH_OK)
        rc = wish->dry ? dry_run(cmd, channel, wish, why) : withdraw(cmd, channel, wish, why);
    channel_close(channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct wish wish = {.reason = cmd_value(args, "reason"),
                        .purge = cmd_is_set(args, "purge"),
                        .dry = cmd_is_set(args, "dry-run"),
                        .args = args};
    struct why why = {0};

    if (args->word_count != 1 ||
        !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &wish.index))
        return cmd_usage(cmd,
                         "withdraw needs the number of one entry (stillhere status shows it)");
    if (args->many_count && !wish.purge)
        return cmd_usage(cmd, "--sheet belongs to --purge");
    if (wish.reason && text_check(slice_text(wish.reason), TEXT_LINE, LIMIT_REASON_BYTES,
                                  "--reason", &why) < 0)
        return cmd_failed(cmd, &why);
    return run_on(cmd, &wish, &why) < 0 ? cmd_failed(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    {"reason", "TEXT", "why, for the readers; public and lasting like all words"},
    {"purge", NULL, "delete document and files for ever; needs the recovery sheet"},
    {"sheet", "FILE", "a recovery sheet, for --purge; may be given again, - is standard input"},
    {"dry-run", NULL, "say which files would go; change nothing"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_withdraw = {
    .name = "withdraw",
    .usage = "N [--reason TEXT] [--purge [--sheet FILE]...] [--dry-run]",
    .many = "sheet",
    .summary = "take a dispatch out of sight",
    .about =
        "Hides dispatch N, also one that is sealed: its words, place and files leave the "
        "public tree at once.  The log\n"
        "still shows that entry N was there and that a later entry withdrew it; copies that\n"
        "others made are not reached.  The files stay in private/quarantine until --purge, "
        "which\n"
        "deletes them for ever; it also works on what is withdrawn already.",
    .examples = "  stillhere withdraw 4\n"
                "  stillhere withdraw 4 --reason \"shows a neighbour's face\"\n"
                "  stillhere withdraw 4 --purge --sheet sheet.txt\n",
    .options = options,
    .run = run,
};
