/* The process: its cage, its connections, and a deadline for each. */
#include "front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cage/cage.h"
#include "cosign/cosign.h"
#include "front/front_int.h"
#include "io/io.h"

#define INPUT_MAX (LIMIT_SCGI_BYTES + 16 + LIMIT_COSIGN_BODY_BYTES) /* Not a cap: their sum */

/* One request: first `in` grows until it is whole, then `out` is sent. */
struct link {
    int fd; /* -1: free */
    uint64_t until_ms;
    struct bytes in, out;
    size_t sent;
};

struct front {
    int listen_fd;
    const char *watch_dir;
    struct cosign *cosign; /* NULL: nothing is cosigned */
    struct link links[LIMIT_FRONT_CONNECTIONS];
};

static uint64_t ticks_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        bug("no monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void link_close(struct link *link)
{
    io_close(&link->fd);
    bytes_release(&link->in);
    bytes_release(&link->out);
    link->sent = 0;
}

/* ---- a request, bit by bit ---- */

/* An answer to what is no request at all, or has no length: 400, 411, 413. */
static void refuse(struct link *link, int rc)
{
    unsigned status = rc == SH_ELIMIT ? 413 : rc == SH_ENOTFOUND ? 411 : 400;

    if (scgi_answer_build(&(struct scgi_answer){.status = status}, &link->out, NULL) != SH_OK)
        link_close(link);
}

static bool is_cosigned(const struct front *front, const struct scgi_request *request)
{
    struct slice path;

    return front->cosign && scgi_get(request, "DOCUMENT_URI", &path) &&
           slice_equal(path, slice_text(COSIGN_PATH));
}

/* Answer when all is there; junk behind the body counts as a body that is no form of ours. */
static void consider(struct front *front, struct link *link)
{
    struct scgi_request request;
    struct why why = {0};
    struct slice input = bytes_view(&link->in);
    uint64_t body = 0;
    bool cosigns = false;
    int rc = scgi_parse(input, &request, NULL);

    if (rc == SCGI_MORE)
        return;
    if (rc == SH_OK)
        cosigns = is_cosigned(front, &request);
    if (rc == SH_OK)
        rc = scgi_body(&request, cosigns ? LIMIT_COSIGN_BODY_BYTES : LIMIT_FRONT_BODY_BYTES,
                       &body, NULL);
    if (rc == SH_OK && input.len - request.head_bytes < body)
        return;
    if (rc != SH_OK) {
        refuse(link, rc);
        return;
    }
    input = slice_sub(input, request.head_bytes, input.len - request.head_bytes);
    rc = cosigns ? cosign_answer(front->cosign, &request, input, &link->out, &why)
                 : front_answer(front->watch_dir, &request, input, &link->out, &why);
    if (why.code != SH_OK && why.code != SH_ENOTFOUND)
        io_say("error", "front", "failed", "cause=\"%s\"", why.text);
    if (rc != SH_OK)
        link_close(link);
}

static void link_read(struct front *front, struct link *link)
{
    uint8_t part[4096];
    ssize_t n = read(link->fd, part, sizeof(part));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* nginx gave up, or sent less than it said. */
        link_close(link);
        return;
    }
    bytes_append(&link->in, part, (size_t)n);
    if (bytes_check(&link->in, NULL) != SH_OK)
        refuse(link, SH_ELIMIT);
    else
        consider(front, link);
}

static void link_write(struct link *link)
{
    struct slice left =
        slice_sub(bytes_view(&link->out), link->sent, link->out.len - link->sent);
    ssize_t n = write(link->fd, left.ptr, left.len);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        link->sent += (size_t)n;
    if (n <= 0 || link->sent == link->out.len)
        link_close(link);
}

/* ---- all of them ---- */

