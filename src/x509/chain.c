/*
 * Paths: RFC 5280 6.1, without policies (none is asked for) and without constraints of names
 * (an authority that has them is not followed).  Names are compared byte by byte: 7.1 would
 * also take other cases and string types for the same, which nobody needs and which has led
 * astray.
 */
#include "x509/x509_int.h"

#include <string.h>

/* One certificate of the path being tried: where its search for an issuer stands. */
struct step {
    const struct x509_cert *cert;
    const struct x509_anchor *anchor; /* to be tried next */
    size_t more;                      /* index to be tried next */
    unsigned self_issued;             /* authorities from here down to the leaf that are */
};

struct search {
    const struct x509_question *question;
    struct x509_answer *answer;
    struct step path[LIMIT_X509_PATH];
    unsigned depth;  /* certificates in path */
    unsigned checks; /* signatures tried */
    unsigned told;   /* depth of the cause, 0: none yet */
    struct why cause;
};

/* Remember the cause that lies farthest from the leaf, of these the first. */
static bool refuse(struct search *search, const struct x509_cert *cert, const char *what)
{
    struct bytes name;

    if (search->told >= search->depth)
        return false;
    search->told = search->depth;
    search->cause = (struct why){0};
    bytes_init(&name, 4 * (size_t)LIMIT_X509_NAME_TEXT);
    x509_name_text(cert->subject, &name);
    if (name.failed)
        bytes_clear(&name);
    (void)why_set(&search->cause, SH_EFORMAT, WHY_NOWHERE, "certificate of %.*s: %s",
                  (int)(name.len < 200 ? name.len : 200),
                  name.len ? (const char *)name.ptr : "", what);
    bytes_release(&name);
    return false;
}

static bool in_time(struct search *search, const struct x509_cert *cert)
{
    if (search->question->at < cert->not_before)
        return refuse(search, cert, "not valid yet at that moment (RFC 5280 6.1.3)");
    if (search->question->at > cert->not_after)
        return refuse(search, cert, "no longer valid at that moment (RFC 5280 6.1.3)");
    return true;
}

/* What holds of every authority (6.1.4 k-o and C2PA 2.2 14.5.1.1). */
static bool is_authority(struct search *search, const struct x509_cert *cert)
{
    const struct step *below = &search->path[search->depth - 1];
    unsigned counted = search->depth - 1 - below->self_issued;

    if (cert->version != 3)
        return refuse(search, cert, "an authority needs version 3 (RFC 5280 6.1.4 k)");
    if (!cert->ca)
        return refuse(search, cert, "it is no authority: CA:TRUE is missing (6.1.4 k)");
    if (cert->has_key_usage && !(cert->key_usage & X509_KEY_CERT_SIGN))
        return refuse(search, cert, "its key may not sign certificates (6.1.4 n)");
    if (cert->path_len >= 0 && counted > (unsigned)cert->path_len)
        return refuse(search, cert, "more authorities below it than it allows (6.1.4 l)");
    if (cert->unknown_critical)
        return refuse(search, cert, "a critical extension that is not known (6.1.4 o)");
    if (cert->has_constraints)
        return refuse(search, cert,
                      "it has constraints of names or policies, which are not followed");
    if (x509_key_check(cert, NULL) < 0)
        return refuse(search, cert,
                      "its key is of another kind or shorter than C2PA 2.2 "
                      "14.5.1.1 allows");
    return in_time(search, cert);
}

/* Did candidate issue the last certificate of the path?  Names first: they cost nothing. */
static bool is_issuer(struct search *search, const struct x509_cert *candidate)
{
    const struct x509_cert *cert = search->path[search->depth - 1].cert;

    if (!x509_names_issuer(cert, candidate))
        return false;
    if (search->checks == LIMIT_X509_CHECKS)
        return refuse(search, cert, "too many certificates of the same name to try");
    search->checks++;
    if (!x509_signed_by(cert, candidate))
        return refuse(search, candidate, "it names the key, but that key did not sign it");
    if (search->depth == 1 && search->answer && !search->answer->issuer)
        search->answer->issuer = candidate;
    return is_authority(search, candidate);
}

