/* The answer of the caged looker: a verdict, and every value of it may be shown. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "role/role_int.h"

static void is_shown_safely(const char *text, size_t room)
{
    size_t len = strnlen(text, room);

    if (len == room ||
        (len && text_check(slice_of(text, len), TEXT_LINE, room, "value", NULL) != SH_OK))
        abort();
}

static void look(const struct role_inspection *what)
{
    const struct bmff_leak *leak = what->leaks.leak;

    if (what->leaks.kind >= BMFF_KINDS || what->leaks.count > LIMIT_LEAKS ||
        what->still >> BMFF_LEAK_KINDS || !bmff_kind_name(what->leaks.kind))
        abort();
    for (; leak < what->leaks.leak + what->leaks.count; leak++) {
        is_shown_safely(leak->where, sizeof(leak->where));
        is_shown_safely(leak->text, sizeof(leak->text));
        if (leak->kind >= BMFF_LEAK_KINDS || !leak->where[0] ||
            labs(leak->lat_e7) > 900000000 || labs(leak->lon_e7) > 1800000000 ||
            leak->has_position != (leak->radius_m > 0))
            abort();
    }
    if (what->plan_rc == SH_OK)
        return;
    is_shown_safely(what->refusal.text, sizeof(what->refusal.text));
    if ((int)what->refusal.code != what->plan_rc || !what->refusal.text[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct role_inspection what; /* Too large for the stack of a small machine. */
    struct why why = {0};
    int rc = role_inspection_parse(slice_of(data, size), &what, &why);

    if (rc < 0 && ((int)why.code != rc || !why.text[0]))
        abort();
    if (rc == 0)
        look(&what);
    return 0;
}
