/* The frames between a program and stillhere-fetch: written, and read without belief. */
#include "fetcher/fetcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES 65536
#define FIXED_BYTES 4096 /* of a frame, besides what has a limit of its own */

size_t fetcher_wire_most(enum fetcher_frame kind)
{
    switch (kind) {
    case FETCHER_OPTIONS:
        return LIMIT_ALLOWED_HOSTS * (LIMIT_HOST_BYTES + 16) + 4 * FIXED_BYTES;
    case FETCHER_READY:
        return 0;
    case FETCHER_FAILED:
        return sizeof(((struct why *)0)->text);
    case FETCHER_REQUEST:
        return LIMIT_FETCH_ASK_BYTES;
    case FETCHER_ANSWER:
        return LIMIT_FETCH_BYTES + FIXED_BYTES;
    }
    return 0;
}

int fetcher_wire_head(const uint8_t head[FETCHER_HEAD_BYTES], enum fetcher_frame *kind,
                      size_t *len, struct why *why)
{
    struct cursor cur = cursor_of(slice_of(head, FETCHER_HEAD_BYTES));
    uint8_t found = rd_u8(&cur);
    uint32_t payload = rd_u32(&cur);

    if (!memchr("orfqa", found, 5) || payload > fetcher_wire_most((enum fetcher_frame)found))
        return why_set(why, SH_EFORMAT, 0, "fetch: a frame of kind %u with %u bytes",
                       (unsigned)found, (unsigned)payload);
    *kind = (enum fetcher_frame)found;
    *len = payload;
    return SH_OK;
}

/* ---- writing -------------------------------------------------------------------------- */

void fetcher_wire_put(struct bytes *out, enum fetcher_frame kind, struct slice payload)
{
    bytes_u8(out, (uint8_t)kind);
    bytes_u32(out, (uint32_t)payload.len);
    bytes_slice(out, payload);
}

/* Begin a frame whose length is not known yet; returns where its payload begins. */
static size_t frame_open(struct bytes *out, enum fetcher_frame kind)
{
    fetcher_wire_put(out, kind, slice_of(NULL, 0));
    return out->len;
}

static void frame_close(struct bytes *out, size_t from)
{
    size_t len = out->len - from;

    if (bytes_check(out, NULL) != SH_OK)
        return;
    for (size_t i = 0; i < 4; i++)
        out->ptr[from - 4 + i] = (uint8_t)(len >> (24 - 8 * i));
}

/* Length with its NUL, 0 for NULL; the text; the NUL, so that readers can borrow it. */
static void put_text(struct bytes *out, const char *text)
{
    size_t len = text ? strlen(text) + 1 : 0;

    bytes_u32(out, (uint32_t)len);
    bytes_append(out, text, len);
}

void fetcher_wire_put_options(struct bytes *out, const struct fetcher_options *options)
{
    size_t from = frame_open(out, FETCHER_OPTIONS);

    put_text(out, options->trust_file);
    put_text(out, options->resolver);
    bytes_u16(out, (uint16_t)options->allowed_count);
    for (size_t i = 0; i < options->allowed_count; i++) {
        put_text(out, options->allowed[i].host);
        bytes_u16(out, options->allowed[i].port);
    }
    frame_close(out, from);
}

void fetcher_wire_put_request(struct bytes *out, const struct fetcher_request *request)
{
    size_t from = frame_open(out, FETCHER_REQUEST);
    size_t count = 0;

    bytes_u64(out, request->id);
    bytes_u8(out, (uint8_t)request->method);
    bytes_u64(out, request->most_bytes);
    bytes_u32(out, request->deadline_ms);
    put_text(out, request->url);
    put_text(out, request->etag);
    put_text(out, request->modified);
    put_text(out, request->headers);
    put_text(out, request->from);
    put_text(out, request->user);
    put_text(out, request->password);
    while (request->to && count < UINT16_MAX && request->to[count])
        count++;
    bytes_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        put_text(out, request->to[i]);
    bytes_slice(out, request->body);
    frame_close(out, from);
}

void fetcher_wire_put_answer(struct bytes *out, const struct fetcher_answer *answer)
{
    size_t from = frame_open(out, FETCHER_ANSWER);

    bytes_u64(out, answer->id);
    bytes_u8(out, (uint8_t)answer->outcome);
    bytes_u16(out, (uint16_t)answer->status);
    bytes_u64(out, answer->date);
    bytes_u64(out, answer->retry_after_s);
    put_text(out, answer->etag);
    put_text(out, answer->modified);
    put_text(out, answer->text);
    bytes_slice(out, answer->body);
    frame_close(out, from);
}

