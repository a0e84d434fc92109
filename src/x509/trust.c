/* What the reader trusts: C2PA 2.2 14.4, 2.4 for the times of an anchor. */
#include "x509/x509.h"

#include <string.h>

#include "x509/x509_int.h"

static int full(struct why *why)
{
    return why_set(why, SH_ENOMEM, WHY_NOWHERE, "trust: no room for the list");
}

static int count_one(struct x509_trust *trust, struct why *why)
{
    if (trust->count == LIMIT_X509_LIST)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "trust: more than %d entries",
                       LIMIT_X509_LIST);
    trust->count++;
    return SH_OK;
}

static struct slice keep(struct arena *arena, struct slice bytes)
{
    uint8_t *kept = arena_take(arena, bytes.len ? bytes.len : 1);

    if (!kept)
        return slice_of(NULL, 0);
    if (bytes.len)
        memcpy(kept, bytes.ptr, bytes.len);
    return slice_of(kept, bytes.len);
}

/* ---- lines ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trim(struct slice line)
{
    while (line.len && is_blank(line.ptr[0]))
        line = slice_sub(line, 1, line.len - 1);
    while (line.len && is_blank(line.ptr[line.len - 1]))
        line.len--;
    return line;
}

/* The next line of *text, trimmed; false at the end. */
static bool next_line(struct slice *text, struct slice *line)
{
    size_t end = slice_find(*text, 0, '\n');

    if (!text->len)
        return false;
    *line = trim(slice_sub(*text, 0, end));
    end += end < text->len;
    *text = slice_sub(*text, end, text->len - end);
    return true;
}

static bool is_comment(struct slice line)
{
    return !line.len || slice_starts(line, "#") || slice_starts(line, ";") ||
           slice_starts(line, "//");
}

/* ---- anchors ---- */

/* "2025-01-01T00:00:00Z", by way of a GeneralizedTime. */
static bool parse_moment(struct slice text, uint64_t *out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    uint8_t der[17] = {DER_GENERALIZED_TIME, 15};
    struct slice rest = slice_of(der, sizeof der);
    size_t at = 2;

    if (text.len != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (shape[i] == 'd')
            der[at++] = text.ptr[i];
        else if (text.ptr[i] != (uint8_t)shape[i])
            return false;
    der[at] = 'Z';
    return der_time(&rest, out, NULL) == SH_OK;
}

static int read_bound(struct slice line, const char *name, uint64_t *out, struct why *why)
{
    if (!slice_starts(line, name))
        return SH_OK;
    line = trim(slice_sub(line, strlen(name), line.len - strlen(name)));
    if (parse_moment(line, out))
        return SH_OK;
    return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                   "trust: \"%s\" needs a moment as in 2025-01-01T00:00:00Z", name);
}

static int read_bounds(struct slice before, struct x509_anchor *anchor, struct why *why)
{
    struct slice line;
    int rc = SH_OK;

    while (rc == SH_OK && next_line(&before, &line)) {
        while (slice_starts(line, "#") || slice_starts(line, ";"))
            line = trim(slice_sub(line, 1, line.len - 1));
        rc = read_bound(line, "notBefore:", &anchor->not_before, why);
        if (rc == SH_OK)
            rc = read_bound(line, "notAfter:", &anchor->not_after, why);
    }
    return rc;
}

static int add_anchor(struct x509_trust *trust, struct x509_anchor ***last, struct slice before,
                      struct slice der, struct why *why)
{
    struct x509_anchor *anchor = arena_take(trust->arena, sizeof *anchor);
    struct slice kept = keep(trust->arena, der);
    int rc = count_one(trust, why);

    if (rc < 0)
        return rc;
    if (!anchor || !kept.ptr)
        return full(why);
    anchor->not_after = UINT64_MAX;
    rc = x509_parse(kept, &anchor->cert, why);
    if (rc == SH_OK)
        rc = read_bounds(before, anchor, why);
    if (rc < 0)
        return rc;
    **last = anchor;
    *last = &anchor->next;
    return SH_OK;
}

static int add_anchors(struct x509_trust *trust, struct x509_anchor **list, struct slice text,
                       struct why *why)
{
    struct slice before, label;
    struct bytes der;
    bool any = false;
    int rc;

    bytes_init(&der, LIMIT_X509_BYTES);
    while (*list)
        list = &(*list)->next;
    while ((rc = x509_pem_next(&text, &before, &label, &der, why)) > 0) {
        rc = SH_OK;
        if (!slice_equal(label, slice_text("CERTIFICATE")))
            rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                         "anchors: a block that is no certificate; take private keys and "
                         "others out");
        if (rc == SH_OK)
            rc = add_anchor(trust, &list, before, bytes_view(&der), why);
        wipe(der.ptr, der.len);
        if (rc < 0)
            break;
        any = true;
        bytes_clear(&der);
    }
    if (rc == SH_OK && !any)
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "anchors: no certificate in PEM in it");
    bytes_release(&der);
    return rc;
}

int x509_trust_anchors(struct x509_trust *trust, struct slice pem, struct why *why)
{
    return add_anchors(trust, &trust->anchors, pem, why);
}

int x509_trust_tsa(struct x509_trust *trust, struct slice pem, struct why *why)
{
    return add_anchors(trust, &trust->tsa, pem, why);
}

/* ---- allowed leaves ---- */

