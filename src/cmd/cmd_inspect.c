/* stillhere inspect CLIP: what a file tells about a person, before anything is published. */
#include "cmd/inspect_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/files_int.h"
#include "io/io.h"

int inspect_clip(const char *name, struct inspected *out, struct why *why)
{
    struct stat st;
    int clip = -1;
    int rc = cmd_clip_open(name, &clip, why);

    if (rc != SH_OK)
        return rc;
    out->name = name;
    if (fstat(clip, &st) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s", strerror(errno));
    if (rc == SH_OK) {
        out->bytes = (uint64_t)st.st_size;
        out->modified = st.st_mtime > 0 ? (uint64_t)st.st_mtime : 0;
        rc = role_inspect(clip, &out->what, why);
    }
    io_close(&clip);
    return rc < 0 ? why_name(why, rc, name) : SH_OK;
}

/* As the setting of the channel at hand says; without a channel, post keeps nothing. */
static bool originals_are_kept(const struct cmd *cmd)
{
    struct channel *channel = NULL;
    struct channel_settings settings;
    bool kept;

    if (channel_open(cmd->home, CHANNEL_LOOK, &channel, NULL) != SH_OK)
        return false;
    kept = channel_settings(channel, &settings, NULL) == SH_OK &&
           strcmp(settings.originals, "keep") == 0;
    channel_close(channel);
    return kept;
}

static void answer_json(struct bytes *out, const struct inspected *clip)
{
    struct json_writer json = cmd_json_open(out);

    json_put_text(&json, "clip", clip->name);
    inspect_json(&json, clip);
    cmd_json_close(&json);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct inspected clip = {0};
    struct why why = {0};
    struct bytes out;
    int rc;

    if (args->word_count != 1)
        return cmd_usage(cmd, "inspect needs one clip");
    if (inspect_clip(args->words[0], &clip, &why) < 0)
        return cmd_failed(cmd, &why);
    clip.keeps = originals_are_kept(cmd);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json)
        answer_json(&out, &clip);
    else
        inspect_text(cmd, &out, &clip);
    rc = cmd_answer(cmd, &out);
    if (rc == CMD_DONE && clip.what.still)
        return CMD_WANTING;
    if (rc == CMD_DONE && clip.what.leaks.unseen & (BMFF_UNSEEN_KIND | BMFF_UNSEEN_DAMAGED))
        return CMD_UNCHECKED;
    return rc;
}

const struct cmd_spec cmd_spec_inspect = {
    .name = "inspect",
    .usage = "CLIP",
    .summary = "say what a clip tells about you, before you publish it",
    .about =
        "Looks into CLIP in a cage and says what it tells: place, time, device, people,\n"
        "software, names, further tracks, credentials, and other text; then what post would\n"
        "publish of it, what is kept, and what no program takes out.  Nothing is written and\n"
        "no channel is needed.  -v shows all that was found, and where in the file.",
    .examples = "  stillhere inspect clip.mp4\n"
                "  stillhere inspect -v clip.mp4\n"
                "  stillhere inspect clip.mp4 --json\n",
    .options = NULL,
    .run = run,
};
