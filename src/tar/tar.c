/* The one form of ustar that backups hold (POSIX.1-2008 pax, "ustar Interchange Format"). */
#include "tar/tar.h"

#include <string.h>

/* Offsets and widths of the header's fields that are not zero. */
#define NAME_AT 0
#define MODE_AT 100
#define UID_AT 108
#define GID_AT 116
#define SIZE_AT 124
#define MTIME_AT 136
#define CHKSUM_AT 148
#define TYPE_AT 156
#define MAGIC_AT 257
#define DEVMAJOR_AT 329
#define DEVMINOR_AT 337
#define SHORT_DIGITS 7
#define LONG_DIGITS 11
#define CHKSUM_DIGITS 6

static bool path_is_safe(const char *path)
{
    size_t len = strnlen(path, TAR_PATH_BYTES), part = 0;
    char c;

    if (!len || len >= TAR_PATH_BYTES)
        return false;
    for (size_t i = 0; i <= len; i++) {
        c = path[i];
        if (c == '/' || !c) {
            if (i == part || (i == part + 1 && path[part] == '.') ||
                (i == part + 2 && path[part] == '.' && path[part + 1] == '.'))
                return false;
            part = i + 1;
        } else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-')) {
            return false;
        }
    }
    return true;
}

/* Octal digits and a NUL. */
static void octal_build(uint8_t *field, size_t digits, uint64_t value)
{
    for (size_t i = digits; i-- > 0; value >>= 3)
        field[i] = (uint8_t)('0' + (value & 7));
    field[digits] = 0;
}

static uint64_t octal_parse(const uint8_t *field, size_t digits)
{
    uint64_t value = 0;

    /* Anything else than digits is found when the header is built again and compared. */
    for (size_t i = 0; i < digits; i++)
        value = value << 3 | (field[i] & 7);
    return value;
}

int tar_header_build(const struct tar_member *member, uint8_t out[TAR_BLOCK_BYTES],
                     struct why *why)
{
    static const char magic[8] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};
    uint64_t sum = 0;

    if (!path_is_safe(member->path))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "archive: a path that is not 1 to 100 characters of [A-Za-z0-9._/-] or "
                       "leads outside");
    if (member->mode != 0600 && member->mode != 0644)
        return why_set(why, SH_EARG, WHY_NOWHERE, "archive: %s: mode %o, expected 600 or 644",
                       member->path, (unsigned)member->mode);
    if (member->bytes > LIMIT_TAR_BYTES || member->mtime_s > LIMIT_TAR_TIME_S)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE,
                       "archive: %s: size or time beyond 11 octal digits (ustar)",
                       member->path);
    memset(out, 0, TAR_BLOCK_BYTES);
    memcpy(out + NAME_AT, member->path, strlen(member->path));
    octal_build(out + MODE_AT, SHORT_DIGITS, member->mode);
    octal_build(out + UID_AT, SHORT_DIGITS, 0);
    octal_build(out + GID_AT, SHORT_DIGITS, 0);
    octal_build(out + SIZE_AT, LONG_DIGITS, member->bytes);
    octal_build(out + MTIME_AT, LONG_DIGITS, member->mtime_s);
    octal_build(out + DEVMAJOR_AT, SHORT_DIGITS, 0);
    octal_build(out + DEVMINOR_AT, SHORT_DIGITS, 0);
    out[TYPE_AT] = '0';
    memcpy(out + MAGIC_AT, magic, sizeof(magic));
    /* The checksum counts its own field as spaces. */
    memset(out + CHKSUM_AT, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += out[i];
    octal_build(out + CHKSUM_AT, CHKSUM_DIGITS, sum);
    return SH_OK;
}

