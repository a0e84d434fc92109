/* An address taken apart, built again, and joined with a redirect's Location. */
#include "url/url.h"

#include <string.h>

#include "url/url_int.h"

#define LABEL_BYTES 63 /* RFC 1035 2.3.4 */
#define OTHER_BYTES 16 /* "https://", brackets, ":65535": so that what is built can be parsed */

static const struct scheme {
    const char *start;
    uint16_t port;
} schemes[] = {
    [URL_HTTP] = {"http://", 80},
    [URL_HTTPS] = {"https://", 443},
    [URL_SMTP] = {"smtp://", 587},
    [URL_SMTPS] = {"smtps://", 465},
};

static int refuse(struct why *why, size_t at, const char *rule)
{
    return why_set(why, SH_EFORMAT, at, "address: %s, at character %zu", rule, at + 1);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_letter(uint8_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* The length of "scheme:" at the start; 0 when there is none (RFC 3986 3.1). */
static size_t scheme_length(struct slice text)
{
    uint8_t c;

    for (size_t i = 0; i < text.len; i++) {
        c = text.ptr[i];
        if (c == ':' && i > 0)
            return i + 1;
        if (!is_letter(c) && (i == 0 || !(is_digit(c) || c == '+' || c == '-' || c == '.')))
            return 0;
    }
    return 0;
}

static bool starts_alike(struct slice text, const char *start, size_t len)
{
    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text.ptr[i]) != (uint8_t)start[i])
            return false;
    return true;
}

static int scheme_parse(struct slice text, struct url *out, size_t *at, struct why *why)
{
    size_t len = scheme_length(text);

    if (!len)
        return refuse(why, 0, "it must begin with https:// or another scheme");
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (len + 2 != strlen(schemes[i].start) || !starts_alike(text, schemes[i].start, len))
            continue;
        if (!starts_alike(text, schemes[i].start, len + 2))
            return refuse(why, len, "// must follow the scheme");
        out->scheme = (enum url_scheme)i;
        out->port = schemes[i].port;
        *at = len + 2;
        return SH_OK;
    }
    return why_set(why, SH_EUNSUPPORTED, 0,
                   "address: only http, https, smtp and smtps are supported");
}

/* Letters, digits, hyphens and underscores; 1..63 a label; hyphens inside only. */
static int name_parse(struct slice text, size_t at, struct url *out, struct why *why)
{
    size_t label = 0; /* where it begins */
    uint8_t c;

    for (size_t i = 0; i <= text.len; i++) {
        c = i < text.len ? lower(text.ptr[i]) : '.';
        if (c == '.') {
            if (i == label || i - label > LABEL_BYTES)
                return refuse(why, at + i, "a part of the host has no or too many letters");
            if (text.ptr[label] == '-' || text.ptr[i - 1] == '-')
                return refuse(why, at + i, "a part of the host begins or ends with a hyphen");
            if (i < text.len)
                label = i + 1;
        } else if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
            return refuse(why, at + i,
                          "the host has a character other than letters, digits, - and .");
        }
        if (i < text.len)
            out->host[i] = (char)c;
    }
    out->host[text.len] = '\0';
    out->host_kind = URL_NAME;
    /* URL standard, "ends in a number": browsers would read such a host as IPv4. */
    for (size_t i = label; i < text.len; i++)
        if (!is_digit(text.ptr[i]) &&
            !(i == label + 1 && lower(text.ptr[i]) == 'x' && text.ptr[label] == '0') &&
            !(i > label + 1 && text.ptr[label] == '0' && lower(text.ptr[label + 1]) == 'x' &&
              is_hex(text.ptr[i])))
            return SH_OK;
    return refuse(why, at + label,
                  "a host that ends in a number must be four numbers from 0 to 255");
}

