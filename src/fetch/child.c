/*
 * A message is handed in by a child: it makes one connection, tells how it went, and ends at
 * the deadline by a timer of the system, whatever hangs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fetch/fetch_int.h"
#include "io/io.h"

#define AFTER_MS 500 /* behind the deadline: libcurl itself is asked to keep it */

void fetch_child_answer(const struct fetch_job *job, const struct fetcher_answer *answer)
{
    struct bytes frame;
    size_t sent = 0;
    ssize_t n;

    bytes_init(&frame, fetcher_wire_most(FETCHER_ANSWER) + FETCHER_HEAD_BYTES);
    fetcher_wire_put_answer(&frame, answer);
    if (bytes_check(&frame, NULL) != SH_OK)
        _exit(1);
    while (sent < frame.len) {
        n = send(job->child_fd, frame.ptr + sent, frame.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(1);
        sent += (size_t)n;
    }
    bytes_release(&frame);
}

/* Only the way to our parent, and (for sanitizers) standard error, stay open. */
static bool descriptors_close(int keep)
{
    return keep > STDERR_FILENO && close_range(0, STDERR_FILENO - 1, 0) == 0 &&
           (keep == STDERR_FILENO + 1 ||
            close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0) == 0) &&
           close_range((unsigned)keep + 1, ~0u, 0) == 0;
}

static _Noreturn void child_run(struct fetch *fetch, struct fetch_job *job)
{
    unsigned left_ms = fetch_left_ms(job) + AFTER_MS;
    struct itimerval timer = {
        .it_value = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000}};
    struct fetcher_answer answer = {.id = job->asked.request.id};
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (setitimer(ITIMER_REAL, &timer, NULL) != 0 || !descriptors_close(job->child_fd))
        _exit(1);
    if (job->asked.request.method == FETCHER_MAIL) {
        fetch_mail(fetch, job, &answer);
    } else {
        if (fetch_http_set(fetch, job))
            code = curl_easy_perform(job->easy);
        fetch_http_result(fetch, job, code, &answer);
        fetch_child_answer(job, &answer);
    }
    _exit(0);
}

void fetch_child_begin(struct fetch *fetch, struct fetch_job *job)
{
    int pair[2];
    pid_t pid;

    job->state = FETCH_CHILD;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        fetch_job_fail(fetch, job, FETCHER_BROKEN, "this machine has no descriptors left");
        return;
    }
    pid = fork();
    if (pid == 0) {
        io_close(&pair[0]);
        job->child_fd = pair[1];
        child_run(fetch, job);
    }
    io_close(&pair[1]);
    job->child_fd = pair[0];
    if (pid < 0)
        fetch_job_fail(fetch, job, FETCHER_BROKEN, "this machine can start no process");
}

void fetch_child_stop(struct fetch_job *job)
{
    io_close(&job->child_fd); /* It notices when it answers, or ends by its timer. */
    bytes_release(&job->child.payload);
    job->child = (struct fetcher_reader){0};
}

void fetch_child_hear(struct fetch *fetch, struct fetch_job *job)
{
    struct fetcher_answer answer;
    int rc = fetcher_wire_read(&job->child, job->child_fd, NULL);

    if (rc == 0)
        return;
    if (rc == 1 && job->child.kind == FETCHER_ANSWER &&
        fetcher_wire_answer(bytes_view(&job->child.payload), &answer, NULL) == SH_OK &&
        answer.id == job->asked.request.id &&
        answer.body.len <= job->asked.request.most_bytes) {
        if (answer.outcome != FETCHER_DONE)
            fetch_names_forget(fetch->names, job->url.host);
        fetch_job_answer(fetch, job, &answer);
    } else if (fetch_now_ms() >= job->deadline_ms) {
        fetch_job_fail(fetch, job, FETCHER_TIMEOUT, "no answer in time");
    } else {
        fetch_job_fail(fetch, job, FETCHER_BROKEN, "what handed the message in has broken off");
    }
}
