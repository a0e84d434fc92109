/* stillhere-fetch: takes its options, enters its cage, runs requests until it is closed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cage/cage.h"
#include "fetch/fetch_int.h"
#include "io/io.h"

#define IN_FD 0
#define OUT_FD 1
#define IDLE_MS 3600000
#define TRANSFER_MS 250 /* libcurl is looked after, whatever its timers say (see http.c) */
#define OUT_BYTES (LIMIT_FETCHES * (LIMIT_FETCH_BYTES + 8192))

uint64_t fetch_now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("fetch: no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned fetch_left_ms(const struct fetch_job *job)
{
    uint64_t now = fetch_now_ms();

    return now < job->deadline_ms ? (unsigned)(job->deadline_ms - now) : 1;
}

/* ---- jobs ---- */

static void job_free(struct fetch *fetch, struct fetch_job *job)
{
    fetch_http_stop(fetch, job);
    fetch_child_stop(job);
    if (job->frame.ptr) /* It may hold a password. */
        wipe(job->frame.ptr, job->frame.len);
    bytes_release(&job->frame);
    bytes_release(&job->body);
    *job = (struct fetch_job){.child_fd = -1};
}

void fetch_job_answer(struct fetch *fetch, struct fetch_job *job,
                      const struct fetcher_answer *answer)
{
    fetcher_wire_put_answer(&fetch->out, answer);
    job_free(fetch, job);
}

void fetch_job_fail(struct fetch *fetch, struct fetch_job *job, enum fetcher_outcome outcome,
                    const char *text)
{
    struct fetcher_answer answer = {.id = job->asked.request.id, .outcome = outcome};

    (void)snprintf(answer.text, sizeof(answer.text), "%s", text);
    fetch_job_answer(fetch, job, &answer);
}

void fetch_job_begin(struct fetch *fetch, struct fetch_job *job)
{
    unsigned deadline_ms = job->asked.request.deadline_ms;
    int rc = url_parse(slice_text(job->asked.request.url), &job->url, NULL);

    if (deadline_ms > LIMIT_FETCH_DEADLINE_MS)
        deadline_ms = LIMIT_FETCH_DEADLINE_MS;
    job->deadline_ms = fetch_now_ms() + deadline_ms;
    if (rc == SH_OK)
        fetch_gate_enter(fetch, job);
    else
        fetch_job_fail(fetch, job, FETCHER_REFUSED,
                       rc == SH_EUNSUPPORTED ? "only http and https, and for mail smtp and "
                                               "smtps, are used"
                                             : "this is not a plain address");
}

/* ---- what comes and goes; false: the end ---- */

static bool requests_take(struct fetch *fetch)
{
    struct fetch_job *job = NULL;
    int rc;

    for (size_t i = 0; i < LIMIT_FETCHES; i++) {
        job = &fetch->job[i];
        if (job->state != FETCH_FREE)
            continue;
        rc = fetcher_wire_read(&fetch->reader, IN_FD, NULL);
        if (rc <= 0)
            return rc == 0;
        job->frame = fetch->reader.payload;
        fetch->reader.payload = (struct bytes){0};
        if (fetch->reader.kind != FETCHER_REQUEST ||
            fetcher_wire_request(bytes_view(&job->frame), &job->asked, NULL) != SH_OK)
            return false;
        fetch_job_begin(fetch, job);
    }
    return true;
}

static bool names_take(struct fetch *fetch)
{
    struct fetch_addresses addresses;
    enum fetch_heard heard;
    uint64_t ticket;
    struct fetch_job *job;

    for (;;) {
        heard = fetch_lookup_hear(fetch->lookup_fd, &ticket, &addresses);
        if (heard != FETCH_HEARD)
            return heard == FETCH_NOTHING;
        for (size_t i = 0; i < LIMIT_FETCHES; i++) {
            job = &fetch->job[i];
            if (job->state != FETCH_LOOKUP || job->ticket != ticket)
                continue;
            if (addresses.count)
                fetch_names_keep(fetch->names, job->url.host, &addresses, fetch_now_ms());
            fetch_gate_resolved(fetch, job, &addresses);
        }
    }
}

static void transfers_run(struct fetch *fetch)
{
    struct fetch_job *job;
    CURLMsg *message;
    int running, more;

    if (curl_multi_perform(fetch->multi, &running) != CURLM_OK)
        bug("fetch: libcurl cannot go on");
    while ((message = curl_multi_info_read(fetch->multi, &more))) {
        job = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job) == CURLE_OK && job)
            fetch_http_end(fetch, job, message->data.result);
    }
}

