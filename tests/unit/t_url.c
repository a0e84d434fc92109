/*
 * url: the vectors of the Web Platform Tests (what they call a failure is never taken, what is
 * taken means the same), the special-purpose blocks of RFC 6890 with their edges, joins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>

#include "io/io.h"
#include "json/json.h"
#include "url/url.h"

static int parse(const char *text, struct url *out)
{
    return url_parse(slice_text(text), out, NULL);
}

static void good(const char *text, const char *host, unsigned port, const char *path)
{
    struct why why = {0};
    struct url url, again;
    struct bytes built;

    if (url_parse(slice_text(text), &url, &why) != SH_OK)
        fail_msg("%s: %s", text, why.text);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.path, path);
    bytes_init(&built, LIMIT_URL_BYTES);
    url_build(&url, &built);
    assert_int_equal(url_parse(bytes_view(&built), &again, NULL), SH_OK);
    assert_memory_equal(&url, &again, sizeof(url));
    bytes_release(&built);
}

static void parses(void **state)
{
    (void)state;
    good("http://example.org", "example.org", 80, "/");
    good("HTTPS://Example.ORG:443/a?b#c", "example.org", 443, "/a?b");
    good("https://example.org:8443?x=/../y", "example.org", 8443, "/?x=/../y");
    good("http://example.org/a/./b/../c", "example.org", 80, "/a/c");
    good("http://example.org/a/..", "example.org", 80, "/");
    good("http://example.org/a/b/.", "example.org", 80, "/a/b/");
    good("http://example.org/../../a//b", "example.org", 80, "/a//b");
    good("http://example.org/%e4%bd%a0?%41", "example.org", 80, "/%e4%bd%a0?%41");
    good("http://xn--80ak6aa92e.xn--p1ai/", "xn--80ak6aa92e.xn--p1ai", 80, "/");
    good("http://127.0.0.1:1/", "127.0.0.1", 1, "/");
    good("http://255.255.255.255/", "255.255.255.255", 80, "/");
    good("http://[::1]:65535/", "::1", 65535, "/");
    good("http://[2001:DB8:0:0:1:0:0:1]/", "2001:db8::1:0:0:1", 80, "/");
    good("http://[0:0:1:0:0:0:1:0]/", "0:0:1::1:0", 80, "/");
    good("http://[::ffff:1.2.3.4]/", "::ffff:102:304", 80, "/");
    good("http://[1::]/", "1::", 80, "/");
    good("http://[1:2:3:4:5:6:7::]/", "1:2:3:4:5:6:7:0", 80, "/");
    good("smtp://mail.example.org", "mail.example.org", 587, "/");
    good("smtps://mail.example.org/", "mail.example.org", 465, "/");
    good("smtp://[::1]:25", "::1", 25, "/");
}

static const char *const bad[] = {
    "",
    "http",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///a",
    "http:example.org",
    "http:/example.org",
    "//example.org",
    "/a",
    "a",
    "://a",
    "1http://a",
    "https:\\\\a",
    " http://a",
    "http://a ",
    "http://a b",
    "http://a\tb",
    "http://a\n",
    "http://a\x7f",
    "http://\xc3\xa9",
    "http://a/\xc3\xa9",
    "http://a\\b",
    "http://a/\\",
    "http://a@b",
    "http://@b",
    "http://:@b",
    "http://a:b@c",
    "http://a:80@c",
    "http://%61",
    "http://a%00",
    "http://a.",
    "http://.a",
    "http://a..b",
    "http://-a",
    "http://a-",
    "http://a.-b",
    "http://a-.b",
    "http://a!b",
    "http://a,b",
    "http://a*b",
    "http://*",
    "http://a:",
    "http://a:0",
    "http://a:00080",
    "http://a:65536",
    "http://a:99999999999999999999",
    "http://a:-1",
    "http://a:+1",
    "http://a:8x",
    "http://a:80:80",
    "http://a: 80",
    "http://1",
    "http://0",
    "http://127.1",
    "http://127.0.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://127.0.0.256",
    "http://127.0.0.1.",
    "http://127.0.0.1.1",
    "http://127.0.0.0x1",
    "http://a.1",
    "http://a.0x",
    "http://a.0X1f",
    "http://1.2.3",
    "http://1.2.3.",
    "http://1..2.3",
    "http://[]",
    "http://[",
    "http://]",
    "http://[::1",
    "http://::1",
    "http://[::1]a",
    "http://[::1]]",
    "http://[[::1]]",
    "http://[::1%25eth0]",
    "http://[::1%lo]",
    "http://[:::1]",
    "http://[1::2::3]",
    "http://[1:2:3:4:5:6:7]",
    "http://[1:2:3:4:5:6:7:8:9]",
    "http://[12345::]",
    "http://[g::]",
    "http://[1:2:3:4:5:6:7:8::]",
    "http://[::1:2:3:4:5:6:7:8]",
    "http://[:1]",
    "http://[1:]",
    "http://[::1.2.3]",
    "http://[::1.2.3.4.5]",
    "http://[::1.2.3.04]",
    "http://[1.2.3.4]",
    "http://[1:2:3:4:5:6:7:1.2.3.4]",
    "http://[::1.2.3.4:1]",
    "http://[v1.a]",
    "http://a/%",
    "http://a/%1",
    "http://a/%zz",
    "http://a/%2e/b",
    "http://a/%2E%2e/",
    "http://a/.%2e/b",
    "http://a/<",
    "http://a/\"",
    "http://a/{",
    "http://a/|",
    "http://a/^",
    "http://a/`",
    "http://a/[",
    "http://a?'",
    "http://a?\"",
    "http://a?[",
    "http://a?|",
    "smtp://a/b",
    "smtp://a?b",
    "smtps://a/b",
};
static const char *const foreign[] = {
    "file:///etc/passwd",
    "gopher://a",
    "ftp://a",
    "data:text/html,a",
    "javascript:alert(1)",
    "ws://a",
    "httpsx://a",
    "dict://127.0.0.1:11211/",
    "ldap://a",
    "jar:http://a!/",
    "blob:a",
};

static void refuses(void **state)
{
    struct url url;
    char text[LIMIT_URL_BYTES + 100];

    (void)state;
    memset(&url, 0x5a, sizeof(url));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (parse(bad[i], &url) != SH_EFORMAT)
            fail_msg("taken or called foreign: %s", bad[i]);
    for (size_t i = 0; i < COUNT_OF(foreign); i++)
        if (parse(foreign[i], &url) != SH_EUNSUPPORTED)
            fail_msg("not called foreign: %s", foreign[i]);
    for (size_t i = 0; i < sizeof(url); i++)
        assert_int_equal(((uint8_t *)&url)[i], 0x5a); /* untouched on failure */
    assert_int_equal(url_parse(slice_of("http://a\0b", 10), &url, NULL), SH_EFORMAT);
    (void)snprintf(text, sizeof(text), "http://a/%*s", LIMIT_URL_BYTES, "b");
    for (char *at = text; *at; at++)
        *at = *at == ' ' ? 'x' : *at;
    assert_int_equal(parse(text, &url), SH_EFORMAT);
    text[LIMIT_URL_BYTES - 20] = '\0';
    assert_int_equal(parse(text, &url), SH_OK);
}

