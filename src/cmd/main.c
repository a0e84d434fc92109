/* stillhere: global options, then one command of table.def. */
#include "cmd/cmd_int.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cage/cage.h"

#define COMMAND(name) &cmd_spec_##name,
const struct cmd_spec *const CMD_TABLE[] = {
#include "cmd/table.def"
    NULL};
#undef COMMAND

static int apply_home(struct cmd *cmd, const char *value)
{
    cmd->home = value;
    cmd->home_given = true;
    return CMD_DONE;
}

static int apply_lang(struct cmd *cmd, const char *value)
{
    if (!lang_from_tag(slice_text(value), &cmd->lang))
        return cmd_usage(cmd, "--lang %s: expected en, zh-Hans, uk or ru", value);
    return CMD_DONE;
}

static int apply_json(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    cmd->json = true;
    return CMD_DONE;
}

static int apply_quiet(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    cmd->quiet = true;
    return CMD_DONE;
}

static int apply_verbose(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    cmd->verbose = true;
    return CMD_DONE;
}

static int apply_no_color(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    cmd->color = false;
    return CMD_DONE;
}

static int apply_require_cage(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    cmd->require_cage = true;
    return CMD_DONE;
}

static int apply_help(struct cmd *cmd, const char *value)
{
    (void)value; /* A flag. */
    return cmd_help(cmd) == CMD_DONE ? CMD_HELP : CMD_FAILED;
}

static int apply_version(struct cmd *cmd, const char *value)
{
    struct why why = {0};

    (void)value; /* A flag. */
    if (cmd_print(slice_text("stillhere " STILLHERE_VERSION "\n"), &why) != SH_OK)
        return cmd_failed(cmd, &why);
    return CMD_HELP;
}

const struct cmd_global CMD_GLOBALS[CMD_GLOBALS_COUNT] = {
    {"-C", "HOME", "the channel's directory (else STILLHERE_HOME, else the current one)",
     apply_home},
    {"--json", NULL, "answer with one JSON object on standard output", apply_json},
    {"-q", NULL, "no talk on standard error but errors", apply_quiet},
    {"-v", NULL, "more talk", apply_verbose},
    {"--no-color", NULL, "no colours (NO_COLOR does the same)", apply_no_color},
    {"--lang", "LANG", "language of answers: en, zh-Hans, uk, ru", apply_lang},
    {"--require-cage", NULL, "refuse to work where a part of the cage is missing",
     apply_require_cage},
    {"--help", NULL, "this help", apply_help},
    {"-h", NULL, NULL, apply_help},
    {"--version", NULL, "the version of the program", apply_version},
    {"--quiet", NULL, NULL, apply_quiet},
    {"--verbose", NULL, NULL, apply_verbose},
};

static const struct cmd_spec *command_find(const char *name)
{
    for (size_t i = 0; CMD_TABLE[i]; i++)
        if (strcmp(CMD_TABLE[i]->name, name) == 0)
            return CMD_TABLE[i];
    return NULL;
}

/* How many letters must be changed, added or dropped to make b of a; both are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32], before, above, len = strlen(b);

    if (len >= COUNT_OF(row) || strlen(a) >= COUNT_OF(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            above = row[j];
            row[j] = before + (a[i - 1] != b[j - 1]);
            if (row[j] > above + 1)
                row[j] = above + 1;
            if (row[j] > row[j - 1] + 1)
                row[j] = row[j - 1] + 1;
            before = above;
        }
    }
    return row[len];
}

static int command_unknown(const struct cmd *cmd, const char *name)
{
    const char *near = NULL;
    size_t best = 3, now;

    for (size_t i = 0; CMD_TABLE[i]; i++) {
        now = distance(name, CMD_TABLE[i]->name);
        if (now < best) {
            best = now;
            near = CMD_TABLE[i]->name;
        }
    }
    if (near)
        return cmd_usage(cmd, "there is no command %s; did you mean %s?", name, near);
    return cmd_usage(cmd, "there is no command %s", name);
}

/* Options before the command, then the command's name. */
static int find_command(struct cmd *cmd, struct cmd_words *words)
{
    int rc;

    for (; words->at < words->count && words->word[words->at][0] == '-'; words->at++) {
        rc = cmd_global_take(cmd, words);
        if (rc == CMD_NOT_MINE)
            return cmd_usage(cmd, "there is no option %s", words->word[words->at]);
        if (rc != CMD_DONE)
            return rc;
    }
    if (words->at == words->count) {
        (void)cmd_help(cmd); /* Shown for orientation; the call is a usage error either way. */
        return CMD_USAGE;
    }
    if (strcmp(words->word[words->at], "help") == 0) {
        if (++words->at < words->count)
            cmd->spec = command_find(words->word[words->at]);
        return apply_help(cmd, NULL);
    }
    cmd->spec = command_find(words->word[words->at]);
    if (!cmd->spec)
        return command_unknown(cmd, words->word[words->at]);
    words->at++;
    return CMD_DONE;
}

