/*
 * audit_int -- what an audit found, as a list that can be summed up, shown and healed.
 *
 * Memory:  struct audit owns its lists: audit_release.
 * Errors:  SH_ENOMEM, and those of role_audit.
 */
#ifndef CMD_AUDIT_INT_H
#define CMD_AUDIT_INT_H

#include "cmd/cmd.h"
#include "role/role.h"

/* What an entry is, when it is not simply present. */
struct audit_state {
    uint64_t index, by;
    enum verify_state state;
    bool gone; /* purged: nothing of it is kept */
};
/* A file that is missing or changed. */
struct audit_file {
    uint64_t index; /* of its entry; ENTRY_NO_REF: of the log or the identity */
    uint64_t bytes; /* 0: not known */
    size_t path;    /* where its path begins in audit->text */
    size_t source;  /* where the path in another copy begins */
    bool missing, has_sha256;
    uint8_t sha256[32];
};
/* WHAT: a public tree, or the public part of a home. */
struct audit_tree {
    const char *what;
    int dir;
    int home; /* -1: it is a tree alone */
    int sealed, quarantine;
};
struct audit {
    struct verify_report *report;
    struct bytes states; /* struct audit_state, by index after audit_sum */
    struct bytes files;  /* struct audit_file, by index and path after audit_sum */
    struct bytes text;   /* paths, each with its NUL */
    uint64_t more;       /* told beyond what the lists hold */
    uint64_t present, sealed, withdrawn, purged, disputed, missing, changed;
    uint64_t log_files, private_files, not_kept;
};

MUST_CHECK int audit_open(const char *what, struct audit_tree *out, struct why *why);
void audit_close(struct audit_tree *tree);

void audit_init(struct audit *audit, struct verify_report *report);
void audit_release(struct audit *audit);
/* Look at the tree; readers as role_audit's. */
MUST_CHECK int audit_look(struct audit *audit, const struct role_audit *task, struct why *why);

size_t audit_state_count(const struct audit *audit);
const struct audit_state *audit_state_at(const struct audit *audit, size_t i);
size_t audit_file_count(const struct audit *audit);
const struct audit_file *audit_file_at(const struct audit *audit, size_t i);
const char *audit_path(const struct audit *audit, size_t at);
bool audit_is_private(const char *path);
/* VERIFY_OK, VERIFY_WANTING, VERIFY_UNKNOWN. */
enum verify_severity audit_verdict(const struct audit *audit);

void audit_say_text(struct bytes *out, const struct cmd *cmd, const struct audit *audit,
                    bool sizes_only);
/* The members of the answer; the object is open. */
void audit_say_json(struct json_writer *json, const struct cmd *cmd, const struct audit *audit);

/* What was done about one file. */
enum audit_deed { AUDIT_HEALED, AUDIT_NOT_THERE, AUDIT_NOT_SAME, AUDIT_GOOD_ALREADY };
struct audit_healing {
    const struct audit_tree *tree, *from;
    void (*done)(void *ctx, const char *path, enum audit_deed deed);
    void *ctx;
};
/* Bring back every file of the list that the other copy has with the right hash. */
MUST_CHECK int audit_heal(const struct audit *audit, const struct audit_healing *healing,
                          struct why *why);

#endif
