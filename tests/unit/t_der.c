/* der: what is taken and refused, length fields at their edges, prefixes, times, the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "der/der.h"

static uint8_t room[1024];

static struct slice unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;

    assert_true(len <= sizeof room);
    assert_true(hex_parse(slice_text(hex), room, len));
    return slice_of(room, len);
}

/* A failure says why and leaves the reader where it was. */
static void refused(int rc, enum sh_err want, const struct why *why, size_t before,
                    struct slice rest)
{
    assert_int_equal(rc, want);
    assert_int_equal(why->code, want);
    assert_true(slice_starts(slice_text(why->text), "DER: "));
    assert_int_equal(rest.len, before);
}

/* ---- heads ---- */

static void heads_are_strict(void **state)
{
    static const char *const wrong[] = {
        "",             /* nothing */
        "30",           /* no length */
        "0401",         /* longer than what is there */
        "3080",         /* indefinite */
        "30800000",     /* indefinite, closed */
        "0481",         /* length cut off */
        "048100",       /* longer form for 0 */
        "04817f",       /* longer form for 127 */
        "04820080",     /* a zero in front */
        "0483000100",   /* likewise */
        "048400010000", /* likewise */
        "04850000000001aa",
        "0484ffffffff",
        "0484fffffffe",
        "04847fffffff",
        "04ff",
        "1f0100",   /* tag of several bytes */
        "bf850100", /* likewise */
        "0000",     /* end-of-contents */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct slice rest = unhex(wrong[i]);
        size_t before = rest.len;
        struct der_item item;
        struct why why = {0};
        int rc = der_next(&rest, &item, &why);

        refused(rc, SH_EFORMAT, &why, before, rest);
    }
}

/* What the writer makes is read again; a byte less or more is not. */
static void lengths_at_their_edges(void **state)
{
    static const size_t lengths[] = {0,   1,   126, 127,   128,   129,   254,
                                     255, 256, 257, 65534, 65535, 65536, 65537};
    struct bytes content, der;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct der_item item;
        struct slice rest;

        bytes_init(&content, SIZE_MAX);
        bytes_init(&der, SIZE_MAX);
        for (size_t k = 0; k < lengths[i]; k++)
            bytes_u8(&content, (uint8_t)k);
        der_put(&der, DER_OCTET_STRING, bytes_view(&content));
        rest = bytes_view(&der);
        assert_int_equal(der_whole(rest, DER_OCTET_STRING, &item, NULL), SH_OK);
        assert_true(slice_equal(item.value, bytes_view(&content)));
        for (size_t cut = 1; cut <= (der.len < 300 ? der.len : 8); cut++) {
            struct slice less = slice_sub(bytes_view(&der), 0, der.len - cut);

            assert_int_equal(der_whole(less, DER_OCTET_STRING, &item, NULL), SH_EFORMAT);
        }
        bytes_u8(&der, 0);
        assert_int_equal(der_whole(bytes_view(&der), DER_OCTET_STRING, &item, NULL),
                         SH_EFORMAT);
        bytes_release(&content);
        bytes_release(&der);
    }
}

/* ---- simple types ---- */

