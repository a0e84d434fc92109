/* `sign --tsa URL`: asking a time-stamp authority (RFC 3161 3.4). */
#include "cmd/sign_stamp_int.h"

#include <stdlib.h>

#include "io/io.h"
#include "role/role.h"
#include "stamp/stamp.h"
#include "url/url.h"

static int url_check(const char *text, struct why *why)
{
    struct url url;
    int rc = url_parse(slice_text(text), &url, why);

    if (rc == SH_OK && url.scheme != URL_HTTP && url.scheme != URL_HTTPS)
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                     "a time stamp is asked for over http or https");
    if (rc == SH_OK && !fetcher_is_there())
        rc = why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                     "stillhere-fetch, which asks for time stamps, is not installed");
    return rc;
}

int sign_stamp_options(const struct cmd *cmd, const struct cmd_args *args,
                       struct sign_stamp *out)
{
    struct why why = {0};

    out->url = cmd_value(args, "tsa");
    out->fetch.allowed = out->allowed;
    out->fetch.allowed_count = args->many_count;
    out->fetch.trust_file = cmd_value(args, "trust");
    out->fetch.resolver = getenv("STILLHERE_RESOLVER"); /* For tests. */
    if (!out->url && (args->many_count || out->fetch.trust_file))
        return cmd_usage(cmd, "--allow-host and --trust are for --tsa");
    for (size_t i = 0; i < args->many_count; i++)
        if (url_allowed_parse(slice_text(args->many[i]), &out->allowed[i], &why) != SH_OK)
            return cmd_usage(cmd, "--allow-host %s: %s", args->many[i], why.text);
    if (out->url && url_check(out->url, &why) != SH_OK)
        return cmd_usage(cmd, "--tsa %s: %s", out->url, why.text);
    return CMD_DONE;
}

/* An answer of RFC 3161 is one of HTTP that went well; anything else is a failure's page. */
static int reply_check(const struct fetcher_answer *answer, struct why *why)
{
    if (answer->outcome != FETCHER_DONE)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s",
                       answer->text[0] ? answer->text : "the server did not answer");
    if (answer->status != 200)
        return why_set(why, SH_EIO, WHY_NOWHERE, "the server answers with status %u",
                       answer->status);
    return SH_OK;
}

static int ask(const struct sign_stamp *stamp, const struct stamp_query *query,
               struct bytes *token, struct why *why)
{
    struct fetcher_request request = {
        .method = FETCHER_POST,
        .url = stamp->url,
        .headers = "Content-Type: application/timestamp-query\n"
                   "Accept: application/timestamp-reply\n",
        .most_bytes = LIMIT_STAMP_BYTES,
        .deadline_ms = LIMIT_STAMP_WAIT_MS,
    };
    struct fetcher_answer answer;
    struct fetcher *fetcher = NULL;
    struct bytes body;
    int rc;

    bytes_init(&body, LIMIT_STAMP_BYTES);
    rc = stamp_request(query, &body, why);
    request.body = bytes_view(&body);
    if (rc == SH_OK)
        rc = fetcher_open(&stamp->fetch, &fetcher, why);
    if (rc == SH_OK)
        rc = fetcher_do(fetcher, &request, &answer, why);
    if (rc == SH_OK)
        rc = reply_check(&answer, why);
    if (rc == SH_OK)
        rc = role_stamp_answer(query, answer.body, token, why);
    fetcher_close(fetcher);
    bytes_release(&body);
    return rc;
}

static int stamp_get(struct sign_stamp *stamp, struct slice message, struct bytes *token,
                     struct why *why)
{
    struct stamp_query query = {.hash = CRYPT_SHA256, .message = message};
    struct why cause = {0};
    int rc;

    io_random(query.nonce, sizeof query.nonce);
    rc = ask(stamp, &query, token, &cause);
    if (rc == SH_OK)
        return rc;
    stamp->failed = true;
    return why_set(why, rc, cause.offset,
                   "%s: %s; without its answer nothing is written: try again, ask another "
                   "server, or sign without --tsa",
                   stamp->url, cause.text);
}

int sign_stamp_get(void *ctx, struct slice message, struct bytes *token, struct why *why)
{
    return stamp_get(ctx, message, token, why);
}

int sign_stamp_earlier(struct sign_stamp *stamp, int in, struct sign_tokens *out,
                       struct why *why)
{
    int rc = role_sign_stampable(in, &out->of, why);

    for (size_t i = 0; rc == SH_OK && i < out->of.count; i++) {
        struct bytes *token = &out->data[i];

        bytes_init(token, LIMIT_STAMP_ROOM);
        rc = stamp_get(stamp, out->of.list[i].message, token, why);
        out->list[i].label = out->of.list[i].label;
        out->list[i].token = bytes_view(token);
        out->count++;
    }
    return rc;
}

void sign_tokens_release(struct sign_tokens *tokens)
{
    bytes_release(&tokens->of.data);
    for (size_t i = 0; i < tokens->count; i++)
        bytes_release(&tokens->data[i]);
}
