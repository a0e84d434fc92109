/* What check-in and post share: the dispatch that options describe, and the answer. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"
#include "json/json.h"
#include "publish/publish.h"
#include "role/role.h"

struct channel_signer cmd_signer(struct channel *channel)
{
    return role_signer(channel);
}

int cmd_publish(const struct cmd *cmd, struct channel *channel)
{
    struct why why = {0};
    int rc = publish_pages(channel, &why);

    if (channel_info(channel)->copied)
        cmd_say(cmd, "%s", lang_text(cmd->lang, STR_CMD_COPIED));
    if (rc == SH_OK)
        return rc;
    cmd_say(cmd, "The log is public, but its pages could not be written: %s", why.text);
    cmd_say(cmd, "The next command that appends, or stillhere rebuild, writes them.");
    return rc;
}

static const char *const STATUS_NAMES[] = {"well", "hurt", "moving"};

int cmd_status_usage(const struct cmd *cmd, const struct cmd_args *args)
{
    unsigned given = cmd_is_set(args, "status");

    for (size_t i = 0; i < COUNT_OF(STATUS_NAMES); i++)
        given += cmd_is_set(args, STATUS_NAMES[i]);
    return given > 1
               ? cmd_usage(cmd, "one status only: --well, --hurt, --moving or --status TEXT")
               : CMD_DONE;
}

/* Well when nothing is said (docs/decisions/0001). */
static int fill_status(const struct cmd_args *args, struct slice lang, struct document *doc,
                       struct why *why)
{
    const char *text = cmd_value(args, "status");

    doc->status = slice_text(STATUS_NAMES[0]);
    for (size_t i = 0; i < COUNT_OF(STATUS_NAMES); i++)
        if (cmd_is_set(args, STATUS_NAMES[i]))
            doc->status = slice_text(STATUS_NAMES[i]);
    if (!text)
        return SH_OK;
    doc->status = slice_of(NULL, 0);
    doc->status_text = (struct doc_text){.lang = lang, .text = slice_text(text)};
    return text_check(doc->status_text.text, TEXT_LINE, LIMIT_STATUS_BYTES, "--status", why);
}

static int fill_texts(const char *place, const char *words, struct slice lang,
                      struct cmd_dispatch *out, struct why *why)
{
    struct document *doc = &out->doc;
    int rc = place ? cmd_place_fill(place, lang, out, why) : SH_OK;

    if (rc == SH_OK && words) {
        out->words = (struct doc_text){.lang = lang, .text = slice_text(words)};
        doc->words = &out->words;
        doc->word_count = 1;
        rc = text_check(out->words.text, TEXT_NEWLINES, LIMIT_WORDS_BYTES, "words", why);
    }
    return rc;
}

int cmd_lang_fill(const struct cmd_args *args, const struct channel *channel, struct slice *out,
                  struct why *why)
{
    const char *tag = cmd_value(args, "lang");

    *out = slice_text(tag ? tag : channel_info(channel)->lang);
    if (tag && !document_is_lang(*out))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--lang %.40s: not a language tag (BCP 47), such as uk or zh-Hans", tag);
    return SH_OK;
}

static int fill_due(const char *text, const struct channel *channel, struct document *doc,
                    struct why *why)
{
    struct cmd_clock clock;
    int rc = text ? cmd_clock(channel, &clock, why) : SH_OK;

    return text && rc == SH_OK ? cmd_next_due(text, &clock, &doc->next_due, why) : rc;
}

int cmd_dispatch_fill(const struct cmd_args *args, const char *words, struct channel *channel,
                      struct cmd_dispatch *out, struct why *why)
{
    const struct channel_info *info = channel_info(channel);
    struct slice lang;
    int rc = cmd_lang_fill(args, channel, &lang, why);

    if (rc != SH_OK)
        return rc;
    *out = (struct cmd_dispatch){0};
    out->doc.kind = DOC_DISPATCH;
    out->doc.channel = slice_text(info->id.text);
    out->doc.of = ENTRY_NO_REF;
    io_random(out->doc.salt, sizeof(out->doc.salt));
    io_random(out->doc.dispatch, sizeof(out->doc.dispatch));
    rc = fill_status(args, lang, &out->doc, why);
    if (rc == SH_OK)
        rc = fill_texts(cmd_value(args, "place"), words, lang, out, why);
    if (rc == SH_OK)
        rc = fill_due(cmd_value(args, "next-due"), channel, &out->doc, why);
    return rc;
}

int cmd_words(const char *text, struct bytes *hold, const char **words, struct why *why)
{
    int rc;

    *words = text;
    if (!text || strcmp(text, "-") != 0)
        return SH_OK;
    rc = io_read_fd(STDIN_FILENO, hold, why);
    if (rc < 0)
        return why_name(why, rc, "words from standard input");
    if (hold->len && hold->ptr[hold->len - 1] == '\n')
        hold->len--;
    if (slice_find(bytes_view(hold), 0, 0) < hold->len)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "words from standard input: a NUL byte; is this a text?");
    bytes_u8(hold, 0);
    rc = bytes_check(hold, why);
    if (rc == SH_OK)
        *words = (const char *)hold->ptr;
    return rc;
}

