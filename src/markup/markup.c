/* Writing HTML and XML. */
#include "markup/markup.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static void end_tag_start(struct markup *m)
{
    if (m->in_tag)
        bytes_text(m->out, m->empty ? "/>" : ">");
    m->in_tag = false;
    m->empty = false;
}

void markup_start(struct markup *m, struct bytes *out)
{
    *m = (struct markup){.out = out};
    bytes_text(out, "<!doctype html>\n");
}

void markup_start_xml(struct markup *m, struct bytes *out)
{
    *m = (struct markup){.out = out, .xml = true};
    bytes_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
}

void markup_start_part(struct markup *m, struct bytes *out)
{
    *m = (struct markup){.out = out, .part = true};
}

void markup_end(struct markup *m)
{
    end_tag_start(m);
    if (m->depth)
        bug("markup_end with open elements");
    if (!m->part)
        bytes_u8(m->out, '\n');
}

void markup_open(struct markup *m, const char *name)
{
    markup_void(m, name);
    m->empty = false;
    if (m->depth == MARKUP_DEPTH)
        bug("markup_open too deep");
    m->open[m->depth++] = name;
}

void markup_void(struct markup *m, const char *name)
{
    end_tag_start(m);
    bytes_u8(m->out, '<');
    bytes_text(m->out, name);
    m->in_tag = true;
    m->empty = m->xml;
}

void markup_close(struct markup *m)
{
    end_tag_start(m);
    if (!m->depth)
        bug("markup_close without an open element");
    bytes_text(m->out, "</");
    bytes_text(m->out, m->open[--m->depth]);
    bytes_u8(m->out, '>');
}

/* Length of the well-formed character at text[at], 0 when there is none. */
static size_t character(struct slice text, size_t at)
{
    uint8_t first = text.ptr[at];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (len > text.len - at || !text_is_utf8(slice_sub(text, at, len)))
        return 0;
    return len;
}

/* Controls, and U+FFFE and U+FFFF: XML 2.2 has neither. */
static bool is_control(struct slice text, size_t at)
{
    uint8_t c = text.ptr[at];

    if (c == 0xc2 && text.len - at > 1) /* C1: U+0080..U+009F */
        return text.ptr[at + 1] < 0xa0;
    if (c == 0xef && text.len - at > 2)
        return text.ptr[at + 1] == 0xbf && text.ptr[at + 2] >= 0xbe;
    return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

/* Both quotes are escaped everywhere: no caller needs to think where the text goes. */
static const char *entity(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Most bytes of a page: ASCII that stands for itself. */
static bool is_plain(uint8_t c)
{
    /* A bit for each of 0x20..0x3f, without " & ' < > */
    const uint32_t low = 0xafffff3b;

    return c >= 0x20 && c < 0x7f && (c >= 0x40 || (low >> (c - 0x20) & 1));
}

static void escape(struct bytes *out, struct slice text)
{
    size_t from = 0, len;
    const char *instead;

    for (size_t at = 0; at < text.len; at += len ? len : 1) {
        while (at < text.len && is_plain(text.ptr[at]))
            at++;
        if (at == text.len)
            break;
        len = text.ptr[at] < 0x80 ? 1 : character(text, at);
        instead = !len || is_control(text, at) ? REPLACEMENT : entity(text.ptr[at]);
        if (!instead)
            continue;
        bytes_slice(out, slice_sub(text, from, at - from));
        bytes_text(out, instead);
        from = at + (len ? len : 1);
    }
    bytes_slice(out, slice_sub(text, from, text.len - from));
}

static void begin_attr(struct markup *m, const char *name)
{
    if (!m->in_tag)
        bug("markup attribute outside of a start tag");
    bytes_u8(m->out, ' ');
    bytes_text(m->out, name);
}

void markup_attr(struct markup *m, const char *name, struct slice value)
{
    begin_attr(m, name);
    bytes_text(m->out, "=\"");
    escape(m->out, value);
    bytes_u8(m->out, '"');
}

void markup_attr_number(struct markup *m, const char *name, uint64_t value)
{
    begin_attr(m, name);
    bytes_printf(m->out, "=\"%llu\"", (unsigned long long)value);
}

void markup_flag(struct markup *m, const char *name)
{
    if (m->xml)
        bug("markup_flag in XML, where every attribute has a value");
    begin_attr(m, name);
}

/* RFC 3986 unreserved characters and the slash stand as they are. */
static bool is_path_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/", c));
}

void markup_attr_path(struct markup *m, const char *name, unsigned up, const char *path)
{
    begin_attr(m, name);
    bytes_text(m->out, "=\"");
    for (unsigned i = 0; i < up; i++)
        bytes_text(m->out, "../");
    while (*path == '/') /* A leading slash would leave the tree, two would name a host. */
        path++;
    for (; *path; path++) {
        if (is_path_byte((uint8_t)*path))
            bytes_u8(m->out, (uint8_t)*path);
        else
            bytes_printf(m->out, "%%%02X", (uint8_t)*path);
    }
    bytes_u8(m->out, '"');
}

void markup_text(struct markup *m, struct slice text)
{
    end_tag_start(m);
    escape(m->out, text);
}

void markup_foreign(struct markup *m, struct slice lang, struct slice text)
{
    markup_open(m, "bdi");
    if (lang.len)
        markup_attr(m, "lang", lang);
    markup_text(m, text);
    markup_close(m);
}

void markup_element(struct markup *m, const char *name, const char *class, struct slice text)
{
    markup_open(m, name);
    if (class)
        markup_attr(m, "class", slice_text(class));
    markup_text(m, text);
    markup_close(m);
}

void markup_style(struct markup *m, const char *css)
{
    if (strstr(css, "</"))
        bug("markup_style with an end tag in it");
    markup_open(m, "style");
    end_tag_start(m);
    bytes_text(m->out, css);
    markup_close(m);
}

void markup_script(struct markup *m, const char *script)
{
    if (strstr(script, "</") || strstr(script, "<!"))
        bug("markup_script with an end tag or a comment in it");
    markup_open(m, "script");
    end_tag_start(m);
    bytes_text(m->out, script);
    markup_close(m);
}

void markup_newline(struct markup *m)
{
    end_tag_start(m);
    bytes_u8(m->out, '\n');
}
