/*
 * The process that looks up names.  It may read /etc and use the network, and holds nothing
 * else; each name is asked for in a child of its own, which ends at the request's deadline: a
 * resolver that hangs holds up nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cage/cage.h"
#include "fetch/fetch_int.h"
#include "io/io.h"

#define ASK_BYTES (8 + 4 + LIMIT_HOST_BYTES)
#define ANSWER_BYTES (8 + LIMIT_LOOKUP_ADDRESSES * 17)
#define NOBODY 65534
#define RESOLVER_FILE_BYTES 65536 /* of the file that tests give names in */

/* ---- the asking side ---- */

bool fetch_lookup_ask(int fd, uint64_t ticket, unsigned timeout_ms, const char *name)
{
    struct bytes ask;
    ssize_t n;

    bytes_init(&ask, ASK_BYTES);
    bytes_u64(&ask, ticket);
    bytes_u32(&ask, timeout_ms);
    bytes_text(&ask, name);
    n = send(fd, ask.ptr, ask.len, MSG_NOSIGNAL);
    bytes_release(&ask);
    return n > 0;
}

enum fetch_heard fetch_lookup_hear(int fd, uint64_t *ticket, struct fetch_addresses *out)
{
    uint8_t data[ANSWER_BYTES];
    ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
    struct cursor cur;
    struct slice byte;

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return FETCH_NOTHING;
    if (n < 8)
        return FETCH_GONE;
    cur = cursor_of(slice_of(data, (size_t)n));
    *ticket = rd_u64(&cur);
    *out = (struct fetch_addresses){0};
    while (rd_left(&cur) && out->count < LIMIT_LOOKUP_ADDRESSES) {
        out->at[out->count].family = rd_u8(&cur) == URL_V6 ? URL_V6 : URL_V4;
        byte = rd_bytes(&cur, 16);
        if (cur.failed)
            return FETCH_GONE;
        memcpy(out->at[out->count++].byte, byte.ptr, 16);
    }
    return FETCH_HEARD;
}

/* ---- a child that asks for one name ---- */

static void address_add(struct bytes *out, enum url_family family, const void *address)
{
    uint8_t byte[16] = {0};

    memcpy(byte, address, family == URL_V6 ? 16 : 4);
    bytes_u8(out, (uint8_t)family);
    bytes_append(out, byte, sizeof(byte));
}

static void system_ask(const char *name, struct bytes *out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (getaddrinfo(name, NULL, &hints, &found) != 0)
        return;
    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        if (at->ai_family == AF_INET && at->ai_addrlen == sizeof(v4)) {
            memcpy(&v4, at->ai_addr, sizeof(v4));
            address_add(out, URL_V4, &v4.sin_addr);
        } else if (at->ai_family == AF_INET6 && at->ai_addrlen == sizeof(v6)) {
            memcpy(&v6, at->ai_addr, sizeof(v6));
            address_add(out, URL_V6, &v6.sin6_addr);
        }
    }
    freeaddrinfo(found);
}

/* The words of one line behind its first. */
static void line_addresses(struct slice line, size_t at, struct bytes *out)
{
    char word[INET6_ADDRSTRLEN];
    uint8_t address[16];
    size_t end;

    for (; at < line.len; at = end + 1) {
        end = slice_find(line, at, ' ');
        if (end == at || end - at >= sizeof(word))
            continue;
        memcpy(word, line.ptr + at, end - at);
        word[end - at] = '\0';
        if (inet_pton(AF_INET, word, address) == 1)
            address_add(out, URL_V4, address);
        else if (inet_pton(AF_INET6, word, address) == 1)
            address_add(out, URL_V6, address);
    }
}

/* For tests: "host address address..." lines. */
static void file_ask(const char *path, const char *name, struct bytes *out)
{
    struct bytes raw;
    struct cursor cur;
    struct slice line;
    size_t end;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    bytes_init(&raw, RESOLVER_FILE_BYTES);
    if (fd >= 0 && io_read_fd(fd, &raw, NULL) == SH_OK) {
        cur = cursor_of(bytes_view(&raw));
        for (line = rd_line(&cur); !cur.failed; line = rd_line(&cur)) {
            end = slice_find(line, 0, ' ');
            if (slice_equal(slice_sub(line, 0, end), slice_text(name)))
                line_addresses(line, end + 1, out);
        }
    }
    io_close(&fd);
    bytes_release(&raw);
}