/* ---- reading -------------------------------------------------------------------------- */

static int refuse(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "fetch: %s", what);
}

/* A text of at most `most` bytes, or NULL; anything else fails the cursor. */
static const char *get_text(struct cursor *cur, size_t most)
{
    uint32_t len = rd_u32(cur);
    struct slice text;

    if (!len)
        return NULL;
    text = rd_bytes(cur, len);
    if (text.len != len || len > most + 1 || slice_find(text, 0, 0) != len - 1) {
        cur->failed = true;
        return NULL;
    }
    return (const char *)text.ptr;
}

int fetcher_wire_options(struct slice payload, struct fetcher_wire_options *out,
                         struct why *why)
{
    struct cursor cur = cursor_of(payload);
    const char *host;
    size_t count;

    memset(out, 0, sizeof(*out));
    out->options.trust_file = get_text(&cur, FIXED_BYTES);
    out->options.resolver = get_text(&cur, FIXED_BYTES);
    count = rd_u16(&cur);
    if (count > LIMIT_ALLOWED_HOSTS)
        return refuse(why, "more than 64 allowed hosts");
    for (size_t i = 0; i < count; i++) {
        host = get_text(&cur, LIMIT_HOST_BYTES);
        if (!host)
            return refuse(why, "an allowed host is missing");
        memcpy(out->allowed[i].host, host, strlen(host) + 1);
        out->allowed[i].port = rd_u16(&cur);
    }
    if (cur.failed || rd_left(&cur))
        return refuse(why, "the options are too short or too long");
    out->options.allowed = out->allowed;
    out->options.allowed_count = count;
    return SH_OK;
}

/* Printable, nothing that could end a line; `also` names what else is forbidden. */
static bool is_plain(const char *text, const char *also)
{
    for (; *text; text++)
        if ((uint8_t)*text < ' ' || (uint8_t)*text > '~' || strchr(also, *text))
            return false;
    return true;
}

/* "Name: value\n" lines (RFC 9110 5.5); obs-text is let through for UTF-8. */
static bool headers_hold(const char *at)
{
    const char *colon, *end;

    for (; *at; at = end + 1) {
        colon = strchr(at, ':');
        end = strchr(at, '\n');
        if (!colon || !end || colon > end || colon == at || colon[1] != ' ' || colon + 2 == end)
            return false;
        for (const char *c = at; c < end; c++)
            if ((uint8_t)*c < ' ' || *c == 0x7f ||
                (c < colon && ((uint8_t)*c > '~' || strchr(" \"(),/;<=>?@[\\]{}", *c))))
                return false;
    }
    return true;
}

static bool mailbox_holds(const char *text)
{
    return text && strchr(text, '@') && is_plain(text, " <>\"\\,;:()");
}

static int mail_check(const struct fetcher_request *request, struct why *why)
{
    if (!mailbox_holds(request->from))
        return refuse(why, "the sender's mail address is not one");
    if (!request->to[0])
        return refuse(why, "a mail needs a recipient");
    for (size_t i = 0; request->to[i]; i++)
        if (!mailbox_holds(request->to[i]))
            return refuse(why, "a recipient's mail address is not one");
    if (!request->user != !request->password)
        return refuse(why, "a user name needs a password");
    if (!request->body.len)
        return refuse(why, "a mail needs a message");
    return SH_OK;
}

static int request_check(const struct fetcher_request *request, struct why *why)
{
    if (!request->url)
        return refuse(why, "a request needs an address");
    if (!request->deadline_ms)
        return refuse(why, "a request needs a deadline");
    if (request->most_bytes > LIMIT_FETCH_BYTES)
        return refuse(why, "an answer of that many bytes is not taken");
    if ((request->etag && !is_plain(request->etag, "")) ||
        (request->modified && !is_plain(request->modified, "")))
        return refuse(why, "a validator with other than printable characters");
    if (request->headers && !headers_hold(request->headers))
        return refuse(why, "headers must be \"Name: value\" lines");
    if (request->method == FETCHER_MAIL)
        return mail_check(request, why);
    return SH_OK;
}

int fetcher_wire_request(struct slice payload, struct fetcher_wire_request *out,
                         struct why *why)
{
    struct cursor cur = cursor_of(payload);
    struct fetcher_request *request = &out->request;
    uint8_t method;
    size_t count;

