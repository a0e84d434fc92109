/* The body of add-checkpoint, and the file `logs`. */
#include "cosign/cosign_int.h"

#include <string.h>

/* ---- "old N", proof, empty line, checkpoint (tlog-witness, "add-checkpoint") ---- */

/* A checkpoint of size 0 whose root is not that of the empty tree, and nothing else wrong. */
static bool is_empty_lie(struct slice text, struct tlog_checkpoint *out)
{
    struct cursor cur = cursor_of(text);
    struct slice origin = rd_line(&cur), size = rd_line(&cur), root = rd_line(&cur);
    struct tlog_checkpoint empty = {.origin = origin};
    struct bytes again, raw;
    bool good;

    crypto.sha256(slice_of(NULL, 0), empty.root);
    bytes_init(&again, LIMIT_NOTE_BYTES);
    bytes_init(&raw, TLOG_HASH_BYTES);
    tlog_checkpoint_build(&again, &empty);
    good = !cur.failed && !rd_left(&cur) && slice_equal(size, slice_text("0")) &&
           base64_parse(&raw, root, BASE64_PADDED) && bytes_check(&raw, NULL) == SH_OK &&
           raw.len == TLOG_HASH_BYTES && bytes_check(&again, NULL) == SH_OK &&
           tlog_checkpoint_parse(bytes_view(&again), out, NULL) == SH_OK;
    if (good) {
        out->origin = origin;
        memcpy(out->root, raw.ptr, TLOG_HASH_BYTES);
    }
    bytes_release(&again);
    bytes_release(&raw);
    return good;
}

int cosign_request_parse(struct slice body, struct cosign_request *out, struct why *why)
{
    static const uint8_t GAP[] = {'\n', '\n'};
    size_t line = slice_find(body, 0, '\n');
    struct slice text = slice_sub(body, 0, line);
    size_t gap = line;
    int rc;

    if (!slice_starts(text, "old ") ||
        !decimal_parse(slice_sub(text, 4, text.len - 4), INT64_MAX, &out->old))
        return why_set(why, SH_EFORMAT, 0,
                       "request: the first line is not \"old SIZE\" (tlog-witness)");
    while (gap + 1 < body.len && memcmp(body.ptr + gap, GAP, sizeof(GAP)) != 0)
        gap++;
    if (gap + 1 >= body.len)
        return why_set(why, SH_EFORMAT, body.len,
                       "request: no empty line between proof and checkpoint (tlog-witness)");
    rc = tlog_proof_lines_parse(slice_sub(body, line + 1, gap - line), &out->proof, why);
    if (rc == SH_OK)
        rc = tlog_note_parse(slice_sub(body, gap + 2, body.len - gap - 2), &out->note, why);
    if (rc != SH_OK)
        return rc;
    rc = tlog_checkpoint_parse(out->note.text, &out->checkpoint, why);
    /* tlog-witness has an answer of its own for this one, after those about the signature. */
    return rc == SH_OK || !is_empty_lie(out->note.text, &out->checkpoint) ? rc : SH_OK;
}

/* ---- logs ---- */

static struct slice next_word(struct slice *line)
{
    size_t end = slice_find(*line, 0, ' ');
    struct slice word = slice_sub(*line, 0, end);

    *line = end < line->len ? slice_sub(*line, end + 1, line->len - end - 1)
                            : slice_sub(*line, line->len, 0);
    return word;
}

static bool text_put(struct slice from, char *out, size_t size)
{
    if (!from.len || from.len >= size)
        return false;
    memcpy(out, from.ptr, from.len);
    out[from.len] = '\0';
    return true;
}

static int put_log(struct cosign_log *log, struct slice rest, struct why *why)
{
    return tlog_key_parse(rest, &log->key, why);
}

static int put_channel(struct cosign_log *log, struct slice rest, struct why *why)
{
    struct channel_id id;
    struct slice word = next_word(&rest);

    log->is_channel = true;
    if (!channel_id_parse(word, &id))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "expected the 52 characters of a channel's id after \"channel\"");
    memcpy(log->channel, id.text, sizeof(id.text));
    if (!text_put(rest, log->source, sizeof(log->source)))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "expected a folder or an address after the channel's id: where its "
                       "identity notes are read");
    return SH_OK;
}

static int put_name(struct cosign_config *config, struct slice rest, struct why *why)
{
    static const uint8_t ANY[CRYPT_KEY_BYTES] = {0};
    struct tlog_key key;

    if (config->name[0])
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "a second name");
    if (!text_put(rest, config->name, sizeof(config->name)))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "expected a name of at most %d bytes",
                       LIMIT_NOTE_NAME_BYTES);
    return tlog_key_init(&key, config->name, TLOG_COSIGNATURE, ANY, why);
}

static bool is_known(const struct cosign_config *config, const struct cosign_log *log)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct cosign_log *other = &config->log[i];

        if (log->is_channel ? strcmp(other->channel, log->channel) == 0
                            : !other->is_channel && other->key.id == log->key.id &&
                                  strcmp(other->key.name, log->key.name) == 0)
            return true;
    }
    return false;
}

static int take_line(struct cosign_config *config, struct slice line, struct why *why)
{
    struct cosign_log *log = &config->log[config->count];
    struct slice word = next_word(&line);
    int rc;

    if (slice_equal(word, slice_text("name")))
        return put_name(config, line, why);
    if (config->count == LIMIT_COSIGN_LOGS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %d logs", LIMIT_COSIGN_LOGS);
    *log = (struct cosign_log){0};
    if (slice_equal(word, slice_text("log")))
        rc = put_log(log, line, why);
    else if (slice_equal(word, slice_text("channel")))
        rc = put_channel(log, line, why);
    else
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "expected \"name NAME\", \"log VKEY\", \"channel ID SOURCE\" or a "
                       "comment that begins with #");
    if (rc == SH_OK && is_known(config, log))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE, "the same log a second time");
    config->count += rc == SH_OK;
    return rc;
}

int cosign_config_parse(struct slice raw, struct cosign_config *out, struct why *why)
{
    struct why cause = {0};
    struct slice line;
    size_t at = 0, end;
    int rc;

    *out = (struct cosign_config){.count = 0};
    for (unsigned number = 1; at < raw.len; number++, at = end + 1) {
        end = slice_find(raw, at, '\n');
        line = slice_sub(raw, at, end - at);
        if (!line.len || line.ptr[0] == '#')
            continue;
        rc = take_line(out, line, &cause);
        if (rc != SH_OK)
            return why_set(why, rc, at,
                           "private/" COSIGN_FOLDER "/" COSIGN_LOGS ", line %u: %.300s", number,
                           cause.text);
    }
    return SH_OK;
}
