/* Times: RFC 5280 4.1.2.5, RFC 3161 2.4.2. */
#include "der/der.h"

static int bad(struct why *why)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "DER: a time that is not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ with a date that "
                   "exists (RFC 5280 4.1.2.5)");
}

/* Two digits, at most max; false otherwise. */
static bool two(struct cursor *cur, unsigned max, unsigned *out)
{
    unsigned tens = (unsigned)rd_u8(cur) - '0';
    unsigned ones = (unsigned)rd_u8(cur) - '0';

    *out = tens * 10 + ones;
    return !cur->failed && tens <= 9 && ones <= 9 && *out <= max;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Days from 1970-01-01 to a day at or after it. */
static uint64_t days_to(unsigned year, unsigned month, unsigned day)
{
    uint64_t before = year - 1;
    uint64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

    for (unsigned m = 1; m < month; m++)
        days += month_days(year, m);
    return days + day - 1;
}

/* What stands behind the seconds: "Z", or with fractions ".5Z" that does not end in a 0. */
static bool ends_well(struct slice rest, bool fractions)
{
    size_t last = rest.len - 1;

    if (!rest.len || rest.ptr[last] != 'Z')
        return false;
    if (!last)
        return true;
    if (!fractions || rest.ptr[0] != '.' || last < 2 || rest.ptr[last - 1] == '0')
        return false;
    for (size_t i = 1; i < last; i++)
        if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
            return false;
    return true;
}

static bool parse(const struct der_item *item, bool fractions, uint64_t *unix_s)
{
    struct cursor cur = cursor_of(item->value);
    unsigned century = 0;
    unsigned year, month, day, hour, minute, second;

    if (item->tag == DER_GENERALIZED_TIME && !two(&cur, 99, &century))
        return false;
    if (!two(&cur, 99, &year))
        return false;
    if (item->tag == DER_UTC_TIME)
        century = year >= 50 ? 19 : 20;
    year += century * 100;
    if (!two(&cur, 12, &month) || !month || !two(&cur, 31, &day) || !day || !year ||
        day > month_days(year, month))
        return false;
    if (!two(&cur, 23, &hour) || !two(&cur, 59, &minute) || !two(&cur, 59, &second) ||
        !ends_well(rd_bytes(&cur, rd_left(&cur)), fractions))
        return false;
    *unix_s = 0;
    if (year >= 1970)
        *unix_s = ((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

int der_time(struct slice *rest, uint64_t *unix_s, struct why *why)
{
    uint8_t tag = der_peek(*rest, DER_UTC_TIME) ? DER_UTC_TIME : DER_GENERALIZED_TIME;
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, tag, &item, why);

    if (rc < 0)
        return rc;
    if (!parse(&item, false, unix_s))
        return bad(why);
    *rest = at;
    return SH_OK;
}

int der_moment(struct slice *rest, uint64_t *unix_s, struct why *why)
{
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, DER_GENERALIZED_TIME, &item, why);

    if (rc < 0)
        return rc;
    if (!parse(&item, true, unix_s))
        return bad(why);
    *rest = at;
    return SH_OK;
}
