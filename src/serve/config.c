/* The nginx configuration, for our child and for a system-wide nginx. */
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

#include "lang/lang.h"
#include "pages/pages.h"
#include "serve/serve_int.h"

/*
 * Accept-Language, RFC 9110 12.5.4, in the order of the header: skip every language that is not
 * ours or is refused by q=0, then ours.  All repetitions are possessive: no header, however
 * odd, makes the match run back.
 */
#define TAIL "(?:-[a-z0-9-]*+)?+[ ]*+(?=,|;|$)(?!;[ ]*+q=0(?:[.]0*+)?+[ ]*+(?:,|$))"
#define SKIP "(?:(?![ ]*+(?:en|zh|uk|ru)" TAIL ")[^,]*+,)*+[ ]*+"

/* The address behind the link of an alarm: 128 bits in base32. */
#define ACK "/ack/[a-z2-7]{26}"

#define ADD "/add-checkpoint"

static const char MAPS[] =
    "# The language of a page: the first in Accept-Language that we have.\n"
    "map $http_accept_language $stillhere_index {\n"
    "    default index.html;\n"
    "    \"~*^" SKIP "en" TAIL "\" index.en.html;\n"
    "    \"~*^" SKIP "zh" TAIL "\" index.zh.html;\n"
    "    \"~*^" SKIP "uk" TAIL "\" index.uk.html;\n"
    "    \"~*^" SKIP "ru" TAIL "\" index.ru.html;\n"
    "}\n"
    "# Only an address that names no file depends on the language.\n"
    "map $request_uri $stillhere_vary {\n"
    "    default \"\";\n"
    "    \"~^[^?]*/(?:[?]|$)\" Accept-Language;\n"
    "}\n"
    "# What may be asked: to read, to press the button behind the link of an alarm, and for a\n"
    "# cosignature.\n"
    "map \"$request_method $uri\" $stillhere_refused {\n"
    "    default 1;\n"
    "    \"~^(?:GET|HEAD) \" 0;\n"
    "    \"~^POST " ACK "$\" 0;\n"
    "    \"POST " ADD "\" 0;\n"
    "}\n"
    "map $uri $stillhere_allowed {\n"
    "    default \"GET, HEAD\";\n"
    "    \"~^" ACK "$\" \"GET, HEAD, POST\";\n"
    "    \"" ADD "\" \"POST\";\n"
    "}\n";

static const char BEHAVIOUR[] =
    "    server_tokens off;\n"
    "    access_log off;\n"
    "    # Requests leave no trace: what nginx writes about them holds addresses.\n"
    "    error_log /dev/null emerg;\n"
    "    absolute_redirect off;\n"
    "    disable_symlinks on from=$document_root;\n"
    "    charset utf-8;\n"
    "    default_type application/octet-stream;\n"
    "    types { }\n"
    "\n"
    "    sendfile on;\n"
    "    sendfile_max_chunk 1m;\n"
    "    tcp_nopush on;\n"
    "    max_ranges 8;\n"
    "    gzip on;\n"
    "    gzip_vary on;\n"
    "    gzip_proxied any;\n"
    "    gzip_min_length 600;\n"
    "    gzip_comp_level 5;\n"
    "    gzip_types application/json application/atom+xml application/feed+json\n"
    "        application/rss+xml text/plain;\n"
    "\n"
    "    # Longer than the 10 s that a browser keeps a connection opened in advance: else a\n"
    "    # request may meet the closing of it, and the reader sees an empty answer.\n"
    "    client_header_timeout 15s;\n"
    "    client_body_timeout 10s;\n"
    "    client_max_body_size 1k;\n"
    "    client_header_buffer_size 1k;\n"
    "    large_client_header_buffers 4 8k;\n"
    "    send_timeout 30s;\n"
    "    keepalive_timeout 30s;\n"
    "    reset_timedout_connection on;\n"
    "\n"
    "    if ($stillhere_refused) {\n"
    "        return 405;\n"
    "    }\n"
    "    error_page 404 @nothing;\n"
    "    error_page 405 @readonly;\n"
    "    error_page 500 502 503 504 @later;\n"
    "\n";

