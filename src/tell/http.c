/* ntfy, Telegram, WeCom and the signed webhook: one POST each. */
#include "tell/tell_int.h"

#include <string.h>

#include "crypt/crypt.h"
#include "io/io.h"
#include "json/json.h"

/* What is sent, and the places where a token stands; wiped when done. */
struct post {
    struct bytes url, headers, body;
    struct fetcher_answer answer;
};

static void post_init(struct post *post)
{
    bytes_init(&post->url, LIMIT_URL_BYTES * 2);
    bytes_init(&post->headers, LIMIT_URL_BYTES * 2);
    bytes_init(&post->body, LIMIT_TELL_BODY_BYTES * 8);
}

static void wiped(struct bytes *bytes)
{
    if (bytes->ptr)
        wipe(bytes->ptr, bytes->cap);
    bytes_release(bytes);
}

static void post_release(struct post *post)
{
    wiped(&post->url);
    wiped(&post->headers);
    wiped(&post->body);
}

static void later_or_never(const struct tell_try *attempt, unsigned status)
{
    bool later = status == 408 || status == 425 || status == 429 || status >= 500;

    if (status >= 300 && status < 400)
        tell_say(attempt, TELL_REFUSED,
                 "the server answered %u: write the address where it leads", status);
    else if (later)
        tell_say(attempt, TELL_LATER, "the server cannot take it now (%u)", status);
    else if (status == 401 || status == 403)
        tell_say(attempt, TELL_REFUSED, "the server does not accept the token or key (%u)",
                 status);
    else
        tell_say(attempt, TELL_REFUSED, "the server refused it (%u)", status);
}

/* Send it; false when there was no answer. */
static bool post_send(const struct tell_try *attempt, struct post *post)
{
    struct fetcher_request request = {.method = FETCHER_POST,
                                      .most_bytes = LIMIT_TELL_ANSWER_BYTES};

    bytes_u8(&post->url, 0);
    bytes_u8(&post->headers, 0);
    if (bytes_check(&post->url, NULL) != SH_OK || bytes_check(&post->headers, NULL) != SH_OK ||
        bytes_check(&post->body, NULL) != SH_OK) {
        tell_say(attempt, TELL_REFUSED, "the message could not be written");
        return false;
    }
    request.url = (const char *)post->url.ptr;
    request.headers = (const char *)post->headers.ptr;
    request.body = bytes_view(&post->body);
    return tell_ask(attempt, &request, &post->answer);
}

static bool is_done(unsigned status)
{
    return status >= 200 && status < 300;
}

/*
 * Some networks answer everything with a page of their own: "sign in here".  That is no sign
 * that anything was taken.
 */
static bool is_page(struct slice body)
{
    size_t at = slice_starts(body, "\xef\xbb\xbf") ? 3 : 0;

    while (at < body.len && strchr(" \t\r\n", body.ptr[at]) && body.ptr[at])
        at++;
    return at < body.len && body.ptr[at] == '<';
}

/* For those whose status is all that they say. */
static void judge_by_status(const struct tell_try *attempt, const struct post *post)
{
    if (!is_done(post->answer.status))
        later_or_never(attempt, post->answer.status);
    else if (is_page(post->answer.body))
        tell_say(attempt, TELL_LATER,
                 "a web page came for an answer: the address may be wrong, or the network asks "
                 "to sign in");
    else
        tell_say(attempt, TELL_ACCEPTED, "the server took it");
}

/* ---- ntfy ---- */

void tell_by_ntfy(const struct tell_try *attempt)
{
    const struct tell_message *message = attempt->message;
    bool calm = message->what >= TELL_OVER;
    struct post post = {0};

    post_init(&post);
    bytes_text(&post.url, attempt->way->target);
    bytes_text(&post.headers, "Content-Type: text/plain; charset=utf-8\nTitle: ");
    tell_encoded(&post.headers, message->subject, " ");
    bytes_printf(&post.headers, "\nPriority: %s\n", calm ? "default" : "high");
    if (attempt->way->secret)
        bytes_printf(&post.headers, "Authorization: Bearer %s\n", attempt->way->secret);
    tell_shortened(&post.body, message->body, LIMIT_TELL_NTFY_BYTES);
    if (post_send(attempt, &post))
        judge_by_status(attempt, &post);
    post_release(&post);
}