static void take(struct front *front)
{
    for (size_t i = 0; i < COUNT_OF(front->links); i++) {
        struct link *link = &front->links[i];

        if (link->fd >= 0)
            continue;
        link->fd = accept4(front->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (link->fd < 0)
            return;
        link->until_ms = ticks_ms() + LIMIT_FRONT_WAIT_S * 1000;
        bytes_init(&link->in, INPUT_MAX);
        bytes_init(&link->out, LIMIT_FRONT_ANSWER_BYTES + 1024);
    }
}

static int turn(struct front *front, struct why *why)
{
    struct pollfd wait[LIMIT_FRONT_CONNECTIONS + 1];
    bool room = false;
    uint64_t now;

    for (size_t i = 0; i < COUNT_OF(front->links); i++) {
        struct link *link = &front->links[i];

        wait[i] = (struct pollfd){.fd = link->fd, .events = link->out.len ? POLLOUT : POLLIN};
        room = room || link->fd < 0;
    }
    wait[LIMIT_FRONT_CONNECTIONS] =
        (struct pollfd){.fd = room ? front->listen_fd : -1, .events = POLLIN};
    if (poll(wait, COUNT_OF(wait), 1000) < 0 && errno != EINTR)
        return why_set(why, SH_EIO, WHY_NOWHERE, "front: poll: %s", strerror(errno));
    now = ticks_ms();
    for (size_t i = 0; i < COUNT_OF(front->links); i++) {
        struct link *link = &front->links[i];

        if (link->fd < 0)
            continue;
        if (now > link->until_ms)
            link_close(link);
        else if (wait[i].revents && link->out.len)
            link_write(link);
        else if (wait[i].revents)
            link_read(front, link);
    }
    if (wait[LIMIT_FRONT_CONNECTIONS].revents)
        take(front);
    return SH_OK;
}

/* One more, if it is there: without it the front does what it can. */
static void path_add(struct cage_rules *rules, struct cage_path *paths, const char *path,
                     enum cage_access access)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        paths[rules->path_count++] = (struct cage_path){.fd = fd, .access = access};
}

/* The key's socket, and the two folders of cosigning. */
static void cosign_add(const struct cosign *cosign, struct cage_rules *rules,
                       struct cage_path *paths, int *keep)
{
    cosign_fds(cosign, keep + rules->keep_count);
    rules->keep_count += COSIGN_FDS;
    for (size_t i = 0; i < 2; i++)
        paths[rules->path_count++] = (struct cage_path){
            .fd = keep[rules->keep_count - COSIGN_FDS + i], .access = CAGE_CHANGE};
}

static int enter(const struct front_options *options, const struct cosign *cosign,
                 struct why *why)
{
    /* SQLite takes no descriptor below 3: all three stay in use. */
    int keep[4 + COSIGN_FDS] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, options->listen_fd};
    struct cage_path paths[5] = {{.access = CAGE_CHANGE}};
    struct cage_rules rules = {.profile = CAGE_FRONT,
                               .keep = keep,
                               .keep_count = 4,
                               .paths = paths,
                               .path_count = 1,
                               .memory_bytes = LIMIT_FRONT_MEMORY};
    /* Tests fix the clock, and a cage forgets the environment. */
    const char *fixed = getenv("STILLHERE_NOW");
    char now[24], shelter[WATCH_SHELTER_BYTES];
    int rc;

    (void)snprintf(now, sizeof(now), "%s", fixed ? fixed : "");
    paths[0].fd = open(options->watch_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (paths[0].fd < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "front: %.200s: %s", options->watch_dir,
                       strerror(errno));
    /* Where the book goes while the disk cannot be written; where times of zones are. */
    if (watch_shelter_make(options->watch_dir, shelter))
        path_add(&rules, paths, shelter, CAGE_CHANGE);
    path_add(&rules, paths, "/usr/share/zoneinfo", CAGE_READ);
    if (cosign)
        cosign_add(cosign, &rules, paths, keep);
    rc = cage_enter(&rules, NULL, why);
    if (rc == SH_OK && *now && setenv("STILLHERE_NOW", now, 1) != 0)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "front: no memory");
    return rc;
}

int front_run(const struct front_options *options, struct why *why)
{
    struct front *front = NULL;
    struct cosign *cosign = NULL;
    struct bytes memory;
    struct watch_ack none;
    int rc = SH_OK;

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        fcntl(options->listen_fd, F_SETFL, O_NONBLOCK) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "front: %s", strerror(errno));
    /* What libraries read once, they read before the cage; nobody has this code. */
    if (watch_ack_look(options->watch_dir, "", &none, NULL) == SH_OK)
        bug("front: a message whose code is empty");
    if (options->cosign_home)
        rc = cosign_open(options->cosign_home, &cosign, why);
    if (rc == SH_OK)
        rc = enter(options, cosign, why);
    if (rc == SH_OK && cosign)
        rc = cosign_begin(cosign, why);
    if (rc != SH_OK)
        return rc; /* The process ends. */
    bytes_init(&memory, sizeof(*front));
    front = (struct front *)(void *)bytes_room(&memory, sizeof(*front));
    if (!front)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "front: no memory");
    *front = (struct front){
        .listen_fd = options->listen_fd, .watch_dir = options->watch_dir, .cosign = cosign};
    for (size_t i = 0; i < COUNT_OF(front->links); i++)
        front->links[i].fd = -1;
    io_say("info", "front", "ready", "%s", "");
    while (rc == SH_OK && !(cosign && cosign_is_done(cosign)))
        rc = turn(front, why);
    if (rc == SH_OK)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, "front: cosigning must begin anew");
    bytes_release(&memory);
    return rc;
}
