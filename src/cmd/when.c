/* Lengths and moments as people type them, and how they are told. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define LAST_SECOND UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

int cmd_clock(const struct channel *channel, struct cmd_clock *out, struct why *why)
{
    struct channel_settings settings;
    int rc = channel_settings(channel, &settings, why);

    if (rc != SH_OK)
        return rc;
    out->now = io_now();
    memcpy(out->zone, settings.zone, sizeof(out->zone));
    return SH_OK;
}

void cmd_clock_tell(const struct channel *channel, struct cmd_clock *out)
{
    if (cmd_clock(channel, out, NULL) != SH_OK)
        *out = (struct cmd_clock){.now = io_now()};
}

/* ---- lengths ---- */

static int bad_length(const char *text, struct why *why)
{
    return why_set(why, SH_EARG, WHY_NOWHERE,
                   "%.60s: not a length of time; write it like 90m, 24h, 7d or 1d12h", text);
}

int cmd_length_parse(const char *text, uint64_t *seconds, struct why *why)
{
    static const struct {
        char letter;
        uint64_t seconds;
    } units[] = {{'w', WEEK_S}, {'d', DAY_S}, {'h', HOUR_S}, {'m', MINUTE_S}, {'s', 1}};
    uint64_t sum = 0, number, part;
    const char *at = text;
    size_t unit = 0, digits;

    while (*at) {
        digits = strspn(at, "0123456789");
        if (!digits || !decimal_parse(slice_of(at, digits), LAST_SECOND, &number))
            return bad_length(text, why);
        at += digits;
        while (unit < COUNT_OF(units) && units[unit].letter != *at)
            unit++;
        if (unit == COUNT_OF(units) || !size_mul(number, units[unit].seconds, &part) ||
            !size_add(sum, part, &sum))
            return bad_length(text, why);
        unit++;
        at++;
    }
    if (!sum || sum > LAST_SECOND)
        return bad_length(text, why);
    *seconds = sum;
    return SH_OK;
}

/* ---- moments ---- */

/* A date and a time of day as written, before anybody says where. */
struct civil {
    uint64_t year, month, day, hour, minute, second;
};
struct moment {
    const char *text; /* as typed, for messages */
    const struct cmd_clock *clock;
    struct why *why;
};

static int bad_moment(const struct moment *moment)
{
    return why_set(moment->why, SH_EARG, WHY_NOWHERE,
                   "%.60s: not a time; write it like 14:05, \"2026-11-25 14:05\", "
                   "2026-11-25T14:05:00+02:00 or +24h",
                   moment->text);
}

/* count digits at *at, moved past them and past `after` (0: nothing follows). */
static bool take(const char **at, size_t count, char after, uint64_t *out)
{
    /* Leading zeros are wanted here, which decimal_parse refuses. */
    uint64_t value = 0;

    if (strspn(*at, "0123456789") < count)
        return false;
    for (size_t i = 0; i < count; i++)
        value = value * 10 + (uint64_t)((*at)[i] - '0');
    if (after && (*at)[count] != after)
        return false;
    *at += count + (after != 0);
    *out = value;
    return true;
}

/* "HH:MM" or "HH:MM:SS" */
static bool take_time(const char **at, struct civil *out)
{
    out->second = 0;
    if (!take(at, 2, ':', &out->hour) || !take(at, 2, 0, &out->minute))
        return false;
    if (**at == ':') {
        (*at)++;
        if (!take(at, 2, 0, &out->second))
            return false;
    }
    return out->hour < 24 && out->minute < 60 && out->second < 60;
}

/* Seconds from 1970 as if the date were in UTC; false for a day that is in no calendar. */
static bool civil_seconds(const struct civil *civil, uint64_t *out)
{
    uint64_t year = civil->year - (civil->month <= 2), month, days;
    struct when back;

    if (civil->year < 1970 || civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > 31)
        return false;
    /* Years that begin with March have their leap day last. */
    month = (civil->month + 9) % 12;
    days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
           civil->day - 1 - 719468;
    *out = days * DAY_S + civil->hour * HOUR_S + civil->minute * MINUTE_S + civil->second;
    back = when_of(*out);
    return back.day == civil->day && back.month == civil->month;
}

