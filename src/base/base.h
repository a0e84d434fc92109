/*
 * base -- what every other module stands on: memory views, errors, the bounds-checked
 * cursor, text and number checks, civil time.
 *
 * Spec:    RFC 3629 (UTF-8), RFC 4648 (base16, base32, base64).
 * Shapes:  slice  borrowed bytes; bytes  owned, growable, born with a maximum;
 *          arena  memory of one parse result; cursor  a reader that cannot leave its slice.
 * Memory:  struct bytes and struct arena own heap memory and are released by their owner;
 *          everything else borrows.
 * Errors:  negative enum sh_err, first cause in struct why (which may be NULL everywhere).
 * Threads: no state; every function may be called from anywhere.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"
#include "base/limits.h"

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- errors ------------------------------------------------------------------------- */

enum sh_err {
    SH_OK = 0,
    SH_ENOMEM = -1,       /* allocation refused */
    SH_EIO = -2,          /* the system failed us: read, write, fsync, fork */
    SH_EFORMAT = -3,      /* the input breaks its own format */
    SH_ELIMIT = -4,       /* the input is legal but larger than limits.h allows */
    SH_ENOTFOUND = -5,    /* what was named is not there */
    SH_EUNSUPPORTED = -6, /* legal, known, not handled by this program */
    SH_EARG = -7,         /* the caller asked for something that cannot be */
    SH_ECONFLICT = -8,    /* two truths disagree, or somebody else holds the lock */
    SH_ECRYPT = -9,       /* a key does not fit, a tag does not match */
};

/* Offset of a cause that has no place in an input. */
#define WHY_NOWHERE UINT64_MAX

/* The first cause of a failure, for people.  Filled once; later calls keep the first text. */
struct why {
    enum sh_err code;
    uint64_t offset; /* bytes from the start of the input, or WHY_NOWHERE */
    char text[480];  /* "<where>: <what> (<clause>)", NUL-terminated, no full stop */
};

/* Record the first cause in why (may be NULL) and return code, so: return why_set(...). */
int why_set(struct why *why, enum sh_err code, uint64_t offset, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/*
 * Put "<name>: " before the text that why holds: for the one caller that knows the name of
 * the file.  Does nothing when why is NULL or empty.  Returns code unchanged.
 */
int why_name(struct why *why, int code, const char *name);

/* Our own mistake: say where and stop; a wrong program must not sign.  Never returns. */
_Noreturn void bug(const char *what);

/* ---- borrowed bytes ------------------------------------------------------------------- */

struct slice {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;         /* bytes */
};

struct slice slice_of(const void *ptr, size_t len);
/* The characters of a C string without its NUL. */
struct slice slice_text(const char *text);
/* Bytes [from, from + len) of whole; both must lie inside, else bug(). */
struct slice slice_sub(struct slice whole, size_t from, size_t len);
bool slice_equal(struct slice a, struct slice b);
/* Lexicographic order by unsigned byte, shorter first: <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);
bool slice_starts(struct slice whole, const char *prefix);
/* Index of the first byte equal to c at or after from; len when there is none. */
size_t slice_find(struct slice whole, size_t from, uint8_t c);

/* ---- owned bytes ---------------------------------------------------------------------- */

/*
 * A growable run of bytes with a maximum.  Appends never fail visibly: the first append that
 * would pass max or for which there is no memory sets failed, and later ones do nothing.
 * Whoever built it asks bytes_check() once, before using the content.
 */
struct bytes {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    size_t max;
    enum sh_err failed;
};

/* Caller's memory; cannot fail; allocates nothing yet.  max in bytes, 1..SIZE_MAX. */
void bytes_init(struct bytes *bytes, size_t max);
/* Give the memory back and leave *bytes zeroed; safe on a zeroed struct. */
void bytes_release(struct bytes *bytes);
/* Forget the content and a failure, keep the memory. */
void bytes_clear(struct bytes *bytes);
void bytes_append(struct bytes *bytes, const void *ptr, size_t len);
void bytes_slice(struct bytes *bytes, struct slice part);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_printf(struct bytes *bytes, const char *fmt, ...) PRINTF_LIKE(2, 3);
void bytes_u8(struct bytes *bytes, uint8_t value);
/* Big-endian integers. */
void bytes_u16(struct bytes *bytes, uint16_t value);
void bytes_u24(struct bytes *bytes, uint32_t value);
void bytes_u32(struct bytes *bytes, uint32_t value);
void bytes_u64(struct bytes *bytes, uint64_t value);
/* Room for len more bytes, not yet counted in len: returns where they go, or NULL (failed). */
uint8_t *bytes_room(struct bytes *bytes, size_t len);
struct slice bytes_view(const struct bytes *bytes);
/* 0, or SH_ENOMEM / SH_ELIMIT when an append did not fit. */
MUST_CHECK int bytes_check(const struct bytes *bytes, struct why *why);

/* ---- memory of one parse result ---------------------------------------------------------- */

struct arena {
    struct arena_block *first;
    size_t used;
    size_t max;
};

void arena_init(struct arena *arena, size_t max);
void arena_release(struct arena *arena);
/* size zeroed bytes, aligned for any type; NULL when max would be passed or memory is out. */
void *arena_take(struct arena *arena, size_t size);

/* ---- secrets ---------------------------------------------------------------------------- */

#define SECRET_BYTES 32
struct secret {
    uint8_t byte[SECRET_BYTES];
};
void secret_wipe(struct secret *secret);
/* Overwrite len bytes in a way no compiler removes. */
void wipe(void *ptr, size_t len);
/* Constant-time comparison. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* ---- sizes ------------------------------------------------------------------------------- */

/* a + b, a * b into *out; false (and *out untouched) when the result does not fit. */
MUST_CHECK bool size_add(uint64_t a, uint64_t b, uint64_t *out);
MUST_CHECK bool size_mul(uint64_t a, uint64_t b, uint64_t *out);

/* ---- the cursor: read without ever leaving the slice ------------------------------------- */

/* Sticky: the first read past the end sets failed and every later read gives 0. */
struct cursor {
    struct slice whole;
    size_t at;
    bool failed;
};

struct cursor cursor_of(struct slice whole);
size_t rd_left(const struct cursor *cur);
uint8_t rd_u8(struct cursor *cur);
uint16_t rd_u16(struct cursor *cur);
uint32_t rd_u24(struct cursor *cur);
uint32_t rd_u32(struct cursor *cur);
uint64_t rd_u64(struct cursor *cur);
/* The next len bytes, borrowed; empty when there are fewer. */
struct slice rd_bytes(struct cursor *cur, size_t len);
void rd_skip(struct cursor *cur, size_t len);
/* The next line without its LF; fails when no LF is left. */
struct slice rd_line(struct cursor *cur);

/* ---- text -------------------------------------------------------------------------------- */

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, <= U+10FFFF)? */
bool text_is_utf8(struct slice text);
/* The character that begins at text[at]; its length in bytes, 0 when there is none. */
size_t text_next(struct slice text, size_t at, uint32_t *code);
/*
 * Is it a character that nobody sees, or that hides, turns or ends the text around it: controls
 * (line ends too), bidi and joining marks, fillers, variation selectors, tags, private use,
 * surrogates, noncharacters?  Texts of strangers are shown without them.
 */
