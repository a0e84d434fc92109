/*
 * serve -- show a channel's public tree through Debian's nginx: its configuration, and its life
 * as a child in a cage.
 *
 * Spec:    ARCHITECTURE.md 6 (we write no web server); FORMATS.md, "Public tree" (caching,
 *          languages); RFC 9110, RFC 9111; the nginx 1.22 directives of Debian 12.
 * Shapes:  one generator, two forms: SERVE_CHILD is a whole configuration for our child,
 *          SERVE_SITE is what a system-wide nginx includes in its http block.
 * Memory:  the caller owns every string that it passes; results go into struct bytes.
 * Errors:  SH_EARG for an address or a path that cannot be; SH_ENOTFOUND for a missing tree,
 *          file or nginx; SH_ECONFLICT when somebody else has the port; SH_EIO.  Each message
 *          says what to do.
 * Threads: call from a process of one thread.
 *
 * Promises to readers: no log holds an address or an agent, the pages ask for nothing from
 * elsewhere, a symbolic link never leads out of the tree, and what the grammar of the tree does
 * not know as a page is never shown as one.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "base/base.h"
#include "cage/cage.h"

/* Where to listen. */
#define SERVE_HOST_BYTES 64
struct serve_address {
    char host[SERVE_HOST_BYTES]; /* numeric: "127.0.0.1", "::1" */
    uint16_t port;               /* 0: any free one (child only) */
    bool v6;
    bool any; /* every address of this machine */
};
#define SERVE_LISTEN_DEFAULT "127.0.0.1:8480"
/*
 * "ADDR:PORT", "[ADDR6]:PORT", "localhost:PORT", "*:PORT" or "PORT" (then 127.0.0.1); numeric
 * addresses only, nothing is asked of the network.  SH_EARG.
 */
MUST_CHECK int serve_address_parse(const char *text, struct serve_address *out,
                                   struct why *why);

enum serve_form { SERVE_CHILD, SERVE_SITE };
struct serve_site {
    enum serve_form form;
    const char *root;  /* absolute path of public/ */
    const char *state; /* absolute path of a private directory; SERVE_CHILD only */
    struct serve_address listen;
    const char *tls_cert; /* absolute path of a PEM chain, or NULL; then key too */
    const char *tls_key;
    const char *user;  /* whom the workers run as, or NULL: whoever starts it */
    const char *group; /* NULL where user is */
    const char *front; /* path of the socket that answers /ack/, or NULL: nothing does */
    bool cosign;       /* it answers /add-checkpoint too */
};
/* Append the configuration.  SH_EARG for a path that nginx cannot hold ("$", control). */
MUST_CHECK int serve_config_build(const struct serve_site *site, struct bytes *out,
                                  struct why *why);

/* What the process behind nginx does with its socket; front.h has it. */
typedef int serve_front_run(int listen_fd, const char *watch_dir, const char *cosign_home,
                            struct why *why);
/* Work that is done now and again beside the server, in a child of its own: 0 went well. */
typedef int serve_work_run(void *ctx, const char *home, struct why *why);
#define SERVE_FRONT_DEFAULT "/run/stillhere/front.sock"

struct serve_options {
    const char *home; /* holds public/ and private/ */
    /* What a channel has to do at certain times: asked for in a child, now and again; or NULL.
     * 0: done, or nothing was due. */
    int (*due)(void *ctx, const char *home, struct why *why);
    void *due_ctx;
    const char *listen;   /* for serve_address_parse */
    const char *tls_cert; /* any path, or NULL */
    const char *tls_key;
    const char *nginx; /* path of the program, or NULL: where Debian has it */
    serve_front_run
        *front;        /* runs in a child of its own; NULL: links of alarms are not served */
    const char *watch; /* state folder of the watch, or NULL: private/watch */
    bool require_cage; /* SH_EUNSUPPORTED rather than any Unix socket for nginx */
    bool cosign;       /* front answers add-checkpoint by private/cosign of home */
    serve_work_run *follow; /* with cosign: looks at identity chains, every few minutes */
    void *follow_ctx;
    const char *front_at; /* socket for a system-wide nginx, or NULL: SERVE_FRONT_DEFAULT */
};
/* What runs now. */
struct serve_running {
    char url[SERVE_HOST_BYTES + 32]; /* "http://127.0.0.1:8480/", for this machine */
    struct serve_address address;    /* with the port that was found */
    struct cage_state cage;          /* what holds the child */
    bool as_nobody;
    void *ctx;
};
/*
 * Start nginx and front, call ready (may be NULL) once nginx answers, and stay until SIGINT,
 * SIGTERM or SIGHUP comes or nginx ends by itself (SH_EIO).  Leaves no process and no file
 * behind.
 */
MUST_CHECK int serve_run(const struct serve_options *options,
                         void (*ready)(const struct serve_running *running), void *ctx,
                         struct why *why);

/*
 * The same without nginx: front alone, at options->front_at, for a system-wide nginx.  A
 * missing watch folder is made.
 */
MUST_CHECK int serve_run_front(const struct serve_options *options, void (*ready)(void *ctx),
                               void *ctx, struct why *why);

/* Is nginx where Debian has it?  For `doctor`. */
bool serve_has_nginx(void);

/* The configuration for a system-wide nginx: of options, home, listen, tls and front_at
 * count; appended. */
MUST_CHECK int serve_print(const struct serve_options *options, struct bytes *out,
                           struct why *why);

#endif
