/* stillhere watch: an eye on the copies of a channel, and on the promised word. */
#include "cmd/watch_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "url/url.h"

/* Not a cap: who looks less often than once a day watches over nobody. */
#define EVERY_MOST_S 86400

/* ---- where the state is ---- */

static bool home_is_channel(const struct cmd *cmd)
{
    char path[LIMIT_HOME_BYTES];

    if (snprintf(path, sizeof(path), "%s/public/checkpoint", cmd->home) >= (int)sizeof(path) ||
        access(path, R_OK) != 0)
        return false;
    (void)snprintf(path, sizeof(path), "%s/private", cmd->home); /* It is shorter. */
    return access(path, R_OK | X_OK) == 0;
}

/* --state, else in the channel, else in the person's own place for such things. */
static bool state_find(const struct cmd *cmd, const struct cmd_args *args,
                       char out[LIMIT_HOME_BYTES])
{
    const char *given = cmd_value(args, "state");
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *person = getenv("HOME");
    int len;

    if (given)
        len = snprintf(out, LIMIT_HOME_BYTES, "%s", given);
    else if (home_is_channel(cmd))
        len = snprintf(out, LIMIT_HOME_BYTES, "%s/private/watch", cmd->home);
    else if (xdg && xdg[0] == '/')
        len = snprintf(out, LIMIT_HOME_BYTES, "%s/stillhere/watch", xdg);
    else if (person && person[0] == '/')
        len = snprintf(out, LIMIT_HOME_BYTES, "%s/.local/state/stillhere/watch", person);
    else
        return false;
    return len > 0 && len < LIMIT_HOME_BYTES;
}

/* ---- options ---- */

struct wanted {
    struct watch_options options;
    char state[LIMIT_HOME_BYTES];
    const char *home[1]; /* the channel itself, when no source is named */
    struct channel_id channel;
    struct channel_settings settings;
    struct url_allowed allowed[CMD_MANY_MAX];
};

static int allowed_fill(const struct cmd *cmd, const struct cmd_args *args, struct wanted *out)
{
    struct why why = {0};

    for (size_t i = 0; i < args->many_count; i++)
        if (url_allowed_parse(slice_text(args->many[i]), &out->allowed[i], &why) != SH_OK)
            return cmd_usage(cmd, "--allow-host %s: %s", args->many[i], why.text);
    out->options.fetch.allowed = out->allowed;
    out->options.fetch.allowed_count = args->many_count;
    out->options.fetch.trust_file = cmd_value(args, "trust");
    out->options.fetch.resolver = getenv("STILLHERE_RESOLVER"); /* For tests. */
    return CMD_DONE;
}

/* A file of certificates, looked at before anything depends on it. */
static int trust_check(const struct cmd *cmd, const char *path)
{
    struct bytes text;
    struct why why = {0};
    bool has = false;
    int rc;

    if (!path)
        return CMD_DONE;
    bytes_init(&text, LIMIT_FETCH_BYTES);
    rc = io_read(AT_FDCWD, path, &text, &why);
    for (size_t i = 0; rc == SH_OK && i + 27 <= text.len && !has; i++)
        has = memcmp(text.ptr + i, "-----BEGIN CERTIFICATE-----", 27) == 0;
    bytes_release(&text);
    if (rc != SH_OK)
        return cmd_usage(cmd, "--trust: %s", why.text);
    return has ? CMD_DONE : cmd_usage(cmd, "--trust %s: holds no certificate (PEM)", path);
}

static int contacts_check(const struct cmd *cmd, const char *path)
{
    struct stat st;

    return path && stat(path, &st) != 0 ? cmd_usage(cmd, "--contacts %s: not there", path)
                                        : CMD_DONE;
}

