/*
 * From a position to a place.  The table has points, no borders: what is said is only what the
 * points around make sure (docs/decisions/0020).
 */
#include "gaz/gaz_int.h"

#include <string.h>

#define CITY_PEOPLE 15000
/* Metres; beyond it from every city nothing is said. */
#define FAR_M 400000
/* What lies farther to the north or south (880 km) changes nothing. */
#define SEEN_E7 80000000
/*
 * A city reaches 3 km from its middle and 12 m more for each unit of the square root of its
 * people: 4.5 km with 15,000, 6.8 with 100,000, 15 with a million.
 */
#define REACH_M 3000
#define REACH_PER_ROOT_M 12
#define REACH_MOST_M 100000 /* no city has 65 million people */
/* The next country or region must be this much farther than the nearest point: 3/2. */
#define SURE_NUM 3
#define SURE_DEN 2

/* Metres for a ten-millionth of a degree of latitude, times 10^6. */
#define METRES_E6 11132

/* Ten-thousandths of the cosine of each degree. */
static const int32_t COSINES[91] = {
    10000, 9998, 9994, 9986, 9976, 9962, 9945, 9925, 9903, 9877, 9848, 9816, 9781,
    9744,  9703, 9659, 9613, 9563, 9511, 9455, 9397, 9336, 9272, 9205, 9135, 9063,
    8988,  8910, 8829, 8746, 8660, 8572, 8480, 8387, 8290, 8192, 8090, 7986, 7880,
    7771,  7660, 7547, 7431, 7314, 7193, 7071, 6947, 6820, 6691, 6561, 6428, 6293,
    6157,  6018, 5878, 5736, 5592, 5446, 5299, 5150, 5000, 4848, 4695, 4540, 4384,
    4226,  4067, 3907, 3746, 3584, 3420, 3256, 3090, 2924, 2756, 2588, 2419, 2250,
    2079,  1908, 1736, 1564, 1392, 1219, 1045, 872,  698,  523,  349,  175,  0};

static int64_t cosine_e4(int64_t lat_e7)
{
    int64_t degrees, rest;

    if (lat_e7 < 0)
        lat_e7 = -lat_e7;
    degrees = lat_e7 / 10000000;
    rest = lat_e7 % 10000000;
    if (degrees >= 90)
        return 0;
    return COSINES[degrees] + (COSINES[degrees + 1] - COSINES[degrees]) * rest / 10000000;
}

struct position {
    int64_t lat_e7, lon_e7;
};

/* Square of the distance in metres, as on a plane: near enough for what is near. */
static int64_t distance2(const struct position *from, const struct gaz_place *to)
{
    int64_t lat = (int64_t)to->lat_e4 * 1000, lon = (int64_t)to->lon_e4 * 1000 - from->lon_e7;
    int64_t x, y = (lat - from->lat_e7) * METRES_E6 / 1000000;

    if (lon > 1800000000)
        lon -= 3600000000;
    if (lon < -1800000000)
        lon += 3600000000;
    x = lon * METRES_E6 / 1000000 * cosine_e4((lat + from->lat_e7) / 2) / 10000;
    return x * x + y * y;
}

/* The largest whole number whose square is not above n. */
static int64_t root(int64_t n)
{
    int64_t low = 0, high = INT64_C(1) << 26, middle;

    while (low < high) {
        middle = low + (high - low + 1) / 2;
        if (middle * middle <= n)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int64_t reach_m(const struct gaz_place *city)
{
    return REACH_M + REACH_PER_ROOT_M * root(city->population);
}

/* What lies around a position; d: squares of metres, INT64_MAX: none. */
struct around {
    struct gaz_place nearest; /* city or hint */
    struct gaz_place city;
    int64_t nearest_d;
    int64_t share_e3;        /* of the city's reach, in thousandths; INT64_MAX: in none */
    int64_t other_country_d; /* the nearest point of another country than the nearest's */
    int64_t other_region_d;  /* the same, of another region */
};

/* Is a latitude too far away to count?  Asked of each point first, since it costs least. */
static bool is_far(const struct position *at, int32_t lat_e4)
{
    int64_t apart = (int64_t)lat_e4 * 1000 - at->lat_e7;

    return apart > SEEN_E7 || apart < -SEEN_E7;
}

/* A city or, behind them, a hint; false when it is too far to count. */
static bool point_at(const struct position *at, size_t number, size_t places,
                     struct gaz_place *out)
{
    size_t hint = number - places;

    if (is_far(at, number < places ? gaz_place_lat(number) : gaz_hint_lat(hint)))
        return false;
    if (number < places)
        gaz_place_at(number, out);
    else
        gaz_hint_at(hint, out);
    return true;
}

static void see_city(struct around *around, const struct gaz_place *place, int64_t d)
{
    int64_t reach, share;

    if (place->level != GAZ_CITY || place->population < CITY_PEOPLE ||
        d > (int64_t)REACH_MOST_M * REACH_MOST_M)
        return;
    reach = reach_m(place);
    share = root(d) * 1000 / reach;
    if (share > 1000 || share >= around->share_e3)
        return;
    around->share_e3 = share;
    around->city = *place;
}

static void look_around(const struct position *at, struct around *out)
{
    size_t first = gaz_level_start(GAZ_CITY), places = gaz_place_count();
    size_t end = places + gaz_hint_count();
    struct gaz_place place;
    int64_t d;

    *out = (struct around){.nearest_d = INT64_MAX,
                           .share_e3 = INT64_MAX,
                           .other_country_d = INT64_MAX,
                           .other_region_d = INT64_MAX};
    for (size_t i = first; i < end; i++) {
        if (!point_at(at, i, places, &place))
            continue;
        d = distance2(at, &place);
        see_city(out, &place, d);
        if (d < out->nearest_d) {
            out->nearest_d = d;
            out->nearest = place;
        }
    }
    for (size_t i = first; i < end; i++) {
        if (!point_at(at, i, places, &place) ||
            (place.region == out->nearest.region && place.country == out->nearest.country))
            continue;
        d = distance2(at, &place);
        if (d < out->other_region_d)
            out->other_region_d = d;
        if (place.country != out->nearest.country && d < out->other_country_d)
            out->other_country_d = d;
    }
}

static bool is_sure(int64_t nearest_d, int64_t other_d)
{
    return other_d / (SURE_NUM * SURE_NUM) >= nearest_d / (SURE_DEN * SURE_DEN);
}

enum gaz_snap gaz_snap(int32_t lat_e7, int32_t lon_e7, enum gaz_level finest,
                       struct gaz_place *out)
{
    struct position at = {lat_e7, lon_e7};
    struct around around;
    uint32_t code;

    if (lat_e7 > 900000000 || lat_e7 < -900000000 || lon_e7 > 1800000000 ||
        lon_e7 < -1800000000 || (!lat_e7 && !lon_e7))
        return GAZ_NOWHERE;
    look_around(&at, &around);
    if (around.nearest_d > (int64_t)FAR_M * FAR_M)
        return GAZ_NOWHERE;
    if (!is_sure(around.nearest_d, around.other_country_d))
        return GAZ_BORDER;
    code = around.nearest.country;
    if (finest != GAZ_COUNTRY && around.nearest.region &&
        is_sure(around.nearest_d, around.other_region_d))
        code = around.nearest.region;
    if (finest == GAZ_CITY && around.share_e3 != INT64_MAX) {
        if (around.city.country != around.nearest.country)
            return GAZ_BORDER;
        code = around.city.code;
    }
    return gaz_get(code, out) ? GAZ_SNAPPED : GAZ_NOWHERE;
}
