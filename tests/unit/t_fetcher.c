/* fetcher: the wire, torn and spoilt; the end that asks, with the real program behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetcher/fetcher.h"

/* ---- the wire ---- */

static const char *const recipients[] = {"b@example.org", "c@example.org", NULL};
static const struct fetcher_request full = {.id = 7,
                                            .method = FETCHER_MAIL,
                                            .url = "smtp://mail.example.org",
                                            .etag = "\"a\"",
                                            .modified = "Mon",
                                            .headers = "A: b\nC-d: e f\n",
                                            .body = {(const uint8_t *)"x\r\n", 3},
                                            .most_bytes = 99,
                                            .deadline_ms = 1000,
                                            .from = "a@example.org",
                                            .to = recipients,
                                            .user = "me",
                                            .password = "secret"};

static struct slice payload_of(const struct bytes *frame, enum fetcher_frame kind)
{
    enum fetcher_frame found;
    size_t len;

    assert_int_equal(bytes_check(frame, NULL), SH_OK);
    assert_int_equal(fetcher_wire_head(frame->ptr, &found, &len, NULL), SH_OK);
    assert_int_equal(found, kind);
    assert_int_equal(len, frame->len - FETCHER_HEAD_BYTES);
    return slice_of(frame->ptr + FETCHER_HEAD_BYTES, len);
}

static void round_trips(void **state)
{
    struct url_allowed allowed[2] = {{"localhost", 80}, {"::1", 0}};
    struct fetcher_options options = {
        .allowed = allowed, .allowed_count = 2, .trust_file = "a.pem"};
    struct fetcher_answer answer = {.id = 7,
                                    .outcome = FETCHER_TLS,
                                    .status = 304,
                                    .etag = "\"e\"",
                                    .modified = "m",
                                    .date = 5,
                                    .retry_after_s = 6,
                                    .text = "why",
                                    .body = {(const uint8_t *)"\0b", 2}};
    struct fetcher_answer heard;
    struct fetcher_wire_options optioned;
    struct fetcher_wire_request asked;
    struct bytes frame;

    (void)state;
    bytes_init(&frame, LIMIT_FETCH_ASK_BYTES);
    fetcher_wire_put_options(&frame, &options);
    assert_int_equal(fetcher_wire_options(payload_of(&frame, FETCHER_OPTIONS), &optioned, NULL),
                     SH_OK);
    assert_int_equal(optioned.options.allowed_count, 2);
    assert_string_equal(optioned.options.allowed[1].host, "::1");
    assert_int_equal(optioned.options.allowed[0].port, 80);
    assert_string_equal(optioned.options.trust_file, "a.pem");
    assert_null(optioned.options.resolver);
    bytes_clear(&frame);
    fetcher_wire_put_request(&frame, &full);
    assert_int_equal(fetcher_wire_request(payload_of(&frame, FETCHER_REQUEST), &asked, NULL),
                     SH_OK);
    assert_int_equal(asked.request.id, 7);
    assert_int_equal(asked.request.method, FETCHER_MAIL);
    assert_string_equal(asked.request.url, full.url);
    assert_string_equal(asked.request.headers, full.headers);
    assert_string_equal(asked.request.password, "secret");
    assert_string_equal(asked.request.to[1], "c@example.org");
    assert_null(asked.request.to[2]);
    assert_true(slice_equal(asked.request.body, full.body));
    bytes_clear(&frame);
    fetcher_wire_put_answer(&frame, &answer);
    assert_int_equal(fetcher_wire_answer(payload_of(&frame, FETCHER_ANSWER), &heard, NULL),
                     SH_OK);
    assert_true(slice_equal(heard.body, answer.body));
    assert_string_equal(heard.text, "why");
    assert_int_equal(heard.outcome, FETCHER_TLS);
    assert_int_equal(heard.status, 304);
    assert_int_equal(heard.retry_after_s, 6);
    bytes_release(&frame);
}

