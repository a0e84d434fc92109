/* verify_file_int -- what the files of `verify FILE...` share. */
#ifndef CMD_VERIFY_FILE_INT_H
#define CMD_VERIFY_FILE_INT_H

#include "cmd/verify_int.h"
#include "credit/credit.h"
#include "role/role.h"

#define VERIFY_NUMBER 24 /* bytes of an index as text */

/* One file, its pieces, and what was found. */
struct verify_one {
    const char *what;
    bool is_piece; /* a fragment that no init segment came before */
    int *fds;      /* the file and its pieces behind it; -1: it could not be opened */
    size_t fd_count;
    const char **pieces; /* names of the pieces */
    uint64_t size;
    bool looked; /* seen holds */
    struct role_seen seen;
    struct credit_report credit;
    struct credit_channel channel; /* as far as this file is concerned */
    bool has_channel;
    char index[VERIFY_NUMBER], by[VERIFY_NUMBER];
    char gone[LIMIT_CREDIT_GONE][2][VERIFY_NUMBER];
    struct arena arena;
    struct why why; /* why it was not looked at */
};

/* A file that was given to be trusted. */
struct verify_text {
    struct bytes raw;
    struct role_text text;
};

struct verify_files {
    struct cmd *cmd;
    const struct cmd_args *args;
    struct verify_one *one;
    size_t count;
    /* The channel that was given. */
    const char *channel; /* its directory; NULL: none */
    bool channel_asked;
    const char *expected; /* --channel */
    struct channel_id expected_id;
    struct verify_report *report; /* NULL: it could not be looked at */
    struct role_known *known;
    /* What is trusted. */
    struct verify_text anchor[CMD_MANY_MAX], tsa, allowed, ekus;
    struct role_text anchors[CMD_MANY_MAX];
};

/* The exit code that this file deserves. */
int verify_one_code(const struct verify_one *one);
/* All of it on standard output. */
int verify_files_answer(struct verify_files *all);

#endif
