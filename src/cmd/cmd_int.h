/*
 * The command line's own parts: the words of argv, the global options, help.
 */
#ifndef CMD_CMD_INT_H
#define CMD_CMD_INT_H

#include "cmd/cmd.h"

#define CMD_NOT_MINE (-1) /* the word at hand is no option of this list */
#define CMD_HELP (-2)     /* help was asked for and printed */

struct cmd_words {
    char **word;
    int count;
    int at;
};

struct cmd_global {
    const char *name;  /* with its dashes */
    const char *value; /* how help calls the value, or NULL */
    const char *help;
    int (*apply)(struct cmd *cmd, const char *value); /* CMD_DONE, CMD_USAGE or CMD_HELP */
};
#define CMD_GLOBALS_COUNT 12
extern const struct cmd_global CMD_GLOBALS[CMD_GLOBALS_COUNT];

/* Take the global option at words->at; CMD_NOT_MINE when it is none. */
int cmd_global_take(struct cmd *cmd, struct cmd_words *words);
/* Options and words of the command cmd->spec from words->at on. */
int cmd_args_parse(struct cmd *cmd, struct cmd_words *words, struct cmd_args *args);
/* Help of one command, or of the whole program when cmd->spec is NULL. */
int cmd_help(const struct cmd *cmd);
extern const struct cmd_spec *const CMD_TABLE[];

#endif