/* The seconds of a zone's clock at a time: local = unix + east. */
static int zone_east(const struct moment *moment, uint64_t unix_s, int64_t *east)
{
    struct why cause = {0};
    int32_t east_s = 0;
    int rc = SH_OK;

    if (*moment->clock->zone)
        rc = io_zone_offset(moment->clock->zone, unix_s, &east_s, &cause);
    *east = east_s;
    return rc == SH_OK
               ? SH_OK
               : why_set(moment->why, rc, cause.offset,
                         "%.60s: %.300s; write the time with its offset, or set the zone anew "
                         "with `stillhere settings zone`",
                         moment->text, cause.text);
}

/* "2022-10-30T03:30:00+03:00" */
static void offset_text(uint64_t local_s, int64_t east, char out[40])
{
    char when[WHEN_TEXT_BYTES];
    uint64_t away = (uint64_t)(east < 0 ? -east : east);

    when_text(local_s, when);
    (void)snprintf(out, 40, "%.19s%c%02u:%02u", when, east < 0 ? '-' : '+',
                   (unsigned)(away / HOUR_S % 100), (unsigned)(away / MINUTE_S % 60));
}

/*
 * When does the zone's clock show local_s?  Asked by the offsets of the day before and the day
 * after: each is right when it gives itself back.
 */
static int resolve(const struct moment *moment, uint64_t local_s, uint64_t *unix_s)
{
    char first[40], second[40];
    int64_t east[2], there;
    uint64_t at[2];
    bool good[2] = {false, false};
    int rc = SH_OK;

    for (size_t i = 0; i < 2 && rc == SH_OK; i++) {
        rc = zone_east(moment, i ? local_s + DAY_S : local_s - DAY_S, &east[i]);
        if (rc != SH_OK)
            return rc;
        at[i] = (uint64_t)((int64_t)local_s - east[i]);
        rc = zone_east(moment, at[i], &there);
        good[i] = there == east[i];
    }
    if (rc != SH_OK)
        return rc;
    if (!good[0] && !good[1])
        return why_set(moment->why, SH_EARG, WHY_NOWHERE,
                       "%.60s: this time is left out in %.64s: the clocks are put forward "
                       "then; write another one",
                       moment->text, moment->clock->zone);
    if (good[0] && good[1] && at[0] != at[1]) {
        offset_text(local_s, east[0], first);
        offset_text(local_s, east[1], second);
        return why_set(moment->why, SH_EARG, WHY_NOWHERE,
                       "%.60s: this time is there twice in %.64s: the clocks are put back "
                       "then; write %s or %s",
                       moment->text, moment->clock->zone, first, second);
    }
    *unix_s = at[good[0] ? 0 : 1];
    return SH_OK;
}

/* "14:05": the next one after now, by the zone's calendar. */
static int next_time(const struct moment *moment, const char *at, uint64_t *unix_s)
{
    uint64_t now = moment->clock->now, midnight, time;
    struct civil civil = {0};
    int64_t east;
    int rc;

    if (!take_time(&at, &civil) || *at)
        return bad_moment(moment);
    rc = zone_east(moment, now, &east);
    if (rc != SH_OK)
        return rc;
    midnight = (uint64_t)((int64_t)now + east) / DAY_S * DAY_S;
    time = civil.hour * HOUR_S + civil.minute * MINUTE_S + civil.second;
    rc = resolve(moment, midnight + time, unix_s);
    if (rc == SH_OK && *unix_s <= now)
        rc = resolve(moment, midnight + DAY_S + time, unix_s);
    return rc;
}