static int host_parse(struct slice text, size_t at, struct url *out, struct why *why)
{
    if (!text.len)
        return refuse(why, at, "the host is missing");
    if (text.ptr[0] == '[') {
        if (text.ptr[text.len - 1] != ']' ||
            !url_v6_parse(slice_sub(text, 1, text.len - 2), out->address))
            return refuse(why, at, "what is in brackets is not an IPv6 address (RFC 4291 2.2)");
        url_v6_build(out->address, out->host);
        out->host_kind = URL_IPV6;
        return SH_OK;
    }
    if (url_v4_parse(text, out->address)) {
        memcpy(out->host, text.ptr, text.len);
        out->host[text.len] = '\0';
        out->host_kind = URL_IPV4;
        return SH_OK;
    }
    if (text.len > LIMIT_HOST_BYTES)
        return refuse(why, at, "the host is longer than 253 characters (RFC 1035 2.3.4)");
    return name_parse(text, at, out, why);
}

/* "host" or "host:port"; *port stays as it is without one. */
static int authority_parse(struct slice text, size_t at, struct url *out, struct why *why)
{
    size_t end = text.len && text.ptr[0] == '[' ? slice_find(text, 0, ']') + 1
                                                : slice_find(text, 0, ':');
    uint64_t port;
    int rc;

    if (slice_find(text, 0, '@') < text.len)
        return refuse(why, at, "user names and passwords are not allowed in it");
    if (end > text.len)
        return refuse(why, at, "a bracket is not closed");
    rc = host_parse(slice_sub(text, 0, end), at, out, why);
    if (rc != SH_OK || end == text.len)
        return rc;
    if (text.ptr[end] != ':' ||
        !decimal_parse(slice_sub(text, end + 1, text.len - end - 1), UINT16_MAX, &port) ||
        port == 0)
        return refuse(why, at + end, "a port must be a number from 1 to 65535");
    out->port = (uint16_t)port;
    return SH_OK;
}

/* RFC 3986: pchar / "/" in a path, and "?" in a query, where browsers change "'". */
static bool is_allowed(uint8_t c, bool in_query)
{
    if (is_letter(c) || is_digit(c))
        return true;
    if (c == '\'' || c == '?')
        return in_query ? c == '?' : c == '\'';
    return c && strchr("-._~!$&()*+,;=:@/", c);
}

static int path_check(struct slice text, size_t at, struct why *why)
{
    size_t query = slice_find(text, 0, '?');

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%') {
            if (text.len - i < 3 || !is_hex(text.ptr[i + 1]) || !is_hex(text.ptr[i + 2]))
                return refuse(why, at + i, "% must be followed by two hexadecimal digits");
            if (i < query && text.ptr[i + 1] == '2' && lower(text.ptr[i + 2]) == 'e')
                return refuse(why, at + i, "a dot must not be written as %2e");
            i += 2;
        } else if (i != query && !is_allowed(text.ptr[i], i > query)) {
            return refuse(why, at + i, "a character must be written as % and two digits");
        }
    }
    return SH_OK;
}

/* RFC 3986 5.2.4: from "/", "." and ".." taken out before the query; zeros behind. */
static void path_build(struct slice text, char *out)
{
    size_t query = slice_find(text, 0, '?');
    size_t len = 0;
    size_t at = 0;
    size_t end;
    struct slice part;

    while (at < query) {
        end = slice_find(slice_sub(text, 0, query), at + 1, '/');
        part = slice_sub(text, at + 1, end - at - 1);
        at = end;
        if (slice_equal(part, slice_text(".."))) {
            while (len > 0 && out[--len] != '/')
                continue;
            if (at == query)
                out[len++] = '/';
        } else if (slice_equal(part, slice_text("."))) {
            if (at == query)
                out[len++] = '/';
        } else {
            out[len++] = '/';
            if (part.len)
                memcpy(out + len, part.ptr, part.len);
            len += part.len;
        }
    }
    if (!len)
        out[len++] = '/';
    if (query < text.len)
        memcpy(out + len, text.ptr + query, text.len - query);
    len += text.len - query;
    memset(out + len, 0, LIMIT_URL_BYTES + 1 - len);
}

/* The first of / ? # at or after `from`, or the end. */
static size_t authority_end(struct slice text, size_t from)
{
    while (from < text.len && !strchr("/?#", text.ptr[from]))
        from++;
    return from;
}

