/* post --transcode: the clip that is posted is one that was coded anew in the cage. */
#include "cmd/post_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/io.h"

#define CODED_NAME "coded"

/* A file without a name in the job's folder: gone when it is closed, however we end. */
static int nameless_open(const struct channel_job *job, int *fd, struct why *why)
{
    *fd = openat(job->dir, CODED_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*fd < 0 || unlinkat(job->dir, CODED_NAME, 0) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "private/staging: %s: %s", CODED_NAME,
                       strerror(errno));
    return SH_OK;
}

static void tell(void *ctx, uint64_t done, uint64_t total)
{
    const struct post_teller *teller = ctx;

    cmd_progress(teller->cmd, teller->clip, done, total);
}

int post_recode(const struct channel_job *job, const struct post_teller *teller, int *clip,
                struct role_coded *coded, struct why *why)
{
    struct role_progress progress = {.step = tell, .ctx = (void *)(uintptr_t)teller};
    int fd = -1;
    int rc = nameless_open(job, &fd, why);

    if (rc == SH_OK)
        rc = role_transcode(*clip, fd, &progress, coded, why);
    if (rc == SH_OK) {
        io_close(clip);
        *clip = fd;
        fd = -1;
    }
    cmd_progress_end(teller->cmd);
    io_close(&fd);
    return rc;
}

void post_recode_facts(const struct role_coded *coded, struct bmff_facts *facts)
{
    /* What the reader left out of our own new file says nothing about the clip. */
    facts->removed = 1u << BMFF_REMOVED_CODING;
    if (coded->second_audio) {
        facts->removed |= 1u << BMFF_REMOVED_SECOND_AUDIO;
        facts->notes |= BMFF_NOTE_SECOND_AUDIO;
    }
    if (coded->second_video) {
        facts->removed |= 1u << BMFF_REMOVED_SECOND_VIDEO;
        facts->notes |= BMFF_NOTE_SECOND_VIDEO;
    }
}

void post_recode_say(const struct cmd *cmd, const char *name, const struct role_coded *coded)
{
    struct bytes text;

    if (!coded->damaged)
        return;
    bytes_init(&text, LIMIT_PAGE_BYTES);
    LANG_SAY(&text, cmd->lang, STR_POST_DAMAGED, name);
    if (bytes_check(&text, NULL) == SH_OK)
        cmd_say(cmd, "%.*s", (int)text.len, (const char *)text.ptr);
    bytes_release(&text);
}
