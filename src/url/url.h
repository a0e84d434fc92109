/*
 * url -- an absolute http, https, smtp or smtps address taken apart, and which network
 * addresses are public.
 *
 * Spec:    WHATWG URL Living Standard, the part that names an ordinary web address; everything
 *          that needs interpretation (user info, odd IPv4 forms, non-ASCII hosts, backslashes,
 *          control characters, encoded hosts) is refused, not repaired.  Special-purpose
 *          addresses: RFC 6890 and the IANA registries it opened.
 * Shapes:  struct url owns its text: nothing is borrowed.
 * Memory:  caller's.
 * Errors:  SH_EFORMAT with the place and the rule; SH_EUNSUPPORTED for another scheme.
 * Threads: no state.
 */
#ifndef URL_URL_H
#define URL_URL_H

#include "base/base.h"

enum url_scheme { URL_HTTP, URL_HTTPS, URL_SMTP, URL_SMTPS };
enum url_host { URL_NAME, URL_IPV4, URL_IPV6 };
struct url {
    enum url_scheme scheme;
    enum url_host host_kind;
    char host[LIMIT_HOST_BYTES + 1]; /* lower case, no final dot, IPv6 without brackets */
    uint8_t address[16];             /* of URL_IPV4 (first four) and URL_IPV6 */
    uint16_t port;                   /* always set: 80, 443, 587, 465 by scheme */
    char path[LIMIT_URL_BYTES + 1];  /* from "/", with its query, without a fragment */
};
MUST_CHECK int url_parse(struct slice text, struct url *out, struct why *why);
/* The address of a redirect's Location: absolute, or relative to base (RFC 3986 5.2). */
MUST_CHECK int url_join(const struct url *base, struct slice location, struct url *out,
                        struct why *why);
/* Append the address as text: what was parsed gives the same struct again. */
void url_build(const struct url *url, struct bytes *out);

enum url_family { URL_V4 = 4, URL_V6 = 6 };
/*
 * Is the address global unicast?  False for every special-purpose block (loopback, private,
 * link-local, shared, benchmarking, documentation, multicast, reserved, ULA, 6to4 and NAT64 of
 * such an address, IPv4-mapped, ...); why_not (may be NULL) is set to the name of the block.
 */
bool url_address_is_public(enum url_family family, const uint8_t *address,
                           const char **why_not);

/* "HOST", "HOST:PORT", "[V6]:PORT" of --allow-host; port 0 = every port. */
struct url_allowed {
    char host[LIMIT_HOST_BYTES + 1];
    uint16_t port;
};
MUST_CHECK int url_allowed_parse(struct slice text, struct url_allowed *out, struct why *why);

#endif