static int characters_check(struct slice text, struct why *why)
{
    if (text.len > LIMIT_URL_BYTES)
        return why_set(why, SH_EFORMAT, LIMIT_URL_BYTES,
                       "address: it is longer than %d characters", LIMIT_URL_BYTES);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] > '~')
            return refuse(why, i,
                          "other than ASCII is not allowed; write a name in its xn-- form");
        if (text.ptr[i] <= ' ' || text.ptr[i] == '\\')
            return refuse(why, i, "spaces and backslashes are not allowed");
    }
    return SH_OK;
}

int url_parse(struct slice text, struct url *out, struct why *why)
{
    struct url found = {0};
    size_t at = 0;
    size_t end;
    struct slice path;
    int rc = characters_check(text, why);

    if (rc == SH_OK)
        rc = scheme_parse(text, &found, &at, why);
    if (rc != SH_OK)
        return rc;
    end = authority_end(text, at);
    rc = authority_parse(slice_sub(text, at, end - at), at, &found, why);
    if (rc != SH_OK)
        return rc;
    path = slice_sub(text, end, slice_find(text, end, '#') - end);
    rc = path_check(path, end, why);
    if (rc != SH_OK)
        return rc;
    path_build(path, found.path);
    if (found.scheme >= URL_SMTP && strcmp(found.path, "/") != 0)
        return refuse(why, end, "a mail server's address has no path");
    if (strlen(found.host) + strlen(found.path) + OTHER_BYTES > LIMIT_URL_BYTES)
        return why_set(why, SH_EFORMAT, end, "address: it is longer than %d characters",
                       LIMIT_URL_BYTES - OTHER_BYTES);
    *out = found;
    return SH_OK;
}

void url_build(const struct url *url, struct bytes *out)
{
    bytes_text(out, schemes[url->scheme].start);
    bytes_printf(out, url->host_kind == URL_IPV6 ? "[%s]" : "%s", url->host);
    if (url->port != schemes[url->scheme].port)
        bytes_printf(out, ":%u", (unsigned)url->port);
    bytes_text(out, url->path);
}

/* RFC 3986 5.2.2: what of the base stands before a location without a scheme. */
static size_t base_kept(struct slice base, struct slice location)
{
    size_t host = slice_find(base, 0, '/') + 2;
    size_t path = slice_find(base, host, '/');
    size_t query = slice_find(base, path, '?');

    if (slice_starts(location, "//"))
        return host - 2;
    if (slice_starts(location, "/"))
        return path;
    if (!location.len || location.ptr[0] == '#')
        return base.len;
    if (location.ptr[0] == '?')
        return query;
    while (base.ptr[query - 1] != '/')
        query--;
    return query;
}

int url_join(const struct url *base, struct slice location, struct url *out, struct why *why)
{
    char text[2 * LIMIT_URL_BYTES + LIMIT_HOST_BYTES + 32];
    struct bytes built;
    size_t kept;
    int rc = characters_check(location, why);

    if (rc != SH_OK)
        return rc;
    if (scheme_length(location))
        return url_parse(location, out, why);
    bytes_init(&built, sizeof(text));
    url_build(base, &built);
    rc = bytes_check(&built, why);
    if (rc == SH_OK) {
        kept = base_kept(bytes_view(&built), location);
        memcpy(text, built.ptr, kept);
        if (location.len)
            memcpy(text + kept, location.ptr, location.len);
        rc = url_parse(slice_of(text, kept + location.len), out, why);
    }
    bytes_release(&built);
    return rc;
}

int url_allowed_parse(struct slice text, struct url_allowed *out, struct why *why)
{
    struct url found = {0};
    int rc = characters_check(text, why);

    if (rc == SH_OK)
        rc = authority_parse(text, 0, &found, why);
    if (rc != SH_OK)
        return rc;
    memcpy(out->host, found.host, sizeof(out->host));
    out->port = found.port;
    return SH_OK;
}
