/* stillhere settings: what pages and feeds need and the log does not say. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "publish/publish.h"

#define NAMES 6
struct setting {
    const char *name; /* on the command line */
    const char *json;
    char *value;
    size_t size;
};

static void list(struct channel_settings *settings, struct setting out[NAMES])
{
    out[0] = (struct setting){"base", "base", settings->base, sizeof(settings->base)};
    out[1] = (struct setting){"zone", "zone", settings->zone, sizeof(settings->zone)};
    out[2] = (struct setting){"family-zone", "family_zone", settings->family_zone,
                              sizeof(settings->family_zone)};
    out[3] = (struct setting){"family-place", "family_place", settings->family_place,
                              sizeof(settings->family_place)};
    out[4] = (struct setting){"covers", "covers_s", settings->covers, sizeof(settings->covers)};
    out[5] = (struct setting){"originals", "originals", settings->originals,
                              sizeof(settings->originals)};
}

static struct setting *find(struct setting all[NAMES], const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

/* All of them, or the one that is asked for. */
static int answer(const struct cmd *cmd, const struct setting all[NAMES],
                  const struct setting *one)
{
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        for (size_t i = 0; i < NAMES; i++)
            if (!one || one == &all[i])
                json_put_text(&json, all[i].json, all[i].value);
        cmd_json_close(&json);
    } else if (one) {
        bytes_printf(&out, "%s\n", one->value);
    } else {
        for (size_t i = 0; i < NAMES; i++)
            bytes_printf(&out, "%-13s %s\n", all[i].name,
                         *all[i].value ? all[i].value : lang_text(cmd->lang, STR_SETTING_NONE));
    }
    return cmd_answer(cmd, &out);
}

static int put(const struct setting *setting, const char *value, struct why *why)
{
    size_t len = strlen(value);

    if (len >= setting->size)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%s: %zu bytes, at most %zu", setting->name,
                       len, setting->size - 1);
    memcpy(setting->value, value, len + 1);
    return SH_OK;
}

/*
 * What waits for a slot would wait for ever; to log it all at once would tell how much of it is
 * real, and that it was posted.
 */
static int check_waiting(struct channel *channel, struct why *why)
{
    uint64_t count = 0;
    int rc = channel_waiting_count(channel, &count, why);

    if (rc != SH_OK || !count)
        return rc;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "covers stay on: %ju wait for their slots.  Switch them off when `stillhere "
                   "status` says that none does, or take back what waits with `stillhere "
                   "publish --cancel ID`",
                   (uintmax_t)count);
}

int cmd_settings_change(struct channel *channel, const char *name, const char *value,
                        struct channel_settings *settings, struct why *why)
{
    struct setting all[NAMES], *one;
    struct why pages = {0};
    int rc = channel_settings(channel, settings, why);

    if (rc != SH_OK)
        return rc;
    list(settings, all);
    one = find(all, name);
    if (strcmp(one->value, value) != 0) {
        if (one->value == settings->covers && !*value)
            rc = check_waiting(channel, why);
        if (rc == SH_OK)
            rc = put(one, value, why);
        if (rc == SH_OK)
            rc = channel_settings_set(channel, settings, why);
        /* The others were read and hold: it is the value that was given. */
        if (rc == SH_EFORMAT || rc == SH_ELIMIT || rc == SH_ENOTFOUND || rc == SH_EUNSUPPORTED)
            why->code = SH_EARG;
        if (rc == SH_OK) /* As it is kept. */
            rc = channel_settings(channel, settings, why);
        if (rc == SH_OK && publish_all(channel, &pages) < 0)
            rc = why_set(why, pages.code, pages.offset,
                         "%s is set, but the pages could not be written: %.300s; `stillhere "
                         "rebuild` writes them",
                         name, pages.text);
    }
    return rc;
}

