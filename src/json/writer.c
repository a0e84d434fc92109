/* Writing: canonical bytes (RFC 8785) and the answers of commands. */
#include "json/json.h"

/* Bytes of the well-formed character at text[at], or 0. */
static size_t character(struct slice text, size_t at)
{
    for (size_t len = 1; len <= 4 && len <= text.len - at; len++)
        if (text_is_utf8(slice_sub(text, at, len)))
            return len;
    return 0;
}

static void put_ascii(struct bytes *out, uint8_t c)
{
    static const char names[] = "btn\0fr"; /* U+0008 .. U+000D, U+000B has none */

    if (c == '"' || c == '\\') {
        bytes_u8(out, '\\');
        bytes_u8(out, c);
    } else if (c >= 0x20) {
        bytes_u8(out, c);
    } else if (c >= 8 && c <= 13 && c != 11) {
        bytes_u8(out, '\\');
        bytes_u8(out, (uint8_t)names[c - 8]);
    } else {
        bytes_printf(out, "\\u%04x", (unsigned)c);
    }
}

void json_string_build(struct bytes *out, struct slice text)
{
    size_t len;

    bytes_u8(out, '"');
    for (size_t at = 0; at < text.len; at += len ? len : 1) {
        len = text.ptr[at] < 0x80 ? 1 : character(text, at);
        if (!len)
            bytes_text(out, "\xef\xbf\xbd");
        else if (len == 1)
            put_ascii(out, text.ptr[at]);
        else
            bytes_append(out, text.ptr + at, len);
    }
    bytes_u8(out, '"');
}

static void put_name(struct bytes *out, const struct json_value *value)
{
    const struct json_value *parent = value->parent;

    if (!parent)
        return;
    if (value != (parent->type == JSON_OBJECT ? parent->first_by_name : parent->first))
        bytes_u8(out, ',');
    if (parent->type == JSON_OBJECT) {
        json_string_build(out, value->name);
        bytes_u8(out, ':');
    }
}

/* The value itself, or the opening of an array or object. */
static int put_value(struct bytes *out, const struct json_value *value, struct why *why)
{
    uint64_t number;

    if (value->next_by_name && slice_equal(value->name, value->next_by_name->name))
        return why_set(why, SH_EFORMAT, value->next_by_name->offset,
                       "a name at byte %zu that stood before", value->next_by_name->offset);
    switch (value->type) {
    case JSON_NULL:
        return why_set(why, SH_EFORMAT, value->offset,
                       "null at byte %zu; what is not there is left out", value->offset);
    case JSON_FALSE:
        bytes_text(out, "false");
        return SH_OK;
    case JSON_TRUE:
        bytes_text(out, "true");
        return SH_OK;
    case JSON_NUMBER:
        if (!json_integer(value, JSON_INTEGER_MAX, &number))
            return why_set(why, SH_EFORMAT, value->offset,
                           "a number at byte %zu that is not an integer 0..2^53-1",
                           value->offset);
        bytes_slice(out, value->text);
        return SH_OK;
    case JSON_STRING:
        json_string_build(out, value->text);
        return SH_OK;
    case JSON_ARRAY:
        bytes_text(out, value->first ? "[" : "[]");
        return SH_OK;
    case JSON_OBJECT:
        bytes_text(out, value->first ? "{" : "{}");
        return SH_OK;
    }
    bug("json_canonical: a type that does not exist");
}

/* The value that follows in canonical order; closes what ends.  NULL after the last. */
static const struct json_value *advance(struct bytes *out, const struct json_value *root,
                                        const struct json_value *value)
{
    const struct json_value *next;

    if (value->first)
        return value->type == JSON_OBJECT ? value->first_by_name : value->first;
    while (value != root) {
        next = value->parent->type == JSON_OBJECT ? value->next_by_name : value->next;
        if (next)
            return next;
        value = value->parent;
        bytes_u8(out, value->type == JSON_OBJECT ? '}' : ']');
    }
    return NULL;
}

int json_canonical(const struct json_value *root, struct bytes *out, struct why *why)
{
    int rc;

    for (const struct json_value *at = root; at; at = advance(out, root, at)) {
        if (at != root)
            put_name(out, at);
        rc = put_value(out, at, why);
        if (rc < 0)
            return rc;
    }
    return bytes_check(out, why);
}

void json_writer_init(struct json_writer *writer, struct bytes *out)
{
    *writer = (struct json_writer){.out = out};
}

static void lead_name(struct json_writer *writer, struct slice name)
{
    uint64_t bit = UINT64_C(1) << writer->depth;

    if (((writer->objects & bit) != 0) != (name.ptr != NULL))
        bug("json_writer: a member without a name, or a name outside of an object");
    if ((writer->started & bit) != 0) {
        if (!writer->depth)
            bug("json_writer: two outermost values");
        bytes_u8(writer->out, ',');
    }
    writer->started |= bit;
    if (!name.ptr)
        return;
    json_string_build(writer->out, name);
    bytes_u8(writer->out, ':');
}

static void lead(struct json_writer *writer, const char *name)
{
    lead_name(writer, name ? slice_text(name) : slice_of(NULL, 0));
}

static void open_nest(struct json_writer *writer, const char *name, bool object)
{
    uint64_t bit;

    lead(writer, name);
    if (++writer->depth >= LIMIT_JSON_DEPTH)
        bug("json_writer: nested too deep");
    bit = UINT64_C(1) << writer->depth;
    writer->started &= ~bit;
    writer->objects = object ? writer->objects | bit : writer->objects & ~bit;
    bytes_u8(writer->out, object ? '{' : '[');
}

static void close_nest(struct json_writer *writer, bool object)
{
    uint64_t bit = UINT64_C(1) << writer->depth;

    if (!writer->depth || ((writer->objects & bit) != 0) != object)
        bug("json_writer: closed what was not open");
    writer->depth--;
    bytes_u8(writer->out, object ? '}' : ']');
}

void json_object_open(struct json_writer *writer, const char *name)
{
    open_nest(writer, name, true);
}

void json_object_close(struct json_writer *writer)
{
    close_nest(writer, true);
}

void json_array_open(struct json_writer *writer, const char *name)
{
    open_nest(writer, name, false);
}

void json_array_close(struct json_writer *writer)
{
    close_nest(writer, false);
}

void json_put_slice(struct json_writer *writer, const char *name, struct slice text)
{
    lead(writer, name);
    json_string_build(writer->out, text);
}

void json_put_member(struct json_writer *writer, struct slice name, struct slice text)
{
    lead_name(writer, name.ptr ? name : slice_text(""));
    json_string_build(writer->out, text);
}

void json_put_text(struct json_writer *writer, const char *name, const char *text)
{
    json_put_slice(writer, name, slice_text(text));
}

void json_put_number(struct json_writer *writer, const char *name, uint64_t value)
{
    lead(writer, name);
    bytes_printf(writer->out, "%llu", (unsigned long long)value);
}

void json_put_bool(struct json_writer *writer, const char *name, bool value)
{
    lead(writer, name);
    bytes_text(writer->out, value ? "true" : "false");
}

void json_put_hex(struct json_writer *writer, const char *name, struct slice data)
{
    lead(writer, name);
    bytes_u8(writer->out, '"');
    for (size_t i = 0; i < data.len; i++)
        bytes_printf(writer->out, "%02x", (unsigned)data.ptr[i]);
    bytes_u8(writer->out, '"');
}

void json_put_json(struct json_writer *writer, const char *name, struct slice json)
{
    lead(writer, name);
    bytes_slice(writer->out, json);
}
