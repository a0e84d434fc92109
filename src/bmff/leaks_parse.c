/* Positions, moments and lengths as cameras write them into text. */
#include "bmff/leaks_int.h"

#include <string.h>

/* Metres of one degree, minute and second of arc along a meridian, in centimetres. */
#define DEGREE_CM 11132000u
#define MINUTE_CM 185500u
#define SECOND_CM 3092u
#define E7 INT64_C(10000000)
/* Not caps: what one number or one search looks at. */
#define DIGITS_MOST 10
#define GAP_MOST 24 /* characters between a latitude and its longitude */

/* ---- numbers ---- */

/* A decimal number: value * 10^7, and how it was written. */
struct number {
    int64_t e7; /* its absolute value */
    bool minus;
    bool sign;
    unsigned whole;    /* digits before the point */
    unsigned decimals; /* digits behind it */
    size_t end;        /* where the text goes on */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "+46.4825" at `at`; false when no digit is there or there are too many. */
static bool read_number(struct slice text, size_t at, struct number *out)
{
    struct number number = {0};
    int64_t unit = E7;

    if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-')) {
        number.sign = true;
        number.minus = text.ptr[at++] == '-';
    }
    for (; at < text.len && is_digit(text.ptr[at]); at++) {
        if (++number.whole > DIGITS_MOST)
            return false;
        number.e7 = number.e7 * 10 + (text.ptr[at] - '0') * E7;
    }
    if (at + 1 < text.len && text.ptr[at] == '.' && is_digit(text.ptr[at + 1])) {
        for (at++; at < text.len && is_digit(text.ptr[at]); at++) {
            unit /= 10; /* 0 behind the seventh */
            number.e7 += (text.ptr[at] - '0') * unit;
            if (number.decimals < DIGITS_MOST)
                number.decimals++;
        }
    }
    number.end = at;
    if (number.whole + number.decimals == 0)
        return false;
    *out = number;
    return true;
}

static uint32_t radius_of(uint32_t unit_cm, unsigned decimals)
{
    uint32_t cm = unit_cm;

    for (unsigned i = 0; i < decimals; i++)
        cm /= 10;
    return cm < 100 ? 1 : (cm + 50) / 100;
}

/* ---- ISO 6709 ---- */

/* DD.d, DDMM.m or DDMMSS.s, the degrees having so many digits (annex H.3). */
static bool read_angle(const struct number *number, unsigned degrees, int64_t *angle_e7,
                       uint32_t *radius_m)
{
    int64_t whole = number->e7 / E7;
    int64_t part = number->e7 % E7;
    int64_t angle;
    uint32_t unit;

    if (!number->sign)
        return false;
    if (number->whole == degrees) {
        angle = number->e7;
        unit = DEGREE_CM;
    } else if (number->whole == degrees + 2) {
        angle = whole / 100 * E7 + ((whole % 100) * E7 + part) / 60;
        unit = MINUTE_CM;
    } else if (number->whole == degrees + 4) {
        angle = whole / 10000 * E7 + (whole / 100 % 100) * E7 / 60 +
                ((whole % 100) * E7 + part) / 3600;
        unit = SECOND_CM;
    } else {
        return false;
    }
    *angle_e7 = number->minus ? -angle : angle;
    *radius_m = radius_of(unit, number->decimals);
    return true;
}

static bool spot_is_sane(const struct bmff_spot *spot)
{
    return spot->lat_e7 >= -90 * E7 && spot->lat_e7 <= 90 * E7 && spot->lon_e7 >= -180 * E7 &&
           spot->lon_e7 <= 180 * E7;
}

bool bmff_spot_iso(struct slice text, struct bmff_spot *spot)
{
    struct number lat, lon;
    struct bmff_spot got;
    uint32_t radius;

    if (!read_number(text, 0, &lat) || !read_angle(&lat, 2, &got.lat_e7, &got.radius_m))
        return false;
    if (!read_number(text, lat.end, &lon) || !read_angle(&lon, 3, &got.lon_e7, &radius))
        return false;
    if (radius > got.radius_m)
        got.radius_m = radius;
    if (!spot_is_sane(&got))
        return false;
    *spot = got;
    return true;
}

/* ---- free text ---- */

static bool starts_at(struct slice text, size_t at, const char *word)
{
    size_t len = strlen(word);

    if (at > text.len || len > text.len - at)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.ptr[at + i];

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c != (uint8_t)word[i])
            return false;
    }
    return true;
}