struct path {
    const char *dir;
    const char *name; /* below it, or NULL */
};

static void header_line(struct bytes *out, const char *name, const char *value)
{
    bytes_printf(out, "        add_header %s \"%s\" always;\n", name, value);
}

/*
 * What pages_csp() says, but for the style: each page names the hash of its own in its <meta>,
 * and a browser holds a page to both.  With the hash here too, a page that an older version
 * wrote, or a configuration that was copied once, would show pages without their style.
 */
#define PAGE_POLICY                                                                            \
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "  \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/*
 * The page that may run one script, named by its hash.  A page of another version has another
 * script, which then does not run: such a page says all the same, in absolute times.
 */
static void now_policy(struct bytes *out)
{
    bytes_printf(out,
                 "        add_header Content-Security-Policy \"default-src 'none'; script-src "
                 "%s; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action "
                 "'none'; frame-ancestors 'none'\" always;\n",
                 pages_now_script_hash());
}

enum policy { POLICY_PAGE, POLICY_NOW, POLICY_FORM, POLICY_MEDIA, POLICY_DATA };

/* nginx drops the headers of the server where a location has its own: so each has them all. */
static void headers(struct bytes *out, const struct serve_site *site, enum policy policy)
{
    header_line(out, "X-Content-Type-Options", "nosniff");
    header_line(out, "Referrer-Policy", "no-referrer");
    header_line(out, "Cross-Origin-Opener-Policy", "same-origin");
    header_line(out, "Cross-Origin-Resource-Policy",
                policy == POLICY_MEDIA ? "cross-origin" : "same-origin");
    header_line(out, "Permissions-Policy",
                "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
    if (policy == POLICY_PAGE)
        header_line(out, "Content-Security-Policy", PAGE_POLICY);
    else if (policy == POLICY_NOW)
        now_policy(out);
    else if (policy == POLICY_FORM)
        header_line(out, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri "
                    "'none'; form-action 'self'; frame-ancestors 'none'");
    else if (policy == POLICY_MEDIA)
        header_line(out, "Content-Security-Policy", "sandbox");
    else
        header_line(out, "Content-Security-Policy",
                    "default-src 'none'; sandbox; frame-ancestors 'none'");
    if (site->tls_cert)
        header_line(out, "Strict-Transport-Security", "max-age=15552000");
}

struct place {
    const char *comment;
    const char *match; /* what follows "location" */
    const char *types; /* extensions, or NULL: type is the only one */
    const char *type;
    const char *caching;
    enum policy policy;
};

/* In the order of nginx's search: "=" first, then the expressions as they stand, then "/". */
static const struct place PLACES[] = {
    {"The signed size and root: seconds old at most.", "= /checkpoint", NULL, "text/plain",
     "max-age=5, must-revalidate", POLICY_DATA},
    {"Tiles that are not full may go; full ones never change.",
     "~ \"^/tile/[a-z0-9/]+[.]p/[0-9]+$\"", NULL, "application/octet-stream",
     "max-age=300, must-revalidate", POLICY_DATA},
    {NULL, "~ \"^/tile/[a-z0-9/]+$\"", NULL, "application/octet-stream",
     "max-age=31536000, immutable", POLICY_DATA},
    {"Documents and blobs never change but may be withdrawn.",
     "~ \"^/d/[0-9a-f]{2}/[0-9a-f]{64}[.]json$\"", NULL, "application/json",
     "max-age=300, must-revalidate", POLICY_DATA},
    {NULL, "~ \"^/b/[0-9a-f]{2}/[0-9a-f]{64}[.](?:mp4|mov|jpg|png|webp|avif)$\"",
     "video/mp4 mp4; video/quicktime mov; image/jpeg jpg; image/png png; image/webp webp; "
     "image/avif avif;",
     "application/octet-stream", "max-age=300, must-revalidate", POLICY_MEDIA},
    {"The identity chain.", "~ \"^/id/(?:[0-9]+[.]note|current|c2pa-ca-[0-9a-f]+[.]pem)$\"",
     NULL, "text/plain", "max-age=300, must-revalidate", POLICY_DATA},
    {"What was cosigned here, for monitors (tlog-witness).",
     "~ \"^/cs/[0-9a-f]{64}/checkpoint$\"", NULL, "text/plain", "max-age=5, must-revalidate",
     POLICY_DATA},
    {"The family's page: its script compares the reader's clock with this one.",
     "~ \"^/now/index[a-z.]*[.]html$\"", NULL, "text/html", "no-cache", POLICY_NOW},
    {"Pages.", "~ \"^/(?:index[a-z.]*|[pw]/[a-z0-9/]+/index[a-z.]*)[.]html$\"", NULL,
     "text/html", "no-cache", POLICY_PAGE},
    {"Feeds: readers ask again and again, and are told that nothing is new.",
     "~ \"^/(?:feed[.](?:atom|json)|rss[.]xml)$\"",
     "application/atom+xml atom; application/feed+json json; application/rss+xml xml;",
     "application/octet-stream", "max-age=60, must-revalidate", POLICY_DATA},
    {"Directories, and what is none of these: never shown as a page.", "/", NULL,
     "application/octet-stream", "no-cache", POLICY_DATA},
};

static void place_build(struct bytes *out, const struct serve_site *site,
                        const struct place *place)
{
    if (place->comment)
        bytes_printf(out, "    # %s\n", place->comment);
    bytes_printf(out, "    location %s {\n", place->match);
    if (place->types)
        bytes_printf(out, "        types { %s }\n", place->types);
    bytes_printf(out, "        default_type %s;\n", place->type);
    header_line(out, "Cache-Control", place->caching);
    if (strcmp(place->match, "/") == 0)
        bytes_text(out, "        index $stillhere_index index.html;\n");
    if (place->policy == POLICY_PAGE || place->policy == POLICY_NOW)
        bytes_text(out, "        add_header Vary $stillhere_vary;\n");
    if (place->policy == POLICY_NOW)
        bytes_text(out, "        add_header Server-Timing 'now;desc=\"$msec\"';\n");
    headers(out, site, place->policy);
    bytes_text(out, "    }\n");
}

/* One line in each language; none of them holds a quote, a dollar or a backslash. */
static void sentence(struct bytes *out, enum lang_string id)
{
    for (int lang = 0; lang < LANG_COUNT; lang++)
        bytes_printf(out, "%s\\n", lang_text((enum lang)lang, id));
}

static void answers(struct bytes *out, const struct serve_site *site)
{
    bytes_text(out, "    location @nothing {\n        default_type text/plain;\n");
    header_line(out, "Cache-Control", "no-cache");
    headers(out, site, POLICY_DATA);
    bytes_text(out, "        return 404 \"");
    sentence(out, STR_SERVE_NOTHING);
    bytes_text(out, "\";\n    }\n    location @readonly {\n"
                    "        default_type text/plain;\n");
    header_line(out, "Allow", "$stillhere_allowed");
    headers(out, site, POLICY_DATA);
    bytes_text(out, "        return 405 \"");
    sentence(out, STR_SERVE_READ_ONLY);
    bytes_text(out, "\";\n    }\n    location @later {\n"
                    "        default_type text/plain;\n");
    header_line(out, "Cache-Control", "no-store");
    header_line(out, "Retry-After", "60");
    headers(out, site, POLICY_DATA);
    bytes_text(out, "        return 503 \"");
    sentence(out, STR_SERVE_LATER);
    bytes_text(out, "\";\n    }\n");
}

/* One nginx may serve several channels, and each zone of memory has a name of its own. */
static uint32_t root_hash(const struct serve_site *site)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = site->root; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return hash;
}

