/* stillhere serve: the pages, through nginx. */
#include "cmd/cmd.h"
#include "cmd/seal_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cosign/cosign.h"
#include "front/front.h"
#include "json/json.h"
#include "serve/serve.h"

static void say(const struct cmd *cmd, enum lang_string id, const char *first)
{
    struct bytes text;

    bytes_init(&text, LIMIT_PAGE_BYTES);
    lang_fill(&text, lang_text(cmd->lang, id), (const char *const[]){first, NULL});
    bytes_u8(&text, 0);
    if (bytes_check(&text, NULL) == SH_OK)
        cmd_say(cmd, "%s", (const char *)text.ptr);
    bytes_release(&text);
}

static void answer(const struct cmd *cmd, const struct serve_running *running)
{
    struct json_writer json;
    struct bytes out;

    bytes_init(&out, LIMIT_PAGE_BYTES);
    if (cmd->json) {
        json = cmd_json_open(&out);
        json_put_text(&json, "url", running->url);
        json_put_text(&json, "address", running->address.host);
        json_put_number(&json, "port", running->address.port);
        json_put_bool(&json, "caged", running->cage.landlock > 0);
        cmd_json_close(&json);
    } else {
        bytes_printf(&out, "%s\n", running->url);
    }
    (void)cmd_answer(cmd, &out); /* It serves on, whether or not somebody reads the address. */
    (void)fflush(stdout);        /* The same. */
}

/*
 * What an interrupted command left is finished before anybody looks: the pages of a withdrawal
 * above all.  A copy that is only served, or a disk that is read-only, is served as it is.
 */
static void bring_up_to_date(const struct cmd *cmd)
{
    struct channel *channel = NULL;
    struct why why = {0};

    if (channel_open(cmd->home, CHANNEL_WRITE, &channel, &why) == SH_OK)
        (void)cmd_publish(cmd, channel); /* It says what it could not do. */
    else
        cmd_say(cmd, "%s", why.text);
    channel_close(channel);
}

static void ready(const struct serve_running *running)
{
    const struct cmd *cmd = running->ctx;
    char port[8], example[48];
    bool loopback = running->address.v6
                        ? strcmp(running->address.host, "::1") == 0
                        : slice_starts(slice_text(running->address.host), "127.");

    say(cmd, STR_SERVE_URL, running->url);
    answer(cmd, running);
    (void)snprintf(port, sizeof(port), "%u", running->address.port);
    (void)snprintf(example, sizeof(example), "stillhere serve --listen '*:%s'", port);
    if (loopback)
        say(cmd, STR_SERVE_LOCAL, example);
    else
        say(cmd, STR_SERVE_OPEN, port);
    if (!running->cage.landlock)
        say(cmd, STR_SERVE_UNCAGED, NULL);
    say(cmd, STR_SERVE_STOP, NULL);
}

static int front(int listen_fd, const char *watch_dir, const char *cosign_home, struct why *why)
{
    return front_run(&(struct front_options){.listen_fd = listen_fd,
                                             .watch_dir = watch_dir,
                                             .cosign_home = cosign_home},
                     why);
}

/* Who may be asked besides public addresses. */
struct allowed {
    struct url_allowed host[LIMIT_ALLOWED_HOSTS];
    size_t count;
};

static int follow(void *ctx, const char *home, struct why *why)
{
    const struct allowed *allowed = ctx;

    return cosign_refresh(home, allowed->host, allowed->count, why);
}

static int allow_hosts(const struct cmd *cmd, const struct cmd_args *args,
                       struct allowed *allowed)
{
    struct why why = {0};

    for (size_t i = 0; i < args->many_count; i++) {
        if (allowed->count == COUNT_OF(allowed->host) ||
            url_allowed_parse(slice_text(args->many[i]), &allowed->host[allowed->count],
                              &why) != SH_OK)
            return cmd_usage(cmd, "--allow-host %s: %s", args->many[i],
                             why.text[0] ? why.text : "too many");
        allowed->count++;
    }
    return CMD_DONE;
}

/* --base: the setting of this name, for feeds and pages that need the address of the tree. */
static int set_base(const struct cmd *cmd, const char *base)
{
    struct channel_settings settings;
    struct channel *channel = NULL;
    struct why why = {0};
    int rc = channel_open(cmd->home, CHANNEL_WRITE, &channel, &why);

    if (rc == SH_OK)
        rc = cmd_settings_change(channel, "base", base, &settings, &why);
    channel_close(channel);
    return rc == SH_OK ? CMD_DONE : cmd_erred(cmd, &why);
}

/* The key and the list are made and checked before anything starts; says who cosigns. */
static int begin_cosigning(const struct cmd *cmd)
{
    struct why why = {0};
    struct bytes verifier, memory;
    struct cosign_config *config;
    int rc;

    bytes_init(&memory, sizeof(*config));
    config = (struct cosign_config *)(void *)bytes_room(&memory, sizeof(*config));
    bytes_init(&verifier, 1024);
    rc = config ? cosign_prepare(cmd->home, &verifier, config, &why)
                : why_set(&why, SH_ENOMEM, WHY_NOWHERE, "no memory");
    if (rc == SH_OK)
        cmd_say(cmd, "cosigner: %.*s", (int)verifier.len, (const char *)verifier.ptr);
    if (rc == SH_OK && !config->count)
        cmd_say(cmd, "private/" COSIGN_FOLDER "/logs names no log yet: nothing is cosigned");
    bytes_release(&verifier);
    bytes_release(&memory);
    return rc == SH_OK ? CMD_DONE : cmd_failed(cmd, &why);
}

