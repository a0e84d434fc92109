/*
 * private/settings: what pages and feeds need and the log does not say.
 *
 * One "name value" a line, each name at most once, no empty values, in any order; anything else
 * is refused, because a setting that is half understood would show on every page.
 */
#include <stdio.h>
#include <string.h>

#include "channel/channel_int.h"
#include "url/url.h"

struct setting {
    const char *name;
    char *value;
    size_t max; /* bytes without the NUL */
};
#define SETTINGS 6

static void list(struct channel_settings *settings, struct setting out[SETTINGS])
{
    out[0] = (struct setting){"base", settings->base, sizeof(settings->base) - 1};
    out[1] = (struct setting){"zone", settings->zone, sizeof(settings->zone) - 1};
    out[2] = (struct setting){"family-zone", settings->family_zone,
                              sizeof(settings->family_zone) - 1};
    out[3] = (struct setting){"family-place", settings->family_place,
                              sizeof(settings->family_place) - 1};
    out[4] = (struct setting){"covers", settings->covers, sizeof(settings->covers) - 1};
    out[5] =
        (struct setting){"originals", settings->originals, sizeof(settings->originals) - 1};
}

/* ---- values ---- */

/* An address below which paths can be written: no query, no fragment, the last slash there. */
static int parse_base(const char *base, struct url *out, struct why *why)
{
    struct why cause = {0};
    int rc = url_parse(slice_text(base), out, &cause);

    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "base: %.400s", cause.text);
    if ((out->scheme != URL_HTTP && out->scheme != URL_HTTPS) || strpbrk(base, "?#") ||
        out->path[strlen(out->path) - 1] != '/')
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "base: %.100s: not the address of a public tree; it looks like "
                       "https://example.org/channel/ and ends with /",
                       base);
    return SH_OK;
}

/* One address has one form: the host in lower case, no port that goes without saying. */
static int settle_base(char base[LIMIT_URL_BYTES + 1], struct why *why)
{
    struct url url;
    struct bytes text;
    int rc = parse_base(base, &url, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&text, LIMIT_URL_BYTES);
    url_build(&url, &text);
    rc = bytes_check(&text, why);
    if (rc == SH_OK) {
        memcpy(base, text.ptr, text.len);
        base[text.len] = '\0';
    }
    bytes_release(&text);
    return rc;
}

static int check_covers(const char *text, struct why *why)
{
    uint64_t seconds;

    if (decimal_parse(slice_text(text), LIMIT_COVERS_MAX_S, &seconds) &&
        seconds >= LIMIT_COVERS_MIN_S)
        return SH_OK;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "covers: %.40s: not %d to %d seconds between two slots", text,
                   LIMIT_COVERS_MIN_S, LIMIT_COVERS_MAX_S);
}

static int check_originals(const char *text, struct why *why)
{
    if (strcmp(text, "keep") == 0 || strcmp(text, "none") == 0)
        return SH_OK;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "originals: %.40s: neither keep nor none",
                   text);
}

/* Check a value, and put it into its one form. */
static int check_value(struct setting *setting, struct why *why)
{
    if (!*setting->value)
        return SH_OK;
    if (strcmp(setting->name, "base") == 0)
        return settle_base(setting->value, why);
    if (strcmp(setting->name, "covers") == 0)
        return check_covers(setting->value, why);
    if (strcmp(setting->name, "originals") == 0)
        return check_originals(setting->value, why);
    return text_check(slice_text(setting->value), TEXT_LINE, setting->max, setting->name, why);
}

/* A zone must be known when it is set; when it is read, a machine without it shows UTC. */
static int check_zone(const char *name, const char *zone, struct why *why)
{
    struct why cause = {0};
    int32_t east_s;
    int rc = *zone ? io_zone_offset(zone, io_now(), &east_s, &cause) : SH_OK;

    return rc == SH_OK ? SH_OK : why_set(why, rc, cause.offset, "%s: %.400s", name, cause.text);
}

