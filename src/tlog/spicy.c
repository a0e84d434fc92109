/* .tlog-proof files, which are called spicy signatures too: C2SP tlog-proof, "Format". */
#include "tlog/tlog.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1\n";
static const char extra_word[] = "extra ";
static const char index_word[] = "index ";

/* Is it padded base64 of one spelling, and of something?  No memory is needed to find out. */
static bool is_base64(struct slice text)
{
    for (size_t at = 0; at < text.len; at += 4) {
        uint8_t room[4];
        struct bytes raw = {.ptr = room, .cap = sizeof room, .max = sizeof room};

        if (text.len - at < 4 || !base64_parse(&raw, slice_sub(text, at, 4), BASE64_PADDED) ||
            (raw.len < 3 && at + 4 != text.len))
            return false;
    }
    return text.len > 0;
}

static int head_parse(struct cursor *cur, struct tlog_spicy *out, struct why *why)
{
    size_t at = cur->at;
    struct slice line = rd_line(cur);

    if (slice_starts(line, extra_word)) {
        out->has_extra = true;
        out->extra = slice_sub(line, sizeof extra_word - 1, line.len - (sizeof extra_word - 1));
        if (cur->failed || !is_base64(out->extra))
            return why_set(why, SH_EFORMAT, at,
                           "proof: after \"extra \" stands no padded base64 of at least a byte "
                           "(tlog-proof \"Format\")");
        at = cur->at;
        line = rd_line(cur);
    }
    if (cur->failed || !slice_starts(line, index_word) ||
        !decimal_parse(
            slice_sub(line, sizeof index_word - 1, line.len - (sizeof index_word - 1)),
            UINT64_MAX, &out->index))
        return why_set(why, SH_EFORMAT, at,
                       "proof: \"index \" and a decimal without leading zeros were expected "
                       "(tlog-proof \"Format\")");
    return SH_OK;
}

/* The hashes, up to and including the empty line. */
static int hashes_parse(struct cursor *cur, struct tlog_proof *proof, struct why *why)
{
    size_t from = cur->at;
    size_t at = from;

    while (!cur->failed && rd_line(cur).len)
        at = cur->at;
    if (cur->failed)
        return why_set(why, SH_EFORMAT, cur->whole.len,
                       "proof: no empty line before the checkpoint (tlog-proof \"Format\")");
    return tlog_proof_lines_parse(slice_sub(cur->whole, from, at - from), proof, why);
}

int tlog_spicy_parse(struct slice raw, struct tlog_spicy *out, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct tlog_checkpoint checkpoint;
    struct tlog_spicy found = {0};
    struct tlog_note note;
    int rc;

    if (raw.len > LIMIT_PROOF_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_PROOF_BYTES,
                       "proof: %zu bytes, at most %u are read", raw.len, LIMIT_PROOF_BYTES);
    if (!slice_starts(raw, first_line))
        return why_set(why, SH_EFORMAT, 0,
                       "proof: the first line is not \"c2sp.org/tlog-proof@v1\" (tlog-proof "
                       "\"Format\")");
    rd_skip(&cur, sizeof first_line - 1);
    rc = head_parse(&cur, &found, why);
    if (!rc)
        rc = hashes_parse(&cur, &found.proof, why);
    if (rc)
        return rc;
    found.note = rd_bytes(&cur, rd_left(&cur));
    rc = tlog_note_parse(found.note, &note, why);
    if (!rc)
        rc = tlog_checkpoint_parse(note.text, &checkpoint, why);
    if (rc)
        return rc;
    if (found.index >= checkpoint.size)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "proof: entry %llu is not among the %llu of its checkpoint",
                       (unsigned long long)found.index, (unsigned long long)checkpoint.size);
    *out = found;
    return SH_OK;
}

void tlog_spicy_build(struct bytes *out, const struct tlog_spicy *spicy)
{
    bytes_text(out, first_line);
    if (spicy->has_extra) {
        bytes_text(out, extra_word);
        bytes_slice(out, spicy->extra);
        bytes_text(out, "\n");
    }
    bytes_printf(out, "%s%llu\n", index_word, (unsigned long long)spicy->index);
    tlog_proof_lines_build(out, &spicy->proof);
    bytes_text(out, "\n");
    bytes_slice(out, spicy->note);
}
