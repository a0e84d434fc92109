/* What the program says: answers on standard output, talk and errors on standard error. */
#include "cmd/cmd_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names of files come from anywhere: what would steer a terminal or turn a line becomes a ?. */
static void put_shown(struct slice text)
{
    size_t at = 0;

    while (at < text.len) {
        uint32_t code = 0;
        size_t len = text_next(text, at, &code);
        bool joins = code == 0x200c || code == 0x200d || code == 0xfe0f;

        if (!len || (text_is_unseen(code) && code != '\n' && code != '\t' && !joins))
            (void)fputc('?', stderr);
        else
            (void)fwrite(text.ptr + at, 1, len, stderr);
        at += len ? len : 1;
    }
}

static void put_talk(const char *fmt, va_list args) PRINTF_LIKE(1, 0);
static void put_talk(const char *fmt, va_list args)
{
    struct bytes text;
    va_list again;
    char *room;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len <= 0)
        return;
    bytes_init(&text, (size_t)len + 1);
    room = (char *)bytes_room(&text, (size_t)len + 1);
    if (room) {
        (void)vsnprintf(room, (size_t)len + 1, fmt, args);
        put_shown(slice_of((const uint8_t *)room, (size_t)len));
    }
    bytes_release(&text);
}

static void error_prefix(const struct cmd *cmd)
{
    (void)fputs(cmd->color ? "\033[1mstillhere:\033[0m " : "stillhere: ", stderr);
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
    va_list args;

    error_prefix(cmd);
    va_start(args, fmt);
    put_talk(fmt, args);
    va_end(args);
    (void)fprintf(stderr, "\nTry: stillhere %s%s--help\n", cmd->spec ? cmd->spec->name : "",
                  cmd->spec ? " " : "");
    return CMD_USAGE;
}

int cmd_failed(const struct cmd *cmd, const struct why *why)
{
    error_prefix(cmd);
    put_shown(slice_text(why->code == SH_OK ? "failed" : why->text));
    (void)fputc('\n', stderr);
    return CMD_FAILED;
}

int cmd_erred(const struct cmd *cmd, const struct why *why)
{
    return why->code == SH_EARG ? cmd_usage(cmd, "%s", why->text) : cmd_failed(cmd, why);
}

void cmd_say(const struct cmd *cmd, const char *fmt, ...)
{
    va_list args;

    if (cmd->quiet)
        return;
    va_start(args, fmt);
    put_talk(fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

int cmd_print(struct slice data, struct why *why)
{
    ssize_t n;

    while (data.len > 0) {
        n = write(STDOUT_FILENO, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, "standard output: %s", strerror(errno));
        data = slice_sub(data, (size_t)n, data.len - (size_t)n);
    }
    return SH_OK;
}

int cmd_answer(const struct cmd *cmd, struct bytes *out)
{
    struct why why = {0};
    int rc = bytes_check(out, &why);

    if (rc == SH_OK)
        rc = cmd_print(bytes_view(out), &why);
    bytes_release(out);
    return rc == SH_OK ? CMD_DONE : cmd_failed(cmd, &why);
}

struct json_writer cmd_json_open(struct bytes *out)
{
    struct json_writer json;

    json_writer_init(&json, out);
    json_object_open(&json, NULL);
    json_put_number(&json, "version", CMD_JSON_VERSION);
    return json;
}

void cmd_json_close(struct json_writer *json)
{
    json_object_close(json);
    bytes_u8(json->out, '\n');
}

static bool progress_is_shown(const struct cmd *cmd)
{
    return !cmd->quiet && !cmd->json && isatty(STDERR_FILENO);
}

void cmd_progress(const struct cmd *cmd, const char *what, uint64_t done, uint64_t total)
{
    if (!progress_is_shown(cmd) || !total)
        return;
    (void)fputc('\r', stderr);
    put_shown(slice_text(what));
    (void)fprintf(stderr, " %3u %%  %.1f of %.1f MB ",
                  (unsigned)(done > total ? 100 : (double)done * 100 / (double)total),
                  (double)done / 1e6, (double)total / 1e6);
    (void)fflush(stderr); /* A progress line that is not seen does no harm. */
}

void cmd_progress_end(const struct cmd *cmd)
{
    if (progress_is_shown(cmd))
        (void)fputs("\r\033[K", stderr);
}
