/* --since: the entry from which on it was somebody else, and what lies on both sides of it. */
#include "cmd/key_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "json/json.h"

int key_since_parse(const char *text, const struct cmd_clock *clock,
                    struct channel_moment *moment, struct why *why)
{
    uint64_t value;

    if (decimal_parse(slice_text(text), LIMIT_LOG_SIZE, &value)) {
        if (!value)
            return why_set(
                why, SH_EARG, WHY_NOWHERE,
                "--since 0: entry 0 is the channel itself; 1 disputes everything else");
        channel_moment_init(moment, CHANNEL_SINCE_INDEX, value);
        return SH_OK;
    }
    if (cmd_moment_parse(text, clock, &value, why) < 0)
        return why->code;
    if (value > clock->now)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--since %.60s: that is in the future; give the date too, as "
                       "\"2026-11-20 08:00\", or an entry's number",
                       text);
    channel_moment_init(moment, CHANNEL_SINCE_TIME, value);
    return SH_OK;
}

static void say_said(struct bytes *out, enum lang lang, enum lang_string id,
                     const struct channel_said *said)
{
    char date[LANG_DATE_BYTES], number[24];

    if (!said->there)
        return;
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)said->index);
    lang_date_short(lang, said->published, date);
    LANG_SAY(out, lang, id, number, date, *said->words ? said->words : said->kind);
    bytes_u8(out, '\n');
}

void key_since_say(struct bytes *out, enum lang lang, const char *text,
                   const struct channel_moment *moment)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)moment->index);
    if (moment->how == CHANNEL_SINCE_TIME) {
        LANG_SAY(out, lang, moment->first.there ? STR_KEY_SINCE : STR_KEY_SINCE_NONE, text,
                 number);
        bytes_u8(out, '\n');
    }
    say_said(out, lang, STR_KEY_SAID_LAST, &moment->last);
    say_said(out, lang, STR_KEY_SAID_FIRST, &moment->first);
    if (moment->how == CHANNEL_SINCE_TIME)
        bytes_printf(out, "%s\n", lang_text(lang, STR_KEY_SINCE_LOOK));
}

static void put_said(struct json_writer *json, const char *name,
                     const struct channel_said *said)
{
    if (!said->there)
        return;
    json_object_open(json, name);
    json_put_number(json, "index", said->index);
    json_put_number(json, "published", said->published);
    json_put_text(json, "kind", said->kind);
    if (*said->words)
        json_put_text(json, "words", said->words);
    json_object_close(json);
}

void key_since_json(struct json_writer *json, const char *text,
                    const struct channel_moment *moment)
{
    json_object_open(json, "since");
    json_put_text(json, "asked", text);
    json_put_text(json, "by", moment->how == CHANNEL_SINCE_TIME ? "time" : "index");
    if (moment->how == CHANNEL_SINCE_TIME)
        json_put_number(json, "time", moment->value);
    json_put_number(json, "index", moment->index);
    put_said(json, "last", &moment->last);
    put_said(json, "first", &moment->first);
    json_object_close(json);
}
