/* stillhere audit [WHAT]: is every entry there? */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/audit_int.h"
#include "cmd/verify_int.h"
#include "io/io.h"
#include "role/role.h"

/* One run of the command. */
struct auditing {
    struct cmd *cmd;
    struct audit_tree tree, from;
    struct audit audit;
    unsigned readers;
    struct bytes deeds; /* --heal: lines, or JSON members, of what was done */
    struct json_writer *json;
    uint64_t healed;
};

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > LIMIT_AUDIT_READERS ? LIMIT_AUDIT_READERS : (unsigned)count;
}

static struct role_audit task_of(const struct auditing *run)
{
    return (struct role_audit){.dir = run->tree.dir,
                               .sealed = run->tree.sealed,
                               .quarantine = run->tree.quarantine,
                               .other = -1,
                               .readers = run->readers};
}

/* ---- --heal ---- */

static void note_deed(void *ctx, const char *path, enum audit_deed deed)
{
    static const char *const names[] = {
        [AUDIT_HEALED] = "brought-back",
        [AUDIT_NOT_THERE] = "not-there",
        [AUDIT_NOT_SAME] = "changed-there-too",
        [AUDIT_GOOD_ALREADY] = "good-already",
    };
    static const enum lang_string words[] = {
        [AUDIT_HEALED] = STR_AUDIT_HEALED,
        [AUDIT_NOT_THERE] = STR_AUDIT_NOT_THERE,
        [AUDIT_NOT_SAME] = STR_AUDIT_NOT_SAME,
        [AUDIT_GOOD_ALREADY] = STR_AUDIT_HEALED,
    };
    struct auditing *run = ctx;

    run->healed += deed == AUDIT_HEALED;
    if (run->json) {
        json_object_open(run->json, NULL);
        json_put_text(run->json, "path", path);
        json_put_text(run->json, "done", names[deed]);
        json_object_close(run->json);
        return;
    }
    LANG_SAY(&run->deeds, run->cmd->lang, words[deed], path);
    bytes_u8(&run->deeds, '\n');
}

/* Files of the log or the identity: looked at again with the other copy's in their place. */
static int look_with_other(struct auditing *run, struct why *why)
{
    struct role_audit task = task_of(run);
    const struct audit *audit = &run->audit;
    char(*paths)[LIMIT_PATH_BYTES + 32];
    const char **list;
    size_t count = 0;
    int rc;

    /* RAW: as many as there are bad files of id/, which LIMIT_IDENTITY_NOTES bounds. */
    paths = calloc(LIMIT_IDENTITY_NOTES, sizeof(*paths));
    list = calloc(LIMIT_IDENTITY_NOTES, sizeof(*list));
    if (!paths || !list) {
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < audit_file_count(audit) && count < LIMIT_IDENTITY_NOTES; i++) {
        const char *path = audit_path(audit, audit_file_at(audit, i)->path);

        if (strncmp(path, "id/", 3) != 0)
            continue;
        (void)snprintf(paths[count], sizeof(*paths), "%s", path);
        list[count] = paths[count];
        count++;
    }
    task.other = run->from.dir;
    task.replaced = list;
    task.replaced_count = count;
    rc = audit_look(&run->audit, &task, why);
out:
    free((void *)list);
    free(paths);
    return rc;
}

/* FROM must not be another channel's; one that does not say whose it is gives only by hash. */
static int check_from(struct auditing *run, struct why *why)
{
    struct channel_id id;
    int rc = role_channel_of(run->from.dir, &id, why);

    if (rc == SH_ENOTFOUND) {
        *why = (struct why){0};
        return SH_OK;
    }
    if (rc < 0)
        return why_name(why, rc, run->from.what);
    if (memcmp(id.hash, run->audit.report->channel.hash, sizeof(id.hash)) == 0)
        return SH_OK;
    return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                   "%s: of channel %s, not of %s; nothing was brought back", run->from.what,
                   id.text, run->audit.report->channel.text);
}

static bool log_is_bad(const struct audit *audit)
{
    return audit->log_files || !audit->report->total[VERIFY_LOG];
}

static int heal(struct auditing *run, struct why *why)
{
    const struct audit_healing healing = {&run->tree, &run->from, note_deed, run};
    struct role_audit task = task_of(run);
    uint64_t before;
    int rc = check_from(run, why);

    /* An identity note that is back may name others; a list that was cut has more to give. */
    do {
        before = run->healed;
        if (rc == SH_OK && log_is_bad(&run->audit))
            rc = look_with_other(run, why);
        if (rc == SH_OK && audit_file_count(&run->audit))
            rc = audit_heal(&run->audit, &healing, why);
        if (rc == SH_OK)
            rc = audit_look(&run->audit, &task, why);
    } while (rc == SH_OK && run->healed > before && audit_file_count(&run->audit));
    return rc;
}

