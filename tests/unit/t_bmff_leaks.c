/* bmff: what a clip tells about place, time, people and devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bmff/leaks_int.h"

static struct bytes clip;
static struct bmff_leaks leaks;

/* ---- making a clip ---- */

static size_t box_open(const char *type)
{
    size_t at = clip.len;

    bytes_u32(&clip, 0);
    bytes_append(&clip, type, 4);
    return at;
}

static void box_close(size_t at)
{
    uint32_t size = (uint32_t)(clip.len - at);

    for (unsigned i = 0; i < 4; i++)
        clip.ptr[at + i] = (uint8_t)(size >> (24 - 8 * i));
}

static void box(const char *type, const void *body, size_t len)
{
    size_t at = box_open(type);

    bytes_append(&clip, body, len);
    box_close(at);
}

static void begin(void)
{
    bytes_release(&clip);
    bytes_init(&clip, 1 << 20);
    box("ftyp", "isom\0\0\2\0isom", 12);
}

static void find(void)
{
    struct slice whole = bytes_view(&clip);
    struct bmff_source source = bmff_source_slice(&whole);
    struct why why = {0};

    assert_int_equal(bytes_check(&clip, NULL), SH_OK);
    assert_int_equal(bmff_leaks_find(&source, &leaks, &why), SH_OK);
}

static const struct bmff_leak *leak_at(enum bmff_leak_kind kind, const char *where)
{
    for (uint32_t i = 0; i < leaks.count; i++)
        if (leaks.leak[i].kind == kind && strcmp(leaks.leak[i].where, where) == 0)
            return &leaks.leak[i];
    fail_msg("no %s at %s", bmff_leak_name(kind), where);
    return NULL;
}

static void quicktime_text(const char *type, const char *text)
{
    size_t at = box_open(type);

    bytes_u16(&clip, (uint16_t)strlen(text));
    bytes_u16(&clip, 0x15c7);
    bytes_text(&clip, text);
    box_close(at);
}

/* ---- values in text ---- */

static void positions_in_text(void **state)
{
    static const struct {
        const char *text;
        int64_t lat_e7, lon_e7;
        uint32_t radius_m;
    } good[] = {
        {"+46.4825+030.7233/", 464825000, 307233000, 11},
        {"+46.48+030.72+012.000/", 464800000, 307200000, 1113},
        {"-33.856900+151.215200/", -338569000, 1512152000, 1},
        {"+4628.95+03043.398/", 464825000, 307233000, 19},
        {"+462857+0304323/", 464825000, 307230555, 31},
        {"here: +46.4825+030.7233CRSWGS_84/", 464825000, 307233000, 11},
        {"GPS (30.7233, 46.4825, 12) H.S 0.0m/s", 464825000, 307233000, 11},
        {"HOME(30.7233,46.4825) D 1m", 464825000, 307233000, 11},
        {"[latitude: 46.482500] [longtitude: 30.723300]", 464825000, 307233000, 1},
        {"Lat 46.4825 S Lon 30.7233 W", -464825000, -307233000, 11},
        {"$GPRMC,055123.00,A,4628.9500,N,03043.3980,E,0.1,,240222", 464825000, 307233000, 1},
    };
    static const char *const none[] = {"",
                                       "GPS",
                                       "+46.4825",
                                       "1.25, 2.50",
                                       "+96.4825+030.7233/",
                                       "lateral",
                                       "GPS (1, 2)",
                                       "+46.4825+190.7/",
                                       "4628.9500,N",
                                       "$GPRMC,,V,,,,,",
                                       "x264 - core 164 r3095 qcomp=0.60 qpmin=0"};
    struct bmff_spot spot;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!bmff_spot_find(slice_text(good[i].text), &spot))
            fail_msg("nothing in %s", good[i].text);
        assert_in_range(spot.lat_e7 - good[i].lat_e7 + 10, 0, 20);
        assert_in_range(spot.lon_e7 - good[i].lon_e7 + 10, 0, 20);
        assert_int_equal(spot.radius_m, good[i].radius_m);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++)
        if (bmff_spot_find(slice_text(none[i]), &spot))
            fail_msg("a place in %s", none[i]);
}

