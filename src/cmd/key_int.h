/*
 * key_int -- the verbs of `stillhere key`: what they share.
 *
 * What:    every change of keys is one identity note: drafted, signed with the sheets, shown in
 *          plain words; secrets are durable and new sheets are kept before it is committed.
 * Errors:  as channel_rotate; SH_EARG and SH_ECONFLICT for sheets that do not fit.
 */
#ifndef CMD_KEY_INT_H
#define CMD_KEY_INT_H

#include "cmd/sheet_int.h"
#include "role/role.h"

#define KEY_FRESH_KEYS 2
struct key_fresh {
    const char *stem; /* "log", "c2pa-ca" */
    char id[KEY_ID_CHARS + 1];
    struct secret secret;
};
struct key_change {
    struct cmd *cmd;
    const struct cmd_args *args;
    struct channel *channel;
    const struct identity *before;
    uint64_t index; /* of the identity entry to be */
    bool dry;
    struct cmd_sheets sheets;
    struct identity_draft draft;
    struct key_fresh fresh[KEY_FRESH_KEYS];
    size_t fresh_count;
    struct sheet made[CMD_SHEETS_NEW]; /* new sheets */
    size_t made_count;
    struct cmd_sheet_set set;
    char pem_path[TREE_PATH_BYTES];
    struct bytes pem;
    struct bytes words; /* what is done, line by line */
    const char *since;  /* --since as it was given, or NULL */
    struct channel_moment moment;
};
/* Open the channel, read the sheets, and draft a copy of the newest note. */
MUST_CHECK int key_change_begin(struct key_change *change, struct why *why);
/* New keys that speak from `from` on, drawn and drafted. */
MUST_CHECK int key_fresh_log(struct key_change *change, uint64_t from, struct why *why);
MUST_CHECK int key_fresh_ca(struct key_change *change, uint64_t from, struct why *why);
/* Sign, keep, commit, publish, answer; with --dry-run only say.  An exit code or an error. */
MUST_CHECK int key_change_finish(struct key_change *change, struct why *why);
void key_change_end(struct key_change *change);
/* Build the draft's text and sign it with the given sheets and the new ones. */
MUST_CHECK int key_note_build(struct key_change *change, struct bytes *note, struct why *why);

/* --since INDEX|TIME as it was given: moment->how and value. */
MUST_CHECK int key_since_parse(const char *text, const struct cmd_clock *clock,
                               struct channel_moment *moment, struct why *why);
/* Which entry that is and what lies on both sides of it: lines, and "since":{...}. */
void key_since_say(struct bytes *out, enum lang lang, const char *text,
                   const struct channel_moment *moment);
void key_since_json(struct json_writer *json, const char *text,
                    const struct channel_moment *moment);
/* The same of this channel: change->moment. */
MUST_CHECK int key_since(struct key_change *change, const char *text, struct why *why);

/* ---- the note of a recovery (key_draft.c) ---- */

/* The newest note that a surveyor found: what the next one goes on from.  Borrows survey. */
MUST_CHECK int key_identity_read(const struct role_survey *survey, struct arena *arena,
                                 struct identity *out, struct why *why);
/*
 * change->before is given: the next note with new keys, and a successor of the log at this size
 * and root; log keys that spoke at or after since are revoked.
 */
MUST_CHECK int key_recovery_draft(struct key_change *change, uint64_t at, uint64_t since,
                                  const uint8_t root[TLOG_HASH_BYTES], struct why *why);

/* ---- copies to recover from ---- */

#define KEY_COPIES 9
struct key_copy {
    const char *path;
    int dir;
    struct role_survey survey;
    bool evidence; /* of a branch under older keys */
};
struct key_copies {
    struct key_copy list[KEY_COPIES];
    size_t count;
    struct key_copy *best; /* under the highest note, then the longest */
};
/*
 * --from and further words, each looked at in a cage.  SH_ECONFLICT: they are two histories, or
 * the best shows traces of a newer state (--i-know).  Close also after a failure.
 */
MUST_CHECK int key_copies_open(const struct cmd_args *args, struct key_copies *copies,
                               struct why *why);
void key_copies_close(struct key_copies *copies);
/* Which one was taken, and which others are evidence. */
void key_copies_say(const struct key_copies *copies, struct bytes *out, enum lang lang);

/* The verbs; args->words[0] is the verb. */
int key_show(struct cmd *cmd, const struct cmd_args *args);
int key_ca(struct cmd *cmd, const struct cmd_args *args);
int key_rotate(struct cmd *cmd, const struct cmd_args *args);
int key_revoke(struct cmd *cmd, const struct cmd_args *args);
int key_add(struct cmd *cmd, const struct cmd_args *args);
int key_sheet(struct cmd *cmd, const struct cmd_args *args);
int key_check(struct cmd *cmd, const struct cmd_args *args);
int key_recover(struct cmd *cmd, const struct cmd_args *args);

#endif
