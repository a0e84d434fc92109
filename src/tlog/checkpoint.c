/* The text of a checkpoint: tlog-checkpoint, "Note text". */
#include "tlog/tlog.h"

/* Base64 of 32 bytes, padded. */
#define ROOT_CHARS 44

static int root_parse(struct slice line, uint64_t offset, uint8_t root[TLOG_HASH_BYTES],
                      struct why *why)
{
    /* Over local memory: cap and max are equal, so that it never grows. */
    uint8_t room[TLOG_HASH_BYTES + 1];
    struct bytes raw = {.ptr = room, .cap = sizeof room, .max = sizeof room};

    if (line.len != ROOT_CHARS || !base64_parse(&raw, line, BASE64_PADDED) ||
        raw.len != TLOG_HASH_BYTES)
        return why_set(
            why, SH_EFORMAT, offset,
            "checkpoint: line 3 is no base64 of 32 bytes (tlog-checkpoint, root hash)");
    memcpy(root, room, TLOG_HASH_BYTES);
    return SH_OK;
}

static int size_parse(struct slice line, uint64_t offset, uint64_t *size, struct why *why)
{
    if (!decimal_parse(line, UINT64_MAX, size))
        return why_set(why, SH_EFORMAT, offset,
                       "checkpoint: line 2 is no decimal size without leading zeros "
                       "(tlog-checkpoint, tree size)");
    if (*size > LIMIT_LOG_SIZE)
        return why_set(why, SH_ELIMIT, offset,
                       "checkpoint: %llu entries, at most 2^40 are read",
                       (unsigned long long)*size);
    return SH_OK;
}

static int origin_check(struct slice origin, struct why *why)
{
    if (!origin.len)
        return why_set(why, SH_EFORMAT, 0,
                       "checkpoint: line 1, the origin, is empty (tlog-checkpoint)");
    if (!text_is_utf8(origin))
        return why_set(why, SH_EFORMAT, 0, "checkpoint: the origin is not UTF-8 (signed-note)");
    for (size_t i = 0; i < origin.len; i++)
        if (origin.ptr[i] < 0x20)
            return why_set(why, SH_EFORMAT, i,
                           "checkpoint: control character 0x%02x in the origin (signed-note)",
                           origin.ptr[i]);
    return SH_OK;
}

/* The root of no entries is SHA-256 of nothing, and nothing else (RFC 6962 2.1). */
static int empty_check(const struct tlog_checkpoint *checkpoint, struct why *why)
{
    uint8_t empty[TLOG_HASH_BYTES];

    crypto.sha256(slice_of(NULL, 0), empty);
    if (!checkpoint->size && memcmp(empty, checkpoint->root, sizeof empty) != 0)
        return why_set(
            why, SH_EFORMAT, WHY_NOWHERE,
            "checkpoint: size 0 with a root that is not SHA-256(\"\") (RFC 6962 2.1)");
    return SH_OK;
}

int tlog_checkpoint_parse(struct slice text, struct tlog_checkpoint *out, struct why *why)
{
    struct tlog_checkpoint found = {0};
    struct cursor cur = cursor_of(text);
    struct slice size, root;
    size_t size_at, root_at;
    int rc;

    if (text.len > LIMIT_NOTE_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_NOTE_BYTES,
                       "checkpoint: %zu bytes, at most %d are read", text.len,
                       LIMIT_NOTE_BYTES);
    found.origin = rd_line(&cur);
    size_at = cur.at;
    size = rd_line(&cur);
    root_at = cur.at;
    root = rd_line(&cur);
    if (cur.failed)
        return why_set(why, SH_EFORMAT, text.len,
                       "checkpoint: fewer than three lines (tlog-checkpoint, note text)");
    rc = origin_check(found.origin, why);
    if (rc)
        return rc;
    rc = size_parse(size, size_at, &found.size, why);
    if (rc)
        return rc;
    rc = root_parse(root, root_at, found.root, why);
    if (rc)
        return rc;
    if (rd_left(&cur))
        return why_set(why, SH_EFORMAT, cur.at,
                       "checkpoint: extension lines, which a channel has not (tlog-checkpoint "
                       "NOT RECOMMENDED)");
    rc = empty_check(&found, why);
    if (rc)
        return rc;
    *out = found;
    return SH_OK;
}

void tlog_checkpoint_build(struct bytes *out, const struct tlog_checkpoint *checkpoint)
{
    bytes_slice(out, checkpoint->origin);
    bytes_printf(out, "\n%llu\n", (unsigned long long)checkpoint->size);
    base64_build(out, slice_of(checkpoint->root, TLOG_HASH_BYTES), BASE64_PADDED);
    bytes_text(out, "\n");
}
