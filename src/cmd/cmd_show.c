/* stillhere show N: one entry of the log and what it commits to. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "crypt/crypt.h"

struct shown {
    struct channel_entry entry;
    struct bytes raw; /* the document, empty when it is not public */
    struct arena arena;
    struct document doc;
    bool has_doc;
    bool waits; /* sealed: the document is here, not public */
    uint64_t publish_at;
};

static const char *state_name(enum entry_state state)
{
    switch (state) {
    case STATE_PRESENT:
        return "present";
    case STATE_SEALED:
        return "sealed";
    case STATE_WITHDRAWN:
        return "withdrawn";
    case STATE_OTHER:
        break;
    }
    return "other";
}

static int load(struct channel *channel, uint64_t index, struct shown *shown, struct why *why)
{
    enum entry_type type;
    int rc = channel_entry_get(channel, index, &shown->entry, why);

    if (rc < 0)
        return rc;
    type = shown->entry.entry.type;
    if (shown->entry.state == STATE_SEALED) {
        rc = channel_sealed_document(channel, &shown->entry, &shown->raw, &shown->publish_at,
                                     why);
        shown->waits = rc == SH_OK;
        if (rc == SH_ENOTFOUND) {
            *why = (struct why){0};
            return SH_OK;
        }
        if (rc == SH_OK)
            rc = document_parse(bytes_view(&shown->raw), &shown->arena, &shown->doc, why);
        shown->has_doc = rc == SH_OK;
        return rc;
    }
    if (shown->entry.state == STATE_WITHDRAWN || type == ENTRY_IDENTITY ||
        type == ENTRY_UNKNOWN)
        return SH_OK;
    rc = channel_document(channel, &shown->entry, &shown->raw, why);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(&shown->raw), &shown->arena, &shown->doc, why);
    shown->has_doc = rc == SH_OK;
    return rc;
}

static void put_index(struct json_writer *json, const char *name, uint64_t index)
{
    if (index != ENTRY_NO_REF)
        json_put_number(json, name, index);
}

static void answer_json(struct bytes *out, const struct shown *shown)
{
    struct json_writer json = cmd_json_open(out);
    const struct entry *entry = &shown->entry.entry;
    char page[TREE_PATH_BYTES];

    json_put_number(&json, "index", shown->entry.index);
    json_put_slice(&json, "type", entry->type_text);
    if (entry->ref != ENTRY_NO_REF)
        json_put_number(&json, "ref", entry->ref);
    json_put_hex(&json, "hash", slice_of(entry->hash, sizeof(entry->hash)));
    json_put_text(&json, "state", state_name(shown->entry.state));
    if (shown->entry.state == STATE_WITHDRAWN)
        json_put_number(&json, "withdrawn_by", shown->entry.withdrawn_by);
    put_index(&json, "opened_by", shown->entry.opened_by);
    put_index(&json, "corrected_by", shown->entry.corrected_by);
    put_index(&json, "purged_by", shown->entry.purged_by);
    if (shown->entry.state == STATE_SEALED)
        json_put_bool(&json, "waits", shown->waits);
    if (shown->waits && shown->publish_at)
        json_put_number(&json, "publish_at", shown->publish_at);
    if (entry->type == ENTRY_DISPATCH || shown->entry.opened_by != ENTRY_NO_REF) {
        tree_dispatch_path(shown->entry.index, page);
        json_put_text(&json, "page", page);
    }
    if (shown->has_doc)
        json_put_json(&json, "document", bytes_view(&shown->raw));
    cmd_json_close(&json);
}

static void line(struct bytes *out, enum lang lang, enum lang_string id, struct slice a,
                 struct slice b)
{
    struct bytes first, second;

    bytes_init(&first, LIMIT_DOCUMENT_BYTES);
    bytes_init(&second, LIMIT_DOCUMENT_BYTES);
    bytes_slice(&first, a);
    bytes_u8(&first, 0);
    bytes_slice(&second, b);
    bytes_u8(&second, 0);
    LANG_SAY(out, lang, id, (const char *)first.ptr, (const char *)second.ptr);
    bytes_u8(out, '\n');
    bytes_release(&first);
    bytes_release(&second);
}

static void next_due_text(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                          uint64_t next_due)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    cmd_moment_text(&text, lang, clock, next_due);
    line(out, lang, STR_PROMISED_UNTIL, bytes_view(&text), slice_of(NULL, 0));
    bytes_release(&text);
}

