/* An audit on one screen, and as JSON. */
#include <string.h>

#include "cmd/audit_int.h"

#define SHOWN_FINDINGS 8

static void say_line(struct bytes *out, const struct cmd *cmd, enum lang_string id,
                     uint64_t first, uint64_t second)
{
    char a[24], b[24];

    (void)snprintf(a, sizeof(a), "%llu", (unsigned long long)first);
    (void)snprintf(b, sizeof(b), "%llu", (unsigned long long)second);
    LANG_SAY(out, cmd->lang, id, a, b);
    bytes_u8(out, '\n');
}

/* Is it said by the counts and the list of files? */
static bool is_counted(enum verify_id id)
{
    return id == VERIFY_DOCUMENT_MISSING || id == VERIFY_DOCUMENT_CHANGED ||
           id == VERIFY_BLOB_MISSING || id == VERIFY_BLOB_CHANGED ||
           id == VERIFY_TILE_MISSING || id == VERIFY_TILE_CHANGED;
}

static bool is_trouble(const struct verify_finding *finding)
{
    return (verify_id_severity(finding->id) == VERIFY_WANTING ||
            verify_id_severity(finding->id) == VERIFY_UNKNOWN) &&
           !is_counted(finding->id);
}

static void say_file(struct bytes *out, const struct cmd *cmd, const struct audit *audit,
                     const struct audit_file *file)
{
    const char *path = audit_path(audit, file->path);
    char index[24];

    (void)snprintf(index, sizeof(index), "%llu", (unsigned long long)file->index);
    if (file->index == ENTRY_NO_REF)
        LANG_SAY(out, cmd->lang,
                 file->missing ? STR_AUDIT_FILE_MISSING : STR_AUDIT_FILE_CHANGED, path);
    else
        LANG_SAY(out, cmd->lang,
                 file->missing ? STR_AUDIT_ENTRY_MISSING : STR_AUDIT_ENTRY_CHANGED, index,
                 path);
}

/* The first fault as one line, without a newline; false: there is none. */
static bool say_first(struct bytes *out, const struct cmd *cmd, const struct audit *audit)
{
    const struct verify_report *report = audit->report;

    if (audit_file_count(audit)) {
        say_file(out, cmd, audit, audit_file_at(audit, 0));
        return true;
    }
    for (size_t i = 0; i < report->count; i++)
        if (verify_id_severity(report->finding[i].id) == VERIFY_WANTING) {
            verify_finding_say(&report->finding[i], cmd->lang, out);
            return true;
        }
    return false;
}

static void say_troubles(struct bytes *out, const struct cmd *cmd, const struct audit *audit)
{
    const struct verify_report *report = audit->report;
    size_t shown = 0;

    for (size_t i = 0; i < report->count && shown < SHOWN_FINDINGS; i++) {
        if (!is_trouble(&report->finding[i]))
            continue;
        bytes_text(out, "  ");
        verify_finding_say(&report->finding[i], cmd->lang, out);
        bytes_u8(out, '\n');
        shown++;
    }
    for (size_t i = 0; i < audit_file_count(audit) && shown < SHOWN_FINDINGS; i++, shown++) {
        bytes_text(out, "  ");
        say_file(out, cmd, audit, audit_file_at(audit, i));
        bytes_u8(out, '\n');
    }
}

void audit_say_text(struct bytes *out, const struct cmd *cmd, const struct audit *audit,
                    bool sizes_only)
{
    const struct verify_report *report = audit->report;
    enum verify_severity verdict = audit_verdict(audit);
    struct bytes first;

    if (*report->channel.text) {
        LANG_SAY(out, cmd->lang, STR_CMD_ID, report->channel.text);
        bytes_u8(out, '\n');
        LANG_SAY(out, cmd->lang, STR_CMD_CHANNEL, report->name);
        bytes_u8(out, '\n');
        cmd_log_line(out, cmd->lang, report->size, report->root);
        say_line(out, cmd, STR_AUDIT_COUNTS, report->size, audit->present);
        say_line(out, cmd, STR_AUDIT_SEALED, audit->sealed, 0);
        say_line(out, cmd, STR_AUDIT_WITHDRAWN, audit->withdrawn, audit->purged);
        say_line(out, cmd, STR_AUDIT_DISPUTED, audit->disputed, 0);
        say_line(out, cmd, STR_AUDIT_MISSING, audit->missing, audit->changed);
        if (audit->log_files)
            say_line(out, cmd, STR_AUDIT_FILES, audit->log_files, 0);
        if (audit->private_files)
            say_line(out, cmd, STR_AUDIT_PRIVATE, audit->private_files, 0);
        if (audit->not_kept)
            say_line(out, cmd, STR_AUDIT_NOT_KEPT, audit->not_kept, 0);
        if (sizes_only && report->blobs)
            bytes_printf(out, "%s\n", lang_text(cmd->lang, STR_AUDIT_SIZES));
    }
    bytes_init(&first, LIMIT_NOTE_BYTES);
    if (say_first(&first, cmd, audit)) {
        bytes_u8(&first, 0);
        LANG_SAY(out, cmd->lang, STR_AUDIT_FIRST, (const char *)first.ptr);
        bytes_u8(out, '\n');
    }
    bytes_release(&first);
    if (verdict != VERIFY_OK)
        say_troubles(out, cmd, audit);
    bytes_printf(out, "%s\n",
                 lang_text(cmd->lang, verdict == VERIFY_OK        ? STR_AUDIT_WHOLE
                                      : verdict == VERIFY_WANTING ? STR_AUDIT_FAULTS
                                                                  : STR_AUDIT_UNKNOWN));
}

