/* stillhere restore FILE: a backup and its sheet become a channel again. */
#include "cmd/cmd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/files_int.h"
#include "cmd/restore_int.h"
#include "cmd/sheet_int.h"
#include "io/io.h"
#include "json/json.h"

#define STAGE ".init" /* as channel_create: whoever begins anew clears it */

struct restore {
    const struct cmd *cmd;
    const struct cmd_args *args;
    const char *file;
    struct sheet sheet;
    uint64_t total;
    int in, home;
    bool made_home;
    bool begun; /* our files are in STAGE */
    struct channel_id channel;
    uint64_t size;
};

/* ---- the sheet ---- */

/* Any one sheet opens a backup: each holds the archive secret. */
static int read_sheet(const struct restore *restore, struct sheet *out, struct why *why)
{
    struct cmd_sheets sheets = {.count = 0};
    int rc = cmd_sheets_read_any(restore->cmd, restore->args, &sheets, why);

    if (rc == SH_OK)
        *out = sheets.sheet[0];
    cmd_sheets_wipe(&sheets);
    return rc;
}

/* ---- the directory ---- */

static int require_empty(int home, const char *path, struct why *why)
{
    struct dirent *entry;
    int fd = dup(home), rc = SH_OK;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (!list) {
        io_close(&fd);
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    }
    rewinddir(list);
    while (rc == SH_OK && (entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strcmp(entry->d_name, STAGE) != 0)
            rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                         "%s: is not empty (%s is there); restore into a new directory, with "
                         "-C HOME",
                         path, entry->d_name);
    (void)closedir(list); /* Only read. */
    return rc;
}

static int open_home(struct restore *restore, struct why *why)
{
    const char *path = restore->cmd->home;
    int rc = cmd_place_private(path, why);

    if (rc < 0)
        return rc;
    if (mkdir(path, 0755) == 0)
        restore->made_home = true;
    else if (errno != EEXIST)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", path, strerror(errno));
    rc = io_open_dir(AT_FDCWD, path, &restore->home, why);
    if (rc == SH_OK && flock(restore->home, LOCK_EX | LOCK_NB) != 0)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s: another program works on it", path);
    if (rc == SH_OK)
        rc = require_empty(restore->home, path, why);
    if (rc == SH_OK)
        restore->begun = true;
    if (rc == SH_OK)
        rc = io_remove_tree(restore->home, STAGE, why);
    if (rc == SH_OK && mkdirat(restore->home, STAGE, 0700) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s/%s: %s", path, STAGE, strerror(errno));
    return rc;
}

/*
 * Leave nothing of a restore that failed.  Once private/ has its name the channel exists, and
 * the next command that opens it finishes what is left to do.
 */
static void clean_up(struct restore *restore, bool keep)
{
    struct why why = {0};

    if (restore->begun && !keep)
        keep = io_exists(restore->home, "private");
    if (restore->begun && !keep && io_remove_tree(restore->home, STAGE, &why) < 0)
        cmd_say(restore->cmd, "%s/%s is left over: %s", restore->cmd->home, STAGE, why.text);
    io_close(&restore->home);
    if (restore->made_home && !keep)
        (void)rmdir(restore->cmd->home);
    io_close(&restore->in);
}

/* ---- the steps ---- */

static void progress(void *ctx, uint64_t done)
{
    const struct restore *restore = ctx;

    cmd_progress(restore->cmd, lang_text(restore->cmd->lang, STR_RESTORE_PROGRESS), done,
                 restore->total);
}

/* Unpack in a cage, check in another, and name the file in what is said. */
static int unpack(struct restore *restore, int stage, struct why *why)
{
    struct cmd_unpack job = {.in = restore->in, .stage = stage, .sheet = &restore->sheet};
    struct proc_task task = {.name = "the unpacker",
                             .run = cmd_unpack_run,
                             .ctx = &job,
                             .progress = progress,
                             .progress_ctx = restore};
    struct why cause = {0};
    int rc = proc_run(&task, NULL, &cause);

    cmd_progress_end(restore->cmd);
    if (rc == SH_OK)
        rc = cmd_restore_check(stage, &restore->sheet, restore->cmd->lang, &cause);
    if (rc == SH_ENOTFOUND && strncmp(cause.text, "age ", 4) == 0)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%s: was sealed for another recovery sheet than this one (channel %s)",
                       restore->file, restore->sheet.channel.text);
    if (rc < 0)
        return why_set(why, cause.code, cause.offset, "%s: %s", restore->file, cause.text);
    return SH_OK;
}

