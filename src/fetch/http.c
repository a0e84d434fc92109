/* Fetching and posting over HTTP. */
#include <stdio.h>
#include <string.h>

#include "fetch/fetch_int.h"

#define DISCARDED_BYTES 65536 /* of a redirect's body, to keep the connection */

static long status_of(CURL *easy)
{
    long status = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* 0 then. */
    return status;
}

static bool is_redirect(const struct fetch_job *job, long status)
{
    return job->asked.request.method == FETCHER_GET &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct fetch_job *job = ctx;

    (void)data;
    job->header_bytes += size * count;
    return job->header_bytes > LIMIT_FETCH_ANSWER_HEADERS ? 0 : size * count;
}

/* A body's bytes: all of a 2xx within its limit; of others the beginning; of redirects none. */
static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct fetch_job *job = ctx;
    uint64_t most = job->asked.request.most_bytes;
    long status = status_of(job->easy);
    bool wanted = status >= 200 && status < 300;
    size_t len = size * count;
    size_t keep = len;
    curl_off_t announced = -1;

    job->body_bytes += len;
    if (is_redirect(job, status)) {
        job->enough = job->body_bytes > DISCARDED_BYTES;
        return job->enough ? 0 : len;
    }
    (void)curl_easy_getinfo(job->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    job->too_large =
        wanted && (job->body_bytes > most || (announced > 0 && (uint64_t)announced > most));
    job->enough = !wanted && job->body_bytes > most;
    if (job->too_large)
        return 0;
    if (job->enough)
        keep = (size_t)(most - job->body.len);
    bytes_append(&job->body, data, keep);
    if (bytes_check(&job->body, NULL) != SH_OK)
        return 0;
    return job->enough ? 0 : len;
}

/* ---- setting up ---- */

static bool header_add(struct fetch_job *job, const char *name, const char *value, size_t len)
{
    char line[LIMIT_FETCH_HEADERS_BYTES + 64];
    struct curl_slist *longer;

    (void)snprintf(line, sizeof(line), "%s%.*s", name, (int)len, value);
    longer = curl_slist_append(job->headers, line);
    if (longer)
        job->headers = longer;
    return longer != NULL;
}

static bool headers_set(struct fetch_job *job)
{
    const struct fetcher_request *request = &job->asked.request;
    const char *at = job->elsewhere ? NULL : request->headers;
    const char *end;
    bool good = header_add(job, "Expect:", "", 0);

    if (request->etag)
        good = good && header_add(job, "If-None-Match: ", request->etag, strlen(request->etag));
    if (request->modified)
        good = good && header_add(job, "If-Modified-Since: ", request->modified,
                                  strlen(request->modified));
    if (request->method == FETCHER_POST) /* What libcurl would say of its own; see below. */
        good = good && header_add(job, "Content-Type:", "", 0);
    for (; at && *at; at = end + 1) {
        end = strchr(at, '\n');
        good = good && header_add(job, "", at, (size_t)(end - at));
    }
    return good && !curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->headers);
}

static bool request_set(struct fetch_job *job)
{
    const struct fetcher_request *request = &job->asked.request;
    struct bytes text;
    CURL *easy = job->easy;
    bool bad;

    bytes_init(&text, 2 * LIMIT_URL_BYTES);
    url_build(&job->url, &text);
    bytes_u8(&text, 0);
    bad = bytes_check(&text, NULL) != SH_OK ||
          curl_easy_setopt(easy, CURLOPT_URL, (const char *)text.ptr);
    bytes_release(&text);
    bad = bad || curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    bad = bad || curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    bad = bad || curl_easy_setopt(easy, CURLOPT_USERAGENT, "stillhere");
    bad = bad || curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    bad = bad || curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
    bad = bad || curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad = bad || curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    if (request->method == FETCHER_POST) {
        bad = bad || curl_easy_setopt(easy, CURLOPT_POST, 1L);
        bad = bad || curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                      (curl_off_t)request->body.len);
        bad = bad || curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                      request->body.len ? (const char *)request->body.ptr : "");
    }
    return !bad && headers_set(job);
}

bool fetch_http_set(struct fetch *fetch, struct fetch_job *job)
{
    uint64_t most = job->asked.request.most_bytes;

    job->header_bytes = 0;
    job->body_bytes = 0;
    job->too_large = job->enough = false;
    bytes_release(&job->body);
    bytes_init(&job->body, most ? (size_t)most : 1);
    job->easy = curl_easy_init();
    return job->easy && fetch_curl_set(fetch, job, job->easy) && request_set(job);
}

/*
 * One transfer at a time to a host and port, so that one connection is enough.  libcurl could
 * queue the others (CURLMOPT_MAX_HOST_CONNECTIONS), but that of Debian 12 (7.88) can forget to
 * wake one: where a handle was added and its turn came within one curl_multi_perform, the timer
 * that would run it is thrown away with the one of its start, and it sleeps until its deadline.
 */
void fetch_http_begin(struct fetch *fetch, struct fetch_job *job)
{
    job->state = FETCH_QUEUED;
    job->ticket = ++fetch->tickets;
}

/* The one that waits longest of those whose host is free, or NULL. */
static struct fetch_job *next_queued(struct fetch *fetch)
{
    struct fetch_job *first = NULL;
    struct fetch_job *job;
    bool is_free;

