/* A line "to ..." of the contacts file, and the files that hold its secrets. */
#include "tell/tell_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

static bool is_loopback(const struct url *url)
{
    static const uint8_t one[16] = {[15] = 1};

    if (url->host_kind == URL_IPV4)
        return url->address[0] == 127;
    if (url->host_kind == URL_IPV6)
        return memcmp(url->address, one, sizeof(one)) == 0;
    return strcmp(url->host, "localhost") == 0;
}

int tell_take_url(struct tell_reader *reader, const char *text, const char **out)
{
    struct why why = {0};
    struct bytes built = {0};
    struct url url;
    int rc;

    if (url_parse(slice_text(text), &url, &why) != SH_OK)
        return tell_fail(reader, "%s", why.text);
    if (url.scheme == URL_HTTP && !is_loopback(&url))
        return tell_fail(reader, "whoever is on the way could read it: write https://");
    if (url.scheme != URL_HTTP && url.scheme != URL_HTTPS)
        return tell_fail(reader, "an address https://... was expected");
    bytes_init(&built, LIMIT_URL_BYTES * 2);
    url_build(&url, &built);
    rc = bytes_check(&built, reader->why);
    if (rc == SH_OK) {
        *out = tell_keep(reader->arena, bytes_view(&built));
        rc = *out ? SH_OK
                  : why_set(reader->why, SH_ELIMIT, WHY_NOWHERE, "line %u: too much",
                            reader->line);
    }
    bytes_release(&built);
    return rc;
}

/*
 * Who else can read it?  A group that is root's is no other person: so systemd hands its
 * credentials to a service.
 */
static bool is_private(const struct stat *st)
{
    return !(st->st_mode & S_IRWXO) && (!(st->st_mode & S_IRWXG) || st->st_gid == 0);
}

