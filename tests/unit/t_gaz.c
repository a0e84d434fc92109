/* The gazetteer: names to places, positions to places, and what it never says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "gaz/gaz_int.h"
#include "io/io.h"

#define ODESA 698740
#define ODESA_REGION 698738
#define UKRAINE 690791

static bool is_only(const char *name, uint32_t code)
{
    struct gaz_place found[4];

    return gaz_find(slice_text(name), found, COUNT_OF(found)) == 1 && found[0].code == code;
}

static bool is_named(uint32_t code, enum lang lang, const char *name)
{
    struct slice text;

    return gaz_name(code, lang, &text) && slice_equal(text, slice_text(name));
}

static void test_finds_a_place_in_each_language(void **state)
{
    static const char *const names[] = {"Odesa",  "odesa",  " ODESA ", "Одеса",
                                        "одесса", "敖德萨", "敖德薩",  "698740"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_true(is_only(names[i], ODESA));
    assert_true(is_named(ODESA, LANG_EN, "Odesa"));
    assert_true(is_named(ODESA, LANG_ZH, "敖德萨"));
    assert_true(is_named(ODESA, LANG_UK, "Одеса"));
    assert_true(is_named(ODESA, LANG_RU, "Одесса"));
}

static void test_accents_apostrophes_and_hyphens_do_not_count(void **state)
{
    (void)state;
    assert_true(is_only("Lodz", 3093133));
    assert_true(is_only("ŁÓDŹ", 3093133));
    assert_true(is_only("Слов’янськ", 693468));
    assert_true(is_only("Словянськ", 693468));
    /* ї in two characters, as some keyboards send it. */
    assert_true(is_only("Миколаі\xcc\x88в", 700569));
    assert_true(is_only("ivano frankivsk", 707471));
}

static void test_two_places_of_one_name_are_told_apart(void **state)
{
    struct gaz_place found[16];
    size_t count = gaz_find(slice_text("Springfield"), found, COUNT_OF(found));

    (void)state;
    assert_true(count > 4 && count <= COUNT_OF(found));
    for (size_t i = 1; i < count; i++)
        assert_true(found[i - 1].population >= found[i].population);
    assert_int_equal(gaz_find(slice_text("Springfield"), found, 1), count);
    assert_int_equal(gaz_find(slice_text("Springfield"), NULL, 0), count);
    assert_true(is_only("Springfield, Illinois", 4250542));
    assert_true(is_only("springfield , illinois, united states", 4250542));
    assert_int_equal(gaz_find(slice_text("Springfield, Ukraine"), found, 4), 0);
    assert_int_equal(gaz_find(slice_text("Springfield,"), found, 16), count);
    assert_int_equal(gaz_find(slice_text("Odessa"), found, 16), 2);
    assert_true(is_only("Odessa, Ukraine", ODESA));
}

static void test_nothing_is_found_in_nonsense(void **state)
{
    static const char *const names[] = {"",
                                        " ",
                                        ",",
                                        ", ,",
                                        "'",
                                        "Nowhere-upon-Sea",
                                        "0",
                                        "4294967296",
                                        "1",
                                        "\xff",
                                        "\xe6",
                                        "-",
                                        "<b>Odesa</b>",
                                        "Odesa\xcc",
                                        "Одеса, , Франція"};
    char longest[2000];
    struct gaz_place found[4];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(gaz_find(slice_text(names[i]), found, COUNT_OF(found)), 0);
    memset(longest, 'a', sizeof(longest));
    for (size_t len = 0; len < sizeof(longest); len += 7)
        assert_int_equal(gaz_find(slice_of(longest, len), found, COUNT_OF(found)), 0);
}

/* The tool and the program fold alike, or a name of the table would not be found. */
/* A line of tests/vectors/capitals.tsv: country, number, four names. */
static void check_capital(struct slice line)
{
    struct slice field[6];
    struct gaz_place place;
    struct slice name;
    uint64_t code;
    size_t tab;

    for (size_t i = 0; i < COUNT_OF(field); i++) {
        tab = slice_find(line, 0, '\t');
        field[i] = slice_sub(line, 0, tab);
        line = slice_sub(line, tab < line.len ? tab + 1 : tab,
                         tab < line.len ? line.len - tab - 1 : 0);
    }
    assert_true(decimal_parse(field[1], UINT32_MAX, &code));
    assert_true(gaz_get((uint32_t)code, &place) && place.level == GAZ_CITY);
    for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
        assert_true(gaz_has_name(place.code, lang) && gaz_name(place.code, lang, &name));
        assert_int_equal(name.len, field[2 + (size_t)lang].len);
        assert_memory_equal(name.ptr, field[2 + (size_t)lang].ptr, name.len);
    }
}

