/* When the next word is due: asked, bounded, told. */
#include "cmd/cmd.h"

#include <string.h>

int cmd_promise_check(const struct cmd_clock *clock, uint64_t by, uint64_t within,
                      struct why *why)
{
    char text[WHEN_TEXT_BYTES], now[WHEN_TEXT_BYTES];
    uint64_t last;

    when_text(by, text);
    when_text(clock->now, now);
    if (by <= clock->now)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "a promise in the past: %s, and this machine's clock says %s; give a "
                       "time to come, such as +24h",
                       text, now);
    if (size_add(clock->now, within, &last) && by <= last)
        return SH_OK;
    if (within == LIMIT_SILENT_S)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "silence until %s: at most %u days from now (%s), because nobody is "
                       "told in that time; promise a shorter one and say it again when you can",
                       text, (unsigned)(LIMIT_SILENT_S / 86400), now);
    return why_set(why, SH_EARG, WHY_NOWHERE, "a promise for %s: at most %u days from now (%s)",
                   text, (unsigned)(within / 86400), now);
}

int cmd_next_due(const char *text, const struct cmd_clock *clock, uint64_t *unix_s,
                 struct why *why)
{
    struct why cause = {0};
    uint64_t length = 0;
    int rc;

    if (strspn(text, "0123456789") && !strpbrk(text, ":-")) {
        rc = cmd_length_parse(text, &length, &cause);
        if (rc == SH_OK && !size_add(clock->now, length, unix_s))
            rc = why_set(&cause, SH_EARG, WHY_NOWHERE, "%.60s: too long", text);
    } else {
        rc = cmd_moment_parse(text, clock, unix_s, &cause);
    }
    if (rc == SH_OK)
        rc = cmd_promise_check(clock, *unix_s, LIMIT_EVERY_S, &cause);
    return rc == SH_OK ? SH_OK
                       : why_set(why, rc, cause.offset, "--next-due: %.420s", cause.text);
}

bool cmd_is_late(const struct cmd_clock *clock, const struct due *due)
{
    return due->promised && clock->now > due->by;
}

/* A string with one moment in it. */
static void say_moment(struct bytes *out, enum lang lang, enum lang_string string,
                       const struct cmd_clock *clock, uint64_t unix_s)
{
    struct bytes text;

    bytes_init(&text, 2 * LANG_DATE_BYTES + LIMIT_TOKEN_BYTES + 32);
    cmd_moment_text(&text, lang, clock, unix_s);
    bytes_u8(&text, 0);
    if (bytes_check(&text, NULL) == SH_OK)
        LANG_SAY(out, lang, string, (const char *)text.ptr);
    bytes_u8(out, '\n');
    bytes_release(&text);
}

void cmd_due_line(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                  const struct due *due)
{
    enum lang_string string = due->silent ? STR_DUE_SILENT : STR_DUE_BY;

    if (!due->promised)
        bytes_printf(out, "%s\n", lang_text(lang, STR_DUE_NONE));
    else
        say_moment(out, lang, cmd_is_late(clock, due) ? STR_DUE_LATE : string, clock, due->by);
}

void cmd_due_json(struct json_writer *json, const struct cmd_clock *clock,
                  const struct due *due)
{
    json_object_open(json, "due");
    json_put_bool(json, "promised", due->promised);
    if (due->promised)
        json_put_number(json, "by", due->by);
    json_put_bool(json, "silent", due->silent);
    json_put_bool(json, "late", cmd_is_late(clock, due));
    json_object_close(json);
}

static void say_because(struct bytes *out, enum lang lang, const struct doc_text *because)
{
    struct bytes tag, text;

    bytes_init(&tag, LIMIT_LANG_BYTES + 1);
    bytes_init(&text, LIMIT_WORDS_BYTES + 1);
    bytes_slice(&tag, because->lang);
    bytes_u8(&tag, 0);
    bytes_slice(&text, because->text);
    bytes_u8(&text, 0);
    if (bytes_check(&tag, NULL) == SH_OK && bytes_check(&text, NULL) == SH_OK)
        LANG_SAY(out, lang, STR_PROMISE_BECAUSE, (const char *)tag.ptr, (const char *)text.ptr);
    bytes_u8(out, '\n');
    bytes_release(&text);
    bytes_release(&tag);
}

int cmd_due(struct channel *channel, struct cmd_clock *clock, struct due *due, struct why *why)
{
    struct due_facts facts;
    int rc;

    cmd_clock_tell(channel, clock);
    rc = channel_due(channel, &facts, why);
    if (rc == SH_OK)
        due_of(&facts, due);
    return rc;
}

void cmd_rule_json(struct json_writer *json, const struct document *doc)
{
    json_object_open(json, "rule");
    if (doc->every_s)
        json_put_number(json, "every_s", doc->every_s);
    if (doc->until)
        json_put_number(json, "until", doc->until);
    if (doc->silent_until)
        json_put_number(json, "silent_until", doc->silent_until);
    json_object_close(json);
}

void cmd_rule_text(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                   const struct document *doc)
{
    struct bytes length;

    if (doc->every_s) {
        bytes_init(&length, 4 * LANG_NUMBER_BYTES);
        cmd_length_text(&length, lang, doc->every_s);
        bytes_u8(&length, 0);
        if (bytes_check(&length, NULL) == SH_OK)
            LANG_SAY(out, lang, STR_PROMISED_EVERY, (const char *)length.ptr);
        bytes_u8(out, '\n');
        bytes_release(&length);
    } else if (doc->until) {
        say_moment(out, lang, STR_PROMISED_UNTIL, clock, doc->until);
    } else if (doc->silent_until) {
        say_moment(out, lang, STR_PROMISED_SILENT, clock, doc->silent_until);
    }
    for (size_t i = 0; i < doc->because_count; i++)
        say_because(out, lang, &doc->because[i]);
}
