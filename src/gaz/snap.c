/*
 * From a position to a place.  The table has cities as points, no borders: what is said is only
 * what the cities around make sure (docs/decisions/0020).
 */
#include "gaz/gaz_int.h"

#include <string.h>

#define CITY_PEOPLE 15000
/* Metres; beyond it from every city nothing is said. */
#define FAR_M 400000
/*
 * A city reaches 3 km from its middle and 12 m more for each unit of the square root of its
 * people: 4.5 km with 15,000, 6.8 with 100,000, 15 with a million.
 */
#define REACH_M 3000
#define REACH_PER_ROOT_M 12
/* The next country or region must be this much farther than the nearest city: 3/2. */
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

/* What lies around a position. */
struct around {
    struct gaz_place nearest, city;
    int64_t nearest_m;       /* INT64_MAX: none */
    int64_t share_e3;        /* of the city's reach, in thousandths; INT64_MAX: in none */
    int64_t other_country_m; /* the nearest city of another country than the nearest's */
    int64_t other_region_m;  /* the same, of another region */
};

static void see_city(struct around *around, const struct gaz_place *place, int64_t metres)
{
    int64_t reach = reach_m(place), share = metres * 1000 / reach;

    if (place->population < CITY_PEOPLE || metres > reach || share >= around->share_e3)
        return;
    around->share_e3 = share;
    around->city = *place;
}

static void look_around(const struct position *at, struct around *out)
{
    size_t first = gaz_level_start(GAZ_CITY), end = gaz_place_count();
    struct gaz_place place;
    int64_t metres, d;

    *out = (struct around){.nearest_m = INT64_MAX,
                           .share_e3 = INT64_MAX,
                           .other_country_m = INT64_MAX,
                           .other_region_m = INT64_MAX};
    for (size_t i = first; i < end; i++) {
        gaz_place_at(i, &place);
        d = distance2(at, &place);
        if (d > (int64_t)FAR_M * FAR_M * 4)
            continue;
        metres = root(d);
        see_city(out, &place, metres);
        if (metres < out->nearest_m) {
            out->nearest_m = metres;
            out->nearest = place;
        }
    }
    for (size_t i = first; i < end; i++) {
        gaz_place_at(i, &place);
        if (place.region == out->nearest.region && place.country == out->nearest.country)
            continue;
        d = distance2(at, &place);
        metres = d > (int64_t)FAR_M * FAR_M * 4 ? INT64_MAX : root(d);
        if (metres < out->other_region_m)
            out->other_region_m = metres;
        if (place.country != out->nearest.country && metres < out->other_country_m)
            out->other_country_m = metres;
    }
}

static bool is_sure(int64_t nearest_m, int64_t other_m)
{
    return other_m == INT64_MAX || other_m * SURE_DEN >= nearest_m * SURE_NUM;
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
    if (around.nearest_m > FAR_M)
        return GAZ_NOWHERE;
    if (!is_sure(around.nearest_m, around.other_country_m))
        return GAZ_BORDER;
    code = around.nearest.country;
    if (finest != GAZ_COUNTRY && around.nearest.region &&
        is_sure(around.nearest_m, around.other_region_m))
        code = around.nearest.region;
    if (finest == GAZ_CITY && around.share_e3 != INT64_MAX)
        code = around.city.code;
    return gaz_get(code, out) ? GAZ_SNAPPED : GAZ_NOWHERE;
}
