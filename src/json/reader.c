/* The strict reader: one pass, no recursion; a node's parent is the stack. */
#include "json/json.h"

#include <string.h>

struct reader {
    struct slice raw;
    size_t at;
    unsigned depth, depth_max;
    size_t values;
    bool names_repeat; /* A name may stand twice: RFC 8259 4 only advises against it. */
    struct arena *arena;
    struct json_value *parent;
    struct slice name; /* of the member about to be read */
    struct why *why;
};

enum step { STEP_VALUE, STEP_NAME, STEP_AFTER, STEP_END };

static int refuse(struct reader *rd, const char *what)
{
    return why_set(rd->why, SH_EFORMAT, rd->at, "JSON: %s at byte %zu (RFC 8259)", what,
                   rd->at);
}

/* The byte at the reading position, or -1 at the end. */
static int peek(const struct reader *rd)
{
    return rd->at < rd->raw.len ? rd->raw.ptr[rd->at] : -1;
}

static void skip_space(struct reader *rd)
{
    int c = peek(rd);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        rd->at++;
        c = peek(rd);
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct reader *rd)
{
    size_t from = rd->at;

    while (is_digit(peek(rd)))
        rd->at++;
    return rd->at - from;
}

/* RFC 8259 6: [minus] int [frac] [exp]. */
static int read_number(struct reader *rd, struct json_value *value)
{
    size_t from = rd->at;

    if (peek(rd) == '-')
        rd->at++;
    if (peek(rd) == '0')
        rd->at++;
    else if (!skip_digits(rd))
        return refuse(rd, "a number without a digit");
    if (peek(rd) == '.') {
        rd->at++;
        if (!skip_digits(rd))
            return refuse(rd, "no digit after the decimal point");
    }
    if (peek(rd) == 'e' || peek(rd) == 'E') {
        rd->at++;
        if (peek(rd) == '+' || peek(rd) == '-')
            rd->at++;
        if (!skip_digits(rd))
            return refuse(rd, "no digit in the exponent");
    }
    value->type = JSON_NUMBER;
    value->text = slice_sub(rd->raw, from, rd->at - from);
    return SH_OK;
}

static int read_hex4(struct reader *rd, uint32_t *out)
{
    uint32_t value = 0;
    int c;

    for (size_t i = 0; i < 4; i++) {
        c = peek(rd);
        if (is_digit(c))
            c -= '0';
        else if (c >= 'a' && c <= 'f')
            c -= 'a' - 10;
        else if (c >= 'A' && c <= 'F')
            c -= 'A' - 10;
        else
            return refuse(rd, "\\u without four hex digits");
        value = value << 4 | (uint32_t)c;
        rd->at++;
    }
    *out = value;
    return SH_OK;
}

