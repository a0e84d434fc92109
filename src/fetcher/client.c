/* The program's end: stillhere-fetch is started, asked, listened to and ended. */
#include "fetcher/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cage/cage.h"
#include "io/io.h"
#include "proc/proc.h"

#define FETCH_NAME "stillhere-fetch"
#define QUEUE_MOST 4096 /* answers that came while fetcher_ask waited and nobody took */

struct slot {
    bool used;
    uint64_t id;
    uint64_t most_bytes;
    uint64_t late_ms; /* when an answer that has not come shows that the program hangs */
};
struct fetcher {
    int fd;
    pid_t pid;
    bool broken;
    struct slot slot[LIMIT_FETCHES];
    struct fetcher_reader reader;
    struct bytes queue; /* of struct bytes: payloads of answers */
    size_t queue_taken;
    struct bytes current; /* what the caller's answer borrows */
};

static uint64_t now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("fetcher: no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool fetcher_is_there(void)
{
    char path[PATH_MAX];

    return io_find_beside(FETCH_NAME, true, path);
}

/* ---- start and end ---------------------------------------------------------------------- */

static _Noreturn void become(const char *path, int fd, pid_t parent)
{
    static char name[] = FETCH_NAME;
    static char *const argv[] = {name, NULL};
    static char *const nothing[] = {NULL};
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGALRM};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* A sanitizer reports to the third. */
    int fds[] = {fd, fd, CAGE_SANITIZED ? STDERR_FILENO : null};
    sigset_t none;

    for (size_t i = 0; i < COUNT_OF(signals); i++)
        if (signal(signals[i], SIG_DFL) == SIG_ERR)
            _exit(1);
    if (null < 0 || sigemptyset(&none) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent ||
        !proc_place_fds(fds, COUNT_OF(fds)))
        _exit(1);
    (void)execve(path, argv, nothing); /* Returns only when it failed. */
    _exit(126);
}

static int start(struct fetcher *fetcher, struct why *why)
{
    char path[PATH_MAX];
    pid_t parent = getpid();
    int pair[2];

    if (!io_find_beside(FETCH_NAME, true, path))
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       FETCH_NAME " is not beside this program nor in ../libexec; install it: "
                                  "without it nothing is fetched and nobody is told");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, FETCH_NAME ": %s", strerror(errno));
    fetcher->pid = fork();
    if (fetcher->pid == 0)
        become(path, pair[1], parent);
    io_close(&pair[1]);
    fetcher->fd = pair[0];
    if (fetcher->pid < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, FETCH_NAME " cannot be started: fork: %s",
                       strerror(errno));
    return SH_OK;
}