/* The next number with so many decimals within GAP_MOST characters. */
static bool next_number(struct slice text, size_t at, unsigned decimals, struct number *out)
{
    size_t end = text.len - at > GAP_MOST ? at + GAP_MOST : text.len;

    for (; at < end; at++) {
        uint8_t c = text.ptr[at];

        if (!is_digit(c) && c != '+' && c != '-')
            continue;
        if (!read_number(text, at, out))
            continue;
        if (out->decimals >= decimals)
            return true;
        at = out->end - 1;
    }
    return false;
}

static int64_t signed_e7(const struct number *number, struct slice text, const char *minus)
{
    /* "N", "S", "E", "W" right behind, as in "46.4825 S". */
    size_t at = number->end;
    bool flipped = number->minus;

    while (at < text.len && at < number->end + 2 &&
           (text.ptr[at] == ' ' || text.ptr[at] == ','))
        at++;
    if (starts_at(text, at, minus) && !starts_at(text, at + 1, "e") &&
        !starts_at(text, at + 1, "o"))
        flipped = true;
    return flipped ? -number->e7 : number->e7;
}

/* "GPS (lon, lat, height)" and "HOME(lon, lat)", as drones write them. */
static bool find_pair(struct slice text, size_t at, struct bmff_spot *spot)
{
    struct number lon, lat;
    struct bmff_spot got;
    unsigned decimals;

    if (!next_number(text, at, 2, &lon) || !next_number(text, lon.end, 2, &lat))
        return false;
    got.lat_e7 = signed_e7(&lat, text, "s");
    got.lon_e7 = signed_e7(&lon, text, "w");
    decimals = lat.decimals < lon.decimals ? lat.decimals : lon.decimals;
    got.radius_m = radius_of(DEGREE_CM, decimals);
    if (!spot_is_sane(&got))
        return false;
    *spot = got;
    return true;
}

/* NMEA 0183: "4628.9500,N,03043.3980,E" at the first number. */
static bool find_nmea(struct slice text, size_t at, struct bmff_spot *spot)
{
    struct number lat, lon;
    struct bmff_spot got;
    int64_t whole;

    /* A time and a status may stand before: the latitude is what has N or S behind. */
    for (unsigned field = 0; field < 4; field++) {
        if (!next_number(text, at, 0, &lat))
            return false;
        if (lat.whole == 4 &&
            (starts_at(text, lat.end, ",n,") || starts_at(text, lat.end, ",s,")))
            break;
        at = lat.end;
    }
    if (!read_number(text, lat.end + 3 < text.len ? lat.end + 3 : text.len, &lon) ||
        (!starts_at(text, lon.end, ",e") && !starts_at(text, lon.end, ",w")))
        return false;
    whole = lat.e7 / E7;
    got.lat_e7 = whole / 100 * E7 + (lat.e7 - whole / 100 * 100 * E7) / 60;
    whole = lon.e7 / E7;
    got.lon_e7 = whole / 100 * E7 + (lon.e7 - whole / 100 * 100 * E7) / 60;
    if (starts_at(text, lat.end, ",s"))
        got.lat_e7 = -got.lat_e7;
    if (starts_at(text, lon.end, ",w"))
        got.lon_e7 = -got.lon_e7;
    got.radius_m = radius_of(MINUTE_CM, lat.decimals);
    if (!spot_is_sane(&got))
        return false;
    *spot = got;
    return true;
}

/* A label of a latitude, and the longitude's that follows. */
static bool find_labelled(struct slice text, size_t at, struct bmff_spot *spot)
{
    struct number lat, lon;
    struct bmff_spot got;
    size_t end;

    if (!next_number(text, at, 2, &lat))
        return false;
    end = text.len - lat.end > GAP_MOST ? lat.end + GAP_MOST : text.len;
    for (at = lat.end; at < end && !starts_at(text, at, "lon") && !starts_at(text, at, "lng");)
        at++;
    if (at == end || !next_number(text, at, 2, &lon))
        return false;
    got.lat_e7 = signed_e7(&lat, text, "s");
    got.lon_e7 = signed_e7(&lon, text, "w");
    got.radius_m =
        radius_of(DEGREE_CM, lat.decimals < lon.decimals ? lat.decimals : lon.decimals);
    if (!spot_is_sane(&got))
        return false;
    *spot = got;
    return true;
}

