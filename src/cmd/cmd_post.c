/*
 * stillhere post: a phone clip becomes a dispatch.
 *
 * The walk of ARCHITECTURE.md: a caged reader rebuilds each clip in a job's folder, another
 * checks the draft, the media program makes a poster, the keeper hashes; only then is the lock
 * of the channel taken and the entry appended.  Whatever fails before leaves nothing.
 */
#include "cmd/post_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bmff/bmff.h"
#include "cmd/files_int.h"
#include "io/io.h"
#include "role/role.h"

/* ---- what is said ---- */

static void say_string(const struct cmd *cmd, enum lang_string string, const char *value)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    LANG_SAY(&text, cmd->lang, string, value);
    if (bytes_check(&text, NULL) == SH_OK)
        cmd_say(cmd, "%.*s", (int)text.len, (const char *)text.ptr);
    bytes_release(&text);
}

void post_say_notes(const struct cmd *cmd, const char *clip, uint32_t notes)
{
    static const struct {
        uint32_t note;
        enum lang_string string;
    } words[] = {
        {BMFF_NOTE_NO_AUDIO, STR_POST_NO_AUDIO},
        {BMFF_NOTE_SECOND_AUDIO, STR_POST_SECOND_AUDIO},
        {BMFF_NOTE_SECOND_VIDEO, STR_POST_SECOND_VIDEO},
        {BMFF_NOTE_HEVC, STR_POST_HEVC},
        {BMFF_NOTE_AV1, STR_POST_AV1},
        {BMFF_NOTE_SOUND, STR_POST_SOUND},
        {BMFF_NOTE_CUT_STAYS, STR_POST_CUT_STAYS},
    };

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (notes & words[i].note)
            say_string(cmd, words[i].string, clip);
}

/* ---- one clip ---- */

static int add_poster(struct post *post, int draft, const struct post_teller *teller,
                      struct why *why)
{
    struct doc_blob blob = {.role = slice_text("poster"), .mime = slice_text("image/jpeg")};
    struct post_stage stage = {.fd = -1};
    struct role_picture picture;
    struct why trouble = {0};
    int rc = post_stage_open(post, "poster", &stage, why);

    if (rc != SH_OK)
        goto out;
    rc = role_poster(draft, stage.fd, &picture, &trouble);
    if (rc == SH_ENOTFOUND) { /* Not installed: the word of the witness does not wait for it. */
        say_string(post->cmd, STR_POST_NO_POSTER, trouble.text);
        rc = SH_OK;
        goto out;
    }
    if (rc != SH_OK) {
        rc = why_set(why, trouble.code, trouble.offset, "%s", trouble.text);
        say_string(post->cmd, STR_POST_WITHOUT_POSTER, NULL);
        goto out;
    }
    blob.bytes = picture.bytes;
    blob.width = picture.width;
    blob.height = picture.height;
    rc = post_stage_done(post, &stage, &blob, teller, why);
out:
    io_close(&stage.fd);
    return rc;
}

/* Its page says that a browser may not play it; the picture counts more than the sound. */
static const char *mime_of(const struct bmff_facts *facts)
{
    if (facts->notes & BMFF_NOTE_HEVC)
        return "video/mp4;codecs=hvc1";
    if (facts->notes & BMFF_NOTE_AV1)
        return (uint8_t)facts->video_codec == '1' ? "video/mp4;codecs=av01"
                                                  : "video/mp4;codecs=vp09";
    if (facts->notes & BMFF_NOTE_SOUND)
        return (uint8_t)facts->audio_codec == 's' ? "video/mp4;codecs=opus"
                                                  : "video/mp4;codecs=alac";
    return "video/mp4";
}

