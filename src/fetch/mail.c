/* Handing in a mail by SMTP submission (RFC 6409), in a child of its own. */
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fetch/fetch_int.h"

#define GOODBYE_S 3 /* seconds that a server has for its last reply */

struct mail {
    struct fetch *fetch;
    struct fetch_job *job;
    struct slice left; /* of the message */
    unsigned reply;    /* the last reply code */
    bool is_handed_in; /* all of the message was taken by libcurl */
};

static size_t on_message(char *room, size_t size, size_t count, void *ctx)
{
    struct mail *mail = ctx;
    size_t len = size * count < mail->left.len ? size * count : mail->left.len;

    if (len)
        memcpy(room, mail->left.ptr, len);
    mail->left = slice_sub(mail->left, len, mail->left.len - len);
    return len;
}

/* "250 text": each line of a reply comes here; the last of several has a blank. */
static size_t on_reply(char *line, size_t size, size_t count, void *ctx)
{
    struct mail *mail = ctx;
    size_t len = size * count;
    unsigned code = 0;

    mail->job->header_bytes += len;
    for (size_t i = 0; i < 3 && i < len; i++)
        code = code * 10 + (unsigned)(line[i] - '0') % 10;
    if (len > 3 && line[3] != '-')
        mail->reply = code;
    return mail->job->header_bytes > LIMIT_FETCH_ANSWER_HEADERS ? 0 : len;
}

static void refused(const struct mail *mail, struct fetcher_answer *answer)
{
    answer->outcome = FETCHER_DONE;
    answer->status = mail->reply;
    (void)snprintf(answer->text, sizeof(answer->text), "the mail server answered %u",
                   mail->reply);
}

/*
 * libcurl says QUIT when it is done with a server, and then waits for minutes.  When the server
 * had refused, all is known by now.
 */
static int on_command(CURL *easy, curl_infotype type, char *data, size_t len, void *ctx)
{
    struct mail *mail = ctx;
    struct fetcher_answer answer = {.id = mail->job->asked.request.id};

    (void)easy;
    if (type == CURLINFO_HEADER_OUT && len >= 4 && memcmp(data, "QUIT", 4) == 0 &&
        mail->reply >= 400) {
        refused(mail, &answer);
        fetch_child_answer(mail->job, &answer);
        _exit(0);
    }
    return 0;
}

static bool envelope_set(struct fetch_job *job, CURL *easy)
{
    const struct fetcher_request *request = &job->asked.request;
    struct curl_slist *longer;
    char from[LIMIT_MAIL_ADDRESS_BYTES + 3];
    bool bad;

    for (size_t i = 0; request->to[i]; i++) {
        longer = curl_slist_append(job->headers, request->to[i]);
        if (!longer)
            return false;
        job->headers = longer;
    }
    (void)snprintf(from, sizeof(from), "<%s>", request->from);
    bad = curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from) ||
          curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, job->headers);
    if (request->user) {
        bad = bad || curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
        bad = bad || curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
        bad = bad || curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    }
    return !bad;
}

static bool mail_set(struct mail *mail, CURL *easy)
{
    struct fetch_job *job = mail->job;
    struct bytes text;
    bool bad = !fetch_curl_set(mail->fetch, job, easy) || !envelope_set(job, easy);

    bytes_init(&text, 2 * LIMIT_URL_BYTES);
    url_build(&job->url, &text);
    /* Who we are, in the path: not the name of this machine. */
    bytes_append(&text, "%5B127.0.0.1%5D", 16);
    bad = bad || bytes_check(&text, NULL) != SH_OK ||
          curl_easy_setopt(easy, CURLOPT_URL, (const char *)text.ptr);
    bytes_release(&text);
    bad = bad || curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    bad = bad || curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    bad = bad || curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_message);
    bad = bad || curl_easy_setopt(easy, CURLOPT_READDATA, mail);
    bad = bad || curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->left.len);
    bad = bad || curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
    bad = bad || curl_easy_setopt(easy, CURLOPT_HEADERDATA, mail);
    bad = bad || curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
    bad = bad || curl_easy_setopt(easy, CURLOPT_WRITEDATA, mail);
    bad = bad || curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_command);
    bad = bad || curl_easy_setopt(easy, CURLOPT_DEBUGDATA, mail);
    return !bad;
}

void fetch_mail(struct fetch *fetch, struct fetch_job *job, struct fetcher_answer *answer)
{
    struct itimerval goodbye = {.it_value = {.tv_sec = GOODBYE_S}};
    struct mail mail = {.fetch = fetch, .job = job, .left = job->asked.request.body};
    const char *text = "the mail could not be handed in";
    CURLcode code = CURLE_OUT_OF_MEMORY;

    job->header_bytes = 0;
    job->easy = curl_easy_init();
    if (job->easy && mail_set(&mail, job->easy))
        code = curl_easy_perform(job->easy);
    if (code == CURLE_OK || (mail.reply >= 400 && code != CURLE_USE_SSL_FAILED &&
                             code != CURLE_OPERATION_TIMEDOUT)) {
        refused(&mail, answer);
    } else {
        answer->outcome = fetch_curl_outcome(fetch, code, &text);
        (void)snprintf(answer->text, sizeof(answer->text), "%s", text);
    }
    fetch_child_answer(job, answer);
    /* It may hang at the farewell, now that nobody waits. */
    if (setitimer(ITIMER_REAL, &goodbye, NULL) == 0)
        curl_easy_cleanup(job->easy);
    _exit(0);
}