/* LONG: a flat table of cases */
static void simple_types(void **state)
{
    static const struct {
        const char *hex;
        char type;
        int rc;
        uint64_t value;
    } cases[] = {
        {"0101ff", 'b', SH_OK, 1},
        {"010100", 'b', SH_OK, 0},
        {"010101", 'b', SH_EFORMAT, 0},
        {"0100", 'b', SH_EFORMAT, 0},
        {"0102ffff", 'b', SH_EFORMAT, 0},
        {"020100", 'u', SH_OK, 0},
        {"02017f", 'u', SH_OK, 127},
        {"02020080", 'u', SH_OK, 128},
        {"02087fffffffffffffff", 'u', SH_OK, INT64_MAX},
        {"020900ffffffffffffffff", 'u', SH_OK, UINT64_MAX},
        {"0209010000000000000000", 'u', SH_ELIMIT, 0},
        {"020a00ffffffffffffffffff", 'u', SH_ELIMIT, 0},
        {"020180", 'u', SH_ELIMIT, 0}, /* -128 */
        {"0201ff", 'u', SH_ELIMIT, 0},
        {"0200", 'u', SH_EFORMAT, 0},
        {"02020000", 'u', SH_EFORMAT, 0},
        {"0202007f", 'u', SH_EFORMAT, 0},
        {"0202ff80", 'u', SH_EFORMAT, 0},
        {"0a0105", 'e', SH_OK, 5},
        {"0a0200ff", 'e', SH_OK, 255},
        {"0a020100", 'e', SH_EFORMAT, 0},
        {"0a01ff", 'e', SH_EFORMAT, 0},
        {"020105", 'e', SH_EFORMAT, 0},
        {"030100", 's', SH_OK, 0},
        {"03020780", 's', SH_OK, 7},
        {"030206c0", 's', SH_OK, 6},
        {"030206e0", 's', SH_EFORMAT, 0}, /* an unused bit is set */
        {"03020880", 's', SH_EFORMAT, 0},
        {"030101", 's', SH_EFORMAT, 0},
        {"0300", 's', SH_EFORMAT, 0},
        {"06032a8686", 'o', SH_EFORMAT, 0}, /* ends in the midst of a number */
        {"06022a03", 'o', SH_OK, 2},
        {"06032a8001", 'o', SH_EFORMAT, 0}, /* a number that starts with nothing */
        {"060180", 'o', SH_EFORMAT, 0},
        {"0600", 'o', SH_EFORMAT, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice rest, part = {0};
        uint64_t value = 0;
        unsigned small = 0;
        bool flag = false;
        struct why why = {0};
        size_t before;
        int rc;

        rest = unhex(cases[i].hex);
        before = rest.len;
        switch (cases[i].type) {
        case 'b':
            rc = der_bool(&rest, &flag, &why);
            value = flag;
            break;
        case 'u':
            rc = der_u64(&rest, &value, &why);
            break;
        case 'e':
            rc = der_enumerated(&rest, &small, &why);
            value = small;
            break;
        case 's':
            rc = der_bits(&rest, &part, &small, &why);
            value = small;
            break;
        default:
            rc = der_oid(&rest, &part, &why);
            value = part.len;
        }
        if (rc != cases[i].rc)
            fail_msg("%s: %d", cases[i].hex, rc);
        if (rc == SH_OK) {
            assert_int_equal(value, cases[i].value);
            assert_int_equal(rest.len, 0);
        } else {
            refused(rc, (enum sh_err)cases[i].rc, &why, before, rest);
        }
    }
}

/* LONG: a flat table of cases */
static void times(void **state)
{
    static const struct {
        uint8_t tag;
        const char *text;
        bool date, moment; /* taken by der_time, der_moment */
        uint64_t unix_s;
    } cases[] = {
        {0x17, "700101000000Z", true, false, 0},
        {0x17, "491231235959Z", true, false, 2524607999},
        {0x17, "500101000000Z", true, false, 0}, /* 1950 */
        {0x17, "691231235959Z", true, false, 0},
        {0x17, "000229120000Z", true, false, 951825600},
        {0x17, "010229120000Z", false, false, 0},
        {0x17, "261123140500Z", true, false, 1795442700},
        {0x17, "2611231405Z", false, false, 0},
        {0x17, "261123140500+0000", false, false, 0},
        {0x17, "261123140500", false, false, 0},
        {0x17, "261123140560Z", false, false, 0},
        {0x17, "261123146000Z", false, false, 0},
        {0x17, "261123240000Z", false, false, 0},
        {0x17, "261323140500Z", false, false, 0},
        {0x17, "260023140500Z", false, false, 0},
        {0x17, "261100140500Z", false, false, 0},
        {0x17, "261131140500Z", false, false, 0},
        {0x17, "26112314050/Z", false, false, 0},
        {0x17, "2611231405:0Z", false, false, 0},
        {0x17, "", false, false, 0},
        {0x18, "20261123140500Z", true, true, 1795442700},
        {0x18, "20261123140500.5Z", false, true, 1795442700},
        {0x18, "20261123140500.123456789Z", false, true, 1795442700},
        {0x18, "20261123140500.50Z", false, false, 0},
        {0x18, "20261123140500.Z", false, false, 0},
        {0x18, "20261123140500,5Z", false, false, 0},
        {0x18, "20261123140500.5", false, false, 0},
        {0x18, "20261123140500.xZ", false, false, 0},
        {0x18, "00000101000000Z", false, false, 0},
        {0x18, "00010101000000Z", true, true, 0},
        {0x18, "99991231235959Z", true, true, 253402300799},
        {0x18, "21000229000000Z", false, false, 0},
        {0x18, "24000229000000Z", true, true, 13574563200},
        {0x16, "20261123140500Z", false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice rest, again;
        struct bytes der;
        uint64_t unix_s = 1;

        bytes_init(&der, 100);
        der_put(&der, cases[i].tag, slice_text(cases[i].text));
        rest = again = bytes_view(&der);
        if ((der_time(&rest, &unix_s, NULL) == SH_OK) != cases[i].date ||
            (cases[i].date && unix_s != cases[i].unix_s))
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)unix_s);
        if ((der_moment(&again, &unix_s, NULL) == SH_OK) != cases[i].moment ||
            (cases[i].moment && unix_s != cases[i].unix_s))
            fail_msg("moment %s: %llu", cases[i].text, (unsigned long long)unix_s);
        bytes_release(&der);
    }
    /* Every day until 2200: what is written is what is read. */
    for (uint64_t day = 0; day < 84000; day++) {
        uint64_t unix_s = day * 86400 + day % 86400;
        uint64_t found = 0;
        struct bytes der;
        struct slice rest;

        bytes_init(&der, 100);
        der_put_time(&der, unix_s);
        rest = bytes_view(&der);
        assert_int_equal(der_time(&rest, &found, NULL), SH_OK);
        assert_int_equal(found, unix_s);
        assert_int_equal(der.ptr[0], unix_s < 2524608000 ? DER_UTC_TIME : DER_GENERALIZED_TIME);
        bytes_release(&der);
    }
}

