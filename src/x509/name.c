/* Names: RFC 5280 4.1.2.4; their texts for people. */
#include "x509/x509_int.h"

#include <string.h>

struct part {
    struct slice oid;
    struct der_item value;
};

/*
 * Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value ANY }: the next type and value; *set
 * is what is left of the set being read.  1, 0 at the end, or an error.
 */
static int next_part(struct slice *rest, struct slice *set, struct part *out, struct why *why)
{
    struct der_item item;
    struct slice inside;
    int rc;

    if (!set->len) {
        if (!rest->len)
            return 0;
        rc = der_expect(rest, DER_SET, &item, why);
        if (rc < 0)
            return rc;
        *set = item.value;
    }
    rc = der_expect(set, DER_SEQUENCE, &item, why);
    if (rc < 0)
        return rc;
    inside = item.value;
    rc = der_oid(&inside, &out->oid, why);
    if (rc == SH_OK)
        rc = der_next(&inside, &out->value, why);
    if (rc == SH_OK)
        rc = der_end(inside, why);
    return rc == SH_OK ? 1 : rc;
}

int x509_name_check(struct slice name, struct why *why)
{
    struct der_item seq;
    struct slice set = {0};
    struct slice rest;
    struct part part;
    int rc = der_whole(name, DER_SEQUENCE, &seq, why);

    if (rc < 0)
        return rc;
    rest = seq.value;
    do
        rc = next_part(&rest, &set, &part, why);
    while (rc > 0);
    return rc;
}

/* ---- text ---- */

static void put_utf8(struct bytes *out, uint32_t code)
{
    if (code < 0x80) {
        bytes_u8(out, (uint8_t)code);
        return;
    }
    if (code < 0x800) {
        bytes_u8(out, (uint8_t)(0xc0u | code >> 6));
    } else {
        if (code < 0x10000) {
            bytes_u8(out, (uint8_t)(0xe0u | code >> 12));
        } else {
            bytes_u8(out, (uint8_t)(0xf0u | code >> 18));
            bytes_u8(out, (uint8_t)(0x80u | (code >> 12 & 0x3fu)));
        }
        bytes_u8(out, (uint8_t)(0x80u | (code >> 6 & 0x3fu)));
    }
    bytes_u8(out, (uint8_t)(0x80u | (code & 0x3fu)));
}

static void put_code(struct bytes *out, uint32_t code)
{
    if (text_is_unseen(code)) {
        bytes_printf(out, "\\u{%x}", (unsigned)code);
        return;
    }
    if (code == '\\' || code == ',')
        bytes_u8(out, '\\');
    put_utf8(out, code);
}

/* One character of UTF-8; a byte that starts none is given alone, by *broken. */
static uint32_t take_utf8(struct slice *text, bool *broken)
{
    uint32_t code = text->ptr[0];
    size_t len = text_next(*text, 0, &code);

    *broken = !len;
    if (!len)
        len = 1;
    *text = slice_sub(*text, len, text->len - len);
    return code;
}

/* One character of a string type whose characters have width bytes. */
static uint32_t take_wide(struct slice *text, size_t width, bool *broken)
{
    size_t len = width < text->len ? width : text->len;
    uint32_t code = 0;

    *broken = len < width;
    for (size_t i = 0; i < len; i++)
        code = code << 8 | text->ptr[i];
    *text = slice_sub(*text, len, text->len - len);
    return code;
}

static void put_value(const struct der_item *value, size_t limit, struct bytes *out)
{
    struct slice text = value->value;
    size_t width = value->tag == DER_BMP_STRING         ? 2
                   : value->tag == DER_UNIVERSAL_STRING ? 4
                   : value->tag == DER_T61_STRING       ? 1
                                                        : 0;

    while (text.len) {
        bool broken = false;
        uint32_t code = width ? take_wide(&text, width, &broken) : take_utf8(&text, &broken);

        if (out->len >= limit) {
            bytes_text(out, "...");
            return;
        }
        if (broken)
            bytes_printf(out, "\\u{%x}", (unsigned)code);
        else
            put_code(out, code);
    }
}

static const struct {
    const char *oid;
    const char *text;
} types[] = {
    [X509_COMMON_NAME] = {"2.5.4.3", "CN"},
    [X509_ORGANIZATION] = {"2.5.4.10", "O"},
    [X509_UNIT] = {"2.5.4.11", "OU"},
    [X509_COUNTRY] = {"2.5.4.6", "C"},
    {"2.5.4.7", "L"},
    {"2.5.4.8", "ST"},
    {"2.5.4.5", "serialNumber"},
    {"1.2.840.113549.1.9.1", "emailAddress"},
    {"0.9.2342.19200300.100.1.25", "DC"},
};

static void put_type(struct slice oid, struct bytes *out)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (der_oid_is(oid, types[i].oid)) {
            bytes_text(out, types[i].text);
            return;
        }
    if (oid.len <= 32)
        der_oid_text(oid, out);
    else
        bytes_u8(out, '?');
}

void x509_name_text(struct slice name, struct bytes *out)
{
    size_t limit = out->len + LIMIT_X509_NAME_TEXT;
    struct slice set = {0};
    struct der_item seq;
    struct part part;
    bool first = true;

    if (der_whole(name, DER_SEQUENCE, &seq, NULL) < 0)
        return;
    while (next_part(&seq.value, &set, &part, NULL) > 0) {
        if (!first)
            bytes_text(out, ", ");
        first = false;
        if (out->len >= limit) {
            bytes_text(out, "...");
            return;
        }
        put_type(part.oid, out);
        bytes_u8(out, '=');
        put_value(&part.value, limit, out);
    }
}

void x509_name_part(struct slice name, enum x509_attribute which, struct bytes *out)
{
    struct slice set = {0};
    struct der_item seq;
    struct part part;

    if (der_whole(name, DER_SEQUENCE, &seq, NULL) < 0)
        return;
    while (next_part(&seq.value, &set, &part, NULL) > 0)
        if (der_oid_is(part.oid, types[which].oid)) {
            put_value(&part.value, out->len + LIMIT_X509_NAME_TEXT, out);
            return;
        }
}
