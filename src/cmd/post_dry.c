/* post --dry-run: what would be published and what is left out; nothing is written. */
#include "cmd/post_int.h"

#include <fcntl.h>
#include <stdio.h>

#include "io/io.h"
#include "json/json.h"

/* In the order of enum bmff_removed. */
static const enum lang_string removed_strings[BMFF_REMOVED_KINDS] = {
    [BMFF_REMOVED_CODING] = STR_REMOVED_CODING,
    [BMFF_REMOVED_CREDENTIALS] = STR_REMOVED_CREDENTIALS,
    [BMFF_REMOVED_DATES] = STR_REMOVED_DATES,
    [BMFF_REMOVED_EXTRA_TRACK] = STR_REMOVED_EXTRA_TRACK,
    [BMFF_REMOVED_LANGUAGE] = STR_REMOVED_LANGUAGE,
    [BMFF_REMOVED_METADATA] = STR_REMOVED_METADATA,
    [BMFF_REMOVED_NAMES] = STR_REMOVED_NAMES,
    [BMFF_REMOVED_OTHER_BOXES] = STR_REMOVED_OTHER_BOXES,
    [BMFF_REMOVED_PADDING] = STR_REMOVED_PADDING,
    [BMFF_REMOVED_PICTURE_DATA] = STR_REMOVED_PICTURE_DATA,
    [BMFF_REMOVED_SECOND_AUDIO] = STR_REMOVED_SECOND_AUDIO,
    [BMFF_REMOVED_SECOND_VIDEO] = STR_REMOVED_SECOND_VIDEO,
    [BMFF_REMOVED_SOUND_DATA] = STR_REMOVED_SOUND_DATA,
    [BMFF_REMOVED_TRAILER] = STR_REMOVED_TRAILER,
    [BMFF_REMOVED_UNREFERENCED] = STR_REMOVED_UNREFERENCED,
    [BMFF_REMOVED_USER_DATA] = STR_REMOVED_USER_DATA,
};

static void dry_text(const struct cmd *cmd, struct bytes *out, const char *name,
                     const struct bmff_facts *facts)
{
    char width[16], height[16], duration[LANG_NUMBER_BYTES], size[LANG_NUMBER_BYTES];

    (void)snprintf(width, sizeof(width), "%u", facts->width);
    (void)snprintf(height, sizeof(height), "%u", facts->height);
    lang_duration(facts->duration_ms, duration);
    lang_size(cmd->lang, facts->file_bytes, size);
    LANG_SAY(out, cmd->lang, STR_POST_CLIP, name, width, height, duration, size);
    bytes_u8(out, '\n');
    if (facts->removed)
        bytes_printf(out, "  %s:\n", lang_text(cmd->lang, STR_PAGE_REMOVED));
    for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++)
        if (facts->removed & (1u << kind))
            bytes_printf(out, "    %s: %s\n", bmff_removed_name(kind),
                         lang_text(cmd->lang, removed_strings[kind]));
}

static void dry_json(struct json_writer *json, const char *name, const struct bmff_facts *facts)
{
    json_object_open(json, NULL);
    /* The name of a file may be any bytes; JSON holds only text. */
    if (text_is_utf8(slice_text(name)))
        json_put_text(json, "clip", name);
    json_put_text(json, "role", "video");
    json_put_number(json, "bytes", facts->file_bytes);
    json_put_number(json, "width", facts->width);
    json_put_number(json, "height", facts->height);
    json_put_number(json, "duration_ms", facts->duration_ms);
    json_array_open(json, "removed");
    for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++)
        if (facts->removed & (1u << kind))
            json_put_text(json, NULL, bmff_removed_name(kind));
    json_array_close(json);
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

static int dry_clip(const struct post *post, const char *name, struct bmff_facts *facts,
                    struct why *why)
{
    const struct cmd *cmd = post->cmd;
    struct role_coded coded = {0};
    int clip = -1;
    int rc = io_open_file(AT_FDCWD, name, &clip, why);

    if (rc == SH_OK && post->recode)
        rc = dry_recode(cmd, name, &clip, &coded, why);
    if (rc == SH_OK)
        rc = role_read(clip, -1, NULL, facts, why);
    io_close(&clip);
    if (rc != SH_OK)
        return why_name(why, rc, name);
    if (post->recode)
        post_recode_facts(&coded, facts);
    post_say_notes(cmd, name, facts->notes);
    post_recode_say(cmd, name, &coded);
    return SH_OK;
}

int post_dry_run(const struct post *post, const struct post_clips *clips,
                 const struct document *doc, const struct cmd_clock *clock, struct why *why)
{
    const struct cmd *cmd = post->cmd;
    struct bmff_facts facts;
    struct json_writer json = {0};
    struct bytes out;
    int rc = SH_OK;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_bool(&json, "dry_run", true);
        if (doc->next_due)
            json_put_number(&json, "next_due", doc->next_due);
        json_array_open(&json, "blobs");
    } else {
        bytes_printf(&out, "%s\n", lang_text(cmd->lang, STR_POST_DRY));
        dry_document(cmd, &out, doc, clock);
    }
    for (size_t i = 0; rc == SH_OK && i < clips->count; i++) {
        rc = dry_clip(post, clips->name[i], &facts, why);
        if (rc == SH_OK && cmd->json)
            dry_json(&json, clips->name[i], &facts);
        else if (rc == SH_OK)
            dry_text(cmd, &out, clips->name[i], &facts);
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
