/* publish, inside: one dispatch with everything that its pages need. */
#ifndef PUBLISH_PUBLISH_INT_H
#define PUBLISH_PUBLISH_INT_H

#include "channel/channel.h"
#include "pages/pages.h"

extern const char publish_version[];

/* item points into the rest: a loaded dispatch must not move in memory. */
struct publish_item {
    struct pages_item item;
    struct document doc;
    struct bytes raw; /* of the document, or of the withdrawal's */
};

/*
 * Dispatch number ordinal (0 = the first), item.previous left out.  A document that is not
 * there, or whose bytes are not those of its entry, gives PAGES_MISSING; failures of disk and
 * memory are errors.  Unload it after success and after failure, the arena after that.
 */
MUST_CHECK int publish_load(struct channel *channel, uint64_t ordinal, struct arena *arena,
                            struct publish_item *out, struct why *why);
void publish_unload(struct publish_item *item);

#endif
