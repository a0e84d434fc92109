/* stillhere status: the channel in one screen. */
#include "cmd/status_int.h"

#include <stdio.h>

/* What is said of the channel. */
struct status {
    const struct channel_info *info;
    const struct channel_entry *entry;
    const struct document *doc; /* of the newest word, or NULL */
    struct cmd_clock clock;
    struct due due;
    struct watch_status watch;
    uint64_t originals, original_bytes; /* untouched clips kept, and what they take */
    uint64_t sealed;                    /* documents that wait to be published */
    struct bytes waiting; /* names of what waits for a slot, CHANNEL_WAITING_BYTES each */
};

/* One that was sealed has its time in its open entry's document. */
static bool add_opening(struct channel *channel, const struct channel_entry *entry,
                        struct arena *arena, struct document *doc)
{
    struct channel_entry by;
    struct document open;
    struct bytes raw;
    bool there;

    if (entry->opened_by == ENTRY_NO_REF)
        return true;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    there = channel_entry_get(channel, entry->opened_by, &by, NULL) == SH_OK &&
            channel_document(channel, &by, &raw, NULL) == SH_OK &&
            document_parse(bytes_view(&raw), arena, &open, NULL) == SH_OK;
    if (there)
        doc->published = open.published;
    bytes_release(&raw);
    return there;
}

/* What waits, in the log and for it. */
static int count_sealed(struct channel *channel, struct status *status, struct why *why)
{
    struct channel_sealed sealed = {.index = 0};
    struct why cause = {0};
    int rc = channel_waiting_list(channel, &status->waiting, why);

    for (uint64_t from = 0; rc == SH_OK; from = sealed.index + 1) {
        rc = channel_sealed_next(channel, from, &sealed, &cause);
        status->sealed += rc == SH_OK;
    }
    if (rc == SH_ENOTFOUND)
        return SH_OK;
    return cause.code == SH_OK ? rc : why_set(why, cause.code, cause.offset, "%s", cause.text);
}

/* The newest dispatch that is shown and not disputed; false when there is none. */
static bool newest(struct channel *channel, struct channel_entry *entry, struct bytes *raw,
                   struct arena *arena, struct document *doc)
{
    uint64_t index;

    for (uint64_t ordinal = channel_info(channel)->dispatches; ordinal-- > 0;) {
        if (channel_dispatch_at(channel, ordinal, &index, NULL) < 0 ||
            channel_entry_get(channel, index, entry, NULL) < 0)
            return false;
        if (entry->state != STATE_PRESENT || entry->disputed)
            continue;
        /* On a full disk one may be committed and not be there yet: that before it stands. */
        if (channel_document(channel, entry, raw, NULL) == SH_OK &&
            document_parse(bytes_view(raw), arena, doc, NULL) == SH_OK)
            return add_opening(channel, entry, arena, doc);
    }
    return false;
}

static void answer_json(struct bytes *out, const struct status *status)
{
    const struct channel_info *info = status->info;
    const struct channel_entry *entry = status->entry;
    const struct document *doc = status->doc;
    struct json_writer json = cmd_json_open(out);

    json_put_text(&json, "channel", info->id.text);
    json_put_text(&json, "short_id", info->short_id);
    json_put_text(&json, "name", info->name);
    json_put_text(&json, "lang", info->lang);
    cmd_checkpoint_json(&json, info->size, info->root);
    json_put_number(&json, "dispatches", info->dispatches);
    if (doc) {
        json_object_open(&json, "newest");
        json_put_number(&json, "index", entry->index);
        json_put_slice(&json, "status", doc->status.len ? doc->status : doc->status_text.text);
        json_put_number(&json, "published", doc->published);
        json_object_close(&json);
    }
    cmd_due_json(&json, &status->clock, &status->due);
    json_put_number(&json, "sealed", status->sealed);
    json_put_number(&json, "waiting", status->waiting.len / CHANNEL_WAITING_BYTES);
    json_array_open(&json, "waiting_ids");
    for (size_t at = 0; at < status->waiting.len; at += CHANNEL_WAITING_BYTES)
        json_put_text(&json, NULL, (const char *)status->waiting.ptr + at);
    json_array_close(&json);
    json_object_open(&json, "originals");
    json_put_number(&json, "count", status->originals);
    json_put_number(&json, "bytes", status->original_bytes);
    json_object_close(&json);
    json_put_bool(&json, "pages_current", info->pages_size == info->size);
    json_put_bool(&json, "copied", info->copied);
    if (*info->conflict)
        json_put_text(&json, "conflict", info->conflict);
    cmd_status_watch_json(&json, &status->watch);
    cmd_json_close(&json);
}

static void newest_text(const struct cmd *cmd, struct bytes *out,
                        const struct channel_entry *entry, const struct document *doc)
{
    char date[LANG_DATE_BYTES], number[24];
    struct bytes status;

    bytes_init(&status, LIMIT_STATUS_BYTES + 1);
    cmd_status_text(&status, cmd->lang, doc);
    bytes_u8(&status, 0);
    lang_date(cmd->lang, doc->published, date);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)entry->index);
    LANG_SAY(out, cmd->lang, STR_CMD_LAST, (const char *)status.ptr, date, number);
    bytes_release(&status);
}