/* 63 letters a label, 253 a host, and not one more. */
static void long_hosts(void **state)
{
    struct url url;
    char text[400] = "http://";

    (void)state;
    memset(text + 7, 'a', 300);
    for (size_t i = 63; i < 253; i += 64)
        text[7 + i] = '.';
    text[7 + 253] = '\0';
    assert_int_equal(parse(text, &url), SH_OK);
    assert_int_equal(strlen(url.host), 253);
    text[7 + 253] = 'a';
    text[7 + 254] = '\0';
    assert_int_equal(parse(text, &url), SH_EFORMAT);
    text[7 + 63] = 'a';
    text[7 + 100] = '\0';
    assert_int_equal(parse(text, &url), SH_EFORMAT);
}

/* Every prefix and every single changed byte: a verdict, and one that url_build agrees with. */
static void torn(void **state)
{
    static const char whole[] = "https://[2001:db8::1.2.3.4]:8443/a/../%41?b=%2f#c";
    uint8_t text[sizeof(whole)];
    struct url url, again;
    struct bytes built;

    (void)state;
    bytes_init(&built, LIMIT_URL_BYTES);
    for (size_t len = 0; len < sizeof(whole); len++)
        for (unsigned c = 0; c < 256; c++) {
            memcpy(text, whole, len);
            text[len ? len - 1 : 0] = (uint8_t)c;
            if (url_parse(slice_of(text, len), &url, NULL) != SH_OK)
                continue;
            bytes_clear(&built);
            url_build(&url, &built);
            assert_int_equal(url_parse(bytes_view(&built), &again, NULL), SH_OK);
            assert_memory_equal(&url, &again, sizeof(url));
        }
    bytes_release(&built);
}