static void deadlines_keep(struct fetch *fetch)
{
    uint64_t now = fetch_now_ms();

    for (size_t i = 0; i < LIMIT_FETCHES; i++)
        if (fetch->job[i].state != FETCH_FREE && fetch->job[i].deadline_ms <= now)
            fetch_job_fail(fetch, &fetch->job[i], FETCHER_TIMEOUT, "no answer in time");
}

static bool answers_send(struct fetch *fetch)
{
    ssize_t n;

    if (bytes_check(&fetch->out, NULL) != SH_OK)
        return false;
    while (fetch->out_sent < fetch->out.len) {
        n = send(OUT_FD, fetch->out.ptr + fetch->out_sent, fetch->out.len - fetch->out_sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        fetch->out_sent += (size_t)n;
    }
    bytes_release(&fetch->out); /* Large ones are rare: give the memory back. */
    bytes_init(&fetch->out, OUT_BYTES);
    fetch->out_sent = 0;
    return true;
}

static int wait_ms(const struct fetch *fetch)
{
    uint64_t now = fetch_now_ms();
    uint64_t until = now + IDLE_MS;

    for (size_t i = 0; i < LIMIT_FETCHES; i++) {
        if (fetch->job[i].state != FETCH_FREE && fetch->job[i].deadline_ms < until)
            until = fetch->job[i].deadline_ms;
        if (fetch->job[i].state == FETCH_TRANSFER && now + TRANSFER_MS < until)
            until = now + TRANSFER_MS;
    }
    return until > now ? (int)(until - now) : 0;
}

static void wait_for_something(struct fetch *fetch)
{
    struct curl_waitfd fds[LIMIT_FETCHES + 3];
    unsigned count = 0;
    bool has_room = false;

    for (size_t i = 0; i < LIMIT_FETCHES; i++) {
        has_room = has_room || fetch->job[i].state == FETCH_FREE;
        if (fetch->job[i].state == FETCH_CHILD)
            fds[count++] = (struct curl_waitfd){fetch->job[i].child_fd, CURL_WAIT_POLLIN, 0};
    }
    fds[count++] = (struct curl_waitfd){fetch->lookup_fd, CURL_WAIT_POLLIN, 0};
    if (has_room)
        fds[count++] = (struct curl_waitfd){IN_FD, CURL_WAIT_POLLIN, 0};
    if (fetch->out.len)
        fds[count++] = (struct curl_waitfd){OUT_FD, CURL_WAIT_POLLOUT, 0};
    if (curl_multi_poll(fetch->multi, fds, count, wait_ms(fetch), NULL) != CURLM_OK)
        bug("fetch: libcurl cannot wait");
}

static void run(struct fetch *fetch)
{
    for (;;) {
        if (!requests_take(fetch) || !names_take(fetch))
            return;
        for (size_t i = 0; i < LIMIT_FETCHES; i++)
            if (fetch->job[i].state == FETCH_CHILD)
                fetch_child_hear(fetch, &fetch->job[i]);
        fetch_http_go(fetch);
        transfers_run(fetch);
        deadlines_keep(fetch);
        fetch_http_go(fetch); /* The next; its timer lets the wait end at once. */
        if (!answers_send(fetch))
            return;
        wait_for_something(fetch);
    }
}

/* ---- the start ---- */

static int options_take(struct fetch *fetch, struct bytes *payload, struct why *why)
{
    struct pollfd in = {.fd = IN_FD, .events = POLLIN};
    int rc = fetcher_wire_read(&fetch->reader, IN_FD, why);

    while (rc == 0) {
        if (poll(&in, 1, LIMIT_FETCH_START_MS) == 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, "fetch: no options came");
        rc = fetcher_wire_read(&fetch->reader, IN_FD, why);
    }
    if (rc < 0)
        return rc;
    *payload = fetch->reader.payload;
    fetch->reader.payload = (struct bytes){0};
    if (fetch->reader.kind != FETCHER_OPTIONS)
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "fetch: options must come first");
    return fetcher_wire_options(bytes_view(payload), &fetch->options, why);
}