/* --require-cage, before anything is parsed or served; doctor says itself what is missing. */
static int cage_check(const struct cmd *cmd)
{
    static const struct {
        enum cage_lack lack;
        const char *text;
    } rows[] = {{CAGE_LACKS_PRIVS, "no_new_privs is missing"},
                {CAGE_LACKS_SECCOMP, "seccomp is missing"},
                {CAGE_LACKS_LANDLOCK, "Landlock is missing"}};
    struct cage_state state;
    struct why why = {0};
    unsigned lacks;

    if (!cmd->require_cage || strcmp(cmd->spec->name, "doctor") == 0)
        return CMD_DONE;
    cage_probe(&state);
    lacks = cage_lacks(&state) & CAGE_NEEDED;
    for (size_t i = 0; lacks && i < COUNT_OF(rows); i++)
        if (lacks & rows[i].lack)
            (void)why_set(&why, SH_EUNSUPPORTED, WHY_NOWHERE,
                          "--require-cage: %s, so nothing was read, written or served; "
                          "stillhere doctor says what that means, and without "
                          "--require-cage it is accepted",
                          rows[i].text); /* The first is told. */
    return lacks ? cmd_failed(cmd, &why) : CMD_DONE;
}

static void from_environment(struct cmd *cmd)
{
    const char *home = getenv("STILLHERE_HOME");
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *value;

    *cmd = (struct cmd){.home = ".", .lang = LANG_EN};
    if (home && *home) {
        cmd->home = home;
        cmd->home_given = true;
    }
    cmd->color = isatty(STDERR_FILENO) && !(no_color && *no_color) &&
                 !(term && strcmp(term, "dumb") == 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        value = getenv(names[i]);
        if (value && *value) {
            if (!lang_from_tag(slice_text(value), &cmd->lang))
                cmd->lang = LANG_EN;
            break;
        }
    }
}

/*
 * A caller may have closed descriptors 0, 1 or 2.  Whatever we open next would take their
 * place, and an answer would be written into a file of the channel.
 */
static bool descriptors_are_taken(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
    return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
    struct cmd cmd;
    struct cmd_args args;
    struct cmd_words words = {.word = argv, .count = argc, .at = 1};
    struct why why = {0};
    int rc;

    if (!descriptors_are_taken())
        return CMD_FAILED;
    /* A reader who closes the pipe is an error that we report, not a death by signal. */
    (void)signal(SIGPIPE, SIG_IGN); /* Cannot fail for SIGPIPE. */
    (void)umask(022); /* Modes are those that we name; a stranger umask would lock us out. */
    from_environment(&cmd);
    rc = find_command(&cmd, &words);
    if (rc == CMD_DONE)
        rc = cmd_args_parse(&cmd, &words, &args);
    if (rc == CMD_HELP)
        return CMD_DONE;
    if (rc == CMD_DONE)
        rc = cage_check(&cmd);
    if (rc != CMD_DONE)
        return rc;
    if (cmd_place_settle(&cmd, &args, &why) != SH_OK)
        return cmd_erred(&cmd, &why);
    return cmd.spec->run(&cmd, &args);
}
