/* The answer of the caged checker of a channel: a verdict, and values in their ranges. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "role/role_int.h"

static void look(const struct role_known *known)
{
    const struct role_named *named = known->named;
    const struct role_gone *gone = known->gone;

    if (known->count > LIMIT_CREDIT_NAMED || known->authorities > LIMIT_IDENTITY_KEYS ||
        known->gone_count > LIMIT_CREDIT_GONE || known->gone_count > known->gone_total ||
        (known->authorities > 0) != (known->pem.len > 0))
        abort();
    for (; named < known->named + known->count; named++)
        if (named->index >= LIMIT_LOG_SIZE ||
            (named->by != ENTRY_NO_REF && named->by >= LIMIT_LOG_SIZE) ||
            (named->by == ENTRY_NO_REF && named->until) ||
            strnlen(named->path, sizeof(named->path)) == sizeof(named->path) ||
            text_check(slice_text(named->path), TEXT_LINE, TREE_PATH_BYTES, "path", NULL) !=
                SH_OK)
            abort();
    for (; gone < known->gone + known->gone_count; gone++)
        if (gone->index >= LIMIT_LOG_SIZE || gone->by >= LIMIT_LOG_SIZE)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Too large for the stack of a small machine. */
    static struct verify_report report;
    static struct role_known known;
    struct why why = {0};
    int rc;

    rc = role_known_parse(slice_of(data, size), &report, &known, &why);
    if (rc < 0 && ((int)why.code != rc || !why.text[0]))
        abort();
    if (rc == 0)
        look(&known);
    bytes_release(&known.pem);
    return 0;
}