/* Every prefix, and every byte changed: a verdict without a read outside. */
static void torn(void **state)
{
    struct fetcher_options options = {.resolver = "names"};
    struct fetcher_answer answer = {.text = "why", .body = {(const uint8_t *)"b", 1}};
    struct fetcher_wire_options optioned;
    struct fetcher_wire_request asked;
    struct bytes frames[3];
    struct slice payload;
    size_t taken = 0;
    uint8_t *copy;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        bytes_init(&frames[i], LIMIT_FETCH_ASK_BYTES);
    fetcher_wire_put_options(&frames[0], &options);
    fetcher_wire_put_request(&frames[1], &full);
    fetcher_wire_put_answer(&frames[2], &answer);
    for (size_t i = 0; i < 3; i++) {
        payload = slice_sub(bytes_view(&frames[i]), FETCHER_HEAD_BYTES,
                            frames[i].len - FETCHER_HEAD_BYTES);
        for (size_t len = 0; len <= payload.len; len++)
            for (int flip = 0; flip < 9; flip++) {
                copy = malloc(len ? len : 1);
                assert_non_null(copy);
                memcpy(copy, payload.ptr, len);
                if (len && flip)
                    copy[len - 1] ^= (uint8_t)(1 << (flip - 1));
                taken += fetcher_wire_options(slice_of(copy, len), &optioned, NULL) == SH_OK;
                taken += fetcher_wire_request(slice_of(copy, len), &asked, NULL) == SH_OK;
                taken += fetcher_wire_answer(slice_of(copy, len), &answer, NULL) == SH_OK;
                free(copy);
            }
        bytes_release(&frames[i]);
    }
    assert_true(taken >= 3 && taken < 200); /* the whole ones, and changed bodies */
}

static bool takes(struct fetcher_request request)
{
    struct fetcher_wire_request asked;
    struct bytes frame;
    bool good;

    bytes_init(&frame, LIMIT_FETCH_ASK_BYTES);
    fetcher_wire_put_request(&frame, &request);
    good = fetcher_wire_request(payload_of(&frame, FETCHER_REQUEST), &asked, NULL) == SH_OK;
    bytes_release(&frame);
    return good;
}

/* The full request, with one field changed. */
#define REFUSES(field, value)                                                                  \
    do {                                                                                       \
        struct fetcher_request changed_ = full;                                                \
        changed_.field = (value);                                                              \
        assert_false(takes(changed_));                                                         \
    } while (0)

static void broken_requests(void **state)
{
    static const char *const headers[] = {
        "A",     "A: b",      "A:b\n",    ": b\n",      "A : b\n", "A: b\r\n",     "A: b\n\n",
        "A: \n", "A: b\nC\n", "\nA: b\n", "A: b\x01\n", "A(: b\n", "\xc3\xa9: b\n"};
    static const char *const mailboxes[] = {"",     "a",    "a b@c",     "<a@b>", "a@b\r\nDATA",
                                            "a@b>", "a,@b", "\xc3\xa9@b"};
    static const char *const nobody[] = {NULL};
    struct fetcher_request request = full;

    (void)state;
    assert_true(takes(request));
    request.headers = "Title: \xe4\xbd\xa0\n";
    assert_true(takes(request));
    REFUSES(url, NULL);
    REFUSES(deadline_ms, 0);
    REFUSES(most_bytes, LIMIT_FETCH_BYTES + 1);
    REFUSES(etag, "\"a\r\nHost: b\"");
    REFUSES(modified, "Mon\n");
    REFUSES(user, NULL);
    REFUSES(password, NULL);
    REFUSES(to, nobody);
    REFUSES(to, NULL);
    REFUSES(body, ((struct slice){NULL, 0}));
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        REFUSES(headers, headers[i]);
    for (size_t i = 0; i < COUNT_OF(mailboxes); i++) {
        const char *const to[] = {"a@b", mailboxes[i], NULL};

        REFUSES(from, mailboxes[i]);
        REFUSES(to, to);
    }
}

/* ---- the real program ---- */

