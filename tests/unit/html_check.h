/*
 * A small strict reader of the HTML that markup writes: every element closed in order, every
 * attribute quoted or a flag, none twice, no bare '<' or '>' in text.  It fails the test.
 */
#ifndef HTML_CHECK_H
#define HTML_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

struct html {
    struct bytes text;      /* all character data, decoded, style and script left out */
    struct bytes values;    /* all values of attributes, decoded, LF between */
    struct bytes addresses; /* values of href, src, poster, LF between */
    char shape[60000];      /* " html head meta ..." : start tags in order */
    size_t shape_len;
};

static const char *html_at; /* where the reader stands, for messages */
#define HTML_NEED(condition)                                                                   \
    do {                                                                                       \
        if (!(condition))                                                                      \
            fail_msg("HTML at \"%.60s\": needed " #condition, html_at);                        \
    } while (0)

static inline bool html_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Decode character data up to stop; only the five entities that markup writes. */
static inline const char *html_data(const char *p, char stop, struct bytes *out)
{
    static const struct {
        const char *name;
        char value;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};

    while (*p && *p != stop) {
        size_t i = 0;

        html_at = p;
        HTML_NEED(*p != '<' && *p != '>' && *p != '"');
        if (*p != '&') {
            bytes_u8(out, (uint8_t)*p++);
            continue;
        }
        while (i < COUNT_OF(entities) &&
               strncmp(p, entities[i].name, strlen(entities[i].name)) != 0)
            i++;
        HTML_NEED(i < COUNT_OF(entities));
        bytes_u8(out, (uint8_t)entities[i].value);
        p += strlen(entities[i].name);
    }
    return p;
}

static inline const char *html_attributes(const char *p, struct html *html)
{
    char seen[1000] = " ";

    while (*p == ' ') {
        char name[40];
        size_t len = 0;

        html_at = ++p;
        while (html_name_byte(p[len]))
            len++;
        HTML_NEED(len > 0 && len < sizeof(name) - 2);
        (void)snprintf(name, sizeof(name), " %.*s ", (int)len, p);
        HTML_NEED(!strstr(seen, name));
        (void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s", name + 1);
        HTML_NEED(strncmp(name, " on", 3) != 0 && strcmp(name, " style ") != 0);
        p += len;
        if (*p != '=')
            continue;
        HTML_NEED(p[1] == '"');
        if (strstr(" href src poster ", name)) {
            (void)html_data(p + 2, '"', &html->addresses);
            bytes_u8(&html->addresses, '\n');
        }
        p = html_data(p + 2, '"', &html->values);
        bytes_u8(&html->values, '\n');
        HTML_NEED(*p == '"');
        p++;
    }
    return p;
}

/* Read a whole page (or fragment); release with html_release. */
static inline void html_read(struct slice page, struct html *html)
{
    static const char voids[] = " meta link img source br ";
    char stack[40][16], *copy = malloc(page.len + 1);
    size_t depth = 0;
    const char *p = copy;

    assert_non_null(copy);
    memcpy(copy, page.ptr, page.len);
    copy[page.len] = '\0';
    assert_int_equal(strlen(copy), page.len);
    assert_true(text_is_utf8(page));
    memset(html, 0, sizeof(*html));
    bytes_init(&html->text, 1 << 20);
    bytes_init(&html->values, 1 << 20);
    bytes_init(&html->addresses, 1 << 20);
    if (strncmp(p, "<!doctype html>", 15) == 0)
        p += 15;
    while (*p) {
        char name[16];
        size_t len = 0;
        bool closing;

        p = html_data(p, '<', &html->text);
        html_at = p;
        if (!*p)
            break;
        closing = p[1] == '/';
        p += closing ? 2 : 1;
        while (html_name_byte(p[len]))
            len++;
        HTML_NEED(len > 0 && len < sizeof(name) - 2);
        (void)snprintf(name, sizeof(name), "%.*s", (int)len, p);
        p += len;
        if (closing) {
            HTML_NEED(depth > 0 && strcmp(stack[depth - 1], name) == 0 && *p == '>');
            depth--;
            p++;
            continue;
        }
        html->shape_len += (size_t)snprintf(html->shape + html->shape_len,
                                            sizeof(html->shape) - html->shape_len, " %s", name);
        assert_true(html->shape_len < sizeof(html->shape));
        p = html_attributes(p, html);
        HTML_NEED(*p == '>');
        p++;
        (void)snprintf(name + strlen(name), sizeof(name) - strlen(name), " ");
        if (strstr(voids, name) && strstr(voids, name)[-1] == ' ')
            continue;
        HTML_NEED(depth < COUNT_OF(stack));
        (void)snprintf(stack[depth], sizeof(stack[depth]), "%.*s", (int)len, name);
        if (strcmp(stack[depth], "style") == 0 || strcmp(stack[depth], "script") == 0) {
            p = strstr(p, "</");
            assert_non_null(p);
        }
        depth++;
    }
    html_at = "the end";
    HTML_NEED(depth == 0);
    bytes_u8(&html->text, '\0');
    bytes_u8(&html->values, '\0');
    bytes_u8(&html->addresses, '\0');
    assert_int_equal(bytes_check(&html->text, NULL), SH_OK);
    assert_int_equal(bytes_check(&html->values, NULL), SH_OK);
    free(copy);
}

static inline void html_release(struct html *html)
{
    bytes_release(&html->text);
    bytes_release(&html->values);
    bytes_release(&html->addresses);
}

static inline const char *html_text(const struct html *html)
{
    return (const char *)html->text.ptr;
}

/* How many elements of that name. */
static inline size_t html_count(const struct html *html, const char *name)
{
    size_t count = 0, len = strlen(name);

    for (const char *p = html->shape; (p = strstr(p, name)); p += len)
        count += p[-1] == ' ' && (p[len] == ' ' || !p[len]);
    return count;
}

#endif
