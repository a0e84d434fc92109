/* stillhere doctor: is this machine fit to keep the channel? */
#include "cmd/cmd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cage/cage.h"
#include "cmd/sheet_int.h"
#include "fetcher/fetcher.h"
#include "io/io.h"
#include "role/role.h"
#include "serve/serve.h"

/* Below this a clip of a phone may not fit: bytes. */
#define SPACE_LOW UINT64_C(1000000000)

enum state { GOOD, NOTE, WANTING };

struct doctor {
    const struct cmd *cmd;
    const struct channel_info *info;
    struct bytes *out;
    struct json_writer json;
    enum state worst;
};

static void say(struct doctor *doctor, const char *id, enum state state, const char *text)
{
    static const char *const names[] = {"good", "note", "wanting"};
    static const enum lang_string words[] = {STR_DOCTOR_GOOD, STR_DOCTOR_NOTE,
                                             STR_DOCTOR_WANTING};

    if (state > doctor->worst)
        doctor->worst = state;
    if (!doctor->cmd->json) {
        bytes_printf(doctor->out, "%s: %s\n", lang_text(doctor->cmd->lang, words[state]), text);
        return;
    }
    json_object_open(&doctor->json, NULL);
    json_put_text(&doctor->json, "id", id);
    json_put_text(&doctor->json, "state", names[state]);
    json_put_text(&doctor->json, "text", text);
    json_object_close(&doctor->json);
}

/* The same with a string of the catalogue and one value to fill in, which may be NULL. */
static void tell(struct doctor *doctor, const char *id, enum state state,
                 enum lang_string string, const char *value)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    LANG_SAY(&text, doctor->cmd->lang, string, value);
    bytes_u8(&text, 0);
    if (bytes_check(&text, NULL) == SH_OK)
        say(doctor, id, state, (const char *)text.ptr);
    bytes_release(&text);
}

static void look_at_channel(struct doctor *doctor)
{
    const struct channel_info *info = doctor->info;
    char date[LANG_DATE_BYTES];

    if (*info->conflict)
        say(doctor, "channel", WANTING, info->conflict);
    else
        tell(doctor, "channel", GOOD, STR_DOCTOR_CHANNEL_OK, NULL);
    tell(doctor, "place", info->copied ? NOTE : GOOD,
         info->copied ? STR_CMD_COPIED : STR_DOCTOR_PLACE_OK, NULL);
    if (info->pages_size == info->size)
        tell(doctor, "pages", GOOD, STR_DOCTOR_PAGES_OK, NULL);
    else
        tell(doctor, "pages", WANTING, STR_CMD_PAGES_BEHIND, NULL);
    if (info->published > io_now()) {
        lang_date(doctor->cmd->lang, info->published, date);
        tell(doctor, "clock", WANTING, STR_DOCTOR_CLOCK, date);
    }
}

/* Reading goes well on a disk that is read-only; the next word would not. */
static void look_at_rights(struct doctor *doctor)
{
    static const char *const names[] = {"private", "private/stillhere.db", "private/tmp",
                                        "public"};
    char path[4096];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", doctor->info->home, names[i]);
        if (access(path, F_OK) == 0 && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) {
            tell(doctor, "writable", WANTING, STR_DOCTOR_UNWRITABLE, path);
            return;
        }
    }
}

/* Zones come and go with the system's tzdata; a channel may have been restored here. */
static void look_at_settings(struct doctor *doctor, const struct channel *channel)
{
    struct channel_settings settings;
    const char *const zones[] = {settings.zone, settings.family_zone};
    struct why why = {0};
    int32_t east_s;

    if (channel_settings(channel, &settings, &why) != SH_OK) {
        tell(doctor, "settings", WANTING, STR_DOCTOR_SETTINGS, why.text);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(zones); i++)
        if (*zones[i] && io_zone_offset(zones[i], io_now(), &east_s, NULL) != SH_OK)
            tell(doctor, "zone", WANTING, STR_DOCTOR_ZONE, zones[i]);
}