/* The program is of no more use: end it, and say how it went. */
static int broken(struct fetcher *fetcher, const char *what, struct why *why)
{
    char words[200] = "was ended";
    struct bytes death = {0};
    int status = 0;

    fetcher->broken = true;
    io_close(&fetcher->fd);
    if (fetcher->pid > 0) {
        bytes_init(&death, sizeof(words) - 1);
        if (what)
            (void)kill(fetcher->pid, SIGKILL); /* Not waited for yet: the pid is its own. */
        while (waitpid(fetcher->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        proc_death(status, &death);
        if (death.len && bytes_check(&death, NULL) == SH_OK) {
            memcpy(words, death.ptr, death.len);
            words[death.len] = '\0';
        }
        bytes_release(&death);
    }
    fetcher->pid = -1;
    return why_set(why, SH_EIO, WHY_NOWHERE, FETCH_NAME " %s", what ? what : words);
}

void fetcher_close(struct fetcher *fetcher)
{
    struct bytes frame;

    if (!fetcher)
        return;
    /* It ends when its socket is closed; it holds nothing that could be lost. */
    io_close(&fetcher->fd);
    if (fetcher->pid > 0) {
        (void)kill(fetcher->pid, SIGKILL);
        while (waitpid(fetcher->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    while (fetcher->queue_taken < fetcher->queue.len) {
        memcpy(&frame, fetcher->queue.ptr + fetcher->queue_taken, sizeof(frame));
        fetcher->queue_taken += sizeof(frame);
        bytes_release(&frame);
    }
    bytes_release(&fetcher->queue);
    bytes_release(&fetcher->reader.payload);
    bytes_release(&fetcher->current);
    free(fetcher);
}

/* ---- frames ----------------------------------------------------------------------------- */

/* 1: bytes came or went; 0: not in this time; -1: the program is gone. */
static int wait_for(struct fetcher *fetcher, short events, uint64_t deadline_ms)
{
    struct pollfd item = {.fd = fetcher->fd, .events = events};
    uint64_t now;
    int n;

    for (;;) {
        now = now_ms();
        n = poll(&item, 1,
                 deadline_ms <= now              ? 0
                 : deadline_ms - now > INT32_MAX ? INT32_MAX
                                                 : (int)(deadline_ms - now));
        if (n > 0)
            return 1;
        if (n < 0 && errno != EINTR)
            return -1;
        if (now_ms() >= deadline_ms)
            return 0;
    }
}

static int receive(struct fetcher *fetcher, struct why *why)
{
    int rc = fetcher_wire_read(&fetcher->reader, fetcher->fd, NULL);

    if (rc == SH_EIO)
        return broken(fetcher, NULL, why);
    if (rc < 0)
        return broken(fetcher, "gave an answer that makes no sense, or memory is out", why);
    return rc;
}

/* The next whole frame into fetcher->reader.  SH_ENOTFOUND: not in this time. */
static int frame_take(struct fetcher *fetcher, uint64_t deadline_ms, struct why *why)
{
    int rc = receive(fetcher, why);
    int ready;

    while (rc == 0) {
        ready = wait_for(fetcher, POLLIN, deadline_ms);
        if (ready < 0)
            return broken(fetcher, "cannot be listened to", why);
        if (ready == 0)
            return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "no answer yet");
        rc = receive(fetcher, why);
    }
    return rc < 0 ? rc : SH_OK;
}

static int frame_send(struct fetcher *fetcher, struct slice data, struct why *why)
{
    uint64_t deadline_ms = now_ms() + LIMIT_FETCH_LATE_MS;
    ssize_t n;

    while (data.len) {
        n = send(fetcher->fd, data.ptr, data.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            data = slice_sub(data, (size_t)n, data.len - (size_t)n);
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (wait_for(fetcher, POLLOUT, deadline_ms) <= 0)
                return broken(fetcher, "does not take requests and was ended", why);
        } else if (n == 0 || errno != EINTR) {
            return broken(fetcher, NULL, why);
        }
    }
    return SH_OK;
}

int fetcher_open(const struct fetcher_options *options, struct fetcher **out, struct why *why)
{
    /* RAW: a handle outlives the call that makes it. */
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
    struct bytes frame;
    int rc;

    if (!fetcher)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, FETCH_NAME ": no memory");
    fetcher->fd = -1;
    fetcher->pid = -1;
    bytes_init(&fetcher->queue, QUEUE_MOST * sizeof(struct bytes));
    bytes_init(&frame, fetcher_wire_most(FETCHER_OPTIONS) + FETCHER_HEAD_BYTES);
    fetcher_wire_put_options(&frame, options);
    rc = options->allowed_count > LIMIT_ALLOWED_HOSTS
             ? why_set(why, SH_EARG, WHY_NOWHERE, "more than %d allowed hosts",
                       LIMIT_ALLOWED_HOSTS)
             : bytes_check(&frame, why);
    if (rc == SH_OK)
        rc = start(fetcher, why);
    if (rc == SH_OK)
        rc = frame_send(fetcher, bytes_view(&frame), why);
    if (rc == SH_OK) {
        rc = frame_take(fetcher, now_ms() + LIMIT_FETCH_START_MS, NULL);
        if (rc == SH_ENOTFOUND || (rc == SH_OK && fetcher->reader.kind != FETCHER_READY &&
                                   fetcher->reader.kind != FETCHER_FAILED))
            rc = broken(fetcher, "did not become ready and was ended", why);
        else if (rc != SH_OK)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, FETCH_NAME " ended at its start");
        else if (fetcher->reader.kind == FETCHER_FAILED)
            rc = why_set(why, SH_EIO, WHY_NOWHERE, "%.*s", (int)fetcher->reader.payload.len,
                         (const char *)fetcher->reader.payload.ptr);
    }
    bytes_release(&frame);
    bytes_release(&fetcher->reader.payload);
    if (rc == SH_OK)
        *out = fetcher;
    else
        fetcher_close(fetcher);
    return rc;
}

/* ---- requests and answers --------------------------------------------------------------- */

static int answer_check(struct fetcher *fetcher, struct slice payload,
                        struct fetcher_answer *answer, struct why *why)
{
    if (fetcher_wire_answer(payload, answer, NULL) == SH_OK)
        for (size_t i = 0; i < LIMIT_FETCHES; i++)
            if (fetcher->slot[i].used && fetcher->slot[i].id == answer->id &&
                fetcher->slot[i].most_bytes >= answer->body.len) {
                fetcher->slot[i].used = false;
                return SH_OK;
            }
    return broken(fetcher, "gave an answer that makes no sense", why);
}

/* Hear one answer into fetcher->current.  SH_ENOTFOUND: not in this time. */
static int answer_hear(struct fetcher *fetcher, uint64_t deadline_ms,
                       struct fetcher_answer *answer, struct why *why)
{
    uint64_t late_ms = UINT64_MAX;
    int rc;

    for (size_t i = 0; i < LIMIT_FETCHES; i++)
        if (fetcher->slot[i].used && fetcher->slot[i].late_ms < late_ms)
            late_ms = fetcher->slot[i].late_ms;
    rc = frame_take(fetcher, deadline_ms < late_ms ? deadline_ms : late_ms, why);
    if (rc == SH_ENOTFOUND && now_ms() >= late_ms) {
        if (why)
            *why = (struct why){0};
        return broken(fetcher, "does not answer in time and was ended", why);
    }
    if (rc != SH_OK)
        return rc;
    if (fetcher->reader.kind != FETCHER_ANSWER)
        return broken(fetcher, "gave an answer that makes no sense", why);
    bytes_release(&fetcher->current);
    fetcher->current = fetcher->reader.payload;
    fetcher->reader.payload = (struct bytes){0};
    return answer_check(fetcher, bytes_view(&fetcher->current), answer, why);
}

/* Wait until one of the 16 is answered, and keep that answer. */
static int slot_free(struct fetcher *fetcher, struct slot **out, struct why *why)
{
    struct fetcher_answer answer;
    struct bytes kept;
    int rc;

    for (;;) {
        for (size_t i = 0; i < LIMIT_FETCHES; i++)
            if (!fetcher->slot[i].used) {
                *out = &fetcher->slot[i];
                return SH_OK;
            }
        kept = fetcher->current; /* The caller may still read the last answer. */
        fetcher->current = (struct bytes){0};
        rc = answer_hear(fetcher, UINT64_MAX, &answer, why);
        if (rc == SH_OK) {
            bytes_append(&fetcher->queue, &fetcher->current, sizeof(fetcher->current));
            rc = bytes_check(&fetcher->queue, why);
        }
        if (rc != SH_OK)
            bytes_release(&fetcher->current);
        fetcher->current = kept;
        if (rc != SH_OK)
            return rc;
    }
}

static int gone(struct why *why)
{
    return why_set(why, SH_EIO, WHY_NOWHERE, FETCH_NAME " has ended");
}

int fetcher_ask(struct fetcher *fetcher, const struct fetcher_request *request, struct why *why)
{
    struct fetcher_wire_request checked;
    struct bytes frame;
    struct slot *slot;
    unsigned deadline_ms = request->deadline_ms < LIMIT_FETCH_DEADLINE_MS
                               ? request->deadline_ms
                               : LIMIT_FETCH_DEADLINE_MS;
    int rc;

    if (fetcher->broken)
        return gone(why);
    bytes_init(&frame, LIMIT_FETCH_ASK_BYTES);
    fetcher_wire_put_request(&frame, request);
    rc = bytes_check(&frame, why);
    if (rc == SH_OK && fetcher_wire_request(slice_sub(bytes_view(&frame), FETCHER_HEAD_BYTES,
                                                      frame.len - FETCHER_HEAD_BYTES),
                                            &checked, why) != SH_OK)
        rc = SH_EARG;
    if (rc == SH_OK)
        rc = slot_free(fetcher, &slot, why);
    if (rc == SH_OK)
        rc = frame_send(fetcher, bytes_view(&frame), why);
    if (rc == SH_OK)
        *slot = (struct slot){.used = true,
                              .id = request->id,
                              .most_bytes = request->most_bytes,
                              .late_ms = now_ms() + deadline_ms + LIMIT_FETCH_LATE_MS};
    if (frame.ptr) /* It may hold a password. */
        wipe(frame.ptr, frame.len);
    bytes_release(&frame);
    return rc;
}

int fetcher_next(struct fetcher *fetcher, unsigned timeout_ms, struct fetcher_answer *answer,
                 struct why *why)
{
    if (fetcher->queue_taken < fetcher->queue.len) {
        bytes_release(&fetcher->current);
        memcpy(&fetcher->current, fetcher->queue.ptr + fetcher->queue_taken,
               sizeof(fetcher->current));
        fetcher->queue_taken += sizeof(fetcher->current);
        if (fetcher->queue_taken == fetcher->queue.len) {
            bytes_clear(&fetcher->queue);
            fetcher->queue_taken = 0;
        }
        return fetcher_wire_answer(bytes_view(&fetcher->current), answer, why);
    }
    if (fetcher->broken)
        return gone(why);
    return answer_hear(fetcher, now_ms() + timeout_ms, answer, why);
}

int fetcher_fd(const struct fetcher *fetcher)
{
    return fetcher->fd;
}

int fetcher_do(struct fetcher *fetcher, const struct fetcher_request *request,
               struct fetcher_answer *answer, struct why *why)
{
    int rc = fetcher_ask(fetcher, request, why);

    return rc == SH_OK ? fetcher_next(fetcher, UINT_MAX, answer, why) : rc;
}