int post_add_clip(struct post *post, const char *name, struct why *why)
{
    struct post_teller teller = {.cmd = post->cmd, .clip = name};
    struct doc_blob blob = {.role = slice_text("video"), .mime = slice_text("video/mp4")};
    struct post_stage draft = {.fd = -1};
    struct role_coded coded = {0};
    struct bmff_facts facts;
    int clip = -1, look = -1, untouched = -1;
    int rc = cmd_clip_open(name, &clip, why);

    if (rc < 0)
        return rc;
    if (post->keep) {
        untouched = fcntl(clip, F_DUPFD_CLOEXEC, 0);
        if (untouched < 0)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s", strerror(errno));
    }
    if (rc == SH_OK && post->recode)
        rc = post_recode(&post->job, &teller, &clip, &coded, why);
    if (rc == SH_OK)
        rc = post_stage_open(post, "video", &draft, why);
    if (rc == SH_OK && post->carry != POST_CARRY_NOT)
        rc = post_keep(post, &teller, clip, why);
    if (rc == SH_OK)
        rc = post_make(post, &(struct post_clip){clip, &draft, &look}, &teller, &facts, why);
    if (rc == SH_OK && post->claim.kept)
        facts.removed &= ~(1u << BMFF_REMOVED_CREDENTIALS);
    post_keep_end(post);
    if (rc == SH_OK && (facts.removed & 1u << BMFF_REMOVED_CREDENTIALS) && !post->recode)
        post_came(post, &teller, clip);
    if (rc == SH_OK && post->recode)
        post_recode_facts(&coded, &facts);
    if (rc == SH_OK) {
        blob.mime = slice_text(mime_of(&facts));
        blob.bytes = facts.file_bytes;
        blob.width = facts.width;
        blob.height = facts.height;
        blob.duration_ms = facts.duration_ms;
        post->removed |= facts.removed;
        rc = post_stage_done(post, &draft, &blob, &teller, why);
    }
    if (rc == SH_OK && post->poster)
        rc = add_poster(post, look, &teller, why);
    if (rc == SH_OK && post->keep)
        rc = post_original_seal(post, untouched, &teller, why);
    cmd_progress_end(post->cmd);
    if (rc == SH_OK) {
        post_say_notes(post->cmd, name, facts.notes);
        post_recode_say(post->cmd, name, &coded);
    }
    io_close(&look);
    io_close(&draft.fd);
    io_close(&untouched);
    io_close(&clip);
    return rc < 0 ? why_name(why, rc, name) : SH_OK;
}

/* ---- the dispatch ---- */

void post_describe(struct post *post, struct document *doc)
{
    for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++)
        if (post->removed & (1u << kind))
            post->removed_names[doc->removed_count++] = slice_text(bmff_removed_name(kind));
    doc->removed = post->removed_names;
    doc->blobs = post->blobs;
    doc->blob_count = post->blob_count;
    doc->has_orig = post->has_orig;
    memcpy(doc->orig, post->orig, sizeof(doc->orig));
}

/* From here on the channel is locked. */
static int append(struct post *post, struct document *doc, struct why *why)
{
    struct channel *channel = NULL;
    struct channel_append append = {.type = ENTRY_DISPATCH,
                                    .ref = ENTRY_NO_REF,
                                    .files = post->files,
                                    .file_count = post->file_count,
                                    .job = &post->job};
    int rc = channel_open(post->cmd->home, CHANNEL_WRITE, &channel, why);

    /* Reading clips takes its time; a word must not be late when it comes. */
    if (rc == SH_OK && doc->next_due && doc->next_due <= io_now()) {
        doc->next_due = 0;
        say_string(post->cmd, STR_DUE_PASSED, NULL);
    }
    if (rc == SH_OK)
        rc = cmd_log(post->cmd, channel, &(struct cmd_logging){&append, doc, &post->when}, why);
    channel_close(channel);
    return rc;
}

static int publish(struct post *post, const char *const *clips, size_t count,
                   struct document *doc, struct why *why)
{
    int rc = channel_job_new(post->cmd->home, &post->job, why);

    if (rc < 0)
        return rc;
    memcpy(post->dispatch, doc->dispatch, sizeof(post->dispatch));
    rc = post_claim_make(post, why);
    for (size_t i = 0; rc == SH_OK && i < count; i++)
        rc = post_add_clip(post, clips[i], why);
    if (rc == SH_OK)
        rc = io_sync_fd(post->job.dir, "private/staging", why);
    if (rc == SH_OK) {
        post_describe(post, doc);
        rc = append(post, doc, why);
    }
    post_claim_release(post);
    channel_job_drop(&post->job);
    return rc;
}

