/* Recovery sheets as people give them: files, standard input, or typed. */
#include "cmd/sheet_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "io/io.h"

/*
 * What a person types or pastes: until the first empty line after the archive secret, which is
 * the last of the five, so that the empty lines of a whole sheet do no harm.
 */
static int read_typed(struct bytes *text, struct why *why)
{
    char line[1024];
    bool last = false;
    size_t from;

    while (fgets(line, sizeof(line), stdin)) {
        from = strspn(line, " \t");
        if (last && (line[from] == '\n' || line[from] == '\r'))
            break;
        last = last || strncasecmp(line + from, "archive", 7) == 0;
        bytes_text(text, line);
    }
    wipe(line, sizeof(line));
    return bytes_check(text, why);
}

/* path NULL: typed. */
static int read_one(const struct cmd *cmd, const char *path, struct sheet *out, struct why *why)
{
    struct why cause = {0};
    struct bytes text;
    int rc;

    cmd_secret_buffer(&text);
    if (path && strcmp(path, "-") != 0) {
        rc = why_name(&cause, io_read(AT_FDCWD, path, &text, &cause), "--sheet");
    } else if (path) {
        rc = io_read_fd(STDIN_FILENO, &text, &cause);
    } else {
        (void)fprintf(stderr, "%s\n", lang_text(cmd->lang, STR_RESTORE_ASK));
        rc = read_typed(&text, &cause);
    }
    if (rc == SH_OK)
        rc = sheet_parse(bytes_view(&text), out, &cause);
    cmd_secret_release(&text);
    if (rc < 0 && path && cause.code != SH_EIO && cause.code != SH_ENOTFOUND)
        return why_set(why, rc, cause.offset, "%s: %s", path, cause.text);
    return rc < 0 ? why_set(why, rc, cause.offset, "%s", cause.text) : rc;
}

/* Does the sheet go with those before it? */
static int compare(const struct cmd_sheets *sheets, const struct sheet *sheet, struct why *why)
{
    const struct sheet *first = &sheets->sheet[0];

    if (memcmp(sheet->channel.hash, first->channel.hash, sizeof(sheet->channel.hash)) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the sheets are of two channels: %s and %s", first->channel.text,
                       sheet->channel.text);
    for (size_t i = 0; i < sheets->count; i++)
        if (secret_equal(&sheets->sheet[i].identity, &sheet->identity))
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "sheet %llu of %llu was given twice; another one is needed",
                           (unsigned long long)sheet->part, (unsigned long long)sheet->parts);
    return SH_OK;
}

static int take(struct cmd_sheets *sheets, const struct cmd *cmd, const char *path,
                struct why *why)
{
    struct sheet *sheet = &sheets->sheet[sheets->count];
    int rc;

    if (sheets->count == CMD_SHEETS_PARTS)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %d sheets", CMD_SHEETS_PARTS);
    rc = read_one(cmd, path, sheet, why);
    if (rc == SH_OK && sheets->count)
        rc = compare(sheets, sheet, why);
    sheets->count++; /* Also a refused one is wiped in the end. */
    return rc;
}

int cmd_sheets_read_any(const struct cmd *cmd, const struct cmd_args *args,
                        struct cmd_sheets *sheets, struct why *why)
{
    int rc = SH_OK;

    /* From here on secrets are in this process: no core file, no debugger of the same user. */
    (void)prctl(PR_SET_DUMPABLE, 0); /* Cannot fail; a hardening only. */
    for (size_t i = 0; i < args->many_count && rc == SH_OK; i++)
        rc = take(sheets, cmd, args->many[i], why);
    if (rc < 0 || sheets->count)
        return rc;
    if (!isatty(STDIN_FILENO))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "this needs --sheet FILE, or a terminal to type the sheet on; where two "
                       "of three sheets are needed, --sheet twice");
    return take(sheets, cmd, NULL, why);
}

int cmd_sheets_read(const struct cmd *cmd, const struct cmd_args *args,
                    struct cmd_sheets *sheets, struct why *why)
{
    int rc = cmd_sheets_read_any(cmd, args, sheets, why);

    if (rc == SH_OK && !args->many_count && sheets->sheet[0].parts > 1)
        rc = take(sheets, cmd, NULL, why);
    return rc;
}

void cmd_sheets_wipe(struct cmd_sheets *sheets)
{
    for (size_t i = 0; i < COUNT_OF(sheets->sheet); i++) {
        secret_wipe(&sheets->sheet[i].identity);
        secret_wipe(&sheets->sheet[i].archive);
    }
    sheets->count = 0;
}

int cmd_sheets_check(const struct cmd_sheets *sheets, const struct identity *identity,
                     struct why *why)
{
    const struct identity_key *key;
    const struct sheet *sheet;
    uint64_t good = 0;

    for (size_t i = 0; i < sheets->count; i++) {
        sheet = &sheets->sheet[i];
        if (memcmp(sheet->channel.hash, identity->channel.hash, 32) != 0)
            return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                           "sheet %llu of %llu: it is of channel %s, this is %s",
                           (unsigned long long)sheet->part, (unsigned long long)sheet->parts,
                           sheet->channel.text, identity->channel.text);
        key = identity_key_of_sheet(identity, sheet);
        if (!key)
            return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                           "sheet %llu of %llu: its identity key is none of those that the "
                           "channel's identity lists",
                           (unsigned long long)sheet->part, (unsigned long long)sheet->parts);
        if (key->until != ENTRY_NO_REF || key->revoked != ENTRY_NO_REF)
            return why_set(
                why, SH_ECONFLICT, WHY_NOWHERE,
                "sheet %llu of %llu: its key %s was replaced at entry %llu; take a "
                "newer sheet",
                (unsigned long long)sheet->part, (unsigned long long)sheet->parts, key->id,
                (unsigned long long)(key->until != ENTRY_NO_REF ? key->until : key->revoked));
        good++;
    }
    if (good < identity->threshold)
        return why_set(
            why, SH_EARG, WHY_NOWHERE,
            "%llu of %llu sheets are needed, %llu given: give --sheet FILE %llu times",
            (unsigned long long)identity->threshold,
            (unsigned long long)identity_signers(identity), (unsigned long long)good,
            (unsigned long long)identity->threshold);
    return SH_OK;
}

void cmd_sheets_secrets(const struct cmd_sheets *sheets, struct identity_secrets *out)
{
    for (size_t i = 0; i < sheets->count; i++)
        out->secret[out->count++] = &sheets->sheet[i].identity;
}
