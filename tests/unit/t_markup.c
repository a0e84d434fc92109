/* markup: what is written is closed, quoted and escaped, whatever comes in. */
#include "hostile.h"
#include "html_check.h"
#include "markup/markup.h"

static struct bytes page;

static void start(struct markup *m)
{
    bytes_init(&page, 1 << 20);
    markup_start(m, &page);
    bytes_clear(&page);
}

static const char *finish(struct markup *m)
{
    markup_end(m);
    bytes_u8(&page, '\0');
    assert_int_equal(bytes_check(&page, NULL), SH_OK);
    return (const char *)page.ptr;
}

static void elements_and_attributes(void **state)
{
    struct markup m;

    (void)state;
    start(&m);
    markup_open(&m, "p");
    markup_attr(&m, "title", slice_text("a\"b'<&>"));
    markup_flag(&m, "hidden");
    markup_attr_number(&m, "width", 7);
    markup_void(&m, "br");
    markup_foreign(&m, slice_text("uk"), slice_text("x"));
    markup_element(&m, "b", NULL, slice_text("1<2"));
    markup_element(&m, "b", "c", slice_text(""));
    markup_close(&m);
    assert_string_equal(finish(&m),
                        "<p title=\"a&quot;b&#39;&lt;&amp;&gt;\" hidden width=\"7\"><br>"
                        "<bdi lang=\"uk\">x</bdi><b>1&lt;2</b><b class=\"c\"></b></p>\n");
    bytes_release(&page);
}

/* What a path may hold: nothing that makes it another address. */
static void paths_stay_relative(void **state)
{
    static const struct {
        const char *path, *out;
        unsigned up;
    } cases[] = {
        {"w/004/index.uk.html", "../../w/004/index.uk.html", 2},
        {"javascript:alert(1)", "javascript%3Aalert%281%29", 0},
        {"//host/x", "host/x", 0},
        {"/etc", "../etc", 1},
        {"a?b#c%41", "a%3Fb%23c%2541", 0},
        {"\xd0\x9e\n\"", "%D0%9E%0A%22", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct markup m;
        char want[200];

        start(&m);
        markup_open(&m, "a");
        markup_attr_path(&m, "href", cases[i].up, cases[i].path);
        markup_close(&m);
        (void)snprintf(want, sizeof(want), "<a href=\"%s\"></a>\n", cases[i].out);
        assert_string_equal(finish(&m), want);
        bytes_release(&page);
    }
}

static void bad_bytes_become_replacements(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a\x01z", "a\xef\xbf\xbdz"},
        {"\xff<", "\xef\xbf\xbd&lt;"},
        {"\xd0", "\xef\xbf\xbd"},
        {"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x80x", "\xef\xbf\xbdx"},
        {"\xc2\x85x", "\xef\xbf\xbdx"},
        {"\xc2\x9fx", "\xef\xbf\xbdx"},
        {"\xc2\xa0x", "\xc2\xa0x"},
        {"\r\n\t\x7f", "\xef\xbf\xbd\n\t\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct markup m;
        char want[200];

        start(&m);
        markup_open(&m, "p");
        markup_text(&m, slice_text(cases[i].in));
        markup_close(&m);
        (void)snprintf(want, sizeof(want), "<p>%s</p>\n", cases[i].out);
        assert_string_equal(finish(&m), want);
        bytes_release(&page);
    }
}

/* Every byte and every pair of bytes, in text and attribute: the shape never changes. */
static void no_pair_of_bytes_changes_the_shape(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        uint8_t two[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        struct markup m;
        struct html html;

        start(&m);
        markup_open(&m, "p");
        markup_attr(&m, "title", slice_of(two, 2));
        markup_text(&m, slice_of(two, 2));
        markup_close(&m);
        markup_end(&m);
        html_read(bytes_view(&page), &html);
        assert_string_equal(html.shape, " p");
        html_release(&html);
        bytes_release(&page);
    }
}

static void strings_of_attackers_stay_text(void **state)
{
    struct hostile hostile;

    (void)state;
    if (!hostile_open(&hostile)) {
        print_message("# SKIP ../shared/vectors/safety is absent\n");
        skip();
    }
    assert_true(hostile.count > 700);
    for (size_t i = 0; i < hostile.count; i++) {
        struct markup m;
        struct html html;
        struct bytes twice;

        start(&m);
        markup_open(&m, "p");
        markup_attr(&m, "title", hostile.item[i]);
        markup_text(&m, hostile.item[i]);
        markup_foreign(&m, hostile.item[i], hostile.item[i]);
        markup_close(&m);
        markup_end(&m);
        html_read(bytes_view(&page), &html);
        assert_string_equal(html.shape, " p bdi");
        /* Nothing was lost either: what went in can be read back (controls apart). */
        if (text_check(hostile.item[i], TEXT_NEWLINES, SIZE_MAX, "item", NULL) == SH_OK) {
            bytes_init(&twice, 1 << 20);
            bytes_slice(&twice, hostile.item[i]);
            bytes_slice(&twice, hostile.item[i]);
            bytes_text(&twice, "\n");
            assert_true(
                slice_equal(bytes_view(&twice), slice_of(html.text.ptr, html.text.len - 1)));
            bytes_release(&twice);
        }
        html_release(&html);
        bytes_release(&page);
    }
    hostile_close(&hostile);
}

/* XML: empty elements say so, prefixes stand, and no character that XML has not. */
static void xml_and_parts(void **state)
{
    struct markup m;

    (void)state;
    bytes_init(&page, 1 << 10);
    markup_start_xml(&m, &page);
    markup_open(&m, "podcast:alternateEnclosure");
    markup_attr(&m, "type", slice_text("video/mp4"));
    markup_void(&m, "podcast:source");
    markup_attr(&m, "uri", slice_text("https://h/?a&b"));
    markup_void(&m, "br");
    markup_open(&m, "p");
    markup_close(&m);
    markup_text(&m, slice_text("]]>\xef\xbf\xbe"));
    markup_close(&m);
    assert_string_equal(finish(&m),
                        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                        "<podcast:alternateEnclosure type=\"video/mp4\"><podcast:source "
                        "uri=\"https://h/?a&amp;b\"/><br/><p></p>]]&gt;\xef\xbf\xbd"
                        "</podcast:alternateEnclosure>\n");
    bytes_clear(&page);
    markup_start_part(&m, &page);
    markup_open(&m, "p");
    markup_void(&m, "br");
    markup_close(&m);
    assert_string_equal(finish(&m), "<p><br></p>");
    bytes_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_and_parts),
        cmocka_unit_test(elements_and_attributes),
        cmocka_unit_test(paths_stay_relative),
        cmocka_unit_test(bad_bytes_become_replacements),
        cmocka_unit_test(no_pair_of_bytes_changes_the_shape),
        cmocka_unit_test(strings_of_attackers_stay_text),
    };

    return cmocka_run_group_tests_name("markup", tests, NULL, NULL);
}
