/* Errors that carry their first cause, and the stop for our own mistakes. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

int why_set(struct why *why, enum sh_err code, uint64_t offset, const char *fmt, ...)
{
    va_list args;

    if (!why || why->code != SH_OK)
        return code;
    why->code = code;
    why->offset = offset;
    va_start(args, fmt);
    (void)vsnprintf(why->text, sizeof(why->text), fmt, args); /* A cut message is still one. */
    va_end(args);
    return code;
}

int why_name(struct why *why, int code, const char *name)
{
    char text[sizeof(why->text)];
    size_t len = strlen(name);

    if (!why || why->code == SH_OK)
        return code;
    if (strncmp(why->text, name, len) == 0 && why->text[len] == ':')
        return code; /* Whoever opened it named it already. */
    memcpy(text, why->text, sizeof(text));
    (void)snprintf(why->text, sizeof(why->text), "%.120s: %.350s", name, text);
    return code;
}

_Noreturn void bug(const char *what)
{
#ifndef __wasm__
    (void)fputs("stillhere: this is a mistake of the program, not yours: ", stderr);
    (void)fputs(what, stderr);
    (void)fputs("\n", stderr);
#else
    (void)what;
#endif
    __builtin_trap();
}
