/* What every transfer has in common, and what libcurl's codes mean. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <openssl/err.h>

#include "fetch/fetch_int.h"
#include "io/io.h"

/* The last look before a connection: an address that came through the gate, or none. */
static curl_socket_t socket_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    const struct fetch_job *job = ctx;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    const struct fetch_address *at;

    if (purpose != CURLSOCKTYPE_IPCXN || to->socktype != SOCK_STREAM)
        return CURL_SOCKET_BAD;
    for (size_t i = 0; i < job->addresses.count; i++) {
        at = &job->addresses.at[i];
        if (to->family == AF_INET && at->family == URL_V4 && to->addrlen == sizeof(v4)) {
            memcpy(&v4, &to->addr, sizeof(v4));
            if (memcmp(&v4.sin_addr, at->byte, 4) == 0 && ntohs(v4.sin_port) == job->url.port)
                return socket(to->family, SOCK_STREAM | SOCK_CLOEXEC, to->protocol);
        }
        if (to->family == AF_INET6 && at->family == URL_V6 && to->addrlen == sizeof(v6)) {
            memcpy(&v6, &to->addr, sizeof(v6));
            if (memcmp(&v6.sin6_addr, at->byte, 16) == 0 &&
                ntohs(v6.sin6_port) == job->url.port)
                return socket(to->family, SOCK_STREAM | SOCK_CLOEXEC, to->protocol);
        }
    }
    return CURL_SOCKET_BAD;
}

/* The roots were read once, at the start: libcurl would read them for every connection. */
static CURLcode roots_set(CURL *easy, void *ssl_ctx, void *ctx)
{
    struct fetch *fetch = ctx;

    (void)easy;
    SSL_CTX_set1_cert_store(ssl_ctx, fetch->roots);
    return CURLE_OK;
}

/* "+host:port:address,..." for libcurl's table of names: it asks nobody. */
static struct curl_slist *resolve_list(const struct fetch_job *job)
{
    char text[INET6_ADDRSTRLEN];
    struct curl_slist *list = NULL;
    struct bytes line;
    const struct fetch_address *at;

    bytes_init(&line, 4096);
    bytes_printf(&line, "+%s:%u:", job->url.host, (unsigned)job->url.port);
    for (size_t i = 0; i < job->addresses.count; i++) {
        at = &job->addresses.at[i];
        if (inet_ntop(at->family == URL_V6 ? AF_INET6 : AF_INET, at->byte, text, sizeof(text)))
            bytes_printf(&line, at->family == URL_V6 ? "%s[%s]" : "%s%s", i ? "," : "", text);
    }
    bytes_u8(&line, 0);
    if (bytes_check(&line, NULL) == SH_OK)
        list = curl_slist_append(NULL, (const char *)line.ptr);
    bytes_release(&line);
    return list;
}

bool fetch_curl_set(struct fetch *fetch, struct fetch_job *job, CURL *easy)
{
    bool bad = false;

    if (job->url.host_kind == URL_NAME) {
        job->resolve = resolve_list(job);
        bad = !job->resolve || curl_easy_setopt(easy, CURLOPT_RESOLVE, job->resolve);
    }
    bad = bad || curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    bad = bad || curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetch_left_ms(job));
    bad = bad || curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, socket_open);
    bad = bad || curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, job);
    bad = bad || curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT,
                                  (long)(LIMIT_FETCH_DEADLINE_MS / 1000 + 60));
    bad = bad || curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad = bad || curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    bad = bad || curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad = bad || curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad = bad || curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad = bad || curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    bad = bad || curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    bad = bad || curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, roots_set);
    bad = bad || curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, fetch);
    return !bad;
}

enum fetcher_outcome fetch_curl_outcome(const struct fetch *fetch, CURLcode code,
                                        const char **text)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        *text = "no answer in time";
        return FETCHER_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        *text = "no connection could be made";
        return FETCHER_UNREACHABLE;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        *text = "the connection was broken off";
        return FETCHER_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        *text = fetch->has_roots
                    ? "the server's certificate is not for this name, not in date, or not "
                      "signed by an authority that is trusted here"
                    : "no certificate authority is trusted here: install ca-certificates";
        return FETCHER_TLS;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        *text = "the encrypted connection (TLS) could not be made";
        return FETCHER_TLS;
    case CURLE_USE_SSL_FAILED:
        *text = "the mail server offers no encryption (STARTTLS)";
        return FETCHER_TLS;
    case CURLE_LOGIN_DENIED:
        *text = "the mail server offers no way to sign in that is known here (PLAIN, LOGIN)";
        return FETCHER_BROKEN;
    case CURLE_OUT_OF_MEMORY:
        *text = "memory ran out";
        return FETCHER_BROKEN;
    default:
        *text = "what the server sent breaks the protocol";
        return FETCHER_BROKEN;
    }
}

int fetch_roots(const char *trust_file, X509_STORE **out, bool *has_system, struct why *why)
{
    const char *system = curl_version_info(CURLVERSION_NOW)->cainfo;
    X509_STORE *store = X509_STORE_new();

    if (!store || X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        X509_STORE_free(store);
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "fetch: no memory for certificates");
    }
    *has_system = (system && X509_STORE_load_file(store, system) == 1) || trust_file;
    if (trust_file && X509_STORE_load_file(store, trust_file) != 1) {
        X509_STORE_free(store);
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "%s: certificates (PEM) cannot be read from it", trust_file);
    }
    ERR_clear_error(); /* A store that is missing left its cause there. */
    *out = store;
    return SH_OK;
}