/* -C was meant: say what is wrong with it, not that something else is missing. */
static int home_wanting(const struct cmd *cmd)
{
    struct stat st;

    if (!cmd->home_given)
        return cmd_usage(cmd, "watch needs a source: a channel's home, a public tree, or its "
                              "address");
    if (stat(cmd->home, &st) != 0)
        return cmd_usage(cmd, "-C %s: not there; name a channel's home, or a source",
                         cmd->home);
    return cmd_usage(cmd,
                     "-C %s: no channel whose private/ can be read; name a channel's home, "
                     "or a source",
                     cmd->home);
}

/* In the family's zone where nobody says another; a channel that cannot be asked says none. */
static void zone_find(const struct cmd *cmd, struct wanted *out)
{
    struct channel *channel = NULL;

    if (!home_is_channel(cmd) || channel_open(cmd->home, CHANNEL_LOOK, &channel, NULL) != SH_OK)
        return;
    if (channel_settings(channel, &out->settings, NULL) == SH_OK &&
        out->settings.family_zone[0])
        out->options.zone = out->settings.family_zone;
    channel_close(channel);
}

static int wanted_fill(const struct cmd *cmd, const struct cmd_args *args, struct wanted *out)
{
    const char *every = cmd_value(args, "every");
    const char *channel = cmd_value(args, "channel");
    struct why why = {0};

    out->options = (struct watch_options){.state_dir = out->state,
                                          .sources = args->words,
                                          .source_count = args->word_count,
                                          .contacts = cmd_value(args, "contacts")};
    if (!state_find(cmd, args, out->state))
        return cmd_usage(cmd, "name a folder for the state with --state");
    if (every && cmd_length_parse(every, &out->options.every_s, &why) != SH_OK)
        return cmd_usage(cmd, "--every: %s", why.text);
    if (out->options.every_s > EVERY_MOST_S)
        return cmd_usage(cmd, "--every %s: at most a day (1d); a minute is usual", every);
    if (channel && !channel_id_parse(slice_text(channel), &out->channel))
        return cmd_usage(cmd, "--channel: the 52 characters of a channel's id");
    if (channel)
        out->options.expected = &out->channel;
    if (!args->word_count && home_is_channel(cmd)) {
        out->home[0] = cmd->home;
        out->options.sources = out->home;
        out->options.source_count = 1;
    }
    if (out->options.contacts)
        zone_find(cmd, out);
    if (trust_check(cmd, cmd_value(args, "trust")) != CMD_DONE ||
        contacts_check(cmd, cmd_value(args, "contacts")) != CMD_DONE)
        return CMD_USAGE;
    return allowed_fill(cmd, args, out);
}

/* ---- looking once, and again and again ---- */

static int once(struct cmd *cmd, const struct watch_options *options)
{
    struct watch *watch = NULL;
    struct why why = {0};
    struct bytes out;
    int exit = CMD_FAILED;
    int rc = watch_open(options, &watch, &why);

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (rc == SH_OK)
        rc = watch_once(watch, &why);
    if (rc == SH_OK) {
        exit = (int)cmd_watch_exit(watch);
        if (cmd->json)
            cmd_watch_json(&out, watch);
        else
            cmd_watch_text(&out, cmd->lang, watch);
        if (cmd_answer(cmd, &out) != CMD_DONE)
            exit = CMD_FAILED;
    } else if (rc == SH_EARG) {
        exit = cmd_usage(cmd, "%s", why.text);
    } else {
        exit = cmd_failed(cmd, &why);
    }
    bytes_release(&out);
    watch_close(watch);
    return exit;
}

static int again_and_again(struct cmd *cmd, const struct watch_options *options)
{
    struct watch *watch = NULL;
    struct why why = {0};
    int rc = watch_open(options, &watch, &why);

    if (rc == SH_EARG)
        return cmd_usage(cmd, "%s", why.text);
    if (rc == SH_OK && !options->contacts)
        cmd_say(cmd, "%s", lang_text(cmd->lang, STR_WATCH_NOBODY));
    if (rc == SH_OK)
        rc = watch_run(watch, &why);
    watch_close(watch);
    if (rc == SH_EARG)
        return cmd_usage(cmd, "%s", why.text);
    return rc == SH_OK ? CMD_DONE : cmd_failed(cmd, &why);
}