/* ---- Telegram: core.telegram.org/bots/api, "Making requests", sendMessage ---- */

static void telegram_build(const struct tell_try *attempt, struct bytes *out)
{
    struct bytes text = {0};
    struct json_writer json;

    bytes_init(&text, LIMIT_TELL_TELEGRAM_BYTES);
    tell_shortened(&text, attempt->message->body, LIMIT_TELL_TELEGRAM_BYTES);
    json_writer_init(&json, out);
    json_object_open(&json, NULL);
    json_put_text(&json, "chat_id", attempt->way->target);
    json_put_slice(&json, "text", bytes_view(&text));
    /* A preview would fetch the page to acknowledge. */
    json_object_open(&json, "link_preview_options");
    json_put_bool(&json, "is_disabled", true);
    json_object_close(&json);
    json_object_close(&json);
    bytes_release(&text);
}

static void telegram_judge(const struct tell_try *attempt, const struct post *post)
{
    unsigned status = post->answer.status;
    struct json_value *root = NULL;
    const struct json_value *found;
    struct arena arena;
    uint64_t wait;
    bool taken;

    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    if (json_parse(post->answer.body, 16, &arena, &root, NULL) != SH_OK ||
        root->type != JSON_OBJECT)
        root = NULL;
    found = root ? json_member(root, "ok") : NULL;
    taken = found && found->type == JSON_TRUE;
    found = root ? json_member(root, "parameters") : NULL;
    found = found && found->type == JSON_OBJECT ? json_member(found, "retry_after") : NULL;
    if (!attempt->answer->retry_after_s && found && json_integer(found, 86400, &wait))
        attempt->answer->retry_after_s = wait;
    if (is_done(status) && taken)
        tell_say(attempt, TELL_ACCEPTED, "Telegram took it");
    else if (is_done(status))
        tell_say(attempt, TELL_LATER, "what answered is not Telegram's bot API");
    else if (status == 401 || status == 404)
        tell_say(attempt, TELL_REFUSED, "Telegram does not know the bot's token (%u)", status);
    else if (status == 400)
        tell_say(attempt, TELL_REFUSED, "Telegram does not find the chat (400)");
    else if (status == 403)
        tell_say(attempt, TELL_REFUSED, "the bot may not write to this chat (403)");
    else
        later_or_never(attempt, status);
    arena_release(&arena);
}

void tell_by_telegram(const struct tell_try *attempt)
{
    struct post post = {0};

    post_init(&post);
    bytes_printf(&post.url, "%s/bot%s/sendMessage", attempt->way->at, attempt->way->secret);
    bytes_text(&post.headers, "Content-Type: application/json\n");
    telegram_build(attempt, &post.body);
    if (post_send(attempt, &post))
        telegram_judge(attempt, &post);
    post_release(&post);
}

/* ---- WeCom group robot: developer.work.weixin.qq.com/document/path/91770 ---- */

static void wecom_build(const struct tell_try *attempt, struct bytes *out)
{
    struct bytes text = {0};
    struct json_writer json;

    bytes_init(&text, LIMIT_TELL_WECOM_BYTES);
    tell_shortened(&text, attempt->message->body, LIMIT_TELL_WECOM_BYTES);
    json_writer_init(&json, out);
    json_object_open(&json, NULL);
    json_put_text(&json, "msgtype", "text");
    json_object_open(&json, "text");
    json_put_slice(&json, "content", bytes_view(&text));
    json_object_close(&json);
    json_object_close(&json);
    bytes_release(&text);
}

/* The number in "errcode" as it is written; empty when there is none. */
static struct slice wecom_code(const struct post *post, struct arena *arena)
{
    struct json_value *root = NULL;
    const struct json_value *code;

