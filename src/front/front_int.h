/* front, inside: the page. */
#ifndef FRONT_FRONT_INT_H
#define FRONT_FRONT_INT_H

#include "front/front.h"
#include "lang/lang.h"
#include "watch/watch.h"

/* The page of an acknowledgement in one language, a whole HTML document. */
void front_page(const struct watch_ack *ack, enum lang lang, struct bytes *out);

#endif