/* "Z", "+02:00" or "+0200" */
static bool take_offset(const char *at, int64_t *east)
{
    int64_t sign = *at == '-' ? -1 : 1;
    uint64_t hours, minutes;

    if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0) {
        *east = 0;
        return true;
    }
    if (*at != '+' && *at != '-')
        return false;
    at++;
    if (!take(&at, 2, 0, &hours))
        return false;
    at += *at == ':';
    if (!take(&at, 2, 0, &minutes) || *at || hours > 23 || minutes > 59)
        return false;
    *east = sign * (int64_t)(hours * HOUR_S + minutes * MINUTE_S);
    return true;
}

static int dated(const struct moment *moment, uint64_t *unix_s)
{
    const char *at = moment->text;
    struct civil civil;
    uint64_t local_s;
    int64_t east;

    if (!take(&at, 4, '-', &civil.year) || !take(&at, 2, '-', &civil.month) ||
        !take(&at, 2, 0, &civil.day) || !*at || !strchr("Tt ", *at))
        return bad_moment(moment);
    at++;
    if (!take_time(&at, &civil) || !civil_seconds(&civil, &local_s))
        return bad_moment(moment);
    /* Far from both ends, so that nothing below runs over. */
    if (local_s < 2 * DAY_S || local_s > LAST_SECOND - 2 * DAY_S)
        return bad_moment(moment);
    if (!*at)
        return resolve(moment, local_s, unix_s);
    at += *at == ' ';
    if (!take_offset(at, &east))
        return bad_moment(moment);
    *unix_s = (uint64_t)((int64_t)local_s - east);
    return SH_OK;
}

int cmd_moment_parse(const char *text, const struct cmd_clock *clock, uint64_t *unix_s,
                     struct why *why)
{
    struct moment moment = {text, clock, why};
    uint64_t length;
    int rc;

    if (*text == '+') {
        rc = cmd_length_parse(text + 1, &length, why);
        if (rc == SH_OK && !size_add(clock->now, length, unix_s))
            rc = bad_moment(&moment);
        return rc;
    }
    return strlen(text) <= 8 ? next_time(&moment, text, unix_s) : dated(&moment, unix_s);
}

/* ---- told ---- */

void cmd_length_text(struct bytes *out, enum lang lang, uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        enum lang_string string;
    } units[] = {{DAY_S, STR_LENGTH_DAYS},
                 {HOUR_S, STR_LENGTH_HOURS},
                 {MINUTE_S, STR_LENGTH_MINUTES},
                 {1, STR_LENGTH_SECONDS}};
    char number[LANG_NUMBER_BYTES];
    const char *between = "";

    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (seconds < units[i].seconds)
            continue;
        (void)snprintf(number, sizeof(number), "%ju", (uintmax_t)(seconds / units[i].seconds));
        bytes_text(out, between);
        LANG_SAY(out, lang, units[i].string, number);
        seconds %= units[i].seconds;
        between = " ";
    }
}

void cmd_moment_text(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                     uint64_t unix_s)
{
    char date[LANG_DATE_BYTES];
    int32_t east_s;
    int64_t local_s;
    struct when when;

    /* Without the weekday, which would want another case after "until" in some languages. */
    lang_date_short(lang, unix_s, date);
    bytes_text(out, date);
    if (!*clock->zone || strcmp(clock->zone, "UTC") == 0 ||
        io_zone_offset(clock->zone, unix_s, &east_s, NULL) != SH_OK)
        return;
    local_s = (int64_t)unix_s + east_s;
    when = when_of(local_s > 0 ? (uint64_t)local_s : 0);
    bytes_printf(out, "%s%04d-%02u-%02u %02u:%02u %s%s", lang == LANG_ZH ? "（" : " (",
                 (int)when.year, when.month, when.day, when.hour, when.minute, clock->zone,
                 lang == LANG_ZH ? "）" : ")");
}