/* ---- the command line ---- */

/* Would a person who types this mean a file? */
static bool looks_like_media(const char *word)
{
    static const char *const endings[] = {".mp4",  ".mov",  ".m4v", ".3gp",  ".3g2", ".mkv",
                                          ".webm", ".avi",  ".mts", ".m2ts", ".ts",  ".mpg",
                                          ".mpeg", ".wmv",  ".flv", ".m4a",  ".mp3", ".ogg",
                                          ".jpg",  ".jpeg", ".png", ".heic"};
    size_t len = strlen(word), end;

    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        end = strlen(endings[i]);
        if (len > end && strcasecmp(word + len - end, endings[i]) == 0)
            return true;
    }
    return false;
}

/* The last word of several that is no file is the dispatch's words. */
static bool words_are_given(const struct cmd_args *args)
{
    return args->word_count > 1 && access(args->words[args->word_count - 1], F_OK) != 0;
}

static enum post_carry carry_of(const struct cmd_args *args)
{
    if (!cmd_is_set(args, "keep-credentials"))
        return POST_CARRY_NOT;
    return cmd_is_set(args, "yes") ? POST_CARRY_YES : POST_CARRY_ASK;
}

static int post_all(const struct cmd *cmd, const struct cmd_args *args, const char *words,
                    size_t clips, struct why *why)
{
    struct post post = {.cmd = cmd,
                        .poster = !cmd_is_set(args, "no-poster"),
                        .recode = cmd_is_set(args, "transcode"),
                        .carry = carry_of(args)};
    struct channel *channel = NULL;
    struct cmd_dispatch dispatch;
    struct cmd_clock clock = {.now = io_now()};
    int rc = channel_open(cmd->home, CHANNEL_LOOK, &channel, why);

    post.channel = channel;
    /* The lock is not held while clips are read; whether we may sign is asked now. */
    if (rc == SH_OK && *channel_info(channel)->conflict)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s", channel_info(channel)->conflict);
    if (rc == SH_OK)
        rc = cmd_publish_when(cmd_value(args, "publish"), channel, &post.when, why);
    if (rc == SH_OK)
        rc = post_original_wish(&post, args, clips, channel, why);
    if (rc == SH_OK)
        rc = cmd_dispatch_fill(args, words, channel, &dispatch, why);
    if (rc == SH_OK && cmd_is_set(args, "place-from-clip"))
        rc = post_place_from_clip(cmd, cmd_value(args, "place-from-clip"),
                                  &(struct post_clips){args->words, clips}, &dispatch, why);
    if (rc == SH_OK && cmd_is_set(args, "commit-place"))
        rc = post_place_commit(cmd, args->words[0], why);
    if (rc == SH_OK)
        cmd_clock_tell(channel, &clock);
    if (rc == SH_OK && cmd_is_set(args, "dry-run"))
        rc = post_dry_run(&post, &(struct post_clips){args->words, clips}, &dispatch.doc,
                          &clock, why);
    else if (rc == SH_OK)
        rc = publish(&post, args->words, clips, &dispatch.doc, why);
    channel_close(channel);
    return rc;
}

