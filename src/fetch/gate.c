/*
 * The address gate (safety.md 2.6): one strict parser, one lookup, every address checked, and
 * connections to exactly those.  Redirects come through here again.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "fetch/fetch_int.h"

static bool is_allowed(const struct fetch *fetch, const struct url *url)
{
    const struct fetcher_options *options = &fetch->options.options;

    for (size_t i = 0; i < options->allowed_count; i++)
        if (strcmp(options->allowed[i].host, url->host) == 0 &&
            (!options->allowed[i].port || options->allowed[i].port == url->port))
            return true;
    return false;
}

/*
 * A redirect must not make us speak to what else a host runs (mail, names, shells): the web has
 * its two ports among the privileged ones.
 */
static bool is_web_port(const struct fetch *fetch, const struct url *url)
{
    return url->scheme >= URL_SMTP || url->port == 80 || url->port == 443 ||
           url->port >= IPPORT_RESERVED || is_allowed(fetch, url);
}

/* Every address, or none: one that is not public shows that the name is not to be followed. */
static bool all_public(const struct fetch *fetch, struct fetch_job *job, const char **why_not)
{
    if (is_allowed(fetch, &job->url))
        return true;
    for (size_t i = 0; i < job->addresses.count; i++)
        if (!url_address_is_public((enum url_family)job->addresses.at[i].family,
                                   job->addresses.at[i].byte, why_not))
            return false;
    return true;
}

void fetch_gate_resolved(struct fetch *fetch, struct fetch_job *job,
                         const struct fetch_addresses *addresses)
{
    char text[240];
    const char *why_not = NULL;

    job->addresses = *addresses;
    if (!addresses->count) {
        fetch_job_fail(fetch, job, FETCHER_UNREACHABLE, "the name has no address, or too many");
        return;
    }
    if (!all_public(fetch, job, &why_not)) {
        fetch_names_forget(fetch->names, job->url.host);
        (void)snprintf(text, sizeof(text),
                       "the address is not public: %s; --allow-host allows it", why_not);
        fetch_job_fail(fetch, job, FETCHER_REFUSED, text);
        return;
    }
    if (job->asked.request.method == FETCHER_GET)
        fetch_http_begin(fetch, job);
    else
        fetch_child_begin(fetch, job);
}

void fetch_gate_enter(struct fetch *fetch, struct fetch_job *job)
{
    bool is_mail = job->asked.request.method == FETCHER_MAIL;
    struct fetch_addresses literal = {.count = 1};
    const struct fetch_addresses *known;

    if (is_mail != (job->url.scheme >= URL_SMTP)) {
        fetch_job_fail(fetch, job, FETCHER_REFUSED,
                       is_mail ? "mail goes to smtp or smtps addresses only"
                               : "only http and https are fetched");
        return;
    }
    if (!is_web_port(fetch, &job->url)) {
        fetch_job_fail(fetch, job, FETCHER_REFUSED,
                       "the port is not one of the web; --allow-host allows it");
        return;
    }
    if (job->url.host_kind != URL_NAME) {
        literal.at[0].family = job->url.host_kind == URL_IPV6 ? URL_V6 : URL_V4;
        memcpy(literal.at[0].byte, job->url.address, sizeof(literal.at[0].byte));
        fetch_gate_resolved(fetch, job, &literal);
        return;
    }
    /* Tests change what names mean between one request and the next. */
    known = fetch->options.options.resolver
                ? NULL
                : fetch_names_find(fetch->names, job->url.host, fetch_now_ms());
    if (known) {
        fetch_gate_resolved(fetch, job, known);
        return;
    }
    job->state = FETCH_LOOKUP;
    job->ticket = ++fetch->tickets;
    if (!fetch_lookup_ask(fetch->lookup_fd, job->ticket, fetch_left_ms(job), job->url.host))
        fetch_job_fail(fetch, job, FETCHER_UNREACHABLE, "names cannot be looked up");
}