static int cage_shut(const struct fetch *fetch, struct why *why)
{
    int keep[] = {IN_FD, OUT_FD, STDERR_FILENO, fetch->lookup_fd};
    struct cage_rules rules = {.profile = CAGE_FETCH,
                               .keep = keep,
                               .keep_count = COUNT_OF(keep),
                               .memory_bytes = LIMIT_FETCH_MEMORY};

    return cage_enter(&rules, NULL, why);
}

static int libraries_start(struct fetch *fetch, struct why *why)
{
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

    if (curl_global_init(CURL_GLOBAL_SSL) != CURLE_OK || !tls ||
        strncmp(tls, "OpenSSL", 7) != 0)
        return why_set(why, SH_EUNSUPPORTED, WHY_NOWHERE,
                       "fetch: libcurl with OpenSSL is needed (package libcurl4)");
    return fetch_roots(fetch->options.options.trust_file, &fetch->roots, &fetch->has_roots,
                       why);
}

static int start(struct fetch *fetch, struct bytes *payload, struct why *why)
{
    int rc = options_take(fetch, payload, why);

    if (rc == SH_OK && signal(SIGCHLD, SIG_IGN) == SIG_ERR) /* Children need no wait. */
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "fetch: signals: %s", strerror(errno));
    if (rc == SH_OK)
        rc = fetch_lookup_start(fetch->options.options.resolver, &fetch->lookup_fd, why);
    if (rc == SH_OK)
        rc = libraries_start(fetch, why);
    if (rc == SH_OK)
        rc = cage_shut(fetch, why);
    if (rc != SH_OK)
        return rc;
    fetch->multi = curl_multi_init();
    fetch->names = fetch_names_new();
    if (!fetch->multi || !fetch->names ||
        curl_multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, (long)LIMIT_FETCH_KEPT))
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "fetch: no memory");
    return SH_OK;
}

int main(void)
{
    static const char usage[] = "stillhere-fetch is started by stillhere watch\n";
    static struct fetch fetch;
    struct bytes payload = {0};
    socklen_t len = sizeof(int);
    struct why why = {0};
    int type;
    int rc;

    /* Not a socket: somebody typed its name. */
    if (getsockopt(IN_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
        return write(STDERR_FILENO, usage, sizeof(usage) - 1) < 0 ? 1 : 2;
    fetch.lookup_fd = -1;
    bytes_init(&fetch.out, OUT_BYTES);
    for (size_t i = 0; i < LIMIT_FETCHES; i++)
        fetch.job[i].child_fd = -1;
    rc = start(&fetch, &payload, &why);
    fetcher_wire_put(&fetch.out, rc == SH_OK ? FETCHER_READY : FETCHER_FAILED,
                     slice_text(rc == SH_OK ? "" : why.text));
    if (answers_send(&fetch) && rc == SH_OK)
        run(&fetch);
    /* Not exit(): what libraries do at the end is not needed, and mostly not allowed here. */
    _exit(rc == SH_OK ? 0 : 1);
}