static int change(const struct cmd *cmd, const char *name, const char *value, struct why *why)
{
    struct channel_settings settings;
    struct setting all[NAMES];
    struct channel *channel = NULL;
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, why);

    if (rc == SH_OK)
        rc = cmd_settings_change(channel, name, value, &settings, why);
    if (rc == SH_OK) {
        list(&settings, all);
        if (answer(cmd, all, find(all, name)) != CMD_DONE)
            rc = why_set(why, SH_EIO, WHY_NOWHERE,
                         "%s is set, but the answer could not be written", name);
    }
    channel_close(channel);
    return rc;
}

static int look(const struct cmd *cmd, const char *name, struct why *why)
{
    struct channel_settings settings;
    struct setting all[NAMES];
    struct channel *channel = NULL;
    int rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, why);

    if (rc == SH_OK)
        rc = channel_settings(channel, &settings, why);
    if (rc == SH_OK) {
        list(&settings, all);
        if (answer(cmd, all, name ? find(all, name) : NULL) != CMD_DONE)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "the answer could not be written");
    }
    channel_close(channel);
    return rc;
}

/* "off", or "every" and a length. */
static int set_covers(const struct cmd *cmd, const struct cmd_args *args, struct why *why)
{
    char text[24];
    uint64_t seconds;
    int rc;

    if (args->word_count == 2 && strcmp(args->words[1], "off") == 0)
        return change(cmd, "covers", "", why);
    if (args->word_count != 3 || strcmp(args->words[1], "every") != 0)
        return why_set(why, SH_EARG, WHY_NOWHERE, "covers: every LENGTH (as every 1h), or off");
    rc = cmd_length_parse(args->words[2], &seconds, why);
    if (rc != SH_OK)
        return rc;
    (void)snprintf(text, sizeof(text), "%ju", (uintmax_t)seconds);
    return change(cmd, "covers", text, why);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *unset = cmd_value(args, "unset");
    const char *name = unset ? unset : args->word_count ? args->words[0] : NULL;
    struct channel_settings none;
    struct setting all[NAMES];
    struct why why = {0};
    int rc;

    list(&none, all);
    if (args->word_count > 2 && (strcmp(args->words[0], "covers") != 0 || args->word_count > 3))
        return cmd_usage(cmd, "one name and one value; a value with spaces goes in quotes");
    if (unset && args->word_count)
        return cmd_usage(cmd, "--unset NAME alone, without a value");
    if (name && !find(all, name))
        return cmd_usage(cmd,
                         "no setting %s: there are base, zone, family-zone, family-place, "
                         "covers, originals",
                         name);
    if (args->word_count == 2 && !*args->words[1])
        return cmd_usage(cmd, "an empty value; to take it away: --unset %s", name);
    if (args->word_count && strcmp(args->words[0], "covers") == 0 && args->word_count > 1)
        rc = set_covers(cmd, args, &why);
    else if (unset)
        rc = change(cmd, name, "", &why);
    else if (args->word_count == 2)
        rc = change(cmd, name, args->words[1], &why);
    else
        rc = look(cmd, name, &why);
    return rc < 0 ? cmd_erred(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {{"unset", "NAME", "take a setting away"},
                                            {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_settings = {
    .name = "settings",
    .usage = "[NAME [VALUE]] [covers every LENGTH | covers off] [--unset NAME]",
    .summary = "look at or change what pages and feeds need",
    .about =
        "Prints all settings, one of them, or changes one and writes every page anew.\n"
        "base          address of the public tree, as https://example.org/channel/\n"
        "zone          your time zone, as Europe/Kyiv; times on the family's page are in it\n"
        "family-zone   your family's time zone, as Asia/Shanghai\n"
        "family-place  how your family's place is called on that page\n"
        "covers        every LENGTH, or off: sealed entries are made at these times only, "
        "with\n"
        "              a cover where nothing waits (shown in seconds)\n"
        "originals     keep: post seals the untouched clip for your recovery sheet; none (the\n"
        "              default): it is not kept\n"
        "They are kept in private/, but what pages show of them is public: your zone tells in\n"
        "which country you are.",
    .examples = "  stillhere settings\n"
                "  stillhere settings zone Europe/Kyiv\n"
                "  stillhere settings covers every 1h\n"
                "  stillhere settings --unset base\n",
    .options = options,
    .run = run,
};