bool text_is_unseen(uint32_t code);

enum text_rule {
    TEXT_LINE = 0,     /* no control characters at all */
    TEXT_NEWLINES = 1, /* U+000A is allowed */
};
/*
 * FORMATS.md, "Document": valid UTF-8, no control characters (C0, DEL, C1), no bidi controls
 * (U+061C 200E 200F 202A-202E 2066-2069), no noncharacters, no U+2028/2029, no U+FEFF;
 * 1..max bytes.  what names the field in the message.  SH_EFORMAT or SH_ELIMIT.
 */
MUST_CHECK int text_check(struct slice text, enum text_rule rule, size_t max, const char *what,
                          struct why *why);

/* Lower-case hex.  out holds 2 * in.len + 1, NUL-terminated. */
void hex_build(struct slice in, char *out);
/* Exactly 2 * len lower-case digits into out; false otherwise, out untouched. */
MUST_CHECK bool hex_parse(struct slice text, uint8_t *out, size_t len);
/* RFC 4648 base64: standard alphabet; padded or not; canonical only. */
enum base64_form { BASE64_PADDED, BASE64_BARE };
void base64_build(struct bytes *out, struct slice in, enum base64_form form);
/* Strict: right length, right padding, trailing bits zero.  Appends to out. */
MUST_CHECK bool base64_parse(struct bytes *out, struct slice text, enum base64_form form);
/* RFC 4648 base32, lower case, no padding; trailing bits zero when parsed. */
void base32_build(struct bytes *out, struct slice in);
MUST_CHECK bool base32_parse(struct bytes *out, struct slice text);
/* Decimal 0..max without sign, leading zeros or anything else; false otherwise. */
MUST_CHECK bool decimal_parse(struct slice text, uint64_t max, uint64_t *out);

/* ---- civil time -------------------------------------------------------------------------- */

/* A moment in UTC on the proleptic Gregorian calendar. */
struct when {
    int32_t year;    /* 1970..9999 */
    uint8_t month;   /* 1..12 */
    uint8_t day;     /* 1..31 */
    uint8_t hour;    /* 0..23 */
    uint8_t minute;  /* 0..59 */
    uint8_t second;  /* 0..59 */
    uint8_t weekday; /* 0 = Sunday .. 6 = Saturday */
};
/* unix_s: seconds since 1970-01-01T00:00:00Z, 0..253402300799 (9999); beyond is clamped. */
struct when when_of(uint64_t unix_s);
/* "2026-11-23T14:05:00Z" into out (WHEN_TEXT_BYTES). */
#define WHEN_TEXT_BYTES 24
void when_text(uint64_t unix_s, char *out);

#endif
