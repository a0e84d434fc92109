/* The command line's grammar: global options, a command, its options and words. */
#include "cmd/cmd_int.h"

#include <stdio.h>
#include <string.h>

/* Index of the option named by text[0..len) in spec, or -1. */
static int option_find(const struct cmd_spec *spec, const char *text, size_t len)
{
    for (int i = 0; spec->options && spec->options[i].name; i++)
        if (strlen(spec->options[i].name) == len &&
            strncmp(spec->options[i].name, text, len) == 0)
            return i;
    return -1;
}

const char *cmd_value(const struct cmd_args *args, const char *option)
{
    int i = option_find(args->spec, option, strlen(option));

    if (i < 0)
        bug("a command asked for an option that it does not have");
    return args->values[i];
}

bool cmd_is_set(const struct cmd_args *args, const char *option)
{
    return cmd_value(args, option) != NULL;
}

bool cmd_has_option(const struct cmd_args *args, const char *option)
{
    return option_find(args->spec, option, strlen(option)) >= 0;
}

void cmd_value_set(struct cmd_args *args, const char *option, const char *value)
{
    int i = option_find(args->spec, option, strlen(option));

    if (i < 0)
        bug("a command sets an option that it does not have");
    args->values[i] = value;
}

/* A value may follow in the same word ("--name=x") or in the next one. */
static const char *take_value(struct cmd_words *words, const char *equals)
{
    if (equals)
        return equals + 1;
    if (words->at + 1 >= words->count)
        return NULL;
    return words->word[++words->at];
}

/* Is text one of the words of "[one|two]"? */
static bool is_choice(const char *choices, const char *text, size_t len)
{
    const char *at = choices + 1;
    size_t part;

    for (; *at && len; at += part + 1) {
        part = strcspn(at, "|]");
        if (part == len && strncmp(at, text, len) == 0)
            return true;
    }
    return false;
}

/*
 * A value that may be left out, one of a few words: it follows after "=", or is the next word
 * when that is one of them.  NULL: a word that is none of them.
 */
static const char *take_choice(struct cmd_words *words, const char *equals, const char *choices)
{
    const char *next = words->at + 1 < words->count ? words->word[words->at + 1] : NULL;

    if (equals)
        return is_choice(choices, equals + 1, strlen(equals + 1)) ? equals + 1 : NULL;
    if (!next || !is_choice(choices, next, strlen(next)))
        return "";
    words->at++;
    return next;
}

static const struct cmd_global *global_find(const char *text, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(CMD_GLOBALS); i++) {
        const struct cmd_global *global = &CMD_GLOBALS[i];

        if (strlen(global->name) == len && strncmp(global->name, text, len) == 0)
            return global;
    }
    return NULL;
}

int cmd_global_take(struct cmd *cmd, struct cmd_words *words)
{
    const char *word = words->word[words->at];
    const char *equals = strchr(word, '=');
    const struct cmd_global *global;
    const char *value = NULL;

    global = global_find(word, equals ? (size_t)(equals - word) : strlen(word));
    if (!global)
        return CMD_NOT_MINE;
    if (!global->value && equals)
        return cmd_usage(cmd, "%s takes no value", global->name);
    if (global->value) {
        value = take_value(words, equals);
        if (!value || !*value)
            return cmd_usage(cmd, "%s needs a value: %s", global->name, global->value);
    }
    return global->apply(cmd, value);
}

static int option_take(struct cmd *cmd, struct cmd_words *words, struct cmd_args *args)
{
    const char *word = words->word[words->at] + 2;
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    int i = option_find(args->spec, word, len);
    const char *value = "";
    bool many;

    if (i < 0)
        return CMD_NOT_MINE;
    many = args->spec->many && strcmp(args->spec->many, args->spec->options[i].name) == 0;
    if (!args->spec->options[i].value && equals)
        return cmd_usage(cmd, "--%.*s takes no value", (int)len, word);
    if (args->spec->options[i].value) {
        value = args->spec->options[i].value[0] == '['
                    ? take_choice(words, equals, args->spec->options[i].value)
                    : take_value(words, equals);
        if (!value)
            return cmd_usage(cmd, "--%.*s needs a value: %s", (int)len, word,
                             args->spec->options[i].value);
    }
    if (args->values[i] && !many)
        return cmd_usage(cmd, "--%.*s is given twice", (int)len, word);
    if (many && args->many_count == CMD_MANY_MAX)
        return cmd_usage(cmd, "--%.*s is given too often", (int)len, word);
    if (many)
        args->many[args->many_count++] = value;
    args->values[i] = value;
    return CMD_DONE;
}

/* "-o FILE", for commands that have --output. */
static int short_take(const struct cmd *cmd, struct cmd_words *words, struct cmd_args *args)
{
    int i = option_find(args->spec, "output", sizeof("output") - 1);

    if (i < 0 || strcmp(words->word[words->at], "-o") != 0)
        return CMD_NOT_MINE;
    if (args->values[i])
        return cmd_usage(cmd, "-o is given twice");
    args->values[i] = take_value(words, NULL);
    return args->values[i] ? CMD_DONE : cmd_usage(cmd, "-o needs a value: FILE");
}

static int word_take(struct cmd *cmd, const char *word, struct cmd_args *args)
{
    if (args->word_count == CMD_WORDS_MAX)
        return cmd_usage(cmd, "too many words; put several words in quotes");
    args->words[args->word_count++] = word;
    return CMD_DONE;
}

int cmd_args_parse(struct cmd *cmd, struct cmd_words *words, struct cmd_args *args)
{
    bool only_words = false;
    int rc;

    *args = (struct cmd_args){.spec = cmd->spec};
    for (; words->at < words->count; words->at++) {
        const char *word = words->word[words->at];

        if (only_words || word[0] != '-' || !word[1]) {
            rc = word_take(cmd, word, args);
        } else if (strcmp(word, "--") == 0) {
            only_words = true;
            rc = CMD_DONE;
        } else {
            rc = word[1] == '-' ? option_take(cmd, words, args) : short_take(cmd, words, args);
            if (rc == CMD_NOT_MINE)
                rc = cmd_global_take(cmd, words);
            if (rc == CMD_NOT_MINE)
                rc = cmd_usage(cmd,
                               "%s has no option %s (words that begin with a dash go after --)",
                               cmd->spec->name, word);
        }
        if (rc != CMD_DONE)
            return rc;
    }
    return CMD_DONE;
}