/* ---- object identifiers ---- */

static void oids(void **state)
{
    static const struct {
        const char *dotted, *hex; /* hex NULL: refused */
    } cases[] = {
        {"1.2.840.113549.1.1.11", "2a864886f70d01010b"},
        {"2.5.29.37.0", "551d2500"},
        {"0.0", "00"},
        {"0.39", "27"},
        {"1.39", "4f"},
        {"2.40", "78"},
        {"2.999.3", "883703"},
        {"2.47", "7f"},
        {"2.48", "8100"},
        {"1.3.6.1.4.1.62558.2.1", "2b0601040183e85e0201"},
        {"0.9.2342.19200300.100.1.25", "0992268993f22c640119"},
        {"3.1", NULL},
        {"0.40", NULL},
        {"1.40.1", NULL},
        {"1", NULL},
        {"", NULL},
        {"1.", NULL},
        {".1", NULL},
        {"1..2", NULL},
        {"1.2.x", NULL},
        {"1.2.03", NULL},
        {"1.2. 3", NULL},
        {"1.2.99999999999999999999", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bytes oid, text;
        bool good;

        bytes_init(&oid, 100);
        bytes_init(&text, 100);
        good = der_oid_parse(slice_text(cases[i].dotted), &oid);
        if (good != (cases[i].hex != NULL))
            fail_msg("%s", cases[i].dotted);
        if (good) {
            assert_true(slice_equal(bytes_view(&oid), unhex(cases[i].hex)));
            assert_true(der_oid_is(bytes_view(&oid), cases[i].dotted));
            der_oid_text(bytes_view(&oid), &text);
            assert_true(slice_equal(bytes_view(&text), slice_text(cases[i].dotted)));
            for (size_t k = 0; k < COUNT_OF(cases); k++)
                if (k != i && cases[k].hex)
                    assert_false(der_oid_is(bytes_view(&oid), cases[k].dotted));
            for (size_t len = 0; len < oid.len; len++)
                assert_false(der_oid_is(slice_of(oid.ptr, len), cases[i].dotted));
        } else {
            assert_int_equal(oid.len, 0);
        }
        bytes_release(&oid);
        bytes_release(&text);
    }
}

static void oids_beyond_64_bits(void **state)
{
    struct bytes text;

    (void)state;
    bytes_init(&text, 100);
    der_oid_text(unhex("2a8fffffffffffffffffffff7f05"), &text);
    assert_true(slice_equal(bytes_view(&text), slice_text("1.2.?.5")));
    assert_false(der_oid_is(unhex("2a8fffffffffffffffffffff7f05"), "1.2.5"));
    bytes_release(&text);
}

/* ---- writer ---- */

static void writer(void **state)
{
    static const uint8_t number[] = {0, 0, 0x80, 1};
    struct bytes der;
    size_t seq, inner;

    (void)state;
    bytes_init(&der, 1000);
    seq = der_open(&der);
    der_put_bool(&der, true);
    der_put_u64(&der, 0);
    der_put_u64(&der, 128);
    der_put_u64(&der, UINT64_MAX);
    der_put_unsigned(&der, slice_of(number, sizeof number));
    der_put_null(&der);
    der_put_oid(&der, "2.5.29.15");
    inner = der_open(&der);
    der_put_bits(&der, slice_of(number, 1));
    der_put_named_bits(&der, 0);
    der_put_named_bits(&der, 1u << 0);                 /* digitalSignature */
    der_put_named_bits(&der, 1u << 5 | 1u << 6);       /* keyCertSign, cRLSign */
    der_put_named_bits(&der, (uint16_t)(1u << 8 | 1)); /* decipherOnly */
    der_close(&der, DER_CONTEXT_BUILT(3), inner);
    der_close(&der, DER_SEQUENCE, seq);
    assert_int_equal(bytes_check(&der, NULL), SH_OK);
    assert_true(slice_equal(
        bytes_view(&der),
        unhex("30370101ff02010002020080020900ffffffffffffffff020300800105000603551d0f"
              "a3140302000003010003020780030201060303078080")));
    bytes_release(&der);
    /* What does not fit is told once, at the end. */
    bytes_init(&der, 4);
    seq = der_open(&der);
    der_put_u64(&der, UINT64_MAX);
    der_close(&der, DER_SEQUENCE, seq);
    assert_int_equal(bytes_check(&der, NULL), SH_ELIMIT);
    bytes_release(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_strict),
        cmocka_unit_test(lengths_at_their_edges),
        cmocka_unit_test(simple_types),
        cmocka_unit_test(times),
        cmocka_unit_test(oids),
        cmocka_unit_test(oids_beyond_64_bits),
        cmocka_unit_test(writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
