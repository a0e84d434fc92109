/*
 * cmd -- the command line: one file and one row in table.def for each command.
 *
 * Spec:    CLI.md (names, meaning, exit codes).  Data goes to standard output, talk to standard
 *          error; --json answers with one object, field "version" first.
 * Shapes:  struct cmd_spec describes a command; help, usage errors and the option parser all
 *          read it, and a test compares it with the man page.
 * Memory:  struct cmd and struct cmd_args borrow argv.
 * Errors:  a command returns an exit code of enum cmd_exit.
 * Threads: none.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/base.h"
#include "channel/channel.h"
#include "gaz/gaz.h"
#include "json/json.h"
#include "lang/lang.h"

enum cmd_exit {
    CMD_DONE = 0,
    CMD_FAILED = 1,
    CMD_USAGE = 2,
    CMD_WANTING = 3,   /* looked, and found wanting */
    CMD_UNCHECKED = 4, /* could not be checked; also: nothing there to check */
};

/* Version of the --json answers; a field may be added under one number, never changed. */
#define CMD_JSON_VERSION 1
/* Not a cap: the widths of our own tables; too many words are a usage error. */
#define CMD_OPTIONS_MAX 24
#define CMD_WORDS_MAX 256
#define CMD_MANY_MAX 16

struct cmd_option {
    const char *name;  /* long name without "--"; NULL ends the list */
    const char *value; /* how help calls the value, or NULL for a flag; "[one|two]": may be
                        * left out, else one of these words */
    const char *help;  /* one line */
};

struct cmd;
struct cmd_args;

struct cmd_spec {
    const char *name;
    const char *usage;    /* what follows "stillhere NAME", as in the man page's SYNOPSIS */
    const char *summary;  /* one line, lower case */
    const char *about;    /* a few lines for --help */
    const char *examples; /* lines for --help, each complete */
    const struct cmd_option *options;
    const char *many; /* name of the option that may be given again, or NULL */
    int (*run)(struct cmd *cmd, const struct cmd_args *args);
};

/* What the global options said. */
struct cmd {
    const struct cmd_spec *spec;
    const char *home; /* -C, else STILLHERE_HOME, else "." */
    bool home_given;  /* by -C or STILLHERE_HOME */
    enum lang lang;   /* of the answers: --lang, else LC_ALL, LC_MESSAGES, LANG, else English */
    bool json;
    bool quiet;
    bool verbose;
    bool color;        /* standard error is a terminal that wants colour */
    bool require_cage; /* doctor only: what it asks for is wanting; others were refused */
};

struct cmd_args {
    const struct cmd_spec *spec;
    const char *values[CMD_OPTIONS_MAX]; /* in the order of spec->options; "" for a flag */
    const char *words[CMD_WORDS_MAX];    /* what is not an option */
    size_t word_count;
    const char *many[CMD_MANY_MAX]; /* every value of the option that may be given again */
    size_t many_count;
    char place[12]; /* the number of the place that the person chose */
};

/* The value of an option of this command, "" for a flag that is set, NULL when absent. */
const char *cmd_value(const struct cmd_args *args, const char *option);
bool cmd_is_set(const struct cmd_args *args, const char *option);
/* Does this command know the option at all? */
bool cmd_has_option(const struct cmd_args *args, const char *option);
/* Put another value; the option must be there. */
void cmd_value_set(struct cmd_args *args, const char *option, const char *value);