    memset(out, 0, sizeof(*out));
    request->id = rd_u64(&cur);
    method = rd_u8(&cur);
    request->most_bytes = rd_u64(&cur);
    request->deadline_ms = rd_u32(&cur);
    request->url = get_text(&cur, FIXED_BYTES);
    request->etag = get_text(&cur, LIMIT_VALIDATOR_BYTES);
    request->modified = get_text(&cur, LIMIT_VALIDATOR_BYTES);
    request->headers = get_text(&cur, LIMIT_FETCH_HEADERS_BYTES);
    request->from = get_text(&cur, LIMIT_MAIL_ADDRESS_BYTES);
    request->user = get_text(&cur, LIMIT_MAIL_ADDRESS_BYTES);
    request->password = get_text(&cur, FIXED_BYTES);
    count = rd_u16(&cur);
    if (method > FETCHER_MAIL || count > LIMIT_RECIPIENTS)
        return refuse(why, "an unknown method, or too many recipients");
    for (size_t i = 0; i < count; i++) {
        out->to[i] = get_text(&cur, LIMIT_MAIL_ADDRESS_BYTES);
        if (!out->to[i])
            return refuse(why, "a recipient is missing or too long");
    }
    if (cur.failed)
        return refuse(why, "a part of a request is too long or missing");
    request->method = (enum fetcher_method)method;
    request->to = out->to;
    request->body = rd_bytes(&cur, rd_left(&cur));
    return request_check(request, why);
}

/* Where the next bytes belong, and how many at most. */
static uint8_t *reader_room(struct fetcher_reader *reader, size_t *most)
{
    if (reader->head_len < FETCHER_HEAD_BYTES) {
        *most = FETCHER_HEAD_BYTES - reader->head_len;
        return reader->head + reader->head_len;
    }
    *most = reader->payload_len - reader->payload.len;
    *most = *most < READ_BYTES ? *most : READ_BYTES;
    return bytes_room(&reader->payload, *most);
}

int fetcher_wire_read(struct fetcher_reader *reader, int fd, struct why *why)
{
    uint8_t *room;
    size_t most;
    ssize_t n;

    while (reader->head_len < FETCHER_HEAD_BYTES || reader->payload.len < reader->payload_len) {
        room = reader_room(reader, &most);
        if (!room)
            return why_set(why, SH_ENOMEM, WHY_NOWHERE, "fetch: no memory for a frame");
        n = recv(fd, room, most, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (n <= 0) {
            errno = n == 0 ? 0 : errno;
            return why_set(why, SH_EIO, WHY_NOWHERE, "fetch: the other end is closed");
        }
        if (reader->head_len == FETCHER_HEAD_BYTES) {
            reader->payload.len += (size_t)n;
            continue;
        }
        reader->head_len += (size_t)n;
        if (reader->head_len < FETCHER_HEAD_BYTES)
            continue;
        if (fetcher_wire_head(reader->head, &reader->kind, &reader->payload_len, why) != SH_OK)
            return SH_EFORMAT;
        bytes_init(&reader->payload, reader->payload_len ? reader->payload_len : 1);
    }
    reader->head_len = 0;
    return 1;
}

static bool copy_text(struct cursor *cur, char *out, size_t room)
{
    const char *text = get_text(cur, room - 1);

    if (!text || (*text && text_check(slice_text(text), TEXT_LINE, room, "", NULL) != SH_OK))
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

int fetcher_wire_answer(struct slice payload, struct fetcher_answer *out, struct why *why)
{
    struct cursor cur = cursor_of(payload);
    struct fetcher_answer found = {0};
    uint8_t outcome;

    found.id = rd_u64(&cur);
    outcome = rd_u8(&cur);
    found.status = rd_u16(&cur);
    found.date = rd_u64(&cur);
    found.retry_after_s = rd_u64(&cur);
    if (outcome > FETCHER_BROKEN || found.status > 999)
        return refuse(why, "an answer of an unknown kind");
    found.outcome = (enum fetcher_outcome)outcome;
    if (!copy_text(&cur, found.etag, sizeof(found.etag)) ||
        !copy_text(&cur, found.modified, sizeof(found.modified)) ||
        !copy_text(&cur, found.text, sizeof(found.text)) || cur.failed)
        return refuse(why, "a part of an answer is too long or missing");
    found.body = rd_bytes(&cur, rd_left(&cur));
    *out = found;
    return SH_OK;
}