static int due_now(void *ctx, const char *home, struct why *why)
{
    return cmd_publish_due(ctx, home, why);
}

static void front_ready(void *ctx)
{
    say(ctx, STR_SERVE_STOP, NULL);
}

/* For a system-wide nginx: only what it cannot do itself. */
static int serve_front_only(struct cmd *cmd, const struct serve_options *options)
{
    struct why why = {0};
    int rc = serve_run_front(options, front_ready, cmd, &why);

    return rc == SH_OK ? CMD_DONE : cmd_failed(cmd, &why);
}

static int print_config(const struct cmd *cmd, const struct serve_options *options)
{
    struct why why = {0};
    struct bytes out;

    bytes_init(&out, LIMIT_SERVE_CONFIG_BYTES);
    if (serve_print(options, &out, &why) != SH_OK) {
        bytes_release(&out);
        return cmd_failed(cmd, &why);
    }
    return cmd_answer(cmd, &out);
}

static int run(struct cmd *cmd, const struct cmd_args *args)
{
    struct serve_options options = {.home = cmd->home,
                                    .due = due_now,
                                    .due_ctx = cmd,
                                    .listen = cmd_value(args, "listen"),
                                    .tls_cert = cmd_value(args, "tls-cert"),
                                    .tls_key = cmd_value(args, "tls-key"),
                                    .nginx = getenv("STILLHERE_NGINX"),
                                    .require_cage = cmd->require_cage,
                                    .front = front,
                                    .watch = cmd_value(args, "watch-state"),
                                    .front_at = cmd_value(args, "front-at"),
                                    .cosign = cmd_is_set(args, "cosign"),
                                    .follow = follow};
    static struct allowed allowed;
    const char *base = cmd_value(args, "base");
    struct serve_address address;
    struct why why = {0};
    int code = allow_hosts(cmd, args, &allowed);

    options.follow_ctx = &allowed;
    if (code != CMD_DONE)
        return code;

    if (!options.listen)
        options.listen = SERVE_LISTEN_DEFAULT;
    if (args->word_count)
        return cmd_usage(cmd, "serve takes no words: the channel is named with -C HOME");
    if (!options.tls_cert != !options.tls_key)
        return cmd_usage(cmd, "--tls-cert and --tls-key belong together");
    if (serve_address_parse(options.listen, &address, &why) != SH_OK)
        return cmd_usage(cmd, "%s", why.text);
    if (base && (!*base || options.front_at || cmd_is_set(args, "print-config")))
        return cmd_usage(cmd, !*base ? "--base: an empty value"
                                     : "--base goes with pages that are served from here");
    if (cmd_is_set(args, "print-config"))
        return print_config(cmd, &options);
    if (base)
        code = set_base(cmd, base);
    if (code == CMD_DONE && options.cosign)
        code = begin_cosigning(cmd);
    if (code != CMD_DONE)
        return code;
    if (options.front_at)
        return serve_front_only(cmd, &options);
    bring_up_to_date(cmd);
    if (serve_run(&options, ready, cmd, &why) != SH_OK)
        return cmd_failed(cmd, &why);
    say(cmd, STR_SERVE_STOPPED, NULL);
    return CMD_DONE;
}

static const struct cmd_option options[] = {
    {"listen", "ADDR:PORT", "where to listen (127.0.0.1:8480); *:PORT is every address"},
    {"tls-cert", "FILE", "chain of certificates (PEM), for https"},
    {"tls-key", "FILE", "its private key (PEM)"},
    {"base", "URL", "the tree's address from outside, kept as `settings base` keeps it"},
    {"watch-state", "DIR", "state of the watch whose alarms are acknowledged (private/watch)"},
    {"front-at", "SOCKET", "answer only links of alarms, at SOCKET, for a system-wide nginx"},
    {"cosign", NULL, "answer add-checkpoint for the logs in private/cosign/logs"},
    {"allow-host", "HOST[:PORT]", "with --cosign: a source whose address need not be public"},
    {"print-config", NULL, "print the configuration for a system-wide nginx and end"},
    {NULL, NULL, NULL}};

const struct cmd_spec cmd_spec_serve = {
    .name = "serve",
    .usage = "[--listen ADDR:PORT] [--tls-cert FILE --tls-key FILE] [--base URL] "
             "[--watch-state DIR] [--front-at SOCKET] [--cosign] [--allow-host HOST[:PORT]] "
             "[--print-config]",
    .summary = "show the pages in a browser, through nginx",
    .about =
        "Runs Debian's nginx as a child that can read the public tree and nothing else of the\n"
        "channel, until Ctrl-C. It keeps no log of who reads. Started by root, it runs as the\n"
        "user nobody. The address is printed on standard output once it answers.",
    .examples = "  stillhere serve\n"
                "  stillhere -C ~/channel serve --listen '*:8480'\n"
                "  stillhere -C ~/channel serve --print-config > channel.conf\n"
                "  stillhere -C ~/mirror serve --cosign --listen '*:8480'\n",
    .options = options,
    .many = "allow-host",
    .run = run,
};