/* ---- JSON ---- */

static void put_file(struct json_writer *json, const struct audit *audit,
                     const struct audit_file *file)
{
    json_object_open(json, NULL);
    json_put_text(json, "path", audit_path(audit, file->path));
    json_put_text(json, "fault", file->missing ? "missing" : "changed");
    json_object_close(json);
}

/* The faults of one entry begin at file i; returns where those of the next begin. */
static size_t put_entry(struct json_writer *json, const struct audit *audit, uint64_t index,
                        const struct audit_state *state, size_t i)
{
    static const char *const names[] = {[VERIFY_PRESENT] = "present",
                                        [VERIFY_SEALED_YET] = "sealed",
                                        [VERIFY_HIDDEN] = "withdrawn",
                                        [VERIFY_GONE] = "withdrawn",
                                        [VERIFY_IN_DISPUTE] = "disputed"};
    const char *name = state ? names[state->state] : names[VERIFY_PRESENT];
    const struct audit_file *file;
    size_t end = i;

    for (; end < audit_file_count(audit) && audit_file_at(audit, end)->index == index; end++) {
        file = audit_file_at(audit, end);
        if (end == i && !audit_is_private(audit_path(audit, file->path)))
            name = file->missing ? "missing" : "changed";
    }
    json_object_open(json, NULL);
    json_put_number(json, "index", index);
    json_put_text(json, "state", name);
    if (state && (state->state == VERIFY_HIDDEN || state->state == VERIFY_GONE)) {
        json_put_number(json, "by", state->by);
        json_put_text(json, "level", state->gone ? "purge" : "hide");
    }
    if (end > i) {
        json_array_open(json, "files");
        for (; i < end; i++)
            put_file(json, audit, audit_file_at(audit, i));
        json_array_close(json);
    }
    json_object_close(json);
    return end;
}

/* Every entry that is not simply there, by index. */
static void put_entries(struct json_writer *json, const struct audit *audit)
{
    size_t states = audit_state_count(audit), files = audit_file_count(audit), s = 0, f = 0;
    const struct audit_state *state;
    uint64_t index;

    json_array_open(json, "entries");
    while (f < files && audit_file_at(audit, f)->index == ENTRY_NO_REF)
        f++;
    while (s < states || f < files) {
        state = s < states ? audit_state_at(audit, s) : NULL;
        index = state ? state->index : UINT64_MAX;
        if (f < files && audit_file_at(audit, f)->index < index) {
            index = audit_file_at(audit, f)->index;
            state = NULL;
        }
        f = put_entry(json, audit, index, state, f);
        s += state != NULL;
    }
    json_array_close(json);
}

static void put_findings(struct json_writer *json, const struct cmd *cmd,
                         const struct verify_report *report)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    json_array_open(json, "findings");
    for (size_t i = 0; i < report->count; i++) {
        bytes_clear(&text);
        verify_finding_say(&report->finding[i], cmd->lang, &text);
        json_object_open(json, NULL);
        json_put_text(json, "id", verify_id_text(report->finding[i].id));
        json_put_text(json, "severity",
                      verify_severity_text(verify_id_severity(report->finding[i].id)));
        json_put_slice(json, "text", bytes_view(&text));
        json_object_close(json);
    }
    json_array_close(json);
    bytes_release(&text);
}

void audit_say_json(struct json_writer *json, const struct cmd *cmd, const struct audit *audit)
{
    const struct verify_report *report = audit->report;
    struct bytes first;

    if (*report->channel.text) {
        json_put_text(json, "channel", report->channel.text);
        json_put_text(json, "name", report->name);
        json_put_number(json, "size", report->size);
    }
    json_put_text(json, "verdict", verify_severity_text(audit_verdict(audit)));
    bytes_init(&first, LIMIT_NOTE_BYTES);
    if (say_first(&first, cmd, audit))
        json_put_slice(json, "first", bytes_view(&first));
    bytes_release(&first);
    json_object_open(json, "counts");
    json_put_number(json, "entries", report->size);
    json_put_number(json, "present", audit->present);
    json_put_number(json, "sealed", audit->sealed);
    json_put_number(json, "withdrawn", audit->withdrawn);
    json_put_number(json, "purged", audit->purged);
    json_put_number(json, "disputed", audit->disputed);
    json_put_number(json, "missing", audit->missing);
    json_put_number(json, "changed", audit->changed);
    json_put_number(json, "log_files", audit->log_files);
    json_put_number(json, "private_files", audit->private_files);
    json_put_number(json, "not_kept", audit->not_kept);
    json_put_number(json, "documents", report->documents);
    json_put_number(json, "blobs", report->blobs);
    json_put_number(json, "blob_bytes", report->blob_bytes);
    json_put_number(json, "not_listed", audit->more);
    json_object_close(json);
    json_array_open(json, "log_files");
    for (size_t i = 0;
         i < audit_file_count(audit) && audit_file_at(audit, i)->index == ENTRY_NO_REF; i++)
        put_file(json, audit, audit_file_at(audit, i));
    json_array_close(json);
    put_entries(json, audit);
    put_findings(json, cmd, report);
}