static const char FRONT_PARAMETERS[] =
    "        # The body is a few bytes: nginx waits for it, so that who sends slowly takes no\n"
    "        # place behind it.  Front is told what is asked, not by whom.\n"
    "        scgi_request_buffering on;\n"
    "        scgi_pass_request_headers off;\n"
    "        scgi_max_temp_file_size 0;\n"
    "        scgi_connect_timeout 5s;\n"
    "        scgi_read_timeout 20s;\n"
    "        scgi_param SCGI 1;\n"
    "        scgi_param REQUEST_METHOD $request_method;\n"
    "        scgi_param DOCUMENT_URI $uri;\n"
    "        scgi_param QUERY_STRING $args;\n"
    "        scgi_param HTTP_CONTENT_LENGTH $content_length;\n"
    "        scgi_param HTTP_HOST $http_host;\n"
    "        scgi_param HTTP_ORIGIN $http_origin;\n"
    "        scgi_param HTTP_SEC_FETCH_SITE $http_sec_fetch_site;\n";

static int front_build(struct bytes *out, const struct serve_site *site, struct why *why)
{
    for (const char *p = site->front; *p; p++)
        if ((unsigned char)*p <= 0x20 || strchr("$\"\\:;{}", *p) || *p == 0x7f)
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "%.200s: nginx cannot hold the path of this socket: name it with "
                           "letters, digits, dots and slashes",
                           site->front);
    bytes_text(out,
               "    # The page behind the link of an alarm: the one answer that is no file.\n"
               "    location ~ \"^" ACK "$\" {\n");
    bytes_printf(out, "        limit_req zone=stillhere_%08x burst=20 nodelay;\n",
                 root_hash(site));
    bytes_printf(out, "        scgi_pass unix:%s;\n", site->front);
    bytes_text(out, FRONT_PARAMETERS);
    bytes_text(out, "        scgi_intercept_errors on;\n");
    header_line(out, "Cache-Control", "no-store");
    header_line(out, "X-Robots-Tag", "noindex, nofollow, noarchive");
    headers(out, site, POLICY_FORM);
    bytes_text(out, "    }\n");
    return SH_OK;
}