/* What waits for a slot: is each whole, and will a slot come? */
static void look_at_waiting(struct doctor *doctor, struct channel *channel)
{
    struct channel_slot slot = {.every_s = 1};
    struct channel_waiting waiting;
    struct bytes names;
    struct why why = {0};
    char count[24];
    int rc;

    bytes_init(&names, CHANNEL_WAITING_LIST_BYTES);
    if (channel_waiting_list(channel, &names, &why) != SH_OK)
        say(doctor, "waiting", WANTING, why.text);
    (void)snprintf(count, sizeof(count), "%zu", names.len / CHANNEL_WAITING_BYTES);
    if (names.len && channel_slot(channel, io_now(), &slot, NULL) == SH_OK && !slot.every_s)
        tell(doctor, "waiting", WANTING, STR_DOCTOR_WAITING_OFF, count);
    for (size_t at = 0; at < names.len; at += CHANNEL_WAITING_BYTES) {
        why = (struct why){0};
        rc = channel_waiting_open(channel, (const char *)names.ptr + at, &waiting, &why);
        if (rc == SH_OK)
            rc = channel_waiting_close(channel, &waiting, false, &why);
        if (rc != SH_OK && rc != SH_ENOTFOUND)
            say(doctor, "waiting", WANTING, why.text);
    }
    bytes_release(&names);
}

/* Untouched clips, which nobody here can open. */
static void look_at_originals(struct doctor *doctor, const struct channel *channel)
{
    uint64_t count = 0, bytes = 0;
    struct why why = {0};
    struct bytes text;

    if (channel_originals(channel, &count, &bytes, &why) != SH_OK)
        say(doctor, "originals", WANTING, why.text);
    if (!count)
        return;
    bytes_init(&text, LIMIT_PAGE_BYTES);
    cmd_originals_line(&text, doctor->cmd->lang, count, bytes);
    if (bytes_check(&text, NULL) == SH_OK) {
        text.ptr[text.len - 1] = '\0'; /* Its newline. */
        say(doctor, "originals", NOTE, (const char *)text.ptr);
    }
    bytes_release(&text);
}

static void look_at_files(struct doctor *doctor)
{
    struct stat st;
    struct statvfs vfs;
    char path[4096], size[LANG_NUMBER_BYTES];
    uint64_t free_bytes;

    (void)snprintf(path, sizeof(path), "%s/private", doctor->info->home);
    if (fstat(doctor->info->private_dir, &st) == 0 && (st.st_mode & 077) == 0)
        tell(doctor, "private", GOOD, STR_DOCTOR_PRIVATE_OK, NULL);
    else
        tell(doctor, "private", WANTING, STR_DOCTOR_PRIVATE_OPEN, path);
    look_at_rights(doctor);
    if (fstatvfs(doctor->info->private_dir, &vfs) == 0) {
        free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
        lang_size(doctor->cmd->lang, free_bytes, size);
        tell(doctor, "space", free_bytes < SPACE_LOW ? WANTING : GOOD,
             free_bytes < SPACE_LOW ? STR_DOCTOR_SPACE_LOW : STR_DOCTOR_SPACE_OK, size);
    }
}

/* ---- what should not lie where it lies ---- */

static bool holds_sheet(int dir, const char *name)
{
    struct bytes text;
    bool found;

    bytes_init(&text, 2 * LIMIT_SHEET_BYTES);
    found = io_read(dir, name, &text, NULL) == SH_OK && text.ptr &&
            memmem(text.ptr, text.len, SHEET_FIRST_LINE "\n", sizeof(SHEET_FIRST_LINE));
    if (text.ptr)
        wipe(text.ptr, text.cap);
    bytes_release(&text);
    return found;
}

/* Names of FORMATS.md, "Public tree", and of what serve keeps there. */
static bool is_of_the_tree(const char *name)
{
    static const char *const names[] = {
        "checkpoint", "id",  "tile",      "cp",        "ts",      "d",  "b",        "p",
        "w",          "now", "feed.atom", "feed.json", "rss.xml", "cs", "evidence", "verify"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, "index.", 6) == 0;
}

