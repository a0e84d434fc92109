/* What `status` says of the watch beside the channel. */
#include "cmd/status_int.h"

#include <stdio.h>

static void number_line(struct bytes *out, enum lang lang, enum lang_string id, uint64_t number)
{
    char text[24];

    if (!number)
        return;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    LANG_SAY(out, lang, id, text);
    bytes_u8(out, '\n');
}

int cmd_status_watch(const struct cmd *cmd, const char *folder, struct watch_status *out,
                     struct why *why)
{
    char state[LIMIT_HOME_BYTES];
    int rc;

    *out = (struct watch_status){0};
    if (folder)
        return watch_status(folder, out, why);
    if (snprintf(state, sizeof(state), "%s/private/watch", cmd->home) >= (int)sizeof(state))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path of the channel is too long");
    rc = watch_status(state, out, why);
    /* No watch was ever started here: nothing is wrong, and there is nothing to say. */
    return rc == SH_ENOTFOUND ? SH_OK : rc;
}

void cmd_status_watch_text(struct bytes *out, enum lang lang, const struct watch_status *watch)
{
    char date[LANG_DATE_BYTES], heard[24], sources[24];

    if (!watch->running && !watch->round_at)
        return;
    lang_date(lang, watch->round_at, date);
    (void)snprintf(heard, sizeof(heard), "%zu", watch->heard);
    (void)snprintf(sources, sizeof(sources), "%zu", watch->sources);
    LANG_SAY(out, lang, watch->running ? STR_CMD_WATCH_RUNS : STR_CMD_WATCH_STOPPED, date,
             heard, sources);
    bytes_u8(out, '\n');
    number_line(out, lang, STR_CMD_WATCH_ODDS, watch->odds);
    number_line(out, lang, STR_CMD_WATCH_OPEN, watch->open);
    number_line(out, lang, STR_CMD_WATCH_QUEUED, watch->queued);
    if (watch->red)
        bytes_printf(out, "%s\n", lang_text(lang, STR_CMD_WATCH_RED));
    if (*watch->error) {
        lang_date(lang, watch->error_at, date);
        LANG_SAY(out, lang, STR_CMD_WATCH_ERROR, date, watch->error);
        bytes_u8(out, '\n');
    }
}

void cmd_status_watch_json(struct json_writer *json, const struct watch_status *watch)
{
    json_object_open(json, "watch");
    json_put_bool(json, "running", watch->running);
    if (watch->running || watch->round_at) {
        json_put_number(json, "looked_at", watch->round_at);
        json_put_number(json, "sources", watch->sources);
        json_put_number(json, "heard", watch->heard);
        json_put_number(json, "at_odds", watch->odds);
        json_put_number(json, "alarms", watch->open);
        json_put_number(json, "queued", watch->queued);
        json_put_bool(json, "reachable", !watch->red);
    }
    if (*watch->error) {
        json_object_open(json, "error");
        json_put_number(json, "at", watch->error_at);
        json_put_text(json, "text", watch->error);
        json_object_close(json);
    }
    json_object_close(json);
}
