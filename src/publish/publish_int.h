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

struct publish_loader {
    struct channel *channel;
    struct arena *arena;
    struct why *why;
};
/*
 * The document of an entry into out->raw and out->doc; *there is false when it is missing or
 * not its own.  Only failures of disk and memory are errors.
 */
MUST_CHECK int publish_document(struct publish_loader *loader,
                                const struct channel_entry *entry, struct publish_item *out,
                                bool *there);

/* When a sealed dispatch was opened, by its open entry; ENTRY_NO_REF leaves *published. */
MUST_CHECK int publish_opened(struct publish_loader *loader, uint64_t opened_by,
                              uint64_t *published);

/*
 * Dispatch number ordinal (0 = the first), item.previous left out.  A document that is not
 * there, or whose bytes are not those of its entry, gives PAGES_MISSING; failures of disk and
 * memory are errors.  Unload it after success and after failure, the arena after that.
 */
MUST_CHECK int publish_load(struct channel *channel, uint64_t ordinal, struct arena *arena,
                            struct publish_item *out, struct why *why);
void publish_unload(struct publish_item *item);

/* feed.atom, feed.json, rss.xml of the newest LIMIT_FEED dispatches; lang is the channel's. */
MUST_CHECK int publish_feeds(struct channel *channel, const struct pages_site *site,
                             enum lang lang, uint64_t mtime_s, struct why *why);

/* now points into the rest: it must not move in memory. */
struct publish_now {
    struct pages_now now;
    struct publish_item word, promise, newest;
    struct channel_settings settings;
};
/* What the family's page says; arena takes three documents.  Unload it as above. */
MUST_CHECK int publish_load_now(struct channel *channel, struct arena *arena,
                                struct publish_now *out, struct why *why);
void publish_unload_now(struct publish_now *now);

#endif
