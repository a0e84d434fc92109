/*
 * sheet_int -- the recovery sheet as people get it: on paper, on the screen, as files.
 *
 * Spec:    FORMATS.md, "Recovery sheet"; ISO/IEC 18004 (QR code, by libqrencode).
 * Shapes:  the five machine lines stand together in the text; sheet_parse reads the whole text.
 * Memory:  texts with secrets are wiped before they are released.
 * Errors:  SH_EARG when the groups typed back are wrong; SH_ECONFLICT when a file is there.
 */
#ifndef CMD_SHEET_INT_H
#define CMD_SHEET_INT_H

#include "cmd/cmd.h"

/* HOME/recovery-sheet-<short id>.txt: the sheet of an init without a terminal and --sheet. */
#define CMD_SHEET_PREFIX "recovery-sheet-"

enum cmd_sheet_ink {
    SHEET_ON_PAPER, /* dark modules are ink */
    SHEET_ON_SCREEN /* colours of the terminal are set, so that a phone can scan it */
};
struct cmd_sheet_page {
    enum lang lang;
    const char *name; /* of the channel */
    const struct sheet *sheet;
};
/* Give a buffer its whole memory at once, so that growing leaves no copy of a secret behind. */
void cmd_secret_buffer(struct bytes *bytes);
void cmd_secret_release(struct bytes *bytes);
/* The whole sheet as text, lines of at most 80 columns. */
MUST_CHECK int cmd_sheet_text(const struct cmd_sheet_page *page, enum cmd_sheet_ink ink,
                              struct bytes *out, struct why *why);
/* One A4 page as SVG. */
MUST_CHECK int cmd_sheet_svg(const struct cmd_sheet_page *page, struct bytes *out,
                             struct why *why);
/* The next line of text that fits into columns; *rest is what is left.  False at the end. */
bool cmd_wrap(struct slice *rest, size_t columns, struct slice *line);

/* Where a new sheet goes: the context of channel_birth's keep_sheet. */
struct cmd_sheet_plan {
    const struct cmd *cmd;
    enum lang lang;
    const char *name;
    const char *file; /* NULL: on the terminal alone */
    const char *home; /* where a file that nobody named goes, or NULL */
    char own[4096];   /* its name */
    char svg[4096];   /* out: the name of the page to print */
    bool named;       /* the person chose the file's name */
    bool ask;         /* two groups back; needs a terminal */
    bool written;     /* out: both files are there */
};
int cmd_sheet_keep(void *plan, const struct sheet *sheet, struct why *why);
/* Delete what cmd_sheet_keep wrote: the channel was not made after all. */
void cmd_sheet_undo(const struct cmd_sheet_plan *plan);

/* Several new sheets, one plan each: the context of keep_sheet where there may be three. */
#define CMD_SHEETS_NEW 3
struct cmd_sheet_set {
    struct cmd_sheet_plan plan[CMD_SHEETS_NEW]; /* of sheet I of N: plan[I - 1] */
};
int cmd_sheet_set_keep(void *set, const struct sheet *sheet, struct why *why);
void cmd_sheet_set_undo(const struct cmd_sheet_set *set);
/* Where the new sheets went, on standard error. */
void cmd_sheet_say(const struct cmd *cmd, const struct cmd_sheet_plan *plan);

/* ---- sheets that are there already (sheet_read.c) ---- */

#define CMD_SHEETS_PARTS 9 /* "sheet I of N" has one digit */
struct cmd_sheets {
    struct sheet sheet[CMD_SHEETS_PARTS];
    size_t count;
};
/*
 * Every --sheet FILE (the command's option that may be given again; "-": standard input), else
 * typed on the terminal.  All of one channel, none twice.  Wipe them also after a failure.
 */
MUST_CHECK int cmd_sheets_read(const struct cmd *cmd, const struct cmd_args *args,
                               struct cmd_sheets *sheets, struct why *why);
/* The same where one is enough, for each holds the archive secret: one is asked for. */
MUST_CHECK int cmd_sheets_read_any(const struct cmd *cmd, const struct cmd_args *args,
                                   struct cmd_sheets *sheets, struct why *why);
void cmd_sheets_wipe(struct cmd_sheets *sheets);
/* Are they open identity keys of this channel, as many as its threshold asks for? */
MUST_CHECK int cmd_sheets_check(const struct cmd_sheets *sheets,
                                const struct identity *identity, struct why *why);
/* Their identity secrets, appended to out; borrowed. */
void cmd_sheets_secrets(const struct cmd_sheets *sheets, struct identity_secrets *out);

#endif
