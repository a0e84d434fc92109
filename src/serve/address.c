/* Addresses to listen at, and the socket that nginx inherits. */
#include "serve/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/serve_int.h"

static bool host_parse(struct slice host, struct serve_address *out)
{
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } any;
    char text[SERVE_HOST_BYTES];

    if (!host.len || host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (strcmp(text, "localhost") == 0)
        memcpy(text, "127.0.0.1", sizeof("127.0.0.1"));
    if (strcmp(text, "*") == 0)
        memcpy(text, "0.0.0.0", sizeof("0.0.0.0"));
    if (inet_pton(AF_INET, text, &any.v4) == 1) {
        out->v6 = false;
        out->any = any.v4.s_addr == htonl(INADDR_ANY);
        return inet_ntop(AF_INET, &any.v4, out->host, sizeof(out->host));
    }
    if (inet_pton(AF_INET6, text, &any.v6) == 1) {
        out->v6 = true;
        out->any = IN6_IS_ADDR_UNSPECIFIED(&any.v6);
        return inet_ntop(AF_INET6, &any.v6, out->host, sizeof(out->host));
    }
    return false;
}

int serve_address_parse(const char *text, struct serve_address *out, struct why *why)
{
    struct slice whole = slice_text(text), host = slice_text("127.0.0.1");
    struct serve_address address = {.port = 0};
    size_t port_at = 0;
    uint64_t port;

    for (size_t i = 0; i < whole.len; i++)
        if (whole.ptr[i] == ':')
            port_at = i + 1;
    if (port_at) {
        host = slice_sub(whole, 0, port_at - 1);
        /* Without brackets, "::1:8480" is an address or an address and a port: not guessed. */
        if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
            host = slice_sub(host, 1, host.len - 2);
        else if (slice_find(host, 0, ':') != host.len)
            host = slice_of("", 0);
    }
    if (!host_parse(host, &address))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--listen %.60s: expected ADDR:PORT with a numeric address, as "
                       "127.0.0.1:8480, [::1]:8480 or *:8480",
                       text);
    if (!decimal_parse(slice_sub(whole, port_at, whole.len - port_at), UINT16_MAX, &port))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "--listen %.60s: expected a port from 0 (any free one) to 65535", text);
    address.port = (uint16_t)port;
    *out = address;
    return SH_OK;
}

static int refused(const struct serve_address *address, int error, struct why *why)
{
    const char *host = address->host;
    unsigned port = address->port;

    if (error == EADDRINUSE)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%s port %u is taken by another program: end that, or choose another "
                       "port, as --listen %s%s%s:%u",
                       host, port, address->v6 ? "[" : "", host, address->v6 ? "]" : "",
                       port < UINT16_MAX ? port + 1 : 8480);
    if (error == EACCES)
        return why_set(
            why, SH_EIO, WHY_NOWHERE,
            "port %u belongs to the system: only root may listen below 1024; choose a "
            "port from 1024, or start as root",
            port);
    if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "%s is no address of this machine: expected one of those that `ip addr` "
                       "shows, or * for all",
                       host);
    return why_set(why, SH_EIO, WHY_NOWHERE, "%s port %u: %s", host, port, strerror(error));
}

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t place_of(const struct serve_address *address, union place *out)
{
    int family = address->v6 ? AF_INET6 : AF_INET;
    bool known;

    memset(out, 0, sizeof(*out));
    out->any.sa_family = (sa_family_t)family;
    if (address->v6) {
        known = inet_pton(family, address->host, &out->v6.sin6_addr) == 1;
        out->v6.sin6_port = htons(address->port);
    } else {
        known = inet_pton(family, address->host, &out->v4.sin_addr) == 1;
        out->v4.sin_port = htons(address->port);
    }
    if (!known)
        bug("serve: an address that nobody parsed");
    return address->v6 ? sizeof(out->v6) : sizeof(out->v4);
}

int serve_listen(struct serve_address *address, int *fd, struct why *why)
{
    union place place;
    socklen_t len = place_of(address, &place);
    int one = 1, zero = 0, error;
    int made = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (made < 0)
        return refused(address, errno, why);
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        (address->v6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, address->any ? &zero : &one,
                                   sizeof(one)) != 0) ||
        bind(made, &place.any, len) != 0 || listen(made, SOMAXCONN) != 0 ||
        getsockname(made, &place.any, &len) != 0) {
        error = errno;
        (void)close(made); /* Never used. */
        return refused(address, error, why);
    }
    address->port = ntohs(address->v6 ? place.v6.sin6_port : place.v4.sin_port);
    *fd = made;
    return SH_OK;
}