/* In HOME a sheet is lost with the machine; in public/ everybody reads whatever lies there. */
static void look_for_strangers(struct doctor *doctor, const char *folder, bool is_public)
{
    char path[4096];
    struct dirent *entry;
    DIR *list;

    (void)snprintf(path, sizeof(path), "%s%s", doctor->info->home, folder);
    list = opendir(path);
    while (list && (entry = readdir(list)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s%s/%s", doctor->info->home, folder,
                       entry->d_name);
        if (strncmp(entry->d_name, CMD_SHEET_PREFIX, strlen(CMD_SHEET_PREFIX)) == 0 ||
            holds_sheet(dirfd(list), entry->d_name))
            tell(doctor, "sheet", WANTING, STR_DOCTOR_SHEET, path);
        else if (is_public && strcmp(entry->d_name, ".") != 0 &&
                 strcmp(entry->d_name, "..") != 0 && !is_of_the_tree(entry->d_name))
            tell(doctor, "public", NOTE, STR_DOCTOR_STRANGER, path);
    }
    if (list)
        (void)closedir(list); /* Only read. */
}

/* With --require-cage what it asks for is wanting. */
static void look_at_cage(struct doctor *doctor)
{
    static const struct {
        enum cage_lack lack;
        enum lang_string string;
    } rows[] = {{CAGE_LACKS_PRIVS, STR_DOCTOR_CAGE_PRIVS},
                {CAGE_LACKS_SECCOMP, STR_DOCTOR_CAGE_SECCOMP},
                {CAGE_LACKS_LANDLOCK, STR_DOCTOR_CAGE_LANDLOCK},
                {CAGE_LACKS_THIN, STR_DOCTOR_CAGE_THIN}};
    unsigned needed = doctor->cmd->require_cage ? CAGE_NEEDED : 0;
    struct cage_state state;
    unsigned lacks;

    cage_probe(&state);
    lacks = cage_lacks(&state);
    if (!lacks)
        tell(doctor, "cage", GOOD, STR_DOCTOR_CAGE_OK, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (lacks & rows[i].lack)
            tell(doctor, "cage", needed & rows[i].lack ? WANTING : NOTE, rows[i].string, NULL);
}

static void look_at_machine(struct doctor *doctor)
{
    look_at_cage(doctor);
    if (role_media_is_there())
        tell(doctor, "media", GOOD, STR_DOCTOR_MEDIA_OK, NULL);
    else
        tell(doctor, "media", NOTE, STR_DOCTOR_MEDIA_NONE, NULL);
    if (fetcher_is_there())
        tell(doctor, "fetch", GOOD, STR_DOCTOR_FETCH_OK, NULL);
    else
        tell(doctor, "fetch", NOTE, STR_DOCTOR_FETCH_NONE, NULL);
    if (serve_has_nginx())
        tell(doctor, "nginx", GOOD, STR_DOCTOR_NGINX_OK, NULL);
    else
        tell(doctor, "nginx", NOTE, STR_DOCTOR_NGINX_NONE, NULL);
    tell(doctor, "restore", NOTE, STR_DOCTOR_RESTORE, NULL);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct channel *channel = NULL;
    struct doctor doctor = {.cmd = cmd};
    struct bytes out;
    struct why why = {0};
    int rc;

    if (args->word_count)
        return cmd_usage(cmd, "doctor takes no words; name the channel with -C HOME");
    if (channel_open(cmd->home, CHANNEL_LOOK, &channel, &why) < 0)
        return cmd_failed(cmd, &why);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    doctor.info = channel_info(channel);
    doctor.out = &out;
    if (cmd->json) {
        doctor.json = cmd_json_open(&out);
        json_array_open(&doctor.json, "checks");
    }
    look_at_channel(&doctor);
    look_at_settings(&doctor, channel);
    look_at_waiting(&doctor, channel);
    look_at_originals(&doctor, channel);
    look_at_files(&doctor);
    look_for_strangers(&doctor, "", false);
    look_for_strangers(&doctor, "/public", true);
    look_at_machine(&doctor);
    if (cmd->json) {
        json_array_close(&doctor.json);
        cmd_json_close(&doctor.json);
    }
    rc = cmd_answer(cmd, &out);
    channel_close(channel);
    return rc == CMD_DONE && doctor.worst == WANTING ? CMD_WANTING : rc;
}

const struct cmd_spec cmd_spec_doctor = {
    .name = "doctor",
    .usage = "",
    .summary = "is this machine fit to keep the channel?",
    .about = "Looks at the channel, whether its home was copied here, the disk, the rights on\n"
             "private/, the cage in which clips are read, and the programs that are needed.\n"
             "Exit code 3: something is wanting.",
    .examples = "  stillhere doctor\n"
                "  stillhere doctor --json\n",
    .options = NULL,
    .run = run,
};