/* Does it open as a channel: database, keys and public tree of one and the same moment? */
static int open_once(struct restore *restore, struct why *why)
{
    struct channel *channel = NULL;
    const struct channel_info *info;
    char path[4200];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/%s", restore->cmd->home, STAGE);
    rc = channel_open(path, CHANNEL_LOOK, &channel, why);
    if (rc < 0)
        return rc;
    info = channel_info(channel);
    if (info->conflict[0])
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s: what it holds does not agree: %s",
                     restore->file, info->conflict);
    restore->channel = info->id;
    restore->size = info->size;
    channel_close(channel);
    return rc;
}

static int put_in_place(struct restore *restore, int stage, struct why *why)
{
    int private_dir = -1;
    int rc = io_open_dir(stage, "private", &private_dir, why);

    if (rc == SH_OK)
        rc = channel_mark_restored(private_dir, why);
    io_close(&private_dir);
    if (rc == SH_OK && syncfs(stage) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "%s: %s", restore->cmd->home, strerror(errno));
    if (rc == SH_OK)
        rc = io_move(stage, "private", restore->home, "private", why);
    if (rc == SH_OK)
        rc = io_move(stage, "public", restore->home, "public", why);
    if (rc == SH_OK)
        rc = io_remove_tree(restore->home, STAGE, why);
    if (rc == SH_OK)
        rc = io_sync_above(restore->home, restore->cmd->home, why);
    return rc;
}

static int restore_all(struct restore *restore, struct why *why)
{
    uint64_t mtime;
    int stage = -1;
    int rc = io_open_file(AT_FDCWD, restore->file, &restore->in, why);

    if (rc == SH_OK)
        rc = io_stat(AT_FDCWD, restore->file, &restore->total, &mtime, why);
    if (rc == SH_OK)
        rc = read_sheet(restore, &restore->sheet, why);
    if (rc == SH_OK)
        rc = open_home(restore, why);
    if (rc == SH_OK)
        rc = io_open_dir(restore->home, STAGE, &stage, why);
    if (rc == SH_OK)
        rc = unpack(restore, stage, why);
    if (rc == SH_OK)
        rc = open_once(restore, why);
    if (rc == SH_OK)
        rc = put_in_place(restore, stage, why);
    secret_wipe(&restore->sheet.identity);
    secret_wipe(&restore->sheet.archive);
    io_close(&stage);
    clean_up(restore, rc == SH_OK);
    return rc;
}

static int answer(const struct cmd *cmd, const struct restore *restore)
{
    char entry[LANG_NUMBER_BYTES], id[CHANNEL_SHORT_ID_BYTES], line[4200];
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        struct json_writer json = cmd_json_open(&out);

        json_put_slice(&json, "home", slice_text(cmd->home));
        json_put_slice(&json, "channel", slice_text(restore->channel.text));
        json_put_number(&json, "size", restore->size);
        cmd_json_close(&json);
        return cmd_answer(cmd, &out);
    }
    channel_id_short(&restore->channel, id);
    (void)snprintf(entry, sizeof(entry), "%llu", (unsigned long long)restore->size - 1);
    cmd_command_line(line, sizeof(line), cmd->home, "recover --i-know");
    LANG_SAY(&out, cmd->lang, STR_RESTORE_DONE, cmd->home, id, entry);
    bytes_u8(&out, '\n');
    bytes_text(&out, lang_text(cmd->lang, STR_RESTORE_MARK));
    bytes_u8(&out, '\n');
    LANG_SAY(&out, cmd->lang, STR_RESTORE_NEXT, line);
    bytes_u8(&out, '\n');
    return cmd_answer(cmd, &out);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct restore restore = {.cmd = cmd, .args = args, .in = -1, .home = -1};
    struct why why = {0};

    if (args->word_count != 1)
        return cmd_usage(cmd, "restore needs one backup file");
    if (!args->many_count && !isatty(STDIN_FILENO))
        return cmd_usage(cmd, "restore needs --sheet FILE, or a terminal to type the sheet on");
    restore.file = args->words[0];
    (void)prctl(PR_SET_DUMPABLE, 0); /* The sheet's secrets are in this process. */
    if (restore_all(&restore, &why) < 0)
        return cmd_failed(cmd, &why);
    return answer(cmd, &restore);
}

static const struct cmd_option options[] = {
    {"sheet", "FILE", "the recovery sheet, or - for standard input (default: typed)"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_restore = {
    .name = "restore",
    .usage = "FILE [--sheet FILE]",
    .summary = "bring a channel back from a backup",
    .about =
        "Opens a backup with the recovery sheet, checks all of it, and puts the channel into\n"
        "HOME (-C), which must be new or empty.  Nothing is left there when a check fails.\n"
        "A backup is the channel as it was then.  So nothing can be signed before you say\n"
        "that nothing newer exists: stillhere recover.",
    .examples = "  stillhere -C ~/channel restore /media/usb/channel.age --sheet sheet.txt\n"
                "  stillhere -C ~/channel restore channel.age\n",
    .options = options,
    .many = "sheet",
    .run = run,
};
