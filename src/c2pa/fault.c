/* What is wrong with one part of a store, and small things that all its readers need. */
#include <string.h>

#include "c2pa/c2pa_int.h"

void c2pa_fault_set(struct c2pa_fault *fault, enum c2pa_fault_kind kind, const char *text)
{
    if (fault->kind != C2PA_SOUND)
        return;
    fault->kind = kind;
    fault->text = text;
}

int c2pa_fault_cbor(struct c2pa_fault *fault, const struct why *said, struct arena *arena,
                    struct why *why)
{
    size_t len = strlen(said->text);
    char *text;

    if (said->code == SH_ENOMEM)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "%s", said->text);
    text = arena_take(arena, len + 1);
    if (!text)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "manifest store: out of memory");
    memcpy(text, said->text, len);
    c2pa_fault_set(fault, said->code == SH_EFORMAT ? C2PA_BAD_CBOR : C2PA_CANNOT_READ, text);
    return SH_OK;
}

struct slice c2pa_text_of(const struct cbor_value *value)
{
    return value && value->type == CBOR_TEXT ? value->string : slice_of(NULL, 0);
}

struct slice c2pa_text_at(const struct cbor_value *map, const char *name)
{
    return c2pa_text_of(cbor_member(map, name));
}

struct slice c2pa_bytes_of(const struct cbor_value *value)
{
    return value && value->type == CBOR_BYTES ? value->string : slice_of(NULL, 0);
}

bool c2pa_is_zeros(struct slice data)
{
    for (size_t i = 0; i < data.len; i++)
        if (data.ptr[i])
            return false;
    return true;
}
