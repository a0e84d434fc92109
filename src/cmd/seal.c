/* A dispatch that is logged now, or sealed until its time. */
#include <stdio.h>
#include <string.h>

#include "cmd/seal_int.h"
#include "io/io.h"

#define PUBLISH_WITHIN_S (366 * 86400) /* Not a cap: a year, as for any plan of people. */

int cmd_publish_when(const char *text, const struct channel *channel, struct cmd_when *out,
                     struct why *why)
{
    struct cmd_clock clock;
    uint64_t seconds;
    int rc;

    *out = (struct cmd_when){.sealed = false};
    if (!text || strcmp(text, "now") == 0)
        return SH_OK;
    out->sealed = true;
    if (strcmp(text, "when-i-say") == 0)
        return SH_OK;
    rc = cmd_clock(channel, &clock, why);
    if (rc != SH_OK)
        return rc;
    if (cmd_length_parse(text, &seconds, NULL) == SH_OK)
        out->at = clock.now + seconds;
    else
        rc = cmd_moment_parse(text, &clock, &out->at, why);
    if (rc != SH_OK)
        return why_name(why, rc, "--publish");
    if (out->at <= clock.now || out->at - clock.now > PUBLISH_WITHIN_S)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--publish %.60s: not between now and a year from now", text);
    return SH_OK;
}

static void number_line(struct bytes *out, enum lang lang, enum lang_string id, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%ju", (uintmax_t)number);
    LANG_SAY(out, lang, id, text);
    bytes_u8(out, '\n');
}

static void moment_line(const struct cmd *cmd, const struct channel *channel, struct bytes *out,
                        enum lang_string id, uint64_t at)
{
    struct cmd_clock clock = {.now = io_now()};
    struct bytes text;

    cmd_clock_tell(channel, &clock);
    bytes_init(&text, LIMIT_PAGE_BYTES);
    cmd_moment_text(&text, cmd->lang, &clock, at);
    bytes_u8(&text, 0);
    LANG_SAY(out, cmd->lang, id, (const char *)text.ptr);
    bytes_u8(out, '\n');
    bytes_release(&text);
}

void cmd_when_line(const struct cmd *cmd, const struct channel *channel, struct bytes *out,
                   uint64_t index, uint64_t at)
{
    if (at)
        moment_line(cmd, channel, out, STR_SEALED_AT, at);
    else
        number_line(out, cmd->lang, STR_SEALED_WHEN_SAID, index);
}

/* ---- sealed at once ---- */

static void answer_json(struct bytes *out, const struct channel_commit *commit, uint64_t at)
{
    struct json_writer json = cmd_json_open(out);

    json_put_number(&json, "index", commit->index);
    json_put_bool(&json, "sealed", true);
    if (at)
        json_put_number(&json, "publish_at", at);
    cmd_checkpoint_json(&json, commit->size, commit->root);
    cmd_json_close(&json);
}

/* Is the untouched clip among what is sealed? */
static void original_line(const struct cmd *cmd, const struct channel_append *append,
                          struct bytes *out)
{
    for (size_t i = 0; i < append->file_count; i++)
        if (original_is_path(append->files[i].path))
            bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_ORIGINAL_SEALED_TOO));
}

static int log_sealed(const struct cmd *cmd, struct channel *channel,
                      const struct channel_append *append, struct why *why)
{
    struct channel_signer signer = cmd_signer(channel);
    struct channel_commit commit;
    struct why cause = {0};
    struct bytes out;
    int rc = channel_append(channel, append, &signer, &commit, &cause);

    if (rc != SH_OK)
        return why_set(why, rc, cause.offset, "%s", cause.text);
    if (!commit.published)
        return cmd_unpublished(&commit, &cause, why);
    (void)cmd_publish(cmd, channel); /* It said so itself; nothing of this entry is on them. */
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        answer_json(&out, &commit, append->publish_at);
    } else {
        number_line(&out, cmd->lang, STR_SEALED_LOGGED, commit.index);
        cmd_when_line(cmd, channel, &out, commit.index, append->publish_at);
        original_line(cmd, append, &out);
        cmd_log_line(&out, cmd->lang, commit.size, commit.root);
    }
    if (cmd_answer(cmd, &out) != CMD_DONE)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "entry %ju is logged, but the answer could not be written",
                       (uintmax_t)commit.index);
    return SH_OK;
}

