/* stillhere promise: say when the next word comes, so that its absence says something. */
#include "cmd/cmd.h"

#include <string.h>

#include "io/io.h"

enum rule { RULE_EVERY, RULE_UNTIL, RULE_SILENT };

/* What the command line says, before a channel is opened. */
struct wish {
    enum rule rule;
    struct bytes time, because; /* words joined by single spaces, and a NUL */
    bool has_because;
};

static void join(struct bytes *out, const char *word)
{
    if (out->len)
        bytes_u8(out, ' ');
    bytes_text(out, word);
}

/* "every 24h", "until 2026-11-25 14:05", "silent until 20:00, because the line is cut" */
static int read_words(const struct cmd *cmd, const struct cmd_args *args, struct wish *wish)
{
    static const char *const firsts[] = {"every", "until", "silent"};
    size_t at = 0, rule = 0;

    while (rule < COUNT_OF(firsts) &&
           (!args->word_count || strcmp(args->words[0], firsts[rule]) != 0))
        rule++;
    if (rule == COUNT_OF(firsts))
        return cmd_usage(cmd, "promise needs: every DURATION, until TIME or silent until TIME");
    wish->rule = (enum rule)rule;
    at = rule == RULE_SILENT ? 2 : 1;
    if (rule == RULE_SILENT && (args->word_count < 2 || strcmp(args->words[1], "until") != 0))
        return cmd_usage(cmd, "silent is followed by until TIME");
    for (; at < args->word_count && strcmp(args->words[at], "because") != 0; at++)
        join(&wish->time, args->words[at]);
    if (wish->time.len && wish->time.ptr[wish->time.len - 1] == ',')
        wish->time.len--;
    wish->has_because = at < args->word_count;
    for (at++; at < args->word_count; at++)
        join(&wish->because, args->words[at]);
    if (!wish->time.len || (wish->has_because && !wish->because.len))
        return cmd_usage(cmd,
                         wish->time.len ? "because is followed by words"
                                        : "promise needs a time: %s TIME",
                         firsts[rule]);
    bytes_u8(&wish->time, 0);
    bytes_u8(&wish->because, 0);
    if (bytes_check(&wish->time, NULL) < 0 || bytes_check(&wish->because, NULL) < 0)
        return cmd_usage(cmd, "the words are too long");
    return CMD_DONE;
}

/* ---- the document ---- */

static int fill_every(const char *text, struct document *doc, struct why *why)
{
    int rc = cmd_length_parse(text, &doc->every_s, why);

    if (rc != SH_OK)
        return rc;
    if (doc->every_s < LIMIT_EVERY_LEAST_S || doc->every_s > LIMIT_EVERY_S)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "every %.60s: from 1h to %ud, so that it can be kept and an alarm "
                       "still means something",
                       text, (unsigned)(LIMIT_EVERY_S / 86400));
    return SH_OK;
}

static int fill_rule(const struct wish *wish, const struct cmd_clock *clock,
                     struct document *doc, struct why *why)
{
    const char *text = (const char *)wish->time.ptr;
    uint64_t by = 0;
    int rc;

    if (wish->rule == RULE_EVERY)
        return fill_every(text, doc, why);
    rc = cmd_moment_parse(text, clock, &by, why);
    if (rc == SH_OK)
        rc = cmd_promise_check(clock, by,
                               wish->rule == RULE_SILENT ? LIMIT_SILENT_S : LIMIT_EVERY_S, why);
    if (wish->rule == RULE_SILENT)
        doc->silent_until = by;
    else
        doc->until = by;
    return rc;
}

/* because lives in *because, which the document points to. */
static int fill(const struct wish *wish, const struct cmd_clock *clock, struct document *doc,
                struct doc_text *because, struct why *why)
{
    int rc = fill_rule(wish, clock, doc, why);

    if (rc != SH_OK || !wish->has_because)
        return rc;
    because->text = slice_of(wish->because.ptr, wish->because.len - 1);
    doc->because = because;
    doc->because_count = 1;
    return text_check(because->text, TEXT_LINE, LIMIT_WORDS_BYTES, "because", why);
}

/* ---- said, or only tried ---- */