static void moments_in_text(void **state)
{
    static const struct {
        const char *text;
        uint64_t unix_s;
    } good[] = {
        {"2022-02-24T05:00:00Z", 1645678800},
        {"2022-02-24T07:00:00+0200", 1645678800},
        {"2022-02-24T07:00:00.123+02:00", 1645678800},
        {"2022:02:24 05:00:00", 1645678800},
        {"20220224T050000.000Z", 1645678800},
        {"2022-02-24", 1645660800},
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29 00:00:00", 951782400},
    };
    static const char *const none[] = {"",
                                       "2022",
                                       "2022-13-01",
                                       "24.02.2022",
                                       "12",
                                       "1969-12-31T00:00:00Z",
                                       "2022-02-24T25:00:00"};
    uint64_t at;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!bmff_moment_parse(slice_text(good[i].text), &at))
            fail_msg("no moment in %s", good[i].text);
        assert_int_equal(at, good[i].unix_s);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_false(bmff_moment_parse(slice_text(none[i]), &at));
}

/* ---- in boxes ---- */

static void a_phone_clip(void **state)
{
    static const uint8_t mvhd[20] = {0, 0, 0, 0, 0xda, 0x3a, 0x3c, 0x50}; /* 24 Feb 2020 */
    const struct bmff_leak *leak;
    size_t moov, udta;

    (void)state;
    begin();
    moov = box_open("moov");
    box("mvhd", mvhd, sizeof(mvhd));
    udta = box_open("udta");
    quicktime_text("\251xyz", "+46.4825+030.7233/");
    quicktime_text("\251mak", "Xiaomi");
    quicktime_text("\251day", "2022-02-24T07:00:00+0200");
    quicktime_text("\251aut", "Wang \xe7\x8e\x8b\x1b[31m");
    box_close(udta);
    box_close(moov);
    find();
    assert_int_equal(leaks.kind, BMFF_MP4);
    assert_int_equal(leaks.unseen, 0);
    assert_int_equal(leaks.count, 5);
    leak = leak_at(BMFF_LEAK_POSITION, "moov/udta/(c)xyz");
    assert_ptr_equal(leak, &leaks.leak[0]);
    assert_true(leak->has_position);
    assert_int_equal(leak->lat_e7, 464825000);
    assert_int_equal(leak->lon_e7, 307233000);
    assert_int_equal(leak->radius_m, 11);
    leak = leak_at(BMFF_LEAK_TIME, "moov/mvhd");
    assert_true(leak->has_time);
    assert_int_equal(leak->time, UINT64_C(0xda3a3c50) - UINT64_C(2082844800));
    leak = leak_at(BMFF_LEAK_TIME, "moov/udta/(c)day");
    assert_int_equal(leak->time, 1645678800);
    assert_string_equal(leak_at(BMFF_LEAK_DEVICE, "moov/udta/(c)mak")->text, "Xiaomi");
    /* What a terminal would take as a command is not shown. */
    assert_string_equal(leak_at(BMFF_LEAK_PERSON, "moov/udta/(c)aut")->text,
                        "Wang \xe7\x8e\x8b [31m");
}

static void a_3gpp_location(void **state)
{
    static const uint8_t loci[] = {0,    0,    0,    0, 0x15, 0xc7, 'O',  'd',  'e',
                                   's',  'a',  0,    0, 0x00, 0x1e, 0xb9, 0x2a, 0x00,
                                   0x2e, 0x7b, 0x85, 0, 0,    0,    0,    0,    0};
    const struct bmff_leak *leak;
    size_t moov, udta;

    (void)state;
    begin();
    moov = box_open("moov");
    udta = box_open("udta");
    box("loci", loci, sizeof(loci));
    box_close(udta);
    box_close(moov);
    find();
    assert_int_equal(leaks.count, 2); /* the position, and the name of the place */
    leak = leak_at(BMFF_LEAK_POSITION, "moov/udta/loci");
    assert_true(leak->has_position);
    assert_in_range(leak->lat_e7, 464820000, 464830000);
    assert_in_range(leak->lon_e7, 307230000, 307240000);
    assert_string_equal(leaks.leak[1].text, "Odesa");
}

static void mdta_item(uint32_t index, const char *value)
{
    size_t item = clip.len, data;

    bytes_u32(&clip, 0);
    bytes_u32(&clip, index);
    data = box_open("data");
    bytes_u32(&clip, 1);
    bytes_u32(&clip, 0);
    bytes_text(&clip, value);
    box_close(data);
    box_close(item);
}