/* ---- trying the ways ---- */

struct tries {
    enum lang lang;
    bool as_json;
    struct bytes *out;
    struct json_writer json;
    char contact[33]; /* the newest, and whether a way reached him */
    bool reached;
    size_t lost;
};

static void contact_end(struct tries *tries)
{
    if (tries->contact[0] && !tries->reached)
        tries->lost++;
    tries->reached = false;
}

static void tried(void *ctx, const struct watch_tried *each)
{
    struct tries *tries = ctx;
    bool good = each->answer.outcome == TELL_ACCEPTED;

    if (strcmp(tries->contact, each->contact) != 0) {
        contact_end(tries);
        (void)snprintf(tries->contact, sizeof(tries->contact), "%s", each->contact);
    }
    tries->reached = tries->reached || good;
    if (tries->as_json) {
        json_object_open(&tries->json, NULL);
        json_put_text(&tries->json, "contact", each->contact);
        json_put_number(&tries->json, "way", each->way);
        json_put_text(&tries->json, "kind", tell_kind_name(each->kind));
        json_put_bool(&tries->json, "accepted", good);
        json_put_number(&tries->json, "status", each->answer.status);
        json_put_text(&tries->json, "text", each->answer.text);
        json_object_close(&tries->json);
        return;
    }
    LANG_SAY(tries->out, tries->lang, good ? STR_WATCH_TRIED_GOOD : STR_WATCH_TRIED_BAD,
             each->contact, tell_kind_name(each->kind), each->answer.text);
    bytes_u8(tries->out, '\n');
}

static void tries_end(struct tries *tries)
{
    char lost[24];

    contact_end(tries);
    (void)snprintf(lost, sizeof(lost), "%zu", tries->lost);
    if (tries->as_json) {
        json_array_close(&tries->json);
        json_put_number(&tries->json, "unreachable", tries->lost);
        cmd_json_close(&tries->json);
    } else if (tries->lost) {
        LANG_SAY(tries->out, tries->lang, STR_WATCH_TRIED_SOME, lost);
        bytes_u8(tries->out, '\n');
    } else {
        bytes_printf(tries->out, "%s\n", lang_text(tries->lang, STR_WATCH_TRIED_ALL));
    }
}

static int try_ways(struct cmd *cmd, struct watch_options *options, enum tell_what what,
                    const char *name)
{
    struct watch *watch = NULL;
    struct why why = {0};
    struct bytes out;
    struct tries tries = {.lang = cmd->lang, .as_json = cmd->json, .out = &out};
    const struct watch_trial trial = {.what = what, .name = name, .done = tried, .ctx = &tries};
    int exit, rc;

    options->source_count = 0;
    options->only_try = true;
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        tries.json = cmd_json_open(&out);
        json_array_open(&tries.json, "tries");
    }
    rc = watch_open(options, &watch, &why);
    if (rc == SH_OK)
        rc = watch_try(watch, &trial, &why);
    watch_close(watch);
    if (rc == SH_OK) {
        tries_end(&tries);
        exit = cmd_answer(cmd, &out);
        if (exit == CMD_DONE && tries.lost)
            exit = CMD_WANTING;
    } else {
        exit = rc == SH_ENOTFOUND ? cmd_usage(cmd, "%s", why.text) : cmd_failed(cmd, &why);
    }
    bytes_release(&out);
    return exit;
}

/* ---- acknowledging ---- */

/* As a person may type it from a message: capitals, blanks and hyphens. */
static void code_clean(const char *text, char out[WATCH_CODE_BYTES])
{
    size_t len = 0;

    for (; *text && len + 1 < WATCH_CODE_BYTES; text++) {
        if (*text == ' ' || *text == '-')
            continue;
        out[len++] = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
    }
    if (*text)
        len = 0; /* Longer than any code. */
    out[len] = '\0';
}