static pid_t server_pid;
static struct sockaddr_in server;

/* Each connection: answers each request with its own number and that of the connection. */
static _Noreturn void serve(int listener)
{
    struct pollfd fds[64] = {{.fd = listener, .events = POLLIN}};
    nfds_t count = 1;
    char data[65536], answer[200];
    ssize_t n;
    int len;

    for (unsigned connections = 0;;) {
        if (poll(fds, count, -1) < 0)
            _exit(1);
        if (fds[0].revents && count < COUNT_OF(fds)) {
            fds[count++] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
            connections++;
        }
        for (nfds_t i = 1; i < count; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            n = read(fds[i].fd, data, sizeof(data) - 1);
            if (n <= 0) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
                continue;
            }
            data[n] = '\0';
            if (strstr(data, "GET /hang")) /* and this connection is never heard again */
                continue;
            len = snprintf(answer, sizeof(answer),
                           "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%04u", connections);
            if (write(fds[i].fd, answer, (size_t)len) != len)
                _exit(1);
        }
    }
}

static int server_start(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(server);

    (void)state;
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&server, sizeof(server)) != 0 ||
        listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&server, &len) != 0)
        return -1;
    server_pid = fork();
    if (server_pid == 0)
        serve(fd);
    (void)close(fd);
    return server_pid > 0 ? 0 : -1;
}

static int server_stop(void **state)
{
    (void)state;
    (void)kill(server_pid, SIGKILL);
    return waitpid(server_pid, NULL, 0) == server_pid ? 0 : -1;
}

static struct fetcher *opened(void)
{
    static struct url_allowed allowed = {"127.0.0.1", 0};
    struct fetcher_options options = {.allowed = &allowed, .allowed_count = 1};
    struct fetcher *fetcher;
    struct why why = {0};

    if (fetcher_open(&options, &fetcher, &why) != SH_OK)
        fail_msg("%s", why.text);
    return fetcher;
}

static const char *url_of(const char *path)
{
    static char text[64];

    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/%s",
                   (unsigned)ntohs(server.sin_port), path);
    return text;
}

static struct fetcher_request get(uint64_t id, const char *path)
{
    return (struct fetcher_request){
        .id = id, .url = url_of(path), .most_bytes = 100, .deadline_ms = 5000};
}

/* The program's process, or a child of it: the only child of this process but the server. */
static pid_t child_of(pid_t parent, pid_t but)
{
    char path[64], text[200] = "";
    FILE *file;
    char *at = text;
    pid_t found = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    file = fopen(path, "r");
    assert_non_null(file);
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    (void)fclose(file);
    while (*at) {
        pid_t pid = (pid_t)strtol(at, &at, 10);

        if (pid > 0 && pid != but)
            found = pid;
        while (*at == ' ' || *at == '\n')
            at++;
    }
    return found;
}

static void fetches(void **state)
{
    struct fetcher *fetcher = opened();
    struct fetcher_request request = get(1, "");
    struct fetcher_answer answer;
    char first[4];

    (void)state;
    assert_true(fetcher_is_there());
    assert_true(fetcher_fd(fetcher) >= 0);
    assert_int_equal(fetcher_next(fetcher, 0, &answer, NULL), SH_ENOTFOUND);
    assert_int_equal(fetcher_next(fetcher, 30, &answer, NULL), SH_ENOTFOUND);
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_OK);
    assert_int_equal(answer.outcome, FETCHER_DONE);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.len, 4);
    memcpy(first, answer.body.ptr, 4);
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_OK);
    assert_memory_equal(answer.body.ptr, first, 4); /* the same connection */
    request.most_bytes = 3;
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_OK);
    assert_int_equal(answer.outcome, FETCHER_TOO_LARGE);
    assert_int_equal(answer.body.len, 0);
    request.headers = "A: b\r\n";
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_EARG);
    request.headers = NULL;
    request.url = "http://10.0.0.1/";
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_OK);
    assert_int_equal(answer.outcome, FETCHER_REFUSED);
    fetcher_close(fetcher);
    fetcher_close(NULL);
}