static void test_all_capitals_have_four_names(void **state)
{
    const char *source = getenv("STILLHERE_SOURCE");
    char path[4096];
    struct cursor cur;
    struct bytes raw;
    struct slice line;
    size_t seen = 0;

    (void)state;
    if (!source)
        skip();
    (void)snprintf(path, sizeof(path), "%s/tests/vectors/capitals.tsv", source);
    bytes_init(&raw, 1 << 20);
    assert_int_equal(io_read(AT_FDCWD, path, &raw, NULL), 0);
    cur = cursor_of(bytes_view(&raw));
    while (rd_left(&cur)) {
        line = rd_line(&cur);
        if (slice_starts(line, "#"))
            continue;
        check_capital(line);
        seen++;
    }
    assert_true(seen > 230);
    bytes_release(&raw);
}

static void test_every_name_of_the_table_finds_its_place(void **state)
{
    struct gaz_place place, found[256];
    size_t lost = 0, keys = 0, count, i;
    struct gaz_key key;
    struct slice text;

    (void)state;
    for (size_t row = 0; row < gaz_key_count(); row++) {
        text = gaz_key_text(row);
        assert_true(gaz_fold(text, &key) && slice_equal(slice_of(key.text, key.len), text));
        if (row)
            assert_true(slice_compare(gaz_key_text(row - 1), text) <= 0);
        assert_true(gaz_key_place(row) < gaz_place_count());
        keys++;
    }
    for (size_t number = 0; number < gaz_place_count(); number += 3) {
        gaz_place_at(number, &place);
        text = gaz_own_name(number, LANG_EN);
        count = gaz_find(text, found, COUNT_OF(found));
        for (i = 0; i < count && i < COUNT_OF(found); i++)
            if (found[i].code == place.code)
                break;
        lost += i == count && place.level != GAZ_REGION;
    }
    assert_true(keys > 60000);
    assert_int_equal(lost, 0);
}

static void test_every_place_has_a_name_that_a_document_takes(void **state)
{
    struct gaz_place place, again;
    struct slice text;

    (void)state;
    for (size_t number = 0; number < gaz_place_count(); number++) {
        gaz_place_at(number, &place);
        assert_true(gaz_get(place.code, &again) && again.code == place.code);
        for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
            assert_true(gaz_name(place.code, lang, &text));
            assert_int_equal(text_check(text, TEXT_LINE, LIMIT_PLACE_BYTES, "name", NULL), 0);
        }
        assert_int_equal(place.country != 0, place.level != GAZ_COUNTRY);
        assert_true(!place.region ||
                    (gaz_get(place.region, &again) && again.level == GAZ_REGION &&
                     again.country == place.country));
        assert_true(place.lat_e4 >= -900000 && place.lat_e4 <= 900000);
        assert_true(place.lon_e4 >= -1800000 && place.lon_e4 <= 1800000);
    }
    assert_false(gaz_name(1, LANG_EN, &text));
    assert_false(gaz_get(0, &place));
}

/* ---- positions ---- */

static uint32_t snapped(double lat, double lon, enum gaz_level finest)
{
    struct gaz_place place;

    if (gaz_snap((int32_t)(lat * 1e7), (int32_t)(lon * 1e7), finest, &place) != GAZ_SNAPPED)
        return 0;
    assert_true(place.level <= finest);
    return place.code;
}

static void test_a_position_becomes_what_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(snapped(46.4825, 30.7233, GAZ_CITY), ODESA);
    assert_int_equal(snapped(46.4825, 30.7233, GAZ_REGION), ODESA_REGION);
    assert_int_equal(snapped(46.4825, 30.7233, GAZ_COUNTRY), UKRAINE);
    /* A field far from each city: the region at the most. */
    assert_int_equal(snapped(46.70, 30.60, GAZ_CITY), ODESA_REGION);
}

static void test_a_small_town_becomes_its_region(void **state)
{
    struct gaz_place place;
    size_t seen = 0;

    (void)state;
    for (size_t number = gaz_level_start(GAZ_CITY); number < gaz_place_count(); number++) {
        gaz_place_at(number, &place);
        if (place.population >= 15000)
            continue;
        seen++;
        if (gaz_snap(place.lat_e4 * 1000, place.lon_e4 * 1000, GAZ_CITY, &place) == GAZ_SNAPPED)
            assert_true(place.level != GAZ_CITY || place.population >= 15000);
    }
    assert_true(seen > 20);
}