static int acknowledge(struct cmd *cmd, const char *state, const char *text)
{
    char code[WATCH_CODE_BYTES];
    struct watch_ack ack;
    struct why why = {0};
    struct json_writer json;
    struct bytes out;

    code_clean(text, code);
    if (strlen(code) != WATCH_CODE_BYTES - 1 ||
        strspn(code, "abcdefghijklmnopqrstuvwxyz234567") != strlen(code))
        return cmd_usage(cmd, "--ack: the 26 letters and digits of the message");
    if (watch_ack_set(state, code, "command", &ack, &why) != SH_OK)
        return cmd_failed(cmd, &why);
    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_text(&json, "kind", watch_kind_name(ack.kind));
        json_put_number(&json, "since", ack.since);
        json_put_text(&json, "contact", ack.contact);
        json_put_bool(&json, "open", ack.open);
        json_put_number(&json, "acknowledged_at", ack.acked_at);
        cmd_json_close(&json);
    } else {
        bytes_printf(&out, "%s\n",
                     lang_text(cmd->lang, ack.open ? STR_WATCH_ACK_DONE : STR_WATCH_ACK_OVER));
    }
    return cmd_answer(cmd, &out);
}

/* ---- the ledger ---- */

struct listing {
    struct bytes out;
    struct json_writer json;
    bool as_json, acks; /* acks: only what was acknowledged */
};

static void ack_list(struct listing *listing, const struct watch_attempt *ack, const char *time)
{
    if (!listing->as_json) {
        bytes_printf(&listing->out, "%s %s %s %s acknowledged\n", time, ack->contact, ack->how,
                     tell_what_name(ack->what));
        return;
    }
    json_object_open(&listing->json, NULL);
    json_put_text(&listing->json, "time", time);
    json_put_text(&listing->json, "contact", ack->contact);
    json_put_text(&listing->json, "how", ack->how);
    json_put_text(&listing->json, "what", tell_what_name(ack->what));
    json_object_close(&listing->json);
}

static const char *outcome_name(enum tell_outcome outcome)
{
    return outcome == TELL_ACCEPTED ? "accepted" : outcome == TELL_LATER ? "later" : "refused";
}

static void list_one(void *ctx, const struct watch_attempt *attempt)
{
    struct listing *listing = ctx;
    char time[WHEN_TEXT_BYTES];

    when_text(attempt->at, time);
    if (listing->acks != (attempt->how[0] != '\0') && listing->as_json)
        return;
    if (attempt->how[0]) {
        ack_list(listing, attempt, time);
        return;
    }
    if (!listing->as_json) {
        bytes_printf(&listing->out, "%s %s %s %s %s %u %s\n", time, attempt->contact,
                     tell_kind_name(attempt->kind), tell_what_name(attempt->what),
                     outcome_name(attempt->outcome), attempt->status, attempt->text);
        return;
    }
    json_object_open(&listing->json, NULL);
    json_put_text(&listing->json, "time", time);
    json_put_text(&listing->json, "contact", attempt->contact);
    json_put_text(&listing->json, "way", tell_kind_name(attempt->kind));
    json_put_text(&listing->json, "what", tell_what_name(attempt->what));
    json_put_text(&listing->json, "outcome", outcome_name(attempt->outcome));
    json_put_number(&listing->json, "status", attempt->status);
    json_put_text(&listing->json, "message", attempt->message);
    json_put_text(&listing->json, "text", attempt->text);
    json_object_close(&listing->json);
}