/* ---- the command ---- */

static int look(struct auditing *run, const char *from, struct why *why)
{
    const struct role_audit task = task_of(run);
    int rc = audit_look(&run->audit, &task, why);

    if (rc < 0 || !from || !*run->audit.report->channel.text)
        return rc;
    if (run->json)
        json_array_open(run->json, "healed");
    if (audit_verdict(&run->audit) != VERIFY_OK)
        rc = heal(run, why);
    else
        rc = check_from(run, why);
    if (run->json)
        json_array_close(run->json);
    return rc;
}

static int answer(struct auditing *run, struct bytes *out)
{
    const struct verify_report *report = run->audit.report;
    enum verify_severity verdict = audit_verdict(&run->audit);

    if (run->json) {
        audit_say_json(run->json, run->cmd, &run->audit);
        cmd_json_close(run->json);
    } else {
        audit_say_text(out, run->cmd, &run->audit, !run->readers);
    }
    if (cmd_answer(run->cmd, out) != CMD_DONE)
        return CMD_FAILED;
    /* Without an identity or a checkpoint there was nothing to look at. */
    if (report->total[VERIFY_NOTHING_HERE] || report->total[VERIFY_CHECKPOINT_MISSING])
        return CMD_UNCHECKED;
    return verdict == VERIFY_OK        ? CMD_DONE
           : verdict == VERIFY_WANTING ? CMD_WANTING
                                       : CMD_UNCHECKED;
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *what = args->word_count ? args->words[0] : cmd->home;
    const char *from = cmd_value(args, "heal");
    struct auditing run = {.cmd = cmd,
                           .readers = cmd_is_set(args, "read-data") ? processors() : 0};
    struct json_writer json;
    struct bytes out;
    struct why why = {0};
    int rc;

    if (args->word_count > 1)
        return cmd_usage(cmd, "audit looks at one channel or copy at a time");
    if (audit_open(what, &run.tree, &why) < 0)
        return cmd_nothing_there(cmd, &why);
    if (from && audit_open(from, &run.from, &why) < 0) {
        audit_close(&run.tree);
        return cmd_failed(cmd, &why);
    }
    bytes_init(&out, UINT32_MAX);
    bytes_init(&run.deeds, UINT32_MAX);
    /* RAW: a report is too large for the stack of a small machine. */
    audit_init(&run.audit, calloc(1, sizeof(*run.audit.report)));
    if (!run.audit.report)
        bug("no memory for a report");
    if (cmd->json) {
        json = cmd_json_open(&out);
        run.json = &json;
    }
    rc = look(&run, from, &why);
    bytes_slice(&out, bytes_view(&run.deeds));
    rc = rc < 0 ? cmd_failed(cmd, &why) : answer(&run, &out);
    bytes_release(&out);
    bytes_release(&run.deeds);
    free(run.audit.report);
    audit_release(&run.audit);
    audit_close(&run.tree);
    if (from)
        audit_close(&run.from);
    return rc;
}

static const struct cmd_option options[] = {
    {"heal", "FROM", "bring back what is missing or changed from another copy"},
    {"read-data", NULL, "read every video and picture, not only its size"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_audit = {
    .name = "audit",
    .usage = "[WHAT] [--heal FROM] [--read-data]",
    .summary = "is every entry there?",
    .about =
        "Says of every entry of a channel or of a copy of its public tree whether it is there\n"
        "and whole, sealed, withdrawn, disputed, or missing.  Without --read-data of videos "
        "and\n"
        "pictures only the size is looked at.  In a channel's home it also looks at what "
        "waits\n"
        "sealed and at what was withdrawn and is kept.\n"
        "--heal takes what is missing or changed from FROM, another copy of the same channel:\n"
        "only what has the right hash, never over a good file, never what was withdrawn.  A\n"
        "changed file is kept aside (private/quarantine/changed, or .heal/changed in a copy).\n"
        "Can be repeated at any time.",
    .examples = "  stillhere audit\n"
                "  stillhere audit --read-data /media/usb/copy\n"
                "  stillhere audit --heal /media/usb/copy\n",
    .options = options,
    .run = run,
};
