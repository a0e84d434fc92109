/*
 * serve: addresses, what the configuration holds and refuses, and what the cage keeps from a
 * program in nginx's place.  This program is that intruder too: started with nginx's arguments,
 * it tries the ways out and says which were open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cage/cage.h"
#include "serve/serve.h"

static const char *self;

static void address(const char *text, const char *host, unsigned port, const char *kind)
{
    struct serve_address out = {.port = 7};
    struct why why = {0};
    int rc = serve_address_parse(text, &out, &why);

    if (!host) {
        assert_int_equal(rc, SH_EARG);
        assert_non_null(strstr(why.text, "--listen"));
        assert_int_equal(out.port, 7); /* Untouched. */
        return;
    }
    if (rc != SH_OK)
        fail_msg("%s: %s", text, why.text);
    assert_string_equal(out.host, host);
    assert_int_equal(out.port, port);
    assert_int_equal(out.v6, strchr(kind, '6') != NULL);
    assert_int_equal(out.any, strchr(kind, '*') != NULL);
}

static void addresses(void **state)
{
    static const char *const REFUSED[] = {
        "",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:08",
        "::1:80",
        "[::1]",
        "[::1:80",
        "example.org:80",
        "1.2.3:80",
        "127.1:80",
        "127.0.0.1:-1",
        "127.0.0.1 :8",
        "1.2.3.4.5:80",
        "[127.0.0.1",
        "[fe80::1%eth0]:80",
        "127.0.0.1:80;",
        "127.0.0.1:99999999999999999999",
    };

    (void)state; /* None. */
    address(SERVE_LISTEN_DEFAULT, "127.0.0.1", 8480, "4");
    address("8481", "127.0.0.1", 8481, "4");
    address("0", "127.0.0.1", 0, "4");
    address("localhost:80", "127.0.0.1", 80, "4");
    address("*:80", "0.0.0.0", 80, "4*");
    address("0.0.0.0:65535", "0.0.0.0", 65535, "4*");
    address("[::]:80", "::", 80, "6*");
    address("[::1]:8480", "::1", 8480, "6");
    address("[2001:DB8:0:0::7]:1", "2001:db8::7", 1, "6");
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++)
        address(REFUSED[i], NULL, 0, NULL);
}

static int build(const struct serve_site *site, struct bytes *out, struct why *why)
{
    int rc;

    bytes_init(out, LIMIT_SERVE_CONFIG_BYTES);
    rc = serve_config_build(site, out, why);
    bytes_u8(out, 0);
    return rc;
}

static struct serve_site site_of(const char *root)
{
    return (struct serve_site){.form = SERVE_CHILD,
                               .root = root,
                               .state = "/state",
                               .listen = {.host = "127.0.0.1", .port = 8480}};
}

static void paths(void **state)
{
    static const char *const REFUSED[] = {"/a$b", "/a\nuser root;", "/\x7f", "relative", ""};
    struct serve_site site = site_of("/a \"b\" \\c; {d} #e/public");
    struct why why = {0};
    struct bytes out;

    (void)state; /* None. */
    assert_int_equal(build(&site, &out, &why), SH_OK);
    assert_non_null(
        strstr((char *)out.ptr, "    root \"/a \\\"b\\\" \\\\c; {d} #e/public\";\n"));
    bytes_release(&out);
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        why = (struct why){0};
        site = site_of(REFUSED[i]);
        assert_int_equal(build(&site, &out, &why), SH_EARG);
        bytes_release(&out);
        site = site_of("/root");
        site.state = REFUSED[i];
        assert_int_equal(build(&site, &out, NULL), SH_EARG);
        bytes_release(&out);
        site = site_of("/root");
        site.tls_cert = "/cert";
        site.tls_key = REFUSED[i];
        assert_int_equal(build(&site, &out, NULL), SH_EARG);
        bytes_release(&out);
    }
}

