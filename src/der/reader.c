/* The reader: heads of items (X.690 8.1, 10.1) and the simple types. */
#include "der/der.h"

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "DER: %s", what);
}

/* The length octets behind the tag: 8.1.3 in its shortest form (10.1). */
static int read_length(struct cursor *cur, uint64_t *len, struct why *why)
{
    uint8_t first = rd_u8(cur);
    unsigned more = first & 0x7fu;

    *len = first;
    if (cur->failed)
        return bad(why, "it ends in the midst of an item (X.690 8.1)");
    if (first < 0x80)
        return SH_OK;
    if (!more)
        return bad(why, "a length that is not given at the start (X.690 10.1)");
    if (more > 4)
        return bad(why, "a length of more than four bytes");
    *len = 0;
    for (unsigned i = 0; i < more; i++)
        *len = *len << 8 | rd_u8(cur);
    if (cur->failed)
        return bad(why, "it ends in the midst of an item (X.690 8.1)");
    if (*len < 0x80 || *len >> (8 * (more - 1)) == 0)
        return bad(why, "a length that is not in its shortest form (X.690 10.1)");
    return SH_OK;
}

int der_next(struct slice *rest, struct der_item *out, struct why *why)
{
    struct cursor cur = cursor_of(*rest);
    uint8_t tag = rd_u8(&cur);
    uint64_t len = 0;
    int rc;

    if (cur.failed)
        return bad(why, "an item is missing");
    if ((tag & 0x1fu) == 0x1fu)
        return bad(why, "a tag of several bytes, which nothing here has");
    if (!tag)
        return bad(why, "an end-of-contents, which has no place in DER (X.690 10.1)");
    rc = read_length(&cur, &len, why);
    if (rc < 0)
        return rc;
    if (len > rd_left(&cur))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "DER: an item says %llu bytes, %zu are there (X.690 8.1.3)",
                       (unsigned long long)len, rd_left(&cur));
    out->tag = tag;
    out->value = rd_bytes(&cur, (size_t)len);
    out->raw = slice_sub(*rest, 0, cur.at);
    *rest = slice_sub(*rest, cur.at, rest->len - cur.at);
    return SH_OK;
}

int der_expect(struct slice *rest, uint8_t tag, struct der_item *out, struct why *why)
{
    if (!rest->len)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "DER: tag %02x expected, nothing is left",
                       tag);
    if (rest->ptr[0] != tag)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "DER: tag %02x expected, %02x found", tag,
                       rest->ptr[0]);
    return der_next(rest, out, why);
}

int der_optional(struct slice *rest, uint8_t tag, struct der_item *out, struct why *why)
{
    if (der_peek(*rest, tag))
        return der_next(rest, out, why);
    *out = (struct der_item){0};
    return SH_OK;
}

int der_whole(struct slice whole, uint8_t tag, struct der_item *out, struct why *why)
{
    struct der_item item;
    int rc = der_expect(&whole, tag, &item, why);

    if (rc == SH_OK)
        rc = der_end(whole, why);
    if (rc == SH_OK)
        *out = item;
    return rc;
}

int der_end(struct slice rest, struct why *why)
{
    if (!rest.len)
        return SH_OK;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "DER: %zu bytes behind the last item",
                   rest.len);
}

bool der_peek(struct slice rest, uint8_t tag)
{
    return rest.len && rest.ptr[0] == tag;
}

/* ---- simple types ---- */

int der_bool(struct slice *rest, bool *out, struct why *why)
{
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, DER_BOOLEAN, &item, why);

    if (rc < 0)
        return rc;
    if (item.value.len != 1 || (item.value.ptr[0] != 0 && item.value.ptr[0] != 0xff))
        return bad(why, "a BOOLEAN that is neither 00 nor ff (X.690 11.1)");
    *out = item.value.ptr[0] != 0;
    *rest = at;
    return SH_OK;
}

/* 8.3: at least one byte; the first nine bits are not all alike. */
static int read_number(struct slice *rest, uint8_t tag, struct slice *out, struct why *why)
{
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, tag, &item, why);
    const uint8_t *byte;

    if (rc < 0)
        return rc;
    byte = item.value.ptr;
    if (!item.value.len)
        return bad(why, "a number without a byte (X.690 8.3.1)");
    if (item.value.len > 1 &&
        ((byte[0] == 0 && !(byte[1] & 0x80)) || (byte[0] == 0xff && (byte[1] & 0x80))))
        return bad(why, "a number that is not in its shortest form (X.690 8.3.2)");
    *out = item.value;
    *rest = at;
    return SH_OK;
}

int der_integer(struct slice *rest, struct slice *out, struct why *why)
{
    return read_number(rest, DER_INTEGER, out, why);
}

int der_u64(struct slice *rest, uint64_t *out, struct why *why)
{
    struct slice at = *rest;
    struct slice number;
    int rc = der_integer(&at, &number, why);

    if (rc < 0)
        return rc;
    if (!der_number(number, out))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "DER: a number below 0 or of more than 64 bits");
    *rest = at;
    return SH_OK;
}

int der_enumerated(struct slice *rest, unsigned *out, struct why *why)
{
    struct slice at = *rest;
    struct slice number;
    uint64_t value = 0;
    int rc = read_number(&at, DER_ENUMERATED, &number, why);

    if (rc < 0)
        return rc;
    if (!der_number(number, &value) || value > 255)
        return bad(why, "an ENUMERATED that nobody has defined");
    *out = (unsigned)value;
    *rest = at;
    return SH_OK;
}

int der_bits(struct slice *rest, struct slice *out, unsigned *unused, struct why *why)
{
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, DER_BIT_STRING, &item, why);
    unsigned spare;

    if (rc < 0)
        return rc;
    if (!item.value.len)
        return bad(why, "a BIT STRING without its first byte (X.690 8.6.2)");
    spare = item.value.ptr[0];
    if (spare > 7 || (spare && item.value.len == 1))
        return bad(why, "a BIT STRING that leaves out more bits than it has (X.690 8.6.2)");
    if (spare && item.value.ptr[item.value.len - 1] & ((1u << spare) - 1))
        return bad(why, "a BIT STRING whose unused bits are not zero (X.690 11.2.1)");
    *out = slice_sub(item.value, 1, item.value.len - 1);
    *unused = spare;
    *rest = at;
    return SH_OK;
}

int der_octets(struct slice *rest, struct slice *out, struct why *why)
{
    struct der_item item;
    int rc = der_expect(rest, DER_OCTET_STRING, &item, why);

    if (rc == SH_OK)
        *out = item.value;
    return rc;
}

/* 8.19.2: each number ends with a byte below 128 and starts with none that says nothing. */
int der_oid(struct slice *rest, struct slice *out, struct why *why)
{
    struct slice at = *rest;
    struct der_item item;
    int rc = der_expect(&at, DER_OID, &item, why);
    bool first = true;

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < item.value.len; i++) {
        if (first && item.value.ptr[i] == 0x80)
            return bad(why, "an OBJECT IDENTIFIER with a longer number than needed "
                            "(X.690 8.19.2)");
        first = item.value.ptr[i] < 0x80;
    }
    if (!item.value.len || !first)
        return bad(why, "an OBJECT IDENTIFIER that is cut off (X.690 8.19.2)");
    *out = item.value;
    *rest = at;
    return SH_OK;
}
