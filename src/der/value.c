/* Numbers and object identifiers: X.690 8.3, 8.19. */
#include "der/der.h"

bool der_number(struct slice integer, uint64_t *out)
{
    uint64_t value = 0;

    if (!integer.len || integer.len > 9 || (integer.ptr[0] & 0x80) ||
        (integer.len == 9 && integer.ptr[0]))
        return false;
    for (size_t i = 0; i < integer.len; i++)
        value = value << 8 | integer.ptr[i];
    *out = value;
    return true;
}

/* One number of an OID, seven bits a byte, the highest first. */
static void put_arc(struct bytes *out, uint64_t arc)
{
    unsigned shift = 63;

    while (shift && !(arc >> shift))
        shift -= 7;
    for (; shift; shift -= 7)
        bytes_u8(out, (uint8_t)(0x80u | ((arc >> shift) & 0x7fu)));
    bytes_u8(out, arc & 0x7fu);
}

bool der_oid_parse(struct slice dotted, struct bytes *out)
{
    size_t start = out->len;
    uint64_t arcs[2] = {0};
    size_t count = 0;
    size_t from = 0;

    while (from <= dotted.len) {
        size_t dot = slice_find(dotted, from, '.');
        uint64_t arc = 0;

        if (!decimal_parse(slice_sub(dotted, from, dot - from), UINT64_MAX - 80, &arc) ||
            (count == 0 && arc > 2) || (count == 1 && arcs[0] < 2 && arc > 39)) {
            out->len = start;
            return false;
        }
        if (count < 2)
            arcs[count] = arc;
        if (count >= 1)
            put_arc(out, count == 1 ? arcs[0] * 40 + arc : arc);
        count++;
        from = dot + 1;
    }
    if (count < 2)
        out->len = start;
    return count >= 2;
}

/* Compares as it goes: the OIDs that we name fit into 64 bits a number. */
bool der_oid_is(struct slice oid, const char *dotted)
{
    size_t at = 0;
    uint64_t first = 0;
    bool second = false;

    for (const char *text = dotted; *text;) {
        uint64_t arc = 0;
        uint64_t found = 0;
        uint8_t byte = 0x80;

        for (; *text >= '0' && *text <= '9'; text++)
            arc = arc * 10 + (uint64_t)(*text - '0');
        if (*text == '.')
            text++;
        if (!second && text - dotted <= 2) { /* the first number is one digit and a dot */
            first = arc;
            continue;
        }
        if (!second)
            arc += first * 40;
        second = true;
        for (; byte & 0x80; found = found << 7 | (byte & 0x7fu)) {
            if (at == oid.len || found >> 57)
                return false;
            byte = oid.ptr[at++];
        }
        if (found != arc)
            return false;
    }
    return second && at == oid.len;
}

void der_oid_text(struct slice oid, struct bytes *out)
{
    bool fits = true;
    bool first = true;
    uint64_t arc = 0;

    for (size_t i = 0; i < oid.len; i++) {
        fits = fits && !(arc >> 57);
        arc = arc << 7 | (oid.ptr[i] & 0x7fu);
        if (oid.ptr[i] & 0x80)
            continue;
        if (first) {
            unsigned root = !fits || arc >= 80 ? 2 : (unsigned)(arc / 40);

            bytes_printf(out, "%u", root);
            arc -= root * 40u;
        }
        if (fits)
            bytes_printf(out, ".%llu", (unsigned long long)arc);
        else
            bytes_text(out, ".?");
        first = false;
        fits = true;
        arc = 0;
    }
}