static void test_nowhere_is_nowhere(void **state)
{
    static const struct {
        int32_t lat_e7, lon_e7;
    } at[] = {{0, 0},           {-400000000, -1200000000},
              {900000000, 0},   {-900000000, 1},
              {900000001, 0},   {INT32_MIN, INT32_MIN},
              {0, 1800000001},  {INT32_MAX, INT32_MAX},
              {0, -1800000001}, {INT32_MIN, 0}};
    struct gaz_place place;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(at); i++)
        assert_int_equal(gaz_snap(at[i].lat_e7, at[i].lon_e7, GAZ_CITY, &place), GAZ_NOWHERE);
}

/* Over the whole earth: never finer than asked, and the coarser answer holds the finer one. */
static void test_levels_hold_each_other(void **state)
{
    struct gaz_place country, region, city;
    enum gaz_snap a, b, c;

    (void)state;
    for (int32_t lat = -55; lat < 75; lat += 13)
        for (int32_t lon = -180; lon <= 180; lon += 24) {
            a = gaz_snap(lat * 10000000, lon * 10000000, GAZ_COUNTRY, &country);
            b = gaz_snap(lat * 10000000, lon * 10000000, GAZ_REGION, &region);
            c = gaz_snap(lat * 10000000, lon * 10000000, GAZ_CITY, &city);
            assert_true(a == b && (b == c || c == GAZ_SNAPPED));
            if (a != GAZ_SNAPPED)
                continue;
            assert_int_equal(country.level, GAZ_COUNTRY);
            assert_true(region.level <= GAZ_REGION);
            assert_true(region.code == country.code || region.country == country.code);
            assert_true(city.code == country.code || city.country == country.code);
        }
}

/* Each from the middle of a town or village whose country is known. */
static void test_no_border_is_crossed(void **state)
{
    static const struct {
        double lat, lon;
        uint32_t country;
    } at[] = {
        {50.2865, 36.9414, UKRAINE},  /* Vovchansk, 5 km from Russia */
        {50.5997, 36.5858, 2017370},  /* Belgorod */
        {48.6208, 22.2879, UKRAINE},  /* Uzhhorod, 1 km from Slovakia */
        {46.8167, 29.4833, 617790},   /* Bender */
        {49.7937, 22.9533, UKRAINE},  /* Mostyska */
        {49.7839, 22.7678, 798544},   /* Przemysl */
        {45.3517, 28.8500, UKRAINE},  /* Izmail, on the Danube */
        {45.1787, 28.8051, 798549},   /* Tulcea */
        {52.0976, 23.7341, 630336},   /* Brest */
        {52.0333, 23.6167, 798544},   /* Terespol, 7 km from it */
        {44.9521, 34.1024, UKRAINE},  /* Simferopol */
        {59.3772, 28.1903, 453733},   /* Narva */
        {25.6500, -100.3000, 3996063} /* Monterrey */
    };
    struct gaz_place place;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(at); i++)
        for (enum gaz_level level = GAZ_COUNTRY; level <= GAZ_CITY; level++) {
            if (gaz_snap((int32_t)(at[i].lat * 1e7), (int32_t)(at[i].lon * 1e7), level,
                         &place) != GAZ_SNAPPED)
                continue; /* Nothing said is nothing false. */
            assert_int_equal(place.country ? place.country : place.code, at[i].country);
        }
}

static void test_the_date_line_is_no_border(void **state)
{
    struct gaz_place east, west;

    (void)state;
    /* Suva lies at 178.4 east: from both sides of 180 it is Fiji. */
    assert_int_equal(gaz_snap(-178000000, 1799900000, GAZ_COUNTRY, &east), GAZ_SNAPPED);
    assert_int_equal(gaz_snap(-178000000, -1799900000, GAZ_COUNTRY, &west), GAZ_SNAPPED);
    assert_int_equal(east.code, west.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_a_place_in_each_language),
        cmocka_unit_test(test_accents_apostrophes_and_hyphens_do_not_count),
        cmocka_unit_test(test_two_places_of_one_name_are_told_apart),
        cmocka_unit_test(test_nothing_is_found_in_nonsense),
        cmocka_unit_test(test_all_capitals_have_four_names),
        cmocka_unit_test(test_every_name_of_the_table_finds_its_place),
        cmocka_unit_test(test_every_place_has_a_name_that_a_document_takes),
        cmocka_unit_test(test_a_position_becomes_what_was_asked_for),
        cmocka_unit_test(test_a_small_town_becomes_its_region),
        cmocka_unit_test(test_nowhere_is_nowhere),
        cmocka_unit_test(test_levels_hold_each_other),
        cmocka_unit_test(test_no_border_is_crossed),
        cmocka_unit_test(test_the_date_line_is_no_border),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
