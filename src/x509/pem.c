/* PEM: RFC 7468, with any line ends and text around the blocks. */
#include "x509/x509_int.h"

#include <string.h>

static int bad(struct why *why, const char *what)
{
    return why_set(why, SH_EFORMAT, WHY_NOWHERE, "PEM: %s", what);
}

/* The line that starts at *at, without its end and blanks behind; *at moves to the next one. */
static struct slice take_line(struct slice text, size_t *at)
{
    size_t end = slice_find(text, *at, '\n');
    struct slice line = slice_sub(text, *at, end - *at);

    *at = end < text.len ? end + 1 : end;
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' ' ||
                        line.ptr[line.len - 1] == '\t'))
        line.len--;
    return line;
}

/* "-----BEGIN label-----" or "-----END label-----": its label. */
static bool is_mark(struct slice line, const char *start, struct slice *label)
{
    size_t head = strlen(start);

    if (!slice_starts(line, start) || line.len < head + 6 ||
        memcmp(line.ptr + line.len - 5, "-----", 5) != 0)
        return false;
    *label = slice_sub(line, head, line.len - head - 5);
    return true;
}

/* The lines of base64 up to the end mark, as DER. */
static int read_block(struct slice text, size_t *at, struct slice label, struct bytes *der,
                      struct why *why)
{
    struct slice end;
    struct bytes base64;
    int rc = SH_OK;

    bytes_init(&base64, 2 * (size_t)LIMIT_X509_BYTES);
    for (;;) {
        struct slice line;

        if (*at == text.len) {
            rc = bad(why, "a block without its end (RFC 7468 2)");
            goto out;
        }
        line = take_line(text, at);
        if (is_mark(line, "-----END ", &end))
            break;
        bytes_slice(&base64, line);
    }
    rc = bytes_check(&base64, why);
    if (rc == SH_OK && !slice_equal(end, label))
        rc = bad(why, "a block that begins with one name and ends with another (RFC 7468 2)");
    if (rc == SH_OK && (!base64.len || !base64_parse(der, bytes_view(&base64), BASE64_PADDED)))
        rc = bad(why, "a block that is not base64 (RFC 7468 2)");
    if (rc == SH_OK)
        rc = bytes_check(der, why);
out:
    wipe(base64.ptr, base64.len); /* it may be somebody's key */
    bytes_release(&base64);
    return rc;
}

int x509_pem_next(struct slice *text, struct slice *before, struct slice *label,
                  struct bytes *der, struct why *why)
{
    size_t at = 0;
    int rc;

    while (at < text->len) {
        size_t start = at;
        struct slice line = take_line(*text, &at);

        if (!is_mark(line, "-----BEGIN ", label))
            continue;
        *before = slice_sub(*text, 0, start);
        rc = read_block(*text, &at, *label, der, why);
        if (rc < 0)
            return rc;
        *text = slice_sub(*text, at, text->len - at);
        return 1;
    }
    *before = *text;
    *text = slice_sub(*text, text->len, 0);
    return 0;
}

int x509_pem_block(struct slice text, const char *label, struct bytes *out, struct why *why)
{
    size_t at = 0;
    struct slice found;

    while (at < text.len)
        if (is_mark(take_line(text, &at), "-----BEGIN ", &found) &&
            slice_equal(found, slice_text(label)))
            return read_block(text, &at, found, out, why);
    return why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "PEM: no block \"%s\"", label);
}

/* A chain that is built while the count is not known. */
struct node {
    struct node *next;
    struct x509_cert cert;
};

static int take_cert(struct slice label, struct slice der, struct arena *arena,
                     struct node **out, struct why *why)
{
    struct node *node;
    uint8_t *kept;

    if (!slice_equal(label, slice_text("CERTIFICATE")))
        return bad(why, "a block that is no certificate; take private keys and others out");
    node = arena_take(arena, sizeof *node);
    kept = arena_take(arena, der.len);
    if (!node || !kept)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "PEM: no room for the certificates");
    memcpy(kept, der.ptr, der.len);
    *out = node;
    return x509_parse(slice_of(kept, der.len), &node->cert, why);
}

static int to_array(const struct node *first, size_t count, struct arena *arena,
                    struct x509_cert **out)
{
    struct x509_cert *list = arena_take(arena, count * sizeof *list);
    size_t i = 0;

    if (!list)
        return SH_ENOMEM;
    for (; first; first = first->next)
        list[i++] = first->cert;
    *out = list;
    return SH_OK;
}

int x509_pem(struct slice text, struct arena *arena, struct x509_cert **out, size_t *count,
             struct why *why)
{
    struct node *first = NULL;
    struct node **last = &first;
    struct slice before, label;
    struct bytes der;
    size_t found = 0;
    int rc;

    bytes_init(&der, LIMIT_X509_BYTES);
    while ((rc = x509_pem_next(&text, &before, &label, &der, why)) > 0) {
        if (++found > LIMIT_X509_LIST) {
            rc = why_set(why, SH_ELIMIT, WHY_NOWHERE, "PEM: more than %d certificates",
                         LIMIT_X509_LIST);
            goto out;
        }
        rc = take_cert(label, bytes_view(&der), arena, last, why);
        if (rc < 0)
            goto out;
        last = &(*last)->next;
        wipe(der.ptr, der.len);
        bytes_clear(&der);
    }
    if (rc == SH_OK && !found)
        rc = why_set(why, SH_ENOTFOUND, WHY_NOWHERE, "PEM: no certificate in it");
    if (rc == SH_OK && to_array(first, found, arena, out) < 0)
        rc = why_set(why, SH_ENOMEM, WHY_NOWHERE, "PEM: no room for the certificates");
    if (rc == SH_OK)
        *count = found;
out:
    wipe(der.ptr, der.len);
    bytes_release(&der);
    return rc;
}