void cmd_page_path(uint64_t index, char out[CMD_PAGE_BYTES])
{
    char dir[TREE_PATH_BYTES];

    tree_dispatch_path(index, dir);
    (void)snprintf(out, CMD_PAGE_BYTES, "%s/index.html", dir);
}

/* What withdraws a dispatch shows on the page of that one. */
static uint64_t page_index(const struct channel_commit *commit, const struct document *doc)
{
    return doc->kind == DOC_WITHDRAW ? commit->ref : commit->index;
}

static enum lang_string answer_string(const struct document *doc)
{
    if (doc->kind == DOC_CORRECT)
        return STR_SEALED_CORRECTED;
    if (doc->kind != DOC_WITHDRAW)
        return STR_CMD_APPENDED;
    return doc->level == DOC_PURGE ? STR_SEALED_PURGED : STR_CMD_WITHDRAWN;
}

static int blob_path(const struct doc_blob *blob, char path[TREE_PATH_BYTES], char hex[65],
                     struct why *why)
{
    hex_build(slice_of(blob->sha256, sizeof(blob->sha256)), hex);
    return tree_blob_path(blob->sha256, blob->mime, path, why);
}

/* What an append is answered with. */
struct answer {
    const struct channel_commit *commit;
    const struct document *doc;
    struct cmd_clock clock;
    struct due due;
    bool has_due, has_page;
};

static void blobs_json(struct json_writer *json, const struct document *doc)
{
    char path[TREE_PATH_BYTES], hex[65];

    json_array_open(json, "blobs");
    for (size_t i = 0; i < doc->blob_count; i++) {
        if (blob_path(&doc->blobs[i], path, hex, NULL) < 0)
            bug("a checked document names a blob of no known type");
        json_object_open(json, NULL);
        json_put_slice(json, "role", doc->blobs[i].role);
        json_put_slice(json, "path", slice_text(path));
        json_put_number(json, "bytes", doc->blobs[i].bytes);
        json_put_slice(json, "sha256", slice_text(hex));
        json_object_close(json);
    }
    json_array_close(json);
}

static void answer_json(struct bytes *out, const struct answer *answer)
{
    const struct channel_commit *commit = answer->commit;
    const struct document *doc = answer->doc;
    struct json_writer json = cmd_json_open(out);
    char page[CMD_PAGE_BYTES];

    json_put_number(&json, "index", commit->index);
    if (doc->kind == DOC_WITHDRAW)
        json_put_number(&json, "withdrawn", commit->ref);
    if (answer->has_page) {
        cmd_page_path(page_index(commit, doc), page);
        json_put_slice(&json, "page", slice_text(page));
    }
    if (doc->kind == DOC_PROMISE)
        cmd_rule_json(&json, doc);
    else
        blobs_json(&json, doc);
    if (doc->kind == DOC_DISPATCH && doc->has_orig)
        json_put_hex(&json, "orig", slice_of(doc->orig, sizeof(doc->orig)));
    if (answer->has_due)
        cmd_due_json(&json, &answer->clock, &answer->due);
    cmd_checkpoint_json(&json, commit->size, commit->root);
    cmd_json_close(&json);
}

void cmd_checkpoint_json(struct json_writer *json, uint64_t size,
                         const uint8_t root[TLOG_HASH_BYTES])
{
    struct bytes base64;

    bytes_init(&base64, 64);
    base64_build(&base64, slice_of(root, TLOG_HASH_BYTES), BASE64_PADDED);
    json_object_open(json, "checkpoint");
    json_put_number(json, "size", size);
    json_put_slice(json, "root", bytes_view(&base64));
    json_object_close(json);
    bytes_release(&base64);
}

void cmd_log_line(struct bytes *out, enum lang lang, uint64_t size,
                  const uint8_t root[TLOG_HASH_BYTES])
{
    struct bytes base64;

    bytes_init(&base64, 64);
    base64_build(&base64, slice_of(root, TLOG_HASH_BYTES), BASE64_PADDED);
    bytes_u8(&base64, 0);
    lang_count(out, lang, PLURAL_CMD_LOG, size, (const char *)base64.ptr);
    bytes_u8(out, '\n');
    bytes_release(&base64);
}

void cmd_blob_text(struct bytes *out, enum lang lang, const struct doc_blob *blob)
{
    char path[TREE_PATH_BYTES] = "?", hex[65], size[LANG_NUMBER_BYTES];

    if (blob_path(blob, path, hex, NULL) < 0)
        bug("a checked document names a blob of no known type");
    lang_size(lang, blob->bytes, size);
    bytes_printf(out, "%.*s: %s (%s)\n  SHA-256 %s\n", (int)blob->role.len,
                 (const char *)blob->role.ptr, path, size, hex);
}