/* Words of which each came as one, since nobody put them in quotes. */
static bool words_are_loose(const struct cmd_args *args, size_t clips)
{
    for (size_t i = 1; i < clips; i++)
        if (access(args->words[i], F_OK) != 0 && !looks_like_media(args->words[i]))
            return true;
    return false;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    bool with_words = words_are_given(args);
    size_t clips = args->word_count - with_words;
    const char *last = args->word_count ? args->words[args->word_count - 1] : NULL;
    const char *text = NULL;
    struct why why = {0};
    struct bytes words;
    int rc;

    if (cmd_is_set(args, "place") && cmd_is_set(args, "place-from-clip"))
        return cmd_usage(cmd, "one place only: --place NAME or --place-from-clip");
    if (cmd_is_set(args, "batch") && cmd_is_set(args, "commit-place"))
        return cmd_usage(cmd, "--commit-place is for one clip, not for --batch");
    if (cmd_is_set(args, "keep-credentials") &&
        (cmd_is_set(args, "batch") || cmd_is_set(args, "transcode")))
        return cmd_usage(cmd, "--keep-credentials is for clips as they are, one by one: not "
                              "with --batch or --transcode");
    if (cmd_is_set(args, "yes") && !cmd_is_set(args, "keep-credentials"))
        return cmd_usage(cmd, "--yes belongs to --keep-credentials");
    if (cmd_is_set(args, "batch")) {
        if (args->word_count)
            return cmd_usage(cmd, "--batch FILE names its clips and words itself");
        return post_batch(cmd, args, &why) < 0 ? cmd_erred(cmd, &why) : CMD_DONE;
    }
    if (cmd_status_usage(cmd, args) != CMD_DONE)
        return CMD_USAGE;
    if (clips == 0)
        return cmd_usage(cmd, "post needs a clip; a word without one is stillhere checkin");
    if (words_are_loose(args, clips))
        return cmd_usage(cmd, "one text of words, in quotes; a clip must be there");
    if (clips > LIMIT_CLIPS)
        return cmd_usage(cmd, "%zu clips, at most %d in one dispatch", clips, LIMIT_CLIPS);
    if (with_words && looks_like_media(last))
        return cmd_usage(cmd, "%s: no such file, and a strange text for words", last);
    bytes_init(&words, LIMIT_WORDS_BYTES + 2);
    rc = cmd_words(with_words ? last : NULL, &words, &text, &why);
    if (rc == SH_OK)
        rc = post_all(cmd, args, text, clips, &why);
    bytes_release(&words);
    return rc < 0 ? cmd_erred(cmd, &why) : CMD_DONE;
}

static const struct cmd_option options[] = {
    CMD_DISPATCH_OPTIONS,
    CMD_PUBLISH_OPTION,
    {"place-from-clip", "[country|region|city]", "the clip's position, made so coarse (city)"},
    {"commit-place", NULL, "commit to the clip's exact place, sealed for the recovery sheet"},
    {"batch", "FILE", "one dispatch a line, as JSON, all with one commit; - is standard input"},
    {"dry-run", NULL, "say what would be published and what is left out; publish nothing"},
    {"no-poster", NULL, "no still picture of the clip"},
    {"transcode", NULL, "code the clip anew as H.264 and AAC: for clips of other sorts"},
    {"keep-credentials", NULL,
     "carry over the content credentials that the clip has: they tell place, time, device"},
    {"yes", NULL, "with --keep-credentials: do not ask"},
    {"keep-original", NULL, "keep the untouched clip, sealed for the recovery sheet"},
    {"no-original", NULL, "do not, whatever the setting originals says"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_post = {
    .name = "post",
    .usage =
        "CLIP... | --batch FILE [--well | --hurt | --moving | --status TEXT] [--place NAME | "
        "--place-from-clip [country|region|city]] [--commit-place] [--next-due DURATION] "
        "[--lang TAG] "
        "[--publish WHEN] [--dry-run] [--no-poster] "
        "[--transcode] [--keep-credentials [--yes]] [--keep-original | --no-original] [WORDS]",
    .summary = "publish a clip with a status",
    .about =
        "Rebuilds each CLIP (H.264 or HEVC video, AAC sound, MP4 or MOV) with nothing in it "
        "but\n"
        "picture and sound, and publishes it with a status and, if you like, a place and a "
        "few\n"
        "words.  Place, dates, names and all else that the phone wrote are left out.\n"
        "The last argument is WORDS when no file has that name; - reads them from standard "
        "input.\n"
        "The clip on your phone or disk is not changed or deleted.",
    .examples = "  stillhere post clip.mp4\n"
                "  stillhere post clip.mp4 --well --place Odesa \"Back from shopping\"\n"
                "  stillhere post clip.mp4 --place-from-clip region\n"
                "  stillhere post clip.mp4 --next-due 24h\n"
                "  stillhere post --dry-run clip.mp4\n"
                "  stillhere post --transcode clip.mkv\n",
    .options = options,
    .run = run,
};