/* More than are under way at once: none is lost, none comes twice. */
static void many(void **state)
{
    struct fetcher *fetcher = opened();
    struct fetcher_request request;
    struct fetcher_answer answer;
    bool seen[100] = {false};

    (void)state;
    for (uint64_t i = 0; i < COUNT_OF(seen); i++) {
        request = get(i, "");
        assert_int_equal(fetcher_ask(fetcher, &request, NULL), SH_OK);
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        assert_int_equal(fetcher_next(fetcher, 10000, &answer, NULL), SH_OK);
        assert_true(answer.id < COUNT_OF(seen) && !seen[answer.id]);
        assert_int_equal(answer.outcome, FETCHER_DONE);
        assert_int_equal(answer.body.len, 4);
        seen[answer.id] = true;
    }
    assert_int_equal(fetcher_next(fetcher, 0, &answer, NULL), SH_ENOTFOUND);
    fetcher_close(fetcher);
}

/* Killed between, and while an answer is awaited: SH_EIO, and a new one works. */
static void killed(void **state)
{
    struct fetcher *fetcher = opened();
    struct fetcher_request request = get(1, "");
    struct fetcher_answer answer;
    struct why why = {0};
    int rc = SH_OK;

    (void)state;
    assert_int_equal(kill(child_of(getpid(), server_pid), SIGKILL), 0);
    for (int i = 0; i < 200 && rc == SH_OK; i++)
        rc = fetcher_do(fetcher, &request, &answer, &why);
    assert_int_equal(rc, SH_EIO);
    assert_non_null(strstr(why.text, "stillhere-fetch"));
    assert_int_equal(fetcher_ask(fetcher, &request, NULL), SH_EIO);
    assert_int_equal(fetcher_next(fetcher, 1000, &answer, NULL), SH_EIO);
    fetcher_close(fetcher);
    fetcher = opened();
    request = get(1, "hang");
    assert_int_equal(fetcher_ask(fetcher, &request, NULL), SH_OK);
    assert_int_equal(kill(child_of(getpid(), server_pid), SIGKILL), 0);
    assert_int_equal(fetcher_next(fetcher, 10000, &answer, NULL), SH_EIO);
    fetcher_close(fetcher);
    fetcher = opened();
    request = get(1, "");
    assert_int_equal(fetcher_do(fetcher, &request, &answer, NULL), SH_OK);
    assert_int_equal(answer.outcome, FETCHER_DONE);
    fetcher_close(fetcher);
}

static void wrong_options(void **state)
{
    static struct url_allowed many_hosts[LIMIT_ALLOWED_HOSTS + 1];
    struct fetcher_options options = {.trust_file = "no/such/file"};
    struct fetcher *fetcher = NULL;
    struct why why = {0};

    (void)state;
    assert_int_equal(fetcher_open(&options, &fetcher, &why), SH_EIO);
    assert_non_null(strstr(why.text, "no/such/file"));
    assert_null(fetcher);
    options =
        (struct fetcher_options){.allowed = many_hosts, .allowed_count = COUNT_OF(many_hosts)};
    assert_int_equal(fetcher_open(&options, &fetcher, NULL), SH_EARG);
    assert_null(fetcher);
}

/* Nothing is left: no descriptor, no child. */
static void tidy(void **state)
{
    DIR *folder;
    size_t count[2] = {0, 0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fetcher_close(opened());
        folder = opendir("/proc/self/fd");
        assert_non_null(folder);
        while (readdir(folder))
            count[i]++;
        (void)closedir(folder);
    }
    assert_int_equal(count[0], count[1]);
    assert_int_equal(child_of(getpid(), server_pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(torn),
        cmocka_unit_test(broken_requests),
        cmocka_unit_test(fetches),
        cmocka_unit_test(many),
        cmocka_unit_test(killed),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(tidy),
    };

    return cmocka_run_group_tests(tests, server_start, server_stop);
}