static bool find_at(struct slice text, size_t at, struct bmff_spot *spot)
{
    uint8_t c = text.ptr[at];

    if ((c == '+' || c == '-') && (at == 0 || !is_digit(text.ptr[at - 1])))
        return bmff_spot_iso(slice_sub(text, at, text.len - at), spot);
    if (starts_at(text, at, "gps") || starts_at(text, at, "home"))
        return find_pair(text, at, spot);
    if (starts_at(text, at, "lat"))
        return find_labelled(text, at, spot);
    if (c == '$' && (starts_at(text, at + 3, "rmc") || starts_at(text, at + 3, "gga") ||
                     starts_at(text, at + 3, "gll")))
        return find_nmea(text, at + 6, spot);
    return false;
}

/* What a position begins with; most bytes are none of it, and there are many. */
static const bool begins[256] = {
    ['+'] = true, ['-'] = true, ['$'] = true, ['g'] = true, ['G'] = true,
    ['h'] = true, ['H'] = true, ['l'] = true, ['L'] = true};

bool bmff_spot_find(struct slice text, struct bmff_spot *spot)
{
    for (size_t at = 0; at < text.len; at++)
        if (begins[text.ptr[at]] && find_at(text, at, spot))
            return true;
    return false;
}

/* ---- moments ---- */

/* Exactly so many digits; -1 when they are not there. */
static int64_t digits(struct cursor *cur, unsigned count)
{
    int64_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t c = rd_u8(cur);

        if (!is_digit(c))
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

static void skip_one_of(struct cursor *cur, const char *any)
{
    if (rd_left(cur) && cur->whole.ptr[cur->at] &&
        strchr(any, (char)cur->whole.ptr[cur->at]) != NULL)
        rd_skip(cur, 1);
}

/* Days from 1970 to a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t years = month <= 2 ? year - 1 : year;
    int64_t months = month <= 2 ? month + 9 : month - 3; /* from March on */
    int64_t era = years / 400;
    int64_t in_era = years - era * 400;
    int64_t in_year = (153 * months + 2) / 5 + day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

/* "+0200", "+02:00", "Z" or nothing: seconds to take away. */
static int64_t read_zone(struct cursor *cur)
{
    uint8_t sign = rd_left(cur) ? rd_u8(cur) : 0;
    int64_t hours, minutes;

    if (sign != '+' && sign != '-')
        return 0;
    hours = digits(cur, 2);
    skip_one_of(cur, ":");
    minutes = rd_left(cur) ? digits(cur, 2) : 0;
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return 0;
    return (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
}

bool bmff_moment_parse(struct slice text, uint64_t *unix_s)
{
    struct cursor cur = cursor_of(text);
    int64_t year, month, day, hour = 0, minute = 0, second = 0, at;

    year = digits(&cur, 4);
    skip_one_of(&cur, "-:/.");
    month = digits(&cur, 2);
    skip_one_of(&cur, "-:/.");
    day = digits(&cur, 2);
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    skip_one_of(&cur, "T ");
    if (rd_left(&cur) >= 4) {
        hour = digits(&cur, 2);
        skip_one_of(&cur, ":");
        minute = digits(&cur, 2);
        skip_one_of(&cur, ":");
        if (rd_left(&cur) >= 2 && is_digit(cur.whole.ptr[cur.at]))
            second = digits(&cur, 2);
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
            return false;
        skip_one_of(&cur, ".,");
        while (rd_left(&cur) && is_digit(cur.whole.ptr[cur.at]))
            rd_skip(&cur, 1);
        skip_one_of(&cur, " ");
    }
    at = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
         read_zone(&cur);
    if (at < 0)
        return false;
    *unix_s = (uint64_t)at;
    return true;
}

bool bmff_angle_parse(struct slice text, unsigned parts, struct bmff_angle *angle)
{
    struct number number;

    if (!read_number(text, 0, &number) || number.e7 > 360 * E7)
        return false;
    angle->e7 = (number.minus ? -number.e7 : number.e7) / parts;
    angle->radius_m = radius_of(parts == 60 ? MINUTE_CM : DEGREE_CM, number.decimals);
    return true;
}

bool bmff_metres_parse(struct slice text, uint32_t *metres)
{
    struct number number;

    if (!read_number(text, 0, &number) || number.minus || number.whole > 9)
        return false;
    *metres = (uint32_t)((number.e7 + E7 - 1) / E7);
    if (!*metres)
        *metres = 1;
    return true;
}
