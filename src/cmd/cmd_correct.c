/* stillhere correct N: the same dispatch, said better; the first version stays on record. */
#include <string.h>

#include "cmd/seal_int.h"
#include "io/io.h"

/* The version that counts now: the newest correction, or the dispatch itself. */
static int load(struct channel *channel, uint64_t index, struct bytes *raw, struct why *why)
{
    struct channel_entry entry;
    int rc = channel_entry_get(channel, index, &entry, why);

    if (rc != SH_OK)
        return rc;
    if (entry.state == STATE_WITHDRAWN)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "entry %ju is withdrawn, by entry %ju: it cannot be corrected",
                       (uintmax_t)index, (uintmax_t)entry.withdrawn_by);
    if (entry.state == STATE_SEALED)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %ju is not public yet; what corrects it would be public before "
                       "it: publish or withdraw it first",
                       (uintmax_t)index);
    if (entry.state != STATE_PRESENT)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "entry %ju is of type %s; only a dispatch can be corrected",
                       (uintmax_t)index, entry_type_name(entry.entry.type));
    if (entry.corrected_by != ENTRY_NO_REF)
        rc = channel_entry_get(channel, entry.corrected_by, &entry, why);
    if (rc == SH_OK)
        rc = channel_document(channel, &entry, raw, why);
    return rc;
}

/* What is given replaces what was; all else stays. */
static void merge(const struct cmd_args *args, const struct document *given,
                  struct document *doc)
{
    memcpy(doc->salt, given->salt, sizeof(doc->salt));
    doc->kind = DOC_CORRECT;
    if (cmd_is_set(args, "well") || cmd_is_set(args, "hurt") || cmd_is_set(args, "moving") ||
        cmd_is_set(args, "status")) {
        doc->status = given->status;
        doc->status_text = given->status_text;
    }
    if (cmd_is_set(args, "place"))
        doc->place = given->place;
    if (given->word_count) {
        doc->words = given->words;
        doc->word_count = given->word_count;
    }
    if (given->next_due)
        doc->next_due = given->next_due;
    /* A promise whose time has passed is not made anew. */
    if (doc->next_due <= io_now())
        doc->next_due = 0;
    if (cmd_is_set(args, "no-video")) {
        doc->blob_count = 0;
        doc->removed_count = 0;
        doc->has_orig = false;
    }
}

static int correct(struct cmd *cmd, const struct cmd_args *args, uint64_t index,
                   const char *words, struct why *why)
{
    struct channel_append append = {.type = ENTRY_CORRECT, .ref = index};
    const struct cmd_when now = {.sealed = false};
    struct channel *channel = NULL;
    struct cmd_dispatch given;
    struct document doc;
    struct arena arena;
    struct bytes raw;
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, why);

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    if (rc == SH_OK)
        rc = load(channel, index, &raw, why);
    if (rc == SH_OK)
        rc = document_parse(bytes_view(&raw), &arena, &doc, why);
    if (rc == SH_OK)
        rc = cmd_dispatch_fill(args, words, channel, &given, why);
    if (rc == SH_OK) {
        merge(args, &given.doc, &doc);
        rc = cmd_log(cmd, channel, &(struct cmd_logging){&append, &doc, &now}, why);
    }
    bytes_release(&raw);
    arena_release(&arena);
    channel_close(channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *text = NULL;
    struct why why = {0};
    struct bytes words;
    uint64_t index;
    int rc;

    if (args->word_count < 1 || args->word_count > 2 ||
        !decimal_parse(slice_text(args->words[0]), LIMIT_LOG_SIZE, &index))
        return cmd_usage(cmd,
                         "correct needs the number of one dispatch, then what is to change");
    if (cmd_status_usage(cmd, args) != CMD_DONE)
        return CMD_USAGE;
    if (args->word_count == 1 && !cmd_is_set(args, "well") && !cmd_is_set(args, "hurt") &&
        !cmd_is_set(args, "moving") && !cmd_is_set(args, "status") &&
        !cmd_is_set(args, "place") && !cmd_is_set(args, "next-due") &&
        !cmd_is_set(args, "no-video"))
        return cmd_usage(cmd, "correct %s: say what is to change", args->words[0]);
    bytes_init(&words, LIMIT_WORDS_BYTES + 2);
    rc = cmd_words(args->word_count == 2 ? args->words[1] : NULL, &words, &text, &why);
    if (rc == SH_OK)
        rc = correct(cmd, args, index, text, &why);
    bytes_release(&words);
    return rc < 0 ? cmd_failed(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    CMD_DISPATCH_OPTIONS,
    {"no-video", NULL, "the corrected dispatch names no files; the first version still does"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_correct = {
    .name = "correct",
    .usage = "N [--well | --hurt | --moving | --status TEXT] [--place NAME] "
             "[--next-due DURATION] [--lang TAG] [--no-video] [WORDS]",
    .summary = "say a dispatch again, with what was wrong put right",
    .about =
        "Publishes a correction of dispatch N: what you give replaces what stood there, all\n"
        "else stays as it was.  The first version stays public beside it; to take that out of\n"
        "sight, withdraw N and say it anew.",
    .examples = "  stillhere correct 4 --place Lviv\n"
                "  stillhere correct 4 \"Back from shopping, not from work\"\n",
    .options = options,
    .run = run,
};