/* The path of front's socket stands without quotes. */
static void sockets(void **state)
{
    static const char *const REFUSED[] = {"/a b",  "/a;b",  "/a{b",  "/a}b", "/a$b",
                                          "/a\"b", "/a\\b", "/a\nb", "/a:b", "/a\x7f"};
    struct serve_site site = site_of("/root");
    struct why why = {0};
    struct bytes out;

    (void)state; /* None. */
    site.form = SERVE_SITE;
    site.cosign = true;
    site.front = "/run/stillhere/front.sock";
    assert_int_equal(build(&site, &out, &why), SH_OK);
    assert_non_null(strstr((char *)out.ptr, "scgi_pass unix:/run/stillhere/front.sock;\n"));
    bytes_release(&out);
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        site.front = REFUSED[i];
        why = (struct why){0};
        assert_int_equal(build(&site, &out, &why), SH_EARG);
        assert_non_null(strstr(why.text, "nginx cannot hold the path of this socket"));
        bytes_release(&out);
    }
}

static void forms(void **state)
{
    struct serve_site site = site_of("/root");
    struct bytes out;

    (void)state; /* None. */
    assert_int_equal(build(&site, &out, NULL), SH_OK);
    assert_non_null(strstr((char *)out.ptr, "daemon off;\n"));
    assert_null(strstr((char *)out.ptr, "user "));
    assert_non_null(strstr((char *)out.ptr, "listen 127.0.0.1:8480;\n"));
    assert_null(strstr((char *)out.ptr, "ssl"));
    bytes_release(&out);
    site.user = "nobody";
    site.group = "nogroup";
    site.tls_cert = "/c";
    site.tls_key = "/k";
    assert_int_equal(build(&site, &out, NULL), SH_OK);
    assert_non_null(strstr((char *)out.ptr, "\nuser nobody nogroup;\n"));
    assert_non_null(strstr((char *)out.ptr, "ssl_protocols TLSv1.2 TLSv1.3;\n"));
    bytes_release(&out);
    site.form = SERVE_SITE;
    assert_int_equal(build(&site, &out, NULL), SH_OK);
    assert_null(strstr((char *)out.ptr, "daemon"));
    assert_null(strstr((char *)out.ptr, "http {"));
    assert_null(strstr((char *)out.ptr, "/state"));
    bytes_release(&out);
}

/* ---- the intruder ---- */

static char home[64];

static void path_in(char out[128], const char *name)
{
    (void)snprintf(out, 128, "%s/%s", home, name);
}