size_t tar_padding(uint64_t bytes)
{
    return (size_t)((TAR_BLOCK_BYTES - bytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}

void tar_reader_init(struct tar_reader *reader, struct tar_events events)
{
    memset(reader, 0, sizeof(*reader));
    reader->events = events;
}

static bool all_zero(const uint8_t *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (ptr[i])
            return false;
    return true;
}

/* Parse by what we would have written: every byte of a header has one legal value. */
static int header_parse(const struct tar_reader *reader, struct tar_member *out,
                        struct why *why)
{
    uint64_t at = reader->at - TAR_BLOCK_BYTES;
    uint8_t again[TAR_BLOCK_BYTES];

    memset(out, 0, sizeof(*out));
    memcpy(out->path, reader->block + NAME_AT, TAR_PATH_BYTES - 1);
    out->mode = (uint32_t)octal_parse(reader->block + MODE_AT, SHORT_DIGITS);
    out->bytes = octal_parse(reader->block + SIZE_AT, LONG_DIGITS);
    out->mtime_s = octal_parse(reader->block + MTIME_AT, LONG_DIGITS);
    if (tar_header_build(out, again, NULL) != SH_OK ||
        memcmp(again, reader->block, TAR_BLOCK_BYTES) != 0)
        return why_set(why, SH_EFORMAT, at,
                       "archive at 0x%llx: not a header as stillhere writes it (ustar)",
                       (unsigned long long)at);
    return SH_OK;
}

static int member_end(struct tar_reader *reader, struct why *why)
{
    reader->state = TAR_HEADER;
    return reader->events.end(reader->events.ctx, why);
}

/* What follows the data of a member, once none is left; it started on a border of 512. */
static int data_end(struct tar_reader *reader, struct why *why)
{
    reader->left = tar_padding(reader->at);
    if (reader->left) {
        reader->state = TAR_PADDING;
        return SH_OK;
    }
    return member_end(reader, why);
}

/* A whole block of 512 is there, where a header may stand. */
static int block_done(struct tar_reader *reader, struct why *why)
{
    struct tar_member member;
    int rc;

    reader->held = 0;
    if (all_zero(reader->block, TAR_BLOCK_BYTES)) {
        reader->state = reader->state == TAR_HEADER ? TAR_LAST_BLOCK : TAR_ENDED;
        return SH_OK;
    }
    if (reader->state == TAR_LAST_BLOCK)
        return why_set(why, SH_EFORMAT, reader->at, "archive: bytes after its end (ustar)");
    rc = header_parse(reader, &member, why);
    if (rc == SH_OK)
        rc = reader->events.begin(reader->events.ctx, &member, why);
    if (rc != SH_OK)
        return rc;
    reader->members++;
    reader->left = member.bytes;
    reader->state = TAR_DATA;
    return member.bytes ? SH_OK : data_end(reader, why);
}

/* Take from data what the present state can use; returns how much. */
static size_t take(struct tar_reader *reader, struct slice data, struct why *why)
{
    size_t some = data.len;

    if (reader->state == TAR_ENDED) {
        reader->failed =
            why_set(why, SH_EFORMAT, reader->at, "archive: bytes after its end (ustar)");
        return 0;
    }
    if (reader->state == TAR_HEADER || reader->state == TAR_LAST_BLOCK) {
        some = some < TAR_BLOCK_BYTES - reader->held ? some : TAR_BLOCK_BYTES - reader->held;
        memcpy(reader->block + reader->held, data.ptr, some);
        reader->held += some;
        reader->at += some;
        if (reader->held == TAR_BLOCK_BYTES)
            reader->failed = block_done(reader, why);
        return some;
    }
    some = some < reader->left ? some : (size_t)reader->left;
    reader->left -= some;
    reader->at += some;
    if (reader->state == TAR_DATA) {
        reader->failed = reader->events.data(reader->events.ctx, slice_sub(data, 0, some), why);
        if (reader->failed == SH_OK && !reader->left)
            reader->failed = data_end(reader, why);
        return some;
    }
    if (!all_zero(data.ptr, some))
        reader->failed = why_set(why, SH_EFORMAT, reader->at - some,
                                 "archive: padding that is not zero (ustar)");
    else if (!reader->left)
        reader->failed = member_end(reader, why);
    return some;
}

int tar_reader_update(struct tar_reader *reader, struct slice data, struct why *why)
{
    size_t used = 0;

    while (reader->failed == SH_OK && used < data.len)
        used += take(reader, slice_sub(data, used, data.len - used), why);
    return reader->failed;
}

int tar_reader_final(struct tar_reader *reader, struct why *why)
{
    if (reader->failed == SH_OK && reader->state != TAR_ENDED)
        reader->failed = why_set(why, SH_EFORMAT, reader->at, "archive: is cut short (ustar)");
    return reader->failed;
}