static bool is_in_path(const struct search *search, const struct x509_cert *cert)
{
    for (unsigned i = 0; i < search->depth; i++)
        if (x509_same(search->path[i].cert, cert))
            return true;
    return false;
}

static bool is_trusted_now(struct search *search, const struct x509_anchor *anchor)
{
    uint64_t at = search->question->at;

    if (at < anchor->not_before || at > anchor->not_after)
        return refuse(search, &anchor->cert,
                      "the list of anchors trusts it at other times only (C2PA 2.4)");
    return true;
}

static bool ends_at(struct search *search, const struct x509_anchor *anchor)
{
    return !is_in_path(search, &anchor->cert) && is_issuer(search, &anchor->cert) &&
           is_trusted_now(search, anchor);
}

/* The anchor that ends the path here, or NULL; each is tried once. */
static const struct x509_anchor *try_anchors(struct search *search, struct step *step)
{
    while (step->anchor) {
        const struct x509_anchor *anchor = step->anchor;

        step->anchor = anchor->next;
        if (ends_at(search, anchor))
            return anchor;
    }
    return NULL;
}

/* One authority further up, when one of those that came with the leaf fits. */
static bool climb(struct search *search, struct step *step)
{
    const struct x509_question *question = search->question;

    if (search->depth + 1 >= LIMIT_X509_PATH) {
        step->more = question->more_count;
        return refuse(search, step->cert, "the way to an anchor is too long");
    }
    while (step->more < question->more_count) {
        const struct x509_cert *candidate = &question->more[step->more++];
        unsigned self = slice_equal(candidate->issuer, candidate->subject) ? 1 : 0;

        if (is_in_path(search, candidate) || !is_issuer(search, candidate))
            continue;
        search->path[search->depth++] =
            (struct step){candidate, question->anchors, 0, step->self_issued + self};
        return true;
    }
    return false;
}

static const struct x509_anchor *find_path(struct search *search)
{
    while (search->depth) {
        struct step *step = &search->path[search->depth - 1];
        const struct x509_anchor *anchor = try_anchors(search, step);

        if (anchor)
            return anchor;
        if (climb(search, step))
            continue;
        (void)refuse(search, step->cert,
                     "who issued it is neither an anchor nor among what came with it");
        search->depth--;
    }
    return NULL;
}

static const char *leaf_fault(const struct x509_cert *leaf)
{
    if (leaf->ca)
        return "it is an authority's, which may sign certificates only (C2PA 2.2 14.5.1.2)";
    if (leaf->unknown_critical || leaf->has_constraints)
        return "a critical extension that is not known (RFC 5280 6.1.5 f)";
    return NULL;
}

enum x509_verdict x509_chain(const struct x509_question *question, struct x509_answer *out,
                             struct why *why)
{
    struct search search = {.question = question, .answer = out, .depth = 1};
    const struct x509_anchor *anchor = NULL;
    const char *fault = leaf_fault(question->leaf);

    if (out)
        *out = (struct x509_answer){0};
    search.path[0] = (struct step){question->leaf, question->anchors, 0, 0};
    /* The way is looked for in any case: OCSP needs the issuer of a leaf that has expired. */
    if (fault)
        (void)refuse(&search, question->leaf, fault);
    else if (!in_time(&search, question->leaf))
        fault = "time";
    if (fault)
        search.told = LIMIT_X509_PATH; /* no cause farther up matters more */
    anchor = find_path(&search);
    if (out)
        out->checks = search.checks;
    if (anchor && !fault) {
        if (out) {
            out->anchor = anchor;
            out->certs = search.depth + 1;
            for (unsigned i = 0; i < search.depth; i++)
                out->path[i] = search.path[i].cert;
        }
        return X509_TRUSTED;
    }
    if (why && why->code == SH_OK)
        *why = search.cause;
    return X509_UNTRUSTED;
}