/*
 * add-checkpoint of tlog-witness.  Its answers are the protocol's own: none gives way to ours.
 */
static void cosign_build(struct bytes *out, const struct serve_site *site)
{
    bytes_text(out, "    # Logs ask for a cosignature (tlog-witness).\n"
                    "    location = " ADD " {\n");
    bytes_printf(out, "        limit_req zone=stillhere_%08x burst=20 nodelay;\n",
                 root_hash(site));
    bytes_printf(out, "        client_max_body_size %d;\n", LIMIT_COSIGN_BODY_BYTES);
    bytes_printf(out, "        client_body_buffer_size %d;\n", LIMIT_COSIGN_BODY_BYTES);
    bytes_printf(out, "        scgi_pass unix:%s;\n", site->front);
    bytes_text(out, FRONT_PARAMETERS);
    bytes_text(out, "        scgi_intercept_errors off;\n");
    header_line(out, "Cache-Control", "no-store");
    headers(out, site, POLICY_DATA);
    bytes_text(out, "    }\n");
}

/* dir/name (or dir alone) in quotes.  nginx has no way to write a dollar. */
static int path_line(struct bytes *out, const char *directive, struct path path,
                     struct why *why)
{
    if (path.dir[0] != '/')
        return why_set(why, SH_EARG, WHY_NOWHERE, "%s: expected an absolute path", path.dir);
    bytes_printf(out, "%s \"", directive);
    for (const char *p = path.dir; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '$')
            return why_set(why, SH_EARG, WHY_NOWHERE,
                           "%s: nginx cannot serve from a path with a dollar sign or a control "
                           "character: move or rename the directory",
                           path.dir);
        if (*p == '"' || *p == '\\')
            bytes_u8(out, '\\');
        bytes_u8(out, (uint8_t)*p);
    }
    bytes_printf(out, "%s%s\";\n", path.name ? "/" : "", path.name ? path.name : "");
    return SH_OK;
}

static void listen_lines(struct bytes *out, const struct serve_site *site)
{
    const struct serve_address *at = &site->listen;
    const char *tls = site->tls_cert ? " ssl http2" : "";

    if (site->form == SERVE_SITE && at->any)
        bytes_printf(out, "    listen %u%s;\n    listen [::]:%u%s;\n", at->port, tls, at->port,
                     tls);
    else if (at->v6)
        bytes_printf(out, "    listen [%s]:%u%s%s;\n", at->host, at->port,
                     at->any ? " ipv6only=off" : "", tls);
    else
        bytes_printf(out, "    listen %s:%u%s;\n", at->host, at->port, tls);
    bytes_text(out, "    server_name _;\n");
}

