/* What another copy has right: entry tiles and identity files, which no name gives away. */
#include <string.h>

#include "role/audit_int.h"
#include "role/role_int.h"

#define TILE_BYTES (TLOG_TILE_WIDTH * (size_t)(2 + LIMIT_ENTRY_BYTES))

/* An entry tile of width entries: the partial one, or the beginning of the full one. */
static bool read_tile(int dir, const struct tlog_tile *tile, struct bytes *out,
                      char path[TLOG_PATH_BYTES])
{
    const struct tlog_tile full = {tile->level, tile->number, TLOG_TILE_WIDTH};
    struct slice entry;
    struct cursor cur;

    if (tlog_tile_path(tile, path, NULL) < 0)
        return false;
    if (role_file_read(dir, path, out, NULL) < 0 &&
        (tlog_tile_path(&full, path, NULL) < 0 || role_file_read(dir, path, out, NULL) < 0))
        return false;
    cur = cursor_of(bytes_view(out));
    for (uint16_t i = 0; i < tile->width; i++)
        if (!tlog_entry_tile_next(&cur, &entry))
            return false;
    out->len = cur.at;
    return true;
}

static void tell(struct role_auditor *auditor, const char *path, const char *source,
                 struct slice content)
{
    struct role_audit_item item = {.kind = VERIFY_FILE_CHANGED,
                                   .index = ENTRY_NO_REF,
                                   .by = ENTRY_NO_REF,
                                   .bytes = content.len,
                                   .has_sha256 = true};

    (void)snprintf(item.path, sizeof(item.path), "%s", path);
    (void)snprintf(item.source, sizeof(item.source), "%s", source);
    crypto.sha256(content, item.sha256);
    role_audit_tell(auditor, &item);
}

/* Entry tiles that together give the root, and are not the same here. */
static int tell_tiles(struct role_auditor *auditor, uint64_t size, struct why *why)
{
    char path[TLOG_PATH_BYTES], source[TLOG_PATH_BYTES];
    struct bytes theirs, ours;
    bool here;
    int rc = SH_OK;

    bytes_init(&theirs, TILE_BYTES);
    bytes_init(&ours, TILE_BYTES);
    for (uint64_t first = 0; first < size; first += TLOG_TILE_WIDTH) {
        struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, first / TLOG_TILE_WIDTH, TLOG_TILE_WIDTH};

        if (size - first < TLOG_TILE_WIDTH)
            tile.width = (uint16_t)(size - first);
        if (!read_tile(auditor->audit->other, &tile, &theirs, source))
            continue;
        here = read_tile(auditor->audit->dir, &tile, &ours, path);
        if (tlog_tile_path(&tile, path, NULL) == SH_OK &&
            !(here && slice_equal(bytes_view(&ours), bytes_view(&theirs))))
            tell(auditor, path, source, bytes_view(&theirs));
    }
    if (theirs.failed == SH_ENOMEM || ours.failed == SH_ENOMEM)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    bytes_release(&theirs);
    bytes_release(&ours);
    return rc;
}

/* Is path one of the identity notes that the log has and that hold, or another file of id/? */
static bool is_wanted(const char *path, const struct verify_report *report)
{
    size_t len = strlen(path);
    uint64_t number;

    if (len <= 8 || strcmp(path + len - 5, ".note") != 0)
        return true;
    return decimal_parse(slice_of(path + 3, len - 8), LIMIT_IDENTITY_NOTES, &number) &&
           number < report->identity_notes && number < report->identities;
}

/* id/current is the newest note of the log, whatever the other copy says. */
static void right_source(const char *path, const struct verify_report *report,
                         char source[TREE_PATH_BYTES])
{
    if (strcmp(path, "id/current") == 0 && report->identities)
        tree_identity_path(report->identities - 1, source);
    else
        (void)snprintf(source, TREE_PATH_BYTES, "%s", path);
}

int role_audit_other(struct role_auditor *auditor, const struct verify_report *report,
                     struct why *why)
{
    const struct role_audit *audit = auditor->audit;
    char source[TREE_PATH_BYTES];
    struct bytes raw;

    if (!report->total[VERIFY_LOG] || !report->total[VERIFY_CHECKPOINT] ||
        report->total[VERIFY_IDENTITY_ENTRY])
        return SH_OK;
    bytes_init(&raw, LIMIT_NOTE_BYTES);
    for (size_t i = 0; i < audit->replaced_count; i++) {
        right_source(audit->replaced[i], report, source);
        if (is_wanted(audit->replaced[i], report) &&
            (strstr(source, ".pem") == NULL || !report->total[VERIFY_CERTIFICATE_OTHER]) &&
            role_file_read(audit->other, source, &raw, NULL) == SH_OK)
            tell(auditor, audit->replaced[i], source, bytes_view(&raw));
    }
    bytes_release(&raw);
    return tell_tiles(auditor, report->size, why);
}
