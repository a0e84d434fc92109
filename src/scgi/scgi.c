/* SCGI: one strict reading of a request, one way to write an answer. */
#include "scgi/scgi.h"

#include <string.h>

#define LENGTH_DIGITS                                                                          \
    6 /* Not a cap: digits of LIMIT_SCGI_BYTES, and one more to see it passed */

/* "digits:" of the netstring; no leading zeros, as netstrings have none. */
static int length_read(struct slice input, size_t *head, uint64_t *len, struct why *why)
{
    size_t digits = 0;

    while (digits < input.len && digits < LENGTH_DIGITS && input.ptr[digits] >= '0' &&
           input.ptr[digits] <= '9')
        digits++;
    if (digits == input.len && digits < LENGTH_DIGITS && (digits < 2 || input.ptr[0] != '0'))
        return SCGI_MORE;
    if (digits == 0 || digits == input.len || input.ptr[digits] != ':' ||
        !decimal_parse(slice_sub(input, 0, digits), UINT32_MAX, len))
        return why_set(why, SH_EFORMAT, 0,
                       "request: expected the length of a netstring and a colon");
    if (*len > LIMIT_SCGI_BYTES)
        return why_set(why, SH_ELIMIT, 0, "request: a head of %llu bytes, allowed are %d",
                       (unsigned long long)*len, LIMIT_SCGI_BYTES);
    *head = digits + 1;
    return SH_OK;
}

struct pair {
    struct slice name, value;
};

/* The pair at *at, which is moved behind it; false when it is cut off. */
static bool pair_next(struct slice pairs, size_t *at, struct pair *out)
{
    size_t name = slice_find(pairs, *at, 0);
    size_t value = name < pairs.len ? slice_find(pairs, name + 1, 0) : pairs.len;

    if (value >= pairs.len)
        return false;
    out->name = slice_sub(pairs, *at, name - *at);
    out->value = slice_sub(pairs, name + 1, value - name - 1);
    *at = value + 1;
    return true;
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    return name.len > 0;
}

static bool is_repeated(struct slice pairs, size_t before, struct slice name)
{
    struct pair pair;
    size_t at = 0;

    while (at < before && pair_next(pairs, &at, &pair))
        if (slice_equal(pair.name, name))
            return true;
    return false;
}

static int pairs_check(struct scgi_request *request, struct why *why)
{
    struct slice pairs = request->pairs;
    bool is_scgi = false;
    struct pair pair;
    size_t at = 0;

    while (at < pairs.len) {
        size_t start = at;

        if (request->count == LIMIT_SCGI_PAIRS)
            return why_set(why, SH_ELIMIT, start, "request: more than %d fields",
                           LIMIT_SCGI_PAIRS);
        if (!pair_next(pairs, &at, &pair) || !is_name(pair.name))
            return why_set(why, SH_EFORMAT, start, "request: field %zu is no name and value",
                           request->count);
        if (is_repeated(pairs, start, pair.name))
            return why_set(why, SH_EFORMAT, start, "request: field %zu is there twice",
                           request->count);
        if (start == 0 && (!slice_equal(pair.name, slice_text("CONTENT_LENGTH")) ||
                           !decimal_parse(pair.value, UINT64_MAX, &request->said)))
            return why_set(why, SH_EFORMAT, start,
                           "request: expected CONTENT_LENGTH first, with a number");
        if (slice_equal(pair.name, slice_text("SCGI")))
            is_scgi = slice_equal(pair.value, slice_text("1"));
        request->count++;
    }
    if (!is_scgi)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "request: expected the field SCGI = 1");
    return SH_OK;
}

int scgi_parse(struct slice input, struct scgi_request *out, struct why *why)
{
    struct scgi_request request = {0};
    uint64_t len = 0;
    size_t head = 0;
    int rc = length_read(input, &head, &len, why);

    if (rc != SH_OK)
        return rc;
    if (input.len - head <= len) /* The comma belongs to it. */
        return SCGI_MORE;
    if (input.ptr[head + len] != ',')
        return why_set(why, SH_EFORMAT, head + len,
                       "request: expected a comma after %llu bytes of head",
                       (unsigned long long)len);
    request.pairs = slice_sub(input, head, (size_t)len);
    request.head_bytes = head + (size_t)len + 1;
    rc = pairs_check(&request, why);
    if (rc == SH_OK)
        *out = request;
    return rc;
}

bool scgi_get(const struct scgi_request *request, const char *name, struct slice *out)
{
    struct pair pair;
    size_t at = 0;

    while (pair_next(request->pairs, &at, &pair))
        if (slice_equal(pair.name, slice_text(name))) {
            if (pair.value.len)
                *out = pair.value;
            return pair.value.len > 0;
        }
    return false;
}

int scgi_body(const struct scgi_request *request, uint64_t max, uint64_t *out, struct why *why)
{
    struct slice text;
    uint64_t len;

    if (!scgi_get(request, "HTTP_CONTENT_LENGTH", &text)) {
        if (request->said)
            return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                           "request: a body without HTTP_CONTENT_LENGTH");
        *out = 0;
        return SH_OK;
    }
    if (!decimal_parse(text, UINT64_MAX, &len) || len < request->said)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "request: expected in HTTP_CONTENT_LENGTH a number, CONTENT_LENGTH or "
                       "more");
    if (len > max)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "request: a body of %llu bytes, allowed are %llu",
                       (unsigned long long)len, (unsigned long long)max);
    *out = len;
    return SH_OK;
}

static const char *reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } REASONS[] = {{200, "OK"},
                   {303, "See Other"},
                   {400, "Bad Request"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {411, "Length Required"},
                   {413, "Content Too Large"},
                   {422, "Unprocessable Content"},
                   {500, "Internal Server Error"}};

    for (size_t i = 0; i < COUNT_OF(REASONS); i++)
        if (REASONS[i].status == status)
            return REASONS[i].text;
    bug("scgi: a status without a reason");
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

int scgi_answer_build(const struct scgi_answer *answer, struct bytes *out, struct why *why)
{
    for (size_t i = 0; i < answer->count; i++)
        if (has_control(answer->fields[i].name) || has_control(answer->fields[i].value))
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "answer: field %zu holds a control character", i);
    bytes_printf(out, "Status: %u %s\r\n", answer->status, reason(answer->status));
    for (size_t i = 0; i < answer->count; i++)
        bytes_printf(out, "%s: %s\r\n", answer->fields[i].name, answer->fields[i].value);
    bytes_printf(out, "Content-Length: %zu\r\n\r\n", answer->body.len);
    bytes_slice(out, answer->body);
    return bytes_check(out, why);
}