/* "stillhere: ..." on standard error, and "Try ..." ; returns CMD_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Print the first cause on standard error; returns CMD_FAILED. */
int cmd_failed(const struct cmd *cmd, const struct why *why);
/* The same, but a value that the person gave and that cannot be (SH_EARG) is a usage error. */
int cmd_erred(const struct cmd *cmd, const struct why *why);
/* One line of talk on standard error unless -q. */
void cmd_say(const struct cmd *cmd, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Write to standard output; SH_EIO when it is full or closed (the exit code must say so). */
MUST_CHECK int cmd_print(struct slice data, struct why *why);
/* Print an answer and release it: CMD_DONE, or CMD_FAILED when it could not be written. */
int cmd_answer(const struct cmd *cmd, struct bytes *out);

/* Open the one object of a --json answer, field "version" first; close it with a newline. */
struct json_writer cmd_json_open(struct bytes *out);
void cmd_json_close(struct json_writer *json);

/* A terminal's progress line: nothing where standard error is none, or with -q or --json. */
void cmd_progress(const struct cmd *cmd, const char *what, uint64_t done, uint64_t total);
void cmd_progress_end(const struct cmd *cmd);

/* ---- what several commands do (common.c) ---- */

/* The signer of this channel (role_signer). */
struct channel_signer cmd_signer(struct channel *channel);
/*
 * Bring the pages up to date and say so when that fails: the dispatch itself is safe.  But
 * after a withdrawal that is no success: words may still show.
 */
int cmd_publish(const struct cmd *cmd, struct channel *channel);

/* What --well, --hurt, --moving, --status, --place, --lang and the words say. */
struct cmd_dispatch {
    struct document doc;
    struct doc_text words, place[LANG_COUNT];
    char place_code[12];
};
/*
 * Fill a dispatch document from the options and words (may be NULL) and the channel; checks the
 * texts at once, so that nothing is read or written for words that cannot be published.
 * The result must not move in memory: doc points into it.
 */
MUST_CHECK int cmd_dispatch_fill(const struct cmd_args *args, const char *words,
                                 struct channel *channel, struct cmd_dispatch *out,
                                 struct why *why);

/* ---- places (place.c) ---- */

/*
 * Before a command runs: when --place names several places, ask the person on a terminal, else
 * SH_EARG lists them; says so when the name is no known place, or which of several was taken.
 * What was chosen stands in args as a number then.
 */
MUST_CHECK int cmd_place_settle(const struct cmd *cmd, struct cmd_args *args, struct why *why);
/*
 * The place of a document from what was typed: a known one with its number and its names in
 * four languages; SH_EARG when it may be several; else as typed, in lang.
 */
MUST_CHECK int cmd_place_fill(const char *text, struct slice lang, struct cmd_dispatch *out,
                              struct why *why);
/* A place of the gazetteer into the document. */
void cmd_place_put(const struct gaz_place *place, struct cmd_dispatch *out);
/* "Odesa (city), Odesa Oblast, Ukraine" */
void cmd_place_text(struct bytes *out, enum lang lang, const struct gaz_place *place);
/* A string with this as {1}, as talk. */
void cmd_place_say(const struct cmd *cmd, enum lang_string string,
                   const struct gaz_place *place);

/* The language of a person's words: --lang, else the channel's. */
MUST_CHECK int cmd_lang_fill(const struct cmd_args *args, const struct channel *channel,
                             struct slice *out, struct why *why);
/* CMD_USAGE, and said, when more than one status is given. */
int cmd_status_usage(const struct cmd *cmd, const struct cmd_args *args);
/* Options for cmd_dispatch_fill, to be put into a command's list. */
#define CMD_DISPATCH_OPTIONS                                                                   \
    {"well", NULL, "the status is: well (the default)"},                                       \
        {"hurt", NULL, "the status is: hurt"}, {"moving", NULL, "the status is: on the move"}, \
        {"status", "TEXT", "the status in your own words"},                                    \
        {"place", "NAME", "a place that is safe to tell: its name or GeoNames number"},        \
        {"next-due", "DURATION", "when the next word is due: 24h, 1d12h, or a time as 21:00"}, \
    {                                                                                          \
        "lang", "TAG", "language of your words (BCP 47), default: the channel's"               \
    }
/*
 * The words of a command line: text itself, or standard input when it is "-" (read into hold,
 * one last newline dropped).  *words is NULL when text is.
 */
MUST_CHECK int cmd_words(const char *text, struct bytes *hold, const char **words,
                         struct why *why);
/* Committed, but not published: what to do about it.  cause says what failed. */
MUST_CHECK int cmd_unpublished(const struct channel_commit *commit, const struct why *cause,
                               struct why *why);
/*
 * After an append: bring the pages up to date and answer with text, or CLI.md's JSON (index,
 * page, blobs, checkpoint).  A commit that is not public yet is an error that says so.
 */
MUST_CHECK int cmd_finish(const struct cmd *cmd, struct channel *channel,
                          const struct channel_commit *commit, const struct document *doc,
                          struct why *why);

/*
 * Changes one setting ("base", ...; "" takes it away) and makes every page anew: each may show
 * it.  *settings is as it is kept then.  SH_EARG: the value does not hold.
 */
MUST_CHECK int cmd_settings_change(struct channel *channel, const char *name, const char *value,
                                   struct channel_settings *settings, struct why *why);

/* ---- times and promises (when.c, due.c) ---- */

/* What a time of day is read and told by. */
struct cmd_clock {
    uint64_t now;
    char zone[LIMIT_TOKEN_BYTES + 1]; /* the settings' zone; "" = UTC */
};
MUST_CHECK int cmd_clock(const struct channel *channel, struct cmd_clock *out, struct why *why);
/* The same for telling only: settings that cannot be read leave UTC. */
void cmd_clock_tell(const struct channel *channel, struct cmd_clock *out);
/* "90m", "24h", "7d", "1d12h": w, d, h, m and s, each once, the longest first; never 0. */
MUST_CHECK int cmd_length_parse(const char *text, uint64_t *seconds, struct why *why);
/*
 * "+24h"; "14:05" (the next one) and "2026-11-25 14:05" in the clock's zone, refused when a
 * change of clocks leaves it out or has it twice; "2026-11-25T14:05:00+02:00", "...Z".
 */
MUST_CHECK int cmd_moment_parse(const char *text, const struct cmd_clock *clock,
                                uint64_t *unix_s, struct why *why);
/* "1 d 12 h" */
void cmd_length_text(struct bytes *out, enum lang lang, uint64_t seconds);
/* "25 November 2026, 12:05 UTC (2026-11-25 14:05 Europe/Kyiv)" */
void cmd_moment_text(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                     uint64_t unix_s);

/* --next-due: a length or a moment, in the future and not beyond LIMIT_EVERY_S. */
MUST_CHECK int cmd_next_due(const char *text, const struct cmd_clock *clock, uint64_t *unix_s,
                            struct why *why);
/* A moment that somebody promises: SH_EARG unless it is after now and at most `within` on. */
MUST_CHECK int cmd_promise_check(const struct cmd_clock *clock, uint64_t by, uint64_t within,
                                 struct why *why);
bool cmd_is_late(const struct cmd_clock *clock, const struct due *due);
/* One line: when the next word is due, that it is late, or that none is promised. */
void cmd_due_line(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                  const struct due *due);
/* "due":{"promised":true,"by":1790000000,"silent":false,"late":false} */
void cmd_due_json(struct json_writer *json, const struct cmd_clock *clock,
                  const struct due *due);
/* The clock as cmd_clock_tell, and what channel_due and due_of say of this channel. */
MUST_CHECK int cmd_due(struct channel *channel, struct cmd_clock *clock, struct due *due,
                       struct why *why);
/* "rule":{"every_s":86400} */
void cmd_rule_json(struct json_writer *json, const struct document *doc);
/* The lines of a promise: its rule and why. */
void cmd_rule_text(struct bytes *out, enum lang lang, const struct cmd_clock *clock,
                   const struct document *doc);

/* "Well." or the witness's own words. */
void cmd_status_text(struct bytes *out, enum lang lang, const struct document *doc);
/* Two lines about a file of a dispatch: role, path, size; SHA-256. */
void cmd_blob_text(struct bytes *out, enum lang lang, const struct doc_blob *blob);
/* How many untouched clips are kept, and how large. */
void cmd_originals_line(struct bytes *out, enum lang lang, uint64_t count, uint64_t bytes);
/* "w/004/index.html" */
#define CMD_PAGE_BYTES (TREE_PATH_BYTES + 12)
void cmd_page_path(uint64_t index, char out[CMD_PAGE_BYTES]);
/* "checkpoint": {"size": .., "root": base64} */
void cmd_checkpoint_json(struct json_writer *json, uint64_t size,
                         const uint8_t root[TLOG_HASH_BYTES]);
/* "Log: 5 entries, root ..." with its newline. */
void cmd_log_line(struct bytes *out, enum lang lang, uint64_t size,
                  const uint8_t root[TLOG_HASH_BYTES]);

#define COMMAND(name) extern const struct cmd_spec cmd_spec_##name;
#include "cmd/table.def"
#undef COMMAND

#endif
