/*
 * der -- a strict reader of DER and a writer.
 *
 * What:    certificates, time stamps and OCSP replies are DER.  They are hashed and signed as
 *          they stand, so each item knows its own bytes; nothing is encoded again.
 * Spec:    X.690 (2021) 8 and 10: tags of one byte (number below 31), definite lengths in
 *          their shortest form; a BOOLEAN is 00 or ff; an INTEGER has no spare first byte; the
 *          unused bits of a BIT STRING are zero.  Times as RFC 5280 4.1.2.5 has them.
 * Shapes:  a reader is a struct slice that moves forward over the items of one level; going
 *          down is a new slice: the value of an item.
 * Memory:  everything borrows the input; the writer appends to the caller's bytes.
 * Errors:  SH_EFORMAT with the clause; a failed call leaves *rest and *out as they were.
 * Threads: no state.
 *
 *     struct der_item seq, oid;
 *     rc = der_whole(input, DER_SEQUENCE, &seq, why);
 *     struct slice rest = seq.value;
 *     if (rc == 0)
 *         rc = der_oid(&rest, &oid.value, why);
 *     if (rc == 0)
 *         rc = der_end(rest, why);
 */
#ifndef DER_DER_H
#define DER_DER_H

#include "base/base.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_T61_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31
};
/* [number], 0..30: IMPLICIT on a simple type; EXPLICIT or IMPLICIT on a built one. */
#define DER_CONTEXT(number) ((uint8_t)(0x80u | (number)))
#define DER_CONTEXT_BUILT(number) ((uint8_t)(0xa0u | (number)))

struct der_item {
    uint8_t tag;
    struct slice raw;   /* tag, length and value */
    struct slice value; /* the content */
};

/* ---- reading: each takes the next item of *rest and moves *rest behind it ---------------- */

/* Any item.  SH_EFORMAT also when nothing is left. */
MUST_CHECK int der_next(struct slice *rest, struct der_item *out, struct why *why);
/* An item with this tag. */
MUST_CHECK int der_expect(struct slice *rest, uint8_t tag, struct der_item *out,
                          struct why *why);
/* An item with this tag when it stands next; otherwise *out is all zero (raw.ptr NULL). */
MUST_CHECK int der_optional(struct slice *rest, uint8_t tag, struct der_item *out,
                            struct why *why);
/* Exactly one item with this tag fills whole. */
MUST_CHECK int der_whole(struct slice whole, uint8_t tag, struct der_item *out,
                         struct why *why);
/* Nothing is left. */
MUST_CHECK int der_end(struct slice rest, struct why *why);
/* Does an item with this tag stand next? */
bool der_peek(struct slice rest, uint8_t tag);

MUST_CHECK int der_bool(struct slice *rest, bool *out, struct why *why);
/* An INTEGER of any size: its content as it stands (two's complement, shortest). */
MUST_CHECK int der_integer(struct slice *rest, struct slice *out, struct why *why);
/* An INTEGER 0..2^64-1; SH_ELIMIT for others. */
MUST_CHECK int der_u64(struct slice *rest, uint64_t *out, struct why *why);
/* An ENUMERATED 0..255. */
MUST_CHECK int der_enumerated(struct slice *rest, unsigned *out, struct why *why);
/* A BIT STRING: its bytes, and how many bits of the last one are unused (0..7). */
MUST_CHECK int der_bits(struct slice *rest, struct slice *out, unsigned *unused,
                        struct why *why);
MUST_CHECK int der_octets(struct slice *rest, struct slice *out, struct why *why);
/* An OBJECT IDENTIFIER: its content, well-formed. */
MUST_CHECK int der_oid(struct slice *rest, struct slice *out, struct why *why);
/*
 * UTCTime or GeneralizedTime as seconds since 1970: with seconds, with Z, a date that exists.
 * Moments before 1970 give 0.  der_time takes no fraction of a second (RFC 5280 4.1.2.5.2);
 * der_moment takes a GeneralizedTime only, with or without one (RFC 3161 2.4.2, cut off).
 */
MUST_CHECK int der_time(struct slice *rest, uint64_t *unix_s, struct why *why);
MUST_CHECK int der_moment(struct slice *rest, uint64_t *unix_s, struct why *why);

/* ---- values --------------------------------------------------------------------------- */

/* Content of an INTEGER or BIT STRING read above as a number; false beyond 64 bits or < 0. */
bool der_number(struct slice integer, uint64_t *out);
/* Is the content of an OID this one, written "1.2.840.113549.1.1.11"? */
bool der_oid_is(struct slice oid, const char *dotted);
/* Append the content of the OID written with dots; false when the text is not one. */
MUST_CHECK bool der_oid_parse(struct slice dotted, struct bytes *out);
/* Append "1.2.840..."; numbers beyond 64 bits come as "?". */
void der_oid_text(struct slice oid, struct bytes *out);

/* ---- writing: appends to out; ask bytes_check once at the end ---------------------------- */

/* One item whose content is known. */
void der_put(struct bytes *out, uint8_t tag, struct slice content);
/* A built item: mark = der_open(out); write what is inside; der_close(out, tag, mark). */
size_t der_open(const struct bytes *out);
void der_close(struct bytes *out, uint8_t tag, size_t mark);

void der_put_bool(struct bytes *out, bool value);
void der_put_u64(struct bytes *out, uint64_t value);
/* A number without sign, big-endian; zeros in front are dropped or added as DER asks. */
void der_put_unsigned(struct bytes *out, struct slice big_endian);
void der_put_null(struct bytes *out);
/* dotted is one of ours: bug() when it is no OID. */
void der_put_oid(struct bytes *out, const char *dotted);
/* Whole bytes: no unused bits. */
void der_put_bits(struct bytes *out, struct slice content);
/* A BIT STRING of named bits (KeyUsage): bit 0 of X.509 is bit 0 here; zeros behind dropped. */
void der_put_named_bits(struct bytes *out, uint16_t bits);
/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
void der_put_time(struct bytes *out, uint64_t unix_s);

#endif