static int add_leaf(struct x509_trust *trust, const uint8_t sha256[CRYPT_DIGEST_BYTES],
                    struct why *why)
{
    struct x509_leaf *leaf = arena_take(trust->arena, sizeof *leaf);
    int rc = count_one(trust, why);

    if (rc < 0)
        return rc;
    if (!leaf)
        return full(why);
    memcpy(leaf->sha256, sha256, CRYPT_DIGEST_BYTES);
    leaf->next = trust->allowed;
    trust->allowed = leaf;
    return SH_OK;
}

static bool parse_hash(struct slice line, uint8_t out[CRYPT_DIGEST_BYTES])
{
    struct bytes decoded;
    bool good;

    if (line.len == 2 * CRYPT_DIGEST_BYTES)
        return hex_parse(line, out, CRYPT_DIGEST_BYTES);
    bytes_init(&decoded, CRYPT_DIGEST_BYTES + 1);
    good = line.len == 44 && base64_parse(&decoded, line, BASE64_PADDED) && !decoded.failed &&
           decoded.len == CRYPT_DIGEST_BYTES;
    if (good)
        memcpy(out, decoded.ptr, CRYPT_DIGEST_BYTES);
    bytes_release(&decoded);
    return good;
}

static int add_hashes(struct x509_trust *trust, struct slice text, struct why *why)
{
    uint8_t sha256[CRYPT_DIGEST_BYTES];
    struct slice line;
    int rc = SH_OK;

    while (rc == SH_OK && next_line(&text, &line)) {
        if (is_comment(line))
            continue;
        if (!parse_hash(line, sha256))
            return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                           "allowed signers: a line that is neither a certificate in PEM nor "
                           "the SHA-256 of one in base64 or hex");
        rc = add_leaf(trust, sha256, why);
    }
    return rc;
}

static int add_leaf_cert(struct x509_trust *trust, struct slice label, struct slice der,
                         struct why *why)
{
    uint8_t sha256[CRYPT_DIGEST_BYTES];
    struct x509_cert cert;
    int rc;

    if (!slice_equal(label, slice_text("CERTIFICATE")))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "allowed signers: a block that is no certificate; take private keys and "
                       "others out");
    rc = x509_parse(der, &cert, why);
    if (rc < 0)
        return rc;
    x509_sha256(&cert, sha256);
    return add_leaf(trust, sha256, why);
}

int x509_trust_allowed(struct x509_trust *trust, struct slice text, struct why *why)
{
    unsigned had = trust->count;
    struct slice before, label;
    struct bytes der;
    int rc;

    bytes_init(&der, LIMIT_X509_BYTES);
    do {
        int more = x509_pem_next(&text, &before, &label, &der, why);

        rc = more < 0 ? more : add_hashes(trust, before, why);
        if (rc == SH_OK && more)
            rc = add_leaf_cert(trust, label, bytes_view(&der), why);
        wipe(der.ptr, der.len);
        bytes_clear(&der);
        if (!more)
            break;
    } while (rc == SH_OK);
    if (rc == SH_OK && trust->count == had)
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "allowed signers: nobody is in it");
    bytes_release(&der);
    return rc;
}

bool x509_trust_allows(const struct x509_trust *trust, const struct x509_cert *leaf)
{
    uint8_t sha256[CRYPT_DIGEST_BYTES];

    if (!trust->allowed || leaf->ca)
        return false;
    x509_sha256(leaf, sha256);
    for (const struct x509_leaf *l = trust->allowed; l; l = l->next)
        if (memcmp(l->sha256, sha256, sizeof sha256) == 0)
            return true;
    return false;
}

/* ---- uses ---- */

static int add_eku(struct x509_trust *trust, struct slice dotted, struct why *why)
{
    struct x509_eku *eku = arena_take(trust->arena, sizeof *eku);
    int rc = count_one(trust, why);
    struct bytes oid;

    if (rc < 0)
        return rc;
    if (!eku)
        return full(why);
    bytes_init(&oid, LIMIT_X509_NAME_TEXT);
    if (!der_oid_parse(dotted, &oid) || oid.failed)
        rc = why_set(
            why, SH_EFORMAT, WHY_NOWHERE,
            "key usages: a line that is no OID with dots, as in " X509_OID_C2PA_SIGNING);
    if (rc == SH_OK) {
        eku->oid = keep(trust->arena, bytes_view(&oid));
        if (!eku->oid.ptr)
            rc = full(why);
    }
    if (rc == SH_OK) {
        eku->next = trust->ekus;
        trust->ekus = eku;
    }
    bytes_release(&oid);
    return rc;
}

int x509_trust_ekus(struct x509_trust *trust, struct slice text, struct why *why)
{
    struct slice line;
    int rc = SH_OK;

    while (rc == SH_OK && next_line(&text, &line))
        if (!is_comment(line))
            rc = add_eku(trust, line, why);
    return rc;
}

int x509_trust_init(struct x509_trust *out, struct arena *arena, struct why *why)
{
    static const char defaults[] =
        X509_OID_C2PA_SIGNING "\n" X509_OID_EMAIL_PROTECTION "\n" X509_OID_DOCUMENT_SIGNING
                              "\n" X509_OID_MS_C2PA_SIGNING;

    *out = (struct x509_trust){.arena = arena};
    return x509_trust_ekus(out, slice_text(defaults), why);
}