static int server_build(struct bytes *out, const struct serve_site *site, struct why *why)
{
    int rc;

    bytes_text(out, MAPS);
    if (site->front)
        bytes_printf(out,
                     "# Who asks too often waits; addresses stay in memory for a moment.\n"
                     "limit_req_zone $binary_remote_addr zone=stillhere_%08x:1m rate=5r/s;\n",
                     root_hash(site));
    bytes_text(out, "server {\n");
    listen_lines(out, site);
    rc = path_line(out, "    root", (struct path){site->root, NULL}, why);
    if (rc == SH_OK && site->tls_cert) {
        rc = path_line(out, "    ssl_certificate", (struct path){site->tls_cert, NULL}, why);
        if (rc == SH_OK)
            rc = path_line(out, "    ssl_certificate_key", (struct path){site->tls_key, NULL},
                           why);
        bytes_text(out, "    ssl_protocols TLSv1.2 TLSv1.3;\n"
                        "    ssl_session_tickets off;\n");
    }
    if (rc != SH_OK)
        return rc;
    bytes_text(out, BEHAVIOUR);
    bytes_text(out, "    # Nothing with a leading dot is published.\n"
                    "    location ~ \"/[.]\" {\n        return 404;\n    }\n");
    for (size_t i = 0; i < COUNT_OF(PLACES); i++)
        place_build(out, site, &PLACES[i]);
    if (site->front)
        rc = front_build(out, site, why);
    if (site->front && site->cosign && rc == SH_OK)
        cosign_build(out, site);
    answers(out, site);
    bytes_text(out, "}\n");
    return rc;
}

static const char SITE_HEAD[] =
    "# A channel's public tree for a system-wide nginx (1.22 or later).  Written by\n"
    "#   stillhere -C HOME serve --listen ADDR:PORT --print-config\n"
    "# To be included in the http block: on Debian, put it into /etc/nginx/conf.d/, write "
    "your\n"
    "# host name where it says server_name, see that the user of nginx may read the directory\n"
    "# named by root, then: nginx -t && nginx -s reload\n";

static int child_head(struct bytes *out, const struct serve_site *site, struct why *why)
{
    /* Nothing is ever written there: bodies are refused; but nginx wants it at its start. */
    static const char *const TEMPORARY[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    char directive[40];
    int rc;

    bytes_text(out, "# Written anew at each start; see stillhere-serve(1).\n"
                    "daemon off;\nmaster_process on;\nworker_processes 2;\n"
                    "error_log stderr error;\n");
    if (site->user)
        bytes_printf(out, "user %s %s;\n", site->user, site->group);
    rc = path_line(out, "pid", (struct path){site->state, SERVE_PID_FILE}, why);
    bytes_printf(out, "events {\n    worker_connections %d;\n}\nhttp {\n",
                 LIMIT_SERVE_CONNECTIONS);
    for (size_t i = 0; rc == SH_OK && i < COUNT_OF(TEMPORARY); i++) {
        (void)snprintf(directive, sizeof(directive), "    %s_temp_path", TEMPORARY[i]);
        rc = path_line(out, directive, (struct path){site->state, SERVE_TEMPORARY}, why);
    }
    bytes_text(out, "\n");
    return rc;
}

int serve_config_build(const struct serve_site *site, struct bytes *out, struct why *why)
{
    int rc = SH_OK;

    if (site->form == SERVE_SITE)
        bytes_text(out, SITE_HEAD);
    else
        rc = child_head(out, site, why);
    if (rc == SH_OK)
        rc = server_build(out, site, why);
    if (rc == SH_OK && site->form == SERVE_CHILD)
        bytes_text(out, "}\n");
    return rc == SH_OK ? bytes_check(out, why) : rc;
}
