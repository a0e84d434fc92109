/* io_zone_offset: the system's tzdata, asked without being led astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "io/io.h"

static int32_t east(const char *zone, uint64_t at)
{
    int32_t out = -1;
    struct why why = {0};

    if (io_zone_offset(zone, at, &out, &why) != SH_OK)
        fail_msg("%s: %s", zone, why.text);
    return out;
}

static void offsets(void **state)
{
    (void)state;
    assert_int_equal(east("Europe/Kyiv", 1700000000), 7200);  /* November */
    assert_int_equal(east("Europe/Kyiv", 1690000000), 10800); /* July */
    /* 2022-03-27 03:00 does not exist there: 01:00 UTC is 04:00. */
    assert_int_equal(east("Europe/Kyiv", 1648342799), 7200);
    assert_int_equal(east("Europe/Kyiv", 1648342800), 10800);
    /* 2022-10-30 03:30 is there twice: 00:30 and 01:30 UTC. */
    assert_int_equal(east("Europe/Kyiv", 1667089800), 10800);
    assert_int_equal(east("Europe/Kyiv", 1667093400), 7200);
    assert_int_equal(east("Asia/Shanghai", 1690000000), 28800);
    assert_int_equal(east("Asia/Shanghai", 1700000000), 28800);
    assert_int_equal(east("Asia/Kathmandu", 1700000000), 20700);
    assert_int_equal(east("America/Argentina/Buenos_Aires", 1700000000), -10800);
    assert_int_equal(east("Etc/GMT+12", 1700000000), -43200);
    assert_int_equal(east("UTC", 0), 0);
    assert_int_equal(east("Europe/Kyiv", 253402300799), 7200); /* by the rule for ever */
}

static void what_is_no_zone(void **state)
{
    static const char *const names[] = {
        "",
        "/",
        "Europe",
        "Europe/",
        "/Europe/Kyiv",
        "Europe//Kyiv",
        "Europe/Kyiv/",
        "../etc/passwd",
        "..",
        "Europe/../UTC",
        "./UTC",
        "Europe/Odesa!",
        "EST5EDT4,M3.2.0",
        ":UTC",
        "UTC\n",
        "tzdata.zi",
        "leapseconds",
        "zone.tab",
        "posix/UTC",
        "right/UTC",
        "localtime",
        "/etc/localtime",
        "\xd0\x9a\xd0\xb8\xd1\x97\xd0\xb2",
        "Nowhere/Land",
        "Europe/Kyiv-and-a-name-that-is-longer-than-any-zone-there-will-ever-be-anywhere",
    };
    int32_t out;
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        why = (struct why){0};
        out = 12345;
        if (io_zone_offset(names[i], 1700000000, &out, &why) != SH_ENOTFOUND || out != 12345)
            fail_msg("taken for a zone: %s", names[i]);
        assert_true(why.text[0]);
    }
    assert_int_equal(io_zone_offset("UTC", UINT64_MAX, &out, NULL), SH_EARG);
}

static void leaves_the_zone_as_it_was(void **state)
{
    time_t at = 1700000000;
    struct tm parts;

    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
    tzset();
    assert_int_equal(east("Europe/Kyiv", 1700000000), 7200);
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    assert_non_null(localtime_r(&at, &parts));
    assert_int_equal(parts.tm_gmtoff, 32400);
    assert_int_equal(unsetenv("TZ"), 0);
    assert_int_equal(east("Asia/Tokyo", 1700000000), 32400);
    assert_null(getenv("TZ"));
    assert_int_equal(setenv("TZDIR", "/nonexistent", 1), 0); /* would mean UTC everywhere */
    assert_int_equal(east("Asia/Seoul", 1700000000), 32400);
    assert_int_equal(unsetenv("TZDIR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets),
        cmocka_unit_test(what_is_no_zone),
        cmocka_unit_test(leaves_the_zone_as_it_was),
    };

    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