static const struct {
    const char *base, *location, *whole; /* NULL: refused */
} joins[] = {
    /* RFC 3986 5.4.1 and 5.4.2, as far as they are ours. */
    {"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "/g", "http://a/g"},
    {"http://a/b/c/d;p?q", "//g", "http://g/"},
    {"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
    {"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", "g#s", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
    {"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "./", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "..", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "../..", "http://a/"},
    {"http://a/b/c/d;p?q", "../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "../../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/./g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "g.", "http://a/b/c/g."},
    {"http://a/b/c/d;p?q", "..g", "http://a/b/c/..g"},
    {"http://a/b/c/d;p?q", "./../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
    {"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},
    {"http://a/b/c/d;p?q/r", "g", "http://a/b/c/g"},
    {"https://[::1]:8443/x", "y", "https://[::1]:8443/y"},
    {"https://a/x", "//b:1/y", "https://b:1/y"},
    {"https://a/x", "http://b/y", "http://b/y"},
    {"https://a/x", "http:y", NULL},
    {"https://a/x", "file:///etc/passwd", NULL},
    {"https://a/x", "//u@b/", NULL},
    {"https://a/x", "\\\\b\\y", NULL},
    {"https://a/x", "/\\b", NULL},
    {"https://a/x", "y z", NULL},
    {"https://a/x", "///b", NULL},
    {"https://a/x", "b:c", NULL},
};

static void joined(void **state)
{
    struct url base, found, expected;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(joins); i++) {
        assert_int_equal(parse(joins[i].base, &base), SH_OK);
        if (url_join(&base, slice_text(joins[i].location), &found, NULL) != SH_OK) {
            if (joins[i].whole)
                fail_msg("refused: %s", joins[i].location);
            continue;
        }
        if (!joins[i].whole)
            fail_msg("taken: %s", joins[i].location);
        assert_int_equal(parse(joins[i].whole, &expected), SH_OK);
        assert_string_equal(found.path, expected.path);
        assert_memory_equal(&found, &expected, sizeof(found));
    }
}

static void allowed(void **state)
{
    static const char *const wrong[] = {"",         ":",     ":80",     "a:",   "a:0",
                                        "a b",      "a/",    "::1",     "[::1", "u@a",
                                        "http://a", "127.1", "a:80:80", "[a]",  "*"};
    struct url_allowed found;

    (void)state;
    assert_int_equal(url_allowed_parse(slice_text("LocalHost"), &found, NULL), SH_OK);
    assert_string_equal(found.host, "localhost");
    assert_int_equal(found.port, 0);
    assert_int_equal(url_allowed_parse(slice_text("127.0.0.1:8080"), &found, NULL), SH_OK);
    assert_string_equal(found.host, "127.0.0.1");
    assert_int_equal(found.port, 8080);
    assert_int_equal(url_allowed_parse(slice_text("[0:0::1]:25"), &found, NULL), SH_OK);
    assert_string_equal(found.host, "::1");
    assert_int_equal(found.port, 25);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (url_allowed_parse(slice_text(wrong[i]), &found, NULL) == SH_OK)
            fail_msg("taken: %s", wrong[i]);
}

/*
 * The special-purpose registries opened by RFC 6890: first and last address of each block, and
 * the neighbours where they are public.  "-" before an address: it is not public.
 */
static const char *const addresses[] = {
    "-0.0.0.0",
    "-0.255.255.255",
    "1.0.0.0",
    "9.255.255.255",
    "-10.0.0.0",
    "-10.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "-100.64.0.0",
    "-100.127.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "-127.0.0.0",
    "-127.0.0.1",
    "-127.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "-169.254.0.0",
    "-169.254.169.254",
    "-169.254.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "-172.16.0.0",
    "-172.31.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "-192.0.0.0",
    "-192.0.0.8",
    "-192.0.0.170",
    "-192.0.0.255",
    "192.0.1.0",
    "-192.0.2.0",
    "-192.0.2.255",
    "192.0.3.0",
    "-192.31.196.1",
    "-192.52.193.1",
    "192.88.98.255",
    "-192.88.99.0",
    "-192.88.99.255",
    "192.88.100.0",
    "192.167.255.255",
    "-192.168.0.0",
    "-192.168.255.255",
    "192.169.0.0",
    "-192.175.48.1",
    "198.17.255.255",
    "-198.18.0.0",
    "-198.19.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "-198.51.100.0",
    "-198.51.100.255",
    "198.51.101.0",
    "203.0.112.255",
    "-203.0.113.0",
    "-203.0.113.255",
    "203.0.114.0",
    "223.255.255.255",
    "-224.0.0.0",
    "-239.255.255.255",
    "-240.0.0.0",
    "-255.255.255.254",
    "-255.255.255.255",
    "8.8.8.8",
    "93.184.216.34",
    "-::",
    "-::1",
    "-::2",
    "-::127.0.0.1",
    "-::8.8.8.8",
    "-::ffff:127.0.0.1",
    "-::ffff:8.8.8.8",
    "-::ffff:0:0",
    "-::ffff:0:1.2.3.4",
    "-64:ff9a::1",
    "-64:ff9b::127.0.0.1",
    "-64:ff9b::10.0.0.1",
    "-64:ff9b::169.254.169.254",
    "-64:ff9b::0.0.0.0",
    "64:ff9b::8.8.8.8",
    "-64:ff9b::1:0:0",
    "-64:ff9b:1::8.8.8.8",
    "-100::",
    "-100::ffff:ffff:ffff:ffff",
    "-100:0:0:1::",
    "-1fff:ffff::",
    "-2001::",
    "-2001::1",
    "-2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "-2001:1::1",
    "-2001:1::2",
    "-2001:2::",
    "-2001:3::1",
    "-2001:4:112::1",
    "-2001:10::1",
    "-2001:20::1",
    "-2001:30::1",
    "-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:200::1",
    "2001:db7::1",
    "-2001:db8::",
    "-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2001:4860:4860::8888",
    "-2002::",
    "-2002:7f00:1::1",
    "-2002:808:808::1",
    "-2002:ffff:ffff::",
    "2003::1",
    "2606:4700:4700::1111",
    "-2620:4f:8000::1",
    "2620:4f:8001::1",
    "3ffe:ffff::1",
    "-3fff::",
    "-3fff:fff:ffff:ffff::1",
    "3fff:1000::1",
    "-4000::",
    "-5f00::1",
    "-8000::1",
    "-c000::1",
    "-e000::1",
    "-fc00::",
    "-fc00::1",
    "-fd00:ec2::254",
    "-fdff:ffff::1",
    "-fe00::1",
    "-fe80::1",
    "-febf:ffff::1",
    "-fec0::1",
    "-feff::1",
    "-ff00::1",
    "-ff02::1",
    "-ff0e::1",
    "-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

static void public_addresses(void **state)
{
    uint8_t address[16];
    enum url_family family;
    const char *text, *why_not;
    bool expected;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        expected = addresses[i][0] != '-';
        text = addresses[i] + !expected;
        family = strchr(text, ':') ? URL_V6 : URL_V4;
        assert_int_equal(inet_pton(family == URL_V6 ? AF_INET6 : AF_INET, text, address), 1);
        if (url_address_is_public(family, address, &why_not) != expected)
            fail_msg("%s: %s", text, why_not ? why_not : "public");
        assert_int_equal(why_not == NULL, expected);
        assert_int_equal(url_address_is_public(family, address, NULL), expected);
    }
    print_message("# %zu addresses\n", COUNT_OF(addresses));
}

/* inet_pton and inet_ntop are the oracle for IPv6 text. */
static void v6_text(void **state)
{
    uint32_t random = 1;
    uint8_t address[16];
    char text[INET6_ADDRSTRLEN], whole[80];
    struct url url;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < 16; i += 2) {
            random = random * 1664525u + 1013904223u;
            address[i] = random >> 30 ? 0 : (uint8_t)(random >> 8);
            address[i + 1] = random >> 29 > 1 ? 0 : (uint8_t)(random >> 16);
        }
        assert_non_null(inet_ntop(AF_INET6, address, text, sizeof(text)));
        (void)snprintf(whole, sizeof(whole), "http://[%s]/", text);
        assert_int_equal(parse(whole, &url), SH_OK);
        assert_memory_equal(url.address, address, 16);
        if (!strchr(text, '.'))
            assert_string_equal(url.host, text);
    }
}

/* ---- Web Platform Tests ---------------------------------------------------------------- */

struct tally {
    size_t cases, taken, refused;
};

static const char *member(const struct json_value *test, const char *name, struct slice *out)
{
    const struct json_value *value = json_member(test, name);

    if (!value || value->type != JSON_STRING)
        return NULL;
    *out = value->text;
    return name;
}

/* What we took has the host, port, path and query that browsers see in it. */
static void expect_same(struct slice input, const struct url *url,
                        const struct json_value *test)
{
    struct slice host = {0}, href = {0};
    char expected[LIMIT_HOST_BYTES + 3];
    struct bytes built;

    if (json_member(test, "failure"))
        fail_msg("taken, and a failure: %.*s", (int)input.len, (const char *)input.ptr);
    assert_true(member(test, "hostname", &host) && member(test, "href", &href));
    (void)snprintf(expected, sizeof(expected), url->host_kind == URL_IPV6 ? "[%s]" : "%s",
                   url->host);
    if (!slice_equal(host, slice_text(expected)))
        fail_msg("host of %.*s: %s", (int)input.len, (const char *)input.ptr, url->host);
    bytes_init(&built, 2 * LIMIT_URL_BYTES);
    url_build(url, &built);
    href.len = slice_find(href, 0, '#');
    if (url->scheme <= URL_HTTPS && !slice_equal(href, bytes_view(&built)))
        fail_msg("%.*s: %.*s", (int)input.len, (const char *)input.ptr, (int)built.len,
                 (const char *)built.ptr);
    bytes_release(&built);
}

static void one_vector(const struct json_value *test, struct tally *tally)
{
    struct slice input = {0}, base = {0};
    struct url of_base, url;
    int rc;

    if (test->type != JSON_OBJECT || !member(test, "input", &input))
        return;
    tally->cases++;
    rc = member(test, "base", &base) ? url_parse(base, &of_base, NULL) : SH_EUNSUPPORTED;
    if (rc == SH_OK)
        rc = url_join(&of_base, input, &url, NULL);
    else if (rc == SH_EUNSUPPORTED) /* "about:blank": as without a base */
        rc = url_parse(input, &url, NULL);
    tally->taken += rc == SH_OK;
    tally->refused += rc != SH_OK;
    if (rc == SH_OK)
        expect_same(input, &url, test);
}

static void web_platform_tests(void **state)
{
    static const char *const files[] = {"urltestdata.json", "ada_extra_urltestdata.json",
                                        "ada_long_urltestdata.json"};
    const char *shared = getenv("STILLHERE_SHARED"), *source = getenv("STILLHERE_SOURCE");
    char path[4096];
    struct bytes raw;
    struct arena arena;
    struct json_value *root;
    struct why why = {0};
    struct tally tally = {0};
    int rc;

    (void)state;
    if (!shared && !source)
        skip();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        bytes_init(&raw, 4u << 20);
        arena_init(&arena, 64u << 20);
        (void)snprintf(path, sizeof(path), "%s%s/vectors/safety/url-wpt/tests/wpt/%s",
                       shared ? shared : source, shared ? "" : "/../shared", files[i]);
        rc = io_read(AT_FDCWD, path, &raw, &why);
        if (rc == SH_ENOTFOUND) {
            bytes_release(&raw);
            skip();
        }
        assert_int_equal(rc, SH_OK);
        if (json_parse(bytes_view(&raw), LIMIT_JSON_DEPTH, &arena, &root, &why) != SH_OK)
            fail_msg("%s: %s", files[i], why.text);
        for (const struct json_value *test = root->first; test; test = test->next)
            one_vector(test, &tally);
        arena_release(&arena);
        bytes_release(&raw);
    }
    print_message("# %zu vectors: %zu taken, %zu refused\n", tally.cases, tally.taken,
                  tally.refused);
    assert_true(tally.cases > 900 && tally.taken > 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(long_hosts),
        cmocka_unit_test(torn),
        cmocka_unit_test(joined),
        cmocka_unit_test(allowed),
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(v6_text),
        cmocka_unit_test(web_platform_tests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
