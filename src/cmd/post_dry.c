/* post --dry-run: what would be published and what is left out; nothing is written. */
#include "cmd/post_int.h"

#include <fcntl.h>
#include <stdio.h>

#include "cmd/inspect_int.h"
#include "io/io.h"
#include "json/json.h"

static void dry_json(struct json_writer *json, const struct inspected *clip)
{
    const struct bmff_facts *facts = &clip->what.facts;
    uint32_t removed = inspect_removed(clip);

    json_object_open(json, NULL);
    /* The name of a file may be any bytes; JSON holds only text. */
    if (text_is_utf8(slice_text(clip->name)))
        json_put_text(json, "clip", clip->name);
    json_put_text(json, "role", "video");
    json_put_number(json, "bytes", facts->file_bytes);
    json_put_number(json, "width", facts->width);
    json_put_number(json, "height", facts->height);
    json_put_number(json, "duration_ms", facts->duration_ms);
    json_array_open(json, "removed");
    for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++)
        if (removed & (1u << kind))
            json_put_text(json, NULL, bmff_removed_name(kind));
    json_array_close(json);
    inspect_json(json, clip);
    json_object_close(json);
}

static void dry_place(struct json_writer *json, const struct doc_place *place)
{
    char lang[LIMIT_LANG_BYTES + 1];

    if (!place->present)
        return;
    json_object_open(json, "place");
    if (place->code.len)
        json_put_slice(json, "code", place->code);
    json_put_slice(json, "level", place->level);
    json_object_open(json, "names");
    for (size_t i = 0; i < place->name_count; i++) {
        (void)snprintf(lang, sizeof(lang), "%.*s", (int)place->names[i].lang.len,
                       (const char *)place->names[i].lang.ptr);
        json_put_slice(json, lang, place->names[i].text);
    }
    json_object_close(json);
    json_object_close(json);
}

static void dry_document(const struct cmd *cmd, struct bytes *out, const struct document *doc,
                         const struct cmd_clock *clock)
{
    struct due due = {.promised = doc->next_due != 0, .by = doc->next_due};
    struct bytes status;
    char lang[LIMIT_LANG_BYTES + 1], *text;

    bytes_init(&status, LIMIT_PAGE_BYTES);
    cmd_status_text(&status, cmd->lang, doc);
    bytes_u8(&status, 0);
    text = (char *)status.ptr;
    if (bytes_check(&status, NULL) == SH_OK)
        LANG_SAY(out, cmd->lang, STR_CMD_SHOW_STATUS, text);
    bytes_u8(out, '\n');
    for (size_t i = 0; i < doc->place.name_count; i++)
        if (!doc->place.code.len ||
            slice_equal(doc->place.names[i].lang, slice_text(lang_tag(cmd->lang))))
            bytes_printf(out, "%.*s\n", (int)doc->place.names[i].text.len,
                         (const char *)doc->place.names[i].text.ptr);
    for (size_t i = 0; i < doc->word_count; i++) {
        (void)snprintf(lang, sizeof(lang), "%.*s", (int)doc->words[i].lang.len,
                       (const char *)doc->words[i].lang.ptr);
        bytes_printf(out, "%s: %.*s\n", lang, (int)doc->words[i].text.len,
                     (const char *)doc->words[i].text.ptr);
    }
    if (due.promised)
        cmd_due_line(out, cmd->lang, clock, &due);
    bytes_release(&status);
}

/* In a folder of a job, which is dropped: what will be coded is known only when it is. */
static int dry_recode(const struct cmd *cmd, const char *name, int *clip,
                      struct role_coded *coded, struct why *why)
{
    struct post_teller teller = {.cmd = cmd, .clip = name};
    struct channel_job job;
    int rc = channel_job_new(cmd->home, &job, why);

    if (rc != SH_OK)
        return rc;
    rc = post_recode(&job, &teller, clip, coded, why);
    channel_job_drop(&job);
    return rc;
}

/* What comes out when the clip is coded anew: into what is published of it. */
static int look_at_coded(const struct post *post, struct inspected *clip, struct why *why)
{
    struct role_inspection anew;
    struct role_coded coded = {0};
    int fd = -1;
    int rc = io_open_file(AT_FDCWD, clip->name, &fd, why);

    if (rc == SH_OK)
        rc = dry_recode(post->cmd, clip->name, &fd, &coded, why);
    if (rc == SH_OK)
        rc = role_inspect(fd, &anew, why);
    io_close(&fd);
    if (rc != SH_OK)
        return rc;
    if (anew.plan_rc == SH_OK)
        post_recode_facts(&coded, &anew.facts);
    clip->what.plan_rc = anew.plan_rc;
    clip->what.facts = anew.facts;
    clip->what.still = anew.still;
    clip->what.refusal = anew.refusal;
    post_recode_say(post->cmd, clip->name, &coded);
    return SH_OK;
}

static int dry_clip(const struct post *post, const char *name, struct inspected *clip,
                    struct why *why)
{
    int rc = inspect_clip(name, clip, why);

    if (rc != SH_OK)
        return rc;
    clip->keeps = post->keep;
    clip->carries = post->carry != POST_CARRY_NOT;
    if (post->recode)
        rc = look_at_coded(post, clip, why);
    if (rc == SH_OK && clip->what.plan_rc != SH_OK)
        rc = why_set(why, clip->what.refusal.code, clip->what.refusal.offset, "%s",
                     clip->what.refusal.text);
    if (rc != SH_OK)
        return why_name(why, rc, name);
    if (post->cmd->json) /* The screen has them. */
        post_say_notes(post->cmd, name, clip->what.facts.notes);
    return SH_OK;
}

int post_dry_run(const struct post *post, const struct post_clips *clips,
                 const struct document *doc, const struct cmd_clock *clock, struct why *why)
{
    const struct cmd *cmd = post->cmd;
    struct inspected clip;
    struct json_writer json = {0};
    struct bytes out;
    int rc = SH_OK;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_bool(&json, "dry_run", true);
        if (doc->next_due)
            json_put_number(&json, "next_due", doc->next_due);
        dry_place(&json, &doc->place);
        json_array_open(&json, "blobs");
    } else {
        bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_POST_DRY));
        dry_document(cmd, &out, doc, clock);
    }
    for (size_t i = 0; rc == SH_OK && i < clips->count; i++) {
        clip = (struct inspected){0};
        rc = dry_clip(post, clips->name[i], &clip, why);
        if (rc == SH_OK && cmd->json) {
            dry_json(&json, &clip);
        } else if (rc == SH_OK) {
            bytes_u8(&out, '\n');
            inspect_text(cmd, &out, &clip);
        }
    }
    if (rc == SH_OK && cmd->json) {
        json_array_close(&json);
        cmd_json_close(&json);
    }
    if (rc == SH_OK && cmd_answer(cmd, &out) != CMD_DONE)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "the answer could not be written");
    bytes_release(&out);
    return rc;
}