static void put(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    path_in(path, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void folder(const char *name, mode_t mode)
{
    char path[128];

    path_in(path, name);
    assert_int_equal(mkdir(path, mode), 0);
}

/* Each way out: true where it is open. */
static bool can_open(const char *name, int flags)
{
    char path[128];

    path_in(path, name);
    return open(name[0] == '/' ? name : path, flags, 0600) >= 0;
}

static bool can_connect(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct cage_state kernel;

    cage_probe(&kernel);
    if (kernel.landlock < 4)
        return false; /* This kernel's Landlock knows nothing of TCP. */
    return fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != EACCES);
}

static int intrude(const char *config)
{
    unsigned open_ways = 0;
    FILE *result;
    char path[4096];

    /* CONFIG is HOME/private/serve/<port>-<address>/nginx.conf. */
    (void)snprintf(path, sizeof(path), "%s", config);
    for (int i = 0; i < 4; i++)
        *strrchr(path, '/') = '\0';
    (void)snprintf(home, sizeof(home), "%.60s", path);
    open_ways |= fcntl(4, F_GETFD) != -1 ? 1024u : 0; /* A descriptor too many. */
    open_ways |= can_open("private/keys/log.key", O_RDONLY) ? 1u : 0;
    open_ways |= can_open("private", O_RDONLY | O_DIRECTORY) ? 2u : 0;
    open_ways |= can_open("public/checkpoint", O_WRONLY) ? 4u : 0;
    open_ways |= can_open("public/new", O_WRONLY | O_CREAT) ? 8u : 0;
    open_ways |= can_open("/etc/hostname", O_RDONLY) ? 16u : 0;
    open_ways |= can_open("/proc/self/mem", O_RDWR) ? 32u : 0;
    open_ways |= can_open("/tmp/stillhere-intruder", O_WRONLY | O_CREAT) ? 64u : 0;
    open_ways |= can_connect() ? 128u : 0;
    open_ways |= can_open("public/id/link", O_RDONLY) ? 256u : 0;
    open_ways |= execl("/bin/true", "true", (char *)NULL) != -1 || errno != EACCES ? 512u : 0;
    open_ways |= can_open("public/checkpoint", O_RDONLY) ? 0 : 2048u;
    open_ways |= fcntl(3, F_GETFD) != -1 ? 0 : 4096u; /* The socket it is to serve. */
    (void)snprintf(path, sizeof(path), "%.*s/result", (int)(strrchr(config, '/') - config),
                   config);
    result = fopen(path, "w");
    if (!result || fprintf(result, "%u\n", open_ways) < 0 || fclose(result) != 0)
        return 99;
    (void)fprintf(stderr, "# ways open: %u\n", open_ways);
    return open_ways == 0 ? 42 : 43;
}

static void caged(void **state)
{
    struct serve_options options = {.home = home, .listen = "127.0.0.1:0", .nginx = self};
    struct cage_state kernel;
    struct why why = {0};
    char path[128], link_path[128];

    (void)state; /* None. */
    cage_probe(&kernel);
    if (!kernel.landlock)
        skip();
    (void)snprintf(home, sizeof(home), "/tmp/stillhere-t-serve.XXXXXX");
    assert_non_null(mkdtemp(home));
    assert_int_equal(chmod(home, 0755), 0);
    folder("public", 0755);
    folder("public/id", 0755);
    folder("private", 0700);
    folder("private/keys", 0700);
    put("public/checkpoint", "x\n");
    put("private/keys/log.key", "secret\n");
    path_in(path, "private/keys/log.key");
    path_in(link_path, "public/id/link");
    assert_int_equal(symlink(path, link_path), 0);
    /* It is no nginx: it tries, tells by its exit status, and serve says that it ended. */
    assert_int_equal(serve_run(&options, NULL, NULL, &why), SH_EIO);
    if (!strstr(why.text, "42"))
        fail_msg("the intruder got out or did not run: %s", why.text);
    path_in(path, "private/serve");
    assert_int_equal(access(path, F_OK), -1); /* Nothing is left. */
}

static void remove_home(void)
{
    static const char *const LEFT[] = {"public/id/link",
                                       "public/checkpoint",
                                       "private/keys/log.key",
                                       "public/id",
                                       "public",
                                       "private/keys",
                                       "private",
                                       "."};
    char path[128];

    for (size_t i = 0; home[0] && i < COUNT_OF(LEFT); i++) {
        path_in(path, strcmp(LEFT[i], ".") == 0 ? "" : LEFT[i]);
        (void)remove(path); /* What a failed test left half made. */
    }
}

static void missing(void **state)
{
    struct serve_options options = {.home = "/nonexistent", .listen = "127.0.0.1:0"};
    struct why why = {0};

    (void)state; /* None. */
    assert_int_equal(serve_run(&options, NULL, NULL, &why), SH_ENOTFOUND);
    options.home = "/usr";
    why = (struct why){0};
    assert_int_equal(serve_run(&options, NULL, NULL, &why), SH_ENOTFOUND);
    assert_non_null(strstr(why.text, "stillhere init"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(paths), cmocka_unit_test(sockets),
        cmocka_unit_test(forms),     cmocka_unit_test(caged), cmocka_unit_test(missing),
    };
    char path[4096];
    int rc;

    if (argc == 5 && strcmp(argv[1], "-e") == 0)
        _exit(intrude(argv[4])); /* No look for leaks: it may not read /proc. */
    self = realpath(argv[0], path);
    rc = cmocka_run_group_tests_name("serve", tests, NULL, NULL);
    remove_home();
    return rc;
}
