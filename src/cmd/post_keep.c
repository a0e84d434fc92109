/* Content credentials that came with a clip: shown; carried over when that is asked for. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bmff/bmff.h"
#include "cmd/inspect_int.h"
#include "cmd/post_int.h"
#include "credit/credit.h"
#include "io/io.h"

#define ANSWER_BYTES 8 /* Not a cap: what is typed, "yes" or something else */

static int look(struct post *post, int clip, struct role_seen *seen, struct why *why)
{
    struct role_credentials ask = {
        .file = clip, .authorities = bytes_view(&post->anchors), .now = io_now()};

    return role_credentials(&ask, &post->kept_arena, seen, why);
}

/* What our verifier says about them, a finding a line. */
static int say_findings(struct post *post, const struct role_seen *seen, struct bytes *out,
                        struct why *why)
{
    struct credit_question question = {.report = &seen->report, .kind = seen->kind};
    struct credit_report findings;
    int rc = credit_look(&question, &post->kept_arena, &findings, why);

    for (size_t i = 0; rc == SH_OK && i < findings.count; i++) {
        bytes_text(out, "  ");
        credit_finding_say(&findings.finding[i], post->cmd->lang, out);
        bytes_u8(out, '\n');
    }
    return rc;
}

static void heading(const struct cmd *cmd, enum lang_string string, const char *name,
                    struct bytes *out)
{
    LANG_SAY(out, cmd->lang, string, name);
    bytes_u8(out, '\n');
}

void post_came(struct post *post, const struct post_teller *teller, int clip)
{
    struct role_seen seen;
    struct bytes text;
    struct why why = {0};
    int rc;

    arena_init(&post->kept_arena, LIMIT_C2PA_ARENA);
    bytes_init(&text, LIMIT_PAGE_BYTES);
    rc = look(post, clip, &seen, &why);
    if (rc == SH_OK) {
        heading(post->cmd, STR_POST_CAME, teller->clip, &text);
        rc = say_findings(post, &seen, &text, &why);
    }
    if (rc != SH_OK) /* They are left out: no word waits for what is wrong with them. */
        cmd_say(post->cmd, "%s: %s", teller->clip, why.text);
    else if (bytes_check(&text, NULL) == SH_OK)
        cmd_say(post->cmd, "%.*s", (int)text.len - 1, (const char *)text.ptr);
    bytes_release(&text);
    arena_release(&post->kept_arena);
}

/* ---- --keep-credentials ---- */

/* Places, devices, names: what the clip says of itself that may stand in its credentials. */
static int say_values(struct post *post, const char *name, struct bytes *out, struct why *why)
{
    struct inspected clip = {.name = NULL};
    int rc = inspect_clip(name, &clip, why);

    if (rc == SH_OK)
        inspect_values(post->cmd, out, &clip, "C2PA");
    return rc;
}

static int consent(struct post *post, const char *shown, size_t len, struct why *why)
{
    const struct cmd *cmd = post->cmd;
    char answer[ANSWER_BYTES] = "";

    cmd_progress_end(cmd);
    if (post->carry == POST_CARRY_YES) {
        cmd_say(cmd, "%.*s", (int)len, shown);
        return SH_OK;
    }
    if (cmd->quiet || cmd->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        cmd_say(cmd, "%.*s", (int)len, shown);
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--keep-credentials carries over what is said above, and asks on a "
                       "terminal; elsewhere add --yes; nothing was published");
    }
    (void)fprintf(stderr, "%.*s\n%s", (int)len, shown, lang_text(cmd->lang, STR_POST_KEEP_ASK));
    (void)fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin) || strcmp(answer, "yes\n") != 0)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "the credentials are not to be carried over; nothing was published");
    return SH_OK;
}

static int show(struct post *post, const char *name, const struct role_seen *seen,
                struct why *why)
{
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    heading(post->cmd, STR_POST_KEEP_HEAD, name, &text);
    rc = say_findings(post, seen, &text, why);
    if (rc == SH_OK)
        rc = say_values(post, name, &text, why);
    if (rc == SH_OK)
        bytes_printf(&text, "  %s", lang_text(post->cmd->lang, STR_POST_KEEP_ALL));
    if (rc == SH_OK)
        rc = bytes_check(&text, why);
    if (rc == SH_OK)
        rc = consent(post, (const char *)text.ptr, text.len, why);
    bytes_release(&text);
    return rc;
}

int post_keep(struct post *post, const struct post_teller *teller, int clip, struct why *why)
{
    struct role_seen seen;
    struct bytes text;
    int rc;

    arena_init(&post->kept_arena, LIMIT_C2PA_ARENA);
    rc = look(post, clip, &seen, why);
    if (rc != SH_OK)
        return rc;
    if (seen.report.state == C2PA_NONE) {
        bytes_init(&text, LIMIT_PAGE_BYTES);
        LANG_SAY(&text, post->cmd->lang, STR_POST_KEEP_NONE, teller->clip);
        if (bytes_check(&text, NULL) == SH_OK)
            cmd_say(post->cmd, "%.*s", (int)text.len, (const char *)text.ptr);
        bytes_release(&text);
        return SH_OK;
    }
    if (seen.report.state == C2PA_MALFORMED || !seen.report.manifests)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "its content credentials cannot be carried over: %.*s",
                       (int)seen.report.cause.len, (const char *)seen.report.cause.ptr);
    rc = show(post, teller->clip, &seen, why);
    if (rc == SH_OK) {
        post->kept = seen.report;
        post->claim.kept = &post->kept;
    }
    return rc;
}

void post_keep_end(struct post *post)
{
    post->claim.kept = NULL;
    arena_release(&post->kept_arena);
}