static size_t put_utf8(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* After "\u": one code point, from a pair of escapes when it is a surrogate. */
static int read_unicode(struct reader *rd, uint32_t *code)
{
    uint32_t low;
    int rc = read_hex4(rd, code);

    if (rc < 0 || *code < 0xd800 || *code > 0xdfff)
        return rc;
    if (*code >= 0xdc00 || peek(rd) != '\\')
        return refuse(rd, "a surrogate without its partner");
    rd->at++;
    if (peek(rd) != 'u')
        return refuse(rd, "a surrogate without its partner");
    rd->at++;
    rc = read_hex4(rd, &low);
    if (rc < 0)
        return rc;
    if (low < 0xdc00 || low > 0xdfff)
        return refuse(rd, "a surrogate without its partner");
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return SH_OK;
}

static int read_escape(struct reader *rd, uint8_t *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *hit;
    uint32_t code = 0;
    int c = peek(rd);
    int rc;

    if (c == 'u') {
        rd->at++;
        rc = read_unicode(rd, &code);
        if (rc < 0)
            return rc;
        *len += put_utf8(out + *len, code);
        return SH_OK;
    }
    hit = c > 0 ? strchr(from, c) : NULL;
    if (!hit)
        return refuse(rd, "an escape that does not exist");
    out[(*len)++] = (uint8_t)to[hit - from];
    rd->at++;
    return SH_OK;
}

/* Decode the string whose text is raw[from..end), which holds escapes; never grows. */
static int decode_string(struct reader *rd, size_t end, struct slice *out)
{
    uint8_t *text = arena_take(rd->arena, end - rd->at);
    size_t len = 0;
    int rc;

    if (!text)
        return why_set(rd->why, SH_ENOMEM, rd->at, "JSON: no room for a string");
    while (rd->at < end) {
        if (rd->raw.ptr[rd->at] != '\\') {
            text[len++] = rd->raw.ptr[rd->at++];
            continue;
        }
        rd->at++;
        rc = read_escape(rd, text, &len);
        if (rc < 0)
            return rc;
    }
    *out = slice_of(text, len);
    return SH_OK;
}

/* At the opening quotation mark: the decoded text. */
static int read_string(struct reader *rd, struct slice *out)
{
    size_t from = ++rd->at;
    size_t end = from;
    bool escaped = false;
    uint8_t c;
    int rc;

    for (; end < rd->raw.len && rd->raw.ptr[end] != '"'; end++) {
        c = rd->raw.ptr[end];
        if (c < 0x20) {
            rd->at = end;
            return refuse(rd, "a control character inside of a string");
        }
        if (c == '\\') {
            escaped = true;
            end++;
        }
    }
    if (end >= rd->raw.len) {
        rd->at = rd->raw.len;
        return refuse(rd, "a string without its end");
    }
    if (escaped) {
        rc = decode_string(rd, end, out);
        if (rc < 0)
            return rc;
    } else {
        *out = slice_sub(rd->raw, from, end - from);
    }
    rd->at = end + 1;
    return SH_OK;
}

static int read_word(struct reader *rd, const char *word)
{
    size_t len = strlen(word);

    if (rd->raw.len - rd->at < len || memcmp(rd->raw.ptr + rd->at, word, len) != 0)
        return refuse(rd, "something that is not a value");
    rd->at += len;
    return SH_OK;
}

int json_name_compare(struct slice a, struct slice b)
{
    size_t both = a.len < b.len ? a.len : b.len;
    size_t i = 0;
    unsigned x, y;

    while (i < both && a.ptr[i] == b.ptr[i])
        i++;
    if (i == both)
        return (a.len > b.len) - (a.len < b.len);
    /* UTF-16 puts U+10000.. (lead bytes F0..F4) before U+E000..U+FFFF (EE, EF). */
    x = a.ptr[i] < 0xee ? a.ptr[i] : a.ptr[i] < 0xf0 ? a.ptr[i] + 16u : a.ptr[i] - 2u;
    y = b.ptr[i] < 0xee ? b.ptr[i] : b.ptr[i] < 0xf0 ? b.ptr[i] + 16u : b.ptr[i] - 2u;
    return x < y ? -1 : 1;
}

/* Take up to len nodes off *list, by next_by_name; returns the first of them. */
static struct json_value *cut(struct json_value **list, size_t len)
{
    struct json_value *first = *list;
    struct json_value *at = first;

    if (!first)
        return NULL;
    while (--len > 0 && at->next_by_name)
        at = at->next_by_name;
    *list = at->next_by_name;
    at->next_by_name = NULL;
    return first;
}

/* Append the merge of two sorted runs to *tail; returns where the next run goes. */
static struct json_value **merge(struct json_value **tail, struct json_value *a,
                                 struct json_value *b)
{
    while (a || b) {
        if (!b || (a && json_name_compare(a->name, b->name) <= 0)) {
            *tail = a;
            a = a->next_by_name;
        } else {
            *tail = b;
            b = b->next_by_name;
        }
        tail = &(*tail)->next_by_name;
    }
    return tail;
}

/* Sort the members bottom-up and find a name that stands twice (RFC 7493 2.3). */
static int close_object(struct reader *rd, struct json_value *object)
{
    struct json_value *rest, *a, *b, *sorted;
    struct json_value **tail;

    for (struct json_value *m = object->first; m; m = m->next)
        m->next_by_name = m->next;
    sorted = object->first;
    for (size_t width = 1; width < object->count; width *= 2) {
        rest = sorted;
        tail = &sorted;
        while (rest) {
            a = cut(&rest, width);
            b = cut(&rest, width);
            tail = merge(tail, a, b);
        }
        *tail = NULL;
    }
    object->first_by_name = sorted;
    if (rd->names_repeat)
        return SH_OK;
    for (struct json_value *m = sorted; m && m->next_by_name; m = m->next_by_name)
        if (slice_equal(m->name, m->next_by_name->name))
            return why_set(rd->why, SH_EFORMAT, m->next_by_name->offset,
                           "JSON: \"%.*s\" stands twice in one object (RFC 7493 2.3)",
                           (int)(m->name.len < 64 ? m->name.len : 64),
                           (const char *)m->name.ptr);
    return SH_OK;
}

static int attach(struct reader *rd, struct json_value **out)
{
    struct json_value *value;

    if (rd->values++ >= LIMIT_JSON_VALUES)
        return why_set(rd->why, SH_ELIMIT, rd->at, "JSON: more than %d values",
                       LIMIT_JSON_VALUES);
    value = arena_take(rd->arena, sizeof(*value));
    if (!value)
        return why_set(rd->why, SH_ENOMEM, rd->at, "JSON: no room for a value");
    value->offset = rd->at;
    value->parent = rd->parent;
    value->name = rd->name;
    rd->name = slice_of(NULL, 0);
    if (rd->parent) {
        if (rd->parent->last)
            rd->parent->last->next = value;
        else
            rd->parent->first = value;
        rd->parent->last = value;
        rd->parent->count++;
    }
    *out = value;
    return SH_OK;
}

/* An array or object begins: descend, or stay when it is empty. */
static int open_nest(struct reader *rd, struct json_value *value, enum step *step)
{
    int closer = value->type == JSON_OBJECT ? '}' : ']';

    if (rd->depth >= rd->depth_max)
        return why_set(rd->why, SH_ELIMIT, rd->at, "JSON: nested deeper than %u at byte %zu",
                       rd->depth_max, rd->at);
    rd->at++;
    skip_space(rd);
    if (peek(rd) == closer) {
        rd->at++;
        *step = STEP_AFTER;
        return SH_OK;
    }
    rd->depth++;
    rd->parent = value;
    *step = value->type == JSON_OBJECT ? STEP_NAME : STEP_VALUE;
    return SH_OK;
}

static int step_value(struct reader *rd, struct json_value **root, enum step *step)
{
    struct json_value *value = NULL;
    int rc;
    int c;

    skip_space(rd);
    rc = attach(rd, &value);
    if (rc < 0)
        return rc;
    if (!*root)
        *root = value;
    *step = STEP_AFTER;
    c = peek(rd);
    switch (c) {
    case '{':
    case '[':
        value->type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        return open_nest(rd, value, step);
    case '"':
        value->type = JSON_STRING;
        return read_string(rd, &value->text);
    case 't':
        value->type = JSON_TRUE;
        return read_word(rd, "true");
    case 'f':
        value->type = JSON_FALSE;
        return read_word(rd, "false");
    case 'n':
        value->type = JSON_NULL;
        return read_word(rd, "null");
    default:
        if (c != '-' && !is_digit(c))
            return refuse(rd, c < 0 ? "the text ends" : "something that is not a value");
        return read_number(rd, value);
    }
}

static int step_name(struct reader *rd, enum step *step)
{
    int rc;

    skip_space(rd);
    if (peek(rd) != '"')
        return refuse(rd, "a member without a name in quotation marks");
    rc = read_string(rd, &rd->name);
    if (rc < 0)
        return rc;
    skip_space(rd);
    if (peek(rd) != ':')
        return refuse(rd, "no colon after a name");
    rd->at++;
    *step = STEP_VALUE;
    return SH_OK;
}

static int step_after(struct reader *rd, enum step *step)
{
    struct json_value *parent = rd->parent;
    int c;

    skip_space(rd);
    c = peek(rd);
    if (!parent) {
        *step = STEP_END;
        return c < 0 ? SH_OK : refuse(rd, "something after the value");
    }
    if (c != ',' && c != (parent->type == JSON_OBJECT ? '}' : ']'))
        return refuse(rd, "neither a comma nor the end of an array or object");
    rd->at++;
    if (c == ',') {
        *step = parent->type == JSON_OBJECT ? STEP_NAME : STEP_VALUE;
        return SH_OK;
    }
    rd->depth--;
    rd->parent = parent->parent;
    return parent->type == JSON_OBJECT ? close_object(rd, parent) : SH_OK;
}

static int read_all(struct reader *rd, struct json_value **out)
{
    struct json_value *root = NULL;
    enum step step = STEP_VALUE;
    int rc = SH_OK;

    if (rd->depth_max < 1 || rd->depth_max > LIMIT_JSON_DEPTH)
        bug("json_parse: depth_max out of range");
    if (!text_is_utf8(rd->raw))
        return why_set(rd->why, SH_EFORMAT, 0, "JSON: not valid UTF-8 (RFC 8259 8.1)");
    while (rc == SH_OK && step != STEP_END) {
        if (step == STEP_VALUE)
            rc = step_value(rd, &root, &step);
        else if (step == STEP_NAME)
            rc = step_name(rd, &step);
        else
            rc = step_after(rd, &step);
    }
    if (rc == SH_OK)
        *out = root;
    return rc;
}

int json_parse(struct slice raw, unsigned depth_max, struct arena *arena,
               struct json_value **out, struct why *why)
{
    struct reader rd = {.raw = raw, .depth_max = depth_max, .arena = arena, .why = why};

    return read_all(&rd, out);
}

int json_read(struct slice raw, unsigned depth_max, struct arena *arena,
              struct json_value **out, struct why *why)
{
    struct reader rd = {
        .raw = raw, .depth_max = depth_max, .names_repeat = true, .arena = arena, .why = why};

    return read_all(&rd, out);
}

const struct json_value *json_member(const struct json_value *object, const char *name)
{
    struct slice wanted = slice_text(name);

    for (const struct json_value *m = object->first; m; m = m->next)
        if (slice_equal(m->name, wanted))
            return m;
    return NULL;
}

const struct json_value *json_walk(const struct json_value *root,
                                   const struct json_value *value)
{
    if (value->first)
        return value->first;
    while (value != root && !value->next)
        value = value->parent;
    return value == root ? NULL : value->next;
}

bool json_integer(const struct json_value *value, uint64_t max, uint64_t *out)
{
    if (value->type != JSON_NUMBER)
        return false;
    return decimal_parse(value->text, max < JSON_INTEGER_MAX ? max : JSON_INTEGER_MAX, out);
}