static void an_apple_clip(void **state)
{
    static const char *const keys[] = {
        "com.apple.quicktime.location.ISO6709",
        "com.apple.quicktime.location.accuracy.horizontal", "com.apple.quicktime.model",
        "com.apple.quicktime.creationdate", "com.apple.quicktime.content.identifier"};
    static const char *const values[] = {"+46.4825+030.7233+040.123/", "14.24", "iPhone 13",
                                         "2022-02-24T07:00:00+0200", "7E5C-22"};
    size_t moov, meta, at;

    (void)state;
    begin();
    moov = box_open("moov");
    meta = box_open("meta"); /* QuickTime's: without a version */
    box("hdlr", "\0\0\0\0\0\0\0\0mdta\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);
    at = box_open("keys");
    bytes_u32(&clip, 0);
    bytes_u32(&clip, COUNT_OF(keys));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        size_t key = box_open("mdta");

        bytes_text(&clip, keys[i]);
        box_close(key);
    }
    box_close(at);
    at = box_open("ilst");
    for (uint32_t i = 0; i < COUNT_OF(keys); i++)
        mdta_item(i + 1, values[i]);
    box_close(at);
    box_close(meta);
    box_close(moov);
    find();
    assert_int_equal(leaks.unseen, 0);
    assert_int_equal(leaks.count, 4);
    assert_int_equal(leaks.leak[0].kind, BMFF_LEAK_POSITION);
    assert_int_equal(leaks.leak[0].radius_m, 15); /* as the clip itself says */
    assert_int_equal(leaks.leak[1].time, 1645678800);
    assert_int_equal(leaks.leak[2].kind, BMFF_LEAK_DEVICE);
    assert_string_equal(leaks.leak[2].text, "iPhone 13");
    assert_int_equal(leaks.leak[3].kind, BMFF_LEAK_IDENTIFIER);
}

/* ---- what was not looked at is said ---- */

static void what_was_not_seen(void **state)
{
    size_t moov, udta;

    (void)state;
    begin();
    moov = box_open("moov");
    udta = box_open("udta");
    bytes_append(&clip, "\0\0\1\0\251xyz\0\22", 10); /* longer than what encloses it */
    box_close(udta);
    box_close(moov);
    find();
    assert_int_equal(leaks.unseen, BMFF_UNSEEN_DAMAGED);

    begin();
    bytes_append(&clip, "\0\1\0\0moov", 8); /* cut off */
    find();
    assert_int_equal(leaks.unseen, BMFF_UNSEEN_DAMAGED);

    bytes_clear(&clip);
    bytes_text(&clip, "\xff\xd8\xff\xe0 a photo");
    find();
    assert_int_equal(leaks.kind, BMFF_JPEG);
    assert_int_equal(leaks.unseen, BMFF_UNSEEN_KIND);
    assert_int_equal(leaks.count, 0);
}

static void a_flood_hides_nothing(void **state)
{
    char text[32];
    size_t moov, udta;

    (void)state;
    begin();
    moov = box_open("moov");
    udta = box_open("udta");
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "comment %u", i);
        quicktime_text("\251cmt", text);
    }
    quicktime_text("\251xyz", "+46.4825+030.7233/");
    box_close(udta);
    box_close(moov);
    find();
    assert_int_equal(leaks.unseen, BMFF_UNSEEN_MORE);
    assert_int_equal(leaks.count, LIMIT_LEAKS_EACH + 1);
    assert_int_equal(leaks.leak[0].kind, BMFF_LEAK_POSITION);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BMFF_LEAK_KINDS; i++)
        assert_non_null(bmff_leak_name(i));
    assert_null(bmff_leak_name(BMFF_LEAK_KINDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_in_text),     cmocka_unit_test(moments_in_text),
        cmocka_unit_test(a_phone_clip),          cmocka_unit_test(a_3gpp_location),
        cmocka_unit_test(an_apple_clip),         cmocka_unit_test(what_was_not_seen),
        cmocka_unit_test(a_flood_hides_nothing), cmocka_unit_test(every_kind_has_a_name),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);

    bytes_release(&clip);
    return rc;
}
