/*
 * What a reader trusts: PEM of anchors, lists of signers and of uses.  What is taken is counted
 * in its list; what is refused has a cause.
 */
#include <stdint.h>
#include <stdlib.h>

#include "x509/x509.h"

static unsigned length(const struct x509_trust *trust)
{
    unsigned count = 0;

    for (const struct x509_anchor *a = trust->anchors; a; a = a->next)
        count++;
    for (const struct x509_anchor *a = trust->tsa; a; a = a->next)
        count++;
    for (const struct x509_leaf *l = trust->allowed; l; l = l->next)
        count++;
    for (const struct x509_eku *e = trust->ekus; e; e = e->next)
        count++;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const adds[])(struct x509_trust *, struct slice, struct why *) = {
        x509_trust_anchors, x509_trust_tsa, x509_trust_allowed, x509_trust_ekus};
    struct slice input = slice_of(data, size);
    struct x509_cert *certs = NULL;
    size_t count = 0;
    struct arena arena;
    struct why why = {0};

    arena_init(&arena, 32u << 20);
    for (size_t i = 0; i < COUNT_OF(adds); i++) {
        struct x509_trust trust;
        int rc;

        why = (struct why){0};
        if (x509_trust_init(&trust, &arena, NULL) < 0 || trust.count != length(&trust))
            abort();
        rc = adds[i](&trust, input, &why);
        if ((rc < 0) != (why.text[0] != 0) || (rc == SH_OK && trust.count != length(&trust)))
            abort();
    }
    why = (struct why){0};
    if (x509_pem(input, &arena, &certs, &count, &why) < 0) {
        if (certs || !why.text[0])
            abort();
    } else if (!count || !certs[count - 1].raw.len) {
        abort();
    }
    arena_release(&arena);
    return 0;
}
