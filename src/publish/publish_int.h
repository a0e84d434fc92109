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

/* When the document of entry index says that it was published; 0: it is not here. */
MUST_CHECK int publish_time(struct channel *channel, uint64_t index, uint64_t *at,
                            struct why *why);
/* The time of the last entry before index that has one and is not disputed; 0: none has. */
MUST_CHECK int publish_dated_before(struct channel *channel, uint64_t index, uint64_t *at,
                                    struct why *why);

/*
 * Dispatch number ordinal (0 = the first) as lists show it: in its newest version that is not
 * disputed; item.previous left out.  A document that is not there, or whose bytes are not those
 * of its entry, gives PAGES_MISSING; failures of disk and memory are errors.  Unload it after
 * success and after failure, the arena after that.
 */
MUST_CHECK int publish_load(struct channel *channel, uint64_t ordinal, struct arena *arena,
                            struct publish_item *out, struct why *why);
/* The version that entry index, a dispatch or a correction, holds, as its own page shows it. */
MUST_CHECK int publish_load_page(struct channel *channel, uint64_t index, struct arena *arena,
                                 struct publish_item *out, struct why *why);
/* Of what was sealed: since when the log shows that it existed. */
MUST_CHECK int publish_seal(struct publish_loader *loader, struct pages_item *item);
/* Is it here, and its owner's word? */
bool publish_counts(const struct pages_item *item);
/* The newest dispatch before number end that counts.  out is unloaded first. */
MUST_CHECK int publish_load_older(struct publish_loader *loader, uint64_t end,
                                  struct publish_item *out, bool *there);
void publish_unload(struct publish_item *item);

/* Who signs the log; keys points into list. */
struct publish_keys {
    struct pages_keys keys;
    struct pages_key list[LIMIT_IDENTITY_KEYS];
};
MUST_CHECK int publish_load_keys(struct channel *channel, struct publish_keys *out,
                                 struct why *why);

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
