/* Civil time in UTC, without the C library's clock or zones. */
#include "base/base.h"

#include <stdio.h>

#define LAST_SECOND UINT64_C(253402300799)

struct when when_of(uint64_t unix_s)
{
    struct when when;
    uint64_t days, second, era, year_of_era, day_of_year, month;

    if (unix_s > LAST_SECOND)
        unix_s = LAST_SECOND;
    days = unix_s / 86400;
    second = unix_s % 86400;
    when.weekday = (uint8_t)((days + 4) % 7); /* 1 January 1970 was a Thursday. */
    when.hour = (uint8_t)(second / 3600);
    when.minute = (uint8_t)(second / 60 % 60);
    when.second = (uint8_t)(second % 60);
    /* Count days from 1 March of year 0, so that the leap day ends a 400-year era's years. */
    days += 719468;
    era = days / 146097;
    days %= 146097;
    year_of_era = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    day_of_year = days - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    when.day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
    when.month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    when.year = (int32_t)(year_of_era + era * 400 + (when.month <= 2));
    return when;
}

void when_text(uint64_t unix_s, char *out)
{
    struct when w = when_of(unix_s);

    (void)snprintf(out, WHEN_TEXT_BYTES, "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)w.year % 10000,
                   w.month % 100u, w.day % 100u, w.hour % 100u, w.minute % 100u,
                   w.second % 100u);
}
