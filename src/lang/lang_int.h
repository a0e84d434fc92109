/* lang, inside: the tables that tools/strings makes from strings.def and po/. */
#ifndef LANG_LANG_INT_H
#define LANG_LANG_INT_H

#include "lang/lang.h"

struct lang_table {
    const char *const *text;
    const char *const (*plural)[3];
};
extern const struct lang_table lang_tables[LANG_COUNT];

#endif