static int dry_run(const struct cmd *cmd, struct channel *channel, const struct document *doc,
                   const struct cmd_clock *now, struct why *why)
{
    struct cmd_clock clock = *now;
    struct due_facts facts;
    struct json_writer json;
    struct bytes out;
    struct due due;
    int rc = channel_due(channel, &facts, why);

    if (rc != SH_OK)
        return rc;
    due_take(&facts, channel_info(channel)->size, doc);
    due_of(&facts, &due);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_bool(&json, "dry_run", true);
        cmd_rule_json(&json, doc);
        cmd_due_json(&json, &clock, &due);
        cmd_json_close(&json);
    } else {
        bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_PROMISE_DRY));
        cmd_rule_text(&out, cmd->lang, &clock, doc);
        cmd_due_line(&out, cmd->lang, &clock, &due);
    }
    if (cmd_answer(cmd, &out) != CMD_DONE)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the answer could not be written");
    return SH_OK;
}

static int append(const struct cmd *cmd, struct channel *channel, struct document *doc,
                  struct why *why)
{
    struct channel_append append = {.type = ENTRY_PROMISE, .ref = ENTRY_NO_REF};
    struct channel_signer signer = cmd_signer(channel);
    struct channel_commit commit;
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    io_random(doc->salt, sizeof(doc->salt));
    rc = document_build(doc, &raw, why);
    if (rc == SH_OK) {
        append.document = bytes_view(&raw);
        rc = channel_append(channel, &append, &signer, &commit, why);
    }
    if (rc == SH_OK)
        rc = cmd_finish(cmd, channel, &commit, doc, why);
    bytes_release(&raw);
    return rc;
}

static int promise(const struct cmd *cmd, const struct cmd_args *args, const struct wish *wish,
                   struct why *why)
{
    bool dry = cmd_is_set(args, "dry-run");
    struct document doc = {.kind = DOC_PROMISE, .of = ENTRY_NO_REF};
    struct channel *channel = NULL;
    struct doc_text because = {0};
    struct cmd_clock clock;
    int rc = channel_open(cmd->home, dry ? CHANNEL_LOOK : CHANNEL_WRITE, &channel, why);

    if (rc == SH_OK && *channel_info(channel)->conflict)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s", channel_info(channel)->conflict);
    if (rc == SH_OK)
        rc = cmd_lang_fill(args, channel, &because.lang, why);
    if (rc == SH_OK)
        rc = cmd_clock(channel, &clock, why);
    if (rc == SH_OK)
        rc = fill(wish, &clock, &doc, &because, why);
    if (rc == SH_OK) {
        doc.channel = slice_text(channel_info(channel)->id.text);
        doc.published = clock.now;
        rc = dry ? dry_run(cmd, channel, &doc, &clock, why) : append(cmd, channel, &doc, why);
    }
    channel_close(channel);
    return rc;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct wish wish = {0};
    struct why why = {0};
    int code;

    bytes_init(&wish.time, LIMIT_NAME_BYTES);
    bytes_init(&wish.because, LIMIT_WORDS_BYTES + 1);
    code = read_words(cmd, args, &wish);
    if (code == CMD_DONE && promise(cmd, args, &wish, &why) < 0)
        code = cmd_erred(cmd, &why);
    bytes_release(&wish.because);
    bytes_release(&wish.time);
    return code;
}

static const struct cmd_option options[] = {
    {"dry-run", NULL, "say what would be promised; publish nothing"},
    {"lang", "TAG", "language of the words after because (BCP 47), default: the channel's"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_promise = {
    .name = "promise",
    .usage = "every DURATION | until TIME | silent until TIME [because WORDS] [--lang TAG] "
             "[--dry-run]",
    .summary = "say when the next word comes",
    .about =
        "Publishes a promise, so that every copy of the channel can tell when you are late.\n"
        "every: a word each DURATION (24h, 1d12h; from 1h to 400d), until another promise.\n"
        "until: a word by TIME, once.  silent until: no word before TIME, and one then; at\n"
        "most 7 days.  TIME is 14:05 (the next one) or \"2026-11-25 14:05\" in the channel's\n"
        "zone (stillhere settings), 2026-11-25T14:05:00+02:00, or +24h.\n"
        "The newest promise holds; --next-due of a check-in or post goes before it.",
    .examples = "  stillhere promise every 24h\n"
                "  stillhere promise until 21:00\n"
                "  stillhere promise silent until +36h because \"no power at home\"\n",
    .options = options,
    .run = run,
};