    for (size_t i = 0; i < LIMIT_FETCHES; i++) {
        job = &fetch->job[i];
        is_free = job->state == FETCH_QUEUED && (!first || job->ticket < first->ticket);
        for (size_t j = 0; is_free && j < LIMIT_FETCHES; j++)
            is_free = fetch->job[j].state != FETCH_TRANSFER ||
                      fetch->job[j].url.port != job->url.port ||
                      strcmp(fetch->job[j].url.host, job->url.host) != 0;
        if (is_free)
            first = job;
    }
    return first;
}

void fetch_http_go(struct fetch *fetch)
{
    struct fetch_job *job;

    while ((job = next_queued(fetch))) {
        job->state = FETCH_TRANSFER;
        if (!fetch_http_set(fetch, job) ||
            curl_multi_add_handle(fetch->multi, job->easy) != CURLM_OK)
            fetch_job_fail(fetch, job, FETCHER_BROKEN, "the request could not be made");
    }
}

void fetch_http_stop(struct fetch *fetch, struct fetch_job *job)
{
    if (job->easy) {
        /* Not there any more, or never: then it says so, and nothing is wrong. */
        (void)curl_multi_remove_handle(fetch->multi, job->easy);
        curl_easy_cleanup(job->easy);
    }
    job->easy = NULL;
    curl_slist_free_all(job->headers);
    curl_slist_free_all(job->resolve);
    job->headers = job->resolve = NULL;
}

/* ---- the end ---- */

/* The value of a header that came once, clean and short; else empty. */
static void header_take(CURL *easy, const char *name, char *out, size_t room)
{
    struct curl_header *header;
    size_t len;

    out[0] = '\0';
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
        header->amount != 1)
        return;
    len = strlen(header->value);
    if (len >= room)
        return;
    for (size_t i = 0; i < len; i++)
        if (header->value[i] < ' ' || header->value[i] > '~')
            return;
    memcpy(out, header->value, len + 1);
}

static void redirect(struct fetch *fetch, struct fetch_job *job)
{
    char location[LIMIT_URL_BYTES + 1];
    struct url next;
    int rc;

    header_take(job->easy, "Location", location, sizeof(location));
    fetch_http_stop(fetch, job);
    rc = location[0] ? url_join(&job->url, slice_text(location), &next, NULL) : SH_EFORMAT;
    if (rc != SH_OK) {
        fetch_job_fail(fetch, job, FETCHER_REFUSED,
                       "the server redirects to what is no http or https address");
        return;
    }
    if (job->redirects++ == LIMIT_REDIRECTS) {
        fetch_job_fail(fetch, job, FETCHER_REFUSED, "the server redirects too often");
        return;
    }
    if (job->url.scheme == URL_HTTPS && next.scheme != URL_HTTPS) {
        fetch_job_fail(fetch, job, FETCHER_REFUSED,
                       "the server redirects to an address without encryption");
        return;
    }
    job->elsewhere =
        job->elsewhere || strcmp(job->url.host, next.host) != 0 || job->url.port != next.port;
    job->url = next;
    fetch_gate_enter(fetch, job);
}

/* An answer that lay in a cache has the date at which it came there. */
static bool is_cached(CURL *easy)
{
    struct curl_header *age;

    return curl_easy_header(easy, "Age", 0, CURLH_HEADER, -1, &age) == CURLHE_OK &&
           (age->amount != 1 || strcmp(age->value, "0") != 0);
}

/* The server answered; its headers are taken where they are clean. */
static void take_answer(struct fetch_job *job, long status, struct fetcher_answer *answer)
{
    char date[LIMIT_VALIDATOR_BYTES];
    curl_off_t seconds = 0;
    time_t found;

    answer->outcome = FETCHER_DONE;
    answer->status = (unsigned)status;
    answer->body = bytes_view(&job->body);
    header_take(job->easy, "ETag", answer->etag, sizeof(answer->etag));
    header_take(job->easy, "Last-Modified", answer->modified, sizeof(answer->modified));
    header_take(job->easy, "Date", date, sizeof(date));
    found = date[0] ? curl_getdate(date, NULL) : -1;
    answer->date = found > 0 && !is_cached(job->easy) ? (uint64_t)found : 0;
    if (curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
        answer->retry_after_s = (uint64_t)seconds;
    (void)snprintf(answer->text, sizeof(answer->text), "the server answered %ld", status);
}

void fetch_http_result(const struct fetch *fetch, struct fetch_job *job, CURLcode code,
                       struct fetcher_answer *answer)
{
    long status = status_of(job->easy);
    const char *text = "the answer is larger than it may be";

    *answer = (struct fetcher_answer){.id = job->asked.request.id};
    if (job->enough)
        code = CURLE_OK; /* We broke it off ourselves. */
    answer->outcome = FETCHER_TOO_LARGE;
    if (!job->too_large) {
        if (code == CURLE_OK && (status < 100 || status > 999))
            code = CURLE_WEIRD_SERVER_REPLY;
        if (code == CURLE_OK) {
            take_answer(job, status, answer);
            return;
        }
        answer->outcome = fetch_curl_outcome(fetch, code, &text);
    }
    (void)snprintf(answer->text, sizeof(answer->text), "%s", text);
}

void fetch_http_end(struct fetch *fetch, struct fetch_job *job, CURLcode code)
{
    struct fetcher_answer answer;

    fetch_http_result(fetch, job, code, &answer);
    if (answer.outcome == FETCHER_DONE && is_redirect(job, status_of(job->easy))) {
        redirect(fetch, job);
        return;
    }
    if (answer.outcome != FETCHER_DONE) /* It may have moved. */
        fetch_names_forget(fetch->names, job->url.host);
    fetch_job_answer(fetch, job, &answer);
}