static void sealed_text(const struct cmd *cmd, struct bytes *out, const struct status *status)
{
    const struct bytes *names = &status->waiting;
    char sealed[24], waiting[24];

    if (!status->sealed && !names->len)
        return;
    (void)snprintf(sealed, sizeof(sealed), "%ju", (uintmax_t)status->sealed);
    (void)snprintf(waiting, sizeof(waiting), "%zu", names->len / CHANNEL_WAITING_BYTES);
    LANG_SAY(out, cmd->lang, STR_STATUS_SEALED, sealed, waiting);
    bytes_u8(out, '\n');
    for (size_t at = 0; at < names->len; at += CHANNEL_WAITING_BYTES) {
        LANG_SAY(out, cmd->lang, STR_STATUS_WAITS, (const char *)names->ptr + at);
        bytes_u8(out, '\n');
    }
}

static void answer_text(const struct cmd *cmd, struct bytes *out, const struct status *status)
{
    const struct channel_info *info = status->info;

    LANG_SAY(out, cmd->lang, STR_CMD_CHANNEL, info->name);
    bytes_u8(out, '\n');
    LANG_SAY(out, cmd->lang, STR_CMD_ID, info->id.text);
    bytes_u8(out, '\n');
    if (status->doc)
        newest_text(cmd, out, status->entry, status->doc);
    else
        LANG_SAY(out, cmd->lang, STR_CMD_NO_WORD, NULL);
    bytes_u8(out, '\n');
    cmd_due_line(out, cmd->lang, &status->clock, &status->due);
    cmd_log_line(out, cmd->lang, info->size, info->root);
    lang_count(out, cmd->lang, PLURAL_CMD_DISPATCHES, info->dispatches, NULL);
    bytes_u8(out, '\n');
    sealed_text(cmd, out, status);
    if (status->originals)
        cmd_originals_line(out, cmd->lang, status->originals, status->original_bytes);
    if (info->pages_size != info->size)
        bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_CMD_PAGES_BEHIND));
    if (info->copied)
        bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_CMD_COPIED));
    if (*info->conflict) {
        LANG_SAY(out, cmd->lang, STR_CMD_CONFLICT, info->conflict);
        bytes_u8(out, '\n');
    }
    cmd_status_watch_text(out, cmd->lang, &status->watch);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct channel_entry entry;
    struct document doc;
    struct status status = {.entry = &entry};
    struct arena arena;
    struct bytes raw, out;
    struct why why = {0};
    int rc;

    if (args->word_count)
        return cmd_usage(cmd, "status takes no words; name the channel with -C HOME");
    rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, &why);
    if (rc < 0)
        return cmd_failed(cmd, &why);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    bytes_init(&out, LIMIT_PAGE_BYTES + 4 * CHANNEL_WAITING_LIST_BYTES);
    bytes_init(&status.waiting, CHANNEL_WAITING_LIST_BYTES);
    arena_init(&arena, LIMIT_DOCUMENT_BYTES * 32);
    status.info = channel_info(channel);
    status.doc = newest(channel, &entry, &raw, &arena, &doc) ? &doc : NULL;
    rc = cmd_due(channel, &status.clock, &status.due, &why);
    if (rc == SH_OK)
        rc = count_sealed(channel, &status, &why);
    if (rc == SH_OK)
        rc = channel_originals(channel, &status.originals, &status.original_bytes, &why);
    if (rc == SH_OK)
        rc = cmd_status_watch(cmd, cmd_value(args, "state"), &status.watch, &why);
    if (rc == SH_OK && cmd->json)
        answer_json(&out, &status);
    else if (rc == SH_OK)
        answer_text(cmd, &out, &status);
    rc = rc < 0 ? cmd_failed(cmd, &why) : cmd_answer(cmd, &out);
    if (rc == CMD_DONE && (*channel_info(channel)->conflict || status.watch.red))
        rc = CMD_WANTING;
    arena_release(&arena);
    bytes_release(&raw);
    bytes_release(&status.waiting);
    channel_close(channel);
    return rc;
}

static const struct cmd_option options[] = {
    {"state", "DIR", "where the watch keeps what it knows, if not in private/watch"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_status = {
    .name = "status",
    .usage = "[--state DIR]",
    .summary = "show the channel in one screen",
    .about =
        "Prints the channel's name and id, the newest word, when the next one is due,\n"
        "the size of the log, and how the watch stands, if there is one: the one with its\n"
        "state in private/watch, or in DIR as given to watch --state.\n"
        "Exit code 3: public/ and private/ disagree, and nothing may be signed here; or the\n"
        "watch can reach no contact.",
    .examples = "  stillhere status\n"
                "  stillhere -C ~/channel status --json\n",
    .options = options,
    .run = run,
};
