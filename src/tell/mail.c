/*
 * A message as mail.  Nothing that came from elsewhere stands in a header but in base64, so no
 * name and no word can add a header or an address.
 */
#include "tell/tell_int.h"

#include <string.h>

/* RFC 2047 2: an encoded word has at most 75 characters: 45 bytes in base64 and its frame. */
#define WORD_BYTES 45
/* RFC 2045 6.8: 76 characters a line. */
#define LINE_BYTES 57

static void encoded_words(struct bytes *out, struct slice text, const char *sep)
{
    while (text.len) {
        size_t len = tell_cut(text, WORD_BYTES);

        if (!len)
            len = text.len < WORD_BYTES ? text.len : WORD_BYTES; /* It is not UTF-8. */
        bytes_text(out, "=?utf-8?B?");
        base64_build(out, slice_sub(text, 0, len), BASE64_PADDED);
        bytes_text(out, "?=");
        text = slice_sub(text, len, text.len - len);
        if (text.len)
            bytes_text(out, sep);
    }
}

/* Printable ASCII that no reader takes for an encoded word. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e ||
            (text.ptr[i] == '=' && i + 1 < text.len && text.ptr[i + 1] == '?'))
            return false;
    return text.len && text.len <= 60 && text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' ';
}

void tell_encoded(struct bytes *out, struct slice text, const char *sep)
{
    if (is_plain(text))
        bytes_slice(out, text);
    else
        encoded_words(out, text, sep);
}

/* RFC 5322 3.6.4, with the host of the sender; false when left is not of our own making. */
static bool put_message_id(const struct tell_try *attempt, struct bytes *out)
{
    const char *left = attempt->message->message_id;
    const char *host = strchr(attempt->way->mail->from, '@');
    size_t len;

    if (!left || left[0] != '<' || !host)
        return false;
    len = strspn(left + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (len < 1 || len > 64 || left[1 + len] != '@')
        return false;
    bytes_printf(out, "Message-ID: <%.*s%s>\r\n", (int)len, left + 1, host);
    return true;
}

static void put_date(struct bytes *out, uint64_t unix_s)
{
    static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct when when = when_of(unix_s);

    bytes_printf(out, "Date: %s, %u %s %d %02u:%02u:%02u +0000\r\n", DAYS[when.weekday],
                 (unsigned)when.day, MONTHS[when.month - 1], when.year, (unsigned)when.hour,
                 (unsigned)when.minute, (unsigned)when.second);
}

static void put_to(const struct tell_try *attempt, struct bytes *out)
{
    bytes_text(out, "To: ");
    if (attempt->contact->called) {
        encoded_words(out, slice_text(attempt->contact->called), "\r\n ");
        bytes_text(out, "\r\n ");
    }
    bytes_printf(out, "<%s>\r\n", attempt->way->target);
}

/* Can the text travel as it is: ASCII in lines of at most 998 (RFC 5322 2.1.1)? */
static bool is_seven_bit(struct slice text)
{
    size_t line = 0;

    for (size_t i = 0; i < text.len; i++) {
        line = text.ptr[i] == '\n' ? 0 : line + 1;
        if (line > 900 || text.ptr[i] > 0x7e || (text.ptr[i] < 0x20 && text.ptr[i] != '\n'))
            return false;
    }
    return true;
}

static void put_lines(struct bytes *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            bytes_u8(out, '\r');
        bytes_u8(out, text.ptr[i]);
    }
}

static void put_text(struct bytes *out, struct slice text)
{
    struct bytes lines = {0};
    struct slice rest;

    if (is_seven_bit(text)) {
        bytes_text(out, "Content-Transfer-Encoding: 7bit\r\n\r\n");
        put_lines(out, text);
        return;
    }
    bytes_init(&lines, LIMIT_TELL_BODY_BYTES * 2);
    put_lines(&lines, text);
    bytes_text(out, "Content-Transfer-Encoding: base64\r\n\r\n");
    for (rest = bytes_view(&lines); rest.len;) {
        size_t len = rest.len < LINE_BYTES ? rest.len : LINE_BYTES;

        base64_build(out, slice_sub(rest, 0, len), BASE64_PADDED);
        bytes_text(out, "\r\n");
        rest = slice_sub(rest, len, rest.len - len);
    }
    if (bytes_check(&lines, NULL) != SH_OK)
        out->failed = lines.failed;
    bytes_release(&lines);
}

bool tell_mail_build(const struct tell_try *attempt, struct bytes *out)
{
    const char *from = attempt->way->mail->from;

    /* The file's reader saw to this; what would go out wrong otherwise is too grave. */
    if (!from || !tell_is_address(from) || !tell_is_address(attempt->way->target))
        return false;
    bytes_printf(out, "From: <%s>\r\n", from);
    put_to(attempt, out);
    put_date(out, attempt->message->date);
    if (!put_message_id(attempt, out))
        return false;
    bytes_text(out, "Subject: ");
    tell_encoded(out, attempt->message->subject, "\r\n ");
    bytes_text(out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n");
    put_text(out, attempt->message->body);
    return bytes_check(out, NULL) == SH_OK;
}

/* RFC 4954 6: what a server says of a user or password that it does not take. */
static bool is_about_password(unsigned status)
{
    return status == 530 || status == 534 || status == 535 || status == 538;
}

void tell_by_mail(const struct tell_try *attempt)
{
    const struct tell_mail *mail = attempt->way->mail;
    const char *to[] = {attempt->way->target, NULL};
    struct fetcher_answer answer;
    struct fetcher_request request = {.method = FETCHER_MAIL,
                                      .url = mail->server,
                                      .from = mail->from,
                                      .to = to,
                                      .user = mail->user,
                                      .password = mail->password};
    struct bytes text = {0};

    bytes_init(&text, LIMIT_TELL_BODY_BYTES * 4);
    if (!mail->server || !tell_mail_build(attempt, &text)) {
        tell_say(attempt, TELL_REFUSED, "the mail could not be written");
        goto out;
    }
    request.body = bytes_view(&text);
    if (!tell_ask(attempt, &request, &answer))
        goto out;
    if (answer.status >= 200 && answer.status < 300)
        tell_say(attempt, TELL_ACCEPTED, "the mail server took it");
    else if (is_about_password(answer.status))
        tell_say(attempt, TELL_LATER,
                 "the mail server (%u) does not take the user or the password: see mail-user "
                 "and mail-password-file",
                 answer.status);
    else if (answer.status >= 500)
        tell_say(attempt, TELL_REFUSED, "the mail server refused it (%u)", answer.status);
    else
        tell_say(attempt, TELL_LATER, "the mail server cannot take it now (%u)", answer.status);
out:
    bytes_release(&text);
}