static int list(struct cmd *cmd, const char *state)
{
    struct listing listing = {.as_json = cmd->json};
    struct why why = {0};
    int rc;

    bytes_init(&listing.out, SIZE_MAX);
    if (cmd->json) {
        listing.json = cmd_json_open(&listing.out);
        json_array_open(&listing.json, "attempts");
    }
    rc = watch_log(state, list_one, &listing, &why);
    if (cmd->json) {
        json_array_close(&listing.json);
        json_array_open(&listing.json, "acknowledgements");
        listing.acks = true;
        if (rc == SH_OK)
            rc = watch_log(state, list_one, &listing, &why);
        json_array_close(&listing.json);
        cmd_json_close(&listing.json);
    }
    if (rc == SH_OK && !listing.out.len)
        bytes_printf(&listing.out, "%s\n", lang_text(cmd->lang, STR_WATCH_LOG_EMPTY));
    if (rc == SH_OK)
        return cmd_answer(cmd, &listing.out);
    bytes_release(&listing.out);
    return cmd_failed(cmd, &why);
}

/* ---- which of these ---- */

static const char *const modes[] = {"once", "rehearse", "test", "ack", "log"};

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    const char *name = cmd_value(args, "test");
    struct wanted wanted = {0};
    size_t chosen = 0;
    int rc = wanted_fill(cmd, args, &wanted);

    for (size_t i = 0; i < COUNT_OF(modes); i++)
        chosen += cmd_is_set(args, modes[i]);
    if (rc != CMD_DONE)
        return rc;
    if (chosen > 1)
        return cmd_usage(cmd, "one of --once, --rehearse, --test, --ack, --log at a time");
    if (cmd_is_set(args, "ack"))
        return acknowledge(cmd, wanted.state, cmd_value(args, "ack"));
    if (cmd_is_set(args, "log"))
        return list(cmd, wanted.state);
    if (cmd_is_set(args, "rehearse") || name) {
        if (!wanted.options.contacts)
            return cmd_usage(cmd, "name the contacts file with --contacts FILE");
        return try_ways(cmd, &wanted.options, name ? TELL_TEST : TELL_REHEARSAL,
                        name && strcmp(name, "all") != 0 ? name : NULL);
    }
    if (!wanted.options.source_count)
        return home_wanting(cmd);
    return cmd_is_set(args, "once") ? once(cmd, &wanted.options)
                                    : again_and_again(cmd, &wanted.options);
}

static const struct cmd_option options[] = {
    {"once", NULL, "look once, tell whoever is to be told now, say how it stands"},
    {"contacts", "FILE", "who is told, when, and how: stillhere-contacts(5)"},
    {"rehearse", NULL, "send everybody a message that says it is a rehearsal"},
    {"test", "NAME", "send a test by every way of this contact; all: of each"},
    {"ack", "CODE", "acknowledge what the message with this code told"},
    {"log", NULL, "list each attempt to tell somebody, and what became of it"},
    {"state", "DIR", "where it keeps its timers and its queue"},
    {"channel", "ID", "the channel that all sources must be"},
    {"every", "LENGTH", "time between two looks, as 60s or 5m (60s)"},
    {"allow-host", "HOST[:PORT]", "a host whose address need not be public; again for more"},
    {"trust", "FILE", "more roots of trust for TLS (PEM)"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_watch = {
    .name = "watch",
    .usage = "SOURCE... [--once] [--contacts FILE] [--rehearse] [--test NAME] [--ack CODE] "
             "[--log] [--state DIR] [--channel ID] [--every LENGTH] [--allow-host HOST[:PORT]] "
             "[--trust FILE]",
    .summary = "tell people when a promised word does not come",
    .about =
        "Looks at copies of a channel again and again: its home, a public tree, an address.\n"
        "Says apart that a promised word is late, that no copy answers, and that copies\n"
        "disagree, and tells the contacts in their order until one acknowledges. Needs no\n"
        "secret of the channel, and runs anywhere: on the server, at a cousin's, at a mirror.\n"
        "Without SOURCE it watches the channel of -C HOME.",
    .examples = "  stillhere watch https://odesa.example/ --contacts contacts\n"
                "  stillhere watch https://odesa.example/ https://copy.example/ --once\n"
                "  stillhere watch --contacts contacts --rehearse\n"
                "  stillhere watch --ack abcdefghijklmnopqrstuvwxyz\n",
    .options = options,
    .many = "allow-host",
    .run = run,
};
