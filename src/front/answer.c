/* From a request to its answer: who may, what is meant, and what it does. */
#include "front/front_int.h"

#include <stdio.h>
#include <string.h>

#include "io/io.h"

#define PATH "/ack/"
#define CODE_CHARS (WATCH_CODE_BYTES - 1)

struct asked {
    const struct scgi_request *request;
    char code[WATCH_CODE_BYTES];
    bool post;
    bool has_lang; /* chosen on the page */
    enum lang lang;
};

static bool path_read(struct slice path, char code[WATCH_CODE_BYTES])
{
    if (path.len != sizeof(PATH) - 1 + CODE_CHARS || !slice_starts(path, PATH))
        return false;
    path = slice_sub(path, sizeof(PATH) - 1, CODE_CHARS);
    for (size_t i = 0; i < path.len; i++)
        if (!((path.ptr[i] >= 'a' && path.ptr[i] <= 'z') ||
              (path.ptr[i] >= '2' && path.ptr[i] <= '7')))
            return false;
    memcpy(code, path.ptr, CODE_CHARS);
    code[CODE_CHARS] = '\0';
    return true;
}

/* "lang=uk"; what trackers add to links is no reason to refuse anybody. */
static void lang_read(struct asked *asked)
{
    struct slice query;

    if (!scgi_get(asked->request, "QUERY_STRING", &query) || !slice_starts(query, "lang="))
        return;
    query = slice_sub(query, 5, query.len - 5);
    query.len = slice_find(query, 0, '&');
    asked->has_lang = lang_from_tag(query, &asked->lang);
}

/*
 * Does a page of somebody else send this form?  Only what says so is refused: browsers without
 * Sec-Fetch-Site are in use, and Referrer-Policy: no-referrer turns our own origin into "null".
 * The code, which nobody can guess, is what gives the right to acknowledge.
 */
static bool is_foreign(const struct scgi_request *request)
{
    struct slice site, origin, host;
    size_t at;

    if (scgi_get(request, "HTTP_SEC_FETCH_SITE", &site))
        return !slice_equal(site, slice_text("same-origin")) &&
               !slice_equal(site, slice_text("none"));
    if (!scgi_get(request, "HTTP_ORIGIN", &origin) || slice_equal(origin, slice_text("null")))
        return false;
    at = slice_find(origin, 0, '/') + 2; /* After "https://". */
    return at > origin.len || !scgi_get(request, "HTTP_HOST", &host) ||
           !slice_equal(slice_sub(origin, at, origin.len - at), host);
}

static int plain(struct bytes *out, unsigned status, struct why *why)
{
    static const struct scgi_field FIELDS[] = {{"Content-Type", "text/plain; charset=utf-8"},
                                               {"Allow", "GET, HEAD, POST"}};
    struct scgi_answer answer = {
        .status = status, .fields = FIELDS, .count = status == 405 ? 2 : 1};
    struct bytes text;
    int rc;

    bytes_init(&text, LIMIT_FRONT_ANSWER_BYTES);
    for (int lang = 0; status != 404 && lang < LANG_COUNT; lang++)
        bytes_printf(
            &text, "%s\n",
            lang_text((enum lang)lang, status == 500 ? STR_SERVE_LATER : STR_FRONT_REFUSED));
    answer.body = bytes_view(&text);
    rc = scgi_answer_build(&answer, out, why);
    bytes_release(&text);
    return rc;
}

static int page(const struct asked *asked, const struct watch_ack *ack, struct bytes *out,
                struct why *why)
{
    static const struct scgi_field FIELDS[] = {{"Content-Type", "text/html; charset=utf-8"}};
    struct bytes html;
    int rc;

    bytes_init(&html, LIMIT_FRONT_ANSWER_BYTES);
    front_page(ack, asked->has_lang ? asked->lang : ack->lang, &html);
    rc = bytes_check(&html, why);
    if (rc == SH_OK)
        rc = scgi_answer_build(
            &(struct scgi_answer){200, FIELDS, COUNT_OF(FIELDS), bytes_view(&html)}, out, why);
    bytes_release(&html);
    return rc;
}

/* Back to the page, by a relative address: it holds whatever proxy stands before nginx. */
static int back(const struct asked *asked, struct bytes *out, struct why *why)
{
    char place[WATCH_CODE_BYTES + sizeof("?lang=xx")];
    const struct scgi_field field = {"Location", place};

    (void)snprintf(place, sizeof(place), "%s%s%s", asked->code, asked->has_lang ? "?lang=" : "",
                   asked->has_lang ? lang_code(asked->lang) : "");
    return scgi_answer_build(&(struct scgi_answer){303, &field, 1, {NULL, 0}}, out, why);
}

static unsigned refusal(struct asked *asked, struct slice body)
{
    struct slice path, method;

    if (!scgi_get(asked->request, "DOCUMENT_URI", &path) || !path_read(path, asked->code))
        return 404;
    if (!scgi_get(asked->request, "REQUEST_METHOD", &method))
        return 400;
    asked->post = slice_equal(method, slice_text("POST"));
    if (!asked->post && !slice_equal(method, slice_text("GET")) &&
        !slice_equal(method, slice_text("HEAD")))
        return 405;
    if (!asked->post)
        return 0;
    if (is_foreign(asked->request))
        return 403;
    return slice_equal(body, slice_text("seen=1")) ? 0 : 400;
}

int front_answer(const char *watch_dir, const struct scgi_request *request, struct slice body,
                 struct bytes *out, struct why *why)
{
    struct asked asked = {.request = request};
    struct watch_ack ack = {0};
    unsigned status = refusal(&asked, body);
    int rc;

    if (status)
        return plain(out, status, NULL);
    lang_read(&asked);
    /* Looked at first: a wrong code takes the same way whatever the method. */
    rc = watch_ack_look(watch_dir, asked.code, &ack, why);
    if (rc == SH_OK && asked.post && ack.open && !ack.acked) {
        rc = watch_ack_set(watch_dir, asked.code, "link", &ack, why);
        if (rc == SH_OK)
            io_say("info", "front", "acknowledged", "kind=%s by=link",
                   ack.kind == ALARM_LATE     ? "late"
                   : ack.kind == ALARM_SILENT ? "silent"
                                              : "disagree");
    }
    if (rc != SH_OK)
        return plain(out, rc == SH_ENOTFOUND ? 404 : 500, NULL);
    return asked.post ? back(&asked, out, why) : page(&asked, &ack, out, why);
}