void cmd_status_text(struct bytes *out, enum lang lang, const struct document *doc)
{
    if (slice_equal(doc->status, slice_text("well")))
        bytes_text(out, lang_text(lang, STR_STATUS_WELL));
    else if (slice_equal(doc->status, slice_text("hurt")))
        bytes_text(out, lang_text(lang, STR_STATUS_HURT));
    else if (slice_equal(doc->status, slice_text("moving")))
        bytes_text(out, lang_text(lang, STR_STATUS_MOVING));
    else
        bytes_slice(out, doc->status_text.text);
}

void cmd_originals_line(struct bytes *out, enum lang lang, uint64_t count, uint64_t bytes)
{
    char number[24], size[LANG_NUMBER_BYTES];

    (void)snprintf(number, sizeof(number), "%ju", (uintmax_t)count);
    lang_size(lang, bytes, size);
    LANG_SAY(out, lang, STR_ORIGINALS_HERE, number, size);
    bytes_u8(out, '\n');
}

static void answer_text(const struct cmd *cmd, struct bytes *out, const struct answer *answer)
{
    const struct channel_commit *commit = answer->commit;
    const struct document *doc = answer->doc;
    char page[CMD_PAGE_BYTES], number[24], ref[24];

    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)commit->index);
    (void)snprintf(ref, sizeof(ref), "%llu", (unsigned long long)commit->ref);
    LANG_SAY(out, cmd->lang, answer_string(doc), number, ref);
    bytes_u8(out, '\n');
    if (doc->kind == DOC_PROMISE) {
        cmd_rule_text(out, cmd->lang, &answer->clock, doc);
    } else if (answer->has_page) {
        cmd_page_path(page_index(commit, doc), page);
        LANG_SAY(out, cmd->lang, STR_CMD_PAGE, page);
        bytes_u8(out, '\n');
    } else {
        bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_SEALED_NEVER_PUBLIC));
    }
    for (size_t i = 0; i < doc->blob_count; i++)
        cmd_blob_text(out, cmd->lang, &doc->blobs[i]);
    if (doc->kind == DOC_DISPATCH && doc->has_orig) {
        LANG_SAY(out, cmd->lang, STR_ORIGINAL_KEPT, number);
        bytes_u8(out, '\n');
    }
    /* Who takes a word back need not hear that he never promised one. */
    if (answer->has_due)
        cmd_due_line(out, cmd->lang, &answer->clock, &answer->due);
    cmd_log_line(out, cmd->lang, commit->size, commit->root);
}

/* The entry is public whatever happens here. */
static void answer_due(const struct cmd *cmd, struct channel *channel, struct answer *answer)
{
    struct why why = {0};

    answer->has_due = cmd_due(channel, &answer->clock, &answer->due, &why) == SH_OK;
    if (!answer->has_due)
        cmd_say(cmd, "When the next word is due could not be read: %s", why.text);
}

/* What was withdrawn before it was opened never had a page. */
static bool has_page(struct channel *channel, const struct channel_commit *commit,
                     const struct document *doc)
{
    struct channel_entry entry;

    if (doc->kind == DOC_PROMISE)
        return false;
    return doc->kind != DOC_WITHDRAW ||
           channel_entry_get(channel, commit->ref, &entry, NULL) != SH_OK ||
           entry.entry.type != ENTRY_SEALED || entry.opened_by != ENTRY_NO_REF;
}

int cmd_unpublished(const struct channel_commit *commit, const struct why *cause,
                    struct why *why)
{
    *why = (struct why){0}; /* Also with -q: who does not know would say it twice. */
    return why_set(why, cause->code, cause->offset,
                   "entry %ju is committed, but not public yet; do not repeat it, the next "
                   "command finishes it: %.300s",
                   (uintmax_t)commit->index, cause->text);
}

int cmd_finish(const struct cmd *cmd, struct channel *channel,
               const struct channel_commit *commit, const struct document *doc, struct why *why)
{
    const struct why cause = *why;
    struct answer answer = {.commit = commit, .doc = doc};
    struct bytes out;
    int rc = SH_OK, pages;

    if (!commit->published)
        return cmd_unpublished(commit, &cause, why);
    pages = cmd_publish(cmd, channel);
    answer_due(cmd, channel, &answer);
    answer.has_page = has_page(channel, commit, doc);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json)
        answer_json(&out, &answer);
    else
        answer_text(cmd, &out, &answer);
    if (cmd_answer(cmd, &out) != CMD_DONE)
        rc = why_set(why, SH_EIO, WHY_NOWHERE,
                     "entry %llu is public, but the answer could not be written",
                     (unsigned long long)commit->index);
    if (rc == SH_OK && pages < 0 && doc->kind == DOC_WITHDRAW)
        rc = why_set(why, pages, WHY_NOWHERE,
                     "entry %llu is withdrawn, but pages may still show its words; when the "
                     "cause is mended, `stillhere rebuild` takes them away",
                     (unsigned long long)commit->ref);
    bytes_release(&out);
    return rc;
}
