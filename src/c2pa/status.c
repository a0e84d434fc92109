/* The status codes by name (C2PA 2.2 15.2.2). */
#include "c2pa/c2pa.h"

static const struct {
    const char *text;
    enum c2pa_kind kind;
} codes[C2PA_CODE_COUNT] = {
#define STATUS(name, what, code) {code, C2PA_##what},
#include "c2pa/status.def"
#undef STATUS
};

const char *c2pa_code_text(enum c2pa_code code)
{
    return (unsigned)code < C2PA_CODE_COUNT ? codes[code].text : codes[C2PA_GENERAL].text;
}

enum c2pa_kind c2pa_code_kind(enum c2pa_code code)
{
    return (unsigned)code < C2PA_CODE_COUNT ? codes[code].kind : C2PA_FAILURE;
}

enum c2pa_code c2pa_code_of(struct slice text)
{
    for (unsigned i = 0; i < C2PA_CODE_COUNT; i++)
        if (slice_equal(text, slice_text(codes[i].text)))
            return i;
    return C2PA_CODE_COUNT;
}

const char *c2pa_state_text(enum c2pa_state state)
{
    static const char *const names[] = {"none", "malformed", "invalid", "valid", "trusted"};

    return (unsigned)state < COUNT_OF(names) ? names[state] : "malformed";
}