static void document_text(struct bytes *out, enum lang lang, const struct document *doc,
                          const struct cmd_clock *clock)
{
    struct slice none = slice_of(NULL, 0);
    struct bytes status;
    char date[LANG_DATE_BYTES], orig[2 * CRYPT_DIGEST_BYTES + 1];

    if (doc->kind == DOC_DISPATCH || doc->kind == DOC_CORRECT) {
        bytes_init(&status, LIMIT_STATUS_BYTES + 1);
        cmd_status_text(&status, lang, doc);
        line(out, lang, STR_CMD_SHOW_STATUS, bytes_view(&status), none);
        bytes_release(&status);
    }
    for (size_t i = 0; i < doc->place.name_count; i++)
        if (!doc->place.code.len ||
            slice_equal(doc->place.names[i].lang, slice_text(lang_tag(lang))))
            line(out, lang, STR_CMD_SHOW_PLACE, doc->place.names[i].text, doc->place.level);
    for (size_t i = 0; i < doc->word_count; i++)
        line(out, lang, STR_CMD_SHOW_WORDS, doc->words[i].lang, doc->words[i].text);
    if (doc->reason.len)
        line(out, lang, STR_CMD_REASON, doc->reason, none);
    if (doc->published) {
        lang_date(lang, doc->published, date);
        line(out, lang, STR_CMD_SHOW_PUBLISHED, slice_text(date), none);
    }
    if (doc->kind == DOC_PROMISE)
        cmd_rule_text(out, lang, clock, doc);
    if (doc->next_due)
        next_due_text(out, lang, clock, doc->next_due);
    for (size_t i = 0; i < doc->blob_count; i++)
        cmd_blob_text(out, lang, &doc->blobs[i]);
    if (doc->has_orig) {
        hex_build(slice_of(doc->orig, sizeof(doc->orig)), orig);
        line(out, lang, STR_ORIGINAL_SHOWN, slice_text(orig), none);
    }
}

static void by_line(struct bytes *out, enum lang lang, enum lang_string id, uint64_t by)
{
    char number[24];

    if (by == ENTRY_NO_REF)
        return;
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)by);
    LANG_SAY(out, lang, id, number);
    bytes_u8(out, '\n');
}

/* How it is with a sealed entry, which only its keeper sees. */
static void sealed_text(enum lang lang, struct bytes *out, const struct shown *shown,
                        const struct cmd_clock *clock)
{
    struct bytes text;

    bytes_printf(out, "%s\n", lang_text(lang, STR_CMD_SHOW_SEALED));
    if (!shown->waits) {
        bytes_printf(out, "%s\n", lang_text(lang, STR_SHOW_NOTHING_WAITS));
    } else if (!shown->publish_at) {
        by_line(out, lang, STR_SEALED_WHEN_SAID, shown->entry.index);
    } else {
        bytes_init(&text, LIMIT_PAGE_BYTES);
        cmd_moment_text(&text, lang, clock, shown->publish_at);
        line(out, lang, STR_SEALED_AT, bytes_view(&text), slice_of(NULL, 0));
        bytes_release(&text);
    }
}

static void answer_text(enum lang lang, struct bytes *out, const struct shown *shown,
                        const struct cmd_clock *clock)
{
    const struct entry *entry = &shown->entry.entry;
    char number[24], path[TREE_PATH_BYTES];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)shown->entry.index);
    line(out, lang, STR_CMD_SHOW_ENTRY, slice_text(number), entry->type_text);
    if (shown->entry.state == STATE_WITHDRAWN) {
        (void)snprintf(number, sizeof(number), "%llu",
                       (unsigned long long)shown->entry.withdrawn_by);
        LANG_SAY(out, lang, STR_CMD_SHOW_WITHDRAWN, number);
        bytes_u8(out, '\n');
    }
    by_line(out, lang, STR_SHOW_OPENED, shown->entry.opened_by);
    by_line(out, lang, STR_SHOW_CORRECTED, shown->entry.corrected_by);
    by_line(out, lang, STR_SHOW_PURGED, shown->entry.purged_by);
    if (shown->entry.state == STATE_SEALED)
        sealed_text(lang, out, shown, clock);
    if (!shown->has_doc)
        return;
    document_text(out, lang, &shown->doc, clock);
    if (shown->waits)
        return;
    tree_document_path(entry->hash, path);
    line(out, lang, STR_CMD_SHOW_DOCUMENT, slice_text(path), slice_of(NULL, 0));
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct shown shown = {0};
    struct bytes out;
    struct cmd_clock clock = {.zone = ""};
    struct why why = {0};
    uint64_t index;
    int rc;

    if (args->word_count != 1 ||
        !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &index))
        return cmd_usage(cmd, "show needs the number of one entry");
    bytes_init(&shown.raw, LIMIT_DOCUMENT_BYTES);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    arena_init(&shown.arena, LIMIT_DOCUMENT_BYTES * 32);
    rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, &why);
    if (rc == SH_OK)
        rc = load(channel, index, &shown, &why);
    if (rc == SH_OK)
        cmd_clock_tell(channel, &clock);
    if (rc == SH_OK && cmd->json)
        answer_json(&out, &shown);
    else if (rc == SH_OK)
        answer_text(cmd->lang, &out, &shown, &clock);
    rc = rc < 0 ? cmd_failed(cmd, &why) : cmd_answer(cmd, &out);
    bytes_release(&out);
    bytes_release(&shown.raw);
    arena_release(&shown.arena);
    channel_close(channel);
    return rc;
}

const struct cmd_spec cmd_spec_show = {
    .name = "show",
    .usage = "N",
    .summary = "show one entry of the log",
    .about = "Prints entry N and, where it is public, the document that it commits to.\n"
             "Entry 0 is the identity, so the first dispatch is 1.",
    .examples = "  stillhere show 1\n"
                "  stillhere show 1 --json\n",
    .options = NULL,
    .run = run,
};