static int check_all(struct channel_settings *settings, struct why *why)
{
    struct setting all[SETTINGS];
    int rc = SH_OK;

    list(settings, all);
    for (size_t i = 0; i < SETTINGS && rc == SH_OK; i++)
        rc = check_value(&all[i], why);
    if (rc == SH_OK)
        rc = check_zone("zone", settings->zone, why);
    return rc == SH_OK ? check_zone("family-zone", settings->family_zone, why) : rc;
}

/* ---- the file ---- */

static int refuse(size_t line, const char *rule, struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "private/" CHANNEL_SETTINGS ": line %zu: %s; mend it, or move the file away",
                   line, rule);
}

static int parse_line(struct setting *all, struct slice line, size_t number, struct why *why)
{
    struct setting *setting = NULL;
    struct slice value;
    struct why cause = {0};
    size_t len = 0;

    for (size_t i = 0; i < SETTINGS && !setting; i++) {
        len = strlen(all[i].name);
        if (line.len > len && memcmp(line.ptr, all[i].name, len) == 0 && line.ptr[len] == ' ')
            setting = &all[i];
    }
    if (!setting)
        return refuse(
            number,
            "not \"NAME VALUE\" with base, zone, family-zone, family-place, covers or "
            "originals",
            why);
    value = slice_sub(line, len + 1, line.len - len - 1);
    if (*setting->value)
        return refuse(number, "the name is there twice", why);
    if (!value.len || value.len > setting->max || memchr(value.ptr, 0, value.len))
        return refuse(number, "the value is empty or too long", why);
    memcpy(setting->value, value.ptr, value.len);
    setting->value[value.len] = '\0';
    return check_value(setting, &cause) == SH_OK ? SH_OK : refuse(number, cause.text, why);
}

int channel_settings_parse(struct slice raw, struct channel_settings *out, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct setting all[SETTINGS];
    struct slice line;
    int rc = SH_OK;

    *out = (struct channel_settings){.base = ""};
    list(out, all);
    for (size_t number = 1; rd_left(&cur) && rc == SH_OK; number++) {
        line = rd_line(&cur);
        if (cur.failed)
            return refuse(number, "is cut", why);
        rc = parse_line(all, line, number, why);
    }
    return rc;
}

void channel_settings_build(const struct channel_settings *settings, struct bytes *out)
{
    struct channel_settings copy = *settings;
    struct setting all[SETTINGS];

    list(&copy, all);
    for (size_t i = 0; i < SETTINGS; i++)
        if (*all[i].value)
            bytes_printf(out, "%s %s\n", all[i].name, all[i].value);
}

int channel_settings(const struct channel *channel, struct channel_settings *out,
                     struct why *why)
{
    struct channel_settings found = {.base = ""};
    struct why cause = {0};
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_SETTINGS_BYTES);
    rc = io_read(channel->private_dir, CHANNEL_SETTINGS, &raw, &cause);
    if (rc == SH_OK)
        rc = channel_settings_parse(bytes_view(&raw), &found, why);
    else if (rc == SH_ENOTFOUND)
        rc = SH_OK;
    else
        rc = why_set(why, rc, cause.offset, "private/%.300s", cause.text);
    if (rc == SH_OK)
        *out = found;
    bytes_release(&raw);
    return rc;
}

int channel_settings_set(struct channel *channel, const struct channel_settings *settings,
                         struct why *why)
{
    struct io_target target = {
        channel->private_dir, CHANNEL_SETTINGS, channel->info.tmp_dir, 0600, 0, IO_SYNC};
    struct channel_settings wanted = *settings;
    struct bytes raw;
    int rc;

    if (channel->use != CHANNEL_WRITE)
        bug("channel_settings_set: the channel is not open for writing");
    rc = check_all(&wanted, why);
    if (rc != SH_OK)
        return rc;
    bytes_init(&raw, LIMIT_SETTINGS_BYTES);
    channel_settings_build(&wanted, &raw);
    rc = bytes_check(&raw, why);
    /* First the mark, then the file: pages made anew for nothing do no harm. */
    if (rc == SH_OK)
        rc = channel_pages_behind(channel, why);
    if (rc == SH_OK)
        rc = io_replace(&target, bytes_view(&raw), why);
    bytes_release(&raw);
    return rc;
}