    if (json_parse(post->answer.body, 16, arena, &root, NULL) != SH_OK ||
        root->type != JSON_OBJECT)
        return slice_of(NULL, 0);
    code = json_member(root, "errcode");
    return code && code->type == JSON_NUMBER && code->text.len <= 12 ? code->text
                                                                     : slice_of(NULL, 0);
}

static void wecom_judge(const struct tell_try *attempt, const struct post *post)
{
    struct arena arena;
    struct slice code;

    if (!is_done(post->answer.status)) {
        later_or_never(attempt, post->answer.status);
        return;
    }
    arena_init(&arena, LIMIT_DOCUMENT_ARENA);
    code = wecom_code(post, &arena);
    if (!code.len) {
        tell_say(attempt, TELL_LATER, "what answered is not WeCom");
    } else if (slice_equal(code, slice_text("0"))) {
        tell_say(attempt, TELL_ACCEPTED, "WeCom took it");
    } else if (slice_equal(code, slice_text("45009"))) {
        /* 20 messages a minute. */
        if (!attempt->answer->retry_after_s)
            attempt->answer->retry_after_s = 60;
        tell_say(attempt, TELL_LATER, "WeCom: too many messages this minute (45009)");
    } else if (slice_equal(code, slice_text("-1"))) {
        tell_say(attempt, TELL_LATER, "WeCom is busy (-1)");
    } else {
        tell_say(attempt, TELL_REFUSED, "WeCom refused it (%.*s)", (int)code.len,
                 (const char *)code.ptr);
    }
    arena_release(&arena);
}

void tell_by_wecom(const struct tell_try *attempt)
{
    struct post post = {0};

    post_init(&post);
    bytes_printf(&post.url, "%s?key=%s", attempt->way->target, attempt->way->secret);
    bytes_text(&post.headers, "Content-Type: application/json\n");
    wecom_build(attempt, &post.body);
    if (post_send(attempt, &post))
        wecom_judge(attempt, &post);
    post_release(&post);
}

/* ---- the signed webhook: stillhere-contacts(5) ---- */

static void webhook_build(const struct tell_try *attempt, struct bytes *out)
{
    const struct tell_message *message = attempt->message;
    struct json_writer json;

    json_writer_init(&json, out);
    json_object_open(&json, NULL);
    json_put_number(&json, "version", 1);
    json_put_text(&json, "id", message->message_id);
    json_put_text(&json, "kind", tell_what_coarse(attempt->contact, message->what));
    json_put_slice(&json, "subject", message->subject);
    json_put_slice(&json, "body", message->body);
    json_put_number(&json, "time", message->date);
    json_object_close(&json);
}

/* HMAC-SHA256 over the time in decimal, a dot, and the body. */
static void webhook_sign(const struct tell_try *attempt, struct post *post)
{
    uint8_t mac[CRYPT_DIGEST_BYTES];
    char hex[2 * CRYPT_DIGEST_BYTES + 1];
    unsigned long long now = io_now();
    struct bytes signed_part = {0};

    bytes_init(&signed_part, LIMIT_TELL_BODY_BYTES * 8 + 32);
    bytes_printf(&signed_part, "%llu.", now);
    bytes_slice(&signed_part, bytes_view(&post->body));
    if (bytes_check(&signed_part, NULL) != SH_OK)
        post->headers.failed = signed_part.failed;
    crypto.hmac_sha256(slice_text(attempt->way->secret), bytes_view(&signed_part), mac);
    hex_build(slice_of(mac, sizeof(mac)), hex);
    bytes_printf(&post->headers, "Stillhere-Signature: t=%llu,v1=%s\n", now, hex);
    bytes_release(&signed_part);
}

void tell_by_webhook(const struct tell_try *attempt)
{
    struct post post = {0};

    post_init(&post);
    bytes_text(&post.url, attempt->way->target);
    webhook_build(attempt, &post.body);
    bytes_text(&post.headers, "Content-Type: application/json\n");
    webhook_sign(attempt, &post);
    if (post_send(attempt, &post))
        judge_by_status(attempt, &post);
    post_release(&post);
}