static int secret_open(struct tell_reader *reader, const char *path, int *fd)
{
    struct stat st;

    *fd = openat(reader->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return tell_fail(reader, "the file '%.*s': %s", TELL_START(path, 200), strerror(errno));
    if (!S_ISREG(st.st_mode))
        return tell_fail(reader, "'%.*s' is not a file", TELL_START(path, 200));
    if (!is_private(&st))
        return tell_fail(reader, "others can read the secret in '%.*s': chmod 600 '%.*s'",
                         TELL_START(path, 150), TELL_START(path, 150));
    return SH_OK;
}

int tell_take_secret(struct tell_reader *reader, const char *path, const char **out)
{
    struct bytes text = {0};
    struct slice line;
    int fd = -1;
    int rc = secret_open(reader, path, &fd);

    bytes_init(&text, LIMIT_TELL_SECRET_BYTES);
    if (rc != SH_OK)
        goto out;
    if (io_read_fd(fd, &text, NULL) != SH_OK) {
        rc = tell_fail(reader, "'%.*s' cannot be read, or has more than %d bytes",
                       TELL_START(path, 200), LIMIT_TELL_SECRET_BYTES);
        goto out;
    }
    line = bytes_view(&text);
    while (line.len && strchr(" \r\n", line.ptr[line.len - 1]) && line.ptr[line.len - 1])
        line.len--;
    if (text_check(line, TEXT_LINE, LIMIT_TELL_SECRET_BYTES, "secret", NULL) != SH_OK) {
        rc = tell_fail(reader, "'%.*s' must hold the secret on one line, and nothing else",
                       TELL_START(path, 200));
        goto out;
    }
    *out = tell_keep(reader->arena, line);
    if (!*out)
        rc = tell_fail(reader, "the file says too much");
out:
    if (text.ptr)
        wipe(text.ptr, text.cap);
    bytes_release(&text);
    io_close(&fd);
    return rc;
}

/* ---- one target of each kind ---- */

static int only_of(struct tell_reader *reader, const char *text, const char *set,
                   const char *remedy)
{
    return *text && strspn(text, set) == strlen(text) ? SH_OK : tell_fail(reader, "%s", remedy);
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int take_mail(struct tell_reader *reader, char *target, struct tell_way *way)
{
    if (!tell_is_address(target))
        return tell_fail(reader, "one plain address was expected: to mailto:NAME@HOST");
    if (!reader->mail_line)
        reader->mail_line = reader->line;
    way->mail = reader->mail;
    way->target = tell_keep(reader->arena, slice_text(target));
    return SH_OK;
}

static int take_ntfy(struct tell_reader *reader, char *target, struct tell_way *way)
{
    const char *topic;
    int rc;

    /* RFC 6750 2.1: what a bearer token is made of. */
    if (way->secret && only_of(reader, way->secret, ALNUM "-._~+/=",
                               "the token in token-file has characters that no token has"))
        return SH_EFORMAT;
    rc = tell_take_url(reader, target, &way->target);
    if (rc != SH_OK)
        return rc;
    topic = strrchr(way->target, '/');
    if (strchr(way->target, '?') || !topic || !topic[1] || topic[-1] == '/')
        return tell_fail(reader, "the topic is missing: ntfy:https://HOST/TOPIC, and long, for "
                                 "whoever knows it reads along");
    return SH_OK;
}

static int take_telegram(struct tell_reader *reader, char *target, struct tell_way *way)
{
    const char *chat = "the chat is a number or @NAME: to telegram:123456 token-file FILE";
    const char *digits = target + (*target == '-');
    char *at;
    size_t len;

    if (*target == '@' ? only_of(reader, target + 1, ALNUM "_", chat)
                       : only_of(reader, digits, "0123456789", chat))
        return SH_EFORMAT;
    if (strlen(target) > LIMIT_TOKEN_BYTES)
        return tell_fail(reader, "%s", chat);
    if (only_of(reader, way->secret, ALNUM ":_-",
                "the token in token-file is not one of a bot: 123456:ABC-DEF..."))
        return SH_EFORMAT;
    way->target = tell_keep(reader->arena, slice_text(target));
    if (!way->at)
        way->at = "https://api.telegram.org";
    if (strchr(way->at, '?'))
        return tell_fail(reader, "at: an address without \"?\" was expected");
    len = strlen(way->at);
    at = arena_take(reader->arena, len + 1);
    if (!at)
        return tell_fail(reader, "the file says too much");
    memcpy(at, way->at, len);
    while (len && at[len - 1] == '/')
        at[--len] = '\0';
    way->at = at;
    return SH_OK;
}

static int take_wecom(struct tell_reader *reader, char *target, struct tell_way *way)
{
    if (only_of(reader, way->secret, ALNUM "-_",
                "the key in key-file is not one of a robot: what stands after \"key=\""))
        return SH_EFORMAT;
    if (strchr(target, '?'))
        return tell_fail(reader, "the key is a secret: write what stands after \"key=\" into "
                                 "a file, and here: to wecom key-file FILE");
    if (!*target) {
        way->target = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send";
        return SH_OK;
    }
    return tell_take_url(reader, target, &way->target);
}

static int take_webhook(struct tell_reader *reader, char *target, struct tell_way *way)
{
    return tell_take_url(reader, target, &way->target);
}

static int take_command(struct tell_reader *reader, char *target, struct tell_way *way)
{
    struct stat st;

    if (target[0] != '/')
        return tell_fail(reader, "a command is a path from /, without arguments: "
                                 "to command:/usr/local/bin/ring");
    if (stat(target, &st) != 0)
        return tell_fail(reader, "%.*s: %s", TELL_START(target, 200), strerror(errno));
    if (!S_ISREG(st.st_mode) || access(target, X_OK) != 0)
        return tell_fail(reader, "%.*s cannot be run: chmod +x '%.*s'", TELL_START(target, 150),
                         TELL_START(target, 150));
    way->target = tell_keep(reader->arena, slice_text(target));
    return SH_OK;
}

static const struct kind {
    const char *name;
    enum tell_kind kind;
    const char *secret; /* the word before the name of the file; NULL: has none */
    bool needs_secret;
    bool has_at;
    int (*take)(struct tell_reader *reader, char *target, struct tell_way *way);
} KINDS[] = {
    {"mailto", TELL_MAIL, NULL, false, false, take_mail},
    {"ntfy", TELL_NTFY, "token-file", false, false, take_ntfy},
    {"telegram", TELL_TELEGRAM, "token-file", true, true, take_telegram},
    {"wecom", TELL_WECOM, "key-file", true, false, take_wecom},
    {"webhook", TELL_WEBHOOK, "secret-file", true, false, take_webhook},
    {"command", TELL_COMMAND, NULL, false, false, take_command},
};

static int take_options(struct tell_reader *reader, const struct kind *kind, char *rest,
                        struct tell_way *way)
{
    int rc = SH_OK;

    for (char *option = tell_word(&rest); rc == SH_OK && option; option = tell_word(&rest)) {
        const char *value = tell_word(&rest);
        bool secret = kind->secret && strcmp(option, kind->secret) == 0;
        bool at = kind->has_at && strcmp(option, "at") == 0;

        if (!secret && !at)
            return tell_fail(reader, "\"%.*s\" has no meaning after %s%s%s%s",
                             TELL_START(option, 40), kind->name,
                             kind->secret ? "; known: " : "; one target a line",
                             kind->secret ? kind->secret : "", kind->has_at ? " at" : "");
        if (!value)
            return tell_fail(reader, "\"%.*s\" needs a value after it", TELL_START(option, 40));
        if (secret ? way->secret != NULL : way->at != NULL)
            return tell_fail(reader, "\"%s\" stands here a second time: keep one", option);
        rc = secret ? tell_take_secret(reader, value, &way->secret)
                    : tell_take_url(reader, value, &way->at);
    }
    if (rc == SH_OK && kind->needs_secret && !way->secret)
        return tell_fail(reader, "%s needs \"%s FILE\"", kind->name, kind->secret);
    return rc;
}

static const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(KINDS); i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    return NULL;
}

int tell_take_way(struct tell_reader *reader, char *rest)
{
    char *target = tell_word(&rest);
    size_t len = strcspn(target, ":");
    struct tell_way *way = &reader->ways[reader->open->way_count];
    const struct kind *kind;
    bool colon = target[len] == ':';
    int rc;

    if (reader->open->way_count == LIMIT_WAYS)
        return tell_fail(reader, "at most %d ways to reach one contact", LIMIT_WAYS);
    target[len] = '\0';
    kind = kind_find(target);
    if (!kind || (!colon && kind->kind != TELL_WECOM))
        return tell_fail(reader, "a way is one of mailto:ADDRESS, ntfy:URL, telegram:CHAT, "
                                 "wecom, webhook:URL, command:PATH");
    target += len + (colon ? 1 : 0);
    *way = (struct tell_way){.kind = kind->kind};
    rc = take_options(reader, kind, rest, way);
    if (rc == SH_OK)
        rc = kind->take(reader, target, way);
    if (rc == SH_OK && !way->target)
        rc = tell_fail(reader, "the file says too much");
    if (rc == SH_OK)
        reader->open->way_count++;
    return rc;
}

const char *tell_kind_name(enum tell_kind kind)
{
    return kind == TELL_MAIL ? "mail" : KINDS[kind].name;
}