static _Noreturn void lookup_child(int fd, const char *resolver, struct slice ask)
{
    struct cursor cur = cursor_of(ask);
    uint64_t ticket = rd_u64(&cur);
    uint32_t timeout_ms = rd_u32(&cur);
    struct itimerval timer = {
        .it_value = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 + 1}};
    struct slice text = rd_bytes(&cur, rd_left(&cur));
    char name[LIMIT_HOST_BYTES + 1] = "";
    struct bytes answer;

    if (setitimer(ITIMER_REAL, &timer, NULL) != 0 || text.len > LIMIT_HOST_BYTES)
        _exit(1);
    memcpy(name, text.ptr, text.len);
    bytes_init(&answer, ANSWER_BYTES);
    bytes_u64(&answer, ticket);
    if (resolver)
        file_ask(resolver, name, &answer);
    else
        system_ask(name, &answer);
    if (bytes_check(&answer, NULL) != SH_OK) { /* Too many: what is not checked is not used. */
        bytes_clear(&answer);
        bytes_u64(&answer, ticket);
    }
    _exit(send(fd, answer.ptr, answer.len, MSG_NOSIGNAL) < 0);
}

/* ---- the process ---- */

static int lookup_cage(int fd, const char *resolver)
{
    static const char *const system[] = {"/etc", "/run/systemd/resolve", "/run/resolvconf",
                                         "/run/NetworkManager", "/run/connman"};
    struct cage_path paths[COUNT_OF(system) + 1];
    int keep[] = {fd, STDERR_FILENO};
    struct cage_rules rules = {.profile = CAGE_FETCH,
                               .keep = keep,
                               .keep_count = COUNT_OF(keep),
                               .paths = paths,
                               .memory_bytes = LIMIT_FETCH_MEMORY};
    char copy[LIMIT_HOME_BYTES + LIMIT_NAME_CHARS];
    int dir;

    /* A file that is replaced is another one to Landlock, so it is given the directories. */
    for (size_t i = 0; i < COUNT_OF(system); i++) {
        dir = open(system[i], O_PATH | O_CLOEXEC | O_DIRECTORY);
        if (dir >= 0)
            paths[rules.path_count++] = (struct cage_path){dir, CAGE_READ};
    }
    if (resolver && strlen(resolver) < sizeof(copy)) {
        memcpy(copy, resolver, strlen(resolver) + 1);
        dir = open(dirname(copy), O_PATH | O_CLOEXEC | O_DIRECTORY);
        if (dir >= 0)
            paths[rules.path_count++] = (struct cage_path){dir, CAGE_READ};
    }
    return cage_enter(&rules, NULL, NULL);
}

/* Root reads more of /etc than names need; where it cannot be left, names matter more. */
static void become_nobody(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
                           setresuid(NOBODY, NOBODY, NOBODY) != 0))
        io_say("warn", "fetch", "still-root", "cause=\"%s\"", strerror(errno));
}

static _Noreturn void lookup_run(int fd, const char *resolver)
{
    uint8_t ask[ASK_BYTES];
    ssize_t n;
    pid_t pid;

    if (!resolver) /* That file of tests is theirs. */
        become_nobody();
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR || lookup_cage(fd, resolver) != SH_OK)
        _exit(1);
    for (;;) {
        n = recv(fd, ask, sizeof(ask), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 12)
            _exit(0); /* The other process has ended. */
        pid = fork();
        if (pid == 0)
            lookup_child(fd, resolver, slice_of(ask, (size_t)n));
        /* Without a child there is no answer, and the request meets its deadline. */
    }
}

int fetch_lookup_start(const char *resolver, int *fd, struct why *why)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "fetch: sockets: %s", strerror(errno));
    pid = fork();
    if (pid == 0)
        lookup_run(pair[1], resolver);
    io_close(&pair[1]);
    *fd = pair[0];
    if (pid < 0) {
        io_close(fd);
        return why_set(why, SH_EIO, WHY_NOWHERE, "fetch: fork: %s", strerror(errno));
    }
    return SH_OK;
}
