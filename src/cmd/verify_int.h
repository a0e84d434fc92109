/* verify_int -- what the files of `verify` and `proof` share. */
#ifndef CMD_VERIFY_INT_H
#define CMD_VERIFY_INT_H

#include "cmd/cmd.h"
#include "verify/verify.h"

/* A public tree, or the public part of a home; SH_ENOTFOUND, SH_EUNSUPPORTED for a file. */
MUST_CHECK int cmd_tree_open(const char *what, int *dir, struct why *why);
/* There was nothing to look at: said, and with --json answered in the shape of a report. */
int cmd_nothing_there(const struct cmd *cmd, const struct why *why);
/* Answer with a report; the exit code that it deserves. */
int cmd_report_answer(const struct cmd *cmd, const struct verify_report *report);
/* The same as lines, or as members of an open object. */
void cmd_report_text(struct bytes *out, const struct cmd *cmd,
                     const struct verify_report *report);
void cmd_report_json(struct json_writer *json, const struct cmd *cmd,
                     const struct verify_report *report);
/* Of two exit codes the one that says more. */
int cmd_gravest(int a, int b);
/* verify A B...: each of them, and how they stand to each other. */
int cmd_verify_several(struct cmd *cmd, const struct cmd_args *args,
                       const struct channel_id *expected);
/* Is it a file that begins as a .tlog-proof does, or is called so? */
bool cmd_is_proof(const char *what);
/* verify X.tlog-proof [TREE] --file F --policy P --key VKEY */
int cmd_verify_proof(struct cmd *cmd, const struct cmd_args *args);
/* Is one of the words a file, or at least no directory? */
bool cmd_is_files(const struct cmd_args *args);
/* verify FILE... [HOME]: content credentials, and the dispatch that a file is of. */
int cmd_verify_files(struct cmd *cmd, const struct cmd_args *args);

#endif