/* ---- with covers: at the next slot ---- */

/* What waits for a slot. */
struct waits {
    char name[CHANNEL_WAITING_BYTES];
    uint64_t slot, publish_at;
};

static int answer_waits(const struct cmd *cmd, const struct channel *channel,
                        const struct waits *waits, struct why *why)
{
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_bool(&json, "waiting", true);
        json_put_text(&json, "id", waits->name);
        json_put_number(&json, "slot", waits->slot);
        if (waits->publish_at)
            json_put_number(&json, "publish_at", waits->publish_at);
        cmd_json_close(&json);
    } else {
        moment_line(cmd, channel, &out, STR_SEALED_WAITS, waits->slot);
        if (waits->publish_at)
            moment_line(cmd, channel, &out, STR_SEALED_AT, waits->publish_at);
        LANG_SAY(&out, cmd->lang, STR_SEALED_WAITS_AS, waits->name);
        bytes_u8(&out, '\n');
    }
    if (cmd_answer(cmd, &out) != CMD_DONE)
        return why_set(why, SH_EIO, WHY_NOWHERE,
                       "it waits for its slot, but the answer could not be written");
    return SH_OK;
}

static int log_waiting(const struct cmd *cmd, struct channel *channel,
                       struct channel_append *append, uint64_t slot, struct why *why)
{
    struct channel_job job = {.dir = -1, .staging = -1};
    struct waits waits = {.slot = slot, .publish_at = append->publish_at};
    int rc = SH_OK;

    if (!append->job) {
        rc = channel_job_new(cmd->home, &job, why);
        append->job = &job;
    }
    if (rc == SH_OK)
        rc = channel_wait(channel, append, waits.name, why);
    if (rc == SH_OK)
        rc = answer_waits(cmd, channel, &waits, why);
    if (append->job == &job) {
        channel_job_drop(&job);
        append->job = NULL;
    }
    return rc;
}

static int log_later(const struct cmd *cmd, struct channel *channel,
                     struct channel_append *append, struct why *why)
{
    struct channel_slot slot;
    int rc = channel_slot(channel, io_now(), &slot, why);

    if (rc != SH_OK)
        return rc;
    append->type = ENTRY_SEALED;
    return slot.every_s ? log_waiting(cmd, channel, append, slot.next, why)
                        : log_sealed(cmd, channel, append, why);
}

int cmd_log(const struct cmd *cmd, struct channel *channel, const struct cmd_logging *logging,
            struct why *why)
{
    struct channel_append *append = logging->append;
    struct document *doc = logging->doc;
    const struct cmd_when *when = logging->when;
    struct channel_signer signer = cmd_signer(channel);
    struct channel_commit commit;
    struct bytes raw;
    int rc;

    doc->published = when->sealed ? 0 : io_now();
    append->publish_at = when->at;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    rc = document_build(doc, &raw, why);
    append->document = bytes_view(&raw);
    if (rc == SH_OK && when->sealed) {
        rc = log_later(cmd, channel, append, why);
    } else if (rc == SH_OK) {
        rc = channel_append(channel, append, &signer, &commit, why);
        if (rc == SH_OK)
            rc = cmd_finish(cmd, channel, &commit, doc, why);
    }
    bytes_release(&raw);
    append->document = slice_of(NULL, 0);
    return rc;
}

int cmd_open_document(struct channel *channel, struct bytes *raw, struct why *why)
{
    struct document doc = {.kind = DOC_OPEN, .of = ENTRY_NO_REF};

    doc.channel = slice_text(channel_info(channel)->id.text);
    doc.published = io_now();
    io_random(doc.salt, sizeof(doc.salt));
    return document_build(&doc, raw, why);
}
